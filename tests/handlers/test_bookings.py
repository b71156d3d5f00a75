"""Booking: no oversell, all or none, one live booking a branch, and nobody reaches another's."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from handlers import bookings, errors, places
from handlers.context import Context
from handlers.errors import (
    AlreadyBooked,
    BadInput,
    NotBound,
    NotFound,
    NotYourBranch,
    SlotClosed,
    SlotFull,
    WrongState,
)
from models import (
    AuditEntry,
    Booking,
    BookingStatus,
    CheckIn,
    OrganizationKind,
    Person,
    Role,
    Site,
    SiteStatus,
    Slot,
    statements,
)
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot, organization, person


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def slot(world: Town) -> Slot:
    """Tomorrow from ten to twelve at S10, 30 places."""
    return await new_slot(world.site, world.ctx.now() + timedelta(days=1))


async def book(world: Town, who: Person, slot: Slot, headcount: int = 10, **more: bool) -> Booking:
    return await bookings.book(world.at(who), slot_id=slot.id, headcount=headcount, theme="主题党日", **more)


async def taken(slot: Slot) -> int:
    return (await Slot.get(id=slot.id)).taken


async def promised(slot: Slot) -> int:
    held = await Booking.filter(slot_id=slot.id, status__in=bookings.HOLDING)
    return sum(booking.headcount for booking in held)


async def many_workers(world: Town, count: int) -> list[Person]:
    branches = [
        await organization(f"ZC01{number}", OrganizationKind.BRANCH, world.town)
        for number in range(50, 50 + count)
    ]
    return [await person(branch, Role.BRANCH_WORKER) for branch in branches]


async def refusals(*attempts: Awaitable[object]) -> Counter[str]:
    """How attempts made at once came out, by the refusal's code."""
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, errors.Refused):
            raise outcome
    return Counter(outcome.code if isinstance(outcome, errors.Refused) else "good" for outcome in outcomes)


async def test_a_booking_takes_its_places_and_leaves_a_trace(world: Town, slot: Slot) -> None:
    booking = await book(world, world.worker, slot, 12)
    assert booking.status is BookingStatus.CONFIRMED
    assert booking.branch_id == world.branch.id
    assert await taken(slot) == 12
    entry = await AuditEntry.get(action="booking.created")
    assert (entry.subject, entry.actor) == (f"booking:{booking.id}", f"person:{world.worker.id}")
    assert entry.details == {"slot": slot.id, "branch": world.branch.id, "headcount": 12}


async def test_a_site_that_wants_to_approve_gets_a_request_with_its_places_kept(
    world: Town, slot: Slot
) -> None:
    await Site.filter(id=world.site.id).update(needs_approval=True)
    booking = await book(world, world.worker, slot)
    assert booking.status is BookingStatus.REQUESTED
    assert await taken(slot) == 10


async def test_the_last_places_go_to_as_many_branches_as_fit(world: Town, slot: Slot) -> None:
    workers = await many_workers(world, 10)
    came = await refusals(*(book(world, worker, slot, 7) for worker in workers))
    assert came == {"good": 4, "slot_full": 6}
    assert await taken(slot) == await promised(slot) == 28
    assert await Booking.all().count() == await AuditEntry.all().count() == 4


async def test_without_the_condition_of_its_statement_the_race_above_oversells(
    world: Town, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BOOK_AT_ONCE", "CLAIM"):
        careless = re.sub(r" AND taken \+ \$\d <= capacity", "", getattr(statements, name))
        monkeypatch.setattr(statements, name, careless)
    workers = await many_workers(world, 10)
    await refusals(*(book(world, worker, slot, 7) for worker in workers))
    assert await promised(slot) > slot.capacity


async def test_the_same_branch_gets_a_slot_once_however_often_it_taps(world: Town, slot: Slot) -> None:
    came = await refusals(*(book(world, world.worker, slot, 5) for _ in range(8)))
    assert came == {"good": 1, "already_booked": 7}
    assert (await taken(slot), await Booking.all().count()) == (5, 1)


async def test_a_branch_is_at_one_place_at_a_time_also_when_it_asks_for_two_at_once(
    world: Town, slot: Slot
) -> None:
    others = [
        await new_slot(world.other_site, slot.starts_at + timedelta(minutes=minutes))
        for minutes in (-90, 0, 90)
    ]
    came = await refusals(*(book(world, world.worker, one) for one in (slot, *others)))
    # The first and the last don't overlap: one or two of the four are good, never two that do.
    live = await Booking.all().select_related("slot")
    assert came["good"] == len(live) >= 1
    spans = sorted((booking.slot.starts_at, booking.slot.ends_at) for booking in live)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert set(came) == {"good", "already_booked"}


async def test_a_visit_right_after_another_is_no_conflict(world: Town, slot: Slot) -> None:
    following = await new_slot(world.other_site, slot.ends_at)
    await book(world, world.worker, slot)
    assert (await book(world, world.worker, following)).status is BookingStatus.CONFIRMED


async def test_a_branch_that_has_the_last_places_is_told_so_and_not_that_it_is_full(
    world: Town, slot: Slot
) -> None:
    await book(world, world.worker, slot, 30)
    with pytest.raises(AlreadyBooked):
        await book(world, world.worker, slot, 30)
    with pytest.raises(SlotFull):
        await book(world, world.other_worker, slot, 1)
    assert (await taken(slot), await Booking.all().count()) == (30, 1)


async def close(slot: Slot, clock: Clock) -> None:
    await Slot.filter(id=slot.id).update(closed=True)


async def begin(slot: Slot, clock: Clock) -> None:
    clock.now = slot.starts_at


async def pause(slot: Slot, clock: Clock) -> None:
    await Site.filter(id=slot.site_id).update(status=SiteStatus.PAUSED)


@pytest.mark.parametrize("happens", [close, begin, pause])
async def test_what_is_closed_begun_or_paused_cannot_be_booked(
    world: Town, slot: Slot, clock: Clock, happens: Callable[[Slot, Clock], Awaitable[None]]
) -> None:
    await happens(slot, clock)
    with pytest.raises(SlotClosed):
        await book(world, world.worker, slot, wait=True)
    assert (await taken(slot), await Booking.all().count()) == (0, 0)


@pytest.mark.parametrize(
    ("headcount", "theme", "field"),
    [
        (0, "主题党日", "headcount"),
        (-5, "主题党日", "headcount"),
        (31, "主题党日", "headcount"),
        (10, "  \n ", "theme"),
        (10, "长" * 81, "theme"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused_by_field(
    world: Town, slot: Slot, headcount: int, theme: str, field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        await bookings.book(
            world.at(world.worker), slot_id=slot.id, headcount=headcount, theme=theme, wait=True
        )
    assert set(refused.value.fields) == {field}
    assert (await taken(slot), await Booking.all().count()) == (0, 0)


async def test_only_who_works_for_a_branch_books_for_it(world: Town, slot: Slot) -> None:
    for nobody in (world.member, world.keeper, world.town_officer, world.district_officer):
        with pytest.raises(NotYourBranch):
            await book(world, nobody, slot)
    with pytest.raises(NotYourBranch):
        await bookings.book(
            world.at(world.worker),
            slot_id=slot.id,
            headcount=5,
            theme="主题党日",
            branch_id=world.other_branch.id,
        )
    with pytest.raises(NotBound):
        await bookings.book(world.at(None), slot_id=slot.id, headcount=5, theme="主题党日")
    with pytest.raises(NotFound):
        await bookings.book(world.at(world.worker), slot_id=10**6, headcount=5, theme="主题党日")
    assert (await taken(slot), await Booking.all().count()) == (0, 0)


async def test_cancelling_at_once_from_everywhere_gives_the_places_back_once(world: Town, slot: Slot) -> None:
    kept = await book(world, world.other_worker, slot, 8)
    booking = await book(world, world.worker, slot, 12)
    people = [world.worker, world.keeper, world.town_officer, world.district_officer] * 2
    await refusals(*(bookings.cancel(world.at(who), booking_id=booking.id) for who in people))
    assert await taken(slot) == kept.headcount
    assert await AuditEntry.filter(action="booking.cancelled").count() == 1
    again = await book(world, world.worker, slot, 12)
    assert again.status is BookingStatus.CONFIRMED


async def test_cancel_confirm_and_decline_at_once_leave_one_outcome_and_the_right_count(
    world: Town, slot: Slot
) -> None:
    await Site.filter(id=world.site.id).update(needs_approval=True)
    booking = await book(world, world.worker, slot, 12)
    await refusals(
        bookings.confirm(world.at(world.keeper), booking_id=booking.id),
        bookings.decline(world.at(world.keeper), booking_id=booking.id, reason="设备检修"),
        bookings.cancel(world.at(world.worker), booking_id=booking.id),
    )
    assert await taken(slot) == await promised(slot)
    now = await Booking.get(id=booking.id)
    assert (now.live_key is None) == (now.status is not BookingStatus.CONFIRMED)


async def test_the_gate_being_open_a_visit_cannot_be_cancelled(world: Town, slot: Slot, clock: Clock) -> None:
    booking = await book(world, world.worker, slot)
    clock.now = slot.starts_at - timedelta(minutes=30)
    with pytest.raises(WrongState):
        await bookings.cancel(world.at(world.worker), booking_id=booking.id)
    assert await taken(slot) == 10


async def test_a_keeper_confirms_once_and_cannot_decline_then(world: Town, slot: Slot) -> None:
    await Site.filter(id=world.site.id).update(needs_approval=True)
    booking = await book(world, world.worker, slot)
    for _ in range(2):
        confirmed = await bookings.confirm(world.at(world.keeper), booking_id=booking.id)
        assert confirmed.status is BookingStatus.CONFIRMED
    assert await AuditEntry.filter(action="booking.confirmed").count() == 1
    with pytest.raises(WrongState):
        await bookings.decline(world.at(world.keeper), booking_id=booking.id, reason="设备检修")
    assert await taken(slot) == 10


async def test_a_declined_branch_reads_why_and_the_places_are_free(world: Town, slot: Slot) -> None:
    await Site.filter(id=world.site.id).update(needs_approval=True)
    booking = await book(world, world.worker, slot)
    with pytest.raises(BadInput):
        await bookings.decline(world.at(world.keeper), booking_id=booking.id, reason=" ")
    await bookings.decline(world.at(world.keeper), booking_id=booking.id, reason="设备检修")
    read = await bookings.get_booking(world.at(world.worker), booking_id=booking.id)
    assert (read.status, read.reason) == (BookingStatus.DECLINED, "设备检修")
    assert await taken(slot) == 0
    with pytest.raises(WrongState):
        await bookings.confirm(world.at(world.keeper), booking_id=booking.id)


ACTS: dict[str, Callable[[Context, int], Awaitable[object]]] = {
    "see": lambda ctx, id_: bookings.get_booking(ctx, booking_id=id_),
    "cancel": lambda ctx, id_: bookings.cancel(ctx, booking_id=id_),
    "confirm": lambda ctx, id_: bookings.confirm(ctx, booking_id=id_),
    "decline": lambda ctx, id_: bookings.decline(ctx, booking_id=id_, reason="设备检修"),
}
MAY = {
    "worker": {"see", "cancel"},
    "member": {"see"},
    "keeper": {"see", "cancel", "confirm", "decline"},
    "town_officer": {"see", "cancel", "confirm", "decline"},
    "district_officer": {"see", "cancel", "confirm", "decline"},
    "far_officer": {"see"},  # A member of the branch by the way.
    "other_worker": set(),
    "far_worker": set(),
}


@pytest.mark.parametrize("who", MAY)
async def test_nobody_reaches_what_is_not_theirs(world: Town, slot: Slot, who: str) -> None:
    await Site.filter(id=world.site.id).update(needs_approval=True)
    for act, do in ACTS.items():
        booking = await book(world, world.worker, slot)
        before = await Booking.get(id=booking.id).values()
        came = await refusals(do(world.at(getattr(world, who)), booking.id))
        if act in MAY[who]:
            assert came == {"good": 1}, act
        else:
            assert came == {"not_allowed" if "see" in MAY[who] else "not_found": 1}, act
            assert await Booking.get(id=booking.id).values() == before
            assert await taken(slot) == 10
        # The next act finds a fresh booking.
        await Booking.filter(id=booking.id).delete()
        await Slot.filter(id=slot.id).update(taken=0)


async def test_a_stranger_sees_nothing(world: Town, slot: Slot) -> None:
    booking = await book(world, world.worker, slot)
    for do in ACTS.values():
        with pytest.raises(NotBound):
            await do(world.at(None), booking.id)
    with pytest.raises(NotBound):
        await bookings.list_bookings(world.at(None))


async def test_lists_hold_what_a_caller_may_see_page_by_page(world: Town, slot: Slot) -> None:
    mine = [
        await book(world, world.worker, await new_slot(world.site, slot.starts_at + timedelta(days=day)))
        for day in range(1, 5)
    ]
    far = await book(world, world.far_worker, await new_slot(world.other_site, slot.starts_at))

    async def ids(who: Person, status: BookingStatus | None = None) -> list[int]:
        found: list[int] = []
        cursor: int | None = None
        while True:
            page = await bookings.list_bookings(world.at(who), status=status, cursor=cursor, limit=2)
            assert len(page.items) <= 2
            found += [booking.id for booking in page.items]
            if page.next is None:
                return found
            cursor = page.next

    newest_first = [booking.id for booking in reversed(mine)]
    assert await ids(world.worker) == await ids(world.member) == newest_first
    assert await ids(world.keeper) == await ids(world.town_officer) == newest_first
    assert await ids(world.district_officer) == [far.id, *newest_first]
    assert await ids(world.far_worker) == [far.id]
    assert await ids(world.other_worker) == []
    assert await ids(world.worker, BookingStatus.CANCELLED) == []
    assert await ids(world.worker, BookingStatus.CONFIRMED) == newest_first


async def test_a_contact_is_shown_to_a_branch_that_is_coming(world: Town, slot: Slot) -> None:
    booking = await book(world, world.worker, slot)
    ctx = world.at(world.worker)
    assert (await bookings.get_booking(ctx, booking_id=booking.id)).slot.site.contact == "联系人"
    cancelled = await bookings.cancel(ctx, booking_id=booking.id)
    assert cancelled.slot.site.contact == ""
    assert (await bookings.get_booking(ctx, booking_id=booking.id)).slot.site.contact == ""


async def test_who_waits_takes_no_place_and_moves_up_in_order_when_the_group_fits(
    world: Town, slot: Slot
) -> None:
    first = await book(world, world.other_worker, slot, 25)
    large, small, late = await many_workers(world, 3)
    waiting = [
        await book(world, large, slot, 28, wait=True),
        await book(world, small, slot, 10, wait=True),
        await book(world, late, slot, 18, wait=True),
    ]
    assert {booking.status for booking in waiting} == {BookingStatus.WAITING}
    assert await taken(slot) == 25
    fits = await book(world, world.worker, slot, 5, wait=True)
    assert fits.status is BookingStatus.CONFIRMED
    await bookings.cancel(world.at(world.other_worker), booking_id=first.id)
    now = [(await Booking.get(id=booking.id)).status for booking in waiting]
    # 25 places came free: 28 don't fit, 10 do, and 18 no longer do.
    assert now == [BookingStatus.WAITING, BookingStatus.OFFERED, BookingStatus.WAITING]
    assert await taken(slot) == await promised(slot) == 15


async def test_giving_up_waiting_gives_no_places_back(world: Town, slot: Slot) -> None:
    await book(world, world.other_worker, slot, 25)
    waiting = await book(world, world.worker, slot, 10, wait=True)
    await bookings.cancel(world.at(world.worker), booking_id=waiting.id)
    assert await taken(slot) == 25


async def test_releases_and_waits_at_once_keep_the_count(world: Town, slot: Slot) -> None:
    workers = await many_workers(world, 6)
    held = [await book(world, worker, slot, 10) for worker in workers[:3]]
    waits = [book(world, worker, slot, 10, wait=True) for worker in workers[3:]]
    cancels = [
        bookings.cancel(world.at(worker), booking_id=booking.id)
        for worker, booking in zip(workers, held, strict=False)
    ]
    await refusals(*waits, *cancels)
    await places.offer_all(world.ctx)
    assert await taken(slot) == await promised(slot) == 30
    assert await Booking.filter(status=BookingStatus.WAITING).count() == 0


async def test_the_books_are_closed_on_visits_that_are_over(world: Town, slot: Slot, clock: Clock) -> None:
    came, missed = await book(world, world.worker, slot), await book(world, world.other_worker, slot)
    await CheckIn.create(booking=came, person=world.member, at=slot.starts_at, source="poster")
    waited = await book(world, world.far_worker, slot, 20, wait=True)
    clock.now = slot.ends_at
    assert sum(await asyncio.gather(*(places.settle(world.ctx) for _ in range(3)))) == 3
    statuses = [(await Booking.get(id=booking.id)).status for booking in (came, missed, waited)]
    assert statuses == [BookingStatus.FULFILLED, BookingStatus.MISSED, BookingStatus.CANCELLED]
    assert await Booking.filter(live_key__not_isnull=True).count() == 0
    assert await places.settle(world.ctx) == 0


async def test_the_calendar_file_is_folded_escaped_and_in_local_time(world: Town, slot: Slot) -> None:
    theme = "学习;讨论,\\重温“入党誓词”\nBEGIN:VALARM" + "长" * 40
    booking = await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=9, theme=theme)
    text = await bookings.calendar_file(world.at(world.member), booking_id=booking.id)
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")
    assert "SUMMARY:学习\\;讨论\\,\\\\重温“入党誓词” BEGIN:VALARM" + "长" * 40 in lines
    assert "DTSTART;TZID=Asia/Shanghai:20261121T100000" in lines
    assert "DTEND;TZID=Asia/Shanghai:20261121T120000" in lines
    assert "DTSTAMP:20261120T020000Z" in lines
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    with pytest.raises(NotFound):
        await bookings.calendar_file(world.at(world.far_worker), booking_id=booking.id)
    await bookings.cancel(world.at(world.worker), booking_id=booking.id)
    with pytest.raises(WrongState):
        await bookings.calendar_file(world.at(world.member), booking_id=booking.id)
