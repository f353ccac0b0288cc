"""Conditions of cards and operations: what SCORECARD.md section 5 calls a map of tests.

A condition is a tree of `All`, `AnyOf`, `NoneOf` over `Test`s. A test knows its subject (`call.call_type`,
`answer.greeting`, `score`) and whether a value passes it. There is no other meaning of a condition anywhere: batches
ask `Test.passes` once per distinct value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import regex

from pauta.engine.problems import Place

Scalar: TypeAlias = str | float | bool
Value: TypeAlias = Scalar | tuple[Scalar, ...]
"""What a subject may hold: a word, a number, a truth value, or a list of them. Absent is `None`, outside this type."""

TESTS: Final = (
    "is",
    "is_not",
    "in",
    "not_in",
    "at_least",
    "at_most",
    "above",
    "below",
    "exists",
    "contains",
    "matches",
)
ORDER_TESTS: Final = ("at_least", "at_most", "above", "below")
PATTERN_TIMEOUT_S: Final = 0.1
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one subject: `operator` is one of TESTS, `operand` what the card wrote."""

    subject: str
    operator: str
    operand: Value
    at: Place | None = None

    def passes(self, value: Value | None) -> bool:
        """Whether a value passes; `None` is absent and passes nothing but `exists: false`."""
        if self.operator == "exists":
            return (value is not None) is bool(self.operand)
        if value is None:
            return False
        values = value if isinstance(value, tuple) else (value,)
        match self.operator:
            case "is":
                return any(_same(each, self.operand) for each in values)
            case "is_not":
                return not any(_same(each, self.operand) for each in values)
            case "in":
                return any(_same(each, one) for each in values for one in _listed(self.operand))
            case "not_in":
                return not any(_same(each, one) for each in values for one in _listed(self.operand))
            case "contains":
                return any(_text(self.operand).casefold() in _text(each).casefold() for each in values)
            case "matches":
                return any(_found(_text(self.operand), _text(each)) for each in values)
        return not isinstance(value, tuple) and _in_order(self.operator, value, self.operand)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds (an empty one holds)."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """No part holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = All | AnyOf | NoneOf | Test


def tests_of(condition: Condition) -> Iterator[Test]:
    """Every test in a condition, in the order written."""
    if isinstance(condition, Test):
        yield condition
    else:
        for part in condition.parts:
            yield from tests_of(part)


def holds(condition: Condition, value_of: Callable[[str], Value | None]) -> bool:
    """Whether a condition holds for one thing, given the value of each subject (`None`: absent)."""
    match condition:
        case All(parts):
            return all(holds(part, value_of) for part in parts)
        case AnyOf(parts):
            return any(holds(part, value_of) for part in parts)
        case NoneOf(parts):
            return not any(holds(part, value_of) for part in parts)
        case Test():
            return condition.passes(value_of(condition.subject))


def number_of(value: object) -> float | None:
    """A finite number, or text that is one (`'12'`, `'1,5'`); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        number = float(value.strip().replace(",", "."))
        return number if math.isfinite(number) else None
    return None


def value_at(record: Mapping[str, object], path: str) -> Value | None:
    """The value a dotted path leads to in nested maps; None where there is none or where it is no plain value."""
    here: object = record
    for step in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(step)
    return plain(here)


def plain(value: object) -> Value | None:
    """A value as conditions see it: text, finite numbers, truth values and lists of them; anything else is absent."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return number_of(value)
    if isinstance(value, list | tuple):
        return tuple(each for each in map(plain, value) if each is not None and not isinstance(each, tuple))
    return None


def _listed(operand: Value) -> tuple[Scalar, ...]:
    return operand if isinstance(operand, tuple) else (operand,)


def _same(value: Scalar, operand: Value) -> bool:
    if isinstance(operand, tuple):
        return False
    if isinstance(value, bool) or isinstance(operand, bool):
        return _text(value) == _text(operand)
    if isinstance(value, str) and isinstance(operand, str):
        return value == operand
    left, right = number_of(value), number_of(operand)
    return left is not None and left == right


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _in_order(operator: str, value: Scalar, operand: Value) -> bool:
    left, right = number_of(value), number_of(operand)
    if left is None or right is None:
        return False
    match operator:
        case "at_least":
            return left >= right
        case "at_most":
            return left <= right
        case "above":
            return left > right
    return left < right


def _found(pattern: str, text: str) -> bool:
    try:
        return regex.search(pattern, text, timeout=PATTERN_TIMEOUT_S) is not None
    except TimeoutError:
        return False
