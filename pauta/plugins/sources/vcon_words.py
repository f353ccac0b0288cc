"""What was said in a vCon: texts as they were written, recordings as their transcripts have them, on one clock.

Seconds count from the start of the first dialog: what is said in a later one is later by the difference of their
starts. A dialog whose words are not in the file (a recording without a transcript, content at an address, content that
was redacted away) leaves the conversation incomplete, and `missing` says so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Final
from urllib.parse import urlsplit

from pauta.plugins.sources.clocks import seconds_between
from pauta.plugins.sources.documents import first, listing, mapping, word
from pauta.plugins.sources.speakers import AGENT, Person, Said, in_time, labels_of, roles_of
from pauta.plugins.sources.vcon_forms import CONVERSATION, NO_CONVERSATION, Dialog, content_of, covered_by, first_moment
from pauta.plugins.sources.vcon_parties import Cast
from pauta.plugins.sources.vcon_transcripts import EVEN, ODD, Piece, language_of, pieces_of

_TAG: Final = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>")
_KINDS: Final = ("transcript", "transcription", "diarized")


@dataclass
class Words:
    """What was said, with who the labels in it are; and why something is missing."""

    said: list[Said] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    language: str | None = None


@dataclass(frozen=True)
class _Transcript:
    """A transcript, the dialogs that it covers, and how good a kind of transcript it is."""

    covers: Sequence[int]
    body: object
    vendor: str
    kind: int


def words_of(
    document: Mapping[str, object], dialogs: Sequence[Dialog], cast: Cast, options: Mapping[str, object]
) -> Words:
    """The words of the conversation, dialog by dialog."""
    words = Words()
    transcripts = sorted(_transcripts(document, dialogs), key=lambda each: each.kind)
    redacted = bool(mapping(document.get("redacted")))
    covered: set[int] = set()
    for dialog in dialogs:
        if dialog.kind in NO_CONVERSATION or dialog.index in covered:
            continue
        text = text_of(dialog) if dialog.kind == "text" else None
        if text is not None:
            _add_text(words, dialog, text, cast)
            continue
        heard = [each for each in transcripts if dialog.index in each.covers]
        chosen = _best(heard, dialogs, cast, options)
        if chosen is not None:
            transcript, said, people = chosen
            covered.update(transcript.covers)
            words.said += said
            words.people.update(people)
            words.language = words.language or language_of(transcript.body)
        elif not (dialog.kind == "text" and dialog.mediatype.startswith("image/")):
            words.missing.append(_why_missing(dialog, had_transcript=bool(heard), redacted=redacted))
    if not words.said and not words.missing:
        words.missing.append(_why_nothing(dialogs))
    words.said = in_time(words.said)
    return words


def _add_text(words: Words, dialog: Dialog, text: str, cast: Cast) -> None:
    label = f"party {dialog.speaker}" if dialog.speaker is not None else None
    person = cast.person(dialog.speaker)
    if label is not None and person is not None:
        words.people[label] = person
    if text.strip():
        words.said.append(Said(text.strip(), label, dialog.offset))


def _transcripts(document: Mapping[str, object], dialogs: Sequence[Dialog]) -> Iterator[_Transcript]:
    """Every transcript: as an analysis, or as an attachment in the transcription format of its own."""
    spoken = [each for each in dialogs if each.kind not in NO_CONVERSATION]
    for entry in map(mapping, listing(document.get("analysis"))):
        kind = (word(entry.get("type")) or "").casefold()
        rank = next((n for n, name in enumerate(_KINDS) if kind.startswith(name)), None)
        if rank is not None:
            about = " ".join(filter(None, (word(entry.get(key)) for key in ("vendor", "product", "schema"))))
            yield _Transcript(covered_by(entry, spoken), content_of(entry), about, rank)
    for entry in map(mapping, listing(document.get("attachments"))):
        if (word(first(entry, "purpose", "type")) or "").casefold().startswith(("wtf", "transcript")):
            yield _Transcript(covered_by(entry, spoken), content_of(entry), "", len(_KINDS))


def _best(
    transcripts: Sequence[_Transcript], dialogs: Sequence[Dialog], cast: Cast, options: Mapping[str, object]
) -> tuple[_Transcript, list[Said], dict[str, Person]] | None:
    """The first transcript that says who the agent is, else the first that says anything."""
    found = []
    for transcript in transcripts:
        pieces = pieces_of(transcript.body, transcript.vendor)
        covers = [each for each in dialogs if each.index in transcript.covers]
        if pieces and covers:
            said = _timed(pieces, covers, dialogs)
            people = _people(pieces, said, covers[0], cast, options)
            found.append((transcript, said, people))
    clear = (each for each in found if any(person.role == AGENT for person in each[2].values()))
    return next(clear, found[0] if found else None)


def _timed(pieces: Sequence[Piece], covers: Sequence[Dialog], dialogs: Sequence[Dialog]) -> list[Said]:
    """What was said in seconds from the start of the first dialog; a transcript counts from the first it covers."""
    begin = first_moment([dialog.start for dialog in dialogs])
    offset = covers[0].offset if begin is not None else 0.0 if len(dialogs) == 1 else None

    def seconds(time: float | datetime | None) -> float | None:
        if isinstance(time, datetime):
            return seconds_between(begin, time) if begin is not None else None
        return None if time is None or offset is None else offset + time

    return [Said(each.text, _label(each, covers[0]), seconds(each.start), seconds(each.end)) for each in pieces]


def _label(piece: Piece, dialog: Dialog) -> str | None:
    """Who said it as a label: a party by its index, a channel by the party on it, else the transcript's own word."""
    if not isinstance(piece.who, tuple):
        return piece.who
    kind, index = piece.who
    if kind == "party":
        return f"party {index}"
    party = dialog.channels[index] if 0 <= index < len(dialog.channels) else None
    return f"party {party}" if party is not None else f"channel {index}"


def _people(
    pieces: Sequence[Piece], said: Sequence[Said], dialog: Dialog, cast: Cast, options: Mapping[str, object]
) -> dict[str, Person]:
    """Who the labels of a transcript are."""
    people: dict[str, Person] = {}
    indexed = {each.label for each, piece in zip(said, pieces) if isinstance(piece.who, tuple)}
    given = mapping(options.get("speakers"))
    labels = labels_of(said)
    for label in labels:
        party = label.removeprefix("party ") if label in indexed and label.startswith("party ") else None
        person = cast.person(int(party)) if party is not None else None if label in given else cast.named(label)
        if person is not None:
            people[label] = person
    unknown = [label for label in labels if label not in people]
    if set(unknown) <= {ODD, EVEN} and options.get("paragraphs_take_turns") is not True:
        unknown = [label for label in unknown if label in given]
    alone = len(labels) == 1 and len(dialog.parties) > 1 and not any(label in given for label in unknown)
    first_speaker = None if people or alone else options.get("first_speaker")
    roles = roles_of(unknown, given, first_speaker if isinstance(first_speaker, str) else None)
    sole = cast.agents[0] if len(cast.agents) == 1 else None
    return people | {label: Person(role, sole if role == AGENT else None) for label, role in roles.items()}


def _why_missing(dialog: Dialog, *, had_transcript: bool, redacted: bool) -> str:
    """Why the words of a dialog are not there. Of an address only the host is told: the rest may be a key."""
    what = "a recording" if dialog.kind.startswith("recording") else f"of type '{dialog.kind[:40]}'"
    url = dialog.entry.get("url")
    if dialog.kind not in CONVERSATION and not url and dialog.entry.get("body") is None:
        return f"dialog {dialog.index} is {what}, which is not known here"
    if had_transcript:
        return f"the transcript of dialog {dialog.index} has no words in a form that is known"
    if isinstance(url, str) and url:
        where = f"at {host}" if (host := _host(url)) else "at an address"
        return f"dialog {dialog.index} is {what} {where}, which is not fetched, and no transcript came with it"
    if dialog.entry.get("body") is None:
        gone = "was redacted away" if redacted else "is not there"
        return f"the content of dialog {dialog.index} {gone}, and no transcript came with it"
    if dialog.kind == "text":
        return f"the content of dialog {dialog.index} cannot be read as text"
    return f"dialog {dialog.index} is {what}, and no transcript came with it"


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _why_nothing(dialogs: Sequence[Dialog]) -> str:
    unmet = next((each for each in dialogs if each.kind == "incomplete"), None)
    if unmet is not None:
        return f"there was no conversation ({word(unmet.entry.get('disposition')) or 'incomplete'})"
    return "nothing was said"


def text_of(dialog: Dialog) -> str | None:
    """The text of a dialog, be it plain, HTML or an e-mail of several parts; None where it is none."""
    kind = dialog.mediatype.partition(";")[0].strip()
    own = dialog.entry.get("body")
    encoding = word(dialog.entry.get("encoding")) or ""
    body = content_of(dialog.entry) if encoding.casefold() in ("json", "base64url", "base64") else own
    if not isinstance(body, str):
        return None
    if kind.startswith(("multipart/", "message/")):
        written = word(first(dialog.entry, "mediatype", "mimetype")) or ""
        head = "" if kind == "message/rfc822" else f"Content-Type: {written}\r\n\r\n"
        return _of_email(head + body)
    if kind == "text/html":
        return _without_tags(body)
    return body if not kind or kind.startswith(("text/", "application/json")) else None


def _of_email(text: str) -> str | None:
    import email
    import email.policy

    try:
        part = email.message_from_string(text, policy=email.policy.default).get_body(("plain", "html"))
        content = part.get_content() if part is not None else None
    except Exception:  # hostile mail brings the parser of the standard library down in many ways
        return None
    if not isinstance(content, str):
        return None
    return _without_tags(content) if part is not None and part.get_content_subtype() == "html" else content


def _without_tags(text: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", text)).split())


__all__ = ["Words", "text_of", "words_of"]
