"""Feedback sessions as iCalendar files, which every mail program and calendar opens.

Session, Invited     what is held, when, by whom and with whom
session_ics          the file of a session: planned, moved to another time, or cancelled

A session keeps its UID for as long as its duty lives, so that a calendar moves the entry that it has instead of adding
one. No address is made up: who has none is named, and stands in the file under an id that no mail can be sent to.
Needs the package icalendar: pip install 'pauta[calendar]'.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from pauta import __version__
from pauta.engine.problems import Problem, ProblemsFound
from pauta.followup.calendar import INSTALL

if TYPE_CHECKING:
    from icalendar import vCalAddress

_PEOPLE: Final = uuid.UUID("6f0b3a52-5c1e-5b0e-9d0f-6d1f4c1a7e55")
"""The name space of people's ids, so that one person has the same in every file."""
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
"""Control characters and halves of letters, which no calendar shows and some break a line at."""


@dataclass(frozen=True, slots=True)
class Invited:
    """One who gives or gets the feedback: the id by which `people` knows them, name, and e-mail where there is one."""

    id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A feedback session of a duty.

    starts: an aware moment. moved: how often it was put off or called off, 0 for a session just planned; the greater
    one counts. duty: the duty's id, which is the same for as long as it lives.
    """

    operation: str
    duty: str
    starts: datetime
    title: str
    giver: Invited
    attendees: Sequence[Invited] = ()
    lasts: timedelta = timedelta(minutes=30)
    notes: str = ""
    place: str = ""
    moved: int = 0
    cancelled: bool = False


def session_ics(session: Session, *, now: datetime) -> bytes:
    """The iCalendar file of a session; `now` is when it is made. Times are in UTC, and shown in the reader's own zone.

    Raises ProblemsFound (E775) where the package icalendar is not installed.
    """
    try:
        from icalendar import Calendar, Event
    except ImportError as error:
        message = "calendar files need the package icalendar, which is not installed"
        raise ProblemsFound([Problem("E775", message, None, INSTALL)]) from error
    if session.starts.tzinfo is None or now.tzinfo is None:
        raise ValueError("a session is held at a moment with a time zone")
    everybody = (session.giver, *session.attendees)
    event = Event()
    event.add("uid", f"{_one_line(session.duty)}@{_one_line(session.operation)}")
    event.add("dtstamp", _second(now))
    event.add("dtstart", _second(session.starts))
    event.add("dtend", _second(session.starts + session.lasts))
    event.add("sequence", session.moved)
    event.add("status", "CANCELLED" if session.cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    event.add("summary", _one_line(session.title))
    if session.notes:
        event.add("description", _clean(session.notes))
    if session.place:
        event.add("location", _one_line(session.place))
    event.add("organizer", _address(session.giver, session.operation), encode=False)
    for each in session.attendees:
        event.add("attendee", _address(each, session.operation), encode=False)
    file = Calendar()
    file.add("prodid", f"-//pauta//pauta {__version__}//EN")
    file.add("version", "2.0")
    if all(each.email for each in everybody):
        # Without it a calendar takes the file as an entry, with it as an invitation to be answered by mail.
        file.add("method", "CANCEL" if session.cancelled else "REQUEST")
    file.add_component(event)
    return bytes(file.to_ical())


def _address(person: Invited, operation: str) -> vCalAddress:
    from icalendar import vCalAddress, vText

    email = _one_line(person.email).replace(" ", "")
    known_as = uuid.uuid5(_PEOPLE, _one_line(f"{operation}/{person.id}"))
    address = vCalAddress(f"mailto:{email}" if email else f"urn:uuid:{known_as}")
    # A parameter has no way to write a quotation mark (RFC 5545, 3.2).
    address.params["CN"] = vText(_one_line(person.name or person.id).replace('"', "'"))
    return address


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _clean(text: str) -> str:
    return _UNSEEN.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())
