"""Windows over many evaluations: which there are to look at, what is in them, and their figures.

A window is read off the ledger by an index, as far as a rule asks: its size is that of the window, not of the history.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.model.conditions import Condition, holds
from pauta.engine.model.followup import FIGURES, Asked, Fact, KeptDuty, Miss, Over, Window
from pauta.followup.calendar import Calendar
from pauta.followup.facts import Read, asked_in, day_of
from pauta.store import Ledger

_DAY: Final = timedelta(days=1)
_FACT: Final = (
    "evaluation_id", "call_id", "agent", "team", "call_type", "evaluator", "scorecard", "version", "at", "day", "score",
    "agent_score", "passed", "non_critical", "customer", "business", "compliance", "opportunities", "details",
)  # fmt: skip
_MISS: Final = (
    "evaluation_id", "question", "agent", "team", "scorecard", "at", "day", "fault", "error", "credit",
)  # fmt: skip
_ASKED: Final = ("scorecard", "question", "agent", "team", "day", "asked", "missed")
_DATE: Final = date.fromisoformat
_FAR: Final = 1e300
_MEASURED: Final = ("mean_score", "share_failed")
"""Figures that can be compared between a short time and a long one, beside the critical accuracies."""

_RAISED_BEFORE: Final = 20
"""Of so many raises about one window the evidence is remembered: more do not fit into it."""


def keys_touched(kind: str, reads: Iterable[Read]) -> list[str]:
    """The windows of a kind in which these evaluations are new, in order; a question's is `card/question`."""
    found: dict[str, None] = {}
    for each in reads:
        if kind == "question":
            found |= {f"{each.record['scorecard']}/{question}": None for question, _ in asked_in(each.record)}
        elif each.record[kind]:
            found[str(each.record[kind])] = None
    return list(found)


class Windows:
    """The windows that end at one moment. What several escalations look at is read once while the key is the same."""

    def __init__(self, ledger: Ledger, until: datetime, calendar: Calendar) -> None:
        self._ledger, self._until, self._calendar = ledger, until, calendar
        self._everyone: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
        self._readers: dict[Over, _Reader] = {}
        self._key = ""

    def of(self, over: Over, key: str, escalation: str = "") -> Window:
        """The window of a key, as an escalation sees it."""
        if key != self._key:
            self._readers, self._key = {}, key
        reader = self._readers.get(over)
        if reader is None:
            reader = self._readers[over] = _Reader(
                self._ledger, over, key, self._until, self._calendar, lambda: self._mended
            )
        return Window(
            over,
            key,
            self._until,
            lambda: reader.facts,
            lambda: reader.misses,
            lambda: reader.asked,
            lambda: self._asked_of_all(reader.days),
            reader.duties,
            lambda: self._spent(escalation, key),
            lambda: self._of_process,
        )

    @cached_property
    def _of_process(self) -> frozenset[str]:
        """What was found to be missed by many; a finding about one call says nothing of the others."""
        query = """SELECT r.over_key FROM findings AS f JOIN raised AS r ON r.key = f.raised_key
            WHERE f.state NOT IN ('verified', 'withdrawn') AND r.over_kind = 'question'"""
        return frozenset(str(row["over_key"]) for row in self._ledger.rows(query))

    @cached_property
    def _mended(self) -> dict[str, str]:
        """Of questions that many missed until it was mended the day of the fix: until then nobody missed them alone."""
        query = """SELECT r.over_key, max(f.fixed_at) AS fixed_at FROM findings AS f
            JOIN raised AS r ON r.key = f.raised_key WHERE f.state = 'verified' AND f.fixed_at IS NOT NULL
            AND r.over_kind = 'question' GROUP BY r.over_key"""
        return {
            str(row["over_key"]): day_of(_moment(row["fixed_at"]), self._calendar).isoformat()
            for row in self._ledger.rows(query)
        }

    def _asked_of_all(self, days: tuple[str, str] | None) -> dict[str, tuple[int, int]]:
        if days is None:
            return {}
        if days not in self._everyone:
            query = """SELECT scorecard, question, sum(asked) AS asked, sum(missed) AS missed FROM asked
                WHERE day >= ? AND day <= ? GROUP BY scorecard, question"""
            self._everyone[days] = {
                f"{row['scorecard']}/{row['question']}": (int(str(row["asked"])), int(str(row["missed"])))
                for row in self._ledger.rows(query, days)
            }
        return self._everyone[days]

    def _spent(self, escalation: str, key: str) -> frozenset[str]:
        where = f"escalation = ? AND over_key = ? AND warning = 0 ORDER BY at DESC LIMIT {_RAISED_BEFORE}"
        rows: list[Any] = self._ledger.select("raised", where, (escalation, key))
        return frozenset(name for row in rows for name in row["details"].get("evaluations", ()))


class _Reader:
    """Reads what is in one window; each list once."""

    def __init__(
        self,
        ledger: Ledger,
        over: Over,
        key: str,
        until: datetime,
        calendar: Calendar,
        mended: Callable[[], Mapping[str, str]],
    ) -> None:
        self._ledger, self._over, self._until, self._mended = ledger, over, until, mended
        card, _, question = key.partition("/") if over.kind == "question" else ("", "", "")
        self._question = question
        self._column = "scorecard" if over.kind == "question" else over.kind
        self._key = card if over.kind == "question" else key
        self._begin = _begin(over, until, calendar)
        self._zone = calendar.zone

    @cached_property
    def facts(self) -> Sequence[Fact]:
        """The evaluations, oldest first."""
        where, values = f"{self._column} = ? AND at <= ?", [self._key, stamp(self._until)]
        if self._begin is not None:
            where, values = f"{where} AND at >= ? ORDER BY at, call_id", [*values, stamp(self._begin)]
            return [_fact(row) for row in self._ledger.cells("facts", _FACT, where, values)]
        where = f"{where} ORDER BY at DESC, call_id DESC LIMIT {int(self._over.last or 0)}"
        return [_fact(row) for row in self._ledger.cells("facts", _FACT, where, values)[::-1]]

    @cached_property
    def misses(self) -> Sequence[Miss]:
        """What was missed in the evaluations of the window, oldest first."""
        begin = self._since
        if begin is None:
            return ()
        where = f"{self._column} = ? AND at >= ? AND at <= ?"
        values: list[object] = [self._key, stamp(begin), stamp(self._until)]
        if self._question:
            where, values = f"{where} AND question = ?", [*values, self._question]
        rows = self._ledger.cells("misses", _MISS, f"{where} ORDER BY at, evaluation_id, question", values)
        mended = self._mended() if rows else {}
        found = [
            Miss(
                evaluation, question, agent, team, card, _moment(at), _DATE(day),
                "process" if fault == "agent" and mended and day <= mended.get(f"{card}/{question}", "") else fault,
                error, credit,
            )
            for evaluation, question, agent, team, card, at, day, fault, error, credit in rows
        ]  # fmt: skip
        if self._over.last is None:
            return found
        there = {each.evaluation_id for each in self.facts}
        return [each for each in found if each.evaluation_id in there]

    @cached_property
    def asked(self) -> Sequence[Asked]:
        """How often questions were asked and missed, by agent and day."""
        if self.days is None or self._column in ("evaluator", "call_type"):
            return ()
        where, values = f"{self._column} = ? AND day >= ? AND day <= ?", [self._key, *self.days]
        if self._question:
            where, values = f"{where} AND question = ?", [*values, self._question]
        rows = self._ledger.cells("asked", _ASKED, f"{where} AND asked > 0 ORDER BY day, agent, question", values)
        return [
            Asked(card, question, agent, team, _DATE(day), asked, missed)
            for card, question, agent, team, day, asked, missed in rows
        ]

    @cached_property
    def days(self) -> tuple[str, str] | None:
        """The first and the last day of the window; None where there is nothing in it."""
        begin = self._since
        if begin is None:
            return None
        first, last = (moment.astimezone(self._zone).date().isoformat() for moment in (begin, self._until))
        return first, last

    def duties(self) -> Sequence[KeptDuty]:
        """What was opened for the agent before."""
        if self._over.kind != "agent":
            return ()
        where = "agent = ? AND opened_at <= ? ORDER BY opened_at, id"
        rows = self._ledger.select("duties", where, (self._key, stamp(self._until)))
        return [
            KeptDuty(str(row["id"]), str(row["kind"]), _moment(row["opened_at"]), str(row["state"])) for row in rows
        ]

    @cached_property
    def _since(self) -> datetime | None:
        """The beginning of the window; None where there is nothing in it."""
        if self._begin is not None:
            return self._begin
        return self.facts[0].at if self.facts else None


def _begin(over: Over, until: datetime, calendar: Calendar) -> datetime | None:
    """Where a period begins: whole days at midnight of the zone, the last of them today; None for `last n`."""
    if over.period is None:
        return None
    if over.period % _DAY:
        return until - over.period
    first = until.astimezone(calendar.zone).date() - (over.period - _DAY)
    return calendar.instant(datetime.combine(first, time()))


def figures(window: Window) -> dict[str, float]:
    """All figures of a window; what cannot be told is absent."""
    found = {name: figure_of(window, name) for name in FIGURES}
    return {name: value for name, value in found.items() if value is not None}


def figure_of(window: Window, name: str) -> float | None:
    """A figure that conditions ask about; None where it cannot be told, and for what is no figure.

    mean_score: of the evaluations that have a score. share_failed: of those with a verdict; of a question how often it
    was missed of how often it was asked. count: evaluations; of a question how often it was asked. failing_agents: with
    a failed evaluation; of a question with a miss. trend: the mean score of the newer half less that of the older one.
    critical_accuracy: the share of evaluations without an error of the class (SCORECARD.md section 4).
    """
    if name in ("mean_score", "trend"):
        return _of_scores(name, [fact.score for fact in window.facts if fact.score is not None])
    if name.startswith("critical_accuracy."):
        harm = name.partition(".")[2]
        return _share(not fact.critical.get(harm) for fact in window.facts)
    if window.over.kind == "question":
        return _of_question(name, window.asked)
    if name == "count":
        return len(window.facts)
    verdicts = [fact for fact in window.facts if fact.passed is not None]
    if name == "share_failed":
        return _share(not fact.passed for fact in verdicts)
    if name == "failing_agents":
        return len({fact.agent for fact in verdicts if fact.agent and not fact.passed})
    return None


def mended_by(condition: Condition, figures: Mapping[str, float]) -> dict[str, bool]:
    """Of the figures that a condition saw those by which can be told that it was mended: whether by falling.

    A figure whose greatest value lets the condition hold, and its least does not, must fall.
    """

    def with_value(name: str, value: float) -> bool:
        return holds(condition, lambda each: value if each == name else figures.get(each))

    found = {}
    for name in figures:
        if name in _MEASURED or name.startswith("critical_accuracy."):
            high, low = with_value(name, _FAR), with_value(name, -_FAR)
            found[name] = high if high is not low else name == "share_failed"
    return found


def facts_between(ledger: Ledger, kind: str, key: str, begin: datetime | None, end: datetime) -> Sequence[Fact]:
    """The evaluations of an agent, team, card, .. from one moment up to before another, oldest first."""
    where, values = f"{kind} = ? AND at < ?", [key, stamp(end)]
    if begin is not None:
        where, values = f"{where} AND at >= ?", [*values, stamp(begin)]
    return [_fact(row) for row in ledger.cells("facts", _FACT, f"{where} ORDER BY at, call_id", values)]


def _of_scores(name: str, scores: Sequence[float]) -> float | None:
    half = len(scores) // 2
    if name == "trend":
        return sum(scores[-half:]) / half - sum(scores[:half]) / half if half else None
    return sum(scores) / len(scores) if scores else None


def _of_question(name: str, counts: Sequence[Asked]) -> float | None:
    asked, missed = sum(each.asked for each in counts), sum(each.missed for each in counts)
    if name == "share_failed":
        return missed / asked if asked else None
    if name == "failing_agents":
        return len({each.agent for each in counts if each.missed and each.agent})
    return asked if name == "count" else None


def _share(truths: Iterable[bool]) -> float | None:
    listed = list(truths)
    return sum(listed) / len(listed) if listed else None


def _fact(row: Sequence[Any]) -> Fact:
    """A row of `facts` as rules see it."""
    evaluation, call, agent, team, call_type, evaluator, card, version, at, day, *result = row
    score, agent_score, passed, non_critical, customer, business, compliance, opportunities, details = result
    details = json.loads(details) if isinstance(details, str) else details
    return Fact(
        evaluation,
        call,
        agent,
        team,
        call_type,
        evaluator,
        card,
        version,
        _moment(at),
        _DATE(day),
        score,
        agent_score,
        None if passed is None else bool(passed),
        non_critical,
        {"customer": customer, "business": business, "compliance": compliance},
        opportunities,
        (details or {}).get("metrics") or {},
    )


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
