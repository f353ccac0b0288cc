"""Plugins in a process of their own: what hangs there is killed, what dies there takes nothing with it.

The process is started when the plugin is loaded and fed batch by batch. It is ended at the limit of time, and started
again for the next batch, a few times; then the plugin is switched off. Only criteria can be isolated: what else a plugin
may offer works on files and results of this process.
"""

from __future__ import annotations

import itertools
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final

from pauta.engine.contracts import JsonSchema, Options
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.findings import Findings
from pauta.engine.model.scorecard import Question
from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.engine.seam.loaded import LoadedPlugin, PluginError
from pauta.engine.seam.offers import OfferRefusedError
from pauta.engine.seam.own_thread import OwnThread, TooLongError

if TYPE_CHECKING:
    from pauta.engine.seam.asking import Asked

RESTARTS: Final = 3
SIZE: Final = struct.Struct("<Q")
_BOOT: Final = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from pauta.engine.seam.worker import main; main()"
_TOKENS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a worker process finds its plugin: a file, or what an entry point names. `memory`: bytes it may take."""

    name: str
    file: str | None = None
    entry: str | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A criterion in a worker process, as far as others must know it."""

    name: str
    options: JsonSchema
    purpose: str
    needs: tuple[str, ...]
    place: Place | None


@dataclass(frozen=True, slots=True)
class Made:
    """A criterion that a worker process made once, to see whether it can be made."""

    needs: tuple[str, ...]
    parts: tuple[Mapping[str, Options], ...] | None


@dataclass(frozen=True, slots=True)
class Raised:
    """What a plugin raised in its process. `refused`: what the loader refused it for; `problems`: those it raised."""

    reason: str
    place: Place | None = None
    problems: tuple[Problem, ...] = ()
    refused: tuple[str, str, str | None] | None = None
    of_value: bool = False


def send(stream: IO[bytes], message: object) -> None:
    """Write one message."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(SIZE.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message. Raises EOFError where the other side is gone."""
    head = stream.read(SIZE.size)
    if len(head) < SIZE.size:
        raise EOFError
    (size,) = SIZE.unpack(head)
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301  # it comes from our own process, which runs code that is trusted


@dataclass(eq=False)
class _Process:
    """A running worker, and what it knows already."""

    popen: subprocess.Popen[bytes]
    thread: OwnThread
    made: set[int] = field(default_factory=set)
    calls: int = 0

    @classmethod
    def start(cls, name: str) -> _Process:
        arguments = [sys.executable, "-c", _BOOT, json.dumps(sys.path)]
        popen = subprocess.Popen(  # noqa: S603  # our own interpreter and our own text
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        process = cls(popen, OwnThread(f"talks to plugin {name}"))
        weakref.finalize(process, _end, popen)
        return process

    def exchange(self, message: object) -> Any:
        """Send a message and wait for what comes back."""
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        send(self.popen.stdin, message)
        return receive(self.popen.stdout)


def _end(popen: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
    popen.kill()
    popen.wait()
    for stream in (popen.stdin, popen.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()


class Worker:
    """A plugin's own process: started, asked, ended at the limit, started again."""

    def __init__(self, plugin: LoadedPlugin, recipe: Recipe) -> None:
        self.plugin = plugin
        self._recipe = recipe
        self._process: _Process | None = None
        self._ends = 0

    def load(self) -> list[Described]:
        """Start the process and let it load the plugin; returns what it offers.

        Raises PluginError and OfferRefusedError.
        """
        found: list[Described] = self._asked(("load", self._recipe), "being loaded", 0)
        return found

    def ask(self, message: tuple[object, ...], doing: str, calls: int = 0) -> Any:
        """Let the process answer a message. Raises PluginError and ProblemsFound."""
        self.plugin.must_work()
        if self._process is None:
            self.load()
        return self._asked(message, doing, calls)

    def ask_about(self, criterion: _Isolated, batch: CallBatch, parts: Sequence[Findings]) -> Asked:
        """What a criterion says about a batch. Raises PluginError."""
        self.plugin.must_work()
        if self._process is None:
            self.load()
        process = self._process
        assert process is not None
        doing = f"question '{criterion.question.id}' of {batch.size} calls"
        if criterion.key not in process.made:
            self._asked(("keep", criterion.key, *criterion.recipe), doing, 0)
            process.made.add(criterion.key)
        token, calls = batch.once("calls for a worker", lambda: _pickled(batch))
        rest = _rest_of(batch, criterion.reads(criterion.recipe[1]))
        known = process.calls == token
        asked: Asked = self._asked(
            ("ask", criterion.key, token, None if known else calls, rest, parts), doing, batch.size
        )
        process.calls = token
        return asked

    def _asked(self, message: tuple[object, ...], doing: str, calls: int) -> Any:
        if self._process is None:
            self._process = _Process.start(self.plugin.name)
        process, limit = self._process, self.plugin.limit(calls)
        try:
            answer = process.thread.run(lambda: process.exchange(message), limit)
        except TooLongError:
            self._stop()
            problem, why = self.plugin.too_long(doing, limit, self._place_of(message))
            raise self._ended(problem, why) from None
        except Exception as error:  # the pipe broke, or what came through it was no answer
            code = self._stop(grace=not isinstance(error, pickle.PicklingError))
            how = _how_it_ended(code) if isinstance(error, EOFError | OSError) else f"{type(error).__name__}: {error}"
            problem = Problem("E610", f"the process of {self.plugin} {how} over {doing}", self._place_of(message))
            raise self._ended(problem, f"the process of plugin '{self.plugin.name}' {how}") from error
        if isinstance(answer, Raised):
            raise _error_of(answer)
        return answer

    def _ended(self, problem: Problem, why: str) -> PluginError:
        """Count an end of the process; after too many of them the plugin is switched off."""
        self._ends += 1
        if self._ends > RESTARTS:
            return self.plugin.switch_off(problem, why)
        return PluginError(why, problem.place, problem)

    def _stop(self, *, grace: bool = False) -> int:
        """End the process; the code it ended with. With grace it may have a moment to end by itself."""
        process, self._process = self._process, None
        assert process is not None
        if grace:
            with suppress(subprocess.TimeoutExpired):
                process.popen.wait(0.5)
        _end(process.popen)
        return process.popen.returncode

    def _place_of(self, message: tuple[object, ...]) -> Place | None:
        """Where the criterion is written that a message is about."""
        return self.places.get(str(message[2])) if message[0] == "try" else self._asking

    places: Mapping[str, Place | None] = {}
    _asking: Place | None = None


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _error_of(raised: Raised) -> Exception:
    if raised.refused is not None:
        return OfferRefusedError(*raised.refused, raised.place)
    if raised.problems:
        return ProblemsFound(raised.problems)
    if raised.of_value:
        return ValueError(raised.reason)
    return PluginError(raised.reason, raised.place)
