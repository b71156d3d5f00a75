"""补交: months times dues, exactly, with the limit of six months."""

import pytest

from tests.handlers.answering.asking import ask, talk


@pytest.mark.parametrize(
    ("text", "first", "working"),
    [
        ("我欠了6个月党费，每月50元，要补交多少", "一共300元", "每月50元×6个月＝300元"),
        ("我欠了5个月党费，每月52.35元，要补交多少", "一共261.75元", "52.35元×5个月"),
        ("欠了3个月党费要补多少，工资5200", "一共234元", "每月78元×3个月"),
        ("我欠了6个月党费怎么补交，工资5000", "一共300元", "每月50元×6个月"),
        ("养老金5000，半年没交党费，一共补多少", "一共150元", "每月25元×6个月"),
        ("我3月到8月没交党费，每月52元，补多少钱", "一共312元", "52元×6个月"),
        ("去年11月到今年2月没交党费每月10块一共补多少", "一共40元", "10元×4个月"),
        ("欠党费2个月，一个月15元，共要补多少", "一共30元", "15元×2个月"),
        ("大学生欠了俩月党费补多少", "一共0.4元", "0.2元×2个月"),
        ("两个季度没交党费，每月10元，补多少", "一共60元", "10元×6个月"),
        ("一年没交党费每月20元要补多少", "一共240元", "20元×12个月"),
    ],
)
def test_months_times_dues(text: str, first: str, working: str) -> None:
    answer = ask(text)
    assert answer is not None
    assert answer.text.startswith(first)
    assert working in answer.text
    assert answer.entry == "dues-late"
    assert "《党费规定》第十二条" in answer.text


@pytest.mark.parametrize(("months", "over", "leaves"), [(5, False, False), (6, False, True), (7, True, True)])
def test_six_months_are_the_limit(months: int, over: bool, leaves: bool) -> None:
    answer = ask(f"我欠了{months}个月党费，每月50元，要补交多少")
    assert answer is not None
    assert ("已超过" in answer.text) == over
    assert ("自行脱党" in answer.text) == leaves
    assert ("第十三条" in answer.text) == leaves


@pytest.mark.parametrize(
    ("talked", "first"),
    [
        (("欠了6个月党费要补交多少", "50"), "一共300元"),
        (("欠了6个月党费要补交多少", "工资5200"), "一共468元"),
        (("欠了6个月党费要补交多少", "5200", "养老金5200"), "一共312元"),
        (("没交党费工资3000要补多少", "3"), "一共45元"),
        (("没交党费工资3000要补多少", "0", "三个月"), "一共45元"),
        (("农民欠了3个月党费补多少", "0.5"), "一共1.5元"),
    ],
)
def test_the_missing_number_is_asked_for(talked: tuple[str, ...], first: str) -> None:
    assert talk(*talked).text.startswith(first)


@pytest.mark.parametrize(
    "text",
    [
        "党费欠了要补多少",
        "半年没交党费怎么处理",
        "忘交两个月党费能补上不",
        "党费可以补交多久",
        "补交党费最长几个月",
        "一年没交党费还算党员吗",
        "车补算不算进交党费的工资",
        "补交3个月社保多少钱",
    ],
)
def test_general_questions_are_left_alone(text: str) -> None:
    assert ask(text) is None


def test_months_and_a_month_s_due_say_enough_without_the_word_for_dues() -> None:
    answer = ask("欠了4个月 每月36 要补多少")
    assert answer is not None
    assert answer.text.startswith("一共144元。")


@pytest.mark.parametrize(
    "text", ["公司欠了4个月工资每月3600要补多少", "欠了4个月房租每月800一共多少", "欠了要补多少"]
)
def test_other_debts_are_none_of_ours(text: str) -> None:
    assert ask(text) is None


def test_how_much_to_pay_is_no_paying_too_little() -> None:
    answer = ask("养老金5200党费按多少交")
    assert answer is not None
    assert answer.entry == "dues-calculate"


@pytest.mark.parametrize("text", ["我在家带孩子没别的收入这党费一个月最少交多少", "党费一个月至少交多少钱"])
def test_the_least_to_pay_is_no_debt(text: str) -> None:
    assert ask(text) is None
