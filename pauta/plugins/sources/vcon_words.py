"""What was said in a vCon: texts as they were written, recordings as their transcripts have them, on one clock.

Seconds count from the start of the first dialog: what is said in a later one is later by the difference of their
starts. A dialog whose words are not in the file (a recording without a transcript, content at an address, content that
was redacted away) leaves the conversation incomplete, and `missing` says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from pauta.plugins.sources.clocks import seconds_between
from pauta.plugins.sources.documents import first, listing, mapping, shown, word
from pauta.plugins.sources.speakers import AGENT, Person, Said, in_time, labels_of, roles_of
from pauta.plugins.sources.vcon_forms import CONVERSATION, NO_CONVERSATION, Dialog, content_of, covered_by, first_moment
from pauta.plugins.sources.vcon_mail import text_of_mail, without_tags
from pauta.plugins.sources.vcon_parties import Cast
from pauta.plugins.sources.vcon_transcripts import EVEN, ODD, Piece, language_of, pieces_of

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

    covers: frozenset[int]
    kind: int
    pieces: Sequence[Piece]
    language: str | None


def _transcript(entry: Mapping[str, object], spoken: Sequence[Dialog], kind: int) -> _Transcript:
    about = " ".join(filter(None, (word(entry.get(key)) for key in ("vendor", "product", "schema"))))
    body = content_of(entry)
    return _Transcript(frozenset(covered_by(entry, spoken)), kind, pieces_of(body, about), language_of(body))


def words_of(
    document: Mapping[str, object], dialogs: Sequence[Dialog], cast: Cast, options: Mapping[str, object]
) -> Words:
    """The words of the conversation, dialog by dialog."""
    words = Words()
    found = sorted(_transcripts(document, dialogs), key=lambda each: each.kind)
    transcripts = [each for each in found if each.pieces]
    wordless = {index for each in found if not each.pieces for index in each.covers}
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
            words.language = words.language or transcript.language
        elif not (dialog.kind == "text" and dialog.mediatype.startswith("image/")):
            words.missing.append(_why_missing(dialog, had_transcript=dialog.index in wordless, redacted=redacted))
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
            yield _transcript(entry, spoken, rank)
    for entry in map(mapping, listing(document.get("attachments"))):
        if (word(first(entry, "purpose", "type")) or "").casefold().startswith(("wtf", "transcript")):
            yield _transcript(entry, spoken, len(_KINDS))


def _best(
    transcripts: Sequence[_Transcript], dialogs: Sequence[Dialog], cast: Cast, options: Mapping[str, object]
) -> tuple[_Transcript, list[Said], dict[str, Person]] | None:
    """The first transcript that says who the agent is, else the first that says anything."""
    found = []
    for transcript in transcripts:
        covers = [each for each in dialogs if each.index in transcript.covers]
        said = _timed(transcript.pieces, covers, dialogs)
        people = _people(transcript.pieces, said, covers[0], cast, options)
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
    if {ODD, EVEN} & set(labels) and options.get("paragraphs_take_turns") is not True:
        labels = [label for label in labels if label in given]
    alone = len(labels) == 1 and len(dialog.parties) > 1 and not people
    first_speaker = None if alone else options.get("first_speaker")
    known = {label: person.role for label, person in people.items() if person.role is not None}
    roles = roles_of(labels, {**known, **given}, first_speaker if isinstance(first_speaker, str) else None)
    sole = cast.agents[0] if len(cast.agents) == 1 else None
    found = {label: Person(role, sole if role == AGENT else None) for label, role in roles.items()}
    return {**found, **people}


def _why_missing(dialog: Dialog, *, had_transcript: bool, redacted: bool) -> str:
    """Why the words of a dialog are not there. Of an address only the host is told: the rest may be a key."""
    what = "a recording" if dialog.kind.startswith("recording") else f"of type '{shown(dialog.kind)}'"
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
        host = urlsplit(url[:2000]).hostname
    except ValueError:
        return None
    return shown(host) if host else None


def _why_nothing(dialogs: Sequence[Dialog]) -> str:
    unmet = next((each for each in dialogs if each.kind == "incomplete"), None)
    if unmet is not None:
        return f"there was no conversation ({shown(unmet.entry.get('disposition') or 'incomplete')})"
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
        return text_of_mail(word(first(dialog.entry, "mediatype", "mimetype")) or "", body)
    if kind == "text/html":
        return without_tags(body)
    return body if not kind or kind.startswith(("text/", "application/json")) else None
