"""Promise 1: a callback is handled once, and each of its re-sends gets the same answer.

The database decides: the first answer stored under a key stands, whatever process stored it, and a
change is committed in the same transaction as its answer or not at all. Redis stands in front of
it: it answers repeats quickly and tells one process that another is at work. It may be lost at any
moment; then the database alone keeps the promise.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from handlers.batches import Batch
from handlers.context import Context
from models.callbacks import Answered, Remembered, remember, stored_reply

log = logging.getLogger(__name__)

HELD_FOR = 60
"""Seconds that Redis remembers a callback: all re-sends come within 20."""
HEART_BEATS_EVERY = 1.0
HEART_LASTS = 3
"""Seconds after which a silent process is taken for dead."""
LOOK_AGAIN_AFTER = 0.05
REDIS_TIMEOUT = 1.0
DATABASE_TIMEOUT = 4.0

WORKING = b"w"
DONE = b"d"


@dataclass(slots=True)
class Claim:
    """What Redis knew of a callback. `reply` is set when it is done, `worker` when it is in work."""

    reply: str | None = None
    worker: str | None = None
    over_limit: int = 0

    @property
    def is_new(self) -> bool:
        """Nobody has taken it yet: now it is ours."""
        return self.reply is None and self.worker is None


class CallbackLedger:
    """One process's view of which callbacks are done, by whom, and with what answer."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.process = secrets.token_hex(6)
        self._limit = ctx.settings.follower_messages_per_minute
        self._claims: Batch[tuple[str, str], Claim] = Batch(self._claim_all, timeout=REDIS_TIMEOUT)
        self._answers: Batch[Answered, Remembered] = Batch(self._remember_all, timeout=DATABASE_TIMEOUT)
        self._done: Batch[tuple[str, str], None] = Batch(self._finish_all, timeout=REDIS_TIMEOUT)

    async def claim(self, key: str, openid: str) -> Claim:
        """Take a callback, or learn who has it. Without Redis every claim is new."""
        try:
            return await self._claims.submit((key, openid))
        except (RedisError, TimeoutError, OSError):
            log.warning("callback.claim_without_redis")
            return Claim()

    def submit(self, answer: Answered) -> "asyncio.Future[Remembered]":
        """Store an answer, together with those of the same tick; the future yields what counts."""
        return self._answers.submit(answer)

    def finish(self, key: str, reply: str) -> None:
        """Tell the other processes, through Redis, what the answer is."""
        self._done.submit((key, reply)).add_done_callback(forget_failure)

    async def abandon(self, key: str) -> None:
        """Let go of a callback that failed, so that its re-send is tried anew."""
        try:
            await self._ctx.redis.delete(f"cb:{key}")
        except (RedisError, OSError):
            log.warning("callback.abandon_without_redis")

    async def wait_for_other(self, key: str, worker: str) -> str | None:
        """Wait while another process works on a callback; its reply, or None if that process died."""
        while True:
            try:
                async with asyncio.timeout(REDIS_TIMEOUT):
                    value, alive = await self._ctx.redis.mget(f"cb:{key}", f"alive:{worker}")
            except (RedisError, TimeoutError, OSError):
                return await stored_reply(key)
            if isinstance(value, bytes) and value[:1] == DONE:
                return value[1:].decode()
            if value is None or alive is None:
                return await stored_reply(key)
            await asyncio.sleep(LOOK_AGAIN_AFTER)

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
        for batch in (self._claims, self._answers, self._done):
            await batch.drain()

    async def beat(self) -> None:
        """Show that this process lives, until cancelled."""
        while True:
            try:
                await self._ctx.redis.set(f"alive:{self.process}", b"1", ex=HEART_LASTS)
            except (RedisError, OSError):
                log.warning("callback.no_heart_beat")
            await asyncio.sleep(HEART_BEATS_EVERY)

    async def _claim_all(self, claims: Sequence[tuple[str, str]]) -> Sequence[Claim]:
        minute = int(self._ctx.now().timestamp()) // 60
        mine = WORKING + self.process.encode()
        async with self._ctx.redis.pipeline(transaction=False) as pipe:
            for key, openid in claims:
                pipe.set(f"cb:{key}", mine, nx=True, ex=HELD_FOR)
                if self._limit:
                    pipe.incr(f"rate:{openid}:{minute}")
            results = await pipe.execute()
        step = 2 if self._limit else 1
        counts = results[1::2] if self._limit else [0] * len(claims)
        known = await self._look_up(
            [key for (key, _), taken in zip(claims, results[::step], strict=True) if not taken],
            [
                f"rate:{openid}:{minute}"
                for (_, openid), count in zip(claims, counts, strict=True)
                if count == 1
            ],
        )
        return [self._read(known.get(key), count) for (key, _), count in zip(claims, counts, strict=True)]

    async def _look_up(self, taken: list[str], new_counters: list[str]) -> dict[str, Any]:
        """What stands under keys that were taken; counters of a new minute get their end on the way."""
        if not taken and not new_counters:
            return {}
        async with self._ctx.redis.pipeline(transaction=False) as pipe:
            for key in taken:
                pipe.get(f"cb:{key}")
            for counter in new_counters:
                pipe.expire(counter, 120)
            values = await pipe.execute()
        return dict(zip(taken, values, strict=False))

    def _read(self, value: Any, count: int) -> Claim:
        over = max(0, count - self._limit) if self._limit else 0
        if value is None:
            return Claim(over_limit=over)
        if value[:1] == DONE:
            return Claim(reply=value[1:].decode())
        return Claim(worker=value[1:].decode())

    async def _remember_all(self, answers: Sequence[Answered]) -> Sequence[Remembered]:
        remembered = await remember(answers)
        for answer, outcome in zip(answers, remembered, strict=True):
            self.finish(answer.key, outcome.reply)
        return remembered

    async def _finish_all(self, finished: Sequence[tuple[str, str]]) -> Sequence[None]:
        async with self._ctx.redis.pipeline(transaction=False) as pipe:
            for key, reply in finished:
                pipe.set(f"cb:{key}", DONE + reply.encode(), ex=HELD_FOR)
            await pipe.execute()
        return [None] * len(finished)


def forget_failure(future: "asyncio.Future[None]") -> None:
    """Redis only speeds repeats up; what it misses, the database knows."""
    if not future.cancelled() and future.exception() is not None:
        log.warning("callback.finish_without_redis")


@asynccontextmanager
async def open_ledger(ctx: Context) -> AsyncIterator[CallbackLedger]:
    """A ledger whose heart beats while it is open; what it was handed is stored before it closes."""
    ledger = CallbackLedger(ctx)
    heart = asyncio.create_task(ledger.beat())
    try:
        yield ledger
    finally:
        await ledger.drain()
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)
