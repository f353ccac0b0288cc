"""Points as people write them: decimal numbers, added without the noise of float64."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal


def decimal_sum(amounts: Iterable[float]) -> float:
    """The sum of numbers as they are written: 0.1, 0.2 and -0.3 are nothing, 0.7 and 0.1 are 0.8."""
    return float(sum((Decimal(repr(float(amount))) for amount in amounts), start=Decimal()))
