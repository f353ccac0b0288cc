"""Commands about sheets that people fill in: form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from pauta.commands.answering import GOOD, PROBLEMS_FOUND, tell, telling, wrong_use

MOST_SHEETS: Final = 250
"""Spreadsheet programs take more, and nobody finds a call among more."""


@click.command()
@click.argument("card")
@click.argument("calls", nargs=-1, type=click.Path())
@click.option(
    "--to", "target", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="The workbook: sheet.xlsx"
)
@click.option("--language", help="The language of titles, texts and headings, where the card has it.")
@telling
def form(card: str, calls: Sequence[str], target: str, language: str | None) -> int:
    """Write a blank sheet to fill in: a row a question, lists with the answers, guidance as hints.

    CARD is a file, or ID or ID@VERSION of a card of the operation. For each of CALLS (files, folders or globs) the
    workbook has a sheet; without them it has one, to copy. `pauta score --answers FILE` reads it when it is filled in.

    Example: pauta form scorecards/support.yaml calls/ --to march.xlsx
    """
    from pauta.engine.endpoints import calls_in, files_of
    from pauta.engine.model.calls import Call
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.engine.whole_file import WholeFile
    from pauta.reports.forms import write_form
    from pauta.workspace import Workspace

    if not target.lower().endswith(".xlsx"):
        wrong_use(f"'{target}' must end in .xlsx")
    workspace = Workspace()
    found = workspace.card(card)
    files, problems = files_of(calls, workspace.host)
    if problems:
        raise ProblemsFound(problems)
    entries = list(calls_in(files, workspace.host))
    listed = [entry for entry in entries if isinstance(entry, Call)]
    told = tell([entry for entry in entries if isinstance(entry, Problem)])
    if len(listed) > MOST_SHEETS:
        wrong_use(f"{len(listed):,} calls make as many sheets, and a workbook gets {MOST_SHEETS}: name fewer calls")
    if calls and not listed:
        click.echo("there are no calls to evaluate, and no sheet is written", err=True)
        return PROBLEMS_FOUND
    operation = workspace.operation
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    file = WholeFile(target)
    try:
        count = write_form(
            file.stream.buffer,
            found,
            listed,
            language=language or (operation.languages[0] if operation and operation.languages else None),
            timezone=str(operation.timezone) if operation and operation.timezone else "",
        )
    except BaseException:
        file.drop()
        raise
    file.keep()
    click.echo(f"written: {target}, {count} sheet{'' if count == 1 else 's'} by {found.name}")
    return told or GOOD
