"""Which two versions are compared, and on which calls: what a run of any kind is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pauta.engine.model.calls import Call
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem
from pauta.engine.routing import Router
from pauta.replay.rows import Claims, Filter


@dataclass(frozen=True)
class Comparison:
    """What is compared; pickled, it goes to other processes.

    old: the old version, or its id: the version of each call's day, or the one that a person filled in. with_rivals:
    whether other cards in effect take calls from a fallback card. every_call: both versions score every call. Days are
    both included; no teams, agents or types are all.
    """

    old: Scorecard | str
    after: Scorecard
    with_rivals: bool = False
    every_call: bool = False
    since: date | None = None
    until: date | None = None
    teams: Collection[str] = ()
    agents: Collection[str] = ()
    call_types: Collection[str] = ()
    assumed: Mapping[str, str] = field(default_factory=dict)

    def claims(self, router: Router) -> Claims:
        """Which version scores which calls."""
        fixed = self.old if isinstance(self.old, Scorecard) else None
        card_id = self.old.id if isinstance(self.old, Scorecard) else self.old

        def before(call: Call, version: str | None) -> Scorecard | Problem:
            return fixed or router.version(f"{card_id}@{version}" if version else card_id, router.day(call))

        def rivals(call: Call) -> Sequence[Scorecard]:
            return router.cards_of(router.day(call)) if self.with_rivals else ()

        return Claims(before, self.after, frozenset((card_id, self.after.id)), fixed, rivals, self.every_call)

    def wanted(self, router: Router) -> Filter:
        """Which calls are wanted."""
        return Filter(router.day, self.since, self.until, self.teams, self.agents, self.call_types)
