"""From what was found to what is said about each call: verdict, evidence, reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias

from pauta import CallBatch, Evidence, Findings, Verdict
from pauta.plugins.criteria.phrases.asked import ALL_LANGUAGES, Asked
from pauta.plugins.criteria.phrases.matcher import Hits
from pauta.plugins.criteria.phrases.search import Place, Search
from pauta.plugins.criteria.phrases.transcripts import SPEAKERS, Transcripts
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


def find(asked: Asked, first_slot: int, hits: Hits, transcripts: Transcripts, batch: CallBatch) -> Findings:
    """What one use says about every call of a batch."""
    import numpy as np

    speaks = np.ones(len(transcripts.turns), dtype=np.bool_)
    if asked.speaker:
        speaks = transcripts.speakers == SPEAKERS.index(asked.speaker)
    window = asked.window
    reach = batch.once(("phrase.reach", window), lambda: window.reach(transcripts)) if window else None
    heard = speaks & reach.inside if reach else speaks
    too_slow: dict[int, str] = {}
    places = Search(asked, first_slot, hits, transcripts, heard, reach).places(too_slow)
    choices, choice_of = _choices(asked, batch)
    nothing = [Judge(asked)(choice or (), frozenset()) for choice in choices]
    verdicts = np.array([verdict for verdict, _ in nothing], dtype=np.uint8)[choice_of]
    reasons = {row: nothing[choice][1] for row, choice in enumerate(choice_of.tolist())}
    evidence = _weigh(asked, places, transcripts, (choices, choice_of), verdicts, reasons)
    for row, why in too_slow.items():
        verdicts[row], reasons[row] = Verdict.UNVERIFIED, why
        evidence.pop(row, None)
    no_list = np.array([choice is None for choice in choices], dtype=np.bool_)[choice_of]
    for closed, verdict, why in _closed(asked, transcripts, speaks, reach, no_list):
        for row in np.flatnonzero(closed).tolist():
            verdicts[row], reasons[row] = verdict, why
            evidence.pop(row, None)
    return Findings(verdicts, {}, evidence, reasons)


def _choices(asked: Asked, batch: CallBatch) -> tuple[list[Choice | None], NDArray[np.integer]]:
    """What calls are asked for, by language, and which of these holds for each row."""
    import numpy as np

    everywhere = np.zeros(batch.size, dtype=np.int64)
    if all(languages == (ALL_LANGUAGES,) for languages in asked.languages.values()):
        return [asked.chosen(None)], everywhere
    column = getattr(batch.subject("call.language"), "column", None)
    if column is None:
        return [asked.chosen(None)], everywhere
    return [asked.chosen(None if value is None else str(value)) for value in column.values], column.codes


def _weigh(
    asked: Asked,
    places: Sequence[Place],
    transcripts: Transcripts,
    choices: tuple[Sequence[Choice | None], NDArray[np.integer]],
    verdicts: NDArray[np.uint8],
    reasons: dict[int, str],
) -> dict[int, Sequence[Evidence]]:
    """The evidence of the calls in which something was found; their verdicts and reasons are put in place."""
    evidence: dict[int, Sequence[Evidence]] = {}
    judge = Judge(asked)
    row_of = transcripts.row[[place.turn for place in places]].tolist() if places else []
    for row, found in groupby(zip(row_of, places), key=lambda each: int(each[0])):
        choice = choices[0][choices[1][row]] or ()
        own = [place for _, place in found if place.slot in choice]
        if not own:
            continue
        verdicts[row], reasons[row] = judge(choice, frozenset(place.slot for place in own))
        spots = dict.fromkeys(place[:3] for place in own)
        if len(spots) > MOST_EVIDENCE:
            reasons[row] += f" ({len(spots)} places; the first {MOST_EVIDENCE} are kept)"
        evidence[row] = [_evidence(transcripts, row, *spot) for spot in list(spots)[:MOST_EVIDENCE]]
    return evidence


def _evidence(transcripts: Transcripts, row: int, number: int, start: int, stop: int) -> Evidence:
    turn = transcripts.turns[number]
    return Evidence(number - int(transcripts.first[row]), start, stop, turn.text[start:stop], turn.start, turn.end)


def _closed(
    asked: Asked,
    transcripts: Transcripts,
    speaks: NDArray[np.bool_],
    reach: Reach | None,
    no_list: NDArray[np.bool_],
) -> Iterator[tuple[NDArray[np.bool_], Verdict, str]]:
    """Which calls are not decided by what was found, and what is said instead; what comes later counts."""
    if reach and asked.window:
        missing = "no start" if asked.window.end == "first" else "no end"
        why = f"turns of the call have {missing}, so that the {asked.window.written} cannot be told"
        yield ~reach.known, Verdict.UNVERIFIED, why
    if no_list.any():
        lists = ", ".join(sorted({name for names in asked.languages.values() for name in names if name}))
        yield no_list, Verdict.UNVERIFIED, f"the phrases are written for {lists}, not for the language of the call"
    if asked.speaker:
        silent = ~transcripts.any_by_row(transcripts.spoken & speaks)
        yield silent, Verdict.NOT_MET, f"{_SPOKEN_OF[asked.speaker]} says nothing in the call"
    yield ~transcripts.any_by_row(transcripts.spoken), Verdict.UNVERIFIED, "the call has no words"


_SPOKEN_OF: Final = {"agent": "the agent", "customer": "the customer", "system": "the system", "other": "nobody else"}


class Judge:
    """Says what phrases found mean; each set of phrases is judged once."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._said: dict[tuple[Choice, frozenset[int]], tuple[Verdict, str]] = {}
        speaker = f" by {_SPOKEN_OF[asked.speaker]}" if asked.speaker else ""
        window = f" in the {asked.window.written}" if asked.window else ""
        self._where = f"{speaker}{window}"

    def __call__(self, choice: Choice, found: frozenset[int]) -> tuple[Verdict, str]:
        """Verdict and reason for a call that was asked for some slots and in which some were found."""
        key = (choice, found)
        if key not in self._said:
            self._said[key] = self._judged(choice, found)
        return self._said[key]

    def _judged(self, choice: Choice, found: frozenset[int]) -> tuple[Verdict, str]:
        met = True
        sentences = []
        for part in self._asked.languages:
            slots = [n for n in choice if self._asked.slots[n].part == part]
            hit, missed = [n for n in slots if n in found], [n for n in slots if n not in found]
            holds, sentence = getattr(self, f"_{part}")(hit, missed)
            met &= holds
            sentences.append(sentence)
        return Verdict.MET if met else Verdict.NOT_MET, "; ".join(sentences)

    def _any(self, hit: list[int], missed: list[int]) -> tuple[bool, str]:
        least = self._asked.at_least
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
        named = ", ".join(f'"{self._asked.slots[n].phrase.text}"' for n in slots[:_NAMED])
        more = len(slots) - _NAMED
        return f"{named} and {more} more" if more > 0 else named
