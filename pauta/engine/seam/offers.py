"""What a plugin offers: its hooks are called once, and each thing they hand over is held against its contract.

Nothing of a plugin is taken until all of it holds, so that a plugin is there as a whole or not at all.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pluggy

from pauta.engine import hookspecs
from pauta.engine.contracts import API, SINGULAR
from pauta.engine.model.calls import CALL_FIELDS
from pauta.engine.problems import Place, nearest
from pauta.engine.seam.discovery import Code, near
from pauta.engine.seam.schemas_of_options import fault_in_schema

HOOKS: Final = tuple(name for name in vars(hookspecs) if name.startswith("register_"))
SCORECARDS: Final = "scorecards"
COMMANDS: Final = "commands"

_NAME: Final = re.compile(r"[^\W\d][\w.-]{0,63}")
_TAKEN: Final = {"criteria": ("answers", "confirm"), "methods": ("weighted",)}
"""Words that mean something else where a card names a plugin of the kind."""

_METHODS: Final = {
    "methods": ("score",),
    "actions": ("opens",),
    "sinks": ("write", "close"),
}
"""What a class of each kind must be able to do. Criteria and sources have a choice."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that a plugin offers: a class for most kinds, a path for scorecards, a command for commands."""

    kind: str
    name: str
    offered: Any
    place: Place | None = None


class OfferRefusedError(Exception):
    """What a plugin offers is not what the contract asks for; tells which code, where and what to do instead."""

    def __init__(self, code: str, sentence: str, hint: str | None = None, place: Place | None = None) -> None:
        self.code, self.sentence, self.hint, self.place = code, sentence, hint, place
        super().__init__(sentence)


def offers_of(plugin: object, code: Code, *, trusted: bool = False) -> list[Offer]:
    """Everything that a plugin offers. Trusted are the built-in ones, which tests have held against the contracts.

    Raises OfferRefusedError, or whatever the plugin's code raises.
    """
    if not trusted:
        _check_api(plugin, code)
        _check_hooks(plugin, code)
    offers: list[Offer] = []
    for hook in HOOKS:
        implementation = getattr(plugin, hook, None)
        if implementation is not None:
            _call(implementation, hook.removeprefix("register_"), offers, None if trusted else code)
    if not offers:
        sentence = f"it offers nothing: no hook such as {HOOKS[0]} hands anything over"
        raise OfferRefusedError("E612", sentence, "a file that only helps other plugins has a name that begins with _")
    return offers


def _check_api(plugin: object, code: Code) -> None:
    wanted = getattr(plugin, "pauta_api", API)
    if wanted == API and not isinstance(wanted, bool):
        return
    sentence = f"it is written for version {wanted!r} of the plugin interface, and this pauta has {API}"
    newer = isinstance(wanted, int) and wanted > API
    hint = "it needs a newer pauta" if newer else f"mend it, and write pauta_api = {API}"
    raise OfferRefusedError("E611", sentence, hint, _place_of_line(code, r"pauta_api\s*[:=]"))


def _place_of_line(code: Code, pattern: str) -> Place | None:
    """The first line of a plugin's file that a pattern begins."""
    file = next((path for path in code.paths if path.endswith(".py")), None)
    if file is None:
        return None
    lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    found = next((n for n, line in enumerate(lines, 1) if re.match(pattern, line)), 0)
    return Place(near(file), found, 1 if found else 0)


def _check_hooks(plugin: object, code: Code) -> None:
    """A hook that nobody calls is a misspelt one: it would not be missed until a card asks for what it offers."""
    for name in dir(plugin):
        if not name.startswith("register_") or name in HOOKS:
            continue
        function = getattr(plugin, name, None)
        imported = inspect.ismodule(plugin) and getattr(function, "__module__", "") != plugin.__name__
        if callable(function) and not imported:
            near_one = nearest(name, HOOKS)
            hint = f"did you mean {near_one}?" if near_one else f"there are: {', '.join(HOOKS)}"
            raise OfferRefusedError("E612", f"there is no hook {name}", hint, code.place_of_function(function))
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        sentence = str(error).strip().splitlines()[-1].strip()
        hint = f"a hook is written: def {HOOKS[0]}(register)"
        raise OfferRefusedError("E612", f"one of its hooks is none: {sentence}", hint) from error


def _call(implementation: Callable[..., object], kind: str, offers: list[Offer], code: Code | None) -> None:
    """Call one hook. A refusal stands even where the plugin swallows it. `code` is None of a plugin that is trusted."""
    refused: list[OfferRefusedError] = []

    def register(offered: Any) -> None:
        try:
            name = _checked(kind, offered, trusted=code is None)
            if any(each.kind == kind and each.name == name for each in offers):
                raise OfferRefusedError("E613", f"it offers the {SINGULAR[kind]} '{name}' twice")
        except OfferRefusedError as error:
            refused.append(error)
            raise
        offers.append(Offer(kind, name, offered, code.place_of_function(offered) if code else None))

    implementation(register)
    if refused:
        raise refused[0]


def _checked(kind: str, offered: Any, *, trusted: bool) -> str:
    """The name of what is offered, once it holds."""
    if kind == SCORECARDS:
        return str(_path(offered))
    fault = None if trusted else next(_faults(kind, offered), None)
    if fault is not None:
        raise OfferRefusedError("E614", f"{_said(kind, offered)}: {fault[0]}", fault[1])
    name: str = offered.name
    return name


def _said(kind: str, offered: Any) -> str:
    name = getattr(offered, "name", None)
    written = name if isinstance(name, str) and name else getattr(offered, "__name__", type(offered).__name__)
    return f"the {SINGULAR[kind]} '{written}' that it offers is none"


def _path(offered: object) -> Path:
    if not isinstance(offered, str | os.PathLike):
        sentence = f"it offers scorecards in a {type(offered).__name__}, which is no place on a disk"
        raise OfferRefusedError("E614", sentence, 'write register(importlib.resources.files("package") / "scorecards")')
    path = Path(offered)
    if not path.exists():
        hint = "are the cards among the files that the package installs?"
        raise OfferRefusedError("E614", f"it offers the scorecards in {path}, and there is nothing", hint)
    return path


def _faults(kind: str, offered: Any) -> Iterator[tuple[str, str]]:
    """What the contract of a kind asks for and is not there, each with a hint."""
    if kind == COMMANDS:
        if not isinstance(getattr(offered, "name", None), str) or not callable(getattr(offered, "main", None)):
            yield "it is no click command", "put @click.command() above the function"
        return
    if not isinstance(offered, type):
        hint = f"write register({type(offered).__name__}), without brackets"
        yield f"it is an object ({type(offered).__name__}) and not a class", hint
    name = getattr(offered, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        hint = 'write name = "my_name" in the class: a letter first, then letters, digits, _ . -, at most 64'
        yield f"it has no name: {name!r}" if name is None else f"{name!r} is no name", hint
    if name in _TAKEN.get(kind, ()):
        yield f"'{name}' means something else where a card names a {SINGULAR[kind]}", "choose another name"
    yield from _faults_of_options(getattr(offered, "options", None))
    yield from _faults_of_methods(kind, offered)
    yield from _faults_of_needs(getattr(offered, "needs", ()))
    if kind in ("sources", "sinks"):
        none = () if kind == "sinks" and _only_tells(offered) else None
        yield from _faults_of_endings(getattr(offered, "endings", none))


def _faults_of_options(options: object) -> Iterator[tuple[str, str]]:
    hint = 'write options = {"type": "object"}, a JSON Schema of what a card may write under the name'
    fault = fault_in_schema(options) if isinstance(options, Mapping) else "it has no options"
    if fault is not None:
        yield fault, hint


def _faults_of_methods(kind: str, offered: object) -> Iterator[tuple[str, str]]:
    def missing(*names: str) -> list[str]:
        return [name for name in names if not callable(getattr(offered, name, None))]

    wanted: tuple[str, ...] = _METHODS.get(kind, ())
    if kind == "criteria":
        wanted = next(
            (each for each in (("answer",), ("answer_batch",), ("parts", "combine")) if not missing(*each)), ()
        )
        if not wanted:
            yield "it has neither answer(call) nor answer_batch(batch)", "write def answer(self, call) -> Finding"
    if kind == "rules":
        wanted = ("found",) if callable(getattr(offered, "found", None)) else ("fires",)
    if kind == "sinks" and getattr(offered, "delivers", False):
        wanted = ("deliver",)
    elif kind == "sinks" and _only_tells(offered):
        wanted = ("notify",)
    if kind == "sources" and len(missing("calls", "evaluations")) == 2:
        yield "it has neither calls(target) nor evaluations(target)", "write def calls(self, target)"
    room = "acting" if kind in ("rules", "actions") else "contracts"
    for name in missing(*wanted):
        yield f"it has no method {name}", f"see the contract of {_a(SINGULAR[kind])} in pauta.engine.{room}"
    for name in wanted:
        if inspect.iscoroutinefunction(getattr(offered, name, None)):
            yield f"its method {name} is asynchronous", "write def, not async def"


def _only_tells(sink: object) -> bool:
    """Whether a sink carries messages to people, and takes no results."""
    return callable(getattr(sink, "notify", None)) and not hasattr(sink, "write") and not hasattr(sink, "deliver")


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _faults_of_needs(needs: object) -> Iterator[tuple[str, str]]:
    hint = f'write needs = ("turns", "metrics.hold_s"); there are turns, {", ".join(CALL_FIELDS)}'
    if isinstance(needs, str) or not isinstance(needs, tuple | list):
        yield f"its needs are {needs!r} and not a list of fields of a call", hint
        return
    for each in needs:
        name, _, rest = each.partition(".") if isinstance(each, str) else ("", "", "")
        if not ((name == "turns" or name in CALL_FIELDS) and bool(rest) is (name in ("metrics", "attributes"))):
            yield f"it needs {each!r}, which no call has", hint


def _faults_of_endings(endings: object) -> Iterator[tuple[str, str]]:
    good = isinstance(endings, tuple | list) and all(
        isinstance(each, str) and re.fullmatch(r"\.[^\s/]+", each) for each in endings
    )
    if not good:
        yield f"its endings are {endings!r} and not a list of file endings", 'write endings = (".xlsx",), or ()'
