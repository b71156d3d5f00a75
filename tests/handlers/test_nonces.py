"""The random word of a scan: a retry gets its first answer, anything else under it is refused."""

import asyncio
from datetime import timedelta

import pytest

from handlers import bookings, checkins, nonces, sites
from handlers.context import Context
from handlers.errors import ReplayedScan
from models import CheckIn, Person, RefusedScan, ScanNonce
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot


@pytest.fixture
async def world(ctx: Context, clock: Clock) -> Town:
    """The branch is expected at S10 and its gate is open."""
    world = await build(ctx)
    slot = await new_slot(world.site, ctx.now() + timedelta(hours=4))
    await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=10, theme="主题党日")
    clock.now = slot.starts_at
    return world


async def scan(world: Town, who: Person, nonce: str, *, site_id: str = "S10") -> checkins.CheckInResult:
    code = sites.poster_scene(world.ctx, site_id=site_id)
    return await checkins.check_in(world.at(who), code=code, nonce=nonce)


async def door_code(world: Town) -> str:
    return (await checkins.door_code(world.at(world.keeper), site_id="S10")).code


async def test_a_retry_gets_the_first_answer_and_another_scan_says_already(world: Town) -> None:
    first = await scan(world, world.member, "n-1")
    retry = await scan(world, world.member, "n-1")
    assert (first.status, retry.status) == ("checked_in", "checked_in")
    assert (retry.at, retry.present) == (first.at, first.present)
    assert [(await scan(world, world.member, "n-2")).status for _ in range(2)] == ["already"] * 2
    assert (await scan(world, world.member, "n-1")).status == "checked_in"
    assert await CheckIn.all().count() == 1


async def test_ten_retries_at_once_get_one_answer(world: Town) -> None:
    results = await asyncio.gather(*(scan(world, world.member, "n-1") for _ in range(10)))
    assert {result.status for result in results} == {"checked_in"}
    assert await CheckIn.all().count() == 1


async def test_a_nonce_is_good_for_no_other_person_and_no_other_code(world: Town) -> None:
    await scan(world, world.member, "n-1")
    with pytest.raises(ReplayedScan):
        await scan(world, world.worker, "n-1")
    with pytest.raises(ReplayedScan):
        await checkins.check_in(world.at(world.member), code=await door_code(world), nonce="n-1")
    await scan(world, world.member, "n-2")  # Already, and the word is taken all the same.
    with pytest.raises(ReplayedScan):
        await scan(world, world.worker, "n-2")
    assert await CheckIn.all().count() == 1
    assert [row.reason for row in await RefusedScan.all()] == ["replayed_scan"] * 3


async def test_without_the_comparison_a_nonce_would_speak_for_anybody(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scan(world, world.member, "n-1")
    with pytest.raises(ReplayedScan):
        await checkins.check_in(world.at(world.member), code=await door_code(world), nonce="n-1")
    monkeypatch.setattr(nonces, "is_same", lambda *_: True)
    code = await door_code(world)
    assert (await checkins.check_in(world.at(world.member), code=code, nonce="n-1")).status == "checked_in"


async def test_old_nonces_are_forgotten_and_hold_nothing_of_a_person(world: Town, clock: Clock) -> None:
    await scan(world, world.member, "openid-like-word")
    row = await ScanNonce.get()
    assert "openid" not in row.key + row.said
    assert await nonces.forget_old(world.ctx) == 0
    clock.now += nonces.KEPT_FOR + timedelta(seconds=1)
    assert await nonces.forget_old(world.ctx) == 1
