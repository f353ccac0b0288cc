"""Notices: whom an escalation tells, and in which group of messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pauta.engine.delivery import stamp
from pauta.engine.model.followup import Notice, Occasion
from pauta.followup.keeping import Record, key_of
from pauta.followup.people import People


def rows_of_notice(notice: Notice, occasion: Occasion, people: People) -> Sequence[Record]:
    """The rows of `notices`, one a recipient."""
    evaluation: Any = occasion.evaluation or {}
    said = {
        "agent": occasion.agent or "",
        "team": occasion.team or "",
        "question": (occasion.missed or ("",))[0],
        "scorecard": evaluation.get("scorecard") or "",
        "call_type": evaluation.get("call_type") or "",
    }
    group = " ".join([occasion.escalation, *(said.get(name, "") for name in notice.group_by)])
    at = stamp(occasion.at)
    return [
        {
            "key": key_of(occasion.key, "notice", recipient),
            "raised_key": occasion.key,
            "escalation": occasion.escalation,
            "recipient": recipient,
            "group_key": group,
            "call_id": evaluation.get("call_id"),
            "agent": occasion.agent or "",
            "at": at,
            "not_before": at,
            "state": "waiting",
            "message": notice.message or occasion.title,
            "details": {"every_s": notice.every_s, "repeat_s": notice.repeat_s, "unless": list(notice.unless),
                        "via": list(notice.via)},
        }
        for recipient in people.named(notice.to, occasion.agent, occasion.team)
    ]  # fmt: skip
