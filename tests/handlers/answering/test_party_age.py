"""党龄: where it starts and how long it is."""

import pytest

from tests.handlers.answering.asking import ask, talk


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("我2019年6月预备2020年6月转正党龄从哪年算", "党龄从2020年6月算起，到2026年11月22日约6年5个月"),
        ("我2019年6月30日入党，党龄多少年", "党龄从2020年6月30日算起，到2026年11月22日共6年4个月"),
        ("2018年7月1日转正，今天党龄多少", "党龄从2018年7月1日算起，到2026年11月22日共8年4个月"),
        (
            "2020年6月30日转正，到2026年6月29日党龄多少年",
            "党龄从2020年6月30日算起，到2026年6月29日共5年11个月",
        ),
        ("2020年6月30日转正，到2026年6月30日党龄多少年", "党龄从2020年6月30日算起，到2026年6月30日满6年"),
        ("2020年2月29日转正，到2026年2月28日党龄多少年", "党龄从2020年2月29日算起，到2026年2月28日满6年"),
        ("2020年8月31日转正，到2026年9月30日党龄多少", "党龄从2020年8月31日算起，到2026年9月30日共6年1个月"),
        ("2026年11月1日转正党龄多少", "党龄从2026年11月1日算起，到2026年11月22日不满1个月"),
        ("我2026年6月30日入党，党龄多少", "到2026年11月22日还没有党龄，党龄从2027年6月30日算起"),
        ("98年入党的党龄多少年了", "党龄从1999年算起，到2026年11月22日约27年"),
    ],
)
def test_it_starts_when_probation_ends(text: str, first: str) -> None:
    answer = ask(text)
    assert answer is not None
    assert answer.text.startswith(first)
    assert answer.entry == "seniority-start"
    assert answer.text.endswith("依据：《党章》第七条；《发展党员细则(2026)》第三十三条")


def test_an_admission_day_counts_as_if_nothing_was_extended() -> None:
    answer = ask("我2019年6月30日入党，党龄多少年")
    assert answer is not None
    assert "延长过预备期的，从实际转正之日算" in answer.text


def test_days_long_ago_are_left_to_the_file() -> None:
    answer = ask("1975年7月1日入党党龄多少")
    assert answer is not None
    assert "以本人档案记载为准" in answer.text


def test_without_a_today_only_the_start_is_given() -> None:
    assert talk("我2019年6月30日入党，党龄从哪天算", on=None).text.startswith("党龄从2020年6月30日算起。")


def test_another_day_or_a_day_that_never_was_is_asked_for() -> None:
    assert talk("2019年7月1日宣誓，党龄多少", "2020年6月30日").text.startswith("党龄从2020年6月30日")
    assert talk("2021年2月30日转正党龄多少", "2021年2月28日").text.startswith("党龄从2021年2月28日")


@pytest.mark.parametrize(
    "text",
    [
        "党龄怎么算",
        "支部书记要五年党龄吗",
        "党龄从预备那天算吗",
        "2026年党龄规定改了吗",
        "党龄50年有纪念章吗",
    ],
)
def test_general_questions_are_left_alone(text: str) -> None:
    assert ask(text) is None
