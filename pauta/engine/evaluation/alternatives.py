"""The same evaluation with other answers: what it would have come to, by the same `evaluate`, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

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
    changed: dict[str, list[tuple[int, RawAnswer]]] = defaultdict(list)
    for n, each in enumerate(changes):
        for name, answer in each.items():
            changed[name].append((n, answer))
    answers = {
        name: _column(coding, rows, _given(coding, heard[name]), changed.get(name, ()))
        for name, coding in zip(plan.position, plan.codings, strict=True)
    }
    notes: dict[tuple[int, str], Note] = {}
    for (noted, name), note in batch.notes.items():
        if noted == row:
            notes.update({(n, name): note for n in range(rows) if name not in changes[n]})
    for name, coding in zip(plan.position, plan.codings, strict=True):
        if coding.asks_comments:
            notes.update({(n, name): COMMENTED for n, _ in changed.get(name, ())})
    automatic = bool(batch.automatic[row]) if batch.automatic is not None else False
    again = CallBatch(
        size=rows,
        calls=[batch.calls[row]] * rows if batch.calls else (),
        answers=answers,
        automatic=np.full(rows, automatic),
        notes=notes,
    )
    return evaluate(plan.without_criteria, again)


def _given(coding: Coding, cell: Cell) -> RawAnswer | None:
    """A cell as an answer that can be given again."""
    if cell.state == UNVERIFIED or (cell.state == NOT_APPLICABLE and cell.value == NOT_APPLICABLE):
        return cell.state
    return cell.value  # type: ignore[return-value]  # the value of an answer cell is what read() gave


def _column(
    coding: Coding, rows: int, as_was: RawAnswer | None, changed: Sequence[tuple[int, RawAnswer]]
) -> Coded[Any]:
    """Answers of one question: the same in all rows but the changed ones. Closed ones are in the plan's own codes."""
    values: dict[Any, int] = {as_was: 0}
    codes = [0] * rows
    for row, answer in changed:
        code = values.get(answer)
        codes[row] = values.setdefault(answer, len(values)) if code is None else code
    if not coding.closed:
        return Coded(np.array(codes, dtype=np.int32), tuple(values))
    known = {UNVERIFIED: int(State.UNVERIFIED), NOT_APPLICABLE: int(State.NOT_APPLICABLE), None: int(State.MISSING)}
    own = [known[each] if each in known else coding.code_of[str(each)] for each in values]
    return Coded(np.array([own[code] for code in codes], dtype=coding.dtype), coding.vocabulary)


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
