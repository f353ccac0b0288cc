"""The night: what is new in a store becomes facts, escalations are raised, and what their actions open is kept.

A slice of evaluations is one transaction with everything that follows from it, and everything has a stable key: a night
that is broken off and run again, or run twice, or by two at once, leaves the same ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.host import Host
from pauta.engine.model.conditions import holds
from pauta.engine.model.followup import Notice, Occasion, Opened, Raise, StandingEscalation, Window
from pauta.engine.model.scorecard import Escalation, Scorecard, Use
from pauta.engine.problems import Problem
from pauta.followup.beginning import begin, is_before
from pauta.followup.calendar import Calendar
from pauta.followup.facts import Fresh, Key, Read, Record, best_of, read_fresh
from pauta.followup.keeping import Keeper, NoticeRows, key_of
from pauta.followup.lives import move
from pauta.followup.occasions import About, Occasions
from pauta.followup.people import People
from pauta.followup.plugged import Plugged
from pauta.followup.unfinished import Again, failed
from pauta.followup.windows import Windows, figure_of, keys_touched, mended_by
from pauta.store import AnyStore, Ledger

SLICE: Final = 500
"""So many evaluations, and all that follows from them, are one transaction."""

WINDOWS: Final = 100
"""So many windows are looked at in one transaction."""

DONE: Final = ("closed", "withdrawn", "verified")
"""The states in which nothing is left to be done."""

_OPENED: Final = """SELECT d.state FROM raised AS r JOIN duties AS d ON d.raised_key = r.key
    WHERE r.escalation = ? AND r.over_key = ? AND r.about = ? AND r.warning = ?
    UNION ALL SELECT CASE f.state WHEN 'withdrawn' THEN 'in error' ELSE f.state END AS state
    FROM raised AS r JOIN findings AS f ON f.raised_key = r.key
    WHERE r.escalation = ? AND r.over_key = ? AND r.about = ? AND r.warning = ?"""

CardOf = Callable[[str, str, str], Scorecard | None]
"""The card of an evaluation, by id, version and digest."""


@dataclass
class Night:
    """What a night did: evaluations read, occasions raised, and how many duties, notices, .. were opened.

    older: evaluations from before the beginning of the follow-up, which raised nothing. given_up: actions that failed
    too often.
    """

    evaluations: int = 0
    raised: int = 0
    opened: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    older: int = 0
    given_up: int = 0


@dataclass(frozen=True)
class Setting:
    """What a night needs to know of the operation. source: what raises say they come from."""

    source: str
    standing: Sequence[StandingEscalation]
    card_of: CardOf
    host: Host
    calendar: Calendar
    people: People
    rows_of_notice: NoticeRows
    language: str = "en"


def run_night(store: AnyStore, setting: Setting, now: datetime, since: datetime | None = None) -> Night:
    """Follow up everything that is new in a store. Plugins that fail cost what they were to make, and are told of.

    since: evaluations raise something from this moment on; without it a first night begins a week before the newest.
    """
    return _Night(store.ledger(), setting, now).run(since)


class _Night:
    def __init__(self, ledger: Ledger, setting: Setting, now: datetime) -> None:
        self._ledger, self._setting, self._now = ledger, setting, now
        self._done = Night()
        self._told: set[str] = set()
        self._beginning: datetime | None = None
        self._keeper = Keeper(setting.people, setting.rows_of_notice, setting.calendar)
        self._windows = Windows(ledger, now, setting.calendar)
        self._for_strangers = Windows(ledger, now, setting.calendar)  # they may change what they are handed
        self._plugged = Plugged(setting.host, self._tell)
        self._occasions = Occasions(setting, now, self._tell)
        self._standing: dict[str, list[StandingEscalation]] = {}
        for each in sorted(setting.standing, key=lambda each: each.over.kind != "question"):
            self._standing.setdefault(each.over.kind, []).append(each)

    def run(self, since: datetime | None) -> Night:
        """Questions come before agents: what is found to be the process's fault is not held against anybody."""
        while self._slice(since):
            since = None
        self._again()
        for kind in self._standing:
            self._touched(kind)
        self._seen_before()
        if self._done.older and self._beginning is not None:
            day = self._setting.calendar.local(self._beginning).date()
            what = f"{self._done.older:,} evaluations from before {day} count in windows and raise nothing"
            hint = "the follow-up begins on that day: `pauta escalations run --since DATE` begins it on another"
            self._done.problems.append(Problem("W781", what, None, hint))
        return self._done

    def _slice(self, since: datetime | None) -> bool:
        """Some evaluations that are new, with all that follows from each; whether there were any."""
        with self._ledger.writing():
            self._beginning = begin(self._ledger, self._setting.calendar, self._now, since)
            after = int(self._ledger.mark("facts") or 0)
            fresh = read_fresh(self._ledger, self._setting.calendar, self._now, after=after, most=SLICE)
            if fresh.last is None:
                return False
            self._done.evaluations += len(fresh.reads)
            recent = [read for read in fresh.reads if not is_before(read.record, self._beginning)]
            self._done.older += len(fresh.reads) - len(recent)
            self._raise_by_cards(fresh, recent)
            names = [
                {"name": f"window {kind} {key}", "value": "new"}
                for kind in self._standing
                for key in keys_touched(kind, recent)
            ]
            self._ledger.put("marks", [*names, {"name": "facts", "value": str(fresh.last)}])
            self._keeper.flush(self._ledger)
        return True

    def _raise_by_cards(self, fresh: Fresh, recent: Sequence[Read]) -> None:
        """What evaluations raise by their cards, and what is not raised any more."""
        names: dict[Key, Sequence[str]] = dict.fromkeys(fresh.gone, ())
        names |= {_call_of(read): _names(read) for read in fresh.reads}
        rows: list[Any] = self._ledger.among("raised", "call_id", {key[0] for key in names}, "over_kind = ''")
        known = {str(row["key"]) for row in rows}
        for read in recent:
            wanted = [(name, key_of("call", *_call_of(read), name)) for name in _names(read)]
            self._one(read, [(name, key) for name, key in wanted if key not in known])
        self._keeper.told_of(self._ledger, [(read.record, _call_of(read)) for read in recent if read.fact], self._now)
        cards: dict[str, list[Key]] = {}
        for key in names:
            cards.setdefault(key[0], []).append(key)
        for row in rows:
            own = [key for key in cards[row["call_id"]] if key_of("call", *key, row["escalation"]) == row["key"]]
            if own:
                self._revise(row, still=row["escalation"] in names[own[0]])

    def _revise(self, row: Mapping[str, Any], *, still: bool) -> None:
        """Tell in the history that something is not raised any more, or is again: then withdrawn duties are open."""
        if still is not bool(row["details"].get("withdrawn")):
            return
        self._ledger.change("raised", {"key": row["key"]}, details={**row["details"], "withdrawn": not still})
        states = ("withdrawn", "raised") if still else ("raised", "withdrawn")
        self._keeper.record("raised", str(row["key"]), self._now, "revise", *states)
        if still:
            for duty in self._ledger.select("duties", "raised_key = ? AND state = 'withdrawn'", (row["key"],)):
                people, why = self._setting.people, "it is raised again"
                move(self._ledger, people, "duty", str(duty["id"]), "reopen", who=None, at=self._now, reason=why)

    def _one(self, read: Read, raised: Sequence[tuple[str, str]]) -> None:
        """What one evaluation raises anew: names of escalations, and their keys."""
        card = self._occasions.card_of(read.record) if raised else None
        if card is None:
            return
        by_id = {each.id: each for each in card.escalations}
        for name, key in raised:
            if name in by_id:
                occasion = self._occasions.of_evaluation(key, by_id[name], card, read.record, read.call)
                self._raise(by_id[name], occasion)

    def _touched(self, kind: str) -> None:
        """What the operation's escalations raise over windows of a kind in which something is new."""
        prefix = f"window {kind} "
        own = self._ledger.store.bytewise
        where = f"name {own} >= ? AND name {own} < ? ORDER BY name LIMIT {WINDOWS}"
        while True:
            with self._ledger.writing():
                marks = self._ledger.select("marks", where, (prefix, prefix[:-1] + "!"))
                for each in marks:
                    for standing in self._standing[kind]:
                        self._window(standing, str(each["name"])[len(prefix) :])
                done = [(each["name"],) for each in marks]
                self._ledger.store.write_many("DELETE FROM marks WHERE name = ?", done)
                self._keeper.flush(self._ledger)
            if len(marks) < WINDOWS:
                return

    def _seen_before(self) -> None:
        """Look again at windows about which something was raised and in which nothing is new."""
        by_id = {each.id: each for each in self._setting.standing}
        with self._ledger.writing():
            alarms = self._ledger.select("alarms", "active = 1 AND last_seen < ?", (stamp(self._now),))
            for name, key in sorted({(str(each["escalation"]), str(each["over_key"])) for each in alarms}):
                if name in by_id:
                    self._window(by_id[name], key)
            self._keeper.flush(self._ledger)

    def _window(self, standing: StandingEscalation, key: str) -> None:
        """Open, keep or end the alarms of one window."""
        ours = standing.rule is None or self._plugged.built_in("rules", standing.rule)
        window = (self._windows if ours else self._for_strangers).of(standing.over, key, standing.id)
        found = self._found(standing, window)
        if found is None:
            return
        by_what = {(each.about, each.warning): each for each in found}
        alarms = self._ledger.select("alarms", "escalation = ? AND over_key = ?", (standing.id, key))
        known = {(str(each["about"]), bool(each["warning"])): each for each in alarms}
        for what, raised in by_what.items():
            self._alarm(standing, window, raised, known.get(what))
        for what, alarm in known.items():
            if what not in by_what and alarm["active"]:
                row = {"escalation": standing.id, "over_key": key, "about": what[0], "warning": int(what[1])}
                self._ledger.change("alarms", row, active=0, last_seen=stamp(self._now))

    def _alarm(
        self, standing: StandingEscalation, window: Window, raised: Raise, before: Mapping[str, Any] | None
    ) -> None:
        """Raise what was not raised yet; what is found again is only remembered, unless it happened anew since."""
        now = stamp(self._now)
        row: Record = {
            "escalation": standing.id, "over_key": window.key, "about": raised.about, "warning": int(raised.warning),
        }  # fmt: skip
        if before is not None and not self._anew(before, raised):
            self._ledger.put("alarms", [{**before, "active": 1, "last_seen": now}])
            return
        episode = int(before["episode"]) + 1 if before else 1
        details = {"evaluations": list(raised.evaluations), "reason": raised.reason}
        kept = {**row, "episode": episode, "active": 1, "since": now, "last_seen": now, "details": details}
        self._ledger.put("alarms", [kept])
        key = key_of("window", standing.id, window.key, raised.about, int(raised.warning), episode)
        about = About(window.over.kind, window.key, _team_of(window))
        self._raise(standing, self._occasions.over_window(key, standing, about, raised))

    def _anew(self, alarm: Mapping[str, Any], raised: Raise) -> bool:
        """Whether what was raised before, and is found again, is to be raised again.

        There must be newer evidence; and what was opened for it must be done with, or none of the evidence is the old.
        What never ended is only raised again where something was opened for it, and is done with. A finding that was
        withdrawn is not opened again over the evidence that it was opened for.
        """
        known = set((alarm["details"] or {}).get("evaluations", ()))
        ended, evidence = not alarm["active"], set(raised.evaluations)
        if evidence <= known:
            return ended and not evidence
        if ended and known.isdisjoint(evidence):
            return True
        values = (alarm["escalation"], alarm["over_key"], alarm["about"], alarm["warning"])
        states = [str(row["state"]) for row in self._ledger.rows(_OPENED, values * 2)]
        done = (*DONE, "in error") if known.isdisjoint(evidence) else DONE
        return all(state in done for state in states) and (ended or bool(states))

    def _found(self, standing: StandingEscalation, window: Window) -> Sequence[Raise] | None:
        """What the condition or the rule finds in a window; None where the rule fails, and nothing is known."""
        if standing.when is not None:
            known: dict[str, float | None] = {}
            if not holds(standing.when, lambda name: known.setdefault(name, figure_of(window, name))):
                return ()
            seen = {name: value for name, value in known.items() if value is not None}
            told = ", ".join(f"{name} {value:.4g}" for name, value in seen.items())
            of_question = window.over.kind == "question"
            ids = dict.fromkeys(each.evaluation_id for each in (window.misses if of_question else window.facts))
            questions = (window.key.partition("/")[2],) if of_question else _often(window)
            measures = mended_by(standing.when, seen)
            said = f"{window.over.kind} {window.key}: {told}"
            return [Raise(said, "", tuple(ids), questions, figures=seen, measures=measures)]
        return self._plugged.found(standing.rule, window, standing.id) if standing.rule is not None else ()

    def _raise(self, escalation: Escalation | StandingEscalation, occasion: Occasion) -> None:
        """Ask the actions of an escalation, keep what they open, and remember those that fail.

        Of a warning people are told, and nothing else follows: by the actions that are made for warnings, or where
        there is none by a notice to the supervisor.
        """
        opened: list[Opened] = []
        uses = list(enumerate(escalation.do))
        if occasion.raised is not None and occasion.raised.warning:
            uses = [(place, use) for place, use in uses if self._plugged.warns(use)]
            opened = [] if uses else [Notice(("supervisor",))]
        for place, use in uses:
            answered = self._plugged.opens(use, occasion)
            opened += answered.found or ()
            if answered.found is None:
                now, calendar = self._now, self._setting.calendar
                row = failed(occasion.key, place, use, escalation.id, answered.error, now, calendar)
                self._keeper.add("unfinished", row)
        self._done.raised += 1
        self._count(self._keeper.keep(occasion, opened, partial(best_of, self._ledger, occasion.evaluations)))

    def _count(self, opened: Mapping[str, int]) -> None:
        for kind, count in opened.items():
            self._done.opened[kind] = self._done.opened.get(kind, 0) + count

    def _again(self) -> None:
        """Ask the actions again that failed in earlier nights."""
        again = Again(self._ledger, self._setting, self._now, self._plugged, self._occasions, self._keeper)
        while True:
            with self._ledger.writing():
                asked = again.ask(WINDOWS)
                self._keeper.flush(self._ledger)
            if asked < WINDOWS:
                break
        self._count(again.opened)
        self._done.given_up = sum(map(len, again.given_up.values()))
        self._done.problems += again.problems()

    def _tell(self, code: str, message: str, use: Use | None = None) -> None:
        if message not in self._told:
            self._told.add(message)
            self._done.problems.append(Problem(code, message, use.at if use else None))


def _team_of(window: Window) -> str | None:
    """The team of an agent, as the newest call tells it."""
    teams = (fact.team for fact in reversed(window.facts) if fact.team) if window.over.kind == "agent" else iter(())
    return next(teams, None)


def _call_of(read: Read) -> Key:
    return str(read.record["call_id"]), str(read.record["agent"] or ""), str(read.record["scorecard"])


def _names(read: Read) -> Sequence[str]:
    """The escalations that an evaluation raises; an incomplete one raises none."""
    return tuple(read.record["escalations"] or ()) if read.fact is not None else ()


def _often(window: Window) -> tuple[str, ...]:
    """The questions that were missed in a window, the most often missed first."""
    counted: dict[str, int] = {}
    for miss in window.misses:
        counted[miss.question] = counted.get(miss.question, 0) + 1
    return tuple(sorted(counted, key=lambda name: (-counted[name], name)))
