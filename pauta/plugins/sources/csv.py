"""Calls and people's evaluations from CSV files, as sheets are exported: comma, semicolon or tab, found by itself.

Calls have a row each: `call_id`, `started_at`, `agent` and the other fields of a call record as columns, facts of your
own as `attributes.tier` or `metrics.hold_s`. Turns do not fit into a sheet; use JSONL for calls with their words.

Evaluations are either wide, a row each and a column for every question (beside it, where wanted, `greeting.comment`,
`greeting.fault` and `greeting.at`), or long, a row for every answer:

    call_id,evaluator,scorecard,question,answer,comment        call_id;evaluator;scorecard;greeting;hold
    c-1,ana,retail,greeting,no,nobody said the name            c-1;ana;retail;no;12,5
    c-1,ana,retail,hold,12.5,

Several chosen answers stand in one cell with `|` between them, none chosen is `[]`, an empty cell is no answer.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TextIO

from pauta import Call, HumanEvaluation, Place, Problem, calls_from, evaluations_from, hookimpl
from pauta.plugins.sources.answers import OF_ANSWERS, OF_EVALUATIONS, Line, are_long, records_of

if TYPE_CHECKING:
    from _csv import Reader

OF_CALLS: Final = (
    "call_id", "started_at", "duration_s", "agent", "team", "customer_segment", "call_type", "direction", "channel",
    "language",
)  # fmt: skip
DELIMITERS: Final = (",", ";", "\t")
MOST_BYTES: Final = 50 * 1024 * 1024

_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?\Z", re.ASCII)
_SEPARATOR: Final = re.compile(r"sep=(.)\s*\Z")


class Csv:
    """A sheet as text, with a heading."""

    name: ClassVar[str] = "csv"
    purpose: ClassVar[str] = "Reads calls (without turns) and people's evaluations from CSV files, wide or long."
    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv")
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Files of calls."},
            "answers": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "description": "Files of evaluations.",
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """There is nothing to choose."""

    def calls(self, target: str) -> Iterable[Call | Problem]:
        """The calls of a file, a Problem in place of each row that is none."""
        sheet = _sheet(target, _of_calls)
        if isinstance(sheet, Problem):
            return [sheet]
        wrong = sheet.without(("call_id",))
        return [wrong] if wrong else calls_from(_call_records(sheet))

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People's evaluations in a file, a Problem in place of each row that is none."""
        sheet = _sheet(target, _of_evaluations)
        if isinstance(sheet, Problem):
            return [sheet]
        wrong = sheet.without(("call_id", "evaluator"))
        return [wrong] if wrong else evaluations_from(records_of(sheet.names, _lines(sheet), sheet.heading, "line"))


@dataclass(frozen=True)
class _Sheet:
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


def _sheet(file: str, fields: Callable[[Sequence[str]], Sequence[str]]) -> _Sheet | Problem:
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
    usual = fields([_usual(cell) for cell in cells])
    names = [_name(cell, usual) for cell in cells]
    if not any(names):
        return Problem("E511", f"'{file}' has no heading in its first row", heading)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        return Problem(
            "E511", f"the heading names the column '{twice}' twice", heading, "rename or remove one of the two"
        )
    return _Sheet(file, names, heading, _rows(file, names))


def _opened(file: str) -> TextIO:
    return Path(file).open(encoding="utf-8-sig", newline="")


def _reader(lines: TextIO) -> tuple["Reader", int]:
    """A reader that stands before the heading, and how many lines it has left out: Excel writes `sep=;` above it."""
    first = lines.readline()
    said = _SEPARATOR.match(first)
    if not said:
        lines.seek(0)
    return csv.reader(lines, delimiter=said[1] if said else _delimiter(first), strict=True), 1 if said else 0


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


def _delimiter(line: str) -> str:
    """The delimiter that stands most often outside quotes in the heading."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=bare.count)


def _name(cell: str, fields: Sequence[str]) -> str:
    """A heading in the spelling of the format where it is one of its fields; any other as it stands."""
    kind, dot, fact = cell.strip().partition(".")
    if dot and _usual(kind) in ("attributes", "metrics"):
        return f"{_usual(kind)}.{fact.strip()}"
    return _usual(cell) if _usual(cell) in fields else cell.strip()


def _usual(cell: str) -> str:
    return "_".join(cell.strip().casefold().replace("-", " ").replace("_", " ").split())


def _of_calls(_: Sequence[str]) -> Sequence[str]:
    return OF_CALLS


def _of_evaluations(names: Sequence[str]) -> Sequence[str]:
    """In a wide sheet every other column is a question, be it called `comment` or `answer`."""
    return (*OF_EVALUATIONS, *OF_ANSWERS) if are_long(names) else OF_EVALUATIONS


def _rows(file: str, names: Sequence[str]) -> Iterator[tuple[dict[str, str], Place] | Problem]:
    with _opened(file) as lines:
        reader, skipped = _reader(lines)
        next(reader)
        while True:
            at = Place(file, reader.line_num + skipped + 1, 1)
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield _broken(error, at)
                continue
            if row is None:
                return
            if any(row):
                yield _cells(names, row, at)


def _broken(error: csv.Error, at: Place) -> Problem:
    if "end of data" in str(error):
        return Problem("E512", "a quote that opens in this row is never closed: the rows after it are lost", at)
    return Problem("E512", f"the row cannot be read: {error}", at, 'a quote inside a cell is written twice: ""')


def _cells(names: Sequence[str], row: Sequence[str], at: Place) -> tuple[dict[str, str], Place] | Problem:
    extra = [cell for cell in row[len(names) :] if cell] + [cell for name, cell in zip(names, row) if cell and not name]
    if len(row) < len(names) or extra:
        message = f"the row has {len(row)} cells, and the heading has {len(names)}"
        message = f"the cell '{extra[0]}' stands in a column without a name" if extra else message
        return Problem("E512", message, at, "is a delimiter missing, or one too many inside a text without quotes?")
    return {name: text for name, cell in zip(names, row) if (text := cell.strip())}, at


def _call_records(sheet: _Sheet) -> Iterator[tuple[Mapping[str, object], Place] | Problem]:
    for entry in sheet.rows:
        if isinstance(entry, Problem):
            yield entry
            continue
        cells, at = entry
        record: dict[str, object] = {}
        maps: dict[str, dict[str, object]] = {}
        for name, cell in cells.items():
            kind, dot, fact = name.partition(".")
            if dot and kind in ("attributes", "metrics"):
                maps.setdefault(kind, {})[fact] = _number(cell) if kind == "metrics" else cell
            else:
                record[name] = _number(cell) if name == "duration_s" else cell
        yield {**record, **maps}, at


def _number(cell: str) -> float | str:
    return float(cell.replace(",", ".")) if _NUMBER.match(cell) else cell


def _lines(sheet: _Sheet) -> Iterator[Line | Problem]:
    """The rows of people's evaluations, each taken apart into what is about the evaluation and the rest."""
    for entry in sheet.rows:
        if isinstance(entry, Problem):
            yield entry
            continue
        cells, at = entry
        about: dict[str, object] = {name: cells[name] for name in OF_EVALUATIONS if name in cells}
        rest = {name: cell for name, cell in cells.items() if name not in OF_EVALUATIONS}
        yield about, rest, at


@hookimpl
def register_sources(register: Callable[[type[Csv]], None]) -> None:
    """Offer the source."""
    register(Csv)
