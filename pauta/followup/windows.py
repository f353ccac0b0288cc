"""Windows over many evaluations: which there are to look at, what is in them, and their figures.

A window is read off the ledger by an index, as far as a rule asks: its size is that of the window, not of the history.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.model.conditions import Value
from pauta.engine.model.followup import CRITICAL, Asked, Fact, Miss, Over, Window
from pauta.followup.calendar import Calendar
from pauta.followup.facts import Read
from pauta.store import Ledger

_DAY: Final = timedelta(days=1)
_COLUMN: Final = {kind: kind for kind in ("agent", "team", "scorecard", "evaluator", "call_type")}


def keys_touched(over: Over, reads: Iterable[Read]) -> list[str]:
    """The windows in which these evaluations are new, in order; a question's is `card/question`."""
    found: dict[str, None] = {}
    for each in reads:
        if over.kind == "question":
            answers = each.record["answers"]
            found |= {f"{each.record['scorecard']}/{answer['question']}": None for answer in answers}
        elif each.record[over.kind]:
            found[str(each.record[over.kind])] = None
    return list(found)


def window_of(ledger: Ledger, over: Over, key: str, until: datetime, calendar: Calendar) -> Window:
    """The window of a key that ends at a moment."""
    reader = _Reader(ledger, over, key, until, calendar)
    return Window(over, key, until, reader.facts, reader.misses, reader.asked)


class _Reader:
    """Reads what is in one window; each list once."""

    def __init__(self, ledger: Ledger, over: Over, key: str, until: datetime, calendar: Calendar) -> None:
        self._ledger, self._over, self._until = ledger, over, until
        card, _, question = key.partition("/") if over.kind == "question" else ("", "", "")
        self._question = question
        self._column = "scorecard" if over.kind == "question" else _COLUMN[over.kind]
        self._key = card if over.kind == "question" else key
        self._begin = _begin(over, until, calendar)
        self._zone = calendar.zone
        self._known: list[Fact] | None = None

    def facts(self) -> Sequence[Fact]:
        """The evaluations, oldest first."""
        if self._known is None:
            where, values = f"{self._column} = ? AND at <= ?", [self._key, stamp(self._until)]
            if self._begin is not None:
                rows = self._ledger.select(
                    "facts", f"{where} AND at >= ? ORDER BY at, call_id", [*values, stamp(self._begin)]
                )
            else:
                rows = self._ledger.select(
                    "facts", f"{where} ORDER BY at DESC, call_id DESC LIMIT {int(self._over.last or 0)}", values
                )[::-1]
            self._known = [fact_from(row) for row in rows]
        return self._known

    def misses(self) -> Sequence[Miss]:
        """What was missed in the evaluations of the window, oldest first."""
        begin = self._since()
        if begin is None:
            return ()
        where = f"{self._column} = ? AND at >= ? AND at <= ?"
        values: list[object] = [self._key, stamp(begin), stamp(self._until)]
        if self._question:
            where, values = f"{where} AND question = ?", [*values, self._question]
        rows = self._ledger.select("misses", f"{where} ORDER BY at, evaluation_id, question", values)
        found = [miss_from(row) for row in rows]
        if self._over.last is None:
            return found
        there = {each.evaluation_id for each in self.facts()}
        return [each for each in found if each.evaluation_id in there]

    def asked(self) -> Sequence[Asked]:
        """How often questions were asked and missed, by agent and day."""
        begin = self._since()
        if begin is None or self._column in ("evaluator", "call_type"):
            return ()
        days = [moment.astimezone(self._zone).date().isoformat() for moment in (begin, self._until)]
        where, values = f"{self._column} = ? AND day >= ? AND day <= ?", [self._key, *days]
        if self._question:
            where, values = f"{where} AND question = ?", [*values, self._question]
        rows = self._ledger.select("asked", f"{where} AND asked > 0 ORDER BY day, agent, question", values)
        return [_asked_from(row) for row in rows]

    def _since(self) -> datetime | None:
        """The beginning of the window; None where there is nothing in it."""
        if self._begin is not None:
            return self._begin
        facts = self.facts()
        return facts[0].at if facts else None


def _begin(over: Over, until: datetime, calendar: Calendar) -> datetime | None:
    """Where a period begins: whole days at midnight of the zone, the last of them today; None for `last n`."""
    if over.period is None:
        return None
    if over.period % _DAY:
        return until - over.period
    first = until.astimezone(calendar.zone).date() - (over.period - _DAY)
    return calendar.instant(datetime.combine(first, time()))


def figures(window: Window) -> dict[str, float]:
    """The figures of a window that conditions ask about; what cannot be told is absent.

    mean_score: of the evaluations that have a score. share_failed: of those with a verdict; of a question how often it
    was missed of how often it was asked. count: evaluations; of a question how often it was asked. failing_agents: with
    a failed evaluation; of a question with a miss. trend: the mean score of the newer half less that of the older one.
    critical_accuracy: the share of evaluations without an error of the class (SCORECARD.md section 4).
    """
    facts = window.facts
    found: dict[str, float] = {}
    scores = [fact.score for fact in facts if fact.score is not None]
    if scores:
        found["mean_score"] = sum(scores) / len(scores)
    half = len(scores) // 2
    if half:
        found["trend"] = sum(scores[-half:]) / half - sum(scores[:half]) / half
    if window.over.kind == "question":
        asked, missed = sum(each.asked for each in window.asked), sum(each.missed for each in window.asked)
        found["count"] = asked
        found["failing_agents"] = len({each.agent for each in window.asked if each.missed})
        if asked:
            found["share_failed"] = missed / asked
    else:
        verdicts = [fact for fact in facts if fact.passed is not None]
        failed = [fact for fact in verdicts if not fact.passed]
        found["count"] = len(facts)
        found["failing_agents"] = len({fact.agent for fact in failed if fact.agent})
        if verdicts:
            found["share_failed"] = len(failed) / len(verdicts)
    for harm in CRITICAL if facts else ():
        without = sum(not fact.critical.get(harm) for fact in facts)
        found[f"critical_accuracy.{harm}"] = without / len(facts)
    return found


def value_of(known: Mapping[str, float], subject: str) -> Value | None:
    """What a condition sees of the figures."""
    return known.get(subject)


def fact_from(row: Mapping[str, Any]) -> Fact:
    """A row of `facts` as rules see it."""
    details = row["details"]
    details = json.loads(details) if isinstance(details, str) else details or {}
    passed = row["passed"]
    names = ("evaluation_id", "call_id", "agent", "team", "call_type", "evaluator", "scorecard", "version")
    known: dict[str, Any] = {name: str(row[name]) for name in names}
    return Fact(
        **known,
        at=_moment(row["at"]),
        day=date.fromisoformat(str(row["day"])),
        score=row["score"],
        agent_score=row["agent_score"],
        passed=None if passed is None else bool(passed),
        non_critical=int(row["non_critical"]),
        critical={harm: int(row[harm]) for harm in CRITICAL},
        opportunities=int(row["opportunities"]),
        metrics=details.get("metrics") or {},
    )


def miss_from(row: Mapping[str, Any]) -> Miss:
    """A row of `misses` as rules see it."""
    names = ("evaluation_id", "question", "agent", "team", "scorecard")
    known: dict[str, Any] = {name: str(row[name]) for name in names}
    day = date.fromisoformat(str(row["day"]))
    fault, error = str(row["fault"]), str(row["error"] or "")
    return Miss(**known, at=_moment(row["at"]), day=day, fault=fault, error=error, credit=row["credit"])


def _asked_from(row: Mapping[str, Any]) -> Asked:
    known: dict[str, Any] = {name: str(row[name]) for name in ("scorecard", "question", "agent", "team")}
    day = date.fromisoformat(str(row["day"]))
    return Asked(**known, day=day, asked=int(row["asked"]), missed=int(row["missed"]))


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
