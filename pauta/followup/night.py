"""The night: what is new in a store becomes facts, escalations are raised, and what their actions open is kept.

A slice of evaluations is one transaction with everything that follows from it, and everything has a stable key: a night
that is broken off and run again, or run twice, or by two at once, leaves the same ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.host import Host, PluginError
from pauta.engine.model.conditions import holds
from pauta.engine.model.followup import Occasion, Opened, Raise, StandingEscalation, Window
from pauta.engine.model.moments import moment_from
from pauta.engine.model.scorecard import Escalation, Scorecard, Use
from pauta.engine.problems import Problem
from pauta.engine.seam.loaded import said
from pauta.followup.calendar import Calendar
from pauta.followup.deadlines import deadline
from pauta.followup.facts import Read, Record, read_fresh
from pauta.followup.keeping import NoticeRows, keep, key_of, was_raised
from pauta.followup.people import People
from pauta.followup.windows import figures, keys_touched, value_of, window_of
from pauta.store import AnyStore, Ledger

SLICE: Final = 500
"""So many evaluations, and all that follows from them, are one transaction."""

CardOf = Callable[[str, str, str], Scorecard | None]
"""The card of an evaluation, by id, version and digest."""


@dataclass
class Night:
    """What a night did: evaluations read, occasions raised, and how many duties, notices, .. were opened."""

    evaluations: int = 0
    raised: int = 0
    opened: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


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


def run_night(store: AnyStore, setting: Setting, now: datetime) -> Night:
    """Follow up everything that is new in a store. Plugins that fail cost what they were to make, and are told of."""
    return _Night(store.ledger(), setting, now).run()


class _Night:
    def __init__(self, ledger: Ledger, setting: Setting, now: datetime) -> None:
        self._ledger, self._setting, self._now = ledger, setting, now
        self._done = Night()
        self._told: set[str] = set()

    def run(self) -> Night:
        while True:
            with self._ledger.writing():
                after = int(self._ledger.mark("facts") or 0)
                reads, last = read_fresh(self._ledger, self._setting.calendar, self._now, after=after, most=SLICE)
                if last == after:
                    break
                for each in reads:
                    self._done.evaluations += 1
                    self._one(each)
                for standing in self._setting.standing:
                    keys = keys_touched(standing.over, reads)
                    self._ledger.put("marks", [{"name": f"window {standing.id} {key}", "value": "new"} for key in keys])
                self._ledger.set_mark("facts", str(last))
        for standing in self._setting.standing:
            self._many(standing)
        return self._done

    def _one(self, read: Read) -> None:
        """What one evaluation raises by its card."""
        record = read.record
        names = record["escalations"] or ()
        card = self._setting.card_of(record["scorecard"], record["version"], record["digest"]) if names else None
        if card is None:
            if names:
                what = f"{record['scorecard']}@{record['version']}"
                self._tell("E783", f"the card {what} is not there any more, so what its escalations do is not known")
            return
        by_id = {each.id: each for each in card.escalations}
        for name in names:
            key = key_of("evaluation", record["evaluation_id"], name)
            if name in by_id and not was_raised(self._ledger, key):
                self._raise(by_id[name], self._occasion_of(key, by_id[name], card, read))

    def _occasion_of(self, key: str, escalation: Escalation, card: Scorecard, read: Read) -> Occasion:
        record = read.record
        given = moment_from(str(record["evaluated_at"])) if record.get("evaluated_at") else None
        at = given.astimezone(UTC) if given is not None and given.tzinfo is not None else self._now
        language = self._language_of(record["agent"])
        return Occasion(
            key=key,
            escalation=escalation.id,
            title=escalation.title.in_language(language, escalation.id),
            source=f"card {card.name}",
            at=at,
            agent=record["agent"],
            team=record["team"],
            due=lambda duration: deadline(duration, at, self._setting.calendar),
            language=language,
            evaluation=record,
            call=read.call,
        )

    def _language_of(self, agent: str | None) -> str:
        return (self._setting.people.get(agent).language if agent else None) or self._setting.language

    def _many(self, standing: StandingEscalation) -> None:
        """What an escalation of the operation raises over windows with something new, or about which it was raised."""
        prefix = f"window {standing.id} "
        while True:
            with self._ledger.writing():
                where = "name >= ? AND name < ? ORDER BY name LIMIT ?"
                marks = self._ledger.select("marks", where, (prefix, prefix + "\U0010ffff", SLICE))
                for each in marks:
                    self._window(standing, str(each["name"])[len(prefix) :])
                    self._ledger.delete("marks", "name = ?", (each["name"],))
            if len(marks) < SLICE:
                break
        with self._ledger.writing():
            where = "escalation = ? AND active = 1 AND last_seen < ?"
            for key in dict.fromkeys(
                str(each["over_key"]) for each in self._ledger.select("alarms", where, (standing.id, stamp(self._now)))
            ):
                self._window(standing, key)

    def _window(self, standing: StandingEscalation, key: str) -> None:
        """Open, keep or end the alarms of one window."""
        window = window_of(self._ledger, standing.over, key, self._now, self._setting.calendar)
        found = {(each.about, each.warning): each for each in self._found(standing, window)}
        alarms = self._ledger.select("alarms", "escalation = ? AND over_key = ?", (standing.id, key))
        known = {(str(each["about"]), bool(each["warning"])): each for each in alarms}
        for what, raised in found.items():
            self._alarm(standing, window, raised, known.get(what))
        for what, alarm in known.items():
            if what not in found and alarm["active"]:
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
        details = {"evaluations": list(raised.evaluations), "reason": raised.reason}
        if before is not None and before["active"] and not self._anew(before, raised):
            self._ledger.put("alarms", [{**before, **row, "last_seen": now, "details": before["details"]}])
            return
        episode = int(before["episode"]) + 1 if before else 1
        kept = {**row, "episode": episode, "active": 1, "since": now, "last_seen": now, "details": details}
        self._ledger.put("alarms", [kept])
        key = key_of("window", standing.id, window.key, raised.about, int(raised.warning), episode)
        if not was_raised(self._ledger, key):
            self._raise(standing, self._occasion_over(key, standing, window, raised))

    def _anew(self, alarm: Mapping[str, Any], raised: Raise) -> bool:
        """Whether it happened again after all that was opened for it was closed."""
        known = set((alarm["details"] or {}).get("evaluations", ()))
        if not raised.evaluations or set(raised.evaluations) <= known:
            return False
        query = """SELECT count(*) AS open FROM raised AS r JOIN duties AS d ON d.raised_key = r.key
            WHERE r.escalation = ? AND r.over_key = ? AND r.about = ? AND d.state <> 'closed'"""
        values = (alarm["escalation"], alarm["over_key"], alarm["about"])
        still_open = self._ledger.rows(query, values)[0]["open"]
        any_duty = self._ledger.rows(query.replace("AND d.state <> 'closed'", ""), values)[0]["open"]
        return bool(any_duty) and not still_open

    def _occasion_over(self, key: str, standing: StandingEscalation, window: Window, raised: Raise) -> Occasion:
        agent = window.key if window.over.kind == "agent" else None
        team = window.key if window.over.kind == "team" else None
        if agent is not None:
            team = next((fact.team for fact in reversed(window.facts) if fact.team), None)
        language = self._language_of(agent)
        return Occasion(
            key=key,
            escalation=standing.id,
            title=standing.title.in_language(language, standing.id),
            source=self._setting.source,
            at=self._now,
            agent=agent,
            team=team,
            due=lambda duration: deadline(duration, self._now, self._setting.calendar),
            language=language,
            kind=window.over.kind,
            over_key=window.key,
            raised=raised,
        )

    def _found(self, standing: StandingEscalation, window: Window) -> Sequence[Raise]:
        """What the condition or the rule finds in a window; nothing where the rule fails."""
        if standing.when is not None:
            known = figures(window)
            if not holds(standing.when, lambda subject: value_of(known, subject)):
                return ()
            said_of = ", ".join(f"{name} {value:.4g}" for name, value in known.items())
            ids = tuple(fact.evaluation_id for fact in window.facts)
            questions = (window.key.partition("/")[2],) if window.over.kind == "question" else _often(window)
            return [Raise(f"{window.over.kind} {window.key}: {said_of}", "", ids, questions, figures=known)]
        use = standing.rule
        if use is None:
            return ()
        what = f"rule '{use.name}' of escalation '{standing.id}'"
        return self._plugin("rules", use, "found", window, what) or ()

    def _raise(self, escalation: Escalation | StandingEscalation, occasion: Occasion) -> None:
        opened: list[Opened] = []
        for use in escalation.do:
            what = f"action '{use.name}' of escalation '{escalation.id}'"
            opened += self._plugin("actions", use, "opens", occasion, what) or ()
        counted = keep(self._ledger, occasion, opened, self._setting.people, self._setting.rows_of_notice)
        self._done.raised += 1
        for kind, count in counted.items():
            self._done.opened[kind] = self._done.opened.get(kind, 0) + count

    def _plugin(self, kind: str, use: Use, method: str, given: object, what: str) -> Sequence[Any] | None:
        """What a plugin answers, watched where it is not built in; None and a problem where it fails."""
        offered: Any = getattr(self._setting.host, kind).get(use.name)
        if offered is None:
            problem = self._setting.host.unknown(kind, use.name, use.at)
            self._tell(problem.code, problem.message, use)
            return None
        owner = self._setting.host.owner(kind, use.name)

        def work() -> Sequence[Any]:
            return list(getattr(offered(use.options), method)(given))

        try:
            return work() if owner is None or owner.built_in else owner.run(work, what)
        except PluginError as error:
            self._tell("E784", f"{what} failed: {error}", use)
        except Exception as error:  # a plugin may raise anything
            self._tell("E784", f"{what} failed: {said(error)}", use)
        return None

    def _tell(self, code: str, message: str, use: Use | None = None) -> None:
        if message not in self._told:
            self._told.add(message)
            self._done.problems.append(Problem(code, message, use.at if use else None))


def _often(window: Window) -> tuple[str, ...]:
    """The questions that were missed in a window, the most often missed first."""
    counted: dict[str, int] = {}
    for miss in window.misses:
        counted[miss.question] = counted.get(miss.question, 0) + 1
    return tuple(sorted(counted, key=lambda name: (-counted[name], name)))
