"""Messages to people: grouped, silenced, repeated, sent at least once under one key; what is late goes up the line."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from follow_ups import by_person, call, card_of, night_of, setting_of, write
from postgres_server import fresh_url
from test_sink_email import Box, free_port

from pauta.cli import main
from pauta.engine.contracts import NotTaken, RetryLater
from pauta.engine.delivery import Addressee, Patience, stamp
from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.model.followup import Duty, Notice, Occasion
from pauta.engine.problems import Problem
from pauta.engine.redaction import redactor_from
from pauta.followup import notices as room
from pauta.followup.calendar import Calendar
from pauta.followup.keeping import Keeper
from pauta.followup.lives import mark_overdue, move
from pauta.followup.night import run_night
from pauta.followup.notices import escalate_overdue, gather, rows_of_notice
from pauta.followup.people import People
from pauta.followup.sending import masking, message_of, send
from pauta.followup.telling import WORDS
from pauta.store import PostgresStore, Store

HERE = Path(__file__).parent
NOW = datetime(2026, 3, 2, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = People.of({"people": {
    "ana": {"name": "Ana Mora", "team": "north", "leader": "luis", "roles": ["agent"]},
    "bob": {"name": "Bob Lee", "team": "north", "leader": "luis", "roles": ["agent"]},
    "luis": {"name": "Luis Paz", "team": "north", "leader": "marta", "roles": ["supervisor"], "language": "es",
             "email": "luis@example.com"},
    "marta": {"name": "Marta Gil", "leader": "noa", "roles": ["manager"], "language": "ru"},
    "noa": {"name": "Noa Dias", "roles": ["manager"], "language": "pt-BR"},
    "petra": {"name": "Petra Ruiz", "roles": ["quality"], "email": "petra@example.com"},
}})  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    opened = Store(tmp_path / "results.db") if request.param == "sqlite" else PostgresStore(fresh_url())
    with opened as store:
        yield store


def occasion(number, agent="ana", escalation="grave", at=NOW, **changes):
    """An escalation of one call."""
    record = {
        "evaluation_id": f"{escalation}-{number}", "scorecard": "retail", "call_type": "sales",
        "answers": [{"question": "identity", "fault": "agent", "error": {"critical": "compliance"}}],
    }  # fmt: skip
    return Occasion(
        key=f"{escalation}-{number}", escalation=escalation, title=escalation, source="card retail@1.0.0", at=at,
        agent=agent, team="north", due=lambda _: at + 24 * HOUR,
        evaluation={**record, "call_id": f"c{number}"}, **changes,
    )  # fmt: skip


def raise_all(store, occasions, *opened):
    """Keep occasions as the night does."""
    keeper = Keeper(PEOPLE, rows_of_notice)
    for each in occasions:
        keeper.keep(each, opened)
    ledger = store.ledger()
    with ledger.writing():
        keeper.flush(ledger)
    return ledger


def states(ledger, table="notices"):
    return dict(Counter(str(row["state"]) for row in ledger.select(table)))


def messages(ledger, **wanted):
    return [row for row in ledger.select("messages", "1 = 1 ORDER BY at, recipient, key")
            if all(row[name] == value for name, value in wanted.items())]  # fmt: skip


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
    raise_all(store, [occasion(8)], Notice(("supervisor",), via=("pager",)))
    assert gather(ledger, PEOPLE, ["mail", "room"], NOW) == 2
    assert Counter(row["sink"] for row in messages(ledger)) == {"mail": 3, "room": 4, "": 1}
    assert states(ledger, "messages") == {"waiting": 7, "nobody": 1}, "no sink is called pager"


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


class Kept:
    """A sink that keeps what it is told; it fails as it is asked to."""

    def __init__(self, *errors, after=None):
        self.errors, self.told, self.after = list(errors), [], after

    def notify(self, message):
        if self.after is not None:
            self.after()
        if self.errors:
            raise self.errors.pop(0)
        self.told.append(message)


def waiting(store, count=3, **changes):
    ledger = raise_all(store, [occasion(n, **changes) for n in range(count)], Notice(("petra",), "call 600 123 456"))
    gather(ledger, PEOPLE, ["mail"], NOW)
    return ledger


def test_what_is_not_taken_is_tried_again_under_the_same_key_and_given_up_in_the_end(store):
    ledger = waiting(store, 1)
    key = messages(ledger)[0]["key"]
    sink = Kept(NotTaken("not now"), RetryLater(7200, "later"), OSError("secret-42 is wrong"), NotTaken("no"))
    to = Addressee("mail", sink, patience=Patience(tries=3, first_s=10), secrets=frozenset(["secret-42"]))
    seen, now = [], NOW
    for _ in range(5):
        done = send(store, [to], now)["mail"]
        row = ledger.select("messages")[0]
        seen.append((done.waiting, done.dead, row["tries"], row["state"]))
        assert "secret-42" not in f"{row['error']} {done.last_error}"
        now = max(now, datetime.fromisoformat(str(row["next_at"])))
    assert seen == [(1, 0, 1, "waiting"), (1, 0, 1, "waiting"), (1, 0, 2, "waiting"), (0, 1, 3, "dead"),
                    (0, 1, 3, "dead")]  # fmt: skip
    assert now > NOW + 2 * HOUR, "a receiver that asks for a pause gets it"
    assert ledger.select("messages")[0]["key"] == key


def test_everything_due_is_sent_in_one_run_and_once(store):
    waiting(store, 220)
    sink = Kept()
    assert send(store, [Addressee("mail", sink)], NOW)["mail"].sent == 220
    assert send(store, [Addressee("mail", sink)], NOW)["mail"].sent == 0
    assert len({each.key for each in sink.told}) == len(sink.told) == 220


def test_a_sink_that_fails_in_a_row_is_left_alone(store):
    waiting(store, 20)
    sink = Kept(*[NotTaken("down")] * 100)
    done = send(store, [Addressee("mail", sink, patience=Patience(row=5))], NOW)["mail"]
    assert (done.sent, done.waiting, len(sink.errors)) == (0, 20, 95)


def test_a_slow_sink_delays_no_other(store):
    ledger = raise_all(store, [occasion(n) for n in range(5)], Notice(("petra",)))
    gather(ledger, PEOPLE, ["slow", "quick"], NOW)
    let_go = threading.Event()
    slow, quick = Kept(after=lambda: let_go.wait(20)), Kept()
    begun = time.monotonic()
    done = send(store, [Addressee("slow", slow), Addressee("quick", quick)], NOW, within_s=1.0)
    assert time.monotonic() - begun < 10
    assert (done["quick"].sent, done["slow"].sent, done["slow"].waiting) == (5, 0, 5)
    assert done["slow"].last_error == "it did not answer in time"
    let_go.set()
    for each in threading.enumerate():
        if each.name == "messages of slow":
            each.join(20)
    assert send(store, [Addressee("slow", Kept())], NOW)["slow"].waiting == 0


def test_what_pauta_yaml_asks_to_mask_is_masked_before_it_is_sent(store):
    ledger = raise_all(store, [occasion(600123456)], Notice(("petra",), "ring 600 123 456, write to eva@example.org"))
    gather(ledger, PEOPLE, ["mail"], NOW)
    by_operation, by_sink = redactor_from(["phone"]), redactor_from(["email"])
    sink = Kept()
    send(store, [masking(Addressee("mail", sink, redactor=by_sink), by_operation)], NOW)
    (line,) = sink.told[0].lines
    assert line == "Ana Mora; retail; call c600123456; missed: identity; ring *** *** ***, write to ***************"
    bad = redactor_from([{"slow": "(a|aa)+$"}])
    raise_all(store, [occasion(2)], Notice(("petra",), "a" * 60 + "!"))
    gather(ledger, PEOPLE, ["mail"], NOW)
    done = send(store, [Addressee("mail", sink, redactor=bad)], NOW)["mail"]
    assert len(sink.told) + done.waiting == 2
    assert done.waiting == 0 or "redaction 'slow' failed" in done.last_error


@pytest.fixture
def box():
    made = Box()
    made.port = free_port()
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    yield made
    controller.stop()


def opened(name, **options):
    sink = open_sink("", Host(installed=False), name=name, options=options)
    assert not isinstance(sink, Problem), sink
    return sink


def test_a_letter_goes_to_the_person_and_where_no_address_is_known_to_the_sinks_own(store, box):
    ledger = raise_all(store, [occasion(1, titles={"es": "Grave\r\nBcc: x@y.org"})], Notice(("supervisor", "noa")))
    gather(ledger, PEOPLE, ["mail"], NOW)
    sink = opened(
        "email", host="127.0.0.1", port=box.port, security="none", to="all@example.org", **{"from": "q@e.org"}
    )
    assert send(store, [Addressee("mail", sink)], NOW)["mail"].sent == 2
    sink.close()
    by_to = {tuple(to): letter for to, letter in box.letters}
    assert set(by_to) == {("luis@example.com",), ("all@example.org",)}
    letter = by_to["luis@example.com",]
    assert (letter["To"], letter["Bcc"]) == ("luis@example.com", None)
    assert letter["Subject"] == "Grave Bcc: x@y.org, Ana Mora"
    assert "Ana Mora; retail; llamada c1; falló: identity" in letter.get_content()
    keys = {f"<{row['key']}@pauta>" for row in messages(ledger)}
    assert {str(letter["Message-ID"]) for _, letter in box.letters} == keys


def test_a_mail_server_that_is_down_gets_it_later_under_the_same_id(store, box):
    waiting(store, 1)
    sink = opened(
        "email", host="127.0.0.1", port=box.port, security="none", to="all@example.org", **{"from": "q@e.org"}
    )
    box.down = True
    assert send(store, [Addressee("mail", sink)], NOW)["mail"].waiting == 1
    box.down = False
    assert send(store, [Addressee("mail", sink)], NOW + HOUR)["mail"].sent == 1
    sink.close()
    assert [to for to, _ in box.letters] == [["petra@example.com"]]


@pytest.fixture
def server(tmp_path):
    """The web server with bad days; gives its address and its log."""
    log = tmp_path / "server.log"
    command = [sys.executable, str(HERE / "troubled_server.py"), str(log), "s3cret", "0.3"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    port = process.stdout.readline().strip()
    yield f"http://127.0.0.1:{port}/people", log
    process.kill()
    process.communicate()


def lines(log):
    return [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def test_a_web_server_with_bad_days_gets_every_message(store, server):
    url, log = server
    ledger = waiting(store, 25)
    sink = opened("webhook", url=url, secret="s3cret", allow_http=True, allow_private=True, timeout_s=0.7)
    to = Addressee("mail", sink, patience=Patience(tries=50, first_s=1, row=100))
    now = NOW
    for _ in range(40):
        if send(store, [to], now)["mail"].waiting == 0:
            break
        now += HOUR
    sink.close()
    assert states(ledger, "messages") == {"sent": 25}
    took = Counter(line[2] for line in lines(log) if line[1] == "ok")
    assert set(took) == {row["key"] for row in messages(ledger)}
    assert all(line[-1] == "True" for line in lines(log)), "each is signed, and has its own key in the header"
    bodies = {}
    for line in lines(log):
        bodies.setdefault(line[2], set()).add(line[5])
    assert {len(each) for each in bodies.values()} == {1}, "it says the same however often it is sent"


KILLED = """\
import os, sys, signal
sys.path.insert(0, {tests!r})
from test_notices import *
class Dies(Kept):
    def notify(self, message):
        with open({log!r}, "a") as log:
            log.write(message.key + chr(10))
        if sum(1 for _ in open({log!r})) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
with Store({path!r}) as store:
    send(store, [Addressee("mail", Dies())], NOW)
"""


def test_killed_between_sending_and_mark_it_is_sent_again_under_the_same_key(tmp_path):
    path, log = tmp_path / "results.db", tmp_path / "log"
    with Store(path) as store:
        waiting(store, 5)
    script = KILLED.format(tests=str(HERE), log=str(log), path=str(path))
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=HERE, timeout=120)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.returncode == 0, done.stderr
    sent = log.read_text(encoding="utf-8").split()
    with Store(path) as store:
        assert states(store.ledger(), "messages") == {"sent": 5}
        assert set(sent) == {row["key"] for row in messages(store.ledger())}
    assert Counter(Counter(sent).values()) == {1: 4, 2: 1}, "the one that was not marked came twice"


def test_two_at_once_send_nothing_twice(tmp_path):
    with Store(tmp_path / "results.db") as store:
        waiting(store, 60)
        sink = Kept(after=lambda: time.sleep(0.002))
        threads = [threading.Thread(target=_send_on, args=(tmp_path / "results.db", sink)) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        send(store, [Addressee("mail", sink)], NOW)
        assert len(sink.told) == len({each.key for each in sink.told}) == 60


def _send_on(path, sink):
    with Store(path) as store:
        send(store, [Addressee("mail", sink)], NOW)


def test_the_commands_tell_people(tmp_path, monkeypatch, server):
    """`pauta score`, `pauta escalations run` and `pauta doctor`, with a receiver that is there and one that is not."""
    url, log = server
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PEOPLE_SECRET", "s3cret")
    monkeypatch.setenv("OTHER_SECRET", "t0p-s3cret")
    Path("scorecards").mkdir()
    Path("scorecards/retail.yaml").write_text("""\
scorecard: retail
version: 1.0.0
sections: [{section: all, answers: yes_no, questions: [
  {question: greeting}, {question: identity, error: {critical: compliance, fails: card}}]}]
escalations: [{escalation: grave, when: {critical_errors: {above: 0}}, do: [coach, {notify: {to: supervisor}}]}]
""", encoding="utf-8")  # fmt: skip
    Path("pauta.yaml").write_text(f"""\
operation: small
people: {{ana: {{leader: luis}}, luis: {{roles: [supervisor]}}}}
sinks:
  - results.db
  - webhook: {{name: here, url: "{url}", secret: "${{env:PEOPLE_SECRET}}", allow_http: true, allow_private: true,
               timeout_s: 0.7, when: {{passed: true}}, delivery: {{tries: 30}}}}
  - webhook: {{name: away, url: "http://127.0.0.1:9/x", secret: "${{env:OTHER_SECRET}}", allow_http: true,
               allow_private: true, when: {{passed: true}}, delivery: {{tries: 2}}}}
""", encoding="utf-8")  # fmt: skip
    Path("calls.jsonl").write_text('{"call_id": "c1", "agent": "ana", "started_at": "2026-03-02T09:00:00Z"}\n')
    answers = {"call_id": "c1", "agent": "ana", "scorecard": "retail", "evaluator": "petra",
               "evaluated_at": "2026-03-02T10:00:00Z", "answers": {"greeting": "yes", "identity": "no"}}  # fmt: skip
    Path("answers.jsonl").write_text(json.dumps(answers) + "\n")
    scored = CliRunner().invoke(main, ["score", "calls.jsonl", "--answers", "answers.jsonl"])
    assert "sink 'away' has not taken 1 messages to people" in scored.output, scored.output
    seen = ""
    for day in range(1, 30):
        run = CliRunner().invoke(main, ["escalations", "run", "--now", (NOW + timedelta(days=365 + day)).isoformat()])
        seen += run.output
        if "given up" in run.output and any(line[1] == "ok" for line in lines(log)):
            break
    assert "they were given up after too many tries" in seen
    assert "t0p-s3cret" not in scored.output + seen
    assert any(line[1] == "ok" for line in lines(log))
    doctor = CliRunner().invoke(main, ["doctor"])
    assert "messages to people" in doctor.output
    assert "1 dead" in doctor.output
