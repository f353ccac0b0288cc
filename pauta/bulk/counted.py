"""How the evaluations of a batch came out, counted by column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.incoming import Incoming
from pauta.bulk.outcomes import Outcomes
from pauta.bulk.outgoing import Group
from pauta.engine.model.results import Results, Status
from pauta.engine.pipeline import CardSummary, Summary


def summary_of(
    incoming: Incoming, outcomes: Outcomes, groups: Sequence[Group], skip: NDArray[np.bool_] | None
) -> Summary:
    """What became of the rows of a batch."""
    left_out = int((incoming.taken & skip).sum()) if skip is not None else 0
    calls = int(incoming.taken.sum()) - left_out
    unclaimed = [n for n, wanted in enumerate(outcomes.wanted) if not wanted]
    summary = Summary(
        calls=calls,
        evaluations=sum(len(group.rows) for group in groups),
        unclaimed=int(np.isin(outcomes.codes, unclaimed).sum()) if unclaimed else 0,
        refused=incoming.size - calls,
    )
    for group in groups:
        name = group.results.scorecard.name
        merge(summary.by_card.setdefault(name, CardSummary()), _card_summary(group.results, group.by_person))
    return summary


def _card_summary(results: Results, by_person: NDArray[np.bool_]) -> CardSummary:
    scored = (results.status == Status.COMPLETE) & ~np.isnan(results.score)
    summary = CardSummary(
        evaluations=len(results),
        by_person=int(by_person.sum()),
        passed=int((results.passed == 1).sum()),
        failed=int((results.passed == 0).sum()),
        scored=int(scored.sum()),
        score_sum=float(results.score[scored].sum()),
    )
    counts = np.bincount(results.status, minlength=len(Status))
    summary.by_status.update({status.name.lower(): int(counts[status]) for status in Status if counts[status]})
    return summary


def merge(into: CardSummary, other: CardSummary) -> None:
    """Count the evaluations of a batch with those before."""
    for name in ("evaluations", "by_person", "passed", "failed", "scored", "score_sum"):
        setattr(into, name, getattr(into, name) + getattr(other, name))
    into.by_status.update(other.by_status)
