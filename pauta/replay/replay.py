"""The run: every evaluation scored by both versions, batch by batch, and what differs counted, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.evaluate import settle
from pauta.engine.evaluation.gather import gather
from pauta.engine.evaluation.plan import Plan
from pauta.engine.evaluation.prepare import prepare
from pauta.engine.host import Host
from pauta.engine.model.calls import CallBatch
from pauta.engine.model.results import Results
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem
from pauta.replay.causes import Attribution, Mask, Side, with_not_applicable
from pauta.replay.pairs import Lot, Pair, lot_of
from pauta.replay.parts import Part
from pauta.replay.replayed import NOW_FAIL, NOW_PASS, CauseTally, Example, Key, Replayed
from pauta.replay.rows import Row, Tell
from pauta.replay.tallies import (
    FAILED,
    OUTCOMES,
    PASSED,
    QuestionReplayed,
    SideTally,
    add_by_group,
    columns_of,
    count_answers,
    earned,
    nothing_earned,
    outcomes,
)

BATCH: Final = 2000
Scored: TypeAlias = tuple[Results, Side]


def replay(
    rows: Iterable[Row],
    replayed: Replayed,
    host: Host,
    *,
    tell: Tell,
    batch_size: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> Replayed:
    """Score rows by both versions and count into `replayed`. Never raises for an answer or a plugin: that is told."""
    pairs: dict[tuple[int, int], Pair] = {}
    told: set[Problem] = set()
    remaining = iter(rows)
    done = 0
    while chunk := list(islice(remaining, batch_size)):
        by_pair: dict[tuple[int, int], list[tuple[int, Row]]] = {}
        for number, row in enumerate(chunk, done):
            key = id(row.before), id(row.after)
            if key not in pairs:
                pairs[key] = Pair(row.before, row.after, host, replayed.assumed, stored=replayed.stored)
            by_pair.setdefault(key, []).append((number, row))
        done += len(chunk)
        _note_calls(replayed, chunk)
        lots = [
            lot_of(pairs[key], [row for _, row in numbered], [number for number, _ in numbered])
            for key, numbered in by_pair.items()
        ]
        for problem in count(lots, replayed):
            if problem not in told:
                told.add(problem)
                tell(problem)
        if progress is not None:
            progress(replayed.counts.calls)
    return replayed


def _note_calls(made: Replayed, rows: Sequence[Row]) -> None:
    """Which days, which teams."""
    days = [row.call.started_at[:10] for row in rows if row.call.started_at]
    if days:
        made.between(min(days), max(days))
    made.team_of.update({row.call.agent: row.call.team for row in rows if row.call.agent and row.call.team})


def count(lots: Sequence[Lot], made: Replayed) -> list[Problem]:
    """Score lots of the same calls by both versions and count what differs. Returns what went wrong with plugins."""
    sides = [side for lot in lots for side in zip(lot.pair.plans, lot.batches, strict=True)]
    prepare([(plan, batch) for plan, batch in sides if plan is not None and batch is not None])
    return [problem for lot in lots for problem in _count(lot, made)]


def _count(lot: Lot, made: Replayed) -> list[Problem]:
    """One lot."""
    pair, size = lot.pair, len(lot.numbers)
    for part in pair.causes.parts if pair.causes else ():
        made.parts.setdefault((part.kind, part.id), part)
    made.unlike.update(dict.fromkeys(pair.unlike))
    made.evaluations += size
    made.by_person += int(np.count_nonzero(~lot.automatic))
    made.of_other_versions += lot.of_other_versions
    if pair.old is not None:
        made.before_cards.setdefault(pair.old.name, pair.old)
        made.by_before[pair.old.name] += size
    before, after = (
        None if plan is None or batch is None else _score(plan, batch, tally, stored=made.stored)
        for plan, batch, tally in zip(pair.plans, lot.batches, (made.before, made.after), strict=True)
    )
    _count_questions(lot, before, after, made)
    if before is None or after is None:
        made.gained += size if before is None else 0
        made.lost += size if after is None else 0
    else:
        for name in pair.set_aside:
            if name in after[0].answers:
                codes = after[0].answers[name].codes
                made.set_aside[name] += int(((codes == 0) & ~lot.automatic).sum())
        _count_moves(lot, before[0], after[0], made)
        _count_flips(lot, before, after, made)
    problems = [problem for side in (before, after) if side is not None for problem in side[0].problems]
    return [problem for problem in problems if problem.code[1] == "6"]  # answers of another version are counted


def _score(plan: Plan, batch: CallBatch, tally: SideTally, *, stored: bool) -> Scored:
    if stored:
        batch = with_not_applicable(plan, batch)
    gathered = gather(plan, batch)
    results = settle(plan, batch, gathered)
    tally.add(results, outcomes(results))
    return results, Side(plan, gathered)


def _count_questions(lot: Lot, before: Scored | None, after: Scored | None, made: Replayed) -> None:
    cards: list[Scorecard | None] = [lot.pair.new, lot.pair.old]
    for name in dict.fromkeys(each.id for card in cards if card for each in card.questions):
        tally = made.questions.setdefault(name, QuestionReplayed(name))
        got = []
        for side, into in ((before, tally.before), (after, tally.after)):
            if side is None or name not in side[0].answers:
                got.append(nothing_earned(len(lot.numbers)))
                continue
            results = side[0]
            got.append(earned(results.answers[name]))
            count_answers(into, results.scorecard.by_id[name], got[-1], results.status != 1, lot.given(name))
        if before is not None and after is not None:
            tally.differs += got[0].differs_from(got[1])


def _count_moves(lot: Lot, before: Results, after: Results, made: Replayed) -> None:
    was, now = outcomes(before), outcomes(after)
    pairs = np.bincount(was.astype(np.int64) * len(OUTCOMES) + now, minlength=len(OUTCOMES) ** 2)
    for place in np.flatnonzero(pairs):
        old, new = divmod(int(place), len(OUTCOMES))
        made.outcomes[OUTCOMES[old], OUTCOMES[new]] += int(pairs[place])
    columns = columns_of(before, after, was, now)
    made.whole.plus([int(column.sum()) for column in columns])
    add_by_group(made.agents, lot.agents, columns)
    add_by_group(made.teams, lot.teams, columns)


def _count_flips(lot: Lot, before: Scored, after: Scored, made: Replayed) -> None:
    was, now = outcomes(before[0]), outcomes(after[0])
    assert lot.pair.causes is not None
    for direction, mask in ((NOW_FAIL, (was == PASSED) & (now == FAILED)),
                            (NOW_PASS, (was == FAILED) & (now == PASSED))):  # fmt: skip
        rows = np.flatnonzero(mask)
        if len(rows):
            verdicts = before[0].passed[rows], after[0].passed[rows]
            found = lot.pair.causes.of(lot.heard, rows, before[1], after[1], *verdicts)
            _keep(lot, rows, (before[0], after[0]), direction, _count_causes(direction, found, len(rows), made), made)


def _count_causes(direction: str, found: Attribution, flips: int, made: Replayed) -> Mapping[Part, Mask]:
    """Count the causes of flips; returns for each part which of them it is a cause of."""
    causes: dict[Part, Mask] = {}
    some = np.zeros(flips, dtype=np.bool_)
    for part, alone in found.alone.items():
        needed = found.needed[part]
        causes[part] = either = alone | needed
        some |= either
        tally = made.causes.setdefault((direction, (part.kind, part.id)), CauseTally())
        tally.alone += int(alone.sum())
        tally.needed += int(needed.sum())
        tally.either += int(either.sum())
    made.together[direction] += int(np.count_nonzero(~some))
    return causes


def _keep(
    lot: Lot,
    rows: NDArray[np.intp],
    results: tuple[Results, Results],
    direction: str,
    causes: Mapping[Part, Mask],
    made: Replayed,
) -> None:
    """Keep examples of flips: of the direction, and of each of their causes."""
    old, new = (each.score[rows] for each in results)
    moves = np.abs(new - old)
    moves[np.isnan(moves)] = 0.0
    known: dict[int, Example] = {}

    def example(flip: int) -> Example:
        if flip not in known:
            whose = lot.whose(int(rows[flip]))
            known[flip] = Example(
                call_id=whose.call_id,
                agent=whose.agent,
                team=whose.team,
                evaluator=whose.evaluator,
                started_at=whose.started_at,
                before=None if np.isnan(old[flip]) else float(old[flip]),
                after=None if np.isnan(new[flip]) else float(new[flip]),
                card=results[0].scorecard.name,
                causes=tuple(part for part, mask in causes.items() if mask[flip]),
            )
        return known[flip]

    def offer(key: Key, flips: NDArray[np.intp]) -> None:
        kept = made.keep(direction, key)
        kept.offer(moves[flips], lot.numbers[rows[flips]], lambda place: example(int(flips[place])))

    offer(None, np.arange(len(rows)))
    for part, mask in causes.items():
        if mask.any():
            offer((part.kind, part.id), np.flatnonzero(mask))
