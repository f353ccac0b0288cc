"""Tables into a database by column: row for row what the plain path writes, however often and wherever it is killed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner

from pauta.cli import main
from pauta.commands import follow_up, tables
from pauta.engine.endpoints import calls_in
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.operation import Feed
from pauta.engine.loading.records import call_from, human_from
from pauta.engine.outlets import Outlet
from pauta.engine.pipeline import Summary, score
from pauta.engine.problems import Place, Problem
from pauta.plugins.sinks.sqlite import Sqlite

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from test_bulk_lines import CARD, ODD, a_day, as_told  # noqa: E402  # needs pyarrow
from test_bulk_scorer import catalog, routed_records, same_problems, same_summary, table_of  # noqa: E402

from pauta.bulk import files  # noqa: E402
from pauta.bulk.lines import LinesInput  # noqa: E402
from pauta.bulk.pieces import Input, ParquetInput  # noqa: E402
from pauta.bulk.scorer import CardsGiven, Setup  # noqa: E402
from pauta.bulk.sheets import SheetInput  # noqa: E402
from pauta.bulk.stored import store_files  # noqa: E402

HOST = Host(installed=False)
Told = tuple[Summary, list[Problem]]


@pytest.fixture(autouse=True)
def all_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "TOLD", 10**6)


def setup(text: str = CARD) -> Setup:
    loaded = card_from_text(text, HOST, "small.yaml")
    assert loaded.scorecard is not None, loaded.problems
    return Setup(CardsGiven((loaded.scorecard,)), installed=False)


def database(path: Path) -> Outlet:
    return Outlet("db", Sqlite({"path": str(path)}))


def by_column(inputs: Sequence[Input], path: Path, made: Setup, most: int = 100) -> Told:
    told: list[Problem] = []
    summary = store_files(inputs, database(path), made, host=HOST, most=most, on_problem=told.append)
    return summary, told


def plainly(calls: Iterable[Any], humans: Iterable[Any], path: Path, made: Setup) -> Told:
    told: list[Problem] = []
    summary = score(
        calls, humans, router=made.router, host=HOST, outlets=[database(path)], batch_size=70, on_problem=told.append
    )
    return summary, told


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, with its place, and the types of its cells."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [tuple(map(repr, row)) for row in connection.execute(f"SELECT rowid, * FROM {name} ORDER BY rowid")]
            for name in names
            if not name.startswith(("sqlite_", "_sqlite"))
        }


@pytest.mark.parametrize("seed", range(6))
def test_many_cards_days_people_and_bad_rows(seed: int, tmp_path: Path) -> None:
    made = Setup(catalog(tmp_path))
    for night in range(2):
        records = routed_records(seed + night)
        expected = plainly(
            [call_from({**call}, Place("t.parquet", n, 1)) for n, (call, _) in enumerate(records, 1)],
            [human_from({**human}, Place("t.parquet", n, 1)) for n, (_, human) in enumerate(records, 1) if human],
            tmp_path / "plain.db",
            made,
        )
        pq.write_table(pa.Table.from_batches([table_of(records)]), tmp_path / "t.parquet", row_group_size=13)
        for most in (5, 100):
            path = tmp_path / f"{most}.db"
            found = by_column([ParquetInput(str(tmp_path / "t.parquet"))], path, made, most)
            assert dump(path) == dump(tmp_path / "plain.db")
            told = [replace(each, place=each.place and replace(each.place, file="t.parquet")) for each in found[1]]
            same_problems(told, expected[1])
            same_summary(found[0], expected[0])


def table(count: int) -> Any:
    """Calls with what was said, facts in all the forms that they take, some rows wrong."""
    turns = [
        [
            {"speaker": "agent", "start": 1.5, "end": 2.0, "text": ("Hello", "Damn")[n % 2]},
            {"speaker": "customer", "start": 3.0, "end": None, "text": "wait \U0001f600"},
        ]
        for n in range(count)
    ]
    columns: dict[str, Any] = {
        "call_id": [f"call-{n}" for n in range(count)],
        "agent": pa.array([("ana", "bo", None)[n % 3] for n in range(count)]).dictionary_encode(),
        "team": [("north", "south")[n % 2] for n in range(count)],
        "started_at": [f"2026-03-0{n % 9 + 1}T10:00:00Z" for n in range(count)],
        "duration_s": [n if n % 17 else -n - 1 for n in range(count)],
        "channel": ["voice" if n % 19 else "smoke" for n in range(count)],
        "attributes": [
            {"tier": ("gold", "none", None)[n % 3], "seats": n % 5 or None, "vip": n % 4 == 0} for n in range(count)
        ],
        "metrics.hold_s": [n / 2 if n % 7 else None for n in range(count)],
        "metrics.waits": [n % 6 for n in range(count)],
        "turns": turns,
    }
    return pa.table(columns)


NIGHTS = (CARD, CARD, CARD.replace("pass_mark: 60", "pass_mark: 70"), CARD.replace("1.0.0", "2.0.0"))


def test_a_file_as_its_source_reads_it_night_after_night_under_other_cards(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for night, text in enumerate(NIGHTS):
        made = table(150 + 20 * night)
        pq.write_table(pa.concat_tables([made, made.slice(3, 9)]), path, row_group_size=40)
        expected = plainly(calls_in([Feed(str(path))], HOST), (), tmp_path / "plain.db", setup(text))
        for most in (16, 1000):
            found = by_column([ParquetInput(str(path))], tmp_path / f"{most}.db", setup(text), most)
            assert dump(tmp_path / f"{most}.db") == dump(tmp_path / "plain.db")
            same_summary(found[0], expected[0])
            assert found[0].outcomes == expected[0].outcomes
            assert as_told(found[1]) == as_told(expected[1])
    evaluations = dump(tmp_path / "plain.db")["evaluations"]
    assert {each[3] for each in evaluations} == {"0", "1"}


def sheet(count: int) -> str:
    """Calls as a sheet of many kinds of cells, some rows wrong."""
    rows = [
        "call_id,started_at,duration_s,agent,team,metrics.hold_s,metrics.waits,attributes.tier,attributes.seats,mood"
    ]
    for n in range(count):
        seconds, hold = n if n % 13 else "twelve", ("", n, f"{n}.0", "1e2", "-0.0", f"{n}.50", "007", "x")[n % 8]
        moment, tier = f"2026-03-0{n % 9 + 1}T10:00:00Z", ("gold", "", "none", '"a, b"')[n % 4]
        mood = "" if n % 37 else "good"
        rows.append(f"c-{n % 90},{moment},{seconds},{('ana', '')[n % 2]},north,{hold},{n % 3},{tier},{n % 5},{mood}")
    return "\n".join(rows)


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_lines_and_sheets_night_after_night_under_other_cards(ending: str, tmp_path: Path) -> None:
    path, odd = tmp_path / f"t.{ending}", [text for text in ODD.values() if len(text) < 5_000]
    for night, text in enumerate(NIGHTS[1::2]):
        count = 60 + 20 * night
        path.write_bytes(b"\n".join([a_day(count), *odd]) if ending == "jsonl" else sheet(count).encode())
        expected = plainly(calls_in([Feed(str(path))], HOST), (), tmp_path / "plain.db", setup(text))
        for most in (60, 1000):
            source = LinesInput(str(path)) if ending == "jsonl" else SheetInput(str(path))
            found = by_column([source], tmp_path / f"{most}.db", setup(text), most)
            assert dump(tmp_path / f"{most}.db") == dump(tmp_path / "plain.db")
            same_summary(found[0], expected[0])
            assert found[0].outcomes == expected[0].outcomes
            assert as_told(found[1]) == as_told(expected[1])
    assert len(dump(tmp_path / "plain.db")["evaluations"]) > 60


def answered(count: int) -> Any:
    """Calls with people's answers beside them, in columns that a sheet of answers may have too."""
    dice = Random(count)
    moment, said = "2026-04-02T10:00:00Z", "well \u201cdone\u201d"
    columns = {
        "attributes.tier": ["gold"] * count,
        "evaluator": [("eva", "bob", None)[n % 3] for n in range(count)],
        "evaluated_at": [moment if n % 2 else None for n in range(count)],
        "mode": [("live", "recorded", None)[n % 3] for n in range(count)],
        "greet": [dice.choice(["yes", "no", "na", None]) for _ in range(count)],
        "greet.comment": [None if n % 5 else said for n in range(count)],
        "proper": [dice.choice(["yes", "no", "maybe"]) for _ in range(count)],
    }
    calls = table(count).select(["call_id", "agent", "team", "started_at", "duration_s", "channel"])
    return pa.table({name: calls[name] for name in calls.column_names} | columns)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "card.yaml").write_text(CARD)
    pq.write_table(table(60), tmp_path / "calls.parquet")
    people = answered(60)
    pq.write_table(people, tmp_path / "answered.parquet")
    headed = [name.replace("greet", "answer.greet") for name in people.column_names]
    pq.write_table(people.rename_columns(headed), tmp_path / "headed.parquet")
    (tmp_path / "calls.jsonl").write_bytes(a_day(60))
    (tmp_path / "people.jsonl").write_text('{"call_id": "call-3", "evaluator": "eva", "answers": {"greet": "yes"}}')
    (tmp_path / "calls.csv").write_text(sheet(60))
    return tmp_path


def run(*words: str) -> Any:
    return CliRunner().invoke(main, ["score", *words, "--card", "card.yaml"])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "words",
    [
        ["calls.parquet"],
        ["answered.parquet", "--answers", "answered.parquet"],
        ["headed.parquet", "--answers", "headed.parquet"],
        ["calls.parquet", "--answers", "answered.parquet"],
        ["calls.jsonl", "--answers", "people.jsonl", "--answers", "answered.parquet"],
        ["calls.jsonl"],
        ["calls.csv", "calls.jsonl", "calls.parquet"],
    ],
)
def test_on_the_command_line_both_ways_write_the_same(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stored = mock.Mock(wraps=tables.store_tables)
    monkeypatch.setattr(tables, "store_tables", stored)
    by_column = run(*words, "--to", "column.db")
    assert stored.call_count == 1
    monkeypatch.setattr(tables, "stored_tables_of", lambda *_: "not today")
    plainly = run(*words, "--to", "plain.db")
    assert stored.call_count == 1
    assert dump(Path("column.db")) == dump(Path("plain.db"))
    assert (" by people" in plainly.stdout) == ("--answers" in words)
    assert by_column.stdout.replace("column.db", "plain.db") == plainly.stdout
    if "--answers" not in words:
        assert by_column.exit_code == plainly.exit_code == 1
        assert sorted(by_column.stderr.splitlines()) == sorted(plainly.stderr.splitlines())


def reason(words: list[str], targets: list[str]) -> str:
    """Why a run goes the plain way."""
    with pytest.MonkeyPatch.context() as patch:
        asked = mock.Mock(wraps=tables.stored_tables_of)
        patch.setattr(tables, "stored_tables_of", asked)
        result = run(*words, *(word for target in targets for word in ("--to", target)))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return str(tables.stored_tables_of(*asked.call_args.args))


@pytest.mark.parametrize(
    ("words", "targets", "why"),
    [
        (["calls.parquet"], ["r.db", "r.jsonl"], "the results do not go to one SQLite database"),
        (["calls.parquet"], ["r.jsonl"], "the results do not go to one SQLite database"),
        (["answered.parquet", "--answers", "people.jsonl"], ["r.db"], "and others come from files of their own"),
        (["calls.parquet", "--answers", "people.xlsx"], ["r.db"], "'people.xlsx' is no table of evaluations that"),
        (["calls.parquet", "--answers", "calls.parquet"], ["r.db"], "'calls.parquet' has no people's answers beside"),
        (["answered.parquet"], ["r.db"], "has people's answers beside its calls, which --answers does not name"),
        (["calls.jsonl", "--answers", "calls.jsonl"], ["r.db"], "'calls.jsonl' has no people's answers beside"),
        (["calls.csv"], ["r.db"], "'calls.csv' is a sheet whose heading cannot be taken"),
        (["twice.parquet", "--answers", "twice.parquet"], ["r.db"], "a call comes in several rows"),
        (["long.parquet", "--answers", "long.parquet"], ["r.db"], "'long.parquet' has a row for every answer"),
        (["mixed.parquet"], ["r.db"], "'mixed.parquet' has attributes as one column and as several"),
        (["titled.parquet"], ["r.db"], "'titled.parquet' has columns that are not written as in the format"),
        (["typed.parquet"], ["r.db"], "'typed.parquet' has the column duration_s in a type of its own"),
        (["nobody.parquet"], ["r.db"], "and no column evaluator: nobody can tell whose they are"),
        (["bare.parquet"], ["r.db"], "'bare.parquet' may have rows that are no calls"),
        (["struct.parquet"], ["r.db"], "'struct.parquet' has the column attributes in a type of its own"),
        (["torn.parquet"], ["r.db"], "a table cannot be opened"),
    ],
)  # fmt: skip
def test_what_might_come_out_otherwise_goes_the_plain_way(
    folder: Path, words: list[str], targets: list[str], why: str
) -> None:
    people, calls = answered(6), table(6)
    for name in ("people.jsonl", "people.xlsx"):
        (folder / name).write_text("")
    (folder / "calls.csv").write_text("call_id,team,team\na,b,c\n")
    (folder / "torn.parquet").write_bytes((folder / "calls.parquet").read_bytes()[:500])
    strange = {
        "twice": pa.concat_tables([people, people.slice(2, 1)]),
        "long": people.append_column("question", people["greet"]).append_column("answer", people["greet"]),
        "mixed": calls.append_column("attributes.vip", pa.array([True] * 6)),
        "titled": calls.rename_columns(["Call ID", *calls.column_names[1:]]),
        "typed": calls.set_column(4, "duration_s", pa.array(["1"] * 6)),
        "bare": pa.table({"call_id": ["a", "b"], "team": ["north", None], "label": ["x", "y"]}),
        "struct": calls.set_column(6, "attributes", pa.array([{"seats": {"of": 1}}] * 6)),
        "nobody": people.drop_columns(["evaluator"]),
    }
    for name, each in strange.items():
        pq.write_table(each, folder / f"{name}.parquet")
    assert why in reason(words, targets)


OPERATION = """
operation: small
timezone: UTC
sources:
  - parquet: {calls: calls.parquet}
"""


def test_in_an_operation_its_database_is_filled_and_followed_up(folder: Path) -> None:
    (folder / "scorecards").mkdir()
    (folder / "card.yaml").rename(folder / "scorecards" / "card.yaml")
    (folder / "pauta.yaml").write_text(OPERATION)
    stored, followed = mock.Mock(wraps=tables.store_tables), mock.Mock(wraps=follow_up.follow_up_after)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "store_tables", stored)
        patch.setattr(follow_up, "follow_up_after", followed)
        result = CliRunner().invoke(main, ["score"])
    assert result.exit_code == 1, result.output
    assert (stored.call_count, followed.call_count) == (1, 1), result.output
    with closing(sqlite3.connect(folder / "pauta.db")) as connection:
        assert connection.execute("SELECT count(*) FROM evaluations").fetchone()[0] > 10
        assert connection.execute("SELECT count(*) FROM marks").fetchone()[0] > 0


KILLED = """
import sys
from pathlib import Path
from test_bulk_stored import ParquetInput, by_column, setup
from pauta.bulk.stored import Outlets
real = Outlets.hand_on
def hand_on(*given):
    print("piece", flush=True)
    real(*given)
Outlets.hand_on = hand_on
by_column([ParquetInput(sys.argv[1])], Path(sys.argv[2]), setup(), 10)
"""


@pytest.mark.parametrize("after", [3, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 8))])
def test_killed_in_the_middle_and_run_again_it_is_the_database_of_an_undisturbed_run(
    after: int, tmp_path: Path
) -> None:
    source = tmp_path / "t.parquet"
    pq.write_table(table(200), source)
    by_column([ParquetInput(str(source))], tmp_path / "undisturbed.db", setup(), 10)
    path = tmp_path / "killed.db"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", KILLED, str(source), str(path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(after):
            assert process.stdout.readline() == "piece\n"
        process.kill()
    before = len(dump(path)["evaluations"])
    by_column([ParquetInput(str(source))], path, setup(), 10)
    assert dump(path) == dump(tmp_path / "undisturbed.db")
    assert before < len(dump(path)["evaluations"])
