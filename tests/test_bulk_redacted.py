"""What is masked by column is what is masked record by record, to the letter; and what cannot be is kept nowhere."""

from __future__ import annotations

import json
import pickle
import re
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import regex
from click.testing import CliRunner
from dice import Dice
from engine_runs import HOST, plan_of
from hypothesis import given, settings, strategies as st
from strategies import card_by, rows_by

from pauta.cli import main
from pauta.commands import tables
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.records import call_from, human_from
from pauta.engine.outlets import Outlet
from pauta.engine.pipeline import Summary, score
from pauta.engine.problems import Place, Problem
from pauta.engine.redaction import SHIPPED, Redactor, Search, redactor_from

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from test_bulk_scorer import Kept, _as_tabled, same_problems, same_summary, table_of  # noqa: E402  # needs pyarrow
from test_bulk_stored import dump  # noqa: E402
from test_redaction import CASES  # noqa: E402

from pauta.bulk import files, pieces  # noqa: E402
from pauta.bulk.redacted import HIDDEN, may_hold, redacted_rejects  # noqa: E402
from pauta.bulk.schema import record_from, rejects_schema  # noqa: E402
from pauta.bulk.scorer import Scored, Scorer, Setup  # noqa: E402

Record = dict[str, Any]
Told = tuple[list[Record], list[Problem], Summary]
SPACES = " \t\n\x0b\x1c\x85\xa0\u2003\u3000"


# what a text must have before it is searched


def searched(name: str) -> Search:
    found = SHIPPED[name]
    assert isinstance(found, Search)
    assert found.needs is not None
    return found


def assert_needed(texts: list[str]) -> None:
    """Both ways to look find at least what is there, and the same."""
    for name in SHIPPED:
        finder = searched(name)
        here = [bool(re.search(str(finder.needs), text)) for text in texts]
        assert may_hold(Redactor({name: finder}), pa.array(texts, pa.string())).tolist() == [here]
        for text, may in zip(texts, here, strict=True):
            assert may or not list(finder.find(text)), (name, text)


def test_no_case_is_passed_by() -> None:
    assert_needed([text for _, text, _ in CASES])
    assert_needed([text.upper() for _, text, _ in CASES])


WORDS = ["one", "Two", "ſix", "SEİS", "três", "veintidós", "diez", "and", "y", "E", "at", "AT", "arroba", "dot",
         "punto", "a.b", "@", "x", "4",
         "12", "٣", "９", "345", "-", "/", "(", "…", ",", ".", *SPACES]  # fmt: skip


@settings(deadline=None, max_examples=20)
@given(st.lists(st.lists(st.sampled_from(WORDS) | st.just(" "), max_size=14).map("".join), max_size=40))
def test_nothing_is_passed_by(texts: list[str]) -> None:
    assert_needed(texts)


@pytest.mark.slow
def test_letters_and_digits_of_all_scripts_count() -> None:
    every = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    digits = [each * 6 for each in regex.findall(r"\d", every)]
    blanks = regex.findall(r"\s", every)
    alike = {letter: regex.findall(letter, every, regex.IGNORECASE) for letter in "is"}
    assert len(digits) > 600
    assert_needed(digits)
    assert_needed([f"ana{blank}at{blank}example{blank}dot{blank}com" for blank in blanks])
    assert_needed([blank.join(("one", "two", "three", "four")) for blank in blanks])
    assert_needed([f"one {i}x two {s}ix d{i}ez {s}e{i}{s}" for i in alike["i"] for s in alike["s"]])


def test_a_redactor_goes_to_other_processes() -> None:
    redactor = redactor_from([*SHIPPED, {"policy": "px-[0-9]{3}"}])
    assert isinstance(redactor, Redactor)
    gone = pickle.loads(pickle.dumps(redactor))
    assert gone.text("PX-123, mail a@b.com") == redactor.text("PX-123, mail a@b.com") == "******, mail *******"
    assert gone.asked == redactor.asked == [*([name, None] for name in SHIPPED), ["policy", "px-[0-9]{3}"]]


# records


def plainly(setup: Setup, records: list[tuple[Record, Record | None]], host: Host) -> Told:
    sink, told = Kept(), []
    summary = score(
        [call_from({**call}, Place("t.parquet", n, 1)) for n, (call, _) in enumerate(records, 1)],
        [human_from({**human}, Place("t.parquet", n, 1)) for n, (_, human) in enumerate(records, 1) if human],
        router=setup.router,
        host=host,
        outlets=[Outlet("kept", sink)],
        on_problem=told.append,
        redactor=setup.redactor,
    )
    return sink.records, told, summary


def by_column(setup: Setup, batch: Any, host: Host) -> tuple[list[Record], Scored]:
    scored = Scorer(setup, host).score(batch, file="t.parquet")
    scored.results.validate(full=True)
    return [record_from(row) for row in scored.results.to_pylist()], scored


def assert_same(setup: Setup, records: list[tuple[Record, Record | None]], batch: Any, host: Host) -> list[Record]:
    expected, problems, summary = plainly(setup, records, host)
    found, scored = by_column(setup, batch, host)
    assert found == expected
    same_problems(scored.problems, problems)
    same_summary(scored.summary, summary)
    lost = sorted(each.message for each in scored.problems if each.code == "E753")
    assert sorted(each["message"] for each in scored.rejects.to_pylist() if each["code"] == "E753") == lost
    return found


def breaks(*words: str) -> Any:
    """A redaction that masks vowels and cannot look at some texts."""

    def find(text: str) -> Any:
        if any(word in text for word in words):
            raise ValueError(text)
        return [found.span() for found in regex.finditer("[aeiou]", text)]

    return Redactor({"own": find})


REDACTORS = {
    "shipped": redactor_from([*SHIPPED]),
    "letters": redactor_from([{"words": "[b-y]+"}, "digits"]),
    "all": redactor_from([{"all": "."}]),
    "breaks": breaks("n", "free"),
    "breaks on states": breaks("unverified", "ü", "été"),
    "breaks always": breaks(""),
}


@pytest.mark.parametrize("name", REDACTORS)
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_random_cards(seed: int, name: str) -> None:
    dice = Dice.seeded(seed)
    data = card_by(dice)
    records = []
    for call, answers, criteria in rows_by(dice, data, 12):
        call = {**call, "attributes": {**call.get("attributes", {}), "verdicts": criteria}}
        human = None
        if answers is not None:
            human = {"call_id": call["call_id"], "scorecard": "random", "evaluator": "eva", "answers": dict(answers)}
        records.append((call, human))
    batch = table_of(records)
    setup = replace(Setup.of(plan_of(data).scorecard), redactor=REDACTORS[name])
    assert_same(setup, _as_tabled(records, batch), batch, HOST)


CARD = """
scorecard: sale
version: 1.0.0
title: Sale
language: en
sections:
  - section: first
    questions:
      - {question: number, answers: yes_no, criterion: {phrase: {any: ["re:[0-9 ]{4,}", card]}}}
      - {question: polite, answers: yes_no, criterion: {phrase: {speaker: agent, none: [damn], any: [thank you]}}}
      - {question: quick, answers: yes_no, criterion: {timing: {measure: longest_silence, at_most: 5 s}}}
      - {question: who, answers: text}
      - {question: tag, answers: ["1234567", other], default: other}
      - {question: felt, answers: yes_no}
"""
SAID = [
    "thank you, your card 4111 1111 1111 1111 please", "card", "1111", "damn", "fine", "write to bo@example.org 12 34",
    "my number is six one two three", "PX-123", "card 600 123 456 and 4111 1111 1111 1112",
]  # fmt: skip


def card(text: str = CARD) -> Any:
    loaded = card_from_text(text, HOST, "sale.yaml")
    assert loaded.scorecard is not None, loaded.problems
    return loaded.scorecard


def calls_by(seed: int, count: int = 24) -> list[tuple[Record, Record | None]]:
    dice = Random(seed)
    records: list[tuple[Record, Record | None]] = []
    for n in range(count):
        at = 0.0
        turns = []
        for _ in range(dice.randrange(4)):
            at += dice.choice([1.0, 7.0])
            speaker = dice.choice(["agent", "customer"])
            turns.append({"speaker": speaker, "start": at, "end": at + 1, "text": dice.choice(SAID)})
        call: Record = {"call_id": f"6001234{n:02}", "agent": "ana 600123456", "turns": turns}
        call["attributes"] = {"phone": dice.choice(["600 123 456", "none", None]), "notes": dice.choice(SAID)}
        if n % 11 == 0:
            call["call_id"], call["channel"] = f" {call['call_id']} ", "Voice"
        human = None
        if dice.random() < 0.5:
            human = {"call_id": call["call_id"].strip(), "evaluator": "eva", "scorecard": "sale", "answers": {
                "who": {"answer": dice.choice(SAID), "comment": dice.choice([*SAID, None])},
                "felt": {"answer": dice.choice(["yes", "no", "unverified"]), "comment": dice.choice(SAID)},
                "tag": dice.choice(["1234567", "other", "7654321"]),
            }}  # fmt: skip
        records.append((call, human))
    return records


def spread(records: list[tuple[Record, Record | None]], form: str) -> Any:
    """The records as a table: facts as JSON, or each a column."""
    made = []
    for call, human in records:
        own = dict(call)
        if form == "columns":
            own |= {f"attributes.{name}": value for name, value in own.pop("attributes").items()}
        made.append((own, human))
    return table_of(made)


FOR_CALLS = {
    **REDACTORS,
    "own": redactor_from([{"policy": "px-[0-9]{3}"}, "card_number"]),
    "part": redactor_from([{"part": "(?<=[a-z] )1111|4111 1111 1111"}]),
    "breaks in turns": breaks("damn"),
    "breaks in facts": breaks("600 123 456"),
}


@pytest.mark.parametrize(
    ("name", "form"), [*((name, "json") for name in FOR_CALLS), ("shipped", "columns"), ("breaks in facts", "columns")]
)
def test_quotes_comments_reasons_and_free_texts(name: str, form: str) -> None:
    setup = replace(Setup.of(card(), installed=False), redactor=FOR_CALLS[name])
    records = calls_by(len(name))
    found = assert_same(setup, records, spread(records, form), Host(installed=False))
    text = json.dumps([each["answers"] for each in found])
    assert (name != "shipped") or (found and "****" in text and "1111 1111" not in text and "bo@" not in text)
    assert bool(found) == (name not in ("breaks", "breaks always"))


def test_results_and_what_is_worked_out_about_them_without_those_that_were_lost() -> None:
    several = [card(), card(CARD.replace("scorecard: sale", "scorecard: second").replace("- {question: who", "# ("))]
    setup = replace(Setup.of(*several, installed=False), redactor=breaks("bo@example"))
    records = calls_by(5, 40)
    found = assert_same(setup, records, spread(records, "columns"), Host(installed=False))
    assert {each["scorecard"] for each in found} == {"sale", "second"}


def test_reasons_of_rejects_are_masked() -> None:
    rows = [
        {"file": "f", "row": 1, "call_id": "600123456", "code": "E521", "message": "'600123456' is none", "hint": None},
        {"file": "f", "row": 2, "call_id": None, "code": "E521", "message": "damn", "hint": "600123456"},
    ]
    rejects = pa.RecordBatch.from_pylist(rows, rejects_schema())
    assert redacted_rejects(rejects, None) is rejects
    masked = redacted_rejects(rejects, redactor_from(["digits"])).to_pylist()
    assert [(each["call_id"], each["message"], each["hint"]) for each in masked] == [
        ("600123456", "'*********' is none", None), (None, "damn", "*********"),
    ]  # fmt: skip
    assert redacted_rejects(rejects, breaks("damn")).column("message").to_pylist()[1] == HIDDEN


# runs


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "scorecards").mkdir()
    (tmp_path / "scorecards" / "sale.yaml").write_text(CARD)
    operation(tmp_path, "[card_number, email, digits, phone]")
    records = calls_by(3, 40)
    humans = [json.dumps(human) for _, human in records if human]
    (tmp_path / "answers.jsonl").write_text("\n".join([*humans, humans[0], '{"call_id": "bo@example.org"}']))
    lines = [json.dumps(call) for call, _ in records]
    lines[7:7] = ['{"call_id": 600123456123, "channel": "bo@example.org"}']
    (tmp_path / "calls.jsonl").write_text("\n".join(lines))
    pq.write_table(pa.Table.from_batches([table_of([(call, None) for call, _ in records])]), tmp_path / "calls.parquet")
    answered = pa.Table.from_batches([spread(records, "columns")]).drop_columns(["turns", "channel"])
    names = [name.removeprefix("answer.") for name in answered.column_names]
    pq.write_table(answered.rename_columns(names), tmp_path / "answered.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def operation(folder: Path, redact: str, more: str = "") -> None:
    (folder / "pauta.yaml").write_text(f"operation: centre\nredact: {redact}\n{more}")


def run(*words: str) -> Any:
    result = CliRunner().invoke(main, ["score", *words])
    assert result.exit_code in (0, 1), result.output
    return result


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize("answers", [[], ["--answers", "answers.jsonl"]])
def test_from_file_to_file_both_ways(answers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("calls.jsonl", *answers, "--to", "column.parquet", "--rejects", "rejects.parquet")
    monkeypatch.setattr(tables, "tables_of", lambda *_, **__: "not today")
    plain = run("calls.jsonl", *answers, "--to", "plain.jsonl")
    records = [json.loads(line) for line in Path("plain.jsonl").read_text().splitlines()]
    assert [record_from(row) for row in pq.read_table("column.parquet").to_pylist()] == records
    assert result.stdout.replace("column.parquet", "plain.jsonl") == plain.stdout
    assert "****" in str(records)
    for file in ("column.parquet", "rejects.parquet"):
        texts = str(pq.read_table(file).drop_columns(["call_id"]).to_pylist())
        assert not regex.search("4111|bo@|600.?123", texts.replace("ana 600123456", "")), file
    assert {each["code"] for each in pq.read_table("rejects.parquet").to_pylist()} >= {"E507"}


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize("answers", [[], ["--answers", "answers.jsonl"]])
def test_what_could_not_be_masked_is_among_the_rejects(answers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pauta.commands.sinks.operation_redactor", lambda _: breaks("damn"))
    run("calls.jsonl", *answers, "--to", "column.parquet", "--rejects", "rejects.parquet")
    rejects = [each for each in pq.read_table("rejects.parquet").to_pylist() if each["code"] == "E753"]
    monkeypatch.setattr(tables, "tables_of", lambda *_, **__: "not today")
    plain = run("calls.jsonl", *answers, "--to", "plain.jsonl")
    told = {int(line.split(":")[1]) for line in plain.stderr.splitlines() if "E753" in line}
    assert told == {each["row"] for each in rejects}
    assert len({each["call_id"] for each in rejects}) == len(told) > 3


def test_what_a_run_keeps_beside_its_target_is_masked_and_other_redactions_begin_anew(
    centre: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "ROWS_WITH_TURNS", 15)
    monkeypatch.setattr(files, "PIECES_WITH_TURNS", 1)
    times = iter(range(100))

    def broken_off(*_: object) -> None:
        if next(times) == 2:
            raise KeyboardInterrupt

    def begun() -> list[Record]:
        with monkeypatch.context() as patch:
            patch.setattr(tables.Bar, "__call__", broken_off)
            CliRunner().invoke(main, ["score", "calls.parquet", "--to", "r.parquet"])
        folder = centre / ".r.parquet.parts"
        parts = [name for name in json.loads((folder / "run.json").read_text())["files"] if name.startswith("part")]
        return [row for part in parts for row in pq.read_table(folder / part).to_pylist()]

    kept = str([row["answers"] for row in begun()])
    assert "****" in kept
    assert not regex.search("4111|bo@", kept)
    operation(centre, "[{letters: '[a-z]'}]")
    run("calls.parquet", "--to", "r.parquet")
    run("calls.parquet", "--to", "whole.parquet")
    assert Path("r.parquet").read_bytes() == Path("whole.parquet").read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("centre")
def test_several_processes_mask_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "ROWS_WITH_TURNS", 10)
    for workers in ("1", "2"):
        run("calls.parquet", "--to", f"{workers}.parquet", "--workers", workers)
    assert Path("1.parquet").read_bytes() == Path("2.parquet").read_bytes()
    assert "****" in str(pq.read_table("2.parquet").to_pylist())


SINK = "sinks: [{sqlite: {path: %s, redact: [{word: thank}, email]}}]\n"


@pytest.mark.parametrize("own", [False, True], ids=["for all", "for this sink too"])
@pytest.mark.parametrize(
    "words",
    [
        ["calls.parquet"],
        ["calls.jsonl"],
        pytest.param(["answered.parquet", "--answers", "answered.parquet"], marks=pytest.mark.slow),
    ],
)
def test_into_a_database_both_ways(words: list[str], own: bool, centre: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = []
    for name in ("column", "plain"):
        operation(centre, "[card_number, {w: please}, digits]", SINK % f"{name}.db" if own else "")
        ways.append(run(*words, *([] if own else ["--to", f"{name}.db"]), "--no-follow-up").stdout)
        monkeypatch.setattr(tables, "stored_tables_of", lambda *_: "not today")
    assert dump(centre / "column.db") == dump(centre / "plain.db")
    assert ways[0].replace("column.db", "plain.db") == ways[1]
    text = str({name: rows for name, rows in dump(centre / "column.db").items() if name != "cards"})
    assert "****" in text
    assert "4111" not in text
    assert ("thank you" in text) != own
