"""How letters are compared: a text becomes words without case, accents and punctuation, each with its place.

    words_of(text)      the words of one text, each with [start, stop) in it; the plain way, exact
    letter(character)   what one character becomes: letters, a blank that parts words, or nothing
    coded(text)         folded text as bytes, one for each letter

What counts as an accent follows the root of Unicode's collation (docs/decisions/folding.md): ñ is found by n, ё by е,
but й is a letter of its own and not an и with a mark. Words are runs of letters and digits of any script; apostrophes
and invisible characters inside them fall away (`don't` is `dont`), every other sign parts them (`e-mail` is two words).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final, NamedTuple

OTHER: Final = 0x7F
"""The byte of every letter that is neither ASCII nor Cyrillic: what is found with it must be looked at again."""
_CYRILLIC: Final = 0x400 >> 7

APOSTROPHES: Final = "'’‘‛ʼʹ′`´＇"
LETTERS_OF_THEIR_OWN: Final = "йўїќѓ"
"""Cyrillic letters that decompose into another letter and a mark, and yet are no accented form of it."""

_FIRST_ACCENT: Final = 10
"""Marks of a lower combining class are parts of letters (nukta, virama, the voicing of kana), not accents."""
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+(?:['`]+[a-z0-9]+)*")


class Word(NamedTuple):
    """One word as it is compared, and where it stands: `text[start:stop]` is the word as it was written."""

    text: str
    start: int
    stop: int


def words_of(text: str) -> list[Word]:
    """The words of a text, in order."""
    if text.isascii():
        found = _ASCII_WORD.finditer(text.lower())
        return [Word(each[0].replace("'", "").replace("`", ""), each.start(), each.end()) for each in found]
    words: list[Word] = []
    word, first, last = "", 0, 0
    for start, stop in _clusters(text):
        written = text[start:stop]
        pieces = letter(written) if stop - start == 1 else folded(unicodedata.normalize("NFC", written))
        for n, piece in enumerate(pieces.split(" ")):
            if n and word:
                words.append(Word(word, first, last))
                word = ""
            if piece:
                first = first if word else start
                word, last = word + piece, stop
    if word:
        words.append(Word(word, first, last))
    return words


def _clusters(text: str) -> list[tuple[int, int]]:
    """Where each character stands together with the marks written after it."""
    starts = [at for at, character in enumerate(text) if not (at and is_mark(character))]
    return list(zip(starts, [*starts[1:], len(text)]))


@cache
def is_mark(character: str) -> bool:
    """Whether a character belongs to the one before it: an accent or another mark of its own code point."""
    return unicodedata.category(character).startswith("M") and not _is_invisible(character)


def _is_invisible(character: str) -> bool:
    """Whether a character only says how others look: zero-width characters, soft hyphens, variation selectors."""
    variation = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef" or character == "\u034f"
    return variation or unicodedata.category(character) == "Cf"


def folded(text: str) -> str:
    """Each character of a text as it is compared, one after the other."""
    return "".join(map(letter, text))


@cache
def letter(character: str) -> str:
    """What one character becomes: mostly one letter or digit; a blank; several (`ß`, `ﬁ`); or nothing at all."""
    if character in APOSTROPHES or _is_invisible(character):
        return ""
    lower = character.casefold()
    if lower in LETTERS_OF_THEIR_OWN:
        return lower
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", lower).casefold())
    return unicodedata.normalize("NFC", "".join(map(_part, decomposed)))


def _part(character: str) -> str:
    if character in APOSTROPHES or _is_invisible(character):
        return ""
    kind = unicodedata.category(character)
    if kind[0] == "M":
        return "" if kind == "Me" or unicodedata.combining(character) >= _FIRST_ACCENT else character
    return character if kind[0] in "LN" else " "


def coded(text: str) -> bytes:
    """Folded text as bytes: ASCII stands for itself, Cyrillic letters for 0x80 and up, all others are OTHER."""
    return bytes(map(byte_of, text))


def byte_of(character: str) -> int:
    """The byte of one folded character."""
    code = ord(character)
    if code < 0x80:
        return code
    return 0x80 | (code & 0x7F) if code >> 7 == _CYRILLIC else OTHER
