"""Who sees what: a coaching record is for the agent, the one who gives it and the line above; for nobody else."""

import json

import pytest
from agents_seen import folder_of, with_duties
from click.testing import CliRunner
from postgres_server import fresh_url

from pauta.cli import main
from pauta.engine.problems import ProblemsFound
from pauta.followup.people import People, Person
from pauta.followup.privacy import OUTSIDE, duties_seen, may_see, may_see_evaluations, must_see
from pauta.store import PostgresStore, Store

PEOPLE = People({
    each.id: each
    for each in (
        Person("ana", "Ana Mora", "north", "luis", ("agent",)), Person("ben", "Ben", "north", "luis", ("agent",)),
        Person("luis", "Luis Paz", None, "marta", ("supervisor",)),
        Person("rosa", "Rosa", None, "otto", ("supervisor",)),
        Person("marta", "Marta", None, None, ("manager",)), Person("otto", "Otto", None, None, ("manager",)),
        Person("petra", "Petra", None, None, ("quality",)), Person("eva", "Eva", None, "petra", ("evaluator",)),
    )
})  # fmt: skip
RECORD = {
    "id": "d1", "kind": "coach", "agent": "ana", "team": "north", "owner": "rosa, eva", "state": "held", "due": None,
    "opened_at": "2026-03-02", "message": "private", "details": {"agreed": "private", "words": "private"},
}  # fmt: skip
SEES = {"ana", "luis", "marta", "rosa", "otto", "eva", "petra", "Ana Mora", "Luis Paz", None}


@pytest.mark.parametrize("viewer", [*PEOPLE.persons, "Ana Mora", "Luis Paz", "nobody", "", None])
def test_the_agent_the_givers_and_the_lines_above_both_see_a_record(viewer):
    assert may_see(viewer, RECORD, PEOPLE) is (viewer in SEES)
    if viewer in SEES:
        must_see(RECORD, viewer, PEOPLE)
    else:
        with pytest.raises(ProblemsFound, match="may not see"):
            must_see(RECORD, viewer, PEOPLE)


def test_a_record_without_agent_or_owner_is_seen_by_those_it_names_alone():
    assert not may_see("ben", {"agent": "", "owner": ""}, PEOPLE)
    assert may_see("rosa", {"agent": "", "owner": "rosa"}, PEOPLE)
    assert not may_see("", {"agent": "", "owner": ""}, PEOPLE)


def test_quality_sees_that_there_is_one_and_others_nothing():
    mine = {**RECORD, "owner": "luis"}
    (outline,) = duties_seen([mine], "petra", PEOPLE)
    assert {name for name, value in outline.items() if value} <= set(OUTSIDE)
    assert "private" not in json.dumps(outline)
    assert duties_seen([mine], "rosa", PEOPLE) == []
    assert duties_seen([mine], "ana", PEOPLE) == duties_seen([mine], None, PEOPLE) == [mine]


def test_evaluations_are_for_the_agent_the_line_above_and_quality():
    seeing = {each for each in PEOPLE.persons if may_see_evaluations(each, "ana", PEOPLE)}
    assert seeing == {"ana", "luis", "marta", "petra"}
    assert may_see_evaluations(None, "ana", PEOPLE)


def test_a_circle_of_leaders_ends():
    circle = People({"a": Person("a", "A", leader="b"), "b": Person("b", "B", leader="a")})
    assert may_see("b", {"agent": "a", "owner": ""}, circle)
    assert not may_see("c", {"agent": "a", "owner": "b"}, circle)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(with_duties(folder_of(tmp_path, 12), words="private words"))
    return tmp_path


def run(*given):
    return CliRunner().invoke(main, list(given))


HELD = "b" * 12
WORDS = ("Greet before anything else", "private words")


@pytest.mark.parametrize("viewer", ["ana", "luis", "marta"])
def test_the_commands_show_a_record_to_those_it_is_for(here, viewer):
    shown = run("coach", "show", HELD, "--as", viewer)
    assert shown.exit_code == 0, shown.output
    assert all(each in shown.output for each in WORDS)
    assert "Monthly session" in run("coach", "list", "--as", viewer).output
    page = run("agent", "ana", "--as", viewer)
    assert all(each in page.output for each in WORDS)
    assert "not shown" not in page.output


@pytest.mark.parametrize("viewer", ["ben", "rosa", "petra", "nobody"])
def test_the_commands_show_no_record_to_others(here, viewer):
    for form in ("text", "json"):
        shown = run("coach", "show", HELD, "--as", viewer, "--format", form)
        assert shown.exit_code == 1
        assert "E792" in shown.output
        listed = run("coach", "list", "--as", viewer, "--state", "closed", "--format", form)
        assert not [each for each in (*WORDS, "Critical error") if each in shown.output + listed.output]
    assert "Monthly session" not in run("coach", "list", "--as", viewer).output


@pytest.mark.parametrize("form", ["text", "html", "json"])
def test_quality_has_the_page_without_the_coaching(here, form):
    page = run("agent", "ana", "--as", "petra", "--format", form)
    assert page.exit_code == 0, page.output
    assert not [each for each in (*WORDS, "Critical error", "Every call begins", "Luis Paz") if each in page.output]
    if form != "json":
        assert "4 coaching records are not shown" in page.output
        assert "overdue" in page.output


@pytest.mark.parametrize("viewer", ["ben", "rosa", "nobody"])
def test_others_have_no_page(here, viewer):
    page = run("agent", "ana", "--as", viewer)
    assert page.exit_code == 1
    assert "E798" in page.output
    assert "Asked for the name" not in page.output


@pytest.mark.parametrize("viewer", ["ben", "ana", "rosa"])
def test_only_those_who_may_move_a_record(here, viewer):
    moved = run("coach", "hold", "d" * 12, "--agreed", "x", "--as", viewer)
    assert moved.exit_code == 1
    assert "E789" in moved.output
    with Store(here / "p.db") as store:
        assert store.ledger().select("duties", "id = ?", ("d" * 32,))[0]["state"] == "scheduled"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_stores_view_of_duties_says_what_quality_may_know(tmp_path, kind):
    with Store(tmp_path / "p.db") if kind == "sqlite" else PostgresStore(fresh_url()) as store:
        store.ledger().put("duties", [{**RECORD, "raised_key": "r", "escalated": 0}])
        (row,) = store.read("SELECT * FROM duties_outline")
        assert set(row) == set(OUTSIDE)
        assert "private" not in json.dumps(row)
