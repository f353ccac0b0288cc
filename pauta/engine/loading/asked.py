"""Conditions over a finished result, as the options of sinks write them: `when: {band: poor}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from pauta.engine.loading.conditions import Subjects, condition_from
from pauta.engine.model.conditions import Value, holds, plain, tests_of
from pauta.engine.problems import Problem, ProblemsFound

OF_THE_CALL: Final = ("call_id", "agent", "team", "call_type", "started_at")
"""What a result tells of its call."""


def wants_from(data: object) -> Callable[[Mapping[str, object]], bool]:
    """Whether a result is wanted, by a condition over it: everything that escalations may ask of a result.

    Raises ProblemsFound where the condition is wrong, or asks for what a result does not tell of its call.
    """
    condition = condition_from(data, subjects=Subjects(results=True))
    for test in tests_of(condition):
        kind, _, name = test.subject.partition(".")
        if kind == "call" and name not in OF_THE_CALL:
            hint = f"of the call it knows {', '.join(OF_THE_CALL)}"
            what = f"a sink's `when` asks for {test.subject}, which a result does not hold"
            raise ProblemsFound([Problem("E632", what, test.at, hint)])
    return lambda record: holds(condition, lambda subject: _value(record, subject))


def _value(record: Mapping[str, Any], subject: str) -> Value | None:
    """What a result says under a subject; None where it says nothing."""
    kind, _, name = subject.partition(".")
    match kind:
        case "call":
            return plain(record.get(name))
        case "answer":
            given = _named(record.get("answers"), "question", name)
            return plain(given.get("answer")) if given.get("state") in ("answered", "not_applicable") else None
        case "section":
            return plain(_named(record.get("sections"), "section", name).get("score"))
        case "critical_errors" if name:
            return plain((record.get("critical_by_class") or {}).get(name))
        case "unverified" | "missing":
            return float(len(record.get(kind) or ()))
    return plain(record.get(subject))


def _named(entries: object, key: str, name: str) -> Mapping[str, Any]:
    listed = cast(Sequence[Mapping[str, Any]], entries or ())
    return next((each for each in listed if each.get(key) == name), {})
