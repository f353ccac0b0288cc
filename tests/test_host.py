"""The plugins of a run: where they come from, what they offer, how they are watched, what is said of them."""

import _thread
import importlib
import json
import pickle
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import click
import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from plugin_runs import BAD, OF_CARDS, answers_of, calls, card, host_of, plan_with, run

from pauta.engine import hookspecs
from pauta.engine.contracts import API, KINDS, SINGULAR, Sheet
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.host import BUILT_IN, Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import Call, batch_of
from pauta.engine.model.findings import Finding, Verdict
from pauta.engine.seam.discovery import Code, version_of_file
from pauta.engine.seam.loaded import LoadedPlugin, PluginError
from pauta.engine.seam.offers import COMMANDS, HOOKS, SCORECARDS, offers_of
from pauta.engine.seam.read_only import read_only
from pauta.engine.seam.schemas_of_options import _PLAIN, fault_in_schema, surely_a_schema
from pauta.reports.plugins import plugins_map, plugins_text


def plugin_of(**hooks):
    """A plugin of some hooks: kind -> what it offers."""

    def hook(offered):
        return lambda register: [register(each) for each in offered]

    return SimpleNamespace(**{f"register_{kind}": hook(offered) for kind, offered in hooks.items()})


def made(name, **methods):
    """A class with a name, options and some methods."""
    return type(name.title(), (), {"name": name, "options": {}, "__init__": lambda self, *given: None, **methods})


# What there is


def test_there_is_a_hook_for_every_kind_each_with_its_purpose():
    assert set(HOOKS) == {f"register_{kind}" for kind in (*KINDS, SCORECARDS, COMMANDS)}
    assert set(SINGULAR) == {*KINDS, SCORECARDS, COMMANDS}
    for name in HOOKS:
        assert getattr(hookspecs, name).__doc__.endswith((".", "scorecards`."))


@pytest.mark.parametrize("module", BUILT_IN)
def test_built_in_plugins_pass_the_checks_of_strangers(module):
    assert offers_of(importlib.import_module(module), Code())


def test_starting_is_cheap():
    code = "import sys; from pauta.engine.host import Host; assert not Host().problems; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "jsonschema", "subprocess", "ctypes", "sqlite_utils", "smtplib"}
    assert heavy & set(run.stdout.split()) == set()


def test_what_checks_do_without_is_loaded_when_it_is_asked_for(tmp_path):
    host = Host(installed=False)
    assert not any("sinks" in plugin.offers for plugin in host._plugins)
    assert "jsonl" in host.sinks
    assert "jsonl" in host.sources
    taken = Host(installed=False)
    taken.register(plugin_of(sinks=[made("jsonl", write=print, close=print, endings=())]), "acme")
    assert [problem.code for problem in taken.problems] == ["E613"]
    assert [plugin.built_in for plugin in taken] == [True] * len(BUILT_IN) + [False]


def test_each_hook_is_called_once():
    asked = []

    class Counting:
        def __getattr__(self, name):
            if name not in HOOKS:
                raise AttributeError(name)
            return lambda register: (
                asked.append(name)
                or (register(made("once", answer=lambda self, call: None)) if name == HOOKS[0] else None)
            )

    host = Host(built_in=(), installed=False)
    host.register(Counting(), "counting")
    assert host.problems == []
    assert asked == list(HOOKS)


def test_a_package_is_found_by_its_entry_point(tmp_path, monkeypatch):
    package = tmp_path / "acme_rules"
    (package / "scorecards").mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "plugin.py").write_text((BAD / "good.py").read_text(encoding="utf-8"), encoding="utf-8")
    (package / "broken.py").write_text("import json\n\njson.loads('{')\n", encoding="utf-8")
    info = tmp_path / "acme_rules-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 2.5\n", encoding="utf-8")
    entries = "[pauta]\nacme = acme_rules.plugin\nbroken = acme_rules.broken\ngone = acme_rules.gone\n"
    (info / "entry_points.txt").write_text(entries, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    host = Host(built_in=())
    acme = next(plugin for plugin in host if plugin.name == "acme")
    assert (acme.version, acme.origin, acme.state) == ("2.5", "package acme-rules", "works")
    assert set(host.criteria) == {"turns", "tagged"}
    broken, gone = (plugin.failure for plugin in host if plugin.name in ("broken", "gone"))
    assert "plugin 'broken' 2.5 (package acme-rules) does not load: JSONDecodeError" in broken.message
    assert broken.place.file.endswith("acme_rules/broken.py")
    assert broken.place.line == 3
    assert "plugin 'gone' 2.5 (package acme-rules) does not load: ModuleNotFoundError" in gone.message
    assert Host(built_in=(), installed=False).plugins == []

    alone = Host(built_in=(), isolate=["acme"])
    assert set(alone.criteria) == {"turns", "tagged"}
    assert next(plugin for plugin in alone if plugin.name == "acme").isolated


def test_plugins_may_bring_cards_and_commands(tmp_path):
    (tmp_path / "one.yaml").write_text("", encoding="utf-8")
    command = click.Command("count-calls", help="Count calls.\n\nOne by one.")
    clash = click.Command("score")
    host = Host(built_in=(), installed=False)
    host.register(plugin_of(scorecards=[tmp_path, tmp_path / "one.yaml"], commands=[command, clash]), "acme")
    assert host.problems == []
    assert host.scorecards == [("acme", tmp_path), ("acme", tmp_path / "one.yaml")]
    assert host.purpose("commands", "count-calls") == "Count calls."
    assert host.commands_beside(["score", "check"]) == {"count-calls": command}
    assert [problem.code for problem in host.problems] == ["E617"]
    assert "offers the command 'score', which pauta has itself" in host.problems[0].message


@pytest.mark.parametrize(
    ("hooks", "code", "said"),
    [
        ({"scorecards": ["/there/is/no/such/folder"]}, "E614", "and there is nothing"),
        ({"scorecards": [object()]}, "E614", "which is no place on a disk"),
        ({"commands": [print]}, "E614", "no click command"),
        ({"methods": [made("weighted", score=print)]}, "E614", "means something else"),
        ({"criteria": [made("confirm", answer=print)]}, "E614", "means something else"),
        ({"criteria": [made("two words", answer=print)]}, "E614", "'two words' is no name"),
        ({"methods": [made("mine")]}, "E614", "has no method score"),
        ({"rules": [made("mine", fires=print), made("other")]}, "E614", "has no method fires"),
        ({"sinks": [made("mine", write=print, close=print, endings=".abc")]}, "E614", "'.abc' and not a list"),
        ({"sinks": [made("mine", write=print, endings=())]}, "E614", "has no method close"),
        ({"sources": [made("mine", endings=(".abc",))]}, "E614", "neither calls(target) nor evaluations(target)"),
        ({"sources": [made("mine", calls=print)]}, "E614", "its endings are None"),
        ({"criteria": [made("mine", answer=print, options=None)]}, "E614", "has no options"),
        ({"criteria": [made("mine", answer=print, options={"$ref": "https://x.example/y"})]}, "E614", "not in them"),
        ({"criteria": [made("mine", answer=print, needs="turns")]}, "E614", "not a list of fields"),
        ({"criteria": [made("mine", answer=print, needs=["metrics"])]}, "E614", "needs 'metrics'"),
        ({"criteria": [made("mine", answer=print, needs=["turns", "metrics.hold_s"])]}, None, ""),
    ],
)
def test_what_is_offered_is_held_against_its_contract(hooks, code, said):
    host = Host(built_in=(), installed=False)
    host.register(plugin_of(**hooks), "acme")
    assert [problem.code for problem in host.problems] == ([code] if code else [])
    assert all(said in problem.message for problem in host.problems)
    if code:
        assert not any(getattr(host, kind) for kind in (*KINDS, SCORECARDS, COMMANDS))


schemas = st.recursive(
    st.sampled_from(
        [True, "text", 3, -1, 0.5, None, [], ["object"], ["null", "null"], "object", ["a", "b"], ["a", "a"]]
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*_PLAIN, "pattern"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(schemas)
@settings(deadline=None, max_examples=200)
def test_what_is_surely_a_schema_is_one(schema):
    if surely_a_schema(schema):
        jsonschema.Draft202012Validator.check_schema(schema)


def test_a_plain_schema_is_seen_at_once():
    plain = {
        "type": "object",
        "properties": {"words": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1}},
        "required": ["words"],
        "additionalProperties": False,
    }
    assert surely_a_schema(plain)
    assert not surely_a_schema({"pattern": "("})
    assert fault_in_schema({"pattern": "a+"}) is None
    assert fault_in_schema({"properties": {"a": {"minimum": "1"}}}).startswith(
        "its options are no JSON Schema: properties/a/minimum"
    )


def test_two_plugins_of_one_name(tmp_path):
    host = host_of(tmp_path, "good")
    twin = host.register(plugin_of(criteria=[made("other", answer=print)]), "good")
    assert twin.failure.code == "E613"
    assert "there is a plugin of this name: plugin 'good' 3.0" in twin.failure.message
    assert "other" not in host.criteria


@pytest.mark.parametrize("api", [API, None])
def test_the_version_of_the_interface_may_be_stated(api):
    plugin = plugin_of(criteria=[made("mine", answer=print)])
    plugin.pauta_api = api
    host = Host(built_in=(), installed=False)
    host.register(plugin, "acme")
    assert [problem.code for problem in host.problems] == ([] if api == API else ["E611"])


def test_a_file_that_helps_others_is_no_plugin(tmp_path):
    (tmp_path / "_words.py").write_text("raise RuntimeError", encoding="utf-8")
    assert Host(built_in=(), folder=tmp_path, installed=False).plugins == []


def test_several_folders(tmp_path):
    for name, text in (("a", "good"), ("b", "prints")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{text}.py").write_text((BAD / f"{text}.py").read_text(encoding="utf-8"), encoding="utf-8")
    host = Host(built_in=(), folder=[tmp_path / "a", tmp_path / "b", tmp_path / "c"], installed=False)
    assert [plugin.name for plugin in host] == ["good", "prints"]


def test_settings_that_are_about_no_plugin_are_told(tmp_path):
    host = host_of(tmp_path, "good", isolate=["god"], timeouts={"good": 5}, memory={"zzz": 1})
    assert [(problem.code, problem.hint) for problem in host.problems] == [
        ("E616", "did you mean 'good'?"),
        ("E616", "`pauta plugins` lists them"),
    ]
    assert next(plugin for plugin in host if plugin.name == "good").limit(1000) == 5


# Versions


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('__version__ = "1.2"', "1.2"),
        ("__version__ = str(2)", "file-"),
        ('"""Nothing."""', "file-"),
        ("def (", "file-"),
    ],
)
def test_the_version_of_a_file(text, version, tmp_path):
    path = tmp_path / "plugin.py"
    path.write_text(text, encoding="utf-8")
    found = version_of_file(path)
    assert found.startswith(version)
    path.write_text(f"{text}\n", encoding="utf-8")
    assert (version_of_file(path) == found) == (version != "file-"), "what has no number changes with every letter"


def test_results_name_the_plugins_that_they_depend_on(tmp_path):
    plan, host = plan_with(tmp_path, "prints")
    host.register(plugin_of(criteria=[made("unused", answer=print)]), "unused", version="7")
    assert host.versions() == {"good": "3.0", "prints": "1.2", "unused": "7"}
    assert compile_plan(card(), host).versions == plan.versions == {"good": "3.0", "prints": "1.2"}


# How their code is run


def test_a_call_without_what_a_criterion_needs_is_unverified(tmp_path):
    plan, _ = plan_with(tmp_path)
    results = evaluate(plan, batch_of([*calls()[:1], Call("silent")]))
    said, silent = answers_of([dict(each) for each in records(results)], "turns")
    assert said["state"] == "answered"
    assert (silent["state"], silent["reason"]) == ("unverified", "the call has no turns")
    assert [problem for problem in results.problems if "'turns'" in problem.message] == []


class Remembers:
    """Opens a database where it is made, and asks it where it answers."""

    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        self._database = sqlite3.connect(":memory:")

    def answer(self, call):
        (found,) = self._database.execute("select 1 + 1").fetchone()
        return Finding(Verdict.MET if found == 2 else Verdict.NOT_MET, "asked")


def test_a_criterion_lives_in_one_thread(tmp_path):
    host = host_of(tmp_path, "good")
    host.register(plugin_of(criteria=[Remembers]), "remembers")
    found, told = run(compile_plan(card(), host), 5)
    assert told == []
    assert {answer["reason"] for answer in answers_of(found)} == {"asked"}


def test_a_person_can_interrupt_while_a_plugin_works(tmp_path):
    def answer(self, call):
        _thread.interrupt_main()
        time.sleep(0.2)
        return Finding(Verdict.MET)

    host = host_of(tmp_path, "good")
    host.register(plugin_of(criteria=[made("bad", answer=answer)]), "slow")
    plan = compile_plan(card(), host)
    with pytest.raises(KeyboardInterrupt):
        evaluate(plan, batch_of(calls()[:1]))


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unspeakable(), "Unspeakable"),
        (ValueError("half \ud83d"), "ValueError: half \ufffd"),
        (ValueError("x" * 10**6), f"ValueError: {'x' * 500}..."),
        (ValueError("two\nlines \x1b[2J"), "ValueError: two lines \ufffd[2J"),
    ],
)
def test_whatever_it_raises_can_be_written_anywhere(error, reason, tmp_path):
    def answer(self, call):
        raise error

    host = host_of(tmp_path, "good")
    host.register(plugin_of(criteria=[made("bad", answer=answer)]), "raises")
    found, told = run(compile_plan(card(), host))
    assert {each["reason"] for each in answers_of(found)} == {f"the criterion failed on this call: {reason}"}
    assert all(reason in problem.message for problem in told)
    json.dumps(found, ensure_ascii=False).encode()


def test_a_function_that_a_plugin_imports_is_no_misspelt_hook(tmp_path):
    (tmp_path / "imports.py").write_text(
        "from sqlite3 import register_adapter\n\n" + (BAD / "good.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    assert Host(built_in=(), folder=tmp_path, installed=False).problems == []


def test_what_a_plugin_computes_once_is_its_own(tmp_path):
    def answer_batch(self, batch):
        batch.once("phrase.transcripts", lambda: "spoilt")
        batch.once(("subject", "call.attributes.tier"), lambda: "spoilt")
        raise RuntimeError

    host = host_of(tmp_path, "good")
    host.register(plugin_of(criteria=[made("bad", answer_batch=answer_batch)]), "spoils")
    spoilt, _ = run(compile_plan(card(), host))
    plain, _ = run(plan_with(tmp_path)[0])
    for question in ("greeted", "known"):
        assert answers_of(spoilt, question) == answers_of(plain, question)


@pytest.mark.parametrize(
    ("timeout", "calls", "limit"), [(None, 0, 60), (None, 1000, 160), (2.5, 0, 2.5), (2.5, 1000, 2.5)]
)
def test_the_limit_of_time(timeout, calls, limit):
    assert LoadedPlugin("x", "1", "file", timeout=timeout).limit(calls) == limit


METHOD = """
scorecard: by-method
version: "1.0.0"
scoring: {method: mine}
sections:
  - section: all
    questions:
      - {question: greeted, answers: yes_no, criterion: {phrase: {any: [hello]}}}
      - {question: thanked, answers: yes_no, criterion: {phrase: {any: [thank you]}}}
escalations:
  - {escalation: low, rule: mine, do: [coach]}
"""


def by_method(score, fires, **settings):
    host = Host(installed=False, built_in=OF_CARDS, **settings)
    host.register(
        plugin_of(methods=[made("mine", score=score)], rules=[made("mine", fires=fires)]), "acme", version="4"
    )
    assert host.problems == []
    loaded = card_from_text(METHOD, host, "card.yaml")
    plan = compile_plan(loaded.scorecard, host)
    assert plan.versions == {"acme": "4"}
    results = evaluate(plan, batch_of(calls()))
    return [dict(each) for each in records(results)], results.problems


def lowest(self, sheet: Sheet):
    return 100 * np.where(sheet.answered, sheet.credits, 1).min(axis=0)


def low(self, results):
    return results.score < 50


def test_a_method_and_a_rule_of_a_plugin():
    found, problems = by_method(lowest, low)
    assert problems == ()
    greeted, thanked = answers_of(found, "greeted"), answers_of(found, "thanked")
    expected = [100.0 * (a["answer"] == b["answer"] == "yes") for a, b in zip(greeted, thanked, strict=True)]
    assert [each["score"] for each in found] == expected
    assert [each["escalations"] for each in found] == [[] if score else ["low"] for score in expected]
    assert set(expected) == {0.0, 100.0}


def in_place(self, given):
    (given.credits if isinstance(given, Sheet) else given.score)[:] = 0


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda self, given: 1 / 0, "ZeroDivisionError"),
        (lambda self, given: sys.exit(3), "SystemExit: 3"),
        (lambda self, given: np.zeros(3), "an array of float64, (3,), and there are 12 calls"),
        (lambda self, given: "none", "and there are 12 calls"),
        (in_place, "read-only"),
        (lambda self, given: time.sleep(30), "took longer than 0.2 s"),
    ],
)
def test_a_bad_method_costs_the_score_and_a_bad_rule_its_escalation(bad, said):
    good, _ = by_method(lowest, low)
    found, problems = by_method(bad, low, timeouts=0.2)
    (problem,) = {problem for problem in problems if problem.code == "E606"}
    assert said in problem.message
    assert "plugin 'acme' 4 (registered)" in problem.message
    assert {each["score"] for each in found} == {None}
    assert [each["answers"] for each in found] == [each["answers"] for each in good]

    found, problems = by_method(lowest, bad, timeouts=0.2)
    (problem,) = {problem for problem in problems if problem.code == "E607"}
    assert said in problem.message
    assert {**good[0], "escalations": []} == found[0]
    assert [each["score"] for each in found] == [each["score"] for each in good]


def test_a_method_that_cannot_be_made():
    class Unmade:
        name = "mine"
        options: ClassVar = {}
        score = lowest

        def __init__(self, options):
            raise OSError("no table")

    def card_with(offered):
        host = Host(installed=False, built_in=OF_CARDS)
        host.register(plugin_of(methods=[offered], rules=[made("mine", fires=low)]), "acme")
        return card_from_text(METHOD, host, "card.yaml").scorecard, host

    read, _ = card_with(made("mine", score=lowest))
    _, host = card_with(Unmade)
    results = evaluate(compile_plan(read, host), batch_of(calls()))
    assert np.isnan(results.score).all()
    assert "OSError: no table" in results.problems[0].message


# What they are given

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(json_values)
@settings(deadline=None, max_examples=60)
def test_what_cannot_be_changed_is_otherwise_the_same(value):
    given_out = read_only(value)
    assert given_out == value
    assert json.dumps(given_out) == json.dumps(value)
    copied = pickle.loads(pickle.dumps(given_out))
    assert copied == value
    assert type(copied) is type(value)
    if isinstance(value, dict):
        for change in (
            lambda: given_out.update(a=1),
            lambda: given_out.__setitem__("a", 1),
            lambda: given_out.pop("a", None),
            given_out.clear,
        ):
            with pytest.raises(TypeError, match="cannot be changed"):
                change()
    if isinstance(value, list):
        for change in (lambda: given_out.append(1), lambda: given_out.sort(), given_out.clear):
            with pytest.raises(TypeError, match="cannot be changed"):
                change()


# What is said of them


def test_the_plugins_as_text_and_as_data(tmp_path):
    plan, host = plan_with(tmp_path, "does_not_import", "hangs", timeouts={"hangs": 0.2})
    run(plan)
    text = plugins_text(host)
    assert "good 3.0, " in text
    assert "plugins/good.py: works\n    criterion turns   Count the turns of a call.\n    criterion tagged" in text
    assert "plugins/does_not_import.py: failed\n" in text
    assert "plugins/does_not_import.py:5:1  E601  plugin 'does_not_import' 1.2" in text
    assert "plugins/hangs.py, 0.2 s at a time: switched off\n" in text
    assert text.rstrip().endswith("2 of them do not work: does_not_import, hangs.")

    by_name = {each["name"]: each for each in plugins_map(host)}
    assert by_name["good"]["offers"][0] == {
        "kind": "criterion",
        "name": "turns",
        "purpose": "Count the turns of a call.",
    }
    assert by_name["does_not_import"]["problem"]["code"] == "E601"
    assert by_name["does_not_import"]["problem"]["line"] == 5
    assert by_name["hangs"]["state"] == "switched off"
    assert by_name["hangs"]["timeout_s"] == 0.2
    assert json.loads(json.dumps(list(by_name.values()))) == list(by_name.values())


def test_a_plugin_that_is_off_says_so_without_being_run():
    plugin = LoadedPlugin("x", "1", "file", timeout=0.1)
    with pytest.raises(PluginError, match=r"took longer than 0\.1 s"):
        plugin.run(lambda: time.sleep(5), "sleeping")
    asked = []
    with pytest.raises(PluginError) as caught:
        plugin.run(lambda: asked.append(1), "asking")
    assert asked == []
    assert caught.value.problem is plugin.off
    assert Path(caught.value.place.file).name == "test_host.py"
