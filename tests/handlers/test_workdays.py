"""Terms to the minute: across weekends, holidays, make-up days, and years nobody knows yet."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from handlers.workdays import days_after, is_workday, last_day, working_days_after

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("begins", "count", "ends"),
    [
        ("2026-11-20 10:00", 5, "2026-11-28 00:00"),  # Friday; the next Friday is the last day.
        ("2026-11-20 23:59", 5, "2026-11-28 00:00"),  # The day it begins isn't counted, at any hour.
        ("2026-11-21 00:00", 5, "2026-11-28 00:00"),  # A Saturday: Monday is the first.
        ("2026-09-28 09:00", 5, "2026-10-11 00:00"),  # National Day; Saturday 10 October is worked.
        ("2026-09-30 09:00", 3, "2026-10-11 00:00"),
        ("2026-02-13 09:00", 2, "2026-02-25 00:00"),  # Spring Festival; the 14th is worked, the 24th follows.
        ("2026-12-30 09:00", 3, "2027-01-06 00:00"),  # Into 2027: New Year's Day by law, and the weekend.
    ],
)
def test_a_term_of_working_days_ends_with_its_last_one(begins: str, count: int, ends: str) -> None:
    assert working_days_after(at(begins), count, zone=ZONE) == at(ends)


@pytest.mark.parametrize(
    ("begins", "count", "rolls", "ends"),
    [
        ("2026-11-20 10:00", 7, True, "2026-11-28 00:00"),
        ("2026-11-20 10:00", 30, True, "2026-12-22 00:00"),  # The 20th is a Sunday.
        ("2026-11-20 10:00", 30, False, "2026-12-21 00:00"),
        ("2026-09-02 10:00", 30, True, "2026-10-09 00:00"),  # The 2nd is in the holiday; the 8th is worked.
    ],
)  # fmt: skip
def test_a_term_of_days_gives_way_to_the_next_working_day(
    begins: str, count: int, rolls: bool, ends: str
) -> None:
    assert days_after(at(begins), count, zone=ZONE, rolls=rolls) == at(ends)


def test_make_up_days_are_worked_and_days_off_that_we_were_told_of_are_not() -> None:
    assert is_workday(date(2026, 10, 10))
    assert not is_workday(date(2026, 10, 5))
    assert not is_workday(date(2027, 3, 6)), "an unknown year still has weekends"
    assert not is_workday(date(2027, 2, 8), frozenset({date(2027, 2, 8)}))


def test_the_last_day_is_named_as_people_name_it() -> None:
    assert last_day(at("2026-11-28 00:00"), zone=ZONE) == date(2026, 11, 27)
