"""What runs in the process of an isolated plugin: it loads the plugin, and answers one message after the other.

Messages come by stdin and go by what was stdout; what the plugin prints goes to stderr. When the other side is gone the
process ends at once, whatever the plugin is doing.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from pauta.engine.contracts import CompositeCriterion, Options
from pauta.engine.model.calls import Call, CallBatch
from pauta.engine.model.findings import Findings
from pauta.engine.model.scorecard import Question
from pauta.engine.problems import ProblemsFound
from pauta.engine.seam.asking import Asked, ask
from pauta.engine.seam.discovery import code_of_file, code_of_module, module_at
from pauta.engine.seam.isolation import Described, Made, Raised, Recipe, plain, receive, send, unpacked
from pauta.engine.seam.loaded import PluginError, said
from pauta.engine.seam.offers import OfferRefusedError, offers_of
from pauta.engine.seam.read_only import batch_for_plugin, findings_for_plugin, question_for_plugin, read_only


class _Plugin:
    """The plugin of this process: what it offers, and its criteria that were made."""

    def __init__(self, recipe: Recipe) -> None:
        self.name = recipe.name
        self.code = code_of_file(Path(recipe.file)) if recipe.file else code_of_module(recipe.entry or "")
        self._offers: dict[str, Any] = {}
        self._made: dict[int, Any] = {}
        self._calls: Sequence[Call] = ()
        self._recipe = recipe

    def load(self) -> list[Described]:
        plugin = module_at(Path(self._recipe.file)) if self._recipe.file else _entry(self._recipe.entry or "")
        offers = offers_of(plugin, self.code)
        other = next((each for each in offers if each.kind != "criteria"), None)
        if other is not None:
            sentence = f"it offers {other.kind} beside criteria, and only criteria can be isolated"
            raise OfferRefusedError("E615", sentence, "take it from plugins: isolate, or make two plugins of it")
        self._offers = {each.name: each.offered for each in offers}
        if self._recipe.memory is not None:
            _limit_memory(self._recipe.memory)
        return [self._described(each) for each in self._offers.values()]

    def _described(self, offered: Any) -> Described:
        return Described(
            offered.name,
            plain(offered.options),
            str(getattr(offered, "purpose", "") or ""),
            tuple(getattr(offered, "needs", ())),
            self.code.place_of_function(offered),
        )

    def reads(self, name: str, options: Options) -> list[str]:
        offered = self._offers[name]
        return [str(each) for each in offered.reads(read_only(options))] if hasattr(offered, "reads") else []

    def make(self, name: str, options: Options, question: Question) -> Any:
        return self._offers[name](read_only(options), question_for_plugin(question))

    def described(self, name: str, options: Options, question: Question) -> Made:
        made = self.make(name, options, question)
        parts = tuple(made.parts()) if isinstance(made, CompositeCriterion) else None
        return Made(tuple(self.reads(name, options)), parts)

    def keep(self, number: int, name: str, options: Options, question: Question) -> None:
        self._made[number] = self.make(name, options, question)

    def ask(self, number: int, calls: bytes | None, rest: CallBatch, parts: Sequence[Findings]) -> Asked:
        if calls is not None:
            self._calls = unpacked(pickle.loads(calls))  # noqa: S301  # it comes from the engine
        batch = batch_for_plugin(replace(rest, calls=self._calls), self.name)
        return ask(self._made[number], batch, findings_for_plugin(parts), self.code)


def _entry(value: str) -> Any:
    module, _, attributes = value.partition(":")
    found: Any = import_module(module.strip())
    for attribute in filter(None, attributes.split("[")[0].strip().split(".")):
        found = getattr(found, attribute)
    return found


def _limit_memory(more: int) -> None:
    """Let this process take so many bytes more than it has."""
    try:
        import resource
    except ImportError:  # this system cannot
        return
    statm = Path("/proc/self/statm")
    taken = int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = taken + more if hard == resource.RLIM_INFINITY else min(taken + more, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _answer(plugin: _Plugin | None, message: tuple[Any, ...]) -> tuple[_Plugin | None, Any]:
    """The plugin, loaded by the first message, and what it answers to a message, or Raised."""
    what, *rest = message
    try:
        if what == "load":
            plugin = _Plugin(*rest)
            return plugin, plugin.load()
        assert plugin is not None
        does: dict[str, Any] = {"reads": plugin.reads, "try": plugin.described, "keep": plugin.keep, "ask": plugin.ask}
        return plugin, does[what](*rest)
    except OfferRefusedError as error:
        place = error.place or (plugin.code.place_of(error) if plugin else None)
        return plugin, Raised(str(error), place, refused=(error.code, error.sentence, error.hint))
    except PluginError as error:
        return plugin, Raised(error.reason, error.place)
    except BaseException as error:  # a plugin may raise anything
        place = plugin.code.place_of(error) if plugin else None
        problems = error.problems if isinstance(error, ProblemsFound) else ()
        of_value, reason = isinstance(error, ValueError), said(error)
        if of_value:
            reason = reason.partition(": ")[2] or reason
        return plugin, Raised(reason, place, problems, None, of_value)


def _listen(stream: IO[bytes], messages: SimpleQueue[Any]) -> None:
    """Hand messages on; end the process when nobody is there any more, for the plugin may never come back."""
    try:
        while True:
            messages.put(receive(stream))
    except BaseException:  # whatever it is, nobody can ask any more
        os._exit(0)


def main() -> None:
    """Answer messages until the other side is gone."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    messages: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, messages), daemon=True).start()
    plugin: _Plugin | None = None
    while True:
        plugin, answer = _answer(plugin, messages.get())
        try:
            data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # what it says of its options is up to the plugin
            data = pickle.dumps(Raised(f"it answered with what cannot be handed on: {said(error)}"))
        try:
            send(outgoing, data)
        except OSError:  # nobody is there any more
            os._exit(0)
