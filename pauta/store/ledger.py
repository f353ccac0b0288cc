"""The follow-up's part of a store: rows of its tables, written in transactions, with a history that only grows."""

# ruff: noqa: S608  # the statements are put together from our own names alone; values go in as parameters

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pauta.store.ledger_tables import KEYS, LEDGER
from pauta.store.tables import RESULT, fact

if TYPE_CHECKING:
    from pauta.store.contract import AnyStore, Row

_FRESH: Final = """SELECT {position} AS position, evaluation_id, revision, call_id, agent, scorecard FROM evaluations
    WHERE current = 1 AND {position} > ? ORDER BY {position} LIMIT ?"""


class Ledger:
    """Reads and writes the follow-up's tables. What is written inside `writing()` is kept as a whole or not at all."""

    def __init__(self, store: AnyStore) -> None:
        self.store = store
        self._depth = 0

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that nobody else writes beside; one inside another is part of it."""
        if self._depth:
            yield
            return
        with self.store.transaction():
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def put(self, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Put rows in; one whose key is there replaces the old one. Columns that a row does not name are null."""
        names, key = list(LEDGER[table]), KEYS[table]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
        conflict = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}" if key else ""
        places = ", ".join("?" for _ in names)
        values = [[_cell(row.get(name)) for name in names] for row in rows]
        with self.writing():
            self.store.write_many(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places}){conflict}", values)

    def change(self, table: str, key: Mapping[str, object], **values: object) -> int:
        """Change columns of the rows that a key names; returns how many there were."""
        sets = ", ".join(f"{name} = ?" for name in values)
        where = " AND ".join(f"{name} = ?" for name in key)
        given = [*map(fact, values.values()), *key.values()]
        with self.writing():
            return self.store.write_one(f"UPDATE {table} SET {sets} WHERE {where}", given)

    def delete(self, table: str, where: str, values: Sequence[object] = ()) -> int:
        """Delete rows; returns how many."""
        with self.writing():
            return self.store.write_one(f"DELETE FROM {table} WHERE {where}", values)

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of a query, JSON read; `?` stands for a value."""
        return list(self.store.read(query, values))

    def select(self, table: str, where: str = "1 = 1", values: Sequence[object] = ()) -> list[Row]:
        """Rows of a table, whole."""
        return self.rows(f"SELECT {', '.join(LEDGER[table])} FROM {table} WHERE {where}", values)

    def cells(self, table: str, names: Sequence[str], where: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Columns of rows of a table, where there are many, as the database has them: JSON may be text still."""
        return self.store.read_cells(f"SELECT {', '.join(names)} FROM {table} WHERE {where}", values)

    def one(self, table: str, where: str, values: Sequence[object] = ()) -> Row | None:
        """The first such row of a table, None where there is none."""
        return next(iter(self.select(table, f"{where} LIMIT 1", values)), None)

    def record(
        self, thing: str, name: str, *, at: str, who: str, move: str, before: str, after: str, **details: object
    ) -> None:
        """Add to the history: who did what to a thing (`duty`, `finding`, `evaluation`, ..) when."""
        row = {"thing": thing, "id": name, "at": at, "who": who, "move": move, "before": before, "after": after}
        self.put("history", [{**row, "details": details}])

    def among(self, table: str, column: str, texts: Iterable[object], and_where: str = "1 = 1") -> list[Row]:
        """Rows of a table in which a column is one of these texts."""
        wanted = json.dumps(sorted({str(each) for each in texts}))
        return self.select(table, f"{column} IN ({self.store.each_of}) AND {and_where}", (wanted,))

    def evaluations(self, ids: Iterable[str]) -> dict[str, Row]:
        """The current revisions of evaluations, by id."""
        names = ", ".join(["evaluation_id", "revision", *RESULT])
        query = f"SELECT {names} FROM evaluations WHERE current = 1 AND evaluation_id IN ({self.store.each_of})"
        return {str(row["evaluation_id"]): row for row in self.rows(query, (json.dumps(sorted(ids)),))}

    def rivals(self, calls: Iterable[str]) -> list[Row]:
        """The current evaluations of calls that may count in reports: evaluation_id, call, agent, card."""
        query = f"""SELECT evaluation_id, call_id, agent, scorecard FROM evaluations WHERE current = 1
            AND call_id IN ({self.store.each_of}) AND (evaluator = 'engine' OR status <> 'incomplete')"""
        return self.rows(query, (json.dumps(sorted(calls)),))

    def history(self, thing: str, name: str) -> list[Row]:
        """What was done to a thing, the oldest first."""
        return self.select("history", f"thing = ? AND id = ? ORDER BY {self.store.position}", (thing, name))

    def mark(self, name: str) -> str | None:
        """A value that the follow-up keeps for itself, such as how far it has read."""
        row = self.one("marks", "name = ?", (name,))
        return None if row is None else str(row["value"])

    def set_mark(self, name: str, value: str) -> None:
        """Keep such a value."""
        self.put("marks", [{"name": name, "value": value}])

    def fresh(self, after: int, most: int) -> list[Row]:
        """Current evaluations that came after a position: position, id, revision, call, agent, card."""
        return self.rows(_FRESH.format(position=self.store.position), (after, most))

    def counting(self, call_id: str, agent: str, scorecard: str) -> Row | None:
        """Of the evaluations of a call, agent and card the one that counts in reports; None where none does."""
        query = "SELECT evaluation_id FROM latest_evaluations WHERE call_id = ? AND agent = ? AND scorecard = ?"
        found = self.rows(query, (call_id, agent, scorecard))
        return self.store.evaluation(str(found[0]["evaluation_id"])) if found else None


def _cell(value: object) -> object:
    """A value as a database takes it; most need no change."""
    return value if value is None or type(value) is str or type(value) is int else fact(value)
