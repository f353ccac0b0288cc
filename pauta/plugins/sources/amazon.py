"""What Contact Lens and Transcribe Call Analytics have in common: participants, a transcript, and how it went.

    Participants    {ParticipantId, ParticipantRole, DisplayName}
    Transcript      {ParticipantId or ParticipantRole, Content, Sentiment, BeginOffsetMillis, EndOffsetMillis}, and in
                    chats {AbsoluteTime, Type}, events and attachments among the messages
    ConversationCharacteristics    talk time, silence, interruptions, speed, sentiment

The clock of a voice contact is its recording: offsets in milliseconds. That of a chat is the wall: `AbsoluteTime`,
counted from the first entry, and the first entry is the start of the call. A message has a start and no end.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from pauta import Call, Place, Problem
from pauta.plugins.sources.clocks import is_whole, moment_of, seconds_between
from pauta.plugins.sources.documents import listing, mapping, number, shown, word
from pauta.plugins.sources.speakers import AGENT, CUSTOMER, Person, Said, in_time, parts_of, told, without_words

ROLES: Final = {
    "AGENT": AGENT, "CUSTOMER": CUSTOMER, "SYSTEM": "system", "CUSTOM_BOT": "system", "BOT": "system",
    "SUPERVISOR": "other",
}  # fmt: skip
SENTIMENTS: Final = {"POSITIVE": 1.0, "NEUTRAL": 0.0, "NEGATIVE": -1.0}
"""A mixed turn has none: it is not neutral."""
CHANNELS: Final = {"VOICE": "voice", "CHAT": "chat", "EMAIL": "email"}
SCORE: Final = 5.0
"""Sentiment scores run from -5 to 5; those of call records from -1 to 1."""


def analysed_calls(
    document: Mapping[str, object], call_id: str, at: Place, started_at: str | None = None
) -> Iterator[Call | Problem]:
    """The call of an analysis, once for each of its agents. `started_at` is what is known of it besides."""
    status = word(document.get("JobStatus"))
    if status not in (None, "COMPLETED"):
        reason = word(document.get("FailureReason")) or "it gives no reason"
        yield Problem(
            "E545",
            f"the analysis of '{shown(call_id)}' did not come to its end ({shown(status)}): {shown(reason, 200)}",
            at,
        )
        return
    entries = [mapping(entry) for entry in listing(document.get("Transcript"))]
    people = _people(document, entries)
    clock = _clock(entries)
    said, mute = _said(document, entries, clock)
    record = {
        "call_id": call_id,
        "started_at": clock[0].isoformat() if clock and is_whole(clock[0]) else started_at,
        "duration_s": _duration(document, clock),
        "channel": CHANNELS.get(word(document.get("Channel")) or "VOICE"),
        "language": word(document.get("LanguageCode")),
        "metrics": _metrics(document),
        "attributes": _attributes(document),
    }
    for part in parts_of(in_time(said), people):
        why = f"{mute} of its turns have no content" if mute else part.why or (None if said else "nothing was said")
        warning = without_words(call_id, why, at) if why else None
        yield from told({**record, "agent": part.agent, "turns": [] if why else list(part.turns)}, at, warning)


def _people(document: Mapping[str, object], entries: Sequence[Mapping[str, object]]) -> dict[str, Person]:
    """Who the participants are, by the id that the transcript has for them, or by their role where it has only that."""
    people: dict[str, Person] = {}
    for each in [*map(mapping, listing(document.get("Participants"))), *entries]:
        label, role = _label(each), ROLES.get(word(each.get("ParticipantRole")) or "")
        if label is not None and label not in people:
            name = word(each.get("DisplayName")) or (label if label not in ROLES else None)
            role = role or ROLES.get(label)
            people[label] = Person(role, name if role == AGENT else None)
    ids = [person.agent for person in people.values() if person.agent is not None]
    if len(set(ids)) == len(ids):
        return people
    return {label: Person(each.role, label if each.agent else None) for label, each in people.items()}


def _label(entry: Mapping[str, object]) -> str | None:
    return word(entry.get("ParticipantId")) or word(entry.get("ParticipantRole"))


def _clock(entries: Sequence[Mapping[str, object]]) -> tuple[datetime, datetime] | None:
    """The first and the last moment of a chat; None where the entries have no times of the wall."""
    moments = [moment for each in entries if (moment := moment_of(each.get("AbsoluteTime"))) is not None]
    whole = [moment for moment in moments if is_whole(moment)] or moments
    return (min(whole), max(whole)) if whole else None


def _said(
    document: Mapping[str, object],
    entries: Sequence[Mapping[str, object]],
    clock: tuple[datetime, datetime] | None,
) -> tuple[list[Said], int]:
    """What was said, and how many turns hold nothing: events and attachments are none."""
    sentiments = _sentiments_by_id(document)
    said: list[Said] = []
    mute = 0
    for entry in entries:
        if word(entry.get("Type")) in ("EVENT", "ATTACHMENT"):
            continue
        content = entry.get("Content")
        if not isinstance(content, str):
            mute += 1
            continue
        begin, end = number(entry.get("BeginOffsetMillis")), number(entry.get("EndOffsetMillis"))
        moment = moment_of(entry.get("AbsoluteTime"))
        start = None if begin is None else begin / 1000
        if start is None and moment is not None and clock is not None:
            start = seconds_between(clock[0], moment)
        feeling = word(entry.get("Sentiment")) or sentiments.get(word(entry.get("Id")) or "")
        ended = None if end is None else end / 1000
        if content.strip():
            said.append(Said(content, _label(entry), start, ended, SENTIMENTS.get(feeling or "")))
    return said, mute


def _sentiments_by_id(document: Mapping[str, object]) -> dict[str, str]:
    """Of chats: the sentiment of each entry, which stands with groups of entries."""
    characteristics = mapping(mapping(document.get("ConversationCharacteristics")).get("Sentiment"))
    found: dict[str, str] = {}
    for group in map(mapping, listing(characteristics.get("DetailsByTranscriptItemGroup"))):
        feeling = word(group.get("Sentiment"))
        for item in map(mapping, listing(group.get("TranscriptItems"))):
            label = word(item.get("Id"))
            if label and feeling:
                found[label] = feeling
    return found


def _duration(document: Mapping[str, object], clock: tuple[datetime, datetime] | None) -> float | None:
    total = number(mapping(document.get("ConversationCharacteristics")).get("TotalConversationDurationMillis"))
    if total is not None:
        return total / 1000
    return seconds_between(*clock) if clock else None


def _metrics(document: Mapping[str, object]) -> dict[str, object]:
    """What was measured of the conversation, in seconds and counts; what is not there is left out."""
    said = mapping(document.get("ConversationCharacteristics"))
    talk = mapping(mapping(said.get("TalkTime")).get("DetailsByParticipant"))
    speed = mapping(mapping(said.get("TalkSpeed")).get("DetailsByParticipant"))
    overall = mapping(mapping(said.get("Sentiment")).get("OverallSentiment"))
    feeling = mapping(overall.get("DetailsByParticipantRole")) or overall
    answers = mapping(said.get("ResponseTime"))
    answer = mapping(mapping(answers.get("DetailsByParticipantRole")).get("AGENT"))
    found = {
        "non_talk_s": _seconds(mapping(said.get("NonTalkTime")).get("TotalTimeMillis")),
        "interruptions": number(mapping(said.get("Interruptions")).get("TotalCount")),
        "interruptions_s": _seconds(mapping(said.get("Interruptions")).get("TotalTimeMillis")),
        "agent_greeting_s": _seconds(answers.get("AgentGreetingTimeMillis")),
        "agent_response_s": _seconds(mapping(answer.get("Average")).get("ValueMillis")),
        "agent_longest_response_s": _seconds(mapping(answer.get("Maximum")).get("ValueMillis")),
    }
    for role, who in (("AGENT", "agent"), ("CUSTOMER", "customer")):
        found[f"{who}_talk_s"] = _seconds(mapping(talk.get(role)).get("TotalTimeMillis"))
        found[f"{who}_words_per_minute"] = number(mapping(speed.get(role)).get("AverageWordsPerMinute"))
        score = number(feeling.get(role))
        found[f"{who}_sentiment"] = None if score is None else round(score / SCORE, 6)
    return {name: value for name, value in found.items() if value is not None}


def _seconds(millis: object) -> float | None:
    found = number(millis)
    return None if found is None else found / 1000


def _attributes(document: Mapping[str, object]) -> dict[str, object]:
    """The categories that rules found, and whether words were blanked out."""
    matched = listing(mapping(document.get("Categories")).get("MatchedCategories"))
    output = word(mapping(document.get("ContentMetadata")).get("Output"))
    found: dict[str, object] = {"categories": [name for each in matched if (name := word(each))]}
    if output is not None:
        found["redacted"] = output.casefold().startswith("redacted")
    return found
