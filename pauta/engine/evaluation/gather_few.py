"""The answers of a few rows, questions that are answered alike all at once: one array (questions, rows).

For few rows it is the number of steps that takes the time, not the work in each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.asked import Asked, Subjects
from pauta.engine.evaluation.cells import State
from pauta.engine.evaluation.criteria import found
from pauta.engine.evaluation.gathered import Gathered
from pauta.engine.evaluation.hear import (
    Cells,
    given_alone,
    persons,
    persons_given,
    proposed,
    unlooked,
    with_criterion,
    with_default,
)
from pauta.engine.evaluation.kinds import codes_of_verdicts
from pauta.engine.evaluation.plan import Plan
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.findings import Findings, Verdict
from pauta.engine.model.results import Cell
from pauta.engine.problems import Problem

Codes = NDArray[np.integer]
_ANSWER: Final = int(Verdict.ANSWER)


def gather_few(
    plan: Plan, batch: CallBatch, automatic: NDArray[np.bool_] | None, *, alone: bool, problems: list[Problem]
) -> Gathered:
    """What `gather` gathers, for few rows. automatic: None where people evaluate all; alone: where nobody does."""
    return _Few(plan, batch, automatic, alone, problems).gathered()


class _Few:
    def __init__(
        self,
        plan: Plan,
        batch: CallBatch,
        automatic: NDArray[np.bool_] | None,
        alone: bool,
        problems: list[Problem],
    ) -> None:
        self._plan, self._batch, self._automatic, self._alone, self._problems = plan, batch, automatic, alone, problems
        self._codes: NDArray[np.integer] = np.zeros((len(plan.codings), batch.size), dtype=np.intp)
        self._open = {n: Cells(plan.codings[n]) for n in plan.kinds.open}
        self._given: dict[int, NDArray[np.uint8]] = {}
        self._proposed: dict[int, Codes] = {}
        self._before: dict[int, Codes] = {}
        self._told: dict[int, list[Problem]] = {}
        """Problems with the answers of a question, told in the order in which questions wait for each other."""

    def gathered(self) -> Gathered:
        """The answers of all questions."""
        plan, kinds, batch = self._plan, self._plan.kinds, self._batch
        pending = set(kinds.stepwise)
        if plan.criteria or pending:

            def known(column: int) -> tuple[Codes, Sequence[Cell]] | None:
                return None if column in pending else (self._codes[column], self._cells(column))

            batch = dataclasses.replace(batch, subjects=Subjects(plan, batch, known))
        findings = found(plan, batch, self._problems, waiting=False) if plan.criteria else {}
        if self._batch.answers:
            self._hear_persons()
        if len(kinds.by_criterion):
            self._hear_criteria(kinds.by_criterion, kinds.answers, kinds.codes_of_verdicts, findings)
        if len(kinds.by_default):
            self._fill_in(kinds.by_default)
        if self._automatic is not None and len(kinds.by_person):
            self._leave(kinds.by_person, kinds.only_persons)
        asked = Asked(plan, batch.subject, batch.size)
        for column in kinds.stepwise:
            if column in kinds.waiting:
                told: list[Problem] = []
                findings.update(found(plan, batch, told, waiting=True, only=column))
                if told:
                    self._told[column] = told + self._told.get(column, [])
                self._hear_waiting(column, findings)
            self._where_asked(column, asked.where(column))
            pending.discard(column)
        for column in plan.order if self._told else ():
            self._problems += self._told.get(column, ())
        cells = [self._cells(n) for n in range(len(plan.codings))] if self._open else plan.kinds.cells
        return Gathered(self._codes, cells, self._given, self._proposed, findings, self._before, self._problems)

    def _cells(self, column: int) -> Sequence[Cell]:
        return self._open[column].cells if column in self._open else self._plan.codings[column].cells

    def _own(self, column: int) -> Cells:
        """The cells of one question, as answers are read into them one by one."""
        return self._open[column] if column in self._open else Cells(self._plan.codings[column])

    def _hear_persons(self) -> None:
        """Put in what people answered."""
        answers = self._batch.answers
        coded: dict[int, Codes] = {}
        plain: dict[int, Codes] = {}
        first: list[int] = []
        codes: list[int] = []
        for n, (name, vocabulary, code_of) in enumerate(self._plan.kinds.reading):
            column = answers.get(name)
            if column is None:
                continue
            if column.values is vocabulary:
                coded[n] = column.codes
                continue
            begin = len(codes)
            try:
                codes.extend(map(code_of, column.values))
            except (KeyError, TypeError):
                del codes[begin:]
                self._read_persons(n)
            else:
                plain[n] = column.codes
                first.append(begin)
        if plain:
            index = self._together(plain)
            index += np.array(first, dtype=np.intp)[:, np.newaxis]
            self._put(list(plain), np.array(codes, dtype=np.intp).take(index))
        if coded:
            self._put(list(coded), self._together(coded))

    def _together(self, columns: Mapping[int, Codes]) -> NDArray[np.intp]:
        """(columns, rows): some columns as one array of its own."""
        found = np.concatenate(list(columns.values()), dtype=np.intp, casting="same_kind")
        return found.reshape(len(columns), self._batch.size)

    def _put(self, columns: Sequence[int], codes: Codes) -> None:
        if len(columns) == len(self._codes):
            self._codes = codes
        else:
            self._codes[columns] = codes

    def _read_persons(self, column: int) -> None:
        """What people answered to an open question, or what is no plain answer of a closed one."""
        question = self._plan.scorecard.questions[column]
        told: list[Problem] = []
        self._codes[column], given = persons(question, self._own(column), self._batch, told)
        if told:
            self._told.setdefault(column, []).extend(told)
        if given is not None:
            self._given[column] = given

    def _persons_given(self, columns: NDArray[np.intp], codes: Codes) -> NDArray[np.uint8]:
        """(columns, rows): whether people gave what there is to some questions; a refused answer was given too."""
        given = persons_given(codes)
        for n, column in enumerate(columns.tolist() if self._given else ()):
            if column in self._given:
                given[n] = self._given[column]
        return given

    def _hear_criteria(
        self,
        columns: NDArray[np.intp],
        answers: NDArray[np.bool_],
        of_verdicts: NDArray[np.intp],
        findings: dict[int, Findings],
    ) -> None:
        """What criteria propose to some questions, and where that counts. answers, of_verdicts: by question."""
        at = columns.tolist()
        verdicts = np.concatenate([findings[n].verdicts for n in at], dtype=np.intp, casting="same_kind")
        verdicts = verdicts.reshape(len(at), self._batch.size)
        index = verdicts + np.arange(0, of_verdicts.size, of_verdicts.shape[1])[:, np.newaxis]
        said = of_verdicts.take(index)
        own = (verdicts == _ANSWER).any(axis=1)
        for n, column in enumerate(at if self._open or own.any() else ()):
            criterion = self._plan.scorecard.questions[column].criterion
            if criterion is not None and (own[n] or column in self._open):
                said[n] = self._read_proposed(column, findings[column])
        if self._alone and not self._batch.answers and answers.all():
            codes: Codes = said.copy()
            given = given_alone(said)
        else:
            heard = self._codes[columns]
            codes, given = with_criterion(heard, self._persons_given(columns, heard), said, answers, self._automatic)
        self._put(at, codes)
        self._given.update(zip(at, given, strict=True))
        self._proposed.update(zip(at, said, strict=True))

    def _read_proposed(self, column: int, findings: Findings) -> Codes:
        question = self._plan.scorecard.questions[column]
        assert question.criterion is not None
        told: list[Problem] = []
        said = proposed(question, question.criterion, self._own(column), findings, self._batch, told)
        if told:
            self._told.setdefault(column, []).extend(told)
        return said

    def _fill_in(self, columns: NDArray[np.intp]) -> None:
        """Put in the card's own answer where nobody gave one."""
        heard, codings = self._codes[columns], self._plan.codings
        default = []
        for n in columns.tolist():
            written = codings[n].question.default
            assert written is not None
            default.append(self._own(n).code(codings[n].read(written)))
        codes, given = with_default(
            heard, self._persons_given(columns, heard), np.array(default, dtype=np.intp)[:, np.newaxis]
        )
        self._codes[columns] = codes
        self._given.update(zip(columns.tolist(), given, strict=True))

    def _leave(self, columns: NDArray[np.intp], only_persons: NDArray[np.bool_]) -> None:
        """Questions that only people answer, in automatic evaluations. only_persons: those that have no criterion."""
        assert self._automatic is not None
        heard = self._codes[columns]
        given = self._persons_given(columns, heard)
        self._codes[columns] = unlooked(heard, given, self._automatic, only_persons)
        self._given.update(zip(columns.tolist(), given, strict=True))

    def _hear_waiting(self, column: int, findings: dict[int, Findings]) -> None:
        """The answers to a question whose criterion waited for other answers."""
        criterion = self._plan.scorecard.questions[column].criterion
        answers = np.array([[criterion is not None and not criterion.confirm]])
        of_verdicts = codes_of_verdicts([self._plan.codings[column]])
        self._hear_criteria(np.array([column], dtype=np.intp), answers, of_verdicts, findings)

    def _where_asked(self, column: int, asked: NDArray[np.bool_] | None) -> None:
        """Leave a question out where it is not asked."""
        if asked is None:
            return
        self._before[column] = self._codes[column].copy()
        self._codes[column, ~asked] = int(State.NOT_ASKED)
        if column in self._given:
            self._given[column] = self._given[column] * asked.view(np.uint8)
