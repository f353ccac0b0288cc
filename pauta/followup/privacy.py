"""Who sees what: a coaching record is seen by the agent, the one who gives it, and the line above; by nobody else.

The quality team sees evaluations, and of a coaching record only that there is one, in which state and by when. Without
a name a command is the administrator's, who could read the database anyway (docs/decisions/who-sees-what.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pauta.engine.problems import Problem, ProblemsFound
from pauta.followup.people import People

OUTSIDE: Final = ("id", "kind", "agent", "team", "state", "due", "opened_at")
"""What the quality team sees of a coaching record."""


def may_see(viewer: str | None, record: Mapping[str, Any], people: People) -> bool:
    """Whether a person may read a coaching record: it has an `agent` and, where somebody gives it, an `owner`."""
    if viewer is None:
        return True
    person = people.get(viewer).id
    agent = str(record.get("agent") or "")
    owners = people.ids_in(record.get("owner"))
    near = {*owners, *(people.line_above(agent) if agent else ())}
    if agent:
        near.add(people.get(agent).id)
    for owner in owners:
        near.update(people.line_above(owner))
    return person in near


def may_see_evaluations(viewer: str | None, agent: str, people: People) -> bool:
    """Whether a person may read the evaluations of an agent: the agent, the line above, and the quality team."""
    if viewer is None:
        return True
    person = people.get(viewer)
    return person.id == people.get(agent).id or person.id in people.line_above(agent) or "quality" in person.roles


def duties_seen(rows: Iterable[Mapping[str, Any]], viewer: str | None, people: People) -> list[dict[str, Any]]:
    """The rows of coaching records as a person may see them: whole, in outline, or not at all."""
    quality = viewer is not None and "quality" in people.get(viewer).roles
    found: list[dict[str, Any]] = []
    for row in rows:
        if may_see(viewer, row, people):
            found.append(dict(row))
        elif quality:
            found.append({name: row[name] if name in OUTSIDE else "" for name in row})
    return found


def must_see(row: Mapping[str, Any], viewer: str | None, people: People) -> None:
    """Raises ProblemsFound (E792) where a person may not read a coaching record."""
    if not may_see(viewer, row, people):
        hint = "a coaching record is seen by the agent, the one who gives it, and the line above"
        raise ProblemsFound([Problem("E792", f"{people.get(str(viewer)).name} may not see this record", None, hint)])
