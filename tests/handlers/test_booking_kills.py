"""A process may die at any statement of a booking, a closing, a check-in …: nothing is left half."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from handlers import bookings, checkins, closings, guests, places, sites
from handlers.context import Context
from handlers.errors import Refused
from models import AuditEntry, Booking, BookingStatus, CheckIn, Guest, Notice, RefusedScan, ScanNonce, Slot
from tests.fakes import Clock, FakeWeChat
from tests.handlers.town import Town, build, new_slot
from tests.kills import Killed, let_death_come

MOST = 120
"""More statements than any of these does."""


@dataclass
class Scene:
    """A visit of 10 in a slot of 30, another branch's 25 that wait there, and a slot two days on."""

    world: Town
    slot: Slot
    later: Slot
    booking: Booking
    waits: Booking


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


async def scene(world: Town, clock: Clock) -> Scene:
    """The same, made anew."""
    clock.now = Clock().now
    for table in (CheckIn, ScanNonce, Guest, RefusedScan, Notice, Booking, Slot, AuditEntry):
        await table.all().delete()
    slot = await new_slot(world.site, clock.now + timedelta(days=1))
    later = await new_slot(world.site, clock.now + timedelta(days=3))
    booking = await book(world.at(world.worker), slot, 10)
    waits = await book(world.at(world.other_worker), slot, 25, wait=True)
    return Scene(world, slot, later, booking, waits)


async def book(ctx: Context, slot: Slot, headcount: int, **more: Any) -> Booking:
    return await bookings.book(ctx, slot_id=slot.id, headcount=headcount, theme="主题党日", **more)


async def books(it: Scene) -> None:
    await book(it.world.at(it.world.far_worker), it.slot, 5)


async def cancels(it: Scene) -> None:
    await bookings.cancel(it.world.at(it.world.worker), booking_id=it.booking.id)


async def shrinks(it: Scene) -> None:
    await bookings.change_headcount(it.world.at(it.world.worker), booking_id=it.booking.id, headcount=2)


async def closes(it: Scene) -> None:
    keeper = it.world.at(it.world.keeper)
    await closings.close_slot(keeper, slot_id=it.slot.id, reason="检修", move_to=it.later.id)


async def joins(it: Scene) -> None:
    await guests.join(it.world.at(it.world.far_worker), booking_id=it.booking.id)


async def checks_in(it: Scene) -> None:
    clock: Any = it.world.ctx.now
    clock.now = it.slot.starts_at
    code = sites.poster_scene(it.world.ctx, site_id="S10")
    await checkins.check_in(it.world.at(it.world.member), code=code, nonce="n")


ACTS = [books, cancels, shrinks, closes, joins, checks_in]


async def nothing_is_half() -> None:
    """Slots promise what their bookings hold; what is there has its audit entry, and no entry is alone."""
    rows = await Booking.all()
    for slot in await Slot.all():
        held = [row for row in rows if row.slot_id == slot.id and row.status in bookings.HOLDING]
        assert slot.taken == sum(row.places for row in held) <= slot.capacity
    for row in rows:
        assert row.guests == await Guest.filter(booking_id=row.id).count()
    told = [entry.action for entry in await AuditEntry.all()]
    assert told.count("booking.created") + told.count("booking.waits") == len(rows)
    assert told.count("checkin.created") == await CheckIn.all().count()
    assert told.count("booking.joined") == await Guest.all().count()
    assert told.count("booking.cancelled") == sum(row.status is BookingStatus.CANCELLED for row in rows)


async def what_stands(it: Scene) -> list[Any]:
    """All that comes of it."""
    rows = [
        (row.branch_id, row.slot_id == it.slot.id, row.status, row.headcount, row.guests)
        for row in await Booking.all().order_by("branch_id", "id")
    ]
    return [*rows, (await Slot.get(id=it.slot.id)).closed, await CheckIn.all().count()]


async def clock_goes_on(it: Scene) -> None:
    """The clock's part in what a lost process leaves."""
    await closings.finish(it.world.ctx)
    await places.offer_all(it.world.ctx)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
async def test_dying_at_any_statement_leaves_nothing_half_and_it_can_be_done_again(
    world: Town,
    clock: Clock,
    wechat: FakeWeChat,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Scene], Awaitable[None]],
) -> None:
    expected: list[Any] = []
    for at in range(MOST):  # Nobody dies the first time.
        it = await scene(world, clock)
        with monkeypatch.context() as patch:
            death = let_death_come(patch, wechat, at=at)
            with suppress(Killed):
                await act(it)
        await nothing_is_half()
        with suppress(Refused):  # Done already.
            await act(it)
        await clock_goes_on(it)
        await nothing_is_half()
        expected = expected or await what_stands(it)
        assert await what_stands(it) == expected, f"dead at statement {at}"
        if at and not death.came:
            assert at > 1
            return
    raise AssertionError("It has no end.")
