"""Calls and people's evaluations in files of their own into a database by column: row for row the plain way's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dice import Dice

from pauta.engine.loading.operation import Feed
from pauta.engine.problems import Problem
from pauta.engine.redaction import SHIPPED, redactor_from

pytest.importorskip("pyarrow")

from test_bulk_people import FORMS, HOST, calls_by, evaluations_by, lines, plainly, small  # noqa: F401
from test_bulk_scorer import catalog, same_summary, told_by
from test_bulk_stored import database, dump

from pauta.bulk.lines import LinesInput
from pauta.bulk.scorer import Setup
from pauta.bulk.stored import store_files


def a_law(seed: int, form: str, folder: Path, *, masked: bool = False) -> None:
    """Two nights, the second with other evaluations of some of the same calls."""
    dice = Dice.seeded(seed)
    setup = Setup(catalog(folder))
    if masked:
        redactor = redactor_from([*SHIPPED])
        assert not isinstance(redactor, Problem)
        setup = replace(setup, redactor=redactor)
    made, ending = FORMS[form]
    for night in range(2):
        size = dice.pick([20, 40])
        calls = calls_by(dice, size)
        for each in calls if form == "numbered" else ():
            each["call_id"] = each["call_id"][1:]
        path = lines(folder / "calls.jsonl", calls)
        answers = [
            made(folder / f"a.{ending}", evaluations_by(dice, size)),
            lines(folder / f"b{night}.jsonl", evaluations_by(dice, size)),
        ]
        expected = plainly([path], answers, folder / "plain.db", setup)
        told: list[Problem] = []
        found = store_files(
            [LinesInput(str(path))],
            database(folder / "column.db"),
            setup,
            host=HOST,
            most=7,
            on_problem=told.append,
            answers=[Feed(str(each)) for each in answers],
        )
        assert dump(folder / "column.db") == dump(folder / "plain.db")
        different = {"W521"}  # answers to questions that a card does not have are counted by group of rows
        assert told_by(each for each in told if each.code not in different) == told_by(
            each for each in expected[1] if each.code not in different
        )
        same_summary(found, expected[0])
    assert dump(folder / "plain.db")["evaluations"]


@pytest.mark.parametrize("form", ["lines", "wide"])
def test_as_the_plain_way_has_it(form: str, tmp_path: Path) -> None:
    a_law(1, form, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(2, 8))
def test_as_the_plain_way_has_it_many_times(seed: int, form: str, tmp_path: Path) -> None:
    a_law(seed, form, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_masked_as_the_plain_way_masks_it(seed: int, tmp_path: Path) -> None:
    a_law(seed, "lines", tmp_path, masked=True)
