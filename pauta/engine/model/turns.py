"""The turns of many calls, held by column: what criteria over words and times work on.

    turns_of(calls)     from records of calls
    turns_from(...)     from columns, as tables of calls hold them

NumPy is imported inside the functions: the nouns of this package are also loaded by commands that hold no column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pauta.engine.model.columns import Coded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pauta.engine.model.calls import Call


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of the rows of a batch.

    texts, speakers: (turns,) as the records give them. starts, ends: (turns,) float64, seconds from the start of the
    call, NaN where not known. The turns of row r are first[r] up to first[r] + counts[r], (rows,) int64 both: rows may
    share turns, and need not take in all of them.
    """

    texts: Sequence[str]
    speakers: Coded[str]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    def of_rows(self, rows: NDArray[np.int64]) -> Turns:
        """Those of some rows, over the same columns: criteria look through a text once, whichever batch it is in."""
        return replace(self, first=self.first[rows], counts=self.counts[rows])

    def positions(self) -> NDArray[np.int64]:
        """Where the turns of all rows stand in the columns, row by row."""
        import numpy as np

        before = np.cumsum(self.counts) - self.counts
        positions: NDArray[np.int64] = np.repeat(self.first - before, self.counts) + np.arange(int(self.counts.sum()))
        return positions


def turns_from(
    texts: Sequence[str],
    speakers: Coded[str],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    offsets: NDArray[np.integer],
) -> Turns:
    """Turns from columns. offsets: (rows + 1,), the turns of row r are offsets[r] up to offsets[r + 1]."""
    import numpy as np

    first = offsets[:-1].astype(np.int64)
    return Turns(texts, speakers, starts, ends, first, offsets[1:].astype(np.int64) - first)


def turns_of(calls: Sequence[Call]) -> Turns:
    """The turns of calls."""
    import numpy as np

    turns = [turn for call in calls for turn in call.turns]
    speakers = [turn.speaker for turn in turns]
    code_of = {name: n for n, name in enumerate(dict.fromkeys(speakers))}
    counts = np.fromiter((len(call.turns) for call in calls), dtype=np.int64, count=len(calls))
    return Turns(
        [turn.text for turn in turns],
        Coded(np.fromiter(map(code_of.__getitem__, speakers), dtype=np.int32, count=len(turns)), tuple(code_of)),
        np.array([turn.start for turn in turns], dtype=np.float64),
        np.array([turn.end for turn in turns], dtype=np.float64),
        np.cumsum(counts) - counts,
        counts,
    )
