"""What a coaching session looks at: one agent's calls, plans and agreements, as plain figures.

    agent_page(name, records, duties, ..) -> AgentPage

Only the agent's own faults count here: the score is `agent_score`, and a miss of the process, the system, a policy or
the customer stands apart. Incomplete evaluations are counted as such and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, Final, TypeAlias

from pauta.engine.model.moments import moment_from
from pauta.engine.model.scorecard import Question, Scorecard
from pauta.reports.figures import errors_in

Record: TypeAlias = Mapping[str, Any]

STRENGTHS: Final = 5
MISSES: Final = 5
CALLS_OF_A_MISS: Final = 2
QUOTES: Final = 2
AGREEMENTS: Final = 3
PLANS: Final = 2
OPEN: Final = 4
PLOTTED: Final = 200
GOOD: Final = 0.8
"""A question is a strength where it was met in this share of the calls that asked it."""

OVER: Final = ("closed", "withdrawn")
HELD: Final = ("held", "followed_up", "closed")

CardOf: TypeAlias = Callable[[str, str, str], Scorecard | None]


@dataclass
class QuestionSeen:
    """One question over the calls of an agent.

    met, missed: by the agent's own doing. calls: of the misses, the latest first. course: met or not, oldest first.
    """

    title: str
    asked: int = 0
    met: int = 0
    missed: int = 0
    weight: float = 0.0
    classes: set[str] = field(default_factory=set)
    calls: list[CallSeen] = field(default_factory=list)
    course: list[bool] = field(default_factory=list)

    @property
    def improved(self) -> tuple[int, int] | None:
        """Misses in the older and the newer half, where there were several and more than half of them are gone."""
        half = len(self.course) // 2
        before, lately = self.course[:half].count(False), self.course[half:].count(False)
        return (before, lately) if before >= 3 and lately * 2 < before else None


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call in which a question was missed: when, what was said at which second, and what the evaluator wrote."""

    call: str
    when: datetime | None
    answer: str
    comment: str | None
    reason: str | None
    quotes: Sequence[tuple[str, float | None]]


@dataclass(frozen=True, slots=True)
class PlanSeen:
    """An open plan or training: what is expected, its measure before and since, None where nothing is measured."""

    expect: str
    due: datetime | None
    state: str
    kind: str
    measure: str | None = None
    before: float | None = None
    since: float | None = None
    since_calls: int = 0
    target: str | None = None
    reached: bool | None = None


@dataclass(frozen=True, slots=True)
class AgreementSeen:
    """What was agreed in a session, and what the agent said to it."""

    when: datetime | None
    giver: str
    agreed: str
    words: str | None
    reached: str | None


@dataclass(frozen=True, slots=True)
class DutySeen:
    """Something that is still to be done with the agent."""

    kind: str
    state: str
    due: datetime | None
    giver: str
    message: str


@dataclass
class AgentPage:
    """One page for a coaching session.

    scores: (call, moment, own score), oldest first. elsewhere: misses that are not the agent's, by fault and question.
    hidden: coaching records that the viewer may not read.
    """

    id: str
    name: str
    team: str | None
    first: date | None = None
    last: date | None = None
    calls: int = 0
    incomplete: int = 0
    critical: int = 0
    scores: list[tuple[str, datetime | None, float]] = field(default_factory=list)
    strengths: list[QuestionSeen] = field(default_factory=list)
    improved: list[QuestionSeen] = field(default_factory=list)
    misses: list[QuestionSeen] = field(default_factory=list)
    more_misses: int = 0
    elsewhere: dict[tuple[str, str], int] = field(default_factory=dict)
    plans: list[PlanSeen] = field(default_factory=list)
    agreements: list[AgreementSeen] = field(default_factory=list)
    duties: list[DutySeen] = field(default_factory=list)
    more_plans: int = 0
    more_duties: int = 0
    hidden: int = 0

    @property
    def mean(self) -> float | None:
        """The mean of the agent's own score."""
        return _mean([score for _, _, score in self.scores])

    @property
    def halves(self) -> tuple[float | None, float | None]:
        """The mean of the older and of the newer half."""
        values, half = [score for _, _, score in self.scores], len(self.scores) // 2
        return _mean(values[:half]), _mean(values[half:])

    @property
    def mean_of(self) -> int:
        """Over how many calls the line of the trend is drawn: five, of many calls twenty."""
        return 5 if len(self.scores) <= 60 else 20

    def smooth(self) -> list[float]:
        """The mean of the last so many scores at each call."""
        values = [score for _, _, score in self.scores]
        return [
            sum(part) / len(part)
            for at in range(len(values))
            if (part := values[max(0, at + 1 - self.mean_of) : at + 1])
        ]


def agent_page(
    page: AgentPage, records: Iterable[Record], card_of: CardOf, *, language: str, zone: tzinfo | None
) -> AgentPage:
    """Fill a page with what evaluations say; of several of one call and card only the one that counts is given."""
    seen: dict[tuple[str, str], QuestionSeen] = {}
    told = sorted(((_when(each, zone), each) for each in records), key=lambda each: _order(*each))
    for when, record in told:
        if record["status"] == "incomplete":
            page.incomplete += 1
            continue
        page.calls += 1
        if when is not None:
            page.first = page.first or when.date()
            page.last = when.date()
        if isinstance(record.get("agent_score"), int | float):
            page.scores.append((str(record["call_id"]), when, float(record["agent_score"])))
        card = card_of(str(record["scorecard"]), str(record["version"]), str(record["digest"]))
        for answer in record["answers"]:
            _take(page, seen, answer, record, when, card, language)
    _rank(page, list(seen.values()))
    return page


def _take(
    page: AgentPage, seen: dict[tuple[str, str], QuestionSeen], answer: Record, record: Record,
    when: datetime | None, card: Scorecard | None, language: str,
) -> None:  # fmt: skip
    """Count one answer."""
    name, fault = str(answer["question"]), answer.get("fault")
    asked = card.by_id.get(name) if card else None
    title = _title(asked, name, language)
    if fault is not None and fault != "agent":
        key = str(fault), title
        page.elsewhere[key] = page.elsewhere.get(key, 0) + 1
        return
    errors = [str(each["critical"]) for each in errors_in(answer) if each.get("critical")]
    if answer.get("credit") is None and fault is None:
        return
    found = seen.setdefault((str(record["scorecard"]), name), QuestionSeen(title))
    found.asked += 1
    found.weight = max(found.weight, float(answer.get("share") or 0.0))
    found.course.append(fault is None)
    if fault is None:
        found.met += 1
        return
    found.missed += 1
    found.classes.update(errors)
    page.critical += len(errors)
    found.calls.insert(0, _call(answer, record, when, asked, language))
    del found.calls[CALLS_OF_A_MISS:]


def _call(answer: Record, record: Record, when: datetime | None, asked: Question | None, language: str) -> CallSeen:
    titles = {option.id: option.title for option in asked.answers.options} if asked else {}
    chosen = answer.get("answer")
    said = [
        titles[str(each)].in_language(language, str(each)) if str(each) in titles else str(each)
        for each in (chosen if isinstance(chosen, list | tuple) else [chosen])
        if each is not None
    ]
    evidence = [each for each in answer.get("evidence") or () if each.get("quote") or each.get("start") is not None]
    quotes = [(str(each.get("quote") or ""), each.get("start")) for each in evidence[:QUOTES]]
    at = answer.get("at")
    if at is not None and not quotes:
        quotes = [("", float(at))]
    return CallSeen(str(record["call_id"]), when, ", ".join(said), answer.get("comment"), answer.get("reason"), quotes)


def _rank(page: AgentPage, seen: list[QuestionSeen]) -> None:
    page.improved = [each for each in seen if each.improved][:STRENGTHS]
    good = [each for each in seen if each.met >= GOOD * each.asked and not each.classes and each not in page.improved]
    good.sort(key=lambda each: (-each.met / each.asked, -each.weight * each.met, each.title))
    page.strengths = good[: STRENGTHS - len(page.improved)]
    missed = [each for each in seen if each.missed]
    missed.sort(key=lambda each: (not each.classes, -each.weight * each.missed, -each.missed, each.title))
    page.misses, page.more_misses = missed[:MISSES], max(0, len(missed) - MISSES)
    page.elsewhere = dict(sorted(page.elsewhere.items(), key=lambda each: (-each[1], each[0]))[:MISSES])


def _title(asked: Question | None, name: str, language: str) -> str:
    if asked is None:
        return name
    return asked.text.in_language(language) or asked.title.in_language(language, name)


def _when(record: Record, zone: tzinfo | None) -> datetime | None:
    for name in ("started_at", "evaluated_at"):
        moment = moment_from(str(record[name])) if record.get(name) else None
        if moment is not None:
            return moment.astimezone(zone) if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return None


def _order(when: datetime | None, record: Record) -> tuple[float, str]:
    return (when.timestamp() if when is not None else float("-inf")), str(record["call_id"])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
