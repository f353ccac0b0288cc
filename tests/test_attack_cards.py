"""Cards and answers made to break an arithmetic: noise, ties, long chains, many of everything, blanks, huge numbers."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from typing import Any

import pytest
import strategies
from engine_runs import HOST, run
from hypothesis import HealthCheck, given, settings, strategies as st
from reference import scored
from test_reference import differences, disagreements

from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.loading.load import card_from_text

Card = dict[str, Any]
pytestmark = pytest.mark.timeout(600)


def card_with(questions: list[Card], **scoring: Any) -> Card:
    sections = [{"section": "only", "questions": questions}]
    return {"scorecard": "attack", "version": "1.0.0", "language": "en", "scoring": scoring, "sections": sections}


def agrees(card: Card, answers: Card) -> Card:
    """The record of one evaluation, on which the plain scorer agrees."""
    record = run(card, [({"call_id": "one"}, answers, {})])[0]
    assert differences(scored(card, {}, answers), record) == []
    return record


@pytest.mark.parametrize("backwards", [False, True])
def test_chain_of_a_thousand_questions(backwards: bool) -> None:
    chain = [{"question": f"q{n}", "answers": "yes_no"} for n in range(1500)]
    for before, question in pairwise(chain):
        question["when"] = {f"answer.{before['question']}": "yes"}
    card = card_with(chain[::-1] if backwards else chain)
    loaded = card_from_text(json.dumps(card), HOST)
    assert loaded.scorecard is not None, loaded.problems
    answers = {f"q{n}": "no" if n == 1000 else "yes" for n in range(1500)}
    record = run(compile_plan(loaded.scorecard, HOST), [({"call_id": "one"}, answers, {})])[0]
    assert record["score"] == 99.9  # 1,000 of 1,001; those after the `no` are not asked
    assert sum(each["state"] == "not_asked" for each in record["answers"]) == 499


def test_many_options_and_many_questions() -> None:
    options = {f"option {n}": n % 7 - 2 for n in range(150)}
    questions = [{"question": f"q{n}", "answers": {"choose": "many", "options": options}} for n in range(40)]
    agrees(card_with(questions, below_0=True), {f"q{n}": list(options)[n::3] for n in range(40)})


@pytest.mark.parametrize("decimals", range(7))
@pytest.mark.parametrize("parts", [2, 3, 7, 11])
def test_half_goes_away_from_zero_at_every_number_of_decimals(decimals: int, parts: int) -> None:
    """The first answers earn exactly half of the last decimal, in weights that no binary fraction holds."""
    whole = 2 * 10 ** (decimals + 2)  # in thousandths, of which the first answers earn an odd number
    first = [2 * (n + 1) * 5**decimals % (whole // 20) for n in range(parts - 1)]
    weights = [*first, 3, whole - sum(first) - 3]
    questions = [{"question": f"q{n}", "answers": "yes_no", "weight": each / 1000} for n, each in enumerate(weights)]
    for order in (questions, questions[::-1]):
        answers = {f"q{n}": "yes" if n < parts else "no" for n in range(parts + 1)}
        agrees(card_with(order, decimals=decimals, pass_mark=0), answers)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(card=strategies.cards(), seed=st.integers(0, 2**32), by=st.sampled_from((0.1, 0.3, 0.01, 1e6)))
def test_decimal_points_that_no_binary_fraction_holds(card: Card, seed: int, by: float) -> None:
    found = disagreements(with_points(card, by), seed, 8)
    assert not found, "\n".join(found)


def with_points(card: Card, by: float) -> Card:
    """The card with all points times a decimal: sums that are nothing or all to a person are not so in float64."""
    changed = copy.deepcopy(card)

    def walk(data: Any) -> None:
        if isinstance(data, list):
            for each in data:
                walk(each)
        if isinstance(data, dict):
            for key, value in data.items():
                in_map = key in ("options", "answers") or data is changed.get("answer_sets")
                if in_map and isinstance(value, dict) and not {"choose", "scale", "number", "met"} & value.keys():
                    data[key] = {name: times(points) for name, points in value.items()}
                elif key in ("points", "out_of", "at_most") and isinstance(value, int | float):
                    data[key] = times(value)
                elif key not in ("when", "scoring", "escalations", "criterion"):
                    walk(value)

    def times(points: Any) -> Any:
        return points if points is None else float(f"{points * by:.6g}")

    walk(changed)
    return changed


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", None])
def test_blank_is_no_answer(blank: str | None) -> None:
    """A sheet's empty cell; taken for "nothing chosen of many" it would be a zero and an error."""
    many = {"choose": "many", "options": {"warm": 1, "clear": 1}}
    card = card_with([
        {"question": "many", "answers": many, "error": "non_critical"},
        {"question": "one", "answers": "yes_no", "default": "yes"},
        {"question": "number", "answers": {"number": {}}, "default": 3},
        {"question": "text", "answers": "text", "required": True},
    ])  # fmt: skip
    record = agrees(card, dict.fromkeys(("many", "one", "number", "text"), blank))
    assert record["missing"] == ["many", "text"]


@pytest.mark.parametrize("weight", [1e-300, 1e-12, 1e12, 1e100, 1e308])
def test_weights_of_any_size_are_scored_or_refused(weight: float) -> None:
    """Never a warning of NumPy's, never a score that is not there; a card may be refused with a sentence."""
    card = card_with([{"question": name, "answers": "yes_no", "weight": weight} for name in "ab"])
    if card_from_text(json.dumps(card), HOST).scorecard is not None:
        assert agrees(card, {"a": "yes", "b": "no"})["score"] == 50
