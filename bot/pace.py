"""How fast a follower may write: a limit a minute, over all processes together."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

SHARES_EVERY = 1.0
KEPT_FOR = 90
"""Seconds; a little longer than the minute that is counted."""
WORTH_SHARING = 8
"""Who has sent less than this share (1/n) of the limit to one process isn't told to the others: of all who
write, these are nearly all."""


class Pace:
    """How many messages each follower has sent in the current minute.

    This process's own are counted at once, those that others received a second later: Redis holds the sum.
    Without Redis each process counts for itself.
    """

    def __init__(self, redis: Redis, *, limit: int) -> None:
        self._redis = redis
        self._limit = limit
        self._minute = 0
        self._own: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._others: dict[str, int] = {}

    def over(self, openid: str, now: datetime) -> int:
        """Count one more; by how many the follower is past the limit now."""
        if not self._limit:
            return 0
        minute = int(now.timestamp()) // 60
        if minute != self._minute:
            self._minute, self._own, self._told, self._others = minute, Counter(), Counter(), {}
        self._own[openid] = count = self._own.get(openid, 0) + 1
        return max(0, count + self._others.get(openid, 0) - self._limit)

    def forgive(self, openid: str) -> None:
        """What was counted is a re-send: WeChat repeated itself, not the follower."""
        if self._own[openid] > self._told[openid]:
            self._own[openid] -= 1

    async def share(self) -> None:
        """Tell the others of those who write much, and learn what they received."""
        least = max(1, self._limit // WORTH_SHARING)
        minute = self._minute
        busy = {openid: count for openid, count in self._own.items() if count >= least}
        if not busy:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for openid, count in busy.items():
                name = f"pace:{minute}:{openid}"
                pipe.incrby(name, count - self._told[openid])
                pipe.expire(name, KEPT_FOR)
            sums = (await pipe.execute())[::2]
        if minute == self._minute:
            for (openid, count), total in zip(busy.items(), sums, strict=True):
                self._told[openid] = count
                self._others[openid] = int(total) - count


@asynccontextmanager
async def open_pace(redis: Redis, *, limit: int) -> AsyncIterator[Pace]:
    """A pace that is shared with the other processes while it is open."""
    pace = Pace(redis, limit=limit)
    sharing = asyncio.create_task(_keep_sharing(pace))
    try:
        yield pace
    finally:
        sharing.cancel()
        with suppress(asyncio.CancelledError):
            await sharing


async def _keep_sharing(pace: Pace) -> None:
    while True:
        await asyncio.sleep(SHARES_EVERY)
        try:
            await pace.share()
        except (RedisError, OSError):
            log.warning("pace.not_shared")
