"""The engine as the witnesses run it: the real loader for cards, the real doors for rows, records out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

from strategies import Row, yaml_of

from pauta import Finding, Verdict, hookimpl
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.records import call_from, human_from
from pauta.engine.model.calls import Call, HumanEvaluation, batch_of


class Told:
    """A criterion that says what the call's record tells it to say, under the question's id or a key."""

    name: ClassVar[str] = "told"
    options: ClassVar[Mapping[str, object]] = {"type": "object", "properties": {"key": {"type": "string"}}}

    def __init__(self, options: Mapping[str, object], question: Any) -> None:
        self._key = options.get("key", question.id)

    def answer(self, call: Call) -> Finding:
        verdicts: Any = call.attributes.get("verdicts") or {}
        verdict = verdicts.get(self._key, "unverified")
        if isinstance(verdict, Mapping):
            return Finding(Verdict.ANSWER, answer=verdict["answer"])
        return Finding(Verdict[verdict.upper()])


def host() -> Host:
    made = Host(installed=False)
    made.register(SimpleNamespace(register_criteria=hookimpl(lambda register: register(Told))), "test")
    return made


HOST = host()


class RefusedError(AssertionError):
    """The loader refused a card that the strategies hold to be valid."""

    def __init__(self, text: str, problems: Sequence[object]) -> None:
        self.problems = problems
        super().__init__("\n".join([*map(str, problems), text]))


def plan_of(card: Mapping[str, Any], *, as_json: bool = False) -> Plan:
    text = yaml_of(card, as_json=as_json)
    loaded = card_from_text(text, HOST, "random.yaml")
    if loaded.scorecard is None:
        raise RefusedError(text, loaded.problems)
    return compile_plan(loaded.scorecard, HOST)


def read_rows(rows: Sequence[Row]) -> tuple[list[Call], list[HumanEvaluation | None]]:
    """Calls and people's answers through the doors that files come in by."""
    calls: list[Call] = []
    humans: list[HumanEvaluation | None] = []
    for call, answers, criteria in rows:
        read = call_from({**call, "attributes": {**call.get("attributes", {}), "verdicts": criteria}})
        assert isinstance(read, Call), read
        calls.append(read)
        if answers is None:
            humans.append(None)
            continue
        human = human_from(
            {"call_id": call["call_id"], "scorecard": "random", "evaluator": "eva", "answers": dict(answers)}
        )
        assert isinstance(human, HumanEvaluation), human
        humans.append(human)
    return calls, humans


def run(card: Mapping[str, Any] | Plan, rows: Sequence[Row], *, as_json: bool = False) -> list[dict[str, Any]]:
    """The record of every row."""
    plan = card if isinstance(card, Plan) else plan_of(card, as_json=as_json)
    calls, humans = read_rows(rows)
    return [dict(each) for each in records(evaluate(plan, batch_of(calls, humans)))]


def without_names(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what differs between two cards or two calls by right: ids, digest, version."""
    return {name: value for name, value in record.items() if not re.search(r"_id$|digest|version|engine", name)}
