"""Knowing what is none of our business, and what to say then."""

import re
from collections.abc import Iterable, Mapping

from handlers.answering.patterns import Patterns, Piece
from handlers.answering.shapes import Decline


class Declines:
    """The kinds of message that are declined kindly, in the order written."""

    def __init__(self, declines: Iterable[Decline], times: Mapping[Piece, int]) -> None:
        """`times` is how often people type a piece."""
        self._kinds = [(kind, _pattern(kind.unless)) for kind in declines]
        places = enumerate(kind.when for kind, _ in self._kinds)
        self._when = Patterns([(place, when) for place, whens in places for when in whens], times)

    def find(self, read: str, corrected: str) -> Decline | None:
        """The first kind that fits what was typed; `unless` wins over `when`, slips put right for it."""
        for place in sorted(found) if (found := self._when(read)) else ():
            kind, unless = self._kinds[place]
            if not (unless and unless.search(corrected)):
                return kind
        return None


def _pattern(parts: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{part})" for part in parts)) if parts else None
