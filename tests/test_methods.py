"""Scoring methods besides `weighted`, against a plain look at one row; and what the actions take."""

import math

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import given, strategies as st

from pauta.engine.contracts import Sheet
from pauta.engine.host import Host

HOST = Host(built_in=["pauta.plugins.methods.grades", "pauta.plugins.actions.follow_up"], installed=False)


def score(name: str, sheet: Sheet) -> list[float | None]:
    return [None if math.isnan(each) else each for each in HOST.methods[name]({}).score(sheet).tolist()]


def sheet_of(rows, bonus):
    """Rows of (points, credit) or None where not answered, a column for each question."""
    shape = (len(bonus), len(rows))
    points, credits, answered = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    for row, answers in enumerate(rows):
        for question, answer in enumerate(answers):
            if answer is not None:
                points[question, row], credits[question, row] = answer
                answered[question, row] = True
    return Sheet(points, credits, answered, np.ones(len(bonus)), np.array(bonus, dtype=bool))


def test_methods_are_offered():
    assert HOST.problems == []
    assert sorted(HOST.methods) == ["all_must_pass", "deductions", "worst_grade"]


def test_the_numbers_of_the_reference():
    sheet = sheet_of([[(10, 1.0), (1, 1.0)], [(7, 0.7), (1, 1.0)], [(-15, -1.5), (1, 1.0)]], [False, False])
    assert score("worst_grade", sheet) == [100, 70, -150]
    assert score("all_must_pass", sheet) == [100, 0, 0]
    assert score("deductions", sheet) == [100, 100, 85]


def test_a_bonus_is_left_out_of_grades_but_its_harm_is_deducted():
    sheet = sheet_of([[(1, 1.0), (-5, -1.0)], [None, (5, 1.0)]], [False, True])
    assert score("worst_grade", sheet) == [100, None]
    assert score("all_must_pass", sheet) == [100, None]
    assert score("deductions", sheet) == [95, 100]


def test_what_nobody_answered_has_no_score():
    for name in HOST.methods:
        assert score(name, sheet_of([[None, None]], [False, False])) == [None]
        assert score(name, sheet_of([[], []], [])) == [None, None]
        assert score(name, sheet_of([], [False])) == []


def test_noise_is_no_miss():
    assert score("all_must_pass", sheet_of([[(0.3, 0.1 + 0.2 + 0.7 - 1e-12)]], [False])) == [100]


answer = st.none() | st.tuples(st.integers(-20, 20).map(float), st.integers(-4, 4).map(lambda n: n / 4))
cards = st.integers(1, 5).flatmap(
    lambda size: st.tuples(
        st.lists(st.lists(answer, min_size=size, max_size=size), max_size=6),
        st.lists(st.booleans(), min_size=size, max_size=size),
    )
)


@given(cards)
def test_a_method_is_a_plain_look_at_each_row(card):
    rows, bonus = card
    sheet = sheet_of(rows, bonus)
    for row, answers in enumerate(rows):
        given_ = [each for each in answers if each is not None]
        counted = [each for each, extra in zip(answers, bonus) if each is not None and not extra]
        assert score("worst_grade", sheet)[row] == (100 * min(credit for _, credit in counted) if counted else None)
        passed = all(credit >= 1 for _, credit in counted)
        assert score("all_must_pass", sheet)[row] == ((100 if passed else 0) if counted else None)
        lost = sum(points for points, _ in given_ if points < 0)
        assert score("deductions", sheet)[row] == (100 + lost if given_ else None)


@pytest.mark.parametrize("name", ["coach", "notify", "recognise", "plan", "train", "finding"])
def test_actions_are_offered_and_described(name):
    offered = HOST.actions[name]
    jsonschema.Draft202012Validator.check_schema(offered.options)
    assert offered.purpose
    assert all(schema["description"] for schema in offered.options["properties"].values())
    assert not jsonschema.Draft202012Validator(offered.options).is_valid({"nonsense": 1})


@pytest.mark.parametrize(
    "written",
    [
        "coach: {}",
        "coach: {due: 24 h}",
        "coach: {due: next monthly session, form: group, about: [greeting]}",
        "coach: {due: 2 business days, owner: [monitor, supervisor], message: {en: Listen first, es: Escuchar}}",
        "coach: {due: 8 business hours}",
        "notify: {to: supervisor}",
        "notify: {to: [supervisor, quality-lead], group_by: [agent], every: 1 h, repeat: 1 d, unless: critical-error}",
        "recognise: {keep_as_example: true, question: empathy, why: She listened, consent: true, expires: 90 d}",
        "plan: {expect: Ask for the name, target: 95, measured_by: asked_name, due: 30 d, follow_up: 7 d}",
        "plan: {target: 95 % of calls}",
        "train: {course: De-escalation, hours: 2.5, objectives: [stay calm], test: true, due: 14 d}",
        "finding: {about: process, text: The form asks twice, owner: operations, due: 3 d, verify: 14 d}",
    ],
)
def test_actions_take(written):
    ((name, options),) = yaml.safe_load(written).items()
    jsonschema.validate(options, HOST.actions[name].options)


@pytest.mark.parametrize(
    "written",
    [
        "coach: {due: 24}",
        "coach: {due: soon}",
        "coach: {due: 24 h later}",
        "coach: {form: letter}",
        "notify: {}",
        "notify: {to: []}",
        "recognise: {keep_as_example: please}",
        "train: {hours: 0}",
        "finding: {about: agent}",
        "coach: {message: {en: 7}}",
    ],
)
def test_actions_refuse(written):
    ((name, options),) = yaml.safe_load(written).items()
    assert not jsonschema.Draft202012Validator(HOST.actions[name].options).is_valid(options)
