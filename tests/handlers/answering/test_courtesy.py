"""Courtesy before and after a question changes nothing of its answer; by itself it is answered kindly."""

import random
from datetime import date

import pytest

from benchmarks.answers.questions import read_questions
from handlers.answering.courtesy import Courtesy
from handlers.answering.engine import Engine
from handlers.knowledge import read_words, written_facts

ON = date(2026, 11, 20)
WORDS = read_words()
COURTESY = Courtesy(WORDS.openings, WORDS.endings)
BEFORE = (
    "请问",
    "想问一下",
    "我想知道",
    "老师好,",
    "问下",
    "麻烦问一下,",
    "书记让我问",
    "您好,我想咨询一下,",
)
AFTER = ("", ",谢谢", "?谢谢您", "。在线等", "谢谢啦!")


@pytest.mark.parametrize(
    ("plain", "asked"),
    [
        ("请问党费怎么交", "党费怎么交"),
        ("老师好,请问一下,党费怎么交?", "党费怎么交?"),
        ("您好!我想咨询一下预备期多长", "预备期多长"),
        ("书记让我问换届要提前多久", "换届要提前多久"),
        ("党费怎么交?谢谢您,辛苦了!", "党费怎么交?"),
        ("党费怎么交,在线等 谢谢", "党费怎么交"),
        ("知道党的宗旨是什么吗", "知道党的宗旨是什么吗"),
        ("书记好当吗", "书记好当吗"),
        ("我想问题出在哪一步", "我想问题出在哪一步"),
        ("麻烦了解一下入党流程", "了解一下入党流程"),
    ],
)
def test_what_is_asked_is_left(plain: str, asked: str) -> None:
    assert COURTESY(plain) == asked


@pytest.mark.parametrize(
    "plain", ["", "谢谢", "谢谢您,辛苦了!", "您好", "你好请问", "请问党费", "老师好,在吗"]
)
def test_what_says_little_else_stays_as_it_is(plain: str) -> None:
    assert COURTESY(plain) == plain


def test_without_words_nothing_is_courtesy() -> None:
    assert Courtesy((), ())("请问党费怎么交,谢谢") == "请问党费怎么交,谢谢"


def test_a_question_asked_kindly_gets_the_answer_of_the_question() -> None:
    engine = Engine.build(written_facts(), WORDS)
    rng = random.Random(20261128)
    asked = [question.text for question in read_questions() if len(question.text) >= 8]
    alike = []
    for text in rng.sample(asked, 300):
        kindly = f"{rng.choice(BEFORE)}{text}{rng.choice(AFTER)}"
        plainly, found = (engine.answer(one, on=ON) for one in (text, kindly))
        alike.append((found.kind, found.entry) == (plainly.kind, plainly.entry))
    assert sum(alike) >= len(alike) * 0.99
