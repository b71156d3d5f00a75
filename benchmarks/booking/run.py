"""Two hundred branches want the last places of the same slots, over HTTP and in several processes.

    python -m benchmarks.booking.run [--rounds 30] [--clients 200] [--processes 4] [--database postgresql]
    python -m benchmarks.booking.run --without-guard     # must end with places sold twice
    python -m benchmarks.booking.run --kill              # processes are killed (-9) while they book

Each round: everybody books one of two slots with too few places, some for several people; then half of
those who got places give them up while everybody else asks again. Afterwards each slot must have promised
exactly what its bookings say, and never more than it has; every booking has its audit entry, and no entry
is without its booking; and nobody was told “full” while as many places were left.

With `--kill`, each round one process dies while it books: one of the service's, and now and then one of
PostgreSQL's, which then recovers. In every second round the requests carry a key, and what was answered
under it must be what is there. `--rounds 1000` is the whole trial.
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
import psutil
import uvloop

from benchmarks.booking import town
from benchmarks.side_by_side import load, postmaster
from handlers import schema
from handlers.context import open_database
from models import HOLDING, AuditEntry, Booking, IdempotencyKey, Slot
from settings import Settings
from tests import servers

ROOT = Path(__file__).parent.parent.parent
SLOTS = 2
DATABASE_DIES_EVERY = 5


class Door:
    """One server process."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.port = servers.free_port()
        self.environment = environment
        self.up = False
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.booking.server", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self.process.stdout is not None
        self.up = bool(self.process.stdout.readline())

    def kill(self) -> None:
        self.up = False
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
    }
    return {**os.environ, **values, **ours} | ({"WITHOUT_GUARD": "1"} if without_guard else {})


class Trial:
    """So many rounds over one database; `database` is PostgreSQL's first process where it may be hit."""

    def __init__(
        self, doors: list[Door], tokens: list[str], *, kill: bool, database: psutil.Process | None
    ) -> None:
        self.doors, self.tokens, self.kill, self.database = doors, tokens, kill, database
        self.capacity = len(tokens) // 5
        self.said: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.chance = random.Random(11)
        self.keyed = False
        self.starting: set[asyncio.Task[None]] = set()

    async def run(self, settings: Settings, rounds: int) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            open_database(settings.resolved_database_url),
        ):
            self.session = session
            for number in range(rounds):
                while sum(door.up for door in self.doors) < min(3, len(self.doors)):
                    await asyncio.wait(self.starting, return_when=asyncio.FIRST_COMPLETED)
                await self.round(settings, number)
            if self.starting:
                await asyncio.wait(self.starting)

    async def round(self, settings: Settings, number: int) -> None:
        ids = await town.slots(settings, count=SLOTS, capacity=self.capacity, first=number * SLOTS)
        self.keyed = self.kill and number % 2 == 1
        heads = 1 if number % 2 == 0 else 4
        wishes = [
            (n, self.chance.choice(ids), self.chance.randint(1, heads)) for n in range(len(self.tokens))
        ]
        killer = asyncio.create_task(self.kill_one(number)) if self.kill else None
        got = await asyncio.gather(*(self.book(*wish, f"{number}-{wish[0]}-a") for wish in wishes))
        if heads == 1 and not self.kill:
            await self.check_sold_out(ids)
        have = [(n, booking_id) for (n, _, _), booking_id in zip(wishes, got, strict=True) if booking_id]
        give_up = have[::2]
        empty = [wish for wish, booking_id in zip(wishes, got, strict=True) if not booking_id]
        await asyncio.gather(
            *(self.cancel(n, booking_id) for n, booking_id in give_up),
            *(self.book(*wish, f"{number}-{wish[0]}-b") for wish in empty),
        )
        if killer is not None:
            await killer
        await self.check(ids)

    async def kill_one(self, number: int) -> None:
        await asyncio.sleep(self.chance.uniform(0.02, 0.5))
        if self.database is not None and number % DATABASE_DIES_EVERY == 0:
            await self.kill_database(self.database)
            return
        door = self.chance.choice([door for door in self.doors if door.up])
        self.killed["service"] += 1
        await asyncio.to_thread(door.kill)
        starting = asyncio.create_task(asyncio.to_thread(door.start))
        self.starting.add(starting)
        starting.add_done_callback(self.starting.discard)

    async def kill_database(self, first: psutil.Process) -> None:
        """Kill one of its processes; it ends all the others and recovers what was committed."""
        serving = [process for process in first.children() if "[local]" in " ".join(process.cmdline())]
        if not serving:
            return
        self.killed["PostgreSQL"] += 1
        self.chance.choice(serving).send_signal(signal.SIGKILL)
        for _ in range(300):
            await asyncio.sleep(0.1)
            try:
                await Slot.all().count()
            except Exception:  # noqa: S112 (whatever it says while it recovers)
                continue
            return
        raise SystemExit("PostgreSQL did not come back")

    async def book(self, n: int, slot_id: int, headcount: int, key: str) -> int | None:
        wish = {"slot_id": slot_id, "headcount": headcount, "theme": "主题党日"}
        status, body = await self.post(n, "/bookings", wish, {"Idempotency-Key": key} if self.keyed else {})
        return int(str(body["id"])) if status == 201 else None

    async def cancel(self, n: int, booking_id: int) -> None:
        await self.post(n, f"/bookings/{booking_id}/cancel", None, {})

    async def post(
        self, n: int, path: str, form: object, more: dict[str, str]
    ) -> tuple[int, dict[str, object]]:
        up = [door for door in self.doors if door.up] or self.doors
        url = f"http://127.0.0.1:{up[n % len(up)].port}/api/v1{path}"
        headers = {"Authorization": f"Bearer {self.tokens[n]}", **more}
        try:
            async with self.session.post(url, json=form, headers=headers) as response:
                body = await response.json(content_type=None)
                self.said[f"{response.status} {body.get('code', '')}".strip()] += 1
                self.wrong["5xx without a kill"] += response.status >= 500 and not self.kill
                return response.status, body
        except (aiohttp.ClientError, OSError):
            self.said["connection lost"] += 1
            self.wrong["connections lost without a kill"] += not self.kill
            return 0, {}

    async def check_sold_out(self, ids: list[int]) -> None:
        """Where everybody wants one place and more want one than there are, none may be left."""
        for slot in await Slot.filter(id__in=ids):
            self.wrong["places lost"] += slot.taken < self.capacity

    async def check(self, ids: list[int]) -> None:
        rows = await Booking.filter(slot_id__in=ids)
        for slot in await Slot.filter(id__in=ids):
            promised = sum(row.headcount for row in rows if row.slot_id == slot.id and row.status in HOLDING)
            self.wrong["places sold twice"] += max(promised, slot.taken) > slot.capacity
            self.wrong["places miscounted"] += promised != slot.taken
        booked = {row.id for row in rows}
        told = {entry.subject for entry in await AuditEntry.filter(action="booking.created")}
        self.wrong["bookings without audit or audit without bookings"] += told != {
            f"booking:{id_}" for id_ in booked
        }
        if self.keyed:
            answered = {row.body["id"] for row in await IdempotencyKey.filter(status=201)}
            self.wrong["bookings without answer or answers without booking"] += answered != booked
        await IdempotencyKey.all().delete()
        await AuditEntry.all().delete()


def trial(url: str, options: argparse.Namespace, database: psutil.Process | None) -> Trial:
    """One database: build the town, start the processes, run the rounds."""
    values = environment(url, without_guard=options.without_guard)
    settings = Settings(_env_file=".env.demo", database_url=url)
    asyncio.run(schema.migrate(settings, progress=lambda _: None))
    tokens = asyncio.run(town.build(settings, options.clients))
    doors = [Door(values) for _ in range(options.processes)]
    if not all(door.up for door in doors):
        raise SystemExit("a server did not start")
    trial = Trial(doors, tokens, kill=options.kill, database=database)
    try:
        began = perf_counter()
        uvloop.run(trial.run(settings, options.rounds))
        took = perf_counter() - began
    finally:
        for door in doors:
            door.kill()
    wrong = {name: count for name, count in trial.wrong.items() if count}
    name, killed = url.partition(":")[0], f", killed {dict(trial.killed)}" if options.kill else ""
    print(f"{name}: {options.rounds} rounds of {options.clients} in {took:.0f} s, {load()}{killed}")
    print(f"  said: {dict(trial.said)}\n  wrong: {wrong or 'nothing'}", flush=True)
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
    trials = []
    with ExitStack() as stack:
        if options.database != "postgresql":
            directory = stack.enter_context(tempfile.TemporaryDirectory())
            trials.append(trial(f"sqlite://{directory}/booking.sqlite3", options, None))
        if options.database != "sqlite":
            server = stack.enter_context(servers.postgresql())
            url = servers.postgresql_url(server, servers.create_database(server))
            trials.append(trial(url, options, postmaster(server)))
    raise SystemExit(any(sum(one.wrong.values()) for one in trials))


if __name__ == "__main__":
    main()
