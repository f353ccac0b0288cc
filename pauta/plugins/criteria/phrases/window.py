"""Where in a call a phrase must lie: `within: {first | last: 20 s | 3 turns | 50 words}`.

    read_window(options)    a Window; ValueError with a sentence where it cannot be read
    Window.reach(...)       which turns of a batch, and which of their words, it takes in

Seconds count from the first spoken moment or back from the last; a turn is within the first ones if it starts there,
within the last ones if it ends there. Turns and words are counted over all speakers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pauta.plugins.criteria.phrases.transcripts import Transcripts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}
_AMOUNT: Final = re.compile(r"(\d+(?:[.,]\d+)?) ?(s|min|h|turns?|words?)")
_NOISE: Final = 1e-9
"""Differences of sums of seconds below this are none."""


@dataclass(frozen=True)
class Reach:
    """What a window takes in.

    inside: (turns,) bool. known: (rows,) bool, False where the times it needs are missing. low, high: (turns,) int64,
    which words of a turn; None where it takes in whole turns.
    """

    inside: NDArray[np.bool_]
    known: NDArray[np.bool_]
    low: NDArray[np.int64] | None = None
    high: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The first or the last seconds, turns or words of a call. `written` as in the card: `first 20 s`."""

    end: str
    amount: float
    unit: str
    written: str

    def reach(self, transcripts: Transcripts) -> Reach:
        """Which turns and words of a batch lie in the window."""
        return {"s": self._seconds, "turns": self._turns, "words": self._words}[self.unit](transcripts)

    def _seconds(self, transcripts: Transcripts) -> Reach:
        import numpy as np

        row = transcripts.row
        times = transcripts.starts if self.end == "first" else transcripts.ends
        known = ~transcripts.any_by_row(np.isnan(times) & transcripts.spoken)
        edge = np.full(len(known), np.inf if self.end == "first" else -np.inf)
        if self.end == "first":
            np.fmin.at(edge, row, times)
            inside = times <= edge[row] + self.amount + _NOISE
        else:
            np.fmax.at(edge, row, times)
            inside = times >= edge[row] - self.amount - _NOISE
        return Reach(inside & known[row], known)

    def _turns(self, transcripts: Transcripts) -> Reach:
        import numpy as np

        row, counts = transcripts.row, transcripts.counts
        place = np.arange(len(row)) - transcripts.first[row]
        inside = place < self.amount if self.end == "first" else place >= counts[row] - self.amount
        return Reach(inside, np.ones(len(counts), dtype=np.bool_))

    def _words(self, transcripts: Transcripts) -> Reach:
        import numpy as np

        row, words = transcripts.row, transcripts.word_counts
        total = np.zeros(len(transcripts.counts), dtype=np.int64)
        np.add.at(total, row, words)
        before = np.cumsum(words) - words - (np.cumsum(total) - total)[row]
        low, high = np.zeros_like(words), words
        if self.end == "first":
            high = np.clip(int(self.amount) - before, 0, words)
        else:
            low = np.clip(total[row] - int(self.amount) - before, 0, words)
        return Reach(low < high, np.ones(len(total), dtype=np.bool_), low, high)


def read_window(options: Mapping[str, object]) -> Window:
    """The window that a card asks for; ValueError with a sentence where it cannot be read."""
    if len(options) != 1 or not options.keys() <= {"first", "last"}:
        raise ValueError("`within` takes one of `first` and `last`")
    end, written = next(iter(options.items()))
    found = _AMOUNT.fullmatch(str(written).strip())
    if not found:
        raise ValueError(f"'{written}' is no stretch of a call; write 20 s, 1 min, 3 turns or 50 words")
    amount, unit = float(found[1].replace(",", ".")), found[2]
    unit = unit if unit in _SECONDS else unit.rstrip("s") + "s"
    if amount <= 0 or (unit not in _SECONDS and amount != int(amount)):
        raise ValueError(f"'{written}' is no stretch of a call: it is above 0, and turns and words are whole")
    in_seconds = unit in _SECONDS
    return Window(end, amount * _SECONDS.get(unit, 1.0), "s" if in_seconds else unit, f"{end} {written}")
