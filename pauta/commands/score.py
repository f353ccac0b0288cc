"""The command `score`: calls in, evaluations out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

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
from pauta.commands.cluster import on_spark_where_asked
from pauta.commands.given import answers_option, calls_argument, card_option, files_given, router_of

if TYPE_CHECKING:
    from pauta.engine.outlets import Outlet
    from pauta.engine.pipeline import Summary
    from pauta.workspace import Workspace

PROGRESS_EVERY_S: Final = 0.2
OF_PLUGINS: Final = ("E784", "E785", "E793")
"""Problems of the follow-up that are failures of plugins or sinks."""


@click.command()
@calls_argument
@card_option
@answers_option
@click.option("--to", "targets", multiple=True, metavar="FILE", help="Where results go: .db .parquet .jsonl .csv ...")
@click.option("--batch", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="Calls at a time.")
@click.option(
    "--deliver-for",
    type=click.FloatRange(0),
    default=30.0,
    show_default=True,
    help="Seconds to go on sending after the last call; what is left waits in the outbox.",
)
@click.option("--follow-up/--no-follow-up", default=True, help="Raise escalations of what is new, at the end.")
@click.option("--workers", metavar="N|auto", help="Processes that share files that go to one table (.parquet).")
@click.option(
    "--rejects", metavar="FILE", help="Where what was refused of such files goes, with the reasons (.parquet)."
)
@text_or_json
@telling
@on_spark_where_asked
def score(
    calls: Sequence[str],
    cards: Sequence[str],
    answers: Sequence[str],
    targets: Sequence[str],
    batch: int,
    deliver_for: float,
    follow_up: bool,
    workers: str | None,
    rejects: str | None,
    form: str,
) -> int:
    """Score calls by the cards that claim them, or by the cards named.

    CALLS are files, folders or globs. What is not given is taken from the operation's pauta.yaml; results go to
    pauta.db where nothing else is said. Outside an operation, without --to, each result is a line on the terminal.
    Files in Parquet, JSONL and CSV that go to one Parquet file are scored by column, and a run that was broken off
    goes on where it was. Such files that go to one SQLite database are scored by column too.

    Example: pauta score calls/ --card scorecards/support.yaml --to results.jsonl
    """
    from pauta.commands.follow_up import follow_up_after
    from pauta.commands.sinks import operation_redactor, over_what_is_read
    from pauta.commands.tables import (
        of_their_own,
        score_tables,
        store_tables,
        stored_tables_of,
        tables_of,
        workers_of,
    )
    from pauta.engine.endpoints import calls_in, evaluations_in
    from pauta.engine.pipeline import score as run
    from pauta.engine.problems import has_errors
    from pauta.workspace import Workspace

    workspace = Workspace()
    router, documents, refused = router_of(workspace, cards)
    files = files_given(workspace, calls, "calls")
    human_files = files_given(workspace, answers, "answers")
    over = over_what_is_read(workspace, [each.target for each in (*files, *human_files)], targets, rejects)
    if over:
        wrong_use(over)
    if rejects and not rejects.endswith(".parquet"):
        wrong_use(f"--rejects is '{rejects}'; it takes a file that ends in .parquet")
    redactor, processes = operation_redactor(workspace), workers_of(workers)
    asked = workers is not None or rejects is not None
    apart = of_their_own(files, human_files)
    tables = tables_of(files, human_files, targets, workspace, router, asked=asked)
    if not isinstance(tables, str):
        done, code = score_tables(tables, targets[0], workspace, router, processes, rejects, apart)
        if done is not None:
            _say_summary(done, form, printed=False)
        return max(code, PROBLEMS_FOUND) if refused else code
    _refuse_what_is_for_tables(workers, rejects, tables)
    outlets = _outlets(workspace, targets, form)
    tables = stored_tables_of(files, human_files, outlets, workspace, router)
    if not isinstance(tables, str):
        summary = store_tables(tables, outlets[0], workspace, router, documents, apart)
    else:
        progress = _Progress()
        summary = run(
            calls_in(files, workspace.host),
            evaluations_in(human_files, workspace.host),
            router=router,
            host=workspace.host,
            outlets=outlets,
            batch_size=batch,
            progress=progress,
            document_of=documents,
            redactor=redactor,
            deliver_for_s=deliver_for,
        )
        progress.done()
    followed = follow_up_after(workspace, outlets) if follow_up and not targets else []
    problems = [*workspace.host.problems, *summary.problems, *followed]
    tell(problems)
    _say_summary(summary, form, printed=any(isinstance(outlet.sink, _Terminal) for outlet in outlets))
    if summary.failures or workspace.host.problems or any(each.code in OF_PLUGINS for each in followed):
        return DONE_WITH_FAILURES
    return PROBLEMS_FOUND if summary.errors or refused or has_errors(followed) else GOOD


def _refuse_what_is_for_tables(workers: str | None, rejects: str | None, why: str) -> None:
    if workers or rejects:
        option = "--workers" if workers else "--rejects"
        wrong_use(f"{option} is for tables that are scored by column, and {why}; leave it out")


def _outlets(workspace: Workspace, targets: Sequence[str], form: str) -> list[Outlet]:
    from pauta.commands.sinks import outlets_of
    from pauta.engine.outlets import Outlet

    return outlets_of(workspace, targets) or [Outlet("terminal", _Terminal(form))]


class _Terminal:
    """A sink for the terminal: a line an evaluation, as text or as JSON."""

    name: ClassVar[str] = "terminal"
    options: ClassVar[Mapping[str, object]] = {}
    endings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, form: Any) -> None:
        self._json = form == "json"

    def write(self, evaluations: Sequence[Mapping[str, Any]]) -> None:
        for each in evaluations:
            click.echo(json.dumps(each, ensure_ascii=False) if self._json else _line(each))

    def close(self) -> None:
        pass


def _line(record: Mapping[str, Any]) -> str:
    from pauta.reports.explanation import figure

    passed = {True: "passed", False: "not passed", None: "no verdict"}[record["passed"]]
    facts = [figure(record["score"]), record["band"] or record["status"], passed]
    for count, noun in ((record["critical_errors"], "critical"), (record["non_critical_errors"], "non-critical")):
        if count:
            facts.append(f"{count} {noun}")
    return f"{record['call_id']}  {record['scorecard']}@{record['version']}  {record['evaluator']}  {', '.join(facts)}"


class _Progress:
    """Calls done and the rate, on stderr, for people who wait at a terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._started = self._last = time.monotonic()

    def __call__(self, calls: int) -> None:
        now = time.monotonic()
        if self._shown and now - self._last >= PROGRESS_EVERY_S:
            self._last = now
            click.echo(f"\r{calls:,} calls, {calls / (now - self._started):,.0f} a second ", err=True, nl=False)

    def done(self) -> None:
        if self._shown and self._last > self._started:
            click.echo("\r\x1b[K", err=True, nl=False)


def _say_summary(summary: Summary, form: str, *, printed: bool) -> None:
    """What the run did: to stdout, or to stderr where results are on stdout."""
    from pauta.reports.runs import summary_map, summary_text

    if form == "json" and not printed:
        say_json(summary_map(summary))
    else:
        click.echo(summary_text(summary).rstrip("\n"), err=printed or form == "json")
