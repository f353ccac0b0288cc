"""Files of people's evaluations read once, before the calls: tables by column, all else as its source reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.answer_tables import AnswerTable, Rows, Sheet, table_in
from pauta.bulk.columns import as_dictionary
from pauta.bulk.evaluations import WORDS, Writing
from pauta.engine.endpoints import evaluations_in
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.loading.records import human_from
from pauta.engine.model.calls import HumanEvaluation
from pauta.engine.pipeline import Tell
from pauta.engine.problems import Problem

if TYPE_CHECKING:
    import pyarrow as pa

TORN: Final = "E510"
AT_ONCE: Final = 2_000
"""So many records are brought into columns together."""


def gather(feeds: Sequence[Feed], host: Host, folder: Path, tell: Tell) -> None:
    """Read files of evaluations into a folder (evaluations.py). What cannot be read is told, in the order of files."""
    with Writing(folder) as writing:
        for feed in feeds:
            table = table_in(feed)
            line = 0 if table is None else _by_column(table, writing, tell)
            if line is not None:
                _one_by_one(feed, line, host, writing, tell)
        writing.close()


def _one_by_one(feed: Feed, line: int, host: Host, writing: Writing, tell: Tell) -> None:
    """Take what the source of a file reads from a line on."""
    found = _records(feed, line, host, tell)
    while some := list(islice(found, AT_ONCE)):
        writing.add(some)


def _records(feed: Feed, line: int, host: Host, tell: Tell) -> Iterator[HumanEvaluation]:
    for entry in evaluations_in([feed], host):
        at = entry.place if isinstance(entry, Problem) else entry.at
        torn = isinstance(entry, Problem) and entry.code == TORN  # told of where the source began to read, not of a row
        if at is not None and at.line < line and not torn:
            continue
        if isinstance(entry, Problem):
            tell(entry)
        else:
            yield entry


def _by_column(table: AnswerTable, writing: Writing, tell: Tell) -> int | None:
    """Take a table; where it cannot be read on, the line from which on its source is to say why."""
    line, pieces = 0, table.rows()
    while True:
        try:
            rows = next(pieces, None)
        except (OSError, ValueError, NotImplementedError):  # pyarrow's are such
            return line
        if rows is None:
            return None
        _take(table, rows, writing, tell)
        line = rows.next_line


def _take(table: AnswerTable, rows: Rows, writing: Writing, tell: Tell) -> None:
    """Take some rows: those that fail a check go one by one through the door of all records."""
    import pyarrow as pa

    sheet = Sheet(table, rows)
    wrong, mended = list(rows.wrong), list[HumanEvaluation]()
    for row in np.flatnonzero(sheet.slow).tolist():
        found = human_from(sheet.record(row), sheet.place(row))
        if isinstance(found, Problem):
            wrong.append((int(rows.lines[row]), found))
        else:
            mended.append(found)
    for _, problem in sorted(wrong, key=itemgetter(0)):
        tell(problem)
    if sheet.slow.any():
        kept = ~sheet.slow
        sheet = Sheet(table, Rows(rows.batch.filter(pa.array(kept)), rows.lines[kept], (), rows.next_line))
    if sheet.size:
        _write(sheet, writing)
    if mended:
        writing.add(mended)


def _write(sheet: Sheet, writing: Writing) -> None:
    def words(name: str) -> NDArray[np.int32]:
        if name not in sheet.columns:
            return np.full(sheet.size, -1, dtype=np.int32)
        column: pa.DictionaryArray = as_dictionary(sheet.columns[name])
        codes = np.array([*writing.words(name, column.dictionary.to_pylist()), -1], dtype=np.int32)
        return np.asarray(codes[column.indices.fill_null(len(codes) - 1).to_numpy(zero_copy_only=False)])

    files = np.full(sheet.size, writing.words("file", [sheet.file])[0], dtype=np.int32)
    writing.add_columns(
        {name: words(name) for name in WORDS},
        sheet.columns["call_id"].to_pylist(),
        sheet.moments["evaluated_at"].to_pylist(),
        (files, sheet.lines),
        {question: sheet.coded_answer(question) for question in sheet.answers},
        sheet.notes(),
    )
