"""Runs criteria on calls as YAML cases write them.

    - case: the name of the test
      criterion: {timing: {measure: silence}}
      call: {duration_s: 60, turns: [[agent, 0, 2.5, Hello], [customer, 3, 4]]}     speaker, start, end, text
      expect: {verdict: met, answer: 0.5, reason: a part of it, evidence: [{turn: 0, quote: Hello, from_s: 0}]}

Evidence is compared by the fields that a case names; where `expect` names none, it is not looked at.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from pauta.engine.contracts import CompositeCriterion
from pauta.engine.host import Host
from pauta.engine.model.calls import Call, CallBatch, Turn, batch_of
from pauta.engine.model.findings import Evidence, Finding, Findings, Verdict, findings_of
from pauta.engine.model.scorecard import Answers, Kind, Question

CASES = Path(__file__).parent / "cases"
QUESTION = Question("asked", Answers(Kind.ONE))


class Says:
    """A criterion for tests: the words stand in a turn. Every place is evidence; bare times where `bare` is given."""

    name = "says"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        self._words = options["words"]

    def answer(self, call):
        places = [
            Evidence(n, at, at + len(self._words), self._words, turn.start, turn.end)
            for n, turn in enumerate(call.turns)
            for at in range(len(turn.text))
            if turn.text.startswith(self._words, at)
        ]
        if places:
            return Finding(Verdict.MET, f"'{self._words}' is said", tuple(places))
        return Finding(Verdict.NOT_MET, f"'{self._words}' is not said")


class Told:
    """A criterion for tests: the verdict it is told to give."""

    name = "told"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        self._finding = Finding(
            Verdict[options["verdict"].upper()],
            options.get("reason", ""),
            tuple(Evidence(**each) for each in options.get("evidence", ())),
            options.get("answer"),
        )

    def answer(self, call):
        return self._finding


class Fakes:
    """The plugin that offers them."""

    @staticmethod
    def register_criteria(register):
        register(Says)
        register(Told)


def host_of(*modules: str) -> Host:
    """A host of some built-in criteria and the two for tests."""
    host = Host(built_in=[f"pauta.plugins.criteria.{module}" for module in modules], installed=False)
    host.register(Fakes, "fakes")
    assert host.problems == []
    return host


def found(host: Host, criterion: Mapping[str, object], batch: CallBatch) -> Findings:
    """What a criterion says about a batch."""
    ((name, options),) = criterion.items()
    made = host.criteria[name](options, QUESTION)
    if isinstance(made, CompositeCriterion):
        return made.combine(batch, [found(host, part, batch) for part in made.parts()])
    if hasattr(made, "answer_batch"):
        return made.answer_batch(batch)
    return findings_of([made.answer(call) for call in batch.calls])


def call_of(record: Mapping[str, object], call_id: str = "c") -> Call:
    """The call of a case; a turn is [speaker, start, end, text], each but the speaker may be left out or null."""
    turns = []
    for speaker, *rest in record.get("turns", ()):
        start, end, text = (*rest, *[None] * (3 - len(rest)))
        turns.append(Turn(speaker, text or "", start, end))
    return Call(call_id, **{**record, "turns": tuple(turns)})


def cases(folder: str) -> Sequence[object]:
    """The cases of a folder, as parameters of a test named by the case."""
    files = sorted((CASES / folder).glob("*.yaml"))
    written = [case for file in files for case in yaml.safe_load(file.read_text(encoding="utf-8"))]
    assert written, f"no cases in {folder}"
    return [pytest.param(case, id=case["case"]) for case in written]


def check(host: Host, case: Mapping[str, object]) -> None:
    """The test of a case."""
    finding = found(host, case["criterion"], batch_of([call_of(case.get("call", {}))]))[0]
    expect = case["expect"]
    assert set(expect) <= {"verdict", "answer", "reason", "evidence"}
    assert finding.verdict.name.lower() == expect["verdict"], finding
    assert finding.answer == expect.get("answer")
    assert finding.reason
    assert expect.get("reason", "") in finding.reason
    if "evidence" in expect:
        seen = [
            {name: getattr(place, name) for name in wanted}
            for place, wanted in zip(finding.evidence, expect["evidence"])
        ]
        assert seen == expect["evidence"]
        assert len(finding.evidence) == len(expect["evidence"])
