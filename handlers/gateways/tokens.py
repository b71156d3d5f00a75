"""One access token per app: fetched once, whoever asks and however many (promise 3 of the design).

A process keeps the token it saw last and goes to Redis only to renew it. Inside a process one caller
renews at a time; among processes the one with the lease does, and the others take what it stored.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from handlers.gateways.alerts import TOKEN_FETCHES, raise_alert
from handlers.gateways.answers import read_answer
from handlers.gateways.errors import (
    Ambiguous,
    BadCall,
    Busy,
    NotDone,
    Stopped,
    TokenRejected,
    Unreachable,
    WeChatError,
)
from handlers.gateways.limits import BEIJING
from handlers.gateways.token_store import StoreDown, Token, TokenStore
from handlers.gateways.wire import Wire

STABLE_TOKEN = "/cgi-bin/stable_token"  # noqa: S105  A path.
TIMEOUT = 4.0
PAUSES = (0.5, 1.0)
"""Before the second and the third try of one fetch."""
REFRESH_BEFORE = 300.0
SHORTEST_LIFE = 10.0
POLL = 0.05
PATIENCE = 20.0
"""How long to wait for the process that is renewing."""
LOOK_AGAIN = 1.0
PASSING_REST = 2.0
LASTING_REST = 30.0
"""After a failed fetch, callers get the same failure for so long without another one."""

log = logging.getLogger(__name__)


class Tokens:
    """The access token of one app."""

    def __init__(
        self,
        app_id: str,
        secret: SecretStr,
        *,
        wire: Wire,
        store: TokenStore,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._app_id = app_id
        self._secret = secret
        self._wire = wire
        self._store = store
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._lock = asyncio.Lock()
        self._held: Token | None = None
        self._failure: tuple[float, str, NotDone] | None = None

    async def get(self) -> str:
        """A token that is good as far as anybody knows."""
        held = self._held
        # Near its end one caller renews, and the others go on with the old token.
        if held is not None and (self._fresh(held) or (self._alive(held) and self._lock.locked())):
            return held.value
        async with self._lock:
            return (await self._renew(unwanted="")).value

    async def replace(self, failed: str) -> str:
        """Another token than `failed`, which an API refused; fetched only if nobody has one yet."""
        async with self._lock:
            return (await self._renew(unwanted=failed)).value

    def _fresh(self, token: Token) -> bool:
        return self._now() < token.refresh_at

    def _alive(self, token: Token) -> bool:
        return self._now() < token.expires_at

    async def _renew(self, *, unwanted: str) -> Token:
        if self._held is not None and self._held.value == unwanted:
            self._held = None
        if self._held is not None and self._fresh(self._held):
            return self._held
        self._raise_recent_failure(unwanted)
        try:
            self._held = await self._shared_or_fetched(unwanted)
        except NotDone as error:
            if self._held is None or not self._alive(self._held):
                self._remember_failure(unwanted, error)
                raise
            self._held = replace(self._held, refresh_at=self._now() + LASTING_REST)
        return self._held

    async def _shared_or_fetched(self, unwanted: str) -> Token:
        try:
            return await self._shared(unwanted)
        except StoreDown as error:
            log.warning("wechat_token_unshared reason=%s", error)
            return await self._fetch(unwanted)

    async def _shared(self, unwanted: str) -> Token:
        """The token in Redis, renewed by whoever gets the lease."""
        give_up_at = self._now() + PATIENCE
        while self._now() < give_up_at:
            if (token := await self._stored(unwanted)) is not None:
                return token
            if (owner := await self._store.lease()) is not None:
                try:
                    return await self._stored(unwanted) or await self._fetch(unwanted)
                finally:
                    await self._store.release(owner)
            if self._held is not None and self._alive(self._held):
                return replace(self._held, refresh_at=self._now() + LOOK_AGAIN)
            await self._sleep(POLL)
        raise Unreachable(hint="the token is being renewed elsewhere")

    async def _stored(self, unwanted: str) -> Token | None:
        """The shared token if it will do; one near its end is kept to fall back on."""
        token = await self._store.read()
        if token is None or token.value == unwanted or not self._alive(token):
            return None
        self._held = token
        return token if self._fresh(token) else None

    async def _fetch(self, unwanted: str) -> Token:
        token = await self._ask(force=False)
        if token.value == unwanted:
            # WeChat itself still takes it for good: only a forced renewal brings another one.
            token = await self._ask_by_force(unwanted)
        await self._store.write(token, self._now())
        return token

    async def _ask_by_force(self, unwanted: str) -> Token:
        today = datetime.fromtimestamp(self._now(), UTC).astimezone(BEIJING).strftime("%Y%m%d")
        try:
            allowed = await self._store.may_force(today)
        except StoreDown:
            allowed = False
        token = await self._ask(force=True) if allowed else None
        if token is None or token.value == unwanted:
            refusal = TokenRejected(hint="WeChat gave the refused token again")
            raise_alert(STABLE_TOKEN, refusal)
            raise refusal
        return token

    async def _ask(self, *, force: bool) -> Token:
        """Ask WeChat, a few times if need be; only the first time by force, as it may have worked."""
        for pause in PAUSES:
            try:
                return await self._ask_once(force=force)
            except (Unreachable, Busy) as error:
                if error.retry_after > pause * 2:
                    raise
            force = False
            await self._sleep(pause * (1 + self._jitter()))
        return await self._ask_once(force=force)

    async def _ask_once(self, *, force: bool) -> Token:
        try:
            token = await self._exchange(force=force)
        except WeChatError as error:
            TOKEN_FETCHES.labels(self._app_id, type(error).__name__).inc()
            raise self._as_seen_from_an_api(error) from None
        TOKEN_FETCHES.labels(self._app_id, "ok").inc()
        return token

    async def _exchange(self, *, force: bool) -> Token:
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret.get_secret_value(),
            "force_refresh": force,
        }
        asked_at = self._now()
        status, answer = await self._wire.exchange("POST", STABLE_TOKEN, query={}, body=body, seconds=TIMEOUT)
        return read_token(read_answer(status, answer), asked_at)

    def _as_seen_from_an_api(self, error: WeChatError) -> NotDone:
        """A call that got no token was never sent, so nothing about it is ambiguous."""
        if isinstance(error, Ambiguous):
            return Unreachable(error.code, error.hint)
        if isinstance(error, TokenRejected | BadCall):
            error = Stopped(error.code, error.hint)  # Here these mean a wrong app id or secret.
        if isinstance(error, Stopped):
            raise_alert(STABLE_TOKEN, error)
        assert isinstance(error, NotDone)  # noqa: S101  All that is left of the family.
        return error

    def _remember_failure(self, unwanted: str, error: NotDone) -> None:
        passing = isinstance(error, Unreachable | Busy)
        rest = max(error.retry_after, PASSING_REST if passing else LASTING_REST)
        concerns = unwanted if isinstance(error, TokenRejected) else ""
        self._failure = (self._now() + rest, concerns, error)

    def _raise_recent_failure(self, unwanted: str) -> None:
        if self._failure is None:
            return
        until, concerns, error = self._failure
        if self._now() < until and concerns in ("", unwanted):
            raise type(error)(error.code, error.hint, retry_after=until - self._now())


def read_token(answer: dict[str, Any], now: float) -> Token:
    """The token in an answer, with its times.

    WeChat renews a stable token about five minutes before its end and gives the old one until then,
    so a token fetched near its end is looked at again soon, but not at once.
    """
    value = answer.get("access_token")
    if not isinstance(value, str) or not value:
        raise Ambiguous(hint="no token in the answer")
    try:
        life = max(SHORTEST_LIFE, float(answer.get("expires_in") or 0))
    except (TypeError, ValueError):
        life = SHORTEST_LIFE
    refresh_in = max(life - REFRESH_BEFORE, min(life / 2, 60.0))
    return Token(value, refresh_at=now + refresh_in, expires_at=now + life)
