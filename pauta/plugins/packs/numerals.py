"""Numbers as people say and write them, in English, Spanish and Portuguese.

    numerals_in(plain_of("forty-one eleven"), "en")        41 and 11, each with its place in the folded text
    numerals_in(plain_of("ciento veinte mil"), "es")       120000
    numerals_in(plain_of("double four, oh, 11"), "en")     44, 0 and 11

A number is read as far as it goes: "four one" is 4 and 1, "forty one" is 41, "one hundred and five" is 105. What people
say only among digits counts only there: "oh" after another digit, "meia" (a six, in Brazil) beside one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from pauta.plugins.packs.plain import Plain, compiled

LANGUAGES: Final = ("en", "es", "pt")

_EN: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ES: Final = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete "
    "veintiocho veintinueve"
)
_PT: Final = (
    "zero um dois tres quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete "
    "dezoito dezenove"
)
_EN_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_ES_TENS: Final = "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_PT_TENS: Final = "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa"
_ES_HUNDREDS: Final = (
    "cien doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_PT_HUNDREDS: Final = "cem duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos"
_ES_OTHERS: Final = {"un": 1, "una": 1, "veintiun": 21, "veintiuna": 21}
_PT_OTHERS: Final = {"uma": 1, "duas": 2, "catorze": 14, "dezasseis": 16, "dezassete": 17, "dezanove": 19}


@dataclass(frozen=True)
class Lexicon:
    """The number words of a language. small: words up to 29; hundreds: None where one says "hundred"."""

    small: Mapping[str, int]
    tens: Mapping[str, int]
    hundreds: Mapping[str, int] | None
    thousand: str
    millions: tuple[str, ...]
    joiner: str
    joins_tens: bool
    joins_rest: bool
    times: Mapping[str, int]
    lone: Mapping[str, str] = field(default_factory=dict)
    """Words that are digits only beside others -> the digit."""

    @cached_property
    def begins(self) -> frozenset[str]:
        """The words that a number can begin with: most words are looked at no further."""
        bare = ("a",) if self.hundreds is None else (self.thousand,)
        return frozenset([*self.small, *self.tens, *(self.hundreds or ()), *bare])


def _counted(words: str, step: int = 1, start: int = 0) -> dict[str, int]:
    return {word: start + step * n for n, word in enumerate(words.split())}


def _feminine(words: Mapping[str, int]) -> dict[str, int]:
    """Hundreds agree with what is counted: doscientas, duzentas."""
    return {word[:-2] + "as": value for word, value in words.items() if word.endswith("os")}


_ES_BY_100: Final = {**_counted(_ES_HUNDREDS, 100, 100), "ciento": 100}
_PT_BY_100: Final = {**_counted(_PT_HUNDREDS, 100, 100), "cento": 100}

LEXICA: Final[Mapping[str, Lexicon]] = {
    "en": Lexicon(
        _counted(_EN), _counted(_EN_TENS, 10, 20), None, "thousand", ("million", "millions"), "and",
        joins_tens=False, joins_rest=True, times={"double": 2, "triple": 3, "treble": 3}, lone={"oh": "0", "o": "0"},
    ),
    "es": Lexicon(
        {**_counted(_ES), **_ES_OTHERS}, _counted(_ES_TENS, 10, 20), {**_ES_BY_100, **_feminine(_ES_BY_100)}, "mil",
        ("millon", "millones"), "y", joins_tens=True, joins_rest=False, times={"doble": 2, "triple": 3},
    ),
    "pt": Lexicon(
        {**_counted(_PT), **_PT_OTHERS}, _counted(_PT_TENS, 10, 20), {**_PT_BY_100, **_feminine(_PT_BY_100)}, "mil",
        ("milhao", "milhoes"), "e", joins_tens=True, joins_rest=True, times={"duplo": 2, "triplo": 3},
        lone={"meia": "6"},
    ),
}  # fmt: skip

_PIECE: Final = r"[^\W\d_]+|\d+"


class Numeral(NamedTuple):
    """A number that was said. `digits` as figures would write it; [start, stop) in the folded text."""

    digits: str
    start: int
    stop: int
    in_figures: bool = False

    @property
    def value(self) -> int | None:
        """The number; None where it has more digits than any amount or day."""
        return int(self.digits) if len(self.digits) <= 18 else None


class _Read(NamedTuple):
    """A number read from tokens: its value, and the token after it."""

    value: int
    after: int


def numerals_in(plain: Plain, language: str) -> list[Numeral]:
    """Every number of a text, in figures and in the words of a language, from left to right."""
    return _Reader(plain.text, LEXICA[language]).numerals()


class _Reader:
    """Reads one text."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self._text, self._lexicon = text, lexicon
        self._tokens = [(each[0], each.start(), each.end()) for each in compiled(_PIECE).finditer(text)]

    def numerals(self) -> list[Numeral]:
        found: list[Numeral] = []
        n = 0
        while n < len(self._tokens):
            word, start, stop = self._tokens[n]
            read = self._cardinal(n) if word in self._lexicon.begins else None
            if word.isdecimal():
                found.append(Numeral(word, start, stop, in_figures=True))
            elif read is not None:
                found.append(Numeral(str(read.value), start, self._tokens[read.after - 1][2]))
            elif word in self._lexicon.times and (several := self._several(n)) is not None:
                found.append(several)
                n += 1
            elif word in self._lexicon.lone and self._beside_digit(n, found):
                found.append(Numeral(self._lexicon.lone[word], start, stop))
            n = read.after if read is not None else n + 1
        return found

    def _word(self, n: int, after: int | None = None) -> str:
        """The word at a token; '' where there is none, or where more than a blank parts it from the one before."""
        if n >= len(self._tokens):
            return ""
        word, start, _ = self._tokens[n]
        if after is not None and self._text[self._tokens[after][2] : start].strip(" -\t\n"):
            return ""
        return word

    def _several(self, n: int) -> Numeral | None:
        """`double four`."""
        word = self._word(n + 1, n)
        digit = word if word.isdecimal() else str(self._lexicon.small.get(word, ""))
        if len(digit) != 1:
            return None
        times = self._lexicon.times[self._tokens[n][0]]
        return Numeral(digit * times, self._tokens[n][1], self._tokens[n + 1][2])

    def _beside_digit(self, n: int, found: list[Numeral]) -> bool:
        start = self._tokens[n][1]
        if found and not self._text[found[-1].stop : start].strip(" -,"):
            return True
        word = self._word(n + 1, n)
        return self._lexicon.hundreds is not None and (word.isdecimal() or self._lexicon.small.get(word, 10) < 10)

    def _cardinal(self, n: int) -> _Read | None:
        total, at, heard = 0, n, False
        for names, scale in ((self._lexicon.millions, 1_000_000), ((self._lexicon.thousand,), 1_000)):
            chunk = self._below_thousand(at, heard)
            if chunk is not None and self._word(chunk.after, chunk.after - 1) in names:
                total, at, heard = total + chunk.value * scale, chunk.after + 1, True
            elif scale == 1_000 and self._bare_thousand(at, heard):
                total, at, heard = total + scale, at + 1, True
        rest = self._below_thousand(at, heard)
        if rest is not None:
            return _Read(total + rest.value, rest.after)
        return _Read(total, at) if heard else None

    def _bare_thousand(self, at: int, heard: bool) -> bool:
        """`mil` needs no number before it; `thousand` needs one."""
        word = self._word(at, at - 1 if heard else None)
        return self._lexicon.hundreds is not None and word == self._lexicon.thousand

    def _below_thousand(self, at: int, heard: bool) -> _Read | None:
        """A number below a thousand; `heard`: it goes on from the token before, maybe after an `and`."""
        if heard and self._lexicon.joins_rest and self._word(at, at - 1) == self._lexicon.joiner:
            at += 1
        word = self._word(at, at - 1 if heard else None)
        if not word:
            return None
        if self._lexicon.hundreds is None:
            return self._hundred(at, word)
        if word in self._lexicon.hundreds:
            value = self._lexicon.hundreds[word]
            rest = None if word in ("cien", "cem") else self._rest(at + 1)
            return _Read(value + rest.value, rest.after) if rest else _Read(value, at + 1)
        return self._below_hundred(at, word)

    def _hundred(self, at: int, word: str) -> _Read | None:
        """English: `a hundred and five`, `eleven hundred`, `five`."""
        first = _Read(1, at + 1) if word in ("a", "one") else self._below_hundred(at, word)
        if first is None or self._word(first.after, first.after - 1) not in ("hundred", "thousand"):
            return self._below_hundred(at, word)
        if self._word(first.after, first.after - 1) == "thousand":
            return first
        rest = self._rest(first.after + 1)
        value = 100 * first.value
        return _Read(value + rest.value, rest.after) if rest else _Read(value, first.after + 1)

    def _rest(self, at: int) -> _Read | None:
        """What follows a hundred."""
        if self._lexicon.joins_rest and self._word(at, at - 1) == self._lexicon.joiner:
            at += 1
        word = self._word(at, at - 1)
        return self._below_hundred(at, word) if word else None

    def _below_hundred(self, at: int, word: str) -> _Read | None:
        if word in self._lexicon.tens:
            value = self._lexicon.tens[word]
            unit_at = at + 1
            if self._lexicon.joins_tens:
                if self._word(unit_at, at) != self._lexicon.joiner:
                    return _Read(value, at + 1)
                unit_at += 1
            unit = self._lexicon.small.get(self._word(unit_at, unit_at - 1), 0)
            return _Read(value + unit, unit_at + 1) if 1 <= unit <= 9 else _Read(value, at + 1)
        small = self._lexicon.small.get(word)
        return None if small is None else _Read(small, at + 1)
