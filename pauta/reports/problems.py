"""Problems as people and machines read them: text, JSON, GitHub annotations, SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote

from pauta import __version__
from pauta.engine.codes import page, title
from pauta.engine.problems import Place, Problem, Severity, in_order


def render_problems(problems: Iterable[Problem], format: str, *, root: Path | None = None) -> str:
    """All problems in one of FORMATS, in the order of files and lines; files below `root` are shown from there on.

    ValueError where the format is none.
    """
    if format not in _RENDERERS:
        raise ValueError(f"there is no format '{format}' of problems; there are: {', '.join(FORMATS)}")
    return _RENDERERS[format](in_order(problems), root)


def _shown(place: Place | None, root: Path | None) -> str:
    """The file as people see it from `root`."""
    if place is None:
        return ""
    path = PurePath(place.file)
    if root is not None and path.is_absolute() and path.is_relative_to(root.resolve()):
        return str(path.relative_to(root.resolve()))
    return place.file


def _text(problems: Sequence[Problem], root: Path | None) -> str:
    lines: list[str] = []
    for each in problems:
        place = each.place and replace(each.place, file=_shown(each.place, root))
        lines.append(_printable(f"{place}  {each.code}  {each.message}" if place else f"{each.code}  {each.message}"))
        if each.hint:
            lines.append(_printable(f"    hint: {each.hint}"))
    return "\n".join([*lines, *([""] if lines else []), summary(problems)])


def _printable(text: str) -> str:
    """The text on one line, without characters that would move a terminal's cursor: cards may come from strangers."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def summary(problems: Sequence[Problem]) -> str:
    """How many errors and warnings there are, in how many files."""
    errors = sum(each.severity is Severity.ERROR for each in problems)
    parts = [_counted(errors, "error"), _counted(len(problems) - errors, "warning")]
    found = " and ".join(part for part in parts if part)
    files = len({each.place.file for each in problems if each.place})
    where = f" in {files} files" if files > 1 else ""
    return f"{found}{where}" if found else "no problems"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}" if count else ""


def _json(problems: Sequence[Problem], root: Path | None) -> str:
    records = [
        {
            "file": _shown(each.place, root) or None,
            "line": each.place.line if each.place and each.place.line else None,
            "column": each.place.column if each.place and each.place.line else None,
            **({"cell": each.place.cell} if each.place and each.place.cell else {}),
            "code": each.code,
            "severity": each.severity.value,
            "message": each.message,
            "hint": each.hint,
        }
        for each in problems
    ]
    return json.dumps(records, ensure_ascii=False, indent=2)


def _github(problems: Sequence[Problem], root: Path | None) -> str:
    """Workflow commands, which GitHub shows beside the line: `::error file=..,line=..,col=..,title=..::sentence`."""
    lines: list[str] = []
    for each in problems:
        properties: list[tuple[str, object]] = []
        if each.place:
            properties.append(("file", PurePath(_shown(each.place, root)).as_posix()))
        if each.place and each.place.line:
            properties += [("line", each.place.line), ("col", each.place.column)]
        properties.append(("title", f"{each.code} {title(each.code) or ''}".strip()))
        written = ",".join(f"{name}={_escaped_property(str(value))}" for name, value in properties)
        text = f"{each.message}\nhint: {each.hint}" if each.hint else each.message
        lines.append(f"::{each.severity.value} {written}::{_escaped(text)}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(problems: Sequence[Problem], root: Path | None) -> str:
    """SARIF 2.1.0, one run; each rule carries the page of its code."""
    codes = list(dict.fromkeys(each.code for each in problems))
    driver = {"name": "pauta", "version": __version__, "rules": [_rule(code) for code in codes]}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, codes.index(each.code), root) for each in problems],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2)


def _rule(code: str) -> dict[str, Any]:
    name = title(code) or code
    help_text = page(code) or name
    return {
        "id": code,
        "shortDescription": {"text": name},
        "help": {"text": help_text, "markdown": help_text},
        "defaultConfiguration": {"level": "warning" if code.startswith("W") else "error"},
    }


def _result(problem: Problem, rule: int, root: Path | None) -> dict[str, Any]:
    text = f"{problem.message}\nHint: {problem.hint}" if problem.hint else problem.message
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": text},
    }
    if problem.place:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(_shown(problem.place, root))}}
        if problem.place.line:
            physical["region"] = {"startLine": problem.place.line, "startColumn": max(problem.place.column, 1)}
        result["locations"] = [{"physicalLocation": physical}]
    return result


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


_RENDERERS: Final[dict[str, Callable[[Sequence[Problem], Path | None], str]]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}
FORMATS: Final = tuple(_RENDERERS)
