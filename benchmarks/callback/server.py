"""Servers for the callback benchmark: `python -m benchmarks.callback.server MODE PORT`.

bare      an aiohttp handler that returns a constant: the measure of all others
protocol  the product's app and router: verify, decrypt, parse, fixed reply, encrypt; no repeat check
full      the product as it is served: repeat check, engine, durable answers
"""

import asyncio
import sys
from datetime import datetime

import uvloop
from aiohttp import web

from bot import texts
from bot.app import DOOR, setup
from bot.door_runner import DoorRunner
from bot.messages import Message
from bot.replies import render
from bot.router import Manner, Route, Router
from handlers import memory
from handlers.context import Context, open_context
from settings import Settings

REPLY = "党员每月按规定交纳党费，具体比例请看《党费规定》。回复“更多”看下文。"


class FixedDesk:
    """A desk that finds the route and renders its reply, and remembers nothing."""

    def __init__(self) -> None:
        self._router = Router([Route(("text",), lambda message, ctx: REPLY, Manner.INSTANT)])

    async def answer(self, message: Message, started: float) -> str:
        route = self._router.find(message)
        return render(route.answer(message, None), message) if route else ""  # type: ignore[arg-type]


async def bare(port: int) -> None:
    body = b"<xml>" + b"x" * 760 + b"</xml>"  # About the size of a sealed reply.

    async def constant(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/wechat/callback", constant)
    await serve(web.AppRunner(app, access_log=None), port)


async def protocol(port: int) -> None:
    app = web.Application()
    setup(app, Context(Settings(_env_file=".env.demo"), None, None, datetime.now))  # type: ignore[arg-type]
    app.cleanup_ctx.clear()
    app[DOOR].desk = FixedDesk()  # type: ignore[assignment]
    await serve(DoorRunner(app, access_log=None), port)


async def full(port: int) -> None:
    async with open_context(Settings(_env_file=".env.demo")) as ctx:
        app = web.Application()
        setup(app, ctx)
        memory.settle()  # As `serve` does.
        await serve(DoorRunner(app, access_log=None), port)


async def serve(runner: web.AppRunner, port: int) -> None:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print("ready", texts.WELCOME[:2], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    modes = {"bare": bare, "protocol": protocol, "full": full}
    uvloop.run(modes[sys.argv[1]](int(sys.argv[2])))
