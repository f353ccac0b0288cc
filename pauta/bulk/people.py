"""A run's people's evaluations: read before the calls, met by them piece by piece, and told of where no call came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Any, Final

from pauta.bulk.gathered import gather
from pauta.bulk.matched import Used, UsedSoFar
from pauta.bulk.matching import MatchingScorer, MatchingSetup, rejected
from pauta.bulk.scorer import Setup
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.pipeline import Tell
from pauta.engine.problems import Problem, ProblemsFound

if TYPE_CHECKING:
    import pyarrow as pa

REJECTED: Final = 16_384
"""So many rejects stand in one group of rows."""


class People:
    """The evaluations of a run, in a folder of their own for as long as it is a context manager.

    used: which of them calls have taken. Raises ProblemsFound where the folder cannot be filled.
    """

    def __init__(self, files: Sequence[Feed], setup: Setup, host: Host, tell: Tell) -> None:
        self._files, self._host, self._tell = files, host, tell
        self._folder = TemporaryDirectory(prefix="pauta-answers-", ignore_cleanup_errors=True)  # maps may be open
        self.setup = MatchingSetup.over(setup, self._folder.name)
        self._refused: list[pa.RecordBatch] = []
        self._told_last: list[tuple[None, Problem]] = []

    def __enter__(self) -> People:
        try:
            gather(self._files, self._host, Path(self._folder.name), self._told)
            self.scorer: MatchingScorer = self.setup.scorer(self._host)
            self.scorer.before = self.used = UsedSoFar(self.scorer.evaluations.size)
        except OSError as error:
            self._folder.cleanup()
            reason = (error.strerror or str(error)).lower()
            message = f"the folder for temporary files, '{gettempdir()}', cannot be written: {reason}"
            hint = "people's answers wait there while their calls are read: set TMPDIR to a disk with room"
            raise ProblemsFound([Problem("E620", message, None, hint)]) from error
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.scorer.__dict__.pop("evaluations", None)  # files that are mapped cannot be removed everywhere
        self._folder.cleanup()

    def _told(self, problem: Problem) -> None:
        self._tell(problem)
        self._told_last.append((None, problem))
        if len(self._told_last) == REJECTED:
            self._refused, self._told_last = [*self._refused, rejected(self._told_last)], []

    @property
    def made_of(self) -> list[list[Any]]:
        """What the evaluations depend on."""
        there = [Path(each.target) for each in self._files if Path(each.target).exists()]
        return [[str(each), each.stat().st_size, each.stat().st_mtime_ns] for each in there]

    def took_before(self, used: Used | None) -> bool:
        """Whether some of the evaluations that a batch took had been taken."""
        return used is not None and bool(self.used.has(used.evaluations).any())

    def refused_tables(self) -> list[pa.RecordBatch]:
        """What was refused of the files, as rejects."""
        return [*self._refused, rejected(self._told_last)]

    def unmatched_tables(self) -> Iterator[pa.RecordBatch]:
        """Tell of evaluations whose calls did not come, and have them as rejects."""
        found = self.scorer.unmatched(self.used)
        while some := list(islice(found, REJECTED)):
            for _, problem in some:
                self._tell(problem)
            yield rejected(some)
