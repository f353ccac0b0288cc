"""Every zone, around the nights on which its clocks are set: no deadline earlier or later than the rule says."""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings, strategies as st
from reference_deadlines import DAY, HOUR, MINUTE, SECOND, Plain, Timeline, due_by, turns_between, turns_of, walked

from pauta.followup.calendar import Calendar, MonthlySession, Shift
from pauta.followup.deadlines import deadline

ZONES = sorted(name for name in available_timezones() if name != "localtime")
WEEKS = [
    {day: [(9 * 60, 18 * 60)] for day in range(5)},
    {day: [(8 * 60, 13 * 60), (14 * 60, 18 * 60)] for day in range(6)},
    {day: [(22 * 60, 30 * 60)] for day in range(7)},
    {day: [(0, 24 * 60)] for day in range(7)},
    {day: [(30, 90), (90, 150), (165, 210)] for day in range(7)},
    {5: [(23 * 60 + 45, 25 * 60), (25 * 60 + 30, 29 * 60)], 6: [(12 * 60, 36 * 60)]},
]
UNITS = ("business days", "business hours", "session", "h", "d")
NEVER_SET = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
"""Stands in for a night on which clocks are set where they never are."""
AHEAD = {"business days": 50, "business hours": 24, "session": 45}


def calendar_from(name, plain):
    hours = tuple(
        tuple(Shift(opens * MINUTE, closes * MINUTE) for opens, closes in plain.shifts.get(day, ())) for day in range(7)
    )
    nth, weekday, minute = plain.session
    at = (dt.datetime.min + minute * MINUTE).time()
    return Calendar(ZoneInfo(name), hours, plain.holidays, MonthlySession(nth, weekday, at))


def due(name, plain, count, unit, start):
    written = "next monthly session" if unit == "session" else f"{count} {unit}"
    return deadline(written, start.replace(tzinfo=dt.UTC), calendar_from(name, plain)).replace(tzinfo=None)


def wrong(name, timeline, plain, count, unit, start):
    """What a deadline is and what it should be; None where they are the same."""
    found = due(name, plain, count, unit, start)
    should = start + count * {"h": HOUR, "d": DAY}[unit] if unit in ("h", "d") else due_by(
        timeline, plain, count, unit, start, days=AHEAD[unit]
    )  # fmt: skip
    return None if found == should else f"{name} {count} {unit} from {start} by {plain}: {found}, not {should}"


def around(name, turn):
    return Timeline(name, turn - 40 * DAY, turn + 130 * DAY)


def plain_by(dice, day):
    """A calendar whose holidays and session are likely to meet a day on which the clocks are set."""
    week = dice.choice(WEEKS)
    holidays = frozenset(day + number * DAY for number in dice.sample(range(-4, 12), dice.randrange(4)))
    minute = dice.choice((0, 15, 60, 120, 150, 165, 180, 9 * 60, 23 * 60 + 59))
    session = (day.day, None) if dice.randrange(2) else (dice.choice((1, 2, 3, 4, -1)), day.weekday())
    return Plain(week, holidays, (*session, minute))


def start_by(dice, turn):
    away = dice.choice((DAY, 4 * DAY, 3 * HOUR, 2 * SECOND, 30 * DAY))
    return (turn + dice.randint(-(away // SECOND), away // SECOND) * SECOND).replace(tzinfo=None)


def faults_of_zone(name, nights, starts, since):
    """What is wrong around some nights on which the clocks of a zone are set, and how many deadlines were asked for."""
    dice = random.Random(f"{name} {nights}")
    turns = turns_of(name, since) or [NEVER_SET]
    faults, asked = [], 0
    for turn in dice.sample(turns, min(nights, len(turns))):
        timeline = around(name, turn)
        for _ in range(starts):
            start = start_by(dice, turn)
            plain = plain_by(dice, timeline.shown(turn.replace(tzinfo=None)).date())
            for unit in UNITS:
                faults.append(wrong(name, timeline, plain, dice.randrange(8), unit, start))
                asked += 1
    return [fault for fault in faults if fault], asked


def test_every_zone_keeps_its_deadlines():
    told = [faults_of_zone(name, nights=1, starts=2, since=2000) for name in ZONES]
    assert [fault for faults, _ in told for fault in faults] == []
    assert sum(asked for _, asked in told) >= 5 * len(ZONES)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(8))
def test_every_zone_on_every_night(part):
    told = [faults_of_zone(name, nights=400, starts=1, since=1900) for name in ZONES[part::8]]
    assert [fault for faults, _ in told for fault in faults] == []


dice = st.integers(0, 2**32 - 1).map(random.Random)


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(ZONES), st.sampled_from(UNITS), dice)
def test_a_longer_duration_is_never_due_earlier_and_a_later_start_never_before_an_earlier(name, unit, dice):
    turn = dice.choice(turns_of(name, 1970) or [NEVER_SET])
    plain, start, count = plain_by(dice, turn.date()), start_by(dice, turn), dice.randrange(6)
    first = due(name, plain, count, unit, start)
    assert first >= start
    assert unit == "session" or due(name, plain, count + 1, unit, start) > first
    assert due(name, plain, count, unit, start + dice.randrange(200_000) * SECOND) >= first


WHOLE_MINUTES = [name for name in ZONES if not name.startswith(("right/", "posix/"))]


def agrees_with_a_walk(name, dice):
    turns = turns_of(name, 1980) or [NEVER_SET]
    turn = dice.choice(turns)
    plain, count = plain_by(dice, turn.date()), dice.randint(1, 3)
    start = (turn + dice.randint(-3 * 1440, 3 * 1440) * MINUTE).replace(tzinfo=None)
    for unit in ("business days", "business hours"):
        assert due(name, plain, count, unit, start) == walked(name, plain, count, unit, start, days=44), (unit, plain)


@settings(deadline=None, max_examples=8)
@given(st.sampled_from(WHOLE_MINUTES), dice)
def test_a_walk_from_minute_to_minute_ends_at_the_same_time(name, dice):
    agrees_with_a_walk(name, dice)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_walk_in_every_zone_ends_at_the_same_time():
    for name in WHOLE_MINUTES:
        agrees_with_a_walk(name, random.Random(name))


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Pacific/Apia", dt.date(2011, 12, 30)),
        ("Pacific/Kwajalein", dt.date(1993, 8, 21)),
        ("Pacific/Kiritimati", dt.date(1994, 12, 31)),
        ("America/Juneau", dt.date(1867, 10, 18)),
        ("Asia/Manila", dt.date(1844, 12, 31)),
    ],
)
def test_days_that_are_left_out_or_come_twice(name, day):
    near = dt.datetime.combine(day, dt.time(), dt.UTC)
    zone = ZoneInfo(name)
    turn = max(turns_between(zone, near - 3 * DAY, near + 3 * DAY, HOUR), key=lambda each: abs(jump(zone, each)))
    assert abs(jump(zone, turn)) > 20 * HOUR
    timeline = around(name, turn)
    dice = random.Random(name)
    for _ in range(100):
        plain, start = plain_by(dice, day), start_by(dice, turn)
        for unit in UNITS:
            assert wrong(name, timeline, plain, dice.randrange(6), unit, start) is None


def jump(zone, turn):
    """By how much the clocks are set at a moment."""
    return turn.astimezone(zone).utcoffset() - (turn - SECOND).astimezone(zone).utcoffset()
