"""What `pauta doctor` looks at, and what it says."""

from __future__ import annotations

import platform
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, cast

from pauta.engine.contracts import KeepingSink, Sink
from pauta.engine.endpoints import open_sink, sink_class
from pauta.engine.host import Host
from pauta.engine.loading.operation import Entry, Operation, revealed
from pauta.engine.problems import Problem, ProblemsFound
from pauta.workspace import DATABASE, Workspace

PACKAGES: Final = (
    "pluggy", "pyyaml", "jsonschema", "cerberus", "sqlite-utils", "click", "numpy", "jinja2", "regex", "ahocorasick_rs",
)  # fmt: skip
OPEN: Final = ("waiting", "dead")
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
    yield from _outbox(operation, host)


def _outbox(operation: Operation, host: Host) -> Iterator[HealthFinding]:
    """What waits to be sent and what was given up; nothing where there is no database yet, as looking makes none."""
    for entry in (*operation.sinks, Entry("", {"path": str(operation.folder / DATABASE)})):
        target = str(entry.options.get("path", ""))
        plugin = sink_class(target, entry.name or None, host)
        if plugin is None or not hasattr(plugin, "send_to"):
            continue
        if target and not Path(target).exists():
            return
        try:
            tallies, told = _tallies(target, entry, plugin, host)
        except ProblemsFound as found:
            yield HealthFinding("bad", "outbox", found.problems[0].message)
            return
        counts = sum(map(Counter, tallies.values()), Counter[str]())
        said = ", ".join(f"{counts[state]:,} {state}" for state in OPEN)
        where = ", ".join(name for name, tally in tallies.items() if any(tally.get(state) for state in OPEN))
        more = f" ({where}; `pauta outbox list` says why)" if where else ""
        yield HealthFinding("note" if where else "good", "outbox", f"{said}{more}")
        if any(told.values()):
            yield HealthFinding("note", "messages to people", _of_messages(told))
        return


def _of_messages(told: Mapping[str, int]) -> str:
    said = ", ".join(f"{told.get(state, 0):,} {state}" for state in OPEN)
    alone = told.get("nobody", 0)
    return f"{said}, {alone:,} that nobody gets" if alone else said


def _tallies(
    target: str, entry: Entry, plugin: type[Sink], host: Host
) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """How many rows of the outbox there are, by sink and state; and how many messages to people, by state."""
    from pauta.store import AnyStore

    own = cast(Mapping[str, object], plugin.options.get("properties", {}))
    options = revealed({name: each for name, each in entry.options.items() if name in own}, entry.at)
    sink = open_sink(target, host, name=entry.name or None, options=options)
    if isinstance(sink, Problem):
        raise ProblemsFound([sink])
    try:
        if not isinstance(sink, KeepingSink):
            return {}, {}
        store, told = sink.outbox, {}
        if isinstance(store, AnyStore):
            wanted = """SELECT state, count(*) AS rows FROM messages WHERE state <> 'sent' GROUP BY state
                UNION ALL SELECT state, count(*) AS rows FROM notices WHERE state = 'nobody' GROUP BY state"""
            told = {str(row["state"]): int(str(row["rows"])) for row in store.read(wanted)}
        return store.tallies(), told
    finally:
        sink.close()


def health_text(findings: Sequence[HealthFinding]) -> str:
    """The findings for a terminal."""
    width = max(len(finding.what) for finding in findings)
    return "\n".join(f"{finding.level:>5}  {finding.what:<{width}}  {finding.said}" for finding in findings) + "\n"
