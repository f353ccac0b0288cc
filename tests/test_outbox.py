"""The outbox: what is sent, tried again, given up, let go; by the pipeline and by the commands."""

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from card_folders import write_cards
from click.testing import CliRunner
from plugins_made import Plugin
from results_made import evaluation

from pauta.cli import main
from pauta.engine.contracts import NotTaken, Recipient, RetryLater
from pauta.engine.delivery import Addressee, Courier, Patience, scrubbed
from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.model.calls import Call
from pauta.engine.pipeline import Outlet, score
from pauta.engine.problems import ProblemsFound
from pauta.engine.redaction import Redactor, redactor_from
from pauta.engine.routing import Router
from pauta.store import Store

QUICK = Patience(tries=4, first_s=0.001, most_s=0.002, row=50, pause_s=0.05)
CARD = {"scorecard": "sale", "sections": [{"section": "s", "questions": [{
    "question": "long", "text": "Long", "answers": "yes_no",
    "criterion": {"condition": {"call.duration_s": {"at_least": 60}}}}]}], "examples": None}  # fmt: skip


class Post:
    """A sink that sends elsewhere; `fails` says what to raise at which of its sendings."""

    name: ClassVar[str] = "post"
    options: ClassVar[dict] = {"type": "object"}
    endings: ClassVar[tuple] = ()
    delivers: ClassVar[bool] = True

    def __init__(self, options=None, fails=lambda number, item: None):
        self.came, self.tried, self.fails, self.closed = [], [], fails, False

    def deliver(self, item):
        self.tried.append(item.key)
        error = self.fails(len(self.tried), item)
        if error is not None:
            raise error
        self.came.append((item.key, item.evaluation["evaluation_id"], item.attempt))

    def close(self):
        self.closed = True


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results.db") as store:
        yield store


def queued(store, count=3, sinks=("post",)):
    send = [Recipient(name) for name in sinks]
    store.write([evaluation(f"e{n}") for n in range(count)], send=send)
    return [item.key for item in store.waiting(["waiting"], sinks[0])]


def delivered(store, *addressees, within=10.0, **how):
    courier = Courier(store, addressees, **how)
    courier.start()
    return courier.finish(within)


def to(sink, name="post", patience=QUICK, **how):
    return Addressee(name, sink, patience=patience, **how)


def test_what_waits_is_sent_once_in_order(store):
    keys, post = queued(store), Post()
    result = delivered(store, to(post))["post"]
    assert [key for key, _, _ in post.came] == keys
    assert (result.delivered, result.waiting, result.dead) == (3, 0, 0)
    assert store.tally("post") == {"delivered": 3}
    assert delivered(store, to(post))["post"].delivered == 0
    assert len(post.tried) == 3


def test_what_is_not_taken_is_tried_again_under_the_same_key(store):
    keys, post = queued(store), Post(fails=lambda number, item: NotTaken("busy") if number in (1, 2, 5) else None)
    result = delivered(store, to(post))["post"]
    assert sorted(key for key, _, _ in post.came) == sorted(keys)
    assert (result.delivered, result.failed, result.waiting) == (3, 3, 0)
    assert {item.error for item in store.waiting(["delivered"])} == {None}


def test_after_so_many_tries_it_is_given_up(store):
    queued(store, 2)
    post = Post(
        fails=lambda number, item: NotTaken("the answer was 500") if item.evaluation["evaluation_id"] == "e0" else None
    )
    result = delivered(store, to(post))["post"]
    assert (result.delivered, result.gave_up, result.dead) == (1, 1, 1)
    (dead,) = store.waiting(["dead"])
    assert (dead.evaluation_id, dead.tries, dead.error) == ("e0", 4, "the answer was 500")
    assert delivered(store, to(post))["post"].gave_up == 0, "given up once"


def test_back_off_grows_has_jitter_and_an_end():
    patience = Patience(first_s=1, most_s=60)
    assert [patience.wait_s(tries, 0.5) for tries in (1, 2, 3, 4, 9, 5000)] == [1, 2, 4, 8, 60, 60]
    assert [patience.wait_s(3, chance) for chance in (0, 1)] == [2, 6]


def test_a_sink_that_fails_in_a_row_is_left_alone(store):
    queued(store, 30)
    post = Post(fails=lambda number, item: NotTaken("down"))
    patience = Patience(tries=100, first_s=0.001, most_s=0.001, row=5, pause_s=60)
    result = delivered(store, to(post, patience=patience), within=1.0)["post"]
    assert (len(post.tried), result.waiting) == (5, 30)
    quick = Patience(tries=100, first_s=0.001, most_s=0.001, row=5, pause_s=0.05)
    post = Post(fails=lambda number, item: NotTaken("down") if number <= 7 else None)
    assert delivered(store, to(post, patience=quick))["post"].delivered == 30


def test_a_receiver_that_asks_for_time_gets_it_and_loses_no_try(store):
    queued(store, 5)
    began = time.monotonic()
    post = Post(fails=lambda number, item: RetryLater(0.2) if number in (2, 3) else None)
    assert delivered(store, to(post))["post"].delivered == 5
    assert time.monotonic() - began >= 0.4
    assert max(attempt for _, _, attempt in post.came) == 1
    queued(store, 6)
    for asked in (3600.0, float("inf"), float("nan")):
        store.move([item.key for item in store.waiting(["waiting"])], "waiting")
        post = Post(fails=lambda number, item, asked=asked: RetryLater(asked))
        assert delivered(store, to(post), within=5)["post"].waiting == 1
        (item,) = store.waiting(["waiting"])
        wait = datetime.fromisoformat(item.next_at) - datetime.now(UTC)
        assert timedelta(minutes=59) < wait <= timedelta(days=1)


def test_a_slow_sink_delays_no_other(store):
    queued(store, 20, ("slow", "post"))
    slow, post = Post(fails=lambda number, item: time.sleep(0.3)), Post()
    began = time.monotonic()
    courier = Courier(store, [to(slow, "slow"), to(post)])
    courier.start()
    while len(post.came) < 20 and time.monotonic() - began < 5:
        time.sleep(0.01)
    assert len(slow.came) < 20
    result = courier.finish(0.0)
    assert result["post"].waiting == 0
    assert result["slow"].waiting > 0


def test_a_sink_that_hangs_ends_with_the_time(store):
    queued(store, 2)
    hang = threading.Event()
    began = time.monotonic()
    result = delivered(store, to(Post(fails=lambda number, item: hang.wait(20) and None)), within=0.5)["post"]
    assert time.monotonic() - began < 3
    assert (result.delivered, result.waiting) == (0, 2)
    hang.set()


@pytest.mark.slow
def test_two_couriers_send_nothing_twice(tmp_path, store):
    queued(store, 60)
    posts = [Post(fails=lambda number, item: time.sleep(0.002)) for _ in range(2)]
    with store.another() as other:
        couriers = [Courier(each, [to(post)]) for each, post in zip((store, other), posts, strict=True)]
        for courier in couriers:
            courier.start()
        for courier in couriers:
            courier.finish(10)
    assert len(posts[0].tried) + len(posts[1].tried) == 60


def test_what_comes_while_it_runs_is_sent(store):
    post = Post()
    courier = Courier(store, [to(post)])
    courier.start()
    for n in range(5):
        store.write([evaluation(f"e{n}")], send=[Recipient("post")])
        courier.wake()
    assert courier.finish(10)["post"].delivered == 5


def test_what_cannot_be_masked_is_not_sent(store):
    def broken(text):
        raise ValueError(text)

    queued(store, 2)
    post = Post()
    result = delivered(store, to(post, redactor=Redactor({"mine": broken})))["post"]
    assert (post.tried, result.dead) == ([], 2)
    assert "mine" in store.waiting(["dead"])[0].error
    assert "nobody said it" not in store.waiting(["dead"])[0].error


def test_no_secret_stands_in_the_outbox(store):
    queued(store, 1)
    post = Post(fails=lambda number, item: RuntimeError("POST https://crm/t0ken/x: 500, key t0ken"))
    delivered(store, to(post, secrets=frozenset({"t0ken", ""})))
    assert store.waiting(["dead"])[0].error == "RuntimeError: POST https://crm/***/x: 500, key ***"
    assert scrubbed("ab abc", ["ab", "abc"]) == "*** ***"


def test_a_store_that_fails_ends_its_sink_with_a_sentence(store):
    queued(store, 1)
    store._db.conn.execute("DROP TABLE outbox")
    courier = Courier(store, [to(Post())])
    courier.start()
    with pytest.raises(ProblemsFound):
        courier.finish(5)


# The pipeline


@pytest.fixture(scope="module")
def host():
    host = Host(installed=False)
    assert host.register(Plugin("sinks", Post), "posting", version="1.0").failure is None
    return host


@pytest.fixture
def run(host, tmp_path):
    catalog = Catalog([write_cards(tmp_path / "cards", {"sale.yaml": CARD})], host)

    def run(calls, *outlets, to="results.db", **how):
        sinks = [Outlet("db", open_sink(str(tmp_path / to), host))] if to else []
        router = Router(catalog, named=["sale"])
        return score(calls, router=router, host=host, outlets=[*sinks, *outlets], batch_size=2, **how)

    return run


CALLS = [Call(f"c{n}", duration_s=float(n * 20)) for n in range(7)]


def test_results_and_what_is_sent_of_them(run):
    post = Post()
    summary = run(CALLS, Outlet("crm", post))
    assert summary.outcomes == {"crm": "7 delivered", "db": "7 new, 0 revised, 0 unchanged"}
    assert len(post.came) == 7
    assert post.closed
    again = Post()
    summary = run(CALLS, Outlet("crm", again))
    assert (again.tried, summary.outcomes["crm"], summary.failures) == ([], "0 delivered", 0)
    longer = Post()
    run([*CALLS[:6], Call("c6", duration_s=1.0)], Outlet("crm", longer))
    assert len(longer.came) == 1, "a new revision is sent"


def test_a_sink_that_delivers_nothing_is_refused():
    class Idle:
        name, options, endings, delivers = "idle", {"type": "object"}, (), True

    assert "no method deliver" in Host(installed=False).register(Plugin("sinks", Idle), "idle").failure.message


def test_what_a_sink_did_not_take_waits_for_the_next_run(run):
    down = Outlet("crm", Post(fails=lambda number, item: NotTaken("it answered 500")), patience=Patience(first_s=0.01))
    summary = run(CALLS, down, deliver_for_s=0.5)
    assert [problem.code for problem in summary.problems] == ["E630"]
    assert "7 results" in summary.problems[0].message
    assert "it answered 500" in summary.problems[0].message
    assert (summary.failures, summary.outcomes["crm"]) == (1, "0 delivered, 7 waiting")
    time.sleep(0.2)
    post = Post()
    assert run([], Outlet("crm", post), deliver_for_s=20).outcomes["crm"] == "7 delivered"
    assert len({key for key, _, _ in post.came}) == 7


def test_a_slow_sink_keeps_no_file_waiting(run, host, tmp_path):
    there = []
    slow = Post(fails=lambda number, item: there.append((tmp_path / "sheet.csv").exists()) or time.sleep(0.05))
    run(CALLS, Outlet("crm", slow), Outlet("sheet", open_sink(str(tmp_path / "sheet.csv"), host)))
    assert there[-1]


def test_only_what_a_sink_wants_is_sent(run):
    class Picky(Post):
        def wants(self, record):
            if record["call_id"] == "c6":
                raise ZeroDivisionError
            return record["score"] == 0

    post = Picky()
    summary = run(CALLS, Outlet("crm", post))
    assert len(post.came) == 4
    assert [problem.code for problem in summary.problems] == ["E620"]


def test_a_plugins_sink_is_watched(run, host):
    post = open_sink("", host, name="post", options={})
    post.fails = lambda number, item: SystemExit(1) if number == 1 else None
    assert run(CALLS, Outlet("crm", post, patience=QUICK)).outcomes["crm"] == "7 delivered"


def test_a_sink_may_look_at_the_call_too(run):
    class Picky(Post):
        def wants(self, record, call):
            return call["duration_s"] > record["score"]

    post = Picky()
    assert run(CALLS, Outlet("crm", post)).outcomes["crm"] == "3 delivered"


class Digest(Post):
    """A sink that sends one message about all of a run."""

    gathers = True

    def __init__(self, **how):
        super().__init__(**how)
        self.said = []

    def deliver_all(self, key, items):
        self.tried.append(key)
        error = self.fails(len(self.tried), items)
        if error is not None:
            raise error
        self.said.append((key, [item.evaluation["call_id"] for item in items]))


ALL = [call.call_id for call in CALLS]


def test_one_message_about_all_of_a_run(run):
    digest = Digest()
    assert run(CALLS, Outlet("crm", digest)).outcomes["crm"] == "7 delivered"
    assert [ids for _, ids in digest.said] == [ALL]
    again = Digest()
    assert run(CALLS, Outlet("crm", again)).outcomes["crm"] == "0 delivered"
    assert again.said == []


def test_a_message_about_a_run_that_was_broken_off_waits_and_goes_out_whole(run):
    def calls():
        yield from CALLS[:4]
        raise KeyboardInterrupt

    early = Digest()
    with pytest.raises(KeyboardInterrupt):
        run(calls(), Outlet("crm", early))
    assert early.tried == []
    late = Digest()
    assert run(CALLS, Outlet("crm", late)).outcomes["crm"] == "7 delivered"
    assert [ids for _, ids in late.said] == [ALL]


def test_a_message_that_may_have_been_taken_is_sent_again_as_it_was(run, tmp_path):
    lost = Digest(fails=lambda number, items: NotTaken("the answer was lost"))
    slow = Patience(first_s=0.3)
    assert run(CALLS[:4], Outlet("crm", lost, patience=slow), deliver_for_s=0.1).outcomes["crm"] == (
        "0 delivered, 4 waiting"
    )
    with Store(tmp_path / "results.db") as store:
        assert {item.tries for item in store.waiting(["waiting"])} == {1}
    digest = Digest()
    assert run(CALLS, Outlet("crm", digest), deliver_for_s=20).outcomes["crm"] == "7 delivered"
    assert sorted(ids for _, ids in digest.said) == [ALL[:4], ALL[4:]]
    assert lost.tried[0] in {key for key, _ in digest.said}


def test_a_message_that_nobody_takes_is_given_up_as_one(store):
    queued(store, 3)
    digest = Digest(fails=lambda number, items: NotTaken("no"))
    result = delivered(store, to(digest))["post"]
    assert (result.gave_up, result.dead, len(digest.tried), len(set(digest.tried))) == (3, 3, 4, 1)
    store.move([item.key for item in store.waiting(["dead"])], "waiting")
    digest.fails = lambda number, items: None
    assert delivered(store, to(digest))["post"].delivered == 3
    assert len(set(digest.tried)) == 1


def test_what_cannot_be_masked_keeps_no_other_out_of_a_message(store):
    def picky(text):
        if "unspeakable" in text:
            raise ValueError(text)
        return [(0, 1)]

    answers = [{**evaluation()["answers"][0], "comment": "unspeakable"}]
    store.write([evaluation("e0"), evaluation("e1", answers=answers), evaluation("e2")], send=[Recipient("post")])
    digest = Digest()
    result = delivered(store, to(digest, redactor=Redactor({"mine": picky})))["post"]
    assert (result.delivered, result.dead, len(digest.said)) == (2, 1, 1)
    assert "unspeakable" not in store.waiting(["dead"])[0].error


def test_what_is_sent_of_the_call_is_masked_too(store):
    call = Call("c-1", agent="ana", attributes={"mail": "bo@example.org", "notes": ["bo@example.org"]})
    store.write([evaluation()], calls=[call], send=[Recipient("post")])
    came = []
    delivered(store, to(Post(fails=lambda number, item: came.append(item.call)), redactor=redactor_from(["email"])))
    assert came[0]["attributes"] == {"mail": "*" * 14, "notes": ["*" * 14]}
    assert came[0]["agent"] == "ana"


def test_what_was_sent_is_forgotten_after_a_while(run, tmp_path):
    run(CALLS, Outlet("crm", Post()))
    with Store(tmp_path / "results.db") as store:
        items = store.waiting(["delivered"])
        store.settle([replace(item, state="delivered", delivered_at="2020-01-01T00:00:00.000Z") for item in items[1:]])
    run(CALLS, Outlet("crm", Post()))
    with Store(tmp_path / "results.db") as store:
        assert store.tally("crm") == {"delivered": 1}


def test_without_a_database_there_is_no_outbox(run, host, tmp_path):
    with pytest.raises(ProblemsFound) as error:
        run(CALLS, Outlet("crm", Post()), to=None)
    assert error.value.problems[0].code == "E750"
    sheet = Outlet("sheet", open_sink(str(tmp_path / "sheet.csv"), host))
    with pytest.raises(ProblemsFound) as error:
        run(CALLS, sheet, Outlet("crm", Post()), Outlet("crm", Post()))
    assert error.value.problems[0].code == "E751"
    assert not (tmp_path / "sheet.csv").exists()


def test_an_interrupted_run_keeps_what_is_to_be_sent(run, tmp_path):
    def calls():
        yield from CALLS[:4]
        raise KeyboardInterrupt

    down = Post(fails=lambda number, item: NotTaken("down"))
    with pytest.raises(KeyboardInterrupt):
        run(calls(), Outlet("crm", down))
    with Store(tmp_path / "results.db") as store:
        assert store.tally("crm") == {"waiting": 4}
    post = Post()
    time.sleep(2)
    assert run(CALLS, Outlet("crm", post)).outcomes["crm"] == "7 delivered"


# The commands

PLUGIN = '''
from pathlib import Path
from pauta import NotTaken, hookimpl


class Drop:
    """Writes a file for each result, while there is a folder for them."""

    name = "drop"
    endings = ()
    delivers = True
    options = {"type": "object", "properties": {"folder": {"type": "string"}, "password": {"type": "string"}}}

    def __init__(self, options):
        self.options = options

    def deliver(self, item):
        if not Path(self.options["folder"]).is_dir():
            raise RuntimeError(f"no folder for {self.options['password']}")
        (Path(self.options["folder"]) / item.key).write_text(str(item.evaluation["score"]))


@hookimpl
def register_sinks(register):
    register(Drop)
'''


@pytest.fixture
def centre(tmp_path, monkeypatch):
    write_cards(tmp_path, {"scorecards/sale.yaml": CARD})
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "dropping.py").write_text(PLUGIN)
    (tmp_path / "pauta.yaml").write_text(
        "operation: centre\nsources: [calls.jsonl]\nsinks:\n  - results.jsonl\n"
        "  - drop: {name: crm, folder: in, password: '${env:CRM_PASSWORD}',\n"
        "      delivery: {tries: 2, first_s: 0.01, row: 50}}\n"
    )
    lines = [json.dumps({"call_id": f"c{n}", "duration_s": n * 30}) for n in range(4)]
    (tmp_path / "calls.jsonl").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_PASSWORD", "geheim")
    return tmp_path


def pauta(*words):
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    assert "geheim" not in result.output
    return result


def test_the_life_of_an_outbox_at_the_command_line(centre):
    assert "nothing waits" in pauta("outbox", "list").output
    first = pauta("score")
    assert (first.exit_code, (centre / "pauta.db").exists()) == (3, True)
    assert "crm: 0 delivered, 4 given up" in first.output
    assert "E631" in first.output
    assert "no folder for ***" in first.output
    listed = json.loads(pauta("outbox", "list", "--format", "json").stdout)
    assert [each["state"] for each in listed] == ["dead"] * 4
    assert set(listed[0]) == {
        "key", "sink", "evaluation_id", "revision", "state", "tries", "next_at", "queued_at", "delivered_at", "error",
        "bundle",
    }  # fmt: skip
    dropped = pauta("outbox", "drop", listed[3]["key"][:8])
    assert (dropped.exit_code, dropped.output) == (0, "1 dropped\n")
    assert pauta("outbox", "drop", "zz").exit_code == 1
    assert pauta("outbox", "drop").exit_code == 2
    again = pauta("outbox", "retry", "--for", "5")
    assert (again.exit_code, "E631" in again.output) == (3, True)
    (centre / "in").mkdir()
    again = pauta("outbox", "retry", listed[0]["key"], "--sink", "crm", "--format", "json")
    assert json.loads(again.stdout) == {"crm": "1 delivered, 2 given up"}
    assert pauta("outbox", "retry").exit_code == 0
    assert sorted(each.name for each in (centre / "in").iterdir()) == sorted(each["key"] for each in listed[:3])
    assert "nothing waits" in pauta("outbox", "list").output
    assert pauta("outbox", "list", "--all").output.count("delivered") == 3
    assert json.loads(pauta("score", "--format", "json").stdout)["outcomes"]["crm"] == "0 delivered"
    last = pauta("score")
    assert (last.exit_code, "crm: 0 delivered" in last.output) == (0, True)


def test_what_was_sent_long_ago_is_forgotten_on_request(centre):
    (centre / "in").mkdir()
    pauta("score")
    with Store(centre / "pauta.db") as store:
        old = store.waiting(["delivered"])[1:]
        store.settle([replace(item, delivered_at=f"202{n}-01-01T00:00:00.000Z") for n, item in enumerate(old)])
    assert pauta("outbox", "prune", "--days", "99999").output == "0 forgotten\n"
    (centre / "pauta.yaml").write_text((centre / "pauta.yaml").read_text() + "retention: {outbox: 1 d}\n")
    assert json.loads(pauta("outbox", "prune", "--format", "json").stdout) == {"forgotten": 3}
    assert pauta("outbox", "prune", "--days", "0").output == "1 forgotten\n"
    (centre / "pauta.yaml").write_text((centre / "pauta.yaml").read_text().replace("1 d", "a while"))
    assert "30 d" in pauta("outbox", "prune").output


def test_doctor_says_what_waits(centre):
    def said():
        listed = json.loads(CliRunner().invoke(main, ["doctor", "--format", "json"]).stdout)
        return [(each["level"], each["said"]) for each in listed if each["what"] == "outbox"]

    assert said() == []
    assert not (centre / "pauta.db").exists()
    pauta("score")
    assert said() == [("note", "0 waiting, 4 dead (crm; `pauta outbox list` says why)")]
    (centre / "in").mkdir()
    pauta("outbox", "retry")
    assert said() == [("good", "0 waiting, 0 dead")]
    (centre / "pauta.db").write_text("something else")
    assert said()[0][0] == "bad"


def test_retry_leaves_the_files_of_other_sinks_alone(centre):
    (centre / "in").mkdir()
    pauta("score")
    before = (centre / "results.jsonl").read_bytes()
    pauta("outbox", "retry")
    pauta("outbox", "list")
    assert (centre / "results.jsonl").read_bytes() == before


def test_outside_an_operation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = pauta("outbox", "list")
    assert (result.exit_code, "E740" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("said", "code"), [("delivery: {tires: 3}", "E201"), ("redact: [emial]", "E752"), ("name: ''", "E2")]
)
def test_what_the_file_says_of_a_sink_is_checked(centre, said, code):
    text = (centre / "pauta.yaml").read_text().replace("delivery: {tries: 2, first_s: 0.01, row: 50}", said).replace(
        "name: crm, " if said.startswith("name") else "\0", ""
    )  # fmt: skip
    (centre / "pauta.yaml").write_text(text)
    result = pauta("score")
    assert (result.exit_code, code in result.output) == (1, True), result.output
