"""Whether words that were found are meant by whoever says them: "we will not take you to court" is no threat.

    denied(turn, start, language)      a negation reaches the words: "we will never ask you for the code"
    reported(turn, start, language)    somebody else's words are repeated: "who told you that we would call your boss?"

A negation reaches words when only words that carry it on stand between: "not [going to] ...", "no [le vamos a] ...". So
"if you do not pay we will ..." and "we have no choice but to ..." deny nothing. "No, ..." at the start is an answer and
denies nothing, and neither does "si no" / "senão". Told by a few words, so it can be fooled: "it is not as if we would
call your family" counts as said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from pauta.plugins.packs.plain import compiled, plain_of, word_set, words_of

_NEGATORS: Final[Mapping[str, frozenset[str]]] = {
    "en": word_set(
        "not never dont doesnt didnt wont wouldnt cant cannot couldnt isnt arent wasnt shouldnt mustnt without nor"
    ),
    "es": word_set("no nunca jamas tampoco sin"),
    "pt": word_set("nao nunca jamais tampouco sem nem"),
}
_CARRIES: Final[Mapping[str, frozenset[str]]] = {
    "en": word_set(
        "be being been going to gonna ever here about allowed able trying looking planning intending intend need "
        "have having at all the any a an just simply you me us let will would under circumstances"
    ),
    "es": word_set(
        "le les lo la los las se te nos me voy va vamos van vaya a ha he hemos han debe deben deba puedo puede "
        "podemos pueden estamos estoy es para por quiero pretendo necesita necesito tiene tenemos que de el un una "
        "su"
    ),
    "pt": word_set(
        "lhe lhes o a os as se te nos me vou vai vamos vao iremos ira ha deve devem posso pode podemos podem estamos "
        "estou e para por quero pretendo precisa preciso tem temos que de um uma seu sua"
    ),
}
_NOBODY: Final[Mapping[str, str]] = {
    "en": r"\b(?:no ?body|no one|none of (?:us|them|our \w+)|nothing|under no circumstances?)\b[^,]{0,60}$",
    "es": r"\b(?:nadie|ninguno|ninguna?|ningun \w+|bajo ninguna circunstancia)\b[^,]{0,60}$",
    "pt": r"\b(?:ninguem|nenhum(?:a)?|em hipotese alguma|de forma alguma)\b[^,]{0,60}$",
}
_AN_ANSWER: Final = frozenset({"no", "nao"})
_IF: Final = frozenset({"if", "si", "se"})
_REPORTED: Final[Mapping[str, str]] = {
    "en": r"\b(?:you|they|he|she|some(?:body|one)|any(?:body|one)|who|agent|colleague|it)\b[^.?!]{0,20}"
    r"\b(?:said|say|says|told|tell|mention\w*|heard|worr\w+|afraid|threaten\w*|claim\w*|wrote|read)\b",
    "es": r"\b(?:usted|le|les|te|alguien|quien|otro|compan\w+|ellos|ella|el)\b[^.?!]{0,24}"
    r"\b(?:dijo|dijeron|dijiste|diga|digan|comento|comentaron|amenazo|amenazaron|menciono|pregunto|contaron|escucho"
    r"|leyo|preocupa\w*|teme)\b",
    "pt": r"\b(?:voce|senhor|senhora|lhe|te|alguem|quem|outro|colega|eles|ela|ele)\b[^.?!]{0,24}"
    r"\b(?:disse|disseram|falou|falaram|diga|digam|ameacou|ameacaram|mencionou|perguntou|contaram|ouviu|leu"
    r"|preocupa\w*|teme)\b",
}
_UPHELD: Final = r"\b(?:as|como|conforme|segun)\b"
SENTENCE_END: Final = r"(?:[.?!;:…](?=\s|$)|\n)"
_REACH: Final = 8


def sentence_before(text: str, start: int) -> str:
    """What a turn says before a place, folded, from the beginning of that sentence on."""
    before = plain_of(text[:start]).text
    ends = [each.end() for each in compiled(SENTENCE_END).finditer(before)]
    return before[ends[-1] :] if ends else before


def denied(text: str, start: int, language: str, carries: Collection[str] = ()) -> bool:
    """Whether a negation reaches the words that start at a place. `carries`: more words that a negation passes over."""
    if language not in _NEGATORS:
        return False
    before = sentence_before(text, start)
    if compiled(_NOBODY[language]).search(before):
        return True
    words = words_of(before)[-_REACH - 2 :]
    carried = _CARRIES[language]
    for n in range(len(words) - 1, max(-1, len(words) - 1 - _REACH), -1):
        word = words[n]
        if word in _NEGATORS[language] and not (word in ("no", "nao", "nem") and n and words[n - 1] in _IF):
            return not (word in _AN_ANSWER and words[n + 1 : n + 2] == [","])
        if word != "," and word not in carried and word not in carries:
            return False
    return False


def reported(text: str, start: int, language: str) -> bool:
    """Whether the words that start at a place are somebody else's, repeated; not where the speaker stands by them."""
    if language not in _REPORTED:
        return False
    before = sentence_before(text, start)
    said = compiled(_REPORTED[language]).search(before)
    return said is not None and not compiled(_UPHELD).search(before[: said.start()])
