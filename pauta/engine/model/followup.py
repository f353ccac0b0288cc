"""What follows from evaluations: windows over many of them, occasions to act, and what actions make of an occasion.

Over, Fact, Miss, Asked, KeptDuty, Window   what a rule over many evaluations sees
Raise                             what a rule found
Occasion                          an escalation that was raised, as its actions see it
Duty, Notice, ProcessFinding, Exemplar   what an action opens; the follow-up keeps it, with the life that it then has
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final, TypeAlias

from pauta.engine.model.conditions import Condition
from pauta.engine.model.scorecard import Text, Use
from pauta.engine.problems import Place

OVER_KINDS: Final = ("agent", "team", "question", "scorecard", "evaluator", "call_type")
"""What a rule over many evaluations may be over, one window for each."""

FIGURES: Final = (
    "mean_score", "share_failed", "count", "failing_agents", "trend", "critical_accuracy.customer",
    "critical_accuracy.business", "critical_accuracy.compliance",
)  # fmt: skip
"""The subjects of conditions over a window."""

NO_TEXT: Final = Text()

CRITICAL: Final = ("customer", "business", "compliance")


@dataclass(frozen=True, slots=True)
class Over:
    """`over: {agent: last 10}` or `{agent: 14 d}`: one of `last` (evaluations) and `period` is given.

    A period of whole days is counted in days of the operation's zone, the day of the run the last of them; any other is
    elapsed time up to the run.
    """

    kind: str
    last: int | None = None
    period: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One evaluation as windows hold it; of several of one call, agent and card only the one that counts in reports.

    at: when the call began, in UTC. day: of `at`, in the operation's zone. critical: errors by class. opportunities:
    scored questions that were answered. metrics: the numbers of the call's record, `duration_s` among them.
    """

    evaluation_id: str
    call_id: str
    agent: str
    team: str
    call_type: str
    evaluator: str
    scorecard: str
    version: str
    at: datetime
    day: date
    score: float | None
    agent_score: float | None
    passed: bool | None
    non_critical: int
    critical: Mapping[str, int]
    opportunities: int
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Miss:
    """A question that was missed. error: '' (credit below 1 alone), non_critical, or the class of a critical one."""

    evaluation_id: str
    question: str
    agent: str
    team: str
    scorecard: str
    at: datetime
    day: date
    fault: str
    error: str
    credit: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a question was asked of an agent on a day, and how often it was missed."""

    scorecard: str
    question: str
    agent: str
    team: str
    day: date
    asked: int
    missed: int


@dataclass(frozen=True, slots=True)
class KeptDuty:
    """A duty that was opened for an agent before: its id and kind, when it was opened, and the state it is in."""

    id: str
    kind: str
    opened: datetime
    state: str


@dataclass
class Window:
    """What a rule sees of one agent, team, question (`card/question`), card, evaluator or call type.

    until: the moment up to which it reaches, in UTC. The lists come oldest first and are read when they are first
    asked for.
    """

    over: Over
    key: str
    until: datetime
    read_facts: Callable[[], Sequence[Fact]]
    read_misses: Callable[[], Sequence[Miss]]
    read_asked: Callable[[], Sequence[Asked]]
    read_everyone: Callable[[], Mapping[str, tuple[int, int]]] = dict
    read_duties: Callable[[], Sequence[KeptDuty]] = tuple
    read_spent: Callable[[], frozenset[str]] = frozenset
    read_of_process: Callable[[], frozenset[str]] = frozenset

    @cached_property
    def facts(self) -> Sequence[Fact]:
        """The evaluations; of a question's window those of its card."""
        return self.read_facts()

    @cached_property
    def misses(self) -> Sequence[Miss]:
        """What was missed in them, whoever is at fault."""
        return self.read_misses()

    @cached_property
    def asked(self) -> Sequence[Asked]:
        """How often questions were asked and missed, by agent and whole days, also where the window is `last n`."""
        return self.read_asked()

    @cached_property
    def everyone(self) -> Mapping[str, tuple[int, int]]:
        """How often each question (`card/question`) was asked and missed on the same days, of all agents together."""
        return self.read_everyone()

    @cached_property
    def duties(self) -> Sequence[KeptDuty]:
        """What was opened for the agent of the window before, oldest first; nothing for windows over anything else."""
        return self.read_duties()

    @cached_property
    def spent(self) -> frozenset[str]:
        """The evaluations that are evidence of what this escalation raised about this window before, warnings aside."""
        return self.read_spent()

    @cached_property
    def of_process(self) -> frozenset[str]:
        """The questions (`card/question`) that many miss, by an open finding: no agent is held to account for them."""
        return self.read_of_process()


@dataclass(frozen=True, slots=True)
class Raise:
    """What a rule found in a window.

    reason: one sentence. about: what tells it from other things that the rule may find in the same window (a question,
    '' where there is only one). evaluations: the evidence, newest last. warning: it is not there yet, but nearly.
    measures: the figures that tell later whether it was mended, where questions do not: `mean_score`, `share_failed`,
    `critical_accuracy.<class>`, `score`, `agent_score`, `metrics.<name>`, each with whether it is mended by falling.
    """

    reason: str
    about: str = ""
    evaluations: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    warning: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)
    measures: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Occasion:
    """An escalation that was raised, as its actions see it.

    key: the same whenever the same thing is raised. source: `card id@version`, or the operation. evaluation: the
    record, None for rules over many evaluations; then `raised` is what the rule found in the window of `kind` and
    `over_key`. at: when it was raised, UTC. due: turns a duration as cards write it into a moment, UTC, by the
    operation's calendar, counted from `at`.
    """

    key: str
    escalation: str
    title: str
    source: str
    at: datetime
    agent: str | None
    team: str | None
    due: Callable[[str], datetime]
    language: str = "en"
    evaluation: Mapping[str, object] | None = None
    call: Mapping[str, object] = field(default_factory=dict)
    kind: str = ""
    over_key: str = ""
    raised: Raise | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def evaluations(self) -> tuple[str, ...]:
        """The ids of the evaluations it is about."""
        if self.evaluation is not None:
            return (str(self.evaluation["evaluation_id"]),)
        return self.raised.evaluations if self.raised else ()

    @property
    def missed(self) -> tuple[str, ...]:
        """The questions that were missed, those with errors first."""
        if self.raised is not None:
            return self.raised.questions
        answers = self.evaluation.get("answers") if self.evaluation else None
        if not isinstance(answers, Sequence):
            return ()
        wrong = [each for each in answers if each.get("fault") is not None]
        return tuple(each["question"] for each in sorted(wrong, key=lambda each: each.get("error") is None))


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that a person must do: `kind` is coach, train, plan or recognise, or a plugin's own.

    owner: people or roles; empty leaves it to the operation's feedback mode. details: what a plan expects, its target
    and measure, a training's course, and so on, JSON-ready.
    """

    kind: str
    due: datetime | None = None
    owner: tuple[str, ...] = ()
    form: str | None = None
    about: tuple[str, ...] = ()
    message: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to people by role or name. group_by, every_s, repeat_s, unless: see the action `notify`.

    messages: the message in every language that there is, where there are several.
    """

    to: tuple[str, ...]
    message: str = ""
    via: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    every_s: float = 0.0
    repeat_s: float | None = None
    unless: tuple[str, ...] = ()
    messages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProcessFinding:
    """A finding about the process, a policy or a system (`about`): nobody's score is lowered by it again."""

    about: str
    text: str
    questions: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    due: datetime | None = None
    verify_s: float | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A call that is worth hearing: the question it shows, why, whether the agent must agree first, and until when."""

    question: str | None
    why: str
    consent: bool = False
    expires: datetime | None = None


Opened: TypeAlias = Duty | Notice | ProcessFinding | Exemplar
"""What an action may make of an occasion."""


@dataclass(frozen=True, slots=True)
class StandingEscalation:
    """An escalation of the operation's file, over many evaluations: a condition on a window, or a plugin's rule."""

    id: str
    over: Over
    when: Condition | None = None
    rule: Use | None = None
    do: tuple[Use, ...] = ()
    title: Text = NO_TEXT
    at: Place | None = None
