"""Values of columns as the records of the plain path hold them: what stands in a cell, as the doors take it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import (
    json_ready,
)
from pauta.engine.loading.records import (
    CHANNELS,
    DIRECTIONS,
    MODES,
)
from pauta.engine.model.calls import RawAnswer
from pauta.engine.model.moments import moment_from

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
WORDS: Final = ("call_id", "agent", "team", "customer_segment", "call_type", "language", "scorecard", "version")
_CHOICES: Final = {"direction": DIRECTIONS, "channel": CHANNELS, "mode": MODES}
_LISTS: Final = "|"
"""What stands between several answers in one text."""


class Lazy(Sequence[T], Generic[T]):
    """As many things as there are rows, each made when it is asked for, once."""

    def __init__(self, rows: Sequence[int] | NDArray[np.intp], make: Callable[[int], T]) -> None:
        self._rows, self._make = rows, make
        self._made: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        at = int(row) if row >= 0 else int(row) + len(self)
        if not 0 <= at < len(self):
            raise IndexError(row)
        if at not in self._made:
            self._made[at] = self._make(int(self._rows[at]))
        return self._made[at]


def raw_answer(value: Any) -> RawAnswer | None:
    """An answer of a column as `records.typed_answer` takes it, `|` between several; None is none."""
    from pauta.engine.loading.records import typed_answer

    answer = typed_answer(split(json_ready(value)))
    return None if answer is None else answer.value


def is_no_answer(value: Any) -> bool:
    """Whether a value is none that an answer can have."""
    from pauta.engine.loading.records import typed_answer

    return typed_answer(split(json_ready(value))) is None


def split(value: Any) -> Any:
    """An answer as it stands, or several: one text with `|` between them; `[]` is none of them."""
    if value == "[]":
        return []
    return [part.strip() for part in value.split(_LISTS)] if isinstance(value, str) and _LISTS in value else value


def needs_look(array: pa.Array) -> bool:
    """Whether a column may hold what is no answer: numbers that are not finite, lists, maps."""
    import pyarrow as pa

    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    plain = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)
    return not (plain or pa.types.is_null(kind))


def told(name: str, value: Any) -> Any:
    """A value as the sources of tables hand it on: ids as text, moments with a T, turns without what is null."""
    if name in (*WORDS, "evaluator") and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name in ("started_at", "evaluated_at") and isinstance(value, str):
        moment = moment_from(value.strip()) if "T" not in value else None
        return (moment.isoformat() if moment else value.strip()) or None
    if name == "turns":
        value = parsed(value)
        if isinstance(value, list):
            return [{key: each for key, each in turn.items() if each is not None} if isinstance(turn, dict) else turn
                    for turn in value]  # fmt: skip
    return value


def map_from(value: Any) -> Any:
    """A map that comes as such or as JSON; facts that are null are none."""
    value = parsed(value)
    if value == []:
        return {}
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


def parsed(value: Any) -> Any:
    """JSON as what it says; text that is none as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else None
    except ValueError:
        return value


def no_turns(rows: int) -> pa.Array:
    """A column in which nobody says anything."""
    import pyarrow as pa

    turn = pa.struct({"speaker": pa.string(), "text": pa.string()})
    return pa.nulls(rows, pa.list_(turn))


def array_of(values: list[Any]) -> pa.Array:
    """Values of any kind as a column; where they are of several kinds, as text."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if each is None else str(each) for each in values], pa.string())
