"""Results by column, as `evaluate` makes them; `engine/evaluation/records.py` turns rows into records for people and sinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from pauta.engine.model.findings import Findings
from pauta.engine.model.scorecard import Harm, Scorecard

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


UNKNOWN: Final = -1
"""In `passed` and `band`: null."""


@dataclass(frozen=True)
class Results:
    """One row per row of the batch; every array is (rows,) unless said otherwise.

    score, raw_score, agent_score: float64, rounded as SCORECARD.md section 4 says, NaN where there is none. status:
    uint8 of Status. passed: int8, 1, 0 or UNKNOWN. band: int16, index into scorecard.bands or UNKNOWN. critical,
    non_critical, missing, unverified: int64 counts. critical_by_class: Harm -> int64 counts. card_failed: bool.
    section_scores: section id -> float64, unrounded, NaN where the section has none. codes: question id -> codes into
    vocabulary[question]. given: question id -> uint8 of Given. findings: question id -> what its criterion found.
    proposals: question id -> what the criterion would answer: codes into vocabulary[question]. fired: escalation id -> bool.
    problems: answers that were refused, and criteria that failed.
    """

    scorecard: Scorecard
    batch: CallBatch
    status: NDArray[np.uint8]
    score: NDArray[np.float64]
    raw_score: NDArray[np.float64]
    agent_score: NDArray[np.float64]
    passed: NDArray[np.int8]
    band: NDArray[np.int16]
    critical: NDArray[np.int64]
    non_critical: NDArray[np.int64]
    missing: NDArray[np.int64]
    unverified: NDArray[np.int64]
    critical_by_class: Mapping[Harm, NDArray[np.int64]]
    card_failed: NDArray[np.bool_]
    coverage: NDArray[np.float64]
    section_scores: Mapping[str, NDArray[np.float64]]
    codes: Mapping[str, NDArray[np.integer]] = field(default_factory=dict)
    vocabulary: Mapping[str, Sequence[object]] = field(default_factory=dict)
    given: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    findings: Mapping[str, Findings] = field(default_factory=dict)
    fired: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        return len(self.score)
