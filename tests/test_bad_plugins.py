"""A bad plugin harms nobody: the others' results are byte for byte those of a run without it, and it is named."""

import json
import threading
import time
from pathlib import Path

import pytest
from plugin_runs import BAD, CARD, SIZES, answers_of, calls, card, host_of, marked, of_others, plan_with, run

from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.pipeline import Outlet, score
from pauta.engine.problems import Problem
from pauta.engine.routing import Router

LOADING = {
    "does_not_import": ("E601", "ModuleNotFoundError"),
    "does_not_parse": ("E601", "SyntaxError"),
    "exits_on_import": ("E601", "SystemExit: 7"),
    "hangs_on_import": ("E609", "took longer than 0.3 s over loading it"),
    "offers_nothing": ("E612", "it offers nothing"),
    "misspelt_hook": ("E612", "there is no hook register_criterias"),
    "misspelt_argument": ("E612", "config"),
    "wants_another_api": ("E611", "version 9 of the plugin interface, and this pauta has 1"),
    "takes_a_name": ("E613", "offers the criterion 'phrase', and so does plugin 'pauta.plugins.criteria.phrase'"),
    "offers_twice": ("E613", "offers the criterion 'bad' twice"),
    "has_no_name": ("E614", "has no name"),
    "options_are_no_schema": ("E614", "'objekt' is not valid"),
    "offers_an_object": ("E614", "it is an object (Bad) and not a class"),
    "answers_later": ("E614", "is asynchronous"),
    "cannot_answer": ("E614", "neither answer(call) nor answer_batch(batch)"),
    "needs_what_no_call_has": ("E614", "needs 'transcript', which no call has"),
}
"""Plugins that do not load: the code of the problem, and a part of its sentence."""

RUNNING = {
    "raises_in_init": ("E602", "RuntimeError: no model is there"),
    "exits_in_init": ("E602", "SystemExit: 5"),
    "changes_options": ("E602", "cannot be changed"),
    "raises_when_asked_what_it_reads": ("E602", "KeyError"),
    "is_made_of_itself": ("E602", "inside more than 32 others"),
    "raises_in_answer": ("E604", "KeyError"),
    "raises_in_batch": ("E603", "ZeroDivisionError: division by no calls"),
    "exits_in_answer": ("E604", "SystemExit: 3"),
    "interrupts_in_batch": ("E603", "KeyboardInterrupt"),
    "raises_its_own_kind": ("E603", "Enough: enough"),
    "answers_with_words": ("E608", "answered with str, not a Finding"),
    "answers_with_truths": ("E603", "answered with list, not Findings"),
    "verdicts_are_truths": ("E603", "of type bool"),
    "verdicts_are_nan": ("E603", "of type float64"),
    "verdict_is_none": ("E603", "a verdict that does not exist"),
    "is_too_short": ("E603", "calls, and there are"),
    "answers_nan": ("E608", "answered with nan"),
    "answers_something_else": ("E605", "'perhaps' is no answer of question 'bad'"),
    "answers_nothing": ("E608", "promised an answer and gave none"),
    "invents_evidence": ("E608", "the quote 'ref' does not stand there"),
    "evidence_is_nowhere": ("E608", "turn 999 of a call that has"),
    "gives_half_a_character": ("E608", "which is no text"),
    "changes_calls": ("E604", "cannot be changed"),
    "changes_the_batch": ("E603", "read-only"),
    "hangs": ("E609", "took longer than 0.3 s over question 'bad'"),
    "hangs_and_holds_on": ("E609", "took longer than 0.3 s over question 'bad'"),
}
"""Plugins that load and then fail: the code of the problem, and a part of its sentence."""

LINE_UNSURE = {"hangs_on_import", "hangs", "hangs_and_holds_on", "misspelt_argument", "offers_nothing"}


def limit_of(plugin: str) -> dict[str, float]:
    """A short limit for those that hang."""
    return {plugin: 0.3} if plugin.startswith("hangs") else {}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The records of the run without any bad plugin, by batch size."""
    plan, host = plan_with(tmp_path_factory.mktemp("undisturbed"))
    assert host.problems == []
    return {size: of_others(run(plan, size)[0]) for size in SIZES}


def check_place(problem: Problem, plugin: str) -> None:
    """The problem names plugin, version, file and line."""
    assert f"plugin '{plugin}'" in problem.message
    assert "1.2" in problem.message or plugin == "does_not_parse"
    assert f"plugins/{plugin}.py" in problem.message
    line = marked(plugin)
    if plugin in ("offers_nothing", "misspelt_argument"):
        return
    assert problem.place is not None
    assert problem.place.file.endswith(f"plugins/{plugin}.py")
    assert problem.place.line == line or (plugin in LINE_UNSURE and problem.place.line in range(line, line + 4))


@pytest.mark.parametrize("plugin", LOADING)
def test_one_that_does_not_load(plugin, undisturbed, tmp_path, capsys):
    code, sentence = LOADING[plugin]
    plan, host = plan_with(tmp_path, plugin, timeouts=limit_of(plugin))
    (problem,) = host.problems
    assert (problem.code, sentence in problem.message) == (code, True), str(problem)
    check_place(problem, plugin)
    assert [each.name for each in host if each.state != "works"] == [plugin]
    assert "bad" not in host.criteria
    made, _ = run(plan)
    assert of_others(made) == undisturbed[100]
    assert {answer["state"] for answer in answers_of(made)} == {"unverified"}
    assert plugin in host.unknown("criteria", "bad", None).hint
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("plugin", RUNNING)
def test_one_that_fails_later(plugin, undisturbed, tmp_path, capsys):
    code, sentence = RUNNING[plugin]
    for size in SIZES:
        plan, host = plan_with(tmp_path, plugin, timeouts=limit_of(plugin))
        assert host.problems == []
        made, told = run(plan, size)
        assert of_others(made) == undisturbed[size]
        problems = [problem for problem in told if problem.code.startswith("E6")]
        assert {problem.code for problem in problems} == {code}, problems
        problem = problems[0]
        assert sentence in problem.message
        if plugin != "is_made_of_itself":
            check_place(problem, plugin)
        answers = answers_of(made)
        assert {answer["state"] for answer in answers} == {"unverified"}
        assert all(answer["reason"] for answer in answers)
        assert {answer["answered_by"] for answer in answers} == {None}
        if plugin != "answers_something_else":  # inside another criterion, an answer of its own is no fault
            greeted = [answer["answer"] == "yes" for answer in answers_of(made, "greeted")]
            partly = [answer["answer"] for answer in answers_of(made, "partly")]
            assert partly == ["yes" if each else None for each in greeted], "the other part of any_of still counts"
    assert capsys.readouterr().out == ""


def test_a_problem_is_told_once_for_all_calls_of_a_batch(tmp_path):
    plan, _ = plan_with(tmp_path, "raises_in_answer")
    _, told = run(plan, 5)
    own = [problem for problem in told if "of question 'bad'" in problem.message]
    assert len(own) == 3
    assert "failed on 5 of 5 calls, call 'c-00' the first of them: the criterion failed on this call" in own[0].message
    assert "failed on 2 of 2 calls, call 'c-10' the first of them" in own[2].message
    assert own[0].hint == "the question is unverified there; the card uses it at beside.yaml:23:21"


def test_one_that_hangs_is_switched_off_and_said_so(tmp_path):
    plan, host = plan_with(tmp_path, "hangs", timeouts=0.3)
    began = time.monotonic()
    _, told = run(plan, 1)
    assert time.monotonic() - began < 1.3, "one limit for the whole run"
    assert host.problems == [problem for problem in dict.fromkeys(told) if problem.code == "E609"]
    (problem,) = host.problems
    assert "it is switched off for the rest of the run" in problem.message
    assert next(each for each in host if each.name == "hangs").state == "switched off"
    for _ in range(100):
        if "plugin hangs" not in [thread.name for thread in threading.enumerate()]:
            break
        time.sleep(0.01)
    else:
        pytest.fail("a loop in Python ends when it is given up")


class Memory:
    """A sink that keeps what it is given."""

    def __init__(self):
        self.records = []

    def write(self, evaluations):
        self.records += evaluations

    def close(self):
        pass


def pipeline_run(read, host, size):
    sink = Memory()
    summary = score(
        calls(), router=Router(None, named=[read]), host=host, outlets=[Outlet("memory", sink)], batch_size=size
    )
    return sink.records, summary


@pytest.mark.parametrize(
    "plugin", ["raises_in_answer", "raises_in_batch", "answers_something_else", "hangs", "exits_in_init"]
)
def test_the_whole_way_ends_with_failures_and_the_results_of_the_others(plugin, undisturbed, tmp_path):
    read = card()
    host = host_of(tmp_path, "good", plugin, timeouts=limit_of(plugin))
    made, summary = pipeline_run(read, host, 5)
    assert of_others(made) == undisturbed[5]
    assert summary.failures == summary.errors > 0
    assert summary.evaluations == 12
    told = [problem for problem in summary.problems if "of question 'bad'" in problem.message or problem.code == "E609"]
    assert len(told) == (3 if plugin in ("raises_in_answer", "answers_something_else") else 1)


def test_a_plugin_that_no_card_asks_for_changes_no_byte(tmp_path):
    read = card()
    without = host_of(tmp_path, "good")
    text = [json.dumps(each) for each in run(compile_plan(read, without))[0]]
    spare = host_of(tmp_path, "good")
    spare.register(_Spare, "spare", version="7")
    assert [json.dumps(each) for each in run(compile_plan(read, spare))[0]] == text
    assert spare.versions() == {"good": "3.0", "spare": "7"}


class _Spare:
    @staticmethod
    def register_commands(register):
        import click

        register(click.Command("spare"))


@pytest.mark.parametrize("isolate", [False, True])
def test_prints_go_to_stderr(isolate, tmp_path, capfd):
    plan, host = plan_with(tmp_path, "prints", isolate=["prints"] if isolate else ())
    run(plan)
    print("a result")
    seen = capfd.readouterr()
    assert seen.out == "a result\n"
    for moment in ("is imported", "registers", "is made", "answers"):
        assert f"while it {moment}" in seen.err
    assert host.problems == []


def test_the_command_line_ends_with_3(tmp_path, monkeypatch, capfd):
    from click.testing import CliRunner

    from pauta.cli import main

    host_of(tmp_path, "good", "raises_in_answer", "does_not_import")
    (tmp_path / "pauta.yaml").write_text("operation: test\n", encoding="utf-8")
    (tmp_path / "scorecards").mkdir()
    (tmp_path / "scorecards" / "beside.yaml").write_text(CARD, encoding="utf-8")
    lines = [{"call_id": call.call_id, "turns": [{"speaker": "agent", "text": "hello"}]} for call in calls()]
    (tmp_path / "calls.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["score", "calls.jsonl", "--to", "out.jsonl"])
    assert result.exit_code == 3, result.output
    assert "plugins/does_not_import.py:5:1  E601" in result.stderr
    assert "plugins/raises_in_answer.py:18:1  E604" in result.stderr
    assert len(Path("out.jsonl").read_text(encoding="utf-8").splitlines()) == 12


def test_every_bad_plugin_is_in_a_test():
    from test_isolation import ISOLATED, NOT_LOADED

    there = {path.stem for path in BAD.iterdir() if path.suffix in (".py", ".txt")}
    assert there - {"good"} == {*LOADING, *RUNNING, *ISOLATED, *NOT_LOADED, "prints"}


HANGING = """
from pauta import hookimpl


class Bad:
    name = "bad"
    options = {"type": "object"}

    def __init__(self, options, question):
        while True:  # here
            pass

    def answer(self, call):
        pass


@hookimpl
def register_criteria(register):
    register(Bad)
"""


@pytest.mark.parametrize("isolate", ["", ", isolate: [endless]"])
def test_a_check_ends_where_a_criterion_is_never_made(isolate, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from pauta.cli import main

    host_of(tmp_path, "good")
    (tmp_path / "plugins" / "endless.py").write_text(HANGING, encoding="utf-8")
    (tmp_path / "pauta.yaml").write_text(
        f"operation: test\nplugins: {{folder: plugins, timeout: {{endless: 0.5 s}}{isolate}}}\n", encoding="utf-8"
    )
    (tmp_path / "scorecards").mkdir()
    (tmp_path / "scorecards" / "beside.yaml").write_text(CARD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    result = CliRunner().invoke(main, ["check"])
    assert time.monotonic() - began < 10
    assert (result.exit_code, result.output.count("E609")) == (1, 1), result.output
