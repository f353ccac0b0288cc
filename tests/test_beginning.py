"""Where the follow-up of an operation begins: a first night over an old store opens duties for its last days alone."""

import json

import pytest
from click.testing import CliRunner
from follow_ups import CARD, FIRST, by_person, call, content, night_of, setting_of, write
from postgres_server import fresh_url

from pauta.cli import main
from pauta.followup import night as night_room
from pauta.followup.beginning import FIRST_NIGHT
from pauta.followup.night import run_night
from pauta.store import PostgresStore, Store

STANDING = """\
  - {escalation: low, over: {agent: last 10}, when: {mean_score: {below: 60}}, do: [{plan: {due: 30 d}}]}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    opened = Store(tmp_path / "results.db") if request.param == "sqlite" else PostgresStore(fresh_url())
    with opened as store:
        yield store


def history(store, days=60, agent="ana"):
    """A call a day, each with a critical error."""
    calls = [call(f"c{day}", day, agent=agent) for day in range(days)]
    write(store, calls, [by_person(each, ["identity"], agent=agent) for each in calls])


def raised(store):
    return {str(row["call_id"]) for row in store.ledger().select("raised", "escalation = 'grave'")}


def test_a_first_night_counts_everything_and_raises_over_the_last_days(store, monkeypatch):
    monkeypatch.setattr(night_room, "SLICE", 7)
    history(store)
    night = run_night(store, setting_of(STANDING), night_of(59))
    assert raised(store) == {f"c{day}" for day in range(52, 60)}
    assert (night.evaluations, night.older) == (60, 52)
    assert [(each.code, each.message) for each in night.problems] == [
        ("W781", "52 evaluations from before 2026-04-23 count in windows and raise nothing")
    ]
    assert len(store.ledger().select("facts")) == 60
    assert len(store.ledger().select("duties", "kind = 'plan'")) == 1
    later = run_night(store, setting_of(STANDING), night_of(60))
    assert (later.evaluations, later.raised, later.problems) == (0, 0, [])


def test_a_store_that_is_filled_night_by_night_leaves_nothing_out(store):
    for day in range(12):
        history(store, day + 1)
        assert run_night(store, setting_of(), night_of(day)).problems == []
    assert len(raised(store)) == 12


def test_an_agent_who_left_long_ago_gets_no_plan(store):
    history(store, 20, agent="bob")
    write(store, [one := call("new", 59)], [by_person(one)])
    run_night(store, setting_of(STANDING), night_of(59))
    assert {row["agent"] for row in store.ledger().select("raised")} == {"ana"}
    assert len(store.ledger().select("facts", "agent = 'bob'")) == 20


def test_what_is_evaluated_now_counts_as_new_however_old_the_call(store):
    history(store)
    run_night(store, setting_of(), night_of(59))
    late = call("c3", 3)
    write(store, [late], [by_person(late, ["identity"], evaluator="noa", hour=24 * 57)])
    night = run_night(store, setting_of(), night_of(60))
    assert (night.problems, "c3" in raised(store)) == ([], True)
    write(store, [old := call("old", -5)], [by_person(old, ["identity"])])
    assert run_night(store, setting_of(), night_of(61)).older == 1
    assert "old" not in raised(store)


def test_who_is_informed_of_everything_is_not_informed_of_history(store):
    from dataclasses import replace

    setting = setting_of()
    setting = replace(setting, people=replace(setting.people, informs=("luis",)))
    history(store)
    run_night(store, setting, night_of(59))
    assert len(store.ledger().select("notices", "escalation = 'evaluated'")) == 8


def test_it_may_begin_elsewhere_also_later_and_raises_nothing_twice(store):
    history(store)
    run_night(store, setting_of(), night_of(59))
    since = FIRST.replace(hour=0)
    night = run_night(store, setting_of(), night_of(60), since=since.replace(day=10))
    assert (night.evaluations, night.older, len(raised(store))) == (60, 8, 52)
    facts = content(store)["facts"], content(store)["misses"], content(store)["asked"]
    run_night(store, setting_of(), night_of(61), since=since)
    assert len(raised(store)) == 60
    assert (content(store)["facts"], content(store)["misses"], content(store)["asked"]) == facts
    assert len(store.ledger().select("duties", "kind = 'coach' AND due IS NOT NULL")) == 120
    write(store, [one := call("new", 61)], [by_person(one, ["identity"])])
    night = run_night(store, setting_of(), night_of(62), since=since.replace(month=8))
    assert (night.older, "new" in raised(store)) == (1, False)


def test_a_first_night_that_is_broken_off_stays_the_first(store, monkeypatch):
    history(store)
    monkeypatch.setattr(night_room, "SLICE", 7)
    half = []

    def tired(*given, **named):
        half.append(None)
        if len(half) == 4:
            raise KeyboardInterrupt
        return read(*given, **named)

    read = night_room.read_fresh
    monkeypatch.setattr(night_room, "read_fresh", tired)
    with pytest.raises(KeyboardInterrupt):
        run_night(store, setting_of(), night_of(59))
    write(store, [one := call("new", 70)], [by_person(one)])
    run_night(store, setting_of(), night_of(70))
    assert raised(store) == {f"c{day}" for day in range(52, 60)}


def test_calls_without_a_moment_are_new(tmp_path):
    from dataclasses import replace

    with Store(tmp_path / "x.db") as store:
        calls = [replace(call(f"c{n}"), started_at=None) for n in range(3)]
        write(store, calls, [replace(by_person(call(each.call_id)), evaluated_at=None) for each in calls])
        night = run_night(store, setting_of(), night_of(400))
        assert (night.raised, night.older) == (3, 0)


def test_the_command_says_so_and_takes_a_day(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scorecards").mkdir()
    (tmp_path / "scorecards/retail.yaml").write_text(CARD, encoding="utf-8")
    (tmp_path / "pauta.yaml").write_text(
        "operation: small\ntimezone: America/Bogota\nsinks: [results.db]\n", encoding="utf-8"
    )
    with Store("results.db") as store:
        history(store)

    def run(*words):
        done = CliRunner().invoke(main, ["escalations", "run", "--format", "json", *words])
        return done.exit_code, json.loads(done.stdout), done.stderr

    code, told, said = run("--now", "2026-05-01T00:00:00Z")
    assert (code, told["older"], told["opened"]["duties"]) == (0, 60 - FIRST_NIGHT.days - 1, 16)
    assert "W781  52 evaluations from before 2026-04-23" in said
    code, told, said = run("--now", "2026-05-02T00:00:00Z", "--since", "2026-04-01")
    assert (code, told["older"], told["opened"]["duties"]) == (0, 30, 44)
    code, told, said = run("--now", "2026-05-03T00:00:00Z", "--since", "2025-01-01")
    assert (code, told["older"], told["opened"]["duties"], "W781" in said) == (0, 0, 60, False)
    assert run("--now", "2026-05-04T00:00:00Z")[1]["evaluations"] == 0
