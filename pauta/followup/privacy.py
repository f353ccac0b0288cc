"""Who sees what: a coaching record is seen by the agent, the one who gives it, and the line above; by nobody else.

The quality team sees evaluations, and of a coaching record only that there is one, in which state and by when. Findings
are for those who can mend something, disputes for those whom the evaluation is about, who made it, and who decide.
Without a name a command is the administrator's, who could read the database anyway (docs/decisions/who-sees-what.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pauta.engine.problems import Problem, ProblemsFound
from pauta.followup.people import People

OUTSIDE: Final = ("id", "kind", "agent", "team", "state", "due", "opened_at")
"""What the quality team sees of a coaching record."""

FINDING_OUTSIDE: Final = (
    "id", "about", "question", "scorecard", "owner", "due", "state", "opened_at", "fixed_at", "message",
)  # fmt: skip
"""What supervisors and evaluators see of a finding; the evaluations that show it are not among it."""


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
    own = bool(agent) and (person.id == people.get(agent).id or person.id in people.line_above(agent))
    return own or "quality" in person.roles


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


def findings_seen(rows: Iterable[Mapping[str, Any]], viewer: str | None, people: People) -> list[dict[str, Any]]:
    """Findings about the process as a person may see them.

    Whole for the owner, the line above the owner, the quality team and managers; without their evidence for
    supervisors and evaluators; not at all for anybody else.
    """
    person = people.get(viewer) if viewer is not None else None
    found: list[dict[str, Any]] = []
    for row in rows:
        if (
            person is None
            or {"quality", "manager"} & set(person.roles)
            or may_see(viewer, {**row, "agent": ""}, people)
        ):
            found.append(dict(row))
        elif {"supervisor", "evaluator"} & set(person.roles):
            found.append({name: row[name] if name in FINDING_OUTSIDE else "" for name in row})
    return found


def may_see_dispute(viewer: str | None, evaluation: Mapping[str, Any], people: People) -> bool:
    """Whether a person may read why an evaluation is disputed.

    Those who may see it: the agent, the line above and the quality team; besides them who evaluated, and managers, as
    they decide.
    """
    if viewer is None:
        return True
    person = people.get(viewer)
    evaluator = str(evaluation.get("evaluator") or "")
    if "manager" in person.roles or (evaluator and person.id == people.get(evaluator).id):
        return True
    return may_see_evaluations(viewer, str(evaluation.get("agent") or ""), people)


def must_see(row: Mapping[str, Any], viewer: str | None, people: People) -> None:
    """Raises ProblemsFound (E792) where a person may not read a coaching record."""
    if not may_see(viewer, row, people):
        hint = "a coaching record is seen by the agent, the one who gives it, and the line above"
        raise ProblemsFound([Problem("E792", f"{people.get(str(viewer)).name} may not see this record", None, hint)])
