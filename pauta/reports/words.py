"""Cards in words: conditions, errors, answers, criteria as a person would say them. Used by show and diff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pauta.engine.model.conditions import All, AnyOf, Condition, NoneOf, Test, Value
from pauta.engine.model.scorecard import Answers, AskedCriterion, Error, Kind, Option, Question, Range, Scoring, Use

_TESTS: Final = {
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "at_least": "is at least",
    "at_most": "is at most",
    "above": "is above",
    "below": "is below",
    "contains": "contains",
    "matches": "matches",
}


def condition_said(condition: Condition | None) -> str:
    """A condition as a sentence without a subject: `call.call_type is sales and answer.resolved is no`."""
    match condition:
        case None:
            return "always"
        case Test():
            if condition.operator == "exists":
                return f"{condition.subject} is {'there' if condition.operand else 'not there'}"
            return f"{condition.subject} {_TESTS[condition.operator]} {value_said(condition.operand)}"
        case All(parts):
            return " and ".join(_inner(part) for part in parts) or "always"
        case AnyOf(parts):
            return " or ".join(_inner(part) for part in parts) or "never"
        case NoneOf(parts):
            return f"not ({' or '.join(condition_said(part) for part in parts)})"


def _inner(condition: Condition) -> str:
    said = condition_said(condition)
    many = isinstance(condition, All | AnyOf) and len(condition.parts) > 1
    return f"({said})" if many else said


def value_said(value: Value) -> str:
    """A value of a condition: lists in brackets, numbers without a needless fraction."""
    if isinstance(value, tuple):
        return f"[{', '.join(value_said(each) for each in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def error_said(error: Error | None) -> str:
    """An error in words: its class, and what it fails."""
    if error is None:
        return "no error"
    if error.critical is None:
        return "a non-critical error"
    what = {"card": "fails the card", "section": "fails its section", "nothing": "is counted only"}
    return f"a critical error ({error.critical.value}) that {what[error.fails.value]}"


def answers_said(answers: Answers) -> str:
    """What may be answered, with points: `yes 1, no 0, na n/a`."""
    match answers.kind:
        case Kind.ONE | Kind.MANY:
            listed = ", ".join(option_said(option) for option in answers.options)
            cap = f", at most {answers.at_most:g} points" if answers.at_most is not None else ""
            return f"{'any of: ' if answers.kind is Kind.MANY else ''}{listed}{cap}"
        case Kind.SCALE:
            return f"a scale from {answers.minimum or 0:g} to {answers.maximum or 0:g}"
        case Kind.NUMBER:
            unit = f" in {answers.unit}" if answers.unit else ""
            return f"a number{unit}: {'; '.join(range_said(each) for each in answers.ranges) or 'recorded'}"
    return f"a {answers.kind.value}"


def option_said(option: Option) -> str:
    """One option with what it earns."""
    if option.not_applicable:
        return f"{option.id} n/a"
    return option.id if option.points is None else f"{option.id} {option.points:g}"


def range_said(each: Range) -> str:
    """One range with what it earns."""
    if each.start is None:
        bounds = "anything else" if each.stop is None else f"up to {each.stop:g}"
    else:
        bounds = f"from {each.start:g}" + ("" if each.stop is None else f" to {each.stop:g}")
    return bounds if each.points is None else f"{bounds} {each.points:g}"


def use_said(use: Use | None) -> str:
    """A plugin's name with its options."""
    if use is None:
        return "none"
    return use.name + (f" {options_said(use.options)}" if use.options else "")


def options_said(options: object) -> str:
    """Options as they could stand in a card, on one line."""
    if isinstance(options, Mapping):
        return "{" + ", ".join(f"{key}: {options_said(value)}" for key, value in options.items()) + "}"
    if isinstance(options, list | tuple):
        return "[" + ", ".join(options_said(each) for each in options) + "]"
    if isinstance(options, bool):
        return "true" if options else "false"
    return f"{options:g}" if isinstance(options, float) else str(options)


def criterion_said(criterion: AskedCriterion | None) -> str:
    """A question's criterion with what its verdicts mean."""
    if criterion is None:
        return "a person answers"
    meant = [
        f"{name} is {answer}" for name, answer in (("met", criterion.met), ("not met", criterion.not_met)) if answer
    ]
    confirm = ", a person confirms" if criterion.confirm else ""
    return use_said(criterion.use) + (f" ({', '.join(meant)})" if meant else "") + confirm


def critical_said(scoring: Scoring) -> str:
    """What a critical error that fails the card does to the score."""
    done = {
        "zero": "makes the score 0",
        "keep": "leaves the score",
        "at_most": f"caps it at {scoring.on_critical_limit:g}",
    }
    return done[scoring.on_critical.value]


def name_of(question: Question, language: str | None = None) -> str:
    """A question's text, else its title, else its id."""
    return question.text.in_language(language) or question.title.in_language(language, question.id)
