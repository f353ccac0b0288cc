"""Shapes: what the published schemas allow, and the sentences about what they do not."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from pauta.engine.host import Host
from pauta.engine.loading.data import Map
from pauta.engine.loading.formats import FORMATS, is_day, is_id
from pauta.engine.loading.quick import CannotCompileError, QuickCheck
from pauta.engine.loading.shape import check_options, check_shape
from pauta.engine.loading.text import read_yaml, read_yaml_file
from pauta.engine.problems import Place
from pauta.schemas import NAMES, merged_schema, schema, schema_text

TESTS = Path(__file__).parent
SHARED = TESTS.parents[1] / "shared"
CASES = yaml.safe_load((TESTS / "cases/shape/cards.yaml").read_text(encoding="utf-8"))
CARD = """
scorecard: inbound
version: "1.0.0"
title: {en: Inbound, es: Entrante}
scoring: {pass_mark: 80, accumulation: {non_critical: 3, make: {critical: customer}}}
bands: [{band: good, from: 80}, {band: poor, from: 0}]
answer_sets: {usual: {yes: 1, no: 0, N/A: null}}
sections:
  - section: opening
    weight: 50
    questions:
      - {question: greeting, text: Greeting, answers: usual, error: {critical: customer, fails: section}}
      - question: wait
        when: {answer.greeting: 'yes', call.duration_s: {above: 60}}
        answers: {number: {unit: s, min: 0}, ranges: [{to: 8, points: 2}, {points: 0, error: non_critical}]}
        criterion: {timing: {measure: longest_silence}, confirm: true}
      - {question: done, answers: {choose: many, options: {a: 1, b: 2}, at_most: 2}, tags: [x], comment: required}
      - {question: tone, answers: {scale: {from: 0, to: 9}, anchors: {0: absent}}, default: 5}
escalations: [{escalation: coach, when: {score: {below: 80}}, do: [coach, {notify: {to: [lead]}}]}]
examples:
  - example: good
    call: {call_type: sales, turns: [{speaker: agent, text: hello, start: 0, end: 1.5}]}
    answers: {greeting: yes, wait: {answer: 4, comment: fine}, done: [a], tone: 9}
    expect: {score: 100, band: good, escalations: [], answers: {greeting: yes}}
"""


def shape_of(text, name="scorecard"):
    data, problems = read_yaml(text, "card.yaml")
    assert problems == []
    return check_shape(data, name)


def told(problems):
    lines = []
    for each in problems:
        lines.append(f"{each.place.line}:{each.place.column} {each.code} {each.message}")
        lines += [f"hint: {each.hint}"] if each.hint else []
    return lines


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_sentence_place_and_hint(case):
    assert told(shape_of(case["text"], case.get("schema", "scorecard"))) == case["problems"]


def subschemas(value, path=""):
    """Every schema inside a schema, with where it is."""
    if isinstance(value, list):
        for n, each in enumerate(value):
            yield from subschemas(each, f"{path}/{n}")
    if not isinstance(value, dict):
        return
    yield path, value
    for keyword in ("properties", "$defs", "patternProperties"):
        for name, each in value.get(keyword, {}).items():
            yield from subschemas(each, f"{path}/{keyword}/{name}")
    for keyword in ("items", "additionalProperties", "propertyNames", "if", "then", "else", "allOf", "not"):
        yield from subschemas(value.get(keyword), f"{path}/{keyword}")


@pytest.mark.parametrize("name", NAMES)
class TestPublishedSchema:
    def test_is_a_schema(self, name):
        Draft202012Validator.check_schema(schema(name))
        assert json.loads(schema_text(name)) == schema(name)

    def test_keeps_to_what_editors_understand(self, name):
        used = {keyword for _, each in subschemas(schema(name)) for keyword in each}
        assert not used & {"oneOf", "anyOf", "unevaluatedProperties", "dependentSchemas", "$dynamicRef", "prefixItems"}

    def test_every_property_is_described(self, name):
        root = schema(name)
        for path, each in subschemas(root):
            if any(f"/{word}/" in f"{path}/" for word in ("if", "then", "else")):
                continue
            for key, value in each.get("properties", {}).items():
                described = value if "description" in value else root["$defs"][value["$ref"].split("/")[-1]]
                assert described["description"][0].isupper() or described["description"][0] == "`", f"{path}/{key}"
                assert described["description"].rstrip("`)").endswith((".", "?")), f"{path}/{key}"

    def test_every_reference_leads_somewhere(self, name):
        root = schema(name)
        for path, each in subschemas(root):
            if "$ref" in each:
                assert each["$ref"].removeprefix("#/$defs/") in root.get("$defs", {}), path

    def test_compiles(self, name):
        assert not QuickCheck(schema(name)).holds([])


def test_definitions_that_several_schemas_have_are_the_same():
    for name in NAMES:
        for key, definition in schema(name).get("$defs", {}).items():
            of_card = schema("scorecard")["$defs"].get(key)
            if of_card is not None and (name, key) != ("operation", "escalation"):
                assert definition == of_card, (name, key)


def test_an_unknown_schema_is_named():
    with pytest.raises(KeyError, match="there is no schema 'card'; there are: scorecard"):
        schema_text("card")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared cards are not beside the project")
def test_the_shared_cards_have_the_shape():
    cards = [*SHARED.glob("conformance/*.yaml"), *SHARED.glob("examples/scorecards/*.yaml")]
    assert len(cards) >= 16
    validator = Draft202012Validator(schema("scorecard"))
    for path in cards:
        data, problems = read_yaml_file(path)
        assert (problems, check_shape(data, "scorecard"), list(validator.iter_errors(data))) == ([], [], []), path


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared calls are not beside the project")
def test_the_shared_calls_have_the_shape():
    holds = QuickCheck(schema("call")).holds
    lines = [line for path in SHARED.glob("data/calls/*.calls.jsonl") for line in path.read_text().splitlines()]
    assert len(lines) == 323
    assert all(holds(json.loads(line)) for line in lines)


def test_a_good_card_needs_no_jsonschema():
    code = (
        "import sys\n"
        "from pauta.engine.loading.shape import check_shape\n"
        "from pauta.engine.loading.text import read_yaml\n"
        f"data, problems = read_yaml({CARD!r}, 'card.yaml'); assert not problems\n"
        "assert not check_shape(data, 'scorecard')\nassert 'jsonschema' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_number_that_was_refused_is_not_told_again():
    data, problems = read_yaml(
        CARD.replace("pass_mark: 80", "pass_mark: .nan").replace("to: 8", "to: 1,5"), "card.yaml"
    )
    assert [each.code for each in problems] == ["E122", "E204"]
    assert check_shape(data, "scorecard") == []


def test_a_misspelt_key_is_not_missing_too():
    problems = shape_of(CARD.replace("- section:", "- sectoin:"))
    assert [(each.code, each.hint) for each in problems] == [("E201", "did you mean 'section'?")]


def test_thousands_of_problems_end_in_one_that_says_so():
    text = CARD.replace("\nescalations:", "\n" + "      - {quest: q}\n" * 3000 + "escalations:")
    problems = shape_of(text)
    assert len(problems) <= 401
    assert problems[-1].code == "E220"
    keys = "".join(f"key{n}: 1\n" for n in range(3000))
    assert [each.code for each in shape_of(CARD + keys)][-1] == "E220"


def test_many_good_questions_around_a_bad_one_change_nothing():
    good = "".join(f"      - {{question: q{n}, answers: yes_no}}\n" for n in range(50))
    bad = "      - {question: bad, weight: x, answers: yes_no}\n"
    more = good.replace(": q", ": p")
    text = CARD.replace("\nescalations:", f"\n{good}{bad}{more}escalations:")
    [problem] = shape_of(text)
    assert problem.message == "question 'bad': weight is 'x'; it must be a number"
    line = text[: text.index("question: bad")].count("\n") + 1
    assert (problem.place.line, problem.place.column) == (line, 33)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("greeting", True), ("a_b-1", True), ("приветствие", True), ("información", True), ("नमस्ते", True), ("1", True),
     ("挨拶", True), ("a b", False), ("", False), ("a.b", False), ("¿qué", False), ("a\n", False), ("x" * 64, True),
     ("x" * 65, False), ("é" * 65, False), ("🙂", False), ("a/b", False)],
)  # fmt: skip
def test_ids(text, is_one):
    assert is_id(text) is is_one
    in_card = shape_of(CARD.replace("section: opening", f"section: {json.dumps(text, ensure_ascii=False)}"))
    assert [each.code for each in in_card] == ([] if is_one else ["E208"])


@pytest.mark.parametrize(
    ("text", "is_one"), [("2026-02-28", True), ("2026-02-29", False), ("20260228", False), ("2026-2-3", False)]
)
def test_days(text, is_one):
    assert is_day(text) is is_one


# --- a plugin's own options

OPTIONS = {
    "type": "object",
    "properties": {
        "say": {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
        "limit": {"type": "number", "multipleOf": 5},
        "how": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["by"]}]},
        "fixed": {"const": 1},
        "either": {"oneOf": [{"type": "string"}, {"type": "number"}]},
        "pair": {"maxItems": 2, "not": {"type": "string"}},
        "never": False,
    },
    "patternProperties": {"^x_": {"type": "boolean"}},
    "additionalProperties": False,
    "required": ["say"],
}
HERE = Place("card.yaml", 9, 5)


def options_told(text, options=OPTIONS):
    data, problems = read_yaml(text, "card.yaml")
    assert problems == []
    return told(check_options(data, options, HERE, "criterion 'script'"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("say: [a]\nx_1: true", []),
        ("sya: [a]", ["1:1 E201 criterion 'script': unknown key 'sya'", "hint: did you mean 'say'?"]),
        ("say: [a, a]", ["1:6 E218 criterion 'script': say holds the same entry twice"]),
        ("say: [a]\nlimit: 7", ["2:8 E206 criterion 'script': limit is 7; it must be a multiple of 5"]),
        ("say: [a]\nnever: 1", ["1:1 E201 criterion 'script': 1 may not stand here"]),
        ("say: [a]\nx_1: 1", ["2:6 E203 criterion 'script': x_1 is 1; it must be true or false"]),
        ("say: [a]\npair: [1, 2]", []),
        ("say: [a]\npair: [1, 2, 3]", ["2:7 E216 criterion 'script': pair has 3 entries; 2 is the most"]),
        (
            "say: [a]\neither: []",
            ["2:9 E218 criterion 'script': either is an empty list, which is none of what it may be"],
        ),
        ("limit: 5", ["1:1 E202 criterion 'script' has no 'say'"]),
    ],
)
def test_options_of_a_plugin(text, expected):
    assert options_told(text) == expected


def test_options_with_branches_are_explained_by_the_deepest():
    [line] = options_told("say: [a]\nhow: {to: 1}")
    assert line == "2:6 E202 criterion 'script': how has no 'by'"
    [line] = options_told("say: [a]\nfixed: 2")
    assert line.startswith("2:8 E218 criterion 'script': fixed is 2")


def test_options_that_no_file_holds_are_told_at_the_place_of_the_name():
    assert told(check_options({}, OPTIONS, HERE, "action 'x'")) == ["9:5 E202 action 'x' has no 'say'"]
    assert check_options({"say": ["a"]}, OPTIONS, HERE, "action 'x'") == []
    [problem] = check_options([], OPTIONS, HERE, "action 'x'")
    assert (problem.place, problem.code) == (HERE, "E203")


@pytest.mark.parametrize("broken", [{"type": "txt"}, {"properties": []}, {"pattern": "("}, {"required": 5}])
def test_a_plugin_whose_schema_is_none_is_named(broken):
    [problem] = check_options({}, broken, HERE, "criterion 'script'")
    assert (problem.code, problem.place) == ("E219", HERE)
    assert problem.message.startswith("criterion 'script': the plugin's own schema")


def test_a_key_that_is_missing_is_shown_by_its_example():
    options = {"type": "object", "properties": {"say": {"examples": ["hello"]}}, "required": ["say"]}
    assert options_told("{}", options) == ["1:1 E202 criterion 'script' has no 'say'", "hint: write say: 'hello'"]


def test_compiled_checks_of_many_schemas_are_not_kept_without_end():
    for most in range(600):
        assert check_options({"say": "x" * most}, {"properties": {"say": {"maxLength": most}}}, HERE, "rule 'r'") == []


def test_options_may_use_keywords_that_are_not_compiled():
    options = {"type": "object", "dependentRequired": {"a": ["b"]}}
    with pytest.raises(CannotCompileError):
        QuickCheck(options)
    assert check_options({"a": 1, "b": 2}, options, HERE, "rule 'r'") == []
    assert [each.code for each in check_options({"a": 1}, options, HERE, "rule 'r'")] == ["E218"]


# --- the compiled check and jsonschema say the same

FORMAT_CHECKER = FormatChecker(formats=())
for form, has_form in FORMATS.items():
    FORMAT_CHECKER.checks(form)(lambda value, has_form=has_form: not isinstance(value, str) or has_form(value))
FULL = Draft202012Validator(schema("scorecard"), format_checker=FORMAT_CHECKER)
QUICK = QuickCheck(schema("scorecard"))

_odd = st.sampled_from(
    [None, True, False, 0, 1, -1, 1.5, 10**30, "", "x", "two words", "1,5", "no", [], {}, [1], {"x": 1}]
)
_keys = st.sampled_from(
    ["weight", "from", "answers", "choose", "scale", "options", "error", "x", "when", "text", "points"]
)


@given(
    st.dictionaries(
        st.sampled_from([*OPTIONS["properties"], "x_1", "other"]),
        st.recursive(_odd, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=2)),
        max_size=4,
    )
)
@settings(deadline=None)
def test_quick_check_and_jsonschema_agree_on_every_keyword(options):
    properties = {
        **OPTIONS["properties"],
        "say": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        "limit": {"type": "integer", "exclusiveMaximum": 10**9},
    }
    plain = {**OPTIONS, "properties": properties, "allOf": [{"maxProperties": 3}]}
    assert QuickCheck(plain).holds(options) is Draft202012Validator(plain).is_valid(options)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_quick_check_and_jsonschema_agree(data):
    card = json.loads(json.dumps(read_yaml(CARD, "card.yaml")[0]))
    for _ in range(data.draw(st.integers(0, 3))):
        _change(card, data)
    assert QUICK.holds(card) is FULL.is_valid(card)


def _change(card, data):
    """Replace, remove or add something at a random place."""
    here = card
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(here[key], dict | list) or data.draw(st.booleans()):
            break
        here = here[key]
    action = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if action == "replace":
        here[key] = copy.deepcopy(data.draw(_odd))
    elif action == "remove":
        del here[key]
    elif isinstance(here, dict):
        here[data.draw(_keys)] = copy.deepcopy(data.draw(_odd))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_every_fault_of_shape_has_a_place_and_a_sentence(data):
    card = json.loads(json.dumps(read_yaml(CARD, "card.yaml")[0]))
    for _ in range(data.draw(st.integers(1, 4))):
        _change(card, data)
    read, _ = read_yaml(json.dumps(card, indent=1), "card.json")
    for each in check_shape(read, "scorecard") if read is not None else []:
        assert each.place.line
        assert each.message
        assert "\n" not in each.message
        assert "'$" not in each.message


# --- the schema for editors


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


@pytest.mark.parametrize("name", NAMES)
def test_merged_schema_is_a_schema_and_leaves_the_published_one_alone(host, name):
    before = schema_text(name)
    merged = merged_schema(host, name)
    Draft202012Validator.check_schema(merged)
    assert json.dumps(schema(name), ensure_ascii=False, indent=2) + "\n" == before
    for path, each in subschemas(merged):
        if "$ref" in each:
            assert each["$ref"].removeprefix("#/$defs/") in merged["$defs"], path


def test_merged_schema_knows_every_plugin_and_its_options(host):
    validator = Draft202012Validator(merged_schema(host))
    assert [each.message for each in validator.iter_errors(read_yaml(CARD, "card.yaml")[0])] == []
    for wrong in ("longest_silense", "longest_silence, at_mots: 3"):
        card = read_yaml(CARD.replace("measure: longest_silence", f"measure: {wrong}"), "card.yaml")[0]
        assert not validator.is_valid(card)
    assert not validator.is_valid(read_yaml(CARD.replace("timing:", "timming:"), "card.yaml")[0])
    assert not validator.is_valid(read_yaml(CARD.replace("[coach,", "[couch,"), "card.yaml")[0])
    assert not validator.is_valid(read_yaml(CARD.replace("pass_mark: 80,", "method: worst,"), "card.yaml")[0])
    assert validator.is_valid(read_yaml(CARD.replace("pass_mark: 80,", "method: worst_grade,"), "card.yaml")[0])


def test_references_of_a_plugins_schema_lead_into_it():
    options = {
        "$defs": {"line": {"type": "string"}},
        "type": "object",
        "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}, "then": {"$ref": "#"}},
    }
    script = SimpleNamespace(options=options, purpose="Read a script.")
    plugins = SimpleNamespace(criteria={"script": script}, methods={}, actions={}, rules={})
    merged = merged_schema(plugins)
    use = merged["$defs"]["criterion"]["properties"]["script"]
    assert use == {"$ref": "#/$defs/criteria.script", "description": "Read a script."}
    validator = Draft202012Validator({"$ref": use["$ref"], "$defs": merged["$defs"]})
    assert validator.is_valid({"lines": ["a"], "then": {"lines": []}})
    assert not validator.is_valid({"then": {"lines": [1]}})
    assert validator.is_valid(None)


def test_shape_of_a_map_made_by_hand():
    made = Map(HERE)
    made.put("scorecard", "x", HERE, HERE)
    assert {each.place for each in check_shape(made, "scorecard")} == {HERE}
