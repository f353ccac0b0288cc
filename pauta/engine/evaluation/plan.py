"""A scorecard compiled once: codings, tables, the order of questions, the criteria bound to their questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pauta.engine.contracts import CompositeCriterion, Method, Rule
from pauta.engine.evaluation.cells import Coding
from pauta.engine.evaluation.tables import PartSections, Tables, coverage_worth
from pauta.engine.host import Host
from pauta.engine.model.conditions import tests_of
from pauta.engine.model.scorecard import Question, Scorecard, Use
from pauta.engine.problems import Problem


@dataclass
class BoundCriterion:
    """A criterion made for one use. `made` is None where the plugin failed to make it: then `failure` says why."""

    use: Use
    question: Question
    made: Any = None
    parts: tuple[BoundCriterion, ...] = ()
    failure: str | None = None

    def walk(self) -> Iterator[BoundCriterion]:
        """The criterion and all those inside it, the inner ones first."""
        for part in self.parts:
            yield from part.walk()
        yield self


@dataclass(frozen=True)
class Plan:
    """What `evaluate` works from. Positions of questions are those in `scorecard.questions`.

    order: positions such that a question comes after those that its conditions and its criterion ask about.
    """

    scorecard: Scorecard
    codings: tuple[Coding, ...]
    order: tuple[int, ...]
    criteria: Mapping[int, BoundCriterion]
    rules: Mapping[str, Rule]
    method: Method | None
    tables: Tables
    versions: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    position: Mapping[str, int] = field(default_factory=dict)

    def vocabulary(self, question: str) -> tuple[str, ...]:
        """What the codes of a question stand for, the states first; the options only of a closed question."""
        return self.codings[self.position[question]].vocabulary

    @cached_property
    def coverage(self) -> Tables:
        """The tables of coverage: the share of weight that was looked at."""
        return Tables(self.codings, self.part(range(len(self.codings))), coverage_worth)

    @cached_property
    def parts(self) -> Mapping[tuple[str, str], tuple[int, ...]]:
        """('tags', tag) and ('aims', aim) -> the positions of the questions that carry it."""
        found: dict[tuple[str, str], list[int]] = {}
        for n, question in enumerate(self.scorecard.questions):
            keys = [("tags", tag) for tag in dict.fromkeys(question.tags)]
            for key in keys + ([("aims", question.aim)] if question.aim else []):
                found.setdefault(key, []).append(n)
        return {key: tuple(columns) for key, columns in found.items()}

    @cached_property
    def part_tables(self) -> Mapping[tuple[str, str], Tables]:
        """The tables of each tag and each aim."""
        return {key: Tables(self.codings, self.part(columns)) for key, columns in self.parts.items()}

    def part(self, columns: Sequence[int]) -> PartSections:
        """The card's sections with only the questions at some positions."""
        return sections_with(self.scorecard, set(columns))


def sections_with(card: Scorecard, columns: set[int]) -> PartSections:
    """Section id, weight and positions of its questions, as far as they are among `columns`."""
    found = []
    position = 0
    for section in card.sections:
        own = [n for n in range(position, position + len(section.questions)) if n in columns]
        position += len(section.questions)
        found.append((section.id, section.weight, own))
    return found


def compile_plan(card: Scorecard, host: Host) -> Plan:
    """A scorecard as a plan. A plugin that fails costs its question, not the plan; `plan.problems` says so."""
    codings = tuple(Coding(question) for question in card.questions)
    problems: list[Problem] = []
    criteria = _criteria(card, host, problems)
    method = None
    if card.scoring.method.name != "weighted":
        method = host.methods[card.scoring.method.name](card.scoring.method.options)
    rules = {
        escalation.id: host.rules[escalation.rule.name](escalation.rule.options)
        for escalation in card.escalations
        if escalation.rule is not None and escalation.rule.name in host.rules
    }
    return Plan(
        scorecard=card,
        codings=codings,
        order=_order(card, criteria),
        criteria=criteria,
        rules=rules,
        method=method,
        tables=Tables(codings, sections_with(card, set(range(len(codings))))),
        versions=host.versions(),
        problems=tuple(problems),
        position={question.id: n for n, question in enumerate(card.questions)},
    )


def _criteria(card: Scorecard, host: Host, problems: list[Problem]) -> dict[int, BoundCriterion]:
    """Every criterion of the card, made; uses of one class are made together where the class can share work."""
    bound = {
        n: BoundCriterion(question.criterion.use, question)
        for n, question in enumerate(card.questions)
        if question.criterion is not None
    }
    waiting = list(bound.values())
    while waiting:
        by_class: dict[str, list[BoundCriterion]] = {}
        for each in waiting:
            by_class.setdefault(each.use.name, []).append(each)
        for name, uses in by_class.items():
            _make(name, uses, host, problems)
        waiting = [part for each in waiting for part in each.parts]
    return bound


def _make(name: str, uses: Sequence[BoundCriterion], host: Host, problems: list[Problem]) -> None:
    offered: Any = host.criteria.get(name)
    if offered is None:
        for use in uses:
            _fail(use, host.unknown("criteria", name, use.use.at), problems)
        return
    if _made_together(offered, uses):
        return
    for use in uses:
        try:
            use.made = offered(use.use.options, use.question)
            if isinstance(use.made, CompositeCriterion):
                use.parts = tuple(
                    BoundCriterion(Use(part, options, use.use.at), use.question)
                    for each in use.made.parts()
                    for part, options in each.items()
                )
        except Exception as error:  # a plugin may raise anything
            use.made = None
            message = f"criterion '{name}' of question '{use.question.id}' cannot be made: {_said(error)}"
            _fail(use, Problem("E602", message, use.use.at), problems)


def _made_together(offered: Any, uses: Sequence[BoundCriterion]) -> bool:
    """Whether a class that can share work has made all its uses; else each is made alone and a bad one costs itself."""
    if not hasattr(offered, "bind_all"):
        return False
    try:
        made = list(offered.bind_all([(use.use.options, use.question) for use in uses]))
    except Exception:  # a plugin may raise anything; making each alone says which use it was
        return False
    if len(made) != len(uses):
        return False
    for use, each in zip(uses, made, strict=True):
        use.made = each
    return True


def _fail(use: BoundCriterion, problem: Problem, problems: list[Problem]) -> None:
    use.failure = problem.message
    problems.append(problem)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def waits_on(card: Scorecard, question: Question, criterion: BoundCriterion | None) -> set[str]:
    """The questions whose answers this one waits for: by its own `when`, its section's, or its criterion."""
    conditions = [condition for condition in (question.when, card.section_of[question.id].when) if condition]
    subjects = {test.subject for condition in conditions for test in tests_of(condition)}
    if criterion is not None:
        for each in criterion.walk():
            if hasattr(each.made, "reads"):
                subjects.update(each.made.reads(each.use.options))
    return {subject.removeprefix("answer.") for subject in subjects if subject.startswith("answer.")} - {question.id}


def _order(card: Scorecard, criteria: Mapping[int, BoundCriterion]) -> tuple[int, ...]:
    """Positions in an order in which nothing is asked about before it is known; as written where nothing waits."""
    position = {question.id: n for n, question in enumerate(card.questions)}
    waiting = {n: waits_on(card, question, criteria.get(n)) for n, question in enumerate(card.questions)}
    order: list[int] = []
    placed: set[int] = set()

    def place(n: int, path: tuple[int, ...]) -> None:
        if n in placed or n in path:
            return
        for name in sorted(waiting[n], key=lambda each: position.get(each, -1)):
            if name in position:
                place(position[name], (*path, n))
        placed.add(n)
        order.append(n)

    for n in waiting:
        place(n, ())
    return tuple(order)
