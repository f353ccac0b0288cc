"""Rows of CSV files as call records: what a heading means, which rows are none, what stands in a cell."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from typing import Final

from pauta.engine.loading.records import folded
from pauta.engine.model.calls import CALL_FIELDS
from pauta.engine.problems import Place, Problem

MAPS: Final = ("attributes", "metrics")
FIELDS: Final = tuple(name for name in CALL_FIELDS if name not in MAPS)
DELIMITERS: Final = (",", ";", "\t")
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?\Z", re.ASCII)
_SEPARATOR: Final = re.compile(r"sep=(.)\s*\Z")


def delimiter_in(first: str) -> tuple[str, int]:
    """The delimiter of a file by its first line, and how many lines stand above the heading: Excel writes `sep=;`."""
    said = _SEPARATOR.match(first)
    if said:
        return said[1], 1
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count), 0


def name_of(cell: str) -> str:
    """A heading in the spelling of the format where it is one of its fields; any other as it stands."""
    kind, dot, fact = cell.strip().partition(".")
    if dot and folded(kind) in MAPS:
        return f"{folded(kind)}.{fact.strip()}"
    return folded(cell) if folded(cell) in FIELDS else cell.strip()


def wrong_row(names: Sequence[str], row: Sequence[str], at: Place) -> Problem | None:
    """The problem of a row that has other cells than the heading."""
    extra = [cell for cell in row[len(names) :] if cell]
    extra += [cell for name, cell in zip(names, row, strict=False) if cell and not name]
    if len(row) >= len(names) and not extra:
        return None
    message = f"the row has {len(row)} cells, and the heading has {len(names)}"
    message = f"the cell '{extra[0]}' stands in a column without a name" if extra else message
    return Problem("E512", message, at, "is a delimiter missing, or one too many inside a text without quotes?")


def broken_row(error: csv.Error, at: Place) -> Problem:
    """The problem of a row that is no CSV."""
    if "end of data" in str(error):
        return Problem("E512", "a quote that opens in this row is never closed: the rows after it are lost", at)
    return Problem("E512", f"the row cannot be read: {error}", at, 'a quote inside a cell is written twice: ""')


def record_of(names: Sequence[str], row: Sequence[str]) -> Mapping[str, object]:
    """The record of a row, empty cells left out."""
    record: dict[str, object] = {}
    maps: dict[str, dict[str, object]] = {}
    for name, given in zip(names, row, strict=False):
        cell = given.strip()
        if not cell:
            continue
        kind, dot, fact = name.partition(".")
        if dot and kind in MAPS:
            maps.setdefault(kind, {})[fact] = number_in(cell) if kind == "metrics" else cell
        else:
            record[name] = number_in(cell) if name == "duration_s" else cell
    return {**record, **maps}


def number_in(cell: str) -> float | str:
    """A cell as a number, with a comma or a point before its decimals; as it stands where it is none."""
    return float(cell.replace(",", ".")) if _NUMBER.match(cell) else cell
