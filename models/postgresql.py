"""How we connect to PostgreSQL."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that isn't cleaned up in a round trip of its own after each use.

    What would be cleaned up is what outlives a transaction: settings, cursors, listeners and locks of a
    session. We make none; locks are taken for a transaction (handlers/locks.py). An open transaction is
    rolled back all the same.
    """

    def get_reset_query(self) -> str:
        """Nothing."""
        return ""


LOST = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
)
"""What a connection fails with that its server, or the way there, has given up."""


class Lane:
    """A connection kept for one statement that comes again and again.

    Taking one from the pool and giving it back makes a task, and whoever waits waits for two more turns of
    the event loop. To be closed before the pool is.
    """

    def __init__(self, client: BaseDBAsyncClient) -> None:
        self._client = client
        self._taken: AsyncExitStack | None = None
        self._connection: asyncpg.Connection | None = None
        self._free = asyncio.Lock()

    async def execute_query_dict(self, query: str, values: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
        """The statement's rows. It must bear repetition: where the connection is lost, another runs it."""
        async with self._free:
            try:
                return await self._fetch(query, values)
            except LOST:
                return await self._fetch(query, values)

    async def _fetch(self, query: str, values: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
        connection = self._connection or await self._take()
        try:
            rows: Sequence[Mapping[str, Any]] = await connection.fetch(query, *values)
        except LOST:
            with suppress(*LOST):
                connection.terminate()  # Neither it nor the pool may know yet.
            await self._give_back()
            raise
        return rows

    async def _take(self) -> asyncpg.Connection:
        async with AsyncExitStack() as taken:
            self._connection = await taken.enter_async_context(self._client.acquire_connection())
            self._taken = taken.pop_all()
        return self._connection

    async def aclose(self) -> None:
        """Give the connection back."""
        async with self._free:
            await self._give_back()

    async def _give_back(self) -> None:
        taken, self._taken, self._connection = self._taken, None, None
        if taken is not None:
            with suppress(*LOST):
                await taken.aclose()
