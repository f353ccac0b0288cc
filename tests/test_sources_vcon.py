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


@settings(max_examples=400, deadline=None)
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


LONG = 1_000_000
HOSTILE = {
    "open tags": ("<" * LONG, "text/html"),
    "open comments": ("<!--" * (LONG // 4), "text/html"),
    "open scripts": ("<script " * (LONG // 8), "text/html"),
    "a boundary a line": ("--b\n" * (LONG // 4), "multipart/mixed; boundary=b"),
    "boundaries": ("x", "multipart/mixed;" + "boundary=" * (LONG // 8)),
    "parts in parts": (
        "".join(f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(LONG // 60)),
        "multipart/mixed; boundary=b0",
    ),
    "a long head": ("--b\nContent-Type: text/plain" + ";" * LONG + "\n\nhi\n--b--", "multipart/mixed; boundary=b"),
}
HOSTILE_TRANSCRIPTS = {
    "line breaks": "\n" * LONG,
    "lines of spaces": "\n \n  " * (LONG // 5),
    "colons": "A:" * (LONG // 2),
    "voices": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v " * (LONG // 3),
    "cues": "WEBVTT\n\n" + "00:01.000 --> 00:01.000\n<v A>x\n\n" * (LONG // 30),
    "times": "WEBVTT\n\n" + "9" * LONG + "-->",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", [*HOSTILE, *HOSTILE_TRANSCRIPTS])
def test_hostile_texts_take_no_time(tmp_path, name):
    entry = {"type": "text", "parties": [0]}
    whole = {"uuid": "a", "parties": [{"role": "agent"}, {}], "dialog": [entry]}
    if name in HOSTILE:
        entry["body"], entry["mediatype"] = HOSTILE[name]
    else:
        whole["analysis"] = [{"type": "transcript", "body": HOSTILE_TRANSCRIPTS[name]}]
    path = tmp_path / "c.vcon"
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert any(isinstance(each, Call) for each in Vcon({}).calls(str(path)))


def test_more_than_any_conversation_has_is_refused(tmp_path):
    path = tmp_path / "c.vcon"
    path.write_text(json.dumps({"uuid": "a", "parties": [{}], "dialog": [{}] * 10_001}), encoding="utf-8")
    assert [each.code for each in Vcon({}).calls(str(path))] == ["E508"]
    parties = [{"role": "agent", "name": f"agent {n}"} for n in range(101)]
    dialog = [{"type": "text", "parties": [n], "body": "x"} for n in range(101)]
    path.write_text(json.dumps({"uuid": "a", "parties": parties, "dialog": dialog}), encoding="utf-8")
    warning, call = Vcon({}).calls(str(path))
    assert (warning.code, call.agent, call.turns) == ("W540", None, ())
