"""Blanks out what must not be kept: card numbers, addresses, phone numbers, long numbers, spoken numbers.

    redactor_from(["card_number", {"policy": "PX-[0-9]{6}"}])      a Redactor, or the Problem of an entry
    Redactor.text("card 4111 1111 1111 1111")                      "card **** **** **** ****"

Every character is masked by one star and blanks stay, so that places in a text mean what they meant. A redactor that
cannot do its work raises RedactionError; whoever asked must then keep nothing and send nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any, Final, TypeAlias

import regex

from pauta.engine.model.calls import Call
from pauta.engine.model.patterns import compiled
from pauta.engine.problems import Place, Problem, nearest

MASK: Final = "*"
TIME_LIMIT_S: Final = 1.0
"""So long one pattern may search one text."""

Span: TypeAlias = tuple[int, int]
Finder: TypeAlias = Callable[[str], Iterable[Span]]

_BETWEEN: Final = r"[\s.,\-‐-―/()]"
_RUN: Final = regex.compile(r"\d(?:[\s.,\-‐-―]{0,3}\d){12,}")
_GROUP: Final = regex.compile(r"\d+")
_EMAIL: Final = regex.compile(
    r"[\p{L}\p{N}._%+\-]+(?:@|\s(?:at|arroba)\s)[\p{L}\p{N}\-]+(?:(?:\.|\s(?:dot|punto|ponto)\s)[\p{L}\p{N}\-]+)+",
    regex.IGNORECASE,
)
_PHONE: Final = regex.compile(rf"(?<![\p{{L}}\d])(?:\+|00)?\d(?:{_BETWEEN}{{0,3}}\d){{6,14}}(?![\p{{L}}\d])")
_DIGITS: Final = regex.compile(r"\d(?:[ \u00a0\-.]?\d){5,}")
_WORDS: Final = (
    "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety double triple hundred "
    "cero uno una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis dieciseis "
    "diecisiete dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa doble cien "
    "ciento veintiún veintiun veintiuno veintiuna veintidós veintidos veintitrés veintitres veinticuatro veinticinco "
    "veintiséis veintiseis veintisiete veintiocho veintinueve "
    "um uma dois duas três quatro sete oito nove meia dez onze doze treze catorze quatorze quinze dezesseis dezasseis "
    "dezessete dezassete dezoito dezenove dezanove vinte trinta quarenta cinquenta sessenta oitenta noventa duplo cem "
    "cento"
)
_SPOKEN: Final = regex.compile(
    r"(?<![\p{{L}}\p{{N}}])(?:{0}|\d)(?:[\s.,\-…]+(?:(?:and|y|e)\s+)?(?:{0}|\d)(?![\p{{L}}\p{{N}}])){{3,}}".format(
        "|".join(dict.fromkeys(_WORDS.split()))
    ),
    regex.IGNORECASE,
)

# What a text must have before it is searched. Written so that `re` and RE2, which looks through whole columns, read the
# same in it: every letter and blank is spelled out, and no search takes longer than the text is long.
_BLANK: Final = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_DIGIT: Final = "0-9\u0660-\u1fff\ua620-\U0010ffff"
"""All digits of all scripts stand there, beside much else."""
_SIX_DIGITS: Final = f"[{_DIGIT}](?:[^{_DIGIT}]{{0,3}}[{_DIGIT}]){{5}}"


def _any_case(word: str) -> str:
    """A word in capitals or not, as the patterns above take it."""
    also = {"i": "İ", "k": "\u212a", "s": "ſ"}
    return "".join(f"[{letter}{letter.upper()}{also.get(letter, '')}]" for letter in word)


def _one_of(words: Iterable[str]) -> str:
    """Words side by side, those that begin alike behind one beginning: so many would be tried at every letter."""
    parts = []
    for letter, own in groupby(sorted(words), key=lambda word: word[:1]):
        ends = [word[1:] for word in own]
        parts.append(_any_case(letter) + (f"(?:{_one_of(ends)})" if any(ends) else ""))
    return "|".join(parts)


def _words(*words: str) -> str:
    return f"(?:{'|'.join(map(_any_case, words))})"


_ADDRESS: Final = (
    f"@|[{_BLANK}]{_words('at', 'arroba')}[{_BLANK}][^{_BLANK}.]+"
    f"(?:[.][^{_BLANK}]|[{_BLANK}]{_words('dot', 'punto', 'ponto')}[{_BLANK}])"
)
_NUMBER: Final = f"(?:{_one_of(set(_WORDS.split()))}|[{_DIGIT}])"
_FOUR_NUMBERS: Final = (
    f"(?:^|[^A-Za-z]){_NUMBER}(?:[{_BLANK}.,…-]+(?:{_words('and', 'y', 'e')}[{_BLANK}]+)?{_NUMBER}){{3}}"
)


class RedactionError(Exception):
    """A pattern could not be searched for to its end; nothing of the text may be kept."""


@dataclass(frozen=True, slots=True)
class Search:
    """Finds one kind of thing in a text, and only looks where there can be one.

    needs: a pattern for `re` and RE2 alike, found in every text in which there is something; None where nothing of the
    kind is known.
    """

    find: Finder
    needs: str | None = None

    def __call__(self, text: str) -> Iterable[Span]:
        """Where it is in a text."""
        return self.find(text) if self.needs is None or _compiled(self.needs).search(text) else ()


@cache
def _compiled(needs: str) -> re.Pattern[str]:
    return re.compile(needs)


@dataclass(frozen=True, slots=True)
class _Matches:
    """Finds what a pattern matches."""

    pattern: regex.Pattern[str]

    def __call__(self, text: str) -> Iterator[Span]:
        """Where it matches in a text; raises TimeoutError."""
        for found in self.pattern.finditer(text, timeout=TIME_LIMIT_S):
            yield found.span()


def _cards(text: str) -> Iterator[Span]:
    """Numbers of 13 to 19 digits whose last digit is right (Luhn), among groups of digits that stand close together.

    A group is taken whole, so that a longer number is not a card by chance; one too long for a card is looked through.
    """
    for run in _RUN.finditer(text, timeout=TIME_LIMIT_S):
        groups = [group.span() for group in _GROUP.finditer(text, *run.span())]
        for first, (start, stop) in enumerate(groups):
            digits: list[int] = []
            for begin, end in groups[first:]:
                digits += map(int, text[begin:end])
                if len(digits) > 19:
                    break
                if len(digits) >= 13 and _luhn(digits):
                    yield start, end
            yield from _inside(text, start, stop)


def _inside(text: str, start: int, stop: int) -> Iterator[Span]:
    """The card numbers in a block of digits that is too long to be one."""
    for first in range(start, stop - 12 if stop - start > 19 else start):
        for last in range(first + 13, min(first + 19, stop) + 1):
            if _luhn([int(each) for each in text[first:last]]):
                yield first, last


def _luhn(digits: Sequence[int]) -> bool:
    doubled = [n if place % 2 == 0 else n * 2 - 9 * (n > 4) for place, n in enumerate(reversed(digits))]
    return any(digits) and sum(doubled) % 10 == 0


SHIPPED: Final[Mapping[str, Finder]] = {
    "card_number": Search(_cards, _SIX_DIGITS),
    "email": Search(_Matches(_EMAIL), _ADDRESS),
    "phone": Search(_Matches(_PHONE), _SIX_DIGITS),
    "digits": Search(_Matches(_DIGITS), _SIX_DIGITS),
    "spoken_digits": Search(_Matches(_SPOKEN), _FOUR_NUMBERS),
}
"""What can be asked for by name: card numbers, e-mail addresses, phone numbers, runs of six digits or more, four number
words or more in a row (English, Spanish, Portuguese)."""


@dataclass(frozen=True)
class Redactor:
    """What is to be masked, by name."""

    finders: Mapping[str, Finder]

    @property
    def asked(self) -> list[list[str | None]]:
        """What is masked, for who must know whether it is the same: names, and patterns of one's own."""
        own = {name: find.pattern.pattern for name, find in self.finders.items() if isinstance(find, _Matches)}
        return [[name, own.get(name)] for name in self.finders]

    def text(self, text: str) -> str:
        """A text with everything masked that is found. Raises RedactionError."""
        spans: list[Span] = []
        for name, find in self.finders.items():
            try:
                spans += find(text)
            except Exception as error:  # whatever goes wrong in a search, the text is not safe
                reason = "it took too long" if isinstance(error, TimeoutError) else type(error).__name__
                raise RedactionError(f"the redaction '{name}' failed: {reason}") from error
        if not spans:
            return text
        letters = list(text)
        for start, stop in spans:
            letters[start:stop] = [each if each.isspace() else MASK for each in letters[start:stop]]
        return "".join(letters)

    def call(self, call: Call) -> Call:
        """A call with its words and attributes masked; its ids, times and measures stay."""
        turns = tuple(replace(turn, text=self.text(turn.text)) for turn in call.turns)
        return replace(call, turns=turns, attributes=self.inside(call.attributes))

    def about(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What is stored of a call with its attributes masked."""
        return {key: self.inside(value) if key == "attributes" else value for key, value in stored.items()}

    def record(self, record: Mapping[str, Any], call: Call | None = None) -> dict[str, Any]:
        """A result with quotes, comments, reasons and free texts masked.

        call: the masked call, so that a quote is masked as its turn is, even where it shows but a part of a number.
        """
        return {**record, "answers": [self._answer(answer, call) for answer in record.get("answers") or ()]}

    def quote(self, quote: str, there: str = "") -> str:
        """A quote masked. there: the same place in the masked turn, where that is known."""
        masked = self.text(quote)
        if len(there) != len(masked):
            return masked
        return "".join(b if b == MASK else a for a, b in zip(masked, there, strict=True))

    def _answer(self, answer: Mapping[str, Any], call: Call | None) -> dict[str, Any]:
        masked = dict(answer)
        for name in ("comment", "reason"):
            if isinstance(masked.get(name), str):
                masked[name] = self.text(masked[name])
        if masked.get("points") is None and masked.get("out_of") is None:
            for name in ("answer", "criterion_answer"):
                masked[name] = self.inside(masked.get(name))
        masked["evidence"] = [self._evidence(each, call) for each in masked.get("evidence") or ()]
        return masked

    def _evidence(self, evidence: Mapping[str, Any], call: Call | None) -> dict[str, Any]:
        quote, turn, span = (evidence.get(name) for name in ("quote", "turn", "span"))
        if not isinstance(quote, str):
            return dict(evidence)
        there = ""
        if call is not None and isinstance(turn, int) and span and turn < len(call.turns):
            there = call.turns[turn].text[slice(*span)]
        return {**evidence, "quote": self.quote(quote, there)}

    def inside(self, value: Any) -> Any:
        """Every text of a nested value masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.inside(each) for key, each in value.items()}
        return [self.inside(each) for each in value] if isinstance(value, list | tuple) else value


def not_masked(call: Call, card: str, error: RedactionError) -> Problem:
    """A result in which what is to be masked could not be. card: its name."""
    what = f"the result of call '{call.call_id}' by {card} is neither kept nor sent: {error}"
    return Problem("E753", what, call.at, "mend the pattern under redact in pauta.yaml, and run again")


def redactor_from(entries: Sequence[object], at: Place | None = None) -> Redactor | Problem | None:
    """The redactor that `redact:` asks for; None where it asks for nothing, a Problem where an entry is wrong."""
    finders: dict[str, Finder] = {}
    for entry in entries:
        if isinstance(entry, Mapping):
            for name, pattern in entry.items():
                try:
                    finders[str(name)] = _Matches(compiled(str(pattern), regex.IGNORECASE))
                except ValueError as error:
                    return Problem("E752", f"the pattern of redact '{name}' cannot be read: {error}", at)
        elif entry in SHIPPED:
            finders[str(entry)] = SHIPPED[str(entry)]
        else:
            near = nearest(str(entry), SHIPPED)
            hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(SHIPPED)}; or write `name: pattern`"
            return Problem("E752", f"there is no redaction '{entry}'", at, hint)
    return Redactor(finders) if finders else None
