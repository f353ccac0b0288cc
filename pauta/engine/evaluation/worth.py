"""What one cell adds to the sums of a card: to a score, or to coverage; the two differ in this alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pauta.engine.evaluation.cells import STATE_CELLS, Coding, State, could_fail_card
from pauta.engine.model.results import Cell
from pauta.engine.model.scorecard import NOT_APPLICABLE, Fails


@dataclass(frozen=True, slots=True)
class Worth:
    """What one cell adds: to the two sums of the score, and to each counter that it touches."""

    upper: float = 0.0
    lower: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)


WorthOf: TypeAlias = Callable[[Coding, Cell, int], Worth]
"""What a cell adds, given the question's coding, the cell and its code: score and coverage differ in this alone."""


def score_worth(coding: Coding, cell: Cell, code: int) -> Worth:
    """What a cell adds to a score: w_q times credit_q, w_q, and its errors and states (SCORECARD.md section 4)."""
    question = coding.question
    counts: dict[str, int] = {}
    for error in cell.errors:
        _count(counts, "non_critical" if error.critical is None else error.critical.value)
        if error.critical is not None and error.fails is not Fails.NOTHING:
            _count(counts, error.fails.value)
    if code == State.MISSING and question.required:
        _count(counts, "missing")
    if code == State.UNVERIFIED:
        _count(counts, "unverified")
    if code in (State.UNVERIFIED, State.NOT_LOOKED) and could_fail_card(question):
        _count(counts, "open")
    if cell.credit is None:
        return Worth(counts=counts)
    weight = question.applied_weight
    return Worth(weight * cell.credit, 0.0 if question.bonus else weight, counts)


def coverage_worth(coding: Coding, cell: Cell, code: int) -> Worth:
    """What a cell adds to coverage: the weight of a question that holds, and it again where it was looked at."""
    weight = 0.0 if coding.question.bonus else coding.question.applied_weight
    if code == State.NOT_ASKED:
        return Worth()
    looked_at = code >= len(STATE_CELLS) or cell.state == NOT_APPLICABLE
    return Worth(weight if looked_at else 0.0, weight)


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
