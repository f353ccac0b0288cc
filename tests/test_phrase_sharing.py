"""Several cards over the same calls fold and scan the text once, and say what each says alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from criterion_cases import QUESTION
from hypothesis import given, settings, strategies as st
from test_phrase import OPTIONS, calls as some_calls

from pauta import Call, CallBatch, Finding, Turn, turns_from, turns_of
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.evaluation.prepare import prepare
from pauta.engine.evaluation.records import records
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import batch_of
from pauta.engine.model.columns import coded
from pauta.plugins.criteria.phrase import Phrase
from pauta.plugins.criteria.phrases import matcher, scan, stretches
from pauta.plugins.criteria.phrases.asked import read_options

CARD = """\
scorecard: card-{n}
version: 1.0.0
sections:
  - section: only
    answers: yes_no
    questions:
      - {{question: one, text: A, criterion: {{phrase: {{any: [a b, "b ... {word}"], speaker: agent}}}}}}
      - {{question: two, text: B, criterion: {{none_of: [{{phrase: {{any: ["{word}"]}}}}]}}}}
"""


def plans(count: int) -> list[Plan]:
    host = Host(installed=False)
    texts = [CARD.format(n=n, word="abc"[n % 3]) for n in range(count)]
    return [compile_plan(card_from_text(text, host).scorecard, host) for text in texts]


def said_by(phrases: Sequence[Phrase], batch: CallBatch) -> list[list[Finding]]:
    found = [phrase.answer_batch(batch) for phrase in phrases]
    return [[findings[row] for row in range(batch.size)] for findings in found]


cards = st.lists(st.lists(st.sampled_from(OPTIONS), min_size=1, max_size=3), min_size=2, max_size=4)


@pytest.mark.parametrize("worth", [0, 50])
@settings(deadline=None)
@given(cards, some_calls, st.data())
def test_cards_together_say_what_each_says_alone(worth, asked, records_, data):
    """Whatever calls they have in common, in whatever order, and a call several times in one batch too."""
    rows = st.lists(st.integers(0, len(records_) - 1), max_size=6) if records_ else st.just([])
    held = [[records_[n] for n in data.draw(rows)] for _ in asked]
    made = [Phrase.bind_all([(options, QUESTION) for options in card]) for card in asked]
    alone = [said_by(card, batch_of(calls)) for card, calls in zip(made, held)]
    together = [batch_of(calls) for calls in held]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "WORTH", worth)
        shared = turns_of(records_)
        for batch, calls in zip(together, held):
            at = [next(n for n, each in enumerate(records_) if each is call) for call in calls]
            batch.turns = shared.of_rows(np.array(at, dtype=np.int64))
        Phrase.prepare_all([(phrase, batch) for card, batch in zip(made, together) for phrase in card])
        assert [said_by(card, batch) for card, batch in zip(made, together)] == alone


@settings(deadline=None)
@given(some_calls)
def test_calls_in_columns_say_what_records_say(records_):
    turns = [turn for call in records_ for turn in call.turns]
    columns = turns_from(
        [turn.text for turn in turns],
        coded([turn.speaker for turn in turns]),
        np.array([turn.start for turn in turns], dtype=np.float64),
        np.array([turn.end for turn in turns], dtype=np.float64),
        np.cumsum([0, *(len(call.turns) for call in records_)]),
    )
    made = Phrase.bind_all([(options, QUESTION) for options in OPTIONS if not isinstance(options.get("any"), dict)])
    batch = CallBatch(size=len(records_), turns=columns)
    assert said_by(made, batch) == said_by(made, batch_of(records_))


def watched(monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[int]]:
    """How many texts are folded, and how many cards each pass looks for."""
    folded: list[int] = []
    passes: list[int] = []
    make, look = stretches.Stretch.__init__, matcher.Automaton.hits
    monkeypatch.setattr(
        stretches.Stretch, "__init__", lambda self, texts, first: folded.append(len(texts)) or make(self, texts, first)
    )
    monkeypatch.setattr(
        matcher.Automaton, "hits", lambda self, parts: passes.append(len(self.matchers)) or look(self, parts)
    )
    return folded, passes


def test_several_cards_over_the_same_calls_fold_and_scan_once(monkeypatch):
    folded, passes = watched(monkeypatch)
    calls = [Call(f"c{n}", turns=(Turn("agent", "a b c"), Turn("customer", "b x c"))) for n in range(60)]
    asked = [(plan, batch_of(calls)) for plan in plans(3)]
    alone = [list(records(evaluate(plan, batch_of(calls)))) for plan, _ in asked]
    assert sum(folded) == 3 * 120
    assert passes == [1, 1, 1]
    folded.clear()
    passes.clear()
    prepare(asked)
    assert [list(records(evaluate(*each))) for each in asked] == alone
    assert (sum(folded), passes) == (120, [3])


def test_a_card_does_not_look_at_calls_of_other_cards(monkeypatch):
    folded, passes = watched(monkeypatch)
    calls = [Call(f"c{n}", turns=(Turn("agent", f"a b {'abc'[n % 3]}"),)) for n in range(300)]
    asked = [(plan, batch_of(calls[n::3])) for n, plan in enumerate(plans(3))]
    prepare(asked)
    for plan, batch in asked:
        evaluate(plan, batch)
    assert (sum(folded), passes) == (300, [1, 1, 1])


def test_few_calls_do_not_pay_for_an_automaton_of_their_own(monkeypatch):
    folded, passes = watched(monkeypatch)
    asked = [(plan, batch_of([Call("c", turns=(Turn("agent", "a b"),))] * 1)) for plan in plans(2)]
    prepare(asked)
    for plan, batch in asked:
        evaluate(plan, batch)
    assert (sum(folded), passes) == (2, [1, 1])  # two records, though they are equal


def test_of_a_phrase_with_gaps_the_rarest_words_are_looked_for():
    asked, faults = read_options({"any": ["your ... name", "your last ... of birth"]})
    assert not faults
    one = matcher.PhraseMatcher([asked])
    assert list(one.open(b" your your your name your last ")) == [b" name ", b" of birth "]
    assert list(one.open(b" name name ")) == [b" name ", b" of birth "]
    assert list(matcher.PhraseMatcher([asked]).open(b"")) == [b" your ", b" your last "]


def test_automata_for_several_cards_are_kept_within_reason(monkeypatch):
    monkeypatch.setattr(matcher, "MOST_TOGETHER", 2)
    first, *others = [matcher.PhraseMatcher([read_options({"any": ["a b"]})[0]]) for _ in range(4)]
    made = [first.automaton([other], b"") for other in others]
    assert [first.knows([other]) for other in others] == [False, True, True]
    assert first.automaton([others[2]], b"") is made[2]
