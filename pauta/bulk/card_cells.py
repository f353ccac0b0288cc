"""What records say of every answer that a card can have: a table with an entry per question and code."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.cells import State
from pauta.engine.evaluation.records import shown
from pauta.engine.model.results import Cell, Given, QuestionAnswers
from pauta.engine.model.scorecard import (
    ANSWERED,
    MISSING,
    NOT_APPLICABLE,
    NOT_ASKED,
    UNVERIFIED,
    Fails,
    Fault,
    Harm,
    Question,
    Scorecard,
)

STATES: Final = (ANSWERED, MISSING, NOT_APPLICABLE, UNVERIFIED, NOT_ASKED)
FAULTS: Final = tuple(fault.value for fault in Fault)
GIVERS: Final = tuple(given.name.lower() for given in Given)[1:]
HARMS: Final = tuple(harm.value for harm in Harm)
FAILS: Final = tuple(fails.value for fails in Fails)
NONE: Final = -1
"""An index that stands for null."""


@dataclass(frozen=True)
class CardCells:
    """What records say of every cell of some questions, an entry a cell; NONE and NaN are null.

    question, text: indices into `questions` and `words`; proposed: the text of a criterion's answer, a state's name
    where it has none. chosen: several options, as indices into `words`, None where it is not `choose: many`. errors:
    (class, fails) as indices into HARMS and FAILS.
    """

    question: NDArray[np.int32]
    text: NDArray[np.int32]
    proposed: NDArray[np.int32]
    number: NDArray[np.float64]
    has_value: NDArray[np.bool_]
    state: NDArray[np.int8]
    points: NDArray[np.float64]
    out_of: NDArray[np.float64]
    weight: NDArray[np.float64]
    credit: NDArray[np.float64]
    missed: NDArray[np.bool_]
    fault: NDArray[np.int8]
    given: NDArray[np.int8]
    looked: NDArray[np.bool_]
    is_missing: NDArray[np.bool_]
    chosen: list[list[int] | None]
    errors: list[list[tuple[int, int]]]
    questions: list[str]
    words: list[str]


class WordList:
    """Words in the order of their first appearance."""

    def __init__(self) -> None:
        self.index: dict[str, int] = {}

    def of(self, word: str | None) -> int:
        """The index of a word."""
        return NONE if word is None else self.index.setdefault(word, len(self.index))


class QuestionCells:
    """The entries of one question, words as they are; cards that ask the same thing have them together.

    cells: what they were made of.
    """

    def __init__(self, question: Question, weight: float | None, cells: Sequence[Cell]) -> None:
        self.name, self.cells = question.id, cells
        self.entries = [_entry(question, weight, code, cell) for code, cell in enumerate(cells)]
        self.chosen = [
            [str(one) for one in shown(cell.value)] if isinstance(cell.value, tuple) else None  # type: ignore[attr-defined]
            for cell in cells
        ]
        self.errors = [
            [(HARMS.index(one.critical) if one.critical else NONE, FAILS.index(one.fails)) for one in cell.errors]
            for cell in cells
        ]


class Known:
    """The entries of questions, as long as any card has them: they are worked out once."""

    def __init__(self) -> None:
        self._made: WeakValueDictionary[Hashable, QuestionCells] = WeakValueDictionary()

    def of(self, card: Scorecard, answers: Iterable[QuestionAnswers]) -> list[QuestionCells]:
        """The entries of each question of a card. answers: in the order of its questions."""
        return [
            self._of(question, card.weights[question.id], each.cells)
            for question, each in zip(card.questions, answers, strict=True)
        ]

    def _of(self, question: Question, weight: float | None, cells: Sequence[Cell]) -> QuestionCells:
        own = question.max_points, weight, question.bonus, question.required, question.fault
        key = (question.id, id(cells), own)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = QuestionCells(question, weight, cells)
        return made


_KINDS: Final[Mapping[str, Any]] = {
    "number": np.float64, "has_value": np.bool_, "state": np.int8, "points": np.float64, "out_of": np.float64,
    "weight": np.float64, "credit": np.float64, "missed": np.bool_, "fault": np.int8, "given": np.int8,
    "looked": np.bool_, "is_missing": np.bool_,
}  # fmt: skip
"""What an entry says in numbers, after its two words."""


def _entry(question: Question, weight: float | None, code: int, cell: Cell) -> tuple[Any, ...]:
    """The entry of a cell: the words that are its text and what a criterion would say, and what is in `_KINDS`."""
    value = shown(cell.value)
    text = None if value is None else "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    number = float(value) if isinstance(value, int | float) else np.nan
    missed = bool(cell.errors) or (cell.credit is not None and cell.credit < 1 and not question.bonus)
    silent = cell.state in (MISSING, NOT_ASKED)
    return (
        text if cell.state != MISSING else None,
        cell.state if cell.value is None else text,
        number,
        text is not None and cell.state != MISSING,
        STATES.index(cell.state),
        _or_nan(cell.points),
        _or_nan(question.max_points),
        _or_nan(weight),
        _or_nan(cell.credit),
        missed,
        FAULTS.index(question.fault.value) if missed else NONE,
        NONE if silent else GIVERS.index("person"),
        code != State.NOT_LOOKED,
        cell.state == MISSING and question.required,
    )


def _or_nan(number: float | None) -> float:
    return np.nan if number is None else float(number)


def joined(cards: Sequence[Sequence[QuestionCells]]) -> tuple[CardCells, list[list[int]]]:
    """The entries of several cards as one table, and where those of each question of each card begin in it."""
    words, questions = WordList(), WordList()
    begins: dict[int, int] = {}
    entries: list[tuple[Any, ...]] = []
    index: list[tuple[int, int, int]] = []
    chosen: list[list[int] | None] = []
    errors: list[list[tuple[int, int]]] = []
    for each in {id(each): each for card in cards for each in card}.values():
        begins[id(each)] = len(entries)
        number = questions.of(each.name)
        for entry, listed in zip(each.entries, each.chosen, strict=True):
            index.append((number, words.of(entry[0]), words.of(entry[1])))
            chosen.append(None if listed is None else list(map(words.of, listed)))
        entries += each.entries
        errors += each.errors
    question, text, proposed = np.array(index, dtype=np.int32).reshape(-1, 3).T.copy()
    columns = list(zip(*entries, strict=True))[2:] or [()] * len(_KINDS)
    said: dict[str, Any] = {
        name: np.array(column, dtype=kind) for (name, kind), column in zip(_KINDS.items(), columns, strict=True)
    }
    said |= {"chosen": chosen, "errors": errors, "questions": list(questions.index), "words": list(words.index)}
    table = CardCells(question, text, proposed, **said)
    return table, [[begins[id(each)] for each in card] for card in cards]
