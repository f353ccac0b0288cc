"""One call at a time, as an evaluator's form or a live feed would ask: from answers or words to the explanation."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

from benchmarks.clock import seconds, share
from benchmarks.figures import Figure, Part
from benchmarks.forty import LOAN, card, evaluations, plan
from benchmarks.phrases import PER_GROUP, calls, phrases, words
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.explain import explain
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.evaluation.records import record
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import Answer, Call, CallBatch, HumanEvaluation, batch_of
from pauta.engine.problems import ProblemsFound

CALLS, QUICK_CALLS = 2000, 200
SPOKEN_CALLS, QUICK_SPOKEN_CALLS = 500, 50
SEED = 20261121
ANSWERED_MS, SPOKEN_MS, EXPLAINED_MS = 1.0, 3.0, 5.0
HEAD = """\
scorecard: listening
version: 1.0.0
scoring: {pass_mark: 50}
sections:
  - section: all
    questions:
"""
Work = tuple[str, Callable[[CallBatch], object], float | None]


def answered(count: int) -> list[CallBatch]:
    """Single calls with a person's 40 answers each, every call and answer its own."""
    given = evaluations(count, seed=3)
    vocabulary = [plan().vocabulary(question.id) for question in card().questions]
    made = []
    for row, codes in enumerate(given.codes.T.tolist()):
        answers = {q.id: Answer(vocabulary[n][codes[n]]) for n, q in enumerate(card().questions)}
        call = Call(
            f"call-{row}",
            duration_s=float(given.duration[row]),
            attributes={"product": "loan" if given.product[row] == LOAN else "card"},
        )
        made.append(batch_of([call], [HumanEvaluation(call.call_id, card().id, "ana", answers)]))
    return made


def spoken(count: int) -> tuple[Plan, list[CallBatch]]:
    """A card of 60 questions with five phrases each, and single calls of 6 KB in which to look for them."""
    dice = random.Random(SEED)
    vocabulary = words(dice, "en", 5000)
    said = calls(dice, vocabulary, count)
    return _listening(phrases(dice, vocabulary)), [batch_of([call]) for call in said]


def _listening(written: Sequence[str]) -> Plan:
    """A card that listens for phrases. Raises ProblemsFound where it cannot be made."""
    groups = [list(written[n : n + PER_GROUP]) for n in range(0, len(written), PER_GROUP)]
    asked = [
        f"      - {{question: g{n}, answers: {{yes: 1, no: 0}}, criterion: {{phrase: {{any: {json.dumps(group)}}}}}}}\n"
        for n, group in enumerate(groups)
    ]
    text = (
        "scorecard: listening\nversion: 1.0.0\nscoring: {pass_mark: 50}\nsections:\n  - section: all\n    questions:\n"
    )
    loaded = card_from_text(text + "".join(asked), Host(), "listening.yaml")
    if loaded.scorecard is None:
        raise ProblemsFound(loaded.problems)
    return compile_plan(loaded.scorecard, Host())


def run(quick: bool) -> Part:
    with_answers = answered(QUICK_CALLS if quick else CALLS)
    listening, with_words = spoken(QUICK_SPOKEN_CALLS if quick else SPOKEN_CALLS)
    figures = _figures(
        with_answers,
        ("40 answers, evaluated", lambda batch: evaluate(plan(), batch), ANSWERED_MS),
        ("40 answers, evaluated and made a record", lambda batch: record(evaluate(plan(), batch), 0), None),
        ("40 answers, evaluated and explained", lambda batch: explain(plan(), batch), EXPLAINED_MS),
    ) + _figures(
        with_words,
        ("6 KB and 300 phrases, evaluated", lambda batch: evaluate(listening, batch), SPOKEN_MS),
        ("6 KB and 300 phrases, evaluated and explained", lambda batch: explain(listening, batch), EXPLAINED_MS),
    )
    return Part(
        "One call",
        f"One by one in a warm process, one core. Answers: the card of 40 questions, a person's answers, "
        f"{len(with_answers):,} calls. Words: {len(with_words):,} transcripts of about 6 KB, a card that listens for "
        "300 phrases in 60 questions and nobody who answers. The explanation holds the result, where the weight of "
        "what was not applicable went, what each error did, and the cheapest change that would have passed.",
        tuple(figures),
    )


def _figures(batches: Sequence[CallBatch], *work: Work) -> list[Figure]:
    """How long each work takes over single calls. Each time it meets a call, it meets it for the first time."""
    figures = []
    for name, do, goal in work:
        for batch in batches[: len(batches) // 10]:
            do(_anew(batch))
        fresh = [_anew(batch) for batch in batches]
        took = [seconds(lambda do=do, batch=batch: do(batch)) * 1e3 for batch in fresh]  # type: ignore[misc]
        middle = share(took, 0.5)
        measured = f"{middle:.2f} ms; 99 of 100 within {share(took, 0.99):.2f} ms"
        figures.append(Figure(name, measured, middle, goal, at_least=False, ratio=False))
    return figures


def _anew(batch: CallBatch) -> CallBatch:
    """The same call, of which nothing is kept that an earlier evaluation worked out."""
    return batch_of(list(batch.calls), list(batch.humans))
