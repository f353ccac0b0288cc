"""`timing`: measure how a call went by the clock, and say whether the measure keeps to its bounds.

Dead air, talking over the customer and slow answers are felt by every caller and heard by no phrase. `timing` takes
them from the times of the turns; it needs no words, so it works in any language.

    criterion: {timing: {measure: longest_silence, at_most: 8 s}}     met: nobody waits for more than 8 seconds
    criterion: {timing: {measure: agent_interruptions, at_most: 2}}   not met: the agent starts to speak three times
                                                                      while the customer is speaking
    criterion: {timing: {measure: talk_share}}                        no bounds: the number is the answer, 0.43

What is measured, in seconds unless said otherwise, between the first and the last spoken moment:

    duration               `duration_s` of the record; where it gives none, last spoken moment - first spoken moment
    longest_silence        the longest time in which nobody speaks
    silence                the time in which nobody speaks
    silence_share          silence / (last spoken moment - first spoken moment), 0 to 1
    talk_share             the agent's talk / the sum of every speaker's talk, 0 to 1
    overlap                the time in which two or more speakers speak
    agent_interruptions    how often the agent starts to speak strictly inside a turn of the customer (a count)
    customer_interruptions how often the customer starts to speak strictly inside a turn of the agent (a count)
    response_delay         the mean time from the end of what the customer said to the agent's answer
    hold                   `metrics.hold_s` of the record

Every turn counts as speech, whoever the speaker is (an announcement by `system` breaks a silence and is talk) and
whatever its text. One speaker's overlapping turns count once: their union is that speaker's talk, and a turn that
starts while its own speaker is already speaking begins no interruption. An agent's turn answers the customer where, of
the turns that began before it, one of the customer's ended last; an answer that starts before the customer has ended
counts as a delay of 0, for nobody waited. Numbers are rounded to the microsecond (six decimals, shares too), so that
0.3 s measured meets a bound of 0.3 s.

Unverified: a call without turns, a turn without `start` or `end` (or one that ends before it starts), a share of no
time, no answer to the customer, a record without hold_s. Evidence: the longest silence for the three silences, the
interrupting turns, the stretches of overlap, the longest delay.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from pauta import CallBatch, Evidence, Findings, Problem, ProblemsFound, Question, Verdict, hookimpl
from pauta.plugins.criteria.speech import (
    AGENT,
    CUSTOMER,
    Speech,
    first_at_once,
    latest_before,
    latest_so_far,
    overlap_of,
    speech_of,
    talk_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DECIMALS: Final = 6
DURATION_PATTERN: Final = r"^[0-9]+([.,][0-9]+)? ?(s|min|h)$"
_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}

LABELS: Final = {
    "duration": "duration of the call",
    "longest_silence": "longest silence",
    "silence": "silence",
    "silence_share": "share of silence",
    "talk_share": "the agent's share of the talk",
    "overlap": "time in which two or more speak",
    "agent_interruptions": "interruptions by the agent",
    "customer_interruptions": "interruptions by the customer",
    "response_delay": "mean delay of the agent's answers",
    "hold": "time on hold",
}
SHARES: Final = ("silence_share", "talk_share")
COUNTS: Final = ("agent_interruptions", "customer_interruptions")
_BOUND: Final = {
    "type": ["number", "string"],
    "minimum": 0,
    "pattern": DURATION_PATTERN,
    "patternErrorMessage": "seconds are a number, or written 8 s, 2 min or 1 h",
}


def seconds_of(written: object) -> float:
    """The seconds of a duration as cards write it, `20 s`, `1,5 min`, `1 h`; a number is seconds already."""
    if isinstance(written, int | float):
        return float(written)
    number, unit = re.findall(r"[0-9.,]+|[a-z]+", str(written))
    return float(number.replace(",", ".")) * _SECONDS[unit]


class Timing:
    """Measures a call by the clock: silence, talk, overlap, interruptions, delays, hold."""

    name: ClassVar[str] = "timing"
    purpose: ClassVar[str] = "Measure silence, talk, interruptions, delays, hold or duration, and hold it to bounds."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "required": ["measure"],
        "additionalProperties": False,
        "properties": {
            "measure": {"enum": list(LABELS), "description": "What is measured."},
            "at_most": {**_BOUND, "description": "Met up to this: seconds (`8`, `8 s`, `2 min`), a count, a share."},
            "at_least": {**_BOUND, "description": "Met from this on: seconds (`8`, `8 s`, `2 min`), a count, a share."},
        },
        "allOf": [
            {
                "if": {"properties": {"measure": {"enum": list(SHARES)}}},
                "then": {"properties": {bound: {"type": "number", "maximum": 1} for bound in ("at_most", "at_least")}},
            },
            {
                "if": {"properties": {"measure": {"enum": list(COUNTS)}}},
                "then": {"properties": {bound: {"type": "number"} for bound in ("at_most", "at_least")}},
            },
        ],
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        self._measure = str(options["measure"])
        self._low = seconds_of(options["at_least"]) if "at_least" in options else -math.inf
        self._high = seconds_of(options["at_most"]) if "at_most" in options else math.inf
        self._asked = "".join(
            f"; {bound.replace('_', ' ')} {self._shown(limit)}"
            for bound, limit in (("at_least", self._low), ("at_most", self._high))
            if bound in options
        )
        if self._low > self._high:
            message = f"timing of {self._measure} asks for at least {self._low:g} and at most {self._high:g}"
            raise ProblemsFound([Problem("E361", message, None, "no number is both; exchange or mend the bounds")])

    def answer_batch(self, batch: CallBatch) -> Findings:
        """Measure every call of a batch."""
        import numpy as np

        measured = _measured(self._measure, batch)
        values = np.round(measured.values, DECIMALS)
        known = ~np.isnan(values)
        reasons = {int(row): measured.reason(int(row)) for row in np.flatnonzero(~known)}
        label = LABELS[self._measure]
        for row, value in zip(np.flatnonzero(known).tolist(), values[known].tolist()):
            reasons[row] = f"{label}: {self._shown(value)}{self._asked}"
        if not self._asked:
            verdicts = np.where(known, Verdict.ANSWER, Verdict.UNVERIFIED).astype(np.uint8)
            answers = dict(zip(np.flatnonzero(known).tolist(), values[known].tolist()))
            return Findings(verdicts, answers, measured.evidence, reasons)
        kept = np.where((self._low <= values) & (values <= self._high), Verdict.MET, Verdict.NOT_MET)
        verdicts = np.where(known, kept, Verdict.UNVERIFIED).astype(np.uint8)
        return Findings(verdicts, {}, measured.evidence, reasons)

    def _shown(self, value: float) -> str:
        if self._measure in SHARES:
            return f"{_plain(100 * value, 4)} %"
        return _plain(value, DECIMALS) + ("" if self._measure in COUNTS else " s")


def _plain(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Measured:
    """One measure of a batch. values: (rows,) float64, NaN where it is not known; `reason` says why for such a row."""

    values: NDArray[np.float64]
    reason: Callable[[int], str]
    evidence: Mapping[int, tuple[Evidence, ...]] = field(default_factory=dict)


def _measured(measure: str, batch: CallBatch) -> Measured:
    if measure == "hold":
        return Measured(_numbers(batch, "call.metrics.hold_s"), lambda row: "the record has no metrics.hold_s")
    speech = speech_of(batch)
    if measure == "duration":
        return _duration(batch, speech)
    return _MEASURES[measure](speech)


def _duration(batch: CallBatch, speech: Speech) -> Measured:
    import numpy as np

    recorded = _numbers(batch, "call.duration_s")
    values = np.where(np.isnan(recorded), speech.span(), recorded)
    return Measured(values, lambda row: f"the record has no duration_s, and {speech.untimed(row)}")


def _numbers(batch: CallBatch, subject: str) -> NDArray[np.float64]:
    """(rows,) float64: what the records say under a subject, NaN where that is no number of 0 or more."""
    import numpy as np

    column = batch.subject(subject)
    if hasattr(column, "column"):
        distinct = np.array([_number(value) for value in column.column.values], dtype=np.float64)
        values = distinct[column.column.codes]
    else:
        values = column.values
    return np.where(np.isfinite(values) & (values >= 0), values, np.nan)


def _number(value: object) -> float:
    try:
        return math.nan if isinstance(value, bool) else float(str(value).strip().replace(",", "."))
    except ValueError:
        return math.nan


def _gaps(speech: Speech) -> tuple[NDArray[np.float64], dict[int, tuple[Evidence, ...]], NDArray[np.float64]]:
    """Silence before each turn, the longest silence of each call as evidence, and as (rows,) seconds."""
    import numpy as np

    before = latest_before(speech.end, speech.place)
    gaps = np.where(speech.place > 0, np.maximum(speech.start - before, 0.0), 0.0)
    longest = np.maximum.reduceat(gaps, speech.first) if len(speech.first) else np.zeros(0)
    spread = speech.per_call(longest)
    at = np.flatnonzero((gaps > 0) & (gaps == spread[speech.row]))
    rows, once = np.unique(speech.row[at], return_index=True)
    at = at[once]
    return gaps, _stretches(rows, before[at], speech.start[at]), spread


def _stretches(
    rows: NDArray[np.int64], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> dict[int, tuple[Evidence, ...]]:
    """Stretches of time without words as evidence, by row."""
    found: dict[int, list[Evidence]] = {}
    for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist()):
        found.setdefault(row, []).append(Evidence(from_s=start, to_s=end))
    return {row: tuple(places) for row, places in found.items()}


def _longest_silence(speech: Speech) -> Measured:
    _, evidence, longest = _gaps(speech)
    return Measured(longest, speech.untimed, evidence)


def _silence(speech: Speech) -> Measured:
    gaps, evidence, _ = _gaps(speech)
    return Measured(speech.by_call(gaps), speech.untimed, evidence)


def _silence_share(speech: Speech) -> Measured:
    gaps, evidence, _ = _gaps(speech)
    return Measured(_share(speech.by_call(gaps), speech.span()), _no_time(speech), evidence)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    shares: NDArray[np.float64] = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return shares


def _no_time(speech: Speech) -> Callable[[int], str]:
    return lambda row: "nobody speaks for any time" if speech.timed[row] else speech.untimed(row)


def _talk_share(speech: Speech) -> Measured:
    import numpy as np

    talk, who = talk_of(speech)
    lengths = talk.end - talk.start
    agents = speech.by_call(np.where(who == AGENT, lengths, 0.0), talk.row)
    return Measured(_share(agents, speech.by_call(lengths, talk.row)), _no_time(speech))


def _overlap(speech: Speech) -> Measured:
    talk, _ = talk_of(speech)
    over = overlap_of(talk)
    together = speech.by_call(over.end - over.start, over.row)
    return Measured(together, speech.untimed, _stretches(over.row, over.start, over.end))


def _interruptions(speech: Speech, speaker: int, other: int) -> Measured:
    import numpy as np

    theirs = latest_before(np.where(speech.who == other, speech.end, -np.inf), speech.place)[first_at_once(speech)]
    own = latest_before(np.where(speech.who == speaker, speech.end, -np.inf), speech.place)
    interrupts = (speech.who == speaker) & (theirs > speech.start) & ~(own > speech.start)
    evidence: dict[int, list[Evidence]] = {}
    at = np.flatnonzero(interrupts)
    for row, number in zip(speech.row[at].tolist(), speech.turn[at].tolist()):
        text, start, end = speech.place_of(row, number)
        place = Evidence(number, 0, len(text), text, start, end)
        evidence.setdefault(row, []).append(place)
    counts = speech.by_call(interrupts.astype(np.float64))
    return Measured(counts, speech.untimed, {row: tuple(places) for row, places in evidence.items()})


def _response_delay(speech: Speech) -> Measured:
    import numpy as np

    members = np.arange(len(speech.row))
    ends_last = speech.end == latest_so_far(speech.end, speech.place)
    heard_last = np.maximum.accumulate(np.where(ends_last, members, 0))
    at_once = first_at_once(speech)
    previous = heard_last[at_once - 1]
    answers = (speech.who == AGENT) & (speech.place[at_once] > 0) & (speech.who[previous] == CUSTOMER)
    delays = np.where(answers, np.maximum(speech.start - speech.end[previous], 0.0), 0.0)
    means = _share(speech.by_call(delays), speech.by_call(answers.astype(np.float64)))
    longest = speech.per_call(np.maximum.reduceat(delays, speech.first) if len(speech.first) else np.zeros(0))
    at = np.flatnonzero((delays > 0) & (delays == longest[speech.row]))
    rows, once = np.unique(speech.row[at], return_index=True)
    at = at[once]
    evidence = _stretches(rows, speech.end[previous[at]], speech.start[at])

    def reason(row: int) -> str:
        return "the agent never answers the customer" if speech.timed[row] else speech.untimed(row)

    return Measured(means, reason, evidence)


_MEASURES: Final[Mapping[str, Callable[[Speech], Measured]]] = {
    "longest_silence": _longest_silence,
    "silence": _silence,
    "silence_share": _silence_share,
    "talk_share": _talk_share,
    "overlap": _overlap,
    "agent_interruptions": lambda speech: _interruptions(speech, AGENT, CUSTOMER),
    "customer_interruptions": lambda speech: _interruptions(speech, CUSTOMER, AGENT),
    "response_delay": _response_delay,
}


@hookimpl
def register_criteria(register: Callable[[type[Timing]], None]) -> None:
    """Offer the criterion."""
    register(Timing)
