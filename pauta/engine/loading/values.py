"""What a single value of a loose record must be: text that is whole, words of one line, data that can be kept."""

from __future__ import annotations

import re
from typing import Final, TypeGuard

DEEPEST: Final = 32
MOST_NUMBER: Final = 1e300
_NOT_ONE_LINE: Final = re.compile("[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")


def is_word(value: object) -> TypeGuard[str]:
    """Whether a value is a name or a word as records have them: text of one line, without space around it."""
    return (
        isinstance(value, str)
        and value != ""
        and (value.isprintable() or not _NOT_ONE_LINE.search(value))
        and value == value.strip()
    )


def is_data(value: object, levels: int = DEEPEST) -> bool:
    """Whether a value is data that can be kept and written again: finite numbers, text, lists and maps of them."""
    match value:
        case None | bool():
            return True
        case str():
            return is_text(value)
        case int() | float():
            return -MOST_NUMBER <= value <= MOST_NUMBER
        case list() | tuple() if levels:
            return all(is_data(each, levels - 1) for each in value)
        case dict() if levels:
            return all(
                isinstance(key, str) and is_text(key) and is_data(each, levels - 1) for key, each in value.items()
            )
    return False


def is_text(text: str) -> bool:
    """Whether a text is whole: JSON can name half a character (a lone surrogate), which no file or database takes."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
