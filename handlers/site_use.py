"""How far sites are used, and how many they reach: counts, and none that could be somebody's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from handlers.context import Context
from handlers.question_statistics import SMALLEST_SHOWN
from models import Booking, BookingStatus, CheckIn, Slot


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


async def count(
    ctx: Context, *, site_ids: Iterable[str], first: date, last: date, hidden: Iterable[int] = ()
) -> SiteUse:
    """The use of these sites from one day to another. Four queries.

    `hidden` are the visits whose heads aren't shown by themselves: their people aren't counted here either,
    so that nobody can subtract.
    """
    zone = ctx.settings.zone
    over = {
        "site_id__in": list(site_ids),
        "starts_at__gte": datetime.combine(first, time(), zone),
        "starts_at__lt": datetime.combine(last + timedelta(days=1), time(), zone),
        "ends_at__lte": ctx.now(),
        "closed": False,
    }
    visits = {f"slot__{name}": value for name, value in over.items()}
    took_place = Booking.filter(status=BookingStatus.FULFILLED, **visits)
    entries = CheckIn.filter(**{f"booking__{name}": value for name, value in visits.items()})
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


async def _distinct(rows: Any, column: str) -> int:
    return len(await rows.distinct().values_list(column, flat=True))
