"""A table through the scorer gives the very records and problems of the plain path."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import pytest
from dice import Dice
from engine_runs import HOST, plan_of
from strategies import card_by, rows_by

from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.records import call_from, human_from
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.outlets import Outlet
from pauta.engine.pipeline import Summary, score
from pauta.engine.problems import Place, Problem

pa = pytest.importorskip("pyarrow")

from pauta.bulk.schema import record_from, rejects_schema  # noqa: E402  # needs pyarrow
from pauta.bulk.scorer import CardsGiven, Scored, Scorer, Setup  # noqa: E402

Record = dict[str, Any]


class Kept:
    """A sink that keeps the records."""

    name = "kept"
    options: ClassVar[dict[str, object]] = {}
    endings = ()

    def __init__(self) -> None:
        self.records: list[Any] = []

    def write(self, evaluations: Any) -> None:
        self.records += evaluations

    def close(self) -> None:
        pass


def plain(
    setup: Setup, records: Iterable[tuple[Record, Record | None]], host: Host
) -> tuple[list[Record], list[Problem], Summary]:
    """What the plain path makes of call records and evaluation records, in rows counted from 1."""
    sink, told = Kept(), []
    calls: list[Call | Problem] = []
    humans: list[HumanEvaluation | Problem] = []
    for n, (call, human) in enumerate(records, 1):
        calls.append(call_from(call, Place("t.parquet", n, 1)))
        if human is not None:
            humans.append(human_from(human, Place("t.parquet", n, 1)))
    summary = score(
        calls,
        humans,
        router=setup.router,
        host=host,
        outlets=[Outlet("kept", sink)],
        on_problem=told.append,  # type: ignore[arg-type]
    )
    return sink.records, told, summary


def table_of(records: Iterable[tuple[Record, Record | None]]) -> Any:
    """The same as a table: facts as JSON, answers under their questions, in the types that they have."""
    rows: list[Record] = []
    for call, human in records:
        row = {**call}
        for name in ("attributes", "metrics"):
            if name in row:
                row[name] = json.dumps(row[name])
        for name in ("evaluator", "scorecard", "version", "evaluated_at", "mode"):
            row[name] = (human or {}).get(name)
        for question, given in ((human or {}).get("answers") or {}).items():
            entry = given if isinstance(given, dict) else {"answer": given}
            for part, value in entry.items():
                row[f"answer.{question}" + ("" if part == "answer" else f".{part}")] = value
        rows.append(row)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: column([row.get(name) for row in rows]) for name in names}
    return pa.RecordBatch.from_pydict(columns)


def column(values: list[Any]) -> Any:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([as_text(value) for value in values], pa.string())


def as_text(value: Any) -> str | None:
    """An answer as people write it into a table of text."""
    if isinstance(value, list):
        return "[]" if not value else "|".join(map(str, value)) if len(value) > 1 else str(value[0])
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def made(setup: Setup, batch: Any, host: Host) -> tuple[list[Record], Scored]:
    scored = Scorer(setup, host).score(batch, file="t.parquet")
    scored.results.validate(full=True)
    assert scored.rejects.schema == rejects_schema()
    return [record_from(row) for row in scored.results.to_pylist()], scored


def told_by(problems: Iterable[Problem]) -> list[str]:
    return sorted(str(problem) for problem in problems)


def same_problems(found: Iterable[Problem], expected: Iterable[Problem]) -> None:
    """The same, with two differences that a table brings with it.

    What a person answered about a call that was refused stands in the same row, and is not told of again. Answers to
    questions that a card does not have are counted by group of rows.
    """
    found = list(found)
    refused = {each.place for each in found if " call '" in f" {each.message}" or each.message.startswith("the record")}
    rest = [each for each in expected if each.code not in ("E530", "W521")]
    assert told_by(each for each in found if each.code != "W521") == told_by(
        each for each in rest if each.place not in refused or each.message in {one.message for one in found}
    )
    strange = {each.message.partition(" (in")[0] for each in found if each.code == "W521"}
    assert strange == {each.message.partition(" (in")[0] for each in expected if each.code == "W521"}


def same_summary(found: Summary, expected: Summary) -> None:
    for name in ("calls", "evaluations", "unclaimed", "refused"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.by_card.keys() == expected.by_card.keys()
    for name, card in expected.by_card.items():
        mine, theirs = dict(vars(found.by_card[name])), dict(vars(card))
        assert mine.pop("score_sum") == pytest.approx(theirs.pop("score_sum"))
        assert mine == theirs


@pytest.mark.parametrize("seed", range(60))
def test_random_cards(seed: int) -> None:
    dice = Dice.seeded(seed)
    data = card_by(dice)
    card = plan_of(data).scorecard
    records = []
    for call, answers, criteria in rows_by(dice, data, 12):
        call = {**call, "attributes": {**call.get("attributes", {}), "verdicts": criteria}}
        human = None
        if answers is not None:
            human = {"call_id": call["call_id"], "scorecard": "random", "evaluator": "eva", "answers": dict(answers)}
        records.append((call, human))
    batch = table_of(records)
    setup = Setup.of(card)
    expected, problems, summary = plain(setup, _as_tabled(records, batch), HOST)
    found, scored = made(setup, batch, HOST)
    assert found == expected
    same_problems(scored.problems, problems)
    same_summary(scored.summary, summary)


def _as_tabled(records: list[tuple[Record, Record | None]], batch: Any) -> list[tuple[Record, Record | None]]:
    """The records with answers as the table has them: where a column had to become text, its text."""
    text = {name for name in batch.schema.names if pa.types.is_string(batch.schema.field(name).type)}
    found = []
    for call, human in records:
        if human is not None:
            answers = {}
            for question, given in human["answers"].items():
                entry = dict(given) if isinstance(given, dict) else {"answer": given}
                if f"answer.{question}" in text and "answer" in entry:
                    written = as_text(entry["answer"])
                    split = isinstance(written, str) and "|" in written
                    entry["answer"] = [] if written == "[]" else written.split("|") if split else written
                answers[question] = entry
            human = {**human, "answers": answers}
        found.append((call, human))
    return found


CARDS = {
    "sales": "scorecard: sales\nversion: 1.0.0\ntitle: S\napplies_to: {call.call_type: sale}\n"
    "sections: [{section: a, questions: [{question: greet, answers: yes_no}, "
    "{question: offer, answers: yes_no_na}]}]\n",
    "old": "scorecard: care\nversion: 1.0.0\ntitle: C\neffective: {until: 2026-03-01}\n"
    "applies_to: {call.attributes.tier: gold}\n"
    "sections: [{section: a, questions: [{question: greet, answers: yes_no}]}]\n",
    "new": "scorecard: care\nversion: 2.0.0\ntitle: C\neffective: {from: 2026-03-01}\n"
    "applies_to: {call.attributes.tier: gold}\nsections: [{section: a, questions: [{question: greet, answers: yes_no}, "
    "{question: how, answers: scale_1_5}]}]\n",
    "rest": "scorecard: rest\nversion: 1.0.0\ntitle: R\nfallback: true\n"
    "sections: [{section: a, questions: [{question: greet, answers: yes_no, default: 'yes'}]}]\n",
}


def cards() -> tuple[Any, ...]:
    host = Host(installed=False)
    found = [card_from_text(text, host, f"{name}.yaml") for name, text in CARDS.items()]
    assert all(each.scorecard for each in found), [each.problems for each in found]
    return tuple(each.scorecard for each in found)


def catalog(tmp_path: Any) -> Any:
    from pauta.engine.loading.catalog import Catalog

    for name, text in CARDS.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return Catalog([tmp_path], Host(installed=False))


def routed_records(seed: int, count: int = 40) -> list[tuple[Record, Record | None]]:
    dice = Dice.seeded(seed)
    records: list[tuple[Record, Record | None]] = []
    for n in range(count):
        day = dice.pick(["2026-02-28T23:30:00+00:00", "2026-03-01T00:30:00+02:00", "2026-04-01T10:00:00Z", None])
        call = {
            "call_id": f"c{n}" if dice.chance(95) else f" c{n} ",
            "started_at": day,
            "agent": dice.pick(["a1", "a2", None]),
            "call_type": dice.pick(["sale", "other", None]),
            "duration_s": dice.pick([10.0, 20.5, None, -3.0]) if dice.chance(20) else 12.0,
            "attributes": {"tier": dice.pick(["gold", "tin"])},
            "channel": dice.pick(["voice", "Voice", "fax"]) if dice.chance(15) else "chat",
        }
        human = None
        if dice.chance(60):
            human = {
                "call_id": call["call_id"],
                "agent": call["agent"],
                "evaluator": dice.pick(["eva", "bob"]) if dice.chance(95) else "engine",
                "scorecard": dice.pick([None, "sales", "care", "rest", "nowhere"]),
                "version": dice.pick([None, None, "1.0.0", "9.9.9"]),
                "evaluated_at": dice.pick([None, "2026-04-02T10:00:00Z", "yesterday"]) if dice.chance(20) else None,
                "mode": dice.pick(["live", "recorded", None]),
                "answers": {
                    name: dice.pick(values)
                    for name, values in {
                        "greet": ["yes", "no", "maybe", "", None],
                        "offer": ["yes", "no", "na"],
                        "how": ["1", "5", "7", "unverified"],
                    }.items()
                    if dice.chance(80)
                },
            }
        records.append((call, human))
    return records


@pytest.mark.parametrize("zone", [None, "America/Bogota"])
@pytest.mark.parametrize("seed", range(12))
def test_many_cards_days_people_and_bad_rows(seed: int, zone: str | None, tmp_path: Any) -> None:
    from zoneinfo import ZoneInfo

    host = Host(installed=False)
    setup = Setup(catalog(tmp_path), timezone=ZoneInfo(zone) if zone else None)
    records = routed_records(seed)
    spread = [
        {**call, **{f"attributes.{k}": v for k, v in call.pop("attributes").items()}}
        for call, _ in map(_copied, records)
    ]
    batch = table_of([(call, human) for call, (_, human) in zip(spread, records, strict=True)])
    expected, problems, summary = plain(setup, records, host)
    scorer = Scorer(setup, host)
    first = scorer.score(batch, file="t.parquet")
    skip = np.zeros(batch.num_rows, dtype=np.bool_)
    seen: set[int] = set()
    for key, row in zip(first.keys.tolist(), first.key_rows.tolist(), strict=True):
        skip[row] = key in seen
        seen.add(key)
    scored = Scorer(setup, host).score(batch, file="t.parquet", skip=skip)
    assert [record_from(row) for row in scored.results.to_pylist()] == expected
    same_problems(scored.problems, problems)
    same_summary(scored.summary, summary)


def _copied(pair: tuple[Record, Record | None]) -> tuple[Record, Record | None]:
    return {**pair[0]}, pair[1]


def test_named_cards_and_setup_goes_to_other_processes() -> None:
    setup = pickle.loads(pickle.dumps(Setup(CardsGiven(cards()), named=("sales",), installed=False)))
    batch = pa.RecordBatch.from_pydict({"call_id": ["a", "b"], "evaluator": ["eva", None], "greet": ["yes", None]})
    scored = setup.scorer().score(batch)
    records = [record_from(row) for row in scored.results.to_pylist()]
    assert [(each["call_id"], each["evaluator"], each["score"]) for each in records] == [
        ("a", "eva", 100.0),
        ("b", "engine", None),
    ]
