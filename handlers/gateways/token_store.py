"""One app's access token as all processes share it through Redis, and the lease for renewing it."""

import asyncio
import json
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

Result = TypeVar("Result")

REDIS_TIMEOUT = 1.0
LEASE = 18.0
"""Longer than the slowest renewal: a process that dies with the lease holds the others up this long."""
FORCED_PER_DAY = 20
FORCED_APART = 31
DAY = 24 * 3600


class StoreDown(Exception):
    """Redis doesn't answer; each process is on its own."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, when to look for the next one and when it ends (seconds of Unix time)."""

    value: str
    refresh_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class TokenStore:
    """The Redis side of one app's token. Every method but `write` and `release` may raise StoreDown."""

    redis: Redis
    app_id: str

    async def read(self) -> Token | None:
        """The token that was stored last, None when there is none or it can't be read."""
        stored = await _within(self.redis.get(self._key()))
        try:
            return Token(**json.loads(stored)) if stored else None
        except (ValueError, TypeError):
            return None

    async def write(self, token: Token, now: float) -> None:
        """Give the token to everybody. Nobody is told when that fails: the next renewal tells."""
        text = json.dumps(
            {"value": token.value, "refresh_at": token.refresh_at, "expires_at": token.expires_at}
        )
        life = max(1, int(token.expires_at - now))
        try:
            await _within(self.redis.set(self._key(), text, ex=life))
        except StoreDown:
            return

    async def lease(self) -> str | None:
        """The right to renew, None when another process has it."""
        owner = secrets.token_hex(8)
        taken = await _within(self.redis.set(self._key("lease"), owner, nx=True, px=int(LEASE * 1000)))
        return owner if taken else None

    async def release(self, owner: str) -> None:
        """Give the lease back, unless it ran out and is another's by now."""
        try:
            await _within(self._release(owner))
        except StoreDown:
            return

    async def may_force(self, day: str) -> bool:
        """Whether a forced renewal is due: 20 a day and 30 seconds apart, over all processes."""
        if not await _within(self.redis.set(self._key("forced"), 1, nx=True, ex=FORCED_APART)):
            return False
        count = int(await _within(self.redis.incr(self._key(f"forced:{day}"))))
        await _within(self.redis.expire(self._key(f"forced:{day}"), 2 * DAY))
        return count <= FORCED_PER_DAY

    async def _release(self, owner: str) -> None:
        async with self.redis.pipeline() as pipe:
            await pipe.watch(self._key("lease"))
            if await pipe.get(self._key("lease")) != owner.encode():
                return
            pipe.multi()  # type: ignore[no-untyped-call]
            pipe.delete(self._key("lease"))
            try:
                await pipe.execute()
            except WatchError:
                return

    def _key(self, part: str = "token") -> str:
        return f"zbt:wechat:{self.app_id}:{part}"


async def _within(operation: Awaitable[Result]) -> Result:
    # A client without a socket timeout waits for a silent server for ever.
    try:
        async with asyncio.timeout(REDIS_TIMEOUT):
            return await operation
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreDown(type(error).__name__) from error
