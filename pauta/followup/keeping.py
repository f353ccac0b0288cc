"""What actions open is kept: the raise itself, duties, notices, findings and exemplary calls, each under a stable id.

The same occasion has the same key, so whatever is kept twice is kept once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from pauta.engine.delivery import stamp
from pauta.engine.model.calls import ENGINE
from pauta.engine.model.followup import Duty, Exemplar, Notice, Occasion, Opened, ProcessFinding
from pauta.followup.people import People
from pauta.store import Ledger

Record: TypeAlias = dict[str, Any]
NoticeRows: TypeAlias = Callable[[Notice, Occasion, People], Sequence[Record]]
"""How a notice becomes rows, one a recipient."""


def key_of(*parts: object) -> str:
    """A stable id: 32 hexadecimal digits of a hash."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


def was_raised(ledger: Ledger, key: str) -> bool:
    """Whether an occasion was kept before."""
    return ledger.one("raised", "key = ?", (key,)) is not None


def keep(
    ledger: Ledger, occasion: Occasion, opened: Sequence[Opened], people: People, rows_of_notice: NoticeRows
) -> dict[str, int]:
    """Keep an occasion and what its actions opened; returns how many of each. To be called inside a transaction."""
    at = stamp(occasion.at)
    raised, evaluation = occasion.raised, occasion.evaluation or {}
    call_id = evaluation.get("call_id")
    ledger.put(
        "raised",
        [
            {
                "key": occasion.key,
                "escalation": occasion.escalation,
                "source": occasion.source,
                "title": occasion.title,
                "over_kind": occasion.kind,
                "over_key": occasion.over_key,
                "about": raised.about if raised else "",
                "agent": occasion.agent or "",
                "team": occasion.team or "",
                "evaluation_id": evaluation.get("evaluation_id"),
                "call_id": call_id,
                "warning": int(raised.warning) if raised else 0,
                "at": at,
                "reason": raised.reason if raised else occasion.title,
                "details": {
                    "evaluations": list(occasion.evaluations),
                    "questions": list(occasion.missed),
                    "figures": dict(raised.figures) if raised else {},
                },
            }
        ],
    )
    ledger.record("raised", occasion.key, at=at, who="pauta", move="raise", before="", after="raised")
    counted: dict[str, int] = {}
    for place, each in enumerate(opened):
        name = key_of(occasion.key, place, type(each).__name__)
        match each:
            case Duty():
                _keep_duty(ledger, name, each, occasion, people)
                kind = "duties"
            case ProcessFinding():
                _keep_finding(ledger, name, each, occasion, people)
                kind = "findings"
            case Exemplar():
                _keep_exemplar(ledger, name, each, occasion)
                kind = "exemplars"
            case Notice():
                ledger.put("notices", rows_of_notice(each, occasion, people))
                kind = "notices"
        counted[kind] = counted.get(kind, 0) + 1
    return counted


def _keep_duty(ledger: Ledger, name: str, duty: Duty, occasion: Occasion, people: People) -> None:
    evaluation = occasion.evaluation or {}
    owners = people.named(duty.owner, occasion.agent, occasion.team) if duty.owner else ()
    owners = owners or people.owners(occasion.agent, str(evaluation.get("evaluator") or ENGINE))
    due = duty.due or (occasion.due(people.due) if people.due else None)
    row = {
        "id": name,
        "raised_key": occasion.key,
        "kind": duty.kind,
        "agent": occasion.agent or "",
        "team": occasion.team or "",
        "owner": ", ".join(owners),
        "due": stamp(due) if due else None,
        "form": duty.form,
        "state": "open",
        "opened_at": stamp(occasion.at),
        "evaluation_id": (occasion.evaluations or (None,))[-1],
        "call_id": evaluation.get("call_id"),
        "message": duty.message or occasion.title,
        "escalated": 0,
        "details": {**duty.details, "about": list(duty.about), "evaluations": list(occasion.evaluations)},
    }
    ledger.put("duties", [row])
    ledger.record("duty", name, at=stamp(occasion.at), who="pauta", move="open", before="", after="open")


def _keep_finding(ledger: Ledger, name: str, finding: ProcessFinding, occasion: Occasion, people: People) -> None:
    card = occasion.over_key.partition("/")[0] if occasion.kind == "question" else None
    evaluation = occasion.evaluation or {}
    row = {
        "id": name,
        "raised_key": occasion.key,
        "about": finding.about,
        "question": (finding.questions or (None,))[0],
        "scorecard": card or evaluation.get("scorecard"),
        "owner": ", ".join(people.named(finding.owner, None, occasion.team)),
        "due": stamp(finding.due) if finding.due else None,
        "state": "open",
        "opened_at": stamp(occasion.at),
        "message": finding.text,
        "details": {
            **finding.details,
            "questions": list(finding.questions),
            "evaluations": list(occasion.evaluations),
            "verify_s": finding.verify_s,
            "figures": dict(occasion.raised.figures) if occasion.raised else {},
        },
    }
    ledger.put("findings", [row])
    ledger.record("finding", name, at=stamp(occasion.at), who="pauta", move="open", before="", after="open")


def _keep_exemplar(ledger: Ledger, name: str, example: Exemplar, occasion: Occasion) -> None:
    evaluation = occasion.evaluation or {}
    consent = "asked" if example.consent else "not_needed"
    row = {
        "id": name,
        "raised_key": occasion.key,
        "evaluation_id": evaluation.get("evaluation_id"),
        "call_id": evaluation.get("call_id"),
        "agent": occasion.agent or "",
        "scorecard": evaluation.get("scorecard"),
        "question": example.question,
        "why": example.why,
        "consent": consent,
        "expires": stamp(example.expires) if example.expires else None,
        "opened_at": stamp(occasion.at),
        "details": {},
    }
    ledger.put("exemplars", [row])
    ledger.record("exemplar", name, at=stamp(occasion.at), who="pauta", move="keep", before="", after=consent)
