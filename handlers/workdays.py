"""Working days and terms, across holidays and the days worked to make up for one (调休). Pure.

The day something begins isn't counted; a term ends with its last day, at the midnight that follows. Of a year
whose holidays aren't published yet, weekends and the days off by law are known, and what the settings add.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

import chinese_calendar

SATURDAY = 5
FIXED = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}
"""Month and day of the days off that the law itself dates (全国年节及纪念日放假办法, as of 2025)."""


def midnight(day: date, zone: tzinfo | None) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), zone)


@cache
def is_announced(year: int) -> bool:
    """Whether the year's holidays are known. Asking is slow when they aren't, and years are few."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def is_workday(day: date, days_off: frozenset[date] = frozenset()) -> bool:
    """Whether people work on `day`; `days_off` are those the service was told of besides.

    In a year not yet announced: on weekdays but for the days off by law.
    """
    if day in days_off:
        return False
    if is_announced(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < SATURDAY and (day.month, day.day) not in FIXED


def after(day: date, number: int, days_off: frozenset[date] = frozenset()) -> date:
    """The `number`th working day after `day`; `day` itself doesn't count."""
    return _nth(day, number, 1, days_off)


def before(day: date, number: int, days_off: frozenset[date] = frozenset()) -> date:
    """The `number`th working day before `day`: whatever began on an earlier day has had that many since."""
    return _nth(day, number, -1, days_off)


def begun_before(now: datetime, number: int, days_off: frozenset[date] = frozenset()) -> datetime:
    """What began before this moment has waited for more than `number` working days; in the zone of `now`."""
    return midnight(before(now.date(), number, days_off), now.tzinfo)


def _nth(day: date, number: int, step: int, days_off: frozenset[date]) -> date:
    left = number
    for other in _days(day, step):
        left -= is_workday(other, days_off)
        if left <= 0:
            return other
    raise AssertionError


def _days(day: date, step: int) -> Iterator[date]:
    while True:
        day += timedelta(days=step)
        yield day


def working_days_after(
    moment: datetime, count: int, *, zone: ZoneInfo, days_off: frozenset[date] = frozenset()
) -> datetime:
    """When a term of `count` working days ends that begins at `moment`."""
    first = moment.astimezone(zone).date()
    return _ends(after(first, count, days_off) if count else first, zone)


def days_after(
    moment: datetime, count: int, *, zone: ZoneInfo, rolls: bool, days_off: frozenset[date] = frozenset()
) -> datetime:
    """When a term of `count` days ends; where it `rolls`, never on a day that is free."""
    day = moment.astimezone(zone).date() + timedelta(days=count)
    while rolls and not is_workday(day, days_off):
        day += timedelta(days=1)
    return _ends(day, zone)


def last_day(due_at: datetime, *, zone: ZoneInfo) -> date:
    """The day a term ends with, as people name it."""
    return (due_at.astimezone(zone) - timedelta(microseconds=1)).date()


def _ends(day: date, zone: ZoneInfo) -> datetime:
    return midnight(day + timedelta(days=1), zone)
