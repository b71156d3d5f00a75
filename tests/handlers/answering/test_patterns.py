"""Many patterns with one look: the same verdict as the patterns one by one, whatever the text."""

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.answering.asks import ASKED
from handlers.answering.engine import SCOPE_WORDS
from handlers.answering.patterns import EDGE, GAP, Patterns, counted, parse, rarest, spellings
from handlers.knowledge import read_words, written_facts

WORDS = read_words()
SETS = {
    "declined": [when for kind in WORDS.declines for when in kind.when],
    "beyond": [when for when, _ in WORDS.beyond],
    "details": [detail.asked for detail in WORDS.details],
    "kinds of unit": [pattern for pattern, _ in SCOPE_WORDS],
    "asked for": list(ASKED.values()),
    "shapes": [
        "(甲|乙)?丙",
        "(甲|乙)+",
        "^丁|戊$",
        "[己庚](辛|壬)",
        r"癸\||a\(b",
        "(?<!甲)子",
        "(?=丑)..卯",
        "(?!丑).卯",
        "(?:丑|寅)(卯|辰)?巳",
        "午*未{2}申{0,2}酉+?",
        "[^甲]乙[丁-丙]",
        "^戌?$",
        r"(亥)\1",
        r"\b子丑",
        "(?i:AB)寅",
        "(?i)cD",
    ],
}
SAID = [text for fact in written_facts() for text in (fact.question, fact.askings[0], fact.answer)]
TIMES = counted("\n".join(SAID))


def one_by_one(patterns: Sequence[str], text: str) -> set[int]:
    return {place for place, pattern in enumerate(patterns) if re.search(pattern, text)}


@pytest.mark.parametrize("patterns", SETS.values(), ids=SETS.keys())
def test_real_sentences_are_judged_as_by_each_pattern(patterns: list[str]) -> None:
    at_once = Patterns(enumerate(patterns), TIMES)
    for text in random.Random(4).sample(SAID, 800):
        assert at_once(text) == one_by_one(patterns, text), text


FOUND = {name: (patterns, Patterns(enumerate(patterns), TIMES)) for name, patterns in SETS.items()}


@pytest.mark.parametrize("name", SETS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_text_is_judged_as_by_each_pattern(name: str, data: st.DataObject) -> None:
    """Texts of the characters of the patterns, and of what the patterns themselves are found by."""
    patterns, at_once = FOUND[name]
    signs = st.sampled_from(sorted({sign for pattern in patterns for sign in pattern}))
    matching = st.sampled_from(patterns).flatmap(st.from_regex)
    text = data.draw(st.lists(signs | matching, max_size=5).map("".join))
    assert at_once(text) == one_by_one(patterns, text)


@given(
    pattern=st.recursive(
        st.sampled_from(["甲", "乙", "[甲丙]", "[^乙]", ".", "^", "$", r"\b", "(?!乙)", "(?<=甲)", "\n"]),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map("".join),
            st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
            st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,3}?"])).map(
                lambda both: f"(?:{both[0]}){both[1]}"
            ),
        ),
        max_leaves=6,
    ),
    text=st.text("甲乙丙\n", max_size=5),
    flags=st.sampled_from(["", "(?m)", "(?s)"]),
)
@example(pattern="乙(?:甲|^)", text="乙", flags="")
@example(pattern="(?:甲){2}", text="甲", flags="")
@settings(max_examples=500, deadline=None)
def test_any_pattern_is_found_where_it_is(pattern: str, text: str, flags: str) -> None:
    at_once = Patterns([(0, flags + pattern)], {})
    assert bool(at_once(text)) == bool(re.search(flags + pattern, text))


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
    at_once = Patterns([("it", pattern)], {})
    assert [text for text in found.split() if not at_once(text)] == []
    assert [text for text in not_found.split() if at_once(text)] == []


@pytest.mark.parametrize(
    ("pattern", "spelled"),
    [
        ("甲(乙|丙丁)?戊", ["甲戊", "甲乙戊", "甲丙丁戊"]),
        ("^甲.{0,4}[乙丙]$", [f"{EDGE}甲{GAP}乙{EDGE}", f"{EDGE}甲{GAP}丙{EDGE}"]),
        ("(?!甲)乙[^丙]", [f"{GAP}乙{GAP}"]),
    ],
)
def test_a_pattern_may_be_spelled_in_so_many_ways(pattern: str, spelled: list[str]) -> None:
    assert sorted(spellings(parse(pattern))) == sorted(spelled)


def test_a_spelling_is_known_by_what_is_typed_least() -> None:
    times = counted("党费党费\n党章")
    assert rarest("党费章程", times) == ("费", "章")
    assert rarest(f"党费{GAP}章", times) == "章"
    assert rarest(f"党费{GAP}章{EDGE}", times) == ("章", EDGE)
    assert rarest(f"{EDGE}{GAP}", times) is None


@pytest.mark.parametrize("name", [name for name in SETS if name != "shapes"])
def test_no_pattern_that_is_written_must_be_tried_on_every_text(name: str) -> None:
    """One that must should be written otherwise: it would cost every question a search."""
    pieces = {rarest(way, TIMES) for pattern in SETS[name] for way in spellings(parse(pattern))}
    assert None not in pieces


def test_several_patterns_may_have_one_name() -> None:
    at_once = Patterns([("a", "甲"), ("a", "乙丙"), ("b", "乙")], {})
    assert [at_once(text) for text in ("甲", "乙丙", "乙")] == [{"a"}, {"a", "b"}, {"b"}]


def test_nothing_is_found_by_no_pattern() -> None:
    assert Patterns([], {})("党费") == set()
