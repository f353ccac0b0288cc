"""Rules over many evaluations, as cases: what is in a window, and what is raised of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from pauta import Asked, Fact, Miss, Over, Window
from pauta.engine.host import Host
from pauta.engine.model.followup import KeptDuty

CASES = [
    pytest.param(whole["rule"], case, id=f"{whole['rule']}: {case['case']}")
    for path in sorted((Path(__file__).parent / "cases" / "rules").glob("*.yaml"))
    for whole in [yaml.safe_load(path.read_text(encoding="utf-8"))]
    for case in whole["cases"]
]
QUESTIONS = ("greeting", "name", "close")
FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


def window_of(case):
    """The window of a case: calls one an hour, each of an agent (ana) with a score (100) and what was missed in it."""
    ((kind, period),) = case.get("over", {"agent": "14 d"}).items()
    key = {"agent": "ana", "team": "north", "question": "retail/name"}[kind]
    calls = [call for given in case["calls"] for call in [given] * given.get("times", 1)]
    facts, misses, counts = [], [], {}
    for place, call in enumerate(calls):
        at, name, agent = FIRST + timedelta(hours=place), f"e{place + 1}", call.get("agent", "ana")
        score = call.get("score", 100)
        critical = {"customer": call.get("critical", 0), "business": 0, "compliance": 0}
        facts.append(
            Fact(name, name, agent, "north", "", "eva", "retail", "1.0.0", at, at.date(), score, score, None, 0,
                 critical, 3, call.get("metrics", {}))
        )  # fmt: skip
        missed = {}
        for each in call.get("missed", ()):
            missed |= each if isinstance(each, dict) else {each: {}}
        for question, how in missed.items():
            fault, error = how.get("fault", "agent"), how.get("error", "")
            misses.append(Miss(name, question, agent, "north", "retail", at, at.date(), fault, error, 0.0))
        for question in QUESTIONS:
            counted = counts.setdefault((question, agent), [0, 0])
            counted[0] += 1
            counted[1] += question in missed
    asked = [Asked("retail", q, agent, "north", FIRST.date(), *counted) for (q, agent), counted in counts.items()]
    everyone = {
        f"retail/{q}": tuple(map(sum, zip(*(each for (of, _), each in counts.items() if of == q), strict=True)))
        for q in QUESTIONS
    }
    own = {
        "agent": lambda each: each.agent == key,
        "question": lambda each: getattr(each, "question", "name") == "name",
    }
    seen = own.get(kind, lambda each: True)
    duties = [
        KeptDuty(each["id"], each["kind"], FIRST + timedelta(hours=int(each["before"][1:]) - 1), "open")
        for each in case.get("duties", ())
    ]
    return Window(
        Over(kind, period=timedelta(days=int(period.split()[0]))),
        key,
        FIRST + timedelta(days=13),
        lambda: [each for each in facts if seen(each)],
        lambda: [each for each in misses if seen(each)],
        lambda: [each for each in asked if seen(each)],
        lambda: everyone,
        lambda: duties,
        lambda: frozenset(case.get("spent", ())),
        lambda: frozenset(case.get("of_process", ())),
    )


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_rule(rule, case, host):
    offered = host.rules[rule]
    if "refused" in case:
        with pytest.raises(ValueError, match=case["refused"]):
            offered(case["options"])
        return
    found = offered(case.get("options", {})).found(window_of(case))
    assert len(found) == len(case["raised"]), [each.reason for each in found]
    for each, wanted in zip(found, case["raised"], strict=True):
        seen = {"about": each.about, "warning": each.warning, "evaluations": list(each.evaluations),
                "questions": list(each.questions)}  # fmt: skip
        figures = wanted.get("figures", {})
        assert seen | {name: value for name, value in wanted.items() if name != "figures"} == seen
        assert {name: each.figures[name] for name in figures} == pytest.approx(figures)
        assert each.reason


def test_every_rule_has_cases(host):
    having = {param.values[0] for param in CASES}
    assert {name for name, each in host.rules.items() if hasattr(each, "found")} == having
