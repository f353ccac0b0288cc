"""Where an operation's follow-up begins: what is older counts in windows, and nobody owes anything for it any more.

A store may hold years of evaluations when it is followed up for the first time. The first night begins a week before
the newest of them; `--since` begins elsewhere, also later on.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

from pauta.engine.delivery import stamp
from pauta.engine.model.moments import moment_from
from pauta.followup.calendar import Calendar
from pauta.followup.facts import Record, in_utc
from pauta.store import Ledger

FIRST_NIGHT: Final = timedelta(days=7)
"""So many days up to that of the newest evaluation are followed up by a first night."""

MARK: Final = "since"


def begin(ledger: Ledger, calendar: Calendar, now: datetime, since: datetime | None) -> datetime | None:
    """The moment from which evaluations raise something, None where all do; inside a transaction.

    since: begin there from now on. What an earlier beginning left out is then read again.
    """
    known, read = ledger.mark(MARK), ledger.mark("facts")
    if since is not None:
        if read is not None and known is not None and stamp(since) < known:
            ledger.set_mark("facts", "0")
        ledger.set_mark(MARK, stamp(since))
        return since
    if known is None and read is None:
        found = _newest(ledger, now)
        if found is None:
            return None
        try:
            day = calendar.local(found).date() - FIRST_NIGHT
            known = stamp(calendar.instant(datetime.combine(day, time())))
        except OverflowError:  # a week before the beginning of time
            return None
        ledger.set_mark(MARK, known)
    return None if known is None else datetime.fromisoformat(known)


def is_before(record: Record, beginning: datetime | None) -> bool:
    """Whether a person evaluated a call, or else the call began, before the beginning; False where nothing tells."""
    if beginning is None:
        return False
    moments = (moment_from(str(record[name])) for name in ("evaluated_at", "started_at") if record.get(name))
    moment = next((each for each in moments if each is not None), None)
    return moment is not None and in_utc(moment) < beginning


def _newest(ledger: Ledger, now: datetime) -> datetime | None:
    """The newest moment up to now of the evaluations in a store, a day more or less; None where there are none."""
    when = f"coalesce(evaluated_at, started_at) {ledger.store.bytewise}"
    query = f"SELECT max({when}) AS newest, count(*) AS rows FROM evaluations WHERE current = 1 AND {when} <= ?"  # noqa: S608
    (row,) = ledger.rows(query, (stamp(now),))
    found = moment_from(str(row["newest"])) if row["newest"] else None
    return min(in_utc(found), now.astimezone(UTC)) if found is not None else None
