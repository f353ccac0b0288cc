"""Brings the follow-up's messages to the sinks that carry them: each sink in a thread, at least once under one key.

What a sink does not take is tried again after a growing time, as results are, and given up after so many tries. A slow
sink delays no other, and a run no longer than its time. Whoever dies between the sending and its mark sends again,
under the same key.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from pauta.engine.acting import Message
from pauta.engine.contracts import NotTaken, RetryLater
from pauta.engine.delivery import LONGEST_WAIT_S, Addressee, scrubbed, stamp
from pauta.engine.host import PluginError
from pauta.engine.problems import ProblemsFound
from pauta.engine.redaction import RedactionError, Redactor
from pauta.engine.seam.loaded import said
from pauta.followup.telling import more_line
from pauta.store import AnyStore, Ledger

AT_A_TIME: Final = 200
SLICE: Final = 2000
SEND_FOR_S: Final = 30.0
"""So long a run goes on sending; what is left then waits for the next one."""


@dataclass
class Sent:
    """What became of messages: sent, not taken yet, given up; the last reason of a sink that did not take one."""

    sent: int = 0
    waiting: int = 0
    dead: int = 0
    last_error: str = ""


def send(
    store: AnyStore, addressees: Sequence[Addressee], now: datetime, within_s: float = SEND_FOR_S
) -> dict[str, Sent]:
    """Send what is due; by the name of the sink, what became of it. addressees: the sinks that have `notify`.

    A sink that is in the midst of a sending when the time is up is not waited for: its message stays as it was.
    """
    until = time.monotonic() + within_s
    workers = {each.name: _Worker(store, each, now, until) for each in addressees}
    for worker in workers.values():
        worker.start()
    for worker in workers.values():
        worker.join(max(0.0, until - time.monotonic()))
    ledger = store.ledger()
    for name, worker in workers.items():
        left = ledger.rows("SELECT state, count(*) AS rows FROM messages WHERE sink = ? GROUP BY state", (name,))
        tally = {str(row["state"]): int(str(row["rows"])) for row in left}
        worker.done.waiting, worker.done.dead = tally.get("waiting", 0), tally.get("dead", 0)
        if worker.is_alive() and not worker.done.last_error:
            worker.done.last_error = "it did not answer in time"
    return {name: worker.done for name, worker in workers.items()}


def masking(to: Addressee, operation: Redactor | None) -> Addressee:
    """A sink to which nothing goes but what has been masked as the operation and the sink itself ask."""
    if operation is None:
        return to
    own = to.redactor.finders if to.redactor else {}
    finders = {**{f"{name} of the operation": find for name, find in operation.finders.items()}, **own}
    return replace(to, redactor=Redactor(finders))


def prune_sent(ledger: Ledger, before: datetime, now: datetime) -> int:
    """Forget messages that were sent before a moment, and no others; returns how many.

    The last one of a group stays while its interval lasts: by it the next one knows how long to wait.
    """
    after, forgotten, moment = "", 0, stamp(before)
    while True:
        with ledger.writing():
            where = "state = 'sent' AND next_at < ? AND sent_at < ? AND key > ? ORDER BY key LIMIT ?"
            rows = ledger.select("messages", where, (moment, moment, after, SLICE))
            old = [(row["key"],) for row in rows if _free(row) <= now]
            ledger.store.write_many("DELETE FROM messages WHERE key = ?", old)
        forgotten += len(old)
        if len(rows) < SLICE:
            return forgotten
        after = str(rows[-1]["key"])


def _free(row: Mapping[str, Any]) -> datetime:
    """When the group of a message may be told of again."""
    return datetime.fromisoformat(str(row["at"])) + timedelta(seconds=float(row["details"].get("every_s") or 0.0))


class _Worker(threading.Thread):
    """Sends what is due for one sink, until nothing is, the time is up, or it fails several times in a row."""

    def __init__(self, store: AnyStore, to: Addressee, now: datetime, until: float) -> None:
        super().__init__(name=f"messages of {to.name}", daemon=True)
        self._store, self._to, self._now, self._until = store, to, now, until
        self._in_a_row = 0
        self.done = Sent()

    def run(self) -> None:
        """Send."""
        try:
            with self._store.another() as own, own.alone(f"messages of {self._to.name}") as alone:
                while alone and self._some(own):
                    pass
        except ProblemsFound as found:  # the database broke down
            self.done.last_error = found.problems[0].message

    def _some(self, store: AnyStore) -> bool:
        """Send some messages; whether there may be more to send."""
        ledger = store.ledger()
        where = "sink = ? AND state = 'waiting' AND next_at <= ? ORDER BY next_at, key LIMIT ?"
        rows = ledger.select("messages", where, (self._to.name, stamp(self._now), AT_A_TIME))
        for row in rows:
            if time.monotonic() >= self._until or self._in_a_row >= self._to.patience.row:
                return False
            changed = _tried(row, self._to, self._now, self.done)
            self._in_a_row = 0 if changed.get("state") == "sent" else self._in_a_row + 1
            ledger.change("messages", {"key": row["key"], "state": "waiting"}, **changed)
        return len(rows) == AT_A_TIME


def _tried(row: Mapping[str, Any], to: Addressee, now: datetime, done: Sent) -> dict[str, object]:
    """Try once; the columns that change."""
    tries = int(row["tries"] or 0) + 1
    try:
        _notify(to, message_of(row, to))
    except Exception as error:  # a sink may raise anything
        cause = error.__cause__ if isinstance(error, PluginError) and error.__cause__ else error
        told = isinstance(cause, NotTaken | RetryLater | RedactionError)
        reason = scrubbed(str(cause) if told else said(cause), to.secrets)
        done.last_error = reason
        if isinstance(cause, RetryLater):
            after = min(max(cause.after_s, 1.0), LONGEST_WAIT_S)
            return {"next_at": stamp(now + timedelta(seconds=after)), "error": reason}
        if tries >= to.patience.tries:
            return {"state": "dead", "tries": tries, "error": reason}
        wait = to.patience.wait_s(tries, random.random())  # noqa: S311  # spreads tries over time, and guards nothing
        return {"tries": tries, "next_at": stamp(now + timedelta(seconds=wait)), "error": reason}
    done.sent += 1
    return {"state": "sent", "tries": tries, "sent_at": stamp(now), "error": None}


def _notify(to: Addressee, message: Message) -> None:
    def work() -> None:
        to.sink.notify(message)

    if to.owner is None or to.owner.built_in:
        work()
    else:
        to.owner.run(work, f"telling people by '{to.name}'")


def message_of(row: Mapping[str, Any], to: Addressee | None = None) -> Message:
    """A row of `messages` as sinks take it, masked where the sink asks for that. Raises RedactionError.

    Names, cards and ids of calls are never masked, as in results.
    """
    content = row["details"]
    mask: Callable[[str], str] = to.redactor.text if to is not None and to.redactor is not None else str
    lines = ["; ".join(filter(None, [facts, mask(words)])) for facts, words in content["lines"]]
    if content["more"]:
        lines.append(more_line(content["more"], content["language"]))
    return Message(
        key=str(row["key"]),
        title=mask(str(content["title"])),
        to=(str(content["name"]),),
        addresses=tuple(filter(None, [str(content["address"])])),
        lines=tuple(lines),
        evaluations=tuple(content["evaluations"]),
        language=str(content["language"]),
    )
