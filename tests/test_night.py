"""The night: what it raises, that it raises it once, and that it may be broken off, repeated and run by two at once."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from follow_ups import FIRST, by_person, call, card_of, content, night_of, setting_of, three_nights_at_once, write
from postgres_server import fresh_url

from pauta.engine.host import Host
from pauta.followup import night as night_room
from pauta.followup.facts import read_fresh
from pauta.followup.night import run_night
from pauta.store import PostgresStore, Store

STANDING = """\
  - escalation: low
    over: {agent: last 5}
    when: {mean_score: {below: 60}, count: {at_least: 5}}
    do: [{plan: {due: 30 d}}]
  - {escalation: habit, over: {agent: 14 d}, rule: {repeat_error: {times: 3}}, do: [coach]}
  - {escalation: many, over: {agent: 30 d}, rule: {accumulated: {non_critical: 3}}, do: [coach]}
  - {escalation: broken, over: {question: 7 d}, when: {share_failed: {above: 0.9}, count: {at_least: 6}}, do: [finding]}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    opened = Store(tmp_path / "results.db") if request.param == "sqlite" else PostgresStore(fresh_url())
    with opened as store:
        yield store


def month(days=6, calls=8, seed=1):
    """Days of calls, each with what a person answered: two agents, one of whom misses much."""
    dice = random.Random(seed)
    for day in range(days):
        called = [call(f"{day}-{n}", day, n, "ana" if n % 2 else "bob") for n in range(calls)]
        worse = {"ana": 0.5, "bob": 0.1}
        yield (
            day,
            called,
            [
                by_person(each, [q for q in ("greeting", "name", "identity") if dice.random() < worse[each.agent]])
                for each in called
            ],
        )


def raised(store, escalation):
    return store.ledger().select("raised", "escalation = ? ORDER BY at, about", (escalation,))


def test_every_evaluation_ends_in_something_to_do(store):
    write(store, [one := call("c1"), two := call("c2")], [by_person(one, ["identity"]), by_person(two)])
    night = run_night(store, setting_of(), night_of(0))
    assert (night.evaluations, night.raised, night.problems) == (2, 3, [])
    assert night.opened == {"duties": 3, "notices": 1, "exemplars": 1}
    (coach,) = store.ledger().select("duties", "raised_key = ?", (raised(store, "grave")[0]["key"],))
    assert (coach["owner"], coach["due"], coach["state"]) == ("luis", "2026-03-03T14:00:00.000Z", "open")
    assert coach["details"]["about"] == ["identity"]
    (praise,) = store.ledger().select("duties", "kind = 'recognise'")
    assert (praise["call_id"], praise["agent"]) == ("c2", "ana")


def test_the_same_night_twice_is_one_night(store):
    for _, calls, humans in month(3):
        write(store, calls, humans)
    run_night(store, setting_of(STANDING), night_of(3))
    before = content(store)
    again = run_night(store, setting_of(STANDING), night_of(3))
    assert (again.evaluations, again.raised, again.opened) == (0, 0, {})
    assert content(store) == before


def test_night_by_night_cards_raise_what_one_night_raises(tmp_path):
    with Store(tmp_path / "nightly.db") as nightly, Store(tmp_path / "late.db") as late:
        for day, calls, humans in month():
            write(nightly, calls, humans)
            write(late, calls, humans)
            run_night(nightly, setting_of(), night_of(day))
        run_night(late, setting_of(), night_of(9))
        assert content(nightly, "marks") == content(late, "marks")


def test_slices_do_not_show(tmp_path, monkeypatch):
    seen = []
    for size in (1, 7, 500):
        monkeypatch.setattr(night_room, "SLICE", size)
        monkeypatch.setattr(night_room, "WINDOWS", size)
        with Store(tmp_path / f"{size}.db") as store:
            for _, calls, humans in month():
                write(store, calls, humans)
            run_night(store, setting_of(STANDING), night_of(6))
            seen.append(content(store, "marks"))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]["alarms"]) >= 3


def test_a_revision_raises_nothing_twice_and_what_it_takes_back_is_in_the_history(store):
    one = call("c1")
    night = 0

    def answered(*missed):
        nonlocal night
        write(store, [one], [by_person(one, missed)])
        night += 1
        return run_night(store, setting_of(), night_of(night)).raised

    assert answered("identity") == 2
    (grave,) = raised(store, "grave")
    assert answered("identity", "name") == 0
    assert answered() == 1
    assert answered("name") == 0
    assert [row["state"] for row in store.ledger().select("duties", "kind = 'coach'")] == ["open", "open"]
    moves = [(row["move"], row["after"]) for row in store.ledger().history("raised", grave["key"])]
    assert moves == [("raise", "raised"), ("revise", "withdrawn")]
    assert answered("identity") == 0
    moves = [row["after"] for row in store.ledger().history("raised", grave["key"])]
    assert moves == ["raised", "withdrawn", "raised"]
    assert len(raised(store, "grave")) == 1


def test_an_incomplete_evaluation_counts_for_nothing_until_it_is_whole(store):
    one = call("c1")
    write(store, [one], [by_person(one, ["greeting"], without=["identity"])])
    assert run_night(store, setting_of(), night_of(0)).raised == 0
    ledger = store.ledger()
    assert ledger.select("facts") == ledger.select("misses") == ledger.select("asked") == []
    write(store, [one], [by_person(one, ["greeting"])])
    assert run_night(store, setting_of(), night_of(1)).raised == 1
    assert len(ledger.select("facts")) == 1
    write(store, [one], [by_person(one, without=["identity"])])
    run_night(store, setting_of(), night_of(2))
    assert ledger.select("facts") == ledger.select("misses") == ledger.select("asked", "asked > 0") == []
    assert [row["after"] for row in ledger.history("raised", raised(store, "rest")[0]["key"])] == [
        "raised",
        "withdrawn",
    ]


def test_a_persons_evaluation_takes_the_place_of_the_engines(store):
    one = call("c1")
    write(store, [one], [])
    run_night(store, setting_of(), night_of(0))
    assert [row["evaluator"] for row in store.ledger().select("facts")] == ["engine"]
    write(store, [one], [by_person(one, ["name"])])
    run_night(store, setting_of(), night_of(1))
    assert [row["evaluator"] for row in store.ledger().select("facts")] == ["eva"]
    write(store, [one], [])
    run_night(store, setting_of(), night_of(2))
    assert [row["evaluator"] for row in store.ledger().select("facts")] == ["eva"]


def test_the_same_call_is_raised_once_whoever_evaluates(store):
    one = call("c1")
    write(store, [one], [by_person(one, ["identity"])])
    run_night(store, setting_of(), night_of(0))
    write(store, [one], [by_person(one, ["identity"], evaluator="noa", hour=20)])
    assert run_night(store, setting_of(), night_of(1)).raised == 0
    assert len(raised(store, "grave")) == 1
    assert [row["evaluator"] for row in store.ledger().select("facts")] == ["noa"]


def test_what_windows_hold_is_what_would_be_made_anew(store):
    dice = random.Random(4)
    known = [call(f"c{n}", n % 3, n, dice.choice(["ana", "bob"])) for n in range(12)]
    for day in range(8):
        chosen = dice.sample(known, 5)
        humans = [
            by_person(
                each,
                [q for q in ("greeting", "name", "identity") if dice.random() < 0.4],
                evaluator=dice.choice(["eva", "noa"]),
                hour=dice.randint(1, 40),
                without=["name"] if dice.random() < 0.2 else [],
            )
            for each in chosen
        ]
        write(store, chosen, humans)
        run_night(store, setting_of(), night_of(day))
    ledger, tables = store.ledger(), ("facts", "misses", "asked")
    held = {name: content(store)[name] for name in ("facts", "misses")}
    counts = sorted(map(repr, ledger.select("asked", "asked > 0")))
    with ledger.writing():
        for name in (*tables, "marks"):
            ledger.delete(name, "1 = 1")
        read_fresh(ledger, setting_of().calendar, night_of(9), after=0, most=10_000)
    assert {name: content(store)[name] for name in held} == held
    assert sorted(map(repr, ledger.select("asked", "asked > 0"))) == counts


def test_a_window_is_raised_once_and_again_after_what_it_opened_is_done(store):
    setting, ledger = setting_of(STANDING), store.ledger()

    def day(number, *missed):
        called = [call(f"{number}-{n}", number, n) for n in range(5)]
        write(store, called, [by_person(each, missed) for each in called])
        run_night(store, setting, night_of(number))
        return len(raised(store, "low"))

    assert day(0, "identity") == 1
    assert day(1, "identity") == 1, "its duty is open"
    plan = ledger.one("duties", "kind = 'plan'")
    ledger.change("duties", {"id": plan["id"]}, state="closed")
    assert run_night(store, setting, night_of(1)).raised == 0, "nothing is newer"
    assert day(2, "identity") == 2
    assert day(3) == 2
    assert ledger.one("alarms", "escalation = 'low'")["active"] == 0
    assert day(4, "identity") == 3, "it had ended, and came back in other calls"
    assert len(ledger.select("duties", "kind = 'plan'")) == 3


def test_small_errors_warn_accumulate_and_are_spent(store):
    setting, seen = setting_of(STANDING), []
    for number in range(8):
        one, other = call(f"c{number}", number), call(f"d{number}", number, agent="bob")
        write(store, [one, other], [by_person(one, ["greeting"]), by_person(other)])
        run_night(store, setting, night_of(number))
        seen.append([bool(row["warning"]) for row in raised(store, "many")])
    true = True
    assert seen[0] == []
    assert seen[1] == [true]
    assert seen[2] == [true, False]
    assert seen[3] == [true, False]
    assert seen[4] == [true, False, true]
    assert seen[5] == [true, False, true, False]
    assert seen[7] == [true, False, true, False, true]


def day_of_errors(store, setting, number):
    write(store, [one := call(f"c{number}", number)], [by_person(one, ["greeting"])])
    return run_night(store, setting, night_of(number))


def test_a_warning_tells_people_and_opens_nothing(store):
    text = """\
  - escalation: many
    title: {en: Small errors have become many, es: Muchos errores}
    over: {agent: 30 d}
    rule: {accumulated: {non_critical: 3}}
    do: [{coach: {due: 24 h}}, {plan: {due: 30 d}}, finding, {recognise: {keep_as_example: true}}, {notify: {to: eva}}]
"""
    setting, ledger = setting_of(text), store.ledger()
    for number in range(2):
        day_of_errors(store, setting, number)
    (warning,) = raised(store, "many")
    assert (warning["warning"], warning["title"]) == (1, "Warning: Small errors have become many")
    (notice,) = ledger.select("notices", "escalation = 'many'")
    assert (notice["recipient"], notice["details"]["title"]) == ("eva", "Warning: Small errors have become many")
    assert notice["details"]["titles"]["es"] == "Aviso: Muchos errores"
    key = (warning["key"],)
    for table in ("duties", "findings", "exemplars"):
        assert ledger.select(table, "raised_key = ?", key) == [], table
    day_of_errors(store, setting, 2)
    (grave,) = [row for row in raised(store, "many") if not row["warning"]]
    opened = ledger.select("duties", "raised_key = ? ORDER BY kind", (grave["key"],))
    assert [row["kind"] for row in opened] == ["coach", "plan", "recognise"]
    assert grave["title"] == "Small errors have become many"


def test_a_warning_that_nobody_is_told_of_is_told_to_the_supervisor(store):
    for number in range(2):
        day_of_errors(store, setting_of(STANDING), number)
    (notice,) = store.ledger().select("notices", "escalation = 'many'")
    assert (notice["recipient"], notice["details"]["title"]) == ("luis", "Warning: many")
    assert "one more is a critical error" in notice["details"]["reason"]


def test_a_plugins_action_is_asked_of_warnings_where_it_says_so(store):
    import pauta

    asked = []

    def action(named, **more):
        def opens(self, occasion):
            asked.append((named, occasion.raised is not None and occasion.raised.warning))
            return [pauta.Duty(named)]

        made = {"name": named, "purpose": "Asks.", "options": {}, "__init__": lambda self, options: None}
        return type(named, (), {**made, "opens": opens, **more})

    class Plugin:
        @staticmethod
        @pauta.hookimpl
        def register_actions(register):
            register(action("grave"))
            register(action("early", on_warning=True))

    host = Host(installed=False)
    host.register(Plugin, "early")
    text = "  - {escalation: many, over: {agent: 30 d}, rule: {accumulated: {non_critical: 3}}, do: [grave, early]}\n"
    for number in range(3):
        day_of_errors(store, setting_of(text, host=host), number)
    assert asked == [("early", True), ("grave", False), ("early", False)]
    assert store.ledger().select("notices", "escalation = 'many'") == []


def test_an_example_of_many_calls_is_the_best_of_them(store):
    text = """\
  - {escalation: star, over: {agent: last 5}, rule: {recognition: {mean: 60}}, do: [DO]}
""".replace("DO", "{recognise: {keep_as_example: true, question: name, why: Asks for the name, consent: true}}")
    called = [call(f"c{n}", 0, n) for n in range(5)]
    missed = [["greeting"], ["name"], [], [], ["greeting"]]
    humans = [by_person(each, wrong) for each, wrong in zip(called, missed, strict=True)]
    write(store, called, humans)
    run_night(store, setting_of(text), night_of(0))
    (praised,) = raised(store, "star")
    (example,) = store.ledger().select("exemplars", "raised_key = ?", (praised["key"],))
    assert (example["call_id"], example["agent"], example["scorecard"]) == ("c3", "ana", "retail")
    assert example["evaluation_id"] == store.ledger().one("facts", "call_id = 'c3'")["evaluation_id"]
    assert (example["question"], example["consent"]) == ("name", "asked")


def test_an_example_of_a_question_is_a_call_that_shows_it(store):
    from pauta.followup.facts import best_of

    called = [call(f"c{n}", 0, n) for n in range(3)]
    humans = [by_person(each, wrong) for each, wrong in zip(called, [["greeting"], ["name"], ["name"]], strict=True)]
    write(store, called, humans)
    run_night(store, setting_of(), night_of(0))
    ledger = store.ledger()
    ids = [row["evaluation_id"] for row in ledger.select("facts")]
    scores = {row["call_id"]: row["score"] for row in ledger.select("facts")}
    assert best_of(ledger, ids, "name")["call_id"] == "c0"
    assert best_of(ledger, ids, "greeting")["call_id"] == "c2"
    assert best_of(ledger, ids)["call_id"] == max(scores, key=lambda name: (scores[name], name))
    assert best_of(ledger, []) is None


def test_praise_of_a_team_has_the_agent_of_the_call(store):
    text = """\
  - {escalation: team, over: {team: 7 d}, when: {count: {above: 1}}, do: [{recognise: {keep_as_example: true}}]}
"""
    called = [call(f"c{n}", 0, n, agent) for n, agent in enumerate(("ana", "bob"))]
    write(store, called, [by_person(called[0], ["name"]), by_person(called[1], agent="bob")])
    run_night(store, setting_of(text), night_of(0))
    (of_team,) = raised(store, "team")
    (example,) = store.ledger().select("exemplars", "raised_key = ?", (of_team["key"],))
    assert (example["agent"], example["call_id"]) == ("bob", "c1")


def test_what_an_open_finding_is_about_counts_against_nobody(store):
    setting, ledger = setting_of(STANDING), store.ledger()
    for number in range(3):
        called = [call(f"{number}-{n}", number, n, f"agent-{n}") for n in range(6)]
        write(store, called, [by_person(each, ["greeting"]) for each in called])
        run_night(store, setting, night_of(number))
    assert len(ledger.select("findings")) == 1
    assert raised(store, "many") == raised(store, "habit") == []
    ledger.change("findings", {"question": "greeting"}, state="verified")
    good = [call(f"good-{n}", 3, n, "bob") for n in range(5)]
    again = call("again", 3, agent="agent-1")
    write(store, [again, *good], [by_person(again, ["greeting"]), *map(by_person, good)])
    run_night(store, setting, night_of(3))
    assert [row["agent"] for row in raised(store, "habit")] == ["agent-1"]


def test_what_is_not_the_agents_fault_is_no_habit(store):
    called = [call(f"c{n}", 0, n) for n in range(6)]
    write(store, called, [by_person(each, ["name"], fault="process") for each in called])
    run_night(store, setting_of(STANDING), night_of(0))
    assert raised(store, "habit") == []
    (finding,) = store.ledger().select("findings")
    assert (finding["question"], finding["scorecard"], finding["state"]) == ("name", "retail", "open")
    assert len(finding["details"]["evaluations"]) == 6


def test_calls_without_an_agent_have_no_window_of_an_agent(store):
    called = [call(f"c{n}", 0, n, agent=None) for n in range(6)]
    write(store, called, [by_person(each, ["name", "identity", "greeting"]) for each in called])
    assert run_night(store, setting_of(STANDING), night_of(0)).problems == []
    assert store.ledger().select("alarms", "over_key IN ('', 'None')") == []
    assert [row["agent"] for row in store.ledger().select("duties", "call_id = 'c1'")] == [None, None]


class _Failing:
    name, purpose, options = "failing", "Fails.", {}

    def __init__(self, options):
        pass

    def opens(self, occasion):
        raise RuntimeError("no line to the tracker")


def test_an_action_that_fails_costs_only_itself(store):
    import pauta

    class Plugin:
        @staticmethod
        @pauta.hookimpl
        def register_actions(register):
            register(_Failing)

    host = Host(installed=False)
    host.register(Plugin, "tracker")
    text = STANDING.replace("do: [coach]", "do: [failing, coach]")
    called = [call(f"c{n}", 0, n) for n in range(3)]
    write(store, called, [by_person(each, ["greeting"]) for each in called])
    night = run_night(store, setting_of(text, host=host), night_of(0))
    assert {problem.code for problem in night.problems} == {"E784"}
    assert "no line to the tracker" in night.problems[0].message
    assert len(raised(store, "habit")) == len(raised(store, "many")) == 1
    assert night.opened["duties"] == 5


def test_a_card_that_is_gone_is_told_of_once(store):
    called = [call(f"c{n}", 0, n) for n in range(3)]
    write(store, called, [by_person(each) for each in called])
    setting = setting_of()
    night = run_night(store, type(setting)(**{**vars(setting), "card_of": lambda *_: None}), night_of(0))
    assert [problem.code for problem in night.problems] == ["E783"]
    assert len(store.ledger().select("facts")) == 3


def test_two_nights_at_once_are_one(store, monkeypatch):
    monkeypatch.setattr(night_room, "SLICE", 5)
    monkeypatch.setattr(night_room, "WINDOWS", 1)
    for _, calls, humans in month(5):
        write(store, calls, humans)
    three_nights_at_once(store, setting_of(STANDING), night_of(5))
    together = content(store, "marks")
    ledger = store.ledger()
    with ledger.writing():
        for table in (*together, "marks"):
            ledger.delete(table, "1 = 1")
    run_night(store, setting_of(STANDING), night_of(5))
    assert content(store, "marks") == together


KILLED = """\
import sys
from follow_ups import night_of, setting_of
from test_night import STANDING
from pauta.followup import night
from pauta.store import Store
night.SLICE, night.WINDOWS = 4, 1
print("ready", flush=True)
with Store(sys.argv[1]) as store:
    night.run_night(store, setting_of(STANDING), night_of(12))
"""


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again_it_is_the_same_ledger(tmp_path):
    here = Path(__file__).parent
    with Store(tmp_path / "whole.db") as store:
        for _, calls, humans in month(12):
            write(store, calls, humans)
    shutil.copy(tmp_path / "whole.db", tmp_path / "killed.db")
    script = tmp_path / "night.py"
    script.write_text(KILLED, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(here)}

    def run(file, seconds=None):
        """How long a whole night takes, or whether one was killed before its end."""
        with subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / file)], env=environment, stdout=subprocess.PIPE
        ) as it:
            it.stdout.readline()
            begun = time.monotonic()
            try:
                it.wait(seconds)
            except subprocess.TimeoutExpired:
                it.send_signal(signal.SIGKILL)
                return None
        assert it.returncode == 0
        return time.monotonic() - begun

    took, killed = run("whole.db"), 0
    for part in (1, 2, 3, 4):
        killed += run("killed.db", took * part / 20) is None
    assert killed >= 2
    run("killed.db")
    with Store(tmp_path / "whole.db") as whole, Store(tmp_path / "killed.db") as again:
        assert content(whole) == content(again)
        assert len(content(whole)["raised"]) > 90


def test_the_command_follows_up_what_score_left(tmp_path, monkeypatch):
    import json

    from click.testing import CliRunner

    from pauta.cli import main
    from pauta.starting import make_operation

    make_operation(tmp_path / "small", "small")
    monkeypatch.chdir(tmp_path / "small")
    runner = CliRunner()
    assert runner.invoke(main, ["score", "--no-follow-up"]).exit_code == 0
    done = runner.invoke(main, ["escalations", "run", "--now", "2026-12-01T00:00:00Z", "--format", "json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["evaluations"] == 3
    assert told["raised"] == told["opened"]["duties"] == 3
    again = runner.invoke(main, ["escalations", "run"])
    assert again.stdout == "0 evaluations followed up, 0 escalations raised\n"
    assert runner.invoke(main, ["escalations", "run", "--now", "tomorrow"]).exit_code == 2
    assert runner.invoke(main, ["escalations", "run", "--now", "2026-12-02T09:00Z"]).exit_code == 0, "without seconds"
    far = tmp_path / "small" / "pauta.yaml"
    far.write_text(re.sub(r"timezone: \S+", "timezone: Asia/Tokyo", far.read_text(encoding="utf-8")), encoding="utf-8")
    done = runner.invoke(main, ["escalations", "run", "--since", "0001-01-01"])
    assert (done.exit_code, "--since is 0001-01-01" in done.output) == (2, True), done.output


def test_check_tells_what_is_wrong_with_the_operations_escalations(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from pauta.cli import main
    from pauta.starting import make_operation

    make_operation(tmp_path / "small", "small")
    file = tmp_path / "small" / "pauta.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "\nescalations: [{escalation: x, rule: repeat_error, do: [coach]}]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "small")
    done = CliRunner().invoke(main, ["check"])
    assert done.exit_code == 1
    assert "E780" in done.output


def test_the_day_of_a_call_is_that_of_the_operation(store):
    one = call("c1", 0, 15 * 60 - 30)
    write(store, [one], [by_person(one)])
    run_night(store, setting_of(), night_of(2))
    (fact,) = store.ledger().select("facts")
    assert (fact["day"], fact["at"]) == (FIRST.date().isoformat(), "2026-03-02T23:30:00.000Z")
    assert card_of().digest
