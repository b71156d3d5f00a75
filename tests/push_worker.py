"""One clock of the storm: a process that pushes the lesson over and over, in a time that runs faster.

`python -m tests.push_worker SPEED STARTED BATCH`: STARTED is the wall time (seconds) at which the fast time
was the one in STORM_BEGINS.
"""

import asyncio
import os
import sys
import time
from datetime import datetime, timedelta

from apscheduler.triggers.interval import IntervalTrigger

from handlers import lesson_due, lesson_mass
from handlers.context import Context, open_database, open_redis
from handlers.gateways.wechat import open_wechat
from jobs.runner import run_jobs
from jobs.timetable import Job
from settings import Settings


def fast_time(begins: datetime, started: float, speed: float) -> datetime:
    """What time it is where time runs faster."""
    return begins + timedelta(seconds=(time.time() - started) * speed)


async def main(speed: float, started: float, batch: int) -> None:
    """Run until killed."""
    begins = datetime.fromisoformat(os.environ["STORM_BEGINS"])
    settings = Settings(_env_file=".env.demo")
    lesson_mass.MOST = batch

    def now() -> datetime:
        return fast_time(begins, started, speed)

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / speed)

    async with (
        open_database(settings.resolved_database_url, pool=4),
        open_redis(settings.redis_url) as redis,
        open_wechat(settings, redis, now=now) as wechat,
    ):
        client = wechat._client
        client._sleep, client._monotonic = sleep, lambda: time.monotonic() * speed
        jobs = [
            Job("push_lesson", IntervalTrigger(seconds=0.5, timezone=settings.zone), lesson_due.push_due, 60)
        ]
        await run_jobs(Context(settings, redis, wechat, now), jobs, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
