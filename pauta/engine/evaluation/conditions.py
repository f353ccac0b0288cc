"""Conditions over a batch: each test is asked once per distinct value, the tree is combined by array logic."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

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
            each = [where(part, subject_of, rows) for part in parts]
            return reduce(np.logical_and, each) if each else np.ones(rows, dtype=np.bool_)
        case AnyOf(parts) | NoneOf(parts):
            each = [where(part, subject_of, rows) for part in parts]
            holds = reduce(np.logical_or, each) if each else np.zeros(rows, dtype=np.bool_)
            return ~holds if isinstance(condition, NoneOf) else holds
