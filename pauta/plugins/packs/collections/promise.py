"""`collections.promise_to_pay`: a promise with an amount and a day, made by the customer.

A promise without an amount, or without a day, is kept by nobody and can be followed up by nobody. Both must be said in
one exchange, and the customer must bind himself: the agent proposes and the customer agrees, or the customer says it.

    criterion: collections.promise_to_pay

    met        customer: "I'll pay 120 euros on Friday."
    met        agent: "Can you pay the 120 dollars?"    customer: "Yes, on the 15th."
    met        agent: "Serían 150 euros el viernes. ¿De acuerdo?"    customer: "De acuerdo."
    not met    customer: "I'll do it soon."                          no amount, no day
    not met    agent: "R$ 80 na sexta?"    customer: "Vou tentar."   hedged: "I'll try" promises nothing
    not met    agent: "You owe 120 since Friday. Is this Mr Low?"    customer: "Yes."    no payment is spoken of

An exchange is the reply that binds and the turns before it, 4 in all where `exchange` says nothing else; a refusal
begins a new one. Amounts are figures beside a currency, number words before its name, and figures behind "pay"; "the
whole of it" is one where an amount was said before. Days are weekdays, days of the month, dates, and days counted from
today; "soon" is none, and days that are called past ("since the 3rd") are none. Whether amount and day are the ones
agreed on, and whether the promise is taken back later in the call, is not told: both are for a person to hear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

from pauta import Call, Evidence, Finding, Question, Verdict
from pauta.plugins.packs.amounts import Amount, amounts_in
from pauta.plugins.packs.collections.words import COMMITS, OWED, PAID, PROPOSES
from pauta.plugins.packs.days import Day, days_in
from pauta.plugins.packs.hearing import AGENT, CUSTOMER, evidence, evidence_of, in_order, language_of, unheard
from pauta.plugins.packs.meant import denied
from pauta.plugins.packs.plain import Plain, compiled, plain_of
from pauta.plugins.packs.replies import Kind, Reply, reply_to

_EXCHANGE: Final = 4
_SENTENCE: Final = r"[^.?!\n]+(?:[.?!](?!\s|$)[^.?!\n]*)*[.?!]?"


class _Said(NamedTuple):
    """One turn of agent or customer, read. `speaks_of_paying`: of a payment still to come."""

    turn: int
    speaker: str
    plain: Plain
    amounts: Sequence[Amount]
    days: Sequence[Day]
    speaks_of_paying: bool
    commits: tuple[int, int] | None
    reply: Reply


class PromiseToPay:
    """Looks for a promise with an amount and a day that the customer makes or agrees to."""

    name: ClassVar[str] = "collections.promise_to_pay"
    purpose: ClassVar[str] = "The customer promises an amount and a day, in words or by agreeing to the agent's."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "exchange": {
                "type": "integer",
                "minimum": 2,
                "maximum": 20,
                "description": "How many turns of agent and customer an exchange has; 4 where not given.",
            },
            "currencies": {
                "type": "array",
                "items": {"type": "string", "minLength": 2, "pattern": r"^[^\W\d_]+$"},
                "minItems": 1,
                "description": "More names of currencies, as people say them: [dirhams, rupees].",
            },
        },
    }
    needs: ClassVar[tuple[str, ...]] = ("turns", "language")

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        exchange = options.get("exchange", _EXCHANGE)
        currencies = options.get("currencies", ())
        assert isinstance(exchange, int)
        assert isinstance(currencies, Sequence)
        self._exchange = exchange
        self._currencies = tuple(str(each) for each in currencies)

    def answer(self, call: Call) -> Finding:
        """Look through one call."""
        language = language_of(call)
        doubt = unheard(call)
        if doubt is not None or language is None:
            return doubt or Finding(Verdict.UNVERIFIED, "the call does not say its language")
        said = [
            self._read(n, turn.speaker, turn.text, language)
            for n, turn in enumerate(call.turns)
            if turn.speaker in (AGENT, CUSTOMER)
        ]
        found: list[Finding] = []
        begin, known = 0, False
        for n, each in enumerate(said):
            if each.speaker == CUSTOMER and _refuses(each):
                begin = n + 1
            elif each.speaker == CUSTOMER:
                exchange = said[max(begin, n - self._exchange + 1) : n + 1]
                found += filter(None, [_judge(call, exchange, known)])
            known = known or any(amount.value is not None for amount in each.amounts)
        met = [each for each in found if each.verdict is Verdict.MET]
        figures = [each for each in met if any(compiled(r"\d").search(place.quote or "") for place in each.evidence)]
        nothing = Finding(Verdict.NOT_MET, "no promise to pay is heard")
        return next(iter([*figures, *met]), found[-1] if found else nothing)

    def _read(self, turn: int, speaker: str, text: str, language: str) -> _Said:
        plain = plain_of(text)
        commits = _commitment(text, plain, language) if speaker == CUSTOMER else None
        return _Said(
            turn,
            speaker,
            plain,
            amounts_in(plain, language, self._currencies),
            days_in(plain, language),
            commits is not None or (speaker == AGENT and _proposes(plain, language)),
            commits,
            reply_to(text, language) if speaker == CUSTOMER else Reply(Kind.OTHER),
        )


def _commitment(text: str, plain: Plain, language: str) -> tuple[int, int] | None:
    for each in compiled(COMMITS[language]).finditer(plain.text):
        if not denied(text, plain.place(each.start(), each.end())[0], language):
            return each.start(), each.end()
    return None


def _proposes(plain: Plain, language: str) -> bool:
    """Whether an agent speaks of a payment to come, in a sentence that is not about one that was made."""
    for each in compiled(_SENTENCE).findall(plain.text):
        if compiled(PAID[language]).search(each):
            continue
        if compiled(PROPOSES[language]).search(each):
            return True
        sentence = Plain(each, each)
        both = bool(amounts_in(sentence, language)) and bool(days_in(sentence, language))
        if both and not compiled(OWED[language]).search(each):
            return True
    return False


def _refuses(each: _Said) -> bool:
    return each.reply.kind is Kind.NO and each.commits is None


def _judge(call: Call, exchange: Sequence[_Said], known: bool) -> Finding | None:
    """What an exchange amounts to that ends with words of the customer's; None where nothing is promised in it.

    known: whether an amount was said before the exchange, so that "all of it" means one.
    """
    last = exchange[-1]
    hedged = last.reply.kind is Kind.MAYBE
    if not any(each.speaks_of_paying for each in exchange) or not (hedged or _binds(exchange)):
        return None
    known = known or any(amount.value is not None for each in exchange for amount in each.amounts)
    amounts = [[one for one in each.amounts if known or one.value is not None] for each in exchange]
    amount = _latest(call, exchange, amounts)
    day = _latest(call, exchange, [each.days for each in exchange])
    places = in_order(place for place in (amount, day, _word(call, last)) if place is not None)
    missing = " and ".join(name for name, place in (("an amount", amount), ("a day", day)) if place is None)
    if hedged:
        return Finding(Verdict.NOT_MET, "the customer does not bind himself", places) if not missing else None
    if missing:
        return Finding(Verdict.NOT_MET, f"a promise is made without {missing}", places)
    return Finding(Verdict.MET, "the customer promises an amount and a day", places)


def _binds(exchange: Sequence[_Said]) -> bool:
    """Whether the last of an exchange is a customer's word for a payment: his own, or one that answers the agent's."""
    last = exchange[-1]
    if last.commits is not None:
        return True
    asked = next((each for each in reversed(exchange) if each.speaker == AGENT), None)
    if asked is None:
        return False
    if last.reply.kind in (Kind.YES, Kind.FINE):
        names = asked.amounts or asked.days or (asked.speaks_of_paying and "?" in asked.plain.text)
        return bool(names or last.amounts or last.days)
    return asked.speaks_of_paying and bool(last.amounts or last.days)


def _latest(call: Call, exchange: Sequence[_Said], found: Sequence[Sequence[Amount | Day]]) -> Evidence | None:
    """The last of what was said in an exchange: agreements narrow down."""
    for said, each in zip(reversed(exchange), reversed(found)):
        if each:
            return evidence_of(call, said.turn, said.plain, each[-1].start, each[-1].stop)
    return None


def _word(call: Call, said: _Said) -> Evidence | None:
    """The words by which the customer binds himself."""
    if said.commits is not None:
        return evidence_of(call, said.turn, said.plain, *said.commits)
    reply = said.reply
    return evidence(call, said.turn, reply.start, reply.stop) if reply.stop > reply.start else None
