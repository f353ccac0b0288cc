"""People's evaluations from workbooks that `pauta form` wrote and people filled in, one sheet a call; and calls.

A form knows its card: a hidden sheet holds the card's id, version and digest and the words of the lists. So rows may be
sorted, sheets renamed, copied, hidden and reordered, columns hidden or moved, and answers written by title or id, in
capitals or not. What cannot be understood is told with its cell, `march.xlsx:c-17!D9`; an empty cell is no answer.

Calls stand in a table on the first sheet, a row each, with the columns that the CSV source takes.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from pauta import Call, HumanEvaluation, Place, Problem, calls_from, hookimpl
from pauta.plugins.sources.xlsx_cells import Cell, folded, letters, moment_of, number_of, number_of_column, text_of
from pauta.plugins.sources.xlsx_faults import faults_of
from pauta.plugins.sources.xlsx_form import Form, evaluations_of

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

MOST_BYTES: Final = 200 * 1024 * 1024
"""A workbook that unpacks to more is no form and no list of calls."""
MOST_CELLS: Final = 5_000_000
_CELL: Final = re.compile(rb"""<(?:\w+:)?c\b[^>]{0,200}?\br=["']([A-Z]{1,3})(\d{1,7})["'][^>]{0,200}[^/]>""")
_ROW: Final = re.compile(rb"""<(?:\w+:)?row\b[^>]{0,200}?\br=["'](\d{1,7})["'][^>]{0,200}[^/]>""")
MAPS: Final = ("attributes", "metrics")


class Xlsx:
    """A workbook: filled forms, or a table of calls."""

    name: ClassVar[str] = "xlsx"
    purpose: ClassVar[str] = "Reads the sheets that `pauta form` wrote and people filled in, and calls from a table."
    endings: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm")
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
        """The calls of the first sheet, a Problem in place of each row that is none."""
        opened = _opened(target)
        if isinstance(opened, Problem):
            return [opened]
        name = opened.sheet_names[0] if opened.sheet_names else ""
        rows = _rows(opened, target, name) if name else []
        if isinstance(rows, Problem):
            return [rows]
        return chain(faults_of(target, name), calls_from(_records(target, name, rows)))

    def evaluations(self, target: str) -> Iterator[HumanEvaluation | Problem]:
        """The evaluations of every filled sheet, problems at their cells in between."""
        opened = _opened(target)
        if isinstance(opened, Problem):
            yield opened
            return
        sheets = {name: _rows(opened, target, name) for name in opened.sheet_names}
        forms = [(name, Form.read(rows)) for name, rows in sheets.items() if not isinstance(rows, Problem)]
        hidden, form = next((each for each in forms if each[1] is not None), ("", None))
        if form is None:
            message = f"'{target}' is no sheet that `pauta form` wrote: it does not know which card it answers"
            hint = "make one with `pauta form CARD --to sheet.xlsx`, or save the table as CSV"
            yield Problem("E560", message, Place(target), hint)
            return
        for name, rows in sheets.items():
            if isinstance(rows, Problem):
                yield rows
            elif name not in (hidden, form.lists):
                yield from faults_of(target, name)
                yield from evaluations_of(form, target, name, rows)


def _opened(target: str) -> "CalamineWorkbook | Problem":
    """A workbook; a Problem where it is none, where it cannot be read, or where its reader is not installed."""
    try:
        import python_calamine
    except ImportError:
        message = f"'{target}' is a workbook, and its reader is not installed"
        return Problem("E570", message, Place(target), "pip install 'pauta[excel]'")
    if Path(target).name.startswith("~$"):
        message = f"'{target}' is the mark that somebody has the sheet open, and is left out"
        return Problem("W561", message, Place(target), "close the sheet, so that what was filled in is saved")
    try:
        return _too_large(target) or python_calamine.CalamineWorkbook.from_path(target)
    except python_calamine.PasswordError:
        message = f"'{target}' is locked by a password"
        return Problem("E510", message, Place(target), "save it without one")
    except OSError as error:
        return Problem("E510", f"'{target}' cannot be read: {(error.strerror or str(error)).lower()}", Place(target))
    except (python_calamine.CalamineError, zipfile.BadZipFile) as error:
        return Problem("E510", f"'{target}' is no workbook that can be read: {error}", Place(target))


def _too_large(target: str) -> Problem | None:
    """The problem of a workbook that would fill the memory: its reader holds every sheet up to its last cell.

    It is looked for in the bytes: asked for such a sheet, the reader ends the process.
    """
    with Path(target).open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            return None
        parts = zipfile.ZipFile(stream)
        size = sum(each.file_size for each in parts.infolist())
        if size > MOST_BYTES:
            message = f"'{target}' unpacks to {size // 1024**2} MB, and at most {MOST_BYTES // 1024**2} are read"
            return Problem("E508", message, Place(target))
        for part in parts.namelist():
            row, column = _reach(parts.read(part))
            if row * column > MOST_CELLS:
                message = f"a sheet of '{target}' reaches to row {row:,} and column {letters(column)}"
                hint = "delete the rows and columns behind the filled ones: one stray cell makes a sheet this large"
                return Problem("E508", message, Place(target), hint)
    return None


def _reach(sheet: bytes) -> tuple[int, int]:
    """The last row and the last column in which a sheet has something, as its XML says."""
    row = max((int(found[1]) for found in _ROW.finditer(sheet)), default=0)
    cells = {(found[1], int(found[2])) for found in _CELL.finditer(sheet)}
    columns = {name for name, _ in cells}
    return max([row, *(number for _, number in cells)]), max(map(number_of_column, columns), default=1)


def _rows(workbook: "CalamineWorkbook", target: str, name: str) -> Sequence[Sequence[Cell]] | Problem:
    """The cells of a sheet from A1 on; none for a sheet that holds a chart."""
    import python_calamine

    try:
        sheet = workbook.get_sheet_by_name(name)
    except python_calamine.WorksheetNotFound:
        return []
    except python_calamine.CalamineError as error:
        return Problem("E510", f"sheet '{name}' of '{target}' cannot be read: {error}", Place(target))
    return sheet.to_python(skip_empty_area=False)


def _records(
    file: str, sheet: str, rows: Sequence[Sequence[Cell]]
) -> Iterator[tuple[Mapping[str, object], Place] | Problem]:
    """The rows under the heading as records of calls."""
    heading = next((n for n, row in enumerate(rows) if any(_usual(cell) == "call_id" for cell in row)), None)
    if heading is None:
        yield Problem("E511", f"sheet '{sheet}' has no column call_id", Place(file, 1, 1, f"{sheet}!A1"))
        return
    names = [_usual(cell) for cell in rows[heading]]
    for number, row in enumerate(rows[heading + 1 :], heading + 2):
        record: dict[str, object] = {}
        maps: dict[str, dict[str, object]] = {}
        for name, cell in zip(names, row):
            kind, dot, fact = name.partition(".")
            if cell == "" or not name:
                continue
            if dot and kind in MAPS:
                maps.setdefault(kind, {})[fact] = number_of(cell, None) if kind == "metrics" else text_of(cell)
            else:
                record[name] = _call_value(name, cell)
        if record or maps:
            yield {**record, **maps}, Place(file, number, 1, f"{sheet}!A{number}")


def _usual(cell: Cell) -> str:
    text = text_of(cell)
    kind, dot, fact = text.partition(".")
    if dot and folded(kind) in MAPS:
        return f"{folded(kind)}.{fact.strip()}"
    return folded(text).replace("-", " ").replace(" ", "_")


def _call_value(name: str, cell: Cell) -> object:
    if name == "duration_s":
        return number_of(cell, "s")
    return moment_of(cell, _unzoned) if name == "started_at" else text_of(cell)


def _unzoned(moment: datetime) -> datetime:
    """A day and time without an offset stay so, and are refused: the source does not know the time zone."""
    return moment


@hookimpl
def register_sources(register: Callable[[type[Xlsx]], None]) -> None:
    """Offer the source."""
    register(Xlsx)
