"""The embedded database: revisions, which evaluation counts, views, and what a failing disk or process leaves."""

import multiprocessing
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from results_made import evaluation

from pauta.engine.contracts import Recipient
from pauta.engine.model.calls import Call
from pauta.engine.problems import ProblemsFound
from pauta.store import JSON_COLUMNS, TABLES, VIEWS, Store, Written
from pauta.store.ledger_tables import LEDGER, LEDGER_VIEWS

DOCS = Path(__file__).parents[1] / "docs" / "database.md"
CARD = {
    "scorecard": "retail",
    "version": "1.0.0",
    "digest": "d1",
    "title": "Retail",
    "document": {"scorecard": "retail"},
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.db"


def rows(path, query):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def code_of(error):
    return error.value.problems[0].code


def test_what_goes_in_comes_out(path):
    with Store(path) as store:
        store.write([evaluation(agent=None)], calls=[Call("c-1", metrics={"hold_s": 3})], cards=[CARD])
        found = store.evaluation("e1")
        assert found == {**evaluation(agent=None), "revision": 1}
        assert list(store.evaluations()) == [found]
        assert store.evaluation("e2") is None
    assert rows(path, "SELECT call_id, agent, metrics FROM calls") == [("c-1", "", '{"hold_s":3}')]
    assert rows(path, "SELECT title, document FROM cards") == [("Retail", '{"scorecard":"retail"}')]


def test_the_same_result_writes_nothing(path):
    with Store(path) as store:
        assert store.write([evaluation()], calls=[Call("c-1", agent="ana")], cards=[CARD]) == Written(new=1)
    before = path.read_bytes()
    with Store(path) as store:
        assert store.write([evaluation()], calls=[Call("c-1", agent="ana")], cards=[CARD]) == Written(unchanged=1)
        assert store.write([{**evaluation(), "revision": 7}]) == Written(unchanged=1)
    assert path.read_bytes() == before


def test_another_result_is_a_revision_and_the_old_one_stays(path):
    with Store(path) as store:
        store.write([evaluation()])
        assert store.write([evaluation(score=90.0)]) == Written(revised=1)
        assert store.write([evaluation(engine={"version": "0.2.0", "plugins": {}})]) == Written(revised=1)
        assert store.evaluation("e1")["revision"] == 3
        assert store.evaluation("e1", 1)["score"] == 83.33
        assert store.evaluation("e1", 2)["score"] == 90.0
        assert [each["revision"] for each in store.evaluations()] == [3]
    assert rows(path, "SELECT revision, current FROM evaluations") == [(1, 0), (2, 0), (3, 1)]


def test_the_same_id_twice_in_one_batch(path):
    with Store(path) as store:
        store.write([evaluation()])
        batch = [
            evaluation(),
            evaluation(score=1.0),
            evaluation(score=1.0),
            evaluation("e2"),
            evaluation("e2", score=2.0),
        ]
        assert store.write(batch) == Written(new=1, revised=2, unchanged=2)
        assert [(each["evaluation_id"], each["revision"]) for each in store.evaluations()] == [("e1", 2), ("e2", 2)]


def test_a_call_whose_record_changed_is_brought_up_to_date(path):
    with Store(path) as store:
        store.write([evaluation()])
        store.write([], calls=[Call("c-1", agent="ana", team="north")])
        store.write([], calls=[Call("c-1", agent="ana", team="south")])
    assert rows(path, "SELECT agent, team FROM calls") == [("ana", "south")]


def test_a_card_gets_its_document_when_it_comes(path):
    with Store(path) as store:
        store.write([evaluation()])
        store.write([evaluation()], cards=[CARD])
        store.write([evaluation("e2")])
    assert rows(path, "SELECT title, document FROM cards") == [("Retail", '{"scorecard":"retail"}')]


def counting(path, evaluations):
    with Store(path) as store:
        store.write(evaluations)
        return [each["evaluator"] for each in store.evaluations(latest=True)]


LATE, EARLY = "2026-02-01T00:30:00+02:00", "2026-01-31T22:00:00Z"


ENGINE, ANA, BO = {"evaluator": "engine"}, {"evaluator": "ana"}, {"evaluator": "bo"}
COUNTING = {
    "the engine's where no person evaluated": ([ENGINE], ["engine"]),
    "a person's before the engine's": ([ENGINE, ANA], ["ana"]),
    "the latest of two, in UTC": ([{**ANA, "evaluated_at": LATE}, {**BO, "evaluated_at": EARLY}], ["ana"]),
    "a dated one before one without a date": ([BO, {**ANA, "evaluated_at": EARLY}], ["ana"]),
    "an incomplete one does not count": ([ENGINE, {**ANA, "status": "incomplete"}], ["engine"]),
    "a not scored one does": ([ENGINE, {**ANA, "status": "not_scored"}], ["ana"]),
    "none where the only one is incomplete": ([{**ANA, "status": "incomplete"}], []),
    "one for each agent": ([ENGINE, {**ENGINE, "agent": "bo"}], ["engine", "engine"]),
    "one for each card": ([ANA, {**BO, "scorecard": "sales"}], ["ana", "bo"]),
}


@pytest.mark.parametrize(("evaluations", "expected"), COUNTING.values(), ids=COUNTING)
def test_which_evaluation_counts(path, evaluations, expected):
    made = [evaluation(f"e{n}", **changes) for n, changes in enumerate(evaluations)]
    assert counting(path, made) == expected


def test_of_the_engines_own_the_highest_version_counts(path):
    made = [evaluation(f"e{n}", version=version) for n, version in enumerate(("1.10.0", "1.9.0", "1.10.0-rc.1"))]
    with Store(path) as store:
        store.write(made)
        assert [each["version"] for each in store.evaluations(latest=True)] == ["1.10.0"]


def test_views_unfold_what_json_holds(path):
    with Store(path) as store:
        store.write([evaluation()])
        store.write([evaluation(score=90.0)])
    assert rows(path, "SELECT question, answer, state, credit FROM answers") == [
        ("greeting", "no", "answered", 0.0),
        ("offers", '["named","N/A"]', "answered", 0.5),
        ("empathy", None, "not_asked", None),
    ]
    assert rows(path, "SELECT question, class, fails, fault FROM errors") == [
        ("greeting", "customer", "card", "agent"),
        ("offers", "non_critical", "nothing", "process"),
        ("offers", "business", "section", "process"),
    ]
    evidence = rows(path, "SELECT question, turn, span_from, span_to, quote, start_s, end_s FROM evidence")
    assert evidence == [("greeting", 1, 0, 4, "¿Sí?", 1.0, None)]
    assert rows(path, "SELECT section, score, raw_score FROM sections") == [("opening", 1.5, 2.0)]
    assert rows(path, "SELECT escalation FROM escalations") == [("coach",), ("notify",)]
    current = "SELECT critical_customer, critical_business, critical_compliance FROM current_evaluations"
    assert rows(path, current) == [(1, 1, 0)]


def test_the_tables_are_strict_and_their_keys_hold(path):
    Store(path).close()
    assert all(
        "STRICT" in sql
        for (sql,) in rows(
            path, "SELECT sql FROM sqlite_master WHERE type='table' AND name IN ('cards','calls','evaluations')"
        )
    )
    assert rows(path, "PRAGMA foreign_key_check") == []
    views = {name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type='view'")}
    assert views == {*VIEWS, *LEDGER_VIEWS}


def test_a_number_that_is_none_is_refused_and_nothing_is_kept(path):
    with Store(path) as store:
        with pytest.raises(ValueError, match="Out of range"):
            store.write([evaluation(), evaluation("e2", score=float("nan"))])
        assert list(store.evaluations()) == []


def test_every_column_is_documented_and_no_other():
    text = DOCS.read_text(encoding="utf-8")
    told = {
        name: re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
        for name, part in re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    }
    tables = TABLES | LEDGER
    assert {name: told.get(name) for name in tables} == {name: list(columns) for name, columns in tables.items()}
    assert set(VIEWS) <= set(told)
    assert {name for columns in tables.values() for name in columns} >= JSON_COLUMNS


def test_every_column_of_a_view_is_documented(path):
    Store(path).close()
    text = DOCS.read_text(encoding="utf-8")
    elsewhere = set(TABLES["evaluations"])
    for view in VIEWS:
        part = re.search(rf"^### `{view}`\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)[1]
        columns = {name for _, name, *_ in rows(path, f"PRAGMA table_info({view})")} - elsewhere
        assert sorted(name for name in columns if f"`{name}`" not in part) == [], view
        if view == "current_evaluations":
            elsewhere |= columns


# What goes wrong outside


def test_a_file_that_is_no_database(path):
    path.write_text("score,agent\n" * 100)
    with pytest.raises(ProblemsFound) as error:
        Store(path)
    assert code_of(error) == "E720"
    assert path.read_text().startswith("score,agent")


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ProblemsFound) as error:
        Store(tmp_path / "gone" / "results.db")
    assert code_of(error) == "E722"


def test_a_database_of_something_else(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE calls (id)")
    connection.close()
    with pytest.raises(ProblemsFound) as error:
        Store(path)
    assert code_of(error) == "E724"


def test_a_database_with_tables_of_other_names_is_shared(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (id)")
    connection.close()
    with Store(path) as store:
        assert store.write([evaluation()]) == Written(new=1)


def test_a_database_of_a_newer_pauta(path):
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('pauta', '0009_later')")
    connection.commit()
    connection.close()
    with pytest.raises(ProblemsFound) as error:
        Store(path)
    assert code_of(error) == "E723"


def test_a_locked_database(path, monkeypatch):
    monkeypatch.setattr("pauta.store.sqlite.BUSY_TIMEOUT_S", 0.05)
    with Store(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ProblemsFound) as error:
            store.write([evaluation()])
        other.execute("ROLLBACK")
        other.close()
        assert code_of(error) == "E721"
        assert store.write([evaluation()]) == Written(new=1)


def test_commits_that_go_on_behind_are_waited_for(path):
    store = Store(path, commits_behind=True)
    for batch in range(5):
        assert store.write([evaluation(f"b{batch}-{n}") for n in range(20)]) == Written(new=20)
        if batch % 2:
            assert len(list(store.evaluations())) == 20 * (batch + 1)
    store.close()
    assert rows(path, "SELECT count(*) FROM evaluations") == [(100,)]


@pytest.mark.parametrize("told_by", [lambda store: store.write([evaluation("e3")]), Store.close])
def test_a_commit_that_fails_behind_is_told_and_keeps_nothing_of_its_batch(told_by, path, monkeypatch):
    monkeypatch.setattr("pauta.store.sqlite.BUSY_TIMEOUT_S", 0.05)
    store = Store(path, commits_behind=True)
    store.write([evaluation()])
    assert store.evaluation("e1")
    other = sqlite3.connect(path)
    looking = other.execute("SELECT * FROM evaluations")  # nobody can commit while another reads
    store.write([evaluation("e2")])
    with pytest.raises(ProblemsFound) as error:
        told_by(store)
    assert code_of(error) == "E721"
    looking.close()
    other.close()
    store.close()
    assert rows(path, "SELECT evaluation_id FROM evaluations") == [("e1",)]


class Troubled:
    """A connection on which nothing can be committed, for a reason that is not the database's."""

    def __init__(self, connection):
        self._connection = connection

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def execute(self, query, *values):
        if query == "COMMIT":
            raise MemoryError
        return self._connection.execute(query, *values)


def test_a_commit_that_fails_behind_in_any_other_way_is_told_too(path):
    store = Store(path, commits_behind=True)
    store._db.conn = Troubled(store._db.conn)
    store.write([evaluation()])
    with pytest.raises(MemoryError):
        store.close()
    assert rows(path, "SELECT evaluation_id FROM evaluations") == []


def test_where_no_more_threads_can_be_made_a_batch_is_committed_at_once(path, monkeypatch):
    def none_more(thread):
        raise RuntimeError("can't start new thread")

    with Store(path, commits_behind=True) as store:
        monkeypatch.setattr("threading.Thread.start", none_more)
        store.write([evaluation()])
        assert rows(path, "SELECT evaluation_id FROM evaluations") == [("e1",)]
        store.write([evaluation("e2")])
    assert rows(path, "SELECT evaluation_id FROM evaluations ORDER BY 1") == [("e1",), ("e2",)]


def test_what_is_to_be_sent_is_committed_at_once(path):
    with Store(path, commits_behind=True) as store:
        store.write([evaluation()], send=[Recipient("crm")])
        assert rows(path, "SELECT state FROM outbox") == [("waiting",)]


def test_a_full_disk_takes_the_batch_back_as_a_whole(path):
    with Store(path) as store:
        store.write([evaluation()])
        pages = store._db.conn.execute("PRAGMA page_count").fetchone()[0]
        store._db.conn.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(ProblemsFound) as error:
            store.write([evaluation(f"f{n}") for n in range(100)])
        assert code_of(error) == "E726"
        assert [each["evaluation_id"] for each in store.evaluations()] == ["e1"]
        store._db.conn.execute("PRAGMA max_page_count = 100000")
        assert store.write([evaluation(f"f{n}") for n in range(100)]) == Written(new=100)


def test_a_damaged_database(path):
    with Store(path) as store:
        store.write([evaluation(f"e{n}") for n in range(200)])
    damaged = bytearray(path.read_bytes())
    damaged[4096 * 3 :] = b"\xff" * (len(damaged) - 4096 * 3)
    path.write_bytes(damaged)
    with pytest.raises(ProblemsFound) as error:
        Store(path).write([evaluation(f"f{n}") for n in range(200)])
    assert code_of(error) in ("E727", "E725", "E720")


def test_a_database_that_may_not_be_written_to(path):
    with Store(path) as store:
        store._db.conn.execute("PRAGMA query_only = ON")
        with pytest.raises(ProblemsFound) as error:
            store.write([evaluation()])
        assert code_of(error) == "E722"


def _write_many(path, writer, barrier):
    barrier.wait()
    for n in range(40):
        with Store(path) as store:
            store.write(
                [evaluation(f"w{writer}-{n}", call_id=f"c{n}"), evaluation("shared", score=float(writer * 100 + n))]
            )


def test_writers_wait_for_each_other(path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    workers = [context.Process(target=_write_many, args=(path, writer, barrier)) for writer in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert rows(path, "SELECT count(*) FROM evaluations WHERE evaluation_id LIKE 'w%'") == [(120,)]
    shared = rows(path, "SELECT revision, current FROM evaluations WHERE evaluation_id = 'shared' ORDER BY revision")
    assert shared == [(n + 1, int(n == 119)) for n in range(120)]


KILLS = int(os.environ.get("PAUTA_KILLS", "12"))
KILLED = """
import sys
from pauta.store import Store
from results_made import evaluation
with Store(sys.argv[1], commits_behind=sys.argv[2] == "behind") as store:
    print("open", flush=True)
    for batch in range(30):
        store.write([evaluation(f"b{batch}-{n}", call_id=f"c{n}", score=float(n)) for n in range(50)])
print("done", flush=True)
"""


def _dump(path):
    left_out = ('INSERT INTO "_sqlite_migrations"', 'DELETE FROM "sqlite_sequence"')
    connection = sqlite3.connect(path)
    try:
        return sorted(line for line in connection.iterdump() if not line.startswith(left_out))
    finally:
        connection.close()


def _run(path, commits, kill_after=None):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", KILLED, path, commits]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        if kill_after is not None:
            process.stdout.readline()
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(
    ("moments", "commits"),
    [
        pytest.param([0.03], "behind", id="once"),
        pytest.param([0.03], "at once", marks=pytest.mark.slow, id="once, at once"),
        pytest.param([0.5 * n / KILLS for n in range(KILLS)], "behind", marks=pytest.mark.slow, id="often"),
    ],
)
def test_killed_at_any_moment_and_run_again_leaves_the_database_of_an_undisturbed_run(moments, commits, tmp_path):
    undisturbed = tmp_path / "undisturbed.db"
    _run(undisturbed, commits)
    for number, moment in enumerate(moments):
        path = tmp_path / f"killed-{number}.db"
        _run(path, commits, kill_after=moment)
        assert rows(path, "SELECT count(*) % 50 FROM evaluations") == [(0,)], "whole batches only"
        _run(path, commits)
        assert _dump(path) == _dump(undisturbed)
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
