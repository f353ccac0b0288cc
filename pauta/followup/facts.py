"""Evaluations as windows hold them: what is fresh in a store becomes facts, misses, and how often questions were asked.

Of several evaluations of one call, agent and card the one that counts in reports has a fact; an incomplete one has
none. Whoever comes later replaces the earlier, and what that had added is taken away again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, TypeAlias

from pauta.engine.delivery import stamp
from pauta.engine.model.moments import moment_from
from pauta.engine.model.scorecard import MISSING, NOT_ASKED, UNVERIFIED
from pauta.followup.calendar import Calendar
from pauta.store import Ledger

Record: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[str, str, str]
"""A call, the agent ('' where none is named) and a card."""

_UNANSWERED: Final = (MISSING, UNVERIFIED, NOT_ASKED)
_COUNT: Final = """INSERT INTO asked (scorecard, question, day, agent, team, asked, missed) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (scorecard, question, day, agent) DO UPDATE SET asked = asked.asked + excluded.asked,
    missed = asked.missed + excluded.missed, team = excluded.team"""


@dataclass(frozen=True, slots=True)
class Read:
    """An evaluation that counts: its record, what is stored of its call, and its fact (None: it is incomplete).

    before: the id of the evaluation that counted before it, where there was one.
    """

    record: Record
    call: Record
    fact: Record | None
    misses: tuple[Record, ...]
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is new: the evaluations that count now, those that counted and left nothing, and how far it is.

    gone: the calls, agents and cards whose evaluations count no more. last: the position up to which the store was
    read, None where there was nothing new.
    """

    reads: Sequence[Read] = ()
    gone: Sequence[Key] = ()
    last: int | None = None


def read_fresh(ledger: Ledger, calendar: Calendar, now: datetime, *, after: int, most: int) -> Fresh:
    """The next evaluations after a position; keeps their facts. To be called inside a transaction of the ledger."""
    rows = ledger.fresh(after, most)
    if not rows:
        return Fresh()
    keys = list(dict.fromkeys(_key_of(row) for row in rows))
    records, calls = _counting(ledger, keys), calls_of(ledger, (key[0] for key in keys))
    before = {_key_of(row): row for row in ledger.among("facts", "call_id", (key[0] for key in keys))}
    before = {key: before[key] for key in keys if key in before}
    reads, gone = [], []
    for key in keys:
        earlier = str(before[key]["evaluation_id"]) if key in before else None
        if key in records:
            reads.append(_read(records[key], calls.get(key[:2], {}), calendar, now, earlier))
        elif earlier is not None:
            gone.append(key)
    counts = _Counts()
    _forget(ledger, before, counts)
    _keep(ledger, reads, counts)
    return Fresh(reads, gone, int(str(rows[-1]["position"])))


def best_of(ledger: Ledger, evaluations: Sequence[str], question: str | None = None) -> Record | None:
    """Of some evaluations the fact of the best: the highest score, then the newest; None where none has a fact.

    One in which the question was not missed is better than any in which it was.
    """
    missed = {
        str(row["evaluation_id"])
        for row in (ledger.among("misses", "evaluation_id", evaluations) if question else ())
        if row["question"] == question
    }

    def good(row: Record) -> tuple[bool, float, str, str]:
        score = row["score"] if row["score"] is not None else float("-inf")
        return row["evaluation_id"] not in missed, score, str(row["at"]), str(row["call_id"])

    return max(ledger.among("facts", "evaluation_id", evaluations), key=good, default=None)


def _key_of(row: Record) -> Key:
    return str(row["call_id"]), str(row["agent"] or ""), str(row["scorecard"])


def _counting(ledger: Ledger, keys: Sequence[Key]) -> dict[Key, Record]:
    """The evaluations that count in reports; most calls have but one, and only of several it has to be asked which."""
    rivals: dict[Key, list[str]] = {}
    for row in ledger.rivals({key[0] for key in keys}):
        rivals.setdefault(_key_of(row), []).append(str(row["evaluation_id"]))
    alone = {key: rivals[key][0] for key in keys if len(rivals.get(key, ())) == 1}
    records = ledger.evaluations(alone.values())
    found: dict[Key, Record] = {key: records[name] for key, name in alone.items()}
    for key in keys:
        if len(rivals.get(key, ())) > 1:
            record = ledger.counting(*key)
            if record is not None:
                found[key] = record
    return found


def calls_of(ledger: Ledger, calls: Iterable[str]) -> dict[tuple[str, str], Record]:
    """What is stored of calls, by call and agent, without what nobody knows."""
    query = f"SELECT * FROM calls WHERE call_id IN ({ledger.store.each_of})"  # noqa: S608  # a phrase of our own
    rows = ledger.rows(query, (json.dumps(sorted(set(calls))),))
    return {
        (str(row["call_id"]), str(row["agent"] or "")): {
            name: value for name, value in row.items() if value not in (None, {})
        }
        for row in rows
    }


def _read(record: Record, call: Record, calendar: Calendar, now: datetime, before: str | None) -> Read:
    if record["status"] == "incomplete":
        return Read(record, call, None, (), before)
    at = _begun(record, now)
    when = {"at": stamp(at), "day": day_of(at, calendar).isoformat()}
    whose = {name: record[name] or "" for name in ("agent", "team", "call_type")}
    return Read(record, call, _fact_of(record, call, whose | when), _misses_of(record, whose | when), before)


def _begun(record: Record, now: datetime) -> datetime:
    """When the call of an evaluation began, in UTC; else when a person evaluated it; else now."""
    for name in ("started_at", "evaluated_at"):
        moment = moment_from(str(record[name])) if record.get(name) else None
        if moment is not None:
            return in_utc(moment)
    return now


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC; at the very ends of time, where there is no such moment, with the clock as it is written."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def day_of(moment: datetime, calendar: Calendar) -> date:
    """The day of a moment in the operation's zone."""
    try:
        return moment.astimezone(calendar.zone).date()
    except OverflowError:
        return moment.date()


def _fact_of(record: Record, call: Record, about: Record) -> Record:
    by_class = record["critical_by_class"] or {}
    metrics = {
        name: value
        for name, value in {**(call.get("metrics") or {}), "duration_s": call.get("duration_s")}.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    own = ("call_id", "scorecard", "version", "evaluation_id", "revision", "evaluator")
    result = ("score", "agent_score", "passed")
    return {
        **about,
        **{name: record[name] for name in own + result},
        **{name: int(by_class.get(name, 0)) for name in ("customer", "business", "compliance")},
        "non_critical": record["non_critical_errors"],
        "opportunities": sum(each["credit"] is not None for each in record["answers"]),
        "details": {"metrics": metrics},
    }


def _misses_of(record: Record, about: Record) -> tuple[Record, ...]:
    about = {**about, **{name: record[name] for name in ("evaluation_id", "scorecard", "evaluator")}}
    return tuple(
        {
            **about,
            "question": each["question"],
            "fault": each["fault"],
            "error": _gravest(each["error"]),
            "credit": each["credit"],
        }
        for each in record["answers"]
        if each["fault"] is not None
    )


def _gravest(error: Any) -> str:
    """The class of the gravest error of an answer; '' where it made none."""
    errors = error if isinstance(error, Sequence) else [error] if error else []
    classes = [each["critical"] for each in errors if each["critical"]]
    return str(classes[0]) if classes else "non_critical" if errors else ""


def asked_in(record: Record) -> Iterable[tuple[str, bool]]:
    """The questions that a record asked and that have a credit, each with whether it was missed."""
    for each in record["answers"]:
        if each["credit"] is not None and each["state"] not in _UNANSWERED:
            yield each["question"], each["fault"] is not None


class _Counts:
    """How often questions are to be counted in and out: one row for a card, question, day and agent."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str, str, str], list[int]] = {}
        self._team: dict[tuple[str, str, str, str], str] = {}

    def add(self, record: Record, day: str, sign: int) -> None:
        for question, missed in asked_in(record):
            key = record["scorecard"], question, day, record["agent"] or ""
            counted = self._by_key.setdefault(key, [0, 0])
            counted[0] += sign
            counted[1] += sign * missed
            self._team[key] = record["team"] or ""

    def keep(self, ledger: Ledger) -> None:
        rows = [(*key, self._team[key], *counted) for key, counted in self._by_key.items() if any(counted)]
        ledger.store.write_many(_COUNT, sorted(rows))


def _forget(ledger: Ledger, before: Mapping[Key, Record], counts: _Counts) -> None:
    """Take away what earlier evaluations of the same calls had added."""
    for fact in before.values():
        record = ledger.store.evaluation(str(fact["evaluation_id"]), int(fact["revision"]))
        if record is not None:
            counts.add(record, str(fact["day"]), -1)
    ledger.store.write_many(
        "DELETE FROM misses WHERE evaluation_id = ?", [(fact["evaluation_id"],) for fact in before.values()]
    )
    ledger.store.write_many("DELETE FROM facts WHERE call_id = ? AND agent = ? AND scorecard = ?", before)


def _keep(ledger: Ledger, reads: Iterable[Read], counts: _Counts) -> None:
    there = [(each, each.fact) for each in reads if each.fact is not None]
    ledger.put("facts", [fact for _, fact in there])
    ledger.put("misses", [miss for each, _ in there for miss in each.misses])
    for each, fact in there:
        counts.add(each.record, str(fact["day"]), 1)
    counts.keep(ledger)
