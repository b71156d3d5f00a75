"""How often one sender may ask: generous for a person, too little for a flood."""

import logging

from redis.exceptions import RedisError

from handlers.context import Context
from miniprogram_api.answers import Rejected

WINDOW = 60
"""Seconds that are counted together."""

log = logging.getLogger(__name__)


async def check(ctx: Context, *, sender: str, limit: int) -> None:
    """Count one request of this sender.

    Raises:
        Rejected: more than `limit` within a minute; 0 = no limit.
    """
    if not limit:
        return
    second = int(ctx.now().timestamp())
    key = f"api:{sender}:{second // WINDOW}"
    try:
        count, _ = await ctx.together.redis(ctx.redis, ("INCR", key), ("EXPIRE", key, WINDOW))
    except (RedisError, OSError, TimeoutError):
        # Counting is no reason to turn people away.
        log.warning("requests are not counted: Redis does not answer")
        return
    if count > limit:
        raise Rejected("too_many_requests", Retry_After=str(WINDOW - second % WINDOW))
