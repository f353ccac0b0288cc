"""The results of several cards brought together: one array a figure, in the order in which evaluations are written.

Group      the results of one card, and where they stand
Ragged     as many entries a row as its card has of something
Answers    the answers of all evaluations, one entry per row and question
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.card_cells import NONE, CardCells, WordList
from pauta.engine.evaluation.records import NOT_LOOKED
from pauta.engine.model.calls import Note
from pauta.engine.model.findings import Evidence
from pauta.engine.model.results import Results

T = TypeVar("T")
Placed: TypeAlias = list[tuple[int, T]]
"""What only some entries have, by the place of the entry, in their order."""


@dataclass(frozen=True)
class Group:
    """The rows of one card.

    rows: (n,) the row of the table that each is about. order: (n,) where each stands in the result, None where the
    group is all of it, in its order. by_person: (n,) bool.
    """

    results: Results
    rows: NDArray[np.intp]
    order: NDArray[np.intp] | None
    by_person: NDArray[np.bool_]


class Ragged:
    """A list column in the making: each row of a group has as many entries as its card has of something."""

    def __init__(self, groups: Sequence[Group], lengths: Sequence[int], size: int) -> None:
        self.groups, self.lengths = groups, lengths
        self._alike = len(set(lengths)) == 1
        if self._alike:
            self.offsets = np.arange(size + 1, dtype=np.int32) * np.int32(lengths[0])
        else:
            counts = np.zeros(size, dtype=np.int32)
            for group, length in zip(groups, lengths, strict=True):
                counts[slice(None) if group.order is None else group.order] = length
            self.offsets = np.zeros(size + 1, dtype=np.int32)
            np.cumsum(counts, out=self.offsets[1:])
        self.total = int(self.offsets[-1])

    def position(self, group: int, row: int, entry: int) -> int:
        """Where an entry of a row stands among all."""
        order = self.groups[group].order
        return int(self.offsets[row if order is None else order[row]]) + entry

    def cut(self, start: int, stop: int) -> tuple[NDArray[np.int32], slice]:
        """The offsets of some rows, counted from their first entry, and their entries among all."""
        entries = slice(int(self.offsets[start]), int(self.offsets[stop]))
        return self.offsets[start : stop + 1] - np.int32(entries.start), entries

    def flat(
        self, columns: Sequence[Sequence[Any]], dtype: Any, more: Sequence[Sequence[int]] | None = None
    ) -> NDArray[Any]:
        """(total,): the entries of all rows in order. columns: for each group (rows,) or a scalar for each entry.

        more: for each group what is added to each entry.
        """
        flat = np.empty(self.total, dtype=dtype)
        for n, (group, length, given) in enumerate(zip(self.groups, self.lengths, columns, strict=True)):
            if not length:
                continue
            if group.order is None:
                matrix = flat.reshape(len(group.rows), length)
                for entry, column in enumerate(given):
                    matrix[:, entry] = column
            else:
                matrix = _matrix(given, len(group.rows), dtype)
            if more is not None:
                matrix += np.array(more[n], dtype=dtype)
            if group.order is not None and self._alike:  # whole rows are put in place far quicker
                flat.reshape(-1, length)[group.order] = matrix
            elif group.order is not None:
                flat[self.offsets[group.order][:, None] + np.arange(length, dtype=np.intp)] = matrix
        return flat


def _matrix(columns: Sequence[Any], rows: int, dtype: Any) -> NDArray[Any]:
    """(rows, columns); (columns,) where they are all scalars."""
    arrays = [isinstance(column, np.ndarray) for column in columns]
    if not any(arrays):
        return np.array(columns, dtype=dtype)
    if not all(arrays):
        columns = [np.full(rows, column, dtype=dtype) if np.ndim(column) == 0 else column for column in columns]
    return np.concatenate(columns, dtype=dtype, casting="unsafe").reshape(len(columns), rows).T


class Answers:
    """The answers of a batch of results, flat: one entry per row and question.

    entries: (total,) into `table`. shares: (total,). given: (total,) into GIVERS, None where a person gave every answer
    that there is. proposed: (total,) into `table`, None where no criterion was asked. reasons: into `reason_words`.
    """

    def __init__(self, groups: Sequence[Group], size: int, table: CardCells, begins: Sequence[Sequence[int]]) -> None:
        self._groups, self.table, self._begins = groups, table, begins
        self._asked = [list(group.results.answers.values()) for group in groups]
        self.layout = Ragged(groups, [len(each) for each in self._asked], size)
        self.entries = self.layout.flat([[each.codes for each in asked] for asked in self._asked], np.intp, begins)
        self.shares = self.layout.flat(
            [list(group.results.detail.shares().values()) for group in groups], np.float64
        )  # not by `results.shares`, which would keep them as long as the results
        self.given = self._givers()
        self.proposed = self._proposed()
        self.notes = sorted(self._notes(), key=itemgetter(0))
        self._reasons = WordList()
        self.reasons, self.evidence = self._found()
        self.reason_words = list(self._reasons.index)

    def _each(self) -> Iterator[tuple[int, int, Any, int]]:
        """Group, number, answers and first entry in the table of each question of each group."""
        for n, (asked, begins) in enumerate(zip(self._asked, self._begins, strict=True)):
            for entry, (each, begin) in enumerate(zip(asked, begins, strict=True)):
                yield n, entry, each, begin

    def _givers(self) -> NDArray[np.int8] | None:
        if all(each.given is None for asked in self._asked for each in asked):
            return None
        given = self.table.given
        columns: list[list[Any]] = [[] for _ in self._asked]
        for n, _, each, begin in self._each():
            columns[n].append(
                given.take(each.codes.astype(np.intp) + begin) if each.given is None else each.given.astype(np.int8) - 1
            )
        return self.layout.flat(columns, np.int8)

    def _proposed(self) -> NDArray[np.intp] | None:
        if all(each.proposed is None for asked in self._asked for each in asked):
            return None
        columns: list[list[Any]] = [[] for _ in self._asked]
        for n, _, each, begin in self._each():
            columns[n].append(NONE if each.proposed is None else each.proposed.astype(np.int64) + begin)
        return self.layout.flat(columns, np.intp)

    def _notes(self) -> Iterator[tuple[int, Note]]:
        """What people wrote beside answers, by the place of the answer."""
        for n, group in enumerate(self._groups):
            if not group.results.batch.notes:
                continue
            position = {name: each for each, name in enumerate(group.results.answers)}
            for (row, question), note in group.results.batch.notes.items():
                if question in position:
                    yield self.layout.position(n, row, position[question]), note

    def _found(self) -> tuple[Placed[int], Placed[Sequence[Evidence]]]:
        """The reasons that criteria gave, and the places in the calls that they found."""
        if not self.table.looked.all():
            self._reasons.of(NOT_LOOKED)
        of = self._reasons.of
        reasons: Placed[int] = []
        evidence: Placed[Sequence[Evidence]] = []
        for n, entry, each, _ in self._each():
            if each.findings is None:
                continue
            at = self.layout.position
            reasons += [(at(n, row, entry), of(reason or None)) for row, reason in each.findings.reasons.items()]
            evidence += [(at(n, row, entry), found) for row, found in each.findings.evidence.items() if found]
        return sorted(reasons, key=itemgetter(0)), sorted(evidence, key=itemgetter(0))


def within(placed: Placed[T], entries: slice) -> Placed[T]:
    """What stands within some entries, by its place among them."""
    start = bisect_left(placed, entries.start, key=itemgetter(0))
    stop = bisect_left(placed, entries.stop, key=itemgetter(0))
    return [(place - entries.start, what) for place, what in placed[start:stop]]
