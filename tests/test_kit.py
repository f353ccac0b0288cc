"""`pauta plugins new` writes plugins that work, with tests that pass; `pauta.testing` catches plugins that do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner

from pauta import Answer, Call, Evidence, Finding, Findings, Verdict, hookimpl
from pauta.cli import main
from pauta.engine.host import Host
from pauta.testing import (
    CriterionContract,
    MethodContract,
    RuleContract,
    SinkContract,
    SourceContract,
    host_with,
    sample_calls,
    sample_evaluations,
    sample_results,
)
from pauta.testing.scaffold import KINDS, new_plugin

ROOT = Path(__file__).parents[1]
OFFERS = dict(zip(KINDS, ("criteria", "rules", "actions", "methods", "sources", "sinks"), strict=True))


def pauta(*words):
    result = CliRunner().invoke(main, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run(*words, folder, **environment):
    """A command in a process of its own, as its author runs it."""
    known = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, cwd=folder, env=known, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """All six as single files in plugins/."""
    folder = tmp_path_factory.mktemp("operation")
    for kind in KINDS:
        assert pauta("plugins", "new", kind, f"my_{kind}", "--to", str(folder / "plugins")).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """All six as packages, side by side."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in KINDS:
        assert pauta("plugins", "new", kind, f"our_{kind}", "--package", "--to", str(folder)).exit_code == 0
    return folder


class TestNewPlugins:
    def test_single_files_load_without_a_problem_their_tests_beside_them(self, files):
        host = Host(folder=files / "plugins", installed=False)
        assert [str(problem) for problem in host.problems if "my_" in str(problem)] == []
        for kind, offered in OFFERS.items():
            assert f"my_{kind}" in getattr(host, offered)
        assert not [plugin for plugin in host if plugin.name.startswith("test_")]

    @pytest.mark.slow
    def test_the_tests_of_single_files_pass(self, files):
        assert "passed" in run("pytest", "-q", "-p", "no:cacheprovider", "plugins", folder=files)

    def test_packages_load_by_their_entry_points(self, packages):
        """What an installer would leave behind stands beside each package's source: no network is needed for this."""
        paths = []
        for kind in KINDS:
            source = packages / f"our_{kind}" / "src"
            facts = source / f"our_{kind}-0.1.0.dist-info"
            facts.mkdir()
            (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pauta-our-{kind}\nVersion: 0.1.0\n")
            (facts / "entry_points.txt").write_text(f"[pauta]\nour_{kind} = our_{kind}\n")
            paths.append(str(source))
        told = run("pauta", "plugins", "--format", "json", folder=packages, PYTHONPATH=os.pathsep.join(paths))
        by_name = {each["name"]: each for each in json.loads(told)}
        for kind in KINDS:
            assert by_name[f"our_{kind}"]["state"] == "works", by_name[f"our_{kind}"]
            assert by_name[f"our_{kind}"]["version"] == "0.1.0"

    @pytest.mark.slow
    def test_the_tests_of_packages_pass(self, packages):
        """All in one process, each with its own source on the path, as its pyproject says."""
        found = [str(packages / f"our_{kind}" / "tests") for kind in KINDS]
        path = os.pathsep.join(str(packages / f"our_{kind}" / "src") for kind in KINDS)
        assert "passed" in run("pytest", "-q", "-p", "no:cacheprovider", *found, folder=packages, PYTHONPATH=path)

    @pytest.mark.slow
    def test_a_package_needs_nothing_but_its_own_settings(self, packages):
        said = run("pytest", "-q", "-p", "no:cacheprovider", folder=packages / "our_action")
        assert "passed" in said

    def test_they_are_clean_for_ruff(self, packages, files):
        rules = "E,F,W,I,N,UP,B,C4,RUF,SIM,PTH,PIE,RET"
        for folder in (packages, files):
            run("ruff", "check", "--isolated", "--line-length", "120", "--select", rules, ".", folder=folder)
            run("ruff", "format", "--isolated", "--line-length", "120", "--check", ".", folder=folder)

    @pytest.mark.slow
    def test_packages_are_clean_for_strict_mypy(self, packages):
        parts = [f"our_{kind}/{part}" for kind in KINDS for part in (f"src/our_{kind}", f"tests/test_our_{kind}.py")]
        run("mypy", "--strict", "--cache-dir", "cache", *parts, folder=packages, MYPYPATH=str(ROOT))

    def test_they_go_into_the_operation_s_own_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert pauta("init", "centre").exit_code == 0
        monkeypatch.chdir(tmp_path / "centre")
        said = pauta("plugins", "new", "sink", "wallboard")
        assert Path("plugins/wallboard.py").is_file()
        assert "pytest plugins/test_wallboard.py" in said.output
        assert "sink wallboard" in pauta("plugins").output
        assert pauta("check").exit_code == 0

    def test_nothing_is_overwritten(self, tmp_path):
        (tmp_path / "mine.py").write_text("# my own work\n", encoding="utf-8")
        result = pauta("plugins", "new", "rule", "mine", "--to", str(tmp_path))
        assert result.exit_code == 1
        assert "E741" in result.output
        assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
        assert (tmp_path / "mine.py").read_text(encoding="utf-8") == "# my own work\n"

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("Said-It", "will not do"), ("9lives", "will not do"), ("", "will not do"), ("../up", "will not do"),
            ("class", "Python's own"), ("json", "another module"), ("pauta", "another module"),
            ("test_it", "begins as tests do"), ("phrase", "there is a criterion 'phrase' already"),
        ],
    )  # fmt: skip
    def test_a_name_that_will_not_do_is_wrong_use(self, name, said, tmp_path):
        result = pauta("plugins", "new", "criterion", name, "--to", str(tmp_path))
        assert result.exit_code == 2
        assert said in result.output
        assert list(tmp_path.iterdir()) == []

    def test_an_unknown_kind_is_wrong_use(self):
        assert pauta("plugins", "new", "gadget", "x").exit_code == 2

    def test_the_list_is_as_it_was(self):
        names = [each["name"] for each in json.loads(pauta("plugins", "--format", "json").output)]
        assert "pauta.plugins.criteria.phrase" in names
        assert "criterion phrase" in pauta("plugins").output

    def test_every_template_is_used(self):
        from pauta.testing.scaffold import TEMPLATES

        used = {*KINDS, *(f"test_{kind}" for kind in KINDS), "pyproject", "readme"}
        assert {path.stem for path in TEMPLATES.iterdir()} == used
        assert all("$" not in text for text in new_plugin("rule", "low", package=True).values())


class TestSamples:
    def test_calls_are_the_same_every_time_and_of_all_sorts(self):
        calls = sample_calls()
        assert calls == sample_calls()
        assert len({call.call_id for call in calls}) == len(calls)
        assert {"en", "es", "pt-BR", "ru", "de", None} <= {call.language for call in calls}
        assert {"voice", "chat", None} <= {call.channel for call in calls}
        assert any(not call.turns for call in calls)

    def test_the_door_takes_them_all(self):
        """Whoever writes records as these could have them read."""
        from pauta import call_from

        for call in sample_calls():
            record = {
                "call_id": call.call_id,
                "agent": call.agent,
                "metrics": dict(call.metrics),
                "attributes": dict(call.attributes),
                "turns": [{"speaker": turn.speaker, "text": turn.text} for turn in call.turns],
            }  # fmt: skip
            taken = call_from({name: value for name, value in record.items() if value})
            assert isinstance(taken, Call), taken

    def test_evaluations_are_of_people_and_of_the_engine_and_some_fail(self):
        made = sample_evaluations()
        assert {each["evaluator"] for each in made} == {"engine", "eva"}
        assert {each["passed"] for each in made} == {True, False, None}
        assert {each["status"] for each in made} == {"complete", "incomplete", "not_scored"}
        assert sum(each["score"] is None for each in made) > 1
        assert len(sample_results()) == len(made) == len(sample_calls())
        json.dumps(made, allow_nan=False)

    def test_a_host_takes_a_module_its_name_its_file_or_an_object(self, tmp_path):
        (tmp_path / "low.py").write_text(new_plugin("rule", "low")["low.py"], encoding="utf-8")
        assert "low" in host_with(tmp_path / "low.py").rules
        assert not host_with("pauta.plugins.methods.grades").owner("methods", "deductions").built_in
        assert "phrase" in host_with(sys.modules["pauta.plugins.criteria.phrase"], built_in=()).criteria

    def test_a_host_says_what_is_wrong(self):
        with pytest.raises(AssertionError, match="offers nothing"):
            host_with(object())


pytest_plugins = ["pauta.testing.pytest_plugin"]


class TestFixtures:
    def test_a_host_and_calls(self, pauta_host, sample_calls):
        assert "phrase" in pauta_host.criteria
        assert any(call.call_id == "voice-en" for call in sample_calls)


class Told:
    """A plugin made of one class."""

    def __init__(self, kind, offered):
        setattr(self, f"register_{kind}", hookimpl(lambda register: register(offered)))


def made(kind, **parts):
    """A plugin with one class that has these parts."""
    base = {"name": "told", "options": {"type": "object", "additionalProperties": False}, "__init__": _takes}
    return Told(kind, type("Bad", (), {**base, **parts}))


def _takes(self, options, question=None):
    self.heard = []


def contract(base, plugin, **more):
    """A suite on a plugin that is not as it should be."""
    return type("Suite", (base,), {"plugin": plugin, "name": "told", **more})()


def forgetful(self, call):
    self.heard.append(call)
    return Finding(Verdict.MET if len(self.heard) < 9 else Verdict.NOT_MET)


def neighbours(self, batch):
    import numpy as np

    return Findings(np.full(batch.size, Verdict.MET if batch.size > 1 else Verdict.NOT_MET, dtype=np.uint8))


def position(self, batch):
    import numpy as np

    return Findings((np.arange(batch.size) % 2).astype(np.uint8))


def always(verdict):
    return lambda self, call: Finding(verdict)


def in_batch(verdict):
    def answer_batch(self, batch):
        import numpy as np

        return Findings(np.full(batch.size, verdict, dtype=np.uint8))

    return answer_batch


def invented(self, call):
    return Finding(Verdict.MET, "said", (Evidence(0, 0, 5, "never"),))


BAD_CRITERIA: Mapping[str, tuple[Mapping[str, object], str]] = {
    "raises": ({"answer": lambda self, call: call.turns[0].wrong}, "what_it_says_can_be_believed"),
    "invents evidence": ({"answer": invented}, "what_it_says_can_be_believed"),
    "answers NaN": (
        {"answer": lambda self, call: Finding(Verdict.ANSWER, answer=float("nan"))},
        "what_it_says_can_be_believed",
    ),
    "answers what the question has not": (
        {"answer": lambda self, call: Finding(Verdict.ANSWER, answer="perhaps")},
        "what_it_says_can_be_believed",
    ),
    "remembers": ({"answer": forgetful}, "the_same_batch_twice_is_the_same"),
    "looks at its neighbours": ({"answer_batch": neighbours}, "a_batch_says_what_its_calls_say_one_by_one"),
    "goes by position": ({"answer_batch": position}, "the_order_of_calls_changes_nothing"),
    "has two minds": (
        {"answer": always(Verdict.MET), "answer_batch": in_batch(Verdict.NOT_MET)},
        "both_ways_agree",
    ),
    "takes anything": (
        {"answer": always(Verdict.MET), "options": {"type": "object"}},
        "bad_options_are_refused_with_a_sentence",
    ),
}


@pytest.mark.parametrize("case", BAD_CRITERIA)
def test_a_bad_criterion_is_caught(case):
    parts, test = BAD_CRITERIA[case]
    suite = contract(CriterionContract, made("criteria", **parts))
    with pytest.raises(AssertionError):
        getattr(suite, f"test_{test}")()


def test_a_bad_method_is_caught():
    import numpy as np

    average = contract(MethodContract, made("methods", score=lambda self, sheet: np.full(sheet.points.shape[1], 100.0)))
    with pytest.raises(AssertionError, match="has no score"):
        average.test_it_gives_each_call_a_number_or_no_score()
    curve = contract(
        MethodContract, made("methods", score=lambda self, sheet: np.argsort(sheet.points.sum(axis=0)) * 1.0)
    )
    with pytest.raises(AssertionError):
        curve.test_a_batch_scores_what_its_calls_score_one_by_one()


def test_a_bad_rule_is_caught():
    worst = contract(RuleContract, made("rules", fires=lambda self, results: results.score == results.score.min()))
    with pytest.raises(AssertionError):
        worst.test_a_batch_fires_where_its_results_fire_one_by_one()
    wrong = contract(RuleContract, made("rules", fires=lambda self, results: [1] * len(results)))
    with pytest.raises(AssertionError, match="failed on results"):
        wrong.test_it_says_yes_or_no_to_each_result()


class Careless:
    """A source that raises on what it does not expect, and a sink that appends and loses."""

    name: ClassVar = "told"
    endings: ClassVar = (".told",)
    options: ClassVar = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"path": {"type": "string"}},
    }

    def __init__(self, options):
        self.path = Path(options.get("path", ""))

    def calls(self, target):
        lines = Path(target).read_text().splitlines()
        return [Call(line.split()[0], duration_s=float(line.split()[1])) for line in lines]

    def write(self, evaluations):
        with self.path.open("a") as stream:
            stream.writelines(
                f"{each['evaluation_id']}\n" for each in evaluations if "hostile-0" not in each["call_id"]
            )

    def close(self):
        pass


class CarelessSource(SourceContract):
    plugin = Told("sources", Careless)
    name = "told"
    ids = ("c-1",)

    def target(self, folder):
        (folder / "a.told").write_text("c-1 3.5\n")
        return str(folder / "a.told")


class CarelessSink(SinkContract):
    plugin = Told("sinks", Careless)
    name = "told"

    def arrived(self, folder):
        return (folder / "results.told").read_text().split()


def test_a_careless_source_is_caught(tmp_path):
    suite = CarelessSource()
    suite.test_it_reads_the_calls_of_a_good_file(tmp_path)
    with pytest.raises(AssertionError, match="E621"):
        suite.test_what_is_no_call_is_told_and_harms_nothing(tmp_path)


def test_a_careless_sink_is_caught(tmp_path):
    suite = CarelessSink()
    with pytest.raises(AssertionError, match=r"1 of \d+ evaluations did not arrive"):
        suite.test_everything_arrives(tmp_path / "a")
    with pytest.raises(AssertionError, match="begins a file where no folder is"):
        suite.test_a_folder_that_is_not_there_is_told_at_the_start(tmp_path / "b")
    with pytest.raises(AssertionError):
        suite.test_the_same_run_twice_is_as_good_as_once(tmp_path / "c")


def test_what_people_answered_is_known_to_the_samples():
    humans = [human for human in sample_results().batch.humans if human]
    assert all(isinstance(answer, Answer) for human in humans for answer in human.answers.values())
