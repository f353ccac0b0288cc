"""Text as it is compared: lower case, no accents, every letter still knowing where it stood in what was said.

    plain = plain_of("Pago MAÑANA")       plain.text is "pago manana"
    plain.place(5, 11)                    (5, 11), the letters of "MAÑANA" in the original
    found(pattern, plain)                 every place of a pattern, a source of `re`

Apostrophes stay, as `'`; digits of every script become 0 to 9; punctuation stays, because it ends sentences.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

_APOSTROPHES: Final = "’‘‛ʼ′`´＇"


@dataclass(frozen=True, slots=True)
class Plain:
    """Folded text. `at`: where each of its letters stood in the original; None where nothing moved."""

    text: str
    original: str
    at: tuple[int, ...] | None = None

    def place(self, start: int, stop: int) -> tuple[int, int]:
        """Where letters [start, stop) of the folded text stand in the original, marks and all."""
        if self.at is None or start >= stop:
            return start, stop
        first, last = self.at[start], self.at[stop - 1] + 1
        while last < len(self.original) and not _folded(self.original[last]):
            last += 1
        return first, last

    def folded_at(self, place: int) -> int:
        """The letter of the folded text that stands at a place of the original, or the next one after it."""
        if self.at is None:
            return place
        import bisect

        return bisect.bisect_left(self.at, place)


@lru_cache(maxsize=1024)
def plain_of(text: str) -> Plain:
    """A text folded. The last ones are kept, for several criteria look at the same turn."""
    if text.isascii():
        return Plain(text.lower().replace("`", "'"), text)
    pieces, at = [], []
    for n, character in enumerate(text):
        folded = _folded(character)
        pieces.append(folded)
        at += [n] * len(folded)
    return Plain("".join(pieces), text, tuple(at))


@cache
def _folded(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    parts = unicodedata.normalize("NFKD", character.casefold())
    return "".join(_part(part) for part in parts)


def _part(part: str) -> str:
    kind = unicodedata.category(part)
    if kind[0] == "M" or kind == "Cf":
        return ""
    if kind == "Nd":
        return str(unicodedata.digit(part))
    return " " if kind == "Zs" else part


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, compiled at its first use: packs are loaded far more often than they are asked."""
    return re.compile(pattern)


def found(pattern: str, plain: Plain, start: int = 0) -> Iterator[re.Match[str]]:
    """Every place of a pattern in a folded text, from `start` on."""
    return compiled(pattern).finditer(plain.text, start)


def words_of(text: str) -> list[str]:
    """The words of a folded text, apostrophes dropped; a comma is a word of its own."""
    return [each.replace("'", "") for each in compiled(r"[^\W_]+(?:'[^\W_]+)*|,").findall(text)]


def word_set(words: str) -> frozenset[str]:
    """Words, parted by blanks, as a set."""
    return frozenset(words.split())
