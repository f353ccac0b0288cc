"""The answers of one person about one call, and those of many people by column.

Answer, RawAnswer   one answer, and what it may be
PlainAnswers        answers of which each is text alone, held as small numbers
columns_of(...)     the answers of many by question
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pauta.engine.model.columns import Coded, coded
from pauta.engine.problems import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RawAnswer: TypeAlias = str | float | tuple[str, ...]
"""An answer as it was given: the text of an option, a number (or its text), or the chosen ones of `choose: many`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a person. `fault` overrides who answers for the miss; `at` is a time in the call, in seconds.

    `place` is where it is written, for readers of files in which that is finer than the evaluation's own place.
    """

    value: RawAnswer | None
    comment: str | None = None
    fault: str | None = None
    at: float | None = None
    place: Place | None = None

    @property
    def has_note(self) -> bool:
        """Whether something stands beside the answer."""
        return bool(self.comment or self.fault or self.at is not None)


MOST_TEXTS: Final = 4096
LONGEST_TEXT: Final = 80
"""So many different texts of so many letters are told apart by numbers; open questions have more, and keep theirs."""
_CODES: Final = "H"
_known: Final[list[Answer | None]] = [None]
_number_of: Final[dict[object, int]] = {}
_adding: Final = Lock()


class PlainAnswers(Mapping[str, Answer]):
    """Answers by question of which each is text alone, as most are: two bytes each, for a year's are held in memory.

    questions: their ids, in order; those who were asked the same share one tuple. codes: an array of as many numbers.
    """

    __slots__ = ("codes", "questions")

    def __init__(self, questions: tuple[str, ...], codes: array[int]) -> None:
        self.questions, self.codes = questions, codes

    @classmethod
    def of(cls, questions: tuple[str, ...], texts: Mapping[str, Any]) -> PlainAnswers | None:
        """The answers of texts that were numbered before; None where one was not, or is no text."""
        try:
            return cls(questions, array(_CODES, map(_number_of.__getitem__, texts.values())))
        except (KeyError, TypeError):
            return None

    def __getitem__(self, question: str) -> Answer:
        try:
            found = _known[self.codes[self.questions.index(question)]]
        except ValueError:
            raise KeyError(question) from None
        assert found is not None
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.questions)

    def __len__(self) -> int:
        return len(self.questions)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[Callable[..., dict[str, Answer]], tuple[dict[str, Answer]]]:
        return dict, (dict(self),)  # the numbers are this process's own


def number(answers: Mapping[str, Answer]) -> None:
    """Number the texts of plain answers, as long as there are not too many."""
    with _adding:
        for answer in answers.values():
            text = answer.value
            if type(text) is str and text not in _number_of and len(text) <= LONGEST_TEXT and len(_known) <= MOST_TEXTS:
                _known.append(answer)
                _number_of[text] = len(_known) - 1


def columns_of(
    people: Sequence[Mapping[str, Answer]],
) -> tuple[dict[str, Coded[Any]], dict[tuple[int, str], Answer]]:
    """The answers of each row by question, and the notes beside them by row and question. Who answered nothing: {}."""
    different = {id(questions): questions for questions in map(_questions, people)}
    asked = sorted(set[str]().union(*different.values()))
    if all(type(each) is PlainAnswers or not each for each in people):
        return _plain_columns(people, asked), {}
    columns: dict[str, Coded[Any]] = {}
    notes: dict[tuple[int, str], Answer] = {}
    answers_of = [(dict(each) if type(each) is PlainAnswers else each).get for each in people]
    for question in asked:
        given = [answer_to(question) for answer_to in answers_of]
        columns[question] = _column(given)
        if any(answer.has_note for answer in {id(answer): answer for answer in given}.values() if answer):
            notes |= {(row, question): answer for row, answer in enumerate(given) if answer and answer.has_note}
    return columns, notes


def _questions(answers: Mapping[str, Answer]) -> Iterable[str]:
    return answers.questions if type(answers) is PlainAnswers else answers


def _column(given: Sequence[Answer | None]) -> Coded[Any]:
    """The answers of each row to one question."""
    import numpy as np

    who = list(map(id, given))
    different = dict(zip(who, given, strict=True))  # bare answers of the same text are one object
    answers = coded([answer.value if answer else None for answer in different.values()])
    place = dict(zip(different, answers.codes.tolist(), strict=True))
    return Coded(np.fromiter(map(place.__getitem__, who), dtype=np.int32, count=len(given)), answers.values)


def _plain_columns(people: Sequence[Mapping[str, Answer]], asked: Sequence[str]) -> dict[str, Coded[Any]]:
    """The columns of plain answers alone, from a matrix of their numbers."""
    import numpy as np

    alike: dict[int, list[int]] = {}
    for row, answers in enumerate(people):
        if type(answers) is PlainAnswers:
            alike.setdefault(id(answers.questions), []).append(row)
    column_of = {question: column for column, question in enumerate(asked)}
    numbers = np.zeros((len(people), len(asked)), dtype=np.uint16)
    for rows in alike.values():
        own = [answers for row in rows if type(answers := people[row]) is PlainAnswers]
        columns = [column_of[question] for question in own[0].questions]
        codes = np.frombuffer(b"".join([answers.codes for answers in own]), dtype=np.uint16)
        numbers[np.ix_(rows, columns)] = codes.reshape(len(rows), len(columns))
    return {question: _by_appearance(column) for question, column in zip(asked, np.ascontiguousarray(numbers.T))}


def _by_appearance(numbers: NDArray[np.uint16]) -> Coded[Any]:
    """Numbers of texts as a dictionary column, whose values keep the order of their first appearance."""
    import numpy as np

    first = np.full(len(_known), len(numbers))
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]
    distinct = np.flatnonzero(first < len(numbers))
    distinct = distinct[np.argsort(first[distinct])]
    place = np.empty(len(_known), dtype=np.int32)
    place[distinct] = np.arange(len(distinct))
    values = [_known[each] for each in distinct.tolist()]
    return Coded(place[numbers], tuple(answer.value if answer else None for answer in values))
