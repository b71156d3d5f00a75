"""The district's own rules for booking: sharing a slot or not, a month's part, lead times, pauses, notice."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from handlers import bookings, closings, failures, lead_times, places
from handlers.context import Context
from handlers.errors import (
    BadInput,
    BookingPaused,
    NotAllowed,
    SlotFull,
    TooManyThisMonth,
    TooShortNotice,
)
from models import AuditEntry, Booking, BookingStatus, CheckIn, Organization, Site, SiteService, Slot
from tests.conftest import Clock
from tests.handlers.town import Town, build, new_slot

NOTHING = {"taken": 0, "alone": False}


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns."""
    return await build(ctx)


def rule(world: Town, **changed: Any) -> None:
    """The same world under other settings."""
    object.__setattr__(world.ctx, "settings", world.ctx.settings.model_copy(update=changed))


async def book(world: Town, slot: Slot, who: Any = None, **more: Any) -> Booking:
    wish: dict[str, Any] = {"headcount": 5, "theme": "主题党日"} | more
    return await bookings.book(world.at(who or world.worker), slot_id=slot.id, **wish)


async def held(slot: Slot) -> dict[str, Any]:
    fresh = await Slot.get(id=slot.id)
    return {"taken": fresh.taken, "alone": fresh.alone}


@pytest.mark.parametrize(
    ("activity", "exclusive", "alone"),
    [
        (None, None, False),
        (SiteService.THEME_DAY, None, False),
        (SiteService.LIFE_MEETING, None, True),
        (SiteService.LIFE_MEETING, False, False),
        (None, True, True),
    ],
)
async def test_a_slot_is_shared_where_both_agree_and_a_life_meeting_is_alone(
    world: Town, activity: SiteService | None, exclusive: bool | None, alone: bool
) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=2))
    mine = await book(world, slot, activity=activity, exclusive=exclusive)
    assert (mine.exclusive, await held(slot)) == (alone, {"taken": 5, "alone": alone})
    if alone:
        with pytest.raises(SlotFull):
            await book(world, slot, world.other_worker)
        assert (await Slot.get(id=slot.id)).free == 0
        await bookings.change_headcount(world.at(world.worker), booking_id=mine.id, headcount=9)
        assert await held(slot) == {"taken": 9, "alone": True}
        await bookings.cancel(world.at(world.worker), booking_id=mine.id)
        assert await held(slot) == NOTHING
    else:
        with pytest.raises(SlotFull):  # The first one didn't agree to leave.
            await book(world, slot, world.other_worker, exclusive=True)
    assert (await book(world, slot, world.other_worker)).status is BookingStatus.CONFIRMED


async def test_of_all_who_want_a_slot_alone_one_has_it(world: Town) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=2))
    outcomes = await asyncio.gather(
        *(slot.claim(3, alone=True) for _ in range(5)), *(slot.claim(2) for _ in range(5))
    )
    fresh = await Slot.get(id=slot.id)
    assert fresh.alone is any(outcomes[:5])
    assert sum(outcomes) == 1 if fresh.alone else fresh.taken == 2 * sum(outcomes[5:])


async def test_the_statement_itself_keeps_a_slot_alone(world: Town) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=2))
    stale = await Slot.get(id=slot.id).select_related("site")  # As somebody else read it a moment ago.
    await book(world, slot, exclusive=True)
    for exclusive in (False, True):
        wish = Booking(
            slot=stale, branch=world.other_branch, booked_by=world.other_worker, headcount=5, theme="x",
            status=BookingStatus.CONFIRMED, live_key=f"{slot.id}:x", created_at=world.ctx.now(),
            exclusive=exclusive,
        )  # fmt: skip
        with pytest.raises(SlotFull):
            await places.promise(world.ctx, wish)
    assert (await Booking.all().count(), await held(slot)) == (1, {"taken": 5, "alone": True})


async def test_who_waits_to_be_alone_is_offered_an_empty_slot(world: Town) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=2))
    first = await book(world, slot)
    waits = await book(world, slot, world.other_worker, exclusive=True, wait=True)
    assert (waits.status, await held(slot)) == (BookingStatus.WAITING, {"taken": 5, "alone": False})
    await bookings.change_headcount(world.at(world.worker), booking_id=first.id, headcount=2)
    assert (await Booking.get(id=waits.id)).status is BookingStatus.WAITING
    await bookings.cancel(world.at(world.worker), booking_id=first.id)
    assert (await Booking.get(id=waits.id)).status is BookingStatus.OFFERED
    assert await held(slot) == {"taken": 5, "alone": True}


async def test_a_visit_that_is_alone_stays_so_where_it_is_moved(world: Town) -> None:
    start = world.ctx.now() + timedelta(days=2)
    slot, free = await new_slot(world.site, start), await new_slot(world.site, start + timedelta(hours=3))
    shared = await new_slot(world.site, start + timedelta(hours=6))
    await book(world, shared, world.far_worker)
    mine = await book(world, slot, exclusive=True)
    keeper = world.at(world.keeper)
    await closings.close_slot(keeper, slot_id=slot.id, reason="检修", move_to=free.id)
    assert (await Booking.get(id=mine.id)).slot_id == free.id
    assert (await held(slot), await held(free)) == (NOTHING, {"taken": 5, "alone": True})
    await closings.close_slot(keeper, slot_id=free.id, reason="检修", move_to=shared.id)
    assert (await Booking.get(id=mine.id)).status is BookingStatus.CANCELLED
    assert await held(shared) == {"taken": 5, "alone": False}


async def test_a_site_is_booked_for_what_it_can_do(world: Town) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=2))
    await Site.filter(id=world.site.id).update(services=["theme_day"])
    with pytest.raises(BadInput):
        await book(world, slot, activity=SiteService.OATH)
    assert not await Booking.exists()
    assert (await book(world, slot, activity=SiteService.THEME_DAY)).activity is SiteService.THEME_DAY


async def test_a_branch_has_its_part_of_a_month_and_no_more(world: Town, clock: Clock) -> None:
    rule(world, bookings_per_month=2, open_bookings_per_branch=9)
    start = world.ctx.now().replace(day=24, hour=10, minute=0)
    slots = [await new_slot(world.site, start + timedelta(days=n)) for n in range(4)]
    december = await new_slot(world.site, start.replace(month=12, day=1))
    done, called_off = await book(world, slots[0]), await book(world, slots[1])
    await Booking.filter(id=done.id).update(status=BookingStatus.FULFILLED, live_key=None)
    with pytest.raises(TooManyThisMonth):
        await book(world, slots[2])
    assert await held(slots[2]) == NOTHING
    await book(world, december)  # Another month's.
    await book(world, slots[2], world.other_worker)  # Another branch's.
    await bookings.cancel(world.at(world.worker), booking_id=called_off.id)
    outcomes = await asyncio.gather(*(book(world, slot) for slot in slots[2:]), return_exceptions=True)
    assert sum(isinstance(one, Booking) for one in outcomes) == 1
    assert sum(isinstance(one, TooManyThisMonth) for one in outcomes) == 1


@pytest.mark.parametrize(("is_base", "by"), [(False, date(2026, 11, 20)), (True, date(2026, 11, 18))])
async def test_a_training_base_is_booked_earlier(world: Town, is_base: bool, by: date) -> None:
    rule(world, book_ahead_workdays=1, book_training_ahead_workdays=3)
    world.site.is_training_base = is_base
    monday = world.ctx.now().replace(day=23, hour=10)
    assert lead_times.book_by(world.ctx, await new_slot(world.site, monday)) == by


async def failed(
    world: Town, days: int, *, status: BookingStatus = BookingStatus.MISSED, late: bool = False
) -> Booking:
    """A visit of the branch so many days ago."""
    slot = await new_slot(world.site, world.ctx.now() - timedelta(days=days))
    return await Booking.create(
        slot=slot, branch=world.branch, booked_by=world.worker, headcount=5, theme="x", status=status,
        created_at=world.ctx.now(), late=late,
    )  # fmt: skip


async def test_three_failures_in_a_quarter_pause_a_branch_for_thirty_days(world: Town, clock: Clock) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=2))
    await failed(world, 9)
    await failed(world, 5, status=BookingStatus.CANCELLED, late=True)
    await failed(world, 4, status=BookingStatus.CANCELLED)  # In time, or by somebody else.
    await failed(world, 80)  # Last quarter's.
    assert await failures.pause(world.ctx) == 0
    missed = await failed(world, 1)
    assert [await failures.pause(world.ctx), await failures.pause(world.ctx)] == [1, 0]
    until = (world.ctx.now() - timedelta(days=1)).date() + timedelta(days=30)
    with pytest.raises(BookingPaused) as refused:
        await book(world, slot)
    assert refused.value.until == until
    assert not await Booking.filter(slot_id=slot.id).exists()
    await book(world, slot, world.other_worker)
    await Booking.filter(id=missed.id).update(status=BookingStatus.FULFILLED)  # Somebody came after all.
    assert await failures.pause(world.ctx) == 1
    assert (await book(world, slot)).id
    assert await AuditEntry.filter(action__in=["branch.paused", "branch.resumed"]).count() == 2


async def test_a_pause_is_over_when_it_is_over_and_only_a_new_failure_begins_another(
    world: Town, clock: Clock
) -> None:
    clock.now = clock.now.replace(month=10, day=10)
    for days in (3, 2, 1):
        await failed(world, days)
    assert await failures.pause(world.ctx) == 1
    clock.now += timedelta(days=30)
    assert await failures.pause(world.ctx) == 0
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=2))
    assert (await book(world, slot)).id
    await failed(world, 0)
    assert await failures.pause(world.ctx) == 1


async def test_an_officer_above_lets_a_branch_book_again(world: Town) -> None:
    for days in (3, 2, 1):
        await failed(world, days)
    await failures.pause(world.ctx)
    for person in (world.worker, world.keeper, world.far_officer):
        with pytest.raises(NotAllowed):
            await failures.resume(world.at(person), branch_id=world.branch.id)
    await failures.resume(world.at(world.town_officer), branch_id=world.branch.id)
    assert await failures.pause(world.ctx) == 0
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=2))
    assert (await book(world, slot)).id
    assert (await Organization.get(id=world.branch.id)).books_again_on == world.ctx.now().date()


@pytest.mark.parametrize(
    ("hours", "by", "late"),
    [(25, "worker", False), (23, "worker", True), (23, "keeper", False), (23, "town_officer", False)],
)
async def test_what_the_branch_calls_off_at_the_last_moment_counts(
    world: Town, hours: int, by: str, late: bool
) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(hours=hours))
    mine = await book(world, slot)
    await bookings.cancel(world.at(getattr(world, by)), booking_id=mine.id)
    assert (await Booking.get(id=mine.id)).late is late


async def test_the_districts_stop_counts_against_nobody(world: Town) -> None:
    rule(world, closing_notice_days=3)
    slot = await new_slot(world.site, world.ctx.now() + timedelta(hours=20))
    mine = await book(world, slot)
    today = world.ctx.now().date()
    district = world.at(world.district_officer)
    done = await closings.close_everywhere(
        district, since=today, until=today + timedelta(days=1), reason="暴雨"
    )
    assert done.cancelled == 1
    stopped = await Booking.get(id=mine.id)
    assert (stopped.status, stopped.late, stopped.reason) == (BookingStatus.CANCELLED, False, "暴雨")


async def test_a_keeper_announces_a_closing_unless_it_is_urgent(world: Town) -> None:
    rule(world, closing_notice_days=3)
    keeper, now = world.at(world.keeper), world.ctx.now()
    soon, later = [await new_slot(world.site, now + timedelta(days=days)) for days in (2, 3)]
    mine = await book(world, soon)
    day = soon.starts_at.date()
    for attempt in (
        closings.close_slot(keeper, slot_id=soon.id, reason="检修"),
        closings.close_days(keeper, site_id="S10", since=day, until=day, reason="检修"),
        closings.close_site(keeper, site_id="S10", reason="检修"),
    ):
        with pytest.raises(TooShortNotice):
            await attempt
    assert (await Booking.get(id=mine.id)).status is BookingStatus.CONFIRMED
    assert not await Slot.filter(closed=True).exists()
    assert (await closings.close_slot(keeper, slot_id=later.id, reason="检修")).slots == 1  # Far enough.
    assert (await closings.close_slot(keeper, slot_id=soon.id, reason="停水", urgent=True)).cancelled == 1


async def test_late_arrivals_are_no_failure(world: Town, clock: Clock) -> None:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(hours=30))
    mine = await book(world, slot)
    clock.now = slot.starts_at + timedelta(minutes=40)
    assert await places.release_no_shows(world.ctx) == 1
    await CheckIn.create(booking=mine, person=world.member, at=clock.now, source="door")
    clock.now = slot.ends_at + timedelta(minutes=1)
    await places.settle(world.ctx)
    assert (await Booking.get(id=mine.id)).status is BookingStatus.FULFILLED
