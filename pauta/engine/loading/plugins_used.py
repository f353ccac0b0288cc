"""What a card uses of plugins, held against what the host has: criteria with their parts, rules, actions, methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pauta.engine.contracts import CompositeCriterion
from pauta.engine.host import KINDS, Host, LoadedPlugin, PluginError
from pauta.engine.loading.answers import refusal
from pauta.engine.loading.conditions import Subjects, read_condition
from pauta.engine.loading.data import Map, written
from pauta.engine.loading.pieces import flag_in, is_refused, map_in, plain_use
from pauta.engine.loading.shape import check_options
from pauta.engine.model.conditions import Test
from pauta.engine.model.scorecard import Answers, AskedCriterion, Kind, Question, Use
from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.engine.seam.loaded import said

BESIDE: Final = ("answers", "confirm")
"""What stands beside the name in a question's `criterion`."""

WEIGHTED: Final = "weighted"
"""The scoring method that is no plugin's."""


@dataclass
class Read:
    """What a criterion and its parts ask about: subjects with the place of the use, and tests of conditions."""

    subjects: list[tuple[str, Place | None]] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)


class PluginsUsed:
    """Checks what a card uses. A use with a problem is None, and each of its problems is added to the list."""

    def __init__(self, host: Host, problems: list[Problem]) -> None:
        self._host = host
        self._problems = problems

    def criterion(
        self, value: object, at: Place, name: str, question: Question | None, read: Read
    ) -> AskedCriterion | None:
        """The criterion of the question `name`; `read` takes in what it asks about.

        Of a question whose answers are not known (None) only the plugin's name and options are looked at.
        """
        use = self._use(value, at, f"criterion of question '{name}'", BESIDE)
        if use is None:
            return None
        owner = f"criterion '{use.name}' of question '{name}'"
        sound = self._made(use, question, owner, read)
        if question is None:
            return None
        met, not_met = self._meanings(value if isinstance(value, Map) else Map(at), question, use)
        confirm = isinstance(value, Map) and flag_in(value, "confirm")
        return AskedCriterion(plain_use(use), met, not_met, confirm) if sound else None

    def rule(self, value: object, at: Place, escalation: str) -> Use | None:
        """The rule of an escalation."""
        return self._simple(self._host.rules, value, at, ("rule", f" of escalation '{escalation}'"), make=True)

    def action(self, value: object, at: Place, escalation: str) -> Use | None:
        """One action of an escalation."""
        return self._simple(self._host.actions, value, at, ("action", f" of escalation '{escalation}'"), make=False)

    def method(self, value: object, at: Place) -> Use | None:
        """The scoring method."""
        if value == WEIGHTED:
            return Use(WEIGHTED)
        return self._simple(self._host.methods, value, at, ("scoring method", ""), make=True)

    def _simple(
        self, offers: Mapping[str, Any], value: object, at: Place, said: tuple[str, str], *, make: bool
    ) -> Use | None:
        noun, where = said
        use = self._use(value, at, noun + where)
        if use is None:
            return None
        offered = offers.get(use.name)
        kind = next(kind for kind in KINDS if getattr(self._host, kind) is offers)
        if offered is None:
            self._problems.append(self._host.unknown(kind, use.name, use.at))
            return None
        owner = f"{noun} '{use.name}'{where}"
        if not self._options_hold(offered, use, owner):
            return None
        if make and self._try(self._host.owner(kind, use.name), lambda: offered(use.options), owner, use.at) is None:
            return None
        return plain_use(use)

    def _use(self, value: object, at: Place, owner: str, beside: tuple[str, ...] = ()) -> Use | None:
        """The one plugin that is named; None where it is none or several."""
        if isinstance(value, str):
            return Use(value, {}, at)
        if not isinstance(value, Map) or not value:
            return None
        names = [key for key in value if key not in beside]
        if len(names) != 1:
            message = f"the {owner} names {' and '.join(names) or 'no plugin'}, and it must name one"
            hint = "all_of and any_of put several criteria together" if beside and names else None
            self._problems.append(Problem("E314", message, at, hint))
            return None
        options = value[names[0]]
        return Use(names[0], {} if options is None else options, value.key_at(names[0]))

    def _options_hold(self, offered: Any, use: Use, owner: str) -> bool:
        found = check_options(use.options, offered.options, use.at or Place(""), owner)
        self._problems.extend(found)
        return not found

    def _made(self, use: Use, question: Question | None, owner: str, read: Read) -> bool:
        """Make a criterion, as the plan will, to hear what its plugin has to say; and all criteria inside it."""
        offered: Any = self._host.criteria.get(use.name)
        if offered is None:
            self._problems.append(self._host.unknown("criteria", use.name, use.at))
            return False
        if not self._options_hold(offered, use, owner) or question is None:
            return False
        plugin = self._host.owner("criteria", use.name)
        made = self._try(plugin, lambda: offered(use.options, question), owner, use.at)
        if made is None:
            return False
        if hasattr(offered, "reads"):
            heard = self._try(plugin, lambda: [str(each) for each in offered.reads(use.options)], owner, use.at)
            subjects: list[str] = heard or []
            read.subjects += [(subject, use.at) for subject in subjects]
            read.tests += _tests_in(use.options, subjects)
        if isinstance(made, CompositeCriterion):
            parts = self._try(plugin, lambda: list(_parts(made, use.at)), owner, use.at)
            if parts is None:
                return False
            sound = [self._made(part, question, f"criterion '{part.name}' in {owner}", read) for part in parts]
            return all(sound)
        return True

    def _try(self, plugin: LoadedPlugin, make: Callable[[], Any], owner: str, at: Place | None) -> Any:
        """What a plugin makes of its options; None where it refuses them, or takes too long over them."""
        try:
            return plugin.run(make, f"making the {owner}")
        except PluginError as failed:
            cause = failed.__cause__ or failed
            if failed.problem is not None:
                self._problems += [failed.problem] if failed.problem not in self._problems else []
            elif isinstance(cause, ProblemsFound):
                found = cause.problems
                self._problems += [Problem(each.code, each.message, each.place or at, each.hint) for each in found]
            else:
                reason = said(cause).removeprefix(f"{type(cause).__name__}: ")
                message = f"the {owner} does not take these options: {reason}"
                hint = None if isinstance(cause, ValueError) else f"the plugin raised {type(cause).__name__}"
                self._problems.append(Problem("E311", message, at, hint))
        return None

    def _meanings(self, criterion: Map, question: Question, use: Use) -> tuple[str | None, str | None]:
        """The answers that `met` and `not_met` mean: those of the map, else the most and the fewest points."""
        given = map_in(criterion, "answers") or Map(criterion.at)
        best, worst = _by_points(question.answers)
        meanings = []
        for verdict, found in (("met", best), ("not_met", worst)):
            value = given.get(verdict)
            if verdict in given:
                found = []
                refused = None if value is None or is_refused(value) else refusal(question.answers, value)
                if refused:
                    message = f"'{verdict}' of question '{question.id}' is no answer of it: {refused.reason}"
                    self._problems.append(Problem("E313", message, given.at_of(verdict), refused.hint))
                elif value is not None and not isinstance(value, list | dict):
                    found = [written(value)]
            meanings.append(found)
        if question.answers.kind in (Kind.ONE, Kind.MANY):
            self._ask_for_map([name for name in ("met", "not_met") if name not in given], best, worst, question, use)
        met, not_met = (found[0] if len(found) == 1 else None for found in meanings)
        return met, not_met

    def _ask_for_map(
        self, open_: Sequence[str], best: Sequence[str], worst: Sequence[str], question: Question, use: Use
    ) -> None:
        """Say which verdicts mean no answer by themselves; once for both."""
        doubtful = {"met": best, "not_met": worst}
        tied = [name for name in open_ if len(doubtful[name]) != 1]
        if not tied and len(open_) == 2 and best == worst:
            tied = list(open_)
        if not tied:
            return
        names = dict.fromkeys(name for verdict in tied for name in doubtful[verdict])
        why = (
            f"{' and '.join(repr(name) for name in names)} earn the same" if len(names) > 1 else "only one earns points"
        )
        if not names:
            why = "none of its answers has points"
        message = f"which answer of question '{question.id}' is {' and which '.join(tied)}? {why}"
        hint = f"beside '{use.name}' write answers: {{met: .., not_met: ..}}"
        self._problems.append(Problem("E312", message, use.at, hint))


def _by_points(answers: Answers) -> tuple[list[str], list[str]]:
    """The answers with the most points and those with the fewest."""
    if answers.kind is Kind.SCALE:
        return [written(answers.maximum)], [written(answers.minimum)]
    points = {option.id: option.points for option in answers.options if option.points is not None}
    best = [name for name, each in points.items() if each == max(points.values())]
    worst = [name for name, each in points.items() if each == min(points.values())]
    return best, worst


def _tests_in(options: object, subjects: Sequence[str]) -> list[Test]:
    """The tests in options that are a condition over what the criterion says it reads; else none."""
    tests: list[Test] = []
    read_condition(options, [], Subjects(), tests)
    return tests if {test.subject for test in tests} == set(subjects) else []


def _parts(made: CompositeCriterion, at: Place | None) -> Iterator[Use]:
    for part in made.parts():
        for name, options in part.items():
            yield Use(str(name), options, options.at if isinstance(options, Map) else at)
