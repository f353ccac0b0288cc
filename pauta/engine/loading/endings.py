"""Results that end in neither coaching nor recognition: what a card's escalations leave out.

Every result that could be is tried as far as scores, bands, errors and the verdict go. A condition that asks about
anything else (an answer, a section, a pattern) may hold or not: only what no escalation can catch is spoken of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, floor, prod
from typing import Final

from pauta.engine.loading.data import Map, written
from pauta.engine.loading.errors_of import can_fail_card, errors_in
from pauta.engine.loading.plugins_used import WEIGHTED
from pauta.engine.loading.worlds import OTHER, between, by_subject, call_domain, could_hold
from pauta.engine.model.conditions import Condition, Test, Value, number_of, tests_of
from pauta.engine.model.scorecard import Fails, Harm, OnCritical, Scorecard
from pauta.engine.problems import Problem

ENDINGS: Final = ("coach", "recognise")
MOST_WORLDS: Final = 20_000
_HINT: Final = "every scored call ends in coaching or recognition, praise included: add an escalation for these"


def open_endings(card: Scorecard, data: Map) -> Iterator[Problem]:
    """At most one warning: of the first kind of result found that ends in neither."""
    if not card.escalations:
        message = "the card has no escalations: no result ends in coaching or recognition"
        yield Problem("W408", message, data.key_at("scorecard"), _HINT)
        return
    place = data.key_at("escalations")
    ending = [each for each in card.escalations if any(use.name in ENDINGS for use in each.do)]
    if not ending:
        yield Problem("W408", "no escalation of the card coaches or recognises", place, _HINT)
        return
    conditions = [each.when for each in ending if each.when is not None]
    if len(conditions) < len(ending) or card.scoring.method.name != WEIGHTED:
        return
    gap = _first_gap(card, conditions)
    if gap is not None:
        yield Problem("W408", f"a result like {gap} ends in neither coaching nor recognition", place, _HINT)


def _first_gap(card: Scorecard, conditions: Sequence[Condition]) -> str | None:
    tests = by_subject(test for condition in conditions for test in tests_of(condition))
    calls = {
        subject: domain
        for subject, each in tests.items()
        if subject.startswith("call.") and (domain := call_domain(subject, each)) is not None
    }
    results = list(_Possible(card, tests).results())
    if len(results) * prod(len(domain) for domain in calls.values()) > MOST_WORLDS:
        return None
    for result in results:
        for values in product(*calls.values()):
            known = {**result, **dict(zip(calls, values, strict=True))}
            if all(could_hold(condition, known) is False for condition in conditions):
                return _described(known, tests)
    return None


def _described(known: Mapping[str, Value | None], subjects: Iterable[str]) -> str:
    """What a condition that catches the result would ask about, as cards write it."""
    said = [
        f"{subject}: {'something else' if known[subject] == OTHER else written(known[subject])}"
        for subject in subjects
        if subject in known
    ]
    return f"{{{', '.join(said)}}}"


@dataclass(frozen=True, slots=True)
class _Errors:
    """What errors of one kind a card can make: how many at most in one evaluation, and what they do to the score."""

    most: int
    fails: frozenset[Fails]


class _Possible:
    """The results that a card could come to."""

    def __init__(self, card: Scorecard, tests: Mapping[str, Sequence[Test]]) -> None:
        self._card = card
        self._tests = tests
        self._accumulation = card.scoring.accumulation
        made = [each for question in card.questions for each in errors_in(question)]
        if self._accumulation is not None:
            made.append((self._accumulation.make, 1))
        self._errors = {
            harm: _Errors(
                sum(count for error, count in made if error.critical is harm),
                frozenset(error.fails for error, _ in made if error.critical is harm),
            )
            for harm in (None, *Harm)
        }
        self._may_stay_open = any(can_fail_card(question) for question in card.questions)

    def results(self) -> Iterator[dict[str, Value | None]]:
        """Each as the subjects of conditions see it."""
        scores = self._scores()
        kinds: list[Harm | None] = [None, *Harm]
        for counts in product(*(self._counts(kind) for kind in kinds)):
            by_kind = dict(zip(kinds, counts, strict=True))
            for failed in self._may_fail(by_kind):
                for score in scores:
                    if not failed or score <= self._limit():
                        yield from self._verdicts(score, by_kind, failed)

    def _verdicts(
        self, score: float, counts: Mapping[Harm | None, int], failed: bool
    ) -> Iterator[dict[str, Value | None]]:
        mark = self._card.scoring.pass_mark
        reached = [band for band in self._card.bands if band.start <= score]
        band = max(reached, key=lambda each: each.start).id if reached else None
        passed: list[bool | None] = [None if mark is None else True]
        if failed or (mark is not None and score < mark):
            passed = [False]
        elif self._may_stay_open and mark is not None:
            passed.append(None)
        for verdict in passed:
            yield {
                "score": score,
                "band": band,
                "passed": verdict,
                "status": "complete",
                "missing": 0.0,
                "critical_errors": float(sum(count for kind, count in counts.items() if kind is not None)),
                "non_critical_errors": float(counts[None]),
                **{f"critical_errors.{harm}": float(counts[harm]) for harm in Harm},
            }

    def _scores(self) -> list[float]:
        scoring = self._card.scoring
        low = -float("inf") if scoring.below_0 else 0.0
        high = float("inf") if scoring.above_100 else 100.0
        marks = [0.0, 100.0, *_operands(self._tests.get("score", ())), *(band.start for band in self._card.bands)]
        marks += [] if scoring.pass_mark is None else [scoring.pass_mark]
        marks += [scoring.on_critical_limit] if scoring.on_critical is OnCritical.AT_MOST else []
        rounded = {round(mark, scoring.decimals) for mark in between(marks)}
        return sorted((score for score in rounded if low <= score <= high), reverse=True)

    def _limit(self) -> float:
        """The highest score of a card that has failed."""
        match self._card.scoring.on_critical:
            case OnCritical.ZERO:
                return 0.0
            case OnCritical.AT_MOST:
                return self._card.scoring.on_critical_limit
        return float("inf")

    def _counts(self, kind: Harm | None) -> list[int]:
        """How many errors of a kind there may be, as far as conditions tell them apart."""
        names = ("non_critical_errors",) if kind is None else ("critical_errors", f"critical_errors.{kind}")
        marks = [0.0, 1.0, *(mark for name in names for mark in _operands(self._tests.get(name, ())))]
        if kind is None and self._accumulation is not None:
            marks += [self._accumulation.non_critical - 1, self._accumulation.non_critical]
        found = {whole for mark in between(marks) for whole in (floor(mark), ceil(mark))}
        return sorted(count for count in found if 0 <= count <= self._errors[kind].most)

    def _may_fail(self, counts: Mapping[Harm | None, int]) -> tuple[bool, ...]:
        """Whether the card may have failed with these errors, or must have; nothing where they cannot be."""
        accumulation = self._accumulation
        must = False
        if accumulation is not None and counts[None] >= accumulation.non_critical:
            if counts[accumulation.make.critical] == 0:
                return ()
            must = accumulation.make.fails is Fails.CARD
        there = [self._errors[harm].fails for harm in Harm if counts[harm]]
        must = must or any(fails == {Fails.CARD} for fails in there)
        if must:
            return (True,)
        return (False, True) if any(Fails.CARD in fails for fails in there) else (False,)


def _operands(tests: Sequence[Test]) -> list[float]:
    found = []
    for test in tests:
        for operand in test.operand if isinstance(test.operand, tuple) else (test.operand,):
            number = number_of(operand)
            if number is not None:
                found.append(number)
    return found
