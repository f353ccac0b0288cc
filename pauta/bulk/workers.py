"""Several processes that share the pieces of a run; what they make comes back in the order of the pieces.

Each process has its own plans and reads its own pieces. Results are handed over as files in a temporary folder, all
else through a pipe. Few pieces are under way at a time, so that a slow one does not let the others run far ahead.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from pauta.bulk.pieces import Input, Piece
from pauta.bulk.scorer import Setup
from pauta.bulk.work import Done, Worker
from pauta.engine.problems import Problem, ProblemsFound

AHEAD: Final = 3
"""So many pieces for each process may be under way or wait for their turn to be written."""
MOST_OF_A_CORE: Final = 2
"""So many processes of a core at most, whoever asks for more: one may wait for its file while the other scores."""


class WorkerDiedError(ProblemsFound):
    """A process ended that should have gone on; what was written before stays."""


def scoring(inputs: Sequence[Input], setup: Setup) -> Worker:
    """A process's work where pieces are scored into tables."""
    return Worker(inputs, setup.scorer())


class Workers:
    """Processes at work, made anew for a run. Leave it as a context manager: no process outlives it.

    A process is started when a piece finds none that is idle, so there are never more of them than pieces. count: at
    most so many. start: makes what does the work on a piece in each process; pickled.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        setup: Setup,
        count: int,
        start: Callable[[Sequence[Input], Setup], Any] = scoring,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pauta-pieces-")
        self._most = min(count, MOST_OF_A_CORE * cores())
        self._work = (inputs, setup, self._folder.name, start)
        self._at_work: dict[Connection, BaseProcess] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe, process in self._at_work.items():
            pipe.close()
            process.terminate()
        for process in self._at_work.values():
            process.join()
        self._folder.cleanup()

    def done(self, pieces: Iterator[tuple[int, Piece]]) -> Iterator[Any]:
        """What came of each piece, in order. Raises WorkerDiedError."""
        idle: list[Connection] = []
        busy: dict[Connection, int] = {}
        made: dict[int, Any] = {}
        order: list[int] = []
        waiting = next(pieces, None)
        while waiting is not None or order:
            while waiting is not None and len(order) < AHEAD * self._most:
                if not idle and len(self._at_work) == self._most:
                    break
                pipe = idle.pop(0) if idle else self._started()
                try:
                    pipe.send(waiting)
                except OSError as error:
                    raise self._died(pipe, waiting[0]) from error
                busy[pipe] = waiting[0]
                order.append(waiting[0])
                waiting = next(pieces, None)
            for ready in wait(list(busy)):
                pipe = ready  # type: ignore[assignment]  # what was waited for are connections
                number = busy.pop(pipe)
                try:
                    found = pipe.recv()
                except (EOFError, OSError) as error:
                    raise self._died(pipe, number) from error
                if isinstance(found, BaseException):
                    raise found
                made[number] = found
                idle.append(pipe)
            while order and order[0] in made:
                yield made.pop(order.pop(0))

    def _started(self) -> Connection:
        """A new process, by its pipe."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(there, *self._work), daemon=True)
        with _uninterrupted():
            process.start()
        there.close()
        self._at_work[here] = process
        return here

    def _died(self, pipe: Connection, number: int) -> WorkerDiedError:
        process = self._at_work[pipe]
        process.join(1.0)
        code = process.exitcode
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        message = f"a worker process ended while it scored piece {number + 1} ({how})"
        hint = "run the same command again: it goes on after the last whole part"
        return WorkerDiedError([Problem("E755", message, None, hint)])


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C goes to all processes of a terminal; those that start here never hear it, the parent stops them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(
    pipe: Connection,
    inputs: Sequence[Input],
    setup: Setup,
    folder: str,
    start: Callable[[Sequence[Input], Setup], Any],
) -> None:
    """What a process does until its pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        worker = start(inputs, setup)
        while True:
            number, piece = pipe.recv()
            done = worker.do(number, piece)
            if isinstance(done, Done):
                done.made = _on_disk(done.made, Path(folder) / f"{number}.parquet")
                done.rejects = _on_disk(done.rejects, Path(folder) / f"{number}.rejects.parquet")
            pipe.send(done)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:
        try:
            pipe.send(error)
        except Exception:  # what cannot be pickled is told by its text
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _on_disk(made: Any, path: Path) -> str | None:
    if made is None:
        return None
    path.write_bytes(made)
    return str(path)
