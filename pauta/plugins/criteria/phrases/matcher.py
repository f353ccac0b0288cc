"""All phrases of all uses in one automaton, and one pass of it over the words of a batch.

A phrase of nothing but words is found by the automaton itself, borders and all: it looks for ' full name ' in words
between single blanks. Of a phrase with gaps or stems it looks for the longest run of words that each wording must
have, and only turns with such a run are searched for the phrase.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pauta.plugins.criteria.phrases.folding import Word
from pauta.plugins.criteria.phrases.language import Gap, Sought, Wording
from pauta.plugins.criteria.phrases.transcripts import OTHER, Transcripts, coded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGE: Final = 50_000
"""Above this many bytes of words the automaton is kept small; below, it is a table, half as fast again."""


@dataclass(frozen=True)
class Hits:
    """What a pass found, in the order of slot, turn, place and preference of the wordings; it may overlap.

    All are (hits,) int64. slot: the position of the phrase among those of the matcher. turn: its number in the batch.
    low, high: which words of the turn were found, `high` not taken in. text[start:stop] of the turn is what was found.
    open_slot, open_turn: (candidates,) int64, phrases that a turn may hold: whether it does, `spans` says.
    """

    slot: NDArray[np.int64]
    turn: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    open_slot: NDArray[np.int64]
    open_turn: NDArray[np.int64]


class Targets:
    """For each literal of the automaton its targets, side by side: those of literal n are first[n] to first[n + 1]."""

    def __init__(self, targets: Sequence[Sequence[tuple[int, int]]]) -> None:
        import numpy as np

        flat = np.array([each for some in targets for each in some], dtype=np.int64).reshape(-1, 2)
        self.slot, self.rank = flat[:, 0], flat[:, 1]
        self.counts = np.array([len(some) for some in targets], dtype=np.int64)
        self.first = np.cumsum(self.counts) - self.counts

    def of(self, literals: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each target of each of some literals: which of them it belongs to, and which target it is."""
        import numpy as np

        counts = self.counts[literals]
        which = np.repeat(np.arange(len(literals)), counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return which, self.first[literals][which] + within


class PhraseMatcher:
    """The automaton of some phrases, made when it is first needed."""

    def __init__(self, phrases: Sequence[Sought]) -> None:
        self._plain: dict[bytes, list[tuple[int, int]]] = {}
        self._open: dict[bytes, list[tuple[int, int]]] = {}
        for slot, phrase in enumerate(phrases):
            literals = [_literal(wording) for wording in phrase.wordings]
            direct = phrase.plain and not any(OTHER in literal for literal in literals)
            for rank, literal in enumerate(literals):
                (self._plain if direct else self._open).setdefault(literal, []).append((slot, rank))

    @cached_property
    def _automaton(self) -> tuple[Any, Targets, Targets]:
        import ahocorasick_rs

        literals = list(self._plain | self._open)
        large = sum(map(len, literals)) > LARGE
        kind = None if large else ahocorasick_rs.Implementation.DFA
        automaton = ahocorasick_rs.BytesAhoCorasick(literals, implementation=kind)
        plain = Targets([self._plain.get(literal, ()) for literal in literals])
        return automaton, plain, Targets([self._open.get(literal, ()) for literal in literals])

    def hits(self, transcripts: Transcripts) -> Hits:
        """Everything that the pass finds in a batch."""
        import numpy as np

        found = [np.concatenate(arrays) for arrays in zip(*self._by_stretch(transcripts))]
        slot, turn, low, high, rank, start, stop, *opened = found or [np.zeros(0, dtype=np.int64)] * 9
        order = np.lexsort((rank, low, turn, slot))
        turns = max(len(transcripts.texts), 1)
        candidates = np.unique(opened[0] * turns + opened[1])
        slot, turn, low, high, rank, start, stop = (each[order] for each in (slot, turn, low, high, rank, start, stop))
        return Hits(slot, turn, low, high, start, stop, candidates // turns, candidates % turns)

    def _by_stretch(self, transcripts: Transcripts) -> Iterator[tuple[NDArray[np.int64], ...]]:
        import numpy as np

        if not self._plain and not self._open:
            return
        automaton, plain, opened = self._automaton
        for stretch in transcripts.stretches:
            found = automaton.find_matches_as_indexes(stretch.folded, overlapping=True)
            if not found:
                continue
            flat = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=3 * len(found))
            literals, begins, ends = flat.reshape(-1, 3).T
            turns = stretch.turns_at(begins)
            which, target = plain.of(literals)
            starts, stops, low, high = stretch.located(turns[which], begins[which] + 1, ends[which] - 1)
            held, opening = opened.of(literals)
            yield (
                plain.slot[target], turns[which] + stretch.first, low, high, plain.rank[target], starts, stops,
                opened.slot[opening], turns[held] + stretch.first,
            )  # fmt: skip


def _literal(wording: Wording) -> bytes:
    """The longest run of words that a wording must have, with its borders; the wording itself where it is plain."""
    runs: list[str] = [" "]
    for item in wording:
        if isinstance(item, Gap):
            runs.append(" ")
        elif item.stem:
            runs[-1] += item.text
            runs.append(" ")
        else:
            runs[-1] += f"{item.text} "
    return max(map(coded, runs), key=len)


def spans(phrase: Sought, words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Where words hold a phrase, from left to right and not overlapping: the first word and the one after the last."""
    text = "".join(f"{word.text} " for word in words)
    number = place = 0
    for found in phrase.searcher.finditer(text):
        first = number + text.count(" ", place, found.start())
        number = first + text.count(" ", *found.span())
        place = found.end()
        yield first, number
