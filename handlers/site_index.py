"""Finding sites fast: what is searched is kept in memory, worked out once, and checked at every look.

A word is found as it is written, by its pinyin, and by the initials of its pinyin. A number that comes with
every answer says whether anything changed, in whatever process; then what changed is worked out again.
"""

import asyncio
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nsmallest
from itertools import accumulate, islice
from math import cos, radians
from typing import Any

from handlers import site_facts
from handlers.positions import Point
from models import Site, SiteCategory, SiteStatus

PLAIN = re.compile("[!-~]+")
SHOWN = (SiteStatus.OPEN, SiteStatus.PAUSED)
COLUMNS = (
    *("id", "category", "longitude", "latitude", "is_training_base"),
    *("name", "town", "intro", "features", "facilities", "services"),
)
FIRST_BOX, LAST_BOX = 0.03, 0.5
"""Half the side of the box around a position that is looked into first, in degrees of latitude; then all."""
FEW = 20
"""Up to so many times what is asked for, all are looked at."""
RARE = 4
"""What the first box has not even this part of is looked for in all at once."""


@dataclass(slots=True)
class Lines:
    """One text with a line for each site: it is searched quicker than ten thousand."""

    text: str = ""
    ends: list[int] = field(default_factory=lambda: [0])
    """Where each one's line begins, and where the last one ends."""

    @classmethod
    def of(cls, lines: Sequence[str]) -> "Lines":
        """These lines; none has an end of line within."""
        return cls("".join(f"{line}\n" for line in lines), [0, *accumulate(len(line) + 1 for line in lines)])

    def standing(self, word: str) -> Iterator[int]:
        """The lines in which a word stands, in their order."""
        find, ends = self.text.find, self.ends
        at = find(word)
        while at >= 0:
            place = bisect_right(ends, at) - 1
            yield place
            at = find(word, ends[place + 1])

    def standing_of(self, word: str, places: Iterable[int]) -> list[int]:
        """Of these lines those in which a word stands."""
        find, ends = self.text.find, self.ends
        return [at for at in places if find(word, ends[at], ends[at + 1]) >= 0]


@dataclass(slots=True)
class Sites:
    """All sites, a column for each thing they are searched by; a site is its place in the columns.

    Columns, not rows: the garbage collector would go through ten thousand rows again and again.
    """

    ids: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    longitudes: list[float] = field(default_factory=list)
    latitudes: list[float] = field(default_factory=list)
    training_bases: list[bool] = field(default_factory=list)
    from_the_south: list[int] = field(default_factory=list)
    """All places by their latitude, and those latitudes."""
    sorted_latitudes: list[float] = field(default_factory=list)
    written: Lines = field(default_factory=Lines)
    typed: Lines = field(default_factory=Lines)
    """Their words; and what is typed with a plain keyboard: their pinyin, its initials, letters, figures."""

    def having(self, words: Iterable[str]) -> Iterable[int]:
        """The sites in whose line every word stands."""
        first, *others = sorted(words, key=len, reverse=True)
        return self.those_having(others, self._lines(first).standing(first))

    def those_having(self, words: Iterable[str], places: Iterable[int]) -> Iterable[int]:
        """Of these sites those in whose line every word stands."""
        for word in words:
            places = self._lines(word).standing_of(word, places)
        return places

    def _lines(self, word: str) -> Lines:
        return self.typed if word.isascii() else self.written

    def by_distance(self, near: Point, places: Iterable[int]) -> list[tuple[float, int]]:
        """Each with what grows with its distance: over some hundred kilometres the earth is flat enough."""
        east, lng, lat = cos(radians(near.latitude)) ** 2, near.longitude, near.latitude
        xs, ys = self.longitudes, self.latitudes
        return [((xs[at] - lng) ** 2 * east + (ys[at] - lat) ** 2, at) for at in places]

    def box(self, near: Point, half: float) -> list[int]:
        """The places less than so many degrees of latitude away from a position, each way."""
        lng, lat, wide = near.longitude, near.latitude, half / cos(radians(near.latitude))
        xs = self.longitudes
        first = bisect_right(self.sorted_latitudes, lat - half)
        last = bisect_left(self.sorted_latitudes, lat + half, first)
        return [at for at in self.from_the_south[first:last] if lng - wide < xs[at] < lng + wide]

    def nearest(
        self, near: Point, limit: int, fitting: Callable[[Iterable[int]], Iterable[int]]
    ) -> list[int] | None:
        """The first ones by distance of those that are fitting; null if they are rare.

        Looks into a box around the position, a larger one while it lacks some. What lies outside of a box is
        farther away than its half side, so those inside that are nearer are the nearest of all.
        """
        if len(self.ids) <= FEW * limit:
            return None
        half = FIRST_BOX
        while half < LAST_BOX:
            first = nsmallest(limit, self.by_distance(near, fitting(self.box(near, half))))
            if len(first) == limit and first[-1][0] < half * half:
                return [at for _, at in first]
            if len(first) < limit // RARE:
                return None
            half *= 2
        return None


@dataclass(slots=True)
class SiteIndex:
    """The sites of this process's database, as they were after so many changes, or a little later."""

    changes: int = 0
    sites: Sites = field(default_factory=Sites)

    async def refresh(self, changes: int) -> None:
        """Read the sites again, which have changed so often by now. One query."""
        rows = await Site.all().order_by("id").values_list(*COLUMNS)
        self.sites = await asyncio.to_thread(in_columns, rows)
        self.changes = changes

    def search(
        self,
        *,
        words: Iterable[str] = (),
        category: SiteCategory | None = None,
        training_base: bool | None = None,
        near: Point | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Ids of the sites in which every word stands, the nearest first, else by id. Pure."""
        sites, wanted = self.sites, list(words)

        def fitting(places: Iterable[int]) -> Iterable[int]:
            if category is not None:
                places = [at for at in places if sites.categories[at] == category]
            if training_base is not None:
                places = [at for at in places if sites.training_bases[at] is training_base]
            return places

        if near is not None and limit is not None:
            around = sites.nearest(near, limit, lambda places: sites.those_having(wanted, fitting(places)))
            if around is not None:
                return [sites.ids[at] for at in around]
        found = fitting(sites.having(wanted) if wanted else range(len(sites.ids)))
        if near is not None:
            away = sites.by_distance(near, found)
            found = [at for _, at in nsmallest(limit or len(away), away)]
        return [sites.ids[at] for at in islice(found, limit)]


def in_columns(rows: Iterable[tuple[Any, ...]]) -> Sites:
    """The sites of these rows, which are in the order of their ids."""
    sites = Sites()
    written, typed = [], []
    for id_, category, longitude, latitude, training, *spoken in rows:
        sites.ids.append(id_)
        sites.categories.append(category)
        sites.longitudes.append(longitude)
        sites.latitudes.append(latitude)
        sites.training_bases.append(training)
        line, sound = _lines(*spoken)
        written.append(line)
        typed.append(sound)
    sites.from_the_south = sorted(range(len(sites.ids)), key=sites.latitudes.__getitem__)
    sites.sorted_latitudes = sorted(sites.latitudes)
    sites.written, sites.typed = Lines.of(written), Lines.of(typed)
    return sites


def _lines(
    name: str, town: str, intro: str, features: list[str], facilities: list[str], services: list[str]
) -> tuple[str, str]:
    """All that a site is found by, as it is written and as it is typed.

    No word that is looked for has a space in it, nor the line's end.
    """
    can = site_facts.services(services).replace("、", " ")
    spoken = f"{name} {town} {' '.join(features)} {' '.join(facilities)} {can}"
    written = folded(f"{spoken} {intro}").replace("\n", " ")
    return written, " ".join([*PLAIN.findall(written), sounds(spoken)])


@lru_cache(maxsize=65536)
def sounds(text: str) -> str:
    """Pinyin and initials of the Chinese in a text: 太河镇 → taihezhen thz."""
    # Its table of characters takes 11 MB, which a process that searches no sites needn't have.
    from handlers.pinyin import Style, lazy_pinyin

    parts = [part for part in folded(text).split() if not part.isascii()]
    full = ["".join(lazy_pinyin(part, errors=_letters)) for part in parts]
    short = ["".join(lazy_pinyin(part, style=Style.FIRST_LETTER, errors=_letters)) for part in parts]
    return " ".join([*full, *short])


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def folded(text: str) -> str:
    """Text in one width and case."""
    return unicodedata.normalize("NFKC", text).casefold()
