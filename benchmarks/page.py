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
seed. Each part says when it was measured: a part is written anew whenever it is measured.
"""
AGAIN = """\
## Measure it again

    .venv/bin/python -m benchmarks                 all of it, hours with Spark, and writes this page
    .venv/bin/python -m benchmarks --only nights   one part of it, and writes that part of this page
    .venv/bin/python -m benchmarks --quick         a smaller run that writes nothing; fails where a ratio fell by half

zen-engine is installed into an environment of its own, `benchmarks/.venv`, at the first run. What the phrase criteria
find on real chats is measured by `python benchmarks/star.py` (see [measured/star.md](measured/star.md)).
"""


def page(parts: Sequence[Part], titles: Sequence[str], before: str) -> str:
    """The page with these parts; the others stand as they did in the page before, in the order of `titles`."""
    earlier = _sections(before)
    fresh = {part.title: "\n".join(_part(part)) for part in parts if part.figures or part.title not in earlier}
    sections = {**earlier, **fresh}
    shown = [f"## {title}\n\n{sections[title]}\n" for title in titles if title in sections]
    return "\n".join([INTRO, *shown, AGAIN])


def _sections(text: str) -> dict[str, str]:
    """A page's parts by title, as they stand."""
    parts = [each.partition("\n") for each in text.split("\n## ")[1:]]
    return {title: rest.strip() for title, _, rest in parts}


def _part(part: Part) -> Iterator[str]:
    if part.skipped:
        yield f"Not measured: {part.skipped}."
        return
    yield f"{part.compared} Measured on {date.today().isoformat()}: {machine()}."
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
