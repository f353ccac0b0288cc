"""Which evaluations each row of a table gets: by its person where there is one, else automatically, card by card."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.distinct import distinct_rows, rows_by_code
from pauta.bulk.incoming import Incoming
from pauta.bulk.routes import routed
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.pipeline import card_filled_in
from pauta.engine.problems import Problem
from pauta.engine.routing import Route, Router

Wanted = tuple[tuple[Scorecard, bool], ...]
"""The evaluations of one call in their order: each a card, and whether it is the person's."""


@dataclass(frozen=True)
class Outcomes:
    """codes: (rows,) into `wanted`, -1 for rows that get nothing because they are no calls."""

    codes: NDArray[np.intp]
    wanted: list[Wanted]
    problems: list[tuple[int, str, Problem]]


def outcomes_of(incoming: Incoming, router: Router, skip: NDArray[np.bool_] | None = None) -> Outcomes:
    """What is to be evaluated about each row. skip: (rows,) bool, rows that are left out.

    problems: row, call and what is wrong with a route or with the card that a person named.
    """
    found = routed(incoming, router)
    left_out = ~incoming.taken if skip is None else ~incoming.taken | skip
    problems: list[tuple[int, str, Problem]] = []
    firsts, places = distinct_rows(_told_apart_by(incoming, found.codes, router), incoming.size)
    names_card = _names_card(incoming)
    wanted: list[Wanted] = []
    known: dict[tuple[tuple[int, bool], ...], int] = {}
    codes = np.full(incoming.size, -1, dtype=np.intp)
    places[left_out] = -1
    for n, rows in enumerate(rows_by_code(places, len(firsts))):
        if not len(rows):
            continue
        route = found.routes[int(found.codes[firsts[n]])]
        problems += [
            (int(row), "", replace(problem, place=problem.place or incoming.place(int(row))))
            for problem in route.problems
            for row in rows
        ]
        outcome = _wanted(incoming, route, router, rows, problems, names_card)
        key = tuple((id(card), by_person) for card, by_person in outcome)
        codes[rows] = known.setdefault(key, len(wanted))
        if len(known) > len(wanted):
            wanted.append(outcome)
    problems.sort(key=lambda each: each[0])
    return Outcomes(codes, wanted, problems)


def _told_apart_by(incoming: Incoming, routes: NDArray[np.intp], router: Router) -> list[NDArray[np.integer]]:
    """Columns, equal in rows of the same route whose people name the same card, version and day."""
    parts: list[NDArray[np.integer]] = [routes]
    people = incoming.people
    if people.any():
        parts.append(people.astype(np.int64))
        for name in ("scorecard", "version"):
            column = incoming.column(name)
            if column is not None:
                parts.append(np.where(people, column.codes, -1))
        if "scorecard" in incoming.columns:
            parts.append(np.where(people, incoming.days(router.timezone, router.today)[0], -1))
    if incoming.doors:  # what their rows say is not what the columns say
        own = np.zeros(incoming.size, dtype=np.int64)
        own[list(incoming.doors)] = np.arange(1, len(incoming.doors) + 1)
        parts.append(own)
    return parts


def _names_card(incoming: Incoming) -> NDArray[np.bool_]:
    """(rows,) bool: where a person may have said which card was filled in."""
    column = incoming.column("scorecard")
    names = np.zeros(incoming.size, dtype=np.bool_) if column is None else column.codes >= 0
    names[list(incoming.doors)] = True
    return names


def _wanted(
    incoming: Incoming,
    route: Route,
    router: Router,
    rows: NDArray[np.intp],
    problems: list[tuple[int, str, Problem]],
    names_card: NDArray[np.bool_],
) -> Wanted:
    """What rows get that have the same route and whose people name the same card."""
    first = int(rows[0])
    automatic: Wanted = tuple((card, False) for card in route.cards)
    if not incoming.people[first]:
        return automatic
    if len(route.cards) == 1 and not names_card[first]:  # as card_filled_in has it, without a record to ask
        return ((route.cards[0], True),)
    call, human = _pair(incoming, first)
    card = card_filled_in(router, human, call, route.cards)
    if isinstance(card, Problem):
        for row in rows.tolist():
            call, human = _pair(incoming, row)
            said = card_filled_in(router, human, call, route.cards)
            if isinstance(said, Problem):
                problems.append((row, call.call_id, said))
        return automatic
    by_card: list[tuple[Scorecard, bool]] = [
        (card, True) if each.id == card.id else (each, False) for each in route.cards
    ]
    if card.id not in {each.id for each in route.cards}:
        by_card.append((card, True))
    return tuple(by_card)


def _pair(incoming: Incoming, row: int) -> tuple[Call, HumanEvaluation]:
    human = incoming.human(row, answers=False)
    assert human is not None, "a row with a person has an evaluation"
    return incoming.call_alone(row), human
