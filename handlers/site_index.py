"""Finding sites fast: what is searched is kept in memory, worked out once, and checked at every look.

A word is found as it is written, by its pinyin, and by the initials of its pinyin. One row of two numbers
says whether anything changed, in whatever process; then only what changed is worked out again.
"""

import asyncio
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nsmallest
from itertools import islice
from math import cos, radians
from typing import Any, NamedTuple

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


class Found(NamedTuple):
    """A site as it is searched by all but its words."""

    longitude: float
    latitude: float
    id: str
    category: SiteCategory
    is_training_base: bool


@dataclass(slots=True)
class SiteIndex:
    """The sites of this process's database, as of the last look."""

    stamp: tuple[int, int] | None = None
    sites: list[Found] = field(default_factory=list)
    text: str = ""
    """The words of all sites, pinyin included, a line for each."""
    lines: list[int] = field(default_factory=list)
    """Where each site's line begins, and where the last one ends."""

    async def refresh(self) -> None:
        """Read the sites again if one was added or changed. One query, two where something did."""
        stamp = await statements.stamp_of_sites()
        if stamp == self.stamp:
            return
        rows = await Site.all().order_by("id").values_list(*COLUMNS)
        self.sites, self.text, self.lines = await asyncio.to_thread(indexed, rows)
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
        wanted = list(words)
        found: Iterable[Found] = self._with(wanted) if wanted else self.sites
        if category is not None:
            found = (site for site in found if site.category is category)
        if training_base is not None:
            found = (site for site in found if site.is_training_base is training_base)
        if near is None:
            return [site.id for site in islice(found, limit)]
        if limit is None:
            return [id_ for _, id_ in sorted(_distances(near, found))]
        return _nearest(near, list(found), limit)

    def _with(self, words: Sequence[str]) -> Iterator[Found]:
        """The sites in whose line every word stands. One text is searched quicker than ten thousand."""
        rarest, *others = sorted(words, key=len, reverse=True)
        find, lines = self.text.find, self.lines
        at = find(rarest)
        while at >= 0:
            place = bisect_right(lines, at) - 1
            begin, end = lines[place], lines[place + 1]
            if not others or all(find(word, begin, end) >= 0 for word in others):
                yield self.sites[place]
            at = find(rarest, end)


def _nearest(near: Point, found: list[Found], limit: int) -> list[str]:
    """The first ids by distance. Looks into a box around the position, and a larger one while it lacks some.

    What lies outside of a box is farther away than its half side, so those inside that are nearer are the
    nearest of all.
    """
    east, lng, lat = cos(radians(near.latitude)), near.longitude, near.latitude
    half = FIRST_BOX
    while len(found) > FEW * limit and half < LAST_BOX:
        west, right, south, north = lng - half / east, lng + half / east, lat - half, lat + half
        inside = [site for site in found if south < site[1] < north and west < site[0] < right]
        first = nsmallest(limit, _distances(near, inside))
        if len(first) == limit and first[-1][0] < half * half:
            return [id_ for _, id_ in first]
        half *= 2 if len(first) > limit // 2 else 4
    return [id_ for _, id_ in nsmallest(limit, _distances(near, found))]


def _distances(near: Point, found: Iterable[Found]) -> list[tuple[float, str]]:
    """Something that grows with the distance: over some hundred kilometres the earth is flat enough."""
    east, lng, lat = cos(radians(near.latitude)) ** 2, near.longitude, near.latitude
    return [((x - lng) * (x - lng) * east + (y - lat) * (y - lat), id_) for x, y, id_, _, _ in found]


def indexed(rows: Iterable[tuple[Any, ...]]) -> tuple[list[Found], str, list[int]]:
    """The sites, the text of their words, and where each one's line begins."""
    sites: list[Found] = []
    texts: list[str] = []
    lines = [0]
    for id_, category, longitude, latitude, training, *spoken in rows:
        sites.append(Found(longitude, latitude, id_, SiteCategory(category), training))
        texts.append(_line(*spoken))
        lines.append(lines[-1] + len(texts[-1]))
    return sites, "".join(texts), lines


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
