"""Reading YAML: what a file says, where everything stood, and every way in which a text is refused."""

import json
import math
import time
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings, strategies as st

import pauta.engine.loading.text as text_room
from pauta.engine.loading.syntax import syntax_problem
from pauta.engine.loading.text import (
    MAX_BYTES,
    Map,
    Seq,
    WrittenFloat,
    WrittenInt,
    place_at,
    read_yaml,
    read_yaml_file,
    written,
)
from pauta.engine.problems import Place

CASES = yaml.safe_load((Path(__file__).parent / "cases/reading/texts.yaml").read_text(encoding="utf-8"))
LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]
HOSTILE = {
    "a hundred thousand brackets": "a: " + "[" * 100_000,
    "a million brackets": "[" * 1_000_000,
    "a million braces": "a: " + "{" * 1_000_000,
    "nested maps in braces": "{a: " * 100_000,
    "nested maps": "".join(f"{' ' * depth}a:\n" for depth in range(1200)),
    "nested lists": "- " * 200_000,
    "closing brackets": "a: [" + "]" * 500_000,
    "question marks": "? " * 100_000,
    "tabs": "\t" * 1_000_000,
    "an open quote": 'a: "' + "x\n" * 400_000,
    "a long number": "a: " + "9" * 900_000,
    "a bomb of aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)),
    "one big alias": "a: &a [" + ",".join("x" * 9000) + "]\nb: [" + ",".join(["*a"] * 19) + "]\n",
    "aliases that nest": "a: &a "
    + "[" * 30
    + "]" * 30
    + "\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} {'[' * 20}*{chr(97 + n)}{']' * 20}\n" for n in range(9)),
    "values without end": "a: [" + "1," * 400_000 + "]",
    "a key again and again": "{" + "a: 1, " * 90_000 + "}",
    "control characters": "\x01" * 500_000,
    "ten megabytes": "a: b\n" * 2_000_000,
}


def data_of(text):
    data, problems = read_yaml(text, "card.yaml")
    assert problems == []
    return data


def codes_of(source):
    return [problem.code for problem in read_yaml(source, "card.yaml")[1]]


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_problem_and_place(case, loader, monkeypatch):
    monkeypatch.setattr(text_room, "LOADER", loader)
    data, problems = read_yaml(case["text"], "card.yaml")
    found = [f"{each.place.line}:{each.place.column} {each.code}" for each in problems]
    assert found == case["problems"]
    assert all(each.message and "\n" not in each.message for each in problems)
    assert data is None or isinstance(data, Map)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_a_problem_soon(name):
    begun = time.process_time()
    problems = read_yaml(HOSTILE[name], "card.yaml")[1]
    assert time.process_time() - begun < 10  # each takes less than a second; what hangs takes more than this
    assert 1 <= len(problems) <= 201


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("12:30", "12:30"),
        ("1:30:00", "1:30:00"), ("2026-03-01", "2026-03-01"), ("1_000", "1_000"), ("010", 10), ("0o17", 15),
        ("0x1F", 31), ("-7", -7), ("+7", 7), ("1.50", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0),
        ("-0.0", 0.0), ("1.2.0", "1.2.0"), ("0b1", "0b1"), ("true", True), ("True", True), ("FALSE", False),
        ("null", None), ("~", None), ("", None), ("'true'", "true"), ("'5'", "5"), ("nan", "nan"), (".", "."),
        ("tRUE", "tRUE"), ("=", "="), ("1e", "1e"), ("+", "+"), ("٥", "٥"),
    ],
)  # fmt: skip
def test_plain_scalars_mean_what_yaml_1_2_says(text, value):
    found = data_of(f"a: {text}")["a"]
    assert found == value
    assert isinstance(found, bool) is isinstance(value, bool)


def test_keys_are_read_as_written():
    text = "{1: 0, yes: 1, null: 2, 1.50: 3, true: 4, ~: 5, 010: 6, '': 7}"
    assert list(data_of(text)) == ["1", "yes", "null", "1.50", "true", "~", "010", ""]


def test_numbers_keep_their_text():
    data = data_of("a: [010, 1.50, 0x10, 5, -1e2, true, null, a]")["a"]
    assert [written(each) for each in data] == ["010", "1.50", "0x10", "5", "-1e2", "true", "null", "a"]
    assert isinstance(data[0], WrittenInt)
    assert isinstance(data[1], WrittenFloat)
    assert [written(5), written(5.0), written(2.5), written(1e300)] == ["5", "5", "2.5", "1e+300"]
    assert WrittenInt(7).written == "7"
    assert WrittenFloat(0.5).written == "0.5"
    assert json.dumps(data) == "[10, 1.5, 16, 5, -100.0, true, null, \"a\"]"  # fmt: skip


def test_data_can_be_copied():
    data = data_of("a: {b: [1.50, 2]}")
    copy = deepcopy(data)
    assert copy == data
    assert copy["a"].at_of("b") == data["a"].at_of("b")
    assert written(copy["a"]["b"][0]) == "1.50"


def test_a_refused_value_stands_as_nan():
    data, problems = read_yaml("a: .inf\nb: !t 5\nc: *x\nd: " + "9" * 5000, "card.yaml")
    assert data is not None
    assert all(math.isnan(each) for each in data.values())
    assert [each.code for each in problems] == ["E122", "E121", "E127", "E122"]


def test_places_of_keys_and_values():
    data = data_of("# a card\nscorecard: x\nsections:\n  - section: s\n    questions: [{question: q,  weight: 3}]\n")
    question = data["sections"][0]["questions"][0]
    assert data.at == Place("card.yaml", 2, 1)
    assert data.key_at("sections") == Place("card.yaml", 3, 1)
    assert data.at_of("scorecard") == Place("card.yaml", 2, 12)
    assert data["sections"].at_of(0) == Place("card.yaml", 4, 5)
    assert question.key_at("weight") == Place("card.yaml", 5, 32)
    assert question.at_of("weight") == Place("card.yaml", 5, 40)


def test_places_of_what_is_not_there_are_the_places_around_it():
    data = data_of("a: [{b: 1}]")
    assert data.key_at("x") == data.at_of("x") == data.at
    assert data["a"].at_of(7) == data["a"].at
    assert place_at(data, ["a", 0, "b"]) == Place("card.yaml", 1, 9)
    assert place_at(data, ["a", 0, "b"], key=True) == Place("card.yaml", 1, 6)
    assert place_at(data, ["a", 0, "missing", "deeper"]) == Place("card.yaml", 1, 5)
    assert place_at({"plain": 1}, ["plain"]) == Place("")


def test_columns_count_characters_not_bytes():
    data = data_of("título: «é» # ñ\nаб: {в: г}")
    assert data.at_of("título") == Place("card.yaml", 1, 9)
    assert data["аб"].at_of("в") == Place("card.yaml", 2, 9)


def test_data_can_be_made_by_hand():
    here, there = Place("a.yaml", 1, 1), Place("b.yaml", 9, 9)
    made, entries = Map(here), Seq(here)
    made.put("key", 1, there, here)
    entries.add("x", there)
    assert (made.key_at("key"), made.at_of("key"), entries.at_of(0)) == (there, here, there)
    assert (made, entries) == ({"key": 1}, ["x"])


def test_a_list_may_be_asked_for():
    data, problems = read_yaml("- a\n- b", "list.yaml", Seq)
    assert (data, problems) == (["a", "b"], [])
    assert read_yaml("a: b", "list.yaml", Seq)[1][0].code == "E125"


def test_an_alias_repeats_and_keeps_its_own_place():
    data = data_of("a: &x {b: 1}\nc: *x")
    assert data["c"] == {"b": 1}
    assert data.at_of("c") == Place("card.yaml", 2, 4)
    assert data["c"].at_of("b") == Place("card.yaml", 1, 11)


def test_an_alias_may_be_a_key():
    assert data_of("a: &k key\n*k : 1") == {"a": "key", "key": 1}


def test_one_name_in_braces_is_a_bare_plugin():
    assert data_of("do: [{recognise}]") == {"do": [{"recognise": None}]}


@pytest.mark.parametrize(
    ("encoding", "text", "named", "line"),
    [
        ("cp1252", "scorecard: x\ntitle: Información", "Windows-1252", 2),
        ("latin-1", "título: x", "Windows-1252", 1),
        ("cp1251", "scorecard: x\n\ntitle: Разговор по телефону", "Windows-1251", 3),
        ("koi8-r", "title: Разговор", "KOI8-R", 1),
        ("utf-16", "scorecard: x", "UTF-16", 1),
        ("utf-16-le", "scorecard: x", "UTF-16", 1),
        ("utf-16-be", "título: x", "UTF-16", 1),
        ("utf-32", "scorecard: x", "UTF-32", 1),
    ],
)
def test_another_encoding_is_named(encoding, text, named, line):
    data, [problem] = read_yaml(text.encode(encoding), "card.yaml")
    assert data is None
    assert problem.code == "E108"
    assert named in problem.message
    assert "byte" in problem.message
    assert problem.place.line == line


def test_place_and_byte_of_the_first_letter_that_does_not_fit():
    [problem] = read_yaml("é: x\nñandú: ".encode() + b"a\xed", "card.yaml")[1]
    assert problem.place == Place("card.yaml", 2, 9)
    assert "byte 17 (0xED)" in problem.message


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert read_yaml("\ufeffa: 1".encode(), "card.yaml") == ({"a": 1}, [])
    assert read_yaml("\ufeffa: 1", "card.yaml") == ({"a": 1}, [])


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-1.7", b"\x1f\x8b", b"SQLite format 3\0"])
def test_other_files_are_named(magic):
    assert codes_of(magic + b"rest") == ["E108"]


def test_no_character_of_any_text_is_a_control_character():
    data, _ = read_yaml('a: "x\\0y"\nb: "\\u2028"\n"\\u0007": 1\nc: x\x0cy', "card.yaml")
    assert data == {"a": "x\ufffdy", "b": "\ufffd", "\ufffd": 1, "c": "x\ufffdy"}


def test_a_key_without_end_is_a_problem():
    assert codes_of("a" * 1100 + ": 1\n") == ["E118"]


def test_whatever_else_the_parser_says_is_passed_on():
    plain = syntax_problem(yaml.YAMLError("out of ink"), "a: 1", "card.yaml")
    assert (plain.code, plain.place, plain.message) == ("E119", Place("card.yaml"), "the file is not YAML: out of ink")
    marked = syntax_problem(yaml.MarkedYAMLError(problem="out of ink"), "a: 1", "card.yaml")
    assert (marked.code, marked.message) == ("E119", "this is not YAML: out of ink")


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "retail.yaml").write_text("a: 1")
    missing = read_yaml_file(tmp_path / "retial.yaml")[1][0]
    assert (missing.code, missing.place.file) == ("E101", str(tmp_path / "retial.yaml"))
    assert missing.hint == f"did you mean '{tmp_path / 'retail.yaml'}'?"
    assert read_yaml_file(tmp_path / "retail.yml")[1][0].hint == f"did you mean '{tmp_path / 'retail.yaml'}'?"
    assert read_yaml_file(tmp_path / "sales.yaml")[1][0].hint is None
    assert read_yaml_file(tmp_path / "nowhere" / "x.yaml")[1][0].code == "E101"
    assert read_yaml_file(tmp_path)[1][0].code == "E102"
    assert read_yaml_file(tmp_path / "retail.yaml" / "x")[1][0].code == "E102"
    assert read_yaml_file("a\0b")[1][0].code == "E102"
    assert read_yaml_file("x" * 5000)[1][0].code == "E102"


def test_a_file_is_read(tmp_path):
    path = tmp_path / "card.yaml"
    path.write_bytes("título: sí\r\nb: 1\r\n".encode())
    data, problems = read_yaml_file(path)
    assert (data, problems) == ({"título": "sí", "b": 1}, [])
    assert data.at_of("b") == Place(str(path), 2, 4)


def test_size_is_counted_in_bytes_and_told(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a: 1\n" + b"#" * MAX_BYTES)
    assert [each.code for each in read_yaml_file(path)[1]] == ["E104"]
    assert codes_of("#" + "é" * (MAX_BYTES // 2)) == ["E104"]
    assert codes_of("a: " + "é" * (MAX_BYTES // 2 - 2)) == []


@given(st.text(st.sampled_from("ab:,-?!&*|>%@`{}[]\"'#\\ \n\t015.é\u00a0<~=\x07"), max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_text_is_data_or_a_problem(text):
    data, problems = read_yaml(text, "card.yaml")
    assert data is not None or problems
    lines = text.count("\n") + 1
    assert all(each.place is not None and each.place.line <= lines + 1 for each in problems)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_are_data_or_a_problem(source):
    data, problems = read_yaml(source, "card.yaml")
    assert data is not None or problems


_scalars = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=12) | st.floats(-1e9, 1e9)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
)


@given(st.dictionaries(st.text(max_size=6), _values, max_size=5))
@example({"\f": None})
@settings(deadline=None)
def test_json_is_read_as_json_means_it(value):
    text = json.dumps(value, indent=1)
    data, problems = read_yaml(text, "data.json")
    if not problems:
        assert data == value
    # only characters that no text may hold, which JSON writes as escapes
    assert not problems or any(escape in text for escape in ("\\u", "\\b", "\\f"))
