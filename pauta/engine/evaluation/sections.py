"""The tables of one section of a card, and what a block of rows comes to by them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.counters import Words
from pauta.engine.evaluation.groups import Group

WEIGHTED_BITS: Final = 16
"""The widest sums for which a section's weighted credit is looked up, in a table of half a megabyte."""

Amounts: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The upper and the lower sum, each (rows,) float64."""
Credit: TypeAlias = tuple[NDArray[np.float64], NDArray[np.bool_] | None]


@dataclass(frozen=True, slots=True)
class Packed:
    """Where the two sums stand in a section's last word, above the counters: from which bits, and how wide they are."""

    lower: int
    upper: int
    bits: int

    def of(self, word: Words) -> Amounts:
        """The upper and the lower sum of every row."""
        sums: NDArray[Any] = (word >> self.lower).astype(np.int32 if self.bits <= 32 else np.int64)
        lower = self.upper - self.lower
        return (sums >> lower).astype(np.float64), (sums & ((1 << lower) - 1)).astype(np.float64)


@dataclass(frozen=True)
class SectionTables:
    """The tables of one section: for each group its words, then the upper and the lower sum unless they are packed.

    Sums are held in whole multiples of 1 / `unit` (1: as they are). packed: None where they have tables of their own.
    """

    id: str
    weight: float | None
    groups: tuple[Group, ...]
    open: tuple[int, ...]
    unit: float
    can_fail: bool
    packed: Packed | None

    @property
    def at_once(self) -> bool:
        """Whether one index leads to all that its closed questions come to."""
        return self.packed is None and len(self.groups) == 1

    @cached_property
    def weighted(self) -> NDArray[np.float64] | None:
        """Weight times credit, NaN where there is none: quicker to look up than to work out.

        By the index where that leads to all, else by the packed sums, negative ones at the end. None where the section
        cannot have such a table.
        """
        if self.weight is None or self.open:
            return None
        if self.at_once:
            assert self.groups[0].sums is not None
            return credit(*self.groups[0].sums)[0] * self.weight
        if self.packed is None or self.packed.bits > WEIGHTED_BITS:
            return None
        sums = np.arange(1 << self.packed.bits)
        sums[len(sums) // 2 :] -= len(sums)
        return credit(*self.packed.of(sums << self.packed.lower))[0] * self.weight


@dataclass(frozen=True)
class SectionSums:
    """The sums of one section for a block of rows.

    own: the two sums of the score, None where they are packed, or where the section's one index leads to them. What
    stands in a word above the counters has no meaning here.
    """

    section: SectionTables
    words: list[Words]
    own: Amounts | None
    index: NDArray[np.intp] | None = None

    def amounts(self) -> Amounts:
        """The upper and the lower sum of every row, in units."""
        if self.own is not None:
            return self.own
        if self.index is not None:
            sums = self.section.groups[0].sums
            assert sums is not None
            return sums[0].take(self.index), sums[1].take(self.index)
        assert self.section.packed is not None
        return self.section.packed.of(self.words[-1])

    def weighted(self) -> NDArray[np.float64] | None:
        """(rows,) float64: weight times credit, NaN where there is none; None where it is to be worked out."""
        packed, table = self.section.packed, self.section.weighted
        if table is None:
            return None
        if self.index is not None:
            return table.take(self.index)
        assert packed is not None
        return table.take(self.words[-1] >> packed.lower, mode="wrap")


def credit(upper: NDArray[np.float64], lower: NDArray[np.float64] | float) -> Credit:
    """Upper over lower, NaN where lower is 0; and where it is, None for nowhere."""
    empty = np.less_equal(lower, 0.0)
    if not np.count_nonzero(empty):  # much quicker than `any` where there are few
        return upper / lower, None
    with np.errstate(divide="ignore", invalid="ignore"):
        found = upper / lower
    found[empty] = np.nan
    return found, empty
