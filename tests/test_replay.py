"""Replay: the same calls by two versions of a card; what flips, by which change, and what must change nothing."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import strategies
from click.testing import CliRunner
from engine_runs import HOST, plan_of, read_rows
from hypothesis import HealthCheck, example, given, settings, strategies as st
from strategies import Dice, Traits, rows_by
from test_tutorial import BLOCK

from pauta.cli import main
from pauta.engine.evaluation.evaluate import Recorder, evaluate
from pauta.engine.evaluation.records import records
from pauta.engine.host import Host
from pauta.engine.loading.data import Seq
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.records import call_from, human_from
from pauta.engine.loading.text import read_yaml_file
from pauta.engine.model.calls import batch_of
from pauta.engine.pipeline import score
from pauta.engine.routing import Router
from pauta.replay import Claims, Filter, Part, Replayed, Row, Sheets, replay, rows_of, stored_rows
from pauta.replay.causes import Side, as_heard, evaluate_as_heard, plan_as_heard
from pauta.replay.parts import parts_between, with_part
from pauta.replay.rows import Counts
from pauta.replay.tallies import Moved, student
from pauta.reports.replay_html import replay_html
from pauta.reports.replayed import Shown, replay_map, replay_text
from pauta.store import Store

CASES = Path(__file__).parent / "cases" / "replay"
PAGE = Path(__file__).parents[1] / "docs" / "replay.md"
law = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
UNCONDITIONAL = Traits(conditions=False, escalations=False)
dear = settings(law, max_examples=5)
"""For laws that compile many cards."""
SEEDS = st.integers(0, 2**32)
DAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


def card(host, said, version, wider=False):
    """The base card with what a case says over it."""
    names = "abcdefg" if wider else "abc"
    questions = {name: {"text": f"Was it {name}", "answers": "yes_no"} for name in names}
    for name, over in (said.get("questions") or {}).items():
        if over is None:
            del questions[name]
        else:
            questions[name] = {"text": f"Was it {name}", **questions.get(name, {}), **over}
    homes = {"s": [name for name in questions if name != "c"], "t": [name for name in questions if name == "c"]}
    weights = said.get("sections") or {}
    sections = [
        {"section": home, "questions": [{"question": name, **questions[name]} for name in own]}
        | ({"weight": weights[home]} if weights else {})
        for home, own in homes.items()
        if own
    ]
    scoring = {"scoring": {"pass_mark": 70}}
    document = {"scorecard": "base", "version": version, **scoring, **said, "sections": sections}
    document.pop("questions", None)
    loaded = card_from_text(json.dumps(document), host)
    assert loaded.scorecard is not None, loaded.problems
    return loaded.scorecard


def cases():
    """Read as cards are: `yes` and `no` are words."""
    found = []
    for file in sorted(CASES.glob("*.yaml")):
        read, problems = read_yaml_file(file, Seq)
        assert problems == []
        found += [pytest.param(each, id=each["case"]) for each in read]
    return found


def rows_in(case, old, new, every_call=False):
    calls, humans = [], []
    for number, each in enumerate(case["evaluations"]):
        each = {} if each == "auto" else each
        calls.append(call_from({"call_id": f"c{number}", **each.get("call", {})}))
        if "answers" in each:
            record = {"call_id": f"c{number}", "scorecard": "base", "version": old.version, "evaluator": "eva"}
            humans.append(human_from({**record, "answers": each["answers"]}))
    counts, told = Counts(), []
    claimed = Claims(lambda call, version: old, new, {"base"}, every_call=every_call)
    rows = rows_of(
        calls, Sheets(humans, claimed.ids, told.append), claimed, Filter(lambda call: DAY), counts, told.append
    )
    return list(rows), counts


@pytest.mark.parametrize("case", cases())
def test_cases(case, host):
    wider = "wider" in case
    old_said = {"scoring": {"pass_mark": 70}, **case.get("old", {})}
    shared = {key: old_said[key] for key in ("scoring", "applies_to") if key in old_said}
    old, new = card(host, old_said, "1.0.0", wider), card(host, {**shared, **case.get("new", {})}, "1.1.0", wider)
    rows, counts = rows_in(case, old, new, every_call="every_call" in case)
    told = []
    made = Replayed(new, counts=counts, assumed=case.get("assume", {}))
    replay(rows, made, host, tell=told.append)
    assert told == []
    shown = Shown(int(case.get("least", 1)), (), host)
    found, expected = replay_map(made, shown), dict(case["expect"])
    found["causes"] = {each["id"]: each for each in found["causes"]}
    found["outcomes"] = {f"{each['was']} {each['now']}": each["evaluations"] for each in found["outcomes"]}
    found["hear"] = {way: [each["call_id"] for each in listed] for way, listed in found["flips"].items()}
    found["changes"] = {each["question"]: each["change"] for each in found["questions"] if each["change"]}
    found["counts"] = found
    note = expected.pop("note", "")
    assert any(note in each for each in found["notes"]) or not note, found["notes"]
    for key, value in expected.items():
        held(value, found[key], key)
        if key in ("causes", "outcomes", "hear", "changes"):
            assert set(value) == set(found[key]), key
    assert replay_text(made, shown)
    assert replay_html(made, shown).startswith("<!doctype html>")


def held(expected, found, where):
    """What is expected is among what was found; numbers to two decimals."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            held(value, found[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(expected) == len(found), where
        for n, (one, other) in enumerate(zip(expected, found, strict=True)):
            held(one, other, f"{where}[{n}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=0.01), where
    else:
        assert found == expected, where


def compared(old, new, rows, batch_size=2000, host=HOST):
    calls, humans = read_rows(rows)
    made = Replayed(new)
    both = [Row(call, human, old, new) for call, human in zip(calls, humans, strict=True)]
    return replay(both, made, host, tell=lambda problem: None, batch_size=batch_size)


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_a_card_against_itself_changes_nothing(card, seed):
    plan = plan_of(card)
    made = compared(plan.scorecard, plan.scorecard, rows_by(Dice.seeded(seed), card, 8))
    assert (made.now_fail, made.now_pass, made.whole.up, made.whole.down, made.whole.change) == (0, 0, 0, 0, 0)
    assert all(was == now for was, now in made.outcomes)
    assert all(each.differs == 0 and each.before == each.after for each in made.questions.values())
    assert made.before == made.after


@dear
@given(card=strategies.cards(), other=strategies.cards(), seed=SEEDS)
def test_the_size_of_batches_changes_nothing(card, other, seed):
    old, new = plan_of(card).scorecard, plan_of(other | {"version": "2.0.0"}).scorecard
    rows = rows_by(Dice.seeded(seed), card, 8)
    shown = Shown(1, (), HOST)
    first, *others = (replay_map(compared(old, new, rows, size), shown) for size in (2000, 1, 3))
    assert all(each == first for each in others)


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_the_old_side_is_what_score_says(card, seed):
    plan, rows = plan_of(card), rows_by(Dice.seeded(seed), card, 8)
    calls, humans = read_rows(rows)
    summary = score(calls, [each for each in humans if each], router=Router(None, named=[plan.scorecard]), host=HOST)
    made, by_card = compared(plan.scorecard, plan.scorecard, rows), summary.by_card[plan.scorecard.name]
    side = replay_map(made, Shown(1, (), HOST))["sides"]["before"]
    assert (side["evaluations"], made.by_person) == (by_card.evaluations, by_card.by_person)
    assert (side["passed"], side["failed"]) == (by_card.passed, by_card.failed)
    assert (side["incomplete"], side["scored"]) == (by_card.by_status["incomplete"], by_card.scored)
    assert side["scored"] == 0 or side["mean_score"] == pytest.approx(by_card.score_sum / by_card.scored, abs=1e-6)


FOUND_NOT_APPLICABLE = {
    "scorecard": "random", "version": "1.0.0",
    "sections": [{"section": "s", "questions": [
        {"question": "b", "answers": "yes_no", "criterion": "told", "when": {"answer.d": {"exists": False}}},
        {"question": "c", "answers": "yes_no", "criterion": "told"},
        {"question": "d", "answers": {"scale": {"from": 0, "to": 4}}, "criterion": {"told": {}}},
    ]}],
}  # fmt: skip
"""A question whose criterion may find it not applicable, which nobody can answer, and one that asks about it."""


@law
@given(card=strategies.cards(), seed=SEEDS)
@example(card=FOUND_NOT_APPLICABLE, seed=2)
def test_answers_as_they_were_heard_score_the_same(card, seed):
    """What attribution stands on: without asking criteria again nothing comes out otherwise."""
    plan = plan_of(card)
    calls, humans = read_rows(rows_by(Dice.seeded(seed), card, 8))
    batch, recorder = batch_of(calls, humans), Recorder()
    results = evaluate(plan, batch, recorder)
    again = plan_as_heard(as_heard(plan.scorecard), HOST)
    side, every = Side(plan, recorder.gathered), np.arange(8)
    heard = evaluate_as_heard(again, batch, {name: side.question(name, again, every) for name in again.position})
    for name in ("status", "score", "passed", "band", "card_failed"):
        np.testing.assert_array_equal(getattr(results, name), getattr(heard, name), err_msg=name)


@law
@given(card=strategies.cards(), seed=SEEDS, mark=st.integers(0, 100), new_mark=st.integers(0, 100))
def test_a_change_by_itself_is_the_cause_of_every_flip(card, seed, mark, new_mark):
    marks = [{**card, "scoring": {**card.get("scoring", {}), "pass_mark": each}} for each in (mark, new_mark)]
    old, new = (plan_of(each).scorecard for each in marks)
    parts = parts_between(old, new)
    assert parts == ([Part("scoring", "pass_mark")] if mark != new_mark else [])
    made = compared(old, new, rows_by(Dice.seeded(seed), card, 12))
    assert (made.now_pass if new_mark > mark else made.now_fail) == 0
    for (direction, _), tally in made.causes.items():
        flips = getattr(made, direction)
        assert (tally.alone, tally.needed, tally.either) == (flips, flips, flips)
    assert made.together.total() == 0


@dear
@given(card=strategies.cards(UNCONDITIONAL), other=strategies.cards(UNCONDITIONAL), seed=SEEDS)
def test_one_part_of_another_card_is_the_cause_of_every_flip(card, other, seed):
    """Questions put in, taken out, moved and changed, weights and rules: what alone differs is alone and needed."""
    old, another = plan_of(card).scorecard, plan_of(other).scorecard
    for part in parts_between(old, another):
        new = with_part(old, another, part)
        if not new.questions:
            continue
        assert len(parts_between(old, new)) <= 1
        made = compared(old, replace(new, version="2.0.0"), rows_by(Dice.seeded(seed), card, 8))
        assert made.together.total() == 0
        for (direction, _), tally in made.causes.items():
            flips = getattr(made, direction)
            assert (tally.alone, tally.needed, tally.either) == (flips, flips, flips), part


@law
@given(card=strategies.cards(), seed=SEEDS)
def test_a_record_replayed_comes_to_what_it_says(card, seed):
    plan = plan_of(card)
    calls, humans = read_rows(rows_by(Dice.seeded(seed), card, 8))
    made, old = (
        [json.loads(json.dumps(each)) for each in records(evaluate(plan, batch_of(calls, humans)))],
        plan.scorecard,
    )
    facts = {
        call.call_id: {name: getattr(call, name) for name in FACTS if getattr(call, name) not in NOTHING}
        for call in calls
    }
    claimed = Claims(lambda call, version: old, old, {"random"}, fixed=old)
    stored = Replayed(old, stored=True)
    wanted = Filter(lambda call: DAY)
    rows = stored_rows(made, lambda record: facts[record["call_id"]], claimed, wanted, stored.counts, print)
    replay(rows, stored, HOST, tell=lambda problem: None)
    plain = replay(
        [Row(*each, old, old) for each in zip(calls, humans, strict=True)],
        Replayed(old),
        HOST,
        tell=lambda problem: None,
    )
    for name in ("outcomes", "scored", "score_sum", "critical", "non_critical", "bands"):
        assert getattr(stored.before, name) == getattr(plain.before, name), name


def test_stored_evaluations_come_to_what_they_came_to(host, tmp_path):
    """People's, criteria's and default answers of a store score as they did, without the words of the call."""
    said = {
        "questions": {
            "w": {"answers": "yes_no", "criterion": {"phrase": {"speaker": "agent", "any": ["hello"]}}},
            "n": {"answers": {"number": {"unit": "s", "min": 0}, "ranges": [{"to": 8, "points": 2}, {"points": 0}]}},
            "m": {"answers": {"choose": "many", "options": {"x": 2, "y": 3}}, "comment": "required_on_error"},
            "d": {"answers": "yes_no", "default": "yes", "fault": "process"},
        }
    }
    old = card(host, said, "1.0.0")
    new = card(host, {**said, "scoring": {"pass_mark": 90}}, "1.1.0")
    turns = [{"speaker": "agent", "text": "hello"}]
    calls = [call_from({"call_id": f"c{n}", "agent": "ana", "turns": turns if n % 2 else []}) for n in range(12)]
    humans = [
        human_from({"call_id": f"c{n}", "scorecard": "base", "evaluator": "eva", "version": "1.0.0", "answers": {
            "a": "yes", "b": "no" if n % 3 else "yes", "c": {"answer": "no", "fault": "system"}, "n": n,
            "m": ["x"] if n % 2 else ["x", "y"], **({"w": "no"} if n == 4 else {})}})
        for n in range(9)
    ]  # fmt: skip
    from pauta.engine.outlets import Outlet
    from pauta.plugins.sinks.sqlite import Sqlite

    sink = Sqlite({"path": str(tmp_path / "r.db")})
    score(calls, humans, router=Router(None, named=[old]), host=host, outlets=[Outlet("db", sink)])
    claimed = Claims(lambda call, version: old, new, {"base"}, fixed=old)
    made = Replayed(new, stored=True)
    told = []
    with Store(str(tmp_path / "r.db")) as store:
        stored = list(store.evaluations())
        rows = stored_rows(stored, lambda record: {}, claimed, Filter(lambda call: DAY), made.counts, told.append)
        replay(rows, made, host, tell=told.append)
    filed = Replayed(new)
    sheets = Sheets(humans, {"base"}, told.append)
    replay(
        rows_of(calls, sheets, claimed, Filter(lambda call: DAY), filed.counts, told.append),
        filed, host, tell=told.append,
    )  # fmt: skip
    assert told == []
    assert made.before == filed.before
    assert made.after == filed.after
    assert made.outcomes == filed.outcomes
    assert made.whole == filed.whole
    assert made.before.scored == len([each for each in stored if each["status"] == "complete"])
    assert "The database does not hold what was said" in replay_text(made, Shown(1, (), host))


def test_filters(host):
    old, new = card(host, {}, "1.0.0"), card(host, {}, "1.1.0")
    calls = [
        call_from(
            {"call_id": str(n), "started_at": f"2026-03-{n:02}T10:00:00Z", "agent": f"a{n % 3}", "team": f"t{n % 2}"}
        )
        for n in range(1, 29)
    ]

    def ids(**wanted):
        counts = Counts()
        claimed = Claims(lambda call, version: old, new, {"base"})
        day = Filter(lambda call: date.fromisoformat(call.started_at[:10]), **wanted)
        return {int(row.call.call_id) for row in rows_of(calls, Sheets([], (), print), claimed, day, counts, print)}

    assert ids(since=date(2026, 3, 5), until=date(2026, 3, 7)) == {5, 6, 7}
    assert ids(teams=["t0"], agents=["a1"]) == {n for n in range(1, 29) if n % 2 == 0 and n % 3 == 1}
    assert ids(call_types=["sale"]) == set()


def test_interval_and_chance():
    """Figures of published tables of Student's t, and a group that moves unlike the rest."""
    for degrees, quantile in ((1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)):
        assert student(degrees) == pytest.approx(quantile, rel=0.011), degrees

    def moved(*changes):
        return Moved(evaluations=len(changes), compared=len(changes), after_sum=sum(changes) * 10**6,
                     squares=sum((each * 1000) ** 2 for each in changes))  # fmt: skip

    one, rest = moved(-9, -10, -11, -10, -9, -11), moved(0, 1, -1, 0, 2, -2, 1, 0)
    whole = Moved(compared=14, after_sum=one.after_sum + rest.after_sum, squares=one.squares + rest.squares)
    assert one.change == -10
    assert one.give_or_take == pytest.approx(0.939, abs=0.01)
    assert one.apart_from(whole)
    assert not moved(5).apart_from(whole)


NOTHING = (None, "", {}, ())
FACTS = ("duration_s", "customer_segment", "direction", "channel", "language", "metrics", "attributes")
HOSTILE = "<script>document.title='x'</script>\u202e{{ 7*7 }}"


def test_the_page_escapes_what_calls_and_cards_say(host):
    new = card(
        host, {"scoring": {"pass_mark": 99}, "title": "<b>bold</b>", "questions": {"a": {"text": HOSTILE}}}, "1.1.0"
    )
    people = {"scorecard": "base", "evaluator": "eva", "answers": {"a": "yes", "b": "yes", "c": "no"}}
    case = {"evaluations": [{"call": {"agent": HOSTILE, "team": HOSTILE, "started_at": "2026-03-01T10:00:00Z"},
                             "answers": people["answers"]} for _ in range(3)]}  # fmt: skip
    old = card(host, {"scoring": {"pass_mark": 50}}, "1.0.0")
    rows, counts = rows_in(case, old, new)
    made = replay(rows, Replayed(new, counts=counts), host, tell=print)
    page = replay_html(made, Shown(1, ("--card", "a b'c.yaml"), host))
    assert "<script" not in page
    assert "<b>bold" not in page
    assert "&lt;script&gt;" in page
    assert made.now_fail == 3
    assert re.findall(r'(?:src|href)="', page) == []
    assert "style=" not in page


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = """
sections:
  - section: s
    questions:
      - question: long
        text: Was it long
        answers: yes_no
        criterion: {condition: {call.duration_s: {at_least: LEAST}}}
"""
    for name, version, least in (("one", "1.0.0", 60), ("two", "1.1.0", 90)):
        head = f"scorecard: sale\nversion: {version}\nscoring: {{pass_mark: 80}}\n"
        (tmp_path / f"{name}.yaml").write_text(head + body.replace("LEAST", str(least)), encoding="utf-8")
    calls = [
        {"call_id": f"c{n}", "duration_s": 10.0 * n, "agent": "ana", "started_at": "2026-03-01T10:00:00Z"}
        for n in range(20)
    ]
    (tmp_path / "calls.jsonl").write_text("\n".join(map(json.dumps, calls)), encoding="utf-8")
    return tmp_path


def invoke(*words):
    return CliRunner().invoke(main, ["replay", *words])


def test_the_command(folder):
    done = invoke("one.yaml", "two.yaml", "calls.jsonl", "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [found["compared"]["now_fail"], found["compared"]["now_pass"]] == [3, 0]
    (cause,) = found["causes"]
    assert (cause["id"], cause["now_fail"]) == ("long", {"alone": 3, "needed": 3, "either": 3})
    explain = found["flips"]["now_fail"][0]["explain"]
    assert explain == "pauta explain c6 calls.jsonl --card two.yaml"
    said = CliRunner().invoke(main, explain.split()[1:])
    assert said.exit_code == 0
    assert "c6" in said.output
    assert "3 that passed would fail, 0 that failed would pass" in invoke("one.yaml", "two.yaml", "calls.jsonl").output
    assert invoke("one.yaml", "two.yaml", "calls.jsonl", "--format", "html").output.startswith("<!doctype html>")


def test_an_operation(folder):
    (folder / "pauta.yaml").write_text(
        "operation: o\nscorecards: [one.yaml, two.yaml]\nsources: [calls.jsonl]\nsinks: [r.db]\n", encoding="utf-8"
    )
    assert CliRunner().invoke(main, ["score", "--card", "sale@1.0.0"]).exit_code == 0
    filed = json.loads(invoke("sale@1.0.0", "1.1.0", "--format", "json").stdout)
    assert filed["compared"]["now_fail"] == 3
    stored = json.loads(invoke("sale@1.0.0", "1.1.0", "--stored", "--format", "json").stdout)
    assert stored["sides"]["before"] == filed["sides"]["before"]
    assert stored["compared"]["now_fail"] == 0, "the criterion is not asked again"
    assert any("not: long" in note for note in stored["notes"])
    by_id = json.loads(invoke("sale", "sale@1.0.0", "--stored", "--format", "json").stdout)
    assert by_id["before"] == [{"card": "sale@1.0.0", "evaluations": 20}]
    none = invoke("sale@1.1.0", "sale@1.0.0", "--stored")
    assert none.exit_code == 1
    assert "20 stored evaluations are by another version" in none.output


def test_the_page_about_it_is_what_happens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind, said, body in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "console":
            command, _, expected = body.partition("\n")
            done = CliRunner().invoke(main, shlex.split(command.removeprefix("$ pauta ")))
            assert done.exit_code == 0, done.output
            assert not expected or done.output.rstrip() == expected.rstrip()
        else:
            Path(said).write_text(body, encoding="utf-8")


def test_wrong_use(folder):
    (folder / "broken.yaml").write_text("scorecard: sale\nversion: 1.2.0\nsections: []\nwieght: 1\n", encoding="utf-8")
    broken = invoke("one.yaml", "broken.yaml", "calls.jsonl")
    assert broken.exit_code == 1
    assert "did you mean 'weight'" in broken.output or "E201" in broken.output
    assert invoke("one.yaml", "two.yaml", "calls.jsonl", "--assume", "nope=yes").exit_code == 2
    refused = invoke("one.yaml", "two.yaml", "calls.jsonl", "--assume", "long=maybe")
    assert refused.exit_code == 2
    assert "maybe" in refused.output
    assert invoke("one.yaml", "two.yaml").exit_code == 2
    nothing = invoke("one.yaml", "two.yaml", "calls.jsonl", "--agent", "nobody")
    assert nothing.exit_code == 1
    assert "20 calls are left out by the filters" in nothing.output
    assert invoke("one.yaml", "two.yaml", "calls.jsonl", "--stored").exit_code == 1
