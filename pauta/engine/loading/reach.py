"""Questions that nobody can reach: conditions that never hold, whatever is called about and whatever is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final

from pauta.engine.loading.worlds import Domain, answer_domain, by_subject, call_domain
from pauta.engine.model.conditions import Condition, Value, holds, tests_of
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem

MOST_WORLDS: Final = 4096
"""For one question; where more would have to be tried nothing is said."""

MOST_TRIED: Final = 20_000
"""For one card."""


def unreachable(card: Scorecard) -> Iterator[Problem]:
    """A warning for each section and question whose `when` cannot hold."""
    search = _Search(card)
    for section in card.sections:
        if section.when is not None and search.never([section.when]):
            message = f"nobody can reach the section '{section.id}': its `when` never holds"
            yield Problem("W401", message, section.at, "mend the condition, or remove the section")
            continue
        for question in section.questions:
            if question.when is not None and search.never(search.conditions[question.id]):
                message = f"nobody can reach the question '{question.id}': its `when` never holds"
                hint = "look at what it waits for: the answers it names, its section's `when`, and theirs"
                yield Problem("W401", message, question.at, hint)


class _Search:
    """Tries what could be. `conditions`: what must hold for each question to be asked."""

    def __init__(self, card: Scorecard) -> None:
        self._card = card
        self._left = MOST_TRIED
        self.conditions: Mapping[str, Sequence[Condition]] = {
            question.id: [when for when in (section.when, question.when) if when is not None]
            for section in card.sections
            for question in section.questions
        }

    def never(self, conditions: Sequence[Condition]) -> bool:
        """Whether it is certain that conditions cannot hold together."""
        domains = self._domains(conditions)
        if domains is None or prod(len(domain) for domain in domains.values()) > MOST_WORLDS:
            return False
        for values in product(*domains.values()):
            self._left -= 1
            if self._left < 0:
                return False
            world = _World(self, dict(zip(domains, values, strict=True)))
            if all(holds(condition, world.value) for condition in conditions):
                return False
        return True

    def _domains(self, conditions: Sequence[Condition]) -> Mapping[str, Domain] | None:
        """The domain of each subject that matters, also for the questions waited on; None where it cannot be told."""
        matter = self._all_that_matter(conditions)
        if matter is None:
            return None
        tests = by_subject(test for condition in matter for test in tests_of(condition))
        domains = {}
        for subject, each in tests.items():
            kind, _, name = subject.partition(".")
            if kind == "answer":
                domain = answer_domain(self._card.by_id[name].answers, each)
            else:
                domain = call_domain(subject, each)
            if domain is None:
                return None
            domains[subject] = domain
        return domains

    def _all_that_matter(self, conditions: Sequence[Condition]) -> list[Condition] | None:
        """The conditions with those of the questions they wait on; None where these are too many to be tried."""
        found = list(conditions)
        seen: set[str] = set()
        for condition in found:
            for test in tests_of(condition):
                kind, _, name = test.subject.partition(".")
                if kind == "answer" and name not in seen:
                    seen.add(name)
                    if 2 ** len(seen) > MOST_WORLDS:
                        return None
                    found += self.conditions[name]
        return found


class _World:
    """One thing that could be: a value for each subject; answers to questions that are not asked are not heard."""

    def __init__(self, search: _Search, values: Mapping[str, Value | None]) -> None:
        self._search = search
        self._values = values
        self._asked: dict[str, bool] = {}

    def value(self, subject: str) -> Value | None:
        kind, _, name = subject.partition(".")
        if kind == "answer" and not self._is_asked(name):
            return None
        return self._values[subject]

    def _is_asked(self, question: str) -> bool:
        if question not in self._asked:
            conditions = self._search.conditions[question]
            self._asked[question] = all(holds(condition, self.value) for condition in conditions)
        return self._asked[question]
