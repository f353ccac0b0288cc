r"""The words of many turns as one string of bytes, so that one pass finds every phrase in every call.

    Stretch      some turns in a row, folded: b" w1 w2 \n w3 ", a byte for each letter
    Folded       all turns that a pass is to look through, stretch by stretch

A line feed parts turns; no phrase holds one, so none crosses. Where a byte came from is worked out for hits alone: what
the folding left out is kept, the rest is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from pauta.plugins.criteria.phrases.folding import OTHER, Word, byte_of, is_mark, letter, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLANK: Final = 0x20
TURN: Final = 0x0A
_UNKNOWN, _NOTHING, _SEVERAL = 0, 1, 2
"""Classes of characters beside those that become one byte. SEVERAL: the turn must be folded word by word."""

STRETCH: Final = 1 << 18
"""About how many characters are folded at a time: enough to forget the price of a call, few enough for the caches."""
_JOINT: Final = "   "


def _class(code: int) -> int:
    """The byte of a character as it is written, or NOTHING or SEVERAL."""
    character = chr(code)
    if is_mark(character):
        return _SEVERAL
    becomes = letter(character)
    return _NOTHING if not becomes else byte_of(becomes) if len(becomes) == 1 else _SEVERAL


@cache
def _latin_classes() -> bytes:
    return bytes(map(_class, range(0x100)))


@cache
def _classes() -> NDArray[np.uint8]:
    """The class of every code point; UNKNOWN until one is met."""
    import numpy as np

    classes = np.zeros(0x110000, dtype=np.uint8)
    classes[:0x100] = np.frombuffer(_latin_classes(), dtype=np.uint8)
    return classes


def _classified(text: str) -> NDArray[np.uint8]:
    """(characters,) uint8: the class of each character of a text."""
    import numpy as np

    try:
        return np.frombuffer(bytearray(text.encode("latin-1").translate(_latin_classes())), dtype=np.uint8)
    except UnicodeEncodeError:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    classes = _classes()
    found = classes[codes]
    if not found.all():
        for code in np.unique(codes[found == _UNKNOWN]).tolist():
            classes[code] = _class(code)
        found = classes[codes]
    return found


class Stretch:
    """Turns in a row, folded into one string of bytes.

    folded: (bytes,) uint8. begins, ends: (turns,) int64, where each turn's words stand in it, with a blank before and
    after them; `first` is the number of the first turn among all that are folded.
    """

    def __init__(self, texts: Sequence[str], first: int) -> None:
        import numpy as np

        self.first = first
        self._texts = texts
        self._rewritten: dict[int, list[Word]] = {}
        classes, offsets = self._joined(texts)
        if (classes == _SEVERAL).any():
            classes, offsets = self._rewrite(classes, offsets)
        classes[offsets[1:] - len(_JOINT) + 1] = TURN
        self._offsets = offsets
        blank = classes == BLANK
        keep = classes != _NOTHING
        keep[1:] &= ~(blank[1:] & blank[:-1])
        folded = classes[keep]
        again = (folded[1:] == BLANK) & (folded[:-1] == BLANK)  # blanks with nothing but an apostrophe between them
        if again.any():
            keep[np.flatnonzero(keep)[1:][again]] = False
            folded = classes[keep]
        left_out = np.flatnonzero(~keep)
        self._left_out = left_out - np.arange(len(left_out))
        self.folded: NDArray[np.uint8] = folded
        parted = np.flatnonzero(folded == TURN)
        self.begins = np.concatenate([[0], parted + 1])
        self.ends = np.append(parted, len(folded))

    @staticmethod
    def _joined(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The classes of all characters, and where each text begins in them."""
        import numpy as np

        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + len(_JOINT)
        return _classified(_JOINT.join(["", *texts, ""])), len(_JOINT) + np.cumsum(lengths) - lengths

    def _rewrite(
        self, classes: NDArray[np.uint8], offsets: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Put folded words in place of the turns that hold a ligature, a mark of its own or the like."""
        import numpy as np

        turns = np.unique(np.searchsorted(offsets, np.flatnonzero(classes == _SEVERAL), side="right") - 1)
        self._rewritten = {turn: words_of(self._texts[turn]) for turn in turns.tolist()}
        texts = [
            " ".join(word.text for word in self._rewritten[turn]) if turn in self._rewritten else text
            for turn, text in enumerate(self._texts)
        ]
        classes, offsets = self._joined(texts)
        classes[classes == _SEVERAL] = OTHER
        return classes, offsets

    @cached_property
    def raw(self) -> bytes:
        """`folded` as bytes, for searches of single turns."""
        return self.folded.tobytes()

    @cached_property
    def blanks(self) -> NDArray[np.int64]:
        """Where the blanks are. A turn of n words has n + 1: one before each word, one after the last."""
        import numpy as np

        return np.flatnonzero(self.folded == BLANK)

    @cached_property
    def first_blanks(self) -> NDArray[np.int64]:
        """(turns,) int64: which blank comes before the first word of each turn."""
        import numpy as np

        return np.searchsorted(self.blanks, self.begins)

    def word_counts(self) -> NDArray[np.int64]:
        """(turns,) int64: how many words each turn has."""
        import numpy as np

        return np.diff(self.first_blanks, append=len(self.blanks)) - 1

    def turns_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """In which turn of the stretch each place in `folded` lies."""
        import numpy as np

        return np.searchsorted(self.begins, places, side="right") - 1

    def words_at(self, places: NDArray[np.int64], turns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which words of their turns come after the blanks at some places."""
        import numpy as np

        return np.searchsorted(self.blanks, places) - self.first_blanks[turns]

    def located(
        self, turns: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where words low to high (not taken in) of turns of the stretch start and stop in the texts of these turns."""
        first = self.first_blanks[turns]
        starts = self._origin(self.blanks[first + low] + 1) - self._offsets[turns]
        stops = self._origin(self.blanks[first + high] - 1) - self._offsets[turns] + 1
        for n, turn in enumerate(turns.tolist() if self._rewritten else ()):
            if turn in self._rewritten:
                words = self._rewritten[turn]
                starts[n], stops[n] = words[low[n]].start, words[high[n] - 1].stop
        return starts, stops

    def _origin(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        import numpy as np

        return places + np.searchsorted(self._left_out, places, side="right")


class Folded:
    """Turns, counted through from 0, and their folded words, made when they are first asked for."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._words: dict[int, list[Word]] = {}

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The folded words of all turns."""
        import numpy as np

        lengths = np.fromiter(map(len, self.texts), dtype=np.int64, count=len(self.texts))
        until = np.cumsum(lengths)
        made, first = [], 0
        while first < len(lengths):
            before = until[first] - lengths[first]
            last = int(np.searchsorted(until, before + STRETCH)) + 1
            made.append(Stretch(self.texts[first:last], first))
            first = last
        return made

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """The number of the first turn of each stretch."""
        import numpy as np

        return np.array([stretch.first for stretch in self.stretches], dtype=np.int64)

    @cached_property
    def word_counts(self) -> NDArray[np.int64]:
        """(turns,) int64: how many words each turn has."""
        import numpy as np

        return np.concatenate([np.zeros(0, dtype=np.int64), *(stretch.word_counts() for stretch in self.stretches)])

    @cached_property
    def spoken(self) -> NDArray[np.bool_]:
        """(turns,) bool: whether a turn has a word."""
        import numpy as np

        lengths = [stretch.ends - stretch.begins for stretch in self.stretches]
        return np.concatenate([np.zeros(0, dtype=np.int64), *lengths]) > 1

    def by_stretch(self, turns: NDArray[np.int64]) -> Iterator[tuple[Stretch, NDArray[np.int64]]]:
        """The stretches that hold some turns, and which of the turns lie in each."""
        import numpy as np

        if not len(turns):
            return
        if len(self.stretches) == 1:
            yield self.stretches[0], np.arange(len(turns))
            return
        number = np.searchsorted(self.firsts, turns, side="right") - 1
        order = np.argsort(number, kind="stable")
        held, begins = np.unique(number[order], return_index=True)
        for n, at in zip(held.tolist(), np.split(order, begins[1:])):
            yield self.stretches[n], at

    def located(
        self, turns: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where words low to high (not taken in) of turns start and stop in the texts of these turns."""
        import numpy as np

        starts, stops = np.zeros_like(turns), np.zeros_like(turns)
        for stretch, at in self.by_stretch(turns):
            starts[at], stops[at] = stretch.located(turns[at] - stretch.first, low[at], high[at])
        return starts, stops

    def words(self, turn: int) -> list[Word]:
        """The words of one turn."""
        if turn not in self._words:
            self._words[turn] = words_of(self.texts[turn])
        return self._words[turn]
