"""Answers to sums: tables of what each answer adds, so that one look-up serves several questions.

Closed questions of a section stand in groups; the codes of a group are the digits of one index into a table of sums.
A table holds 64-bit words of counters side by side (errors by class, missing, unverified, ...), so that adding words
adds every counter at once. Where weights and points are decimal fractions the two sums of the score (upper: weight
times credit; lower: weight) are whole multiples of a common unit: adding those is exact, in any order, and the unit
cancels where one is divided by the other. Where they find room they stand above the counters in the same word; else
they have tables of their own. Open questions add the tables of the batch's own answers, one question at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property, lru_cache
from math import lcm
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.cells import FIRST_ANSWER, Coding
from pauta.engine.evaluation.counters import COUNTERS, Counter, Words
from pauta.engine.evaluation.groups import (
    Codes,
    Group,
    Indexes,
    digits_of,
    grouped,
    in_one,
    lowest_code,
    summed,
)
from pauta.engine.evaluation.sections import Packed, SectionSums, SectionTables
from pauta.engine.evaluation.stacked import Stacked, StackedSums
from pauta.engine.evaluation.worth import Worth, WorthOf, score_worth
from pauta.engine.model.results import Cell
from pauta.engine.model.scorecard import Fails

BLOCK: Final = 131_072
"""Rows worked on at a time: what is in hand stays in a cache, and the price of each step is shared by many rows."""

LARGEST_UNIT: Final = 10**9
WORD_BITS: Final = 62
"""How much of a 64-bit word is used: a sum of words over the sections of a card never reaches the sign."""

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
        self._worths = {column: worths[column] for column in taking_part if codings[column].closed}
        self._lowers = {column: np.array([each.lower for each in own]) for column, own in self._worths.items()}
        self.counters, self.words, self._used = self._layout(taking_part, worths)
        self.word_type: type[np.signedinteger] = np.int32 if self.words == 1 and self._used < 32 else np.int64
        """What holds a word of counters and nothing else."""
        self.weighted = any(weight is not None for _, weight, _ in sections)
        whole = None if self.weighted else self._unit(taking_part, worths)
        self.sections = tuple(
            self._section(name, weight, columns, worths, whole or self._unit(columns, worths))
            for name, weight, columns in sections
        )
        self._columns_of = [[column for column in columns if codings[column].closed] for _, _, columns in sections]
        self._indexes = Indexes([group for section in self.sections for group in section.groups])
        self._narrowed: list[tuple[dict[int, int], SectionTables] | None] = [None] * len(self.sections)
        """By section: the lowest code that each closed question has had in many rows, and tables that begin there."""
        self.failing = np.array([section.can_fail for section in self.sections], dtype=np.bool_)[:, np.newaxis]
        self.can_fail = any(section.can_fail for section in self.sections)
        given = [section.weight for section in self.sections if section.weight is not None]
        self.weights = np.array(given)[:, np.newaxis] if self.weighted else None
        """(sections, 1): the weights of the sections, None where these have none."""
        self.whole_weight = sum(given)

    def _layout(
        self, taking_part: Sequence[int], worths: Mapping[int, Sequence[Worth]]
    ) -> tuple[dict[str, Counter], int, int]:
        """Where each counter stands; the number of words; the bits used in the last one."""
        counters: dict[str, Counter] = {}
        word, shift = 0, 0
        for name in COUNTERS:
            most = sum(self._most(column, name, worths[column]) for column in taking_part)
            bits = most.bit_length()
            if shift + bits > WORD_BITS:
                word, shift = word + 1, 0
            counters[name] = Counter(word, shift, (1 << bits) - 1)
            shift += bits
        return counters, word + 1, shift

    def _most(self, column: int, name: str, worths: Sequence[Worth]) -> int:
        coding = self._codings[column]
        states = max(each.counts.get(name, 0) for each in worths)
        return states if coding.closed else max(states, 1 + len(coding.question.answers.options))

    def _unit(self, columns: Sequence[int], worths: Mapping[int, Sequence[Worth]]) -> int:
        return _unit([each for column in columns if self._codings[column].closed for each in worths[column]])

    def _section(
        self, name: str, weight: float | None, columns: Sequence[int], worths: Mapping[int, Sequence[Worth]], unit: int
    ) -> SectionTables:
        closed = [column for column in columns if self._codings[column].closed]
        packed = self._packed([worths[column] for column in closed], unit)
        groups = tuple(
            self._group(members, worths, unit, packed, dict.fromkeys(members, 0))
            for members in grouped(closed, [len(worths[column]) for column in closed])
        )
        can_fail = self._sections_fail and any(_fails_section(self._codings[column]) for column in columns)
        opened = tuple(column for column in columns if not self._codings[column].closed)
        return SectionTables(name, weight, groups, opened, float(unit), can_fail, packed)

    def _packed(self, worths: Sequence[Sequence[Worth]], unit: int) -> Packed | None:
        """Where the two sums stand in the last word, if they are whole numbers and fit; the upper one has a sign."""
        if any(_in_units(amount, unit) % 1 for one in worths for each in one for amount in (each.upper, each.lower)):
            return None
        lower = int(sum(max(_in_units(each.lower, unit) for each in one) for one in worths)).bit_length()
        upper = int(sum(max(abs(_in_units(each.upper, unit)) for each in one) for one in worths)).bit_length() + 1
        if self._used + lower + upper > WORD_BITS:
            return None
        return Packed(self._used, self._used + lower, lower + upper)

    def _group(
        self,
        members: Sequence[int],
        worths: Mapping[int, Sequence[Worth]],
        unit: int,
        packed: Packed | None,
        lowest: Mapping[int, int],
    ) -> Group:
        """The tables of some questions. lowest: by column, the code that they begin with."""
        held = [worths[column][lowest[column] :] for column in members]
        words = [
            summed([np.array([self._word(each, word) for each in one], dtype=np.int64) for one in held])
            for word in range(self.words)
        ]
        lower = summed([np.array([_in_units(each.lower, unit) for each in one]) for one in held])
        upper = summed([np.array([_in_units(each.upper, unit) for each in one]) for one in held])
        digits = digits_of(members, [len(one) for one in held], [lowest[column] for column in members])
        if packed is None:
            return Group(digits, tuple(word.astype(self.word_type) for word in words), (upper, lower))
        words[-1] += (lower.astype(np.int64) << packed.lower) + (upper.astype(np.int64) << packed.upper)
        return Group(digits, tuple(words), None)

    @cached_property
    def _stacked(self) -> Stacked | None:
        """The same tables for few rows; None where the sums of a section are no whole numbers."""
        if self.weights is not None and len(self.weights) < len(self.sections):
            return None
        layout: list[tuple[Sequence[int], int, int]] = []
        tables: dict[int, NDArray[np.int64]] = {}
        for section, columns in zip(self.sections, self._columns_of, strict=True):
            if section.packed is None:
                return None
            layout.append((columns, section.packed.lower, section.packed.upper))
            unit = int(section.unit)
            for column in columns:
                worths = self._worths[column]
                table = np.array([[self._word(each, n) for each in worths] for n in range(self.words)], dtype=np.int64)
                table[-1] += [
                    (int(_in_units(each.lower, unit)) << section.packed.lower)
                    + (int(_in_units(each.upper, unit)) << section.packed.upper)
                    for each in worths
                ]
                tables[column] = table
        return Stacked(layout, tables, self.words)

    def _word(self, worth: Worth, word: int) -> int:
        return sum(
            count << self.counters[name].shift
            for name, count in worth.counts.items()
            if self.counters[name].word == word
        )

    def _narrow(self, n: int, codes: Codes) -> SectionTables:
        """A section with tables that leave out the states which its questions have had in none of many rows so far.

        Most questions are answered wherever they are asked, and then one look-up often serves a whole section.
        """
        section, columns = self.sections[n], self._columns_of[n]
        if section.packed is None or not columns:  # in other groups, sums of fractions could come to other bits
            return section
        known = self._narrowed[n]
        highest = known[0] if known else dict.fromkeys(columns, FIRST_ANSWER)
        lowest = {column: lowest_code(codes[column], at_most) for column, at_most in highest.items()}
        if known and lowest == highest:
            return known[1]
        sizes = [len(self._worths[column]) - lowest[column] for column in columns]
        whole = in_one(columns, sizes)
        packed = section.packed if whole is None else None
        groups = tuple(
            self._group(each, self._worths, int(section.unit), packed, lowest)
            for each in ([whole] if whole else grouped(columns, sizes))
        )
        made = replace(section, groups=groups, packed=packed)
        self._narrowed[n] = lowest, made
        return made

    def sums(self, codes: Codes, cells: Mapping[int, Sequence[Cell]], *, narrow: bool = False) -> Iterator[SectionSums]:
        """The sums of each section for a block of rows.

        codes: by position, (rows,) integers into the question's cells. cells: the cells of the open questions. narrow:
        whether there are so many rows that tables are made for them.
        """
        rows = len(codes[0]) if len(codes) else 0
        indexes = self._indexes.of(codes, rows)
        for n, each in enumerate(self.sections):
            section = self._narrow(n, codes) if narrow else each
            own: Iterator[NDArray[np.intp]] = (group.index(codes) for group in section.groups) if narrow else indexes
            found = self._closed_sums(section, own, rows)
            if section.open:
                found = self._with_open(found, codes, cells)
            yield found

    def _closed_sums(self, section: SectionTables, indexes: Iterator[NDArray[np.intp]], rows: int) -> SectionSums:
        """The sums of a section over its closed questions."""
        if section.at_once:
            index = next(indexes)
            return SectionSums(section, [word.take(index) for word in section.groups[0].words], None, index)
        sums: list[Any] = []
        for group in section.groups:
            index = next(indexes)
            found = [table.take(index) for table in (*group.words, *(group.sums or ()))]
            if not sums:
                sums = found
                continue
            for total, each in zip(sums, found, strict=True):
                total += each
        if not sums:
            words = [np.zeros(rows, dtype=self.word_type) for _ in range(self.words)]
            return SectionSums(section, words, (np.zeros(rows), np.zeros(rows)))
        if section.packed is not None:
            return SectionSums(section, sums, None)
        *words, upper, lower = sums
        return SectionSums(section, words, (upper, lower))

    def sums_of_few(self, codes: Codes, cells: Mapping[int, Sequence[Cell]], rows: int) -> StackedSums | None:
        """The sums of all sections for a few rows, None where each must be worked out by itself. See `sums`."""
        if self._stacked is None:
            return None
        found = self._stacked.of(codes, rows)
        for n, section in enumerate(self.sections):
            if section.open:
                self._add_open(section, [word[n] for word in found.words], found.upper[n], found.lower[n], codes, cells)
        return found

    def _with_open(self, closed: SectionSums, codes: Codes, cells: Mapping[int, Sequence[Cell]]) -> SectionSums:
        """The sums of a section with those of its open questions."""
        upper, lower = closed.amounts()
        self._add_open(closed.section, closed.words, upper, lower, codes, cells)
        return SectionSums(closed.section, closed.words, (upper, lower))

    def _add_open(
        self,
        section: SectionTables,
        words: Sequence[Words],
        upper: NDArray[np.float64],
        lower: NDArray[np.float64],
        codes: Codes,
        cells: Mapping[int, Sequence[Cell]],
    ) -> None:
        """Add what the open questions of a section come to, to its sums."""
        for column in section.open:
            worths = self.open_worths(column, cells[column])
            upper += np.array([each.upper * section.unit for each in worths])[codes[column]]
            lower += np.array([each.lower * section.unit for each in worths])[codes[column]]
            for n, word in enumerate(words):
                word += np.array([self._word(each, n) for each in worths], dtype=word.dtype)[codes[column]]

    def lowers(self, codes: Codes, cells: Sequence[Sequence[Cell]]) -> NDArray[np.float64]:
        """(questions, rows) float64: what each question of the card alone adds to the lower sum."""
        if isinstance(codes, np.ndarray) and not any(section.open for section in self.sections):
            table, first = self._all_lowers
            return table.take(codes + first)
        return np.array([self._lower(n, codes[n], cells[n]) for n in range(len(codes))])

    def _lower(self, column: int, codes: NDArray[np.integer], cells: Sequence[Cell]) -> NDArray[np.float64]:
        table = self._lowers.get(column)
        if table is None:
            table = np.array([each.lower for each in self.open_worths(column, cells)])
        return table.take(codes)

    @cached_property
    def _all_lowers(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """What each code of each question adds to the lower sum, and where a question's codes begin, (questions, 1)."""
        tables = [self._lowers[n] for n in range(len(self._lowers))]
        sizes = [len(table) for table in tables]
        return np.concatenate(tables), (np.cumsum(sizes, dtype=np.intp) - sizes)[:, np.newaxis].astype(np.intp)

    def open_worths(self, column: int, cells: Sequence[Cell]) -> list[Worth]:
        """What each cell of an open question adds."""
        return [self._worth(self._codings[column], cell, code) for code, cell in enumerate(cells)]


def _fails_section(coding: Coding) -> bool:
    question = coding.question
    errors = [question.error, *(option.error for option in question.answers.options)]
    errors += [each.error for each in question.answers.ranges]
    return any(error is not None and error.fails is Fails.SECTION for error in errors)


def _unit(worths: Sequence[Worth]) -> int:
    """The common denominator of all amounts, as decimal fractions; 1 where it would be too large to be of use."""
    amounts = {amount for each in worths for amount in (each.upper, each.lower)}
    unit = lcm(*map(_denominator, amounts)) if amounts else 1
    return unit if unit <= LARGEST_UNIT else 1


@lru_cache(4096)
def _denominator(amount: float) -> int:
    return Fraction(repr(amount)).limit_denominator(LARGEST_UNIT).denominator


def _in_units(amount: float, unit: int) -> float:
    return amount if unit == 1 else float(round(amount * unit))
