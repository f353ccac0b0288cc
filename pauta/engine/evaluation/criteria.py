"""The criteria of a plan run over a batch: one that fails costs its own question, never another's."""

from __future__ import annotations

import numpy as np

from pauta.engine.contracts import BatchCriterion, CallCriterion, CompositeCriterion
from pauta.engine.evaluation.plan import BoundCriterion, Plan
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.findings import Finding, Findings, Verdict, findings_of
from pauta.engine.problems import Problem


def found(
    plan: Plan, batch: CallBatch, problems: list[Problem], *, waiting: bool, only: int | None = None
) -> dict[int, Findings]:
    """What the criteria find, by position of their question.

    waiting: False runs those that ask about the call alone; True runs the one at position `only`, once the answers it
    asks about are known.
    """
    chosen = {only: plan.criteria[only]} if only is not None else plan.criteria
    return {
        column: _findings(criterion, batch, problems)
        for column, criterion in chosen.items()
        if waiting or not _waits(criterion)
    }


def _waits(criterion: BoundCriterion) -> bool:
    """Whether a criterion reads answers, and so must wait for them."""
    return any(
        subject.startswith("answer.")
        for each in criterion.walk()
        if hasattr(each.made, "reads")
        for subject in each.made.reads(each.use.options)
    )


def _findings(criterion: BoundCriterion, batch: CallBatch, problems: list[Problem]) -> Findings:
    if criterion.failure is not None:
        return unverified(batch.size, criterion.failure)
    try:
        return _checked(_run(criterion, batch, problems), batch.size)
    except Exception as error:  # a plugin may raise anything
        name, question = criterion.use.name, criterion.question.id
        reason = f"criterion '{name}' failed: {type(error).__name__}: {error}"
        problems.append(Problem("E603", f"question '{question}': {reason}", criterion.use.at))
        return unverified(batch.size, reason)


def _run(criterion: BoundCriterion, batch: CallBatch, problems: list[Problem]) -> Findings:
    made = criterion.made
    if isinstance(made, CompositeCriterion):
        return made.combine(batch, [_findings(part, batch, problems) for part in criterion.parts])
    if isinstance(made, BatchCriterion):
        return made.answer_batch(batch)
    if isinstance(made, CallCriterion):
        return findings_of([_one(made, batch, row) for row in range(batch.size)])
    raise TypeError("it has neither answer(call) nor answer_batch(batch)")


def _one(made: CallCriterion, batch: CallBatch, row: int) -> Finding:
    """What a criterion says about one call; a call that makes it fail is unverified, the others are not touched."""
    try:
        finding = made.answer(batch.calls[row])
    except Exception as error:  # a plugin may raise anything
        return Finding(Verdict.UNVERIFIED, f"the criterion failed on this call: {type(error).__name__}: {error}")
    if isinstance(finding, Finding):
        return finding
    return Finding(Verdict.UNVERIFIED, f"the criterion answered with {type(finding).__name__}, not a Finding")  # type: ignore[unreachable]


def _checked(findings: Findings, rows: int) -> Findings:
    if not isinstance(findings, Findings):
        raise TypeError(f"it answered with {type(findings).__name__}, not Findings")
    verdicts = np.asarray(findings.verdicts)
    if verdicts.shape != (rows,):
        raise ValueError(f"it answered about {verdicts.shape} calls of {rows}")
    if rows and (verdicts.min() < 0 or verdicts.max() > max(Verdict)):
        raise ValueError("it answered with a verdict that does not exist")
    return findings


def unverified(rows: int, reason: str) -> Findings:
    """Findings that could not tell, for one reason."""
    return Findings(np.full(rows, Verdict.UNVERIFIED, dtype=np.uint8), reasons=dict.fromkeys(range(rows), reason))
