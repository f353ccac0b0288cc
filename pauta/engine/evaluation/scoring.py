"""Array arithmetic of SCORECARD.md section 4 and nothing else: sums to scores, errors, rounding, bounds.

No score is NaN throughout. Every array is (rows,) unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from pauta.engine.contracts import Method, Sheet
from pauta.engine.evaluation import groups
from pauta.engine.evaluation.cells import Coding
from pauta.engine.evaluation.counters import Counts, Words
from pauta.engine.evaluation.groups import Codes
from pauta.engine.evaluation.sections import Credit, SectionSums, credit
from pauta.engine.evaluation.stacked import StackedSums
from pauta.engine.evaluation.tables import Tables
from pauta.engine.model.results import Cell
from pauta.engine.model.scorecard import Harm, OnCritical, Scoring

NOISE = 1e-9
"""A difference of scores below this is noise of float64 sums (SCORECARD.md section 4, Rounding)."""

LOOKED_UP = 4096
"""From so many rows on it pays to look up what sections add: the tables for it are made at the first such block."""

NARROWED = 8192
"""From so many rows on it pays to look at which codes there are: tables that leave out the others are made."""

Floats = NDArray[np.float64]


def rounded(score: Floats, decimals: int, *, negative: bool = True) -> Floats:
    """Sign * floor(|x| * 10^d + 0.5 + 1e-9) / 10^d: half goes away from zero, as people and spreadsheets round.

    negative: whether any score may be below 0; where none is, the sign is left alone.
    """
    scale = 10.0**decimals
    size = np.abs(score) * scale if negative else score * scale
    size += 0.5 + NOISE
    np.floor(size, out=size)
    size /= scale
    if negative:
        np.copysign(size, score, out=size)
        size += 0.0  # no score is -0.0
    return size


def any_nan(numbers: Floats) -> bool:
    """Whether any of some numbers is NaN: then the least of them is."""
    return isnan(np.minimum.reduce(numbers, initial=0.0))


@dataclass(frozen=True)
class Totals:
    """What the sums of a block come to, before rounding.

    raw: before errors take effect; failed: after `fails: section`.

    section_raw and section_failed: section id -> S_s, filled where sections are asked for.
    """

    raw: Floats
    failed: Floats
    counts: Counts
    section_raw: Mapping[str, Floats]
    section_failed: Mapping[str, Floats]


def totals(
    tables: Tables, codes: Codes, cells: Mapping[int, Sequence[Cell]], rows: int, *, keep_sections: bool = False
) -> Totals:
    """The weighted score of every row (SCORECARD.md section 4), raw and with failed sections.

    codes, cells: as `Tables.sums` takes them.
    """
    sums = tables.sums_of_few(codes, cells, rows) if rows <= groups.FEW else None
    if sums is not None:
        return _at_once(tables, sums, keep_sections=keep_sections)
    found = tables.sums(codes, cells, narrow=rows >= NARROWED)
    return _by_section(tables, found, rows, keep_sections=keep_sections)


def _at_once(tables: Tables, sums: StackedSums, *, keep_sections: bool) -> Totals:
    """The totals of a few rows, with arrays of (sections, rows): each step is that of `_by_section`."""
    fails = tables.counters["section"].of(sums.words) > 0 if tables.can_fail else None
    if fails is not None:
        fails &= tables.failing
    own, empty = credit(sums.upper, sums.lower)
    section_raw: dict[str, Floats] = {}
    section_failed: dict[str, Floats] = {}
    if keep_sections:
        scores, names = own * 100.0, [section.id for section in tables.sections]
        section_raw = dict(zip(names, scores, strict=True))
        section_failed = section_raw if fails is None else dict(zip(names, _failed(scores, fails), strict=True))
    lower: Floats | float
    if tables.weights is None:
        part, lower = sums.upper, _one_by_one(sums.lower)
    else:
        part, lower = own * tables.weights, tables.whole_weight
        if empty is not None:
            part[empty] = 0.0
            lower = _one_by_one(np.where(empty, 0.0, tables.weights))
    raw = credit(_one_by_one(part), lower)[0]
    raw *= 100.0
    failed = raw if fails is None else credit(_one_by_one(_failed(part, fails)), lower)[0] * 100.0
    words = [np.add.reduce(word, axis=0) for word in sums.words]
    return Totals(raw, failed, _counts(tables, words), section_raw, section_failed)


def _one_by_one(parts: Floats) -> Floats:
    """(rows,): the sum over sections in their order: in another one the last bit could be another."""
    total: Floats = np.add.accumulate(parts, axis=0)[-1]
    return total


def _by_section(tables: Tables, sums: Iterable[SectionSums], rows: int, *, keep_sections: bool) -> Totals:
    """The totals of many rows, section by section."""
    words: list[Words] = []
    upper = np.zeros(rows)
    lower: Floats | float = 0.0
    failed_upper = np.zeros(rows) if tables.can_fail else upper
    section_raw: dict[str, Floats] = {}
    section_failed: dict[str, Floats] = {}
    for each in sums:
        section = each.section
        fails = tables.counters["section"].of(each.words) > 0 if section.can_fail else None
        worked_out = credit(*each.amounts()) if keep_sections else None
        if worked_out is not None:
            section_raw[section.id] = worked_out[0] * 100.0
            section_failed[section.id] = _failed(section_raw[section.id], fails)
        part, base = _part(each, worked_out, looked_up=rows >= LOOKED_UP)
        upper += part
        lower = lower + base
        if tables.can_fail:
            failed_upper += _failed(part, fails)
        # last, for the first section's words become those of the card
        for word, own in zip(words, each.words, strict=bool(words)):
            word += own.astype(word.dtype, copy=False)
        words = words or each.words
    raw = credit(upper, lower)[0]
    raw *= 100.0
    failed = credit(failed_upper, lower)[0] * 100.0 if tables.can_fail else raw
    words = words or [np.zeros(rows, dtype=tables.word_type) for _ in range(tables.words)]
    return Totals(raw, failed, _counts(tables, words), section_raw, section_failed)


def _counts(tables: Tables, words: Sequence[Words]) -> Counts:
    return Counts(tables.counters, [word.astype(tables.word_type, copy=False) for word in words])


def _part(sums: SectionSums, worked_out: Credit | None, *, looked_up: bool) -> tuple[Floats, Floats | float]:
    """What a section adds to the upper and to the lower sum of the card. worked_out: its credit, if that is known."""
    weight = sums.section.weight
    if weight is None:
        return sums.amounts()
    part = sums.weighted() if looked_up and worked_out is None else None
    if part is None:
        own, empty = worked_out or credit(*sums.amounts())
        part = own * weight
    else:
        empty = np.isnan(part) if any_nan(part) else None
    if empty is None:
        return part, weight
    part[empty] = 0.0
    return part, np.where(empty, 0.0, weight)


def _failed(score: Floats, fails: NDArray[np.bool_] | None) -> Floats:
    return score if fails is None else np.where(fails, np.minimum(score, 0.0), score)


@dataclass(frozen=True)
class Marks:
    """The rounded scores of a block and what its errors did. card_failed, accumulated: None for nowhere."""

    score: Floats
    raw_score: Floats
    counts: Counts
    card_failed: NDArray[np.bool_] | None
    accumulated: NDArray[np.bool_] | None


def marks(scoring: Scoring, raw: Floats, failed: Floats, counts: Counts) -> Marks:
    """Errors, bounds and rounding, in the order of SCORECARD.md section 4."""
    card_failed = counts.some("card")
    accumulated = None
    if scoring.accumulation is not None:
        accumulated = counts["non_critical"] >= scoring.accumulation.non_critical
        made = scoring.accumulation.make
        if made.critical is not None and made.fails == "card":
            card_failed = accumulated if card_failed is None else card_failed | accumulated
    raw_score = rounded(held(raw, scoring), scoring.decimals, negative=scoring.below_0)
    score = raw_score
    if failed is not raw:
        score = rounded(held(failed, scoring), scoring.decimals, negative=scoring.below_0)
    if card_failed is not None:
        score = _after_failure(score, card_failed, scoring)
    return Marks(score, raw_score, counts, card_failed, accumulated)


def _after_failure(score: Floats, card_failed: NDArray[np.bool_], scoring: Scoring) -> Floats:
    """The score with what an error that fails the card does to it."""
    match scoring.on_critical:
        case OnCritical.ZERO if not scoring.below_0:
            return score * ~card_failed  # where nobody can predict the mask, `np.where` is slow
        case OnCritical.ZERO:
            return np.where(card_failed, np.minimum(score, 0.0), score)
        case OnCritical.AT_MOST:
            limit = rounded(np.array([scoring.on_critical_limit]), scoring.decimals)
            return np.where(card_failed, np.minimum(score, limit), score)
    return score


def critical_by_class(
    scoring: Scoring, counts: Counts, accumulated: NDArray[np.bool_]
) -> Mapping[Harm, NDArray[np.int32]]:
    """The critical errors by class, with the one that many non-critical ones make."""
    by_class = {harm: counts[harm.value] for harm in Harm}
    if scoring.accumulation is not None and scoring.accumulation.make.critical is not None:
        by_class[scoring.accumulation.make.critical] += accumulated
    return by_class


def held(score: Floats, scoring: Scoring) -> Floats:
    """A score held within 0..100, where the card does not let it out."""
    return score.clip(-np.inf if scoring.below_0 else 0.0, np.inf if scoring.above_100 else 100.0)


def sheet_of(
    codings: Sequence[Coding],
    columns: Sequence[int],
    codes: Codes,
    cells: Sequence[Sequence[Cell]],
) -> Sheet:
    """What a plugin's scoring method sees: points, credits, weights and masks of a batch, scored questions only."""
    scored = [column for column in columns if codings[column].question.scored]
    rows = len(codes[0]) if len(codes) else 0
    shape = (len(scored), rows)
    points, credits, answered = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for n, column in enumerate(scored):
        table = [(cell.points or 0.0, cell.credit or 0.0, cell.credit is not None) for cell in cells[column]]
        points[n], credits[n], answered[n] = np.array(table, dtype=np.float64)[codes[column]].T
    questions = [codings[column].question for column in scored]
    return Sheet(
        points,
        credits,
        answered,
        np.array([question.applied_weight for question in questions], dtype=np.float64),
        np.array([question.bonus for question in questions], dtype=np.bool_),
    )


def method_score(method: Method, sheet: Sheet, rows: int) -> Floats:
    """The score that a plugin's method makes of a sheet.

    Raises ValueError where the method answers with another shape or with an infinite number.
    """
    score = np.asarray(method.score(sheet), dtype=np.float64)
    if score.shape != (rows,):
        raise ValueError(f"the scoring method answered with shape {score.shape}, not ({rows},)")
    if np.isinf(score).any():
        raise ValueError("the scoring method answered with an infinite score")
    return score
