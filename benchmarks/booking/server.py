"""One process of the HTTP door for the booking benchmark: `python -m benchmarks.booking.server PORT`.

With `WITHOUT_GUARD=1` places are taken by reading, thinking and then writing, which is how two get one
place: the benchmark must find that out.
"""

import asyncio
import os
import sys

import uvloop
from aiohttp import web
from tortoise.expressions import F

from handlers.context import open_context
from miniprogram_api import app as api
from models import Slot
from settings import Settings


async def careless_claim(self: Slot, places: int) -> bool:
    """What `Slot.claim` would be without the condition in its statement."""
    now = await Slot.get(id=self.id)
    await asyncio.sleep(0.002)
    if now.closed or now.taken + places > now.capacity:
        return False
    await Slot.filter(id=self.id).update(taken=F("taken") + places)
    return True


async def main(port: int) -> None:
    """Serve until killed."""
    if os.environ.get("WITHOUT_GUARD"):
        Slot.claim = careless_claim  # type: ignore[method-assign]
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
