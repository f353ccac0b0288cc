"""What conditions ask about, held against the card: answers and bands that exist, and no questions in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pauta.engine.loading.answers import refusal
from pauta.engine.loading.conditions import NUMBERS
from pauta.engine.loading.data import written
from pauta.engine.model.conditions import Condition, Test, Value, number_of, tests_of
from pauta.engine.model.scorecard import NOT_APPLICABLE, STATES, Answers, Kind
from pauta.engine.problems import Place, Problem, did_you_mean

STATUSES: Final = ("complete", "incomplete", "not_scored")
_EQUALITY: Final = ("is", "is_not", "in", "not_in")


def check_operands(
    tests: Iterable[Test], answers: Mapping[str, Answers | None], bands: Sequence[str], problems: list[Problem]
) -> None:
    """Find tests that compare with what can never be there. Answers of None are not known: nothing is said of them."""
    for test in tests:
        if test.operator in _EQUALITY:
            operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
            for operand in operands:
                problem = _problem(test, operand, answers, bands)
                if problem:
                    problems.append(problem)


def _problem(test: Test, operand: Value, answers: Mapping[str, Answers | None], bands: Sequence[str]) -> Problem | None:
    kind, _, name = test.subject.partition(".")
    hint: str | None = None
    if kind == "answer":
        known = answers.get(name)
        return _no_answer(test, operand, name, known) if known else None
    if test.subject == "band" and str(operand) not in bands:
        hint = did_you_mean(str(operand), bands) or f"its bands are: {', '.join(bands) or 'none'}"
        return Problem("E307", f"the card has no band '{operand}'", test.at, hint)
    if test.subject == "status" and operand not in STATUSES:
        hint = did_you_mean(str(operand), STATUSES) or f"there are: {', '.join(STATUSES)}"
        return Problem("E307", f"no result has the status '{operand}'", test.at, hint)
    if test.subject == "passed" and not isinstance(operand, bool):
        hint = "for a verdict that is still open write {exists: false}" if operand == "null" else None
        return Problem("E304", f"'passed' is true or false, not '{operand}'", test.at, hint)
    if (test.subject in NUMBERS or kind == "section") and number_of(operand) is None:
        return Problem("E304", f"'{test.subject}' is a number, not '{operand}'", test.at, None)
    return None


def _no_answer(test: Test, operand: Value, question: str, answers: Answers) -> Problem | None:
    if any(_equal(option.id, operand) for option in answers.options):
        return None
    shown = written(operand)
    hint: str | None = None
    if operand in STATES:
        absent = next((option.id for option in answers.options if option.not_applicable), None)
        hint = "to ask whether there is none, write {exists: false}"
        if operand == NOT_APPLICABLE and absent:
            hint = f"its answer that is not applicable is '{absent}'"
    elif answers.kind in (Kind.ONE, Kind.MANY):
        known = [option.id for option in answers.options]
        hint = did_you_mean(shown, known) or f"its answers are: {', '.join(known)}"
    elif answers.kind is Kind.TEXT:
        return None
    else:
        refused = refusal(answers, operand)
        if refused is None or refused.off_bounds:
            return None
        return Problem("E307", f"no answer of '{question}' is ever '{shown}': {refused.reason}", test.at, refused.hint)
    return Problem("E307", f"the question '{question}' has no answer '{shown}'", test.at, hint)


def _equal(name: str, operand: Value) -> bool:
    return Test("", "is", operand).passes(name)


@dataclass(frozen=True, slots=True)
class Wait:
    """One question waits for the answer to another: `by` says through what (`its when`)."""

    on: str
    by: str
    at: Place | None


def circles(waits: Mapping[str, Sequence[Wait]]) -> Iterator[Problem]:
    """One problem for each circle of questions that wait on each other, named link by link.

    A question that is in several circles is named in the first of them.
    """
    done: set[str] = set()
    for start in waits:
        path: list[str] = []
        links: list[Wait] = []
        steps = [iter(waits[start])] if start not in done else []
        if steps:
            path.append(start)
        while steps:
            wait = next(steps[-1], None)
            if wait is None:
                steps.pop()
                done.add(path.pop())
                if links:
                    links.pop()
            elif wait.on in path:
                first = path.index(wait.on)
                yield _circle(path[first:], [*links[first:], wait])
                done.update(path[first:])
            elif wait.on not in done and wait.on in waits:
                path.append(wait.on)
                links.append(wait)
                steps.append(iter(waits[wait.on]))


def _circle(path: Sequence[str], links: Sequence[Wait]) -> Problem:
    if len(path) == 1:
        message = f"the question '{path[0]}' waits on its own answer ({links[0].by})"
    else:
        said = ", ".join(f"'{name}' waits on '{link.on}' ({link.by})" for name, link in zip(path, links, strict=True))
        message = f"questions wait on each other in a circle: {said}"
    return Problem("E308", message, links[0].at, "one of them must be asked without looking at the others")


def waits_by(condition: Condition, by: str) -> Iterator[Wait]:
    """The answers that a condition waits for."""
    yield from waits_of([(test.subject, test.at) for test in tests_of(condition)], by)


def waits_of(subjects: Sequence[tuple[str, Place | None]], by: str) -> Iterator[Wait]:
    """The answers among some subjects."""
    for subject, at in subjects:
        kind, _, name = subject.partition(".")
        if kind == "answer" and name:
            yield Wait(name, by, at)
