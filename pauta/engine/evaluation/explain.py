"""One evaluation, line by line: it runs the same `evaluate` with a recorder, and adds no arithmetic of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.alternatives import Offer, evaluate_alternatives
from pauta.engine.evaluation.evaluate import Recorder, evaluate
from pauta.engine.evaluation.plan import Plan
from pauta.engine.evaluation.records import Record, number, record
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.results import Cell
from pauta.engine.model.scorecard import ANSWERED, MISSING, NOT_APPLICABLE, NOT_ASKED, UNVERIFIED, Scorecard

PAIRS_UP_TO = 40
"""With more candidates than this, pairs of changes are not tried one by one."""


@dataclass(frozen=True)
class Explanation:
    """Everything that led to one result.

    record: the result (DESIGN.md, "A result"). handed_on: one entry per question whose weight went elsewhere:
    question, state, share (of the whole, 0..1, as it would have been), within (`section` or `card`). effects: what
    each error did, step by step: {step, text, score}. cheapest: the changes that would have passed, [] where it
    passed already, None where there is no verdict to change or no change would do.
    """

    card: Scorecard
    record: Record
    full_shares: Mapping[str, float | None]
    handed_on: tuple[Record, ...]
    effects: tuple[Record, ...]
    cheapest: tuple[Record, ...] | None


def explain(plan: Plan, batch: CallBatch, row: int = 0) -> Explanation:
    """Why one row of a batch came out as it did."""
    recorder = Recorder()
    results = evaluate(plan, batch, recorder)
    assert recorder.gathered is not None
    heard = {
        question.id: recorder.gathered.cells[n][recorder.gathered.heard(n)[row]]
        for n, question in enumerate(plan.scorecard.questions)
    }
    made = record(results, row)
    singles, filling = _singles(plan, made), _all_answered(plan, heard, made)
    attempts = [*([n] for n in range(len(singles))), *_ever_more(len(singles))]
    all_answered = range(len(singles), len(singles) + len(filling))
    tried = evaluate_alternatives(plan, batch, row, heard, [*singles, *filling], [all_answered, *attempts])
    full = {name: number(shares[0]) for name, shares in tried.shares.items()}
    cheapest = _cheapest(made, singles, attempts, tried.passed[1:], tried.score[1:])
    if not (made["passed"] or (cheapest and len(cheapest) == 1)) and 2 <= len(singles) <= PAIRS_UP_TO:
        pairs = list(combinations(range(len(singles)), 2))
        tried = evaluate_alternatives(plan, batch, row, heard, singles, pairs)
        cheapest = _cheapest(made, singles, pairs, tried.passed, tried.score) or cheapest
    return Explanation(
        plan.scorecard,
        made,
        full,
        tuple(_handed_on(plan.scorecard, made, full)),
        tuple(_effects(plan.scorecard, made)),
        cheapest,
    )


def _all_answered(plan: Plan, heard: Mapping[str, Cell], made: Record) -> list[Offer]:
    """The best answer to every question that is asked here and was not answered."""
    asked = {each["question"] for each in made["answers"] if each["state"] != NOT_ASKED}
    return [
        (name, coding.best)
        for name, coding in zip(plan.position, plan.codings, strict=True)
        if name in asked and coding.best is not None and heard[name].state != ANSWERED
    ]


def _handed_on(card: Scorecard, made: Record, full: Mapping[str, float | None]) -> Iterator[Record]:
    """Where the weight of what was asked and not answered went."""
    left = {
        card.section_of[each["question"]].id for each in made["answers"] if each["state"] == ANSWERED and each["share"]
    }
    for each in made["answers"]:
        share = full[each["question"]]
        if each["state"] in (NOT_APPLICABLE, UNVERIFIED, MISSING) and share:
            section = card.section_of[each["question"]]
            within = "section" if card.weighted_sections and section.id in left else "card"
            yield {"question": each["question"], "state": each["state"], "share": share, "within": within}


def _effects(card: Scorecard, made: Record) -> Iterator[Record]:
    """What the errors did to the score, in the order of SCORECARD.md section 4."""
    yield {"step": "raw", "score": made["raw_score"]}
    for section in made["sections"]:
        if section["raw_score"] != section["score"]:
            yield {"step": "section", "section": section["section"], "score": section["score"]}
    if made["accumulated"] and card.scoring.accumulation:
        make = card.scoring.accumulation.make
        yield {
            "step": "accumulation",
            "non_critical": made["non_critical_errors"],
            "critical": make.critical.value if make.critical else None,
            "fails": make.fails.value,
        }
    if made["card_failed"]:
        yield {"step": "card", "on_critical": card.scoring.on_critical.value, "score": made["score"]}
    yield {"step": "score", "score": made["score"]}


def _singles(plan: Plan, made: Record) -> list[Offer]:
    """Each single change that might pass, the one with the smallest share of the score first."""
    if made["passed"] or plan.scorecard.scoring.pass_mark is None or made["status"] == "incomplete":
        return []
    share = _shares(made)
    better = _improvements(plan, made)
    return [(name, better[name]) for name in sorted(better, key=lambda name: (share[name], name))]


def _ever_more(singles: int) -> Iterator[Sequence[int]]:
    """Three single changes at once, and ever more of them, the dearest first: these are the last ones."""
    for n in range(3, singles + 1):
        yield range(singles - 1, singles - 1 - n, -1)


def _cheapest(
    made: Record,
    singles: Sequence[Offer],
    attempts: Sequence[Sequence[int]],
    passed: NDArray[np.int8],
    score: NDArray[np.float64],
) -> tuple[Record, ...] | None:
    """The fewest changed answers that pass, and of these the ones with the smallest share of the score.

    attempts: positions among the single changes; passed, score: what they come to. None where none of them passes.
    """
    if made["passed"]:
        return ()
    passing = np.flatnonzero(passed == 1).tolist()
    if not passing:
        return None
    share = _shares(made)
    fewest = min(len(attempts[n]) for n in passing)
    best = min(
        (n for n in passing if len(attempts[n]) == fewest),
        key=lambda n: sum(share[singles[each][0]] for each in attempts[n]),
    )
    was = {each["question"]: each["answer"] or each["state"] for each in made["answers"]}
    return tuple(
        {"question": name, "from": was[name], "to": _shown(answer), "score": number(score[best])}
        for name, answer in (singles[each] for each in attempts[best])
    )


def _shares(made: Record) -> dict[str, float]:
    return {each["question"]: each["share"] or 0.0 for each in made["answers"]}


def _improvements(plan: Plan, made: Record) -> dict[str, Any]:
    """The questions whose answer could be better, and the best answer of each."""
    better: dict[str, Any] = {}
    for coding, each in zip(plan.codings, made["answers"], strict=True):
        missed = each["error"] is not None or (each["credit"] is not None and each["credit"] < 1)
        if (missed or each["state"] == UNVERIFIED) and coding.best is not None:
            better[coding.question.id] = coding.best
    return better


def _shown(answer: Any) -> Any:
    if isinstance(answer, tuple):
        return list(answer)
    return int(answer) if isinstance(answer, float) and answer.is_integer() else answer
