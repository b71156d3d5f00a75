"""What a question shows at a glance is what each pattern by itself would tell."""

import random
import re

from handlers.answering.asks import asks
from handlers.answering.engine import SCOPE_WORDS, Engine
from handlers.answering.shapes import Detail, Words
from handlers.answering.signs import Glance, Signs
from handlers.knowledge import read_words, written_facts

WORDS = read_words()
ENGINE = Engine.build((), WORDS)
GLANCE = Glance(WORDS, SCOPE_WORDS, {})
TEXTS = random.Random(7).sample([asking for fact in written_facts() for asking in fact.askings], 600)


def test_a_glance_tells_the_same_as_one_pattern_after_another() -> None:
    for text in map(ENGINE.canonical, TEXTS):
        signs = GLANCE(text)
        assert signs.asked == asks(text)
        assert signs.kinds == {
            kind for pattern, kinds in SCOPE_WORDS if re.search(pattern, text) for kind in kinds
        }
        assert signs.beyond == any(
            re.search(when, text) and not (unless and re.search(unless, text))
            for when, unless in WORDS.beyond
        )


def test_what_stands_beside_it_may_make_it_a_thing_that_rules_say() -> None:
    glance = Glance(Words(beyond=(("范文", "手册"), ("模板", ""))), (), {})
    assert [glance(text).beyond for text in ("范文", "手册范文", "手册范文模板")] == [True, False, True]


def test_one_text_after_another_has_its_own_signs() -> None:
    assert GLANCE("村党支部多久换届") == GLANCE("村党支部多久换届")
    assert GLANCE("社区谁批准").kinds == {"社区"}
    assert GLANCE("党费") == Signs()


def test_before_the_end_of_a_story_nothing_stands() -> None:
    """Where only the last 18 characters are looked at, what comes before them takes nothing back."""
    glance = Glance(Words(details=(Detail("(?<!怎)样表"),)), (), {})
    assert glance("怎样表").details == ()
    assert len(glance("一" * 20 + "怎" + "样表" + "二" * 16).details) == 1
    assert glance("一" * 20 + "怎样表" + "二" * 15).details == ()
