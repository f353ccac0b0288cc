"""The tables of every store: their columns, and how a record becomes a row and a row a record."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as _quoted
from operator import attrgetter
from textwrap import dedent
from typing import Final, TypeAlias

from pauta.engine.model.calls import Call

Record: TypeAlias = Mapping[str, object]

TABLES: Final[dict[str, dict[str, type]]] = {
    "cards": {"scorecard": str, "version": str, "digest": str, "precedence": str, "title": str, "document": str},
    "calls": {
        "call_id": str, "agent": str, "started_at": str, "duration_s": float, "team": str, "customer_segment": str,
        "call_type": str, "direction": str, "channel": str, "language": str, "metrics": str, "attributes": str,
    },
    "evaluations": {
        "evaluation_id": str, "revision": int, "current": int, "result_digest": str, "call_id": str, "agent": str,
        "team": str, "call_type": str, "started_at": str, "scorecard": str, "version": str, "digest": str,
        "evaluator": str, "evaluated_at": str, "mode": str, "status": str, "score": float, "raw_score": float,
        "agent_score": float, "coverage": float, "band": str, "passed": int, "critical_errors": int,
        "critical_by_class": str, "non_critical_errors": int, "accumulated": int, "card_failed": int, "sections": str,
        "scores_by": str, "answers": str, "missing": str, "unverified": str, "comments_missing": str,
        "escalations": str, "engine": str,
    },
    "outbox": {
        "key": str, "sink": str, "evaluation_id": str, "revision": int, "state": str, "tries": int, "next_at": str,
        "queued_at": str, "delivered_at": str, "error": str, "bundle": str,
    },
}  # fmt: skip
"""Tables and their columns, in order. `agent` is '' where a call's record names none, so that it can be in a key."""

FIRST_OUTBOX: Final = {name: kind for name, kind in TABLES["outbox"].items() if name != "bundle"}
"""The outbox as it was first made."""

JSON_COLUMNS: Final = frozenset((
    "metrics", "attributes", "document", "critical_by_class", "sections", "scores_by", "answers", "missing",
    "unverified", "comments_missing", "escalations", "engine", "details",
))  # fmt: skip
TRUTH_COLUMNS: Final = frozenset(("passed", "accumulated", "card_failed"))
CARD: Final = ("scorecard", "version", "digest")
RESULT: Final = [
    name for name in TABLES["evaluations"] if name not in ("evaluation_id", "revision", "current", "result_digest")
]
OF: Final = "e.evaluation_id, e.revision, e.call_id, e.agent, e.team, e.started_at, e.scorecard, e.version, e.evaluator"

_UNFOLDING: Final = {
    "current_evaluations": """
        SELECT e.*, e.rowid AS position, c.title AS scorecard_title, c.precedence,
          json_extract(e.critical_by_class, '$.customer') AS critical_customer,
          json_extract(e.critical_by_class, '$.business') AS critical_business,
          json_extract(e.critical_by_class, '$.compliance') AS critical_compliance
        FROM evaluations AS e JOIN cards AS c USING (scorecard, version, digest) WHERE e.current = 1""",
    "latest_evaluations": """
        SELECT * FROM (SELECT *, row_number() OVER (
            PARTITION BY call_id, agent, scorecard
            ORDER BY evaluator <> 'engine' DESC, julianday(evaluated_at) DESC, precedence DESC, position DESC
          ) AS place FROM current_evaluations WHERE evaluator = 'engine' OR status <> 'incomplete') WHERE place = 1""",
    "answers": """
        SELECT $of, a.key AS position, json_extract(a.value, '$.question') AS question,
          json_extract(a.value, '$.answer') AS answer, json_extract(a.value, '$.state') AS state,
          json_extract(a.value, '$.points') AS points, json_extract(a.value, '$.out_of') AS out_of,
          json_extract(a.value, '$.weight') AS weight, json_extract(a.value, '$.credit') AS credit,
          json_extract(a.value, '$.error') AS error, json_extract(a.value, '$.fault') AS fault,
          json_extract(a.value, '$.answered_by') AS answered_by, json_extract(a.value, '$.comment') AS comment,
          json_extract(a.value, '$.reason') AS reason, json_extract(a.value, '$.criterion_answer') AS criterion_answer
        FROM evaluations AS e, json_each(e.answers) AS a WHERE e.current = 1""",
    "errors": """
        SELECT $of, json_extract(a.value, '$.question') AS question, json_extract(a.value, '$.fault') AS fault,
          coalesce(json_extract(x.value, '$.critical'), 'non_critical') AS class,
          json_extract(x.value, '$.fails') AS fails
        FROM evaluations AS e, json_each(e.answers) AS a, json_each(CASE json_type(a.value, '$.error')
            WHEN 'array' THEN json_extract(a.value, '$.error')
            WHEN 'object' THEN json_array(json_extract(a.value, '$.error')) ELSE '[]' END) AS x
        WHERE e.current = 1""",
    "evidence": """
        SELECT $of, json_extract(a.value, '$.question') AS question, json_extract(x.value, '$.turn') AS turn,
          json_extract(x.value, '$.span[0]') AS span_from, json_extract(x.value, '$.span[1]') AS span_to,
          json_extract(x.value, '$.quote') AS quote, json_extract(x.value, '$.start') AS start_s,
          json_extract(x.value, '$.end') AS end_s
        FROM evaluations AS e, json_each(e.answers) AS a, json_each(a.value, '$.evidence') AS x WHERE e.current = 1""",
    "sections": """
        SELECT $of, json_extract(s.value, '$.section') AS section, json_extract(s.value, '$.weight') AS weight,
          json_extract(s.value, '$.score') AS score, json_extract(s.value, '$.raw_score') AS raw_score
        FROM evaluations AS e, json_each(e.sections) AS s WHERE e.current = 1""",
    "escalations": """
        SELECT $of, x.value AS escalation FROM evaluations AS e, json_each(e.escalations) AS x
        WHERE e.current = 1""",
}
VIEWS: Final = {name: dedent(query).strip().replace("$of", OF) for name, query in _UNFOLDING.items()}
"""Views that unfold what the JSON columns hold, of current revisions only."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: evaluations that are new, that got another revision, that were there already.

    queued: how many rows of the outbox they made.
    """

    new: int = 0
    revised: int = 0
    unchanged: int = 0
    queued: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(
            self.new + other.new,
            self.revised + other.revised,
            self.unchanged + other.unchanged,
            self.queued + other.queued,
        )


KEPT: Final = ("evaluation_id", "result_digest", *RESULT)
"""The columns of an evaluation's row as it is handed to a store, which numbers its revision."""

KeptRow: TypeAlias = tuple[object, ...]


def row_of(evaluation: Record) -> KeptRow:
    """A record as its row, in the order of KEPT.

    Raises ValueError for a number that is not finite: SQLite would drop it.
    """
    told = [(evaluation.get(name) or "") if name == "agent" else cell(evaluation.get(name)) for name in RESULT]
    return evaluation["evaluation_id"], _digest("" if cell is None else repr(cell) for cell in told), *told


class RowsByColumn:
    """The rows of evaluations that are held by column, with their lists and maps as JSON text.

    A row is made when it is asked for, and not kept: with its answers it is 10 KB, and a batch has thousands.
    """

    def __init__(self, columns: Mapping[str, Sequence[object]]) -> None:
        agents = [agent or "" for agent in columns["agent"]]
        self.columns: Mapping[str, Sequence[object]] = {**columns, "agent": agents}

    def __len__(self) -> int:
        return len(self.columns["evaluation_id"])

    def __iter__(self) -> Iterator[KeptRow]:
        front, back = ([self.columns[name] for name in names] for names in (RESULT[:_LONG], RESULT[_LONG + 1 :]))
        literals: dict[int, list[str]] = {}  # the scores are often one and the same list
        for name, column in zip(_SHORT, [*front, *back], strict=True):
            if id(column) not in literals:
                literals[id(column)] = _literals(name, column)
        before, after = (map("\x1f".join, zip(*[literals[id(column)] for column in part])) for part in (front, back))
        ids, texts = self.columns["evaluation_id"], self.columns["answers"]
        for key, start, text, end, first, last in zip(ids, before, texts, after, zip(*front), zip(*back), strict=True):
            yield key, _digest_around(start, text, end), *first, text, *last


Rows: TypeAlias = Sequence[KeptRow] | RowsByColumn


def rows_of(evaluations: Sequence[Record]) -> Rows:
    """Records as rows. Those that can be had by column are never made."""
    by_column = getattr(evaluations, "columns", None)
    if by_column is None or not evaluations:
        return [row_of(evaluation) for evaluation in evaluations]
    return RowsByColumn(by_column())


def column_of(rows: Rows, name: str) -> Sequence[object]:
    """One column of KEPT, but the digest."""
    if isinstance(rows, RowsByColumn):
        return rows.columns[name]
    place = KEPT.index(name)
    return [row[place] for row in rows]


_LONG: Final = RESULT.index("answers")
_SHORT: Final = RESULT[:_LONG] + RESULT[_LONG + 1 :]
_SAME_KIND: Final = (frozenset((str,)), frozenset((int,)), frozenset((float,)))
"""Kinds of which no two values are equal and are written in two ways; but for 0.0 and -0.0."""


def _literals(name: str, column: Sequence[object]) -> list[str]:
    """The literal of each cell; of values that stand in many rows, made once."""
    first = column[0]
    if (first is None or type(first) is str) and column[-1] == first and column.count(first) == len(column):
        return ["" if first is None else repr(first)] * len(column)
    if name in JSON_COLUMNS:
        return ["" if cell is None else _literal_of_json(cell) for cell in column]
    kinds = frozenset(map(type, column)) - {type(None)}
    if kinds in _SAME_KIND:
        different = dict.fromkeys(column)
        if 4 * len(different) < 3 * len(column) and not (0.0 in different and "-0.0" in map(repr, column)):
            literals = {cell: "" if cell is None else repr(cell) for cell in different}
            return [literals[cell] for cell in column]
    return ["" if cell is None else repr(cell) for cell in column]


def _digest(literals: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(literals).encode()).hexdigest()[:32]


def _literal_of_json(text: object) -> str:
    """The literal of a text of JSON, which `repr` would look at letter by letter, though it seldom needs to."""
    return f"'{text}'" if type(text) is str and _is_plain(text) else repr(text)


def _is_plain(text: str) -> bool:
    """Whether a text of JSON is its own literal, between apostrophes."""
    return text.isascii() and "'" not in text and "\\" not in text and "\x7f" not in text


def _digest_around(before: str, text: object, after: str) -> str:
    """The digest of a row whose longest text is not copied more often than it must be."""
    assert isinstance(text, str)
    if not _is_plain(text):
        return _digest((before, repr(text), after))
    sha = hashlib.sha256(f"{before}\x1f'".encode())
    sha.update(text.encode())
    sha.update(f"'\x1f{after}".encode())
    return sha.hexdigest()[:32]


_as_json: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_NESTED: Final = (dict, list, tuple)


def cell(value: object) -> object:
    """A value as a database takes it: maps and lists as JSON, truth as 0 or 1. ValueError where it is no number."""
    if isinstance(value, _NESTED):
        return _as_json(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("Out of range: a number of a result must be finite")
    return int(value) if isinstance(value, bool) else value


_said_of_call: Final = attrgetter(*TABLES["calls"])
_OF_CALLS: Final = list(TABLES["calls"])
_OTHERS: Final = frozenset(("duration_s", "metrics", "attributes"))
"""The fields of a call that are no words."""
_AS_IT_IS: Final = frozenset((str, int, type(None)))
_WORD: Final = frozenset((str,))


def rows_of_calls(calls: Sequence[Call]) -> list[tuple[object, ...]]:
    """Calls as the rows of their table."""
    columns: list[Sequence[object]] = []
    for name, column in zip(_OF_CALLS, zip(*map(_said_of_call, calls))):
        as_it_is = name not in _OTHERS and _AS_IT_IS.issuperset(map(type, column))
        columns.append(column if as_it_is else list(map(fact, column)))
    if columns:
        columns[1] = [agent or "" for agent in columns[1]]
    return list(zip(*columns))


def fact(value: object) -> object:
    """A field of a call as a database takes it."""
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is dict or isinstance(value, Mapping):
        if not value:
            return "{}"
        if _WORD.issuperset(map(type, value)) and _WORD.issuperset(map(type, value.values())):
            return "{" + ",".join([f"{_quoted(name)}:{_quoted(said)}" for name, said in value.items()]) + "}"
        return cell(dict(value))
    return cell(value)


def value_of(name: str, value: object) -> object:
    """A column's value as records have it."""
    if name in JSON_COLUMNS and isinstance(value, str):
        return json.loads(value)
    if name in TRUTH_COLUMNS and value is not None:
        return bool(value)
    return None if name == "agent" and value == "" else value


def reader_of(names: Sequence[str]) -> Callable[[Sequence[object]], dict[str, object]]:
    """What makes a record of a row with these columns; only those that are kept in another form are looked at."""
    changed = [name for name in names if name in JSON_COLUMNS or name in TRUTH_COLUMNS or name == "agent"]

    def read(row: Sequence[object]) -> dict[str, object]:
        record = dict(zip(names, row, strict=True))
        for name in changed:
            record[name] = value_of(name, record[name])
        return record

    return read
