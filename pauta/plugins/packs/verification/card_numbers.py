"""Card numbers in speech: digits as figures or words, in one turn or over several, held against what cards look like.

    passes_luhn("4111111111111111")                                 True
    kind_of_card("4111111111111111")                                "Visa"
    card_numbers_in(turns, "en")                                    each with its digits and its places

A card number is 13 to 19 digits that begin and end where something was said (a group of figures, a number word), begin
as those of a card scheme do, have a length that it uses, and pass Luhn's check (ISO/IEC 7812-1, annex B), as one in
ten numbers does by chance. So other long numbers seldom pass: IBANs, invoices, telephone numbers begin or end
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pauta.plugins.packs.numerals import Numeral, numerals_in
from pauta.plugins.packs.plain import Plain, plain_of, word_set, words_of

SHORTEST: Final = 13
LONGEST: Final = 19
MOST_DIGITS: Final = 24
"""A run of more digits is no card with its expiry date: only its beginning can be one."""

_SIXTEEN: Final = frozenset({16})
_ANY_LENGTH: Final = frozenset(range(SHORTEST, LONGEST + 1))
_SCHEMES: Final[Sequence[tuple[str, tuple[tuple[int, int], ...], frozenset[int]]]] = (
    ("Visa", ((4, 4),), frozenset({13, 16, 19})),
    ("Mastercard", ((51, 55), (2221, 2720)), _SIXTEEN),
    ("American Express", ((34, 34), (37, 37)), frozenset({15})),
    ("Diners Club", ((300, 305), (36, 36), (38, 39)), frozenset({14, 16})),
    ("Discover", ((6011, 6011), (644, 649), (65, 65)), frozenset({16, 19})),
    ("JCB", ((3528, 3589),), frozenset({16, 19})),
    ("UnionPay", ((62, 62),), frozenset({16, 17, 18, 19})),
    ("Maestro", ((5018, 5018), (5020, 5020), (5038, 5038), (5893, 5893), (6304, 6304), (6759, 6763)), _ANY_LENGTH),
    ("Elo", ((506699, 506778), (509000, 509999), (636297, 636297), (636368, 636368), (650031, 651653)), _SIXTEEN),
    ("Hipercard", ((606282, 606282), (384100, 384160)), frozenset({13, 16, 19})),
)
"""Scheme, the first digits of its numbers (from, to), their lengths: as the schemes publish them."""

_GLUE: Final = word_set(
    "and then dash space uh um er next after that followed by y e luego despues guion espacio entonces depois hifen "
    "traco ai"
)
"""Words that part digits without ending the number."""
_ASIDE: Final = 4
"""How many words somebody else may say in between: "uh-huh", "go on", "yes, got it"."""


class Heard(NamedTuple):
    """A turn as it is searched: which turn it is, whose, and its text."""

    turn: int
    speaker: str
    text: str


class CardNumber(NamedTuple):
    """A card number that was said: its digits, and [start, stop) in the original text of each turn that holds some."""

    digits: str
    scheme: str
    places: tuple[tuple[int, int, int], ...]


class _Piece(NamedTuple):
    turn: int
    plain: Plain
    numeral: Numeral


def passes_luhn(digits: str) -> bool:
    """Luhn's check: every second digit from the right doubled, all their digits add up to a multiple of ten."""
    if not digits.isdecimal():
        return False
    total = 0
    for n, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + n % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def kind_of_card(digits: str) -> str | None:
    """The scheme whose numbers look like this and pass the check; None where it is no card number."""
    for scheme, ranges, lengths in _SCHEMES:
        if len(digits) in lengths and any(low <= int(digits[: len(str(low))]) <= high for low, high in ranges):
            return scheme if passes_luhn(digits) else None
    return None


def card_numbers_in(turns: Sequence[Heard], speaker: str, language: str) -> Iterator[CardNumber]:
    """The card numbers that a speaker says in full, in order."""
    for run in _runs(turns, speaker, language):
        yield from _cards_in(run)


def _runs(turns: Sequence[Heard], speaker: str, language: str) -> Iterator[list[_Piece]]:
    """Digits that belong together: with nothing between but glue, or a few words of somebody else."""
    run: list[_Piece] = []
    for heard in turns:
        plain = plain_of(heard.text)
        numerals = numerals_in(plain, language)
        if heard.speaker != speaker:
            aside = words_of(_without(plain, numerals))
            if len(aside) > _ASIDE and run:
                yield run
                run = []
            continue
        end = 0
        for each in numerals:
            if run and not _glued(plain.text[end : each.start]):
                yield run
                run = []
            run.append(_Piece(heard.turn, plain, each))
            end = each.stop
        if run and not _glued(plain.text[end:]):
            yield run
            run = []
    if run:
        yield run


def _without(plain: Plain, numerals: Sequence[Numeral]) -> str:
    """A text without its numbers: a customer who reads digits along says nothing in between."""
    kept, end = [], 0
    for each in numerals:
        kept.append(plain.text[end : each.start])
        end = each.stop
    return " ".join([*kept, plain.text[end:]])


def _glued(between: str) -> bool:
    return all(word == "," or word in _GLUE for word in words_of(between))


def _cards_in(run: Sequence[_Piece]) -> Iterator[CardNumber]:
    total = sum(len(piece.numeral.digits) for piece in run)
    first = 0
    while first < len(run) and (first == 0 or total <= MOST_DIGITS):
        found = _card_at(run, first)
        if found is None:
            first += 1
        else:
            card, first = found
            yield card


def _card_at(run: Sequence[_Piece], first: int) -> tuple[CardNumber, int] | None:
    """The longest card number that begins with a piece of a run, and the piece after it."""
    digits, best = "", None
    for n in range(first, len(run)):
        digits += run[n].numeral.digits
        if len(digits) > LONGEST:
            break
        scheme = kind_of_card(digits) if len(digits) >= SHORTEST else None
        if scheme is not None:
            best = CardNumber(digits, scheme, tuple(_places(run[first : n + 1]))), n + 1
    return best


def _places(pieces: Sequence[_Piece]) -> Iterator[tuple[int, int, int]]:
    """One stretch for each turn, from its first digit to its last."""
    by_turn: dict[int, list[_Piece]] = {}
    for piece in pieces:
        by_turn.setdefault(piece.turn, []).append(piece)
    for turn, own in by_turn.items():
        yield turn, *own[0].plain.place(own[0].numeral.start, own[-1].numeral.stop)
