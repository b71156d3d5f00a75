"""Details beside what an entry says: a person answers, for the entry doesn't."""

from dataclasses import replace
from datetime import date

import pytest

from handlers.answering.details import lacks
from handlers.answering.engine import Engine
from handlers.answering.shapes import Detail, Fact, Words
from handlers.answering.signs import Glance
from handlers.knowledge import read_words, written_facts

ON = date(2026, 11, 20)
WORDS = read_words()
ENGINE = Engine.build(written_facts(), WORDS)
SEE = Glance(WORDS, (), {})
MEDAL = Fact("medal", "纪念章发给谁？", "发给党龄满50年的党员。", ("纪念章掉色了能换吗",))


def glance(*details: Detail) -> Glance:
    return Glance(Words(details=details), (), {})


@pytest.mark.parametrize(
    ("asked", "lacking"),
    [("纪念章发给谁", False), ("纪念章丢了补办", True), ("纪念章掉色了", False)],
)
def test_an_entry_lacks_what_neither_it_nor_its_askings_speak_of(asked: str, lacking: bool) -> None:
    see = glance(Detail("丢了|补办"), Detail("掉色|褪色"))
    assert lacks(MEDAL, see(asked).details) is lacking


def test_an_entry_may_speak_of_a_detail_in_other_words() -> None:
    assert not lacks(MEDAL, glance(Detail("谁可以戴", "发给"))("纪念章谁可以戴").details)


def test_what_a_story_tells_before_its_question_is_no_detail_asked_for() -> None:
    see = glance(Detail("丢了|补办"))
    story = "我去年搬家的时候把好多东西都弄丢了，今年满五十年党龄"
    assert not lacks(MEDAL, see(f"{story}，纪念章什么时候能发给我").details)
    assert lacks(MEDAL, see(f"{story}，纪念章也没了能不能补办").details)


NEIGHBOURS = (
    "光荣在党50年纪念章可以代领吗",
    "发展对象培训费用谁来承担",
    "主题党日可以带家属参加吗",
    "民主评议结果需要公示几天",
    "政审材料要用钢笔写还是打印",
    "培养联系人最多能带几个积极分子",
    "交了党费给开发票吗",
)


@pytest.mark.parametrize("asked", NEIGHBOURS)
def test_a_neighbours_detail_is_left_to_a_person(asked: str) -> None:
    assert ENGINE.answer(asked, on=ON).kind == "none"


def test_without_details_the_neighbours_would_be_answered() -> None:
    without = Engine.build(written_facts(), replace(WORDS, details=()))
    assert [asked for asked in NEIGHBOURS if without.answer(asked, on=ON).kind == "none"] == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("入党志愿书丢了怎么补", "files-lost"),
        ("发展对象要公示几天", "admission-candidate-publicity"),
        ("主题党日要拍照留痕吗", "theme-day-record"),
        ("活动室的柜子坏了用党费修行吗", "dues-use-place"),
        ("我妈退休了有养老金还有点补贴 党费按哪个算", "dues-retired"),
    ],
)
def test_an_entry_that_speaks_of_the_detail_answers(asked: str, code: str) -> None:
    assert ENGINE.answer(asked, on=ON).entry == code


def test_hardly_an_asking_would_be_left_to_a_person_if_it_were_not_written() -> None:
    """Each asking against the rest of its entry: what somebody asks in unseen words mustn't be lost."""
    lost = total = 0
    for fact in written_facts():
        for asking in fact.askings:
            rest = replace(fact, askings=tuple(other for other in fact.askings if other != asking))
            lost += lacks(rest, SEE(ENGINE.canonical(asking)).details)
            total += 1
    assert lost <= total * 0.005
