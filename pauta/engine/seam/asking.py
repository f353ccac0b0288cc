"""A criterion asked about a batch, and what it says checked before anybody believes it.

The same function asks in the engine's process and in a plugin's own. What is wrong with one call costs that call; what
is wrong with the answer as a whole costs the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from pauta.engine.contracts import CallCriterion
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.findings import Finding, Findings, Verdict, findings_of
from pauta.engine.problems import Place
from pauta.engine.seam.believing import plain_answer, plain_evidence, plain_rows, wrong_with
from pauta.engine.seam.discovery import Code
from pauta.engine.seam.loaded import PluginError, said
from pauta.engine.seam.own_thread import GivenUpError

RAISED: Final = "E604"
WRONG: Final = "E608"
_LAST: Final = int(max(Verdict))


@dataclass(frozen=True, slots=True)
class Fault:
    """What a criterion did wrong about some calls: how many, the first of them, and what it was there."""

    code: str
    rows: int
    first: int
    sentence: str
    place: Place | None = None


@dataclass(frozen=True)
class Asked:
    """What a criterion found, as far as it can be believed, and what was wrong with the rest."""

    findings: Findings
    fault: Fault | None = None


class _Wrong(NamedTuple):
    """What was wrong about one call."""

    code: str
    sentence: str
    place: Place | None


def ask(made: Any, batch: CallBatch, parts: Sequence[Findings], code: Code, *, trusted: bool = False) -> Asked:
    """What a criterion says about a batch; `parts` is what the parts of a composite found.

    Raises PluginError where it answers with something that is no answer about this batch, and whatever it raises.
    """
    wrong: dict[int, _Wrong] = {}
    lacking = {} if trusted else dict(_lacking(getattr(made, "needs", ()), batch))
    method: Any
    # what isinstance would ask of these protocols, at a tenth of its price: there may be many criteria, and one call
    if hasattr(made, "combine") and hasattr(made, "parts"):
        method, findings = made.combine, made.combine(batch, parts)
    elif hasattr(made, "answer_batch"):
        method, findings = made.answer_batch, made.answer_batch(batch)
    elif hasattr(made, "answer"):
        method, findings = made.answer, _one_by_one(made, batch, lacking, wrong, code)
    else:
        raise PluginError("it has neither answer(call) nor answer_batch(batch)")
    wrong_whole = _wrong_as_a_whole(findings, batch.size)
    if wrong_whole is not None:
        raise PluginError(wrong_whole, code.place_of_function(method))
    if trusted:
        return Asked(findings)
    place = code.place_of_function(method)
    findings = _about_rows(findings, batch.size, place)
    if method.__name__ != "answer":  # call by call they were looked at one by one
        for row in _rows_that_say_something(findings):
            call = batch.calls[row] if row < len(batch.calls) else None
            sentence = None if row in lacking else wrong_with(findings[row], call)
            if sentence:
                wrong[row] = _Wrong(WRONG, sentence, place)
    return Asked(_believed(findings, lacking, wrong), _fault_of(wrong))


def _lacking(needs: Sequence[str], batch: CallBatch) -> Iterator[tuple[int, str]]:
    """The calls in which something that a criterion needs is absent, and what."""
    for row, call in enumerate(batch.calls if needs else ()):
        absent = [each for each in needs if not (call.turns if each == "turns" else call.value(each) is not None)]
        if absent:
            yield row, f"the call has no {' and no '.join(absent)}"


def _one_by_one(
    made: CallCriterion, batch: CallBatch, lacking: Mapping[int, str], wrong: dict[int, _Wrong], code: Code
) -> Findings:
    """What a criterion says about each call; a call that makes it fail is unverified, the others are not touched."""
    if batch.size and not batch.calls:
        raise PluginError("it must be asked call by call, and this batch holds no records of calls")
    unknown = Finding(Verdict.UNVERIFIED)
    findings = []
    for row, call in enumerate(batch.calls):
        finding: object = unknown
        try:
            finding = unknown if row in lacking else made.answer(call)
            sentence = wrong_with(finding, call)
            if sentence:
                wrong[row] = _Wrong(WRONG, sentence, code.place_of_function(made.answer))
        except (GivenUpError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a plugin may raise anything
            wrong[row] = _Wrong(RAISED, f"the criterion failed on this call: {said(error)}", code.place_of(error))
        findings.append(unknown if row in wrong or not isinstance(finding, Finding) else finding)
    return findings_of(findings)


def _wrong_as_a_whole(findings: object, rows: int) -> str | None:
    """Why findings are not about this batch at all."""
    if not isinstance(findings, Findings):
        return f"it answered with {type(findings).__name__}, not Findings"
    verdicts = np.asarray(findings.verdicts)
    if verdicts.shape != (rows,):
        about = f"{len(verdicts)} calls" if verdicts.ndim == 1 else f"an array of shape {verdicts.shape}"
        return f"it answered about {about}, and there are {rows}"
    if verdicts.dtype.kind not in "iu":
        return f"its verdicts are of type {verdicts.dtype}, and each must be one of Verdict"
    if rows and ((verdicts.dtype.kind == "i" and verdicts.min() < 0) or verdicts.max() > _LAST):
        return "it answered with a verdict that does not exist"
    return None


def _about_rows(findings: Findings, rows: int, place: Place | None) -> Findings:
    """Findings whose maps have rows of the batch as keys, as plain numbers."""
    maps: dict[str, Mapping[int, Any]] = {}
    for name in ("answers", "evidence", "reasons"):
        found = plain_rows(getattr(findings, name), rows)
        if found is None:
            raise PluginError(f"its {name} are not a map from rows, 0 to {rows - 1}", place)
        maps[name] = found
    maps["evidence"] = {
        row: places if isinstance(places, tuple | list) else (places,) for row, places in maps["evidence"].items()
    }
    return Findings(np.array(findings.verdicts, dtype=np.uint8), **maps)


def _rows_that_say_something(findings: Findings) -> list[int]:
    """The rows with more than a verdict."""
    answered = np.flatnonzero(findings.verdicts == Verdict.ANSWER).tolist()
    return sorted({*answered, *findings.reasons, *findings.evidence})


def _believed(findings: Findings, lacking: Mapping[int, str], wrong: Mapping[int, _Wrong]) -> Findings:
    """What can be believed; the rest is unverified with the reason."""
    told = {**lacking, **{row: each.sentence for row, each in wrong.items()}}
    verdicts = findings.verdicts
    verdicts[list(told)] = Verdict.UNVERIFIED
    answers = {row: answer for row, answer in findings.answers.items() if verdicts[row] == Verdict.ANSWER}
    evidence = {row: places for row, places in findings.evidence.items() if row not in told and places}
    reasons = {row: reason for row, reason in findings.reasons.items() if row not in told and reason}
    return Findings(
        verdicts,
        {row: plain_answer(answer) for row, answer in answers.items()},
        {row: tuple(map(plain_evidence, places)) for row, places in evidence.items()},
        {row: str(reason) for row, reason in sorted({**reasons, **told}.items())},
    )


def _fault_of(wrong: Mapping[int, _Wrong]) -> Fault | None:
    if not wrong:
        return None
    first = min(wrong)
    return Fault(wrong[first].code, len(wrong), first, wrong[first].sentence, wrong[first].place)
