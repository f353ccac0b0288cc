"""Records at the door: both ways in agree, nothing that comes out is not what the engine takes, nothing is raised."""

import json
import math

from hypothesis import example, given, settings, strategies as st

from pauta.engine.loading.loose import mended_call, mended_human
from pauta.engine.loading.records import call_from, calls_from, human_from
from pauta.engine.model.calls import SPEAKERS, Answer, Call, HumanEvaluation
from pauta.engine.model.moments import day_of, moment_from
from pauta.engine.problems import Place, Problem

AT = Place("calls.jsonl", 1, 1)

SECONDS = st.one_of(st.none(), st.integers(0, 5000), st.floats(0, 5000))
WORD = st.one_of(st.none(), st.text(alphabet="abcñж 1", min_size=1, max_size=5).map(str.strip).filter(bool))
DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), st.floats(-1e6, 1e6), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)
TURN = st.fixed_dictionaries(
    {"speaker": st.sampled_from(SPEAKERS), "text": st.text(max_size=20)},
    optional={"start": st.integers(0, 50), "end": st.integers(50, 99), "sentiment": st.floats(-1, 1)},
)
GOOD_CALL = st.fixed_dictionaries(
    {"call_id": st.text(alphabet="abc-1", min_size=1, max_size=6)},
    optional={
        "started_at": st.sampled_from([None, "2026-01-01T10:00:00Z", "2026-01-01 10:00:00.5-05:00"]),
        "duration_s": SECONDS,
        "agent": WORD,
        "team": WORD,
        "customer_segment": WORD,
        "call_type": WORD,
        "language": WORD,
        "direction": st.sampled_from([None, "inbound", "outbound"]),
        "channel": st.sampled_from([None, "voice", "chat", "email"]),
        "metrics": st.one_of(st.none(), st.dictionaries(st.text(max_size=4), DATA, max_size=3)),
        "attributes": st.one_of(st.none(), st.dictionaries(st.text(max_size=4), DATA, max_size=3)),
        "turns": st.one_of(st.none(), st.lists(TURN, max_size=4)),
    },
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.just("\ud800")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([*SPEAKERS, "speaker", "Speaker", "text", "start", "end", "answer", "at"]), inner
        ),
    ),
    max_leaves=8,
)
FIELDS = ["call_id", "Call ID", "started_at", "duration_s", "agent", "team", "direction", "channel", "turns", "metrics",
          "attributes", "evaluator", "answers", "mode", "scorecard", "version", "evaluated_at", "other"]  # fmt: skip
ANY_RECORD = st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=8)


@settings(deadline=None)
@given(GOOD_CALL)
def test_a_good_record_is_a_call(record):
    call = call_from(record, AT)
    assert isinstance(call, Call)
    assert call.call_id == record["call_id"]
    assert call.duration_s == record.get("duration_s")
    assert [turn.text for turn in call.turns] == [turn["text"] for turn in record.get("turns") or ()]


@settings(deadline=None)
@given(GOOD_CALL)
def test_both_ways_in_make_the_same_call(record):
    mended, _ = mended_call(record, AT)
    assert call_from(mended, AT) == call_from(record, AT)


@settings(max_examples=300, deadline=None)
@given(ANY_RECORD)
@example({"call_id": 0, "turns": [None]})
def test_whatever_comes_is_a_record_or_a_problem(record):
    for read in (call_from, human_from):
        found = read(record, AT)
        assert isinstance(found, Call | HumanEvaluation | Problem)
        if isinstance(found, Problem):
            assert found.code[:2] == "E5"
            assert "does not have the form" not in found.message, "every fault has a name"
            str(found).encode()
        elif isinstance(found, Call):
            for turn in found.turns:
                assert turn.speaker in SPEAKERS
                assert all(each is None or math.isfinite(each) for each in (turn.start, turn.end, turn.sentiment))
            json.dumps([found.metrics, found.attributes], allow_nan=False).encode()


@settings(deadline=None)
@given(ANY_RECORD)
def test_what_is_mended_needs_no_more_mending(record):
    for mend in (mended_call, mended_human):
        once, _ = mend(record, AT)
        twice, _ = mend(once, AT)
        assert repr(twice) == repr(once)


def test_an_example_needs_no_id():
    assert call_from({"call_type": "sale"}, default_id="example").call_id == "example"
    assert call_from({"call_id": "own"}, default_id="example").call_id == "own"


def test_bare_answers_are_shared():
    first = human_from({"call_id": "a", "evaluator": "ana", "answers": {"g": "yes"}})
    second = human_from({"call_id": "b", "evaluator": "ana", "answers": {"h": "yes"}})
    assert first.answers["g"] is second.answers["h"]
    assert first.answers["g"] == Answer("yes")


def test_problems_in_between_are_handed_on():
    problem = Problem("E501", "the line is not JSON", AT)
    assert list(calls_from([problem, ({"call_id": "a"}, AT)])) == [problem, Call("a", at=AT)]


def test_days():
    from zoneinfo import ZoneInfo

    bogota = ZoneInfo("America/Bogota")
    assert str(day_of("2026-01-01T03:00:00Z", None)) == "2026-01-01"
    assert str(day_of("2026-01-01T03:00:00Z", bogota)) == "2025-12-31"
    assert str(day_of("2026-01-01T23:30:00-05:00", None)) == "2026-01-01"
    assert str(day_of("0001-01-01T00:00:00+00:00", bogota)) == "0001-01-01"
    assert day_of(None, bogota) is None
    assert day_of("yesterday", bogota) is None
    assert moment_from("2026-06-30T23:59:60Z") == moment_from("2026-06-30T23:59:59Z")
