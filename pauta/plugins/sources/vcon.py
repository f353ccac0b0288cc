"""Calls from vCons, the container of the IETF for conversations (old and new spellings): a JSON file a conversation.

The call's id is the `uuid`; the clock begins with the first dialog. Texts are turns as they stand; recordings are read
as their transcripts have them (Deepgram, Whisper, WTF, AssemblyAI, lists of what was said, WebVTT, plain text). Content
at an address is never fetched. Where the words of a part of the conversation are not in the file, the call comes
without turns and with a warning, so that what looks for words is unverified and not answered by half of them;
`keep_partial: true` takes what there is. A vCon that several agents handled is a call for each of them, in which
colleagues are `other`. Signed and encrypted vCons, and those with an unknown `critical` extension, are refused.

Who the agent is, `role` of the contact-centre extension says, else an option:

    - vcon:
        calls: calls/*.vcon
        agent: [{mailto: ana@example.org}, {tel: "+34600000000"}]     or first_party_is: customer
        speakers: {"0": agent, "1": customer}                         labels of a transcript; or first_speaker: agent
        timezone: America/Bogota                                      for moments without an offset

From `skill`, `campaign`, `interaction_type` or the tag `call_type`, the first that is there, comes `call_type`; from
hold and unhold in `party_history` `metrics.hold_s` (absent where nobody was put on hold: not every recorder tells);
from the agent's `dept` the team; subject, tags, disposition, how the customer was identified: `attributes`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import ClassVar, Final

from pauta import Call, HumanEvaluation, Place, Problem, ProblemsFound, hookimpl
from pauta.plugins.sources.clocks import ZONE_OPTION, is_whole, zone_of
from pauta.plugins.sources.documents import document_in, shown, word
from pauta.plugins.sources.speakers import AGENT, CUSTOMER, OPTIONS, parts_of, told, without_words
from pauta.plugins.sources.vcon_facts import attributes_of, facts_of, holds_of
from pauta.plugins.sources.vcon_forms import Dialog, dialogs_of, first_moment, refusal
from pauta.plugins.sources.vcon_parties import IDS, cast_of
from pauta.plugins.sources.vcon_transcripts import EVEN, ODD
from pauta.plugins.sources.vcon_words import words_of

_HEAD: Final = re.compile(rb'"(?:parties|dialog)"\s*:\s*\[|"signatures"\s*:\s*\[|"ciphertext"\s*:|"vcon"\s*:\s*"')
_PARTIES: Final = "say who it is: agent: {mailto: ..}, or first_party_is: customer"
_LABELS: Final = "say who it is: speakers: {LABEL: agent}, or first_speaker: agent"
_PARAGRAPHS: Final = "if its paragraphs are said in turns, say paragraphs_take_turns: true and first_speaker: agent"
_PARTY: Final[Mapping[str, object]] = {
    "type": "object",
    "properties": {
        "tel": {"type": "string"},
        "mailto": {"type": "string"},
        "name": {"type": "string"},
        "uuid": {"type": "string"},
        "index": {"type": "integer", "minimum": 0},
    },
    "additionalProperties": False,
    "minProperties": 1,
}


class Vcon:
    """A vCon, unsigned."""

    name: ClassVar[str] = "vcon"
    purpose: ClassVar[str] = "Reads conversations from vCon files, with the transcripts that they hold."
    endings: ClassVar[tuple[str, ...]] = (".vcon", ".vcon.json", ".json")
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Files of vCons."},
            "agent": {
                "type": ["object", "array"],
                "properties": _PARTY["properties"],
                "additionalProperties": False,
                "items": _PARTY,
                "description": "Who is the agent, where no party has that role: `{mailto: ana@a.org}`, or a list.",
            },
            "first_party_is": {
                "type": "string",
                "enum": [AGENT, CUSTOMER],
                "description": "What the first of the parties is, where nothing else says who is the agent.",
            },
            "agent_id": {
                "type": "string",
                "enum": list(IDS),
                "description": "The field of a party that is the agent's id; the first of these that is there.",
            },
            "paragraphs_take_turns": {
                "type": "boolean",
                "default": False,
                "description": "Whether the paragraphs of a transcript that names nobody are said in turns.",
            },
            "keep_partial": {
                "type": "boolean",
                "default": False,
                "description": "Whether to take the words that are there where others are missing.",
            },
            "timezone": ZONE_OPTION,
            **OPTIONS,
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Take the options as checked."""
        self._options = options

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Whether a file of JSON begins as a vCon of any form."""
        return _HEAD.search(head) is not None

    def calls(self, target: str) -> Iterator[Call | Problem]:
        """The call of a file, once for each of its agents, or the Problem that says why there is none."""
        at = Place(target)
        document = document_in(target)
        zone = zone_of(self._options.get("timezone"), at)
        if isinstance(document, Problem):
            yield document
            return
        if isinstance(zone, Problem):
            yield zone
            return
        refused = refusal(document, target)
        if refused is not None:
            yield refused
            return
        try:
            dialogs = dialogs_of(document, zone, at)
        except ProblemsFound as found:
            yield from found.problems
            return
        yield from self._parts(document, dialogs, zone, at)

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """None: a vCon holds no answers."""
        return [Problem("E544", f"'{target}' is a vCon, which holds no answers of people", Place(target))]

    def _parts(
        self, document: Mapping[str, object], dialogs: list[Dialog], zone: tzinfo | None, at: Place
    ) -> Iterator[Call | Problem]:
        cast = cast_of(document, dialogs, self._options)
        words = words_of(document, dialogs, cast, self._options)
        call_id = word(document.get("uuid")) or ""
        facts = facts_of(document, dialogs, cast)
        hold = holds_of(dialogs, zone)
        record: dict[str, object] = {
            "call_id": call_id,
            "language": words.language,
            **facts,
            "metrics": {} if hold is None else {"hold_s": hold},
            "attributes": attributes_of(document, dialogs, cast),
        }
        timeless = _without_offset(call_id, dialogs, at)
        labels = {each.label or "" for each in words.said}
        who = _PARTIES if any(label.startswith("party ") for label in labels) else _LABELS
        who = _PARAGRAPHS if {ODD, EVEN} & labels else who
        for part in parts_of(words.said, words.people, cast.agents):
            partial = words.missing and not (self._options.get("keep_partial") is True and words.said)
            why = "; ".join(words.missing[:2]) if partial else part.why
            wordless = without_words(call_id, why, at, None if partial else who) if why else None
            team = word(cast.of(part.agent).get("dept"))
            turns = [] if why else list(part.turns)
            yield from told({**record, "agent": part.agent, "team": team, "turns": turns}, at, timeless, wordless)


def _without_offset(call_id: str, dialogs: Sequence[Dialog], at: Place) -> Problem | None:
    """The warning about a call of which it is not known when it began."""
    begin = first_moment([dialog.start for dialog in dialogs])
    if begin is None or is_whole(begin):
        return None
    message = (
        f"call '{shown(call_id)}': it began at '{begin.isoformat()}', without an offset: when that was is not known"
    )
    return Problem("W541", message, at, "say `timezone: America/Bogota`")


@hookimpl
def register_sources(register: Callable[[type[Vcon]], None]) -> None:
    """Offer the source."""
    register(Vcon)
