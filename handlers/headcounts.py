"""How many are at a site's visits of today, as it changes: for its keeper, heads only."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from tortoise.functions import Count

from handlers import access, gates, kept_sites
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import NotAllowed
from models import Booking, CheckIn, Site

log = logging.getLogger(__name__)

AT_MOST_EVERY = 1.0
"""Seconds between looks however many hints come: a branch at the door is not a query each."""
LOOKS_BETWEEN = 5
"""After so many of these it looks without a hint: one may be lost, and Redis may be away."""
HINTS_LAST = 3600
HINT_WITHIN = 0.2
"""Seconds a check-in may wait to give its hint."""
SHOWN_BEFORE = timedelta(hours=12)
SHOWN_AFTER = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class VisitCount:
    """One visit and its heads."""

    booking_id: int
    branch: str
    starts_at: datetime
    ends_at: datetime
    headcount: int
    present: int


async def my_sites(ctx: Context) -> Sequence[Site]:
    """The sites whose heads the caller may see, by id.

    Raises:
        NotAllowed, NotBound.
    """
    await require_person(ctx)
    kept = (await access.reach(ctx)).site_ids
    if not kept:
        raise NotAllowed
    return await Site.filter(id__in=kept).order_by("id")


async def near_now(ctx: Context, *, site_id: str) -> Sequence[VisitCount]:
    """A site's confirmed visits of today, the first one first; two queries.

    Raises:
        NotAllowed, NotBound.
    """
    await kept_sites.check(ctx, site_id)
    return await _count(ctx, site_id)


async def watch(ctx: Context, *, site_id: str) -> AsyncGenerator[Sequence[VisitCount] | None]:
    """The same now, and again whenever it changes; None where nothing has for a while.

    Check-ins of any process leave a hint in Redis; without one it looks every few seconds, so losing Redis
    makes it slower and never wrong. A hint is a word that changes and not a subscription: that would hold
    a connection for every reader. Ends when the caller stops being allowed.

    Raises:
        NotAllowed, NotBound: at the first step.
    """
    hint = await _hint(ctx, site_id)
    shown = await near_now(ctx, site_id=site_id)
    yield shown
    while True:
        hint = await _next_hint(ctx, site_id, hint)
        try:
            seen = await near_now(ctx, site_id=site_id)
        except NotAllowed:
            return
        yield seen if seen != shown else None
        shown = seen


async def announce(ctx: Context, *, site_id: str) -> None:
    """Hint that somebody was entered at a site; a hint that can't be given is only a delay."""
    try:
        async with asyncio.timeout(HINT_WITHIN):
            hint = secrets.token_hex(8)
            await ctx.together.redis(ctx.redis, ("SET", _key(site_id), hint, "EX", HINTS_LAST))
    except (RedisError, OSError, TimeoutError):
        log.warning("headcount.not_announced")


async def _count(ctx: Context, site_id: str) -> list[VisitCount]:
    now = ctx.now()
    visits = await Booking.filter(
        slot__site_id=site_id,
        slot__starts_at__lt=now + SHOWN_AFTER,
        slot__ends_at__gt=now - SHOWN_BEFORE,
        status__in=gates.COMES,
    ).select_related("slot", "branch")
    counted = CheckIn.filter(booking_id__in=[visit.id for visit in visits]).annotate(heads=Count("id"))
    present = dict(await counted.group_by("booking_id").values_list("booking_id", "heads")) if visits else {}
    return [
        VisitCount(
            visit.id, visit.branch.name, visit.slot.starts_at, visit.slot.ends_at, visit.headcount,
            present.get(visit.id, 0),
        )
        for visit in sorted(visits, key=lambda visit: (visit.slot.starts_at, visit.id))
    ]  # fmt: skip


async def _next_hint(ctx: Context, site_id: str, last: object) -> object:
    """Until another hint than the last one is there, or it is time to look anyway."""
    hint = last
    for _ in range(LOOKS_BETWEEN):
        await asyncio.sleep(AT_MOST_EVERY)
        hint = await _hint(ctx, site_id)
        if hint != last:
            break
    return hint


async def _hint(ctx: Context, site_id: str) -> object:
    try:
        async with asyncio.timeout(HINT_WITHIN):
            return await ctx.redis.get(_key(site_id))
    except (RedisError, OSError):
        return None


def _key(site_id: str) -> str:
    return f"zbt:present:{site_id}"
