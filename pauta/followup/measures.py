"""Whether the measured target of a plan came, and whether the fix of a finding helped: figures before and after.

What is measured is a question (`asked_name`, or `card/asked_name`), a section's or the whole `score`, `agent_score`, or
a metric of the calls (`metrics.csat`, `duration_s`). A question is measured in the share of calls in which it was not
missed, in per cent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from pauta.engine.model.followup import Fact, Over, Window
from pauta.followup.calendar import Calendar
from pauta.followup.facts import day_of
from pauta.followup.windows import facts_between, figure_of
from pauta.store import Ledger

_DAY: Final = timedelta(days=1)

_NUMBER = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure before and since a moment, each with how many calls it comes from; None where there are none.

    falls: whether the target is reached by falling; None where nothing tells.
    """

    measure: str
    before: float | None
    before_calls: int
    since: float | None
    since_calls: int
    target: float | None = None
    falls: bool | None = False

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached since; None where that cannot be told."""
        if self.since is None or self.target is None or self.falls is None:
            return None
        return self.since <= self.target if self.falls else self.since >= self.target


def measured_plan(ledger: Ledger, duty: Mapping[str, Any]) -> Measured:
    """What a plan is measured by, before it was opened and since."""
    details = duty["details"] or {}
    measure = str(details.get("measured_by") or "agent_score")
    found = _NUMBER.search(str(details.get("target", "")))
    target = float(found[0].replace(",", ".")) if found else None
    since = str(duty["opened_at"])
    day = str(duty.get("day") or since[:10])
    before, after = (_figure(ledger, str(duty["agent"]), measure, since, day, later) for later in (False, True))
    rises = _is_question(measure) or "score" in measure or measure.startswith("section.")
    if not rises and before[0] is None:
        return Measured(measure, *before, *after, target, falls=None)
    falls = not rises and target is not None and before[0] is not None and before[0] > target
    return Measured(measure, *before, *after, target, falls)


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure by which a fix is judged: before it and since, and from how many calls since; None where none tell.

    share: whether it is the share of calls in which a question was missed. falls: whether it is mended by falling.
    """

    name: str
    before: float | None
    since: float | None
    calls: int
    share: bool = True
    falls: bool = True

    @property
    def mended(self) -> bool | None:
        """Whether the fix helped; None where that cannot be told. What was never missed is mended if it stays so."""
        if self.before is None or self.since is None:
            return None
        if self.share and self.before == self.since == 0:
            return True
        return self.since < self.before if self.falls else self.since > self.before

    @property
    def text(self) -> str:
        """What the calls say."""
        if self.before is None or self.since is None:
            return f"{self.name}: no calls {'since' if self.since is None else 'before'}"
        if self.share:
            return f"missed in {self.before:.0%} of calls before, {self.since:.0%} of {self.calls} since"
        return f"{self.name} was {self.before:.4g}, is {self.since:.4g} ({self.calls} calls)"


def judged_finding(ledger: Ledger, finding: Mapping[str, Any], calendar: Calendar, now: datetime) -> list[Judged]:
    """The figures by which the fix of a finding is judged; nothing before the fix.

    All the questions that it names, each among the calls of the agent or team that it is about; where it is not about
    questions, the figures that raised it. Before the fix are the days from the first evaluation that shows the fault;
    the day of the fix counts to neither.
    """
    if not finding["fixed_at"]:
        return []
    details = finding["details"] or {}
    fixed = day_of(datetime.fromisoformat(str(finding["fixed_at"])), calendar)
    shown = ledger.among("facts", "evaluation_id", details.get("evaluations") or ())
    first = min((date.fromisoformat(str(each["day"])) for each in shown), default=None)
    raised = ledger.one("raised", "key = ?", (finding["raised_key"],)) or {}
    kind, key = str(raised.get("over_kind") or ""), str(raised.get("over_key") or "")
    measures: Mapping[str, bool] = details.get("measures") or {}
    if measures and kind:
        return _figures(ledger, (kind, key), measures, (first, fixed), calendar, now)
    names = details.get("questions") or ([finding["question"]] if finding["question"] else [])
    found = []
    for name in names:
        card, _, question = str(name).rpartition("/")
        where: dict[str, str] = {"question": question}
        where |= {"scorecard": card or str(finding["scorecard"])} if card or finding["scorecard"] else {}
        where |= {kind: key} if kind in ("agent", "team") else {}
        before, _ = _share(ledger, where, first, fixed)
        since, calls = _share(ledger, where, fixed + _DAY, None)
        found.append(Judged(str(name), before, since, calls))
    return found


def _share(ledger: Ledger, where: Mapping[str, str], first: date | None, end: date | None) -> tuple[float | None, int]:
    """The share of calls in which a question was missed, from a day up to before another, and of how many calls."""
    parts, values = [f"{name} = ?" for name in where], list(where.values())
    for compare, day in ((">=", first), ("<", end)):
        if day is not None:
            parts, values = [*parts, f"day {compare} ?"], [*values, day.isoformat()]
    query = f"SELECT sum(asked) AS asked, sum(missed) AS missed FROM asked WHERE {' AND '.join(parts)}"  # noqa: S608
    row = ledger.rows(query, values)[0]
    asked, missed = int(str(row["asked"] or 0)), int(str(row["missed"] or 0))
    return (missed / asked if asked else None), asked


def _figures(
    ledger: Ledger,
    over: tuple[str, str],
    measures: Mapping[str, bool],
    days: tuple[date | None, date],
    calendar: Calendar,
    now: datetime,
) -> list[Judged]:
    """Figures of a window's evaluations from the first day up to that of a fix, and from the day after it on."""
    kind, key = over
    first, fixed, after = (
        calendar.instant(datetime.combine(day, time())) if day else None for day in (days[0], days[1], days[1] + _DAY)
    )
    assert fixed is not None
    before = facts_between(ledger, kind, key, first, fixed)
    since = facts_between(ledger, kind, key, after, now)
    found = []
    for name, falls in measures.items():
        (was, _), (is_now, calls) = (_of_facts(kind, key, each, name, now) for each in (before, since))
        found.append(Judged(name, was, is_now, calls, share=False, falls=falls))
    return found


def _of_facts(kind: str, key: str, facts: Sequence[Fact], name: str, now: datetime) -> tuple[float | None, int]:
    """A figure of some evaluations, and from how many it comes."""
    if name in ("score", "agent_score") or name.startswith("metrics."):
        metric = name.removeprefix("metrics.")
        given = (getattr(each, name) if metric == name else each.metrics.get(metric) for each in facts)
        values = [float(value) for value in given if value is not None]
        return (sum(values) / len(values) if values else None), len(values)
    window = Window(Over(kind, last=len(facts)), key, now, lambda: facts, tuple, tuple)
    return figure_of(window, name), len(facts)


def _is_question(measure: str) -> bool:
    return measure not in ("score", "agent_score", "duration_s") and not measure.startswith(("metrics.", "section."))


def _figure(ledger: Ledger, agent: str, measure: str, moment: str, day: str, later: bool) -> tuple[float | None, int]:
    """The mean of a measure for an agent before a moment, or since it. day: of the moment."""
    if _is_question(measure):
        compare = ">" if later else "<="  # by days: that of the plan still counts to what was before
        card, _, question = measure.rpartition("/")
        where = f"agent = ? AND question = ? AND day {compare} ?" + (" AND scorecard = ?" if card else "")
        query = f"SELECT sum(asked) AS asked, sum(missed) AS missed FROM asked WHERE {where}"  # noqa: S608
        row = ledger.rows(query, (agent, question, day, *([card] if card else [])))[0]
        asked, missed = int(str(row["asked"] or 0)), int(str(row["missed"] or 0))
        return (100.0 * (1 - missed / asked) if asked else None), asked
    compare = ">=" if later else "<"
    rows = ledger.select("facts", f"agent = ? AND at {compare} ? ORDER BY at", (agent, moment))
    values = [value for row in rows if (value := _value(ledger, row, measure)) is not None]
    return (sum(values) / len(values) if values else None), len(values)


def _value(ledger: Ledger, row: Mapping[str, Any], measure: str) -> float | None:
    if measure in ("score", "agent_score"):
        return _number(row[measure])
    if measure.startswith("section."):
        record: Mapping[str, Any] = ledger.store.evaluation(str(row["evaluation_id"])) or {}
        sections: Sequence[Mapping[str, Any]] = record.get("sections") or ()
        wanted = measure.removeprefix("section.")
        return next((_number(each["score"]) for each in sections if each["section"] == wanted), None)
    metrics = (row["details"] or {}).get("metrics", {})
    return _number(metrics.get(measure.removeprefix("metrics.")))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
