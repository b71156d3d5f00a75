"""任期: when the next election is due."""

from datetime import date

import pytest

from handlers.answering.terms import term_ends
from tests.handlers.answering.asking import ask, talk


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2023年5月20日换届的村党支部下次什么时候换届", "2028年5月20日届满"),
        ("社区党支部2021年3月换届，任期届满是什么时候", "2026年3月已经届满"),
        ("机关支部2023年5月20日换届的，下次换届什么时候", "2026年5月20日已经届满"),
        ("机关支部2024年12月20日换届的，下次换届什么时候", "2027年12月20日届满"),
        ("我们学校党支部是2024年9月10日选出来的，什么时候届满", "2027年9月10日届满"),
        ("机关党委2022年3月换届下次啥时候届满", "2027年3月届满"),
        ("公司党支部2024年2月29日换届，任期什么时候到期", "2027年2月28日届满"),
        ("村党支部2024年2月29日换届，任期什么时候到期", "2029年2月28日届满"),
        (
            "2024年3月1日换届，任期什么时候到期",
            "村、社区任期5年，2029年3月1日届满；其他单位的支部一般任期3年，2027年3月1日",
        ),
        ("上届支委会2022年11月选举产生，该换届了吗", "村、社区任期5年，2027年11月届满"),
    ],
)
def test_the_term_depends_on_the_kind_of_unit(text: str, first: str) -> None:
    answer = ask(text)
    assert answer is not None
    assert answer.text.startswith(first)
    assert answer.text.endswith("依据：《支部条例》第二十一条；《选举条例》第三条")


def test_the_askers_kind_of_unit_decides_when_none_was_named() -> None:
    text = "2024年3月1日换届，任期什么时候到期"
    for scope, year in (("村", 2029), ("社区", 2029), ("机关", 2027), ("两新", 2027)):
        answer = ask(text, scope=scope)
        assert answer is not None
        assert answer.text.startswith(f"{year}年3月1日届满")


def test_the_reminder_and_the_widest_delay_are_named() -> None:
    answer = ask("村党支部2024年8月31日换届，下次什么时候换届")
    assert answer is not None
    assert "2029年2月28日前后" in answer.text
    assert "一般不超过1年（2028年8月31日至2030年8月31日）" in answer.text


def test_a_missing_year_and_a_wrong_day_are_asked_for() -> None:
    assert "是哪一年的5月20日" in talk("村党支部5月20日换届的，下次什么时候换届").text
    assert talk("村党支部5月20日换届的，下次什么时候换届", "2023").text.startswith("2028年5月20日")
    assert talk("机关支部2024年2月30日换届的，下次什么时候换届", "2024年2月29日").text.startswith(
        "2027年2月28日"
    )


@pytest.mark.parametrize(
    "text",
    [
        "支部几年换届",
        "2026年换届有什么要求",
        "村委会2021年换届下次什么时候",
        "国企党委2022年3月换届下次啥时候届满",
        "支部2023年5月换届选举了5名支委",
        "党代会2021年选举下次什么时候换届",
        "村里老周前年中风一直躺床上，现在要换届了，任期满了选举算不算他",
    ],
)
def test_general_questions_and_unread_terms_are_left_alone(text: str) -> None:
    assert ask(text) is None


def test_the_end_of_a_term_can_be_asked_for_in_code() -> None:
    assert term_ends(date(2024, 2, 29), "村") == date(2029, 2, 28)
    assert term_ends(date(2024, 2, 29), "国企") == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("held", "over"),
    [("2021年3月", True), ("2021年10月", True), ("2021年11月", False), ("2020年", True), ("2021年", False)],
)
def test_a_month_or_year_is_over_when_all_of_it_is(held: str, over: bool) -> None:
    answer = ask(f"村里{held}换的届下次什么时候换")
    assert answer is not None
    assert ("已经届满" in answer.text) is over
