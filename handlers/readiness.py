"""Whether what the service stands on answers: the database and Redis."""

import asyncio
import logging
from collections.abc import Awaitable

from tortoise import connections

from handlers.context import Context

PATIENCE = 2.0
"""Seconds; whoever asks wants to know now."""

log = logging.getLogger(__name__)


async def check(ctx: Context) -> dict[str, bool]:
    """Each part by name, and whether it answers."""
    database = _answers("database", connections.get(_connection_name()).execute_query("SELECT 1"))
    redis = _answers("redis", ctx.redis.ping())
    return dict(zip(("database", "redis"), await asyncio.gather(database, redis), strict=True))


def _connection_name() -> str:
    return next(iter(connections.db_config))


async def _answers(name: str, question: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await question
    except Exception as error:  # Whatever it is, the part is not ready.
        log.warning("%s is not ready: %s", name, type(error).__name__)
        return False
    return True
