"""Statements written out and asked together: how many there are; nobody is overlooked or mixed up."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import pytest
from redis.exceptions import RedisError
from tortoise import connections
from tortoise.transactions import in_transaction

from handlers import bookings, checkins, sites
from handlers.context import Context
from handlers.errors import AlreadyBooked
from models import Account, App, Booking, BookingStatus, Organization, statements
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
def postgresql(database_url: str) -> str:
    """What SQLite can't show: there one transaction writes at a time."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite lets one transaction in at a time, so it can't show this.")
    return database_url


def run_since(caplog: pytest.LogCaptureFixture) -> Sequence[str]:
    return [record.getMessage() for record in caplog.records if record.name == "tortoise.db_client"]


async def test_a_booking_is_one_question_and_one_statement(
    world: Town, postgresql: str, caplog: pytest.LogCaptureFixture
) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=1))
    caplog.set_level(logging.DEBUG, "tortoise.db_client")
    await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="主题党日")
    assert len(run_since(caplog)) == 2


async def test_a_check_in_is_one_question_and_one_statement(
    world: Town, postgresql: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(hours=4))
    await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="主题党日")
    clock.now = slot.starts_at
    code = sites.poster_scene(world.ctx, site_id=world.site.id)
    caplog.set_level(logging.DEBUG, "tortoise.db_client")
    await checkins.check_in(world.at(world.member), code=code, nonce="n-1")
    assert len(run_since(caplog)) == 2


async def both_at_once(world: Town, url: str) -> list[object]:
    """Two overlapping wishes of one branch that have both looked before either writes."""
    begin = world.ctx.now() + timedelta(days=1)
    slots = [await new_slot(world.site, begin), await new_slot(world.other_site, begin)]
    held = await asyncpg.connect(dsn=url)
    try:
        async with held.transaction():
            await held.execute("SELECT FROM organizations WHERE id = $1 FOR UPDATE", world.branch.id)
            wishes = [
                asyncio.create_task(
                    bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="主题党日")
                )
                for slot in slots
            ]
            while await held.fetchval("SELECT count(*) < 2 FROM pg_locks WHERE NOT granted"):
                pass
        return await asyncio.gather(*wishes, return_exceptions=True)
    finally:
        await held.close()


async def test_two_wishes_of_a_branch_never_overlook_each_other(world: Town, postgresql: str) -> None:
    outcomes = await both_at_once(world, postgresql)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        AlreadyBooked.__name__,
        Booking.__name__,
    ]
    assert await Booking.all().count() == 1


async def test_without_the_version_of_its_row_they_do(
    world: Town, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition = "AND xmin = (SELECT seen.xmin FROM organizations AS seen WHERE seen.id = $1)"
    assert condition in statements.BOOK_AT_ONCE
    monkeypatch.setattr(statements, "BOOK_AT_ONCE", statements.BOOK_AT_ONCE.replace(condition, ""))
    await both_at_once(world, postgresql)
    assert await Booking.all().count() == 2


async def moved_meanwhile(world: Town) -> int:
    """A wish that waits while another visit of the branch is moved to its time; how many visits there are."""
    begin, touched = world.ctx.now() + timedelta(days=1), asyncio.Event()
    slot, other = await new_slot(world.site, begin), await new_slot(world.other_site, begin)

    async def book() -> Booking:
        await touched.wait()
        return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="主题党日")

    wish = asyncio.create_task(book())
    async with in_transaction() as connection:
        await world.branch.touch()
        touched.set()
        while not await connection.execute_query_dict("SELECT 1 FROM pg_locks WHERE NOT granted"):
            pass
        await Booking.create(
            slot=other, branch=world.branch, headcount=5, theme="党课", status=BookingStatus.CONFIRMED,
            live_key=f"{other.id}:{world.branch.id}", created_at=world.ctx.now(),
        )  # fmt: skip
    await asyncio.gather(wish, return_exceptions=True)
    return await Booking.all().count()


async def test_a_wish_sees_a_visit_that_was_moved_while_it_waited(world: Town, postgresql: str) -> None:
    assert await moved_meanwhile(world) == 1


async def test_with_a_lock_that_leaves_no_new_version_it_does_not(
    world: Town, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lock(self: Organization) -> None:
        await Organization.filter(id=self.id).select_for_update(no_key=True).only("id")

    monkeypatch.setattr(Organization, "touch", lock)
    assert await moved_meanwhile(world) == 2


async def test_a_connection_is_handed_on_without_the_transaction_somebody_left_open(
    ctx: Context, postgresql: str
) -> None:
    (client,) = connections.all()
    pool = await asyncpg.create_pool(
        dsn=postgresql, min_size=1, max_size=1, connection_class=client.connection_class
    )
    async with pool:
        async with pool.acquire() as connection:
            await connection.execute("BEGIN")
            await connection.execute("CREATE TABLE left_behind (id int)")
        async with pool.acquire() as connection:
            assert not connection.is_in_transaction()
            assert await connection.fetchval("SELECT to_regclass('left_behind')") is None


async def test_each_who_asks_in_one_moment_gets_an_account_of_their_own(ctx: Context) -> None:
    known = [await Account.create(app=App.MINI_PROGRAM, openid=f"m{n}") for n in range(3)]
    ids = [known[2].id, known[0].id, 10**6, known[0].id]
    found = await asyncio.gather(*(ctx.together.account(id_) for id_ in ids))
    assert [account and account.openid for account in found] == ["m2", "m0", None, "m0"]
    assert found[1] is not found[3]


async def test_what_redis_refuses_one_it_does_not_refuse_the_others(ctx: Context) -> None:
    await ctx.redis.set("word", "no number")
    good, bad = await asyncio.gather(
        ctx.together.redis(ctx.redis, ("SET", "a", "1"), ("GET", "a")),
        ctx.together.redis(ctx.redis, ("INCR", "word")),
        return_exceptions=True,
    )
    assert isinstance(good, list)
    assert good[1] == b"1"
    assert isinstance(bad, RedisError)
