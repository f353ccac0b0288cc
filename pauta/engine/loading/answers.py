"""What may be answered: the forms of `answers` (SCORECARD.md section 3) as one noun, and values held against it.

AnswersReader          reads the answer sets of a card once, then the `answers` of its questions
most_points(answers)   the most that one answer can earn
refusal(answers, v)    why a value is no answer, or None where it is one
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pauta.engine.loading.data import Map, Seq, written
from pauta.engine.loading.errors_of import error_from
from pauta.engine.loading.pieces import flag_in, map_in, maps_in, number_in, text_from, text_in, word_in
from pauta.engine.model.amounts import decimal_sum
from pauta.engine.model.conditions import number_of
from pauta.engine.model.scorecard import NOT_APPLICABLE, STATES, Answers, Kind, Option, Range, Text
from pauta.engine.problems import Place, Problem, did_you_mean

_YES_NO: Final = (Option("yes", 1.0), Option("no", 0.0))
BUILT_IN: Final[Mapping[str, Answers]] = {
    "yes_no": Answers(Kind.ONE, _YES_NO),
    "yes_no_na": Answers(Kind.ONE, (*_YES_NO, Option("na", not_applicable=True))),
    "scale_1_5": Answers(Kind.SCALE, minimum=1.0, maximum=5.0),
    "text": Answers(Kind.TEXT),
    "date": Answers(Kind.DATE),
}
"""What a question may take by name; a card's own answer set of the same name goes first."""


@dataclass(frozen=True, slots=True)
class WrittenAnswers:
    """Answers as a card writes them: with the errors of their own. `own`: which options or ranges have said theirs."""

    answers: Answers
    own: frozenset[int] = frozenset()


class AnswersReader:
    """Reads `answers`; None stands for answers that cannot be understood, and a problem has been told for each."""

    def __init__(self, sets: Map | None, language: str, problems: list[Problem]) -> None:
        self._written: Map | dict[str, object] = sets if sets is not None else {}
        self._language = language
        self._problems = problems
        self._sets: dict[str, WrittenAnswers | None] = {}
        for name in self._written:
            self._set(name, ())

    def read(self, value: object, at: Place) -> WrittenAnswers | None:
        """The answers that stand under a question, a section or in an answer set."""
        if isinstance(value, str):
            return self._named(value, at, ())
        before = len(self._problems)
        found = None
        if isinstance(value, Seq):
            found = self._options(value)
        elif isinstance(value, Map):
            found = self._by_form(value)
        return found if len(self._problems) == before else None

    def _set(self, name: str, path: tuple[str, ...]) -> WrittenAnswers | None:
        if name not in self._sets:
            self._sets[name] = None
            value = self._written[name]
            at = self._written.at_of(name) if isinstance(self._written, Map) else Place("")
            self._sets[name] = self._named(value, at, (*path, name)) if isinstance(value, str) else self.read(value, at)
        return self._sets[name]

    def _named(self, name: str, at: Place, path: tuple[str, ...]) -> WrittenAnswers | None:
        if name in path and name not in BUILT_IN:
            self._problem("E322", f"the answer set '{name}' is made of itself", at)
            return None
        if name in self._written and name not in path:
            return self._set(name, path)
        if name in BUILT_IN:
            return WrittenAnswers(BUILT_IN[name])
        known = [*self._written, *BUILT_IN]
        hint = did_you_mean(name, known) or f"there are: {', '.join(known)}; a set of your own stands in answer_sets"
        self._problem("E322", f"there is no answer set '{name}'", at, hint)
        return None

    def _by_form(self, value: Map) -> WrittenAnswers | None:
        if "choose" in value or "options" in value:
            return self._many(value)
        if "scale" in value:
            return self._scale(value)
        if "number" in value or "ranges" in value:
            return self._number(value)
        return self._points(value)

    def _many(self, value: Map) -> WrittenAnswers | None:
        options = value.get("options")
        found = self._options(options) if isinstance(options, Seq) else None
        if isinstance(options, Map):
            found = self._points(options)
        if found is None or value.get("choose") != "many":
            return None
        most = number_in(value, "at_most")
        return WrittenAnswers(Answers(Kind.MANY, found.answers.options, at_most=most), found.own)

    def _points(self, value: Map) -> WrittenAnswers | None:
        """`{answer: points}`, null is not applicable."""
        found = []
        for name, points in value.items():
            self._check_id(name, value.key_at(name))
            if points is not None and number_in(value, name) is None:
                return None
            found.append(Option(name, number_in(value, name), points is None, at=value.key_at(name)))
        return self._closed(found, frozenset())

    def _options(self, value: Seq) -> WrittenAnswers | None:
        """A list of options in full, or of answers that are recorded and never scored."""
        found: list[Option] = []
        own: set[int] = set()
        for n, each in enumerate(value):
            option = self._option(each) if isinstance(each, Map) else self._recorded(each, value.at_of(n))
            if option is None:
                return None
            if any(option.id == other.id for other in found):
                self._problem("E320", f"the answer '{option.id}' stands in the list twice", option.at)
            if isinstance(each, Map) and "error" in each:
                own.add(n)
            found.append(option)
        return self._closed(found, frozenset(own))

    def _recorded(self, value: object, at: Place) -> Option | None:
        if value is None or isinstance(value, Seq):
            return None
        self._check_id(written(value), at)
        return Option(written(value), at=at)

    def _option(self, data: Map) -> Option | None:
        name = word_in(data, "answer")
        points = number_in(data, "points")
        if name is None or (points is None and data.get("points") is not None):
            return None
        at = data.at_of("answer")
        self._check_id(name, at)
        not_applicable = flag_in(data, "not_applicable") or ("points" in data and data["points"] is None)
        if not_applicable and points is not None:
            hint = "leave out one of the two: what is not applicable is left out of the score"
            self._problem("E335", f"the answer '{name}' is not applicable and has points", data.at_of("points"), hint)
        return Option(
            name,
            points,
            not_applicable,
            error_from(data.get("error")),
            data.get("comment") == "required",
            text_in(data, "title", self._language),
            at,
        )

    def _closed(self, options: Sequence[Option], own: frozenset[int]) -> WrittenAnswers | None:
        if any(option.points is not None for option in options):
            for option in options:
                if option.points is None and not option.not_applicable:
                    self._no_points(f"the answer '{option.id}'", option.at)
        return WrittenAnswers(Answers(Kind.ONE, tuple(options)), own) if options else None

    def _no_points(self, what: str, at: Place | None) -> None:
        hint = "give it points, or make it not applicable: an answer that counts for nothing is one of the two"
        self._problem("E330", f"{what} has no points, and others beside it have", at, hint)

    def _scale(self, value: Map) -> WrittenAnswers | None:
        scale = map_in(value, "scale")
        start, stop = (number_in(scale, "from"), number_in(scale, "to")) if scale is not None else (None, None)
        if scale is None or start is None or stop is None:
            return None
        if stop <= start:
            hint = "the lowest number stands under from, the highest under to"
            self._problem("E333", f"the scale runs from {start:g} to {stop:g}", scale.at, hint)
        return WrittenAnswers(
            Answers(Kind.SCALE, minimum=start, maximum=stop, anchors=self._anchors(value, start, stop))
        )

    def _anchors(self, value: Map, start: float, stop: float) -> Mapping[str, Text]:
        anchors = map_in(value, "anchors")
        if anchors is None:
            return {}
        for name in anchors:
            number = number_of(name)
            if number is None or not start <= number <= stop:
                message = f"the anchor '{name}' is no number from {start:g} to {stop:g}"
                self._problem("E334", message, anchors.key_at(name))
        return {name: text_from(each, self._language) for name, each in anchors.items()}

    def _number(self, value: Map) -> WrittenAnswers | None:
        number = map_in(value, "number")
        if number is None and value.get("number") is not None:
            return None
        low, high = (number_in(number, "min"), number_in(number, "max")) if number else (None, None)
        if number and low is not None and high is not None and high < low:
            self._problem("E333", f"the least number, {low:g}, is above the most, {high:g}", number.at_of("min"))
        ranges = list(maps_in(value, "ranges"))
        found = [self._range(each) for each in ranges]
        if any(each.points is not None for each in found):
            for each in found:
                if each.points is None:
                    self._no_points("this range", each.at)
        unit = word_in(number, "unit") if number else None
        answers = Answers(Kind.NUMBER, ranges=tuple(found), unit=unit, minimum=low, maximum=high)
        return WrittenAnswers(answers, frozenset(n for n, each in enumerate(ranges) if "error" in each))

    def _range(self, data: Map) -> Range:
        start, stop = number_in(data, "from"), number_in(data, "to")
        if start is not None and stop is not None and stop < start:
            self._problem("E333", f"the range runs from {start:g} to {stop:g}, so no number lies in it", data.at)
        return Range(
            start,
            stop,
            number_in(data, "points"),
            error_from(data.get("error")),
            data.get("comment") == "required",
            text_in(data, "title", self._language),
            data.at,
        )

    def _check_id(self, name: str, at: Place) -> None:
        if name in STATES:
            hint = "call it N/A, with points null or not_applicable: true" if name == NOT_APPLICABLE else None
            self._problem("E321", f"'{name}' is the name of a state, no answer can have it", at, hint)

    def _problem(self, code: str, message: str, at: Place | None, hint: str | None = None) -> None:
        self._problems.append(Problem(code, message, at, hint))


def most_points(answers: Answers) -> float | None:
    """The most points that one answer can earn; None where answers are not scored."""
    if not answers.scored:
        return None
    if answers.kind is Kind.SCALE:
        return decimal_sum((answers.maximum or 0.0, -(answers.minimum or 0.0)))
    if answers.kind is Kind.NUMBER:
        return max(_points_of(answers.ranges))
    points = _points_of(answers.options)
    if answers.kind is Kind.ONE:
        return max(points)
    total = decimal_sum(each for each in points if each > 0)
    return total if answers.at_most is None else min(total, answers.at_most)


def _points_of(choices: Iterable[Option | Range]) -> list[float]:
    return [each.points for each in choices if each.points is not None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value is no answer of a question. `off_bounds`: a number, but one that the question does not take."""

    reason: str
    hint: str | None = None
    off_bounds: bool = False


def refusal(answers: Answers, value: object) -> Refusal | None:
    """Why a value is no answer, or None where it is one."""
    if answers.kind is Kind.MANY:
        return _refused_many(answers, value if isinstance(value, list | tuple) else (value,))
    if isinstance(value, list | tuple | Mapping) or value is None:
        return Refusal("it takes one answer", None)
    if answers.kind is Kind.ONE:
        return _refused_option(answers, written(value))
    if answers.kind in (Kind.NUMBER, Kind.SCALE):
        return _refused_number(answers, value)
    if answers.kind is Kind.DATE:
        try:
            datetime.fromisoformat(written(value))
        except ValueError:
            return Refusal(f"'{written(value)}' is no date", "write it as 2026-11-21")
    return None


def _refused_option(answers: Answers, name: str) -> Refusal | None:
    known = [option.id for option in answers.options]
    if name in known:
        return None
    absent = next((option.id for option in answers.options if option.not_applicable), None)
    if name == NOT_APPLICABLE and absent:
        return Refusal(f"'{name}' is no answer of it", f"its answer that is not applicable is '{absent}'")
    return Refusal(f"'{name}' is no answer of it", did_you_mean(name, known) or f"its answers are: {', '.join(known)}")


def _refused_many(answers: Answers, chosen: Sequence[object]) -> Refusal | None:
    names = [written(each) for each in chosen]
    for name in names:
        refused = _refused_option(answers, name)
        if refused:
            return refused
    absent = {option.id for option in answers.options if option.not_applicable}
    if len(set(names)) > 1 and absent.intersection(names):
        return Refusal("it cannot be not applicable and have other answers as well", None)
    return None


def _refused_number(answers: Answers, value: object) -> Refusal | None:
    number = number_of(value)
    if number is None:
        return Refusal(f"it takes a number, not '{written(value)}'", None)
    low, high = answers.minimum, answers.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        bounds = f"{'..' if low is None else f'{low:g}'} to {'..' if high is None else f'{high:g}'}"
        return Refusal(f"{number:g} is outside {bounds}", None, off_bounds=True)
    if answers.ranges and not any(each.has(number) for each in answers.ranges):
        return Refusal(f"{number:g} is in no range of it", None, off_bounds=True)
    return None
