"""Members on the move: one place of a near branch's visit, given back, checked in."""

from datetime import timedelta

import pytest

from handlers import bookings, checkins, closings, guests, sites
from handlers.context import Context
from handlers.errors import AlreadyBooked, NoBooking, NotBound, NotFound, NotOpenToGuests, SlotFull
from handlers.positions import Point
from models import Booking, BookingStatus, CheckIn, Guest, Role, Slot
from tests.conftest import Clock
from tests.handlers.town import Town, build, new_slot, person


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns."""
    return await build(ctx)


async def visit(world: Town, *, hours: float = 48, capacity: int = 6, **more: object) -> Booking:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(hours=hours), capacity=capacity)
    return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="主题党日", **more)  # type: ignore[arg-type]


async def taken(booking: Booking) -> int:
    return (await Slot.get(id=booking.slot_id)).taken


async def test_a_single_member_joins_and_leaves_and_twice_is_once(world: Town) -> None:
    booking, guest = await visit(world), world.at(world.far_worker)
    for _ in range(2):
        one = await guests.join(guest, booking_id=booking.id)
        assert (one.joined, one.booking.guests, await taken(booking)) == (True, 1, 6)
    assert [found.joined for found in await guests.open_visits(guest)] == [True]
    with pytest.raises(SlotFull):
        await guests.join(world.at(world.other_worker), booking_id=booking.id)
    assert await guests.open_visits(world.at(world.other_worker)) == []
    for _ in range(2):
        one = await guests.leave(guest, booking_id=booking.id)
        assert (one.joined, one.booking.guests, await taken(booking)) == (False, 0, 5)


async def test_who_may_not_join(world: Town) -> None:
    alone = await visit(world, exclusive=True)
    far = world.at(world.far_worker)
    with pytest.raises(NotOpenToGuests):
        await guests.join(far, booking_id=alone.id)
    shared = await visit(world, hours=60)
    with pytest.raises(NotOpenToGuests):
        await guests.join(world.at(world.member), booking_id=shared.id)  # It is the own branch's.
    with pytest.raises(NotBound):
        await guests.join(world.at(None), booking_id=shared.id)
    with pytest.raises(NotFound):
        await guests.join(far, booking_id=99999)
    elsewhere = await new_slot(world.other_site, shared.slot.starts_at)
    await bookings.book(far, slot_id=elsewhere.id, headcount=1, theme="党课")
    with pytest.raises(AlreadyBooked):
        await guests.join(far, booking_id=shared.id)
    assert await Guest.all().count() == 0
    assert await taken(shared) == 5


async def test_a_guest_checks_in_with_the_visit(world: Town, clock: Clock) -> None:
    booking = await visit(world)
    await guests.join(world.at(world.far_worker), booking_id=booking.id)
    code = sites.poster_scene(world.ctx, site_id="S10")
    clock.now = booking.slot.starts_at
    result = await checkins.check_in(world.at(world.far_worker), code=code)
    assert (result.booking.id, result.present) == (booking.id, 1)
    with pytest.raises(NoBooking):
        await checkins.check_in(world.at(world.other_worker), code=code)
    assert await CheckIn.all().count() == 1
    with pytest.raises(NotOpenToGuests):
        await guests.leave(world.at(world.far_worker), booking_id=booking.id)


async def test_all_places_come_back_with_a_visit_that_is_called_off_or_moved(world: Town) -> None:
    booking = await visit(world, capacity=9)
    for who in (world.far_worker, world.other_worker):
        await guests.join(world.at(who), booking_id=booking.id)
    target = await new_slot(world.site, booking.slot.starts_at + timedelta(hours=4))
    await closings.close_slot(
        world.at(world.keeper), slot_id=booking.slot_id, reason="检修", move_to=target.id
    )
    assert (await taken(booking), (await Slot.get(id=target.id)).taken) == (0, 7)
    await bookings.cancel(world.at(world.worker), booking_id=booking.id)
    assert (await Slot.get(id=target.id)).taken == 0
    assert (await Booking.get(id=booking.id)).status is BookingStatus.CANCELLED


async def test_the_nearest_visit_comes_first(world: Town) -> None:
    near = await visit(world, hours=72)
    slot = await new_slot(world.other_site, world.ctx.now() + timedelta(hours=30))
    await world.other_site.filter(id="S01").update(longitude=118.13, latitude=36.5)
    far = await bookings.book(world.at(world.other_worker), slot_id=slot.id, headcount=2, theme="党课")
    mover = world.at(await person(world.far_branch, Role.MEMBER))
    by_time = [one.booking.id for one in await guests.open_visits(mover)]
    by_way = [one.booking.id for one in await guests.open_visits(mover, near=Point(117.9662, 36.6441))]
    assert (by_time, by_way) == ([far.id, near.id], [near.id, far.id])
    assert {one.booking.slot.site.contact for one in await guests.open_visits(mover)} == {""}
