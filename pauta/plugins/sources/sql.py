"""Calls and people's evaluations from a database, by any query: SQLite and PostgreSQL, read-only, row by row.

The query names its columns as call records and evaluations do; turns, attributes and metrics may be JSON, as text or
in a column of that type. Evaluations are long or wide, as in CSV. Times without a zone need `timezone`.

    - sql:
        path: calls.db                          SQLite, from this file's folder; or url: sqlite:///calls.db
        calls: select id as call_id, began as started_at, agent, words as turns from calls where day > '2026-03-01'
    - sql:
        url: ${env:CALLS_DB}                    postgresql://reader:secret@host/calls
        answers: select call_id, evaluator, scorecard, question, answer from answers
        timezone: America/Bogota

PostgreSQL is read through a cursor on the server in one read-only transaction, so that a large answer is never held
whole. It needs psycopg: pip install 'pauta[postgres]'. No message shows the address or the password.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar, Final, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from pauta import Call, HumanEvaluation, Place, Problem, ProblemsFound, calls_from, evaluations_from, hookimpl
from pauta.plugins.sources.clocks import ZONE_OPTION, zone_of
from pauta.plugins.sources.rows import Record, Row, call_records, evaluation_records, missing_columns

ROWS: Final = 500
"""So many rows are fetched at a time."""
WAIT_S: Final = 10
"""So long a database may take to answer at all."""

_READING: Final = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
})  # fmt: skip
Answer: TypeAlias = tuple[list[str], Iterator[Sequence[object]]]
"""The names of the columns, and the rows as they come."""


class Sql:
    """A query."""

    name: ClassVar[str] = "sql"
    purpose: ClassVar[str] = "Reads calls and people's evaluations by a query from SQLite or PostgreSQL."
    endings: ClassVar[tuple[str, ...]] = ()
    takes_files: ClassVar[bool] = False
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "url": {
                "type": "string",
                "minLength": 1,
                "description": "The database: `postgresql://..` or `sqlite:///file`; with a password as `${env:NAME}`.",
            },
            "path": {"type": "string", "minLength": 1, "description": "A SQLite file, in place of a url."},
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "A query for calls."},
            "answers": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "description": "A query for evaluations.",
            },
            "timezone": ZONE_OPTION,
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Take the options as checked."""
        self._timezone = options.get("timezone")
        path, url = options.get("path"), options.get("url")
        self._database = _Database(None if path is None else str(path), None if url is None else str(url))

    def calls(self, target: str) -> Iterable[Call | Problem]:
        """The calls that a query gives, a Problem in place of each row that is none."""
        return calls_from(self._records(target, of_calls=True))

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People's evaluations that a query gives, a Problem in place of each row that is none."""
        return evaluations_from(self._records(target, of_calls=False))

    def _records(self, query: str, *, of_calls: bool) -> Iterator[Record | Problem]:
        at = Place(self._database.shown)
        zone = zone_of(self._timezone, at)
        if isinstance(zone, Problem):
            yield zone
            return
        try:
            with self._database.answer(query) as (names, answer):
                needed = ("call_id",) if of_calls else ("call_id", "evaluator")
                wrong = missing_columns(names, needed, "the query's answer", at)
                if wrong is not None:
                    yield wrong
                    return
                rows = _rows(names, answer, at)
                yield from call_records(rows, zone) if of_calls else evaluation_records(names, rows, zone, at)
        except ProblemsFound as found:
            yield from found.problems


def _rows(names: Sequence[str], answer: Iterable[Sequence[object]], at: Place) -> Iterator[Row]:
    for number, row in enumerate(answer, 1):
        yield dict(zip(names, row)), Place(at.file, number, 1)


class _Database:
    """A database and what may be said of it: `shown` is its address without names, passwords and options."""

    def __init__(self, path: str | None, url: str | None) -> None:
        self._one_of_two = (path is None) != (url is None)
        self._address = url or ""
        scheme = self._address.partition("://")[0].casefold() if "://" in self._address else ""
        self._postgres = path is None and scheme in ("postgresql", "postgres")
        if path is None and self._address.startswith("sqlite:///"):
            path = self._address.removeprefix("sqlite:///")
        self._file = path
        self.shown = f"postgresql://{_host(self._address)}" if self._postgres else path or "sql"

    @contextmanager
    def answer(self, query: str) -> Iterator[Answer]:
        """What a query gives, while the database is open. Raises ProblemsFound, then or while rows are taken."""
        if not self._one_of_two:
            hint = "sql: {path: calls.db, calls: ..}, or {url: postgresql://.., calls: ..}"
            message = "the source 'sql' takes a path or a url, one of the two"
            raise ProblemsFound([Problem("E551", message, Place(self.shown), hint)])
        if not self._postgres and self._file is None:  # the address may hold a password: it is not shown
            hint = "an address is postgresql://host/database or sqlite:///file"
            raise ProblemsFound(
                [Problem("E551", "the url of the source 'sql' names no database", Place(self.shown), hint)]
            )
        with self._of_postgres(query) if self._postgres else self._of_sqlite(query, self._file or "") as found:
            yield found

    @contextmanager
    def _of_sqlite(self, query: str, file: str) -> Iterator[Answer]:
        if not Path(file).is_file():
            raise ProblemsFound([Problem("E551", f"there is no database '{file}'", Place(self.shown))])
        address = f"file:{quote(str(Path(file).absolute()))}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=WAIT_S, check_same_thread=False)) as connection:
                connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
                connection.execute("begin")
                connection.set_authorizer(_only_reading)
                cursor = connection.execute(query)
                names = [str(column[0]) for column in cursor.description or ()]
                yield names, iter(cursor)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._refused(str(error)) from None

    @contextmanager
    def _of_postgres(self, query: str) -> Iterator[Answer]:
        try:
            import psycopg
        except ImportError:
            message = "the source 'sql' needs psycopg to read PostgreSQL, and it is not installed"
            hint = "pip install 'pauta[postgres]'"
            raise ProblemsFound([Problem("E550", message, Place(self.shown), hint)]) from None
        try:
            connection = psycopg.connect(self._address, connect_timeout=WAIT_S, application_name="pauta")
        except psycopg.Error as error:
            reason = self._sayable(_first_line(error), "the address is not written as it should be, or nobody answers")
            message = f"the database at {self.shown} cannot be reached: {reason}"
            raise ProblemsFound([Problem("E551", message, Place(self.shown))]) from None
        try:
            with closing(connection):
                connection.read_only = True
                with connection.cursor(name="pauta") as cursor:
                    cursor.itersize = ROWS
                    cursor.execute(query)
                    yield [column.name for column in cursor.description or ()], iter(cursor)
        except psycopg.Error as error:
            raise self._refused(_first_line(error)) from None

    def _refused(self, reason: str) -> ProblemsFound:
        said = self._sayable(reason, "its reason names the password, and is not shown")
        hint = "the query must be one SELECT; it may read, and write nothing"
        return ProblemsFound([Problem("E552", f"the database refuses the query: {said}", Place(self.shown), hint)])

    def _sayable(self, reason: str, instead: str) -> str:
        """The reason, unless something of the address that nobody should see stands in it."""
        hidden = {self._address, *_secrets_in(self._address)} if self._postgres else set()
        return instead if any(each and each in reason for each in hidden) else reason


def _only_reading(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or "localhost"
    except ValueError:
        return "..."


def _secrets_in(address: str) -> Iterator[str]:
    """The password of an address, and the values of its options, as written and as meant."""
    try:
        parts = urlsplit(address)
        values = [parts.password or "", *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    except ValueError:
        values = [address.partition("://")[2].partition("@")[0].partition(":")[2]]
    for value in values:
        yield from (value, unquote(value))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


@hookimpl
def register_sources(register: Callable[[type[Sql]], None]) -> None:
    """Offer the source."""
    register(Sql)
