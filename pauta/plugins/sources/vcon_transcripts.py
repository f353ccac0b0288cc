"""Transcripts as recognisers write them, by the keys that are there: who said what, and when, in their own words.

    Deepgram, whole or a channel of it    results.channels[].alternatives[].paragraphs or .words; results.utterances
    Whisper, WTF                          segments [{start, end, text, speaker}]; speakers {id: name or label}
    AssemblyAI                            utterances [{speaker, text, start, end}], in milliseconds
    lists of what was said                [{speaker or role or parties, message or text, start, end or duration}]
    WebVTT; plain text                    cues; lines that begin with `Name:`, or paragraphs without names

Times are seconds from the start of what was recorded, or moments, as the transcript has them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, TypeAlias

from pauta import ProblemsFound
from pauta.plugins.sources.clocks import moment_of
from pauta.plugins.sources.documents import first, listing, mapping, number, word
from pauta.plugins.sources.webvtt import captions_in

Who: TypeAlias = tuple[str, int] | str | None
"""A party or a channel by its index, `("party", 0)`, a label in the transcript's own words, or nobody."""

TEXTS: Final = ("text", "message", "transcript", "content", "sentence", "punctuated_word", "word")
SPEAKERS: Final = ("speaker", "role", "speaker_label", "speaker_name", "name", "participant")
PARTIES: Final = ("parties", "party")
ODD, EVEN = "odd paragraphs", "even paragraphs"
"""The labels of paragraphs that name nobody, where a plain text has more than one."""

_NAMED_LINE: Final = re.compile(r"(?:\[?[\d:.]{4,12}\]?\s+)?([^\W\d][^:<>\n]{0,60}):\s+(\S.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """What somebody said at a stretch, as a transcript has it."""

    text: str
    who: Who = None
    start: float | datetime | None = None
    end: float | datetime | None = None


def pieces_of(body: object, vendor: str = "") -> list[Piece]:
    """What a transcript says, in its order; nothing where its form is not known."""
    if isinstance(body, str):
        found = list(_of_text(body))
    elif isinstance(body, list):
        found = list(_of_list(body))
    else:
        found = list(_of_map(mapping(body), vendor.casefold()))
    return [each for each in found if each.text.strip()]


def language_of(body: object) -> str | None:
    """The language that a transcript says it is in."""
    whole = mapping(body)
    for part in (whole, mapping(whole.get("transcript")), mapping(whole.get("metadata"))):
        found = first(part, "detected_language", "language", "language_code")
        if isinstance(found, str) and re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", found):
            return found
    return None


def _of_map(body: Mapping[str, object], vendor: str) -> Iterator[Piece]:
    results = mapping(body.get("results"))
    channels = listing(results.get("channels")) or listing(body.get("channels"))
    utterances = listing(results.get("utterances")) or listing(body.get("utterances"))
    if utterances:
        yield from _of_utterances([mapping(each) for each in utterances], in_millis="assembly" in vendor)
    elif channels:
        for index, channel in enumerate(channels):
            alternative = next(iter(listing(mapping(channel).get("alternatives"))), None)
            yield from _of_alternative(mapping(alternative), ("channel", index) if len(channels) > 1 else None)
    elif listing(body.get("segments")):
        yield from _of_segments(body)
    elif "paragraphs" in body or "words" in body:
        yield from _of_alternative(body, None)
    else:
        inside = first(body, "transcript", "text", "messages", "turns", "dialog")
        if isinstance(inside, str | list):
            yield from _of_text(inside) if isinstance(inside, str) else _of_list(inside)
        elif mapping(inside):
            yield from _of_text(str(first(mapping(inside), "text") or ""))


def _of_utterances(utterances: Sequence[Mapping[str, object]], *, in_millis: bool) -> Iterator[Piece]:
    channels = {index for each in utterances if (index := _index(each.get("channel"))) is not None}
    for each in utterances:
        channel = _index(each.get("channel"))
        who: Who = ("channel", channel) if channel is not None and len(channels) > 1 else _label(each)
        piece = _piece(each, who)
        if in_millis and isinstance(piece.start, float) and isinstance(piece.end, float):
            piece = replace(piece, start=piece.start / 1000, end=piece.end / 1000)
        yield piece


def _of_alternative(alternative: Mapping[str, object], channel: Who) -> Iterator[Piece]:
    """Deepgram's: paragraphs with their sentences, else words, else the text alone."""
    paragraphs = [mapping(each) for each in listing(mapping(alternative.get("paragraphs")).get("paragraphs"))]
    words = [mapping(each) for each in listing(alternative.get("words"))]
    if paragraphs:
        for each in paragraphs:
            sentences = [str(mapping(one).get("text") or "") for one in listing(each.get("sentences"))]
            yield replace(_piece(each, channel or _label(each)), text=" ".join(sentences))
    elif words:
        for who, group in groupby(words, key=lambda each: channel or _label(each)):
            run = list(group)
            text = " ".join(str(first(each, "punctuated_word", "word", "text") or "") for each in run)
            yield Piece(text, who, number(run[0].get("start")), number(run[-1].get("end")))
    else:
        whole = first(alternative, "transcript", "text")
        yield from (
            replace(each, who=channel or each.who) for each in _of_text(whole if isinstance(whole, str) else "")
        )


def _of_segments(body: Mapping[str, object]) -> Iterator[Piece]:
    """Whisper's and WTF's: segments, whose speakers may have names beside them."""
    names = body.get("speakers")
    for each in map(mapping, listing(body.get("segments"))):
        label = _label(each)
        named = mapping(names).get(label) if label is not None else None
        shown = word(first(mapping(named), "label", "name")) if isinstance(named, dict) else word(named)
        yield _piece(each, shown or label)


def _of_list(entries: Sequence[object]) -> Iterator[Piece]:
    for entry in entries:
        if isinstance(entry, str):
            yield from _of_text(entry)
            continue
        each = mapping(entry)
        party = next((index for key in PARTIES if (index := _index(each.get(key))) is not None), None)
        yield _piece(each, ("party", party) if party is not None else _label(each))


def _piece(entry: Mapping[str, object], who: Who) -> Piece:
    text = first(entry, *TEXTS)
    start = first(entry, "start", "start_time", "begin")
    begin: float | datetime | None = number(start)
    begin = moment_of(start) if begin is None else begin
    finish = first(entry, "end", "end_time")
    end: float | datetime | None = number(finish)
    end = moment_of(finish) if end is None else end
    length = number(entry.get("duration"))
    if end is None and length is not None and isinstance(begin, float):
        end = begin + length
    elif end is None and length is not None and isinstance(begin, datetime):
        end = _later(begin, length)
    return Piece(text if isinstance(text, str) else "", who, begin, end)


def _later(moment: datetime, seconds: float) -> datetime | None:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _index(value: object) -> int | None:
    """An index, or a list of one (Deepgram writes `channel_index: [0, 2]`, whose first is meant)."""
    alone = value[0] if isinstance(value, list) and value else value
    return alone if isinstance(alone, int) and not isinstance(alone, bool) else None


def _label(entry: Mapping[str, object]) -> str | None:
    found = first(entry, *SPEAKERS)
    if isinstance(found, dict):
        found = first(found, "name", "label", "id")
    return word(found)


def _of_text(text: str) -> Iterator[Piece]:
    """WebVTT; lines that all begin with a name; or paragraphs, which take turns where there are several."""
    if text.lstrip("\ufeff").startswith("WEBVTT"):
        try:
            captions = captions_in(text, "the transcript")
        except ProblemsFound:
            return
        yield from (Piece(each.text, each.label, each.start, each.end) for each in captions.said)
        return
    for lines in (text.splitlines(), re.split(r"\n\s*\n", text)):
        spoken = [line.strip() for line in lines if line.strip()]
        named = [_NAMED_LINE.match(line) for line in spoken]
        if spoken and all(named):
            yield from (Piece(" ".join(found[2].split()), found[1].strip()) for found in named if found)
            return
    if len(spoken) == 1:
        yield Piece(" ".join(spoken[0].split()))
    else:
        yield from (Piece(" ".join(each.split()), EVEN if n % 2 else ODD) for n, each in enumerate(spoken))
