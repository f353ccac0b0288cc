"""Results as rows of a store: the same as the rows of their records, byte for byte."""

import pytest
from dice import Dice
from engine_runs import plan_of, read_rows
from strategies import card_by, rows_by

from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.records import records
from pauta.engine.evaluation.rows import columns
from pauta.engine.model.calls import batch_of
from pauta.store.tables import row_of, rows_of


class ByColumn(list):
    """Records that can be had by column."""

    def __init__(self, results):
        super().__init__(records(results))
        self.columns = lambda: columns(results)


def assert_same(results):
    one, other = rows_of(ByColumn(results)), [row_of(record) for record in records(results)]
    assert repr([sorted(row.items()) for row in one]) == repr([sorted(row.items()) for row in other])


def results_by(dice, count=12):
    card = card_by(dice)
    calls, humans = read_rows(rows_by(dice, card, count))
    return evaluate(plan_of(card), batch_of(calls, humans))


@pytest.mark.parametrize("seed", range(60))
def test_rows_are_those_of_the_records(seed):
    assert_same(results_by(Dice.seeded(seed)))
