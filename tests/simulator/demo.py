"""The whole demo in one process: the product's doors and the simulator, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

import bot.app
import miniprogram_api.app
import pages.app
from bot.menu import menu
from handlers import knowledge, seeding, sites
from handlers.context import Context, open_context
from settings import MessageMode, Settings
from simulator.app import create_app

PEOPLE: list[dict[str, Any]] = yaml.safe_load(Path("content/demo/people.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Demo:
    """Where it is, and the product's own context for arranging things."""

    url: str
    product_url: str
    ctx: Context


def settings_for(directory: Path, product_url: str, simulator_url: str, **more: Any) -> Settings:
    """The demo's settings with this test's addresses and files."""
    return Settings(
        _env_file=".env.demo",
        data_dir=directory,
        public_url=product_url,
        wechat_api_base=simulator_url,
        wechat_authorize_url=f"{simulator_url}/connect/oauth2/authorize",
        oa_message_mode=MessageMode.SAFE,
        **more,
    )


@asynccontextmanager
async def open_demo(
    directory: Path, *, database_url: str = "", clock: Callable[[], datetime] | None = None
) -> AsyncIterator[Demo]:
    """Seeded and ready: menu made, posters made, two weeks of slots."""
    product_socket, simulator_socket = _socket(), _socket()
    product_url, simulator_url = _address(product_socket), _address(simulator_socket)
    settings = settings_for(directory, product_url, simulator_url, database_url=database_url)
    async with AsyncExitStack() as stack:
        simulator = create_app(settings, PEOPLE)
        await stack.enter_async_context(_serving(simulator, simulator_socket))
        ctx = await stack.enter_async_context(open_context(settings))
        ctx = replace(ctx, now=clock) if clock else ctx
        await _prepare(ctx)
        product = web.Application()
        for door in (bot.app, miniprogram_api.app, pages.app):
            door.setup(product, ctx)
        await stack.enter_async_context(_serving(product, product_socket))
        yield Demo(simulator_url, product_url, ctx)


async def _prepare(ctx: Context) -> None:
    await seeding.seed_demo(ctx)
    await sites.make_slots(ctx, until=_fortnight(ctx))
    await sites.create_posters(ctx)
    async with asyncio.timeout(30):
        while not len(ctx.engine):  # The context's own watch may be loading it just now.
            await knowledge.refresh(ctx)
            await asyncio.sleep(0.05)
    created: Mapping[str, object] = menu()
    await ctx.wechat.create_menu(dict(created))


def _fortnight(ctx: Context) -> date:
    return (ctx.now() + timedelta(days=14)).date()


@asynccontextmanager
async def _serving(app: web.Application, listening: socket.socket) -> AsyncIterator[None]:
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()


def _socket() -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


def _address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"
