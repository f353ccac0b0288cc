"""The nightly rules over many evaluations, at three lengths of history: their time must follow what is new.

python -m benchmarks.nights 10000 100000     these lengths alone; writes nothing

Every store holds the same centre, with as many agents and evaluations a day; only how many days are behind it differs.
What lies behind is put into the tables as a night leaves them; each new day is evaluated by the engine and followed up.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.clock import in_turn, ratios, seconds, spread
from benchmarks.figures import Figure, Part, times
from pauta.engine.delivery import stamp
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.standing import standing_escalations
from pauta.engine.loading.text import read_yaml
from pauta.engine.model.calls import Answer, Call, HumanEvaluation, batch_of
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import ProblemsFound
from pauta.followup.calendar import Calendar
from pauta.followup.night import Setting, run_night
from pauta.followup.notices import rows_of_notice
from pauta.followup.people import People
from pauta.store import Store
from pauta.store.ledger_tables import LEDGER
from pauta.store.tables import TABLES

LENGTHS, QUICK_LENGTHS = (10_000, 100_000, 1_000_000), (2_000, 20_000)
A_DAY, QUICK_A_DAY = 500, 100
EACH, TEAMS = 5, 10
"""So many calls has an agent on a day, and so many teams there are; 20 days fill every window."""

NIGHTS, QUICK_NIGHTS = 7, 3
MISSED = 0.1
GROWTH = 1.5
SEED = 20261121
TODAY = datetime(2026, 11, 20, 8, tzinfo=UTC)
QUESTIONS = tuple(f"q{n}" for n in range(10))
CARD = "".join(
    [
        "scorecard: centre\nversion: 1.0.0\nscoring: {pass_mark: 60}\nsections:\n  - section: all\n",
        "    answers: yes_no\n    error: non_critical\n    questions:\n",
        *(f"      - {{question: {name}}}\n" for name in QUESTIONS),
    ]
)
OPERATION = """\
operation: nights
escalations:
  - {escalation: low, over: {agent: last 20}, when: {mean_score: {below: 70}, count: {at_least: 20}}, do: [plan]}
  - {escalation: habit, over: {agent: 14 d}, rule: {repeat_error: {times: 5, share: 0.35, margin: 0.2}}, do: [coach]}
  - {escalation: many, over: {agent: 14 d}, rule: {accumulated: {non_critical: 100}}, do: [coach]}
  - {escalation: learned, over: {agent: 14 d}, rule: {recognition: {improved: 10, after: plan}}, do: [recognise]}
  - {escalation: team, over: {team: 7 d}, rule: {below_threshold: {figure: score, below: 80}}, do: [finding]}
  - {escalation: broken, over: {question: 7 d}, rule: {process_problem: {share: 0.5}}, do: [finding]}
  - {escalation: failing, over: {scorecard: 7 d}, when: {share_failed: {above: 0.3}}, do: [finding]}
"""


def run(quick: bool) -> Part:
    if quick:
        return measured(QUICK_LENGTHS, QUICK_NIGHTS, QUICK_A_DAY)
    return measured(LENGTHS, NIGHTS, A_DAY)


def measured(lengths: Sequence[int], nights: int, a_day: int) -> Part:
    """The time of one night at each length of history, the stores in turn, night after night."""
    with tempfile.TemporaryDirectory(prefix="pauta-nights-") as folder:
        centres = {length: _Centre(Path(folder) / f"{length}.db", length, a_day) for length in lengths}
        work: dict[str, Callable[[], float]] = {f"{length:,}": centre.night for length, centre in centres.items()}
        took = in_turn(work, nights)
        for centre in centres.values():
            centre.close()
    shortest = took[f"{lengths[0]:,}"]
    figures = []
    for length in lengths:
        of_one = spread([each * 1e3 for each in took[f"{length:,}"]])
        figures.append(Figure(f"one night over {length:,} stored evaluations", f"{of_one:.0f} ms"))
    for length in lengths[1:]:
        ratio = ratios(shortest, took[f"{length:,}"])
        what = f"{length:,} against {lengths[0]:,}, times as long"
        figures.append(Figure(what, times(ratio), ratio.middle, GROWTH, at_least=False))
    return Part(
        "Nights",
        f"What `pauta escalations run` does after a day of {a_day} new evaluations of {a_day // EACH} agents in a "
        f"SQLite store: the new evaluations become facts, and seven escalations of `pauta.yaml` look at every window "
        f"in which something is new (the agents, {TEAMS} teams, {len(QUESTIONS)} questions, the card). Longer "
        f"histories have more days of as many calls.",
        tuple(figures),
    )


class _Centre:
    """A store with a history, and days that come on top of it."""

    def __init__(self, file: Path, length: int, a_day: int) -> None:
        loaded = card_from_text(CARD, Host(installed=False), "centre.yaml")
        if loaded.scorecard is None:
            raise ProblemsFound(loaded.problems)
        self._card: Scorecard = loaded.scorecard
        self._host = Host(installed=False)
        self._plan = compile_plan(self._card, self._host)
        data, problems = read_yaml(OPERATION, "pauta.yaml")
        standing, more = standing_escalations(data or {}, self._host)
        if not standing or more:
            raise ProblemsFound([*problems, *more])
        self._setting = Setting(
            "operation nights", standing, lambda *_: self._card, self._host, Calendar(), People.of(data or {}),
            rows_of_notice,
        )  # fmt: skip
        self._store = Store(file)
        self._a_day = a_day
        self._dice = random.Random(SEED)
        self._day = TODAY
        self._load(length)

    def close(self) -> None:
        self._store.close()

    def night(self) -> float:
        """The seconds of the night after one more day."""
        calls, humans = [], []
        for n in range(self._a_day):
            name = f"{self._day:%Y%m%d}-{n}"
            call = Call(name, (self._day + timedelta(seconds=60 * n)).isoformat(), 300.0, *self._whose(n))
            missed = self._missed()
            given = {question: Answer("no" if question in missed else "yes") for question in QUESTIONS}
            calls.append(call)
            humans.append(HumanEvaluation(name, "centre", "eva", given, agent=call.agent))
        self._store.write(list(records(evaluate(self._plan, batch_of(calls, humans)))), calls=calls)
        self._day += timedelta(days=1)
        return seconds(lambda: run_night(self._store, self._setting, self._day))

    def _whose(self, n: int) -> tuple[str, str]:
        """The agent and the team of a day's nth call."""
        agent = n % (self._a_day // EACH)
        return f"agent-{agent}", f"team-{agent % TEAMS}"

    def _missed(self) -> set[str]:
        return {question for question in QUESTIONS if self._dice.random() < MISSED}

    def _load(self, length: int) -> None:
        """Put what is behind into the tables, as nights would have left it."""
        card = {"scorecard": "centre", "version": "1.0.0", "digest": self._card.digest, "title": None, "document": None}
        self._store.write([], cards=[card])
        days = length // self._a_day
        for first in range(0, days, 20):
            with self._store.transaction():
                for day in range(first, min(first + 20, days)):
                    self._put(list(self._rows(TODAY - timedelta(days=days - day))))
        ledger = self._store.ledger()
        last = ledger.rows("SELECT max(rowid) AS last FROM evaluations")[0]["last"]
        ledger.set_mark("facts", str(last))
        with self._store.transaction():
            self._store.write_one("ANALYZE")

    def _put(self, rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
        by_table: dict[str, list[dict[str, Any]]] = {}
        for table, row in rows:
            by_table.setdefault(table, []).append(row)
        for table, listed in by_table.items():
            names = list((LEDGER.get(table) or TABLES[table]).keys())
            query = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"
            self._store.write_many(query, [[row.get(name) for name in names] for row in listed])

    def _rows(self, day: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
        """One day of evaluations in all tables: calls first, then what refers to them."""
        rest: list[tuple[str, dict[str, Any]]] = []
        counted: dict[tuple[str, str, str], list[int]] = {}
        for n in range(self._a_day):
            agent, team = self._whose(n)
            missed = self._missed()
            name, at = f"{day:%Y%m%d}-{n}", day + timedelta(seconds=60 * n)
            whose = {"agent": agent, "team": team, "call_type": ""}
            about = {"evaluation_id": f"e-{name}", "scorecard": "centre", "version": "1.0.0", "evaluator": "eva"}
            score = 100.0 - 10 * len(missed)
            said = {"score": score, "agent_score": score, "passed": int(score >= 60)}
            yield "calls", {"call_id": name, "agent": agent, "team": team, "started_at": at.isoformat()}
            rest.append(
                ("evaluations", {**whose, **about, **said, **_record(name, at, missed), "digest": self._card.digest})
            )
            when = {"at": stamp(at), "day": at.date().isoformat()}
            errors = {"non_critical": len(missed), "customer": 0, "business": 0, "compliance": 0}
            counts = {"revision": 1, "opportunities": len(QUESTIONS), "details": '{"metrics":{"duration_s":300.0}}'}
            rest.append(("facts", {**whose, **about, **said, **when, **errors, **counts, "call_id": name}))
            for question in QUESTIONS:
                pair = counted.setdefault((question, agent, team), [0, 0])
                pair[0] += 1
                pair[1] += question in missed
            how = {"fault": "agent", "error": "non_critical", "credit": 0.0}
            rest += [("misses", {**whose, **about, **when, **how, "question": question}) for question in sorted(missed)]
        yield from rest
        for (question, agent, team), (asked, missed_in) in counted.items():
            whose = {"scorecard": "centre", "question": question, "day": day.date().isoformat(), "agent": agent}
            yield "asked", {**whose, "team": team, "asked": asked, "missed": missed_in}


def _record(name: str, at: datetime, missed: set[str]) -> dict[str, Any]:
    """The columns of a stored evaluation beside those that its fact has."""
    whole = {"state": "answered", "out_of": 1.0, "weight": 1.0, "error": None, "fault": None}
    good, bad = {"answer": "yes", "points": 1.0, "credit": 1.0}, {"answer": "no", "points": 0.0, "credit": 0.0}
    answers = [{**whole, **(bad if each in missed else good), "question": each} for each in QUESTIONS]
    return {
        "revision": 1, "current": 1, "result_digest": name, "call_id": name, "started_at": at.isoformat(),
        "status": "complete", "critical_by_class": "{}", "answers": json.dumps(answers), "escalations": "[]",
        "sections": "[]", "scores_by": "{}", "missing": "[]", "unverified": "[]", "comments_missing": "[]",
        "engine": "{}",
    }  # fmt: skip


if __name__ == "__main__":
    for figure in measured([int(each) for each in sys.argv[1:]] or LENGTHS, NIGHTS, A_DAY).figures:
        print(f"{figure.what:52} {figure.measured}")
