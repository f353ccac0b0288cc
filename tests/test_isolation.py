"""A plugin in a process of its own: whatever happens there, the run goes on with the others' results unchanged."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from plugin_runs import SIZES, answers_of, calls, card, host_of, marked, of_others, plan_with, run

from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import batch_of
from pauta.engine.seam import isolation
from pauta.engine.seam.loaded import PluginError

ISOLATED = {
    "dies": ("E610", "ended with exit code 9 over question 'bad' of 12 calls"),
    "hangs": ("E609", "took longer than 0.4 s over question 'bad' of 12 calls"),
    "hangs_in_c": ("E609", "took longer than 0.4 s over question 'bad' of 12 calls"),
    "eats_memory": ("E604", "MemoryError"),
    "spoils_the_pipe": ("E610", "wrote noise where its answer was to come"),
    "raises_in_answer": ("E604", "KeyError"),
    "is_too_short": ("E603", "calls, and there are"),
    "answers_something_else": ("E605", "'perhaps' is no answer of question 'bad'"),
    "raises_in_init": ("E602", "RuntimeError: no model is there"),
}
"""What fails while it runs: the code of the problem, and a part of its sentence."""

NOT_LOADED = {
    "dies_on_import": ("E610", "ended with exit code 9 over loading it"),
    "does_not_parse": ("E601", "SyntaxError"),
    "options_are_no_schema": ("E614", "'objekt' is not valid"),
    "takes_a_name": ("E613", "and so does plugin 'pauta.plugins.criteria.phrase'"),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    plan, _ = plan_with(tmp_path_factory.mktemp("undisturbed"))
    return {size: of_others(run(plan, size)[0]) for size in SIZES}


@pytest.mark.parametrize("plugin", ISOLATED)
def test_one_that_fails_there(plugin, undisturbed, tmp_path, capfd):
    code, sentence = ISOLATED[plugin]
    limit = {plugin: 0.4} if plugin.startswith("hangs") else {}
    plan, host = plan_with(tmp_path, plugin, isolate=[plugin], timeouts=limit, memory={plugin: 256 << 20})
    assert host.problems == []
    made, told = run(plan)
    assert of_others(made) == undisturbed[100]
    assert {answer["state"] for answer in answers_of(made)} == {"unverified"}
    assert all(answer["reason"] for answer in answers_of(made))
    (problem,) = [problem for problem in told if "question 'bad'" in problem.message and problem.code == code]
    assert sentence in problem.message
    assert f"plugin '{plugin}' 1.2" in problem.message
    assert problem.place.file.endswith(f"plugins/{plugin}.py")
    assert marked(plugin) is None or code == "E609" or problem.place.line == marked(plugin)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("plugin", NOT_LOADED)
def test_one_that_does_not_load_there(plugin, undisturbed, tmp_path):
    code, sentence = NOT_LOADED[plugin]
    plan, host = plan_with(tmp_path, plugin, isolate=True)
    (problem,) = host.problems
    assert (problem.code, sentence in problem.message) == (code, True), str(problem)
    assert f"plugin '{plugin}'" in problem.message
    assert plugin == "dies_on_import" or problem.place.line == marked(plugin)
    made, _ = run(plan)
    assert of_others(made) == undisturbed[100]


def test_one_that_hangs_while_it_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(isolation, "START_S", 2.0)
    began = time.monotonic()
    host = host_of(tmp_path, "hangs_on_import", isolate=True, timeouts=0.2)
    assert time.monotonic() - began < 3.2
    assert [problem.code for problem in host.problems] == ["E609"]


@pytest.mark.parametrize("plugin", ["dies", "hangs_in_c"])
def test_the_end_comes_within_the_limit_and_a_second(plugin, tmp_path):
    plan, _ = plan_with(tmp_path, plugin, isolate=[plugin], timeouts={plugin: 0.5})
    began = time.monotonic()
    with pytest.raises(PluginError):
        plan.criteria[2].made.asked(batch_of(calls()))
    assert time.monotonic() - began < 1.5


def test_a_process_is_started_again_a_few_times(tmp_path):
    plan, host = plan_with(tmp_path, "dies", isolate=["dies"])
    made, told = run(plan, 1)
    assert {answer["reason"] for answer in answers_of(made)} == {
        "criterion 'bad' failed: the process of plugin 'dies' ended with exit code 9"
    }
    (problem,) = host.problems
    assert problem.code == "E610"
    assert problem.message.endswith("it is switched off for the rest of the run")
    assert len({problem.message for problem in told if problem.code == "E610"}) == 3, "two questions, then the end"


ONCE = """
import os

from pauta import Finding, Verdict, hookimpl


class Bad:
    name = "bad"
    options = {"type": "object"}

    def __init__(self, options, question):
        self.words = options["words"]

    def answer(self, call):
        if call.call_id == "c-03":
            os._exit(4)
        return Finding(Verdict.MET, f"{call.call_id} {self.words}")


@hookimpl
def register_criteria(register):
    register(Bad)
"""


def test_after_a_death_the_next_batch_is_answered(tmp_path):
    host_of(tmp_path, "good")
    (tmp_path / "plugins" / "once.py").write_text(ONCE, encoding="utf-8")
    host = Host(folder=tmp_path / "plugins", installed=False, isolate=["once"])
    made, _ = run(compile_plan(card(), host), 1)
    answers = answers_of(made)
    assert [n for n, answer in enumerate(answers) if answer["state"] == "unverified"] == [3]
    assert answers[4]["reason"] == "c-04 ['refund']"
    assert host.problems == []


def test_a_good_plugin_says_there_what_it_says_here(tmp_path):
    here, _ = plan_with(tmp_path)
    there, host = plan_with(tmp_path, isolate=True)
    for size in (1, 5, 100):
        text = [json.dumps(each) for each in run(here, size)[0]]
        assert [json.dumps(each) for each in run(there, size)[0]] == text
    assert host.problems == []
    assert next(plugin for plugin in host if plugin.name == "good").isolated


LISTENS = """
from pauta import Finding, Findings, ProblemsFound, Problem, Verdict, findings_of, hookimpl


class Listens:
    "Met where the answer to another question is the one that is asked for."

    name = "listens"
    purpose = "Hear what was answered."
    options = {"type": "object", "properties": {"to": {"type": "string"}, "is": {"type": "string"}}}

    def __init__(self, options, question):
        if options["to"] == "nobody":
            raise ValueError("there is nobody to listen to")
        if options["to"] == "two":
            raise ProblemsFound([Problem("E311", "one thing"), Problem("E311", "another thing")])
        self._to, self._is = options["to"], options["is"]

    @classmethod
    def reads(cls, options):
        return [f"answer.{options['to']}"]

    def answer_batch(self, batch):
        heard = batch.subject(f"answer.{self._to}").column
        met = [heard[n] == self._is for n in range(batch.size)]
        return findings_of([Finding(Verdict.MET if each else Verdict.NOT_MET) for each in met])


class Opposite:
    name = "opposite"
    options = {"type": "array"}

    def __init__(self, options, question):
        self._parts = options

    def parts(self):
        return self._parts

    def combine(self, batch, parts):
        return Findings(1 - parts[0].verdicts)


@hookimpl
def register_criteria(register):
    register(Listens)
    register(Opposite)
"""

HEARD = """
scorecard: heard
version: "1.0.0"
sections:
  - section: all
    questions:
      - {question: heard, answers: yes_no, criterion: {listens: {to: greeted, is: yes}}}
      - {question: greeted, answers: yes_no, criterion: {phrase: {speaker: agent, any: [hello]}}}
      - {question: other, answers: yes_no, criterion: {opposite: [{listens: {to: greeted, is: yes}}]}}
"""


def listening_host(folder: Path) -> Host:
    (folder / "listens.py").write_text(LISTENS, encoding="utf-8")
    return Host(folder=folder, installed=False, isolate=True)


def test_what_it_reads_and_is_made_of_comes_through(tmp_path):
    host = listening_host(tmp_path)
    loaded = card_from_text(HEARD, host, "heard.yaml")
    assert [problem for problem in loaded.problems if problem.code.startswith("E")] == []
    made, told = run(compile_plan(loaded.scorecard, host), 5)
    assert told == []
    greeted = [answer["answer"] for answer in answers_of(made, "greeted")]
    assert [answer["answer"] for answer in answers_of(made, "heard")] == greeted
    assert [answer["answer"] for answer in answers_of(made, "other")] == [
        {"yes": "no", "no": "yes"}[n] for n in greeted
    ]


@pytest.mark.parametrize(
    ("to", "said"),
    [("nobody", ["there is nobody to listen to"]), ("two", ["another thing", "one thing"])],
)
def test_what_it_says_of_its_options_comes_through(to, said, tmp_path):
    host = listening_host(tmp_path)
    text = HEARD.replace(
        "heard, answers: yes_no, criterion: {listens: {to: greeted",
        f"heard, answers: yes_no, criterion: {{listens: {{to: {to}",
    )
    problems = [problem for problem in card_from_text(text, host, "heard.yaml").problems if problem.code == "E311"]
    assert all(sentence in problem.message for sentence, problem in zip(said, problems, strict=True))
    assert all(problem.place.line == 7 for problem in problems)
    assert {problem.hint for problem in problems} == {None}


def test_only_criteria_can_be_isolated(tmp_path):
    (tmp_path / "both.py").write_text(
        LISTENS + "\n\n@hookimpl\ndef register_scorecards(register):\n    register('.')\n", encoding="utf-8"
    )
    host = Host(folder=tmp_path, installed=False, isolate=["both"])
    assert [problem.code for problem in host.problems] == ["E615"]
    assert "offers scorecards beside criteria" in host.problems[0].message
    assert "listens" not in host.criteria
    assert Host(folder=tmp_path, installed=False).problems == []


def process_of(host: Host, name: str) -> subprocess.Popen[bytes]:
    return host.criteria[name].worker._process.popen


def test_its_process_ends_with_its_host(tmp_path):
    host = listening_host(tmp_path)
    process = process_of(host, "listens")
    assert process.poll() is None
    del host
    gc.collect()
    assert process.poll() is not None


PARENT = """
import sys, threading, time
from pathlib import Path
from pauta.engine.host import Host
from pauta.engine.model.calls import Call, Turn, batch_of
from pauta.engine.model.scorecard import Answers, Kind, Question
host = Host(folder=Path(sys.argv[1]), built_in=(), installed=False, isolate=True)
made = host.criteria["bad"]({}, Question("q", Answers(Kind.ONE)))
print(host.criteria["bad"].worker._process.popen.pid, flush=True)
made.asked(batch_of([Call("c", turns=(Turn("agent", "x"),))]))
"""


def test_its_process_ends_where_the_engine_is_killed(tmp_path):
    host_of(tmp_path, "hangs")
    command = [sys.executable, "-c", PARENT, str(tmp_path / "plugins")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        time.sleep(0.2)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    until = time.monotonic() + 3
    while time.monotonic() < until and is_running(child):
        time.sleep(0.02)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
