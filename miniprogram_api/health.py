"""What a supervisor and a monitor ask: alive, ready, and figures."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from handlers import readiness
from miniprogram_api.keys import CONTEXT


async def alive(_: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """The database and Redis answer too."""
    parts = await readiness.check(request.app[CONTEXT])
    words = {name: "ok" if is_ready else "failed" for name, is_ready in parts.items()}
    return web.json_response(words, status=200 if all(parts.values()) else 503)


async def metrics(_: web.Request) -> web.Response:
    """Prometheus's text format."""
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
