"""The embedded database: evaluations with their revisions, the calls they are about and the cards they used.

The one room that knows table names. sqlite-utils owns the schema and its migrations; rows go in by prepared
statements, a batch in one transaction. What the tables and views hold is written in docs/database.md.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from pauta.engine.loading.versions import version_from
from pauta.engine.model.calls import Call
from pauta.engine.problems import Place, Problem, ProblemsFound

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

Record: TypeAlias = Mapping[str, object]
BUSY_TIMEOUT_S: Final = 30.0
"""So long a writer waits for another to finish its batch."""

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
}  # fmt: skip
"""Tables and their columns, in order. `agent` is '' where a call's record names none, so that it can be in a key."""

JSON_COLUMNS: Final = frozenset((
    "metrics", "attributes", "document", "critical_by_class", "sections", "scores_by", "answers", "missing",
    "unverified", "comments_missing", "escalations", "engine",
))  # fmt: skip
TRUTH_COLUMNS: Final = frozenset(("passed", "accumulated", "card_failed"))
_CARD: Final = ("scorecard", "version", "digest")
_RESULT: Final = [
    name for name in TABLES["evaluations"] if name not in ("evaluation_id", "revision", "current", "result_digest")
]
_OF: Final = (
    "e.evaluation_id, e.revision, e.call_id, e.agent, e.team, e.started_at, e.scorecard, e.version, e.evaluator"
)

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
VIEWS: Final = {name: dedent(query).strip().replace("$of", _OF) for name, query in _UNFOLDING.items()}
"""Views that unfold what the JSON columns hold, of current revisions only."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: evaluations that are new, that got another revision, that were there already."""

    new: int = 0
    revised: int = 0
    unchanged: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(self.new + other.new, self.revised + other.revised, self.unchanged + other.unchanged)


class Store:
    """A database file of results, made where there is none.

    Raises ProblemsFound, with a sentence, where the file is no database, locked, read-only, damaged or made by a newer
    pauta, and where the disk is full.
    """

    def __init__(self, path: str | Path) -> None:
        from sqlite_utils import Database

        self.path = Path(path)
        with self._telling():
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                self._db: Database = Database(connection, execute_plugins=False)
                self._migrate()
            except BaseException:
                connection.close()
                raise

    def write(
        self, evaluations: Sequence[Record], *, calls: Iterable[Call] = (), cards: Iterable[Record] = ()
    ) -> Written:
        """Keep a batch of evaluations with the calls and cards they are about: all of it or nothing.

        An evaluation whose result is there already writes nothing; another result under the same id is a new revision,
        and the old one stays. `cards`: maps of scorecard, version, digest, title and document (the card as merged).
        """
        rows = [_row(evaluation) for evaluation in evaluations]
        with self._telling(), self._writing() as connection:
            _keep_cards(connection, [*cards, *evaluations])
            _keep_calls(connection, calls, rows)
            return _keep_evaluations(connection, rows)

    def evaluations(self, *, latest: bool = False) -> Iterator[dict[str, object]]:
        """The current revision of every evaluation, in the order in which they came.

        `latest`: of several of one call, agent and card only the one that counts in reports.
        """
        view = "latest_evaluations" if latest else "current_evaluations"
        yield from self._read(f"{_SELECT} FROM {view} ORDER BY position")

    def evaluation(self, evaluation_id: str, revision: int | None = None) -> dict[str, object] | None:
        """One evaluation, in its current revision or in the one asked for; None where there is none."""
        query = f"{_SELECT} FROM evaluations WHERE evaluation_id = ? AND revision = coalesce(?, revision)"
        return next(self._read(f"{query} ORDER BY revision DESC LIMIT 1", (evaluation_id, revision)), None)

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, query: str, values: Sequence[object] = ()) -> Iterator[dict[str, object]]:
        with self._telling():
            cursor = self._db.conn.execute(query, values)
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield {name: _value(name, value) for name, value in zip(names, row, strict=True)}

    def _migrate(self) -> None:
        migrations = _migrations()
        applied = {migration.name for migration in migrations.applied(self._db)}
        pending = {migration.name for migration in migrations.pending(self._db)}
        taken = sorted({*TABLES, *VIEWS} & {*self._db.table_names(), *self._db.view_names()})
        if not applied and taken:
            hint = "choose another file: pauta adds its tables to a database only where their names are free"
            raise self._problem("E724", f"has tables of another kind under names of pauta's: {', '.join(taken)}", hint)
        if applied - MIGRATIONS:
            raise self._problem("E723", "was made by a newer pauta", "bring pauta up to date, or use another file")
        if pending:
            with self._writing():
                migrations.apply(self._db)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start: what it has read cannot change under it."""
        connection = self._db.conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            with self._db.atomic():
                yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """SQLite's errors as sentences about this file."""
        try:
            yield
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            for sign, (code, sentence, hint) in _FAULTS.items():
                if name.startswith(sign):
                    raise self._problem(code, sentence, hint) from error
            raise self._problem("E725", f"cannot be used: {error}", None) from error

    def _problem(self, code: str, sentence: str, hint: str | None) -> ProblemsFound:
        return ProblemsFound([Problem(code, f"the database '{self.path}' {sentence}", Place(str(self.path)), hint)])


_FAULTS: Final = {
    "SQLITE_NOTADB": ("E720", "is not a database", "the file holds something else: choose another name"),
    "SQLITE_BUSY": ("E721", f"is locked: another program has been writing to it for {BUSY_TIMEOUT_S:g} seconds",
                    "wait until it is done, or close it"),
    "SQLITE_LOCKED": ("E721", "is locked by another part of this program", "wait until it is done"),
    "SQLITE_READONLY": ("E722", "may not be written to", "change its permissions, or write to another file"),
    "SQLITE_CANTOPEN": ("E722", "cannot be opened or made", "does its folder exist, and may it be written to?"),
    "SQLITE_PERM": ("E722", "may not be written to", "change its permissions, or write to another file"),
    "SQLITE_FULL": ("E726", "cannot grow: the disk is full", "make room and run again: of this batch nothing was kept"),
    "SQLITE_IOERR": ("E726", "cannot be written to: the disk fails or is full", "of this batch nothing was kept"),
    "SQLITE_CORRUPT": ("E727", "is damaged", "restore it from a backup, or run again into another file"),
}  # fmt: skip

MIGRATIONS: Final = frozenset(("0001_first",))
"""What this version knows. A later one adds a step, and gives the first its own copy of the tables of today."""


def _migrations() -> Migrations:
    from sqlite_utils import Migrations

    migrations = Migrations("pauta")

    @migrations(name="0001_first")
    def first(db: Database) -> None:
        db.table("cards").create(TABLES["cards"], pk=_CARD, not_null=("precedence",), strict=True)
        db.table("calls").create(TABLES["calls"], pk=("call_id", "agent"), strict=True)
        needed = ("current", "result_digest", "call_id", "agent", "scorecard", "version", "digest", "evaluator")
        keys = ((_CARD, "cards", _CARD), (("call_id", "agent"), "calls", ("call_id", "agent")))
        evaluations = db.table("evaluations")
        evaluations.create(
            TABLES["evaluations"], pk=("evaluation_id", "revision"), not_null=needed, foreign_keys=keys, strict=True
        )
        evaluations.create_index(("call_id", "agent", "scorecard"))
        evaluations.create_index(("scorecard", "version", "digest"))
        db.execute("CREATE UNIQUE INDEX one_current_evaluation ON evaluations (evaluation_id) WHERE current = 1")
        for name, query in VIEWS.items():
            db.create_view(name, query)

    return migrations


def _inserting(table: str) -> str:
    names = TABLES[table]
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"  # noqa: S608  # own names


_SELECT: Final = "SELECT " + ", ".join(["evaluation_id", "revision", *_RESULT])
_KNOWN: Final = """SELECT evaluation_id, revision, result_digest FROM evaluations
    WHERE current = 1 AND evaluation_id IN (SELECT value FROM json_each(?))"""
_KEEP_CARD: Final = f"""{_inserting("cards")} ON CONFLICT DO UPDATE SET title = excluded.title,
    document = excluded.document WHERE excluded.document IS NOT NULL AND document IS NOT excluded.document"""
_FACTS: Final = ", ".join(name for name in TABLES["calls"] if name not in ("call_id", "agent"))
_GIVEN: Final = ", ".join(f"excluded.{name}" for name in _FACTS.split(", "))
_KEEP_CALL: Final = (
    f"{_inserting('calls')} ON CONFLICT DO UPDATE SET ({_FACTS}) = ({_GIVEN}) WHERE ({_FACTS}) IS NOT ({_GIVEN})"
)


def _keep_cards(connection: sqlite3.Connection, cards: Iterable[Record]) -> None:
    """Cards that evaluations refer to; one that comes without its document is kept by name and digest alone."""
    rows: dict[tuple[str, str, str], tuple[object, ...]] = {}
    for card in cards:
        name, version, digest = (str(card[key]) for key in _CARD)
        found = version_from(version)
        row = (name, version, digest, found.order if found else "", card.get("title"), _cell(card.get("document")))
        rows.setdefault((name, version, digest), row)
    connection.executemany(_KEEP_CARD, rows.values())


def _keep_calls(connection: sqlite3.Connection, calls: Iterable[Call], rows: Iterable[dict[str, object]]) -> None:
    """What a call's record says besides its turns; of a call that only its evaluation tells of, its id and agent."""
    values = ([_fact(getattr(call, name)) for name in TABLES["calls"]] for call in calls)
    connection.executemany(_KEEP_CALL, ([row[0], row[1] or "", *row[2:]] for row in values))
    named = [(row["call_id"], row["agent"]) for row in rows]
    connection.executemany("INSERT INTO calls (call_id, agent) VALUES (?, ?) ON CONFLICT DO NOTHING", named)


def _keep_evaluations(connection: sqlite3.Connection, rows: Sequence[dict[str, object]]) -> Written:
    ids = json.dumps([row["evaluation_id"] for row in rows])
    before: dict[object, tuple[int, object]] = {
        key: (revision, digest) for key, revision, digest in connection.execute(_KNOWN, (ids,))
    }
    known = dict(before)
    fresh: dict[tuple[object, int], dict[str, object]] = {}
    for row in rows:
        key = row["evaluation_id"]
        revision, digest = known.get(key, (0, None))
        if digest != row["result_digest"]:
            known[key] = revision + 1, row["result_digest"]
            fresh[key, revision + 1] = {**row, "revision": revision + 1}
    outdated = [(key,) for key, (revision, _) in before.items() if (key, revision + 1) in fresh]
    connection.executemany("UPDATE evaluations SET current = 0 WHERE evaluation_id = ? AND current = 1", outdated)
    for (key, revision), row in fresh.items():
        row["current"] = int((key, revision + 1) not in fresh)
    connection.executemany(
        _inserting("evaluations"), ([row[name] for name in TABLES["evaluations"]] for row in fresh.values())
    )
    new = sum(revision == 1 for _, revision in fresh)
    return Written(new, len(fresh) - new, len(rows) - len(fresh))


def _row(evaluation: Record) -> dict[str, object]:
    """A record as the columns of its row. Raises ValueError for a number that is not finite: SQLite would drop it."""
    row = {name: _cell(evaluation.get(name)) for name in _RESULT}
    row["agent"] = row["agent"] or ""
    whole = "\x1f".join("" if cell is None else repr(cell) for cell in row.values())
    row["result_digest"] = hashlib.sha256(whole.encode()).hexdigest()[:32]
    row["evaluation_id"] = evaluation["evaluation_id"]
    return row


_as_json: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _cell(value: object) -> object:
    if isinstance(value, dict | list | tuple):
        return _as_json(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("Out of range: a number of a result must be finite")
    return int(value) if isinstance(value, bool) else value


def _fact(value: object) -> object:
    return _cell(dict(value) if isinstance(value, Mapping) else value)


def _value(name: str, value: object) -> object:
    if name in JSON_COLUMNS and isinstance(value, str):
        return json.loads(value)
    if name in TRUTH_COLUMNS and value is not None:
        return bool(value)
    return None if name == "agent" and value == "" else value
