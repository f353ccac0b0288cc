"""Actions that failed: they are asked again in later nights, and given up where that does not help.

    waiting -> given_up; what has come true at last is no row any more, and the history of what was raised tells it

What the other actions of the same escalation opened stays as it is. A night that runs several times on one day counts
once. The words of an error are told in the night and not kept: they may be a customer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.model.followup import Occasion, StandingEscalation
from pauta.engine.model.scorecard import Escalation, Use
from pauta.engine.problems import Problem
from pauta.followup.calendar import Calendar
from pauta.followup.facts import best_of, calls_of, day_of
from pauta.followup.keeping import Keeper
from pauta.followup.occasions import About, Occasions, raise_of
from pauta.followup.plugged import Answered, Plugged
from pauta.store import Ledger

if TYPE_CHECKING:
    from pauta.followup.night import Setting

Record = dict[str, Any]

NIGHTS: Final = 3
"""In so many later nights an action that failed is asked again."""


def failed(key: str, place: int, use: Use, escalation: str, error: str, now: datetime, calendar: Calendar) -> Record:
    """The row of an action that failed for the first time. place: of the action in the escalation's list."""
    at = stamp(now)
    return {
        "raised_key": key, "place": place, "action": use.name, "escalation": escalation, "state": "waiting",
        "nights": 1, "day": day_of(now, calendar).isoformat(), "since": at, "at": at, "error": error,
    }  # fmt: skip


def failed_again(row: Mapping[str, Any], error: str, now: datetime, calendar: Calendar) -> Record:
    """The row after one more failure: given up where that was the last night."""
    day = day_of(now, calendar).isoformat()
    nights = int(row["nights"]) + (day != row["day"])
    state = "given_up" if nights > NIGHTS else "waiting"
    return {**row, "nights": nights, "day": day, "state": state, "at": stamp(now), "error": error}


class Again:
    """Asks the actions again in one night. opened: what came of it; given_up: nights, by action and escalation."""

    def __init__(
        self, ledger: Ledger, setting: Setting, now: datetime, plugged: Plugged, occasions: Occasions, keeper: Keeper
    ) -> None:
        self._ledger, self._setting, self._now = ledger, setting, now
        self._plugged, self._occasions, self._keeper = plugged, occasions, keeper
        self.opened: dict[str, int] = {}
        self.given_up: dict[tuple[str, str], list[int]] = {}

    def ask(self, most: int) -> int:
        """Ask so many that were not asked at this moment, inside a transaction; returns how many there were."""
        where = f"state = 'waiting' AND at < ? ORDER BY at, raised_key, place LIMIT {most}"
        rows: list[Any] = self._ledger.select("unfinished", where, (stamp(self._now),))
        for row in rows:
            self._one(row)
        return len(rows)

    def problems(self) -> list[Problem]:
        """What was given up, a sentence an action."""
        hint = "`pauta escalations failed` lists it, and `pauta escalations run --again` asks it again once it works"
        told = (
            f"action '{action}' of escalation '{escalation}' failed in {max(nights)} nights and is given up for "
            f"{len(nights):,} of what was raised"
            for (action, escalation), nights in self.given_up.items()
        )
        return [Problem("E785", each, None, hint) for each in told]

    def _one(self, row: Record) -> None:
        ledger, key, now = self._ledger, str(row["raised_key"]), self._now
        (raised,) = ledger.select("raised", "key = ?", (key,))
        details: Any = raised["details"] or {}
        if details.get("withdrawn"):  # it may be raised again
            ledger.put("unfinished", [{**row, "at": stamp(now)}])
            return
        again = self._raised(raised)
        use = _action_of(again[0], row) if again else None
        answered = self._plugged.opens(use, again[1]) if again and use else Answered(None, "not there")
        if again is None or answered.found is None:
            after = failed_again(row, answered.error, now, self._setting.calendar)
            ledger.put("unfinished", [after])
            if after["state"] == "given_up":
                self.given_up.setdefault((str(row["action"]), str(row["escalation"])), []).append(after["nights"])
                self._keeper.record("raised", key, now, "give up", "waiting", "given_up", action=row["action"])
            return
        best = partial(best_of, ledger, again[1].evaluations)
        counted = self._keeper.keep_later(again[1], answered.found, int(row["place"]), best)
        self.opened = {kind: self.opened.get(kind, 0) + counted.get(kind, 0) for kind in {*self.opened, *counted}}
        self._keeper.record("raised", key, now, "act", "waiting", "done", action=row["action"])
        ledger.delete("unfinished", "raised_key = ? AND place = ?", (key, row["place"]))

    def _raised(self, row: Mapping[str, Any]) -> tuple[Escalation | StandingEscalation, Occasion] | None:
        """An escalation that was raised, and the occasion as its actions see it now; None where either is gone.

        It is an occasion of this night: deadlines count from now, as nobody could know before.
        """
        key, name = str(row["key"]), str(row["escalation"])
        if row["over_kind"]:
            standing = next((each for each in self._setting.standing if each.id == name), None)
            about = About(str(row["over_kind"]), str(row["over_key"]), row["team"] or None)
            return (standing, self._occasions.over_window(key, standing, about, raise_of(row))) if standing else None
        record: Any = self._ledger.evaluations([str(row["evaluation_id"])]).get(str(row["evaluation_id"]))
        card = self._occasions.card_of(record) if record else None
        escalation = next((each for each in card.escalations if each.id == name), None) if card else None
        if card is None or escalation is None:
            return None
        call = calls_of(self._ledger, [record["call_id"]]).get((record["call_id"], record["agent"] or ""), {})
        return escalation, self._occasions.of_evaluation(key, escalation, card, record, call, self._now)


def _action_of(escalation: Escalation | StandingEscalation, row: Mapping[str, Any]) -> Use | None:
    """The action that failed, as the escalation asks for it now: in its place, else wherever it stands."""
    named = [use for use in escalation.do if use.name == row["action"]]
    place = int(row["place"])
    there = escalation.do[place] if place < len(escalation.do) else None
    return there if there in named else next(iter(named), None)


def ask_again(ledger: Ledger) -> int:
    """Let what was given up wait for the night again, as if it had never failed; returns how many."""
    return ledger.change("unfinished", {"state": "given_up"}, state="waiting", nights=0, day="")


def listed(ledger: Ledger) -> list[Record]:
    """The actions that wait or were given up, the oldest first, each with what was raised."""
    query = """SELECT u.state, u.action, u.escalation, u.nights, u.since, u.at, u.error, r.agent, r.call_id,
        r.over_kind, r.over_key, r.key AS raised FROM unfinished AS u JOIN raised AS r ON r.key = u.raised_key
        WHERE u.state IN ('waiting', 'given_up') ORDER BY u.since, r.key, u.place"""
    return [dict(row) for row in ledger.rows(query)]
