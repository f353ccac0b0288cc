"""Spark scores what one machine scores: on a real local cluster, two executors in processes of their own."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import shutil
import socket
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import pauta
from pauta import spark as on_spark
from pauta.bulk.schema import record_from, result_schema
from pauta.bulk.scorer import Scorer
from pauta.cli import main
from pauta.commands.cluster import score_on_cluster
from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.loading.records import calls_from, evaluations_from
from pauta.engine.outlets import Outlet
from pauta.engine.pipeline import score as plain_score
from pauta.engine.problems import Place, ProblemsFound
from pauta.engine.redaction import redactor_from
from pauta.engine.routing import Router
from pauta.plugins.sinks.sqlite import Sqlite
from pauta.spark import _setup_of, _shippable
from pauta.spark.columns import out_schema, spark_schema
from pauta.spark.executor import ROWS_OF_TEXT, Shipment, _scorer, scored_batches

CARD = """\
scorecard: retail
version: 1.2.0
title: Retail
language: en
status: active
effective: {from: 2026-01-01}
applies_to: {call.call_type: [sales, support]}
scoring: {pass_mark: 80, accumulation: {non_critical: 3, make: {critical: customer, fails: card}}}
bands: [{band: good, from: 80}, {band: poor, from: 0}]
sections:
  - section: opening
    weight: 30
    questions:
      - question: greeted
        answers: yes_no_na
        error: non_critical
        criterion: {phrase: {speaker: agent, any: ["good morning", "welcome to"], within: {first: 20 s}}}
      - {question: tone, answers: scale_1_5, tags: [soft]}
      - question: wait
        answers:
          number: {unit: s, min: 0}
          ranges: [{to: 8, points: 10}, {to: 15, points: 5}, {points: 0, error: non_critical}]
  - section: body
    weight: 70
    questions:
      - {question: offered, answers: {choose: many, options: {cover: 4, card: 4, plan: 5}, at_most: 10}}
      - question: verified
        answers: yes_no
        error: {critical: compliance, fails: card}
        criterion: {phrase: {speaker: agent, any: ["date of birth", "security question"]}}
      - {question: polite, answers: yes_no, criterion: polite}
      - {question: remark, answers: text}
escalations:
  - {escalation: low, when: {score: {below: 80}}, do: [{coach: {due: 24 h}}]}
  - {escalation: high, when: {score: {at_least: 80}}, do: [recognise]}
"""
PLUGIN = """\
from pauta import Finding, Verdict, hookimpl

__version__ = "3.1"


class Polite:
    name = "polite"
    options = {"type": "object", "additionalProperties": False}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        said = " ".join(turn.text for turn in call.turns if turn.speaker == "agent").lower()
        if not said:
            return Finding(Verdict.UNVERIFIED, reason="nothing was said")
        return Finding(Verdict.MET if "please" in said else Verdict.NOT_MET, reason="please, or not")


@hookimpl
def register_criteria(register):
    register(Polite)
"""
SAID = ("Good morning, welcome to the shop.", "Your date of birth, please?", "One moment.", "Thank you, please hold.",
        "And a security question.", "Ça va bien, señor.")  # fmt: skip


def calls(number: int, seed: int = 5) -> list[dict[str, object]]:
    """Rows of a table of calls: half of them answered by a person, some bad."""
    dice = random.Random(seed)
    rows = []
    for n in range(number):
        row: dict[str, object] = {
            "call_id": f"c-{n:06d}",
            "agent": f"agent {dice.randrange(40)}",
            "team": dice.choice(["north", "south", None]),
            "call_type": dice.choice(["sales", "support", "sales", "other"]),
            "channel": "voice",
            "language": "en",
            "started_at": f"2026-03-{1 + n % 28:02d}T{n % 24:02d}:15:00+00:00",
            "duration_s": float(dice.randrange(10, 900)),
            "attributes": {"tier": dice.choice(["gold", "basic"])},
            "turns": _turns(dice),
            **dict.fromkeys(("evaluator", "evaluated_at"), None),
            **dict.fromkeys(f"answer.{each}" for each in QUESTIONS),
            "greeted.comment": None,
        }
        if dice.random() < 0.5:
            row |= {"evaluator": dice.choice(["ana", "bo"]), "evaluated_at": "2026-04-01T09:00:00+00:00"}
            row |= {f"answer.{name}": pick(dice) for name, pick in QUESTIONS.items()}
            row["greeted.comment"] = row["answer.greeted"] and dice.choice([None, None, 'he said "hello, señor"\n'])
        if dice.random() < 0.01:
            row |= dice.choice([{"call_id": ""}, {"call_id": None}, {"call_id": f"x{n}\n"},
                                {"duration_s": float("nan")}])  # fmt: skip
        rows.append(row)
    return rows


QUESTIONS = {
    "greeted": lambda dice: dice.choice(["yes", "no", "na", None]),
    "tone": lambda dice: dice.choice(["1", "4", "5", "5", "seven"]),
    "wait": lambda dice: dice.choice([3.0, 9.5, 60.0]),
    "offered": lambda dice: dice.choice([["cover"], ["cover", "plan"], [], None]),
    "verified": lambda dice: dice.choice(["yes", "yes", "yes", "no"]),
    "polite": lambda dice: dice.choice(["yes", "no", None]),
    "remark": lambda dice: dice.choice(["fine", None]),
}


def _turns(dice: random.Random) -> list[dict[str, object]] | None:
    if dice.random() < 0.1:
        return None
    turns, now = [], 0.0
    for _ in range(dice.randrange(1, 6)):
        turns.append({"speaker": dice.choice(["agent", "agent", "customer"]), "start": now, "end": now + 3.5,
                      "text": dice.choice(SAID)})  # fmt: skip
        now += 4.0
    return turns


TURN = pa.struct({"speaker": pa.string(), "start": pa.float64(), "end": pa.float64(), "text": pa.string()})
SCHEMA = pa.schema(
    [
        *(
            (name, pa.string())
            for name in ("call_id", "agent", "team", "call_type", "channel", "language", "started_at")
        ),
        ("duration_s", pa.float64()),
        ("attributes", pa.struct({"tier": pa.string()})),
        ("turns", pa.list_(TURN)),
        *((name, pa.string()) for name in ("evaluator", "evaluated_at", "answer.greeted", "answer.tone")),
        ("answer.wait", pa.float64()),
        ("answer.offered", pa.list_(pa.string())),
        *((f"answer.{name}", pa.string()) for name in ("verified", "polite", "remark")),
        ("greeted.comment", pa.string()),
    ]
)

NUMBERED = SCHEMA.append(pa.field("_file", pa.string())).append(pa.field("_row", pa.int64()))


@pytest.fixture(scope="module")
def operation(tmp_path_factory):
    """A folder with a card and the plugin that it needs."""
    folder = tmp_path_factory.mktemp("operation")
    (folder / "pauta.yaml").write_text(
        "operation: shop\ntimezone: America/Bogota\nscorecards: scorecards\nplugins: plugins\n"
    )
    for path, text in (("scorecards/retail.yaml", CARD), ("plugins/manners.py", PLUGIN)):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The calls as Parquet, in files enough for two executors."""
    rows = calls(3000)
    folder = tmp_path_factory.mktemp("lake") / "calls"
    folder.mkdir()
    for n in range(4):
        pq.write_table(pa.Table.from_pylist(rows[n * 750 : n * 750 + 750], SCHEMA), folder / f"{n}.parquet")
    return SimpleNamespace(rows=rows, folder=folder)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A cluster on the loopback: a master and two workers, each starts an executor in a process of its own."""
    pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed: pip install 'pauta[spark]'")
    pytest.importorskip("pandas", reason="PySpark needs pandas, which is not installed: pip install 'pauta[spark]'")
    if not (shutil.which("java") or "JAVA_HOME" in os.environ):
        pytest.skip("Spark needs Java 17, and there is none")
    from pyspark.sql import SparkSession

    home = tmp_path_factory.mktemp("spark")  # the workers write into it; so it is not where PySpark is installed
    for each in Path(pyspark.__file__).parent.iterdir():
        (home / each.name).symlink_to(each)
    before = dict(os.environ)
    os.environ |= {
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
    }
    made = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .appName("tests of pauta")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.executor.memory", "1g")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.session.timeZone", "Asia/Tokyo")  # which must change nothing
        .config("spark.sql.warehouse.dir", str(home / "warehouse"))
        .getOrCreate()
    )
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()
    os.environ.clear()
    os.environ.update(before)


pytestmark = pytest.mark.timeout(600)


class Kept:
    """A sink that keeps what it gets."""

    name, options, endings = "kept", {}, ()

    def __init__(self):
        self.records = {}

    def write(self, evaluations):
        self.records |= {each["evaluation_id"]: json.loads(json.dumps(each)) for each in evaluations}

    def close(self):
        pass


REDACT = [{"words": "hello|morning|security|seven", "agents": "agent 1[0-9]"}, "digits"]


def plain(rows, operation, *, beside=(), redactor=None):
    """What one machine makes of the rows: evaluations by id, and problems. beside: outlets that get them too."""
    host = Host(folder=operation / "plugins")
    catalog = Catalog([operation / "scorecards"], host)
    people = [(n, row) for n, row in enumerate(rows, 1) if row["evaluator"] is not None]
    sink = Kept()
    summary = plain_score(
        calls_from((_call(row), Place("the table", n, 1)) for n, row in enumerate(rows, 1)),
        evaluations_from((_human(row), Place("the table", n, 1)) for n, row in people),
        router=Router(catalog, timezone=ZoneInfo("America/Bogota")),
        host=host,
        outlets=[Outlet("kept", sink), *beside],
        redactor=redactor,
    )
    return sink.records, summary.problems


def errors(problems):
    """Row, code and message of each error. A row that is no call loses its evaluation too: that is told once here."""
    wrong = {(each.place.line, each.code, each.message) for each in problems if each.severity == "error"}
    return {each for each in wrong if each[1] != "E530"}


def _call(row):
    return {name: value for name, value in row.items() if value is not None and name in OF_CALLS}


def _human(row):
    answers = {name: row[f"answer.{name}"] for name in QUESTIONS if row[f"answer.{name}"] is not None}
    if row["greeted.comment"]:
        answers["greeted"] = {"answer": answers["greeted"], "comment": row["greeted.comment"]}
    kept = ("call_id", "agent", "evaluator", "evaluated_at")
    return {**{name: row[name] for name in kept}, "answers": answers}


OF_CALLS = (
    "call_id",
    "agent",
    "team",
    "call_type",
    "channel",
    "language",
    "started_at",
    "duration_s",
    "attributes",
    "turns",
)


def records(scored):
    """The evaluations of a data frame by id, each as the record that it is."""
    found = on_spark.results_of(scored).toArrow().to_pylist()
    return {each["evaluation_id"]: json.loads(json.dumps(record_from(each))) for each in found}


def placed(df):
    from pyspark.sql.functions import col

    return df.select("*", col("_metadata.file_path").alias("_file"), (col("_metadata.row_index") + 1).alias("_row"))


def of_executor(rows, operation, *, batch=1000, schema=SCHEMA, once=False, **changed):
    """What an executor makes of rows, without a cluster: results by id, and rejects."""
    out = rows_of_executor(rows, operation, batch=batch, schema=schema, once=once, **changed)
    results = {
        each["evaluation_id"]: json.loads(json.dumps(record_from(each))) for each in out if each["reject"] is None
    }
    return results, [each["reject"] for each in out if each["reject"] is not None]


def rows_of_executor(rows, operation, *, batch=1000, schema=SCHEMA, once=False, redactor=None, **changed):
    """The same as rows of the outcome."""
    setup = _shippable(_setup_of(operation / "scorecards", operation / "plugins", "America/Bogota"))
    setup = replace(setup, redactor=redactor)
    facts = {
        "setup": pickle.dumps(setup), "version": pauta.__version__, "plugins": (("manners", "3.1"),),
        "columns": tuple(schema.names), "fields": tuple(result_schema().names),
        "answers": "columns", "once": once,
    }  # fmt: skip
    table = pa.Table.from_pylist(rows, schema).rename_columns([f"c{n}" for n in range(len(schema))])
    made = list(scored_batches(table.to_batches(batch), Shipment(**facts | changed)))
    for each in made:
        each.validate(full=True)
    return [row for each in made for row in each.to_pylist()]


@pytest.fixture(scope="module")
def scored_here(operation, tmp_path_factory):
    """Rows, and what one machine makes of them: evaluations, problems, and the answers that its database keeps."""
    rows, path = calls(1500), tmp_path_factory.mktemp("kept") / "results.db"
    expected, problems = plain(rows, operation, beside=[Outlet("db", Sqlite({"path": str(path)}))])
    return SimpleNamespace(rows=rows, expected=expected, problems=problems, answers=answers_in(path))


def answers_in(path):
    """The answers of each evaluation as a database keeps them."""
    with closing(sqlite3.connect(path)) as database:
        return dict(database.execute("SELECT evaluation_id, answers FROM evaluations"))


def test_an_executor_scores_what_one_machine_scores(operation, scored_here):
    expected, problems = scored_here.expected, scored_here.problems
    numbered = [{**row, "_file": "lake", "_row": n} for n, row in enumerate(scored_here.rows, 1)]
    found, rejects = of_executor(numbered, operation, batch=400, schema=NUMBERED)
    assert len(expected) > 1000
    assert {each["evaluator"] for each in expected.values()} == {"ana", "bo", "engine"}
    assert found.keys() == expected.keys()
    assert {key: each for key, each in found.items() if each != expected[key]} == {}
    told = errors(problems)
    assert {(each["row"], each["code"], each["message"]) for each in rejects} == told
    assert len(told) > 10


def test_an_executor_masks_what_one_machine_masks(operation, scored_here):
    rows, redactor = scored_here.rows[:300], redactor_from(REDACT)
    expected, problems = plain(rows, operation, redactor=redactor)
    found, rejects = of_executor(rows, operation, batch=200, redactor=redactor)
    assert found == expected
    assert expected != {key: scored_here.expected[key] for key in expected}
    told = json.dumps([found, rejects])
    assert "hello" not in told
    assert "security" not in told
    assert {redactor.text(message) for _, _, message in errors(problems)} == {each["message"] for each in rejects}
    assert any("seven" in message for _, _, message in errors(problems))


def test_answers_as_json_are_those_of_the_database(operation, scored_here):
    out = rows_of_executor(scored_here.rows, operation, batch=1500, answers="json")
    found = {each["evaluation_id"]: each["answers"] for each in out if each["reject"] is None}
    assert len(found) > ROWS_OF_TEXT
    assert found == scored_here.answers
    told = "".join(found.values())
    assert all(each in told for each in ('"evidence":[{', '"comment":"he said \\"hello, señor\\"\\n"', "nobody looked"))


@pytest.mark.parametrize("answers", ["columns", "json"])
def test_only_the_fields_that_are_wanted_are_made(operation, scored_here, answers):
    out = rows_of_executor(scored_here.rows[:60], operation, fields=("band", "call_id"), answers=answers)
    found = {(each["call_id"], each["band"]) for each in out if each["reject"] is None}
    assert {tuple(each) for each in out} == {("band", "call_id", "reject")}
    calls = {each for each, _ in found}
    assert found == {
        (each["call_id"], each["band"]) for each in scored_here.expected.values() if each["call_id"] in calls
    }
    assert len(calls) > 30


@pytest.mark.slow
def test_a_cluster_scores_what_one_machine_scores(session, operation, table):
    calls = session.read.parquet(str(table.folder))
    scored = on_spark.score(placed(calls), operation / "scorecards", plugins=operation / "plugins",
                            timezone="America/Bogota").persist()  # fmt: skip
    expected, problems = plain(table.rows, operation)
    found = records(scored)
    assert len(expected) > 2000
    assert {each["evaluator"] for each in expected.values()} == {"ana", "bo", "engine"}
    assert found.keys() == expected.keys()
    assert {key: each for key, each in found.items() if each != expected[key]} == {}
    rejects = [row.asDict() for row in on_spark.rejects_of(scored).collect()]
    told = errors(problems)
    assert {(_number(each), each["code"], each["message"]) for each in rejects} == told
    assert len(told) > 10


@pytest.mark.slow
def test_a_cluster_masks_what_one_machine_masks(session, operation, table):
    read = session.read.parquet(str(table.folder))
    kept = {"cards": operation / "scorecards", "plugins": operation / "plugins", "timezone": "America/Bogota"}
    expected, _ = plain(table.rows, operation, redactor=redactor_from(REDACT))
    assert records(on_spark.score(read, **kept, redact=REDACT)) == expected
    with pytest.raises(ProblemsFound, match="there is no redaction 'emails'"):
        on_spark.score(read, **kept, redact=["emails"])
    with pytest.raises(ValueError, match="answers is 'text'; it takes columns or json"):
        on_spark.score(read, **kept, answers="text")


@pytest.mark.slow
def test_a_cluster_makes_the_very_answers_of_the_database(session, operation, table, tmp_path):
    read = session.read.parquet(str(table.folder))
    kept = {"cards": operation / "scorecards", "plugins": operation / "plugins", "timezone": "America/Bogota"}
    scored = on_spark.score(read, **kept, answers="json").persist()
    results = on_spark.results_of(scored)
    database = tmp_path / "results.db"
    expected, _ = plain(table.rows, operation, beside=[Outlet("db", Sqlite({"path": str(database)}))])
    assert dict(map(tuple, results.select("evaluation_id", "answers").collect())) == answers_in(database)
    assert records(on_spark.unfold(scored)) == expected
    nested = on_spark.score(read, **kept)
    assert on_spark.unfold(scored).schema == nested.schema == on_spark.unfold(nested).schema
    a_row_each = on_spark.unfold(results).selectExpr("evaluation_id", "inline(answers)")
    assert a_row_each.count() == 7 * len(expected)


def _number(reject):
    """The row of a reject among all rows."""
    return 750 * int(Path(reject["file"]).stem) + reject["row"]


def test_an_executor_compiles_a_setup_once(operation):
    _scorer.cache_clear()
    for _ in range(3):
        of_executor(calls(5), operation)
    assert (_scorer.cache_info().misses, _scorer.cache_info().currsize) == (1, 1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": "0.0.7"}, "has pauta .*, and the job was started with 0.0.7"),
        ({"plugins": (("acme", "1.2"),)}, "lacks the plugin 'acme' 1.2, which the cards need"),
        ({"plugins": (("manners", "3.2"),)}, "has version 3.1 of the plugin 'manners', and the driver has 3.2"),
    ],
)
def test_what_an_executor_lacks_rejects_its_rows_in_a_sentence(operation, changed, said):
    results, rejects = of_executor(calls(20), operation, **changed)
    assert results == {}
    assert [each["call_id"] for each in rejects] == [row["call_id"] for row in calls(20)]
    assert {each["code"] for each in rejects} == {"E761"}
    for each in rejects:
        assert re.fullmatch(f"the executor {re.escape(socket.gethostname())} {said}", each["message"])


def test_a_row_that_nobody_thought_of_costs_that_row(operation, monkeypatch):
    finish = Scorer.finish

    def raising(self, incoming, skip=None):
        if "c-000013" in incoming.facts.call_id.to_pylist():
            raise OverflowError("date value out of range")
        return finish(self, incoming, skip)

    rows = [{**row, "_file": "lake", "_row": n} for n, row in enumerate(calls(40), 1)]
    expected, _ = of_executor(rows, operation, schema=NUMBERED, once=True)
    monkeypatch.setattr(Scorer, "finish", raising)
    found, rejects = of_executor(rows, operation, schema=NUMBERED, once=True)
    assert found == {key: each for key, each in expected.items() if each["call_id"] != "c-000013"}
    told = [(each["row"], each["call_id"], each["message"]) for each in rejects if each["code"] == "E766"]
    assert told == [(14, "c-000013", "the row could not be scored: OverflowError: date value out of range")]


def test_the_first_of_two_rows_counts_where_it_is_a_call(operation):
    one, other = [row for row in calls(40) if row["call_type"] == "sales" and row["evaluator"] is None][:2]
    rows = [{**one, "duration_s": -1.0}, one, other, {**one, "team": "south"}, other]
    results, rejects = of_executor(rows, operation, batch=2, once=True)
    assert {each["call_id"] for each in results.values()} == {one["call_id"], other["call_id"]}
    assert len(results) == 2
    assert [each["code"] for each in rejects].count("E531") == 2


def test_what_is_written_has_a_kind_in_spark():
    from_arrow = pytest.importorskip("pyspark.sql.pandas.types", reason="PySpark is not installed").from_arrow_schema
    schema = out_schema(tuple(result_schema().names))
    assert "dictionary" not in str(schema)
    assert spark_schema(schema).simpleString() == from_arrow(schema).simpleString()


def test_a_field_that_is_none_is_named(operation):
    with pytest.raises(ProblemsFound) as found:
        on_spark.score(None, operation / "scorecards", plugins=operation / "plugins", fields=["call_id", "scroe"])
    assert [(each.code, each.hint) for each in found.value.problems] == [("E763", "did you mean 'score'?")]


@pytest.mark.slow
def test_both_executors_work(session, operation, table):
    setup = _shippable(_setup_of(operation / "scorecards", operation / "plugins", "America/Bogota"))

    def task(batches):
        import os
        import time

        for batch in batches:
            scored = setup.scorer().score(batch)
            time.sleep(1)
            yield pa.RecordBatch.from_pydict({"daemon": [os.getppid()], "calls": [scored.calls]})

    read = session.read.parquet(str(table.folder)).repartition(6)
    names = read.columns
    numbered = read.toDF(*(f"c{n}" for n in range(len(names))))

    def named(batches):
        return task(batch.rename_columns(names) for batch in batches)

    found = numbered.mapInArrow(named, "daemon long, calls long").groupBy("daemon").sum("calls").collect()
    assert len(found) == 2
    assert sum(row[1] for row in found) > 2900


@pytest.mark.slow
def test_one_job_writes_results_and_rejects(session, operation, table, tmp_path):
    calls = session.read.parquet(str(table.folder))
    scored = on_spark.score(calls, operation / "scorecards", plugins=operation / "plugins",
                            timezone="America/Bogota", fields=["call_id", "score", "band"])  # fmt: skip
    written = on_spark.write(scored, str(tmp_path / "out"))
    expected, problems = plain(table.rows, operation)
    assert written == on_spark.Written(len(expected), len(errors(problems)))
    assert sorted(each.name for each in (tmp_path / "out").iterdir() if each.is_dir()) == [
        "kind=rejects",
        "kind=results",
    ]
    found = pq.ParquetDataset(tmp_path / "out" / "kind=results").read()
    assert sorted(found.column("score").to_pylist(), key=str) == sorted(
        (each["score"] for each in expected.values()), key=str
    )
    assert session.conf.get("spark.sql.maxConcurrentOutputFileWriters") == "0"
    both = session.read.parquet(str(tmp_path / "out"))
    assert on_spark.rejects_of(both).count() == written.rejects


@pytest.mark.slow
def test_instants_clock_times_maps_and_long_calls(session, operation):
    long = "please, " * 200_000
    df = session.sql(
        "SELECT string(id) AS call_id, 'sales' AS call_type, timestamp'2026-03-29T03:30:00Z' AS started_at, "
        f"map('tier', 'gold') AS attributes, array(named_struct('speaker', 'agent', 'text', '{long}')) AS turns "
        "FROM range(3)"
    )
    kept = {"cards": operation / "scorecards", "plugins": operation / "plugins"}
    rows = on_spark.results_of(on_spark.score(df, **kept, timezone="America/Bogota")).collect()
    assert {row["started_at"] for row in rows} == {"2026-03-29T03:30:00+00:00"}
    assert len(rows) == 3
    clock = df.withColumn("started_at", df.started_at.cast("timestamp_ntz"))  # as it stands in the session's zone
    rows = on_spark.results_of(on_spark.score(clock, **kept, timezone="Europe/Madrid")).collect()
    assert {row["started_at"] for row in rows} == {"2026-03-29T12:30:00+02:00"}
    with pytest.raises(ProblemsFound, match="clock time without a zone"):
        on_spark.score(clock, **kept)
    with pytest.raises(ProblemsFound, match="no column call_id"):
        on_spark.score(df.drop("call_id"), **kept)
    with pytest.raises(ProblemsFound, match="no column evaluator"):
        on_spark.score(df.selectExpr("*", "'yes' AS `answer.greeted`"), **kept)


@pytest.mark.slow
def test_the_same_call_twice_is_seen_over_all_tasks(session, operation):
    df = session.sql(
        "SELECT string(id % 500) AS call_id, 'ana' AS agent, 'sales' AS call_type, "
        "'2026-03-05T10:00:00Z' AS started_at, id AS ingested_at, double(id) AS duration_s FROM range(0, 1000, 1, 4)"
    )
    kept = {"cards": operation / "scorecards", "plugins": operation / "plugins"}
    assert on_spark.has_doubles(df)
    assert not on_spark.has_doubles(df.where("ingested_at < 500"))
    twice = on_spark.results_of(on_spark.score(df, **kept, timezone="UTC"))
    assert (twice.count(), twice.select("evaluation_id").distinct().count()) == (1000, 500)
    once = on_spark.score(df, **kept, timezone="UTC", doubles="refuse", first_by=["ingested_at"]).persist()
    assert on_spark.results_of(once).count() == 500
    assert [tuple(row) for row in on_spark.rejects_of(once).groupBy("code").count().collect()] == [("E531", 500)]


@pytest.mark.slow
def test_the_command_scores_tables_on_spark(session, operation, table, tmp_path, monkeypatch, capsys):
    shop = tmp_path / "shop"
    shutil.copytree(operation, shop)
    with (shop / "pauta.yaml").open("a") as file:
        file.write('redact: [{words: "good morning"}]\n')
    monkeypatch.chdir(shop)
    to = str(tmp_path / "out")
    assert score_on_cluster([str(table.folder)], [], [], [to], "json", answers_as="json") == 1
    printed = capsys.readouterr()
    said = json.loads(printed.out)
    expected, problems = plain(table.rows, operation)
    assert (said["calls"], said["evaluations"], said["rejects"]) == (3000, len(expected), len(errors(problems)))
    card = said["by_card"]["retail@1.2.0"]
    assert card["by_person"] == sum(each["evaluator"] != "engine" for each in expected.values())
    assert card["passed"] == sum(each["passed"] is True for each in expected.values())
    assert "2.parquet:" in printed.err or "0.parquet:" in printed.err
    assert "all are in" in printed.err
    answers = session.read.parquet(to).select("answers")
    assert answers.schema["answers"].dataType.simpleString() == "string"
    masked, shown = answers.where("answers like '%welcome%'"), answers.where("answers ilike '%good morning%'")
    assert (masked.isEmpty(), shown.isEmpty()) == (False, True)
    with pytest.raises(ProblemsFound, match="is there already") as found:
        score_on_cluster([str(table.folder)], [], [], [to], "text")
    assert found.value.problems[0].code == "E764"
    with pytest.raises(ProblemsFound, match="Spark cannot read nowhere") as found:
        score_on_cluster(["nowhere"], [], [], [str(tmp_path / "other")], "text")
    assert found.value.problems[0].code == "E762"


def test_the_command_says_what_is_missing(operation, tmp_path, monkeypatch):
    monkeypatch.chdir(operation)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ProblemsFound) as found:
        score_on_cluster(["calls.parquet"], [], [], ["out"], "text")
    assert [(each.code, each.hint) for each in found.value.problems] == [("E760", "pip install 'pauta[spark]'")]


@pytest.mark.parametrize(
    ("calls", "answers", "to", "said"),
    [([], [], ["out"], "name the Parquet"), (["c"], ["a"], ["out"], "stand beside"), (["c"], [], [], "one folder")],
)
def test_wrong_use_of_the_command_is_a_sentence(operation, monkeypatch, calls, answers, to, said):
    monkeypatch.chdir(operation)
    with pytest.raises(click.UsageError, match=said):
        score_on_cluster(calls, [], answers, to, "text")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["c.parquet", "--engine", "spark"], "Spark writes one folder"),
        (["c.parquet", "--engine", "spark", "--to", "out", "--workers", "2"], "Spark has executors"),
        (["c.parquet", "--to", "out.jsonl", "--master", "local[2]"], "--master is for --engine spark"),
        (["c.parquet", "--to", "out.jsonl", "--answers-as", "json"], "--answers-as is for --engine spark"),
    ],
)
def test_the_command_line_hands_over(operation, monkeypatch, words, said):
    monkeypatch.chdir(operation)
    result = CliRunner().invoke(main, ["score", *words])
    assert (result.exit_code, said in " ".join(result.output.split())) == (2, True), result.output
