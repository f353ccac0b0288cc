"""From what was found to what is said about each call: verdict, evidence, reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from pauta import CallBatch, Evidence, Findings, Verdict
from pauta.plugins.criteria.phrases.asked import Asked
from pauta.plugins.criteria.phrases.matcher import Hits
from pauta.plugins.criteria.phrases.search import Place, Search
from pauta.plugins.criteria.phrases.transcripts import Transcripts
from pauta.plugins.criteria.phrases.window import Reach

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_EVIDENCE: Final = 50
"""Places that are kept for one call; the reason says how many there are."""
_NAMED: Final = 3
"""Phrases that a reason names before it only counts the others."""

Choice: TypeAlias = tuple[int, ...]
"""The slots that calls in one language are asked for."""


def find(judge: Judge, first_slot: int, hits: Hits, transcripts: Transcripts, batch: CallBatch) -> Findings:
    """What one use says about every call of a batch."""
    import numpy as np

    asked, window = judge.asked, judge.asked.window
    heard = transcripts.by(asked.speaker)
    reach = batch.once(("phrase.reach", window), lambda: window.reach(transcripts)) if window else None
    too_slow: dict[int, str] = {}
    search = Search(asked, first_slot, hits, transcripts, heard & reach.inside if reach else heard, reach)
    places = search.places(too_slow)
    choices, choice_of = _choices(asked, batch)
    nothing = [judge(choice or (), frozenset()) for choice in choices]
    verdicts = np.array([verdict for verdict, _ in nothing], dtype=np.uint8)[choice_of]
    reasons = dict.fromkeys(range(batch.size), nothing[0][1] if nothing else "")
    if len(choices) > 1:
        reasons = {row: nothing[choice][1] for row, choice in enumerate(choice_of.tolist())}
    evidence: dict[int, Sequence[Evidence]] = {}
    for row, found in _by_row(places, transcripts):
        choice = choices[choice_of[row]] or ()
        own = [place for place in found if place.slot in choice]
        if own:
            verdicts[row], reasons[row] = judge(choice, frozenset(place.slot for place in own))
            evidence[row], more = _evidence(own, transcripts, row)
            reasons[row] += more
    no_list = {code for code, choice in enumerate(choices) if choice is None}
    unheard = [row for row, code in enumerate(choice_of.tolist()) if code in no_list] if no_list else []
    for row, verdict, why in _closed(asked, transcripts, reach, too_slow, unheard):
        verdicts[row], reasons[row] = verdict, why
        evidence.pop(row, None)
    return Findings(verdicts, {}, evidence, reasons)


def _choices(asked: Asked, batch: CallBatch) -> tuple[list[Choice | None], NDArray[np.integer]]:
    """What calls are asked for, by language, and which of these holds for each row."""
    import numpy as np

    column = getattr(batch.subject("call.language"), "column", None) if asked.by_language else None
    if column is None:
        return [asked.chosen(None)], np.zeros(batch.size, dtype=np.int64)
    return [asked.chosen(None if value is None else str(value)) for value in column.values], column.codes


def _by_row(places: Sequence[Place], transcripts: Transcripts) -> Iterator[tuple[int, list[Place]]]:
    """The calls in which something was found, with the places in each."""
    if not places:
        return
    rows = transcripts.row[[place.turn for place in places]].tolist()
    for row, found in groupby(zip(rows, places), key=itemgetter(0)):
        yield row, [place for _, place in found]


def _evidence(places: Sequence[Place], transcripts: Transcripts, row: int) -> tuple[list[Evidence], str]:
    """The places of one call as evidence, each once, and what the reason must add where there are too many."""
    spots = list(dict.fromkeys(place[:3] for place in places))
    more = f" ({len(spots)} places; the first {MOST_EVIDENCE} are kept)" if len(spots) > MOST_EVIDENCE else ""
    first = int(transcripts.first[row])
    evidence = []
    for number, start, stop in spots[:MOST_EVIDENCE]:
        turn = transcripts.turns[number]
        evidence.append(Evidence(number - first, start, stop, turn.text[start:stop], turn.start, turn.end))
    return evidence, more


def _closed(
    asked: Asked, transcripts: Transcripts, reach: Reach | None, too_slow: Mapping[int, str], unheard: Sequence[int]
) -> Iterator[tuple[int, Verdict, str]]:
    """The calls that are not decided by what was found, and what is said of them; what comes later counts."""
    for row, why in too_slow.items():
        yield row, Verdict.UNVERIFIED, why
    if reach and asked.window:
        missing = "no start" if asked.window.end == "first" else "no end"
        why = f"turns of the call have {missing}, so that the {asked.window.written} cannot be told"
        for row in (~reach.known).nonzero()[0].tolist():
            yield row, Verdict.UNVERIFIED, why
    for row in unheard:
        lists = ", ".join(sorted({name for names in asked.languages.values() for name in names if name}))
        yield row, Verdict.UNVERIFIED, f"the phrases are written for {lists}, not for the language of the call"
    if asked.speaker:
        for row in transcripts.silent(asked.speaker):
            yield row, Verdict.NOT_MET, f"{_SPOKEN_OF[asked.speaker]} says nothing in the call"
    for row in transcripts.silent(None):
        yield row, Verdict.UNVERIFIED, "the call has no words"


_SPOKEN_OF: Final = {"agent": "the agent", "customer": "the customer", "system": "the system", "other": "nobody else"}


class Judge:
    """Says what it means that phrases were found."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._said = lru_cache(maxsize=1000)(self._judged)
        speaker = f" by {_SPOKEN_OF[asked.speaker]}" if asked.speaker else ""
        window = f" in the {asked.window.written}" if asked.window else ""
        self._where = f"{speaker}{window}"

    def __call__(self, choice: Choice, found: frozenset[int]) -> tuple[Verdict, str]:
        """Verdict and reason for a call that was asked for some slots and in which some were found."""
        return self._said(choice, found)

    def _judged(self, choice: Choice, found: frozenset[int]) -> tuple[Verdict, str]:
        met = True
        sentences = []
        for part in self.asked.languages:
            slots = [n for n in choice if self.asked.slots[n].part == part]
            hit, missed = [n for n in slots if n in found], [n for n in slots if n not in found]
            holds, sentence = getattr(self, f"_{part}")(hit, missed)
            met &= holds
            sentences.append(sentence)
        return Verdict.MET if met else Verdict.NOT_MET, "; ".join(sentences)

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
