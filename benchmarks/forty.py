"""The card of 40 questions and its evaluations, made from a seed and held as columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.host import Host
from pauta.engine.loading.load import load_card
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.columns import Coded, Numbers, Words
from pauta.engine.model.scorecard import Question, Scorecard
from pauta.engine.problems import ProblemsFound, has_errors

CARD = Path(__file__).parent / "cards" / "forty.yaml"
SEED = 7
LOAN = 1
PRODUCTS = ("card", "loan")
YES_NO, FIVE_STEPS = (0.90, 0.06, 0.04), (0.01, 0.04, 0.15, 0.30, 0.47, 0.03)
"""How often each answer is given: yes, no, na; 1 to 5, N/A."""


@dataclass(frozen=True)
class Evaluations:
    """Answered cards.

    codes: (questions, rows) uint8, codes of `Plan.vocabulary`. product: (rows,) uint8 into PRODUCTS. duration: (rows,)
    int32 seconds.
    """

    codes: NDArray[np.uint8]
    product: NDArray[np.uint8]
    duration: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.product)


@cache
def card() -> Scorecard:
    loaded = load_card(CARD, Host())
    if loaded.scorecard is None or has_errors(loaded.problems):
        raise ProblemsFound(loaded.problems)
    return loaded.scorecard


@cache
def plan() -> Plan:
    return compile_plan(card(), Host())


def code_of(question: Question, answer: str) -> int:
    return plan().vocabulary(question.id).index(answer)


def evaluations(rows: int, seed: int = SEED) -> Evaluations:
    dice = np.random.default_rng(seed)
    codes = np.empty((len(card().questions), rows), dtype=np.uint8)
    for n, question in enumerate(card().questions):
        options = [option.id for option in question.answers.options]
        often = YES_NO if len(options) == len(YES_NO) else FIVE_STEPS
        drawn = np.searchsorted(np.cumsum(often)[:-1], dice.random(rows))
        codes[n] = np.array([code_of(question, option) for option in options], dtype=np.uint8)[drawn]
    product = (dice.random(rows) < 0.3).astype(np.uint8)
    return Evaluations(codes, product, dice.gamma(2.0, 150.0, rows).astype(np.int32))


def batch_of(given: Evaluations) -> CallBatch:
    """The evaluations as pauta takes columns: every code stands for an answer in the plan's own vocabulary."""
    return CallBatch(
        size=len(given),
        answers={
            question.id: Coded(given.codes[n], plan().vocabulary(question.id))
            for n, question in enumerate(card().questions)
        },
        subjects={
            "call.attributes.product": Words(Coded(given.product, PRODUCTS)),
            "call.duration_s": Numbers(given.duration.astype(np.float64)),
        },
    )
