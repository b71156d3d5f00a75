"""How many are at a site's visits of today, as it changes: for its keeper, heads only."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from tortoise.functions import Count

from handlers import access, gates
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import NotAllowed
from models import Booking, CheckIn

log = logging.getLogger(__name__)

LOOKS_EVERY = 5.0
"""Seconds between looks when no hint comes: a hint may be lost, and Redis may be away."""
AT_MOST_EVERY = 1.0
"""Seconds between looks however many hints come: a branch at the door is not a query each."""
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


async def near_now(ctx: Context, *, site_id: str) -> Sequence[VisitCount]:
    """A site's confirmed visits of today, the first one first; two queries.

    Raises:
        NotAllowed, NotBound.
    """
    await require_person(ctx)
    if not (await access.reach(ctx)).covers_site(site_id):
        raise NotAllowed
    return await _count(ctx, site_id)


async def watch(ctx: Context, *, site_id: str) -> AsyncIterator[Sequence[VisitCount] | None]:
    """The same now, and again whenever it changes; None where nothing has for a while.

    Other processes' check-ins are hinted at through Redis; without a hint it looks every few seconds,
    so losing Redis makes it slower and never wrong. Ends when the caller stops being allowed.

    Raises:
        NotAllowed, NotBound: at the first step.
    """
    shown = await near_now(ctx, site_id=site_id)
    yield shown
    async with AsyncExitStack() as stack:
        hints = await _subscribe(ctx, site_id, stack)
        while True:
            await asyncio.sleep(AT_MOST_EVERY)
            hints = await _wait(hints)
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
            await ctx.redis.publish(_channel(site_id), "")
    except (RedisError, OSError):
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


async def _subscribe(ctx: Context, site_id: str, stack: AsyncExitStack) -> PubSub | None:
    hints = ctx.redis.pubsub(ignore_subscribe_messages=True)
    stack.push_async_callback(_close, hints)
    try:
        await hints.subscribe(_channel(site_id))
    except (RedisError, OSError):
        return None
    return hints


async def _wait(hints: PubSub | None) -> PubSub | None:
    """Until a hint comes or it is time to look anyway; None once Redis is gone."""
    if hints is not None:
        try:
            await hints.get_message(ignore_subscribe_messages=True, timeout=LOOKS_EVERY)
            while await hints.get_message(ignore_subscribe_messages=True, timeout=0):
                pass  # One look answers all hints so far.
            return hints
        except (RedisError, OSError):
            log.warning("headcount.no_hints")
    await asyncio.sleep(LOOKS_EVERY)
    return None


async def _close(hints: PubSub) -> None:
    try:
        await hints.aclose()  # type: ignore[no-untyped-call]
    except (RedisError, OSError):
        log.warning("headcount.not_closed")


def _channel(site_id: str) -> str:
    return f"zbt:present:{site_id}"
