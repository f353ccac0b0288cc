"""The command outbox: what waits to be sent, what was given up; try again, let it go, forget what was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from pauta.commands.answering import DONE_WITH_FAILURES, GOOD, say_json, tell, telling, text_or_json, wrong_use

if TYPE_CHECKING:
    from pauta.engine.contracts import Outbox, Waiting
    from pauta.engine.outlets import Outlet

OPEN: Final = ("waiting", "dead")
STATES: Final = (*OPEN, "delivered", "dropped")

keys_argument = click.argument("keys", nargs=-1)
sink_option = click.option("--sink", help="Only what is for this sink.")


@click.group()
def outbox() -> None:
    """What results wait to be sent: list them, try again, let them go.

    A sink that sends results elsewhere (webhook, email) takes them from the outbox, which lies in the first database
    among the operation's sinks.

    Example: pauta outbox list
    """


@outbox.command(name="list")
@sink_option
@click.option("--all", "everything", is_flag=True, help="Also what was delivered or dropped.")
@text_or_json
@telling
def list_(sink: str | None, everything: bool, form: str) -> int:
    """List what waits and what was given up: ids, tries, when it is tried next, and why it was not taken.

    Example: pauta outbox list --sink crm
    """
    with _opened() as (store, _):
        items = store.waiting(STATES if everything else OPEN, sink)
    if form == "json":
        say_json([_shown(item) for item in items])
    else:
        click.echo("\n".join(map(_line, items)) or "nothing waits")
    return GOOD


@outbox.command()
@keys_argument
@sink_option
@click.option(
    "--for", "seconds", type=click.FloatRange(0), default=30.0, show_default=True, help="Seconds to go on for."
)
@text_or_json
@telling
def retry(keys: Sequence[str], sink: str | None, seconds: float, form: str) -> int:
    """Send now what waits and what was given up: all of it, or what is named by (the beginnings of) its keys.

    Example: pauta outbox retry --sink crm
    """
    from pauta.engine.delivery import Courier
    from pauta.engine.outlets import addressee_of, outcome_of, owner_of, problems_of
    from pauta.workspace import Workspace

    workspace = Workspace()
    with _opened(workspace) as (store, outlets):
        items = _chosen(store, keys, sink)
        store.move([item.key for item in items], "waiting")
        sending = [each for each in outlets if each.delivers and sink in (None, each.name)]
        courier = Courier(store, [addressee_of(each, owner_of(each.sink, workspace.host)) for each in sending])
        courier.start()
        done = courier.finish(seconds)
    problems = [problem for name, delivered in done.items() for problem in problems_of(name, delivered)]
    tell(problems)
    if form == "json":
        say_json({name: outcome_of(delivered) for name, delivered in done.items()})
    else:
        click.echo("\n".join(f"{name}: {outcome_of(delivered)}" for name, delivered in done.items()) or "nothing waits")
    return DONE_WITH_FAILURES if problems else GOOD


@outbox.command()
@keys_argument
@sink_option
@text_or_json
@telling
def drop(keys: Sequence[str], sink: str | None, form: str) -> int:
    """Let go of what is named by (the beginnings of) its keys, or of all that is for a sink: it is never sent.

    Example: pauta outbox drop --sink old-crm
    """
    if not keys and sink is None:
        wrong_use("name the keys of what is to be dropped, or --sink; `pauta outbox list` shows them")
    with _opened() as (store, _):
        items = _chosen(store, keys, sink)
        store.move([item.key for item in items], "dropped")
    if form == "json":
        say_json({"dropped": len(items)})
    else:
        click.echo(f"{len(items):,} dropped")
    return GOOD


@outbox.command()
@click.option(
    "--days",
    type=click.IntRange(0, 99_999),
    help="Forget what was sent or dropped so many days ago; by default as `retention` in pauta.yaml says, else 30.",
)
@text_or_json
@telling
def prune(days: int | None, form: str) -> int:
    """Forget what was sent or dropped long ago. What waits or was given up stays; `pauta score` does it after each run.

    That goes for results and for messages to people.

    Example: pauta outbox prune --days 90
    """
    from datetime import UTC, datetime, timedelta

    from pauta.commands.sinks import keep_sent
    from pauta.engine.delivery import stamp
    from pauta.followup.sending import prune_sent
    from pauta.store import AnyStore
    from pauta.workspace import Workspace

    workspace, now = Workspace(), datetime.now(UTC)
    with _opened(workspace) as (store, _):
        before = now - (keep_sent(workspace) if days is None else timedelta(days=days))
        forgotten = store.prune(stamp(before))
        if isinstance(store, AnyStore):
            forgotten += prune_sent(store.ledger(), before, now)
    if form == "json":
        say_json({"forgotten": forgotten})
    else:
        click.echo(f"{forgotten:,} forgotten")
    return GOOD


@contextmanager
def _opened(workspace: object = None) -> Iterator[tuple[Outbox, list[Outlet]]]:
    """The outbox of the operation and its sinks. Raises ProblemsFound where there is no operation."""
    from pauta.commands.sinks import close_all, outlets_of
    from pauta.engine.contracts import KeepingSink
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.workspace import Workspace

    found = workspace if isinstance(workspace, Workspace) else Workspace()
    if found.operation is None:
        hint = "run it in the folder of an operation; `pauta init FOLDER` makes one"
        raise ProblemsFound([Problem("E740", "there is no pauta.yaml here, so there is no outbox", None, hint)])
    outlets = outlets_of(found)
    stores = [each.sink.outbox for each in outlets if isinstance(each.sink, KeepingSink)]
    if not stores:
        raise ProblemsFound([Problem("E750", "the operation has no database, so there is no outbox", None)])
    try:
        yield stores[0], outlets
    finally:
        close_all(outlets)


def _chosen(store: Outbox, keys: Sequence[str], sink: str | None) -> list[Waiting]:
    """The open rows that are meant. Raises ProblemsFound for a key that means none."""
    from pauta.engine.problems import Problem, ProblemsFound

    items = store.waiting(OPEN, sink)
    hint = "`pauta outbox list` shows what waits"
    unknown = [key for key in keys if not any(item.key.startswith(key) for item in items)]
    if unknown:
        raise ProblemsFound([Problem("E754", f"nothing waits under the key '{key}'", None, hint) for key in unknown])
    return [item for item in items if not keys or any(item.key.startswith(key) for key in keys)]


def _shown(item: Waiting) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__slots__}


def _line(item: Waiting) -> str:
    when = f"next {item.next_at}" if item.state == "waiting" else item.delivered_at or ""
    facts = [item.key[:12], item.sink, item.evaluation_id[:12], f"revision {item.revision}", item.state]
    return "  ".join(filter(None, [*facts, f"{item.tries} tries", when, item.error or ""]))
