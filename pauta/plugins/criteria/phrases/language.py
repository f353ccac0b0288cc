"""What phrases mean: read as a designer writes them, they become wordings that can be looked for.

    how (can|may) i help (you)      brackets: one of several, or words that may be left out
    frustrat*                       a stem: any word that begins so
    your ... name    your ...3 name a gap: up to five words between, or up to three
    re:\\b\\d{4}\\b                    a pattern, searched in the original text

    read_phrase(text)      a Phrase; ValueError with a sentence where the text is none
    phrase_problem(text)   that sentence, or None
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Final, TypeAlias

from pauta.plugins.criteria.phrases.folding import words_of

if TYPE_CHECKING:
    import regex

PATTERN: Final = "re:"
GAP: Final = 5
LONGEST_GAP: Final = 20
MOST_WORDINGS: Final = 500
MOST_READINGS: Final = 10_000
"""In how many ways the gaps of a phrase may be filled: this bounds the time that a search can take."""
PATTERN_SECONDS: Final = 0.1

_TOKEN = re.compile(r"(?P<gap>(?:\.{3,}|…)(?P<count>\d*))|(?P<sign>[()|])|(?P<words>(?:(?!\.{3})[^()|…])+)")
_STEM = re.compile(r"([^*]*[^\W_])['’]?\*[^\w*]*")


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
Wording: TypeAlias = tuple[Item, ...]
"""One way in which a phrase may be said: words, stems and gaps in order, a word or stem at both ends."""


@dataclass(frozen=True)
class Phrase:
    """A phrase as a card writes it. `wordings` in the order in which they are preferred; none for a pattern."""

    text: str
    wordings: tuple[Wording, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether its wordings are nothing but words."""
        return all(isinstance(item, Spoken) and not item.stem for wording in self.wordings for item in wording)

    @cached_property
    def pattern(self) -> regex.Pattern[str] | None:
        """The pattern to search the original text for, None where the phrase is made of words."""
        return None if self.wordings else _compiled(self.text)

    @cached_property
    def searcher(self) -> re.Pattern[str]:
        """Finds the phrase in folded words between single blanks, ' w1 w2 '; the last blank is not taken."""
        return re.compile("|".join(" " + "".join(_parts(wording)) for wording in self.wordings))


def _parts(wording: Wording) -> Iterator[str]:
    last = len(wording) - 1
    for n, item in enumerate(wording):
        if isinstance(item, Gap):
            yield f"(?:[^ ]++ ){{0,{item.most}}}?"
        else:
            yield re.escape(item.text) + ("[^ ]*+" if item.stem else "") + (" " if n < last else "(?= )")


def phrase_problem(text: str) -> str | None:
    """What is wrong with a phrase, as a sentence; None where nothing is."""
    try:
        read_phrase(text)
    except ValueError as error:
        return str(error)
    return None


def read_phrase(text: str) -> Phrase:
    """A phrase as it is written in a card; ValueError with a sentence where it is none."""
    if text.startswith(PATTERN):
        if _compiled(text).search("") is not None:
            raise ValueError(f"the pattern '{text}' is found in an empty text, and so everywhere")
        return Phrase(text)
    tokens = list(_tokens(text))
    wordings = _sequence(tokens, text)
    if tokens:
        raise ValueError(f"the phrase '{text}' closes a bracket that it never opened" if tokens[0] == ")" else _BAR % text)
    wordings = list(dict.fromkeys(map(_joined, wordings)))
    for wording in wordings:
        _check(wording, text)
    return Phrase(text, tuple(wordings))


_BAR: Final = "the phrase '%s' has a bar outside brackets: write (this|that)"


def _compiled(text: str) -> regex.Pattern[str]:
    import regex

    from pauta import compiled

    written = text.removeprefix(PATTERN).strip()
    if not written:
        raise ValueError("there is no pattern after 're:'")
    try:
        return compiled(written, regex.IGNORECASE)
    except ValueError as error:
        raise ValueError(f"the pattern '{text}' cannot be used: {error}") from error


Token: TypeAlias = str | Item


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
    if (found[0] == "(" and (before.isalnum() or before == "*")) or (found[0] == ")" and after.isalnum()):
        raise ValueError(f"the phrase '{text}' has a bracket in the middle of a word; write (cancel|cancelled)")


def _spoken(written: str, text: str) -> Iterator[Spoken]:
    for chunk in written.split():
        if "*" not in chunk:
            yield from (Spoken(word.text) for word in words_of(chunk))
            continue
        stem = _STEM.fullmatch(chunk)
        words = words_of(stem[1]) if stem else []
        if not words:
            raise ValueError(f"the phrase '{text}' has a star that does not end a word, as frustrat* would")
        yield from (Spoken(word.text, stem=n == len(words)) for n, word in enumerate(words, start=1))


def _sequence(tokens: list[Token], text: str) -> list[Wording]:
    """Every wording of the tokens up to the end of a bracket, an alternative or the phrase; they are taken away."""
    parts: list[list[Wording]] = []
    while tokens and tokens[0] not in (")", "|"):
        token = tokens.pop(0)
        if isinstance(token, str):
            parts.append(_bracket(tokens, text))
        else:
            parts.append([(token,)])
        count = 1
        for part in parts:
            count *= len(part)
        if count > MOST_WORDINGS:
            raise ValueError(f"the phrase '{text}' stands for more than {MOST_WORDINGS} wordings; make several of it")
    return [tuple(item for part in chosen for item in part) for chosen in product(*parts)]


def _bracket(tokens: list[Token], text: str) -> list[Wording]:
    alternatives = _sequence(tokens, text)
    count = 1
    while tokens and tokens[0] == "|":
        tokens.pop(0)
        alternatives += _sequence(tokens, text)
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
        optional = any(sign in text for sign in "()")
        raise ValueError(
            f"the phrase '{text}' has only words that may be left out" if optional else f"the phrase '{text}' has no words"
        )
    if isinstance(wording[0], Gap) or isinstance(wording[-1], Gap):
        raise ValueError(f"the phrase '{text}' has a gap with nothing (that must be said) on one side of it")
    readings = 1
    for item in wording:
        readings *= item.most + 1 if isinstance(item, Gap) else 1
    if readings > MOST_READINGS:
        raise ValueError(f"the gaps of the phrase '{text}' can be filled in too many ways; use fewer or shorter ones")
