"""The command `replay`: what another version of a card would have made of calls that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from pauta.commands.answering import (
    DONE_WITH_FAILURES,
    GOOD,
    PROBLEMS_FOUND,
    say_json,
    tell,
    telling,
    wrong_use,
)
from pauta.commands.given import answers_option, calls_argument, files_given

if TYPE_CHECKING:
    from datetime import datetime

    from pauta.engine.model.calls import Call
    from pauta.engine.model.scorecard import Scorecard
    from pauta.engine.problems import Problem
    from pauta.engine.routing import Router
    from pauta.replay import Claims, Filter, Replayed, Row
    from pauta.reports.replayed import Shown
    from pauta.store import AnyStore
    from pauta.workspace import Workspace

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("old")
@click.argument("new")
@calls_argument
@answers_option
@click.option("--stored", is_flag=True, help="Replay the evaluations of the operation's database, not files of calls.")
@click.option("--assume", multiple=True, metavar="QUESTION=ANSWER", help="An answer where nobody gave one. May repeat.")
@click.option("--from", "since", type=DAY, help="Calls from this day.")
@click.option("--until", type=DAY, help="Calls up to this day, and on it.")
@click.option("--team", "teams", multiple=True, help="Calls of this team. May repeat.")
@click.option("--agent", "agents", multiple=True, help="Calls of this agent. May repeat.")
@click.option("--call-type", "call_types", multiple=True, help="Calls of this type. May repeat.")
@click.option("--every-call", is_flag=True, help="Score every call by both, whatever the cards' `applies_to` says.")
@click.option(
    "--least", type=click.IntRange(1), default=10, show_default=True, help="Agents with fewer are not ranked."
)
@click.option("--language", help="The language of titles and texts, where the card has it.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="How to print.",
)
@telling
def replay(
    old: str,
    new: str,
    calls: Sequence[str],
    answers: Sequence[str],
    stored: bool,
    assume: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    teams: Sequence[str],
    agents: Sequence[str],
    call_types: Sequence[str],
    every_call: bool,
    least: int,
    language: str | None,
    form: str,
) -> int:
    """Say what another version of a card would have changed, before it goes live.

    OLD and NEW are files of cards, ID or ID@VERSION; NEW may be a version alone. OLD as an ID is the version of each
    call's day. CALLS and answers are as for `score`. Both versions score the same calls: how many pass or fail
    differently, which changes of the card do it, whose averages move, and which calls to listen to.

    Example: pauta replay support@1.2.0 support-draft.yaml calls/ --format html > replay.html
    """
    from pauta.replay import Filter, Replayed, replay as run
    from pauta.reports.replayed import Shown
    from pauta.workspace import Workspace

    workspace = Workspace()
    after = workspace.card(_full_name(new, old))
    router = _router(workspace, old)
    wanted = Filter(router.day, _day(since), _day(until), teams, agents, call_types)
    made = Replayed(after, stored=stored, assumed=_assumed(assume, after))
    problems: list[Problem] = []
    claimed = _claims(workspace, router, old, after, every_call=every_call)
    rows = (
        _stored(workspace, made, claimed, wanted, problems)
        if stored
        else _filed(workspace, made, claimed, wanted, problems, calls, answers)
    )
    run(rows, made, workspace.host, tell=problems.append)
    tell([*workspace.host.problems, *problems])
    explain = [*calls, "--card", _full_name(new, old), *(part for each in answers for part in ("--answers", each))]
    _say(made, form, language, Shown(least, () if stored else tuple(explain), workspace.host))
    if any(problem.code.startswith("E6") for problem in problems) or workspace.host.problems:
        return DONE_WITH_FAILURES
    return PROBLEMS_FOUND if not made.evaluations or any(each.severity == "error" for each in problems) else GOOD


def _full_name(new: str, old: str) -> str:
    """The new card's name; where it is a version alone, with the id of the old one."""
    from pauta.engine.loading.versions import version_from
    from pauta.workspace import is_file

    if is_file(new) or version_from(new) is None or is_file(old):
        return new
    return f"{old.partition('@')[0]}@{new}"


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _router(workspace: Workspace, old: str) -> Router:
    """The router over the operation's cards, else over the one card that is named."""
    from pauta.engine.routing import Router
    from pauta.workspace import is_file

    operation = workspace.operation
    catalog = workspace.catalog if operation and is_file(old) else workspace.cards_named([old])[0]
    return Router(catalog, timezone=operation.timezone if operation else None)


def _claims(workspace: Workspace, router: Router, old: str, after: Scorecard, *, every_call: bool) -> Claims:
    """Which version scores which calls: the old one is fixed, or for an ID that of the call's day, or of the sheet."""
    from pauta.replay import Claims
    from pauta.workspace import is_file

    by_day = not is_file(old) and "@" not in old
    named = workspace.card(old)
    fixed = None if by_day else named

    def before(call: Call, version: str | None) -> Scorecard | Problem:
        return fixed or router.version(f"{old}@{version}" if version else old, router.day(call))

    def rivals(call: Call) -> Sequence[Scorecard]:
        return router.cards_of(router.day(call)) if workspace.operation else ()

    return Claims(before, after, frozenset((named.id, after.id)), fixed, rivals, every_call)


def _assumed(given: Sequence[str], card: Scorecard) -> Mapping[str, str]:
    """The answers to assume, by question. Wrong use where a question or an answer is not there."""
    from pauta.engine.evaluation.cells import Coding, RefusedError

    found: dict[str, str] = {}
    for each in given:
        name, sign, answer = each.partition("=")
        if not sign or name not in card.by_id:
            wrong_use(f"--assume '{each}': write it as QUESTION=ANSWER with a question of {card.name}")
        try:
            Coding(card.by_id[name]).read(answer)
        except RefusedError as refused:
            wrong_use(f"--assume '{each}': {refused.sentence}")
        found[name] = answer
    return found


def _filed(
    workspace: Workspace,
    made: Replayed,
    claimed: Claims,
    wanted: Filter,
    problems: list[Problem],
    calls: Sequence[str],
    answers: Sequence[str],
) -> Iterator[Row]:
    """The rows of files of calls and answers."""
    from pauta.engine.endpoints import calls_in, evaluations_in
    from pauta.replay import Sheets, rows_of

    files = files_given(workspace, calls, "calls")
    humans = evaluations_in(files_given(workspace, answers, "answers"), workspace.host)
    sheets = Sheets(humans, claimed.ids, problems.append)
    return rows_of(calls_in(files, workspace.host), sheets, claimed, wanted, made.counts, problems.append)


def _stored(
    workspace: Workspace, made: Replayed, claimed: Claims, wanted: Filter, problems: list[Problem]
) -> Iterator[Row]:
    """The rows of the operation's database."""
    from pauta.engine.contracts import Waiting
    from pauta.replay import stored_rows

    with _store(workspace) as store:

        def call_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
            wanted_row = Waiting("", "", record["evaluation_id"], record["revision"], "", 0, "", "", None, None)
            return store.delivery(wanted_row).call

        evaluations = store.evaluations(latest=claimed.fixed is None)
        yield from stored_rows(evaluations, call_of, claimed, wanted, made.counts, problems.append)


@contextmanager
def _store(workspace: Workspace) -> Iterator[AnyStore]:
    """The operation's database. Raises ProblemsFound where there is none."""
    from pauta.commands.sinks import close_all, outlets_of
    from pauta.engine.contracts import KeepingSink
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.store import AnyStore

    outlets = outlets_of(workspace)
    try:
        stores = [each.sink.outbox for each in outlets if isinstance(each.sink, KeepingSink)]
        found = next((each for each in stores if isinstance(each, AnyStore)), None)
        if found is None:
            hint = "`pauta score` in an operation keeps results in its database; without one, name files of calls"
            raise ProblemsFound([Problem("E750", "there is no database of results to replay", None, hint)])
        yield found
    finally:
        close_all(outlets)


def _say(made: Replayed, form: str, language: str | None, shown: Shown) -> None:
    if form == "json":
        from pauta.reports.replayed import replay_map

        say_json(replay_map(made, shown))
    elif form == "html":
        from pauta.reports.replay_html import replay_html

        click.echo(replay_html(made, shown, language))
    else:
        from pauta.reports.replayed import replay_text

        click.echo(replay_text(made, shown, language).rstrip("\n"))
