"""Which evaluations are compared: calls, with people's answers, as far as one of the two versions claims them.

A person's evaluation stands in place of the automatic one, whichever version of the card the person filled in: its
answers are scored by both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final

from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.pipeline import Seen, second_record
from pauta.engine.problems import Problem, Severity
from pauta.engine.routing import claims

Tell = Callable[[Problem], None]
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One evaluation to compare: the two versions that score it (None: this one does not claim the call)."""

    call: Call
    human: HumanEvaluation | None
    before: Scorecard | None
    after: Scorecard | None


@dataclass(frozen=True)
class Filter:
    """Which calls are wanted: by day (both ends included), team, agent, call type; empty is all."""

    day: Callable[[Call], date]
    since: date | None = None
    until: date | None = None
    teams: Collection[str] = ()
    agents: Collection[str] = ()
    call_types: Collection[str] = ()

    def wants(self, call: Call) -> bool:
        """Whether a call is among them."""
        if self.since is not None or self.until is not None:
            day = self.day(call)
            if (self.since and day < self.since) or (self.until and day > self.until):
                return False
        return (
            (not self.teams or call.team in self.teams)
            and (not self.agents or call.agent in self.agents)
            and (not self.call_types or call.call_type in self.call_types)
        )


@dataclass(frozen=True)
class Claims:
    """Which of the two versions score a call.

    before: the old version for a call, given the version that a person's evaluation names. ids: the cards whose
    evaluations by people count. fixed: the old version where it is one for all calls. rivals: the other cards in
    effect on the call's day; a fallback card takes only what none of them claims. every_call: both score everything.
    """

    before: Callable[[Call, str | None], Scorecard | Problem]
    after: Scorecard
    ids: Collection[str]
    fixed: Scorecard | None = None
    rivals: Callable[[Call], Sequence[Scorecard]] = lambda call: ()
    every_call: bool = False

    def row(self, call: Call, human: HumanEvaluation | None) -> Row | Problem | None:
        """The row of an evaluation; None where neither version claims the call, a Problem where there is none."""
        old = self.before(call, human.version if human else None)
        if isinstance(old, Problem):
            return old
        was, now = self._claims(old, call), self._claims(self.after, call)
        if human is not None and not was:
            was = now = True  # a person chose this card for the call
        return Row(call, human, old if was else None, self.after if now else None) if was or now else None

    def rivals_of(self, card: Scorecard, call: Call) -> list[Scorecard]:
        """The cards that take a call from one that is a fallback, if they claim it."""
        if not card.fallback:
            return []
        own = card.id, self.after.id
        return [each for each in self.rivals(call) if not each.fallback and each.id not in own]

    def _claims(self, card: Scorecard, call: Call) -> bool:
        if self.every_call:
            return True
        return claims(card, call) and not any(claims(each, call) for each in self.rivals_of(card, call))


class Sheets:
    """People's evaluations by the card, held until their calls come."""

    def __init__(self, humans: Iterable[HumanEvaluation | Problem], ids: Collection[str], tell: Tell) -> None:
        self._by_call: dict[str, list[HumanEvaluation]] = {}
        self._used: dict[int, str | None] = {}
        self._tell = tell
        for human in humans:
            if isinstance(human, Problem):
                tell(human)
            elif human.scorecard is None or human.scorecard in ids:
                self._by_call.setdefault(human.call_id, []).append(human)

    def of(self, call: Call) -> list[HumanEvaluation]:
        """The evaluations of a call, one of each evaluator and version."""
        found: dict[tuple[str, str | None], HumanEvaluation] = {}
        for human in self._by_call.get(call.call_id, ()):
            if human.agent is not None and human.agent != call.agent:
                continue
            key = human.evaluator, human.version
            of = f"call '{human.call_id}'"
            if id(human) in self._used:
                message = f"the evaluation of {of} names no agent, and several handled the call"
                hint = f"it was taken for agent '{self._used[id(human)]}': add the field agent"
                self._tell(Problem("E535", message, human.at, hint))
            elif key in found:
                message = f"{human.evaluator} evaluated {of} a second time"
                self._tell(Problem("E532", message, human.at, "keep one of the two records"))
                self._used[id(human)] = call.agent
            else:
                found[key] = human
                self._used[id(human)] = call.agent
        return list(found.values())

    def tell_unmatched(self) -> None:
        """Tell of evaluations whose call did not come."""
        for human in (each for several in self._by_call.values() for each in several):
            if id(human) not in self._used:
                hint = "is the record of the call in another file, or the id written another way?"
                message = f"{human.evaluator} evaluated call '{human.call_id}', which is not among the calls"
                self._tell(Problem("E530", message, human.at, hint))


@dataclass
class Counts:
    """What came in and was not compared."""

    calls: int = 0
    refused: int = 0
    left_out: int = 0
    unclaimed: int = 0
    other_versions: int = 0
    told: set[Problem] = field(default_factory=set)


def rows_of(
    calls: Iterable[Call | Problem], sheets: Sheets, claimed: Claims, wanted: Filter, counts: Counts, tell: Tell
) -> Iterator[Row]:
    """The evaluations to compare, in the order of the calls. What is not compared is counted, what is wrong told."""
    for entry, is_new in _with_news(calls):
        if isinstance(entry, Problem):
            counts.refused += entry.severity is Severity.ERROR
            tell(entry)
            continue
        if not is_new:
            counts.refused += 1
            tell(second_record(entry))
            continue
        counts.calls += 1
        people = sheets.of(entry)
        if not wanted.wants(entry):
            counts.left_out += 1
            continue
        yield from _rows(entry, people or [None], claimed, counts, tell)
    sheets.tell_unmatched()


def _with_news(calls: Iterable[Call | Problem]) -> Iterator[tuple[Call | Problem, bool]]:
    """Each entry with whether its call comes for the first time; asked of many at once."""
    seen, remaining = Seen(), iter(calls)
    while chunk := list(islice(remaining, CHUNK)):
        keys = [f"{each.call_id}\0{each.agent or ''}" for each in chunk if isinstance(each, Call)]
        fresh = iter(seen.fresh(keys))
        for each in chunk:
            yield each, next(fresh) if isinstance(each, Call) else False


def _rows(
    call: Call, people: Sequence[HumanEvaluation | None], claimed: Claims, counts: Counts, tell: Tell
) -> Iterator[Row]:
    some = False
    for human in people:
        row = claimed.row(call, human)
        if isinstance(row, Row):
            some = True
            yield row
        elif row is not None and row not in counts.told:
            counts.told.add(row)
            tell(row)
    counts.unclaimed += not some
