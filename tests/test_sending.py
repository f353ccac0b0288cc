"""How messages to people are sent: at least once under one key, by e-mail, webhook and sinks of others."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from people_told import HOUR, NOW, PEOPLE, Kept, messages, occasion, raise_all, states, store_of, waiting
from test_sink_email import Box, free_port

from pauta.cli import main
from pauta.engine.contracts import NotTaken, RetryLater
from pauta.engine.delivery import Addressee, Patience
from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.model.followup import Duty, Notice
from pauta.engine.problems import Problem
from pauta.engine.redaction import redactor_from
from pauta.followup import sending as room
from pauta.followup.notices import gather
from pauta.followup.sending import masking, prune_sent, send
from pauta.store import Store

HERE = Path(__file__).parent


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    with store_of(request.param, tmp_path) as store:
        yield store


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
from people_told import *
from pauta.engine.delivery import Addressee
from pauta.followup.sending import send
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


def test_what_was_sent_long_ago_is_forgotten_and_nothing_else(store):
    day = timedelta(days=1)
    ledger = raise_all(
        store, [occasion(n) for n in range(3)], Duty("coach"), Notice(("petra",), via=("mail",), repeat_s=40 * 86400)
    )
    raise_all(store, [occasion(n) for n in (8, 9)], Notice(("petra",), via=("down",)))
    each_60_days = Notice(("petra",), via=("mail",), group_by=("agent",), every_s=60 * 86400)
    raise_all(store, [occasion(7)], each_60_days)
    assert gather(ledger, PEOPLE, ["mail", "down"], NOW) == 6
    down = Addressee("down", Kept(*[NotTaken("no")] * 9), patience=Patience(tries=1))
    send(store, [Addressee("mail", Kept()), down], NOW)
    kept = states(ledger, "messages")
    assert prune_sent(ledger, NOW, NOW + 30 * day) == 0, "up to the moment, and not of it"
    assert kept == {"sent": 4, "dead": 2}
    before = ledger.select("history")
    assert prune_sent(ledger, NOW + day, NOW + 31 * day) == 3
    assert states(ledger, "messages") == {"dead": 2, "sent": 1}, "the interval of one group lasts 60 days"
    assert prune_sent(ledger, NOW + day, NOW + 31 * day) == 0
    raise_all(store, [occasion(6, at=NOW + 31 * day)], each_60_days)
    assert gather(ledger, PEOPLE, ["mail"], NOW + 31 * day) == 0, "which is still known"
    assert gather(ledger, PEOPLE, ["mail"], NOW + 60 * day) == 4, "what was told is told again while it is not done"
    assert prune_sent(ledger, NOW + day, NOW + 60 * day) == 1
    assert ledger.select("history")[: len(before)] == before
    assert states(ledger, "duties") == {"open": 3}


def test_pruning_goes_on_over_what_stays(store, monkeypatch):
    monkeypatch.setattr(room, "SLICE", 2)
    for every in (0, 90):
        notice = Notice(("petra",), "x" * every, group_by=("agent",), every_s=86400.0 * every)
        raise_all(store, [occasion(n, f"a{every}-{n}") for n in range(5)], notice)
    ledger = store.ledger()
    gather(ledger, PEOPLE, ["mail"], NOW)
    send(store, [Addressee("mail", Kept())], NOW)
    assert prune_sent(ledger, NOW + HOUR, NOW + 31 * 24 * HOUR) == 5
