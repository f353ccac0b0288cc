"""Cells of a workbook as people fill them: words spelled nearly right, numbers that were text, days, several answers.

What can mean one thing only is read as that; anything else is left as it stands, and the evaluation says that it is no
answer of the question.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, TypeAlias

Cell: TypeAlias = str | float | bool | date | datetime | time | timedelta
Options: TypeAlias = Mapping[str, Sequence[str]]
"""What may be chosen: id -> the names that people know it by, first the one that the sheet's list offers."""

NONE_CHOSEN: Final = "[]"
_FIRST_DAY: Final = datetime(1899, 12, 30)
_DAYS: Final = range(20_000, 80_000)
"""Numbers of days that a date comes as where its cell lost its format: from 1954 to 2119."""
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?\Z", re.ASCII)


def letters(column: int) -> str:
    """The letters of a column, counted from 1: 28 is AB."""
    name = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def number_of_column(name: bytes) -> int:
    """The number of a column, counted from 1: AB is 28."""
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


def text_of(cell: Cell) -> str:
    """A cell as text, without space around it: 12.0 is `12`, a day 2026-03-01."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case date() | time():
            return cell.isoformat()
    return str(cell).strip()


def folded(text: str) -> str:
    """A text without what people do not mean by it: capitals, space, forms of the same letter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _bare(text: str) -> str:
    """A folded text without accents."""
    apart = unicodedata.normalize("NFD", folded(text))
    return "".join(char for char in apart if not unicodedata.combining(char))


def chosen(text: str, options: Options) -> str | None:
    """The one option that a text means: as the list writes it, as an id, else spelled loosely; None where open."""
    ways: tuple[tuple[Callable[[str], str], Callable[[str, Sequence[str]], Sequence[str]]], ...] = (
        (str, lambda key, names: names[:1]),
        (str, lambda key, names: [key]),
        (str, lambda key, names: names),
        (folded, lambda key, names: [key, *names]),
        (_bare, lambda key, names: [key, *names]),
    )
    for spelled in _spellings(text):
        for fold, names_of in ways:
            said = fold(spelled)
            found = {key for key, names in options.items() if said in {fold(name) for name in names_of(key, names)}}
            if found:
                return found.pop() if len(found) == 1 else None
    return None


def _spellings(text: str) -> Iterator[str]:
    """The text, and where it is a number the number as options write it: `12,0` is 12."""
    yield text
    if _NUMBER.match(text):
        yield text_of(float(text.replace(",", ".")))


def one_of(cell: Cell, options: Options) -> str:
    """A cell as the answer it means, else as it stands."""
    text = text_of(cell)
    return chosen(text, options) or text


def several_of(cell: Cell, options: Options) -> list[str]:
    """A cell as the answers it means, with ; | a new line or a comma between them; `[]` is none chosen."""
    text = text_of(cell)
    whole = chosen(text, options)
    if whole is not None or text == NONE_CHOSEN:
        return [whole] if whole is not None else []
    found: list[str] = []
    for part in (each.strip() for each in re.split(r"[;|\n]", text)):
        option = chosen(part, options)
        pieces = [part] if option or "," not in part else [each.strip() for each in part.split(",")]
        found += [option or chosen(each, options) or each for each in pieces if each]
    return list(dict.fromkeys(found)) or ([text] if text else [])


def number_of(cell: Cell, unit: str | None) -> str | float:
    """A cell as a number, with its unit taken off; what is none stays text and is refused with a sentence."""
    if isinstance(cell, float):
        return cell
    text = text_of(cell).replace("\u00a0", " ")
    bare = text.removesuffix(unit).rstrip() if unit else text
    return bare if _NUMBER.match(bare) else text


def day_of(cell: Cell) -> str:
    """A cell as a day, 2026-03-01; what is none stays text."""
    moment = _moment(cell)
    return text_of(cell) if moment is None else text_of(moment)


def moment_of(cell: Cell, offset: Callable[[datetime], datetime]) -> str:
    """A cell as a moment with an offset, which `offset` gives to one that has none; what is none stays text."""
    moment = _moment(cell)
    return text_of(cell) if moment is None else (moment if moment.tzinfo else offset(moment)).isoformat()


def _moment(cell: Cell) -> datetime | None:
    match cell:
        case datetime():
            return cell
        case date():
            return datetime.combine(cell, time())
        case float() if int(cell) in _DAYS:
            return _FIRST_DAY + timedelta(seconds=round(cell * 86_400))
        case str():
            try:
                return datetime.fromisoformat(cell.strip())
            except ValueError:
                return None
    return None
