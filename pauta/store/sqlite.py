"""The embedded database: a SQLite file. sqlite-utils owns its schema and migrations."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.store.contract import AnyStore
from pauta.store.ledger_tables import INDEXES, KEYS, LEDGER, LEDGER_VIEWS
from pauta.store.tables import CARD, FIRST_OUTBOX, TABLES, VIEWS

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

CACHE_KB: Final = 64 * 1024
"""A batch stays in memory until it is whole: pages that must make room before would be written twice."""

BUSY_TIMEOUT_S: Final = 30.0
"""So long a writer waits for another to finish its batch."""


class Store(AnyStore):
    """A database file of results, made where there is none.

    Raises ProblemsFound, with a sentence, where the file is no database, locked, read-only, damaged or made by a newer
    pauta, and where the disk is full. `commits_behind`: the commit of a batch mostly waits for the disk, so it goes on
    while the caller makes the next; what this store is asked next waits for it, and tells where it failed, as `close`.
    """

    each_of: ClassVar[str] = "SELECT value FROM json_each(?)"
    differs_from: ClassVar[str] = "IS NOT"
    position: ClassVar[str] = "rowid"
    bytewise: ClassVar[str] = ""

    def __init__(
        self, path: str | Path, *, clock: Callable[[], datetime] | None = None, commits_behind: bool = False
    ) -> None:
        from sqlite_utils import Database

        super().__init__(clock)
        self.path = Path(path)
        self._behind = commits_behind
        self._committing: Thread | None = None
        self._not_committed: BaseException | None = None
        with self._telling():
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
                self._db: Database = Database(connection, execute_plugins=False)
                self._migrate()
            except BaseException:
                connection.close()
                raise

    def another(self) -> Store:
        """The same file once more, for another thread."""
        return Store(self.path, clock=self._clock)

    @contextmanager
    def alone(self, sink: str) -> Iterator[bool]:
        """Whether nobody else delivers for this sink: a lock on a file beside the database, which ends with us."""
        name = hashlib.sha256(sink.encode()).hexdigest()[:8]
        with (
            self._telling(),
            closing(
                sqlite3.connect(self.path.parent / f".{self.path.name}.{name}.lock", timeout=0, isolation_level=None)
            ) as lock,
        ):
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if not getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
                    raise
                yield False
            else:
                yield True

    @contextmanager
    def erasing(self) -> Iterator[None]:
        """Overwrite what is deleted, then write the file anew without its free pages, and empty its log."""
        with self._telling():
            self._settle()
            self._db.execute("PRAGMA secure_delete = ON")
            yield
            self._db.conn.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Give the file back."""
        try:
            with self._telling():
                self._settle()
        finally:
            self._db.close()

    def _migrate(self) -> None:
        """Bring the tables up to date; looked at again under the lock, as another program may do the same just now."""
        migrations = _migrations()
        applied = {migration.name for migration in migrations.applied(self._db)}
        if applied - MAKES.keys():
            raise self._problem("E723", "was made by a newer pauta", "bring pauta up to date, or use another file")
        if applied == MAKES.keys():
            return
        with self._writing():
            pending = [migration.name for migration in migrations.pending(self._db)]
            made = {name for step in pending for name in MAKES[step]}
            taken = sorted(made & {*self._db.table_names(), *self._db.view_names()})
            if taken:
                hint = "choose another file: pauta adds its tables to a database only where their names are free"
                what = f"has tables of another kind under names of pauta's: {', '.join(taken)}"
                raise self._problem("E724", what, hint)
            migrations.apply(self._db)

    @contextmanager
    def _writing(self, *, behind: bool = False) -> Iterator[None]:
        """A transaction that holds the write lock from its start: what it has read cannot change under it."""
        self._settle()
        connection = self._db.conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            with self._db.atomic():
                yield
            if not (behind and self._commits_behind()):
                connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _writing_a_batch(self) -> AbstractContextManager[None]:
        return self._writing(behind=self._behind)

    def _commits_behind(self) -> bool:
        """Let the commit go on behind; False where there can be no more threads."""
        self._committing = Thread(target=self._commit, name="commit")
        try:
            self._committing.start()
        except RuntimeError:
            self._committing = None
        return self._committing is not None

    def _commit(self) -> None:
        try:
            self._db.conn.execute("COMMIT")
        except BaseException as error:  # whatever it is, the batch is lost, and the caller is to hear of it
            self._not_committed = error
            if self._db.conn.in_transaction:
                self._db.conn.execute("ROLLBACK")

    def _settle(self) -> None:
        """Wait for the commit that goes on behind; raises the error with which it failed."""
        if self._committing is not None:
            self._committing.join()
            self._committing = None
            error, self._not_committed = self._not_committed, None
            if error is not None:
                raise error

    def _execute(self, query: str, values: Sequence[object] = ()) -> Any:
        self._settle()
        return self._db.conn.execute(query, values)

    def _many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        self._settle()
        self._db.conn.executemany(query, rows)

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

MAKES: Final = {
    "0001_first": ("cards", "calls", "evaluations", *VIEWS),
    "0002_outbox": ("outbox",),
    "0003_bundles": (),
    "0004_follow_up": (*LEDGER, *LEDGER_VIEWS),
}
"""The steps that this version knows, and the tables and views that each makes.

A later one adds a step, and gives those before it their own copy of the tables of today.
"""


def _migrations() -> Migrations:
    from sqlite_utils import Migrations

    migrations = Migrations("pauta")

    @migrations(name="0001_first")
    def first(db: Database) -> None:
        db.table("cards").create(TABLES["cards"], pk=CARD, not_null=("precedence",), strict=True)
        db.table("calls").create(TABLES["calls"], pk=("call_id", "agent"), strict=True)
        needed = ("current", "result_digest", "call_id", "agent", "scorecard", "version", "digest", "evaluator")
        keys = ((CARD, "cards", CARD), (("call_id", "agent"), "calls", ("call_id", "agent")))
        evaluations = db.table("evaluations")
        evaluations.create(
            TABLES["evaluations"], pk=("evaluation_id", "revision"), not_null=needed, foreign_keys=keys, strict=True
        )
        evaluations.create_index(("call_id", "agent", "scorecard"))
        evaluations.create_index(("scorecard", "version", "digest"))
        db.execute("CREATE UNIQUE INDEX one_current_evaluation ON evaluations (evaluation_id) WHERE current = 1")
        for name, query in VIEWS.items():
            db.create_view(name, query)

    @migrations(name="0002_outbox")
    def outbox(db: Database) -> None:
        needed = ("sink", "evaluation_id", "revision", "state", "tries", "next_at", "queued_at")
        about = ("evaluation_id", "revision")
        table = db.table("outbox")
        table.create(
            FIRST_OUTBOX, pk="key", not_null=needed, foreign_keys=((about, "evaluations", about),), strict=True
        )
        table.create_index(("sink", "state", "next_at"))

    @migrations(name="0003_bundles")
    def bundles(db: Database) -> None:
        db.table("outbox").add_column("bundle", str)

    @migrations(name="0004_follow_up")
    def follow_up(db: Database) -> None:
        db.table("evaluations").create_index(("agent",))
        for name, columns in LEDGER.items():
            table = db.table(name)
            table.create(columns, pk=KEYS[name] or None, strict=True)
            for index in INDEXES.get(name, ()):
                table.create_index(index)
        for name, query in LEDGER_VIEWS.items():
            db.create_view(name, query)

    return migrations
