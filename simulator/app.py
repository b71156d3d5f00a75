"""The simulator as one web application: the API, the control door and the phone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from settings import Settings
from simulator import api, control, in_app_browser, phone_page, storage
from simulator.answers import spoken
from simulator.callbacks import CallbackSender
from simulator.endpoints import ENDPOINTS
from simulator.keys import WORLD
from simulator.world import new_world

LARGEST_REQUEST = 12 << 20


def wall_clock() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    people: Iterable[Mapping[str, Any]],
    state_file: Path | None = None,
    clock: Callable[[], datetime] = wall_clock,
    *,
    cut_off: float = 5.0,
    deliveries: int = 3,
) -> web.Application:
    """The simulator for these people; `cut_off` and `deliveries` are the callback's rules."""
    app = web.Application(client_max_size=LARGEST_REQUEST)
    world = app[WORLD] = new_world(settings, people, clock=clock, endpoints=ENDPOINTS)
    app[in_app_browser.JARS] = {}
    state = storage.read(state_file) if state_file is not None else None
    if state is not None:
        storage.load(world, state)

    async def speak_to_product(_: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=True) as session:
            world.sender = CallbackSender(
                settings, world.faults, session, world.wall_time, cut_off=cut_off, deliveries=deliveries
            )
            yield
            await _cancel(world.sender.running)

    async def keep_state(_: web.Application) -> AsyncIterator[None]:
        if state_file is None:
            yield
            return
        saving = asyncio.create_task(storage.keep_saving(world, state_file))
        yield
        await _cancel({saving})
        await asyncio.to_thread(storage.write, state_file, list(storage.pieces(world)))

    async def hang_up(_: web.Application) -> None:
        world.phones.close()

    app.cleanup_ctx.extend((keep_state, speak_to_product))
    app.on_shutdown.append(hang_up)
    for method, path, handler in (*control.ROUTES, *phone_page.ROUTES, *in_app_browser.ROUTES):
        app.router.add_route(method, path, spoken(handler))
    app.router.add_static("/phone/static", phone_page.PAGE)
    app.router.add_route("*", "/{path:.*}", api.handle)
    return app


async def _cancel(tasks: "set[asyncio.Task[Any]]") -> None:
    for task in list(tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
