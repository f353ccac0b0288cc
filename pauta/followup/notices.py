"""Notices: whom an escalation tells, and in which messages they go out.

What is told to one person about one group goes out as one message: the first at once, what comes within the interval
after it (`every`) together in the next. A notice is silenced where another escalation of the same call says more
(`unless`), and told again (`repeat`) while what it is about is not done. One that nobody gets waits (`unheard`). Duties
that are late are told to the next person up the line, once for each day of delay and each level.
"""

# ruff: noqa: S608  # the statements are put together from our own names alone; values go in as parameters

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.model.followup import Notice, Occasion
from pauta.followup.calendar import Calendar
from pauta.followup.carriers import carriers
from pauta.followup.keeping import Record, key_of
from pauta.followup.people import People
from pauta.followup.telling import late_line, line_of, title_of
from pauta.followup.unheard import notice_key
from pauta.store import Ledger

SLICE: Final = 2000
"""So many notices, and the messages they make, are one transaction; a larger group stays together."""

LEVEL: Final = timedelta(days=1)
"""So long a late duty stays with one level of the line before the next one hears of it."""

AT_MOST: Final = 50
"""So many lines stand in one message; of the others it says how many there are."""

_GROUPS: Final = """SELECT group_key, recipient, count(*) AS rows FROM notices
    WHERE state = 'waiting' AND not_before <= ? GROUP BY group_key, recipient ORDER BY group_key, recipient LIMIT ?"""
_TOLD: Final = "UPDATE notices SET state = 'told', message_key = ?, at = ?, not_before = ? WHERE key = ?"
_NOBODY: Final = "UPDATE notices SET state = 'nobody', not_before = ? WHERE key = ?"
_BUSY: Final = """SELECT raised_key FROM duties WHERE state IN ('open', 'scheduled', 'overdue')
    AND raised_key IN ({each}) UNION SELECT raised_key FROM findings WHERE state IN ('open', 'owned')
    AND raised_key IN ({each})"""


def rows_of_notice(notice: Notice, occasion: Occasion, people: People) -> Sequence[Record]:
    """The rows of `notices`, one a recipient; of a role that nobody has, one that waits for somebody who has it."""
    evaluation: Any = occasion.evaluation or {}
    card = occasion.over_key.partition("/")[0] if occasion.kind in ("question", "scorecard") else ""
    said = {
        "agent": occasion.agent or "",
        "team": occasion.team or "",
        "question": (occasion.missed or ("",))[0],
        "scorecard": evaluation.get("scorecard") or card,
        "call_type": evaluation.get("call_type") or "",
    }
    grouped = {name: said.get(name, "") for name in notice.group_by}
    single = {} if notice.group_by or notice.every_s else {"key": occasion.key}
    about = {
        "every_s": notice.every_s, "repeat_s": notice.repeat_s, "unless": list(notice.unless),
        "via": list(notice.via), "title": occasion.title, "group": grouped, "team": occasion.team or "",
        "scorecard": said["scorecard"], "reason": occasion.raised.reason if occasion.raised else "",
        "questions": list(occasion.missed), "evaluations": list(occasion.evaluations),
        "titles": dict(occasion.titles), "messages": dict(notice.messages),
    }  # fmt: skip
    at = stamp(occasion.at)
    row = {
        "raised_key": occasion.key,
        "escalation": occasion.escalation,
        "group_key": key_of(occasion.escalation, sorted(grouped.items()), sorted(single.items()), *notice.via),
        "call_id": evaluation.get("call_id"),
        "agent": occasion.agent or "",
        "at": at,
        "not_before": at,
        "message": notice.message,
    }
    told: list[Record] = [
        {**row, "key": notice_key(occasion.key, person, notice.message, notice.via), "recipient": person,
         "state": "waiting", "details": about}
        for person in people.named(notice.to, occasion.agent, occasion.team)
    ]  # fmt: skip
    nobody = [word for word in notice.to if not people.named([word], occasion.agent, occasion.team)]
    return told + [
        {**row, "key": key_of(occasion.key, "notice", "role", role, notice.message, *notice.via), "recipient": role,
         "state": "nobody", "not_before": None, "details": {**about, "to": role}}
        for role in nobody
    ]  # fmt: skip


def gather(ledger: Ledger, people: People, sinks: Sequence[str] | None, now: datetime, language: str = "en") -> int:
    """Put what waits into messages, one a person, group and interval, for every sink; returns how many were made.

    sinks: the names of those that carry messages; None: one carries whatever there is. Runs after the night, so that
    whatever silences a notice is known.
    """
    _repeat(ledger, now)
    made = 0
    while groups := ledger.rows(_GROUPS, (stamp(now), SLICE)):
        for batch in _batches(groups):
            with ledger.writing():
                made += _Gathering(ledger, people, sinks, now, language).take(batch)
    return made


def _batches(groups: Iterable[Record]) -> Iterator[list[str]]:
    """Keys of groups that are looked at together, as many as make a slice; a group stays whole."""
    batch: dict[str, None] = {}
    rows = 0
    for group in groups:
        name = str(group["group_key"])
        if rows >= SLICE and name not in batch:
            yield list(batch)
            batch, rows = {}, 0
        batch[name] = None
        rows += int(str(group["rows"]))
    if batch:
        yield list(batch)


class _Gathering:
    """Makes the messages of some groups."""

    def __init__(
        self, ledger: Ledger, people: People, sinks: Sequence[str] | None, now: datetime, language: str
    ) -> None:
        self._ledger, self._people, self._sinks, self._now = ledger, people, sinks, now
        self._language = language
        self._messages: list[Record] = []
        self._told: list[Sequence[object]] = []
        self._later: list[Sequence[object]] = []
        self._unheard: list[Sequence[object]] = []

    def take(self, groups: Sequence[str]) -> int:
        """Put what waits of these groups into messages; returns how many."""
        ledger = self._ledger
        where = "state = 'waiting' AND not_before <= ? ORDER BY group_key, recipient, at, key"
        waiting = ledger.select(
            "notices", f"group_key IN ({ledger.store.each_of}) AND {where}", (json.dumps(groups), stamp(self._now))
        )
        silenced = self._silenced(waiting)
        by_group: dict[tuple[str, str], list[Record]] = {}
        for row in waiting:
            if row["key"] not in silenced:
                by_group.setdefault((str(row["group_key"]), str(row["recipient"])), []).append(row)
        free = self._free(by_group)
        made = sum(self._message(*group, rows, free.get(group)) for group, rows in by_group.items())
        ledger.put("messages", self._messages)
        write = ledger.store.write_many
        write("UPDATE notices SET state = 'silenced' WHERE key = ?", [(key,) for key in silenced])
        write("UPDATE notices SET not_before = ? WHERE key = ?", self._later)
        write(_NOBODY, self._unheard)
        write(_TOLD, self._told)
        return made

    def _silenced(self, rows: Iterable[Record]) -> set[str]:
        """The notices of calls for which an escalation was raised that silences them, whoever evaluated."""
        wary = [row for row in rows if row["call_id"] and row["details"].get("unless")]
        if not wary:
            return set()
        ledger = self._ledger
        query = f"SELECT call_id, agent, escalation, details FROM raised WHERE call_id IN ({ledger.store.each_of})"
        raised: dict[tuple[str, str], set[str]] = {}
        for each in ledger.rows(query, (json.dumps(sorted({str(row["call_id"]) for row in wary})),)):
            details: Any = each["details"] or {}
            if not details.get("withdrawn"):
                raised.setdefault((str(each["call_id"]), str(each["agent"])), set()).add(str(each["escalation"]))
        return {
            str(row["key"])
            for row in wary
            if raised.get((str(row["call_id"]), str(row["agent"])), set()) & set(row["details"]["unless"])
        }

    def _free(self, by_group: dict[tuple[str, str], list[Record]]) -> dict[tuple[str, str], datetime]:
        """When a group may be told of again, where it was told of before and has an interval."""
        every = {group: max(float(row["details"]["every_s"]) for row in rows) for group, rows in by_group.items()}
        spaced = sorted({group for (group, _), seconds in every.items() if seconds})
        if not spaced:
            return {}
        query = f"""SELECT group_key, recipient, max(at) AS at FROM messages
            WHERE group_key IN ({self._ledger.store.each_of}) GROUP BY group_key, recipient"""
        found = {}
        for row in self._ledger.rows(query, (json.dumps(spaced),)):
            group = str(row["group_key"]), str(row["recipient"])
            found[group] = datetime.fromisoformat(str(row["at"])) + timedelta(seconds=every.get(group, 0.0))
        return found

    def _message(self, group: str, recipient: str, rows: Sequence[Record], free: datetime | None) -> int:
        """One message about a group, unless its interval is not over or no sink carries it: then its notices wait."""
        now = stamp(self._now)
        wanted = rows[0]["details"]["via"]
        via = [""] if self._sinks is None else carriers(wanted, self._sinks)
        if not via:
            self._unheard += [(now, row["key"]) for row in rows]
            return 0
        if free is not None and free > self._now:
            self._later += [(stamp(free), row["key"]) for row in rows]
            return 0
        key = key_of("message", group, recipient, *(f"{row['key']} {row['message_key']}" for row in rows))
        content = self._content(recipient, rows)
        for sink in via:
            self._messages.append({
                "key": key_of(key, sink), "sink": sink, "group_key": group, "recipient": recipient, "tries": 0,
                "state": "waiting", "next_at": now, "at": now, "details": content,
            })  # fmt: skip
        for row in rows:
            again = row["details"].get("repeat_s")
            due = stamp(self._now + timedelta(seconds=float(again))) if again else None
            self._told.append((key, now, due, row["key"]))
        return 1

    def _content(self, recipient: str, rows: Sequence[Record]) -> Record:
        person = self._people.get(recipient)
        spoken = person.language or self._language
        shown = rows[:AT_MOST]
        return {
            "title": title_of(rows, self._people, spoken),
            "lines": [line_of(row, self._people, spoken) for row in shown],
            "every_s": max(float(row["details"]["every_s"]) for row in rows),
            "more": len(rows) - len(shown),
            "evaluations": [name for row in shown for name in row["details"]["evaluations"]][:AT_MOST],
            "language": spoken,
            "address": person.email or "",
            "name": person.name,
        }


def _repeat(ledger: Ledger, now: datetime) -> None:
    """Let what was told wait again where it is to be repeated and what its occasion opened is not done.

    What was told and is never to be told again has no `not_before`, so only what is due is looked at.
    """
    query = "SELECT key, raised_key FROM notices WHERE state = 'told' AND not_before <= ? ORDER BY not_before LIMIT ?"
    while told := ledger.rows(query, (stamp(now), SLICE)):
        with ledger.writing():
            keys = json.dumps(sorted({str(row["raised_key"]) for row in told}))
            rows = ledger.rows(_BUSY.format(each=ledger.store.each_of), (keys, keys))
            busy = {str(row["raised_key"]) for row in rows}
            again = [(row["key"],) for row in told if row["raised_key"] in busy]
            done = [(row["key"],) for row in told if row["raised_key"] not in busy]
            ledger.store.write_many("UPDATE notices SET state = 'waiting' WHERE key = ? AND state = 'told'", again)
            ledger.store.write_many("UPDATE notices SET not_before = NULL WHERE key = ? AND state = 'told'", done)


def escalate_overdue(
    ledger: Ledger, people: People, now: datetime, language: str = "en", calendar: Calendar | None = None
) -> int:
    """Tell the next person up the line of every duty that is late; returns how many were told.

    The owner's leader hears of it when it is late, whoever leads that one a day later, and so on to the top; then, or
    where nobody leads the owner, the managers. Of several owners the line above each hears of it.
    """
    told = 0
    with ledger.writing():
        for duty in ledger.select("duties", "state = 'overdue' AND due IS NOT NULL ORDER BY due, id"):
            level = int(str(duty["escalated"] or 0))
            if now < datetime.fromisoformat(str(duty["due"])) + level * LEVEL:
                continue
            levels = _levels(people, duty)
            if level >= len(levels):
                continue
            for name in levels[level]:
                person = people.get(name)
                text = late_line(duty, people, person.language or language, calendar or Calendar())
                ledger.put("notices", [_late_notice(duty, person.id, text, stamp(now))])
                ledger.record(
                    "duty", str(duty["id"]), at=stamp(now), who="pauta", move="escalate", before=str(duty["state"]),
                    after=str(duty["state"]), to=person.id,
                )  # fmt: skip
                told += 1
            ledger.change("duties", {"id": duty["id"]}, escalated=level + 1)
    return told


def _late_notice(duty: Record, person: str, text: str, at: str) -> Record:
    key = key_of("overdue", duty["id"], person)
    details: Record = {
        "every_s": 0.0, "repeat_s": None, "unless": [], "via": [], "title": text, "group": {}, "reason": "",
        "team": duty["team"] or "", "scorecard": "", "questions": [],
        "evaluations": [duty["evaluation_id"]] if duty["evaluation_id"] else [],
    }  # fmt: skip
    return {
        "key": key, "raised_key": duty["raised_key"], "state": "waiting", "escalation": "overdue", "recipient": person,
        "group_key": key, "call_id": duty["call_id"], "agent": duty["agent"] or "", "at": at, "not_before": at,
        "message": "", "details": details,
    }  # fmt: skip


def _levels(people: People, duty: Record) -> Sequence[Sequence[str]]:
    """Who hears of a late duty, one level after the other: the lines above all that owe it, each person once."""
    text = str(duty["owner"] or "")
    names = [text] if people.get(text).id in people.persons else text.split(", ")
    owners = [people.get(each).id for each in names if each]
    managers = [each for each in people.with_role("manager", str(duty["team"] or "")) if each not in owners]
    lines = [[*people.line_above(each), *managers] for each in owners or [str(duty["agent"] or "")]]
    heard: set[str] = set()
    levels = []
    for level in zip_longest(*lines):
        fresh = list(dict.fromkeys(each for each in level if each and each not in heard))
        heard.update(fresh)
        levels += [fresh] if fresh else []
    return levels
