"""Results in vCons: everything else keeps its bytes, the schema of the draft takes the file, the result comes back."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings, strategies as st
from results_made import evaluation

from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.model.calls import Call
from pauta.engine.problems import Place
from pauta.plugins.sinks.vcon import Vcon, evaluations_in
from pauta.plugins.sinks.vcon_text import Edits, entries, members, named, without_empty

FORMATS = Path(__file__).parents[1].parent / "shared" / "data" / "formats"
FILES = sorted((FORMATS / "vcon").glob("*")) if FORMATS.is_dir() else []
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SMALL = """{
  "uuid": "c-1", "created_at": "2026-01-01T10:00:00Z", "updated_at" : "2026-01-02T00:00:00Z",
  "parties": [ {"name": "Pe\\u00f1a"} ],
  "dialog": [{"type": "text", "start": "2026-01-01T10:00:00.000Z", "duration": 1.50, "body": "hi"}],
  "analysis": [ {"type":"summary", "vendor" : "x","body":"a\\u002fb",  "n": 1e3}],
  "odd": 1.10
}
"""


@pytest.fixture(scope="module")
def accepted():
    if not FORMATS.is_dir():
        pytest.skip("the formats of others are not here")
    schema = json.loads((FORMATS / "vcon-schema" / "ietf-draft.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())


def of(path, call_id="c-1", agent="ana"):
    return Call(call_id, agent=agent, at=Place(str(path)))


def sink_to(folder, **options):
    return Vcon({"path": str(folder), **options}, now=lambda: NOW)


def written(sink, calls, *several):
    sink.about(calls, [])
    sink.write(list(several))
    sink.close()
    return sink


def test_only_the_entry_and_the_moment_are_new(tmp_path):
    source = tmp_path / "small.vcon"
    source.write_text(SMALL, encoding="utf-8")
    sink = written(sink_to(tmp_path / "out"), [of(source)], evaluation())
    assert sink.outcome == "1 evaluations in 1 vCons"
    text = (tmp_path / "out" / "c-1.vcon").read_text(encoding="utf-8")
    assert source.read_text(encoding="utf-8") == SMALL
    before, _, after = text.partition(', {"type": "report"')
    assert (
        before
        == SMALL.partition(',  "n": 1e3}')[0].replace('"2026-01-02T00:00:00Z"', '"2026-11-21T10:00:00+00:00"')
        + ',  "n": 1e3}'
    )
    assert after.endswith('}],\n  "odd": 1.10\n}\n')
    entry = json.loads(text)["analysis"][1]
    assert {name: value for name, value in entry.items() if name != "body"} == {
        "type": "report", "dialog": [0], "mediatype": "application/json", "vendor": "pauta",
        "product": "scorecard-evaluation", "schema": "pauta/evaluation/1", "encoding": "json",
    }  # fmt: skip


@pytest.mark.parametrize("body", ["value", "string"])
def test_a_result_comes_back_equal(body, tmp_path):
    source = tmp_path / "small.vcon"
    source.write_text(SMALL, encoding="utf-8")
    several = [evaluation(), evaluation("e2", agent="bo", evaluator="eva")]
    calls = [of(source), of(source, agent="bo")]
    written(sink_to(tmp_path / "out", vcon_body=body, include_notes=True), calls, *several)
    assert list(evaluations_in(tmp_path / "out" / "c-1.vcon")) == several
    kinds = {type(each.get("body")) for each in json.loads((tmp_path / "out" / "c-1.vcon").read_text())["analysis"][1:]}
    assert kinds == {dict if body == "value" else str}


def test_notes_stay_out_unless_they_are_asked_for(tmp_path):
    source = tmp_path / "small.vcon"
    source.write_text(SMALL, encoding="utf-8")
    written(sink_to(tmp_path / "out"), [of(source)], evaluation())
    (back,) = evaluations_in(tmp_path / "out" / "c-1.vcon")
    assert [each["comment"] for each in back["answers"]] == [None, None, None]
    assert "=1+1" not in (tmp_path / "out" / "c-1.vcon").read_text(encoding="utf-8")


def test_the_same_evaluation_replaces_its_own_entry_and_no_other(tmp_path):
    source = tmp_path / "small.vcon"
    source.write_text(SMALL, encoding="utf-8")
    written(sink_to(tmp_path, in_place=True), [of(source)], evaluation(), evaluation("e2"))
    first = source.read_bytes()
    written(sink_to(tmp_path, in_place=True), [of(source)], evaluation())
    assert source.read_bytes() == first, "the same result changes nothing"
    written(sink_to(tmp_path, in_place=True), [of(source)], evaluation(score=1.0))
    assert [(each["evaluation_id"], each["score"]) for each in evaluations_in(source)] == [("e1", 1.0), ("e2", 83.33)]
    assert '{"type":"summary", "vendor" : "x","body":"a\\u002fb",  "n": 1e3}' in source.read_text(encoding="utf-8")


def _signed(text):
    payload = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return json.dumps({"payload": payload, "signatures": [{"protected": "e30", "signature": "x"}]})


UUID = "01928e10-193e-8231-b9a2-279e0d16bc46"
ENCRYPTED = json.dumps({"unprotected": {"uuid": UUID}, "recipients": [], "iv": "x", "ciphertext": "x", "tag": "x"})


@pytest.mark.parametrize("text", [_signed(SMALL.replace("c-1", UUID)), ENCRYPTED])
@pytest.mark.parametrize("in_place", [True, False])
def test_sealed_vcons_are_never_changed(text, in_place, tmp_path, accepted):
    source = tmp_path / "sealed.vcon"
    source.write_text(text, encoding="utf-8")
    folder = tmp_path if in_place else tmp_path / "out"
    for _ in range(2):
        written(
            Vcon({"in_place": True} if in_place else {"path": str(folder)}, now=lambda: NOW), [of(source)], evaluation()
        )
    assert source.read_text(encoding="utf-8") == text
    made = folder / "c-1.amended.vcon"
    document = json.loads(made.read_text(encoding="utf-8"))
    assert document["amended"]["uuid"] == UUID != document["uuid"]
    assert document["amended"]["content_hash"].startswith("sha512-")
    assert [each["evaluation_id"] for each in evaluations_in(made)] == ["e1"]
    assert list(accepted.iter_errors(document)) == []


def test_calls_that_came_from_no_vcon_are_left_out_and_counted(tmp_path):
    other = tmp_path / "calls.jsonl"
    other.write_text('{"call_id": "c-1"}\n{"call_id": "c-2"}\n', encoding="utf-8")
    sink = written(sink_to(tmp_path / "out"), [of(other), Call("c-9")], evaluation(), evaluation("e2", call_id="c-9"))
    assert sink.outcome == "0 evaluations in 0 vCons, 2 left out: their calls came from no vCon"
    assert list((tmp_path / "out").iterdir()) == []


def test_ids_that_are_no_file_names_stay_in_the_folder(tmp_path):
    source = tmp_path / "small.vcon"
    source.write_text(SMALL, encoding="utf-8")
    for call_id in ("../../up", "a/b", "x" * 300, "..", "nul\0"):
        written(sink_to(tmp_path / "out"), [of(source, call_id)], evaluation(call_id=call_id))
    assert len(list((tmp_path / "out").iterdir())) == 5


@pytest.mark.skipif(not FILES, reason="the formats of others are not here")
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name[:40])
def test_every_file_that_is_read_can_be_written_and_the_schema_takes_it(file, tmp_path, accepted):
    host = Host(installed=False)
    source = host.sources["vcon"]({"first_party_is": "customer"})
    calls = [each for each in source.calls(str(file)) if isinstance(each, Call)]
    if not calls:
        pytest.skip("no call is read from it")
    several = [evaluation(f"e{n}", call_id=each.call_id, agent=each.agent) for n, each in enumerate(calls)]
    written(sink_to(tmp_path, include_notes=True), calls, *several)
    (made,) = tmp_path.iterdir()
    before, after = json.loads(file.read_text(encoding="utf-8")), json.loads(made.read_text(encoding="utf-8"))
    assert [error.message for error in accepted.iter_errors(after)] == []
    assert list(evaluations_in(made)) == several
    assert after["analysis"][: len(before.get("analysis", []))] == before.get("analysis", [])
    assert (after.get("dialog"), after["parties"]) == (before.get("dialog"), before["parties"])
    again = [each for each in source.calls(str(made)) if isinstance(each, Call)]
    assert [each.turns for each in again] == [each.turns for each in calls]


def test_the_sink_says_what_it_needs():
    host = Host(installed=False)
    assert open_sink("", host, name="vcon").code == "E571"
    assert open_sink("", host, name="vcon", options={"in_place": True}).name == "vcon"


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=4), DATA, max_size=4), DATA, st.sampled_from([None, 1, "\t"]))
def test_edits_change_what_they_say_and_nothing_else(document, value, indent):
    text = json.dumps(document, indent=indent)
    assert {name: each.value for name, each in named(text, 0).items()} == document
    edits = Edits(text)
    edits.add(0, "new!!", value)
    for each in list(members(text, 0))[:1]:
        edits.replace(each, value)
    changed = {**document, **({next(iter(document)): value} if document else {}), "new!!": value}
    assert json.loads(edits.made()) == changed
    listed = json.dumps(list(document.values()), indent=indent)
    assert [each.value for each in entries(listed, 0)] == list(document.values())
    edits = Edits(listed)
    edits.append(0, value)
    assert json.loads(edits.made()) == [*document.values(), value]


@pytest.mark.parametrize(
    "text", ['{"a": {}, "b": 1}', '{"b": 1, "a": {}}', '{"b": 1, "a": {}, "c": 2}', '{"a": {}}', '{"a" : [ ] }']
)
def test_members_that_hold_nothing_go(text):
    expected = {name: value for name, value in json.loads(text).items() if name != "a"}
    assert json.loads(without_empty(text, ("a", "x"))) == expected
