"""Forget a customer: every word of their calls goes, in every revision and in what followed; the scores stay.

A customer is known by `attributes.customer_id` of the stored calls. The proof says what was looked at, what changed,
that the scores are the same, and that the words are not in the database's files any more.
"""

# ruff: noqa: S608  # the statements are put together from our own names alone; values go in as parameters

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.problems import Problem, ProblemsFound
from pauta.followup.traces import Search, Words, search
from pauta.store import AnyStore
from pauta.store.forgotten import FORGOTTEN, MARK, masked_answers, masked_fields, words_in
from pauta.store.ledger_tables import KEYS, LEDGER
from pauta.store.tables import cell

Row = dict[str, Any]

_SCORES: Final = """evaluation_id, revision, current, result_digest, call_id, agent, scorecard, version, evaluator,
    status, score, raw_score, agent_score, coverage, band, passed, critical_errors, critical_by_class,
    non_critical_errors, accumulated, card_failed, sections, scores_by"""
_OF_ANSWER: Final = (
    "question", "state", "points", "out_of", "weight", "share", "credit", "error", "fault", "answered_by",
)  # fmt: skip
_WRITTEN: Final = {
    "raised": ("reason", "details"), "duties": ("message", "details"), "findings": ("message", "details"),
    "exemplars": ("why", "details"), "lives": ("details",), "history": ("details",),
    "notices": ("message", "details"), "messages": ("error", "details"),
}  # fmt: skip
"""Where people and rules write about a call: a text there goes where it quotes."""
_ALWAYS: Final = {("exemplars", "why"), ("messages", "error")}
"""Texts that go whether they quote or not: why a call is worth hearing, what a server answered."""
_KEYS: Final = {**KEYS, "calls": ("call_id", "agent"), "outbox": ("key",)}
_BY_PEOPLE: Final = frozenset(("agreed", "words", "note", "reason", "what"))
"""The details in which people say something in their own words."""


@dataclass
class Forgotten:
    """What was done, and the proof of it.

    changed: how many cells, by `table.column`. kept_texts: texts about these calls that quote nothing and stayed.
    left: what a second look would still have to change. rewritten: whether the database's files were written anew.
    """

    calls: list[str]
    evaluations: int = 0
    revisions: int = 0
    changed: dict[str, int] = field(default_factory=dict)
    kept_texts: int = 0
    scores_before: str = ""
    scores_after: str = ""
    search: Search | None = None
    left: dict[str, int] = field(default_factory=dict)
    at: str = ""
    kept: bool = False
    rewritten: bool = True

    @property
    def proved(self) -> bool:
        """Whether the scores are as they were and no word was found."""
        gone = self.search is not None and not self.search.remains and not self.left
        return gone and self.rewritten and self.scores_before == self.scores_after

    def as_json(self) -> Row:
        """The proof as a map, without any of the words."""
        return {
            "at": self.at,
            "calls": self.calls,
            "looked_at": {"evaluations": self.evaluations, "revisions": self.revisions, "tables": sorted(_looked_at())},
            "changed": dict(sorted(self.changed.items())),
            "texts_that_quote_nothing_and_stayed": self.kept_texts,
            "files_written_anew": self.rewritten,
            "found_by_a_second_look": self.left,
            "scores_sha256": {"before": self.scores_before, "after": self.scores_after},
            "search": self.search.as_json() if self.search else None,
            "proved": self.proved,
        }


def _looked_at() -> list[str]:
    return ["calls", "evaluations", "outbox", *_WRITTEN]


def calls_of(store: AnyStore, customer: str) -> list[str]:
    """The ids of a customer's calls. Raises ProblemsFound (E796) where none is stored."""
    query = "SELECT call_id, attributes FROM calls WHERE CAST(attributes AS text) LIKE '%customer_id%'"
    found = {str(row["call_id"]) for row in store.read(query) if _customer(row["attributes"]) == customer}
    if not found:
        hint = "a customer is known by attributes.customer_id of the stored calls; `--call ID` names calls themselves"
        raise ProblemsFound([Problem("E796", f"no call of customer '{customer}' is stored", None, hint)])
    return sorted(found)


def _customer(attributes: object) -> str | None:
    known = attributes.get("customer_id") if isinstance(attributes, Mapping) else None
    return None if known is None else str(known)


def forget(
    store: AnyStore, calls: Sequence[str], now: datetime, *, everything: bool = False, dry: bool = False
) -> Forgotten:
    """Take away the words of calls, in one transaction, and prove it. Raises ProblemsFound (E796) for unknown calls.

    everything: also texts about these calls that quote nothing. dry: say what would change, and change nothing.
    """
    return _Forgetting(store, calls, now, everything, dry).run()


class _Forgetting:
    def __init__(self, store: AnyStore, calls: Sequence[str], now: datetime, everything: bool, dry: bool) -> None:
        self._store, self._ledger = store, store.ledger()
        self._now, self._everything, self._dry = now, everything, dry
        self._done = Forgotten(sorted(set(calls)), at=stamp(now))
        self._ids = json.dumps(self._done.calls)
        self._words = Words()

    def run(self) -> Forgotten:
        known = {str(row["call_id"]) for row in self._of("calls", "call_id", "call_id")}
        unknown = [each for each in self._done.calls if each not in known]
        if unknown:
            raise ProblemsFound([Problem("E796", f"no call '{each}' is stored", None, None) for each in unknown])
        self._done.scores_before = self._scores()
        if self._dry:
            self._look()
            return self._done
        self._erase()
        self._done.scores_after = self._scores()
        self._done.left = self._again()
        self._done.search = search(self._store, self._words)
        return self._done

    def _erase(self) -> None:
        """Take the words away, and write the files anew; where only that fails, the proof says so."""
        try:
            with self._store.erasing():
                with self._ledger.writing():
                    self._look()
                    before = set(json.loads(self._ledger.mark(MARK) or "[]"))
                    self._ledger.set_mark(MARK, json.dumps(sorted(before | set(self._done.calls))))
                self._done.kept = True
        except ProblemsFound:
            if not self._done.kept:
                raise
            self._done.rewritten = False

    def _look(self) -> None:
        self._evaluations()
        self._calls()
        self._written()

    def _again(self) -> dict[str, int]:
        """What looking once more, for the same words, would change."""
        again = _Forgetting(self._store, self._done.calls, self._now, self._everything, dry=True)
        again._words = self._words
        again._look()
        return again._done.changed

    def _of(self, table: str, names: str, column: str, texts: str | None = None) -> list[Row]:
        where = f"{column} IN ({self._store.each_of})"
        return self._ledger.rows(f"SELECT {names} FROM {table} WHERE {where}", (texts or self._ids,))

    def _scores(self) -> str:
        """A hash over every score of the database and its place, and over every point of the answers of these calls."""
        sha = hashlib.sha256()
        place = f"{self._store.position} AS place"
        for row in self._store.read(f"SELECT {place}, {_SCORES} FROM evaluations ORDER BY evaluation_id, revision"):
            sha.update(json.dumps(list(row.values()), sort_keys=True, default=str).encode())
        rows: list[Row] = self._of("evaluations", "evaluation_id, revision, answers", "call_id")
        for row in sorted(rows, key=lambda each: (str(each["evaluation_id"]), int(each["revision"]))):
            points = [[each.get(name) for name in _OF_ANSWER] for each in _answers(row)]
            sha.update(json.dumps([row["evaluation_id"], row["revision"], points], sort_keys=True).encode())
        return sha.hexdigest()

    def _count(self, name: str) -> None:
        self._done.changed[name] = self._done.changed.get(name, 0) + 1

    def _evaluations(self) -> None:
        rows = self._of("evaluations", "evaluation_id, revision, answers", "call_id")
        self._done.revisions = len(rows)
        self._evaluation_ids = sorted({str(row["evaluation_id"]) for row in rows})
        self._done.evaluations = len(self._evaluation_ids)
        for row in rows:
            answers = _answers(row)
            masked = masked_answers(answers)
            if masked == answers:
                continue
            for answer in answers:
                quotes = [str(each["quote"]) for each in answer.get("evidence") or () if each.get("quote")]
                self._words.add(quotes + [answer["comment"]] * bool(answer.get("comment")), quoted=True)
            self._words.add(words_in(answers))
            self._change("evaluations", {name: row[name] for name in ("evaluation_id", "revision")}, answers=masked)

    def _calls(self) -> None:
        for row in self._of("calls", "call_id, agent, metrics, attributes", "call_id"):
            key = {"call_id": row["call_id"], "agent": row["agent"] or ""}
            for name in ("metrics", "attributes"):
                masked = masked_fields(row[name] or {})
                if masked != (row[name] or {}):
                    self._words.add(_texts(row[name]))
                    self._change("calls", key, **{name: masked})

    def _written(self) -> None:
        """What people and rules wrote about these calls, and what servers answered to them."""
        for table, row in self._about():
            for name in _WRITTEN[table]:
                if row[name] is None:
                    continue
                masked = self._masked(row[name], (table, name) in _ALWAYS)
                if masked != row[name]:
                    self._words.add(each for each in _texts(row[name]) if each not in set(_texts(masked)))
                    self._change(table, self._key(table, row), **{name: masked})
        where = f"evaluation_id IN ({self._store.each_of}) AND error IS NOT NULL AND error <> ?"
        for row in self._ledger.rows(
            f"SELECT key, error FROM outbox WHERE {where}", (json.dumps(self._evaluation_ids), FORGOTTEN)
        ):
            self._words.add([str(row["error"])])
            self._change("outbox", {"key": row["key"]}, error=FORGOTTEN)

    def _key(self, table: str, row: Row) -> Row:
        return {name: row[name] for name in _KEYS[table]} or {self._store.position: row["place"]}

    def _about(self) -> Iterator[tuple[str, Row]]:
        """The rows of the follow-up that are about these calls, each with its table."""
        ids = json.dumps(self._evaluation_ids)
        mine = set(self._evaluation_ids)
        keys: set[str] = set()
        things: set[str] = set(mine)
        for table in ("raised", "duties", "findings", "exemplars"):
            rows: list[Row] = self._ledger.select(table)
            for row in rows:
                near = row.get("call_id") in self._done.calls or row.get("evaluation_id") in mine
                if near or mine.intersection((row["details"] or {}).get("evaluations") or ()):
                    things.add(str(row.get("id") or row["key"]))
                    keys.add(str(row.get("raised_key") or row["key"]))
                    yield table, row
        yield from (("lives", row) for row in self._of("lives", ", ".join(LEDGER["lives"]), "evaluation_id", ids))
        names = f"{self._store.position} AS place, details"
        yield from (("history", row) for row in self._of("history", names, "id", json.dumps(sorted(things))))
        sent: set[str] = set()
        for row in self._ledger.select("notices"):
            if row["call_id"] in self._done.calls or row["raised_key"] in keys:
                sent.add(str(row["message_key"]))
                yield "notices", row
        names = ", ".join(LEDGER["messages"])
        yield from (("messages", row) for row in self._of("messages", names, "key", json.dumps(sorted(sent))))

    def _masked(self, value: Any, whole: bool, said: bool = False) -> Any:
        """A value without what quotes; `whole` takes every text, and `said` tells that a person wrote it."""
        if isinstance(value, Mapping):
            return {name: self._masked(each, whole, name in _BY_PEOPLE) for name, each in value.items()}
        if isinstance(value, list):
            return [self._masked(each, whole) for each in value]
        if not isinstance(value, str) or value in ("", FORGOTTEN):
            return value
        if whole or self._words.quoted_in(value) or (self._everything and said):
            return FORGOTTEN
        self._done.kept_texts += said
        return value

    def _change(self, table: str, key: Row, **values: Any) -> None:
        for name in values:
            self._count(f"{table}.{name}")
        if self._dry:
            return
        sets = ", ".join(f"{name} = ?" for name in values)
        where = " AND ".join(f"{name} = ?" for name in key)
        self._store.write_one(f"UPDATE {table} SET {sets} WHERE {where}", [*map(cell, values.values()), *key.values()])


def _answers(row: Mapping[str, Any]) -> list[Row]:
    return list(row["answers"])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (text for each in value.values() for text in _texts(each))
    elif isinstance(value, list):
        yield from (text for each in value for text in _texts(each))
    elif isinstance(value, str) and value != FORGOTTEN:
        yield value
