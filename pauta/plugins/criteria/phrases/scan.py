"""One pass over what was said, for all cards that are asked about the same calls.

Each text is folded once, however many cards look at it. Calls that the same cards are asked about are looked through
together, with one automaton for these cards; where few calls are, and the automaton is not there, each card's own is
used, for to make one costs more. So a call costs what its own cards cost, and cards that it does not meet cost it
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from pauta import Turns
from pauta.plugins.criteria.phrases.matcher import Automaton, Hits, PhraseMatcher, joined
from pauta.plugins.criteria.phrases.stretches import Folded, Stretch
from pauta.plugins.criteria.phrases.transcripts import Transcripts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORTH: Final = 50
"""From this many calls on, an automaton for the cards that they meet pays."""


class Scan:
    """The texts of some batches looked through for the phrases of some matchers, when the first one asks.

    asked: matchers, each with the turns of a batch. All turns are of the same columns (see Turns.of_rows).
    """

    def __init__(self, asked: Sequence[tuple[PhraseMatcher, Turns]]) -> None:
        self._asked = asked

    def of(self, matcher: PhraseMatcher, turns: Turns) -> tuple[Transcripts, Hits]:
        """The turns of a batch, and what was found in them."""
        import numpy as np

        if len(self._asked) == 1 and _each_once(turns):
            return _alone(matcher, turns)
        calls, found = self._calls, self._found.get(matcher, [])
        number = calls.numbers(turns)
        transcripts = Transcripts(turns, calls.folded, calls.turns_of(number))
        if not found:
            return transcripts, Hits(*[np.zeros(0, dtype=np.int64)] * 6)
        spoken = np.flatnonzero(turns.counts)
        order = np.argsort(number, kind="stable")
        rows, number = spoken[order], number[order]

        def moved(turn: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            """For folded turns: which of them each turn of the batch is, and its number in the batch."""
            call = calls.call_of[turn]
            low, high = (np.searchsorted(number, call, side=side) for side in ("left", "right"))
            which, at = joined(low, high - low)
            return which, transcripts.first[rows[at]] + (turn - calls.first[call])[which]

        slot, turn, low, high, open_slot, open_turn = (
            np.concatenate([getattr(each, name) for each in found]) for name in Hits.__dataclass_fields__
        )
        which, turn = moved(turn)
        order = np.lexsort((turn, slot[which]))
        which, turn = which[order], turn[order]
        open_which, open_turn = moved(open_turn)
        return transcripts, Hits(slot[which], turn, low[which], high[which], open_slot[open_which], open_turn)

    @cached_property
    def _calls(self) -> _Calls:
        return _calls([turns for _, turns in self._asked], [matcher for matcher, _ in self._asked])

    @cached_property
    def _found(self) -> dict[PhraseMatcher, list[Hits]]:
        found: dict[PhraseMatcher, list[Hits]] = {}
        for met in self._calls.met:
            parts = list(_parts(self._calls.folded, met.begin, met.end))
            for automaton in _automata(met, parts[0][0].raw if parts else b""):
                for matcher, hits in automaton.hits(parts):
                    found.setdefault(matcher, []).append(hits)
        return found


@dataclass(frozen=True)
class _Met:
    """Calls that the same matchers look through: turns begin to end (not taken in) of those that are folded."""

    matchers: Sequence[PhraseMatcher]
    calls: int
    begin: int
    end: int


@dataclass(frozen=True)
class _Calls:
    """The calls of all batches, each once, those that the same matchers look through side by side.

    at: (calls,) where their turns begin in the columns, in order, number: (calls,) which call each is. first, counts:
    (calls,) its turns among those that are folded. call_of: (turns,) the call of each. All are int64.
    """

    folded: Folded
    met: Sequence[_Met]
    at: NDArray[np.int64]
    number: NDArray[np.int64]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]
    call_of: NDArray[np.int64]

    def numbers(self, turns: Turns) -> NDArray[np.int64]:
        """Which calls the rows with turns are."""
        import numpy as np

        return self.number[np.searchsorted(self.at, turns.first[turns.counts > 0])]

    def turns_of(self, calls: NDArray[np.int64]) -> NDArray[np.int64]:
        """The folded turns of some calls, call by call."""
        return joined(self.first[calls], self.counts[calls])[1]


def _each_once(turns: Turns) -> bool:
    """Whether the turns of the rows stand one after another in the columns, so that no two rows share any."""
    first = turns.first[turns.counts > 0]
    return bool((first[1:] > first[:-1]).all())


def _alone(matcher: PhraseMatcher, turns: Turns) -> tuple[Transcripts, Hits]:
    """The turns of a batch that is the only one, and what was found in them: they are folded as they stand."""
    import numpy as np

    transcripts = Transcripts(turns)
    parts = list(_parts(transcripts.folded, 0, len(transcripts)))
    if not parts:
        return transcripts, Hits(*[np.zeros(0, dtype=np.int64)] * 6)
    ((_, hits),) = matcher.automaton((), parts[0][0].raw).hits(parts)
    return transcripts, hits


def _calls(asked: Sequence[Turns], matchers: Sequence[PhraseMatcher]) -> _Calls:
    import numpy as np

    begins = [turns.first[turns.counts > 0] for turns in asked]
    at, found = np.unique(np.concatenate(begins), return_index=True)
    lengths = np.concatenate([turns.counts[turns.counts > 0] for turns in asked])[found]
    distinct = sorted(set(matchers), key=id)
    meets = np.zeros((len(distinct), len(at)), dtype=np.bool_)
    for matcher, own in zip(matchers, begins):
        meets[distinct.index(matcher), np.searchsorted(at, own)] = True
    kind_of = np.zeros(len(at), dtype=np.int64)
    if len(distinct) > 1:
        kind_of = np.unique(np.packbits(meets, axis=0), axis=1, return_inverse=True)[1].ravel()
    order = np.argsort(kind_of, kind="stable")
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    counts = lengths[order]
    ends = np.cumsum(counts)
    which, positions = joined(at[order], counts)
    bounds = np.searchsorted(kind_of[order], np.arange(int(kind_of.max(initial=-1)) + 2)).tolist()
    met = [
        _Met([distinct[n] for n in np.flatnonzero(meets[:, order[low]]).tolist()], high - low, begin, end)
        for low, high in pairwise(bounds)
        for begin, end in [(int(ends[low] - counts[low]), int(ends[high - 1]))]
    ]
    texts = asked[0].texts
    folded = Folded([texts[n] for n in positions.tolist()])
    return _Calls(folded, met, at, number, ends - counts, counts, which)


def _automata(met: _Met, text: bytes) -> Iterator[Automaton]:
    """One for all matchers, or one for each where making that does not pay."""
    first, *others = met.matchers
    if not others or met.calls >= WORTH or first.knows(others):
        yield first.automaton(others, text)
    else:
        yield from (matcher.automaton((), text) for matcher in met.matchers)


def _parts(folded: Folded, begin: int, end: int) -> Iterator[tuple[Stretch, int, int]]:
    """Some turns stretch by stretch: the stretch, and which of its turns."""
    for stretch in folded.stretches:
        low, high = max(begin - stretch.first, 0), min(end - stretch.first, len(stretch.begins))
        if low < high:
            yield stretch, low, high
