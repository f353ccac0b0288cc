"""What the trade asks of the follow-up, requirement by requirement: the tests that hold it, and those that had none."""

import ast
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml
from follow_ups import by_person, call, card_of, night_of, setting_of, write

from pauta.engine.delivery import stamp
from pauta.engine.problems import ProblemsFound
from pauta.followup.lives import move
from pauta.followup.night import run_night
from pauta.followup.notices import gather
from pauta.followup.people import People
from pauta.store import Store

HERE = Path(__file__).parent

HELD_BY = {
    "S0-5 several non-critical errors may turn into one critical error": [
        "rules/accumulated: the limit is reached", "rules/accumulated: one before the limit is a warning",
        "rules/accumulated: several errors of one call count each", "rules/accumulated: after it was raised only newer "
        "errors count", "test_night.py::test_small_errors_warn_accumulate_and_are_spent",
        "test_night.py::test_a_warning_tells_people_and_opens_nothing",
    ],
    "S0-6 every monitoring ends in coaching": [
        "test_night.py::test_every_evaluation_ends_in_something_to_do",
        "test_coaching.py::test_every_evaluation_ends_in_something_to_do",
        "test_mission.py::test_no_evaluation_ends_in_a_score_alone",
    ],
    "S0-7 feedback within 24 hours after a critical error, else in the monthly session": [
        "test_deadlines.py::test_case", "test_lives.py::test_what_is_late_becomes_overdue_once_and_can_still_be_held",
        "test_notices.py::test_late_duties_go_up_the_line_once_a_level",
        "test_mission.py::test_24_hours_after_a_critical_error_and_the_monthly_session_otherwise",
    ],
    "S0-8 coaching may be praise": [
        "rules/recognition: the mean is reached", "test_night.py::test_every_evaluation_ends_in_something_to_do",
        "test_mission.py::test_no_evaluation_ends_in_a_score_alone",
    ],
    "S0-9 sessions are interactive and private": [
        "test_privacy.py::test_the_commands_show_a_record_to_those_it_is_for",
        "test_privacy.py::test_the_commands_show_no_record_to_others",
        "test_coaching.py::test_others_see_nothing_and_may_do_nothing",
        "test_mission.py::test_the_agents_own_words_are_part_of_the_record",
    ],
    "S0-10 an agreed plan says what is expected and how progress is measured": [
        "test_coaching.py::test_a_plan_is_followed_up_by_its_measure",
        "test_mission.py::test_a_plan_says_what_is_expected_and_points_at_what_failed",
    ],
    "S0-11 plans are followed up: dates, measured progress, closing": [
        "test_coaching.py::test_a_plan_is_followed_up_by_its_measure",
        "test_coaching.py::test_a_duty_from_open_to_closed", "rules/recognition: better after a plan",
    ],
    "S1-4 three modes of who evaluates, gives feedback and is informed": [
        "test_mission.py::test_who_gives_the_feedback_and_who_is_informed",
    ],
    "S2-6 good behaviour is recognised, positive and negative in balance": [
        "rules/recognition: every call good enough", "rules/recognition: a critical error is no day for praise",
        "test_agent_page.py::test_strengths_come_first_then_misses_then_the_rest",
    ],
    "S2-7 a library of near-perfect calls, with what made them good": [
        "test_coaching.py::test_the_library_of_examples",
        "test_mission.py::test_an_example_says_what_it_shows_and_may_need_consent",
        "test_night.py::test_an_example_of_many_calls_is_the_best_of_them",
    ],
    "S2-8 processes are improved, not only people": [
        "rules/process_problem: half of the agents miss it",
        "rules/process_problem: one agent who always misses it is no process",
        "rules/repeat_error: what is the fault of the process is not the agent's habit",
        "test_night.py::test_what_is_not_the_agents_fault_is_no_habit",
        "test_coaching.py::test_a_finding_is_verified_by_the_share_after_the_fix",
        "test_findings.py::test_every_question_that_a_finding_names_must_be_missed_less",
        "test_findings.py::test_a_finding_that_a_mean_raised_is_judged_by_the_mean",
        "test_agent_page.py::test_misses_that_are_not_the_agents_are_not_held_against_them",
    ],
    "S2-9 a sent message is not feedback done": [
        "test_notices.py::test_a_message_closes_no_duty",
        "test_lives.py::test_a_duty_ends_when_the_session_is_recorded",
        "test_mission.py::test_what_is_not_held_cannot_be_closed",
    ],
    "S3-3 below a level managers and leads are told, a plan is made": [
        "rules/below_threshold: the mean of five calls is below", "rules/below_threshold: waiting too long",
        "test_mission.py::test_below_a_level_leads_are_told_and_a_plan_is_made",
    ],
    "S4-7 coaching is matched to the deviations found": [
        "test_mission.py::test_a_plan_says_what_is_expected_and_points_at_what_failed",
        "test_agent_page.py::test_a_miss_shows_the_latest_calls_with_quote_time_and_comment",
    ],
}  # fmt: skip


@cache
def functions_of(name):
    """The names of the tests of a file."""
    tree = ast.parse((HERE / name).read_text(encoding="utf-8"))
    return {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}


@cache
def cases_of(name):
    """The cases of a file of behaviour."""
    return {each["case"] for each in yaml.safe_load((HERE / "cases" / f"{name}.yaml").read_text("utf-8"))["cases"]}


@pytest.mark.parametrize("requirement", HELD_BY)
def test_a_requirement_is_held_by_tests_that_are_there(requirement):
    for each in HELD_BY[requirement]:
        name, _, case = each.partition(": ")
        if case:
            assert case in cases_of(name), each
        else:
            file, _, test = each.partition("::")
            assert test in functions_of(file), each


@pytest.mark.parametrize("number", ["S0-5", "S0-6", "S0-7", "S0-8", "S0-9", "S0-10", "S0-11", "S1-4", "S2-6", "S2-7",
                                    "S2-8", "S2-9", "S3-3", "S4-7"])  # fmt: skip
def test_every_requirement_is_in_the_table(number):
    assert [each for each in HELD_BY if each.split()[0] == number]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results.db") as store:
        yield store


def duties(store, **wanted):
    return [row for row in store.ledger().select("duties", "1 = 1 ORDER BY opened_at, id")
            if all(row[name] == value for name, value in wanted.items())]  # fmt: skip


def test_no_evaluation_ends_in_a_score_alone(store):
    given = [(), ("greeting",), ("name",), ("identity",), ("greeting", "name", "identity")]
    calls = [call(f"c{n}", 0, n) for n in range(len(given))]
    write(store, calls, [by_person(each, missed) for each, missed in zip(calls, given, strict=True)])
    run_night(store, setting_of(), night_of(0))
    opened = {each.call_id: {row["kind"] for row in duties(store, call_id=each.call_id)} for each in calls}
    assert opened == {"c0": {"recognise"}, "c1": {"coach"}, "c2": {"coach"}, "c3": {"coach"}, "c4": {"coach"}}


def test_24_hours_after_a_critical_error_and_the_monthly_session_otherwise(store):
    one, two = call("c1"), call("c2")
    write(store, [one, two], [by_person(one, ["identity"]), by_person(two, ["greeting"])])
    run_night(store, setting_of(), night_of(0))
    by_call = {row["call_id"]: row["due"] for row in duties(store, kind="coach") if row["message"] != "rest"}
    assert by_call == {"c1": "2026-03-03T14:00:00.000Z"}, "24 hours after it was evaluated"
    (monthly,) = duties(store, call_id="c2")
    assert monthly["due"] == "2026-04-06T09:00:00.000Z", "the first Monday; that of March began before"


def test_the_agents_own_words_are_part_of_the_record(store):
    one = call("c1")
    write(store, [one], [by_person(one, ["identity"])])
    setting = setting_of()
    run_night(store, setting, night_of(0))
    ledger, at = store.ledger(), night_of(0) + timedelta(hours=1)
    name = duties(store, message="grave")[0]["id"]
    move(ledger, setting.people, "duty", name, "hold", who="luis", at=at, agreed="ask first", words="I was in a hurry")
    (held,) = [each for each in ledger.history("duty", name) if each["move"] == "hold"]
    assert (held["who"], held["details"]["words"], held["at"]) == ("luis", "I was in a hurry", stamp(at))
    assert duties(store, id=name)[0]["details"]["words"] == "I was in a hurry"


@pytest.mark.parametrize(
    ("feedback", "evaluator", "owner", "told"),
    [
        ({"evaluates": "monitor", "gives": "monitor", "informs": ["supervisor"]}, "eva", "eva", {"luis"}),
        ({"evaluates": "supervisor", "gives": "supervisor"}, "luis", "luis", set()),
        ({"evaluates": "monitor", "gives": "both"}, "eva", "eva, luis", set()),
        ({"gives": "monitor", "informs": ["supervisor", "manager"]}, None, "luis", {"luis", "marta"}),
    ],
)
def test_who_gives_the_feedback_and_who_is_informed(store, feedback, evaluator, owner, told):
    """An automatic evaluation has no monitor who could give it: the supervisor does."""
    people = {
        "ana": {"leader": "luis", "team": "north", "roles": ["agent"]}, "luis": {"roles": ["supervisor"]},
        "eva": {"roles": ["evaluator"]}, "marta": {"roles": ["manager"]},
    }  # fmt: skip
    card = card_of("""\
scorecard: retail
version: 1.0.0
sections: [{section: all, answers: yes_no, questions: [
  {question: greeting, default: "no"}, {question: name, default: "yes"}, {question: identity, default: "yes"}]}]
escalations: [{escalation: rest, when: {score: {below: 90}}, do: [coach]}]
""")
    setting = replace(setting_of(card=card), people=People.of({"people": people, "feedback": feedback}))
    calls = [call("c1"), call("c2", 0, 1)]
    write(store, calls, [by_person(each, ["greeting"], evaluator=evaluator) for each in calls if evaluator], card)
    run_night(store, setting, night_of(0))
    assert {row["owner"] for row in duties(store)} == {owner}
    gather(store.ledger(), setting.people, ["mail"], night_of(0))
    letters = store.ledger().select("messages")
    assert {row["recipient"] for row in letters} == told
    assert all(len(row["details"]["lines"]) == 2 for row in letters), "one letter about all of a night"


def test_an_example_says_what_it_shows_and_may_need_consent(store):
    praise = "recognise: {keep_as_example: true, question: name, why: She used it twice, consent: true, expires: 365 d}"
    card = card_of(
        """\
scorecard: retail
version: 1.0.0
sections: [{section: all, answers: yes_no, questions: [{question: greeting}, {question: name}, {question: identity}]}]
escalations: [{escalation: fine, when: {score: 100}, do: [{PRAISE}]}]
""".replace("PRAISE", praise)
    )
    one = call("c1")
    write(store, [one], [by_person(one)], card)
    run_night(store, setting_of(card=card), night_of(0))
    (example,) = store.ledger().select("exemplars")
    assert (example["call_id"], example["question"], example["why"]) == ("c1", "name", "She used it twice")
    assert (example["consent"], example["expires"][:10]) == ("asked", "2027-03-02")


def test_what_is_not_held_cannot_be_closed(store):
    one = call("c1")
    write(store, [one], [by_person(one, ["identity"])])
    setting = setting_of()
    run_night(store, setting, night_of(0))
    name = duties(store, message="grave")[0]["id"]
    with pytest.raises(ProblemsFound, match="is open, which close does not follow"):
        move(store.ledger(), setting.people, "duty", name, "close", who="luis", at=night_of(0))
    with pytest.raises(ProblemsFound, match="it must be said: agreed"):
        move(store.ledger(), setting.people, "duty", name, "hold", who="luis", at=night_of(0))


def test_below_a_level_leads_are_told_and_a_plan_is_made(store):
    setting = setting_of("""\
  - escalation: below
    over: {agent: last 3}
    when: {mean_score: {below: 60}, count: {at_least: 3}}
    do: [{plan: {due: 30 d}}, {notify: {to: [supervisor, eva]}}]
""")
    calls = [call(f"c{n}", 0, n) for n in range(3)]
    write(store, calls, [by_person(each, ["name", "greeting"]) for each in calls])
    run_night(store, setting, night_of(0))
    (plan,) = duties(store, kind="plan")
    assert (plan["agent"], plan["owner"]) == ("ana", "luis")
    told = store.ledger().select("notices", "escalation = 'below'")
    assert {row["recipient"] for row in told} == {"luis", "eva"}
    assert "mean_score 25" in told[0]["details"]["reason"]


def test_a_plan_says_what_is_expected_and_points_at_what_failed(store):
    setting = setting_of("""\
  - escalation: below
    over: {agent: last 3}
    when: {mean_score: {below: 60}, count: {at_least: 3}}
    do: [{plan: {expect: Ask for the name, target: 90 %, measured_by: name, due: 30 d}}, {plan: {due: 30 d}}]
""")
    calls = [call(f"c{n}", 0, n) for n in range(3)]
    write(store, calls, [by_person(each, ["name", "greeting"][: 2 - n % 2]) for n, each in enumerate(calls)])
    run_night(store, setting, night_of(0))
    plans = duties(store, kind="plan")
    (agreed,) = [row for row in plans if row["details"].get("expect")]
    assert (agreed["details"]["expect"], agreed["details"]["measured_by"]) == ("Ask for the name", "name")
    assert "target" in agreed["details"]
    assert all(row["details"]["about"] for row in plans)
    assert {name for row in plans for name in row["details"]["about"]} <= {"name", "greeting"}
    assert all(len(row["details"]["evaluations"]) == 3 for row in plans), "the evidence is kept with it"
