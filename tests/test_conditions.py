"""Conditions: what is read into which tree, what is refused, and which values pass which tests."""

from __future__ import annotations

from contextlib import suppress

import pytest
import yaml
from hypothesis import given, strategies as st

from pauta import condition_from, holds
from pauta.engine.loading.conditions import Subjects, read_condition
from pauta.engine.loading.text import read_yaml
from pauta.engine.model.conditions import All, AnyOf, NoneOf, Test as Asked, tests_of as asked_in
from pauta.engine.model.patterns import compiled
from pauta.engine.problems import ProblemsFound

RESULTS = Subjects(results=True)


def read(text, subjects=RESULTS):
    """The condition in a text of YAML and the codes of its problems with the words they point at."""
    data, problems = read_yaml(f"when: {text}", "x")
    assert problems == []
    found: list = []
    condition = read_condition(data["when"], found, subjects, [], data.at_of("when"))
    lines = f"when: {text}".splitlines()
    said = [f"{each.code} {lines[each.place.line - 1][each.place.column - 1 :]}" for each in found]
    return condition, said


def shape(condition):
    """A tree without places."""
    if isinstance(condition, Asked):
        return condition.subject, condition.operator, condition.operand
    return type(condition), [shape(part) for part in condition.parts]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{call.call_type: sales}", ("call.call_type", "is", "sales")),
        ("{answer.nota: 5}", ("answer.nota", "is", 5.0)),
        ("{call.attributes.vip: true}", ("call.attributes.vip", "is", True)),
        ("{call.attributes.a.b: yes}", ("call.attributes.a.b", "is", "yes")),
        ("{call.team: [a, 5, true]}", ("call.team", "in", ("a", 5.0, True))),
        ("{call.duration_s: {above: '1,5'}}", ("call.duration_s", "above", 1.5)),
        ("{call.metrics.hold_s: {exists: false}}", ("call.metrics.hold_s", "exists", False)),
        ("{answer.q: {contains: 1.50}}", ("answer.q", "contains", "1.50")),
        ("{answer.q: {matches: '^a'}}", ("answer.q", "matches", "^a")),
        ("{section.s: {at_least: 1}}", ("section.s", "at_least", 1.0)),
        (
            "{call.team: a, call.agent: {is_not: b, not_in: [c]}}",
            (All, [("call.team", "is", "a"), ("call.agent", "is_not", "b"), ("call.agent", "not_in", ("c",))]),
        ),
        (
            "{any: [{call.team: a}, {none: [{call.team: b}, {call.team: c}]}], all: [{score: 1}]}",
            (
                All,
                [
                    (AnyOf, [("call.team", "is", "a"), (NoneOf, [("call.team", "is", "b"), ("call.team", "is", "c")])]),
                    (All, [("score", "is", 1.0)]),
                ],
            ),
        ),
    ],
)
def test_what_is_read(text, wanted):
    condition, problems = read(text)
    assert problems == []
    assert shape(condition) == wanted


def test_operands_are_plain():
    condition, _ = read("{call.a: 5, answer.q: [5, 1.5, x, true], score: {above: 3}}".replace("call.a", "call.team"))
    kinds = {type(each) for test in asked_in(condition) for each in _listed(test.operand)}
    assert kinds == {float, str, bool}


def _listed(operand):
    return operand if isinstance(operand, tuple) else (operand,)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{}", ["E301 {}"]),
        ("word", ["E301 word"]),
        ("[{call.team: a}]", ["E301 [{call.team: a}]"]),
        ("{any: []}", ["E301 []}"]),
        ("{any: {call.team: a}}", ["E301 {call.team: a}}"]),
        ("{all: [a, {}]}", ["E301 a, {}]}", "E301 {}]}"]),
        ("{call.team: {}}", ["E301 {}}"]),
        ("{call.team: }", ["E304 }"]),
        ("{call.tema: a}", ["E302 call.tema: a}"]),
        ("{call: a}", ["E302 call: a}"]),
        ("{call.: a}", ["E302 call.: a}"]),
        ("{call.team.x: a}", ["E302 call.team.x: a}"]),
        ("{call.metrics: 1}", ["E302 call.metrics: 1}"]),
        ("{call.attributes..x: 1}", ["E302 call.attributes..x: 1}"]),
        ("{call.turns: 1}", ["E302 call.turns: 1}"]),
        ("{answer: yes}", ["E302 answer: yes}"]),
        ("{team: a}", ["E302 team: a}"]),
        ("{at_least: 3}", ["E302 at_least: 3}"]),
        ("{scor: 3}", ["E302 scor: 3}"]),
        ("{call.team: {equals: a}}", ["E303 equals: a}}"]),
        ("{call.team: {in: a}}", ["E304 a}}"]),
        ("{call.team: {in: []}}", ["E304 []}}"]),
        ("{call.team: [[a]]}", ["E304 [a]]}"]),
        ("{call.team: [a, ~]}", ["E304 ~]}"]),
        ("{call.team: {is: [a]}}", ["E304 [a]}}"]),
        ("{call.team: {is: {a: b}}}", ["E304 {a: b}}}"]),
        ("{call.team: {exists: yes}}", ["E304 yes}}"]),
        ("{score: {above: high}}", ["E304 high}}"]),
        ("{score: {above: true}}", ["E304 true}}"]),
        ("{call.started_at: {above: 2026-01-01}}", ["E304 2026-01-01}}"]),
        ("{call.team: {matches: 5}}", ["E304 5}}"]),
        ("{call.team: {matches: '(a'}}", ["E305 '(a'}}"]),
        ("{call.team: {matches: '((a{999}){999}){999}'}}", ["E305 '((a{999}){999}){999}'}}"]),
        ("{call.tema: a, call.team: {equals: b}, any: [{x: 1}]}", ["E302 call.tema", "E303 equals", "E302 x"]),
    ],
)
def test_what_is_refused(text, wanted):
    condition, problems = read(text)
    assert condition is None
    assert len(problems) == len(wanted)
    for said, want in zip(problems, wanted, strict=True):
        assert said.startswith(want)


@pytest.mark.parametrize(
    ("text", "subjects", "code"),
    [
        ("{score: 1}", Subjects(), "E302"),
        ("{section.s: 1}", Subjects(), "E302"),
        ("{answer.q: yes}", Subjects(answers=False), "E302"),
        ("{answer.q: yes}", Subjects(questions=["p"]), "E306"),
        ("{answer.p: yes}", Subjects(questions=["p"]), None),
        ("{section.s: 1}", Subjects(results=True, sections=["t"]), "E306"),
        ("{section.t: 1}", Subjects(results=True, sections=["t"]), None),
    ],
)
def test_who_may_ask_about_what(text, subjects, code):
    condition, problems = read(text, subjects)
    assert (condition is None) is (code is not None)
    assert [each.partition(" ")[0] for each in problems] == ([code] if code else [])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{call_type: sales}", "call.call_type"),
        ("{duration: 3}", "call.duration_s"),
        ("{mood: 3}", "answer.mood"),
        ("{attributes.tier: gold}", "call.attributes.tier"),
        ("{call.tier: gold}", "call.attributes.tier"),
        ("{call.team: {is: [a]}}", "in"),
        ("{call.team: ~}", "{exists: false}"),
        ("{call.duration_s: {above: 10 min}}", "without unit"),
        ("{call.team: {contain: a}}", "did you mean 'contains'?"),
        ("{scores: 1}", "did you mean 'score'?"),
    ],
)
def test_hints(text, hint):
    data, _ = read_yaml(f"when: {text}", "x")
    problems: list = []
    read_condition(data["when"], problems, RESULTS, [])
    assert hint in (problems[0].hint or "")


def test_the_form_for_plugins():
    condition = condition_from({"call.team": "a", "answer.q": {"at_least": 3}})
    assert holds(condition, {"call.team": "a", "answer.q": 3.0}.get)
    assert not holds(condition, {"call.team": "a", "answer.q": 2.0}.get)
    with pytest.raises(ProblemsFound) as found:
        condition_from({"call.tema": "a", "call.team": {"above": float("nan"), "equals": 1}})
    assert [problem.code for problem in found.value.problems] == ["E302", "E304", "E303"]


PASSES = yaml.safe_load(
    """
- [is, sales, {yes: [sales, [x, sales]], no: [Sales, sale, [], 5, true, null]}]
- [is, 5, {yes: [5, '5', '5,0', '5.0', ['5']], no: [50, '55', five, true, null]}]
- [is, true, {yes: [true, 'true', [true]], no: [false, 1, 'yes', null]}]
- [is_not, sales, {yes: [Sales, 5, [], [x]], no: [sales, [x, sales], null]}]
- [in, [a, 5], {yes: [a, '5', 5, [x, 5]], no: [x, [], 55, null]}]
- [not_in, [a, 5], {yes: [x, [], [x]], no: [a, '5', [x, a], null]}]
- [at_least, 5, {yes: [5, 6, '5', '5,5'], no: [4.9, five, [6], true, null]}]
- [at_most, 5, {yes: [5, -6, '5'], no: [5.1, '', [1], null]}]
- [above, 5, {yes: [5.1, '6'], no: [5, '5', six, null]}]
- [below, 5, {yes: [4.9, '-6'], no: [5, null]}]
- [exists, true, {yes: [0, '', [], false], no: [null]}]
- [exists, false, {yes: [null], no: [0, '', [], false]}]
- [contains, Gold, {yes: [gold, the GOLD card, [x, golden]], no: [silver, [], null]}]
- [contains, 5, {yes: [155, 'a5'], no: [6, null]}]
- [contains, STRASSE, {yes: [straße], no: [strase]}]
- [matches, '^go+d$', {yes: [good, [x, gd, god]], no: [Good, goods, null]}]
- [matches, '^5', {yes: [5, 55], no: [65]}]
"""
)


@pytest.mark.parametrize(
    ("operator", "operand", "value", "wanted"),
    [
        pytest.param(operator, operand, value, wanted, id=f"{value!r} {operator} {operand!r}")
        for operator, operand, values in PASSES
        for wanted, each in ((True, values.get(True, values.get("yes"))), (False, values.get(False, values.get("no"))))
        for value in each
    ],
)
def test_passes(operator, operand, value, wanted):
    operand, value = (tuple(each) if isinstance(each, list) else each for each in (operand, value))
    assert Asked("x", operator, operand).passes(value) is wanted


VALUES = st.one_of(
    st.text(max_size=3), st.floats(-9, 9), st.booleans(), st.lists(st.text(max_size=2), max_size=3).map(tuple)
)


@given(VALUES, VALUES.filter(lambda each: not isinstance(each, tuple)))
def test_is_not_is_the_opposite_of_is_wherever_there_is_a_value(value, operand):
    assert Asked("x", "is", operand).passes(value) is not Asked("x", "is_not", operand).passes(value)
    assert Asked("x", "in", (operand,)).passes(value) is Asked("x", "is", operand).passes(value)
    assert Asked("x", "not_in", (operand,)).passes(value) is Asked("x", "is_not", operand).passes(value)


@given(VALUES)
def test_absent_passes_nothing_but_exists_false(operand):
    for operator in ("is", "is_not", "in", "not_in", "at_least", "at_most", "above", "below", "contains"):
        assert not Asked("x", operator, operand).passes(None)


def test_a_pattern_that_runs_away_is_stopped():
    assert not Asked("x", "matches", r"^(a|aa)+$").passes("a" * 60 + "b")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"\b(?:\d[ -]?){13,16}\b", None),
        (r"[](a{1000}]{2}", None),
        ("a{2,}b{,3}(c|d)?", None),
        ("(", "missing )"),
        ("a" * 1001, "1,001 characters"),
        ("(a{1000}){1000}", "repeats"),
        ("a{99999999999}", "repeats"),
        ("((((((((((a{3}){3}){3}){3}){3}){3}){3}){3}){3}){3}", "repeats"),
        ("(?x)# (\n(a{1000}){1000}", "flag x"),
        ("(?ix)a", "flag x"),
    ],
)
def test_patterns_stay_small(pattern, reason):
    if reason is None:
        compiled(pattern)
        return
    with pytest.raises(ValueError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        compiled(pattern)


@given(st.text("(){}[]\\|*+?.a1,^$:<>=!xP", max_size=40))
def test_any_pattern_is_compiled_or_refused(pattern):
    with suppress(ValueError):
        compiled(pattern)
