"""Which parts of a card make a call pass or fail differently, by asking the same arithmetic what would have been.

Of each part two things are asked about each call that flips:

    alone     the old version with only this part new: does the call flip?
    needed    the new version with only this part as it was: does the flip go away?

Answers are those that were heard on either side; criteria are not asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.distinct import taken_from
from pauta.bulk.values import Lazy
from pauta.engine.evaluation.cells import FIRST_ANSWER, State
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.gathered import Gathered
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.host import Host
from pauta.engine.model.calls import CallBatch, RawAnswer
from pauta.engine.model.columns import Coded
from pauta.engine.model.results import UNKNOWN, Results
from pauta.engine.model.scorecard import MISSING, NOT_APPLICABLE, UNVERIFIED, Question, Scorecard
from pauta.replay.parts import Part, parts_between, with_part

Rows: TypeAlias = NDArray[np.intp]
Mask: TypeAlias = NDArray[np.bool_]
Verdicts: TypeAlias = NDArray[np.int8]


@dataclass(frozen=True)
class Side:
    """One of the two versions: its plan and, of one batch, the answers as they were heard."""

    plan: Plan
    gathered: Gathered

    def question(self, name: str, coding_of: Plan, rows: Rows) -> Coded[Any]:
        """The answers of one question in some rows, in the codes of a plan that has the same question.

        Of an open question the first codes are the states all the same.
        """
        place = self.plan.position[name]
        codes = self.gathered.heard(place).take(rows)
        if self.plan.codings[place].closed:
            return Coded(codes, coding_of.vocabulary(name))
        values: list[RawAnswer | None] = [MISSING, State.NOT_APPLICABLE, UNVERIFIED, None, None]
        cells = self.gathered.cells[place]
        values += [each.value for each in cells[FIRST_ANSWER:]]  # type: ignore[misc]  # what read() gave, reads again
        return Coded(codes, tuple(values))


@dataclass
class Attribution:
    """Of some rows that flip: for each part where it flips them alone, and where it is needed. (rows,) bool each."""

    alone: Mapping[Part, Mask] = field(default_factory=dict)
    needed: Mapping[Part, Mask] = field(default_factory=dict)


class Causes:
    """Finds what makes calls flip between two cards. Plans of cards in between are made once."""

    def __init__(self, old: Scorecard, new: Scorecard, host: Host) -> None:
        self.parts = parts_between(old, new)
        self._old, self._new = (replace(as_heard(card), escalations=()) for card in (old, new))
        self._host = host
        self._plans: dict[tuple[Part, bool], Plan | None] = {}

    def of(self, batch: CallBatch, rows: Rows, before: Side, after: Side, was: Verdicts, now: Verdicts) -> Attribution:
        """What flips some rows of a batch. was, now: their verdicts, as `Results.passed` has them."""
        if not len(rows):
            return Attribution()
        own = rows_of_batch(batch, rows)
        return Attribution(
            {part: self._verdicts(part, own, rows, before, after, laid_on_old=True) == now for part in self.parts},
            {part: self._verdicts(part, own, rows, after, before, laid_on_old=False) == was for part in self.parts},
        )

    def _verdicts(
        self, part: Part, own: CallBatch, rows: Rows, base: Side, other: Side, *, laid_on_old: bool
    ) -> Verdicts:
        plan = self._plan(part, laid_on_old)
        if plan is None:
            return np.full(own.size, UNKNOWN, dtype=np.int8)
        answers = {
            name: (other if part.kind == "question" and part.id == name else base).question(name, plan, rows)
            for name in plan.position
        }
        return evaluate_as_heard(plan, own, answers).passed

    def _plan(self, part: Part, laid_on_old: bool) -> Plan | None:
        """The plan of the card in between; None where nothing would be left of it."""
        key = part, laid_on_old
        if key not in self._plans:
            base, other = (self._old, self._new) if laid_on_old else (self._new, self._old)
            card = with_part(base, other, part)
            self._plans[key] = plan_as_heard(card, self._host) if card.questions else None
        return self._plans[key]


def as_heard(card: Scorecard, own_defaults: Collection[str] = ()) -> Scorecard:
    """A card for answers that were heard already: no criterion is asked, and no default fills in.

    own_defaults: questions that nobody has heard yet, which keep their defaults.
    """

    def heard(question: Question) -> Question:
        waits = question.criterion is not None and question.criterion.confirm  # a proposal stays missing
        default = question.default if question.id in own_defaults else None
        return replace(question, default=default, criterion=question.criterion if waits else None)

    sections = [replace(each, questions=tuple(heard(one) for one in each.questions)) for each in card.sections]
    return replace(card, sections=tuple(sections))


def plan_as_heard(card: Scorecard, host: Host) -> Plan:
    """The plan of such a card: with no criterion at all, also none whose proposals wait for a person."""
    return replace(compile_plan(card, host), criteria={})


def evaluate_as_heard(plan: Plan, batch: CallBatch, answers: Mapping[str, Coded[Any]]) -> Results:
    """Score answers as `Side.question` gives them, by such a plan."""
    return evaluate(plan, replace(batch, answers=answers))


def with_not_applicable(plan: Plan, batch: CallBatch) -> CallBatch:
    """A batch of stored answers as they were heard.

    A criterion may find a question not applicable that has no such answer; nobody can give that again.
    """
    answers = dict(batch.answers)
    for name, column in batch.answers.items():
        if name in plan.position and plan.codings[plan.position[name]].na_option is None:
            values = (State.NOT_APPLICABLE if raw == NOT_APPLICABLE else raw for raw in column.values)
            answers[name] = Coded(column.codes, tuple(values))
    return replace(batch, answers=answers)


def rows_of_batch(batch: CallBatch, rows: Rows) -> CallBatch:
    """Some rows of a batch, without their answers."""
    place = {int(row): n for n, row in enumerate(rows)} if batch.notes else {}
    return CallBatch(
        size=len(rows),
        calls=Lazy(rows, batch.calls.__getitem__) if batch.calls else (),
        automatic=None if batch.automatic is None else batch.automatic[rows],
        notes={(place[row], name): note for (row, name), note in batch.notes.items() if row in place},
        subjects={name: taken_from(subject, rows) for name, subject in batch.subjects.items()},
    )
