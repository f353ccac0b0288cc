"""The evaluations of one batch, by all the cards that claimed its calls: records made on demand, columns for stores."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, overload

from pauta.engine.evaluation.records import Record, record
from pauta.engine.evaluation.rows import Columns, columns
from pauta.engine.model.results import Results


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

    @property
    def results(self) -> list[Results]:
        """The results of each card, in the order in which the first of each stands in the batch."""
        return [results for results, _ in self._parts]

    def columns(self) -> Columns:
        """The fields of all records as columns, as `rows.columns` makes them."""
        if self._columns is None:
            made = [columns(results) for results, _ in self._parts]
            self._columns = made[0] if len(made) == 1 else self._in_order(made)
        return self._columns

    def _in_order(self, made: Sequence[Columns]) -> Columns:
        where = [self._where[place] for place in range(len(self))]
        merged: Columns = {}
        for name in made[0] if made else ():
            own = [part[name] for part in made]
            merged[name] = Placed(own, where) if name == "answers" else [own[part][row] for part, row in where]
        return merged


class Placed(Sequence[str]):
    """Texts of several cards' results in the order of the batch; each is taken where it is when it is asked for."""

    def __init__(self, parts: Sequence[Sequence[str]], where: Sequence[tuple[int, int]]) -> None:
        self._parts, self._where = parts, where

    def __len__(self) -> int:
        return len(self._where)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self._parts[part][row] for part, row in self._where[place]]
        part, row = self._where[place]
        return self._parts[part][row]
