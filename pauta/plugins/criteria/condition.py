"""`condition`: answer a question by what is known already: the record of the call, or other answers.

Much of a card asks what a system knows: was the ticket closed, was the card blocked on the first call. A condition
(SCORECARD.md section 5) answers that for every call, at no listener's cost.

    criterion: {condition: {call.attributes.resolved: true}}              met: the record says `resolved: true`
    criterion: {condition: {answer.asked_name: yes, call.channel: voice}} not met: the record says `channel: chat`

Its options are the condition itself: subjects `call.*` and `answer.*`, combined by `all`, `any` and `none`. It is met
where the condition holds, else not met: what is absent (a field the record does not have, a question that was not
asked, or is missing or unverified) makes every test false but `exists: false`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar

from pauta import CallBatch, Findings, Question, Verdict, condition_from, hookimpl, tests_of


class Condition:
    """Met where a condition over the call and the other answers holds."""

    name: ClassVar[str] = "condition"
    purpose: ClassVar[str] = "Met where a condition over the call's record and other answers holds."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "minProperties": 1,
        "description": "A condition over `call.*` and `answer.*`, as `when` takes it.",
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        self.condition = condition_from(options)
        self._subjects = self.reads(options)

    @classmethod
    def reads(cls, options: Mapping[str, object]) -> list[str]:
        """The subjects that the condition asks about, each once: those of `answer.*` must be known before it."""
        return list(dict.fromkeys(test.subject for test in tests_of(condition_from(options))))

    def answer_batch(self, batch: CallBatch) -> Findings:
        """Ask the condition of every row of a batch."""
        import numpy as np

        from pauta import where

        holds = where(self.condition, batch.subject, batch.size)
        known = [_said(subject, batch) for subject in self._subjects]
        reasons = {}
        for row, held in enumerate(holds.tolist()):
            facts = ", ".join(say(row) for say in known)
            reasons[row] = f"the condition {'holds' if held else 'does not hold'}: {facts}"
        return Findings(np.where(holds, Verdict.MET, Verdict.NOT_MET).astype(np.uint8), reasons=reasons)


def _said(subject: str, batch: CallBatch) -> Callable[[int], str]:
    """What is known under a subject, in words, by row."""
    column = batch.subject(subject)
    if not hasattr(column, "column"):
        numbers = column.values
        return lambda row: f"{subject} is {_plain(None if math.isnan(numbers[row]) else float(numbers[row]))}"
    words = [f"{subject} is {_plain(value)}" for value in column.column.values]
    return lambda row: words[column.column.codes[row]]


def _plain(value: object) -> str:
    match value:
        case None:
            return "not known"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.15g}"
        case tuple():
            return "[" + ", ".join(_plain(each) for each in value) + "]"
    return str(value)


@hookimpl
def register_criteria(register: Callable[[type[Condition]], None]) -> None:
    """Offer the criterion."""
    register(Condition)
