"""What a card means: a case of cases/sense is a card with its problems, each with the words that it points at."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from pauta.engine.hookspecs import hookimpl
from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.loading.digest import digest_of
from pauta.engine.loading.load import card_from_text, cases_beside, load_card, load_cases
from pauta.engine.loading.sense import scorecard_from
from pauta.engine.loading.text import read_yaml
from pauta.engine.model.conditions import All, Test as AskedTest
from pauta.engine.model.scorecard import Error, Fails, Fault, Harm, Kind, OnCritical, Text
from pauta.engine.problems import Problem, ProblemsFound

HERE = Path(__file__).parent
CASES = [
    case for path in sorted((HERE / "cases" / "sense").glob("*.yaml")) for case in yaml.safe_load(path.read_text())
]
UNASKED = ("W408", "W409")
"""Warnings that nearly every small card has."""

HEAD = 'scorecard: small\nversion: "1.0.0"\nlanguage: en\nsections:\n  - section: s\n    questions:\n'


class Told:
    """A criterion that refuses some options."""

    name = "told"
    options = {"type": "object", "properties": {"key": {"type": "string"}}, "additionalProperties": False}  # noqa: RUF012

    def __init__(self, options, question):
        match options.get("key"):
            case "refuse":
                raise ValueError("no such key")
            case "break":
                raise ZeroDivisionError
            case "explain":
                raise ProblemsFound([Problem("E361", "the key explains itself")])

    def answer(self, call):
        raise NotImplementedError


class Always:
    name = "always"
    options = {"type": "object", "additionalProperties": False}  # noqa: RUF012

    def __init__(self, options):
        pass

    def fires(self, results):
        raise NotImplementedError


class Coach(Always):
    name = "coach"

    def opens(self, occasion):
        raise NotImplementedError


def host_with(host, **offered):
    """A host with classes by kind."""
    hooks = {
        f"register_{kind}": hookimpl(lambda register, offered=offered: register(offered))
        for kind, offered in offered.items()
    }
    assert host.register(SimpleNamespace(**hooks), "test").failure is None
    return host


@pytest.fixture(scope="module")
def host():
    return host_with(Host(installed=False), criteria=Told, rules=Always)


def text_of(case):
    if "card" in case:
        return case["card"]
    return HEAD + "".join(f"      {line}\n" for line in case["questions"].splitlines())


def pointed_at(text, problem):
    """The text from the place of a problem to the end of its line."""
    return text.splitlines()[problem.place.line - 1][problem.place.column - 1 :]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_case(case, host):
    text = text_of(case)
    loaded = card_from_text(text, host, "card.yaml")
    wanted = [each.partition(" ")[::2] for each in case["expect"]]
    left = [problem for problem in loaded.problems if problem.code not in UNASKED]
    for code, words in wanted:
        found = next((each for each in left if each.code == code and pointed_at(text, each).startswith(words)), None)
        assert found is not None, f"no {code} at '{words}' among:\n" + "\n".join(map(str, left))
        left.remove(found)
    assert [str(each) for each in left if each.code not in case.get("also", ())] == []
    assert (loaded.scorecard is None) is any(code.startswith("E") for code, _ in wanted)
    for words in case.get("said", ()):
        assert any(words in problem.message for problem in loaded.problems)


@pytest.mark.parametrize("folder", sorted((HERE / "problems").iterdir()), ids=lambda folder: folder.name)
def test_problem_of_several_files(folder, host):
    catalog = Catalog([folder / "card.yaml"], host, parents_in=[folder])
    problems = list(catalog.loaded[0].problems)
    beside = cases_beside(folder / "card.yaml")
    if beside:
        problems += load_cases(beside, catalog.loaded[0].scorecard)[1]
    assert folder.name in [problem.code for problem in problems]


def question(text, host, **more):
    loaded = card_from_text(
        HEAD + f"      - {{question: q, {text}}}\n      - {{question: other, answers: yes_no}}\n", host
    )
    assert loaded.scorecard is not None, "\n".join(map(str, loaded.problems))
    return loaded.scorecard.by_id["q"]


NON_CRITICAL = Error()
FATAL = Error(Harm.CUSTOMER, Fails.CARD)


def errors(found):
    return {option.id: option.error for option in found.answers.options}


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("answers: yes_no, error: non_critical", {"yes": None, "no": NON_CRITICAL}),
        ("answers: yes_no, error: critical", {"yes": None, "no": FATAL}),
        ("answers: yes_no, error: {critical: customer}", {"yes": None, "no": FATAL}),
        (
            "answers: yes_no, error: {critical: business, fails: nothing}",
            {"yes": None, "no": Error(Harm.BUSINESS, Fails.NOTHING)},
        ),
        ("answers: yes_no, error: none", {"yes": None, "no": None}),
        ("answers: {a: 1, b: 1}, error: critical", {"a": None, "b": None}),
        ("answers: {a: 1}, error: critical", {"a": None}),
        (
            "answers: {a: 5, b: 0, c: -5, d: -5, N/A: null}, error: non_critical",
            {"a": None, "b": None, "c": NON_CRITICAL, "d": NON_CRITICAL, "N/A": None},
        ),
        (
            "answers: [{answer: a, points: 2}, {answer: b, points: 1, error: non_critical}, {answer: c, points: 0},"
            " {answer: d, points: 0, error: none}], error: critical",
            {"a": None, "b": NON_CRITICAL, "c": FATAL, "d": None},
        ),
        (
            "answers: {choose: many, options: [{answer: a, points: 1}, {answer: b, points: 0, error: non_critical}]},"
            " error: critical",
            {"a": None, "b": NON_CRITICAL},
        ),
        ("answers: [{answer: a, error: non_critical}, {answer: b}], error: critical", {"a": NON_CRITICAL, "b": None}),
    ],
)
def test_the_error_of_a_question_goes_where_it_belongs(written, wanted, host):
    assert errors(question(written, host)) == wanted


def test_the_error_of_ranges(host):
    written = "answers: {number: {min: 0}, ranges: [{to: 8, points: 2}, {to: 9, points: 0}, {points: 0, error: none}]}"
    found = question(f"{written}, error: critical", host)
    assert [each.error for each in found.answers.ranges] == [None, FATAL, None]
    assert found.error == FATAL


def test_the_error_of_a_scale_stays_with_the_question(host):
    found = question("answers: scale_1_5, error: critical", host)
    assert (found.error, found.answers.minimum, found.answers.maximum, found.max_points) == (FATAL, 1, 5, 4)


@pytest.mark.parametrize(
    ("written", "most", "weight"),
    [
        ("answers: yes_no", 1, 1),
        ("answers: {a: 5, b: -5}", 5, 5),
        ("answers: {a: 5, b: 0}, out_of: 10, weight: 3", 10, 3),
        ("answers: {choose: many, options: {a: 4, b: 4, c: -1}}", 8, 8),
        ("answers: {choose: many, options: {a: 4, b: 4}, at_most: 5}, weight: 0", 5, 0),
        ("answers: {scale: {from: 1, to: 5}}", 4, 4),
        ("answers: {number: {}, ranges: [{to: 1, points: 1}, {points: 7}]}", 7, 7),
        ("answers: {number: {}}", None, 0),
        ("answers: [a, b]", None, 0),
        ("answers: text", None, 0),
    ],
)
def test_what_a_question_is_worth(written, most, weight, host):
    found = question(written, host)
    assert (found.max_points, found.applied_weight) == (most, weight)


def test_required_unless_it_is_text_or_date(host):
    assert question("answers: yes_no", host).required
    assert not question("answers: yes_no, required: false", host).required
    assert not question("answers: text", host).required
    assert not question("answers: date", host).required
    assert question("answers: text, required: true", host).required


def test_what_a_section_lends(host):
    card = card_from_text(
        """
scorecard: lent
version: "1.0.0"
sections:
  - section: s
    answers: yes_no
    error: {critical: business, fails: section}
    questions:
      - {question: a}
      - {question: b, error: none}
      - {question: c, answers: {x: 1, y: 0}}
      - {question: d, answers: text}
""",
        host,
    ).scorecard
    lent = Error(Harm.BUSINESS, Fails.SECTION)
    assert errors(card.by_id["a"]) == {"yes": None, "no": lent}
    assert errors(card.by_id["b"]) == {"yes": None, "no": None}
    assert errors(card.by_id["c"]) == {"x": None, "y": lent}
    assert card.by_id["d"].answers.kind is Kind.TEXT


@pytest.mark.parametrize(
    ("written", "met", "not_met"),
    [
        ("answers: yes_no, criterion: told", "yes", "no"),
        ("answers: {no: 2, hm: 1, yes: 0}, criterion: told", "no", "yes"),
        ("answers: {a: 1, b: 1, c: 0}, criterion: {told: {}, answers: {met: b}}", "b", "c"),
        ("answers: {1: 0, 5: 4}, criterion: {told: {}, answers: {met: 5, not_met: 5}}", "5", "5"),
        ("answers: scale_1_5, criterion: told", "5", "1"),
        ("answers: {number: {}}, criterion: told", None, None),
        ("answers: {number: {}}, criterion: {told: {}, answers: {met: 3.50}}", "3.50", None),
    ],
)
def test_what_verdicts_mean(written, met, not_met, host):
    criterion = question(written, host).criterion
    assert (criterion.met, criterion.not_met) == (met, not_met)


WHOLE = """
scorecard: whole
version: "1.2.3"
title: {en: Whole, es: Entera}
description: Everything at once
language: en
owner: quality
status: retired
effective: {from: 2026-01-01, until: 2026-02-01}
changes: [First, {en: Second, es: Segundo}]
applies_to: {call.direction: inbound, call.attributes.line: [bank, 7]}
fallback: true
scoring:
  method: {worst_grade: {}}
  decimals: 1
  pass_mark: 80.5
  on_critical: {at_most: 59}
  accumulation: {non_critical: 3, make: {critical: business, fails: nothing}}
  unverified: incomplete
  above_100: true
  below_0: true
bands: [{band: a, from: 80, title: Great}, {band: b, from: 0}]
sections:
  - section: s
    title: Opening
    guidance: Listen
    weight: 5
    when: {call.team: x}
    questions:
      - question: q
        title: Greeting
        text: Did they?
        guidance: {en: Hear}
        answers: {1: 0, 5: 4, x: null}
        weight: 2
        bonus: true
        comment: required_on_error
        when: {call.team: x, call.duration_s: {above: 5, below: 9}}
        criterion: {told: {key: k}, answers: {met: 5}, confirm: true}
        default: 5
        tags: [voice, '7']
        aim: process
        policy: P-7
        fault: system
escalations:
  - {escalation: e, title: Alarm, when: {answer.q: 5}, do: [coach, {notify: {to: [lead]}}]}
  - {escalation: f, rule: always, do: [recognise]}
examples:
  - example: x
    call: {duration_s: 7, attributes: {n: 1.5}}
    answers: {q: {answer: 5, comment: c, fault: process, at: 3}}
    expect: {score: 100, answers: {q: 5}}
  - {example: y, expect: {passed: null}}
"""


def test_a_card_with_everything(host):
    card = card_from_text(WHOLE, host, "whole.yaml").scorecard
    assert (card.name, card.owner, card.status, card.fallback) == ("whole@1.2.3", "quality", "retired", True)
    assert card.title == Text({"en": "Whole", "es": "Entera"})
    assert card.description == Text({"en": "Everything at once"})
    assert (card.effective_from, card.effective_until) == (date(2026, 1, 1), date(2026, 2, 1))
    assert card.changes == ("First", "Second")
    assert isinstance(card.applies_to, All)
    assert card.applies_to.parts[1].operand == ("bank", 7.0)
    scoring = card.scoring
    assert (scoring.method.name, scoring.decimals, scoring.pass_mark) == ("worst_grade", 1, 80.5)
    assert (scoring.on_critical, scoring.on_critical_limit) == (OnCritical.AT_MOST, 59)
    assert scoring.accumulation.non_critical == 3
    assert scoring.accumulation.make == Error(Harm.BUSINESS, Fails.NOTHING)
    assert scoring.unverified_is_incomplete
    assert scoring.above_100
    assert scoring.below_0
    assert [(band.id, band.start) for band in card.bands] == [("a", 80), ("b", 0)]
    section = card.sections[0]
    assert (section.weight, section.when.subject, section.when.at.line) == (5, "call.team", 28)
    found = card.by_id["q"]
    assert [option.id for option in found.answers.options] == ["1", "5", "x"]
    assert (found.weight, found.bonus, found.comment, found.default) == (2, True, "required_on_error", "5")
    assert (found.tags, found.aim, found.policy, found.fault) == (("voice", "7"), "process", "P-7", Fault.SYSTEM)
    assert [(test.operator, test.operand) for test in found.when.parts[1:]] == [("above", 5), ("below", 9)]
    assert (found.criterion.use.name, found.criterion.use.options) == ("told", {"key": "k"})
    assert (found.criterion.met, found.criterion.not_met, found.criterion.confirm) == ("5", "1", True)
    first, second = card.escalations
    assert (first.when.subject, [use.name for use in first.do]) == ("answer.q", ["coach", "notify"])
    assert first.do[1].options == {"to": ["lead"]}
    assert (second.when, second.rule.name) == (None, "always")
    x, y = card.examples
    assert x.call == {"duration_s": 7, "attributes": {"n": 1.5}}
    assert x.answers == {"q": {"answer": "5", "comment": "c", "fault": "process", "at": 3}}
    assert x.expect == {"score": 100, "answers": {"q": "5"}}
    assert y.answers is None
    assert y.expect == {"passed": None}


def test_nouns_hold_plain_values(host):
    card = card_from_text(WHOLE, host).scorecard
    plain = {str, int, float, bool, type(None), dict, list}

    def walk(value):
        assert type(value) in plain, value
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(each)

    for example in card.examples:
        walk(example.call)
        walk(example.expect)
    walk(card.by_id["q"].criterion.use.options)
    assert isinstance(card.escalations[0].when, AskedTest)
    assert type(card.escalations[0].when.operand) is float


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("status: retired", "status: active"), True),
        (("owner: quality", "owner: else"), True),
        (("until: 2026-02-01", "until: 2027-02-01"), True),
        (("changes: [First", "changes: [Other"), True),
        (("expect: {score: 100", "expect: {score: 50"), True),
        (("fallback: true", "fallback:    true   # a comment"), True),
        (("title: Greeting\n        text: Did they?", "text: Did they?\n        title: Greeting"), True),
        (("title: Greeting", "title: 'Greeting'"), True),
        (("from: 2026-01-01", "from: 2026-01-02"), False),
        (("text: Did they?", "text: Did they not?"), False),
        (('version: "1.2.3"', 'version: "1.2.4"'), False),
        (("do: [coach, {notify", "do: [plan, {notify"), False),
        (("fallback: true", "fallback: false"), False),
        (("{answer.q: 5}", "{answer.q: 5.0}"), False),
    ],
)
def test_the_digest_covers_the_meaning(change, same, host):
    changed = WHOLE.replace(*change)
    assert changed != WHOLE
    before, after = (card_from_text(text, host).scorecard.digest for text in (WHOLE, changed))
    assert (before == after) is same
    assert len(before) == 64


def test_the_digest_tells_null_from_its_name():
    one, other, none = (digest_of(read_yaml(f"a: {value}", "x")[0]) for value in ("null", "'null'", "[null]"))
    assert len({one, other, none}) == 3
    true, text = (digest_of(read_yaml(f"a: {value}", "x")[0]) for value in ("true", "'true'"))
    assert true != text


def test_an_end_given_later_does_not_change_the_digest():
    open_end, ended = (read_yaml(f"scorecard: a\n{more}", "x")[0] for more in ("", "effective: {until: 2026-01-01}"))
    assert digest_of(open_end) == digest_of(ended)


def test_a_missing_file_is_a_problem(host, tmp_path):
    loaded = load_card(tmp_path / "none.yaml", host)
    assert (loaded.scorecard, loaded.data) == (None, None)
    assert [problem.code for problem in loaded.problems] == ["E101"]


def test_a_cases_file_counts_as_examples(host, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(HEAD + "      - {question: q, answers: yes_no}\n")
    assert "W409" in [problem.code for problem in load_card(card, host).problems]
    cases = tmp_path / "card.cases.yaml"
    cases.write_text("examples: [{example: a, answers: {q: yes}, expect: {score: 100}}, {example: b, expect: {}}]\n")
    loaded = load_card(card, host)
    assert "W409" not in [problem.code for problem in loaded.problems]
    examples, problems = load_cases(cases, loaded.scorecard)
    assert ([example.name for example in examples], problems) == (["a", "b"], [])
    assert load_cases(cases, None) == ((), [])
    assert load_cases(tmp_path / "none.yaml", None)[1][0].code == "E101"


def test_an_example_of_the_cases_file_has_a_name_of_its_own(host, tmp_path):
    loaded = card_from_text(
        HEAD + "      - {question: q, answers: yes_no}\nexamples: [{example: a, expect: {}}]\n", host
    )
    cases = tmp_path / "card.cases.yaml"
    cases.write_text("examples: [{example: a, expect: {}}]\n")
    assert [problem.code for problem in load_cases(cases, loaded.scorecard)[1]] == ["E320"]


def test_a_chain_of_700_questions_is_no_problem(host):
    lines = ["      - {question: q0, answers: yes_no}\n"]
    lines += [f"      - {{question: q{n}, answers: yes_no, when: {{answer.q{n - 1}: yes}}}}\n" for n in range(1, 700)]
    loaded = card_from_text(HEAD + "".join(lines), host)
    assert Counter(problem.code for problem in loaded.problems) == {"W408": 1, "W409": 1}


def paths(value, path=()):
    yield path
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(each, (*path, key))


ODD = ("word", 7, "", None, True, [], ["a", {"b": "c"}], {"a": {"b": "c"}})


def test_whatever_the_data_nothing_is_raised():
    """Each piece of a card replaced by something of another kind: problems or none, never an exception."""
    host = host_with(Host(built_in=(), installed=False), criteria=Told, rules=Always, actions=Coach)
    for path in list(paths(read_yaml(WHOLE, "x")[0]))[1:]:
        for odd in ODD:
            data = here = read_yaml(WHOLE, "x")[0]
            for step in path[:-1]:
                here = here[step]
            here[path[-1]] = read_yaml(yaml.safe_dump({"odd": odd}), "x")[0]["odd"]
            scorecard_from(data, host, file="x")
