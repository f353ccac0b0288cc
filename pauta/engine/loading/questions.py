"""Sections and questions: what each takes from its section, what its answers are worth, what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pauta.engine.loading.answers import AnswersReader, WrittenAnswers, most_points, refusal
from pauta.engine.loading.conditions import Subjects, read_condition
from pauta.engine.loading.data import Map, Seq, written
from pauta.engine.loading.errors_of import error_from, with_error
from pauta.engine.loading.pieces import flag_in, is_refused, maps_in, number_in, text_in, word_in, words_in
from pauta.engine.loading.plugins_used import PluginsUsed, Read
from pauta.engine.loading.subjects import Wait, waits_by, waits_of
from pauta.engine.model.conditions import Condition, Test
from pauta.engine.model.scorecard import Answers, AskedCriterion, Error, Fault, Kind, Question, Section
from pauta.engine.problems import Place, Problem, did_you_mean

COMMENTS: Final = ("optional", "required", "required_on_error")


@dataclass
class Asked:
    """All that a card asks. `answers`: of each question, None where they cannot be understood; `tests`: of `when`s."""

    sections: tuple[Section, ...] = ()
    answers: dict[str, Answers | None] = field(default_factory=dict)
    tests: list[Test] = field(default_factory=list)
    waits: dict[str, list[Wait]] = field(default_factory=dict)


def ids_in(entries: Sequence[Map], key: str) -> dict[str, Map]:
    """The entries that have an id, by id; of several with the same the first."""
    found: dict[str, Map] = {}
    for entry in entries:
        name = word_in(entry, key)
        if name is not None:
            found.setdefault(name, entry)
    return found


def check_unique(entries: Sequence[Map], key: str, what: str, problems: list[Problem], hint: str | None = None) -> None:
    """Find ids that stand in a list twice."""
    first: dict[str, Map] = {}
    for entry in entries:
        name = word_in(entry, key)
        if name is None:
            continue
        if name in first:
            where = first[name].at_of(key)
            message = f"the {what} '{name}' is there twice, first on line {where.line}"
            if where.file != entry.at.file:
                message = f"the {what} '{name}' is there twice, first at {where}"
            problems.append(Problem("E320", message, entry.at_of(key), hint))
        first.setdefault(name, entry)


class QuestionsReader:
    """Reads the sections of a card."""

    def __init__(
        self, data: Map, language: str, sets: AnswersReader, plugins: PluginsUsed, problems: list[Problem]
    ) -> None:
        self._language = language
        self._sets = sets
        self._plugins = plugins
        self._problems = problems
        self._sections = list(maps_in(data, "sections"))
        self._questions = [question for section in self._sections for question in maps_in(section, "questions")]
        self.section_ids = ids_in(self._sections, "section")
        self.question_ids = ids_in(self._questions, "question")
        self._subjects = Subjects(questions=self.question_ids, sections=self.section_ids)

    def read(self) -> Asked:
        """The sections with their questions, as far as they can be understood."""
        hint = "an id is used once in a card; to move a question, remove it there (remove: true) and write it here"
        check_unique(self._sections, "section", "section", self._problems)
        check_unique(self._questions, "question", "question", self._problems, hint)
        asked = Asked()
        asked.sections = tuple(self._section(each, asked) for each in self._sections)
        self._check_weights(asked.sections)
        return asked

    def _section(self, data: Map, asked: Asked) -> Section:
        name = word_in(data, "section") or ""
        when = self._condition(data, asked)
        lent = self._sets.read(data["answers"], data.at_of("answers")) if "answers" in data else None
        questions = []
        for each in maps_in(data, "questions"):
            question = self._question(each, data, lent, asked)
            if question is not None:
                questions.append(question)
            waits = asked.waits.setdefault(word_in(each, "question") or "", [])
            if when is not None:
                waits += waits_by(when, f"`when` of its section '{name}'")
        return Section(
            name,
            tuple(questions),
            text_in(data, "title", self._language),
            text_in(data, "guidance", self._language),
            number_in(data, "weight"),
            when,
            data.at,
        )

    def _condition(self, data: Map, asked: Asked) -> Condition | None:
        if "when" not in data:
            return None
        return read_condition(data["when"], self._problems, self._subjects, asked.tests, data.at_of("when"))

    def _question(self, data: Map, section: Map, lent: WrittenAnswers | None, asked: Asked) -> Question | None:
        name = word_in(data, "question") or ""
        before = len(self._problems)
        answers, error = self._answers(data, section, lent, name)
        asked.answers.setdefault(name, answers)
        when = self._condition(data, asked)
        waits = list(waits_by(when, "its `when`")) if when is not None else []
        question = None
        if answers is not None:
            question = self._plain_question(data, name, answers, error, when)
        criterion = self._criterion(data, name, question, asked, waits)
        asked.waits.setdefault(name, waits)
        if question is None or len(self._problems) > before:
            return None
        return question if criterion is None else replace(question, criterion=criterion)

    def _answers(
        self, data: Map, section: Map, lent: WrittenAnswers | None, name: str
    ) -> tuple[Answers | None, Error | None]:
        """The answers of a question, its own or its section's, with its error where it belongs."""
        if "answers" in data:
            found = self._sets.read(data["answers"], data.at_of("answers"))
        else:
            found = lent
            if "answers" not in section:
                hint = "write answers here or in the section: yes_no, {yes: 1, no: 0}, text, .."
                self._problem("E336", f"the question '{name}' has no answers, nor has its section", data.at, hint)
        owner = data if "error" in data else section
        error = error_from(owner.get("error"))
        return (with_error(found.answers, found.own, error) if found else None), error

    def _plain_question(
        self, data: Map, name: str, answers: Answers, error: Error | None, when: Condition | None
    ) -> Question:
        """A question with all but its criterion."""
        fault = data.get("fault")
        comment = data.get("comment")
        return Question(
            name,
            answers,
            text_in(data, "title", self._language),
            text_in(data, "text", self._language),
            text_in(data, "guidance", self._language),
            number_in(data, "weight"),
            number_in(data, "out_of"),
            self._most(data, name, answers),
            flag_in(data, "bonus"),
            error,
            comment if comment in COMMENTS else COMMENTS[0],
            when,
            default=self._default(data, name, answers),
            required=flag_in(data, "required", answers.kind not in (Kind.TEXT, Kind.DATE)),
            tags=words_in(data, "tags"),
            aim=word_in(data, "aim"),
            policy=word_in(data, "policy"),
            fault=Fault(fault) if fault in tuple(Fault) else Fault.AGENT,
            at=data.at,
        )

    def _most(self, data: Map, name: str, answers: Answers) -> float | None:
        """max_q: out_of, else the most points that one answer can earn."""
        most = most_points(answers)
        if most is None:
            return None
        if "out_of" in data:
            return number_in(data, "out_of")
        if most <= 0:
            message = f"no answer of the question '{name}' earns points (the most is {most:g})"
            hint = "say what a full answer would earn: out_of: 10"
            self._problem("E331", message, data.at_of("answers" if "answers" in data else "question"), hint)
        return most

    def _default(self, data: Map, name: str, answers: Answers) -> str | tuple[str, ...] | None:
        value = data.get("default")
        if value is None or isinstance(value, Map) or is_refused(value):
            return None
        refused = refusal(answers, value)
        if refused is not None:
            message = f"the default of question '{name}' is no answer of it: {refused.reason}"
            self._problem("E332", message, data.at_of("default"), refused.hint)
            return None
        if answers.kind is Kind.MANY:
            return tuple(written(each) for each in (value if isinstance(value, Seq) else [value]))
        return written(value)

    def _criterion(
        self, data: Map, name: str, question: Question | None, asked: Asked, waits: list[Wait]
    ) -> AskedCriterion | None:
        if "criterion" not in data:
            return None
        read = Read()
        criterion = self._plugins.criterion(data["criterion"], data.at_of("criterion"), name, question, read)
        asked.tests += read.tests
        for subject, at in read.subjects:
            kind, _, on = subject.partition(".")
            if kind == "answer" and on not in self.question_ids:
                message = f"the criterion of '{name}' asks about the question '{on}', which the card does not have"
                self._problem("E306", message, at, did_you_mean(on, self.question_ids))
        waits += waits_of(read.subjects, "its criterion")
        return criterion

    def _check_weights(self, sections: Sequence[Section]) -> None:
        without = [data for data in self._sections if "weight" not in data]
        if not without or len(without) == len(self._sections):
            return
        names = ", ".join(f"'{word_in(data, 'section') or '?'}'" for data in without)
        one = len(without) == 1
        message = (
            f"the {'section' if one else 'sections'} {names} {'has' if one else 'have'} no weight, and others have"
        )
        hint = "give every section a weight (0 leaves it out of the score), or none"
        self._problem("E340", message, without[0].at, hint)

    def _problem(self, code: str, message: str, at: Place | None, hint: str | None = None) -> None:
        self._problems.append(Problem(code, message, at, hint))
