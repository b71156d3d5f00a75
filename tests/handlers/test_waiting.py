"""Offers that expire, headcounts, limits of cancelling and hoarding, and places nobody came for."""

import asyncio
from datetime import timedelta

import pytest

from handlers import bookings, places
from handlers.context import Context
from handlers.errors import AlreadyBooked, OfferExpired, Refused, SlotFull, TooLateToCancel, TooManyBookings
from models import Account, App, Booking, BookingStatus, CheckIn, Notice, Person, Slot
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def slot(world: Town) -> Slot:
    """Three days ahead at S10, 30 places."""
    return await new_slot(world.site, world.ctx.now() + timedelta(days=3))


async def book(world: Town, who: Person, slot: Slot, headcount: int = 10, *, wait: bool = False) -> Booking:
    return await bookings.book(
        world.at(who), slot_id=slot.id, headcount=headcount, theme="主题党日", wait=wait
    )


async def count_is_right(slot: Slot) -> None:
    held = await Booking.filter(slot_id=slot.id, status__in=bookings.HOLDING)
    assert (await Slot.get(id=slot.id)).taken == sum(one.headcount for one in held) <= slot.capacity


async def status(booking: Booking) -> BookingStatus:
    return (await Booking.get(id=booking.id)).status


async def test_an_offer_is_told_kept_for_a_while_and_then_passed_on(
    world: Town, slot: Slot, clock: Clock
) -> None:
    who = world.other_worker
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="oNext", person=who, follows=True)
    first = await book(world, world.worker, slot, 30)
    second = await book(world, who, slot, 20, wait=True)
    third = await book(world, world.far_worker, slot, 15, wait=True)
    await bookings.cancel(world.at(world.worker), booking_id=first.id)
    assert [await status(one) for one in (second, third)] == [BookingStatus.OFFERED, BookingStatus.WAITING]
    assert "请在11月21日" in (await Notice.get(openid="oNext")).content
    with pytest.raises(SlotFull):  # No newcomer overtakes what is kept.
        await book(world, world.worker, slot, 11)
    clock.now += timedelta(hours=24)
    with pytest.raises(OfferExpired):
        await bookings.accept(world.at(who), booking_id=second.id)
    assert await places.expire_offers(world.ctx) == 1
    assert await places.expire_offers(world.ctx) == 0
    assert [await status(one) for one in (second, third)] == [BookingStatus.CANCELLED, BookingStatus.OFFERED]
    assert (await bookings.accept(world.at(world.far_worker), booking_id=third.id)).status == "confirmed"
    await count_is_right(slot)


async def test_accepting_and_expiring_at_once_has_one_outcome(world: Town, slot: Slot, clock: Clock) -> None:
    first = await book(world, world.worker, slot, 30)
    waits = await book(world, world.other_worker, slot, 20, wait=True)
    await bookings.cancel(world.at(world.worker), booking_id=first.id)
    await asyncio.gather(
        bookings.accept(world.at(world.other_worker), booking_id=waits.id),
        bookings.cancel(world.at(world.other_worker), booking_id=waits.id),
        places.expire_offers(world.ctx),
        return_exceptions=True,
    )
    assert await status(waits) in (BookingStatus.CONFIRMED, BookingStatus.CANCELLED)
    await count_is_right(slot)


async def test_a_headcount_grows_all_or_none_and_what_shrinks_goes_to_who_waits(
    world: Town, slot: Slot
) -> None:
    mine = await book(world, world.worker, slot, 10)
    other = await book(world, world.other_worker, slot, 15)
    waits = await book(world, world.far_worker, slot, 8, wait=True)
    ctx = world.at(world.worker)
    with pytest.raises(SlotFull):
        await bookings.change_headcount(ctx, booking_id=mine.id, headcount=16)
    await count_is_right(slot)
    assert (await bookings.change_headcount(ctx, booking_id=mine.id, headcount=15)).headcount == 15
    await bookings.change_headcount(world.at(world.other_worker), booking_id=other.id, headcount=7)
    assert await status(waits) is BookingStatus.OFFERED
    await count_is_right(slot)


async def test_resizing_and_cancelling_at_once_keep_the_count(world: Town, slot: Slot) -> None:
    mine = await book(world, world.worker, slot, 10)
    ctx = world.at(world.worker)
    outcomes = await asyncio.gather(
        *(bookings.change_headcount(ctx, booking_id=mine.id, headcount=n) for n in (5, 20, 25, 1)),
        bookings.cancel(ctx, booking_id=mine.id),
        return_exceptions=True,
    )
    assert all(isinstance(one, (Booking, Refused)) for one in outcomes), outcomes
    await count_is_right(slot)


async def test_near_the_visit_only_the_keeper_calls_it_off_and_the_branch_is_told(
    world: Town, slot: Slot, clock: Clock
) -> None:
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="oMe", person=world.worker, follows=True)
    mine = await book(world, world.worker, slot)
    clock.now = slot.starts_at - timedelta(minutes=119)
    with pytest.raises(TooLateToCancel):
        await bookings.cancel(world.at(world.worker), booking_id=mine.id)
    await bookings.cancel(world.at(world.keeper), booking_id=mine.id)
    assert "已取消" in (await Notice.get(openid="oMe")).content
    await count_is_right(slot)


async def test_a_branch_keeps_no_more_visits_ahead_than_it_may_also_when_it_asks_at_once(
    world: Town, slot: Slot
) -> None:
    slots = [await new_slot(world.site, slot.starts_at + timedelta(days=day)) for day in range(7)[1:]]
    outcomes = await asyncio.gather(
        *(book(world, world.worker, one, 1) for one in slots), return_exceptions=True
    )
    assert sum(isinstance(one, Booking) for one in outcomes) == 4
    assert sum(isinstance(one, TooManyBookings) for one in outcomes) == 2


async def test_a_conflict_says_where_the_branch_is_expected(world: Town, slot: Slot) -> None:
    await book(world, world.worker, slot)
    other = await new_slot(world.other_site, slot.starts_at + timedelta(hours=1))
    for where in (slot, other):
        with pytest.raises(AlreadyBooked) as refused:
            await book(world, world.worker, where)
        assert (refused.value.site, refused.value.at) == (world.site.name, slot.starts_at)


async def test_places_nobody_came_for_are_released_and_who_comes_late_still_counts(
    world: Town, slot: Slot, clock: Clock
) -> None:
    came = await book(world, world.worker, slot)
    absent = await book(world, world.other_worker, slot)
    await CheckIn.create(booking=came, person=world.member, at=slot.starts_at, source="poster")
    clock.now = slot.starts_at + timedelta(minutes=29)
    assert await places.release_no_shows(world.ctx) == 0
    clock.now += timedelta(minutes=1)
    assert await places.release_no_shows(world.ctx) == 1
    assert await places.release_no_shows(world.ctx) == 0
    assert [await status(one) for one in (came, absent)] == [BookingStatus.CONFIRMED, BookingStatus.MISSED]
    await count_is_right(slot)
    await CheckIn.create(booking=absent, person=world.keeper, at=clock.now, source="poster")
    clock.now = slot.ends_at
    assert await places.settle(world.ctx) == 2
    assert await status(absent) is BookingStatus.FULFILLED
