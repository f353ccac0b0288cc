"""The card of 40 questions for zen-engine: one compiled expression over a row, in two forms.

`NAMED` is how one would write it: a row holds each answer's points under the question's name. `ARRAY` is the fastest
form that was found: the points of all answers in one array. Both hold whole numbers, null where not applicable; making
the rows is not timed. An expression for each sum instead of one for all takes six times as long, for each carries the
row over; JSON text in place of Python objects gains nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.forty import LOAN, Evaluations, card, code_of

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venv"
PACKAGE = "zen-engine>=2.1,<3"
NAMED, ARRAY = "answers by name", "answers in one array"
FORMS = (NAMED, ARRAY)


class NotThereError(Exception):
    """zen-engine cannot be had here; says why."""


def environment() -> Path:
    """The interpreter of an environment with zen-engine, made at the first request.

    Raises NotThereError where it cannot be installed.
    """
    python = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "python"
    if python.exists() and _run(python, "-c", "import zen").returncode == 0:
        return python
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    installed = _run(python, "-m", "pip", "install", "--quiet", PACKAGE)
    if installed.returncode:
        raise NotThereError("zen-engine cannot be installed here")
    return python


def version() -> str:
    code = "import importlib.metadata as m; print(m.version('zen-engine'))"
    return _run(environment(), "-c", code).stdout.strip()


def _run(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(python), *arguments], capture_output=True, text=True, check=False)


def expression(form: str) -> str:
    """Score, failed and band of a row."""
    points_of = {
        question.id: question.id if form == NAMED else f"a[{n}]" for n, question in enumerate(card().questions)
    }
    conditions = {"q11": f"product == {LOAN}", "q24": "duration >= 120", "q30": f"{points_of['q29']} == 0"}
    lines: list[str] = []
    upper, lower = [], []
    errors: list[str] = []
    critical: list[str] = []
    for number, section in enumerate(card().sections):
        uppers, lowers = [], []
        for question in section.questions:
            points, asked = points_of[question.id], conditions.get(question.id)
            share = question.applied_weight / (question.max_points or 1)
            uppers.append(_where(asked, f"{share:g} * ({points} ?? 0)"))
            lowers.append(_where(_both(asked, f"{points} != null"), f"{question.applied_weight:g}"))
            if question.error is not None:
                makes = _where(_both(asked, f"{points} == 0"), "1")
                (errors if question.error.critical is None else critical).append(makes)
        lines += [f"u{number} = {' + '.join(uppers)}", f"l{number} = {' + '.join(lowers)}"]
        weight = f"{section.weight:g}"
        upper.append(f"(l{number} > 0 ? {weight} * u{number} / l{number} : 0)")
        lower.append(f"(l{number} > 0 ? {weight} : 0)")
    lines += [
        f"critical = {' + '.join(critical)}",
        f"errors = {' + '.join(errors)}",
        "failed = critical > 0 or errors >= 3",
        f"score = failed ? 0 : floor(10000 * ({' + '.join(upper)}) / ({' + '.join(lower)}) + 0.5) / 100",
        f"[score, failed, {_band()}]",
    ]
    return "; ".join(lines)


def _where(condition: str | None, then: str) -> str:
    return f"({condition} ? {then} : 0)" if condition else then


def _both(one: str | None, other: str) -> str:
    return f"{one} and {other}" if one else other


def _band() -> str:
    text = "0"
    for n, start in enumerate(sorted(band.start for band in card().bands)[1:], start=1):
        text = f"(score >= {start:g} ? {n} : {text})"
    return text


def rows_of(given: Evaluations, form: str) -> list[dict[str, Any]]:
    """The evaluations as zen's rows."""
    names = [question.id for question in card().questions]
    points: list[dict[int, int | None]] = [
        {
            code_of(question, each.id): None if each.points is None else int(each.points)
            for each in question.answers.options
        }
        for question in card().questions
    ]
    rows = []
    for row, codes in enumerate(given.codes.T.tolist()):
        answers = [points[n][code] for n, code in enumerate(codes)]
        held: dict[str, Any] = {"a": answers} if form == ARRAY else dict(zip(names, answers, strict=True))
        rows.append({**held, "product": int(given.product[row]), "duration": int(given.duration[row])})
    return rows


class Zen:
    """zen-engine at work in a process of its own, its rows in its memory."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def results(self) -> list[tuple[float, bool, int]]:
        """Score, failed and band of each row."""
        return [(float(score), bool(failed), int(band)) for score, failed, band in self._ask("results")]

    def seconds(self) -> float:
        """How long it takes over all its rows."""
        return float(self._ask("time"))

    def _ask(self, word: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(word, file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


@contextmanager
def zen_over(given: Evaluations, form: str) -> Iterator[Zen]:
    """zen-engine over some evaluations, held in a form. Raises NotThereError where it cannot be had."""
    python = environment()
    with TemporaryDirectory() as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps({"expression": expression(form), "rows": rows_of(given, form)}), encoding="utf-8")
        command = [str(python), str(HERE / "zen_rows.py"), str(task)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield Zen(process)
            assert process.stdin is not None
            process.stdin.close()
