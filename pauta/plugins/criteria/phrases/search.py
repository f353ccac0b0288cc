"""Where the phrases of one use are found in a batch: by its speaker, in its window, each place once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pauta.plugins.criteria.phrases.asked import Asked
from pauta.plugins.criteria.phrases.language import PATTERN_SECONDS
from pauta.plugins.criteria.phrases.matcher import Hits
from pauta.plugins.criteria.phrases.transcripts import Stretch, Transcripts
from pauta.plugins.criteria.phrases.window import Reach

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CALL_SECONDS: Final = 2.0
"""How long one pattern may search one call, beside PATTERN_SECONDS for each turn."""


class Place(NamedTuple):
    """One place where a phrase was found: turn of the batch, text[start:stop] of it, slot of the use."""

    turn: int
    start: int
    stop: int
    slot: int


@dataclass(frozen=True)
class Search:
    """One use over one batch.

    first_slot: where the slots of the use begin among those of the hits. heard: (turns,) bool, turns of the speaker
    that the window takes in, as far as whole turns go.
    """

    asked: Asked
    first_slot: int
    hits: Hits
    transcripts: Transcripts
    heard: NDArray[np.bool_]
    reach: Reach | None

    def places(self, too_slow: dict[int, str]) -> list[Place]:
        """Where phrases of the use were found. Calls in which a pattern took too long go to `too_slow`, with why."""
        whole, opened = self._own(self.hits.bounds), self._own(self.hits.open_bounds)
        spans = [self._whole(whole)] if whole else []
        spans += self._open(opened) if opened else []
        found: set[Place] = set()
        for slot, turn, low, high in spans:
            starts, stops = self.transcripts.located(turn, low, high)
            found.update(map(Place, turn.tolist(), starts.tolist(), stops.tolist(), slot.tolist()))
        return sorted(found.union(self._patterns(too_slow)))

    def _own(self, bounds: list[int]) -> slice | None:
        """Which of the hits are those of the use; None where there are none."""
        low, high = bounds[self.first_slot], bounds[self.first_slot + len(self.asked.slots)]
        return slice(low, high) if low < high else None

    def _whole(self, own: slice) -> NDArray[np.int64]:
        """(4, found) int64: slot, turn, low, high of what the pass found itself, as far as it counts and is apart."""
        import numpy as np

        slot, turn, low, high = found = np.array(
            [self.hits.slot[own] - self.first_slot, self.hits.turn[own], self.hits.low[own], self.hits.high[own]]
        )
        counts = self.heard[turn]
        if self.reach and self.reach.low is not None and self.reach.high is not None:
            counts &= (low >= self.reach.low[turn]) & (high <= self.reach.high[turn])
        slot, turn, low, high = found = found[:, counts]
        same = (slot[1:] == slot[:-1]) & (turn[1:] == turn[:-1])
        if (same & (low[1:] < high[:-1])).any():
            found = found[:, list(_apart(zip(slot.tolist(), turn.tolist(), low.tolist(), high.tolist())))]
        return found

    def _open(self, own: slice) -> Iterator[NDArray[np.int64]]:
        """(4, found) int64 a stretch: slot, turn, low, high of phrases with gaps, in turns that may hold them."""
        import numpy as np

        slots, turns = self.hits.open_slot[own] - self.first_slot, self.hits.open_turn[own]
        counts = self.heard[turns]
        slots, turns = slots[counts], turns[counts]
        phrases = [slot.phrase for slot in self.asked.slots]
        searchers: list[Any] = [each.coded_searcher if each.wordings else None for each in phrases]
        for stretch, at in self.transcripts.by_stretch(turns):
            held = turns[at] - stretch.first
            low, high = self._words(turns[at])
            begins, ends = stretch.blanks[stretch.first_blanks[held] + [low, high]]
            asked = zip(slots[at].tolist(), held.tolist(), begins.tolist(), ends.tolist())
            spans = [
                (slot, turn, *span)
                for slot, turn, begin, end in asked
                if searchers[slot] is None or searchers[slot].search(stretch.raw, begin, end)  # most turns end here
                for span in self._spans(slot, stretch, turn, begin, end)
            ]
            slot, turn, begin, end = np.array(spans, dtype=np.int64).reshape(-1, 4).T
            low, high = stretch.words_at(begin, turn), stretch.words_at(end, turn)
            yield np.array([slot, turn + stretch.first, low, high])

    def _spans(self, slot: int, stretch: Stretch, turn: int, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Where a phrase lies between two places of a turn: from the blank before it to the blank after it."""
        phrase = self.asked.slots[slot].phrase
        if phrase.coded_searcher is not None:
            for coded in phrase.coded_searcher.finditer(stretch.raw, begin, end):
                yield coded.span()
            return
        shift = int(stretch.begins[turn])
        words = "".join(f" {word.text}" for word in self.transcripts.words(turn + stretch.first))
        for found in phrase.searcher.finditer(words, begin - shift, end - shift):
            yield found.start() + shift, found.end() + shift

    def _words(self, turns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which words of some turns count: from low up to high."""
        import numpy as np

        if self.reach is None or self.reach.low is None or self.reach.high is None:
            return np.zeros_like(turns), self.transcripts.word_counts[turns]
        return self.reach.low[turns], self.reach.high[turns]

    def _patterns(self, too_slow: dict[int, str]) -> Iterator[Place]:
        import numpy as np

        if not self.asked.patterns:
            return
        heard = np.flatnonzero(self.heard)
        for slot in self.asked.patterns:
            pattern, text = self.asked.slots[slot].phrase.pattern, self.asked.slots[slot].phrase.text
            assert pattern is not None
            spent: dict[int, float] = {}
            for turn, row in zip(heard.tolist(), self.transcripts.row[heard].tolist()):
                if row in too_slow:
                    continue
                started = perf_counter()
                low, high = self._letters(turn)
                try:
                    for match in pattern.finditer(self.transcripts.texts[turn], timeout=PATTERN_SECONDS):
                        if low <= match.start() < match.end() <= high:
                            yield Place(turn, match.start(), match.end(), slot)
                except TimeoutError:
                    number = turn - int(self.transcripts.first[row]) + 1
                    too_slow[row] = f"the pattern '{text}' took more than {PATTERN_SECONDS} s in turn {number}"
                spent[row] = spent.get(row, 0.0) + perf_counter() - started
                if spent[row] > CALL_SECONDS:
                    too_slow.setdefault(row, f"the pattern '{text}' took more than {CALL_SECONDS} s in the call")

    def _letters(self, turn: int) -> tuple[int, int]:
        """Which part of the text of a turn counts."""
        text, low, high = self.transcripts.texts[turn], 0, None
        if self.reach is not None and self.reach.low is not None and self.reach.high is not None:
            low, high = int(self.reach.low[turn]), int(self.reach.high[turn])
        if high is None:
            return 0, len(text)
        words = self.transcripts.words(turn)
        return words[low].start if low else 0, words[high - 1].stop if high < len(words) else len(text)


def _apart(hits: Iterator[tuple[int, int, int, int]]) -> Iterator[int]:
    """The numbers of the hits that do not overlap one that came before and counts: slot, turn, low, high of each."""
    last = (-1, -1, 0)
    for n, (slot, turn, low, high) in enumerate(hits):
        if (slot, turn) != last[:2] or low >= last[2]:
            last = (slot, turn, high)
            yield n
