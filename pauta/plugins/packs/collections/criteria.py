"""Criteria of collection calls: who calls and for whom, and no threats. The promise to pay has its own page, `promise`.

What each listens for stands in `words`, by language: English, Spanish, Portuguese. A call in another language (or in
none that the record names) is unverified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from pauta import Call, CallBatch, Evidence, Finding, Findings, Question, Verdict
from pauta.plugins.packs.collections.words import ADVISES, ASKS_LEAVE, FOR_WHOM, OTHERS, TELLS, THREATS, WHO
from pauta.plugins.packs.hearing import (
    AGENT,
    ALSO,
    Part,
    Places,
    at,
    evidence,
    in_order,
    judged,
    language_of,
    phrase,
    speaks,
    widened,
)
from pauta.plugins.packs.meant import denied, reported, sentence_before
from pauta.plugins.packs.plain import compiled, plain_of

_WITHIN: Final = "6 turns"
_OF_THE_CARD: Final = "of this card"


class WhoCalls:
    """Whether the agent says who is calling, and for whom.

    The law of most countries asks a collector to say both at once, and a customer who does not know who is asking has
    no reason to confirm a date of birth. Both must be said by the agent within the first turns.

        criterion: {collections.who_calls: {company: [Norvela]}}

        met        "Good morning, this is Ann Low calling from Norvela."
        not met    "Is that Mr Low? It's about your bill."              neither is said
        not met    "Hello, Norvela here."                               for whom, but not who

    `company` names the company as agents say it. Without it, "calling from ...", "de parte de ...", "em nome de ..."
    will do, and then a bare "Norvela, good morning" is not heard. Names cannot be checked: "this is somebody calling
    from" counts.
    """

    name: ClassVar[str] = "collections.who_calls"
    purpose: ClassVar[str] = "The agent says who is calling and for whom, at the start of a collection call."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "company": {**ALSO, "description": "The company as agents name it, instead of ways to name any."},
            "also": {**ALSO, "description": "More ways in which agents say who they are."},
            "within": {
                "type": "string",
                "pattern": r"^[1-9][0-9]* turns?$",
                "patternErrorMessage": "it is written 6 turns",
                "description": "How soon, counted over all speakers; 6 turns where not given.",
            },
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        window = {"first": str(options.get("within", _WITHIN))}
        company = options.get("company", FOR_WHOM)
        assert isinstance(company, Mapping | Sequence)
        self._parts = [phrase(AGENT, widened(WHO, options.get("also")), window), phrase(AGENT, company, window)]

    def parts(self) -> Sequence[Part]:
        """Who, and for whom."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """Both must be said."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        who, whom = found
        places = in_order([*who[:1], *whom[:1]])
        if who and whom:
            return Finding(Verdict.MET, "the agent says who is calling and for whom", places)
        said = "for whom the call is made, but not who is calling" if whom else "who is calling, but not for whom"
        reason = f"the agent says {said}" if places else "the agent says neither who is calling nor for whom"
        return Finding(Verdict.NOT_MET, reason, places)


class NoThreats:
    """Whether the agent keeps from threats.

    Threats are unlawful nearly everywhere, and they do not make people pay. Listened for are threats with the law
    (`legal`: court, seizure, jail), with the `employer`, with the `family` and neighbours, `shame`, and `force`
    (somebody will come round). Only what the agent says counts, and only where it is meant.

        criterion: collections.no_threats

        met        "We will not take legal action while you pay."       denied: not counted
        met        "Who told you that we would call your employer?"     somebody else's words: not counted
        met        "Could I call your husband about it?"                asks for leave: not counted
        met        "You could tell your employer to pay it directly."   advice: not counted
        not met    "If you do not pay we will take you to court."
        not met    "Maybe your boss would like to know."

    Not heard: threats without such words ("you know what happens next"), in irony or in tone; and a promise that holds
    only under a condition ("if you pay, we won't call your wife") passes as denied. Heard although it may be lawful: a
    true word on what the contract foresees ("to avoid legal action"). So a miss is worth a second pair of ears: give
    the question `confirm: true` where people evaluate.
    """

    name: ClassVar[str] = "collections.no_threats"
    purpose: ClassVar[str] = "The agent threatens neither with the law nor with employer, family, shame or visits."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "kinds": {
                "type": "array",
                "items": {"enum": list(THREATS)},
                "minItems": 1,
                "uniqueItems": True,
                "description": "Which kinds of threats; all where not given.",
            },
            "also": {**ALSO, "description": "More phrases that are threats, or a map of language to phrases."},
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        kinds = options.get("kinds", list(THREATS))
        assert isinstance(kinds, Sequence)
        self._kinds = [str(kind) for kind in kinds]
        self._others = [kind for kind in self._kinds if kind in OTHERS]
        self._parts = [phrase(AGENT, THREATS[kind]) for kind in self._kinds]
        self._parts += [phrase(AGENT, OTHERS[kind]) for kind in self._others]
        if "also" in options:
            self._parts.append(phrase(AGENT, widened(THREATS[self._kinds[0]], options["also"])))

    def parts(self) -> Sequence[Part]:
        """The kinds of threats."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """No place of any kind may be meant."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        if not speaks(call, AGENT):
            return Finding(Verdict.NOT_APPLICABLE, "the agent says nothing in the call")
        heard = dict(zip(self._kinds, found))
        for kind, others in zip(self._others, found[len(self._kinds) :]):
            told = [place for each in others if (place := _told(call, each)) is not None]
            heard[kind] = [*heard[kind], *told]
        if len(found) > len(self._kinds) + len(self._others):
            heard[_OF_THE_CARD] = [each for each in found[-1] if each not in found[0]]
        meant = {
            kind: [each for each in places if is_meant(call, each, advice=kind in OTHERS)]
            for kind, places in heard.items()
        }
        kinds = [kind for kind in meant if meant[kind]]
        if kinds:
            places = in_order(each for kind in kinds for each in meant[kind])
            return Finding(Verdict.NOT_MET, f"it sounds like a threat ({', '.join(kinds)})", places)
        passed = sum(map(len, heard.values()))
        beside = f"; {passed} {'place does' if passed == 1 else 'places do'} not count as meant" if passed else ""
        return Finding(Verdict.MET, f"no threat is heard{beside}")


def _told(call: Call, others: Evidence) -> Evidence | None:
    """A threat to tell others: from the word for telling on; None where there is none before them."""
    turn, start = at(others)
    tells = TELLS.get(language_of(call) or "")
    plain = plain_of(call.turns[turn].text)
    found = compiled(tells).search(plain.text[: plain.folded_at(start)]) if tells else None
    return evidence(call, turn, plain.place(found.start(), found.end())[0], others.stop or 0) if found else None


def is_meant(call: Call, place: Evidence, *, advice: bool) -> bool:
    """Whether the agent means what a place says: does not deny it, repeat it of others, or ask for leave to do it.

    advice: whether it can also be advice to the customer ("you could tell your employer").
    """
    language = language_of(call) or ""
    if place.turn is None or place.start is None:
        return True
    text = call.turns[place.turn].text
    if denied(text, place.start, language) or reported(text, place.start, language):
        return False
    return not _asks_leave(text, place, language) and not (advice and _advises(text, place, language))


def _asks_leave(text: str, place: Evidence, language: str) -> bool:
    leave = ASKS_LEAVE.get(language)
    if leave is None or not compiled(leave).search(sentence_before(text, place.start or 0)):
        return False
    end = compiled(r"[.?!\n]").search(text, place.stop or 0)
    return language == "en" or (end is not None and end[0] == "?")


def _advises(text: str, place: Evidence, language: str) -> bool:
    advises = ADVISES.get(language)
    if advises is None or compiled(r"(?:your|su|tu|seu|sua)\b").match((place.quote or "").lower()):
        return False
    return compiled(advises).search(sentence_before(text, place.start or 0).lstrip()) is not None
