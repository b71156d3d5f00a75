"""All calculators together: whose question it is, what they cite, and that nothing throws them."""

import re
import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.answers.questions import read_questions
from handlers.answering import arrears, dues, party_age, publicity, surplus, terms, transition, votes
from handlers.answering.calculators import calculate
from handlers.answering.engine import Engine
from handlers.knowledge import read_rules, read_topics, read_words
from models import Question
from tests.handlers.answering import test_votes
from tests.handlers.answering.asking import TODAY, ask

LONGEST_REPLY = 300
LONGEST_STATE = Question._meta.fields_map["entry_code"].max_length  # type: ignore[attr-defined]
ENTRIES = {
    arrears.ENTRY,
    dues.ENTRY,
    party_age.ENTRY,
    publicity.ENTRY,
    surplus.ENTRY,
    surplus.DELEGATES_ENTRY,
    terms.ENTRY,
    transition.ENTRY,
    transition.EXTENSION_ENTRY,
    *votes.ENTRIES.values(),
    *votes.QUORUM_ENTRIES.values(),
}
NAMES = {arrears.NAME, party_age.NAME, publicity.NAME, surplus.NAME, terms.NAME, transition.NAME, votes.NAME}
QUESTIONS = [
    "应到50人，到了41人，赞成21票，能当选吗",
    "接收预备党员应到20人实到11人赞成11票能通过吗",
    "转正应到20人实到11人赞成11票能通过吗",
    "支委会5人到3人能开吗",
    "选9名支委要几名候选人",
    "我2024年2月29日成为预备党员哪天转正",
    "2025-06-30接收为预备党员，延长3个月，什么时候转正",
    "1975年7月1日入党党龄多少",
    "村党支部2024年8月31日换届，下次什么时候换届",
    "发展对象2026年12月29日公示哪天结束",
    "我欠了7个月党费，每月50元，要补交多少",
    "工资60000交多少党费",
    "我每月养老金5200该交几块",
]


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_worked_answer_fits_a_phone_and_cites_listed_rules(text: str) -> None:
    answer = ask(text)
    assert answer is not None
    assert len(answer.text) <= LONGEST_REPLY
    assert answer.entry in ENTRIES
    assert answer.citations
    rules = read_rules()
    assert all(cited.rule in rules for cited in answer.citations)
    assert all(
        cited.article == "第三条" for cited in answer.citations if cited.rule == "选举条例" and cited.article
    )


def test_every_calculator_names_entries_that_exist() -> None:
    assert {entry.code for topic in read_topics() for entry in topic.entries} >= ENTRIES


def test_general_questions_go_to_their_entries() -> None:
    """A calculator may answer an entry's asking only when numbers were given in it."""
    caught = []
    for topic in read_topics():
        for entry in topic.entries:
            for text in (entry.question, *entry.askings):
                answer = ask(text)
                if answer is not None and not re.search(r"[\d一二两俩三四五六七八九十]", text):
                    caught.append((text, answer.entry))
                if answer is not None and answer.entry and ":" in answer.entry:
                    caught.append((text, answer.entry))
    assert caught == []


@pytest.mark.parametrize(
    "text",
    [
        "党费怎么算",
        "党龄怎么算",
        "支部几年换届",
        "发展对象公示几天",
        "支委差额选举比例",
        "多少票能当选",
        "预备期多长",
    ],
)
def test_a_question_without_numbers_is_no_calculation(text: str) -> None:
    assert ask(text) is None


def test_the_engine_asks_the_calculators_first() -> None:
    engine = Engine.build((), read_words())
    answer = engine.answer("应到５０人，到了４１人，贊成21票，能當選嗎😀", on=TODAY)
    assert answer.text.startswith("能当选")
    follow = engine.answer("应到50人，能当选吗", on=TODAY)
    assert engine.answer("41", on=TODAY, previous=follow.entry).text.startswith("到会人数够了")


def test_another_question_ends_the_asking() -> None:
    asked = ask("应到50人，能当选吗")
    assert asked is not None
    for text in ("党费怎么算", "谢谢", "41人到了没有啊", ""):
        assert ask(text, asked.entry) is None


HOSTILE = [
    "9" * 300,
    "一" * 300,
    "应到" * 150,
    "1年" * 150,
    "2025年2月29日" * 30,
    "到1人" * 70,
    "万" * 300,
    "党费欠1个月" * 40,
]
HOSTILE += [
    "应到" + "9" * 280 + "人到了1人能当选吗",
    "工资" + "9" * 280 + "交多少党费",
    "-" * 300,
    "٤١",
    "1.1.1.1" * 40,
]
HOSTILE += [
    "候选人" + "9" * 250 + "名差额够吗",
    "发展对象2099年12月31日公示60个工作日到哪天",
    "1921年1月1日入党党龄多少",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_numbers_are_answered_in_time_and_in_short(text: str) -> None:
    started = time.perf_counter()
    answer = ask(text)
    assert time.perf_counter() - started < 1.0
    assert answer is None or (len(answer.text) <= LONGEST_REPLY and len(answer.entry or "") <= LONGEST_STATE)


PIECES = [
    "应到",
    "实到",
    "到了",
    "赞成",
    "票",
    "人",
    "能当选吗",
    "能通过吗",
    "支委会",
    "入党",
    "转正",
    "预备",
    "党龄",
]
PIECES += [
    "换届",
    "下次",
    "届满",
    "公示",
    "发展对象",
    "工作日",
    "候选人",
    "委员",
    "选",
    "党费",
    "欠",
    "个月",
    "工资",
    "每月",
]
PIECES += [
    "0",
    "5",
    "50",
    "-1",
    "3000.00",
    "999999999",
    "二十一",
    "半年",
    "2025年",
    "2月",
    "29日",
    "2025年2月29日",
    "到",
    "多少",
]
PIECES += ["什么时候", "吗", "？", "，", "五分之四", "延长", "村", "批准", "去年", "昨天"]
STATES = [
    "",
    *(
        f"{name}:{state}"
        for name in sorted(NAMES)
        for state in ("", "/", "Ed/5/4/3", "00000230/5", "6/", "/5000")
    ),
]
STATES += [
    "votes:Ep/50//",
    "votes:Zx/9/9/9",
    "votes:/1/2/3",
    "transition:20250230/99",
    "terms:20250101/5+3",
    dues.ENTRY,
    ":",
    "::",
]


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=14),
    st.sampled_from(STATES),
    st.sampled_from([None, TODAY, date(2024, 2, 29)]),
    st.sampled_from([None, "村", "火星"]),
)
def test_no_mixture_of_our_words_throws_them(
    pieces: list[str], previous: str, on: date | None, scope: str | None
) -> None:
    answer = calculate("".join(pieces), previous, on=on, scope=scope)
    if answer is not None:
        assert 0 < len(answer.text) <= LONGEST_REPLY
        name, colon, _ = (answer.entry or "").partition(":")
        assert name in (NAMES if colon else ENTRIES)
        assert len(answer.entry or "") <= LONGEST_STATE


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80), st.text(max_size=32))
def test_no_text_and_no_state_at_all_throws_them(text: str, previous: str) -> None:
    for answer in (
        calculate(text, previous),
        calculate(text, f"votes:{previous}"),
        calculate("5", f"terms:{previous}"),
    ):
        assert answer is None or answer.text


def test_a_message_is_read_in_a_fraction_of_a_millisecond() -> None:
    texts = (
        [text for text, *_ in (*test_votes.ELECTIONS, *test_votes.OTHERS)]
        + QUESTIONS
        + ["党员大会多久开一次"] * 20
    )
    for text in texts:
        ask(text)
    started = time.process_time()
    for _ in range(10):
        for text in texts:
            ask(text)
    # Two milliseconds are promised for the whole engine; this much room is for a busy machine.
    assert (time.process_time() - started) / (10 * len(texts)) < 0.002


def test_what_comes_out_otherwise_for_some_kind_of_unit_says_so() -> None:
    hanging = 0
    for text in (*(question.text for question in read_questions()), "支部2023年5月换的届，下次什么时候换届"):
        found = calculate(text, on=TODAY)
        scoped = [calculate(text, on=TODAY, scope=scope) for scope in ("村", "机关")]
        if found is None:
            assert scoped == [None, None], text
        else:
            same = found._replace(hangs_on_scope=False)
            assert found.hangs_on_scope is any(one != same for one in scoped), text
            hanging += found.hangs_on_scope
    assert hanging
