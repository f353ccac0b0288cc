"""Which questions are asked at all: conditions over the call and over the answers that are known so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.conditions import where
from pauta.engine.evaluation.plan import Plan
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.columns import Coded, Subject, Words
from pauta.engine.model.results import Cell

Known: TypeAlias = Callable[[int], tuple[NDArray[np.integer], Sequence[Cell]] | None]
"""The codes and the cells of the question at a position, None as long as they are not known."""


class Subjects(dict[str, Subject]):
    """The batch's own columns, and the answers as far as they are known: each as a column once it is asked for."""

    def __init__(self, plan: Plan, batch: CallBatch, known: Known) -> None:
        super().__init__(batch.subjects)
        self._plan, self._known = plan, known

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self._answers(name) is not None

    def __missing__(self, name: str) -> Subject:
        answers = self._answers(name)
        if answers is None:
            raise KeyError(name)
        codes, cells = answers
        coding = self._plan.codings[self._plan.position[name.removeprefix("answer.")]]
        values = coding.values if cells is coding.cells else tuple(cell.value for cell in cells)
        self[name] = Words(Coded(codes, values))
        return self[name]

    def _answers(self, name: object) -> tuple[NDArray[np.integer], Sequence[Cell]] | None:
        if not isinstance(name, str) or not name.startswith("answer."):
            return None
        column = self._plan.position.get(name.removeprefix("answer."))
        return None if column is None else self._known(column)


class Asked:
    """Where the questions of a plan are asked: their own `when` and their section's hold."""

    def __init__(self, plan: Plan, subject_of: Callable[[str], Subject], rows: int) -> None:
        self._plan, self._subject_of, self._rows = plan, subject_of, rows
        self._sections: dict[str, NDArray[np.bool_] | None] = {}

    def where(self, column: int) -> NDArray[np.bool_] | None:
        """(rows,) bool: where the question at a position is asked; None for everywhere."""
        if column not in self._plan.conditional:
            return None
        question = self._plan.scorecard.questions[column]
        section = self._plan.scorecard.section_of[question.id]
        if section.id not in self._sections:
            when = section.when
            self._sections[section.id] = where(when, self._subject_of, self._rows) if when is not None else None
        masks = [self._sections[section.id]]
        if question.when is not None:
            masks.append(where(question.when, self._subject_of, self._rows))
        there = [mask for mask in masks if mask is not None]
        return reduce(np.logical_and, there) if there else None
