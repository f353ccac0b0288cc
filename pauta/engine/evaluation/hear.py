"""Who answered: a person first, then the criterion, then the default. One question at a time, or many alike.

Arrays are (rows,) for one question, (questions, rows) for several; what a card says of several is (questions, 1).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.cells import AnswerValue, Coding, RefusedError, State
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.findings import Findings, Verdict
from pauta.engine.model.results import Cell, Given
from pauta.engine.model.scorecard import AskedCriterion, Question
from pauta.engine.problems import Place, Problem

Codes = NDArray[np.integer]
_MISSING: Final = int(State.MISSING)
_UNVERIFIED: Final = int(State.UNVERIFIED)
_ANSWER: Final = int(Verdict.ANSWER)


class Cells:
    """The cells of one question in one batch; those of an open question grow with the answers met."""

    def __init__(self, coding: Coding) -> None:
        self.coding = coding
        self._more: list[Cell] = []
        self._code_of: dict[AnswerValue, int] = {}

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them so far."""
        return (*self.coding.cells, *self._more) if self._more else self.coding.cells

    def code(self, value: AnswerValue | State) -> int:
        """The code of an answer as `Coding.read` gives it."""
        if isinstance(value, State):
            return int(value)
        if self.coding.closed:
            return self.coding.code_of[str(value)]
        code = self._code_of.get(value)
        if code is None:
            code = self._code_of[value] = len(self.coding.cells) + len(self._more)
            self._more.append(self.coding.cell(value))
        return code

    def of_verdicts(self, criterion: AskedCriterion) -> Codes:
        """The code of each verdict of the question's criterion; those of a closed question are worked out once."""
        known = self.coding.verdict_codes
        if known is None:
            met, not_met = (
                _UNVERIFIED if answer is None else self.code(self.coding.read(answer))
                for answer in (criterion.met, criterion.not_met)
            )
            # in the order of Verdict; what an answer of the criterion's own is worth is looked up row by row
            codes = [met, not_met, self._not_applicable(), _UNVERIFIED, _UNVERIFIED]
            known = np.array(codes, dtype=self.coding.dtype)
            if self.coding.closed:
                self.coding.verdict_codes = known
        return known

    def _not_applicable(self) -> int:
        option = self.coding.na_option
        if option is None:
            return int(State.NOT_APPLICABLE)
        return self.code(option if self.coding.closed else (option,))


def answers_alone(question: Question, batch: CallBatch) -> bool:
    """Whether, in an automatic evaluation, the criterion's answer is the only one there can be."""
    return question.id not in batch.answers and question.criterion is not None and not question.criterion.confirm


def given_alone(proposed: Codes) -> NDArray[np.uint8]:
    """Who gave the answers where only criteria answer: a default never fills what they could not tell."""
    given: NDArray[np.uint8] = (proposed != _UNVERIFIED) * np.uint8(Given.CRITERION)
    return given


def persons_given(codes: Codes) -> NDArray[np.uint8]:
    """Who gave the answers where only people answer."""
    given: NDArray[np.uint8] = (codes != _MISSING).view(np.uint8)
    return given


def with_criterion(
    codes: Codes,
    given: NDArray[np.uint8],
    proposed: Codes,
    answers: NDArray[np.bool_] | bool,
    automatic: NDArray[np.bool_] | None,
) -> tuple[Codes, NDArray[np.uint8]]:
    """Codes and who gave them, with what criteria propose. answers: whether that counts without a person.

    A default never fills what a criterion could not tell.
    """
    fillable = given == int(Given.NOBODY)
    unverified = proposed == _UNVERIFIED
    takes = fillable & ~unverified & answers
    given = either(takes, Given.CRITERION, given)
    codes = either(takes, proposed, codes)
    if automatic is not None:
        codes = either(fillable & unverified & automatic, State.UNVERIFIED, codes)
    return codes, given


def with_default(codes: Codes, given: NDArray[np.uint8], default: Codes | int) -> tuple[Codes, NDArray[np.uint8]]:
    """Codes and who gave them, where the card fills in what nobody answered."""
    fillable = given == int(Given.NOBODY)
    return either(fillable, default, codes), either(fillable, Given.DEFAULT, given)


def unlooked(
    codes: Codes, given: NDArray[np.uint8], automatic: NDArray[np.bool_], persons: NDArray[np.bool_] | bool
) -> Codes:
    """Codes where nobody looked: in automatic evaluations, questions that only a person can answer."""
    found: Codes = either((given == int(Given.NOBODY)) & automatic & persons, State.NOT_LOOKED, codes)
    return found


def either(mask: NDArray[np.bool_], chosen: Codes | int, otherwise: Codes) -> Any:
    """`np.where` for codes, by arithmetic: on bytes that takes a fifth of the time."""
    if isinstance(chosen, np.ndarray):
        return chosen * mask + otherwise * ~mask
    # one value: fewer arrays are made where its difference from every code is masked and taken back
    kind = np.result_type(otherwise, np.min_scalar_type(int(chosen)))
    one = kind.type(int(chosen))
    found = np.subtract(otherwise, one, dtype=kind)
    found *= (~mask).view(np.uint8)
    found += one
    return found


def persons(
    question: Question, cells: Cells, batch: CallBatch, problems: list[Problem]
) -> tuple[Codes, NDArray[np.uint8] | None]:
    """What people answered: codes, and PERSON where they gave an answer, None where no answer was refused."""
    column = batch.answers.get(question.id)
    if column is None:
        return np.zeros(batch.size, dtype=cells.coding.dtype), None
    if column.values is cells.coding.vocabulary:
        return column.codes, None
    codes = [_MISSING] * len(column.values)
    refusals = []
    plain = cells.coding.code_of if cells.coding.closed else {}
    for n, raw in enumerate(column.values):
        if raw is None:
            continue
        if isinstance(raw, str) and raw in plain:
            codes[n] = plain[raw]
            continue
        try:
            codes[n] = cells.code(cells.coding.read(raw))
        except RefusedError as refused:
            refusals.append(n)
            problems += [
                Problem(
                    "E520", refused.sentence + _whose(batch, row), place_of(batch, int(row), question.id), refused.hint
                )
                for row in np.flatnonzero(column.codes == n)
            ]
    found = np.array(codes, dtype=cells.coding.dtype).take(column.codes)
    if not refusals:
        return found, None
    return found, ((found != _MISSING) | np.isin(column.codes, refusals)).view(np.uint8)


def proposed(
    question: Question,
    criterion: AskedCriterion,
    cells: Cells,
    findings: Findings,
    batch: CallBatch,
    problems: list[Problem],
) -> Codes:
    """What a criterion's verdicts come to as codes; an answer the question does not have is unverified."""
    codes = cells.of_verdicts(criterion).take(findings.verdicts)
    answered = findings.verdicts == _ANSWER
    for row in np.flatnonzero(answered) if answered.any() else ():
        answer = findings.answers.get(int(row))
        try:
            if answer is None:
                raise RefusedError(f"the criterion of question '{question.id}' promised an answer and gave none")
            codes[row] = cells.code(cells.coding.read(answer))
        except RefusedError as refused:
            message = f"criterion '{criterion.use.name}': {refused.sentence}{_whose(batch, row)}"
            problems.append(Problem("E605", message, criterion.use.at, refused.hint))
    return codes


def _whose(batch: CallBatch, row: Any) -> str:
    return f" (call {batch.calls[row].call_id})" if batch.calls else ""


def place_of(batch: CallBatch, row: int, question: str) -> Place | None:
    """Where a person's answer is written, else where the evaluation is."""
    human = batch.humans[row] if batch.humans else None
    answer = human.answers.get(question) if human else None
    return answer.place if answer and answer.place else human.at if human else None
