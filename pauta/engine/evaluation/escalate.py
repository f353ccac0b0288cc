"""Which escalations a result raises: conditions over the result, or a plugin's rule. Nothing while incomplete."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.conditions import where
from pauta.engine.evaluation.plan import Plan
from pauta.engine.model.columns import Coded, Numbers, Subject, Words
from pauta.engine.model.results import UNKNOWN, Results, Status
from pauta.engine.model.scorecard import Escalation, Harm
from pauta.engine.problems import Problem
from pauta.engine.seam.loaded import reason_of


def escalate(plan: Plan, results: Results) -> tuple[Mapping[str, NDArray[np.bool_]], list[Problem]]:
    """Escalation id -> (rows,) bool, where it is raised; and the rules that failed."""
    problems: list[Problem] = []
    complete = results.status != Status.INCOMPLETE
    fired = {
        escalation.id: _raised(plan, escalation, results, problems) & complete
        for escalation in results.scorecard.escalations
    }
    return fired, problems


def _raised(plan: Plan, escalation: Escalation, results: Results, problems: list[Problem]) -> NDArray[np.bool_]:
    rows = len(results)
    raised = np.ones(rows, dtype=np.bool_)
    if escalation.when is not None:
        raised &= where(escalation.when, lambda name: subject(results, name), rows)
    if escalation.rule is not None:
        try:
            fires = np.asarray(plan.rules[escalation.id].fires(results))
            if fires.shape != (rows,):
                raise ValueError(f"it answered with shape {fires.shape}, not ({rows},)")
            raised &= fires.astype(np.bool_)
        except Exception as error:  # a plugin may raise anything
            sentence = f"rule '{escalation.rule.name}' of escalation '{escalation.id}' failed and raised nothing"
            problems.append(Problem("E607", f"{sentence}: {reason_of(error)}", escalation.at))
            raised[:] = False
    return raised


def subject(results: Results, name: str) -> Subject:
    """The column of a subject of SCORECARD.md section 5 over a result."""
    kind, _, rest = name.partition(".")
    match kind:
        case "call":
            return results.batch.subject(name)
        case "answer":
            answers = results.answers[rest]
            return Words(Coded(answers.codes, tuple(cell.value for cell in answers.cells)))
        case "section":
            return Numbers(results.section_scores[rest])
        case "score" | "raw_score" | "agent_score" | "coverage":
            return Numbers(getattr(results, kind))
        case "band":
            names = (None, *(band.id for band in results.scorecard.bands))
            return Words(Coded(results.band - UNKNOWN, names))
        case "passed":
            return Words(Coded(results.passed - UNKNOWN, (None, False, True)))
        case "status":
            return Words(Coded(results.status, tuple(status.name.lower() for status in Status)))
        case "critical_errors":
            return Numbers((results.critical_by_class[Harm(rest)] if rest else results.critical).astype(np.float64))
        case "non_critical_errors":
            return Numbers(results.non_critical.astype(np.float64))
        case "unverified" | "missing":
            return Numbers(getattr(results, kind).astype(np.float64))
    raise ValueError(f"'{name}' is no subject of a result")
