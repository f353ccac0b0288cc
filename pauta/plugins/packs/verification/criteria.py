"""Criteria of verification: identity before account data, no card numbers and no one-time codes aloud.

What is listened for stands in `words` (by language: English, Spanish, Portuguese) and in `card_numbers`. Evidence
quotes the call as it is, and so it can hold what should not have been said; reasons never do. Redacting what is stored
is not the business of a criterion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from pauta import Call, CallBatch, Evidence, Finding, Findings, Question, Verdict
from pauta.plugins.packs.hearing import (
    AGENT,
    ALSO,
    CUSTOMER,
    Part,
    Places,
    at,
    evidence,
    evidence_of,
    has_words,
    in_order,
    judged,
    language_of,
    next_said,
    phrase,
    sentence_of,
    speaks,
    widened,
)
from pauta.plugins.packs.meant import denied
from pauta.plugins.packs.numerals import LANGUAGES, numerals_in
from pauta.plugins.packs.plain import compiled, plain_of, words_of
from pauta.plugins.packs.replies import Kind, reply_to
from pauta.plugins.packs.verification.card_numbers import CardNumber, Heard, card_numbers_in
from pauta.plugins.packs.verification.words import (
    ASKS_CODE,
    CARRIES,
    DETAILS,
    DISCLOSES,
    GIVES,
    NAMES_CODE,
    ONE_TIME,
    OTHER_CODE,
    REQUESTS,
    TYPED,
)

_LEAST: Final = 2
_CODE_DIGITS: Final = range(4, 9)
_CODE_NEAR: Final = 6
_SHORT: Final = 6


class IdentityFirst:
    """Whether the agent knows who is calling before telling anything about the account.

    Data told to the wrong person is a breach, whatever else goes well. The agent must ask for details (name, date of
    birth, account number, address or postcode, document, secret), the customer must answer, and only then may a
    balance, a payment or anything else of the account be told. Details that the customer gives unasked count as well.

        criterion: {verification.identity_first: {at_least: 2}}

        met             agent: "Your full name and date of birth?"    customer: "Ana Ruiz, 2 May 1980."
                        agent: "Your balance is 120 euros."
        not met         agent: "Your balance is 120 euros. And your date of birth?"     asked too late
        not met         agent: "Your name?"    customer: "I'd rather not."    agent: "You owe 120."   not answered
        not applicable  nothing of the account is told

    `at_least` counts different details, 2 where not given. Whether the answers were right cannot be heard. Account data
    is told by its words ("your balance is", "su factura vence", "consta na sua conta"): add your own with `discloses`.
    """

    name: ClassVar[str] = "verification.identity_first"
    purpose: ClassVar[str] = "Details of identity are asked for and given before the agent tells account data."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "at_least": {
                "type": "integer",
                "minimum": 1,
                "maximum": len(DETAILS),
                "description": "How many different details must be given; 2 where not given.",
            },
            "discloses": {**ALSO, "description": "More ways to tell account data, or a map of language to phrases."},
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        least = options.get("at_least", _LEAST)
        assert isinstance(least, int)
        self._least = least
        asks = [phrase(AGENT, DETAILS[detail]) for detail in DETAILS]
        gives = [phrase(CUSTOMER, GIVES[detail]) for detail in DETAILS]
        self._parts = [*asks, *gives, phrase(AGENT, widened(DISCLOSES, options.get("discloses")))]

    def parts(self) -> Sequence[Part]:
        """Details asked for, details given, and account data."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """Enough details must be given before the first account data."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        told = next((each for each in found[-1] if not _denied(call, each)), None)
        if told is None:
            return Finding(Verdict.NOT_APPLICABLE, "no account data is heard")
        given: dict[str, Evidence] = {}
        for n, detail in enumerate(DETAILS):
            asked = [each for each in found[n] if _requests(call, each)]
            places = [*(each for each in asked if _answered(call, each, told)), *found[n + len(DETAILS)]]
            before = [each for each in places if at(each) < at(told)]
            if before:
                given[detail] = before[0]
        evidence = in_order([*given.values(), told])
        if len(given) >= self._least:
            return Finding(Verdict.MET, f"{', '.join(given)} given before account data is told", evidence)
        heard = f"only {', '.join(given)}" if given else "nothing"
        reason = f"account data is told after {heard} is given; it takes {self._least} details"
        return Finding(Verdict.NOT_MET, reason, evidence)


class NoCardNumbers:
    """Whether the agent keeps from saying card numbers in full.

    A number read aloud is a number in the recording, and in the ear of whoever stands by. Searched are the digits that
    the agent says, as figures or in words ("four one one one", "cuarenta y uno once", "double four"), in one turn or
    over several with somebody else's "uh-huh" (or digits) between. What counts are 13 to 19 digits that look like the
    number of a card scheme and pass Luhn's check.

        criterion: verification.no_card_numbers

        met        "The card ending in 1111, is that right?"
        met        "Your reference is 4000 1234 5678 9010."                        does not pass the check
        not met    "So that is 4111 1111 1111 1111."
        not met    "four one one one, one one one one" / "uh-huh" / "one one one one, one one one one"

    `speaker: customer` or `anybody` looks for numbers that customers say, for recordings that must be cut. One in ten
    other numbers of the right length and beginning passes by chance. Not heard: a number with a digit misheard, read
    in another order, or with more than four words said in between. Words for digits are known in English, Spanish and
    Portuguese; a call in another language is unverified unless a number in figures is found.

    The reason gives the last four digits only. The evidence quotes the call, and so the number: take care whom you
    show it.
    """

    name: ClassVar[str] = "verification.no_card_numbers"
    purpose: ClassVar[str] = "No full card number is said aloud: figures and number words, checked by Luhn."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "speaker": {
                "enum": [AGENT, CUSTOMER, "anybody"],
                "description": "Whose words are searched; the agent's where not given.",
            }
        },
    }
    needs: ClassVar[tuple[str, ...]] = ("turns",)

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        speaker = str(options.get("speaker", AGENT))
        self._speakers = (AGENT, CUSTOMER, "other") if speaker == "anybody" else (speaker,)

    def answer(self, call: Call) -> Finding:
        """Search one call."""
        if not any(has_words(turn.text) for turn in call.turns):
            return Finding(Verdict.UNVERIFIED, "the call has no words")
        if not any(speaks(call, speaker) for speaker in self._speakers):
            return Finding(Verdict.NOT_APPLICABLE, f"the {self._speakers[0]} says nothing in the call")
        language = language_of(call)
        cards = list(self._cards(call, [language] if language else LANGUAGES))
        if cards:
            told = [f"{card.scheme}, {len(card.digits)} digits, ends in {card.digits[-4:]}" for card in cards]
            reason = f"a full card number is said ({'; '.join(dict.fromkeys(told))})"
            places = [evidence(call, *place) for card in cards for place in card.places]
            return Finding(Verdict.NOT_MET, reason, in_order(places))
        if language is None and call.language:
            known = ", ".join(LANGUAGES)
            return Finding(Verdict.UNVERIFIED, f"no number in figures, and number words are known only in {known}")
        return Finding(Verdict.MET, "no full card number is said")

    def _cards(self, call: Call, languages: Sequence[str]) -> Iterator[CardNumber]:
        turns = [Heard(n, turn.speaker, turn.text) for n, turn in enumerate(call.turns)]
        seen: set[tuple[tuple[int, int, int], ...]] = set()
        for speaker in self._speakers:
            for language in languages:
                for card in card_numbers_in(turns, speaker, language):
                    if card.places not in seen:
                        seen.add(card.places)
                        yield card


class NoCodes:
    """Whether the agent keeps from asking for one-time codes, and from reading them out.

    Whoever asks for the code that came by text asks for the key. Banks tell their customers that they never do, and an
    agent who does it once has taught the customer to fall for the next caller.

        criterion: verification.no_codes

        met      "We will never ask you for the code."       denied
        met      "Please type the code into the app."        typed by the customer, said to nobody
        met      "What is your post code?"                   another kind of code
        not met  "Can you read me the code we sent you?"
        not met  "Your verification code is four eight two nine one three."

    An agent's code that follows within a few words of "code" counts as read out where it has 4 to 8 digits and is
    called a one-time code ("verification", "we sent you"), there or in an earlier turn of the agent's. Not heard: a
    code that is asked for without the word ("and the six digits?"), and a code that the customer reads out unasked.
    """

    name: ClassVar[str] = "verification.no_codes"
    purpose: ClassVar[str] = "The agent neither asks for a one-time code nor reads one out."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "asks": {**ALSO, "description": "More ways to ask for a code, or a map of language to phrases."},
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        self._parts = [phrase(AGENT, widened(ASKS_CODE, options.get("asks"))), phrase(AGENT, NAMES_CODE)]

    def parts(self) -> Sequence[Part]:
        """Requests for a code, and codes named."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """Neither a request nor a code may be heard."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        if not speaks(call, AGENT):
            return Finding(Verdict.NOT_APPLICABLE, "the agent says nothing in the call")
        asked = [each for each in found[0] if _asks_for_code(call, each)]
        named = [each for each in found[1] if not _other_code(call, each)]
        read = [place for each in named if (place := _code_read(call, each, named)) is not None]
        if asked or read:
            done = [what for what, places in (("asked for", asked), ("read out", read)) if places]
            return Finding(Verdict.NOT_MET, f"a one-time code is {' and '.join(done)}", in_order([*asked, *read]))
        return Finding(Verdict.MET, "no one-time code is asked for or read out")


def _denied(call: Call, place: Evidence) -> bool:
    turn, start = at(place)
    return denied(call.turns[turn].text, start, language_of(call) or "", CARRIES)


def _requests(call: Call, place: Evidence) -> bool:
    """Whether the naming of a detail asks for it: by its sentence, or because there is nothing else in it."""
    sentence = sentence_of(call, place)
    requests = REQUESTS.get(language_of(call) or "")
    return requests is None or len(words_of(sentence)) <= _SHORT or compiled(requests).search(sentence) is not None


def _answered(call: Call, place: Evidence, told: Evidence) -> bool:
    """Whether the customer answers before something is told, and does not refuse."""
    turn, language = next_said(call, CUSTOMER, at(place)[0]), language_of(call)
    if turn is None or turn > at(told)[0]:
        return False
    return language is None or reply_to(call.turns[turn].text, language).kind is not Kind.NO


def _asks_for_code(call: Call, place: Evidence) -> bool:
    """Whether a one-time code is asked for: not denied, of another kind, or to be typed somewhere."""
    typed = compiled(TYPED).search(sentence_of(call, place))
    return not (typed or _other_code(call, place) or _denied(call, place))


def _other_code(call: Call, place: Evidence) -> bool:
    """Whether a code is a post code, a promotional code, a code on a product: told by the word that goes with it."""
    language = language_of(call) or ""
    other = OTHER_CODE.get(language)
    if other is None:
        return False
    text = call.turns[at(place)[0]].text
    quote = plain_of(place.quote or "").text
    if language == "en":
        before = plain_of(text[: place.start]).text + quote
        return compiled(rf"\b{other}[ -]?(?:code|passcode)s?$").search(before) is not None
    after = plain_of(text[place.stop or 0 :]).text
    return compiled(rf"\s*{other}\b").match(after) is not None


def _code_read(call: Call, place: Evidence, named: Places) -> Evidence | None:
    """The digits of a one-time code that the agent reads out behind its name."""
    language = language_of(call)
    turn, _ = at(place)
    plain = plain_of(call.turns[turn].text)
    if language is None or not _one_time(call, place, named, language):
        return None
    begin = plain.folded_at(place.stop or 0)
    behind = [each for each in numerals_in(plain, language) if each.start >= begin]
    if not behind or len(words_of(plain.text[begin : behind[0].start])) > _CODE_NEAR:
        return None
    run = [behind[0]]
    for each in behind[1:]:
        if plain.text[run[-1].stop : each.start].strip(" ,-."):
            break
        run.append(each)
    if sum(len(each.digits) for each in run) not in _CODE_DIGITS:
        return None
    return evidence_of(call, turn, plain, run[0].start, run[-1].stop)


def _one_time(call: Call, place: Evidence, named: Places, language: str) -> bool:
    """Whether a code is called one for one time, where it is named or in an earlier turn that names one."""
    turns = {at(each)[0] for each in named if at(each)[0] <= at(place)[0]}
    return any(compiled(ONE_TIME[language]).search(plain_of(call.turns[turn].text).text) for turn in turns)
