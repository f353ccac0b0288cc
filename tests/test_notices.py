"""Messages to people: grouped, silenced, repeated, in their language; what is late goes up the line."""

import time
from collections import Counter
from datetime import timedelta

import pytest
from follow_ups import by_person, call, card_of, night_of, setting_of, write
from people_told import HOUR, NOW, PEOPLE, Kept, messages, occasion, raise_all, states, store_of

from pauta.engine.delivery import Addressee, stamp
from pauta.engine.model.followup import Duty, Notice
from pauta.followup import notices as room
from pauta.followup.calendar import Calendar
from pauta.followup.lives import mark_overdue, move
from pauta.followup.night import run_night
from pauta.followup.notices import escalate_overdue, gather
from pauta.followup.people import People, Person
from pauta.followup.sending import message_of, send
from pauta.followup.telling import WORDS
from pauta.store import Store


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    with store_of(request.param, tmp_path) as store:
        yield store


def test_one_message_for_a_group_a_person_and_an_interval(store):
    notice = Notice(("supervisor", "petra"), group_by=("agent",), every_s=3600)
    ledger = raise_all(store, [occasion(n, "ana" if n % 3 else "bob") for n in range(9)], notice)
    assert gather(ledger, PEOPLE, ["mail"], NOW) == 4, "two agents, two people who hear of each"
    assert gather(ledger, PEOPLE, ["mail"], NOW) == 0
    assert sorted(len(row["details"]["lines"]) for row in messages(ledger)) == [3, 3, 6, 6]
    raise_all(store, [occasion(n, "ana", at=NOW + HOUR / 4) for n in (20, 21)], notice)
    assert gather(ledger, PEOPLE, ["mail"], NOW + HOUR / 2) == 0, "the hour is not over"
    raise_all(store, [occasion(22, "ana", at=NOW + HOUR / 2)], notice)
    assert gather(ledger, PEOPLE, ["mail"], NOW + HOUR) == 2
    assert [len(row["details"]["lines"]) for row in messages(ledger, at=stamp(NOW + HOUR))] == [3, 3]
    assert states(ledger) == {"told": 24}


def test_without_a_group_each_is_a_message_of_its_own_and_every_sink_gets_it(store):
    ledger = raise_all(store, [occasion(n) for n in range(3)], Notice(("supervisor",)))
    assert gather(ledger, PEOPLE, ["mail", "room"], NOW) == 3
    assert Counter(row["sink"] for row in messages(ledger)) == {"mail": 3, "room": 3}
    raise_all(store, [occasion(7)], Notice(("supervisor",), via=("room",)))
    assert gather(ledger, PEOPLE, ["mail", "room"], NOW) == 1
    assert Counter(row["sink"] for row in messages(ledger)) == {"mail": 3, "room": 4}


def test_10_000_in_a_minute_are_as_many_messages_as_groups_and_intervals(store):
    """On PostgreSQL a fifth as many, as the test's own writing takes its time there."""
    whole = 10_000 if isinstance(store, Store) else 2_000
    every, agents = 30.0, [f"a{n}" for n in range(20)]
    opened = [Duty("coach"), Notice(("petra",), group_by=("agent",), every_s=every)]
    took = 0.0
    for part in range(6):
        at = NOW + timedelta(seconds=10 * part)
        numbers = range(whole * part // 6, whole * (part + 1) // 6)
        ledger = raise_all(store, [occasion(n, agents[n % 20], at=at) for n in numbers], *opened)
        begun = time.process_time()
        gather(ledger, PEOPLE, ["mail"], at)
        took += time.process_time() - begun
    gather(ledger, PEOPLE, ["mail"], NOW + timedelta(seconds=60))
    for table in ("raised", "duties", "notices"):
        assert ledger.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] == whole
    made = Counter(row["group_key"] for row in messages(ledger))
    assert len(made) == 20
    assert set(made.values()) == {3}, "at once, after half a minute, and after a minute"
    assert states(ledger) == {"told": whole}
    assert sum(len(row["details"]["lines"]) + row["details"]["more"] for row in messages(ledger)) == whole
    assert gather(ledger, PEOPLE, ["mail"], NOW + timedelta(seconds=60)) == 0
    assert took < 30, "seconds of the processor; it takes about one"


def test_a_night_of_critical_calls(store):
    """Through the engine and the night: one message, a duty for each call."""
    grave = "do: [{coach: {due: 24 h}}, {notify: {to: supervisor, group_by: [team], every: 1 h}}]"
    text = """\
scorecard: retail
version: 1.0.0
sections: [{section: all, answers: yes_no, questions: [
  {question: greeting}, {question: name}, {question: identity, error: {critical: compliance, fails: card}}]}]
escalations: [{escalation: grave, when: {critical_errors: {above: 0}}, DO}]
""".replace("DO", grave)
    card = card_of(text)
    calls = [call(f"c{n}", 0, n // 60) for n in range(300)]
    write(store, calls, [by_person(each, ["identity"], hour=1) for each in calls], card)
    setting = setting_of(card=card)
    run_night(store, setting, night_of(0))
    ledger = store.ledger()
    assert gather(ledger, setting.people, ["mail"], night_of(0)) == 1
    assert len(ledger.select("duties")) == 300
    run_night(store, setting, night_of(0))
    assert gather(ledger, setting.people, ["mail"], night_of(0)) == 0


@pytest.mark.parametrize("size", [1, 2000])
def test_a_critical_error_silences_the_low_score_of_the_same_call(store, size, monkeypatch):
    monkeypatch.setattr(room, "SLICE", size)
    low = Notice(("supervisor",), unless=("grave",))
    ledger = raise_all(store, [occasion(n, escalation="low") for n in range(4)], low)
    raise_all(store, [occasion(1, "bob"), occasion(2), occasion(3)], Notice(("supervisor",)))
    assert gather(ledger, PEOPLE, ["mail"], NOW) == 5
    told = {(row["escalation"], row["call_id"]): row["state"] for row in ledger.select("notices")}
    assert {call for (name, call), state in told.items() if name == "low" and state == "told"} == {"c0", "c1"}
    assert told["low", "c2"] == told["low", "c3"] == "silenced", "raised later in the same night, of the same agent"


def test_what_was_taken_back_silences_nothing(store):
    ledger = raise_all(store, [occasion(1, escalation="low")], Notice(("supervisor",), unless=("grave",)))
    raise_all(store, [occasion(1)])
    ledger.change("raised", {"key": "grave-1"}, details={"withdrawn": True})
    assert gather(ledger, PEOPLE, ["mail"], NOW) == 1


def test_it_is_told_again_while_the_duty_is_open(store):
    ledger = raise_all(store, [occasion(1), occasion(2)], Duty("coach"), Notice(("supervisor",), repeat_s=3600))
    raise_all(store, [occasion(3)], Notice(("supervisor",), repeat_s=3600))
    assert [gather(ledger, PEOPLE, ["mail"], NOW + n * HOUR / 2) for n in range(4)] == [3, 0, 2, 0]
    held = ledger.select("duties", "raised_key = 'grave-1'")[0]["id"]
    at = NOW + 2 * HOUR
    move(ledger, PEOPLE, "duty", held, "hold", who="luis", at=at, when=stamp(at), agreed="name", said="yes")
    assert [gather(ledger, PEOPLE, ["mail"], NOW + n * HOUR) for n in (2, 3)] == [1, 1]
    assert len({row["key"] for row in messages(ledger)}) == 7, "each under a key of its own"
    assert len(ledger.select("notices", "not_before IS NULL")) == 2, "what is done is not looked at again"


def test_a_message_closes_no_duty(store):
    ledger = raise_all(store, [occasion(1)], Duty("coach"), Notice(("agent", "supervisor")))
    gather(ledger, PEOPLE, ["mail"], NOW)
    assert send(store, [Addressee("mail", Kept())], NOW)["mail"].sent == 2
    assert states(ledger, "duties") == {"open": 1}
    assert states(ledger, "messages") == {"sent": 2}


def test_people_are_told_in_their_language(store):
    both = {"en": "Identity not checked", "es": "Identidad sin verificar"}
    notice = Notice(
        ("supervisor", "marta", "noa", "petra"), "call her", group_by=("agent",), messages={"es": "llámala"}
    )
    occasions = [occasion(n, titles=both, at=NOW - HOUR / n) for n in (1, 2)]
    ledger = raise_all(store, occasions, notice)
    gather(ledger, PEOPLE, ["mail"], NOW, "en")
    found = {row["recipient"]: message_of(row) for row in messages(ledger)}
    assert found["luis"].title == "2 veces: Identidad sin verificar, Ana Mora"
    assert found["luis"].lines[0] == "Ana Mora; retail; llamada c1; falló: identity; llámala"
    assert found["petra"].title == "2 times: Identity not checked, Ana Mora"
    assert found["noa"].lines[1].startswith("Ana Mora; retail; ligação c2; falhou: identity")
    assert found["marta"].lines[1].startswith("Ana Mora; retail; звонок c2; ошибки: identity")
    assert (found["luis"].addresses, found["noa"].addresses) == (("luis@example.com",), ())
    assert len({tuple(sorted(words)) for words in WORDS.values()}) == 1, "every language has every word"


def test_a_long_message_says_how_much_it_leaves_out(store):
    ledger = raise_all(store, [occasion(n) for n in range(60)], Notice(("petra",), group_by=("agent",)))
    gather(ledger, PEOPLE, ["mail"], NOW)
    message = message_of(messages(ledger)[0])
    assert (len(message.lines), message.lines[-1], len(message.evaluations)) == (51, "and 10 more", 50)


def test_late_duties_go_up_the_line_once_a_level(store):
    ledger = raise_all(store, [occasion(1)], Duty("coach", due=NOW + HOUR))
    heard = []
    for hours in (0, 2, 2, 3, 24, 26, 26, 49, 51, 99):
        now = NOW + hours * HOUR
        mark_overdue(ledger, PEOPLE, now)
        escalate_overdue(ledger, PEOPLE, now, "en", Calendar())
        gather(ledger, PEOPLE, ["mail"], now)
        heard.append([row["recipient"] for row in messages(ledger)])
    assert heard[0] == []
    assert heard[1] == heard[4] == ["marta"], "luis owes it; marta leads him"
    assert heard[5] == heard[-1] == ["marta", "noa"], "and nobody is above her"
    first = message_of(messages(ledger)[0])
    assert first.title == "Просрочено: коучинг (Ana Mora), срок пн 2026-03-02 21:00, отвечает Luis Paz"
    moves = [
        (row["move"], row["details"].get("to")) for row in ledger.history("duty", ledger.select("duties")[0]["id"])
    ]
    assert [each for each in moves if each[0] == "escalate"] == [("escalate", "marta"), ("escalate", "noa")]


def test_where_nobody_leads_the_owner_the_managers_hear_of_it(store):
    ledger = raise_all(store, [occasion(1)], Duty("coach", due=NOW, owner=("petra",)))
    mark_overdue(ledger, PEOPLE, NOW + HOUR)
    assert escalate_overdue(ledger, PEOPLE, NOW + HOUR) == 1
    assert [row["recipient"] for row in ledger.select("notices")] == ["marta"]


def test_of_several_owners_the_line_above_each_hears_of_it_a_level_a_day(store):
    both = Duty("coach", due=NOW, owner=("luis", "petra", "eva"))
    people = People({**PEOPLE.persons, "petra": Person("petra", "Petra", leader="olga"), "eva": Person("eva", "Eva"),
                     "olga": Person("olga", "Olga", leader="noa")})  # fmt: skip
    ledger = raise_all(store, [occasion(1)], both)
    mark_overdue(ledger, people, NOW + HOUR)
    heard = []
    for days in range(4):
        assert escalate_overdue(ledger, people, NOW + HOUR + days * timedelta(days=1)) in (0, 1, 2)
        heard.append({str(row["recipient"]) for row in ledger.select("notices")})
    assert heard[0] == {"marta", "olga"}, "who leads luis, and who leads petra; eva's managers, of whom marta is one"
    assert heard[1] == heard[3] == {"marta", "olga", "noa"}, "each hears of it once"
    told = [each["details"]["to"] for each in ledger.history("duty", ledger.select("duties")[0]["id"])
            if each["move"] == "escalate"]  # fmt: skip
    assert sorted(told) == ["marta", "noa", "olga"]
    assert gather(ledger, people, ["mail"], NOW + 5 * timedelta(days=1)) == 3


def test_a_name_with_a_comma_is_one_owner():
    people = People({"paz": Person("paz", "Paz, Luis", leader="noa"), "noa": Person("noa", "Noa")})
    assert room._levels(people, {"owner": "Paz, Luis", "team": "", "agent": "ana"}) == [["noa"]]
