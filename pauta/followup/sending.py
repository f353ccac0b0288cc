"""Brings the follow-up's messages to the sinks that carry them: each sink in a thread, at least once under one key.

What a sink does not take is tried again after a growing time, as results are, and given up after so many tries. A slow
sink delays no other. Whoever dies between the sending and its mark sends again, under the same key.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pauta.engine.acting import Message
from pauta.engine.contracts import NotTaken, RetryLater
from pauta.engine.delivery import Addressee, scrubbed, stamp
from pauta.engine.host import PluginError
from pauta.engine.redaction import RedactionError
from pauta.engine.seam.loaded import said
from pauta.followup.telling import more_line
from pauta.store import AnyStore

AT_A_TIME: Final = 500


@dataclass
class Sent:
    """What became of messages: sent, not taken yet, given up; the last reason of a sink that did not take one."""

    sent: int = 0
    waiting: int = 0
    dead: int = 0
    last_error: str = ""


def send(store: AnyStore, addressees: Sequence[Addressee], now: datetime) -> dict[str, Sent]:
    """Send what is due; by the name of the sink, what became of it. addressees: the sinks that have `notify`."""
    with ThreadPoolExecutor(max(1, len(addressees)), thread_name_prefix="message") as threads:
        futures = {each.name: threads.submit(_serve, store, each, now) for each in addressees}
        return {name: future.result() for name, future in futures.items()}


def _serve(store: AnyStore, to: Addressee, now: datetime) -> Sent:
    done = Sent()
    with store.another() as own:
        ledger = own.ledger()
        with own.alone(f"messages of {to.name}") as alone:
            where = "sink = ? AND state = 'waiting' AND next_at <= ? ORDER BY next_at, key LIMIT ?"
            rows = ledger.select("messages", where, (to.name, stamp(now), AT_A_TIME)) if alone else []
            for row in rows:
                changed = _tried(row, to, now, done)
                ledger.change("messages", {"key": row["key"]}, **changed)
        left = ledger.rows("SELECT state, count(*) AS rows FROM messages WHERE sink = ? GROUP BY state", (to.name,))
        tally = {str(row["state"]): int(str(row["rows"])) for row in left}
    done.waiting, done.dead = tally.get("waiting", 0), tally.get("dead", 0)
    return done


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
            return {"next_at": stamp(now + timedelta(seconds=min(max(cause.after_s, 0.0), 86_400.0))), "error": reason}
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
    """A row of `messages` as sinks take it, masked where the sink asks for that. Raises RedactionError."""
    content = row["details"]
    lines = [str(each) for each in content["lines"]]
    if content["more"]:
        lines.append(more_line(content["more"], content["language"]))
    title = str(content["title"])
    if to is not None and to.redactor is not None:
        title, *lines = (to.redactor.text(each) for each in (title, *lines))
    return Message(
        key=str(row["key"]),
        title=title,
        to=(str(content["name"]),),
        addresses=tuple(filter(None, [str(content["address"])])),
        lines=tuple(lines),
        evaluations=tuple(content["evaluations"]),
        language=str(content["language"]),
    )
