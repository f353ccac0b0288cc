"""Findings: verified by all the questions they name or by the figure that raised them, and withdrawn where in error."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from follow_ups import CARD, OPERATION, by_person, call, night_of, setting_of, write
from postgres_server import fresh_url

from pauta.cli import main
from pauta.engine.problems import ProblemsFound
from pauta.followup.calendar import Calendar
from pauta.followup.lives import move
from pauta.followup.measures import judged_finding, measured_plan
from pauta.followup.night import run_night
from pauta.store import PostgresStore, Store


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    opened = Store(tmp_path / "results.db") if request.param == "sqlite" else PostgresStore(fresh_url())
    with opened as store:
        yield store


def day(store, setting, number, *missed, agents=("ana", "bob"), each=3, facts=None):
    """A day's calls of every agent, in all of which the same was missed, and its night."""
    called = [call(f"{number}-{a}-{n}", number, n, a, **(facts or {})) for a in agents for n in range(each)]
    write(store, called, [by_person(one, missed, agent=one.agent) for one in called])
    return run_night(store, setting, night_of(number))


def fixed(store, setting, number):
    """The one finding, owned and fixed on a day."""
    (found,) = store.ledger().select("findings")
    for step, said in (("own", {"owner": "luis"}), ("fix", {"what": "x"})):
        move(store.ledger(), setting.people, "finding", found["id"], step, who=None, at=night_of(number), **said)
    return store.ledger().select("findings")[0]


def judged(store, number):
    (found,) = store.ledger().select("findings")
    seen = judged_finding(store.ledger(), found, Calendar(), night_of(number))
    return {each.name: (each.before, each.since, each.calls, each.mended) for each in seen}


NAMED = """\
  - escalation: bad
    over: {team: 7 d}
    when: {mean_score: {below: 40}}
    do: [{finding: {questions: [name, greeting]}}]
"""


def test_every_question_that_a_finding_names_must_be_missed_less(store):
    setting = setting_of(NAMED)
    day(store, setting, 0, "name", "greeting")
    fixed(store, setting, 0)
    assert judged(store, 0) == {"name": (None, None, 0, None), "greeting": (None, None, 0, None)}, "the day of the fix"
    fixed_later = night_of(1).isoformat()
    store.ledger().change("findings", {"state": "fixed"}, fixed_at=fixed_later)
    day(store, setting, 2, "greeting")
    assert judged(store, 2) == {"name": (1.0, 0.0, 6, True), "greeting": (1.0, 1.0, 6, False)}
    day(store, setting, 3)
    assert judged(store, 3) == {"name": (1.0, 0.0, 12, True), "greeting": (1.0, 0.5, 12, True)}


def test_questions_of_a_team_are_judged_by_its_calls(store):
    setting = setting_of(NAMED)
    day(store, setting, 0, "name", "greeting")
    fixed(store, setting, 1)
    south = [replace(call(f"s{n}", 2, n, "carla"), team="south") for n in range(4)]
    write(store, south, [by_person(each, ["name"], agent="carla") for each in south])
    day(store, setting, 2)
    assert judged(store, 2)["name"] == (1.0, 0.0, 6, True)


def test_a_finding_that_a_mean_raised_is_judged_by_the_mean(store):
    setting = setting_of(NAMED.replace("{finding: {questions: [name, greeting]}}", "finding"))
    day(store, setting, 0, "name", "greeting")
    (found,) = store.ledger().select("findings")
    assert found["details"]["measures"] == {"mean_score": False}
    fixed(store, setting, 1)
    day(store, setting, 2, "name")
    worse = judged(store, 2)["mean_score"]
    assert worse[2:] == (6, True)
    assert worse[:2] == (25.0, 50.0)


@pytest.mark.parametrize(
    ("when", "measures"),
    [
        ("share_failed: {above: 0.5}", {"share_failed": True}),
        ("share_failed: {above: 0.5}, count: {at_least: 2}", {"share_failed": True}),
        ("critical_accuracy.compliance: {below: 0.9}", {"critical_accuracy.compliance": False}),
        ("failing_agents: {at_least: 2}", {}),
        ("any: [{mean_score: {below: 60}}, {share_failed: {above: 0.5}}]", {"mean_score": False}),
        ("none: [{mean_score: {at_least: 60}}]", {"mean_score": False}),
    ],
)
def test_the_figures_of_a_condition_say_which_way_is_better(tmp_path, when, measures):
    do = f"  - {{escalation: bad, over: {{team: 7 d}}, when: {{{when}}}, do: [finding]}}\n"
    with Store(tmp_path / "x.db") as store:
        setting = setting_of(do)
        day(store, setting, 0, "identity", "name")
        (found,) = store.ledger().select("findings")
        assert found["details"]["measures"] == measures
        fixed(store, setting, 1)
        day(store, setting, 2)
        assert all(mended for *_, mended in judged(store, 2).values())


def test_a_metric_is_judged_by_its_mean_in_the_days_of_the_operation(store):
    rule = "{below_threshold: {metric: wait_s, above: 30, least: 2}}"
    setting = setting_of(f"  - {{escalation: slow, over: {{team: 7 d}}, rule: {rule}, do: [finding]}}\n")
    day(store, setting, 0, facts={"metrics": {"wait_s": 50}})
    fixed(store, setting, 1)
    day(store, setting, 2, facts={"metrics": {"wait_s": 20}})
    assert judged(store, 2) == {"metrics.wait_s": (50.0, 20.0, 6, True)}
    day(store, setting, 3, each=9, facts={"metrics": {"wait_s": 90}})
    assert judged(store, 3)["metrics.wait_s"][3] is False


def test_a_question_of_a_window_of_questions_is_judged_by_it(store):
    text = "  - {escalation: broken, over: {question: 7 d}, when: {share_failed: {above: 0.9}}, do: [finding]}\n"
    setting = setting_of(text)
    day(store, setting, 0, "name")
    fixed(store, setting, 1)
    day(store, setting, 2, "name")
    assert judged(store, 2) == {"name": (1.0, 1.0, 6, False)}


STANDING = """\
  - {escalation: habit, over: {agent: 14 d}, rule: {repeat_error: {times: 3}}, do: [coach]}
  - {escalation: many, over: {agent: 30 d}, rule: {accumulated: {non_critical: 3, warn: false}}, do: [coach]}
  - {escalation: broken, over: {question: 7 d}, when: {share_failed: {above: 0.9}, count: {at_least: 6}}, do: [finding]}
"""


def windows_raised(store):
    return {(row["escalation"], row["over_key"]) for row in store.ledger().select("raised", "over_kind <> ''")}


def test_after_a_finding_is_withdrawn_its_misses_count_against_agents_again(store):
    setting, ledger = setting_of(STANDING), store.ledger()
    day(store, setting, 0, "greeting")
    assert windows_raised(store) == {("broken", "retail/greeting")}
    (found,) = ledger.select("findings")
    assert move(ledger, setting.people, "finding", found["id"], "withdraw", who=None, at=night_of(0), reason="x") == (
        "withdrawn"
    )
    assert run_night(store, setting, night_of(1)).raised == 4
    assert windows_raised(store) == {
        ("broken", "retail/greeting"), ("habit", "ana"), ("habit", "bob"), ("many", "ana"), ("many", "bob"),
    }  # fmt: skip
    (step,) = [row for row in ledger.history("finding", found["id"]) if row["move"] == "withdraw"]
    assert (step["before"], step["after"], step["details"]["reason"]) == ("open", "withdrawn", "x")


def test_what_was_missed_until_it_was_mended_is_held_against_nobody_afterwards(store):
    setting, ledger = setting_of(STANDING), store.ledger()
    day(store, setting, 0, "greeting")
    found = fixed(store, setting, 1)
    day(store, setting, 2, agents=("bob",))
    move(ledger, setting.people, "finding", found["id"], "verify", who=None, at=night_of(2), share_before=1.0,
         share_after=0.0)  # fmt: skip
    day(store, setting, 3)
    day(store, setting, 4, "greeting", agents=("ana",), each=2)
    assert windows_raised(store) == {("broken", "retail/greeting")}
    day(store, setting, 5, "greeting", agents=("ana",), each=1)
    assert windows_raised(store) - {("broken", "retail/greeting")} == {("habit", "ana"), ("many", "ana")}


def test_a_finding_that_was_withdrawn_is_not_opened_again_over_the_same_calls(store):
    setting, ledger = setting_of(STANDING), store.ledger()
    day(store, setting, 0, "greeting")
    (found,) = ledger.select("findings")
    move(ledger, setting.people, "finding", found["id"], "withdraw", who=None, at=night_of(0), reason="x")
    for number in range(1, 7):
        day(store, setting, number, "greeting")
        assert len(ledger.select("findings")) == 1, number
    day(store, setting, 7, "greeting")
    assert len(ledger.select("findings")) == 2, "all the calls of its window are others"


@pytest.mark.parametrize(
    ("state", "who", "code"),
    [("owned", "luis", None), ("owned", "rita", None), ("owned", "ana", "E789"), ("verified", None, "E788"),
     ("fixed", "quinn", None), ("withdrawn", None, "E788"), ("open", "luis", "E789")],
)  # fmt: skip
def test_who_may_withdraw_and_when(tmp_path, state, who, code):
    setting = setting_of()
    people = {"luis": ("rita", []), "rita": (None, []), "ana": ("luis", []), "quinn": (None, ["quality"])}
    from pauta.followup.people import People

    known = People.of({"people": {name: {"leader": above, "roles": roles} for name, (above, roles) in people.items()}})
    with Store(tmp_path / "x.db") as store:
        ledger = store.ledger()
        owner = None if state == "open" else "luis"
        ledger.put("findings", [{"id": "f", "raised_key": "r", "about": "process", "state": state, "owner": owner,
                                 "opened_at": "2026-03-02T09:00:00.000Z", "message": "m", "details": {}}])  # fmt: skip
        if code is None:
            assert move(ledger, known, "finding", "f", "withdraw", who=who, at=night_of(0), reason="x") == "withdrawn"
            return
        with pytest.raises(ProblemsFound) as found:
            move(ledger, known, "finding", "f", "withdraw", who=who, at=night_of(0), reason="x")
        assert [each.code for each in found.value.problems] == [code]
        assert setting.people is not known


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scorecards").mkdir()
    (tmp_path / "scorecards/retail.yaml").write_text(CARD, encoding="utf-8")
    (tmp_path / "pauta.yaml").write_text(
        OPERATION.replace("people:", "sinks: [results.db]\npeople:") + NAMED, encoding="utf-8"
    )
    return tmp_path


def run(*words, code=0):
    done = CliRunner().invoke(main, ["findings", *words])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_the_commands_verify_by_all_questions_and_withdraw(folder):
    setting = setting_of(NAMED)
    with Store("results.db") as store:
        day(store, setting, 0, "name", "greeting")
        (found,) = store.ledger().select("findings")
    name = found["id"][:12]
    assert "owner nobody" in run("list")
    run("own", name, "luis")
    run("fix", name, "--what", "a form", "--now", "2026-03-03T12:00:00Z")
    assert "E791" in run("verify", name, code=1)
    with Store("results.db") as store:
        day(store, setting, 2, "greeting")
    said = run("verify", name, "--now", "2026-03-05T12:00:00Z")
    assert said == (
        f"{name}: name missed in 100% of calls before, 0% of 6 since; "
        "greeting missed in 100% of calls before, 100% of 6 since; owned\n"
    )
    with Store("results.db") as store:
        (row,) = [each for each in store.ledger().history("finding", found["id"]) if each["move"] == "reopen"]
    assert row["details"]["reason"] == "the share of misses did not fall: greeting"
    assert row["details"]["share_after"] == {"name": 0.0, "greeting": 1.0}
    assert run("withdraw", name, "--reason", "misread", "--as", "luis") == f"{name} is withdrawn\n"
    assert run("list") == "no findings\n"
    assert "withdrawn" in run("list", "--all")
    assert "E788" in run("own", name, "eva", code=1)
    assert "Usage" in run("withdraw", name, code=2)


def found_now(store):
    return store.ledger().select("findings")[0]


def test_what_calls_cannot_tell_is_said_beside_what_they_tell(folder):
    setting = setting_of(NAMED)
    with Store("results.db") as store:
        day(store, setting, 0, "name", "greeting")
        (found,) = store.ledger().select("findings")
        details = {**found["details"], "questions": ["name", "gone"]}
        store.ledger().change("findings", {"id": found["id"]}, details=details)
        fixed(store, setting, 1)
        day(store, setting, 2)
    name = found["id"][:12]
    assert f"whether the fix of {name} helped: gone\n" in run("verify", name, code=1)
    with Store("results.db") as store:
        assert [each.mended for each in judged_finding(store.ledger(), found_now(store), Calendar(), night_of(2))] == [
            True, None,
        ]  # fmt: skip
    assert run("verify", name, "--helped", "yes", "--now", "2026-03-05T12:00:00Z") == (
        f"{name}: name missed in 100% of calls before, 0% of 6 since; helped: yes; verified\n"
    )
    with Store("results.db") as store:
        (step,) = [each for each in store.ledger().history("finding", found["id"]) if each["move"] == "verify"]
    assert (step["details"]["share_after"], step["details"]["helped"]) == (0.0, "yes")


def test_the_day_of_a_plan_is_that_of_the_operation(store):
    """Ana's plan is opened at 23:00 in Bogotá, when it is the next day in UTC; that day's calls came after it."""
    from zoneinfo import ZoneInfo

    setting = replace(
        setting_of("  - {escalation: low, over: {agent: last 2}, when: {mean_score: {below: 60}}, do: [DO]}\n".replace(
            "DO", "{plan: {target: 90, measured_by: name}}")), calendar=Calendar(zone=ZoneInfo("America/Bogota")),
    )  # fmt: skip
    called = [call(f"c{n}", 0, n) for n in range(2)]
    write(store, called, [by_person(each, ["name", "identity"]) for each in called])
    run_night(store, setting, night_of(0) + timedelta(hours=5))
    later = [call(f"d{n}", 1, n) for n in range(2)]
    write(store, later, [by_person(each) for each in later])
    run_night(store, setting, night_of(1) + timedelta(hours=5))
    (plan,) = store.ledger().select("duties", "kind = 'plan'")
    assert (plan["day"], plan["opened_at"][:10]) == (date(2026, 3, 2).isoformat(), "2026-03-03")
    found = measured_plan(store.ledger(), plan)
    assert (found.before, found.before_calls, found.since, found.since_calls) == (0.0, 2, 100.0, 2)
    assert found.reached
