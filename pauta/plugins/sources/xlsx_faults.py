"""Cells of a workbook that hold an error or a formula without a result: its reader gives them out as empty ones."""

import html
import re
import zipfile
from collections.abc import Iterator
from typing import Final

from pauta import Place, Problem

MOST_TOLD: Final = 20
"""So many cells of one sheet are told."""

_ATTRIBUTE: Final = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SHEET: Final = re.compile(rb"<(?:\w+:)?sheet\s([^>]*)>")
_LINK: Final = re.compile(rb"<(?:\w+:)?Relationship\s([^>]*)>")
_C: Final = rb"<(?:\w+:)?c\s([^<>]{1,200})>"
_F: Final = rb"<(?:\w+:)?f\b[^<>]{0,300}(?:/>|>[^<]{0,9000}</(?:\w+:)?f>)"
_ERROR: Final = re.compile(_C + rb"(?:" + _F + rb")?<(?:\w+:)?v>(#[^<]{1,20})<")
_NO_RESULT: Final = re.compile(_C + _F + rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>")


def faults_of(path: str, sheet: str) -> Iterator[Problem]:
    """The problems of cells of a sheet that hold no value, though something stands in them."""
    part = _part_of(path, sheet)
    found = [] if part is None else [*_errors(part), *_without_result(part)]
    for cell, what, hint in found[:MOST_TOLD]:
        at = Place(path, int(re.sub("[A-Z]+", "", cell)), 1, f"{sheet}!{cell}")
        yield Problem("E566", f"the cell holds {what}, and no value", at, hint)
    if len(found) > MOST_TOLD:
        more = len(found) - MOST_TOLD
        yield Problem("E566", f"{more:,} more cells of sheet '{sheet}' hold errors or formulas", Place(path))


def _errors(part: bytes) -> Iterator[tuple[str, str, str]]:
    for found in _ERROR.finditer(part):
        about = _attributes(found[1])
        if about.get("t") == "e" and "r" in about:
            yield about["r"], f"the error {found[2].decode()}", "write the value itself into the cell"


def _without_result(part: bytes) -> Iterator[tuple[str, str, str]]:
    for found in _NO_RESULT.finditer(part):
        about = _attributes(found[1])
        if about.get("t") not in ("str", "e") and "r" in about:  # a formula whose result is an empty text has one
            yield about["r"], "a formula that nobody has worked out", "open the sheet in Excel, and save it"


def _part_of(path: str, sheet: str) -> bytes | None:
    """The XML of a sheet; None where the file is no workbook of this kind."""
    try:
        with zipfile.ZipFile(path) as parts:
            links = {}
            for found in _LINK.finditer(parts.read("xl/_rels/workbook.xml.rels")):
                link = _attributes(found[1])
                links[link.get("Id")] = link.get("Target", "")
            for found in _SHEET.finditer(parts.read("xl/workbook.xml")):
                about = _attributes(found[1])
                if about.get("name") == sheet:
                    target = links.get(next((value for name, value in about.items() if name.endswith(":id")), ""), "")
                    return parts.read(target.removeprefix("/") if target.startswith("/") else f"xl/{target}")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    return None


def _attributes(written: bytes) -> dict[str, str]:
    return {
        found[1].decode(): html.unescape((found[2] or found[3] or b"").decode("utf-8", "replace"))
        for found in _ATTRIBUTE.finditer(written)
    }
