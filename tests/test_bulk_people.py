"""Calls in some files and people's evaluations in others, by column: record for record what the plain way makes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dice import Dice

from pauta.bulk import files, pieces
from pauta.engine.endpoints import calls_in, evaluations_in, open_sink
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.outlets import Outlet
from pauta.engine.pipeline import Summary, score
from pauta.engine.problems import Problem, ProblemsFound
from pauta.engine.redaction import SHIPPED, Redactor, redactor_from

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from test_bulk_scorer import catalog, same_summary, told_by  # noqa: E402  # needs pyarrow

from pauta.bulk import evaluations  # noqa: E402
from pauta.bulk.files import score_files  # noqa: E402
from pauta.bulk.lines import LinesInput  # noqa: E402
from pauta.bulk.pieces import Input, ParquetInput  # noqa: E402
from pauta.bulk.scorer import Setup  # noqa: E402

HOST = Host(installed=False)
Told = tuple[Summary, list[Problem]]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "ROWS", 25)
    monkeypatch.setattr(files, "PIECES_OF_A_PART", 1)
    monkeypatch.setattr(files, "TOLD", 10**6)


def calls_by(dice: Dice, count: int) -> list[dict[str, Any]]:
    """Calls that several agents handled, that come again, and that are none."""
    days = ["2026-02-28T23:30:00+00:00", "2026-03-01T00:30:00+02:00", "2026-04-01T10:00:00Z", None]
    return [
        {
            "call_id": (f"c{n}" if dice.chance(80) else f"c{dice.number(0, count)}") + (" " if dice.chance(3) else ""),
            "agent": dice.pick(["a1", "a2", None]),
            "started_at": dice.pick(days),
            "call_type": dice.pick(["sale", "other", None]),
            "duration_s": -3.0 if dice.chance(4) else 12.0,
            "attributes": {"tier": dice.pick(["gold", "tin"])},
        }
        for n in range(count)
    ]


def evaluations_by(dice: Dice, count: int, of: int | None = None) -> list[dict[str, Any]]:
    """Evaluations of calls: none, one or several of each, of calls that are not there, and some that are none."""
    made = []
    for _ in range(count):
        answers: dict[str, Any] = {
            name: dice.pick(values)
            for name, values in {
                "greet": ["yes", "no", "maybe", "", None, True],
                "offer": ["yes", "no", "na"],
                "how": ["1", "5", 7, 2.5, "unverified"],
                "nobody": ["asks", ["this", "that"]],
            }.items()
            if dice.chance(70 if name != "nobody" else 5)
        }
        if dice.chance(25):
            answers["greet"] = {
                "answer": dice.pick(["no", None]),
                "comment": dice.pick(["hm", "to a@b.com", "", None]),
            }
        if dice.chance(10):
            answers["offer"] = {"answer": "no", "fault": dice.pick(["process", "nobody"]), "at": dice.pick([3, 4.5])}
        made.append({
            "call_id": f"c{dice.number(0, of or count)}",
            "agent": dice.pick(["a1", "a2", None, None]),
            "evaluator": dice.pick(["eva", "bob", "ida"]) if dice.chance(96) else dice.pick(["engine", None]),
            "scorecard": dice.pick([None, "sales", "care", "rest", "nowhere"]),
            "version": dice.pick([None, None, None, "1.0.0", "9.9.9"]),
            "evaluated_at": dice.pick([None, "2026-04-02T10:00:00Z", "yesterday"]) if dice.chance(20) else None,
            "mode": dice.pick(["live", "recorded", None]),
            "answers": answers,
        })  # fmt: skip
    return made


def lines(path: Path, records: Sequence[Any]) -> Path:
    there = [{key: value for key, value in each.items() if value is not None} for each in records]
    path.write_text("".join(json.dumps(each) + "\n" for each in there))
    return path


def wide(path: Path, records: Sequence[Any]) -> Path:
    """Evaluations with a column a question, whose values are text."""
    rows = []
    for each in records:
        row = {name: value for name, value in each.items() if name != "answers"}
        for question, given in each["answers"].items():
            parts = given if isinstance(given, dict) else {"answer": given}
            for part, value in parts.items():
                row[question if part == "answer" else f"{question}.{part}"] = as_cell(value)
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
    return path


def sheet(path: Path, records: Sequence[Any]) -> Path:
    """The same as CSV, with a row that is none in the middle."""
    rows = pq.read_table(wide(path.with_suffix(".made"), records)).to_pylist()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Call ID" if name == "call_id" else name for name in rows[0]])
        for n, row in enumerate(rows):
            writer.writerow([*row.values(), *(["more"] if n == len(rows) // 2 else [])])
    return path


def numbered(path: Path, records: Sequence[Any]) -> Path:
    """Wide, with ids and answers as numbers, moments as such and truth."""
    rows = [
        {
            "call_id": int(each["call_id"][1:]),
            "evaluator": each["evaluator"],
            "evaluated_at": datetime(2026, 4, 1, 10, n % 60, tzinfo=UTC) if n % 3 else None,
            "how": float(n % 7) if n % 4 else None,
            "how.at": n - 3 if n % 5 == 0 else None,
            "nobody": n % 2 == 0 if n % 9 == 0 else None,
            "offer": ["yes", "no|na", "[]", "", None][n % 5],
        }
        for n, each in enumerate(records)
    ]
    pq.write_table(pa.table({name: [row[name] for row in rows] for name in rows[0]}), path)
    return path


def as_cell(value: Any) -> Any:
    if isinstance(value, list):
        return "|".join(value)
    return value if value is None or isinstance(value, str) else str(value).lower()


def plainly(calls: Sequence[Path], answers: Sequence[Path], target: Path, setup: Setup) -> Told:
    told: list[Problem] = []
    sink = open_sink(str(target), HOST)
    assert not isinstance(sink, Problem)
    summary = score(
        calls_in([Feed(str(each)) for each in calls], HOST),
        evaluations_in([Feed(str(each)) for each in answers], HOST),
        router=setup.router,
        host=HOST,
        outlets=[Outlet("to", sink)],
        on_problem=told.append,
        redactor=setup.redactor,
    )
    return summary, told


def by_column(calls: Sequence[Path], answers: Sequence[Path], target: Path, setup: Setup, **more: Any) -> Told:
    told: list[Problem] = []
    inputs: list[Input] = [
        ParquetInput(str(each)) if each.suffix == ".parquet" else LinesInput(str(each)) for each in calls
    ]
    feeds = [Feed(str(each)) for each in answers]
    summary = score_files(inputs, str(target), setup, host=HOST, on_problem=told.append, answers=feeds, **more)
    return summary, told


def same(found: Told, expected: Told, folder: Path, name: str = "bulk.parquet") -> None:
    rows = pq.read_table(folder / name).to_pylist()
    other = pq.read_table(folder / "plain.parquet").to_pylist()
    assert rows == other
    different = {"W521"}  # answers to questions that a card does not have are counted by group of rows
    assert told_by(each for each in found[1] if each.code not in different) == told_by(
        each for each in expected[1] if each.code not in different
    )
    same_summary(found[0], expected[0])


FORMS = {
    "lines": (lines, "jsonl"),
    "wide": (wide, "parquet"),
    "sheet": (sheet, "csv"),
    "numbered": (numbered, "parquet"),
}


def a_law(seed: int, form: str, tmp_path: Path) -> None:
    dice = Dice.seeded(seed)
    setup = Setup(catalog(tmp_path))
    size = dice.pick([5, 30, 40])
    made, ending = FORMS[form]
    calls = calls_by(dice, size)
    for each in calls if form == "numbered" else ():
        each["call_id"] = each["call_id"][1:]
    calls = [lines(tmp_path / "calls.jsonl", calls)]
    answers = [
        made(tmp_path / f"a.{ending}", evaluations_by(dice, size)),
        lines(tmp_path / "b.jsonl", evaluations_by(dice, dice.pick([0, 3, size]))),
    ]
    expected = plainly(calls, answers, tmp_path / "plain.parquet", setup)
    same(by_column(calls, answers, tmp_path / "bulk.parquet", setup), expected, tmp_path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(1))
def test_as_the_plain_way_has_it(seed: int, form: str, tmp_path: Path) -> None:
    a_law(seed, form, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(1, 12))
def test_as_the_plain_way_has_it_many_times(seed: int, form: str, tmp_path: Path) -> None:
    a_law(seed, form, tmp_path)


def a_day(folder: Path, size: int = 60) -> tuple[list[Path], list[Path], Setup]:
    dice = Dice.seeded(size)
    calls = [lines(folder / "calls.jsonl", calls_by(dice, size))]
    answers = [
        lines(folder / "a.jsonl", evaluations_by(dice, size)),
        wide(folder / "b.parquet", evaluations_by(dice, 9)),
    ]
    return calls, answers, Setup(catalog(folder))


def test_a_run_that_was_broken_off_goes_on(tmp_path: Path) -> None:
    calls, answers, setup = a_day(tmp_path)
    whole = by_column(calls, answers, tmp_path / "whole.parquet", setup, rejects=str(tmp_path / "whole.x.parquet"))

    class BrokenOffError(Exception):
        pass

    def break_off(rows: int, total: int | None) -> None:
        if rows > 40:
            raise BrokenOffError

    rejects = str(tmp_path / "bulk.x.parquet")
    with pytest.raises(BrokenOffError):
        by_column(calls, answers, tmp_path / "bulk.parquet", setup, rejects=rejects, progress=break_off)
    seen: list[int] = []
    again = by_column(
        calls, answers, tmp_path / "bulk.parquet", setup, rejects=rejects, progress=lambda rows, _: seen.append(rows)
    )
    assert seen[0] > 26  # it did not begin anew
    for name in ("", ".x"):
        assert (tmp_path / f"whole{name}.parquet").read_bytes() == (tmp_path / f"bulk{name}.parquet").read_bytes()
    same_summary(again[0], whole[0])
    assert (again[0].errors, again[0].warnings) == (whole[0].errors, whole[0].warnings)
    answers[0].write_text(answers[0].read_text() + "\n")
    with pytest.raises(BrokenOffError):
        by_column(calls, answers, tmp_path / "bulk.parquet", setup, progress=break_off)
    lines(answers[0], [])
    began: list[int] = []
    by_column(calls, answers, tmp_path / "bulk.parquet", setup, progress=lambda rows, _: began.append(rows))
    assert began[0] < 26  # other answers, and it begins anew


@pytest.mark.slow
def test_the_same_bytes_by_two_workers_and_by_one(tmp_path: Path) -> None:
    calls, answers, setup = a_day(tmp_path, 200)
    one = by_column(calls, answers, tmp_path / "one.parquet", setup, rejects=str(tmp_path / "one.x.parquet"))
    two = by_column(calls, answers, tmp_path / "two.parquet", setup, rejects=str(tmp_path / "two.x.parquet"), workers=2)
    assert one[1] == two[1]
    same_summary(one[0], two[0])
    for name in ("", ".x"):
        assert (tmp_path / f"one{name}.parquet").read_bytes() == (tmp_path / f"two{name}.parquet").read_bytes()
    codes = {each.code for each in one[1]}
    assert codes >= {"E530", "E531", "E532", "E535", "E506", "E507"}


def test_rejects_say_what_was_refused_of_either_kind_of_file(tmp_path: Path) -> None:
    calls = [lines(tmp_path / "calls.jsonl", [
        {"call_id": "c1", "agent": "a1"}, {"call_id": "c2", "duration_s": -1}, {"call_id": "c1", "agent": "a2"},
    ])]  # fmt: skip
    answers = [lines(tmp_path / "a.jsonl", [
        {"call_id": "c1", "evaluator": "eva", "scorecard": "care", "answers": {}},
        {"call_id": "c9", "evaluator": "eva", "answers": {}},
        {"call_id": "c1", "agent": "a1", "evaluator": "eva", "scorecard": "care", "answers": {}},
        {"call_id": "c1", "answers": {}},
    ])]  # fmt: skip
    target, rejects = tmp_path / "bulk.parquet", tmp_path / "x.parquet"
    summary, told = by_column(calls, answers, target, Setup(catalog(tmp_path)), rejects=str(rejects))
    found = [
        (Path(each["file"]).name, each["row"], each["call_id"], each["code"])
        for each in pq.read_table(rejects).to_pylist()
    ]
    assert found == [
        ("a.jsonl", 4, None, "E502"),
        ("calls.jsonl", 2, "c2", "E504"),
        ("a.jsonl", 3, "c1", "E532"),
        ("a.jsonl", 1, "c1", "E535"),
        ("a.jsonl", 2, "c9", "E530"),
    ]
    assert sorted(each.code for each in told) == sorted(code for *_, code in found)
    assert (summary.refused, summary.errors) == (1, 5)


def test_a_card_that_was_named_is_filled_in_or_not(tmp_path: Path) -> None:
    every = Setup(catalog(tmp_path))
    setup = Setup(every.versions, named=("care@1.0.0", "sales"))
    dice = Dice.seeded(3)
    calls = [lines(tmp_path / "calls.jsonl", calls_by(dice, 40))]
    answers = [lines(tmp_path / "a.jsonl", evaluations_by(dice, 200, of=40))]
    expected = plainly(calls, answers, tmp_path / "plain.parquet", setup)
    assert {"W502", "E534"} <= {each.code for each in expected[1]}
    same(by_column(calls, answers, tmp_path / "bulk.parquet", setup), expected, tmp_path)


def test_what_people_wrote_is_masked(tmp_path: Path) -> None:
    redactor = redactor_from([*SHIPPED])
    assert isinstance(redactor, Redactor)
    setup = replace(Setup(catalog(tmp_path)), redactor=redactor)
    dice = Dice.seeded(9)
    calls = [lines(tmp_path / "calls.jsonl", calls_by(dice, 40))]
    answers = [wide(tmp_path / "a.parquet", evaluations_by(dice, 80, of=40))]
    expected = plainly(calls, answers, tmp_path / "plain.parquet", setup)
    same(by_column(calls, answers, tmp_path / "bulk.parquet", setup), expected, tmp_path)
    assert "to *******" in str(pq.read_table(tmp_path / "bulk.parquet")["answers"].to_pylist())


def test_files_that_are_not_there_or_torn_are_told_as_their_sources_tell_it(tmp_path: Path) -> None:
    dice = Dice.seeded(5)
    calls = [lines(tmp_path / "calls.jsonl", calls_by(dice, 20))]
    torn = wide(tmp_path / "torn.parquet", evaluations_by(dice, 20))
    text = bytearray(torn.read_bytes())
    text[40:400] = bytes(360)
    torn.write_bytes(text)
    (tmp_path / "none.csv").write_text("id,evaluator\n1,eva\n")
    (tmp_path / "long.csv").write_text("Call_ID,Evaluator,Question,Answer\nc1,eva,greet,yes\nc1,eva,how,5\n")
    loose = pa.table({"call_id": ["c1", "c2"], "evaluator": ["ida"] * 2, "evaluated_at": ["2026-03-01 10:00:00"] * 2})
    pq.write_table(loose, tmp_path / "loose.parquet")
    answers = [torn, *(tmp_path / name for name in ("none.csv", "long.csv", "absent.jsonl", "loose.parquet"))]
    setup = Setup(catalog(tmp_path))
    expected = plainly(calls, answers, tmp_path / "plain.parquet", setup)
    assert {"E510", "E511", "E553"} <= {each.code for each in expected[1]}
    same(by_column(calls, answers, tmp_path / "bulk.parquet", setup), expected, tmp_path)


LINES = r"""{"call_id": "c1", "evaluator": "eva", "answers": {"greet": "yes", "how": 5}}
{"call_id": "c1", "evaluator": "bob", "answers": {"greet": "yes", "greet": "no"}}
{"call_id": "c2", "evaluator" : "eva", "answers" :{"greet": "a | b", "offer": "[]", "how": "\\\\"}}

{"call_id": "c2", "evaluator": "ida", "evaluator": "bob", "answers": {}}
{"call_id": "c3", "evaluator": "eva", "answers": {"greet": {"answer": "no", "comment": "a \\": b", "at": 3}}, "mood": 1}
{"call_id": "c3", "evaluator": "bob", "answers": {"greet": {"answer": "no", "comments": "x"}, "a b\\n": "yes"}}
{"call_id": "c3", "evaluator": "ida", "answers": {"agent": "yes", "answer": "x", "question": "y", "greet.at": "yes"}}
{"call_id": 4, "evaluator": "eva", "answers": {"greet": {}, "how": {"answer": 5, "at": -1}, "offer": null}}
{"call_id": "c5", "Evaluator": "eva", "answers": {"how": 1e300, "offer": "\\ud800"}}
{"call_id": "c5", "evaluator": "bob", "evaluated_at": "2026-04-02 10:00:00Z", "mode": "Live", "answers": {"offer": ""}}
{"call_id": "c6", "evaluator": "", "agent": " a1", "answers": []}
nothing
{"call_id": "c6", "evaluator": "eva", "mood": "bad", "answers": {"greet": true, "offer": ["yes", 5]}}<CR>
{"call_id": "c6", "evaluator": "ida", "answers": {"greet": {"answer": null, "comment": "", "fault": "nobody"}}}"""


def test_lines_of_all_kinds(tmp_path: Path) -> None:
    calls = [lines(tmp_path / "calls.jsonl", [{"call_id": f"c{n}", "call_type": "sale"} for n in range(7)])]
    answers = [tmp_path / "a.jsonl"]
    answers[0].write_text("\ufeff" + LINES.replace("<CR>", "\r"), encoding="utf-8", newline="")
    setup = Setup(catalog(tmp_path))
    expected = plainly(calls, answers, tmp_path / "plain.parquet", setup)
    found = by_column(calls, answers, tmp_path / "bulk.parquet", setup)
    once = found[0], list(dict.fromkeys(found[1]))
    same(once, expected, tmp_path)


def no_text(values: Sequence[str], at: int) -> Any:
    """A column of text in which one value is none."""
    cells = [each.encode() for each in values]
    cells[at] = b"\xff\xfe none"
    return pa.Array.from_buffers(pa.string(), len(cells), pa.array(cells, pa.binary()).buffers())


@pytest.mark.parametrize("column", ["greet.comment", "offer", "call_id"])
def test_a_text_that_is_none_is_told_as_its_source_tells_it(column: str, tmp_path: Path) -> None:
    ids = [f"c{n}" for n in range(10)]
    calls = [lines(tmp_path / "calls.jsonl", [{"call_id": each, "call_type": "sale"} for each in ids])]
    columns = {"call_id": ids, "evaluator": ["eva"] * 10, "greet": ["yes"] * 10}
    columns[column] = no_text(columns.get(column, ["no"] * 10), 3)
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    setup = Setup(catalog(tmp_path))
    expected = plainly(calls, [tmp_path / "a.parquet"], tmp_path / "plain.parquet", setup)
    assert [each.code for each in expected[1]] == ["E510"]
    same(by_column(calls, [tmp_path / "a.parquet"], tmp_path / "bulk.parquet", setup), expected, tmp_path)
    pq.write_table(pa.table({"call_id": ids, "team": no_text(ids, 3)}), tmp_path / "calls.parquet")
    found = by_column([tmp_path / "calls.parquet"], [calls[0]], tmp_path / "bulk.parquet", setup)[1]
    assert "E510" in {each.code for each in found}


def test_a_file_that_is_torn_in_the_middle_is_told_of_and_read_so_far(tmp_path: Path) -> None:
    ids = [f"{n * 7919 % 10007:08x}" for n in range(1200)]
    calls = [lines(tmp_path / "calls.jsonl", [{"call_id": each, "call_type": "sale"} for each in ids])]
    path = tmp_path / "a.parquet"
    made = pa.table({"call_id": ids, "evaluator": ["eva"] * 1200, "greet": ["yes"] * 1200})
    pq.write_table(made, path, use_dictionary=["evaluator", "greet"], data_page_size=300, write_batch_size=16)
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    at, text = chunk.data_page_offset + chunk.total_compressed_size * 560 // 1200, bytearray(path.read_bytes())
    text[at : at + 300] = b"\x55" * 300
    path.write_bytes(text)
    found = by_column(calls, [path], tmp_path / "bulk.parquet", Setup(catalog(tmp_path)))
    assert [each.code for each in found[1]] == ["E510"]
    people = pq.read_table(tmp_path / "bulk.parquet")["evaluator"].to_pylist().count("eva")
    assert 500 <= people < 600


def test_a_question_may_have_either_name_and_not_both(tmp_path: Path) -> None:
    calls = [lines(tmp_path / "calls.jsonl", [{"call_id": f"c{n}", "call_type": "sale"} for n in range(3)])]
    (tmp_path / "a.csv").write_text("call_id,evaluator,answer.greet,answer.greet.comment\nc0,eva,yes,well\nc1,eva,,\n")
    (tmp_path / "b.csv").write_text("call_id,evaluator,greet,answer.greet\nc2,eva,yes,\n")
    answers, setup = [tmp_path / "a.csv", tmp_path / "b.csv"], Setup(catalog(tmp_path))
    expected = plainly(calls, answers, tmp_path / "plain.parquet", setup)
    same(by_column(calls, answers, tmp_path / "bulk.parquet", setup), expected, tmp_path)
    greet = [row["answers"][0] for row in pq.read_table(tmp_path / "bulk.parquet").to_pylist()]
    assert [(each["answer"]["text"], each["comment"]) for each in greet[::2]] == [("yes", "well"), ("yes", None)]


def test_where_answers_find_no_room_to_wait_it_is_said_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(evaluations.Writing, "close", full)
    calls = [lines(tmp_path / "calls.jsonl", [])]
    with pytest.raises(ProblemsFound, match="cannot be written: no space left on device"):
        by_column(calls, calls, tmp_path / "bulk.parquet", Setup(catalog(tmp_path)))
