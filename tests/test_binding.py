"""All phrases of a plan are found in one pass, those inside other criteria too."""

from __future__ import annotations

from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.plugins.criteria.phrase import Phrase

CARD = """\
scorecard: small
version: 1.0.0
sections:
  - section: only
    answers: yes_no
    questions:
      - {question: alone, text: A, criterion: {phrase: {any: [hello]}}}
      - {question: nest, text: B, criterion: {all_of: [{phrase: {any: [bye]}}, {any_of: [{phrase: {any: [thanks]}}]}]}}
"""


def test_phrases_inside_other_criteria_are_made_with_all_the_others(monkeypatch):
    made = []
    together = Phrase.bind_all.__func__
    monkeypatch.setattr(
        Phrase, "bind_all", classmethod(lambda cls, uses: made.append(len(uses)) or together(cls, uses))
    )
    host = Host(installed=False)
    compile_plan(card_from_text(CARD, host).scorecard, host)
    assert made == [3]
