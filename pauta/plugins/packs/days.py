"""Days as people name them when they say when something will be done, in English, Spanish and Portuguese.

    days_in(plain_of("on Friday or the 15th"), "en")          "on friday" and "the 15th"
    days_in(plain_of("el quince de marzo"), "es")             "el quince de marzo"
    days_in(plain_of("overdue since the 3rd"), "en")          none: that day is past

Weekdays, days of the month in figures and words, dates, and days counted from today (tomorrow, next week, in ten days,
the end of the month). A day is found, not worked out: nothing here says which date "Friday" is. "Soon" is no day.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from pauta.plugins.packs.numerals import LEXICA
from pauta.plugins.packs.plain import Plain, compiled

_EN_ORDINALS: Final = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth"
    "|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty[ -](?:first|second|third|fourth|fifth|sixth|seventh"
    "|eighth|ninth)|thirtieth|thirty[ -]first"
)
_EN_MONTHS: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug"
    "|sept?|oct|nov|dec"
)
_ES_MONTHS: Final = "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre"
_PT_MONTHS: Final = "janeiro|fevereiro|marco|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro"
_EN_DAYS: Final = "(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_ES_DAYS: Final = "lunes|martes|miercoles|jueves|viernes|sabado|domingo"
_PT_DAYS: Final = "segunda|terca|quarta|quinta|sexta"
_DATES: Final = (
    r"(?<![\d/.-])(?:\d{4}-\d{2}-\d{2}|(?!24/7)(?:0?[1-9]|[12]\d|3[01])[/-](?:0?[1-9]|[12]\d"
    r"|3[01])(?:[/-]\d{2,4})?)(?![\d/-])"
)
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])(?![\d.,]*\d)"
_NOT_A_DAY_EN: Final = r"(?! (?:of|instalments?|payments?|one|time|half|floor|street|avenue|month|century)\b)"
_NOT_A_DAY: Final = r"(?!\s?(?:%|por cien|euros?|pesos|dolares|reais|mil\b|cuotas|parcelas))"


@cache
def _patterns() -> Mapping[str, str]:
    """The days of a language as one pattern each."""
    es_number, pt_number = (_cardinals(each) for each in ("es", "pt"))
    en = (
        rf"(?:(?:on|by|before|until|this|next|coming) )*{_EN_DAYS}",
        r"(?:by |for )?(?:today|tonight|tomorrow|the day after tomorrow)",
        r"right (?:now|away)|straight away|immediately",
        rf"(?:{_EN_MONTHS})\.? (?:the )?(?:{_DAY}(?:st|nd|rd|th)?|{_EN_ORDINALS})\b",
        rf"(?:the )?(?:{_DAY}(?:st|nd|rd|th)?|(?:{_EN_ORDINALS})) (?:of )?(?:{_EN_MONTHS})\b",
        rf"(?:(?:on|by|before|until) )?(?:the )?{_DAY}(?:st|nd|rd|th)\b",
        rf"(?:on|by|before|until) the (?:{_EN_ORDINALS})\b{_NOT_A_DAY_EN}",
        rf"the (?!first|second|third|fourth|fifth)(?:{_EN_ORDINALS})\b{_NOT_A_DAY_EN}",
        r"(?:the )?(?:end|beginning|start|middle) of (?:the|this|next) (?:month|week)",
        r"(?:next|this) (?:week(?:end)?|month|pay ?day)|(?:on|by) (?:my )?pay ?day",
        rf"(?:in|within) (?:a|one|two|three|four|five|six|seven|ten|fourteen|{_DAY}) (?:days?|weeks?|fortnight)",
    )
    es = (
        rf"(?:(?:el|este|proximo|antes del|para el|hasta el) )*(?:{_ES_DAYS})(?: que viene)?",
        r"hoy|pasado manana|(?<!la )(?<!esta )(?<!de )manana|ahora mismo|ya mismo|inmediatamente",
        rf"(?:el )?(?:dia )?(?:{_DAY}|{es_number}) (?:de|del) (?:(?:{_ES_MONTHS})\b|(?:este|proximo|mes)\b)",
        rf"(?:(?:el|antes del|al|hasta el|para el) )(?:dia )?(?:{_DAY}|{es_number}\b){_NOT_A_DAY}",
        rf"dia (?:{_DAY}|{es_number}\b){_NOT_A_DAY}",
        r"(?:a )?(?:fin(?:es)?|final|principios?|mediados) (?:de|del) (?:este |proximo )?(?:mes|semana)",
        r"(?:la|esta|proxima|otra) (?:semana|quincena)(?: (?:que viene|entrante|proxima))?|el mes que viene|este mes",
        rf"(?:en|dentro de) (?:{_DAY}|{es_number}) (?:dias?|semanas?)",
        r"(?:el )?dia de pago|en (?:la )?quincena",
    )
    pt = (
        rf"(?:na|nesta|nessa|esta|essa|ate|ate a|proxima|na proxima|pra|para) (?:{_PT_DAYS})\b(?! (?:parcela|vez"
        rf"|parte))",
        rf"(?:{_PT_DAYS})[ -]feira",
        r"(?:no |neste |este |ate )?(?:sabado|domingo)",
        r"(?:ate )?(?:hoje|depois de amanha|amanha)|agora mesmo|imediatamente",
        rf"(?:(?:o|no|ate o|ate) )?dia (?:{_DAY}|{pt_number}\b)(?: (?:de|do) (?:(?:{_PT_MONTHS})"
        rf"|mes que vem))?{_NOT_A_DAY}",
        rf"(?:{_DAY}|{pt_number}) de (?:{_PT_MONTHS})\b",
        r"(?:no )?(?:fim|final|comeco|inicio|meio) (?:do|deste|da|desta) (?:mes|semana)",
        r"(?:na )?(?:semana que vem|proxima semana|semana proxima)|mes que vem|proximo mes|esta semana|nesta semana",
        rf"(?:em|daqui a|dentro de) (?:{_DAY}|{pt_number}) (?:dias?|semanas?)",
        r"(?:no )?(?:\w+ )?dia util|dia do pagamento",
    )
    return {
        language: rf"\b(?:{'|'.join(f'(?:{each})' for each in each_of)})\b|{_DATES}"
        for language, each_of in (("en", en), ("es", es), ("pt", pt))
    }


def _cardinals(language: str) -> str:
    """1 to 31 in words, the longer ones first."""
    lexicon = LEXICA[language]
    small = {word: value for word, value in lexicon.small.items() if word not in ("un", "una", "uma")}
    words = {value: word for word, value in small.items() if 1 <= value <= 29}
    words |= {lexicon.tens[each]: each for each in lexicon.tens if lexicon.tens[each] in (20, 30)}
    base = sorted([*words.values(), "primero", "primeiro"], key=len, reverse=True)
    joined = rf"(?:vinte|treinta|trinta) {lexicon.joiner} (?:{'|'.join(words[n] for n in range(1, 10))})"
    return rf"(?:{joined}|{'|'.join(base)})"


_PAST_BEFORE: Final[Mapping[str, str]] = {
    "en": r"\b(?:since|from|last|(?:was|were|fell|been) due(?: on| by)?|due on|dated|past)(?: the)?\s*$",
    "es": r"\b(?:desde|vencio|vencia|vencida|vencido|con fecha|pasado)(?: el| del)?\s*$",
    "pt": r"\b(?:desde|venceu|vencia|vencida|vencido|passad[oa])(?: o| em| no| a| dia)*\s*$",
}
_PAST_AFTER: Final[Mapping[str, str]] = {
    "en": r"\s*(?:ago|last)\b",
    "es": r"\s*(?:pasad[oa]|anterior)\b",
    "pt": r"\s*(?:passad[oa]|anterior)\b",
}


class Day(NamedTuple):
    """A day that was named, [start, stop) in the folded text."""

    start: int
    stop: int


def days_in(plain: Plain, language: str) -> list[Day]:
    """The days that a text names, from left to right, without those that it calls past."""
    before, after = compiled(_PAST_BEFORE[language]), compiled(_PAST_AFTER[language])
    return [
        Day(each.start(), each.end())
        for each in compiled(_patterns()[language]).finditer(plain.text)
        if not before.search(plain.text[max(0, each.start() - 24) : each.start()])
        and not after.match(plain.text, each.end())
    ]
