"""The test kit: the examples of cards are run, compared, and asked what they do not reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.evaluation.records import Record, records
from pauta.engine.host import Host
from pauta.engine.loading.records import call_from, human_from
from pauta.engine.model.calls import Call, HumanEvaluation, batch_of
from pauta.engine.model.conditions import number_of
from pauta.engine.model.results import Results
from pauta.engine.model.scorecard import ANSWERED, STATES, Example, Kind, Question, Scorecard
from pauta.engine.problems import Place, Problem

EVALUATOR: Final = "example"
FEWEST_DECIMALS: Final = 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that did not come out: what the example expects, and what came."""

    key: str
    expected: object
    got: object

    def __str__(self) -> str:
        return f"{self.key}: expected {_said(self.expected)}, got {_said(self.got)}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one example. `problem` is set where it could not be run at all."""

    example: Example
    differences: tuple[Difference, ...] = ()
    problem: Problem | None = None
    record: Record | None = None

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.differences and self.problem is None


def run_examples(
    card: Scorecard, host: Host, examples: Sequence[Example] | None = None
) -> tuple[list[Outcome], Results]:
    """Evaluate a card's examples (or others for it) in one batch, and compare.

    Returns one outcome per example, in order, and the results of those that could be run.
    """
    chosen = list(card.examples if examples is None else examples)
    inputs = [_input(card, example) for example in chosen]
    rows = [each for each in inputs if not isinstance(each, Problem)]
    plan = compile_plan(card, host)
    results = evaluate(plan, batch_of([call for call, _ in rows], [human for _, human in rows]))
    came = records(results)
    outcomes = []
    for example, given in zip(chosen, inputs, strict=True):
        if isinstance(given, Problem):
            outcomes.append(Outcome(example, problem=given))
        else:
            record = next(came)
            outcomes.append(Outcome(example, tuple(differences(example.expect, record)), record=record))
    return outcomes, results


def _input(card: Scorecard, example: Example) -> tuple[Call, HumanEvaluation | None] | Problem:
    call = call_from(example.call, example.at, default_id=example.name)
    if isinstance(call, Problem) or example.answers is None:
        return call if isinstance(call, Problem) else (call, None)
    human = human_from(
        {"call_id": call.call_id, "scorecard": card.id, "evaluator": EVALUATOR, "answers": example.answers}, example.at
    )
    return human if isinstance(human, Problem) else (call, human)


def differences(expect: Mapping[str, object], record: Record) -> Iterator[Difference]:
    """What an example expects and did not get."""
    for key, expected in expect.items():
        if key == "answers" and isinstance(expected, Mapping):
            given = {each["question"]: each for each in record["answers"]}
            for question, answer in expected.items():
                got = given[question]["state"] if answer in STATES else given[question]["answer"]
                if given[question]["state"] not in (ANSWERED, "not_applicable"):
                    got = given[question]["state"]
                if not _same(answer, got):
                    yield Difference(f"answers.{question}", answer, got)
        elif key == "escalations" and isinstance(expected, list | tuple):
            if set(expected) != set(record[key]):
                yield Difference(key, list(expected), record[key])
        elif not _same(expected, record.get(key), near=key == "coverage"):
            yield Difference(key, expected, record.get(key))


def _same(expected: object, got: object, *, near: bool = False) -> bool:
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        return sorted(map(str, expected)) == sorted(map(str, got))
    if expected is None or got is None or isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    left, right = number_of(expected), number_of(got)
    if left is None or right is None:
        return str(expected) == str(got)
    return abs(left - right) < (0.5 * 10.0 ** -_decimals(left) + 1e-9 if near else 1e-9)


def _decimals(number: float) -> int:
    return max(FEWEST_DECIMALS, len(repr(number).partition(".")[2]))


def _said(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Unreached:
    """Something in a card that no example reaches: `kind` is answer, error, condition, band or escalation."""

    kind: str
    what: str
    at: Place | None = None


def unreached(card: Scorecard, results: Results) -> list[Unreached]:
    """The answers, errors, conditions, bands and escalations of a card that none of its evaluated examples reaches."""
    missing = [each for question in card.questions for each in _unreached_of(question, results)]
    for section in card.sections:
        if section.when is not None:
            first = section.questions[0].id
            missing += _unreached_condition(f"section '{section.id}'", results, first, section.at)
    reached = {int(band) for band in results.band}
    missing += [Unreached("band", band.id, band.at) for n, band in enumerate(card.bands) if n not in reached]
    missing += [
        Unreached("escalation", escalation.id, escalation.at)
        for escalation in card.escalations
        if not results.fired[escalation.id].any()
    ]
    if card.scoring.accumulation is not None and not results.accumulated.any():
        missing.append(Unreached("error", "scoring.accumulation"))
    return missing


def _unreached_of(question: Question, results: Results) -> Iterator[Unreached]:
    answers = results.answers[question.id]
    met = [answers.cells[code] for code in np.unique(answers.codes)]
    values = {value for cell in met for value in (cell.value if isinstance(cell.value, tuple) else (cell.value,))}
    for option in question.answers.options:
        if option.id not in values:
            kind = "error" if option.error else "answer"
            yield Unreached(kind, f"{question.id}: {option.id}", option.at or question.at)
    numbers = [value for value in values if isinstance(value, float)]
    for each in question.answers.ranges:
        first = [next((one for one in question.answers.ranges if one.has(number)), None) for number in numbers]
        if each not in first:
            bounds = (
                f"{'' if each.start is None else f'{each.start:g}'}..{'' if each.stop is None else f'{each.stop:g}'}"
            )
            yield Unreached("error" if each.error else "answer", f"{question.id}: {bounds}", each.at or question.at)
    makes_errors = question.error is not None and question.answers.kind in (Kind.SCALE, Kind.MANY)
    if makes_errors and not any(question.error in cell.errors for cell in met):
        yield Unreached("error", question.id, question.at)
    if question.when is not None:
        yield from _unreached_condition(f"question '{question.id}'", results, question.id, question.at)


def _unreached_condition(what: str, results: Results, question: str, at: Place | None) -> Iterator[Unreached]:
    answers = results.answers[question]
    states = {answers.cells[code].state for code in np.unique(answers.codes)}
    if states <= {"not_asked"}:
        yield Unreached("condition", f"{what} is never asked", at)
    if "not_asked" not in states:
        yield Unreached("condition", f"{what} is always asked", at)
