"""Moments as other programs write them, with an offset or without; a declared zone makes the second kind whole."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from pauta import Place, Problem

ZONE_OPTION: Final[Mapping[str, object]] = {
    "type": "string",
    "description": "The time zone of moments that are written without an offset: `America/Bogota`.",
}


def zone_of(name: object, at: Place | None = None) -> tzinfo | Problem | None:
    """The time zone of a name; None where none is named."""
    if name is None:
        return None
    try:
        return ZoneInfo(str(name))
    except (ValueError, KeyError, OSError):  # unknown, or no name at all: a path, a folder of zones
        hint = "write it as in Europe/Madrid or America/Bogota"
        return Problem("E731", f"there is no time zone '{name}'", at, hint)


def moment_of(value: object, zone: tzinfo | None = None) -> datetime | None:
    """The moment that a text names, in the zone where it has no offset; None where it is no date with a time."""
    if not isinstance(value, str) or len(value.strip()) <= len("2026-03-01"):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def is_whole(moment: datetime) -> bool:
    """Whether it is known which moment is meant: it has an offset."""
    return moment.tzinfo is not None


def seconds_between(first: datetime, later: datetime) -> float | None:
    """The seconds from one moment to another; None where one of them has an offset and the other has none."""
    if is_whole(first) != is_whole(later):
        return None
    return (later - first).total_seconds()
