"""Tables from file to file: the same bytes however the work is shared and wherever it was broken off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import Mock

import pytest

from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.pipeline import Summary
from pauta.engine.problems import Problem

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from pauta.bulk import files, pieces  # noqa: E402  # needs pyarrow
from pauta.bulk.files import score_files  # noqa: E402
from pauta.bulk.pieces import ParquetInput  # noqa: E402
from pauta.bulk.scorer import Setup  # noqa: E402
from pauta.bulk.workers import WorkerDiedError, Workers  # noqa: E402

CARD = """
scorecard: small
version: 1.0.0
title: Small
scoring: {pass_mark: 80}
sections:
  - section: only
    questions:
      - {question: greet, answers: yes_no, error: non_critical}
      - {question: offer, answers: {warm: 5, cold: 2, none: 0, na: null}}
      - {question: wait, answers: {number: {unit: s}, ranges: [{to: 20, points: 3}, {points: 0}]}}
"""
RUN = """
import sys, time
from pauta.bulk import files, pieces
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
pieces.ROWS, files.PIECES_OF_A_PART = 100, 2
host = Host(installed=False)
card = card_from_text(open(sys.argv[1]).read(), host, "small.yaml").scorecard
slow = float(sys.argv[4])
print("started", flush=True)
summary = files.score_files(
    [pieces.ParquetInput(sys.argv[2])], sys.argv[3], files.Setup.of(card, installed=False), host=host,
    progress=lambda calls, total: time.sleep(slow),
)
print(summary.calls, summary.evaluations, summary.refused, flush=True)
"""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "ROWS", 100)
    monkeypatch.setattr(files, "PIECES_OF_A_PART", 2)


def setup() -> Setup:
    loaded = card_from_text(CARD, Host(installed=False), "small.yaml")
    assert loaded.scorecard is not None
    return Setup.of(loaded.scorecard, installed=False)


def calls(count: int, **columns: list[Any]) -> Any:
    table = {
        "call_id": [f"call-{n}" for n in range(count)],
        "agent": [f"agent-{n % 7}" for n in range(count)],
        "evaluator": ["eva" if n % 5 else None for n in range(count)],
        "greet": [("yes", "no")[n % 2] if n % 5 else None for n in range(count)],
        "offer": [("warm", "cold", "none", "na")[n % 4] if n % 5 else None for n in range(count)],
        "wait": [float(n % 40) if n % 5 else None for n in range(count)],
        **columns,
    }
    return pa.table(table)


def file_of(table: Any, path: Path, group: int = 1000) -> ParquetInput:
    pq.write_table(table, path, row_group_size=group)
    return ParquetInput(str(path))


def scored(inputs: list[ParquetInput], target: Path | str, **more: Any) -> tuple[Summary, list[Problem]]:
    told: list[Problem] = []
    return score_files(inputs, str(target), setup(), host=Host(installed=False), on_problem=told.append, **more), told


@pytest.mark.slow
def test_the_same_bytes_by_two_workers_and_by_one(tmp_path: Path) -> None:
    table = calls(1234)
    inputs = [file_of(table, tmp_path / "a.parquet", 450), file_of(calls(7).slice(3), tmp_path / "b.parquet")]
    one, told = scored(inputs, tmp_path / "one.parquet", rejects=str(tmp_path / "one.rejects.parquet"))
    two, also = scored(inputs, tmp_path / "two.parquet", rejects=str(tmp_path / "two.rejects.parquet"), workers=2)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert (tmp_path / "one.rejects.parquet").read_bytes() == (tmp_path / "two.rejects.parquet").read_bytes()
    assert (one.calls, one.refused, one.evaluations) == (two.calls, two.refused, two.evaluations) == (1234, 4, 1234)
    assert told == also
    assert [each.code for each in told] == ["E531"] * 4
    assert pq.read_table(tmp_path / "one.parquet")["call_id"].to_pylist() == table["call_id"].to_pylist()
    rejects = pq.read_table(tmp_path / "one.rejects.parquet").to_pylist()
    assert [(each["row"], each["call_id"], each["code"]) for each in rejects] == [
        (n + 1, f"call-{n + 3}", "E531") for n in range(4)
    ]
    assert not list(tmp_path.glob(".*.parts"))


def test_where_the_input_is_cut_into_groups_changes_no_row(tmp_path: Path) -> None:
    table = calls(500)
    rows = []
    for n, group in enumerate((30, 100, 170, 500)):
        scored([file_of(table, tmp_path / f"{n}.parquet", group)], tmp_path / f"r{n}.parquet")
        rows.append(pq.read_table(tmp_path / f"r{n}.parquet").to_pylist())
    assert all(each == rows[0] for each in rows)
    assert len(rows[0]) == 500


@pytest.mark.slow
def test_doubles_far_apart_are_refused_whoever_scores_them(tmp_path: Path) -> None:
    names = [f"call-{n}" for n in range(900)]
    names[777], names[850], names[10] = "call-5", "call-700", "call-9"
    table = calls(900, call_id=names, agent=["a"] * 900)
    for workers in (1, 3):
        summary, told = scored(
            [file_of(table, tmp_path / "c.parquet")], tmp_path / f"{workers}.parquet", workers=workers
        )
        assert [each.place.line for each in told if each.place] == [11, 778, 851]
        assert (summary.calls, summary.refused) == (897, 3)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "3.parquet").read_bytes()


def test_the_first_problems_of_a_kind_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    table = calls(300, duration_s=[-1.0] * 300)
    summary, told = scored(
        [file_of(table, tmp_path / "c.parquet")], tmp_path / "r.parquet", rejects=str(tmp_path / "x.parquet")
    )
    assert summary.errors == summary.refused == 300
    assert [each.code for each in told] == ["E504"] * 21
    assert told[-1].message == "and 280 more problems of this kind, 300 in all"
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 300
    assert pq.read_table(tmp_path / "r.parquet").num_rows == 0


def test_a_folder_keeps_the_parts(tmp_path: Path) -> None:
    scored([file_of(calls(450), tmp_path / "c.parquet")], f"{tmp_path}/results/")
    assert [each.name for each in sorted((tmp_path / "results").iterdir())] == [
        "part-00000.parquet", "part-00001.parquet", "part-00002.parquet",
    ]  # fmt: skip
    assert pq.read_table(tmp_path / "results").num_rows == 450


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [({"evaluator": None}, "no column evaluator"), ({"call_id": None}, "no column call_id")],
)
def test_a_table_that_is_none_is_refused_in_a_sentence(tmp_path: Path, columns: dict[str, Any], sentence: str) -> None:
    table = calls(5).drop_columns(list(columns))
    summary, told = scored([file_of(table, tmp_path / "c.parquet")], tmp_path / "r.parquet")
    assert [each.code for each in told] == ["E511"]
    assert sentence in told[0].message
    assert summary.errors == 1
    assert pq.read_table(tmp_path / "r.parquet").num_rows == 0


def test_a_torn_file_costs_its_torn_rows(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    file_of(calls(300), path, 100)
    at = pq.ParquetFile(path).metadata.row_group(1).column(0).dictionary_page_offset
    torn = bytearray(path.read_bytes())
    torn[at : at + 40] = b"\xff" * 40
    path.write_bytes(torn)
    summary, told = scored([ParquetInput(str(path))], tmp_path / "r.parquet")
    assert [each.code for each in told] == ["E510"]
    assert "broken in rows 101 to 200" in told[0].message
    assert (summary.calls, summary.refused) == (200, 100)


def command(tmp_path: Path, target: Path, slow: float) -> list[str]:
    (tmp_path / "small.yaml").write_text(CARD)
    return [
        sys.executable,
        "-c",
        RUN,
        str(tmp_path / "small.yaml"),
        str(tmp_path / "c.parquet"),
        str(target),
        str(slow),
    ]


def killed_after_parts(tmp_path: Path, target: Path, parts: int) -> None:
    """Start a run and kill it -9 once so many parts are whole."""
    started = subprocess.Popen(command(tmp_path, target, 0.1), stdout=subprocess.PIPE)
    state = target.parent / f".{target.name}.parts" / f"keys-{parts - 1:05}.npy"
    for _ in range(600):
        if state.exists() or started.poll() is not None:
            break
        time.sleep(0.05)
    assert started.poll() is None, "it was to be killed and had ended"
    started.send_signal(signal.SIGKILL)
    started.communicate()


@pytest.mark.slow
def test_kill_9_and_a_second_run_end_in_the_same_file(tmp_path: Path) -> None:
    table = calls(1500, call_id=[f"call-{n % 1400}" for n in range(1500)], agent=["a"] * 1500)
    file_of(table, tmp_path / "c.parquet")
    whole, target = tmp_path / "whole.parquet", tmp_path / "again.parquet"
    undisturbed = subprocess.run(command(tmp_path, whole, 0), check=True, capture_output=True, text=True)
    killed_after_parts(tmp_path, target, 2)
    assert not target.exists()
    first = (tmp_path / ".again.parquet.parts" / "part-00000.parquet").stat().st_mtime_ns
    killed_after_parts(tmp_path, target, 5)
    assert (tmp_path / ".again.parquet.parts" / "part-00000.parquet").stat().st_mtime_ns == first
    second = subprocess.run(command(tmp_path, target, 0), check=True, capture_output=True, text=True)
    assert second.stdout == undisturbed.stdout == "started\n1400 1400 100\n"
    assert target.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".*.parts"))


def test_another_input_begins_anew(tmp_path: Path) -> None:
    file_of(calls(1000), tmp_path / "c.parquet")
    target = tmp_path / "r.parquet"
    killed_after_parts(tmp_path, target, 2)
    other = file_of(calls(900), tmp_path / "c.parquet")
    summary, _ = scored([other], target)
    assert summary.calls == 900
    assert pq.read_table(target).num_rows == 900


class Dying(ParquetInput):
    """An input that kills its reader at its third piece, unless it is this process."""

    def read(self, piece: pieces.Piece) -> Any:
        if piece.first_row > 400 and os.environ.get("PAUTA_TEST_PARENT") != str(os.getpid()):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(piece)


def test_a_worker_that_dies_is_told_and_what_was_written_stays(tmp_path: Path) -> None:
    file_of(calls(1000), tmp_path / "c.parquet")
    with pytest.raises(WorkerDiedError) as died:
        scored([Dying(str(tmp_path / "c.parquet"))], tmp_path / "r.parquet", workers=2)
    assert died.value.problems[0].code == "E755"
    assert "killed by signal 9" in died.value.problems[0].message
    assert not (tmp_path / "r.parquet").exists()
    summary, _ = scored([ParquetInput(str(tmp_path / "c.parquet"))], tmp_path / "r.parquet")
    assert summary.calls == 1000


def test_leaving_early_ends_every_process(tmp_path: Path) -> None:
    source = file_of(calls(1000), tmp_path / "c.parquet")

    def numbered() -> Iterator[tuple[int, pieces.Piece]]:
        yield from enumerate(source.pieces(0))

    with Workers([source], setup(), 2) as workers:
        first = next(workers.done(numbered()))
        processes = list(workers._at_work.values())
    assert first.number == 0
    assert not any(process.is_alive() for process in processes)


def test_problems_of_plugins_are_counted_without_being_kept() -> None:
    told: list[Problem] = []
    run = files.Run(told.append)
    each = [Problem("E605", f"criterion 'x' has no answer for call {n}") for n in range(3 * files.REMEMBERED)]
    for problem in (*each, *each[:10]):
        run.tell(problem)
    assert run.summary.failures == len(each)
    assert len(told) == files.TOLD
    assert len(run._told) == files.REMEMBERED


class Answered(Workers):
    """Workers whose processes are threads that say which piece they got."""

    def _started(self) -> Any:
        here, there = Pipe()
        Thread(target=self._answer, args=(there,), daemon=True).start()
        self._at_work[here] = Mock()
        return here

    def _answer(self, pipe: Any) -> None:
        while True:
            try:
                pipe.send(pipe.recv()[0])
            except (EOFError, OSError):
                return


@pytest.mark.parametrize(
    ("asked", "cores", "count", "most"), [(64, 8, 1, 1), (64, 8, 5, 5), (64, 2, 100, 4), (3, 8, 100, 3), (2, 1, 9, 2)]
)
def test_never_more_processes_than_pieces_and_two_a_core(
    asked: int, cores: int, count: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pauta.bulk.workers.cores", lambda: cores)
    with Answered([], setup(), asked) as pool:
        assert list(pool.done((n, pieces.Piece(0, 1, 1, ())) for n in range(count))) == list(range(count))
        assert len(pool._at_work) <= most
