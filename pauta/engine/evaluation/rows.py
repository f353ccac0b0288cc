"""Results as the columns of a table, for stores: the same values as in the records, lists and maps as JSON text.

A text is put together from pieces that are written once for all rows in which they are the same: an answer is written
once for each of its codes and shares. What only some rows have (comments, evidence, reasons) is written for those rows.
`records.py` says what a record is; a test holds each text against the JSON of the record, byte for byte.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from json.encoder import encode_basestring
from typing import Any, Final, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.records import Record, answer, engine_of, evaluation_id, status_of
from pauta.engine.model.calls import ENGINE, Call
from pauta.engine.model.findings import Evidence, Findings
from pauta.engine.model.results import UNKNOWN, Given, Pieces, QuestionAnswers, Results
from pauta.engine.model.scorecard import MISSING, UNVERIFIED, Kind, Question

Columns: TypeAlias = dict[str, Sequence[Any]]
as_json: Final[Callable[[object], str]] = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode
"""A value as stores keep lists and maps. Raises ValueError for a number that is not finite."""


def columns(results: Results) -> Columns:
    """Every field of the records of a batch as (rows,) values: text, numbers, truth as 0 and 1, or None.

    All are lists but the answers, whose texts are long: each of them is made when it is asked for, and not kept.
    """
    card, batch, rows = results.scorecard, results.batch, len(results)
    calls: Sequence[Call | None] = batch.calls or [None] * rows
    humans = batch.humans or [None] * rows
    evaluators = list(batch.evaluators or [ENGINE] * rows)
    call_ids = [call.call_id if call else str(row) for row, call in enumerate(calls)]
    agents = [call.agent if call else None for call in calls]
    whose = zip(call_ids, agents, evaluators, strict=True)
    bands = [band.id for band in card.bands]
    score = _numbers(results.score)
    by_class = [(harm.value, counts.tolist()) for harm, counts in results.critical_by_class.items()]
    return {
        "evaluation_id": [evaluation_id(call, agent, card.id, card.version, by) for call, agent, by in whose],
        "call_id": call_ids,
        "agent": agents,
        "team": [call.team if call else None for call in calls],
        "call_type": [call.call_type if call else None for call in calls],
        "started_at": [call.started_at if call else None for call in calls],
        "scorecard": [card.id] * rows,
        "version": [card.version] * rows,
        "digest": [card.digest] * rows,
        "evaluator": evaluators,
        "evaluated_at": [human.evaluated_at if human else None for human in humans],
        "mode": [human.mode if human else None for human in humans],
        "status": [status_of(code) for code in results.status.tolist()],
        "score": score,
        "raw_score": score if results.raw_score is results.score else _numbers(results.raw_score),
        "agent_score": score if results.agent_score is results.score else _numbers(results.agent_score),
        "coverage": _numbers(results.coverage),
        "band": [None if band == UNKNOWN else bands[band] for band in results.band.tolist()],
        "passed": [None if passed == UNKNOWN else passed for passed in results.passed.tolist()],
        "critical_errors": results.critical.tolist(),
        "critical_by_class": _maps([(name, list(map(str, counts))) for name, counts in by_class], rows),
        "non_critical_errors": results.non_critical.tolist(),
        "accumulated": results.accumulated.astype(np.int8).tolist(),
        "card_failed": results.card_failed.astype(np.int8).tolist(),
        "sections": _sections(results),
        "scores_by": _scores_by(results),
        "answers": Lists([_answers(results, question) for question in card.questions], rows),
        "missing": _names(
            rows, ((q.id, _in_state(results.answers[q.id], MISSING)) for q in card.questions if q.required)
        ),
        "unverified": _names(rows, ((q.id, _in_state(results.answers[q.id], UNVERIFIED)) for q in card.questions)),
        "comments_missing": _names(rows, results.comment_missing.items()),
        "escalations": _names(rows, results.fired.items()),
        "engine": [as_json(engine_of(results))] * rows,
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers as records have them: NaN is None."""
    plain: list[float | None] = values.tolist()
    for row in np.flatnonzero(np.isnan(values)).tolist():
        plain[row] = None
    return plain


def _coded(values: NDArray[np.float64]) -> tuple[list[str], NDArray[np.intp]]:
    """The distinct numbers as JSON, and for each row its place among them. 0.0 and -0.0 are two."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
    distinct = np.unique(bits)
    places = distinct.searchsorted(bits)  # sooner than the inverse of np.unique, which sorts the rows' numbers too
    return ["null" if math.isnan(value) else repr(value) for value in distinct.view(np.float64).tolist()], places


def _texts(values: NDArray[np.float64]) -> list[str]:
    """The number of each row as JSON."""
    texts, places = _coded(values)
    return [texts[place] for place in places.tolist()]


class Lists(Sequence[str]):
    """The JSON list of each row, of JSON texts that stand side by side; made anew each time it is asked for."""

    def __init__(self, items: Sequence[Sequence[str]], rows: int) -> None:
        if len(items) == 1:
            self._items: list[Sequence[str]] = [[f"[{item}]" for item in items[0]]]
        elif items:
            first, last = [f"[{item}" for item in items[0]], [f"{item}]" for item in items[-1]]
            self._items = [first, *items[1:-1], last]
        else:
            self._items = [["[]"] * rows]
        self._rows = rows

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str]:
        return map(",".join, zip(*self._items, strict=True))

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return list(map(",".join, zip(*[item[row] for item in self._items], strict=True)))
        return ",".join([item[row] for item in self._items])


def _maps(fields: Sequence[tuple[str, Sequence[str]]], rows: int) -> list[str]:
    """The JSON map of each row, of names and the JSON texts under them."""
    if not fields:
        return ["{}"] * rows
    form = "{" + ",".join(as_json(name).replace("%", "%%") + ":%s" for name, _ in fields) + "}"
    return [form % row for row in zip(*(texts for _, texts in fields), strict=True)]


def _names(rows: int, marked: Iterable[tuple[str, NDArray[np.bool_]]]) -> list[str]:
    """For each row the JSON list of the names whose marks are set there."""
    found: dict[int, list[str]] = {}
    for name, marks in marked:
        for row in np.flatnonzero(marks).tolist():
            found.setdefault(row, []).append(name)
    texts = ["[]"] * rows
    for row, names in found.items():
        texts[row] = as_json(names)
    return texts


def _in_state(given: QuestionAnswers, state: str) -> NDArray[np.bool_]:
    marks: NDArray[np.bool_] = np.array([cell.state == state for cell in given.cells], dtype=np.bool_)[given.codes]
    return marks


def _sections(results: Results) -> list[str]:
    sections = []
    for section in results.scorecard.sections:
        head = f'{{"section":{as_json(section.id)},"weight":{as_json(section.weight)},"score":'
        scores, score_at = _coded(results.section_scores[section.id])
        raw, raw_at = _coded(results.section_raw_scores[section.id])
        both, both_at = _distinct(score_at * len(raw) + raw_at, len(scores) * len(raw))
        told = [f'{head}{scores[each // len(raw)]},"raw_score":{raw[each % len(raw)]}}}' for each in both.tolist()]
        sections.append(np.array(told, dtype=np.object_)[both_at].tolist())
    return list(Lists(sections, len(results)))


def _scores_by(results: Results) -> list[str]:
    found: dict[str, list[tuple[str, list[str]]]] = {"tags": [], "aims": []}
    for (kind, name), scores in results.scores_by.items():
        found[kind].append((name, _texts(scores)))
    rows = len(results)
    return _maps([(kind, _maps(fields, rows)) for kind, fields in found.items()], rows)


def _answers(results: Results, question: Question) -> list[str]:
    """The answer of each row to one question as JSON, as `records.answer` has it."""
    given = results.answers[question.id]
    shares, share_at = _coded(results.shares[question.id])
    pieces, kind_at = answer_kinds(results, question, given)
    both, both_at = _distinct(kind_at * len(shares) + share_at, len(pieces) * len(shares))
    plain = []
    for kind, share in (divmod(each, len(shares)) for each in both.tolist()):
        head, middle, why, tail = pieces[kind]
        plain.append(f'{head}{shares[share]}{middle}"evidence":[],"reason":{why}{tail}')
    texts: list[str] = np.array(plain, dtype=np.object_)[both_at].tolist()
    for row, found in found_texts(given.findings).items() if given.findings is not None else ():
        head, middle, _, tail = pieces[kind_at[row]]
        texts[row] = f"{head}{shares[share_at[row]]}{middle}{found}{tail}"
    for (row, name), note in results.batch.notes.items():
        if name == question.id:
            texts[row] = as_json(answer(results, question, given, row, note))
    return texts


def answer_kinds(results: Results, question: Question, given: QuestionAnswers) -> tuple[list[Pieces], NDArray[np.intp]]:
    """The pieces of each kind of answer, and for each row which it has: its code, who gave it, what was proposed.

    Those of a closed question are the same in all batches of a plan, and kept.
    """
    kinds, stop = given.codes.astype(np.int64), len(given.cells)
    if given.given is not None:
        kinds, stop = kinds * len(Given) + given.given, stop * len(Given)
    if given.proposed is not None:
        kinds, stop = kinds * len(given.cells) + given.proposed, stop * len(given.cells)
    distinct, kind_at = _distinct(kinds, stop)
    where = np.empty(len(distinct), dtype=np.intp)
    where[kind_at] = np.arange(len(kinds))
    own_reasons = given.findings is not None
    kept = results.pieces if question.answers.kind is Kind.ONE else {}
    found = []
    for kind, row in zip(distinct.tolist(), where.tolist(), strict=True):
        key = question.id, kind, given.given is None, given.proposed is None, own_reasons
        if key not in kept:
            kept[key] = _pieces(answer(results, question, given, row, None), own_reasons)
        found.append(kept[key])
    return found, kind_at


def _distinct(numbers: NDArray[np.int64], stop: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The distinct ones of numbers below `stop`, and for each row its place among them; few are not sorted."""
    if stop > 4 * len(numbers) + 256:
        return np.unique(numbers, return_inverse=True)
    there = np.zeros(stop, dtype=np.bool_)
    there[numbers] = True
    distinct = np.flatnonzero(there)
    place = np.empty(stop, dtype=np.intp)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[numbers]


def _pieces(made: Record, own_reasons: bool) -> Pieces:
    """An answer as JSON in pieces: what stands before its share, before its evidence, the reason, what stands behind.

    own_reasons: whether the reason is that of one row, and not of all that are answered alike.
    """
    fields = list(made.items())
    share, evidence, reason = (list(made).index(name) for name in ("share", "evidence", "reason"))
    head = as_json(dict(fields[:share]))[:-1] + ',"share":'
    middle = "," + as_json(dict(fields[share + 1 : evidence]))[1:-1] + ","
    tail = "," + as_json(dict(fields[reason + 1 :]))[1:]
    return head, middle, "null" if own_reasons else as_json(made["reason"]), tail


def found_texts(findings: Findings) -> dict[int, str]:
    """Evidence and reason, as an answer has them, for each row that has one of them."""
    reasons = {reason: as_json(reason or None) for reason in {"", *findings.reasons.values()}}
    return {
        row: f'"evidence":[{",".join(map(_evidence, findings.evidence.get(row, ())))}]'
        f',"reason":{reasons[findings.reasons.get(row, "")]}'
        for row in findings.evidence.keys() | findings.reasons.keys()
    }


def _evidence(evidence: Evidence) -> str:
    span = "null" if evidence.start is None else f"[{_figure(evidence.start)},{_figure(evidence.stop)}]"
    quote = encode_basestring(evidence.quote) if type(evidence.quote) is str else as_json(evidence.quote)
    times = f'"start":{_figure(evidence.from_s)},"end":{_figure(evidence.to_s)}'
    return f'{{"turn":{_figure(evidence.turn)},"span":{span},"quote":{quote},{times}}}'


def _figure(value: float | None) -> str:
    """A number as JSON. Raises ValueError where it is not finite."""
    if value is None:
        return "null"
    plain = type(value) is int or (type(value) is float and math.isfinite(value))
    return repr(value) if plain else as_json(value)
