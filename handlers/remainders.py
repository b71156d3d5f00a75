"""The rest of a text that was too long for one message, kept for a while in case it is asked for."""

import asyncio
import logging

from redis.exceptions import RedisError

from handlers.context import Context

log = logging.getLogger(__name__)

KEPT_FOR = 600
"""Seconds; the rest may be lost, the question can be asked again."""

_keeping: set[asyncio.Task[None]] = set()


def keep(ctx: Context, *, openid: str, rest: str) -> None:
    """Remember the rest for this follower, without waiting for it."""
    task = asyncio.ensure_future(_keep(ctx, openid, rest))
    _keeping.add(task)  # A task nobody holds may be collected.
    task.add_done_callback(_keeping.discard)


async def take(ctx: Context, *, openid: str) -> str:
    """The rest for this follower; empty when there is none. It stays until it is replaced or old."""
    try:
        rest = await ctx.redis.get(f"rest:{openid}")
    except (RedisError, OSError):
        return ""
    return rest.decode() if isinstance(rest, bytes) else ""


async def _keep(ctx: Context, openid: str, rest: str) -> None:
    try:
        await ctx.redis.set(f"rest:{openid}", rest.encode(), ex=KEPT_FOR)
    except (RedisError, OSError):
        log.warning("rest.not_kept")
