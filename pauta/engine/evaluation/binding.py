"""What a card uses of plugins, made once for the plan: criteria bound to their questions, its method, its rules.

A plugin that fails here costs what it was to make: a criterion its question, a method the score, a rule its escalation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from pauta.engine.acting import Rule
from pauta.engine.contracts import CompositeCriterion, JsonSchema, Method, Sheet
from pauta.engine.host import Host, LoadedPlugin, PluginError
from pauta.engine.model.results import Results
from pauta.engine.model.scorecard import Question, Scorecard, Use
from pauta.engine.problems import Problem
from pauta.engine.seam.read_only import question_for_plugin, read_only, results_for_plugin, sheet_for_plugin

WEIGHTED: Final = "weighted"
DEEPEST: Final = 32
"""How deep criteria may stand inside each other, as deep as a card may be."""


@dataclass
class BoundCriterion:
    """A criterion made for one use. `made` is None where the plugin failed to make it: then `failure` says why.

    reads: the subjects it asks the batch for.
    """

    use: Use
    question: Question
    made: Any = None
    parts: tuple[BoundCriterion, ...] = ()
    failure: str | None = None
    plugin: LoadedPlugin | None = None
    reads: tuple[str, ...] = ()

    def walk(self) -> Iterator[BoundCriterion]:
        """The criterion and all those inside it, the inner ones first."""
        for part in self.parts:
            yield from part.walk()
        yield self

    @cached_property
    def waits(self) -> bool:
        """Whether it reads answers, and so must wait for them."""
        return any(subject.startswith("answer.") for each in self.walk() for subject in each.reads)

    @cached_property
    def simple(self) -> bool:
        """Whether it is pauta's own, answers batches by itself and asks about the call alone."""
        own = self.failure is None and self.plugin is not None and self.plugin.built_in
        composite = hasattr(self.made, "combine") and hasattr(self.made, "parts")
        return own and not self.waits and not composite and hasattr(self.made, "answer_batch")

    def __str__(self) -> str:
        return f"criterion '{self.use.name}' of question '{self.question.id}'"


def used_by(card: Scorecard, criteria: Mapping[int, BoundCriterion]) -> Iterator[tuple[str, str]]:
    """The kind and name of everything that a card uses of plugins and that its results depend on."""
    for bound in criteria.values():
        yield from (("criteria", each.use.name) for each in bound.walk())
    yield "methods", card.scoring.method.name
    yield from (("rules", each.rule.name) for each in card.escalations if each.rule is not None)


def bind(card: Scorecard, host: Host, problems: list[Problem]) -> dict[int, BoundCriterion]:
    """Every criterion of the card, made; uses of one class are made together where the class can share work."""
    bound = {
        n: BoundCriterion(question.criterion.use, question)
        for n, question in enumerate(card.questions)
        if question.criterion is not None
    }
    waiting = list(bound.values())
    sharing: dict[str, list[BoundCriterion]] = {}
    for _ in range(DEEPEST):
        by_class: dict[str, list[BoundCriterion]] = {}
        for each in waiting:
            # uses that share work wait until those inside other criteria are known: one pass serves them all
            offered = host.criteria.get(each.use.name)
            shares = hasattr(offered, "bind_all") and not hasattr(offered, "combine")
            (sharing if shares else by_class).setdefault(each.use.name, []).append(each)
        for name, uses in by_class.items():
            _make(name, uses, host, problems)
        waiting = [part for uses in by_class.values() for each in uses for part in each.parts]
    for name, uses in sharing.items():
        _make(name, uses, host, problems)
    for each in waiting:
        _fail(each, Problem("E602", f"{each} stands inside more than {DEEPEST} others", each.use.at), problems)
    return bound


def _make(name: str, uses: Sequence[BoundCriterion], host: Host, problems: list[Problem]) -> None:
    offered: Any = host.criteria.get(name)
    if offered is None:
        for use in uses:
            _fail(use, host.unknown("criteria", name, use.use.at), problems)
        return
    plugin = host.owner("criteria", name)
    made = _made_together(offered, uses, plugin)
    for n, use in enumerate(uses):
        use.plugin = plugin
        try:
            plugin.run(lambda use=use, n=n: _fill(use, offered, made[n] if made else None), f"making {use}")  # type: ignore[misc]
        except PluginError as error:
            use.made, use.parts = None, ()
            message = f"{use} cannot be made: {error.reason} ({plugin})"
            hint = f"the question is unverified{_used_at(use.use)}"
            _fail(use, error.problem or Problem("E602", message, error.place, hint), problems, error.reason)


def _fill(use: BoundCriterion, offered: Any, made: Any) -> None:
    """Make a criterion, unless it was made together with others, and ask what it is made of and what it reads."""
    options, question = _given(use)
    use.made = offered(options, question) if made is None else made
    if hasattr(use.made, "reads"):
        use.reads = tuple(str(subject) for subject in use.made.reads(options))
    if isinstance(use.made, CompositeCriterion):
        use.parts = tuple(
            BoundCriterion(Use(str(part), options, use.use.at), use.question)
            for each in use.made.parts()
            for part, options in each.items()
        )


def _given(use: BoundCriterion) -> tuple[Any, Question]:
    return read_only(use.use.options), question_for_plugin(use.question)


def _made_together(offered: Any, uses: Sequence[BoundCriterion], plugin: LoadedPlugin) -> list[Any]:
    """All uses of a class that can share work; none where it cannot or fails: made alone, a bad one costs itself."""
    if not hasattr(offered, "bind_all"):
        return []
    try:
        made = plugin.run(lambda: list(offered.bind_all([_given(use) for use in uses])), f"making {uses[0]} and others")
    except PluginError:
        return []
    return made if len(made) == len(uses) else []


def _fail(use: BoundCriterion, problem: Problem, problems: list[Problem], reason: str | None = None) -> None:
    use.failure = f"criterion '{use.use.name}' cannot be made: {reason}" if reason else problem.message
    problems.append(problem)


def _used_at(use: Use) -> str:
    return f"; the card uses it at {use.at}" if use.at else ""


def method_of(card: Scorecard, host: Host) -> Method | None:
    """The card's own scoring method, None where it is the usual one."""
    use = card.scoring.method
    if use.name == WEIGHTED:
        return None
    made = _Made("methods", use, host, f"scoring method '{use.name}'")
    return made.offered if made.trusted else _WatchedMethod(made)


def rules_of(card: Scorecard, host: Host) -> dict[str, Rule]:
    """The rules of the card's escalations, by escalation."""
    rules: dict[str, Rule] = {}
    for each in card.escalations:
        if each.rule is not None:
            made = _Made("rules", each.rule, host, f"rule '{each.rule.name}' of escalation '{each.id}'")
            rules[each.id] = made.offered if made.trusted else _WatchedRule(made)
    return rules


class _Made:
    """A method or a rule as its plugin made it. Where it could not, running it says why: that is when it is missed."""

    def __init__(self, kind: str, use: Use, host: Host, what: str) -> None:
        self.offered: Any = None
        self.what, self._failure = what, ""
        self._plugin: LoadedPlugin | None = None
        offered: Any = getattr(host, kind).get(use.name)
        if offered is None:
            self._failure = host.unknown(kind, use.name, use.at).message
            return
        self._plugin = host.owner(kind, use.name)
        try:
            self.offered = self._plugin.run(lambda: offered(read_only(use.options)), f"making {what}")
        except PluginError as error:
            self._failure = self._told(error)

    @property
    def trusted(self) -> bool:
        """Whether it is there and can be run as it is."""
        return self.offered is not None and self._plugin is not None and self._plugin.built_in

    def run(self, method: str, given: Any, rows: int, kinds: str) -> NDArray[Any]:
        """What a method says about so many rows, as an array (of one of some kinds) that the plugin has no hold of.

        Raises PluginError.
        """
        plugin = self._plugin
        if plugin is None or self.offered is None:
            raise PluginError(self._failure)

        def said() -> NDArray[Any]:
            does = getattr(self.offered, method)
            found = np.array(does(given))
            if found.shape != (rows,) or found.dtype.kind not in kinds:
                sentence = f"it answered with an array of {found.dtype}, {found.shape}, and there are {rows} calls"
                raise PluginError(sentence, plugin.code.place_of_function(does))
            return found

        try:
            return plugin.run(said, f"{self.what}, {rows} calls", calls=rows)
        except PluginError as error:
            raise PluginError(self._told(error), error.place, error.problem) from error

    @property
    def plugin(self) -> str:
        """The name of its plugin."""
        return self._plugin.name if self._plugin else ""

    def _told(self, error: PluginError) -> str:
        where = f" at {error.place}" if error.place else ""
        return f"{self._plugin}: {error.reason}{where}"


class _WatchedMethod:
    """A scoring method of a plugin that is not built in."""

    name: ClassVar[str] = ""
    options: ClassVar[JsonSchema] = {}

    def __init__(self, made: _Made) -> None:
        self._made = made

    def score(self, sheet: Sheet) -> NDArray[np.float64]:
        """What the plugin's method makes of a sheet. Raises PluginError."""
        return self._made.run("score", sheet_for_plugin(sheet), sheet.points.shape[1], "fiu")


class _WatchedRule:
    """A rule of a plugin that is not built in."""

    name: ClassVar[str] = ""
    options: ClassVar[JsonSchema] = {}

    def __init__(self, made: _Made) -> None:
        self._made = made

    def fires(self, results: Results) -> NDArray[np.bool_]:
        """What the plugin's rule says about results. Raises PluginError."""
        return self._made.run("fires", results_for_plugin(results, self._made.plugin), len(results), "b")
