"""The night: what is new in a store becomes facts, escalations are raised, and what their actions open is kept.

A slice of evaluations is one transaction with everything that follows from it, and everything has a stable key: a night
that is broken off and run again, or run twice, or by two at once, leaves the same ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.host import Host, PluginError
from pauta.engine.model.conditions import holds
from pauta.engine.model.followup import Occasion, Opened, Raise, StandingEscalation, Window
from pauta.engine.model.moments import moment_from
from pauta.engine.model.scorecard import Escalation, Scorecard, Use
from pauta.engine.problems import Problem, ProblemsFound
from pauta.engine.seam.loaded import said
from pauta.followup.calendar import Calendar
from pauta.followup.deadlines import deadline
from pauta.followup.facts import Fresh, Key, Read, Record, in_utc, read_fresh
from pauta.followup.keeping import Keeper, NoticeRows, key_of
from pauta.followup.lives import move
from pauta.followup.people import People
from pauta.followup.sound import unsound
from pauta.followup.windows import Windows, figure_of, keys_touched
from pauta.store import AnyStore, Ledger

SLICE: Final = 500
"""So many evaluations, and all that follows from them, are one transaction."""

WINDOWS: Final = 100
"""So many windows are looked at in one transaction."""

DONE: Final = ("closed", "withdrawn", "verified")
"""The states in which nothing is left to be done."""

_OPENED: Final = """SELECT d.state FROM raised AS r JOIN duties AS d ON d.raised_key = r.key
    WHERE r.escalation = ? AND r.over_key = ? AND r.about = ? AND r.warning = ?
    UNION ALL SELECT f.state FROM raised AS r JOIN findings AS f ON f.raised_key = r.key
    WHERE r.escalation = ? AND r.over_key = ? AND r.about = ? AND r.warning = ?"""

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
        self._keeper = Keeper(setting.people, setting.rows_of_notice)
        self._windows = Windows(ledger, now, setting.calendar)
        self._for_strangers = Windows(ledger, now, setting.calendar)  # they may change what they are handed
        self._made: dict[int, Any] = {}
        self._standing: dict[str, list[StandingEscalation]] = {}
        for each in sorted(setting.standing, key=lambda each: each.over.kind != "question"):
            self._standing.setdefault(each.over.kind, []).append(each)

    def run(self) -> Night:
        """Questions come before agents: what is found to be the process's fault is not held against anybody."""
        while self._slice():
            pass
        for kind in self._standing:
            self._touched(kind)
        self._seen_before()
        return self._done

    def _slice(self) -> bool:
        """Some evaluations that are new, with all that follows from each; whether there were any."""
        with self._ledger.writing():
            after = int(self._ledger.mark("facts") or 0)
            fresh = read_fresh(self._ledger, self._setting.calendar, self._now, after=after, most=SLICE)
            if fresh.last is None:
                return False
            self._done.evaluations += len(fresh.reads)
            self._raise_by_cards(fresh)
            names = [
                {"name": f"window {kind} {key}", "value": "new"}
                for kind in self._standing
                for key in keys_touched(kind, fresh.reads)
            ]
            self._ledger.put("marks", [*names, {"name": "facts", "value": str(fresh.last)}])
            self._keeper.flush(self._ledger)
        return True

    def _raise_by_cards(self, fresh: Fresh) -> None:
        """What evaluations raise by their cards, and what is not raised any more."""
        names: dict[Key, Sequence[str]] = dict.fromkeys(fresh.gone, ())
        names |= {_call_of(read): _names(read) for read in fresh.reads}
        rows: list[Any] = self._ledger.among("raised", "call_id", {key[0] for key in names}, "over_kind = ''")
        known = {str(row["key"]) for row in rows}
        for read in fresh.reads:
            wanted = [(name, key_of("call", *_call_of(read), name)) for name in _names(read)]
            self._one(read, [(name, key) for name, key in wanted if key not in known])
        self._keeper.told_of(
            self._ledger, [(read.record, _call_of(read)) for read in fresh.reads if read.fact], self._now
        )
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
        record = read.record
        card = self._setting.card_of(record["scorecard"], record["version"], record["digest"]) if raised else None
        if card is None:
            if raised:
                what = f"{record['scorecard']}@{record['version']}"
                self._tell("E783", f"the card {what} is not there any more, so what its escalations do is not known")
            return
        by_id = {each.id: each for each in card.escalations}
        for name, key in raised:
            if name in by_id:
                self._raise(by_id[name], self._occasion_of(key, by_id[name], card, read))

    def _occasion_of(self, key: str, escalation: Escalation, card: Scorecard, read: Read) -> Occasion:
        record = read.record
        given = moment_from(str(record["evaluated_at"])) if record.get("evaluated_at") else None
        at = in_utc(given) if given is not None else self._now
        language = self._language_of(record["agent"])
        return Occasion(
            key=key,
            escalation=escalation.id,
            title=escalation.title.in_language(language, escalation.id),
            titles=escalation.title.by_language,
            source=f"card {card.name}",
            at=at,
            agent=record["agent"],
            team=record["team"],
            due=lambda duration: self._due(duration, at),
            language=language,
            evaluation=record,
            call=read.call,
        )

    def _due(self, duration: str, at: datetime) -> datetime:
        """A deadline. One that cannot be counted is told of, and raises ProblemsFound."""
        try:
            return deadline(duration, at, self._setting.calendar)
        except ProblemsFound as found:
            for problem in found.problems:
                self._tell(problem.code, problem.message)
            raise

    def _language_of(self, agent: str | None) -> str:
        return (self._setting.people.get(agent).language if agent else None) or self._setting.language

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
        ours = standing.rule is None or self._built_in("rules", standing.rule)
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
        self._raise(standing, self._occasion_over(key, standing, window, raised))

    def _anew(self, alarm: Mapping[str, Any], raised: Raise) -> bool:
        """Whether what was raised before, and is found again, is to be raised again.

        There must be newer evidence; and what was opened for it must be done with, or none of the evidence is the old.
        What never ended is only raised again where something was opened for it, and is done with.
        """
        known = set((alarm["details"] or {}).get("evaluations", ()))
        ended, evidence = not alarm["active"], set(raised.evaluations)
        if evidence <= known:
            return ended and not evidence
        if ended and known.isdisjoint(evidence):
            return True
        values = (alarm["escalation"], alarm["over_key"], alarm["about"], alarm["warning"])
        states = [str(row["state"]) for row in self._ledger.rows(_OPENED, values * 2)]
        return all(state in DONE for state in states) and (ended or bool(states))

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
            titles=standing.title.by_language,
            source=self._setting.source,
            at=self._now,
            agent=agent,
            team=team,
            due=lambda duration: self._due(duration, self._now),
            language=language,
            kind=window.over.kind,
            over_key=window.key,
            raised=raised,
        )

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
            return [Raise(f"{window.over.kind} {window.key}: {told}", "", tuple(ids), questions, figures=seen)]
        use = standing.rule
        if use is None:
            return ()
        what = f"rule '{use.name}' of escalation '{standing.id}'"
        return self._plugin("rules", use, "found", window, what)

    def _raise(self, escalation: Escalation | StandingEscalation, occasion: Occasion) -> None:
        opened: list[Opened] = []
        for use in escalation.do:
            what = f"action '{use.name}' of escalation '{escalation.id}'"
            opened += self._plugin("actions", use, "opens", occasion, what) or ()
        counted = self._keeper.keep(occasion, opened)
        self._done.raised += 1
        for kind, count in counted.items():
            self._done.opened[kind] = self._done.opened.get(kind, 0) + count

    def _built_in(self, kind: str, use: Use) -> bool:
        owner = self._setting.host.owner(kind, use.name)
        return owner is None or owner.built_in

    def _plugin(self, kind: str, use: Use, method: str, given: object, what: str) -> Sequence[Any] | None:
        """What a plugin answers, watched where it is not built in; None and a problem where it fails."""
        offered: Any = getattr(self._setting.host, kind).get(use.name)
        if offered is None:
            problem = self._setting.host.unknown(kind, use.name, use.at)
            self._tell(problem.code, problem.message, use)
            return None
        owner = self._setting.host.owner(kind, use.name)

        def work() -> Sequence[Any]:
            if id(use) not in self._made:
                self._made[id(use)] = offered(use.options)
            return list(getattr(self._made[id(use)], method)(given))

        built_in = self._built_in(kind, use)
        if isinstance(given, Occasion) and not built_in:
            given = replace(given, evaluation=deepcopy(given.evaluation), call=deepcopy(given.call))
        try:
            found = work() if owner is None or built_in else owner.run(work, what)
            wrong = () if built_in else [each for each in (unsound(method, one) for one in found) if each]
            if not wrong:
                return found
            self._tell("E784", f"{what} failed: {wrong[0]}", use)
        except PluginError as error:
            self._tell("E784", f"{what} failed: {error}", use)
        except Exception as error:  # a plugin may raise anything
            self._tell("E784", f"{what} failed: {said(error)}", use)
        return None

    def _tell(self, code: str, message: str, use: Use | None = None) -> None:
        if message not in self._told:
            self._told.add(message)
            self._done.problems.append(Problem(code, message, use.at if use else None))


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
