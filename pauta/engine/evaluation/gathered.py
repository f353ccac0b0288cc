"""The answers of a batch as they were gathered, by column; those of one question are put together for who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.groups import Codes
from pauta.engine.model.findings import Findings
from pauta.engine.model.results import Cell, QuestionAnswers
from pauta.engine.problems import Problem


@dataclass
class Gathered:
    """The answers of a batch, by position of the question; problems of answers that were refused.

    codes: (rows,) each into its `cells`. given: (rows,) uint8 of Given, of those that people did not give all answers
    to; proposed: what criteria would answer. before: codes as if the question were asked, of those that are not asked
    everywhere.
    """

    codes: Codes
    cells: Sequence[Sequence[Cell]]
    given: Mapping[int, NDArray[np.uint8]] = field(default_factory=dict)
    proposed: Mapping[int, NDArray[np.integer]] = field(default_factory=dict)
    findings: Mapping[int, Findings] = field(default_factory=dict)
    before: Mapping[int, NDArray[np.integer]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def heard(self, column: int) -> NDArray[np.integer]:
        """(rows,): the codes of a question as if it were asked everywhere."""
        return self.before[column] if column in self.before else self.codes[column]

    def answers(self, column: int) -> QuestionAnswers:
        """The answers to one question."""
        return QuestionAnswers(
            self.codes[column],
            self.cells[column],
            self.given.get(column),
            self.proposed.get(column),
            self.findings.get(column),
        )


class Answers(Mapping[str, QuestionAnswers]):
    """The answers of a batch by question, in the order of the card."""

    def __init__(self, position: Mapping[str, int], gathered: Gathered) -> None:
        self._position, self._gathered = position, gathered
        self._made: dict[str, QuestionAnswers] = {}

    def __getitem__(self, question: str) -> QuestionAnswers:
        if question not in self._made:
            self._made[question] = self._gathered.answers(self._position[question])
        return self._made[question]

    def __iter__(self) -> Iterator[str]:
        return iter(self._position)

    def __len__(self) -> int:
        return len(self._position)
