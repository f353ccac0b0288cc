"""What somebody answers with: yes, fine, maybe, no, or something else, in English, Spanish and Portuguese.

    reply_to(text, "en")     Reply(kind, start, stop): what of the text says so, in the folded text

`yes` is explicit: "yes", "I agree", "sí, acepto", "sim". `fine` goes along without saying so: "okay", "vale", "pode
ser". `maybe` is hedged or holds back: "I'll try", "if I get paid", "yes, but". `no` refuses. A reply is told by how it
begins, after "well", "um" and the like; "I agree", "acepto", "aceito" count wherever they stand, unless they are
denied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from pauta.plugins.packs.meant import SENTENCE_END, denied
from pauta.plugins.packs.plain import Plain, compiled, plain_of


class Kind(StrEnum):
    """What a reply amounts to."""

    YES = "yes"
    FINE = "fine"
    MAYBE = "maybe"
    NO = "no"
    OTHER = "other"


class Reply(NamedTuple):
    """A reply: what it amounts to, and [start, stop) of the words that say so, in the original text."""

    kind: Kind
    start: int = 0
    stop: int = 0


_LEADS: Final[Mapping[str, str]] = {
    "en": r"(?:\W|\b(?:no(?=,? that(?:'?s| is) (?:right|correct|fine))|well|um+|uh+|oh+|ah+|er+m?|hm+|so|and|then"
    r"|ok(?:ay)?(?=,? (?:yes|yeah|no|i )))\b)*",
    "es": r"(?:\W|\b(?:pues|eh+|ah+|ay|bueno(?=,? (?:si|no|pues))|mm+|entonces|y|uy)\b)*",
    "pt": r"(?:\W|\b(?:bom(?=,)|bem(?=,)|eh+|ah+|ai|hm+|entao|e(?=,)|olha|ue|ok(?=,? (?:sim|nao)))\b)*",
}
_YES: Final[Mapping[str, str]] = {
    "en": r"(?:yes|yeah|yep|yup|aye|absolutely|certainly|definitely|of course|correct|exactly|that(?:'?s"
    r"| is) (?:right|correct)"
    r"|right, (?:yes|that)|i (?:do|am|will|can|could)(?! (?:not|n't))(?=\W*$|[.,!])|you (?:have|do|can|may)(?=\W*$"
    r"|[.,!]))\b",
    "es": r"(?:claro(?: que si)?|correcto|por supuesto|exacto|exactamente|efectivamente|asi es|desde luego"
    r"|con (?:todo )?gusto|eso es|confirmo|confirmado|esta bien|de acuerdo)\b(?! que no)",
    "pt": r"(?:sim|claro|com certeza|isso(?: mesmo)?(?=\W*$|[,.!])|exato|exatamente|certo|(?:es)?ta certo|correto"
    r"|confirmo"
    r"|confirmado|perfeito|serve|pode sim|quero(?: sim)?(?=\W*$|[,.!])|combinado|fechado)\b(?! que nao)",
}
_SI: Final = (
    r"s[ií]\b(?=\W*$|[,.!;]| (?:si|sí|señor|senor|señora|claro|acepto|por favor|de acuerdo|correcto|autorizo"
    r"|confirmo))|sí\b"
)
_AGREE: Final[Mapping[str, str]] = {
    "en": r"\bi (?:do |fully |also |hereby )*(?:agree|accept|consent|confirm|authori[sz]e)\b",
    "es": r"\b(?:acepto|autorizo|doy mi (?:consentimiento|autorizacion)|estoy de acuerdo|quedamos asi|confirmo)\b",
    "pt": r"\b(?:aceito|autorizo|concordo|dou (?:o )?meu consentimento|estou de acordo|confirmo)\b",
}
_FINE: Final[Mapping[str, str]] = {
    "en": r"(?:ok(?:ay)?|sure|fine|all ?right|right(?: so)?|deal|good|great|perfect|mm+[ -]?hmm+|uh[ -]?huh"
    r"|(?:that )?sounds? (?:good|fine|great)"
    r"|that(?:'?s| is| works| would| will)? ?(?:be )?(?:fine|good|ok(?:ay)?|great|works?)|go ahead|grand|no problem"
    r"|no worries"
    r"|(?:it|this)(?:'?s| is| works| would)? ?(?:be )?(?:fine|good|ok(?:ay)?|great)|got it|done|will do"
    r"|please(?: do)?(?=\W*$|[.,!])|let'?s do (?:it|that))\b",
    "es": r"(?:ok(?:ay|ey)?|vale|bueno|bien|dale|listo|perfecto|ya|aja|mm+|hecho|no hay problema|sin problema|me parece"
    r"(?: bien)?|asi (?:puedo|quedamos|lo hago)|excelente|mandelo|hagale|entendido)\b",
    "pt": r"(?:ok|ta(?: bom| bem| otimo)?|(?:es)?ta bem|beleza|pode ser|tudo bem|pronto|feito|uhum|aham|joia|legal|bom"
    r"|sem problemas?|nao tem problema|otimo|valeu|entendi|ja|pode(?: por| mandar| fazer)?)\b",
}
_NO: Final[Mapping[str, str]] = {
    "en": r"(?:no(?!,? (?:problem|worries|matter|bother|that(?:'?s| is)))|nope|nah|not (?:really|now|yet|today|at all"
    r"|sure)|never"
    r"|i (?:can'?t|cannot|won'?t|don'?t|do not|couldn'?t|am not|'?m not|have not|haven'?t|would not|wouldn'?t"
    r"|will not|refuse)"
    r"|i'?m not|absolutely not|of course not|i'?d rather not)\b",
    "es": r"(?:no(?! hay problema| se\b|,? (?:esta|es) (?:bien|correcto))|nunca|tampoco|para nada|claro que no"
    r"|por supuesto que no"
    r"|ni (?:loco|hablar))\b",
    "pt": r"(?:n(?:ao)?(?! tem problema| sei\b|,? (?:esta|ta) (?:bem|certo))|nunca|nem|claro que nao|de jeito nenhum"
    r"|imposs\w+)\b",
}
_HEDGES: Final[Mapping[str, str]] = {
    "en": r"\b(?:maybe|perhaps|possibly|probably|i(?:'?ll| will| can) try|hope(?:fully)?|i (?:guess|suppose)|not sure"
    r"|depends|we(?:'?ll| will) see"
    r"|i(?:'?ll| will| have to|'?d have to| would have to) (?:see|think|check|ask)|if (?:i|my|they|we|the money"
    r"|it)\b|might)\b",
    "es": r"\b(?:quizas?|tal vez|a lo mejor|puede que|probablemente|voy a (?:tratar|intentar|ver|pensar)|trato de"
    r"|intentare"
    r"|tratare|depende|veremos|vere|si (?:puedo|me|cobro|consigo|todo|dios)\b|ojala|espero|no se\b|no estoy segur)\w*",
    "pt": r"\b(?:talvez|quem sabe|provavelmente|vou (?:tentar|ver|pensar|dar um jeito)|tento|depende|veremos|se (?:eu"
    r"|der"
    r"|receber|deus|conseguir|puder)\b|tomara|espero|nao sei\b|acho que)",
}
_BUT: Final[Mapping[str, str]] = {"en": r"\W*\bbut\b", "es": r"\W*\bpero\b", "pt": r"\W*\bmas\b"}
_NOTHING: Final = Reply(Kind.OTHER)


def reply_to(text: str, language: str) -> Reply:
    """What a turn of somebody who was asked amounts to."""
    plain = plain_of(text)
    lead = compiled(_LEADS[language]).match(plain.text)
    start = lead.end() if lead else 0
    hedge = _hedge_in(plain, language)
    agree = agreement_in(text, language)
    if agree and not (hedge and same_sentence(plain.text, hedge.start(), plain.folded_at(agree.start))):
        return agree
    refused = compiled(_NO[language]).match(plain.text, start)
    if refused:
        return _reply(Kind.NO, plain, refused.start(), refused.end())
    if hedge:
        return _reply(Kind.MAYBE, plain, hedge.start(), hedge.end())
    yes = _yes_at(plain, start, language)
    fine = compiled(_FINE[language]).match(plain.text, start)
    if compiled(r"[^.!?\n]*\?").match(plain.text, yes or (fine.end() if fine else start)):
        return _NOTHING
    if yes is not None:
        held_back = compiled(_BUT[language]).match(plain.text, yes)
        return _reply(Kind.MAYBE if held_back else Kind.YES, plain, start, held_back.end() if held_back else yes)
    return _reply(Kind.FINE, plain, start, fine.end()) if fine else _NOTHING


def same_sentence(text: str, one: int, other: int) -> bool:
    """Whether no sentence ends between two places of a folded text."""
    return compiled(SENTENCE_END).search(text[min(one, other) : max(one, other)]) is None


def _hedge_in(plain: Plain, language: str) -> re.Match[str] | None:
    """The first hedge; `sí puedo` is none, though it folds to `si puedo`."""
    for each in compiled(_HEDGES[language]).finditer(plain.text):
        first, last = plain.place(each.start(), each.end())
        if not plain.original[first:last].lower().startswith("sí"):
            return each
    return None


def _yes_at(plain: Plain, start: int, language: str) -> int | None:
    """Where a yes at a place ends. In Spanish an accent tells `sí` from `si`; without one, what follows does."""
    yes = compiled(_YES[language]).match(plain.text, start)
    if yes is None and language == "es":
        original = plain.original[plain.place(start, start + 1)[0] :].lower() if start < len(plain.text) else ""
        si = compiled(_SI).match(original)
        return start + 2 if si else None
    return yes.end() if yes else None


def agreement_in(text: str, language: str) -> Reply | None:
    """Where somebody agrees in so many words, "I accept": anywhere in a turn, and not denied."""
    plain = plain_of(text)
    for each in compiled(_AGREE[language]).finditer(plain.text):
        start, stop = plain.place(each.start(), each.end())
        if not denied(text, start, language):
            return Reply(Kind.YES, start, stop)
    return None


def _reply(kind: Kind, plain: Plain, start: int, stop: int) -> Reply:
    return Reply(kind, *plain.place(start, stop))
