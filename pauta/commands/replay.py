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

    from pauta.bulk.pieces import Input
    from pauta.engine.loading.operation import Feed
    from pauta.engine.model.scorecard import Scorecard
    from pauta.engine.problems import Problem
    from pauta.engine.routing import Router
    from pauta.replay import Comparison, Replayed
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
@click.option("--workers", metavar="N|auto", help="Processes that share files that are read by column.")
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
    workers: str | None,
    language: str | None,
    form: str,
) -> int:
    """Say what another version of a card would have changed, before it goes live.

    OLD and NEW are files of cards, ID or ID@VERSION; NEW may be a version alone. OLD as an ID is the version of each
    call's day. CALLS and answers are as for `score`. Both versions score the same calls: how many pass or fail
    differently, which changes of the card do it, whose averages move, and which calls to listen to. Files in Parquet,
    JSONL and CSV are compared by column.

    Example: pauta replay support@1.2.0 support-draft.yaml calls/ --format html > replay.html
    """
    from pauta.replay import Comparison
    from pauta.reports.replayed import Shown
    from pauta.workspace import Workspace, is_file

    workspace = Workspace()
    after = workspace.card(_full_name(new, old))
    router, named = _router(workspace, old), workspace.card(old)
    comparison = Comparison(
        old if not is_file(old) and "@" not in old else named,
        after,
        with_rivals=workspace.operation is not None,
        every_call=every_call,
        since=_day(since),
        until=_day(until),
        teams=teams,
        agents=agents,
        call_types=call_types,
        assumed=_assumed(assume, after),
    )
    problems: list[Problem] = []
    if stored:
        made = _stored(workspace, router, comparison, problems, workers)
    else:
        made = _filed(workspace, router, comparison, problems, calls, answers, workers)
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
    router: Router,
    comparison: Comparison,
    problems: list[Problem],
    calls: Sequence[str],
    answers: Sequence[str],
    workers: str | None,
) -> Replayed:
    """What differs in files of calls and answers: by column where they are tables, else row by row."""
    from pauta.commands.tables import workers_of
    from pauta.engine.endpoints import calls_in, evaluations_in
    from pauta.replay import Replayed, Sheets, replay as run, rows_of

    processes = workers_of(workers)
    files = files_given(workspace, calls, "calls")
    others = files_given(workspace, answers, "answers")
    tables = replayed_tables_of(workspace, router, comparison, files, others, asked=workers is not None)
    if not isinstance(tables, str):
        return _tabled(workspace, router, comparison, problems, tables, processes, answers=bool(others))
    if workers:
        wrong_use(f"--workers is for tables that are read by column, and {tables}")
    claims = comparison.claims(router)
    made = Replayed(comparison.after, assumed=comparison.assumed)
    sheets = Sheets(evaluations_in(others, workspace.host), claims.ids, problems.append)
    found = calls_in(files, workspace.host)
    rows = rows_of(found, sheets, claims, comparison.wanted(router), made.counts, problems.append)
    return run(rows, made, workspace.host, tell=problems.append)


def _tabled(
    workspace: Workspace,
    router: Router,
    comparison: Comparison,
    problems: list[Problem],
    tables: Sequence[Input],
    workers: int,
    *,
    answers: bool,
) -> Replayed:
    """What differs in tables of calls. answers: whether those that stand beside the calls are asked for."""
    from pauta.bulk.workers import WorkerDiedError
    from pauta.commands.tables import Bar, setup_of
    from pauta.replay.files import replay_files

    bar = Bar()
    try:
        return replay_files(
            tables,
            comparison,
            setup_of(workspace, router),
            host=workspace.host,
            answers=answers,
            tell=problems.append,
            workers=workers,
            progress=bar,
        )
    except WorkerDiedError as died:
        tell([*problems, *died.problems])
        raise click.exceptions.Exit(DONE_WITH_FAILURES) from died
    finally:
        bar.done()


def replayed_tables_of(
    workspace: Workspace,
    router: Router,
    comparison: Comparison,
    files: Sequence[Feed],
    others: Sequence[Feed],
    *,
    asked: bool,
) -> list[Input] | str:
    """The inputs of a replay that can go by column, or why it cannot. others: files of people's answers.

    asked: whether somebody asks for what only runs by column have.

    Answers that stand beside the calls of Parquet files are taken where they are asked for: where these are the same
    files.
    """
    from pauta.bulk.pieces import ParquetInput
    from pauta.bulk.stored import each_call_once, unlike_plain
    from pauta.commands.tables import inputs_of, of_their_own, setup_of, unlike_answers
    from pauta.engine.problems import ProblemsFound
    from pauta.replay.files import setup_for

    if of_their_own(files, others):
        return "people's answers come from files of their own"
    inputs = inputs_of(files, workspace.host, asked=asked)
    if isinstance(inputs, str):
        return inputs
    scorer = setup_for(comparison, setup_of(workspace, router)).scorer(workspace.host)
    tables = [each for each in inputs if isinstance(each, ParquetInput)]
    try:
        layouts = [scorer.layout(each.schema, each.path) for each in tables]
        for table, layout in zip(tables, layouts, strict=True):
            reason = unlike_plain(table, layout) or (unlike_answers(table, layout) if others else None)
            if reason is not None:
                return reason
        if others and (len(tables) < len(inputs) or not each_call_once(tables, layouts)):
            return "a call comes in several rows, or answers beside it in a file that is not Parquet"
    except ProblemsFound as found:
        return found.problems[0].message
    except (OSError, ValueError) as error:
        return f"a table cannot be read: {str(error).splitlines()[0]}"
    return inputs


def _stored(
    workspace: Workspace, router: Router, comparison: Comparison, problems: list[Problem], workers: str | None
) -> Replayed:
    """What differs in the operation's database."""
    from pauta.engine.contracts import Waiting
    from pauta.replay import Replayed, replay as run, stored_rows

    if workers:
        wrong_use("--workers is for tables that are read by column, and --stored replays the database")
    claims = comparison.claims(router)
    made = Replayed(comparison.after, stored=True, assumed=comparison.assumed)
    with _store(workspace) as store:

        def call_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
            wanted_row = Waiting("", "", record["evaluation_id"], record["revision"], "", 0, "", "", None, None)
            return store.delivery(wanted_row).call

        evaluations = store.evaluations(latest=claims.fixed is None)
        wanted = comparison.wanted(router)
        rows = stored_rows(evaluations, call_of, claims, wanted, made.counts, problems.append)
        return run(rows, made, workspace.host, tell=problems.append)


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
