"""Whether the measured target of a plan came, and whether the fix of a finding helped: figures before and after.

What is measured is a question (`asked_name`, or `card/asked_name`), a section's or the whole `score`, `agent_score`, or
a metric of the calls (`metrics.csat`, `duration_s`). A question is measured in the share of calls in which it was not
missed, in per cent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pauta.store import Ledger

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
    before, after = (_figure(ledger, str(duty["agent"]), measure, since, later) for later in (False, True))
    rises = _is_question(measure) or "score" in measure or measure.startswith("section.")
    if not rises and before[0] is None:
        return Measured(measure, *before, *after, target, falls=None)
    falls = not rises and target is not None and before[0] is not None and before[0] > target
    return Measured(measure, *before, *after, target, falls)


def share_missed(
    ledger: Ledger, scorecard: str, question: str, *, after: str = "", before: str = "~"
) -> tuple[float | None, int]:
    """The share of calls in which a question was missed, after a day and before a day; and of how many calls."""
    query = """SELECT sum(asked) AS asked, sum(missed) AS missed FROM asked
        WHERE scorecard = ? AND question = ? AND day > ? AND day < ?"""
    row = ledger.rows(query, (scorecard, question, after, before))[0]
    asked, missed = int(str(row["asked"] or 0)), int(str(row["missed"] or 0))
    return (missed / asked if asked else None), asked


def _is_question(measure: str) -> bool:
    return measure not in ("score", "agent_score", "duration_s") and not measure.startswith(("metrics.", "section."))


def _figure(ledger: Ledger, agent: str, measure: str, moment: str, later: bool) -> tuple[float | None, int]:
    """The mean of a measure for an agent before a moment, or since it."""
    if _is_question(measure):
        compare = ">" if later else "<="  # by days: that of the plan still counts to what was before
        card, _, question = measure.rpartition("/")
        where = f"agent = ? AND question = ? AND day {compare} ?" + (" AND scorecard = ?" if card else "")
        query = f"SELECT sum(asked) AS asked, sum(missed) AS missed FROM asked WHERE {where}"  # noqa: S608
        row = ledger.rows(query, (agent, question, moment[:10], *([card] if card else [])))[0]
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
