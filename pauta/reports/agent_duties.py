"""The coaching part of the agent's page: the open plan with its measure, the last agreements, what is to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from pauta.followup.measures import Measured
from pauta.followup.people import People
from pauta.followup.privacy import duties_seen, may_see
from pauta.reports.agent import AGREEMENTS, HELD, OPEN, OVER, PLANS, AgentPage, AgreementSeen, DutySeen, PlanSeen

Row = Mapping[str, Any]


def take_duties(
    page: AgentPage, rows: Iterable[Row], people: People, viewer: str | None, measured: Callable[[Row], Measured]
) -> None:
    """Put an agent's duties on the page, as far as the viewer may see them.

    What quality sees of a record that is not theirs is that there is one, its state and by when; others see only how
    many are not shown.
    """
    told = sorted(rows, key=lambda each: (each["due"] is None, str(each["due"]), str(each["id"])))
    shown = {str(each["id"]): each for each in duties_seen(told, viewer, people)}
    held: list[tuple[str, Row]] = []
    for row in told:
        if str(row["id"]) not in shown:
            page.hidden += 1
            continue
        private = not may_see(viewer, row, people)
        if private:
            page.hidden += 1
        elif row["state"] in HELD and (row["details"] or {}).get("agreed"):
            held.append((str(row["opened_at"]), row))
        if row["state"] in OVER:
            continue
        if row["kind"] in ("plan", "train") and not private:
            page.plans.append(_plan(row, measured))
        elif row["state"] not in HELD:
            page.duties.append(_duty(shown[str(row["id"])], people))
    page.more_plans = max(0, len(page.plans) - PLANS)
    del page.plans[PLANS:]
    page.more_duties = max(0, len(page.duties) - OPEN)
    del page.duties[OPEN:]
    held.sort(key=lambda each: each[0], reverse=True)
    page.agreements = [_agreement(row, people) for _, row in held[:AGREEMENTS]]


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None


def _givers(row: Row, people: People) -> str:
    return ", ".join(people.get(each).name for each in str(row["owner"] or "").split(", ") if each)


def _plan(row: Row, measured: Callable[[Row], Measured]) -> PlanSeen:
    details = row["details"] or {}
    expect = str(details.get("expect") or details.get("course") or row["message"] or "")
    due, state, kind = _moment(row["due"]), str(row["state"]), str(row["kind"])
    if kind != "plan":
        return PlanSeen(expect, due, state, kind)
    found = measured(row)
    target = details.get("target")
    return PlanSeen(
        expect, due, state, kind, found.measure, found.before, found.since, found.since_calls,
        None if target is None else str(target), found.reached,
    )  # fmt: skip


def _agreement(row: Row, people: People) -> AgreementSeen:
    details = row["details"]
    when = _moment(details.get("when") or row["opened_at"])
    words, reached = details.get("words"), details.get("reached")
    return AgreementSeen(when, _givers(row, people), str(details["agreed"]), words, reached)


def _duty(row: Row, people: People) -> DutySeen:
    return DutySeen(
        str(row["kind"]), str(row["state"]), _moment(row["due"]), _givers(row, people), str(row["message"] or "")
    )
