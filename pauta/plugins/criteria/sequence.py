"""`sequence`: this before that, and soon enough.

Order is what many rules are about: identify the customer before you open the account, apologise before you explain,
read the terms before you ask for consent. Each criterion alone would be met by the right words at the wrong moment.

    criterion: {sequence: {steps: [{phrase: {any: [your full name]}}, {phrase: {any: [your PIN]}}], within: 60 s}}
        met: "your full name" is said, and after it, at most 60 seconds later, "your PIN"
        not met: one of the two is missing, the PIN is asked for first, or the name two minutes before the PIN

Each step is a criterion; its evidence says where it was found, and every place counts, not only the first. A later
step begins at or after the end of the earlier one: in a later turn, or further on in the same turn; by time where a
place has no words (a silence). `within` runs from the start of the first step to the start of the last, so that it
also works for chats, which have no ends.

Not met where a step is not met, or where what was found stands in no such order. A step that is not applicable is left
out. Unverified, where it could change the result: a step that is unverified, one that is met without a place (as
`condition` is, and a phrase that must not be said), and `within` over turns without times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pauta import CallBatch, Evidence, Finding, Findings, Question, Verdict, findings_of, hookimpl
from pauta.plugins.criteria.combinations import CRITERION, in_order, part_from, reason_of
from pauta.plugins.criteria.timing import DECIMALS, DURATION_PATTERN, seconds_of


class InSequence:
    """Met where its steps are found in this order, and within a time if one is given."""

    name: ClassVar[str] = "sequence"
    purpose: ClassVar[str] = "Met where several criteria are found one after the other, within a time if one is given."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "required": ["steps"],
        "additionalProperties": False,
        "properties": {
            "steps": {
                "type": "array",
                "minItems": 2,
                "items": CRITERION,
                "description": "The criteria in the order in which they must be found, each as under `criterion`.",
            },
            "within": {
                "type": "string",
                "pattern": DURATION_PATTERN,
                "patternErrorMessage": "it is written 60 s, 2 min or 1 h",
                "description": "At most this long from the start of the first step to the start of the last: `60 s`.",
            },
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        steps = options["steps"]
        assert isinstance(steps, Sequence)
        self._parts = [part_from(written) for written in steps]
        self._names = [next(iter(part)) for part in self._parts]
        self._within = seconds_of(options["within"]) if "within" in options else None

    def parts(self) -> Sequence[Mapping[str, Mapping[str, object] | Sequence[object]]]:
        """The steps."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """Look for the steps in order, call by call."""
        return findings_of([self._found([part[row] for part in parts]) for row in range(batch.size)])

    def _found(self, steps: list[Finding]) -> Finding:
        missing = [n for n, step in enumerate(steps) if step.verdict is Verdict.NOT_MET]
        if missing:
            reasons = "; ".join(self._why(n, steps[n]) for n in missing)
            return Finding(Verdict.NOT_MET, reasons, in_order(place for n in missing for place in steps[n].evidence))
        asked = [n for n, step in enumerate(steps) if step.verdict is not Verdict.NOT_APPLICABLE]
        if not asked:
            return Finding(Verdict.NOT_APPLICABLE, "no step is applicable")
        placed = [n for n in asked if steps[n].verdict is Verdict.MET and steps[n].evidence]
        places = [steps[n].evidence for n in placed]
        if placed and not _chain(places, self._within, doubtful=True):
            ordered = _chain(places, None, doubtful=True)
            reason = f"the steps are found, but {'too far apart' if ordered else 'not in this order'}"
            return Finding(Verdict.NOT_MET, reason, in_order(each[0] for each in places))
        unplaced = [n for n in asked if n not in placed]
        if unplaced:
            return Finding(Verdict.UNVERIFIED, "; ".join(self._why(n, steps[n]) for n in unplaced))
        chain = _chain(places, self._within, doubtful=False)
        if not chain:
            return Finding(Verdict.UNVERIFIED, "the steps are found, but without the times that would tell")
        return Finding(Verdict.MET, f"{len(chain)} steps are found in this order", chain)

    def _why(self, n: int, step: Finding) -> str:
        """Why a step keeps the sequence from being met."""
        place = f"step {n + 1}"
        if step.verdict is Verdict.MET:
            return f"{place}: {self._names[n]} is met, but at no place in the call"
        return f"{place}: {reason_of(step, self._names[n])}"


@dataclass(frozen=True, slots=True)
class _Link:
    """A place as the last of a chain: the place, when the chain began, and the link before it."""

    place: Evidence
    began: float
    previous: _Link | None = None

    def chain(self) -> tuple[Evidence, ...]:
        """The places of the chain, the first one first."""
        return (*(self.previous.chain() if self.previous else ()), self.place)


def _chain(steps: Sequence[Sequence[Evidence]], within: float | None, *, doubtful: bool) -> tuple[Evidence, ...]:
    """One place of each step, each after the one before it; empty where there is no such chain.

    For every place of a step the chain that reaches it and began last is kept: if that one takes too long, all do.
    doubtful: whether what cannot be told for want of times counts as fitting.
    """
    unknown = math.inf if doubtful else -math.inf
    links = [_Link(place, unknown if place.from_s is None else place.from_s) for place in steps[0]]
    for step in steps[1:]:
        reached = []
        for place in step:
            before = [link for link in links if _follows(place, link.place, doubtful)]
            if before:
                best = max(before, key=lambda link: link.began)
                reached.append(_Link(place, best.began, best))
        links = reached
    for link in links:
        start = -unknown if link.place.from_s is None else link.place.from_s
        if within is None or link.previous is None or round(start - link.began, DECIMALS) <= within:
            return link.chain()
    return ()


def _follows(later: Evidence, earlier: Evidence, doubtful: bool) -> bool:
    """Whether a place begins at or after the end of another."""
    if later.turn is not None and earlier.turn is not None:
        if later.turn != earlier.turn:
            return later.turn > earlier.turn
        return later.start is not None and earlier.stop is not None and later.start >= earlier.stop
    end = earlier.from_s if earlier.to_s is None else earlier.to_s
    return doubtful if later.from_s is None or end is None else later.from_s >= end


@hookimpl
def register_criteria(register: Callable[[type[InSequence]], None]) -> None:
    """Offer the criterion."""
    register(InSequence)
