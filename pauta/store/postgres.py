"""A team's database: PostgreSQL, with the same tables and views. What is JSON text in SQLite is `jsonb` here."""

# ruff: noqa: S608  # the statements are put together from our own names alone; values go in as parameters

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pauta.engine.delivery import stamp
from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.store.contract import AnyStore
from pauta.store.ledger_tables import INDEXES, KEYS, LEDGER, LEDGER_VIEWS
from pauta.store.tables import FIRST_OUTBOX, JSON_COLUMNS, OF, TABLES, reader_of

if TYPE_CHECKING:
    import psycopg

CONNECT_TIMEOUT_S: Final = 10
BUSY_TIMEOUT_S: Final = 30
"""So long a writer waits for another to finish its batch."""

ROWS_AT_A_TIME: Final = 500


class PostgresStore(AnyStore):
    """A PostgreSQL database of results; its tables are made where there are none, in the schema of the connection.

    Raises ProblemsFound, with a sentence that never shows the password, where the server cannot be reached or refuses,
    where psycopg is not installed, and where the tables were made by a newer pauta.
    """

    each_of: ClassVar[str] = "SELECT jsonb_array_elements_text(?::jsonb)"
    differs_from: ClassVar[str] = "IS DISTINCT FROM"
    position: ClassVar[str] = "position"
    bytewise: ClassVar[str] = 'COLLATE "C"'

    def __init__(self, url: str, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(clock)
        self._url = url
        self.place = "PostgreSQL"
        driver = _psycopg()
        try:
            known = driver.conninfo.conninfo_to_dict(url)
        except driver.Error as error:
            hint = "write it as postgresql://user:password@host/database"
            raise self._problem("E728", "has an address that cannot be read", hint) from error
        self.place = f"{known.get('host') or 'localhost'}/{known.get('dbname') or ''}"
        options = {"autocommit": True, "connect_timeout": CONNECT_TIMEOUT_S, "application_name": "pauta"}
        with self._telling():
            self._db: psycopg.Connection[tuple[Any, ...]] = driver.connect(url, **options)
            try:
                self._db.execute("SET timezone = 'UTC'")
                self._db.execute(f"SET lock_timeout = '{BUSY_TIMEOUT_S}s'")
                self._schema = str(self._db.execute("SELECT current_schema()").fetchone())
                self._migrate()
            except BaseException:
                self._db.close()
                raise

    def another(self) -> PostgresStore:
        """The same database once more, for another thread."""
        return PostgresStore(self._url, clock=self._clock)

    @contextmanager
    def alone(self, sink: str) -> Iterator[bool]:
        """Whether nobody else delivers for this sink: an advisory lock, which ends with the connection."""
        number = self._number(f"deliver\x1f{sink}")
        with self._telling():
            (alone,) = self._db.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone() or (False,)
        try:
            yield bool(alone)
        finally:
            if alone and not self._db.closed:
                self._db.execute("SELECT pg_advisory_unlock(%s)", (number,))

    @contextmanager
    def erasing(self) -> Iterator[None]:
        """Write every table anew, without what was replaced; the server's log and its backups are its keeper's."""
        with self._telling():
            yield
            for name in (*TABLES, *LEDGER):
                self._db.execute(f"VACUUM FULL {name}")

    def close(self) -> None:
        """Give the connection back."""
        self._db.close()

    def _migrate(self) -> None:
        with self._writing():
            here = "table_schema = current_schema() AND table_name"
            tables = self._db.execute(f"SELECT table_name FROM information_schema.tables WHERE {here} IS NOT NULL")
            there = {str(name) for (name,) in tables}
            applied: set[str] = set()
            if MIGRATED in there:
                applied = {str(name) for (name,) in self._db.execute(f"SELECT name FROM {MIGRATED}")}
            taken = sorted({name for step, names in MAKES.items() if step not in applied for name in names} & there)
            if taken:
                hint = "choose another schema or database: pauta makes tables only where their names are free"
                raise self._problem("E724", f"has tables under names of pauta's: {', '.join(taken)}", hint)
            if applied - MIGRATIONS.keys():
                raise self._problem("E723", "was made by a newer pauta", "bring pauta up to date, or use another one")
            for name, statements in MIGRATIONS.items():
                if name not in applied:
                    for statement in statements:
                        self._db.execute(statement)
                    self._db.execute(f"INSERT INTO {MIGRATED} VALUES (%s, %s)", (name, stamp(self._clock())))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that waits for other writers of this schema, so that it may trust what it has read."""
        with self._db.transaction():
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", (self._number("write"),))
            yield

    def _number(self, what: str) -> int:
        """The number of an advisory lock: 63 bits of what is locked, in this schema."""
        digest = hashlib.sha256(f"pauta\x1f{self._schema}\x1f{what}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    def _execute(self, query: str, values: Sequence[object] = ()) -> Any:
        return self._db.execute(_with_places(query), [_storable(value) for value in values])

    def _many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        with self._db.cursor() as cursor:
            cursor.executemany(_with_places(query), [[_storable(value) for value in row] for row in rows])

    def _read(self, query: str, values: Sequence[object] = ()) -> Iterator[dict[str, object]]:
        with self._telling(), self._db.cursor(name="pauta", withhold=True) as cursor:
            cursor.itersize = ROWS_AT_A_TIME
            cursor.execute(_with_places(query), [_storable(value) for value in values])
            read = reader_of([column.name for column in cursor.description or ()])
            for row in cursor:
                yield read(row)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """PostgreSQL's errors as sentences about this database, without what it was asked or given."""
        psycopg = _psycopg()
        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            for sign, (code, sentence, hint) in _FAULTS.items():
                if state.startswith(sign):
                    raise self._problem(code, sentence, hint) from error
            if isinstance(error, psycopg.OperationalError):
                hint = "is the server running, and does it take connections from here with this user and password?"
                raise self._problem("E728", "cannot be reached, or broke the connection off", hint) from error
            reason = error.diag.message_primary or type(error).__name__
            raise self._problem("E725", f"cannot be used: {reason}", None) from error

    def _problem(self, code: str, sentence: str, hint: str | None) -> ProblemsFound:
        return ProblemsFound([Problem(code, f"the database '{self.place}' {sentence}", Place(self.place), hint)])


def _psycopg() -> Any:
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError as error:
        problem = Problem(
            "E570", "PostgreSQL needs psycopg, which is not installed", None, "pip install 'pauta[postgres]'"
        )
        raise ProblemsFound([problem]) from error
    return psycopg


_FAULTS: Final = {
    "53100": ("E726", "cannot grow: the disk is full", "make room and run again: of this batch nothing was kept"),
    "55P03": ("E721", f"is locked: another program has been writing to it for {BUSY_TIMEOUT_S} seconds",
              "wait until it is done, or close it"),
    "42501": ("E722", "may not be written to", "give the user the right to make and write tables in this schema"),
    "25006": ("E722", "may not be written to", "it is read-only: a standby, perhaps?"),
    "28": ("E728", "refuses the user or the password", "look at the url of the sink in pauta.yaml"),
    "3D000": ("E728", "is not there", "make it first: CREATE DATABASE"),
}  # fmt: skip


@cache
def _with_places(query: str) -> Any:
    """A statement as psycopg takes it."""
    return query.replace("%", "%%").replace("?", "%s")


_NUL_IN_JSON: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _storable(value: object) -> object:
    """PostgreSQL has no character 0, in text and in JSON; the sign for a character that is none stands for it."""
    if isinstance(value, str):
        return _NUL_IN_JSON.sub(r"\1\\ufffd", value.replace("\x00", "\ufffd"))
    return value


_TYPES: Final = {str: "text", int: "bigint", float: "double precision"}
MIGRATED: Final = "pauta_migrations"


def _table(name: str, needed: Sequence[str], *more: str, columns_of: Mapping[str, type] | None = None) -> str:
    columns = [
        f"{column} {'jsonb' if column in JSON_COLUMNS else _TYPES[kind]}{' NOT NULL' if column in needed else ''}"
        for column, kind in (columns_of or TABLES[name]).items()
    ]
    return f"CREATE TABLE {name} ({', '.join([*columns, *more])})"


_COUNTED: Final = "position bigint GENERATED ALWAYS AS IDENTITY"
_ANSWERS: Final = "evaluations AS e, jsonb_array_elements(e.answers) WITH ORDINALITY AS a(value, place)"
_CURRENT: Final = "WHERE e.current = 1"
_NUMBER: Final = "(a.value ->> '{0}')::double precision AS {0}"
_TEXT: Final = "a.value ->> '{0}' AS {0}"
_ANSWER: Final = ", ".join([
    "a.place - 1 AS position", *(_TEXT.format(name) for name in ("question", "answer", "state")),
    *(_NUMBER.format(name) for name in ("points", "out_of", "weight", "credit")),
    *(_TEXT.format(name) for name in ("error", "fault", "answered_by", "comment", "reason", "criterion_answer")),
])  # fmt: skip
_EVALUATED: Final = r"CASE WHEN evaluated_at ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d' THEN evaluated_at::timestamptz END"
VIEWS: Final = {
    "current_evaluations": f"""
        SELECT e.*, c.title AS scorecard_title, c.precedence,
          {
        ", ".join(
            f"(e.critical_by_class ->> '{harm}')::bigint AS critical_{harm}"
            for harm in ("customer", "business", "compliance")
        )
    }
        FROM evaluations AS e JOIN cards AS c USING (scorecard, version, digest) {_CURRENT}""",
    "latest_evaluations": f"""
        SELECT * FROM (SELECT *, row_number() OVER (
            PARTITION BY call_id, agent, scorecard
            ORDER BY evaluator <> 'engine' DESC, {_EVALUATED} DESC NULLS LAST, precedence COLLATE "C" DESC,
              position DESC
          ) AS place FROM current_evaluations WHERE evaluator = 'engine' OR status <> 'incomplete') AS ranked
        WHERE place = 1""",
    "answers": f"SELECT {OF}, {_ANSWER} FROM {_ANSWERS} {_CURRENT}",
    "errors": f"""
        SELECT {OF}, a.value ->> 'question' AS question, a.value ->> 'fault' AS fault,
          coalesce(x.value ->> 'critical', 'non_critical') AS class, x.value ->> 'fails' AS fails
        FROM {_ANSWERS}, jsonb_array_elements(CASE jsonb_typeof(a.value -> 'error')
            WHEN 'array' THEN a.value -> 'error' WHEN 'object' THEN jsonb_build_array(a.value -> 'error')
            ELSE '[]'::jsonb END) AS x(value) {_CURRENT}""",
    "evidence": f"""
        SELECT {OF}, a.value ->> 'question' AS question, (x.value ->> 'turn')::bigint AS turn,
          (x.value #>> '{{span,0}}')::bigint AS span_from, (x.value #>> '{{span,1}}')::bigint AS span_to,
          x.value ->> 'quote' AS quote, (x.value ->> 'start')::double precision AS start_s,
          (x.value ->> 'end')::double precision AS end_s
        FROM {_ANSWERS}, jsonb_array_elements(a.value -> 'evidence') AS x(value) {_CURRENT}""",
    "sections": f"""
        SELECT {OF}, s.value ->> 'section' AS section, (s.value ->> 'weight')::double precision AS weight,
          (s.value ->> 'score')::double precision AS score, (s.value ->> 'raw_score')::double precision AS raw_score
        FROM evaluations AS e, jsonb_array_elements(e.sections) AS s(value) {_CURRENT}""",
    "escalations": f"""
        SELECT {OF}, x.value AS escalation
        FROM evaluations AS e, jsonb_array_elements_text(e.escalations) AS x(value) {_CURRENT}""",
}
"""The views of SQLite, in the words of PostgreSQL."""

MAKES: Final = {
    "0001_first": ("cards", "calls", "evaluations", *VIEWS),
    "0002_outbox": ("outbox",),
    "0003_bundles": (),
    "0004_follow_up": (*LEDGER, *LEDGER_VIEWS),
}

MIGRATIONS: Final = {
    "0001_first": (
        f"CREATE TABLE {MIGRATED} (name text PRIMARY KEY, applied_at text NOT NULL)",
        _table("cards", ("precedence",), "PRIMARY KEY (scorecard, version, digest)"),
        _table("calls", (), "PRIMARY KEY (call_id, agent)"),
        _table(
            "evaluations",
            ("current", "result_digest", "call_id", "agent", "scorecard", "version", "digest", "evaluator"),
            _COUNTED,
            "PRIMARY KEY (evaluation_id, revision)",
            "FOREIGN KEY (scorecard, version, digest) REFERENCES cards",
            "FOREIGN KEY (call_id, agent) REFERENCES calls",
        ),
        "CREATE INDEX ON evaluations (call_id, agent, scorecard)",
        "CREATE INDEX ON evaluations (scorecard, version, digest)",
        "CREATE UNIQUE INDEX one_current_evaluation ON evaluations (evaluation_id) WHERE current = 1",
        *(f"CREATE VIEW {name} AS {query}" for name, query in VIEWS.items()),
    ),
    "0002_outbox": (
        _table(
            "outbox",
            ("sink", "evaluation_id", "revision", "state", "tries", "next_at", "queued_at"),
            _COUNTED,
            "PRIMARY KEY (key)",
            "FOREIGN KEY (evaluation_id, revision) REFERENCES evaluations",
            columns_of=FIRST_OUTBOX,
        ),
        "CREATE INDEX ON outbox (sink, state, next_at, position)",
    ),
    "0003_bundles": ("ALTER TABLE outbox ADD COLUMN bundle text",),
    "0004_follow_up": (
        "CREATE INDEX ON evaluations (agent)",
        *(
            _table(
                name, (), *([f"PRIMARY KEY ({', '.join(KEYS[name])})"] if KEYS[name] else [_COUNTED]), columns_of=each
            )
            for name, each in LEDGER.items()
        ),
        *(f"CREATE INDEX ON {name} ({', '.join(index)})" for name, each in INDEXES.items() for index in each),
        *(f"CREATE VIEW {name} AS {query}" for name, query in LEDGER_VIEWS.items()),
    ),
}
"""What this version knows, step by step."""
