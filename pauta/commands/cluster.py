"""`pauta score --engine spark`: the same scores by a Spark cluster, or by one on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import unquote

import click

from pauta.commands.answering import DONE_WITH_FAILURES, GOOD, PROBLEMS_FOUND, say_json, tell, wrong_use
from pauta.commands.given import router_of
from pauta.engine.problems import Place, Problem, ProblemsFound

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pauta.engine.pipeline import CardSummary
    from pauta.spark import Written
    from pauta.spark.columns import AnswersAs

LOCAL: Final = "local[*]"
TOLD: Final = 20
"""So many rejects are told one by one; all of them are in the rejects table."""
JAVA: Final = "apt-get install openjdk-17-jre-headless, or any Java 17 with JAVA_HOME set"


def on_spark_where_asked(command: Callable[..., int]) -> Callable[..., int]:
    """`pauta score` with the options that say what runs it; Spark gets what is asked of it, the command the rest."""

    @click.option(
        "--engine",
        type=click.Choice(["local", "spark"]),
        default="local",
        show_default=True,
        help="What scores: this machine, or Spark (CALLS are Parquet, --to is a folder of part files).",
    )
    @click.option("--master", metavar="URL", help="Spark's master; else that of spark-submit, else this machine.")
    @click.option(
        "--answers-as",
        type=click.Choice(["columns", "json"]),
        help="How Spark writes answers: as a list of structs (columns), or as JSON text, which costs less time.",
    )
    @wraps(command)
    def run(*, engine: str, master: str | None, answers_as: AnswersAs | None, **given: Any) -> int:
        if engine == "local":
            if master or answers_as:
                wrong_use(f"{'--master' if master else '--answers-as'} is for --engine spark")
            return command(**given)
        if given.get("workers") or given.get("rejects"):
            wrong_use(
                "--workers and --rejects are for this machine; Spark has executors, and writes rejects beside results"
            )
        of_both = {name: given[name] for name in ("calls", "cards", "answers", "targets", "form")}
        return score_on_cluster(**of_both, master=master, answers_as=answers_as or "columns")

    return run


def score_on_cluster(
    calls: Sequence[str],
    cards: Sequence[str],
    answers: Sequence[str],
    targets: Sequence[str],
    form: str,
    master: str | None = None,
    answers_as: AnswersAs = "columns",
) -> int:
    """Score tables of Parquet on Spark, results and rejects into one folder; returns the exit code.

    Raises ProblemsFound where Spark is not at hand, or does not take the tables.
    """
    from pauta.commands.tables import setup_of
    from pauta.workspace import Workspace

    if len(targets) != 1:
        wrong_use("Spark writes one folder: name it with --to")
    if not calls:
        wrong_use("name the Parquet files or folders of calls that Spark is to score")
    if answers:
        wrong_use("on Spark people's answers stand beside the calls, in columns of the same table; leave --answers out")
    (to,) = targets
    workspace = Workspace()
    router, _, refused = router_of(workspace, cards)
    setup = setup_of(workspace, router)
    tell(workspace.host.problems)
    with _session(master) as session:
        from pauta import spark

        table = _read(session, calls)
        doubles: Literal["refuse", "keep"] = "refuse" if spark.has_doubles(table) else "keep"
        scored = spark.score(table, setup, answers=answers_as, doubles=doubles)
        written = _write(scored, to)
        results, rejects = _read_back(session, to, written)
        by_card = _by_card(results)
        count = table.count()
        first = [each.asDict() for each in rejects.limit(TOLD).collect()] if written.rejects else []
        codes = {row["code"]: row["count"] for row in rejects.groupBy("code").count().collect()} if first else {}
    tell(_told(first, written.rejects, to))
    _say(count, written, by_card, to, form)
    if workspace.host.problems or any(code.startswith(("E6", "E761", "E766")) for code in codes):
        return DONE_WITH_FAILURES
    return PROBLEMS_FOUND if written.rejects or refused else GOOD


@contextmanager
def _session(master: str | None) -> Iterator[SparkSession]:
    """The session that stands (spark-submit, Spark Connect, a notebook's), else one of this machine's own.

    Raises ProblemsFound with the line that installs what is missing.
    """
    try:
        import pandas
        import pyarrow
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession

        del pandas, pyarrow
    except ImportError as error:
        message = f"Spark is not at hand: {error.name} is not installed"
        raise ProblemsFound([Problem("E760", message, None, "pip install 'pauta[spark]'")]) from error
    standing = SparkSession.getActiveSession()
    elsewhere = "SPARK_REMOTE" in os.environ or "PYSPARK_GATEWAY_PORT" in os.environ
    if not (standing or elsewhere or shutil.which("java") or "JAVA_HOME" in os.environ):
        message = "Spark is not at hand: it needs Java 17, and there is no java"
        raise ProblemsFound([Problem("E760", message, None, JAVA)])
    builder = SparkSession.builder.appName("pauta score")
    master = master or (None if standing or elsewhere else LOCAL)
    if master:
        builder = builder.master(master)
        if master.startswith("local"):
            builder = _of_this_machine(builder)
    try:
        session = builder.getOrCreate()
    except (PySparkRuntimeError, OSError) as error:
        message = f"Spark did not start: {_first_line(error)}"
        raise ProblemsFound([Problem("E760", message, None, f"it needs Java 17: {JAVA}")]) from error
    try:
        yield session
    finally:
        if standing is None:
            session.stop()


def _of_this_machine(builder: Any) -> Any:
    """A session that listens to nobody else: no page, no port but on the loopback."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    return (
        builder.config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
    )


def _read(session: SparkSession, calls: Sequence[str]) -> DataFrame:
    """The tables, each row with the place where it stands. Raises ProblemsFound where they cannot be read."""
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as to_

    from pauta.spark import FILE, ROW

    try:
        return session.read.parquet(*calls).select(
            "*",
            to_.col("_metadata.file_path").alias(FILE),
            (to_.col("_metadata.row_index") + 1).alias(ROW),
        )
    except PySparkException as error:
        message = f"Spark cannot read {', '.join(calls)}: {_first_line(error)}"
        hint = "it reads Parquet files and folders; other tables by `pauta.spark.score` in a job of your own"
        raise ProblemsFound([Problem("E762", message, Place(calls[0]), hint)]) from error


def _write(scored: DataFrame, to: str) -> Written:
    from pyspark.errors import AnalysisException

    from pauta.spark import write

    try:
        return write(scored, to)
    except AnalysisException as error:
        if error.getCondition() != "PATH_ALREADY_EXISTS":
            raise
        message = f"'{to}' is there already, and Spark writes whole folders"
        raise ProblemsFound([Problem("E764", message, Place(to), "name a folder that is not there yet")]) from error


def _read_back(session: SparkSession, to: str, written: Written) -> tuple[DataFrame, DataFrame]:
    from pauta.spark import KIND, rejects_of

    if not (written.results or written.rejects):
        nothing = session.createDataFrame([], "scorecard string, version string, code string")
        return nothing, nothing
    both = session.read.parquet(to)
    return both.where(both[KIND] == "results"), rejects_of(both.where(both[KIND] == "rejects"))


def _by_card(results: DataFrame) -> dict[str, CardSummary]:
    """How the evaluations came out by each card, from the columns just written."""
    from pyspark.sql import functions as to_

    from pauta.engine.pipeline import CardSummary

    if "status" not in results.columns:
        return {}
    found: dict[str, CardSummary] = {}
    done = (results["status"] == "complete") & results["score"].isNotNull()
    for row in results.groupBy("scorecard", "version", "status").agg(
        to_.count("*").alias("evaluations"),
        to_.count_if(results["evaluator"] != "engine").alias("by_person"),
        to_.count_if(results["passed"]).alias("passed"),
        to_.count_if(~results["passed"]).alias("failed"),
        to_.count_if(done).alias("scored"),
        to_.sum(to_.when(done, results["score"]).otherwise(0.0)).alias("score_sum"),
    ).collect():  # fmt: skip
        card = found.setdefault(f"{row['scorecard']}@{row['version']}", CardSummary())
        card.by_status[row["status"]] += row["evaluations"]
        for name in ("evaluations", "by_person", "passed", "failed", "scored", "score_sum"):
            setattr(card, name, getattr(card, name) + row[name])
    return found


def _told(first: Sequence[dict[str, Any]], rejects: int, to: str) -> list[Problem]:
    """The first rejects as problems, and a word about the others."""
    told = [
        Problem(each["code"], each["message"], Place(_path(each["file"]), each["row"] or 0, 1), each["hint"])
        if each["file"]
        else Problem(each["code"], each["message"], None, each["hint"])
        for each in first
    ]
    if rejects > len(told):
        click.echo(f"the first {len(told)} of {rejects:,} rejects; all are in {to}/kind=rejects", err=True)
    return told


def _path(uri: str) -> str:
    """A file as people write it: Spark says `file:///calls/may%20june.parquet`."""
    if not uri.startswith("file:"):
        return uri
    path = Path("/" + unquote(uri.removeprefix("file:")).lstrip("/"))
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _say(calls: int, written: Written, cards: dict[str, CardSummary], to: str, form: str) -> None:
    from pauta.engine.pipeline import Summary
    from pauta.reports.runs import summary_map, summary_text

    outcome = f"folders of part files, {written.results:,} evaluations in kind=results"
    outcome += f", {written.rejects:,} rejects in kind=rejects" if written.rejects else ", no rejects"
    summary = Summary(calls=calls, evaluations=written.results, by_card=cards, outcomes={to: outcome})
    if form == "json":
        # What a cluster does not count is left out: to find calls that no card claimed would take another shuffle.
        known = ("calls", "evaluations", "by_card", "outcomes")
        facts = summary_map(summary)
        say_json({**{name: facts[name] for name in known}, "rejects": written.rejects})
    else:
        click.echo(summary_text(summary).rstrip("\n"))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
