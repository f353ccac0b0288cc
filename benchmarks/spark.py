"""Spark on this machine: scoring a table of calls beside the same job without any Python.

The calls are those of the card of 40 questions, answered by people, in Parquet. Beside scoring stand jobs that only
read, pass on and write: the calls, which are what scoring reads, and its results, which are what it writes. Seconds are
those of the processor, over Java and all Python workers, so that other programs on the machine are not counted.
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

from benchmarks.clock import in_turn, ratios, spread
from benchmarks.figures import Figure, Part, times
from benchmarks.forty import CARD, PRODUCTS, card, evaluations, plan

CALLS, ROUNDS = 5_000_000, 3
PART_ROWS = 250_000
TIMES_WITHOUT_PYTHON = 3.0
"""At most so many times the job without Python."""
NARROW = ("call_id", "agent", "score", "band", "passed", "critical_errors")


def run(quick: bool) -> Part:
    if quick:
        return Part("Spark", "Not part of the quick form: Spark alone takes longer to start.")
    missing = _missing()
    if missing:
        return Part("Spark", skipped=missing)
    calls = int(os.environ.get("PAUTA_SPARK_CALLS", CALLS))
    with tempfile.TemporaryDirectory() as name, _session() as session:
        folder = Path(name)
        write_calls(folder / "calls", calls)
        took = in_turn(_jobs(session, folder), ROUNDS)
    return Part(
        "Spark",
        f"{calls:,} calls with 40 answers by people, Parquet to Parquet, `local[2]`, seconds of the processor over "
        "Java and Python; a first round warms Java. Without Python: Spark reads a table, passes it on and writes it. "
        "Scoring reads the calls and writes the results, whose answers are most of what there is to write.",
        tuple(_figures(took, calls)),
    )


def _figures(took: dict[str, list[float]], calls: int) -> Iterator[Figure]:
    score, narrow, both = took["score"], took["score, few columns"], took["calls in, results out"]
    for name, each in took.items():
        seconds = spread(each)
        yield Figure(
            f"Spark: {name}", f"{seconds:.1f} s, {calls / seconds.middle / 1e3:,.0f} thousand calls a second of a core"
        )
    ratio = ratios(both, score)
    yield Figure("scoring, times read, pass on and write of the same tables", times(ratio), ratio.middle,
                 TIMES_WITHOUT_PYTHON, at_least=False)  # fmt: skip
    yield Figure(
        "scoring, times read, pass on and write of the calls", times(ratios(took["calls in, calls out"], score))
    )
    yield Figure("scoring to six columns, times the same", times(ratios(took["calls in, calls out"], narrow)))


def _jobs(session: Any, folder: Path) -> dict[str, Callable[[], float]]:
    """Each returns its seconds; the results that are passed on are those scored in the first round."""
    from pauta import spark

    calls, kept = str(folder / "calls"), str(folder / "kept")
    spark.write(spark.score(session.read.parquet(calls), CARD), kept)

    def measured(job: Callable[[str], object]) -> Callable[[], float]:
        def timed() -> float:
            to = folder / "out"
            started = _seconds_of_tree()
            job(str(to))
            seconds = _seconds_of_tree() - started
            shutil.rmtree(to)
            return seconds

        return timed

    def passed_on(to: str) -> None:
        """As many rows and columns read as scoring reads, as many written as it writes: half of each job below."""
        session.read.parquet(calls).write.format("noop").mode("overwrite").save()
        session.read.parquet(kept).write.partitionBy("kind").parquet(to)

    return {
        "calls in, calls out": measured(lambda to: session.read.parquet(calls).write.parquet(to)),
        "calls in, results out": measured(passed_on),
        "score": measured(lambda to: spark.write(spark.score(session.read.parquet(calls), CARD), to)),
        "score, few columns": measured(
            lambda to: spark.write(spark.score(session.read.parquet(calls), CARD, fields=NARROW), to)
        ),
    }


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


def _missing() -> str:
    """Why Spark cannot run here, or nothing."""
    try:
        import pandas
        import pyspark

        del pandas, pyspark
    except ImportError as error:
        return f"{error.name} is not installed: pip install 'pauta[spark]'"
    return "" if shutil.which("java") else "Spark needs Java 17, and there is no java"


@contextmanager
def _session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "localhost"}
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "4g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()
