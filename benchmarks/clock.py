"""Timing side by side: the contestants take turns, and each round gives one ratio, so that a busy machine cancels.

Seconds are those of the processor: what other programs take of a shared machine is not counted.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the middle and the greatest of some figures."""

    least: float
    middle: float
    greatest: float

    def __format__(self, spec: str) -> str:
        return f"{self.middle:{spec}} ({self.least:{spec}} to {self.greatest:{spec}})"


def spread(figures: Sequence[float]) -> Spread:
    return Spread(min(figures), statistics.median(figures), max(figures))


def share(figures: Sequence[float], part: float) -> float:
    """The figure below which a part (0..1) of all lies."""
    return sorted(figures)[min(int(len(figures) * part), len(figures) - 1)]


def seconds(work: Callable[[], object]) -> float:
    """Of this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def seconds_of_process(command: Sequence[str]) -> float:
    """Of a whole process, from its start to its end. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def most_memory() -> float:
    """The most megabytes that this program ever held: what `getrusage` says is that of whoever started it, if more."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def in_turn(work: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Each contestant's figures, one a round. A contestant returns its own figure, seconds a row or seconds a run.

    A first round is thrown away: it warms what can be warmed.
    """
    figures: dict[str, list[float]] = {name: [] for name in work}
    for round_ in range(rounds + 1):
        for name, run in work.items():
            figure = run()
            if round_:
                figures[name].append(figure)
    return figures


def ratios(of: Sequence[float], to: Sequence[float]) -> Spread:
    """How many times `to` takes as long as `of`, round by round."""
    return spread([other / one for one, other in zip(of, to, strict=True)])
