"""The evaluations of one batch, by all the cards that claimed its calls: records made on demand, columns for stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, overload

from pauta.engine.evaluation.records import Record, number, record, status_of
from pauta.engine.evaluation.rows import Columns, columns
from pauta.engine.model.results import UNKNOWN, Results
from pauta.engine.model.tallies import Verdict


class Evaluated(Sequence[Record]):
    """Records in the order of a batch, each made when it is asked for, and then kept.

    parts: the results of each card, and the places in the batch that they are for.
    """

    def __init__(self, parts: Sequence[tuple[Results, Sequence[int]]]) -> None:
        self._parts = parts
        self._where = {place: (part, row) for part, (_, places) in enumerate(parts) for row, place in enumerate(places)}
        self._made: dict[int, Record] = {}
        self._columns: Columns | None = None

    def __len__(self) -> int:
        return len(self._where)

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...

    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        place = range(len(self))[place]
        if place not in self._made:
            part, row = self._where[place]
            self._made[place] = record(self._parts[part][0], row)
        return self._made[place]

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Record]:
        return deepcopy(list(self), memo)

    def verdicts(self) -> Iterator[Verdict]:
        """How each evaluation came out."""
        told = [
            [
                (status_of(status), None if passed == UNKNOWN else passed == 1, number(score))
                for status, passed, score in zip(
                    results.status.tolist(), results.passed.tolist(), results.score.tolist(), strict=True
                )
            ]
            for results, _ in self._parts
        ]
        for place in range(len(self)):
            part, row = self._where[place]
            yield told[part][row]

    def columns(self) -> Columns:
        """The fields of all records as columns, as `rows.columns` makes them."""
        if self._columns is None:
            made = [columns(results) for results, _ in self._parts]
            self._columns = made[0] if len(made) == 1 else self._in_order(made)
        return self._columns

    def _in_order(self, made: Sequence[Columns]) -> Columns:
        merged: Columns = {}
        for name in made[0] if made else ():
            own = [part[name] for part in made]
            merged[name] = [own[part][row] for part, row in (self._where[place] for place in range(len(self)))]
        return merged
