"""How far sites are used, and how many they reach: counts, and none that could be somebody's."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tortoise.functions import Count

from handlers.context import Context
from handlers.question_statistics import SMALLEST_SHOWN
from handlers.workdays import midnight
from models import Booking, BookingStatus, CheckIn, Site, Slot


@dataclass(frozen=True, slots=True)
class SiteUse:
    """Slots that are over: how many could be booked and how many were used; branches and people that came.

    `people` counts everybody once; null where it is 1 or 2.
    """

    bookable_slots: int
    used_slots: int
    used_share: float | None
    branches: int
    people: int | None


@dataclass(frozen=True, slots=True)
class OneSite:
    """The same of one site. How many people came stands nowhere by site: there may be few."""

    name: str
    bookable_slots: int
    used_slots: int
    branches: int

    @property
    def used_share(self) -> float | None:
        """使用率＝已用时段÷可约时段; null where nothing could be booked."""
        return round(self.used_slots / self.bookable_slots, 4) if self.bookable_slots else None


async def by_site(ctx: Context, *, site_ids: Iterable[str], first: date, last: date) -> list[OneSite]:
    """The use of each of these sites, by id. Three queries."""
    over = _over(ctx, site_ids, first, last)
    took_place = Booking.filter(status=BookingStatus.FULFILLED, **_behind("slot", over))
    slots, used, branches = Counter[str](), defaultdict[str, set[int]](set), defaultdict[str, set[int]](set)
    for row in (
        await Slot.filter(**over).annotate(slots=Count("id")).group_by("site_id").values("site_id", "slots")
    ):
        slots[row["site_id"]] = row["slots"]
    for site_id, slot_id, branch_id in await took_place.values_list("slot__site_id", "slot_id", "branch_id"):
        used[site_id].add(slot_id)
        branches[site_id].add(branch_id)
    names = await Site.filter(id__in=list(site_ids)).order_by("id").values_list("id", "name")
    return [
        OneSite(str(name), slots[str(id_)], len(used[str(id_)]), len(branches[str(id_)]))
        for id_, name in names
    ]


async def count(
    ctx: Context, *, site_ids: Iterable[str], first: date, last: date, hidden: Iterable[int] = ()
) -> SiteUse:
    """The use of these sites from one day to another. Four queries.

    `hidden` are the visits whose heads aren't shown by themselves: their people aren't counted here either,
    so that nobody can subtract.
    """
    over = _over(ctx, site_ids, first, last)
    visits = _behind("slot", over)
    took_place = Booking.filter(status=BookingStatus.FULFILLED, **visits)
    entries = CheckIn.filter(**_behind("booking", visits))
    entries = entries.exclude(booking_id__in=list(hidden))
    bookable, used = await Slot.filter(**over).count(), await _distinct(took_place, "slot_id")
    people = await _distinct(entries, "person_id")
    return SiteUse(
        bookable_slots=bookable,
        used_slots=used,
        used_share=round(used / bookable, 4) if bookable else None,
        branches=await _distinct(took_place, "branch_id"),
        people=people if people == 0 or people >= SMALLEST_SHOWN else None,
    )


def _over(ctx: Context, site_ids: Iterable[str], first: date, last: date) -> dict[str, Any]:
    """Slots of these days that could be booked and are over."""
    zone = ctx.settings.zone
    return {
        "site_id__in": list(site_ids),
        "starts_at__gte": midnight(first, zone),
        "starts_at__lt": midnight(last + timedelta(days=1), zone),
        "ends_at__lte": ctx.now(),
        "closed": False,
    }


def _behind(relation: str, conditions: dict[str, Any]) -> dict[str, Any]:
    return {f"{relation}__{name}": value for name, value in conditions.items()}


async def _distinct(rows: Any, column: str) -> int:
    return len(await rows.distinct().values_list(column, flat=True))
