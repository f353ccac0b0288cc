"""What a criterion says about calls: a verdict, evidence that can be looked up in the call, one sentence why.

Finding     about one call
Findings    about a batch: verdicts as an array, evidence and reasons only where there are some
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Verdict(IntEnum):
    """The five things a criterion can say; ANSWER comes with an answer or a number of its own."""

    MET = 0
    NOT_MET = 1
    NOT_APPLICABLE = 2
    UNVERIFIED = 3
    ANSWER = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in a call. `turn` counts from 0; text[start:stop] of that turn is `quote`; times in seconds.

    turn, start, stop and quote are None where the evidence is a stretch of time without words (a silence).
    """

    turn: int | None = None
    start: int | None = None
    stop: int | None = None
    quote: str | None = None
    from_s: float | None = None
    to_s: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a criterion says about one call. `answer` goes with Verdict.ANSWER: an answer's id or a number."""

    verdict: Verdict
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    answer: str | float | None = None


@dataclass(frozen=True)
class Findings:
    """What a criterion says about a batch.

    verdicts: (rows,) uint8 of Verdict. answers: row -> answer where the verdict is ANSWER. evidence: row -> places,
    in the order of the call. reasons: row -> sentence; a row without one has nothing to add.
    """

    verdicts: NDArray[np.uint8]
    answers: Mapping[int, str | float] = field(default_factory=dict)
    evidence: Mapping[int, Sequence[Evidence]] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, row: int) -> Finding:
        return Finding(
            Verdict(int(self.verdicts[row])),
            self.reasons.get(row, ""),
            tuple(self.evidence.get(row, ())),
            self.answers.get(row),
        )


def findings_of(each: Sequence[Finding]) -> Findings:
    """Findings about single calls, row by row, as the findings of a batch."""
    import numpy as np

    return Findings(
        np.array([finding.verdict for finding in each], dtype=np.uint8),
        {row: finding.answer for row, finding in enumerate(each) if finding.answer is not None},
        {row: finding.evidence for row, finding in enumerate(each) if finding.evidence},
        {row: finding.reason for row, finding in enumerate(each) if finding.reason},
    )
