"""Rows that are alike, told apart by column: what is asked once per combination of values, not once per row or card."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pauta.engine.model.columns import Coded, Numbers, Subject, Words

SPARSE: Final = 4
"""Codes with up to so many times more values than rows are renumbered by a table, which is cheaper than sorting."""


def distinct_rows(parts: Sequence[NDArray[np.integer]], rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The combinations of some columns: the first row of each, and for each row which of them it has."""
    keys, many = np.zeros(rows, dtype=np.int64), 1
    for part in parts:
        low, high = int(part.min(initial=0)), int(part.max(initial=0))
        if low != high:
            keys, many = _renumbered(keys * (high - low + 1) + (part - low), many * (high - low + 1))
    firsts = np.zeros(many if rows else 0, dtype=np.intp)
    firsts[keys[::-1]] = np.arange(rows - 1, -1, -1)
    return firsts, keys.astype(np.intp, copy=False)


def _renumbered(keys: NDArray[np.int64], span: int) -> tuple[NDArray[np.int64], int]:
    """Keys from 0 on in their order, and how many there are. span: above all of them."""
    if span > SPARSE * len(keys):
        distinct, numbered = np.unique(keys, return_inverse=True)
        return numbered.astype(np.int64, copy=False), len(distinct)
    there = np.zeros(span, dtype=np.bool_)
    there[keys] = True
    numbers = np.cumsum(there) - 1
    return numbers.take(keys), int(there.sum())


def rows_by_code(codes: NDArray[np.intp], many: int) -> list[NDArray[np.intp]]:
    """The rows that have each code from 0 to `many` - 1, in their order; those below 0 have none."""
    small = codes.astype(np.int16) if many < np.iinfo(np.int16).max else codes  # of 16 bits: sorted in one pass
    order = np.argsort(small, kind="stable")
    bounds = np.searchsorted(small[order], np.arange(many + 1, dtype=small.dtype))
    return [order[start:stop] for start, stop in pairwise(bounds)]


def taken_from(subject: Subject, rows: NDArray[np.intp] | None) -> Subject:
    """Some rows of a subject of conditions; None is all of them."""
    if rows is None:
        return subject
    if isinstance(subject, Words):
        return Words(Coded(subject.column.codes[rows], subject.column.values))
    return Numbers(subject.values[rows])
