"""The clock: runs the timetable until it is told to stop, and finishes what it began."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import Counter

from handlers.context import REQUEST_ID, Context, open_context
from handlers.errors import Refused
from handlers.gateways.errors import WeChatError
from jobs.timetable import Job, timetable
from settings import Settings

RUNS = Counter("zbt_job_runs", "Runs of the timetable's jobs.", ("job", "outcome"))

log = logging.getLogger(__name__)


async def run_clock(settings: Settings, stop: asyncio.Event) -> None:
    """A clock process: its own context, the timetable, until `stop`."""
    async with open_context(settings) as ctx:
        await run_jobs(ctx, timetable(settings), stop)


async def run_jobs(ctx: Context, jobs: Sequence[Job], stop: asyncio.Event) -> None:
    """Run `jobs` over an open context until `stop`; then let the running ones finish."""
    clock = Clockwork(ctx)
    scheduler = AsyncIOScheduler(timezone=ctx.settings.zone)
    # It would write two lines for every run of every job.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    for job in jobs:
        scheduler.add_job(
            clock.start,
            job.trigger,
            args=(job,),
            id=job.name,
            coalesce=True,
            misfire_grace_time=job.grace,
        )
    scheduler.start()
    try:
        for job in jobs:
            if job.at_start:
                await clock.start(job)
        await stop.wait()
    finally:
        scheduler.shutdown(wait=False)
        await clock.finish()


class Clockwork:
    """The runs that are under way: at most one of each job."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def start(self, job: Job) -> None:
        """Begin a run and don't wait for it: the scheduler cancels at its end what it waits for."""
        if job.name in self._running:
            return
        run = asyncio.create_task(run_once(self._ctx, job), name=job.name)
        self._running[job.name] = run
        run.add_done_callback(lambda _: self._running.pop(job.name))

    async def finish(self) -> None:
        """Wait for the runs that are under way."""
        await asyncio.gather(*self._running.values())


async def run_once(ctx: Context, job: Job) -> None:
    """One run of one job; a failure is written down and the next run tries again."""
    REQUEST_ID.set(f"job:{job.name}:{secrets.token_hex(4)}")
    outcome = "ok"
    try:
        await job.run(ctx)
    except Refused as refusal:
        outcome = "refused"
        log.warning("job_refused job=%s code=%s", job.name, refusal.code)
    except WeChatError as error:
        outcome = "halted"
        log.warning("job_halted job=%s failure=%s code=%s", job.name, type(error).__name__, error.code)
    except Exception:
        outcome = "failed"
        log.exception("job_failed job=%s", job.name)
    RUNS.labels(job.name, outcome).inc()
