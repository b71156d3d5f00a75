"""One process of the token test: many callers on command, told and answering by lines of JSON.

A command is `{"callers": n, "skip": seconds}`: move the clock, let the callers call, answer with the
number of failures by kind.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from handlers.context import open_redis
from handlers.gateways.client import Client
from handlers.gateways.errors import WeChatError
from handlers.gateways.token_store import TokenStore
from handlers.gateways.tokens import Tokens
from handlers.gateways.wechat import WeChatApi
from handlers.gateways.wire import open_wire
from models import App
from settings import Settings


async def main(base: str, redis_url: str) -> None:
    """Obey commands from standard input until it ends."""
    settings = Settings(_env_file=Path(".env.demo"))
    skipped = 0.0
    async with open_redis(redis_url) as redis, open_wire(base) as wire:
        tokens = Tokens(
            "oa",
            settings.oa_secret,
            wire=wire,
            store=TokenStore(redis, "oa"),
            now=lambda: time.time() + skipped,
        )
        client = Client(wire, {App.OFFICIAL_ACCOUNT: tokens}, now=lambda: datetime.now(UTC))
        api = WeChatApi(client, mp_app_id="", mp_secret=settings.mp_secret)
        while line := await asyncio.to_thread(sys.stdin.readline):
            command = json.loads(line)
            skipped += command["skip"]
            results = await asyncio.gather(
                *(api.union_id(f"o{n}") for n in range(command["callers"])), return_exceptions=True
            )
            failures = [one for one in results if isinstance(one, Exception)]
            answer = {
                "failures": Counter(type(one).__name__ for one in failures),
                "unexpected": [repr(one) for one in failures if not isinstance(one, WeChatError)],
            }
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
