"""Runs of a card with a bad plugin beside good ones: what the others said, and what was told of the bad one."""

from __future__ import annotations

import copy
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.host import BUILT_IN, Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import Call, Turn, batch_of
from pauta.engine.model.results import Results
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem

BAD = Path(__file__).parent / "bad_plugins"
OF_CARDS = [name for name in BUILT_IN if ".sinks." not in name and ".sources." not in name]
SIZES = (5, 100)
"""Batches: some calls together, all at once."""

CARD = """
scorecard: beside
version: "1.0.0"
bands: [{band: poor, from: 0}, {band: good, from: 60}]
scoring: {pass_mark: 60}
sections:
  - section: before
    questions:
      - question: greeted
        answers: yes_no
        weight: 3
        tags: [opening]
        criterion: {phrase: {speaker: agent, any: [hello]}}
      - question: gold_before
        answers: yes_no
        weight: 1
        criterion: {tagged: {tag: gold}}
  - section: during
    questions:
      - question: bad
        answers: yes_no
        weight: 0
        criterion: {bad: {words: [refund], depth: {of: [1, 2]}}}
      - question: partly
        answers: yes_no
        weight: 0
        criterion: {any_of: [{bad: {words: [refund]}}, {phrase: {any: [hello]}}]}
  - section: after
    questions:
      - question: turns
        weight: 2
        answers: {number: {min: 0}, ranges: [{from: 3, points: 4}, {points: 0, error: non_critical}]}
        criterion: {turns: {speaker: agent}}
      - question: gold
        answers: yes_no
        weight: 1
        criterion: {tagged: {tag: gold}}
      - question: known
        answers: yes_no
        weight: 1
        criterion: {condition: {answer.greeted: yes, call.attributes.tier: gold}}
      - question: thanked
        answers: yes_no
        weight: 1
        criterion: {all_of: [{phrase: {any: [thank you]}}, {tagged: {tag: gold}}]}
escalations:
  - escalation: short
    when: {answer.turns: {below: 3}}
    do: [coach]
"""


class _Anything:
    """Stands for the bad criterion while the card is read."""

    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options: Any, question: Any) -> None: ...

    def answer(self, call: Call) -> Any: ...


class _Stand:
    @staticmethod
    def register_criteria(register: Any) -> None:
        register(_Anything)


def host_of(folder: Path, *plugins: str, **settings: Any) -> Host:
    """A host of the built-in plugins and some of those in bad_plugins/, copied to a folder of their own."""
    own = folder / "plugins"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    for name in plugins:
        source = next(path for path in (BAD / f"{name}.py", BAD / f"{name}.txt") if path.exists())
        shutil.copy(source, own / f"{name}.py")
    return Host(folder=own, built_in=OF_CARDS, installed=False, **settings)


@cache
def card() -> Scorecard:
    """The card, as it is read where all its plugins are there."""
    with tempfile.TemporaryDirectory() as folder:
        host = host_of(Path(folder), "good")
    host.register(_Stand, "stand")
    loaded = card_from_text(CARD, host, "beside.yaml")
    assert loaded.scorecard is not None, [str(problem) for problem in loaded.problems]
    return loaded.scorecard


def calls() -> list[Call]:
    """Twelve calls that differ in everything the card asks about."""
    made = []
    for n in range(12):
        words = ["hello and welcome", "I lost my card", "I see", "please", "thank you, goodbye"][: 2 + n % 4]
        turns = tuple(
            Turn("agent" if i % 2 == 0 else "customer", text if (n + i) % 5 else "well", 3.0 * i, 3.0 * i + 2)
            for i, text in enumerate(words)
        )
        attributes = {"tier": "gold" if n % 2 else "blue", "tags": ["gold", "new"] if n % 3 else ["old"]}
        made.append(Call(f"c-{n:02}", agent=f"a-{n % 3}", turns=turns, attributes=attributes, metrics={"hold_s": n}))
    return made


def run(plan: Plan, size: int = 100) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The records of all calls in batches of a size, and every problem, as often as it is told."""
    given = calls()
    told: list[Problem] = []
    made: list[dict[str, Any]] = []
    for start in range(0, len(given), size):
        results: Results = evaluate(plan, batch_of(given[start : start + size]))
        made += [dict(each) for each in records(results)]
        told += results.problems
    return made, told


def of_others(made: Sequence[Mapping[str, Any]], bad: Sequence[str] = ("bad", "partly")) -> list[str]:
    """The records as text without what the bad plugin may have a say in: its questions' answers, and its version."""
    texts = []
    for each in made:
        record = copy.deepcopy(dict(each))
        record["answers"] = [answer for answer in record["answers"] if answer["question"] not in bad]
        record["unverified"] = [name for name in record["unverified"] if name not in bad]
        record["engine"]["plugins"] = {"good": record["engine"]["plugins"]["good"]}
        texts.append(json.dumps(record, ensure_ascii=False, allow_nan=False))
    return texts


def answers_of(made: Sequence[Mapping[str, Any]], question: str = "bad") -> list[dict[str, Any]]:
    """One question's answers, call by call."""
    return [answer for each in made for answer in each["answers"] if answer["question"] == question]


def plan_with(folder: Path, *plugins: str, **settings: Any) -> tuple[Plan, Host]:
    """The card's plan with good plugins and some others, and their host."""
    host = host_of(folder, "good", *plugins, **settings)
    return compile_plan(card(), host), host


def marked(plugin: str) -> int | None:
    """The line of a bad plugin that a problem should name, None where nobody can know."""
    source = next(path for path in (BAD / f"{plugin}.py", BAD / f"{plugin}.txt") if path.exists())
    lines = source.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if re.search(r"# here$", line)), None)
