"""Attacks on the follow-up: what would make a duty vanish, come twice, or never end, and what would stop a night."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from follow_ups import CARD, by_person, call, card_of, night_of, setting_of, write
from postgres_server import fresh_url
from results_made import evaluation

import pauta
from pauta.cli import main
from pauta.engine.host import Host
from pauta.engine.problems import ProblemsFound
from pauta.followup.lives import find, move, state_of
from pauta.followup.measures import measured_plan
from pauta.followup.night import run_night
from pauta.followup.people import People
from pauta.plugins.actions.follow_up import DURATION
from pauta.store import PostgresStore, Store

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
STANDING = """\
  - {escalation: odd, over: {agent: last 3}, rule: odd, do: [coach]}
  - {escalation: habit, over: {agent: 14 d}, rule: {repeat_error: {times: 2}}, do: [coach]}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    opened = Store(tmp_path / "results.db") if request.param == "sqlite" else PostgresStore(fresh_url())
    with opened as store:
        yield store


def host_with(**offered):
    """A host with a plugin from outside: `rules=` and `actions=` classes."""

    class Plugin:
        @staticmethod
        @pauta.hookimpl
        def register_actions(register):
            for each in offered.get("actions", ()):
                register(each)

        @staticmethod
        @pauta.hookimpl
        def register_rules(register):
            for each in offered.get("rules", ()):
                register(each)

    host = Host(installed=False)
    host.register(Plugin, "stranger")
    return host


def answering(kind, answer):
    """A rule or an action, named odd, that always answers the same."""

    class Odd:
        name, purpose, options = "odd", "Answers oddly.", {}

        def __init__(self, options):
            pass

    setattr(Odd, "found" if kind == "rules" else "opens", lambda self, given: answer)
    if kind == "rules":
        Odd.fires = lambda self, results: None
    return host_with(**{kind: [Odd]})


GARBAGE = {
    "nothing": [None], "text": "no", "a number": 7, "a map": [{"kind": "coach"}], "none": None,
    "a duty without a zone": [pauta.Duty("coach", datetime(2026, 3, 3))],
    "a duty of objects": [pauta.Duty("coach", details={"who": object()})],
    "a duty due by text": [pauta.Duty("coach", "tomorrow")],
    "a duty without kind": [pauta.Duty(None)],
    "about nothing": [pauta.Duty("coach", about=None)],
    "a notice to none": [pauta.Notice(None)],
    "a notice every text": [pauta.Notice(("luis",), every_s="often")],
    "a finding of none": [pauta.ProcessFinding("process", "x", questions=None)],
}  # fmt: skip


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
def test_an_action_that_returns_garbage_costs_only_itself(tmp_path, answer):
    card = card_of()
    grave, *others = card.escalations
    odd = replace(grave, do=(pauta_use("odd"), *grave.do))
    setting = setting_of(card=replace(card, escalations=(odd, *others)), host=answering("actions", answer))
    with Store(tmp_path / "x.db") as store:
        write(store, [one := call("c1"), two := call("c2")], [by_person(one, ["identity"]), by_person(two)])
        night = run_night(store, setting, night_of(0))
        kinds = sorted(row["kind"] for row in store.ledger().select("duties"))
        assert kinds == ["coach", "coach", "recognise"]
        assert [problem.code for problem in night.problems] == ["E784"], night.problems
        assert len(store.ledger().select("raised")) == 3
        again = run_night(store, setting, night_of(1))
        assert ([problem.code for problem in again.problems], again.opened) == (["E784"], {})


def pauta_use(name):
    from pauta.engine.model.scorecard import Use

    return Use(name)


ODD_RAISES = {
    "nothing": [None], "text": "no", "a number": 7, "none": None, "about none": [pauta.Raise("x", about=None)],
    "about a list": [pauta.Raise("x", about=["q"])], "no reason": [pauta.Raise(None)],
    "odd evidence": [pauta.Raise("x", evaluations=(object(),))], "odd figures": [pauta.Raise("x", figures={"a": "b"})],
    "no evidence": [pauta.Raise("x", evaluations=None)],
}  # fmt: skip


@pytest.mark.parametrize("answer", ODD_RAISES.values(), ids=ODD_RAISES)
def test_a_rule_that_returns_garbage_costs_only_itself(tmp_path, answer):
    setting = setting_of(STANDING, host=answering("rules", answer))
    with Store(tmp_path / "x.db") as store:
        called = [call(f"c{n}", 0, n) for n in range(2)]
        write(store, called, [by_person(each, ["greeting"]) for each in called])
        night = run_night(store, setting, night_of(0))
        assert [problem.code for problem in night.problems] == ["E784"], night.problems
        raised = {row["escalation"] for row in store.ledger().select("raised")}
        assert "habit" in raised
        assert "odd" not in raised


def test_a_deadline_that_cannot_be_counted_costs_the_deadline_and_not_the_duty(tmp_path):
    card = card_of(CARD.replace("due: next monthly session", "due: 99999999 d"))
    setting = setting_of(card=card)
    people = replace(setting.people, due="1.5 business days")
    with Store(tmp_path / "x.db") as store:
        write(store, [one := call("c1")], [by_person(one, ["name"])], card)
        night = run_night(store, replace(setting, people=people), night_of(0))
        (duty,) = store.ledger().select("duties")
        assert duty["due"] is None
        assert {problem.code for problem in night.problems} == {"E776"}


def test_a_card_asks_for_whole_business_days():
    import re

    pattern = str(DURATION["pattern"])
    assert not re.match(pattern, "1.5 business days")
    for good in ("2 business days", "1 business day", "1.5 business hours", "0,5 h", "next monthly session"):
        assert re.match(pattern, good), good


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00"])
def test_a_call_at_the_end_of_time_does_not_stop_the_night(store, moment):
    odd = replace(call("c1"), started_at=moment)
    human = replace(by_person(call("c1"), ["identity"]), evaluated_at=moment)
    write(store, [odd, two := call("c2")], [human, by_person(two, ["identity"])])
    setting = setting_of(STANDING.replace("rule: odd", "when: {count: {above: 0}}"))
    run_night(store, setting, night_of(0), since=datetime(1, 1, 1, tzinfo=UTC))
    duties = store.ledger().select("duties", "kind = 'coach' AND call_id IS NOT NULL")
    assert {row["call_id"] for row in duties} == {"c1", "c2"}


def test_what_is_raised_again_by_another_evaluator_is_raised_in_the_history(store):
    one, ledger = call("c1"), store.ledger()
    for number, missed in enumerate((["identity"], [], ["identity"])):
        write(store, [one], [by_person(one, missed, evaluator=f"eva-{number}", hour=5 + number)])
        run_night(store, setting_of(), night_of(number))
    (grave,) = ledger.select("raised", "escalation = 'grave'")
    assert [row["after"] for row in ledger.history("raised", grave["key"])] == ["raised", "withdrawn", "raised"]


def test_a_duty_withdrawn_for_a_revision_is_open_again_when_the_revision_is_taken_back(store):
    one, setting, ledger = call("c1"), setting_of(), store.ledger()

    def duty():
        (raised,) = ledger.select("raised", "escalation = 'grave'")
        return ledger.one("duties", "raised_key = ?", (raised["key"],))

    write(store, [one], [by_person(one, ["identity"])])
    run_night(store, setting, night_of(0))
    write(store, [one], [by_person(one)])
    run_night(store, setting, night_of(1))
    move(ledger, setting.people, "duty", duty()["id"], "withdraw", who="luis", at=night_of(1), reason="revised")
    write(store, [one], [by_person(one, ["identity"])])
    run_night(store, setting, night_of(2))
    assert duty()["state"] == "open"
    assert [row["after"] for row in ledger.history("duty", duty()["id"])] == ["open", "withdrawn", "open"]


def test_an_agent_whom_the_file_does_not_know_is_coached_by_the_supervisor_of_the_team():
    people = People.of({"people": {
        "luis": {"team": "north", "roles": ["supervisor"]}, "rita": {"team": "south", "roles": ["supervisor"]},
    }})  # fmt: skip
    assert people.owners("newcomer", None, "north") == ("luis",)
    assert people.owners(None, "engine", "south") == ("rita",)
    assert people.owners("newcomer") == ("luis", "rita")


@pytest.mark.parametrize("gives", ["monitor", "both", "supervisor"])
def test_an_automatic_evaluation_is_the_leaders(gives):
    people = People.of({"feedback": {"gives": gives}, "people": {"ana": {"leader": "Luis Paz"},
                        "luis": {"name": "Luis Paz", "leader": "ana"}}})  # fmt: skip
    assert people.owners("ana", "engine", "north") == ("luis",)
    assert list(people.line_above("ana")) == ["luis"]


def test_praise_is_told_and_over_with_no_agreement(store):
    ledger = store.ledger()
    rows = [{"id": f"{kind}1", "raised_key": "r", "kind": kind, "agent": "ana", "owner": "luis", "state": "open",
             "opened_at": "2026-03-02T09:00:00.000Z", "details": {}}
            for kind in ("recognise", "train", "coach", "plan")]  # fmt: skip
    ledger.put("duties", rows)
    for kind in ("recognise", "train"):
        assert move(ledger, People(), "duty", f"{kind}1", "hold", who="luis", at=NOW) == "held"
        assert move(ledger, People(), "duty", f"{kind}1", "close", who="luis", at=NOW) == "closed"
    for kind in ("coach", "plan"):
        with pytest.raises(ProblemsFound, match="agreed"):
            move(ledger, People(), "duty", f"{kind}1", "hold", who="luis", at=NOW)


def test_names_with_commas_are_one_person(store):
    ledger = store.ledger()
    ledger.put("duties", [{"id": "d1", "raised_key": "r", "kind": "coach", "agent": "Mora, Ana", "owner": "Ruiz, Petra",
                           "state": "open", "opened_at": "2026-03-02T09:00:00.000Z", "details": {}}])  # fmt: skip
    assert move(ledger, People(), "duty", "d1", "hold", who="Ruiz, Petra", at=NOW, agreed="x") == "held"


def test_an_id_that_begins_another_is_found(store):
    ledger = store.ledger()
    ledger.put("duties", [{"id": name, "raised_key": "r", "details": {}} for name in ("a1", "a12", "ä", "äß")])
    assert find(ledger, "duty", "a1") == "a1"
    assert find(ledger, "duty", "ä") == "ä"
    for start in ("", "~", "%", "a"):
        with pytest.raises(ProblemsFound):
            find(ledger, "duty", start)


def test_what_is_incomplete_cannot_be_made_final_and_what_is_new_must_be_acknowledged_again(store):
    store.write([evaluation("e1", status="incomplete", evaluator="eva")])
    ledger = store.ledger()
    with pytest.raises(ProblemsFound, match="not complete"):
        move(ledger, People(), "evaluation", "e1", "finalise", who=None, at=NOW)
    store.write([evaluation("e1", evaluator="eva")])
    assert state_of(ledger, "evaluation", "e1") == "final"
    agent = str(store.evaluation("e1")["agent"])
    move(ledger, People(), "evaluation", "e1", "acknowledge", who=agent, at=NOW)
    store.write([evaluation("e1", evaluator="eva", score=12.0)])
    assert store.evaluation("e1")["revision"] == 3
    assert state_of(ledger, "evaluation", "e1") == "final"
    assert move(ledger, People(), "evaluation", "e1", "acknowledge", who=agent, at=NOW) == "acknowledged"


def test_a_target_of_zero_is_a_target_and_a_metric_without_a_before_is_not_judged(store):
    duty = {"agent": "ana", "opened_at": "2026-03-02T09:00:00.000Z"}
    found = measured_plan(store.ledger(), {**duty, "details": {"target": 0, "measured_by": "metrics.complaints"}})
    assert found.target == 0
    fact = {"call_id": "c1", "agent": "ana", "scorecard": "retail", "evaluation_id": "e", "revision": 1,
            "at": "2026-03-05T09:00:00.000Z", "day": "2026-03-05", "details": {"metrics": {"aht": 200}}}  # fmt: skip
    store.ledger().put("facts", [fact])
    found = measured_plan(store.ledger(), {**duty, "details": {"target": "300 s", "measured_by": "metrics.aht"}})
    assert (found.since, found.reached) == (200, None)


def test_those_who_are_informed_hear_of_every_evaluation(store):
    setting = setting_of()
    setting = replace(setting, people=replace(setting.people, informs=("supervisor",)))
    called = [call(f"c{n}", 0, n) for n in range(3)]
    write(store, called, [by_person(each, ["name"]) for each in called])
    run_night(store, setting, night_of(0))
    told = store.ledger().select("notices", "escalation = 'evaluated'")
    assert {(row["recipient"], row["call_id"]) for row in told} == {("luis", f"c{n}") for n in range(3)}
    assert len({row["group_key"] for row in told}) == 1
    run_night(store, setting, night_of(1))
    write(store, called, [by_person(each, ["greeting"]) for each in called])
    run_night(store, setting, night_of(2))
    assert len(store.ledger().select("notices", "escalation = 'evaluated'")) == 3


def test_what_a_rule_or_an_action_changes_is_its_own_loss(tmp_path):
    class Odd:
        name, purpose, options = "odd", "Changes what it is handed.", {}

        def __init__(self, options):
            pass

        def fires(self, results):
            return None

        def found(self, window):
            for each in (window.facts, window.misses, window.asked):
                getattr(each, "clear", tuple)()
            for fact in window.facts:
                fact.metrics.clear()
            return ()

        def opens(self, occasion):
            occasion.evaluation["answers"].clear()
            occasion.evaluation["agent"] = occasion.call["agent"] = "nobody"
            return ()

    grave, *others = card_of().escalations
    card = replace(card_of(), escalations=(replace(grave, do=(pauta_use("odd"), *grave.do)), *others))
    with Store(tmp_path / "x.db") as store:
        called = [call(f"c{n}", 0, n) for n in range(2)]
        write(store, called, [by_person(each, ["identity"]) for each in called])
        setting = setting_of(STANDING, card=card, host=host_with(rules=[Odd], actions=[Odd]))
        assert run_night(store, setting, night_of(0)).problems == []
        assert {row["escalation"] for row in store.ledger().select("raised")} == {"grave", "rest", "habit"}
        coach = store.ledger().select("duties", "call_id = 'c1' AND agent = 'ana'")
        assert [row["details"]["about"] for row in coach] == [["identity"], ["identity"]]


@pytest.mark.parametrize(
    ("over", "key", "about", "card"),
    [("scorecard", "retail", "", "retail"), ("agent", "ana", "retail/name", "retail"), ("team", "north", "", None)],
)
def test_a_finding_over_many_evaluations_knows_its_card(tmp_path, over, key, about, card):
    from pauta.followup.keeping import Keeper
    from pauta.followup.notices import rows_of_notice

    with Store(tmp_path / "x.db") as store:
        keeper, raised = Keeper(People(), rows_of_notice), pauta.Raise("x", about, questions=("name",))
        occasion = pauta.Occasion("k", "e", "t", "s", NOW, None, None, lambda _: NOW, kind=over, over_key=key,
                                  raised=raised)  # fmt: skip
        keeper.keep(occasion, [pauta.ProcessFinding("process", "x", ("name",))])
        keeper.flush(store.ledger())
        assert store.ledger().select("findings")[0]["scorecard"] == card


ODD_NAMES = ["Ñandú 😀", "O'Brien", "%", "a/b", "Mora, Ana", " ", "\U0010ffff", "a\x00b", "ß", "ana\nbob", None]


@pytest.mark.parametrize("name", ODD_NAMES, ids=map(ascii, ODD_NAMES))
def test_whatever_an_agent_is_called_duties_are_opened_once(store, name):
    setting, ledger = setting_of(STANDING.replace("rule: odd", "when: {count: {at_least: 2}}")), store.ledger()
    called = [call(f"c{n} {name}".replace("\x00", ""), 0, n, name) for n in range(2)]
    write(store, called, [by_person(each, ["greeting"]) for each in called])
    for day in range(2):
        night = run_night(store, setting, night_of(day))
        assert night.problems == []
        of_window = ledger.select("raised", "over_kind = 'agent'")
        assert {row["escalation"] for row in of_window} == (set() if name is None else {"odd", "habit"})
        assert len(ledger.select("duties")) == 2 + len(of_window)
        assert ledger.select("marks", "name NOT IN ('facts', 'since')") == []


def test_a_team_that_changes_is_the_one_of_the_last_call(store):
    setting, ledger = setting_of(STANDING.replace("rule: odd", "when: {count: {at_least: 2}}")), store.ledger()
    called = [replace(call(f"c{n}", 0, n), team=team) for n, team in enumerate(("north", "south"))]
    write(store, called, [by_person(each, ["greeting"]) for each in called])
    run_night(store, setting, night_of(0))
    assert {row["team"] for row in ledger.select("raised", "over_kind = 'agent'")} == {"south"}
    assert sum(row["asked"] for row in ledger.select("asked", "question = 'greeting'")) == 2


def run(*words, code=0):
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


@pytest.fixture
def centre(tmp_path, monkeypatch):
    """An operation's folder with a database in which things can be put."""
    monkeypatch.chdir(tmp_path)
    people = "people:\n  ana: {name: Ana Mora, leader: luis}\n  luis: {name: Luis Paz}\n  rita: {roles: [quality]}\n"
    text = f"operation: centre\ntimezone: Asia/Tokyo\nsinks: [results.db]\n{people}"
    Path("pauta.yaml").write_text(text, encoding="utf-8")
    with Store("results.db") as store:
        yield store.ledger()


def put(ledger, table, **row):
    ledger.put(table, [{"raised_key": "r", "opened_at": "2026-03-02T09:00:00.000Z", "details": {}, **row}])


def test_the_agent_agrees_to_an_example_and_takes_it_back(centre):
    put(centre, "exemplars", id="ex1", agent="ana", call_id="c1", question="empathy", why="calm", consent="asked")
    assert "asked" in run("examples", "consent", "--as", "ana")
    assert "E789" in run("examples", "consent", "ex1", "yes", "--as", "luis", code=1)
    assert run("examples") == "no examples\n"
    run("examples", "consent", "ex1", "yes", "--as", "ana")
    assert "empathy  c1  Ana Mora" in run("examples")
    run("examples", "consent", "ex1", "no", "--as", "Ana Mora")
    assert run("examples", "--question", "empathy") == "no examples\n"
    assert [(row["who"], row["after"]) for row in centre.history("exemplar", "ex1")] == [
        ("ana", "given"), ("ana", "refused"),
    ]  # fmt: skip
    assert "E787" in run("examples", "consent", "nope", "yes", "--as", "ana", code=1)


def test_a_follow_up_with_no_calls_since_says_so(centre):
    put(centre, "duties", id="d1", kind="plan", agent="ana", owner="luis", state="held",
        details={"measured_by": "greeting", "target": 90})  # fmt: skip
    said = run("coach", "follow-up", "d1", code=1)
    assert "E791" in said
    assert "no calls" in said
    assert "--reached" in said
    assert "reached: yes" in run("coach", "follow-up", "d1", "--reached", "yes", "--as", "luis")
    assert state_of(centre, "duty", "d1") == "followed_up"


def test_a_session_without_owner_and_agent_has_a_calendar_file_or_a_sentence(centre):
    put(centre, "duties", id="d1", kind="coach", agent="", owner="", state="open", message="x")
    result = CliRunner().invoke(main, ["coach", "schedule", "d1", "--at", "2026-03-04T10:00Z", "--ics", "s.ics"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception


def test_lists_know_people_by_either_name(centre):
    put(centre, "duties", id="d1", kind="coach", agent="Ana Mora", owner="luis", state="open", message="x")
    for words in (("--agent", "ana"), ("--agent", "Ana Mora"), ("--owner", "Luis Paz"), ("--owner", "luis")):
        assert "d1" in run("coach", "list", *words)


def test_a_fix_is_measured_from_when_the_fault_was_seen_and_by_the_operations_days(centre):
    put(centre, "findings", id="f1", about="process", question="number", scorecard="retail", owner="luis",
        state="fixed", fixed_at="2026-03-19T23:00:00.000Z", details={"evaluations": ["e1"]})  # fmt: skip
    for day, asked, missed in (("2025-06-01", 900, 9), ("2026-03-10", 10, 6), ("2026-03-19", 10, 6),
                               ("2026-03-21", 100, 5)):  # fmt: skip
        centre.put("asked", [{"scorecard": "retail", "question": "number", "day": day, "agent": "ana",
                              "asked": asked, "missed": missed}])  # fmt: skip
    centre.put("facts", [{"call_id": "c1", "agent": "ana", "scorecard": "retail", "evaluation_id": "e1",
                          "at": "2026-03-10T09:00:00.000Z", "day": "2026-03-10"}])  # fmt: skip
    assert "missed in 60% of calls before, 5% of 100 since; verified" in run("findings", "verify", "f1")


def test_a_finding_that_calls_cannot_measure_can_be_ended(centre):
    put(centre, "findings", id="f1", about="system", owner="luis", state="fixed",
        fixed_at="2026-03-19T23:00:00.000Z")  # fmt: skip
    assert "E791" in run("findings", "verify", "f1", code=1)
    run("findings", "verify", "f1", "--helped", "no", "--note", "it still drops calls", "--as", "luis")
    assert state_of(centre, "finding", "f1") == "owned"
    run("findings", "fix", "f1", "--what", "new cable")
    run("findings", "verify", "f1", "--helped", "yes")
    assert state_of(centre, "finding", "f1") == "verified"


def test_a_revision_before_the_dispute_does_not_decide_it(tmp_path, centre):
    centre.store.write([evaluation("e1", evaluator="eva", score=50.0)])
    centre.store.write([evaluation("e1", evaluator="eva", score=60.0)])
    run("dispute", "open", "e1", "--reason", "no")
    assert "no newer revision" in run("dispute", "decide", "e1", "revise", "--reason", "x", code=2)
    centre.store.write([evaluation("e1", evaluator="eva", score=70.0)])
    run("dispute", "decide", "e1", "revise", "--reason", "x")
    life = centre.history("evaluation", "e1")[-1]["details"]
    assert (life["score_before"], life["score_after"]) == (60.0, 70.0)


def test_nobody_is_nobody(centre):
    put(centre, "duties", id="d1", kind="coach", agent="", owner="", state="open", message="secret")
    assert "secret" not in run("coach", "list", "--as", "stranger")
    assert "E792" in run("coach", "show", "d1", "--as", "", code=1)
    assert json.loads(run("coach", "list", "--as", "rita", "--format", "json"))[0]["message"] == ""
