"""Calls from Amazon Transcribe Call Analytics, and from the post-call analytics built on it: a JSON file a call.

Two forms are read. What the service itself writes (`JobName`, `Transcript`, `ConversationCharacteristics`) has roles,
offsets and sentiment; its id is the job's name, and neither the agent nor the moment of the call is in it. What
post-call analytics makes of it (`ConversationAnalytics`, `SpeechSegments`) has speakers `spk_0`, `spk_1`, which its own
labels or the option `speakers` name; its id is the GUID, else the job's name. `ConversationTime` has no offset: it is
taken in `timezone`, else in the file's `ConversationLocation`, and where it only repeats the time of processing it
says nothing about the call and is left out with a warning.

    - transcribe_call_analytics: {calls: "calls/*.json", timezone: America/New_York, speakers: {spk_1: agent}}
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import ClassVar

from pauta import Call, HumanEvaluation, Place, Problem, hookimpl
from pauta.plugins.sources.amazon import SCORE, analysed_calls
from pauta.plugins.sources.clocks import ZONE_OPTION, is_whole, moment_of, zone_of
from pauta.plugins.sources.documents import document_in, first, listing, mapping, number, shown, word
from pauta.plugins.sources.speakers import (
    AGENT,
    CUSTOMER,
    HINT,
    OPTIONS,
    Person,
    Said,
    in_time,
    labels_of,
    parts_of,
    roles_of,
    told,
    without_words,
)


class TranscribeCallAnalytics:
    """A call as Transcribe Call Analytics or post-call analytics writes it."""

    name: ClassVar[str] = "transcribe_call_analytics"
    purpose: ClassVar[str] = "Reads calls from Amazon Transcribe Call Analytics and from post-call analytics."
    endings: ClassVar[tuple[str, ...]] = (".json",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Files of calls."},
            "timezone": ZONE_OPTION,
            **OPTIONS,
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Take the options as checked."""
        speakers = options.get("speakers")
        self._speakers = speakers if isinstance(speakers, Mapping) else {}
        first_speaker = options.get("first_speaker")
        self._first = first_speaker if isinstance(first_speaker, str) else None
        self._timezone = options.get("timezone")

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Whether a file of JSON begins as one of either form."""
        own = b'"Transcript"' in head and b'"LoudnessScores"' in head and b'"ParticipantId"' not in head
        return own or b'"ConversationAnalytics"' in head or b'"SpeechSegments"' in head

    def calls(self, target: str) -> Iterator[Call | Problem]:
        """The call of a file, once for each of its agents, or the Problem that says why there is none."""
        document = document_in(target)
        if isinstance(document, Problem):
            yield document
            return
        at, name = Place(target), Path(target).name.removesuffix(".json")
        zone = zone_of(self._timezone, at)
        if isinstance(zone, Problem):
            yield zone
            return
        if isinstance(document.get("SpeechSegments"), list):
            yield from self._post_call(document, name, zone, at)
        elif isinstance(document.get("Transcript"), list):
            yield from analysed_calls(document, word(document.get("JobName")) or name, at)
        else:
            message = f"'{target}' is no call of Call Analytics: it has neither Transcript nor SpeechSegments"
            yield Problem("E540", message, at)

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """None: an analysis holds no answers of people."""
        return [Problem("E544", f"'{target}' is an analysed call, which holds no answers of people", Place(target))]

    def _post_call(
        self, document: Mapping[str, object], name: str, zone: tzinfo | None, at: Place
    ) -> Iterator[Call | Problem]:
        about = mapping(document.get("ConversationAnalytics"))
        job = next(
            (mapping(mapping(each).get("TranscribeJobInfo")) for each in listing(about.get("SourceInformation"))), {}
        )
        call_id = _known(about.get("GUID")) or _known(job.get("TranscriptionJobName")) or name
        started_at, unknown = _started_at(about, zone, call_id, at)
        said, mute = _said(document)
        said = in_time(said)
        roles = roles_of(labels_of(said), {**_own_labels(about, self._speakers), **self._speakers}, self._first)
        agents = [label for label, role in roles.items() if role == AGENT]
        agent = _known(about.get("Agent"))
        people = {
            label: Person(role, agent if agents == [label] else label if role == AGENT and len(agents) > 1 else None)
            for label, role in roles.items()
        }
        record = {
            "call_id": call_id,
            "started_at": started_at,
            "duration_s": number(about.get("Duration")),
            "channel": "voice",
            "language": word(about.get("LanguageCode")),
            "metrics": _metrics(about, roles),
            "attributes": {"categories": _categories(about)},
        }
        for part in parts_of(said, people, [agent] if agent and len(agents) < 2 else ()):
            why = f"{mute} of its segments have no text" if mute else part.why or (None if said else "nothing was said")
            warning = without_words(call_id, why, at, HINT if part.why else None) if why else None
            turns = [] if why else list(part.turns)
            yield from told({**record, "agent": part.agent, "turns": turns}, at, unknown, warning)


def _started_at(
    about: Mapping[str, object], zone: tzinfo | None, call_id: str, at: Place
) -> tuple[str | None, Problem | None]:
    """When the call began, or the warning that says why that is not known."""
    written = _known(about.get("ConversationTime"))
    if written is None:
        return None, None
    if written == word(about.get("ProcessTime")):
        said = f"call '{shown(call_id)}': '{shown(written)}' is when it was processed, and when it began is not known"
        return None, Problem("W541", said, at, "name recordings so that post-call analytics finds the time in them")
    own = zone_of(_known(about.get("ConversationLocation")))
    moment = moment_of(written, zone or (None if isinstance(own, Problem) else own))
    if moment is None or not is_whole(moment):
        said = f"call '{shown(call_id)}': '{shown(written)}' has no offset, and when it began is not known"
        return None, Problem("W541", said, at, "say `timezone: America/New_York`")
    return moment.isoformat(), None


def _known(value: object) -> str | None:
    """A value, where there is one: the program writes the word None where there is none."""
    found = word(value)
    return None if found in (None, "None", "null") else found


def _own_labels(about: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """What the file's own labels make of its speakers: a label may be a role, or a name that `speakers` knows."""
    found: dict[str, object] = {}
    for each in map(mapping, listing(about.get("SpeakerLabels"))):
        speaker, shown = word(each.get("Speaker")), word(each.get("DisplayText"))
        role = roles_of([shown], given)[shown] if shown else None
        if speaker and role:
            found[speaker] = role
    return found


def _said(document: Mapping[str, object]) -> tuple[list[Said], int]:
    """What was said, and how many segments hold no text."""
    said: list[Said] = []
    mute = 0
    for segment in map(mapping, listing(document.get("SpeechSegments"))):
        text = first(segment, "DisplayText", "OriginalText")
        if not isinstance(text, str):
            mute += 1
            continue
        start, end = number(segment.get("SegmentStartTime")), number(segment.get("SegmentEndTime"))
        score = number(segment.get("SentimentScore"))
        feeling = None if score is None else max(-1.0, min(1.0, score / SCORE))
        if text.strip():
            said.append(Said(text, word(segment.get("SegmentSpeaker")), start, end, feeling))
    return said, mute


def _metrics(about: Mapping[str, object], roles: Mapping[str, str | None]) -> dict[str, object]:
    times, trends = mapping(about.get("SpeakerTime")), mapping(about.get("SentimentTrends"))
    found: dict[str, float | None] = {"non_talk_s": number(mapping(times.get("NonTalkTime")).get("TotalTimeSecs"))}
    alone = [role for role, count in Counter(roles.values()).items() if count == 1]
    for label, role in roles.items():
        if role in (AGENT, CUSTOMER) and role in alone:
            found[f"{role}_talk_s"] = number(mapping(times.get(label)).get("TotalTimeSecs"))
            score = number(mapping(trends.get(label)).get("SentimentScore"))
            found[f"{role}_sentiment"] = None if score is None else round(score / SCORE, 6)
    return {name: value for name, value in found.items() if value is not None}


def _categories(about: Mapping[str, object]) -> list[str]:
    """The categories that were found at least once, and those whose number of times is not told."""
    detected = [mapping(each) for each in listing(about.get("CategoriesDetected"))]
    return [name for each in detected if (name := word(each.get("Name"))) and each.get("Instances") != 0]


@hookimpl
def register_sources(register: Callable[[type[TranscribeCallAnalytics]], None]) -> None:
    """Offer the source."""
    register(TranscribeCallAnalytics)
