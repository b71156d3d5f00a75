"""What offers, headcounts, limits and no-shows would be without their guards: each alone keeps its word."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from handlers import bookings, places
from handlers.context import Context
from handlers.errors import SlotFull
from models import Booking, BookingStatus, CheckIn, Slot, statements
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns."""
    return await build(ctx)


@pytest.fixture
async def slot(world: Town) -> Slot:
    """Three days ahead, 30 places."""
    return await new_slot(world.site, world.ctx.now() + timedelta(days=3))


def without(monkeypatch: pytest.MonkeyPatch, condition: str) -> None:
    """Take one condition out of every statement."""
    honest = QuerySet.filter

    def careless(self: Any, *args: Any, **conditions: Any) -> Any:
        conditions.pop(condition, None)
        return honest(self, *args, **conditions)

    monkeypatch.setattr(QuerySet, "filter", careless)


async def book(world: Town, who: Any, slot: Slot, headcount: int = 10, *, wait: bool = False) -> Booking:
    return await bookings.book(
        world.at(who), slot_id=slot.id, headcount=headcount, theme="主题党日", wait=wait
    )


async def test_without_its_time_an_offer_is_taken_up_late(
    world: Town, slot: Slot, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await book(world, world.worker, slot, 30)
    second = await book(world, world.other_worker, slot, 20, wait=True)
    await bookings.cancel(world.at(world.worker), booking_id=first.id)
    clock.now += timedelta(hours=25)
    without(monkeypatch, "offered_until__gt")
    late = await bookings.accept(world.at(world.other_worker), booking_id=second.id)
    assert late.status is BookingStatus.CONFIRMED


async def test_without_its_time_an_offer_ends_before_it_is_over(
    world: Town, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await book(world, world.worker, slot, 30)
    await book(world, world.other_worker, slot, 20, wait=True)
    await bookings.cancel(world.at(world.worker), booking_id=first.id)
    assert await places.expire_offers(world.ctx) == 0
    without(monkeypatch, "offered_until__lte")
    assert await places.expire_offers(world.ctx) == 1


async def test_without_the_look_at_its_other_visits_a_branch_hoards(
    world: Town, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BOOK_AT_ONCE", "BOOK"):
        careless = getattr(statements, name).replace("(SELECT count(*) FROM ahead) < $3", "0 < $3")
        monkeypatch.setattr(statements, name, careless)
    for day in range(1, 7):
        await book(world, world.worker, await new_slot(world.site, slot.starts_at + timedelta(days=day)), 1)
    assert await Booking.filter(branch_id=world.branch.id, status=BookingStatus.CONFIRMED).count() == 6


async def test_without_the_claim_headcounts_grow_past_the_places(
    world: Town, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await book(world, world.worker, slot, 10)
    theirs = await book(world, world.other_worker, slot, 10)

    async def grow() -> list[Any]:
        return await asyncio.gather(
            bookings.change_headcount(world.at(world.worker), booking_id=mine.id, headcount=20),
            bookings.change_headcount(world.at(world.other_worker), booking_id=theirs.id, headcount=20),
            return_exceptions=True,
        )

    assert sum(isinstance(one, SlotFull) for one in await grow()) == 1
    assert (await Slot.get(id=slot.id)).taken == 30
    for booking, who in ((mine, world.worker), (theirs, world.other_worker)):
        await bookings.change_headcount(world.at(who), booking_id=booking.id, headcount=10)

    async def careless(self: Slot, more: int) -> bool:
        return bool(await Slot.filter(id=self.id).update(taken=F("taken") + more))

    monkeypatch.setattr(Slot, "claim_more", careless)
    await grow()
    assert (await Slot.get(id=slot.id)).taken == 40


async def test_without_the_look_at_check_ins_a_visit_in_progress_is_released(
    world: Town, slot: Slot, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = await book(world, world.worker, slot)
    await CheckIn.create(booking=came, person=world.member, at=slot.starts_at, source="poster")
    clock.now = slot.starts_at + timedelta(minutes=31)
    assert await places.release_no_shows(world.ctx) == 0
    without(monkeypatch, "check_ins__id__isnull")
    assert await places.release_no_shows(world.ctx) == 1
