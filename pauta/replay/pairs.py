"""Two versions of a card with what is needed to compare them, and evaluations that both of them score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.host import Host
from pauta.engine.model.calls import ENGINE, CallBatch, batch_of
from pauta.engine.model.columns import Coded, coded
from pauta.engine.model.scorecard import Question, Scorecard
from pauta.replay.causes import Causes, Mask, as_heard, plan_as_heard
from pauta.replay.parts import criterion_changed
from pauta.replay.rows import Row
from pauta.replay.tallies import given_by_people

PlanOf: TypeAlias = Callable[[Scorecard], Plan]


@dataclass(frozen=True)
class Whose:
    """What an example says of an evaluation."""

    call_id: str
    agent: str | None
    team: str | None
    started_at: str | None
    evaluator: str


class Pair:
    """An old and a new version. A version that is None does not claim the calls.

    set_aside: new questions that need not be answered, as nobody could. unlike: questions that answer themselves in
    another way, where stored answers are compared. plan_of: how plans are made where answers are not stored ones.
    """

    def __init__(
        self,
        old: Scorecard | None,
        new: Scorecard | None,
        host: Host,
        assumed: Mapping[str, str],
        *,
        stored: bool = False,
        plan_of: PlanOf | None = None,
    ) -> None:
        self.set_aside: tuple[str, ...] = ()
        self.unlike: list[str] = []
        if old is not None and new is not None:
            new, self.set_aside = _adapted(new, {each.id for each in new.questions} - set(old.by_id), assumed)
            self.unlike = _unlike(old, new) if stored else []
        self.old, self.new = old, new
        self.causes = Causes(old, new, host) if old is not None and new is not None else None
        known = {*(old.by_id if old is not None else ())}

        def plan(card: Scorecard) -> Plan:
            if not stored:
                return compile_plan(card, host)
            return plan_as_heard(as_heard(card, {question.id for question in card.questions} - known), host)

        self.plans = [None if card is None else (plan_of or plan)(card) for card in (old, new)]


def _adapted(card: Scorecard, added: set[str], assumed: Mapping[str, str]) -> tuple[Scorecard, tuple[str, ...]]:
    """The new version with assumed answers as defaults, and without waiting for answers that nobody could give yet."""
    aside: list[str] = []

    def adapted(question: Question) -> Question:
        if question.id in assumed:
            return replace(question, default=assumed[question.id])
        if question.id in added and question.required and question.default is None:
            aside.append(question.id)
            return replace(question, required=False)
        return question

    sections = [replace(each, questions=tuple(adapted(one) for one in each.questions)) for each in card.sections]
    return replace(card, sections=tuple(sections)), tuple(aside)


def _unlike(old: Scorecard, new: Scorecard) -> list[str]:
    return [
        question.id
        for question in new.questions
        if (
            criterion_changed(old.by_id[question.id], question)
            if question.id in old.by_id
            else question.criterion is not None
        )
    ]


@dataclass(frozen=True)
class Lot:
    """Evaluations that one pair of versions is compared on, by column.

    numbers: (rows,) int64, where each stands among all of a run. batches: as the old and the new version take them.
    automatic: (rows,) bool, without a person. of_other_versions: by people who filled in another version than the old.
    given: of a question, where a person gave an answer, None for nowhere. heard: the rows without answers, as `Causes`
    takes them. whose: what an example says of a row.
    """

    pair: Pair
    numbers: NDArray[np.int64]
    batches: tuple[CallBatch | None, CallBatch | None]
    automatic: Mask
    agents: Coded[Any]
    teams: Coded[Any]
    of_other_versions: int
    given: Callable[[str], Mask | None]
    heard: CallBatch
    whose: Callable[[int], Whose]


def lot_of(pair: Pair, rows: Sequence[Row], numbers: Sequence[int]) -> Lot:
    """Rows as a lot."""
    calls, humans = [row.call for row in rows], [row.human for row in rows]
    automatic = np.array([human is None or human.evaluator == ENGINE for human in humans], dtype=np.bool_)
    batch = replace(batch_of(calls, humans), automatic=automatic)
    version = pair.old.version if pair.old is not None else None

    def whose(row: int) -> Whose:
        call, human = calls[row], humans[row]
        evaluator = human.evaluator if human else ENGINE
        return Whose(call.call_id, call.agent, call.team, call.started_at, evaluator)

    return Lot(
        pair,
        np.array(numbers, dtype=np.int64),
        (batch, batch),
        automatic,
        coded(call.agent for call in calls),
        coded(call.team for call in calls),
        sum(human is not None and human.version not in (None, version) for human in humans) if version else 0,
        given_by_people(batch).get,
        batch,
        whose,
    )
