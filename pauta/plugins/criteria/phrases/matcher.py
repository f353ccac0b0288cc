"""All phrases of all uses in one automaton, and one pass of it over the words of a batch.

A phrase of nothing but words (and a stem at its end) is found by the automaton itself, borders and all: it looks for
' full name ' in words between single blanks. Of a phrase with gaps it looks for the longest run of words that each
wording must have, and only turns with such a run are searched for the phrase.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pauta.plugins.criteria.phrases.folding import OTHER, coded
from pauta.plugins.criteria.phrases.language import Gap, Sought, Wording
from pauta.plugins.criteria.phrases.transcripts import Transcripts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGE: Final = 50_000
"""Above this many bytes of words the automaton is kept small; below, it is a table, half as fast again."""


@dataclass(frozen=True)
class Hits:
    """What a pass found, in the order of slot, turn, place and preference of the wordings; it may overlap.

    All are (hits,) int64. slot: the position of the phrase among those of the matcher. turn: its number in the batch.
    low, high: which words of the turn were found, `high` not taken in. open_slot, open_turn: (candidates,) int64,
    phrases with gaps and turns that may hold them; whether they do, the searcher of the phrase says.
    bounds, open_bounds: the hits (candidates) of slot n are those from bounds[n] up to bounds[n + 1].
    """

    slot: NDArray[np.int64]
    turn: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    open_slot: NDArray[np.int64]
    open_turn: NDArray[np.int64]
    bounds: list[int]
    open_bounds: list[int]


class Targets:
    """What the literals of an automaton stand for: those of literal n are first[n] up to first[n] + counts[n].

    slot, rank, words: (targets,) int64, a phrase, one of its wordings, and how many words that has.
    """

    def __init__(self, targets: Sequence[Sequence[tuple[int, int, int]]]) -> None:
        import numpy as np

        flat = np.array([each for some in targets for each in some], dtype=np.int64).reshape(-1, 3)
        self.slot, self.rank, self.words = flat.T
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
        self._slots = len(phrases)
        self._whole: dict[bytes, list[tuple[int, int, int]]] = {}
        self._open: dict[bytes, list[tuple[int, int, int]]] = {}
        for slot, phrase in enumerate(phrases):
            literals = [_literal(wording) for wording in phrase.wordings]
            whole = phrase.unbroken and not any(OTHER in literal for literal in literals)
            for rank, (literal, wording) in enumerate(zip(literals, phrase.wordings)):
                (self._whole if whole else self._open).setdefault(literal, []).append((slot, rank, len(wording)))

    @cached_property
    def _automaton(self) -> tuple[Any, Targets, Targets]:
        import ahocorasick_rs

        literals = list(self._whole | self._open)
        large = sum(map(len, literals)) > LARGE
        kind = None if large else ahocorasick_rs.Implementation.DFA
        automaton = ahocorasick_rs.BytesAhoCorasick(literals, implementation=kind)
        whole = Targets([self._whole.get(literal, ()) for literal in literals])
        return automaton, whole, Targets([self._open.get(literal, ()) for literal in literals])

    def hits(self, transcripts: Transcripts) -> Hits:
        """Everything that the pass finds in a batch."""
        import numpy as np

        found = [np.concatenate(arrays) for arrays in zip(*self._by_stretch(transcripts))]
        slot, turn, low, high, rank, open_slot, open_turn = found or [np.zeros(0, dtype=np.int64)] * 7
        order = np.lexsort((rank, low, turn, slot))
        turns = max(len(transcripts.texts), 1)
        open_slot, open_turn = np.divmod(np.unique(open_slot * turns + open_turn), turns)
        slot = slot[order]
        slots = np.arange(self._slots + 1)
        bounds, open_bounds = (np.searchsorted(each, slots).tolist() for each in (slot, open_slot))
        return Hits(slot, turn[order], low[order], high[order], open_slot, open_turn, bounds, open_bounds)

    def _by_stretch(self, transcripts: Transcripts) -> Iterator[tuple[NDArray[np.int64], ...]]:
        import numpy as np

        if not self._whole and not self._open:
            return
        automaton, whole, opened = self._automaton
        for stretch in transcripts.stretches:
            found = automaton.find_matches_as_indexes(stretch.folded, overlapping=True)
            if not found:
                continue
            flat = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=3 * len(found))
            literals, begins, _ = flat.reshape(-1, 3).T
            turns = stretch.turns_at(begins)
            hit, target = whole.of(literals)
            low = stretch.words_at(begins[hit], turns[hit])
            held, opening = opened.of(literals)
            yield (
                whole.slot[target], turns[hit] + stretch.first, low, low + whole.words[target], whole.rank[target],
                opened.slot[opening], turns[held] + stretch.first,
            )  # fmt: skip


def _literal(wording: Wording) -> bytes:
    """The longest run of words that a wording must have, with its borders; the wording itself where it is unbroken."""
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
