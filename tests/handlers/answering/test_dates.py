"""Days read out of sentences, and months counted to the day."""

from datetime import date

import pytest

from handlers.answering.dates import When, add_months, arabic, dates, from_code, months_between

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2025年6月30日", ["2025年6月30日"]),
        ("2025-06-30", ["2025年6月30日"]),
        ("2025/6/30", ["2025年6月30日"]),
        ("2025.6.30", ["2025年6月30日"]),
        ("20250630", ["2025年6月30日"]),
        ("25年6月30号", ["2025年6月30日"]),
        ("85年7月", ["1985年7月"]),
        ("98年入党", ["1998年"]),
        ("二〇二五年六月三十日", ["2025年6月30日"]),
        ("二零一九年十二月", ["2019年12月"]),
        ("2025年十月一日", ["2025年10月1日"]),
        ("去年6月", ["2025年6月"]),
        ("今年6月30日", ["2026年6月30日"]),
        ("6月30日", ["6月30日"]),
        ("昨天", ["2026年11月21日"]),
        ("2025年6月30日和8月15日", ["2025年6月30日", "8月15日"]),
        ("50年党龄", []),
        ("6个月", []),
        ("5200元", []),
        ("13800138000", []),
    ],
)
def test_a_day_is_read_as_exactly_as_it_was_written(text: str, said: list[str]) -> None:
    assert [str(when) for when in dates(arabic(text), TODAY)] == said


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("2025年2月29日", True),
        ("2024年2月29日", False),
        ("2025年4月31日", True),
        ("2025年13月", True),
        ("2025年0月1日", True),
        ("1800年1月1日", True),
        ("9999年1月1日", True),
        ("2月29日", False),
    ],
)
def test_days_that_never_were_are_known(text: str, wrong: bool) -> None:
    (when,) = dates(text)
    assert bool(when.wrong) == wrong


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2025, 8, 31), 6, date(2026, 2, 28)),
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2025, 12, 31), 12, date(2026, 12, 31)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -12, date(2025, 1, 15)),
    ],
)
def test_a_shorter_month_ends_with_its_last_day(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later


def test_whole_months_are_those_that_have_passed() -> None:
    start = date(2024, 1, 31)
    for months in range(60):
        assert months_between(start, add_months(start, months)) == months


@pytest.mark.parametrize("when", [When(2025, 6, 30), When(None, 6, 30), When(2025, 6), When(2025)])
def test_a_day_survives_its_way_to_the_next_message(when: When) -> None:
    assert from_code(when.code) == when


@pytest.mark.parametrize("code", ["", "abc", "2025", "2025063", "２０２５０６３０"])
def test_what_is_no_code_is_no_day(code: str) -> None:
    assert from_code(code) is None
