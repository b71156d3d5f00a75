"""The phone page's files: nothing from elsewhere, and no way for a message to become markup."""

from pathlib import Path

import pytest

FILES = sorted(path for path in Path("simulator/phone").rglob("*") if path.is_file())
FROM_ELSEWHERE = ('src="http', 'href="http', "url(http", "@import", 'from "http', 'import("http')
MARKUP = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function")


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_loads_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [words for words in FROM_ELSEWHERE if words in text] == []


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_never_hands_markup_or_code_to_the_browser(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [words for words in MARKUP if words in text] == []
