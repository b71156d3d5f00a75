"""A text is cut so that it fits, reads well, and nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.lengths import TEXT_LIMIT, cut

ENDING = "……"


@given(st.text(max_size=3000))
def test_a_cut_text_fits_and_nothing_is_lost(text: str) -> None:
    text = text.encode(errors="ignore").decode()
    first, rest = cut(text, ending=ENDING)
    assert len(first.encode()) <= TEXT_LIMIT
    if rest or first != text:
        assert first.endswith(ENDING)
        kept = first.removesuffix(ENDING) + rest
        assert "".join(kept.split()) == "".join(text.split())


def test_the_cut_is_at_a_sentence_end() -> None:
    first, rest = cut("这是一句完整的话。" * 200, ending=ENDING)
    assert first.removesuffix(ENDING).endswith("。")
    assert rest.startswith("这是一句")


@pytest.mark.parametrize("text", ["党" * 3000, "🚩" * 3000, "a" * 3000, "。" + "党" * 3000, "\ud83d" * 3000])
def test_a_text_without_sentences_is_cut_between_characters(text: str) -> None:
    first, _ = cut(text, ending=ENDING)
    assert TEXT_LIMIT - 4 <= len(first.encode()) <= TEXT_LIMIT


def test_a_text_of_exactly_the_limit_is_whole() -> None:
    text = "字" * 682 + "ab"
    assert len(text.encode()) == TEXT_LIMIT
    assert cut(text, ending=ENDING) == (text, "")
