"""The one function in which cards and calls meet: a plan and a batch in, results out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import isnan
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation import groups
from pauta.engine.evaluation.cells import State
from pauta.engine.evaluation.counters import Counts, Words
from pauta.engine.evaluation.escalate import escalate
from pauta.engine.evaluation.gather import gather
from pauta.engine.evaluation.gathered import Answers, Gathered
from pauta.engine.evaluation.groups import Codes
from pauta.engine.evaluation.plan import Bands, Plan
from pauta.engine.evaluation.scoring import (
    LOOKED_UP,
    Marks,
    Totals,
    critical_by_class,
    held,
    marks,
    method_score,
    rounded,
    sheet_of,
    totals,
)
from pauta.engine.evaluation.tables import BLOCK, Tables
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.results import UNKNOWN, Cell, Results, Status
from pauta.engine.model.scorecard import Fault, Harm
from pauta.engine.problems import Problem
from pauta.engine.seam.loaded import reason_of

Small = TypeVar("Small", np.uint8, np.int8, np.int16)
_COMPLETE, _INCOMPLETE, _NOT_SCORED = int(Status.COMPLETE), int(Status.INCOMPLETE), int(Status.NOT_SCORED)
Verdict: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int8], NDArray[np.int16]]
"""status, passed and band."""


@dataclass
class Recorder:
    """What a run leaves for its explanation: the answers before conditions."""

    gathered: Gathered | None = None


def evaluate(plan: Plan, batch: CallBatch, recorder: Recorder | None = None) -> Results:
    """Score a batch of calls by a plan; one call is a batch of one.

    Never raises for an answer or a plugin: what is wrong with them stands in `results.problems`.
    """
    gathered = gather(plan, batch)
    if recorder is not None:
        recorder.gathered = gathered
    return settle(plan, batch, gathered)


def settle(plan: Plan, batch: CallBatch, gathered: Gathered) -> Results:
    """From the answers of a batch to its results: scores, errors, verdicts, escalations."""
    problems = list(plan.problems) + gathered.problems
    comments = _comments_missing(plan, batch, gathered)
    scored, kept = _in_blocks(plan, gathered.codes, gathered.cells, batch.size, problems, comments)
    agent = _agent_scores(plan, batch, gathered, scored.score, problems)
    results = Results(
        scorecard=plan.scorecard,
        batch=batch,
        status=scored.status,
        score=scored.score,
        raw_score=scored.raw_score,
        agent_score=agent,
        passed=scored.passed,
        band=scored.band,
        card_failed=scored.card_failed,
        accumulated=scored.accumulated,
        comment_missing=comments,
        answers=Answers(plan.position, gathered),
        detail=_Detail(plan, gathered.codes, gathered.cells, scored, kept),
        plugins=plan.versions,
        problems=tuple(problems),
        pieces=plan.pieces,
    )
    if not plan.scorecard.escalations:
        return results
    fired, failures = escalate(plan, results)
    return replace(results, fired=fired, problems=(*results.problems, *failures))


@dataclass(frozen=True)
class _Scores:
    """One array per figure, (rows,). words: the counters, packed as the plan's tables say."""

    score: NDArray[np.float64]
    raw_score: NDArray[np.float64]
    words: Sequence[Words]
    card_failed: NDArray[np.bool_]
    accumulated: NDArray[np.bool_]
    status: NDArray[np.uint8]
    passed: NDArray[np.int8]
    band: NDArray[np.int16]

    @classmethod
    def empty(cls, rows: int, tables: Tables) -> _Scores:
        """Arrays for the figures of blocks to be written into."""
        return cls(
            score=np.empty(rows),
            raw_score=np.empty(rows),
            words=[np.empty(rows, dtype=tables.word_type) for _ in range(tables.words)],
            card_failed=np.empty(rows, dtype=np.bool_),
            accumulated=np.empty(rows, dtype=np.bool_),
            status=np.empty(rows, dtype=np.uint8),
            passed=np.empty(rows, dtype=np.int8),
            band=np.empty(rows, dtype=np.int16),
        )

    def put(self, block: slice, own: _Scores) -> None:
        """Write the figures of some rows among those of all."""
        for word, made in zip(self.words, own.words, strict=True):
            word[block] = made
        for name in ("score", "raw_score", "card_failed", "accumulated", "status", "passed", "band"):
            getattr(self, name)[block] = getattr(own, name)


def _in_blocks(
    plan: Plan,
    codes: Codes,
    cells: Sequence[Sequence[Cell]],
    rows: int,
    problems: list[Problem],
    comments: Mapping[str, NDArray[np.bool_]],
) -> tuple[_Scores, Totals | None]:
    """The figures, worked out block by block; the totals with their sections where there are few rows."""
    open_cells = {n: cells[n] for n in plan.kinds.open}
    few = rows < LOOKED_UP
    scored = _Scores.empty(rows, plan.tables) if rows > BLOCK else None
    for start in range(0, max(rows, 1), BLOCK):
        block = slice(start, min(start + BLOCK, rows))
        own = codes if scored is None else [column[block] for column in codes]
        found = totals(plan.tables, own, open_cells, block.stop - start, keep_sections=few)
        if plan.method is not None:
            found = _by_method(plan, own, cells, found, problems)
        made = _scores_of(plan, found, [missing[block] for missing in comments.values()])
        if scored is not None:
            scored.put(block, made)
    return made if scored is None else scored, found if few else None


def _scores_of(plan: Plan, found: Totals, comments_missing: Sequence[NDArray[np.bool_]]) -> _Scores:
    """The figures of some rows, given their totals."""
    made = marks(plan.scorecard.scoring, found.raw, found.failed, found.counts)
    status, passed, band = _verdict(plan, made, comments_missing)
    failed, accumulated = (
        np.zeros(len(made.score), dtype=np.bool_) if mask is None else mask
        for mask in (made.card_failed, made.accumulated)
    )
    return _Scores(made.score, made.raw_score, made.counts.words, failed, accumulated, status, passed, band)


def _by_method(
    plan: Plan, codes: Codes, cells: Sequence[Sequence[Cell]], found: Totals, problems: list[Problem]
) -> Totals:
    """The totals with the score of the card's own method, which knows nothing of failed sections."""
    assert plan.method is not None
    rows = len(found.raw)
    try:
        score = method_score(plan.method, sheet_of(plan.codings, range(len(plan.codings)), codes, cells), rows)
    except Exception as error:  # a plugin may raise anything
        use = plan.scorecard.scoring.method
        problems.append(Problem("E606", f"scoring method '{use.name}' failed, no score: {reason_of(error)}", use.at))
        score = np.full(rows, np.nan)
    return replace(found, raw=score, failed=score)


def _agent_scores(
    plan: Plan, batch: CallBatch, gathered: Gathered, score: NDArray[np.float64], problems: list[Problem]
) -> NDArray[np.float64]:
    """The score with misses that are not the agent's taken as not applicable and without error."""
    overrides: dict[int, list[tuple[int, str]]] = {}
    for (row, name), note in batch.notes.items():
        if note.fault is not None and name in plan.position:
            overrides.setdefault(plan.position[name], []).append((row, note.fault))
    if not overrides and not plan.not_the_agents:
        return score
    codes = list(gathered.codes)
    changed = np.zeros(batch.size, dtype=np.bool_)
    for n in sorted({*plan.not_the_agents, *overrides}):
        cells, fault = gathered.cells[n], plan.scorecard.questions[n].fault
        missed = np.array([_is_miss(plan, n, cell) for cell in cells], dtype=np.bool_)[codes[n]]
        others = np.full(batch.size, fault is not Fault.AGENT)
        for row, whose in overrides.get(n, ()):
            others[row] = whose != Fault.AGENT
        excused = missed & others
        changed |= excused
        codes[n] = np.where(excused, codes[n].dtype.type(State.NOT_APPLICABLE), codes[n])
    if not changed.any():
        return score
    rows = np.flatnonzero(changed)
    again, _ = _in_blocks(plan, [column[rows] for column in codes], gathered.cells, len(rows), problems, {})
    agent = score.copy()
    agent[rows] = again.score
    return agent


def _is_miss(plan: Plan, column: int, cell: Cell) -> bool:
    return cell.credit is not None and cell.credit < 1 and not plan.scorecard.questions[column].bonus


def _comments_missing(plan: Plan, batch: CallBatch, gathered: Gathered) -> dict[str, NDArray[np.bool_]]:
    """Question id -> where a person evaluates, the answer needs a comment, and none was given."""
    missing: dict[str, NDArray[np.bool_]] = {}
    for n in plan.comments_asked:
        name = plan.scorecard.questions[n].id
        needs = [cell.comment_required for cell in gathered.cells[n]]
        rows = np.array(needs, dtype=np.bool_)[gathered.codes[n]]
        if batch.automatic is not None:
            rows &= ~batch.automatic
        for row in np.flatnonzero(rows):
            note = batch.notes.get((int(row), name))
            rows[row] = note is None or not (note.comment or "").strip()
        missing[name] = rows
    return missing


def _verdict(plan: Plan, made: Marks, comments_missing: Sequence[NDArray[np.bool_]]) -> Verdict:
    """status, passed and band of a block (SCORECARD.md section 4, Verdict)."""
    scoring, score = plan.scorecard.scoring, made.score
    incomplete = _any_of(
        made.counts.some("missing"),
        made.counts.some("unverified") if scoring.unverified_is_incomplete else None,
        *comments_missing,
    )
    unscored = np.isnan(score) if isnan(np.add.reduce(score)) else None
    rows = len(score)
    status = _which([(incomplete, _INCOMPLETE), (unscored, _NOT_SCORED)], _COMPLETE, rows, np.uint8)

    cases = [(incomplete, UNKNOWN), (made.card_failed, 0)]
    if scoring.pass_mark is not None:
        cases += [(score < scoring.pass_mark, 0), (_any_of(unscored, made.counts.some("open")), UNKNOWN)]
    passed = _which(cases, UNKNOWN if scoring.pass_mark is None else 1, rows, np.int8)
    band = _band(plan.bands, score, unscored)
    return status, passed, band if incomplete is None else _which([(incomplete, UNKNOWN)], band, rows, np.int16)


def _band(bands: Bands, score: NDArray[np.float64], unscored: NDArray[np.bool_] | None) -> NDArray[np.int16]:
    """(rows,) int16: the band of each score, UNKNOWN where there is none. unscored: None for nowhere."""
    starts, order = bands
    if len(score) <= groups.FEW:
        return _which([(unscored, UNKNOWN)], order.take(starts.searchsorted(score, "right")), len(score), np.int16)
    small = np.min_scalar_type(-len(order)).type  # bytes, unless there are very many bands
    band = np.full(len(score), UNKNOWN, dtype=small)
    for start, step in zip(starts.tolist(), np.diff(order).tolist(), strict=True):
        band += (score >= start).view(np.int8) * small(step)
    return band.astype(np.int16)


def _any_of(*masks: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Where any of some masks holds; None is a mask that holds nowhere."""
    there = [mask for mask in masks if mask is not None]
    return reduce(np.logical_or, there) if there else None


def _which(
    cases: Sequence[tuple[NDArray[np.bool_] | None, int]],
    otherwise: int | NDArray[Small],
    rows: int,
    dtype: type[Small],
) -> NDArray[Small]:
    """`np.select` for small integers, by arithmetic: masks that nobody can predict make `np.where` slow.

    A mask of None holds nowhere.
    """
    chosen = np.empty(rows, dtype=dtype)
    chosen[:] = otherwise
    for mask, value in reversed(cases):
        if mask is None:
            continue
        if rows <= groups.FEW:
            chosen[mask] = value
            continue
        chosen *= ~mask
        if value:
            chosen += mask * dtype(value)
    return chosen


class _Detail:
    """Figures worked out on request, by the same tables and the same arithmetic as the score."""

    def __init__(
        self,
        plan: Plan,
        codes: Codes,
        cells: Sequence[Sequence[Cell]],
        scored: _Scores,
        kept: Totals | None,
    ) -> None:
        self._plan, self._codes, self._cells, self._kept = plan, codes, cells, kept
        self._counts, self._accumulated = Counts(plan.tables.counters, scored.words), scored.accumulated
        self._open = {n: cells[n] for n in plan.kinds.open}
        self._rows = len(scored.score)

    def _totals(self, tables: Tables, *, keep_sections: bool = False) -> Totals:
        return totals(tables, self._codes, self._open, self._rows, keep_sections=keep_sections)

    def count(self, name: str) -> NDArray[np.int32]:
        """A counter of the plan's tables."""
        return self._counts[name]

    def critical_by_class(self) -> Mapping[Harm, NDArray[np.int32]]:
        """The critical errors by class, with the one that many non-critical ones make."""
        return critical_by_class(self._plan.scorecard.scoring, self._counts, self._accumulated)

    def coverage(self) -> NDArray[np.float64]:
        """Share of the weight that was looked at: the score's own formula, with looked at in place of credit."""
        return rounded(self._totals(self._plan.coverage).raw / 100.0, self._plan.scorecard.scoring.decimals + 2)

    def sections(self) -> tuple[Mapping[str, NDArray[np.float64]], Mapping[str, NDArray[np.float64]]]:
        """Section id -> S_s before and after errors, rounded."""
        found = self._kept or self._totals(self._plan.tables, keep_sections=True)
        raw = self._rounded(found.section_raw)
        return raw, raw if found.section_failed is found.section_raw else self._rounded(found.section_failed)

    def _rounded(self, scores: Mapping[str, NDArray[np.float64]]) -> Mapping[str, NDArray[np.float64]]:
        decimals = self._plan.scorecard.scoring.decimals
        return dict(zip(scores, rounded(np.array(list(scores.values())), decimals), strict=True))

    def scores_by(self) -> Mapping[tuple[str, str], NDArray[np.float64]]:
        """The card's formula before errors over the questions of each tag and aim, rounded."""
        return {key: self._part_score(key, columns) for key, columns in self._plan.parts.items()}

    def _part_score(self, key: tuple[str, str], columns: Sequence[int]) -> NDArray[np.float64]:
        scoring = self._plan.scorecard.scoring
        if self._plan.method is None:
            raw = self._totals(self._plan.part_tables[key]).raw
        else:
            sheet = sheet_of(self._plan.codings, columns, self._codes, self._cells)
            try:
                raw = method_score(self._plan.method, sheet, self._rows)
            except Exception:  # the same failure has been reported with the score itself
                raw = np.full(self._rows, np.nan)
        return rounded(held(raw, scoring), scoring.decimals)

    def shares(self) -> Mapping[str, NDArray[np.float64]]:
        """Question id -> its part of the whole, 0..1: w_q over the lower sum, times its section's part of the total."""
        shares = self._plan.tables.lowers(self._codes, self._cells)
        whole = np.zeros(self._rows)
        stop = 0
        for section in self._plan.scorecard.sections:
            start, stop = stop, stop + len(section.questions)
            own = shares[start:stop]
            base = np.add.accumulate(own)[-1]  # one by one: in another order the last bit could be another
            if section.weight is not None:
                there = base > 0
                own *= section.weight
                np.divide(own, base, out=own, where=there)
                base = np.where(there, section.weight, 0.0)
            whole += base
        np.divide(shares, whole, out=shares, where=whole > 0)
        return {question.id: share for question, share in zip(self._plan.scorecard.questions, shares, strict=True)}
