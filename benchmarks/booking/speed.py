"""A booking through the HTTP door beside the same statements in one raw transaction; one slot beside many.

    python -m benchmarks.booking.speed [--branches 400] [--rounds 7] [--database postgresql|sqlite]

Every branch books once a round: each a slot that few want, or all of them the same one. The raw side does
what the service does (who is it, which branch and slot, then claim, row and audit entry) in one asyncpg
transaction; the plain side what anybody would write first, in eight statements, its row lock waiting for the
client. After each turn every booking must be there, with its places and its audit entry.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from datetime import UTC, datetime
from typing import Any

import asyncpg
import uvloop

from benchmarks import side_by_side
from benchmarks.booking import town
from benchmarks.side_by_side import Clock, Turn
from handlers import schema
from handlers.context import open_database
from models import AuditEntry, Booking, IdempotencyKey, Slot, statements
from models.readings import in_dialect
from settings import Settings
from tests import servers

SLOTS = 100
ROOM = 10**6
THEME = "主题党日"
DUTY = (
    "SELECT d.*, o.* FROM duties d JOIN organizations o ON o.id = d.organization_id"
    " WHERE d.person_id = $1 AND d.role = 'branch_worker'"
)
SLOT = "SELECT s.*, t.* FROM slots s JOIN sites t ON t.id = s.site_id WHERE s.id = $1"
CLAIM = (
    "UPDATE slots SET taken = taken + $2 WHERE id = $1 AND NOT closed AND taken + $2 <= capacity RETURNING id"
)
LOCK = "SELECT id FROM organizations WHERE id = $1 FOR NO KEY UPDATE"
OTHERS = (
    "SELECT s.starts_at, s.ends_at, t.name FROM bookings b JOIN slots s ON s.id = b.slot_id"
    " JOIN sites t ON t.id = s.site_id WHERE b.branch_id = $1 AND s.ends_at > $2"
    " AND b.status IN ('requested', 'confirmed', 'offered', 'waiting')"
)
BOOK = (
    "INSERT INTO bookings (slot_id, branch_id, booked_by_id, headcount, theme, status, reason, live_key,"
    " created_at) VALUES ($1, $2, $2, 1, $3, 'confirmed', '', $4, $5) RETURNING id"
)


class Trial:
    """One database and one service; `wishes` are branches with the slots they want."""

    def __init__(self, url: str, clock: Clock, port: int, tokens: list[str], slots: list[int]) -> None:
        self.url, self.clock, self.port, self.tokens, self.slots = url, clock, port, tokens, slots
        self.opened: list[asyncpg.Connection] = []
        self.turns: dict[str, list[Turn]] = {}
        self.number = 0

    def wishes(self, *, hot: bool) -> list[tuple[int, int]]:
        return [(n + 1, self.slots[0 if hot else n % SLOTS]) for n in range(len(self.tokens))]

    async def round(self) -> None:
        for hot in (False, True):
            where = "one slot" if hot else "many slots"
            if self.url.startswith("postgres"):
                for name, do in (("raw", as_the_service_does), ("plain", as_anybody_would)):
                    work = side_by_side.do_all(self.opened, self.wishes(hot=hot), do)
                    await self.turn(f"{name}, {where}", self.clock.raw(len(self.tokens), work))
            else:
                work = asyncio.to_thread(in_sqlite, self.url, self.wishes(hot=hot))
                await self.turn(f"raw, {where}", self.clock.raw(len(self.tokens), work))
            for keyed in (False, True):
                work = side_by_side.send_all(self.port, list(self.requests(hot, keyed)), expected=201)
                name = f"HTTP{' with a key' if keyed else ''}, {where}"
                await self.turn(name, self.clock.door(len(self.tokens), work))

    def requests(self, hot: bool, keyed: bool) -> Iterator[bytes]:
        self.number += 1
        for branch, slot in self.wishes(hot=hot):
            headers = {"Idempotency_Key": f"{self.number}-{branch}"} if keyed else {}
            form = {"slot_id": slot, "headcount": 1, "theme": THEME}
            yield side_by_side.post("/bookings", self.tokens[branch - 1], form, **headers)

    async def turn(self, name: str, turn: Any) -> None:
        self.turns.setdefault(name, []).append(await turn)
        async with open_database(self.url):
            booked = await Booking.all().count()
            told = await AuditEntry.filter(action="booking.created").count()
            places = sum(slot.taken for slot in await Slot.all())
            if not booked == told == places == len(self.tokens):
                raise SystemExit(f"{name}: {booked} bookings, {told} told, {places} places")
            for model in (Booking, AuditEntry, IdempotencyKey):
                await model.all().delete()
            await Slot.all().update(taken=0)

    def show(self) -> None:
        for name, turns in self.turns.items():
            print(f"  {name:28} {side_by_side.middle(turns)}")
        for where in ("many slots", "one slot"):
            for name in (name for name in ("raw", "plain") if f"{name}, {where}" in self.turns):
                sides = self.turns[f"HTTP, {where}"], self.turns[f"{name}, {where}"]
                goal, by_time = " (wanted: 0.40)" * (name == "raw"), side_by_side.ratio_by_time(*sides)
                share = side_by_side.ratio(*sides)
                print(f"  HTTP / {name}, {where}: {share:.2f}, by processor time {by_time:.2f}{goal}")
        for name in ("HTTP", "HTTP with a key"):
            share = side_by_side.ratio(self.turns[f"{name}, one slot"], self.turns[f"{name}, many slots"])
            print(f"  {name}: one slot / many slots: {share:.2f} (wanted: 0.70)")


def told(branch: int, slot: int) -> tuple[str, str]:
    return f"person:{branch}", json.dumps({"slot": slot, "branch": branch, "headcount": 1})


async def as_the_service_does(connection: asyncpg.Connection, wish: tuple[int, int]) -> None:
    """The service's own statements; branch, worker and account of one number belong together."""
    branch, slot = wish
    now = datetime.now(UTC)
    (who,) = await connection.fetch(statements.ACCOUNTS.statement("postgres"), [branch])
    (seen,) = await connection.fetch(statements.WISH.statement("postgres"), who["person_id"], slot)
    actor, details = told(branch, slot)
    values = [
        branch, now, 10**6, seen["starts_at"], seen["ends_at"], slot, 1, branch, 1, THEME, "confirmed",
        f"{slot}:{branch}", None, False, False, now, actor, "booking.created", details, "x" * 32,
    ]  # fmt: skip
    assert await connection.fetch(statements.BOOK_AT_ONCE, *values)


async def as_anybody_would(connection: asyncpg.Connection, wish: tuple[int, int]) -> None:
    """One thing after the other."""
    branch, slot = wish
    now = datetime.now(UTC)
    await connection.fetch(statements.ACCOUNTS.statement("postgres"), [branch])
    await connection.fetch(DUTY, branch)
    await connection.fetch(SLOT, slot)
    await connection.fetch(LOCK, branch)
    await connection.fetch(OTHERS, branch, now)
    assert await connection.fetch(CLAIM, slot, 1)
    id_ = await connection.fetchval(BOOK, slot, branch, THEME, f"{slot}:{branch}", now)
    actor, details = told(branch, slot)
    await connection.execute(
        statements.AUDIT, now, actor, "booking.created", f"booking:{id_}", details, "x" * 32
    )


def in_sqlite(url: str, wishes: list[tuple[int, int]]) -> None:
    """The service's own statements, one transaction after the other."""

    def marked(statement: str) -> str:
        return in_dialect(statement, "sqlite")

    with closing(sqlite3.connect(url.partition("://")[2], isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=NORMAL")
        for branch, slot in wishes:
            now = datetime.now(UTC)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(statements.ACCOUNTS_SQLITE.statement("sqlite"), [f"[{branch}]"]).fetchall()
            connection.execute(statements.WISH.statement("sqlite"), [branch, slot]).fetchall()
            assert connection.execute(marked(statements.CLAIM), [slot, 1, False]).fetchall()
            values = [
                branch,
                now,
                10**6,
                now,
                now,
                slot,
                1,
                branch,
                1,
                THEME,
                "confirmed",
                f"{slot}:{branch}",
                None,
                False,
            ]
            ((id_,),) = connection.execute(marked(statements.BOOK), values).fetchall()
            actor, details = told(branch, slot)
            entry = [now, actor, "booking.created", f"booking:{id_}", details, "x" * 32]
            connection.execute(marked(statements.AUDIT), entry)
            connection.execute("COMMIT")


async def measure(url: str, options: argparse.Namespace, clock: Clock, port: int) -> None:
    settings = Settings(_env_file=".env.demo", database_url=url)
    tokens = await town.build(settings, options.branches)
    async with open_database(url):
        slots = await town.slots(settings, count=SLOTS, capacity=ROOM, first=0)
    trial = Trial(url, clock, port, tokens, slots)
    async with AsyncExitStack() as stack:
        if url.startswith("postgres"):
            trial.opened = await stack.enter_async_context(side_by_side.connections(url))
        await trial.round()
        trial.turns.clear()  # The first round was for warming up.
        for _ in range(options.rounds):
            await trial.round()
    print(f"{url.partition(':')[0]}, {options.rounds} rounds, {side_by_side.load()}")
    trial.show()


def main() -> None:
    """Both databases, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branches", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    os.sched_setaffinity(0, side_by_side.LOAD_CORE)  # PostgreSQL and Redis inherit it.
    for database in ("sqlite", "postgresql"):
        if options.database in (None, database):
            run(database, options)


def run(database: str, options: argparse.Namespace) -> None:
    with ExitStack() as stack:
        data, process = stack.enter_context(tempfile.TemporaryDirectory()), None
        url = f"sqlite://{data}/booking.sqlite3"
        if database == "postgresql":
            server = stack.enter_context(servers.postgresql())
            process = side_by_side.postmaster(server)
            url = servers.postgresql_url(server, servers.create_database(server))
        asyncio.run(
            schema.migrate(Settings(_env_file=".env.demo", database_url=url), progress=lambda _: None)
        )
        redis = stack.enter_context(servers.redis())
        environment = {"ZBT_DATABASE_URL": url, "ZBT_REDIS_URL": redis, "ZBT_DATA_DIR": data}
        port, serving = stack.enter_context(side_by_side.service(environment))
        uvloop.run(measure(url, options, Clock(serving, process), port))


if __name__ == "__main__":
    main()
