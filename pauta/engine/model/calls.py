"""Calls and the answers that people gave: one row for people to look at, columns for the engine to work on.

Turn, Call            one call record (DESIGN.md, "The call record")
Answer, HumanEvaluation   what one evaluator answered about one call
CallBatch             many rows to evaluate: each a call, with the answers of one person or of none
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from pauta.engine.model.answers import Answer, RawAnswer, columns_of
from pauta.engine.model.columns import Coded, Numbers, Subject, Words, coded
from pauta.engine.model.conditions import Value, plain, value_at
from pauta.engine.model.turns import Turns, turns_of
from pauta.engine.problems import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENGINE: Final = "engine"
"""The evaluator of an automatic evaluation."""

CALL_FIELDS: Final = (
    "call_id", "started_at", "duration_s", "agent", "team", "customer_segment", "call_type", "direction", "channel",
    "language", "metrics", "attributes",
)  # fmt: skip
"""The fields of a call record that conditions may ask about; `metrics` and `attributes` are the caller's own maps."""

SPEAKERS: Final = ("agent", "customer", "system", "other")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker said at a stretch. Times are seconds from the start of the call, None where not known."""

    speaker: str
    text: str
    start: float | None = None
    end: float | None = None
    sentiment: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as one agent handled it. Fields that the record does not give are None or empty."""

    call_id: str
    started_at: str | None = None
    duration_s: float | None = None
    agent: str | None = None
    team: str | None = None
    customer_segment: str | None = None
    call_type: str | None = None
    direction: str | None = None
    channel: str | None = None
    language: str | None = None
    metrics: Mapping[str, object] = field(default_factory=dict)
    attributes: Mapping[str, object] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    at: Place | None = None

    def value(self, path: str) -> Value | None:
        """What a condition sees under `call.<path>`; None where the record does not say."""
        name, _, rest = path.partition(".")
        if name == "metrics":
            return value_at(self.metrics, rest) if rest else None
        if name == "attributes":
            return value_at(self.attributes, rest) if rest else None
        return plain(getattr(self, name)) if name in CALL_FIELDS and not rest else None


@dataclass(frozen=True, slots=True)
class HumanEvaluation:
    """What one evaluator answered about one call, by question."""

    call_id: str
    scorecard: str | None
    evaluator: str
    answers: Mapping[str, Answer]
    version: str | None = None
    agent: str | None = None
    evaluated_at: str | None = None
    mode: str | None = None
    at: Place | None = None
    digest: str | None = None
    """The digest of the card that was filled in, where the record knows it."""


Note: TypeAlias = Answer
"""What stands beside a person's answer: comment, fault, time."""

_NOTHING: Final[Mapping[str, Answer]] = MappingProxyType({})
"""The answers of nobody."""


@dataclass
class CallBatch:
    """Rows to evaluate, held by column.

    answers: question id -> Coded of RawAnswer | None; None (and a question without a column) is not given. A column
    whose `values` are the plan's own vocabulary of that question (`Plan.vocabulary`) is used as it stands.
    automatic: (rows,) bool, rows without a person. notes: (row, question) -> comment, fault and time of an answer.
    subjects: `call.<path>` -> column, and turns: what was said, for callers that hold calls as columns and not as
    records; criteria ask for them by `subject` and `said`.
    """

    size: int
    calls: Sequence[Call] = ()
    answers: Mapping[str, Coded[Any]] = field(default_factory=dict)
    automatic: NDArray[np.bool_] | None = None
    evaluators: Sequence[str] = ()
    humans: Sequence[HumanEvaluation | None] = ()
    notes: Mapping[tuple[int, str], Note] = field(default_factory=dict)
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    turns: Turns | None = None
    _once: dict[Hashable, object] = field(default_factory=dict, repr=False)

    def subject(self, name: str) -> Subject:
        """The column of `call.<path>`, made from the records where it was not given."""
        if name in self.subjects:
            return self.subjects[name]
        return self.once(("subject", name), lambda: self._subject(name))

    def _subject(self, name: str) -> Subject:
        import numpy as np

        path = name.removeprefix("call.")
        if not self.calls:
            return Words(Coded(np.zeros(self.size, dtype=np.uint8), (None,)))
        return Words(coded(_values(self.calls, path)))

    def said(self) -> Turns:
        """The turns of all rows by column, made from the records where they were not given; rows without have none."""
        if self.turns is not None:
            return self.turns
        return self.once("turns", lambda: turns_of(self.calls or [Call("")] * self.size))

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value computed under a key, computed at the first request: several criteria share one pass this way."""
        if key not in self._once:
            self._once[key] = compute()
        return self._once[key]  # type: ignore[return-value]  # the key names one computation, so one type


def _values(calls: Sequence[Call], path: str) -> list[Value | None]:
    """`Call.value` of many calls: most fields are plain already."""
    name, _, rest = path.partition(".")
    held: Iterable[object]
    if name in ("metrics", "attributes") and rest and "." not in rest:
        maps = map(attrgetter(name), calls)
        held = (each.get(rest) if type(each) is dict else value_at(each, rest) for each in maps)
    elif name in CALL_FIELDS and not rest and name not in ("metrics", "attributes"):
        held = map(attrgetter(name), calls)
    else:
        return [call.value(path) for call in calls]
    return [each if each is None or type(each) is str else plain(each) for each in held]


def batch_of(calls: Sequence[Call], humans: Sequence[HumanEvaluation | None] = ()) -> CallBatch:
    """Calls (and for each the evaluation of a person, or None) as a batch; no person means automatic."""
    import numpy as np

    people: list[HumanEvaluation | None] = list(humans) if humans else [None] * len(calls)
    if len(people) != len(calls):
        raise ValueError(
            f"{len(calls)} calls with {len(people)} evaluations: there must be one (or None) for each call"
        )
    columns, notes = columns_of([human.answers if human else _NOTHING for human in people])
    return CallBatch(
        size=len(calls),
        calls=calls,
        answers=columns,
        automatic=np.array([human is None for human in people], dtype=np.bool_),
        evaluators=[human.evaluator if human else ENGINE for human in people],
        humans=people,
        notes=notes,
    )


__all__ = [
    "CALL_FIELDS", "ENGINE", "SPEAKERS", "Answer", "Call", "CallBatch", "HumanEvaluation", "Note", "Numbers",
    "RawAnswer", "Turn", "Turns", "batch_of",
]  # fmt: skip
