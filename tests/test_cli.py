"""The commands as people call them: what they print, and the exit codes 0, 1, 2, 3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pauta.cli import main

CARD = """\
scorecard: small
version: 1.0.0
scoring: {pass_mark: 80}
bands: [{band: good, from: 80}, {band: poor, from: 0}]
sections:
  - section: only
    questions:
      - question: greeting
        text: Greeted?
        answers: yes_no
        error: non_critical
        criterion: {phrase: {speaker: agent, any: [hello]}}
      - {question: solved, text: "Solved?", answers: yes_no_na, error: {critical: customer}}
escalations:
  - {escalation: talk, when: {score: {at_least: 0}}, do: [coach]}
examples:
  - {example: fine, answers: {greeting: yes, solved: yes}, expect: {score: 100}}
"""
CALLS = [
    {"call_id": "one", "agent": "ana", "turns": [{"speaker": "agent", "text": "Hello there."}]},
    {"call_id": "two", "agent": "bo", "turns": [{"speaker": "agent", "text": "What now?"}]},
]
ANSWERS = [{"call_id": "two", "scorecard": "small", "evaluator": "eva", "answers": {"greeting": "no", "solved": "na"}}]


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(CARD, encoding="utf-8")
    Path("calls.jsonl").write_text(lines(CALLS), encoding="utf-8")
    Path("answers.jsonl").write_text(lines(ANSWERS), encoding="utf-8")
    return tmp_path


def pauta(*words):
    result = CliRunner().invoke(main, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.usefixtures("folder")
class TestCards:
    def test_a_good_card_is_said_to_be_good(self):
        Path("small.yaml").write_text(CARD.replace("yes_no_na", "yes_no"), encoding="utf-8")
        result = pauta("check", "small.yaml")
        assert result.exit_code == 0
        assert "1 card checked: nothing is wrong." in result.output

    def test_an_error_gives_exit_code_1_and_its_place(self):
        Path("small.yaml").write_text(CARD.replace("answers: yes_no\n", "answers: yes_nope\n"), encoding="utf-8")
        result = pauta("check", "small.yaml")
        assert result.exit_code == 1
        assert "small.yaml:10:18" in result.output
        assert "did you mean" in result.output

    @pytest.mark.parametrize("form", ["json", "github", "sarif"])
    def test_problems_in_other_forms(self, form):
        Path("small.yaml").write_text(CARD.replace("pass_mark", "pass_marc"), encoding="utf-8")
        result = pauta("check", "small.yaml", "--format", form)
        assert result.exit_code == 1
        assert "E201" in result.output
        if form != "github":
            json.loads(result.output)

    def test_the_page_of_a_code(self):
        assert pauta("check", "--explain", "e204").output.startswith("# E204")

    def test_an_unknown_code_is_wrong_use(self):
        result = pauta("check", "--explain", "E2O4")
        assert result.exit_code == 2
        assert "there is no problem code" in result.output

    def test_a_missing_file_is_a_sentence(self):
        result = pauta("check", "nowhere.yaml")
        assert result.exit_code == 1
        assert "nowhere.yaml" in result.output

    def test_examples_pass_and_fail(self):
        assert pauta("test", "small.yaml").exit_code == 0
        Path("small.yaml").write_text(CARD.replace("score: 100", "score: 99"), encoding="utf-8")
        result = pauta("test", "small.yaml")
        assert result.exit_code == 1
        assert "score: expected 99, got 100" in result.output

    def test_what_no_example_reaches(self):
        told = json.loads(pauta("test", "small.yaml", "--coverage", "--format", "json").output)
        reached = {(each["kind"], each["what"]) for each in told[0]["not_reached"]}
        assert reached == {
            ("error", "greeting: no"),
            ("error", "solved: no"),
            ("answer", "solved: na"),
            ("band", "poor"),
        }

    def test_show_says_what_each_question_is_worth(self):
        result = pauta("show", "small.yaml")
        assert "50.0 %  greeting: Greeted?" in result.output
        assert "solved: no (0)" in result.output
        told = json.loads(pauta("show", "small.yaml", "--format", "json").output)
        assert [each["share"] for each in told["questions"]] == [0.5, 0.5]

    def test_diff_in_words(self):
        changed = CARD.replace("1.0.0", "1.1.0").replace("pass_mark: 80", "pass_mark: 90")
        changed = changed.replace("text: Greeted?", "text: Was the caller greeted?\n        weight: 3")
        Path("new.yaml").write_text(changed, encoding="utf-8")
        said = pauta("diff", "small.yaml", "new.yaml").output
        assert 'reworded: text: "Greeted?" -> "Was the caller greeted?"' in said
        assert "it was worth 50.00 points of the total and is worth 75.00 (+25.00)" in said
        assert "the pass mark: 80 -> 90" in said
        assert json.loads(pauta("diff", "small.yaml", "new.yaml", "--format", "json").output)["changes"]
        assert "nothing that counts has changed" in pauta("diff", "small.yaml", "small.yaml").output

    def test_publishing_seals_a_version(self):
        assert "small@1.0.0 is published" in pauta("publish", "small.yaml").output
        assert "was published before, unchanged" in pauta("publish", "small.yaml").output
        Path("small.yaml").write_text(
            CARD.replace("# ", "#").replace("pass_mark: 80", "pass_mark: 81"), encoding="utf-8"
        )
        assert pauta("check", "small.yaml").exit_code == 1
        result = pauta("score", "calls.jsonl", "--card", "small.yaml")
        assert result.exit_code == 1
        assert "E701" in result.output

    def test_schemas(self):
        merged = json.loads(pauta("schema").output)
        assert merged["$schema"].endswith("2020-12/schema")
        assert "longest_silence" in json.dumps(merged)
        assert "written: s.json" in pauta("schema", "call", "--to", "s.json").output
        assert json.loads(Path("s.json").read_text(encoding="utf-8"))["type"] == "object"
        assert pauta("schema", "cards").exit_code == 1


@pytest.mark.usefixtures("folder")
class TestCalls:
    def test_results_on_the_terminal_where_nothing_else_is_said(self):
        result = pauta("score", "calls.jsonl", "--card", "small.yaml", "--answers", "answers.jsonl")
        assert result.exit_code == 0
        assert "one  small@1.0.0  engine  100, good, no verdict" in result.stdout
        assert "two  small@1.0.0  eva  0, poor, not passed, 1 non-critical" in result.stdout
        assert "2 calls, 2 evaluations" in result.stderr

    def test_json_lines_on_stdout_are_clean(self):
        result = pauta("score", "calls.jsonl", "--card", "small.yaml", "--format", "json")
        assert [json.loads(line)["call_id"] for line in result.stdout.splitlines()] == ["one", "two"]

    def test_results_in_files_and_again(self):
        words = ("score", "calls.jsonl", "--card", "small.yaml", "--to", "r.db", "--to", "r.jsonl", "--to", "r.csv")
        assert "r.db: 2 new" in pauta(*words).output
        first = {name: Path(name).read_bytes() for name in ("r.jsonl", "r.csv")}
        assert "r.db: 0 new, 0 revised, 2 unchanged" in pauta(*words).output
        assert {name: Path(name).read_bytes() for name in first} == first
        told = json.loads(pauta(*words, "--format", "json").output)
        assert told["evaluations"] == 2

    def test_a_bad_record_costs_itself(self):
        Path("calls.jsonl").write_text('{"call_id": NaN}\nnot json\n' + lines(CALLS), encoding="utf-8")
        result = pauta("score", "calls.jsonl", "--card", "small.yaml")
        assert result.exit_code == 1
        assert "calls.jsonl:1:" in result.stderr
        assert "calls.jsonl:2:" in result.stderr
        assert result.stdout.count("small@1.0.0") == 2

    def test_no_calls_is_wrong_use(self):
        assert pauta("score", "--card", "small.yaml").exit_code == 2

    def test_no_cards_is_a_sentence(self):
        result = pauta("score", "calls.jsonl")
        assert result.exit_code == 1
        assert "E740" in result.output

    def test_explain_in_three_forms(self):
        words = ("explain", "two", "calls.jsonl", "--card", "small.yaml", "--answers", "answers.jsonl")
        text = pauta(*words).output
        assert "greeting: no by a person" in text
        assert "solved: not applicable, its 50 % of the score went to the rest of the card" in text
        assert "greeting: yes instead of no (score 100)" in text
        told = json.loads(pauta(*words, "--format", "json").output)
        assert told["evaluation"]["call_id"] == "two"
        page = pauta(*words, "--format", "html").output
        assert page.startswith("<!doctype html>")
        assert "default-src 'none'; style-src 'sha256-" in page

    def test_explaining_a_call_that_is_not_there(self):
        result = pauta("explain", "three", "calls.jsonl", "--card", "small.yaml")
        assert result.exit_code == 1
        assert "there is no call 'three'" in result.output

    def test_trying_a_phrase(self):
        result = pauta("try", "hello", "calls.jsonl", "--speaker", "agent", "--within", "first 3 turns")
        assert result.exit_code == 0
        assert "one, turn 1, agent: [Hello] there." in result.output
        assert json.loads(pauta("try", "hello", "calls.jsonl", "--format", "json").output)[0]["quote"] == "Hello"
        assert pauta("try", "goodbye", "calls.jsonl").exit_code == 1
        assert pauta("try", "a (b", "calls.jsonl").exit_code == 2
        assert pauta("try", "hello", "calls.jsonl", "--within", "soon").exit_code == 2

    def test_routes(self):
        Path("small.yaml").write_text(
            CARD.replace("scoring:", "applies_to: {call.agent: ana}\nscoring:"), encoding="utf-8"
        )
        said = pauta("routes", "calls.jsonl", "--card", "small.yaml").output
        assert "small@1.0.0: 1" in said
        assert "no card: 1" in said
        told = json.loads(pauta("routes", "calls.jsonl", "--card", "small.yaml", "--format", "json").output)
        assert told["unclaimed"] == 1

    def test_a_failing_plugin_gives_exit_code_3_and_the_others_run(self):
        Path("plugins").mkdir()
        Path("plugins/bad.py").write_text("raise RuntimeError('no')\n", encoding="utf-8")
        Path("pauta.yaml").write_text(
            "operation: x\nscorecards: [small.yaml]\nsources: [calls.jsonl]\n", encoding="utf-8"
        )
        result = pauta("score")
        assert result.exit_code == 3
        assert "bad.py:1" in result.output
        assert Path("pauta.db").is_file()
        said = pauta("plugins")
        assert "bad" in said.output


class TestOperation:
    def test_a_fresh_folder_works_at_once(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert pauta("init", "centre").exit_code == 0
        monkeypatch.chdir(tmp_path / "centre")
        for command in ("check", "test", "score", "routes", "plugins", "doctor"):
            assert pauta(command).exit_code == 0, command

    def test_init_overwrites_nothing(self, tmp_path):
        assert pauta("init", str(tmp_path / "a")).exit_code == 0
        (tmp_path / "a" / "pauta.yaml").write_text("operation: mine\n", encoding="utf-8")
        result = pauta("init", str(tmp_path / "a"))
        assert result.exit_code == 1
        assert (tmp_path / "a" / "pauta.yaml").read_text(encoding="utf-8") == "operation: mine\n"

    def test_doctor_as_data(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert {"Python", "SQLite"} <= {each["what"] for each in json.loads(pauta("doctor", "--format", "json").output)}

    def test_it_runs_as_a_module(self):
        done = subprocess.run([sys.executable, "-m", "pauta", "--version"], capture_output=True, text=True, check=True)
        assert "pauta, version" in done.stdout

    def test_help_imports_nothing_heavy(self):
        heavy = ("numpy", "jsonschema", "yaml", "sqlite_utils")
        code = f"import sys; import pauta.cli; print([each for each in {heavy} if each in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    def test_checking_needs_no_numpy(self, tmp_path):
        card = tmp_path / "small.yaml"
        card.write_text(CARD, encoding="utf-8")
        code = (
            "import sys; from pauta.cli import main\n"
            f"try: main(['check', {str(card)!r}])\n"
            "except SystemExit as done: print(done.code, 'numpy' in sys.modules, 'sqlite_utils' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip().endswith("0 False False")


GREETER = """
import click
from pauta import hookimpl


@click.command()
def greet():
    print("hello from a plugin")


@hookimpl
def register_commands(register):
    register(greet)
"""


class TestPluginsOfTheOperation:
    def test_a_plugin_brings_a_command(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("plugins").mkdir()
        Path("plugins/greeter.py").write_text(GREETER, encoding="utf-8")
        Path("pauta.yaml").write_text("operation: x\n", encoding="utf-8")
        assert pauta("greet").output == "hello from a plugin\n"
        assert "greet" in pauta("plugins").output
        assert pauta("greeet").exit_code == 2

    def test_how_plugins_are_watched_stands_in_the_operations_file(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        from pauta.workspace import Workspace

        Path("pauta.yaml").write_text(
            "operation: x\nplugins: {folder: [own], isolate: [slow], timeout: {slow: 2 min}, memory: 512 MiB}\n",
            encoding="utf-8",
        )
        operation = Workspace().operation
        assert operation.plugins == (Path("own"),)
        assert operation.watch.isolate == ("slow",)
        assert operation.watch.timeouts == {"slow": 120.0}
        assert operation.watch.memory == 512 * 2**20
