"""Files of calls cut into pieces that are read, scored and written each by itself.

Where the cuts are depends on the file alone, never on how many processes share the work: so the results are the same
bytes. A piece never holds parts of two groups of rows; small groups stand in one piece together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

from pauta.bulk.layout import MOMENTS
from pauta.engine.loading.records import Strangers
from pauta.engine.problems import Problem

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS: Final = 16_384
"""Rows of a piece: its columns stay within some tens of megabytes, and a card's fixed costs are spread over many."""
ROWS_WITH_TURNS: Final = 4_096
"""The same where rows hold what was said: a call of ten minutes is 6 KB of text."""

READ: Final = 1 << 16
"""So many bytes of a column are read at a time. Of a file that is mapped into memory all that was read would stay."""


@dataclass(frozen=True)
class Piece:
    """Some rows of an input. first_row: of the file, counted from 1. where: what its input finds them by."""

    input: int
    first_row: int
    rows: int
    where: tuple[Any, ...]


@dataclass(frozen=True)
class Taken:
    """What was read of a piece.

    lines: (rows,) where in the file each row of the batch stands, None where they follow each other without a gap.
    refused: what is no row of the batch: its line, the id of its call as far as it has one, and why. warnings: of
    fields that no call has, each name once. strangers: records that are no calls. facts: `attributes` and `metrics` of
    each row of the batch as they were written, where the input keeps them.
    """

    batch: pa.RecordBatch
    lines: np.ndarray[Any, np.dtype[np.int64]] | None = None
    refused: Sequence[tuple[int, str | None, Problem]] = ()
    warnings: Sequence[Problem] = ()
    strangers: Strangers = field(default_factory=Strangers)
    facts: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)


class Input(Protocol):
    """A file of calls that is read piece by piece; it is pickled and read in other processes too."""

    path: str

    @property
    def rows(self) -> int | None:
        """How many rows it has, None where nobody knows before all is read."""
        ...

    @property
    def has_turns(self) -> bool:
        """Whether rows hold what was said."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Its columns."""
        ...

    def unfit(self) -> str | None:
        """Why it cannot be read by column, None where it can. Raises OSError or ValueError where it cannot be read."""
        ...

    def pieces(self, number: int, most: int | None = None) -> Iterator[Piece]:
        """Its pieces in order. number: its own place among the inputs. most: rows of a piece, None for the usual."""
        ...

    def read(self, piece: Piece) -> Taken:
        """The rows of a piece. Raises OSError or ValueError where they cannot be read."""
        ...


class ParquetInput:
    """A Parquet file. Raises OSError or ValueError (pyarrow's are such) where it is none, at first use."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._stream: tuple[int, int, Iterator[pa.RecordBatch]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_stream": None}

    @cached_property
    def _file(self) -> pq.ParquetFile:
        import pyarrow.parquet as pq

        plain = pq.ParquetFile(self.path)
        words = list(_words_in(plain.schema_arrow))
        plain.close()
        return pq.ParquetFile(self.path, read_dictionary=words, buffer_size=READ, pre_buffer=False)

    @property
    def schema(self) -> pa.Schema:
        """Its columns, words as dictionaries."""
        return self._file.schema_arrow

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self._file.metadata.num_rows)

    @property
    def has_turns(self) -> bool:
        """Whether rows hold what was said."""
        return "turns" in self.schema.names

    def unfit(self) -> str | None:
        """Why it cannot be read by column: moments that do not say which zone they are in."""
        import pyarrow as pa

        moments = [each for each in self.schema if each.name in MOMENTS and pa.types.is_timestamp(each.type)]
        loose = next((each.name for each in moments if each.type.tz is None), None)
        return f"the column {loose} holds times without a zone" if loose else None

    def pieces(self, number: int, most: int | None = None) -> Iterator[Piece]:
        """Groups of rows cut where they are large, and taken together where they are small."""
        most = most or usual_rows(self)
        metadata = self._file.metadata
        gathered: list[int] = []
        first_row, rows = 1, 0
        for group in range(metadata.num_row_groups):
            size = metadata.row_group(group).num_rows
            if gathered and rows + size > most:
                yield Piece(number, first_row, rows, (tuple(gathered), 0, most))
                first_row, gathered, rows = first_row + rows, [], 0
            if size <= most:
                gathered.append(group)
                rows += size
                continue
            for start in range(0, size, most):
                cut = min(most, size - start)
                yield Piece(number, first_row, cut, ((group,), start, most))
                first_row += cut
        if rows:
            yield Piece(number, first_row, rows, (tuple(gathered), 0, most))

    def read(self, piece: Piece) -> Taken:
        """The rows of a piece."""
        return Taken(self._rows_of(piece))

    def _rows_of(self, piece: Piece) -> pa.RecordBatch:
        groups, start, most = piece.where
        if len(groups) > 1:
            return _one_batch([*self._file.read_row_groups(list(groups), use_threads=False).to_batches()])
        group = groups[0]
        if self._stream is None or self._stream[0] != group or self._stream[1] > start:
            self._stream = (group, 0, self._cut(group, most))
        _, at, batches = self._stream
        while True:
            batch = next(batches)
            at += batch.num_rows
            self._stream = (group, at, batches)
            if at > start:
                return batch

    def _cut(self, group: int, most: int) -> Iterator[pa.RecordBatch]:
        """A group of rows as batches of exactly `most` rows but for the last."""
        waiting: list[pa.RecordBatch] = []
        rows = 0
        for batch in self._file.iter_batches(batch_size=most, row_groups=[group], use_threads=False):
            start = 0
            while rows + batch.num_rows - start >= most:
                waiting.append(batch.slice(start, most - rows))
                start += most - rows
                yield _one_batch(waiting)
                waiting, rows = [], 0
            if start < batch.num_rows:
                waiting.append(batch.slice(start))
                rows += batch.num_rows - start
        if waiting:
            yield _one_batch(waiting)


def usual_rows(source: Input) -> int:
    """How many rows a piece of an input has where nobody asks for another number."""
    return ROWS_WITH_TURNS if source.has_turns else ROWS


def _one_batch(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    import pyarrow as pa

    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _words_in(schema: pa.Schema) -> Iterator[str]:
    """Columns of text that are read as dictionaries: all but those in which no value comes twice."""
    import pyarrow as pa

    for column in schema:
        if pa.types.is_string(column.type) and column.name not in ("call_id", *MOMENTS):
            yield column.name
        elif column.name == "answers" and pa.types.is_struct(column.type):
            yield from (f"answers.{each.name}" for each in column.type if pa.types.is_string(each.type))
