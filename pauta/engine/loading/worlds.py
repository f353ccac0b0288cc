"""What could be under the subjects of conditions: small domains that stand for everything, to be tried one by one.

A domain holds one value for each way in which the tests of a subject can come out, and None for absent where the
subject may be absent. No domain (None) means that it cannot be told, as with patterns; callers then stay silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations, pairwise
from typing import Final, TypeAlias

from pauta.engine.loading.answers import refusal
from pauta.engine.loading.data import written
from pauta.engine.model.conditions import ORDER_TESTS, All, AnyOf, Condition, NoneOf, Scalar, Test, Value, number_of
from pauta.engine.model.scorecard import Answers, Kind

Domain: TypeAlias = Sequence[Value | None]

OTHER: Final = "\x00"
"""A word that no condition mentions."""

MOST_LISTED: Final = 6
_OF_TEXT: Final = ("contains", "matches")


def by_subject(tests: Iterable[Test]) -> dict[str, list[Test]]:
    """The tests of each subject."""
    found: dict[str, list[Test]] = {}
    for test in tests:
        found.setdefault(test.subject, []).append(test)
    return found


def call_domain(subject: str, tests: Sequence[Test]) -> Domain | None:
    """What a field of a call may hold; an attribute may be a list."""
    if any(test.operator in _OF_TEXT for test in tests):
        return None
    mentioned = _mentioned(tests)
    values = _plain_values(tests)
    if subject.startswith(("call.attributes.", "call.metrics.")):
        if len(mentioned) > MOST_LISTED:
            return None
        values += _lists(mentioned, least=2)
    return values


def answer_domain(answers: Answers, tests: Sequence[Test]) -> Domain | None:
    """What the answer to a question may be, where it is asked."""
    of_text = any(test.operator in _OF_TEXT for test in tests)
    if answers.kind is Kind.ONE:
        return [*(option.id for option in answers.options), None]
    if answers.kind is Kind.MANY:
        return _many_domain(answers, None if of_text else tests)
    if of_text:
        return None
    if answers.kind in (Kind.NUMBER, Kind.SCALE):
        bounds = [answers.minimum, answers.maximum]
        for each in answers.ranges:
            bounds += [each.start, each.stop]
        points = between([*_numbers(tests), *(bound for bound in bounds if bound is not None)])
        return [*(point for point in points if refusal(answers, point) is None), None]
    return _plain_values(tests)


def _many_domain(answers: Answers, tests: Sequence[Test] | None) -> Domain | None:
    mentioned = None if tests is None else {written(each) for each in _mentioned(tests)}
    ordinary = [option.id for option in answers.options if not option.not_applicable]
    named = [name for name in ordinary if mentioned is None or name in mentioned]
    rest = [name for name in ordinary if name not in named]
    if len(named) > MOST_LISTED:
        return None
    absent = [(option.id,) for option in answers.options if option.not_applicable]
    return [*_lists([*named, *rest[:1]], least=0), *absent, None]


def between(points: Iterable[float]) -> list[float]:
    """The points, one number between each two neighbours, one below all and one above all; 0 where there are none."""
    marks = sorted(set(points)) or [0.0]
    middles = [(low + high) / 2 for low, high in pairwise(marks)]
    return [*marks, *middles, marks[0] - 1.0, marks[-1] + 1.0]


def _plain_values(tests: Sequence[Test]) -> list[Value | None]:
    numbers = _numbers(tests)
    return [*_mentioned(tests), *(between(numbers) if numbers else ()), OTHER, None]


def _lists(values: Sequence[Scalar], least: int) -> list[tuple[Scalar, ...]]:
    return list(chain.from_iterable(combinations(values, size) for size in range(least, len(values) + 1)))


def _mentioned(tests: Sequence[Test]) -> list[Scalar]:
    found: dict[tuple[type, Scalar], None] = {}
    for test in tests:
        if test.operator not in (*ORDER_TESTS, "exists"):
            for operand in test.operand if isinstance(test.operand, tuple) else (test.operand,):
                found[type(operand), operand] = None
    return [value for _, value in found]


def _numbers(tests: Sequence[Test]) -> list[float]:
    operands = [
        operand for test in tests for operand in (test.operand if isinstance(test.operand, tuple) else (test.operand,))
    ]
    return [number for operand in operands if (number := number_of(operand)) is not None]


def could_hold(condition: Condition, known: Mapping[str, Value | None]) -> bool | None:
    """Whether a condition holds given what is known; None where it depends on a subject that is not."""
    if isinstance(condition, Test):
        return condition.passes(known[condition.subject]) if condition.subject in known else None
    parts = [could_hold(part, known) for part in condition.parts]
    match condition:
        case All():
            return False if False in parts else None if None in parts else True
        case AnyOf():
            return True if True in parts else None if None in parts else False
        case NoneOf():
            return False if True in parts else None if None in parts else True
