"""A card as `pauta show` prints it: what each question is worth, and which misses alone lose the pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pauta.engine.evaluation.stakes import Miss, Stake
from pauta.engine.model.scorecard import Question, Scorecard
from pauta.reports.words import answers_said, condition_said, criterion_said, critical_said, error_said, name_of


def card_text(card: Scorecard, worth: Sequence[Stake], language: str | None = None) -> str:
    """A card with the share of each question in percent of the total, every question being asked."""
    by_question = {stake.question: stake for stake in worth}
    lines = [f"{card.title.in_language(language, card.id)}  ({card.name}, {card.status})", *_facts(card), ""]
    for section in card.sections:
        share = sum(by_question[question.id].share for question in section.questions)
        lines.append(f"{section.title.in_language(language, section.id)}  {_percent(share)} of the total")
        if section.when is not None:
            lines.append(f"  asked when {condition_said(section.when)}")
        for question in section.questions:
            lines += [f"  {line}" for line in _question_lines(question, by_question[question.id], language)]
        lines.append("")
    alone = [stake for stake in worth if stake.loses_the_pass]
    if card.scoring.pass_mark is not None:
        lines.append("Misses that alone lose the pass" if alone else "No single miss loses the pass.")
        lines += [f"  {stake.question}: {_misses(stake.loses_the_pass)}" for stake in alone]
    return "\n".join(lines).rstrip() + "\n"


def _facts(card: Scorecard) -> list[str]:
    facts = []
    if card.scoring.pass_mark is not None:
        facts.append(f"passes at {card.scoring.pass_mark:g}")
    facts.append(f"a critical error that fails the card {critical_said(card.scoring)}")
    if card.scoring.accumulation is not None:
        found = card.scoring.accumulation
        facts.append(f"{found.non_critical} non-critical errors make {error_said(found.make)}")
    bands = ", ".join(f"{band.id} from {band.start:g}" for band in sorted(card.bands, key=lambda each: -each.start))
    return [f"  {fact}" for fact in facts] + ([f"  bands: {bands}"] if bands else [])


def _question_lines(question: Question, stake: Stake, language: str | None) -> list[str]:
    bonus = ", a bonus" if question.bonus else ""
    worth = f"{_percent(stake.share)}{bonus}" if question.scored else "recorded"
    lines = [f"{worth:>8}  {question.id}: {name_of(question, language)}"]
    lines.append(f"{'':10}{answers_said(question.answers)}")
    if question.error is not None:
        lines.append(f"{'':10}a miss is {error_said(question.error)}")
    if question.when is not None:
        lines.append(f"{'':10}asked when {condition_said(question.when)}")
    if question.criterion is not None:
        lines.append(f"{'':10}{criterion_said(question.criterion)}")
    return lines


def _misses(misses: Sequence[Miss]) -> str:
    return ", ".join(
        f"{answer_shown(miss.answer)} ({'-' if miss.score is None else f'{miss.score:g}'})" for miss in misses
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def answer_shown(answer: object) -> str:
    """An answer as it could be given."""
    if isinstance(answer, tuple):
        return f"[{', '.join(answer)}]"
    return f"{answer:g}" if isinstance(answer, float) else str(answer)


def card_map(card: Scorecard, worth: Sequence[Stake]) -> dict[str, Any]:
    """The same as data: for `pauta show --format json`."""
    return {
        "scorecard": card.id,
        "version": card.version,
        "status": card.status,
        "digest": card.digest,
        "pass_mark": card.scoring.pass_mark,
        "bands": [{"band": band.id, "from": band.start} for band in card.bands],
        "questions": [
            {
                "question": stake.question,
                "section": stake.section,
                "share": stake.share,
                "best": stake.best,
                "misses": [
                    {
                        "answer": miss.answer,
                        "score": miss.score,
                        "passed": miss.passed,
                        "critical_errors": miss.critical,
                    }
                    for miss in stake.misses
                ],
                "loses_the_pass": [miss.answer for miss in stake.loses_the_pass],
            }
            for stake in worth
        ],
    }
