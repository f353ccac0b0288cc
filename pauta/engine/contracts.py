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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, TypeAlias, runtime_checkable

from pauta.engine.model.calls import Call, CallBatch, HumanEvaluation
from pauta.engine.model.findings import Finding, Findings
from pauta.engine.model.scorecard import Question
from pauta.engine.problems import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pauta.engine.model.results import Results

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
    all uses of a plan at once so that they can share one pass over the text. `reads(options)`, where it has it, lists
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


class Rule(Offered, Protocol):
    """A rule of escalation over one evaluation: which results it fires for."""

    def __init__(self, options: Options) -> None: ...

    def fires(self, results: Results) -> NDArray[np.bool_]:
        """(rows,) bool."""
        ...


class Action(Offered, Protocol):
    """What an escalation does. In this version actions are named and checked; carrying them out comes later."""


class Source(Offered, Protocol):
    """Where calls come from. `endings` are the file endings it reads, `('.jsonl',)`."""

    endings: ClassVar[tuple[str, ...]]

    def __init__(self, options: Options) -> None: ...

    def calls(self, target: str) -> Iterable[Call | Problem]:
        """The calls of a file (or other target), a Problem in place of each record that is none."""
        ...

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People's answers in a file (or other target), a Problem in place of each record that is none."""
        ...


class Sink(Offered, Protocol):
    """Where results go. `endings` are the file endings it writes; it is made with `{'path': ..., **options}`."""

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
