"""When an operation works: its time zone, the hours of each weekday, its holidays, and its monthly session.

Calendar                what deadlines are counted by; made by `calendar_of(operation)`
Shift, MonthlySession   working hours of a day, and the rule by which the monthly session is held
calendar_of             the calendar that `pauta.yaml` describes, with everything that is wrong with it

    timezone: Europe/Madrid
    calendar:
      hours: {monday: [08:00-13:00, 14:00-18:00], tuesday: 08:00-18:00, saturday: 22:00-06:00}
      holidays: {country: ES, subdivision: MD, also: [2026-12-24], worked: [2026-10-12]}
      monthly_session: first tuesday 10:00

Where it says nothing the time zone is UTC, people work Monday to Friday from 09:00 to 18:00 without holidays, and the
monthly session is held on the first Monday at 09:00. A night shift belongs to the day on which it begins.
"""

from __future__ import annotations

import calendar
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from pauta.engine.loading.data import Map, Seq, written
from pauta.engine.loading.operation import Operation
from pauta.engine.problems import Place, Problem, did_you_mean, has_errors, in_order

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INSTALL: Final = "pip install 'pauta[calendar]'"
_NTH: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """Working hours in a row, as times of the clock since the day's midnight; a night shift ends after 24 hours."""

    begins: timedelta
    ends: timedelta


@dataclass(frozen=True, slots=True)
class MonthlySession:
    """The monthly session: the nth weekday (0 is Monday, -1 the last) or, without one, the nth day of the month."""

    nth: int = 1
    weekday: int | None = 0
    at: time = time(9)

    def day_in(self, year: int, month: int) -> date:
        """Its day by the rule alone; a month without that day holds it on its last."""
        length = calendar.monthrange(year, month)[1]
        if self.weekday is None:
            return date(year, month, min(self.nth, length))
        if self.nth > 0:
            first = date(year, month, 1)
            return first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1))
        last = date(year, month, length)
        return last - timedelta(days=(last.weekday() - self.weekday) % 7)


OFFICE: Final = (Shift(timedelta(hours=9), timedelta(hours=18)),)
OFFICE_HOURS: Final = (OFFICE,) * 5 + ((),) * 2


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the deadlines of an operation are counted by.

    hours: the shifts of each weekday, Monday first, in order and without overlap; at least one day has some.
    holidays: days of the operation's own; public: those of a country; worked: public ones that are none here.
    """

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    hours: tuple[tuple[Shift, ...], ...] = OFFICE_HOURS
    holidays: frozenset[date] = frozenset()
    session: MonthlySession = MonthlySession()
    public: Container[date] = field(default=frozenset(), hash=False)
    worked: frozenset[date] = frozenset()

    def is_holiday(self, day: date) -> bool:
        """Whether nobody works on a day that might else be a working day."""
        return day in self.holidays or (day in self.public and day not in self.worked)

    def works_on(self, day: date) -> bool:
        """Whether a day is a working day by its weekday and the holidays."""
        return bool(self.hours[day.weekday()]) and not self.is_holiday(day)

    def shifts_of(self, day: date) -> list[tuple[datetime, datetime]]:
        """When people work on a day, in UTC; nothing on free days, and of hours that the clocks leave out."""
        if not self.works_on(day):
            return []
        midnight = datetime.combine(day, time())
        shifts = (
            (self.instant(midnight + shift.begins), self.instant(midnight + shift.ends))
            for shift in self.hours[day.weekday()]
        )
        return [(begins, ends) for begins, ends in shifts if begins < ends]

    def instant(self, wall: datetime) -> datetime:
        """The first instant, in UTC, at which the clocks of the zone show this time or a later one.

        On most days that is the time itself; where the clocks show it twice the first, where they skip it the instant
        after the gap, which may be a whole day long (Samoa, 30 December 2011).
        """
        found = wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        if self.local(found) == wall:
            return found
        before = wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        low, high = 0, (found - before) // _SECOND
        while low < high:
            middle = (low + high) // 2
            if self.local(before + middle * _SECOND) < wall:
                low = middle + 1
            else:
                high = middle
        return before + low * _SECOND

    def local(self, moment: datetime) -> datetime:
        """What the clocks of the zone show at a moment, without the zone."""
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def session_of(self, year: int, month: int) -> datetime:
        """When the session of a month is held, in UTC: by its rule, or on the next day on which people work."""
        day = self.session.day_in(year, month)
        while not self.works_on(day):
            day += _DAY
        return self.instant(datetime.combine(day, self.session.at))


def calendar_of(operation: Operation, *, today: date | None = None) -> tuple[Calendar | None, list[Problem]]:
    """The calendar that an operation's file describes, or None, with everything that is wrong with it.

    With `today` there is a warning where the list of holidays has run out.
    """
    problems: list[Problem] = []
    whole = operation.data
    given = whole.get("calendar", {})
    given = given if isinstance(given, Mapping) else {}
    if given and operation.timezone is None:
        problems.append(
            Problem(
                "W771",
                "there is a calendar and no time zone: its hours are counted in UTC",
                _place(whole, "calendar"),
                "name the operation's own: timezone: America/Bogota",
            )
        )
    hours = OFFICE_HOURS if "hours" not in given else _hours(given, problems)
    holidays, public, worked = _holidays(given, today, problems)
    session = _session(given)
    if "monthly_session" in given and session.weekday is not None and any(hours) and not hours[session.weekday]:
        name = WEEKDAYS[session.weekday]
        problems.append(
            Problem(
                "E773",
                f"the monthly session is on a {name.capitalize()}, when nobody works",
                _place(given, "monthly_session"),
                f"give {name} hours under calendar.hours, or choose another day",
            )
        )
    if has_errors(problems):
        return None, in_order(problems)
    zone = operation.timezone or ZoneInfo("UTC")
    return Calendar(zone, hours, holidays, session, public, worked), in_order(problems)


def _place(data: object, key: str | int) -> Place | None:
    if isinstance(data, Map) and isinstance(key, str):
        return data.at_of(key)
    return data.at_of(key) if isinstance(data, Seq) and isinstance(key, int) else None


def _hours(given: Mapping[str, object], problems: list[Problem]) -> tuple[tuple[Shift, ...], ...]:
    """The shifts of each weekday. Each must last, none may begin before the one before it ends, and there are some."""
    listed = given["hours"]
    by_day = listed if isinstance(listed, Mapping) else {}
    week: list[tuple[timedelta, timedelta, str, Place | None]] = []
    hours: list[tuple[Shift, ...]] = []
    for number, name in enumerate(WEEKDAYS):
        shifts = []
        for text, at in _texts(by_day, name):
            shift = _shift(text)
            if shift is None:
                message = f"calendar.hours.{name}: '{text}' ends when it begins"
                problems.append(Problem("E771", message, at, "a whole day is written 00:00-24:00"))
                continue
            shifts.append(shift)
            week.append((shift.begins + number * _DAY, shift.ends + number * _DAY, f"{name} {text}", at))
        hours.append(tuple(sorted(shifts, key=lambda shift: shift.begins)))
    problems.extend(_overlaps(week))
    if not week:
        problems.append(
            Problem(
                "E772",
                "nobody works on any day of the week",
                _place(given, "hours"),
                "give at least one day its hours: monday: 08:00-18:00",
            )
        )
    return tuple(hours)


def _overlaps(week: Sequence[tuple[timedelta, timedelta, str, Place | None]]) -> Iterator[Problem]:
    """Shifts that begin before the one before them has ended; after Sunday comes Monday again."""
    ordered = sorted(week, key=lambda each: each[:2])
    again = [(begins + _WEEK, ends + _WEEK, text, at) for begins, ends, text, at in ordered[:1] if len(ordered) > 1]
    for (_, ends, text, _), (begins, _, other, at) in pairwise([*ordered, *again]):
        if begins < ends:
            yield Problem("E771", f"calendar.hours: {text} and {other} overlap", at, "write hours in a row as one")


def _texts(data: Mapping[str, object], key: str) -> Iterator[tuple[str, Place | None]]:
    """The texts of a key that takes one or a list of them, each with its place."""
    value = data.get(key)
    if isinstance(value, list):
        yield from ((written(each), _place(value, index)) for index, each in enumerate(value))
    elif value is not None:
        yield written(value), _place(data, key)


def _shift(text: str) -> Shift | None:
    """The shift that `08:00-18:00` names; the end of a night shift is on the next day. None where it does not last."""
    begins, ends = (_since_midnight(part) for part in text.split("-"))
    if begins == ends:
        return None
    return Shift(begins, ends if begins < ends else ends + _DAY)


def _since_midnight(text: str) -> timedelta:
    hour, minute = text.strip().split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def _session(given: Mapping[str, object]) -> MonthlySession:
    rule = given.get("monthly_session")
    if rule is None:
        return MonthlySession()
    if isinstance(rule, int):
        return MonthlySession(rule, None)
    which, day, *rest = written(rule).split()
    at = (datetime.min + _since_midnight(rest[0])).time() if rest else time(9)
    return (
        MonthlySession(int(day), None, at) if which == "day" else MonthlySession(_NTH[which], WEEKDAYS.index(day), at)
    )


def _holidays(
    given: Mapping[str, object], today: date | None, problems: list[Problem]
) -> tuple[frozenset[date], Container[date], frozenset[date]]:
    """The operation's own holidays, those of its country, and those of its country on which it works."""
    said = given.get("holidays")
    if isinstance(said, Mapping):
        return _days(said.get("also")), _public(said, problems), _days(said.get("worked"))
    days = _days(said)
    if days and today is not None and max(days) < today:
        message = f"the list of holidays ended on {max(days)}: from then on every weekday counts as a working day"
        problems.append(Problem("W772", message, _place(given, "holidays"), "add the days of this year and the next"))
    return days, frozenset(), frozenset()


def _days(listed: object) -> frozenset[date]:
    return frozenset(date.fromisoformat(written(each)) for each in listed) if isinstance(listed, list) else frozenset()


def _public(said: Mapping[str, object], problems: list[Problem]) -> Container[date]:
    """The public holidays of a country, worked out year by year as they are asked for."""
    try:
        import holidays
    except ImportError:
        message = "the holidays of a country need the package holidays, which is not installed"
        problems.append(Problem("E775", message, _place(said, "country"), INSTALL))
        return frozenset()
    country = written(said["country"])
    known = {name: parts for name, parts in holidays.list_supported_countries().items() if len(name) == 2}
    if country not in known:
        hint = did_you_mean(country, known) or "write the country's two letters (ES, CO, BR), or list the days"
        problems.append(
            Problem("E774", f"no public holidays are known for the country '{country}'", _place(said, "country"), hint)
        )
        return frozenset()
    part = written(said["subdivision"]) if "subdivision" in said else None
    if part is not None and part not in known[country]:
        parts = ", ".join(known[country])
        hint = f"{country} has {parts}" if parts else f"the holidays of {country} are the same everywhere: leave it out"
        message = f"no holidays of its own are known for '{part}' in {country}"
        problems.append(Problem("E774", message, _place(said, "subdivision"), hint))
        return frozenset()
    return holidays.country_holidays(country, subdiv=part)
