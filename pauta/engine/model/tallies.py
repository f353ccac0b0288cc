"""How many evaluations came out how."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from pauta.engine.model.results import Status

if TYPE_CHECKING:
    from pauta.engine.model.results import Results

Verdict: TypeAlias = tuple[str, bool | None, float | None]
"""status, passed, score of one evaluation."""
_WORDS: Final = {int(status): status.name.lower() for status in Status}


@dataclass
class CardSummary:
    """How the evaluations by one version of a card came out. `score_sum` is over the `scored`, complete ones."""

    evaluations: int = 0
    by_person: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    failed: int = 0
    scored: int = 0
    score_sum: float = 0.0

    def count(self, verdict: Verdict, human: bool) -> None:
        """Take one evaluation into account."""
        status, passed, score = verdict
        self.evaluations += 1
        self.by_person += human
        self.by_status[status] += 1
        self.passed += passed is True
        self.failed += passed is False
        if status == "complete" and score is not None:
            self.scored += 1
            self.score_sum += score

    def count_all(self, results: Results) -> None:
        """Take the evaluations of a batch into account, as if one after the other."""
        codes, passed, people = results.status.tolist(), results.passed.tolist(), results.batch.humans
        self.evaluations += len(codes)
        self.by_person += len(people) - people.count(None)
        self.by_status.update([_WORDS[code] for code in codes])
        self.passed += passed.count(1)
        self.failed += passed.count(0)
        for code, score in zip(codes, results.score.tolist(), strict=True):
            if code == Status.COMPLETE and score == score:  # NaN is no score
                self.scored += 1
                self.score_sum += score
