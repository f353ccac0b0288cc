"""The command group `escalations`: what results ask people to do."""

from __future__ import annotations

from datetime import datetime

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


@click.group()
def escalations() -> None:
    """What evaluations ask people to do: raise it, or see what would be raised.

    Example: pauta escalations run
    """


escalations.add_command(try_escalations)


@escalations.command()
@click.option("--now", "moment", metavar="MOMENT", help="The moment to act in, with its offset; else the present one.")
@text_or_json
@telling
def run(moment: str | None, form: str) -> int:
    """Follow up what is new in the operation's database: raise escalations of cards and of pauta.yaml, open duties.

    What was raised before is not raised again, so it may be run at any time and as often as one likes; `pauta score`
    runs it at its end.

    Example: pauta escalations run --now 2026-03-31T23:00:00+02:00
    """
    from pauta.commands.following import night_text, setting_of, store_opened, tell_people
    from pauta.engine.problems import has_errors
    from pauta.followup.night import run_night
    from pauta.workspace import Workspace

    now, workspace = _moment(moment), Workspace()
    with store_opened(workspace) as (store, outlets):
        setting, problems = setting_of(workspace, store, now)
        night = run_night(store, setting, now)
        night.problems += tell_people(store, setting, outlets, workspace, now)
    tell([*workspace.host.problems, *problems, *night.problems])
    if form == "json":
        say_json({"evaluations": night.evaluations, "raised": night.raised, "opened": night.opened})
    else:
        click.echo(night_text(night))
    if night.problems or workspace.host.problems:
        return DONE_WITH_FAILURES
    return PROBLEMS_FOUND if has_errors(problems) else GOOD


def _moment(text: str | None) -> datetime:
    from datetime import UTC

    from pauta.engine.model.moments import MOMENT_EXAMPLE, moment_from

    if text is None:
        return datetime.now(UTC)
    found = moment_from(text)
    if found is None:
        wrong_use(f"--now is a moment with its offset, such as {MOMENT_EXAMPLE}")
    return found.astimezone(UTC)
