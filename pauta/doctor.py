"""What `pauta doctor` looks at, and what it says."""

from __future__ import annotations

import platform
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from pauta.engine.problems import ProblemsFound
from pauta.workspace import Workspace

PACKAGES: Final = (
    "pluggy", "pyyaml", "jsonschema", "cerberus", "sqlite-utils", "click", "numpy", "jinja2", "regex", "ahocorasick_rs",
)  # fmt: skip
WAL_SAFE: Final = (3, 51, 3)
WAL_SAFE_TOO: Final = ((3, 44, 6), (3, 50, 7))
"""Releases in which SQLite's WAL-reset fault is mended: these lines from these patches on, and everything later."""


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """One thing that was looked at. level: good, note (worth knowing) or bad (something will not work)."""

    level: str
    what: str
    said: str

    @property
    def bad(self) -> bool:
        """Whether something will not work."""
        return self.level == "bad"

    def as_map(self) -> dict[str, str]:
        """As data."""
        return {"level": self.level, "what": self.what, "said": self.said}


def examine() -> list[HealthFinding]:
    """Everything that doctor looks at, in order."""
    return [*_machine(), *_packages(), *_operation()]


def _machine() -> Iterator[HealthFinding]:
    good = sys.version_info >= (3, 11)
    yield HealthFinding("good" if good else "bad", "Python", platform.python_version())
    yield _sqlite(sqlite3.sqlite_version_info, sqlite3.sqlite_version)
    encoding = sys.getfilesystemencoding()
    yield HealthFinding("good" if encoding == "utf-8" else "note", "file names", encoding)


def _sqlite(info: tuple[int, ...], said: str) -> HealthFinding:
    mended = info >= WAL_SAFE or any(info[:2] == line[:2] and info >= line for line in WAL_SAFE_TOO)
    if mended:
        return HealthFinding("good", "SQLite", said)
    note = "before 3.51.3: do not switch a database to WAL where several programs write it; pauta itself does not"
    return HealthFinding("note", "SQLite", f"{said} ({note})")


def _packages() -> Iterator[HealthFinding]:
    for name in PACKAGES:
        try:
            yield HealthFinding("good", name, version(name))
        except PackageNotFoundError:
            yield HealthFinding("bad", name, "is not installed")


def _operation() -> Iterator[HealthFinding]:
    workspace = Workspace()
    try:
        operation = workspace.operation
        host = workspace.host
    except ProblemsFound as found:
        for problem in found.problems:
            yield HealthFinding("bad", "pauta.yaml", f"{problem.code}  {problem.message}")
        return
    works = sum(plugin.failure is None for plugin in host)
    yield HealthFinding("good", "plugins", f"{works} work")
    for problem in host.problems:
        yield HealthFinding("bad", "plugin", problem.message)
    if operation is None:
        yield HealthFinding("note", "operation", "there is no pauta.yaml in this folder or above it")
        return
    catalog = workspace.catalog
    errors = [problem for problem in catalog.problems if problem.severity == "error"]
    yield HealthFinding("good", "operation", f"{operation.id}, {operation.file}")
    level = "bad" if errors else "good"
    yield HealthFinding(level, "cards", f"{len(catalog.cards)} can score, {len(errors)} errors (`pauta check`)")


def health_text(findings: Sequence[HealthFinding]) -> str:
    """The findings for a terminal."""
    width = max(len(finding.what) for finding in findings)
    return "\n".join(f"{finding.level:>5}  {finding.what:<{width}}  {finding.said}" for finding in findings) + "\n"
