"""The command `escalations test`: what a card's escalations would have done over the results that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from pauta.commands.answering import DONE_WITH_FAILURES, GOOD, PROBLEMS_FOUND, say_json, tell, telling, text_or_json

if TYPE_CHECKING:
    from pauta.engine.model.calls import Call
    from pauta.engine.model.scorecard import Scorecard
    from pauta.engine.problems import Problem
    from pauta.followup.trial import Heard
    from pauta.store import AnyStore
    from pauta.workspace import Workspace

UNKNOWN: Final = date(1970, 1, 1)
"""The day of results that name no moment."""

DAY = click.DateTime(["%Y-%m-%d"])


@click.command("test")
@click.argument("card")
@click.option("--operation", "standing", is_flag=True, help="The escalations of pauta.yaml too.")
@click.option("--from", "since", type=DAY, help="Calls from this day.")
@click.option("--until", type=DAY, help="Calls up to this day, and on it.")
@text_or_json
@telling
def try_escalations(card: str, standing: bool, since: datetime | None, until: datetime | None, form: str) -> int:
    """Say what a card's escalations would have done over the stored results: a dry run that keeps and sends nothing.

    CARD is a file, or ID or ID@VERSION of the operation; the answers that are stored of any of its versions are scored
    by it. It says what would have been raised on which calls, and how many duties and messages that makes each day.

    Example: pauta escalations test scorecards/support.yaml --from 2026-03-01 --operation
    """
    from dataclasses import replace

    from pauta.commands.follow_up import followed, setting_of
    from pauta.engine.problems import Problem, has_errors
    from pauta.followup.trial import trial_text, try_out
    from pauta.workspace import Workspace

    workspace = Workspace()
    wanted = workspace.card(card)
    problems: list[Problem] = []
    with followed(workspace=workspace) as here:
        setting, found = setting_of(here)
        problems += found
        setting = setting if standing else replace(setting, standing=())
        days = _days(workspace, wanted, here.store, (_date(since), _date(until)), problems)
        trial = try_out(wanted, days, setting)
    problems += trial.problems
    if not trial.evaluations:
        message = f"there are no results of '{wanted.id}' to try the escalations on"
        problems.append(Problem("E795", message, None, "`pauta score` keeps results; or other days with --from"))
    tell([*workspace.host.problems, *problems])
    if form == "json":
        say_json(trial.as_map())
    else:
        click.echo(trial_text(trial))
    if trial.problems or workspace.host.problems:
        return DONE_WITH_FAILURES
    return PROBLEMS_FOUND if has_errors(problems) else GOOD


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _days(
    workspace: Workspace,
    card: Scorecard,
    store: AnyStore,
    between: tuple[date | None, date | None],
    problems: list[Problem],
) -> Iterator[tuple[date, Iterable[Heard]]]:
    """The stored answers of a card by the day on which they were there: when a person gave them, else the call's."""
    from pauta.engine.model.moments import day_of
    from pauta.replay import Filter
    from pauta.replay.rows import Counts

    operation = workspace.operation
    zone = operation.timezone if operation else None

    def day(call: Call) -> date:
        return day_of(call.started_at, zone) or UNKNOWN

    query = "SELECT evaluation_id, started_at, evaluated_at FROM current_evaluations WHERE scorecard = ?"
    by_day: dict[date, list[str]] = {}
    for row in store.read(query, (card.id,)):
        when = row["evaluated_at"] or row["started_at"]
        found = day_of(str(when), zone) if when else None
        by_day.setdefault(found or UNKNOWN, []).append(str(row["evaluation_id"]))
    wanted, counts = Filter(day, *between), Counts()
    for each, ids in sorted(by_day.items()):
        yield each, _heard(store, card, ids, wanted, counts, problems)


def _heard(
    store: AnyStore,
    card: Scorecard,
    ids: list[str],
    wanted: Any,
    counts: Any,
    problems: list[Problem],
) -> Iterator[Heard]:
    """The answers of some evaluations as they were given, where the call is wanted and the card scores it."""
    from pauta.engine.contracts import Waiting
    from pauta.replay import Claims, stored_rows

    def before(call: Call, version: str | None) -> Scorecard | Problem:
        return card

    def call_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
        row = Waiting("", "", record["evaluation_id"], record["revision"], "", 0, "", "", None, None)
        return store.delivery(row).call

    claimed = Claims(before, card, frozenset((card.id,)), every_call=True)
    rows = store.ledger().evaluations(ids).values()
    for row in stored_rows(rows, call_of, claimed, wanted, counts, problems.append):
        if row.human is not None:
            yield row.call, row.human
