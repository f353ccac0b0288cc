"""What commands about calls are given: files of calls and answers, and the cards that score them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pauta.commands.answering import tell, wrong_use

if TYPE_CHECKING:
    from pauta.engine.loading.operation import Feed
    from pauta.engine.routing import Router
    from pauta.workspace import Workspace

calls_argument = click.argument("calls", nargs=-1, type=click.Path())
card_option = click.option(
    "--card", "cards", multiple=True, metavar="CARD", help="A card: its file, ID, or ID@VERSION. May repeat."
)
answers_option = click.option(
    "--answers", multiple=True, type=click.Path(), help="People's answers: a file, a folder or a glob. May repeat."
)


def router_of(workspace: Workspace, cards: Sequence[str]) -> tuple[Router, Any, bool]:
    """The router over the cards named, else the operation's; how a card's document is found; whether one is refused."""
    from pauta.engine.routing import Router

    catalog, named = workspace.cards_named(cards) if cards else (workspace.catalog, [])
    refused = not cards and bool(tell([problem for problem in catalog.problems if problem.severity == "error"]))
    timezone = workspace.operation.timezone if workspace.operation else None
    return Router(catalog, named=named, timezone=timezone), catalog.document, refused


def files_given(workspace: Workspace, given: Sequence[str], kind: str) -> list[Feed]:
    """The files of calls or answers; what is not given is the operation's. No file of calls is wrong use."""
    from pauta.engine.endpoints import files_of
    from pauta.engine.problems import ProblemsFound

    operation = workspace.operation
    targets: list[Any] = list(given) or list(getattr(operation, kind) if operation else ())
    if not targets and kind == "calls":
        wrong_use("there are no calls to score: name files, or run it in an operation whose pauta.yaml has sources")
    files, problems = files_of(targets, workspace.host)
    if problems and (given or not files) and (kind == "calls" or given):
        raise ProblemsFound(problems)
    return files
