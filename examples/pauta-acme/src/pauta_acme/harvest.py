"""acme_harvest: the better half of the answers counts, as a share of full credit.

scoring: {method: acme_harvest}     credits 1, 0.8, 0.2 and 0: 90, the mean of 1 and 0.8
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pauta import Sheet


class Harvest:
    """100 times the mean credit of the better half; where the count is odd, the one in the middle belongs to it."""

    name: ClassVar[str] = "acme_harvest"
    purpose: ClassVar[str] = "100 times the mean credit of the better half of the answers."
    options: ClassVar[Mapping[str, object]] = {"type": "object", "additionalProperties": False}

    def __init__(self, options: Mapping[str, object]) -> None:
        pass

    def score(self, sheet: Sheet) -> NDArray[np.float64]:
        """(rows,) float64, NaN where nothing is answered."""
        best_first = -np.sort(np.where(sheet.answered, -sheet.credits, np.inf), axis=0)
        counts = sheet.answered.sum(axis=0)
        half = (counts + 1) // 2
        taken = np.arange(len(best_first))[:, None] < half
        total = np.where(taken, best_first, 0.0).sum(axis=0)
        return np.where(counts > 0, 100.0 * total / np.maximum(half, 1), np.nan)
