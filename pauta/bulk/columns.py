"""Arrow columns as the engine works on them: codes with their values, numbers, words, moments; and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.engine.loading.records import is_word
from pauta.engine.loading.values import MOST_NUMBER
from pauta.engine.model.columns import Coded, Numbers, Subject, Words
from pauta.engine.model.conditions import Value, plain
from pauta.engine.model.moments import day_of, moment_from

if TYPE_CHECKING:
    import pyarrow as pa

WORD: Final = r"^[!-~]([ -~]*[!-~])?$"
"""A word that needs no second look: printable ASCII without space around it."""
MOMENT: Final = (
    r"^([1-9]\d{3}|0\d{2}[1-9]|0\d[1-9]\d|0[1-9]\d{2})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?"
    r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$"
)
"""A moment that needs no second look, but for the number of days of its month."""


@dataclass(frozen=True)
class Column:
    """Values by dictionary. codes: (rows,) int32, -1 where there is none. values: what they stand for, each once."""

    codes: NDArray[np.int32]
    values: list[Any]

    def where(self, passes: Callable[[Any], bool]) -> NDArray[np.bool_]:
        """(rows,) bool: where there is a value that passes; each is asked about once."""
        return np.array([*map(passes, self.values), False], dtype=np.bool_)[self.codes]

    def taken(self, rows: NDArray[np.intp] | None) -> Column:
        """Some of its rows; None is all of them."""
        return self if rows is None else Column(self.codes[rows], self.values)

    def words(self) -> Words:
        """The column as conditions see it."""
        values: tuple[Value | None, ...] = (*map(plain, self.values), None)
        return Words(Coded(np.where(self.codes < 0, len(self.values), self.codes), values))


def column_of(array: pa.Array) -> Column:
    """A column of any type by dictionary. Lists are tuples; NaN is a value."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_nested(kind):
        return _column_of_objects(array.to_pylist())
    if not pa.types.is_dictionary(kind):
        array = array.dictionary_encode()
    values = array.dictionary.to_pylist()
    codes = array.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    if None in values:
        codes = np.array([*(-1 if value is None else n for n, value in enumerate(values)), -1], dtype=np.int32)[codes]
    return Column(codes, values)


def _column_of_objects(items: list[Any]) -> Column:
    """Lists, maps and structs, known again by their JSON."""
    seen: dict[str, int] = {}
    values: list[Any] = []
    codes = np.full(len(items), -1, dtype=np.int32)
    for row, item in enumerate(items):
        if item is None:
            continue
        key = json.dumps(item, default=str)
        if key not in seen:
            seen[key] = len(values)
            values.append(item)
        codes[row] = seen[key]
    return Column(codes, values)


def as_dictionary(array: pa.Array) -> pa.DictionaryArray:
    """Words as the results have them: codes of 32 bits, every value text."""
    import pyarrow as pa

    kind = pa.dictionary(pa.int32(), pa.string())
    if array.type == kind:
        return array
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), array.dictionary.cast(pa.string()))
    return array.cast(pa.string()).dictionary_encode()


def not_words(array: pa.Array) -> NDArray[np.bool_]:
    """(rows,) bool: where a value is there and is no name or word as records have them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type):
        return column_of(array).where(lambda value: not is_word(value))
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return _there(array)
    plainly = pc.match_substring_regex(array, WORD).fill_null(True).to_numpy(zero_copy_only=False)
    wrong = ~plainly
    for row in np.flatnonzero(wrong):
        wrong[row] = not is_word(array[row].as_py())
    return np.asarray(wrong, dtype=np.bool_)


def not_within(array: pa.Array, least: float, most: float) -> NDArray[np.bool_]:
    """(rows,) bool: where a value is there and is no number between two others."""
    import pyarrow as pa

    kind = array.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return _there(array)
    numbers = numbers_of(array)
    return _there(array) & ~((numbers >= least) & (numbers <= most))


def numbers_of(array: pa.Array) -> NDArray[np.float64]:
    """(rows,) float64, NaN where there is none."""
    import pyarrow as pa

    return np.asarray(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _there(array: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)


def subject_of(array: pa.Array) -> Subject:
    """A column as conditions see it: numbers as numbers, all else by dictionary."""
    import pyarrow as pa

    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        numbers = numbers_of(array)
        return Numbers(np.where(np.isfinite(numbers), numbers, np.nan))
    return column_of(array).words()


def not_data(array: pa.Array) -> NDArray[np.bool_]:
    """(rows,) bool: where a fact is no data that can be kept: a number that is not finite."""
    import pyarrow as pa

    if pa.types.is_floating(array.type):
        return not_within(array, -MOST_NUMBER, MOST_NUMBER)
    if pa.types.is_nested(array.type) or pa.types.is_integer(array.type) or pa.types.is_boolean(array.type):
        return np.zeros(len(array), dtype=np.bool_)
    words = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if pa.types.is_string(words) or pa.types.is_large_string(words):
        return np.zeros(len(array), dtype=np.bool_)
    return _there(array)


def moments_of(array: pa.Array) -> tuple[pa.StringArray, NDArray[np.bool_]]:
    """Moments as text with their offset, and (rows,) bool where a value is none that can be taken as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        return _written(array), np.zeros(len(array), dtype=np.bool_)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not pa.types.is_string(array.type):
        if not pa.types.is_large_string(array.type):
            return pa.nulls(len(array), pa.string()), _there(array)
        array = array.cast(pa.string())
    wrong = ~pc.match_substring_regex(array, MOMENT).fill_null(True).to_numpy(zero_copy_only=False)
    try:
        pc.cast(pc.if_else(pa.array(wrong), None, array), pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:  # a day that its month does not have: find out which
        wrong = np.array([text is not None and moment_from(text) is None for text in array.to_pylist()]) | wrong
    return array, np.asarray(wrong, dtype=np.bool_)


def _written(array: pa.Array) -> pa.StringArray:
    """Instants with a zone as text, as `datetime.isoformat` writes them."""
    import pyarrow as pa

    made = [None if moment is None else moment.isoformat() for moment in array.cast(_micro(array.type)).to_pylist()]
    return pa.array(made, pa.string())


def _micro(kind: Any) -> pa.DataType:
    import pyarrow as pa

    return pa.timestamp("us", kind.tz)


def days_of(moments: pa.StringArray, zone: tzinfo | None, today: date) -> tuple[NDArray[np.int32], list[date]]:
    """The day of each call (`moments.day_of`), `today` where it is not known: codes and days."""
    import pyarrow as pa
    import pyarrow.compute as pc

    name = getattr(zone, "key", None)
    try:
        if zone is None:
            found = column_of(pc.utf8_slice_codeunits(moments, 0, 10).dictionary_encode())
            known = [date.fromisoformat(each) for each in found.values]
        elif name:
            local = pc.local_timestamp(pc.cast(moments, pa.timestamp("us", "UTC")).cast(pa.timestamp("us", name)))
            found = column_of(local.cast(pa.date32(), safe=False).dictionary_encode())
            known = found.values
        else:
            raise ValueError("a zone without a name is no matter for Arrow")
    except (pa.ArrowInvalid, ValueError):  # a text that is no moment: its row is refused at the door, the others count
        found = column_of(moments)
        known = [day_of(each, zone) or today for each in found.values]
    return np.where(found.codes < 0, len(known), found.codes).astype(np.int32), [*known, today]


def json_ready(value: Any) -> Any:
    """A value of a column as a record has it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        if value and all(isinstance(each, tuple) and len(each) == 2 for each in value):
            return {str(key): json_ready(each) for key, each in value}
        return [json_ready(each) for each in value]
    if isinstance(value, dict):
        return {key: json_ready(each) for key, each in value.items()}
    return value
