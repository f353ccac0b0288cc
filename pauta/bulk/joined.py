"""Parquet files put end to end as they are: row groups are copied byte by byte, and only the footer is written anew.

A group of rows is encoded once, by whichever process scored it; the one writer of a file joins what they made. Reading
and encoding it all a second time would cost as much as the first. The footer is a structure in Thrift's compact
protocol (apache.org/thrift, apache/parquet-format). It is walked through once without being made into objects: all of
it is copied too, but for the fields that hold places in the file.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

MAGIC: Final = b"PAR1"
COPIED: Final = 1 << 22
"""So many bytes are copied at a time."""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
NUM_ROWS, ROW_GROUPS = 3, 4


@dataclass(frozen=True)
class Moving:
    """What changes in a struct that moves in the file, by the numbers of its fields.

    places: where something begins. inside: structs, or lists of them, in which something changes. left_out: is dropped.
    """

    places: frozenset[int]
    inside: Mapping[int, Moving] = field(default_factory=dict)
    left_out: frozenset[int] = frozenset()


CHUNK_META: Final = Moving(frozenset({9, 10, 11, 14}))
"""Of a column chunk: where its data, index and dictionary pages and its Bloom filter begin."""
CHUNK: Final = Moving(frozenset({2, 4, 6}), {3: CHUNK_META})
"""Where it begins, and its indexes of offsets and columns."""
GROUP: Final = Moving(frozenset({5}), {1: CHUNK}, left_out=frozenset({7}))
"""Its number among the others is left out: it may have one."""


class JoinedParquet:
    """A Parquet file in the making from whole ones of the same schema; `close` writes its footer."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._file: BinaryIO = path.open("wb")
        self._file.write(MAGIC)
        self._groups: list[bytes] = []
        self._others: list[tuple[int, int, bytes]] = []  # all other fields of the footer: number, type, value

    def append(self, made: bytes | memoryview) -> None:
        """Take all row groups of a Parquet file that is in memory."""
        view = memoryview(made)
        size = _footer_size(bytes(view[-8:]))
        begin = len(view) - 8 - size
        self._take(bytes(view[begin:-8]))
        self._file.write(view[len(MAGIC) : begin])

    def append_file(self, path: Path) -> None:
        """Take all row groups of a Parquet file on the disk."""
        with path.open("rb") as other:
            other.seek(-8, os.SEEK_END)
            end = other.tell()
            size = _footer_size(other.read(8))
            other.seek(end - size)
            self._take(other.read(size))
            other.seek(len(MAGIC))
            left = end - size - len(MAGIC)
            while left:
                copied = other.read(min(COPIED, left))
                self._file.write(copied)
                left -= len(copied)

    def _take(self, footer: bytes) -> None:
        by = self._file.tell() - len(MAGIC)
        reader = _Reader(footer)
        others: list[tuple[int, int, bytes]] = []
        for number, kind in reader.fields():
            if number == NUM_ROWS:
                self.rows += reader.number()
                others.append((number, kind, b""))
            elif number == ROW_GROUPS:
                _, size = reader.list_head()
                self._groups += [_moved(reader, GROUP, by) for _ in range(size)]
                others.append((number, kind, b""))
            else:
                others.append((number, kind, reader.skipped(kind)))
        self._others = self._others or others

    def close(self) -> None:
        """Write the footer; the file is whole and on the disk. There must have been a file to join."""
        begin = self._file.tell()
        last = 0
        for number, kind, value in self._others:
            made = bytearray()
            _field(made, last, number, kind)
            last = number
            if number == NUM_ROWS:
                _number(made, self.rows)
            elif number == ROW_GROUPS:
                _list_head(made, STRUCT, len(self._groups))
            self._file.write(made + value)
            if number == ROW_GROUPS:
                self._file.writelines(self._groups)
        self._file.write(b"\0")
        self._file.write(struct.pack("<I", self._file.tell() - begin) + MAGIC)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def drop(self) -> None:
        """Leave the file unfinished."""
        self._file.close()


def _footer_size(end: bytes) -> int:
    if end[4:] != MAGIC:
        raise ValueError("this is no whole Parquet file")
    return int(struct.unpack("<I", end[:4])[0])


def _moved(reader: _Reader, moving: Moving, by: int) -> bytes:
    """The struct that comes next as it is after it moved by so many bytes."""
    made = bytearray()
    last = 0
    for number, kind in reader.fields():
        if number in moving.left_out:
            reader.skip(kind)
            continue
        _field(made, last, number, kind)
        last = number
        if number in moving.places:
            place = reader.number()
            _number(made, place + by if place else 0)  # a place of 0 is none
        elif number not in moving.inside:
            made += reader.skipped(kind)
        elif kind == LIST:
            items, size = reader.list_head()
            _list_head(made, items, size)
            for _ in range(size):
                made += _moved(reader, moving.inside[number], by)
        else:
            made += _moved(reader, moving.inside[number], by)
    made.append(0)
    return bytes(made)


class _Reader:
    """Walks through bytes in the compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """The number and the type of each field of a struct; whoever asks takes or skips its value before the next."""
        number = 0
        while head := self._byte():
            step = head >> 4
            number = number + step if step else self.number()
            yield number, head & 15

    def number(self) -> int:
        """A whole number."""
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def list_head(self) -> tuple[int, int]:
        """The type of the items of a list, and how many there are."""
        head = self._byte()
        return head & 15, head >> 4 if head >> 4 < 15 else self._varint()

    def skipped(self, kind: int) -> bytes:
        """A value of a type as it is written."""
        begin = self._at
        self.skip(kind)
        return self._data[begin : self._at]

    def skip(self, kind: int) -> None:
        """Go on behind a value of a type."""
        if kind in (I16, I32, I64):
            while self._data[self._at] > 0x7F:
                self._at += 1
            self._at += 1
        elif kind == BINARY:
            size = self._varint()
            self._at += size
        elif kind == STRUCT:
            for _, each in self.fields():
                self.skip(each)
        elif kind in (LIST, SET):
            items, size = self.list_head()
            for _ in range(size):
                self.skip(BYTE if items <= FALSE else items)  # a truth that is no field of its own is a byte
        elif kind == BYTE:
            self._at += 1
        elif kind == DOUBLE:
            self._at += 8
        elif kind not in (TRUE, FALSE):
            raise ValueError("the footer of a Parquet file holds what is not known")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7


def _field(made: bytearray, last: int, number: int, kind: int) -> None:
    if 0 < number - last <= 15:
        made.append((number - last) << 4 | kind)
    else:
        made.append(kind)
        _number(made, number)


def _list_head(made: bytearray, kind: int, size: int) -> None:
    if size < 15:
        made.append(size << 4 | kind)
    else:
        made.append(0xF0 | kind)
        _varint(made, size)


def _number(made: bytearray, value: int) -> None:
    _varint(made, value << 1 if value >= 0 else (-value << 1) - 1)


def _varint(made: bytearray, value: int) -> None:
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
