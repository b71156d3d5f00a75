"""Closing slots, days and sites: visits find a new slot or an end, and their branches are told."""

from datetime import date, timedelta

import pytest

from handlers import bookings, closings, sites
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, SlotClosed, WrongState
from handlers.openings import Opening
from models import (
    Account,
    App,
    AuditEntry,
    Booking,
    BookingStatus,
    Notice,
    Person,
    Site,
    SiteStatus,
    Slot,
)
from tests.handlers.town import Town, build, new_slot


@pytest.fixture
async def world(ctx: Context) -> Town:
    """The small district, whose workers follow the account."""
    made = await build(ctx)
    for who in (made.worker, made.other_worker, made.far_worker):
        await Account.create(app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}", person=who, follows=True)
    return made


async def book(world: Town, who: Person, slot: Slot, headcount: int, *, wait: bool = False) -> Booking:
    return await bookings.book(
        world.at(who), slot_id=slot.id, headcount=headcount, theme="主题党日", wait=wait
    )


async def count_is_right(*slots: Slot) -> None:
    for slot in slots:
        held = await Booking.filter(slot_id=slot.id, status__in=bookings.HOLDING)
        assert (await Slot.get(id=slot.id)).taken == sum(one.headcount for one in held)


async def two_slots(world: Town, *, capacity: int = 30) -> tuple[Slot, Slot]:
    first = await new_slot(world.site, world.ctx.now() + timedelta(days=1))
    return first, await new_slot(world.site, world.ctx.now() + timedelta(days=2), capacity=capacity)


async def test_visits_move_as_far_as_they_fit_and_each_branch_is_told(world: Town) -> None:
    slot, target = await two_slots(world, capacity=12)
    fits = await book(world, world.worker, slot, 10)
    too_many = await book(world, world.other_worker, slot, 20)
    waits = await book(world, world.far_worker, slot, 2, wait=True)
    keeper = world.at(world.keeper)
    for _ in range(2):  # Twice is once.
        done = await closings.close_slot(keeper, slot_id=slot.id, reason="检修", move_to=target.id)
    assert (done.slots, done.moved, done.cancelled) == (0, 0, 0)
    await fits.refresh_from_db()
    await too_many.refresh_from_db()
    await waits.refresh_from_db()
    assert (fits.slot_id, fits.status) == (target.id, BookingStatus.CONFIRMED)
    assert (too_many.status, too_many.live_key) == (BookingStatus.CANCELLED, None)
    # Who waited waits at the new slot, and two places are free there.
    assert (waits.slot_id, waits.status) == (target.id, BookingStatus.OFFERED)
    await count_is_right(slot, target)
    texts = {notice.openid: notice.content for notice in await Notice.all().order_by("-id")}
    assert "改到" in texts[f"o{world.worker.id}"]
    assert "已取消" in texts[f"o{world.other_worker.id}"]
    assert await AuditEntry.filter(action="slot.closed").count() == 1
    assert await AuditEntry.filter(action="booking.moved").count() == 2
    with pytest.raises(SlotClosed):
        await book(world, world.other_worker, slot, 1)


async def test_a_visit_is_not_moved_onto_another_one_of_its_branch(world: Town) -> None:
    slot, target = await two_slots(world)
    await book(world, world.worker, target, 5)
    moved = await book(world, world.worker, slot, 5)
    await closings.close_slot(world.at(world.keeper), slot_id=slot.id, reason="检修", move_to=target.id)
    assert (await Booking.get(id=moved.id)).status is BookingStatus.CANCELLED
    await count_is_right(slot, target)


async def test_only_who_keeps_the_site_closes_and_only_to_where_they_keep(world: Town) -> None:
    slot, _ = await two_slots(world)
    elsewhere = await new_slot(world.other_site, slot.starts_at)
    for who in (world.worker, world.member, world.far_officer):
        with pytest.raises(NotAllowed):
            await closings.close_slot(world.at(who), slot_id=slot.id, reason="检修")
        with pytest.raises(NotAllowed):
            await closings.close_site(world.at(who), site_id=world.site.id, reason="检修")
    for move_to in (slot.id, elsewhere.id, 10**6):
        with pytest.raises(BadInput):
            await closings.close_slot(world.at(world.keeper), slot_id=slot.id, reason="检修", move_to=move_to)
    assert await Slot.filter(closed=True).count() == 0


async def test_what_a_lost_process_left_in_a_closed_slot_is_finished(world: Town) -> None:
    slot, target = await two_slots(world)
    booking = await book(world, world.worker, slot, 10)
    await Slot.filter(id=slot.id).update(closed=True, close_reason="检修", moves_to_id=target.id)
    assert await closings.finish(world.ctx) == 1
    assert await closings.finish(world.ctx) == 0
    assert (await Booking.get(id=booking.id)).slot_id == target.id
    await count_is_right(slot, target)


async def test_closed_days_stay_closed_and_their_slots_are_not_made_again(world: Town) -> None:
    await sites.make_slots(world.ctx)
    day = date(2026, 11, 24)
    slots = [one for one in await Slot.filter(site=world.site) if one.starts_at.date() == day]
    booking = await book(world, world.worker, slots[0], 10)
    done = await closings.close_days(
        world.at(world.keeper), site_id=world.site.id, since=day, until=day, reason="停电"
    )
    assert (done.slots, done.cancelled) == (5, 1)
    assert (await Booking.get(id=booking.id)).reason == "停电"
    assert await sites.make_slots(world.ctx) == 0
    opening = Opening.model_validate((await Site.get(id=world.site.id)).opening)
    assert opening.slots(day, world.ctx.settings.zone) == []
    assert opening.slots(day + timedelta(days=1), world.ctx.settings.zone)


async def test_a_site_is_closed_and_opened_again_without_its_closed_days(world: Town) -> None:
    slot, later = await two_slots(world)
    booking = await book(world, world.worker, slot, 10)
    keeper = world.at(world.keeper)
    day = slot.starts_at.astimezone(world.ctx.settings.zone).date()
    await closings.close_days(keeper, site_id=world.site.id, since=day, until=day, reason="停电")
    done = await closings.close_site(keeper, site_id=world.site.id, reason="整修")
    assert (done.slots, (await Site.get(id=world.site.id)).status) == (1, SiteStatus.PAUSED)
    assert (await Booking.get(id=booking.id)).status is BookingStatus.CANCELLED
    opened = await closings.open_site(keeper, site_id=world.site.id)
    assert opened.status is SiteStatus.OPEN
    assert (await Slot.get(id=slot.id)).closed
    assert not (await Slot.get(id=later.id)).closed


async def test_a_slot_that_began_is_neither_closed_nor_opened(world: Town) -> None:
    slot = await new_slot(world.site, world.ctx.now())
    for act in (
        closings.close_slot(world.at(world.keeper), slot_id=slot.id, reason="检修"),
        closings.open_slot(world.at(world.keeper), slot_id=slot.id),
    ):
        with pytest.raises(WrongState):
            await act


async def test_without_the_claim_at_the_new_slot_moving_oversells(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, target = await two_slots(world, capacity=12)
    await book(world, world.worker, slot, 10)
    await book(world, world.other_worker, slot, 10)

    async def careless(self: Slot, places: int, *, alone: bool = False) -> bool:
        await Slot.filter(id=self.id).update(taken=self.taken + places)
        return True

    monkeypatch.setattr(Slot, "claim", careless)
    await closings.close_slot(world.at(world.keeper), slot_id=slot.id, reason="检修", move_to=target.id)
    held = await Booking.filter(slot_id=target.id, status__in=bookings.HOLDING)
    assert sum(one.headcount for one in held) > target.capacity


async def test_the_district_stops_everything_for_a_day_and_branches_are_told(world: Town) -> None:
    await sites.make_slots(world.ctx)
    day = date(2026, 11, 24)
    here, there = [
        next(one for one in await Slot.filter(site=site).order_by("id") if one.starts_at.date() == day)
        for site in (world.site, world.other_site)
    ]
    await book(world, world.worker, here, 10)
    await book(world, world.far_worker, there, 10)
    days = {"since": day, "until": day, "reason": "暴雪"}
    for nobody in (world.keeper, world.town_officer, world.worker):
        with pytest.raises(NotAllowed):
            await closings.close_everywhere(world.at(nobody), **days)
    district = world.at(world.district_officer)
    assert (await closings.close_everywhere(district, **days, town="太河镇")).slots == 0  # None stands there.
    done = await closings.close_everywhere(district, **days)
    assert (done.slots, done.cancelled) == (10, 2)
    assert (await closings.close_everywhere(district, **days)).slots == 0
    assert [one.reason for one in await Booking.all()] == ["暴雪", "暴雪"]
    assert "原因：暴雪" in (await Notice.get(openid=f"o{world.far_worker.id}")).content
    assert await Slot.filter(closed=True).count() == 10
