"""Bad days on purpose: clocks that are killed, a platform that loses answers, and a count at the end."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
from aiohttp import web

from bot import app as bot
from handlers import lessons
from handlers.context import Context, open_database, open_redis
from handlers.gateways.wechat import open_wechat
from models import Account, App, Channel, Consent, Delivery, DeliveryStatus
from settings import Settings
from simulator.app import create_app
from simulator.keys import WORLD
from simulator.world import World
from tests.push_worker import fast_time

ROOT = Path(__file__).parent.parent
SPEED = 60.0
BAD_DAY = {
    "latency_ms": 20,
    "accept_then_timeout": [
        {"path": "/cgi-bin/message/mass/send", "probability": 0.2, "seconds": 0.2},  # They are few.
        {"path": "/cgi-bin/message/*", "probability": 0.05, "seconds": 0.2},
    ],
    "errors": [{"path": "/cgi-bin/message/*", "probability": 0.02, "errcode": -1}],
    "seed": 7,
}


@dataclass
class Storm:
    """The platform, the product's door for its reports, and the clocks."""

    settings: Settings
    world: World
    begins: datetime
    started: float
    batch: int
    clocks: list[asyncio.subprocess.Process] = field(default_factory=list)
    kills: int = 0

    def now(self) -> datetime:
        return fast_time(self.begins, self.started, SPEED)

    async def start_clock(self) -> None:
        environment = {
            **os.environ,
            "ZBT_DATABASE_URL": self.settings.resolved_database_url,
            "ZBT_REDIS_URL": self.settings.redis_url,
            "ZBT_WECHAT_API_BASE": self.settings.wechat_api_base,
            "STORM_BEGINS": self.begins.isoformat(),
        }
        words = (str(SPEED), str(self.started), str(self.batch))
        self.clocks.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.push_worker", *words, cwd=ROOT, env=environment
            )
        )

    async def kill_one(self) -> None:
        """kill -9, at whatever it is doing, and another in its place."""
        victim = self.clocks.pop(0)
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        self.kills += 1
        await self.start_clock()

    def received(self) -> Counter[int]:
        """How many followers got how many messages."""
        return Counter(
            sum(message.sender != "user" for message in follower.history) for follower in self.world.followers
        )

    async def is_over(self) -> bool:
        """Whether nothing is left to be sent or settled."""
        open_ = Delivery.filter(status__in=(DeliveryStatus.PLANNED, DeliveryStatus.SENDING))
        return not await open_.exclude(channel=Channel.PULL).exists() and await Delivery.all().exists()


@asynccontextmanager
async def storm(
    settings: Settings, *, begins: datetime, size: int, consenting: int, batch: int
) -> AsyncIterator[Storm]:
    """A platform whose `size` followers want the lesson; `consenting` of them admit a single message."""
    started = time.time()

    def now() -> datetime:
        return fast_time(begins, started, SPEED)

    platform = create_app(settings, [], clock=now)
    door = web.Application()
    async with (
        open_database(settings.resolved_database_url),
        open_redis(settings.redis_url) as redis,
        open_wechat(settings, redis, now=now) as wechat,
    ):
        await redis.flushall()
        ctx = Context(settings, redis, wechat, now)
        bot.setup(door, ctx)
        runners = [web.AppRunner(app, access_log=None) for app in (platform, door)]
        for runner, address in zip(runners, (settings.wechat_api_base, settings.public_url), strict=True):
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", int(address.rpartition(":")[2]), backlog=1024).start()
        world = platform[WORLD]
        world.followers.add_numbered(size, now=world.time())
        await lessons.seed(ctx)
        await people(world, settings.lesson_template_id, consenting)
        one = Storm(settings, world, begins, started, batch)
        try:
            yield one
        finally:
            for clock in one.clocks:
                clock.kill()
                await clock.wait()
            for runner in runners:
                await runner.cleanup()


async def people(world: World, template_id: str, consenting: int) -> None:
    """The same people in our books."""
    everybody = list(world.followers)
    for app in App:
        await Account.bulk_create(
            (
                Account(
                    app=app,
                    openid=one.openid if app is App.OFFICIAL_ACCOUNT else one.mp_openid,
                    unionid=one.unionid,
                    follows=app is App.OFFICIAL_ACCOUNT,
                    lesson_choice=True,
                )
                for one in (everybody if app is App.OFFICIAL_ACCOUNT else everybody[:consenting])
            ),
            batch_size=1000,
        )
    for one in everybody[:consenting]:
        one.consents[f"mp:{template_id}"] = 1
    minis = await Account.filter(app=App.MINI_PROGRAM).only("id")
    await Consent.bulk_create(
        (Consent(account_id=mini.id, template_id=template_id, remaining=1) for mini in minis), batch_size=1000
    )


async def let_a_token_die(settings: Settings) -> None:
    """Another service has renewed our token: ours is worth nothing from now on."""
    async with aiohttp.ClientSession() as session:
        await session.post(f"{settings.wechat_api_base}/control/faults", json={"token_death": ["oa", "mp"]})
