"""Actions that fail: asked again in later nights, nothing raised or opened twice, and given up at last."""

import json
import re
import time

import pytest
from click.testing import CliRunner
from follow_ups import by_person, call, card_of, content, night_of, setting_of, three_nights_at_once, write
from postgres_server import fresh_url

import pauta
from pauta.cli import main
from pauta.engine.host import Host
from pauta.followup.night import run_night
from pauta.followup.unfinished import NIGHTS, ask_again, listed
from pauta.store import PostgresStore, Store

CARD = """\
scorecard: retail
version: 1.0.0
sections:
  - {section: all, answers: yes_no, questions: [
      {question: greeting}, {question: name}, {question: identity, error: {critical: compliance, fails: card}}]}
escalations:
  - {escalation: grave, when: {critical_errors: {above: 0}}, do: [tracker, {coach: {due: 24 h}}]}
  - {escalation: rest, when: {critical_errors: 0}, do: [recognise]}
"""
STANDING = """\
  - {escalation: habit, title: A habit, over: {agent: 14 d}, rule: {repeat_error: {times: 2}}, do: [coach, tracker]}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    opened = Store(tmp_path / "results.db") if request.param == "sqlite" else PostgresStore(fresh_url())
    with opened as store:
        yield store


class Trouble:
    """An action that fails as long as it is told to; what it was asked about is listed."""

    def __init__(self, *, slow=False, timeouts=None):
        trouble = self
        self.failing, self.asked = True, []

        class Tracker:
            name, purpose, options = "tracker", "Opens a ticket.", {}

            def __init__(self, options):
                pass

            def opens(self, occasion):
                trouble.asked.append(occasion)
                while slow and trouble.failing:
                    time.sleep(0.01)
                if trouble.failing:
                    raise RuntimeError("no line for Mrs Vega")
                due = occasion.due("24 h")
                return [pauta.Duty("ticket", due), pauta.ProcessFinding("system", "x"), pauta.Notice(("luis",), "x")]

        class Plugin:
            @staticmethod
            @pauta.hookimpl
            def register_actions(register):
                register(Tracker)

        self.host = Host(installed=False, timeouts=timeouts)
        self.host.register(Plugin, "tracker")

    def setting(self, standing=""):
        from pauta.engine.loading.load import card_from_text

        loaded = card_from_text(CARD, self.host)
        assert loaded.scorecard is not None, loaded.problems
        return setting_of(standing, card=loaded.scorecard, host=self.host)


def evaluated(store, setting, *missed, name="c1", day=0):
    write(store, [one := call(name, day)], [by_person(one, missed)], card_of(CARD.replace("tracker, ", "")))
    return setting


def test_what_failed_once_is_done_in_the_next_night_and_nothing_else_is_done_again(store):
    trouble = Trouble()
    setting = evaluated(store, trouble.setting(), "identity")
    ledger = store.ledger()
    first = run_night(store, setting, night_of(0))
    assert [problem.code for problem in first.problems] == ["E784"]
    assert (first.raised, first.opened) == (1, {"duties": 1})
    (coach,) = ledger.select("duties")
    trouble.failing = False
    second = run_night(store, setting, night_of(1))
    assert (second.problems, second.raised) == ([], 0)
    assert second.opened == {"duties": 1, "findings": 1, "notices": 1}
    assert ledger.one("duties", "kind = 'coach'") == coach
    ticket = ledger.one("duties", "kind = 'ticket'")
    assert (ticket["opened_at"], ticket["due"]) == ("2026-03-03T23:00:00.000Z", "2026-03-04T23:00:00.000Z")
    assert [row["after"] for row in ledger.history("duty", ticket["id"])] == ["open"]
    again = trouble.asked[1]
    assert (again.evaluation["call_id"], again.call["duration_s"], again.key) == ("c1", 300.0, trouble.asked[0].key)
    moves = [(row["move"], row["after"]) for row in ledger.history("raised", coach["raised_key"])]
    assert moves == [("raise", "raised"), ("act", "done")]
    before = content(store)
    assert run_night(store, setting, night_of(2)).opened == {}
    assert content(store) == before
    assert len(trouble.asked) == 2
    assert listed(ledger) == []


def test_what_a_window_raised_is_asked_again_as_it_was_raised(store):
    trouble = Trouble()
    setting = trouble.setting(STANDING)
    for number in range(2):
        evaluated(store, setting, "name", name=f"c{number}")
    run_night(store, setting, night_of(0))
    trouble.failing = False
    run_night(store, setting, night_of(1))
    first, second = (each for each in trouble.asked if each.raised)
    for name in ("key", "escalation", "title", "agent", "team", "kind", "over_key", "raised"):
        assert getattr(first, name) == getattr(second, name), name
    assert [row["kind"] for row in store.ledger().select("duties", "kind IN ('coach', 'ticket') ORDER BY kind")] == [
        "coach", "ticket",
    ]  # fmt: skip


def test_what_always_fails_is_given_up_told_and_listed(store):
    trouble = Trouble()
    setting = evaluated(store, trouble.setting(), "identity")
    told = [[each.code for each in run_night(store, setting, night_of(day)).problems] for day in range(NIGHTS + 3)]
    assert told == [["E784"]] * NIGHTS + [["E784", "E785"]] + [[]] * 2
    assert len(trouble.asked) == NIGHTS + 1
    (row,) = listed(store.ledger())
    assert (row["state"], row["action"], row["escalation"], row["nights"]) == ("given_up", "tracker", "grave", 4)
    assert (row["call_id"], row["error"]) == ("c1", "RuntimeError"), "and no words that may be a customer's"
    trouble.failing = False
    assert ask_again(store.ledger()) == 1
    assert run_night(store, setting, night_of(9)).opened["duties"] == 1
    assert listed(store.ledger()) == []


def test_what_took_too_long_is_asked_again_by_the_next_process(tmp_path):
    with Store(tmp_path / "results.db") as store:
        trouble = Trouble(slow=True, timeouts=0.2)
        evaluated(store, None, "identity", name="c1")
        setting = evaluated(store, trouble.setting(), "identity", name="c2")
        run_night(store, setting, night_of(0))
        assert [row["error"] for row in listed(store.ledger())] == ["too late", "too late"], "it is switched off"
        trouble.failing, well = False, Trouble()
        well.failing = False
        assert run_night(store, well.setting(), night_of(1)).opened["findings"] == 2


def test_nights_at_once_do_it_once(store):
    trouble = Trouble()
    setting = evaluated(store, trouble.setting(), "identity", name="c1")
    evaluated(store, setting, "identity", name="c2")
    run_night(store, setting, night_of(0))
    trouble.failing = False
    three_nights_at_once(store, setting, night_of(1))
    assert len(store.ledger().select("duties", "kind = 'ticket'")) == 2
    assert len(trouble.asked) == 4


def test_several_nights_of_one_day_count_once(store):
    from datetime import timedelta

    trouble = Trouble()
    setting = evaluated(store, trouble.setting(), "identity")
    for minutes in range(8):
        run_night(store, setting, night_of(0) + timedelta(minutes=minutes))
    (row,) = listed(store.ledger())
    assert (row["state"], row["nights"], len(trouble.asked)) == ("waiting", 1, 8)


def test_what_is_not_raised_any_more_waits_and_costs_no_night(store):
    trouble = Trouble()
    setting = evaluated(store, trouble.setting(), "identity")
    run_night(store, setting, night_of(0))
    evaluated(store, setting)
    trouble.failing = False
    assert "duties" in run_night(store, setting, night_of(1)).opened, "praise, by another escalation"
    assert store.ledger().select("duties", "kind = 'ticket'") == []
    assert [row["nights"] for row in listed(store.ledger())] == [1]
    evaluated(store, setting, "identity")
    run_night(store, setting, night_of(2))
    assert len(store.ledger().select("duties", "kind = 'ticket'")) == 1


def test_an_escalation_that_is_gone_is_given_up(store):
    trouble = Trouble()
    setting = trouble.setting(STANDING)
    for number in range(2):
        evaluated(store, setting, "name", name=f"c{number}")
    run_night(store, setting, night_of(0))
    trouble.failing = False
    codes = [[each.code for each in run_night(store, trouble.setting(), night_of(day)).problems] for day in range(1, 5)]
    assert codes == [[], [], ["E785"], []]
    assert [row["error"] for row in listed(store.ledger())] == ["not there"]


PLUGIN = """\
from pathlib import Path

import pauta


class Tracker:
    name, purpose, options = "tracker", "Opens a ticket.", {}

    def __init__(self, options):
        pass

    def opens(self, occasion):
        if not Path("line").exists():
            raise RuntimeError("no line")
        return [pauta.Duty("ticket")]


@pauta.hookimpl
def register_actions(register):
    register(Tracker)
"""


def test_the_commands_tell_it_list_it_and_ask_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("plugins", "scorecards"):
        (tmp_path / folder).mkdir()
    (tmp_path / "plugins/tracker.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "scorecards/retail.yaml").write_text(CARD, encoding="utf-8")
    (tmp_path / "pauta.yaml").write_text("operation: small\nsinks: [results.db]\n", encoding="utf-8")
    with Store("results.db") as store:
        evaluated(store, None, "identity")

    def run(*words):
        done = CliRunner().invoke(main, ["escalations", *words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    for day in range(2, 6):
        code, said = run("run", "--now", f"2026-03-0{day}T23:00:00Z")
        assert (code, "E784" in said, "E785" in said) == (3, True, day == 5), said
    assert "action 'tracker' of escalation 'grave' failed in 4 nights" in said
    code, said = run("failed")
    assert re.fullmatch(r"given up  tracker of grave  call c1  since Mon 2026-03-02 23:00, nights: 4  \w+\n", said), (
        said
    )
    assert json.loads(run("failed", "--format", "json")[1])[0]["state"] == "given_up"
    (tmp_path / "line").touch()
    assert run("run", "--now", "2026-03-09T23:00:00Z")[1].startswith("0 evaluations")
    code, said = run("run", "--again", "--now", "2026-03-09T23:00:00Z", "--format", "json")
    assert (code, json.loads(said)["opened"]) == (0, {"duties": 1}), said
    assert run("failed")[1] == "no action failed\n"
