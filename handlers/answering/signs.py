"""What a question shows before it is looked up: all that patterns tell of it, found with one look."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from handlers.answering.asks import ASKED
from handlers.answering.details import asks_in, said_of
from handlers.answering.patterns import Patterns, Piece
from handlers.answering.shapes import Words

KIND, ASKS, BEYOND, DETAIL = range(4)
NONE: frozenset[str] = frozenset()


class Signs(NamedTuple):
    """What canonical text shows.

    `kinds` of unit are those it names, `asked` is what it asks for (see `asks`), `details` is how an entry
    would speak of each detail asked for. `beyond`: no rule says what it asks for: a text to copy, somebody's
    own case, a telephone number.
    """

    kinds: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    beyond: bool = False
    details: Sequence[re.Pattern[str]] = ()


class Glance:
    """Sees the signs of a text. The last text's are kept: they are wanted at several places in turn."""

    def __init__(
        self, words: Words, kinds: Iterable[tuple[str, Sequence[str]]], times: Mapping[Piece, int]
    ) -> None:
        """`kinds`: patterns with the kinds of unit they name; `times`: how often people type a piece."""
        kinds = tuple(kinds)
        self._kinds = [named for _, named in kinds]
        self._asked = tuple(ASKED)
        self._unless = [re.compile(unless) if unless else None for _, unless in words.beyond]
        self._said = [said_of(detail) for detail in words.details]
        families = (
            (KIND, [pattern for pattern, _ in kinds]),
            (ASKS, ASKED.values()),
            (BEYOND, [when for when, _ in words.beyond]),
            (DETAIL, [detail.asked for detail in words.details]),
        )
        self._patterns = Patterns(
            [
                ((family, place), pattern)
                for family, patterns in families
                for place, pattern in enumerate(patterns)
            ],
            times,
        )
        self._last = "", Signs()

    def __call__(self, canonical: str) -> Signs:
        """The signs of canonical text."""
        text, signs = self._last
        if text != canonical:
            signs = self._see(canonical)
            self._last = canonical, signs
        return signs

    def _see(self, canonical: str) -> Signs:
        found = self._sorted(canonical)
        end = asks_in(canonical)
        kinds, asked, beyond, details = found
        if end is not canonical:
            details = self._sorted(end)[DETAIL]
        return Signs(
            frozenset([kind for place in kinds for kind in self._kinds[place]]) if kinds else NONE,
            frozenset([self._asked[place] for place in asked]),
            bool(beyond) and any(self._is_beyond(canonical, place) for place in beyond),
            [self._said[place] for place in details] if details else (),
        )

    def _sorted(self, text: str) -> tuple[list[int], ...]:
        families: tuple[list[int], ...] = [], [], [], []
        for family, place in self._patterns(text):
            families[family].append(place)
        return families

    def _is_beyond(self, canonical: str, place: int) -> bool:
        unless = self._unless[place]
        return not (unless and unless.search(canonical))
