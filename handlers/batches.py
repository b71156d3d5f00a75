"""Sending together what one loop tick asks for: a round trip costs more than what it carries."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batch(Generic[Item, Result]):
    """Collects items and hands them on, a list at a time.

    While one list is on its way the next one gathers, so the size follows the load. A list that
    fails or takes longer than `timeout` seconds fails for each of its items.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        timeout: float,
        size: int = 200,
    ) -> None:
        self._send = send
        self._timeout = timeout
        self._size = size
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._sender: asyncio.Task[None] | None = None

    def submit(self, item: Item) -> "asyncio.Future[Result]":
        """Add an item; the future yields its result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if self._sender is None:
            self._sender = loop.create_task(self._send_all())
        return future

    async def drain(self) -> None:
        """Wait until nothing is on its way."""
        while self._sender is not None:
            await asyncio.wait({self._sender})

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
                await self._send_one(batch)
        finally:
            self._sender = None

    async def _send_one(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                results = await self._send([item for item, _ in batch])
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
