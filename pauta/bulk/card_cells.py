"""What records say of every answer that a card can have: a table with an entry per question and code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

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

if TYPE_CHECKING:
    pass

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
    (class, fails) as indices into HARMS and FAILS. starts: the first entry of each question.
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
    starts: list[int]


class WordList:
    """Words in the order of their first appearance."""

    def __init__(self) -> None:
        self.index: dict[str, int] = {}

    def of(self, word: str | None) -> int:
        """The index of a word."""
        return NONE if word is None else self.index.setdefault(word, len(self.index))


def cells_of(card: Scorecard, answers: Mapping[str, QuestionAnswers]) -> CardCells:
    """The table of a card, for the cells of one batch (those of closed questions are always the same)."""
    words = WordList()
    each: list[tuple[Any, ...]] = []
    chosen: list[list[int] | None] = []
    errors: list[list[tuple[int, int]]] = []
    starts: list[int] = []
    for n, question in enumerate(card.questions):
        starts.append(len(each))
        weight = card.weights[question.id]
        for code, cell in enumerate(answers[question.id].cells):
            each.append((n, *_entry(question, weight, code, cell, words)))
            listed = isinstance(cell.value, tuple)
            chosen.append([words.of(str(one)) for one in shown(cell.value)] if listed else None)  # type: ignore[attr-defined]
            errors.append(
                [(HARMS.index(one.critical) if one.critical else NONE, FAILS.index(one.fails)) for one in cell.errors]
            )
    columns = list(zip(*each, strict=True)) or [()] * len(_KINDS)
    arrays: list[Any] = [np.array(column, dtype=kind) for column, kind in zip(columns, _KINDS, strict=True)]
    questions = [question.id for question in card.questions]
    return CardCells(*[*arrays, chosen, errors, questions, list(words.index), starts])


_KINDS: Final[tuple[Any, ...]] = (
    np.int32, np.int32, np.int32, np.float64, np.bool_, np.int8, np.float64, np.float64, np.float64, np.float64,
    np.bool_, np.int8, np.int8, np.bool_, np.bool_,
)  # fmt: skip


def _entry(question: Question, weight: float | None, code: int, cell: Cell, words: WordList) -> tuple[Any, ...]:
    """The entry of a cell, in the order of CardCells, without its question."""
    value = shown(cell.value)
    text = None if value is None else "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    number = float(value) if isinstance(value, int | float) else np.nan
    missed = bool(cell.errors) or (cell.credit is not None and cell.credit < 1 and not question.bonus)
    silent = cell.state in (MISSING, NOT_ASKED)
    return (
        words.of(text if cell.state != MISSING else None),
        words.of(cell.state if cell.value is None else text),
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


def joined(tables: Sequence[CardCells]) -> tuple[CardCells, list[int]]:
    """The tables of several cards as one, and where each begins in it."""
    if len(tables) == 1:
        return tables[0], [0]
    words, questions = WordList(), WordList()
    parts: dict[str, list[Any]] = {each.name: [] for each in fields(CardCells)}
    begins, begin = [], 0
    for table in tables:
        begins.append(begin)
        word_of = np.array([words.of(word) for word in table.words] + [NONE], dtype=np.int32)
        question_of = np.array([questions.of(name) for name in table.questions], dtype=np.int32)
        parts["question"].append(question_of[table.question])
        parts["text"].append(word_of[table.text])
        parts["proposed"].append(word_of[table.proposed])
        parts["chosen"] += [None if each is None else [int(word_of[one]) for one in each] for each in table.chosen]
        parts["errors"] += table.errors
        parts["starts"] += [begin + start for start in table.starts]
        for name in _TAKEN:
            parts[name].append(getattr(table, name))
        begin += len(table.question)
    made: dict[str, Any] = {name: np.concatenate(parts[name]) for name in ("question", "text", "proposed", *_TAKEN)}
    made |= {name: parts[name] for name in ("chosen", "errors", "starts")}
    return CardCells(**made, questions=list(questions.index), words=list(words.index)), begins


_TAKEN: Final = (
    "number", "has_value", "state", "points", "out_of", "weight", "credit", "missed", "fault", "given", "looked",
    "is_missing",
)  # fmt: skip
