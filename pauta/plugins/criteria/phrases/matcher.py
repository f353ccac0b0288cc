"""All phrases of all uses of a plan, and the automaton that finds them, together with those of other plans.

A phrase of nothing but words (and a stem at its end) is found by the automaton itself, borders and all: it looks for
' full name ' in words between single blanks. Of a phrase with gaps it looks for one run of words that each wording must
have, the rarest in the text that it sees first, and only turns with such a run are searched for the phrase.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pauta.plugins.criteria.phrases.asked import Asked
from pauta.plugins.criteria.phrases.folding import OTHER, coded
from pauta.plugins.criteria.phrases.language import Gap, Wording
from pauta.plugins.criteria.phrases.stretches import Stretch
from pauta.plugins.criteria.phrases.window import Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGE: Final = 50_000
"""Above this many bytes of words the automaton is kept small; below, it is a table, a little faster."""
SAMPLE: Final = 1 << 16
"""In this many bytes of text runs of words are counted."""
MOST_TOGETHER: Final = 32
"""How many automata for it and other plans a matcher keeps."""

Listens: TypeAlias = tuple[str | None, Window | None]
"""A speaker, None for anybody, and a window, None for the whole call."""
Target: TypeAlias = tuple[int, int, int]
"""A phrase (its slot), one of its wordings, and how many words that has."""


class PhraseMatcher:
    """The phrases of some uses. Slot n is the n-th phrase of all; those of use n are first[n] up to first[n + 1]."""

    def __init__(self, uses: Sequence[Asked]) -> None:
        self.uses = tuple(uses)
        self.phrases = [slot.phrase for asked in uses for slot in asked.slots]
        self.first = [0, *accumulate(len(asked.slots) for asked in uses)]
        self.whole: dict[bytes, list[Target]] = {}
        self._to_verify: list[tuple[list[bytes], Target]] = []
        for slot, phrase in enumerate(self.phrases):
            runs = [_runs(wording) for wording in phrase.wordings]
            whole = phrase.unbroken and not any(OTHER in run for each in runs for run in each)
            for rank, (each, wording) in enumerate(zip(runs, phrase.wordings)):
                target = (slot, rank, len(wording))
                if whole:
                    self.whole.setdefault(each[0], []).append(target)
                else:
                    self._to_verify.append((each, target))
        self._open: dict[bytes, list[Target]] | None = None
        self._together: dict[tuple[PhraseMatcher, ...], Automaton] = {}

    def open(self, text: bytes) -> dict[bytes, list[Target]]:
        """The runs of phrases to verify, chosen by the first text that is looked through: the rarest, else longest."""
        if self._open is None:
            sample, counts = text[:SAMPLE], dict[bytes, int]()
            self._open = {}
            for runs, target in self._to_verify:
                for run in runs if len(runs) > 1 else ():
                    counts.setdefault(run, sample.count(run))
                rarest = min(runs, key=lambda run: (counts.get(run, 0), -len(run)))
                self._open.setdefault(rarest, []).append(target)
        return self._open

    def automaton(self, others: Sequence[PhraseMatcher], text: bytes) -> Automaton:
        """The automaton for this plan and others; it is kept."""
        matchers = (self, *others)
        if matchers not in self._together:
            while len(self._together) >= MOST_TOGETHER:
                del self._together[next(iter(self._together))]
            self._together[matchers] = Automaton(matchers, text)
        return self._together[matchers]

    def knows(self, others: Sequence[PhraseMatcher]) -> bool:
        """Whether the automaton for this plan and others is there."""
        return (self, *others) in self._together

    @cached_property
    def kinds(self) -> list[Listens]:
        """The speakers and windows that uses listen to."""
        return list(dict.fromkeys((asked.speaker, asked.window) for asked in self.uses))

    @cached_property
    def kind_of(self) -> list[int]:
        """By use, the position of its speaker and window among `kinds`."""
        number = {kind: n for n, kind in enumerate(self.kinds)}
        return [number[asked.speaker, asked.window] for asked in self.uses]

    @cached_property
    def kind_of_slot(self) -> NDArray[np.int64]:
        """(slots,) int64: the position of the speaker and window of each phrase among `kinds`."""
        import numpy as np

        return np.array(self.kind_of, dtype=np.int64)[self.use_of]

    @cached_property
    def first_of_slot(self) -> NDArray[np.int64]:
        """(slots,) int64: the first slot of the use of each phrase."""
        import numpy as np

        return np.array(self.first, dtype=np.int64)[self.use_of]

    @cached_property
    def patterns(self) -> list[tuple[int, int]]:
        """Use and position there of each phrase that is a pattern."""
        return [(use, slot) for use, asked in enumerate(self.uses) for slot in asked.patterns]

    @cached_property
    def use_of(self) -> NDArray[np.int64]:
        """(slots,) int64: the use of each phrase."""
        import numpy as np

        return np.repeat(np.arange(len(self.uses)), np.diff(self.first))


def _runs(wording: Wording) -> list[bytes]:
    """The runs of words that a wording must have, with their borders; one where it is unbroken."""
    runs: list[str] = [" "]
    for item in wording:
        if isinstance(item, Gap):
            runs.append(" ")
        elif item.stem:
            runs[-1] += item.text
            runs.append(" ")
        else:
            runs[-1] += f"{item.text} "
    return [coded(run) for run in runs if run != " "]


class Targets:
    """What the literals of an automaton stand for: those of literal n are first[n] up to first[n] + counts[n].

    slot, rank, words: (targets,) int64, a phrase, one of its wordings, and how many words that has.
    """

    def __init__(self, targets: Sequence[Sequence[Target]]) -> None:
        import numpy as np

        flat = np.array([each for some in targets for each in some], dtype=np.int64).reshape(-1, 3)
        self.slot, self.rank, self.words = flat.T
        self.counts = np.array([len(some) for some in targets], dtype=np.int64)
        self.first = np.cumsum(self.counts) - self.counts

    def of(self, literals: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each target of each of some literals: which of them it belongs to, and which target it is."""
        return joined(self.first[literals], self.counts[literals])


def joined(first: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each member of some ranges (first, how many): which of the ranges it is in, and which member it is."""
    import numpy as np

    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts - first, counts)


@dataclass(frozen=True)
class Hits:
    """What a pass found of the phrases of a matcher; it may overlap.

    slot: the position of the phrase among those of the matcher. turn: its number among the turns that were folded or
    (Scan.of) those of a batch. low, high: which words of the turn were found, `high` not taken in. All are (hits,)
    int64, in the order of slot, turn, low and preference of the wordings. open_slot, open_turn: (candidates,) int64,
    phrases and turns that may hold them; whether they do, the searcher of the phrase says.
    """

    slot: NDArray[np.int64]
    turn: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    open_slot: NDArray[np.int64]
    open_turn: NDArray[np.int64]


class Automaton:
    """One automaton for all phrases of some matchers: one pass finds those of all."""

    def __init__(self, matchers: Sequence[PhraseMatcher], text: bytes) -> None:
        import ahocorasick_rs

        self.matchers = tuple(matchers)
        self._base = [0, *accumulate(len(matcher.phrases) for matcher in matchers)]
        whole: dict[bytes, list[Target]] = {}
        opened: dict[bytes, list[Target]] = {}
        for base, matcher in zip(self._base, matchers):
            for all_of_them, own in ((whole, matcher.whole), (opened, matcher.open(text))):
                for literal, targets in own.items():
                    moved = ((base + slot, rank, words) for slot, rank, words in targets)
                    all_of_them.setdefault(literal, []).extend(moved)
        literals = list(whole | opened)
        large = sum(map(len, literals)) > LARGE
        kind = None if large else ahocorasick_rs.Implementation.DFA
        self._automaton: Any = ahocorasick_rs.BytesAhoCorasick(literals, implementation=kind) if literals else None
        self._whole = Targets([whole.get(literal, ()) for literal in literals])
        self._open = Targets([opened.get(literal, ()) for literal in literals])

    def hits(self, parts: Sequence[tuple[Stretch, int, int]]) -> Iterator[tuple[PhraseMatcher, Hits]]:
        """What is found of each matcher in parts of stretches: turns from the first number to the second."""
        import numpy as np

        found = [np.concatenate(arrays) for arrays in zip(*(each for part in parts for each in self._found(*part)))]
        slot, turn, low, high, rank, open_slot, open_turn = found or [np.zeros(0, dtype=np.int64)] * 7
        order = np.lexsort((rank, low, turn, slot))
        slot, turn, low, high = (each[order] for each in (slot, turn, low, high))
        turns = max(int(open_turn.max(initial=0)) + 1, 1)
        candidates = np.sort(open_slot * turns + open_turn)
        again = candidates[1:] == candidates[:-1]
        candidates = np.delete(candidates, np.flatnonzero(again))
        open_slot, open_turn = np.divmod(candidates, turns)
        bounds, open_bounds = (np.searchsorted(each, self._base).tolist() for each in (slot, open_slot))
        for n, matcher in enumerate(self.matchers):
            own, opened = slice(*bounds[n : n + 2]), slice(*open_bounds[n : n + 2])
            base = self._base[n]
            yield (
                matcher,
                Hits(slot[own] - base, turn[own], low[own], high[own], open_slot[opened] - base, open_turn[opened]),
            )

    def _found(self, stretch: Stretch, first: int, last: int) -> Iterator[tuple[NDArray[np.int64], ...]]:
        import numpy as np

        if self._automaton is None:
            return
        begin, end = int(stretch.begins[first]), int(stretch.ends[last - 1])
        found = self._automaton.find_matches_as_indexes(stretch.folded[begin:end], overlapping=True)
        if not found:
            return
        flat = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=3 * len(found))
        literals, begins, _ = flat.reshape(-1, 3).T
        turns = stretch.turns_at(begins + begin)
        hit, target = self._whole.of(literals)
        low = stretch.words_at(begins[hit] + begin, turns[hit])
        held, opening = self._open.of(literals)
        yield (
            self._whole.slot[target], turns[hit] + stretch.first, low, low + self._whole.words[target],
            self._whole.rank[target], self._open.slot[opening], turns[held] + stretch.first,
        )  # fmt: skip
