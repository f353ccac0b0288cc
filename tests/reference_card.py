"""The card as the plain scorer reads it: section 3 of SCORECARD.md, from the card's plain data.

question_of(data, section, sets)   one question, with what its section and the answer sets lend it
judged(question, raw, by)          what a given answer means
card_of(text)                      a card's YAML as plain data, with the meanings of YAML 1.2
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import isfinite
from typing import Any

import yaml
from reference_conditions import exact, written

Data = Mapping[str, Any]
Error = tuple[str, str]  # the class of harm or 'non_critical', and what it fails
SETS: Data = {
    "yes_no": {"yes": 1, "no": 0},
    "yes_no_na": {"yes": 1, "no": 0, "na": None},
    "scale_1_5": {"scale": {"from": 1, "to": 5}},
}


@dataclass(frozen=True)
class Option:
    """One answer or range of numbers (`low`, `high`); its error is its own, else the question's that falls on it."""

    points: Fraction | None = None
    not_applicable: bool = False
    error: Error | None = None
    comment: bool = False
    low: Fraction | None = None
    high: Fraction | None = None

    def has(self, number: Fraction) -> bool:
        return (self.low is None or self.low <= number) and (self.high is None or number <= self.high)


@dataclass(frozen=True)
class Question:
    """One question, with what its section and the answer sets lend it."""

    id: str
    section: str
    data: Data
    kind: str
    options: Mapping[str, Option] = field(default_factory=dict)
    ranges: Sequence[Option] = ()
    low: Fraction | None = None
    high: Fraction | None = None
    at_most: Fraction | None = None
    error: Error | None = None

    @property
    def scored(self) -> bool:
        choices = [*self.options.values(), *self.ranges]
        return self.kind == "scale" or any(each.points is not None for each in choices)

    @property
    def max(self) -> Fraction:
        """max_q."""
        if self.data.get("out_of") is not None:
            return exact(self.data["out_of"])
        if self.kind == "scale":
            return self.high - self.low
        points = [each.points for each in [*self.options.values(), *self.ranges] if each.points is not None]
        if self.kind == "many":
            total = sum((each for each in points if each > 0), Fraction(0))
            return total if self.at_most is None else min(total, self.at_most)
        return max(points)

    @property
    def weight(self) -> Fraction:
        """w_q; what is only recorded weighs nothing."""
        if not self.scored:
            return Fraction(0)
        return self.max if self.data.get("weight") is None else exact(self.data["weight"])

    @property
    def bonus(self) -> bool:
        return bool(self.data.get("bonus"))

    @property
    def may_stay_open(self) -> bool:
        """Text and date questions are never missing unless required: true; any other is, unless required: false."""
        return self.data.get("required", self.kind not in ("text", "date")) is False

    @property
    def could_fail_the_card(self) -> bool:
        errors = [self.error] if self.scored else []
        errors += [each.error for each in [*self.options.values(), *self.ranges]]
        return any(error is not None and error[1] == "card" for error in errors)


def error_of(data: Any) -> Error | None:
    """`non_critical`, `none`, `critical` alone (class customer), or a map; critical fails the card."""
    if data in (None, "none"):
        return None
    if data == "non_critical":
        return ("non_critical", "nothing")
    if data == "critical":
        return ("customer", "card")
    return (data["critical"], data.get("fails", "card"))


def question_of(data: Data, section: Data, sets: Data) -> Question:
    answers: Any = data["answers"] if "answers" in data else section["answers"]
    if isinstance(answers, str) and answers not in ("text", "date"):
        answers = sets[answers] if answers in sets else SETS[answers]
    error = error_of(data["error"] if "error" in data else section.get("error"))
    bare = Question(written(data["question"]), written(section["section"]), data, "one", error=error)
    if answers in ("text", "date"):
        return replace(bare, kind=answers)
    if isinstance(answers, Mapping) and "scale" in answers:
        return replace(bare, kind="scale", low=exact(answers["scale"]["from"]), high=exact(answers["scale"]["to"]))
    if isinstance(answers, Mapping) and "number" in answers:
        bounds = answers["number"] if isinstance(answers["number"], Mapping) else {}
        ranges = with_error(options_of(answers.get("ranges", ())), error)
        low, high = (exact(bounds[name]) if name in bounds else None for name in ("min", "max"))
        return replace(bare, kind="number", low=low, high=high, ranges=[option for _, option in ranges])
    if isinstance(answers, Mapping) and "choose" in answers:
        at_most = exact(answers["at_most"]) if answers.get("at_most") is not None else None
        options = dict(own for own, _ in options_of(answers["options"]))
        return replace(bare, kind=answers["choose"], at_most=at_most, options=options)
    return replace(bare, options=dict(with_error(options_of(answers), error)))


def options_of(answers: Any) -> list[tuple[tuple[str, Option], bool]]:
    """The options as written: (id, option with its own error), and whether it has an own error."""
    found = []
    if isinstance(answers, Mapping):
        for name, points in answers.items():
            option = Option(not_applicable=True) if points is None else Option(exact(points))
            found.append(((written(name), option), False))
        return found
    for each in answers:
        if not isinstance(each, Mapping):
            found.append(((written(each), Option()), False))
            continue
        option = Option(
            points=exact(each["points"]) if each.get("points") is not None else None,
            not_applicable=bool(each.get("not_applicable")),
            error=error_of(each.get("error")),
            comment=each.get("comment") == "required",
            low=exact(each["from"]) if each.get("from") is not None else None,
            high=exact(each["to"]) if each.get("to") is not None else None,
        )
        found.append(((written(each.get("answer", "")), option), "error" in each))
    return found


def with_error(found: list[tuple[tuple[str, Option], bool]], error: Error | None) -> list[tuple[str, Option]]:
    """The question's error on every scored answer with the fewest points (none where all earn the same)."""
    points = {option.points for (_, option), _ in found if option.points is not None}
    fewest = min(points) if len(points) > 1 else None
    return [
        (name, replace(option, error=error) if not own and fewest is not None and option.points == fewest else option)
        for (name, option), own in found
    ]


@dataclass(frozen=True)
class Answer:
    """What became of one question: its state (or 'open': not answered and not missing), and what the answer brings."""

    state: str
    value: Any = None
    points: Fraction | None = None
    errors: tuple[Error, ...] = ()
    by: str | None = None
    needs_comment: bool = False
    looked_at: bool = True

    @property
    def seen(self) -> Any:
        """What a condition sees; None is absent."""
        return self.value if self.state in ("answered", "not_applicable") else None


def judged(question: Question, raw: Any, by: str) -> Answer | None:
    """What a given answer means; None where it is no answer of the question."""
    if question.kind == "text":
        return Answer("answered", written(raw), by=by)
    if question.kind == "date":
        return Answer("answered", raw, by=by) if is_date(raw) else None
    if question.kind == "many":
        return judged_many(question, raw, by)
    if question.kind == "one":
        option = question.options.get(written(raw)) if not isinstance(raw, Sequence) or isinstance(raw, str) else None
        return option and of_option(option, written(raw), by)
    number = exact(raw)
    if number is None or not Option(low=question.low, high=question.high).has(number):
        return None
    value = float(number)
    if question.kind == "scale":
        fewest = question.error if question.error and number == question.low else None
        return Answer("answered", value, number - question.low, (fewest,) if fewest else (), by)
    if not question.ranges:
        return Answer("answered", value, by=by)
    stretch = next((each for each in question.ranges if each.has(number)), None)
    return stretch and of_option(stretch, value, by)


def is_date(text: Any) -> bool:
    try:
        return isinstance(text, str) and len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def of_option(option: Option, value: Any, by: str) -> Answer:
    if option.not_applicable:
        return Answer("not_applicable", value, by=by, needs_comment=option.comment)
    return Answer("answered", value, option.points, (option.error,) if option.error else (), by, option.comment)


def judged_many(question: Question, raw: Any, by: str) -> Answer | None:
    names = [written(raw)] if isinstance(raw, str | int | float) else [written(each) for each in raw]
    names = list(dict.fromkeys(names))
    if any(name not in question.options for name in names):
        return None
    chosen = [question.options[name] for name in names]
    if any(option.not_applicable for option in chosen):
        return Answer("not_applicable", names, by=by, needs_comment=chosen[0].comment) if len(names) == 1 else None
    errors = [option.error for option in chosen if option.error]
    total = None
    if question.scored:
        total = sum((option.points for option in chosen if option.points is not None), Fraction(0))
        positive = any(option.points is not None and option.points > 0 for option in question.options.values())
        if question.error and (total <= 0 if positive else total < 0):
            errors.insert(0, question.error)
        if question.at_most is not None:
            total = min(total, question.at_most)
    return Answer("answered", names, total, tuple(errors), by, any(option.comment for option in chosen))


class Written(float):
    """A number that remembers how it was written: as an answer `1.50` is `1.50`."""

    text: str

    def __new__(cls, text: str) -> Written:
        number = super().__new__(cls, text)
        number.text = text
        return number


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core meanings: `yes`, dates and times are words; keys are text as written."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML's own field


def _number(loader: CoreLoader, node: yaml.ScalarNode) -> Written:
    number = Written(node.value)
    assert isfinite(number)
    return number


def _mapping(loader: CoreLoader, node: yaml.MappingNode) -> dict[str, Any]:
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"),
    list("-+.0123456789"),
)
CoreLoader.add_constructor("tag:yaml.org,2002:float", _number)
CoreLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def card_of(text: str) -> dict[str, Any]:
    """A card's YAML as plain data."""
    return yaml.load(text, Loader=CoreLoader)  # a SafeLoader with fewer meanings
