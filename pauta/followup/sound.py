"""Whether what a plugin's rule or action returned can be kept: a night must not stop at what a stranger got wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from pauta.engine.model.followup import Duty, Exemplar, Notice, ProcessFinding, Raise

Check: TypeAlias = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _maybe_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(each, str) for each in value)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _maybe_number(value: Any) -> bool:
    return value is None or _number(value)


def _moment(value: Any) -> bool:
    """None, or a moment with its zone that can be told in UTC."""
    if value is None:
        return True
    if not isinstance(value, datetime) or value.tzinfo is None:
        return False
    try:
        return value.astimezone(UTC) is not None
    except OverflowError:
        return False


def _map(value: Any) -> bool:
    """A map that JSON can hold."""
    if not isinstance(value, Mapping):
        return False
    try:
        json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _figures(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_text(name) and _number(each) for name, each in value.items())


def _directions(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_text(name) and _flag(each) for name, each in value.items())


_SHAPES: Final[Mapping[type, Mapping[str, Check]]] = {
    Duty: {
        "kind": _text, "due": _moment, "owner": _texts, "form": _maybe_text, "about": _texts, "message": _text,
        "details": _map,
    },
    Notice: {
        "to": _texts, "message": _text, "via": _texts, "group_by": _texts, "every_s": _number,
        "repeat_s": _maybe_number, "unless": _texts, "messages": _map,
    },
    ProcessFinding: {
        "about": _text, "text": _text, "questions": _texts, "owner": _texts, "due": _moment,
        "verify_s": _maybe_number, "details": _map,
    },
    Exemplar: {"question": _maybe_text, "why": _text, "consent": _flag, "expires": _moment},
    Raise: {
        "reason": _text, "about": _text, "evaluations": _texts, "questions": _texts, "warning": _flag,
        "figures": _figures, "measures": _directions,
    },
}  # fmt: skip
ANSWERS: Final = {"opens": (Duty, Notice, ProcessFinding, Exemplar), "found": (Raise,)}
"""What the method of an action and that of a rule may return."""


def unsound(method: str, value: object) -> str | None:
    """What is wrong with one thing that a plugin's method returned; None where it can be kept."""
    kinds = ANSWERS[method]
    if not isinstance(value, kinds):
        return f"it returned {type(value).__name__}, not {' or '.join(each.__name__ for each in kinds)}"
    shape = next(_SHAPES[each] for each in kinds if isinstance(value, each))
    wrong = [name for name, check in shape.items() if not check(getattr(value, name, None))]
    return f"what it returned cannot be kept: {type(value).__name__}.{wrong[0]}" if wrong else None
