"""Results as rows of a store: the same as the rows of their records, byte for byte."""

import json
from copy import deepcopy

import numpy as np
import pytest
from dice import Dice
from engine_runs import plan_of, read_rows
from strategies import card_by, rows_by

from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.evaluated import Evaluated
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.evaluation.rows import columns
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.records import human_from
from pauta.engine.model.calls import ENGINE, Call, Turn, batch_of
from pauta.engine.model.findings import Evidence
from pauta.engine.model.tallies import CardSummary
from pauta.store.tables import row_of, rows_of


class ByColumn(list):
    """Records that can be had by column."""

    def __init__(self, results):
        super().__init__(records(results))
        self.columns = lambda: columns(results)


def assert_same(results):
    one, other = list(rows_of(ByColumn(results))), [row_of(record) for record in records(results)]
    assert repr(one) == repr(other)


def results_by(dice, count=12):
    card = card_by(dice)
    calls, humans = read_rows(rows_by(dice, card, count))
    return evaluate(plan_of(card), batch_of(calls, humans))


@pytest.mark.parametrize("seed", range(60))
def test_rows_are_those_of_the_records(seed):
    assert_same(results_by(Dice.seeded(seed)))


TALK = """
scorecard: talk
version: 1.0.0
language: en
scoring: {pass_mark: 50, accumulation: {non_critical: 2, make: {critical: customer}}}
bands: [{band: good, from: 50}, {band: poor, from: 0}]
sections:
  - section: said
    weight: 3
    questions:
      - {question: greeting, tags: ["a%b", ñ], aim: agent, answers: yes_no, criterion: {phrase: {any: [hello]}}}
      - {question: silence, answers: yes_no, criterion: {timing: {measure: longest_silence, at_most: 1}}}
      - {question: pause, answers: {number: {}}, criterion: {timing: {measure: longest_silence}}}
  - section: seen
    weight: 0
    questions:
      - question: faults
        comment: required_on_error
        answers: {choose: many, options: [
          {answer: good, points: 5}, {answer: rude, points: -1, error: non_critical},
          {answer: "leak's", points: -2, error: {critical: compliance, fails: section}}]}
      - {question: note, answers: text, when: {answer.faults: rude}}
"""
SAID = ('He said "hello"', "It's hello\\again \x7f", "¡Hello, señor! 😀", "nothing", "")
ENTRIES = (
    ["good"], ["rude", "leak's"], {"answer": ["rude"], "comment": "it's \"so\"\nñ \\ ", "fault": "process", "at": 3},
    {"answer": ["leak's"], "comment": "=1+1"}, ["nobody's"], "unverified", {"comment": "no answer"},
)  # fmt: skip


def talk_results(count=60):
    host = Host()
    loaded = card_from_text(TALK, host, "talk.yaml")
    assert loaded.scorecard is not None, loaded.problems
    calls, humans = [], []
    for n in range(count):
        turns = tuple(
            Turn("agent", SAID[(n + at) % len(SAID)], at * (1.5 + n % 3), at * (1.5 + n % 3) + 1.25)
            for at in range(n % 5)
        )
        calls.append(Call(f"c'{n}", agent="" if n % 7 else None, team="ñ" if n % 2 else None, turns=turns))
        answers = {"faults": ENTRIES[n % len(ENTRIES)], "note": "a\x1fb", **({"greeting": "no"} if n % 4 == 1 else {})}
        record = {"call_id": f"c'{n}", "evaluator": "eva", "evaluated_at": "2026-01-01T10:00:00Z", "answers": answers}
        humans.append(human_from(record) if n % 3 else None)
    return evaluate(compile_plan(loaded.scorecard, host), batch_of(calls, humans))


def test_evidence_comments_faults_and_several_errors():
    results = talk_results()
    made = list(records(results))
    answers = [answer for record in made for answer in record["answers"]]
    assert any(answer["evidence"] for answer in answers)
    assert any(answer["reason"] for answer in answers)
    assert any(isinstance(answer["error"], list) for answer in answers)
    assert any(answer["comment"] for answer in answers)
    assert any(answer["fault"] == "process" for answer in answers)
    assert_same(results)


def test_several_cards_keep_the_order_of_the_batch():
    one, other = talk_results(6), results_by(Dice.seeded(7), 4)
    both = Evaluated([(one, [0, 2, 4, 5, 7, 9]), (other, [1, 3, 6, 8])])
    assert len(both) == 10
    assert repr(list(rows_of(both))) == repr([row_of(record) for record in both])
    counted, one_by_one = CardSummary(), CardSummary()
    for results in both.results:
        counted.count_all(results)
        for each in records(results):
            one_by_one.count((each["status"], each["passed"], each["score"]), each["evaluator"] != ENGINE)
    assert counted == one_by_one
    assert both[-1] is both[9]
    assert both[2:4] == [both[2], both[3]]
    assert isinstance(deepcopy(both), list)


@pytest.mark.slow
def test_answers_kept_from_earlier_batches_are_those_of_this_one():
    for seed in range(12):
        dice = Dice.seeded(seed)
        card = card_by(dice)
        plan = plan_of(card)
        calls, humans = read_rows(rows_by(dice, card, 24))
        alone = [evaluate(plan_of(card), batch_of([call], [human])) for call, human in zip(calls, humans)]
        one_by_one = [evaluate(plan, batch_of([call], [human])) for call, human in zip(calls, humans)]
        assert [list(rows_of(ByColumn(each))) for each in one_by_one] == [
            list(rows_of(ByColumn(each))) for each in alone
        ]
        assert_same(evaluate(plan, batch_of(calls, humans)))


def test_evidence_without_a_finite_number_is_refused():
    with pytest.raises(ValueError, match="Out of range"):
        rows_of_evidence(Evidence(turn=None, from_s=float("nan")))


def rows_of_evidence(evidence):
    from pauta.engine.evaluation.rows import _evidence

    return _evidence(evidence)


def test_numbers_of_other_kinds_are_written_as_json_writes_them():
    made = rows_of_evidence(Evidence(turn=0, start=0, stop=2, quote='"', from_s=np.float64(1.5), to_s=2))
    assert json.loads(made) == {"turn": 0, "span": [0, 2], "quote": '"', "start": 1.5, "end": 2}


def test_no_rows_at_all():
    assert rows_of(Evaluated([])) == []
