"""Whether agents agree that others hear their exemplary calls: only they say so, and they may take it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pauta.engine.delivery import stamp
from pauta.engine.problems import Problem, ProblemsFound
from pauta.followup.people import People
from pauta.store import Ledger

ASKED: Final = ("asked", "given", "refused")
"""What became of the question whether others may hear a call; `not_needed` where nobody asks."""


def asked_of(ledger: Ledger, people: People, who: str | None) -> list[Mapping[str, Any]]:
    """The examples about which an agent is asked; without a name all that wait for an answer."""
    rows = ledger.select("exemplars", "consent <> 'not_needed' ORDER BY opened_at, id")
    if who is None:
        return [row for row in rows if row["consent"] == "asked"]
    return [row for row in rows if row["agent"] and people.get(str(row["agent"])).id == people.get(who).id]


def consent(ledger: Ledger, people: People, name: str, agrees: bool, *, who: str | None, at: datetime) -> str:
    """Keep what the agent says; returns `given` or `refused`. Raises ProblemsFound (E789) for anybody else."""
    after = "given" if agrees else "refused"
    with ledger.writing():
        row = ledger.select("exemplars", "id = ?", (name,))[0]
        agent = people.get(str(row["agent"] or ""))
        if not agent.id or who is None or people.get(who).id != agent.id:
            said = "only the agent says whether others may hear the call"
            raise ProblemsFound([Problem("E789", said, None, f"--as {agent.id or 'AGENT'}")])
        ledger.change("exemplars", {"id": name}, consent=after)
        before = str(row["consent"])
        ledger.record("exemplar", name, at=stamp(at), who=agent.id, move="consent", before=before, after=after)
    return after
