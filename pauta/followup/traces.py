"""Looking for words that should be gone: in the tables, and in the very bytes of the database's files."""

# ruff: noqa: S608  # the statements are put together from our own names alone

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pauta.store import AnyStore
from pauta.store.forgotten import FORGOTTEN
from pauta.store.ledger_tables import LEDGER
from pauta.store.tables import TABLES

PIECE: Final = 32
"""Words are looked for in pieces of so many characters: a longer text may lie across the edge of a page."""

SHORTEST: Final = 8
"""A shorter piece is found anywhere by chance."""

RUN: Final = 3
"""A text quotes another where so many words of it stand in a row."""

CHUNK: Final = 1 << 24

_WORD: Final = re.compile(r"\w+")
_ESCAPED: Final = re.compile(r'["\\\x00-\x1f\x7f\ufffd]+')
_FILES: Final = ("", "-wal", "-journal", "-shm")


class Words:
    """The words that were taken away. They are kept no longer than it takes to look for them."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._runs: set[tuple[str, ...]] = set()
        self._whole: set[tuple[str, ...]] = set()

    def add(self, texts: Iterable[str], *, quoted: bool = False) -> None:
        """Take texts in. quoted: others may quote them."""
        for text in texts:
            if text == FORGOTTEN:
                continue
            self._texts.add(text)
            if quoted:
                words = _words(text)
                self._runs.update(_runs(words, RUN))
                if len(words) in (1, 2) and len("".join(words)) >= SHORTEST:
                    self._whole.add(words)

    def quoted_in(self, text: str) -> bool:
        """Whether a text says some of it: three words in a row, or the whole of something short."""
        words = _words(text)
        found = any(run in self._runs for run in _runs(words, RUN))
        return found or any(run in self._whole for size in (1, 2) for run in _runs(words, size))

    def pieces(self) -> tuple[set[str], int]:
        """What is looked for, and how many pieces are too short to be looked for."""
        found, short = set(), 0
        for text in self._texts:
            for part in _ESCAPED.split(text):
                for start in range(0, len(part), PIECE):
                    piece = part[start : start + PIECE]
                    if len(piece) >= SHORTEST:
                        found.add(piece)
                    else:
                        short += 1
        return found, short


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


def _runs(words: tuple[str, ...], size: int) -> Iterator[tuple[str, ...]]:
    return (words[at : at + size] for at in range(len(words) - size + 1))


@dataclass
class Search:
    """What a search found.

    elsewhere: pieces that other records say too, by where. remains: pieces that nothing explains. files: what was
    read byte by byte, None where the database is a server's.
    """

    looked_for: int
    too_short: int
    elsewhere: dict[str, int] = field(default_factory=dict)
    remains: int = 0
    files: list[str] | None = None
    bytes_read: int = 0

    def as_json(self) -> dict[str, Any]:
        """The search as a map."""
        said = {
            "looked_for": self.looked_for,
            "too_short_to_look_for": self.too_short,
            "said_elsewhere": dict(sorted(self.elsewhere.items())),
            "found": self.remains,
        }
        if self.files is None:
            note = "searched by SQL after every table was written anew; the server's log and its backups still hold it"
            return {**said, "by": "sql", "note": note}
        note = "backups and copies of these files made before still hold it"
        return {**said, "by": "bytes", "files": self.files, "bytes": self.bytes_read, "note": note}


def search(store: AnyStore, words: Words) -> Search:
    """Look for words in a database: in its files where it has any, else in every text of every table.

    A piece that is in the files is looked for in the tables: other calls may say the same, and keep it.
    """
    pieces, short = words.pieces()
    found = Search(len(pieces), short)
    path = getattr(store, "path", None)
    if path is None:
        _in_tables(store, pieces, found)
        return found
    files = [each for end in _FILES if (each := Path(f"{path}{end}")).exists()]
    found.files = [each.name for each in files]
    there = {piece for each in files for piece in _in_file(each, pieces, found)}
    explained = _in_tables(store, there, found)
    schema = [str(row["sql"] or "") for row in store.read("SELECT sql FROM sqlite_master")] if there else []
    explained |= {piece for piece in there if any(piece in text for text in schema)}
    found.remains = len(there - explained)
    return found


def _in_file(path: Path, pieces: Iterable[str], found: Search) -> Iterator[str]:
    left = {piece.encode(errors="surrogatepass"): piece for piece in pieces}
    edge = max(map(len, left), default=1) - 1
    tail = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.bytes_read += len(chunk)
            window = tail + chunk
            for each in [each for each in left if each in window]:
                yield left.pop(each)
            tail = window[-edge:] if edge else b""


def _in_tables(store: AnyStore, pieces: set[str], found: Search) -> set[str]:
    """The pieces that live rows say, counted by where."""
    seen: set[str] = set()
    for table, columns in ({**TABLES, **LEDGER} if pieces else {}).items():
        names = [name for name, kind in columns.items() if kind is str]
        query = ", ".join(f"CAST({name} AS text) AS c{place}" for place, name in enumerate(names))
        by_column: dict[str, set[str]] = {}
        for row in store.read(f"SELECT {query} FROM {table}"):
            for name, text in zip(names, row.values(), strict=True):
                if isinstance(text, str):
                    by_column.setdefault(name, set()).update(piece for piece in pieces if piece in text)
        for name, said in by_column.items():
            if said:
                found.elsewhere[f"{table}.{name}"] = len(said)
                seen |= said
    return seen
