"""`pauta escalations test`: the dry run says what the nights then do, and keeps nothing."""

import json
from datetime import UTC, datetime, timedelta
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
    answers: yes_no
    questions: [{question: greeting}, {question: number, error: {critical: customer, fails: card}}]
escalations:
  - {escalation: grave, when: {critical_errors: {above: 0}}, do: [{coach: {due: 24 h}}, {notify: {to: supervisor}}]}
  - escalation: low
    when: {score: {below: 80}}
    do: [coach, {notify: {to: [supervisor, quality], group_by: [team], every: 1 h, unless: [grave]}}]
  - {escalation: fine, when: {score: {at_least: 90}}, do: [{recognise: {keep_as_example: true}}]}
"""
OPERATION = """
operation: centre
sinks: [results.db]
people:
  ana: {leader: luis}
  luis: {roles: [supervisor]}
  petra: {roles: [quality]}
escalations:
  - {escalation: habit, over: {agent: 14 d}, rule: {repeat_error: {times: 3}}, do: [coach]}
"""
LINES = [("yes", "yes"), ("no", "yes"), ("no", "yes"), ("no", "no")]


@pytest.fixture
def centre(tmp_path, monkeypatch):
    """Three days of four calls: one is fine, two are low, one is grave and low."""
    monkeypatch.chdir(tmp_path)
    Path("scorecards").mkdir()
    Path("scorecards/retail.yaml").write_text(CARD, encoding="utf-8")
    Path("pauta.yaml").write_text(OPERATION, encoding="utf-8")
    calls, answers = [], []
    for day in range(3):
        for number, (greeting, asked) in enumerate(LINES):
            at = datetime(2026, 3, 2 + day, 9, number, tzinfo=UTC)
            about = {"call_id": f"c{day}{number}", "agent": "ana"}
            calls.append({**about, "started_at": at.isoformat(), "team": "north"})
            answers.append({**about, "scorecard": "retail", "evaluator": "petra", "version": "1.0.0",
                            "evaluated_at": (at + timedelta(hours=1)).isoformat(),
                            "answers": {"greeting": greeting, "number": asked}})  # fmt: skip
    for name, rows in (("calls", calls), ("answers", answers)):
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = CliRunner().invoke(main, ["score", "calls.jsonl", "--answers", "answers.jsonl"])
    assert done.exit_code in (0, 1), done.output
    return tmp_path


def tried(*words):
    done = CliRunner().invoke(main, ["escalations", "test", *words, "--format", "json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def raised(said):
    return {each["escalation"]: each["raised"] for each in said["escalations"]}


def content():
    with Store(Path("results.db")) as store:
        return {name: store.ledger().select(name) for name in ("raised", "duties", "notices", "messages", "history")}


def test_it_says_what_would_have_happened_and_keeps_nothing(centre):
    before = content()
    said = tried("retail", "--operation")
    assert content() == before
    assert (said["evaluations"], said["silenced"]) == (12, 6)
    assert raised(said) == {"grave": 3, "low": 9, "fine": 3, "habit": 2}
    grave, low, fine, habit = said["escalations"]
    assert (grave["about"], grave["duties"], grave["days"]) == (["c03", "c13", "c23"], 3, 3)
    assert (low["notices"], fine["exemplars"], habit["about"]) == (18, 3, ["agent ana"] * 2)
    assert [(day["day"], day["raised"], day["messages"]) for day in said["days"]] == [
        ("2026-03-02", 6, 3),
        ("2026-03-03", 5, 3),
        ("2026-03-04", 6, 3),
    ]
    assert said["messages_to"] == {"luis": 6, "petra": 3}


def test_it_agrees_with_what_the_nights_did(centre):
    said = tried("retail")
    kept = content()
    of_card = [row for row in kept["raised"] if not row["over_kind"]]
    assert sum(raised(said).values()) == len(of_card)
    duties = [row for row in kept["duties"] if row["raised_key"] in {row["key"] for row in of_card}]
    assert sum(day["duties"] for day in said["days"]) == len(duties)


def test_another_version_is_tried_before_it_goes_live(centre):
    draft = CARD.replace("1.0.0", "2.0.0").replace("below: 80", "below: 40")
    Path("draft.yaml").write_text(draft, encoding="utf-8")
    said = tried("draft.yaml", "--from", "2026-03-03", "--until", "2026-03-03")
    assert raised(said) == {"grave": 1, "low": 1, "fine": 1}
    assert [day["day"] for day in said["days"]] == ["2026-03-03"]


def test_as_text_and_without_results(centre):
    done = CliRunner().invoke(main, ["escalations", "test", "retail"])
    assert "retail@1.0.0: 12 evaluations on 3 days; nothing was kept or sent" in done.output
    assert "messages: 9 (luis 6, petra 3), 3.0 a day, 3 on the fullest" in done.output
    assert "kept back by other escalations: 6 notices" in done.output
    done = CliRunner().invoke(main, ["escalations", "test", "retail", "--from", "2030-01-01"])
    assert (done.exit_code, "E795" in done.output) == (1, True)


def test_what_the_engine_heard_is_tried_as_it_was_heard(tmp_path, monkeypatch):
    """Without the words of the calls: the stored answers stand for what criteria found."""
    monkeypatch.chdir(tmp_path)
    Path("card.yaml").write_text("""
scorecard: heard
version: 1.0.0
sections:
  - section: all
    answers: yes_no
    questions: [{question: greeting, criterion: {phrase: {any: [good morning], speaker: agent}}}]
escalations:
  - {escalation: low, when: {score: {below: 80}}, do: [coach]}
  - {escalation: fine, when: {score: {at_least: 80}}, do: [recognise]}
""", encoding="utf-8")  # fmt: skip
    Path("pauta.yaml").write_text("operation: centre\nscorecards: .\nsinks: [results.db]\n", encoding="utf-8")
    rows = [
        {"call_id": f"c{n}", "agent": "ana", "started_at": f"2026-03-0{n + 1}T09:00:00Z",
         "turns": [{"speaker": "agent", "text": text, "start": 0, "end": 2}]}
        for n, text in enumerate(("good morning", "yes?", "what"))
    ]  # fmt: skip
    Path("calls.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = CliRunner().invoke(main, ["score", "calls.jsonl"])
    assert done.exit_code == 0, done.output
    said = tried("heard")
    assert raised(said) == {"low": 2, "fine": 1}
    assert [day["day"] for day in said["days"]] == ["2026-03-01", "2026-03-02", "2026-03-03"]
