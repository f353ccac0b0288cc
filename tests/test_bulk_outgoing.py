"""Results as columns are the very records of the plain path, for random cards, calls and answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dice import Dice
from engine_runs import plan_of, read_rows
from strategies import card_by, rows_by

from pauta import __version__
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.records import records
from pauta.engine.model.calls import ENGINE, Call, HumanEvaluation, batch_of
from pauta.engine.model.findings import Evidence, Finding, findings_of
from pauta.engine.model.results import Results

pa = pytest.importorskip("pyarrow")

from pauta.bulk.outgoing import Facts, Group, Outgoing, result_schema  # noqa: E402  # needs pyarrow
from pauta.bulk.schema import record_from, row_from  # noqa: E402


def facts_of(calls: list[Call], humans: list[HumanEvaluation | None]) -> Facts:
    def words(values: list[Any]) -> Any:
        return pa.array(values, pa.string()).dictionary_encode()

    return Facts(
        call_id=pa.array([call.call_id for call in calls], pa.string()),
        started_at=pa.array([call.started_at for call in calls], pa.string()),
        evaluated_at=pa.array([human and human.evaluated_at for human in humans], pa.string()),
        agent=words([call.agent for call in calls]),
        team=words([call.team for call in calls]),
        call_type=words([call.call_type for call in calls]),
        evaluator=words([human and human.evaluator for human in humans]),
        mode=words([human and human.mode for human in humans]),
    )


def results_by(dice: Dice, count: int = 8) -> tuple[Results, list[Call], list[HumanEvaluation | None]]:
    card = card_by(dice)
    calls, humans = read_rows(rows_by(dice, card, count))
    return evaluate(plan_of(card), batch_of(calls, humans)), calls, humans


def read_back(batch: Any) -> list[dict[str, Any]]:
    assert batch.schema == result_schema()
    batch.validate(full=True)
    return [record_from(row) for row in batch.to_pylist()]


@pytest.mark.parametrize("seed", range(60))
def test_one_card(seed: int) -> None:
    results, calls, humans = results_by(Dice.seeded(seed))
    by_person = np.array([human is not None for human in humans])
    group = Group(results, np.arange(len(calls)), None, by_person)
    assert read_back(Outgoing(__version__).batch([group], facts_of(calls, humans), len(calls))) == list(
        records(results)
    )


@pytest.mark.parametrize("seed", range(30))
def test_several_cards_in_any_order(seed: int) -> None:
    dice = Dice.seeded(1000 + seed)
    made = [results_by(dice, dice.number(1, 6)) for _ in range(dice.number(2, 4))]
    size = sum(len(results) for results, _, _ in made)
    order = np.array(dice.some(range(size), size, size))
    expected: list[Any] = [None] * size
    groups, calls, humans = [], [], []
    for results, own_calls, own_humans in made:
        begin = len(calls)
        rows = np.arange(begin, begin + len(results))
        by_person = np.array([human is not None for human in own_humans])
        groups.append(Group(results, rows, order[rows], by_person))
        calls += own_calls
        humans += own_humans
        for row, record in zip(rows, records(results), strict=True):
            expected[order[row]] = record
    assert read_back(Outgoing(__version__).batch(groups, facts_of(calls, humans), size)) == expected


def test_evidence_and_reasons_stand_where_they_belong() -> None:
    dice = Dice.seeded(3)
    while True:
        results, calls, humans = results_by(dice)
        found = [name for name, each in results.answers.items() if each.findings is not None]
        if found:
            break
    place = Evidence(1, 2, 5, "abc", 0.5, 1.5)
    silence = Evidence(from_s=2.0, to_s=9.0)
    for name in found:
        findings = results.answers[name].findings
        assert findings is not None
        said = [findings[row] for row in range(len(calls))]
        said[2] = Finding(said[2].verdict, "it was said twice", (place, silence), said[2].answer)
        said[5] = Finding(said[5].verdict, "once", (place,), said[5].answer)
        object.__setattr__(results.answers[name], "findings", findings_of(said))
    by_person = np.array([human is not None for human in humans])
    assert results.batch.evaluators[int(np.flatnonzero(~by_person)[0])] == ENGINE if not by_person.all() else True
    batch = Outgoing(__version__).batch(
        [Group(results, np.arange(len(calls)), None, by_person)], facts_of(calls, humans), len(calls)
    )
    assert read_back(batch) == list(records(results))


def test_a_record_as_a_row_and_back() -> None:
    for seed in range(5):
        for record in records(results_by(Dice.seeded(seed))[0]):
            batch = pa.RecordBatch.from_pylist([row_from(record)], result_schema())
            assert [record_from(row) for row in batch.to_pylist()] == [record]
