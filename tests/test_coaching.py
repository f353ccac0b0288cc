"""The commands of the follow-up in an operation's folder, from the scored call to the closed duty."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from pauta.cli import main
from pauta.store import Store

CARD = """
scorecard: retail
version: 1.0.0
sections:
  - section: all
    questions:
      - {question: greeting, answers: yes_no}
      - {question: number, answers: yes_no, error: {critical: customer, fails: card}}
escalations:
  - {escalation: grave, when: {critical_errors: {above: 0}}, do: [{coach: {due: 24 h}}, {finding: {questions: number}}]}
  - {escalation: fine, when: {score: {at_least: 90}}, do: [{recognise: {keep_as_example: true, question: greeting}}]}
  - escalation: rest
    when: {score: {below: 90}, critical_errors: 0}
    do: [{plan: {expect: Greet by name, target: 90, measured_by: greeting, due: 30 d}}]
"""
OPERATION = """
operation: centre
timezone: America/Bogota
sinks: [results.db]
people:
  ana: {name: Ana Mora, leader: luis, roles: [agent]}
  ben: {name: Ben Díaz, leader: rita, roles: [agent]}
  luis: {name: Luis Paz, leader: marta, roles: [supervisor], email: luis@example.com}
  rita: {name: Rita Sol, leader: marta, roles: [supervisor]}
  petra: {name: Petra Ruiz, roles: [quality]}
  marta: {name: Marta Gil, roles: [manager]}
"""


def answered(call, agent, greeting, number):
    return {
        "call_id": call, "agent": agent, "scorecard": "retail", "evaluator": "petra",
        "evaluated_at": "2099-03-02T15:00:00Z", "answers": {"greeting": greeting, "number": number},
    }  # fmt: skip


@pytest.fixture
def centre(tmp_path, monkeypatch):
    """An operation with three evaluated calls: a grave one of ana's, a fine one of ben's, a poor greeting of ana's."""
    monkeypatch.chdir(tmp_path)
    Path("scorecards").mkdir()
    Path("scorecards/retail.yaml").write_text(CARD, encoding="utf-8")
    Path("pauta.yaml").write_text(OPERATION, encoding="utf-8")
    calls = [("c1", "ana"), ("c2", "ben"), ("c3", "ana")]
    Path("calls.jsonl").write_text(
        "".join(
            json.dumps({"call_id": call, "agent": agent, "started_at": "2099-03-02T14:00:00Z"}) + "\n"
            for call, agent in calls
        ),
        encoding="utf-8",
    )
    answers = [
        answered("c1", "ana", "yes", "no"),
        answered("c2", "ben", "yes", "yes"),
        answered("c3", "ana", "no", "yes"),
    ]
    Path("answers.jsonl").write_text("".join(json.dumps(each) + "\n" for each in answers), encoding="utf-8")
    run("score", "calls.jsonl", "--card", "retail", "--answers", "answers.jsonl")
    run("escalations", "run")
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result.output


def duties(**wanted):
    with Store("results.db") as store:
        rows = store.ledger().select("duties")
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def test_every_evaluation_ends_in_something_to_do(centre):
    assert sorted((row["kind"], row["agent"], row["owner"]) for row in duties()) == [
        ("coach", "ana", "luis"), ("plan", "ana", "luis"), ("recognise", "ben", "rita"),
    ]  # fmt: skip
    (grave,) = duties(kind="coach")
    assert grave["due"] == "2099-03-03T15:00:00.000Z"
    listed = run("coach", "list", "--now", "2099-03-02T16:00Z").splitlines()
    assert listed[0].split("  ")[1:3] == ["open", "coach"]
    assert "due Tue 2099-03-03 10:00" in listed[0]


def test_a_duty_from_open_to_closed(centre):
    (grave,) = duties(kind="coach")
    name = grave["id"][:6]
    moment = "2099-03-03T14:00:00Z"
    run("coach", "schedule", name, "--at", moment, "--ics", "session.ics", "--as", "luis", "--now", moment)
    assert b"BEGIN:VEVENT" in Path("session.ics").read_bytes()
    run("coach", "hold", name, "--agreed", "Say the number back", "--words", "I was in a hurry", "--as", "luis")
    run("coach", "follow-up", name, "--reached", "yes", "--as", "luis")
    run("coach", "close", name, "--as", "luis")
    shown = run("coach", "show", name, "--as", "ana")
    assert "Say the number back" in shown
    assert [line.split(": ")[1].split(" (")[0] for line in shown.splitlines() if " (" in line] == [
        "open", "schedule", "hold", "follow up", "close",
    ]  # fmt: skip
    assert name not in run("coach", "list")
    assert duties(kind="coach")[0]["state"] == "closed"


def test_what_is_late_is_overdue(centre):
    assert "overdue  coach" in run("coach", "list", "--now", "2099-03-04T00:00:00Z")
    assert len(duties(state="overdue")) == 1


def test_others_see_nothing_and_may_do_nothing(centre):
    (grave,) = duties(kind="coach")
    name = grave["id"][:6]
    assert "Ana Mora" not in run("coach", "list", "--as", "rita")
    assert "E792" in run("coach", "show", name, "--as", "rita", code=1)
    assert "E789" in run("coach", "hold", name, "--agreed", "x", "--as", "rita", code=1)
    seen = json.loads(run("coach", "list", "--as", "petra", "--format", "json"))
    assert {row["message"] for row in seen if row["agent"] == "ana"} == {""}
    for who in ("ana", "luis", "marta"):
        assert "Ana Mora" in run("coach", "list", "--as", who)


def test_a_plan_is_followed_up_by_its_measure(centre):
    (plan,) = duties(kind="plan")
    run("coach", "hold", plan["id"][:6], "--agreed", "Greet by name", "--as", "luis")
    more = [(f"d{n}", "ana") for n in range(4)]
    Path("more.jsonl").write_text(
        "".join(
            json.dumps({"call_id": call, "agent": agent, "started_at": "2099-03-10T14:00:00Z"}) + "\n"
            for call, agent in more
        ),
        encoding="utf-8",
    )
    Path("more-answers.jsonl").write_text(
        "".join(json.dumps(answered(call, agent, "yes", "yes")) + "\n" for call, agent in more), encoding="utf-8"
    )
    run("score", "more.jsonl", "--card", "retail", "--answers", "more-answers.jsonl")
    run("escalations", "run")
    said = run("coach", "follow-up", plan["id"][:6], "--as", "luis")
    assert "greeting was 50, is 100 (4 calls); reached: yes" in said
    (step,) = [each for each in history("duty", plan["id"]) if each["move"] == "follow_up"]
    assert step["details"]["target"] == 90


def history(thing, name):
    with Store("results.db") as store:
        return store.ledger().history(thing, name)


def test_a_finding_is_verified_by_the_share_after_the_fix(centre):
    with Store("results.db") as store:
        (finding,) = store.ledger().select("findings")
    name = finding["id"][:6]
    assert "missed" not in run("findings")
    run("findings", "own", name, "marta", "--as", "petra")
    run("findings", "fix", name, "--what", "The form asks again", "--as", "marta", "--now", "2099-03-20T00:00:00Z")
    assert "E791" in run("findings", "verify", name, "--as", "marta", code=1)
    with Store("results.db") as store:
        ledger = store.ledger()
        for day, missed in (("2099-03-21", 0), ("2099-03-22", 1)):
            row = {
                "scorecard": "retail",
                "question": "number",
                "day": day,
                "agent": "ana",
                "asked": 10,
                "missed": missed,
            }
            ledger.put("asked", [row])
    said = run("findings", "verify", name, "--as", "marta")
    assert "missed in 33% of calls before, 5% of 20 since; verified" in said


def test_a_dispute_keeps_both_scores(centre):
    with Store("results.db") as store:
        (grave,) = [each for each in store.evaluations() if each["call_id"] == "c1"]
    name = str(grave["evaluation_id"])
    run("dispute", "open", name[:8], "--as", "ana", "--reason", "He had hung up")
    assert "He had hung up" in run("dispute", "list")
    assert "E789" in run("dispute", "decide", name[:8], "uphold", "--as", "petra", "--reason", "no", code=1)
    run("dispute", "decide", name[:8], "revise", "--as", "marta", "--reason", "yes", code=2)
    corrected = [answered("c1", "ana", "yes", "yes")]
    Path("corrected.jsonl").write_text(json.dumps(corrected[0]) + "\n", encoding="utf-8")
    run("score", "calls.jsonl", "--card", "retail", "--answers", "corrected.jsonl")
    run("dispute", "decide", name[:8], "revise", "--as", "marta", "--reason", "He had")
    with Store("results.db") as store:
        scores = [(store.evaluation(name, revision) or {})["score"] for revision in (1, 2)]
        assert scores == [0.0, 100.0]
        life = store.ledger().history("evaluation", name)[-1]
    assert (life["after"], life["details"]["score_before"], life["details"]["score_after"]) == ("revised", 0.0, 100.0)
    run("acknowledge", name[:8], "--as", "ana")


def test_the_library_of_examples(centre):
    assert "greeting  c2  Ben Díaz" in run("examples")
    assert run("examples", "--question", "number") == "no examples\n"
    with Store("results.db") as store:
        store.ledger().change("exemplars", {"call_id": "c2"}, consent="asked")
    assert run("examples") == "no examples\n"


def test_a_wrong_moment_is_a_sentence(centre):
    assert "E776" in run("coach", "list", "--now", "tomorrow", code=1)


def test_nothing_is_raised_twice(centre):
    before = duties()
    run("escalations", "run", "--now", datetime(2099, 3, 2, 16, tzinfo=UTC).isoformat())
    assert duties() == before


def test_a_message_that_nobody_takes_is_told_and_waits(centre):
    told = OPERATION.replace(
        "sinks: [results.db]",
        "sinks: [results.db, {email: {host: 127.0.0.1, port: 1, security: none, from: a@example.org,\n"
        "  to: b@example.org, when: {score: {above: 1000}}}}]\nfeedback: {informs: [quality]}",
    )
    Path("pauta.yaml").write_text(told, encoding="utf-8")
    Path("one.jsonl").write_text(json.dumps({"call_id": "e1", "agent": "ben"}) + "\n", encoding="utf-8")
    Path("one-answer.jsonl").write_text(json.dumps(answered("e1", "ben", "yes", "yes")) + "\n", encoding="utf-8")
    said = run("score", "one.jsonl", "--card", "retail", "--answers", "one-answer.jsonl", code=3)
    assert "E793  sink 'email' has not taken 1 messages to people" in said
    with Store("results.db") as store:
        assert [row["state"] for row in store.ledger().select("messages")] == ["waiting"]
