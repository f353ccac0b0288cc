"""`pauta score` from file to file as people call it: what goes by column, `--workers`, `--rejects`, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_bulk_lines import CARD, a_day

from pauta.cli import main

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

RUN = """
import sys, time
from pauta.bulk import files, pieces
from pauta.commands import tables
pieces.ROWS_WITH_TURNS, files.PIECES_WITH_TURNS = 50, 2
slow = float(sys.argv.pop(1))
tables.Bar.__call__ = lambda self, calls, total: time.sleep(slow)
from pauta.cli import main
main()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "card.yaml").write_text(CARD)
    (tmp_path / "calls.jsonl").write_bytes(a_day(60))
    return tmp_path


def score(*words: str) -> Result:
    return CliRunner().invoke(main, ["score", *words, "--card", "card.yaml"])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("workers", ["0", "-1", "two", "1.5", "", "AUTO", "²"])
def test_wrong_numbers_of_workers(workers: str) -> None:
    result = score("calls.jsonl", "--to", "r.parquet", "--workers", workers)
    assert result.exit_code == 2
    assert f"--workers is '{workers}'; it takes a number from 1, or auto" in result.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["calls.jsonl", "--to", "r.jsonl"], "the results do not go to one file that ends in .parquet"),
        (["calls.jsonl"], "the results do not go to one file"),
        (["calls.jsonl", "--to", "r.parquet", "--to", "s.parquet"], "the results do not go to one file"),
        (["calls.jsonl", "--to", "r.parquet", "--answers", "calls.vtt"],
         "'calls.vtt' is no table of evaluations that is read by column"),
        (["both.parquet", "--to", "r.parquet", "--answers", "calls.jsonl"],
         "'both.parquet' has people's answers beside its calls, and others come from files of their own"),
        (["calls.vtt", "--to", "r.parquet"], "'calls.vtt' is no table of calls that is read by column"),
        (["old.csv", "--to", "r.parquet"], "'old.csv' is not UTF-8"),
        (["none.csv", "--to", "r.parquet"], "'none.csv' is a sheet whose heading cannot be taken"),
        (["absent.jsonl", "--to", "r.parquet"], "a table cannot be opened"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("option", [["--workers", "2"], ["--rejects", "x.parquet"]])
def test_what_is_not_scored_by_column_has_neither(
    folder: Path, words: list[str], reason: str, option: list[str]
) -> None:
    (folder / "calls.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\n<v agent>Hello\n")
    (folder / "old.csv").write_bytes(b"call_id,agent\nc-1,Jos\xe9\n")
    (folder / "none.csv").write_bytes(b"id,agent\nc-1,x\n")
    pq.write_table(pa.table({"call_id": ["c-1"], "evaluator": ["eva"], "good": ["yes"]}), folder / "both.parquet")
    result = score(*words, *option)
    assert result.exit_code == 2
    assert f"{option[0]} is for tables that are scored by column, and " in result.output
    assert reason in " ".join(result.output.split())
    assert not (folder / "r.parquet").exists()


def test_rejects_say_what_was_refused_and_why(folder: Path) -> None:
    (folder / "calls.jsonl").write_text(
        '{"call_id": "a", "duration_s": 3}\n{"call_id": "b", "duration_s": -3}\nnothing\n\n{"call_id": "a"}\n'
    )
    (folder / "more.csv").write_text("call_id,channel\nc,voice\nd,smoke\ne,voice,x\n")
    result = score("calls.jsonl", "more.csv", "--to", "r.parquet", "--rejects", "deep/x.parquet", "--workers", "2")
    assert result.exit_code == 1, result.output
    rejects = pq.read_table("deep/x.parquet").to_pylist()
    assert [(each["file"], each["row"], each["call_id"], each["code"]) for each in rejects] == [
        ("calls.jsonl", 2, "b", "E504"),
        ("calls.jsonl", 3, None, "E501"),
        ("calls.jsonl", 5, "a", "E531"),
        ("more.csv", 3, "d", "E507"),
        ("more.csv", 4, None, "E512"),
    ]
    assert all(each["message"] in result.output for each in rejects)
    assert pq.read_table("r.parquet")["call_id"].to_pylist() == ["a", "c"]


def test_rejects_are_there_where_nothing_was_refused(folder: Path) -> None:
    (folder / "calls.jsonl").write_text('{"call_id": "a"}\n')
    result = score("calls.jsonl", "--to", "r.parquet", "--rejects", "x.parquet", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert pq.read_table("x.parquet").num_rows == 0


SHEET = """Call ID;Attributes.tier;metrics.hold_s;duration_s;team;mood
a;gold;3,5;12;north;
b;none;;-5;"so
uth";good
c;gold;200;12;north;bad;more
a;gold;3;1;north;

d;;1e3;twelve;;
;;;;;good
e;silver;7;8;north;good
"""


ANSWERS = """Call ID;evaluator;mode;proper;proper.comment
call-1;eva;live;yes;
call-1;bob;;no;why
;eva;;yes;
nowhere;eva;;yes;
a;eva;other;yes;
"""


@pytest.mark.parametrize(
    "words", [["calls.jsonl"], ["calls.csv"], ["calls.jsonl", "calls.csv", "--answers", "answers.csv"]]
)
def test_results_and_words_are_those_of_the_plain_path(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pauta.bulk.files.TOLD", 10**6)
    (folder / "calls.csv").write_text(SHEET)
    (folder / "answers.csv").write_text(ANSWERS)
    by_column = score(*words, "--to", "r.parquet")
    monkeypatch.setattr("pauta.commands.tables.tables_of", lambda *_, **__: "not today")
    plainly = score(*words, "--to", "s.parquet")
    assert by_column.exit_code == plainly.exit_code == 1
    assert pq.read_table("r.parquet").to_pylist() == pq.read_table("s.parquet").to_pylist()
    assert sorted(by_column.output.replace("r.parquet", "s.parquet").splitlines()) == sorted(
        plainly.output.splitlines()
    )


def test_many_small_files_are_scored_together_unless_workers_are_asked_for(folder: Path) -> None:
    (folder / "calls.jsonl").unlink()
    for n in range(20):
        (folder / f"{n:02}.jsonl").write_text(json.dumps({"call_id": f"c-{n}"}) + "\n")
    names = [f"{n:02}.jsonl" for n in range(20)]
    assert score(*names, "--to", "r.parquet").exit_code == 0
    assert score(*names, "--to", "s.parquet", "--workers", "1").exit_code == 0
    assert pq.read_table("r.parquet").to_pylist() == pq.read_table("s.parquet").to_pylist()
    groups = [pq.ParquetFile(each).metadata.num_row_groups for each in ("r.parquet", "s.parquet")]
    assert groups == [1, 20]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_comes_through_a_pipe_is_scored_plainly(folder: Path) -> None:
    os.mkfifo(folder / "pipe.jsonl")
    with subprocess.Popen(["sh", "-c", "cat calls.jsonl > pipe.jsonl"], cwd=folder):
        assert score("pipe.jsonl", "--to", "r.parquet").exit_code == 1
    assert score("calls.jsonl", "--to", "s.parquet").exit_code == 1
    assert pq.read_table("r.parquet").to_pylist() == pq.read_table("s.parquet").to_pylist()


def started(folder: Path, target: str, slow: float) -> subprocess.Popen[str]:
    words = ["score", "many.jsonl", "--card", "card.yaml", "--to", target, "--workers", "2"]
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(slow), *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def nobody_left(group: int) -> bool:
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_and_a_run_that_goes_on(folder: Path) -> None:
    calls = [{"call_id": f"c-{n % 1400}", "turns": [{"speaker": "agent", "text": "hello"}]} for n in range(1500)]
    (folder / "many.jsonl").write_text("".join(json.dumps(each) + "\n" for each in calls))
    whole = started(folder, "whole.parquet", 0)
    _, said = whole.communicate()
    assert whole.returncode == 1, said
    run = started(folder, "r.parquet", 0.2)
    state = folder / ".r.parquet.parts" / "run.json"
    for _ in range(1200):
        if state.exists() or run.poll() is not None:
            break
        time.sleep(0.05)
    assert run.poll() is None, "it was to be broken off and had ended"
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "Traceback" not in said
    assert nobody_left(run.pid)
    assert not (folder / "r.parquet").exists()
    done = json.loads(state.read_text())["next_piece"]
    assert 0 < done < 30
    again = started(folder, "r.parquet", 0)
    again.communicate()
    assert again.returncode == 1
    assert (folder / "r.parquet").read_bytes() == (folder / "whole.parquet").read_bytes()
    assert not list(folder.glob(".*.parts"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["calls.jsonl", "--to", "calls.jsonl"], "'calls.jsonl' is read by this run"),
        (["calls.jsonl", "--to", "./calls.jsonl"], "'./calls.jsonl' is read by this run"),
        (["calls.jsonl", "--to", "r.parquet", "--rejects", "calls.jsonl"], "'calls.jsonl' is read by this run"),
        (["calls.jsonl", "--to", "r.parquet", "--rejects", "r.csv"], "it takes a file that ends in .parquet"),
        (["calls.jsonl", "--to", "r.parquet", "--rejects", "r.parquet"], "would both be written to 'r.parquet'"),
        (["out/part-1.jsonl", "--to", "out/"], "a file in 'out/' is read by this run"),
        (["calls.jsonl", "--answers", "a.csv", "--to", "a.csv"], "'a.csv' is read by this run"),
    ],
)
def test_nothing_is_written_over_what_is_read(folder: Path, words: list[str], said: str) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "part-1.jsonl").write_bytes(a_day(3))
    (folder / "a.csv").write_text("call_id,evaluator,greeted\ncall-1,eva,yes\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = score(*words)
    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_nothing_is_written_over_what_is_read_by_a_sink_of_the_operation(folder: Path) -> None:
    (folder / "pauta.yaml").write_text("operation: north\nsinks: [calls.jsonl]\n")
    before = (folder / "calls.jsonl").read_bytes()
    result = score("calls.jsonl")
    assert (result.exit_code, "'calls.jsonl' is read by this run" in result.output) == (2, True), result.output
    assert (folder / "calls.jsonl").read_bytes() == before


def test_two_runs_into_one_file_do_not_mix(folder: Path) -> None:
    from pauta.bulk.parts import Parts

    (folder / "r.parquet").write_text("an earlier one")
    other = Parts(folder / "r.parquet", {}, folder=False, rejects=None)
    result = score("calls.jsonl", "--to", "r.parquet")
    assert result.exit_code == 3, result.output
    assert "'r.parquet' cannot be written: another run is writing it" in result.output
    other.drop()
    assert score("calls.jsonl", "--to", "r.parquet").exit_code in (0, 1)
    assert not list(folder.glob(".r.parquet.parts"))


def test_answers_beside_the_calls_may_be_named_too(folder: Path) -> None:
    people = {
        "call_id": ["a", "b"],
        "duration_s": [1, 2],
        "evaluator": ["eva", None],
        "answer.greet": ["yes", None],
        "proper": ["no", None],
    }
    pq.write_table(pa.table(people), folder / "people.parquet")
    for words in ([], ["--answers", "people.parquet"]):
        result = score("people.parquet", *words, "--to", f"{len(words)}.parquet", "--workers", "1")
        assert (result.exit_code, result.stderr) == (0, ""), result.output
    assert pq.read_table("2.parquet")["evaluator"].to_pylist() == ["eva", "engine"]
    assert (folder / "0.parquet").read_bytes() == (folder / "2.parquet").read_bytes()
