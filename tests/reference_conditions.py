"""The conditions of the plain scorer: section 5 of SCORECARD.md, asked of one evaluation at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Data = Mapping[str, Any]
_DECIMAL = re.compile(r"\s*[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?\s*\Z", re.ASCII)


def written(value: Any) -> str:
    """A word, or a number as it was written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = getattr(value, "text", None)
    if text is not None:
        return text
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def exact(value: Any) -> Fraction | None:
    """A number, or text that is one (`'12'`, `'1,5'`), as the decimal a person reads; None for anything else."""
    if isinstance(value, bool) or value is None or isinstance(value, list | tuple | Mapping):
        return None
    if isinstance(value, Fraction):
        return value
    text = getattr(value, "text", None) or str(value)
    return Fraction(text.strip().replace(",", ".")) if _DECIMAL.match(text) else None


@dataclass(frozen=True)
class Values:
    """What the subjects of a condition are; None is absent."""

    call: Data
    answer: Callable[[str], Any]
    subjects: Data = field(default_factory=dict)

    def __getitem__(self, subject: str) -> Any:
        if subject in self.subjects:
            return self.subjects[subject]
        kind, _, name = subject.partition(".")
        if kind == "answer":
            return self.answer(name)
        here: Any = self.call
        for step in name.split("."):
            here = here.get(step) if isinstance(here, Mapping) else None
        return here


def holds(condition: Data, values: Values) -> bool:
    """A map: every entry holds."""
    for subject, test in condition.items():
        match subject:
            case "all":
                held = all(holds(part, values) for part in test)
            case "any":
                held = any(holds(part, values) for part in test)
            case "none":
                held = not any(holds(part, values) for part in test)
            case _:
                held = passes(test, values[subject])
        if not held:
            return False
    return True


def passes(test: Any, value: Any) -> bool:
    """A plain value (equal), a list (one of), or a map of tests that all hold."""
    if isinstance(test, list | tuple):
        test = {"in": test}
    if not isinstance(test, Mapping):
        test = {"is": test}
    return all(passes_one(name, operand, value) for name, operand in test.items())


def passes_one(name: str, operand: Any, value: Any) -> bool:
    if name == "exists":
        return (value is not None) == operand
    if value is None:
        return False
    listed = isinstance(value, list | tuple)
    values = value if listed else [value]
    match name:
        case "is":
            return any(same(each, operand) for each in values)
        case "is_not":
            return not any(same(each, operand) for each in values)
        case "in":
            return any(same(each, one) for each in values for one in operand)
        case "not_in":
            return not any(same(each, one) for each in values for one in operand)
        case "contains":
            return any(written(operand).lower() in written(each).lower() for each in values)
        case "matches":
            return any(re.search(operand, written(each)) for each in values)
    left, right = exact(value), exact(operand)
    if listed or left is None or right is None:
        return False
    return {"at_least": left >= right, "at_most": left <= right, "above": left > right, "below": left < right}[name]


def same(value: Any, operand: Any) -> bool:
    """A number equals its text; words are compared as written."""
    if isinstance(value, bool) or isinstance(operand, bool):
        return written(value) == written(operand)
    if isinstance(value, str) and isinstance(operand, str):
        return value == operand
    left, right = exact(value), exact(operand)
    return left == right if left is not None and right is not None else written(value) == written(operand)
