"""The supervisor's workbook: nothing in it runs, everything in it can be found."""

from __future__ import annotations

import builtins

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st
from results_made import evaluation

from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.problems import Problem
from pauta.plugins.sinks import xlsx
from pauta.plugins.sinks.xlsx import Xlsx
from pauta.plugins.sinks.xlsx_sheets import sheet_name

HOSTILE = [
    "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0",
    "http://evil.example/a", "mailto:a@b.c",
    "internal:Summary!A1", "{=1}", "<script>", "[x]", "a\x00b", "\ud800", "x" * 40_000, "'quoted", "Агент",
]  # fmt: skip
CARD = {
    "scorecard": "retail", "version": "1.0.0", "digest": "d", "title": "Retail",
    "document": {
        "bands": [{"band": "poor", "from": 0}, {"band": "good", "from": 80}, {"band": "fair", "from": 60}],
        "sections": [{"questions": [{"question": "greeting", "text": {"en": "Greeted?"}}, {"question": "offers"}]}],
    },
}  # fmt: skip


def written(path, *evaluations, about=True):
    sink = Xlsx({"path": str(path)})
    if about:
        sink.about([], [CARD])
    sink.write(list(evaluations))
    sink.close()
    return openpyxl.load_workbook(path)


def rows(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_summary_questions_agents_and_all(tmp_path):
    book = written(
        tmp_path / "r.xlsx",
        evaluation(), evaluation("e2", call_id="c-2", agent="bo", score=40.0, band="poor", passed=False),
        evaluation("e3", call_id="c-3", agent=None, score=None, band=None, passed=None, status="incomplete"),
    )  # fmt: skip
    assert book.sheetnames == ["Summary", "Questions", "bo", "ana", "(no agent)", "Evaluations"]
    summary = rows(book["Summary"])
    assert ["evaluations", 3] in [row[:2] for row in summary]
    assert ["mean score", pytest.approx(61.665)] in [row[:2] for row in summary]
    assert ["passed", 0.5] in [row[:2] for row in summary]
    assert [row[0] for row in summary if row[0] in ("good", "poor", "(none)")] == ["good", "poor", "(none)"]
    assert [row[0] for row in summary if row[0] in ("ana", "bo")] == ["bo", "ana"]
    questions = rows(book["Questions"])
    assert questions[1][:9] == ["retail", "greeting", "Greeted?", 3, 3, 3, 1, 3, 3]
    ana = rows(book["ana"])
    assert dict(zip(ana[0], ana[1], strict=True)) == {
        "started at": "2026-01-01T10:00:00Z", "call id": "c-1", "scorecard": "retail", "evaluator": "engine",
        "score": 83.33, "band": "good", "passed": "yes", "critical errors": 2, "non critical errors": 1,
        "missed": "greeting, offers", "comments": "offers: =1+1", "escalations": "coach, notify",
    }  # fmt: skip
    assert [row[0] for row in rows(book["Evaluations"])] == ["call id", "c-1", "c-2", "c-3"]
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes is not None
        assert sheet.auto_filter.ref is not None
    colours = {sheet: book[sheet]["F2"].fill.fgColor.rgb for sheet in ("ana", "bo")}
    assert colours == {"ana": "FFC6E7CE", "bo": "FFF6B9B0"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text, tmp_path):
    made = evaluation(agent=text, call_id=text, band=text)
    made["answers"][1]["comment"] = text
    made["answers"][0]["question"] = text
    book = written(tmp_path / "r.xlsx", made, about=False)
    for sheet in book:
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "n", "inlineStr"}
            assert all(cell.hyperlink is None for cell in row)
    assert len(book.sheetnames) == 4


def test_a_run_without_results_is_a_workbook_too(tmp_path):
    assert written(tmp_path / "r.xlsx").sheetnames == ["Summary", "Questions", "Evaluations"]


def test_agents_with_names_that_clash_each_have_a_sheet(tmp_path):
    names = ["Ana/Bo", "ana:bo", "Summary", "x" * 40, "x" * 41]
    book = written(tmp_path / "r.xlsx", *(evaluation(f"e{n}", agent=name) for n, name in enumerate(names)))
    assert len(book.sheetnames) == 8
    assert len({name.casefold() for name in book.sheetnames}) == 8


def test_a_thousand_agents_and_a_table_that_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "MOST_AGENTS", 3)
    monkeypatch.setattr(xlsx, "MOST_ROWS", 4)
    several = [evaluation(f"e{n}", agent=f"agent-{n}", score=float(n)) for n in range(8)]
    book = written(tmp_path / "r.xlsx", *several)
    assert book.sheetnames == [
        "Summary",
        "Questions",
        "agent-0",
        "agent-1",
        "agent-2",
        "Evaluations",
        "Evaluations (2)",
    ]
    assert sum(book[name].max_row - 1 for name in book.sheetnames[-2:]) == 8


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "r.xlsx"
    path.write_text("the run before", encoding="utf-8")
    sink = Xlsx({"path": str(path)})
    sink.write([evaluation()])
    sink.drop()
    assert path.read_text(encoding="utf-8") == "the run before"
    assert [each.name for each in tmp_path.iterdir()] == ["r.xlsx"]


def test_without_the_extra_the_line_that_installs_it_is_said(tmp_path, monkeypatch):
    whole = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] in ("xlsxwriter", "pyarrow", "apprise", "python_calamine"):
            raise ImportError(name)
        return whole(name, *args, **kwargs)

    host = Host(installed=False)
    monkeypatch.setattr(builtins, "__import__", without)
    for target, extra in (("r.xlsx", "excel"), ("r.parquet", "parquet")):
        problem = open_sink(str(tmp_path / target), host)
        assert isinstance(problem, Problem)
        assert (problem.code, problem.hint) == ("E570", f"pip install 'pauta[{extra}]'")
    problem = open_sink("", host, name="apprise", options={"urls": ["json://localhost"]})
    assert (problem.code, problem.hint) == ("E570", "pip install 'pauta[notify]'")
    (problem,) = host.sources["xlsx"]({}).evaluations("a.xlsx")
    assert (problem.code, problem.hint) == ("E570", "pip install 'pauta[excel]'")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=50), st.lists(st.text(max_size=35), max_size=4))
def test_names_of_sheets_are_names_that_excel_takes(text, others):
    taken: list[str] = []
    for each in [*others, text, text]:
        taken.append(sheet_name(each, taken))
    for name in taken:
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\")
        assert name.strip("'") == name
        assert name.casefold() != "history"
    assert len({name.casefold() for name in taken}) == len(taken)
