"""Blanks out what must not be kept: card numbers, addresses, phone numbers, long numbers, spoken numbers.

    redactor_from(["card_number", {"policy": "PX-[0-9]{6}"}])      a Redactor, or the Problem of an entry
    Redactor.text("card 4111 1111 1111 1111")                      "card **** **** **** ****"

Every character is masked by one star and blanks stay, so that places in a text mean what they meant. A redactor that
cannot do its work raises RedactionError; whoever asked must then keep nothing and send nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    "ciento veinti(?:ún|un|uno|una|dós|dos|trés|tres|cuatro|cinco|séis|seis|siete|ocho|nueve) "
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


class RedactionError(Exception):
    """A pattern could not be searched for to its end; nothing of the text may be kept."""


def _matches(pattern: regex.Pattern[str]) -> Finder:
    def find(text: str) -> Iterator[Span]:
        for found in pattern.finditer(text, timeout=TIME_LIMIT_S):
            yield found.span()

    return find


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
    "card_number": _cards,
    "email": _matches(_EMAIL),
    "phone": _matches(_PHONE),
    "digits": _matches(_DIGITS),
    "spoken_digits": _matches(_SPOKEN),
}
"""What can be asked for by name: card numbers, e-mail addresses, phone numbers, runs of six digits or more, four number
words or more in a row (English, Spanish, Portuguese)."""


@dataclass(frozen=True)
class Redactor:
    """What is to be masked, by name."""

    finders: Mapping[str, Finder]

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
        return replace(call, turns=turns, attributes=self._inside(call.attributes))

    def about(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What is stored of a call with its attributes masked."""
        return {key: self._inside(value) if key == "attributes" else value for key, value in stored.items()}

    def record(self, record: Mapping[str, Any], call: Call | None = None) -> dict[str, Any]:
        """A result with quotes, comments, reasons and free texts masked.

        call: the masked call, so that a quote is masked as its turn is, even where it shows but a part of a number.
        """
        return {**record, "answers": [self._answer(answer, call) for answer in record.get("answers") or ()]}

    def _answer(self, answer: Mapping[str, Any], call: Call | None) -> dict[str, Any]:
        masked = dict(answer)
        for name in ("comment", "reason"):
            if isinstance(masked.get(name), str):
                masked[name] = self.text(masked[name])
        if masked.get("points") is None and masked.get("out_of") is None:
            for name in ("answer", "criterion_answer"):
                masked[name] = self._inside(masked.get(name))
        masked["evidence"] = [self._evidence(each, call) for each in masked.get("evidence") or ()]
        return masked

    def _evidence(self, evidence: Mapping[str, Any], call: Call | None) -> dict[str, Any]:
        quote, turn, span = (evidence.get(name) for name in ("quote", "turn", "span"))
        if not isinstance(quote, str):
            return dict(evidence)
        masked = self.text(quote)
        if call is not None and isinstance(turn, int) and span and turn < len(call.turns):
            there = call.turns[turn].text[slice(*span)]
            if len(there) == len(masked):
                masked = "".join(b if b == MASK else a for a, b in zip(masked, there, strict=True))
        return {**evidence, "quote": masked}

    def _inside(self, value: Any) -> Any:
        """Every text of a nested value masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._inside(each) for key, each in value.items()}
        return [self._inside(each) for each in value] if isinstance(value, list | tuple) else value


def redactor_from(entries: Sequence[object], at: Place | None = None) -> Redactor | Problem | None:
    """The redactor that `redact:` asks for; None where it asks for nothing, a Problem where an entry is wrong."""
    finders: dict[str, Finder] = {}
    for entry in entries:
        if isinstance(entry, Mapping):
            for name, pattern in entry.items():
                try:
                    finders[str(name)] = _matches(compiled(str(pattern), regex.IGNORECASE))
                except ValueError as error:
                    return Problem("E752", f"the pattern of redact '{name}' cannot be read: {error}", at)
        elif entry in SHIPPED:
            finders[str(entry)] = SHIPPED[str(entry)]
        else:
            near = nearest(str(entry), SHIPPED)
            hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(SHIPPED)}; or write `name: pattern`"
            return Problem("E752", f"there is no redaction '{entry}'", at, hint)
    return Redactor(finders) if finders else None
