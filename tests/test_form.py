"""A month in the life of a sheet: blank form out, filled in by hand in many ways, back in, scored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
import strategies
from click.testing import CliRunner
from engine_runs import plan_of, read_rows
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from openpyxl.utils import get_column_letter

from pauta.cli import main
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.records import records
from pauta.engine.host import Host
from pauta.engine.model.calls import Answer, HumanEvaluation, batch_of
from pauta.engine.problems import Place, Problem, in_order
from pauta.plugins.sources.xlsx import Xlsx
from pauta.plugins.sources.xlsx_cells import chosen, letters, several_of
from pauta.reports.forms import write_form
from pauta.reports.problems import render_problems

CARD = """\
scorecard: ventas
version: 1.2.0
title: {es: Ventas, en: Sales}
language: es
bands: [{band: buena, from: 80}, {band: mala, from: 0}]
answer_sets:
  si_no: [{answer: sí, points: 1}, {answer: no, points: 0}]
sections:
  - section: apertura
    title: Apertura
    guidance: Los primeros veinte segundos.
    questions:
      - {question: saludo, text: "¿Saludó?", answers: si_no, error: non_critical, guidance: "GUIDANCE"}
      - question: tono
        text: ¿Cómo fue el tono?
        answers:
          - {answer: warm, points: 2, title: {es: Cálido, en: Warm}}
          - {answer: cold, points: 0, title: {es: Frío, en: Cold}, error: non_critical, comment: required}
          - {answer: N/A, not_applicable: true}
      - {question: nivel, text: Nivel, answers: {"1": 0, "2": 1, "3": 2}}
  - section: fondo
    questions:
      - question: ofrecio
        text: ¿Qué ofreció?
        answers: {choose: many, options: {"plan, anual": 2, seguro: 1, tarjeta: 1}}
      - question: espera
        answers: {number: {unit: s, min: 0}, ranges: [{to: 8, points: 2}, {points: 0}]}
      - {question: nota, text: Nota, answers: {scale: {from: 0, to: 9}}}
      - {question: vence, text: "¿Cuándo vence?", answers: date, required: true}
      - {question: dicho, text: Palabras, answers: text, comment: required}
""".replace("GUIDANCE", "Basta un buenos días. " * 20)
CALLS = [{"call_id": f"c-{n}", "agent": "ana", "started_at": "2026-03-02T10:00:00Z"} for n in range(1, 4)]
ROW = {name: n for n, name in enumerate(["saludo", "tono", "nivel"], 11)} | {
    name: n for n, name in enumerate(["ofrecio", "espera", "nota", "vence", "dicho"], 15)
}
"""Where the questions stand on the blank sheet, counted from 1 as Excel does."""
FILLED = {
    "B3": "c-1", "B4": "ana", "B5": "eva", "B6": date(2026, 3, 4), "B7": "grabada",
    "D11": "sí", "D12": "Cálido", "D13": "2",
    "D15": "plan, anual; seguro", "D16": 6.5, "D17": 9, "D18": date(2026, 4, 1), "D19": "bien", "E19": "lo dijo",
}  # fmt: skip
EXPECTED = {
    "saludo": "sí", "tono": "warm", "nivel": "2", "ofrecio": ("plan, anual", "seguro"), "espera": 6.5, "nota": 9.0,
    "vence": "2026-04-01", "dicho": "bien",
}  # fmt: skip


def pauta(*words):
    result = CliRunner().invoke(main, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ventas.yaml").write_text(CARD, encoding="utf-8")
    Path("calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in CALLS), encoding="utf-8")
    assert pauta("form", "ventas.yaml", "--to", "blank.xlsx").exit_code == 0
    return tmp_path


def fill(cells, *, sheet=None, change=None, file="filled.xlsx", blank="blank.xlsx"):
    book = openpyxl.load_workbook(blank)
    page = book[sheet] if sheet else book.worksheets[0]
    for name, value in cells.items():
        page[name] = value
    if change:
        change(book, page)
    book.save(file)
    return file


def read(file="filled.xlsx"):
    entries = list(Xlsx({}).evaluations(file))
    return [each for each in entries if isinstance(each, HumanEvaluation)], [
        each for each in entries if isinstance(each, Problem)
    ]


def answers_of(human):
    return {question: answer.value for question, answer in human.answers.items()}


def test_a_filled_sheet_comes_back_as_it_was_meant(folder):
    fill(FILLED)
    (human,), problems = read()
    assert problems == []
    assert answers_of(human) == EXPECTED
    assert (human.call_id, human.agent, human.evaluator, human.mode) == ("c-1", "ana", "eva", "recorded")
    assert (human.scorecard, human.version, len(human.digest)) == ("ventas", "1.2.0", 64)
    assert human.evaluated_at == "2026-03-04T00:00:00+00:00"
    assert human.answers["dicho"].comment == "lo dijo"
    assert str(human.answers["tono"].place) == "filled.xlsx:Respuesta!D12"


def test_the_blank_sheet_is_pleasant(folder):
    assert pauta("form", "ventas.yaml", "calls.jsonl", "--to", "march.xlsx", "--language", "en").exit_code == 0
    book = openpyxl.load_workbook("march.xlsx")
    assert book.sheetnames == ["c-1", "c-2", "c-3", "pauta lists", "pauta"]
    assert [book[name].sheet_state for name in ("c-1", "pauta lists", "pauta")] == [
        "visible",
        "veryHidden",
        "veryHidden",
    ]
    page = book["c-2"]
    assert (page["A1"].value, page["A2"].value, page["B3"].value, page["B4"].value) == (
        "Sales",
        "ventas 1.2.0",
        "c-2",
        "ana",
    )
    assert [cell.value for cell in page[9]] == ["Section", "Question", "What is asked", "Answer", "Comment", "Fault of"]
    assert page.freeze_panes == "D10"
    assert page.protection.sheet
    assert [page[name].protection.locked for name in ("B11", "D11", "E11", "F11", "B3")] == [
        True,
        False,
        False,
        False,
        False,
    ]
    rules = {str(rule.sqref): rule for rule in page.data_validations.dataValidation}
    lists = book["pauta lists"]
    column = openpyxl.utils.column_index_from_string(rules["D12"].formula1.split("$")[1])
    assert [lists.cell(row, column).value for row in (1, 2, 3)] == ["Warm", "Cold", "N/A"]
    assert len(rules["D11"].prompt) == 255
    assert page["C11"].comment.text.startswith("Basta un buenos días.")
    assert "plan, anual" in rules["D15"].prompt
    assert {str(area.sqref) for area in page.conditional_formatting} == {"E12", "E19"}
    hidden = {row[0].value: row[1].value for row in book["pauta"].iter_rows()}
    assert (hidden["scorecard"], hidden["version"], len(hidden["digest"])) == ("ventas", "1.2.0", 64)
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def sorted_backwards(book, page):
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=10, max_row=19)]
    for n, row in enumerate(reversed(rows), 10):
        for column, value in enumerate(row, 1):
            page.cell(n, column).value = value


def renamed(book, page):
    page.title = "Evaluación de Ana"


def copied(book, page):
    twin = book.copy_worksheet(page)
    twin["B3"] = "c-2"


def hidden(book, page):
    page.sheet_state = "hidden"
    page.column_dimensions["B"].hidden = True
    page.row_dimensions[12].hidden = True
    book.create_sheet("mis notas", 0)["A1"] = "llamar a Ana"


def moved_down(book, page):
    page.insert_rows(1, 3)


def column_inserted(book, page):
    page.insert_cols(4)
    page["D9"] = "mis notas"


def headings_renamed(book, page):
    page["D9"], page["E9"] = "Resp.", "Notas"


def half_filled(book, page):
    for row in range(13, 20):
        page[f"D{row}"] = page[f"E{row}"] = None


def english_words(book, page):
    page["A3"], page["A5"], page["D9"] = "call_id", "EVALUATOR:", "answer"


GOOD = {
    "sorted": (sorted_backwards, {}), "renamed": (renamed, {}), "hidden": (hidden, {}), "moved": (moved_down, {}),
    "a column more": (column_inserted, {}), "headings": (headings_renamed, {}), "english": (english_words, {}),
    "half filled": (half_filled, dict.fromkeys(["nivel", "ofrecio", "espera", "nota", "vence", "dicho"])),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_sheets_that_were_moved_about_come_back_right(name, folder):
    change, other = GOOD[name]
    fill(FILLED, change=change)
    humans, problems = read()
    assert problems == []
    expected = {question: value for question, value in {**EXPECTED, **other}.items() if value is not None}
    assert [answers_of(human) for human in humans] == [expected]


def test_a_copied_sheet_is_a_second_evaluation(folder):
    fill(FILLED, change=copied)
    humans, problems = read()
    assert ([human.call_id for human in humans], problems) == (["c-1", "c-2"], [])


SPELLED = [
    ("D11", "Sí ", "saludo", "sí"), ("D11", "SI", "saludo", "sí"), ("D11", " sí", "saludo", "sí"),
    ("D12", "calido", "tono", "warm"), ("D12", "Warm", "tono", "warm"), ("D12", "n/a", "tono", "N/A"),
    ("D12", "warm", "tono", "warm"), ("D13", 2, "nivel", "2"),
    ("D13", "2.0", "nivel", "2"), ("D13", "2,0", "nivel", "2"),
    ("D15", "seguro|tarjeta", "ofrecio", ("seguro", "tarjeta")),
    ("D15", "seguro, tarjeta", "ofrecio", ("seguro", "tarjeta")),
    ("D15", "plan, anual", "ofrecio", ("plan, anual",)), ("D15", "Seguro\nTarjeta\n", "ofrecio", ("seguro", "tarjeta")),
    ("D15", "[]", "ofrecio", ()), ("D16", "1,5", "espera", "1,5"), ("D16", "12 s", "espera", "12"),
    ("D16", 12, "espera", 12.0),
    ("D18", datetime(2026, 4, 1), "vence", "2026-04-01"), ("D18", "2026-04-01", "vence", "2026-04-01"),
    ("D18", 46113, "vence", "2026-04-01"), ("D19", 12, "dicho", "12"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "value", "question", "expected"), SPELLED)
def test_answers_are_understood_where_they_can_mean_one_thing(cell, value, question, expected, folder):
    fill({**FILLED, cell: value})
    (human,), problems = read()
    assert problems == []
    assert answers_of(human)[question] == expected


def row_deleted_and_misspelt(book, page):
    page["B12"] = "tonno"


def no_id(book, page):
    page["B12"] = None


def twice(book, page):
    for column in range(1, 7):
        page.cell(20, column).value = page.cell(11, column).value
    page["D20"] = "no"


def no_answers_column(book, page):
    page["D9"] = "Comentario"
    page["E9"] = "Respuestas de antes"


def card_sheet_gone(book, page):
    del book["pauta"]


WRONG = {
    "a word that is no answer": ({"D12": "Calidoo"}, None, "D12", "E520", "did you mean 'warm' (Cálido)?"),
    "a number for a word": ({"D11": 7}, None, "D11", "E520", "'7' is no answer of question 'saludo'"),
    "two where one is asked": ({"D11": "sí; no"}, None, "D11", "E520", "'sí; no' is no answer"),
    "one of several is none": (
        {"D15": "seguro; casa"},
        None,
        "D15",
        "E520",
        "'casa' is no answer of question 'ofrecio'",
    ),
    "words for a number": ({"D16": "mucho"}, None, "D16", "E520", "takes a number, not 'mucho'"),
    "a number too low": ({"D16": -1}, None, "D16", "E520", "-1 is outside 0 to ..."),
    "a scale left": ({"D17": 10}, None, "D17", "E520", "10 is outside 0 to 9"),
    "a day that is none": ({"D18": "mañana"}, None, "D18", "E520", "takes a date, not 'mañana'"),
    "a day that excel made of it": ({"D13": date(2026, 2, 1)}, None, "D13", "E520", "'2026-02-01' is no answer"),
    "a fault that is none": ({"F11": "agnte x"}, None, "F11", "E507", "must be one of agent, process"),
    "no evaluator": ({"B5": None}, None, "B5", "E561", "does not say the evaluador"),
    "no call": ({"B3": None}, None, "B3", "E561", "does not say the llamada"),
    "the engine as a person": ({"B5": "engine"}, None, "B5", "E507", "stands for evaluations without a person"),
    "a date that is none": ({"B6": "ayer"}, None, "B6", "E506", "is no moment"),
    "a way of listening": ({"B7": "en el bus"}, None, "B7", "E507", "must be one of live, recorded"),
    "a call id of two lines": ({"B3": "c\n1"}, None, "B3", "E503", "must be text of one line"),
    "a question misspelt": ({}, row_deleted_and_misspelt, "B12", "E565", "'tonno' is no question of ventas@1.2.0"),
    "an answer to nothing": ({}, no_id, "D12", "E565", "stands in a row that names no question"),
    "a question twice": ({}, twice, "D20", "E562", "'saludo' is answered a second time and another way, after D11"),
    "no column of answers": ({}, no_answers_column, "A9", "E563", "has no column of answers"),
    "an error of excel": ({"D11": "#REF!"}, None, "D11", "E566", "the cell holds the error #REF!, and no value"),
    "an error among numbers": ({"D16": "#N/A"}, None, "D16", "E566", "the error #N/A"),
    "a formula not worked out": ({"D16": "=1+1"}, None, "D16", "E566", "a formula that nobody has worked out"),
    "a truth for a number": ({"D16": True}, None, "D16", "E520", "takes a number, not 'true'"),
    "a time for a number": ({"D16": timedelta(seconds=90)}, None, "D16", "E520", "takes a number, not '0:01:30'"),
    "a share for a scale": ({"D17": "90%"}, None, "D17", "E520", "takes a number, not '90%'"),
    "a day written backwards": ({"B6": "04/03/2026"}, None, "B6", "E506", "'04/03/2026', which is no moment"),
    "nothing but a separator": ({"D15": ";"}, None, "D15", "E520", "';' is no answer"),
    "a call that is not there": ({"B3": "c-9"}, None, "B3", "E530", "which is not among the calls"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_way_is_a_sentence_with_a_cell(name, folder):
    cells, change, cell, code, said = WRONG[name]
    fill({**FILLED, **cells}, change=change)
    done = pauta("score", "calls.jsonl", "--card", "ventas.yaml", "--answers", "filled.xlsx", "--to", "r.jsonl")
    assert f"filled.xlsx:Respuesta!{cell}  {code}" in done.stderr
    assert said in done.stderr
    assert done.stderr.count("filled.xlsx:") == 1
    assert done.exit_code == 1


def test_a_wrong_answer_counts_as_missing_and_the_others_stand(folder):
    fill({**FILLED, "D12": "Calidoo"})
    pauta("score", "calls.jsonl", "--card", "ventas.yaml", "--answers", "filled.xlsx", "--to", "r.jsonl")
    first = json.loads(Path("r.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert (first["evaluator"], first["status"], first["missing"]) == ("eva", "incomplete", ["tono"])


def test_sheets_that_nobody_filled_in_are_said_and_left_out(folder):
    pauta("form", "ventas.yaml", "calls.jsonl", "--to", "blank.xlsx")
    fill({name: value for name, value in FILLED.items() if name[1:] != "3"}, sheet="c-2")
    humans, problems = read()
    assert [human.call_id for human in humans] == ["c-2"]
    assert [(str(each.place), each.code) for each in problems] == [
        ("filled.xlsx:c-1!A1", "W560"),
        ("filled.xlsx:c-3!A1", "W560"),
    ]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: fill(FILLED, change=card_sheet_gone, file=path), "E560"),
        (lambda path: Path(path).write_text("no workbook", encoding="utf-8"), "E510"),
        (lambda path: Path(path).write_bytes(b"PK\x03\x04 half a workbook"), "E510"),
        (lambda path: None, "E510"),
    ],
)
def test_files_that_are_no_form(make, code, folder):
    make("other.xlsx")
    assert [each.code for each in Xlsx({}).evaluations("other.xlsx")] == [code]


def test_a_mark_of_an_open_sheet_is_said_and_left_out(folder):
    Path("~$filled.xlsx").write_bytes(b"eva")
    assert [each.code for each in Xlsx({}).evaluations("~$filled.xlsx")] == ["W561"]


def test_a_stray_cell_far_away_is_told(folder):
    fill({**FILLED, "XFD1048576": "x"})
    _, problems = read()
    assert [(each.code, "XFD" in each.message) for each in problems] == [("E508", True)]


def test_a_form_for_another_version_is_refused_where_a_version_was_asked_for(folder):
    fill(FILLED)
    Path("ventas.yaml").write_text(CARD.replace("1.2.0", "1.3.0"), encoding="utf-8")
    done = pauta("score", "calls.jsonl", "--card", "ventas.yaml", "--answers", "filled.xlsx", "--to", "r.jsonl")
    assert "filled.xlsx:Respuesta!B3  E534" in done.stderr
    assert "is by ventas@1.2.0, and ventas@1.3.0 was asked for" in done.stderr


def test_a_form_for_a_card_that_changed_without_a_new_version_is_mapped_with_a_warning(folder):
    fill({**FILLED, "D13": "3"})
    changed = CARD.replace('{"1": 0, "2": 1, "3": 2}', '{"1": 0, "2": 1}')
    Path("ventas.yaml").write_text(changed, encoding="utf-8")
    done = pauta("score", "calls.jsonl", "--card", "ventas.yaml", "--answers", "filled.xlsx", "--to", "r.jsonl")
    assert "filled.xlsx:Respuesta!B3  W562" in done.stderr
    assert "filled.xlsx:Respuesta!D13  E520  '3' is no answer of question 'nivel'" in done.stderr
    assert '"evaluator": "eva"' in Path("r.jsonl").read_text(encoding="utf-8")


def test_a_month_in_the_life_of_a_sheet(folder):
    """Out to the evaluators, back with faults, mended, scored, and on to the supervisor."""
    calls = [
        {"call_id": f"call/{n}", "agent": f"agent {n % 4}", "started_at": "2026-03-02T10:00:00Z"} for n in range(30)
    ]
    Path("calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls), encoding="utf-8")
    assert pauta("form", "ventas.yaml", "calls.jsonl", "--to", "march.xlsx").exit_code == 0
    book = openpyxl.load_workbook("march.xlsx")
    for n, page in enumerate(book.worksheets[:30]):
        assert page["B3"].value == f"call/{n}"
        for name, value in FILLED.items():
            if name[1:] not in ("3", "4"):
                page[name] = value
        if n % 3 == 0:
            page["D12"], page["E12"], page["F12"] = "Frío", "cortante", "proceso"
        if n == 7:
            page["D12"] = "Calidoo"
    book.save("march.xlsx")
    words = [
        "score",
        "calls.jsonl",
        "--card",
        "ventas.yaml",
        "--answers",
        "march.xlsx",
        "--to",
        "r.jsonl",
        "--to",
        "r.xlsx",
    ]
    done = pauta(*words)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[0].startswith(
        "march.xlsx:call-7!D12  E520  'Calidoo' is no answer of question 'tono'"
    )
    book["call-7"]["D12"] = "Cálido"
    book.save("march.xlsx")
    done = pauta(*words)
    assert (done.exit_code, done.stderr) == (0, "")
    records = [json.loads(line) for line in Path("r.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each["status"] for each in records] == ["complete"] * 30
    faults = [answer["fault"] for each in records for answer in each["answers"] if answer["question"] == "tono"]
    assert faults.count("process") == 10
    summary = openpyxl.load_workbook("r.xlsx")
    assert summary.sheetnames[:2] == ["Summary", "Questions"]
    assert sorted(summary.sheetnames[2:]) == ["Evaluations", "agent 0", "agent 1", "agent 2", "agent 3"]
    tone = next(row for row in summary["Questions"].iter_rows(values_only=True) if row[1] == "tono")
    assert tone[2:7] == ("¿Cómo fue el tono?", 30, 30, 10, pytest.approx(1 / 3))


def test_the_sheet_and_jsonl_give_equal_results(folder):
    fill(FILLED)
    answers = {
        name: {"answer": value, **({"comment": "lo dijo"} if name == "dicho" else {})}
        for name, value in EXPECTED.items()
    }
    record = {"call_id": "c-1", "agent": "ana", "evaluator": "eva", "scorecard": "ventas", "version": "1.2.0",
              "evaluated_at": "2026-03-04T00:00:00+00:00", "mode": "recorded", "answers": answers}  # fmt: skip
    Path("a.jsonl").write_text(json.dumps(record), encoding="utf-8")
    for given_in, to in (("filled.xlsx", "x.jsonl"), ("a.jsonl", "j.jsonl")):
        done = pauta("score", "calls.jsonl", "--card", "ventas.yaml", "--answers", given_in, "--to", to)
        assert (done.exit_code, done.stderr) == (0, "")
    assert Path("x.jsonl").read_bytes() == Path("j.jsonl").read_bytes()
    assert '"score": 93.' in Path("x.jsonl").read_text(encoding="utf-8") or '"status": "complete"' in Path(
        "x.jsonl"
    ).read_text(encoding="utf-8")


def test_wrong_use_of_the_command(folder):
    assert pauta("form", "ventas.yaml", "--to", "sheet.csv").exit_code == 2
    assert pauta("form", "gone.yaml", "--to", "sheet.xlsx").exit_code == 1
    assert pauta("form", "ventas.yaml", "gone/*.jsonl", "--to", "sheet.xlsx").exit_code == 1
    many = "".join(json.dumps({"call_id": str(n)}) + "\n" for n in range(300))
    Path("many.jsonl").write_text(many, encoding="utf-8")
    assert pauta("form", "ventas.yaml", "many.jsonl", "--to", "sheet.xlsx").exit_code == 2
    Path("none.jsonl").write_text("", encoding="utf-8")
    assert pauta("form", "ventas.yaml", "none.jsonl", "--to", "sheet.xlsx").exit_code == 1
    assert not Path("sheet.xlsx").exists()


def test_calls_from_a_table(folder):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Marzo"
    page.append(["Call ID", "Agent", "started_at", "duration_s", "attributes.tier", "metrics.hold_s", "notas"])
    page.append([17, "ana", "2026-03-01T10:00:00Z", "12,5", "gold", 3, "x"])
    page.append([None, "bo", None, None, None, None, None])
    book.save("calls.xlsx")
    call, *problems = sorted(Xlsx({}).calls("calls.xlsx"), key=lambda each: isinstance(each, Problem))
    assert (call.call_id, call.agent, call.duration_s) == ("17", "ana", 12.5)
    assert (call.attributes, call.metrics) == ({"tier": "gold"}, {"hold_s": 3.0})
    assert sorted((each.code, str(each.place)) for each in problems) == [
        ("E502", "calls.xlsx:Marzo!A3"), ("W501", "calls.xlsx:Marzo!A2")
    ]  # fmt: skip
    fill(FILLED)
    assert [each.code for each in Xlsx({}).calls("filled.xlsx")] == ["E511"]


def test_problems_of_cells_are_in_the_order_of_rows():
    places = [Place("a.xlsx", 10, 4, "b!D10"), Place("a.xlsx", 9, 4, "b!D9"), Place("a.xlsx", 12, 4, "a!D12")]
    found = in_order(Problem("E520", "no answer", place) for place in places)
    assert [str(each.place) for each in found] == ["a.xlsx:a!D12", "a.xlsx:b!D9", "a.xlsx:b!D10"]
    assert json.loads(render_problems(found, "json"))[1]["cell"] == "b!D9"
    assert "a.xlsx:b!D9  E520  no answer" in render_problems(found, "text")


def test_the_source_is_there():
    assert Host(installed=False).sources["xlsx"] is Xlsx


def test_letters_of_columns():
    assert [letters(n) for n in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert all(letters(n) == get_column_letter(n) for n in range(1, 2000))


def test_what_could_mean_two_things_is_left():
    options = {"sí": ["sí"], "si": ["si"], "1": ["2"], "2": ["1 (2)"]}
    assert chosen("sí", options) == "sí"
    assert chosen("SÍ", options) == "sí"
    assert chosen("Ŝí", options) is None
    assert chosen("2", options) == "1", "the list offers it for 1"
    assert several_of("x, sí", options) == ["x", "sí"]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=5, unique=True), st.data())
def test_an_option_is_never_taken_for_another(ids, data):
    options = {each.strip() or "x": [each.strip() or "x"] for each in ids}
    wanted = data.draw(st.sampled_from(sorted(options)))
    assert chosen(wanted, options) == wanted


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(card=strategies.cards(), seed=st.integers(0, 2**32))
def test_any_answers_to_any_card_come_through_the_sheet_with_equal_results(card, seed, tmp_path_factory):
    plan = plan_of(card)
    rows = [row for row in strategies.rows_by(strategies.Dice.seeded(seed), card, 4) if row[1] is not None]
    calls, humans = read_rows(rows)
    path = tmp_path_factory.mktemp("form") / "form.xlsx"
    with path.open("wb") as stream:
        write_form(stream, plan.scorecard, calls)
    book = openpyxl.load_workbook(path)
    for page, human in zip(book.worksheets, humans, strict=False):
        page["B5"] = "eva"
        lines = {page.cell(row, 2).value: row for row in range(10, page.max_row + 1)}
        for question, answer in human.answers.items():
            if question in lines:
                several = isinstance(answer.value, tuple)
                page.cell(lines[question], 4).value = "; ".join(answer.value) or "[]" if several else answer.value
                page.cell(lines[question], 5).value = answer.comment
                page.cell(lines[question], 6).value = answer.fault
    book.save(path)
    back = {each.call_id: each for each in Xlsx({}).evaluations(str(path)) if isinstance(each, HumanEvaluation)}
    kept = [(call, human) for call, human in zip(calls, humans, strict=True) if call.call_id in back]
    before = [
        replace(human, answers={name: replace(answer, at=None) for name, answer in human.answers.items()})
        for _, human in kept
    ]
    if kept:
        batches = (before, [back[call.call_id] for call, _ in kept])
        first, second = (list(records(evaluate(plan, batch_of([call for call, _ in kept], each)))) for each in batches)
        assert first == second


def test_answers_know_nothing_of_places_when_they_are_compared():
    assert Answer("yes").place is None
