"""Parquet files put end to end as they are: row groups are copied byte by byte, and only the footer is written anew.

A group of rows is encoded once, by whichever process scored it; the one writer of a file joins what they made. Reading
and encoding it all a second time would cost as much as the first. The footer is a structure in Thrift's compact
protocol (apache.org/thrift, apache/parquet-format); it is read as a tree without knowing its fields, but for those that
hold places in the file.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

MAGIC: Final = b"PAR1"
COPIED: Final = 1 << 22
"""So many bytes are copied at a time."""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
Fields: TypeAlias = dict[int, tuple[int, Any]]
"""A struct: the number of a field -> its type and its value, in order."""

SCHEMA, NUM_ROWS, ROW_GROUPS = 2, 3, 4
COLUMNS, GROUP_ROWS, GROUP_OFFSET, ORDINAL = 1, 3, 5, 7
CHUNK_OFFSET, CHUNK_META, OFFSET_INDEX, COLUMN_INDEX = 2, 3, 4, 6
PAGE_OFFSETS: Final = (9, 10, 11, 14)
"""Of a column chunk: where its data, index and dictionary pages and its Bloom filter begin."""


class JoinedParquet:
    """A Parquet file in the making from whole ones of the same schema; `close` writes its footer."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._file: BinaryIO = path.open("wb")
        self._file.write(MAGIC)
        self._groups: list[bytes] = []
        self._footer: Fields = {}

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
        fields = _Reader(footer).struct()
        moved = self._file.tell() - len(MAGIC)
        self.rows += fields[NUM_ROWS][1]
        for group in fields[ROW_GROUPS][1][1]:
            _move(group, moved)
            self._groups.append(_struct(group))
        if not self._footer:
            self._footer = fields

    def close(self) -> None:
        """Write the footer; the file is whole and on the disk. There must have been a file to join."""
        footer = bytearray()
        last = 0
        for number, (kind, value) in self._footer.items():
            _field(footer, last, number, kind)
            last = number
            if number == NUM_ROWS:
                _number(footer, self.rows)
            elif number == ROW_GROUPS:
                _list_head(footer, STRUCT, len(self._groups))
                footer += b"".join(self._groups)
            else:
                _value(footer, kind, value)
        footer.append(0)
        self._file.write(footer)
        self._file.write(struct.pack("<I", len(footer)) + MAGIC)
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


def _move(group: Fields, by: int) -> None:
    """Set the places in a row group to where they are now. Its number among the others is left out: it may have one."""
    group.pop(ORDINAL, None)
    _shift(group, (GROUP_OFFSET,), by)
    for chunk in group[COLUMNS][1][1]:
        _shift(chunk, (OFFSET_INDEX, COLUMN_INDEX), by)
        _shift(chunk, (CHUNK_OFFSET,), by)
        _shift(chunk[CHUNK_META][1], PAGE_OFFSETS, by)


def _shift(fields: Fields, numbers: tuple[int, ...], by: int) -> None:
    for number in numbers:
        if number in fields and fields[number][1]:  # a place of 0 is none
            kind, place = fields[number]
            fields[number] = (kind, place + by)


@dataclass
class _Reader:
    """Reads a tree in the compact protocol. A list is (type of its items, items)."""

    data: bytes
    at: int = field(default=0)

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def struct(self) -> Fields:
        fields: Fields = {}
        number = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self._number()
            fields[number] = (kind, self._value(kind))
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (I16, I32, I64):
            return self._number()
        if kind == BINARY:
            size = self._varint()
            self.at += size
            return self.data[self.at - size : self.at]
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._varint()
            items = head & 15
            return items, [self._byte() if items <= FALSE else self._value(items) for _ in range(size)]
        if kind == BYTE:
            return self._byte()
        if kind == DOUBLE:
            self.at += 8
            return self.data[self.at - 8 : self.at]
        if kind in (TRUE, FALSE):
            return kind == TRUE
        raise ValueError("the footer of a Parquet file holds what is not known")


def _struct(fields: Fields) -> bytes:
    made = bytearray()
    _struct_into(made, fields)
    return bytes(made)


def _struct_into(made: bytearray, fields: Fields) -> None:
    last = 0
    for number, (kind, value) in fields.items():
        _field(made, last, number, kind)
        last = number
        _value(made, kind, value)
    made.append(0)


def _field(made: bytearray, last: int, number: int, kind: int) -> None:
    if 0 < number - last <= 15:
        made.append((number - last) << 4 | kind)
    else:
        made.append(kind)
        _number(made, number)


def _value(made: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        _number(made, value)
    elif kind == BINARY:
        _varint(made, len(value))
        made += value
    elif kind == STRUCT:
        _struct_into(made, value)
    elif kind in (LIST, SET):
        items, values = value
        _list_head(made, items, len(values))
        for each in values:
            if items <= FALSE:
                made.append(each)
            else:
                _value(made, items, each)
    elif kind == BYTE:
        made.append(value)
    elif kind == DOUBLE:
        made += value


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
