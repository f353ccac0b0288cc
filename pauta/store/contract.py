"""What a store does, whichever database it is: keep results once, in revisions, with what is to be sent of them.

The statements are the same for every database; what differs is said by the class of each: how a transaction is held,
how errors read, and a few words of SQL (`each_of`, `position`).
"""

# ruff: noqa: S608  # the statements are put together from our own names alone; values go in as parameters

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from operator import itemgetter
from types import TracebackType
from typing import Any, ClassVar, Final, Self, TypeAlias

from pauta.engine.contracts import Delivery, Recipient, Waiting
from pauta.engine.delivery import stamp
from pauta.engine.loading.versions import version_from
from pauta.engine.model.calls import Call
from pauta.store.forgotten import MARK, masked_call, masked_row
from pauta.store.ledger import Ledger
from pauta.store.tables import (
    CARD,
    KEPT,
    RESULT,
    TABLES,
    KeptRow,
    Record,
    Rows,
    Written,
    cell,
    column_of,
    reader_of,
    rows_of,
    rows_of_calls,
)

Row: TypeAlias = dict[str, object]


def _inserting(table: str) -> str:
    names = TABLES[table]
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"


_CALL_ID: Final = KEPT.index("call_id")
_WHOSE: Final = itemgetter(_CALL_ID, KEPT.index("agent"))
_NONE: Final = (0, None)
_SELECT: Final = "SELECT " + ", ".join(["evaluation_id", "revision", *RESULT])
_KNOWN: Final = """SELECT evaluation_id, revision, result_digest FROM evaluations
    WHERE current = 1 AND evaluation_id IN ({each_of})"""
_KEEP_CARD: Final = f"""{_inserting("cards")} ON CONFLICT (scorecard, version, digest) DO UPDATE SET
    title = excluded.title, document = excluded.document
    WHERE excluded.document IS NOT NULL AND cards.document {{differs_from}} excluded.document"""
_FACTS: Final = [name for name in TABLES["calls"] if name not in ("call_id", "agent")]
_KEEP_CALL: Final = f"""{_inserting("calls")} ON CONFLICT (call_id, agent) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in _FACTS)}
    WHERE {" OR ".join(f"calls.{name} {{differs_from}} excluded.{name}" for name in _FACTS)}"""
_KEEP_FIRST: Final = f"""INSERT INTO evaluations ({", ".join(KEPT)}, revision, current)
    VALUES ({", ".join("?" for _ in KEPT)}, 1, 1)"""
_WAITING: Final = "SELECT " + ", ".join(TABLES["outbox"]) + " FROM outbox"


class AnyStore(ABC):
    """A database of results. Raises ProblemsFound, with a sentence, where the database cannot do what is asked.

    clock: the time that the outbox goes by.
    """

    each_of: ClassVar[str]
    """The texts of a JSON list that is handed over, as rows."""

    differs_from: ClassVar[str]
    """The comparison that takes null as a value."""

    position: ClassVar[str]
    """The column that counts rows in the order in which they came."""

    bytewise: ClassVar[str]
    """What stands behind a text that is compared by its characters and not by a language's order."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self._clock = clock or (lambda: datetime.now(UTC))

    def write(
        self,
        evaluations: Sequence[Record],
        *,
        calls: Iterable[Call] = (),
        cards: Iterable[Record] = (),
        send: Sequence[Recipient] = (),
    ) -> Written:
        """Keep a batch of evaluations with the calls and cards they are about: all of it or nothing.

        An evaluation whose result is there already writes nothing; another result under the same id is a new revision,
        and the old one stays. `cards`: maps of scorecard, version, digest, title and document (the card as merged).
        `send`: for whom what is new goes into the outbox, in the same transaction.
        """
        known, rows = list(calls), rows_of(evaluations)
        if send:
            rows = list(rows)
        with self._telling(), self._writing() if send else self._writing_a_batch():
            forgotten = self._forgotten()
            if forgotten:
                rows = [masked_row(row) if row[_CALL_ID] in forgotten else row for row in rows]
                known = [masked_call(call) if call.call_id in forgotten else call for call in known]
            by = zip(*(column_of(rows, name) for name in CARD), strict=True)
            self._keep_cards([*cards, *(dict(zip(CARD, each)) for each in dict.fromkeys(by))])
            self._keep_calls(known, rows)
            fresh = self._keep_evaluations(rows)
            queued = self._queue(fresh, list(rows), evaluations, known, send) if send else 0
        new = sum(revision == 1 for _, revision in fresh)
        return Written(new, len(fresh) - new, len(rows) - len(fresh), queued)

    def evaluations(self, *, latest: bool = False) -> Iterator[Row]:
        """The current revision of every evaluation, in the order in which they came.

        `latest`: of several of one call, agent and card only the one that counts in reports.
        """
        view = "latest_evaluations" if latest else "current_evaluations"
        yield from self._read(f"{_SELECT} FROM {view} ORDER BY position")

    def evaluation(self, evaluation_id: str, revision: int | None = None) -> Row | None:
        """One evaluation, in its current revision or in the one asked for; None where there is none."""
        query = f"{_SELECT} FROM evaluations WHERE evaluation_id = ? AND revision = coalesce(?, revision)"
        return next(iter(list(self._read(f"{query} ORDER BY revision DESC LIMIT 1", (evaluation_id, revision)))), None)

    @abstractmethod
    def another(self) -> AnyStore:
        """The same database once more, for another thread."""

    @abstractmethod
    def alone(self, sink: str) -> AbstractContextManager[bool]:
        """Whether nobody else delivers for this sink, and nobody will while it lasts; ends with the process."""

    def due(self, sink: str, now: str, most: int) -> list[Waiting]:
        """What waits for a sink and may be tried now, the oldest first."""
        where = f"WHERE sink = ? AND state = 'waiting' AND next_at <= ? ORDER BY next_at, {self.position} LIMIT ?"
        return [_waiting(row) for row in self._read(f"{_WAITING} {where}", (sink, now, most))]

    def gather(self, sink: str, now: str, most: int) -> list[Waiting]:
        """What goes into one message of a sink: what one that was not taken yet holds, else what is due, put together.

        Rows that are put together stay together, under one `bundle`.
        """
        waiting = f"{_WAITING} WHERE sink = ? AND state = 'waiting' AND"
        with self._telling(), self._writing():
            found = self._rows(
                f"{waiting} bundle IS NOT NULL AND next_at <= ? ORDER BY next_at, {self.position} LIMIT 1", (sink, now)
            )
            if found:
                return self._rows(f"{waiting} bundle = ? ORDER BY {self.position}", (sink, found[0].bundle))
            items = self._rows(
                f"{waiting} bundle IS NULL AND next_at <= ? ORDER BY {self.position} LIMIT ?", (sink, now, most)
            )
            bundle = key_of(*(item.key for item in items))
            self._many("UPDATE outbox SET bundle = ? WHERE key = ?", [(bundle, item.key) for item in items])
        return [replace(item, bundle=bundle) for item in items]

    def next_due(self, sink: str) -> str | None:
        """When the next try of a sink is; None where nothing waits."""
        query = "SELECT min(next_at) AS next_at FROM outbox WHERE sink = ? AND state = 'waiting'"
        found = next(iter(list(self._read(query, (sink,)))))["next_at"]
        return None if found is None else str(found)

    def tally(self, sink: str) -> dict[str, int]:
        """How many rows a sink has in each state."""
        query = "SELECT state, count(*) AS rows FROM outbox WHERE sink = ? GROUP BY state"
        return {str(row["state"]): int(str(row["rows"])) for row in self._read(query, (sink,))}

    def tallies(self) -> dict[str, dict[str, int]]:
        """The tally of every sink that has rows."""
        found: dict[str, dict[str, int]] = {}
        for row in self._read("SELECT sink, state, count(*) AS rows FROM outbox GROUP BY sink, state ORDER BY sink"):
            found.setdefault(str(row["sink"]), {})[str(row["state"])] = int(str(row["rows"]))
        return found

    def prune(self, before: str) -> int:
        """Forget rows that were delivered or dropped before a moment, and no others; returns how many.

        The moment in which a row was dropped is its `next_at`.
        """
        query = """DELETE FROM outbox WHERE (state = 'delivered' AND coalesce(delivered_at, queued_at) < ?)
            OR (state = 'dropped' AND next_at < ?)"""
        with self._telling(), self._writing():
            return int(self._execute(query, (before, before)).rowcount)

    def waiting(self, states: Sequence[str], sink: str | None = None) -> list[Waiting]:
        """The rows in these states, the oldest first."""
        where = f"WHERE state IN ({self.each_of}) AND sink = coalesce(?, sink) ORDER BY {self.position}"
        return [_waiting(row) for row in self._read(f"{_WAITING} {where}", (json.dumps(list(states)), sink))]

    def delivery(self, item: Waiting) -> Delivery:
        """What is to be sent for a row."""
        evaluation = self.evaluation(item.evaluation_id, item.revision) or {}
        call = self._call(evaluation.get("call_id"), evaluation.get("agent"))
        return Delivery(item.key, evaluation, call, item.tries + 1, item.queued_at)

    def settle(self, items: Sequence[Waiting]) -> None:
        """Keep what became of rows; one that was dropped meanwhile stays dropped, unless it was delivered."""
        query = """UPDATE outbox SET state = ?, tries = ?, next_at = ?, delivered_at = ?, error = ?, bundle = ?
            WHERE key = ? AND (state = 'waiting' OR ? = 'delivered')"""
        values = [(i.state, i.tries, i.next_at, i.delivered_at, i.error, i.bundle, i.key, i.state) for i in items]
        with self._telling(), self._writing():
            self._many(query, values)

    def move(self, keys: Sequence[str], state: str) -> None:
        """Put rows that are not delivered into another state by hand; what waits again has its tries before it."""
        query = """UPDATE outbox SET state = ?, tries = CASE ? WHEN 'waiting' THEN 0 ELSE tries END, next_at = ?
            WHERE key = ? AND state <> 'delivered'"""
        with self._telling(), self._writing():
            self._many(query, [(state, state, stamp(self._clock()), key) for key in keys])

    def _forgotten(self) -> frozenset[str]:
        """The calls whose customers are forgotten; of them no word is kept again."""
        found = self._execute("SELECT value FROM marks WHERE name = ?", (MARK,)).fetchone()
        return frozenset(json.loads(found[0])) if found else frozenset()

    @abstractmethod
    def erasing(self) -> AbstractContextManager[None]:
        """What is replaced inside leaves no trace in the database's files once it ends."""

    def ledger(self) -> Ledger:
        """The follow-up's tables in this store."""
        return Ledger(self)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that nobody else writes beside, with the database's errors as sentences."""
        with self._telling(), self._writing():
            yield

    def read(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a query, JSON read; `?` stands for a value."""
        return self._read(query, values)

    def read_cells(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query as the database has them, where there are many: JSON may be text still."""
        with self._telling():
            return list(self._execute(query, values))

    def write_one(self, query: str, values: Sequence[object] = ()) -> int:
        """A statement inside a transaction; returns how many rows it touched."""
        return int(self._execute(query, values).rowcount)

    def write_many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """The same statement for every row, inside a transaction."""
        self._many(query, rows)

    @abstractmethod
    def close(self) -> None:
        """Give the database back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _writing(self) -> AbstractContextManager[None]:
        """A transaction that nobody else writes beside: what it has read cannot change under it."""

    def _writing_a_batch(self) -> AbstractContextManager[None]:
        """The same for a batch of which nothing is to be sent, so that nobody else waits for its commit."""
        return self._writing()

    @abstractmethod
    def _telling(self) -> AbstractContextManager[None]:
        """The database's errors as sentences about it."""

    @abstractmethod
    def _execute(self, query: str, values: Sequence[object] = ()) -> Any:
        """A cursor of the answer."""

    @abstractmethod
    def _many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """The same statement for every row."""

    def _read(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        with self._telling():
            cursor = self._execute(query, values)
            read = reader_of([column[0] for column in cursor.description])
            for row in cursor:
                yield read(row)

    def _rows(self, query: str, values: Sequence[object]) -> list[Waiting]:
        """Rows of the outbox, read inside a transaction."""
        return [Waiting(*row) for row in self._execute(query, values)]

    def _call(self, call_id: object, agent: object) -> Row:
        """What is stored of a call: its record without turns, and without what it does not say."""
        query = f"SELECT {', '.join(TABLES['calls'])} FROM calls WHERE call_id = ? AND agent = ?"
        found = list(self._read(query, (call_id, agent or "")))
        return {name: value for name, value in found[0].items() if value not in (None, {})} if found else {}

    def _keep_cards(self, cards: Iterable[Record]) -> None:
        """Cards that evaluations refer to; one that comes without its document is kept by name and digest alone."""
        rows: dict[tuple[str, str, str], tuple[object, ...]] = {}
        for card in cards:
            name, version, digest = whole = str(card["scorecard"]), str(card["version"]), str(card["digest"])
            if whole not in rows:
                found = version_from(version)
                order = found.order if found else ""
                rows[whole] = (name, version, digest, order, card.get("title"), cell(card.get("document")))
        self._many(_KEEP_CARD.format(differs_from=self.differs_from), rows.values())

    def _keep_calls(self, calls: Sequence[Call], rows: Rows) -> None:
        """What a call's record says besides its turns; of one that only an evaluation tells of, its id and agent."""
        values = rows_of_calls(calls)
        keep = _KEEP_CALL.format(differs_from=self.differs_from)
        self._many(keep, values)
        given = {(row[0], row[1]) for row in values}
        of_rows = zip(column_of(rows, "call_id"), column_of(rows, "agent"), strict=True)
        named = [whose for whose in of_rows if whose not in given]
        self._many("INSERT INTO calls (call_id, agent) VALUES (?, ?) ON CONFLICT DO NOTHING", named)

    def _keep_evaluations(self, rows: Rows) -> list[tuple[int, int]]:
        """Put in what is new; returns the places of those rows, each with its revision."""
        ids = list(column_of(rows, "evaluation_id"))
        found = self._execute(_KNOWN.format(each_of=self.each_of), (json.dumps(ids),))
        before: dict[object, tuple[int, object]] = {key: (revision, digest) for key, revision, digest in found}
        if not before and len({*ids}) == len(ids):  # as in most batches: there is nothing to compare a row with
            self._many(_KEEP_FIRST, rows)
            return [(place, 1) for place in range(len(ids))]
        known = dict(before)
        fresh: list[tuple[int, int]] = []
        made = list(rows)
        for place, row in enumerate(made):
            key, digest = row[0], row[1]
            revision, last = known.get(key, _NONE)
            if digest != last:
                known[key] = revision + 1, digest
                fresh.append((place, revision + 1))
        outdated = [(key,) for key, (revision, _) in before.items() if known[key][0] > revision]
        self._many("UPDATE evaluations SET current = 0 WHERE evaluation_id = ? AND current = 1", outdated)
        numbered = [
            (row[0], revision, int(known[row[0]][0] == revision), *row[1:])
            for row, revision in ((made[place], revision) for place, revision in fresh)
        ]
        self._many(_inserting("evaluations"), numbered)
        return fresh

    def _queue(
        self,
        fresh: Sequence[tuple[int, int]],
        rows: Sequence[KeptRow],
        records: Sequence[Record],
        calls: Sequence[Call],
        send: Sequence[Recipient],
    ) -> int:
        """A row of the outbox for each new revision and each sink that wants it."""
        now = stamp(self._clock())
        known = {(call.call_id, call.agent or ""): call for call in calls}
        queued = []
        for place, revision in fresh:
            key, digest = rows[place][:2]
            call_id, agent = _WHOSE(rows[place])
            call = known.get((str(call_id), str(agent)))
            about = _stored(call) if call is not None else self._call(call_id, agent)
            for recipient in send:
                if recipient.wants(records[place], about):
                    waiting = key_of(key, revision, digest, recipient.name)
                    queued.append((waiting, recipient.name, key, revision, "waiting", 0, now, now, None, None, None))
        self._many(f"{_inserting('outbox')} ON CONFLICT DO NOTHING", queued)
        return len(queued)


def _stored(call: Call) -> Row:
    """A call as the table of calls gives it back."""
    said = {name: getattr(call, name) for name in TABLES["calls"]} | {"agent": call.agent or None}
    return {name: value for name, value in said.items() if value is not None and value != {}}


def key_of(*parts: object) -> str:
    """The same for the same result in the same revision for the same sink, whoever computes it."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


def _waiting(row: Row) -> Waiting:
    return Waiting(**row)  # type: ignore[arg-type]  # the columns are its fields
