"""The lives of evaluations, duties and findings: their states, who may move them, and a history of every move.

    evaluation  draft -> final -> acknowledged -> disputed -> upheld | revised
    duty        open -> scheduled -> held -> followed_up -> closed; overdue where it is late; withdrawn with a reason
    finding     open -> owned -> fixed -> verified; back to owned where the fix did not help; withdrawn with a reason
                where it was opened in error

`move` is the only writer of states. An evaluation that nobody has moved is final once it is complete, else a draft; so
is a newer revision of one that was moved, unless it is disputed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.problems import Problem, ProblemsFound, did_you_mean
from pauta.followup.people import People
from pauta.store import Ledger

Record = Mapping[str, Any]

PAUTA: Final = "pauta"
"""Who moves what no person moves: what is late becomes overdue by itself."""


@dataclass(frozen=True, slots=True)
class Move:
    """One way from states to a state. by: who may, as in MAY; needs: what must be said with it."""

    before: tuple[str, ...]
    after: str
    by: str
    needs: tuple[str, ...] = ()


MOVES: Final[Mapping[str, Mapping[str, Move]]] = {
    "evaluation": {
        "finalise": Move(("draft",), "final", "evaluator"),
        "acknowledge": Move(("final", "upheld", "revised"), "acknowledged", "agent"),
        "dispute": Move(("final", "acknowledged"), "disputed", "agent", ("reason",)),
        "uphold": Move(("disputed",), "upheld", "judge", ("reason",)),
        "revise": Move(("disputed",), "revised", "judge", ("reason", "revision")),
    },
    "duty": {
        "schedule": Move(("open", "scheduled", "overdue"), "scheduled", "owner", ("when",)),
        "hold": Move(("open", "scheduled", "overdue"), "held", "owner", ("agreed",)),
        "follow_up": Move(("held", "followed_up"), "followed_up", "owner", ("reached",)),
        "close": Move(("held", "followed_up"), "closed", "owner"),
        "withdraw": Move(("open", "scheduled", "overdue", "held", "followed_up"), "withdrawn", "owner", ("reason",)),
        "fall_due": Move(("open", "scheduled"), "overdue", PAUTA),
        "reopen": Move(("withdrawn",), "open", PAUTA),
    },
    "finding": {
        "own": Move(("open", "owned"), "owned", "owner", ("owner",)),
        "fix": Move(("owned",), "fixed", "owner", ("what",)),
        "verify": Move(("fixed",), "verified", "owner", ("share_before", "share_after")),
        "reopen": Move(("fixed", "verified"), "owned", "owner", ("reason",)),
        "withdraw": Move(("open", "owned", "fixed"), "withdrawn", "owner", ("reason",)),
    },
}
"""Every move there is, by what is moved."""

MAY: Final = {
    "agent": "the agent, or somebody in the line above",
    "evaluator": "who evaluated the call, or somebody of quality",
    "judge": "somebody of quality or a manager, who is not the one who evaluated",
    "owner": "its owner, somebody in the line above, or somebody of quality",
    PAUTA: "nobody: it happens by itself",
}

_TABLES: Final = {"duty": "duties", "finding": "findings", "exemplar": "exemplars"}
_SHOWN: Final = {"duty": "duty", "finding": "finding", "evaluation": "evaluation", "exemplar": "example"}
_TOLD: Final = ("recognise", "train")
"""Duties in which nothing is agreed: praise is told, a training is taken."""


def state_of(ledger: Ledger, thing: str, name: str) -> str:
    """The state of a thing. Raises ProblemsFound (E787) where there is none of this id."""
    return str(_row(ledger, thing, name)["state"])


def find(ledger: Ledger, thing: str, start: str) -> str:
    """The id of the one thing whose id begins so. Raises ProblemsFound (E787) where there is none, or several."""
    table, column = ("evaluations", "evaluation_id") if thing == "evaluation" else (_TABLES[thing], "id")
    own = f"{column} {ledger.store.bytewise}"
    query = f"SELECT DISTINCT {column} AS id FROM {table} WHERE {own} >= ? AND {own} < ? ORDER BY 1 LIMIT 3"  # noqa: S608
    found = [str(row["id"]) for row in ledger.rows(query, (start, start + "\U0010ffff"))] if start else []
    if start in found:
        return start
    if len(found) == 1:
        return found[0]
    said = f"there is no {_SHOWN[thing]} '{start}'" if not found else f"several ids begin with '{start}'"
    hint = "the id stands at the start of each line of the list; its first digits are enough"
    raise ProblemsFound([Problem("E787", said, None, hint)])


def move(
    ledger: Ledger, people: People, thing: str, name: str, move: str, *, who: str | None, at: datetime, **details: Any
) -> str:
    """Move an evaluation, a duty or a finding, with everything said about it in its history; returns the new state.

    who: a person's id or name; None is the administrator of the operation, who may do everything. Raises ProblemsFound
    where there is no such thing (E787), the move does not lead on from its state (E788), the person may not make it
    (E789), or something that must be said with it is missing (E790).
    """
    with ledger.writing():
        row = _row(ledger, thing, name)
        step = MOVES[thing].get(move)
        before = str(row["state"])
        if step is not None and who is not None and not may(people, thing, row, step.by, who):
            said = f"{people.get(who).name} may not {move.replace('_', ' ')} this {_SHOWN[thing]}"
            raise ProblemsFound([Problem("E789", said, None, f"this may: {MAY[step.by]}")])
        if step is None or before not in step.before:  # told after it: its state is nobody else's business
            raise ProblemsFound([_illegal(thing, name, move, before)])
        if move == "finalise" and row["status"] == "incomplete":
            hint = "score the missing answers first: with them it is final by itself"
            raise ProblemsFound([Problem("E788", f"the evaluation {name[:8]} is not complete", None, hint)])
        needs = [each for each in step.needs if each != "agreed" or row["kind"] not in _TOLD]
        missing = [each for each in needs if details.get(each) in (None, "", [])]
        if missing:
            said = f"to {move.replace('_', ' ')} this {_SHOWN[thing]} it must be said: {', '.join(missing)}"
            raise ProblemsFound([Problem("E790", said, None, None)])
        _write(ledger, thing, name, row, step.after, stamp(at), details)
        person = people.get(who).id if who is not None else "administrator"
        actor = PAUTA if step.by == PAUTA else person
        ledger.record(thing, name, at=stamp(at), who=actor, move=move, before=before, after=step.after, **details)
        return step.after


def mark_overdue(ledger: Ledger, people: People, now: datetime) -> list[str]:
    """Make overdue what should have been held by now; returns the ids. Once for each duty."""
    with ledger.writing():
        where = "state IN ('open', 'scheduled') AND due IS NOT NULL AND due < ? ORDER BY due, id"
        late = [str(row["id"]) for row in ledger.select("duties", where, (stamp(now),))]
        for name in late:
            move(ledger, people, "duty", name, "fall_due", who=None, at=now)
    return late


def may(people: People, thing: str, row: Record, by: str, who: str) -> bool:
    """Whether a person may make moves of a kind on a thing."""
    person = people.get(who)
    quality = "quality" in person.roles
    agent = str(row.get("agent") or "")
    above = [*people.line_above(agent)] if agent else []
    match by:
        case "agent":
            return bool(agent) and (person.id == people.get(agent).id or person.id in above)
        case "evaluator":
            return quality or person.id == people.get(str(row.get("evaluator") or "")).id
        case "judge":
            evaluated = people.get(str(row.get("evaluator") or "")).id
            return (quality or "manager" in person.roles) and person.id != evaluated
        case "owner":
            owners = people.ids_in(row.get("owner"))
            lines = [each for owner in owners for each in people.line_above(owner)]
            return quality or person.id in owners or person.id in lines or person.id in above
    return False


def _row(ledger: Ledger, thing: str, name: str) -> Record:
    if thing in _TABLES:
        row = ledger.one(_TABLES[thing], "id = ?", (name,))
        if row is None:
            raise ProblemsFound([Problem("E787", f"there is no {_SHOWN[thing]} '{name}'", None, None)])
        return row
    evaluation = ledger.store.evaluation(name)
    if evaluation is None:
        raise ProblemsFound([Problem("E787", f"there is no evaluation '{name}'", None, None)])
    life = ledger.one("lives", "evaluation_id = ?", (name,))
    fresh = "draft" if evaluation["status"] == "incomplete" else "final"
    if life is None:
        return {**evaluation, "state": fresh}
    seen: Any = life["details"] or {}
    older = int(seen.get("revision", 0) or 0) < int(str(evaluation["revision"])) and "revision" in seen
    return {**evaluation, "state": fresh if older and life["state"] != "disputed" else str(life["state"])}


def _write(ledger: Ledger, thing: str, name: str, row: Record, state: str, at: str, details: Mapping[str, Any]) -> None:
    if thing == "evaluation":
        said = {"revision": row["revision"], **details}
        ledger.put("lives", [{"evaluation_id": name, "state": state, "at": at, "details": said}])
        return
    said = {**(row["details"] or {}), **details}
    ledger.change(_TABLES[thing], {"id": name}, state=state, details=said)
    if thing == "finding" and state == "fixed":
        ledger.change("findings", {"id": name}, fixed_at=at)
    if thing == "finding" and state == "withdrawn":
        _look_again(ledger, row)
    if thing == "finding" and details.get("owner"):
        ledger.change("findings", {"id": name}, owner=details["owner"])


def _look_again(ledger: Ledger, finding: Record) -> None:
    """Have the next night look at the agents whose misses a finding had excused: they count again."""
    evaluations = (finding["details"] or {}).get("evaluations") or ()
    agents = {str(row["agent"]) for row in ledger.among("facts", "evaluation_id", evaluations) if row["agent"]}
    ledger.put("marks", [{"name": f"window agent {agent}", "value": "new"} for agent in sorted(agents)])


def _illegal(thing: str, name: str, move: str, before: str) -> Problem:
    moves = MOVES[thing]
    if move not in moves:
        return Problem("E788", f"there is no move '{move}' of a {_SHOWN[thing]}", None, did_you_mean(move, moves))
    leads = [each for each, step in moves.items() if before in step.before and step.by != PAUTA]
    hint = f"from there it can {' or '.join(each.replace('_', ' ') for each in leads)}" if leads else "its life is over"
    said = (
        f"the {_SHOWN[thing]} {name[:8]} is {before.replace('_', ' ')}, which {move.replace('_', ' ')} does not follow"
    )
    return Problem("E788", said, None, hint)
