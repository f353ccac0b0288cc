"""What a plugin must be: small protocols, and nothing to inherit from.

A plugin is a file in the operation's `plugins/` folder, or an installed package with an entry point in the group
`pauta`. Its hooks (`hookspecs`) are called once, when it is loaded, and hand over classes. It may say `pauta_api = 1`,
the version of this page that it is written for; another version is refused.

A class has a `name` (as cards write it: a letter, then letters, digits, `_`, `.`, `-`), `options` (the JSON Schema of
what the card may write under the name) and is made once per use in a card, with the checked options. Which methods it
then needs is said by kind below. It may add

    purpose   one sentence, for `pauta plugins`, the published schema and editors
    needs     of a criterion: what it reads of a call, `("turns", "metrics.hold_s")`: `turns`, a field of the call
              record, or a name under `metrics` or `attributes`. A call in which one of them is absent is unverified,
              and says what is not there: the criterion need not look. Set in `__init__` where options decide.

What a plugin is given belongs to everybody: maps, lists and arrays refuse to be changed; change a copy. What it prints
goes to stderr. What it raises, answers wrongly or takes too long over costs its own questions, which are unverified
with the reason; a Problem names the plugin, its version, file and line, and nobody else notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, TypeAlias, runtime_checkable

from pauta.engine.model.calls import Call, CallBatch, HumanEvaluation
from pauta.engine.model.findings import Finding, Findings
from pauta.engine.model.scorecard import Question
from pauta.engine.problems import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Options: TypeAlias = Mapping[str, object] | Sequence[object]
"""What a card writes under a name: a map for nearly all plugins, a list where a class's schema says `array`."""

JsonSchema: TypeAlias = Mapping[str, object]

API: Final = 1
"""The version of the plugin interface: this page, the hooks, and the names that `pauta` hands on."""

SINGULAR: Final = {
    "criteria": "criterion", "rules": "rule", "actions": "action", "methods": "scoring method", "sources": "source",
    "sinks": "sink", "scorecards": "scorecards", "commands": "command",
}  # fmt: skip
"""What plugins offer, by kind, and what one of it is called."""

KINDS: Final = ("criteria", "rules", "actions", "methods", "sources", "sinks")
"""The kinds that are classes with a name and options."""


class Offered(Protocol):
    """What every kind has: the name cards write, and the JSON Schema of the options under it."""

    name: ClassVar[str]
    options: ClassVar[JsonSchema]


class Criterion(Offered, Protocol):
    """A question that answers itself. Made once per use: `Criterion(options, question)`.

    `question` is the question it answers, with text, guidance and answers: enough for a model to judge by. It has
    `answer(call) -> Finding` (the easy way), `answer_batch(batch) -> Findings` (the fast way), or both, which must then
    agree: the engine asks `answer_batch` where there is one, be it about one call. A call that `answer` raises on is
    unverified and the others are not touched; an `answer_batch` that raises leaves its whole batch unverified.

    A composite has `parts` and `combine` instead (see CompositeCriterion). `bind_all`, where the class has it, makes
    all uses of a plan at once so that they can share one pass over the text, and `prepare_all` hears of the batches of
    several plans before the first is evaluated. `reads(options)`, where it has it, lists
    the subjects that it asks the batch for, `answer.<question>` among them: it is asked once those are known.
    """

    def __init__(self, options: Options, question: Question) -> None: ...


@runtime_checkable
class CallCriterion(Protocol):
    """The easy way: one call in, one finding out."""

    def answer(self, call: Call) -> Finding:
        """What the criterion says about one call."""
        ...


@runtime_checkable
class BatchCriterion(Protocol):
    """The fast way: a batch in, one finding per row out."""

    def answer_batch(self, batch: CallBatch) -> Findings:
        """What the criterion says about every row of a batch."""
        ...


@runtime_checkable
class CompositeCriterion(Protocol):
    """A criterion over other criteria: it names its parts, and the engine hands it what they found."""

    def parts(self) -> Sequence[Mapping[str, Options]]:
        """The criteria inside, each `{name: options}`."""
        ...

    def combine(self, batch: CallBatch, parts: Sequence[Findings]) -> Findings:
        """One finding per row from the findings of the parts, in the order of `parts()`."""
        ...


@runtime_checkable
class SharedCriterion(Protocol):
    """A class whose uses share work: it makes all of a plan's uses at once."""

    @classmethod
    def bind_all(cls, uses: Sequence[tuple[Options, Question]]) -> Sequence[BatchCriterion]:
        """One criterion per use, in order."""
        ...


@runtime_checkable
class PreparedCriterion(Protocol):
    """A class whose uses share work over several cards: it hears of all batches before it is asked about the first."""

    @classmethod
    def prepare_all(cls, asked: Sequence[tuple[BatchCriterion, CallBatch]]) -> None:
        """Which uses will be asked about which batches; what is made ready belongs into `CallBatch.once`."""
        ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a scoring method sees of a batch; every array is (questions, rows) unless said otherwise.

    points, credits: float64, 0 where not answered. answered: bool, scored and answered. weights: (questions,) float64.
    bonus: (questions,) bool.
    """

    points: NDArray[np.float64]
    credits: NDArray[np.float64]
    answered: NDArray[np.bool_]
    weights: NDArray[np.float64]
    bonus: NDArray[np.bool_]


class Method(Offered, Protocol):
    """A way to make one score of the answers. Errors, bounds and verdict are the engine's."""

    def __init__(self, options: Options) -> None: ...

    def score(self, sheet: Sheet) -> NDArray[np.float64]:
        """(rows,) float64 on the scale 0..100, NaN where there is no score."""
        ...


class Source(Offered, Protocol):
    """Where calls come from. `endings` are the file endings it reads, `('.jsonl',)`.

    It may say `takes_files = False`: its targets (queries, addresses) are then handed to it as they are written, and
    not looked for on the disk. One whose endings others read too says which files are its own (RecognisingSource).
    """

    endings: ClassVar[tuple[str, ...]]

    def __init__(self, options: Options) -> None: ...

    def calls(self, target: str) -> Iterable[Call | Problem]:
        """The calls of a file (or other target), a Problem in place of each record that is none."""
        ...

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People's answers in a file (or other target), a Problem in place of each record that is none."""
        ...


class Sink(Offered, Protocol):
    """Where results go. `endings` are the file endings it writes; it is made with `{'path': ..., **options}`.

    One that sends results elsewhere (`delivers = True`) has `deliver` in place of `write`: see DeliveringSink.
    """

    endings: ClassVar[tuple[str, ...]]

    def __init__(self, options: Options) -> None: ...

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Take a batch of evaluations (the records of DESIGN.md, "A result"); all of it or none."""
        ...

    def close(self) -> None:
        """Finish: nothing more will come."""
        ...


class Command(Protocol):
    """A command of a plugin, as click makes it: `pauta <name>`. One that clashes with a built-in is refused."""

    name: str | None

    def main(self) -> object:
        """Run it."""
        ...


@runtime_checkable
class RecognisingSource(Protocol):
    """A source whose endings say little, such as `.json`: it is asked where several could read a file."""

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Whether a file that begins so (64 KiB at most) is one of its own."""
        ...


@runtime_checkable
class KnowingSink(Protocol):
    """A sink that also wants to know what its evaluations are about."""

    def about(self, calls: Sequence[Call], cards: Sequence[Mapping[str, object]]) -> None:
        """Before each `write`: the calls of the batch and its cards (scorecard, version, digest, title, document)."""
        ...


@runtime_checkable
class DroppingSink(Protocol):
    """A sink that can take back an unfinished run: called in place of `close` where the run was broken off."""

    def drop(self) -> None:
        """Forget what was written since the start, as far as nobody has seen it."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One evaluation on its way to a sink that sends it elsewhere.

    key: the same however often it is sent, so that the receiver can know it again. evaluation: the record of DESIGN.md,
    "A result", with its revision. call: what is stored of the call (its record without turns). attempt: counted from 1.
    queued_at: when it was queued, in UTC.
    """

    key: str
    evaluation: Mapping[str, object]
    call: Mapping[str, object]
    attempt: int = 1
    queued_at: str = ""


class RetryLater(Exception):
    """A receiver asks to be left alone for so many seconds. `reason` in a few words, without secrets."""

    def __init__(self, after_s: float, reason: str = "it asks to be tried later") -> None:
        self.after_s = after_s
        super().__init__(reason)


class NotTaken(Exception):
    """A receiver did not take what it was sent; says why, in a few words that people may read, without secrets."""


@runtime_checkable
class DeliveringSink(Protocol):
    """A sink that sends results elsewhere: `delivers = True` in its class.

    What it is to send waits in an outbox, written in one transaction with the results, and is sent at least once, each
    time under the same key. `deliver` is called in a thread of the sink's own; what it raises means "not taken", and
    it is tried again later. It may have `wants(evaluation) -> bool` or `wants(evaluation, call)`, which says once, when
    the result is stored, whether it is to be sent at all; `close()`; and `gathers` (see GatheringSink).
    """

    delivers: ClassVar[bool]

    def deliver(self, item: Delivery) -> None:
        """Send one evaluation; return once the receiver has it."""
        ...


class GatheringSink(Protocol):
    """A sink that sends one message about many results, at the end of a run: `delivers` and `gathers` are True.

    What it is to send waits in the outbox until the message that holds it is taken. Which results stand in a message
    is settled before it is sent for the first time, so that it is the same each time, under the same key.
    """

    gathers: bool

    def deliver_all(self, key: str, items: Sequence[Delivery]) -> None:
        """Send one message about these evaluations; return once the receiver has it."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the outbox. state: waiting, delivered, dead (given up after so many tries) or dropped; times in UTC.

    bundle: the key of the message that it goes out with, where its sink gathers several in one.
    """

    key: str
    sink: str
    evaluation_id: str
    revision: int
    state: str
    tries: int
    next_at: str
    queued_at: str
    delivered_at: str | None = None
    error: str | None = None
    bundle: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A sink that is to be sent what is new in a store, by its name in the run.

    wants: whether a result is to be sent, asked with the evaluation and what is stored of its call.
    """

    name: str
    wants: Callable[[Mapping[str, object], Mapping[str, object]], bool] = lambda evaluation, call: True


class Outbox(Protocol):
    """A store that also holds what is to be sent. Every method is a transaction of its own."""

    def another(self) -> Outbox:
        """The same store once more, for another thread."""
        ...

    def alone(self, sink: str) -> AbstractContextManager[bool]:
        """Whether nobody else delivers for this sink, and nobody will while it lasts; ends with the process."""
        ...

    def due(self, sink: str, now: str, most: int) -> list[Waiting]:
        """What waits for a sink and may be tried now, the oldest first."""
        ...

    def gather(self, sink: str, now: str, most: int) -> list[Waiting]:
        """What goes into one message of a sink: what one that was not taken yet holds, else what is due, put together.

        Rows that are put together stay together, under one `bundle`.
        """
        ...

    def next_due(self, sink: str) -> str | None:
        """When the next try of a sink is; None where nothing waits."""
        ...

    def delivery(self, item: Waiting) -> Delivery:
        """What is to be sent for a row."""
        ...

    def settle(self, items: Sequence[Waiting]) -> None:
        """Keep what became of rows; one that was dropped meanwhile stays dropped, unless it was delivered."""
        ...

    def move(self, keys: Sequence[str], state: str) -> None:
        """Put rows that are not delivered into another state by hand; what waits again has its tries before it."""
        ...

    def tally(self, sink: str) -> dict[str, int]:
        """How many rows a sink has in each state."""
        ...

    def tallies(self) -> dict[str, dict[str, int]]:
        """The tally of every sink that has rows."""
        ...

    def prune(self, before: str) -> int:
        """Forget rows that were delivered or dropped before a moment, and no others; returns how many."""
        ...

    def waiting(self, states: Sequence[str], sink: str | None = None) -> list[Waiting]:
        """The rows in these states, the oldest first."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


@runtime_checkable
class KeepingSink(Protocol):
    """A sink that is a store with an outbox: what other sinks are to be sent goes in with the results."""

    @property
    def outbox(self) -> Outbox:
        """Its store."""
        ...

    def send_to(self, recipients: Sequence[Recipient]) -> None:
        """Before the first `write`: for whom each new result is to be put into the outbox."""
        ...
