"""The criteria of a plan run over a batch: one that fails costs its own question, never another's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from pauta.engine.evaluation.binding import BoundCriterion
from pauta.engine.evaluation.cells import Coding, RefusedError, State
from pauta.engine.evaluation.plan import Plan
from pauta.engine.host import LoadedPlugin, PluginError
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.findings import Findings, Verdict
from pauta.engine.problems import Place, Problem
from pauta.engine.seam.asking import Asked, Fault, ask
from pauta.engine.seam.isolation import Isolated
from pauta.engine.seam.read_only import batch_for_plugin, findings_for_plugin

_ANSWER: Final = int(Verdict.ANSWER)


def found(
    plan: Plan, batch: CallBatch, problems: list[Problem], *, waiting: bool, only: int | None = None
) -> dict[int, Findings]:
    """What the criteria find, by position of their question.

    waiting: False runs those that ask about the call alone; True runs the one at position `only`, once the answers it
    asks about are known.
    """
    if only is not None:
        return {only: _by_itself(plan, only, batch, problems)}
    said, answering = _at_once(plan, batch)
    found = {}
    for column, criterion in plan.criteria.items():
        if column in said and column not in answering:
            found[column] = said[column]
        elif column in said:
            found[column] = _answerable(criterion, said[column], plan.codings[column], batch, problems)
        elif waiting or not criterion.waits:
            found[column] = _by_itself(plan, column, batch, problems)
    return found


def _by_itself(plan: Plan, column: int, batch: CallBatch, problems: list[Problem]) -> Findings:
    criterion = plan.criteria[column]
    return _answerable(criterion, _findings(criterion, batch, problems), plan.codings[column], batch, problems)


def _at_once(plan: Plan, batch: CallBatch) -> tuple[Mapping[int, Findings], Collection[int]]:
    """What simple criteria say, and which of them give answers of their own; nothing where anything is the matter.

    It comes to the same as asking and checking one by one, which for one call takes longer than the answers do.
    """
    try:
        said = {column: made.answer_batch(batch) for column, made in plan.simple_criteria.items()}
    except Exception:  # asked one by one, they say what it was
        return {}, ()
    verdicts = [findings.verdicts for findings in said.values() if type(findings) is Findings]
    for each in verdicts:
        if type(each) is not np.ndarray or each.dtype != np.uint8 or each.shape != (batch.size,):
            return {}, ()
    highest = int(np.concatenate(verdicts).max(initial=0)) if verdicts else 0
    if len(verdicts) < len(said) or highest > _ANSWER:
        return {}, ()
    own = highest == _ANSWER
    return said, [column for column, each in said.items() if (each.verdicts == _ANSWER).any()] if own else ()


def _findings(criterion: BoundCriterion, batch: CallBatch, problems: list[Problem]) -> Findings:
    if criterion.failure is not None or criterion.plugin is None:
        return unverified(batch.size, criterion.failure or "")
    parts = [_findings(part, batch, problems) for part in criterion.parts]
    try:
        asked = _asked(criterion, criterion.plugin, batch, parts)
    except PluginError as error:
        problems.append(error.problem or _failed(criterion, error))
        return unverified(batch.size, f"criterion '{criterion.use.name}' failed: {error.reason}")
    if asked.fault is not None:
        problems.append(_failed_on_some(criterion, asked.fault, batch))
    return asked.findings


def _asked(criterion: BoundCriterion, plugin: LoadedPlugin, batch: CallBatch, parts: Sequence[Findings]) -> Asked:
    """What a criterion says: asked directly where it is built in, else under watch or in its own process."""
    made = criterion.made
    if plugin.built_in:
        return plugin.run(lambda: ask(made, batch, parts, plugin.code, trusted=True), "")
    if isinstance(made, Isolated):
        return made.asked(batch, parts)
    seen, seen_parts = batch_for_plugin(batch, plugin.name), findings_for_plugin(parts)
    doing = f"question '{criterion.question.id}' of {batch.size} calls"
    return plugin.run(lambda: ask(made, seen, seen_parts, plugin.code), doing, calls=batch.size)


def _failed(criterion: BoundCriterion, error: PluginError) -> Problem:
    message = f"{criterion} failed: {error.reason} ({criterion.plugin})"
    return Problem("E603", message, error.place, _hint(criterion.use.at))


def _failed_on_some(criterion: BoundCriterion, fault: Fault, batch: CallBatch) -> Problem:
    """One problem for all the calls of a batch."""
    message = f"{criterion} failed on {_which(fault.rows, fault.first, batch)}: {fault.sentence} ({criterion.plugin})"
    return Problem(fault.code, message, fault.place, _hint(criterion.use.at))


def _which(rows: int, first: int, batch: CallBatch) -> str:
    call = f"call '{batch.calls[first].call_id}'" if batch.calls else f"row {first}"
    return f"{rows} of {batch.size} calls, {call} the first of them" if batch.size > 1 else call


def _hint(at: Place | None) -> str:
    return f"the question is unverified there; the card uses it at {at}" if at else "the question is unverified there"


def _answerable(
    criterion: BoundCriterion, findings: Findings, coding: Coding, batch: CallBatch, problems: list[Problem]
) -> Findings:
    """The findings with answers that the question has; a call with another one is unverified."""
    own = findings.verdicts == _ANSWER
    if not own.any():
        return findings
    refused: dict[int, RefusedError] = {}
    for row in np.flatnonzero(own).tolist():
        try:
            if coding.read(findings.answers.get(row, "")) is State.MISSING:
                raise RefusedError(f"{findings.answers.get(row)!r} is no answer of question '{criterion.question.id}'")
        except RefusedError as error:
            refused[row] = error
    if not refused:
        return findings
    first = min(refused)
    which = _which(len(refused), first, batch)
    message = f"{criterion} has no answer for {which}: {refused[first].sentence} ({criterion.plugin})"
    problems.append(Problem("E605", message, _written_at(criterion), refused[first].hint or _hint(criterion.use.at)))
    verdicts = findings.verdicts.copy()
    verdicts[list(refused)] = Verdict.UNVERIFIED
    reasons = {row: f"criterion '{criterion.use.name}': {error.sentence}" for row, error in refused.items()}
    return replace(findings, verdicts=verdicts, reasons={**findings.reasons, **reasons})


def _written_at(criterion: BoundCriterion) -> Place | None:
    """Where a criterion is written."""
    if isinstance(criterion.made, Isolated):
        return criterion.made.place
    return criterion.plugin.code.place_of_function(type(criterion.made)) if criterion.plugin else None


def unverified(rows: int, reason: str) -> Findings:
    """Findings that could not tell, for one reason."""
    return Findings(np.full(rows, Verdict.UNVERIFIED, dtype=np.uint8), reasons=dict.fromkeys(range(rows), reason))
