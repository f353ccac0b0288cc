"""The hooks: each is called once when a Host loads its plugins, and hands over classes through `register`."""

from __future__ import annotations

from collections.abc import Callable

import pluggy

from pauta.engine.contracts import Action, Criterion, Method, Rule, Sink, Source

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
