"""Answers to sums: tables of what each answer adds, so that one look-up serves several questions.

Closed questions of a section stand in groups; the codes of a group are the digits of one index into a table of sums.
Three tables go with a group: the upper sum of the score (weight times credit), the lower sum (weight), and a 64-bit
word of counters side by side (errors by class, missing, unverified, ...), so that adding words adds every counter at
once. Where weights and points are decimal fractions the two sums are held as whole multiples of a common unit: adding
those is exact, in any order. Open questions add the tables of the batch's own answers, one question at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.cells import STATE_CELLS, Coding, State, could_fail_card
from pauta.engine.model.results import Cell
from pauta.engine.model.scorecard import NOT_APPLICABLE, Fails, Harm

GROUP_ENTRIES: Final = 4096
"""The largest table of a group, in entries of 8 bytes: it stays in a near cache."""

BLOCK: Final = 16_384
"""Rows worked on at a time: what is in hand stays in cache."""

Number = TypeVar("Number", np.float64, np.int64)

LARGEST_UNIT: Final = 10**9
COUNTERS: Final = ("non_critical", *(harm.value for harm in Harm), "card", "section", "missing", "unverified", "open")
"""What is counted: errors by class; errors that fail the card or their section; missing and unverified questions; and
`open`: questions that could still fail the card, unverified or not looked at in an automatic evaluation."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What one cell adds: to the two sums of the score, and to each counter that it touches."""

    upper: float = 0.0
    lower: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)


WorthOf: TypeAlias = Callable[[Coding, Cell, int], Worth]
"""What a cell adds, given the question's coding, the cell and its code: score and coverage differ in this alone."""


def score_worth(coding: Coding, cell: Cell, code: int) -> Worth:
    """What a cell adds to a score: w_q times credit_q, w_q, and its errors and states (SCORECARD.md section 4)."""
    question = coding.question
    counts: dict[str, int] = {}
    for error in cell.errors:
        _count(counts, "non_critical" if error.critical is None else error.critical.value)
        if error.critical is not None and error.fails is not Fails.NOTHING:
            _count(counts, error.fails.value)
    if code == State.MISSING and question.required:
        _count(counts, "missing")
    if code == State.UNVERIFIED:
        _count(counts, "unverified")
    if code in (State.UNVERIFIED, State.NOT_LOOKED) and could_fail_card(question):
        _count(counts, "open")
    if cell.credit is None:
        return Worth(counts=counts)
    weight = question.applied_weight
    return Worth(weight * cell.credit, 0.0 if question.bonus else weight, counts)


def coverage_worth(coding: Coding, cell: Cell, code: int) -> Worth:
    """What a cell adds to coverage: the weight of a question that holds, and it again where it was looked at."""
    weight = 0.0 if coding.question.bonus else coding.question.applied_weight
    if code == State.NOT_ASKED:
        return Worth()
    looked_at = code >= len(STATE_CELLS) or cell.state == NOT_APPLICABLE
    return Worth(weight if looked_at else 0.0, weight)


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a counter stands: in which word, from which bit, under which mask."""

    word: int
    shift: int
    mask: int

    def of(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """(rows,) int64: the counter of every row. words: (words, rows) int64."""
        counts: NDArray[np.int64] = (words[self.word] >> self.shift) & self.mask
        return counts


@dataclass(frozen=True)
class Group:
    """Closed questions that share one index. columns: their positions; tables by index, words: (words, entries)."""

    columns: tuple[int, ...]
    radix: tuple[int, ...]
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    words: NDArray[np.int64]


@dataclass(frozen=True)
class SectionTables:
    """The tables of one section; its closed sums are whole multiples of 1 / `unit` (1: as they are)."""

    id: str
    weight: float | None
    groups: tuple[Group, ...]
    open: tuple[int, ...]
    unit: float
    can_fail: bool


@dataclass(frozen=True)
class SectionSums:
    """The sums of one section for a block of rows: upper, lower float64; words (words, rows) int64."""

    section: SectionTables
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    words: NDArray[np.int64]


PartSections: TypeAlias = Sequence[tuple[str, float | None, Sequence[int]]]
"""Section id, its weight, and the positions of its questions that take part."""


class Tables:
    """Some questions of a card, compiled to tables.

    codings: those of all questions of the card, by position. sections_fail: whether `fails: section` does anything.
    """

    def __init__(
        self,
        codings: Sequence[Coding],
        sections: PartSections,
        worth: WorthOf = score_worth,
        *,
        sections_fail: bool = True,
    ) -> None:
        self._worth = worth
        self._sections_fail = sections_fail
        self._codings = codings
        taking_part = [column for _, _, columns in sections for column in columns]
        worths = {
            column: [worth(codings[column], cell, code) for code, cell in enumerate(codings[column].cells)]
            for column in taking_part
        }
        self.counters, self.words = self._layout(taking_part, worths)
        self.sections = tuple(self._section(name, weight, columns, worths) for name, weight, columns in sections)
        self.weighted = any(section.weight is not None for section in self.sections)

    def _layout(
        self, taking_part: Sequence[int], worths: Mapping[int, Sequence[Worth]]
    ) -> tuple[dict[str, Counter], int]:
        counters: dict[str, Counter] = {}
        word, shift = 0, 0
        for name in COUNTERS:
            most = sum(self._most(column, name, worths[column]) for column in taking_part)
            bits = max(most.bit_length(), 1)
            if shift + bits > 62:
                word, shift = word + 1, 0
            counters[name] = Counter(word, shift, (1 << bits) - 1)
            shift += bits
        return counters, word + 1

    def _most(self, column: int, name: str, worths: Sequence[Worth]) -> int:
        coding = self._codings[column]
        states = max(each.counts.get(name, 0) for each in worths)
        return states if coding.closed else max(states, 1 + len(coding.question.answers.options))

    def _section(
        self, name: str, weight: float | None, columns: Sequence[int], worths: Mapping[int, Sequence[Worth]]
    ) -> SectionTables:
        closed = [column for column in columns if self._codings[column].closed]
        unit = _unit([each for column in closed for each in worths[column]])
        groups = tuple(
            self._group(members, [worths[column] for column in members], unit)
            for members in _grouped(closed, [len(worths[column]) for column in closed])
        )
        can_fail = self._sections_fail and any(_fails_section(self._codings[column]) for column in columns)
        opened = tuple(column for column in columns if not self._codings[column].closed)
        return SectionTables(name, weight, groups, opened, float(unit), can_fail)

    def _group(self, members: Sequence[int], worths: Sequence[Sequence[Worth]], unit: int) -> Group:
        words = np.stack(
            [
                _summed([np.array([self._word(each, word) for each in one], dtype=np.int64) for one in worths])
                for word in range(self.words)
            ]
        )
        return Group(
            tuple(members),
            tuple(len(one) for one in worths),
            _summed([np.array([_in_units(each.upper, unit) for each in one]) for one in worths]),
            _summed([np.array([_in_units(each.lower, unit) for each in one]) for one in worths]),
            words,
        )

    def _word(self, worth: Worth, word: int) -> int:
        return sum(
            count << self.counters[name].shift
            for name, count in worth.counts.items()
            if self.counters[name].word == word
        )

    def sums(self, codes: Sequence[NDArray[np.integer]], cells: Mapping[int, Sequence[Cell]]) -> Iterator[SectionSums]:
        """The sums of each section for a block of rows.

        codes: by position, (rows,) integers into the question's cells. cells: the cells of the open questions.
        """
        rows = len(codes[0]) if codes else 0
        for section in self.sections:
            upper, lower = np.zeros(rows), np.zeros(rows)
            words = np.zeros((self.words, rows), dtype=np.int64)
            for group in section.groups:
                index = _index(group, codes, rows)
                upper += group.upper.take(index)
                lower += group.lower.take(index)
                for word in range(self.words):
                    words[word] += group.words[word].take(index)
            if section.unit != 1.0:
                upper /= section.unit
                lower /= section.unit
            for column in section.open:
                worths = self.open_worths(column, cells[column])
                upper += np.array([each.upper for each in worths])[codes[column]]
                lower += np.array([each.lower for each in worths])[codes[column]]
                for word in range(self.words):
                    table = np.array([self._word(each, word) for each in worths], dtype=np.int64)
                    words[word] += table[codes[column]]
            yield SectionSums(section, upper, lower, words)

    def open_worths(self, column: int, cells: Sequence[Cell]) -> list[Worth]:
        """What each cell of an open question adds."""
        return [self._worth(self._codings[column], cell, code) for code, cell in enumerate(cells)]


def _fails_section(coding: Coding) -> bool:
    question = coding.question
    errors = [question.error, *(option.error for option in question.answers.options)]
    errors += [each.error for each in question.answers.ranges]
    return any(error is not None and error.fails is Fails.SECTION for error in errors)


def _index(group: Group, codes: Sequence[NDArray[np.integer]], rows: int) -> NDArray[np.intp]:
    """The index of each row into a group's tables: the codes as digits, the first question's the highest."""
    first = codes[group.columns[0]]
    if len(group.columns) == 1:
        return first.astype(np.intp)
    index = first.astype(np.uint16)
    for column, radix in zip(group.columns[1:], group.radix[1:], strict=True):
        index *= np.uint16(radix)
        index += codes[column].astype(np.uint16, copy=False)
    return index.astype(np.intp)


def _grouped(columns: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    groups: list[list[int]] = []
    entries = GROUP_ENTRIES + 1
    for column, size in zip(columns, sizes, strict=True):
        if entries * size > GROUP_ENTRIES:
            groups.append([])
            entries = 1
        groups[-1].append(column)
        entries *= size
    return groups


def _summed(tables: Sequence[NDArray[Number]]) -> NDArray[Number]:
    """The table of sums over all combinations of entries, flat, the first table's index the highest digit."""
    total = tables[0]
    for table in tables[1:]:
        total = np.add.outer(total, table).ravel()
    return total


def _unit(worths: Sequence[Worth]) -> int:
    """The common denominator of all amounts, as decimal fractions; 1 where it would be too large to be of use."""
    denominators = {
        Fraction(repr(amount)).limit_denominator(LARGEST_UNIT).denominator
        for each in worths
        for amount in (each.upper, each.lower)
    }
    unit = lcm(*denominators) if denominators else 1
    return unit if unit <= LARGEST_UNIT else 1


def _in_units(amount: float, unit: int) -> float:
    return amount if unit == 1 else float(round(amount * unit))
