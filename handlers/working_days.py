"""Terms in working days and in days, across holidays and make-up days (调休). Pure.

The day something begins isn't counted; a term ends with its last day, at the midnight that follows. Of a year
whose holidays aren't published yet, weekends and the days off by law are known, and what the settings add.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.lesson_calendar import day_off, is_known

SATURDAY = 5
DAY = timedelta(days=1)
NONE: frozenset[date] = frozenset()


def is_working_day(day: date, days_off: frozenset[date] = NONE) -> bool:
    """Whether people work on this day: a Saturday that makes up for a holiday counts, a holiday doesn't."""
    if not is_known(day.year) and day.weekday() >= SATURDAY:
        return False
    return not day_off(day, days_off)


def working_days_after(
    moment: datetime, count: int, *, zone: ZoneInfo, days_off: frozenset[date] = NONE
) -> datetime:
    """When a term of `count` working days ends that begins at `moment`."""
    day = moment.astimezone(zone).date()
    while count > 0:
        day += DAY
        count -= is_working_day(day, days_off)
    return _ends(day, zone)


def days_after(
    moment: datetime, count: int, *, zone: ZoneInfo, rolls: bool, days_off: frozenset[date] = NONE
) -> datetime:
    """When a term of `count` days ends; where it `rolls`, never on a day that is free."""
    day = moment.astimezone(zone).date() + timedelta(days=count)
    while rolls and not is_working_day(day, days_off):
        day += DAY
    return _ends(day, zone)


def last_day(due_at: datetime, *, zone: ZoneInfo) -> date:
    """The day a term ends with, as people name it."""
    return (due_at.astimezone(zone) - timedelta(microseconds=1)).date()


def _ends(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + DAY, time(), zone)
