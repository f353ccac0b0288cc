"""JSON lines into the embedded database: the whole way against reading alone and writing alone.

Calls and people's answers to 40 questions from a seed. Reading alone reads them as the whole way does, and does nothing
with them; writing alone makes a new database and puts the very rows of the whole way into it, in as many transactions.
By the processor's time, and by the clock, which also runs while a commit waits for the disk.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import forty
from benchmarks.clock import Spread, in_turn, seconds, spread
from benchmarks.figures import Figure, Part, times
from pauta.bulk.lines import LinesInput
from pauta.bulk.people import People
from pauta.bulk.scorer import CardsGiven, Setup
from pauta.bulk.stored import ROWS_STORED, store_files
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.outlets import Outlet
from pauta.engine.pipeline import Summary, score
from pauta.engine.problems import Problem
from pauta.plugins.sinks.sqlite import Sqlite
from pauta.plugins.sources.jsonl import Jsonl
from pauta.store import Store

CALLS, QUICK = 20_000, 3_000
GOAL = 1.5
TABLES = ("cards", "calls", "evaluations")


def write_lines(folder: Path, count: int) -> None:
    """Write `calls.jsonl` and `answers.jsonl`."""
    given, card = forty.evaluations(count), forty.card()
    names = [(question.id, forty.plan().vocabulary(question.id)) for question in card.questions]
    calls, answers = [], []
    for row in range(count):
        whose = {"call_id": f"call-{row}", "agent": f"agent-{row % 50}"}
        codes = given.codes[:, row].tolist()
        calls.append(
            {
                **whose,
                "started_at": f"2026-03-02T{row // 3600 % 24:02}:{row // 60 % 60:02}:{row % 60:02}+00:00",
                "duration_s": int(given.duration[row]),
                "team": f"team-{row % 5}",
                "attributes": {"product": forty.PRODUCTS[given.product[row]]},
            }
        )
        answers.append(
            {
                **whose,
                "scorecard": card.id,
                "version": card.version,
                "evaluator": f"evaluator-{row % 9}",
                "evaluated_at": "2026-03-03T10:00:00+00:00",
                "answers": {name: words[code] for (name, words), code in zip(names, codes)},
            }
        )
    for name, records in (("calls", calls), ("answers", answers)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in records), encoding="utf-8")


class Ways:
    """The contestants over one folder of files; each returns seconds a call."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count, self.runs = folder, count, 0
        self.by_the_clock: dict[str, list[float]] = {}
        self.host, self.setup = Host(), Setup(CardsGiven((forty.card(),)))
        self.calls, self.answers = str(folder / "calls.jsonl"), str(folder / "answers.jsonl")
        self.whole()
        self.by_the_clock.clear()
        with sqlite3.connect(self._path()) as made:
            self.rows = {table: made.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in TABLES}

    def _path(self) -> Path:
        return self.folder / f"{self.runs}.db"

    def _new(self) -> Path:
        self._path().unlink(missing_ok=True)
        self.runs += 1
        return self._path()

    def reading(self) -> float:
        """Calls and evaluations as the whole way has them."""
        return self._timed("reading", self._read)

    def _read(self) -> None:
        calls = LinesInput(self.calls)
        calls.keep_facts = True
        with People([Feed(self.answers)], self.setup, self.host, _refuse) as people:
            assert people.scorer.evaluations.size == self.count
            assert sum(calls.read(piece).batch.num_rows for piece in calls.pieces(0, ROWS_STORED)) == self.count

    def writing(self) -> float:
        """Rows that are ready into a new database."""
        path = self._new()
        return self._timed("writing", lambda: self._write(path))

    def _write(self, path: Path) -> None:
        with Store(path) as store:
            for batch in self._batches():
                with store.transaction():
                    for table, rows in batch.items():
                        if rows:
                            store.write_many(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def _batches(self) -> Iterator[dict[str, list[tuple[object, ...]]]]:
        for start in range(0, self.count, ROWS_STORED):
            one = {table: rows[start : start + ROWS_STORED] for table, rows in self.rows.items() if table != "cards"}
            yield {"cards": [] if start else self.rows["cards"], **one}

    def whole(self) -> float:
        """From files to the database, as the command does it."""
        outlet = self._outlet()
        return self._timed("whole", lambda: self._check(self._by_column(outlet)))

    def one_by_one(self) -> float:
        """The same call by call, as it is where a run cannot go by column."""
        outlet = self._outlet()
        return self._timed("one by one", lambda: self._check(self._plainly(outlet)))

    def _outlet(self) -> Outlet:
        return Outlet("database", Sqlite({"path": str(self._new())}))

    def _timed(self, name: str, work: Callable[[], None]) -> float:
        started = time.perf_counter()
        took = seconds(work) / self.count
        self.by_the_clock.setdefault(name, []).append(time.perf_counter() - started)
        return took

    def _by_column(self, outlet: Outlet) -> Summary:
        calls, answers = [LinesInput(self.calls)], [Feed(self.answers)]
        return store_files(calls, outlet, self.setup, host=self.host, answers=answers)

    def _plainly(self, outlet: Outlet) -> Summary:
        source = Jsonl({})
        calls, people = source.calls(self.calls), source.evaluations(self.answers)
        return score(calls, people, router=self.setup.router, host=self.host, outlets=[outlet])

    def _check(self, summary: Summary) -> None:
        assert summary.evaluations == self.count, summary
        assert not summary.problems, summary.problems


def _refuse(problem: Problem) -> None:
    raise AssertionError(problem)


def run(quick: bool) -> Part:
    count = QUICK if quick else CALLS
    with TemporaryDirectory() as folder:
        write_lines(Path(folder), count)
        ways = Ways(Path(folder), count)
        contestants = {
            "reading": ways.reading,
            "writing": ways.writing,
            "whole": ways.whole,
            "one by one": ways.one_by_one,
        }
        took = in_turn(contestants, 3 if quick else 5)
    ratio = _to_both_alone(took)
    clock = _to_both_alone({name: figures[1:] for name, figures in ways.by_the_clock.items()})
    rates = {name: spread([1 / each for each in figures]) for name, figures in took.items()}
    return Part(
        "JSON lines into the database",
        f"{count:,} calls and as many evaluations by people with 40 answers each, two files of JSON lines, into a new "
        "SQLite database; reading alone by the same reader, writing alone of the same rows in the same transactions.",
        (
            Figure("reading alone", f"{rates['reading']:,.0f} calls a second"),
            Figure("writing alone", f"{rates['writing']:,.0f} calls a second"),
            Figure("the whole way", f"{rates['whole']:,.0f} calls a second"),
            Figure("the whole way against reading and writing alone", times(ratio), ratio.middle, GOAL, at_least=False),
            Figure("the same by the clock", times(clock)),
            Figure("call by call, where a run cannot go by column", f"{rates['one by one']:,.0f} calls a second"),
        ),
    )


def _to_both_alone(took: Mapping[str, Sequence[float]]) -> Spread:
    both = zip(took["reading"], took["writing"], took["whole"], strict=True)
    return spread([whole / (read + write) for read, write, whole in both])
