"""WebVTT captions: the cases, and captions that are anything but."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from source_cases import cases, check, written

from pauta.plugins.sources import documents
from pauta.plugins.sources.webvtt import Webvtt

PIECES = st.sampled_from([
    "WEBVTT", "\n", "\n\n", "NOTE ", "STYLE", "00:01.000 --> 00:02.000", "99:99.000 --> 1", "-->", "<v Ana>", "</v>",
    "<v", "<v.>", ">", "Ana: hi", "&lt;", "&#x110000;", "\ufeff", "\r", "\0", "Language: es", "٣", "\ud7ff",
])  # fmt: skip


@pytest.mark.parametrize("case", cases("webvtt.yaml"))
def test_webvtt(case, tmp_path):
    check(case, Webvtt, written(case, tmp_path, "c.vtt"))


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=30), st.sampled_from([{}, {"first_speaker": "agent"}]))
def test_hostile_captions_never_raise(pieces, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.vtt"
        path.write_bytes(("WEBVTT\n\n" + "".join(pieces)).encode("utf-8", "surrogatepass"))
        assert list(Webvtt(options).calls(str(path)))


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MOST_BYTES", 100)
    path = tmp_path / "c.vtt"
    path.write_text("WEBVTT\n\n" + "x" * 200, encoding="utf-8")
    assert [each.code for each in Webvtt({}).calls(str(path))] == ["E508"]
    assert [each.code for each in Webvtt({}).calls(str(tmp_path / "gone.vtt"))] == ["E510"]
    assert [each.code for each in Webvtt({}).calls("no\0name.vtt")] == ["E510"]
