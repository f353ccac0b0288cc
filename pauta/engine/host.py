"""The plugins of one run: found, loaded one by one, and what they offer by name."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final

import pluggy

from pauta.engine import hookspecs
from pauta.engine.contracts import Action, Criterion, Method, Offered, Rule, Sink, Source
from pauta.engine.problems import Place, Problem, did_you_mean

BUILT_IN: Final = (
    "pauta.plugins.criteria.phrase",
    "pauta.plugins.criteria.timing",
    "pauta.plugins.criteria.condition",
    "pauta.plugins.criteria.sequence",
    "pauta.plugins.criteria.combinations",
    "pauta.plugins.methods.grades",
    "pauta.plugins.actions.follow_up",
    "pauta.plugins.sources.jsonl",
    "pauta.plugins.sources.csv",
    "pauta.plugins.sinks.jsonl",
    "pauta.plugins.sinks.csv",
    "pauta.plugins.sinks.sqlite",
)
GROUP: Final = "pauta"
KINDS: Final = ("criteria", "rules", "actions", "methods", "sources", "sinks")


@dataclass
class LoadedPlugin:
    """A plugin and what became of it. `offers`: kind -> names; `failure` is None where it works."""

    name: str
    version: str
    origin: str
    offers: dict[str, list[str]] = field(default_factory=dict)
    failure: Problem | None = None


class Host:
    """The plugins of one run. A plugin that fails to load becomes a Problem that names it; the others stay."""

    def __init__(
        self, *, folder: Path | None = None, built_in: Sequence[str] = BUILT_IN, installed: bool = True
    ) -> None:
        self.criteria: dict[str, type[Criterion]] = {}
        self.rules: dict[str, type[Rule]] = {}
        self.actions: dict[str, type[Action]] = {}
        self.methods: dict[str, type[Method]] = {}
        self.sources: dict[str, type[Source]] = {}
        self.sinks: dict[str, type[Sink]] = {}
        self.plugins: list[LoadedPlugin] = []
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        from pauta import __version__

        for name in built_in:
            self._load(name, __version__, "built in", lambda name=name: importlib.import_module(name))  # type: ignore[misc]
        if installed:
            for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda each: each.name):
                version = entry.dist.version if entry.dist else "?"
                self._load(entry.name, version, f"package {entry.dist.name if entry.dist else entry.value}", entry.load)
        for path in sorted(folder.glob("*.py")) if folder and folder.is_dir() else ():
            self._load(path.stem, "file", str(path), lambda path=path: _module_at(path))  # type: ignore[misc]

    @property
    def problems(self) -> list[Problem]:
        """What went wrong while loading, one Problem for each plugin that failed."""
        return [plugin.failure for plugin in self.plugins if plugin.failure]

    def unknown(self, kind: str, name: str, place: Place | None) -> Problem:
        """The problem of a name that no plugin of a kind offers, with the nearest name and the plugins that failed."""
        known = sorted(getattr(self, kind))
        failed = [plugin.name for plugin in self.plugins if plugin.failure]
        hint = did_you_mean(name, known) or f"there are: {', '.join(known)}"
        if failed:
            hint += f" (these plugins failed to load: {', '.join(failed)}; see `pauta plugins`)"
        return Problem("E310", f"no plugin offers the {_SINGULAR[kind]} '{name}'", place, hint)

    def register(self, plugin: object, name: str, *, version: str = "?", origin: str = "registered") -> LoadedPlugin:
        """Take in a plugin that is at hand already, as tests and notebooks do."""
        return self._load(name, version, origin, lambda: plugin)

    def _load(self, name: str, version: str, origin: str, get: Callable[[], object]) -> LoadedPlugin:
        loaded = LoadedPlugin(name, version, origin)
        self.plugins.append(loaded)
        try:
            self._register(get(), loaded)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may raise anything, SystemExit included
            place = _place_of(error, origin)
            message = f"plugin '{name}' {version} ({origin}) does not load: {type(error).__name__}: {error}"
            loaded.failure = Problem("E601", message, place, "the other plugins run on; mend or remove this one")
            self._withdraw(loaded)
        return loaded

    def _register(self, plugin: object, loaded: LoadedPlugin) -> None:
        self._manager.register(plugin, name=f"{loaded.origin}:{loaded.name}")
        self._manager.check_pending()
        for kind in KINDS:
            hook = getattr(plugin, f"register_{kind}", None)
            if hook is not None:
                hook(lambda offered, kind=kind: self._offer(kind, offered, loaded))

    def _offer(self, kind: str, offered: type[Offered], loaded: LoadedPlugin) -> None:
        offers: dict[str, type[Offered]] = getattr(self, kind)
        if offered.name in offers:
            raise ValueError(f"the {_SINGULAR[kind]} '{offered.name}' is already offered by another plugin")
        offers[offered.name] = offered
        loaded.offers.setdefault(kind, []).append(offered.name)

    def _withdraw(self, loaded: LoadedPlugin) -> None:
        for kind, names in loaded.offers.items():
            for name in names:
                getattr(self, kind).pop(name, None)
        loaded.offers.clear()
        plugin = self._manager.get_plugin(f"{loaded.origin}:{loaded.name}")
        if plugin is not None:
            self._manager.unregister(plugin)

    def versions(self) -> dict[str, str]:
        """Name -> version of every plugin that works and is not built in, as results record them."""
        return {
            plugin.name: plugin.version
            for plugin in self.plugins
            if plugin.failure is None and plugin.origin != "built in"
        }

    def __iter__(self) -> Iterator[LoadedPlugin]:
        return iter(self.plugins)


_SINGULAR: Final = {
    "criteria": "criterion", "rules": "rule", "actions": "action", "methods": "scoring method", "sources": "source",
    "sinks": "sink",
}  # fmt: skip


def _module_at(path: Path) -> ModuleType:
    name = f"pauta_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be read as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _place_of(error: BaseException, origin: str) -> Place | None:
    if isinstance(error, SyntaxError) and error.filename:
        return Place(error.filename, error.lineno or 0, error.offset or 0)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == origin] or list(frames[-1:])
    return Place(own[-1].filename, own[-1].lineno or 0, 1) if own else None
