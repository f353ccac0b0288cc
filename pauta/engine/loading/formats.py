"""Texts that have a form of their own, beyond what a pattern that editors understand can say: `format` in a schema."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_id(text: str) -> bool:
    """Whether a text is an id: letters of any alphabet with their marks, digits, `_` and `-`, at most 64."""
    if text.isascii():
        return 0 < len(text) <= 64 and text.replace("_", "a").replace("-", "a").isalnum()
    return len(text) <= 64 and all(
        each in "_-" or each.isalnum() or unicodedata.category(each).startswith("M") for each in text
    )


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, `2026-03-01`."""
    if not _DAY.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_one_line(text: str) -> bool:
    """Whether a text has no line break (`$` in a pattern lets one stand at the end)."""
    return "\n" not in text and "\r" not in text


FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": is_day,
    "pauta-id": is_id,
    "pauta-card-id": is_one_line,
    "pauta-version": is_one_line,
    "pauta-language": is_one_line,
    "pauta-extends": is_one_line,
    "pauta-answer": is_one_line,
    "pauta-duration": is_one_line,
}
