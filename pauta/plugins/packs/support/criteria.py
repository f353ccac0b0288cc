"""Criteria of support calls: the problem restated, steps confirmed, the resolution checked.

What each listens for stands in `words`, by language: English, Spanish, Portuguese. A call in another language (or in
none that the record names) is unverified.
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
    in_order,
    judged,
    language_of,
    next_said,
    phrase,
    sentence_of,
    widened,
)
from pauta.plugins.packs.meant import SENTENCE_END, denied, sentence_before
from pauta.plugins.packs.plain import compiled, plain_of, words_of
from pauta.plugins.packs.replies import Kind, reply_to
from pauta.plugins.packs.support.words import (
    ANYTHING_ELSE,
    CHECKS,
    CLOSES,
    CONFIRMS,
    EMPTY,
    INSTRUCTS,
    NO_ORDER_AFTER,
    RESTATES,
)

_LETTERS: Final = 4
_STEM: Final = 5
_SOON: Final = 3
_PATIENCE: Final = 3


class ProblemRestated:
    """Whether the agent says the customer's problem again, to make sure that it is the right one.

    Half of all repeated calls solve the wrong problem. A restatement begins like one ("so you ...", "if I understand",
    "entonces ...", "se entendi ...") and takes up a word that the customer used before.

        criterion: support.problem_restated

        met             customer: "My internet drops every evening."    agent: "So it drops in the evening only?"
        not met         customer: "My internet drops."    agent: "Account number?"
        not applicable  the customer names no problem

    With `echo: 3` three of the customer's words in one of the agent's first three answers will do without a beginning:
    "Charged twice in August, let me see." It is off where not given, because names and places are echoed, too ("Taxi
    from the airport to the hospital, is that you, Amanda?").

    Words count from four letters on and by their first five, so that "charge" is an echo of "charged"; small words and
    courtesies do not. A restatement in other words ("a jump of fifteen euros" for a bill of 54 instead of 39) is not
    heard.
    """

    name: ClassVar[str] = "support.problem_restated"
    purpose: ClassVar[str] = "The agent says the customer's problem again, in words that the customer used."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "also": {**ALSO, "description": "More ways to begin a restatement, or a map of language to phrases."},
            "echo": {
                "type": "integer",
                "minimum": 1,
                "maximum": 10,
                "description": "How many shared words are a restatement without a beginning; never where not given.",
            },
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        echo = options.get("echo")
        assert isinstance(echo, int | None)
        self._echo = echo
        self._parts = [phrase(AGENT, widened(RESTATES, options.get("also")))]

    def parts(self) -> Sequence[Part]:
        """How restatements begin."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """A restatement must share words with what the customer said."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        begun = {turn: place for place in reversed(found[0]) for turn in [at(place)[0]]}
        told: set[str] = set()
        just_told: set[str] = set()
        answers = 0
        for n, turn in enumerate(call.turns):
            words = _telling(turn.text, language_of(call))
            if turn.speaker == CUSTOMER:
                just_told = words | (just_told if n and call.turns[n - 1].speaker == CUSTOMER else set())
                told |= words
            elif turn.speaker == AGENT and told:
                answers += 1
                if n in begun and told & words:
                    reason = f"the agent takes up {_counted(told & words)} of the customer's"
                    return Finding(Verdict.MET, reason, (_to_the_end(call, begun[n]),))
                if self._echo and answers <= _SOON and len(just_told & words) >= self._echo:
                    reason = f"the agent echoes {_counted(just_told & words)} of the customer's"
                    return Finding(Verdict.MET, reason, (evidence(call, n, 0, len(turn.text)),))
        if not told:
            return Finding(Verdict.NOT_APPLICABLE, "the customer names no problem")
        return Finding(Verdict.NOT_MET, "the problem is not said again in the customer's words")


class StepsConfirmed:
    """Whether the customer confirms the steps that the agent asked for.

    An instruction that nobody confirms was perhaps never followed. After the last instruction (after each one, with
    `every: true`) the customer must say that it is done or that it works, within three turns and before the next one.

        criterion: support.steps_confirmed

        met             agent: "Please restart the router."    customer: "Okay, the light is green. It works."
        not met         agent: "Turn it off and on."    customer: "I did that four times, it does not help."
        not met         agent: "Reinicie el equipo. Hasta luego."          nobody could confirm
        not applicable  the agent asks for no step

    Instructions are told by their verbs ("please click", "reinicie", "desligue"): one in other words is not heard, and
    a few are heard that are none ("please hold the line"). A bare "okay" counts as confirmed, though it may only mean
    that the words were heard.
    """

    name: ClassVar[str] = "support.steps_confirmed"
    purpose: ClassVar[str] = "The customer confirms the last step (or every step) that the agent asked for."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "every": {"type": "boolean", "description": "Whether each step must be confirmed, not only the last."},
            "instructs": {**ALSO, "description": "More ways to instruct, or a map of language to phrases."},
            "confirms": {**ALSO, "description": "More ways to confirm, or a map of language to phrases."},
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        self._every = options.get("every", False) is True
        self._parts = [
            phrase(AGENT, widened(INSTRUCTS, options.get("instructs"))),
            phrase(CUSTOMER, widened(CONFIRMS, options.get("confirms"))),
        ]

    def parts(self) -> Sequence[Part]:
        """Instructions, and words that confirm them."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """What the agent asks for must be confirmed."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        steps = list(_blocks(call, [each for each in found[0] if _orders(call, each)]))
        if not steps:
            return Finding(Verdict.NOT_APPLICABLE, "the agent asks for no step")
        ends = [*(at(step[0])[0] for step in steps[1:]), len(call.turns)]
        confirmed = [_confirmed(call, at(step[-1])[0], end, found[1]) for step, end in zip(steps, ends)]
        looked_at = list(zip(steps, confirmed))[0 if self._every else -1 :]
        missing = [step for step, word in looked_at if word is None]
        if missing:
            reason = f"{'a' if self._every else 'the last'} step is not confirmed by the customer"
            return Finding(Verdict.NOT_MET, reason, in_order(step[0] for step in missing))
        what = "every step is" if self._every else "the last step is"
        places = in_order(place for step, word in looked_at if word for place in (step[0], word))
        return Finding(Verdict.MET, f"{what} confirmed by the customer", places)


class ResolutionChecked:
    """Whether the agent asks if the problem is gone, and hears the answer, before closing.

    "Anything else?" is courtesy; "is it working now?" is quality. The question must come before the farewell, and the
    customer must have answered it. The answer may be no: then the agent knows.

        criterion: support.resolution_checked

        met      agent: "Is it working now?"    customer: "Yes, it is."    agent: "Have a nice day."
        not met  agent: "Is there anything else?"    customer: "No."       unless the card says `or_anything_else: true`
        not met  agent: "It should work. Bye."                             said, not asked

    In Spanish and Portuguese a question sounds like a statement: there it needs its question mark, unless the whole
    transcript has none.
    """

    name: ClassVar[str] = "support.resolution_checked"
    purpose: ClassVar[str] = "The agent asks whether the problem is gone, and hears the answer, before closing."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "also": {**ALSO, "description": "More ways to ask whether it is solved, or a map of language to phrases."},
            "or_anything_else": {"type": "boolean", "description": "Whether asking for anything else will do as well."},
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        checks = widened(CHECKS, options.get("also"))
        if options.get("or_anything_else") is True:
            checks = widened(checks, ANYTHING_ELSE)
        self._parts = [phrase(AGENT, checks), phrase(AGENT, CLOSES)]

    def parts(self) -> Sequence[Part]:
        """Questions whether it is solved, and farewells."""
        return self._parts

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """A question must be asked and answered before the last farewell."""
        return judged(batch, parts, self._judge)

    def _judge(self, call: Call, found: Sequence[Places]) -> Finding:
        checks = [each for each in found[0] if _asks(call, each)]
        closed = at(found[1][-1]) if found[1] else (len(call.turns), 0)
        if not checks:
            return Finding(Verdict.NOT_MET, "the agent does not ask whether the problem is gone")
        early = [each for each in checks if at(each) < closed]
        if not early:
            return Finding(Verdict.NOT_MET, "the agent asks only after the farewell", (found[1][-1], checks[0]))
        for each in reversed(early):
            answer = next_said(call, CUSTOMER, at(each)[0])
            if answer is not None:
                places = (each, evidence(call, answer, 0, len(call.turns[answer].text)))
                return Finding(Verdict.MET, "the agent asks whether the problem is gone, and is answered", places)
        return Finding(Verdict.NOT_MET, "the agent asks whether the problem is gone, and hears no answer", (early[-1],))


def _counted(words: set[str]) -> str:
    return f"{len(words)} {'word' if len(words) == 1 else 'words'}"


def _telling(text: str, language: str | None) -> set[str]:
    """The words of a turn that say something, by their first letters."""
    empty = EMPTY.get(language or "", frozenset())
    return {word[:_STEM] for word in words_of(plain_of(text).text) if len(word) >= _LETTERS and word not in empty}


def _to_the_end(call: Call, place: Evidence) -> Evidence:
    """A place and the rest of its sentence."""
    turn, start = at(place)
    end = compiled(SENTENCE_END).search(call.turns[turn].text, place.stop or 0)
    return evidence(call, turn, start, end.start() if end else len(call.turns[turn].text))


def _denied(call: Call, place: Evidence) -> bool:
    turn, start = at(place)
    return denied(call.turns[turn].text, start, language_of(call) or "")


def _negated(call: Call, place: Evidence) -> bool:
    """Whether a negation reaches a place, or stands in it: "it's not working"."""
    last = (place.stop or 0) - len((place.quote or "").split()[-1])
    text = call.turns[at(place)[0]].text
    return any(denied(text, start, language_of(call) or "") for start in (at(place)[1], last))


def _orders(call: Call, place: Evidence) -> bool:
    """Whether an instruction is one: not denied, and not after "I", "que" and the like."""
    before = words_of(sentence_before(call.turns[at(place)[0]].text, at(place)[1]))
    return not _denied(call, place) and not NO_ORDER_AFTER.get(language_of(call) or "", frozenset()) & set(before[-1:])


def _asks(call: Call, place: Evidence) -> bool:
    if language_of(call) == "en" or not any("?" in turn.text for turn in call.turns):
        return True
    return "?" in sentence_of(call, place)


def _blocks(call: Call, places: Places) -> Iterator[list[Evidence]]:
    """Instructions with no word of the customer's between them, together."""
    block: list[Evidence] = []
    for each in places:
        if block and (next_said(call, CUSTOMER, at(block[-1])[0]) or len(call.turns)) < at(each)[0]:
            yield block
            block = []
        block.append(each)
    if block:
        yield block


def _confirmed(call: Call, after: int, before: int, confirms: Places) -> Evidence | None:
    """The words by which the customer confirms a step: within a few turns, and before the next step."""
    language = language_of(call)
    turn = next_said(call, CUSTOMER, after)
    for _ in range(_PATIENCE):
        if turn is None or turn >= before:
            return None
        text = call.turns[turn].text
        word = next((each for each in confirms if at(each)[0] == turn and not _negated(call, each)), None)
        reply = reply_to(text, language) if language else None
        if reply is not None and reply.kind is Kind.NO:
            return None
        if word is not None:
            return word
        if reply is not None and reply.kind in (Kind.YES, Kind.FINE):
            return evidence(call, turn, reply.start, reply.stop)
        turn = next_said(call, CUSTOMER, turn)
    return None
