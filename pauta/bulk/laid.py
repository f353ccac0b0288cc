"""Rows that were read one by one, laid in columns as tables of calls have them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pauta.bulk.checked import AS_RECORDS
from pauta.bulk.layout import MAPS
from pauta.engine.model.calls import CALL_FIELDS

if TYPE_CHECKING:
    import pyarrow as pa

TEXTS: Final = tuple(name for name in CALL_FIELDS if name not in (*MAPS, "duration_s"))
OF_TURNS: Final = ("speaker", "text", "start", "end", "sentiment")
MOST_FACTS: Final = 200
"""Facts of more names than this have no column each."""
EXACT: Final = 2**53
"""Whole numbers beyond this are no floating-point numbers."""


class Laid:
    """Rows as a table. rows: calls, or what has the same attributes; `absent` stands for a field that was not written.

    fields: how many fields of all rows and their turns were written.
    """

    def __init__(self, rows: Sequence[Any], absent: object = None) -> None:
        import pyarrow as pa

        self._rows, self._absent = rows, absent
        self.fields = 0
        columns: dict[str, pa.Array] = {}
        for name in TEXTS:
            values = self._written(rows, name)
            if values is not None or name == "call_id":
                columns[name] = pa.array(values or [], pa.string())
        seconds = self._written(rows, "duration_s")
        if seconds is not None:
            columns["duration_s"] = pa.array(seconds, pa.float64())
        for name in MAPS:
            maps = self._written(rows, name)
            if maps is not None:
                columns |= self._facts(name, maps)
        turns = self._written(rows, "turns")
        if turns is not None:
            columns["turns"] = self._turns(turns)
        self.batch = pa.RecordBatch.from_arrays([*columns.values()], names=[*columns], metadata=AS_RECORDS)

    def _written(self, rows: Sequence[Any], name: str) -> list[Any] | None:
        """What rows say of a field, None where one says nothing; None where no row says anything."""
        values = list(map(attrgetter(name), rows))
        kinds = set(map(type, values))
        if kinds <= {type(self._absent)}:
            return None
        if self._absent is not None and type(self._absent) in kinds:
            self.fields += sum(value is not self._absent for value in values)
            values = [None if value is self._absent else value for value in values]
        else:
            self.fields += len(values)
        return values if kinds != {type(None)} else None

    def _facts(self, name: str, maps: Sequence[Any]) -> dict[str, pa.Array]:
        """Facts with a column each where those are of one kind, else all maps as JSON."""
        import pyarrow as pa

        self.fields += sum(map(len, filter(None, maps)))
        names = dict.fromkeys(chain.from_iterable(filter(None, maps)))
        plain = len(names) <= MOST_FACTS and all(each and "." not in each for each in names)
        columns: dict[str, pa.Array] = {}
        for fact in names if plain else ():
            column = _plain([each.get(fact) if each else None for each in maps])
            if column is None:
                break
            columns[f"{name}.{fact}"] = column
        if plain and len(columns) == len(names):
            return columns
        return {name: pa.array([None if each is None else json.dumps(each) for each in maps], pa.string())}

    def _turns(self, turns: Sequence[Any]) -> pa.ListArray:
        import pyarrow as pa

        offsets = np.zeros(len(turns) + 1, dtype=np.int32)
        np.cumsum([len(each) if each else 0 for each in turns], out=offsets[1:])
        flat = list(chain.from_iterable(filter(None, turns)))
        parts = {}
        for name in OF_TURNS:
            values = self._written(flat, name)
            if name in ("speaker", "text"):
                parts[name] = pa.array(values or [], pa.string())
            elif values is not None:
                parts[name] = pa.array(values, pa.float64())
        parts["speaker"] = parts["speaker"].dictionary_encode()
        return pa.ListArray.from_arrays(
            pa.array(offsets), pa.StructArray.from_arrays([*parts.values()], names=[*parts])
        )


def _plain(values: list[Any]) -> pa.Array | None:
    """A column of values of one kind; None where they are of several, or of one that has no column."""
    import pyarrow as pa

    kinds = set(map(type, values)) - {type(None)}
    if kinds == {str}:
        return pa.array(values, pa.string())
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds and kinds <= {int, float}:
        if any(type(each) is int and abs(each) > EXACT for each in values):
            return None
        return pa.array(values, pa.int64() if kinds == {int} else pa.float64())
    return pa.nulls(len(values), pa.string()) if not kinds else None
