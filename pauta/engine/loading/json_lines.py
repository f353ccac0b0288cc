"""JSON lines as records: one line at a time, quickly where nothing is wrong with it and exactly everywhere else.

Numbers that no JSON can hold (NaN, Infinity) and fields written twice in one object are refused, because most readers
of JSON would change them without a word.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pauta.engine.problems import Place, Problem, ProblemsFound

try:
    import msgspec
except ImportError:  # it comes with pauta[fast]; without it Python's own reader takes every line
    _quick = None
else:
    _quick = msgspec.json.Decoder().decode

MOST_BYTES: Final = 50 * 1024 * 1024
"""A longer line is no call: it is left out without being held in memory."""
_OTHER_FILES: Final = {
    b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text", b"PK\x03\x04": "a zip archive or an Excel sheet",
    b"\x1f\x8b": "a compressed file", b"SQLite format 3": "a database",
}  # fmt: skip
_SPACED_NAME: Final = re.compile(rb'"[ \t\r]+:')


def json_lines(file: str) -> Iterator[tuple[Mapping[str, object], Place] | Problem]:
    """The records of a file of JSON lines with their places, and a Problem for each line that is none.

    Blank lines are passed over, and of a line that is too long no more is read than shows it. A file that cannot be
    read, or is something else altogether, is one Problem.
    """
    try:
        with Path(file).open("rb") as stream:
            number = 0
            while line := stream.readline(MOST_BYTES + 1):
                number += 1
                rest = line
                if number == 1:
                    line = line.removeprefix(BOM_UTF8)
                    wrong = wrong_file(line, file)
                    if wrong:
                        yield wrong
                        return
                if len(line) > MOST_BYTES or line.strip():
                    yield record_in(line, Place(file, number, 1))
                while len(rest) > MOST_BYTES and not rest.endswith(b"\n"):
                    rest = stream.readline(MOST_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        yield Problem("E510", f"'{file}' cannot be read: {reason}", Place(file))


def wrong_file(line: bytes, file: str) -> Problem | None:
    """The problem of a file that is something else altogether, by its first line: told once, not for each line."""
    if line.strip() in (b"[", b"{"):
        hint = "write each record as one line, without a list around them (`jq -c '.[]'` does this)"
        return Problem("E510", f"'{file}' is JSON over several lines, not one JSON object a line", Place(file), hint)
    for start, what in _OTHER_FILES.items():
        if line.startswith(start):
            message = f"'{file}' is {what}, not JSON lines in UTF-8"
            return Problem("E510", message, Place(file), "export it as JSONL, in UTF-8")
    return None


def record_in(line: bytes, at: Place) -> tuple[Mapping[str, object], Place] | Problem:
    """The record of a line that is not blank, its newline with it; or what is wrong with it."""
    if len(line) > MOST_BYTES:
        return Problem("E508", f"the line is longer than {MOST_BYTES // 1024**2} MB, and is left out", at)
    record = None if _quick is None else _read_quickly(line)
    return _read_exactly(line, at) if record is None else (record, at)


def names_in(text: bytes) -> int:
    """How many names of fields stand in one or more lines, each valid and without a backslash before a closing quote.

    Every name ends in `":`, or has space between the two. An end of a quotation inside a text may look so too: the
    number is never too low.
    """
    return text.count(b'":') + len(_SPACED_NAME.findall(text)) - text.count(b'\\":')


def may_hide_names(text: bytes) -> bool:
    """Whether a backslash stands before a closing quote, so that names cannot be counted."""
    return b'\\\\"' in text


def _read_quickly(line: bytes) -> dict[str, object] | None:
    """The record of a line in which nothing is wrong; None where the exact reader has to look.

    This reader keeps the last of two fields of one name, so the names in the line are counted.
    """
    assert _quick is not None
    try:
        record = _quick(line)
    except (ValueError, RecursionError):
        return None
    if type(record) is not dict or may_hide_names(line):
        return None
    return record if names_in(line) == _fields_of(record) else None


def _fields_of(record: dict[str, Any]) -> int:
    """How many fields a record has, with those of the maps inside it."""
    count = 0
    inside: list[Any] = [record]
    while inside:
        each = inside.pop()
        if type(each) is dict:
            count += len(each)
            each = each.values()
        inside += [value for value in each if type(value) is dict or type(value) is list]
    return count


def _read_exactly(line: bytes, at: Place) -> tuple[Mapping[str, object], Place] | Problem:
    try:
        record = _exact(line.decode())
    except UnicodeDecodeError as error:
        hint = "write the file as UTF-8"
        return Problem("E509", f"byte {error.start + 1} of the line is not UTF-8", at, hint)
    except json.JSONDecodeError as error:
        return Problem("E501", f"the line is not JSON: {error.msg.lower()}", Place(at.file, at.line, error.colno))
    except ProblemsFound as found:
        return replace(found.problems[0], place=at)
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        return Problem("E504", "the line holds a number too long to be counted with", at)
    except RecursionError:
        return Problem("E508", "the line is nested too deeply", at, "is a bracket left open?")
    if not isinstance(record, dict):
        return Problem("E501", "the line holds no JSON object, {...}", at, "one record a line, each in braces")
    return record, at


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the field '{twice}' is written twice in one object"
        raise ProblemsFound([Problem("E513", message, hint="keep one of the two")])
    return record


def _no_number(word: str) -> object:
    hint = "leave the field out, or write null, where a value is not known"
    message = f"the line holds {word}, which is no number that can be counted with"
    raise ProblemsFound([Problem("E504", message, hint=hint)])


_exact: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number).decode
