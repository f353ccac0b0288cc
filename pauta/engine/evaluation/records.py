"""Results as records: one JSON-ready map per evaluation, in the shape of DESIGN.md, "A result"."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from pauta.engine.evaluation.cells import State
from pauta.engine.model.calls import ENGINE, Note
from pauta.engine.model.findings import Evidence
from pauta.engine.model.results import UNKNOWN, Cell, Given, QuestionAnswers, Results, Status
from pauta.engine.model.scorecard import MISSING, UNVERIFIED, Error, Question

Record = dict[str, Any]
NOT_LOOKED: Final = "nobody looked: only a person can answer it"
_NOT_LOOKED: Final = int(State.NOT_LOOKED)
_STATUS: Final = tuple(status.name.lower() for status in Status)
_GIVEN: Final = tuple(None if given is Given.NOBODY else given.name.lower() for given in Given)


def records(results: Results) -> Iterator[Record]:
    """Each evaluation of a batch as a record, in the order of the batch. Numbers are finite; null is None."""
    for row in range(len(results)):
        yield record(results, row)


def record(results: Results, row: int) -> Record:
    """One evaluation as a record."""
    card, batch = results.scorecard, results.batch
    call = batch.calls[row] if batch.calls else None
    human = batch.humans[row] if batch.humans else None
    evaluator = batch.evaluators[row] if batch.evaluators else ENGINE
    call_id, agent = (call.call_id, call.agent) if call else (str(row), None)
    questions = [(question, results.answers[question.id]) for question in card.questions]
    answers = [
        answer(results, question, given, row, batch.notes.get((row, question.id))) for question, given in questions
    ]
    band = int(results.band[row])
    passed = int(results.passed[row])
    return {
        "evaluation_id": evaluation_id(call_id, agent, card.id, card.version, evaluator),
        "call_id": call_id,
        "agent": agent,
        "team": call.team if call else None,
        "call_type": call.call_type if call else None,
        "started_at": call.started_at if call else None,
        "scorecard": card.id,
        "version": card.version,
        "digest": card.digest,
        "evaluator": evaluator,
        "evaluated_at": human.evaluated_at if human else None,
        "mode": human.mode if human else None,
        "status": status_of(int(results.status[row])),
        "score": number(results.score[row]),
        "raw_score": number(results.raw_score[row]),
        "agent_score": number(results.agent_score[row]),
        "coverage": number(results.coverage[row]),
        "band": None if band == UNKNOWN else card.bands[band].id,
        "passed": None if passed == UNKNOWN else bool(passed),
        "critical_errors": int(results.critical[row]),
        "critical_by_class": {harm.value: int(counts[row]) for harm, counts in results.critical_by_class.items()},
        "non_critical_errors": int(results.non_critical[row]),
        "accumulated": bool(results.accumulated[row]),
        "card_failed": bool(results.card_failed[row]),
        "sections": [
            {
                "section": section.id,
                "weight": section.weight,
                "score": number(results.section_scores[section.id][row]),
                "raw_score": number(results.section_raw_scores[section.id][row]),
            }
            for section in card.sections
        ],
        "scores_by": _scores_by(results, row),
        "answers": answers,
        "missing": [
            question.id
            for question, each in zip(card.questions, answers, strict=True)
            if each["state"] == MISSING and question.required
        ],
        "unverified": [each["question"] for each in answers if each["state"] == UNVERIFIED],
        "comments_missing": [name for name, rows in results.comment_missing.items() if rows[row]],
        "escalations": [name for name, rows in results.fired.items() if rows[row]],
        "engine": engine_of(results),
    }


def engine_of(results: Results) -> Record:
    """What evaluated a batch: the version of pauta, and of each plugin."""
    return {"version": _version(), "plugins": dict(results.plugins)}


def status_of(code: int) -> str:
    """The word for a status."""
    return _STATUS[code]


def evaluation_id(call_id: str, agent: str | None, scorecard: str, version: str, evaluator: str) -> str:
    """The id of an evaluation: a hash of (call, agent, card, version, evaluator), 32 hexadecimal digits."""
    parts = (call_id, agent or "", scorecard, version, evaluator)
    text = "\x1f".join(parts)
    if text.count("\x1f") >= len(parts):
        text = "\x1f".join(part.replace("\x1f", " ") for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def answer(results: Results, question: Question, given: QuestionAnswers, row: int, note: Note | None) -> Record:
    """One answer of one evaluation, with what stands beside it."""
    cell = given.cells[given.codes[row]]
    found = given.findings
    fault = note.fault if note and note.fault else question.fault.value
    missed = bool(cell.errors) or (cell.credit is not None and cell.credit < 1 and not question.bonus)
    return {
        "question": question.id,
        "answer": shown(cell.value) if cell.state != MISSING else None,
        "state": cell.state,
        "points": cell.points,
        "out_of": question.max_points,
        "weight": results.scorecard.weights[question.id],
        "share": number(results.shares[question.id][row]),
        "credit": cell.credit,
        "error": _errors(cell),
        "fault": fault if missed else None,
        "answered_by": _GIVEN[given.given_by(row)],
        "comment": note.comment if note else None,
        "at": note.at if note else None,
        "evidence": [_evidence(each) for each in found.evidence.get(row, ())] if found is not None else [],
        "reason": (found.reasons.get(row) or None) if found is not None else _unlooked(given, row),
        "criterion_answer": _proposed(given, row),
    }


def _unlooked(given: QuestionAnswers, row: int) -> str | None:
    return NOT_LOOKED if given.codes[row] == _NOT_LOOKED else None


def _errors(cell: Cell) -> Record | list[Record] | None:
    """Null for none, a map for one, a list where several options of one answer each make one."""
    errors = [error_record(error) for error in cell.errors]
    return None if not errors else errors[0] if len(errors) == 1 else errors


def error_record(error: Error) -> Record:
    """An error as records show it: its class and what it fails, two facts."""
    return {"critical": error.critical.value if error.critical else None, "fails": error.fails.value}


def _proposed(given: QuestionAnswers, row: int) -> object:
    """What the criterion said, as an answer or a state, whoever's answer counted."""
    if given.proposed is None:
        return None
    cell = given.cells[given.proposed[row]]
    return cell.state if cell.value is None else shown(cell.value)


def _evidence(evidence: Evidence) -> Record:
    span = None if evidence.start is None else [evidence.start, evidence.stop]
    return {
        "turn": evidence.turn,
        "span": span,
        "quote": evidence.quote,
        "start": evidence.from_s,
        "end": evidence.to_s,
    }


def _scores_by(results: Results, row: int) -> dict[str, dict[str, float | None]]:
    found: dict[str, dict[str, float | None]] = {"tags": {}, "aims": {}}
    for (kind, name), scores in results.scores_by.items():
        found[kind][name] = number(scores[row])
    return found


def shown(value: object) -> object:
    """An answer as records show it: whole numbers without a fraction, several answers as a list."""
    if isinstance(value, tuple):
        return [shown(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def number(value: float | np.floating[Any]) -> float | None:
    """A number for JSON: NaN is null."""
    plain = float(value)
    return None if math.isnan(plain) else plain


def _version() -> str:
    from pauta import __version__

    return __version__
