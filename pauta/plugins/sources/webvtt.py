"""Calls from WebVTT captions, as meeting tools and recorders write them: a file a call, its id the file's name.

Who speaks is the voice of a cue, `<v Ana>`, or a name before a colon where every cue of the file has one. Who of them
is the agent is said by `speakers`, by the name itself (`Agent`, `Customer`) or by `first_speaker`; where that leaves
it open the words are left out with a warning. Cues of one voice that follow each other without a break are one turn.
Notes, styles and regions are skipped; a cue whose time cannot be read costs the file, for a call with words missing
would be judged by the rest.

    WEBVTT                                               sources:
                                                           - webvtt: {calls: "calls/*.vtt", speakers: {Ana: agent}}
    00:00.500 --> 00:02.000
    <v Ana>Good morning, this is Ana.                    a turn of the agent, 0.5 s to 2 s
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import ClassVar, Final

from pauta import Call, HumanEvaluation, Place, Problem, ProblemsFound, hookimpl
from pauta.plugins.sources.documents import shown, text_in
from pauta.plugins.sources.speakers import (
    AGENT,
    HINT,
    OPTIONS,
    ROLE_WORDS,
    Person,
    Said,
    in_time,
    labels_of,
    parts_of,
    roles_of,
    told,
    without_words,
)

JOINED_WITHIN_S: Final = 0.25
"""Cues of one voice with a shorter pause between them are lines of one caption, not turns."""

_TIMES: Final = re.compile(
    r"[ \t]*(?:(\d{1,6}):)?([0-5]?\d):([0-5]\d)[.,](\d{3})[ \t]+-->[ \t]+(?:(\d{1,6}):)?([0-5]?\d):([0-5]\d)[.,](\d{3})"
    r"(?:[ \t].*)?\Z",
    re.ASCII,
)
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?[ \t\n]([^<>]*)>|</v>")
_TAG: Final = re.compile(r"<[^<>]*>")
_NAMED: Final = re.compile(r"([^\W\d][^:<>\n]{0,60}):\s+(?=\S)")
_LANGUAGE: Final = re.compile(r"Language:[ \t]*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)[ \t]*\Z")


class Webvtt:
    """A file of captions."""

    name: ClassVar[str] = "webvtt"
    purpose: ClassVar[str] = "Reads calls from WebVTT captions with the names of those who speak, a file a call."
    endings: ClassVar[tuple[str, ...]] = (".vtt",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Files of captions."},
            **OPTIONS,
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Take the options as checked."""
        speakers = options.get("speakers")
        self._speakers = speakers if isinstance(speakers, Mapping) else {}
        first = options.get("first_speaker")
        self._first = first if isinstance(first, str) else None

    def calls(self, target: str) -> Iterator[Call | Problem]:
        """The call of a file, once for each of its agents, or the Problem that says why there is none."""
        text = text_in(target)
        if isinstance(text, Problem):
            yield text
            return
        try:
            captions = captions_in(text, target)
        except ProblemsFound as found:
            yield from found.problems
            return
        call_id, at = Path(target).name.removesuffix(".vtt"), Place(target)
        said = in_time(captions.said)
        roles = roles_of(labels_of(said), self._speakers, self._first)
        people = {label: Person(role, _agent_id(label, role)) for label, role in roles.items()}
        record = {"call_id": call_id, "channel": "voice", "language": captions.language}
        for part in parts_of(said, people):
            why = part.why or (None if said else "the file has no cues")
            warning = without_words(call_id, why, at, HINT if said else None) if why else None
            yield from told({**record, "agent": part.agent, "turns": list(part.turns)}, at, warning)

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """None: captions hold no answers."""
        return [Problem("E544", f"'{target}' is a file of captions, which holds no answers of people", Place(target))]


def _agent_id(label: str, role: str | None) -> str | None:
    return label if role == AGENT and label.casefold() not in ROLE_WORDS else None


@dataclass(frozen=True, slots=True)
class Captions:
    """What the cues of a file say, in their order, and the language that its head names."""

    said: Sequence[Said]
    language: str | None = None


def captions_in(text: str, file: str) -> Captions:
    """The captions of a WebVTT text. Raises ProblemsFound where it is none, or where a cue cannot be read."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd").split("\n")
    if not re.match(r"WEBVTT([ \t]|\Z)", lines[0]):
        hint = "the first line of a WebVTT file is WEBVTT"
        raise ProblemsFound([Problem("E540", f"'{file}' is not a WebVTT file", Place(file, 1, 1), hint)])
    language = None
    cues: list[Said] = []
    for start, block in _blocks(lines):
        if start == 0:
            language = next((found[1] for line in block if (found := _LANGUAGE.match(line))), None)
        elif not _is_aside(block):
            cues += _cue(start, block, file)
    return Captions(list(_joined(_named(cues))), language)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The lines between blank ones, each block with the number of its first line, counted from 0."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _is_aside(block: Sequence[str]) -> bool:
    """Whether a block is no cue: a note, which may say anything, or a style or a region."""
    word = block[0].split(maxsplit=1)[0]
    return word == "NOTE" or (word in ("STYLE", "REGION") and "-->" not in "".join(block[:2]))


def _cue(start: int, block: Sequence[str], file: str) -> Iterator[Said]:
    """What is said in a cue, voice by voice. Its id, where it has one, stands above its times."""
    timing = next((n for n, line in enumerate(block[:2]) if "-->" in line), None)
    if timing is None:
        hint = "a blank line ends a cue: is there one in the midst of its text?"
        at = Place(file, start + 1, 1)
        raise ProblemsFound([Problem("E546", f"'{shown(block[0])}' stands outside of every cue", at, hint)])
    at = Place(file, start + timing + 1, 1)
    times = _TIMES.match(block[timing])
    if not times:
        hint = "a cue's times are written 00:01:02.500 --> 00:01:04.000"
        raise ProblemsFound([Problem("E546", f"the times '{shown(block[timing])}' cannot be read", at, hint)])
    begin, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
    if end < begin:
        raise ProblemsFound([Problem("E546", f"the cue ends at {end:g} s, before it starts at {begin:g} s", at)])
    for voice, words in _voices("\n".join(block[timing + 1 :])):
        yield Said(words, voice, begin, end)


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """The text of a cue by voice, without its tags."""
    voice: str | None = None
    begin = 0
    for tag in [*_VOICE.finditer(text), None]:
        words = " ".join(unescape(_TAG.sub("", text[begin : tag.start() if tag else None])).split())
        if words:
            yield voice, words
        if tag:
            voice = " ".join(unescape(tag[1] or "").split()) or None
            begin = tag.end()


def _named(cues: Sequence[Said]) -> Sequence[Said]:
    """Where no cue has a voice and all begin with a name and a colon, those names are the voices."""
    found = [None if cue.label else _NAMED.match(cue.text) for cue in cues]
    if not all(found):
        return cues
    return [replace(cue, label=name[1].strip(), text=cue.text[name.end() :]) for cue, name in zip(cues, found) if name]


def _joined(cues: Iterable[Said]) -> Iterator[Said]:
    """Cues of one voice that follow each other without a break as one."""
    run: list[Said] = []
    for cue in cues:
        if run and not (run[-1].label == cue.label is not None and _follows(run[-1], cue)):
            yield _one(run)
            run = []
        run.append(cue)
    if run:
        yield _one(run)


def _follows(before: Said, cue: Said) -> bool:
    return 0 <= (cue.start or 0.0) - (before.end or 0.0) <= JOINED_WITHIN_S


def _one(run: Sequence[Said]) -> Said:
    return replace(run[0], text=" ".join(cue.text for cue in run), end=run[-1].end)


@hookimpl
def register_sources(register: Callable[[type[Webvtt]], None]) -> None:
    """Offer the source."""
    register(Webvtt)
