"""The card of 40 questions as one would write it by hand in NumPy: what a general engine is held against.

`by_tables` looks up points, weight, errors and critical errors one after the other. `packed` holds the four side by
side in one 32-bit number, so that one look-up and one addition do for all; sums are exact, in quarters of a point.
`packed_groups` goes on: several questions share one look-up. Each gives the score, whether the card failed, and the
band, and nothing else; the three conditions of the card stand in the code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.forty import LOAN, Evaluations, card, code_of, plan

BLOCK = 65_536
ENTRIES = 16
QUARTERS = 4
UPPER_BITS, LOWER_BITS, ERROR_BITS = 10, 8, 4
ERROR_SHIFT = UPPER_BITS + LOWER_BITS
CRITICAL_SHIFT = ERROR_SHIFT + ERROR_BITS
THREE_ERRORS = 3
Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Scores:
    """What comes out. score: (rows,) float64; failed: (rows,) bool; band: (rows,) int8, 0 the lowest."""

    score: Floats
    failed: NDArray[np.bool_]
    band: NDArray[np.int8]


Kernel = Callable[[Evaluations], Scores]


@dataclass(frozen=True)
class _Tables:
    """By question and code; a code of 0 is a question that is not asked, and adds nothing."""

    upper: Floats
    lower: Floats
    errors: NDArray[np.int8]
    critical: NDArray[np.int8]
    packed: NDArray[np.int32]


def _tables() -> _Tables:
    questions = card().questions
    shape = (len(questions), ENTRIES)
    upper, lower = np.zeros(shape), np.zeros(shape)
    errors, critical = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.int8)
    for n, question in enumerate(questions):
        for option in question.answers.options:
            if option.points is None:
                continue
            code = code_of(question, option.id)
            upper[n, code] = question.applied_weight * option.points / (question.max_points or 1)
            lower[n, code] = question.applied_weight
            if option.error is not None:
                (errors if option.error.critical is None else critical)[n, code] = 1
    packed = (upper * QUARTERS).astype(np.int32) | lower.astype(np.int32) << UPPER_BITS
    packed |= errors.astype(np.int32) << ERROR_SHIFT | critical.astype(np.int32) << CRITICAL_SHIFT
    return _Tables(upper, lower, errors, critical, packed)


def _sections() -> list[tuple[float, range]]:
    found, start = [], 0
    for section in card().sections:
        found.append((section.weight or 0.0, range(start, start + len(section.questions))))
        start += len(section.questions)
    return found


TABLES, SECTIONS = _tables(), _sections()
STARTS = sorted(band.start for band in card().bands)
POSITION = plan().position
Q11, Q24, Q29, Q30 = (POSITION[name] for name in ("q11", "q24", "q29", "q30"))
NO = code_of(card().by_id["q29"], "no")


def _asked(n: int, given: Evaluations, block: slice) -> Codes:
    """The codes of a question, 0 where it is not asked."""
    codes: Codes = given.codes[n, block]
    if n == Q11:
        codes = codes * (given.product[block] == LOAN)
    elif n == Q24:
        codes = codes * (given.duration[block] >= 120)
    elif n == Q30:
        codes = codes * (given.codes[Q29, block] == NO)
    return codes


def _finish(out: Scores, block: slice, upper: Floats, lower: Floats, failed: NDArray[np.bool_]) -> None:
    """The total of a block, rounded to two decimals, half away from zero; its verdict and its band."""
    np.divide(upper, lower, out=upper, where=lower > 0)
    upper *= 10_000.0
    upper += 0.5 + 1e-9
    np.floor(upper, out=upper)
    upper /= 100.0
    upper *= ~failed
    out.score[block] = upper
    out.failed[block] = failed
    band = np.zeros(len(upper), dtype=np.int8)
    for start in STARTS[1:]:
        band += upper >= start
    out.band[block] = band


def _empty(rows: int) -> Scores:
    return Scores(np.empty(rows), np.empty(rows, dtype=np.bool_), np.empty(rows, dtype=np.int8))


def by_tables(given: Evaluations) -> Scores:
    out = _empty(len(given))
    makes_errors = [bool(table.any()) for table in TABLES.errors]
    makes_critical = [bool(table.any()) for table in TABLES.critical]
    for start in range(0, len(given), BLOCK):
        block = slice(start, min(start + BLOCK, len(given)))
        rows = block.stop - block.start
        upper, lower = np.zeros(rows), np.zeros(rows)
        errors, critical = np.zeros(rows, dtype=np.int8), np.zeros(rows, dtype=np.int8)
        for weight, questions in SECTIONS:
            own_upper, own_lower = np.zeros(rows), np.zeros(rows)
            for n in questions:
                codes = _asked(n, given, block).astype(np.intp)
                own_upper += TABLES.upper[n].take(codes)
                own_lower += TABLES.lower[n].take(codes)
                if makes_errors[n]:
                    errors += TABLES.errors[n].take(codes)
                if makes_critical[n]:
                    critical += TABLES.critical[n].take(codes)
            _add_section(upper, lower, own_upper, own_lower, weight)
        _finish(out, block, upper, lower, (critical > 0) | (errors >= THREE_ERRORS))
    return out


def _add_section(upper: Floats, lower: Floats, own_upper: Floats, own_lower: Floats, weight: float) -> None:
    there = own_lower > 0
    np.maximum(own_lower, 1e-30, out=own_lower)
    own_upper /= own_lower
    own_upper *= weight
    upper += own_upper
    lower += there * weight


def packed(given: Evaluations) -> Scores:
    out = _empty(len(given))
    whole_index, whole_found = np.empty(BLOCK, dtype=np.intp), np.empty(BLOCK, dtype=np.int32)
    for start in range(0, len(given), BLOCK):
        block = slice(start, min(start + BLOCK, len(given)))
        rows = block.stop - block.start
        index, found = whole_index[:rows], whole_found[:rows]
        upper, lower = np.zeros(rows), np.zeros(rows)
        counts = np.zeros(rows, dtype=np.int32)
        for weight, questions in SECTIONS:
            word = np.zeros(rows, dtype=np.int32)
            for n in questions:
                index[:] = _asked(n, given, block)
                TABLES.packed[n].take(index, out=found, mode="clip")
                word += found
            _unpack(word, counts, upper, lower, weight)
        _finish(out, block, upper, lower, _failed(counts))
    return out


def _unpack(word: NDArray[np.int32], counts: NDArray[np.int32], upper: Floats, lower: Floats, weight: float) -> None:
    counts += word >> ERROR_SHIFT
    own_upper = (word & (1 << UPPER_BITS) - 1).astype(np.float64)
    own_lower = (word >> UPPER_BITS & (1 << LOWER_BITS) - 1).astype(np.float64)
    own_lower *= QUARTERS
    _add_section(upper, lower, own_upper, own_lower, weight)


def _failed(counts: NDArray[np.int32]) -> NDArray[np.bool_]:
    return (counts & (1 << ERROR_BITS) - 1 >= THREE_ERRORS) | (counts >> ERROR_BITS > 0)


def _grouped(at_most: int) -> list[list[tuple[list[tuple[int, int]], NDArray[np.int32]]]]:
    """Per section its groups: the questions with the number of their codes, and the table of their sums."""
    found = []
    for _, questions in SECTIONS:
        sizes = {n: len(plan().vocabulary(card().questions[n].id)) for n in questions}
        groups: list[list[tuple[int, int]]] = []
        for n in sorted(questions, key=lambda each: -sizes[each]):
            room = (group for group in groups if np.prod([size for _, size in group]) * sizes[n] <= at_most)
            group = next(room, None)
            if group is None:
                groups.append([(n, sizes[n])])
            else:
                group.append((n, sizes[n]))
        found.append([(group, _sums(group)) for group in groups])
    return found


def _sums(group: list[tuple[int, int]]) -> NDArray[np.int32]:
    table = np.zeros(1, dtype=np.int32)
    for n, size in group:
        table = np.add.outer(table, TABLES.packed[n][:size]).ravel()
    return table


GROUPED = _grouped(4096)


def packed_groups(given: Evaluations) -> Scores:
    out = _empty(len(given))
    whole_digits, whole_index = np.empty(BLOCK, dtype=np.uint16), np.empty(BLOCK, dtype=np.intp)
    whole_found = np.empty(BLOCK, dtype=np.int32)
    for start in range(0, len(given), BLOCK):
        block = slice(start, min(start + BLOCK, len(given)))
        rows = block.stop - block.start
        digits, index, found = whole_digits[:rows], whole_index[:rows], whole_found[:rows]
        upper, lower = np.zeros(rows), np.zeros(rows)
        counts = np.zeros(rows, dtype=np.int32)
        for (weight, _), groups in zip(SECTIONS, GROUPED, strict=True):
            word = np.zeros(rows, dtype=np.int32)
            for group, table in groups:
                digits[:] = _asked(group[0][0], given, block)
                for n, size in group[1:]:
                    digits *= np.uint16(size)
                    digits += _asked(n, given, block)
                index[:] = digits
                table.take(index, out=found, mode="clip")
                word += found
            _unpack(word, counts, upper, lower, weight)
        _finish(out, block, upper, lower, _failed(counts))
    return out
