"""A dry run of escalations: what a card would have raised over results that are there, day by day, on a copy.

The stored answers are scored again by the card and kept in a database of their own that is thrown away; every day of
them gets its night and its messages, as in the operation. So whatever holds there (one occasion raised once, groups,
intervals, inhibition, windows, plugins) holds here, and nothing of the operation is touched.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from pauta.engine.delivery import stamp
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.records import records
from pauta.engine.model.calls import ENGINE, Call, HumanEvaluation, batch_of
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem
from pauta.followup.night import Setting, run_night
from pauta.followup.notices import gather
from pauta.replay.causes import as_heard, plan_as_heard
from pauta.store import AnyStore, Ledger, Store

BATCH: Final = 1000
SHOWN: Final = 10
KINDS: Final = ("duties", "notices", "findings", "exemplars")

Heard = tuple[Call, HumanEvaluation]
"""A stored evaluation: its call, and its answers."""


@dataclass
class Fired:
    """What one escalation would have raised: how often, on how many days, what it opened, and on which calls."""

    escalation: str
    source: str
    raised: int = 0
    days: int = 0
    opened: dict[str, int] = field(default_factory=dict)
    about: list[str] = field(default_factory=list)


@dataclass
class Day:
    """One day of the dry run. messages: after grouping, one for each recipient."""

    day: str
    evaluations: int = 0
    raised: int = 0
    duties: int = 0
    notices: int = 0
    messages: int = 0


@dataclass
class Trial:
    """What the escalations of a card would have done. silenced: notices that another escalation kept back."""

    card: str
    evaluations: int = 0
    escalations: list[Fired] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    silenced: int = 0
    recipients: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def as_map(self) -> dict[str, Any]:
        """As data."""
        return {
            "card": self.card,
            "evaluations": self.evaluations,
            "escalations": [
                {"escalation": each.escalation, "source": each.source, "raised": each.raised, "days": each.days,
                 **{kind: each.opened.get(kind, 0) for kind in KINDS}, "about": each.about}
                for each in self.escalations
            ],
            "days": [
                {"day": each.day, "evaluations": each.evaluations, "raised": each.raised, "duties": each.duties,
                 "notices": each.notices, "messages": each.messages}
                for each in self.days
            ],
            "silenced": self.silenced,
            "messages_to": self.recipients,
        }  # fmt: skip


def try_out(card: Scorecard, days: Iterable[tuple[date, Iterable[Heard]]], setting: Setting) -> Trial:
    """Run the card's escalations, and those that stand in the setting, over stored answers. Writes nothing there.

    days: what was there at the end of each day, the oldest first.
    """
    trial = Trial(card.name)
    plan = plan_as_heard(as_heard(card), setting.host)
    own = replace(setting, card_of=lambda *_: card)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "trial.db") as store:
        for day, heard in days:
            remaining = iter(heard)
            while chunk := list(islice(remaining, BATCH)):
                calls, humans = [call for call, _ in chunk], [human for _, human in chunk]
                automatic = np.array([human.evaluator == ENGINE for human in humans], dtype=np.bool_)
                batch = replace(batch_of(calls, humans), automatic=automatic)
                store.write(list(records(evaluate(plan, batch))), calls=calls)
            after = _night(day, store, own, trial)
            if after.evaluations or after.messages:
                trial.days.append(after)
        _count(store.ledger(), card, own, trial)
    return trial


def _night(day: date, store: AnyStore, setting: Setting, trial: Trial) -> Day:
    """Follow up what is there at the end of a day."""
    now = setting.calendar.instant(datetime.combine(day + timedelta(days=1), time()))
    night = run_night(store, setting, now)
    told = {problem.message for problem in trial.problems}
    trial.problems += [problem for problem in night.problems if problem.message not in told]
    trial.evaluations += night.evaluations
    ledger = store.ledger()
    made = gather(ledger, setting.people, None, now, setting.language)
    fresh = ledger.rows("SELECT count(*) AS n FROM notices WHERE at <= ?", (stamp(now),))[0]["n"]
    notices = int(str(fresh)) - sum(each.notices for each in trial.days)
    return Day(day.isoformat(), night.evaluations, night.raised, night.opened.get("duties", 0), notices, made)


def _count(ledger: Ledger, card: Scorecard, setting: Setting, trial: Trial) -> None:
    """What was raised, by escalation; one that raised nothing is there with a nought."""
    names = [(each.id, card.name) for each in card.escalations]
    names += [(each.id, setting.source) for each in setting.standing]
    fired = {each: Fired(*each) for each in names}
    of_key: dict[str, Fired] = {}
    zone = setting.calendar.zone
    on: dict[tuple[str, str], set[str]] = {}
    for row in ledger.rows("SELECT key, escalation, over_kind, over_key, call_id, at FROM raised ORDER BY at, key"):
        name = str(row["escalation"]), setting.source if row["over_kind"] else card.name
        each = of_key[str(row["key"])] = fired.setdefault(name, Fired(*name))
        each.raised += 1
        each.about.append(str(row["call_id"] or f"{row['over_kind']} {row['over_key']}"))
        on.setdefault(name, set()).add(datetime.fromisoformat(str(row["at"])).astimezone(zone).date().isoformat())
    for kind in KINDS:
        for row in ledger.rows(f"SELECT raised_key, count(*) AS n FROM {kind} GROUP BY raised_key"):  # noqa: S608  # ours
            if str(row["raised_key"]) in of_key:
                opened = of_key[str(row["raised_key"])].opened
                opened[kind] = opened.get(kind, 0) + int(str(row["n"]))
    for name, days in on.items():
        fired[name].days = len(days)
    trial.escalations = list(fired.values())
    trial.silenced = len(ledger.rows("SELECT key FROM notices WHERE state = 'silenced'"))
    trial.recipients = {
        str(row["recipient"]): int(str(row["n"]))
        for row in ledger.rows("SELECT recipient, count(*) AS n FROM messages GROUP BY recipient ORDER BY recipient")
    }


def trial_text(trial: Trial) -> str:
    """A dry run for a terminal."""
    lines = [
        f"{trial.card}: {trial.evaluations:,} evaluations on {len(trial.days):,} days; nothing was kept or sent",
        "",
    ]
    width = max([10, *(len(each.escalation) for each in trial.escalations)])
    lines.append(f"{'escalation':<{width}}  raised  on days  duties  notices  findings  examples")
    for each in trial.escalations:
        counts = [each.opened.get(kind, 0) for kind in KINDS]
        numbers = f"{counts[0]:>6,}  {counts[1]:>7,}  {counts[2]:>8,}  {counts[3]:>8,}"
        lines.append(f"{each.escalation:<{width}}  {each.raised:>6,}  {each.days:>7,}  {numbers}")
    for each in trial.escalations:
        if each.about:
            more = f" and {len(each.about) - SHOWN:,} more" if len(each.about) > SHOWN else ""
            lines += ["", f"{each.escalation}: {', '.join(each.about[:SHOWN])}{more}"]
    if trial.days:
        lines += ["", "day         evaluations  raised  duties  notices  messages"]
        for day in trial.days:
            numbers = f"{day.raised:>6,}  {day.duties:>6,}  {day.notices:>7,}  {day.messages:>8,}"
            lines.append(f"{day.day}  {day.evaluations:>11,}  {numbers}")
        each_day = [day.messages for day in trial.days]
        of = ", ".join(f"{name} {count:,}" for name, count in trial.recipients.items())
        who = f" ({of})" if of else ""
        mean = sum(each_day) / len(each_day)
        lines += ["", f"messages: {sum(each_day):,}{who}, {mean:.1f} a day, {max(each_day):,} on the fullest"]
    if trial.silenced:
        lines.append(f"kept back by other escalations: {trial.silenced:,} notices")
    return "\n".join(lines)
