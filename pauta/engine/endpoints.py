"""The two ends of the way: which source reads a file, which sink writes one, and what a plugin's failure there costs.

files_of(targets, host)         files, folders and globs as the files they mean
calls_in, evaluations_in        what the sources read of them, in order
open_sink(target, host)         the sink for a file's ending, or the one named
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import Final, TypeVar

from pauta.engine.contracts import Sink, Source
from pauta.engine.host import Host
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.problems import Place, Problem, ProblemsFound

T = TypeVar("T")
_MAGIC: Final = frozenset("*?[")


def files_of(targets: Iterable[str | Path], host: Host) -> tuple[list[str], list[Problem]]:
    """The files that paths, globs and folders mean, each once, and a Problem for each that means none.

    Of a folder these are the files that a source can read, in its sub-folders too, by name.
    """
    files: dict[str, None] = {}
    problems: list[Problem] = []
    endings = _endings(host.sources)
    for target in map(str, targets):
        path = Path(target)
        if path.is_dir():
            inside = (each for each in sorted(path.rglob("*")) if each.is_file() and not _hidden(each, path))
            found = [str(each) for each in inside if each.name.lower().endswith(endings)]
        elif not path.exists() and _MAGIC & set(target):
            found = sorted(each for each in glob(target, recursive=True) if Path(each).is_file())  # noqa: PTH207  # absolute too
        else:
            found = [target]
        files.update(dict.fromkeys(found))
        if not found:
            hint = f"files that can be read end in {', '.join(endings)}"
            problems.append(Problem("E514", f"there is no file in '{target}'", Place(target), hint))
    return list(files), problems


def calls_in(files: Iterable[str], host: Host) -> Iterator[Call | Problem]:
    """The calls of files in their order, a Problem in place of each that cannot be read."""
    for file in files:
        yield from _read(file, host, lambda source, file=file: source.calls(file), Call)  # type: ignore[misc]


def evaluations_in(files: Iterable[str], host: Host) -> Iterator[HumanEvaluation | Problem]:
    """People's evaluations in files in their order, a Problem in place of each that cannot be read."""
    for file in files:
        yield from _read(file, host, lambda source, file=file: source.evaluations(file), HumanEvaluation)  # type: ignore[misc]


def _read(
    file: str, host: Host, read: Callable[[Source], Iterable[T | Problem]], kind: type[T]
) -> Iterator[T | Problem]:
    plugin = next((each for each in host.sources.values() if file.lower().endswith(tuple(each.endings))), None)
    if plugin is None:
        hint = f"files that can be read end in {', '.join(_endings(host.sources))}"
        yield Problem("E515", f"no source reads '{file}'", Place(file), hint)
        return
    try:
        for entry in read(plugin({})):
            if not isinstance(entry, kind | Problem):
                raise TypeError(f"it handed over a {type(entry).__name__}, not a {kind.__name__}")
            yield entry
    except Exception as error:  # a plugin may raise anything
        message = f"source '{plugin.name}' failed on '{file}': {type(error).__name__}: {error}"
        yield Problem("E621", message, Place(file), "what it read before stands; tell the plugin's author")


def open_sink(
    target: str, host: Host, *, name: str | None = None, options: Mapping[str, object] | None = None
) -> Sink | Problem:
    """The sink that writes a file, by name or by the file's ending, ready to take results."""
    plugin = host.sinks.get(name) if name else _by_ending(target, host)
    if plugin is None:
        if name:
            return host.unknown("sinks", name, None)
        hint = f"files that can be written end in {', '.join(_endings(host.sinks))}"
        return Problem("E515", f"no sink writes '{target}'", Place(target), hint)
    try:
        return plugin({"path": target, **(options or {})})
    except ProblemsFound as found:
        return found.problems[0]
    except Exception as error:  # a plugin may raise anything
        reason = (
            (error.strerror or str(error)).lower() if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        )
        return Problem("E620", f"sink '{plugin.name}' cannot begin '{target}': {reason}", Place(target))


def _by_ending(target: str, host: Host) -> type[Sink] | None:
    return next((each for each in host.sinks.values() if target.lower().endswith(tuple(each.endings))), None)


def _endings(plugins: Mapping[str, type[Source]] | Mapping[str, type[Sink]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ending for plugin in plugins.values() for ending in plugin.endings))


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
