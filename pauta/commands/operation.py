"""Commands about the operation and its surroundings: init, demo, doctor."""

from __future__ import annotations

from pathlib import Path

import click

from pauta.commands.answering import GOOD, say_json, tell, telling, text_or_json


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="What the operation is called; the folder's name where it is not given.")
@telling
def init(folder: Path, name: str | None) -> int:
    """Make a folder for an operation of your own: pauta.yaml, a first card with its cases, calls to try it on.

    Example: pauta init my-centre
    """
    from pauta.starting import make_operation

    files = make_operation(folder, name or folder.resolve().name)
    for file in files:
        click.echo(f"written: {file}")
    click.echo(f"\nNow: cd {folder} && pauta check && pauta test && pauta score")
    return GOOD


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="pauta-demo")
@telling
def demo(folder: Path) -> int:
    """Make a folder with three cards, sixty calls in three languages and people's answers, and score it.

    Ends by naming what to open: an HTML report and the database.

    Example: pauta demo pauta-demo
    """
    from pauta.demo.run import run_demo

    done = run_demo(folder)
    click.echo(done.text)
    return tell(done.problems)


@click.command()
@text_or_json
@telling
def doctor(form: str) -> int:
    """Look at this machine and folder: versions, the database library, plugins, the operation's file.

    Example: pauta doctor
    """
    from pauta.doctor import examine, health_text

    findings = examine()
    if form == "json":
        say_json([finding.as_map() for finding in findings])
    else:
        click.echo(health_text(findings).rstrip("\n"))
    return 1 if any(finding.bad for finding in findings) else GOOD
