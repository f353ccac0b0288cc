"""The plugins of one run: found, loaded one by one, and what they offer by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, Final

from pauta.engine.acting import Action, Rule
from pauta.engine.contracts import KINDS, SINGULAR, Command, Criterion, Method, Sink, Source
from pauta.engine.problems import Place, Problem, did_you_mean
from pauta.engine.seam.discovery import (
    Code,
    code_of_file,
    code_of_module,
    files_in,
    installed_plugins,
    module_at,
    near,
    version_of_file,
)
from pauta.engine.seam.loaded import BUILT_IN as BUILT_IN_ORIGIN, LoadedPlugin, PluginError, one_line
from pauta.engine.seam.offers import COMMANDS, SCORECARDS, Offer, OfferRefusedError, offers_of

__all__ = ["BUILT_IN", "KINDS", "Host", "LoadedPlugin", "PluginError"]

BUILT_IN: Final = (
    "pauta.plugins.criteria.phrase",
    "pauta.plugins.criteria.timing",
    "pauta.plugins.criteria.condition",
    "pauta.plugins.criteria.sequence",
    "pauta.plugins.criteria.combinations",
    "pauta.plugins.packs.collections",
    "pauta.plugins.packs.sales",
    "pauta.plugins.packs.support",
    "pauta.plugins.packs.verification",
    "pauta.plugins.methods.grades",
    "pauta.plugins.rules.critical_error",
    "pauta.plugins.rules.repeat_error",
    "pauta.plugins.rules.accumulated",
    "pauta.plugins.rules.below_threshold",
    "pauta.plugins.rules.process_problem",
    "pauta.plugins.rules.recognition",
    "pauta.plugins.actions.follow_up",
    "pauta.plugins.sources.jsonl",
    "pauta.plugins.sources.csv",
    "pauta.plugins.sources.xlsx",
    "pauta.plugins.sources.parquet",
    "pauta.plugins.sources.sql",
    "pauta.plugins.sources.vcon",
    "pauta.plugins.sources.contact_lens",
    "pauta.plugins.sources.transcribe_call_analytics",
    "pauta.plugins.sources.webvtt",
    "pauta.plugins.sinks.jsonl",
    "pauta.plugins.sinks.csv",
    "pauta.plugins.sinks.sqlite",
    "pauta.plugins.sinks.xlsx",
    "pauta.plugins.sinks.parquet",
    "pauta.plugins.sinks.vcon",
    "pauta.plugins.sinks.email",
    "pauta.plugins.sinks.apprise",
    "pauta.plugins.sinks.postgres",
    "pauta.plugins.sinks.webhook",
)

_LATE: Final = ("pauta.plugins.sources.", "pauta.plugins.sinks.")
"""Built-in plugins that are loaded when they are asked for: a check of cards does without."""


class Host:
    """The plugins of one run. A plugin that fails to load becomes a Problem that names it; the others stay.

    folder: where the operation's own plugins are, one folder or several. isolate: the names of plugins that run in a
    process of their own; True for all that are not built in. timeouts: the seconds that a plugin may take at a time (to
    load, to make a criterion, over a batch), by name or for all. memory: the bytes that an isolated plugin may take.
    """

    def __init__(
        self,
        *,
        folder: Path | Sequence[Path] | None = None,
        built_in: Sequence[str] = BUILT_IN,
        installed: bool = True,
        isolate: bool | Collection[str] = (),
        timeouts: float | Mapping[str, float] | None = None,
        memory: int | Mapping[str, int] | None = None,
    ) -> None:
        self.criteria: dict[str, type[Criterion]] = {}
        self.rules: dict[str, type[Rule]] = {}
        self.actions: dict[str, type[Action]] = {}
        self.methods: dict[str, type[Method]] = {}
        self._sources: dict[str, type[Source]] = {}
        self._sinks: dict[str, type[Sink]] = {}
        self.commands: dict[str, Command] = {}
        self.scorecards: list[tuple[str, Path]] = []
        """The plugins that bring cards, each with a folder of cards or a card."""
        self._plugins: list[LoadedPlugin] = []
        self._owners: dict[tuple[str, str], LoadedPlugin] = {}
        self._told: list[Problem] = []
        self._isolate, self._timeouts, self._memory = isolate, timeouts, memory
        from pauta import __version__

        self._later = [name for name in built_in if name.startswith(_LATE)]
        self._turn = RLock()
        self._version = __version__
        for name in built_in:
            if name not in self._later:
                self._built_in(name)
        for entry in installed_plugins() if installed else ():
            origin = f"package {entry.dist.name if entry.dist else entry.value}"
            version = entry.dist.version if entry.dist else "?"
            plugin = LoadedPlugin(entry.name, version, origin, code=code_of_module(entry.value))
            self._external(plugin, entry.load, entry=entry.value)
        folders = [folder] if isinstance(folder, Path) else folder or ()
        for path in (file for each in folders for file in files_in(each)):
            plugin = LoadedPlugin(path.stem, version_of_file(path), near(str(path)), code=code_of_file(path))
            self._external(plugin, lambda path=path: module_at(path), file=str(path))  # type: ignore[misc]
        self._check_settings()

    @property
    def sources(self) -> dict[str, type[Source]]:
        """What reads calls and people's answers. The built-in ones are loaded when somebody first asks for any."""
        self._load_the_rest()
        return self._sources

    @property
    def sinks(self) -> dict[str, type[Sink]]:
        """What takes results. The built-in ones are loaded when somebody first asks for any."""
        self._load_the_rest()
        return self._sinks

    @property
    def plugins(self) -> list[LoadedPlugin]:
        """All plugins, the built-in ones first."""
        self._load_the_rest()
        return self._plugins

    @property
    def problems(self) -> list[Problem]:
        """One Problem for each plugin that failed to load or was switched off, and those of settings about plugins."""
        return [*(plugin.problem for plugin in self._plugins if plugin.problem), *self._told]

    def unknown(self, kind: str, name: str, place: Place | None) -> Problem:
        """The problem of a name that no plugin of a kind offers, with the nearest name and the plugins that failed."""
        known = sorted(getattr(self, kind))
        failed = [plugin.name for plugin in self._plugins if plugin.failure]
        hint = did_you_mean(name, known) or f"there are: {', '.join(known)}"
        if failed:
            hint += f" (these plugins failed to load: {', '.join(failed)}; see `pauta plugins`)"
        return Problem("E310", f"no plugin offers the {SINGULAR[kind]} '{name}'", place, hint)

    def register(self, plugin: object, name: str, *, version: str = "?", origin: str = "registered") -> LoadedPlugin:
        """Take in a plugin that is at hand already, as tests and notebooks do."""
        return self._take(LoadedPlugin(name, version, origin, timeout=_of(self._timeouts, name)), lambda: plugin)

    def owner(self, kind: str, name: str) -> LoadedPlugin:
        """The plugin that offers a name. KeyError where none does."""
        return self._owners[kind, name]

    def purpose(self, kind: str, name: str) -> str:
        """What something that is offered is for, in one sentence; '' where its plugin does not say."""
        if kind == "scorecards":
            return ""
        offered: Any = getattr(self, kind).get(name)
        if kind == COMMANDS:
            return one_line(str(getattr(offered, "help", None) or "").strip().partition("\n")[0])
        return one_line(str(getattr(offered, "purpose", "") or ""))

    def versions(self, used: Iterable[tuple[str, str]] | None = None) -> dict[str, str]:
        """Name -> version of plugins that work and are not built in, as results record them.

        Of all of them, or of those that offer what is used: (kind, name).
        """
        owners = self._plugins if used is None else [self._owners[each] for each in used if each in self._owners]
        chosen = {plugin.name: plugin.version for plugin in owners if not plugin.failure and not plugin.built_in}
        return dict(sorted(chosen.items()))

    def commands_beside(self, taken: Collection[str]) -> dict[str, Command]:
        """The commands that plugins offer, but those whose name is taken by a built-in one: they become problems."""
        for name in [name for name in self.commands if name in taken]:
            plugin = self._owners.pop((COMMANDS, name))
            del self.commands[name]
            plugin.offers[COMMANDS].remove(name)
            message = f"{plugin} offers the command '{name}', which pauta has itself"
            self._told.append(Problem("E617", message, None, "the command is left out; the plugin must rename it"))
        return dict(self.commands)

    def _built_in(self, name: str) -> None:
        self._take(LoadedPlugin(name, self._version, BUILT_IN_ORIGIN), lambda: importlib.import_module(name))

    def _load_the_rest(self) -> None:
        """Load the built-in sources and sinks: with what they import they take longer than all the others together."""
        with self._turn:
            later, self._later = self._later, []
            for name in later:
                self._built_in(name)
            if later:
                self._plugins.sort(key=lambda plugin: not plugin.built_in)

    def _external(
        self, plugin: LoadedPlugin, get: Callable[[], object], *, file: str | None = None, entry: str | None = None
    ) -> None:
        """Take in a plugin that is not built in, in a process of its own where the settings say so."""
        plugin.timeout = _of(self._timeouts, plugin.name)
        plugin.isolated = self._isolate if isinstance(self._isolate, bool) else plugin.name in self._isolate
        if not plugin.isolated:
            self._take(plugin, get)
            return
        from pauta.engine.seam.isolation import IsolatedOffer, Recipe, Worker

        worker = Worker(plugin, Recipe(plugin.name, file, entry, _of(self._memory, plugin.name)))

        def offers() -> list[Offer]:
            return [Offer("criteria", each.name, IsolatedOffer(worker, each), each.place) for each in worker.load()]

        self._take_offers(plugin, offers)

    def _take(self, plugin: LoadedPlugin, get: Callable[[], object]) -> LoadedPlugin:
        """Load a plugin and take what it offers, all of it or none."""
        trusted = plugin.built_in

        def load() -> list[Offer]:
            found = get()
            if not plugin.code.paths and not trusted:
                plugin.code = Code(tuple(filter(None, [getattr(found, "__file__", None)])))
            return offers_of(found, plugin.code, trusted=trusted)

        return self._take_offers(plugin, lambda: plugin.run(load, "loading it"))

    def _take_offers(self, plugin: LoadedPlugin, offers: Callable[[], list[Offer]]) -> LoadedPlugin:
        twin = next((each for each in self._plugins if each.name == plugin.name), None)
        self._plugins.append(plugin)
        try:
            if twin is not None:
                raise OfferRefusedError("E613", f"there is a plugin of this name: {twin}", "rename one of them")
            self._commit(plugin, offers())
        except OfferRefusedError as error:
            place = error.place or plugin.code.place_of(error)
            plugin.failure = Problem(error.code, f"{plugin} is not taken: {error.sentence}", place, error.hint)
        except PluginError as error:
            plugin.failure = self._failure(plugin, error)
        return plugin

    def _failure(self, plugin: LoadedPlugin, error: PluginError) -> Problem:
        cause = error.__cause__
        if isinstance(cause, OfferRefusedError):
            place = cause.place or plugin.code.place_of(cause)
            return Problem(cause.code, f"{plugin} is not taken: {cause.sentence}", place, cause.hint)
        if error.problem is not None:
            return error.problem
        hint = "the other plugins run on; mend or remove this one"
        return Problem("E601", f"{plugin} does not load: {error.reason}", error.place, hint)

    def _commit(self, plugin: LoadedPlugin, offers: Sequence[Offer]) -> None:
        """Take what a plugin offers, once all of it holds. Raises OfferRefusedError."""
        if not plugin.built_in and any(each.kind in ("sources", "sinks") for each in offers):
            self._load_the_rest()
        for each in offers:
            owner = self._owners.get((each.kind, each.name))
            if owner is not None:
                sentence = f"it offers the {SINGULAR[each.kind]} '{each.name}', and so does {owner}"
                raise OfferRefusedError("E613", sentence, "nothing of it is taken: rename what it offers", each.place)
        for each in offers:
            self._owners[each.kind, each.name] = plugin
            plugin.offers.setdefault(each.kind, []).append(each.name)
            if each.kind == SCORECARDS:
                self.scorecards.append((plugin.name, Path(each.offered)))
            else:
                getattr(self, each.kind)[each.name] = each.offered

    def _check_settings(self) -> None:
        """Settings that are about no plugin are misspelt ones."""
        there = [plugin.name for plugin in self._plugins if not plugin.built_in]
        for key, named in (("isolate", self._isolate), ("timeout", self._timeouts), ("memory", self._memory)):
            for name in named if isinstance(named, Collection) else ():
                if name not in there:
                    sentence = f"plugins: {key} names '{name}', and no plugin beside the built-in ones is called so"
                    hint = did_you_mean(name, there) or "`pauta plugins` lists them"
                    self._told.append(Problem("E616", sentence, None, hint))

    def __iter__(self) -> Iterator[LoadedPlugin]:
        return iter(self.plugins)


def _of(setting: float | Mapping[str, Any] | None, name: str) -> Any:
    """What a setting says of a plugin: one value for all, or one by name."""
    return setting.get(name) if isinstance(setting, Mapping) else setting
