"""Spark on this machine: scoring a table of calls beside the same job without any Python.

The calls are those of the card of 40 questions, answered by people, in Parquet. Beside scoring stand jobs that only
read, pass on and write: the calls, which are what scoring reads, and its results, which are what it writes. Seconds are
those of the processor, over Java and all Python workers, so that other programs on the machine are not counted.

PAUTA_SPARK_CALLS says how many calls. Of more than a million, one round is timed, and the jobs that write answers as
structs are left out: 5,000,000 calls then take some ten minutes on two idle cores, and 10 GB of disk for a while.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.clock import ratios, spread
from benchmarks.figures import Figure, Part, times
from benchmarks.forty import CARD, PRODUCTS, card, evaluations, plan

CALLS, ROUNDS = 5_000_000, 3
WARM_CALLS = 50_000
"""So many calls go through every job first, untimed: Java learns them."""
MOST_WITH_STRUCTS = 1_000_000
"""Of more calls than that only what is cheap is measured, and once."""
BYTES_A_CALL = 2_500
"""What calls and results take on the disk at most, while they are there."""
PART_ROWS = 250_000
TIMES_WITHOUT_PYTHON = 3.0
"""At most so many times the job without Python."""
STRUCTS, JSON = "score", "score, answers as JSON"
NARROW = ("call_id", "agent", "score", "band", "passed", "critical_errors")


def run(quick: bool) -> Part:
    if quick:
        return Part("Spark", "Not part of the quick form: Spark alone takes longer to start.")
    calls = int(os.environ.get("PAUTA_SPARK_CALLS", CALLS))
    missing = _missing(calls)
    if missing:
        return Part("Spark", skipped=missing)
    structs = calls <= MOST_WITH_STRUCTS
    with tempfile.TemporaryDirectory() as name, _session() as session:
        folder = Path(name)
        write_calls(folder / "few calls", min(calls, WARM_CALLS))
        for job in _jobs(session, folder / "few calls", structs).values():
            job()
        write_calls(folder / "calls", calls)
        jobs = _jobs(session, folder / "calls", structs)
        took: dict[str, list[float]] = {each: [] for each in jobs}
        for _ in range(ROUNDS if structs else 1):
            for each, job in jobs.items():
                took[each].append(job())
    return Part(
        "Spark" if structs else "Spark, many calls",
        f"{calls:,} calls with 40 answers by people, Parquet to Parquet, `local[2]`, seconds of the processor over "
        f"Java and Python; {min(calls, WARM_CALLS):,} calls before that warm Java. Without Python: Spark reads a "
        "table, passes it on and writes it. Scoring reads the calls and writes the results with all their columns, "
        "whose answers are most of what there is to write: as lists of structs, or as the JSON text that a database "
        "keeps." + ("" if structs else " At this size nothing was written as structs, and each job ran once."),
        tuple(_figures(took, calls)),
    )


def _figures(took: dict[str, list[float]], calls: int) -> Iterator[Figure]:
    for name, each in took.items():
        seconds = spread(each)
        yield Figure(
            f"Spark: {name}", f"{seconds:.1f} s, {calls / seconds.middle / 1e3:,.0f} thousand calls a second of a core"
        )
    passed_on = took["calls in, calls out"]
    for name in (STRUCTS, JSON):
        if name in took:
            same = ratios(took[_without_python(name)], took[name])
            what = f"scoring{name.removeprefix('score')}"
            yield Figure(f"{what}, times read, pass on and write of the same tables", times(same), same.middle,
                         TIMES_WITHOUT_PYTHON, at_least=False)  # fmt: skip
            yield Figure(f"{what}, times read, pass on and write of the calls", times(ratios(passed_on, took[name])))
    for name in ("score, six columns and answers as JSON", "score, six columns"):
        if name in took:
            what = f"scoring{name.removeprefix('score')}, times read, pass on and write of the calls"
            yield Figure(what, times(ratios(passed_on, took[name])))


def _without_python(name: str) -> str:
    """The job that reads and writes the tables of another."""
    return f"calls in, results out{name.removeprefix('score')}"


def _jobs(session: Any, given: Path, structs: bool) -> dict[str, Callable[[], float]]:
    """Each returns its seconds. Results that were scored stay until they are scored again, to be passed on."""
    from pauta import spark

    calls = str(given)

    def measured(job: Callable[[str], object], to: Path) -> Callable[[], float]:
        def timed() -> float:
            shutil.rmtree(to, ignore_errors=True)
            started = _seconds_of_tree()
            job(str(to))
            return _seconds_of_tree() - started

        return timed

    def scored(to: Path, **asked: Any) -> Callable[[], float]:
        return measured(lambda to: spark.write(spark.score(session.read.parquet(calls), CARD, **asked), to), to)

    def passed_on(kept: Path) -> Callable[[], float]:
        """As many rows and columns read as scoring reads, as many written as it writes, by two jobs."""

        def passing(to: str) -> None:
            session.read.parquet(calls).write.format("noop").mode("overwrite").save()
            session.read.parquet(str(kept)).write.partitionBy("kind").parquet(to)

        return measured(passing, out)

    out = given.with_name("out")
    jobs = {"calls in, calls out": measured(lambda to: session.read.parquet(calls).write.parquet(to), out)}
    for name, answers in ((STRUCTS, "columns"), (JSON, "json")):
        if structs or name == JSON:
            kept = given.with_name(f"results as {answers}")
            jobs |= {name: scored(kept, answers=answers), _without_python(name): passed_on(kept)}
    if structs:
        jobs["score, six columns and answers as JSON"] = scored(out, fields=(*NARROW, "answers"), answers="json")
    return jobs | {"score, six columns": scored(out, fields=NARROW)}


def write_calls(folder: Path, calls: int) -> None:
    """Calls with the answers of people beside them, in parts."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    agents = pa.array([f"agent {n:03d}" for n in range(400)])
    for part, start in enumerate(range(0, calls, PART_ROWS)):
        rows = min(PART_ROWS, calls - start)
        given = evaluations(rows, seed=part)
        dice = np.random.default_rng(part)

        def words(codes: Any, values: Any) -> Any:
            return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values))

        columns = {
            "call_id": pa.array([f"c-{start + n:09d}" for n in range(rows)]),
            "agent": words(dice.integers(0, len(agents), rows), agents),
            "started_at": words(np.arange(rows) % 28, [f"2026-03-{day:02d}T10:00:00-05:00" for day in range(1, 29)]),
            "duration_s": pa.array(given.duration.astype(np.float64)),
            "attributes.product": words(given.product, PRODUCTS),
            "evaluator": words(np.zeros(rows), ["ana"]),
            "evaluated_at": words(np.zeros(rows), ["2026-04-01T09:00:00-05:00"]),
        }
        for n, question in enumerate(card().questions):
            values = [each if isinstance(each, str) else None for each in plan().vocabulary(question.id)]
            columns[f"answer.{question.id}"] = words(given.codes[n], values)
        pq.write_table(pa.table(columns), folder / f"{part:04d}.parquet")


def _seconds_of_tree() -> float:
    """Seconds of the processor that this process took, with all below it: Java, its Python workers, and those gone."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            facts = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile; its parent has its seconds
            continue
        parents[int(stat.parent.name)], ticks[int(stat.parent.name)] = int(facts[1]), sum(map(int, facts[11:15]))
    below = {os.getpid()}
    for _ in range(6):  # so deep at most: Java, the daemon of its workers, a worker, what that starts
        below |= {pid for pid, parent in parents.items() if parent in below}
    return sum(ticks.get(pid, 0) for pid in below) / os.sysconf("SC_CLK_TCK")


def _missing(calls: int) -> str:
    """Why Spark cannot run here, or nothing."""
    try:
        import pandas
        import pyspark

        del pandas, pyspark
    except ImportError as error:
        return f"{error.name} is not installed: pip install 'pauta[spark]'"
    if not shutil.which("java"):
        return "Spark needs Java 17, and there is no java"
    needed = calls * BYTES_A_CALL
    room = shutil.disk_usage(tempfile.gettempdir()).free
    return (
        "" if room > needed else f"{calls:,} calls need {needed / 1e9:.0f} GB of disk, and there are {room / 1e9:.0f}"
    )


@contextmanager
def _session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "localhost"}
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.files.maxPartitionBytes", "32m")  # tasks enough that both cores end together
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()
