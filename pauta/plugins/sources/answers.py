"""People's answers in the rows of a sheet or a table: wide, a row an evaluation, or long, a row an answer.

Wide: every column that is not about the evaluation is a question, beside it `greeting.comment`, `greeting.fault` and
`greeting.at`; `answer.greeting` is another name of `greeting`. Long: `question`, `answer`, `comment`, `fault`, `at`.
Several chosen answers stand in one cell with `|` between them, none chosen is `[]`, an empty cell is no answer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from pauta import Place, Problem, unknown_field

OF_EVALUATIONS: Final = ("call_id", "agent", "scorecard", "version", "evaluator", "evaluated_at", "mode")
OF_ANSWERS: Final = ("question", "answer", "comment", "fault", "at")

About: TypeAlias = dict[str, object]
Line: TypeAlias = tuple[About, Mapping[str, object], Place]
"""What a row says of its evaluation, its other cells by column without empty ones, and where it stands."""

Record: TypeAlias = tuple[Mapping[str, object], Place]


def are_long(names: Sequence[str]) -> bool:
    """Whether columns of these names hold a row for every answer."""
    return {"question", "answer"} <= set(names)


def records_of(
    names: Sequence[str], lines: Iterable[Line | Problem], heading: Place, counted_in: str = "row"
) -> Iterator[Record | Problem]:
    """Evaluation records of rows, long or wide; a Problem passes through. counted_in: what a row is called."""
    if not are_long(names):
        yield from _wide(lines)
        return
    known = (*OF_EVALUATIONS, *OF_ANSWERS)
    yield from (unknown_field(name, known, heading) for name in names if name and name not in known)
    yield from _long(lines, counted_in)


def _wide(lines: Iterable[Line | Problem]) -> Iterator[Record | Problem]:
    for line in lines:
        if isinstance(line, Problem):
            yield line
            continue
        about, cells, at = line
        answers: dict[str, dict[str, object]] = {}
        for name, cell in cells.items():
            question, _, part = name.removeprefix("answer.").partition(".")
            answers.setdefault(question, {})[part or "answer"] = cell if part else _answer(cell)
        yield {**about, "answers": answers}, at


def _long(lines: Iterable[Line | Problem], counted_in: str) -> Iterator[Record | Problem]:
    """Rows gathered by everything that is not about the answer, in the order of each evaluation's first row."""
    found: dict[tuple[object, ...], tuple[About, dict[str, object], Place]] = {}
    first: dict[tuple[tuple[object, ...], str], int] = {}
    for line in lines:
        if isinstance(line, Problem):
            yield line
            continue
        about, cells, at = line
        key = tuple(None if about.get(name) is None else str(about[name]) for name in OF_EVALUATIONS)
        question = cells.get("question")
        if question is None or question == "":
            yield Problem("E502", "the row names no question", at)
            continue
        earlier = first.setdefault((key, str(question)), at.line)
        if earlier != at.line:
            hint = "several chosen answers stand in one cell: a | b"
            what = f"'{question}' is answered a second time, after {counted_in} {earlier}"
            yield Problem("E513", what, at, hint)
            continue
        _, answers, _ = found.setdefault(key, (about, {}, at))
        beside = {name: cells[name] for name in OF_ANSWERS[2:] if name in cells}
        answers[str(question)] = {"answer": _answer(cells.get("answer")), **beside}
    for about, answers, at in found.values():
        yield {**about, "answers": answers}, at


def _answer(value: object) -> object:
    """An answer as it stands, or several: a list, or one text with `|` between them; `[]` is none of them."""
    if value == "[]":
        return []
    return [part.strip() for part in value.split("|")] if isinstance(value, str) and "|" in value else value
