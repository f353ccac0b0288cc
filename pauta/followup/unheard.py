"""Notices that nobody gets: of roles that nobody has, or that no sink carries; they wait until somebody does.

Whoever runs the night is told of them each time; after two weeks they are given up, as what they tell is old.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.problems import Problem
from pauta.followup.carriers import carriers
from pauta.followup.keeping import Record, key_of
from pauta.followup.people import People
from pauta.store import Ledger

WAITS: Final = timedelta(days=14)
"""So long a notice waits for somebody who gets it, from the first night that finds nobody: its `not_before`."""

AT_A_TIME: Final = 2000


def look_again(ledger: Ledger, people: People, sinks: Sequence[str], now: datetime) -> int:
    """Let go out what somebody gets by now, and give up what has waited too long; returns how many were given up.

    sinks: the names of those that carry messages.
    """
    after, expired = "", 0
    while True:
        with ledger.writing():
            where = "state = 'nobody' AND key > ? ORDER BY key LIMIT ?"
            rows = ledger.select("notices", where, (after, AT_A_TIME))
            expired += _some(ledger, people, sinks, now, rows)
        if len(rows) < AT_A_TIME:
            return expired
        after = str(rows[-1]["key"])


def _some(ledger: Ledger, people: People, sinks: Sequence[str], now: datetime, rows: Sequence[Record]) -> int:
    moment, old = stamp(now), stamp(now - WAITS)
    named: list[Record] = []
    carried: list[Record] = []
    done: list[tuple[object]] = []
    first: list[tuple[object, object]] = []
    expired: list[tuple[object]] = []
    for row in rows:
        role = row["details"].get("to")
        if role and (ids := people.named([role], row["agent"] or None, row["details"]["team"] or None)):
            named += [_for(row, each, moment) for each in ids]
            done.append((row["key"],))
        elif not role and carriers(row["details"]["via"], sinks):
            carried.append({**row, "state": "waiting", "not_before": moment})
        elif row["not_before"] is None:
            first.append((moment, row["key"]))
        elif str(row["not_before"]) < old:
            expired.append((row["key"],))
    known = {str(row["key"]) for row in ledger.among("notices", "key", (row["key"] for row in named))}
    ledger.put("notices", [*carried, *(row for row in named if row["key"] not in known)])
    ledger.store.write_many("DELETE FROM notices WHERE key = ?", done)
    ledger.store.write_many("UPDATE notices SET not_before = ? WHERE key = ?", first)
    ledger.store.write_many("UPDATE notices SET state = 'expired' WHERE key = ?", expired)
    return len(expired)


def _for(row: Record, person: str, moment: str) -> Record:
    """A notice of a role, as one to somebody who has it."""
    details = {name: value for name, value in row["details"].items() if name != "to"}
    key = notice_key(str(row["raised_key"]), person, str(row["message"] or ""), details["via"])
    return {**row, "key": key, "recipient": person, "state": "waiting", "not_before": moment, "details": details}


def notice_key(raised_key: str, recipient: str, message: str, via: Sequence[str]) -> str:
    """The key of a notice: the same person is told the same of the same thing once."""
    return key_of(raised_key, "notice", recipient, message, *via)


def of_unheard(ledger: Ledger, expired: int = 0) -> list[Problem]:
    """What is to be told of notices that nobody gets. expired: how many were given up just now."""
    reasons: Counter[str] = Counter()
    for row in ledger.rows("SELECT recipient, details FROM notices WHERE state = 'nobody'"):
        details: Any = row["details"]
        via = " or ".join(f"'{name}'" for name in details["via"])
        absent = f"there is no sink {via} that carries them" if via else "no sink carries them"
        reasons[f"nobody is known as '{details['to']}'" if details.get("to") else absent] += 1
    hint = "give people the role under people: in pauta.yaml, and name a sink that carries messages; then they are sent"
    told = [f"{count:,} because {reason}" for reason, count in sorted(reasons.items())]
    problems = []
    if told:
        waiting = f"{sum(reasons.values()):,} messages to people wait: {', '.join(told)}"
        problems.append(Problem("W793", waiting, None, hint))
    if expired:
        said = f"{expired:,} messages to people were given up: nobody got them for {WAITS.days} days"
        problems.append(Problem("W793", said, None, hint))
    return problems
