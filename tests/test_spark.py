"""Spark scores what one machine scores: on a real local cluster, two executors in processes of their own."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed: pip install 'pauta[spark]'")
pytest.importorskip("pandas", reason="pandas, which PySpark needs, is not installed: pip install 'pauta[spark]'")
if not (shutil.which("java") or "JAVA_HOME" in os.environ):
    pytest.skip("Spark needs Java 17, and there is none", allow_module_level=True)

from pauta import spark as on_spark
from pauta.bulk.schema import record_from, rejects_schema, result_schema
from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.loading.records import calls_from, evaluations_from
from pauta.engine.outlets import Outlet
from pauta.engine.pipeline import score as plain_score
from pauta.engine.problems import Place, ProblemsFound
from pauta.engine.routing import Router

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
        answers: {number: {unit: s, min: 0}, ranges: [{to: 8, points: 10}, {to: 15, points: 5}, {points: 0, error: non_critical}]}
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
  - {escalation: low, when: {score: {below: 80}}, do: [{coach: {within: 24 h}}]}
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
        }
        if dice.random() < 0.5:
            row |= {"evaluator": dice.choice(["ana", "bo"]), "evaluated_at": "2026-04-01T09:00:00+00:00"}
            row |= {f"answer.{name}": pick(dice) for name, pick in QUESTIONS.items()}
        if dice.random() < 0.01:
            row |= dice.choice([{"call_id": ""}, {"call_id": None}, {"started_at": "yesterday"},
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
        *((name, pa.string()) for name in ("call_id", "agent", "team", "call_type", "channel", "language", "started_at")),
        ("duration_s", pa.float64()),
        ("attributes", pa.struct({"tier": pa.string()})),
        ("turns", pa.list_(TURN)),
        *((name, pa.string()) for name in ("evaluator", "evaluated_at", "answer.greeted", "answer.tone")),
        ("answer.wait", pa.float64()),
        ("answer.offered", pa.list_(pa.string())),
        *((f"answer.{name}", pa.string()) for name in ("verified", "polite", "remark")),
    ]
)


@pytest.fixture(scope="module")
def operation(tmp_path_factory):
    """A folder with a card and the plugin that it needs."""
    folder = tmp_path_factory.mktemp("operation")
    (folder / "pauta.yaml").write_text("operation: shop\ntimezone: America/Bogota\nscorecards: scorecards\nplugins: plugins\n")
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
        pyspark.sql.SparkSession.builder.master("local-cluster[2,1,1024]")
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


class Kept:
    """A sink that keeps what it gets."""

    name, options, endings = "kept", {}, ()

    def __init__(self):
        self.records = {}

    def write(self, evaluations):
        self.records |= {each["evaluation_id"]: json.loads(json.dumps(each)) for each in evaluations}

    def close(self):
        pass
