"""A check-in through the HTTP door beside the same statements in one raw transaction, and 80 a second.

    python -m benchmarks.checkin.run [--people 3000] [--seconds 30] [--rate 80]

PostgreSQL and Redis from the package index; the service (or the raw client) on one core, the databases and
the load on the other. Both do what a member's scan does: who is it, which visits, then nonce, entry and
audit row in one transaction, and a count. Every run checks that each person was entered exactly once.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import asyncpg
import psutil

from handlers import codes
from handlers.context import open_database
from miniprogram_api import tokens
from models import (
    Account,
    App,
    Booking,
    BookingStatus,
    CheckIn,
    Duty,
    Organization,
    OrganizationKind,
    Person,
    Role,
    ScanNonce,
    Site,
    SiteCategory,
    Slot,
)
from settings import Settings
from tests import servers

SERVER_CORE, LOAD_CORE = {0}, {1}
CONNECTIONS = 32
BRANCHES = 40
POOL = 10
ROUNDS = 3
WHO = "SELECT a.*, p.* FROM accounts a LEFT JOIN people p ON p.id = a.person_id WHERE a.id = $1 LIMIT 2"
VISITS = (
    "SELECT b.*, s.*, t.*, b.id AS visit FROM bookings b"
    " JOIN slots s ON s.id = b.slot_id JOIN sites t ON t.id = s.site_id"
    " WHERE b.branch_id = $1 AND b.status = ANY($2) AND s.ends_at > $3"
)
NONCE = "INSERT INTO scan_nonces (key, said, status, at) VALUES ($1, $2, 'checked_in', $3)"
ENTRY = "INSERT INTO check_ins (booking_id, person_id, at, source) VALUES ($1, $2, $3, 'poster') RETURNING id"
AUDIT = (
    "INSERT INTO audit_entries (at, actor, action, subject, details, request_id)"
    " VALUES ($1, $2, 'checkin.created', $3, $4, $5) RETURNING id"
)
PRESENT = "SELECT COUNT(*) FROM check_ins WHERE booking_id = $1"


async def seed(people: int) -> dict[int, int]:
    """Branches that are all expected at one site now; account ids with their persons' branches."""
    now = datetime.now(UTC)
    district = await Organization.create(code="ZC", name="区", kind=OrganizationKind.DISTRICT, path="0001")
    site = await Site.create(
        id="S10", name="齐风馆", category=SiteCategory.URBAN, town="某街道", owner=district, longitude=117.9,
        latitude=36.6, capacity=500, opening={},
    )  # fmt: skip
    slot = await Slot.create(
        site=site, starts_at=now - timedelta(minutes=5), ends_at=now + timedelta(hours=3), capacity=10**6
    )
    branches = []
    for n in range(BRANCHES):
        branch = await Organization.create(
            code=f"ZC{n:02}",
            name=f"支部{n}",
            kind=OrganizationKind.BRANCH,
            path=f"0001{n:04}",
            parent=district,
        )
        branches.append(branch.id)
        await Booking.create(
            slot=slot, branch=branch, headcount=500, theme="主题党日", status=BookingStatus.CONFIRMED,
            live_key=f"{slot.id}:{branch.id}", created_at=now,
        )  # fmt: skip
    await Person.bulk_create(
        (Person(name=f"演示{n}", organization_id=branches[n % BRANCHES]) for n in range(people)),
        batch_size=1000,
    )
    rows = await Person.all().order_by("id")
    await Duty.bulk_create(
        (Duty(person_id=row.id, role=Role.MEMBER, organization_id=row.organization_id) for row in rows),
        batch_size=1000,
    )
    await Account.bulk_create(
        (Account(app=App.MINI_PROGRAM, openid=f"m{row.id:027d}", person_id=row.id) for row in rows),
        batch_size=1000,
    )
    accounts = await Account.all().order_by("id").select_related("person")
    return {row.id: row.person.organization_id for row in accounts if row.person}


async def empty() -> None:
    """As if nobody had come."""
    await CheckIn.all().delete()
    await ScanNonce.all().delete()


async def everybody_once(people: int) -> None:
    """Each person is there, exactly once."""
    found = await CheckIn.all().count()
    if found != people:
        raise SystemExit(f"{found} entries for {people} people")


async def through_http(base: str, settings: Settings, accounts: list[int]) -> float:
    """Check-ins a second."""
    code = codes.poster(settings.secret_key.get_secret_value(), site_id="S10", version=settings.code_version)
    now = datetime.now(settings.zone)
    waiting = iter([(id_, tokens.issue(settings, id_, now)[0]) for id_ in accounts])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

        async def send() -> None:
            for id_, token in waiting:
                await post(session, base, token, code, f"n-{id_}-{time.time_ns()}")

        return await per_second(len(accounts), send)


async def post(session: aiohttp.ClientSession, base: str, token: str, code: str, nonce: str) -> None:
    async with session.post(
        f"{base}/api/v1/check-ins",
        json={"code": code, "nonce": nonce},
        headers={"Authorization": f"Bearer {token}"},
    ) as response:
        if response.status != 201:
            raise SystemExit(await response.text())


async def per_second(count: int, send: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return count / (time.perf_counter() - started)


async def raw(url: str, accounts: dict[int, int]) -> float:
    """The same statements a second, without a door."""
    waiting = iter(accounts.items())
    host, name = url.partition("?host=")[2], url.partition("@/")[2].partition("?")[0]
    async with asyncpg.create_pool(
        user="postgres", host=host, database=name, min_size=POOL, max_size=POOL
    ) as pool:

        async def send() -> None:
            for id_, branch_id in waiting:
                async with pool.acquire() as connection:
                    await one(connection, id_, branch_id)

        return await per_second(len(accounts), send)


async def one(connection: asyncpg.Connection, account_id: int, branch_id: int) -> None:
    now = datetime.now(UTC)
    async with connection.transaction():
        who = await connection.fetchrow(WHO, account_id)
        visit = await connection.fetchrow(
            VISITS, branch_id, ["confirmed", "fulfilled", "missed", "cancelled", "declined"], now
        )
        person = who["person_id"]
        await connection.execute(NONCE, f"raw-{account_id}-{time.time_ns()}", "x" * 64, now)
        await connection.fetchval(ENTRY, visit["visit"], person, now)
        details = json.dumps({"person": person, "source": "poster"})
        await connection.fetchval(
            AUDIT, now, f"person:{person}", f"booking:{visit['visit']}", details, "x" * 32
        )
        await connection.fetchval(PRESENT, visit["visit"])


async def paced(base: str, settings: Settings, accounts: list[int], rate: int) -> list[float]:
    """Milliseconds each check-in took, when `rate` people a second come whatever the service does."""
    code = codes.poster(settings.secret_key.get_secret_value(), site_id="S10", version=settings.code_version)
    now, took = datetime.now(settings.zone), []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        begins = asyncio.get_running_loop().time() + 0.2

        async def come(n: int, id_: int) -> None:
            due = begins + n / rate
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            await post(session, base, tokens.issue(settings, id_, now)[0], code, f"p-{id_}-{time.time_ns()}")
            took.append(1000 * (asyncio.get_running_loop().time() - due))

        await asyncio.gather(*(come(n, id_) for n, id_ in enumerate(accounts)))
    return took


def cpu(process: psutil.Process) -> float:
    """Seconds of processor time so far: a busy neighbour disturbs them less than the clock on the wall."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(args: argparse.Namespace, url: str, base: str, serving: psutil.Process) -> None:
    settings = Settings(_env_file=".env.demo", database_url=url)
    async with open_database(url):
        wanted = max(args.people, args.rate * args.seconds)
        accounts = await seed(wanted)
        ids = list(accounts)[: args.people]
        ratios = []
        for _ in range(ROUNDS):
            os.sched_setaffinity(0, SERVER_CORE)
            used = cpu(psutil.Process())
            bare = await raw(url, {id_: accounts[id_] for id_ in ids})
            bare_each = 1000 * (cpu(psutil.Process()) - used) / len(ids)
            os.sched_setaffinity(0, LOAD_CORE)
            await everybody_once(len(ids))
            await empty()
            used = cpu(serving)
            ours = await through_http(base, settings, ids)
            each = 1000 * (cpu(serving) - used) / len(ids)
            await everybody_once(len(ids))
            await empty()
            ratios.append(ours / bare)
            print(
                f"raw {bare:7.0f}/s ({bare_each:.2f} ms CPU)   HTTP {ours:7.0f}/s ({each:.2f} ms CPU)"
                f"   ratio {ours / bare:.2f}",
                flush=True,
            )
        print(f"median ratio {statistics.median(ratios):.2f} (wanted: 0.40)")
        coming = list(accounts)[: args.rate * args.seconds]
        took = sorted(await paced(base, settings, coming, args.rate))
        await everybody_once(len(coming))
        p99 = took[int(len(took) * 0.99)]
        print(
            f"{args.rate}/s for {args.seconds} s: p50 {took[len(took) // 2]:.1f} ms, p99 {p99:.1f} ms,"
            f" worst {took[-1]:.1f} ms (wanted: p99 under 200 ms)"
        )


def main() -> None:
    """Start everything, measure, stop everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rate", type=int, default=80)
    args = parser.parse_args()
    os.sched_setaffinity(0, LOAD_CORE)  # PostgreSQL and Redis inherit it.
    with servers.postgresql() as server, servers.redis() as redis, tempfile.TemporaryDirectory() as data:
        url, port = servers.postgresql_url(server, servers.create_database(server)), servers.free_port()
        environment = os.environ | {
            "ZBT_DATABASE_URL": url, "ZBT_REDIS_URL": redis, "ZBT_DATA_DIR": data,
            "ZBT_API_REQUESTS_PER_MINUTE": "0", "ZBT_LOG_LEVEL": "WARNING",
        }  # fmt: skip
        python = [sys.executable, "-m", "benchmarks.checkin.server"]
        serving = subprocess.Popen([*python, str(port)], env=environment, stdout=subprocess.PIPE)
        try:
            if not (serving.stdout and serving.stdout.readline()):
                raise SystemExit("the service did not start")
            asyncio.run(measure(args, url, f"http://127.0.0.1:{port}", psutil.Process(serving.pid)))
        finally:
            serving.terminate()
            serving.wait(20)


if __name__ == "__main__":
    main()
