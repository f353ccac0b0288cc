"""What kind of error an answer makes, and which answers the error of a question belongs to (SCORECARD.md section 3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from pauta.engine.loading.data import Map
from pauta.engine.model.scorecard import Answers, Error, Fails, Harm, Kind, Option, Question, Range

NON_CRITICAL: Final = Error()
O = TypeVar("O", Option, Range)  # noqa: E741  # an option or a range


def error_from(value: object) -> Error | None:
    """The error that is written; None for `none` (and for what is no error at all: the shape of the card says so)."""
    if value == "non_critical":
        return NON_CRITICAL
    if value == "critical":
        return Error(Harm.CUSTOMER, Fails.CARD)
    if not isinstance(value, Map):
        return None
    harm, fails = value.get("critical"), value.get("fails", Fails.CARD)
    if harm not in tuple(Harm) or fails not in tuple(Fails):
        return None
    return Error(Harm(harm), Fails(fails))


def with_error(answers: Answers, own: Collection[int], error: Error | None) -> Answers:
    """The answers with the question's error on every scored one that has the fewest points.

    `own` are the positions of options or ranges that say for themselves which error they make, `none` too. Where all
    earn the same, none of them takes the question's. Of `choose: many` and of a scale the error belongs to the whole
    answer: the options of the one hold their own only, the other has none.
    """
    if error is None:
        return answers
    if answers.kind is Kind.ONE:
        return replace(answers, options=_resolved(answers.options, own, error))
    if answers.kind is Kind.NUMBER:
        return replace(answers, ranges=_resolved(answers.ranges, own, error))
    return answers


def _resolved(choices: Sequence[O], own: Collection[int], error: Error) -> tuple[O, ...]:
    points = [each.points for each in choices if each.points is not None]
    if not points or min(points) == max(points):
        return tuple(choices)
    fewest = min(points)
    return tuple(
        replace(each, error=error) if each.points == fewest and n not in own else each for n, each in enumerate(choices)
    )


def errors_in(question: Question) -> Iterator[tuple[Error, int]]:
    """The errors that answers to a question can make, and how many of each in one evaluation."""
    answers = question.answers
    many = answers.kind is Kind.MANY
    if question.error is not None and answers.scored and (many or answers.kind is Kind.SCALE):
        yield question.error, 1
    own = [*(option.error for option in answers.options), *(each.error for each in answers.ranges)]
    for error in dict.fromkeys(own):
        if error is not None:
            yield error, own.count(error) if many else 1


def can_fail_card(question: Question) -> bool:
    """Whether an answer to the question makes an error that fails the card."""
    return any(error.critical is not None and error.fails is Fails.CARD for error, _ in errors_in(question))
