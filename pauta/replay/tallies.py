"""What is counted of a replay: both sides, each question, each agent, each team. By column, in constant memory.

Scores are added up as whole millionths, so that no sum depends on the size of a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from math import sqrt
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.cells import FIRST_ANSWER, State
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.columns import Coded
from pauta.engine.model.results import Cell, QuestionAnswers, Results, Status
from pauta.engine.model.scorecard import MISSING, Question

Mask: TypeAlias = NDArray[np.bool_]
MILLION: Final = 1_000_000
BINS: Final = 20
BIN_WIDTH: Final = 100 / BINS
OUTCOMES: Final = ("passed", "failed", "open", "not_scored", "incomplete")
"""What an evaluation can come to: `open` is complete without a verdict."""
PASSED, FAILED, OPEN, NOT_SCORED, INCOMPLETE = range(len(OUTCOMES))


def outcomes(results: Results) -> NDArray[np.int8]:
    """(rows,): what each evaluation came to, an index into OUTCOMES."""
    found = np.full(len(results), OPEN, dtype=np.int8)
    found[results.status == Status.NOT_SCORED] = NOT_SCORED
    found[results.passed == 1] = PASSED
    found[results.passed == 0] = FAILED
    found[results.status == Status.INCOMPLETE] = INCOMPLETE
    return found


def scored(results: Results) -> Mask:
    """(rows,): the evaluations whose score counts: complete ones."""
    return np.asarray((results.status == Status.COMPLETE) & ~np.isnan(results.score), dtype=np.bool_)


def millionths(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Scores as whole millionths; they have at most six decimals."""
    return np.rint(scores * MILLION).astype(np.int64)


@dataclass(slots=True)
class SideTally:
    """What all evaluations by one of the two versions came to. The histogram has bins of five points, ends held."""

    evaluations: int = 0
    outcomes: list[int] = field(default_factory=lambda: [0] * len(OUTCOMES))
    scored: int = 0
    score_sum: int = 0
    critical: int = 0
    non_critical: int = 0
    histogram: list[int] = field(default_factory=lambda: [0] * BINS)
    bands: Counter[str] = field(default_factory=Counter)
    escalations: Counter[str] = field(default_factory=Counter)

    def add(self, results: Results, came_to: NDArray[np.int8]) -> None:
        """Count a batch."""
        self.evaluations += len(results)
        _add(self.outcomes, np.bincount(came_to, minlength=len(OUTCOMES)))
        counts = scored(results)
        self.scored += int(counts.sum())
        self.score_sum += int(millionths(results.score[counts]).sum())
        final = results.status != Status.INCOMPLETE
        self.critical += int(results.critical[final].sum())
        self.non_critical += int(results.non_critical[final].sum())
        bins = np.clip(results.score[counts] // BIN_WIDTH, 0, BINS - 1).astype(np.int64)
        _add(self.histogram, np.bincount(bins, minlength=BINS))
        for n, band in enumerate(results.scorecard.bands):
            self.bands[band.id] += int((results.band == n).sum())
        for name, fired in results.fired.items():
            self.escalations[name] += int(fired.sum())

    @property
    def mean(self) -> float | None:
        """The mean score of the complete evaluations."""
        return self.score_sum / self.scored / MILLION if self.scored else None

    @property
    def pass_rate(self) -> float | None:
        """Passed over those with a verdict."""
        known = self.outcomes[PASSED] + self.outcomes[FAILED]
        return self.outcomes[PASSED] / known if known else None


@dataclass(slots=True)
class Moved:
    """How the evaluations of a group moved. `compared`: those that both versions score; sums are over these.

    with_verdict: those that both pass or fail.
    """

    evaluations: int = 0
    compared: int = 0
    before_sum: int = 0
    after_sum: int = 0
    squares: int = 0
    """The sum of the squared changes, in square thousandths."""
    up: int = 0
    down: int = 0
    with_verdict: int = 0
    passed_before: int = 0
    passed_after: int = 0
    now_fail: int = 0
    now_pass: int = 0

    def plus(self, added: Sequence[int]) -> None:
        """Add what `columns_of` counted, in the order of the fields."""
        for name, value in zip(self.__slots__, added, strict=True):
            setattr(self, name, getattr(self, name) + value)

    @property
    def before(self) -> float | None:
        """The mean score before."""
        return self.before_sum / self.compared / MILLION if self.compared else None

    @property
    def after(self) -> float | None:
        """The mean score after."""
        return self.after_sum / self.compared / MILLION if self.compared else None

    @property
    def change(self) -> float:
        """By how much the mean score moves; 0 where nothing can be compared."""
        return (self.after_sum - self.before_sum) / self.compared / MILLION if self.compared else 0.0

    @property
    def variance(self) -> float:
        """Of the change from call to call; 0 of fewer than two."""
        if self.compared < 2:
            return 0.0
        return max(self.squares / 1e6 - self.compared * self.change**2, 0.0) / (self.compared - 1)

    @property
    def give_or_take(self) -> float | None:
        """Half the 95 % interval of the mean change, were these calls drawn by chance from many like them."""
        if self.compared < 2:
            return None
        return student(self.compared - 1) * sqrt(self.variance / self.compared)

    @property
    def share_before(self) -> float | None:
        """The share passed before, of those with a verdict on both sides."""
        return self.passed_before / self.with_verdict if self.with_verdict else None

    @property
    def share_after(self) -> float | None:
        """The share passed after, of those with a verdict on both sides."""
        return self.passed_after / self.with_verdict if self.with_verdict else None

    def apart_from(self, whole: Moved) -> bool:
        """Whether the mean change differs from that of all others by more than chance explains, 19 times in 20."""
        others = whole.compared - self.compared
        if self.compared < 2 or others < 2:
            return False
        rest = Moved(compared=others, before_sum=whole.before_sum - self.before_sum,
                     after_sum=whole.after_sum - self.after_sum, squares=whole.squares - self.squares)  # fmt: skip
        spread = self.variance / self.compared + rest.variance / others
        return abs(self.change - rest.change) > student(min(self.compared, others) - 1) * sqrt(spread) + 1e-9


def student(degrees: int) -> float:
    """The 97.5 % quantile of Student's t by its expansion around the normal's (Abramowitz and Stegun 26.7.5).

    From 3 degrees of freedom it is within 1 %; below, the exact values.
    """
    if degrees < 3:
        return (12.706, 4.303)[degrees - 1]
    z = 1.959964
    g1, g2 = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + g1 / degrees + g2 / degrees**2 + g3 / degrees**3


def columns_of(
    before: Results, after: Results, was: NDArray[np.int8], now: NDArray[np.int8]
) -> list[NDArray[np.int64]]:
    """What each row adds to a `Moved`, (rows,) a field, in the order of its fields."""
    both = scored(before) & scored(after)
    old, new = (np.where(both, each.score, 0.0) for each in (before, after))
    change = np.rint((new - old) * 1000).astype(np.int64)
    known = (was <= FAILED) & (now <= FAILED)
    masks = [both, new > old, new < old, known, known & (was == PASSED), known & (now == PASSED),
             known & (was == PASSED) & (now == FAILED), known & (was == FAILED) & (now == PASSED)]  # fmt: skip
    plain = [each.astype(np.int64) for each in masks]
    ones = np.ones(len(was), dtype=np.int64)
    return [ones, plain[0], millionths(old), millionths(new), change**2, *plain[1:]]


def add_by_group(groups: dict[str, Moved], names: Coded[Any], columns: Sequence[NDArray[np.int64]]) -> None:
    """Add rows to the group that each belongs to; a row without a name belongs to ''."""
    present, codes = np.unique(names.codes, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(present)))
    sums = [np.add.reduceat(column[order], starts).tolist() for column in columns]
    for place, added in zip(present.tolist(), zip(*sums, strict=True), strict=True):
        groups.setdefault(names.values[place] or "", Moved()).plus(added)


@dataclass(slots=True)
class AnswerTally:
    """What became of one question on one side. unanswered: it was asked and nobody answered, or it was not looked at.

    refused: a person gave an answer that this version does not have.
    """

    answered: int = 0
    scored: int = 0
    missed: int = 0
    critical: int = 0
    non_critical: int = 0
    unanswered: int = 0
    refused: int = 0

    @property
    def missed_share(self) -> float | None:
        """Misses over scored answers."""
        return self.missed / self.scored if self.scored else None


@dataclass(frozen=True)
class Earned:
    """What one question earned in each row of a batch, by code. codes: (rows,) into the other fields, (cells,) each.

    answered: where the cell is an answer. worth: credit (None where it is not scored), critical, other errors.
    """

    codes: NDArray[np.integer]
    answered: Mask
    worth: Sequence[tuple[float | None, int, int]]

    def differs_from(self, other: Earned) -> int:
        """In how many rows credit or errors differ."""
        known: dict[tuple[float | None, int, int], int] = {}
        mine, theirs = (
            np.array([known.setdefault(each, len(known)) for each in side.worth], dtype=np.intp).take(side.codes)
            for side in (self, other)
        )
        return int(np.count_nonzero(mine != theirs))


def earned(answers: QuestionAnswers) -> Earned:
    """What the answers to a question earned."""
    answered = [n >= FIRST_ANSWER and cell.state == "answered" for n, cell in enumerate(answers.cells)]
    return Earned(answers.codes, np.array(answered, dtype=np.bool_), [_worth(cell) for cell in answers.cells])


def _worth(cell: Cell) -> tuple[float | None, int, int]:
    critical = sum(error.critical is not None for error in cell.errors)
    return cell.credit, critical, len(cell.errors) - critical


def nothing_earned(rows: int) -> Earned:
    """Of a question that a version does not have."""
    return Earned(np.zeros(rows, dtype=np.uint8), np.zeros(1, dtype=np.bool_), [(None, 0, 0)])


def count_answers(tally: AnswerTally, question: Question, got: Earned, final: Mask, given: Mask | None) -> None:
    """Count a question of a batch. final: evaluations that are not incomplete; given: where a person gave an answer."""
    cells = len(got.worth)
    every = np.bincount(got.codes, minlength=cells)
    counts = np.where(got.answered, np.bincount(got.codes[final], minlength=cells), 0)
    tally.answered += int(counts.sum())
    for count, (credit, critical, non_critical) in zip(counts.tolist(), got.worth, strict=True):
        if count and (credit is not None or critical or non_critical):
            missed = bool(critical or non_critical) or (credit is not None and credit < 1 and not question.bonus)
            tally.scored += count
            tally.missed += count * missed
            tally.critical += count * (critical > 0)
            tally.non_critical += count * (non_critical > 0)
    tally.unanswered += int(every[State.MISSING] + every[State.NOT_LOOKED])
    if given is not None:
        tally.refused += int(np.count_nonzero(given & (got.codes == int(State.MISSING))))


@dataclass(slots=True)
class QuestionReplayed:
    """One question on both sides. differs: evaluations in which it earned or erred differently."""

    id: str
    before: AnswerTally = field(default_factory=AnswerTally)
    after: AnswerTally = field(default_factory=AnswerTally)
    differs: int = 0


def _add(into: list[int], counts: Iterable[int]) -> None:
    for n, count in enumerate(counts):
        into[n] += int(count)


def add_tally(into: Any, other: Any) -> None:
    """Count what another tally of the same kind counted."""
    for name in (each.name for each in fields(into)):
        mine, theirs = getattr(into, name), getattr(other, name)
        if isinstance(mine, int):
            setattr(into, name, mine + theirs)
        elif isinstance(mine, Counter):
            mine.update(theirs)
        elif isinstance(mine, list):
            _add(mine, theirs)
        elif is_dataclass(mine):
            add_tally(mine, theirs)


def largest_first(groups: Mapping[str, Moved], least: int) -> list[tuple[str, Moved]]:
    """The groups with at least so many compared evaluations, those that move most first, then by name."""
    enough = [(name, moved) for name, moved in groups.items() if name and moved.compared >= max(least, 1)]
    return sorted(enough, key=lambda each: (-abs(round(each[1].change, 9)), each[0]))


def given_by_people(batch: CallBatch) -> dict[str, Mask]:
    """Question -> where a person gave an answer, whether or not it can be understood."""
    return {
        name: np.array([is_given(raw) for raw in column.values], dtype=np.bool_)[column.codes]
        for name, column in batch.answers.items()
    }


def is_given(raw: object) -> bool:
    """Whether a person's answer is one, whether or not it can be understood."""
    return raw is not None and raw != MISSING and str(raw).strip() != ""
