"""What actions open is kept: the raise itself, duties, notices, findings and exemplary calls, each under a stable id.

The same occasion has the same key, so whatever is kept twice is kept once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from pauta.engine.delivery import stamp
from pauta.engine.model.calls import ENGINE
from pauta.engine.model.followup import Duty, Exemplar, Notice, Occasion, Opened, ProcessFinding
from pauta.engine.problems import ProblemsFound
from pauta.followup.calendar import Calendar
from pauta.followup.facts import day_of
from pauta.followup.people import People
from pauta.followup.telling import WORDS
from pauta.store import Ledger

Record: TypeAlias = dict[str, Any]
NoticeRows: TypeAlias = Callable[[Notice, Occasion, People], Sequence[Record]]
"""How a notice becomes rows, one a recipient."""
BestCall: TypeAlias = Callable[[str | None], Mapping[str, Any] | None]
"""Of the calls that something over many evaluations is about the best one to hear, as an example of a question."""

DAY_S: Final = 86_400.0


def key_of(*parts: object) -> str:
    """A stable id: 32 hexadecimal digits of a hash."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


class Keeper:
    """Gathers what is to be kept, a list for each table, until it is written at once."""

    def __init__(self, people: People, rows_of_notice: NoticeRows, calendar: Calendar | None = None) -> None:
        self._people, self._rows_of_notice = people, rows_of_notice
        self._calendar = calendar or Calendar()
        self._rows: dict[str, list[Record]] = {}

    def flush(self, ledger: Ledger) -> None:
        """Write it, inside a transaction."""
        for table, rows in self._rows.items():
            ledger.put(table, rows)
        self._rows = {}

    def keep(self, occasion: Occasion, opened: Sequence[Opened], best: BestCall | None = None) -> dict[str, int]:
        """Keep an occasion and what its actions opened; returns how many of each.

        best: chooses the call that an example is of, where the occasion is over many evaluations; without a call there
        is no example.
        """
        self.add("raised", _raised_of(occasion))
        self.record("raised", occasion.key, occasion.at, "raise", "", "raised")
        return self._keep(occasion, opened, best)

    def keep_later(
        self, occasion: Occasion, opened: Sequence[Opened], action: int, best: BestCall | None = None
    ) -> dict[str, int]:
        """Keep what one action of an occasion that is kept opened in a later night; returns how many of each."""
        return self._keep(occasion, opened, best, "later", action)

    def _keep(
        self, occasion: Occasion, opened: Sequence[Opened], best: BestCall | None, *which: object
    ) -> dict[str, int]:
        counted: dict[str, int] = {}
        for place, each in enumerate(opened):
            name = key_of(occasion.key, *which, place, type(each).__name__)
            thing, move, after = "", "open", "open"
            match each:
                case Duty():
                    kind, thing, row = "duties", "duty", self._duty(name, each, occasion)
                case ProcessFinding():
                    kind, thing, row = "findings", "finding", self._finding(name, each, occasion)
                case Exemplar():
                    call = occasion.evaluation or (best(each.question) if best else None)
                    if call is None:
                        continue
                    kind, thing, row = "exemplars", "exemplar", _exemplar(name, each, occasion, call)
                    move, after = "keep", row["consent"]
                case Notice():
                    kind = "notices"
                    self.add(kind, *self._rows_of_notice(each, occasion, self._people))
            if thing:
                self.add(kind, row)
                self.record(thing, name, occasion.at, move, "", after)
            counted[kind] = counted.get(kind, 0) + 1
        return counted

    def told_of(
        self, ledger: Ledger, evaluated: Iterable[tuple[Mapping[str, Any], tuple[str, str, str]]], at: datetime
    ) -> None:
        """Tell those who are informed of every evaluation, once of each call: a message a day to each."""
        if not self._people.informs:
            return
        notice = Notice(self._people.informs, every_s=DAY_S)
        titles = {language: words["evaluated"] for language, words in WORDS.items()}
        rows = [
            row
            for record, call in evaluated
            for row in self._rows_of_notice(notice, _occasion_of_all(record, call, titles, at), self._people)
        ]
        known = {str(row["key"]) for row in ledger.among("notices", "key", (row["key"] for row in rows))}
        self.add("notices", *(row for row in rows if row["key"] not in known))

    def record(
        self, thing: str, name: str, at: datetime, move: str, before: str, after: str, **details: object
    ) -> None:
        """Add to the history what the follow-up itself did."""
        said = {"who": "pauta", "move": move, "before": before, "after": after, "details": details}
        self.add("history", {"thing": thing, "id": name, "at": stamp(at), **said})

    def add(self, table: str, *rows: Record) -> None:
        """Keep rows of a table as they are."""
        self._rows.setdefault(table, []).extend(rows)

    def _duty(self, name: str, duty: Duty, occasion: Occasion) -> Record:
        people, evaluation = self._people, occasion.evaluation or {}
        owners = people.named(duty.owner, occasion.agent, occasion.team) if duty.owner else ()
        owners = owners or people.owners(occasion.agent, str(evaluation.get("evaluator") or ENGINE), occasion.team)
        due = duty.due or _due_otherwise(people, occasion)
        return {
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
            "day": day_of(occasion.at, self._calendar).isoformat(),
            "evaluation_id": (occasion.evaluations or (None,))[-1],
            "call_id": evaluation.get("call_id"),
            "message": duty.message or occasion.title,
            "escalated": 0,
            "details": {**duty.details, "about": list(duty.about), "evaluations": list(occasion.evaluations)},
        }

    def _finding(self, name: str, finding: ProcessFinding, occasion: Occasion) -> Record:
        about = occasion.raised.about if occasion.raised else ""
        named = occasion.over_key if occasion.kind in ("question", "scorecard") else about if "/" in about else ""
        card = named.partition("/")[0] or None
        evaluation = occasion.evaluation or {}
        raised = occasion.raised
        by_figures = raised is not None and occasion.kind != "question" and finding.questions == raised.questions
        return {
            "id": name,
            "raised_key": occasion.key,
            "about": finding.about,
            "question": (finding.questions or (None,))[0],
            "scorecard": card or evaluation.get("scorecard"),
            "owner": ", ".join(self._people.named(finding.owner, None, occasion.team)),
            "due": stamp(finding.due) if finding.due else None,
            "state": "open",
            "opened_at": stamp(occasion.at),
            "message": finding.text,
            "details": {
                **finding.details,
                "questions": list(finding.questions),
                "evaluations": list(occasion.evaluations),
                "verify_s": finding.verify_s,
                "figures": dict(raised.figures) if raised else {},
                "measures": dict(raised.measures) if raised and by_figures else {},
                "over": f"{occasion.kind} {occasion.over_key}".strip(),
            },
        }


def _occasion_of_all(
    record: Mapping[str, Any], call: tuple[str, str, str], titles: Mapping[str, str], at: datetime
) -> Occasion:
    """That there is an evaluation, as an occasion to tell of it."""
    return Occasion(
        key_of("evaluated", *call),
        "evaluated",
        titles["en"],
        "operation",
        at,
        record["agent"],
        record["team"],
        lambda _: at,
        evaluation=record,
        titles=titles,
    )


def _due_otherwise(people: People, occasion: Occasion) -> datetime | None:
    try:
        return occasion.due(people.due) if people.due else None
    except ProblemsFound:  # the occasion has told of it
        return None


def _raised_of(occasion: Occasion) -> Record:
    raised, evaluation = occasion.raised, occasion.evaluation or {}
    return {
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
        "call_id": evaluation.get("call_id"),
        "warning": int(raised.warning) if raised else 0,
        "at": stamp(occasion.at),
        "reason": raised.reason if raised else occasion.title,
        "details": {
            "evaluations": list(occasion.evaluations),
            "questions": list(occasion.missed),
            "figures": dict(raised.figures) if raised else {},
            "measures": dict(raised.measures) if raised else {},
        },
    }


def _exemplar(name: str, example: Exemplar, occasion: Occasion, call: Mapping[str, Any]) -> Record:
    return {
        "id": name,
        "raised_key": occasion.key,
        "evaluation_id": call.get("evaluation_id"),
        "call_id": call.get("call_id"),
        "agent": call.get("agent") or occasion.agent or "",
        "scorecard": call.get("scorecard"),
        "question": example.question,
        "why": example.why,
        "consent": "asked" if example.consent else "not_needed",
        "expires": stamp(example.expires) if example.expires else None,
        "opened_at": stamp(occasion.at),
        "details": {},
    }
