"""Workbooks in the making: names that sheets may have, and cells that stay what they are, whatever text comes.

A text is written as text and never becomes a formula, a link or a number; a name that Excel does not take is made one
that it takes, and each is there once.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from typing import IO, TYPE_CHECKING, Any, Final

from pauta import Problem, ProblemsFound

if TYPE_CHECKING:
    from xlsxwriter import Workbook

LONGEST_NAME: Final = 31
LONGEST_TEXT: Final = 32_767
"""What one cell holds at most."""
_NOT_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f]")
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def workbook(stream: IO[bytes], *, large: bool = False) -> "Workbook":
    """A workbook to a stream. `large`: rows go to the disk one by one, and must be written in order.

    Raises ProblemsFound where its writer is not installed.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        message = "workbooks cannot be written: their writer is not installed"
        raise ProblemsFound([Problem("E570", message, None, "pip install 'pauta[excel]'")]) from error
    settings = {
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": large,
        "in_memory": not large,
    }  # fmt: skip
    return xlsxwriter.Workbook(stream, settings)


def sheet_name(text: str, taken: Collection[str]) -> str:
    """A name for a sheet that Excel takes and that is not taken yet, capitals or not."""
    bare = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", whole(text))).strip().strip("'").strip() or "sheet"
    if bare.casefold() == "history":  # Excel keeps it for itself
        bare += "-"
    used = {name.casefold() for name in taken}
    name, number = _cut(bare, LONGEST_NAME), 1
    while name.casefold() in used:
        number += 1
        end = f" ({number})"
        name = _cut(bare, LONGEST_NAME - len(end)) + end
    return name


def _cut(text: str, units: int) -> str:
    """The start of a text that is so many units long, as Excel counts them: characters beyond U+FFFF are two."""
    while len(text.encode("utf-16-le")) // 2 > units:
        text = text[:-1]
    return text.rstrip("' ")


def whole(text: str) -> str:
    """A text without what no workbook holds: half characters and most control characters become question marks."""
    return _NOT_IN_XML.sub("?", text)[:LONGEST_TEXT]


def put(sheet: Any, row: int, column: int, value: object, style: Any = None) -> None:
    """A value in a cell: numbers as numbers, everything else as text, nothing where it is absent."""
    match value:
        case None | "":
            sheet.write_blank(row, column, None, style)
        case bool():
            sheet.write_string(row, column, "yes" if value else "no", style)
        case int() | float():
            sheet.write_number(row, column, value, style)
        case _:
            sheet.write_string(row, column, whole(str(value)), style)


def styles(book: Any, **kinds: dict[str, Any]) -> Callable[[str], Any]:
    """The formats of a workbook by name, made once."""
    made = {name: book.add_format(look) for name, look in kinds.items()}
    return made.__getitem__
