"""All benchmarks in one run: prints what it measures, and writes docs/performance.md.

python -m benchmarks             everything
python -m benchmarks --quick     smaller, writes nothing; exit code 1 where a ratio has fallen to half its goal
python -m benchmarks --only scoring memory
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
    "lines": "JSON lines into the database",
    "spark": "Spark",
}


def measured(name: str, *, quick: bool) -> Part:
    """A benchmark's part of the page; one that cannot run here says so, and the others go on."""
    try:
        part: Part = importlib.import_module(f"benchmarks.{name}").run(quick)
    except Exception as error:
        return Part(BENCHMARKS[name], skipped=f"{type(error).__name__}: {error}")
    return part


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure how fast pauta is.")
    parser.add_argument("--quick", action="store_true", help="a smaller run that writes nothing")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), help="some of them")
    asked = parser.parse_args()
    parts = []
    for name in asked.only:
        print(f"\n{BENCHMARKS[name]}", flush=True)
        part = measured(name, quick=asked.quick)
        parts.append(part)
        if part.skipped:
            print(f"  not measured: {part.skipped}")
        for figure in part.figures:
            verdict = {True: "reached", False: "NOT REACHED", None: ""}[figure.reached]
            print(f"  {figure.what:52} {figure.measured}   {goal_of(figure)} {verdict}".rstrip())
    if not asked.quick and set(asked.only) == set(BENCHMARKS):
        PAGE.write_text(page(parts), encoding="utf-8")
        print(f"\nwritten: docs/{PAGE.name}")
    failed = [part for part in parts if part.skipped or any(figure.fell_by_half for figure in part.figures)]
    return 1 if failed and asked.quick else 0


if __name__ == "__main__":
    sys.exit(main())
