"""Cards made ready to score tables, and one table scored: an Arrow record batch of calls in, one of results out.

Setup      what a run needs to score: pickled, it goes to other processes and other machines
Scorer     one process's plans
Grouped    what came of one batch, card by card
Scored     the same as tables
rows_of_a_piece    how many rows a batch should have
"""

from __future__ import annotations

import hashlib
import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.counted import summary_of
from pauta.bulk.distinct import rows_by_code, taken_from
from pauta.bulk.given import Given, Reader
from pauta.bulk.incoming import Incoming, Lazy
from pauta.bulk.layout import Layout, layout_of
from pauta.bulk.outcomes import Outcomes, outcomes_of
from pauta.bulk.outgoing import Group, Made, Outgoing, no_results, rejects_batch
from pauta.bulk.pieces import ROWS
from pauta.bulk.redacted import redacted
from pauta.engine.host import Host
from pauta.engine.model.calls import ENGINE, CallBatch, batch_of
from pauta.engine.model.conditions import Condition, tests_of
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.pipeline import Summary, second_record
from pauta.engine.problems import Problem, ProblemsFound, did_you_mean
from pauta.engine.redaction import Redactor
from pauta.engine.routing import Router, Versions

if TYPE_CHECKING:
    import pyarrow as pa

    from pauta.engine.evaluation.plan import Plan

ROWS_OF_A_CARD: Final = 2_048
"""So many rows of a piece a card should score, and its fixed costs are a small part of what they cost."""
MOST_TIMES_ROWS: Final = 4
"""So many times the usual rows a piece has at most: its results are made into tables bit by bit, it is read whole."""


@dataclass(frozen=True)
class CardsGiven:
    """The versions of cards that are there as they are: each scores what it is given."""

    cards: tuple[Scorecard, ...]

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the cards."""
        return sorted({card.id for card in self.cards})

    def in_effect(self, day: date) -> Sequence[Scorecard]:
        """All of them, on any day."""
        return self.cards

    def resolve(self, card_id: str, wanted: str | None = None, day: date | None = None) -> Scorecard | Problem:
        """The card of an id, in the version that is asked for."""
        fitting = [card for card in self.cards if card.id == card_id and wanted in (None, card.version)]
        if fitting:
            return fitting[-1]
        named = f"{card_id}@{wanted}" if wanted else card_id
        return Problem("E712", f"there is no card '{named}'", None, did_you_mean(card_id, self.ids))


@dataclass(frozen=True)
class Setup:
    """What is needed to score: cards, time zone, plugins.

    versions: the cards in play (a catalogue without its host, or CardsGiven). named: cards that score whatever they are
    given, as a router takes them. plugins: the operation's folders of plugins; plugin_files: or what is in it, by path,
    for machines that do not have it. watch: what a host takes beside: isolate, timeouts, memory. redactor: what is
    masked in results.
    """

    versions: Versions
    named: tuple[Scorecard | str, ...] = ()
    timezone: tzinfo | None = None
    today: date | None = None
    plugins: tuple[str, ...] | str | None = None
    plugin_files: Mapping[str, bytes] = field(default_factory=dict)
    installed: bool = True
    watch: Mapping[str, Any] = field(default_factory=dict)
    redactor: Redactor | None = None

    @classmethod
    def of(cls, *cards: Scorecard, **more: Any) -> Setup:
        """A setup in which the cards given score every call."""
        return cls(CardsGiven(cards), named=cards, **more)

    @property
    def router(self) -> Router:
        """The router over the cards."""
        return Router(self.versions, named=self.named, timezone=self.timezone, today=self.today)

    def host(self) -> Host:
        """The plugins, loaded."""
        folders = [Path(each) for each in ((self.plugins,) if isinstance(self.plugins, str) else self.plugins or ())]
        if not self.plugin_files:
            return Host(folder=folders or None, installed=self.installed, **self.watch)
        own = Path(mkdtemp(prefix="pauta-plugins-"))
        try:
            for name, text in self.plugin_files.items():
                (own / name).parent.mkdir(parents=True, exist_ok=True)
                (own / name).write_bytes(text)
            host = Host(folder=[*folders, own], installed=self.installed, **self.watch)
        except BaseException:
            rmtree(own, ignore_errors=True)
            raise
        weakref.finalize(host, _removed, own, os.getpid())
        return host

    def scorer(self, host: Host | None = None) -> Scorer:
        """A scorer of this process; `host`: its plugins, where they are loaded already."""
        return Scorer(self, host or self.host())


def _removed(folder: Path, process: int) -> None:
    """Remove a host's own folder; a process that was forked from that of the host leaves it alone."""
    if os.getpid() == process:
        rmtree(folder, ignore_errors=True)


def rows_of_a_piece(scorer: Scorer, with_turns: bool) -> int | None:
    """How many rows of a table are best scored at once: more where many cards share them; None: the usual number.

    It depends on the cards alone. A card costs the same for every piece in which it scores anything, so pieces grow
    until each card has its part.
    """
    if with_turns:  # reading what was said costs far more than any number of cards
        return None
    named = scorer.setup.named
    cards = len(named) if named else len({card.id for card in scorer.cards})
    times = min(-(-cards * ROWS_OF_A_CARD // ROWS), MOST_TIMES_ROWS)
    return ROWS * times if times > 1 else None


@dataclass(frozen=True)
class Grouped:
    """What came of a batch before tables are made of it.

    groups: the results of each card, `size` in all. wrong: what was refused: row, call, why. problems: what is told.
    """

    groups: list[Group]
    size: int
    wrong: list[tuple[int, str | None, Problem]]
    problems: tuple[Problem, ...]
    summary: Summary


@dataclass
class Scored:
    """What came of a batch. made: the results, to be had as tables. rejects: in the published schema.

    keys: (calls,) uint64, a hash of call and agent of each row that was a call, and key_rows: (calls,) those rows:
    who sees them all finds calls that come twice, and scores the batch again without them.
    """

    made: Made | None
    rejects: pa.RecordBatch
    problems: tuple[Problem, ...]
    keys: NDArray[np.uint64]
    key_rows: NDArray[np.intp]
    summary: Summary

    @cached_property
    def results(self) -> pa.RecordBatch:
        """The results as one table in the published schema."""
        return no_results() if self.made is None else self.made.batch()

    @property
    def evaluations(self) -> int:
        """How many results there are."""
        return 0 if self.made is None else self.made.size

    def tables(self, rows: int) -> Iterator[pa.RecordBatch]:
        """The results as tables of at most so many rows, each made when it is asked for."""
        for start in range(0, self.evaluations, rows):
            assert self.made is not None
            yield self.made.batch(start, min(start + rows, self.evaluations))

    @property
    def calls(self) -> int:
        """How many rows were calls."""
        return self.summary.calls


class Scorer:
    """The plans of one process, compiled when a card is met, and what is known of tables by their schema."""

    def __init__(self, setup: Setup, host: Host) -> None:
        from pauta import __version__

        self.setup, self.host, self.router = setup, host, setup.router
        self._outgoing = Outgoing(__version__)
        self._plans: dict[int, _Ready] = {}
        self._layouts: dict[tuple[str, Any], Layout] = {}

    def score(
        self,
        batch: pa.RecordBatch,
        *,
        file: str = "",
        first_row: int = 1,
        skip: NDArray[np.bool_] | None = None,
    ) -> Scored:
        """The results of a batch of calls. skip: (rows,) bool, calls that came before and are refused.

        Raises ProblemsFound where the table as a whole cannot be taken.
        """
        return self.finish(self.prepare(batch, file=file, first_row=first_row), skip)

    def prepare(self, batch: pa.RecordBatch, *, file: str = "", first_row: int = 1) -> Incoming:
        """A batch with its columns checked. Raises ProblemsFound where the table as a whole cannot be taken."""
        return Incoming(self.layout(batch.schema, file), batch, file, first_row)

    def finish(self, incoming: Incoming, skip: NDArray[np.bool_] | None = None) -> Scored:
        """The results of a batch that was prepared."""
        key_rows = np.flatnonzero(incoming.taken)
        came = self.grouped(incoming, skip)
        wrong = [(incoming.first_row + row, call, why) for row, call, why in came.wrong]
        return Scored(
            made=self._outgoing.made(came.groups, incoming.facts, came.size),
            rejects=rejects_batch(incoming.file, sorted(wrong, key=lambda each: (each[0], each[2].code))),
            problems=came.problems,
            keys=keys_of(incoming, key_rows),
            key_rows=key_rows,
            summary=came.summary,
        )

    def grouped(self, incoming: Incoming, skip: NDArray[np.bool_] | None = None) -> Grouped:
        """The same card by card, for those who need no table of it."""
        refused = list(incoming.refused)
        if skip is not None:
            doubles = np.flatnonzero(incoming.taken & skip).tolist()
            calls = ((row, incoming.call(row)) for row in doubles)
            refused += [(row, call.call_id, second_record(call)) for row, call in calls]
        outcomes = outcomes_of(incoming, self.router, skip)
        told = [problem for _, _, problem in sorted([*refused, *outcomes.problems], key=lambda each: each[0])]
        groups, size = groups_of(incoming, outcomes, self, told)
        return Grouped(
            groups,
            size,
            wrong=[each for each in (*refused, *outcomes.problems) if each[2].severity == "error"],
            problems=(*self._layout_warnings(incoming), *told),
            summary=summary_of(incoming, outcomes, groups, skip),
        )

    def plan(self, card: Scorecard, told: list[Problem]) -> _Ready:
        """A card as a plan, compiled at its first use; what is wrong with its plugins goes to `told` then."""
        if id(card) not in self._plans:
            self._plans[id(card)] = _Ready(card, self.host)
            told += self._plans[id(card)].plan.problems
        return self._plans[id(card)]

    def layout(self, schema: pa.Schema, file: str) -> Layout:
        """What the columns of a table are. Raises ProblemsFound where it is no table of calls."""
        key = (file, schema)
        if key not in self._layouts:
            questions = {question.id for card in self.cards for question in card.questions}
            found = layout_of(schema, questions, file)
            if isinstance(found, Problem):
                raise ProblemsFound([found])
            self._layouts[key] = found
        return self._layouts[key]

    @property
    def cards(self) -> list[Scorecard]:
        """All cards that could score a call."""
        every: Any = getattr(self.setup.versions, "cards", ())
        return [*every, *(card for card in self.setup.named if isinstance(card, Scorecard))]

    @staticmethod
    def _layout_warnings(incoming: Incoming) -> list[Problem]:
        return incoming.layout.warnings if incoming.first_row == 1 else []


class _Ready:
    """A plan, and the subjects of calls that it will ask for."""

    def __init__(self, card: Scorecard, host: Host) -> None:
        from pauta.engine.evaluation.plan import compile_plan

        self.card = card
        self.plan: Plan = compile_plan(card, host)
        conditions: list[Condition | None] = [question.when for question in card.questions]
        conditions += [section.when for section in card.sections]
        conditions += [escalation.when for escalation in card.escalations]
        subjects = [test.subject for each in conditions if each is not None for test in tests_of(each)]
        for criterion in self.plan.criteria.values():
            subjects += [subject for each in criterion.walk() for subject in each.reads]
        if self.plan.criteria:
            subjects.append("call.language")
        self._reader = Reader(self.plan)
        self.subjects = [each for each in dict.fromkeys(subjects) if each.startswith("call.")]

    def batch(
        self, incoming: Incoming, given: Given, rows: NDArray[np.intp], by_person: NDArray[np.bool_]
    ) -> CallBatch:
        """Rows of a table that went through no door, as this plan takes them."""
        taken = None if len(rows) == incoming.size else rows
        everybody = bool(by_person.all())
        somebody = everybody or bool(by_person.any())
        person = Lazy(rows, incoming.human)
        return CallBatch(
            size=len(rows),
            calls=Lazy(rows, incoming.call),
            answers=self._reader.answers(given, rows, taken, None if everybody else by_person) if somebody else {},
            automatic=None if everybody else ~by_person,
            evaluators=Lazy(range(len(rows)), lambda row: person[row].evaluator if by_person[row] else ENGINE),
            humans=Lazy(range(len(rows)), lambda row: person[row] if by_person[row] else None),
            notes=given.notes(rows, by_person) if somebody else {},
            subjects={name: taken_from(incoming.subject(name), taken) for name in self.subjects},
            turns=incoming.said(taken) if self.plan.criteria else None,
        )


def groups_of(incoming: Incoming, outcomes: Outcomes, scorer: Scorer, told: list[Problem]) -> tuple[list[Group], int]:
    """The results of each card over its rows, and how many there are in all."""
    from pauta.engine.evaluation.evaluate import evaluate
    from pauta.engine.evaluation.prepare import prepare

    counts = np.array([*map(len, outcomes.wanted), 0], dtype=np.int64)[outcomes.codes]
    first = np.cumsum(counts) - counts
    size = int(counts.sum())
    at_door = np.zeros(incoming.size, dtype=np.bool_)
    at_door[list(incoming.doors)] = True
    asked: list[tuple[_Ready, CallBatch, NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]] = []
    given = Given(incoming)
    for card, rows, places, by_person in _rows_by_card(outcomes, first):
        ready = scorer.plan(card, told)
        for slow in (False, True):
            own = np.flatnonzero(at_door[rows] == slow)
            if len(own):
                mine, person = rows[own], by_person[own]
                batch = _mended(incoming, mine, person) if slow else ready.batch(incoming, given, mine, person)
                asked.append((ready, batch, mine, places[own], person))
    prepare([(ready.plan, batch) for ready, batch, *_ in asked])  # what several cards look for is found in one pass
    groups: list[Group] = []
    for ready, batch, mine, there, person in asked:
        results = evaluate(ready.plan, batch)
        told += [problem for problem in results.problems if problem not in ready.plan.problems]
        alone = len(mine) == size and bool((there == np.arange(size)).all())
        groups.append(Group(results, mine, None if alone else there, person))
    return redacted(scorer.setup.redactor, incoming, groups, size, outcomes.problems, told)


def _rows_by_card(
    outcomes: Outcomes, first: NDArray[np.int64]
) -> Iterator[tuple[Scorecard, NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]]:
    """The cards in the order in which they come: the rows each scores, where its results stand, whether by a person."""
    found: dict[int, tuple[Scorecard, list[tuple[NDArray[np.intp], int, bool]]]] = {}
    for rows, wanted in zip(rows_by_code(outcomes.codes, len(outcomes.wanted)), outcomes.wanted, strict=True):
        for k, (card, by_person) in enumerate(wanted):
            found.setdefault(id(card), (card, []))[1].append((rows, k, by_person))
    for card, parts in found.values():
        rows = np.concatenate([rows for rows, _, _ in parts])
        counts = [len(rows) for rows, _, _ in parts]
        places = first[rows] + np.repeat([k for _, k, _ in parts], counts)
        person = np.repeat(np.array([by_person for _, _, by_person in parts]), counts)
        order = np.argsort(rows, kind="stable") if len(parts) > 1 else slice(None)
        yield card, rows[order], places[order], person[order]


def _mended(incoming: Incoming, rows: NDArray[np.intp], by_person: NDArray[np.bool_]) -> CallBatch:
    """Rows that went through the door, as the records that they are now."""
    pairs = [incoming.doors[int(row)] for row in rows]
    calls = [call for call, _ in pairs if call is not None]
    return batch_of(calls, [human if person else None for (_, human), person in zip(pairs, by_person, strict=True)])


def keys_of(incoming: Incoming, rows: NDArray[np.intp]) -> NDArray[np.uint64]:
    """(rows,) uint64: the hash of call and agent that tells calls apart, as the pipeline makes it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    facts = incoming.facts
    agents = pc.fill_null(facts.agent.dictionary_decode(), "")
    joined = pc.binary_join_element_wise(pc.fill_null(facts.call_id, ""), agents, "\0")
    if len(rows) != len(joined):
        joined = joined.take(pa.array(rows))
    blake = hashlib.blake2b
    digests = b"".join([blake(key, digest_size=8).digest() for key in joined.cast(pa.binary()).to_pylist()])
    return np.frombuffer(digests, dtype="<u8")
