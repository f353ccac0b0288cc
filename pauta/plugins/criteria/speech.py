"""Who speaks when, in all calls of a batch at once: the arrays that the measures of `timing` are taken from.

speech_of(batch)     the turns with times, in order            (made once a batch, shared by all uses)
talk_of(speech)      each speaker's stretches of talk, own overlaps joined
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pauta import CallBatch, Turns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AGENT, CUSTOMER, SYSTEM, OTHER = range(4)
_SPEAKERS: Final = {"agent": AGENT, "customer": CUSTOMER, "system": SYSTEM}


@dataclass(frozen=True)
class Speech:
    """The turns of the calls of a batch that have all their times, in the order call, start, longest first.

    row, turn: (turns,) int64, which call of the batch and which turn of that call. who: (turns,) int8, AGENT to OTHER.
    start, end: (turns,) float64 seconds. place: (turns,) int64, counted from 0 in each call. first: (timed calls,)
    int64, where each call begins. timed: (rows,) bool.
    """

    said: Turns
    row: NDArray[np.int64]
    turn: NDArray[np.int64]
    who: NDArray[np.int8]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    place: NDArray[np.int64]
    first: NDArray[np.int64]
    timed: NDArray[np.bool_]

    def untimed(self, row: int) -> str:
        """Why the turns of a call cannot be measured."""
        import numpy as np

        first, count = int(self.said.first[row]), int(self.said.counts[row])
        if not count:
            return "the call has no turns"
        starts, ends = self.said.starts[first : first + count], self.said.ends[first : first + count]
        bare = int((np.isnan(starts) | np.isnan(ends)).sum())
        if bare:
            return f"{bare} of {count} turns have no start or no end"
        return "a turn ends before it starts, or its times are no numbers"

    def place_of(self, row: int, turn: int) -> tuple[str, float, float]:
        """What was said in a turn of a call, and from when to when."""
        at = int(self.said.first[row]) + turn
        return self.said.texts[at], float(self.said.starts[at]), float(self.said.ends[at])

    def by_call(self, amounts: NDArray[np.float64], rows: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(rows,) float64: amounts added up for each call, in order; NaN for calls without times."""
        import numpy as np

        sums = np.bincount(self.row if rows is None else rows, weights=amounts, minlength=len(self.timed))
        return np.where(self.timed, sums, np.nan)

    def per_call(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(rows,) float64: one value for each timed call, spread over the rows; NaN for the others."""
        import numpy as np

        spread = np.full(len(self.timed), np.nan)
        spread[self.timed] = values
        return spread

    def span(self) -> NDArray[np.float64]:
        """(rows,) float64: from the first to the last spoken moment."""
        import numpy as np

        if not len(self.first):
            return self.per_call(np.zeros(0))
        return self.per_call(np.maximum.reduceat(self.end, self.first) - self.start[self.first])


def speech_of(batch: CallBatch) -> Speech:
    """The speech of a batch; rows without turns have none."""
    return batch.once("pauta.speech", lambda: _speech(batch.said()))


def _speech(said: Turns) -> Speech:
    import numpy as np

    counts = said.counts
    row = np.repeat(np.arange(len(said)), counts)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    positions = said.positions()
    kinds = np.array([_SPEAKERS.get(name, OTHER) for name in said.speakers.values], dtype=np.int8)
    who = kinds[said.speakers.codes[positions]]
    start, end = said.starts[positions], said.ends[positions]
    usable = np.isfinite(start) & np.isfinite(end) & (start <= end)
    timed = counts > 0
    timed[row[~usable]] = False
    order = _order(row, start, end, timed)
    row = row[order]
    place, first = _places(row)
    return Speech(said, row, turn[order], who[order], start[order], end[order], place, first, timed)


def _order(
    row: NDArray[np.int64], start: NDArray[np.float64], end: NDArray[np.float64], timed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The turns of timed calls by call, start, longest first; only the calls that need it are sorted."""
    import numpy as np

    order = np.flatnonzero(timed[row])
    row, start, end = row[order], start[order], end[order]
    back = (start[1:] < start[:-1]) | ((start[1:] == start[:-1]) & (end[1:] > end[:-1]))
    mixed = np.zeros(len(timed), dtype=np.bool_)
    mixed[row[1:][back & (row[1:] == row[:-1])]] = True
    at = np.flatnonzero(mixed[row])
    order[at] = order[at][np.lexsort((-end[at], start[at], row[at]))]
    return order


def _places(group: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For sorted groups: each member's place in its group, counted from 0, and where each group begins."""
    import numpy as np

    members = np.arange(len(group))
    begins = np.diff(group, prepend=-1) != 0
    first = np.flatnonzero(begins)
    return members - np.maximum.accumulate(np.where(begins, members, 0)), first


def latest_so_far(times: NDArray[np.float64], place: NDArray[np.int64]) -> NDArray[np.float64]:
    """The latest time of each group up to and with each member.

    By doubling the reach: exact, which running maxima with an offset for each group are not.
    """
    import numpy as np

    latest = times.copy()
    longest = place.max(initial=0)
    reach = 1
    while reach <= longest:
        np.maximum(latest[reach:], latest[:-reach].copy(), out=latest[reach:], where=place[reach:] >= reach)
        reach *= 2
    return latest


def latest_before(times: NDArray[np.float64], place: NDArray[np.int64]) -> NDArray[np.float64]:
    """The latest time of each group before each member; -inf for the first."""
    import numpy as np

    latest = np.roll(latest_so_far(times, place), 1)
    latest[place == 0] = -np.inf
    return latest


def first_at_once(speech: Speech) -> NDArray[np.int64]:
    """For each turn the first turn of its call that starts at the same moment."""
    import numpy as np

    later = np.diff(speech.start, prepend=-np.inf) != 0
    members = np.arange(len(speech.start))
    at_once: NDArray[np.int64] = np.maximum.accumulate(np.where(later | (speech.place == 0), members, 0))
    return at_once


@dataclass(frozen=True)
class Stretches:
    """Stretches of time in calls, by call and start. row: (stretches,) int64. start, end: (stretches,) float64."""

    row: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


def talk_of(speech: Speech) -> tuple[Stretches, NDArray[np.int8]]:
    """When each speaker of each call speaks, own overlaps and touching turns joined; and who that is."""
    import numpy as np

    speaker = speech.row * (OTHER + 1) + speech.who
    order = np.argsort(speaker, kind="stable")
    start, end = speech.start[order], speech.end[order]
    place, _ = _places(speaker[order])
    begins = np.flatnonzero(start > latest_before(end, place))
    ends = np.full(len(order), np.nan)
    ends[order[begins]] = np.maximum.reduceat(end, begins) if len(begins) else 0.0
    at = np.flatnonzero(~np.isnan(ends))
    return Stretches(speech.row[at], speech.start[at], ends[at]), speech.who[at]


def overlap_of(talk: Stretches) -> Stretches:
    """When two or more speak, from the stretches of talk of single speakers.

    Where two or more speak, the one who began last speaks over somebody who began before: so each stretch of talk
    gives its part up to the latest end of those before it, and these parts are joined.
    """
    import numpy as np

    place, _ = _places(talk.row)
    ends = np.minimum(talk.end, latest_before(talk.end, place))
    over = np.flatnonzero(ends > talk.start)
    row, start, end = talk.row[over], talk.start[over], ends[over]
    place, _ = _places(row)
    begins = np.flatnonzero(start > latest_before(end, place))
    joined = np.maximum.reduceat(end, begins) if len(begins) else np.zeros(0)
    return Stretches(row[begins], start[begins], joined)
