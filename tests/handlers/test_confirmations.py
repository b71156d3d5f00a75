"""Visits that wait: the keeper is reminded once, then the officers above; and how early one books."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from handlers import bookings, confirmations, lead_times
from handlers.context import Context
from handlers.errors import SlotClosed
from models import Account, App, Booking, Notice, Site
from tests.fakes import SHANGHAI, Clock
from tests.handlers.town import Town, build, new_slot

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)
"""The Monday after the Friday on which everything is asked for."""


@pytest.fixture
async def world(ctx: Context) -> Town:
    world = await build(ctx)
    for name in ("keeper", "town_officer", "far_officer", "district_officer"):
        person = getattr(world, name)
        await Account.create(app=App.OFFICIAL_ACCOUNT, openid=f"o-{name}", person=person, follows=True)
    return world


async def requested(world: Town, *, days: int = 14) -> Booking:
    await Site.filter(id=world.site.id).update(needs_approval=True)
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=days))
    return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="主题党日")


async def told() -> list[str]:
    return [notice.openid for notice in await Notice.all().order_by("id")]


async def test_a_keeper_is_reminded_once_and_then_the_town_is_told_once(world: Town, clock: Clock) -> None:
    await requested(world)
    expected = {0: [], 1: ["o-keeper"], 2: ["o-keeper", "o-town_officer"], 5: ["o-keeper", "o-town_officer"]}
    for days, people in expected.items():
        clock.now = NINE + timedelta(days=days)
        for _ in range(2):
            await confirmations.remind(world.ctx)
        assert await told() == people
    first = (await Notice.all().order_by("id"))[0].content
    assert first.startswith("有一个预约等您确认：12月4日（周五）10:00 阵地S10，5 人。")


async def test_what_was_confirmed_or_is_over_bothers_nobody(world: Town, clock: Clock) -> None:
    booking = await requested(world)
    await bookings.confirm(world.at(world.keeper), booking_id=booking.id)
    await requested(world, days=2)
    clock.now = NINE + timedelta(days=3)
    assert await confirmations.remind(world.ctx) == 0
    assert [openid for openid in await told() if openid != "o-worker"] == []


async def test_a_site_of_nobody_is_the_districts(world: Town, clock: Clock) -> None:
    await requested(world)
    await Site.filter(id=world.site.id).update(owner_id=None)
    clock.now = NINE + timedelta(days=2)
    await confirmations.remind(world.ctx)
    assert await told() == ["o-keeper", "o-district_officer"]


@pytest.mark.parametrize(
    ("ahead", "days", "by"),
    [
        (0, 3, date(2026, 11, 23)),  # Until it begins.
        (1, 3, date(2026, 11, 20)),  # A Monday is booked by Friday.
        (3, 3, date(2026, 11, 18)),
        (1, 1, date(2026, 11, 20)),
    ],
)
async def test_how_early_one_books_is_a_setting(world: Town, ahead: int, days: int, by: date) -> None:
    changed: Any = world.ctx.settings.model_copy(update={"book_ahead_workdays": ahead})
    object.__setattr__(world.ctx, "settings", changed)
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=days))
    assert lead_times.book_by(world.ctx, slot) == by
    attempt = bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="主题党日")
    if by >= world.ctx.now().date():
        assert (await attempt).id
        return
    with pytest.raises(SlotClosed):
        await attempt
    assert await Booking.all().count() == 0
