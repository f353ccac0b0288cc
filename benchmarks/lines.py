"""JSON lines into the embedded database: the whole way against reading alone and writing alone.

Calls and people's answers to 40 questions from a seed. Reading alone makes the same calls and evaluations by the same
reader; writing alone makes a new database, as the whole way does, and puts the very rows of that into it, in as many
transactions. By the processor's time, and by the clock, which also runs while a commit waits for the disk.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import forty
from benchmarks.clock import Spread, in_turn, seconds, spread
from benchmarks.figures import Figure, Part, times
from benchmarks.memory import _NoCatalogue
from pauta.engine.host import Host
from pauta.engine.pipeline import BATCH, Outlet, score
from pauta.engine.routing import Router
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
    """The three contestants over one folder of files; each returns seconds a call."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count, self.runs = folder, count, 0
        self.by_the_clock: dict[str, list[float]] = {}
        self.host = Host()
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
        """Calls and evaluations as the pipeline takes them."""
        return self._timed("reading", self._read)

    def _read(self) -> None:
        source = Jsonl({})
        people = list(source.evaluations(str(self.folder / "answers.jsonl")))
        calls = source.calls(str(self.folder / "calls.jsonl"))
        while list(islice(calls, BATCH)):
            pass
        assert len(people) == self.count

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
        for start in range(0, self.count, BATCH):
            one = {table: rows[start : start + BATCH] for table, rows in self.rows.items() if table != "cards"}
            yield {"cards": [] if start else self.rows["cards"], **one}

    def whole(self) -> float:
        """From files to the database."""
        path = self._new()
        return self._timed("whole", lambda: self._score(path))

    def _timed(self, name: str, work: Callable[[], None]) -> float:
        started = time.perf_counter()
        took = seconds(work) / self.count
        self.by_the_clock.setdefault(name, []).append(time.perf_counter() - started)
        return took

    def _score(self, path: Path) -> None:
        source = Jsonl({})
        summary = score(
            source.calls(str(self.folder / "calls.jsonl")),
            source.evaluations(str(self.folder / "answers.jsonl")),
            router=Router(_NoCatalogue(), named=[forty.card()]),
            host=self.host,
            outlets=[Outlet("database", Sqlite({"path": str(path)}))],
        )
        assert summary.evaluations == self.count, summary
        assert not summary.problems, summary.problems


def run(quick: bool) -> Part:
    count = QUICK if quick else CALLS
    with TemporaryDirectory() as folder:
        write_lines(Path(folder), count)
        ways = Ways(Path(folder), count)
        took = in_turn({"reading": ways.reading, "writing": ways.writing, "whole": ways.whole}, 3 if quick else 5)
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
        ),
    )


def _to_both_alone(took: Mapping[str, Sequence[float]]) -> Spread:
    both = zip(took["reading"], took["writing"], took["whole"], strict=True)
    return spread([whole / (read + write) for read, write, whole in both])
