"""A plugin and what became of it. Its code is run here, and here it is given up on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.engine.seam.discovery import Code
from pauta.engine.seam.own_thread import OwnThread, TooLongError, prints_to_stderr

T = TypeVar("T")

BUILT_IN: Final = "built in"
BATCH_LIMIT_S: Final = 60.0
CALL_LIMIT_S: Final = 0.1
"""What a plugin may take over a batch where nobody says: a minute, and so much more for each call."""

LONGEST: Final = 500
"""How much of what a plugin raised is told: results carry it, call by call."""


class PluginError(Exception):
    """A plugin's code did not do its work: why, and where. `problem` is there where it is to be told as it stands."""

    def __init__(self, reason: str, place: Place | None = None, problem: Problem | None = None) -> None:
        self.reason, self.place, self.problem = reason, place, problem
        super().__init__(reason)


def reason_of(error: BaseException) -> str:
    """Why a plugin's code did not do its work, in one line: as its watcher tells it, else what it raised."""
    return error.reason if isinstance(error, PluginError) else said(error)


def said(error: BaseException) -> str:
    """What a plugin raised, in one line that can be written anywhere, whatever the plugin made of it."""
    if isinstance(error, ProblemsFound):
        return one_line("; ".join(problem.message for problem in error.problems))
    try:
        words = one_line(str(error))
    except BaseException:  # its own text may be what fails
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def one_line(text: str) -> str:
    """Text of a plugin on one line, not endless, without what cannot be written or would move a terminal's cursor."""
    line = " ".join(text.split())
    cut = line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
    return "".join(char if char.isprintable() else "\ufffd" for char in cut)


@dataclass(eq=False)
class LoadedPlugin:
    """A plugin and what became of it.

    offers: kind -> names. failure: why it does not load, None where it does; off: why it was switched off during the
    run. timeout: the seconds it may take at a time, None for the usual limit.
    """

    name: str
    version: str
    origin: str
    offers: dict[str, list[str]] = field(default_factory=dict)
    failure: Problem | None = None
    off: Problem | None = None
    code: Code = field(default_factory=Code, repr=False)
    timeout: float | None = None
    isolated: bool = False

    def __post_init__(self) -> None:
        self._why_off = ""
        self._thread = None if self.built_in else OwnThread(f"plugin {self.name}")

    def __str__(self) -> str:
        return f"plugin '{self.name}' {self.version} ({self.origin})"

    @property
    def built_in(self) -> bool:
        """Whether it is shipped with pauta: then it is trusted and runs without a watch."""
        return self.origin == BUILT_IN

    @property
    def state(self) -> str:
        """How it is: works, failed (it did not load), switched off (during this run)."""
        return "failed" if self.failure else "switched off" if self.off else "works"

    @property
    def problem(self) -> Problem | None:
        """Why it does not work."""
        return self.failure or self.off

    def limit(self, calls: int = 0) -> float:
        """How many seconds it may take over so many calls; 0 calls for loading it and making what it offers."""
        return BATCH_LIMIT_S + CALL_LIMIT_S * calls if self.timeout is None else self.timeout

    def run(self, work: Callable[[], T], doing: str, *, calls: int = 0) -> T:
        """Run code of this plugin, and return what it returns. `doing` says what it does, for the problem.

        Raises PluginError, whatever the code raises, and where it takes too long; then the plugin is switched off.
        """
        self.must_work()

        def kept() -> tuple[list[T], BaseException | None]:
            try:
                return [work()], None
            except BaseException as error:  # a plugin may raise anything
                return [], error

        if self._thread is None or self.isolated:
            results, error = kept()
            if isinstance(error, KeyboardInterrupt):
                raise error
        else:
            limit = self.limit(calls)
            try:
                with prints_to_stderr():
                    results, error = self._thread.run(kept, limit)
            except TooLongError as late:
                place = self.code.place_of_frame(late.frame)
                raise self.switch_off(*self.too_long(doing, limit, place)) from None
        if error is None:
            return results[0]
        if isinstance(error, PluginError):
            raise error
        raise PluginError(said(error), self.code.place_of(error)) from error

    def must_work(self) -> None:
        """Raise PluginError where it was switched off."""
        if self.off is not None:
            raise PluginError(self._why_off, self.off.place, self.off)

    def too_long(self, doing: str, limit: float, place: Place | None) -> tuple[Problem, str]:
        """The problem of taking too long, and the reason that results give."""
        hint = f"pauta.yaml may give it more: plugins: {{timeout: {{{self.name}: {2 * limit:g} s}}}}"
        took = f"took longer than {limit:g} s"
        return Problem("E609", f"{self} {took} over {doing}", place, hint), f"plugin '{self.name}' {took}"

    def switch_off(self, problem: Problem, why: str) -> PluginError:
        """Call it no more in this run; returns the error that says so. `why` is the reason that results give."""
        if self.off is None:
            message = f"{problem.message}; it is switched off for the rest of the run"
            self.off = Problem(problem.code, message, problem.place, problem.hint)
            self._why_off = why
        return PluginError(self._why_off, self.off.place, self.off)
