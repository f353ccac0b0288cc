"""A scorecard compiled once: codings, tables, the order of questions, the criteria bound to their questions."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from pauta.engine.acting import Rule
from pauta.engine.contracts import BatchCriterion, Method
from pauta.engine.evaluation.binding import BoundCriterion, bind, method_of, rules_of, used_by
from pauta.engine.evaluation.cells import Coding
from pauta.engine.evaluation.kinds import Kinds, kinds_of
from pauta.engine.evaluation.tables import PartSections, Tables
from pauta.engine.evaluation.worth import WorthOf, coverage_worth, score_worth
from pauta.engine.host import Host
from pauta.engine.model.conditions import tests_of
from pauta.engine.model.results import UNKNOWN, Pieces
from pauta.engine.model.scorecard import Fault, Question, Scorecard
from pauta.engine.problems import Problem

Bands: TypeAlias = tuple[NDArray[np.float64], NDArray[np.int16]]
"""Where bands start, in order, and the position of the band of a score that so many starts do not exceed."""


@dataclass(frozen=True)
class Plan:
    """What `evaluate` works from. Positions of questions are those in `scorecard.questions`.

    order: positions such that a question comes after those that its conditions and its criterion ask about. pieces:
    answers of closed questions as they were once written, for results.
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
    pieces: dict[Hashable, Pieces] = field(default_factory=dict, compare=False, repr=False)

    def vocabulary(self, question: str) -> tuple[str, ...]:
        """What the codes of a question stand for, the states first; the options only of a closed question."""
        return self.codings[self.position[question]].vocabulary

    @cached_property
    def conditional(self) -> frozenset[int]:
        """The positions of the questions that are not asked everywhere: they or their sections have a `when`."""
        section_of = self.scorecard.section_of
        conditions = [(question.when, section_of[question.id].when) for question in self.scorecard.questions]
        return frozenset(n for n, (own, section) in enumerate(conditions) if own is not None or section is not None)

    @cached_property
    def kinds(self) -> Kinds:
        """The questions by who answers them."""
        return kinds_of(self.codings, self.criteria, self.order, self.conditional)

    @cached_property
    def simple_criteria(self) -> Mapping[int, BatchCriterion]:
        """The criteria that are pauta's own, answer batches by themselves and ask about the call alone."""
        return {column: criterion.made for column, criterion in self.criteria.items() if criterion.simple}

    @cached_property
    def bands(self) -> Bands:
        """The bands by where they start."""
        by_start = sorted(enumerate(self.scorecard.bands), key=lambda each: each[1].start)
        starts = np.array([band.start for _, band in by_start], dtype=np.float64)
        return starts, np.array([UNKNOWN, *(n for n, _ in by_start)], dtype=np.int16)

    @cached_property
    def comments_asked(self) -> tuple[int, ...]:
        """The positions of the questions of which an answer may need a comment."""
        return tuple(n for n, coding in enumerate(self.codings) if coding.asks_comments)

    @cached_property
    def not_the_agents(self) -> tuple[int, ...]:
        """The positions of the questions whose misses are not the agent's."""
        return tuple(n for n, question in enumerate(self.scorecard.questions) if question.fault is not Fault.AGENT)

    @cached_property
    def without_criteria(self) -> Plan:
        """The same plan that asks no criterion."""
        return replace(self, criteria={}) if self.criteria else self

    @cached_property
    def coverage(self) -> Tables:
        """The tables of coverage: the share of weight that was looked at."""
        return _tables(self.codings, self.part(range(len(self.codings))), coverage_worth)

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
        return {key: _tables(self.codings, self.part(columns)) for key, columns in self.parts.items()}

    def part(self, columns: Sequence[int]) -> PartSections:
        """The card's sections with only the questions at some positions."""
        return sections_with(self.scorecard, set(columns))


_TABLES: Final[WeakValueDictionary[Hashable, Tables]] = WeakValueDictionary()
"""The tables of the plans in use: cards in which all answers count alike have the same."""


def _tables(
    codings: Sequence[Coding], sections: PartSections, worth: WorthOf = score_worth, *, sections_fail: bool = True
) -> Tables:
    """Tables of some questions of a card, which say nothing of the words of its questions."""
    layout = tuple([(name, repr(weight), tuple(columns)) for name, weight, columns in sections])
    key = tuple([coding.scheme for coding in codings]), layout, worth, sections_fail
    tables = _TABLES.get(key)
    if tables is None:
        tables = _TABLES[key] = Tables(codings, sections, worth, sections_fail=sections_fail)
    return tables


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
    criteria = bind(card, host, problems)
    weighted = card.scoring.method.name == "weighted"
    return Plan(
        scorecard=card,
        codings=codings,
        order=_order(card, criteria),
        criteria=criteria,
        rules=rules_of(card, host),
        method=method_of(card, host),
        tables=_tables(codings, sections_with(card, set(range(len(codings)))), sections_fail=weighted),
        versions=host.versions(used_by(card, criteria)),
        problems=tuple(problems),
        position={question.id: n for n, question in enumerate(card.questions)},
    )


def waits_on(card: Scorecard, question: Question, criterion: BoundCriterion | None) -> set[str]:
    """The questions whose answers this one waits for: by its own `when`, its section's, or its criterion."""
    conditions = [condition for condition in (question.when, card.section_of[question.id].when) if condition]
    subjects = {test.subject for condition in conditions for test in tests_of(condition)}
    if criterion is not None:
        subjects.update(subject for each in criterion.walk() for subject in each.reads)
    return {subject.removeprefix("answer.") for subject in subjects if subject.startswith("answer.")} - {question.id}


def _order(card: Scorecard, criteria: Mapping[int, BoundCriterion]) -> tuple[int, ...]:
    """Positions in an order in which nothing is asked about before it is known; as written where nothing waits."""
    position = {question.id: n for n, question in enumerate(card.questions)}
    waiting = {n: waits_on(card, question, criteria.get(n)) for n, question in enumerate(card.questions)}
    before = {n: sorted(position[name] for name in names if name in position) for n, names in waiting.items()}
    order: dict[int, None] = {}
    for first in waiting:
        path = [first]
        while path:
            unknown = [n for n in before[path[-1]] if n not in order and n not in path]
            if unknown:
                path.append(unknown[0])
            else:
                order[path.pop()] = None
    return tuple(order)
