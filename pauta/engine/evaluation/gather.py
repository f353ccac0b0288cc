"""The answer of every question in every row, and who gave it; and which questions are asked at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation import groups
from pauta.engine.evaluation.asked import Asked, Subjects
from pauta.engine.evaluation.cells import State
from pauta.engine.evaluation.criteria import found
from pauta.engine.evaluation.gather_few import gather_few
from pauta.engine.evaluation.gathered import Gathered
from pauta.engine.evaluation.hear import (
    Cells,
    answers_alone,
    either,
    given_alone,
    persons,
    persons_given,
    place_of,
    proposed,
    unlooked,
    with_criterion,
    with_default,
)
from pauta.engine.evaluation.plan import Plan
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.findings import Findings
from pauta.engine.model.results import Cell
from pauta.engine.model.scorecard import Question
from pauta.engine.problems import Problem, did_you_mean

Codes = NDArray[np.integer]
Given = NDArray[np.uint8]


def gather(plan: Plan, batch: CallBatch) -> Gathered:
    """The answer of every question in every row, and who gave it."""
    automatic = batch.automatic
    # by far the most batches are of one kind, and much need not be asked of them
    alone = automatic is not None and bool(automatic.all())
    if automatic is not None and not alone and not automatic.any():
        automatic = None
    problems = [] if batch.answers.keys() <= plan.position.keys() else list(_strange_questions(plan, batch))
    if batch.size <= groups.FEW:
        return gather_few(plan, batch, automatic, alone=alone, problems=problems)
    return _gather_many(plan, batch, automatic, alone=alone, problems=problems)


def _gather_many(
    plan: Plan, batch: CallBatch, automatic: NDArray[np.bool_] | None, *, alone: bool, problems: list[Problem]
) -> Gathered:
    """Question by question."""
    codes_of: dict[int, Codes] = {}
    cells_of: dict[int, Sequence[Cell]] = {}
    given: dict[int, Given] = {}
    said: dict[int, Codes] = {}
    before: dict[int, Codes] = {}
    known = dataclasses.replace(
        batch, subjects=Subjects(plan, batch, lambda n: (codes_of[n], cells_of[n]) if n in codes_of else None)
    )
    findings = found(plan, known, problems, waiting=False)
    asked = Asked(plan, known.subject, batch.size)
    for column in plan.order:
        question = plan.scorecard.questions[column]
        if column in plan.criteria and column not in findings:
            findings.update(found(plan, known, problems, waiting=True, only=column))
        cells, finding = Cells(plan.codings[column]), findings.get(column)
        gave: Given | None
        proposes: Codes | None
        if alone and finding is not None and question.criterion is not None and answers_alone(question, batch):
            codes = proposed(question, question.criterion, cells, finding, batch, problems)
            gave, proposes = given_alone(codes), codes
        else:
            codes, gave, proposes = _heard(question, cells, batch, finding, automatic, problems)
        where = asked.where(column)
        if where is not None:
            before[column] = codes
            codes = either(~where, State.NOT_ASKED, codes)
            gave = None if gave is None else gave * where.view(np.uint8)
        codes_of[column], cells_of[column] = codes, cells.cells
        if gave is not None:
            given[column] = gave
        if proposes is not None:
            said[column] = proposes
    in_order = [codes_of[n] for n in range(len(plan.codings))], [cells_of[n] for n in range(len(plan.codings))]
    return Gathered(*in_order, given, said, findings, before, problems)


def _heard(
    question: Question,
    cells: Cells,
    batch: CallBatch,
    findings: Findings | None,
    automatic: NDArray[np.bool_] | None,
    problems: list[Problem],
) -> tuple[Codes, Given | None, Codes | None]:
    """The codes of a question as if it were asked, who gave them, and what the criterion would answer.

    Who gave them is None where people gave all that was answered.
    """
    codes, given = persons(question, cells, batch, problems)
    if findings is None and question.default is None and automatic is None:
        return codes, given, None
    if given is None:
        given = persons_given(codes)
    if findings is not None and question.criterion is not None:
        said = proposed(question, question.criterion, cells, findings, batch, problems)
        codes, given = with_criterion(codes, given, said, not question.criterion.confirm, automatic)
        return codes, given, said
    if question.default is not None:
        codes, given = with_default(codes, given, cells.code(cells.coding.read(question.default)))
    elif automatic is not None and question.criterion is None:
        codes = unlooked(codes, given, automatic, True)
    return codes, given, None


def _strange_questions(plan: Plan, batch: CallBatch) -> Iterator[Problem]:
    """A warning for each name under which people answered and which is no question of the card."""
    for name in batch.answers:
        if name in plan.position:
            continue
        answered = [row for row, raw in enumerate(batch.answers[name].values) if raw is not None]
        if not answered:
            continue
        rows = np.flatnonzero(np.isin(batch.answers[name].codes, answered))
        if len(rows):
            message = f"'{name}' is no question of {plan.scorecard.name}; what was answered there is left out"
            counted = f"{message} (in {len(rows)} evaluations)" if len(rows) > 1 else message
            hint = did_you_mean(name, plan.position)
            yield Problem("W521", counted, place_of(batch, int(rows[0]), name), hint)
