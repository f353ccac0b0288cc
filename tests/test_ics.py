"""Sessions as calendar files: read back they say what was said, and nothing that a text smuggled in."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

icalendar = pytest.importorskip("icalendar", reason="the extra calendar is not installed")

from pauta.engine.problems import ProblemsFound  # noqa: E402 # after the extra is known to be there
from pauta.followup.ics import Invited, Session, session_ics  # noqa: E402

NOW = dt.datetime(2026, 6, 1, 9, 0, 0, 250, dt.UTC)
STARTS = dt.datetime(2026, 6, 2, 10, tzinfo=dt.timezone(dt.timedelta(hours=2)))
PABLO, ANA = Invited("pablo.rey", "Pablo Rey"), Invited("ana", "Ana Díaz", "ana@example.com")
SESSION = Session("north", "duty-12", STARTS, "Feedback: greeting", PABLO, (ANA,), notes="Bring:\n- call c-7")


def read(session):
    content = session_ics(session, now=NOW)
    file = icalendar.Calendar.from_ical(content)
    (event,) = file.walk("VEVENT")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    return file, event


def test_what_is_in_it():
    file, event = read(SESSION)
    assert (str(file["version"]), "method" in file) == ("2.0", False)
    assert {key: str(event[key]) for key in ("uid", "summary", "description", "status", "class")} == {
        "uid": "duty-12@north",
        "summary": "Feedback: greeting",
        "description": "Bring:\n- call c-7",
        "status": "CONFIRMED",
        "class": "PRIVATE",
    }
    assert event.decoded("dtstart") == STARTS
    assert event.decoded("dtend") - STARTS == dt.timedelta(minutes=30)
    assert event.decoded("dtstamp") == NOW.replace(microsecond=0)
    assert event["sequence"] == 0


def test_nobody_gets_an_address_that_was_not_given():
    _, event = read(SESSION)
    assert event["attendee"] == "mailto:ana@example.com"
    assert event["attendee"].params["CN"] == "Ana Díaz"
    assert event["organizer"].params["CN"] == "Pablo Rey"
    assert event["organizer"].startswith("urn:uuid:")
    assert read(replace(SESSION, duty="another"))[1]["organizer"] == event["organizer"]
    assert b"mailto" not in session_ics(replace(SESSION, attendees=(Invited("bo"),)), now=NOW)


def test_moved_and_cancelled_it_is_the_same_entry():
    _, planned = read(SESSION)
    _, moved = read(replace(SESSION, starts=STARTS + dt.timedelta(days=1), moved=1))
    _, off = read(replace(SESSION, moved=2, cancelled=True))
    assert planned["uid"] == moved["uid"] == off["uid"]
    assert [each["sequence"] for each in (planned, moved, off)] == [0, 1, 2]
    assert str(off["status"]) == "CANCELLED"


@pytest.mark.parametrize(("cancelled", "method"), [(False, "REQUEST"), (True, "CANCEL")])
def test_where_everybody_has_an_address_it_is_an_invitation(cancelled, method):
    giver = replace(PABLO, email="pablo@example.com")
    file, _ = read(replace(SESSION, giver=giver, cancelled=cancelled))
    assert str(file["method"]) == method


HOSTILE = 'Ana\r\nATTENDEE:mailto:x@example.com\n"; CN=x:y, \\n \x00\u2028 ^n \ud800 ✓'


def test_a_hostile_text_stays_a_text():
    person = Invited(HOSTILE, HOSTILE, HOSTILE)
    session = Session(HOSTILE, HOSTILE, STARTS, HOSTILE, person, (person, person), notes=HOSTILE, place=HOSTILE)
    _, event = read(session)
    assert len(event["attendee"]) == 2
    told = {name for name, _ in event.property_items()}
    assert told - {"BEGIN", "END"} == {
        "ORGANIZER",
        "ATTENDEE",
        "LOCATION",
        *(name.upper() for name in read(SESSION)[1]),
    }
    assert "ATTENDEE:mailto:x@example.com" in str(event["description"])


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200), st.text(max_size=60), st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1)))
def test_any_text_and_time_comes_back(text, name, starts):
    starts = starts.replace(tzinfo=dt.UTC, microsecond=0)
    session = replace(SESSION, title=text, notes=text, giver=Invited("x", name), starts=starts)
    _, event = read(session)
    assert event.decoded("dtstart") == starts
    seen = [each for each in text if each.isprintable() and not each.isspace()]
    assert [each for each in str(event["summary"]) if each.isprintable() and not each.isspace()] == seen


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(ProblemsFound) as found:
        session_ics(SESSION, now=NOW)
    assert [(each.code, each.hint) for each in found.value.problems] == [("E775", "pip install 'pauta[calendar]'")]
