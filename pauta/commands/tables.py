"""`pauta score` from tables into a table or a database: when a run can go by column, and how it is told."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pauta.commands.answering import DONE_WITH_FAILURES, GOOD, PROBLEMS_FOUND, tell, wrong_use

if TYPE_CHECKING:
    from pauta.bulk.layout import Layout
    from pauta.bulk.pieces import Input
    from pauta.bulk.scorer import Setup
    from pauta.bulk.stored import DocumentOf
    from pauta.engine.host import Host
    from pauta.engine.loading.operation import Feed
    from pauta.engine.outlets import Outlet
    from pauta.engine.pipeline import Summary
    from pauta.engine.routing import Router
    from pauta.workspace import Workspace

PROGRESS_EVERY_S: Final = 0.2
TABLE: Final = ".parquet"
TABLES: Final = ("parquet", "jsonl", "csv")
"""The sources of files that are read by column."""
MANY: Final = 16
SMALL: Final = 1 << 18
"""So many files of so few bytes are scored faster together than each as a table of its own."""


def workers_of(asked: str | None) -> int:
    """How many processes are asked for: a number, or `auto` for all cores that this one may use."""
    if asked is None:
        return 1
    if asked == "auto":
        from pauta.bulk.workers import cores

        return cores()
    if not (asked.isascii() and asked.isdigit()) or int(asked) < 1:
        wrong_use(f"--workers is '{asked}'; it takes a number from 1, or auto")
    return int(asked)


def tables_of(
    files: Sequence[Feed],
    others: Sequence[Feed],
    targets: Sequence[str],
    workspace: Workspace,
    router: Router,
    *,
    asked: bool = False,
) -> list[Input] | str:
    """The inputs of a run that can go by column, or why it cannot. others: files of people's answers.

    asked: whether somebody asks for what only runs by column have.
    """
    if len(targets) != 1 or not targets[0].endswith((TABLE, "/")):
        return f"the results do not go to one file that ends in {TABLE}, or to one folder that ends in /"
    apart, host = of_their_own(files, others), workspace.host
    inputs = _with_people(inputs_of(files, host, asked=asked), apart, host)
    if isinstance(inputs, str) or apart or not others:
        return inputs
    return _as_plainly(inputs, setup_of(workspace, router), host, beside=True, apart=False)


def _with_people(inputs: list[Input] | str, others: Sequence[Feed], host: Host) -> list[Input] | str:
    """Inputs that evaluations of files of their own can meet by column, or why not."""
    strange = next((each.target for each in others if not _has_evaluations(each, host)), None)
    if strange is not None:
        return f"'{strange}' is no table of evaluations that is read by column"
    if others and not isinstance(inputs, str):
        both = next((each.path for each in inputs if _has_people(each)), None)
        if both is not None:
            return f"'{both}' has people's answers beside its calls, and others come from files of their own"
    return inputs


def _has_evaluations(feed: Feed, host: Host) -> bool:
    """Whether a file of people's answers is one whose places are rows and lines, and which is read only once."""
    source = _reading(feed, host)
    return source is not None and (not Path(feed.target).exists() or Path(feed.target).is_file())


def _has_people(source: Input) -> bool:
    """Whether a table of calls has people's answers beside them."""
    from pauta.bulk.layout import layout_of
    from pauta.engine.problems import Problem

    layout = layout_of(source.schema, (), source.path)
    return not isinstance(layout, Problem) and (layout.has_people or layout.has_answers or bool(layout.beside))


def inputs_of(files: Sequence[Feed], host: Host, *, asked: bool) -> list[Input] | str:
    """Files as inputs that are read by column, or why they cannot be."""
    try:
        import pyarrow  # noqa: F401  # whether it is there

        inputs = [_input_of(each, host) for each in files]
        strange = next((each.target for each, found in zip(files, inputs, strict=True) if found is None), None)
        if strange is not None:
            return f"'{strange}' is no table of calls that is read by column"
        fit = [each for each in inputs if each is not None]
        reason = next((reason for each in fit if (reason := each.unfit())), None)
        if reason is None and not asked and len(fit) >= MANY and _mean_size(files) < SMALL:
            reason = "the files are many and small"
    except ImportError:
        return "pyarrow is not installed: pip install 'pauta[parquet]'"
    except (OSError, ValueError) as error:
        return f"a table cannot be opened: {str(error).splitlines()[0]}"
    return reason or fit


def stored_tables_of(
    files: Sequence[Feed], others: Sequence[Feed], outlets: Sequence[Outlet], workspace: Workspace, router: Router
) -> list[Input] | str:
    """The inputs of a run that can go by column into one database, or why it cannot. others: see `tables_of`."""
    host = workspace.host
    if len(outlets) != 1 or not _is_database(outlets[0], host):
        return "the results do not go to one SQLite database"
    apart = of_their_own(files, others)
    inputs = _with_people(inputs_of(files, host, asked=False), apart, host)
    if isinstance(inputs, str):
        return inputs
    return _as_plainly(inputs, setup_of(workspace, router), host, beside=bool(others) and not apart, apart=bool(apart))


def of_their_own(files: Sequence[Feed], others: Sequence[Feed]) -> Sequence[Feed]:
    """Files of people's answers, but where they are the files of the calls: then the answers stand beside these."""
    same = {each.target for each in others} == {each.target for each in files}
    return () if same and not any(map(_options, others)) else others


def _as_plainly(inputs: list[Input], setup: Setup, host: Host, *, beside: bool, apart: bool) -> list[Input] | str:
    """The inputs, or why the database might not be the plain path's.

    beside: whether people's answers are taken that stand beside the calls. apart: whether others come in their files.
    """
    from pauta.bulk.matching import MatchingSetup
    from pauta.bulk.pieces import ParquetInput
    from pauta.bulk.stored import each_call_once, unlike_plain
    from pauta.engine.problems import ProblemsFound

    scorer = (MatchingSetup.over(setup, "") if apart else setup).scorer(host)
    try:
        layouts = [scorer.layout(each.schema, each.path) for each in inputs]
    except ProblemsFound as found:
        return found.problems[0].message
    found_in = list(zip(inputs, layouts, strict=True))
    reason = next((reason for each, layout in found_in if (reason := unlike_plain(each, layout))), None)
    if reason is not None:
        return reason
    if not beside:
        some = next((each.path for each, layout in found_in if layout.has_people), None)
        return f"'{some}' has people's answers beside its calls, which --answers does not name" if some else inputs
    reason = next((reason for each, layout in found_in if (reason := unlike_answers(each, layout))), None)
    if reason is not None:
        return reason
    tables = [each for each in inputs if isinstance(each, ParquetInput)]
    try:
        return inputs if each_call_once(tables, layouts) else "a call comes in several rows"
    except (OSError, ValueError) as error:
        return f"a table cannot be read: {str(error).splitlines()[0]}"


def unlike_answers(table: Input, layout: Layout) -> str | None:
    """Why the answers beside the calls of a table might be read in another way as a file of answers."""
    if not (layout.has_people and layout.has_answers):
        return f"'{table.path}' has no people's answers beside its calls"
    if {"question", "answer"} <= set(table.schema.names):
        return f"'{table.path}' has a row for every answer"
    if layout.nested is not None:
        return f"'{table.path}' has its answers in another form than sheets of answers have"
    return None


def _is_database(outlet: Outlet, host: Host) -> bool:
    from pauta.engine.outlets import owner_of

    owner = owner_of(outlet.sink, host)
    return owner is not None and owner.built_in and outlet.sink.name == "sqlite" and outlet.redactor is None


def _options(feed: Feed) -> bool:
    return bool(feed.options) or feed.source not in ("", "parquet")


def _input_of(feed: Feed, host: Host) -> Input | None:
    """A file as an input that is read by column; None where it is no such file, or another plugin reads it."""
    from pauta.bulk.lines import LinesInput
    from pauta.bulk.pieces import ParquetInput
    from pauta.bulk.sheets import SheetInput

    inputs: dict[str, Callable[[str], Input]] = {"parquet": ParquetInput, "jsonl": LinesInput, "csv": SheetInput}
    source = _reading(feed, host)
    if feed.options or source is None:
        return None
    if Path(feed.target).exists() and not Path(feed.target).is_file():
        return None  # what comes through a pipe can be read once
    return inputs[source](feed.target)


def _reading(feed: Feed, host: Host) -> str | None:
    """Which of the sources that come with pauta reads a table; None where another plugin does, or where it is none."""
    name = feed.target.lower()
    fits = {
        source: max((len(end) for end in plugin.endings if name.endswith(end)), default=0)
        for source, plugin in host.sources.items()
    }
    best = max(fits.values(), default=0)
    reading = [feed.source] if feed.source else [source for source, length in fits.items() if length == best > 0]
    if len(reading) != 1 or reading[0] not in TABLES or not fits.get(reading[0]):
        return None
    return reading[0] if host.owner("sources", reading[0]).built_in else None


def _mean_size(files: Sequence[Feed]) -> float:
    return sum(Path(each.target).stat().st_size for each in files) / len(files)


def setup_of(workspace: Workspace, router: Router) -> Setup:
    """What other processes need to score as this one would."""
    from pauta.bulk.scorer import Setup
    from pauta.commands.sinks import operation_redactor

    operation = workspace.operation
    watch = operation.watch if operation else None
    return Setup(
        versions=router.versions,
        named=router.named,
        timezone=router.timezone,
        today=router.today,
        plugins=tuple(str(folder.resolve()) for folder in operation.plugins) if operation else (),
        watch={"isolate": watch.isolate, "timeouts": watch.timeouts, "memory": watch.memory} if watch else {},
        redactor=operation_redactor(workspace),
    )


def score_tables(
    inputs: Sequence[Input],
    target: str,
    workspace: Workspace,
    router: Router,
    workers: int,
    rejects: str | None,
    answers: Sequence[Feed] = (),
) -> tuple[Summary | None, int]:
    """Score tables into a table; what the run did, None where it was broken off, and the exit code.

    answers: files of people's evaluations.
    """
    from pauta.bulk.files import score_files
    from pauta.bulk.workers import WorkerDiedError
    from pauta.engine.problems import Place, Problem

    bar = Bar()
    problems: list[Problem] = []
    for each in (target, rejects):
        if each:
            Path(each).parent.mkdir(parents=True, exist_ok=True)
    try:
        summary = score_files(
            inputs,
            target,
            setup_of(workspace, router),
            host=workspace.host,
            workers=workers,
            rejects=rejects,
            on_problem=problems.append,
            progress=bar,
            answers=answers,
        )
    except WorkerDiedError as died:
        bar.done()
        tell([*problems, *died.problems])
        return None, DONE_WITH_FAILURES
    except OSError as error:
        bar.done()
        reason = (error.strerror or str(error)).lower()
        tell([*problems, Problem("E620", f"'{target}' cannot be written: {reason}", Place(target))])
        return None, DONE_WITH_FAILURES
    bar.done()
    tell([*workspace.host.problems, *problems])
    if summary.failures or workspace.host.problems:
        return summary, DONE_WITH_FAILURES
    return summary, PROBLEMS_FOUND if summary.errors else GOOD


def store_tables(
    inputs: Sequence[Input],
    outlet: Outlet,
    workspace: Workspace,
    router: Router,
    document_of: DocumentOf,
    answers: Sequence[Feed] = (),
) -> Summary:
    """Score tables into a database; what the run did, with its problems. answers: files of people's evaluations."""
    from pauta.bulk.stored import store_files

    bar = Bar()
    setup, host = setup_of(workspace, router), workspace.host
    try:
        return store_files(inputs, outlet, setup, host=host, document_of=document_of, progress=bar, answers=answers)
    finally:
        bar.done()


class Bar:
    """Calls done of all, the rate and the time left, on stderr, for people who wait at a terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._started = self._last = time.monotonic()
        self._before: int | None = None

    def __call__(self, calls: int, total: int | None) -> None:
        """Show how far it is."""
        now = time.monotonic()
        if self._before is None:
            self._before = calls  # what an earlier run did says nothing of this one's rate
            self._started = now
        elif self._shown and now - self._last >= PROGRESS_EVERY_S:
            self._last = now
            click.echo(f"\r{told(calls, total, calls - self._before, now - self._started)}\x1b[K", err=True, nl=False)

    def done(self) -> None:
        """Take the line away."""
        if self._shown and self._last > self._started:
            click.echo("\r\x1b[K", err=True, nl=False)


def told(calls: int, total: int | None, since: int, seconds: float) -> str:
    """One line: `1,200,000 of 5,000,000 calls [######----] 41,000 a second, 1 min 33 s left`."""
    rate = since / seconds if seconds > 0 else 0.0
    if not total:
        return f"{calls:,} calls, {rate:,.0f} a second "
    full = round(20 * calls / total)
    left = f", {_span((total - calls) / rate)} left" if rate else ""
    return f"{calls:,} of {total:,} calls [{'#' * full}{'-' * (20 - full)}] {rate:,.0f} a second{left} "


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
