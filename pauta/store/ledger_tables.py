"""The tables of the follow-up: what windows look at, what was raised, duties, findings, examples, and their history.

`facts`, `misses` and `asked` are read off evaluations and can be made again; everything else is the record of what
people and rules did. `history` is only ever added to.
"""

from __future__ import annotations

from typing import Final

LEDGER: Final[dict[str, dict[str, type]]] = {
    "facts": {
        "call_id": str, "agent": str, "scorecard": str, "evaluation_id": str, "revision": int, "team": str,
        "call_type": str, "evaluator": str, "version": str, "at": str, "day": str, "score": float,
        "agent_score": float, "passed": int, "non_critical": int, "customer": int, "business": int, "compliance": int,
        "opportunities": int, "details": str,
    },
    "misses": {
        "evaluation_id": str, "question": str, "agent": str, "team": str, "scorecard": str, "call_type": str,
        "evaluator": str, "at": str, "day": str, "fault": str, "error": str, "credit": float,
    },
    "asked": {
        "scorecard": str, "question": str, "day": str, "agent": str, "team": str, "asked": int, "missed": int,
    },
    "alarms": {
        "escalation": str, "over_key": str, "about": str, "warning": int, "episode": int, "active": int, "since": str,
        "last_seen": str, "details": str,
    },
    "raised": {
        "key": str, "escalation": str, "source": str, "title": str, "over_kind": str, "over_key": str, "about": str,
        "agent": str, "team": str, "evaluation_id": str, "call_id": str, "warning": int, "at": str, "reason": str,
        "details": str,
    },
    "duties": {
        "id": str, "raised_key": str, "kind": str, "agent": str, "team": str, "owner": str, "due": str, "form": str,
        "state": str, "opened_at": str, "day": str, "evaluation_id": str, "call_id": str, "message": str,
        "escalated": int, "details": str,
    },
    "findings": {
        "id": str, "raised_key": str, "about": str, "question": str, "scorecard": str, "owner": str, "due": str,
        "state": str, "opened_at": str, "fixed_at": str, "message": str, "details": str,
    },
    "exemplars": {
        "id": str, "raised_key": str, "evaluation_id": str, "call_id": str, "agent": str, "scorecard": str,
        "question": str, "why": str, "consent": str, "expires": str, "opened_at": str, "details": str,
    },
    "lives": {"evaluation_id": str, "state": str, "at": str, "details": str},
    "history": {
        "thing": str, "id": str, "at": str, "who": str, "move": str, "before": str, "after": str, "details": str,
    },
    "notices": {
        "key": str, "raised_key": str, "escalation": str, "recipient": str, "group_key": str, "call_id": str,
        "agent": str, "at": str, "not_before": str, "state": str, "message_key": str, "message": str, "details": str,
    },
    "messages": {
        "key": str, "sink": str, "group_key": str, "recipient": str, "state": str, "tries": int, "next_at": str,
        "at": str, "sent_at": str, "error": str, "details": str,
    },
    "unfinished": {
        "raised_key": str, "place": int, "action": str, "escalation": str, "state": str, "nights": int, "day": str,
        "since": str, "at": str, "error": str,
    },
    "marks": {"name": str, "value": str},
}  # fmt: skip
"""Tables and their columns. Moments are text in UTC that sorts as time does, and a `day` is one of the operation's
zone; what is not known is null; `agent` and `team` are '' where the call names none. `details` is JSON. States are
those of `pauta.followup.lives`; those of `unfinished`, actions that failed, of `pauta.followup.unfinished`."""

KEYS: Final = {
    "facts": ("call_id", "agent", "scorecard"), "misses": ("evaluation_id", "question"),
    "asked": ("scorecard", "question", "day", "agent"), "alarms": ("escalation", "over_key", "about", "warning"),
    "raised": ("key",), "duties": ("id",), "findings": ("id",), "exemplars": ("id",), "lives": ("evaluation_id",),
    "history": (), "notices": ("key",), "messages": ("key",), "unfinished": ("raised_key", "place"), "marks": ("name",),
}  # fmt: skip
"""The primary key of each table; `history` is counted in the order in which it was written."""

INDEXES: Final = {
    "facts": (
        ("agent", "at"), ("team", "at"), ("scorecard", "at"), ("evaluator", "at"), ("call_type", "at"),
        ("evaluation_id",),
    ),
    "misses": (
        ("agent", "at"), ("team", "at"), ("scorecard", "at"), ("scorecard", "question", "at"), ("evaluator", "at"),
        ("call_type", "at"),
    ),
    "asked": (("agent", "day"), ("team", "day"), ("scorecard", "day"), ("day",)),
    "alarms": (("active", "escalation"),),
    "raised": (("escalation", "over_key"), ("escalation", "at"), ("agent", "at"), ("evaluation_id",), ("call_id",)),
    "duties": (("agent", "state"), ("state", "due"), ("raised_key",)),
    "findings": (("state",), ("raised_key",)),
    "exemplars": (("question",),),
    "history": (("thing", "id"),),
    "notices": (("state", "not_before"), ("group_key", "at")),
    "messages": (("state", "next_at"), ("group_key", "recipient", "at")),
    "unfinished": (("state", "at"),),
}  # fmt: skip

LEDGER_VIEWS: Final = {
    "duties_outline": "SELECT id, kind, agent, team, state, due, opened_at FROM duties",
}
"""What may be read of coaching records by those they are not for, such as the quality team's reports."""
