"""Closed questions in groups: the codes of a group are the digits of one index into its tables of sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.cells import FIRST_ANSWER, State
from pauta.engine.evaluation.counters import Words

GROUP_ENTRIES: Final = 4096
"""The largest table of a group, in entries of 8 bytes: it stays in a near cache."""
WHOLE_ENTRIES: Final = 16_384
"""The largest table of a section whose questions are all in one group: what it saves is more than what it costs."""
LOWEST: Final = (FIRST_ANSWER, int(State.NOT_ASKED), 0)
"""Where the codes of a question may begin: with its answers, with not being asked, or with the first state."""
BYTE: Final = 256
FEW: Final = 512
"""Up to so many rows it is the number of steps that takes the time, not the work in each."""

Codes: TypeAlias = Sequence[NDArray[np.integer]] | NDArray[np.integer]
"""By position of the question, (rows,) codes; one array (questions, rows) where there are few."""
Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True, slots=True)
class Digit:
    """Questions whose codes make one digit of the index: as many as fit a byte, for arithmetic on bytes is cheapest.

    columns: their positions; radix: the number of codes of each; entries: of the digit; least: what the lowest codes
    come to, which is the digit 0.
    """

    columns: tuple[int, ...]
    radix: tuple[np.unsignedinteger, ...]
    entries: int
    least: np.unsignedinteger

    def of(self, codes: Codes) -> NDArray[np.unsignedinteger]:
        """(rows,): the digit of every row. codes: by position, (rows,) integers."""
        dtype = self.radix[0].dtype
        digit: NDArray[np.unsignedinteger] = codes[self.columns[0]].astype(dtype, copy=False)
        for n, (column, radix) in enumerate(zip(self.columns[1:], self.radix[1:], strict=True)):
            if n:
                digit *= radix
            else:
                digit = digit * radix  # what stands there so far may be the caller's
            digit += codes[column].astype(dtype, copy=False)
        return digit - self.least if self.least else digit  # a byte that ran over comes back here


@dataclass(frozen=True)
class Group:
    """Closed questions that share one index, and the tables that it leads into.

    words: of counters, and of sums where they stand there; sums: the upper and the lower one, where they do not.
    """

    digits: tuple[Digit, ...]
    words: tuple[Words, ...]
    sums: tuple[NDArray[np.float64], NDArray[np.float64]] | None

    def index(self, codes: Codes) -> NDArray[np.intp]:
        """(rows,): the index of every row into the tables, the first question's code its highest digit."""
        first, *others = self.digits
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


def digits_of(columns: Sequence[int], sizes: Sequence[int], lowest: Sequence[int]) -> tuple[Digit, ...]:
    """Questions in their order as digits. sizes: how many codes each has, from its lowest on."""
    shares: list[list[tuple[int, int, int]]] = []
    entries: list[int] = []
    for column, size, low in zip(columns, sizes, lowest, strict=True):
        if entries and entries[-1] * size <= BYTE:
            shares[-1].append((column, size, low))
            entries[-1] *= size
        else:
            shares.append([(column, size, low)])
            entries.append(size)
    return tuple(_digit(share, count) for share, count in zip(shares, entries, strict=True))


def _digit(share: Sequence[tuple[int, int, int]], entries: int) -> Digit:
    columns, sizes, lowest = zip(*share, strict=True)
    kind = np.min_scalar_type(max(size + low for _, size, low in share))
    least = 0
    for size, low in zip(sizes, lowest, strict=True):
        least = least * size + low
    radix = tuple(kind.type(size) for size in sizes)
    return Digit(columns, radix, entries, kind.type(least % 2 ** (8 * kind.itemsize)))  # as much of it as fits


def lowest_code(codes: NDArray[np.integer], at_most: int) -> int:
    """Where the codes of a question begin in some rows: one of LOWEST, and not above at_most."""
    if not at_most or not len(codes):
        return at_most
    least = int(np.minimum.reduce(codes))
    return next(step for step in LOWEST if step <= at_most and step <= least)


def in_one(columns: Sequence[int], sizes: Sequence[int]) -> list[int] | None:
    """The columns in the order of one group, None where that would be too large.

    Those with most answers come last: rows that differ in them alone are looked up near each other.
    """
    if prod(sizes) > WHOLE_ENTRIES:
        return None
    return [column for _, column in sorted(zip(sizes, columns, strict=True))]


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
