"""The heads of a site as server-sent events: bounded, and gone when the reader or the service goes."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from aiohttp import web

from handlers import headcounts
from handlers.errors import NotAllowed, NotBound
from handlers.headcounts import VisitCount
from pages.layout import SECURITY
from pages.login import known


class Readers:
    """The requests that are being answered for as long as they look."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[Any] | None] = set()


READERS = web.AppKey("READERS", Readers)

MOST_READERS = 100
"""In one process; whoever comes after asks again by themselves."""
LASTS = 1800.0
"""Seconds; the browser comes back for more, and shows again who it is."""

AGAIN_AFTER_MS = 3000
HEADERS = SECURITY | {"Cache-Control": "no-store"}
STREAM = HEADERS | {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


def setup(app: web.Application) -> None:
    """Mount the stream, and end it first when the service stops."""
    app[READERS] = Readers()
    app.on_shutdown.append(stop)
    app.router.add_get("/keeper/{site_id:[A-Za-z0-9]{1,8}}/present", present)
    app.router.add_get("/keeper/{site_id:[A-Za-z0-9]{1,8}}/live", live)


async def stop(app: web.Application) -> None:
    """Readers would hold the service up for as long as they look."""
    for reading in filter(None, app[READERS].tasks):
        reading.cancel()


async def present(request: web.Request) -> web.Response:
    """The heads once, for who can't listen."""
    ctx = await known(request)
    try:
        visits = await headcounts.near_now(ctx, site_id=request.match_info["site_id"])
    except (NotAllowed, NotBound):
        return web.Response(status=403, headers=HEADERS)
    return web.Response(text=heads(visits), content_type="application/json", headers=HEADERS)


async def live(request: web.Request) -> web.StreamResponse:
    """The heads now, and whenever they change."""
    ctx, readers = await known(request), request.app[READERS].tasks
    if len(readers) >= MOST_READERS:
        return web.Response(status=503, headers=HEADERS | {"Retry-After": "15"})
    me = asyncio.current_task()
    readers.add(me)
    try:
        async with aclosing(headcounts.watch(ctx, site_id=request.match_info["site_id"])) as watching:
            try:
                first = await anext(watching)
            except (NotAllowed, NotBound):
                return web.Response(status=403, headers=HEADERS)
            response = web.StreamResponse(headers=STREAM)
            await response.prepare(request)
            await response.write(f"retry: {AGAIN_AFTER_MS}\n\n{event(first)}".encode())
            async with asyncio.timeout(LASTS):
                async for seen in watching:
                    await response.write(event(seen).encode())
    except (ConnectionError, TimeoutError):
        pass  # The reader left, or has looked long enough.
    finally:
        readers.discard(me)
    return response


def event(visits: Sequence[VisitCount] | None) -> str:
    """One event; a comment where nothing has changed, by which a lost reader is noticed."""
    return ":\n\n" if visits is None else f"data: {heads(visits)}\n\n"


def heads(visits: Sequence[VisitCount]) -> str:
    """Heads by visit."""
    return json.dumps([{"booking_id": visit.booking_id, "present": visit.present} for visit in visits])
