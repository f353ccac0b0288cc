"""The hooks: each is called once when a Host loads its plugins, and hands over what it offers through `register`.

Nothing calls a hook per call or per answer. A plugin has as many of them as it needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pluggy

from pauta.engine.acting import Action, Rule
from pauta.engine.contracts import Command, Criterion, Method, Sink, Source

PROJECT = "pauta"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_criteria(register: Callable[[type[Criterion]], None]) -> None:
    """Offer criteria: questions that answer themselves."""


@hookspec
def register_rules(register: Callable[[type[Rule]], None]) -> None:
    """Offer rules of escalation."""


@hookspec
def register_actions(register: Callable[[type[Action]], None]) -> None:
    """Offer actions that an escalation may do."""


@hookspec
def register_methods(register: Callable[[type[Method]], None]) -> None:
    """Offer scoring methods."""


@hookspec
def register_sources(register: Callable[[type[Source]], None]) -> None:
    """Offer sources of calls and of people's answers."""


@hookspec
def register_sinks(register: Callable[[type[Sink]], None]) -> None:
    """Offer sinks for results."""


@hookspec
def register_scorecards(register: Callable[[str | os.PathLike[str]], None]) -> None:
    """Offer scorecards: a folder of cards, or files, as `importlib.resources.files("package") / "scorecards"`."""


@hookspec
def register_commands(register: Callable[[Command], None]) -> None:
    """Offer commands of click, which the command line takes under their own names."""
