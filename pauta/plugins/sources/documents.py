"""Files that hold one JSON document, and loose JSON from other programs: read within bounds, and never trusted.

document_in(file)        the object in a file, or the Problem that says why there is none
json_value(text, ..)     what a text holds; raises ProblemsFound
mapping, listing, number, word, first    what a value is good for, where it may be anything
shown(value)             a value as sentences show it
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pauta import Place, Problem, ProblemsFound

MOST_BYTES: Final = 50 * 1024 * 1024
"""A larger file is no call with its words; recordings are kept outside of it."""
MOST_NUMBER: Final = 1e300

_OTHER_FILES: Final = {
    b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text", b"PK\x03\x04": "a zip archive or an Excel sheet",
    b"\x1f\x8b": "a compressed file", b"SQLite format 3": "a database", b"PAR1": "a Parquet file",
}  # fmt: skip
_NOTHING: Final[Mapping[str, object]] = {}


def text_in(file: str) -> str | Problem:
    """The text of a file in UTF-8, its byte order mark left out."""
    try:
        with Path(file).open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = ((error.strerror if isinstance(error, OSError) else None) or str(error)).lower()
        return Problem("E510", f"'{file}' cannot be read: {reason}", Place(file))
    if len(data) > MOST_BYTES:
        hint = "is a recording inside it? keep recordings outside"
        return Problem("E508", f"'{file}' is larger than {MOST_BYTES // 1024**2} MB", Place(file), hint)
    for start, what in _OTHER_FILES.items():
        if data.startswith(start):
            return Problem("E510", f"'{file}' is {what}, not text in UTF-8", Place(file))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem("E509", f"byte {error.start + 1} of '{file}' is not UTF-8", Place(file, line, 1))


def document_in(file: str) -> dict[str, object] | Problem:
    """The JSON object that a file holds."""
    text = text_in(file)
    if isinstance(text, Problem):
        return text
    try:
        document = json_value(text, f"'{file}'")
    except ProblemsFound as found:
        problem = found.problems[0]
        at = problem.place
        return replace(problem, place=Place(file, at.line, at.column) if at else Place(file))
    if not isinstance(document, dict):
        return Problem("E540", f"'{file}' holds no JSON object, {{...}}", Place(file))
    return document


def json_value(text: str, what: str) -> object:
    """What a JSON text holds. Raises ProblemsFound; the place of its problem has line and column within the text."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        at = Place("", error.lineno, error.colno)
        raise ProblemsFound([Problem("E501", f"{what} is not JSON: {error.msg.lower()}", at)]) from None
    except RecursionError:
        raise ProblemsFound([Problem("E508", f"{what} is nested too deeply")]) from None
    except _RefusedError as refused:
        code, said, hint = refused.args
        raise ProblemsFound([Problem(code, f"{what} {said}", hint=hint)]) from None
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        raise ProblemsFound([Problem("E504", f"{what} holds a number too long to be counted with")]) from None


class _RefusedError(Exception):
    """JSON that most readers would change without a word: code, what is said, hint."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RefusedError("E513", f"has the field '{twice}' twice in one object", "keep one of the two")
    return record


def _no_number(constant: str) -> object:
    hint = "null stands where a value is not known"
    raise _RefusedError("E504", f"holds {constant}, which is no number that can be counted with", hint)


def mapping(value: object) -> Mapping[str, object]:
    """A map, empty where the value is none."""
    return value if isinstance(value, dict) else _NOTHING


def listing(value: object) -> list[object]:
    """A list, empty where the value is none."""
    return value if isinstance(value, list) else []


def number(value: object) -> float | None:
    """A finite number, be it given as text; None where the value is none."""
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -MOST_NUMBER <= value <= MOST_NUMBER else None


def word(value: object) -> str | None:
    """Text of one line; None where the value is none, or empty. Whole numbers are as good as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if -MOST_NUMBER <= value <= MOST_NUMBER else None
    return " ".join(value.split()) or None if isinstance(value, str) else None


def first(entry: Mapping[str, object], *names: str) -> object:
    """The value of the first of several spellings of a field that says something."""
    return next((value for name in names if (value := entry.get(name)) not in (None, "")), None)


def shown(value: object, most: int = 60) -> str:
    """A foreign value as sentences show it: short, of one line, of whole characters."""
    text = " ".join(str(value)[: most * 2].split())
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
