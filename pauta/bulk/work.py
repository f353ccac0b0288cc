"""The work on one piece: read it, score it, and bring its results into the form in which they are written."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.incoming import Incoming
from pauta.bulk.matched import Used
from pauta.bulk.matching import ScoredWithPeople
from pauta.bulk.no_calls import calls_only
from pauta.bulk.outgoing import rejects_batch
from pauta.bulk.pieces import ROWS, Input, Piece, Taken
from pauta.bulk.redacted import redacted_rejects
from pauta.bulk.schema import rejects_schema, result_schema, stored_schema
from pauta.bulk.scorer import Scored, Scorer
from pauta.engine.loading.records import Strangers
from pauta.engine.pipeline import Summary
from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.engine.redaction import Redactor

if TYPE_CHECKING:
    import pyarrow as pa

WITH_STATISTICS: Final = (
    "call_id", "agent", "team", "call_type", "started_at", "scorecard", "version", "evaluator", "status", "score",
    "band", "passed",
)  # fmt: skip
"""Columns that readers leave groups of rows out by; the least and the greatest of all others would help nobody."""


def written(tables: Iterable[pa.RecordBatch], schema: pa.Schema, stored: pa.Schema) -> pa.Buffer:
    """Tables of a schema as one Parquet file in memory, each a group of rows: the one way in which results are encoded.

    stored: the schema that the file says it has.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = pa.BufferOutputStream()
    with pq.ParquetWriter(stream, schema, **parquet_options(schema)) as writer:
        for table in tables:
            writer.write_table(pa.Table.from_batches([table]), row_group_size=table.num_rows)
        writer.add_key_value_metadata({"ARROW:schema": base64.b64encode(stored.serialize().to_pybytes()).decode()})
    return stream.getvalue()


def written_rejects(tables: Iterable[pa.RecordBatch], redactor: Redactor | None) -> pa.Buffer | None:
    """Rejects as one Parquet file in memory, None where there are none. redactor: what is masked in them."""
    some = (redacted_rejects(table, redactor) for table in tables if table.num_rows)
    first = next(some, None)
    return None if first is None else written(chain([first], some), first.schema, rejects_schema())


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """How tables are encoded."""
    statistics = [name for name in WITH_STATISTICS if name in schema.names]
    return {"compression": "zstd", "write_statistics": statistics, "store_schema": False}


@dataclass
class Done:
    """What came of a piece. keys, key_rows: see Scored. strangers: see Taken.

    made, rejects: as a whole Parquet file, in memory or the path of one; None where there are none. used: the
    evaluations from files of their own that its calls took, None where there are no such files.
    """

    number: int
    made: Any
    rows: int
    keys: NDArray[np.uint64]
    key_rows: NDArray[np.intp]
    rejects: Any
    problems: tuple[Problem, ...]
    summary: Summary = field(default_factory=Summary)
    strangers: Strangers = field(default_factory=Strangers)
    used: Used | None = None


class Worker:
    """One process's way from pieces to results."""

    def __init__(self, inputs: Sequence[Input], scorer: Scorer) -> None:
        self._inputs, self._scorer = inputs, scorer

    def do(self, number: int, piece: Piece, doubles: NDArray[np.intp] | None = None) -> Done:
        """Score a piece. doubles: rows that hold calls that came before.

        What cannot be read is a problem of its rows.
        """
        found = self.read(number, piece)
        if isinstance(found, Done):
            return found
        (taken, incoming), path = found, self._inputs[piece.input].path
        skip = None if doubles is None else marked(doubles, incoming.size)
        scored = self._scorer.finish(incoming, skip)
        rejects = [scored.rejects if taken.lines is None else _all_rejects(taken, scored, path)]
        if isinstance(scored, ScoredWithPeople):
            rejects.append(scored.refused)
        scored.summary.refused += len(taken.refused)
        return Done(
            number,
            written(scored.tables(ROWS), result_schema(), stored_schema()) if scored.evaluations else None,
            scored.evaluations,
            scored.keys,
            scored.key_rows,
            written_rejects(rejects, self._scorer.setup.redactor),
            all_problems(taken, scored.problems, path),
            scored.summary,
            taken.strangers,
            scored.used if isinstance(scored, ScoredWithPeople) else None,
        )

    def read(self, number: int, piece: Piece) -> tuple[Taken, Incoming] | Done:
        """The rows of a piece with their columns checked; where they cannot be read, all that comes of them."""
        source = self._inputs[piece.input]
        try:
            taken = source.read(piece)
            if taken.lines is None:
                taken.batch.validate(full=True)  # a text that is none is found here, and not in the middle of the work
        except (OSError, ValueError, NotImplementedError) as error:  # pyarrow's are such
            return _unreadable(number, piece, source, error)
        try:
            layout = self._scorer.layout(taken.batch.schema, source.path)
            taken = calls_only(taken, layout, source.path, piece.first_row)
            first_row = piece.first_row if taken.lines is None else 1
            return taken, self._scorer.prepare(taken.batch, file=source.path, first_row=first_row)
        except ProblemsFound as found:
            return _nothing(number, piece, found.problems)


def marked(rows: NDArray[np.intp], size: int) -> NDArray[np.bool_]:
    """(size,) bool: true in some rows."""
    marks = np.zeros(size, dtype=np.bool_)
    marks[rows] = True
    return marks


def all_problems(taken: Taken, of_rows: tuple[Problem, ...], path: str) -> tuple[Problem, ...]:
    """What was told of the lines and of the rows, in the order of the file. Rows are told of by their lines."""
    if taken.lines is None:
        return of_rows
    told = [*taken.warnings, *(why for _, _, why in taken.refused)]
    for each in of_rows:
        if each.place is not None and each.place.file == path and 0 < each.place.line <= len(taken.lines):
            each = replace(each, place=replace(each.place, line=int(taken.lines[each.place.line - 1])))
        told.append(each)
    return tuple(sorted(told, key=lambda each: each.place.line if each.place and each.place.file == path else 0))


def _all_rejects(taken: Taken, scored: Scored, path: str) -> pa.RecordBatch:
    """The lines that were refused and the rows, in the order of the file."""
    import pyarrow as pa

    assert taken.lines is not None
    if not taken.refused and not scored.rejects.num_rows:
        return scored.rejects
    rows = scored.rejects.column("row")
    lines = pa.array(taken.lines[rows.to_numpy() - 1], rows.type)
    of_rows = scored.rejects.set_column(scored.rejects.schema.get_field_index("row"), "row", lines)
    together = pa.Table.from_batches([rejects_batch(path, taken.refused), of_rows.cast(rejects_schema())])
    return together.sort_by([("row", "ascending"), ("code", "ascending")]).combine_chunks().to_batches()[0]


def _unreadable(number: int, piece: Piece, source: Input, error: Exception) -> Done:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    last = piece.first_row + piece.rows - 1
    message = f"'{source.path}' is broken in rows {piece.first_row:,} to {last:,}: {reason}"
    at = Place(source.path, piece.first_row, 1)
    return _nothing(number, piece, (Problem("E510", message, at, "the other rows were read"),))


def _nothing(number: int, piece: Piece, problems: tuple[Problem, ...]) -> Done:
    none = np.zeros(0, dtype=np.uint64)
    summary = Summary(refused=piece.rows)
    return Done(number, None, 0, none, none.astype(np.intp), None, problems, summary)
