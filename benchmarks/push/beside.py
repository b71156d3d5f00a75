"""Callbacks while a push runs in the same deployment: how late answers are, and what memory planning takes.

The product's door serves questions at a steady rate, on PostgreSQL and a real Redis, as `serve --no-clock`
does; beside it a clock plans and pushes the lesson to 48,000 over the same database. A request's time
counts from when it was due, so that a door that stops for a while doesn't look fast.
"""

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp
import uvloop

from benchmarks.callback import pool
from benchmarks.callback.run import demo, questions
from handlers import lessons
from handlers.context import Context, open_database, open_redis
from handlers.gateways.wechat import open_wechat
from models import Account, App, Consent, Delivery, DeliveryStatus, LessonWeek
from settings import Settings
from tests import servers

ROOT = Path(__file__).parents[2]
A_SECOND = 40
"""Callbacks; a district's chat on a busy afternoon."""
QUIET_SECONDS = 8
MOST = 20_000
CHUNK = 2000


def memory() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def steadily(base: str, lines: Iterator[str], stop: asyncio.Event) -> list[float]:
    """Ask at a steady rate until told to stop; milliseconds of each answer."""
    times: list[float] = []
    asked: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()

    async def ask(session: aiohttp.ClientSession, line: str, due: float) -> None:
        query, sealed, _ = line.rstrip("\n").split("\t")
        body = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        async with session.post(f"{base}/wechat/callback?{query}", data=body) as response:
            await response.read()
            assert response.status == 200, response.status
        times.append((loop.time() - due) * 1000)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        due = loop.time()
        while not stop.is_set():
            asked.append(asyncio.create_task(ask(session, next(lines), due)))
            due += 1 / A_SECOND
            await asyncio.sleep(max(0.0, due - loop.time()))
        await asyncio.gather(*asked)
    return times


async def measure(base: str, lines: Iterator[str], environment: dict[str, str]) -> dict[str, float]:
    """Quiet first, then beside a push."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(QUIET_SECONDS, stop.set)
    quiet = await steadily(base, lines, stop)
    stop = asyncio.Event()
    asking = asyncio.create_task(steadily(base, lines, stop))
    pusher = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.push.beside", cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    said, _ = await pusher.communicate()
    stop.set()
    beside = await asking
    assert pusher.returncode == 0
    return {**json.loads(said), **quantiles("quiet", quiet), **quantiles("beside", beside)}


def quantiles(name: str, times: list[float]) -> dict[str, float]:
    """The middle, the 99th of a hundred, and how many there were."""
    cuts = statistics.quantiles(times, n=100)
    return {f"{name}_p50_ms": cuts[49], f"{name}_p99_ms": cuts[98], f"{name}_count": len(times)}


def run(wechat_base: str, *, people: int, singles: int) -> dict[str, float]:
    """Build a deployment, measure, and take it down."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(servers.postgresql())
        environment = demo(
            {
                "ZBT_DATABASE_URL": servers.postgresql_url(server, servers.create_database(server)),
                "ZBT_REDIS_URL": stack.enter_context(servers.redis()),
                "ZBT_WECHAT_API_BASE": wechat_base,
                "ZBT_FOLLOWER_MESSAGES_PER_MINUTE": "100000",
                "ZBT_LOG_LEVEL": "WARNING",
                "PUSH_PEOPLE": str(people),
                "PUSH_SINGLES": str(singles),
            }
        )
        for words in (["migrate"], ["seed", "--demo"]):
            subprocess.run(
                [sys.executable, "main.py", *words],
                cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        pool_file = folder / "pool.tsv"
        pool.write(pool_file, questions(), count=MOST)
        base = stack.enter_context(_door(environment))
        lines = iter(pool_file.read_text(encoding="utf-8").splitlines())
        return uvloop.run(measure(base, lines, environment))


@contextmanager
def _door(environment: dict[str, str]) -> Iterator[str]:
    port = servers.free_port()
    door = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.callback.server", "full", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert door.stdout is not None
    door.stdout.readline()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        door.terminate()
        door.wait(20)


async def push_to_all(settings: Settings, *, people: int, singles: int) -> dict[str, float]:
    """Plan and push, and say how long it took and how much memory planning added."""
    async with (
        open_database(settings.resolved_database_url, pool=6),
        open_redis(settings.redis_url) as redis,
        open_wechat(settings, redis) as wechat,
    ):
        week = await LessonWeek.all().order_by("friday").first()
        assert week is not None
        ctx = Context(settings, redis, wechat, lambda: week.sends_at)
        await _add_people(settings, people, singles)
        before, started = memory(), time.perf_counter()
        await lessons.plan(ctx, friday=week.friday)
        planned, peak = time.perf_counter() - started, memory()
        await lessons.push(ctx, friday=week.friday)
        took = time.perf_counter() - started
        sent = await Delivery.filter(week_id=week.friday, status=DeliveryStatus.SENT).count()
        assert sent >= people, (sent, people)
        return {
            "planned_s": planned, "pushed_s": took, "before_mb": before, "planning_mb": peak - before,
            "peak_mb": memory(), "sent": sent,
        }  # fmt: skip


async def _add_people(settings: Settings, people: int, singles: int) -> None:
    for start in range(0, people, CHUNK):
        numbers = range(start, min(start + CHUNK, people))
        await Account.bulk_create(
            Account(
                app=app, openid=f"{app}{n:026d}", unionid=f"u{n:027d}",
                follows=app is App.OFFICIAL_ACCOUNT, lesson_choice=True,
            )
            for n in numbers
            for app in App
            if app is App.OFFICIAL_ACCOUNT or n < singles
        )  # fmt: skip
    minis = await Account.filter(app=App.MINI_PROGRAM, openid__startswith="mp0").values_list("id", flat=True)
    await Consent.bulk_create(
        (
            Consent(account_id=int(str(id_)), template_id=settings.lesson_template_id, remaining=1)
            for id_ in minis
        ),
        batch_size=CHUNK,
    )


if __name__ == "__main__":
    figures = uvloop.run(
        push_to_all(
            Settings(_env_file=None),
            people=int(os.environ["PUSH_PEOPLE"]),
            singles=int(os.environ["PUSH_SINGLES"]),
        )
    )
    sys.stdout.write(json.dumps(figures))
