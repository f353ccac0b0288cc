"""Results by column, as `evaluate` makes them; `engine/evaluation/records.py` turns rows into records."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from pauta.engine.model.conditions import Value
from pauta.engine.model.findings import Findings
from pauta.engine.model.scorecard import MISSING, NOT_ASKED, Error, Harm, Scorecard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pauta.engine.model.calls import CallBatch
    from pauta.engine.problems import Problem


class Status(IntEnum):
    """How far an evaluation came; the names in lower case are what records say."""

    COMPLETE = 0
    INCOMPLETE = 1
    NOT_SCORED = 2


class Given(IntEnum):
    """Who gave an answer; the names in lower case are what records say."""

    NOBODY = 0
    PERSON = 1
    CRITERION = 2
    DEFAULT = 3


_NOBODY, _PERSON = int(Given.NOBODY), int(Given.PERSON)  # an enum's members are slow to get at, once per answer
UNKNOWN: Final = -1
"""In `passed` and `band`: null."""


Pieces: TypeAlias = tuple[str, str, str, str]
"""An answer as JSON: what stands before its share, before its evidence, its reason, what stands behind."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer (or state) of one question: what conditions see, what it earns, which errors it makes.

    points and credit are None where the answer is not scored; `value` is None where conditions see nothing.
    """

    state: str
    value: Value | None = None
    points: float | None = None
    credit: float | None = None
    errors: tuple[Error, ...] = ()
    comment_required: bool = False


@dataclass(frozen=True)
class QuestionAnswers:
    """The answers to one question in a batch.

    codes: (rows,) integers into `cells`. given: (rows,) uint8 of Given, None where people gave all that was answered.
    proposed: (rows,) what the criterion would answer, codes into `cells`, None where the question has no criterion.
    findings: what the criterion found.
    """

    codes: NDArray[np.integer]
    cells: Sequence[Cell]
    given: NDArray[np.uint8] | None = None
    proposed: NDArray[np.integer] | None = None
    findings: Findings | None = None

    def given_by(self, row: int) -> int:
        """Who gave the answer of one row, as Given counts."""
        if self.given is not None:
            return int(self.given[row])
        return _NOBODY if self.cells[self.codes[row]].state in (MISSING, NOT_ASKED) else _PERSON


class Detail(Protocol):
    """Figures that not every caller asks for; each is worked out by the same arithmetic when it is."""

    def count(self, name: str) -> NDArray[np.int32]:
        """How many `non_critical` errors, `missing` or `unverified` questions."""
        ...

    def critical_by_class(self) -> Mapping[Harm, NDArray[np.int32]]:
        """See Results.critical_by_class."""
        ...

    def coverage(self) -> NDArray[np.float64]:
        """See Results.coverage."""
        ...

    def sections(self) -> tuple[Mapping[str, NDArray[np.float64]], Mapping[str, NDArray[np.float64]]]:
        """See Results.section_raw_scores and section_scores, in this order."""
        ...

    def scores_by(self) -> Mapping[tuple[str, str], NDArray[np.float64]]:
        """See Results.scores_by."""
        ...

    def shares(self) -> Mapping[str, NDArray[np.float64]]:
        """See Results.shares."""
        ...


@dataclass(frozen=True)
class Results:
    """One row per row of the batch; every array is (rows,) unless said otherwise.

    score, raw_score, agent_score: float64, rounded as SCORECARD.md section 4 says, NaN where there is none. status:
    uint8 of Status. passed: int8, 1, 0 or UNKNOWN. band: int16, index into scorecard.bands or UNKNOWN. card_failed,
    accumulated, comment_missing: bool. answers: question id -> its answers. fired: escalation id -> bool. problems:
    answers that were refused, and plugins that failed. pieces: answers written for earlier batches of the same plan.
    """

    scorecard: Scorecard
    batch: CallBatch
    status: NDArray[np.uint8]
    score: NDArray[np.float64]
    raw_score: NDArray[np.float64]
    agent_score: NDArray[np.float64]
    passed: NDArray[np.int8]
    band: NDArray[np.int16]
    card_failed: NDArray[np.bool_]
    accumulated: NDArray[np.bool_]
    comment_missing: Mapping[str, NDArray[np.bool_]]
    answers: Mapping[str, QuestionAnswers]
    detail: Detail
    plugins: Mapping[str, str] = field(default_factory=dict)
    fired: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    pieces: dict[Hashable, Pieces] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.score)

    @cached_property
    def non_critical(self) -> NDArray[np.int32]:
        """How many non-critical errors were made."""
        return self.detail.count("non_critical")

    @cached_property
    def missing(self) -> NDArray[np.int32]:
        """How many questions that must be answered were not."""
        return self.detail.count("missing")

    @cached_property
    def unverified(self) -> NDArray[np.int32]:
        """How many questions nobody could tell about."""
        return self.detail.count("unverified")

    @cached_property
    def critical_by_class(self) -> Mapping[Harm, NDArray[np.int32]]:
        """How many critical errors of each class were made, the one of accumulation among them."""
        return self.detail.critical_by_class()

    @cached_property
    def critical(self) -> NDArray[np.int32]:
        """How many critical errors were made."""
        by_class = self.critical_by_class
        return by_class[Harm.CUSTOMER] + by_class[Harm.BUSINESS] + by_class[Harm.COMPLIANCE]

    @cached_property
    def coverage(self) -> NDArray[np.float64]:
        """Share of the weight that was answered or not applicable, 0..1, NaN where there is no weight."""
        return self.detail.coverage()

    @cached_property
    def section_scores(self) -> Mapping[str, NDArray[np.float64]]:
        """Section id -> S_s after its errors, rounded, NaN where the section has none."""
        return self._sections[1]

    @cached_property
    def section_raw_scores(self) -> Mapping[str, NDArray[np.float64]]:
        """Section id -> S_s before errors, rounded, NaN where the section has none."""
        return self._sections[0]

    @cached_property
    def _sections(self) -> tuple[Mapping[str, NDArray[np.float64]], Mapping[str, NDArray[np.float64]]]:
        return self.detail.sections()

    @cached_property
    def scores_by(self) -> Mapping[tuple[str, str], NDArray[np.float64]]:
        """('tags', tag) and ('aims', aim) -> score before errors over the questions that carry it, rounded."""
        return self.detail.scores_by()

    @cached_property
    def shares(self) -> Mapping[str, NDArray[np.float64]]:
        """Question id -> its share of the whole score, 0..1, after what is not applicable handed its weight on."""
        return self.detail.shares()
