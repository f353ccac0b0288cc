"""The scorecard as nouns: what a card says once it has been read, merged and understood (SCORECARD.md).

Everything here is frozen and already resolved: answer sets are looked up, a section's `answers` and `error` have been
handed to its questions, a question's error sits on the answers it belongs to. `at` is the place in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final

from pauta.engine.model.conditions import Condition
from pauta.engine.problems import Place

NOT_APPLICABLE: Final = "not_applicable"
UNVERIFIED: Final = "unverified"
MISSING: Final = "missing"
NOT_ASKED: Final = "not_asked"
ANSWERED: Final = "answered"
STATES: Final = (NOT_APPLICABLE, UNVERIFIED, MISSING, NOT_ASKED)
"""The states a question can be in besides answered: reserved words, no answer may have such an id."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text that people read, by language; a plain string stands under the card's language."""

    by_language: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_language)

    def in_language(self, language: str | None = None, otherwise: str = "") -> str:
        """The text in a language, else in its base language (`es` for `es-MX`), else the first written."""
        if not self.by_language:
            return otherwise
        if language:
            for name in (language, language.split("-")[0]):
                if name in self.by_language:
                    return self.by_language[name]
        return next(iter(self.by_language.values()))


class Harm(StrEnum):
    """What kind of harm a critical error does; never what it does to the score."""

    CUSTOMER = "customer"
    BUSINESS = "business"
    COMPLIANCE = "compliance"


class Fails(StrEnum):
    """What an error does to the score; never what kind of harm it is."""

    CARD = "card"
    SECTION = "section"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Error:
    """An error that an answer makes: `critical` is its class, None for a non-critical one (which fails nothing)."""

    critical: Harm | None = None
    fails: Fails = Fails.NOTHING


class Kind(StrEnum):
    """The kinds of answers a question can take."""

    ONE = "one"
    MANY = "many"
    NUMBER = "number"
    SCALE = "scale"
    TEXT = "text"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be chosen. `points` is None where it is not scored or not applicable.

    `error` is resolved: the option's own, else the question's where it belongs to this option. Options of a
    `choose: many` question hold only their own errors; the question's belongs to the whole answer.
    """

    id: str
    points: float | None = None
    not_applicable: bool = False
    error: Error | None = None
    comment_required: bool = False
    title: Text = Text()
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of numbers, both ends included; a bound of None is open. `error` is resolved as in Option."""

    start: float | None = None
    stop: float | None = None
    points: float | None = None
    error: Error | None = None
    comment_required: bool = False
    title: Text = Text()
    at: Place | None = None

    def has(self, number: float) -> bool:
        """Whether a number lies in this range."""
        return (self.start is None or self.start <= number) and (self.stop is None or number <= self.stop)


@dataclass(frozen=True, slots=True)
class Answers:
    """What may be answered.

    ONE and MANY use `options`; NUMBER uses `ranges` (none: recorded, never scored) with `unit`, `minimum`, `maximum`;
    SCALE runs evenly from `minimum` to `maximum` (points: value - minimum). `at_most` caps the sum of MANY.
    """

    kind: Kind
    options: tuple[Option, ...] = ()
    ranges: tuple[Range, ...] = ()
    at_most: float | None = None
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    anchors: Mapping[str, Text] = field(default_factory=dict)

    @property
    def scored(self) -> bool:
        """Whether answers of this kind carry points."""
        if self.kind in (Kind.ONE, Kind.MANY):
            return any(option.points is not None for option in self.options)
        return self.kind is Kind.SCALE or any(each.points is not None for each in self.ranges)


@dataclass(frozen=True, slots=True)
class Use:
    """A plugin as a card or an operation calls it: `name: {options}` (a list where its schema says so)."""

    name: str
    options: Mapping[str, object] | Sequence[object] = field(default_factory=dict)
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class AskedCriterion:
    """The criterion of a question: what it does, which answers its verdicts mean, whether a person must agree.

    `met` and `not_met` are answers of the question as text, or None where the card gives no answer for the verdict
    (a number question whose criterion answers with a number).
    """

    use: Use
    met: str | None = None
    not_met: str | None = None
    confirm: bool = False


class Fault(StrEnum):
    """Who answers for a miss."""

    AGENT = "agent"
    PROCESS = "process"
    SYSTEM = "system"
    POLICY = "policy"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a card. `error` is the question's own as written (resolved copies sit on options and ranges).

    `weight` is as written (None: not given); `applied_weight` is w_q of SCORECARD.md section 4. `max_points` is max_q,
    None for a question that is not scored. `comment` is optional, required or required_on_error.
    """

    id: str
    answers: Answers
    title: Text = Text()
    text: Text = Text()
    guidance: Text = Text()
    weight: float | None = None
    out_of: float | None = None
    max_points: float | None = None
    bonus: bool = False
    error: Error | None = None
    comment: str = "optional"
    when: Condition | None = None
    criterion: AskedCriterion | None = None
    default: str | tuple[str, ...] | None = None
    required: bool = True
    tags: tuple[str, ...] = ()
    aim: str | None = None
    policy: str | None = None
    fault: Fault = Fault.AGENT
    at: Place | None = None

    @property
    def scored(self) -> bool:
        """Whether answers to this question carry points."""
        return self.answers.scored

    @property
    def applied_weight(self) -> float:
        """w_q: the weight as written, else max_q; 0 for a question that is not scored."""
        if not self.scored or self.max_points is None:
            return 0.0
        return self.max_points if self.weight is None else self.weight


@dataclass(frozen=True, slots=True)
class Section:
    """A section and its questions; `weight` is None where the card's sections carry none."""

    id: str
    questions: tuple[Question, ...]
    title: Text = Text()
    guidance: Text = Text()
    weight: float | None = None
    when: Condition | None = None
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class Accumulation:
    """`non_critical` errors or more make one more critical error, once."""

    non_critical: int
    make: Error


class OnCritical(StrEnum):
    """What `fails: card` does to the score; AT_MOST goes with Scoring.on_critical_limit."""

    ZERO = "zero"
    KEEP = "keep"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Scoring:
    """How the card's answers become one score."""

    method: Use = Use("weighted")
    decimals: int = 2
    pass_mark: float | None = None
    on_critical: OnCritical = OnCritical.ZERO
    on_critical_limit: float = 0.0
    accumulation: Accumulation | None = None
    unverified_is_incomplete: bool = False
    above_100: bool = False
    below_0: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A named part of the scale: from `start` up to the next band."""

    id: str
    start: float
    title: Text = Text()
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """What must happen when: a condition over the result or a plugin's rule, and the actions."""

    id: str
    when: Condition | None = None
    rule: Use | None = None
    do: tuple[Use, ...] = ()
    title: Text = Text()
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A test of the card: a call and answers, and what must come out. `answers` None: an automatic evaluation."""

    name: str
    call: Mapping[str, object]
    answers: Mapping[str, object] | None
    expect: Mapping[str, object]
    at: Place | None = None


@dataclass(frozen=True)
class Scorecard:
    """A card, read, merged with its parents and understood."""

    id: str
    version: str
    sections: tuple[Section, ...]
    title: Text = Text()
    description: Text = Text()
    owner: str | None = None
    status: str = "active"
    effective_from: date | None = None
    effective_until: date | None = None
    changes: tuple[str, ...] = ()
    extends: str | None = None
    parent: str | None = None
    """`id@version` of the card this one was laid over, None where it stands alone."""
    language: str | None = None
    applies_to: Condition | None = None
    fallback: bool = False
    scoring: Scoring = Scoring()
    bands: tuple[Band, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    examples: tuple[Example, ...] = ()
    digest: str = ""
    file: str = ""

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """All questions in the order of the card."""
        return tuple(question for section in self.sections for question in section.questions)

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        """The questions by id."""
        return {question.id: question for question in self.questions}

    @cached_property
    def weights(self) -> Mapping[str, float | None]:
        """w_q of each question, by its id; None for one that is not scored."""
        return {question.id: question.applied_weight if question.scored else None for question in self.questions}

    @cached_property
    def section_of(self) -> Mapping[str, Section]:
        """The section of each question, by the question's id."""
        return {question.id: section for section in self.sections for question in section.questions}

    @property
    def weighted_sections(self) -> bool:
        """Whether sections carry weights (all do or none does)."""
        return any(section.weight is not None for section in self.sections)

    @property
    def name(self) -> str:
        """`id@version`."""
        return f"{self.id}@{self.version}"
