"""Plugins in a process of their own: what hangs there is killed, what dies there takes nothing with it.

The process is started when the plugin is loaded and fed batch by batch. It is ended at the limit of time, and started
again for the next batch, a few times; then the plugin is switched off. Only criteria can be isolated: whatever else a
plugin may offer works on files and results of this process.
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
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any, Final

from pauta.engine.contracts import JsonSchema, Options
from pauta.engine.model.calls import Call, CallBatch, Turn
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
_BOOT: Final = (
    "import json, sys; sys.path = json.loads(sys.argv[1]); import pauta.engine.seam.worker as own; own.main()"
)
START_S: Final = 10.0
"""What starting a process may take, beside the time that its plugin may take to load."""

_GRACE_S: Final = 0.5
"""How long a process whose pipe broke may take to say how it ended."""

_MOST: Final = 1 << 31
"""No message is longer, in bytes: what says so of itself is noise."""

_NUMBERS = itertools.count(1)
"""What criteria and batches are called between the processes."""


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
    """A criterion as it was made there, to see whether it can be. `parts` is None where it is no composite."""

    reads: tuple[str, ...]
    parts: tuple[Mapping[str, Options], ...] | None


@dataclass(frozen=True, slots=True)
class Raised:
    """What was raised there. `refused`: why the plugin is not taken. `problems`: those the plugin raised itself."""

    reason: str
    place: Place | None = None
    problems: tuple[Problem, ...] = ()
    refused: tuple[str, str, str | None] | None = None
    of_value: bool = False


class _NoiseError(Exception):
    """What came through the pipe is no message: the plugin wrote to it."""


class OptionsRefusedError(PluginError, ValueError):
    """A plugin raised ValueError over its options, there; it is the same here."""


def receive(stream: IO[bytes]) -> Any:
    """Read one message. Raises EOFError where the other side is gone, and _NoiseError where it is none."""
    head = stream.read(SIZE.size)
    size = SIZE.unpack(head)[0] if len(head) == SIZE.size else 0
    if size > _MOST:
        raise _NoiseError
    data = stream.read(size)
    if not size or len(data) < size:
        raise EOFError
    try:
        return pickle.loads(data)  # noqa: S301  # it comes from a process of our own, whose plugin is trusted code
    except Exception as error:  # noise may be anything
        raise _NoiseError from error


def send(stream: IO[bytes], data: bytes) -> None:
    """Write one pickled message."""
    stream.write(SIZE.pack(len(data)))
    stream.write(data)
    stream.flush()


class _Process:
    """A running worker, and what it holds already: criteria by number, and the calls of one batch."""

    def __init__(self, name: str) -> None:
        self.made: set[int] = set()
        self.calls = 0
        self.thread = OwnThread(f"talks to plugin {name}")
        self.popen = subprocess.Popen(  # noqa: S603  # our own interpreter and our own text
            [sys.executable, "-c", _BOOT, json.dumps([str(each) for each in sys.path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._end = weakref.finalize(self, _kill, self.popen)

    def exchange(self, data: bytes) -> Any:
        """Send a message and wait for what comes back."""
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        send(self.popen.stdin, data)
        return receive(self.popen.stdout)

    def end(self, grace_s: float = 0.0) -> int:
        """End it; the code it ended with. It may have a moment to end by itself."""
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(grace_s)
        self._end()
        return self.popen.returncode


def _kill(popen: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
    popen.kill()
    popen.wait()
    for stream in (popen.stdin, popen.stdout):
        with suppress(OSError):
            assert stream is not None
            stream.close()


class Worker:
    """A plugin's own process: started, asked, ended at the limit, started again."""

    def __init__(self, plugin: LoadedPlugin, recipe: Recipe) -> None:
        self.plugin = plugin
        self._recipe = recipe
        self._process: _Process | None = None
        self._ends = 0
        self._turn = threading.RLock()

    def load(self) -> list[Described]:
        """Start the process and let it load the plugin; returns what it offers.

        Raises PluginError, and OfferRefusedError where what it offers is not what it should be.
        """
        with self._turn:
            self._process = _Process(self.plugin.name)
            limit = self.plugin.limit() + START_S
            found: list[Described] = self._exchange(("load", self._recipe), "loading it", None, limit)
            return found

    def ask(self, message: tuple[object, ...], doing: str, place: Place | None) -> Any:
        """What the process answers to a message. Raises PluginError, or ProblemsFound where the plugin does."""
        with self._turn:
            self._running()
            return self._exchange(message, doing, place, self.plugin.limit())

    def ask_about(self, criterion: Isolated, batch: CallBatch, parts: Sequence[Findings]) -> Asked:
        """What a criterion says about a batch. Raises PluginError."""
        doing, limit = f"question '{criterion.question}' of {batch.size} calls", self.plugin.limit(batch.size)
        with self._turn:
            process = self._running()
            if criterion.number not in process.made:
                self._exchange(("keep", criterion.number, *criterion.recipe), doing, criterion.place, limit)
                process.made.add(criterion.number)
            number, calls = batch.once("calls for workers", lambda: (next(_NUMBERS), _pickled(packed(batch.calls))))
            sent = None if process.calls == number else calls
            rest = _rest_of(batch, criterion.made.reads)
            message = ("ask", criterion.number, sent, rest, list(parts))
            asked: Asked = self._exchange(message, doing, criterion.place, limit)
            process.calls = number
            return asked

    def _running(self) -> _Process:
        self.plugin.must_work()
        if self._process is None:
            self.load()
        assert self._process is not None
        return self._process

    def _exchange(self, message: tuple[object, ...], doing: str, place: Place | None, limit: float) -> Any:
        process = self._process
        assert process is not None
        data = _pickled(message)
        try:
            answer = process.thread.run(lambda: process.exchange(data), limit)
        except TooLongError:
            self._end()
            raise self._ended(*self.plugin.too_long(doing, limit, place)) from None
        except (EOFError, OSError) as error:
            raise self._broken(_how_it_ended(self._end(_GRACE_S)), doing, place) from error
        except _NoiseError as error:
            self._end()
            raise self._broken("wrote noise where its answer was to come", doing, place) from error
        if isinstance(answer, Raised):
            raise _error_of(answer)
        return answer

    def _broken(self, how: str, doing: str, place: Place | None) -> PluginError:
        sentence = f"the process of {self.plugin} {how} over {doing}"
        problem = Problem("E610", sentence, place, "the next batch starts it again; tell the plugin's author")
        return self._ended(problem, f"the process of plugin '{self.plugin.name}' {how}")

    def _end(self, grace_s: float = 0.0) -> int:
        process, self._process = self._process, None
        assert process is not None
        return process.end(grace_s)

    def _ended(self, problem: Problem, why: str) -> PluginError:
        """Count an end of the process; after too many of them the plugin is switched off."""
        self._ends += 1
        if self._ends > RESTARTS:
            return self.plugin.switch_off(problem, why)
        return PluginError(why, problem.place, problem)


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
    kind = OptionsRefusedError if raised.of_value else PluginError
    return kind(raised.reason, raised.place)


def _pickled(message: object) -> bytes:
    try:
        return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # what calls hold is up to their source
        raise PluginError(f"what it needs cannot be handed to its process: {type(error).__name__}: {error}") from error


_TURN: Final = attrgetter(*(each.name for each in fields(Turn)))
_CALL: Final = [each.name for each in fields(Call) if each.name != "turns"]


def packed(calls: Sequence[Call]) -> list[tuple[Any, ...]]:
    """Calls as tuples: pickled so they take a third of the time."""
    heads = map(attrgetter(*_CALL), calls)
    return [(head, [_TURN(turn) for turn in call.turns]) for head, call in zip(heads, calls, strict=True)]


def unpacked(calls: Sequence[tuple[Any, ...]]) -> list[Call]:
    """The calls again."""
    return [Call(**dict(zip(_CALL, head)), turns=tuple(Turn(*turn) for turn in turns)) for head, turns in calls]


def _rest_of(batch: CallBatch, reads: Sequence[str]) -> CallBatch:
    """A batch without its calls, with the columns that a criterion reads."""
    return CallBatch(
        size=batch.size,
        answers=dict(batch.answers),
        automatic=batch.automatic,
        evaluators=list(batch.evaluators),
        humans=list(batch.humans),
        notes=dict(batch.notes),
        subjects={name: batch.subject(name) for name in reads},
    )


def plain(value: Any) -> Any:
    """Options without the types of the loader, which the other process has no use for."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    kind = next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), None)
    return value if kind in (None, bool) else kind(value)


class IsolatedOffer:
    """Stands for a criterion's class that lives in another process."""

    def __init__(self, worker: Worker, described: Described) -> None:
        self.worker, self._described = worker, described
        self.name, self.options, self.purpose = described.name, described.options, described.purpose
        self.needs = described.needs

    def __call__(self, options: Options, question: Question) -> IsolatedCriterion | IsolatedComposite:
        """Make it there, to see whether it can be made."""
        recipe = (self.name, plain(options), question)
        doing, place = f"making criterion '{self.name}'", self._described.place
        made: Made = self.worker.ask(("try", *recipe), doing, place)
        kind = IsolatedCriterion if made.parts is None else IsolatedComposite
        return kind(self.worker, recipe, made, place)

    def reads(self, options: Options) -> Sequence[str]:
        """The subjects that it asks the batch for."""
        doing = f"what criterion '{self.name}' reads"
        found: list[str] = self.worker.ask(("reads", self.name, plain(options)), doing, self._described.place)
        return found


class Isolated:
    """A criterion in another process."""

    def __init__(self, worker: Worker, recipe: tuple[str, object, Question], made: Made, place: Place | None) -> None:
        self.worker, self.recipe, self.made, self.place = worker, recipe, made, place
        self.number = next(_NUMBERS)

    @property
    def question(self) -> str:
        """The id of the question it answers."""
        return self.recipe[2].id

    def reads(self, options: Options) -> Sequence[str]:
        """The subjects that it asks the batch for."""
        return self.made.reads

    def asked(self, batch: CallBatch, parts: Sequence[Findings] = ()) -> Asked:
        """What it says about a batch, checked there. Raises PluginError."""
        return self.worker.ask_about(self, batch, parts)


class IsolatedCriterion(Isolated):
    """A criterion in another process that looks at calls."""

    def answer_batch(self, batch: CallBatch) -> Findings:
        """What it says about a batch."""
        return self.asked(batch).findings


class IsolatedComposite(Isolated):
    """A criterion in another process that is made of others."""

    def parts(self) -> Sequence[Mapping[str, Options]]:
        """The criteria inside."""
        return self.made.parts or ()

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """What it makes of what its parts found."""
        return self.asked(batch, parts).findings
