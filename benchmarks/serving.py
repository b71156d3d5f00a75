"""The service as it is served, without its clock, on one core: `python -m benchmarks.serving PORT`."""

import asyncio
import os
import sys

import uvloop
from aiohttp import web

import bot.app
import miniprogram_api.app
import pages.app
from bot.door_runner import DoorRunner
from handlers import logs, schema
from handlers.context import open_context
from settings import Settings


async def main(port: int) -> None:
    """Serve until stopped."""
    settings = Settings(_env_file=".env.demo")
    logs.set_up(settings.log_level)
    await schema.migrate(settings, progress=lambda _: None)
    async with open_context(settings) as ctx:
        app = web.Application()
        for door in (bot.app, miniprogram_api.app, pages.app):
            door.setup(app, ctx)
        runner = DoorRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    os.sched_setaffinity(0, {0})
    uvloop.run(main(int(sys.argv[1])))
