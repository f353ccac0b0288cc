"""Scoring methods besides `weighted`: `worst_grade`, `all_must_pass`, `deductions`.

    scoring: {method: worst_grade}      credits 1, 0.7 and 1: 70. A card is as good as its weakest answer
    scoring: {method: all_must_pass}    the same answers: 0; with 1, 1 and 1: 100. A checklist, nothing between
    scoring: {method: deductions}       points 10, -15 and -5: 80. Everyone starts at 100 and loses points for harm

Weights play no part in any of them. A call in which nothing counts was answered has no score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from pauta import hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pauta import Sheet

NOISE: Final = 1e-9
"""A difference below this is noise of float64 arithmetic (SCORECARD.md section 4)."""
NO_OPTIONS: Final[Mapping[str, object]] = {"type": "object", "additionalProperties": False}


class WorstGrade:
    """100 · the lowest credit of the answered questions; bonus questions are left out."""

    name: ClassVar[str] = "worst_grade"
    purpose: ClassVar[str] = "100 times the lowest credit; bonus questions are left out."
    options: ClassVar[Mapping[str, object]] = NO_OPTIONS

    def __init__(self, options: Mapping[str, object]) -> None:
        pass

    def score(self, sheet: Sheet) -> NDArray[np.float64]:
        """(rows,) float64, NaN where no question but bonus questions is answered."""
        import numpy as np

        counts = sheet.answered & ~sheet.bonus[:, None]
        lowest = np.where(counts, sheet.credits, np.inf).min(axis=0, initial=np.inf)
        return np.where(counts.any(axis=0), 100.0 * lowest, np.nan)


class AllMustPass:
    """100 if every answered question has full credit, else 0; bonus questions are left out."""

    name: ClassVar[str] = "all_must_pass"
    purpose: ClassVar[str] = "100 if every answer earns full credit, else 0; bonus questions are left out."
    options: ClassVar[Mapping[str, object]] = NO_OPTIONS

    def __init__(self, options: Mapping[str, object]) -> None:
        pass

    def score(self, sheet: Sheet) -> NDArray[np.float64]:
        """(rows,) float64 of 100 and 0, NaN where no question but bonus questions is answered."""
        import numpy as np

        counts = sheet.answered & ~sheet.bonus[:, None]
        missed = (counts & (sheet.credits < 1.0 - NOISE)).any(axis=0)
        return np.where(counts.any(axis=0), np.where(missed, 0.0, 100.0), np.nan)


class Deductions:
    """100 plus the points of every answer below 0, bonus questions among them; other points add nothing.

    The points of a `choose: many` answer are those of the whole answer: its options summed, at most its `at_most`.
    """

    name: ClassVar[str] = "deductions"
    purpose: ClassVar[str] = "100 plus the points of every answer below 0, those of bonus questions too."
    options: ClassVar[Mapping[str, object]] = NO_OPTIONS

    def __init__(self, options: Mapping[str, object]) -> None:
        pass

    def score(self, sheet: Sheet) -> NDArray[np.float64]:
        """(rows,) float64, NaN where no question is answered."""
        import numpy as np

        lost = np.where(sheet.answered, np.minimum(sheet.points, 0.0), 0.0).sum(axis=0)
        return np.where(sheet.answered.any(axis=0), 100.0 + lost, np.nan)


@hookimpl
def register_methods(register: Callable[[type[WorstGrade | AllMustPass | Deductions]], None]) -> None:
    """Offer the three."""
    for offered in (WorstGrade, AllMustPass, Deductions):
        register(offered)
