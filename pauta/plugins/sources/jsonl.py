"""Calls and people's evaluations from JSONL files: one JSON object a line, in the shape that the reference gives.

A line that is wrong costs that line: it becomes a problem with its number, and the others are read. Numbers that no
JSON can hold (NaN, Infinity) and fields written twice in one object are refused, because most readers of JSON would
change them without a word.

    {"call_id": "c-1", "agent": "ana", "turns": [{"speaker": "agent", "start": 0.5, "text": "Hello"}]}   good
    {"agent": "ana", "duration_s": NaN}                                                                   two faults
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

from pauta import Call, HumanEvaluation, Place, Problem, ProblemsFound, calls_from, evaluations_from, hookimpl

try:
    import msgspec
except ImportError:  # it comes with pauta[fast]; without it Python's own reader takes every line
    _quick = None
else:
    _quick = msgspec.json.Decoder().decode

MOST_BYTES: Final = 50 * 1024 * 1024
"""A longer line is no call: it is left out without being held in memory."""

_BOM: Final = b"\xef\xbb\xbf"
_OTHER_FILES: Final = {
    b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text", b"PK\x03\x04": "a zip archive or an Excel sheet",
    b"\x1f\x8b": "a compressed file", b"SQLite format 3": "a database",
}  # fmt: skip


class Jsonl:
    """One JSON object a line."""

    name: ClassVar[str] = "jsonl"
    purpose: ClassVar[str] = "Reads calls and people's evaluations from JSONL files, one JSON object a line."
    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
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
        """The calls of a file, a Problem in place of each line that is none."""
        return calls_from(_records(target))

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People's evaluations in a file, a Problem in place of each line that is none."""
        return evaluations_from(_records(target))


def _records(target: str) -> Iterator[tuple[Mapping[str, object], Place] | Problem]:
    try:
        with Path(target).open("rb") as stream:
            yield from _lines(target, lambda: stream.readline(MOST_BYTES + 1))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        yield Problem("E510", f"'{target}' cannot be read: {reason}", Place(target))


def _lines(file: str, more: Callable[[], bytes]) -> Iterator[tuple[Mapping[str, object], Place] | Problem]:
    number = 0
    while line := more():
        number += 1
        at = Place(file, number, 1)
        if number == 1:
            line = line.removeprefix(_BOM)
            wrong = _wrong_file(line, file)
            if wrong:
                yield wrong
                return
        if len(line) > MOST_BYTES:
            while line and not line.endswith(b"\n"):
                line = more()
            yield Problem("E508", f"the line is longer than {MOST_BYTES // 1024**2} MB, and is left out", at)
        elif line.strip():
            record = None if _quick is None else _read_quickly(line)
            yield _record(line, at) if record is None else (record, at)


def _wrong_file(line: bytes, file: str) -> Problem | None:
    """The problem of a file that is something else altogether: told once, and not for each of its lines."""
    if line.strip() in (b"[", b"{"):
        hint = "write each record as one line, without a list around them (`jq -c '.[]'` does this)"
        return Problem("E510", f"'{file}' is JSON over several lines, not one JSON object a line", Place(file), hint)
    for start, what in _OTHER_FILES.items():
        if line.startswith(start):
            message = f"'{file}' is {what}, not JSON lines in UTF-8"
            return Problem("E510", message, Place(file), "export it as JSONL, in UTF-8")
    return None


def _read_quickly(line: bytes) -> dict[str, object] | None:
    """The record of a line in which nothing is wrong; None where the exact reader below has to look.

    This reader keeps the last of two fields of one name, so the names in the line are counted: every name ends in `":`
    (or has space between the two), and so may an end of a quotation inside a text, which then costs the slow way.
    """
    assert _quick is not None
    try:
        record = _quick(line)
    except (ValueError, RecursionError):
        return None
    if type(record) is not dict or b'\\\\"' in line:
        return None
    names = line.count(b'":') + len(_SPACED_NAME.findall(line)) - line.count(b'\\":')
    return record if names == _fields(record) else None


_SPACED_NAME: Final = re.compile(rb'"[ \t\r]+:')


def _fields(record: dict[str, object]) -> int:
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


def _record(line: bytes, at: Place) -> tuple[Mapping[str, object], Place] | Problem:
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


@hookimpl
def register_sources(register: Callable[[type[Jsonl]], None]) -> None:
    """Offer the source."""
    register(Jsonl)
