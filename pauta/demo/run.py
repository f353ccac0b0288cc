"""`pauta demo`: make the demo's folder, score its calls, write the report, say what to open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pauta.demo import make_demo
from pauta.engine.endpoints import calls_in, evaluations_in, files_of, open_sink
from pauta.engine.pipeline import Outlet, score
from pauta.engine.problems import Problem, ProblemsFound
from pauta.engine.routing import Router
from pauta.engine.whole_file import WholeFile
from pauta.reports.html import report_html
from pauta.reports.runs import summary_text
from pauta.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo did, in words, and what was wrong with its input."""

    text: str
    problems: tuple[Problem, ...]


def run_demo(folder: Path) -> Demo:
    """Make the demo in a folder and run it; a second time in the same folder changes nothing.

    Raises ProblemsFound where the folder holds other files under the demo's names.
    """
    make_demo(folder)
    workspace = Workspace(folder)
    operation = workspace.operation
    assert operation is not None
    results = folder / "results"
    results.mkdir(exist_ok=True)
    outlets = []
    for entry in operation.sinks:
        sink = open_sink(str(entry.options["path"]), workspace.host, name=entry.name or None)
        if isinstance(sink, Problem):
            raise ProblemsFound([sink])
        outlets.append(Outlet(str(entry.options["path"]), sink))
    calls, _ = files_of(operation.calls, workspace.host)
    answers, _ = files_of(operation.answers, workspace.host)
    summary = score(
        calls_in(calls, workspace.host),
        evaluations_in(answers, workspace.host),
        router=Router(workspace.catalog, timezone=operation.timezone),
        host=workspace.host,
        outlets=outlets,
        document_of=workspace.catalog.document,
    )
    report = results / "report.html"
    cards = {card.name: card for card in workspace.catalog.cards}
    page = report_html(list(_records(results / "evaluations.jsonl")), cards, title="Norvela: quality of calls")
    file = WholeFile(report)
    file.stream.write(page)
    file.keep()
    return Demo(summary_text(summary) + "\n" + _what_to_open(folder, results), tuple(summary.problems))


def _what_to_open(folder: Path, results: Path) -> str:
    return "\n".join(
        [
            "Open",
            f"  {results / 'report.html'}   the report, in a browser",
            f"  {results / 'pauta.db'}      the database, with Datasette or any tool for SQLite",
            f"Then, in {folder}",
            "  pauta explain en-collections-01   why a call was scored so",
            "  pauta show support                what each question is worth",
            "  pauta test                        the cards' own tests",
        ]
    )


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
