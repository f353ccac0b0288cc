"""Data with places from the events of a YAML parser, in one pass and against limits.

What YAML allows and this format does not is refused here, each with its place: keys written twice, tags, merge keys,
numbers that are none, a comma that splits a number or a text inside braces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import yaml

from pauta.engine.loading.data import Map, Seq, Spot, WrittenFloat, WrittenInt, meaning, written
from pauta.engine.loading.encoding import holds_control_characters
from pauta.engine.loading.syntax import question_mark_problem
from pauta.engine.problems import Place, Problem

MAX_DEPTH: Final = 32
MAX_VALUES: Final = 100_000
MAX_ALIASES: Final = 20
MAX_PROBLEMS: Final = 200


class LimitPassedError(Exception):
    """A limit was passed: what follows in the file is not looked at."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A value that aliases may repeat. `height`: levels below it. None of it is set while the value is still open."""

    value: Any = None
    values: int = 0
    height: int = 0
    open: bool = False


_ENDS: Final = frozenset(("", "?"))
"""How a text ends that means something else inside braces."""

_DROPPED: Final = "a key that was refused"
"""In place of such a key, told by identity: its value is read and left out."""


class _Frame:
    """A collection that is still being read.

    `bare`: keys in braces that have neither colon nor value. `odd`: a key was a map or a list, and was refused.
    """

    __slots__ = (
        "anchor", "bare", "before", "flow", "height", "is_map", "key", "key_end", "key_spot", "odd", "spot", "value",
    )  # fmt: skip

    def __init__(self, value: Map | Seq, spot: Spot, flow: bool, anchor: str | None, before: int) -> None:
        self.value = value
        self.is_map = isinstance(value, Map)
        self.spot = spot
        self.flow = flow
        self.anchor = anchor
        self.before = before
        self.height = 1
        self.key: str | None = None
        self.key_spot = spot
        self.key_end = (0, 0)
        self.bare: list[str] | None = None
        self.odd = False


class Composer:
    """Makes data of events, one at a time. `top` is the result; what is wrong is added to `problems`."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.top: Any = None
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._values = 0
        self._aliases = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event; raises LimitPassedError."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._open(event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents == 2:
                hint = "one file holds one card: put what follows '---' into a file of its own"
                self._stop("E124", "a second YAML document begins here", self._spot(event), hint)

    def _spot(self, event: Any) -> Spot:
        mark = event.start_mark
        return self.file, mark.line + 1, mark.column + 1

    def _problem(self, code: str, message: str, spot: Spot, hint: str | None = None) -> None:
        self._note(Problem(code, message, Place(*spot), hint))

    def _note(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            message = f"the file has {MAX_PROBLEMS} problems and more: what follows is not looked at"
            raise LimitPassedError(Problem("E130", message, problem.place))

    def _stop(self, code: str, message: str, spot: Spot, hint: str | None = None) -> NoReturn:
        raise LimitPassedError(Problem(code, message, Place(*spot), hint))

    def _count(self, values: int, spot: Spot) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._too_many(spot)

    def _too_many(self, spot: Spot) -> NoReturn:
        hint = "split it, or leave out the aliases ('*name') that repeat long parts"
        self._stop("E106", f"the file holds more than {MAX_VALUES:,} values", spot, hint)

    def _check_depth(self, more: int, spot: Spot) -> None:
        if len(self._stack) + more > MAX_DEPTH:
            self._stop("E105", f"the file is nested deeper than {MAX_DEPTH} levels", spot, "is a bracket left open?")

    def _scalar(self, event: Any) -> None:
        """The most frequent event by far: what is rare is looked at in methods of its own."""
        mark = event.start_mark
        spot = self.file, mark.line + 1, mark.column + 1
        self._values += 1
        if self._values > MAX_VALUES:
            self._too_many(spot)
        text: str = event.value
        plain: bool = event.implicit[0]
        frame = self._stack[-1] if self._stack else None
        if not plain and event.style == '"' and holds_control_characters(text):
            text = self._without_escapes(text, spot)
        elif plain and text[-1:] in _ENDS and frame is not None and frame.flow:
            self._in_braces(frame, event, text)
        if event.tag is not None:
            self._tag(event.tag, spot)
        value: Any = text
        if frame is not None and frame.key is None and frame.is_map:
            self._key(frame, text, spot, plain)
            if frame.flow:
                frame.key_end = event.end_mark.line, event.end_mark.column
        else:
            if event.tag is not None:
                value = WrittenFloat(math.nan, text)
            elif plain:
                value = self._meaning(text, spot)
            self._add(value, spot, 0)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)

    def _meaning(self, text: str, spot: Spot) -> Any:
        value = meaning(text)
        if value != value:
            hint = "write a number, or put a text in quotes"
            self._problem("E122", f"'{_short(text)}' is no number that can be counted with", spot, hint)
        return value

    def _without_escapes(self, text: str, spot: Spot) -> str:
        message = "an escape in this text makes a character that no text may hold"
        self._problem("E109", message, spot, "leave the escape out")
        return "".join(char if char.isprintable() else "\ufffd" for char in text)

    def _in_braces(self, frame: _Frame, event: Any, text: str) -> None:
        """What goes wrong inside braces only: a text that ends in a question mark, a key without colon and value."""
        if text:
            end = event.end_mark
            self._note(question_mark_problem(Place(self.file, end.line + 1, end.column)))
        elif frame.key is not None and frame.key_end == (event.start_mark.line, event.start_mark.column):
            frame.bare = [*(frame.bare or ()), frame.key]

    def _open(self, event: Any) -> None:
        spot = self._spot(event)
        self._count(1, spot)
        if event.tag is not None:
            self._tag(event.tag, spot)
        self._check_depth(1, spot)
        value = Map.at_spot(spot) if type(event) is yaml.MappingStartEvent else Seq.at_spot(spot)
        self._stack.append(_Frame(value, spot, bool(event.flow_style), event.anchor, self._values - 1))
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(open=True)

    def _close(self) -> None:
        frame = self._stack.pop()
        if frame.bare and len(frame.value) > 1:
            self._bare_keys(frame.value, frame.bare)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.value, self._values - frame.before, frame.height)
        refused = frame.odd and not frame.value
        self._add(WrittenFloat(math.nan, "") if refused else frame.value, frame.spot, frame.height)

    def _bare_keys(self, entries: Any, bare: list[str]) -> None:
        """`{weight: 1,5}` and `{text: What, why, answers: yes_no}`: a comma that was part of a number or a text."""
        for key in bare:
            names = list(entries)
            before = names[names.index(key) - 1] if key in names and names.index(key) else None
            at = entries.key_at(key)
            if before is not None and _splits_a_number(entries, before, key):
                whole = entries[before].written
                point = f"write {whole}.{key}"
                hint = f"{point}, or {whole}{key} if the comma parts thousands" if len(key) == 3 else point
                message = f"{before} is {whole},{key}: a number has a point, not a comma"
                self._note(Problem("E204", message, entries.at_of(before), hint))
                entries[before] = WrittenFloat(math.nan, f"{whole},{key}")
                del entries[key]
            elif key in entries:
                hint = "a text that holds a comma must be in quotes; a list is written in [ ]"
                self._note(Problem("E131", f"'{_short(key)}' stands between commas without a value", at, hint))
                entries[key] = WrittenFloat(math.nan, "")

    def _alias(self, event: Any) -> None:
        spot = self._spot(event)
        name = event.anchor
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            hint = "name what several questions share in answer_sets, or write it out"
            self._stop("E107", f"the file has more than {MAX_ALIASES} aliases ('*{name}')", spot, hint)
        anchored = self._anchors.get(name)
        if anchored is None:
            hint = f"a text that begins with * must be in quotes: '*{name}'"
            self._problem("E127", f"'*{name}' refers to nothing", spot, hint)
        elif anchored.open:
            self._problem("E127", f"'*{name}' repeats what it is part of, without an end", spot, "write it out")
        if anchored is None or anchored.open:
            anchored = _Anchored(WrittenFloat(math.nan, f"*{name}"), 1, 0)
        self._count(anchored.values, spot)
        self._check_depth(anchored.height, spot)
        self._add(anchored.value, spot, anchored.height)

    def _key(self, frame: _Frame, key: str, spot: Spot, plain: bool) -> None:
        frame.key_spot = spot
        frame.key = _DROPPED
        entries: Any = frame.value
        if key == "<<" and plain:
            hint = "write the entries out, name shared answers in answer_sets, or build on a card with extends"
            self._problem("E123", "unknown key '<<': maps are not merged this way", spot, hint)
        elif key in entries:
            first = entries.key_at(key).line
            message = f"key '{_short(key)}' is written twice, on line {first} and on line {spot[1]}"
            self._problem("E120", message, spot, "keep one of the two")
        else:
            frame.key = key

    def _add(self, value: Any, spot: Spot, height: int) -> None:
        if not self._stack:
            self.top = value
            return
        frame = self._stack[-1]
        if height >= frame.height:
            frame.height = height + 1
        if isinstance(frame.value, Seq):
            frame.value.append_at(value, spot)
        elif frame.key is None:
            self._odd_key(frame, value, spot)
        else:
            if frame.key is not _DROPPED:
                frame.value.put_at(frame.key, value, frame.key_spot, spot)
            frame.key = None

    def _odd_key(self, frame: _Frame, key: Any, spot: Spot) -> None:
        if not isinstance(key, Map | Seq):
            self._key(frame, written(key), spot, plain=False)
            return
        frame.key, frame.key_spot, frame.odd = _DROPPED, spot, True
        what = "map" if isinstance(key, Map) else "list"
        hint = "a text that begins with { or [ must be in quotes"
        self._problem("E126", f"a {what} stands where a key must be", spot, hint)

    def _tag(self, tag: str, spot: Spot) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        hint = "a text that begins with ! must be in quotes"
        self._problem("E121", f"'{_short(shown)}' is a YAML tag, and tags are not part of this format", spot, hint)


def _splits_a_number(entries: Map, before: str, key: str) -> bool:
    """Whether a key is what follows the comma of a number, with no space between: `1,5`."""
    value, at, value_at = entries[before], entries.key_at(key), entries.at_of(before)
    if not isinstance(value, WrittenInt) or not key.isdecimal() or at.line != value_at.line:
        return False
    return at.column == value_at.column + len(value.written) + 1


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
