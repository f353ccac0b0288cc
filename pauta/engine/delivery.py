"""Brings what waits in the outbox to the sinks that send it elsewhere: each sink in a thread of its own.

A row is sent, then marked; whoever dies between the two sends it again under the same key. What is not taken is tried
again after a growing time with jitter, and given up ("dead") after so many tries. A sink that fails several times in a
row is left alone for a while. What is left when the time of a run is up waits for the next one.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from pauta.engine.contracts import Delivery, NotTaken, Outbox, RetryLater, Waiting
from pauta.engine.host import LoadedPlugin, PluginError
from pauta.engine.redaction import RedactionError, Redactor
from pauta.engine.seam.loaded import said

AT_A_TIME: Final = 20
MOST_GATHERED: Final = 5000
"""So many results at most stand in one message about many; a run with more sends several."""

MARK_EVERY_S: Final = 0.5
LOOK_EVERY_S: Final = 0.5
GRACE_S: Final = 0.2
LONGEST_WAIT_S: Final = 86_400.0
"""A receiver that asks for more than a day is asked again after one."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a sink is borne with.

    tries: until a row is given up. first_s: from the first try to the second, and twice as long each time after it,
    most_s at most. After so many failures in a `row` the sink is left alone for pause_s.
    """

    tries: int = 10
    first_s: float = 1.0
    most_s: float = 3600.0
    row: int = 5
    pause_s: float = 30.0

    def wait_s(self, tries: int, chance: float) -> float:
        """Seconds until the next try, after so many; `chance` is 0..1."""
        return min(self.most_s, self.first_s * 2.0 ** min(tries - 1, 30)) * (0.5 + chance)


@dataclass
class Addressee:
    """A sink that results are sent to, by its name in the run. secrets: what no message may show."""

    name: str
    sink: Any
    owner: LoadedPlugin | None = None
    patience: Patience = field(default_factory=Patience)
    redactor: Redactor | None = None
    secrets: frozenset[str] = frozenset()

    @property
    def gathers(self) -> bool:
        """Whether it is sent one message about many results, at the end of a run."""
        return bool(getattr(self.sink, "gathers", False))

    def masked(self, item: Delivery) -> Delivery:
        """What may be sent of a result; raises RedactionError where that is nothing."""
        if self.redactor is None:
            return item
        return replace(item, evaluation=self.redactor.record(item.evaluation), call=self.redactor.about(item.call))

    def deliver(self, item: Delivery) -> None:
        """Send one result; raises what the sink raises, and RedactionError where it must not be sent."""
        masked = self.masked(item)
        self._watched(lambda: self.sink.deliver(masked))

    def deliver_all(self, key: str, items: Sequence[Delivery]) -> None:
        """Send one message about results that are masked already; raises what the sink raises."""
        self._watched(lambda: self.sink.deliver_all(key, items))

    def _watched(self, work: Callable[[], None]) -> None:
        if self.owner is None or self.owner.built_in:
            work()
        else:
            self.owner.run(work, f"delivering to '{self.name}'")


@dataclass
class Delivered:
    """What became of a sink's rows in a run. `waiting` and `dead` count what is in the outbox at its end."""

    delivered: int = 0
    gave_up: int = 0
    failed: int = 0
    waiting: int = 0
    dead: int = 0
    last_error: str = ""


class Courier:
    """Delivers for several sinks at once, until it is told to finish."""

    def __init__(
        self,
        outbox: Outbox,
        addressees: Iterable[Addressee],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._outbox = outbox
        self._workers = {each.name: _Worker(outbox, each, clock, chance) for each in addressees}

    def start(self) -> None:
        """Begin."""
        for worker in self._workers.values():
            worker.start()

    def wake(self) -> None:
        """There may be something new."""
        for worker in self._workers.values():
            worker.awake.set()

    def finish(self, within_s: float) -> dict[str, Delivered]:
        """Deliver what can be delivered within so many seconds; returns what became of each sink's rows.

        A sink that is in the midst of a sending then is not waited for: the row stays as it was.
        """
        until = time.monotonic() + within_s
        for worker in self._workers.values():
            worker.until = until
            worker.awake.set()
        for worker in self._workers.values():
            worker.join(max(0.0, until - time.monotonic()) + GRACE_S)
        for name, worker in self._workers.items():
            tally = self._outbox.tally(name)
            worker.result.waiting, worker.result.dead = tally.get("waiting", 0), tally.get("dead", 0)
        return {name: worker.result for name, worker in self._workers.items()}


class _Worker(threading.Thread):
    """One sink's deliveries. `until`: when to end (monotonic), None while more may come."""

    def __init__(
        self, outbox: Outbox, addressee: Addressee, clock: Callable[[], datetime], chance: Callable[[], float]
    ) -> None:
        super().__init__(name=f"deliver {addressee.name}", daemon=True)
        self.awake = threading.Event()
        self.until: float | None = None
        self.result = Delivered()
        self._outbox, self._to, self._clock, self._chance = outbox, addressee, clock, chance
        self._failures = 0
        self._rest_until = 0.0

    def run(self) -> None:
        """Deliver until it is time to end. What breaks the outbox itself is kept for the summary."""
        try:
            store = self._outbox.another()
            try:
                while not self._serve_alone(store):
                    self._sleep(LOOK_EVERY_S)
            finally:
                store.close()
        except Exception as error:  # the outbox itself broke: the rows stay as they are, and this is the reason
            self.result.last_error = scrubbed(said(error), self._to.secrets)
            self.result.failed += 1

    def _serve_alone(self, store: Outbox) -> bool:
        """Deliver where no other run does for this sink. Returns whether all is done that can be."""
        with store.alone(self._to.name) as alone:
            if not alone:
                return self._late()
            while self._to.gathers and self.until is None:  # the run may add to its message until it ends
                self._sleep(LOOK_EVERY_S)
            send = self._send_together if self._to.gathers else self._send
            while not self._late():
                if not send(store) and not self._wait(store):
                    break
            return True

    def _late(self) -> bool:
        return self.until is not None and time.monotonic() >= self.until

    def _resting(self) -> bool:
        return time.monotonic() < self._rest_until

    def _wait(self, store: Outbox) -> bool:
        """Sleep until something may be due. False where that is not before the end of the run."""
        due = store.next_due(self._to.name)
        wait = LOOK_EVERY_S
        if due is not None:
            wait = max(0.01, (datetime.fromisoformat(due) - self._clock()).total_seconds())
            wait = max(wait, self._rest_until - time.monotonic())
        if self.until is not None and (due is None or time.monotonic() + wait > self.until):
            return False
        self._sleep(wait)
        return True

    def _sleep(self, seconds: float) -> None:
        """Until the time is up, or something new came, or the end of the run is announced."""
        if self._resting():
            left = seconds if self.until is None else min(seconds, self.until - time.monotonic())
            time.sleep(max(0.0, min(left, LOOK_EVERY_S)))
            return
        self.awake.wait(min(seconds, LOOK_EVERY_S))
        self.awake.clear()

    def _send(self, store: Outbox) -> bool:
        """Send rows that are due and mark them, a few at a time. Returns whether there were any."""
        items = [] if self._resting() else store.due(self._to.name, stamp(self._clock()), AT_A_TIME)
        done: list[Waiting] = []
        marked = time.monotonic()
        try:
            for item in items:
                done += self._sent([item], partial(self._to.deliver, store.delivery(item)))
                if time.monotonic() - marked > MARK_EVERY_S:
                    store.settle(done)
                    done, marked = [], time.monotonic()
                if self._late() or self._resting():
                    break
        finally:
            if done:
                store.settle(done)
        return bool(items)

    def _send_together(self, store: Outbox) -> bool:
        """Send one message about rows that go out together, and mark them. Returns whether there were any.

        What must not be shown is left out, and goes out later with others.
        """
        items = [] if self._resting() else store.gather(self._to.name, stamp(self._clock()), MOST_GATHERED)
        sent: list[Waiting] = []
        left_out: list[Waiting] = []
        deliveries: list[Delivery] = []
        for item in items:
            try:
                deliveries.append(self._to.masked(store.delivery(item)))
                sent.append(item)
            except RedactionError as error:
                left_out += [replace(each, bundle=None) for each in self._not_taken([item], error)]
        if sent:
            sent = self._sent(sent, partial(self._to.deliver_all, str(sent[0].bundle), deliveries))
        if items:
            store.settle([*sent, *left_out])
        return bool(items)

    def _sent(self, items: Sequence[Waiting], send: Callable[[], None]) -> list[Waiting]:
        """Try once; the rows as they are then."""
        try:
            send()
        except Exception as error:  # a sink may raise anything
            cause = error.__cause__ if isinstance(error, PluginError) and error.__cause__ else error
            return self._not_taken(items, cause)
        self._failures = 0
        self.result.delivered += len(items)
        now = stamp(self._clock())
        return [replace(item, state="delivered", tries=item.tries + 1, delivered_at=now, error=None) for item in items]

    def _not_taken(self, items: Sequence[Waiting], error: BaseException) -> list[Waiting]:
        patience = self._to.patience
        reason = scrubbed(
            str(error) if isinstance(error, NotTaken | RetryLater | RedactionError) else said(error), self._to.secrets
        )
        self.result.last_error = reason
        self.result.failed += 1
        now = self._clock()
        if isinstance(error, RetryLater):
            wait = error.after_s if math.isfinite(error.after_s) else LONGEST_WAIT_S
            wait = min(max(wait, 0.0), LONGEST_WAIT_S)
            self._rest_until = time.monotonic() + wait
            return [replace(item, next_at=stamp(now + timedelta(seconds=wait)), error=reason) for item in items]
        if not isinstance(error, RedactionError):
            self._failures += 1
            if self._failures >= patience.row:
                self._rest_until = time.monotonic() + patience.pause_s
        chance = self._chance()
        return [self._tried_once_more(item, now, chance, reason) for item in items]

    def _tried_once_more(self, item: Waiting, now: datetime, chance: float, reason: str) -> Waiting:
        tries = item.tries + 1
        if tries >= self._to.patience.tries:
            self.result.gave_up += 1
            return replace(item, state="dead", tries=tries, error=reason)
        wait = self._to.patience.wait_s(tries, chance)
        return replace(item, tries=tries, next_at=stamp(now + timedelta(seconds=wait)), error=reason)


def stamp(moment: datetime) -> str:
    """A moment in UTC, as text that sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """A text in which no secret can be read."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
