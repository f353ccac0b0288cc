"""vCons: the cases, documents that somebody broke, and every real file there is."""

import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from source_cases import CASES, cases, check, laid_over, written
from source_mutations import broken, held

from pauta.engine.model.calls import Call
from pauta.engine.problems import Problem
from pauta.plugins.sources import documents
from pauta.plugins.sources.vcon import Vcon

OPTIONS = (
    {},
    {"first_speaker": "agent", "paragraphs_take_turns": True, "keep_partial": True, "timezone": "Europe/Madrid"},
    {"first_party_is": "customer", "speakers": {"0": "agent"}, "agent": {"index": 1}, "agent_id": "tel"},
)


@pytest.mark.parametrize("case", cases("vcon.yaml"))
def test_vcon(case, tmp_path):
    check(case, Vcon, written(case, tmp_path, "c.vcon"))


def samples():
    loaded = yaml.safe_load((CASES / "vcon.yaml").read_text(encoding="utf-8"))
    return [
        laid_over(loaded["templates"].get(case.get("template"), {}), case["json"])
        for case in loaded["cases"]
        if "json" in case
    ]


@settings(max_examples=6000, deadline=None)
@given(broken(samples()), st.sampled_from(OPTIONS))
def test_broken_vcons_never_raise(document, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.vcon"
        path.write_text(json.dumps(document), encoding="utf-8")
        found = list(Vcon(options).calls(str(path)))
    assert found
    for each in found:
        assert isinstance(each, Call | Problem)
        if isinstance(each, Call) and not each.turns:
            assert any(isinstance(other, Problem) and other.code == "W540" for other in found), document
    assert held(found)


def test_documents_too_deep_or_too_large(tmp_path, monkeypatch):
    path = tmp_path / "deep.vcon"
    path.write_text('{"uuid": ' + "[" * 100_000 + "]" * 100_000 + "}", encoding="utf-8")
    assert [each.code for each in Vcon({}).calls(str(path))] == ["E508"]
    body = "[" * 100_000 + "]" * 100_000
    whole = {"uuid": "a", "parties": [{}], "dialog": [{"type": "recording"}]}
    path.write_text(json.dumps({**whole, "analysis": [{"type": "transcript", "body": body}]}), encoding="utf-8")
    assert [getattr(each, "code", "call") for each in Vcon({}).calls(str(path))] == ["W540", "call"]
    monkeypatch.setattr(documents, "MOST_BYTES", 1000)
    assert [each.code for each in Vcon({}).calls(str(path))] == ["E508"]


def test_secrets_of_an_address_are_not_told(tmp_path):
    path = tmp_path / "c.vcon"
    url = "https://user:hunter2@example.org/x?signature=hunter3"
    dialog = [{"type": "recording", "url": url, "parties": [0]}]
    path.write_text(json.dumps({"uuid": "a", "parties": [{}], "dialog": dialog}), encoding="utf-8")
    assert "hunter" not in str(list(Vcon({}).calls(str(path))))
