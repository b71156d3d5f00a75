"""Opening rules: weekdays, public holidays and make-up working days."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from handlers.openings import DayKind, Opening, day_kind

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = {
    "days": ["mon", "tue", "wed", "thu", "fri"],
    "opens": "08:30",
    "closes": "17:00",
    "slot_minutes": 120,
}
SATURDAYS = {"days": ["sat"], "opens": "08:00", "closes": "18:00", "slot_minutes": 120}


def starts(opening: dict[str, object], day: date) -> list[str]:
    return [f"{begin:%H:%M}" for begin, _ in Opening.model_validate(opening).slots(day, SHANGHAI)]


def test_a_day_is_cut_into_whole_slots() -> None:
    assert starts({"hours": [OFFICE]}, date(2026, 11, 20)) == ["08:30", "10:30", "12:30", "14:30"]


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 10, 1), DayKind.HOLIDAY),
        (date(2026, 10, 10), DayKind.MAKE_UP),  # A Saturday on which people work.
        (date(2026, 11, 21), DayKind.PLAIN),  # An ordinary Saturday.
        (date(2026, 2, 17), DayKind.HOLIDAY),  # 春节.
        (date(2091, 1, 1), DayKind.HOLIDAY),  # Nobody has published that year; the law dates 元旦.
        (date(2091, 2, 14), DayKind.PLAIN),
    ],
)
def test_the_published_calendar_decides_where_there_is_one(day: date, kind: DayKind) -> None:
    assert day_kind(day) is kind


def test_an_office_is_closed_on_holidays_and_open_on_make_up_days() -> None:
    assert starts({"hours": [OFFICE]}, date(2026, 10, 1)) == []
    assert starts({"hours": [OFFICE]}, date(2026, 10, 10)) == ["08:30", "10:30", "12:30", "14:30"]
    assert starts({"hours": [OFFICE]}, date(2026, 11, 21)) == []


def test_a_museum_may_be_open_on_holidays() -> None:
    assert starts({"hours": [OFFICE], "open_on_holidays": True}, date(2026, 10, 1))


def test_a_saturday_on_which_people_work_is_no_saturday() -> None:
    assert starts({"hours": [SATURDAYS]}, date(2026, 10, 10)) == []
    assert starts({"hours": [SATURDAYS]}, date(2026, 11, 21)) == ["08:00", "10:00", "12:00", "14:00", "16:00"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": ["someday"]},
        {"days": []},
        {"closes": "08:00"},
        {"slot_minutes": 0},
        {"slot_minutes": 700},
        {"closed": "17:00"},
    ],
)
def test_a_rule_that_promises_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Opening.model_validate({"hours": [OFFICE | wrong]})


def test_an_exception_closes_opens_or_changes_a_day_whatever_the_calendar_says() -> None:
    extra = {"opens": "14:00", "closes": "16:00", "slot_minutes": 60}
    opening: dict[str, object] = {
        "hours": [OFFICE],
        "exceptions": [
            {"day": "2026-11-20"},
            {"day": "2026-11-21", "hours": [extra]},
            {"day": "2026-10-01", "hours": [extra]},
        ],
    }
    assert starts(opening, date(2026, 11, 20)) == []
    assert starts(opening, date(2026, 11, 21)) == starts(opening, date(2026, 10, 1)) == ["14:00", "15:00"]
    assert len(starts(opening, date(2026, 11, 23))) == 4


def test_rules_that_overlap_never_make_overlapping_slots() -> None:
    assert starts({"hours": [OFFICE, OFFICE | {"opens": "09:00"}]}, date(2026, 11, 20)) == [
        "08:30",
        "10:30",
        "12:30",
        "14:30",
    ]
