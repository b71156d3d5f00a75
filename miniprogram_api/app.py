"""The HTTP door: the table of routes, on one application."""

import asyncio
import gzip
import json
from functools import cache

from aiohttp import web

from handlers.context import Context
from miniprogram_api import docs, health, openapi
from miniprogram_api.dispatch import endpoint
from miniprogram_api.keys import CONTEXT
from miniprogram_api.middlewares import answered, identified
from miniprogram_api.routes import ROUTES


def setup(app: web.Application, ctx: Context) -> None:
    """Mount the API under /api, apart from the rest, and what monitors ask at the root."""
    app[CONTEXT] = ctx
    app.router.add_get("/healthz", health.alive)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", health.metrics)
    app.add_subapp("/api", api(ctx))

    async def stop(_: web.Application) -> None:
        ctx.live.close()

    app.on_shutdown.append(stop)


def api(ctx: Context) -> web.Application:
    """The application behind /api."""
    app = web.Application(middlewares=[identified, answered])
    _add_description(app)
    for route in ROUTES:
        app.router.add_route(route.method, f"/v1{route.path}", endpoint(route, ctx))
    return app


def _add_description(app: web.Application) -> None:
    """The API's description, made when somebody first asks for it: to most processes nobody ever does."""
    one_at_a_time = asyncio.Lock()

    async def described() -> tuple[bytes, bytes]:
        async with one_at_a_time:
            return await asyncio.to_thread(_description)

    async def document(_: web.Request) -> web.Response:
        text = gzip.decompress((await described())[0]).decode()
        return web.Response(text=text, content_type="application/json")

    async def page(_: web.Request) -> web.Response:
        text = gzip.decompress((await described())[1]).decode()
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return web.Response(text=text, content_type="text/html", headers=policy)

    app.router.add_get("/openapi.json", document)
    app.router.add_get("/docs", page)


@cache
def _description() -> tuple[bytes, bytes]:
    """As JSON and as a page, compressed; it takes some 0.4 s, and ten megabytes meanwhile."""
    document = openapi.describe(ROUTES)
    return gzip.compress(json.dumps(document).encode()), gzip.compress(docs.page(document).encode())
