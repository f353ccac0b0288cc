"""One card laid over another: what merges, what replaces, what is not taken over; and where each piece came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from pauta.engine.host import Host
from pauta.engine.loading.inherit import merge
from pauta.engine.loading.load import ParentFound, card_from_text
from pauta.engine.loading.text import read_yaml
from pauta.engine.problems import Place, Problem

BASE = """
scorecard: base
version: "1.0.0"
status: retired
effective: {from: 2025-01-01}
fallback: true
changes: [Old]
title: {en: Base, es: Base}
owner: them
language: en
applies_to: {call.team: a, call.channel: voice}
scoring: {pass_mark: 80, accumulation: {non_critical: 3, make: {critical: customer, fails: card}}, on_critical: zero}
bands: [{band: high, from: 80}, {band: low, from: 0}]
answer_sets:
  full: [{answer: yes, points: 1}, {answer: no, points: 0}]
  short: {yes: 1, no: 0}
  tone: {scale: {from: 1, to: 5}, anchors: {1: bad}}
  many: {choose: many, options: [{answer: x, points: 1}, {answer: y, points: 1}], at_most: 1}
sections:
  - section: opening
    title: Opening
    error: {critical: customer, fails: card}
    answers: yes_no
    questions:
      - question: greeting
        text: Greeted?
        answers: {yes: 1, no: 0}
        when: {call.team: a}
        criterion: {phrase: {any: [hello]}, confirm: true}
        error: {critical: business, fails: nothing}
        tags: [a, b]
        weight: 3
      - {question: name, text: Named}
      - {question: offer, text: Offered}
  - section: closing
    questions: [{question: farewell, text: "Bye?", answers: yes_no}]
escalations:
  - {escalation: coach, when: {score: {below: 80}}, do: [coach]}
  - {escalation: praise, when: {score: {at_least: 80}}, do: [recognise]}
examples:
  - {example: old, expect: {}}
"""


def data(text, file="base.yaml"):
    found, problems = read_yaml(text, file)
    assert problems == []
    return found


def merged(child, parent=BASE):
    return merge(data(child, "child.yaml"), data(parent))


def plain(value):
    return json.loads(json.dumps(value))


def test_what_a_child_that_says_nothing_inherits():
    found, problems = merged('scorecard: child\nversion: "2.0.0"\nextends: base@^1\n')
    left_out = {"status", "effective", "fallback", "changes", "examples"}
    wanted = {key: value for key, value in data(BASE).items() if key not in left_out}
    assert problems == []
    assert plain(found) == plain({**wanted, "scorecard": "child", "version": "2.0.0", "extends": "base@^1"})


@pytest.mark.parametrize(
    ("child", "path", "wanted"),
    [
        ("title: {pt: Base}", "title", {"en": "Base", "es": "Base", "pt": "Base"}),
        ("title: Child", "title", "Child"),
        ("scoring: {pass_mark: 90}", "scoring.pass_mark", 90),
        ("scoring: {pass_mark: 90}", "scoring.accumulation.non_critical", 3),
        ("scoring: {accumulation: {non_critical: 5}}", "scoring.accumulation.make.critical", "customer"),
        ("scoring: {on_critical: {at_most: 59}}", "scoring.on_critical", {"at_most": 59}),
        ("applies_to: {call.team: b}", "applies_to", {"call.team": "b"}),
        ("bands: [{band: low, title: Low}, {band: top, from: 95}]", "bands", [
            {"band": "high", "from": 80}, {"band": "low", "from": 0, "title": "Low"}, {"band": "top", "from": 95},
        ]),
        ("bands: [{band: top, from: 95, after: high}]", "bands.*.band", ["high", "top", "low"]),
        ("bands: [{band: low, remove: true}]", "bands.*.band", ["high"]),
        ("answer_sets: {full: [{answer: no, error: none}, {answer: na, not_applicable: true}]}", "answer_sets.full", [
            {"answer": "yes", "points": 1}, {"answer": "no", "points": 0, "error": "none"},
            {"answer": "na", "not_applicable": True},
        ]),
        ("answer_sets: {short: {na: null}}", "answer_sets.short", {"yes": 1, "no": 0, "na": None}),
        ("answer_sets: {short: {scale: {from: 0, to: 1}}}", "answer_sets.short", {"scale": {"from": 0, "to": 1}}),
        ("answer_sets: {short: [a, b]}", "answer_sets.short", ["a", "b"]),
        ("answer_sets: {full: [a, b]}", "answer_sets.full", ["a", "b"]),
        ("answer_sets: {tone: {anchors: {5: good}}}", "answer_sets.tone", {
            "scale": {"from": 1, "to": 5}, "anchors": {"1": "bad", "5": "good"},
        }),
        ("answer_sets: {many: {choose: many, options: [{answer: z, points: 1}]}}", "answer_sets.many.options.*.answer",
         ["x", "y", "z"]),
        ("answer_sets: {own: yes_no}", "answer_sets.own", "yes_no"),
        ("sections: [{section: opening, error: none}]", "sections.0.error", "none"),
        ("sections: [{section: opening, answers: [a, b]}]", "sections.0.answers", ["a", "b"]),
        ("sections: [{section: opening, error: {critical: business}}]", "sections.0.error", {"critical": "business"}),
        ("sections: [{section: opening, error: {critical: business}}]", "sections.0.title", "Opening"),
        ("sections: [{section: new, questions: [{question: q}], after: opening}]", "sections.*.section",
         ["opening", "new", "closing"]),
        ("sections: [{section: closing, remove: true}]", "sections.*.section", ["opening"]),
        ("escalations: [{escalation: coach, do: [plan]}]", "escalations.0", {
            "escalation": "coach", "when": {"score": {"below": 80}}, "do": ["plan"],
        }),
        ("escalations: [{escalation: coach, when: {band: low}}]", "escalations.0.when", {"band": "low"}),
        ("escalations: [{escalation: coach, rule: odd}]", "escalations.0", {
            "escalation": "coach", "rule": "odd", "do": ["coach"],
        }),
        ("changes: [New]", "changes", ["New"]),
        ("examples: [{example: new, expect: {}}]", "examples", [{"example": "new", "expect": {}}]),
    ],
)  # fmt: skip
def test_what_merges_and_what_replaces(child, path, wanted):
    found, problems = merged(child)
    assert problems == []
    here = plain(found)
    for step in path.split("."):
        if step == "*":
            here = [each[path.rsplit(".", 1)[-1]] for each in here]
            break
        here = here[int(step) if step.isdigit() and isinstance(here, list) else step]
    assert here == wanted


def questions(child):
    found, problems = merged(f"sections: [{{section: opening, questions: {child}}}]")
    return plain(found)["sections"][0]["questions"], problems


@pytest.mark.parametrize(
    ("child", "wanted"),
    [
        ("[{question: extra}]", "greeting name offer extra"),
        ("[{question: extra, after: greeting}]", "greeting extra name offer"),
        ("[{question: one, after: greeting}, {question: two, after: greeting}]", "greeting one two name offer"),
        ("[{question: one, after: greeting}, {question: two, after: one}]", "greeting one two name offer"),
        (
            "[{question: one, after: greeting}, {question: two, after: one}, {question: three, after: greeting}]",
            "greeting one two three name offer",
        ),
        ("[{question: two, after: one}, {question: one, after: greeting}]", "greeting one two name offer"),
        ("[{question: greeting, after: offer}]", "name offer greeting"),
        ("[{question: name, after: offer}, {question: offer, after: name}]", "greeting name offer"),
        ("[{question: name, remove: true}]", "greeting offer"),
        ("[{question: name, remove: true}, {question: new, after: greeting}]", "greeting new offer"),
        ("[{question: name, remove: false}]", "greeting name offer"),
        ("[{question: name, remove: true}, {question: name, text: Anew}]", "greeting offer name"),
    ],
)
def test_where_questions_stand(child, wanted):
    found, problems = questions(child)
    assert problems == []
    assert [each["question"] for each in found] == wanted.split()
    assert not any("after" in each or "remove" in each for each in found)


def test_a_question_is_overridden_key_by_key_but_for_its_wholes():
    (greeting, *_), _ = questions(
        "[{question: greeting, weight: 5, answers: {a: 1, b: 0}, when: {call.agent: x}, criterion: {timing: {}},"
        " error: {critical: customer}, tags: [c]}]"
    )
    assert greeting == {
        "question": "greeting", "text": "Greeted?", "answers": {"a": 1, "b": 0}, "when": {"call.agent": "x"},
        "criterion": {"timing": {}}, "error": {"critical": "customer"}, "tags": ["c"], "weight": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("child", "said"),
    [
        ("[{question: nome, remove: true}]", "'nome' is to be removed"),
        ("[{question: new, after: nome}]", "'new' is to stand after 'nome'"),
        ("[{question: new, after: name}, {question: name, remove: true}]", "'new' is to stand after 'name'"),
        ("[{question: farewell, remove: true}]", "'farewell' is to be removed"),
    ],
)
def test_what_is_not_there(child, said):
    _, (problem,) = questions(child)
    assert problem.code == "E351"
    assert problem.message.startswith(said)
    assert problem.place.file == "child.yaml"
    assert problem.hint


def test_a_new_section_says_nothing_of_places_either():
    _, problems = merged("sections: [{section: new, questions: [{question: q, remove: true}]}]")
    assert [problem.code for problem in problems] == ["E351"]


def test_every_piece_keeps_its_place():
    child = "title: {pt: X}\nsections: [{section: opening, questions: [{question: name, weight: 3}]}]\n"
    found, _ = merged(child)
    assert found.at_of("title").file == "child.yaml"
    assert (found["title"].at_of("pt").file, found["title"].at_of("en").file) == ("child.yaml", "base.yaml")
    name = found["sections"][0]["questions"][1]
    assert name.at_of("weight") == Place("child.yaml", 2, 68)
    assert name.at_of("text") == Place("base.yaml", 33, 32)
    assert name.key_at("text") == Place("base.yaml", 33, 26)
    assert found["sections"].at_of(1).file == "base.yaml"
    assert found.at_of("scoring").file == "base.yaml"


def test_neither_card_is_changed():
    child = data("sections: [{section: opening, questions: [{question: name, after: offer, weight: 3}]}]", "child.yaml")
    parent = data(BASE)
    before = plain(child), plain(parent)
    merge(child, parent)
    assert (plain(child), plain(parent)) == before


HOST = Host(installed=False)


def parents(**cards):
    """A finder that knows cards by id."""

    def find(wanted, at):
        card_id = wanted.partition("@")[0]
        if card_id not in cards:
            return Problem("E703", f"no card '{wanted}'", at)
        return ParentFound(data(cards[card_id], f"{card_id}.yaml"), f"{card_id}@1.0.0")

    return find


CHILD = 'scorecard: child\nversion: "1.0.0"\nextends: base@^1\n'


def test_a_merged_card_is_understood():
    loaded = card_from_text(CHILD, HOST, "child.yaml", parents=parents(base=BASE))
    card = loaded.scorecard
    assert card is not None, "\n".join(map(str, loaded.problems))
    assert (card.name, card.extends, card.parent, card.status) == ("child@1.0.0", "base@^1", "base@1.0.0", "active")
    assert [question.id for question in card.questions] == ["greeting", "name", "offer", "farewell"]
    assert card.examples == ()


def test_problems_of_inherited_pieces_are_shown_where_they_stand():
    loaded = card_from_text(
        CHILD, HOST, "child.yaml", parents=parents(base=BASE.replace("answers: yes_no", "answers: yes_or_no", 1))
    )
    assert [(each.code, each.place.file) for each in loaded.problems if each.code.startswith("E")] == [
        ("E322", "base.yaml")
    ]


def test_what_a_child_takes_away_is_missed_where_it_is_asked_for():
    child = CHILD + "bands: [{band: high, remove: true}]\n"
    base = BASE.replace("{score: {at_least: 80}}", "{band: high}")
    loaded = card_from_text(child, HOST, "child.yaml", parents=parents(base=base))
    assert [(each.code, each.place.file) for each in loaded.problems if each.code.startswith("E")] == [
        ("E307", "base.yaml")
    ]


def test_three_generations():
    middle = BASE.replace("scorecard: base", "scorecard: middle\nextends: ground@^1").replace(
        "    title: Opening\n", ""
    )
    ground = BASE.replace("scorecard: base", "scorecard: ground").replace("title: Opening", "title: Ground")
    child = CHILD.replace("base@", "middle@") + "sections: [{section: closing, remove: true}]\n"
    loaded = card_from_text(child, HOST, "child.yaml", parents=parents(middle=middle, ground=ground))
    assert loaded.scorecard.parent == "middle@1.0.0"
    assert [section.title.in_language("en") for section in loaded.scorecard.sections] == ["Ground"]


def test_what_a_middle_card_removed_stays_away():
    middle = 'scorecard: middle\nversion: "1.0.0"\nextends: base@^1\nsections: [{section: closing, remove: true}]\n'
    loaded = card_from_text(CHILD.replace("base@", "middle@"), HOST, parents=parents(middle=middle, base=BASE))
    assert [section.id for section in loaded.scorecard.sections] == ["opening"]


def test_a_circle_is_named_link_by_link():
    a, b = (f'scorecard: {name}\nversion: "1.0.0"\nextends: {other}@^1\n' for name, other in (("a", "b"), ("b", "a")))
    loaded = card_from_text(CHILD.replace("base@", "a@"), HOST, parents=parents(a=a, b=b))
    problem = next(each for each in loaded.problems if each.code == "E352")
    assert "a@1.0.0 extends b@1.0.0 extends a@1.0.0" in problem.message
    own = card_from_text(a, HOST, parents=parents(a=a, b=b))
    assert [each.code for each in own.problems if each.code.startswith("E")] == ["E352"]


def test_where_the_parent_is_not_to_be_had_its_absence_is_the_only_problem():
    child = CHILD + "sections: [{section: opening, questions: [{question: name, weight: 3}]}]\n"
    for finder, code in ((None, "E350"), (parents(), "E703")):
        loaded = card_from_text(child, HOST, parents=finder)
        assert (loaded.scorecard, [each.code for each in loaded.problems]) == (None, [code])


def test_what_is_missing_in_the_merged_card_is_a_problem():
    base = 'scorecard: base\nversion: "1.0.0"\nsections: [{section: s, questions: [{question: q, answers: yes_no}]}]\n'
    child = CHILD + "sections: [{section: new}]\nbands: [{band: top}]\n"
    loaded = card_from_text(child, HOST, "child.yaml", parents=parents(base=base))
    assert {"E202"} == {each.code for each in loaded.problems if each.code.startswith("E")}
    assert len([each for each in loaded.problems if each.code == "E202"]) == 2


SMALL = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from("abc")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["sections", "questions", "section", "question", "answers", "answer_sets", "after", "remove", "bands"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["sections", "bands", "answer_sets", "rule", "title"]), SMALL), SMALL)
def test_any_two_maps_merge(child, parent):
    """Whatever the shape: a card, never an exception; and a card over nothing is what it was."""
    one = data(json.dumps({"x": 1, **child}), "child.yaml")
    two = data(json.dumps({"sections": parent, "title": parent}))
    found, _ = merge(one, two)
    assert found["x"] == 1
    assert set(found) >= set(one)


def test_the_shipped_example_merges_with_itself():
    path = Path(__file__).parents[1].parent / "shared" / "examples" / "scorecards" / "bank-inbound.yaml"
    if not path.exists():
        pytest.skip("the shared examples are not beside this checkout")
    card = data(path.read_text(encoding="utf-8"))
    found, problems = merge(card, card)
    assert problems == []
    assert plain(found) == plain(card)
