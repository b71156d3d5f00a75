"""差额: candidates for seats."""

import pytest

from tests.handlers.answering.asking import ask, talk


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("选三个委员得提几个候选人", "应选3名，候选人不少于4名"),
        ("要选3名委员 候选人至少几名", "应选3名，候选人不少于4名"),
        ("应选3名候选人4名行不行", "够。应选3名，候选人4名"),
        ("选3名委员要几个候选人", "3×20%＝0.6，不足1名的按1名计"),
        ("应选5名，候选人6名够吗", "够。应选5名，候选人6名"),
        ("选5名支委候选人5名行吗", "不够，还差1名"),
        ("支委应选3人候选3人行吗", "不够，还差1名"),
        ("选7名委员至少几名候选人", "候选人不少于9名"),
        ("应选11名代表候选人几名", "11×20%＝2.2"),
        ("选10名代表要几个候选人", "候选人不少于12名"),
        ("选9名支委要几名候选人", "一般不超过7人"),
    ],
)
def test_candidates_are_worked_out(text: str, says: str) -> None:
    answer = ask(text)
    assert answer is not None
    assert says in answer.text
    assert "《选举条例》" in answer.text


def test_committees_rest_on_unread_articles_and_say_so() -> None:
    of_committee, of_delegates = ask("选3名委员要几个候选人"), ask("选10名代表要几个候选人")
    assert of_committee is not None
    assert of_delegates is not None
    assert "据现有资料" in of_committee.text
    assert "据现有资料" not in of_delegates.text


def test_seats_are_asked_for_until_they_can_be_right() -> None:
    assert talk("候选人6名差额够吗", "5").text.startswith("够。")
    assert "核对" in talk("候选人6名差额够吗", "0").text
    assert talk("候选人6名差额够吗", "0", "三").text.startswith("够。")
    assert "1到300" in talk("应选999999名委员要几个候选人").text


@pytest.mark.parametrize(
    "text",
    [
        "支委差额选举比例",
        "候选人差额20%怎么算",
        "选书记要几个候选人",
        "正式选举一定要差额吗",
        "党章规定的差额选举两种办法",
        "可以一个候选人都不选吗",
        "村委会选3名委员要几个候选人",
        "发展对象3名差额吗",
    ],
)
def test_general_questions_and_other_elections_are_left_alone(text: str) -> None:
    assert ask(text) is None
