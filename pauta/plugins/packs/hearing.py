"""How the criteria of the packs listen: phrases through the criterion `phrase`, and what they find as places in a call.

A criterion that looks for phrases is a composite: its parts are uses of `phrase`, so that designers can add phrases in
the same language, all phrases of a card are found in one pass, and what a call says in a language without phrases is
unverified by itself. `judged` hands what the parts found in each call to a function that decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from pauta import Call, CallBatch, Evidence, Finding, Findings, Verdict, findings_of
from pauta.plugins.packs.meant import sentence_before
from pauta.plugins.packs.numerals import LANGUAGES
from pauta.plugins.packs.plain import Plain, compiled, plain_of

AGENT: Final = "agent"
CUSTOMER: Final = "customer"

Phrases: TypeAlias = Mapping[str, Sequence[str]]
"""Language -> phrases."""
Part: TypeAlias = Mapping[str, Mapping[str, object]]
"""A criterion inside another, `{name: options}`."""
Places: TypeAlias = Sequence[Evidence]
Judge: TypeAlias = Callable[[Call, Sequence[Places]], Finding]

ALSO: Final[Mapping[str, object]] = {
    "description": "More phrases that count: a list for every language, or a map of language to phrases.",
    "type": ["array", "object"],
    "items": {"type": "string"},
    "minItems": 1,
    "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "minProperties": 1,
}
"""The schema of options that widen a list of phrases."""


def phrase(speaker: str, phrases: Phrases | Sequence[str], within: Mapping[str, str] | None = None) -> Part:
    """A use of the criterion `phrase`: any of some phrases, said by a speaker, maybe only at one end of the call."""
    written = {language: list(each) for language, each in phrases.items()} if isinstance(phrases, Mapping) else phrases
    window = {"within": dict(within)} if within else {}
    return {"phrase": {"speaker": speaker, **window, "any": written}}


def widened(own: Phrases, also: object) -> Phrases:
    """Phrases with those that a card adds: a list to every language, a map to the languages that it names."""
    if isinstance(also, Mapping):
        languages = dict.fromkeys([*own, *also])
        return {each: [*own.get(each, ()), *also.get(each, ())] for each in languages}
    added = list(also) if isinstance(also, Sequence) else []
    return {language: [*phrases, *added] for language, phrases in own.items()}


def judged(batch: CallBatch, parts: Sequence[Findings], judge: Judge) -> Findings:
    """One finding for every call from the places that each part found; unverified where a part could not tell."""
    findings = []
    for row in range(batch.size):
        doubtful = next((part.reasons.get(row, "") for part in parts if part.verdicts[row] == Verdict.UNVERIFIED), None)
        if doubtful is not None:
            findings.append(Finding(Verdict.UNVERIFIED, doubtful))
        else:
            findings.append(judge(batch.calls[row], [part.evidence.get(row, ()) for part in parts]))
    return findings_of(findings)


def language_of(call: Call) -> str | None:
    """The language of a call if the packs know it: `es` of `es-MX`; None where they do not."""
    language = (call.language or "").replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


def unheard(call: Call) -> Finding | None:
    """Why a call cannot be judged by its words, None where it can."""
    if not any(has_words(turn.text) for turn in call.turns):
        return Finding(Verdict.UNVERIFIED, "the call has no words")
    if language_of(call) is None:
        known = ", ".join(LANGUAGES)
        said = f"the call is in '{call.language}'" if call.language else "the call does not say its language"
        return Finding(Verdict.UNVERIFIED, f"{said}, and what is listened for is known in {known}")
    return None


def has_words(text: str) -> bool:
    """Whether a turn says anything."""
    return compiled(r"[^\W_]").search(text) is not None


def speaks(call: Call, speaker: str) -> bool:
    """Whether a speaker says anything in a call."""
    return any(turn.speaker == speaker and has_words(turn.text) for turn in call.turns)


def evidence(call: Call, turn: int, start: int, stop: int) -> Evidence:
    """Letters [start, stop) of a turn as evidence."""
    said = call.turns[turn]
    return Evidence(turn, start, stop, said.text[start:stop], said.start, said.end)


def evidence_of(call: Call, turn: int, plain: Plain, start: int, stop: int) -> Evidence:
    """Letters [start, stop) of a turn's folded text as evidence."""
    return evidence(call, turn, *plain.place(start, stop))


def at(place: Evidence) -> tuple[int, int]:
    """Where a place lies: turn and letter."""
    return place.turn or 0, place.start or 0


def in_order(places: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Places in the order of the call, without those that lie in another."""
    kept: list[Evidence] = []
    for each in sorted(places, key=lambda place: (*at(place), -(place.stop or 0))):
        if not kept or each.turn != kept[-1].turn or (each.stop or 0) > (kept[-1].stop or 0):
            kept.append(each)
    return tuple(kept)


def sentence_of(call: Call, place: Evidence) -> str:
    """The sentence around a place, folded."""
    text = call.turns[place.turn or 0].text
    end = compiled(r"[.?!](?=\s|$)|\n|$").search(text, place.stop or 0)
    return sentence_before(text, place.start or 0) + plain_of(text[place.start or 0 : end.end() if end else None]).text


def next_said(call: Call, speaker: str, after: int) -> int | None:
    """The first turn of a speaker behind a turn that has words; None where there is none."""
    for n in range(after + 1, len(call.turns)):
        if call.turns[n].speaker == speaker and has_words(call.turns[n].text):
            return n
    return None
