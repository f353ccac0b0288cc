"""Files of calls and of people's answers: the cases of tests/cases/sources, and what no case can say."""

from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from plugins_made import Plugin

from pauta.engine.endpoints import calls_in, evaluations_in, files_of
from pauta.engine.host import Host
from pauta.engine.loading import json_lines
from pauta.engine.loading.operation import Feed
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.problems import Problem
from pauta.plugins.sources import csv, jsonl

HERE = Path(__file__).parent
REAL_CALLS = HERE.parents[0].parent / "shared" / "data" / "calls"
SOURCES = {".jsonl": jsonl.Jsonl, ".csv": csv.Csv, ".tsv": csv.Csv}
LONG = {"$LONG_NUMBER": "9" * 5000, "$BRACKETS": "[" * 100_000, "$NESTED": "[" * 40 + "]" * 40}


def cases(name):
    loaded = yaml.load((HERE / "cases" / "sources" / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return [pytest.param(case, id=case["case"]) for case in loaded]


def written(case, folder):
    path = folder / case["file"]
    text = case.get("text")
    if text is not None:
        for short, long in LONG.items():
            text = text.replace(short, long)
        path.write_bytes(text.encode(case.get("encoding", "utf-8")))
    return path


def check_problems(case, found):
    assert [f"{each.code} {each.place.line}" for each in found] == case.get("problems", []), "\n".join(map(str, found))
    said = "\n".join(map(str, found))
    assert [words for words in case.get("says", []) if words not in said] == [], said


@pytest.mark.parametrize("case", cases("calls.yaml"))
def test_calls(case, tmp_path):
    path = written(case, tmp_path)
    found = list(SOURCES[path.suffix]({}).calls(str(path)))
    assert [call.call_id for call in found if isinstance(call, Call)] == case["ids"]
    check_problems(case, [each for each in found if isinstance(each, Problem)])


def shown(answer):
    value = list(answer.value) if isinstance(answer.value, tuple) else answer.value
    beside = {"comment": answer.comment, "fault": answer.fault, "at": answer.at}
    beside = {key: each for key, each in beside.items() if each is not None}
    return {"answer": value, **beside} if beside else value


def as_text(value):
    """YAML's base loader reads everything as text."""
    if isinstance(value, dict):
        return {key: as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    return "null" if value is None else str(value)


@pytest.mark.parametrize("case", cases("evaluations.yaml"))
def test_evaluations(case, tmp_path):
    path = written(case, tmp_path)
    found = list(SOURCES[path.suffix]({}).evaluations(str(path)))
    humans = [each for each in found if isinstance(each, HumanEvaluation)]
    answers = [{question: shown(answer) for question, answer in human.answers.items()} for human in humans]
    assert as_text(answers) == as_text(case["answers"])
    check_problems(case, [each for each in found if isinstance(each, Problem)])


def test_mended_values_have_their_types(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text(
        'call_id,duration_s,metrics.hold_s,metrics.note,attributes.age\n1,"12,5",3,long,41\n', encoding="utf-8"
    )
    (call,) = csv.Csv({}).calls(str(path))
    assert call.duration_s == 12.5
    assert call.metrics == {"hold_s": 3.0, "note": "long"}
    assert call.attributes == {"age": "41"}
    assert str(call.at) == f"{path}:2:1"


def test_a_line_without_end_is_left_out_and_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "MOST_BYTES", 100)
    path = tmp_path / "calls.jsonl"
    path.write_text('{"call_id": "a"}\n' + "x" * 1000 + '\n{"call_id": "b"}\n' + "y" * 101, encoding="utf-8")
    found = list(jsonl.Jsonl({}).calls(str(path)))
    assert [getattr(each, "call_id", getattr(each, "code", None)) for each in found] == ["a", "E508", "b", "E508"]


def test_names_made_up_record_by_record_are_not_told_for_ever(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text(
        "".join(f'{{"call_id": "{n}", "duration_s": 1, "f{n}": 1}}\n' for n in range(100)), encoding="utf-8"
    )
    found = list(jsonl.Jsonl({}).calls(str(path)))
    assert sum(isinstance(each, Call) for each in found) == 100
    assert sum(isinstance(each, Problem) for each in found) == 20


@pytest.mark.skipif(not REAL_CALLS.is_dir(), reason="the real calls are not beside this checkout")
def test_every_real_call_is_read():
    host = Host(installed=False)
    files, problems = files_of([REAL_CALLS / "*.calls.jsonl"], host)
    found = list(calls_in(files, host))
    assert problems == []
    assert [each for each in found if isinstance(each, Problem)] == []
    assert len(found) == 323


class Broken:
    """A source that breaks down in the midst of a file."""

    name = "broken"
    endings = (".broken",)
    options: ClassVar = {"type": "object", "properties": {"key": {"type": "string"}}, "additionalProperties": False}

    def __init__(self, options):
        self.options = options

    def calls(self, target):
        yield Call("a")
        raise KeyError("parties")

    def evaluations(self, target):
        yield "no evaluation"


@pytest.fixture
def host():
    host = Host(installed=False)
    assert host.register(Plugin("sources", Broken), "breaking", version="1.2").failure is None
    return host


def test_a_source_that_breaks_down_costs_the_rest_of_its_file(host, tmp_path):
    good = tmp_path / "good.jsonl"
    good.write_text('{"call_id": "b"}\n', encoding="utf-8")
    found = list(calls_in([Feed("x.broken"), Feed(str(good))], host))
    assert [getattr(each, "call_id", getattr(each, "code", None)) for each in found] == ["a", "E621", "b"]
    assert "source 'broken' failed on 'x.broken' (plugin 'breaking' 1.2 (registered)): KeyError" in found[1].message
    assert "test_sources.py:" in found[1].hint
    (problem,) = evaluations_in([Feed("x.broken")], host)
    assert (problem.code, "it handed over a str" in problem.message) == ("E621", True)


def test_sources_by_name_and_by_ending(host):
    def codes(feed):
        return [getattr(each, "code", "call") for each in calls_in([feed], host)]

    assert codes(Feed("x.eml")) == ["E515"]
    assert codes(Feed("anything", "broken", {"key": "v"})) == ["call", "E621"]
    assert codes(Feed("anything", "broken", {"key": 5})) == ["E203"]
    assert codes(Feed("anything", "brokn")) == ["E310"]


def test_files_folders_and_globs(host, tmp_path):
    for name in ("b.jsonl", "a.csv", "notes.txt", ".hidden.jsonl", "sub/c.jsonl", ".git/d.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")

    def names(*targets):
        files, problems = files_of(targets, host)
        return [Path(each.target).name for each in files], [each.code for each in problems]

    assert names(tmp_path) == (["a.csv", "b.jsonl", "c.jsonl"], [])
    assert names(tmp_path / "*.jsonl", tmp_path / "b.jsonl") == (["b.jsonl"], [])
    assert names(str(tmp_path / "**/c.jsonl")) == (["c.jsonl"], [])
    assert names(tmp_path / "*.json") == ([], ["E514"])
    (tmp_path / "empty").mkdir()
    assert names(tmp_path / "empty") == ([], ["E514"])
    assert names(tmp_path / "gone.jsonl") == (["gone.jsonl"], [])
