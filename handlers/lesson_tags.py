"""The lesson's audience as a tag of the account: one mass message to all who bear it, instead of lists.

The tag is brought into step before the lesson's hour, never after it, so that nobody gets it between the
look at its bearers and the sending. A message to the tag goes out only if each of its bearers is still
to be served by mass message; else, and for whoever joined since, there are lists.
"""

import asyncio
import logging
from datetime import timedelta

from handlers import audit
from handlers.context import Context
from handlers.gateways.errors import WeChatError
from models import Channel, Delivery, DeliveryStatus, LessonWeek

BATCH = "lesson-tag-"
"""How the ids of messages to the tag begin."""
AT_ONCE = 50
"""Followers that one call tags (wechat-platform §5.6)."""
IN_FLIGHT = 8
"""Such calls at once: a whole district is 960 of them, minutes if each waited for the one before."""
CLOSED_BEFORE = timedelta(minutes=2)
"""So long before the lesson's hour nobody gets or loses the tag any more."""

log = logging.getLogger(__name__)


async def keep_in_step(ctx: Context, week: LessonWeek) -> int:
    """Give the tag to all whom this week's mass message is for, and take it from all others.

    How many changed. It stops where WeChat doesn't go along, or the lesson's hour is near; then lists
    are used.
    """
    if not ctx.settings.lesson_mass_tag or _is_closed(ctx, week):
        return 0
    changed = 0
    try:
        tag_id = await ctx.wechat.tag_named(ctx.settings.lesson_mass_tag)
        bearing = {openid async for openid in ctx.wechat.tagged(tag_id)}
        wanted = await to_be_served(week)
        for openids, change in (
            (bearing - wanted, ctx.wechat.untag_followers),
            (wanted - bearing, ctx.wechat.tag_followers),
        ):
            for some in _parts(sorted(openids), AT_ONCE * IN_FLIGHT):
                if _is_closed(ctx, week):
                    break
                parts = _parts(some, AT_ONCE)
                calls = (change(part, tag_id=tag_id) for part in parts)
                answers = await asyncio.gather(*calls, return_exceptions=True)
                changed += sum(len(part) for part, no in zip(parts, answers, strict=True) if no is None)
                for no in filter(None, answers):
                    raise no
    except WeChatError as error:
        log.warning("lesson.tag_not_in_step", extra={"code": error.code, "friday": str(week.friday)})
    if changed:
        await audit.record(ctx, "lesson.tagged", f"lesson:{week.friday}", changed=changed)
    return changed


def _parts(openids: list[str], size: int) -> list[list[str]]:
    return [openids[start : start + size] for start in range(0, len(openids), size)]


def _is_closed(ctx: Context, week: LessonWeek) -> bool:
    return ctx.now() >= week.sends_at - CLOSED_BEFORE


async def to_be_served(week: LessonWeek) -> set[str]:
    """The openids of all who are planned to get this week's lesson by mass message."""
    planned = Delivery.filter(
        week_id=week.friday,
        channel=Channel.MASS,
        status=DeliveryStatus.PLANNED,
        account__follows=True,
    )
    return {str(openid) for openid in await planned.values_list("account__openid", flat=True)}


async def bearers(ctx: Context, *, among: set[str]) -> tuple[int, set[str]] | None:
    """The tag and who bears it, if all of them are `among` these; None where lists are to be used."""
    try:
        tag_id = await ctx.wechat.tag_named(ctx.settings.lesson_mass_tag)
        bearing = {openid async for openid in ctx.wechat.tagged(tag_id)}
    except WeChatError as error:
        log.warning("lesson.tag_unknown", extra={"code": error.code})
        return None
    if not bearing <= among:
        log.warning("lesson.tag_too_wide", extra={"count": len(bearing - among)})
        return None
    return tag_id, bearing
