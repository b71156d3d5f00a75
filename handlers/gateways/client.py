"""The one client for everything that leaves the house: token, retries, limits, counters."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from handlers.gateways.alerts import CALLS, SECONDS, clear_alert, meters, raise_alert
from handlers.gateways.answers import Answer, read_answer
from handlers.gateways.apis import Api, pause_before_retry
from handlers.gateways.errors import (
    Ambiguous,
    BadCall,
    QuotaSpent,
    Stopped,
    TokenRejected,
    WeChatError,
)
from handlers.gateways.limits import Closures, TokenBucket
from handlers.gateways.tokens import Tokens
from handlers.gateways.wire import Wire
from models import App

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Client:
    """Calls endpoints of WeChat's API. The clocks, the sleep and the jitter can be given, for tests."""

    def __init__(
        self,
        wire: Wire,
        tokens: Mapping[App, Tokens],
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter
        self._closures = Closures()
        self._buckets: dict[str, TokenBucket] = {}
        self._alerted: set[str] = set()

    async def call(self, api: Api, *, query: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        """Call an endpoint that answers with JSON.

        Raises:
            WeChatError: see errors.py. Once a try was ambiguous, so is the call, however it ends.
        """
        return await self.fetch(api, read_answer, query=query, body=body)

    async def fetch(
        self,
        api: Api,
        read: Callable[[int, bytes], Result],
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Result:
        """Call an endpoint whose answer is read by `read`."""
        tried, doubt = 0, False
        while True:
            try:
                return await self._with_token(api, read, query or {}, body)
            except WeChatError as error:
                tried += 1
                doubt = doubt or isinstance(error, Ambiguous)
                pause = pause_before_retry(api, tried, error, self._jitter())
                if pause is None and doubt and not isinstance(error, Ambiguous):
                    raise Ambiguous(error.code, error.hint, retry_after=error.retry_after) from error
                if pause is None:
                    raise
            await self._sleep(pause)

    async def _with_token(
        self, api: Api, read: Callable[[int, bytes], Result], query: Mapping[str, str], body: Any
    ) -> Result:
        """One try; a refused token is replaced and the try repeated, once."""
        if api.app is None:
            return await self._once(api, read, query, body)
        tokens = self._tokens[api.app]
        self._closures.check(api.path, self._now())
        token = await tokens.get()
        try:
            return await self._once(api, read, {**query, "access_token": token}, body)
        except TokenRejected:
            token = await tokens.replace(token)
        return await self._once(api, read, {**query, "access_token": token}, body)

    async def _once(
        self, api: Api, read: Callable[[int, bytes], Result], query: Mapping[str, str], body: Any
    ) -> Result:
        self._closures.check(api.path, self._now())
        await self._wait_for_a_place(api)
        started = self._monotonic()
        try:
            status, raw = await self._wire.exchange(
                api.method, api.path, query=query, body=body, seconds=api.seconds
            )
            result = read(status, raw)
        except WeChatError as error:
            self._note_failure(api, error, self._monotonic() - started)
            raise
        self._note_success(api, self._monotonic() - started)
        return result

    async def _wait_for_a_place(self, api: Api) -> None:
        if not api.per_minute:
            return
        bucket = self._buckets.setdefault(api.path, TokenBucket(api.per_minute, api.burst))
        pause = bucket.reserve(self._monotonic())
        if pause:
            await self._sleep(pause)

    def _note_success(self, api: Api, seconds: float) -> None:
        successes, clock = meters(api.path)
        successes.inc()
        clock.observe(seconds)
        if api.path in self._alerted:
            self._alerted.discard(api.path)
            clear_alert(api.path)

    def _note_failure(self, api: Api, error: WeChatError, seconds: float) -> None:
        CALLS.labels(api.path, type(error).__name__).inc()
        SECONDS.labels(api.path).observe(seconds)
        self._closures.note(api.path, error, self._now())
        if isinstance(error, Stopped | QuotaSpent):
            self._alerted.add(api.path)
            raise_alert(api.path, error)
        else:
            log.log(
                logging.ERROR if isinstance(error, BadCall) else logging.INFO,
                "wechat_call_failed path=%s outcome=%s code=%s seconds=%.3f hint=%s",
                api.path, type(error).__name__, error.code, seconds, error.hint,
            )  # fmt: skip
