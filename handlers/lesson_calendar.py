"""On which day a Friday's lesson goes out: holidays, make-up days, and years nobody knows yet. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

from handlers.workdays import FIXED, is_announced
from settings import HolidayRule, Settings

FRIDAY = 4
WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Turn:
    """A Friday and the day its lesson goes out; `day` is None where the next Friday takes the lesson."""

    friday: date
    day: date | None
    note: str = ""


def day_off(day: date, days_off: frozenset[date] = frozenset()) -> str:
    """The name of the holiday that makes this day free; empty on a working day.

    `days_off` are those the service was told of besides. Of an unknown year only those fixed by law
    are known.
    """
    if day in days_off:
        return "节假日"
    if not is_announced(day.year):
        return FIXED.get((day.month, day.day), "")
    if chinese_calendar.is_workday(day):
        return ""
    _, name = chinese_calendar.get_holiday_detail(day)
    return next((str(one.chinese) for one in chinese_calendar.Holiday if one.value == name), "节假日")


def turn(friday: date, *, rule: HolidayRule, days_off: frozenset[date] = frozenset()) -> Turn:
    """When the lesson of a Friday goes out.

    It never leaves its week, so that no week has two, and never goes out on a weekend, not even one
    that is worked to make up for a holiday.
    """
    holiday = day_off(friday, days_off)
    if not holiday:
        return Turn(friday, friday)
    named = f"{friday:%-m月%-d日}是{holiday}假期"
    if rule is HolidayRule.BEFORE:
        for back in range(1, FRIDAY + 1):
            day = friday - timedelta(days=back)
            if not day_off(day, days_off):
                return Turn(friday, day, f"{named}，提前到{day:%-m月%-d日}（周{WEEKDAYS[day.weekday()]}）")
        return Turn(friday, None, f"{named}，本周没有工作日，课程顺延到下一个周五")
    return Turn(friday, None, f"{named}，课程顺延到下一个周五")


def turns(
    after: date, *, weeks: int, rule: HolidayRule, days_off: frozenset[date] = frozenset()
) -> list[Turn]:
    """The Fridays of the coming weeks, `after` included, with those that pass their lesson on."""
    first = after + timedelta(days=(FRIDAY - after.weekday()) % 7)
    return [turn(first + timedelta(weeks=n), rule=rule, days_off=days_off) for n in range(weeks)]


def sends_at(day: date, *, clock: str, zone: ZoneInfo) -> datetime:
    """When a lesson goes out on its day."""
    return datetime.combine(day, time.fromisoformat(clock), zone)


def told_days_off(settings: Settings) -> frozenset[date]:
    """The days off that the settings add, e.g. `2027-02-05..2027-02-11,2027-10-04`."""
    return frozenset(_days(settings.lesson_days_off))


def _days(text: str) -> Iterator[date]:
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("..")
        day, end = date.fromisoformat(first), date.fromisoformat(last or first)
        while day <= end:
            yield day
            day += timedelta(days=1)


def unknown_years(after: date, *, weeks: int) -> list[int]:
    """The years among the coming weeks whose holidays aren't built in yet."""
    years = {(after + timedelta(weeks=n)).year for n in range(weeks + 1)}
    return sorted(year for year in years if not is_announced(year))


def warning(friday: date) -> str:
    """What staff are told of a Friday whose year's holidays aren't built in yet; empty for all others."""
    if is_announced(friday.year):
        return ""
    known = "暂按固定节日和已补充的放假日推算"
    return f"{friday.year}年的放假安排还没有内置，{known}；公布后请核对，缺的请管理员补充"
