"""Tables of people's evaluations, wide, as columns: Parquet and CSV files with a row an evaluation.

A table that is not plainly one, or long, is no matter for columns: its source reads it. A row that fails a column's
check goes through the door of all records, as the source would have it.

table_in     a file as such a table, None where it is none
Sheet        some rows of it, checked
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.checked import Checked
from pauta.bulk.columns import json_ready, moments_of
from pauta.bulk.evaluations import Note
from pauta.bulk.layout import BESIDE, OF_PEOPLE, Layout
from pauta.bulk.pieces import ParquetInput
from pauta.bulk.values import told
from pauta.engine.loading.csv_rows import CsvSheet, csv_sheet
from pauta.engine.loading.operation import Feed
from pauta.engine.loading.records import ANSWER_FIELDS, is_word
from pauta.engine.model.answers import Answer
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.problems import Place, Problem

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS: Final = ("call_id", "agent", *OF_PEOPLE)
NEEDED: Final = ("call_id", "evaluator")
IDS: Final = ("call_id", "agent", "scorecard", "version", "evaluator")
"""Columns in which databases often have numbers."""
AT_ONCE: Final = 4_096
"""So many rows of a sheet are brought into columns together."""


@dataclass(frozen=True)
class Rows:
    """Some rows of a table. lines: (rows,) where each stands. wrong: by line what is no row. next_line: behind them."""

    batch: pa.RecordBatch
    lines: NDArray[np.int64]
    wrong: Sequence[tuple[int, Problem]]
    next_line: int


class AnswerTable:
    """A table of evaluations. as_records: whether moments are taken in the spelling that they have."""

    as_records = False

    def __init__(self, file: str) -> None:
        self.file = file

    def rows(self) -> Iterator[Rows]:
        """Its rows in order. Raises OSError or ValueError where they cannot be read."""
        raise NotImplementedError


class _Parquet(AnswerTable):
    def __init__(self, source: ParquetInput) -> None:
        super().__init__(source.path)
        self._source = source

    def rows(self) -> Iterator[Rows]:
        for piece in self._source.pieces(0):
            read = self._source.read(piece).batch
            read.validate(full=True)  # a text that is none is found here
            batch = _ids_as_text(read)
            lines = np.arange(piece.first_row, piece.first_row + piece.rows, dtype=np.int64)
            yield Rows(batch, lines, (), piece.first_row + piece.rows)


class _Csv(AnswerTable):
    as_records = True

    def __init__(self, sheet: CsvSheet) -> None:
        super().__init__(sheet.file)
        self._sheet = sheet

    def rows(self) -> Iterator[Rows]:
        import pyarrow as pa

        names = [name for name in self._sheet.names if name]
        while some := list(islice(self._sheet.rows, AT_ONCE)):
            wrong = [(each.place.line, each) for each in some if isinstance(each, Problem) and each.place]
            good = [each for each in some if not isinstance(each, Problem)]
            columns = [pa.array([cells.get(name) for cells, _ in good], pa.string()) for name in names]
            lines = np.array([at.line for _, at in good], dtype=np.int64)
            last = max(lines.max(initial=0), max((line for line, _ in wrong), default=0))
            yield Rows(pa.RecordBatch.from_arrays(columns, names=names), lines, wrong, int(last) + 1)


def table_in(feed: Feed) -> AnswerTable | None:
    """A file as a table that can be taken by column, None where its source is to read it."""
    if feed.options or not Path(feed.target).is_file():
        return None
    try:
        if feed.target.lower().endswith(".parquet") and feed.source in ("", "parquet"):
            source = ParquetInput(feed.target)
            return _Parquet(source) if _is_plain(source) else None
        if feed.target.lower().endswith((".csv", ".tsv")) and feed.source in ("", "csv"):
            sheet = csv_sheet(feed.target, _fields)
            plain = not isinstance(sheet, Problem) and layout_of(sheet.names, nameless=True) is not None
            return _Csv(sheet) if plain and isinstance(sheet, CsvSheet) else None
    except (OSError, ValueError):  # its source says why
        return None
    return None


def _fields(names: Sequence[str]) -> Sequence[str]:
    """What a heading may write in another spelling; in a wide sheet every other column is a question."""
    return (*FIELDS, "question", *ANSWER_FIELDS) if {"question", "answer"} <= {*names} else FIELDS


def layout_of(names: Sequence[str], *, nameless: bool = False) -> Layout | None:
    """What the columns of a wide table are; None where it is long, or not plainly one. nameless: may some have none."""
    named = [name for name in names if name or not nameless]
    if not {*NEEDED} <= {*named} or {"question", "answer"} <= {*named} or len({*named}) < len(named):
        return None
    layout = Layout()
    for at, name in enumerate(named):
        question, dot, part = name.removeprefix("answer.").partition(".")
        if name in FIELDS:
            layout.fields[name] = at
            continue
        known = (question, part) in layout.beside if part else question in layout.answers
        if known or not is_word(question) or (dot and part not in BESIDE):
            return None
        if part:
            layout.beside[question, part] = at
        else:
            layout.answers[question] = at
    return layout


def _is_plain(source: ParquetInput) -> bool:
    """Whether a table's columns are of types that both ways read alike, and no moment is without its offset."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = source.schema
    if layout_of(schema.names) is None:
        return False
    if not all(_is_plain_type(each.name, each.type) for each in schema):
        return False
    if "evaluated_at" not in schema.names or not pa.types.is_string(schema.field("evaluated_at").type):
        return True
    with pq.ParquetFile(source.path) as file:
        for batch in file.iter_batches(columns=["evaluated_at"]):
            moments = batch.column(0)
            wrong = moments_of(moments)[1]
            if wrong.any() and any(map(_is_loose, moments.filter(pa.array(wrong)).to_pylist())):
                return False
    return True


def _is_plain_type(name: str, kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_string(kind) or types.is_null(kind):
        return True
    if name == "evaluated_at":
        return bool(types.is_timestamp(kind)) and kind.tz is not None and kind.unit != "ns"
    if name in FIELDS:
        return name in IDS and bool(types.is_integer(kind))
    return any(each(kind) for each in (types.is_integer, types.is_boolean, types.is_float32, types.is_float64))


def _is_loose(text: str) -> bool:
    """Whether a text that is no moment of the format is one to its source: without an offset, or without a T."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return moment.tzinfo is None or "T" not in text


def _ids_as_text(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch whose ids that are numbers are text."""
    import pyarrow as pa

    for at, each in enumerate(batch.schema):
        if each.name in IDS and pa.types.is_integer(each.type):
            batch = batch.set_column(at, each.name, batch.column(at).cast(pa.string()))
    return batch


class Sheet(Checked):
    """Some rows of a table of evaluations with their columns checked. lines: (rows,) where they stand."""

    def __init__(self, table: AnswerTable, rows: Rows) -> None:
        layout = layout_of(rows.batch.schema.names)
        assert layout is not None, "it was looked at"
        self.lines, self._spelt = rows.lines, table.as_records
        super().__init__(layout, rows.batch, table.file, 1)
        self.slow = self.slow | ~self.columns["evaluator"].is_valid().to_numpy(zero_copy_only=False)

    def place(self, row: int) -> Place:
        """Where a row stands."""
        return Place(self.file, int(self.lines[row]), 1)

    def _through_the_door(self) -> Iterator[tuple[int, tuple[Call | None, HumanEvaluation | None]]]:
        return iter(())  # they are no calls

    def record(self, row: int) -> dict[str, object]:
        """A row as its source makes a record of it."""
        about = {name: told(name, json_ready(array[row].as_py())) for name, array in self.columns.items()}
        record = {"answers": {}, **(self._human_record(row) or about)}
        if self._spelt and "evaluated_at" in self.columns:
            record["evaluated_at"] = self.columns["evaluated_at"][row].as_py()
        return record

    def notes(self) -> list[Note]:
        """What stands beside answers."""
        found: dict[tuple[int, str], dict[str, Any]] = {}
        for (question, part), array in self.beside.items():
            for row in np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False)).tolist():
                found.setdefault((row, question), {})[part] = array[row].as_py()
        notes = ((row, question, _note(**said)) for (row, question), said in found.items())
        return [each for each in notes if each[2].has_note]


def _note(comment: str | None = None, fault: str | None = None, at: float | None = None) -> Answer:
    return Answer(None, comment or None, fault, None if at is None else float(at))
