"""What sinks write: the same bytes every time, whole files or none, and nothing that a sheet would run."""

import csv as csv_module
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings, strategies as st
from plugins_made import Plugin
from results_made import evaluation

from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.problems import Problem
from pauta.engine.whole_file import WholeFile
from pauta.plugins.sinks.csv import COLUMNS, Csv
from pauta.plugins.sinks.jsonl import Jsonl
from pauta.plugins.sinks.sqlite import Sqlite
from pauta.store import Store


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


def sheet(path, **how):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv_module.DictReader(lines, **how))


def written(sink, *evaluations):
    sink.write(list(evaluations))
    sink.close()


def test_jsonl_holds_one_evaluation_a_line_in_the_order_of_its_fields(tmp_path):
    path = tmp_path / "results.jsonl"
    written(Jsonl({"path": str(path)}), evaluation(agent="Peña"), evaluation("e2"))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [evaluation(agent="Peña"), evaluation("e2")]
    assert list(json.loads(lines[0])) == list(evaluation())
    assert "Peña" in lines[0]
    assert '"raw_score": 0.30000000000000004' in lines[0]


def test_jsonl_refuses_what_json_does_not_have(tmp_path):
    sink = Jsonl({"path": str(tmp_path / "results.jsonl")})
    with pytest.raises(ValueError, match="Out of range"):
        sink.write([evaluation(score=float("nan"))])
    sink.drop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [Jsonl, Csv])
def test_a_file_is_replaced_as_a_whole_or_not_at_all(kind, tmp_path):
    path = tmp_path / "results.out"
    path.write_text("the run before", encoding="utf-8")
    sink = kind({"path": str(path)})
    sink.write([evaluation()])
    assert path.read_text(encoding="utf-8") == "the run before"
    sink.drop()
    assert path.read_text(encoding="utf-8") == "the run before"
    assert [each.name for each in tmp_path.iterdir()] == ["results.out"]
    written(kind({"path": str(path)}), evaluation())
    first = path.read_bytes()
    written(kind({"path": str(path)}), evaluation())
    assert path.read_bytes() == first != b"the run before"


def test_csv_has_a_row_an_evaluation_and_a_column_for_each_section_and_answer(tmp_path):
    path = tmp_path / "results.csv"
    other = evaluation("e2", agent=None, sections=[{"section": "extra", "weight": 1, "score": None, "raw_score": None}],
                       answers=[{"question": "new", "answer": 5, "state": "answered"}])  # fmt: skip
    written(Csv({"path": str(path)}), evaluation(), other)
    first, second = sheet(path)
    assert list(first)[: len(COLUMNS)] == list(COLUMNS)
    assert list(first)[len(COLUMNS) :] == [
        "critical.customer", "critical.business", "critical.compliance", "section.opening", "section.extra",
        "answer.greeting", "answer.offers", "answer.empathy", "answer.new",
    ]  # fmt: skip
    assert (first["score"], first["passed"], first["agent_score"], first["unverified"]) == ("83.33", "yes", "", "tone")
    assert (first["answer.greeting"], first["answer.offers"], first["answer.empathy"]) == (
        "no",
        "named | N/A",
        "not_asked",
    )
    assert (second["agent"], second["answer.greeting"], second["answer.new"]) == ("", "", "5")


FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "＠a",
    "=cmd|' /C calc'!A0",
    "-",
    "+",
    "-a",
]
PLAIN = ["a=1", "5", "-5", "-5,5", "+5.0", "1e-5", "ñ", "N/A", "'quoted", ""]


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_never_holds_a_formula(text, tmp_path):
    path = tmp_path / "results.csv"
    written(Csv({"path": str(path)}), evaluation(agent=text))
    assert sheet(path)[0]["agent"] == "'" + text


@pytest.mark.parametrize("text", PLAIN)
def test_csv_leaves_what_is_no_formula(text, tmp_path):
    path = tmp_path / "results.csv"
    written(Csv({"path": str(path)}), evaluation(agent=text, score=-5.0))
    assert (sheet(path)[0]["agent"], sheet(path)[0]["score"]) == (text, "-5.0")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12))
def test_csv_raw_loses_nothing_and_guarded_is_safe(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("csv") / "results.csv"
    written(Csv({"path": str(path), "raw": True}), evaluation(agent=text))
    assert sheet(path)[0]["agent"] == text
    written(Csv({"path": str(path)}), evaluation(agent=text))
    guarded = sheet(path)[0]["agent"]
    assert guarded in (text, "'" + text)
    if guarded[:1] in ("=", "@", "\t", "\r"):
        raise AssertionError(guarded)


def test_csv_for_a_spreadsheet_with_decimal_commas(tmp_path):
    path = tmp_path / "results.csv"
    written(Csv({"path": str(path), "delimiter": ";", "decimal": ",", "bom": True}), evaluation())
    assert path.read_bytes().startswith(b"\xef\xbb\xbfevaluation_id;")
    assert sheet(path, delimiter=";")[0]["score"] == "83,33"


def test_sqlite_keeps_a_batch_with_its_calls_and_cards(tmp_path):
    path = tmp_path / "results.db"
    card = {"scorecard": "retail", "version": "1.0.0", "digest": "d1", "title": "Retail", "document": None}
    for outcome in ("1 new, 0 revised, 0 unchanged", "0 new, 0 revised, 1 unchanged"):
        sink = Sqlite({"path": str(path)})
        sink.about([], [card])
        written(sink, evaluation())
        assert sink.outcome == outcome
    with Store(path) as store:
        assert [each["evaluation_id"] for each in store.evaluations()] == ["e1"]


def test_sinks_by_ending_and_by_name(host, tmp_path):
    def opened(target, **how):
        sink = open_sink(str(tmp_path / target), host, **how)
        if isinstance(sink, Problem):
            return sink.code
        sink.close()
        return sink.name

    assert opened("r.jsonl") == "jsonl"
    assert opened("r.CSV") == "csv"
    assert opened("r.db") == "sqlite"
    assert opened("r.txt") == "E515"
    assert opened("r.txt", name="csv", options={"delimiter": ";"}) == "csv"
    assert opened("r.txt", name="csv", options={"delimiter": "x"}) == "E205"
    assert opened("r.txt", name="cvs") == "E310"
    assert opened("gone/r.csv") == "E620"
    assert opened("gone/r.db") == "E722"


class Nowhere:
    name = "nowhere"
    endings = ()
    options: ClassVar = {"type": "object", "properties": {"fail": {"type": "boolean"}}, "additionalProperties": False}

    def __init__(self, options):
        if options.get("fail"):
            raise RuntimeError("no answer")

    def write(self, evaluations):
        pass

    def close(self):
        pass


def test_a_sink_that_writes_no_file():
    host = Host(installed=False)
    assert host.register(Plugin("sinks", Nowhere), "far", version="1.2").failure is None
    assert isinstance(open_sink("", host, name="nowhere"), Nowhere)
    problem = open_sink("", host, name="nowhere", options={"fail": True})
    said = "sink 'nowhere' cannot begin (plugin 'far' 1.2 (registered)): RuntimeError: no answer"
    assert (problem.code, problem.message) == ("E620", said)
    assert open_sink("x.out", host, name="nowhere").code == "E201"


def test_a_whole_file_keeps_permissions_and_follows_links(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    file = WholeFile(link)
    file.stream.write("new")
    file.keep()
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    fresh = WholeFile(tmp_path / "fresh.txt")
    fresh.keep()
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "fresh.txt").stat().st_mode) == 0o666 & ~mask


def test_a_device_is_written_to_as_it_is():
    file = WholeFile("/dev/null")
    file.stream.write("anything")
    file.keep()
    WholeFile("/dev/null").drop()


FULL = """
import resource, sys
sys.path.insert(0, {tests!r})
from results_made import evaluation
from pauta.engine.host import Host
from pauta.engine.outlets import Outlet, Outlets
from pauta.engine.endpoints import open_sink

resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
host, told = Host(installed=False), []
outlets = Outlets([Outlet("out", open_sink({path!r}, host))], host, told.append)
for n in range(20):
    outlets.hand_on([], [], [evaluation(f"e{{n}}-{{m}}", call_id=f"c{{n * 50 + m}}") for m in range(50)])
outlets.close()
print(*(problem.message for problem in told), sep="\\n")
"""


@pytest.mark.parametrize("ending", ["jsonl", "csv", "xlsx", "parquet"])
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(ending, tmp_path):
    pytest.importorskip("resource")
    path = tmp_path / f"out.{ending}"
    path.write_text("the one before", encoding="utf-8")
    program = FULL.format(tests=str(Path(__file__).parent), path=str(path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "failed and gets nothing more: file too large" in done.stdout
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_text(encoding="utf-8") == "the one before"
