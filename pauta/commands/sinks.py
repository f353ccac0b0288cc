"""The sinks of a run as the command line and the operation's file name them, opened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pauta.engine.loading.operation import Entry
    from pauta.engine.outlets import Outlet
    from pauta.engine.problems import Problem
    from pauta.engine.redaction import Redactor
    from pauta.workspace import Workspace

_REFERENCE: Final = re.compile(r"\$\{(?:env|file):[^}]*\}")
_SECRET_KEYS: Final = frozenset(("url", "urls", "secret", "password", "token", "headers"))
"""Options whose texts are kept out of every message, also where they stand in the file as they are."""


def operation_redactor(workspace: Workspace) -> Redactor | None:
    """What `redact:` of the operation's file masks for all sinks. Raises ProblemsFound where an entry is wrong."""
    return _redactor(workspace.operation.data.get("redact")) if workspace.operation else None


def keep_sent(workspace: Workspace) -> timedelta:
    """How long the outbox remembers what was sent: `retention: {outbox: 30 d}`."""
    from pauta.engine.outlets import KEEP_SENT

    retention = workspace.operation.data.get("retention") if workspace.operation else None
    written = retention.get("outbox") if isinstance(retention, Mapping) else None
    return KEEP_SENT if written is None else timedelta(days=int(str(written).removesuffix("d")))


def outlets_of(workspace: Workspace, targets: Sequence[str] = ()) -> list[Outlet]:
    """The sinks that are named, else those of the operation, else its database; none outside an operation.

    Where one of them sends results elsewhere and none is a database, the operation's database is among them: it holds
    the outbox. Raises ProblemsFound where one cannot be opened.
    """
    from pauta.engine.contracts import KeepingSink
    from pauta.engine.loading.operation import Entry
    from pauta.engine.problems import ProblemsFound
    from pauta.workspace import DATABASE

    operation = workspace.operation
    entries = [Entry("", {"path": target}) for target in targets]
    if not entries and operation is not None:
        entries = list(operation.sinks) or [Entry("", {"path": str(operation.folder / DATABASE)})]
    outlets: list[Outlet] = []
    problems: list[Problem] = []
    _open(workspace, entries, outlets, problems)
    needs_store = any(outlet.delivers for outlet in outlets)
    if needs_store and operation is not None and not any(isinstance(each.sink, KeepingSink) for each in outlets):
        _open(workspace, [Entry("", {"path": str(operation.folder / DATABASE)})], outlets, problems)
    if problems:
        close_all(outlets)
        raise ProblemsFound(problems)
    return outlets


def over_what_is_read(
    workspace: Workspace, read: Sequence[str], targets: Sequence[str], rejects: str | None
) -> str | None:
    """Why a run would write over what it reads or has just written, None where it does not; databases are added to."""
    operation = workspace.operation
    own = [str(each.options.get("path") or "") for each in operation.sinks] if operation and not targets else []
    files = {Path(each).resolve() for each in read}
    if rejects and Path(rejects).resolve() in {Path(each).resolve() for each in targets}:
        return f"results and rejects would both be written to '{rejects}'"
    for target in filter(None, (*targets, *own, rejects)):
        there = Path(target).resolve()
        if there in files and not _is_database(there):
            return f"'{target}' is read by this run, and the results would be written over it"
        if target.endswith("/") and any(each.parent == there for each in files):
            return f"a file in '{target}' is read by this run, and the results would be written over it"
    return None


def _is_database(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\0"


def close_all(outlets: Sequence[Outlet]) -> None:
    """Let go of sinks that got nothing: files stay as they were."""
    for outlet in outlets:
        finish = getattr(outlet.sink, "drop", None) or getattr(outlet.sink, "close", None)
        if finish is not None:
            finish()


def _open(workspace: Workspace, entries: Sequence[Entry], outlets: list[Outlet], problems: list[Problem]) -> None:
    from pauta.engine.problems import Problem, ProblemsFound

    for entry in entries:
        try:
            found = _opened(workspace, entry)
        except ProblemsFound as error:
            problems += error.problems
            continue
        if isinstance(found, Problem):
            problems.append(found)
        else:
            outlets.append(found)


def _opened(workspace: Workspace, entry: Entry) -> Outlet | Problem:
    """The outlet of one entry, or a Problem. Raises ProblemsFound for a secret or a redaction that is none."""
    from pauta.engine.delivery import Patience
    from pauta.engine.endpoints import open_sink
    from pauta.engine.loading.operation import revealed
    from pauta.engine.loading.shape import check_options
    from pauta.engine.outlets import Outlet, without_secrets
    from pauta.engine.problems import Place, Problem
    from pauta.schemas import schema

    every_sink = schema("operation")["$defs"]["sink"]
    options: dict[str, Any] = dict(revealed(entry.options, entry.at))
    secrets = frozenset(_secrets(entry.options, entry.at))
    target = str(options.pop("path", ""))
    plugin = workspace.host.sinks.get(entry.name)
    taken = (getattr(plugin, "options", {}) or {}).get("properties", {})
    own = {key: options.pop(key) for key in every_sink["properties"] if key in options and key not in taken}
    at = entry.at or Place(target or entry.name)
    wrong = check_options(own, every_sink, at, f"sink '{entry.name}'")
    if wrong:
        return wrong[0]
    if target:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    redactor = _redactor(own.get("redact"))
    sink = open_sink(target, workspace.host, name=entry.name or None, options=options, at=entry.at)
    if isinstance(sink, Problem):
        return without_secrets(sink, secrets)
    patience = Patience(**dict(own.get("delivery") or {}))
    name = str(own.get("name") or target or entry.name)
    kept = keep_sent(workspace)
    return Outlet(name, sink, patience=patience, redactor=redactor, secrets=secrets, keep_sent=kept)


def _redactor(entries: object) -> Redactor | None:
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.engine.redaction import redactor_from

    found = redactor_from(entries if isinstance(entries, list) else [])
    if isinstance(found, Problem):
        raise ProblemsFound([found])
    return found


def _secrets(value: object, at: Any, *, secret: bool = False) -> Iterator[str]:
    """What no message may show: whatever stands for a reference, and texts under names that say so."""
    from pauta.engine.loading.operation import revealed

    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _secrets(each, at, secret=secret or str(key).lower() in _SECRET_KEYS)
    elif isinstance(value, list):
        for each in value:
            yield from _secrets(each, at, secret=secret)
    elif isinstance(value, str):
        references = _REFERENCE.findall(value)
        for text in (*references, *([value] if secret or references else [])):
            yield str(revealed({"text": text}, at)["text"])
