"""Questions that ask the same are found together, in whatever order they come."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.answering.clusters import clusters

WEDDING = ["党员操办婚礼最多摆几桌", "党员办婚礼可以摆几桌酒席", "党员婚礼摆几桌"]
CABINET = ["支部档案柜的钥匙归谁保管", "档案柜钥匙谁管"]
BACKGROUND = ["党员预备期多长", "党员大会多久开一次", "党费怎么交", "支部委员会怎么选", "党员怎么转组织关系"]


def test_what_asks_the_same_stands_together_the_largest_group_first() -> None:
    texts = dict(enumerate([CABINET[0], *WEDDING, CABINET[1]], start=1))
    assert clusters(texts, BACKGROUND) == [(2, 3, 4), (1, 5)]


def test_what_only_shares_the_words_of_asking_stands_apart() -> None:
    texts = {1: "党员能不能信佛怎么办", 2: "党员能不能炒股怎么办"}
    assert clusters(texts, BACKGROUND) == [(1,), (2,)]


def test_the_same_words_are_one_group_even_if_nothing_else_is_left_of_them() -> None:
    assert clusters({1: "怎么办", 2: "怎么办", 3: ""}) == [(1, 2), (3,)]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_changes_nothing(seed: int) -> None:
    texts = [*WEDDING, *CABINET, *BACKGROUND]
    keys = dict(enumerate(texts))
    shuffled = random.Random(seed).sample(list(keys.items()), len(keys))
    assert clusters(dict(shuffled), BACKGROUND) == clusters(keys, BACKGROUND)


@given(st.dictionaries(st.integers(1, 99), st.text(max_size=30), max_size=12))
def test_every_question_is_in_exactly_one_group(texts: dict[int, str]) -> None:
    found = [key for group in clusters(texts) for key in group]
    assert sorted(found) == sorted(texts)
