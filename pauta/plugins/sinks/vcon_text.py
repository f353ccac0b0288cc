"""The text of a vCon, changed in a few places and nowhere else: whatever is not meant to change keeps its bytes.

A program that reads JSON and writes it again changes how numbers, letters and space are written, and with that the
hashes that others took. Here the places of members and entries are found in the text, and only those are replaced.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json import JSONDecoder
from typing import Final

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = JSONDecoder()
CURRENT: Final = "0.4.0"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object, or an entry of a list: where its name begins, where its value stands, and what it is."""

    begin: int
    start: int
    stop: int
    value: object


@dataclass
class Edits:
    """Changes of a text, made all at once."""

    text: str
    _made: list[tuple[int, int, str]] = field(default_factory=list)
    _added: dict[int, list[str]] = field(default_factory=dict)

    def replace(self, member: Member, value: object) -> None:
        """Another value in place of a member's."""
        self._made.append((member.start, member.stop, _written(value)))

    def add(self, start: int, name: str, value: object) -> None:
        """One more member at the end of the object that starts here."""
        self._added.setdefault(start, []).append(f"{_written(name)}: {_written(value)}")

    def append(self, start: int, value: object) -> None:
        """One more entry at the end of the list that starts here."""
        self._added.setdefault(start, []).append(_written(value))

    def made(self) -> str:
        """The text with all changes."""
        changes = list(self._made)
        for start, parts in self._added.items():
            inside = list((members if self.text[start] == "{" else entries)(self.text, start))
            last = inside[-1].stop if inside else start + 1
            changes.append((last, last, (", " if inside else "") + ", ".join(parts)))
        text = self.text
        for start, stop, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[stop:]
        return text


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def begin_of(text: str) -> int:
    """Where the text's one value starts."""
    return _past_space(text, 0)


def members(text: str, start: int) -> Iterator[Member]:
    """The members of the object that starts here; the value of a member's name comes with `name_of`."""
    at = _past_space(text, start + 1)
    while text[at] != "}":
        begin = at
        _, at = _DECODER.raw_decode(text, at)
        value_at = _past_space(text, _past_space(text, at) + 1)
        value, at = _DECODER.raw_decode(text, value_at)
        yield Member(begin, value_at, at, value)
        at = _past_space(text, at)
        at = _past_space(text, at + 1) if text[at] == "," else at


def entries(text: str, start: int) -> Iterator[Member]:
    """The entries of the list that starts here."""
    at = _past_space(text, start + 1)
    while text[at] != "]":
        value, stop = _DECODER.raw_decode(text, at)
        yield Member(at, at, stop, value)
        at = _past_space(text, stop)
        at = _past_space(text, at + 1) if text[at] == "," else at


def named(text: str, start: int) -> Mapping[str, Member]:
    """The members of an object by name; of a name that is written twice the last, as readers take it."""
    return {str(_DECODER.raw_decode(text, each.begin)[0]): each for each in members(text, start)}


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def brought_up_to_date(text: str, now: str) -> str:
    """The text as the current draft's schema takes it: what it demands is added, and nothing is taken from an entry.

    An old version number becomes the current one, an empty `redacted` goes, a moment of creation is the first dialog's
    start, and an attachment that names no time, party or dialog belongs to the first of each.
    """
    start = begin_of(text)
    top = named(text, start)
    edits = Edits(text)
    first = next((each.get("start") for each in _maps(top, "dialog") if each.get("start")), now)
    created = top["created_at"].value if "created_at" in top else first
    if "created_at" not in top:
        edits.add(start, "created_at", created)
    if "vcon" in top and top["vcon"].value != CURRENT:
        edits.replace(top["vcon"], CURRENT)
    for name in ("redacted", "amended"):
        if name in top and top[name].value and name == "redacted" and "type" not in _map(top[name].value):
            edits.add(top[name].start, "type", "unknown")
    if "attachments" in top and isinstance(top["attachments"].value, list):
        for entry in entries(text, top["attachments"].start):
            for name, value in (("start", created), ("party", 0), ("dialog", 0)):
                if isinstance(entry.value, dict) and name not in entry.value:
                    edits.add(entry.start, name, value)
    return without_empty(edits.made(), ("redacted", "amended", "group"))


def without_empty(text: str, names: tuple[str, ...]) -> str:
    """The text without those members of the outermost object that hold nothing."""
    for name in names:
        start = begin_of(text)
        listed = list(members(text, start))
        found = named(text, start).get(name)
        if found is None or found.value not in ({}, [], None):
            continue
        place = next(n for n, each in enumerate(listed) if each.begin == found.begin)
        if place + 1 < len(listed):
            text = text[: found.begin] + text[listed[place + 1].begin :]
        else:
            text = text[: listed[place - 1].stop if place else found.begin] + text[found.stop :]
    return text


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _maps(top: Mapping[str, Member], name: str) -> Iterator[Mapping[str, object]]:
    value = top[name].value if name in top else ()
    yield from (_map(each) for each in value) if isinstance(value, list) else ()
