"""Parquet: calls and answers written by pyarrow itself, and files that are torn."""

import datetime
import decimal
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
pq = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")

from pauta.engine.endpoints import calls_in, files_of  # noqa: E402  # after the extra is known to be there
from pauta.engine.host import Host  # noqa: E402
from pauta.engine.model.calls import HumanEvaluation  # noqa: E402
from pauta.engine.problems import Problem  # noqa: E402
from pauta.plugins.sources import parquet  # noqa: E402

UTC = datetime.UTC
MOMENT = datetime.datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
TURN = pa.struct(
    [("speaker", pa.string()), ("text", pa.string()), ("start", pa.float32()), ("sentiment", pa.float64())]
)
METRICS = pa.struct([("hold_s", pa.float64()), ("waits", pa.int8())])
TURNS = [{"speaker": "agent", "text": "Hello", "start": 0.5, "sentiment": None}, {"speaker": "customer", "text": None}]


def written(folder, columns, name="calls.parquet", **how):
    path = folder / name
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **how)
    return str(path)


def codes(found):
    return [each.code if isinstance(each, Problem) else each.call_id for each in found]


def read(path, **options):
    return list(parquet.Parquet(options).calls(path))


def test_every_way_to_write_a_call(tmp_path):
    table = pa.table({
        "call_id": pa.array([7, 8], pa.int64()),
        "started_at": pa.array([MOMENT, None], pa.timestamp("ms", tz="America/Bogota")),
        "duration_s": pa.array([decimal.Decimal("12.50"), None], pa.decimal128(6, 2)),
        "agent": pa.array(["ana", "ana"]).dictionary_encode(),
        "attributes": pa.array([[("tier", "gold")], []], pa.map_(pa.string(), pa.string())),
        "attributes.day": pa.array([datetime.date(2026, 3, 1), None], pa.date32()),
        "metrics": pa.array([{"hold_s": 3.5, "waits": None}, None], METRICS),
        "metrics.queue_s": pa.array([datetime.timedelta(seconds=90), None], pa.duration("s")),
        "turns": pa.array([TURNS, None], pa.list_(TURN)),
    })  # fmt: skip
    first, second = read(written(tmp_path, table))
    assert (first.call_id, first.started_at, first.duration_s) == ("7", "2026-03-01T04:30:00-05:00", 12.5)
    assert first.attributes == {"tier": "gold", "day": "2026-03-01"}
    assert first.metrics == {"hold_s": 3.5, "queue_s": 90.0}
    assert [(turn.speaker, turn.text, turn.start) for turn in first.turns] == [
        ("agent", "Hello", 0.5),
        ("customer", "", None),
    ]
    assert (second.call_id, second.started_at, second.turns, dict(second.metrics)) == ("8", None, (), {})
    assert str(second.at).endswith("calls.parquet:2:1")


def test_json_as_text_is_read_too(tmp_path):
    columns = {
        "call_id": ["a", "b"],
        "turns": ['[{"speaker": "agent", "text": "x"}]', "{"],
        "metrics": ['{"n": 1}', ""],
    }
    found = read(written(tmp_path, columns))
    assert codes(found) == ["a", "E501"]
    assert (found[0].turns[0].text, found[0].metrics) == ("x", {"n": 1})


def test_times_without_a_zone_are_not_guessed_at(tmp_path):
    naive = pa.array([datetime.datetime(2026, 3, 1, 9)] * 3, pa.timestamp("us"))
    path = written(tmp_path, {"call_id": ["a", "b", "c"], "started_at": naive})
    (problem,) = read(path)
    assert (problem.code, "timezone" in problem.hint) == ("E553", True)
    assert {call.started_at for call in read(path, timezone="Europe/Madrid")} == {"2026-03-01T09:00:00+01:00"}
    assert codes(read(path, timezone="Nowhere")) == ["E731"]


def test_a_row_that_is_wrong_costs_that_row(tmp_path):
    bad = float("nan")
    path = written(tmp_path, {"call_id": ["a", None, "c", "d"], "duration_s": [1.0, 2.0, bad, -1.0], "tier": ["x"] * 4})
    assert codes(read(path)) == ["W501", "a", "E502", "E504", "E504"]


def test_answers_long_and_wide(tmp_path):
    long = {
        "call_id": [7, 7, 8],
        "evaluator": ["eva"] * 3,
        "question": ["greeting", "hold", "greeting"],
        "answer": ["yes", "12.5", "no"],
        "comment": [None, "long", None],
    }
    humans = list(parquet.Parquet({}).evaluations(written(tmp_path, long)))
    assert [(each.call_id, len(each.answers)) for each in humans] == [("7", 2), ("8", 1)]
    assert humans[0].answers["hold"].comment == "long"
    wide = pa.table({
        "call_id": ["c"], "evaluator": ["eva"], "evaluated_at": pa.array([MOMENT], pa.timestamp("us", tz="UTC")),
        "rating": [4.0], "offers": pa.array([["a", "b"]]), "empty": pa.array([[]], pa.list_(pa.string())),
        "none": pa.array([None], pa.string()), "done": [True], "rating.comment": ["fine"], "rating.at": [3.5],
    })  # fmt: skip
    (human,) = parquet.Parquet({}).evaluations(written(tmp_path, wide))
    assert isinstance(human, HumanEvaluation)
    assert {question: answer.value for question, answer in human.answers.items()} == {
        "rating": 4.0,
        "offers": ("a", "b"),
        "empty": (),
        "done": "true",
    }
    assert (human.answers["rating"].comment, human.answers["rating"].at) == ("fine", 3.5)
    assert human.evaluated_at == "2026-03-01T09:30:00+00:00"


def test_columns_that_are_not_there_or_there_twice(tmp_path):
    (problem,) = read(written(tmp_path, {"id": [1]}))
    assert (problem.code, problem.hint) == ("E511", "it has: id")
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["call_id", "call_id"])
    assert codes(read(written(tmp_path, twice))) == ["E511"]
    (problem,) = parquet.Parquet({}).evaluations(written(tmp_path, {"call_id": ["a"]}))
    assert "evaluator" in problem.message


def test_rows_come_as_they_are_read(tmp_path, monkeypatch):
    path = written(tmp_path, {"call_id": [str(n) for n in range(5000)]}, row_group_size=1000)
    plain, asked = parquet._rows, []
    monkeypatch.setattr(parquet, "_rows", lambda *given: (asked.append(row) or row for row in plain(*given)))
    found = iter(parquet.Parquet({}).calls(path))
    assert next(found).call_id == "0"
    assert len(asked) < 10
    assert len(list(found)) == 4999


def test_torn_files_are_one_sentence(tmp_path):
    path = tmp_path / "calls.parquet"
    for content in (b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"call_id\n1\n"):
        path.write_bytes(content)
        assert codes(read(str(path))) == ["E510"], content
    assert codes(read(str(tmp_path / "gone.parquet"))) == ["E510"]
    whole = {"call_id": [f"call {n} of many" for n in range(4000)]}
    data = Path(written(tmp_path, whole, row_group_size=1000, use_dictionary=False, compression="gzip")).read_bytes()
    path.write_bytes(data[:6000] + b"\xff" * 200 + data[6200:])
    found = codes(read(str(path)))
    assert found[:2000] == whole["call_id"][:2000]
    assert found[-1] == "E510"


def test_without_pyarrow_the_install_line_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (problem,) = read(str(tmp_path / "x.parquet"))
    assert (problem.code, problem.hint) == ("E550", "pip install 'pauta[parquet]'")


def test_files_are_found_by_their_ending(tmp_path):
    written(tmp_path, {"call_id": ["a"], "agent": ["ana"]})
    host = Host(installed=False)
    files, problems = files_of([tmp_path], host)
    assert (codes(calls_in(files, host)), problems) == (["a"], [])
