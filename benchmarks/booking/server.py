"""One process of the HTTP door for the booking benchmark: `python -m benchmarks.booking.server PORT`.

With `WITHOUT_GUARD=1` a place is taken if one was left when the slot was read, which is how two get one
place: the benchmark must find that out.
"""

import asyncio
import os
import re
import sys

import uvloop
from aiohttp import web

from handlers.context import open_context
from miniprogram_api import app as api
from models import statements
from settings import Settings


def careless(statement: str) -> str:
    """A statement that relies on what was read of the slot before."""
    return re.sub(r" AND taken \+ \$\d <= capacity", "", statement)


async def main(port: int) -> None:
    """Serve until killed."""
    if os.environ.get("WITHOUT_GUARD"):
        statements.BOOK_AT_ONCE = careless(statements.BOOK_AT_ONCE)
        statements.CLAIM = careless(statements.CLAIM)
    async with open_context(Settings()) as ctx:
        app = web.Application()
        api.setup(app, ctx)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
