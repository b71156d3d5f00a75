"""Many patterns as one: the same verdict as the patterns one by one, whatever the text."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.answering.engine import SCOPE_WORDS
from handlers.answering.patterns import AnyOf, branches
from handlers.knowledge import read_words, written_facts

WORDS = read_words()
SETS = {
    "declined": [when for kind in WORDS.declines for when in kind.when],
    "beyond": [when for when, _ in WORDS.beyond],
    "details": [detail.asked for detail in WORDS.details],
    "kinds of unit": [pattern for pattern, _ in SCOPE_WORDS],
    "shapes": [
        "(甲|乙)?丙",
        "(甲|乙)+",
        "^丁|戊$",
        "[己庚](辛|壬)",
        r"癸\||a\(b",
        "(?<!甲)子",
        "(丑|寅)(卯|辰)?巳",
    ],
}
SAID = [text for fact in written_facts() for text in (fact.question, fact.askings[0], fact.answer)]


@pytest.mark.parametrize("patterns", SETS.values(), ids=SETS.keys())
def test_real_sentences_are_judged_as_by_each_pattern(patterns: list[str]) -> None:
    any_of, one_by_one = AnyOf(patterns), [re.compile(pattern) for pattern in patterns]
    for text in random.Random(4).sample(SAID, 800):
        assert any_of(text) == any(pattern.search(text) for pattern in one_by_one), text


@pytest.mark.parametrize("patterns", SETS.values(), ids=SETS.keys())
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_text_is_judged_as_by_each_pattern(patterns: list[str], data: st.DataObject) -> None:
    signs = sorted({sign for pattern in patterns for sign in pattern if sign not in "()?*+{}^$"})
    text = data.draw(st.text(st.sampled_from(signs), max_size=12))
    assert AnyOf(patterns)(text) == any(re.search(pattern, text) for pattern in patterns)


@pytest.mark.parametrize(
    ("pattern", "found", "not_found"),
    [
        ("(丑|寅)(卯|辰)?巳", "丑巳 寅巳 寅辰巳 丑卯巳", "巳 卯巳 丑卯"),
        ("(甲|乙)?丙", "丙 甲丙 乙丙", "甲 乙"),
        ("(甲|乙)+丁", "甲丁 甲乙丁", "丁 丙丁"),
        ("甲乙|(丙|丁戊)己|庚", "甲乙 丙己 丁戊己 庚", "甲 乙 丁己 戊"),
        ("[己庚](辛|壬)", "己辛 庚壬", "己 庚癸"),
        ("(?<!甲)子", "子 乙子", "甲子"),
        ("^丁|戊$", "丁甲 甲戊", "甲丁 戊甲"),
    ],
)
def test_every_word_of_a_group_and_every_branch_counts(pattern: str, found: str, not_found: str) -> None:
    any_of = AnyOf([pattern])
    assert [text for text in found.split() if not any_of(text)] == []
    assert [text for text in not_found.split() if any_of(text)] == []


def test_branches_stand_in_no_group_and_no_class() -> None:
    assert branches(r"甲|(乙|丙)丁|[|戊]|\||己") == ["甲", "(乙|丙)丁", "[|戊]", r"\|", "己"]


def test_nothing_is_found_by_no_pattern() -> None:
    assert not AnyOf([])("党费")
