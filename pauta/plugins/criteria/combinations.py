"""`all_of`, `any_of`, `none_of`: one answer from several criteria.

    criterion: {all_of: [{phrase: {any: [good morning]}}, {timing: {measure: longest_silence, at_most: 8 s}}]}
        met: the greeting is said and nobody waits; not met: the greeting is missing, whatever the silence is
    criterion: {any_of: [{phrase: {any: [anything else]}}, {condition: {call.attributes.transferred: true}}]}
        met: either will do; not met: neither is there
    criterion: {none_of: [{phrase: {any: [not my job]}}, {timing: {measure: hold, at_least: 2 min}}]}
        met: neither happened; not met: the first of them did

The options are a list of criteria, each written as under `criterion`, combinations and sequences too. What is not
applicable is left out; where all are, so is the whole. What is unverified (also a criterion that answers with a
number or an answer of its own, neither met nor not met) makes the whole unverified only where it could change the
result: an `all_of` with a part that is not met is not met, whatever else could not be heard. Evidence and reasons are
those of the parts that decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from pauta import CallBatch, Evidence, Finding, Findings, Question, Verdict, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CRITERION: Final[Mapping[str, object]] = {
    "type": ["object", "string"],
    "minProperties": 1,
    "maxProperties": 1,
    "description": "A criterion: `name: {options}`, or its bare name.",
}
"""The schema of a criterion inside another; the inner options are checked against the inner criterion's own schema."""


def part_from(written: object) -> Mapping[str, Mapping[str, object] | Sequence[object]]:
    """A criterion inside another as `{name: options}`, a bare name too."""
    if isinstance(written, Mapping):
        return {str(name): options if options is not None else {} for name, options in written.items()}
    return {str(written): {}}


def in_order(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Evidence in the order of the call, each once: by time where all of it has one, else by turn and place in it."""
    places = list(dict.fromkeys(evidence))
    if all(place.from_s is not None for place in places):
        return tuple(sorted(places, key=lambda place: (place.from_s or 0.0, place.turn or 0, place.start or 0)))
    return tuple(sorted(places, key=lambda place: (place.turn is None, place.turn or 0, place.start or 0)))


class _Combination:
    """What the three share: their parts, and how the parts that decided a row make its evidence and its reason."""

    options: ClassVar[Mapping[str, object]] = {
        "type": "array",
        "minItems": 1,
        "items": CRITERION,
        "description": "The criteria, each written as under `criterion`.",
    }

    def __init__(self, options: Sequence[object], question: Question) -> None:
        self._parts = [part_from(written) for written in options]
        self._names = [next(iter(part)) for part in self._parts]

    def parts(self) -> Sequence[Mapping[str, Mapping[str, object] | Sequence[object]]]:
        """The criteria inside."""
        return self._parts

    def _combined(self, parts: Sequence[Findings], decides: Verdict, then: Verdict, otherwise: Verdict) -> Findings:
        """Every row `then` where a part has the verdict `decides`, else `otherwise`, as far as the parts can tell."""
        import numpy as np

        each = np.array([part.verdicts for part in parts], dtype=np.uint8)
        unknown = ((each == Verdict.UNVERIFIED) | (each == Verdict.ANSWER)).any(axis=0)
        verdicts = np.full(each.shape[1], otherwise, dtype=np.uint8)
        verdicts[(each == Verdict.NOT_APPLICABLE).all(axis=0)] = Verdict.NOT_APPLICABLE
        verdicts[unknown] = Verdict.UNVERIFIED
        verdicts[(each == decides).any(axis=0)] = then
        evidence, reasons = self._why(parts, each, verdicts, then, decides)
        return Findings(verdicts, {}, evidence, reasons)

    def _why(
        self,
        parts: Sequence[Findings],
        each: NDArray[np.uint8],
        verdicts: NDArray[np.uint8],
        then: Verdict,
        decides: Verdict,
    ) -> tuple[dict[int, tuple[Evidence, ...]], dict[int, str]]:
        """Evidence and reason of every row, from the parts that decided it."""
        evidence: dict[int, tuple[Evidence, ...]] = {}
        reasons: dict[int, str] = {}
        for row, (verdict, own) in enumerate(zip(verdicts.tolist(), each.T.tolist())):
            if verdict == then:
                deciding = [n for n, one in enumerate(own) if one == decides]
            elif verdict == Verdict.UNVERIFIED:
                deciding = [n for n, one in enumerate(own) if one in (Verdict.UNVERIFIED, Verdict.ANSWER)]
            else:
                deciding = [n for n, one in enumerate(own) if one in (verdict, Verdict.MET, Verdict.NOT_MET)]
            reasons[row] = "; ".join(dict.fromkeys(reason_of(parts[n][row], self._names[n]) for n in deciding))
            places = in_order(place for n in deciding for place in parts[n].evidence.get(row, ()))
            if places:
                evidence[row] = places
        return evidence, reasons


def reason_of(part: Finding, name: str) -> str:
    """Why a part says what it says: its own reason where it gives one."""
    if part.verdict is Verdict.ANSWER:
        return f"{name} answers {part.answer}, which is neither met nor not met"
    return part.reason or f"{name}: {part.verdict.name.lower().replace('_', ' ')}"


class AllOf(_Combination):
    """Met where every criterion is met."""

    name: ClassVar[str] = "all_of"
    purpose: ClassVar[str] = "Met where every one of several criteria is met."

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """Not met where one is not met."""
        return self._combined(parts, Verdict.NOT_MET, Verdict.NOT_MET, Verdict.MET)


class AnyOf(_Combination):
    """Met where at least one criterion is met."""

    name: ClassVar[str] = "any_of"
    purpose: ClassVar[str] = "Met where at least one of several criteria is met."

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """Met where one is met."""
        return self._combined(parts, Verdict.MET, Verdict.MET, Verdict.NOT_MET)


class NoneOf(_Combination):
    """Met where no criterion is met."""

    name: ClassVar[str] = "none_of"
    purpose: ClassVar[str] = "Met where none of several criteria is met."

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """Not met where one is met."""
        return self._combined(parts, Verdict.MET, Verdict.NOT_MET, Verdict.MET)


@hookimpl
def register_criteria(register: Callable[[type[AllOf | AnyOf | NoneOf]], None]) -> None:
    """Offer the three."""
    for offered in (AllOf, AnyOf, NoneOf):
        register(offered)
