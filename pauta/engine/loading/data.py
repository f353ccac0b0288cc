"""What a YAML file says, as plain data that remembers where each key and value stood and how each number was written.

Map, Seq                   a dict and a list with places
WrittenInt, WrittenFloat   numbers that keep their text, so that `5` and `5.0` can name different answers
written(value)             the text of any scalar, as it stood in the file
place_at(data, path)       the place of whatever a path of keys and indexes leads to
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from pauta.engine.problems import Place

Spot: TypeAlias = tuple[str, int, int]
"""File, line and column; a Place is made of it only where one is asked for (a big card has twenty thousand)."""


class Map(dict[str, Any]):
    """A YAML map: keys are text as written, in the order of the file, each with its place and its value's place."""

    __slots__ = ("_spot", "_spots")

    def __init__(self, at: Place) -> None:
        super().__init__()
        self._spot: Spot = (at.file, at.line, at.column)
        self._spots: dict[str, tuple[Spot, Spot]] = {}

    @classmethod
    def at_spot(cls, spot: Spot) -> Map:
        """An empty map, for the parser."""
        made = cls.__new__(cls)
        made._spot = spot
        made._spots = {}
        return made

    @property
    def at(self) -> Place:
        """Where the map begins."""
        return Place(*self._spot)

    def put(self, key: str, value: object, key_at: Place, at: Place) -> None:
        """Set a value together with the places of its key and of itself."""
        self.put_at(key, value, (key_at.file, key_at.line, key_at.column), (at.file, at.line, at.column))

    def put_at(self, key: str, value: object, key_spot: Spot, spot: Spot) -> None:
        """As `put`, for the parser, which has thousands of them to set."""
        self[key] = value
        self._spots[key] = key_spot, spot

    def key_at(self, key: str) -> Place:
        """Where a key stands; where the map begins if it has no such key."""
        spots = self._spots.get(key)
        return Place(*spots[0]) if spots else self.at

    def at_of(self, key: str) -> Place:
        """Where a key's value stands; where the map begins if it has no such key."""
        spots = self._spots.get(key)
        return Place(*spots[1]) if spots else self.at


class Seq(list[Any]):
    """A YAML list, each entry with its place."""

    __slots__ = ("_spot", "_spots")

    def __init__(self, at: Place) -> None:
        super().__init__()
        self._spot: Spot = (at.file, at.line, at.column)
        self._spots: list[Spot] = []

    @classmethod
    def at_spot(cls, spot: Spot) -> Seq:
        """An empty list, for the parser."""
        made = cls.__new__(cls)
        made._spot = spot
        made._spots = []
        return made

    @property
    def at(self) -> Place:
        """Where the list begins."""
        return Place(*self._spot)

    def add(self, value: object, at: Place) -> None:
        """Append an entry together with its place."""
        self.append_at(value, (at.file, at.line, at.column))

    def append_at(self, value: object, spot: Spot) -> None:
        """As `add`, for the parser."""
        self.append(value)
        self._spots.append(spot)

    def at_of(self, index: int) -> Place:
        """Where an entry stands; where the list begins if there is no such entry."""
        return Place(*self._spots[index]) if -len(self._spots) <= index < len(self._spots) else self.at


class WrittenInt(int):
    """A whole number that remembers its text: `010` is 10, `0x10` is 16."""

    written: str

    def __new__(cls, value: int, written: str | None = None) -> WrittenInt:
        """A number with its text; its usual spelling where none is given."""
        number = super().__new__(cls, value)
        number.written = str(value) if written is None else written
        return number


class WrittenFloat(float):
    """A number that remembers its text: `1.50`, `5e3`."""

    written: str

    def __new__(cls, value: float, written: str | None = None) -> WrittenFloat:
        """A number with its text; its usual spelling where none is given."""
        number = super().__new__(cls, value)
        number.written = repr(value) if written is None else written
        return number


Data: TypeAlias = Map | Seq | str | int | float | bool | None
"""Anything a file can say; numbers from a file are WrittenInt or WrittenFloat, NaN only in place of a refused value."""


_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAY_BE_NUMBER: Final = frozenset("0123456789+-.")
_MAY_BE_WORD: Final = frozenset(word[:1] for word in _WORDS)
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS: Final = 300
"""Longer whole numbers do not fit a float64 (and Python refuses to read more than 4,300 digits)."""


def meaning(text: str) -> str | int | float | bool | None:
    """What an unquoted scalar means by the core schema of YAML 1.2; NaN for a number that cannot be counted with."""
    first = text[:1]
    if first in _MAY_BE_WORD:
        return _WORDS.get(text, text)
    if first not in _MAY_BE_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            return WrittenFloat(math.nan, text)
        return WrittenInt(int(text, {"0o": 8, "0x": 16}.get(text[:2], 10)), text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return WrittenFloat(number if math.isfinite(number) else math.nan, text)
    return WrittenFloat(math.nan, text) if _NOT_FINITE.fullmatch(text) else text


def written(value: object) -> str:
    """The text of a scalar as it stood in the file; truth values and null in the usual spelling."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case WrittenInt() | WrittenFloat():
            return value.written
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
    return str(value)


def place_at(data: object, path: Sequence[str | int], key: bool = False) -> Place:
    """The place of what a path leads to (`key`: of the last key itself); as near as the path can be followed."""
    at = data.at if isinstance(data, Map | Seq) else Place("")
    here: object = data
    for depth, step in enumerate(path):
        if isinstance(here, Map) and isinstance(step, str) and step in here:
            at = here.key_at(step) if key and depth == len(path) - 1 else here.at_of(step)
            here = here[step]
        elif isinstance(here, Seq) and isinstance(step, int) and -len(here) <= step < len(here):
            at = here.at_of(step)
            here = here[step]
        else:
            break
    return at
