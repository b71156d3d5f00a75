"""Fixtures: a small WeChat, and a gateway to it whose pauses take no time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from redis.asyncio import Redis

from handlers.gateways.client import Client
from handlers.gateways.token_store import TokenStore
from handlers.gateways.tokens import Tokens
from handlers.gateways.wechat import WeChatApi
from handlers.gateways.wire import Wire, open_wire
from models import App
from tests.fakes import Clock
from tests.handlers.gateways.platform import Platform

Serve = Callable[[Any], Awaitable[TestServer]]


@dataclass
class Sleeper:
    """Remembers pauses instead of making them; the clock goes on by as much."""

    clock: Clock
    pauses: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.now += timedelta(seconds=seconds)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    """The small WeChat; what hangs in it is let go at the end."""
    small = Platform()
    yield small
    small.let_go()


@pytest.fixture
async def server(platform: Platform, aiohttp_server: Serve) -> TestServer:
    """The small WeChat on a socket."""
    return await aiohttp_server(platform.app())


@pytest.fixture
async def wire(server: TestServer) -> AsyncIterator[Wire]:
    """Connections to the small WeChat."""
    async with open_wire(str(server.make_url("/"))) as opened:
        yield opened


@pytest.fixture
def sleeper(clock: Clock) -> Sleeper:
    """The pauses that were made."""
    return Sleeper(clock)


@pytest.fixture
def make_tokens(wire: Wire, redis: Redis, clock: Clock, sleeper: Sleeper) -> Callable[..., Tokens]:
    """Makes the token keeper of another process, as it were."""

    def make(app_id: str = "oa", *, store: TokenStore | None = None) -> Tokens:
        return Tokens(
            app_id,
            SecretStr("the-secret"),
            wire=wire,
            store=store or TokenStore(redis, app_id),
            now=lambda: clock.now.timestamp(),
            sleep=sleeper,
            jitter=lambda: 0.0,
        )

    return make


@pytest.fixture
def client(wire: Wire, make_tokens: Callable[..., Tokens], clock: Clock, sleeper: Sleeper) -> Client:
    """A client of the small WeChat."""
    tokens = {App.OFFICIAL_ACCOUNT: make_tokens("oa"), App.MINI_PROGRAM: make_tokens("mp")}
    return Client(
        wire,
        tokens,
        now=clock,
        monotonic=lambda: clock.now.timestamp(),
        sleep=sleeper,
        jitter=lambda: 0.0,
    )


@pytest.fixture
def api(client: Client) -> WeChatApi:
    """The gateway to the small WeChat."""
    return WeChatApi(client, mp_app_id="mp", mp_secret=SecretStr("the-secret"))
