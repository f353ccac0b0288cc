"""Conditions over a finished result and its call, as the options of sinks write them: `when: {band: poor}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

from pauta.engine.loading.conditions import Subjects, condition_from
from pauta.engine.model.conditions import Value, holds, plain, value_at

NOTHING: Final[Mapping[str, object]] = {}
OF_THE_CALL: Final = ("call_id", "agent", "team", "call_type", "started_at")
"""What a result itself tells of its call."""


class Wants(Protocol):
    """Whether a result is wanted; of its call it also knows what is handed over."""

    def __call__(self, evaluation: Mapping[str, object], call: Mapping[str, object] = NOTHING) -> bool:
        """Ask about one result. call: what is stored of its call (its record without turns)."""
        ...


def wants_from(data: object) -> Wants:
    """Whether a result is wanted, by a condition over it and its call: everything that escalations may ask.

    Raises ProblemsFound where the condition is wrong.
    """
    condition = condition_from(data, subjects=Subjects(results=True))

    def wants(evaluation: Mapping[str, object], call: Mapping[str, object] = NOTHING) -> bool:
        return holds(condition, lambda subject: _value(evaluation, call, subject))

    return wants


def _value(record: Mapping[str, Any], call: Mapping[str, object], subject: str) -> Value | None:
    """What a result or its call says under a subject; None where they say nothing."""
    kind, _, name = subject.partition(".")
    match kind:
        case "call":
            found = value_at(call, name)
            return plain(record.get(name)) if found is None and name in OF_THE_CALL else found
        case "answer":
            given = _named(record.get("answers"), "question", name)
            return plain(given.get("answer")) if given.get("state") in ("answered", "not_applicable") else None
        case "section":
            return plain(_named(record.get("sections"), "section", name).get("score"))
        case "critical_errors" if name:
            return plain((record.get("critical_by_class") or {}).get(name, 0))
        case "unverified" | "missing":
            return float(len(record.get(kind) or ()))
    return plain(record.get(subject))


def _named(entries: object, key: str, name: str) -> Mapping[str, Any]:
    listed = cast(Sequence[Mapping[str, Any]], entries or ())
    return next((each for each in listed if each.get(key) == name), {})
