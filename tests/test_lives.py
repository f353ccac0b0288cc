"""The lives of evaluations, duties and findings: what follows what, who may, and that nothing is lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.strategies import sampled_from
from postgres_server import fresh_url
from results_made import evaluation

from pauta.engine.delivery import stamp
from pauta.engine.problems import ProblemsFound
from pauta.followup.lives import MOVES, find, mark_overdue, may, move, state_of
from pauta.followup.people import People
from pauta.store import PostgresStore, Store

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = People.of(
    {
        "people": {
            "ana": {"name": "Ana Mora", "leader": "luis", "roles": ["agent"]},
            "luis": {"name": "Luis Paz", "leader": "marta", "roles": ["supervisor"]},
            "rita": {"name": "Rita Sol", "leader": "marta", "roles": ["supervisor"]},
            "marta": {"name": "Marta Gil", "roles": ["manager"]},
            "eva": {"name": "Eva Lima", "roles": ["evaluator", "quality"]},
            "petra": {"name": "Petra Ruiz", "roles": ["quality"]},
        }
    }
)
DETAILS = {
    "when": "2026-03-03T09:00:00.000Z", "agreed": "ask for the name", "reached": "yes", "reason": "it is there",
    "revision": 2, "owner": "marta", "what": "the form asks again", "share_before": 0.6, "share_after": 0.1,
}  # fmt: skip


def duty(name="d1", **changes):
    return {
        "id": name, "raised_key": "r1", "kind": "coach", "agent": "ana", "team": "north", "owner": "luis",
        "due": stamp(NOW + timedelta(hours=24)), "state": "open", "opened_at": stamp(NOW), "message": "grave",
        "escalated": 0, "details": {}, **changes,
    }  # fmt: skip


def finding(name="f1"):
    return {
        "id": name, "raised_key": "r2", "about": "process", "question": "number", "scorecard": "retail",
        "state": "open", "opened_at": stamp(NOW), "message": "many miss it", "details": {},
    }  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request, tmp_path):
    made = Store(tmp_path / "x.db") if request.param == "sqlite" else PostgresStore(fresh_url())
    with made as store:
        store.write([evaluation(evaluator="eva")])
        ledger = store.ledger()
        ledger.put("duties", [duty()])
        ledger.put("findings", [finding()])
        yield ledger


def test_a_duty_ends_when_the_session_is_recorded(ledger):
    assert move(ledger, PEOPLE, "duty", "d1", "schedule", who="luis", at=NOW, when=DETAILS["when"]) == "scheduled"
    assert move(ledger, PEOPLE, "duty", "d1", "hold", who="Luis Paz", at=NOW, agreed="ask", words="I will") == "held"
    assert move(ledger, PEOPLE, "duty", "d1", "follow_up", who="luis", at=NOW, reached="yes") == "followed_up"
    assert move(ledger, PEOPLE, "duty", "d1", "close", who=None, at=NOW) == "closed"
    steps = [(each["who"], each["move"], each["after"]) for each in ledger.history("duty", "d1")]
    assert steps == [
        ("luis", "schedule", "scheduled"), ("luis", "hold", "held"), ("luis", "follow_up", "followed_up"),
        ("administrator", "close", "closed"),
    ]  # fmt: skip
    assert ledger.history("duty", "d1")[1]["details"]["words"] == "I will"
    assert ledger.select("duties")[0]["details"]["agreed"] == "ask"


@pytest.mark.parametrize(
    ("thing", "name", "step", "who", "details", "code", "said"),
    [
        ("duty", "d1", "close", "luis", {}, "E788", "is open, which close does not follow"),
        ("duty", "d1", "hold", "rita", DETAILS, "E789", "Rita Sol may not hold this duty"),
        ("duty", "d1", "close", "rita", {}, "E789", "Rita Sol may not close this duty"),
        ("duty", "d1", "hold", "luis", {}, "E790", "it must be said: agreed"),
        ("duty", "d1", "hold", "luis", {"agreed": ""}, "E790", "it must be said: agreed"),
        ("duty", "d1", "hodl", "luis", {}, "E788", "there is no move 'hodl'"),
        ("duty", "d1", "fall_due", "luis", {}, "E789", "may not fall due"),
        ("duty", "d9", "hold", "luis", DETAILS, "E787", "there is no duty 'd9'"),
        ("finding", "f1", "verify", None, DETAILS, "E788", "is open, which verify does not follow"),
        ("evaluation", "e1", "uphold", "petra", DETAILS, "E788", "is final, which uphold does not follow"),
        ("evaluation", "e1", "dispute", "petra", DETAILS, "E789", "Petra Ruiz may not dispute"),
        ("evaluation", "e7", "acknowledge", "ana", {}, "E787", "there is no evaluation 'e7'"),
    ],
)
def test_what_does_not_follow_is_a_sentence(ledger, thing, name, step, who, details, code, said):
    with pytest.raises(ProblemsFound) as found:
        move(ledger, PEOPLE, thing, name, step, who=who, at=NOW, **details)
    (problem,) = found.value.problems
    assert (problem.code, said in problem.message) == (code, True), problem.message
    assert ledger.select("history") == []


def test_who_evaluated_does_not_decide_the_dispute(ledger):
    move(ledger, PEOPLE, "evaluation", "e1", "dispute", who="ana", at=NOW, reason="he had hung up")
    for who, may_decide in (("eva", False), ("luis", False), ("petra", True), ("marta", True)):
        row = {**(ledger.store.evaluation("e1") or {}), "state": "disputed"}
        assert may(PEOPLE, "evaluation", row, MOVES["evaluation"]["uphold"].by, who) is may_decide, who
    assert move(ledger, PEOPLE, "evaluation", "e1", "uphold", who="petra", at=NOW, reason="no") == "upheld"
    assert move(ledger, PEOPLE, "evaluation", "e1", "acknowledge", who="ana", at=NOW) == "acknowledged"
    assert [each["before"] for each in ledger.history("evaluation", "e1")] == ["final", "disputed", "upheld"]


def test_an_incomplete_evaluation_is_a_draft(ledger):
    ledger.store.write([evaluation("e2", call_id="c-2", status="incomplete")])
    assert state_of(ledger, "evaluation", "e2") == "draft"
    with pytest.raises(ProblemsFound):
        move(ledger, PEOPLE, "evaluation", "e2", "acknowledge", who="ana", at=NOW)


def test_what_is_late_becomes_overdue_once_and_can_still_be_held(ledger):
    assert mark_overdue(ledger, PEOPLE, NOW + timedelta(hours=24)) == []
    later = NOW + timedelta(hours=24, seconds=1)
    assert mark_overdue(ledger, PEOPLE, later) == ["d1"]
    assert mark_overdue(ledger, PEOPLE, later) == []
    assert [(each["who"], each["after"]) for each in ledger.history("duty", "d1")] == [("pauta", "overdue")]
    assert move(ledger, PEOPLE, "duty", "d1", "hold", who="luis", at=later, agreed="ask") == "held"


def test_things_are_found_by_the_beginning_of_their_id(ledger):
    ledger.put("duties", [duty("abc1"), duty("abd2")])
    assert find(ledger, "duty", "abc") == "abc1"
    for start in ("ab", "x"):
        with pytest.raises(ProblemsFound) as found:
            find(ledger, "duty", start)
        assert found.value.problems[0].code == "E787"


class Lives(RuleBasedStateMachine):
    """Any moves by anybody in any order: only what the tables allow happens, and the history tells all of it."""

    things = Bundle("things")

    @initialize()
    def begin(self):
        self.store = Store(":memory:")
        self.ledger = self.store.ledger()
        self.states: dict[tuple[str, str], str] = {}
        self.steps: dict[tuple[str, str], int] = {}
        self.now = NOW

    @rule(target=things, thing=sampled_from(sorted(MOVES)))
    def opens(self, thing):
        name = f"{thing}-{len(self.states)}"
        match thing:
            case "duty":
                self.ledger.put("duties", [duty(name)])
            case "finding":
                self.ledger.put("findings", [finding(name)])
            case _:
                self.store.write([evaluation(name, call_id=name, evaluator="eva")])
        self.states[thing, name] = "final" if thing == "evaluation" else "open"
        self.steps[thing, name] = 0
        return thing, name

    @rule(
        what=things,
        step=sampled_from(sorted({step for moves in MOVES.values() for step in moves})),
        who=sampled_from([None, "ana", "luis", "rita", "marta", "eva", "petra", "stranger"]),
        said=sampled_from([{}, DETAILS]),
    )
    def moves(self, what, step, who, said):
        thing, name = what
        known = MOVES[thing].get(step)
        allowed = known is not None and self.states[what] in known.before and bool(said or not known.needs)
        try:
            after = move(self.ledger, PEOPLE, thing, name, step, who=who, at=self.now, **said)
        except ProblemsFound as found:
            codes = {problem.code for problem in found.problems}
            assert codes <= {"E788", "E789", "E790"}
            assert not (allowed and who is None)
            return
        assert allowed
        assert known is not None
        assert after == known.after
        assert who is None or who != "stranger"
        self.states[what] = after
        self.steps[what] += 1

    @rule()
    def time_passes(self):
        self.now += timedelta(hours=30)
        for name in mark_overdue(self.ledger, PEOPLE, self.now):
            assert self.states["duty", name] in ("open", "scheduled")
            self.states["duty", name] = "overdue"
            self.steps["duty", name] += 1

    @invariant()
    def nothing_is_lost(self):
        for (thing, name), state in getattr(self, "states", {}).items():
            history = self.ledger.history(thing, name)
            assert len(history) == self.steps[thing, name]
            assert state_of(self.ledger, thing, name) == state
            assert [each["after"] for each in history[:-1]] == [each["before"] for each in history[1:]]
            if history:
                assert history[-1]["after"] == state

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
