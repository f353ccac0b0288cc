"""Answers that are text alone, held as small numbers: maps like any other, and the same columns as from plain maps."""

import pickle
from copy import deepcopy
from dataclasses import replace

from hypothesis import given, settings, strategies as st

from pauta.engine.loading.records import human_from
from pauta.engine.model import answers as numbered
from pauta.engine.model.answers import LONGEST_TEXT, Answer, PlainAnswers, columns_of
from pauta.engine.model.calls import Call, batch_of

QUESTIONS = ("greeting", "offers", "empathy", "close")
TEXTS = st.sampled_from(["yes", "no", "N/A", "sí", "x" * (LONGEST_TEXT + 1), ""])
ENTRIES = st.one_of(
    TEXTS, TEXTS, st.just(3), st.just(["a", "b"]), st.just({"answer": "no", "comment": "late", "at": 2})
)


def filled(answers):
    human = human_from({"call_id": "c", "evaluator": "eva", "answers": answers})
    assert not hasattr(human, "code"), human
    return human


def test_they_are_a_map_of_answers():
    answers = filled({"greeting": "yes", "offers": "no"}).answers
    assert type(answers) is PlainAnswers
    assert answers == {"greeting": Answer("yes"), "offers": Answer("no")}
    assert dict(answers) == answers
    assert list(answers) == ["greeting", "offers"]
    assert "empathy" not in answers
    assert answers.get("empathy") is None
    assert repr(answers) == repr(dict(answers))
    assert pickle.loads(pickle.dumps(answers)) == answers
    assert deepcopy(answers) == answers


def test_those_who_were_asked_the_same_share_the_questions():
    one, other = (filled({"greeting": answer, "offers": "no"}).answers for answer in ("yes", "no"))
    assert one.questions is other.questions


def test_texts_of_open_questions_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(numbered, "MOST_TEXTS", len(numbered._known) + 1)
    many = [filled({"note": f"text {number}"}).answers for number in range(10)]
    assert [each["note"].value for each in many] == [f"text {number}" for number in range(10)]
    assert [type(each) for each in many] == [PlainAnswers] * 2 + [dict] * 8
    assert type(filled({"greeting": "text 0"}).answers) is PlainAnswers


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.dictionaries(st.sampled_from(QUESTIONS), ENTRIES)), max_size=12))
def test_columns_are_those_of_plain_maps(sheets):
    people = [None if sheet is None else filled(sheet) for sheet in sheets]
    plain = [None if human is None else replace(human, answers=dict(human.answers)) for human in people]
    calls = [Call(f"c-{row}") for row in range(len(sheets))]
    one, other = batch_of(calls, people), batch_of(calls, plain)
    assert one.notes == other.notes
    assert list(one.answers) == list(other.answers)
    for question, column in one.answers.items():
        assert column.values == other.answers[question].values
        assert column.codes.tolist() == other.answers[question].codes.tolist()


def test_nobody_answered():
    assert columns_of([{}, {}]) == ({}, {})
