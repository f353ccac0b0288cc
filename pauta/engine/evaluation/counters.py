"""Counters side by side in integers: what a row counts of errors, missing and unverified questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.model.scorecard import Harm

COUNTERS: Final = ("non_critical", *(harm.value for harm in Harm), "card", "section", "missing", "unverified", "open")
"""What is counted: errors by class; errors that fail the card or their section; missing and unverified questions; and
`open`: questions that could still fail the card, unverified or not looked at in an automatic evaluation."""

Words: TypeAlias = NDArray[np.signedinteger]
"""(rows,): counters side by side."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a counter stands: in which word, from which bit, under which mask."""

    word: int
    shift: int
    mask: int

    def of(self, words: Sequence[Words]) -> NDArray[np.int32]:
        """(rows,) int32: the counter of every row."""
        if not self.mask:
            return np.zeros(words[self.word].shape, dtype=np.int32)
        counts = (words[self.word] >> self.shift).astype(np.int32, copy=False)
        counts &= self.mask
        return counts


@dataclass(frozen=True)
class Counts:
    """The counters of some rows, each unpacked when it is asked for."""

    counters: Mapping[str, Counter]
    words: Sequence[Words]

    def __getitem__(self, name: str) -> NDArray[np.int32]:
        return self.counters[name].of(self.words)

    @cached_property
    def _seen(self) -> list[int]:
        """By word, the bits that any row has: most counters are 0 in most batches, and need not be looked at."""
        return [int(np.bitwise_or.reduce(word)) for word in self.words]

    def some(self, name: str) -> NDArray[np.bool_] | None:
        """(rows,) bool: where a counter is above 0; None for nowhere."""
        counter = self.counters[name]
        bits = counter.mask << counter.shift
        if not self._seen[counter.word] & bits:
            return None
        found: NDArray[np.bool_] = (self.words[counter.word] & bits) != 0
        return found
