"""The whole way, batch by batch: calls meet their cards and people's answers, results go to the sinks.

Calls are streamed; people's evaluations are held in memory, because they come in any order. The batch size changes no
result: evaluations leave in the order of the calls, and of the cards within a call. What cannot be read, matched or
delivered is told and costs itself, never the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pauta.engine.host import Host
from pauta.engine.model.calls import Call, HumanEvaluation, batch_of
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.model.tallies import CardSummary as CardSummary
from pauta.engine.outlets import DELIVER_FOR_S, Outlet as Outlet, Outlets
from pauta.engine.people import (
    People,
    Row,
    card_filled_in as card_filled_in,
    no_agent as no_agent,
    second_time as second_time,
    unmatched as unmatched,
)
from pauta.engine.problems import Problem, Severity
from pauta.engine.redaction import RedactionError, Redactor, not_masked
from pauta.engine.routing import Router

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pauta.engine.evaluation.evaluated import Evaluated
    from pauta.engine.evaluation.plan import Plan

BATCH: Final = 1000
Record: TypeAlias = dict[str, Any]
Tell: TypeAlias = Callable[[Problem], None]


@dataclass
class Summary:
    """What a run did. `unclaimed`: calls that no card scored. `refused`: records of calls that could not be taken.

    `errors` and `warnings` count what was told, `failures` those of plugins and sinks among them. `problems` holds them
    where nobody else took them.
    """

    calls: int = 0
    evaluations: int = 0
    unclaimed: int = 0
    refused: int = 0
    errors: int = 0
    warnings: int = 0
    failures: int = 0
    by_card: dict[str, CardSummary] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def score(
    calls: Iterable[Call | Problem],
    humans: Iterable[HumanEvaluation | Problem] = (),
    *,
    router: Router,
    host: Host,
    outlets: Sequence[Outlet] = (),
    batch_size: int = BATCH,
    progress: Callable[[int], None] | None = None,
    on_problem: Tell | None = None,
    document_of: Callable[[Scorecard], Mapping[str, object] | None] | None = None,
    redactor: Redactor | None = None,
    deliver_for_s: float = DELIVER_FOR_S,
) -> Summary:
    """Score calls by the cards that claim them, and hand the results to the sinks.

    `progress` is told after each batch how many calls are done; `on_problem` of each problem as it is found. An
    interruption leaves every sink as the last whole batch left it, and files as they were before the run. `redactor`
    masks results and calls before any sink sees them; what cannot be masked is kept and sent nowhere. Sinks that send
    results elsewhere do so during the run and `deliver_for_s` seconds after it. Raises ProblemsFound where such a sink
    has no store for its outbox.
    """
    run = _Run(router, host, outlets, on_problem, document_of, redactor)
    try:
        run.take_humans(humans)
        remaining = iter(calls)
        while chunk := list(islice(remaining, batch_size)):
            run.take_calls(chunk)
            if progress is not None:
                progress(run.summary.calls)
        run.tell_unmatched()
    except BaseException:
        run.drop()
        raise
    run.close(deliver_for_s)
    return run.summary


class _Run:
    """One run of the pipeline."""

    def __init__(
        self,
        router: Router,
        host: Host,
        outlets: Sequence[Outlet],
        on_problem: Tell | None,
        document_of: Callable[[Scorecard], Mapping[str, object] | None] | None,
        redactor: Redactor | None,
    ) -> None:
        self.summary = Summary()
        self._router = router
        self._host = host
        self._redactor = redactor
        self._on_problem = on_problem or self.summary.problems.append
        self._document_of = document_of or (lambda card: None)
        self._plans: dict[tuple[str, str], Plan] = {}
        self._people = People(router, self.tell)
        self._seen = Seen()
        self._told: set[Problem] = set()
        self._outlets = Outlets(outlets, host, self.tell)

    def tell(self, problem: Problem) -> None:
        """Tell a problem; those of plugins once, however many batches they are found in."""
        if problem.code.startswith("E6"):
            if problem in self._told:
                return
            self._told.add(problem)
            self.summary.failures += 1
        if problem.severity is Severity.WARNING:
            self.summary.warnings += 1
        else:
            self.summary.errors += 1
        self._on_problem(problem)

    def take_humans(self, humans: Iterable[HumanEvaluation | Problem]) -> None:
        """Hold people's evaluations until their calls come."""
        for human in humans:
            if isinstance(human, Problem):
                self.tell(human)
            else:
                self._people.add(human)

    def take_calls(self, chunk: Sequence[Call | Problem]) -> None:
        """Evaluate a batch of calls and hand the results on."""
        calls = [entry for entry in chunk if isinstance(entry, Call)]
        for entry in chunk:
            if isinstance(entry, Problem):
                self.summary.refused += entry.severity is Severity.ERROR
                self.tell(entry)
        fresh = self._seen.fresh([f"{call.call_id}\0{call.agent or ''}" for call in calls])
        rows: list[Row] = []
        for call, is_new in zip(calls, fresh, strict=True):
            if is_new:
                rows += self._rows(call)
            else:
                self.summary.refused += 1
                self.tell(second_record(call))
        records = self._evaluate(rows)
        self._hand_on(rows, records)

    def tell_unmatched(self) -> None:
        """Tell of people's evaluations whose call did not come."""
        for human in self._people.left():
            self.tell(unmatched(human))

    def _rows(self, call: Call) -> list[Row]:
        """What is to be evaluated about one call."""
        self.summary.calls += 1
        route = self._router.route(call)
        for problem in route.problems:
            self.tell(replace(problem, place=problem.place or call.at))
        rows = self._people.rows(call, route.cards)
        self.summary.unclaimed += not rows
        return rows

    def _evaluate(self, rows: Sequence[Row]) -> Evaluated:
        """The results in the order of the rows; rows of one card are evaluated together."""
        from pauta.engine.evaluation.evaluate import evaluate
        from pauta.engine.evaluation.evaluated import Evaluated
        from pauta.engine.evaluation.prepare import prepare

        by_plan: dict[tuple[str, str], list[int]] = {}
        own: dict[int, list[int]] = {}
        for index, (_, card, _) in enumerate(rows):
            places = own.get(id(card))
            if places is None:
                places = own[id(card)] = by_plan.setdefault((card.name, card.digest), [])
            places.append(index)
        asked = [
            (self._plan(key, rows[places[0]][1]), batch_of([rows[n][0] for n in places], [rows[n][2] for n in places]))
            for key, places in by_plan.items()
        ]
        prepare(asked)
        made = [(evaluate(*each), places) for each, places in zip(asked, by_plan.values(), strict=True)]
        for (plan, _), (results, _) in zip(asked, made, strict=True):
            for problem in results.problems:
                if problem not in plan.problems:
                    self.tell(problem)
        return Evaluated(made)

    def _plan(self, key: tuple[str, str], card: Scorecard) -> Plan:
        from pauta.engine.evaluation.plan import compile_plan

        if key not in self._plans:
            self._plans[key] = compile_plan(card, self._host)
            for problem in self._plans[key].problems:
                self.tell(problem)
        return self._plans[key]

    def _hand_on(self, rows: Sequence[Row], evaluated: Evaluated) -> None:
        records: Sequence[Record] = evaluated
        by_card = self.summary.by_card
        if self._redactor is None:
            for results in evaluated.results:
                by_card.setdefault(results.scorecard.name, CardSummary()).count_all(results)
        else:
            rows, records = self._masked(rows, evaluated, self._redactor)
            for (_, card, human), record in zip(rows, records, strict=True):
                verdict = record["status"], record["passed"], record["score"]
                by_card.setdefault(card.name, CardSummary()).count(verdict, human is not None)
        self.summary.evaluations += len(records)
        calls = list({id(call): call for call, _, _ in rows}.values())
        different = {id(card): card for _, card, _ in rows}
        cards = list({(card.name, card.digest): card for card in different.values()}.values())
        about = [described(card, self._document_of(card)) for card in cards]
        self._outlets.hand_on(calls, about, records)

    def _masked(
        self, rows: Sequence[Row], records: Sequence[Record], redactor: Redactor
    ) -> tuple[list[Row], list[Record]]:
        """Rows and results with what must not be kept masked; what cannot be masked is left out, and told."""
        calls: dict[int, Call | RedactionError] = {}
        kept: list[tuple[Row, Record]] = []
        for (call, card, human), record in zip(rows, records, strict=True):
            try:
                if id(call) not in calls:
                    calls[id(call)] = _masked_call(redactor, call)
                masked = calls[id(call)]
                if isinstance(masked, RedactionError):
                    raise masked
                kept.append(((masked, card, human), redactor.record(record, masked)))
            except RedactionError as error:
                self.tell(not_masked(call, card.name, error))
        return [row for row, _ in kept], [record for _, record in kept]

    def drop(self) -> None:
        """Break the run off: sinks keep what they had before, as far as they can."""
        self._outlets.drop()

    def close(self, deliver_for_s: float) -> None:
        """Finish every sink that still works."""
        self.summary.outcomes.update(self._outlets.close(deliver_for_s))


def described(card: Scorecard, document: Mapping[str, object] | None) -> Mapping[str, object]:
    """What sinks are told of a card beside its results."""
    title = card.title.in_language(card.language, card.id)
    return {
        "scorecard": card.id,
        "version": card.version,
        "digest": card.digest,
        "title": title,
        "document": document,
    }


def _masked_call(redactor: Redactor, call: Call) -> Call | RedactionError:
    try:
        return redactor.call(call)
    except RedactionError as error:
        return error


LONGEST_BLOCK: Final = 1 << 20


class Seen:
    """Which calls have come, at 8 bytes a call: sorted blocks of hashes.

    Each is at least twice as long as the next, else the two are put together. That needs room for both once more, so
    long ones stay side by side: none has more than a million hashes and more than a quarter of them all.

    Of a million calls one pair in thirty-seven million runs shares a hash by chance, and the second would be refused.
    """

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.uint64]] = []

    def fresh(self, keys: Sequence[str]) -> list[bool]:
        """For each key whether it comes for the first time."""
        import numpy as np

        digests = b"".join(hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
        fresh: list[bool] = self.fresh_codes(np.frombuffer(digests, dtype="<u8")).tolist()
        return fresh

    def fresh_codes(self, codes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """For each hash of a key whether it comes for the first time."""
        import numpy as np

        came, first = np.unique(codes, return_index=True)  # in order, codes are found several times as fast
        new = np.ones(len(came), dtype=np.bool_)
        for block in self._blocks:
            places = np.minimum(np.searchsorted(block, came), len(block) - 1)
            new &= block[places] != came
        fresh = np.zeros(len(codes), dtype=np.bool_)
        fresh[first[new]] = True
        if new.any():
            self._blocks.append(came[new])
        longest = max(LONGEST_BLOCK, sum(map(len, self._blocks)) // 4)
        while len(self._blocks) > 1:
            long, short = map(len, self._blocks[-2:])
            if long >= 2 * short or long + short > longest:
                break
            merged = np.concatenate(self._blocks[-2:])
            merged.sort()
            self._blocks[-2:] = [merged]
        return fresh


def second_record(call: Call) -> Problem:
    """A call that came before with the same agent."""
    of = f"call '{call.call_id}'" + (f" of agent '{call.agent}'" if call.agent else "")
    hint = "a call that several agents handled has a record for each of them, each with its agent"
    return Problem("E531", f"{of} is there a second time, and is left out", call.at, hint)
