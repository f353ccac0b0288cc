"""Rows of a table with typed values, as records: what Parquet files and databases have in common.

Columns are named as in call records and evaluations; `attributes.tier` and `metrics.hold_s` are columns of their own,
or `attributes` and `metrics` are one column each (a map, a struct, JSON as text). Turns are a list of structs, or JSON
as text. Answers are long (a row an answer: `question`, `answer`, `comment`, `fault`, `at`) or wide (a row an
evaluation, every other column a question, beside it `greeting.comment`, `greeting.fault`, `greeting.at`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final, TypeAlias
from uuid import UUID

from pauta import Place, Problem, ProblemsFound
from pauta.plugins.sources.answers import OF_EVALUATIONS, Line, Record as Record, records_of
from pauta.plugins.sources.clocks import is_whole, moment_of
from pauta.plugins.sources.documents import json_value

Row: TypeAlias = tuple[Mapping[str, object], Place]

MAPS: Final = ("attributes", "metrics")
MOMENTS: Final = ("started_at", "evaluated_at")
WORDS: Final = frozenset({
    "call_id", "agent", "team", "customer_segment", "call_type", "scorecard", "version", "evaluator",
})  # fmt: skip
"""Columns whose values are ids or names; databases often have numbers there."""


def missing_columns(names: Sequence[str], needed: Sequence[str], what: str, at: Place) -> Problem | None:
    """The problem of a table that lacks columns, or has one twice."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return Problem("E511", f"{what} has the column '{twice}' twice", at, "rename one of the two")
    missing = [name for name in needed if name not in names]
    if not missing:
        return None
    said = f"{what} has no column {' and no column '.join(missing)}"
    return Problem("E511", said, at, f"it has: {', '.join(names)}")


def call_records(rows: Iterable[Row], zone: tzinfo | None) -> Iterator[Record | Problem]:
    """The rows as call records, a Problem in place of each that is none; a moment without an offset ends them."""
    for row, at in rows:
        record: dict[str, object] = {}
        maps: dict[str, dict[str, object]] = {}
        try:
            for name, given in row.items():
                value = _value(name, given, zone)
                kind, dot, fact = name.partition(".")
                if value is None:
                    continue
                if kind in MAPS and dot:
                    maps.setdefault(kind, {})[fact] = value
                elif name in MAPS and isinstance(value, dict):
                    maps.setdefault(name, {}).update({key: each for key, each in value.items() if each is not None})
                else:
                    record[name] = value
        except ProblemsFound as found:
            yield _placed(found.problems[0], at)
            if found.problems[0].code == "E553":
                return
            continue
        yield {**record, **maps}, at


def evaluation_records(
    names: Sequence[str], rows: Iterable[Row], zone: tzinfo | None, at: Place
) -> Iterator[Record | Problem]:
    """The rows as evaluation records, long or wide; a moment without an offset ends them."""
    return records_of(names, _lines(rows, zone), at)


def _lines(rows: Iterable[Row], zone: tzinfo | None) -> Iterator[Line | Problem]:
    """The rows taken apart into what is about the evaluation and the rest."""
    for row, at in rows:
        try:
            about = {name: _value(name, row[name], zone) for name in OF_EVALUATIONS if name in row}
        except ProblemsFound as stop:
            yield _placed(stop.problems[0], at)
            return
        rest = {name: plain(given) for name, given in row.items() if name not in OF_EVALUATIONS and given is not None}
        yield about, rest, at


def _placed(problem: Problem, at: Place) -> Problem:
    return Problem(problem.code, problem.message, at, problem.hint)


def _value(name: str, given: object, zone: tzinfo | None) -> object:
    """The value of a column as records have it. Raises ProblemsFound."""
    if name in MOMENTS:
        return _moment(name, given, zone)
    value = _map_of(plain(given)) if name in MAPS else plain(given)
    if name in (*MAPS, "turns") and isinstance(value, str):
        value = json_value(value, f"the column {name}") if value.strip() else None
    if name in WORDS and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name == "turns" and isinstance(value, list):
        return [{key: each for key, each in turn.items() if each is not None} if isinstance(turn, dict) else turn
                for turn in value]  # fmt: skip
    return value


def _moment(name: str, given: object, zone: tzinfo | None) -> object:
    """A moment with its offset; what is no moment is handed on, for the door to refuse. Raises ProblemsFound."""
    if isinstance(given, str):
        moment = moment_of(given, zone)
        if moment is None or (is_whole(moment) and "T" in given):
            return given.strip() or None
    elif isinstance(given, datetime):
        moment = given.replace(tzinfo=zone) if given.tzinfo is None else given
    else:
        return plain(given)
    if not is_whole(moment):
        message = f"{name} is '{given}', without an offset; what follows is left out"
        hint = "say the zone, `timezone: America/Bogota`, or select times with one"
        raise ProblemsFound([Problem("E553", message, None, hint)])
    return moment.isoformat()


def _map_of(value: object) -> object:
    """A map that comes as a list of keys and values, as those of Parquet do."""
    if isinstance(value, list) and value and all(isinstance(each, list) and len(each) == 2 for each in value):
        return {str(key): each for key, each in value}
    return {} if value == [] else value


def plain(value: object) -> object:
    """A value of a database as JSON has it; bytes are text where they can be."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case UUID():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "replace")
        case list() | tuple():
            return [plain(each) for each in value]
        case dict():
            return {str(key): plain(each) for key, each in value.items()}
    return str(value)
