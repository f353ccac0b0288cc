"""Calls meet the evaluations that people wrote into files of their own, batch by batch, as the pipeline has them meet.

Matched     a batch of calls with the evaluations that were found for them: a call that several people evaluated has a
            row for each of them
Used        which evaluations a batch took, and for whom
UsedSoFar   which were taken by the batches before
met         calls, evaluations and cards together
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import Column
from pauta.bulk.distinct import distinct_rows, rows_by_code
from pauta.bulk.evaluations import Evaluations
from pauta.bulk.incoming import Incoming
from pauta.bulk.layout import Layout
from pauta.bulk.outcomes import Outcomes, Wanted
from pauta.bulk.routes import Routed, routed
from pauta.engine.model.calls import Answer
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.pipeline import card_filled_in, no_agent, second_time
from pauta.engine.problems import Place, Problem
from pauta.engine.routing import Router

if TYPE_CHECKING:
    import pyarrow as pa

NOBODY = -1
"""The evaluation of a row that has none."""
NOT_USED = -2
"""Who took an evaluation that is still to be had; -1 is a call without an agent."""


@dataclass(frozen=True)
class Used:
    """The evaluations that a batch took. agents: (evaluations,) for whom, into `names`, -1 is a call without one."""

    evaluations: NDArray[np.int64]
    agents: NDArray[np.int32]
    names: Sequence[str]


def together(several: Sequence[Used]) -> Used:
    """What several batches took."""
    names: dict[str, int] = {}
    agents = []
    for each in several:
        own = [names.setdefault(name, len(names)) for name in each.names]
        agents.append(np.array([*own, -1], dtype=np.int32)[each.agents])
    return Used(np.concatenate([each.evaluations for each in several]), np.concatenate(agents), [*names])


class UsedSoFar:
    """The evaluations that were taken: four bytes each."""

    def __init__(self, size: int) -> None:
        self._by = np.full(size, NOT_USED, dtype=np.int32)
        self._names: dict[str, int] = {}

    def add(self, used: Used) -> None:
        """Take over what a batch took."""
        names = np.array([*(self._names.setdefault(name, len(self._names)) for name in used.names), -1], dtype=np.int32)
        self._by[used.evaluations] = names[used.agents]

    def has(self, evaluations: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For each of some evaluations whether it was taken."""
        return np.asarray(self._by[evaluations] != NOT_USED)

    def agent(self, evaluation: int) -> str | None:
        """For whom one that was taken was."""
        code = int(self._by[evaluation])
        return None if code < 0 else list(self._names)[code]

    def left(self) -> NDArray[np.int64]:
        """Those that nobody took."""
        return np.flatnonzero(self._by == NOT_USED)


class Matched(Incoming):
    """A batch of calls. row_of: (rows,) the row of the piece that each is, None where each is its own.

    whose: (rows,) the evaluation of each, once they have met.
    """

    def __init__(
        self,
        layout: Layout,
        table: pa.RecordBatch,
        file: str,
        first_row: int,
        row_of: NDArray[np.intp] | None = None,
    ) -> None:
        self.row_of = row_of
        self.whose: NDArray[np.int64] = np.full(table.num_rows, NOBODY, dtype=np.int64)
        super().__init__(layout, table, file, first_row)

    def place(self, row: int) -> Place:
        """Where the call of a row stands."""
        return super().place(self.row_in_piece(row))

    def row_in_piece(self, row: int) -> int:
        """The row of the piece that a row is."""
        return row if self.row_of is None else int(self.row_of[row])

    def several(self, row_of: NDArray[np.intp]) -> Matched:
        """The same calls, some of them in several rows."""
        import pyarrow as pa

        found = Matched(self.layout, self.table.take(pa.array(row_of)), self.file, self.first_row, row_of)
        if self.as_written:
            found.write_facts({name: [maps[row] for row in row_of.tolist()] for name, maps in self.as_written.items()})
        return found

    def meet(self, evaluations: Evaluations, whose: NDArray[np.int64]) -> None:
        """Give each row its evaluation."""
        import pyarrow as pa

        self._evaluations, self.whose = evaluations, whose
        self.people = whose != NOBODY
        self._given = evaluations.answers(whose)
        self._notes = {question: dict(notes) for question, notes in evaluations.notes(whose).items()}
        nothing = pa.nulls(self.size)
        self.answers = dict.fromkeys(self._given, nothing)
        self.beside = {(question, "comment"): nothing for question in self._notes}
        self.facts = replace(
            self.facts,
            evaluator=evaluations.words("evaluator", whose),
            mode=evaluations.words("mode", whose),
            evaluated_at=evaluations.texts("evaluated_at", whose),
        )
        for row, (call, _) in self.doors.items():
            if call is not None and self.people[row]:
                self.doors[row] = call, self.human(row)

    def human(self, row: int, *, answers: bool = True) -> Any:
        """The evaluation of a row, None where it is automatic. answers: whether those are asked for."""
        if not self.people[row]:
            return None
        whose = int(self.whose[row])
        return self._evaluations.human(whose) if answers else self._evaluations.humans(np.array([whose]))[0]

    def coded_answer(self, question: str) -> Column:
        """The answers to a question as people gave them."""
        return self._given[question]

    def noted(self, question: str) -> NDArray[np.intp]:
        """The rows in which something stands beside the answer to a question."""
        return np.array([*self._notes.get(question, ())], dtype=np.intp)

    def note(self, question: str, row: int) -> Answer:
        """The answer of a row to a question with what stands beside it."""
        note = self._notes[question][row]
        answers = self._given.get(question)
        code = -1 if answers is None else int(answers.codes[row])
        return note if answers is None or code < 0 else replace(note, value=answers.values[code])


@dataclass(frozen=True)
class Met:
    """Calls with the evaluations that they get. used: those that were taken.

    problems: of evaluations, each with the row of its call, and its id.
    """

    rows: Matched
    outcomes: Outcomes
    used: Used
    problems: list[tuple[int, str, Problem]]


def met(
    calls: Matched, evaluations: Evaluations, router: Router, left_out: NDArray[np.bool_], before: UsedSoFar | None
) -> Met:
    """Give a batch of calls its evaluations. left_out: (rows,) bool, rows that are no calls or came before.

    before: what other batches took; None where nothing is known of it.
    """
    routes = routed(calls, router)
    pairs = _Pairs(calls, evaluations, left_out)
    pairs.leave_used(before)
    used = pairs.used()
    pairs.find_cards(routes, router)
    pairs.leave_doubles()
    problems = _problems_of_routes(calls, routes, left_out)
    rows, outcomes = _outcomes(calls, pairs, routes, left_out)
    rows.meet(evaluations, outcomes.whose)
    return Met(rows, Outcomes(outcomes.codes, outcomes.wanted, problems), used, sorted(pairs.problems, key=_row))


def _row(found: tuple[int, str, Problem]) -> int:
    return found[0]


class _Pairs:
    """Calls and evaluations of them, in the order of the calls and then of the evaluations. rows: of the calls."""

    def __init__(self, calls: Matched, evaluations: Evaluations, left_out: NDArray[np.bool_]) -> None:
        self._calls, self._of = calls, evaluations
        self.problems: list[tuple[int, str, Problem]] = []
        self.cards: list[Scorecard] = []
        self.card = np.zeros(0, dtype=np.intp)
        rows, found = evaluations.of_calls(calls.facts.call_id)
        agents = calls.facts.agent
        self._names: list[str] = agents.dictionary.to_pylist()
        self._agents = agents.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        known = {name: code for code, name in enumerate(self._names)}
        named = [known.get(name, NOT_USED) for name in evaluations.names["agent"]]
        asked = np.array([*named, -1], dtype=np.int32)[evaluations.codes("agent", found)]
        kept = ~left_out[rows] & ((asked == -1) | (asked == self._agents[rows]))
        self.rows, self.found = rows[kept], found[kept]

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        self.rows, self.found = self.rows[kept], self.found[kept]
        if len(self.card):
            self.card = self.card[kept]

    def leave_used(self, before: UsedSoFar | None) -> None:
        """Leave out evaluations that another call has taken, and tell of them."""
        earlier = np.zeros(len(self.found), dtype=np.bool_) if before is None else before.has(self.found)
        first = np.zeros(len(self.found), dtype=np.bool_)
        first[np.unique(self.found, return_index=True)[1]] = True
        left = np.flatnonzero(earlier | ~first)
        for n, human in zip(left.tolist(), self._of.humans(self.found[left]), strict=True):
            row, found = int(self.rows[n]), int(self.found[n])
            if earlier[n]:
                assert before is not None
                agent = before.agent(found)
            else:
                code = int(self._agents[self.rows[self.found == found][0]])
                agent = None if code < 0 else self._names[code]
            self.problems.append((row, human.call_id, no_agent(human, agent)))
        self._keep(first & ~earlier)

    def used(self) -> Used:
        """All that are left are taken, whatever comes of them."""
        return Used(self.found, self._agents[self.rows].astype(np.int32), self._names)

    def find_cards(self, routes: Routed, router: Router) -> None:
        """The card that each evaluation filled in; those without one are left out, and told of."""
        self.card = np.full(len(self.rows), -1, dtype=np.intp)
        numbers: dict[int, int] = {}
        parts: list[NDArray[np.integer]] = [routes.codes[self.rows]]
        scorecards = self._of.codes("scorecard", self.found)
        if (scorecards >= 0).any():
            days = self._calls.days(router.timezone, router.today)[0]
            parts += [scorecards, self._of.codes("version", self.found), days[self.rows]]
        firsts, places = distinct_rows(parts, len(self.rows))
        for first, alike in zip(firsts.tolist(), rows_by_code(places, len(firsts)), strict=True):
            route = routes.routes[int(routes.codes[self.rows[first]])]
            if scorecards[first] < 0 and len(route.cards) == 1:  # as card_filled_in has it
                card: Scorecard | Problem = route.cards[0]
            else:
                human = self._of.humans(self.found[first : first + 1])[0]
                card = card_filled_in(router, human, self._calls.call_alone(int(self.rows[first])), route.cards)
            if isinstance(card, Problem):
                self.problems += self._without_card(alike, router, route.cards)
                continue
            if id(card) not in numbers:
                numbers[id(card)] = len(self.cards)
                self.cards.append(card)
            self.card[alike] = numbers[id(card)]
        self._keep(self.card >= 0)

    def _without_card(
        self, alike: NDArray[np.intp], router: Router, cards: Sequence[Scorecard]
    ) -> Iterator[tuple[int, str, Problem]]:
        for n, human in zip(alike.tolist(), self._of.humans(self.found[alike]), strict=True):
            problem = card_filled_in(router, human, self._calls.call_alone(int(self.rows[n])), cards)
            assert isinstance(problem, Problem), "they are alike"
            yield int(self.rows[n]), human.call_id, problem

    def leave_doubles(self) -> None:
        """Leave out what a person evaluated a second time by the same card, and tell of it."""
        names: dict[str, int] = {}
        by_name = np.array([names.setdefault(card.name, len(names)) for card in self.cards] or [0], dtype=np.intp)
        parts: list[NDArray[np.integer]] = [self.rows, by_name[self.card], self._of.codes("evaluator", self.found)]
        first = np.zeros(len(self.rows), dtype=np.bool_)
        first[distinct_rows(parts, len(self.rows))[0]] = True
        left = np.flatnonzero(~first)
        for n, human in zip(left.tolist(), self._of.humans(self.found[left]), strict=True):
            self.problems.append((int(self.rows[n]), human.call_id, second_time(human, self.cards[self.card[n]])))
        self._keep(first)


def _problems_of_routes(calls: Matched, routes: Routed, left_out: NDArray[np.bool_]) -> list[tuple[int, str, Problem]]:
    wrong = [n for n, route in enumerate(routes.routes) if route.problems]
    rows = np.flatnonzero(np.isin(routes.codes, wrong) & ~left_out) if wrong else np.zeros(0, dtype=np.intp)
    return [
        (row, "", replace(problem, place=problem.place or calls.place(row)))
        for row in rows.tolist()
        for problem in routes.routes[int(routes.codes[row])].problems
    ]


@dataclass(frozen=True)
class _Rows:
    """codes, wanted: see Outcomes. whose: (rows,) the evaluation of each row."""

    codes: NDArray[np.intp]
    wanted: list[Wanted]
    whose: NDArray[np.int64]


def _outcomes(calls: Matched, pairs: _Pairs, routes: Routed, left_out: NDArray[np.bool_]) -> tuple[Matched, _Rows]:
    """What each call gets: by people where they evaluated it, else automatically, card by card."""
    counts = np.bincount(pairs.rows, minlength=calls.size)
    known: dict[tuple[tuple[int, bool], ...], int] = {}
    wanted: list[Wanted] = []

    def code_of(outcome: Wanted) -> int:
        key = tuple((id(card), by_person) for card, by_person in outcome)
        if key not in known:
            known[key] = len(wanted)
            wanted.append(outcome)
        return known[key]

    card = np.full(calls.size, -1, dtype=np.intp)
    card[pairs.rows] = pairs.card
    whose = np.full(calls.size, NOBODY, dtype=np.int64)
    whose[pairs.rows] = pairs.found
    codes = np.full(calls.size, -1, dtype=np.intp)
    firsts, places = distinct_rows([routes.codes, card], calls.size)
    places[left_out | (counts > 1)] = -1
    for first, alike in zip(firsts.tolist(), rows_by_code(places, len(firsts)), strict=True):
        if len(alike):
            own = [pairs.cards[card[first]]] if card[first] >= 0 else []
            codes[alike] = code_of(_in_order(routes.routes[int(routes.codes[first])].cards, own)[0][1])
    crowded = np.flatnonzero(counts > 1)
    if not len(crowded):
        return calls, _Rows(codes, wanted, whose)
    many = np.maximum(counts, 1)
    row_of = np.repeat(np.arange(calls.size), many)
    codes, whose = codes[row_of], whose[row_of]
    begins, starts = np.cumsum(many) - many, np.searchsorted(pairs.rows, crowded)
    made: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for row, begin, start in zip(crowded.tolist(), begins[crowded].tolist(), starts.tolist(), strict=True):
        own = pairs.card[start : start + counts[row]].tolist()
        key = (int(routes.codes[row]), *own)
        if key not in made:
            found = _in_order(routes.routes[key[0]].cards, [pairs.cards[each] for each in own])
            made[key] = [(n, code_of(outcome)) for n, outcome in found]
        for n, (place, code) in enumerate(made[key], begin):
            codes[n], whose[n] = code, pairs.found[start + place]
    return calls.several(row_of), _Rows(codes, wanted, whose)


def _in_order(cards: Sequence[Scorecard], by_people: Sequence[Scorecard]) -> list[tuple[int, Wanted]]:
    """The rows of a call: the place of the evaluation of each, and what it gets; one row where nobody evaluated it.

    cards: those that claim the call. by_people: those that people filled in, in the order of the evaluations.
    """
    results: list[tuple[int, Scorecard]] = []
    for card in cards:
        own = [(n, each) for n, each in enumerate(by_people) if each.id == card.id]
        results += own or [(NOBODY, card)]
    claimed = {card.id for card in cards}
    results += [(n, each) for n, each in enumerate(by_people) if each.id not in claimed]
    if not by_people:
        return [(NOBODY, tuple((card, False) for _, card in results))]
    rows: list[tuple[int, Wanted]] = []
    waiting: Wanted = ()
    for n, card in results:
        waiting = (*waiting, (card, n != NOBODY))
        if n != NOBODY:
            rows.append((n, waiting))
            waiting = ()
    last, wanted = rows[-1]
    rows[-1] = last, (*wanted, *waiting)
    return rows
