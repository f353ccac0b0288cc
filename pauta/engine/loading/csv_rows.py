"""CSV files as sheets: what a heading means, which rows are none, what stands in a cell; rows as records of calls."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from pauta.engine.loading.records import folded
from pauta.engine.model.calls import CALL_FIELDS
from pauta.engine.problems import Place, Problem

if TYPE_CHECKING:
    from _csv import Reader

MAPS: Final = ("attributes", "metrics")
FIELDS: Final = tuple(name for name in CALL_FIELDS if name not in MAPS)
DELIMITERS: Final = (",", ";", "\t")
MOST_BYTES: Final = 50 * 1024 * 1024
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?\Z", re.ASCII)
_SEPARATOR: Final = re.compile(r"sep=(.)\s*\Z")


@dataclass(frozen=True)
class CsvSheet:
    """The heading of a file, and its rows as they come: cell by column, empty cells left out."""

    file: str
    names: Sequence[str]
    heading: Place
    rows: Iterator[tuple[dict[str, str], Place] | Problem]

    def without(self, needed: Sequence[str]) -> Problem | None:
        """The problem of a sheet that lacks a column."""
        missing = [name for name in needed if name not in self.names]
        if not missing:
            return None
        message = f"the heading of '{self.file}' has no column {' and no column '.join(missing)}"
        return Problem("E511", message, self.heading, f"it has: {', '.join(self.names)}")

    def calls(self) -> Iterator[tuple[Mapping[str, object], Place] | Problem]:
        """The rows as records of calls."""
        for entry in self.rows:
            yield entry if isinstance(entry, Problem) else (record_of(entry[0]), entry[1])


def csv_sheet(file: str, fields: Callable[[Sequence[str]], Sequence[str]] = lambda _: FIELDS) -> CsvSheet | Problem:
    """A file with its heading, or what is wrong with it as a whole.

    fields: of the names in the heading, those that are fields of the format, to be had in its spelling.
    """
    try:
        wrong = _wrong_encoding(file)
        if wrong:
            return wrong
        with _opened(file) as lines:
            reader, skipped = _reader(lines)
            heading = Place(file, skipped + 1, 1)
            cells = next(reader, [])
    except OSError as error:
        return Problem("E510", f"'{file}' cannot be read: {(error.strerror or str(error)).lower()}", Place(file))
    except csv.Error as error:
        return Problem("E511", f"the heading of '{file}' cannot be read: {error}", Place(file, 1, 1))
    usual = fields([folded(cell) for cell in cells])
    names = [name_of(cell, usual) for cell in cells]
    if not any(names):
        return Problem("E511", f"'{file}' has no heading in its first row", heading)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        return Problem(
            "E511", f"the heading names the column '{twice}' twice", heading, "rename or remove one of the two"
        )
    return CsvSheet(file, names, heading, _rows(file, names))


def _opened(file: str) -> TextIO:
    return Path(file).open(encoding="utf-8-sig", newline="")


def _reader(lines: TextIO) -> tuple[Reader, int]:
    """A reader that stands before the heading, and how many lines it has left out: Excel writes `sep=;` above it."""
    first = lines.readline()
    delimiter, above = delimiter_in(first)
    if not above:
        lines.seek(0)
    return csv.reader(lines, delimiter=delimiter, strict=True), above


def _wrong_encoding(file: str) -> Problem | None:
    """The problem of a file that is not UTF-8. Found before the first row is taken: half a sheet helps nobody."""
    hint = "in Excel: Save As, 'CSV UTF-8'"
    with Path(file).open("rb") as stream:
        number = 0
        while line := stream.readline(MOST_BYTES):
            number += 1
            if number == 1 and line.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
                return Problem("E510", f"'{file}' is an Excel sheet, not a CSV file", Place(file), hint)
            try:
                line.decode()
            except UnicodeDecodeError as error:
                what = (
                    "UTF-16" if line.startswith((b"\xff\xfe", b"\xfe\xff")) else "Windows-1252 or another old encoding"
                )
                message = f"byte {error.start + 1} of the line is not UTF-8 (the file looks like {what})"
                return Problem("E509", message, Place(file, number, 1), hint)
    return None


def _rows(file: str, names: Sequence[str]) -> Iterator[tuple[dict[str, str], Place] | Problem]:
    with _opened(file) as lines:
        reader, skipped = _reader(lines)
        next(reader)
        while True:
            at = Place(file, reader.line_num + skipped + 1, 1)
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield broken_row(error, at)
                continue
            if row is None:
                return
            if any(row):
                yield wrong_row(names, row, at) or (cells_of(names, row), at)


def cells_of(names: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """The cells of a row by column, empty ones left out."""
    return {name: text for name, cell in zip(names, row, strict=False) if (text := cell.strip())}


def delimiter_in(first: str) -> tuple[str, int]:
    """The delimiter of a file by its first line, and how many lines stand above the heading: Excel writes `sep=;`."""
    said = _SEPARATOR.match(first)
    if said:
        return said[1], 1
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count), 0


def name_of(cell: str, fields: Sequence[str] = FIELDS) -> str:
    """A heading in the spelling of the format where it is one of its fields; any other as it stands."""
    kind, dot, fact = cell.strip().partition(".")
    if dot and folded(kind) in MAPS:
        return f"{folded(kind)}.{fact.strip()}"
    return folded(cell) if folded(cell) in fields else cell.strip()


def wrong_row(names: Sequence[str], row: Sequence[str], at: Place) -> Problem | None:
    """The problem of a row that has other cells than the heading."""
    extra = [cell for cell in row[len(names) :] if cell.strip()]
    extra += [cell for name, cell in zip(names, row, strict=False) if cell.strip() and not name]
    if len(row) >= len(names) and not extra:
        return None
    message = f"the row has {len(row)} cells, and the heading has {len(names)}"
    message = f"the cell '{extra[0]}' stands in a column without a name" if extra else message
    return Problem("E512", message, at, "is a delimiter missing, or one too many inside a text without quotes?")


def broken_row(error: csv.Error, at: Place) -> Problem:
    """The problem of a row that is no CSV."""
    if "end of data" in str(error):
        return Problem("E512", "a quote that opens in this row is never closed: the rows after it are lost", at)
    return Problem("E512", f"the row cannot be read: {error}", at, 'a quote inside a cell is written twice: ""')


def record_of(cells: Mapping[str, str]) -> Mapping[str, object]:
    """The cells of a row as the record of a call."""
    record: dict[str, object] = {}
    maps: dict[str, dict[str, object]] = {}
    for name, cell in cells.items():
        kind, dot, fact = name.partition(".")
        if dot and kind in MAPS:
            maps.setdefault(kind, {})[fact] = number_in(cell) if kind == "metrics" else cell
        else:
            record[name] = number_in(cell) if name == "duration_s" else cell
    return {**record, **maps}


def number_in(cell: str) -> float | str:
    """A cell as a number, with a comma or a point before its decimals; as it stands where it is none."""
    return float(cell.replace(",", ".")) if _NUMBER.match(cell) else cell
