"""One sheet of a form that `pauta form` wrote, as a person gave it back: what it says, cell by cell.

The sheet is known by its content, not by its name or its order: question ids find the column of questions, wherever
the rows were sorted to; headings find the other columns, else their old distance from it does.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Self, TypeAlias, cast
from zoneinfo import ZoneInfo

from pauta import HumanEvaluation, Place, Problem, human_from
from pauta.plugins.sources.xlsx_cells import (
    Cell,
    Options,
    day_of,
    folded,
    letters,
    moment_of,
    number_of,
    one_of,
    several_of,
    text_of,
)

MARK: Final = "pauta form"
"""What stands in the first cell of the hidden sheet."""
OF_HEADER: Final = ("call_id", "agent", "evaluator", "evaluated_at", "mode")
OF_ROWS: Final = ("section", "question", "text", "answer", "comment", "fault")
Rows: TypeAlias = Sequence[Sequence[Cell]]
At: TypeAlias = Callable[[int, int], Place]
"""How a place is made: of row and column, counted from 0."""


@dataclass(frozen=True)
class Form:
    """What the hidden sheet knows: the card, and the words that the form was written with.

    lists: the name of the hidden sheet of lists. labels: field -> its heading. questions: id -> {kind, unit, options}.
    words: `fault` and `mode` -> their options.
    """

    scorecard: str
    version: str
    digest: str
    timezone: str
    lists: str
    labels: Mapping[str, str]
    questions: Mapping[str, Mapping[str, object]]
    words: Mapping[str, Options]

    @classmethod
    def read(cls, rows: Rows) -> Self | None:
        """The form that a hidden sheet describes; None where the sheet is another, or was changed."""
        if not rows or not rows[0] or rows[0][0] != MARK:
            return None
        try:
            known = json.loads("".join(str(row[1]) for row in rows if len(row) > 1 and row[0] == "data"))
            return cls(**{name: known[name] for name in cls.__dataclass_fields__})
        except (ValueError, KeyError, TypeError):
            return None

    def zoned(self, moment: datetime) -> datetime:
        """A moment without an offset as one of the form's time zone."""
        return moment.replace(tzinfo=ZoneInfo(self.timezone) if self.timezone else UTC)


@dataclass
class _Found:
    """What a sheet says, and where."""

    header: dict[str, tuple[Cell, Place]] = field(default_factory=dict)
    answers: dict[str, dict[str, object]] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def evaluations_of(form: Form, file: str, sheet: str, rows: Rows) -> Iterator[HumanEvaluation | Problem]:
    """The evaluation on one sheet with its problems; nothing where the sheet is somebody's own."""
    questions = _column_of_questions(form, rows)
    if questions is None:
        return

    def at(row: int, column: int) -> Place:
        return Place(file, row + 1, column + 1, f"{sheet}!{letters(column + 1)}{row + 1}")

    found = _Found()
    columns, heading = _columns(form, rows, questions)
    _read_header(form, rows, heading, found, at)
    if "answer" not in columns:
        hint = f"name the column of answers '{form.labels['answer']}'"
        yield Problem("E563", f"sheet '{sheet}' has no column of answers", at(heading, 0), hint)
        return
    for number, row in enumerate(rows[heading + 1 :], heading + 1):
        _read_row(form, number, row, columns, found, at)
    if not found.answers and not found.problems:
        message = f"sheet '{sheet}' holds no answers, and is left out"
        yield Problem("W560", message, at(0, 0), "fill it in, or delete the sheet")
        return
    yield from found.problems
    yield from _evaluation(form, sheet, found, at(0, 0))


def _column_of_questions(form: Form, rows: Rows) -> int | None:
    """The column in which most questions of the form stand by their ids; answers may be words that questions are."""
    found: dict[int, set[str]] = {}
    for row in rows:
        for column, cell in enumerate(row):
            if cell != "" and text_of(cell) in form.questions:
                found.setdefault(column, set()).add(text_of(cell))
    best = max(found, key=lambda column: (len(found[column]), -column), default=None)
    return None if best is None or len(found[best]) < min(2, len(form.questions)) else best


def _columns(form: Form, rows: Rows, questions: int) -> tuple[dict[str, int], int]:
    """Field -> column, and the row of headings: -1 where there is none."""
    first = next(n for n, row in enumerate(rows) if len(row) > questions and text_of(row[questions]) in form.questions)
    best: dict[str, int] = {}
    heading = first - 1
    for number, row in enumerate(rows):
        named = {field: n for n, cell in enumerate(row) if (field := _field(form, cell, OF_ROWS)) is not None}
        if len(named) > max(1, len(best)):
            best, heading = named, number
    columns = {**best, "question": questions}
    for name in OF_ROWS:
        column = questions + OF_ROWS.index(name) - OF_ROWS.index("question")
        if name not in columns and column not in columns.values() and column >= 0:
            columns[name] = column
    return columns, min(heading, first - 1)


def _field(form: Form, cell: Cell, fields: Sequence[str]) -> str | None:
    """The field that a heading names, in the form's language or as the format writes it."""
    said = folded(text_of(cell)).rstrip(":* ")
    return next((name for name in fields if said and said in (folded(form.labels[name]), name)), None)


def _read_header(form: Form, rows: Rows, until: int, found: _Found, at: At) -> None:
    """Who evaluated which call, when: each the first cell that is filled to the right of its label."""
    for number, row in enumerate(rows[: max(until, 0)]):
        for column, cell in enumerate(row[:-1]):
            name = _field(form, cell, OF_HEADER)
            if name is None or name in found.header:
                continue
            filled = (n for n, each in enumerate(row[column + 1 :], column + 1) if each != "")
            place = next(filled, column + 1)
            found.header[name] = row[place], at(number, place)


def _read_row(form: Form, number: int, row: Sequence[Cell], columns: Mapping[str, int], found: _Found, at: At) -> None:
    """One row: the answer to a question, or a heading of a section."""
    cells = {name: row[column] for name, column in columns.items() if column < len(row) and text_of(row[column]) != ""}
    question = text_of(cells["question"]) if "question" in cells else ""
    given = {name: cells[name] for name in ("answer", "comment", "fault") if name in cells}
    if not given:
        return
    places = {name: at(number, columns[name]) for name in given}
    if question not in form.questions:
        found.problems.append(
            _no_question(form, question, at(number, columns["question"]), next(iter(places.values())))
        )
        return
    read: dict[str, object] = {name: _value(form, question, name, cell) for name, cell in given.items()}
    before = found.answers.get(question)
    if before is None:
        found.answers[question] = read
        found.places |= {(question, name): place for name, place in places.items()}
    elif before != read:
        place = next(iter(places.values()))
        other = next(spot for (name, _), spot in found.places.items() if name == question)
        message = f"'{question}' is answered a second time and another way, after {other.cell.rpartition('!')[2]}"
        found.problems.append(Problem("E562", message, place, "keep one of the two rows; the first one is taken"))


def _value(form: Form, question: str, name: str, cell: Cell) -> object:
    if name == "comment":
        return text_of(cell)
    if name == "fault":
        return one_of(cell, form.words["fault"])
    asked = form.questions[question]
    options = cast(Options, asked.get("options") or {})
    match asked["kind"]:
        case "one":
            return one_of(cell, options)
        case "many":
            return several_of(cell, options)
        case "number" | "scale":
            return number_of(cell, cast("str | None", asked.get("unit")))
        case "date":
            return day_of(cell)
    return text_of(cell)


def _no_question(form: Form, question: str, place: Place, answer: Place) -> Problem:
    if not question:
        message = f"the answer in {answer.cell.rpartition('!')[2]} stands in a row that names no question"
        return Problem("E565", message, answer, "write the question's id beside it, or empty the cell")
    near = [name for name in form.questions if folded(name) == folded(question)]
    hint = f"did you mean '{near[0]}'?" if near else "the ids of questions are as the form was written with them"
    return Problem("E565", f"'{question}' is no question of {form.scorecard}@{form.version}", place, hint)


def _evaluation(form: Form, sheet: str, found: _Found, at: Place) -> Iterator[HumanEvaluation | Problem]:
    """The evaluation, or a problem for each cell that keeps it from being one."""
    header: dict[str, object] = {}
    for name, (cell, _) in found.header.items():
        if cell != "":
            header[name] = _header_value(form, name, cell)
    record = {"scorecard": form.scorecard, "version": form.version, **header, "answers": found.answers}
    problems = list(_wrong_header(form, sheet, found, header, at))
    human = None if problems else human_from(record, found.header["call_id"][1])
    if isinstance(human, HumanEvaluation):
        answers = {
            question: replace(answer, place=found.places.get((question, "answer")))
            for question, answer in human.answers.items()
        }
        yield replace(human, answers=answers, digest=form.digest)
    else:
        yield from problems or _wrong_answers(found, header, human or Problem("E503", sheet, at))


def _header_value(form: Form, name: str, cell: Cell) -> object:
    if name == "evaluated_at":
        return moment_of(cell, form.zoned)
    return one_of(cell, form.words["mode"]) if name == "mode" else text_of(cell)


def _wrong_header(form: Form, sheet: str, found: _Found, header: Mapping[str, object], at: Place) -> Iterator[Problem]:
    """Each field of the header that is missing or wrong, at its cell: every one is shown to the door alone."""
    for name in ("call_id", "evaluator"):
        if name not in header:
            place = found.header[name][1] if name in found.header else at
            message = f"sheet '{sheet}' is filled in, and does not say the {form.labels[name].lower()}"
            yield Problem("E561", message, place, f"write it beside '{form.labels[name]}'")
    alone: dict[str, object] = {"call_id": sheet, "evaluator": "x", "answers": {}}
    for name in [name for name in OF_HEADER if name in header]:
        told = human_from({**alone, name: header[name]}, found.header[name][1])
        if isinstance(told, Problem):
            yield told
        elif name == "call_id":
            alone["call_id"] = told.call_id


def _wrong_answers(found: _Found, header: Mapping[str, object], otherwise: Problem) -> list[Problem]:
    """Each row that the door does not take, at the cell that is wrong."""
    told: list[Problem] = []
    for question, parts in found.answers.items():
        for name, value in parts.items():
            record = {
                "call_id": header["call_id"],
                "evaluator": "x",
                "answers": {question: {"answer": None, name: value}},
            }
            wrong = human_from(record, found.places.get((question, name)))
            told += [wrong] if isinstance(wrong, Problem) else []
    return told or [otherwise]
