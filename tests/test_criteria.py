"""`condition`, `sequence`, `all_of`, `any_of`, `none_of`: cases, and the laws they keep."""

import itertools

import jsonschema
import numpy as np
import pytest
from criterion_cases import QUESTION, cases, check, found, host_of
from hypothesis import given, settings, strategies as st

from pauta.engine.model.calls import Call, CallBatch, Turn, batch_of
from pauta.engine.model.columns import Numbers, Words, coded
from pauta.engine.model.conditions import All, Test as ConditionTest, holds
from pauta.engine.model.findings import Evidence, Finding, Verdict, findings_of
from pauta.plugins.criteria.combinations import AllOf, AnyOf, NoneOf
from pauta.plugins.criteria.condition import Condition
from pauta.plugins.criteria.sequence import InSequence

HOST = host_of("timing", "condition", "sequence", "combinations")
COMBINATIONS = {"all_of": all, "any_of": any, "none_of": lambda each: not any(each)}


@pytest.mark.parametrize("case", cases("combinations") + cases("sequence"))
def test_case(case):
    check(HOST, case)


@pytest.mark.parametrize("case", cases("condition"))
def test_condition(case):
    check(HOST, case)


def told(verdict):
    return {"told": {"verdict": verdict.name.lower()}}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_combination_is_what_every_world_agrees_on(name):
    """Unverified parts may be met or not in truth: the whole is known exactly where that makes no difference."""
    batch = batch_of([Call("c")])
    for size in (1, 2, 3, 4):
        for verdicts in itertools.product(Verdict, repeat=size):
            verdict = found(HOST, {name: [told(each) for each in verdicts]}, batch)[0].verdict
            asked = [each for each in verdicts if each is not Verdict.NOT_APPLICABLE]
            if not asked:
                assert verdict is Verdict.NOT_APPLICABLE
                continue
            worlds = {
                COMBINATIONS[name](world)
                for world in itertools.product(
                    *[{Verdict.MET: [True], Verdict.NOT_MET: [False]}.get(each, [True, False]) for each in asked]
                )
            }
            expected = Verdict.UNVERIFIED if len(worlds) > 1 else Verdict.MET if worlds.pop() else Verdict.NOT_MET
            assert verdict is expected, verdicts


@given(
    st.lists(st.lists(st.sampled_from(Verdict), min_size=3, max_size=3), max_size=6),
    st.sampled_from(sorted(COMBINATIONS)),
)
@settings(deadline=None)
def test_a_combined_batch_says_what_its_calls_say_alone(rows, name):
    criterion = HOST.criteria[name]([{"told": {}}] * 3, QUESTION)
    parts = [findings_of([Finding(row[n], f"part {n}", (Evidence(n, 0, 1, "x"),)) for row in rows]) for n in range(3)]
    batch = batch_of([Call("c") for _ in rows])
    together = criterion.combine(batch, parts)
    for n in range(len(rows)):
        alone = criterion.combine(batch_of([Call("c")]), [findings_of([part[n]]) for part in parts])
        assert alone[0] == together[n]


letters = st.lists(st.text("abc ", min_size=1, max_size=4), min_size=1, max_size=6)


@given(letters, st.lists(st.sampled_from("abc"), min_size=2, max_size=4), st.integers(0, 8), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_sequence_is_met_where_some_choice_of_places_fits(texts, words, seconds, limited):
    turns = [Turn("agent", text, 2.0 * n + 0.25, 2.0 * n + 1) for n, text in enumerate(texts)]
    batch = batch_of([Call("c", turns=tuple(turns))])
    options = {"steps": [{"says": {"words": word}} for word in words]}
    if limited:
        options["within"] = f"{seconds} s"
    places = [
        [(n, at) for n, text in enumerate(texts) for at in range(len(text)) if text[at] == word] for word in words
    ]
    fits = any(
        all(this < that for this, that in itertools.pairwise(choice))
        and (not limited or 2.0 * (choice[-1][0] - choice[0][0]) <= seconds)
        for choice in itertools.product(*places)
    )
    finding = found(HOST, {"sequence": options}, batch)[0]
    assert finding.verdict is (Verdict.MET if fits else Verdict.NOT_MET)
    if fits:
        chosen = [(place.turn, place.start) for place in finding.evidence]
        assert chosen == sorted(set(chosen))
        assert [turns[turn].text[at] for turn, at in chosen] == words


@given(st.lists(st.sampled_from(["gold", "silver", None]), max_size=6), st.sampled_from(["gold", "tin"]))
@settings(deadline=None)
def test_a_condition_asks_a_batch_what_it_asks_of_one(tiers, wanted):
    calls = [Call("c", attributes={"tier": tier} if tier else {}) for tier in tiers]
    findings = found(HOST, {"condition": {"call.attributes.tier": wanted}}, batch_of(calls))
    condition = All((ConditionTest("call.attributes.tier", "is", wanted),))
    for row, call in enumerate(calls):
        plain = holds(condition, lambda subject, call=call: call.value(subject.removeprefix("call.")))
        assert (findings[row].verdict is Verdict.MET) == plain


def test_a_condition_hears_answers_and_numbers_of_the_batch():
    batch = CallBatch(
        size=2,
        subjects={
            "answer.greeting": Words(coded(["yes", "no"])),
            "call.metrics.csat": Numbers(np.array([4.5, 2.0])),
        },
    )
    options = {"answer.greeting": "yes", "call.metrics.csat": {"at_least": 4}}
    findings = found(HOST, {"condition": options}, batch)
    assert findings.verdicts.tolist() == [Verdict.MET, Verdict.NOT_MET]
    assert findings[1].reason == "the condition does not hold: answer.greeting is no, call.metrics.csat is 2"
    assert Condition.reads(options) == ["answer.greeting", "call.metrics.csat"]


@pytest.mark.parametrize("offered", [AllOf, AnyOf, NoneOf, InSequence, Condition])
def test_options_are_schemas(offered):
    jsonschema.Draft202012Validator.check_schema(offered.options)


@pytest.mark.parametrize(
    ("offered", "options", "good"),
    [
        (AllOf, [{"phrase": {"any": ["x"]}}, "condition"], True),
        (AllOf, [], False),
        (AllOf, {"phrase": {}}, False),
        (AllOf, [{"phrase": {}, "timing": {}}], False),
        (AllOf, [7], False),
        (InSequence, {"steps": [{"a": {}}, "b"], "within": "60 s"}, True),
        (InSequence, {"steps": [{"a": {}}]}, False),
        (InSequence, {"steps": [{"a": {}}, {"b": {}}], "within": 60}, False),
        (InSequence, {"steps": [{"a": {}}, {"b": {}}], "within": "3 turns"}, False),
        (InSequence, {"within": "3 s"}, False),
        (Condition, {"call.channel": "chat"}, True),
        (Condition, {}, False),
    ],
)
def test_options_are_described(offered, options, good):
    assert jsonschema.Draft202012Validator(offered.options).is_valid(options) is good


def test_a_bare_name_is_a_criterion_without_options():
    assert AllOf(["told", {"says": None}], QUESTION).parts() == [{"told": {}}, {"says": {}}]
