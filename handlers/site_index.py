"""Finding sites fast: what is searched is kept in memory, worked out once, and checked at every look.

A word is found as it is written, by its pinyin, and by the initials of its pinyin. One row of two numbers
says whether anything changed, in whatever process; then only what changed is worked out again.
"""

import asyncio
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nsmallest
from itertools import islice
from math import cos, radians
from typing import Any

from handlers import site_facts
from handlers.positions import Point
from models import Site, SiteCategory, SiteStatus, statements

SHOWN = (SiteStatus.OPEN, SiteStatus.PAUSED)
COLUMNS = (
    *("id", "category", "longitude", "latitude", "is_training_base"),
    *("name", "town", "intro", "features", "facilities", "services"),
)
FIRST_BOX, LAST_BOX = 0.03, 1.0
"""Half the side of the box around a position that is looked into first, in degrees of latitude; then all."""
FEW = 20
"""Up to so many times what is asked for, all are looked at."""


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
    text: str = ""
    """Their words, pinyin included, a line for each."""
    lines: list[int] = field(default_factory=lambda: [0])
    """Where each one's line begins, and where the last one ends."""

    def having(self, words: Sequence[str]) -> Iterator[int]:
        """The sites in whose line every word stands. One text is searched quicker than ten thousand."""
        first, *others = sorted(words, key=len, reverse=True)
        find, lines = self.text.find, self.lines
        at = find(first)
        while at >= 0:
            place = bisect_right(lines, at) - 1
            end = lines[place + 1]
            if not others or all(find(word, lines[place], end) >= 0 for word in others):
                yield place
            at = find(first, end)

    def by_distance(self, near: Point, places: Iterable[int]) -> list[tuple[float, int]]:
        """Each with what grows with its distance: over some hundred kilometres the earth is flat enough."""
        east, lng, lat = cos(radians(near.latitude)) ** 2, near.longitude, near.latitude
        xs, ys = self.longitudes, self.latitudes
        return [((xs[at] - lng) ** 2 * east + (ys[at] - lat) ** 2, at) for at in places]

    def nearest(self, near: Point, places: Collection[int], limit: int) -> list[int]:
        """The first ones by distance. Looks into a box around the position, a larger one while it lacks some.

        What lies outside of a box is farther away than its half side, so those inside that are nearer are the
        nearest of all.
        """
        east, lng, lat = cos(radians(near.latitude)), near.longitude, near.latitude
        xs, ys = self.longitudes, self.latitudes
        half = FIRST_BOX
        while len(places) > FEW * limit and half < LAST_BOX:
            west, right, south, north = lng - half / east, lng + half / east, lat - half, lat + half
            inside = [at for at in places if south < ys[at] < north and west < xs[at] < right]
            first = nsmallest(limit, self.by_distance(near, inside))
            if len(first) == limit and first[-1][0] < half * half:
                return [at for _, at in first]
            half *= 2 if len(first) > limit // 2 else 4
        return [at for _, at in nsmallest(limit, self.by_distance(near, places))]


@dataclass(slots=True)
class SiteIndex:
    """The sites of this process's database, as of the last look."""

    stamp: tuple[int, int] | None = None
    sites: Sites = field(default_factory=Sites)

    async def refresh(self) -> None:
        """Read the sites again if one was added or changed. One query, two where something did."""
        stamp = await statements.stamp_of_sites()
        if stamp == self.stamp:
            return
        rows = await Site.all().order_by("id").values_list(*COLUMNS)
        self.sites = await asyncio.to_thread(in_columns, rows)
        self.stamp = stamp

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
        sites = self.sites
        wanted = list(words)
        found: Iterable[int] = sites.having(wanted) if wanted else range(len(sites.ids))
        if category is not None:
            found = [at for at in found if sites.categories[at] == category]
        if training_base is not None:
            found = [at for at in found if sites.training_bases[at] is training_base]
        if near is not None and limit is not None:
            found = sites.nearest(near, list(found), limit)
        elif near is not None:
            found = [at for _, at in sorted(sites.by_distance(near, found))]
        return [sites.ids[at] for at in islice(found, limit)]


def in_columns(rows: Iterable[tuple[Any, ...]]) -> Sites:
    """The sites of these rows, which are in the order of their ids."""
    sites = Sites()
    texts: list[str] = []
    for id_, category, longitude, latitude, training, *spoken in rows:
        sites.ids.append(id_)
        sites.categories.append(category)
        sites.longitudes.append(longitude)
        sites.latitudes.append(latitude)
        sites.training_bases.append(training)
        texts.append(_line(*spoken))
        sites.lines.append(sites.lines[-1] + len(texts[-1]))
    sites.text = "".join(texts)
    return sites


def _line(
    name: str, town: str, intro: str, features: list[str], facilities: list[str], services: list[str]
) -> str:
    """All that a site is found by; no word that is looked for has a space in it, nor the line's end."""
    can = site_facts.services(services).replace("、", " ")
    spoken = f"{name} {town} {' '.join(features)} {' '.join(facilities)} {can}"
    return f"{folded(spoken)} {folded(intro)} {sounds(spoken)}\n"


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
