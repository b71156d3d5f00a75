"""Promise 1: a callback is handled once, and each of its re-sends gets the same answer.

The database decides: the first answer stored under a key stands, whatever process stored it, and a
change is committed in the same transaction as its answer or not at all. Redis stands in front of
it and says which process has taken a callback, so that two don't work on the same one. It may be
lost at any moment; then the database alone keeps the promise.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from handlers.batches import Batch
from handlers.context import Context
from models.callbacks import Answered, Remembered, open_lane, remember, stored_reply

if TYPE_CHECKING:
    from models.postgresql import Lane

log = logging.getLogger(__name__)

HELD_FOR = 60
"""Seconds that Redis remembers who took a callback: all re-sends come within 20."""
SIGNATURE_HELD_FOR = 3600
"""Seconds; longer than a callback may be old."""
HEART_BEATS_EVERY = 1.0
HEART_LASTS = 3
"""Seconds after which a silent process is taken for dead."""
LOOK_AGAIN_AFTER = 0.05
REDIS_TIMEOUT = 1.0
DATABASE_TIMEOUT = 4.0


class CallbackLedger:
    """One process's view of which callbacks are taken, by whom, and answered with what."""

    def __init__(self, ctx: Context, lane: "Lane | None" = None) -> None:
        self._ctx = ctx
        self.process = secrets.token_hex(6)
        self._claims: Batch[str, str | None] = Batch(self._claim_all, timeout=REDIS_TIMEOUT)
        self._answers: Batch[Answered, Remembered] = Batch(
            lambda answers: remember(answers, over=lane), timeout=DATABASE_TIMEOUT
        )

    async def claim(self, key: str) -> str | None:
        """Take a callback; or the process that took it before. Without Redis every one is ours."""
        try:
            return await self._claims.submit(key)
        except (RedisError, TimeoutError, OSError):
            log.warning("callback.claim_without_redis")
            return None

    async def is_first_under(self, signature: str, key: str) -> bool:
        """Whether no other message came under this signature: in plain mode it covers no body, so
        whoever has seen one could put it on a message of their own. Re-sends may share theirs."""
        name = f"signed:{signature}"
        try:
            async with asyncio.timeout(REDIS_TIMEOUT):
                if await self._ctx.redis.set(name, key, nx=True, ex=SIGNATURE_HELD_FOR):
                    return True
                return bool(await self._ctx.redis.get(name) == key.encode())
        except (RedisError, TimeoutError, OSError):
            log.warning("callback.signature_without_redis")
            return True

    def submit(self, answer: Answered) -> "asyncio.Future[Remembered]":
        """Store an answer, together with those of the same tick; the future yields what counts."""
        return self._answers.submit(answer)

    async def abandon(self, key: str) -> None:
        """Let go of a callback that failed, so that its re-send is tried anew."""
        try:
            await self._ctx.redis.delete(f"cb:{key}")
        except (RedisError, OSError):
            log.warning("callback.abandon_without_redis")

    async def wait_for_other(self, key: str, worker: str) -> str | None:
        """The reply that another process has given, or gives while we wait; None when it died first."""
        while True:
            reply = await stored_reply(key)
            if reply is not None or not await self._works_on(key, worker):
                return reply if reply is not None else await stored_reply(key)
            await asyncio.sleep(LOOK_AGAIN_AFTER)

    async def _works_on(self, key: str, worker: str) -> bool:
        """Whether that process lives, and has not let go of the callback."""
        try:
            async with asyncio.timeout(REDIS_TIMEOUT):
                taken, alive = await self._ctx.redis.mget(f"cb:{key}", f"alive:{worker}")
        except (RedisError, TimeoutError, OSError):
            return False
        return taken is not None and alive is not None

    async def attempts(self, key: str) -> int:
        """How often an answer was missed for this callback, this time included."""
        try:
            async with self._ctx.redis.pipeline(transaction=False) as pipe:
                pipe.incr(f"cb:missed:{key}")
                pipe.expire(f"cb:missed:{key}", HELD_FOR)
                return int((await pipe.execute())[0])
        except (RedisError, OSError):
            return 1

    async def drain(self) -> None:
        """Wait until everything handed over is stored."""
        await self._claims.drain()
        await self._answers.drain()

    async def beat(self) -> None:
        """Show that this process lives, until cancelled."""
        while True:
            try:
                await self._ctx.redis.set(f"alive:{self.process}", b"1", ex=HEART_LASTS)
            except (RedisError, OSError):
                log.warning("callback.no_heart_beat")
            await asyncio.sleep(HEART_BEATS_EVERY)

    async def _claim_all(self, keys: Sequence[str]) -> Sequence[str | None]:
        async with self._ctx.redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(f"cb:{key}", self.process, nx=True, ex=HELD_FOR)
            taken = await pipe.execute()
        lost = [key for key, ours in zip(keys, taken, strict=True) if not ours]
        workers: dict[str, str | None] = {}
        if lost:
            values = await self._ctx.redis.mget([f"cb:{key}" for key in lost])
            for key, value in zip(lost, values, strict=True):
                # Gone in between: its keeper let go of it, or a minute is over.
                workers[key] = value.decode() if isinstance(value, bytes) else None
        return [workers.get(key) for key in keys]


@asynccontextmanager
async def open_ledger(ctx: Context) -> AsyncIterator[CallbackLedger]:
    """A ledger whose heart beats while it is open; what it was handed is stored before it closes."""
    async with open_lane() as lane:
        ledger = CallbackLedger(ctx, lane)
        heart = asyncio.create_task(ledger.beat())
        try:
            yield ledger
        finally:
            await ledger.drain()
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)
