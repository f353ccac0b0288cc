"""Which card scores which calls, and why not: `applies_to`, fallback cards, and the version of the day.

Every card that applies scores the call, in the version that was in effect on the call's day; a card without
`applies_to` applies to every call. A card with `fallback: true` scores what no other card claimed. A call whose record
does not say when it began is taken for one of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Final, Protocol

from pauta.engine.model.calls import Call
from pauta.engine.model.conditions import All, AnyOf, Condition, NoneOf, Test, Value, holds, tests_of
from pauta.engine.model.moments import day_of
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem


class Versions(Protocol):
    """What routing must know of a catalogue of cards."""

    @property
    def ids(self) -> Sequence[str]:
        """The ids of all its cards, in order."""
        ...

    def in_effect(self, day: date) -> Sequence[Scorecard]:
        """Of each card the version that scores the calls of a day; cards that have none are left out."""
        ...

    def resolve(self, card_id: str, wanted: str | None = None, day: date | None = None) -> Scorecard | Problem:
        """The version of a card that is asked for (a version or a range), else the one of a day."""
        ...


MOST_KEPT: Final = 4096
"""For so many kinds of calls the cards are remembered."""
_KEPT_KINDS: Final = frozenset({str, type(None)})


@dataclass(frozen=True, slots=True)
class Route:
    """The cards that score a call; `problems` are cards that were asked for and do not score it."""

    cards: tuple[Scorecard, ...]
    problems: tuple[Problem, ...] = ()


class Router:
    """Finds the cards of each call. `named`: cards, `id` or `id@range`, that score whatever they are given."""

    def __init__(
        self,
        versions: Versions,
        *,
        named: Sequence[Scorecard | str] = (),
        timezone: tzinfo | None = None,
        today: date | None = None,
    ) -> None:
        self.versions = versions
        self.named = tuple(named)
        self.timezone = timezone
        self.today = today or datetime.now(timezone).date()
        self._in_effect: dict[date, Sequence[Scorecard]] = {}
        self._resolved: dict[tuple[str, date], Scorecard | Problem] = {}
        self._named: dict[date, Route] = {}
        self._subjects: dict[date, tuple[str, ...]] = {}
        self._claimed: dict[tuple[date, tuple[Value | None, ...]], Route] = {}

    def day(self, call: Call) -> date:
        """The day of a call: in the operation's time zone, else in the offset it was written with; else today."""
        return day_of(call.started_at, self.timezone) or self.today

    def cards_of(self, day: date) -> Sequence[Scorecard]:
        """The cards in effect on a day."""
        if day not in self._in_effect:
            self._in_effect[day] = tuple(self.versions.in_effect(day))
        return self._in_effect[day]

    def route(self, call: Call) -> Route:
        """The cards that score a call; worked out once for all calls that are alike in what the cards ask about."""
        day = self.day(call)
        if self.named:
            return self.route_named(day)
        if day not in self._subjects:
            conditions = [card.applies_to for card in self.cards_of(day) if card.applies_to is not None]
            self._subjects[day] = tuple({test.subject: None for each in conditions for test in tests_of(each)})
        asked = tuple([_value(call, subject) for subject in self._subjects[day]])
        found = self._claimed.get((day, asked))
        if found is None:
            found = Route(claimed_by(call, self.cards_of(day)))
            # 1, 1.0 and true are equal and not the same to a card; and a run of any length holds so many
            if _KEPT_KINDS.issuperset(map(type, asked)) and len(self._claimed) < MOST_KEPT:
                self._claimed[day, asked] = found
        return found

    def route_named(self, day: date) -> Route:
        """The cards that were named, in the versions of a day."""
        if day not in self._named:
            found = [card if isinstance(card, Scorecard) else self.version(card, day) for card in self.named]
            cards = tuple(card for card in found if isinstance(card, Scorecard))
            self._named[day] = Route(cards, tuple(problem for problem in found if isinstance(problem, Problem)))
        return self._named[day]

    def version(self, name: str, day: date) -> Scorecard | Problem:
        """The version that `id` or `id@range` means on a day."""
        if (name, day) not in self._resolved:
            card_id, _, wanted = name.partition("@")
            self._resolved[name, day] = self.versions.resolve(card_id, wanted or None, day)
        return self._resolved[name, day]


def claims(card: Scorecard, call: Call) -> bool:
    """Whether a card's `applies_to` holds for a call; a card without one applies to every call."""
    return card.applies_to is None or holds(card.applies_to, lambda subject: _value(call, subject))


def claimed_by(call: Call, cards: Iterable[Scorecard]) -> tuple[Scorecard, ...]:
    """The cards that score a call: all that apply, and where none does, the fallback cards that apply."""
    applying = [card for card in cards if claims(card, call)]
    return tuple([card for card in applying if not card.fallback] or applying)


@dataclass
class RoutesReport:
    """What `pauta routes` shows. `by_card`: `id@version` -> calls. The lists hold examples, up to a number.

    unclaimed: call and, for each card, why not. several: call and the cards that claim it.
    """

    calls: int = 0
    by_card: dict[str, int] = field(default_factory=dict)
    unclaimed_calls: int = 0
    several_calls: int = 0
    unclaimed: list[tuple[Call, dict[str, str]]] = field(default_factory=list)
    several: list[tuple[Call, tuple[str, ...]]] = field(default_factory=list)


def routes_report(calls: Iterable[Call], router: Router, *, examples: int = 10) -> RoutesReport:
    """Where calls go: how many to each card, which to none and why, which to several."""
    report = RoutesReport()
    for call in calls:
        report.calls += 1
        cards = router.route(call).cards
        for card in cards:
            report.by_card[card.name] = report.by_card.get(card.name, 0) + 1
        if not cards:
            report.unclaimed_calls += 1
            if len(report.unclaimed) < examples:
                report.unclaimed.append((call, _reasons(call, router)))
        elif len(cards) > 1:
            report.several_calls += 1
            if len(report.several) < examples:
                report.several.append((call, tuple(card.name for card in cards)))
    return report


def _reasons(call: Call, router: Router) -> dict[str, str]:
    day = router.day(call)
    reasons = {
        card.name: why_not(card.applies_to, call) for card in router.cards_of(day) if card.applies_to is not None
    }
    there = {card.id for card in router.cards_of(day)}
    return reasons | {
        card_id: f"no version of it was in effect on {day}" for card_id in router.versions.ids if card_id not in there
    }


def why_not(condition: Condition, call: Call) -> str:
    """Why a condition does not hold for a call, by the first test that fails; empty where it holds."""
    if holds(condition, lambda subject: _value(call, subject)):
        return ""
    match condition:
        case Test():
            return _failure(condition, _value(call, condition.subject))
        case All(parts):
            return next(reason for part in parts if (reason := why_not(part, call)))
        case AnyOf(parts):
            return "; and ".join(why_not(part, call) for part in parts) or "there is nothing that could hold"
        case NoneOf(parts):
            held = next(part for part in parts if not why_not(part, call))
            test = next(tests_of(held), None)
            return (
                f"{_seen(test.subject, _value(call, test.subject))}, which the card leaves out"
                if test
                else "it is left out"
            )


_WANTED: Final = {
    "is": "be {}", "is_not": "not be {}", "in": "be one of {}", "not_in": "be none of {}", "at_least": "be at least {}",
    "at_most": "be at most {}", "above": "be above {}", "below": "be below {}", "contains": "hold '{}'",
    "matches": "match '{}'",
}  # fmt: skip


def _failure(test: Test, value: Value | None) -> str:
    operand = ", ".join(map(_shown, test.operand)) if isinstance(test.operand, tuple) else _shown(test.operand)
    wanted = (
        ("be given" if test.operand else "be absent")
        if test.operator == "exists"
        else _WANTED[test.operator].format(operand)
    )
    return f"{_seen(test.subject, value)} and must {wanted}"


def _seen(subject: str, value: Value | None) -> str:
    if value is None:
        return f"{subject} is not given"
    return f"{subject} is {', '.join(map(_shown, value)) if isinstance(value, tuple) else _shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(call: Call, subject: str) -> Value | None:
    return call.value(subject.removeprefix("call."))
