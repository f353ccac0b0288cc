"""Laws that hold for every card: what must change nothing, and what must never go up."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import strategies
from engine_runs import plan_of, run
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from strategies import Dice, Row, Traits, rows_by
from test_reference import alike

pytestmark = pytest.mark.timeout(600)  # a law that breaks takes minutes to shrink its card
Card = dict[str, Any]
SEEDS = st.integers(0, 2**32)
ROWS = 6
PLAIN = Traits(conditions=False, escalations=False)
law = settings(database=None,phases=[__import__("hypothesis").Phase.generate], max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

SCORES = ("score", "raw_score", "agent_score")
VERDICT = ("status", *SCORES, "band", "passed", "critical_errors", "critical_by_class", "non_critical_errors")
WHOLE = (*VERDICT, "coverage", "missing", "unverified")
BY_PLACE = ("question", "section", "weight", "reason")  # a reason may name its question


def only(record: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: record[name] for name in names}


def by_id(record: Mapping[str, Any], names: Mapping[str, Mapping[str, str]] | None = None) -> dict[str, Any]:
    """What a record says, whatever the order of the card's parts; `names`: kind -> old id -> new id."""

    def new(kind: str, name: Any) -> Any:
        return names[kind][name] if names and name is not None else name

    told = only(record, (*VERDICT, "coverage", "scores_by"))
    told["band"] = new("band", record["band"])
    told["sections"] = {new("section", each["section"]): each["score"] for each in record["sections"]}
    told["answers"] = {
        new("question", each["question"]): {name: value for name, value in each.items() if name not in BY_PLACE}
        for each in record["answers"]
    }
    told |= {name: sorted(new("question", each) for each in record[name]) for name in ("missing", "unverified")}
    told["escalations"] = sorted(new("escalation", each) for each in record["escalations"])
    return told


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    for name in {*one, *other}:
        if isinstance(one.get(name), dict) and isinstance(other.get(name), dict):
            same(one[name], other[name])
        else:
            assert alike(one.get(name), other.get(name)), (name, one.get(name), other.get(name))


def questions(card: Card) -> Iterator[Card]:
    for section in card["sections"]:
        yield from section["questions"]


def without(card: Card, name: str) -> Card | None:
    """The card without a question, and without its section where nothing is left of it; None where nothing is left."""
    left = copy.deepcopy(card)
    for section in left["sections"]:
        section["questions"] = [each for each in section["questions"] if each["question"] != name]
    left["sections"] = [section for section in left["sections"] if section["questions"]]
    return left if left["sections"] else None


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_order_of_questions_and_sections_changes_nothing(card: Card, seed: int) -> None:
    dice, other = Dice.seeded(seed), copy.deepcopy(card)
    rows = rows_by(dice, card, ROWS)
    for section in other["sections"]:
        section["questions"] = dice.some(section["questions"], len(section["questions"]), len(section["questions"]))
    other["sections"] = dice.some(other["sections"], len(other["sections"]), len(other["sections"]))
    for one, two in zip(run(card, rows), run(other, rows), strict=True):
        same(by_id(one), by_id(two))


@law
@given(
    card=strategies.cards(Traits(question_weights="all")),
    seed=SEEDS,
    by=st.sampled_from((2, 3, 0.1, 1000, 1 / 3)),
    which=st.sampled_from(("questions", "sections", "both")),
)
def test_scaling_all_weights_changes_nothing(card: Card, seed: int, by: float, which: str) -> None:
    rows, other = rows_by(Dice.seeded(seed), card, ROWS), copy.deepcopy(card)
    scaled = [] if which == "sections" else list(questions(other))
    scaled += [] if which == "questions" else other["sections"]
    for each in scaled:
        if "weight" in each:
            each["weight"] *= by
    for one, two in zip(run(card, rows), run(other, rows), strict=True):
        same(by_id(one), by_id(two))


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_weight_as_written_may_be_what_it_would_have_been(card: Card, seed: int) -> None:
    rows, other = rows_by(Dice.seeded(seed), card, ROWS), copy.deepcopy(card)
    for name, question in strategies.questions_of(card).items():
        if question.scored:
            next(each for each in questions(other) if each["question"] == name)["weight"] = float(question.weight)
    for one, two in zip(run(card, rows), run(other, rows), strict=True):
        same(by_id(one), by_id(two))


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_one_section_weighs_all_there_is(card: Card, seed: int) -> None:
    card["sections"] = card["sections"][:1]
    section = card["sections"][0]
    for data in (section, *section["questions"]):
        data.pop("when", None)
        if "condition" in data.get("criterion", ()):
            data["criterion"] = "told"
    card.pop("escalations", None)
    section.pop("weight", None)
    rows, other = rows_by(Dice.seeded(seed), card, ROWS), copy.deepcopy(card)
    other["sections"][0]["weight"] = 30
    for one, two in zip(run(card, rows), run(other, rows), strict=True):
        same(by_id(one), by_id(two))


@law
@given(card=strategies.cards(), seed=SEEDS, size=st.integers(1, 7))
def test_batch_size_and_order_of_calls_change_no_byte(card: Card, seed: int, size: int) -> None:
    dice, plan = Dice.seeded(seed), plan_of(card)
    rows = rows_by(dice, card, 15)
    shuffled = dice.some(rows, len(rows), len(rows))
    parts = [shuffled[start : start + size] for start in range(0, len(rows), size)]
    whole = {record["call_id"]: json.dumps(record) for record in run(plan, rows)}
    assert {record["call_id"]: json.dumps(record) for part in parts for record in run(plan, part)} == whole


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_equal_rows_give_equal_records(card: Card, seed: int) -> None:
    rows = rows_by(Dice.seeded(seed), card, 3)
    records = [json.dumps(record) for record in run(card, [*rows, *rows, *reversed(rows)])]
    assert records[:3] == records[3:6] == records[:5:-1]


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_errors_never_raise_a_score(card: Card, seed: int) -> None:
    rows, clean, milder = rows_by(Dice.seeded(seed), card, ROWS), copy.deepcopy(card), copy.deepcopy(card)
    for places in (list(errors_in(clean)), list(errors_in(milder))[seed % 3 :: 3]):
        for place in places:
            place["error"] = "none"
    for with_all, with_some, with_none in zip(run(card, rows), run(milder, rows), run(clean, rows), strict=True):
        assert with_all["raw_score"] == with_some["raw_score"] == with_none["raw_score"]
        assert with_none["score"] == with_none["raw_score"]
        for name in ("score", "agent_score"):
            if with_all[name] is None or with_none[name] is None:
                assert with_all[name] == with_some[name] == with_none[name]
            else:
                assert with_all[name] <= with_some[name] <= with_none[name]


def errors_in(data: Any) -> Iterator[Card]:
    """Every place of a card that says `error`."""
    if isinstance(data, dict):
        if "error" in data:
            yield data
        data = list(data.values())
    for each in data if isinstance(data, list) else ():
        yield from errors_in(each)


def scores_of(card: Card | None, rows: list[Row]) -> list[dict[str, Any]]:
    if card is None:
        return [dict.fromkeys(SCORES) for _ in rows]
    return [only(record, SCORES) for record in run(card, rows)]


@law
@given(card=strategies.cards(PLAIN), seed=SEEDS, state=st.sampled_from(("unverified", "not applicable")))
def test_what_is_not_applicable_hands_on_its_weight(card: Card, seed: int, state: str) -> None:
    """Not applicable (and unverified) is, for the scores, as if the question were not in the card."""
    dice = Dice.seeded(seed)
    question = dice.pick(list(strategies.questions_of(card).values()))
    answer: Any = "unverified"
    if state == "not applicable":
        answer = next((name for name, option in question.options.items() if option.not_applicable), None)
        assume(answer is not None)
    rows = [(call, answers or {}, criteria) for call, answers, criteria in rows_by(dice, card, ROWS)]
    said = [answer] if question.kind == "many" and state == "not applicable" else answer
    with_it = [(call, {**answers, question.id: said}, criteria) for call, answers, criteria in rows]
    none_of_it = [(call, drop(answers, question.id), criteria) for call, answers, criteria in rows]
    assert [only(record, SCORES) for record in run(card, with_it)] == scores_of(without(card, question.id), none_of_it)


def drop(answers: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {question: answer for question, answer in answers.items() if question != name}


@law
@given(card=strategies.cards(PLAIN), seed=SEEDS)
def test_question_not_asked_is_as_if_it_were_not_in_the_card(card: Card, seed: int) -> None:
    dice, names = Dice.seeded(seed), [each["question"] for each in questions(card)]
    name, rows = dice.pick(names), rows_by(dice, card, ROWS)
    left = without(card, name)
    assume(left is not None)
    next(each for each in questions(card) if each["question"] == name)["when"] = {"call.call_type": "nobody's"}
    fewer = [(call, None if answers is None else drop(answers, name), criteria) for call, answers, criteria in rows]
    for asked, gone in zip(run(card, rows), run(left, fewer), strict=True):
        same(
            only(asked, WHOLE),
            only(gone, WHOLE),
        )


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_scores_stay_in_range(card: Card, seed: int) -> None:
    scoring = card["scoring"]
    for record in run(card, rows_by(Dice.seeded(seed), card, ROWS)):
        groups = record["scores_by"].values()
        for score in [record[name] for name in SCORES] + [score for group in groups for score in group.values()]:
            assert score is None or scoring.get("below_0") or score >= 0
            assert score is None or scoring.get("above_100") or score <= 100
        assert record["coverage"] is None or 0 <= record["coverage"] <= 1
        assert record["critical_errors"] == sum(record["critical_by_class"].values())
        assert (record["status"] == "incomplete") <= (record["band"] is None and record["passed"] is None)


@law
@given(card=strategies.cards(Traits(methods=("weighted",), bonus=False)), seed=SEEDS)
def test_shares_account_for_the_score(card: Card, seed: int) -> None:
    """The shares of the total that a record shows make the whole, and with the credits they make the score."""
    card["scoring"] |= {"above_100": True, "below_0": True, "decimals": 4}
    for record in run(card, rows_by(Dice.seeded(seed), card, ROWS)):
        if record["raw_score"] is None:
            continue
        counted = [each for each in record["answers"] if each["credit"] is not None]
        assert alike(sum(each["share"] for each in counted), 1.0)
        assert abs(100 * sum(each["share"] * each["credit"] for each in counted) - record["raw_score"]) < 1e-4


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_renaming_ids_changes_nothing(card: Card, seed: int) -> None:
    rows = rows_by(Dice.seeded(seed), card, ROWS)
    lists = {
        "question": list(questions(card)),
        "section": card["sections"],
        "band": card.get("bands", []),
        "escalation": card.get("escalations", []),
    }
    names = {
        kind: {each[kind]: f"{kind}-{number}" for number, each in enumerate(entries)} for kind, entries in lists.items()
    }

    def answers_to(new_names: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return None if new_names is None else {names["question"][name]: each for name, each in new_names.items()}

    renamed_rows: list[Row] = [(call, answers_to(answers), answers_to(told) or {}) for call, answers, told in rows]
    for one, two in zip(run(card, rows), run(renamed(card, names), renamed_rows), strict=True):
        same(by_id(one, names), by_id(two))


def renamed(data: Any, names: Mapping[str, Mapping[str, str]], kind: str = "") -> Any:
    """A card under other ids, in its conditions too; `kind` says which ids the words here are."""
    if isinstance(data, list):
        return [renamed(each, names, kind) for each in data]
    if isinstance(data, str):
        return names[kind][data] if kind else data
    if not isinstance(data, dict):
        return data
    found = {}
    for key, value in data.items():
        about, _, name = key.partition(".") if isinstance(key, str) else (key, "", "")
        subject = {"answer": "question", "section": "section"}.get(about) if name else None
        new = f"{about}.{names[subject][name]}" if subject else key
        found[new] = renamed(value, names, key if key in names else kind)
    return found


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_what_a_person_answers_goes_first(card: Card, seed: int) -> None:
    dice = Dice.seeded(seed)
    asked = strategies.questions_of(card)
    rows = [(call, answers or {}, criteria) for call, answers, criteria in rows_by(dice, card, ROWS)]
    contradicted = [
        (call, answers, {
            name: strategies.verdict_by(dice, asked[name]) if said(answers.get(name)) else verdict
            for name, verdict in criteria.items()
        })
        for call, answers, criteria in rows
    ]  # fmt: skip
    for one, two in zip(run(card, rows), run(card, contradicted), strict=True):
        same(only(one, (*WHOLE, "escalations")),
             only(two, (*WHOLE, "escalations")))  # fmt: skip


def said(entry: Any) -> bool:
    return (entry.get("answer") if isinstance(entry, dict) else entry) not in (None, "", "missing")


@law
@given(card=strategies.cards(Traits(criteria=False)), seed=SEEDS)
def test_default_is_as_good_as_an_answer(card: Card, seed: int) -> None:
    defaults = {each["question"]: each["default"] for each in questions(card) if "default" in each}
    for each in questions(card):
        each.pop("comment", None)
    rows = [(call, answers or {}, criteria) for call, answers, criteria in rows_by(Dice.seeded(seed), card, ROWS)]
    filled = [
        (call, answers | {name: default for name, default in defaults.items() if not said(answers.get(name))}, criteria)
        for call, answers, criteria in rows
    ]
    kept = [
        (call, {name: entry for name, entry in answers.items() if said(entry)}, each) for call, answers, each in rows
    ]
    for one, two in zip(run(card, kept), run(card, filled), strict=True):
        same(
            only(one, WHOLE),
            only(two, WHOLE),
        )


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_agent_score_is_the_score_where_every_fault_is_the_agents(card: Card, seed: int) -> None:
    for each in questions(card):
        each.pop("fault", None)
    rows = [
        (call, None if answers is None else {name: faultless(entry) for name, entry in answers.items()}, criteria)
        for call, answers, criteria in rows_by(Dice.seeded(seed), card, ROWS)
    ]
    for record in run(card, rows):
        assert record["agent_score"] == record["score"]


def faultless(entry: Any) -> Any:
    return drop(entry, "fault") if isinstance(entry, dict) else entry
