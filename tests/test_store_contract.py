"""What every store promises, run on SQLite and on a real PostgreSQL server."""

import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from postgres_server import fresh_url
from results_made import evaluation

from pauta.engine.contracts import Recipient
from pauta.engine.model.calls import Call
from pauta.engine.problems import ProblemsFound
from pauta.store import PostgresStore, Store, Written

CARD = {
    "scorecard": "retail", "version": "1.0.0", "digest": "d1", "title": "Retail", "document": {"scorecard": "retail"},
}  # fmt: skip
KINDS = {"sqlite": Store, "postgres": PostgresStore}
CRM = Recipient("crm")


def opened(kind, target, **how):
    return KINDS[kind](target, **how)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def target(kind, tmp_path):
    return str(tmp_path / "results.db") if kind == "sqlite" else fresh_url()


@pytest.fixture
def store(kind, target):
    with opened(kind, target) as store:
        yield store


def rows(store, query):
    return [tuple(row.values()) for row in store._read(query)]


def test_what_goes_in_comes_out(store):
    given = [evaluation(agent=None), evaluation("e2", score=None, raw_score=1e-7, agent_score=1e22)]
    store.write(given, calls=[Call("c-1", metrics={"hold_s": 3}, duration_s=7)], cards=[CARD])
    assert list(store.evaluations()) == [{**each, "revision": 1} for each in given]
    assert store.evaluation("e3") is None
    assert rows(store, "SELECT call_id, agent, metrics, duration_s FROM calls WHERE agent = ''") == [
        ("c-1", None, {"hold_s": 3}, 7.0)
    ]
    assert rows(store, "SELECT title, document, precedence FROM cards")[0][:2] == ("Retail", {"scorecard": "retail"})


def test_the_same_result_writes_nothing_and_another_is_a_revision(store):
    assert store.write([evaluation()]) == Written(new=1)
    assert store.write([evaluation(), evaluation()]) == Written(unchanged=2)
    assert store.write(
        [evaluation(score=1.0), evaluation(score=1.0), evaluation("e2"), evaluation("e2", score=2.0)]
    ) == (Written(new=1, revised=2, unchanged=1))
    assert store.write([evaluation()]) == Written(revised=1)
    assert rows(store, "SELECT evaluation_id, revision, current FROM evaluations ORDER BY evaluation_id, revision") == [
        ("e1", 1, 0), ("e1", 2, 0), ("e1", 3, 1), ("e2", 1, 0), ("e2", 2, 1),
    ]  # fmt: skip
    assert store.evaluation("e1", 2)["score"] == 1.0


def test_cards_and_calls_are_brought_up_to_date(store):
    store.write([evaluation()])
    store.write([], calls=[Call("c-1", agent="ana", team="north")], cards=[CARD])
    store.write([evaluation("e2")], calls=[Call("c-1", agent="ana", team="south")])
    assert rows(store, "SELECT agent, team FROM calls") == [("ana", "south")]
    assert rows(store, "SELECT title, document FROM cards") == [("Retail", {"scorecard": "retail"})]


LATE, EARLY = "2026-02-01T00:30:00+02:00", "2026-01-31T22:00:00Z"
ENGINE, ANA, BO = {"evaluator": "engine"}, {"evaluator": "ana"}, {"evaluator": "bo"}
COUNTING = {
    "a person before the engine": ([ENGINE, ANA], ["ana"]),
    "the latest of two, in UTC": ([{**ANA, "evaluated_at": LATE}, {**BO, "evaluated_at": EARLY}], ["ana"]),
    "a dated one before one without a date": ([BO, {**ANA, "evaluated_at": EARLY}], ["ana"]),
    "an incomplete one does not count": ([ENGINE, {**ANA, "status": "incomplete"}], ["engine"]),
    "a not scored one does": ([ENGINE, {**ANA, "status": "not_scored"}], ["ana"]),
    "one for each agent": ([ENGINE, {**ENGINE, "agent": "bo"}], ["engine", "engine"]),
    "one for each card": ([ANA, {**BO, "scorecard": "sales"}], ["ana", "bo"]),
    "the highest version": ([{**ENGINE, "version": v} for v in ("1.10.0", "1.9.0", "1.10.0-rc.1")], ["engine"]),
}


@pytest.mark.parametrize(("made", "expected"), COUNTING.values(), ids=COUNTING)
def test_which_evaluation_counts(store, made, expected):
    store.write([evaluation(f"e{n}", **changes) for n, changes in enumerate(made)])
    found = list(store.evaluations(latest=True))
    assert [each["evaluator"] for each in found] == expected
    assert [each["version"] for each in found] == (["1.10.0"] if "version" in made[0] else ["1.0.0"] * len(expected))


def test_views_unfold_what_json_holds(store):
    store.write([evaluation()])
    store.write([evaluation(score=90.0)])
    assert [row[:2] + row[3:] for row in rows(store, "SELECT question, state, answer, credit FROM answers")] == [
        ("greeting", "answered", 0.0), ("offers", "answered", 0.5), ("empathy", "not_asked", None),
    ]  # fmt: skip
    assert rows(store, "SELECT question, class, fails, fault FROM errors") == [
        ("greeting", "customer", "card", "agent"),
        ("offers", "non_critical", "nothing", "process"),
        ("offers", "business", "section", "process"),
    ]
    evidence = "SELECT question, turn, span_from, span_to, quote, start_s, end_s FROM evidence"
    assert rows(store, evidence) == [("greeting", 1, 0, 4, "¿Sí?", 1.0, None)]
    assert rows(store, "SELECT section, score, raw_score FROM sections") == [("opening", 1.5, 2.0)]
    assert rows(store, "SELECT escalation FROM escalations") == [("coach",), ("notify",)]
    current = "SELECT critical_customer, critical_business, critical_compliance FROM current_evaluations"
    assert rows(store, current) == [(1, 1, 0)]


def test_every_view_has_the_same_columns_in_both(tmp_path):
    def columns(store):
        views = (
            "current_evaluations",
            "latest_evaluations",
            "answers",
            "errors",
            "evidence",
            "sections",
            "escalations",
        )
        return {view: {column[0] for column in store._execute(f"SELECT * FROM {view}").description} for view in views}

    with Store(tmp_path / "a.db") as sqlite, PostgresStore(fresh_url()) as postgres:
        assert columns(sqlite) == columns(postgres)


def test_hostile_text_comes_back(store):
    answers = [
        {**evaluation()["answers"][0], "comment": "'; DROP TABLE calls; -- %s ? \\u0041 \U0001f600", "reason": "a\x00b"}
    ]
    store.write([evaluation(answers=answers, band="é\x00%")])
    found = store.evaluation("e1")
    assert found["answers"][0]["comment"] == answers[0]["comment"]
    assert found["answers"][0]["reason"] in ("a\x00b", "a\ufffdb")


def test_a_number_that_is_none_is_refused_and_nothing_is_kept(store):
    with pytest.raises(ValueError, match="Out of range"):
        store.write([evaluation(), evaluation("e2", score=float("nan"))])
    assert list(store.evaluations()) == []


def test_a_batch_that_fails_halfway_leaves_nothing(store):
    def broken(record, call):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write([evaluation()], send=[Recipient("crm", broken)])
    assert list(store.evaluations()) == []
    assert store.write([evaluation()], send=[CRM]) == Written(new=1, queued=1)


def test_a_newer_pauta_and_other_peoples_tables(kind, target):
    opened(kind, target).close()
    with opened(kind, target) as store, store._writing():
        newer = {
            "sqlite": "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('pauta', '0009_later')",
            "postgres": "INSERT INTO pauta_migrations VALUES ('0009_later', '')",
        }
        store._execute(newer[kind])
    with pytest.raises(ProblemsFound) as error:
        opened(kind, target)
    assert error.value.problems[0].code == "E723"


def test_a_database_of_an_older_pauta_is_brought_up_to_date(kind, target):
    forget = {
        "sqlite": "DELETE FROM _sqlite_migrations WHERE name IN ('0002_outbox', '0003_bundles')",
        "postgres": "DELETE FROM pauta_migrations WHERE name IN ('0002_outbox', '0003_bundles')",
    }
    with opened(kind, target) as store:
        store.write([evaluation()])
        with store._writing():
            store._execute("DROP TABLE outbox")
            store._execute(forget[kind])
    with opened(kind, target) as store:
        assert store.write([evaluation(), evaluation("e2")], send=[CRM]) == Written(new=1, unchanged=1, queued=1)
        with store._writing():
            store._execute(forget[kind])
    with pytest.raises(ProblemsFound) as error:
        opened(kind, target)
    assert error.value.problems[0].code == "E724", "a table of that name is somebody else's"


# The outbox


def test_a_new_revision_is_queued_once_for_each_sink_that_wants_it(store):
    send = [CRM, Recipient("poor", lambda record, call: record["score"] < 50)]
    assert store.write([evaluation(), evaluation("e2", score=10.0)], send=send).queued == 3
    assert store.write([evaluation(), evaluation("e2", score=10.0)], send=send).queued == 0
    assert store.write([evaluation(score=1.0)], send=send).queued == 2
    assert store.write([evaluation()], send=send).queued == 1, "the first result again is a revision of its own"
    items = store.waiting(["waiting"])
    assert [(item.sink, item.evaluation_id, item.revision) for item in items] == [
        ("crm", "e1", 1), ("crm", "e2", 1), ("poor", "e2", 1), ("crm", "e1", 2), ("poor", "e1", 2), ("crm", "e1", 3),
    ]  # fmt: skip
    assert len({item.key for item in items}) == 6
    assert store.tally("crm") == {"waiting": 4}


def test_keys_are_the_same_in_every_database(tmp_path):
    keys = []
    for store in (Store(tmp_path / "a.db"), PostgresStore(fresh_url())):
        with store:
            store.write([evaluation(), evaluation(score=3.0)], send=[CRM])
            keys.append([item.key for item in store.waiting(["waiting"])])
    assert keys[0] == keys[1]


def test_what_is_due_is_handed_out_and_settled(kind, target):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with opened(kind, target, clock=lambda: now) as store:
        store.write([evaluation(), evaluation("e2")], calls=[Call("c-1", agent="ana", channel="voice")], send=[CRM])
        first, second = store.due("crm", "2026-01-01T00:00:00.000Z", 10)
        assert store.due("crm", "2025-12-31T23:59:59.999Z", 10) == []
        delivery = store.delivery(first)
        assert (delivery.key, delivery.evaluation, delivery.attempt) == (first.key, store.evaluation("e1", 1), 1)
        assert delivery.call == {"call_id": "c-1", "agent": "ana", "channel": "voice"}
        later = "2026-01-01T00:00:05.000Z"
        store.move([second.key], "dropped")
        store.settle([replace(first, tries=1, next_at=later, error="no"), replace(second, tries=1, next_at=later)])
        assert store.next_due("crm") == later
        assert [item.state for item in store.waiting(["waiting", "dropped"])] == ["waiting", "dropped"]
        store.settle([replace(first, state="delivered", delivered_at=later), replace(second, state="delivered")])
        assert store.tally("crm") == {"delivered": 2}, "what was sent was sent, dropped or not"
        store.move([first.key], "waiting")
        assert store.next_due("crm") is None


def test_an_outbox_from_before_messages_about_many_gets_its_column(kind, target):
    with opened(kind, target) as store:
        store.write([evaluation()], send=[CRM])
        with store._writing():
            store._execute("ALTER TABLE outbox DROP COLUMN bundle")
            table = {"sqlite": "_sqlite_migrations", "postgres": "pauta_migrations"}[kind]
            store._execute(f"DELETE FROM {table} WHERE name = '0003_bundles'")
    with opened(kind, target) as store:
        (item,) = store.gather("crm", "9999", 10)
        assert item.bundle


def test_what_a_sink_wants_is_asked_with_what_is_stored_of_the_call(store):
    told = []
    asks = [Recipient("crm", lambda record, call: told.append(call) or bool(call.get("attributes")))]
    call = Call("c-1", agent="ana", direction="inbound", attributes={"tier": "gold", "n": [1, {"a": None}]})
    assert store.write([evaluation()], calls=[call], send=asks).queued == 1
    assert store.write([evaluation(score=3.0)], send=asks).queued == 1, "the call came in a run before"
    assert store.write([evaluation("e2", call_id="c-2", agent=None)], calls=[Call("c-2")], send=asks).queued == 0
    deliveries = [store.delivery(item) for item in store.waiting(["waiting"])]
    assert told == [deliveries[0].call, deliveries[1].call, {"call_id": "c-2"}]


def test_what_is_put_together_stays_together(store):
    store.write([evaluation(f"e{n}") for n in range(3)], send=[CRM])
    first = store.gather("crm", "9999", 2)
    assert [item.evaluation_id for item in first] == ["e0", "e1"]
    assert len({item.bundle for item in first} | {None}) == 2
    store.write([evaluation("e3")], send=[CRM])
    assert store.gather("crm", "9999", 10) == first, "until it is taken"
    store.settle([replace(item, next_at="9000", tries=1) for item in first])
    second = store.gather("crm", "8000", 10)
    assert [item.evaluation_id for item in second] == ["e2", "e3"]
    assert second[0].bundle not in (None, first[0].bundle)
    assert store.gather("crm", "1000", 10) == []
    store.settle([replace(item, state="delivered") for item in second])
    store.settle([replace(first[0], bundle=None), replace(first[1], state="delivered")])
    (left,) = store.gather("crm", "9999", 10)
    assert (left.evaluation_id, left.bundle in (None, first[0].bundle, second[0].bundle)) == ("e0", False)
    assert store.gather("mail", "9999", 10) == []


def test_what_was_sent_long_ago_is_forgotten_and_nothing_else(store):
    store.write([evaluation(f"e{n}") for n in range(6)], send=[CRM])
    items = store.waiting(["waiting"])
    old, young = "2020-01-01T00:00:00.000Z", "2030-01-01T00:00:00.000Z"
    states = [("delivered", old), ("delivered", young), ("dead", old), ("dropped", old), ("dropped", young)]
    store.settle([
        replace(item, state=state, delivered_at=when if state == "delivered" else None, next_at=when)
        for item, (state, when) in zip(items, states, strict=False)
    ])  # fmt: skip
    store.settle([replace(items[5], next_at=old)])
    assert store.tallies() == {"crm": {"delivered": 2, "dead": 1, "dropped": 2, "waiting": 1}}
    assert store.prune("2025-01-01T00:00:00.000Z") == 2
    assert store.tallies() == {"crm": {"delivered": 1, "dead": 1, "dropped": 1, "waiting": 1}}
    assert store.prune("2025-01-01T00:00:00.000Z") == 0
    assert store.write([evaluation("e0")], send=[CRM]).queued == 0, "what was sent is not sent again"


def test_one_alone_delivers_for_a_sink(store):
    other = store.another()
    try:
        with store.alone("crm") as first, other.alone("crm") as second, other.alone("mail") as mail:
            assert (first, second, mail) == (True, False, True)
        with other.alone("crm") as second:
            assert second
    finally:
        other.close()


# Two writers


def _write_many(kind, target, writer, barrier):
    barrier.wait()
    for n in range(25):
        with opened(kind, target) as store:
            mine = evaluation(f"w{writer}-{n}", call_id=f"c{n}")
            same = evaluation(f"both-{n}", call_id=f"b{n}")
            store.write([mine, same, evaluation("shared", score=float(writer * 100 + n))], send=[CRM])


def test_two_writers_at_once_leave_every_result_once(kind, target):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    workers = [context.Process(target=_write_many, args=(kind, target, writer, barrier)) for writer in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    with opened(kind, target) as store:
        count = "SELECT count(*) AS n FROM evaluations WHERE evaluation_id LIKE "
        assert rows(store, f"{count} 'w%'") == [(50,)]
        assert rows(store, f"{count} 'both-%'") == [(25,)]
        shared = rows(
            store, "SELECT revision, current FROM evaluations WHERE evaluation_id = 'shared' ORDER BY revision"
        )
        assert shared == [(n + 1, int(n == 49)) for n in range(50)]
        assert rows(store, "SELECT count(*) AS n, count(DISTINCT key) AS m FROM outbox") == [(125, 125)]


# What goes wrong outside


def test_a_full_disk_takes_results_and_outbox_back_together(tmp_path):
    with Store(tmp_path / "results.db") as store:
        store.write([evaluation()], send=[CRM])
        pages = store._db.conn.execute("PRAGMA page_count").fetchone()[0]
        store._db.conn.execute(f"PRAGMA max_page_count = {pages + 3}")
        with pytest.raises(ProblemsFound) as error:
            store.write([evaluation(f"f{n}") for n in range(100)], send=[CRM])
        assert error.value.problems[0].code == "E726"
        assert "the disk is full" in error.value.problems[0].message
        assert store.tally("crm") == {"waiting": 1}
        assert len(list(store.evaluations())) == 1
        store._db.conn.execute("PRAGMA max_page_count = 100000")
        assert store.write([evaluation(f"f{n}") for n in range(100)], send=[CRM]) == Written(new=100, queued=100)
        assert rows(store, "PRAGMA integrity_check") == [("ok",)]


def test_a_server_that_is_not_there_shows_no_password():
    with pytest.raises(ProblemsFound) as error:
        PostgresStore("postgresql://ana:geheim@127.0.0.1:1/results")
    (problem,) = error.value.problems
    assert (problem.code, "geheim" in str(problem)) == ("E728", False)
    with pytest.raises(ProblemsFound) as error:
        PostgresStore("postgresql://ana:geheim@h:port/x")
    assert error.value.problems[0].code == "E728"
    assert "geheim" not in str(error.value)


def test_a_writer_that_waits_too_long_is_told(monkeypatch):
    monkeypatch.setattr("pauta.store.postgres.BUSY_TIMEOUT_S", 0.1)
    url = fresh_url()
    with PostgresStore(url) as store, PostgresStore(url) as other:
        with other._writing(), pytest.raises(ProblemsFound) as error:
            store.write([evaluation()])
        assert error.value.problems[0].code == "E721"
        assert store.write([evaluation()]) == Written(new=1)


def test_a_user_without_the_right_is_told():
    url = fresh_url()
    with PostgresStore(url) as store:
        store._db.execute("SET default_transaction_read_only = on")
        with pytest.raises(ProblemsFound) as error:
            store.write([evaluation()])
        assert error.value.problems[0].code == "E722"


def test_times_in_the_outbox_sort_as_time_does():
    from pauta.engine.delivery import stamp

    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=n * 137) for n in range(30)]
    assert sorted(map(stamp, moments)) == [stamp(moment) for moment in moments]
