"""How fast the Friday lesson goes out, beside a bare client: `python -m benchmarks.push.run [--n 5000]`.

Singles: the ledger (claim, send, record, durable) against an aiohttp client that sends the same calls,
200 in flight, and records nothing; API latency 20 ms. Mass: 48,000 recipients planned, sent, recorded.
Beside: questions answered at a steady rate by the door of the same deployment meanwhile (beside.py).
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import uvloop

from benchmarks.push import beside
from handlers import lesson_mass, lesson_singles, lessons, memory, schema
from handlers.context import Context, open_database, open_redis
from handlers.gateways.wechat import open_wechat
from models import Account, App, Channel, Consent, Delivery, DeliveryStatus, LessonWeek
from settings import Settings
from tests import servers

IN_FLIGHT = 200
RATIO = 0.50
TURNS = 3
"""Ledger and bare client alternate so often; the middle ratio counts, for machines scatter."""
PLANNING, ALL = 5.0, 30.0
PEOPLE = 48_000
BESIDE_MS, PLANNING_MB = 50.0, 60.0
"""The slowest of a hundred callbacks while a push runs, and what planning may add to a clock's memory."""
AT = datetime(2026, 11, 20, 7, tzinfo=UTC)


def peak_memory() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def bare(base: str, n: int) -> float:
    """Calls a second of a client that records nothing."""
    body = {
        "touser": "m" * 28,
        "template_id": "demo-template-lesson",
        "data": {"thing1": {"value": "新细则讲了什么"}, "time2": {"value": "2026年11月20日 15:00"}},
        "miniprogram_state": "formal",
        "lang": "zh_CN",
        "page": "pages/lesson/index?id=1",
    }
    numbers = iter(range(n))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:

        async def send() -> None:
            for _ in numbers:
                async with session.post(
                    f"{base}/cgi-bin/message/subscribe/send",
                    params={"access_token": "t" * 100},
                    data=json.dumps(body, ensure_ascii=False).encode(),
                ) as response:
                    assert json.loads(await response.read())["errcode"] == 0

        started = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(IN_FLIGHT)))
        return n / (time.perf_counter() - started)


@asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[Context]:
    """A context at Friday's hour, over an empty database with the course in it."""
    async with (
        open_database(settings.resolved_database_url, pool=10),
        open_redis(settings.redis_url) as redis,
        open_wechat(settings, redis) as wechat,
    ):
        ctx = Context(settings, redis, wechat, lambda: AT)
        await lessons.seed(ctx)
        yield ctx


async def add_people(count: int, *, consenting: bool, template_id: str) -> None:
    """Followers who want the lesson."""
    for app in (App.OFFICIAL_ACCOUNT, App.MINI_PROGRAM) if consenting else (App.OFFICIAL_ACCOUNT,):
        await Account.bulk_create(
            (
                Account(
                    app=app,
                    openid=f"{app}{n:026d}",
                    unionid=f"u{n:027d}",
                    follows=app is App.OFFICIAL_ACCOUNT,
                    lesson_choice=True,
                )
                for n in range(count)
            ),
            batch_size=2000,
        )
    minis = await Account.filter(app=App.MINI_PROGRAM).values_list("id", flat=True)
    await Consent.bulk_create(
        (Consent(account_id=int(str(id_)), template_id=template_id, remaining=1) for id_ in minis),
        batch_size=2000,
    )


async def singles(settings: Settings, n: int) -> float:
    """Messages a second through the ledger."""
    async with world(settings) as ctx:
        await add_people(n, consenting=True, template_id=settings.lesson_template_id)
        week = await LessonWeek.get(friday=AT.date()).select_related("lesson")
        await lessons.plan(ctx, friday=week.friday)
        assert await Delivery.filter(channel=Channel.MINI_PROGRAM).count() == n
        memory.settle()  # As `serve` and `clock` do.
        started = time.perf_counter()
        outcome = await lesson_singles.send_singles(ctx, week)
        took = time.perf_counter() - started
        assert outcome["sent"] == n == await Delivery.filter(status=DeliveryStatus.SENT).count()
        return n / took


async def mass(settings: Settings) -> tuple[float, float, float]:
    """Seconds for planning, seconds for all, and MB that it took on top."""
    async with world(settings) as ctx:
        await add_people(PEOPLE, consenting=False, template_id=settings.lesson_template_id)
        week = await LessonWeek.get(friday=AT.date()).select_related("lesson")
        memory.settle()
        before = peak_memory()
        started = time.perf_counter()
        await lessons.plan(ctx, friday=week.friday)
        planned = time.perf_counter() - started
        outcome = await lesson_mass.send_mass(ctx, week)
        took = time.perf_counter() - started
        assert outcome["sent"] == PEOPLE == await Delivery.filter(status=DeliveryStatus.SENT).count()
        return planned, took, peak_memory() - before


def main() -> int:
    """Measure, print, and say whether the targets are met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=5000, help="single messages")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    port = servers.free_port()
    stub = subprocess.Popen([sys.executable, "-m", "benchmarks.push.stub", str(port)], stdout=subprocess.PIPE)
    assert stub.stdout is not None
    stub.stdout.readline()
    base = f"http://127.0.0.1:{port}"
    try:
        with servers.postgresql() as server, tempfile.TemporaryDirectory() as folder:

            def settings(name: str) -> Settings:
                postgresql = given.database == "postgresql"
                url = servers.postgresql_url(server, servers.create_database(server)) if postgresql else ""
                made = Settings(
                    _env_file=".env.demo",
                    data_dir=Path(folder) / name,
                    database_url=url,
                    wechat_api_base=base,
                )
                made.data_dir.mkdir()
                asyncio.run(schema.migrate(made, progress=lambda _: None))
                return made

            planned, took, grew = uvloop.run(mass(settings("mass")))
            print(f"mass, {PEOPLE}: planned in {planned:.1f} s, all in {took:.1f} s, memory +{grew:.0f} MB")
            sides = []
            for turn in range(TURNS):
                ours = uvloop.run(singles(settings(f"singles-{turn}"), given.n))
                ceiling = uvloop.run(bare(base, given.n))
                sides.append((ours / ceiling, ours, ceiling))
                print(
                    f"singles: ledger {ours:.0f}/s, bare client {ceiling:.0f}/s, ratio {ours / ceiling:.2f}"
                )
            ratio = sorted(sides)[TURNS // 2][0]
            beside_it = beside.run(base, people=PEOPLE, singles=given.n)
            print("beside: " + ", ".join(f"{name} {value:.1f}" for name, value in beside_it.items()))
            print(f"singles: ratio {ratio:.2f}, the middle of {TURNS}")
    finally:
        stub.kill()
    met = ratio >= RATIO and planned < PLANNING and took < ALL
    met = met and beside_it["beside_p99_ms"] < BESIDE_MS and beside_it["planning_mb"] < PLANNING_MB
    targets = f"ratio {RATIO}, planning {PLANNING} s and {PLANNING_MB} MB, all {ALL} s, p99 {BESIDE_MS} ms"
    print("targets met" if met else f"TARGETS MISSED: {targets}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
