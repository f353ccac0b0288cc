"""A plugin's own thread: all its code runs there, one thing at a time, and whoever waits for it can give up.

Python code cannot be killed from outside, only asked to stop: a loop in Python ends soon after it is given up, code
that never comes back to Python goes on until the program ends. Where that matters a plugin is isolated.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType
from typing import Generic, TextIO, TypeVar

T = TypeVar("T")


class TooLongError(Exception):
    """The work took longer than it may. `frame` is where the thread was then."""

    def __init__(self, limit: float, frame: FrameType | None) -> None:
        self.limit, self.frame = limit, frame
        super().__init__(f"it took longer than {limit:g} s")


class GivenUpError(BaseException):
    """Raised in the midst of work that nobody waits for any more; no plugin is meant to catch it."""


class _Job(Generic[T]):
    """A piece of work, and what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.done = threading.Event()
        self.results: list[T] = []
        self.error: BaseException | None = None

    def do(self) -> None:
        try:
            self.results.append(self._work())
        except BaseException as error:  # it belongs to whoever waits
            self.error = error
        finally:
            self.done.set()


def _serve(jobs: SimpleQueue[_Job[object] | None]) -> None:
    try:
        while (job := jobs.get()) is not None:
            job.do()
            del job
    except GivenUpError:  # it came to an end in the moment in which it was given up
        return


class OwnThread:
    """Does work in one thread, which begins with the first piece and ends with this object."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._jobs: SimpleQueue[_Job[object] | None] = SimpleQueue()

    def run(self, work: Callable[[], T], limit: float) -> T:
        """Do a piece of work and wait for it, `limit` seconds at most. Raises what it raises.

        Raises TooLongError, and asks the thread to stop, where it is not done by then.
        """
        job = _Job(work)
        with self._turn:
            thread = self._running()
            self._jobs.put(job)  # type: ignore[arg-type]  # the thread does not look at results
            try:
                done = job.done.wait(limit)
            except BaseException:  # somebody at the keyboard does not want to wait any more
                self._give_up(thread)
                raise
            if not done:
                frame = sys._current_frames().get(thread.ident or 0)
                self._give_up(thread)
                raise TooLongError(limit, frame)
        if job.error is not None:
            raise job.error
        return job.results[0]

    def _running(self) -> threading.Thread:
        """The thread; a new one at first, after giving up, and in a process that was forked off."""
        if self._thread is None or not self._thread.is_alive():
            self._jobs = SimpleQueue()
            self._thread = threading.Thread(target=_serve, args=(self._jobs,), name=self._name, daemon=True)
            self._thread.start()
            weakref.finalize(self, self._jobs.put, None)
        return self._thread

    def _give_up(self, thread: threading.Thread) -> None:
        self._thread = None
        self._jobs.put(None)
        if thread.ident is not None:
            import ctypes

            stop = ctypes.py_object(GivenUpError)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), stop)


class _Prints:
    """How many plugins are at work, and the stream that waits for them to be done."""

    lock = threading.Lock()
    depth = 0
    stream: TextIO | None = None


@contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Whatever is printed meanwhile goes to stderr: stdout holds results, and a plugin's prints would spoil them."""
    with _Prints.lock:
        if _Prints.depth == 0:
            _Prints.stream, sys.stdout = sys.stdout, sys.stderr
        _Prints.depth += 1
    try:
        yield
    finally:
        with _Prints.lock:
            _Prints.depth -= 1
            if _Prints.depth == 0 and _Prints.stream is not None:
                sys.stdout, _Prints.stream = _Prints.stream, None
