"""The HTTP door: the table of routes, on one application."""

from typing import Any

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
    description = openapi.describe(ROUTES)
    app.router.add_get("/openapi.json", _always(description))
    app.router.add_get("/docs", _always(docs.page(description)))
    for route in ROUTES:
        app.router.add_route(route.method, f"/v1{route.path}", endpoint(route, ctx))
    return app


def _always(content: dict[str, Any] | str) -> Any:
    async def show(_: web.Request) -> web.Response:
        if isinstance(content, str):
            policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
            return web.Response(text=content, content_type="text/html", headers=policy)
        return web.json_response(content)

    return show
