"""Whole processes, from start to end, beside an interpreter that does nothing."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.clock import in_turn, ratios, seconds_of_process, spread
from benchmarks.figures import Figure, Part, times

ROUNDS, QUICK_ROUNDS = 15, 3
LINES = 4000
HELP_MS, CHECK_MS = 200.0, 500.0
NOTHING = "an interpreter that does nothing"
EMPTY_CLICK = """
import click
@click.group()
def main() -> None: ...
for name in "abcdefghijklmno":
    main.command(name)(lambda: None)
main(["--help"])
"""
PARSE = "import sys, yaml; yaml.load(open(sys.argv[1], encoding='utf-8'), Loader=yaml.CSafeLoader)"

QUESTION = """\
      - question: q{n}
        title: {{en: Question {n}, es: Pregunta {n}}}
        text:
          en: Did the agent do the {n}th thing that the guideline asks for?
          es: ¿Hizo el agente la cosa número {n} que pide la guía?
        guidance: Yes where it was done without being asked; no where the customer had to ask for it.
        answers: {{yes: {points}, partly: 1, no: 0, N/A: null}}
        error: {{critical: compliance, fails: section}}
        tags: [tag{tag}]
        aim: process
        when: {{call.attributes.product: [card, loan]}}
        criterion:
          phrase: {{speaker: agent, any: ["phrase number {n}", "thing {n}"]}}
"""


def long_card(lines: int) -> str:
    """A card of about so many lines, with everything a question can have."""
    head = "scorecard: long\nversion: 1.0.0\ntitle: A long card\nlanguage: en\nsections:\n"
    size = QUESTION.count("\n")
    parts, n = [head], 0
    while n * size < lines:
        if n % 20 == 0:
            parts.append(f"  - section: s{n // 20}\n    weight: 10\n    questions:\n")
        parts.append(QUESTION.format(n=n, points=n % 4 + 2, tag=n % 9))
        n += 1
    return "".join(parts)


def run(quick: bool) -> Part:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.yaml"
        path.write_text(long_card(LINES), encoding="utf-8")
        pauta = [str(Path(sys.executable).with_name("pauta"))]
        commands = {
            NOTHING: [sys.executable, "-c", "pass"],
            "an empty click program, `--help`": [sys.executable, "-c", EMPTY_CLICK],
            "`pauta --help`": [*pauta, "--help"],
            "PyYAML's C loader alone over the long card": [sys.executable, "-c", PARSE, str(path)],
            "`pauta check` of the long card": [*pauta, "check", str(path)],
        }
        took = in_turn(
            {name: lambda command=command: seconds_of_process(command) for name, command in commands.items()},  # type: ignore[misc]
            QUICK_ROUNDS if quick else ROUNDS,
        )
    goals = {"`pauta --help`": HELP_MS, "`pauta check` of the long card": CHECK_MS}
    figures = []
    for name, each in took.items():
        milliseconds = spread([second * 1e3 for second in each])
        beside = "" if name == NOTHING else f"; {times(ratios(took[NOTHING], each))} times {NOTHING}"
        figures.append(
            Figure(
                name,
                f"{milliseconds:.0f} ms{beside}",
                milliseconds.middle,
                goals.get(name),
                at_least=False,
                ratio=False,
            )
        )
    return Part(
        "Whole processes",
        f"From start to end, in turn, seconds of the processor. The long card is made for this: {LINES:,} lines, every "
        "question with texts in two languages, a condition, an error and a phrase criterion.",
        tuple(figures),
    )
