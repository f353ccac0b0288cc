"""What each question of a card is worth, and which misses alone lose the pass: the card's own arithmetic, asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pauta.engine.evaluation.alternatives import any_answer, evaluate_alternatives
from pauta.engine.evaluation.cells import Coding, State, possible_answers
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.host import Host
from pauta.engine.model.calls import Call, HumanEvaluation, RawAnswer, batch_of
from pauta.engine.model.scorecard import Scorecard


@dataclass(frozen=True, slots=True)
class Miss:
    """One answer instead of the best one, all others being the best. score: None where there is none."""

    answer: RawAnswer
    score: float | None
    passed: bool | None
    critical: int
    non_critical: int


@dataclass(frozen=True, slots=True)
class Stake:
    """What one question is worth: its share of the total (0..1), and what each answer below the best comes to."""

    question: str
    section: str
    share: float
    best: RawAnswer
    misses: tuple[Miss, ...] = ()

    @property
    def loses_the_pass(self) -> tuple[Miss, ...]:
        """The answers that alone lose the pass."""
        return tuple(miss for miss in self.misses if miss.passed is False)


def stakes(card: Scorecard, host: Host) -> tuple[Stake, ...]:
    """The stake of every question, every question being asked: conditions are left aside."""
    open_card = replace(
        card,
        sections=tuple(
            replace(section, when=None, questions=tuple(replace(each, when=None) for each in section.questions))
            for section in card.sections
        ),
    )
    plan = compile_plan(open_card, host)
    best = {coding.question.id: _best(coding) for coding in plan.codings}
    attempts: list[tuple[Coding, RawAnswer]] = [
        (coding, answer)
        for coding in plan.codings
        for answer in possible_answers(coding.question)
        if coding.question.scored and answer != best[coding.question.id]
    ]
    return _stakes(plan, best, attempts)


def _stakes(plan: Plan, best: dict[str, RawAnswer], attempts: list[tuple[Coding, RawAnswer]]) -> tuple[Stake, ...]:
    batch = batch_of([Call("show")], [HumanEvaluation("show", plan.scorecard.id, "show", {})])
    heard = {coding.question.id: coding.cells[State.MISSING] for coding in plan.codings}
    place = {name: n for n, name in enumerate(best)}
    others = [range(len(best))] + [
        [*(n for n in range(len(best)) if n != place[coding.question.id]), len(best) + each]
        for each, (coding, _) in enumerate(attempts)
    ]
    offers = [*best.items(), *((coding.question.id, answer) for coding, answer in attempts)]
    results = evaluate_alternatives(plan, batch, 0, heard, offers, others)
    misses: dict[str, list[Miss]] = {}
    for n, (coding, answer) in enumerate(attempts, start=1):
        score, passed = float(results.score[n]), int(results.passed[n])
        misses.setdefault(coding.question.id, []).append(
            Miss(
                answer,
                None if score != score else score,
                None if passed < 0 else bool(passed),
                int(results.critical[n]),
                int(results.non_critical[n]),
            )
        )
    return tuple(
        Stake(
            question.id,
            plan.scorecard.section_of[question.id].id,
            float(results.shares[question.id][0]),
            best[question.id],
            tuple(misses.get(question.id, ())),
        )
        for question in plan.scorecard.questions
    )


def _best(coding: Coding) -> RawAnswer:
    return any_answer(coding.question) if coding.best is None else coding.best
