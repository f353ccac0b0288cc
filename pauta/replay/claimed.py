"""Which rows of a table are compared on which two versions: by column, as `rows.py` says it of one call.

A version, a card's `applies_to` and a filter are asked once per distinct value; rows that went through the door of
records are asked as records.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import column_of
from pauta.bulk.distinct import distinct_rows, rows_by_code
from pauta.bulk.incoming import Incoming
from pauta.engine.evaluation.conditions import where
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem
from pauta.engine.routing import Router
from pauta.replay.causes import Mask, Rows
from pauta.replay.rows import Claims, Filter, Row

Versions = tuple[Scorecard | None, Scorecard | None]
"""The old and the new version that score a row; None does not claim it."""


@dataclass(frozen=True)
class Claimed:
    """What becomes of rows. codes: (rows,) into `versions`, -1 where they are not compared. left_out: by the filter.

    doors: rows that went through the door, as records, where they are compared. problems: cards that are not there.
    """

    codes: NDArray[np.intp]
    versions: Sequence[Versions]
    doors: Mapping[int, Row]
    left_out: int
    unclaimed: int
    problems: Sequence[Problem]


def claimed(incoming: Incoming, calls: Mask, people: Mask, claims: Claims, wanted: Filter, router: Router) -> Claimed:
    """What becomes of the rows of a table. calls: (rows,) bool, rows that are; people: those a person evaluated."""
    asked = calls & _wanted(incoming, wanted, router)
    at_door = np.zeros(incoming.size, dtype=np.bool_)
    at_door[[row for row, (call, _) in incoming.doors.items() if call is not None]] = True
    codes = np.full(incoming.size, -1, dtype=np.intp)
    sides = _Sides(incoming, claims)
    problems: list[tuple[int, Problem]] = []
    for own in _alike(incoming, np.flatnonzero(asked & ~at_door), people, claims, router):
        first = int(own[0])
        found = _before(incoming, first, bool(people[first]), claims)
        if isinstance(found, Problem):
            problems.append((first, found))
        else:
            codes[own] = sides.of(found, own, people[own], incoming.call_alone(first))
    doors: dict[int, Row] = {}
    for row in np.flatnonzero(asked & at_door).tolist():
        found_row = _at_door(incoming, row, claims)
        if isinstance(found_row, Row):
            doors[row] = found_row
        elif found_row is not None:
            problems.append((row, found_row))
    unclaimed = int(asked.sum()) - int((codes >= 0).sum()) - len(doors)
    left_out = int(calls.sum()) - int(asked.sum())
    told = [problem for _, problem in sorted(problems, key=lambda each: each[0])]
    return Claimed(codes, sides.versions, doors, left_out, unclaimed, told)


def _wanted(incoming: Incoming, wanted: Filter, router: Router) -> Mask:
    """(rows,) bool: `Filter.wants`."""
    rows = np.ones(incoming.size, dtype=np.bool_)
    if wanted.since is not None or wanted.until is not None:
        codes, days = incoming.days(router.timezone, router.today)
        between = [(wanted.since or day) <= day <= (wanted.until or day) for day in days]
        rows &= np.array(between, dtype=np.bool_)[codes]
    facts = incoming.facts
    named: Sequence[tuple[Collection[str], Any]] = (
        (wanted.teams, facts.team), (wanted.agents, facts.agent), (wanted.call_types, facts.call_type),
    )  # fmt: skip
    for names, column in named:
        if names:
            rows &= column_of(column).where(names.__contains__)
    return rows


def _alike(incoming: Incoming, rows: Rows, people: Mask, claims: Claims, router: Router) -> Sequence[Rows]:
    """Rows for which the old version is the same, and the cards beside it."""
    parts: list[NDArray[np.integer]] = []
    version = incoming.column("version")
    if claims.fixed is None:
        parts.append(incoming.days(router.timezone, router.today)[0][rows])
        if version is not None:
            parts.append(np.where(people, version.codes, -1)[rows])
    elif claims.fixed.fallback or claims.after.fallback:
        parts.append(incoming.days(router.timezone, router.today)[0][rows])
    firsts, places = distinct_rows(parts, len(rows))
    return [rows[each] for each in rows_by_code(places, len(firsts)) if len(each)]


def _before(incoming: Incoming, row: int, by_person: bool, claims: Claims) -> Scorecard | Problem:
    column = incoming.column("version") if by_person else None
    code = -1 if column is None else int(column.codes[row])
    version = None if column is None or code < 0 else str(column.values[code])
    return claims.before(incoming.call_alone(row), version)


def _at_door(incoming: Incoming, row: int, claims: Claims) -> Row | Problem | None:
    call, human = incoming.doors[row]
    assert call is not None, "a row that was refused is not asked about"
    return claims.row(call, human if _counts(human, claims) else None)


def _counts(human: HumanEvaluation | None, claims: Claims) -> bool:
    """Whether an evaluation is by the card that is compared, or does not say by which."""
    return human is not None and (human.scorecard is None or human.scorecard in claims.ids)


class _Sides:
    """The pairs of versions as they are met, and where each card claims the rows of a table."""

    def __init__(self, incoming: Incoming, claims: Claims) -> None:
        self.versions: list[Versions] = []
        self._known: dict[tuple[int, bool, bool], int] = {}
        self._holds: dict[int, Mask] = {}
        self._incoming, self._claims = incoming, claims

    def of(self, old: Scorecard, rows: Rows, people: Mask, like: Call) -> NDArray[np.intp]:
        """(rows,) into `versions`, -1 where neither version claims a row. like: a call of the same day."""
        was, now = (self._where(card, rows, like) for card in (old, self._claims.after))
        chosen = people & ~was  # a person chose this card for the call
        both = was * 2 + (now | chosen) + chosen * 2
        codes = np.full(len(rows), -1, dtype=np.intp)
        for which in np.unique(both[both > 0]).tolist():
            key = id(old), which >= 2, which % 2 == 1
            if key not in self._known:
                self._known[key] = len(self.versions)
                self.versions.append((old if key[1] else None, self._claims.after if key[2] else None))
            codes[both == which] = self._known[key]
        return codes

    def _where(self, card: Scorecard, rows: Rows, like: Call) -> Mask:
        if self._claims.every_call:
            return np.ones(len(rows), dtype=np.bool_)
        held = self._hold(card)[rows]
        for rival in self._claims.rivals_of(card, like):
            held &= ~self._hold(rival)[rows]
        return held

    def _hold(self, card: Scorecard) -> Mask:
        if id(card) not in self._holds:
            size = self._incoming.size
            every = np.ones(size, dtype=np.bool_)
            self._holds[id(card)] = (
                every if card.applies_to is None else where(card.applies_to, self._incoming.subject, size)
            )
        return self._holds[id(card)]
