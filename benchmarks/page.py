"""The page docs/performance.md: what was measured, beside what, on what machine, and how to measure it again."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Figure, Part

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
INTRO = """\
# How fast it is

Written by `python -m benchmarks`; do not change it by hand. What is compared runs in turn in one run, and a ratio is
made of each turn, so that what else the machine does at the time weighs on both sides. Seconds are those of the
processor. Figures stand as the median, and in brackets the least and the greatest of the turns. Data are made from a
seed.
"""
AGAIN = """\
## Measure it again

    .venv/bin/python -m benchmarks            all of it, some minutes, and writes this page
    .venv/bin/python -m benchmarks --quick    a smaller run that writes nothing; fails where a ratio is half its goal

zen-engine is installed into an environment of its own, `benchmarks/.venv`, at the first run. What the phrase criteria
find on real chats is measured by `python benchmarks/star.py` (see [measured/star.md](measured/star.md)).
"""


def page(parts: Sequence[Part]) -> str:
    lines = [INTRO, f"Measured on {date.today().isoformat()}: {machine()}.", ""]
    for part in parts:
        lines += [f"## {part.title}", "", *_part(part), ""]
    return "\n".join([*lines, AGAIN])


def _part(part: Part) -> Iterator[str]:
    if part.skipped:
        yield f"Not measured: {part.skipped}."
        return
    yield part.compared
    yield ""
    yield "| what | measured | goal | |"
    yield "|---|---|---|---|"
    for figure in part.figures:
        yield f"| {figure.what} | {figure.measured} | {goal_of(figure)} | {_mark(figure)} |"


def goal_of(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return f"{'at least' if figure.at_least else 'at most'} {figure.goal:g}"


def _mark(figure: Figure) -> str:
    return {True: "reached", False: "**not reached**", None: ""}[figure.reached]


def machine() -> str:
    """The machine in one line, without names or paths."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}; "
        f"{python}, NumPy {version('numpy')}, pauta {version('pauta')}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
