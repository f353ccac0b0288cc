"""Deadlines come when the rule says, to the second: cases, then every zone against a second, plain reckoning."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml

from pauta.engine.loading.operation import Operation, load_operation
from pauta.engine.model.moments import moment_from
from pauta.engine.problems import ProblemsFound
from pauta.followup.calendar import WEEKDAYS, Calendar, calendar_of
from pauta.followup.deadlines import deadline, shown

FILES = sorted((Path(__file__).parent / "cases" / "deadlines").glob("*.yaml"))
FRIDAY = dt.datetime(2026, 6, 5, 10, tzinfo=dt.UTC)


def tables(path):
    """The operations of a file, each with its cases; all scalars are text, as `pauta.yaml` would have them."""
    content = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    return content if isinstance(content, list) else [content]


CASES = [
    pytest.param(table["operation"], case, id=f"{path.stem}: {case['case']}")
    for path in FILES
    for table in tables(path)
    for case in table["cases"]
]


@pytest.fixture
def loaded(tmp_path):
    def load(text, **kwargs):
        file = tmp_path / "pauta.yaml"
        file.write_text(text if isinstance(text, str) else yaml.safe_dump(text, allow_unicode=True), encoding="utf-8")
        operation, problems = load_operation(file)
        assert operation is not None, problems
        return calendar_of(operation, **kwargs)

    return load


@pytest.mark.parametrize(("operation", "case"), CASES)
def test_case(operation, case, loaded):
    if isinstance(operation.get("calendar", {}).get("holidays"), dict):
        pytest.importorskip("holidays", reason="the extra calendar is not installed")
    if "calendar" in operation and str(operation["calendar"].get("monthly_session", "")).isdecimal():
        operation["calendar"]["monthly_session"] = int(operation["calendar"]["monthly_session"])
    calendar, problems = loaded(operation)
    assert problems == []
    begin = moment_from(case["from"])
    if "problem" in case:
        with pytest.raises(ProblemsFound) as found:
            deadline(case["duration"], begin, calendar)
        assert [f"{each.code} {each.message}" for each in found.value.problems] == [case["problem"]]
        return
    due = deadline(case["duration"], begin, calendar)
    assert due == moment_from(case["due"]), due.astimezone(calendar.zone)
    assert due.tzinfo is dt.UTC


def test_there_are_cases():
    assert len(CASES) >= 70


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{monday: 09:00-09:00, friday: 10:00-11:00}", "E771 calendar.hours.monday: '09:00-09:00' ends when it begins"),
        (
            "{monday: [08:00-13:00, 12:00-18:00]}",
            "E771 calendar.hours: monday 08:00-13:00 and monday 12:00-18:00 overlap",
        ),
        (
            "{sunday: 22:00-06:00, monday: 05:00-12:00}",
            "E771 calendar.hours: sunday 22:00-06:00 and monday 05:00-12:00 overlap",
        ),
        ("{}", "E772 nobody works on any day of the week"),
        ("{monday: []}", "E772 nobody works on any day of the week"),
    ],
)
def test_hours_that_cannot_be(text, found, loaded):
    calendar, problems = loaded(f"operation: a\ntimezone: UTC\ncalendar:\n  hours: {text}\n")
    assert calendar is None
    assert [f"{each.code} {each.message}" for each in problems] == [found]
    assert problems[0].place.line == 4


@pytest.mark.parametrize(
    ("text", "code", "line", "hint"),
    [
        ("{monthly_session: first sunday 10:00}", "E773", 3, "sunday"),
        ("{holidays: {country: QQ}}", "E774", 3, "two letters"),
        ("{holidays: {country: ES, subdivision: XX}}", "E774", 3, "MD"),
        ("{holidays: {country: CO, subdivision: XX}}", "E774", 3, "leave it out"),
    ],
)
def test_calendars_that_cannot_be(text, code, line, hint, loaded):
    pytest.importorskip("holidays", reason="the extra calendar is not installed")
    calendar, (problem,) = loaded(f"operation: a\ntimezone: UTC\ncalendar: {text}\n")
    assert (calendar, problem.code, problem.place.line) == (None, code, line)
    assert hint in problem.hint


def test_a_package_that_is_missing_says_how_it_is_installed(loaded, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "holidays", None)
    calendar, (problem,) = loaded("operation: a\ntimezone: UTC\ncalendar: {holidays: {country: ES}}\n")
    assert (calendar, problem.code, problem.hint) == (None, "E775", "pip install 'pauta[calendar]'")


def test_a_calendar_without_a_time_zone_is_warned_of(loaded):
    calendar, (problem,) = loaded("operation: a\ncalendar: {holidays: [2026-12-25]}\n")
    assert (str(calendar.zone), problem.code) == ("UTC", "W771")


def test_holidays_that_have_run_out_are_warned_of(loaded):
    text = "operation: a\ntimezone: UTC\ncalendar: {holidays: [2026-12-25]}\n"
    assert loaded(text, today=dt.date(2026, 12, 25))[1] == []
    _, (problem,) = loaded(text, today=dt.date(2026, 12, 26))
    assert (problem.code, problem.place.line) == ("W772", 3)


@pytest.mark.parametrize(
    "rule", ["fifth friday 10:00", "first tuesday 24:00", "day 32 09:00", "day 0", "first", "10:00", "First Monday"]
)
def test_a_session_by_no_rule_is_refused_with_the_shape(rule, tmp_path):
    file = tmp_path / "pauta.yaml"
    file.write_text(f"operation: a\ncalendar: {{monthly_session: {rule!r}}}\n", encoding="utf-8")
    operation, (problem,) = load_operation(file)
    assert (operation, problem.code, problem.place.line) == (None, "E217", 2)


def test_a_start_without_a_time_zone_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="time zone"):
        deadline("24 h", dt.datetime(2026, 6, 1), Calendar())


def test_the_smallest_operation_has_a_calendar():
    calendar, problems = calendar_of(Operation("a", Path("pauta.yaml")))
    assert (calendar, problems) == (Calendar(), [])
    assert hash(calendar) == hash(Calendar())
    assert deadline("0 business days", FRIDAY, calendar) == FRIDAY.replace(hour=18)
    assert WEEKDAYS[FRIDAY.weekday()] == "friday"


@pytest.mark.parametrize(
    ("moment", "language", "said"),
    [
        ("2026-06-02T08:00:00Z", "en", "Tue 2026-06-02 10:00"),
        ("2026-06-02T08:00:07Z", "es-MX", "mar 2026-06-02 10:00:07"),
        ("2026-06-02T08:00:00Z", "pt-BR", "ter 2026-06-02 10:00"),
        ("2026-06-02T08:00:00Z", "ru", "вт 2026-06-02 10:00"),
        ("2026-06-02T08:00:00Z", "ja", "2026-06-02 10:00"),
        ("2026-10-25T00:30:00Z", "en", "Sun 2026-10-25 02:30 (UTC+02:00)"),
        ("2026-10-25T01:30:00Z", "en", "Sun 2026-10-25 02:30 (UTC+01:00)"),
    ],
)
def test_moments_as_people_read_them(moment, language, said, loaded):
    calendar, _ = loaded("operation: a\ntimezone: Europe/Madrid\n")
    assert shown(moment_from(moment), calendar, language) == said


DOC = Path(__file__).parents[1] / "docs" / "deadlines.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOC.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `") and line.count("|") == 5
]


@pytest.mark.parametrize(("duration", "begin", "due", "why"), ROWS)
def test_the_examples_of_the_page(duration, begin, due, why, loaded):
    assert why
    calendar, problems = loaded(DOC.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0])
    assert problems == []
    start = dt.datetime.strptime(begin[4:], "%Y-%m-%d %H:%M").replace(tzinfo=calendar.zone)
    assert shown(start, calendar) == begin
    assert shown(deadline(duration.strip("`"), start, calendar), calendar) == due


def test_the_page_has_examples():
    assert len(ROWS) >= 10
