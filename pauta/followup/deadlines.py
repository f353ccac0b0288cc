"""By when a duty must be done: `deadline` adds a duration of a card to a moment, by the operation's calendar.

    20 s, 5 min, 24 h, 3 d    elapsed time, added in UTC; a day is 24 hours
    8 business hours          time in which people work, and no other
    2 business days           the end of work on the 2nd working day after that of the start; a start on a free day or
                              after the end of work counts as made on the next working day
    next monthly session      the beginning of the next session that is later than the start

`shown` writes a moment as the people of the operation read it. Why it is this way: docs/decisions/deadlines.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pauta.engine.problems import Problem, ProblemsFound
from pauta.followup.calendar import Calendar


class Unit(StrEnum):
    """What a duration counts."""

    SECONDS = "s"
    MINUTES = "min"
    HOURS = "h"
    DAYS = "d"
    BUSINESS_HOURS = "business hours"
    BUSINESS_DAYS = "business days"
    SESSIONS = "monthly session"


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration as cards write it: so many of a unit."""

    amount: Decimal
    unit: Unit

    @property
    def elapsed(self) -> timedelta | None:
        """The time it lasts, to the microsecond; of business hours the working time; None of days and sessions."""
        seconds = _SECONDS.get(self.unit)
        return None if seconds is None else timedelta(microseconds=round(self.amount * seconds * 1_000_000))


_SECONDS: Final = {
    Unit.SECONDS: 1, Unit.MINUTES: 60, Unit.HOURS: 3600, Unit.DAYS: 86_400, Unit.BUSINESS_HOURS: 3600,
}  # fmt: skip
_WRITTEN: Final = re.compile(r"([0-9]+(?:[.,][0-9]+)?) ?(s|min|h|d|business days?|business hours?)", re.ASCII)
_NEXT_SESSION: Final = "next monthly session"
_MOST: Final = {Unit.BUSINESS_HOURS: 20_000, Unit.BUSINESS_DAYS: 2_500}
"""About ten years of work: what is longer is a slip of the pen, and would be counted day by day."""
_DAY: Final = timedelta(days=1)


def duration_of(text: str) -> Duration:
    """What a duration says. Raises ProblemsFound (E776) where it is none that a deadline can be counted by."""
    if text == _NEXT_SESSION:
        return Duration(Decimal(1), Unit.SESSIONS)
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise _refused(
            f"'{text}' is not a duration", "write 24 h, 3 d, 2 business days, 8 business hours or next monthly session"
        )
    amount, unit = Decimal(found[1].replace(",", ".")), Unit(_plural(found[2]))
    if unit is Unit.BUSINESS_DAYS and amount != int(amount):
        raise _refused(f"'{text}': business days are counted whole", "write 1 business day, or 12 business hours")
    if amount > _MOST.get(unit, amount):
        raise _refused(f"'{text}' is too long: {_MOST[unit]} {unit} are the most", None)
    return Duration(amount, unit)


def deadline(duration: str, start: datetime, calendar: Calendar) -> datetime:
    """The moment, in UTC, by which a duty with this duration must be done.

    start: an aware moment. Raises ProblemsFound (E776) where the duration is none, or leads beyond the year 9999.
    """
    if start.tzinfo is None:
        raise ValueError("a deadline is counted from a moment with a time zone")
    wanted = duration_of(duration)
    try:
        begin = start.astimezone(UTC)
        match wanted.unit:
            case Unit.SESSIONS:
                return _next_session(begin, calendar)
            case Unit.BUSINESS_DAYS:
                return _end_of_work(int(wanted.amount), begin, calendar)
        lasts = wanted.elapsed
        assert lasts is not None
        return _worked(lasts, begin, calendar) if wanted.unit is Unit.BUSINESS_HOURS else begin + lasts
    except (OverflowError, ValueError) as error:
        raise _refused(f"'{duration}' leads beyond the year 9999", "write a shorter one") from error


def shown(moment: datetime, calendar: Calendar, language: str = "en") -> str:
    """A moment as people of the operation read it: `Tue 2026-06-02 10:00`, in its zone; seconds where there are any.

    Where the clocks show the time twice in one night the offset from UTC stands behind it.
    """
    local = moment.astimezone(calendar.zone)
    names = _DAYS.get(language.partition("-")[0].casefold())
    day = f"{names.split()[local.weekday()]} " if names else ""
    clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    offset = local.strftime("%z")
    return f"{day}{local.date().isoformat()} {clock}" + (f" (UTC{offset[:3]}:{offset[3:5]})" if twice else "")


_DAYS: Final = {
    "en": "Mon Tue Wed Thu Fri Sat Sun",
    "es": "lun mar mié jue vie sáb dom",
    "pt": "seg ter qua qui sex sáb dom",
    "ru": "пн вт ср чт пт сб вс",
}


def _plural(unit: str) -> str:
    return f"{unit}s" if unit.endswith((" day", " hour")) else unit


def _refused(message: str, hint: str | None) -> ProblemsFound:
    return ProblemsFound([Problem("E776", message, None, hint)])


def _days_from(begin: datetime, calendar: Calendar) -> Iterator[date]:
    """The days on which work that is not over at a moment may begin: a night shift may have begun the day before."""
    day = calendar.local(begin).date() - _DAY
    while True:
        yield day
        day += _DAY


def _worked(wanted: timedelta, begin: datetime, calendar: Calendar) -> datetime:
    """The first moment at which so much working time has gone by."""
    if not wanted:
        return begin
    for day in _days_from(begin, calendar):
        for opens, closes in calendar.shifts_of(day):
            since = max(opens, begin)
            if closes - since >= wanted:
                return since + wanted
            wanted -= max(closes - since, timedelta())
    raise AssertionError("days do not end")


def _end_of_work(days: int, begin: datetime, calendar: Calendar) -> datetime:
    """The end of work on a working day, counted from the first whose work is not over at `begin`, which is day 0."""
    for day in _days_from(begin, calendar):
        shifts = calendar.shifts_of(day)
        if not shifts or shifts[-1][1] <= begin:
            continue
        if days == 0:
            return shifts[-1][1]
        days -= 1
    raise AssertionError("days do not end")


def _next_session(begin: datetime, calendar: Calendar) -> datetime:
    """The first session later than `begin`. A session that holidays move may fall into the month after its own."""
    local = calendar.local(begin)
    month = local.year * 12 + local.month - 1
    while _session_of(month - 1, calendar) > begin:
        month -= 1
    while (held := _session_of(month, calendar)) <= begin:
        month += 1
    return held


def _session_of(month: int, calendar: Calendar) -> datetime:
    year, index = divmod(month, 12)
    return calendar.session_of(year, index + 1)
