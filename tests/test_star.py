"""What docs/measured/star.md says is what benchmarks/star.py measures, and phrases quote real calls rightly."""

import importlib.util
from pathlib import Path

import pytest

from pauta import Call, CallBatch
from pauta.engine.model.scorecard import Answers, Kind, Question
from pauta.plugins.criteria.phrase import Phrase
from pauta.plugins.sources.jsonl import Jsonl

ROOT = Path(__file__).parents[1]
CALLS = ROOT.parent / "shared" / "data" / "calls"
needs_calls = pytest.mark.skipif(not CALLS.is_dir(), reason="the real calls (../shared/data/calls) are not here")


@needs_calls
def test_the_measured_page_is_what_is_measured(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("star", ROOT / "benchmarks" / "star.py")
    star = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "star", star)
    spec.loader.exec_module(star)
    monkeypatch.setattr("sys.argv", ["star.py", "--to", str(tmp_path / "star.md")])
    star.main()
    measured = (tmp_path / "star.md").read_text(encoding="utf-8")
    assert measured == (ROOT / "docs" / "measured" / "star.md").read_text(encoding="utf-8")
    rows = dict(line.strip("| ").split(" | ", 1) for line in measured.splitlines() if line.startswith("| "))
    for measure in ("where the labels can tell", "labels and reading"):
        _, precision, recall = rows[measure].split(" | ")
        assert float(precision) >= 0.95
        assert float(recall) >= 0.9


@needs_calls
def test_evidence_quotes_what_stands_in_real_calls():
    calls = [call for file in sorted(CALLS.glob("*.calls.jsonl")) for call in Jsonl({}).calls(str(file))]
    assert all(isinstance(call, Call) for call in calls)
    assert len(calls) == 323
    asked = [
        {"any": ["your ... name", "th* ... you", r"re:\b\w+ing\b"]},
        {"any": ["hello", "(good|nice) (day|morning)"], "within": {"first": "30 words"}},
        {"none": ["pain*", "the"], "within": {"last": "60 s"}, "speaker": "customer"},
    ]
    made = Phrase.bind_all([(options, Question("asked", Answers(Kind.ONE))) for options in asked])
    places = 0
    for phrase in made:
        findings = phrase.answer_batch(CallBatch(size=len(calls), calls=calls))
        for row, call in enumerate(calls):
            assert findings[row] == phrase.answer(call)
            for place in findings[row].evidence:
                turn = call.turns[place.turn]
                assert place.quote
                assert turn.text[place.start : place.stop] == place.quote
                assert (place.from_s, place.to_s) == (turn.start, turn.end)
                places += 1
    assert places > 1000
