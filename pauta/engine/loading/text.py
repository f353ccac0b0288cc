"""YAML to data with places: `read_yaml`. YAML 1.2 meanings, every fault a Problem, nothing that can hang or crash.

The data is built from the parser's events in one pass. No node tree is composed before the limits are known:
PyYAML's C loader dies of 30,000 nested brackets, while counting events costs nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, overload

import yaml

from pauta.engine.loading.data import Data, Map, Seq, Spot, WrittenFloat, WrittenInt, place_at, written
from pauta.engine.loading.encoding import decoded, holds_control_characters, without_control_characters
from pauta.engine.loading.syntax import question_mark_problem, syntax_problem
from pauta.engine.problems import Place, Problem, nearest

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32
MAX_VALUES: Final = 100_000
MAX_ALIASES: Final = 20
MAX_PROBLEMS: Final = 200

D = TypeVar("D", Map, Seq)
Loader: TypeAlias = type[yaml.SafeLoader] | type[yaml.CSafeLoader]
LOADER: Final[Loader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@overload
def read_yaml(source: bytes | str, file: str) -> tuple[Map | None, list[Problem]]: ...
@overload
def read_yaml(source: bytes | str, file: str, top: type[D]) -> tuple[D | None, list[Problem]]: ...
def read_yaml(source: bytes | str, file: str, top: Any = Map) -> tuple[Any, list[Problem]]:
    """What a YAML text says, with everything that is wrong with it as text; `top` is what its top level must be.

    The data is None where the text could not be read to its end. A key written twice keeps its first value; a value
    that is refused stands as NaN, so that later checks can leave it alone.
    """
    size = len(source if isinstance(source, bytes) else source.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return None, [_too_large(file, size)]
    text, problem = decoded(source, file)
    if problem:
        return None, [problem]
    text, problems = without_control_characters(text, file)
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        return None, [*problems, *builder.problems, syntax_problem(error, text, file)]
    except _LimitError as limit:
        return None, [*problems, *builder.problems, limit.problem]
    problems += builder.problems
    if not isinstance(builder.top, top):
        return None, [*problems, _wrong_top(builder.top, top, file)]
    return builder.top, problems


@overload
def read_yaml_file(path: Path | str) -> tuple[Map | None, list[Problem]]: ...
@overload
def read_yaml_file(path: Path | str, top: type[D]) -> tuple[D | None, list[Problem]]: ...
def read_yaml_file(path: Path | str, top: Any = Map) -> tuple[Any, list[Problem]]:
    """What a YAML file says (see `read_yaml`); a file that is missing, too large or no file is a Problem too."""
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            source = stream.read(MAX_BYTES + 1)
        if len(source) > MAX_BYTES:
            return None, [_too_large(file, max(Path(path).stat().st_size, len(source)))]
    except (OSError, ValueError) as error:
        return None, [_unreadable(Path(path), error)]
    return read_yaml(source, file, top)


class _LimitError(Exception):
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


_DROPPED: Final = "a key that was refused"
"""In place of such a key, told by identity: its value is read and left out."""


class _Frame:
    """A collection that is still being read."""

    __slots__ = ("anchor", "before", "flow", "height", "key", "key_spot", "spot", "value")

    def __init__(self, value: Map | Seq, spot: Spot, flow: bool, anchor: str | None, before: int) -> None:
        self.value = value
        self.spot = spot
        self.flow = flow
        self.anchor = anchor
        self.before = before
        self.height = 1
        self.key: str | None = None
        self.key_spot = spot


class _Builder:
    """Makes data of events, one at a time; `top` is the result."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.top: Any = None
        self.problems: list[Problem] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._values = 0
        self._aliases = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
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
            raise _LimitError(Problem("E130", message, problem.place))

    def _stop(self, code: str, message: str, spot: Spot, hint: str | None = None) -> NoReturn:
        raise _LimitError(Problem(code, message, Place(*spot), hint))

    def _count(self, values: int, spot: Spot) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            hint = "split it, or leave out the aliases ('*name') that repeat long parts"
            self._stop("E106", f"the file holds more than {MAX_VALUES:,} values", spot, hint)

    def _scalar(self, event: Any) -> None:
        spot = self._spot(event)
        self._count(1, spot)
        text: str = event.value
        plain: bool = event.implicit[0]
        if event.tag is not None:
            self._tag(event.tag, spot)
        frame = self._stack[-1] if self._stack else None
        if event.style == '"' and holds_control_characters(text):
            hint = "leave the escape out"
            self._problem("E109", "an escape in this text makes a character that no text may hold", spot, hint)
            text = "".join(char if char.isprintable() else "\ufffd" for char in text)
        if plain and text.endswith("?") and frame is not None and frame.flow:
            end = event.end_mark
            self._note(question_mark_problem(Place(self.file, end.line + 1, end.column)))
        if frame is not None and frame.key is None and isinstance(frame.value, Map):
            value: Any = text
            self._key(frame, text, spot, plain)
        else:
            value = self._resolved(text, spot) if plain and text[:1] in _MAY_BE_MORE else text
            if event.tag is not None:
                value = WrittenFloat(math.nan, text)
            self._add(value, spot, 0)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)

    def _open(self, event: Any) -> None:
        spot = self._spot(event)
        self._count(1, spot)
        if event.tag is not None:
            self._tag(event.tag, spot)
        self._check_depth(1, spot)
        kind = Map if isinstance(event, yaml.MappingStartEvent) else Seq
        self._stack.append(_Frame(kind(Place(*spot)), spot, bool(event.flow_style), event.anchor, self._values - 1))
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(open=True)

    def _close(self) -> None:
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.value, self._values - frame.before, frame.height)
        self._add(frame.value, frame.spot, frame.height)

    def _alias(self, event: Any) -> None:
        spot = self._spot(event)
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            hint = "name what several questions share in answer_sets, or write it out"
            self._stop("E107", f"the file has more than {MAX_ALIASES} aliases ('*{event.anchor}')", spot, hint)
        anchored = self._anchors.get(event.anchor)
        if anchored is None or anchored.open:
            message = f"'*{event.anchor}' repeats itself" if anchored else f"'*{event.anchor}' refers to nothing"
            hint = None if anchored else f"a text that begins with * must be in quotes: '*{event.anchor}'"
            self._problem("E127", message, spot, hint)
            anchored = _Anchored(WrittenFloat(math.nan, f"*{event.anchor}"), 1, 0)
        self._count(anchored.values, spot)
        self._check_depth(anchored.height, spot)
        self._add(anchored.value, spot, anchored.height)

    def _check_depth(self, more: int, spot: Spot) -> None:
        if len(self._stack) + more > MAX_DEPTH:
            self._stop("E105", f"the file is nested deeper than {MAX_DEPTH} levels", spot, "is a bracket left open?")

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
        entries: Any = frame.value
        if isinstance(entries, Seq):
            entries.append(value)
            entries._spots.append(spot)
        elif frame.key is None:
            self._odd_key(frame, value, spot)
        else:
            if frame.key is not _DROPPED:
                entries[frame.key] = value
                entries._spots[frame.key] = frame.key_spot, spot
            frame.key = None

    def _odd_key(self, frame: _Frame, key: Any, spot: Spot) -> None:
        if not isinstance(key, Map | Seq):
            self._key(frame, written(key), spot, plain=False)
            return
        frame.key, frame.key_spot = _DROPPED, spot
        what = "map" if isinstance(key, Map) else "list"
        hint = "a text that begins with { or [ must be in quotes"
        self._problem("E126", f"a {what} stands where a key must be", spot, hint)

    def _tag(self, tag: str, spot: Spot) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        hint = "a text that begins with ! must be in quotes"
        self._problem("E121", f"'{_short(shown)}' is a YAML tag, and tags are not part of this format", spot, hint)

    def _resolved(self, text: str, spot: Spot) -> Any:
        if text in _WORDS:
            return _WORDS[text]
        if text[:1] not in _MAY_BE_NUMBER:
            return text
        number = _number(text)
        if isinstance(number, float) and math.isnan(number):
            hint = "write a number, or put a text in quotes"
            self._problem("E122", f"'{_short(text)}' is no number that can be counted with", spot, hint)
        return number


_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAY_BE_NUMBER: Final = frozenset("0123456789+-.")
_MAY_BE_MORE: Final = _MAY_BE_NUMBER | frozenset(word[:1] for word in _WORDS)
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS: Final = 300
"""Longer whole numbers do not fit a float64 (and Python refuses to read more than 4,300 digits)."""


def _number(text: str) -> str | int | float:
    """A plain scalar by the core schema of YAML 1.2: a number, NaN for one that is refused, or the text itself."""
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            return WrittenFloat(math.nan, text)
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return WrittenInt(int(text, base), text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return WrittenFloat(number if math.isfinite(number) else math.nan, text)
    return WrittenFloat(math.nan, text) if _NOT_FINITE.fullmatch(text) else text


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _too_large(file: str, size: int) -> Problem:
    return Problem(
        "E104",
        f"the file is too large: {size / MAX_BYTES:.1f} MiB, and 1 MiB is the most",
        Place(file),
        "a card is written by people and stays small: is this the right file?",
    )


def _wrong_top(found: Data, top: type[Map] | type[Seq], file: str) -> Problem:
    if found is None:
        return Problem("E103", "the file is empty", Place(file), None)
    wanted = "'key: value' lines" if top is Map else "a list, '- ' before each entry"
    kind = {Map: "'key: value' lines", Seq: "a list"}.get(type(found), "a text")  # type: ignore[arg-type]
    place = found.at if isinstance(found, Map | Seq) else Place(file, 1, 1)
    return Problem("E125", f"the file must hold {wanted}, and it holds {kind}", place, None)


def _unreadable(path: Path, error: OSError | ValueError) -> Problem:
    place = Place(str(path))
    if isinstance(error, FileNotFoundError):
        near = nearest(path.name, _neighbours(path))
        hint = f"did you mean '{path.parent / near}'?" if near else None
        return Problem("E101", f"there is no file '{path}'", place, hint)
    if isinstance(error, IsADirectoryError):
        return Problem("E102", f"'{path}' is a folder, not a file", place, "name a file in it")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem("E102", f"'{path}' cannot be opened: {reason.lower()}", place, None)


def _neighbours(path: Path) -> Iterator[str]:
    try:
        yield from sorted(each.name for each in path.parent.iterdir() if each.is_file())
    except OSError:
        return


__all__ = [
    "MAX_ALIASES", "MAX_BYTES", "MAX_DEPTH", "MAX_VALUES", "Data", "Map", "Seq", "WrittenFloat", "WrittenInt",
    "place_at", "read_yaml", "read_yaml_file", "written",
]  # fmt: skip
