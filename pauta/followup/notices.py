"""Notices: whom an escalation tells, and in which messages they go out.

What is told to one person about one group goes out as one message: the first at once, what comes within the interval
after it (`every`) together in the next. A notice is silenced where another escalation of the same call says more
(`unless`), and told again (`repeat`) while what it is about is not done. Duties that are late are told to the next
person up the line, once for each day of delay and each level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.model.followup import Notice, Occasion
from pauta.followup.keeping import Record, key_of
from pauta.followup.people import People
from pauta.followup.telling import late_line, line_of, title_of
from pauta.store import Ledger

SLICE: Final = 5000
LEVEL: Final = timedelta(days=1)
"""So long a late duty stays with one level of the line before the next one hears of it."""

AT_MOST: Final = 50
"""So many lines stand in one message; of the others it says how many there are."""


def rows_of_notice(notice: Notice, occasion: Occasion, people: People) -> Sequence[Record]:
    """The rows of `notices`, one a recipient."""
    evaluation: Any = occasion.evaluation or {}
    said = {
        "agent": occasion.agent or "",
        "team": occasion.team or "",
        "question": (occasion.missed or ("",))[0],
        "scorecard": evaluation.get("scorecard") or occasion.over_key.partition("/")[0],
        "call_type": evaluation.get("call_type") or "",
    }
    grouped = {name: said.get(name, "") for name in notice.group_by}
    single = {} if notice.group_by or notice.every_s else {"key": occasion.key}
    about = {
        "every_s": notice.every_s, "repeat_s": notice.repeat_s, "unless": list(notice.unless),
        "via": list(notice.via), "title": occasion.title, "group": grouped, "team": occasion.team or "",
        "scorecard": said["scorecard"], "reason": occasion.raised.reason if occasion.raised else "",
        "questions": list(occasion.missed), "evaluations": list(occasion.evaluations), "told": 0,
    }  # fmt: skip
    at = stamp(occasion.at)
    return [
        {
            "key": key_of(occasion.key, "notice", recipient, notice.message),
            "raised_key": occasion.key,
            "escalation": occasion.escalation,
            "recipient": recipient,
            "group_key": key_of(occasion.escalation, sorted(grouped.items()), sorted(single.items()), *notice.via),
            "call_id": evaluation.get("call_id"),
            "agent": occasion.agent or "",
            "at": at,
            "not_before": at,
            "state": "waiting",
            "message": notice.message,
            "details": about,
        }
        for recipient in people.named(notice.to, occasion.agent, occasion.team)
    ]


def gather(ledger: Ledger, people: People, sinks: Sequence[str], now: datetime, language: str = "en") -> int:
    """Put what waits into messages, one a person, group and interval, for every sink; returns how many were made.

    sinks: the names of those that carry messages.
    """
    _repeat(ledger, now)
    made = 0
    with ledger.writing():
        while waiting := ledger.select(
            "notices", "state = 'waiting' AND not_before <= ? ORDER BY at, key LIMIT ?", (stamp(now), SLICE)
        ):
            groups: dict[tuple[str, str], list[Record]] = {}
            for row in waiting:
                if _silenced(ledger, row):
                    ledger.change("notices", {"key": row["key"]}, state="silenced")
                else:
                    groups.setdefault((str(row["group_key"]), str(row["recipient"])), []).append(row)
            for (group, recipient), rows in groups.items():
                made += _message(ledger, people, sinks, group, recipient, rows, now, language)
    return made


def _silenced(ledger: Ledger, row: Mapping[str, Any]) -> bool:
    """Whether an escalation that silences this one was raised for the same call."""
    unless = row["details"].get("unless") or []
    if not unless or not row["call_id"]:
        return False
    raised = ledger.one("raised", "key = ?", (row["raised_key"],))
    others = ledger.select("raised", "evaluation_id = ?", (raised["evaluation_id"],)) if raised else []
    return any(each["escalation"] in unless for each in others)


def _message(
    ledger: Ledger,
    people: People,
    sinks: Sequence[str],
    group: str,
    recipient: str,
    rows: Sequence[Record],
    now: datetime,
    language: str,
) -> int:
    """One message about a group, unless its interval is not over: then its notices wait until it is."""
    every = max(float(row["details"]["every_s"]) for row in rows)
    where = "group_key = ? AND recipient = ? ORDER BY at DESC"
    last = ledger.one("messages", where, (group, recipient))
    if last is not None:
        free = datetime.fromisoformat(str(last["at"])) + timedelta(seconds=every)
        if free > now:
            for row in rows:
                ledger.change("notices", {"key": row["key"]}, not_before=stamp(free))
            return 0
    person = people.get(recipient)
    spoken = person.language or language
    lines = [line_of(row, people, spoken) for row in rows[:AT_MOST]]
    key = key_of("message", group, recipient, *(f"{row['key']} {row['details'].get('told', 0)}" for row in rows))
    content = {
        "title": title_of(rows, people, spoken),
        "lines": lines,
        "more": max(0, len(rows) - AT_MOST),
        "evaluations": [name for row in rows for name in row["details"]["evaluations"]][:AT_MOST],
        "language": spoken,
        "address": person.email or "",
        "name": person.name,
    }
    wanted = rows[0]["details"].get("via") or []
    via = [name for name in sinks if name in wanted or not wanted] or [""]
    ledger.put(
        "messages",
        [
            {
                "key": key_of(key, sink), "sink": sink, "group_key": group, "recipient": recipient, "tries": 0,
                "state": "waiting" if sink else "nobody", "next_at": stamp(now), "at": stamp(now), "details": content,
            }
            for sink in via
        ],
    )  # fmt: skip
    for row in rows:
        said = {**row["details"], "told": row["details"].get("told", 0) + 1}
        ledger.change("notices", {"key": row["key"]}, state="told", message_key=key, at=stamp(now), details=said)
    return 1


def _repeat(ledger: Ledger, now: datetime) -> None:
    """Let what was told wait again where it is to be repeated and the duties of its occasion are not over."""
    query = """SELECT DISTINCT n.key AS key FROM notices AS n JOIN duties AS d ON d.raised_key = n.raised_key
        WHERE n.state = 'told' AND n.not_before <= ? AND d.state IN ('open', 'scheduled', 'overdue')"""
    for found in ledger.rows(query, (stamp(now),)):
        row = ledger.select("notices", "key = ?", (found["key"],))[0]
        details: Any = row["details"]
        if details.get("repeat_s"):
            again = datetime.fromisoformat(str(row["at"])) + timedelta(seconds=float(details["repeat_s"]))
            if again <= now:
                ledger.change("notices", {"key": row["key"]}, state="waiting", not_before=stamp(now))


def escalate_overdue(ledger: Ledger, people: People, now: datetime, language: str = "en") -> int:
    """Tell the next person up the line of every duty that is late; returns how many were told.

    The owner's leader hears of it when it is late, whoever leads that one a day later, and so on to the top.
    """
    told = 0
    with ledger.writing():
        for duty in ledger.select("duties", "state = 'overdue' AND due IS NOT NULL ORDER BY due, id"):
            level = int(str(duty["escalated"] or 0))
            if now < datetime.fromisoformat(str(duty["due"])) + level * LEVEL:
                continue
            owner = str(duty["owner"]).split(", ")[0] or str(duty["agent"] or "")
            line = list(people.line_above(owner)) if owner else []
            if level >= len(line):
                continue
            person = people.get(line[level])
            text = late_line(duty, people, person.language or language)
            details = {
                "every_s": 0.0, "repeat_s": None, "unless": [], "via": [], "title": text, "group": {}, "reason": text,
                "team": duty["team"] or "", "scorecard": "", "questions": [], "told": 0,
                "evaluations": [duty["evaluation_id"]] if duty["evaluation_id"] else [],
            }  # fmt: skip
            row = {
                "key": key_of("overdue", duty["id"], level), "raised_key": duty["raised_key"], "state": "waiting",
                "escalation": "overdue", "recipient": person.id, "group_key": key_of("overdue", duty["id"], level),
                "call_id": duty["call_id"], "agent": duty["agent"] or "", "at": stamp(now), "not_before": stamp(now),
                "message": "", "details": details,
            }  # fmt: skip
            ledger.put("notices", [row])
            ledger.change("duties", {"id": duty["id"]}, escalated=level + 1)
            ledger.record(
                "duty", str(duty["id"]), at=stamp(now), who="pauta", move="escalate", before=str(duty["state"]),
                after=str(duty["state"]), to=person.id,
            )  # fmt: skip
            told += 1
    return told
