"""Which cards score which rows of a table: each condition is asked once per distinct value, each day once.

The very routes of `engine/routing.py`: rows with the same day and the same conditions that hold have the same route.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.distinct import distinct_rows, taken_from
from pauta.bulk.incoming import Incoming
from pauta.engine.evaluation.conditions import where
from pauta.engine.model.columns import Subject, Words
from pauta.engine.model.conditions import Test, tests_of
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.routing import Route, Router

AT_ONCE = 60
"""So many answers of yes or no fit a number; more are told apart in several rounds."""


@dataclass(frozen=True)
class Routed:
    """codes: (rows,) into `routes`; rows that are no calls have one too, which means nothing."""

    codes: NDArray[np.intp]
    routes: list[Route]


def routed(incoming: Incoming, router: Router) -> Routed:
    """The route of every row."""
    found = _named(incoming, router) if router.named else _claimed(incoming, router)
    codes, routes = found.codes, list(found.routes)
    for row, (call, _) in incoming.doors.items():
        if call is not None:
            codes[row] = len(routes)
            routes.append(router.route(call))
    return Routed(codes, routes)


def _named(incoming: Incoming, router: Router) -> Routed:
    """The cards that were named score whatever they are given, in the version of the day."""
    if all(isinstance(card, Scorecard) for card in router.named):
        cards = tuple(card for card in router.named if isinstance(card, Scorecard))
        return Routed(np.zeros(incoming.size, dtype=np.intp), [Route(cards)])
    codes, days = incoming.days(router.timezone, router.today)
    return Routed(codes.astype(np.intp), [router.route_named(day) for day in days])


def _claimed(incoming: Incoming, router: Router) -> Routed:
    """All cards that apply and are in effect on the day; where none applies, the fallback cards that do."""
    days, known = incoming.days(router.timezone, router.today)
    used = set(np.unique(days[incoming.taken]).tolist())
    sets: dict[tuple[int, ...], int] = {}
    cards_of: list[Sequence[Scorecard]] = []
    set_of_day = np.zeros(len(known), dtype=np.intp)
    for code in sorted(used):
        cards = router.cards_of(known[code])
        key = tuple(map(id, cards))
        if key not in sets:
            sets[key] = len(cards_of)
            cards_of.append(cards)
        set_of_day[code] = sets[key]
    which = set_of_day[days]
    asked = {test.subject for cards in cards_of for card in cards for test in _tests(card)}
    firsts, places = distinct_rows([which, *(_codes(incoming.subject(name)) for name in sorted(asked))], incoming.size)
    alike = {name: taken_from(incoming.subject(name), firsts) for name in asked}
    found = _of_each(which[firsts], cards_of, alike)
    return Routed(found.codes[places], found.routes)


def _of_each(
    which: NDArray[np.intp], cards_of: Sequence[Sequence[Scorecard]], subjects: Mapping[str, Subject]
) -> Routed:
    """The routes of rows that differ in what conditions ask about. which: (rows,) into `cards_of`."""
    codes = np.zeros(len(which), dtype=np.intp)
    routes: list[Route] = []
    holds: dict[int, NDArray[np.bool_]] = {}
    for n, cards in enumerate(cards_of):
        for card in cards:
            if id(card) not in holds:
                holds[id(card)] = _applies(card, subjects, len(which))
        claims = _claims(cards, holds)
        own = np.flatnonzero(which == n)
        held, places = _distinct([each[own] for each in claims], len(own))
        codes[own] = places + len(routes)
        routes += [Route(tuple(card for card, each in zip(cards, one, strict=True) if each)) for one in held]
    return Routed(codes, routes or [Route(())])


def _tests(card: Scorecard) -> Iterator[Test]:
    return tests_of(card.applies_to) if card.applies_to is not None else iter(())


def _codes(subject: Subject) -> NDArray[np.integer]:
    """(rows,): equal where the values are."""
    if isinstance(subject, Words):
        return subject.column.codes
    return np.unique(subject.values, return_inverse=True)[1]


def _applies(card: Scorecard, subjects: Mapping[str, Subject], rows: int) -> NDArray[np.bool_]:
    if card.applies_to is None:
        return np.ones(rows, dtype=np.bool_)
    return where(card.applies_to, subjects.__getitem__, rows)


def _claims(cards: Sequence[Scorecard], holds: dict[int, NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """For each card the rows that it scores, by `routing.claimed_by`."""
    applies = [holds[id(card)] for card in cards]
    usual = [each for card, each in zip(cards, applies, strict=True) if not card.fallback]
    claimed = np.logical_or.reduce(usual) if usual else None
    return [
        each & ~claimed if card.fallback and claimed is not None else each
        for card, each in zip(cards, applies, strict=True)
    ]


def _distinct(masks: Sequence[NDArray[np.bool_]], rows: int) -> tuple[list[tuple[bool, ...]], NDArray[np.intp]]:
    """The different combinations of what holds, and for each row which one it has."""
    codes = np.zeros(rows, dtype=np.int64)
    for start in range(0, len(masks), AT_ONCE // 2):
        for mask in masks[start : start + AT_ONCE // 2]:
            codes = codes * 2 + mask
        codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    _, firsts, places = np.unique(codes, return_index=True, return_inverse=True)
    return [tuple(bool(mask[row]) for mask in masks) for row in firsts], places.astype(np.intp)
