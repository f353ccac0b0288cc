"""From bytes to text: UTF-8 or a sentence that says what else it looks like."""

from __future__ import annotations

import re
from typing import Final

from pauta.engine.problems import Place, Problem

_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
_OTHER_FILES: Final = (
    (b"PK\x03\x04", "a zip archive (as Excel and Word files are)"),
    (b"\xd0\xcf\x11\xe0", "an Excel or Word file of an older kind"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3", "a database"),
)
_CONTROL: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_AS_UTF_8: Final = "save the file as UTF-8 (the editor's 'Save as' or 'Encoding' has the choice)"


def decoded(source: bytes | str, file: str) -> tuple[str, Problem | None]:
    """The text of a UTF-8 file, its byte order mark left out; a Problem where it is written in anything else."""
    if isinstance(source, str):
        return source.removeprefix("\ufeff"), None
    for magic, what in _OTHER_FILES:
        if source.startswith(magic):
            return "", Problem("E108", f"the file is {what}, not text", Place(file), "a card is a text file in YAML")
    for mark, _, name in _MARKS:
        if source.startswith(mark):
            return "", _wrong(name, file, 0, source, 1)
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "", _wrong(_likely(source), file, error.start, source, None)
    if "\0" in text[:200] and text.count("\0") * 3 > len(text):
        return "", _wrong("UTF-16", file, source.index(b"\0"), source, None)
    return text, None


def without_control_characters(text: str, file: str) -> tuple[str, list[Problem]]:
    """The text with U+FFFD for every character that no text should hold, and a Problem that names the first."""
    found = _CONTROL.search(text)
    if found is None:
        return text, []
    count = len(_CONTROL.findall(text))
    before = text[: found.start()]
    place = Place(file, before.count("\n") + 1, found.start() - before.rfind("\n"))
    others = f", and {count - 1} more like it" if count > 1 else ""
    message = f"an invisible character (U+{ord(found.group()):04X}) stands here{others}"
    return _CONTROL.sub("\ufffd", text), [Problem("E109", message, place, "delete it and type the text anew")]


def holds_control_characters(text: str) -> bool:
    """Whether a text, which an escape in double quotes may have made, holds what no text should."""
    return _CONTROL.search(text) is not None


def _wrong(name: str, file: str, byte: int, source: bytes, line: int | None) -> Problem:
    before = source[:byte]
    at_line = line or before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    message = f"the file is not UTF-8: byte {byte + 1} (0x{source[byte]:02X}) fits no letter; it looks like {name}"
    return Problem("E108", message, Place(file, at_line, column), _AS_UTF_8)


def _likely(source: bytes) -> str:
    """The likely 8-bit encoding. Cyrillic words are runs of bytes above 0x7F; accents in Latin words stand alone."""
    if source.count(b"\0") * 3 > len(source):
        return "UTF-16"
    high = len(re.findall(rb"[\x80-\xff]", source))
    in_runs = sum(len(run) for run in re.findall(rb"[\x80-\xff]{3,}", source))
    if in_runs * 2 <= high:
        return "Windows-1252 (Latin-1)"
    return "Windows-1251 (Cyrillic)" if len(re.findall(rb"[\xe0-\xff]", source)) * 2 > high else "KOI8-R or another one"
