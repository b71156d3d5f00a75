"""From what is typed on a phone to the words of the domain."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.answering.engine import spelling
from handlers.answering.features import Features
from handlers.answering.normalise import (
    ENDS,
    FACES,
    LONGEST_QUESTION,
    NOISE,
    Normaliser,
    Replacer,
    parted,
)
from handlers.answering.shapes import Words
from handlers.knowledge import read_words, written_facts

READINGS = map(Features(read_words()).reading, written_facts())
WORDS = read_words()
NORMALISER = Normaliser(WORDS, spelling(READINGS, WORDS))


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("ＤＦＪＳ", "dfjs"),
        ("預備黨員", "预备党员"),
        ("党费[微笑]", "党费 "),
        ("党费/:rose 交", "党费  交"),
        ("５２００元", "5200元"),
        ("", ""),
    ],
)
def test_plain_text_is_simplified_half_width_and_lower_case(typed: str, plain: str) -> None:
    assert NORMALISER.plain(typed) == plain


@pytest.mark.parametrize(
    ("plain", "clean"),
    [
        ("党费？？？！！", "党费"),
        ("预备期多长?党费多少!", "预备期多长|党费多少"),
        ("😀党 费😀", "党费"),
        ("。。。", ""),
        ("0.5%", "0.5%"),
    ],
)
def test_sentences_are_parted_and_noise_is_dropped(plain: str, clean: str) -> None:
    assert NORMALISER.clean(NORMALISER.plain(plain)) == clean


TYPED = st.text(
    st.sampled_from("党费多少吗預備员aZ09.%|,，、。？！?!;… \n１Ｑ😀㈠[微笑]/:é"),
    max_size=LONGEST_QUESTION + 5,
)


@given(TYPED)
@example("")
@example("？。")
@example("请问，预备期多长，党费交多少？")
@example("党" * (LONGEST_QUESTION + 1))
def test_the_short_ways_to_plain_and_to_clean_text_end_where_the_long_ones_do(typed: str) -> None:
    half = unicodedata.normalize("NFKC", FACES.sub(" ", typed[:LONGEST_QUESTION]))[:LONGEST_QUESTION]
    plain = half.lower().translate(WORDS.traditional)
    assert NORMALISER.plain(typed) == plain
    assert NORMALISER.clean(plain) == NOISE.sub("", ENDS.sub("|", parted(plain))).strip("|")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("组只生活会", "组织生活会"),
        ("主提党日", "主题党日"),
        ("党废", "党费"),
        ("zzshh", "组织生活会"),
        ("dangfei", "党费"),
        ("民主平议", "民主评议"),
        ("我2003年转的正", "2003年转正"),
        ("哪年入的党", "哪年入党"),
    ],
)
def test_slips_homophones_and_initials_are_read_as_meant(typed: str, meant: str) -> None:
    assert meant in NORMALISER.correct(NORMALISER.read(typed))


@pytest.mark.parametrize(
    ("typed", "sentences"),
    [
        ("预备期多长，党费怎么算", 2),
        ("党费怎么交 组织关系怎么转", 2),
        ("党费怎么交，我还退休了，组织关系怎么转", 2),
        ("我退休了，党费怎么交", 1),
        ("党费怎么交，我在村里，谢谢", 1),
    ],
)
def test_a_pause_parts_two_questions_but_no_question_from_its_story(typed: str, sentences: int) -> None:
    assert len(NORMALISER.clean(NORMALISER.plain(typed)).split("|")) == sentences


def test_a_correction_leaves_the_rest_of_the_text_in_place() -> None:
    assert (
        NORMALISER.correct(NORMALISER.read("请问组只生活会和组只生活会哪天"))
        == "请问组织生活会和组织生活会哪天"
    )


def test_known_words_go_by_one_name_and_small_numbers_are_chinese() -> None:
    words = Words(synonyms={"党支部": ("支部",)}, terms=("支部委员",))
    assert Normaliser(words)("支部3年换届，支部委员23人") == "党支部三年换届支部委员二十三人"


def test_the_longest_word_is_replaced_first() -> None:
    assert Replacer({"支": "1", "支部": "2", "支部会": "3"})("支支部支部会") == "123"


def test_only_so_much_of_a_text_is_read() -> None:
    assert len(NORMALISER.plain("党" * 60_000)) == LONGEST_QUESTION
    assert len(NORMALISER.plain("ﷺ" * 60_000)) <= LONGEST_QUESTION
