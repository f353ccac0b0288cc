"""The results of a batch without some of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.together import Group
from pauta.bulk.values import Lazy
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.findings import Findings
from pauta.engine.model.results import Detail, QuestionAnswers, Results
from pauta.engine.model.scorecard import Harm


def without(groups: Sequence[Group], lost: Iterable[tuple[int, int]]) -> list[Group]:
    """Groups without some results, each by its group and its row there; the others close up."""
    keeps = [np.ones(len(group.rows), dtype=np.bool_) for group in groups]
    for n, at in lost:
        keeps[n][at] = False
    orders = [np.arange(len(group.rows)) if group.order is None else group.order for group in groups]
    there = np.zeros(sum(map(len, orders)), dtype=np.bool_)
    for order, keep in zip(orders, keeps, strict=True):
        there[order[keep]] = True
    place = np.cumsum(there) - 1
    return [
        Group(
            _of_rows(group.results, np.flatnonzero(keep)), group.rows[keep], place[order[keep]], group.by_person[keep]
        )
        for group, order, keep in zip(groups, orders, keeps, strict=True)
        if keep.any()
    ]


def _of_rows(results: Results, rows: NDArray[np.intp]) -> Results:
    """The results of some rows."""
    arrays = ("status", "score", "raw_score", "agent_score", "passed", "band", "card_failed", "accumulated")
    moved = {row: n for n, row in enumerate(rows.tolist())}
    parts: dict[str, Any] = {name: getattr(results, name)[rows] for name in arrays}
    for name in ("comment_missing", "fired"):
        parts[name] = {key: flags[rows] for key, flags in getattr(results, name).items()}
    return replace(
        results,
        **parts,
        batch=_batch_of_rows(results.batch, rows, moved),
        answers={name: _answers_of_rows(each, rows, moved) for name, each in results.answers.items()},
        detail=_DetailOf(results.detail, rows),
    )


def _batch_of_rows(batch: CallBatch, rows: NDArray[np.intp], moved: Mapping[int, int]) -> CallBatch:
    return CallBatch(
        size=len(rows),
        calls=Lazy(rows, batch.calls.__getitem__),
        automatic=None if batch.automatic is None else batch.automatic[rows],
        evaluators=Lazy(rows, batch.evaluators.__getitem__),
        humans=Lazy(rows, batch.humans.__getitem__),
        notes={(moved[row], name): note for (row, name), note in batch.notes.items() if row in moved},
    )


def _answers_of_rows(given: QuestionAnswers, rows: NDArray[np.intp], moved: Mapping[int, int]) -> QuestionAnswers:
    found = given.findings
    if found is not None:
        kept: list[dict[int, Any]] = [
            {moved[row]: each for row, each in part.items() if row in moved}
            for part in (found.answers, found.evidence, found.reasons)
        ]
        found = Findings(found.verdicts[rows], *kept)
    return QuestionAnswers(
        given.codes[rows],
        given.cells,
        None if given.given is None else given.given[rows],
        None if given.proposed is None else given.proposed[rows],
        found,
    )


@dataclass(frozen=True)
class _DetailOf:
    """The figures of some rows."""

    detail: Detail
    rows: NDArray[np.intp]

    def count(self, name: str) -> NDArray[np.int32]:
        """How many there are of each row."""
        return self.detail.count(name)[self.rows]

    def critical_by_class(self) -> Mapping[Harm, NDArray[np.int32]]:
        """See Results.critical_by_class."""
        return self._taken(self.detail.critical_by_class())

    def coverage(self) -> NDArray[np.float64]:
        """See Results.coverage."""
        return self.detail.coverage()[self.rows]

    def sections(self) -> tuple[Mapping[str, NDArray[np.float64]], Mapping[str, NDArray[np.float64]]]:
        """See Results.section_raw_scores and section_scores, in this order."""
        raw, scores = self.detail.sections()
        return self._taken(raw), self._taken(scores)

    def scores_by(self) -> Mapping[tuple[str, str], NDArray[np.float64]]:
        """See Results.scores_by."""
        return self._taken(self.detail.scores_by())

    def shares(self) -> Mapping[str, NDArray[np.float64]]:
        """See Results.shares."""
        return self._taken(self.detail.shares())

    def _taken(self, figures: Mapping[Any, NDArray[Any]]) -> dict[Any, NDArray[Any]]:
        return {name: each[self.rows] for name, each in figures.items()}
