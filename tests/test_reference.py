"""The plain scorer agrees with the contract's examples, and the engine agrees with the plain scorer."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import strategies
from engine_runs import run
from hypothesis import HealthCheck, given, settings, strategies as st
from reference import scored
from reference_card import card_of
from strategies import Dice, card_by, rows_by, yaml_of

SHARED = Path(__file__).parents[1].parent / "shared"
EXAMPLES = [
    pytest.param(card, example, id=f"{path.stem}: {example['example']}")
    for path in [*sorted(SHARED.glob("conformance/*.yaml")), *sorted(SHARED.glob("examples/scorecards/*.yaml"))]
    for card in [card_of(path.read_text(encoding="utf-8"))]
    for example in card["examples"]
    if "answers" in example  # an automatic one asks criteria, which the plain scorer does not have
]
ROWS = 20
SAME_NAME = ("status", "band", "passed", "critical_errors", "non_critical_errors")
LISTS = ("missing", "unverified", "no_comment", "escalations")
NUMBERS = ("score", "raw_score", "agent_score", "coverage")


@pytest.mark.skipif(not EXAMPLES, reason="the shared conformance cards are not here")
@pytest.mark.parametrize(("card", "example"), EXAMPLES)
def test_examples_come_out(card: Mapping[str, Any], example: Mapping[str, Any]) -> None:
    result = scored(card, example.get("call", {}), example["answers"])
    expected = dict(example["expect"])
    if "escalations" in expected:
        assert sorted(result["escalations"]) == sorted(expected.pop("escalations"))
    assert {name: result[name] for name in expected} == expected


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(card=strategies.cards(), seed=st.integers(0, 2**32))
def test_plain_scorer_stays_in_range_and_reads_what_it_wrote(card: dict[str, Any], seed: int) -> None:
    read = [card_of(yaml_of(card)), card_of(yaml_of(card, as_json=True))]
    scoring = card["scoring"]
    for call, answers, criteria in rows_by(Dice.seeded(seed), card, 3):
        result = scored(card, call, answers, criteria)
        assert all(scored(each, call, answers, criteria) == result for each in read)
        for name in ("score", "raw_score", "agent_score"):
            if result[name] is not None:
                assert scoring.get("below_0") or result[name] >= 0
                assert scoring.get("above_100") or result[name] <= 100
        if result["score"] is not None:
            assert result["score"] <= result["raw_score"]


def told(record: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's record in the words of the plain scorer."""
    told = {name: record[name] for name in (*SAME_NAME, *NUMBERS)}
    told["critical_by_class"] = {"customer": 0, "business": 0, "compliance": 0, **record["critical_by_class"]}
    told["missing"], told["unverified"] = sorted(record["missing"]), sorted(record["unverified"])
    told["no_comment"] = sorted(record["comments_missing"])
    told["escalations"] = sorted(record["escalations"])
    told["sections"] = {each["section"]: each["score"] for each in record["sections"]}
    told["scores_by"] = record["scores_by"]
    given = [each for each in record["answers"] if each["state"] in ("answered", "not_applicable")]
    told["answers"] = {each["question"]: each["state"] for each in record["answers"]}
    told["answers"] |= {each["question"]: each["answer"] for each in given}
    told["answered_by"] = {each["question"]: each["answered_by"] for each in given}
    told["points"] = {each["question"]: each["points"] for each in record["answers"] if each["points"] is not None}
    return told


def differences(expected: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    """What the engine says otherwise; numbers within 1e-9 are the same."""
    found = told(record)
    expected = {**expected, **{name: sorted(expected[name]) for name in LISTS}}
    expected["answered_by"] = {name: expected["answered_by"][name] for name in found["answered_by"]}
    return [
        f"{name}: {expected[name]!r}, the engine says {found[name]!r}"
        for name in found
        if not alike(expected[name], found[name])
    ]


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(alike(one.get(name), other.get(name)) for name in {*one, *other})
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(repr, one)) == sorted(
            map(repr, other)
        )  # the chosen ones of `choose: many`, in the card's order or the person's
    return bool(one == other)


def disagreements(card: Mapping[str, Any], seed: int, rows: int = ROWS, *, as_json: bool = False) -> list[str]:
    """The first row on which the two do not agree, as something to read."""
    batch = rows_by(Dice.seeded(seed), card, rows)
    for row, record in zip(batch, run(card, batch, as_json=as_json), strict=True):
        found = differences(scored(card, *row), record)
        if found:
            call, answers, criteria = row
            return [*found, yaml_of(card), f"call: {call}", f"answers: {answers}", f"criteria: {criteria}"]
    return []


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(card=strategies.cards(), seed=st.integers(0, 2**32), as_json=st.booleans())
def test_engine_agrees(card: dict[str, Any], seed: int, as_json: bool) -> None:
    found = disagreements(card, seed, as_json=as_json)
    assert not found, "\n".join(found)


CARDS = int(os.environ.get("PAUTA_RANDOM_CARDS", "2000"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("start", range(0, CARDS, 500))
def test_engine_agrees_on_thousands(start: int) -> None:
    for seed in range(start, start + 500):
        found = disagreements(card_by(Dice.seeded(seed)), seed)
        assert not found, "\n".join([f"seed {seed}", *found])
