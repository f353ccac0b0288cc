"""The two ends of the way: which source reads a file, which sink writes one, and what a plugin's failure there costs.

files_of(targets, host)         files, folders and globs as the files they mean
calls_in, evaluations_in        what the sources read of them, in order
open_sink(target, host)         the sink for a file's ending, or the one named
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from glob import glob
from pathlib import Path
from typing import Final, TypeVar

from pauta.engine.contracts import Sink, Source
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.loading.shape import check_options
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.problems import Place, Problem, ProblemsFound

T = TypeVar("T")
_MAGIC: Final = frozenset("*?[")


def files_of(targets: Iterable[str | Path | Feed], host: Host) -> tuple[list[Feed], list[Problem]]:
    """The files that paths, globs and folders mean, each once, and a Problem for each that means none.

    Of a folder these are the files that a source can read, in its sub-folders too, by name.
    """
    files: dict[tuple[str, str], Feed] = {}
    problems: list[Problem] = []
    endings = _endings(host.sources)
    for given in targets:
        feed = given if isinstance(given, Feed) else Feed(str(given))
        path = Path(feed.target)
        if path.is_dir():
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
    for feed in files:
        yield from _read(feed, host, lambda source, feed=feed: source.calls(feed.target), Call)  # type: ignore[misc]


def evaluations_in(files: Iterable[Feed], host: Host) -> Iterator[HumanEvaluation | Problem]:
    """People's evaluations in files in their order, a Problem in place of each that cannot be read."""
    for feed in files:
        yield from _read(feed, host, lambda source, feed=feed: source.evaluations(feed.target), HumanEvaluation)  # type: ignore[misc]


def _read(
    feed: Feed, host: Host, read: Callable[[Source], Iterable[T | Problem]], kind: type[T]
) -> Iterator[T | Problem]:
    plugin = _source_of(feed, host)
    if isinstance(plugin, Problem):
        yield plugin
        return
    try:
        for entry in read(plugin(feed.options)):
            if not isinstance(entry, kind | Problem):
                raise TypeError(f"it handed over a {type(entry).__name__}, not a {kind.__name__}")
            yield entry
    except Exception as error:  # a plugin may raise anything
        message = f"source '{plugin.name}' failed on '{feed.target}': {type(error).__name__}: {error}"
        yield Problem("E621", message, Place(feed.target), "what it read before stands; tell the plugin's author")


def _source_of(feed: Feed, host: Host) -> type[Source] | Problem:
    if feed.source and feed.source not in host.sources:
        return host.unknown("sources", feed.source, feed.at)
    if feed.source:
        plugin = host.sources[feed.source]
        wrong = check_options(
            dict(feed.options), plugin.options, feed.at or Place(feed.target), f"source '{plugin.name}'"
        )
        return wrong[0] if wrong else plugin
    for plugin in host.sources.values():
        if feed.target.lower().endswith(tuple(plugin.endings)):
            return plugin
    hint = f"files that can be read end in {', '.join(_endings(host.sources))}"
    return Problem("E515", f"no source reads '{feed.target}'", Place(feed.target), hint)


def open_sink(
    target: str,
    host: Host,
    *,
    name: str | None = None,
    options: Mapping[str, object] | None = None,
    at: Place | None = None,
) -> Sink | Problem:
    """The sink that writes a file, by name or by its ending, ready to take results. `at`: where it was asked for."""
    given = {"path": target, **(options or {})}
    plugin = host.sinks.get(name) if name else _by_ending(target, host)
    if plugin is None:
        if name:
            return host.unknown("sinks", name, at)
        hint = f"files that can be written end in {', '.join(_endings(host.sinks))}"
        return Problem("E515", f"no sink writes '{target}'", Place(target), hint)
    wrong = check_options(given, plugin.options, at or Place(target), f"sink '{plugin.name}'")
    if wrong:
        return wrong[0]
    try:
        return plugin(given)
    except ProblemsFound as found:
        return found.problems[0]
    except Exception as error:  # a plugin may raise anything
        reason = (
            (error.strerror or str(error)).lower() if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        )
        return Problem("E620", f"sink '{plugin.name}' cannot begin '{target}': {reason}", at or Place(target))


def _by_ending(target: str, host: Host) -> type[Sink] | None:
    return next((each for each in host.sinks.values() if target.lower().endswith(tuple(each.endings))), None)


def _endings(plugins: Mapping[str, type[Source]] | Mapping[str, type[Sink]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ending for plugin in plugins.values() for ending in plugin.endings))


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
