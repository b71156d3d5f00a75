"""The clock starts jobs, survives their failures, and finishes what it began."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from handlers.context import REQUEST_ID, Context, open_context
from handlers.errors import NotFound
from handlers.gateways.errors import Busy
from jobs.runner import run_clock, run_jobs, run_once
from jobs.timetable import Job
from models import AuditEntry, Callback, Notice
from settings import Settings

NEVER = IntervalTrigger(days=365)
OFTEN = IntervalTrigger(seconds=0.01)


def job(
    run: Callable[[Context], Awaitable[object]], *, trigger: IntervalTrigger = NEVER, at_start: bool = True
) -> Job:
    return Job("test", trigger, run, grace=60, at_start=at_start)


async def test_a_stop_waits_for_the_running_job(ctx: Context) -> None:
    stop, begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work(_: Context) -> None:
        begun.set()
        await go_on.wait()
        done.set()

    clock = asyncio.create_task(run_jobs(ctx, [job(work)], stop))
    await begun.wait()
    stop.set()
    await asyncio.sleep(0)
    assert not clock.done()
    go_on.set()
    await clock
    assert done.is_set()


async def test_a_job_of_the_timetable_runs_again_and_again_also_after_failing(ctx: Context) -> None:
    stop, runs = asyncio.Event(), 0

    async def work(_: Context) -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            stop.set()
        raise ZeroDivisionError

    await run_jobs(ctx, [job(work, trigger=OFTEN, at_start=False)], stop)
    assert runs == 3


async def test_a_job_never_runs_beside_itself(ctx: Context) -> None:
    stop, other_runs, inside, most = asyncio.Event(), 0, 0, 0

    async def slow(_: Context) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await stop.wait()
        inside -= 1

    async def count(_: Context) -> None:
        nonlocal other_runs
        other_runs += 1
        if other_runs == 5:
            stop.set()

    await run_jobs(ctx, [job(slow, trigger=OFTEN), Job("other", OFTEN, count, grace=60)], stop)
    assert most == 1


@pytest.mark.parametrize(
    ("error", "level", "line"),
    [
        (NotFound(), logging.WARNING, "job_refused job=test code=not_found"),
        (Busy(-1), logging.WARNING, "job_halted job=test failure=Busy code=-1"),
        (ZeroDivisionError(), logging.ERROR, "job_failed job=test"),
    ],
)
async def test_a_failure_is_written_down(
    ctx: Context, caplog: pytest.LogCaptureFixture, error: Exception, level: int, line: str
) -> None:
    async def work(_: Context) -> None:
        raise error

    await run_once(ctx, job(work))
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(level, line)]


async def test_each_run_has_a_request_id_that_fits_the_audit_trail(ctx: Context) -> None:
    seen = []

    async def work(_: Context) -> None:
        seen.append(REQUEST_ID.get())

    for _ in range(2):
        await run_once(ctx, Job("a_long_name_of_job", NEVER, work, grace=60))
    assert len(set(seen)) == 2
    assert max(map(len, seen)) <= AuditEntry._meta.fields_map["request_id"].max_length  # type: ignore[attr-defined]


async def test_a_clock_opens_its_own_context_and_does_the_work_that_waits(settings: Settings) -> None:
    stop = asyncio.Event()
    async with open_context(settings) as ctx:
        now = ctx.now()
        await Callback.create(key="old", reply="", received_at=now - timedelta(days=3))
        await Notice.create(
            openid="oOne", content="您好", dedupe_key="k", next_try_at=now + timedelta(days=1), created_at=now
        )
        await AuditEntry.create(at=now, actor="system", action="test.done", subject="test:1")
    clock = asyncio.create_task(run_clock(settings, stop))
    stop.set()
    await clock
    async with open_context(settings):
        assert await Callback.all().count() == 0
        assert (await AuditEntry.get(subject="test:1")).sequence == 1
        assert await Notice.filter(status="waiting").count() == 1
