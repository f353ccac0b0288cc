"""Cards made ready to score tables of calls whose evaluations people wrote into files of their own.

MatchingSetup, MatchingScorer          as Setup and Scorer, for such runs
GroupedWithPeople, ScoredWithPeople    as Grouped and Scored
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.counted import summary_of
from pauta.bulk.evaluations import Evaluations
from pauta.bulk.incoming import Incoming
from pauta.bulk.layout import Layout, layout_of
from pauta.bulk.matched import Matched, Used, UsedSoFar, met
from pauta.bulk.outgoing import rejects_batch
from pauta.bulk.schema import rejects_schema
from pauta.bulk.scorer import Grouped, Scored, Scorer, Setup, groups_of, keys_of
from pauta.engine.host import Host
from pauta.engine.pipeline import second_record, unmatched
from pauta.engine.problems import Problem, ProblemsFound, Severity

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE: Final = 16_384
"""So many evaluations are made records together."""


@dataclass(frozen=True)
class MatchingSetup(Setup):
    """What is needed to score. folder: that of the evaluations (evaluations.py)."""

    folder: str = ""

    @classmethod
    def over(cls, setup: Setup, folder: str) -> MatchingSetup:
        """A setup, with people's evaluations."""
        return cls(**{each.name: getattr(setup, each.name) for each in fields(Setup)}, folder=folder)

    def scorer(self, host: Host | None = None) -> MatchingScorer:
        """A scorer of this process; `host`: its plugins, where they are loaded already."""
        return MatchingScorer(self, host or self.host())


@dataclass(frozen=True)
class GroupedWithPeople(Grouped):
    """What came of a batch, card by card. rows: the calls and evaluations as they met; groups name the rows of these.

    used: the evaluations that were taken. not_taken: the ids of calls, and why evaluations of them were not.
    """

    rows: Matched
    used: Used
    not_taken: list[tuple[str, Problem]]


@dataclass
class ScoredWithPeople(Scored):
    """What came of a batch. used: the evaluations that it took. refused: those that were not taken, as rejects."""

    used: Used
    refused: pa.RecordBatch


class MatchingScorer(Scorer):
    """The plans of one process, and the evaluations that calls meet.

    before: those that other batches took, where somebody knows.
    """

    setup: MatchingSetup
    before: UsedSoFar | None = None

    @cached_property
    def evaluations(self) -> Evaluations:
        """People's evaluations."""
        return Evaluations(Path(self.setup.folder))

    def layout(self, schema: pa.Schema, file: str) -> Layout:
        """What the columns of a table of calls are: no question has one. Raises ProblemsFound."""
        key = (file, schema)
        if key not in self._layouts:
            found = layout_of(schema, (), file)
            if isinstance(found, Problem):
                raise ProblemsFound([found])
            self._layouts[key] = found
        return self._layouts[key]

    def prepare(self, batch: pa.RecordBatch, *, file: str = "", first_row: int = 1) -> Matched:
        """A batch with its columns checked. Raises ProblemsFound where the table as a whole cannot be taken."""
        return Matched(self.layout(batch.schema, file), batch, file, first_row)

    def finish(self, incoming: Incoming, skip: NDArray[np.bool_] | None = None) -> ScoredWithPeople:
        """The results of a batch that was prepared."""
        key_rows = np.flatnonzero(incoming.taken)
        keys = keys_of(incoming, key_rows)
        came = self.grouped(incoming, skip)
        wrong = [(incoming.first_row + row, call, why) for row, call, why in came.wrong]
        return ScoredWithPeople(
            made=self._outgoing.made(came.groups, came.rows.facts, came.size),
            rejects=rejects_batch(incoming.file, sorted(wrong, key=lambda each: (each[0], each[2].code))),
            problems=came.problems,
            keys=keys,
            key_rows=key_rows,
            summary=came.summary,
            used=came.used,
            refused=rejected(came.not_taken),
        )

    def grouped(self, incoming: Incoming, skip: NDArray[np.bool_] | None = None) -> GroupedWithPeople:
        """The same card by card, for those who need no table of it."""
        assert isinstance(incoming, Matched), "it was prepared here"
        calls, refused = incoming, list(incoming.refused)
        if skip is not None:
            doubles = ((row, calls.call(row)) for row in np.flatnonzero(calls.taken & skip).tolist())
            refused += [(row, call.call_id, second_record(call)) for row, call in doubles]
        left_out = ~calls.taken if skip is None else ~calls.taken | skip
        found = met(calls, self.evaluations, self.router, left_out, self.before)
        refused += found.outcomes.problems
        told = sorted([*refused, *found.problems], key=_row)
        problems, of_routes = [problem for _, _, problem in told], len(found.outcomes.problems)
        groups, size = groups_of(found.rows, found.outcomes, self, problems)
        of_rows = found.outcomes.problems[of_routes:]  # what cannot be masked
        refused += [(found.rows.row_in_piece(row), call_id, problem) for row, call_id, problem in of_rows]
        return GroupedWithPeople(
            groups,
            size,
            wrong=[each for each in refused if each[2].severity is Severity.ERROR],
            problems=(*self._layout_warnings(calls), *problems),
            summary=summary_of(calls, found.outcomes, groups, skip),
            rows=found.rows,
            used=found.used,
            not_taken=[(call_id, problem) for _, call_id, problem in found.problems],
        )

    def unmatched(self, used: UsedSoFar) -> Iterator[tuple[str, Problem]]:
        """The ids of calls that did not come, and the problems of their evaluations, in the order of the pipeline."""
        left = self.evaluations.in_order_of_calls(used.left())
        for start in range(0, len(left), AT_ONCE):
            for human in self.evaluations.humans(left[start : start + AT_ONCE]):
                yield human.call_id, unmatched(human)


def _row(told: tuple[int, str | None, Problem]) -> int:
    return told[0]


def rejected(problems: Iterable[tuple[str | None, Problem]]) -> pa.RecordBatch:
    """Problems of evaluations as rejects, each with the id of its call as far as that is known."""
    import pyarrow as pa

    rows = [
        {
            "file": problem.place.file if problem.place else "",
            "row": problem.place.line if problem.place else 0,
            "call_id": call_id,
            "code": problem.code,
            "message": problem.message,
            "hint": problem.hint,
        }
        for call_id, problem in problems
        if problem.severity is Severity.ERROR
    ]
    return pa.RecordBatch.from_pylist(rows, rejects_schema())
