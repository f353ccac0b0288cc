"""What one answer of one question is worth: the one place where an answer becomes points, credit and errors.

A question's answers are coded as small integers. The first codes are the states, the same for every question
(`State`); the answers follow. A closed question (one of its options) has all its cells when the card is compiled; an
open one (numbers, scales, several options, text) gets a cell for each distinct answer of a batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias
from weakref import WeakValueDictionary

from pauta.engine.model.amounts import decimal_sum
from pauta.engine.model.calls import RawAnswer
from pauta.engine.model.conditions import Value, number_of
from pauta.engine.model.results import Cell
from pauta.engine.model.scorecard import (
    ANSWERED,
    MISSING,
    NOT_APPLICABLE,
    NOT_ASKED,
    UNVERIFIED,
    Error,
    Fails,
    Kind,
    Option,
    Question,
    Range,
)
from pauta.engine.problems import nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class State(IntEnum):
    """The codes that are no answers. NOT_LOOKED is asked in an automatic evaluation, and nothing there could answer."""

    MISSING = 0
    NOT_APPLICABLE = 1
    UNVERIFIED = 2
    NOT_ASKED = 3
    NOT_LOOKED = 4


FIRST_ANSWER: Final = len(State)
STATE_NAMES: Final = (MISSING, NOT_APPLICABLE, UNVERIFIED, NOT_ASKED, NOT_ASKED)
AnswerValue: TypeAlias = str | float | tuple[str, ...]


STATE_CELLS: Final = (
    Cell(MISSING),
    Cell(NOT_APPLICABLE, value=NOT_APPLICABLE),
    Cell(UNVERIFIED),
    Cell(NOT_ASKED),
    Cell(NOT_ASKED),
)


class RefusedError(Exception):
    """An answer that is none of the question's; says why in one sentence, with a hint."""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        self.sentence, self.hint = sentence, hint
        super().__init__(sentence)


def could_fail_card(question: Question) -> bool:
    """Whether an error of the question or of one of its answers is critical and fails the card."""
    errors = [question.error] if question.scored else []
    errors += [option.error for option in question.answers.options]
    errors += [each.error for each in question.answers.ranges]
    return any(error is not None and error.critical is not None and error.fails is Fails.CARD for error in errors)


class Scheme:
    """What may be answered to a question and what that is worth, apart from its words.

    Questions of which all that is the same have the same scheme, in whatever card they stand. vocabulary: what codes
    stand for; cells: what they are worth, states and a closed question's options; values: what conditions see under
    each code; dtype: what holds codes, bytes where they do, as in columns from files.
    """

    def __init__(self, coding: Coding) -> None:
        options, closed = tuple(coding.options), coding.closed
        self.vocabulary: tuple[str, ...] = STATE_NAMES + (options if closed else ())
        self.cells: tuple[Cell, ...] = STATE_CELLS + (tuple(map(coding.cell, options)) if closed else ())
        self.values: tuple[Value | None, ...] = tuple(cell.value for cell in self.cells)
        self.dtype: Final = "u1" if closed and len(self.cells) <= 256 else "i4"
        self.code_of: Mapping[str, int] = {name: FIRST_ANSWER + n for n, name in enumerate(options)}
        plain: dict[RawAnswer | None, int] = {None: int(State.MISSING)}
        plain.update(self.code_of)
        self.code_of_plain: Mapping[RawAnswer | None, int] = plain if closed else {}
        """The codes of answers that need no reading: a closed question's options by id, and none at all."""


_SCHEMES: Final[WeakValueDictionary[str, Scheme]] = WeakValueDictionary()
"""The schemes in use: many cards, and all versions of one, ask mostly the same."""


def _all_that_counts(question: Question) -> str:
    """All that a question's scheme, and what its answers add to the sums of a card, depend on, as text."""
    answers = question.answers
    options = [
        (each.id, each.points, each.not_applicable, each.error, each.comment_required) for each in answers.options
    ]
    ranges = [(each.start, each.stop, each.points, each.error, each.comment_required) for each in answers.ranges]
    bounds = answers.kind, answers.at_most, answers.minimum, answers.maximum
    scored = question.weight, question.max_points, question.bonus, question.error
    # as text, for 1 and 1.0 are equal and are not written alike
    return repr((options, ranges, bounds, scored, question.comment, question.required))


class Coding:
    """How the answers of one question are read and coded.

    `cells` holds the states and, for a closed question, its options in order; `vocabulary` names them. An open
    question's cells are made by `cell` for each distinct answer.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.closed = question.answers.kind is Kind.ONE
        self.verdict_codes: NDArray[np.integer] | None = None
        """What the verdicts of a closed question's criterion come to, once that is known."""
        key = _all_that_counts(question)
        scheme = _SCHEMES.get(key)
        if scheme is None:
            scheme = _SCHEMES[key] = Scheme(self)
        self.scheme = scheme
        self.cells, self.values, self.vocabulary = scheme.cells, scheme.values, scheme.vocabulary
        self.dtype, self.code_of, self.code_of_plain = scheme.dtype, scheme.code_of, scheme.code_of_plain

    @cached_property
    def options(self) -> Mapping[str, Option]:
        """The options by id."""
        return {option.id: option for option in self.question.answers.options}

    @cached_property
    def na_option(self) -> str | None:
        """The option that says that the question is not applicable."""
        return next((option.id for option in self.question.answers.options if option.not_applicable), None)

    @cached_property
    def asks_comments(self) -> bool:
        """Whether any answer of the question asks for a comment."""
        answers = self.question.answers
        marked = [each.comment_required for each in answers.options] + [
            each.comment_required for each in answers.ranges
        ]
        return self.question.comment != "optional" or any(marked)

    @cached_property
    def best(self) -> RawAnswer | None:
        """The answer with the most points, one without an error if there is any; None where nothing is scored."""
        if not self.question.scored:
            return None
        candidates = [(answer, self.cell(self.read(answer))) for answer in possible_answers(self.question)]
        scored = [(answer, cell) for answer, cell in candidates if cell.credit is not None]
        clean = [(answer, cell) for answer, cell in scored if not cell.errors] or scored
        return max(clean, key=lambda each: each[1].credit or 0.0)[0] if clean else None

    def read(self, raw: RawAnswer) -> AnswerValue | State:
        """A given answer as an answer of this question, or as the state it names.

        Raises RefusedError where it is neither.
        """
        if isinstance(raw, State):  # what a criterion found, heard again
            return raw
        if isinstance(raw, tuple) and len(raw) == 1 and raw[0] in (UNVERIFIED, MISSING, NOT_APPLICABLE):
            raw = raw[0]
        if isinstance(raw, str) and (raw == MISSING or not raw.strip()):
            return State.MISSING
        if raw == UNVERIFIED:
            return State.UNVERIFIED
        if raw == NOT_APPLICABLE:
            if self.na_option is None:
                raise RefusedError(f"question '{self.question.id}' has no answer for not applicable")
            return self.na_option if self.closed else (self.na_option,)
        match self.question.answers.kind:
            case Kind.ONE:
                return self._one(raw)
            case Kind.MANY:
                return self._many(raw)
            case Kind.NUMBER | Kind.SCALE:
                return self._number(raw)
            case Kind.DATE:
                return self._date(raw)
        return _as_text(raw)

    def _one(self, raw: RawAnswer) -> str:
        if isinstance(raw, tuple):
            raise RefusedError(f"question '{self.question.id}' takes one answer, not the list {list(raw)}")
        text = _as_text(raw)
        if text in self.options:
            return text
        raise RefusedError(f"'{text}' is no answer of question '{self.question.id}'", self._nearest(text))

    def _nearest(self, text: str) -> str:
        """The answer that was probably meant, by its id or its title in any language, else all of them."""
        titles = {title: option.id for option in self.options.values() for title in option.title.by_language.values()}
        near = nearest(text, [*self.options, *titles])
        if near is None:
            return f"its answers are: {', '.join(self.options)}"
        return f"did you mean '{near}'?" if near in self.options else f"did you mean '{titles[near]}' ({near})?"

    def _many(self, raw: RawAnswer) -> tuple[str, ...] | State:
        chosen = {part for part in self._listed(raw) if part}
        for each in sorted(chosen - set(self.options)):
            raise RefusedError(f"'{each}' is no answer of question '{self.question.id}'", self._nearest(each))
        if any(self.options[each].not_applicable for each in chosen):
            if len(chosen) > 1:
                raise RefusedError(
                    f"question '{self.question.id}' cannot be not applicable and have other answers as well"
                )
            return tuple(chosen)
        return tuple(option for option in self.options if option in chosen)

    def _listed(self, raw: RawAnswer) -> tuple[str, ...]:
        if isinstance(raw, tuple):
            return tuple(_as_text(each) for each in raw)
        text = _as_text(raw)
        if text in self.options:
            return (text,)
        return tuple(part.strip() for part in re.split(r"[;|\n]" if re.search(r"[;|\n]", text) else ",", text))

    def _number(self, raw: RawAnswer) -> float:
        answers = self.question.answers
        number = None if isinstance(raw, tuple | bool) else number_of(raw)
        if number is None:
            shown = list(raw) if isinstance(raw, tuple) else f"'{_as_text(raw)}'"
            raise RefusedError(f"question '{self.question.id}' takes a number, not {shown}")
        low, high = answers.minimum, answers.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            bounds = f"{'...' if low is None else f'{low:g}'} to {'...' if high is None else f'{high:g}'}"
            raise RefusedError(f"{number:g} is outside {bounds}, which question '{self.question.id}' takes")
        if answers.ranges and not any(each.has(number) for each in answers.ranges):
            raise RefusedError(f"{number:g} is in no range of question '{self.question.id}'")
        return number + 0.0

    def _date(self, raw: RawAnswer) -> str | State:
        text = _as_text(raw).strip()
        if not text:
            return State.MISSING
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise RefusedError(
                f"question '{self.question.id}' takes a date, not '{text}'", "write it as 2026-11-21"
            ) from None
        return text

    def cell(self, value: AnswerValue) -> Cell:
        """What an answer (as `read` gives it) is worth."""
        question = self.question
        match question.answers.kind:
            case Kind.ONE:
                option = self.options[str(value)]
                return self._option_cell(option, value)
            case Kind.MANY:
                assert isinstance(value, tuple)
                return self._many_cell(value)
            case Kind.NUMBER:
                for each in question.answers.ranges:
                    if each.has(float(value)):  # type: ignore[arg-type]  # read() gave a number
                        errors = (each.error,) if each.error else ()
                        return self._scored(value, each.points, errors, each.comment_required)
            case Kind.SCALE:
                points = decimal_sum((float(value), -(question.answers.minimum or 0.0)))  # type: ignore[arg-type]  # as above
                errors = (question.error,) if question.error and points == 0 else ()
                return self._scored(value, points, errors, comment_required=False)
        return Cell(ANSWERED, value, comment_required=question.comment == "required")

    def _option_cell(self, option: Option, value: AnswerValue) -> Cell:
        errors = (option.error,) if option.error else ()
        if option.not_applicable:
            comment = option.comment_required or self.question.comment == "required"
            return Cell(NOT_APPLICABLE, value, comment_required=comment)
        return self._scored(value, option.points, errors, option.comment_required)

    def _many_cell(self, chosen: tuple[str, ...]) -> Cell:
        question, options = self.question, [self.options[each] for each in chosen]
        if len(options) == 1 and options[0].not_applicable:
            return self._option_cell(options[0], chosen)
        errors = [option.error for option in options if option.error]
        points = None
        if question.scored:
            points = decimal_sum(option.points or 0.0 for option in options)
            positive = any((option.points or 0.0) > 0 for option in question.answers.options)
            if question.error and (points <= 0 if positive else points < 0):
                errors.insert(0, question.error)
            if question.answers.at_most is not None:
                points = min(points, question.answers.at_most)
        return self._scored(chosen, points, tuple(errors), any(option.comment_required for option in options))

    def _scored(
        self, value: AnswerValue, points: float | None, errors: tuple[Error, ...], comment_required: bool
    ) -> Cell:
        question = self.question
        credit = None if points is None or not question.max_points else points / question.max_points
        asked = {"required": True, "required_on_error": bool(errors)}.get(question.comment, False)
        return Cell(ANSWERED, value, points, credit, errors, comment_required or asked)


def possible_answers(question: Question) -> list[RawAnswer]:
    """Answers that stand for all of a question's: options, one number of each range, both ends of a scale.

    Of `choose: many`: each option alone, all that add points together, and none. Text and dates have none.
    """
    answers = question.answers
    match answers.kind:
        case Kind.ONE:
            return [option.id for option in answers.options]
        case Kind.MANY:
            positive = tuple(option.id for option in answers.options if (option.points or 0) > 0)
            singles = [(option.id,) for option in answers.options]
            return list(dict.fromkeys([positive, *singles, ()]))
        case Kind.SCALE:
            return [answers.minimum or 0.0, answers.maximum or 0.0]
        case Kind.NUMBER:
            return [number for each in answers.ranges if (number := _number_in(question, each)) is not None]
    return []


def _number_in(question: Question, wanted: Range) -> float | None:
    """A number that falls into a range, as ranges are tried in order; None where an earlier one takes them all."""
    low, high = question.answers.minimum, question.answers.maximum
    start = max((each for each in (wanted.start, low) if each is not None), default=None)
    stop = min((each for each in (wanted.stop, high) if each is not None), default=None)
    bounds = [each for one in question.answers.ranges for each in (one.start, one.stop) if each is not None]
    near = [start, stop, *(each + step for each in bounds for step in (0.0, 0.5, -0.5, 1.0, -1.0)), 0.0]
    for number in near:
        if number is None or (start is not None and number < start) or (stop is not None and number > stop):
            continue
        if next((each for each in question.answers.ranges if each.has(number)), None) is wanted:
            return number
    return None


def _as_text(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw)
