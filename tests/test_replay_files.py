"""Replays of tables by column say what the plain way says, whatever stands in the rows."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from dice import Dice
from engine_runs import HOST as RANDOM_HOST, plan_of
from strategies import card_by, rows_by

import pauta.commands.replay as command
from pauta.cli import main
from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.records import call_from, human_from
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Place, Problem
from pauta.replay import Comparison, Replayed, Sheets, replay, rows_of
from pauta.replay.parts import parts_between, with_part
from pauta.reports.replay_html import replay_html
from pauta.reports.replayed import Shown, replay_map

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from test_bulk_lines import CARD as SMALL  # noqa: E402
from test_bulk_scorer import CARDS, Record, _as_tabled as as_tabled, routed_records, same_problems, table_of  # noqa: E402
from test_bulk_stored import answered, table as spoken_table  # noqa: E402

from pauta.bulk.pieces import ParquetInput  # noqa: E402
from pauta.bulk.scorer import Setup  # noqa: E402
from pauta.replay.files import replay_files  # noqa: E402

HOST = Host(installed=False)
AFTER = {
    "sales": "scorecard: sales\nversion: 2.0.0\ntitle: S\nscoring: {pass_mark: 60}\n"
    "applies_to: {any: [{call.call_type: [sale, other]}, {call.duration_s: {above: 15}}]}\n"
    "sections: [{section: a, questions: [{question: greet, answers: yes_no, error: {critical: business}}, "
    "{question: offer, answers: yes_no_na, weight: 3}, {question: how, answers: scale_1_5}, "
    "{question: long, answers: yes_no, criterion: {condition: {call.duration_s: {at_least: 12}}}}]}]\n",
    "care": "scorecard: care\nversion: 3.0.0\ntitle: C\nfallback: true\nscoring: {pass_mark: 90}\n"
    "sections: [{section: a, questions: [{question: how, answers: scale_1_5}, "
    "{question: greet, answers: yes_no, when: {call.attributes.tier: gold}}]}]\n",
    "rest": "scorecard: rest\nversion: 1.1.0\ntitle: R\nscoring: {pass_mark: 50}\n"
    "sections: [{section: a, questions: [{question: greet, answers: yes_no, weight: 2}, "
    "{question: offer, answers: yes_no_na}, {question: hold, answers: yes_no, when: {answer.greet: 'no'}}]}]\n",
}


def card(text: str) -> Scorecard:
    loaded = card_from_text(text, HOST)
    assert loaded.scorecard is not None, loaded.problems
    return loaded.scorecard


def plainly(
    records: list[tuple[Record, Record | None]], comparison: Comparison, setup: Setup, host: Host = HOST
) -> Any:
    router, told = setup.router, list[Problem]()
    calls = [call_from(call, Place("t.parquet", n, 1)) for n, (call, _) in enumerate(records, 1)]
    humans = [human_from(human, Place("t.parquet", n, 1)) for n, (_, human) in enumerate(records, 1) if human]
    claims = comparison.claims(router)
    made = Replayed(comparison.after, assumed=comparison.assumed)
    sheets = Sheets(humans, claims.ids, told.append)
    rows = rows_of(calls, sheets, claims, comparison.wanted(router), made.counts, told.append)
    return replay(rows, made, host, tell=told.append, batch_size=7), told


def same(found: Replayed, expected: Replayed) -> None:
    shown = Shown(1, (), HOST)
    mine, theirs = (replay_map(each, shown) for each in (found, expected))
    for key in theirs:
        assert mine[key] == theirs[key], key
    assert json.dumps(mine) == json.dumps(theirs)
    assert replay_html(found, shown) == replay_html(expected, shown)


ASKED: dict[str, dict[str, Any]] = {
    "all": {},
    "every_call": {"every_call": True},
    "some": {"teams": ["north"], "agents": ["a1", "a2"], "until": date(2026, 3, 31)},
    "since": {"since": date(2026, 3, 1), "call_types": ["sale"]},
    "rivals": {"with_rivals": True},
    "assumed": {"assumed": {"greet": "no"}},
}


def judging(folder: Path) -> Catalog:
    """The cards of the table's calls, each with a pass mark."""
    for name, text in CARDS.items():
        (folder / f"{name}.yaml").write_text(text.replace("\ntitle", "\nscoring: {pass_mark: 70}\ntitle"))
    return Catalog([folder], HOST)


def by_column(
    table: Any, folder: Path, comparison: Comparison, setup: Setup, most: int, host: Host = HOST, workers: int = 1
) -> Any:
    path, told = folder / "t.parquet", list[Problem]()
    pq.write_table(pa.Table.from_batches([table]), path, row_group_size=13)
    made = replay_files(
        [ParquetInput(str(path))],
        comparison,
        setup,
        host=host,
        answers=True,
        tell=told.append,
        most=most,
        workers=workers,
    )
    return made, [replace(each, place=each.place and replace(each.place, file="t.parquet")) for each in told]


@pytest.mark.slow
def test_two_processes_say_what_one_says(tmp_path: Path) -> None:
    records = routed_records(3, 80)
    records += [(call, None) for call, _ in records[5:9]]
    comparison, setup = Comparison("care", card(AFTER["care"]), with_rivals=True), Setup(judging(tmp_path))
    one, two = (by_column(table_of(records), tmp_path, comparison, setup, 9, workers=workers) for workers in (1, 2))
    same(two[0], one[0])
    assert two[1] == one[1] != []


SOME = [("care", "rivals"), ("rest", "assumed")]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        pytest.param(name, asked, marks=() if (name, asked) in SOME else pytest.mark.slow)
        for name in AFTER
        for asked in ASKED
    ],
)
def test_cards_days_people_filters_and_bad_rows(name: str, asked: str, tmp_path: Path) -> None:
    seed = list(AFTER).index(name) * 10 + list(ASKED).index(asked)
    records = routed_records(seed, 40)
    for n, (call, _) in enumerate(records):
        call["team"] = ("north", "south", None)[n % 3]
    records += [({**call, "started_at": "2026-03-01T10:00:00Z"}, None) for call, _ in records[5:9]]
    setup = Setup(judging(tmp_path), timezone=ZoneInfo("America/Bogota") if seed % 2 else None)
    fixed = setup.router.version(f"{name}@1.0.0", date(2026, 3, 1))
    assert isinstance(fixed, Scorecard)
    for old, most in ((name, 15), (fixed, 100)):
        comparison = Comparison(old, card(AFTER[name]), **ASKED[asked])
        expected, told = plainly(records, comparison, setup)
        found, problems = by_column(table_of(records), tmp_path, comparison, setup, most)
        same(found, expected)
        same_problems(problems, told)


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 100))])
def test_random_cards(seed: int, tmp_path: Path) -> None:
    dice = Dice.seeded(seed)
    data, other = card_by(dice), card_by(dice)
    old, new = plan_of(data).scorecard, plan_of({**other, "version": "2.0.0"}).scorecard
    if seed % 2:
        parts = {part.id: part for part in parts_between(old, new)}
        new = with_part(old, new, parts[dice.pick(sorted(parts))]) if parts else new
        new = replace(new, version="2.0.0", escalations=())
    records: list[tuple[Record, Record | None]] = []
    for call, answers, criteria in rows_by(dice, data, 40):
        call = {**call, "attributes": {**call.get("attributes", {}), "verdicts": criteria}, "agent": dice.pick("abc")}
        human = {"call_id": call["call_id"], "evaluator": "eva", "version": dice.pick([None, "1.0.0", "3"])}
        records.append((call, None if answers is None else {**human, "answers": dict(answers)}))
    table = table_of(records)
    comparison, setup = Comparison(old, new), Setup.of(old)
    expected, told = plainly(as_tabled(records, table), comparison, setup, RANDOM_HOST)
    found, problems = by_column(table, tmp_path, comparison, setup, 9 if seed % 3 else 100, RANDOM_HOST)
    same(found, expected)
    of_plugins = [[each for each in some if each.code.startswith("E6")] for some in (problems, told)]
    assert bool(of_plugins[0]) == bool(of_plugins[1])  # how many calls they are of is said batch by batch
    same_problems([each for each in problems if each not in of_plugins[0]],
                  [each for each in told if each not in of_plugins[1]])  # fmt: skip


LATER = {
    "1.0.0": "1.1.0",
    "[none]": "[silver]",
    "hello]": "hello, damn]",
    "pass_mark: 60": "pass_mark: 40",
    "north}": "south}, weight: 3",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    text = SMALL.replace("call.metrics.hold_s: {below: 100}", "call.team: {in: [north, south]}")
    Path("old.yaml").write_text(text)
    for was, now in LATER.items():
        assert was in text
        text = text.replace(was, now)
    Path("new.yaml").write_text(text)
    made = spoken_table(90)
    pq.write_table(pa.concat_tables([made, made.slice(3, 2)]), "calls.parquet", row_group_size=40)
    pq.write_table(answered(90).filter(pa.compute.is_valid(answered(90)["evaluator"])), "answered.parquet")
    lines = [json.dumps({key: value for key, value in row.items() if "." not in key}) for row in made.to_pylist()]
    lines[7:7] = ['{"call_id": ', '{"call_id": "x", "label": "good"}', '{"call_id": "y", "duration_s": -1}', lines[2]]
    Path("calls.jsonl").write_text("\n".join(lines))
    rows = ["call_id,agent,team,started_at,attributes.tier"]
    team, tier = ("north", "south"), ("gold", "tin")
    rows += [f"c{n},ana,{team[n % 2]},2026-03-0{n % 9 + 1}T10:00:00Z,{tier[n % 5 > 2]}" for n in range(60)]
    Path("calls.csv").write_text("\n".join([*rows, rows[5], "z,ana,north,yesterday,tin"]))
    return tmp_path


def both_ways(*words: str) -> tuple[Any, Any]:
    taken = mock.Mock(wraps=command._tabled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "_tabled", taken)
        found = CliRunner().invoke(main, ["replay", "old.yaml", "new.yaml", *words, "--least", "2"])
        patch.setattr(command, "replayed_tables_of", lambda *_, **__: "not today")
        expected = CliRunner().invoke(main, ["replay", "old.yaml", "new.yaml", *words, "--least", "2"])
    assert taken.call_count == 1, words
    return found, expected


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "words",
    [
        ["calls.parquet"],
        ["calls.jsonl"],
        ["calls.csv"],
        ["calls.parquet", "calls.csv", "--team", "north", "--from", "2026-03-02", "--until", "2026-03-07"],
        ["answered.parquet"],
        ["answered.parquet", "--answers", "answered.parquet"],
    ],
)
def test_on_the_command_line_both_ways_say_the_same(words: list[str]) -> None:
    found, expected = both_ways(*words, "--format", "json")
    assert json.loads(found.stdout)["evaluations"] > 20
    assert found.stdout == expected.stdout
    assert found.exit_code == expected.exit_code
    if words[0] != "answered.parquet":  # where fields that no call has are told of, and once more in --answers
        assert sorted(found.stderr.splitlines()) == sorted(expected.stderr.splitlines())


@pytest.mark.usefixtures("folder")
def test_as_text_too() -> None:
    found, expected = both_ways("calls.parquet")
    assert found.stdout == expected.stdout
    assert re.search(r"[1-9]\d* that failed would pass", found.stdout)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["calls.parquet", "--answers", "answered.parquet"], "people's answers come from files of their own"),
        (["calls.parquet", "--answers", "calls.parquet"], "'calls.parquet' has no people's answers beside its calls"),
        (["twice.parquet", "--answers", "twice.parquet"], "a call comes in several rows"),
        (["long.parquet", "--answers", "long.parquet"], "'long.parquet' has a row for every answer"),
        (["nested.parquet", "--answers", "nested.parquet"], "has its answers in another form than sheets of answers"),
        (["bare.parquet"], "'bare.parquet' may have rows that are no calls"),
        (["nobody.parquet"], "and no column evaluator"),
        (["calls.csv", "--stored"], "--stored replays the database"),
    ],
)
def test_what_goes_the_plain_way_refuses_workers_with_the_reason(folder: Path, words: list[str], why: str) -> None:
    people = answered(6)
    strange = {
        "twice": pa.concat_tables([people, people.slice(2, 1)]),
        "long": people.append_column("question", people["greet"]).append_column("answer", people["greet"]),
        "nested": people.drop_columns(["greet"]).append_column("answers", pa.array([{"greet": "yes"}] * 6)),
        "bare": pa.table({"call_id": ["a", "b"], "team": ["north", None], "label": ["x", "y"]}),
        "nobody": people.drop_columns(["evaluator"]),
    }
    for name, each in strange.items():
        pq.write_table(each, folder / f"{name}.parquet")
    refused = CliRunner().invoke(main, ["replay", "old.yaml", "new.yaml", *words, "--workers", "2"])
    assert refused.exit_code == 2
    assert why in re.sub(r"\s*\n\s*", " ", refused.output)
