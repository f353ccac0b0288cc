"""What was said in the calls of a batch: whose the turns are, when they were said, and where their words are folded."""

from __future__ import annotations

from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING

from pauta import Turns
from pauta.plugins.criteria.phrases.folding import Word
from pauta.plugins.criteria.phrases.stretches import Folded, Stretch

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray


class Transcripts:
    """All turns of a batch, counted through from 0, row by row.

    row: (turns,) int64, the call of each turn. first, counts: (rows,) int64, the first turn of each call and how many
    it has. folded, place: where the words are, and which turn there each turn is, (turns,) int64; a text may be folded
    for several batches at once.
    """

    def __init__(self, turns: Turns, folded: Folded | None = None, place: NDArray[np.int64] | None = None) -> None:
        import numpy as np

        positions = turns.positions()
        self.counts = turns.counts
        self.first = np.cumsum(self.counts) - self.counts
        self.row = np.repeat(np.arange(len(turns)), self.counts)
        self.starts, self.ends = turns.starts[positions], turns.ends[positions]
        """(turns,) float64: seconds, NaN where not known."""
        self._speakers, self._names = turns.speakers.codes[positions], turns.speakers.values
        self.folded = folded or Folded([turns.texts[n] for n in positions.tolist()])
        self.place = np.arange(len(positions)) if place is None else place
        self._by: dict[str | None, NDArray[np.bool_]] = {}
        self._silent: dict[str | None, list[int]] = {}

    def __len__(self) -> int:
        return len(self.row)

    def text(self, turn: int) -> str:
        """What was said in a turn, as it was written."""
        text: str = self.folded.texts[int(self.place[turn])]
        return text

    def words(self, turn: int) -> list[Word]:
        """The words of one turn."""
        return self.folded.words(int(self.place[turn]))

    def speaker(self, turn: int) -> str:
        """Who said a turn."""
        return self._names[int(self._speakers[turn])]

    def start(self, turn: int) -> float | None:
        """When a turn starts, in seconds, None where that is not known."""
        seconds: float = self.starts.item(turn)
        return None if isnan(seconds) else seconds

    @cached_property
    def word_counts(self) -> NDArray[np.int64]:
        """(turns,) int64: how many words each turn has."""
        return self.folded.word_counts[self.place]

    @cached_property
    def spoken(self) -> NDArray[np.bool_]:
        """(turns,) bool: whether a turn has a word."""
        return self.folded.spoken[self.place]

    def by(self, speaker: str | None) -> NDArray[np.bool_]:
        """(turns,) bool: the turns of a speaker, None for anybody's."""
        import numpy as np

        if speaker not in self._by:
            said = np.array([speaker in (None, name) for name in self._names], dtype=np.bool_)
            self._by[speaker] = said[self._speakers]
        return self._by[speaker]

    def silent(self, speaker: str | None) -> list[int]:
        """The calls in which a speaker (None: anybody) says no word."""
        import numpy as np

        if speaker not in self._silent:
            self._silent[speaker] = np.flatnonzero(~self.any_by_row(self.spoken & self.by(speaker))).tolist()
        return self._silent[speaker]

    def any_by_row(self, turns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(rows,) bool: whether any turn of a call is among some turns."""
        import numpy as np

        found = np.zeros(len(self.counts), dtype=np.bool_)
        found[self.row[turns]] = True
        return found

    def by_stretch(self, turns: NDArray[np.int64]) -> Iterator[tuple[Stretch, NDArray[np.int64]]]:
        """The stretches that hold some turns, and which of the turns lie in each."""
        return self.folded.by_stretch(self.place[turns])

    def located(
        self, turns: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where words low to high (not taken in) of turns start and stop in the texts of these turns."""
        return self.folded.located(self.place[turns], low, high)
