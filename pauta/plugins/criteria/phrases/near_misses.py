"""What a phrase finds in calls, and what it only just misses: for a designer who is still looking for the right words.

    try_phrase("your full name", calls, speaker="agent")     hits and near misses, call by call, turn by turn

A near miss is a turn in which the phrase stands but for one thing: a word in another form or misspelt, one or two words
in between, a word that is another or left out (of three or more), another speaker, or a place outside the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from pauta import Call, turns_of
from pauta.plugins.criteria.phrases.asked import ALL_LANGUAGES, Asked, Slot
from pauta.plugins.criteria.phrases.folding import Word, words_of
from pauta.plugins.criteria.phrases.language import Gap, Item, Sought, Spoken, Wording, read_phrase
from pauta.plugins.criteria.phrases.matcher import PhraseMatcher
from pauta.plugins.criteria.phrases.scan import Scan
from pauta.plugins.criteria.phrases.search import Place, Search
from pauta.plugins.criteria.phrases.transcripts import Transcripts
from pauta.plugins.criteria.phrases.window import Reach, read_window

AT_ONCE: Final = 200
AROUND: Final = 40
"""Letters of the turn that are shown on either side."""
_IN_BETWEEN: Final = 2


@dataclass(frozen=True, slots=True)
class TriedHit:
    """One place: `turn` counts from 0, `at` is in seconds. `near` is what keeps it from being a hit; None for a hit."""

    call_id: str
    turn: int
    speaker: str
    at: float | None
    start: int
    stop: int
    before: str
    quote: str
    after: str
    near: str | None = None


def try_phrase(
    phrase: str, calls: Iterable[Call], *, speaker: str | None = None, within: Mapping[str, object] | None = None
) -> Iterator[TriedHit]:
    """Hits and near misses of a phrase in calls, in their order; ValueError where the phrase or `within` is none."""
    sought = read_phrase(phrase)
    window = read_window(within) if within else None
    asked = Asked((Slot("any", ALL_LANGUAGES, sought),), {"any": (ALL_LANGUAGES,)}, speaker=speaker, window=window)
    return _tried(asked, iter(calls))


def _tried(asked: Asked, calls: Iterator[Call]) -> Iterator[TriedHit]:
    # what counts, and what would if anybody could say it anywhere
    matcher = PhraseMatcher([asked, replace(asked, speaker=None, window=None)])
    misses = NearMisses(asked.slots[0].phrase)
    while some := list(islice(calls, AT_ONCE)):
        yield from _tried_at_once(asked, matcher, misses, some)


def _tried_at_once(
    asked: Asked, matcher: PhraseMatcher, misses: NearMisses, calls: Sequence[Call]
) -> Iterator[TriedHit]:
    turns = turns_of(calls)
    transcripts, hits = Scan([(matcher, turns)]).of(matcher, turns)
    search = Search(matcher, hits, transcripts)
    reach, by = search.heard(0).reach, transcripts.by(asked.speaker)
    places: dict[int, list[tuple[Place, str | None]]] = {}
    for place in map(Place._make, search.places().T.tolist()):
        if place.slot == 0:
            places.setdefault(place.turn, []).append((place, None))
        elif not any(place.start < each.stop and each.start < place.stop for each, _ in places.get(place.turn, ())):
            why = _outside(asked, transcripts, reach, place.turn)
            places.setdefault(place.turn, []).append((place, why))
    for turn in range(len(transcripts)):
        if turn not in places and by[turn]:
            near = misses.best(words_of(transcripts.text(turn)))
            if near:
                places[turn] = [(Place(turn, near.start, near.stop, 0), near.why)]
        for place, near_by in sorted(places.get(turn, ())):
            yield _shown(transcripts, calls, place, near_by)


def _outside(asked: Asked, transcripts: Transcripts, reach: Reach | None, turn: int) -> str:
    """Why a place where the phrase was found does not count."""
    if asked.speaker and not transcripts.by(asked.speaker)[turn]:
        return f"said by '{transcripts.speaker(turn)}'"
    if reach is not None and not reach.known[transcripts.row[turn]]:
        return "turns of the call have no times"
    return f"not in the {asked.window.written}" if asked.window else "it overlaps another place"


def _shown(transcripts: Transcripts, calls: Sequence[Call], place: Place, near: str | None) -> TriedHit:
    row, text = int(transcripts.row[place.turn]), transcripts.text(place.turn)
    return TriedHit(
        call_id=calls[row].call_id,
        turn=place.turn - int(transcripts.first[row]),
        speaker=transcripts.speaker(place.turn),
        at=transcripts.start(place.turn),
        start=place.start,
        stop=place.stop,
        before=text[max(0, place.start - AROUND) : place.start],
        quote=text[place.start : place.stop],
        after=text[place.stop : place.stop + AROUND],
        near=near,
    )


@dataclass(frozen=True, slots=True, order=True)
class Near:
    """A near miss in a turn: `kind` says which of two is nearer, the lower one."""

    kind: int
    start: int
    stop: int
    why: str


OTHER_FORM, IN_BETWEEN, OTHER_WORD, LEFT_OUT = range(4)


class NearMisses:
    """The near misses of one phrase. A pattern has none."""

    def __init__(self, sought: Sought) -> None:
        self._wordings = sought.wordings
        self._written = {word.text: sought.text[word.start : word.stop] for word in words_of(sought.text)}

    def best(self, words: Sequence[Word]) -> Near | None:
        """The nearest miss in the words of a turn that does not hold the phrase."""
        held = {word.text for word in words}
        near = [miss for wording in self._wordings for miss in self._misses(wording, words, held)]
        return min(near, default=None)

    def _misses(self, wording: Wording, words: Sequence[Word], held: set[str]) -> Iterator[Near]:
        spoken = [item for item in wording if isinstance(item, Spoken)]
        if sum(not any(_is(item, text) for text in held) for item in spoken) > 1:
            return
        walk = _Walk(wording, words, self._written, may_leave_out=len(spoken) > 2)
        for low in range(len(words)):
            for high, kind, why in walk.from_item(0, low, None):
                yield Near(kind, words[low].start, words[high - 1].stop, why)


Fault = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Walk:
    """Every way through a wording from a word of a turn on, with one fault."""

    wording: Wording
    words: Sequence[Word]
    written: Mapping[str, str]
    may_leave_out: bool

    def from_item(self, n: int, at: int, fault: Fault | None) -> Iterator[tuple[int, int, str]]:
        """The word after the last, kind and reason for each way to go on with item n at a word."""
        if n == len(self.wording):
            if fault:
                yield at, *fault
            return
        item = self.wording[n]
        if isinstance(item, Gap):
            for left_out in range(min(item.most, len(self.words) - at) + 1):
                yield from self.from_item(n + 1, at + left_out, fault)
            return
        if at < len(self.words) and _is(item, self.words[at].text):
            yield from self.from_item(n + 1, at + 1, fault)
        elif fault is None:
            for further, found in self._faults(item, n, at):
                yield from self.from_item(n + 1, further, found)

    def _faults(self, item: Spoken, n: int, at: int) -> Iterator[tuple[int, Fault]]:
        wanted = self.written.get(item.text, item.text)
        if at < len(self.words) and _is_like(item, self.words[at].text):
            yield at + 1, (OTHER_FORM, f"'{self.words[at].text}', not '{wanted}'")
        if n and isinstance(self.wording[n - 1], Spoken):
            for further in range(at + 1, min(at + _IN_BETWEEN, len(self.words) - 1) + 1):
                if _is(item, self.words[further].text):
                    between = " ".join(word.text for word in self.words[at:further])
                    yield further + 1, (IN_BETWEEN, f"'{between}' stands in between")
        if self.may_leave_out and n:
            if at < len(self.words):
                yield at + 1, (OTHER_WORD, f"'{self.words[at].text}', not '{wanted}'")
            yield at, (LEFT_OUT, f"without '{wanted}'")
        elif self.may_leave_out and at < len(self.words) and _is(self.wording[1], self.words[at].text):
            yield at, (LEFT_OUT, f"without '{wanted}'")


def _is(item: Item, text: str) -> bool:
    if not isinstance(item, Spoken):
        return False
    return text.startswith(item.text) if item.stem else text == item.text


def _is_like(item: Spoken, text: str) -> bool:
    """Whether a word may be meant: a letter or two are wrong, or it is another form of the same stem."""
    wanted = item.text
    if item.stem:
        return len(wanted) > 3 and any(distance(wanted, text[: len(wanted) + n]) == 1 for n in (-1, 0, 1))
    shared = next((n for n, (one, other) in enumerate(zip(wanted, text)) if one != other), min(len(wanted), len(text)))
    shorter, longer = sorted((len(wanted), len(text)))
    if shared >= 4 and shared >= 0.6 * longer:
        return True
    return shorter > 3 and distance(wanted, text) <= (1 if longer < 8 else 2)


def distance(one: str, other: str) -> int:
    """How many letters must be changed, added, dropped or exchanged with the next to make one word of another."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, written in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != written))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == written:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]
