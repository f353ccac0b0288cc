"""What was said in the calls of a table: turns held by column, checked by column, made into records on demand."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import column_of, not_within, numbers_of
from pauta.engine.loading.records import MOST_SECONDS
from pauta.engine.model.calls import SPEAKERS, Turn
from pauta.engine.model.columns import Coded
from pauta.engine.model.turns import Turns, turns_from

if TYPE_CHECKING:
    import pyarrow as pa


class TurnsColumn:
    """A list column of turns. A row whose turns are no list of structs, or not as they should be, is `wrong`.

    starts: (rows + 1,) the first turn of each row among all turns, which `parts` hold by field.
    """

    def __init__(self, column: pa.Array) -> None:
        import pyarrow as pa

        self._size = len(column)
        kind = column.type
        listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        if not listed or not pa.types.is_struct(kind.value_type):
            self.parts: dict[str, pa.Array] = {}
            self.starts = np.zeros(self._size + 1, dtype=np.int64)
            self._flat: pa.Array | None = None
            self._unreadable = column.is_valid().to_numpy(zero_copy_only=False)
            return
        self._flat = flat = column.flatten()
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        self.starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        self.parts = {field.name: part for field, part in zip(flat.type, flat.flatten(), strict=True)}

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """(rows,) bool: where a turn is not as it should be."""
        if self._flat is None:
            return np.asarray(self._unreadable, dtype=np.bool_)
        wrong = self._wrong_turns()
        rows = np.searchsorted(self.starts, np.flatnonzero(wrong), side="right") - 1
        found = np.zeros(self._size, dtype=np.bool_)
        found[rows] = True
        return found

    def _wrong_turns(self) -> NDArray[np.bool_]:
        import pyarrow as pa
        import pyarrow.compute as pc

        assert self._flat is not None
        wrong = ~self._flat.is_valid().to_numpy(zero_copy_only=False)
        if not {"speaker", "text"} <= self.parts.keys():
            return np.ones(len(wrong), dtype=np.bool_)
        for name in ("speaker", "text"):
            kind = self.parts[name].type
            words = kind.value_type if pa.types.is_dictionary(kind) else kind
            if not (pa.types.is_string(words) or pa.types.is_large_string(words)):
                return np.ones(len(wrong), dtype=np.bool_)
            wrong |= ~self.parts[name].is_valid().to_numpy(zero_copy_only=False)
        speakers = self.parts["speaker"]
        if not pa.types.is_dictionary(speakers.type):
            speakers = speakers.dictionary_encode()
        known = np.array([*(word in SPEAKERS for word in speakers.dictionary.to_pylist()), False], dtype=np.bool_)
        codes = pc.fill_null(speakers.indices.cast(pa.int32()), -1)
        wrong |= ~known[codes.to_numpy(zero_copy_only=False)]
        bounds = {"start": (0, MOST_SECONDS), "end": (0, MOST_SECONDS), "sentiment": (-1, 1)}
        for name, (least, most) in bounds.items():
            if name in self.parts:
                wrong |= not_within(self.parts[name], least, most)
        if {"start", "end"} <= self.parts.keys() and not wrong.all():
            start, end = (self._seconds(name) for name in ("start", "end"))
            wrong |= end < start
        return np.asarray(wrong, dtype=np.bool_)

    def _seconds(self, name: str) -> NDArray[np.float64]:
        import pyarrow as pa

        kind = self.parts[name].type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return numbers_of(self.parts[name])
        return np.full(len(self.parts[name]), np.nan)

    @cached_property
    def said(self) -> Turns:
        """All turns by column, as criteria take them."""
        import pyarrow as pa

        if self._flat is None or not {"speaker", "text"} <= self.parts.keys():
            none = np.zeros(0)
            return turns_from([], Coded(np.zeros(0, dtype=np.int32), ()), none, none, self.starts)
        speakers = column_of(self.parts["speaker"])
        words = (*(str(each) for each in speakers.values), "")
        codes = np.where(speakers.codes < 0, len(words) - 1, speakers.codes)
        texts = self.parts["text"]
        if pa.types.is_dictionary(texts.type):
            texts = texts.dictionary_decode()
        missing = np.full(len(codes), np.nan)
        start, end = (self._seconds(name) if name in self.parts else missing for name in ("start", "end"))
        return turns_from(texts.fill_null("").to_pylist(), Coded(codes, words), start, end, self.starts)

    @cached_property
    def _lists(self) -> tuple[list[Any], ...]:
        """Speaker, text, start, end and sentiment of all turns."""
        none = [None] * int(self.starts[-1])
        return tuple(
            none
            if name not in self.parts
            else self.parts[name].to_pylist()
            if name in ("speaker", "text")
            else [None if second is None else float(second) for second in self.parts[name].to_pylist()]
            for name in ("speaker", "text", "start", "end", "sentiment")
        )

    def turns(self, row: int) -> tuple[Turn, ...]:
        """The turns of a row that is not wrong."""
        part = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return tuple(map(Turn, *(each[part] for each in self._lists)))
