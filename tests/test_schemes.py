"""Cards that ask the same share what can be shared, and nothing that is not the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pauta.engine.evaluation.cells import Coding
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.host import Host
from pauta.engine.model.scorecard import Answers, Error, Harm, Kind, Option, Question, Scorecard, Section, Text


def question(**more: Any) -> Question:
    options = (Option("yes", 2.0), Option("no", 0.0))
    return Question(**{"id": "greeting", "answers": Answers(Kind.ONE, options), "max_points": 2.0, **more})


def card(*questions: Question, **more: Any) -> Scorecard:
    return Scorecard(**{"id": "retail", "version": "1.0.0", "sections": (Section("only", questions),), **more})


def plans(*cards: Scorecard) -> list[Plan]:
    host = Host(installed=False)
    return [compile_plan(each, host) for each in cards]


def test_cards_that_differ_in_words_alone_have_the_same_tables() -> None:
    spoken = question(title=Text({"": "Greeted?"}), tags=("opening",))
    first, second = plans(card(question()), card(spoken, id="other", version="2.0.0"))
    assert first.tables is second.tables
    assert first.coverage is second.coverage
    assert [each.question for each in second.codings] == [spoken]


@pytest.mark.parametrize(
    "other",
    [
        question(weight=3.0),
        question(bonus=True),
        question(required=False),
        question(comment="required"),
        question(error=Error(Harm.CUSTOMER)),
        question(answers=Answers(Kind.ONE, (Option("yes", 2.0), Option("no", 1.0)))),
        question(answers=Answers(Kind.ONE, (Option("yes", 2), Option("no", 0)))),  # equal, but written otherwise
        question(answers=Answers(Kind.ONE, (Option("yes", 2.0), Option("no", 0.0, error=Error(Harm.CUSTOMER))))),
    ],
)
def test_what_counts_otherwise_is_not_shared(other: Question) -> None:
    first, second = plans(card(question()), card(other))
    assert first.tables is not second.tables
    assert Coding(other).cells == tuple(second.codings[0].cells)


def test_sections_that_weigh_otherwise_have_tables_of_their_own() -> None:
    cards = [
        replace(card(question()), sections=(Section("only", (question(),), weight=weight),)) for weight in (1.0, 2.0)
    ]
    first, second = plans(*cards)
    assert first.tables is not second.tables


def test_entries_of_results_are_made_once_for_cards_that_ask_the_same() -> None:
    pytest.importorskip("pyarrow")
    from pauta.bulk.card_cells import Known, joined
    from pauta.engine.model.results import QuestionAnswers

    known = Known()
    cards = [card(question()), card(question(), id="other"), card(question(max_points=4.0), id="third")]
    codes: Any = None
    tables = [known.of(each.scorecard, [QuestionAnswers(codes, each.codings[0].cells)]) for each in plans(*cards)]
    table, begins = joined(tables)
    assert begins == [[0], [0], [7]]
    assert table.out_of.tolist() == [2.0] * 7 + [4.0] * 7
    assert table.words[:2] == ["missing", "not_applicable"]
