"""The run: every row scored by both versions, batch by batch, and what differs counted, in constant memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, TypeAlias

import numpy as np

from pauta.engine.evaluation.evaluate import settle
from pauta.engine.evaluation.gather import gather
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.host import Host
from pauta.engine.model.calls import ENGINE, CallBatch, batch_of
from pauta.engine.model.results import Results
from pauta.engine.model.scorecard import NOT_APPLICABLE, Question, Scorecard
from pauta.engine.problems import Problem
from pauta.replay.causes import Attribution, Causes, Mask, Side, as_heard, left_out, plan_as_heard
from pauta.replay.parts import Part, criterion_changed
from pauta.replay.rows import Counts, Row, Tell
from pauta.replay.tallies import (
    FAILED,
    OUTCOMES,
    PASSED,
    Moved,
    QuestionReplayed,
    SideTally,
    add_by_group,
    columns_of,
    count_answers,
    earned,
    given_by_people,
    nothing_earned,
    outcomes,
)

BATCH: Final = 2000
NOW_FAIL, NOW_PASS = "now_fail", "now_pass"
Key: TypeAlias = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Example:
    """A call that flips. causes: the parts that flip it alone or are needed for it, none where only several do."""

    call_id: str
    agent: str | None
    team: str | None
    evaluator: str
    started_at: str | None
    before: float | None
    after: float | None
    card: str
    causes: tuple[Part, ...]

    @property
    def change(self) -> float:
        """By how much the score moves; 0 where one side has none."""
        return self.after - self.before if self.before is not None and self.after is not None else 0.0


@dataclass(slots=True)
class CauseTally:
    """How many calls a part flips in one direction: alone, as a needed part, in either way."""

    alone: int = 0
    needed: int = 0
    either: int = 0


class Kept:
    """A bounded number of examples: those whose score moves most, of equals the first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, int, Example]] = []

    def offer(self, example: Example, index: int) -> None:
        """Keep an example if it is among the largest."""
        entry = abs(example.change), -index, example
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        elif self._most and entry[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, entry)

    def __iter__(self) -> Any:
        return iter([each for _, _, each in sorted(self._heap, key=lambda one: one[:2], reverse=True)])


@dataclass
class Replayed:
    """What another version would have changed.

    before_cards: the versions compared with, by `id@version`, with their evaluations. lost, gained: evaluations of
    calls that only the old or only the new version claims. outcomes: (was, now) -> evaluations, both as OUTCOMES.
    causes, examples: (direction, part). together: direction -> flips that no single part makes or prevents.
    set_aside: new questions that people's sheets could not answer. unlike: questions that answer themselves in another
    way. of_other_versions: people's evaluations of another version than the old one.
    """

    after_card: Scorecard
    stored: bool = False
    assumed: Mapping[str, str] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    before_cards: dict[str, Scorecard] = field(default_factory=dict)
    by_before: Counter[str] = field(default_factory=Counter)
    evaluations: int = 0
    by_person: int = 0
    of_other_versions: int = 0
    lost: int = 0
    gained: int = 0
    first: str | None = None
    last: str | None = None
    before: SideTally = field(default_factory=SideTally)
    after: SideTally = field(default_factory=SideTally)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    whole: Moved = field(default_factory=Moved)
    agents: dict[str, Moved] = field(default_factory=dict)
    teams: dict[str, Moved] = field(default_factory=dict)
    team_of: dict[str, str] = field(default_factory=dict)
    questions: dict[str, QuestionReplayed] = field(default_factory=dict)
    parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    causes: dict[tuple[str, tuple[str, str]], CauseTally] = field(default_factory=dict)
    together: Counter[str] = field(default_factory=Counter)
    examples: dict[tuple[str, Key], Kept] = field(default_factory=dict)
    set_aside: Counter[str] = field(default_factory=Counter)
    unlike: dict[str, None] = field(default_factory=dict)

    @property
    def now_fail(self) -> int:
        """Evaluations that passed and would fail."""
        return self.whole.now_fail

    @property
    def now_pass(self) -> int:
        """Evaluations that failed and would pass."""
        return self.whole.now_pass


class _Pair:
    """An old and a new version with what is needed to compare them."""

    def __init__(self, old: Scorecard | None, new: Scorecard | None, replayed: Replayed, host: Host) -> None:
        self.set_aside: tuple[str, ...] = ()
        if old is not None and new is not None:
            added = [each.id for each in new.questions if each.id not in old.by_id]
            new, self.set_aside = _adapted(new, set(added), replayed.assumed)
            for question in new.questions:
                if replayed.stored and question.id in old.by_id:
                    if criterion_changed(old.by_id[question.id], question):
                        replayed.unlike[question.id] = None
                elif replayed.stored and question.criterion is not None:
                    replayed.unlike[question.id] = None
        self.causes = Causes(old, new, host) if old is not None and new is not None else None
        known = set(old.by_id) if old is not None else set()
        stored = known if replayed.stored else None
        self.plans = [None if card is None else _plan(card, host, stored) for card in (old, new)]
        self.cards = (old, new)
        for part in self.causes.parts if self.causes else ():
            replayed.parts.setdefault((part.kind, part.id), part)


def _plan(card: Scorecard, host: Host, stored_questions: set[str] | None) -> Plan:
    """The plan of one side; where answers are stored ones, of the card as these were heard."""
    if stored_questions is None:
        return compile_plan(card, host)
    own = {question.id for question in card.questions} - stored_questions
    return plan_as_heard(as_heard(card, own), host)


def _adapted(card: Scorecard, added: set[str], assumed: Mapping[str, str]) -> tuple[Scorecard, tuple[str, ...]]:
    """The new version with assumed answers as defaults, and without waiting for answers that nobody could give yet."""
    aside: list[str] = []

    def adapted(question: Question) -> Question:
        if question.id in assumed:
            return replace(question, default=assumed[question.id])
        if question.id in added and question.required and question.default is None:
            aside.append(question.id)
            return replace(question, required=False)
        return question

    sections = [replace(each, questions=tuple(adapted(one) for one in each.questions)) for each in card.sections]
    return replace(card, sections=tuple(sections)), tuple(aside)


def replay(
    rows: Iterable[Row],
    replayed: Replayed,
    host: Host,
    *,
    tell: Tell,
    batch_size: int = BATCH,
    examples: int = 3,
    listed: int = 10,
    progress: Callable[[int], None] | None = None,
) -> Replayed:
    """Score rows by both versions and count into `replayed`. Never raises for an answer or a plugin: that is told.

    examples: how many are kept for each cause, `listed` of each direction.
    """
    run = _Run(replayed, host, tell, examples, listed)
    remaining = iter(rows)
    while chunk := list(islice(remaining, batch_size)):
        run.take(chunk)
        if progress is not None:
            progress(replayed.counts.calls)
    return replayed


class _Run:
    def __init__(self, replayed: Replayed, host: Host, tell: Tell, examples: int, listed: int) -> None:
        self.made, self._host, self._tell = replayed, host, tell
        self._examples, self._listed = examples, listed
        self._pairs: dict[tuple[str, ...], _Pair] = {}
        self._told: set[Problem] = set()
        self._rows = 0
        for question in replayed.after_card.questions:
            replayed.questions[question.id] = QuestionReplayed(question.id)

    def take(self, chunk: Sequence[Row]) -> None:
        """Count a batch of rows."""
        by_pair: dict[tuple[str, ...], list[tuple[int, Row]]] = {}
        for number, row in enumerate(chunk, self._rows):
            cards = (row.before, row.after)
            key = tuple(f"{card.name} {card.digest}" if card else "" for card in cards)
            if key not in self._pairs:
                self._pairs[key] = _Pair(row.before, row.after, self.made, self._host)
            by_pair.setdefault(key, []).append((number, row))
        self._rows += len(chunk)
        for key, numbered in by_pair.items():
            self._compare(self._pairs[key], [row for _, row in numbered], [number for number, _ in numbered])

    def _compare(self, pair: _Pair, rows: Sequence[Row], numbers: Sequence[int]) -> None:
        made = self.made
        batch = batch_of([row.call for row in rows], [row.human for row in rows])
        automatic = np.array([row.human is None or row.human.evaluator == ENGINE for row in rows], dtype=np.bool_)
        batch = replace(batch, automatic=automatic)
        made.evaluations += len(rows)
        made.by_person += int((~automatic).sum())
        self._about(pair, rows)
        sides: list[tuple[Results, Side] | None] = []
        for plan, tally in zip(pair.plans, (made.before, made.after), strict=True):
            sides.append(self._score(plan, batch, tally) if plan is not None else None)
        given = given_by_people(batch)
        before, after = sides
        self._count_questions(pair, before, after, given, len(rows))
        if before is None or after is None:
            made.gained += len(rows) if before is None else 0
            made.lost += len(rows) if after is None else 0
            return
        for name in pair.set_aside:
            if name in after[0].answers:
                codes = after[0].answers[name].codes
                made.set_aside[name] += int(((codes == 0) & ~automatic).sum())
        self._count_moves(rows, before[0], after[0])
        self._count_flips(pair, rows, numbers, batch, before, after)

    def _score(self, plan: Plan, batch: CallBatch, tally: SideTally) -> tuple[Results, Side]:
        gathered = gather(plan, batch)
        if self.made.stored:
            gathered = left_out(gathered, plan, _not_applicable(batch))
        results = settle(plan, batch, gathered)
        tally.add(results, outcomes(results))
        for problem in results.problems:
            if problem.code[1] == "6" and problem not in self._told:  # answers of another version are counted
                self._told.add(problem)
                self._tell(problem)
        return results, Side(plan, gathered)

    def _about(self, pair: _Pair, rows: Sequence[Row]) -> None:
        """Which versions, which days."""
        made, old = self.made, pair.cards[0]
        for row in rows:
            day = (row.call.started_at or "")[:10]
            if day:
                made.first = min(made.first or day, day)
                made.last = max(made.last or day, day)
            if row.call.agent and row.call.team:
                made.team_of[row.call.agent] = row.call.team
            if old is not None and row.human is not None and row.human.version not in (None, old.version):
                made.of_other_versions += 1
        if old is not None:
            made.before_cards.setdefault(old.name, old)
            made.by_before[old.name] += len(rows)

    def _count_questions(
        self,
        pair: _Pair,
        before: tuple[Results, Side] | None,
        after: tuple[Results, Side] | None,
        given: Mapping[str, Mask],
        size: int,
    ) -> None:
        names = dict.fromkeys(each.id for card in pair.cards[::-1] if card for each in card.questions)
        for name in names:
            tally = self.made.questions.setdefault(name, QuestionReplayed(name))
            got = []
            for side, into in ((before, tally.before), (after, tally.after)):
                if side is None or name not in side[0].answers:
                    got.append(nothing_earned(size))
                    continue
                results = side[0]
                got.append(earned(results.answers[name]))
                count_answers(into, results.scorecard.by_id[name], got[-1], results.status != 1, given.get(name))
            if before is not None and after is not None:
                tally.differs += int(got[0].differs_from(got[1]).sum())

    def _count_moves(self, rows: Sequence[Row], before: Results, after: Results) -> None:
        was, now = outcomes(before), outcomes(after)
        pairs = np.bincount(was.astype(np.int64) * len(OUTCOMES) + now, minlength=len(OUTCOMES) ** 2)
        for place in np.flatnonzero(pairs):
            old, new = divmod(int(place), len(OUTCOMES))
            self.made.outcomes[OUTCOMES[old], OUTCOMES[new]] += int(pairs[place])
        columns = columns_of(before, after, was, now)
        self.made.whole.plus([int(column.sum()) for column in columns])
        add_by_group(self.made.agents, [row.call.agent for row in rows], columns)
        add_by_group(self.made.teams, [row.call.team for row in rows], columns)

    def _count_flips(
        self,
        pair: _Pair,
        rows: Sequence[Row],
        numbers: Sequence[int],
        batch: CallBatch,
        before: tuple[Results, Side],
        after: tuple[Results, Side],
    ) -> None:
        was, now = outcomes(before[0]), outcomes(after[0])
        assert pair.causes is not None
        for direction, mask in ((NOW_FAIL, (was == PASSED) & (now == FAILED)),
                                (NOW_PASS, (was == FAILED) & (now == PASSED))):  # fmt: skip
            places = np.flatnonzero(mask)
            if not len(places):
                continue
            found = pair.causes.of(
                batch, places, before[1], after[1], before[0].passed[places], after[0].passed[places]
            )
            causes = self._count_causes(direction, found, len(places))
            self._keep(direction, rows, numbers, (before[0], after[0]), zip(places.tolist(), causes, strict=True))

    def _count_causes(self, direction: str, found: Attribution, flips: int) -> list[tuple[Part, ...]]:
        """Count the causes of flips; returns those of each."""
        causes: list[list[Part]] = [[] for _ in range(flips)]
        for part, alone in found.alone.items():
            needed = found.needed[part]
            either = alone | needed
            tally = self.made.causes.setdefault((direction, (part.kind, part.id)), CauseTally())
            tally.alone += int(alone.sum())
            tally.needed += int(needed.sum())
            tally.either += int(either.sum())
            for place in np.flatnonzero(either):
                causes[place].append(part)
        self.made.together[direction] += sum(not each for each in causes)
        return [tuple(each) for each in causes]

    def _keep(
        self,
        direction: str,
        rows: Sequence[Row],
        numbers: Sequence[int],
        results: tuple[Results, Results],
        flips: Iterable[tuple[int, tuple[Part, ...]]],
    ) -> None:
        """Keep examples of flips: of the direction, and of each of their causes."""
        for place, parts in flips:
            row, call = rows[place], rows[place].call
            scores = [None if np.isnan(each.score[place]) else float(each.score[place]) for each in results]
            example = Example(
                call_id=call.call_id,
                agent=call.agent,
                team=call.team,
                evaluator=row.human.evaluator if row.human else ENGINE,
                started_at=call.started_at,
                before=scores[0],
                after=scores[1],
                card=results[0].scorecard.name,
                causes=parts,
            )
            keys: list[Key] = [(part.kind, part.id) for part in parts]
            for key, most in [(None, self._listed), *((key, self._examples) for key in keys)]:
                self.made.examples.setdefault((direction, key), Kept(most)).offer(example, numbers[place])


def _not_applicable(batch: CallBatch) -> dict[str, Mask]:
    """Question -> where a stored answer says that it was not applicable."""
    return {
        name: np.array([raw == NOT_APPLICABLE for raw in column.values], dtype=np.bool_)[column.codes]
        for name, column in batch.answers.items()
    }
