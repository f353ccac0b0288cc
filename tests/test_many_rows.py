"""Many rows are scored by other look-ups than few, for speed; what comes out is the same to the last bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import strategies
from dice import Dice
from engine_runs import HOST, plan_of, read_rows
from hypothesis import HealthCheck, given, settings, strategies as st
from strategies import rows_by

from pauta.engine.evaluation import evaluate as evaluating, groups, scoring
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import CallBatch, batch_of
from pauta.engine.model.columns import Coded
from pauta.engine.model.results import Results

WEIGHTED = """\
scorecard: many
version: 1.0.0
scoring: {pass_mark: 80, accumulation: {non_critical: 2, make: {critical: customer, fails: card}}}
bands: [{band: good, from: 80}, {band: fair, from: 50}, {band: poor, from: 0}]
answer_sets:
  steps: {a: -3, b: 0, c: 2.5, d: 5, N/A: null}
sections:
  - section: first
    weight: 30
    answers: yes_no_na
    questions:
      - {question: q1, weight: 3, error: non_critical}
      - {question: q2, weight: 2, error: {critical: customer, fails: section}}
      - {question: q3, weight: 1, answers: steps}
      - {question: q4, weight: 5, error: {critical: business}}
      - {question: q5, weight: 1, bonus: true}
  - section: second
    weight: 70
    answers: steps
    questions:
      - {question: q6}
      - {question: q7, error: non_critical}
      - {question: q8, answers: yes_no_na}
"""
PLAIN = "\n".join(line for line in WEIGHTED.splitlines() if not line.startswith("    weight:"))


def as_if_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows take the ways that many take: small blocks, indexes one by one, weighted credits looked up."""
    monkeypatch.setattr(evaluating, "BLOCK", 7)
    monkeypatch.setattr(groups, "FEW", 0)
    monkeypatch.setattr(scoring, "LOOKED_UP", 0)
    monkeypatch.setattr(scoring, "NARROWED", 0)
    monkeypatch.setattr(evaluating, "LOOKED_UP", 0)


def figures(results: Results) -> dict[str, bytes]:
    """Every array of the results, bit by bit."""
    arrays: dict[str, Any] = {
        name: getattr(results, name)
        for name in (
            "status", "score", "raw_score", "agent_score", "passed", "band", "card_failed", "accumulated", "coverage",
            "non_critical", "missing", "unverified", "critical",
        )
    }  # fmt: skip
    for named in (results.section_scores, results.section_raw_scores, results.scores_by, results.shares):
        arrays.update({str(name): scores for name, scores in named.items()})
    return {name: array.dtype.str.encode() + array.tobytes() for name, array in arrays.items()}


def any_codes(plan: Plan, rows: int, seed: int) -> CallBatch:
    """Every code that a question has, the states among them, as columns from files come."""
    dice = np.random.default_rng(seed)
    names = [question.id for question in plan.scorecard.questions]
    sizes = {name: len(plan.vocabulary(name)) for name in names}
    typical = {
        name: np.where(dice.random(rows) < 0.8, sizes[name] - 2, dice.integers(0, sizes[name], rows)) for name in names
    }
    return CallBatch(
        size=rows,
        answers={name: Coded(typical[name].astype(np.uint8), plan.vocabulary(name)) for name in names},
        automatic=dice.random(rows) < 0.2,
    )


@pytest.mark.parametrize("text", [WEIGHTED, PLAIN], ids=["weighted sections", "plain sections"])
@pytest.mark.parametrize("rows", [1, 40, 1500])
def test_columns(monkeypatch: pytest.MonkeyPatch, text: str, rows: int) -> None:
    loaded = card_from_text(text, HOST, "many.yaml")
    assert loaded.scorecard is not None, loaded.problems
    few = figures(evaluate(plan := compile_plan(loaded.scorecard, HOST), any_codes(plan, rows, seed=rows)))
    as_if_many(monkeypatch)
    assert figures(evaluate(plan, any_codes(plan, rows, seed=rows))) == few


@pytest.mark.parametrize("questions", [2, 7, 20], ids=["one look-up", "one, then several", "several look-ups"])
def test_states_turn_up_later(monkeypatch: pytest.MonkeyPatch, questions: int) -> None:
    """Tables leave out the states that no row had yet; rows that have them widen the tables of the same plan."""
    listed = "".join(f"      - {{question: r{n}, weight: {n + 1}, error: non_critical}}\n" for n in range(questions))
    text = WEIGHTED + "  - section: third\n    weight: 0\n    answers: yes_no_na\n    questions:\n" + listed
    loaded = card_from_text(
        text.replace("weight: 70", "weight: 60").replace("weight: 0", "weight: 10"), HOST, "many.yaml"
    )
    assert loaded.scorecard is not None, loaded.problems
    plan = compile_plan(loaded.scorecard, HOST)
    batches = []
    for seed, lowest in enumerate((5, 5, 3, 0, 5)):
        batch = any_codes(plan, 50, seed)
        for column in batch.answers.values():
            np.maximum(column.codes, lowest, out=column.codes)
        batches.append(replace(batch, automatic=None))
    few = [figures(evaluate(plan, batch)) for batch in batches]
    as_if_many(monkeypatch)
    assert [figures(evaluate(plan, batch)) for batch in batches] == few
    assert [figures(evaluate(plan, batch)) for batch in reversed(batches)] == few[::-1]


def test_nothing_at_all() -> None:
    loaded = card_from_text(WEIGHTED, HOST, "many.yaml")
    assert loaded.scorecard is not None
    plan = compile_plan(loaded.scorecard, HOST)
    assert len(evaluate(plan, any_codes(plan, 0, seed=0)).section_scores["first"]) == 0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(card=strategies.cards(), seed=st.integers(0, 2**32))
def test_random_cards(card: dict[str, Any], seed: int) -> None:
    plan = plan_of(card)
    batch = batch_of(*read_rows(rows_by(Dice.seeded(seed), card, 20)))
    few = evaluate(plan, batch)
    with pytest.MonkeyPatch.context() as monkeypatch:
        as_if_many(monkeypatch)
        many = evaluate(plan, batch)
        assert figures(many) == figures(few)
        assert list(records(many)) == list(records(few))
        assert many.problems == few.problems
