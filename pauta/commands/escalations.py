"""The command group `escalations`: what results ask people to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from pauta.commands.answering import (
    DONE_WITH_FAILURES,
    GOOD,
    PROBLEMS_FOUND,
    say_json,
    tell,
    telling,
    text_or_json,
    wrong_use,
)
from pauta.commands.escalations_test import try_escalations

if TYPE_CHECKING:
    from pauta.followup.calendar import Calendar


@click.group()
def escalations() -> None:
    """What evaluations ask people to do: raise it, or see what would be raised.

    Example: pauta escalations run
    """


escalations.add_command(try_escalations)


@escalations.command()
@click.option("--now", "moment", metavar="MOMENT", help="The moment to act in, with its offset; else the present one.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the follow-up begins.")
@click.option("--again", is_flag=True, help="Also ask the actions again that were given up.")
@text_or_json
@telling
def run(moment: str | None, since: datetime | None, again: bool, form: str) -> int:
    """Follow up what is new in the operation's database: raise escalations of cards and of pauta.yaml, open duties.

    What was raised before is not raised again, so it may be run at any time and as often as one likes; `pauta score`
    runs it at its end. Evaluations from before the day on which the follow-up begins count in windows and raise
    nothing; without --since that is a week before the newest one that the first night finds.

    Example: pauta escalations run --now 2026-03-31T23:00:00+02:00
    """
    from pauta.commands.follow_up import followed, night_text, setting_of, tell_people
    from pauta.engine.problems import has_errors
    from pauta.followup.night import run_night
    from pauta.followup.unfinished import ask_again
    from pauta.workspace import Workspace

    now, workspace = _moment(moment), Workspace()
    with followed(now, workspace) as here:
        setting, problems = setting_of(here)
        begins = _begins(since, setting.calendar) if since else None
        if again:
            ask_again(here.ledger)
        night = run_night(here.store, setting, now, begins)
        told = tell_people(here, setting.language)
    tell([*workspace.host.problems, *problems, *night.problems, *told])
    if form == "json":
        told_of = {"evaluations": night.evaluations, "raised": night.raised, "opened": night.opened}
        say_json({**told_of, "older": night.older, "given_up": night.given_up})
    else:
        click.echo(night_text(night))
    if has_errors([*night.problems, *told]) or workspace.host.problems:
        return DONE_WITH_FAILURES
    return PROBLEMS_FOUND if has_errors(problems) else GOOD


@escalations.command(name="failed")
@text_or_json
@telling
def failed(form: str) -> int:
    """List actions that failed: those that later nights ask again, and those that were given up.

    Example: pauta escalations failed
    """
    from pauta.commands.follow_up import followed
    from pauta.followup.unfinished import listed

    with followed() as here:
        rows = listed(here.ledger)
        lines = [
            f"{row['state'].replace('_', ' ')}  {row['action']} of {row['escalation']}  {_about(row)}  "
            f"since {here.shown(row['since'])}, nights: {row['nights']}  {row['error']}"
            for row in rows
        ]
    if form == "json":
        say_json(rows)
    else:
        click.echo("\n".join(lines) or "no action failed")
    return GOOD


def _about(row: Mapping[str, Any]) -> str:
    return f"call {row['call_id']}" if row["call_id"] else f"{row['over_kind']} {row['over_key']}"


def _begins(since: datetime, calendar: Calendar) -> datetime:
    """The beginning of a day in the operation's zone."""
    try:
        return calendar.instant(since)
    except OverflowError:  # before the beginning of time, or after its end
        wrong_use(f"--since is {since.date()}, a day that cannot be counted with")


def _moment(text: str | None) -> datetime:
    from pauta.commands.follow_up import now_of
    from pauta.engine.model.moments import MOMENT_EXAMPLE
    from pauta.engine.problems import ProblemsFound

    try:
        return now_of(text)
    except ProblemsFound:
        wrong_use(f"--now is a moment with its offset, such as {MOMENT_EXAMPLE}")
