"""Amounts of money as people say and write them, in English, Spanish and Portuguese.

    amounts_in(plain_of("R$ 1.200,50 na sexta"), "pt")       1200.5
    amounts_in(plain_of("ochenta mil pesos"), "es")          80000
    amounts_in(plain_of("I can pay 120 on Friday"), "en")    120, for it stands behind "pay"

What is an amount: figures beside a sign or the name of a currency, number words before its name, and figures behind a
word for paying. "The whole of it", "todo", "metade" are amounts without a value: what they mean was said before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from pauta.plugins.packs.numerals import numerals_in
from pauta.plugins.packs.plain import Plain, compiled, plain_of

_NUMBER: Final = r"(?:\d{1,3}(?:[.,' ]\d{3}){1,4}(?![.,]?\d{3})(?:[.,]\d{1,2})?|\d{1,12}(?:[.,]\d{1,2})?)(?!\d)"
_SIGNS: Final = r"(?:us\$|r\$|mx\$|c\$|s/|[$€£]|\b(?:usd|eur|gbp|brl|mxn|cop|ars|clp|pen)\b)"
_TIMES: Final = r"(?:\s?(?P<times>k|mil|thousand|grand|millon(?:es)?|milhao|milhoes|million)\b(?:\s?de\b)?)?"
_CURRENCIES: Final = (
    "dollars? bucks? euros? pounds? quid dolar(?:es)? pesos? reais real soles libras? bolivares guaranies colones "
    "quetzales lempiras cordobas balboas"
)
_SCALE: Final[Mapping[str, int]] = {
    "k": 1_000, "mil": 1_000, "thousand": 1_000, "grand": 1_000, "millon": 1_000_000, "millones": 1_000_000,
    "milhao": 1_000_000, "milhoes": 1_000_000, "million": 1_000_000,
}  # fmt: skip

_BEHIND_PAYING: Final[Mapping[str, str]] = {
    "en": r"\b(?:pay|paying|do|send|transfer|deposit|manage|afford|payment of|instalments? of)(?: (?:you|about))?\s",
    "es": r"\b(?:pag(?:o|ar|are|arle|arles|ue)|abon(?:o|ar|arle)|deposit(?:o|ar)|transfier(?:o|a)|transferir|cuotas? de"
    r"|pago de)(?: (?:los|unos))?\s",
    "pt": r"\b(?:pag(?:o|ar|arei|ue)|deposit(?:o|ar)|transfir(?:o|a)|transferir|parcelas? de|pagamento de)\s",
}
_NOT_MONEY: Final = (
    r"(?!\s?(?:%|x\b|st\b|nd\b|rd\b|th\b|:|/|-|h\b|am\b|pm\b|por cien|per ?cent|days?|weeks?|months?|times"
    r"|payments?|instalments?"
    r"|dias?|semanas?|mes(?:es)?|veces|vezes|cuotas?|parcelas?|prestac|de \w+|o'clock|horas?|minut|years?|anos?))"
)
_PAYING: Final[Mapping[str, str]] = {
    language: rf"{before}(?P<number>{_NUMBER}){_NOT_MONEY}" for language, before in _BEHIND_PAYING.items()
}
_WHOLE: Final[Mapping[str, str]] = {
    "en": r"\b(?:the (?:whole|full|entire|total|outstanding)(?: (?:amount|balance|bill|debt|sum|thing|lot|of it))?"
    r"|in full|all of it|half(?: of it)?|the rest|the minimum)\b",
    "es": r"\b(?:todo(?! (?:bien|claro|listo|esto|eso|lo que|el (?:dia|mes|tiempo)|caso))|(?:el |la )?(?:total(?:idad)?"
    r"|deuda completa|saldo completo|cuenta completa)|la mitad|el resto|el minimo)\b",
    "pt": r"\b(?:tudo(?! (?:bem|certo|bom|isso))|o total|o valor (?:todo|total|integral|cheio)|integral"
    r"|a fatura (?:toda|inteira|completa)|metade|o restante|o minimo|quito)\b",
}


class Amount(NamedTuple):
    """An amount that was said, [start, stop) in the folded text. `value` is None where it points to one said before."""

    value: float | None
    start: int
    stop: int


def amounts_in(plain: Plain, language: str, currencies: tuple[str, ...] = ()) -> list[Amount]:
    """The amounts of a text from left to right. `currencies`: more names of currencies, as people say them."""
    every = [Amount(None, each.start(), each.end()) for each in compiled(_WHOLE[language]).finditer(plain.text)]
    if compiled(r"\d").search(plain.text):
        every += [*_in_figures(plain, currencies), *_behind_paying(plain, language)]
    every += _in_words(plain, language, currencies)
    found: list[Amount] = []
    for each in sorted(every, key=lambda one: (one.start, -one.stop)):
        if not found or each.start >= found[-1].stop:
            found.append(each)
    return found


@cache
def _names(currencies: tuple[str, ...]) -> str:
    """The names of currencies as one pattern."""
    return "|".join([*_CURRENCIES.split(), *(re.escape(plain_of(each.strip()).text) for each in currencies)])


@cache
def _figures(currencies: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Figures behind the sign of a currency, and figures before its sign or name."""
    return (
        re.compile(rf"{_SIGNS}\.?\s?(?P<number>{_NUMBER}){_TIMES}"),
        re.compile(rf"(?<![\d.,])(?P<number>{_NUMBER}){_TIMES}\s?(?:[€£$]|(?:{_names(currencies)})\b)"),
    )


@cache
def _named(currencies: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"[\s-](?:de )?(?:{_names(currencies)})\b")


def _in_figures(plain: Plain, currencies: tuple[str, ...]) -> Iterator[Amount]:
    for pattern in _figures(currencies):
        for each in pattern.finditer(plain.text):
            scale = _SCALE[each["times"]] if each["times"] else 1
            yield Amount(number_of(each["number"]) * scale, each.start(), each.end())


def _in_words(plain: Plain, language: str, currencies: tuple[str, ...]) -> Iterator[Amount]:
    named = _named(currencies)
    for each in numerals_in(plain, language) if named.search(plain.text) else ():
        behind = None if each.in_figures else named.match(plain.text, each.stop)
        if behind is not None and each.value is not None:
            yield Amount(float(each.value), each.start, behind.end())


def _behind_paying(plain: Plain, language: str) -> Iterator[Amount]:
    """`pay 120`, but not `pay 3 instalments`, `pay 15/3`, `pagar 2 veces`."""
    for each in compiled(_PAYING[language]).finditer(plain.text):
        yield Amount(number_of(each["number"]), each.start("number"), each.end("number"))


def number_of(written: str) -> float:
    """A number as people write it: `1.200,50`, `1,200.50`, `1 200`, `120`."""
    parts = re.split(r"[.,' ]", written)
    if len(parts) > 1 and len(parts[-1]) < 3:
        return float(f"{''.join(parts[:-1])}.{parts[-1]}")
    return float("".join(parts))
