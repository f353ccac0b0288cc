"""The two ends of the way: which source reads a file, which sink writes one, and what a plugin's failure there costs.

files_of(targets, host)         files, folders and globs as the files they mean
calls_in, evaluations_in        what the sources read of them, in order
open_sink(target, host)         the sink for a file's ending, or the one named
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from glob import glob
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from pauta.engine.contracts import Sink, Source
from pauta.engine.host import Host, LoadedPlugin, PluginError
from pauta.engine.loading.operation import Feed, revealed
from pauta.engine.loading.shape import check_options
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.problems import Place, Problem, ProblemsFound

T = TypeVar("T")
CHUNK: Final = 100
"""So many records are asked of a source at a time; what it takes over them is limited, not what a whole file takes."""

TOLD_ONE_BY_ONE: Final = 3
SAID_OF_EVERY_CALL: Final = frozenset(("W540", "W541"))
"""Warnings that a whole folder of calls may earn: so many of each are told, the others are counted."""

HEAD: Final = 64 * 1024
"""So many bytes of a file are shown to sources that must say whether it is theirs."""

_MAGIC: Final = frozenset("*?[")


def files_of(targets: Iterable[str | Path | Feed], host: Host) -> tuple[list[Feed], list[Problem]]:
    """The files that paths, globs and folders mean, each once, and a Problem for each that means none.

    Of a folder these are the files that a source can read, in its sub-folders too, by name.
    """
    files: dict[tuple[str, str], Feed] = {}
    problems: list[Problem] = []
    for given in targets:
        feed = given if isinstance(given, Feed) else Feed(str(given))
        path = Path(feed.target)
        named = host.sources.get(feed.source)
        endings = _endings(host.sources if named is None else {feed.source: named}) or _endings(host.sources)
        if named is not None and not getattr(named, "takes_files", True):
            feed = replace(feed, target=feed.written or feed.target)
            found = [feed.target]
        elif path.is_dir():
            inside = (each for each in sorted(path.rglob("*")) if each.is_file() and not _hidden(each, path))
            found = [str(each) for each in inside if each.name.lower().endswith(endings)]
        elif not path.exists() and _MAGIC & set(feed.target):
            matching = glob(feed.target, recursive=True)  # noqa: PTH207  # a pattern may begin anywhere
            found = sorted(each for each in matching if Path(each).is_file())
        else:
            found = [feed.target]
        for target in found:
            files.setdefault((target, feed.source), replace(feed, target=target))
        if not found:
            hint = f"files that can be read end in {', '.join(endings)}"
            at = feed.at or Place(feed.target)
            problems.append(Problem("E514", f"there is no file in '{feed.target}'", at, hint))
    return list(files.values()), problems


def calls_in(files: Iterable[Feed], host: Host) -> Iterator[Call | Problem]:
    """The calls of files in their order, a Problem in place of each that cannot be read."""
    yield from _folded(
        entry
        for feed in files
        for entry in _read(feed, host, lambda source, feed=feed: source.calls(feed.target), Call)  # type: ignore[misc]
    )


def evaluations_in(files: Iterable[Feed], host: Host) -> Iterator[HumanEvaluation | Problem]:
    """People's evaluations in files in their order, a Problem in place of each that cannot be read."""
    yield from _folded(
        entry
        for feed in files
        for entry in _read(feed, host, lambda source, feed=feed: source.evaluations(feed.target), HumanEvaluation)  # type: ignore[misc]
    )


def _folded(entries: Iterator[T | Problem]) -> Iterator[T | Problem]:
    """Entries in which a warning that comes again and again, file after file, is told a few times and then counted."""
    told: Counter[str] = Counter()
    last: dict[str, Problem] = {}
    for entry in entries:
        if isinstance(entry, Problem) and entry.code in SAID_OF_EVERY_CALL:
            told[entry.code] += 1
            if told[entry.code] > TOLD_ONE_BY_ONE:
                last[entry.code] = entry
                continue
        yield entry
    for code, problem in last.items():
        more = told[code] - TOLD_ONE_BY_ONE
        what = problem.message if more == 1 else f"{more:,} more like this one: {problem.message}"
        yield replace(problem, message=what)


def _read(
    feed: Feed, host: Host, read: Callable[[Source], Iterable[T | Problem]], kind: type[T]
) -> Iterator[T | Problem]:
    plugin = _source_of(feed, host)
    if isinstance(plugin, Problem):
        yield plugin
        return
    try:
        options = revealed(feed.options, feed.at)
    except ProblemsFound as found:
        yield from found.problems
        return
    owner, doing = host.owner("sources", plugin.name), f"reading '{feed.target}'"
    chunk: list[T | Problem] = []

    def take(entries: Iterator[T | Problem]) -> None:
        for entry in islice(entries, CHUNK):
            if not isinstance(entry, kind | Problem):
                raise TypeError(f"it handed over a {type(entry).__name__}, not a {kind.__name__}")
            chunk.append(entry)

    try:
        entries = owner.run(lambda: iter(read(plugin(options))), doing)
        while True:
            owner.run(lambda: take(entries), doing, calls=CHUNK)
            yield from chunk
            if len(chunk) < CHUNK:
                return
            chunk.clear()
    except PluginError as error:
        yield from chunk
        yield failure("E621", f"source '{plugin.name}' failed on '{feed.target}'", Place(feed.target), owner, error)


def failure(code: str, what: str, place: Place, owner: LoadedPlugin | None, error: PluginError) -> Problem:
    """The problem of a source or sink that failed: what it did, whose plugin it is, why, and where in its code."""
    if error.problem is not None:
        return error.problem
    cause = error.__cause__
    hint = None
    reason = error.reason
    if isinstance(cause, ProblemsFound):
        hint = next((problem.hint for problem in cause.problems if problem.hint), None)
    elif isinstance(cause, OSError) and cause.strerror:
        reason = cause.strerror.lower()
    if owner is not None and not owner.built_in:
        hint = hint or (f"its code stopped at {error.place}" if error.place else None)
        what = f"{what} ({owner})"
    return Problem(code, f"{what}: {reason}", place, hint)


def _source_of(feed: Feed, host: Host) -> type[Source] | Problem:
    if feed.source and feed.source not in host.sources:
        return host.unknown("sources", feed.source, feed.at)
    if feed.source:
        plugin = host.sources[feed.source]
        wrong = check_options(
            dict(feed.options), plugin.options, feed.at or Place(feed.target), f"source '{plugin.name}'"
        )
        return wrong[0] if wrong else plugin
    fitting = _fitting(feed.target, host)
    if not fitting:
        hint = f"files that can be read end in {', '.join(_endings(host.sources))}"
        return Problem("E515", f"no source reads '{feed.target}'", Place(feed.target), hint)
    return fitting[0] if len(fitting) == 1 else _recognised(feed.target, fitting, host)


def _fitting(target: str, host: Host) -> list[type[Source]]:
    """The sources whose endings fit a file best: `.vcon.json` says more than `.json`."""
    name = target.lower()
    longest = [max((len(each) for each in plugin.endings if name.endswith(each)), default=0)
               for plugin in host.sources.values()]  # fmt: skip
    best = max(longest, default=0)
    return [plugin for plugin, length in zip(host.sources.values(), longest, strict=True) if length == best > 0]


def _recognised(target: str, fitting: Sequence[type[Source]], host: Host) -> type[Source] | Problem:
    """The one of several sources that says that a file is its own, else the first that reads all of its ending."""
    try:
        with Path(target).open("rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return fitting[0]  # it says why the file cannot be read
    others: list[type[Source]] = []
    for plugin in fitting:
        recognises: Callable[[bytes], bool] | None = getattr(plugin, "recognises", None)
        if recognises is None:
            others.append(plugin)
            continue
        owner = host.owner("sources", plugin.name)
        try:
            if owner.run(partial(recognises, head), f"looking at '{target}'"):
                return plugin
        except PluginError as error:
            return failure("E621", f"source '{plugin.name}' failed on '{target}'", Place(target), owner, error)
    if others:
        return others[0]
    names = ", ".join(sorted(plugin.name for plugin in fitting))
    hint = f"where one of them is meant, name it in pauta.yaml: - {fitting[0].name}: {{calls: ..}}"
    return Problem("E515", f"'{target}' is nothing that {names} knows", Place(target), hint)


def open_sink(
    target: str,
    host: Host,
    *,
    name: str | None = None,
    options: Mapping[str, object] | None = None,
    at: Place | None = None,
) -> Sink | Problem:
    """The sink that writes a file, by name or by its ending, ready to take results. `at`: where it was asked for.

    A sink that writes no file is opened by name with an empty target.
    """
    given = {**({"path": target} if target else {}), **(options or {})}
    plugin = sink_class(target, name, host)
    if plugin is None:
        if name:
            return host.unknown("sinks", name, at)
        hint = f"files that can be written end in {', '.join(_endings(host.sinks))}"
        return Problem("E515", f"no sink writes '{target}'", Place(target), hint)
    wrong = check_options(given, plugin.options, at or Place(target or plugin.name), f"sink '{plugin.name}'")
    if wrong:
        return wrong[0]
    owner = host.owner("sinks", plugin.name)
    try:
        return owner.run(lambda: plugin(given), f"beginning '{target or plugin.name}'")
    except PluginError as error:
        cause = error.__cause__
        if owner.built_in and isinstance(cause, ProblemsFound):
            return cause.problems[0]
        what = f"sink '{plugin.name}' cannot begin" + (f" '{target}'" if target else "")
        return failure("E620", what, at or Place(target or plugin.name), owner, error)


def sink_class(target: str, name: str | None, host: Host) -> type[Sink] | None:
    """The class of sinks of this name, without a name the one that writes files of this ending; None where none is."""
    if name:
        return host.sinks.get(name)
    return next((each for each in host.sinks.values() if target.lower().endswith(_endings({"": each}))), None)


def _endings(plugins: Mapping[str, type[Source]] | Mapping[str, type[Sink]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ending for plugin in plugins.values() for ending in getattr(plugin, "endings", ())))


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
