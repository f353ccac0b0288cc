"""A second, plain reckoning of deadlines, which asks of a zone only what its clocks show at a moment in UTC.

turns_of(zone, y)  the moments from a year on at which the clocks of a zone were or will be set
Timeline           the clocks of a zone over some weeks, as stretches in which nothing is set
due_by             the deadline by the stretches
walked             the deadline by walking from minute to minute
"""

from __future__ import annotations

import calendar as months
import datetime as dt
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

SECOND, MINUTE, HOUR, DAY = (dt.timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
LAST = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Plain:
    """A calendar in minutes: shifts by weekday (0 Monday), and the session as (nth, weekday or None, minute)."""

    shifts: dict[int, list[tuple[int, int]]]
    holidays: frozenset[dt.date]
    session: tuple[int, int | None, int]

    def works(self, day):
        return bool(self.shifts.get(day.weekday())) and day not in self.holidays

    def session_day(self, year, month):
        nth, weekday, _ = self.session
        days = [dt.date(year, month, number) for number in range(1, months.monthrange(year, month)[1] + 1)]
        if weekday is None:
            day = days[min(nth, len(days)) - 1]
        else:
            fitting = [each for each in days if each.weekday() == weekday]
            day = fitting[nth - 1 if nth > 0 else nth]
        while not self.works(day):
            day += DAY
        return day


def offset(zone, moment):
    return moment.astimezone(zone).utcoffset()


def turns_between(zone, begin, end, step):
    """The moments between two at which the offset changes, to the second, if no two lie within one step."""
    found, old = [], offset(zone, begin)
    for index in range(int((end - begin) / step)):
        low, high = begin + index * step, begin + (index + 1) * step
        if (new := offset(zone, high)) != old:
            while high - low > SECOND:
                middle = low + (high - low) // SECOND // 2 * SECOND
                low, high = (low, middle) if offset(zone, middle) == new else (middle, high)
            found.append(high)
        old = new
    return found


@cache
def turns_of(name, year):
    return turns_between(ZoneInfo(name), dt.datetime(year, 1, 1, tzinfo=dt.UTC), LAST, 20 * DAY)


class Timeline:
    """The clocks of a zone between two moments: (from, to, offset), each as in UTC without a zone."""

    def __init__(self, name, begin, end):
        zone = ZoneInfo(name)
        edges = [begin, *turns_between(zone, begin, end, 6 * HOUR), end]
        self.stretches = [
            (one.replace(tzinfo=None), other.replace(tzinfo=None), offset(zone, one)) for one, other in pairwise(edges)
        ]

    def first(self, wall):
        """The first instant at which the clocks show a time or a later one."""
        return next(max(begins, wall - ahead) for begins, ends, ahead in self.stretches if ends + ahead > wall)

    def shown(self, instant):
        return next(instant + ahead for begins, ends, ahead in self.stretches if begins <= instant < ends)


def spans_of(plain, first, day):
    """When people work on a day, by a function that finds the first instant of a time."""
    if not plain.works(day):
        return []
    midnight = dt.datetime.combine(day, dt.time())
    spans = [tuple(first(midnight + minute * MINUTE) for minute in shift) for shift in plain.shifts[day.weekday()]]
    return [span for span in spans if span[0] < span[1]]


def due_by(timeline, plain, count, unit, start, *, days):
    """The deadline by the stretches of a timeline; start without a zone, in UTC; looked for within so many days."""
    today = timeline.shown(start).date()
    around = [today + number * DAY for number in range(-3, days)]
    if unit == "session":
        held = {(day.year, day.month) for day in (*around, around[0] - 20 * DAY)}
        at = plain.session[2] * MINUTE
        sessions = [
            timeline.first(dt.datetime.combine(plain.session_day(*month), dt.time()) + at) for month in sorted(held)
        ]
        return min(session for session in sessions if session > start)
    worked = [spans_of(plain, timeline.first, day) for day in around]
    if unit == "business days":
        return [spans[-1][1] for spans in worked if spans and spans[-1][1] > start][count]
    if count == 0:
        return start
    left = count * HOUR
    for begins, ends in (span for spans in worked for span in spans):
        lasts = max(ends - max(begins, start), 0 * HOUR)
        if lasts >= left:
            return max(begins, start) + left
        left -= lasts
    raise AssertionError("not within these days")


def walked(name, plain, count, unit, start, *, days):
    """The deadline by a walk from minute to minute; the start and all changes of the clocks are at whole minutes."""
    zone = ZoneInfo(name)
    now = start - 4 * DAY
    top = now.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None)
    ahead = []
    for day in (top.date() + number * DAY for number in range(1, days)):
        midnight = dt.datetime.combine(day, dt.time())
        shifts = plain.shifts[day.weekday()] if plain.works(day) else ()
        ahead += [(midnight + opens * MINUTE, midnight + closes * MINUTE, day) for opens, closes in shifts]
    ahead.sort(reverse=True)
    ends, spent = {}, []
    while ahead:
        # A minute is worked if a shift's beginning has been shown by then and its end has not.
        top = max(top, now.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None))
        while ahead and ahead[-1][1] <= top:
            ahead.pop()
        if ahead and ahead[-1][0] <= top and now >= start:
            ends[ahead[-1][2]] = now + MINUTE
            spent.append(now + MINUTE)
            if unit == "business hours" and len(spent) == count * 60:
                return spent[-1]
        if unit == "business days" and len(ends) == count + 2:  # work on the day after has begun
            return ends[sorted(ends)[count]]
        now += MINUTE
    raise AssertionError("not within these days")
