"""Working days: weekdays that are no holiday, and the days worked to make up for one. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from handlers.openings import DayKind, day_kind

SATURDAY = 5


def is_workday(day: date, days_off: frozenset[date] = frozenset()) -> bool:
    """Whether people work on `day`; `days_off` are those the service was told of besides."""
    kind = day_kind(day)
    if kind is DayKind.PLAIN:
        return day.weekday() < SATURDAY and day not in days_off
    return kind is DayKind.MAKE_UP


def after(day: date, number: int, days_off: frozenset[date] = frozenset()) -> date:
    """The `number`th working day after `day`; `day` itself doesn't count."""
    return _nth(day, number, 1, days_off)


def before(day: date, number: int, days_off: frozenset[date] = frozenset()) -> date:
    """The `number`th working day before `day`: whatever began on an earlier day has had that many since."""
    return _nth(day, number, -1, days_off)


def begun_before(now: datetime, number: int, days_off: frozenset[date] = frozenset()) -> datetime:
    """What began before this moment has waited for more than `number` working days; in the zone of `now`."""
    return datetime.combine(before(now.date(), number, days_off), time(), now.tzinfo)


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
