"""Answers as a column of JSON text are the JSON of the records' answers, for random cards, calls and answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dice import Dice

pa = pytest.importorskip("pyarrow")

from test_bulk_outgoing import facts_of, results_by  # noqa: E402  # needs pyarrow

from pauta import __version__  # noqa: E402
from pauta.bulk.answer_texts import AnswerTexts  # noqa: E402
from pauta.bulk.outgoing import Group, Outgoing  # noqa: E402
from pauta.engine.evaluation.records import records  # noqa: E402
from pauta.engine.evaluation.rows import as_json  # noqa: E402


@pytest.mark.parametrize("cards", [1, 3])
@pytest.mark.parametrize("seed", range(5))
def test_texts_are_the_json_of_records(seed: int, cards: int) -> None:
    dice = Dice.seeded(seed)
    made = [results_by(dice, dice.number(1, 9)) for _ in range(cards)]
    size = sum(len(results) for results, _, _ in made)
    order = np.array(dice.some(range(size), size, size)) if cards > 1 else np.arange(size)
    groups: list[Group] = []
    calls: list[Any] = []
    humans: list[Any] = []
    expected = [""] * size
    for results, own_calls, own_humans in made:
        rows = np.arange(len(calls), len(calls) + len(results))
        by_person = np.array([human is not None for human in own_humans])
        groups.append(Group(results, rows, order[rows] if cards > 1 else None, by_person))
        calls += own_calls
        humans += own_humans
        for row, record in zip(rows, records(results), strict=True):
            expected[order[row]] = as_json(record["answers"])
    table = Outgoing(__version__).made(groups, facts_of(calls, humans), size)
    assert table is not None
    texts = AnswerTexts(table)
    middle = size // 2
    parts = [texts.column(0, middle), texts.column(middle, size)]
    for part in parts:
        part.validate(full=True)
    assert [text for part in parts for text in part.to_pylist()] == expected
