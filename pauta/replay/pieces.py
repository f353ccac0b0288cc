"""A piece of a table of calls compared by column: what one process does, from a record batch to a `Replayed`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import Column, column_of
from pauta.bulk.distinct import rows_by_code, taken_from
from pauta.bulk.given import Given
from pauta.bulk.incoming import Incoming
from pauta.bulk.layout import OF_CALLS, Layout
from pauta.bulk.pieces import Input, Piece
from pauta.bulk.scorer import Scorer, Setup, keys_of
from pauta.bulk.work import Done, Worker, all_problems, marked
from pauta.engine.evaluation.plan import Plan
from pauta.engine.host import Host
from pauta.engine.loading.records import MOST_WARNINGS, Strangers, unknown_field
from pauta.engine.model.calls import ENGINE, CallBatch
from pauta.engine.model.columns import Coded
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.pipeline import second_record
from pauta.engine.problems import Place, Problem
from pauta.replay.causes import Mask, Rows
from pauta.replay.claimed import Claimed, Versions, claimed
from pauta.replay.comparison import Comparison
from pauta.replay.pairs import Lot, Pair, Whose, lot_of
from pauta.replay.replay import count
from pauta.replay.replayed import Replayed
from pauta.replay.tallies import is_given

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_OF_A_PIECE: Final = 1 << 32
"""More than a piece has: where a row stands among all is the number of its piece times this, and its row."""


class Tables(Scorer):
    """Tables of calls with the answers beside them, or with none where these are not asked for."""

    def __init__(self, setup: Setup, host: Host, *, answers: bool) -> None:
        super().__init__(setup, host)
        self._with_answers = answers

    def layout(self, schema: pa.Schema, file: str) -> Layout:
        """What the columns of a table are. Raises ProblemsFound where it is no table of calls."""
        found = super().layout(schema, file)
        return found if self._with_answers else _of_calls_alone(found, schema, file)


def _of_calls_alone(layout: Layout, schema: pa.Schema, file: str) -> Layout:
    """A layout as one who reads calls sees it: columns of evaluations are none that calls have."""
    fields = {name: at for name, at in layout.fields.items() if name in OF_CALLS}
    known = {*fields.values(), *(at for facts in layout.facts.values() for at in facts.values())}
    unknown = [name for at, name in enumerate(schema.names) if at not in known]
    turns = [each for each in layout.warnings if "'turns." in each.message]
    warnings = [*(unknown_field(name, OF_CALLS, Place(file, 1, 1)) for name in unknown), *turns]
    return Layout(fields, layout.facts, warnings=warnings[:MOST_WARNINGS])


@dataclass
class Counted:
    """What came of a piece. keys, key_rows: see `Scored`. absent: cards that are not there. strangers: see `Taken`."""

    number: int
    made: Replayed
    keys: NDArray[np.uint64]
    key_rows: Rows
    problems: tuple[Problem, ...]
    absent: Sequence[Problem] = ()
    strangers: Strangers = field(default_factory=Strangers)


class Comparing:
    """One process's way from pieces to what differs. Pairs of versions are made ready when they are met."""

    def __init__(self, inputs: Sequence[Input], comparison: Comparison, scorer: Scorer) -> None:
        self._comparison, self._scorer, self._worker = comparison, scorer, Worker(inputs, scorer)
        self._claims = comparison.claims(scorer.router)
        self._wanted = comparison.wanted(scorer.router)
        self._pairs: dict[tuple[int, int], Pair] = {}

    def do(self, number: int, piece: Piece, doubles: Rows | None = None) -> Counted:
        """What differs in a piece. doubles: rows that hold calls that came before.

        What cannot be read is a problem of its rows.
        """
        made = Replayed(self._comparison.after, assumed=self._comparison.assumed)
        found = self._worker.read(number, piece)
        if isinstance(found, Done):
            made.counts.refused = found.summary.refused
            return Counted(number, made, found.keys, found.key_rows, found.problems)
        taken, incoming = found
        rows = np.flatnonzero(incoming.taken)
        skip = np.zeros(incoming.size, dtype=np.bool_) if doubles is None else marked(doubles, incoming.size)
        problems, absent = self._compare(incoming, made, number * ROWS_OF_A_PIECE, skip)
        made.counts.refused += len(taken.refused)
        told = all_problems(taken, tuple(problems), incoming.file)
        return Counted(number, made, keys_of(incoming, rows), rows, told, absent, taken.strangers)

    def _compare(
        self, incoming: Incoming, made: Replayed, first_number: int, skip: Mask
    ) -> tuple[list[Problem], Sequence[Problem]]:
        """Count a table; returns what is told of its rows, and which cards are not there."""
        doubles, calls = incoming.taken & skip, incoming.taken & ~skip
        people = incoming.people & _by_the_card(incoming, self._claims.ids)
        found = claimed(incoming, calls, people, self._claims, self._wanted, self._scorer.router)
        made.counts.calls, made.counts.refused = int(calls.sum()), incoming.size - int(calls.sum())
        made.counts.left_out, made.counts.unclaimed = found.left_out, found.unclaimed
        again = [(row, second_record(incoming.call_alone(row))) for row in np.flatnonzero(doubles).tolist()]
        told = [*((row, why) for row, _, why in incoming.refused), *again]
        problems = [*(incoming.layout.warnings if incoming.first_row == 1 else ())]
        problems += [*(why for _, why in sorted(told, key=lambda each: each[0]))]
        table = _Table(incoming, self._scorer, first_number)
        lots = self._lots(table, found, people, first_number)
        problems += count(lots, made)
        compared = found.codes >= 0
        compared[list(found.doors)] = True
        _note_calls(table, incoming, compared, made)
        return problems, found.problems

    def _lots(self, table: _Table, found: Claimed, people: Mask, first_number: int) -> list[Lot]:
        """Rows by the versions that score them, in the order of their first rows."""
        lots: list[tuple[int, Lot]] = []
        for versions, rows in zip(found.versions, rows_by_code(found.codes, len(found.versions)), strict=True):
            if len(rows):
                lots.append((int(rows[0]), table.lot(self._pair(versions), rows, people[rows])))
        by_pair: dict[tuple[int, int], list[int]] = {}
        for row, each in found.doors.items():
            by_pair.setdefault((id(each.before), id(each.after)), []).append(row)
        for own in by_pair.values():
            records = [found.doors[row] for row in own]
            pair = self._pair((records[0].before, records[0].after))
            lots.append((own[0], lot_of(pair, records, [first_number + row for row in own])))
        return [lot for _, lot in sorted(lots, key=lambda each: each[0])]

    def _pair(self, versions: Versions) -> Pair:
        key = id(versions[0]), id(versions[1])
        if key not in self._pairs:
            self._pairs[key] = Pair(*versions, self._scorer.host, self._comparison.assumed, plan_of=self._plan)
        return self._pairs[key]

    def _plan(self, card: Scorecard) -> Plan:
        return self._scorer.plan(card, []).plan


class _Table:
    """The rows of one table, as lots take them."""

    def __init__(self, incoming: Incoming, scorer: Scorer, first_number: int) -> None:
        self._incoming, self._scorer, self._first_number = incoming, scorer, first_number
        self._given = Given(incoming)
        self.agents, self.teams = column_of(incoming.facts.agent), column_of(incoming.facts.team)

    def lot(self, pair: Pair, rows: Rows, people: Mask) -> Lot:
        """Some rows. people: (rows,) bool, those whose person's answers count."""
        incoming = self._incoming
        sides = [None if card is None else self._scorer.plan(card, []) for card in (pair.old, pair.new)]
        batches = [None if side is None else side.batch(incoming, self._given, rows, people) for side in sides]
        subjects = {name: None for side in sides if side is not None for name in side.subjects}
        one = batches[0] or batches[1]
        assert one is not None, "a lot has a version that scores it"
        taken = None if len(rows) == incoming.size else rows
        heard = CallBatch(
            size=len(rows),
            calls=one.calls,
            automatic=one.automatic,
            notes=one.notes,
            subjects={name: taken_from(incoming.subject(name), taken) for name in subjects},
        )
        return Lot(
            pair,
            self._first_number + rows,
            (batches[0], batches[1]),
            ~people,
            _names(self.agents, rows),
            _names(self.teams, rows),
            self._of_other_versions(pair.old, rows, people),
            lambda name: self._is_given(name, rows, people),
            heard,
            lambda row: self._whose(int(rows[row]), by_person=bool(people[row])),
        )

    def _of_other_versions(self, old: Scorecard | None, rows: Rows, people: Mask) -> int:
        column = self._incoming.column("version")
        if old is None or column is None:
            return 0
        return int(np.count_nonzero(column.where(lambda version: version != old.version)[rows] & people))

    def _is_given(self, name: str, rows: Rows, people: Mask) -> Mask | None:
        column = self._given.columns.get(name)
        return None if column is None else column.where(is_given)[rows] & people

    def _whose(self, row: int, *, by_person: bool) -> Whose:
        facts = self._incoming.facts
        evaluator = facts.evaluator if by_person else None
        columns = facts.call_id, facts.agent, facts.team, facts.started_at, evaluator
        return Whose(*(ENGINE if each is None else each[row].as_py() for each in columns))


def _names(column: Column, rows: Rows) -> Coded[Any]:
    return Coded(column.codes[rows], (*column.values, None))  # a code of -1 is the last


def _by_the_card(incoming: Incoming, ids: Collection[str]) -> Mask:
    """(rows,) bool: where a person's evaluation, if there is one, is by the card or does not say by which."""
    column = incoming.column("scorecard")
    if column is None:
        return np.ones(incoming.size, dtype=np.bool_)
    return ~column.where(lambda card: card not in ids)


def _note_calls(table: _Table, incoming: Incoming, compared: Mask, made: Replayed) -> None:
    """Which days, which teams."""
    import pyarrow as pa
    import pyarrow.compute as pc

    days = pc.min_max(pc.utf8_slice_codeunits(incoming.facts.started_at.filter(pa.array(compared)), 0, 10)).as_py()
    made.between(days["min"], days["max"])
    rows = np.flatnonzero(compared & (table.agents.codes >= 0) & (table.teams.codes >= 0))[::-1]
    agents, last = np.unique(table.agents.codes[rows], return_index=True)
    teams = table.teams.codes[rows[last]]
    for agent, team in zip(agents.tolist(), teams.tolist(), strict=True):
        made.team_of[table.agents.values[agent]] = table.teams.values[team]
