"""What a replay found: counts of both sides, of what flips and why, and some calls as examples."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.model.scorecard import Scorecard
from pauta.replay.parts import Part
from pauta.replay.rows import Counts
from pauta.replay.tallies import Moved, QuestionReplayed, SideTally, add_tally

NOW_FAIL, NOW_PASS = "now_fail", "now_pass"
Key: TypeAlias = tuple[str, str] | None
EXAMPLES: Final = 3
"""So many calls are kept for each cause."""
LISTED: Final = 10
"""So many calls are kept of each direction."""


@dataclass(frozen=True, slots=True)
class Example:
    """A call that flips. causes: the parts that flip it alone or are needed for it, none where only several do."""

    call_id: str
    agent: str | None
    team: str | None
    evaluator: str
    started_at: str | None
    before: float | None
    after: float | None
    card: str
    causes: tuple[Part, ...]

    @property
    def change(self) -> float:
        """By how much the score moves; 0 where one side has none."""
        return self.after - self.before if self.before is not None and self.after is not None else 0.0


@dataclass(slots=True)
class CauseTally:
    """How many calls a part flips in one direction: alone, as a needed part, in either way."""

    alone: int = 0
    needed: int = 0
    either: int = 0


class Kept:
    """A bounded number of examples: those whose score moves most, of equals the first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, int, Example]] = []

    def offer(self, moves: NDArray[np.float64], numbers: NDArray[np.int64], example: Callable[[int], Example]) -> None:
        """Keep the largest of some rows. moves: (rows,) by how much; numbers: (rows,) which come first."""
        for place in np.lexsort((numbers, -moves))[: self._most].tolist():
            move, first = float(moves[place]), -int(numbers[place])
            if self._is_wanted(move, first):
                self._keep(move, first, example(place))

    def add(self, other: Kept) -> None:
        """Keep the largest of both."""
        for each in other._heap:
            if self._is_wanted(*each[:2]):
                self._keep(*each)

    def _is_wanted(self, move: float, first: int) -> bool:
        return len(self._heap) < self._most or (move, first) > self._heap[0][:2]

    def _keep(self, move: float, first: int, example: Example) -> None:
        (heapq.heappush if len(self._heap) < self._most else heapq.heapreplace)(self._heap, (move, first, example))

    def __iter__(self) -> Iterator[Example]:
        return iter([each for _, _, each in sorted(self._heap, key=lambda one: one[:2], reverse=True)])


@dataclass
class Replayed:
    """What another version would have changed.

    before_cards: the versions compared with, by `id@version`, with their evaluations. lost, gained: evaluations of
    calls that only the old or only the new version claims. outcomes: (was, now) -> evaluations, both as OUTCOMES.
    causes, examples: (direction, part). together: direction -> flips that no single part makes or prevents.
    set_aside: new questions that people's sheets could not answer. unlike: questions that answer themselves in another
    way. of_other_versions: people's evaluations of another version than the old one.
    """

    after_card: Scorecard
    stored: bool = False
    assumed: Mapping[str, str] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    before_cards: dict[str, Scorecard] = field(default_factory=dict)
    by_before: Counter[str] = field(default_factory=Counter)
    evaluations: int = 0
    by_person: int = 0
    of_other_versions: int = 0
    lost: int = 0
    gained: int = 0
    first: str | None = None
    last: str | None = None
    before: SideTally = field(default_factory=SideTally)
    after: SideTally = field(default_factory=SideTally)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    whole: Moved = field(default_factory=Moved)
    agents: dict[str, Moved] = field(default_factory=dict)
    teams: dict[str, Moved] = field(default_factory=dict)
    team_of: dict[str, str] = field(default_factory=dict)
    questions: dict[str, QuestionReplayed] = field(default_factory=dict)
    parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    causes: dict[tuple[str, tuple[str, str]], CauseTally] = field(default_factory=dict)
    together: Counter[str] = field(default_factory=Counter)
    examples: dict[tuple[str, Key], Kept] = field(default_factory=dict)
    set_aside: Counter[str] = field(default_factory=Counter)
    unlike: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for question in self.after_card.questions:
            self.questions.setdefault(question.id, QuestionReplayed(question.id))

    @property
    def now_fail(self) -> int:
        """Evaluations that passed and would fail."""
        return self.whole.now_fail

    @property
    def now_pass(self) -> int:
        """Evaluations that failed and would pass."""
        return self.whole.now_pass

    def between(self, first: str | None, last: str | None) -> None:
        """Take days of calls into account."""
        if first and last:
            self.first, self.last = min(self.first or first, first), max(self.last or last, last)

    def keep(self, direction: str, key: Key) -> Kept:
        """The examples of a direction, or of a part in it."""
        return self.examples.setdefault((direction, key), Kept(LISTED if key is None else EXAMPLES))

    def add(self, later: Replayed) -> None:
        """Count what was found of later calls with what is counted."""
        for name in ("evaluations", "by_person", "of_other_versions", "lost", "gained"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        self.between(later.first, later.last)
        for name in ("by_before", "outcomes", "together", "set_aside", "team_of"):
            getattr(self, name).update(getattr(later, name))
        for name in ("before_cards", "parts", "unlike"):
            for key, value in getattr(later, name).items():
                getattr(self, name).setdefault(key, value)
        for name in ("counts", "before", "after", "whole"):
            add_tally(getattr(self, name), getattr(later, name))
        for name in ("agents", "teams", "questions", "causes"):
            for key, tally in getattr(later, name).items():
                mine = getattr(self, name)
                if key in mine:
                    add_tally(mine[key], tally)
                else:
                    mine[key] = tally
        for (direction, part), kept in later.examples.items():
            self.keep(direction, part).add(kept)
