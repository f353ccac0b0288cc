"""Conditions over a batch: each test is asked once per distinct value, the tree is combined by array logic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pauta.engine.model.columns import Subject
from pauta.engine.model.conditions import All, AnyOf, Condition, NoneOf, Test


def where(condition: Condition, subject_of: Callable[[str], Subject], rows: int) -> NDArray[np.bool_]:
    """(rows,) bool: for which rows a condition holds, given the column of each subject."""
    match condition:
        case Test():
            return subject_of(condition.subject).where(condition)
        case All(parts):
            holds = np.ones(rows, dtype=np.bool_)
            for part in parts:
                holds &= where(part, subject_of, rows)
            return holds
        case AnyOf(parts) | NoneOf(parts):
            holds = np.zeros(rows, dtype=np.bool_)
            for part in parts:
                holds |= where(part, subject_of, rows)
            return ~holds if isinstance(condition, NoneOf) else holds
