"""Typst in a process of its own: its memory goes with it, and what it can't set is told."""

import subprocess
import sys

import pytest

from handlers.typesetting import NotSet, typeset
from tests.fonts import needs_font

IS_THERE = """
import sys
from handlers.typesetting import typeset
assert typeset({"main": b"= Title"}).startswith(b"%PDF")
assert "typst" not in sys.modules
"""


@needs_font
def test_nothing_of_it_stays_in_the_service() -> None:
    assert subprocess.run([sys.executable, "-c", IS_THERE], check=False).returncode == 0


@needs_font
def test_beginnings_are_told_in_their_order() -> None:
    told: list[int] = []
    parts = [{"main": b"= One"}, {"main": b"= One\n= Two"}]
    assert typeset({"main": b"= One\n= Two\n= Three"}, beginnings=parts, progress=told.append)[:4] == b"%PDF"
    assert told == [1, 2]


@pytest.mark.parametrize("beginnings", [[], [{"main": b"#broken("}], [{"main": b"= One"}]])
def test_what_cannot_be_set_is_told(beginnings: list[dict[str, bytes]]) -> None:
    with pytest.raises(NotSet):
        typeset({"main": b"#broken("}, beginnings=beginnings)


def test_who_breaks_off_leaves_no_process_waiting() -> None:
    def stop(_: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        typeset({"main": b"= One"}, beginnings=[{"main": b"= One"}], progress=stop)
