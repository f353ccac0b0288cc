"""Results in Parquet: read back they are what was written, whatever they hold."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
import strategies
from engine_runs import plan_of, run
from hypothesis import given, settings, strategies as st
from results_made import evaluation

from pauta.plugins.sinks.parquet import Parquet, evaluations_in


def written(path, *evaluations, **options):
    sink = Parquet({"path": str(path), **options})
    for start in range(0, len(evaluations), 3):
        sink.write(list(evaluations[start : start + 3]))
    sink.close()
    return path


def test_what_is_read_back_is_what_was_written(tmp_path):
    several = [
        evaluation(), evaluation("e2", agent=None, score=None, band=None, passed=None, answers=[], sections=[]),
        evaluation("e3", later={"field": [1, None]}, answers=[{**evaluation()["answers"][0], "answer": 5, "new": "x"},
                   {**evaluation()["answers"][0], "answer": 2.5, "criterion_answer": 3},
                   {**evaluation()["answers"][0], "answer": [], "error": None}]),
    ]  # fmt: skip
    path = written(tmp_path / "r.parquet", *several)
    assert list(evaluations_in(path)) == several
    assert list(next(evaluations_in(path)))[:3] == list(evaluation())[:3]


def test_words_are_dictionaries_and_rows_come_in_groups(tmp_path):
    path = written(tmp_path / "r.parquet", *(evaluation(f"e{n}") for n in range(10)), row_group=4)
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [4, 4, 2]
    assert str(file.schema_arrow.field("agent").type).startswith("dictionary")
    assert file.read(["score", "band"]).column("score").to_pylist() == [83.33] * 10
    answers = file.read(["answers"]).column("answers").to_pylist()[0]
    assert [each["fault"] for each in answers] == ["agent", "process", None]


def test_an_empty_run_is_a_file_too_and_a_broken_one_leaves_the_old(tmp_path):
    path = written(tmp_path / "r.parquet")
    assert list(evaluations_in(path)) == []
    before = path.read_bytes()
    sink = Parquet({"path": str(path)})
    sink.write([evaluation()])
    sink.drop()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["r.parquet"]


def test_the_same_results_make_the_same_bytes(tmp_path):
    first = written(tmp_path / "a.parquet", evaluation()).read_bytes()
    assert written(tmp_path / "b.parquet", evaluation()).read_bytes() == first


def test_a_result_that_no_file_takes_is_refused(tmp_path):
    sink = Parquet({"path": str(tmp_path / "r.parquet")})
    with pytest.raises(ValueError, match="Out of range"):
        sink.write([evaluation(later=float("nan"))])
    sink.drop()


@settings(max_examples=25, deadline=None)
@given(card=strategies.cards(), seed=st.integers(0, 2**32))
def test_any_result_of_the_engine_comes_back_equal(tmp_path_factory, card, seed):
    plan = plan_of(card)
    found = run(plan, strategies.rows_by(strategies.Dice.seeded(seed), card, 5))
    path = written(tmp_path_factory.mktemp("parquet") / "r.parquet", *found)
    assert list(evaluations_in(path)) == found
