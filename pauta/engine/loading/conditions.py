"""Conditions as cards, operations and plugin options write them (SCORECARD.md section 5), read into trees of tests.

condition_from(data)       the condition, or ProblemsFound: for plugins whose options hold one
read_condition(data, ..)   the condition or None, problems collected: for the check, which wants them all
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pauta.engine.loading.data import Map, Seq, written
from pauta.engine.loading.pieces import is_refused
from pauta.engine.model.calls import CALL_FIELDS
from pauta.engine.model.conditions import (
    ORDER_TESTS,
    TESTS,
    All,
    AnyOf,
    Condition,
    NoneOf,
    Scalar,
    Test,
    Value,
    number_of,
)
from pauta.engine.model.followup import FIGURES
from pauta.engine.model.patterns import compiled
from pauta.engine.model.scorecard import Harm
from pauta.engine.problems import Place, Problem, ProblemsFound, did_you_mean, nearest

COUNTS: Final = (
    "critical_errors", *(f"critical_errors.{harm}" for harm in Harm), "non_critical_errors", "unverified", "missing",
)  # fmt: skip
NUMBERS: Final = ("score", "raw_score", "agent_score", "coverage", *COUNTS)
RESULTS: Final = (*NUMBERS, "band", "passed", "status")
"""What escalations may ask of a result, besides `section.<id>`."""

_JOINS: Final = ("all", "any", "none")
_OWN_MAPS: Final = ("metrics", "attributes")


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a condition may ask about, besides the call. `questions`, `sections`: the ids there are, None: not known.

    windows: it asks about figures of many evaluations, and about nothing else.
    """

    answers: bool = True
    results: bool = False
    questions: Collection[str] | None = None
    sections: Collection[str] | None = None
    windows: bool = False


def condition_from(data: object, *, subjects: Subjects = Subjects()) -> Condition:
    """The condition that a map says. Raises ProblemsFound with everything that is wrong with it."""
    problems: list[Problem] = []
    condition = read_condition(data, problems, subjects, [])
    if condition is None:
        raise ProblemsFound(problems)
    return condition


def read_condition(
    data: object, problems: list[Problem], subjects: Subjects, tests: list[Test], at: Place | None = None
) -> Condition | None:
    """The condition that a map says, or None where it says none; problems are added to the list.

    The tests in it that can be understood are added to `tests`, so that `subjects.check_operands` can look whether the
    answers and bands exist that they name, also where another part of the condition is wrong.
    """
    before = len(problems)
    condition = _Reader(problems, subjects, tests).whole(data, at)
    return condition if len(problems) == before else None


class _Reader:
    """Reads one condition, and goes on after a problem so that all of them are found."""

    def __init__(self, problems: list[Problem], subjects: Subjects, tests: list[Test]) -> None:
        self.problems = problems
        self.subjects = subjects
        self.read = tests

    def whole(self, data: object, at: Place | None) -> Condition | None:
        """A map in which every entry holds."""
        at = data.at if isinstance(data, Map) else at
        if not isinstance(data, Mapping):
            if not is_refused(data):
                hint = "write what must hold: {call.call_type: sales}"
                self.problem("E301", f"a condition is a map of subjects and tests, not {_shown(data)}", at, hint)
            return None
        if not data:
            self.problem("E301", "the condition is empty", at, "leave it out, or write what must hold")
            return None
        parts = [part for key in data for part in self.entry(str(key), data[key], *_places(data, key))]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def entry(self, key: str, value: object, key_at: Place | None, at: Place | None) -> Iterator[Condition]:
        """One entry of a map: a combination, or the tests of one subject."""
        if key in _JOINS:
            yield self.join(key, tuple(self.parts(key, value, at)))
        elif self.subject(key, key_at):
            yield from self.tests(key, value, at)

    @staticmethod
    def join(key: str, parts: tuple[Condition, ...]) -> Condition:
        return All(parts) if key == "all" else AnyOf(parts) if key == "any" else NoneOf(parts)

    def parts(self, key: str, value: object, at: Place | None) -> Iterator[Condition]:
        """The conditions of a combination."""
        if not isinstance(value, list | tuple) or not value:
            self.problem("E301", f"'{key}' takes a list of conditions", at, f"{key}: [{{call.direction: inbound}}]")
            return
        for index, each in enumerate(value):
            part = self.whole(each, value.at_of(index) if isinstance(value, Seq) else at)
            if part is not None:
                yield part

    def subject(self, name: str, at: Place | None) -> bool:
        """Whether the condition may ask about this."""
        first, _, rest = name.partition(".")
        allowed = self.subjects
        if allowed.windows:
            hint = did_you_mean(name, FIGURES) or f"there are: {', '.join(FIGURES)}"
            if name not in FIGURES:
                self.problem("E302", f"'{name}' is no subject of a condition over many evaluations", at, hint)
            return name in FIGURES
        if first == "call" and rest:
            return self.call_field(name, rest, at)
        if first == "answer" and rest:
            if not allowed.answers:
                hint = "a card is chosen by the call, before anything is answered"
                self.problem("E302", f"'{name}' is no subject of this condition", at, hint)
            return allowed.answers and self.exists("question", rest, allowed.questions, at)
        if name in RESULTS or (first == "section" and rest):
            if not allowed.results:
                hint = "a result is known only after the questions: only escalations may ask about it"
                self.problem("E302", f"'{name}' is no subject of this condition", at, hint)
            return allowed.results and (name in RESULTS or self.exists("section", rest, allowed.sections, at))
        known = [f"call.{field}" for field in CALL_FIELDS] + [*(RESULTS if allowed.results else ()), *_JOINS]
        self.problem("E302", f"'{name}' is no subject of a condition", at, _subject_hint(name, known, allowed))
        return False

    def exists(self, kind: str, name: str, known: Collection[str] | None, at: Place | None) -> bool:
        """Whether the card has a question or section of this id."""
        if known is None or name in known:
            return True
        self.problem(
            "E306", f"the condition asks about the {kind} '{name}', which is not there", at, did_you_mean(name, known)
        )
        return False

    def call_field(self, name: str, path: str, at: Place | None) -> bool:
        field, _, rest = path.partition(".")
        if field in _OWN_MAPS:
            if not rest or not all(rest.split(".")):
                self.problem("E302", f"'{name}' does not say which of the {field}", at, f"call.{field}.<name>")
                return False
            return True
        if field not in CALL_FIELDS:
            hint = did_you_mean(field, CALL_FIELDS) or f"a field of your own is call.attributes.{path}"
            self.problem("E302", f"a call has no field '{field}'", at, hint)
            return False
        if rest:
            self.problem("E302", f"the call's field '{field}' has no parts, so '{name}' says nothing", at, None)
            return False
        return True

    def tests(self, subject: str, value: object, at: Place | None) -> Iterator[Test]:
        """The tests of one subject: a plain value, a list or a map of tests."""
        if isinstance(value, Mapping):
            if not value:
                self.problem("E301", f"'{subject}' has no test", at, f"{subject}: {{is_not: ..}}")
            for name in value:
                key_at, operand_at = _places(value, name)
                yield from self.test(subject, str(name), value[name], key_at, operand_at)
        elif isinstance(value, list | tuple):
            yield from self.test(subject, "in", value, at, at)
        elif value is None:
            hint = f"to ask whether it is absent, write {subject}: {{exists: false}}"
            self.problem("E304", f"'{subject}' is compared with nothing", at, hint)
        else:
            yield from self.test(subject, "is", value, at, at)

    def test(
        self, subject: str, operator: str, value: object, key_at: Place | None, at: Place | None
    ) -> Iterator[Test]:
        if operator not in TESTS:
            hint = did_you_mean(operator, TESTS) or f"there are: {', '.join(TESTS)}"
            self.problem("E303", f"there is no test '{operator}'", key_at, hint)
            return
        operand = self.operand(subject, operator, value, at)
        if operand is not None:
            found = Test(subject, operator, operand, at)
            self.read.append(found)
            yield found

    def operand(self, subject: str, operator: str, value: object, at: Place | None) -> Value | None:
        """What a test compares with, as plain data; None where the test cannot take it."""
        said = f"'{operator}' of '{subject}'"
        if operator in ("in", "not_in"):
            if not isinstance(value, list | tuple) or not value:
                self.problem("E304", f"{said} takes a list of values", at, f"{operator}: [{_plain(value)}]")
                return None
            found = [self.scalar(said, each, _place_in(value, index, at)) for index, each in enumerate(value)]
            return tuple(each for each in found if each is not None)
        if isinstance(value, Mapping | list | tuple):
            hint = {"is": "write `in` for one of several", "is_not": "write `not_in` for none of several"}
            self.problem("E304", f"{said} takes one value", at, hint.get(operator))
            return None
        if operator == "exists":
            if not isinstance(value, bool):
                self.problem("E304", f"{said} takes true or false, not {_shown(value)}", at, "exists: true")
                return None
            return value
        if operator in ORDER_TESTS:
            number = number_of(value)
            if number is None and not is_refused(value):
                self.problem("E304", f"{said} takes a number, not {_shown(value)}", at, _number_hint(value))
            return number
        if operator == "matches":
            return self.pattern(said, value, at)
        return written(value) if operator == "contains" and value is not None else self.scalar(said, value, at)

    def scalar(self, said: str, value: object, at: Place | None) -> Scalar | None:
        if isinstance(value, bool | str):
            return value
        if isinstance(value, int | float):
            number = number_of(value)
            if number is None and not is_refused(value):
                self.problem("E304", f"{said} takes a finite number", at, None)
            return number
        self.problem("E304", f"{said} takes words or numbers, not {_shown(value)}", at, None)
        return None

    def pattern(self, said: str, value: object, at: Place | None) -> str | None:
        if not isinstance(value, str):
            self.problem("E304", f"{said} takes a pattern in quotes, not {_shown(value)}", at, None)
            return None
        try:
            compiled(value)
        except ValueError as error:
            hint = "a backslash before . ( ) [ ] { } + * ? makes it an ordinary letter"
            self.problem("E305", f"the pattern {_shown(value)} cannot be used: {error}", at, hint)
            return None
        return value

    def problem(self, code: str, message: str, at: Place | None, hint: str | None) -> None:
        self.problems.append(Problem(code, message, at, hint))


def _places(data: Mapping[str, object], key: str) -> tuple[Place | None, Place | None]:
    return (data.key_at(key), data.at_of(key)) if isinstance(data, Map) else (None, None)


def _place_in(values: Sequence[object], index: int, otherwise: Place | None) -> Place | None:
    return values.at_of(index) if isinstance(values, Seq) else otherwise


def _subject_hint(name: str, known: Sequence[str], allowed: Subjects) -> str:
    if name in CALL_FIELDS or name.split(".")[0] in _OWN_MAPS:
        return f"a field of the call is call.{name}"
    if name in TESTS:
        return f"a test stands under its subject: call.duration_s: {{{name}: ..}}"
    if name in ("call", "answer", "section"):
        return f"write the whole name as the key: {name}.<name>"
    if allowed.answers and name in (allowed.questions or ()):
        return f"an answer to the question '{name}' is answer.{name}"
    near = nearest(name, known)
    if near:
        return f"did you mean '{near}'?"
    return f"an answer to the question '{name}' is answer.{name}, a field of the call is call.<field>"


def _number_hint(value: object) -> str | None:
    if isinstance(value, str) and any(char.isdigit() for char in value):
        return "a number alone, without unit; times and dates have no order here"
    return None


def _shown(value: object) -> str:
    """A value as a sentence quotes it."""
    if isinstance(value, list | tuple):
        return "a list"
    return "a map" if isinstance(value, Mapping) else f"'{_plain(value)}'"


def _plain(value: object) -> str:
    text = ".." if isinstance(value, Mapping | list | tuple) else written(value)
    return text if len(text) <= 40 else text[:39] + "…"
