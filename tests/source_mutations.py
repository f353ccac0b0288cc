"""Documents that somebody broke: good ones in which values are taken away, replaced or moved somewhere else."""

import copy
import json

from hypothesis import strategies as st

from pauta.engine.loading.records import is_data, is_text
from pauta.engine.model.calls import Call

ODD = (
    None, True, False, 0, -1, 1, 5, 1e308, -1e308, 10**400, 0.1, "", " ", "x", "0", "1", "99", "\ud800", "\n", "é" * 50,
    [], [None], [[]], [0], [[0], [1]], [-1], [True], {}, {"a": 1}, {"": []}, [{}], "2026-03-01T09:00:00Z",
    "2026-03-01T09:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "agent", "customer", "Ana", "[", "{",
    "[]", "WEBVTT\n\n1", "https://[", "text", "recording", "json", "base64url", "====", "multipart/mixed; boundary=",
    "message/rfc822", "text/html",
)  # fmt: skip


def _paths(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in children:
        yield from _paths(each, (*path, key))


def _at(value, path):
    for key in path:
        value = value[key]
    return value


@st.composite
def broken(draw, documents):
    """One of some documents, with up to five of its values deleted or replaced, by odd ones or by others of its own."""
    document = copy.deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(0, 5))):
        paths = [path for path in _paths(document) if path]
        if not paths:
            break
        path = draw(st.sampled_from(paths))
        parent, key = _at(document, path[:-1]), path[-1]
        how = draw(st.sampled_from(["delete", "odd", "other"]))
        if how == "delete":
            del parent[key]
        elif how == "odd":
            parent[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
        else:
            parent[key] = copy.deepcopy(_at(document, draw(st.sampled_from(paths))))
    return document


def held(found):
    """Whether all that came out can be kept: finite numbers and whole text, in sentences too."""
    for each in found:
        if isinstance(each, Call):
            assert is_data(dict(each.metrics))
            assert is_data(dict(each.attributes))
            assert all(is_text(turn.text) for turn in each.turns)
        else:
            json.dumps(str(each)).encode()
            assert is_text(str(each)), each
            assert len(str(each)) < 2000, each
    return True
