"""What commands about the follow-up have in common: the operation's ledger, its people, who acts, and the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pauta.engine.problems import Problem
    from pauta.followup.calendar import Calendar
    from pauta.followup.people import People
    from pauta.store import AnyStore, Ledger
    from pauta.workspace import Workspace

as_option = click.option("--as", "who", metavar="NAME", help="Who acts; without it the administrator.")
now_option = click.option("--now", "moment", metavar="MOMENT", help="The moment that counts as now: 2026-03-02T09:00Z.")


@dataclass(frozen=True, slots=True)
class Followed:
    """The follow-up of an operation, opened."""

    workspace: Workspace
    store: AnyStore
    ledger: Ledger
    people: People
    calendar: Calendar
    now: datetime


@contextmanager
def followed(moment: str | None = None) -> Iterator[Followed]:
    """The follow-up of the operation here. Raises ProblemsFound where there is no operation, or no database of it."""
    from pauta.commands.sinks import close_all, outlets_of
    from pauta.engine.contracts import KeepingSink
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.followup.calendar import calendar_of
    from pauta.followup.people import People
    from pauta.store import AnyStore
    from pauta.workspace import Workspace

    workspace = Workspace()
    operation = workspace.operation
    if operation is None:
        hint = "run it in the folder of an operation; `pauta init FOLDER` makes one"
        raise ProblemsFound([Problem("E740", "there is no pauta.yaml here, so there is no follow-up", None, hint)])
    now = now_of(moment)
    calendar, problems = calendar_of(operation, today=now.date())
    if calendar is None:
        raise ProblemsFound(problems)
    outlets = outlets_of(workspace)
    try:
        stores = [each.sink.outbox for each in outlets if isinstance(each.sink, KeepingSink)]
        store = next((each for each in stores if isinstance(each, AnyStore)), None)
        if store is None:
            raise ProblemsFound([Problem("E750", "the operation has no database, so there is no follow-up", None)])
        yield Followed(workspace, store, store.ledger(), People.of(operation.data), calendar, now)
    finally:
        close_all(outlets)


def now_of(moment: str | None) -> datetime:
    """The moment that counts as now, in UTC. Raises ProblemsFound where it is none."""
    from pauta.engine.model.moments import moment_from
    from pauta.engine.problems import ProblemsFound

    if moment is None:
        return datetime.now(UTC)
    found = moment_from(re.sub(r"(T\d\d:\d\d)(?=[Z+-])", r"\1:00", moment))  # people leave the seconds out
    if found is None or found.tzinfo is None:
        raise ProblemsFound([_no_moment(moment)])
    return found.astimezone(UTC)


def _no_moment(moment: str) -> Problem:
    from pauta.engine.problems import Problem

    return Problem("E776", f"'{moment}' is no moment", None, "write it with its zone: 2026-03-02T09:00Z")
