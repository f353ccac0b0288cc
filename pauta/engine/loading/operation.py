"""The operation's file, `pauta.yaml`: where its cards, plugins, calls and results are, its time zone and languages.

find_operation(start)       the file in a folder or in one above it
load_operation(path)        what it says, with every problem
revealed(options, ...)      options with `${env:NAME}` and `${file:path}` replaced by what they stand for
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pauta.engine.loading.data import Map, Seq, written
from pauta.engine.loading.pieces import word_in
from pauta.engine.loading.shape import check_shape
from pauta.engine.loading.text import read_yaml_file
from pauta.engine.problems import Place, Problem, ProblemsFound, has_errors, in_order, nearest

FILE: Final = "pauta.yaml"
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600}
_BYTES: Final = {"MiB": 2**20, "GiB": 2**30}
Number = TypeVar("Number", int, float)
_SECRET: Final = re.compile(r"\$\{(env|file):([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A source or a sink as the file writes it: `name: {options}`, or a bare path, then without a name."""

    name: str
    options: Mapping[str, object]
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """Where calls or people's answers come from: a file, a folder or a glob, or whatever a source takes.

    `source` is the source's name, '' where the ending of each file decides. `written` is the target as the operation's
    file has it, for sources whose targets are no files.
    """

    target: str
    source: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    at: Place | None = None
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Watch:
    """How plugins are watched: which run isolated, their limits in seconds and in bytes, for all or by name."""

    isolate: bool | tuple[str, ...] = ()
    timeouts: float | Mapping[str, float] | None = None
    memory: int | Mapping[str, int] | None = None


@dataclass(frozen=True)
class Operation:
    """One operation, its paths seen from where the program runs; `data` is the whole file as it was read.

    sinks: each with its `path`; without a name the path's ending decides.
    """

    id: str
    file: Path
    timezone: ZoneInfo | None = None
    languages: tuple[str, ...] = ()
    scorecards: tuple[Path, ...] = ()
    plugins: tuple[Path, ...] = ()
    watch: Watch = Watch()
    calls: tuple[Feed, ...] = ()
    answers: tuple[Feed, ...] = ()
    sinks: tuple[Entry, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The operation's own folder."""
        return self.file.parent


def find_operation(start: Path | str = ".") -> Path | None:
    """The operation's file in a folder, else in the nearest folder above it; None where there is none."""
    folder = Path(start).resolve()
    return next((found for each in (folder, *folder.parents) if (found := each / FILE).is_file()), None)


def load_operation(path: Path | str) -> tuple[Operation | None, list[Problem]]:
    """What an operation's file says, or None, with everything that is wrong with it."""
    data, problems = read_yaml_file(path)
    if data is None:
        return None, in_order(problems)
    problems += check_shape(data, "operation")
    timezone = _timezone(data, problems)
    if has_errors(problems):
        return None, in_order(problems)
    folder = Path(path).parent
    calls, answers = _feeds(data, folder, problems)
    operation = Operation(
        id=word_in(data, "operation") or "",
        file=Path(path),
        timezone=timezone,
        languages=tuple(written(each) for each in _listed(data.get("languages"))),
        scorecards=tuple(folder / written(each) for each in _listed(data.get("scorecards", "scorecards"))),
        plugins=tuple(folder / written(each) for each in _listed(_of_plugins(data).get("folder", "plugins"))),
        watch=_watch(_of_plugins(data)),
        calls=calls,
        answers=answers,
        sinks=tuple(_sinks(data, folder, problems)),
        data=data,
    )
    return (None if has_errors(problems) else operation), in_order(problems)


def revealed(
    options: Mapping[str, object], at: Place | None, *, environment: Mapping[str, str] = os.environ
) -> dict[str, object]:
    """Options of a source or sink with their secrets in place. Raises ProblemsFound, naming what is not there.

    What comes out is for the plugin alone: it is never printed, and a problem names the variable, never its value.
    """
    return {key: _revealed(value, at, environment) for key, value in options.items()}


def _revealed(value: object, at: Place | None, environment: Mapping[str, str]) -> object:
    if isinstance(value, Mapping):
        return {key: _revealed(each, at, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [_revealed(each, at, environment) for each in value]
    if not isinstance(value, str):
        return value
    return _SECRET.sub(lambda found: _secret(found[1], found[2], at, environment), value)


def _secret(kind: str, name: str, at: Place | None, environment: Mapping[str, str]) -> str:
    if kind == "env":
        if name in environment:
            return environment[name]
        raise ProblemsFound(
            [Problem("E733", f"the environment variable {name} is not set", at, "set it before the run")]
        )
    try:
        return Path(name).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ProblemsFound([Problem("E733", f"the secret in '{name}' cannot be read: {reason}", at)]) from error


def _timezone(data: Map, problems: list[Problem]) -> ZoneInfo | None:
    name = word_in(data, "timezone")
    if name is None:
        return None
    known = available_timezones()
    if name in known:
        return ZoneInfo(name)
    near = nearest(name, known)
    hint = f"did you mean '{near}'?" if near else "write it as in Europe/Madrid or America/Bogota"
    problems.append(Problem("E731", f"there is no time zone '{name}'", data.at_of("timezone"), hint))
    return None


def _of_plugins(data: Map) -> Mapping[str, object]:
    given = data.get("plugins", "plugins")
    return given if isinstance(given, Mapping) else {"folder": given}


def _watch(given: Mapping[str, object]) -> Watch:
    isolate = given.get("isolate", False)
    return Watch(
        isolate if isinstance(isolate, bool) else tuple(written(each) for each in _listed(isolate)),
        _limits(given.get("timeout"), lambda limit: float(limit.split()[0]) * _SECONDS[limit.split()[1]]),
        _limits(given.get("memory"), lambda limit: int(limit.split()[0]) * _BYTES[limit.split()[1]]),
    )


def _limits(given: object, read: Callable[[str], Number]) -> Number | dict[str, Number] | None:
    if isinstance(given, Mapping):
        return {name: read(written(limit)) for name, limit in given.items()}
    return None if given is None else read(written(given))


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _feeds(data: Map, folder: Path, problems: list[Problem]) -> tuple[tuple[Feed, ...], tuple[Feed, ...]]:
    """Calls and answers: a bare path holds calls; `jsonl: {answers: path}` holds people's answers."""
    feeds: dict[str, list[Feed]] = {"calls": [], "answers": []}
    for entry in _entries(data, "sources"):
        if not entry.name:
            feeds["calls"].append(Feed(_seen_from(folder, entry.options["path"]), at=entry.at))
            continue
        options = {key: value for key, value in entry.options.items() if key not in feeds}
        if isinstance(options.get("path"), str):
            options["path"] = _seen_from(folder, options["path"])
        for kind, found in feeds.items():
            for target in _listed(entry.options.get(kind)):
                found.append(Feed(_seen_from(folder, target), entry.name, options, entry.at, written(target)))
        if not feeds.keys() & entry.options.keys():
            hint = f"{entry.name}: {{calls: calls/*.jsonl}}, or {{answers: answers/*.csv}}"
            problems.append(
                Problem("E732", f"the source '{entry.name}' names neither calls nor answers", entry.at, hint)
            )
    return tuple(feeds["calls"]), tuple(feeds["answers"])


def _seen_from(folder: Path, path: object) -> str:
    """A path of the file as the program needs it; an address (`https://..`) and a secret stay as they are."""
    text = written(path)
    return text if "://" in text or text.startswith("${") else str(folder / text)


def _sinks(data: Map, folder: Path, problems: list[Problem]) -> list[Entry]:
    sinks = []
    for entry in _entries(data, "sinks"):
        path = entry.options.get("path")
        options = dict(entry.options) if path is None else {**entry.options, "path": _seen_from(folder, path)}
        sinks.append(Entry(entry.name, options, entry.at))
    return sinks


def _entries(data: Map, key: str) -> list[Entry]:
    listed = data.get(key)
    found = []
    for index, each in enumerate(listed if isinstance(listed, Seq) else ()):
        at = listed.at_of(index) if isinstance(listed, Seq) else None
        if isinstance(each, Map):
            name, options = next(iter(each.items()))
            found.append(Entry(name, options if isinstance(options, Map) else {}, at))
        else:
            found.append(Entry("", {"path": written(each)}, at))
    return found
