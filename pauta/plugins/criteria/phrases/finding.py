"""From what was found to what is said about each call: verdict, evidence, reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isnan
from typing import TYPE_CHECKING, Final, TypeAlias

from pauta import CallBatch, Evidence, Findings, Verdict
from pauta.plugins.criteria.phrases.asked import Asked
from pauta.plugins.criteria.phrases.matcher import Hits, PhraseMatcher
from pauta.plugins.criteria.phrases.search import Search
from pauta.plugins.criteria.phrases.transcripts import Transcripts
from pauta.plugins.criteria.phrases.window import Reach, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_EVIDENCE: Final = 50
"""Places that are kept for one call; the reason says how many there are."""
_MET, _NOT_MET, _UNVERIFIED = int(Verdict.MET), int(Verdict.NOT_MET), int(Verdict.UNVERIFIED)
_NAMED: Final = 3
"""Phrases that a reason names before it only counts the others."""

Choice: TypeAlias = tuple[int, ...]
"""The slots of a use that calls in one language are asked for."""
Spot: TypeAlias = tuple[int, Evidence]
"""A place where a phrase was found: the slot of the use, and the place in the call."""


class Finder:
    """Says of all uses of a matcher what was found in a batch."""

    def __init__(self, uses: Sequence[Asked]) -> None:
        self.matcher = PhraseMatcher(uses)
        self._judges = [Judge(asked) for asked in uses]

    @cached_property
    def _nothing(self) -> NDArray[np.uint8]:
        """(uses, 1) uint8: what is said where no phrase was found."""
        import numpy as np

        return np.array([judge.nothing[0] for judge in self._judges], dtype=np.uint8)[:, np.newaxis]

    def findings(self, transcripts: Transcripts, hits: Hits, batch: CallBatch) -> list[Findings]:
        """What each use says about every call."""
        import numpy as np

        matcher = self.matcher
        search = Search(matcher, hits, transcripts)
        turn, start, stop, slot = search.places()
        use, row = matcher.use_of[slot], transcripts.row[turn]
        own_slot = slot - matcher.first_of_slot[slot]
        spots = list(zip(own_slot.tolist(), _evidence(turn, start, stop, transcripts)))
        new = np.ones(len(row), dtype=np.bool_)
        new[1:] = (use[1:] != use[:-1]) | (row[1:] != row[:-1])
        begins = np.flatnonzero(new)
        bounds = use[begins].searchsorted(np.arange(len(self._judges) + 1)).tolist()
        ends = [*begins[1:].tolist(), len(spots)]
        said = [(row, spots[low:high]) for row, low, high in zip(row[begins].tolist(), begins.tolist(), ends)]
        closed = [_closed(*kind, search.reaches[kind[1]], transcripts) for kind in matcher.kinds]
        rows = range(batch.size)
        found = []
        for n, (judge, verdicts) in enumerate(zip(self._judges, np.repeat(self._nothing, batch.size, axis=1))):
            own, slow, apart = said[bounds[n] : bounds[n + 1]], search.too_slow[n], closed[matcher.kind_of[n]]
            if own or slow or apart.decided or judge.by_language:
                found.append(_findings(judge, verdicts, own, slow, apart, batch))
            else:
                found.append(Findings(verdicts, {}, {}, dict.fromkeys(rows, judge.nothing[1])))
        return found


def _findings(
    judge: Judge,
    verdicts: NDArray[np.uint8],
    said: Sequence[tuple[int, list[Spot]]],
    too_slow: Mapping[int, str],
    closed: Closed,
    batch: CallBatch,
) -> Findings:
    """What one use says. verdicts: what it says where nothing is found. said: in which calls what was found."""
    choices, choice_of = judge.choices, None
    if judge.by_language:
        choices, choice_of = _choices(judge.asked, batch)
    if choice_of is None:
        reasons = dict.fromkeys(range(batch.size), judge.nothing[1])
    else:
        nothing = [judge(choice or (), frozenset()) for choice in choices]
        verdicts[:] = _by_choice([verdict for verdict, _ in nothing], choice_of)
        reasons = {row: nothing[choice][1] for row, choice in enumerate(choice_of.tolist())}
    evidence: dict[int, Sequence[Evidence]] = {}
    for row, spots in said:
        choice = choices[0 if choice_of is None else choice_of[row]] or ()
        own = spots if choice_of is None else [spot for spot in spots if spot[0] in choice]
        if own:
            verdicts[row], reasons[row] = judge(choice, frozenset([slot for slot, _ in own]))
            evidence[row], more = _kept([place for _, place in own])
            reasons[row] += more
    decided = closed.decided
    if too_slow or choice_of is not None:
        slow = [(row, _UNVERIFIED, why) for row, why in too_slow.items()]
        unheard = [(row, _UNVERIFIED, judge.unheard) for row in _unheard(choices, choice_of)]
        decided = [*slow, *closed.untimed, *unheard, *closed.silent]
    for row, verdict, why in decided:  # what comes later counts
        verdicts[row], reasons[row] = verdict, why
        evidence.pop(row, None)
    return Findings(verdicts, {}, evidence, reasons)


def _evidence(
    turns: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64], transcripts: Transcripts
) -> Iterator[Evidence]:
    """Places in turns of a batch as places in their calls."""
    number = turns - transcripts.first[transcripts.row[turns]]
    columns = (transcripts.place[turns], number, starts, stops, transcripts.starts[turns], transcripts.ends[turns])
    texts = transcripts.folded.texts
    for place, turn, start, stop, begin, end in zip(*(column.tolist() for column in columns)):
        yield Evidence(
            turn,
            start,
            stop,
            texts[place][start:stop],
            None if isnan(begin) else begin,
            None if isnan(end) else end,
        )


def _kept(places: list[Evidence]) -> tuple[list[Evidence], str]:
    """The evidence of one call, each place once, and what the reason must add where there is too much."""
    if len(places) == 1:
        return places, ""
    spots = list({(place.turn, place.start, place.stop): place for place in places}.values())
    more = f" ({len(spots)} places; the first {MOST_EVIDENCE} are kept)" if len(spots) > MOST_EVIDENCE else ""
    return spots[:MOST_EVIDENCE], more


def _by_choice(values: Sequence[int], choice_of: NDArray[np.integer]) -> NDArray[np.uint8]:
    """(rows,) uint8: a value for each choice, by row."""
    import numpy as np

    by_row: NDArray[np.uint8] = np.array(values, dtype=np.uint8)[choice_of]
    return by_row


def _choices(asked: Asked, batch: CallBatch) -> tuple[list[Choice | None], NDArray[np.integer]]:
    """What calls are asked for, by language, and which of these holds for each row."""
    import numpy as np

    column = getattr(batch.subject("call.language"), "column", None)
    if column is None:
        return [asked.chosen(None)], np.zeros(batch.size, dtype=np.int64)
    return [asked.chosen(None if value is None else str(value)) for value in column.values], column.codes


def _unheard(choices: Sequence[Choice | None], choice_of: NDArray[np.integer] | None) -> list[int]:
    """The calls in a language that has no list."""
    import numpy as np

    if choice_of is None or None not in choices:
        return []
    return np.flatnonzero(_by_choice([choice is None for choice in choices], choice_of)).tolist()


@dataclass(frozen=True)
class Closed:
    """Calls that are not decided by what was found, and what is said of them: row, verdict, reason.

    untimed: a window cannot be told. silent: nobody, or not the speaker, says a word.
    """

    untimed: Sequence[tuple[int, int, str]]
    silent: Sequence[tuple[int, int, str]]

    @cached_property
    def decided(self) -> Sequence[tuple[int, int, str]]:
        """All of them; what comes later counts."""
        return [*self.untimed, *self.silent]


def _closed(speaker: str | None, window: Window | None, reach: Reach | None, transcripts: Transcripts) -> Closed:
    untimed: list[tuple[int, int, str]] = []
    if reach and window:
        missing = "no start" if window.end == "first" else "no end"
        why = f"turns of the call have {missing}, so that the {window.written} cannot be told"
        untimed = [(row, _UNVERIFIED, why) for row in (~reach.known).nonzero()[0].tolist()]
    silent = [(row, _UNVERIFIED, "the call has no words") for row in transcripts.silent(None)]
    if speaker:
        why = f"{_SPOKEN_OF[speaker]} says nothing in the call"
        silent = [*((row, _NOT_MET, why) for row in transcripts.silent(speaker)), *silent]
    return Closed(untimed, silent)


_SPOKEN_OF: Final = {"agent": "the agent", "customer": "the customer", "system": "the system", "other": "nobody else"}


class Judge:
    """Says what it means that phrases were found."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.choices: list[Choice | None] = [asked.chosen(None)]
        """What calls are asked for where languages play no part."""
        self.by_language = bool(asked.by_language)
        self._said = lru_cache(maxsize=1000)(self._judged)
        speaker = f" by {_SPOKEN_OF[asked.speaker]}" if asked.speaker else ""
        window = f" in the {asked.window.written}" if asked.window else ""
        self._where = f"{speaker}{window}"

    @cached_property
    def nothing(self) -> tuple[int, str]:
        """What is said where no phrase was found, of calls in whatever language."""
        return self(self.asked.chosen(None) or (), frozenset())

    @cached_property
    def unheard(self) -> str:
        """What is said of a call in a language that has no list."""
        lists = ", ".join(sorted({name for names in self.asked.languages.values() for name in names if name}))
        return f"the phrases are written for {lists}, not for the language of the call"

    def __call__(self, choice: Choice, found: frozenset[int]) -> tuple[int, str]:
        """Verdict and reason for a call that was asked for some slots and in which some were found."""
        return self._said(choice, found)

    def _judged(self, choice: Choice, found: frozenset[int]) -> tuple[int, str]:
        met = True
        sentences = []
        for part in self.asked.languages:
            slots = [n for n in choice if self.asked.slots[n].part == part]
            hit, missed = [n for n in slots if n in found], [n for n in slots if n not in found]
            holds, sentence = getattr(self, f"_{part}")(hit, missed)
            met &= holds
            sentences.append(sentence)
        return _MET if met else _NOT_MET, "; ".join(sentences)

    def _any(self, hit: list[int], missed: list[int]) -> tuple[bool, str]:
        least = self.asked.at_least
        if len(hit) >= least:
            return True, f"said{self._where}: {self._quoted(hit)}"
        if hit:
            return False, f"{len(hit)} of at least {least} phrases said{self._where}: {self._quoted(hit)}"
        return False, f"not said{self._where}: {self._quoted(missed)}"

    def _all(self, hit: list[int], missed: list[int]) -> tuple[bool, str]:
        if missed:
            return False, f"not said{self._where}: {self._quoted(missed)}"
        return True, f"said{self._where}: {self._quoted(hit)}"

    def _none(self, hit: list[int], missed: list[int]) -> tuple[bool, str]:
        if hit:
            return False, f"said{self._where}, and must not be: {self._quoted(hit)}"
        return True, f"not said{self._where}, as it should be: {self._quoted(missed)}"

    def _quoted(self, slots: Sequence[int]) -> str:
        named = ", ".join(f'"{self.asked.slots[n].phrase.text}"' for n in slots[:_NAMED])
        more = len(slots) - _NAMED
        return f"{named} and {more} more" if more > 0 else named
