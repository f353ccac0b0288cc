"""The quick reader of JSON lines against the exact one: the same calls, evaluations, problems."""

import json

import pytest
from hypothesis import given, settings, strategies as st
from test_records import ANY_RECORD, GOOD_CALL

from pauta.engine.loading import json_lines
from pauta.plugins.sources import jsonl

pytest.importorskip("msgspec", reason="the quick reader comes with pauta[fast]")

HOSTILE = [
    b'{"call_id": "a", "call_id": "b"}',
    b'{"call_id": "a", "call\\u005fid": "b"}',
    b'{"call_id" : "a", "agent":"x", "agent":"y"}',
    b'{"call_id"\t: "a", "agent" :"x", "team" :"y", "team":"z"}',
    b'{"call_id": "a", "attributes": {"x": 1, "x": 2}}',
    b'{"call_id": "a", "attributes": {"x\\\\": 1, "y": [{"k": 1, "k": 2}]}}',
    b'{"call_id": "a", "attributes": {"\\":": 1, "\\":": 2}}',
    b'{"call_id": "a", "turns": [{"speaker": "agent", "text": "he said \\"yes\\": good \\" :", "text": "x"}]}',
    b'{"call_id": "a", "turns": [{"speaker": "agent", "text": "he said \\"yes\\": good \\" : \\\\"}]}',
    b'{"call_id": "a", "attributes": {"n": NaN}}',
    b'{"call_id": "a", "duration_s": Infinity}',
    b'{"call_id": "a", "duration_s": 1e400}',
    b'{"call_id": "a", "duration_s": -1e400, "attributes": {"x": 1e400}}',
    b'{"call_id": "a", "attributes": {"x": 123456789012345678901234567890}}',
    b'{"call_id": "a", "attributes": {"x": -9223372036854775809, "y": -0, "z": -0.0, "w": 1E2}}',
    b'{"call_id": "a", "attributes": {"x": ' + b"9" * 5000 + b"}}",
    b'\xef\xbb\xbf{"call_id": "a"}',
    b'{"call_id": "\\ud800"}',
    b'{"call_id": "a", "team": "\\ud83d\\ude00"}',
    b'{"call_id": "a", "team": "\xff"}',
    b'{"call_id": "a", "team": "\xed\xa0\x80"}',
    b'{"call_id": 7, "agent": true}',
    b'{"call_id": "a", "team": null, "turns": null, "other": {"deep": [1]}}',
    b'{"agent": "x"}',
    b'{"call_id": "a", "duration_s": "12", "Team ": "north"}',
    b'{"call_id": "a", "direction": "sideways"}',
    b'{"call_id": "a", "evaluator": "engine", "answers": {"q": "yes"}}',
    b'{"call_id": "a", "evaluator": "eva", "answers": {"q": "yes", "r": "", "s": null, "t": 5, "u": ["a", 1]}}',
    b'{"call_id": "a", "evaluator": "eva", "answers": {"q": "yes", "q": "no"}}',
    b'{"call_id": "a", "evaluator": "eva", "answers": {"q": {"answer": "no", "comment": "c", "at": 3, "by": 1}}}',
    b'{"call_id": "a", "evaluator": "eva", "answers": {" q": "yes", "": "no", "half": "\\udc00"}}',
    b'{"call_id": "a", "turns": [{"speaker": "agent", "text": "x", "start": 2.0, "end": 1.0}]}',
    b'{"call_id": "a", "turns": [{"speaker": "agent", "text": "x", "start": 2.0, "end": 1e10, "mood": 1}]}',
    b"[]", b"7", b"null", b'"text"', b"{",
    b'{"call_id": "a"} x', b'{"call_id": 01}', b"\x0c{}", b'{"call_id": "a\x01"}',
    b'{"call_id": "a", "other": ' + b"[" * 3000 + b"]" * 3000 + b"}",
]  # fmt: skip


def read(file, monkeypatch, quick):
    with monkeypatch.context() as patched:
        if not quick:
            patched.setattr(json_lines, "_quick", None)
        source = jsonl.Jsonl({})
        return repr([list(source.calls(str(file))), list(source.evaluations(str(file)))])


def assert_same(file, monkeypatch):
    assert read(file, monkeypatch, quick=True) == read(file, monkeypatch, quick=False)


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines(line, tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_bytes(line + b"\n" + b'{"call_id": "next"}\r\n')
    assert_same(tmp_path / "a.jsonl", monkeypatch)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.one_of(GOOD_CALL, ANY_RECORD), max_size=6), st.sampled_from([None, (",", ":"), (" , ", " : ")]))
def test_any_lines(tmp_path_factory, records, separators):
    file = tmp_path_factory.mktemp("lines") / "a.jsonl"
    lines = [json.dumps(each, ensure_ascii=len(each) % 2 == 0, separators=separators) for each in records]
    file.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patched:
        assert_same(file, patched)


def test_good_lines_are_read_quickly():
    record = {"call_id": "a", "turns": [{"speaker": "agent", "text": 'he said "yes": good', "start": 1.5}]}
    for separators in (None, (",", ":"), (" , ", " : ")):
        assert json_lines._read_quickly(json.dumps(record, separators=separators).encode()) == record
