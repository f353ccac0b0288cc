"""An answer under a name that is no question is told, and costs nothing else."""

from __future__ import annotations

from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import Answer, Call, HumanEvaluation, batch_of

CARD = """\
scorecard: small
version: 1.0.0
sections: [{section: only, questions: [{question: greeting, text: Hi, answers: yes_no}]}]
"""


def test_a_misspelt_question_is_a_warning_with_a_hint():
    host = Host(installed=False)
    plan = compile_plan(card_from_text(CARD, host).scorecard, host)
    answers = {"greeting": Answer("yes"), "greting": Answer("no")}
    people = [HumanEvaluation(name, "small", "eva", answers) for name in "ab"]
    results = evaluate(plan, batch_of([Call("a"), Call("b")], people))
    (problem,) = results.problems
    assert (problem.code, problem.hint) == ("W521", "did you mean 'greeting'?")
    assert "in 2 evaluations" in problem.message
    assert results.score.tolist() == [100, 100]
