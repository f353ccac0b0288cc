"""What Acme adds to pauta: its hooks. Each hands over what a module beside it holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.resources import files

import click
from pauta import hookimpl

from pauta_acme.acme_log import AcmeLog
from pauta_acme.case_number import CaseNumber
from pauta_acme.commands import acme_teams
from pauta_acme.garden_visit import GardenVisit
from pauta_acme.harvest import Harvest
from pauta_acme.repeat_caller import RepeatCaller
from pauta_acme.wallboard import Wallboard

pauta_api = 1


@hookimpl
def register_criteria(register: Callable[[type[CaseNumber]], None]) -> None:
    """Offer the criterion."""
    register(CaseNumber)


@hookimpl
def register_rules(register: Callable[[type[RepeatCaller]], None]) -> None:
    """Offer the rule."""
    register(RepeatCaller)


@hookimpl
def register_actions(register: Callable[[type[GardenVisit]], None]) -> None:
    """Offer the action."""
    register(GardenVisit)


@hookimpl
def register_methods(register: Callable[[type[Harvest]], None]) -> None:
    """Offer the scoring method."""
    register(Harvest)


@hookimpl
def register_sources(register: Callable[[type[AcmeLog]], None]) -> None:
    """Offer the source."""
    register(AcmeLog)


@hookimpl
def register_sinks(register: Callable[[type[Wallboard]], None]) -> None:
    """Offer the sink."""
    register(Wallboard)


@hookimpl
def register_scorecards(register: Callable[[str | os.PathLike[str]], None]) -> None:
    """Offer Acme's card, with its cases beside it."""
    register(str(files("pauta_acme") / "scorecards"))


@hookimpl
def register_commands(register: Callable[[click.Command], None]) -> None:
    """Offer the command."""
    register(acme_teams)
