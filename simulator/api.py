"""The API door: finds the endpoint, checks what the platform checks first, and breaks on demand."""

import asyncio
import json
import logging
from typing import Any

from aiohttp import web

from simulator.call import Call, Upload
from simulator.endpoints import Answer, Endpoint
from simulator.envelope import PlatformError, encode
from simulator.keys import WORLD
from simulator.world import World

log = logging.getLogger(__name__)
ERROR_TYPE = "application/json; encoding=utf-8"


async def handle(request: web.Request) -> web.StreamResponse:
    """One API call, with the faults in force."""
    world = request.app[WORLD]
    path, faults = request.path, world.faults
    if faults.latency_ms:
        await asyncio.sleep(faults.latency_ms / 1000)
    broken = faults.take(faults.errors, path) if faults.errors else None
    if broken is not None and broken.status is not None:
        world.calls[path, -broken.status] += 1
        return web.Response(status=broken.status, text="<html>Bad Gateway</html>", content_type="text/html")
    endpoint = world.endpoints.get(path)
    try:
        if broken is not None:
            raise PlatformError(broken.errcode, f" {broken.detail}" if broken.detail else "")
        answer, errcode = await _perform(world, endpoint, request), 0
    except PlatformError as error:
        answer, errcode = error.body(), error.errcode
    except ConnectionResetError:  # Whoever called was gone before all of the call was here.
        return web.Response(body=b"")
    except Exception:
        log.exception("An endpoint of the simulator failed: %s", path)
        answer, errcode = PlatformError(-1).body(), -1
    world.calls[path, errcode] += 1
    world.changed.set()
    if faults.accept_then_timeout or faults.drop or faults.empty_body:
        return await _lose(world, request, path) or _respond(answer, endpoint)
    return _respond(answer, endpoint)


async def _perform(world: World, endpoint: Endpoint | None, request: web.Request) -> Answer:
    if endpoint is None:
        raise PlatformError(40066)
    now, query = world.time(), request.query
    app = world.tokens.check(query.get("access_token", ""), now) if endpoint.needs_token else None
    if app is not None and endpoint.app is not None and app is not endpoint.app:
        raise PlatformError(48001)
    if request.method != endpoint.method:
        raise PlatformError(43002 if endpoint.method == "POST" else 43001)
    world.quotas.take(app, endpoint.path, now, daily=endpoint.daily, per_minute=endpoint.per_minute)
    call = Call(world, endpoint.path, app, query)
    if endpoint.multipart:
        call.uploads = await _uploads(request)
    elif endpoint.method == "POST":
        call.raw = await request.read()
        call.body = _object(call.raw)
    return endpoint.act(call)


def _object(raw: bytes) -> dict[str, Any]:
    if not raw:
        raise PlatformError(44002)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise PlatformError(47001) from error
    if not isinstance(body, dict):
        raise PlatformError(47001)
    return body


async def _uploads(request: web.Request) -> dict[str, Upload]:
    if not request.content_type.startswith("multipart/"):
        raise PlatformError(41005)
    form = await request.post()
    files = {name: value for name, value in form.items() if isinstance(value, web.FileField)}
    return {name: Upload(value.filename, value.file.read()) for name, value in files.items()}


async def _lose(world: World, request: web.Request, path: str) -> web.Response | None:
    """What was done stays done; the caller does not hear of it."""
    faults = world.faults
    if faults.take(faults.empty_body, path) is not None:
        return web.Response(body=b"")
    held = faults.take(faults.accept_then_timeout, path)
    if held is None and faults.take(faults.drop, path) is None:
        return None
    if held is not None:
        await asyncio.sleep(held.seconds)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(body=b"")


def _respond(answer: Answer, endpoint: Endpoint | None) -> web.Response:
    if isinstance(answer, web.Response):
        return answer
    content_type = endpoint.content_type if endpoint is not None else ERROR_TYPE
    return web.Response(body=encode(answer), headers={"Content-Type": content_type})
