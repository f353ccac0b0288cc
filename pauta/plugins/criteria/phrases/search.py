"""Where the phrases of one use are found in a batch: by its speaker, in its window, each place once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pauta.plugins.criteria.phrases.asked import Asked
from pauta.plugins.criteria.phrases.language import PATTERN_SECONDS
from pauta.plugins.criteria.phrases.matcher import Hits, spans
from pauta.plugins.criteria.phrases.transcripts import Transcripts
from pauta.plugins.criteria.phrases.window import Reach

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
        found = [*self._plain(), *self._open(), *self._patterns(too_slow)]
        return sorted(set(found))

    def _own(self, slots: NDArray[np.int64]) -> slice:
        import numpy as np

        low, high = np.searchsorted(slots, [self.first_slot, self.first_slot + len(self.asked.slots)])
        return slice(int(low), int(high))

    def _plain(self) -> Iterator[Place]:
        """Phrases of words alone: every hit that counts is a place; one that overlaps another of its phrase is not."""
        import numpy as np

        own = self._own(self.hits.slot)
        slot, turn, low, high = (each[own] for each in (self.hits.slot, self.hits.turn, self.hits.low, self.hits.high))
        counts = self.heard[turn]
        if self.reach and self.reach.low is not None and self.reach.high is not None:
            counts &= (low >= self.reach.low[turn]) & (high <= self.reach.high[turn])
        at = np.flatnonzero(counts)
        slot, turn, low, high = slot[at], turn[at], low[at], high[at]
        same = (slot[1:] == slot[:-1]) & (turn[1:] == turn[:-1])
        if (same & (low[1:] < high[:-1])).any():
            apart = list(_apart(zip(slot.tolist(), turn.tolist(), low.tolist(), high.tolist())))
            at, slot, turn = at[apart], slot[apart], turn[apart]
        starts, stops = self.hits.start[own][at], self.hits.stop[own][at]
        places = zip(turn.tolist(), starts.tolist(), stops.tolist(), (slot - self.first_slot).tolist())
        return map(Place._make, places)

    def _open(self) -> Iterator[Place]:
        """Phrases with gaps and stems: each turn that may hold one is searched."""
        own = self._own(self.hits.open_slot)
        slots, turns = self.hits.open_slot[own] - self.first_slot, self.hits.open_turn[own]
        counts = self.heard[turns]
        for slot, turn in zip(slots[counts].tolist(), turns[counts].tolist()):
            words = self.transcripts.words(turn)
            low, high = self._words(turn)
            for first, last in spans(self.asked.slots[slot].phrase, words[low:high]):
                yield Place(turn, words[low + first].start, words[low + last - 1].stop, slot)

    def _words(self, turn: int) -> tuple[int, int | None]:
        """Which words of a turn count."""
        if self.reach is None or self.reach.low is None or self.reach.high is None:
            return 0, None
        return int(self.reach.low[turn]), int(self.reach.high[turn])

    def _patterns(self, too_slow: dict[int, str]) -> Iterator[Place]:
        import numpy as np

        patterns = [(n, slot.phrase.text, slot.phrase.pattern) for n, slot in enumerate(self.asked.slots)]
        heard = np.flatnonzero(self.heard)
        for slot, text, pattern in patterns:
            if pattern is None:
                continue
            for turn, row in zip(heard.tolist(), self.transcripts.row[heard].tolist()):
                if row in too_slow:
                    continue
                low, high = self._letters(turn)
                try:
                    for match in pattern.finditer(self.transcripts.texts[turn], timeout=PATTERN_SECONDS):
                        if low <= match.start() < match.end() <= high:
                            yield Place(turn, match.start(), match.end(), slot)
                except TimeoutError:
                    number = turn - int(self.transcripts.first[row]) + 1
                    too_slow[row] = f"the pattern '{text}' took more than {PATTERN_SECONDS} s in turn {number}"

    def _letters(self, turn: int) -> tuple[int, int]:
        """Which part of the text of a turn counts."""
        text = self.transcripts.texts[turn]
        low, high = self._words(turn)
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
