"""Finding sites fast: what is searched is kept in memory, worked out once, and checked at every look.

A word is found as it is written, by its pinyin, and by the initials of its pinyin. One row of two numbers
says whether anything changed, in whatever process; then only what changed is worked out again.
"""

import asyncio
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nsmallest
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
    """A site as it is searched: its words in one line, pinyin included."""

    words: str
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

    async def refresh(self) -> None:
        """Read the sites again if one was added or changed. One query, two where something did."""
        stamp = await statements.stamp_of_sites()
        if stamp == self.stamp:
            return
        rows = await Site.all().order_by("id").values_list(*COLUMNS)
        self.sites = await asyncio.to_thread(_all, rows)
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
        found = self.sites
        if category is not None:
            found = [site for site in found if site.category is category]
        if training_base is not None:
            found = [site for site in found if site.is_training_base is training_base]
        for word in words:
            found = [site for site in found if word in site[0]]
        if near is None:
            return [site.id for site in found[:limit]]
        if limit is None:
            return [id_ for _, id_ in sorted(_distances(near, found))]
        return _nearest(near, found, limit)


def _nearest(near: Point, found: list[Found], limit: int) -> list[str]:
    """The first ids by distance. Looks into a box around the position, and a larger one while it lacks some.

    What lies outside of a box is farther away than its half side, so those inside that are nearer are the
    nearest of all.
    """
    east, lng, lat = cos(radians(near.latitude)), near.longitude, near.latitude
    half = FIRST_BOX
    while len(found) > FEW * limit and half < LAST_BOX:
        west, right, south, north = lng - half / east, lng + half / east, lat - half, lat + half
        inside = [site for site in found if south < site[2] < north and west < site[1] < right]
        first = nsmallest(limit, _distances(near, inside))
        if len(first) == limit and first[-1][0] < half * half:
            return [id_ for _, id_ in first]
        half *= 2 if len(first) > limit // 2 else 4
    return [id_ for _, id_ in nsmallest(limit, _distances(near, found))]


def _distances(near: Point, found: list[Found]) -> list[tuple[float, str]]:
    """Something that grows with the distance: over some hundred kilometres the earth is flat enough."""
    east, lng, lat = cos(radians(near.latitude)) ** 2, near.longitude, near.latitude
    return [((x - lng) * (x - lng) * east + (y - lat) * (y - lat), id_) for _, x, y, id_, _, _ in found]


def _all(rows: Iterable[tuple[Any, ...]]) -> list[Found]:
    return [_found(*row) for row in rows]


def _found(
    id_: str, category: str, longitude: float, latitude: float, training: bool, name: str, town: str,
    intro: str, features: list[str], facilities: list[str], services: list[str],
) -> Found:  # fmt: skip
    can = site_facts.services(services).replace("、", " ")
    spoken = f"{name} {town} {' '.join(features)} {' '.join(facilities)} {can}"
    words = f"{folded(spoken)} {folded(intro)} {sounds(spoken)}"
    return Found(words, longitude, latitude, id_, SiteCategory(category), training)


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
