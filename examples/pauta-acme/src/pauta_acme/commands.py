"""`pauta acme-teams`: what the wall shows, in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("acme-teams")
@click.argument("wallboard", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def acme_teams(wallboard: Path) -> None:
    """Print a wallboard, a line a team.

    Example: pauta acme-teams today.wallboard
    """
    for team in json.loads(wallboard.read_text(encoding="utf-8"))["teams"]:
        mean = "no score" if team["mean"] is None else f"{team['mean']:.1f}"
        click.echo(f"{team['team']}: {mean}, {len(team['evaluations'])} evaluations")
