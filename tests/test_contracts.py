"""The built-in plugins held against the contract suites that strangers' plugins are held against."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import ClassVar

import pytest

from pauta.testing import (
    ActionContract,
    CriterionContract,
    MethodContract,
    SinkContract,
    SourceContract,
)

CRITERIA = "pauta.plugins.criteria"


class TestPhrase(CriterionContract):
    plugin, name = f"{CRITERIA}.phrase", "phrase"
    good_options = (
        {"any": ["hello", "thank you"], "speaker": "agent"},
        {"all": ["hello"], "none": ["goodbye"], "within": {"first": "20 s"}},
        {"any": {"en": ["anything else", "re:[0-9]{4}"], "es": ["gracias"], "pt": ["obrigado"], "ru": ["спасибо"]}},
        {"any": ["h* ... help", "(please) hold", "strasse", "istanbul", "finally"]},
        {"none": ["alert"], "within": {"last": "3 turns"}},
        {"any": ["a*", "one", "two"], "at_least": 2, "within": {"first": "50 words"}},
    )
    bad_options = ({"any": []}, {"any": "hello", "speaker": "robot"}, {"any": ["re:("]}, {"within": {"first": "20 s"}})


class TestTiming(CriterionContract):
    plugin, name = f"{CRITERIA}.timing", "timing"
    good_options = tuple(
        {"measure": measure, "at_most": bound}
        for measure, bound in (
            ("duration", "5 min"), ("longest_silence", "8 s"), ("silence", "10 s"), ("silence_share", 0.3),
            ("talk_share", 0.6), ("overlap", "2 s"), ("agent_interruptions", 1), ("customer_interruptions", 1),
            ("response_delay", "3 s"), ("hold", "30 s"),
        )
    )  # fmt: skip
    bad_options = ({"measure": "warmth"}, {"measure": "silence", "at_most": "soon"}, {})


class TestTimingAsNumber(CriterionContract):
    plugin, name = f"{CRITERIA}.timing", "timing"
    answers: ClassVar = {"number": {}}
    good_options = tuple(
        {"measure": measure}
        for measure in (
            "duration", "longest_silence", "silence", "silence_share", "talk_share", "overlap", "agent_interruptions",
            "customer_interruptions", "response_delay", "hold",
        )
    )  # fmt: skip


class TestCondition(CriterionContract):
    plugin, name = f"{CRITERIA}.condition", "condition"
    good_options = (
        {"call.channel": "voice"},
        {"call.attributes.tier": ["gold", "blue"], "call.duration_s": {"above": 9}},
    )
    bad_options = ({}, {"call.chanel": "voice"}, {"answer.nothing": "yes"}, {"call.duration_s": {"over": 3}})


class TestSequence(CriterionContract):
    plugin, name = f"{CRITERIA}.sequence", "sequence"
    good_options = ({"steps": [{"phrase": {"any": ["hello"]}}, {"phrase": {"any": ["thank you"]}}], "within": "60 s"},)
    bad_options = ({"steps": []}, {"within": "60 s"}, {"steps": [{"fraze": {}}]})


class _Combination(CriterionContract):
    plugin = f"{CRITERIA}.combinations"
    good_options = ([{"phrase": {"any": ["hello"]}}, {"timing": {"measure": "longest_silence", "at_most": "8 s"}}],)
    bad_options = ([], [{"fraze": {}}], [{"phrase": {"any": 3}}])


class TestAllOf(_Combination):
    name = "all_of"


class TestAnyOf(_Combination):
    name = "any_of"


class TestNoneOf(_Combination):
    name = "none_of"


class _Method(MethodContract):
    plugin = "pauta.plugins.methods.grades"


class TestWorstGrade(_Method):
    name = "worst_grade"


class TestAllMustPass(_Method):
    name = "all_must_pass"


class TestDeductions(_Method):
    name = "deductions"


class _FollowUp(ActionContract):
    plugin = "pauta.plugins.actions.follow_up"


class TestCoach(_FollowUp):
    name = "coach"
    good_options = ({}, {"due": "24 h", "form": "in_person"})
    bad_options = ({"due": "soon"}, {"form": "by pigeon"})


class TestNotify(_FollowUp):
    name = "notify"
    good_options = ({"to": ["supervisor"]},)
    bad_options = ({}, {"to": []})


class TestRecognise(_FollowUp):
    name = "recognise"
    bad_options = ({"keep_as_example": "perhaps"},)


class TestPlan(_FollowUp):
    name = "plan"
    good_options = ({"expect": "Ask first", "target": "95 % of calls", "due": "30 d"},)


class TestTrain(_FollowUp):
    name = "train"
    bad_options = ({"hours": 0},)


class TestFinding(_FollowUp):
    name = "finding"
    good_options = ({"about": "process"},)
    bad_options = ({"about": "agent"},)


CALLS = [
    {"call_id": "c-1", "agent": "ana", "duration_s": 12.5, "language": "en", "channel": "voice"},
    {"call_id": "c-2", "agent": "inés", "started_at": "2026-03-31T18:05:00+02:00", "language": "es"},
    {"call_id": "c-3", "agent": "bo", "attributes": {"tier": "gold"}, "metrics": {"hold_s": 3}},
]
ANSWERS = {"call_id": "c-1", "scorecard": "small", "evaluator": "eva", "answers": {"greeted": "yes"}}


class _Source(SourceContract):
    ids = ("c-1", "c-2", "c-3")


class TestJsonlSource(_Source):
    plugin, name = "pauta.plugins.sources.jsonl", "jsonl"
    bad_options = ({"calls": 3},)

    def target(self, folder: Path) -> str:
        path = folder / "calls.jsonl"
        path.write_text("".join(f"{json.dumps(call, ensure_ascii=False)}\n" for call in CALLS), encoding="utf-8")
        return str(path)

    def evaluations_target(self, folder: Path) -> str:
        path = folder / "answers.jsonl"
        path.write_text(json.dumps(ANSWERS) + "\n", encoding="utf-8")
        return str(path)


class TestCsvSource(_Source):
    plugin, name = "pauta.plugins.sources.csv", "csv"

    def target(self, folder: Path) -> str:
        path = folder / "calls.csv"
        path.write_text("call_id,agent,duration_s,attributes.tier\nc-1,ana,12.5,\nc-2,inés,,\nc-3,bo,,gold\n", "utf-8")
        return str(path)

    def evaluations_target(self, folder: Path) -> str:
        path = folder / "answers.csv"
        path.write_text("call_id,scorecard,evaluator,question,answer\nc-1,small,eva,greeted,yes\n", encoding="utf-8")
        return str(path)


class TestXlsxSource(_Source):
    plugin, name = "pauta.plugins.sources.xlsx", "xlsx"

    def target(self, folder: Path) -> str:
        pytest.importorskip("python_calamine")
        book = pytest.importorskip("openpyxl").Workbook()
        for row in (["call_id", "agent", "duration_s"], ["c-1", "ana", 12.5], ["c-2", "inés", None], ["c-3", "bo", 3]):
            book.active.append(row)
        path = folder / "calls.xlsx"
        book.save(path)
        return str(path)


class TestParquetSource(_Source):
    plugin, name = "pauta.plugins.sources.parquet", "parquet"

    def target(self, folder: Path) -> str:
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        table = pyarrow.table({"call_id": ["c-1", "c-2", "c-3"], "duration_s": [12.5, None, 3.0]})
        parquet.write_table(table, folder / "calls.parquet")
        return str(folder / "calls.parquet")


class TestWebvttSource(_Source):
    plugin, name = "pauta.plugins.sources.webvtt", "webvtt"
    ids = ("call-7",)

    def target(self, folder: Path) -> str:
        path = folder / "call-7.vtt"
        path.write_text("WEBVTT\n\n00:00.000 --> 00:02.000\n<v Agent>Hello, how can I help?\n", encoding="utf-8")
        return str(path)


class TestJsonlSink(SinkContract):
    plugin, name = "pauta.plugins.sinks.jsonl", "jsonl"
    bad_options = ({"path": 3},)

    def arrived(self, folder: Path) -> list[str]:
        with (folder / "results.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line)["evaluation_id"] for line in lines]


class TestCsvSink(SinkContract):
    plugin, name = "pauta.plugins.sinks.csv", "csv"
    good_options = ({}, {"delimiter": ";", "decimal": ",", "bom": True}, {"delimiter": "\t", "raw": True})
    bad_options = ({"delimiter": "|"}, {"bom": "perhaps"})

    def arrived(self, folder: Path) -> list[str]:
        with (folder / "results.csv").open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            stream.seek(0)
            delimiter = next(each for each in ";\t," if each in head)
            return [row["evaluation_id"] for row in csv.DictReader(stream, delimiter=delimiter)]


class TestSqliteSink(SinkContract):
    plugin, name = "pauta.plugins.sinks.sqlite", "sqlite"
    same_bytes = False

    def arrived(self, folder: Path) -> list[str]:
        connection = sqlite3.connect(folder / "results.db")
        try:
            return [found for (found,) in connection.execute("select evaluation_id from current_evaluations")]
        finally:
            connection.close()
