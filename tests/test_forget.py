"""A customer is forgotten: the words go everywhere, the scores stay, and they do not come back."""

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from follow_ups import FIRST, by_person, call, card_of, night_of, setting_of, write
from postgres_server import fresh_url
from results_made import evaluation

from pauta import Call
from pauta.cli import main
from pauta.engine.contracts import Recipient
from pauta.engine.problems import ProblemsFound
from pauta.followup.forget import calls_of, forget
from pauta.followup.lives import move
from pauta.followup.night import run_night
from pauta.followup.people import People
from pauta.followup.traces import Words
from pauta.store import PostgresStore, Store
from pauta.store.forgotten import FORGOTTEN, masked_answers, masked_fields

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SECRET = "my sister Ludmila moved to Vladivostok in autumn"
COMMENT = 'She said "Ludmila owes me the deposit" \\ twice'
REASON = "said by the customer: please call Ludmila instead"
WORDS = ("Ludmila", "Vladivostok", "the deposit", "cust-990117", "Nadezhda", "surrendered quietly")
CARD = {"scorecard": "retail", "version": "1.0.0", "digest": "d1", "title": "Retail", "document": {"scorecard": "x"}}


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    made = Store(tmp_path / "p.db") if request.param == "sqlite" else PostgresStore(fresh_url())
    with made as store:
        yield store


def told(evaluation_id="e1", call_id="c-1", **changes):
    """An evaluation that holds the customer's words wherever one can."""
    record = evaluation(evaluation_id, call_id=call_id, **changes)
    first, second, third = record["answers"]
    span = {"turn": 1, "span": [0, 48], "start": 1.0, "end": 4.0}
    first |= {"evidence": [{**span, "quote": SECRET}], "reason": REASON}
    second |= {"comment": COMMENT}
    free = {"question": "wish", "out_of": None, "answer": "to have surrendered quietly", "state": "answered"}
    return {**record, "answers": [first, second, third, {**third, **free}]}


def said_by(name="c-1"):
    return Call(name, FIRST.isoformat(), 9.0, "ana", "north",
                metrics={"csat": 4, "why": "Nadezhda was rude to me"},
                attributes={"customer_id": "cust-990117", "shop": 7, "who": {"name": "Nadezhda K"}})  # fmt: skip


def other():
    words = {"evidence": [{"turn": 0, "span": [0, 3], "quote": "nobody was here at all", "start": 0.0, "end": 1.0}]}
    record = evaluation("e9", call_id="c-9")
    return {**record, "answers": [{**record["answers"][0], **words}, *record["answers"][1:]]}


def filled(store):
    """Two revisions of a call of the customer's, and another's call; what followed quotes and does not quote."""
    store.write([told(score=70.0)], calls=[said_by()], cards=[CARD], send=[Recipient("crm")])
    store.write([told(), other()], calls=[said_by(), Call("c-9", attributes={"customer_id": "cust-2"})], cards=[CARD])
    store.settle([replace(store.waiting(["waiting"])[0], error=f"422: {SECRET}", tries=1)])
    at = FIRST.isoformat()
    duty = {"id": "d1", "raised_key": "r1", "kind": "coach", "agent": "ana", "team": "north", "owner": "luis",
            "state": "held", "opened_at": at, "evaluation_id": "e1", "call_id": "c-1", "message": "Ask for the name",
            "escalated": 0, "details": {"agreed": "Ask first, then answer", "evaluations": ["e1", "e9"],
                                        "words": "She told me sister Ludmila moved, what could I say"}}  # fmt: skip
    ledger = store.ledger()
    with ledger.writing():
        ledger.put("raised", [{"key": "r1", "escalation": "grave", "evaluation_id": "e1", "call_id": "c-1", "at": at,
                               "title": "Grave", "details": {"evaluations": ["e1"]}}])  # fmt: skip
        ledger.put("duties", [duty, {**duty, "id": "d2", "raised_key": "r2", "evaluation_id": "e9", "call_id": "c-9",
                                     "details": {"words": "nobody was here", "evaluations": ["e9"]}}])  # fmt: skip
        ledger.put("exemplars", [{"id": "x1", "raised_key": "r1", "evaluation_id": "e1", "call_id": "c-1",
                                  "agent": "ana", "why": "How calmly Nadezhda was heard", "details": {}}])  # fmt: skip
        ledger.put("lives", [{"evaluation_id": "e1", "state": "disputed", "at": at,
                              "details": {"reason": "Ludmila owes me the deposit is what I heard"}}])  # fmt: skip
        ledger.record("duty", "d1", at=at, who="luis", move="hold", before="open", after="held", note="the weather")
        ledger.record("duty", "d1", at=at, who="luis", move="hold", before="open", after="held", note=SECRET)
        ledger.put("notices", [{"key": "n1", "raised_key": "r1", "escalation": "grave", "recipient": "luis",
                                "call_id": "c-1", "message_key": "m1", "message": f"Listen: {SECRET}", "state": "sent",
                                "details": {}}])  # fmt: skip
        ledger.put("messages", [{"key": "m1", "sink": "mail", "recipient": "luis", "state": "waiting", "tries": 1,
                                 "error": f"refused: {SECRET}", "details": {"lines": [f"ana: {SECRET}"]}}])  # fmt: skip
        ledger.set_mark("facts", "2")


def everything(store):
    """Every text of every table."""
    from pauta.store.ledger_tables import LEDGER
    from pauta.store.tables import TABLES

    return json.dumps(
        {table: list(map(dict, store.read(f"SELECT * FROM {table}"))) for table in {**TABLES, **LEDGER}}, default=str,
        ensure_ascii=False,
    )  # fmt: skip


def test_the_words_are_gone_from_every_revision_and_from_what_followed_and_the_scores_stay(store):
    filled(store)
    before = [store.evaluation("e1", revision) for revision in (1, 2)]
    done = forget(store, calls_of(store, "cust-990117"), NOW)
    assert done.calls == ["c-1"]
    assert done.proved, done.as_json()
    assert not [each for each in WORDS if each in everything(store)]
    for revision, was in zip((1, 2), before, strict=True):
        now = store.evaluation("e1", revision)
        assert {**now, "answers": 0} == {**was, "answers": 0}
        for one, other in zip(now["answers"], was["answers"], strict=True):
            same = ("question", "credit", "points", "error", "fault", "state", "at")
            assert {name: one[name] for name in same} == {name: other[name] for name in same}
    first = store.evaluation("e1")["answers"][0]
    assert first["evidence"][0] == {"turn": 1, "span": [0, 48], "quote": FORGOTTEN, "start": 1.0, "end": 4.0}
    call = next(store.read("SELECT metrics, attributes FROM calls WHERE call_id = 'c-1'"))
    assert call["metrics"] == {"csat": 4, "why": FORGOTTEN}
    assert call["attributes"]["shop"] == 7
    duties = {row["id"]: row for row in store.ledger().select("duties")}
    assert duties["d1"]["details"]["agreed"] == "Ask first, then answer"
    assert duties["d1"]["message"]
    assert duties["d1"]["details"]["words"] == FORGOTTEN
    assert [row["details"] for row in store.ledger().history("duty", "d1")] == [
        {"note": "the weather"}, {"note": FORGOTTEN},
    ]  # fmt: skip
    assert done.kept_texts == 2  # "Ask first, then answer" and "the weather"


def test_others_keep_their_words(store):
    filled(store)
    was = store.evaluation("e9")
    forget(store, ["c-1"], NOW)
    assert store.evaluation("e9") == was
    duties = {row["id"]: row for row in store.ledger().select("duties")}
    assert duties["d2"]["details"]["words"] == "nobody was here"


def test_the_proof_says_what_was_done_and_holds_no_word(store):
    filled(store)
    proof = forget(store, ["c-1"], NOW).as_json()
    text = json.dumps(proof, ensure_ascii=False)
    assert proof["proved"]
    assert proof["scores_sha256"]["before"] == proof["scores_sha256"]["after"]
    assert proof["changed"]["evaluations.answers"] == 2
    assert proof["changed"]["outbox.error"] == 1
    assert proof["changed"]["history.details"] == 1
    assert proof["changed"]["exemplars.why"] == 1
    assert proof["search"]["found"] == 0
    assert proof["search"]["looked_for"] > 5
    assert not [each for each in WORDS if each in text]
    assert proof["search"]["by"] == ("bytes" if isinstance(store, Store) else "sql")


def test_scoring_the_same_calls_again_brings_nothing_back(store):
    filled(store)
    forget(store, ["c-1"], NOW)
    again = store.write([told()], calls=[said_by()], cards=[CARD])
    assert (again.new, again.revised, again.unchanged) == (0, 0, 1)
    assert not [each for each in WORDS if each in everything(store)]


def test_a_changed_result_is_a_revision_without_words(store):
    filled(store)
    forget(store, ["c-1"], NOW)
    changed = store.write([told(score=12.0), told("e7", evaluator="eva")], calls=[said_by()], cards=[CARD])
    assert (changed.new, changed.revised) == (1, 1)
    assert store.evaluation("e1")["score"] == 12.0
    assert store.evaluation("e1")["revision"] == 3
    assert not [each for each in WORDS if each in everything(store)]
    assert store.write([told(score=12.0)]).unchanged == 1


def test_forgetting_twice_changes_nothing_more(store):
    filled(store)
    forget(store, ["c-1"], NOW)
    again = forget(store, ["c-1"], NOW + timedelta(days=1))
    assert again.changed == {}
    assert again.proved


def test_a_dry_run_changes_nothing(store):
    filled(store)
    before = everything(store)
    dry = forget(store, ["c-1"], NOW, dry=True)
    assert dry.changed["evaluations.answers"] == 2
    assert everything(store) == before
    assert forget(store, ["c-1"], NOW).changed == dry.changed


def test_with_everything_what_people_wrote_goes_too(store):
    filled(store)
    done = forget(store, ["c-1"], NOW, everything=True)
    assert done.kept_texts == 0
    assert store.ledger().select("duties", "id = 'd1'")[0]["details"]["agreed"] == FORGOTTEN


def test_unknown_customers_and_calls_are_told(store):
    filled(store)
    for wrong in (lambda: calls_of(store, "cust-99"), lambda: forget(store, ["c-1", "nine"], NOW)):
        with pytest.raises(ProblemsFound) as found:
            wrong()
        assert [each.code for each in found.value.problems] == ["E796"]
    assert "Ludmila" in everything(store)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_words_are_not_in_the_bytes_of_the_files(tmp_path, mode):
    path = tmp_path / "p.db"
    Store(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA journal_mode = {mode}")
    raw.close()
    with Store(path) as store:
        filled(store)
        long = [told(f"x{place}", f"c-{place + 20}", evaluator="engine") for place in range(60)]
        store.write(long, calls=[said_by(f"c-{place + 20}") for place in range(60)], cards=[CARD])
        assert any(word.encode() in each.read_bytes() for each in tmp_path.iterdir() for word in WORDS)
        assert forget(store, calls_of(store, "cust-990117"), NOW).proved
        for each in tmp_path.iterdir():
            assert not [word for word in WORDS if word.encode() in each.read_bytes()], each
    for each in tmp_path.iterdir():
        assert not [word for word in WORDS if word.encode() in each.read_bytes()], each


def test_rows_keep_their_places_when_the_file_is_written_anew(tmp_path):
    with Store(tmp_path / "p.db") as store:
        filled(store)
        with store.transaction():
            store.write_one("DELETE FROM history WHERE rowid = 1")
        before = list(store.read("SELECT rowid AS place, evaluation_id FROM evaluations"))
        forget(store, ["c-1"], NOW)
        assert list(store.read("SELECT rowid AS place, evaluation_id FROM evaluations")) == before
        assert store.ledger().fresh(2, 9) == [row for row in store.ledger().fresh(0, 9) if row["position"] > 2]


def test_a_remainder_breaks_the_proof(tmp_path, monkeypatch):
    from pauta.followup import traces

    (tmp_path / "p.db-journal").write_bytes(b"")
    with Store(tmp_path / "p.db") as store:
        filled(store)
        monkeypatch.setattr(traces, "_FILES", ("", ".left"))
        (tmp_path / "p.db.left").write_bytes(b"\0\1" + SECRET.encode())
        done = forget(store, ["c-1"], NOW)
        assert not done.proved
        assert done.search.remains >= 2


def test_a_night_after_it_and_lives_go_on(tmp_path):
    card = card_of()
    with Store(tmp_path / "p.db") as store:
        calls = [call(f"c{i}", minute=i, attributes={"customer_id": "k1"}) for i in range(3)]
        write(store, calls, [by_person(each, ("identity",)) for each in calls], card)
        setting = setting_of(card=card)
        run_night(store, setting, night_of(0))
        assert forget(store, calls_of(store, "k1"), night_of(0)).proved
        assert run_night(store, setting, night_of(1)).raised == 0
        duty = store.ledger().select("duties", "kind = 'coach'")[0]
        move(store.ledger(), People(), "duty", duty["id"], "hold", who=None, at=night_of(1), agreed="Ask first")


def test_what_quotes():
    words = Words()
    words.add([SECRET, "Ne olvides", "hm"], quoted=True)
    words.add([REASON])
    assert words.quoted_in("that SISTER, Ludmila: moved")
    assert words.quoted_in("he said ne  olvides!")
    assert not words.quoted_in("my sister said so")
    assert not words.quoted_in("hm")
    assert not words.quoted_in(REASON)
    pieces, short = words.pieces()
    assert short
    assert all(8 <= len(each) <= 32 for each in pieces)


def test_masks_leave_numbers_and_structure():
    assert masked_fields({"a": 1, "b": [True, "x", {"c": "y"}], "d": None}) == {
        "a": 1, "b": [True, FORGOTTEN, {"c": FORGOTTEN}], "d": None,
    }  # fmt: skip
    answers = told()["answers"]
    assert masked_answers(masked_answers(answers)) == masked_answers(answers)
    assert masked_answers(answers)[0]["answer"] == "no"
    assert masked_answers(answers)[3]["answer"] == FORGOTTEN


def operation(folder: Path):
    (folder / "pauta.yaml").write_text(
        "operation: small\ntimezone: Etc/UTC\nscorecards: cards\nsources: [calls/*.jsonl]\nsinks: [results/p.db]\n"
    )
    for name in ("cards", "calls", "results"):
        (folder / name).mkdir()
    (folder / "calls" / "a.jsonl").write_text('{"call_id": "c-1"}\n')
    (folder / "calls" / "b.jsonl").write_text('{"call_id": "c-9"}\n')
    with Store(folder / "results" / "p.db") as store:
        filled(store)


def test_the_command(tmp_path, monkeypatch):
    operation(tmp_path)
    monkeypatch.chdir(tmp_path)
    runs = CliRunner()
    dry = runs.invoke(main, ["forget", "--customer", "cust-990117"])
    assert dry.exit_code == 0
    assert "add --yes" in dry.output
    assert b"Ludmila" in (tmp_path / "results" / "p.db").read_bytes()
    done = runs.invoke(main, ["forget", "--customer", "cust-990117", "--yes", "--proof", "proof.json"])
    assert done.exit_code == 0, done.output
    assert "the scores are as they were" in done.output
    assert "calls/a.jsonl" in done.output
    assert "b.jsonl" not in done.output
    assert json.loads((tmp_path / "proof.json").read_text())["files_outside"] == ["calls/a.jsonl"]
    assert b"Ludmila" not in (tmp_path / "results" / "p.db").read_bytes()
    gone = runs.invoke(main, ["forget", "--customer", "cust-990117", "--yes"])
    assert gone.exit_code == 1
    assert "E796" in gone.output
    assert runs.invoke(main, ["forget"]).exit_code == 2
    nowhere = runs.invoke(main, ["forget", "--call", "c-1", "--yes", "--proof", "no/where.json"])
    assert nowhere.exit_code == 1
    assert "E799" in nowhere.output


def test_somebody_who_reads_meanwhile_breaks_the_proof(tmp_path, monkeypatch):
    operation(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pauta.store.sqlite.BUSY_TIMEOUT_S", 0.1)
    reader = sqlite3.connect(tmp_path / "results" / "p.db", isolation_level=None)
    reader.execute("PRAGMA journal_mode = wal")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM calls").fetchall()
    runs = CliRunner()
    done = runs.invoke(main, ["forget", "--customer", "cust-990117", "--yes"])
    assert done.exit_code == 1
    assert "E797" in done.output
    assert "NOT proved" in done.output
    reader.execute("COMMIT")
    reader.close()
    again = runs.invoke(main, ["forget", "--call", "c-1", "--yes"])
    assert again.exit_code == 0, again.output
    assert not [each for each in WORDS if each.encode() in (tmp_path / "results" / "p.db").read_bytes()]


def test_files_that_cannot_be_written_anew_break_the_proof(tmp_path, monkeypatch):
    @contextmanager
    def failing(self):
        yield
        raise ProblemsFound([])

    with Store(tmp_path / "p.db") as store:
        filled(store)
        with monkeypatch.context() as broken:
            broken.setattr(Store, "erasing", failing)
            done = forget(store, ["c-1"], NOW)
        assert not done.proved
        assert done.as_json()["files_written_anew"] is False
        assert forget(store, ["c-1"], NOW).proved
