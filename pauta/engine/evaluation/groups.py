"""Closed questions in groups: the codes of a group are the digits of one index into its tables of sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

GROUP_ENTRIES: Final = 4096
"""The largest table of a group, in entries of 8 bytes: it stays in a near cache."""
BYTE: Final = 256
FEW: Final = 512
"""Up to so many rows it is the number of steps that takes the time, not the work in each."""

Codes: TypeAlias = Sequence[NDArray[np.integer]] | NDArray[np.integer]
"""By position of the question, (rows,) codes; one array (questions, rows) where there are few."""
Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True, slots=True)
class Digit:
    """Questions whose codes make one digit of the index: as many as fit a byte, for arithmetic on bytes is cheapest.

    columns: their positions; radix: the number of codes of each; entries: of the digit.
    """

    columns: tuple[int, ...]
    radix: tuple[np.unsignedinteger, ...]
    entries: int

    def of(self, codes: Codes) -> NDArray[np.unsignedinteger]:
        """(rows,): the digit of every row. codes: by position, (rows,) integers."""
        dtype = self.radix[0].dtype
        digit: NDArray[np.unsignedinteger] = codes[self.columns[0]].astype(dtype, copy=False)
        for column, radix in zip(self.columns[1:], self.radix[1:], strict=True):
            digit = digit * radix
            digit += codes[column].astype(dtype, copy=False)
        return digit


@dataclass(frozen=True)
class Group:
    """Closed questions that share one index, and the tables that it leads into."""

    digits: tuple[Digit, ...]
    tables: tuple[NDArray[np.int64] | NDArray[np.float64], ...]

    def index(self, codes: Codes) -> NDArray[np.intp]:
        """(rows,): the index of every row into the tables, the first question's code its highest digit."""
        first, *others = self.digits
        if not others and len(first.columns) == 1:
            return codes[first.columns[0]].astype(np.intp)
        index = first.of(codes)
        for digit in others:
            index = index * np.uint16(digit.entries)
            index += digit.of(codes)
        return index.astype(np.intp)


class Indexes:
    """The indexes of many groups. For few rows they are worked out all at once, for many each when its turn comes."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._columns = [column for group in groups for digit in group.digits for column in digit.columns]
        self._places = np.array([place for group in groups for place in _places(group)], dtype=np.intp)[:, np.newaxis]
        sizes = [sum(len(digit.columns) for digit in group.digits) for group in groups]
        self._starts = np.cumsum([0, *sizes[:-1]])

    def of(self, codes: Codes, rows: int) -> Iterator[NDArray[np.intp]]:
        """For each group in turn, (rows,): the index of every row into its tables."""
        if rows > FEW or not self._groups:
            yield from (group.index(codes) for group in self._groups)
            return
        taken = np.concatenate([codes[column] for column in self._columns], dtype=np.intp, casting="same_kind")
        yield from np.add.reduceat(taken.reshape(len(self._columns), rows) * self._places, self._starts)


def _places(group: Group) -> Iterator[int]:
    """What each code of a group counts for in its index."""
    radix = [int(each) for digit in group.digits for each in digit.radix]
    yield from (prod(radix[n + 1 :]) for n in range(len(radix)))


def digits_of(columns: Sequence[int], sizes: Sequence[int]) -> tuple[Digit, ...]:
    """Questions in their order as digits. sizes: how many codes each has."""
    shares: list[list[tuple[int, int]]] = []
    entries: list[int] = []
    for column, size in zip(columns, sizes, strict=True):
        if entries and entries[-1] * size <= BYTE:
            shares[-1].append((column, size))
            entries[-1] *= size
        else:
            shares.append([(column, size)])
            entries.append(size)
    return tuple(_digit(share, count) for share, count in zip(shares, entries, strict=True))


def _digit(share: Sequence[tuple[int, int]], entries: int) -> Digit:
    columns, sizes = zip(*share, strict=True)
    unsigned = np.min_scalar_type(max(sizes)).type
    return Digit(columns, tuple(unsigned(size) for size in sizes), entries)


def grouped(columns: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """The columns in groups, each in the first group that has room for it, those with most answers first."""
    groups: list[list[int]] = []
    entries: list[int] = []
    for size, column in sorted(zip(sizes, columns, strict=True), reverse=True):
        room = next((n for n, taken in enumerate(entries) if taken * size <= GROUP_ENTRIES), len(groups))
        if room == len(groups):
            groups.append([])
            entries.append(1)
        groups[room].append(column)
        entries[room] *= size
    return groups


def summed(tables: Sequence[NDArray[Number]]) -> NDArray[Number]:
    """The table of sums over all combinations of entries, flat, the first table's index the highest digit."""
    total = tables[0]
    for table in tables[1:]:
        total = np.add.outer(total, table).ravel()
    return total
