"""公示: working days, with make-up days and years nobody has announced."""

from datetime import date

import pytest

from handlers.answering.publicity import last_day, working_days
from handlers.workdays import is_workday
from tests.handlers.answering.asking import ask, talk


@pytest.mark.parametrize(
    ("first", "days", "last"),
    [
        (date(2026, 11, 23), 5, date(2026, 11, 27)),
        (date(2026, 11, 20), 5, date(2026, 11, 26)),
        (date(2026, 11, 21), 5, date(2026, 11, 27)),
        (date(2026, 9, 28), 5, date(2026, 10, 9)),
        (date(2026, 10, 8), 3, date(2026, 10, 10)),
        (date(2026, 9, 18), 2, date(2026, 9, 20)),
        (date(2026, 2, 13), 3, date(2026, 2, 24)),
        (date(2024, 2, 28), 3, date(2024, 3, 1)),
        (date(2026, 12, 31), 2, date(2027, 1, 4)),
    ],
)
def test_holidays_are_left_out_and_make_up_days_taken_in(first: date, days: int, last: date) -> None:
    assert last_day(first, days) == last
    assert working_days(first, last) == days


def test_a_make_up_saturday_works_and_a_holiday_does_not() -> None:
    assert is_workday(date(2026, 10, 10))
    assert not is_workday(date(2026, 10, 1))
    assert not is_workday(date(2026, 11, 21))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("发展对象2026年11月23日开始公示，什么时候结束", "最早到2026年11月27日（周五）满5个工作日"),
        ("发展对象11月20日公示5个工作日到哪天", "最早到2026年11月26日"),
        ("发展对象12月30日公示7个工作日到哪天", "最早到2027年1月8日"),
        ("发展对象2026年9月30日公示5个工作日到几号", "最早到2026年10月12日"),
        (
            "发展对象公示从2026年9月28日到10月9日够5个工作日吗",
            "够：2026年9月28日至2026年10月9日（周五）有5个",
        ),
        ("发展对象公示从2026年9月28日到10月8日够吗", "不够：2026年9月28日至2026年10月8日（周四）有4个"),
        ("发展对象11月20日公示7天够吗", "够：2026年11月20日至2026年11月26日（周四）有5个工作日"),
        ("发展对象9月28日公示7天够吗", "不够：2026年9月28日至2026年10月4日（周日）有3个工作日"),
    ],
)
def test_a_publicity_is_worked_out(text: str, first: str) -> None:
    answer = ask(text)
    assert answer is not None
    assert answer.text.startswith(first)
    assert answer.text.endswith("依据：《发展党员细则(2026)》第十三条")


def test_make_up_days_are_named() -> None:
    answer = ask("发展对象2026年9月30日公示5个工作日到几号")
    assert answer is not None
    assert "10月10日调休上班，算工作日" in answer.text


def test_whether_the_first_day_counts_is_left_open() -> None:
    answer = ask("发展对象2026年11月23日开始公示，什么时候结束")
    assert answer is not None
    assert "从次日算起的，到2026年11月30日" in answer.text


@pytest.mark.parametrize(
    ("text", "warned"), [("2026年11月23日", False), ("2026年12月29日", True), ("2031年3月3日", True)]
)
def test_a_year_not_yet_announced_comes_with_a_warning(text: str, warned: bool) -> None:
    answer = ask(f"发展对象{text}开始公示，什么时候结束")
    assert answer is not None
    assert ("放假安排还没有收录" in answer.text) == warned


def test_wrong_or_missing_numbers_are_asked_for() -> None:
    assert "核对" in talk("发展对象2026年11月31日公示哪天结束").text
    assert talk("发展对象2026年11月31日公示哪天结束", "2026年11月30日").text.startswith("最早到2026年12月4日")
    assert talk("发展对象2026年11月20日公示0个工作日到哪天", "7").text.startswith("最早到2026年11月30日")
    assert "1到60" in talk("发展对象2026年11月20日公示9999个工作日到哪天").text
    assert talk("发展对象11月20日公示到哪天", "2026", on=None).text.startswith("最早到2026年11月26日")


@pytest.mark.parametrize(
    "text",
    ["发展对象公示几天", "发展对象公示七天够吗", "干部任前11月20日公示到哪天", "公示碰上国庆假期怎么算天数"],
)
def test_general_questions_and_other_publicities_are_left_alone(text: str) -> None:
    assert ask(text) is None
