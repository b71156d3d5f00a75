"""WeChat's API as the push benchmark needs it: everything succeeds after 20 ms. `python -m … PORT`."""

import asyncio
import sys
from itertools import count

import uvloop
from aiohttp import web

LATENCY = 0.02
NUMBERS = count(1)


async def answer(request: web.Request) -> web.Response:
    """A token, or the number of a message."""
    await request.read()
    if "token" in request.path:
        return web.json_response({"access_token": "t" * 100, "expires_in": 7200})
    await asyncio.sleep(LATENCY)
    body = b'{"errcode":0,"errmsg":"ok","msgid":%d,"msg_id":%d}' % ((next(NUMBERS),) * 2)
    return web.Response(body=body, content_type="application/json")


async def main(port: int) -> None:
    """Serve until killed."""
    app = web.Application(client_max_size=8 << 20)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
