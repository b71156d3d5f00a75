"""How long finding sites takes: by words, by pinyin, by position, over 27 sites and over 10,000.

    python -m benchmarks.sites.run [--sites 27 10000] [--looks 500]

Times one use-case call, from the question to the rows, on SQLite and PostgreSQL. Goal: p99 under 10 ms.
Beside the clock on the wall stands this process's own time, which busy neighbours disturb less.
"""

import argparse
import asyncio
import os
import random
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

from handlers import memory, schema, sites
from handlers.context import Context, open_database, open_redis
from handlers.positions import Point
from models import Site, SiteCategory
from settings import Settings
from tests import servers
from tests.fakes import FakeWeChat

NAMES = "先锋红色乡村社区振兴记忆长廊党群驿站课堂工坊会客厅家风议事护水岭上果香联户连心"
TOWNS = ("太河镇", "西河镇", "般阳路街道", "松龄路街道", "将军路街道", "钟楼街道", "洪山镇", "罗村镇")
WORDS = ("太河", "thz", "taihe", "hongse", "xczx", "党群 驿站", "banyang", "没有这样的", "dq", "课堂")


async def measure(url: str, count: int, looks: int) -> None:
    """One database, one number of sites."""
    settings = Settings(_env_file=".env.demo", database_url=url)
    await schema.migrate(settings, progress=lambda _: None)
    chance = random.Random(7)
    async with open_database(url), open_redis("memory://") as redis:
        zone = ZoneInfo(settings.timezone)
        ctx = Context(settings, redis, FakeWeChat(), now=lambda: datetime.now(zone))
        rows = [site(number, chance) for number in range(count)]
        await Site.bulk_create(rows, batch_size=500)
        memory.settle()  # As `serve` does, before anybody has searched.
        began = perf_counter()
        await sites.list_sites(ctx, q="太河")
        first = perf_counter() - began
        kinds: dict[str, list[float]] = {"words": [], "near": [], "words and near": []}
        used: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(looks):
            near = Point(chance.uniform(117.7, 118.2), chance.uniform(36.3, 36.75))
            word = chance.choice(WORDS)
            for kind, question in (
                ("words", {"q": word}),
                ("near", {"near": near}),
                ("words and near", {"q": word, "near": near}),
            ):
                began, before = perf_counter(), process_time()
                await sites.list_sites(ctx, limit=20, **question)  # type: ignore[arg-type]
                used[kind].append(process_time() - before)
                kinds[kind].append(perf_counter() - began)
    name = url.partition(":")[0]
    for kind, times in kinds.items():
        shown = [
            f"{sorted(values)[int(len(values) * share)] * 1e3:.2f}"
            for values in (times, used[kind])
            for share in (0.5, 0.99)
        ]
        print(f"| {name} | {count} | {kind} | {' | '.join(shown)} | {first * 1e3:.0f} |", flush=True)


def site(number: int, chance: random.Random) -> Site:
    """An invented site."""
    name = "".join(chance.choices(NAMES, k=8))
    return Site(
        id=f"X{number:05}",
        name=f"{name}{number}",
        category=chance.choice(list(SiteCategory)),
        town=chance.choice(TOWNS),
        longitude=chance.uniform(117.7, 118.2),
        latitude=chance.uniform(36.3, 36.75),
        capacity=30,
        opening={"hours": []},
        intro="".join(chance.choices(NAMES, k=40)),
        services=["theme_day", "party_lesson"],
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sites", type=int, nargs="+", default=[27, 10_000])
    parser.add_argument("--looks", type=int, default=500)
    options = parser.parse_args()
    print(f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    print("| database | sites | by | p50 ms | p99 ms | CPU p50 ms | CPU p99 ms | first ms |")
    print("|---|---|---|---|---|---|---|---|")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(servers.postgresql(durable=False))
        for count in options.sites:
            postgres = servers.postgresql_url(server, servers.create_database(server))
            for url in (f"sqlite://{directory / f'{count}.sqlite3'}", postgres):
                asyncio.run(measure(url, count, options.looks))


if __name__ == "__main__":
    main()
