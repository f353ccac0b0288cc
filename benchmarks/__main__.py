"""All benchmarks in one run: prints what it measures, and writes docs/performance.md.

python -m benchmarks             everything
python -m benchmarks --quick     smaller, writes nothing; exit code 1 where a ratio is half its goal, three times over
python -m benchmarks --only scoring memory    these, and writes their parts of the page
"""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.figures import Part
from benchmarks.page import PAGE, goal_of, page

BENCHMARKS = {
    "scoring": "Scoring",
    "phrases": "Phrases",
    "one_call": "One call",
    "processes": "Whole processes",
    "memory": "Memory",
    "nights": "Nights",
    "bulk": "Tables of calls",
    "transcripts": "Transcripts from file to file",
    "replay": "Replay",
    "lines": "JSON lines into the database",
    "spark": "Spark",
}

TITLES = [*BENCHMARKS.values(), "Spark, many calls"]
"""The parts of the page in their order; the last one is of `--only spark` with more calls than usual."""
TRIES = 3
"""So often a part of the quick form is measured before its ratios are believed to have fallen."""


def measured(name: str, *, quick: bool) -> Part:
    """A benchmark's part of the page; one that cannot run here says so, and the others go on."""
    try:
        part: Part = importlib.import_module(f"benchmarks.{name}").run(quick)
    except Exception as error:
        return Part(BENCHMARKS[name], skipped=f"{type(error).__name__}: {error}")
    return part


def fell(part: Part) -> bool:
    """Whether something could not be measured, or a ratio is half of what it should be."""
    return bool(part.skipped) or any(figure.fell_by_half for figure in part.figures)


def show(part: Part) -> None:
    if part.skipped:
        print(f"  not measured: {part.skipped}")
    for figure in part.figures:
        verdict = {True: "reached", False: "NOT REACHED", None: ""}[figure.reached]
        print(f"  {figure.what:52} {figure.measured}   {goal_of(figure)} {verdict}".rstrip(), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure how fast pauta is.")
    parser.add_argument("--quick", action="store_true", help="a smaller run that writes nothing")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), help="some of them")
    asked = parser.parse_args()
    parts = []
    for name in asked.only:
        print(f"\n{BENCHMARKS[name]}", flush=True)
        part = measured(name, quick=asked.quick)
        show(part)
        for _ in range(TRIES - 1):
            if not (asked.quick and fell(part)):
                break
            print("  once more: a busy machine looks like a slow program", flush=True)
            part = measured(name, quick=True)
            show(part)
        parts.append(part)
    if not asked.quick:
        before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(page(parts, TITLES, before), encoding="utf-8")
        print(f"\nwritten: docs/{PAGE.name}")
    return 1 if asked.quick and any(map(fell, parts)) else 0


if __name__ == "__main__":
    sys.exit(main())
