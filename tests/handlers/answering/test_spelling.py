"""Slips of the finger and the ear: put right where they are slips, and nowhere else."""

import gc
import random
import weakref
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.answering.engine import Engine, spelling
from handlers.answering.features import Features
from handlers.answering.normalise import Normaliser
from handlers.answering.spelling import plain_sound
from handlers.knowledge import read_words, written_facts
from tests.handlers.answering.asking import TODAY

FACTS, WORDS = written_facts(), read_words()
READ = Normaliser(WORDS)
READINGS = tuple(map(Features(WORDS).reading, FACTS))
SPELLING = spelling(READINGS, WORDS)
MEANT = Normaliser(WORDS, SPELLING)
SAID = [READ.read(READ.clean(READ.plain(text))) for fact in FACTS for text in (fact.question, *fact.askings)]
SEED, SLIPS, LEAST_MENDED = 20261126, 400, 0.95


def test_nothing_that_is_known_is_changed() -> None:
    assert [text for text in SAID if SPELLING(text) != text] == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(SAID), min_size=1, max_size=3))
def test_known_sentences_after_each_other_are_not_changed_either(sentences: list[str]) -> None:
    assert SPELLING("|".join(sentences)) == "|".join(sentences)


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.sampled_from("党费入支部|a9."),
        max_size=60,
    )
)
def test_any_text_keeps_its_length_and_what_is_no_chinese(text: str) -> None:
    mended = SPELLING(text)
    assert len(mended) == len(text)
    assert [c for c in mended if c < "\u4e00"] == [c for c in text if c < "\u4e00"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("党领从哪天算", "党龄从哪天算"),
        ("政申没过", "政审没过"),
        ("三会一客", "三会一课"),
        ("组职关系怎么转", "组织关系怎么转"),
        ("入党公事几天", "入党公示几天"),
        ("专政申请什么时候交", "转正申请什么时候交"),
        ("流动党圆", "流动党员"),
        ("发展队象", "发展对象"),
        ("差鹅选举", "差额选举"),
        ("民评主议党员", "民主评议党员"),
        ("组织生会活多久开", "组织生活会多久开"),
        ("赞层票", "赞成票"),
        ("失莲党员", "失联党员"),
        ("dangling", "党龄"),
        ("sanhuiyike", "三会一课"),
        ("dangfeizenmejiao", "党费怎么交"),
    ],
)
def test_what_sounds_the_same_or_is_swapped_is_put_right(typed: str, meant: str) -> None:
    assert MEANT.correct(MEANT.read(typed)) == meant


@pytest.mark.parametrize(
    "text",
    ["反应", "攻势很猛", "回忆童年", "专政", "法律援助电话", "工伤怎么认定", "hello", "wifi密码"],
)
def test_what_is_another_word_stays(text: str) -> None:
    assert MEANT.correct(MEANT.read(text)) == text


def test_without_the_other_words_they_would_be_taken_for_ours() -> None:
    eager = spelling(READINGS, replace(WORDS, others=()))
    assert eager("反应") == "反映"


@pytest.mark.parametrize(
    ("one", "other"), [("zhang", "zan"), ("lian", "nian"), ("sheng", "sen"), ("ling", "nin")]
)
def test_sounds_that_many_do_not_tell_apart_are_one(one: str, other: str) -> None:
    assert plain_sound(one) == plain_sound(other)


def slips() -> Iterator[tuple[str, str]]:
    """Known askings, and the same with a character of a term exchanged for one that sounds the same."""
    rng = random.Random(SEED)
    same = {c: chars.replace(c, "") for chars in WORDS.sounds.values() for c in chars}
    for text in rng.sample(SAID, len(SAID)):
        term = next((term for term in WORDS.terms if len(term) > 1 and term in text), "")
        at = text.find(term) + rng.randrange(len(term) or 1)
        if term and same.get(text[at]):
            yield text, text[:at] + rng.choice(same[text[at]]) + text[at + 1 :]


def test_most_slips_in_known_askings_lead_where_the_asking_leads() -> None:
    engine = Engine.build(FACTS, WORDS)
    tried = [slip for slip, _ in zip(slips(), range(SLIPS), strict=False)]
    alike = [
        engine.answer(meant, on=TODAY).entry == engine.answer(typed, on=TODAY).entry for meant, typed in tried
    ]
    assert sum(alike) / SLIPS >= LEAST_MENDED


def test_an_engine_that_is_replaced_goes_without_the_collectors_help() -> None:
    """A new engine freezes what it finds (`knowledge.refresh`): a ring in the old one would stay for ever."""
    facts = FACTS[:20]
    gc.disable()
    try:
        engine = Engine.build(facts, WORDS)
        engine.answer("组只生活会多久开一次", on=TODAY)
        parts = (engine._normalise, engine._normalise._spelling, engine._features, engine._index)
        left = [weakref.ref(part) for part in (engine, *parts)]
        del engine, parts
        assert [part() for part in left] == [None] * len(left)
    finally:
        gc.enable()
