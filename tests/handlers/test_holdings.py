"""What somebody takes along of their visits, and what stays when they withdraw."""

from datetime import timedelta
from typing import Any

import pytest

from handlers import accounts, checkins, codes, guests, holdings, sites
from handlers.context import Caller, Context
from handlers.errors import ScanRefused
from models import Account, App, Booking, CheckIn, Guest, Person, Rehearsal, RehearsalSeat
from tests.fakes import SHANGHAI, Clock
from tests.handlers.test_guests import visit
from tests.handlers.town import Town, build


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


async def as_user(world: Town, person: Person) -> Context:
    """That person with a mini program."""
    account = await Account.create(app=App.MINI_PROGRAM, openid=f"m-{person.id}", person=person)
    return world.ctx.on_behalf_of(Caller(account=account, person=person))


async def held(ctx: Context) -> Any:
    return await holdings.export_mine(ctx)


async def test_visits_booked_joined_and_attended_are_taken_along_by_whose_they_are(
    world: Town, clock: Clock
) -> None:
    booking = await visit(world)
    worker, member, guest = [
        await as_user(world, one) for one in (world.worker, world.member, world.far_worker)
    ]
    await guests.join(guest, booking_id=booking.id)
    clock.now = (await booking.slot).starts_at
    code = sites.poster_scene(world.ctx, site_id="S10")
    await checkins.check_in(member, code=code)
    with pytest.raises(ScanRefused):
        await checkins.check_in(member, code=sites.poster_scene(world.ctx, site_id="S01"))
    secret = world.ctx.settings.secret_key.get_secret_value()
    shown = codes.member(secret, person_id=world.far_worker.id, at=clock.now)
    clock.now += timedelta(minutes=1)
    scans = [{"code": shown, "at": clock.now.isoformat()}]
    await checkins.upload(world.at(world.keeper), scans=scans)
    at = {"阵地": "阵地S10", "开始": (await booking.slot).starts_at.astimezone(SHANGHAI).isoformat()}
    of_worker, of_member, of_guest = [await held(one) for one in (worker, member, guest)]
    assert of_worker["点单"] == [at | {"主题": booking.theme, "人数": booking.headcount, "状态": "confirmed"}]
    assert (of_worker["签到"], of_worker["个人加入的活动"]) == ([], [])
    assert [one["阵地"] for one in of_member["签到"]] == ["阵地S10"]
    assert [one["原因"] for one in of_member["未成功的扫码"]] == ["wrong_site"]
    assert (of_member["点单"], of_member["个人加入的活动"]) == ([], [])
    assert of_guest["个人加入的活动"] == [at]
    assert [one["本人上传"] for one in of_guest["离线扫码记录"]] == [False]
    assert [one["阵地"] for one in of_guest["签到"]] == ["阵地S10"]


async def test_a_rehearsal_is_taken_along_too(world: Town) -> None:
    played = await Rehearsal.create(case="C2", branch=world.branch, box={}, opened_at=world.ctx.now())
    await RehearsalSeat.create(rehearsal=played, person=world.member, number=1)
    assert [one["案例"] for one in (await held(await as_user(world, world.member)))["实训"]] == ["C2"]
    assert (await held(await as_user(world, world.worker)))["实训"] == []


async def test_who_withdraws_leaves_the_branchs_visits_whole(world: Town, clock: Clock) -> None:
    booking = await visit(world)
    guest = await as_user(world, world.far_worker)
    await guests.join(guest, booking_id=booking.id)
    clock.now = (await booking.slot).starts_at
    await checkins.check_in(guest, code=sites.poster_scene(world.ctx, site_id="S10"))
    await accounts.withdraw(guest)
    assert await Account.all().count() == 0
    assert (await CheckIn.all().count(), await Guest.all().count(), await Booking.all().count()) == (1, 1, 1)
