"""A check-in through the HTTP door beside the same statements in one raw transaction, and 80 a second.

    python -m benchmarks.checkin.run [--people 1000] [--rounds 7] [--seconds 30] [--rate 80]

The raw side does what the service does (who is it, which visits, then entry, nonce and audit row) in one
asyncpg transaction; the plain side what anybody would write first, in six statements. 48,000 members within
ten minutes are 80 a second: so many come for a while whatever the service does, and wait for their answers.
After each turn each person was entered exactly once, with an audit entry.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import uvloop

from benchmarks import side_by_side
from benchmarks.side_by_side import Clock, Turn, Wire
from handlers import codes, schema
from handlers.context import open_database
from miniprogram_api import tokens
from models import (
    Account,
    App,
    AuditEntry,
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
    statements,
)
from settings import Settings
from tests import servers

BRANCHES = 40
COMES = ["confirmed", "fulfilled", "missed", "cancelled", "declined"]
WHO = "SELECT a.*, p.* FROM accounts a LEFT JOIN people p ON p.id = a.person_id WHERE a.id = $1 LIMIT 2"
VISITS = (
    "SELECT b.*, s.*, t.*, b.id AS visit FROM bookings b"
    " JOIN slots s ON s.id = b.slot_id JOIN sites t ON t.id = s.site_id"
    " WHERE b.branch_id = $1 AND b.status = ANY($2) AND s.ends_at > $3"
)


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


async def emptied(people: int) -> None:
    """Each person is there exactly once; then as if nobody had come."""
    entered, told = await CheckIn.all().count(), await AuditEntry.filter(action="checkin.created").count()
    if not entered == told == people:
        raise SystemExit(f"{entered} entries and {told} audit entries for {people} people")
    for model in (CheckIn, ScanNonce, AuditEntry):
        await model.all().delete()


def scans(settings: Settings, accounts: list[int]) -> list[bytes]:
    """What the phones send."""
    code = codes.poster(settings.secret_key.get_secret_value(), site_id="S10", version=settings.code_version)
    now = datetime.now(settings.zone)
    forms = ((id_, {"code": code, "nonce": f"n-{id_}-{time.time_ns()}"}) for id_ in accounts)
    return [side_by_side.post("/check-ins", tokens.issue(settings, id_, now)[0], form) for id_, form in forms]


async def as_the_service_does(connection: asyncpg.Connection, piece: tuple[int, int]) -> None:
    """The service's own statements."""
    account, branch = piece
    now = datetime.now(UTC)
    (who,) = await connection.fetch(statements.ACCOUNTS.statement("postgres"), [account])
    person, since = who["person_id"], now - timedelta(days=1)
    (visit,) = await connection.fetch(statements.VISITS.statement("postgres"), branch, since)
    entry = (visit[0], person, now, "poster")
    word = (f"raw-{account}-{time.time_ns()}", "x" * 64, "checked_in", now)
    assert await connection.fetch(statements.ENTER_AT_ONCE, *entry, *word, *told(person, visit[0], now))


async def as_anybody_would(connection: asyncpg.Connection, piece: tuple[int, int]) -> None:
    """One thing after the other."""
    account, branch = piece
    now = datetime.now(UTC)
    person = (await connection.fetchrow(WHO, account))["person_id"]
    visit = (await connection.fetchrow(VISITS, branch, COMES, now))["visit"]
    word = (f"raw-{account}-{time.time_ns()}", "x" * 64, "checked_in", now)
    await connection.execute(statements.WORD, *word)
    await connection.fetch(statements.ENTRY, visit, person, now, "poster")
    await connection.execute(statements.AUDIT, *told(person, visit, now))
    await connection.fetchval(statements.PRESENT, visit)


def told(person: int, visit: int, now: datetime) -> tuple[Any, ...]:
    details = json.dumps({"person": person, "source": "poster"})
    return now, f"person:{person}", "checkin.created", f"booking:{visit}", details, "x" * 32


async def paced(port: int, requests: list[bytes], rate: int) -> list[float]:
    """Milliseconds from when each person came to the answer, when `rate` a second come in any case."""
    took: list[float] = []
    idle: list[Wire] = []
    begins = time.perf_counter() + 0.2

    async def come(n: int, request: bytes) -> None:
        due = begins + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        wire = idle.pop() if idle else await Wire(port).__aenter__()
        status, body = await wire.send(request)
        took.append(1000 * (time.perf_counter() - due))
        if status != 201:
            raise SystemExit(body.decode())
        idle.append(wire)

    await asyncio.gather(*(come(n, request) for n, request in enumerate(requests)))
    return sorted(took)


async def measure(url: str, options: argparse.Namespace, clock: Clock, port: int) -> None:
    settings = Settings(_env_file=".env.demo", database_url=url)
    turns: dict[str, list[Turn]] = {"raw": [], "plain": [], "HTTP": []}
    async with open_database(url), side_by_side.connections(url) as opened:
        branches = await seed(max(options.people, options.rate * options.seconds))
        pieces = list(branches.items())[: options.people]
        ids = [id_ for id_, _ in pieces]
        for _ in range(1 + options.rounds):
            for name, do in (("raw", as_the_service_does), ("plain", as_anybody_would)):
                work = side_by_side.do_all(opened, pieces, do)
                turns[name].append(await clock.raw(len(ids), work))
                await emptied(len(ids))
            work = side_by_side.send_all(port, scans(settings, ids), expected=201)
            turns["HTTP"].append(await clock.door(len(ids), work))
            await emptied(len(ids))
        print(f"{options.rounds} rounds of {len(ids)}, {side_by_side.load()}")
        for name in turns:
            turns[name] = turns[name][1:]  # The first round was for warming up.
            print(f"  {name:6} {side_by_side.middle(turns[name])}")
        for name, goal in (("raw", " (wanted: 0.40)"), ("plain", "")):
            sides = turns["HTTP"], turns[name]
            share, by_time = side_by_side.ratio(*sides), side_by_side.ratio_by_time(*sides)
            print(f"  HTTP / {name}: {share:.2f}, by processor time {by_time:.2f}{goal}")
        coming = list(branches)[: options.rate * options.seconds]
        took = await paced(port, scans(settings, coming), options.rate)
        await emptied(len(coming))
        p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
        print(
            f"  {options.rate}/s for {options.seconds} s: p50 {p50:.1f} ms, p99 {p99:.1f} ms,"
            f" worst {took[-1]:.1f} ms (wanted: p99 under 200 ms), {side_by_side.load()}"
        )


def main() -> None:
    """Start everything, measure, stop everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rate", type=int, default=80)
    options = parser.parse_args()
    os.sched_setaffinity(0, side_by_side.LOAD_CORE)  # PostgreSQL and Redis inherit it.
    with ExitStack() as stack:
        server = stack.enter_context(servers.postgresql())
        url = servers.postgresql_url(server, servers.create_database(server))
        settings = Settings(_env_file=".env.demo", database_url=url)
        asyncio.run(schema.migrate(settings, progress=lambda _: None))
        environment = {
            "ZBT_DATABASE_URL": url,
            "ZBT_REDIS_URL": stack.enter_context(servers.redis()),
            "ZBT_DATA_DIR": stack.enter_context(tempfile.TemporaryDirectory()),
        }
        port, serving = stack.enter_context(side_by_side.service(environment))
        clock = Clock(serving, side_by_side.postmaster(server))
        uvloop.run(measure(url, options, clock, port))


if __name__ == "__main__":
    main()
