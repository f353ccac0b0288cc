"""A card's closed questions, their tables one under another: few rows are summed for all sections at once.

For few rows it is the number of steps that takes the time, not the work in each. Sums are whole numbers here, as they
are in packed tables, so that they come to the same in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.groups import Codes


@dataclass(frozen=True)
class StackedSums:
    """The sums of all sections for some rows. words: by word; upper, lower: the sums of the score. (sections, rows)."""

    words: list[NDArray[np.int64]]
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]


class Stacked:
    """What each answer of each closed question adds, in one table.

    sections: for each the columns of its closed questions, and where its lower and its upper sum begin in the last
    word. tables: by column, (words, codes) int64.
    """

    def __init__(
        self, sections: Sequence[tuple[Sequence[int], int, int]], tables: dict[int, NDArray[np.int64]], words: int
    ) -> None:
        columns = [column for own, _, _ in sections for column in own]
        self._columns = np.array(columns, dtype=np.intp)
        self._as_they_stand = columns == list(range(len(columns)))
        self._tables = np.concatenate([np.zeros((words, 0), dtype=np.int64), *(tables[n] for n in columns)], axis=1)
        sizes = [tables[n].shape[1] for n in columns]
        self._first = (np.cumsum(sizes, dtype=np.intp) - sizes)[:, np.newaxis].astype(np.intp)
        counts = np.array([len(own) for own, _, _ in sections], dtype=np.intp)
        self._begins = (np.cumsum(counts) - counts)[counts > 0]
        self._filled = None if counts.all() else np.flatnonzero(counts)
        self._shape = words, len(sections)
        shifts = np.array([(lower, upper - lower) for _, lower, upper in sections], dtype=np.int64).reshape(-1, 2, 1)
        self._lower, self._width = shifts[:, 0], shifts[:, 1]
        self._lower_mask = (np.int64(1) << self._width) - 1

    def of(self, codes: Codes, rows: int) -> StackedSums:
        """The sums of every section over its closed questions. codes: by column, (rows,) integers."""
        found = self._words(codes, rows)
        sums = found[-1] >> self._lower
        upper, lower = (sums >> self._width).astype(np.float64), (sums & self._lower_mask).astype(np.float64)
        return StackedSums(list(found), upper, lower)

    def _words(self, codes: Codes, rows: int) -> NDArray[np.int64]:
        """(words, sections, rows)."""
        words, sections = self._shape
        if not len(self._begins):
            return np.zeros((words, sections, rows), dtype=np.int64)
        if isinstance(codes, np.ndarray):
            own = codes[: len(self._columns)] if self._as_they_stand else codes[self._columns]
        else:
            own = np.array([codes[n] for n in self._columns.tolist()])
        index = own + self._first
        filled = np.add.reduceat(self._tables.take(index, axis=1), self._begins, axis=1)
        if self._filled is None:
            return filled
        found = np.zeros((words, sections, rows), dtype=np.int64)
        found[:, self._filled] = filled
        return found
