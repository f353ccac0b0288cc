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
from pauta.engine.model.scorecard import NOT_APPLICABLE, UNVERIFIED, Kind, Question, Range

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


def possible_answers(question: Question) -> list[RawAnswer]:
    """Answers that stand for all of a question's: options, one number of each range, both ends of a scale.

    Of `choose: many`: each option alone, all that add points together, and none. Text and dates have none.
    """
    answers = question.answers
    match answers.kind:
        case Kind.ONE:
            return [option.id for option in answers.options]
        case Kind.MANY:
            positive = tuple(option.id for option in answers.options if (option.points or 0) > 0)
            singles = [(option.id,) for option in answers.options]
            return list(dict.fromkeys([positive, *singles, ()]))
        case Kind.SCALE:
            return [answers.minimum or 0.0, answers.maximum or 0.0]
        case Kind.NUMBER:
            return [number for each in answers.ranges if (number := _number_in(question, each)) is not None]
    return []


def best_answer(coding: Coding) -> RawAnswer | None:
    """The answer with the most points among those that make no error (else of all); None where nothing is scored."""
    if not coding.question.scored:
        return None
    candidates = [(answer, coding.cell(coding.read(answer))) for answer in possible_answers(coding.question)]
    scored = [(answer, cell) for answer, cell in candidates if cell.credit is not None]
    clean = [(answer, cell) for answer, cell in scored if not cell.errors] or scored
    return max(clean, key=lambda each: each[1].credit or 0.0)[0] if clean else None


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


def _number_in(question: Question, wanted: Range) -> float | None:
    """A number that falls into a range, as ranges are tried in order; None where an earlier one takes them all."""
    low, high = question.answers.minimum, question.answers.maximum
    start = max((each for each in (wanted.start, low) if each is not None), default=None)
    stop = min((each for each in (wanted.stop, high) if each is not None), default=None)
    bounds = [each for one in question.answers.ranges for each in (one.start, one.stop) if each is not None]
    near = [start, stop, *(each + step for each in bounds for step in (0.0, 0.5, -0.5, 1.0, -1.0)), 0.0]
    for number in near:
        if number is None or (start is not None and number < start) or (stop is not None and number > stop):
            continue
        if next((each for each in question.answers.ranges if each.has(number)), None) is wanted:
            return number
    return None
