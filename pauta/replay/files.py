"""Tables of calls compared from files: piece by piece, by column, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Final

from pauta.bulk.files import Run, numbered, taken_of, total_of
from pauta.bulk.pieces import Input, Piece
from pauta.bulk.scorer import Setup
from pauta.bulk.workers import WorkerDiedError, Workers
from pauta.engine.host import Host
from pauta.engine.pipeline import Summary
from pauta.replay.comparison import Comparison
from pauta.replay.pieces import Comparing, Counted, Tables
from pauta.replay.replayed import Replayed
from pauta.replay.rows import Tell

REJECTS: Final = "`pauta score --to FILE.parquet --rejects FILE.parquet` writes every row that is refused"


def replay_files(
    inputs: Sequence[Input],
    comparison: Comparison,
    setup: Setup,
    *,
    host: Host,
    answers: bool,
    tell: Tell,
    workers: int = 1,
    most: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Replayed:
    """Compare two versions on tables of calls, as `replay` does it on rows.

    answers: whether what people answered stands beside the calls and is asked for. most: rows of a piece, where it is
    not the usual number. `progress` is told how many rows are done, of how many.
    Raises ProblemsFound where a process ends before its time.
    """
    setup = setup_for(comparison, setup)
    scorer = Tables(setup, host, answers=answers)
    run = _Replaying(Replayed(comparison.after, assumed=comparison.assumed), tell)
    takes = [taken_of(source, scorer, run) for source in inputs]
    total = total_of(inputs, takes)
    here = Comparing(inputs, comparison, scorer)
    pieces = numbered(inputs, takes, [most] * len(inputs), 0)
    with ExitStack() as stack:
        done: Iterator[tuple[Piece, Counted]]
        if workers > 1:
            start = partial(_started, comparison, answers)
            done = _by_others(stack.enter_context(Workers(inputs, setup, workers, start)), pieces)
        else:
            done = ((piece, here.do(number, piece)) for number, piece in pieces)
        for piece, counted in done:
            run.take(piece, counted, here)
            if progress is not None:
                progress(run.rows, total)
    run.end()
    return run.made


def _started(comparison: Comparison, answers: bool, inputs: Sequence[Input], setup: Setup) -> Comparing:
    """What another process does."""
    return Comparing(inputs, comparison, Tables(setup, setup.host(), answers=answers))


def _by_others(pool: Workers, pieces: Iterator[tuple[int, Piece]]) -> Iterator[tuple[Piece, Counted]]:
    sent: dict[int, Piece] = {}

    def noted() -> Iterator[tuple[int, Piece]]:
        for number, piece in pieces:
            sent[number] = piece
            yield number, piece

    try:
        for counted in pool.done(noted()):
            yield sent.pop(counted.number), counted
    except WorkerDiedError as died:
        hint = "run the same command again, with fewer processes where memory is short"
        raise WorkerDiedError([replace(each, hint=hint) for each in died.problems]) from died


def setup_for(comparison: Comparison, setup: Setup) -> Setup:
    """A setup that knows the questions of both versions."""
    named = [each for each in (comparison.old, comparison.after) if not isinstance(each, str)]
    return replace(setup, named=tuple(named))


class _Replaying(Run):
    """A run whose pieces are counted together."""

    def __init__(self, made: Replayed, tell: Tell) -> None:
        super().__init__(tell)
        self.made, self.rows = made, 0

    def take(self, piece: Piece, counted: Counted, here: Comparing) -> None:
        """Count a piece, and tell what is wrong with it."""
        fresh = self._seen.fresh_codes(counted.keys)
        if not fresh.all():
            counted = here.do(counted.number, piece, counted.key_rows[~fresh])
        self.made.add(counted.made)
        self._take(piece, counted.problems, counted.strangers, Summary())
        for problem in counted.absent:
            if problem not in self.made.counts.told:
                self.made.counts.told.add(problem)
                self.tell(problem)
        self.rows += piece.rows

    def end(self) -> None:
        """Tell what is told at the end."""
        for problem in self._once.left(-1):
            self.tell(problem)
        self.tell_counted(REJECTS)
