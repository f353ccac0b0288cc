"""Problems as text, JSON, GitHub annotations and SARIF."""

import json
from pathlib import Path

import pytest

from pauta.engine.codes import page
from pauta.engine.problems import Place, Problem
from pauta.reports.problems import FORMATS, render_problems, summary

WEIGHT = Problem("E204", "weight is 'ten'; it must be a number", Place("cards/b.yaml", 14, 7), "write 10")
MISSING = Problem("E101", "there is no file 'cards/a.yaml'", Place("cards/a.yaml"))
WARNING = Problem("W409", "nothing tests it: 100%, really", Place("cards/a,b:c d.yaml", 2, 3), "write one\nat least")
NOWHERE = Problem("E601", "plugin 'x' does not load")
EVERY = [WEIGHT, MISSING, WARNING, NOWHERE]


def test_text_has_place_code_sentence_and_hint_in_the_order_of_the_files():
    assert render_problems([WEIGHT, MISSING], "text").splitlines() == [
        "cards/a.yaml  E101  there is no file 'cards/a.yaml'",
        "cards/b.yaml:14:7  E204  weight is 'ten'; it must be a number",
        "    hint: write 10",
        "",
        "2 errors in 2 files",
    ]


@pytest.mark.parametrize(
    ("problems", "text"),
    [
        ([], "no problems"),
        ([WEIGHT], "1 error"),
        ([WARNING], "1 warning"),
        ([WEIGHT, WARNING], "1 error and 1 warning in 2 files"),
        ([WEIGHT, WEIGHT, NOWHERE], "3 errors"),
    ],
)
def test_summary(problems, text):
    assert summary(problems) == text


def test_text_cannot_move_the_cursor():
    hostile = Problem("E201", "unknown key '\x1b[2J\r\nx'", Place("a\x07.yaml", 1, 1), "a\tb")
    text = render_problems([hostile], "text")
    assert text.splitlines()[0] == "a\ufffd.yaml:1:1  E201  unknown key '\ufffd[2J  x'"
    assert text.splitlines()[1] == "    hint: a b"


def test_json_is_a_list_of_flat_records():
    records = json.loads(render_problems(EVERY, "json"))
    assert records[-1] == {
        "file": "cards/b.yaml",
        "line": 14,
        "column": 7,
        "code": "E204",
        "severity": "error",
        "message": "weight is 'ten'; it must be a number",
        "hint": "write 10",
    }
    assert [(each["file"], each["line"], each["severity"]) for each in records] == [
        (None, None, "error"),
        ("cards/a,b:c d.yaml", 2, "warning"),
        ("cards/a.yaml", None, "error"),
        ("cards/b.yaml", 14, "error"),
    ]
    assert json.loads(render_problems([], "json")) == []


def test_github_annotations_are_escaped():
    nowhere, warning, missing, weight = render_problems(EVERY, "github").splitlines()
    assert weight.startswith("::error file=cards/b.yaml,line=14,col=7,title=E204 Not a number::weight is 'ten'")
    assert weight.endswith("%0Ahint: write 10")
    assert missing.startswith("::error file=cards/a.yaml,title=E101 There is no such file::")
    assert warning.startswith("::warning file=cards/a%2Cb%3Ac d.yaml,line=2,col=3,title=W409")
    assert warning.endswith("::nothing tests it: 100%25, really%0Ahint: write one%0Aat least")
    assert nowhere.startswith("::error title=E601")


def test_sarif_has_what_the_format_asks_for():
    log = json.loads(render_problems(EVERY, "sarif"))
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    assert run["tool"]["driver"]["name"] == "pauta"
    assert sorted(rule["id"] for rule in rules) == ["E101", "E204", "E601", "W409"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        assert len(result.get("locations", [])) <= 1
    nowhere, warning, missing, weight = run["results"]
    assert weight["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "cards/b.yaml"},
                "region": {"startLine": 14, "startColumn": 7},
            }
        }
    ]
    assert missing["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "cards/a.yaml"}}}]
    assert warning["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "cards/a%2Cb%3Ac%20d.yaml"
    assert warning["level"] == "warning"
    assert "locations" not in nowhere


def test_sarif_rules_carry_the_pages():
    log = json.loads(render_problems([WEIGHT], "sarif"))
    [rule] = log["runs"][0]["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "Not a number"
    assert rule["help"]["markdown"] == page("E204")
    assert rule["defaultConfiguration"] == {"level": "error"}


def test_a_code_without_a_page_is_still_rendered():
    for form in FORMATS:
        assert "E999" in render_problems([Problem("E999", "odd")], form)


def test_files_are_shown_from_a_folder_on(tmp_path):
    inside = Problem("E103", "the file is empty", Place(str(tmp_path / "cards" / "a.yaml")))
    outside = Problem("E103", "the file is empty", Place(str(tmp_path.parent / "b.yaml")))
    shown = [each["file"] for each in json.loads(render_problems([inside, outside], "json", root=tmp_path))]
    assert sorted(shown) == sorted([str(Path("cards/a.yaml")), str(tmp_path.parent / "b.yaml")])
    [location] = json.loads(render_problems([outside], "sarif", root=tmp_path))["runs"][0]["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == (tmp_path.parent / "b.yaml").as_uri()


def test_an_unknown_format_is_named():
    with pytest.raises(ValueError, match="there is no format 'xml' of problems; there are: text, json, github, sarif"):
        render_problems([], "xml")
