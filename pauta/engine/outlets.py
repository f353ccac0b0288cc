"""The sinks of one run: they get each batch, or what they are to be sent goes into the outbox of the first store.

One that fails gets nothing more; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import signature
from typing import Any, Final, TypeAlias, cast

from pauta.engine.contracts import DroppingSink, KeepingSink, KnowingSink, Recipient, Sink
from pauta.engine.delivery import Addressee, Courier, Delivered, Patience, scrubbed, stamp
from pauta.engine.endpoints import failure
from pauta.engine.host import Host, LoadedPlugin, PluginError
from pauta.engine.model.calls import Call
from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.engine.redaction import Redactor
from pauta.engine.seam.loaded import said

Record: TypeAlias = dict[str, Any]
NOTHING: Final[Mapping[str, object]] = {}
DELIVER_FOR_S: Final = 30.0
"""So long a run goes on delivering after its last batch; what is left then waits in the outbox."""

KEEP_SENT: Final = timedelta(days=30)


@dataclass
class Outlet:
    """A sink of one run, by the name that problems call it. One that failed is not `working` any more.

    patience: how a sink that sends elsewhere is tried again. redactor: what is masked for this sink besides what is
    masked for all. secrets: what no message may show. keep_sent: how long a database that holds the outbox remembers
    what was sent.
    """

    name: str
    sink: Sink
    working: bool = True
    patience: Patience = field(default_factory=Patience)
    redactor: Redactor | None = None
    secrets: frozenset[str] = frozenset()
    keep_sent: timedelta = KEEP_SENT

    @property
    def delivers(self) -> bool:
        """Whether it sends results elsewhere, so that what it is to send waits in an outbox."""
        return bool(getattr(self.sink, "delivers", False))

    @property
    def takes_results(self) -> bool:
        """Whether it takes results; one that only has `notify` carries messages to people and nothing else."""
        return self.delivers or callable(getattr(self.sink, "write", None))


class Outlets:
    """All sinks of a run."""

    def __init__(self, outlets: Sequence[Outlet], host: Host, tell: Callable[[Problem], None]) -> None:
        """Raises ProblemsFound where a sink needs an outbox and there is none, or two have one name."""
        self._host, self._tell = host, tell
        self._direct = [outlet for outlet in outlets if not outlet.delivers]
        self._sending = [outlet for outlet in outlets if outlet.delivers]
        self._courier: Courier | None = None
        self._keeping: Outlet | None = None
        try:
            self._begin_sending()
        except ProblemsFound:
            self.drop()
            raise

    def hand_on(self, calls: Sequence[Call], cards: Sequence[Mapping[str, object]], records: Sequence[Record]) -> None:
        """Give every sink that works a batch; what it changes of it is its own."""
        for outlet in self._direct:
            if outlet.working and outlet.takes_results and records:
                owner = self._owner(outlet)
                batch = calls, cards, records
                own = batch if owner is None or owner.built_in else deepcopy(batch)
                self._run(outlet, partial(_write, outlet, *own), len(records))
        if self._courier is not None:
            self._courier.wake()

    def drop(self) -> None:
        """Break the run off: sinks keep what they had before, as far as they can."""
        if self._courier is not None:
            with suppress(ProblemsFound):  # the fault that broke the run off is the one to tell
                self._courier.finish(0)
        for outlet in self._direct:
            if outlet.working:
                self._drop(outlet)

    def close(self, deliver_for_s: float = DELIVER_FOR_S) -> dict[str, str]:
        """Deliver what can be in the time, and finish every sink that still works; returns what became of each."""
        outcomes: dict[str, str] = {}
        keeping = [outlet for outlet in self._direct if isinstance(outlet.sink, KeepingSink)]
        self._finish([outlet for outlet in self._direct if outlet not in keeping], outcomes)  # they need not wait
        try:
            done = self._courier.finish(deliver_for_s) if self._courier else {}
        except ProblemsFound as error:  # the store broke down, and with it the outbox
            done = {}
            self._tell(error.problems[0])
        for name, delivered in done.items():
            outcomes[name] = outcome_of(delivered)
            for problem in problems_of(name, delivered):
                self._tell(problem)
        self._forget_what_was_sent()
        self._finish([*self._sending, *keeping], outcomes)
        return outcomes

    def _finish(self, outlets: Sequence[Outlet], outcomes: dict[str, str]) -> None:
        for outlet in outlets:
            finish = getattr(outlet.sink, "close", None)
            if outlet.working and finish is not None:
                self._run(outlet, finish)
            if outlet.working and outlet.takes_results and not outlet.delivers:
                outcomes[outlet.name] = str(getattr(outlet.sink, "outcome", ""))

    def _begin_sending(self) -> None:
        if not self._sending:
            return
        names = [outlet.name for outlet in self._sending]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            hint = "give each its own: webhook: {name: crm, url: ..}; by its name the outbox knows a sink again"
            raise ProblemsFound([Problem("E751", f"two sinks are called '{twice}'", Place(twice), hint)])
        keeping = next((outlet for outlet in self._direct if isinstance(outlet.sink, KeepingSink)), None)
        if keeping is None:
            hint = "name a database beside it: --to results.db, or the sink postgres"
            what = f"there is no database to keep what '{names[0]}' is to be sent"
            raise ProblemsFound([Problem("E750", what, Place(names[0]), hint)])
        store = cast(KeepingSink, keeping.sink)
        store.send_to([self._recipient(outlet) for outlet in self._sending])
        self._courier = Courier(store.outbox, [addressee_of(outlet, self._owner(outlet)) for outlet in self._sending])
        self._courier.start()
        self._keeping = keeping

    def _forget_what_was_sent(self) -> None:
        """Prune the outbox, so that it does not grow for ever."""
        if self._keeping is not None and self._keeping.working:
            store = cast(KeepingSink, self._keeping.sink)
            try:
                store.outbox.prune(stamp(datetime.now(UTC) - self._keeping.keep_sent))
            except ProblemsFound as error:
                self._tell(error.problems[0])

    def _recipient(self, outlet: Outlet) -> Recipient:
        """A sink as the store knows it."""
        wants = getattr(outlet.sink, "wants", None)
        return Recipient(outlet.name) if wants is None else Recipient(
            outlet.name, partial(self._wants, outlet, wants, looks_at_the_call(wants))
        )  # fmt: skip

    def _wants(
        self,
        outlet: Outlet,
        wants: Callable[..., object],
        with_call: bool,
        record: Mapping[str, object],
        call: Mapping[str, object] = NOTHING,
    ) -> bool:
        """Whether a result is to be sent at all; where the sink cannot say, it is."""
        given = (record, call) if with_call else (record,)
        owner = self._owner(outlet)
        try:
            if owner is None or owner.built_in:
                return bool(wants(*given))
            return bool(owner.run(lambda: wants(*deepcopy(given)), f"asking '{outlet.name}' what it wants"))
        except Exception as error:  # a sink may raise anything
            self._tell_failure(outlet, owner, error, f"sink '{outlet.name}' cannot say what it wants, and is sent all")
            return True

    def _run(self, outlet: Outlet, work: Callable[[], object], size: int = 0) -> None:
        """Let a sink do something. One that fails gets nothing more; the others go on."""
        owner = self._owner(outlet)
        try:
            if owner is None:
                work()
            else:
                owner.run(work, f"writing to '{outlet.name}'", calls=size)
        except Exception as error:  # a sink may raise anything
            outlet.working = False
            self._tell_failure(outlet, owner, error, f"sink '{outlet.name}' failed and gets nothing more")
            self._drop(outlet)

    def _tell_failure(self, outlet: Outlet, owner: LoadedPlugin | None, error: Exception, what: str) -> None:
        wrapped = error if isinstance(error, PluginError) else PluginError(said(error))
        if wrapped is not error:
            wrapped.__cause__ = error
        problem = failure("E620", what, Place(outlet.name), owner, wrapped)
        self._tell(without_secrets(problem, outlet.secrets))

    def _owner(self, outlet: Outlet) -> LoadedPlugin | None:
        """The plugin that a sink is of; None for one that the caller made itself."""
        return owner_of(outlet.sink, self._host)

    def _drop(self, outlet: Outlet) -> None:
        finish = outlet.sink.drop if isinstance(outlet.sink, DroppingSink) else getattr(outlet.sink, "close", None)
        owner = self._owner(outlet)
        # it failed already, or the run is broken off: the first fault is the one to tell
        with suppress(Exception):
            if finish is not None:
                finish() if owner is None else owner.run(finish, f"dropping '{outlet.name}'")


def looks_at_the_call(wants: Callable[..., object]) -> bool:
    """Whether a sink that says what it wants takes the call too, and not the evaluation alone."""
    try:
        signature(wants).bind(NOTHING, NOTHING)
    except (TypeError, ValueError):
        return False
    return True


def owner_of(sink: object, host: Host) -> LoadedPlugin | None:
    """The plugin that a sink is of; None for one that the caller made itself."""
    name = getattr(sink, "name", "")
    return host.owner("sinks", name) if host.sinks.get(name) is type(sink) else None


def addressee_of(outlet: Outlet, owner: LoadedPlugin | None) -> Addressee:
    """A sink as the courier knows it."""
    return Addressee(outlet.name, outlet.sink, owner, outlet.patience, outlet.redactor, outlet.secrets)


def without_secrets(problem: Problem, secrets: frozenset[str]) -> Problem:
    """A problem in which no secret can be read."""
    hint = None if problem.hint is None else scrubbed(problem.hint, secrets)
    return Problem(problem.code, scrubbed(problem.message, secrets), problem.place, hint)


def outcome_of(delivered: Delivered) -> str:
    """What became of a sink's deliveries, for the summary of a run."""
    parts = [f"{delivered.delivered:,} delivered"]
    parts += [f"{delivered.waiting:,} waiting"] if delivered.waiting else []
    parts += [f"{delivered.dead:,} given up"] if delivered.dead else []
    return ", ".join(parts)


def problems_of(name: str, delivered: Delivered) -> list[Problem]:
    """What is to be told of a sink that did not take everything."""
    why = f" (last: {delivered.last_error})" if delivered.last_error else ""
    problems = []
    if delivered.waiting:
        what = f"sink '{name}' has not taken {_results(delivered.waiting)} yet, waiting in the outbox{why}"
        problems.append(Problem("E630", what, Place(name), "`pauta score` and `pauta outbox retry` try again"))
    elif delivered.last_error and not delivered.delivered and not delivered.gave_up:
        problems.append(Problem("E630", f"sink '{name}' could not be served{why}", Place(name)))
    if delivered.gave_up:
        what = f"{_results(delivered.gave_up)} given up: sink '{name}' did not take them after so many tries{why}"
        hint = f"`pauta outbox list` shows them, `pauta outbox retry --sink {name}` tries once more"
        problems.append(Problem("E631", what, Place(name), hint))
    return problems


def _results(count: int) -> str:
    return "1 result" if count == 1 else f"{count:,} results"


def _write(
    outlet: Outlet, calls: Sequence[Call], cards: Sequence[Mapping[str, object]], records: Sequence[Record]
) -> None:
    if outlet.redactor is not None:
        calls = [outlet.redactor.call(call) for call in calls]
        by_id = {(call.call_id, call.agent): call for call in calls}
        records = [outlet.redactor.record(each, by_id.get((each["call_id"], each["agent"]))) for each in records]
    if isinstance(outlet.sink, KnowingSink):
        outlet.sink.about(calls, cards)
    outlet.sink.write(records)
