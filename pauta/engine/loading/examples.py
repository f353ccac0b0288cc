"""Examples: the card's own tests, held against the card, from the card itself and from its cases file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from pauta.engine.loading.answers import refusal
from pauta.engine.loading.data import Map, Seq, written
from pauta.engine.loading.pieces import is_refused, map_in, maps_in, plain, word_in
from pauta.engine.loading.questions import check_unique
from pauta.engine.model.scorecard import STATES, Answers, Example, Kind
from pauta.engine.problems import Place, Problem, did_you_mean

_GIVEN_STATES: Final = ("unverified", "missing", "not_applicable")


class ExamplesReader:
    """Reads examples. `answers`: of each question of the card, None where they are not known."""

    def __init__(
        self,
        answers: Mapping[str, Answers | None],
        bands: Collection[str],
        escalations: Collection[str],
        problems: list[Problem],
    ) -> None:
        self._answers = answers
        self._bands = bands
        self._escalations = escalations
        self._problems = problems

    def read(self, data: Map) -> tuple[Example, ...]:
        """The examples that stand in a card or a cases file."""
        entries = list(maps_in(data, "examples"))
        check_unique(entries, "example", "example", self._problems)
        return tuple(self._example(each) for each in entries)

    def _example(self, data: Map) -> Example:
        call: Any = plain(map_in(data, "call") or {})
        expected = map_in(data, "expect") or Map(data.at)
        self._check_expected(expected)
        expect: Any = plain({key: value for key, value in expected.items() if key != "answers"})
        wanted = map_in(expected, "answers")
        if wanted is not None:
            expect["answers"] = self._answers_in(wanted, expects=True)
        answers = map_in(data, "answers")
        given = None if answers is None else self._answers_in(answers, expects=False)
        return Example(word_in(data, "example") or "", call, given, expect, data.at)

    def _answers_in(self, data: Map, *, expects: bool) -> dict[str, object]:
        found: dict[str, object] = {}
        for question, value in data.items():
            if question not in self._answers:
                message = f"the example has an answer to the question '{question}', which the card does not have"
                self._problem("E370", message, data.key_at(question), did_you_mean(question, self._answers))
                continue
            answers, at = self._answers[question], data.at_of(question)
            found[question] = self._given(question, answers, value, at, expects=expects)
        return found

    def _given(self, question: str, answers: Answers | None, value: object, at: Place, *, expects: bool) -> object:
        """An answer as plain data: numbers stay numbers where numbers are asked for, else they are as written."""
        if isinstance(value, Map) and not expects:
            note: Any = plain(value)
            if "answer" in value:
                note["answer"] = self._given(question, answers, value["answer"], value.at_of("answer"), expects=False)
            return note
        if isinstance(value, Map) or value is None or is_refused(value):
            return None
        if answers is not None and value not in (STATES if expects else _GIVEN_STATES):
            refused = refusal(answers, value)
            if refused is not None and (expects or not refused.off_bounds):
                message = f"the example answers '{question}' with what is no answer of it: {refused.reason}"
                self._problem("E371", message, at, refused.hint)
        if isinstance(value, Seq):
            return [written(each) for each in value if not isinstance(each, Map | Seq | None)]
        if isinstance(value, str) or answers is None:
            return written(value)
        return plain(value) if answers.kind in (Kind.NUMBER, Kind.SCALE) else written(value)

    def _check_expected(self, expected: Map) -> None:
        band = expected.get("band")
        if isinstance(band, str):
            self._check_known("band", band, self._bands, expected.at_of("band"))
        raised = expected.get("escalations")
        if isinstance(raised, Seq):
            for n, name in enumerate(raised):
                if isinstance(name, str):
                    self._check_known("escalation", name, self._escalations, raised.at_of(n))

    def _check_known(self, kind: str, name: str, known: Collection[str], at: Place) -> None:
        if name not in known:
            hint = did_you_mean(name, known) or (f"there are: {', '.join(known)}" if known else None)
            self._problem("E372", f"the example expects the {kind} '{name}', which the card does not have", at, hint)

    def _problem(self, code: str, message: str, at: Place, hint: str | None) -> None:
        self._problems.append(Problem(code, message, at, hint))


def check_names(own: Sequence[Example], beside: Sequence[Example]) -> list[Problem]:
    """Examples of a cases file that have the name of one in the card."""
    names = {example.name: example for example in own}
    return [
        Problem("E320", f"the example '{each.name}' is in the card already, at {names[each.name].at}", each.at, None)
        for each in beside
        if each.name in names
    ]
