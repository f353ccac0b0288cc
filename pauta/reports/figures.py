"""The numbers of a report: counted in one pass over evaluations, whatever their number.

    figures(evaluations, cards)   records of DESIGN.md, "A result" -> Figures

Of several evaluations of one call, agent and card one counts (`counted`). In memory stay the counters and the worst
calls. Incomplete evaluations are counted as such and nowhere else: their score is provisional.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pauta.engine.model.calls import ENGINE
from pauta.engine.model.scorecard import ANSWERED, MISSING, NOT_APPLICABLE, UNVERIFIED, Fault, Harm, Question, Scorecard
from pauta.reports.counted import counted

Record: TypeAlias = Mapping[str, Any]
BINS: Final = 20
BIN_WIDTH: Final = 100 / BINS
Ranked: TypeAlias = tuple[tuple[int, float], int, Record]
"""An evaluation among the worst: critical errors and minus the raw score, minus its place in the stream, itself."""


@dataclass(slots=True)
class Mean:
    """A mean in the making; None is left out."""

    total: float = 0.0
    count: int = 0

    def add(self, value: object) -> None:
        """Take a number in."""
        number = _number(value)
        if number is not None:
            self.total += number
            self.count += 1

    @property
    def value(self) -> float | None:
        """The mean, None of nothing."""
        return self.total / self.count if self.count else None


@dataclass(slots=True)
class QuestionFigures:
    """What became of one question of one card. `missed` counts answers below full credit or with an error."""

    id: str
    asked: int = 0
    answered: int = 0
    scored: int = 0
    missed: int = 0
    critical: int = 0
    non_critical: int = 0
    not_applicable: int = 0
    unverified: int = 0
    not_the_agents: int = 0

    @property
    def missed_share(self) -> float | None:
        """Misses over scored answers."""
        return self.missed / self.scored if self.scored else None

    @property
    def critical_share(self) -> float:
        """The part of `missed_share` that was a critical error."""
        return self.critical / self.scored if self.scored else 0.0


@dataclass(slots=True)
class Accuracy:
    """The share of things looked at that are without an error: evaluations of a class, or opportunities."""

    looked_at: int = 0
    with_error: int = 0

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None where nothing was looked at."""
        return 1 - self.with_error / self.looked_at if self.looked_at else None


@dataclass(slots=True)
class Tally:
    """What is counted of a group of evaluations: all, those of one card, those of one agent."""

    evaluations: int = 0
    by_person: int = 0
    complete: int = 0
    incomplete: int = 0
    not_scored: int = 0
    passed: int = 0
    failed: int = 0
    score: Mean = field(default_factory=Mean)
    agent_score: Mean = field(default_factory=Mean)
    coverage: Mean = field(default_factory=Mean)
    critical: int = 0
    non_critical: int = 0
    bands: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(card's `id@version`, band) -> evaluations."""

    @property
    def open(self) -> int:
        """Final evaluations without a verdict: no pass mark, or nobody has looked at what could fail them."""
        return self.complete + self.not_scored - self.passed - self.failed

    @property
    def pass_rate(self) -> float | None:
        """Passed over those with a verdict."""
        known = self.passed + self.failed
        return self.passed / known if known else None

    def add(self, record: Record) -> None:
        """Count one evaluation."""
        self.evaluations += 1
        self.by_person += record.get("evaluator", ENGINE) != ENGINE
        status = record.get("status")
        if status == "incomplete":
            self.incomplete += 1
            return
        self.complete += status == "complete"
        self.not_scored += status == "not_scored"
        self.passed += record.get("passed") is True
        self.failed += record.get("passed") is False
        self.score.add(record.get("score"))
        self.agent_score.add(record.get("agent_score"))
        self.coverage.add(record.get("coverage"))
        self.critical += _count(record.get("critical_errors"))
        self.non_critical += _count(record.get("non_critical_errors"))
        if record.get("band") is not None:
            self.bands[_card_name(record), str(record["band"])] += 1


@dataclass(slots=True)
class CardFigures:
    """What became of one version of one card. `histogram`: evaluations per bin of five points, the ends held."""

    name: str
    scorecard: str
    version: str
    card: Scorecard | None
    tally: Tally = field(default_factory=Tally)
    histogram: list[int] = field(default_factory=lambda: [0] * BINS)
    questions: dict[str, QuestionFigures] = field(default_factory=dict)
    accuracy: dict[Harm, Accuracy] = field(default_factory=lambda: {harm: Accuracy() for harm in Harm})
    errors: Counter[Harm] = field(default_factory=Counter)

    @property
    def non_critical_accuracy(self) -> Accuracy:
        """Over the questions that can make a non-critical error, as the card or the evaluations themselves show."""
        able = [each for each in self.questions.values() if each.non_critical or self._can_err(each.id)]
        return Accuracy(sum(each.answered for each in able), sum(each.non_critical for each in able))

    def worst_first(self) -> list[QuestionFigures]:
        """The questions that can be missed, the most often missed first, then in the card's order."""
        listed = [each for each in self.questions.values() if each.asked and self._can_be_missed(each)]
        return sorted(listed, key=lambda each: (-(each.missed_share or 0.0), -each.missed))

    def _can_err(self, question: str) -> bool:
        asked = self.card.by_id.get(question) if self.card else None
        return asked is not None and any(error == "non_critical" for error in _errors_of(asked))

    def _can_be_missed(self, each: QuestionFigures) -> bool:
        asked = self.card.by_id.get(each.id) if self.card else None
        return bool(each.scored) if asked is None else asked.scored and not asked.bonus

    def add(self, record: Record) -> None:
        """Count one evaluation of this card."""
        self.tally.add(record)
        if record.get("status") == "incomplete":
            return
        score = _number(record.get("score"))
        if score is not None:
            self.histogram[min(max(int(score // BIN_WIDTH), 0), BINS - 1)] += 1
        by_class = record.get("critical_by_class") or {}
        for harm, accuracy in self.accuracy.items():
            errors = _count(by_class.get(harm.value))
            accuracy.looked_at += 1
            accuracy.with_error += errors > 0
            self.errors[harm] += errors
        for answer in record.get("answers") or ():
            self._add_answer(answer)

    def _add_answer(self, answer: Record) -> None:
        name, state = str(answer.get("question")), answer.get("state")
        question = self.questions.setdefault(name, QuestionFigures(name))
        if state not in (ANSWERED, NOT_APPLICABLE, UNVERIFIED, MISSING):
            return
        question.asked += 1
        question.not_applicable += state == NOT_APPLICABLE
        question.unverified += state == UNVERIFIED
        if state != ANSWERED:
            return
        question.answered += 1
        credit, errors = _number(answer.get("credit")), errors_in(answer)
        if credit is None and not errors:
            return
        asked = self.card.by_id.get(name) if self.card else None
        missed = bool(errors) or (credit is not None and credit < 1 and not (asked and asked.bonus))
        question.scored += 1
        question.missed += missed
        question.critical += any(error.get("critical") for error in errors)
        question.non_critical += any(not error.get("critical") for error in errors)
        question.not_the_agents += missed and answer.get("fault") not in (None, Fault.AGENT.value)


@dataclass(slots=True)
class AgentFigures:
    """What became of one agent's evaluations."""

    agent: str
    team: str | None = None
    tally: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Figures:
    """All numbers of a report. `worst`: the evaluations with critical errors, at most as many as were asked for."""

    total: Tally = field(default_factory=Tally)
    first: str | None = None
    last: str | None = None
    cards: list[CardFigures] = field(default_factory=list)
    agents: list[AgentFigures] = field(default_factory=list)
    tags: dict[str, Mean] = field(default_factory=dict)
    aims: dict[str, Mean] = field(default_factory=dict)
    with_critical: int = 0
    worst: list[Record] = field(default_factory=list)


def figures(evaluations: Iterable[Record], cards: Mapping[str, Scorecard], *, worst: int = 50) -> Figures:
    """The numbers over evaluations. `cards` by `id@version` or by id; a card that is not there is shown by its ids."""
    made, by_card, by_agent = Figures(), dict[str, CardFigures](), dict[str, AgentFigures]()
    heap: list[Ranked] = []
    for index, record in enumerate(counted(evaluations)):
        made.total.add(record)
        _period(made, record)
        _card_of(record, cards, by_card).add(record)
        _agent_of(record, by_agent).tally.add(record)
        if record.get("status") == "incomplete":
            continue
        _subjects(made, record)
        if _count(record.get("critical_errors")):
            made.with_critical += 1
            _keep(heap, worst, index, record)
    made.cards = [by_card[name] for name in sorted(by_card)]
    made.agents = [by_agent[name] for name in sorted(by_agent)]
    made.worst = [record for _, _, record in sorted(heap, key=lambda each: (each[0], each[1]), reverse=True)]
    return made


def errors_in(answer: Record) -> Sequence[Record]:
    """The errors of one answer: none, one, or one for each option that makes one."""
    error = answer.get("error")
    if isinstance(error, Mapping):
        return (error,)
    return tuple(each for each in error if isinstance(each, Mapping)) if isinstance(error, list | tuple) else ()


def _card_name(record: Record) -> str:
    return f"{record.get('scorecard')}@{record.get('version')}"


def _card_of(record: Record, cards: Mapping[str, Scorecard], known: dict[str, CardFigures]) -> CardFigures:
    name = _card_name(record)
    if name not in known:
        scorecard = str(record.get("scorecard"))
        card = cards.get(name) or cards.get(scorecard)
        known[name] = CardFigures(name, scorecard, str(record.get("version")), card)
        for question in card.questions if card else ():
            known[name].questions[question.id] = QuestionFigures(question.id)
    return known[name]


def _agent_of(record: Record, known: dict[str, AgentFigures]) -> AgentFigures:
    agent = str(record.get("agent") or "")
    figures_of = known.setdefault(agent, AgentFigures(agent))
    if record.get("team"):
        figures_of.team = str(record["team"])
    return figures_of


def _period(made: Figures, record: Record) -> None:
    started = record.get("started_at")
    if isinstance(started, str) and len(started) >= 10:
        day = started[:10]
        made.first = day if made.first is None else min(made.first, day)
        made.last = day if made.last is None else max(made.last, day)


def _subjects(made: Figures, record: Record) -> None:
    scores = record.get("scores_by") or {}
    for kind, known in (("tags", made.tags), ("aims", made.aims)):
        for name, score in (scores.get(kind) or {}).items():
            known.setdefault(str(name), Mean()).add(score)


def _keep(heap: list[Ranked], most: int, index: int, record: Record) -> None:
    """Keep the evaluations with the most critical errors, of equals the lowest raw score, of equals the first."""
    raw = _number(record.get("raw_score"))
    entry = ((_count(record.get("critical_errors")), -(0.0 if raw is None else raw)), -index, record)
    if len(heap) < most:
        heapq.heappush(heap, entry)
    elif most and entry[:2] > heap[0][:2]:
        heapq.heapreplace(heap, entry)


def _errors_of(question: Question) -> Iterator[str]:
    """The kinds of errors a question can make: a class, or `non_critical`."""
    own = [question.error]
    parts = [*(each.error for each in question.answers.options), *(each.error for each in question.answers.ranges)]
    for error in own + parts:
        if error is not None:
            yield error.critical.value if error.critical else "non_critical"


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _count(value: object) -> int:
    number = _number(value)
    return int(number) if number is not None else 0
