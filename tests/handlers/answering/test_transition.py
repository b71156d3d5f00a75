"""转正: the end of probation, from sentences and over messages."""

import pytest

from tests.handlers.answering.asking import ask, talk


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2025年6月30日通过的预备党员，什么时候转正", "2026年6月30日预备期满"),
        ("我2024年2月29日成为预备党员哪天转正", "2025年2月28日预备期满"),
        ("2023年2月28日成为预备党员哪天转正", "2024年2月28日预备期满"),
        ("2025年12月31日支部大会通过，什么时候转正", "2026年12月31日预备期满"),
        ("2025.6.30预备党员，预备期什么时候到期", "2026年6月30日"),
        ("20250630入党，什么时候转正", "2026年6月30日"),
        ("二〇二五年六月三十日入党，转正是什么时候", "2026年6月30日"),
        ("25年6月30日入党，转正是什么时候", "2026年6月30日"),
        ("去年12月20日通过的预备党员哪天期满", "2026年12月20日"),
        ("6月30日通过的预备党员什么时候转正", "2027年6月30日"),
        ("12月1日通过的预备党员什么时候转正", "2026年12月1日"),
        ("去年6月通过的预备党员什么时候转正", "2026年6月预备期满"),
        ("2025年6月30日支部大会通过，8月15日党委批准，什么时候能转正", "2026年6月30日"),
        ("党委2025年8月15日批准，支部大会2025年6月30日通过，什么时候能转正", "2026年6月30日"),
        ("2025年6月30日入党，2026年6月20日能转正吗", "不能，2026年6月20日还没有期满"),
        ("2025年6月30日入党，2026年6月30日能转正吗", "可以，2026年6月30日已经期满"),
        ("2025年6月预备，延长半年，什么时候转正", "延长6个月后，2026年12月"),
        ("2025年6月30日预备，延长一年，什么时候转正", "延长12个月后，2027年6月30日"),
        ("2025年8月31日预备，延长6个月，什么时候转正", "延长6个月后，2027年2月28日"),
        ("2025-06-30接收为预备党员，延长3个月，什么时候转正", "延长3个月不合规定"),
        ("2025-06-30接收为预备党员，延长两年，什么时候转正", "延长24个月不合规定"),
    ],
)
def test_probation_ends_a_year_after_the_assembly(text: str, first: str) -> None:
    answer = ask(text)
    assert answer is not None
    assert answer.text.startswith(first)
    assert "《发展党员细则(2026)》第三十一条" in answer.text


def test_the_window_runs_from_the_end_to_the_last_day_of_approval() -> None:
    answer = ask("2025年11月30日通过的预备党员，什么时候转正")
    assert answer is not None
    assert "2026年11月30日起支部应当及时讨论" in answer.text
    assert "3个月内审批，期满当天就上报的，最晚2027年2月28日" in answer.text
    assert "没有查到统一规定" in answer.text


def test_a_leap_day_is_said_to_be_a_convention() -> None:
    answer = ask("我2024年2月29日成为预备党员哪天转正")
    assert answer is not None
    assert "按月末计，请以上级党委口径为准" in answer.text


@pytest.mark.parametrize(
    ("talked", "first"),
    [
        (("2025年2月29日入党什么时候转正", "2025年2月28日"), "2026年2月28日"),
        (("2025年13月1日入党什么时候转正", "2025年12月1日"), "2026年12月1日"),
        (("党委2025年8月15日批准我入党，什么时候转正", "2025年6月30日"), "2026年6月30日"),
        (("2025年7月1日宣誓的，什么时候转正", "2025年6月30日"), "2026年6月30日"),
    ],
)
def test_a_wrong_or_missing_day_is_asked_for(talked: tuple[str, ...], first: str) -> None:
    assert "发给我" in talk(talked[0]).text
    assert talk(*talked).text.startswith(first)


def test_without_a_today_the_year_is_asked_for() -> None:
    assert "是哪一年的6月30日" in talk("6月30日通过的预备党员什么时候转正", on=None).text
    done = talk("6月30日通过的预备党员延长半年，什么时候转正", "2025年", on=None)
    assert done.text.startswith("延长6个月后，2026年12月30日")


@pytest.mark.parametrize(
    "text",
    [
        "预备期从哪天算起",
        "预备党员什么时候转正",
        "2025年6月入职什么时候转正",
        "2025年6月30日通过面试什么时候转正",
        "我2025年6月30日进单位，什么时候转正",
        "2026年修订的细则转正要走什么程序",
        "转正要提前6个月写申请吗",
    ],
)
def test_questions_without_their_day_and_other_transitions_are_left_alone(text: str) -> None:
    assert ask(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "去年十二月预备期就满了今年一月才批转正时间写哪天",
        "我去年12月20号预备期满党委今年一月才批转正时间写哪天",
        "支部大会去年十二月就开了党委今年一月才批转正时间写哪天",
        "今年一月才批下来转正时间填哪天",
    ],
)
def test_the_day_of_a_transition_already_approved_is_no_beginning(text: str) -> None:
    assert ask(text) is None
