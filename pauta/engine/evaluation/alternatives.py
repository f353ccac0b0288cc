"""The same evaluation with other answers: what it would have come to, by the same `evaluate`, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np

from pauta.engine.evaluation.cells import Coding, State
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import Plan
from pauta.engine.model.calls import Answer, CallBatch, Note, RawAnswer
from pauta.engine.model.columns import Coded
from pauta.engine.model.results import Cell, Results
from pauta.engine.model.scorecard import NOT_APPLICABLE, UNVERIFIED, Kind, Question

_STATES: Final = {
    UNVERIFIED: int(State.UNVERIFIED),
    NOT_APPLICABLE: int(State.NOT_APPLICABLE),
    None: int(State.MISSING),
}
COMMENTED: Final = Answer(None, comment="changed")
"""A changed answer comes with the comment it may need."""

Offer = tuple[str, RawAnswer]
"""Another answer to a question."""


def evaluate_alternatives(
    plan: Plan,
    batch: CallBatch,
    row: int,
    heard: Mapping[str, Cell],
    offers: Sequence[Offer],
    attempts: Sequence[Sequence[int]],
) -> Results:
    """One row evaluated anew with other answers, all attempts at once; criteria are not asked again.

    heard: the answers of the row as if every question were asked (`Gathered.heard`), by question. attempts: which of
    the offers each of them takes.
    """
    rows = len(attempts)
    taken = np.fromiter(chain.from_iterable(attempts), dtype=np.intp)
    taken_in = np.repeat(np.arange(rows), [len(each) for each in attempts])
    column_of = np.array([plan.position[name] for name, _ in offers], dtype=np.intp)
    values: dict[str, tuple[RawAnswer | None, ...]] = {}
    codes_of: list[int] = []
    for name, answer in offers:
        coding = plan.codings[plan.position[name]]
        if not coding.closed:
            values[name] = (*values.get(name, (_given(coding, heard[name]),)), answer)
        codes_of.append(_code(coding, answer) if coding.closed else len(values[name]) - 1)
    as_was = [
        _code(coding, _given(coding, heard[name])) if coding.closed else 0
        for name, coding in zip(plan.position, plan.codings, strict=True)
    ]
    codes = np.repeat(np.array(as_was, dtype=np.intp)[:, np.newaxis], rows, axis=1)
    codes[column_of[taken], taken_in] = np.array(codes_of, dtype=np.intp)[taken]
    answers: dict[str, Coded[Any]] = {
        name: Coded(own, coding.vocabulary if coding.closed else values.get(name, (_given(coding, heard[name]),)))
        for (name, coding), own in zip(zip(plan.position, plan.codings, strict=True), codes, strict=True)
    }
    again = CallBatch(
        size=rows,
        calls=[batch.calls[row]] * rows if batch.calls else (),
        answers=answers,
        automatic=np.full(rows, batch.automatic is not None and bool(batch.automatic[row])),
        notes=_notes(plan, batch, row, rows, lambda n: set(taken_in[column_of[taken] == n].tolist())),
    )
    return evaluate(plan.without_criteria, again)


def _notes(
    plan: Plan, batch: CallBatch, row: int, rows: int, changed_in: Callable[[int], set[int]]
) -> dict[tuple[int, str], Note]:
    """What stands beside the answers: what stood there, and where one is changed the comment it may need.

    changed_in: the attempts in which the question at a position is changed.
    """
    notes: dict[tuple[int, str], Note] = {}
    for (noted, name), note in batch.notes.items():
        if noted == row:
            changed = changed_in(plan.position[name]) if name in plan.position else ()
            notes.update({(n, name): note for n in range(rows) if n not in changed})
    for column in plan.comments_asked:
        name = plan.scorecard.questions[column].id
        notes.update({(n, name): COMMENTED for n in changed_in(column)})
    return notes


def _given(coding: Coding, cell: Cell) -> RawAnswer | None:
    """A cell as an answer that can be given again."""
    if cell.state == UNVERIFIED or (cell.state == NOT_APPLICABLE and cell.value == NOT_APPLICABLE):
        return cell.state
    return cell.value  # type: ignore[return-value]  # the value of an answer cell is what read() gave


def _code(coding: Coding, answer: RawAnswer | None) -> int:
    """The code of an answer to a closed question."""
    known = _STATES.get(answer) if answer is None or isinstance(answer, str) else None
    return coding.code_of[str(answer)] if known is None else known


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
