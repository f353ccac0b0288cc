"""The blank sheet that evaluators fill in: a sheet for each call, a row for each question, lists with the answers.

What the sheet needs to be understood when it comes back (card, version, digest, the words of its lists) stands in a
sheet that is hidden, so that the visible ones may be sorted, renamed and copied. Cells are locked but those to fill in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from pauta.engine.model.calls import Call
from pauta.engine.model.scorecard import Kind, Option, Question, Scorecard, Section
from pauta.plugins.sinks.xlsx_sheets import put, sheet_name, styles, whole, workbook
from pauta.plugins.sources.xlsx_cells import letters
from pauta.plugins.sources.xlsx_form import MARK, OF_HEADER, OF_ROWS

CARD_SHEET, LIST_SHEET = "pauta", "pauta lists"
CHUNK: Final = 30_000
"""Characters of a cell of the hidden sheet: Excel takes 32,767."""
WIDTHS: Final = (16, 20, 58, 24, 40, 12)
FIRST: Final = 8
"""The row of the headings, counted from 0; the title and the header stand above."""
LONGEST_HINT, LONGEST_HINT_TITLE = 255, 32

_LANGUAGES: Final = ("en", "es", "pt", "ru")
_LABELS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "call_id": ("Call", "Llamada", "Ligação", "Звонок"),
    "agent": ("Agent", "Agente", "Agente", "Оператор"),
    "evaluator": ("Evaluator", "Evaluador", "Avaliador", "Оценщик"),
    "evaluated_at": ("Date", "Fecha", "Data", "Дата"),
    "mode": ("Listened", "Escucha", "Escuta", "Прослушивание"),
    "section": ("Section", "Sección", "Seção", "Раздел"),
    "question": ("Question", "Pregunta", "Pergunta", "Вопрос"),
    "text": ("What is asked", "Qué se pregunta", "O que se pergunta", "О чём вопрос"),
    "answer": ("Answer", "Respuesta", "Resposta", "Ответ"),
    "comment": ("Comment", "Comentario", "Comentário", "Комментарий"),
    "fault": ("Fault of", "Falla de", "Falha de", "Чья ошибка"),
}
_FAULTS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "agent": ("agent", "agente", "agente", "оператор"),
    "process": ("process", "proceso", "processo", "процесс"),
    "system": ("system", "sistema", "sistema", "система"),
    "policy": ("policy", "norma", "norma", "правило"),
    "customer": ("customer", "cliente", "cliente", "клиент"),
}
_MODES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "recorded": ("recorded", "grabada", "gravada", "запись"),
    "live": ("live", "en vivo", "ao vivo", "вживую"),
}
_HINTS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "several": (
        "Several answers: write ; between them. None of them: []",
        "Varias respuestas: escriba ; entre ellas. Ninguna: []",
        "Várias respostas: escreva ; entre elas. Nenhuma: []",
        "Несколько ответов: через ; Ни один: []",
    ),
    "number": ("A number", "Un número", "Um número", "Число"),
    "date": ("A date", "Una fecha", "Uma data", "Дата"),
    "comment": ("A comment is required.", "El comentario es obligatorio.", "O comentário é obrigatório.",
                "Комментарий обязателен."),
    "on_error": (
        "A comment is required where the answer is an error.",
        "El comentario es obligatorio si la respuesta es un error.",
        "O comentário é obrigatório se a resposta é um erro.",
        "Комментарий обязателен, если ответ — ошибка.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Words:
    """The form's own words in one language."""

    language: str | None

    def of(self, table: Mapping[str, tuple[str, str, str, str]], name: str) -> str:
        base = (self.language or "en").split("-")[0]
        return table[name][_LANGUAGES.index(base) if base in _LANGUAGES else 0]

    def names(self, table: Mapping[str, tuple[str, str, str, str]]) -> dict[str, list[str]]:
        """Id -> its word in this language, and those in the others."""
        return {name: list(dict.fromkeys([self.of(table, name), *words])) for name, words in table.items()}


def write_form(
    stream: IO[bytes], card: Scorecard, calls: Sequence[Call] = (), *, language: str | None = None, timezone: str = ""
) -> int:
    """Write a blank sheet for each call, or one where there is none; returns how many.

    Raises ProblemsFound where the writer of workbooks is not installed.
    """
    words = _Words(language or card.language)
    choices = {question.id: _names(question, words.language) for question in card.questions}
    with workbook(stream) as book:
        form = _Form(book, card, words, choices)
        taken: list[str] = [CARD_SHEET, LIST_SHEET]
        wanted: Sequence[Call | None] = calls or [None]
        for call in wanted:
            taken.append(sheet_name(call.call_id if call else words.of(_LABELS, "answer"), taken))
            form.write(taken[-1], call)
        form.write_lists()
        form.write_card(timezone)
    return len(taken) - 2


def _names(question: Question, language: str | None) -> dict[str, list[str]]:
    """Option id -> the name that the list shows, and its titles in all languages."""
    options = question.answers.options
    shown = [option.title.in_language(language, option.id).strip() for option in options]
    names: dict[str, list[str]] = {}
    for n, (option, name) in enumerate(zip(options, shown, strict=True)):
        others = {word.casefold() for m, each in enumerate(options) if m != n for word in (each.id, shown[m])}
        twin = name.casefold() in others and name != option.id
        label = f"{name} ({option.id})" if twin else name
        names[option.id] = list(dict.fromkeys([label, *option.title.by_language.values()]))
    return names


class _Form:
    """The workbook of one card: its lists, and a sheet for each call."""

    def __init__(
        self, book: Any, card: Scorecard, words: _Words, choices: Mapping[str, Mapping[str, list[str]]]
    ) -> None:
        self._book, self._card, self._words, self._choices = book, card, words, choices
        self._lists: dict[tuple[str, ...], int] = {}
        cell = {"text_wrap": True, "valign": "top", "border": 1, "border_color": "#C9CED6"}
        self._style = styles(
            book,
            title={"bold": True, "font_size": 14},
            small={"font_color": "#6B7280"},
            label={"bold": True, "align": "right"},
            field={"locked": False, "bg_color": "#FFFBEA", "border": 1, "border_color": "#C9CED6", "align": "left"},
            day={
                "locked": False, "bg_color": "#FFFBEA", "border": 1, "border_color": "#C9CED6", "align": "left",
                "num_format": "yyyy-mm-dd",
            },
            heading={**cell, "bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF"},
            section={"bold": True, "bg_color": "#DCE6F2", "valign": "top"},
            fixed={**cell, "font_color": "#374151"},
            asked=cell,
            answer={**cell, "locked": False, "bg_color": "#FFFBEA"},
            answer_day={**cell, "locked": False, "bg_color": "#FFFBEA", "num_format": "yyyy-mm-dd"},
            open={**cell, "locked": False},
            needed={**cell, "locked": False, "bg_color": "#FDE7D3"},
            missing={"bg_color": "#F8B4A6"},
        )  # fmt: skip
        self._sheets: list[Any] = []

    def write(self, name: str, call: Call | None) -> None:
        """One sheet: the header above, then the questions by section."""
        sheet = self._book.add_worksheet(name)
        self._sheets.append(sheet)
        self._header(sheet, call)
        for column, (field, width) in enumerate(zip(OF_ROWS, WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            put(sheet, FIRST, column, self._words.of(_LABELS, field), self._style("heading"))
        row = FIRST + 1
        for section in self._card.sections:
            self._section(sheet, row, section)
            for below, question in enumerate(section.questions, 1):
                self._question(sheet, row + below, section, question)
            row += len(section.questions) + 1
        sheet.freeze_panes(FIRST + 1, 3)
        allowed = dict.fromkeys(("format_columns", "format_rows", "format_cells", "sort", "autofilter"), True)
        sheet.protect("", allowed)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(FIRST)

    def _header(self, sheet: Any, call: Call | None) -> None:
        card, language = self._card, self._words.language
        put(sheet, 0, 0, card.title.in_language(language, card.id), self._style("title"))
        put(sheet, 1, 0, f"{card.id} {card.version}", self._style("small"))
        known = {"call_id": call.call_id, "agent": call.agent} if call else {}
        for row, field in enumerate(OF_HEADER, 2):
            put(sheet, row, 0, self._words.of(_LABELS, field), self._style("label"))
            put(sheet, row, 1, known.get(field), self._style("day" if field == "evaluated_at" else "field"))
        self._offer(sheet, 2 + OF_HEADER.index("mode"), 1, [names[0] for names in self._words.names(_MODES).values()])

    def _section(self, sheet: Any, row: int, section: Section) -> None:
        language = self._words.language
        put(sheet, row, 0, section.title.in_language(language, section.id), self._style("section"))
        for column in range(1, len(OF_ROWS)):
            text = section.guidance.in_language(language) if column == OF_ROWS.index("text") else None
            put(sheet, row, column, text, self._style("section"))

    def _question(self, sheet: Any, row: int, section: Section, question: Question) -> None:
        language = self._words.language
        title = question.title.in_language(language)
        text = question.text.in_language(language, title or question.id)
        put(sheet, row, 0, section.title.in_language(language, section.id), self._style("fixed"))
        put(sheet, row, 1, question.id, self._style("fixed"))
        put(sheet, row, 2, text, self._style("asked"))
        is_day = question.answers.kind is Kind.DATE
        put(sheet, row, 3, None, self._style("answer_day" if is_day else "answer"))
        put(sheet, row, 4, None, self._style("needed" if question.comment == "required" else "open"))
        put(sheet, row, 5, None, self._style("open"))
        labels = [names[0] for names in self._choices[question.id].values()]
        hint = self._hint(question)
        guidance = question.guidance.in_language(language)
        if len(hint) > LONGEST_HINT:  # the whole of it is a note beside the question
            sheet.write_comment(row, 2, whole(guidance), {"x_scale": 3, "y_scale": 2})
        if question.answers.kind is Kind.ONE:
            self._offer(sheet, row, 3, labels, title or question.id, hint)
        elif hint:
            self._offer(sheet, row, 3, (), title or question.id, hint)
        self._offer(sheet, row, 5, [names[0] for names in self._words.names(_FAULTS).values()])
        self._mark_comment(sheet, row, question)

    def _hint(self, question: Question) -> str:
        """What is shown beside the cell while it is filled in: guidance, and how to write what is no list."""
        answers = question.answers
        how = ""
        if answers.kind is Kind.MANY:
            names = "; ".join(names[0] for names in self._choices[question.id].values())
            how = f"{self._words.of(_HINTS, 'several')}\n{names}"
        elif answers.kind in (Kind.NUMBER, Kind.SCALE):
            low, high = answers.minimum, answers.maximum
            bounds = " ".join(filter(None, [f"{low:g}" if low is not None else "", "–" if high is not None else "",
                                            f"{high:g}" if high is not None else "", answers.unit or ""]))  # fmt: skip
            anchors = [f"{n}: {text.in_language(self._words.language)}" for n, text in answers.anchors.items()]
            how = "\n".join([f"{self._words.of(_HINTS, 'number')} {bounds}".rstrip(), *anchors])
        elif answers.kind is Kind.DATE:
            how = self._words.of(_HINTS, "date")
        note = {"required": "comment", "required_on_error": "on_error"}.get(question.comment)
        said = self._words.of(_HINTS, note) if note else ""
        return "\n".join(filter(None, [question.guidance.in_language(self._words.language), how, said]))

    def _offer(self, sheet: Any, row: int, column: int, labels: Sequence[str], title: str = "", hint: str = "") -> None:
        """A list of words in a cell, and a hint. Other words may be typed: the reader says which it does not know."""
        shown = hint if len(hint) <= LONGEST_HINT else f"{hint[: LONGEST_HINT - 1]}…"
        rule: dict[str, Any] = (
            {"validate": "list", "source": f"={self._area(labels)}"} if labels else {"validate": "any"}
        )
        if shown:
            rule |= {"input_title": whole(title)[:LONGEST_HINT_TITLE], "input_message": whole(shown)}
        sheet.data_validation(row, column, row, column, {**rule, "error_type": "warning", "ignore_blank": True})

    def _area(self, labels: Sequence[str]) -> str:
        """Where a list stands on the hidden sheet: a list in the rule itself breaks at commas and at 255 letters."""
        column = self._lists.setdefault(tuple(labels), len(self._lists))
        letter = letters(column + 1)
        return f"'{LIST_SHEET}'!${letter}$1:${letter}${len(labels)}"

    def _mark_comment(self, sheet: Any, row: int, question: Question) -> None:
        """Colours the comment's cell while an answer that needs a comment has none."""
        answer, comment = f"$D${row + 1}", f"$E${row + 1}"
        if question.comment == "required":
            rule = f'=AND({answer}<>"",{comment}="")'
        else:
            names = self._choices[question.id]
            needing = [names[option.id][0] for option in question.answers.options if _needs_comment(question, option)]
            if not needing:
                return
            rule = f'=AND(ISNUMBER(MATCH({answer},{self._area(needing)},0)),{comment}="")'
        sheet.conditional_format(
            row, 4, row, 4, {"type": "formula", "criteria": rule, "format": self._style("missing")}
        )

    def write_lists(self) -> None:
        """The hidden sheet of the words that lists offer, a column each."""
        sheet = self._book.add_worksheet(LIST_SHEET)
        for labels, column in self._lists.items():
            for row, label in enumerate(labels):
                put(sheet, row, column, label)
        sheet.very_hidden()

    def write_card(self, timezone: str) -> None:
        """The hidden sheet that knows the card."""
        card = self._card
        sheet = self._book.add_worksheet(CARD_SHEET)
        lines = [(MARK, "1"), ("scorecard", card.id), ("version", card.version), ("digest", card.digest)]
        data = json.dumps(
            {
                "scorecard": card.id, "version": card.version, "digest": card.digest, "timezone": timezone,
                "lists": LIST_SHEET,
                "labels": {name: self._words.of(_LABELS, name) for name in _LABELS},
                "questions": {question.id: self._described(question) for question in card.questions},
                "words": {"fault": self._words.names(_FAULTS), "mode": self._words.names(_MODES)},
            }
        )  # fmt: skip
        lines += [("data", data[start : start + CHUNK]) for start in range(0, len(data), CHUNK)]
        for row, (name, text) in enumerate(lines):
            put(sheet, row, 0, name)
            put(sheet, row, 1, text)
        sheet.protect()
        sheet.very_hidden()

    def _described(self, question: Question) -> dict[str, object]:
        answers = question.answers
        options = {"options": self._choices[question.id]} if answers.options else {}
        return {"kind": answers.kind.value, "unit": answers.unit, **options}


def _needs_comment(question: Question, option: Option) -> bool:
    return option.comment_required or (question.comment == "required_on_error" and option.error is not None)
