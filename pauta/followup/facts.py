"""Evaluations as windows hold them: what is fresh in a store becomes facts, misses, and how often questions were asked.

Of several evaluations of one call, agent and card the one that counts in reports has a fact; an incomplete one has
none. Whoever comes later replaces the earlier, and what that had added is taken away again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.model.moments import moment_from
from pauta.engine.model.scorecard import MISSING, NOT_ASKED, UNVERIFIED
from pauta.followup.calendar import Calendar
from pauta.store import Ledger

Record = Mapping[str, Any]

_UNANSWERED: Final = (MISSING, UNVERIFIED, NOT_ASKED)


@dataclass(frozen=True, slots=True)
class Read:
    """An evaluation that was read: its record, what is stored of its call, and its fact (None: it does not count)."""

    record: Record
    call: Record
    fact: Record | None
    misses: tuple[Record, ...]
    position: int


def read_fresh(ledger: Ledger, calendar: Calendar, now: datetime, *, after: int, most: int) -> tuple[list[Read], int]:
    """The next evaluations after a position that count in reports, and the position up to which that is.

    Keeps their facts; to be called inside a transaction of the ledger.
    """
    fresh = ledger.fresh(after, most)
    found: dict[tuple[str, str, str], Read] = {}
    for row in fresh:
        key = str(row["call_id"]), str(row["agent"] or ""), str(row["scorecard"])
        record = ledger.counting(*key)
        if record is not None:
            call = _call(ledger, key[0], key[1])
            at = _begun(record, now)
            day = at.astimezone(calendar.zone).date()
            fact, misses = _fact_of(record, call, at, day), _misses_of(record, at, day)
            found[key] = Read(record, call, fact, misses, int(str(row["position"])))
    _forget(ledger, found)
    _keep(ledger, found.values())
    last = int(str(fresh[-1]["position"])) if fresh else after
    return sorted(found.values(), key=lambda each: each.position), last


def _call(ledger: Ledger, call_id: str, agent: str) -> Record:
    query = "SELECT * FROM calls WHERE call_id = ? AND agent = ?"
    found = ledger.rows(query, (call_id, agent))
    return {name: value for name, value in found[0].items() if value not in (None, {})} if found else {}


def _begun(record: Record, now: datetime) -> datetime:
    """When the call of an evaluation began, in UTC; else when a person evaluated it; else now."""
    for name in ("started_at", "evaluated_at"):
        moment = moment_from(str(record[name])) if record.get(name) else None
        if moment is not None:
            return moment.astimezone(UTC)
    return now


def _fact_of(record: Record, call: Record, at: datetime, day: date) -> Record | None:
    if record["status"] == "incomplete":
        return None
    by_class = record["critical_by_class"] or {}
    metrics = {
        name: value
        for name, value in {**(call.get("metrics") or {}), "duration_s": call.get("duration_s")}.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return {
        **{name: record[name] or "" for name in ("agent", "team", "call_type")},
        **{
            name: record[name] for name in ("call_id", "scorecard", "evaluation_id", "revision", "evaluator", "version")
        },
        **{name: record[name] for name in ("score", "agent_score", "passed")},
        **{name: int(by_class.get(name, 0)) for name in ("customer", "business", "compliance")},
        "at": stamp(at),
        "day": day.isoformat(),
        "non_critical": record["non_critical_errors"],
        "opportunities": sum(each["credit"] is not None for each in record["answers"]),
        "details": {"metrics": metrics},
    }


def _misses_of(record: Record, at: datetime, day: date) -> tuple[Record, ...]:
    if record["status"] == "incomplete":
        return ()
    about = {name: record[name] or "" for name in ("agent", "team", "call_type")}
    about |= {name: record[name] for name in ("evaluation_id", "scorecard", "evaluator")}
    return tuple(
        {
            **about,
            "question": each["question"],
            "at": stamp(at),
            "day": day.isoformat(),
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


def _forget(ledger: Ledger, keys: Iterable[tuple[str, str, str]]) -> None:
    """Take away what earlier evaluations of the same calls had added."""
    for key in keys:
        where = "call_id = ? AND agent = ? AND scorecard = ?"
        before = ledger.one("facts", where, key)
        if before is None:
            continue
        record = ledger.store.evaluation(str(before["evaluation_id"]), int(str(before["revision"])))
        if record is not None:
            _count(ledger, record, str(before["day"]), -1)
        ledger.delete("misses", "evaluation_id = ?", (before["evaluation_id"],))
        ledger.delete("facts", where, key)


def _keep(ledger: Ledger, found: Iterable[Read]) -> None:
    there = [each for each in found if each.fact is not None]
    ledger.put("facts", [each.fact for each in there if each.fact is not None])
    ledger.put("misses", [miss for each in there for miss in each.misses])
    for each in there:
        assert each.fact is not None
        _count(ledger, each.record, str(each.fact["day"]), 1)


def _count(ledger: Ledger, record: Record, day: str, sign: int) -> None:
    """Count a record's questions in (or out) by card, question, day and agent."""
    query = """INSERT INTO asked (scorecard, question, day, agent, team, asked, missed) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (scorecard, question, day, agent) DO UPDATE SET asked = asked.asked + excluded.asked,
        missed = asked.missed + excluded.missed, team = excluded.team"""
    answered = [each for each in record["answers"] if each["state"] not in _UNANSWERED and each["credit"] is not None]
    rows = [
        (record["scorecard"], each["question"], day, record["agent"] or "", record["team"] or "", sign,
         sign * (each["fault"] is not None))
        for each in answered
    ]  # fmt: skip
    ledger.store.write_many(query, rows)
