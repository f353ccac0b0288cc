"""The people of an operation: who leads whom, who has which role, and who owes the agent the feedback.

A name that the operation's file does not know is kept as it is: a call centre's roster changes faster than its files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pauta.engine.model.calls import ENGINE

ROLES: Final = ("agent", "supervisor", "evaluator", "quality", "manager")
SPOKEN_OF: Final = {"supervisor": "leader", "quality-lead": "quality", "monitor": "evaluator"}
"""Words for people that are no role of their own: the agent's own supervisor, the quality team, who evaluated."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person, by id."""

    id: str
    name: str
    team: str | None = None
    leader: str | None = None
    roles: tuple[str, ...] = ()
    language: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class People:
    """Everybody the operation's file names, and its feedback mode.

    gives: who gives the agent the feedback, `monitor`, `supervisor` or `both`. informs: roles and people who are told
    of every evaluation that asks for feedback or praise. due: by when feedback is given where an escalation says
    nothing else; None: no deadline.
    """

    persons: Mapping[str, Person] = field(default_factory=dict)
    gives: str = "supervisor"
    evaluates: str = "monitor"
    informs: tuple[str, ...] = ()
    due: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> People:
        """The people of an operation's file, its shape checked."""
        feedback = data.get("feedback") or {}
        persons = {
            str(key): Person(
                str(key),
                str(each.get("name") or key),
                _text(each.get("team")),
                _text(each.get("leader")),
                tuple(str(role) for role in each.get("roles") or ()),
                _text(each.get("language")),
                _text(each.get("email")),
            )
            for key, each in (data.get("people") or {}).items()
        }
        return cls(
            persons,
            str(feedback.get("gives") or "supervisor"),
            str(feedback.get("evaluates") or "monitor"),
            tuple(str(each) for each in feedback.get("informs") or ()),
            _text(feedback.get("due")),
        )

    def get(self, name: str) -> Person:
        """A person by id or by the name that people read; one that is not known is a person of that name alone."""
        found = self.persons.get(name) or next((each for each in self.persons.values() if each.name == name), None)
        return found or Person(name, name)

    def ids_in(self, text: object) -> list[str]:
        """The ids of people written one after the other, `ana, luis`; a single name may have a comma itself."""
        whole = str(text or "")
        return [self.get(each).id for each in dict.fromkeys([*whole.split(", "), whole]) if each]

    def leader_of(self, name: str | None) -> str | None:
        """The id of who leads a person."""
        return self.get(name).leader if name else None

    def line_above(self, name: str) -> Iterator[str]:
        """The ids of those above a person, the nearest first; a circle in the file ends it."""
        seen = {self.get(name).id}
        above = self.leader_of(name)
        while above is not None and self.get(above).id not in seen:
            seen.add(self.get(above).id)
            yield self.get(above).id
            above = self.leader_of(above)

    def with_role(self, role: str, team: str | None = None) -> tuple[str, ...]:
        """The ids of those who have a role; of a team, and where nobody there has it, of the whole operation."""
        having = [each for each in self.persons.values() if role in each.roles]
        own = [each for each in having if team and each.team == team]
        return tuple(each.id for each in own or having)

    def named(self, words: Iterable[str], agent: str | None, team: str | None = None) -> tuple[str, ...]:
        """The people whom roles and names mean, seen from an agent: their supervisor, their quality people."""
        found: dict[str, None] = {}
        for word in words:
            role = word if word in ROLES else SPOKEN_OF.get(word, "")
            if word == "agent" and agent:
                ids: tuple[str, ...] = (self.get(agent).id,)
            elif word == "supervisor" and (leader := self.leader_of(agent)):
                ids = (self.get(leader).id,)
            elif role in ROLES:
                ids = self.with_role(role, team)
            else:
                ids = self.with_role("supervisor", team) if word == "supervisor" else (self.get(word).id,)
            found |= dict.fromkeys(ids)
        return tuple(found)

    def owners(self, agent: str | None, evaluator: str | None = None, team: str | None = None) -> tuple[str, ...]:
        """Who owes the agent the feedback, by the operation's mode; where nobody is known for it, the supervisor.

        team: that of the call, for agents whom the file does not know. The monitor is the person who evaluated; an
        automatic evaluation has none, and the agent's supervisor gives it.
        """
        leader = self.leader_of(agent)
        monitor = evaluator if evaluator and evaluator != ENGINE else None
        wanted = {"monitor": (monitor,), "supervisor": (leader,), "both": (monitor, leader)}[self.gives]
        known = tuple(dict.fromkeys(self.get(each).id for each in wanted if each))
        if known:
            return known
        own = self.get(agent).team if agent else None
        return (self.get(leader).id,) if leader else self.with_role("supervisor", own or team)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
