"""Notices that nobody gets: they wait, are told of, go out once somebody does, and are given up in the end."""

import json
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings, strategies as st
from people_told import HOUR, NOW, PEOPLE, messages, occasion, raise_all, states, store_of

from pauta.cli import main
from pauta.engine.host import Host
from pauta.engine.model.followup import Duty, Notice
from pauta.followup import unheard
from pauta.followup.notices import gather
from pauta.followup.people import People, Person
from pauta.followup.unheard import WAITS, look_again, of_unheard
from pauta.store import Store
from pauta.testing import SinkContract

DAY = timedelta(days=1)
ROLES = ("supervisor", "quality", "manager")
BARE = People({each: PEOPLE.persons[each] for each in ("ana", "luis")})


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    with store_of(request.param, tmp_path) as store:
        yield store


@pytest.mark.parametrize("size", [1, 2000])
def test_a_role_that_nobody_has_yet_is_told_once_somebody_has_it(store, size, monkeypatch):
    monkeypatch.setattr(unheard, "AT_A_TIME", size)
    notice = Notice(("supervisor", "quality", "manager"), group_by=("agent",), every_s=3600)
    ledger = raise_all(store, [occasion(n) for n in range(3)], notice, people=BARE)
    assert look_again(ledger, BARE, ["mail"], NOW) == 0
    assert gather(ledger, BARE, ["mail"], NOW) == 1, "luis, who leads ana"
    assert states(ledger) == {"told": 3, "nobody": 6}
    (told,) = of_unheard(ledger)
    assert (told.code, told.message) == ("W793", "6 messages to people wait: 3 because nobody is known as 'manager', "
                                         "3 because nobody is known as 'quality'")  # fmt: skip
    assert look_again(ledger, PEOPLE, ["mail"], NOW + DAY) == 0
    assert gather(ledger, PEOPLE, ["mail"], NOW + DAY) == 3, "petra, marta and noa"
    assert {str(row["recipient"]) for row in messages(ledger)} == {"luis", "petra", "marta", "noa"}
    assert {len(row["details"]["lines"]) for row in messages(ledger)} == {3}
    assert states(ledger) == {"told": 12}
    assert of_unheard(ledger) == []
    raise_all(store, [occasion(1)], notice, people=PEOPLE)
    look_again(ledger, PEOPLE, ["mail"], NOW + 2 * DAY)
    assert states(ledger)["told"] + states(ledger).get("waiting", 0) == 12, "nobody hears of it twice"


def test_somebody_who_was_told_by_name_is_not_told_again_by_the_role(store):
    ledger = raise_all(store, [occasion(1)], Notice(("luis", "manager")), people=BARE)
    gather(ledger, BARE, ["mail"], NOW)
    led = People({**BARE.persons, "luis": Person("luis", "Luis", roles=("manager",))})
    look_again(ledger, led, ["mail"], NOW + DAY)
    assert gather(ledger, led, ["mail"], NOW + DAY) == 0
    assert states(ledger) == {"told": 1}


def test_what_no_sink_carries_goes_out_once_one_does(store):
    ledger = raise_all(store, [occasion(1)], Notice(("petra",), via=("pager", "sms")))
    raise_all(store, [occasion(2)], Notice(("petra",)))
    assert gather(ledger, PEOPLE, [], NOW) == 0
    (told,) = of_unheard(ledger)
    assert told.message == ("2 messages to people wait: 1 because no sink carries them, "
                            "1 because there is no sink 'pager' or 'sms' that carries them")  # fmt: skip
    look_again(ledger, PEOPLE, ["mail"], NOW + HOUR)
    assert gather(ledger, PEOPLE, ["mail"], NOW + HOUR) == 1
    assert states(ledger) == {"told": 1, "nobody": 1}
    look_again(ledger, PEOPLE, ["mail", "pager"], NOW + 2 * HOUR)
    assert gather(ledger, PEOPLE, ["mail", "pager"], NOW + 2 * HOUR) == 1
    assert [row["sink"] for row in messages(ledger)] == ["mail", "pager"]


def test_what_waited_too_long_is_given_up_and_duties_are_not_touched(store):
    ledger = raise_all(store, [occasion(1)], Duty("coach"), Notice(("manager", "petra"), via=("pager",)), people=BARE)
    gather(ledger, BARE, ["mail"], NOW)
    assert states(ledger) == {"nobody": 2}
    assert look_again(ledger, BARE, ["mail"], NOW) == 0
    assert look_again(ledger, BARE, ["mail"], NOW + WAITS) == 0
    assert look_again(ledger, BARE, ["mail"], NOW + WAITS + HOUR) == 2
    assert states(ledger) == {"expired": 2}
    assert states(ledger, "duties") == {"open": 1}
    (told,) = of_unheard(ledger, expired=2)
    assert told.message == "2 messages to people were given up: nobody got them for 14 days"
    assert look_again(ledger, PEOPLE, ["mail", "pager"], NOW + WAITS + DAY) == 0
    assert gather(ledger, PEOPLE, ["mail", "pager"], NOW + WAITS + DAY) == 0


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 3), st.sets(st.sampled_from(ROLES)), st.booleans()), min_size=1, max_size=6))
def test_in_the_end_whoever_has_a_role_was_told_of_each_thing_once(nights):
    """Night by night: how many things happen, which roles somebody has by then, whether there is a sink."""
    notice, number = Notice(ROLES), 0
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "results.db") as store:
        for night, (count, roles, sink) in enumerate([*nights, (1, set(ROLES), True)]):
            people = People({role: Person(role, role, roles=(role,)) for role in roles})
            new = [occasion(number + n, agent="") for n in range(count)]
            ledger = raise_all(store, new, notice, people=people)
            number += count
            look_again(ledger, people, ["mail"] * sink, NOW + night * DAY)
            gather(ledger, people, ["mail"] * sink, NOW + night * DAY)
            waiting = {row["state"] for row in ledger.select("notices")} - {"told"}
            assert waiting <= ({"nobody"} if roles != set(ROLES) or not sink else set())
        told = Counter((row["raised_key"], row["recipient"]) for row in ledger.select("notices"))
        assert told == {(f"grave-{n}", role): 1 for n in range(number) for role in ROLES}
        lines = Counter(row["recipient"] for row in messages(ledger) for _ in row["details"]["lines"])
        assert lines == dict.fromkeys(ROLES, number)


CARD = """\
scorecard: retail
version: 1.0.0
sections: [{section: all, answers: yes_no, questions: [
  {question: greeting}, {question: identity, error: {critical: compliance, fails: card}}]}]
escalations: [{escalation: grave, when: {critical_errors: {above: 0}}, do: [coach, {notify: {to: [quality]}}]}]
"""
PAGER = """\
from pauta import hookimpl


class Pager:
    '''Rings people; takes no results.'''

    name = "pager"
    options = {"type": "object", "properties": {"book": {"type": "string"}}, "required": ["book"],
               "additionalProperties": False}

    def __init__(self, options):
        self.book = options["book"]

    def notify(self, message):
        with open(self.book, "a", encoding="utf-8") as book:
            book.write(f"{', '.join(message.to)}: {message.title}\\n")


@hookimpl
def register_sinks(register):
    register(Pager)
"""
OPERATION = """\
operation: small
people: {ana: {leader: luis}, luis: {roles: [supervisor]}}
sinks: [results.db]
"""


@pytest.fixture
def centre(tmp_path, monkeypatch):
    """An operation whose file knows nobody of quality, and a call of ana's with a critical error."""
    monkeypatch.chdir(tmp_path)
    for folder in ("scorecards", "plugins"):
        Path(folder).mkdir()
    Path("scorecards/retail.yaml").write_text(CARD, encoding="utf-8")
    Path("plugins/pager.py").write_text(PAGER, encoding="utf-8")
    Path("pauta.yaml").write_text(OPERATION, encoding="utf-8")
    Path("calls.jsonl").write_text('{"call_id": "c1", "agent": "ana", "started_at": "2026-03-02T09:00:00Z"}\n')
    answers = {"call_id": "c1", "agent": "ana", "scorecard": "retail", "evaluator": "petra",
               "evaluated_at": "2026-03-02T10:00:00Z", "answers": {"greeting": "yes", "identity": "no"}}  # fmt: skip
    Path("answers.jsonl").write_text(json.dumps(answers) + "\n")
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result.output


def test_the_night_tells_of_it_each_time_and_a_sink_with_notify_alone_carries_it_in_the_end(centre):
    scored = run("score", "calls.jsonl", "--answers", "answers.jsonl")
    assert "W793  1 messages to people wait: 1 because nobody is known as 'quality'" in scored
    assert "W793" in run("escalations", "run"), "a warning, and no failure"
    assert "1 that nobody gets" in run("doctor")
    Path("pauta.yaml").write_text(OPERATION.replace("people: {", "people: {petra: {name: Petra, roles: [quality]}, "))
    assert "1 because no sink carries them" in run("escalations", "run")
    with_pager = OPERATION.replace("people: {", "people: {petra: {name: Petra, roles: [quality]}, ")
    Path("pauta.yaml").write_text(with_pager.replace("results.db]", "results.db, {pager: {book: book.txt}}]"))
    assert "W793" not in run("escalations", "run")
    run("escalations", "run")
    assert Path("book.txt").read_text(encoding="utf-8") == "Petra: grave, ana\n"


def test_a_sink_with_notify_alone_is_no_trouble_to_the_results(centre):
    Path("pauta.yaml").write_text(
        OPERATION.replace("luis: {", "petra: {roles: [quality]}, luis: {").replace(
            "results.db]", "results.db, {pager: {book: book.txt}}]"
        )
    )
    assert "errors" not in run("check").splitlines()[-1]
    scored = run("score", "calls.jsonl", "--answers", "answers.jsonl")
    assert "results.db: 1 new" in scored
    assert "pager" not in scored
    assert Path("book.txt").read_text(encoding="utf-8") == "petra: grave, ana\n"
    with Store("results.db") as store:
        assert states(store.ledger(), "messages") == {"sent": 1}


@pytest.mark.parametrize(("asked", "said", "hint"), [
    ("pagr", "the escalation 'grave' notifies by 'pagr', and the operation has no such sink", "did you mean 'pager'?"),
    ("[pager, desk]", "the escalation 'grave' notifies by 'desk', and the operation has no such sink",
     "these carry messages: pager, night"),
    ("files", "the escalation 'grave' notifies by 'files', which carries no messages to people",
     "these carry messages: pager, night"),
    ("results.db", "the escalation 'grave' notifies by 'results.db', which carries no messages to people",
     "these carry messages: pager, night"),
    ("[pager, night]", "", ""),
])  # fmt: skip
def test_check_refuses_a_sink_under_via_that_carries_no_messages(centre, asked, said, hint):
    sinks = (
        "results.db, {pager: {book: a.txt}}, {pager: {name: night, book: b.txt}}, {jsonl: {name: files, path: r.x}}]"
    )
    standing = "escalations: [{escalation: slips, over: {agent: last 3}, when: {count: {above: 2}}, DO}]\n"
    do = f"do: [{{notify: {{to: luis, via: {asked}}}}}]"
    Path("pauta.yaml").write_text(OPERATION.replace("results.db]", sinks) + standing.replace("DO", do))
    card = CARD.replace("notify: {to: [quality]}", f"notify: {{to: luis, via: {asked}}}")
    Path("scorecards/retail.yaml").write_text(card, encoding="utf-8")
    found = json.loads(run("check", "--format", "json", code=1 if said else 0))
    found = [each for each in found if each["code"] == "E794"]
    assert [each["message"] for each in found] == ([said.replace("grave", "slips"), said] if said else [])
    if said:
        assert {each["hint"] for each in found} == {hint}
        assert [each["file"] for each in found] == ["pauta.yaml", "scorecards/retail.yaml"]
        assert all(each["line"] > 3 for each in found)


class TestAPagerByTheKit(SinkContract):
    """The suite that plugins inherit takes a sink that has `notify` alone."""

    name = "pager"
    good_options: ClassVar = [{"book": "told.txt"}]
    bad_options: ClassVar = [{"book": 7}, {}]

    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def host(self):
        names = {}
        exec(compile(PAGER, "pager.py", "exec"), names)  # the plugin's file as it stands above
        host = Host(installed=False)
        plugin = ModuleType("pager")
        plugin.register_sinks = names["register_sinks"]
        assert host.register(plugin, "pager").failure is None
        return host

    def arrived(self, folder):
        raise AssertionError("it is given no results")
