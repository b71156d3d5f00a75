"""Two hundred branches want the last places of the same slots, over HTTP and in several processes.

    python -m benchmarks.booking.run [--rounds 30] [--processes 4] [--database sqlite|postgresql]
    python -m benchmarks.booking.run --without-guard     # must end with places sold twice
    python -m benchmarks.booking.run --kill              # processes are killed (-9) while they book

Each round: everybody books one of two slots with too few places, some for several people; then half of
those who got places give them up while everybody else asks again. Afterwards each slot must have promised
exactly what its bookings say, and never more than it has; every booking has its audit entry; and nobody
was told “full” while as many places were left. `--rounds 1000` is the whole trial.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

import aiohttp
import uvloop

from benchmarks.booking import town
from handlers import schema
from handlers.context import open_database
from models import HOLDING, AuditEntry, Booking, Slot
from settings import Settings
from tests import servers

ROOT = Path(__file__).parent.parent.parent
CAPACITY = 40
SLOTS = 2


class Door:
    """One server process."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.port = servers.free_port()
        self.environment = environment
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.booking.server", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise SystemExit("a server did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


def environment(url: str, *, without_guard: bool = False) -> dict[str, str]:
    """The demo's settings, over this database and without limits on senders."""
    lines = (ROOT / ".env.demo").read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    ours = {
        "ZBT_DATABASE_URL": url,
        "ZBT_API_REQUESTS_PER_MINUTE": "0",
        "ZBT_OPEN_BOOKINGS_PER_BRANCH": "1000000",
        "ZBT_LOG_LEVEL": "ERROR",
    }
    return {**os.environ, **values, **ours} | ({"WITHOUT_GUARD": "1"} if without_guard else {})


class Trial:
    """So many rounds over one database."""

    def __init__(self, settings: Settings, doors: list[Door], tokens: list[str], *, kill: bool) -> None:
        self.settings, self.doors, self.tokens, self.kill = settings, doors, tokens, kill
        self.said: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.chance = random.Random(11)

    async def run(self, rounds: int) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            self.session = session
            for number in range(rounds):
                await self.round(number)

    async def round(self, number: int) -> None:
        async with open_database(self.settings.resolved_database_url):
            ids = await town.slots(self.settings, count=SLOTS, capacity=CAPACITY, first=number * SLOTS)
        heads = 1 if number % 2 == 0 else 4
        wishes = [
            (n, self.chance.choice(ids), self.chance.randint(1, heads)) for n in range(len(self.tokens))
        ]
        killer = asyncio.create_task(self.kill_one()) if self.kill else None
        got = await asyncio.gather(*(self.book(*wish) for wish in wishes))
        if heads == 1 and not self.kill:
            await self.check_sold_out(ids)
        have = [(n, booking_id) for (n, _, _), booking_id in zip(wishes, got, strict=True) if booking_id]
        give_up = have[::2]
        empty = [wish for wish, booking_id in zip(wishes, got, strict=True) if not booking_id]
        await asyncio.gather(
            *(self.cancel(n, booking_id) for n, booking_id in give_up), *(self.book(*wish) for wish in empty)
        )
        if killer is not None:
            await killer
        await self.check(ids)

    async def kill_one(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.02, 0.5))
        door = self.chance.choice(self.doors)
        await asyncio.to_thread(door.kill)
        await asyncio.to_thread(door.start)

    async def book(self, n: int, slot_id: int, headcount: int) -> int | None:
        wish = {"slot_id": slot_id, "headcount": headcount, "theme": "主题党日"}
        status, body = await self.post(n, "/bookings", wish)
        return int(body["id"]) if status == 201 else None

    async def cancel(self, n: int, booking_id: int) -> None:
        await self.post(n, f"/bookings/{booking_id}/cancel", None)

    async def post(self, n: int, path: str, form: object) -> tuple[int, dict[str, object]]:
        url = f"http://127.0.0.1:{self.doors[n % len(self.doors)].port}/api/v1{path}"
        headers = {"Authorization": f"Bearer {self.tokens[n]}"}
        try:
            async with self.session.post(url, json=form, headers=headers) as response:
                body = await response.json(content_type=None)
                self.said[f"{response.status} {body.get('code', '')}".strip()] += 1
                self.wrong["5xx"] += response.status >= 500
                return response.status, body
        except (aiohttp.ClientError, OSError):
            self.said["connection lost"] += 1
            self.wrong["connections lost without a kill"] += not self.kill
            return 0, {}

    async def check_sold_out(self, ids: list[int]) -> None:
        """Where everybody wants one place and more want one than there are, none may be left."""
        async with open_database(self.settings.resolved_database_url):
            for slot in await Slot.filter(id__in=ids):
                self.wrong["places lost"] += slot.taken < CAPACITY

    async def check(self, ids: list[int]) -> None:
        async with open_database(self.settings.resolved_database_url):
            for slot in await Slot.filter(id__in=ids):
                rows = await Booking.filter(slot_id=slot.id)
                promised = sum(row.headcount for row in rows if row.status in HOLDING)
                self.wrong["places sold twice"] += max(promised, slot.taken) > slot.capacity
                self.wrong["places miscounted"] += promised != slot.taken
                subjects = [f"booking:{row.id}" for row in rows]
                told = await AuditEntry.filter(action="booking.created", subject__in=subjects).count()
                self.wrong["bookings without audit"] += told != len(rows)


def trial(url: str, options: argparse.Namespace) -> Trial:
    """One database: build the town, start the processes, run the rounds."""
    values = environment(url, without_guard=options.without_guard)
    settings = Settings(_env_file=".env.demo", database_url=url)
    asyncio.run(schema.migrate(settings, progress=lambda _: None))
    tokens = asyncio.run(town.build(settings, options.clients))
    doors = [Door(values) for _ in range(options.processes)]
    trial = Trial(settings, doors, tokens, kill=options.kill)
    try:
        began = perf_counter()
        uvloop.run(trial.run(options.rounds))
        took = perf_counter() - began
    finally:
        for door in doors:
            door.kill()
    wrong = {name: count for name, count in trial.wrong.items() if count}
    print(f"{url.partition(':')[0]}: {options.rounds} rounds in {took:.0f} s, {dict(trial.said)}")
    print(f"  wrong: {wrong or 'nothing'}", flush=True)
    return trial


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    parser.add_argument("--without-guard", action="store_true")
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        urls = []
        if options.database != "postgresql":
            urls.append(f"sqlite://{stack.enter_context(tempfile.TemporaryDirectory())}/booking.sqlite3")
        if options.database != "sqlite":
            server = stack.enter_context(servers.postgresql())
            urls.append(servers.postgresql_url(server, servers.create_database(server)))
        wrong = sum(sum(trial(url, options).wrong.values()) for url in urls)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
