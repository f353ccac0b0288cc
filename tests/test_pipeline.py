"""The whole way: calls, people's answers, cards, sinks; in order, in batches, with everything that goes wrong on it."""

import json
import tracemalloc
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from card_folders import write_cards
from hypothesis import given, settings, strategies as st
from plugins_made import Plugin

from pauta.engine.endpoints import calls_in, files_of, open_sink
from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.loading.publish import publish
from pauta.engine.model.calls import Answer, Call, HumanEvaluation
from pauta.engine.pipeline import Outlet, Seen, score
from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.engine.routing import Router
from pauta.store import Store

SHARED = Path(__file__).parents[1].parent / "shared"
SALE = {
    "scorecard": "sale",
    "applies_to": {"call.call_type": "sale"},
    "sections": [{"section": "s", "answers": "yes_no", "questions": [
        {"question": "long", "text": "Was it long", "criterion": {"condition": {"call.duration_s": {"at_least": 60}}}},
        {"question": "kind", "text": "Was it kind"},
    ]}],
    "examples": None,
}  # fmt: skip
SALE_2 = {**SALE, "version": "2.0.0", "effective": {"from": "2026-01-01"}, "scoring": {"pass_mark": 50}}
VOICE = {**SALE, "scorecard": "voice", "applies_to": {"call.channel": "voice"}}
CARDS = {"sale.yaml": SALE, "sale2.yaml": SALE_2, "voice.yaml": VOICE}
TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


@pytest.fixture(scope="module")
def catalog(host, tmp_path_factory):
    catalog = Catalog([write_cards(tmp_path_factory.mktemp("cards"), CARDS)], host)
    assert [card.name for card in catalog.cards] == ["sale@1.0.0", "sale@2.0.0", "voice@1.0.0"]
    return catalog


class Kept:
    """A sink that keeps what it gets, and fails where it is told to."""

    def __init__(self, fail_at=None, error=None):
        self.records, self.batches, self.state = [], [], "open"
        self.fail_at, self.error = fail_at, error or RuntimeError("no more paper")

    def write(self, evaluations):
        if self.fail_at == "write":
            raise self.error
        self.records += evaluations
        self.batches.append(len(evaluations))

    def close(self):
        if self.fail_at in ("close", "both"):
            raise self.error
        self.state = "closed"


class Knowing(Kept):
    def __init__(self, **how):
        super().__init__(**how)
        self.known, self.outcome = [], "kept"

    def about(self, calls, cards):
        self.known.append(([call.call_id for call in calls], [card["scorecard"] for card in cards]))

    def drop(self):
        self.state = "dropped"


def sale(call_id, **said):
    return Call(call_id, **{"call_type": "sale", "duration_s": 100.0, "at": Place("calls.jsonl", 1, 1), **said})


def by(evaluator, call_id, card="sale", version=None, agent=None, kind="yes", line=1):
    at = Place("answers.jsonl", line, 1)
    return HumanEvaluation(call_id, card, evaluator, {"kind": Answer(kind)}, version, agent, at=at)


def run(catalog, host, calls, humans=(), named=(), sinks=(), **how):
    kept = Kept()
    outlets = [Outlet("kept", kept), *sinks]
    router = Router(catalog, named=named, today=TODAY)
    summary = score(calls, humans, router=router, host=host, outlets=outlets, **how)
    return kept.records, summary


def names(records):
    return [f"{each['call_id']} {each['scorecard']}@{each['version']} {each['evaluator']}" for each in records]


def codes(summary):
    return [problem.code for problem in summary.problems]


def test_calls_are_scored_by_the_cards_that_claim_them_in_their_order(catalog, host):
    calls = [
        sale("a", channel="voice", started_at="2026-02-01T00:00:00Z"),
        sale("b", started_at="2025-02-01T00:00:00Z"),
        Call("c"),
        sale("d", duration_s=5.0),
        Problem("E501", "the line is not JSON", Place("calls.jsonl", 5, 1)),
    ]
    records, summary = run(catalog, host, calls)
    assert names(records) == [
        "a sale@2.0.0 engine",
        "a voice@1.0.0 engine",
        "b sale@1.0.0 engine",
        "d sale@2.0.0 engine",
    ]
    assert [each["score"] for each in records] == [100.0, 100.0, 100.0, 0.0]
    assert (summary.calls, summary.evaluations, summary.unclaimed, summary.refused) == (4, 4, 1, 1)
    assert (summary.errors, summary.warnings, summary.failures, codes(summary)) == (1, 0, 0, ["E501"])
    card = summary.by_card["sale@2.0.0"]
    assert (card.evaluations, card.by_person, card.passed, card.failed) == (2, 0, 1, 1)
    assert (card.by_status, card.scored, card.score_sum) == ({"complete": 2}, 2, 100.0)


def test_a_person_takes_the_place_of_the_engine_card_by_card(catalog, host):
    calls = [sale("a", channel="voice"), sale("b")]
    humans = [
        by("ana", "a"),
        by("bo", "a", version="1.0.0"),
        by("ana", "b", card="voice"),
        by("ana", "b", version="2.0.0"),
    ]
    records, summary = run(catalog, host, calls, humans)
    assert names(records) == [
        "a sale@2.0.0 ana", "a sale@1.0.0 bo", "a voice@1.0.0 engine", "b sale@2.0.0 ana", "b voice@1.0.0 ana",
    ]  # fmt: skip
    assert summary.problems == []
    assert summary.by_card["sale@2.0.0"].by_person == 2


MATCHING = {
    "a call that did not come": ([by("ana", "z")], ["a sale@2.0.0 engine"], ["E530"]),
    "another agent's call": ([by("ana", "a", agent="luis")], ["a sale@2.0.0 engine"], ["E530"]),
    "the agent's call": ([by("ana", "a", agent="eva")], ["a sale@2.0.0 ana"], []),
    "no card named, one claims": ([by("ana", "a", card=None)], ["a sale@2.0.0 ana"], []),
    "a card that is not there": ([by("ana", "a", card="salt")], ["a sale@2.0.0 engine"], ["E712"]),
    "a version that is not there": ([by("ana", "a", version="7.0.0")], ["a sale@2.0.0 engine"], ["E711"]),
    "twice by one person": ([by("ana", "a"), by("ana", "a", version="2.0.0")], ["a sale@2.0.0 ana"], ["E532"]),
    "by two people": ([by("ana", "a"), by("bo", "a")], ["a sale@2.0.0 ana", "a sale@2.0.0 bo"], []),
    "an answer that is none": ([by("ana", "a", kind="yess")], ["a sale@2.0.0 ana"], ["E520"]),
    "a record that was refused": ([Problem("E502", "evaluator is missing")], ["a sale@2.0.0 engine"], ["E502"]),
}


@pytest.mark.parametrize(("humans", "expected", "problems"), MATCHING.values(), ids=MATCHING)
def test_evaluations_meet_their_calls(humans, expected, problems, catalog, host):
    records, summary = run(catalog, host, [sale("a", agent="eva")], humans)
    assert names(records) == expected
    assert codes(summary) == problems
    assert all(problem.place is None or problem.place.file == "answers.jsonl" for problem in summary.problems)


def test_an_evaluation_without_a_card_needs_one_that_claims(catalog, host):
    records, summary = run(
        catalog, host, [sale("a", channel="voice"), Call("b")], [by("x", "a", card=None), by("x", "b", card=None)]
    )
    assert codes(summary) == ["E533", "E533"]
    assert [str(problem) for problem in summary.problems if "2 cards claim it: sale, voice" in str(problem)]
    assert len(records) == 2


def test_an_evaluation_without_an_agent_is_taken_for_the_first(catalog, host):
    records, summary = run(catalog, host, [sale("a", agent="eva"), sale("a", agent="luis")], [by("ana", "a")])
    assert [(each["agent"], each["evaluator"]) for each in records] == [("eva", "ana"), ("luis", "engine")]
    assert codes(summary) == ["E535"]
    assert "agent 'eva'" in summary.problems[0].hint


NAMED = {
    "by the day": (["sale"], by("ana", "b"), ["b sale@1.0.0 ana"], []),
    "another version by id alone": (
        ["sale"],
        by("ana", "b", version="2.0.0"),
        ["b sale@2.0.0 ana"],
        [],
    ),
    "the version asked for": (["sale@2"], by("ana", "b", version="2.0.0"), ["b sale@2.0.0 ana"], []),
    "another version": (["sale@2"], by("ana", "b", version="1.0.0"), ["b sale@2.0.0 engine"], ["E534"]),
    "another card": (["voice"], by("ana", "b"), ["b voice@1.0.0 engine"], ["W502"]),
    "two cards": (["voice", "sale"], by("ana", "b"), ["b voice@1.0.0 engine", "b sale@1.0.0 ana"], []),
    "no such card": (["salt"], by("ana", "b", card="salt"), [], ["E712", "E712"]),
}


@pytest.mark.parametrize(("named", "human", "expected", "problems"), NAMED.values(), ids=NAMED)
def test_named_cards(named, human, expected, problems, catalog, host):
    calls = [Call("b", started_at="2025-02-01T00:00:00Z", at=Place("calls.jsonl", 1, 1))]
    records, summary = run(catalog, host, calls, [human], named=named)
    assert sorted(names(records)) == sorted(expected)
    assert codes(summary) == problems


def test_a_fixed_card_scores_whatever_the_day(catalog, host):
    card = catalog.resolve("sale", "1.0.0")
    records, summary = run(catalog, host, [Call("b")], [by("ana", "b", version="2.0.0")], named=[card])
    assert names(records) == ["b sale@1.0.0 engine"]
    assert codes(summary) == ["E534"]


def test_the_same_call_twice_counts_once(catalog, host):
    calls = [sale("a"), sale("a"), sale("a", agent="eva"), sale("b"), sale("a", agent="eva")]
    for batch_size in (1, 2, 5):
        records, summary = run(catalog, host, calls, batch_size=batch_size)
        assert [(each["call_id"], each["agent"]) for each in records] == [("a", None), ("a", "eva"), ("b", None)]
        assert (codes(summary), summary.refused, summary.calls) == (["E531", "E531"], 2, 3)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.sampled_from(["sale", "other"]),
            st.sampled_from(["voice", "chat"]),
            st.integers(0, 120),
        )
    ),
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["sale", "voice"]), st.sampled_from(["yes", "no", "yess"]))),
    st.integers(1, 7),
)
def test_the_batch_size_changes_nothing(catalog, host, calls, humans, batch_size):
    calls = [sale(str(n), call_type=kind, channel=channel, duration_s=float(s)) for n, kind, channel, s in calls]
    humans = [by(f"e{line}", str(n), card, kind=kind, line=line) for line, (n, card, kind) in enumerate(humans)]
    whole, summary = run(catalog, host, calls, humans)
    parts, by_parts = run(catalog, host, calls, humans, batch_size=batch_size)
    assert json.dumps(parts) == json.dumps(whole)
    assert sorted(map(str, by_parts.problems)) == sorted(map(str, summary.problems))
    assert by_parts.by_card == summary.by_card


def test_sinks_are_told_what_a_batch_is_about(catalog, host):
    sink, told = Knowing(), []
    calls = [sale("a", channel="voice"), Call("b"), sale("c")]
    outlets, documents = [Outlet("knowing", sink)], catalog.document
    _, summary = run(catalog, host, calls, batch_size=2, progress=told.append, sinks=outlets, document_of=documents)
    assert sink.known == [(["a"], ["sale", "voice"]), (["c"], ["sale"])]
    assert sink.batches == [2, 1]
    assert told == [2, 3]
    assert summary.outcomes == {"kept": "", "knowing": "kept"}
    assert sink.state == "closed"


FAULT = Problem("E726", "the disk is full", None, "make room")


@pytest.mark.parametrize("fail_at", ["write", "close", "both"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("no more paper"), "RuntimeError: no more paper"),
        (OSError(28, "No space left on device"), "no space left on device"),
        (ProblemsFound([FAULT]), "the disk is full"),
    ],
    ids=["any", "system", "told"],
)
@pytest.mark.parametrize("kind", [Kept, Knowing])
def test_a_sink_that_fails_gets_nothing_more_and_the_others_go_on(kind, error, said, fail_at, catalog, host):
    broken = kind(fail_at=fail_at, error=error)
    calls = [sale(str(n)) for n in range(6)]
    records, summary = run(catalog, host, calls, batch_size=2, sinks=[Outlet("broken", broken)])
    assert len(records) == 6
    (problem,) = summary.problems
    assert (problem.code, summary.failures, "broken" in summary.outcomes) == ("E620", 1, False)
    assert f"sink 'broken' failed and gets nothing more: {said}" in problem.message
    assert broken.state == {Kept: "closed" if fail_at == "write" else "open", Knowing: "dropped"}[kind]


def test_an_interrupted_run_leaves_files_as_they_were(catalog, host, tmp_path):
    path, database = tmp_path / "results.jsonl", tmp_path / "results.db"
    path.write_text("the run before", encoding="utf-8")

    def calls():
        yield from (sale(str(n)) for n in range(4))
        raise KeyboardInterrupt

    outlets = [Outlet(str(target), open_sink(str(target), host)) for target in (path, database)]
    with pytest.raises(KeyboardInterrupt):
        score(calls(), router=Router(catalog, today=TODAY), host=host, outlets=outlets, batch_size=2)
    assert path.read_text(encoding="utf-8") == "the run before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["results.db", "results.jsonl"]
    with Store(database) as store:
        assert len(list(store.evaluations())) == 4


class Judge:
    """A criterion that breaks down."""

    name = "judge"
    options = {"type": "object"}  # noqa: RUF012  # as plugins write it

    def __init__(self, options, question):
        pass

    def answer_batch(self, batch):
        raise ZeroDivisionError("thirteen")


def test_a_plugin_that_fails_is_told_once_and_counted_as_failure(tmp_path):
    host = Host(installed=False)
    assert host.register(Plugin("criteria", Judge), "judging", version="1.2").failure is None
    judged = {**SALE, "sections": [{"section": "s", "questions": [
        {"question": "good", "text": "Was it good", "answers": "yes_no", "criterion": "judge"}]}]}  # fmt: skip
    catalog = Catalog([write_cards(tmp_path, {"sale.yaml": judged})], host)
    records, summary = run(catalog, host, [sale(str(n)) for n in range(4)], batch_size=2)
    assert [each["unverified"] for each in records] == [["good"]] * 4
    assert (len(summary.problems), summary.failures, summary.errors) == (1, 1, 1)
    assert "thirteen" in summary.problems[0].message


class Spoiler(Kept):
    """A sink that changes what it is given, and breaks down at the second batch."""

    name, endings, options = "spoiler", (".spoilt",), {"type": "object"}  # as plugins write it

    def __init__(self, options):
        super().__init__()

    def write(self, evaluations):
        for each in evaluations:
            each["answers"].clear()
        super().write(evaluations)
        if len(self.batches) == 2:
            raise SystemExit(1)


def test_a_plugins_sink_spoils_nothing_for_the_others(catalog):
    host = Host(installed=False)
    assert host.register(Plugin("sinks", Spoiler), "spoiling", version="1.2").failure is None
    spoiler = Outlet("x.spoilt", open_sink("x.spoilt", host, options={}))
    kept = Kept()
    router = Router(catalog, today=TODAY)
    calls = [sale(str(n)) for n in range(6)]
    summary = score(calls, router=router, host=host, outlets=[spoiler, Outlet("kept", kept)], batch_size=2)
    assert [len(each["answers"]) for each in kept.records] == [2] * 6
    assert (codes(summary), len(spoiler.sink.records)) == (["E620"], 4)
    assert "(plugin 'spoiling' 1.2 (registered)): SystemExit: 1" in summary.problems[0].message


def test_a_changed_published_card_scores_nothing(host, tmp_path):
    write_cards(tmp_path, CARDS)
    catalog = Catalog([tmp_path], host)
    assert publish([catalog.resolve("sale", "2.0.0")], catalog, TODAY).problems == ()
    write_cards(tmp_path, {"sale2.yaml": {**SALE_2, "scoring": {"pass_mark": 60}}})
    catalog = Catalog([tmp_path], host)
    records, summary = run(catalog, host, [sale("a", channel="voice")])
    assert names(records) == ["a voice@1.0.0 engine"]
    _, summary = run(catalog, host, [sale("a")], named=["sale"])
    assert codes(summary) == ["E701"]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), max_size=12), max_size=12))
def test_what_was_seen_is_known_again(batches):
    seen, known = Seen(), set()
    for batch in batches:
        fresh = seen.fresh([str(each) for each in batch])
        expected = []
        for each in batch:
            expected.append(each not in known)
            known.add(each)
        assert fresh == expected
    assert sum(len(block) for block in seen._blocks) == len(known)


def test_long_blocks_stay_side_by_side(monkeypatch):
    monkeypatch.setattr("pauta.engine.pipeline.LONGEST_BLOCK", 16)
    seen, many = Seen(), np.random.default_rng(7).permutation(4_000).astype(np.uint64)
    for at in range(0, 4_000, 10):
        assert seen.fresh_codes(many[at : at + 10]).all()
        assert seen.fresh_codes(many[[at, 0, at]]).sum() == 0
    assert sum(map(len, seen._blocks)) == 4_000
    assert max(map(len, seen._blocks)) <= 4_000 / 4
    assert len(seen._blocks) < 32


@pytest.mark.slow
def test_memory_stays_flat_over_many_calls(catalog, host):
    def peak(count):
        tracemalloc.start()
        calls = (sale(str(n)) for n in range(count))
        score(calls, router=Router(catalog, today=TODAY), host=host)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2_000)
    assert peak(40_000) < peak(4_000) + 40 * 36_000


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared examples and calls are not beside this checkout")
def test_every_real_call_is_scored_and_its_evidence_is_in_the_call(host, tmp_path):
    catalog = Catalog([SHARED / "examples" / "scorecards"], host)
    files, _ = files_of([SHARED / "data" / "calls" / "*.calls.jsonl"], host)
    calls = list(calls_in(files, host))
    database = tmp_path / "results.db"
    outlets = [Outlet("db", open_sink(str(database), host))]
    records, summary = run(catalog, host, calls, named=["bank-inbound"], sinks=outlets, document_of=catalog.document)
    assert (summary.calls, summary.evaluations, summary.problems) == (323, 323, [])
    assert summary.outcomes["db"] == "323 new, 0 revised, 0 unchanged"
    with Store(database) as store:
        assert [{**each, "revision": 1} for each in records] == list(store.evaluations())
    by_id = {call.call_id: call for call in calls}
    quotes = 0
    for record in records:
        for answer in record["answers"]:
            for evidence in answer["evidence"]:
                if evidence["quote"] is not None:
                    turn = by_id[record["call_id"]].turns[evidence["turn"]]
                    assert turn.text[slice(*evidence["span"])] == evidence["quote"]
                    assert evidence["start"] == turn.start
                    quotes += 1
    assert quotes > 300
