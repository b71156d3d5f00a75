"""Courtesy: what people say before and after a question that is no part of it."""

import re
from collections.abc import Iterable

PAUSES = ",、~ "
MARKS = f".。!?{PAUSES}"
LEAST_LEFT = 5
"""Characters: of what is shorter, courtesy may be the very matter, as in 您好 or 谢谢您了."""


class Courtesy:
    """Drops it, at both ends of a message."""

    def __init__(self, openings: Iterable[str], endings: Iterable[str]) -> None:
        """`openings` are patterns, `endings` are words."""
        patterns = "|".join(openings)
        self._opening = re.compile(rf"(?:(?:{patterns})[{MARKS}]*)+(?=.{{{LEAST_LEFT}}})" if patterns else "")
        # The longest first: 多谢了 ends with 谢了, too.
        self._endings = tuple(sorted(endings, key=len, reverse=True))

    def __call__(self, plain: str) -> str:
        """Plain text without it."""
        if found := self._opening.match(plain):
            plain = plain[found.end() :]
        said = plain.rstrip(MARKS)
        while said.endswith(self._endings):
            said = next(said[: -len(ending)] for ending in self._endings if said.endswith(ending))
            if len(said) < LEAST_LEFT:
                return plain
            plain, said = said.rstrip(PAUSES), said.rstrip(MARKS)
        return plain
