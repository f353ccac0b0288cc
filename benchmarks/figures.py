"""What a benchmark hands on: figures, each a ratio where it has a peer, and what it must come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.clock import Spread


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `measured` is what was seen, `goal` what it must come to, `value` what is held against it.

    at_least: whether the goal is a floor; else it is a ceiling. A figure without a goal is there to be compared with.
    ratio: whether it is one; milliseconds alone say as much of the machine as of pauta. usual: what was measured of a
    goal that is not reached; the quick form holds what it sees against this.
    """

    what: str
    measured: str
    value: float | None = None
    goal: float | None = None
    at_least: bool = True
    ratio: bool = True
    usual: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached, None where there is none."""
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def fell_by_half(self) -> bool:
        """Whether a ratio is so far from its goal that noise is no excuse."""
        if self.goal is None or self.value is None or not self.ratio:
            return False
        usual = self.goal if self.usual is None else self.usual
        return self.value < usual / 2 if self.at_least else self.value > usual * 2


@dataclass(frozen=True, slots=True)
class Part:
    """One benchmark's part of the page: what was compared, and the figures. `skipped` says why there are none."""

    title: str
    compared: str = ""
    figures: tuple[Figure, ...] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark by name: `run(quick)` measures; it never writes to the checkout."""

    name: str
    run: Callable[[bool], Part] = field(repr=False)


def times(value: Spread) -> str:
    """A spread of ratios as the table shows it."""
    return f"{value:.2f}" if value.middle < 20 else f"{value:.0f}"
