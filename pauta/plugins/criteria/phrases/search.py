"""Where the phrases of all uses are found in a batch: by their speakers, in their windows, each place once.

Speakers and windows are asked of all hits at once, by arithmetic; only phrases with gaps and patterns are searched for
in the turns, and only where they may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from pauta.plugins.criteria.phrases.asked import Asked
from pauta.plugins.criteria.phrases.language import PATTERN_SECONDS, Sought
from pauta.plugins.criteria.phrases.matcher import Hits, PhraseMatcher
from pauta.plugins.criteria.phrases.stretches import Stretch
from pauta.plugins.criteria.phrases.transcripts import Transcripts
from pauta.plugins.criteria.phrases.window import Reach, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CALL_SECONDS: Final = 2.0
"""How long one pattern may search one call, beside PATTERN_SECONDS for each turn."""


class Place(NamedTuple):
    """One place where a phrase was found: turn of the batch, text[start:stop] of it, slot of the matcher."""

    turn: int
    start: int
    stop: int
    slot: int


@dataclass(frozen=True)
class Heard:
    """What uses with one speaker and one window listen to. turns: (turns,) bool, as far as whole turns go."""

    turns: NDArray[np.bool_]
    reach: Reach | None

    def low(self, turn: NDArray[np.int64]) -> NDArray[np.int64] | int:
        """The first word of some turns that counts."""
        return 0 if self.reach is None or self.reach.low is None else self.reach.low[turn]

    def high(self, turn: NDArray[np.int64], transcripts: Transcripts) -> NDArray[np.int64]:
        """How many words of some turns there are up to the last one that counts."""
        if self.reach is None or self.reach.high is None:
            return transcripts.word_counts[turn]
        return self.reach.high[turn]


class Search:
    """All uses of a matcher over one batch."""

    def __init__(self, matcher: PhraseMatcher, hits: Hits, transcripts: Transcripts) -> None:
        self._matcher, self._hits, self._transcripts = matcher, hits, transcripts
        self.reaches: dict[Window | None, Reach | None] = {None: None}
        for _, window in matcher.kinds:
            if window is not None and window not in self.reaches:
                self.reaches[window] = window.reach(transcripts)
        self._heard = [_heard(speaker, self.reaches[window], transcripts) for speaker, window in matcher.kinds]
        self._heard_of = matcher.kind_of_slot
        self.too_slow: list[dict[int, str]] = [{} for _ in matcher.uses]
        """By use, the calls in which a pattern took too long, with why."""

    def heard(self, use: int) -> Heard:
        """What a use listens to."""
        return self._heard[self._matcher.kind_of[use]]

    def places(self) -> NDArray[np.int64]:
        """(4, places) int64: turn, start, stop and slot, each place once, in the order of use, turn, start, stop, slot.

        Fills `too_slow`.
        """
        import numpy as np

        slot, turn, low, high = np.concatenate([self._whole(), *self._verified()], axis=1)
        starts, stops = self._transcripts.located(turn, low, high)
        found = np.array([turn, starts, stops, slot])
        patterns = list(self._patterns())
        if patterns:
            found = np.concatenate([found, np.array(patterns, dtype=np.int64).T], axis=1)
        found = found[:, np.lexsort((found[3], found[2], found[1], found[0], self._matcher.use_of[found[3]]))]
        return found[:, np.append(True, (found[:, 1:] != found[:, :-1]).any(axis=0))[: found.shape[1]]]

    def _counts(self, slot: NDArray[np.int64], turn: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which phrases in which turns may count, as far as whole turns go."""
        import numpy as np

        if len(self._heard) == 1:
            return self._heard[0].turns[turn]
        return np.array([heard.turns for heard in self._heard])[self._heard_of[slot], turn]

    def _whole(self) -> NDArray[np.int64]:
        """(4, found) int64: slot, turn, low, high of what the pass found itself, as far as it counts and is apart."""
        import numpy as np

        hits = self._hits
        slot, turn, low, high = found = np.array([hits.slot, hits.turn, hits.low, hits.high])
        counts = self._counts(slot, turn)
        for n, heard in enumerate(self._heard):
            if heard.reach is not None and heard.reach.low is not None:
                own = self._heard_of[slot] == n
                counts &= ~own | ((low >= heard.low(turn)) & (high <= heard.high(turn, self._transcripts)))
        slot, turn, low, high = found = found[:, counts]
        same = (slot[1:] == slot[:-1]) & (turn[1:] == turn[:-1])
        if (same & (low[1:] < high[:-1])).any():
            found = found[:, list(_apart(zip(slot.tolist(), turn.tolist(), low.tolist(), high.tolist())))]
        return found

    def _verified(self) -> Iterator[NDArray[np.int64]]:
        """(4, found) int64 a stretch: slot, turn, low, high of phrases with gaps, in turns that may hold them."""
        import numpy as np

        slots, turns = self._hits.open_slot, self._hits.open_turn
        counts = self._counts(slots, turns)
        slots, turns = slots[counts], turns[counts]
        low, high = self._words(slots, turns)
        for stretch, at in self._transcripts.by_stretch(turns):
            first = stretch.first_blanks[self._transcripts.place[turns[at]] - stretch.first]
            between = stretch.blanks[first + low[at]], stretch.blanks[first + high[at]]
            spans = self._spans(stretch, *(each.tolist() for each in (slots[at], turns[at], *between)))
            slot, turn, begin, end = np.array(list(spans), dtype=np.int64).reshape(-1, 4).T
            held = self._transcripts.place[turn] - stretch.first
            yield np.array([slot, turn, stretch.words_at(begin, held), stretch.words_at(end, held)])

    def _words(self, slots: NDArray[np.int64], turns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which words of some turns count for some phrases: from low up to high."""
        import numpy as np

        low, high = np.zeros_like(turns), self._transcripts.word_counts[turns]
        for n, heard in enumerate(self._heard):
            if heard.reach is not None and heard.reach.low is not None:
                own = self._heard_of[slots] == n
                low[own], high[own] = heard.low(turns[own]), heard.high(turns[own], self._transcripts)
        return low, high

    def _spans(
        self, stretch: Stretch, slots: list[int], turns: list[int], begins: list[int], ends: list[int]
    ) -> Iterator[tuple[int, int, int, int]]:
        """Slot, turn and where the phrase lies in the stretch, from the blank before it to the blank after it."""
        phrases, raw = self._matcher.phrases, stretch.raw
        for slot, turn, begin, end in zip(slots, turns, begins, ends):
            searcher = phrases[slot].coded_searcher
            if searcher is None:
                for low, high in self._spelt(phrases[slot], stretch, turn, begin, end):
                    yield slot, turn, low, high
            elif searcher.search(raw, begin, end):  # most turns end here
                for found in searcher.finditer(raw, begin, end):
                    yield slot, turn, *found.span()

    def _spelt(self, phrase: Sought, stretch: Stretch, turn: int, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The same for a phrase with letters that bytes do not tell apart: its words are spelt out."""
        shift = int(stretch.begins[self._transcripts.place[turn] - stretch.first])
        words = "".join(f" {word.text}" for word in self._transcripts.words(turn))
        for found in phrase.searcher.finditer(words, begin - shift, end - shift):
            yield found.start() + shift, found.end() + shift

    def _patterns(self) -> Iterator[Place]:
        for use, slot in self._matcher.patterns:
            yield from self._pattern(use, self._matcher.uses[use], slot)

    def _pattern(self, use: int, asked: Asked, slot: int) -> Iterator[Place]:
        import numpy as np

        pattern, text = asked.slots[slot].phrase.pattern, asked.slots[slot].phrase.text
        assert pattern is not None
        too_slow, heard = self.too_slow[use], self.heard(use)
        turns = np.flatnonzero(heard.turns)
        spent: dict[int, float] = {}
        for turn, row in zip(turns.tolist(), self._transcripts.row[turns].tolist()):
            if row in too_slow:
                continue
            started = perf_counter()
            low, high = self._letters(heard, turn)
            try:
                for match in pattern.finditer(self._transcripts.text(turn), timeout=PATTERN_SECONDS):
                    if low <= match.start() < match.end() <= high:
                        yield Place(turn, match.start(), match.end(), self._matcher.first[use] + slot)
            except TimeoutError:
                number = turn - int(self._transcripts.first[row]) + 1
                too_slow[row] = f"the pattern '{text}' took more than {PATTERN_SECONDS} s in turn {number}"
            spent[row] = spent.get(row, 0.0) + perf_counter() - started
            if spent[row] > CALL_SECONDS:
                too_slow.setdefault(row, f"the pattern '{text}' took more than {CALL_SECONDS} s in the call")

    def _letters(self, heard: Heard, turn: int) -> tuple[int, int]:
        """Which part of the text of a turn counts."""
        text = self._transcripts.text(turn)
        if heard.reach is None or heard.reach.low is None or heard.reach.high is None:
            return 0, len(text)
        low, high = int(heard.reach.low[turn]), int(heard.reach.high[turn])
        words = self._transcripts.words(turn)
        return words[low].start if low else 0, words[high - 1].stop if high < len(words) else len(text)


def _heard(speaker: str | None, reach: Reach | None, transcripts: Transcripts) -> Heard:
    by = transcripts.by(speaker)
    return Heard(by & reach.inside if reach else by, reach)


def _apart(hits: Iterator[tuple[int, int, int, int]]) -> Iterator[int]:
    """The numbers of the hits that do not overlap one that came before and counts: slot, turn, low, high of each."""
    last = (-1, -1, 0)
    for n, (slot, turn, low, high) in enumerate(hits):
        if (slot, turn) != last[:2] or low >= last[2]:
            last = (slot, turn, high)
            yield n
