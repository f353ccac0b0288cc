"""Criteria of sales calls: needs before the offer, terms before consent, consent in the customer's own words.

What each listens for stands in `words`, by language: English, Spanish, Portuguese. A call in another language (or in
none that the record names) is unverified.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

from pauta import Call, CallBatch, Evidence, Finding, Findings, Question, Verdict
from pauta.plugins.packs.amounts import amounts_in
from pauta.plugins.packs.hearing import (
    AGENT,
    ALSO,
    CUSTOMER,
    Part,
    Places,
    at,
    evidence,
    evidence_of,
    in_order,
    judged,
    language_of,
    next_said,
    phrase,
    sentence_of,
    widened,
)
from pauta.plugins.packs.meant import denied
from pauta.plugins.packs.plain import compiled, plain_of
from pauta.plugins.packs.replies import Kind, Reply, agreement_in, reply_to
from pauta.plugins.packs.sales.words import ASKS_CONSENT, NEEDS, NOT_TO_THE_SALE, OFFERS, PRODUCTS, TAKES_BACK, TERMS

PRICE: Final = "price"
_ASKS: Final = "More ways to ask for consent, or a map of language to phrases."
_TOPICS: Final = (PRICE, "duration")


class NeedsBeforeOffer:
    """Whether the agent asks what the customer needs before offering anything.

    An offer that nobody asked about fits nobody. A question about needs must come first, and the customer must have
    had a turn to answer it before the first offer.

        criterion: sales.needs_before_offer

        met             agent: "How many people use it?"    customer: "Four."
                        agent: "Then I'd recommend our Family plan."
        not met         agent: "Our Sport package is now 19 euros. What do you like to watch?"    offered first
        not met         agent: "What do you need? I recommend our Max plan."    asked and offered in one breath
        not applicable  nothing is offered

    An offer is told by its words ("I'd recommend", "nuestro plan", "tenho uma oferta") or by a plan and a price in one
    turn. One made otherwise ("it's yours for 20") is not heard: add such phrases with `offers`. Whether the offer fits
    the answer is for a person.
    """

    name: ClassVar[str] = "sales.needs_before_offer"
    purpose: ClassVar[str] = "The agent asks what the customer needs, and hears the answer, before the first offer."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "needs": {**ALSO, "description": "More ways to ask for needs, or a map of language to phrases."},
            "offers": {**ALSO, "description": "More ways to offer, or a map of language to phrases."},
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        self._parts = [
            phrase(AGENT, widened(NEEDS, options.get("needs"))),
            phrase(AGENT, widened(OFFERS, options.get("offers"))),
        ]

    def parts(self) -> Sequence[Part]:
        """Questions about needs, and offers."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """The first offer must come after a need was asked for and answered."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        needs, offers = found
        meant = in_order([*(each for each in offers if not _denied(call, each)), *_priced(call)])
        offer = meant[0] if meant else None
        if offer is None:
            return Finding(Verdict.NOT_APPLICABLE, "nothing is offered")
        answer = {each: next_said(call, CUSTOMER, at(each)[0]) for each in needs}
        answered = [each for each, turn in answer.items() if turn is not None and turn < at(offer)[0]]
        if answered:
            return Finding(Verdict.MET, "needs are asked for before the first offer", (answered[0], offer))
        if any(at(each) < at(offer) for each in needs):
            reason = "the offer does not wait for the customer's answer"
        else:
            late = "needs are asked for only afterwards" if needs else "no need is asked for"
            reason = f"something is offered, and {late}"
        return Finding(Verdict.NOT_MET, reason, in_order([offer, *needs[:1]]))


class ConsentRecorded:
    """Whether the customer says yes, in so many words, right after the question for consent.

    A sale stands on the customer's own words. The agent must ask for consent, and the next thing the customer says must
    be an explicit yes.

        criterion: sales.consent_recorded

        met      agent: "Do you agree to these terms?"    customer: "Yes, I agree."
        not met  agent: "¿Acepta el plan?"    customer: "Bueno..."           goes along without a yes
        not met  agent: "Aceita o plano?"    customer: "Sim, mas só depois." holds back
        not met  agent: "So that's booked."                                  nobody asked

    Consent to something else (a recording, a survey) does not count, and neither does one that the customer takes back
    later ("I changed my mind"). A yes that answers two questions at once counts for both. A signature is for a
    `condition`: put both under `any_of`.
    """

    name: ClassVar[str] = "sales.consent_recorded"
    purpose: ClassVar[str] = "The customer says an explicit yes right after the agent asks for consent."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"asks": {**ALSO, "description": _ASKS}},
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        self._parts = [
            phrase(AGENT, widened(ASKS_CONSENT, options.get("asks"))),
            phrase(CUSTOMER, widened(TAKES_BACK, None)),
        ]

    def parts(self) -> Sequence[Part]:
        """Questions for consent, and words that take it back."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """A question for consent must be answered with a yes that stands."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        asked, back = found
        consents = list(consents_in(call, asked))
        given = [each for each in consents if each.reply.kind is Kind.YES]
        if not given:
            if not consents:
                return Finding(Verdict.NOT_MET, "the customer is not asked for consent")
            last = consents[-1]
            reason = f"the customer does not say yes, but {_SAID[last.reply.kind]}"
            return Finding(Verdict.NOT_MET, reason, last.places(call))
        last = given[-1]
        taken = [each for each in back if at(each)[0] > last.turn]
        if taken:
            return Finding(Verdict.NOT_MET, "the customer takes the consent back", (*last.places(call), taken[-1]))
        return Finding(Verdict.MET, "the customer says yes to the question for consent", last.places(call))


class TermsBeforeConsent:
    """Whether the terms are read before the customer agrees.

    Consent to terms that come afterwards is none. What the terms must be about is said by `topics`: `price`,
    `duration`, `withdrawal` (the right to change one's mind), `conditions` (terms and conditions by name).

        criterion: {sales.terms_before_consent: {topics: [price, duration, withdrawal]}}

        met             agent: "45 euros a month, twelve month contract. Do you agree?"    customer: "Yes."
        not met         agent: "Do you say yes?"    customer: "Yes, I agree."
                        agent: "It's a 24 month contract, by the way."
        not applicable  the customer agrees to nothing

    Consent is the last question for it that is answered with yes or okay; where there is none, the last "I agree" of
    the customer's. Without `topics` price and duration must be said. Whether what is said is true is for a person.
    """

    name: ClassVar[str] = "sales.terms_before_consent"
    purpose: ClassVar[str] = "Price, duration and whatever else the card names are said before the customer agrees."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "topics": {
                "type": "array",
                "items": {"enum": [PRICE, *TERMS]},
                "minItems": 1,
                "uniqueItems": True,
                "description": "What the terms must be about; price and duration where not given.",
            },
            "asks": {**ALSO, "description": _ASKS},
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        topics = options.get("topics", _TOPICS)
        assert isinstance(topics, Sequence)
        self._topics = [str(topic) for topic in topics]
        self._spoken = [topic for topic in self._topics if topic != PRICE]
        asks = phrase(AGENT, widened(ASKS_CONSENT, options.get("asks")))
        self._parts = [asks, *(phrase(AGENT, TERMS[topic]) for topic in self._spoken)]

    def parts(self) -> Sequence[Part]:
        """Questions for consent, and each topic but the price."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """Every topic must be spoken of before the consent."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        asked, *spoken = found
        consent = _consent(call, asked)
        if consent is None:
            return Finding(Verdict.NOT_APPLICABLE, "the customer agrees to nothing")
        places = dict(zip(self._spoken, spoken))
        if PRICE in self._topics:
            places[PRICE] = list(_prices(call))
        before = {topic: [each for each in places[topic] if at(each) < at(consent)] for topic in self._topics}
        read = in_order([*(each[-1] for each in before.values() if each), consent])
        late = [topic for topic in self._topics if not before[topic] and places[topic]]
        unsaid = [topic for topic in self._topics if not places[topic]]
        if not late and not unsaid:
            return Finding(Verdict.MET, f"said before the customer agrees: {', '.join(self._topics)}", read)
        told = [f"not said: {', '.join(unsaid)}"] if unsaid else []
        told += [f"said only after the customer agrees: {', '.join(late)}"] if late else []
        return Finding(Verdict.NOT_MET, "; ".join(told), in_order([*read, *(places[topic][0] for topic in late)]))


class Consent(NamedTuple):
    """A question for consent, and what the customer answers in a turn."""

    asked: Evidence
    turn: int
    reply: Reply

    def places(self, call: Call) -> tuple[Evidence, ...]:
        """The question, and the words that answer it."""
        if self.reply.stop > self.reply.start:
            return self.asked, evidence(call, self.turn, self.reply.start, self.reply.stop)
        return (self.asked,)


def consents_in(call: Call, asked: Places) -> Iterator[Consent]:
    """Every question for consent to the sale, with the customer's next turn."""
    language = language_of(call)
    for each in asked:
        turn = next_said(call, CUSTOMER, at(each)[0])
        elsewhere = NOT_TO_THE_SALE.get(language or "")
        if turn is None or (elsewhere and compiled(elsewhere).search(sentence_of(call, each))):
            continue
        yield Consent(each, turn, reply_to(call.turns[turn].text, language) if language else Reply(Kind.OTHER))


_SAID: Final[Mapping[Kind, str]] = {
    Kind.FINE: "goes along without a yes",
    Kind.MAYBE: "holds back",
    Kind.NO: "refuses",
    Kind.OTHER: "says something else",
}


def _consent(call: Call, asked: Places) -> Evidence | None:
    """Where the customer agrees: to the last question for consent, else on his own."""
    agreed = [each for each in consents_in(call, asked) if each.reply.kind in (Kind.YES, Kind.FINE)]
    if agreed:
        return agreed[-1].places(call)[-1]
    language = language_of(call)
    own = [
        evidence(call, n, reply.start, reply.stop)
        for n, turn in enumerate(call.turns)
        if turn.speaker == CUSTOMER and language and (reply := agreement_in(turn.text, language)) is not None
    ]
    return own[-1] if own else None


def _prices(call: Call) -> Iterator[Evidence]:
    """The amounts that the agent says."""
    language = language_of(call)
    for n, turn in enumerate(call.turns):
        if turn.speaker == AGENT and language:
            plain = plain_of(turn.text)
            for each in amounts_in(plain, language):
                if each.value is not None:
                    yield evidence_of(call, n, plain, each.start, each.stop)


def _priced(call: Call) -> Iterator[Evidence]:
    """Products that the agent names in one turn with an amount."""
    language = language_of(call)
    priced = {at(each)[0] for each in _prices(call)}
    for n in sorted(priced):
        plain = plain_of(call.turns[n].text)
        for each in compiled(PRODUCTS[language or ""]).finditer(plain.text):
            yield evidence_of(call, n, plain, each.start(), each.end())


def _denied(call: Call, place: Evidence) -> bool:
    turn, start = at(place)
    return denied(call.turns[turn].text, start, language_of(call) or "")
