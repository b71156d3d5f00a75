"""What supervisors and monitors ask."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web
from redis.asyncio import Redis

from handlers.context import Context
from miniprogram_api import app as api
from tests.miniprogram_api.conftest import Caller, Client


async def test_alive_and_ready(client: Client) -> None:
    assert (await client.get("/healthz")).status == 200
    response = await client.get("/readyz")
    assert (response.status, await response.json()) == (200, {"database": "ok", "redis": "ok"})


async def test_not_ready_without_redis_but_alive(
    ctx: Context, aiohttp_client: Callable[[web.Application], Awaitable[Client]]
) -> None:
    nobody = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.5)
    app = web.Application()
    api.setup(app, replace(ctx, redis=nobody))
    client = await aiohttp_client(app)
    response = await client.get("/readyz")
    assert (response.status, (await response.json())["redis"]) == (503, "failed")
    assert (await client.get("/healthz")).status == 200
    assert (await client.get("/api/v1/complaints/NONE")).status == 404
    await nobody.aclose()


async def test_figures_name_routes_and_never_what_was_asked_for(stranger: Caller) -> None:
    await stranger("GET", "/complaints/SECRET234567")
    text = await (await stranger.client.get("/metrics")).text()
    assert 'route="/complaints/{lookup}"' in text
    assert "SECRET234567" not in text
