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

import pytest

from pauta.engine.endpoints import calls_in, evaluations_in
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

from test_bulk_lines import CARD, SHARED, a_day, as_told  # noqa: E402  # needs pyarrow
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


SHEET = """Call ID;Attributes.tier;metrics.hold_s;metrics.waits;started_at;duration_s;team;channel
"""


def sheet(count: int) -> str:
    rows = [
        f"call-{n if n % 11 else n // 2};{('gold', 'none', '', 'tin', '7')[n % 5]};{n % 40},5;{('2', '3.0', '')[n % 3]};"
        f"2026-03-0{n % 9 + 1} 10:00:00Z;{n if n % 17 else -n};{('north', 'south')[n % 2]};"
        + ("voice" if n % 23 else "smoke")
        for n in range(count)
    ]
    return SHEET + "\n".join(rows)


def assert_same_sheets(paths: list[Path], folder: Path, made: Setup) -> None:
    for _ in range(2):
        expected = plainly(calls_in([Feed(str(each)) for each in paths], HOST), (), folder / "plain.db", made)
        for most in (7, 100):
            found = by_column([SheetInput(str(each)) for each in paths], folder / f"{most}.db", made, most)
            assert dump(folder / f"{most}.db") == dump(folder / "plain.db")
            same_summary(found[0], expected[0])
            assert as_told(found[1]) == as_told(expected[1])
            assert found[0].outcomes == expected[0].outcomes


def test_sheets_once_and_again_and_under_another_card(tmp_path: Path) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, count in zip(paths, (130, 40), strict=True):
        path.write_text(sheet(count))
    for text in (CARD, CARD.replace("pass_mark: 60", "pass_mark: 70"), CARD.replace("1.0.0", "2.0.0")):
        assert_same_sheets(paths, tmp_path, setup(text))
    evaluations = dump(tmp_path / "plain.db")["evaluations"]
    assert len(evaluations) > 100


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


def table(count: int, *, people: bool) -> Any:
    """Calls with what was said, facts in all the forms that they take, some rows wrong; or with people's answers."""
    dice = Random(count)
    turns = [[{"speaker": "agent", "start": 1.5, "end": 2.0, "text": ("Hello", "Damn")[n % 2]},
              {"speaker": "customer", "start": 3.0, "end": None, "text": "wait \U0001f600"}] for n in range(count)]  # fmt: skip
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
    if people:
        columns |= {
            "evaluator": [("eva", "bob", None)[n % 3] for n in range(count)],
            "evaluated_at": ["2026-04-02T10:00:00Z" if n % 2 else None for n in range(count)],
            "mode": [("live", "recorded", None)[n % 3] for n in range(count)],
            "greet": [dice.choice(["yes", "no", "maybe", "na", None]) for _ in range(count)],
            "greet.comment": [None if n % 5 else "well \u201cdone\u201d" for n in range(count)],
            "proper": [dice.choice(["yes", "no", "unverified"]) for _ in range(count)],
            "wait": [dice.choice(["yes", None]) for _ in range(count)],
        }
    return pa.table(columns)


@pytest.mark.parametrize("people", [False, True])
def test_a_parquet_file_as_its_source_reads_it(people: bool, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for night, text in enumerate(
        (CARD, CARD, CARD.replace("pass_mark: 60", "pass_mark: 70"), CARD.replace("1.0.0", "2.0.0"))
    ):
        pq.write_table(table(150 + 20 * night, people=people), path, row_group_size=40)
        feeds = [Feed(str(path))]
        expected = plainly(
            calls_in(feeds, HOST), evaluations_in(feeds if people else [], HOST), tmp_path / "plain.db", setup(text)
        )
        for most in (16, 1000):
            found = by_column([ParquetInput(str(path))], tmp_path / f"{most}.db", setup(text), most)
            assert dump(tmp_path / f"{most}.db") == dump(tmp_path / "plain.db")
            same_summary(found[0], expected[0])
            assert found[0].outcomes == expected[0].outcomes
    assert len(dump(tmp_path / "plain.db")["evaluations"]) > 200
