"""How long a branch's year of 200 records takes as PDF and as Word, and whether anything waits meanwhile.

    taskset -c 0 python -m benchmarks.handbook.book [--records 200]

Every record is signed as a person would sign it. Goal: 10 s on one core. Told are clock and CPU, the longest
that the event loop kept others waiting while the file was made, when each word on progress came, and memory.
"""

import argparse
import asyncio
import resource
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

from handlers import record_documents, schema
from handlers.context import Context, open_database, open_redis
from handlers.record_documents import Document, Paper, Progress
from settings import Settings
from tests.fakes import FakeWeChat
from tests.handlers.branch_book import open_book, party_day, signed

END = datetime.fromisoformat("2026-12-28T09:00:00+08:00")
TICK = 0.005


async def longest_wait(found: list[float]) -> None:
    """How late a task comes that only wants to be called every few milliseconds."""
    while True:
        before = perf_counter()
        await asyncio.sleep(TICK)
        found[0] = max(found[0], perf_counter() - before - TICK)


async def measure(ctx: Context, kind: Paper) -> None:
    """One kind of file."""
    late, told = [0.0], list[str]()
    watch = asyncio.create_task(longest_wait(late))
    begun, cpu = perf_counter(), process_time()
    async for part in record_documents.year_pages(ctx, year=2026, kind=kind):
        if isinstance(part, Progress) and part.stage == "排版":
            told.append(f"{part.done}/{part.total} at {perf_counter() - begun:.1f} s")
        elif isinstance(part, Document):
            size = len(part.content)
    took, worked = perf_counter() - begun, process_time() - cpu
    watch.cancel()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{kind}: {took:.1f} s, CPU {worked:.1f} s, {size / 1024:.0f} KiB; others waited at most"
        f" {late[0] * 1000:.0f} ms; process at most {memory:.0f} MiB"
    )
    print(f"    told {len(told)} times: {', '.join(told[:: max(1, len(told) // 6)])}")


async def main() -> None:
    """Fill a year and print it."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--records", type=int, default=200)
    wanted = given.parse_args().records
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=".env.demo", data_dir=Path(folder), database_url=f"sqlite://{folder}/book.sqlite3"
        )
        await schema.migrate(settings, progress=lambda _: None)
        zone = ZoneInfo(settings.timezone)
        async with open_database(settings.resolved_database_url), open_redis("memory://") as redis:
            ctx = Context(
                settings, redis, FakeWeChat(), now=lambda: END.astimezone(zone) + timedelta(hours=9)
            )
            book = await open_book(ctx)
            for at in range(wanted):
                day = END - timedelta(days=at * 360 // wanted, hours=at % 3)
                await signed(book.ctx, "T09", party_day(book, day))
            for kind in (Paper.PDF, Paper.WORD):
                await measure(book.ctx, kind)


if __name__ == "__main__":
    asyncio.run(main())
