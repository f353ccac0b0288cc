"""One call at a time, as an evaluator's form would ask: from what a person answered to the explanation."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.clock import seconds, share
from benchmarks.figures import Figure, Part
from benchmarks.forty import LOAN, card, evaluations, plan
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.explain import explain
from pauta.engine.evaluation.records import record
from pauta.engine.model.calls import Answer, Call, CallBatch, HumanEvaluation, batch_of

CALLS, QUICK_CALLS = 2000, 200
EVALUATED_MS, EXPLAINED_MS = 1.0, 2.0


def batches(count: int) -> list[CallBatch]:
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


def run(quick: bool) -> Part:
    calls = batches(QUICK_CALLS if quick else CALLS)
    work: dict[str, tuple[Callable[[CallBatch], object], float | None]] = {
        "evaluated": (lambda batch: evaluate(plan(), batch), EVALUATED_MS),
        "evaluated, and made a record": (lambda batch: record(evaluate(plan(), batch), 0), None),
        "evaluated and explained": (lambda batch: explain(plan(), batch), EXPLAINED_MS),
    }
    figures = []
    for name, (do, goal) in work.items():
        for batch in calls[: len(calls) // 10]:
            do(batch)
        took = [seconds(lambda do=do, batch=batch: do(batch)) * 1e3 for batch in calls]  # type: ignore[misc]
        middle = share(took, 0.5)
        measured = f"{middle:.2f} ms; 99 of 100 within {share(took, 0.99):.2f} ms"
        figures.append(Figure(name, measured, middle, goal, at_least=False))
    return Part(
        "One call",
        f"The card of 40 questions, a person's answers, {len(calls):,} calls one by one in a warm process, one core. "
        "The explanation holds the result, where the weight of what was not applicable went, what each error did, and "
        "the cheapest change that would have passed.",
        tuple(figures),
    )
