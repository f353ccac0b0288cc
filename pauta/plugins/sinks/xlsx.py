"""Results as a workbook that a supervisor opens on Monday morning: how it went, who needs what, which questions fail.

A summary with the agents and the bands, the questions by how often they are missed, a sheet for each agent with one
row an evaluation (what was missed, and the comments), and all evaluations in one table to filter. Bands have colours,
headings stay in sight, and no text becomes a formula or a link, whatever a customer or an agent said.

Rows are kept aside on the disk until the end, because sheets are written one after the other; what stays in memory is
the count of each agent and question.
"""

import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, cast

from pauta import Call, WholeFile, hookimpl
from pauta.plugins.sinks.xlsx_sheets import put, sheet_name, styles, workbook

OF_EVALUATIONS: Final = (
    "call_id", "agent", "team", "call_type", "started_at", "scorecard", "version", "evaluator", "evaluated_at",
    "status", "score", "band", "passed", "critical_errors", "non_critical_errors", "agent_score", "coverage",
    "escalations", "missing", "unverified", "evaluation_id",
)  # fmt: skip
OF_AGENTS: Final = (
    "started_at", "call_id", "scorecard", "evaluator", "score", "band", "passed", "critical_errors",
    "non_critical_errors", "missed", "comments", "escalations",
)  # fmt: skip
WIDTHS: Final = {
    "call_id": 18, "agent": 16, "started_at": 24, "evaluated_at": 24, "scorecard": 18, "evaluator": 14, "missed": 44,
    "comments": 60, "escalations": 28, "evaluation_id": 34, "question": 28, "missing": 20, "unverified": 20,
}  # fmt: skip
COLOURS: Final = ("#C6E7CE", "#E3F1C4", "#FFF2B3", "#FBD7A8", "#F6B9B0")
"""Bands from the best to the worst."""
MOST_AGENTS: Final = 200
"""So many agents get a sheet of their own, those with the lowest scores first; the table of all has everybody."""
MOST_ROWS: Final = 1_048_000
NOBODY: Final = "(no agent)"


@dataclass
class _Count:
    """What was counted of one agent, or of all."""

    evaluations: int = 0
    scored: int = 0
    total: float = 0.0
    verdicts: int = 0
    passed: int = 0
    critical: int = 0
    non_critical: int = 0
    bands: Counter[str] = field(default_factory=Counter)

    def add(self, evaluation: Mapping[str, Any]) -> None:
        """Count one evaluation; an incomplete one has no score that counts."""
        self.evaluations += 1
        if evaluation.get("score") is not None and evaluation.get("status") == "complete":
            self.scored += 1
            self.total += evaluation["score"]
        if evaluation.get("passed") is not None:
            self.verdicts += 1
            self.passed += bool(evaluation["passed"])
        self.critical += evaluation.get("critical_errors") or 0
        self.non_critical += evaluation.get("non_critical_errors") or 0
        self.bands[evaluation.get("band") or ""] += 1

    @property
    def mean(self) -> float | None:
        return self.total / self.scored if self.scored else None

    @property
    def pass_share(self) -> float | None:
        return self.passed / self.verdicts if self.verdicts else None


class Xlsx:
    """A workbook for supervisors."""

    name: ClassVar[str] = "xlsx"
    purpose: ClassVar[str] = "Writes a workbook for supervisors: summary, questions, a sheet for each agent."
    endings: ClassVar[tuple[str, ...]] = (".xlsx",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "The workbook to write."}},
        "required": ["path"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Begin the file; raises OSError where that is not possible, ProblemsFound where the extra is missing."""
        workbook(io.BytesIO()).close()  # better now than after a long run
        self._file = WholeFile(str(options["path"]))
        self._aside = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed with the sink
        self._all = _Count()
        self._agents: dict[str, _Count] = {}
        self._questions: dict[tuple[str, str], Counter[str]] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._bands: dict[str, list[str]] = {}

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        return f"{self._all.evaluations} evaluations"

    def about(self, calls: Sequence[Call], cards: Sequence[Mapping[str, object]]) -> None:
        """Take note of the bands of cards, from the best to the worst, and of what their questions ask."""
        for card in cards:
            document = card.get("document")
            if isinstance(document, Mapping):
                name = str(card["scorecard"])
                self._bands[name] = _bands(document)
                self._texts |= {(name, question): text for question, text in _texts(document)}

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Take a batch of evaluations."""
        self._aside.writelines(json.dumps(each, allow_nan=False) + "\n" for each in evaluations)
        for each in evaluations:
            self._all.add(each)
            self._agents.setdefault(str(each.get("agent") or NOBODY), _Count()).add(each)
            for answer in _answers(each):
                self._count(str(each.get("scorecard")), answer)

    def _count(self, scorecard: str, answer: Mapping[str, Any]) -> None:
        counts = self._questions.setdefault((scorecard, str(answer["question"])), Counter())
        counts["asked"] += answer["state"] != "not_asked"
        counts["answered"] += answer["state"] == "answered" and answer.get("credit") is not None
        if _missed(answer):
            counts["missed"] += 1
            counts[f"fault {answer.get('fault') or 'agent'}"] += 1
            counts["critical"] += any(error.get("critical") for error in _errors(answer))

    def close(self) -> None:
        """Write the sheets, and put the file in place."""
        with workbook(self._file.stream.buffer, large=True) as book:
            _Book(book, self._bands).write(self)
        self._aside.close()
        self._file.keep()

    def drop(self) -> None:
        """Leave the old file as it is."""
        self._file.drop()
        self._aside.close()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The evaluations that were kept aside, in their order."""
        self._aside.seek(0)
        for line in self._aside:
            yield json.loads(line)

    @property
    def all(self) -> _Count:
        """What was counted of all evaluations."""
        return self._all

    @property
    def agents(self) -> list[tuple[str, _Count]]:
        """The agents, the lowest mean score first; those without one last."""
        return sorted(self._agents.items(), key=lambda each: (each[1].mean is None, each[1].mean or 0.0, each[0]))

    @property
    def questions(self) -> list[tuple[str, str, str, Counter[str]]]:
        """Card, question, what it asks, counts: those that are missed most first."""
        found = [
            (card, name, self._texts.get((card, name), ""), counts) for (card, name), counts in self._questions.items()
        ]
        return sorted(found, key=lambda each: (-_share(each[3]["missed"], each[3]["answered"]), each[0], each[1]))


class _Book:
    """The sheets of the workbook, one after the other: rows go to the disk as they come."""

    def __init__(self, book: Any, bands: Mapping[str, Sequence[str]]) -> None:
        self._book, self._bands = book, bands
        line = {"border": 1, "border_color": "#D5DAE1", "valign": "top"}
        self._style = styles(
            book,
            title={"bold": True, "font_size": 16},
            big={"bold": True, "font_size": 12, "top": 1},
            heading={**line, "bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF", "text_wrap": True},
            plain=line,
            wrapped={**line, "text_wrap": True},
            figure={**line, "num_format": "0.00"},
            share={**line, "num_format": "0 %"},
            bad={**line, "bg_color": "#F6B9B0", "bold": True},
            **{f"band{n}": {**line, "bg_color": colour} for n, colour in enumerate(COLOURS)},
        )
        self._taken: list[str] = []

    def write(self, sink: Xlsx) -> None:
        self._summary(sink)
        self._of_questions(sink)
        agents = sink.agents[:MOST_AGENTS]
        pages = {name: self._page(name, OF_AGENTS) for name, _ in agents}
        table = self._page("Evaluations", OF_EVALUATIONS)
        for evaluation in sink.rows():
            page = pages.get(str(evaluation.get("agent") or NOBODY))
            if page is not None:
                missed = [each for each in _answers(evaluation) if _missed(each)]
                comments = [
                    f"{each['question']}: {each['comment']}" for each in _answers(evaluation) if each.get("comment")
                ]
                said = {"missed": [each["question"] for each in missed], "comments": "\n".join(comments)}
                self._row(page, {**evaluation, **said})
            if table.rows > MOST_ROWS:
                self._finish(table)
                table = self._page("Evaluations", OF_EVALUATIONS)
            self._row(table, evaluation)
        for page in (*pages.values(), table):
            self._finish(page)

    def _sheet(self, name: str) -> Any:
        self._taken.append(sheet_name(name, self._taken))
        return self._book.add_worksheet(self._taken[-1])

    def _headings(self, sheet: Any, row: int, names: Sequence[str]) -> None:
        for column, name in enumerate(names):
            put(sheet, row, column, name.replace("_", " "), self._style("heading"))

    def _summary(self, sink: Xlsx) -> None:
        sheet = self._sheet("Summary")
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 12, 14)
        put(sheet, 0, 0, "Call quality", self._style("title"))
        figures = sink.all
        facts = (
            ("evaluations", figures.evaluations, "plain"), ("mean score", figures.mean, "figure"),
            ("passed", figures.pass_share, "share"), ("critical errors", figures.critical, "plain"),
            ("non-critical errors", figures.non_critical, "plain"),
        )  # fmt: skip
        for row, (name, known, style) in enumerate(facts, 2):
            put(sheet, row, 0, name, self._style("plain"))
            put(sheet, row, 1, known, self._style(style))
        row = 2 + len(facts) + 1
        self._headings(sheet, row, ("band", "evaluations"))
        for band in self._ordered(figures.bands):
            row += 1
            put(sheet, row, 0, band or "(none)", self._band_style(None, band))
            put(sheet, row, 1, figures.bands[band], self._style("plain"))
        row += 2
        names = ("agent", "evaluations", "mean score", "passed", "critical errors", "non-critical errors")
        self._headings(sheet, row, names)
        for name, count in sink.agents:
            row += 1
            values = (name, count.evaluations, count.mean, count.pass_share, count.critical, count.non_critical)
            kinds = ("plain", "plain", "figure", "share", "bad" if count.critical else "plain", "plain")
            for column, (value, style) in enumerate(zip(values, kinds, strict=True)):
                put(sheet, row, column, value, self._style(style))
        if len(sink.agents) > MOST_AGENTS:
            said = f"the {MOST_AGENTS} agents with the lowest scores have a sheet; all are in Evaluations"
            put(sheet, row + 2, 0, said)

    def _ordered(self, bands: Mapping[str, int]) -> list[str]:
        known = list(dict.fromkeys(band for each in self._bands.values() for band in each))
        return sorted(bands, key=lambda band: (known.index(band) if band in known else len(known), band == "", band))

    def _of_questions(self, sink: Xlsx) -> None:
        sheet = self._sheet("Questions")
        names = ("scorecard", "question", "text", "asked", "answered", "missed", "share missed", "critical",
                 "agent", "process", "system", "policy", "customer")  # fmt: skip
        for column, width in enumerate((18, 26, 60, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9)):
            sheet.set_column(column, column, width)
        self._headings(sheet, 0, names)
        sheet.freeze_panes(1, 2)
        row = 0
        for row, (card, question, text, counts) in enumerate(sink.questions, 1):
            share = _share(counts["missed"], counts["answered"])
            values = (card, question, text, counts["asked"], counts["answered"], counts["missed"], share,
                      counts["critical"], *(counts[f"fault {name}"] for name in names[8:]))  # fmt: skip
            for column, value in enumerate(values):
                style = (
                    "share" if names[column] == "share missed" else "wrapped" if names[column] == "text" else "plain"
                )
                put(sheet, row, column, value, self._style(style))
        sheet.autofilter(0, 0, max(row, 1), len(names) - 1)

    def _page(self, name: str, columns: Sequence[str]) -> "_Page":
        sheet = self._sheet(name)
        for column, field_name in enumerate(columns):
            sheet.set_column(column, column, WIDTHS.get(field_name, 11))
        self._headings(sheet, 0, columns)
        sheet.freeze_panes(1, 2)
        return _Page(sheet, columns)

    def _row(self, page: "_Page", evaluation: Mapping[str, Any]) -> None:
        page.rows += 1
        card, band = evaluation.get("scorecard"), evaluation.get("band")
        for column, name in enumerate(page.columns):
            value = evaluation.get(name)
            style = self._style("wrapped" if name in ("missed", "comments") else "plain")
            if name in ("band", "score"):
                style = self._band_style(card, band)
            elif name == "critical_errors" and value:
                style = self._style("bad")
            put(page.sheet, page.rows, column, ", ".join(map(str, value)) if isinstance(value, list) else value, style)

    def _band_style(self, card: object, band: object) -> Any:
        """The colour of a band by its place among those of its card; none where the card's bands are not known."""
        known = (
            self._bands.get(str(card), ())
            if card
            else next((each for each in self._bands.values() if band in each), ())
        )
        if band not in known:
            return self._style("plain")
        return self._style(f"band{round(known.index(str(band)) * (len(COLOURS) - 1) / max(len(known) - 1, 1))}")

    def _finish(self, page: "_Page") -> None:
        page.sheet.autofilter(0, 0, max(page.rows, 1), len(page.columns) - 1)


@dataclass
class _Page:
    """A sheet with one row an evaluation."""

    sheet: Any
    columns: Sequence[str]
    rows: int = 0


def _answers(evaluation: Mapping[str, object]) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", evaluation.get("answers") or ())


def _errors(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = answer.get("error")
    return found if isinstance(found, list) else [found] if found else []


def _missed(answer: Mapping[str, Any]) -> bool:
    """Whether an answer cost something: it has a fault exactly then."""
    return answer.get("fault") is not None


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _bands(document: Mapping[str, object]) -> list[str]:
    """The bands of a card as it is written, from the best to the worst."""
    listed = document.get("bands")
    bands = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, Sequence) else []
    return [str(each.get("band")) for each in sorted(bands, key=lambda each: -float(str(each.get("from") or 0)))]


def _texts(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What each question of a card asks, in the first language that it is written in."""
    for section in cast("Sequence[Mapping[str, Any]]", document.get("sections") or ()):
        for question in section.get("questions") or ():
            text = question.get("text") or question.get("title") or ""
            yield (
                str(question.get("question")),
                str(next(iter(text.values()), "") if isinstance(text, Mapping) else text),
            )


@hookimpl
def register_sinks(register: Callable[[type[Xlsx]], None]) -> None:
    """Offer the sink."""
    register(Xlsx)
