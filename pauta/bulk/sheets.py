"""CSV files as inputs of the bulk path: pieces of whole rows, read by the reader of the plain path.

What is wrong with a sheet as a whole (its encoding, its heading) the plain path says: such a file is not fit.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from pauta.bulk.laid import Laid
from pauta.bulk.lines import BLOCK, PIECE_BYTES, line_ends
from pauta.bulk.pieces import Piece, Taken, usual_rows
from pauta.bulk.reading import Entry, RecordsInput, passing, taken
from pauta.engine.loading.csv_rows import (
    FIELDS,
    MAPS,
    broken_row,
    cells_of,
    delimiter_in,
    name_of,
    number_in,
    record_of,
    wrong_row,
)
from pauta.engine.loading.records import folded
from pauta.engine.problems import Place

if TYPE_CHECKING:
    from _csv import Reader


EXCEL: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
MOST_HEADING: Final = 1 << 20
WHOSE: Final = ("call_id", "agent")
KNOWN: Final = (*FIELDS, *MAPS, "turns")


class Quick(NamedTuple):
    """A row as its cells are: empty ones are None."""

    call_id: Any = None
    started_at: Any = None
    duration_s: Any = None
    agent: Any = None
    team: Any = None
    customer_segment: Any = None
    call_type: Any = None
    direction: Any = None
    channel: Any = None
    language: Any = None
    metrics: Any = None
    attributes: Any = None
    turns: Any = None


@dataclass(frozen=True)
class Heading:
    """What stands above the rows, in so many bytes and lines."""

    names: Sequence[str]
    delimiter: str
    size: int
    lines: int

    def reader(self, lines: Iterator[str]) -> Reader:
        """A reader of rows."""
        return csv.reader(lines, delimiter=self.delimiter, strict=True)


class SheetInput(RecordsInput):
    """A CSV file of calls."""

    has_turns = False

    @cached_property
    def _heading(self) -> Heading | None:
        """Its heading, None where it is not plainly one."""
        with Path(self.path).open("rb") as stream:
            text = stream.readline(MOST_HEADING).decode("utf-8-sig")
            delimiter, above = delimiter_in(text)
            if above:
                text = stream.readline(MOST_HEADING).decode()
            size = stream.tell()
        try:
            names = [name_of(cell) for cell in next(csv.reader([text], delimiter=delimiter, strict=True), [])]
        except (csv.Error, TypeError):
            return None
        named = [name for name in names if name]
        if "call_id" not in named or len(set(named)) < len(named):
            return None
        return Heading(names, delimiter, size, above + 1)

    @cached_property
    def _scanned(self) -> tuple[int, bool, str | None]:
        """How many lines it has, whether there are quotes in it, and why it is not fit."""
        decode = codecs.getincrementaldecoder("utf-8")().decode
        count, quoted, before = 0, False, b"\n"
        with Path(self.path).open("rb") as stream:
            if stream.read(4).startswith(EXCEL):
                return 0, False, "an Excel sheet"
            stream.seek(0)
            while block := stream.read(BLOCK):
                try:
                    decode(block)
                except UnicodeDecodeError:
                    return 0, False, "not UTF-8"
                count += block.count(b"\n")
                quoted = quoted or b'"' in block
                alone = block.count(b"\r") - block.count(b"\r\n") - block.endswith(b"\r")
                if alone or (before == b"\r" and block[:1] != b"\n"):
                    return 0, False, "a file whose lines end in several ways"
                before = block[-1:]
        try:
            decode(b"", True)
        except UnicodeDecodeError:
            return 0, False, "not UTF-8"
        if before == b"\r":
            return 0, False, "a file whose lines end in several ways"
        return count + (before != b"\n"), quoted, None

    def unfit(self) -> str | None:
        """Why it cannot be read by column. Raises OSError where it cannot be read at all."""
        reason = self._scanned[2] or (None if self._heading else "a sheet whose heading cannot be taken")
        return f"'{self.path}' is {reason}" if reason else None

    @property
    def rows(self) -> int:
        """How many lines it has below its heading."""
        heading = self._heading
        return self._scanned[0] - (heading.lines if heading else 0)

    def pieces(self, number: int, most: int | None = None) -> Iterator[Piece]:
        """As many lines as are wanted; where cells are quoted, as many rows."""
        heading = self._heading
        assert heading is not None, "it is fit"
        most = most or usual_rows(self)
        with Path(self.path).open("rb") as stream:
            stream.seek(heading.size)
            first = last = heading.lines + 1
            start, rows, end = heading.size, 0, heading.size
            for end, last in _row_ends(stream, heading) if self._scanned[1] else _plain_ends(stream, heading):
                rows += 1
                if rows == most or end - start >= PIECE_BYTES:
                    yield Piece(number, first, last - first, (start, end))
                    start, first, rows = end, last, 0
            stop = stream.seek(0, io.SEEK_END)
            if stop > start:
                yield Piece(number, first, last - first + (end < stop), (start, stop))

    def read(self, piece: Piece) -> Taken:
        """The calls of a piece, and what is wrong with its other rows."""
        start, stop = piece.where
        with Path(self.path).open("rb") as stream:
            stream.seek(start)
            text = stream.read(stop - start).decode()
        heading = self._heading
        assert heading is not None, "it is fit"
        return _Reading(self.path, heading, piece.first_row, text).taken(self.keep_facts)


def _plain_ends(stream: BinaryIO, heading: Heading) -> Iterator[tuple[int, int]]:
    """Where lines end, and the number of the line after each."""
    for count, end in enumerate(line_ends(stream), heading.lines + 2):
        yield end, count


def _row_ends(stream: BinaryIO, heading: Heading) -> Iterator[tuple[int, int]]:
    """Where rows end that may be of several lines, and the number of the line after each."""
    at = heading.size

    def lines() -> Iterator[str]:
        nonlocal at
        for line in stream:
            at += len(line)
            yield line.decode()

    reader = heading.reader(lines())
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            row = []
        if row is None:
            return
        yield at, heading.lines + 1 + reader.line_num


class _Reading:
    """The rows of a piece on their way to columns; they are known by the lines on which they begin."""

    def __init__(self, path: str, heading: Heading, first: int, text: str) -> None:
        self._path, self._names = path, heading.names
        self._rows: dict[int, list[str]] = {}
        self._broken: dict[int, csv.Error] = {}
        reader = heading.reader(io.StringIO(text, newline=""))
        while True:
            line = first + reader.line_num
            try:
                row = next(reader, None)
            except csv.Error as error:
                self._broken[line] = error
                continue
            if row is None:
                break
            if any(row):
                self._rows[line] = row

    def taken(self, keep_facts: bool) -> Taken:
        """What was read."""
        quick = self._quickly()
        laid = Laid(list(quick.values())) if quick else None
        if laid is not None:
            kept = passing(quick, laid, self._path)
            if len(kept) < len(quick):
                quick, laid = kept, None
        return taken(quick, laid, self._exactly(quick), None, keep_facts=keep_facts)

    def _quickly(self) -> dict[int, Any]:
        """The rows that have a cell for every column, and of fields that no call has only what was told of before."""
        lines = [line for line, row in self._rows.items() if len(row) == len(self._names)]
        if not lines:
            return {}
        fields: dict[str, list[Any]] = {}
        maps: dict[str, dict[str, list[Any]]] = {}
        strange: list[tuple[str, list[Any]]] = []
        cells = zip(*(self._rows[line] for line in lines), strict=True)
        for name, given in zip(self._names, cells, strict=True):
            column: list[Any] = [cell.strip() or None for cell in given]
            kind, dot, fact = name.partition(".")
            if name == "duration_s" or (dot and kind == "metrics"):
                column = list(map(_number, column))
            if name in FIELDS:
                fields[name] = column
            elif dot and kind in MAPS:
                maps.setdefault(kind, {})[fact] = column
            else:
                strange.append((name, column))
        fields |= {kind: _maps(facts) for kind, facts in maps.items()}
        slow = _slow(len(lines), fields, strange)
        named = [fields.get(name) or [None] * len(lines) for name in Quick._fields]
        rows = map(Quick._make, zip(*named, strict=True))
        return {line: row for n, (line, row) in enumerate(zip(lines, rows, strict=True)) if n not in slow}

    def _exactly(self, quick: dict[int, Any]) -> Iterator[Entry]:
        """The records of all rows that were not read quickly, in the order of the file."""
        for line in sorted({*self._rows, *self._broken} - quick.keys()):
            at = Place(self._path, line, 1)
            if line in self._broken:
                yield broken_row(self._broken[line], at)
                continue
            row = self._rows[line]
            yield wrong_row(self._names, row, at) or (record_of(cells_of(self._names, row)), at)


def _maps(facts: dict[str, list[Any]]) -> list[dict[str, Any] | None]:
    """Columns of facts as a map for each row, None where it has none."""
    return [
        {name: cell for name, cell in zip(facts, row, strict=True) if cell is not None} or None
        for row in zip(*facts.values(), strict=True)
    ]


def _slow(size: int, fields: dict[str, list[Any]], strange: Sequence[tuple[str, list[Any]]]) -> set[int]:
    """The rows that are to be looked at one by one: words for seconds, no id, and fields that no call has.

    Of those the first is told, once it stands in a row that is a call; a row that has nothing else is none, nor is one
    with a cell under no name.
    """
    slow = {n for n, cell in enumerate(fields.get("duration_s", ())) if isinstance(cell, str)}
    slow |= {n for n, cell in enumerate(fields["call_id"]) if cell is None}
    if strange:
        wrong = {n for name, column in strange if not name for n, cell in enumerate(column) if cell is not None}
        slow |= wrong
        known = [column for name, column in fields.items() if name not in WHOSE]
        slow |= (bare := {n for n in range(size) if all(column[n] is None for column in known)})
        for name, column in strange:
            there = [n for n, cell in enumerate(column) if cell is not None and n not in bare and n not in wrong]
            slow.update(there if folded(name) in KNOWN else there[:1])
    return slow


def _number(cell: str | None) -> float | str | None:
    return None if cell is None else number_in(cell)
