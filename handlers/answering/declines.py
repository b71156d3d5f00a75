"""Knowing what is none of our business, and what to say then."""

import re
from collections.abc import Iterable

from handlers.answering.patterns import AnyOf
from handlers.answering.shapes import Decline


class Declines:
    """The kinds of message that are declined kindly, in the order written."""

    def __init__(self, declines: Iterable[Decline]) -> None:
        self._kinds = [(kind, _pattern(kind.when), _pattern(kind.unless)) for kind in declines]
        self._any = AnyOf(when for kind, _, _ in self._kinds for when in kind.when)

    def find(self, read: str, corrected: str) -> Decline | None:
        """The first kind that fits what was typed; `unless` wins over `when`, slips put right for it."""
        if not self._any(read):
            return None
        for kind, when, unless in self._kinds:
            if when and when.search(read) and not (unless and unless.search(corrected)):
                return kind
        return None


def _pattern(parts: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{part})" for part in parts)) if parts else None
