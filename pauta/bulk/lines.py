"""JSONL files as inputs of the bulk path: pieces of whole lines, read by a typed reader.

A line in which all is as it should be becomes a row of the table at once. Any other line goes the way of the plain
path: the exact reader and the door of all records (engine/loading), which mend it or say what is wrong with it.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from pauta.bulk.laid import OF_TURNS, TEXTS, Laid
from pauta.bulk.layout import MAPS
from pauta.bulk.pieces import Piece, Taken, usual_rows
from pauta.bulk.reading import Entry, RecordsInput, passing, taken
from pauta.engine.loading.json_lines import MOST_BYTES, may_hide_names, names_in, record_in, wrong_file
from pauta.engine.model.calls import SPEAKERS
from pauta.engine.problems import Place, Problem

BLOCK: Final = 1 << 20
"""So many bytes of a file are looked at in one go for where its lines end."""
PIECE_BYTES: Final = 32 * BLOCK
"""A piece has no more lines once it has so many bytes, however few they are."""


SPACE: Final = [ord(" "), ord("\t"), ord("\r")]


class LinesInput(RecordsInput):
    """A JSONL file of calls."""

    @cached_property
    def has_turns(self) -> bool:
        """Whether lines at its beginning hold what was said."""
        with Path(self.path).open("rb") as stream:
            return b'"turns"' in stream.read(BLOCK)

    @cached_property
    def rows(self) -> int:
        """How many lines it has."""
        with Path(self.path).open("rb") as stream:
            count, last = 0, b"\n"
            while block := stream.read(BLOCK):
                count, last = count + block.count(b"\n"), block[-1:]
        return count + (last != b"\n")

    def unfit(self) -> str | None:
        """There is nothing that stands against it. Raises OSError where it cannot be read."""
        with Path(self.path).open("rb"):
            return None

    def pieces(self, number: int, most: int | None = None) -> Iterator[Piece]:
        """As many lines as are wanted, fewer where they are long."""
        most = most or usual_rows(self)
        with Path(self.path).open("rb") as stream:
            if self._wrong(stream) is not None:
                yield Piece(number, 1, self.rows, (0, 0))
                return
            start, first, line = 0, 1, 1
            for end in line_ends(stream):
                line += 1
                if line - first == most or end - start >= PIECE_BYTES:
                    yield Piece(number, first, line - first, (start, end))
                    start, first = end, line
            stop = stream.tell()
            if stop > start:
                yield Piece(number, first, line - first + (0 if _ends_whole(stream) else 1), (start, stop))

    def _wrong(self, stream: BinaryIO) -> Problem | None:
        """What is wrong with the file as a whole; the stream stands at its begin again."""
        first = stream.readline(BLOCK).removeprefix(BOM_UTF8)
        stream.seek(0)
        return wrong_file(first, self.path)

    def read(self, piece: Piece) -> Taken:
        """The calls of a piece, and what is wrong with its other lines."""
        start, stop = piece.where
        with Path(self.path).open("rb") as stream:
            wrong = self._wrong(stream) if stop == 0 else None
            if wrong is not None:
                return Taken(Laid([]).batch, np.zeros(0, np.int64), [(0, None, wrong)])
            stream.seek(start)
            text = stream.read(min(stop - start, PIECE_BYTES + MOST_BYTES + 1))  # a last line beyond that is no call
        if start == 0:
            text = text.removeprefix(BOM_UTF8)
        return _Reading(self.path, piece.first_row, text).taken(self.keep_facts)


def line_ends(stream: BinaryIO) -> Iterator[int]:
    """Where lines end: the place behind each newline."""
    at = stream.tell()
    while block := stream.read(BLOCK):
        yield from (np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")) + (at + 1)).tolist()
        at += len(block)


def _ends_whole(stream: BinaryIO) -> bool:
    stream.seek(-1, 1)
    return stream.read(1) == b"\n"


class _Reading:
    """The lines of a piece on their way to columns; they are known by their numbers in the file."""

    def __init__(self, path: str, first: int, text: bytes) -> None:
        self._path, self._text = path, text
        lines = text.split(b"\n")
        self._ends_whole = not lines[-1]
        self._lines = dict(enumerate(lines[:-1] if self._ends_whole else lines, first))

    def taken(self, keep_facts: bool) -> Taken:
        """What was read."""
        decode = _decoder()
        quick, laid = (self._quickly(decode), None) if decode else ({}, None)
        if quick:
            laid = Laid(list(quick.values()), _absent())
            kept = self._named_once(passing(quick, laid, self._path), quick, laid)
            if len(kept) < len(quick):
                quick, laid = kept, None
        slow = [number for number in self._lines if number not in quick]
        return taken(quick, laid, self._exactly(slow), _absent(), keep_facts=keep_facts)

    def _quickly(self, decode: Callable[[bytes], Any]) -> dict[int, Any]:
        """The rows of lines that are as they should be, as far as a typed reader sees that."""
        hidden = may_hide_names(self._text)
        rows: dict[int, Any] = {}
        for number, line in self._lines.items():
            try:
                row = decode(line)
            except (ValueError, RecursionError):
                continue
            if not (hidden and may_hide_names(line)) and len(line) < MOST_BYTES:
                rows[number] = row
        return rows

    def _named_once(self, kept: dict[int, Any], rows: dict[int, Any], laid: Laid) -> dict[int, Any]:
        """The rows that are kept without those in which a field is written twice: the typed reader takes the last."""
        whole = len(rows) == len(self._lines)
        names = _names_in(self._text) if whole else sum(names_in(self._lines[number]) for number in rows)
        if names == laid.fields:
            return kept
        counted = ((number, row, Laid([row], _absent()).fields) for number, row in kept.items())
        return {number: row for number, row, fields in counted if names_in(self._lines[number]) == fields}

    def _exactly(self, slow: Sequence[int]) -> Iterator[Entry]:
        """The records of some lines; blank ones have none."""
        last = max(self._lines, default=0)
        for number in slow:
            line = self._lines[number]
            whole = line if number == last and not self._ends_whole else line + b"\n"
            if len(whole) > MOST_BYTES or whole.strip():
                yield record_in(whole, Place(self._path, number, 1))


def _names_in(text: bytes) -> int:
    """As `names_in`, for millions of bytes: of those that are colons, the ones before them are looked at."""
    letters = np.frombuffer(text, dtype=np.uint8)
    colons = np.flatnonzero(letters[2:] == ord(":"))  # nothing that is JSON has one at its first two places
    before = letters[1:][colons]
    if np.isin(before, SPACE).any():
        return names_in(text)
    return int(((before == ord('"')) & (letters[colons] != ord("\\"))).sum())


@cache
def _decoder() -> Any:
    """The typed reader of a line; None where msgspec is not installed, which comes with pauta[fast]."""
    try:
        import msgspec
    except ImportError:
        return None
    from typing import Literal

    absent: Any = msgspec.UNSET
    second: Any = float | msgspec.UnsetType | None
    kinds = {"speaker": Literal[SPEAKERS], "text": str, "start": second, "end": second, "sentiment": second}
    turn: Any = msgspec.defstruct(
        "QuickTurn",
        [("speaker", kinds["speaker"]), ("text", str), *((name, kinds[name], absent) for name in OF_TURNS[2:])],
        forbid_unknown_fields=True,
        gc=False,
    )
    text: Any = str | msgspec.UnsetType | None
    facts: Any = dict[str, str | int | float | bool | None] | msgspec.UnsetType | None
    spoken: Any = list[turn] | msgspec.UnsetType | None
    line = msgspec.defstruct(
        "QuickLine",
        [
            ("call_id", str),
            *((name, text, absent) for name in TEXTS if name != "call_id"),
            ("duration_s", second, absent),
            *((name, facts, absent) for name in MAPS),
            ("turns", spoken, absent),
        ],
        forbid_unknown_fields=True,
        gc=False,
    )
    return msgspec.json.Decoder(line).decode


@cache
def _absent() -> Any:
    """What stands for a field that a line does not have."""
    try:
        import msgspec
    except ImportError:
        return None
    return msgspec.UNSET
