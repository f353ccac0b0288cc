"""Moments as call records write them (RFC 3339, with an offset), and the day on which a call fell."""

from __future__ import annotations

import re
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Final

MOMENT_EXAMPLE: Final = "2026-03-31T18:05:00+02:00"
"""What hints show."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


@lru_cache(maxsize=4096)  # a call's own is asked for when it is read, and again for the day it fell on
def moment_from(text: str) -> datetime | None:
    """The moment that a text names, with its offset; None where it is none. A leap second is the one before it."""
    found = _MOMENT.match(text)
    if not found:
        return None
    day, minute, second, fraction, offset = found.groups()
    second = "59" if second == "60" else second
    offset = "+00:00" if offset in "Zz" else offset
    try:
        return datetime.fromisoformat(f"{day}T{minute}{second}.{(fraction or '0')[:6]:0<6}{offset}")
    except ValueError:
        return None


def day_of(started_at: str | None, timezone: tzinfo | None) -> date | None:
    """The day of a call in the operation's time zone, else in the offset it was written with; None where not known."""
    moment = moment_from(started_at) if started_at else None
    if moment is None:
        return None
    try:
        return moment.astimezone(timezone).date() if timezone else moment.date()
    except OverflowError:  # the first or the last day that dates can name, moved beyond it by the time zone
        return moment.date()
