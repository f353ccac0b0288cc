"""Many cards over one table: what is done once for all of them gives the very records of the plain path."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dice import Dice

pa = pytest.importorskip("pyarrow")

from test_bulk_scorer import Record, made, plain, same_problems, same_summary, table_of  # noqa: E402  # needs pyarrow

from pauta.bulk.distinct import distinct_rows, rows_by_code  # noqa: E402
from pauta.bulk.pieces import ROWS  # noqa: E402
from pauta.bulk.schema import record_from  # noqa: E402
from pauta.bulk.scorer import CardsGiven, Scorer, Setup, rows_of_a_piece  # noqa: E402
from pauta.engine.host import Host  # noqa: E402
from pauta.engine.loading.load import card_from_text  # noqa: E402

HOST = Host(installed=False)
LINES = 14

CARD = """
scorecard: line-{n}
version: 1.0.0
title: Line {n}
applies_to: {{call.attributes.line: l{n}}}
sections:
  - section: opening
    questions:
      - {{question: greet, answers: yes_no, error: {{critical: customer, fails: card}}}}
      - {{question: offer, answers: yes_no_na, weight: {weight}, fault: process, tags: [courtesy]}}
  - section: closing
    questions:
      - {{question: how, answers: scale_1_5, comment: required_on_error}}
      - question: {last}
        answers: {kind}
"""
KINDS = ("yes_no", "{number: {min: 0, max: 10}, ranges: [{to: 5, points: 1}, {points: 2}]}")


def cards(count: int = LINES) -> tuple[Any, ...]:
    """Cards that ask the same in part: the last question of some is of another kind or has another name."""
    found = []
    for n in range(count):
        last = "thanks" if n % 3 else "rating"
        text = CARD.format(n=n, weight=1 + n % 4, last=last, kind=KINDS[n % 3 == 0 or n % 7 == 1])
        loaded = card_from_text(text, HOST, f"{n}.yaml")
        assert loaded.scorecard, loaded.problems
        found.append(loaded.scorecard)
    return tuple(found)


def records_by(seed: int, count: int) -> list[tuple[Record, Record | None]]:
    dice = Dice.seeded(seed)
    records: list[tuple[Record, Record | None]] = []
    for n in range(count):
        line = dice.number(0, LINES)  # the last is the line of no card
        call = {"call_id": f"c{n}", "agent": dice.pick(["a1", "a2"]), "attributes": {"line": f"l{line}"}}
        human = None
        if dice.chance(80):
            answers: dict[str, Any] = {"greet": dice.pick(["yes", "no"]), "how": dice.pick(["1", "3", "5"])}
            if dice.chance(80):
                answers["offer"] = dice.pick(["yes", "no", "na"])
            if dice.chance(70):
                answers["thanks" if line % 3 else "rating"] = dice.pick(["yes", "no"]) if line % 3 else "7"
            if dice.chance(4):
                answers["rating" if line % 3 else "thanks"] = "3"
            if dice.chance(15):
                answers["how"] = {"answer": answers["how"], "comment": "said so", "fault": dice.pick([None, "process"])}
            human = {"call_id": f"c{n}", "agent": call["agent"], "evaluator": "eva", "answers": answers}
        records.append((call, human))
    return records


@pytest.mark.parametrize("seed", range(8))
def test_many_cards_that_ask_the_same(seed: int) -> None:
    setup = Setup(CardsGiven(cards()), installed=False)
    records = records_by(seed, 240)
    expected, problems, summary = plain(setup, records, HOST)
    found, scored = made(setup, table_of(records), HOST)
    assert found == expected
    same_problems(scored.problems, problems)
    same_summary(scored.summary, summary)
    tables = list(scored.tables(37))
    assert [table.num_rows for table in tables[:-1]] == [37] * (len(tables) - 1)
    for table in tables:
        table.validate(full=True)
    assert [record_from(row) for table in tables for row in table.to_pylist()] == expected


def test_a_scorer_takes_other_batches_after_the_first() -> None:
    setup = Setup(CardsGiven(cards()), installed=False)
    scorer = Scorer(setup, HOST)
    for seed in range(4):
        records = records_by(100 + seed, 150)
        scored = scorer.score(table_of(records), file="t.parquet")
        assert [record_from(row) for row in scored.results.to_pylist()] == plain(setup, records, HOST)[0]


def test_no_call_no_table() -> None:
    scored = Scorer(Setup(CardsGiven(cards()), installed=False), HOST).score(
        pa.RecordBatch.from_pydict({"call_id": ["a"], "attributes.line": ["none"]})
    )
    assert scored.evaluations == 0
    assert scored.results.num_rows == 0
    assert list(scored.tables(10)) == []


@pytest.mark.parametrize(("count", "times"), [(1, 1), (8, 1), (10, 2), (24, 3), (100, 4), (500, 4)])
def test_pieces_grow_with_the_cards(count: int, times: int) -> None:
    card = cards(1)[0]
    scorer = Scorer(Setup(CardsGiven(tuple(_named(card, f"c{n}") for n in range(count))), installed=False), HOST)
    assert rows_of_a_piece(scorer, with_turns=False) == (times * ROWS if times > 1 else None)
    assert rows_of_a_piece(scorer, with_turns=True) is None


def _named(card: Any, name: str) -> Any:
    return replace(card, id=name)


def test_versions_of_a_card_and_cards_that_nobody_asked_for_make_no_piece_larger() -> None:
    card = cards(1)[0]
    versions = tuple(replace(card, version=f"1.{n}.0") for n in range(100))
    assert rows_of_a_piece(Scorer(Setup(CardsGiven(versions), installed=False), HOST), with_turns=False) is None
    every = tuple(_named(card, f"c{n}") for n in range(100))
    named = Setup(CardsGiven(every), named=("c1",), installed=False)
    assert rows_of_a_piece(Scorer(named, HOST), with_turns=False) is None


@pytest.mark.parametrize("span", [1, 3, 5_000])
def test_rows_that_are_alike(span: int) -> None:
    dice = np.random.default_rng(span)
    parts: Sequence[Any] = [dice.integers(-1, span, 400), dice.integers(0, 2, 400).astype(np.int32)]
    firsts, places = distinct_rows(parts, 400)
    rows = list(zip(*(part.tolist() for part in parts), strict=True))
    expected = sorted(set(rows))
    assert [rows[first] for first in firsts] == expected
    assert [expected[place] for place in places] == rows
    assert all(rows.index(rows[first]) == first for first in firsts)
    for n, own in enumerate(rows_by_code(places, len(firsts))):
        assert own.tolist() == np.flatnonzero(places == n).tolist()
    assert [own.tolist() for own in rows_by_code(np.array([-1, 1, -1, 0, 1]), 3)] == [[3], [1, 4], []]
    assert [len(each) for each in distinct_rows([np.zeros(0, dtype=np.int64)], 0)] == [0, 0]


PLUGIN = "name = 'own'\n"


def test_the_plugin_folder_of_a_host_goes_with_it(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import gc
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    host = Setup.of(*cards(1), plugin_files={"sub/own.py": PLUGIN.encode()}, installed=False).host()
    assert [each.name for each in tmp_path.glob("pauta-plugins-*/sub/*.py")] == ["own.py"]
    del host
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_the_plugin_folder_goes_with_its_process(tmp_path: Any) -> None:
    script = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from pauta.bulk.scorer import CardsGiven, Setup\n"
        "host = Setup(CardsGiven(()), plugin_files={'own.py': b'x = 1'}, installed=False).host()\n"
        "import pathlib; print(len(list(pathlib.Path(sys.argv[1]).iterdir())))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert list(tmp_path.iterdir()) == []
