"""Transcribe Call Analytics and post-call analytics: the cases, and files that somebody broke."""

import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from source_cases import CASES, cases, check, written
from source_mutations import broken, held

from pauta.engine.model.calls import Call
from pauta.engine.problems import Problem
from pauta.plugins.sources.transcribe_call_analytics import TranscribeCallAnalytics

SAMPLES = list(yaml.safe_load((CASES / "transcribe.yaml").read_text(encoding="utf-8"))["templates"].values())


@pytest.mark.parametrize("case", cases("transcribe.yaml"))
def test_transcribe_call_analytics(case, tmp_path):
    check(case, TranscribeCallAnalytics, written(case, tmp_path, "c.json"))


@settings(max_examples=4000, deadline=None)
@given(broken(SAMPLES), st.sampled_from(({}, {"first_speaker": "agent", "timezone": "America/Bogota"})))
def test_broken_files_never_raise(document, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        found = list(TranscribeCallAnalytics(options).calls(str(path)))
    assert found
    assert all(isinstance(each, Call | Problem) for each in found)
    assert held(found)
    if any(isinstance(each, Call) and not each.turns for each in found):
        assert "W540" in [each.code for each in found if isinstance(each, Problem)]
