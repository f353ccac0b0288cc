"""The same evaluation with other answers: what it would have come to, by the same `evaluate`, many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.cells import Coding, State
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import Plan
from pauta.engine.model.calls import Answer, CallBatch, Note, RawAnswer
from pauta.engine.model.columns import Coded
from pauta.engine.model.results import Cell, Results
from pauta.engine.model.scorecard import NOT_APPLICABLE, UNVERIFIED, Kind, Question

COMMENTED: Final = Answer(None, comment="changed")
"""A changed answer comes with the comment it may need."""

Changes = Mapping[str, RawAnswer]
"""Other answers, by question."""


def evaluate_alternatives(
    plan: Plan, batch: CallBatch, row: int, heard: Mapping[str, Cell], changes: Sequence[Changes]
) -> Results:
    """One row evaluated anew under each of several sets of changes; criteria are not asked again.

    heard: the answers of the row as if every question were asked (`Gathered.heard`), by question.
    """
    rows = len(changes)
    answers: dict[str, Coded[Any]] = {}
    for coding in plan.codings:
        name = coding.question.id
        as_was = _given(coding, heard[name])
        answers[name] = _column(coding, [each.get(name, as_was) for each in changes])
    notes: dict[tuple[int, str], Note] = {}
    for (noted, name), note in batch.notes.items():
        if noted == row:
            notes.update({(n, name): note for n in range(rows) if name not in changes[n]})
    notes.update({(n, name): COMMENTED for n, each in enumerate(changes) for name in each})
    automatic = bool(batch.automatic[row]) if batch.automatic is not None else False
    again = CallBatch(
        size=rows,
        calls=[batch.calls[row]] * rows if batch.calls else (),
        answers=answers,
        automatic=np.full(rows, automatic),
        notes=notes,
    )
    return evaluate(replace(plan, criteria={}), again)


def _given(coding: Coding, cell: Cell) -> RawAnswer | None:
    """A cell as an answer that can be given again."""
    if cell.state == UNVERIFIED or (cell.state == NOT_APPLICABLE and cell.value == NOT_APPLICABLE):
        return cell.state
    return cell.value  # type: ignore[return-value]  # the value of an answer cell is what read() gave


def _column(coding: Coding, given: Sequence[RawAnswer | None]) -> Coded[Any]:
    """Answers of one question as a column; those of a closed question in the plan's own codes."""
    if not coding.closed:
        distinct: dict[Any, int] = {}
        codes = [distinct.setdefault(each, len(distinct)) for each in given]
        return Coded(np.array(codes, dtype=np.int32), tuple(distinct))
    known = {UNVERIFIED: int(State.UNVERIFIED), NOT_APPLICABLE: int(State.NOT_APPLICABLE), None: int(State.MISSING)}
    codes_of: NDArray[np.int32] = np.array(
        [known[each] if each in known else coding.code_of[str(each)] for each in given], dtype=np.int32
    )
    return Coded(codes_of, coding.vocabulary)


def any_answer(question: Question) -> RawAnswer:
    """An answer to a question that is recorded and not scored, where one must stand."""
    match question.answers.kind:
        case Kind.ONE | Kind.MANY:
            return question.answers.options[0].id
        case Kind.NUMBER | Kind.SCALE:
            return question.answers.minimum or question.answers.maximum or 0.0
        case Kind.DATE:
            return "2000-01-01"
    return "-"
