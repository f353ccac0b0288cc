"""`timing`: cases, a slow plain reference, and batches of any size."""

import math
import subprocess
import sys

import jsonschema
import numpy as np
import pytest
from criterion_cases import QUESTION, call_of, cases, check, found, host_of
from hypothesis import given, settings, strategies as st

from pauta.engine.model.calls import Call, CallBatch, Turn, batch_of
from pauta.engine.model.columns import Numbers
from pauta.engine.model.findings import Verdict
from pauta.engine.problems import ProblemsFound
from pauta.plugins.criteria.timing import LABELS, Timing, seconds_of

HOST = host_of("timing")


@pytest.mark.parametrize("case", cases("timing"))
def test_case(case):
    check(HOST, case)


# The reference looks at every eighth of a second and knows no arrays.


def plainly(call: Call, measure: str) -> float | None:
    turns = [(turn.speaker, turn.start, turn.end) for turn in call.turns]
    if not turns:
        return None
    first, last = min(start for _, start, _ in turns), max(end for _, _, end in turns)
    instants = [first + eighth / 8 + 1 / 16 for eighth in range(round((last - first) * 8))]
    speaking = [{who for who, start, end in turns if start < instant < end} for instant in instants]
    talk = sum(len(each) for each in speaking)
    silent = "".join("." if not each else "x" for each in speaking)
    match measure:
        case "duration":
            return last - first
        case "silence":
            return silent.count(".") / 8
        case "silence_share":
            return silent.count(".") / len(silent) if silent else None
        case "talk_share":
            return sum("agent" in each for each in speaking) / talk if talk else None
        case "overlap":
            return sum(len(each) > 1 for each in speaking) / 8
        case "longest_silence":
            return _longest(turns)
        case "agent_interruptions":
            return _interruptions(turns, "agent", "customer")
        case "customer_interruptions":
            return _interruptions(turns, "customer", "agent")
        case "response_delay":
            return _delay(turns)
    raise AssertionError(measure)


def _longest(turns):
    longest = 0.0
    for _, start, _ in turns:
        before = [end for _, other, end in turns if other < start]
        if before:
            longest = max(longest, start - max(before))
    return longest


def _interruptions(turns, speaker, other):
    counted = 0
    own = sorted(((start, end) for who, start, end in turns if who == speaker), key=lambda each: (each[0], -each[1]))
    for n, (start, _) in enumerate(own):
        inside = any(who == other and their < start < end for who, their, end in turns)
        goes_on = any(end > start for _, end in own[:n])
        counted += inside and not goes_on
    return counted


def _delay(turns):
    delays = []
    for who, start, _ in turns:
        before = [(end, other, n) for n, (other, began, end) in enumerate(turns) if began < start]
        if who != "agent" or not before:
            continue
        latest = max(end for end, _, _ in before)
        last = {other for end, other, _ in before if end == latest}
        if last == {"customer"}:
            delays.append(max(0.0, start - latest))
        elif "customer" in last:
            return math.nan  # two ended last at once: the order of the record decides
    return sum(delays) / len(delays) if delays else None


eighths = st.integers(0, 96).map(lambda n: n / 8)
turn = st.builds(
    lambda speaker, start, length: Turn(speaker, "words", start, start + length),
    st.sampled_from(["agent", "customer", "agent", "customer", "system", "other"]),
    eighths,
    st.integers(0, 40).map(lambda n: n / 8),
)
calls = st.lists(st.builds(lambda turns: Call("c", turns=tuple(turns)), st.lists(turn, max_size=9)), max_size=5)
MEASURES = [measure for measure in LABELS if measure != "hold"]


@given(calls)
@settings(max_examples=400, deadline=None)
def test_every_measure_is_what_a_plain_look_at_the_clock_says(some):
    batch = batch_of(some)
    for measure in MEASURES:
        findings = found(HOST, {"timing": {"measure": measure}}, batch)
        for row, call in enumerate(some):
            plain = plainly(call, measure)
            if plain is None:
                assert findings[row].verdict is Verdict.UNVERIFIED
                assert findings[row].reason
            elif not math.isnan(plain):
                assert findings[row].answer == round(plain, 6), (measure, call.turns)


@given(calls, st.sampled_from([*MEASURES, "hold"]), st.sampled_from([{}, {"at_most": 1}, {"at_least": 0.5}]))
@settings(max_examples=200, deadline=None)
def test_a_batch_says_what_its_calls_say_alone(some, measure, bounds):
    ask = {"timing": {"measure": measure, **bounds}}
    together = found(HOST, ask, batch_of(some))
    assert [together[row] for row in range(len(some))] == [found(HOST, ask, batch_of([call]))[0] for call in some]


@given(
    st.lists(
        st.tuples(st.sampled_from(["agent", "customer", "other"]), st.floats(0, 100), st.floats(0, 20)), min_size=1
    )
)
@settings(max_examples=150, deadline=None)
def test_times_between_the_eighths_depend_on_no_neighbour(spoken):
    call = Call("c", turns=tuple(Turn(who, "w", start, start + length) for who, start, length in spoken))
    neighbour = Call("n", turns=(Turn("agent", "w", 1e6, 1e6 + 1 / 3), Turn("customer", "w", 2e6, 3e6)))
    for measure in MEASURES:
        ask = {"timing": {"measure": measure}}
        assert found(HOST, ask, batch_of([neighbour, call, neighbour]))[1] == found(HOST, ask, batch_of([call]))[0]


@given(calls)
@settings(max_examples=100, deadline=None)
def test_evidence_lies_in_the_call_and_adds_up(some):
    batch = batch_of(some)
    overlaps = found(HOST, {"timing": {"measure": "overlap"}}, batch)
    interruptions = found(HOST, {"timing": {"measure": "agent_interruptions"}}, batch)
    for row, call in enumerate(some):
        if call.turns:
            assert sum(place.to_s - place.from_s for place in overlaps[row].evidence) == overlaps[row].answer
            assert len(interruptions[row].evidence) == interruptions[row].answer
        for place in interruptions[row].evidence:
            spoken = call.turns[place.turn]
            assert (spoken.speaker, spoken.start, spoken.end) == ("agent", place.from_s, place.to_s)
            assert spoken.text[place.start : place.stop] == place.quote


def test_a_batch_of_columns_knows_what_its_columns_say():
    columns = {
        "call.duration_s": Numbers(np.array([60.0, np.nan])),
        "call.metrics.hold_s": Numbers(np.array([np.nan, 7.0])),
    }
    batch = CallBatch(size=2, subjects=columns)
    assert [found(HOST, {"timing": {"measure": "duration"}}, batch)[row].answer for row in (0, 1)] == [60.0, None]
    assert [found(HOST, {"timing": {"measure": "hold"}}, batch)[row].answer for row in (0, 1)] == [None, 7.0]
    assert "no turns" in found(HOST, {"timing": {"measure": "silence"}}, batch)[0].reason


def test_uses_of_one_batch_share_the_reading_of_the_turns():
    batch = batch_of([call_of({"turns": [["agent", 0, 1]]})])
    found(HOST, {"timing": {"measure": "silence"}}, batch)
    kept = dict(batch._once)
    found(HOST, {"timing": {"measure": "overlap"}}, batch)
    assert [key for key in batch._once if key not in kept] == []


@pytest.mark.parametrize(
    ("options", "good"),
    [
        ({"measure": "silence"}, True),
        ({"measure": "silence", "at_most": 8}, True),
        ({"measure": "silence", "at_most": "8 s"}, True),
        ({"measure": "silence", "at_most": "1,5 min", "at_least": "2s"}, True),
        ({"measure": "talk_share", "at_most": 0.6}, True),
        ({"measure": "talk_share", "at_most": 60}, False),
        ({"measure": "talk_share", "at_most": "6 s"}, False),
        ({"measure": "agent_interruptions", "at_most": "2 s"}, False),
        ({"measure": "silence", "at_most": "8 turns"}, False),
        ({"measure": "silence", "at_most": -1}, False),
        ({"measure": "silence", "most": 8}, False),
        ({"measure": "mood"}, False),
        ({"at_most": 8}, False),
    ],
)
def test_options_are_described(options, good):
    jsonschema.Draft202012Validator.check_schema(Timing.options)
    assert jsonschema.Draft202012Validator(Timing.options).is_valid(options) is good


@pytest.mark.parametrize(("written", "seconds"), [("20 s", 20), ("1,5 min", 90), ("2h", 7200), (8, 8), (0.5, 0.5)])
def test_durations_are_seconds(written, seconds):
    assert seconds_of(written) == seconds


def test_bounds_that_no_number_keeps_are_refused():
    with pytest.raises(ProblemsFound) as raised:
        Timing({"measure": "talk_share", "at_least": 0.7, "at_most": 0.3}, QUESTION)
    assert [problem.code for problem in raised.value.problems] == ["E361"]


def test_loading_the_criteria_needs_no_numpy():
    modules = ["criteria.timing", "criteria.condition", "criteria.combinations", "criteria.sequence"]
    modules += ["methods.grades", "actions.follow_up"]
    code = "".join(f"import pauta.plugins.{module}\n" for module in modules)
    code += "import sys; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
