"""One process of a storm: the platform, the product's door, or a clock, all in a time that runs faster.

`python -m tests.push_worker ROLE`, with the `Storm` of `tests.push_shape` as JSON in STORM.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from apscheduler.triggers.interval import IntervalTrigger

from bot import app as bot
from handlers import lesson_articles, lesson_due, lesson_mass, notices
from handlers.context import Context, open_database, open_redis
from handlers.gateways.wechat import open_wechat
from jobs.runner import run_jobs
from jobs.timetable import Job
from settings import Settings
from simulator.app import create_app
from simulator.customer_service import allow_after_message
from simulator.keys import WORLD
from simulator.mass import FOR_EACH_A_MONTH
from simulator.quotas import month_of
from simulator.tags import FIRST_OWN_TAG, Tag
from simulator.world import World
from tests.push_shape import TAG, Shape

NOTICES_EVERY = 0.5
CLEARED_EVERY = 2
"""So many looks at the lesson for one at drafts left over, which WeChat lists a thousand times a day."""
LAST_WEEKS = 7
"""One in so many bears the lesson's tag from the week before, whoever it is."""


@asynccontextmanager
async def context(settings: Settings, shape: Shape) -> AsyncIterator[Context]:
    """A context whose time, pauses and rate limits run faster."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / shape.speed)

    async with (
        open_database(settings.resolved_database_url, pool=10),
        open_redis(settings.redis_url) as redis,
        open_wechat(settings, redis, now=shape.now) as wechat,
    ):
        client = wechat._client
        client._sleep, client._monotonic = sleep, lambda: time.monotonic() * shape.speed
        yield Context(settings, redis, wechat, shape.now)


async def clock(settings: Settings, shape: Shape) -> None:
    """The jobs of the timetable that a lesson needs, more often."""
    lesson_mass.MOST = shape.batch
    zone, every = settings.zone, shape.every
    jobs = [
        Job("push_lesson", IntervalTrigger(seconds=every, timezone=zone), lesson_due.push_due, 60),
        Job("settle_lesson", IntervalTrigger(seconds=2 * every, timezone=zone), lesson_due.settle_due, 60),
        Job("send_notices", IntervalTrigger(seconds=NOTICES_EVERY, timezone=zone), notices.send_due, 60),
    ]
    if shape.articles:
        clearing = IntervalTrigger(seconds=CLEARED_EVERY * every, timezone=zone)
        jobs.append(Job("clear_drafts", clearing, lesson_articles.clear_up, 60))
    async with context(settings, shape) as ctx:
        say_ready()
        await run_jobs(ctx, jobs, asyncio.Event())


async def door(settings: Settings, shape: Shape) -> None:
    """The address WeChat calls."""
    app = web.Application()
    async with context(settings, shape) as ctx:
        bot.setup(app, ctx)
        await serve(app, settings.public_url)


async def platform(settings: Settings, shape: Shape) -> None:
    """WeChat with its followers. Nobody there gives up on an answer because time runs faster."""
    app = create_app(settings, [], clock=shape.now)
    populate(app[WORLD], settings, shape)
    await serve(app, settings.wechat_api_base)


def populate(world: World, settings: Settings, shape: Shape) -> None:
    """The followers, with what the platform remembers of them."""
    now = world.time()
    world.followers.add_numbered(shape.followers, now=now)
    last_week = Tag(FIRST_OWN_TAG, TAG)
    if shape.by_tag:
        world.tags.by_id[last_week.id], world.tags.last_id = last_week, last_week.id
    for place, follower in enumerate(world.followers):
        kind = shape.kind(place)
        if shape.by_tag and place % LAST_WEEKS == 0:
            follower.tags.append(last_week.id)
            last_week.members[follower.openid] = None
        if kind == "mini":
            follower.consents[f"mp:{settings.lesson_template_id}"] = 1
        elif kind == "notice":
            follower.consents[f"oa:{settings.lesson_notice_template_id}"] = 1
        elif kind in ("full", "full_spoke"):
            follower.mass_month, follower.mass_count = month_of(now), FOR_EACH_A_MONTH
        if kind == "full_spoke":
            allow_after_message(follower, now)


async def serve(app: web.Application, address: str) -> None:
    """Serve until killed."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(address.rpartition(":")[2]), backlog=4096).start()
    say_ready()
    await asyncio.Event().wait()


def say_ready() -> None:
    """Whoever started this process waits for it."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


ROLES = {"clock": clock, "door": door, "platform": platform}

if __name__ == "__main__":
    import uvloop

    uvloop.run(ROLES[sys.argv[1]](Settings(_env_file=".env.demo"), Shape.read(os.environ["STORM"])))
