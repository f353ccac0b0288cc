r"""What phrases mean: read as a designer writes them, they become wordings that can be looked for.

    how (can|may) i help (you)      brackets: one of several, or words that may be left out
    frustrat*                       a stem: any word that begins so
    your ... name    your ...3 name a gap: up to five words between, or up to three
    re:\b\d{4}\b                    a pattern, searched in the original text, ignoring case

    read_phrase(text)      what is sought; ValueError with a sentence where the text is no phrase
    phrase_problem(text)   that sentence, or None

A phrase is read into its wordings: every way to say it, with the words in brackets chosen. What is found in a turn is
found from left to right and does not overlap. Where it can be found in several ways from one word on, gaps are filled
with as few words as possible, words that may be left out are taken in where they are there, and of alternatives the one
written first counts; what stands further left in the phrase decides first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Final, TypeAlias

from pauta.plugins.criteria.phrases.folding import APOSTROPHES, OTHER, coded, words_of

if TYPE_CHECKING:
    import regex

PATTERN: Final = "re:"
GAP: Final = 5
LONGEST_GAP: Final = 20
LONGEST_PHRASE: Final = 500
DEEPEST: Final = 5
MOST_WORDINGS: Final = 500
MOST_READINGS: Final = 2_000
"""In how many ways the gaps of a phrase may be filled, over all wordings: this bounds the time that a search takes."""
PATTERN_SECONDS: Final = 0.1

_TOKEN = re.compile(r"(?P<gap>(?:\.{3,}|…)(?P<count>\d*))|(?P<sign>[()|])|(?P<words>(?:(?!\.{3})[^()|…])+)")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One word of a wording, folded; a stem is any word that begins so."""

    text: str
    stem: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to some words of any kind."""

    most: int


Item: TypeAlias = Spoken | Gap
Token: TypeAlias = str | Item
"""A bracket, a bar, or an item between them."""
Wording: TypeAlias = tuple[Item, ...]
"""One way in which a phrase may be said: words, stems and gaps in order, a word or stem at both ends."""


@dataclass(frozen=True)
class Sought:
    """A phrase as a card writes it, read. `wordings` in the order in which they are preferred; none for a pattern."""

    text: str
    wordings: tuple[Wording, ...] = ()

    @property
    def unbroken(self) -> bool:
        """Whether all of its wordings are words without gaps, of which the last may be a stem."""
        return all(
            isinstance(item, Spoken) and (not item.stem or n == len(wording))
            for wording in self.wordings
            for n, item in enumerate(wording, start=1)
        )

    @cached_property
    def pattern(self) -> regex.Pattern[str] | None:
        """The pattern to search the original text for, None where the phrase is made of words."""
        return None if self.wordings else _compiled(self.text)

    @cached_property
    def searcher(self) -> re.Pattern[str]:
        """Finds the phrase in folded words with a blank before each, ' w1 w2'."""
        return re.compile(self._expression(str))

    @cached_property
    def coded_searcher(self) -> re.Pattern[bytes] | None:
        """The same in words as bytes; None where these do not tell the letters of the phrase apart."""
        expression = self._expression(lambda word: coded(word).decode("latin-1")).encode("latin-1")
        return None if OTHER in expression else re.compile(expression)

    def _expression(self, spell: Callable[[str], str]) -> str:
        return f"(?:{''.join(_expressions(_tokens(self.text), spell))})(?![^ ])"


def _expressions(tokens: Iterator[Token], spell: Callable[[str], str]) -> Iterator[str]:
    """A phrase as a regular expression, token by token; every word takes the blank before it along."""
    barred: list[bool] = []
    for piece in tokens:
        if isinstance(piece, Gap):
            yield f"(?: [^ ]++){{0,{piece.most}}}?"
        elif isinstance(piece, Spoken):
            yield f" {re.escape(spell(piece.text))}" + ("[^ ]*+" if piece.stem else "")
        elif piece == "(":
            barred.append(False)
            yield "(?:"
        elif piece == "|":
            barred[-1] = True
            yield "|"
        else:
            yield ")" if barred.pop() else ")?"


def phrase_problem(text: str) -> str | None:
    """What is wrong with a phrase, as a sentence; None where nothing is."""
    try:
        read_phrase(text)
    except ValueError as error:
        return str(error)
    return None


def read_phrase(text: str) -> Sought:
    """A phrase as it is written in a card; ValueError with a sentence where it is none."""
    if text.startswith(PATTERN):
        if _compiled(text).search("") is not None:
            raise ValueError(f"the pattern '{text}' is found in an empty text, and so everywhere")
        return Sought(text)
    if len(text) > LONGEST_PHRASE:
        raise ValueError(f"the phrase '{text[:40]}...' is {len(text)} characters long; {LONGEST_PHRASE} is the most")
    tokens = list(_tokens(text))
    wordings = _sequence(tokens, text, 0)
    if tokens and tokens[0] == ")":
        raise ValueError(f"the phrase '{text}' closes a bracket that it never opened")
    if tokens:
        raise ValueError(f"the phrase '{text}' has a bar outside brackets: write (this|that)")
    if sum(map(_readings, wordings)) > MOST_READINGS:
        raise ValueError(f"the gaps of the phrase '{text}' can be filled in too many ways; use fewer or shorter ones")
    wordings = list(dict.fromkeys(map(_joined, wordings)))
    for wording in wordings:
        _check(wording, text)
    return Sought(text, tuple(wordings))


def _readings(wording: Wording) -> int:
    return prod(item.most + 1 for item in wording if isinstance(item, Gap))


def _compiled(text: str) -> regex.Pattern[str]:
    import regex

    from pauta import compiled

    written = text.removeprefix(PATTERN).lstrip()
    if not written:
        raise ValueError("there is no pattern after 're:'")
    try:
        return compiled(written, regex.IGNORECASE)
    except ValueError as error:
        raise ValueError(f"the pattern '{text}' cannot be used: {error}") from error


def _tokens(text: str) -> Iterator[Token]:
    """Brackets and bars as they are, words and gaps as items."""
    for found in _TOKEN.finditer(text):
        if found["sign"]:
            _no_word_beside(found, text)
            yield found["sign"]
        elif found["gap"]:
            most = int(found["count"] or GAP)
            if not 1 <= most <= LONGEST_GAP:
                raise ValueError(f"the phrase '{text}' has a gap of {most} words; 1 to {LONGEST_GAP} are possible")
            yield Gap(most)
        else:
            yield from _spoken(found["words"], text)


def _no_word_beside(found: re.Match[str], text: str) -> None:
    """A bracket that touches a word would look like part of it: `cancel(led)` is no phrase."""
    before, after = text[: found.start()][-1:], text[found.end() :][:1]
    if (found[0] == "(" and _is_in_word(before)) or (found[0] == ")" and _is_in_word(after)):
        raise ValueError(f"the phrase '{text}' has a bracket in the middle of a word; write (cancel|cancelled)")


def _is_in_word(character: str) -> bool:
    return character.isalnum() or (character != "" and character in APOSTROPHES + "*")


def _spoken(written: str, text: str) -> Iterator[Spoken]:
    for chunk in written.split():
        if "*" not in chunk:
            yield from (Spoken(word.text) for word in words_of(chunk))
            continue
        stem, _, rest = chunk.partition("*")
        words = words_of(stem)
        if not words or words[-1].stop < len(stem) or "*" in rest or words_of(rest):
            raise ValueError(f"the phrase '{text}' has a star that does not end a word, as frustrat* would")
        yield from (Spoken(word.text, stem=n == len(words)) for n, word in enumerate(words, start=1))


def _sequence(tokens: list[Token], text: str, depth: int) -> list[Wording]:
    """Every wording of the tokens up to the end of a bracket, an alternative or the phrase; they are taken away."""
    parts: list[list[Wording]] = []
    while tokens and tokens[0] not in (")", "|"):
        token = tokens.pop(0)
        if isinstance(token, str):
            parts.append(_bracket(tokens, text, depth + 1))
        else:
            parts.append([(token,)])
        if prod(map(len, parts)) > MOST_WORDINGS:
            raise ValueError(f"the phrase '{text}' stands for more than {MOST_WORDINGS} wordings; make several of it")
    return [tuple(item for part in chosen for item in part) for chosen in product(*parts)]


def _bracket(tokens: list[Token], text: str, depth: int) -> list[Wording]:
    if depth > DEEPEST:
        raise ValueError(f"the phrase '{text}' has brackets inside brackets more than {DEEPEST} deep")
    alternatives = _sequence(tokens, text, depth)
    count = 1
    while tokens and tokens[0] == "|":
        tokens.pop(0)
        alternatives += _sequence(tokens, text, depth)
        count += 1
    if not tokens:
        raise ValueError(f"the phrase '{text}' opens a bracket that it never closes")
    tokens.pop(0)
    if not any(alternatives):
        raise ValueError(f"the phrase '{text}' has a bracket without words")
    return [*alternatives, ()] if count == 1 else alternatives


def _joined(wording: Wording) -> Wording:
    """Gaps that stand side by side, because what was between them is left out, are one gap."""
    items: list[Item] = []
    for item in wording:
        if isinstance(item, Gap) and items and isinstance(items[-1], Gap):
            items[-1] = Gap(items[-1].most + item.most)
        else:
            items.append(item)
    return tuple(items)


def _check(wording: Wording, text: str) -> None:
    if not any(isinstance(item, Spoken) for item in wording):
        left_out = " but those that may be left out" if "(" in text else ""
        raise ValueError(f"the phrase '{text}' has no words{left_out}")
    if isinstance(wording[0], Gap) or isinstance(wording[-1], Gap):
        raise ValueError(f"the phrase '{text}' has a gap with nothing (that must be said) on one side of it")
