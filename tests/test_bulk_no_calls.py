"""Rows of a table that are no calls are left out and counted, as the plain path does with records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.pipeline import Summary
from pauta.engine.problems import Place, Problem
from pauta.plugins.sources.parquet import Parquet

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from pauta.bulk.files import score_files  # noqa: E402  # needs pyarrow
from pauta.bulk.pieces import ParquetInput  # noqa: E402
from pauta.bulk.scorer import Setup  # noqa: E402

CARD = """
scorecard: small
version: 1.0.0
sections:
  - section: only
    questions:
      - {question: greet, answers: yes_no}
      - {question: short, answers: yes_no, criterion: {condition: {call.duration_s: {below: 60}}}}
"""


def scored(path: Path, table: Any, most: int | None = None) -> tuple[Summary, list[Problem], list[dict[str, Any]]]:
    pq.write_table(table, path)
    card = card_from_text(CARD, Host(installed=False), "small.yaml").scorecard
    assert card is not None
    told: list[Problem] = []
    target = path.with_suffix(".results.parquet")
    setup = Setup.of(card, installed=False)
    summary = score_files([ParquetInput(str(path))], str(target), setup, on_problem=told.append, most=most)
    return summary, told, pq.read_table(target).to_pylist()


def strangers_of(path: Path) -> list[Problem]:
    found = Parquet({}).calls(str(path))
    return [each for each in found if isinstance(each, Problem) and each.code == "W503"]


@pytest.mark.parametrize("most", [None, 2, 5])
def test_they_are_counted_once_as_by_the_plain_path(tmp_path: Path, most: int | None) -> None:
    table = pa.table({
        "call_id": ["a", "b", "c", "d", "e", "f", "g"],
        "agent": ["x", None, "x", "x", None, "x", None],
        "duration_s": [30.0, None, None, 90.0, None, None, None],
        "nps": pa.array([None, None, 4, 5, None, None, 3], pa.int64()),
        "labels": ["l", "l", None, None, None, None, "l"],
    })  # fmt: skip
    path = tmp_path / "calls.parquet"
    summary, told, results = scored(path, table, most)
    assert [each["call_id"] for each in results] == ["a", "d", "e", "f"]
    assert (summary.calls, summary.evaluations, summary.refused, summary.errors) == (4, 4, 0, 0)
    assert [each for each in told if each.code == "W503"] == strangers_of(path)
    assert [each.code for each in told] == ["W501", "W501", "W503"]


def test_what_a_person_evaluated_and_what_is_misspelt_is_scored(tmp_path: Path) -> None:
    table = pa.table({
        "call_id": ["a", "b", "c", "d"],
        "evaluator": ["eva", None, None, None],
        "greet": ["yes", None, "no", None],
        "duratoin_s": [None, 30.0, None, None],
        "labels": ["l", "l", "l", "l"],
    })  # fmt: skip
    _, told, results = scored(tmp_path / "calls.parquet", table)
    assert [(each["call_id"], each["evaluator"]) for each in results] == [
        ("a", "eva"),
        ("b", "engine"),
        ("c", "engine"),
    ]
    assert told[-1].place == Place(str(tmp_path / "calls.parquet"), 4, 1)
    assert "1 record holds nothing of a call but whose it is (with labels)" in told[-1].message


def test_a_table_of_labels_gives_no_result(tmp_path: Path) -> None:
    table = pa.table({"call_id": ["a", "b"], "labels": ["x", "y"]})
    summary, told, results = scored(tmp_path / "labels.parquet", table)
    assert (summary.calls, results) == (0, [])
    assert [each.code for each in told] == ["W501", "W503"]


def test_a_call_that_comes_twice_is_told_by_its_row(tmp_path: Path) -> None:
    table = pa.table({"call_id": ["a", "b", "b"], "duration_s": [None, 1.0, 2.0], "labels": ["x", None, None]})
    _, told, results = scored(tmp_path / "calls.parquet", table)
    assert [each["call_id"] for each in results] == ["b"]
    assert [(each.code, each.place and each.place.line) for each in told] == [("W501", 2), ("E531", 3), ("W503", 1)]
