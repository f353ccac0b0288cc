"""Calls and people's evaluations from CSV files, as sheets are exported: comma, semicolon or tab, found by itself.

Calls have a row each: `call_id`, `started_at`, `agent` and the other fields of a call record as columns, facts of your
own as `attributes.tier` or `metrics.hold_s`. Turns do not fit into a sheet; use JSONL for calls with their words.

Evaluations are either wide, a row each and a column for every question (beside it, where wanted, `greeting.comment`,
`greeting.fault` and `greeting.at`), or long, a row for every answer:

    call_id,evaluator,scorecard,question,answer,comment        call_id;evaluator;scorecard;greeting;hold
    c-1,ana,retail,greeting,no,nobody said the name            c-1;ana;retail;no;12,5
    c-1,ana,retail,hold,12.5,

Several chosen answers stand in one cell with `|` between them, none chosen is `[]`, an empty cell is no answer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from pauta import Call, CsvSheet, HumanEvaluation, Problem, calls_from, csv_sheet, evaluations_from, hookimpl
from pauta.plugins.sources.answers import OF_ANSWERS, OF_EVALUATIONS, Line, are_long, records_of


class Csv:
    """A sheet as text, with a heading."""

    name: ClassVar[str] = "csv"
    purpose: ClassVar[str] = "Reads calls (without turns) and people's evaluations from CSV files, wide or long."
    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv")
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Files of calls."},
            "answers": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "description": "Files of evaluations.",
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """There is nothing to choose."""

    def calls(self, target: str) -> Iterable[Call | Problem]:
        """The calls of a file, a Problem in place of each row that is none."""
        sheet = csv_sheet(target)
        if isinstance(sheet, Problem):
            return [sheet]
        wrong = sheet.without(("call_id",))
        return [wrong] if wrong else calls_from(sheet.calls())

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People's evaluations in a file, a Problem in place of each row that is none."""
        sheet = csv_sheet(target, _of_evaluations)
        if isinstance(sheet, Problem):
            return [sheet]
        wrong = sheet.without(("call_id", "evaluator"))
        return [wrong] if wrong else evaluations_from(records_of(sheet.names, _lines(sheet), sheet.heading, "line"))


def _of_evaluations(names: Sequence[str]) -> Sequence[str]:
    """In a wide sheet every other column is a question, be it called `comment` or `answer`."""
    return (*OF_EVALUATIONS, *OF_ANSWERS) if are_long(names) else OF_EVALUATIONS


def _lines(sheet: CsvSheet) -> Iterator[Line | Problem]:
    """The rows of people's evaluations, each taken apart into what is about the evaluation and the rest."""
    for entry in sheet.rows:
        if isinstance(entry, Problem):
            yield entry
            continue
        cells, at = entry
        about: dict[str, object] = {name: cells[name] for name in OF_EVALUATIONS if name in cells}
        rest = {name: cell for name, cell in cells.items() if name not in OF_EVALUATIONS}
        yield about, rest, at


@hookimpl
def register_sources(register: Callable[[type[Csv]], None]) -> None:
    """Offer the source."""
    register(Csv)
