"""Checking in: one row per person and visit, every refusal with its reason, logs merged in any order."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handlers import bookings, checkins, codes, places, sites
from handlers.context import Context
from handlers.errors import (
    BadCode,
    BadInput,
    CancelledBooking,
    ExpiredCode,
    NoBooking,
    NotAllowed,
    NotBound,
    ScanRefused,
    TooEarly,
    TooLate,
    WrongSite,
)
from models import AuditEntry, Booking, BookingStatus, CheckIn, Person, RefusedScan, Role, Site, Slot
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot, person


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def slot(world: Town) -> Slot:
    """Today from two to four at S10; it is ten now."""
    return await new_slot(world.site, world.ctx.now() + timedelta(hours=4))


@pytest.fixture
async def booking(world: Town, slot: Slot) -> Booking:
    return await book(world, slot)


async def book(world: Town, slot: Slot) -> Booking:
    return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=10, theme="主题党日")


def poster(world: Town, site: Site | None = None) -> str:
    return sites.poster_scene(world.ctx, site_id=(site or world.site).id)


async def scan(world: Town, who: Person | None, code: str | None = None) -> checkins.CheckInResult:
    return await checkins.check_in(world.at(who), code=code or poster(world))


async def refused(world: Town, who: Person | None, code: str | None = None) -> ScanRefused | NotBound:
    """A scan that must be refused: nobody is entered, and the reason is kept."""
    before = await CheckIn.all().count()
    kept = await RefusedScan.all().count()
    with pytest.raises((ScanRefused, NotBound)) as caught:
        await scan(world, who, code)
    assert await CheckIn.all().count() == before
    assert await RefusedScan.all().count() == kept + 1
    last = await RefusedScan.all().order_by("-id").first()
    assert last is not None
    assert last.reason == caught.value.code
    assert last.person_id == (who.id if who else None)
    return caught.value


async def test_a_members_scan_of_the_poster_checks_them_in(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    result = await scan(world, world.member)
    assert (result.status, result.present) == ("checked_in", 1)
    assert (result.site.id, result.booking.id, result.person.id) == ("S10", booking.id, world.member.id)
    entry = await AuditEntry.get(action="checkin.created")
    assert (entry.subject, entry.actor) == (f"booking:{booking.id}", f"person:{world.member.id}")


async def test_a_repeat_says_already_with_the_same_data(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    first = await scan(world, world.member)
    clock.now += timedelta(minutes=5)
    again = await scan(world, world.member)
    assert again.status == "already"
    assert (again.site, again.booking, again.person, again.at, again.present) == (
        first.site,
        first.booking,
        first.person,
        first.at,
        first.present,
    )


async def test_ten_scans_at_once_are_one_check_in(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    results = await asyncio.gather(*(scan(world, world.member) for _ in range(10)))
    assert Counter(result.status for result in results) == {"checked_in": 1, "already": 9}
    assert await CheckIn.all().count() == 1
    assert await AuditEntry.filter(action="checkin.created").count() == 1


async def test_a_whole_branch_at_the_door_at_once_is_counted_once_each(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    members = [await person(world.branch, Role.MEMBER) for _ in range(12)]
    results = await asyncio.gather(*(scan(world, member) for member in members * 2))
    assert Counter(result.status for result in results) == {"checked_in": 12, "already": 12}
    assert (await scan(world, world.member)).present == 13


async def test_the_door_code_checks_in_and_a_photograph_of_it_does_not(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    shown = await checkins.door_code(world.at(world.keeper), site_id="S10")
    assert shown.until == clock.now + timedelta(seconds=30)
    clock.now += timedelta(minutes=2)
    assert (await scan(world, world.member, shown.code)).status == "checked_in"
    clock.now += timedelta(minutes=1)
    assert isinstance(await refused(world, world.worker, shown.code), ExpiredCode)
    assert (await RefusedScan.get()).site_id == ""


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(-31, "too_early"), (-30, "good"), (0, "good"), (119, "good"), (120, "too_late"), (180, "too_late")],
)
async def test_the_gate_is_open_from_half_an_hour_before_until_the_end(
    world: Town, booking: Booking, slot: Slot, clock: Clock, minutes: int, status: str
) -> None:
    clock.now = slot.starts_at + timedelta(minutes=minutes)
    if status == "good":
        assert (await scan(world, world.member)).status == "checked_in"
    else:
        assert (await refused(world, world.member)).code == status


async def test_who_comes_too_early_is_told_when(world: Town, booking: Booking) -> None:
    refusal = await refused(world, world.member)
    assert isinstance(refusal, TooEarly)
    assert f"{refusal.site} {refusal.at:%H:%M}" == "阵地S10 13:30"


async def test_a_visit_of_another_day_is_too_early_with_its_day(
    world: Town, booking: Booking, clock: Clock
) -> None:
    clock.now -= timedelta(days=3)
    refusal = await refused(world, world.member)
    assert isinstance(refusal, TooEarly)
    assert f"{refusal.at:%m-%d %H:%M}" == "11-20 13:30"


async def test_who_is_at_another_site_is_told_where(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    refusal = await refused(world, world.member, poster(world, world.other_site))
    assert isinstance(refusal, WrongSite)
    assert refusal.site == "阵地S10"
    assert (await RefusedScan.get()).site_id == "S01"


async def test_after_a_visit_here_comes_too_late(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.ends_at + timedelta(minutes=1)
    refusal = await refused(world, world.member)
    assert isinstance(refusal, TooLate)
    assert f"{refusal.at:%H:%M}" == "16:00"


async def test_a_cancelled_visit_is_called_so(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    await bookings.cancel(world.at(world.worker), booking_id=booking.id)
    clock.now = slot.starts_at
    assert isinstance(await refused(world, world.member), CancelledBooking)
    await book_again(world, slot, clock)
    assert (await scan(world, world.member)).status == "checked_in"


async def book_again(world: Town, slot: Slot, clock: Clock) -> None:
    clock.now = slot.starts_at - timedelta(minutes=20)
    await book(world, slot)


@pytest.mark.parametrize("status", [BookingStatus.REQUESTED, BookingStatus.WAITING])
async def test_a_visit_that_is_not_confirmed_opens_no_gate(
    world: Town, booking: Booking, slot: Slot, clock: Clock, status: BookingStatus
) -> None:
    await Booking.filter(id=booking.id).update(status=status)
    clock.now = slot.starts_at
    assert isinstance(await refused(world, world.member), NoBooking)


async def test_another_branch_cannot_use_our_visit(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    for other in (world.other_worker, world.keeper, world.far_worker, world.district_officer):
        assert isinstance(await refused(world, other), NoBooking)


async def test_a_stranger_with_a_good_code_is_asked_to_bind_and_with_a_bad_one_is_not(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    assert isinstance(await refused(world, None), NotBound)
    assert isinstance(await refused(world, None, "P1S10AAAAAAAAAAAAAA"), BadCode)


async def test_of_two_visits_on_end_the_one_in_progress_counts(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    following = await book(world, await new_slot(world.site, slot.ends_at))
    clock.now = slot.ends_at - timedelta(minutes=10)
    assert (await scan(world, world.member)).booking.id == booking.id
    clock.now = slot.ends_at
    assert (await scan(world, world.member)).booking.id == following.id


async def test_a_keeper_scans_a_members_own_code(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    shown = await checkins.member_code(world.at(world.member))
    result = await scan(world, world.keeper, shown.code)
    assert (result.status, result.person.id) == ("checked_in", world.member.id)
    assert (await AuditEntry.get(action="checkin.created")).actor == f"person:{world.keeper.id}"


async def test_a_members_own_code_opens_nothing_to_who_keeps_no_site_or_another_one(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    shown = await checkins.member_code(world.at(world.member))
    for other in (world.member, world.worker, world.other_worker):
        with pytest.raises(BadCode):
            await scan(world, other, shown.code)
    with pytest.raises(WrongSite):
        await scan(world, world.far_officer, shown.code)
    assert await CheckIn.all().count() == 0


async def test_who_left_the_roster_is_not_checked_in_by_an_old_code(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    shown = await checkins.member_code(world.at(world.member))
    await Person.filter(id=world.member.id).update(left_at=clock.now)
    with pytest.raises(BadCode):
        await scan(world, world.keeper, shown.code)


async def test_door_codes_are_for_the_sites_keeper_and_the_officers_above(world: Town) -> None:
    for who in (world.keeper, world.town_officer, world.district_officer):
        assert (await checkins.door_code(world.at(who), site_id="S10")).code
    for who in (world.member, world.worker, world.other_worker, world.far_officer):
        with pytest.raises(NotAllowed):
            await checkins.door_code(world.at(who), site_id="S10")
    with pytest.raises(NotAllowed):
        await checkins.door_code(world.at(world.keeper), site_id="S01")
    with pytest.raises(NotBound):
        await checkins.door_code(world.at(None), site_id="S10")


def line(world: Town, member: Person, at: datetime) -> dict[str, Any]:
    """A line of a keeper's offline log."""
    secret = world.ctx.settings.secret_key.get_secret_value()
    return {"code": codes.member(secret, person_id=member.id, at=at), "at": at.isoformat()}


async def record() -> dict[str, list[tuple[Any, ...]]]:
    """All that check-ins leave behind, without ids."""
    return {
        "present": sorted(
            (entry.booking_id, entry.person_id, entry.at, entry.source) for entry in await CheckIn.all()
        ),
        "refused": sorted((scan.at, scan.reason, scan.person_id or 0) for scan in await RefusedScan.all()),
        "status": [(booking.id, booking.status) for booking in await Booking.all().order_by("id")],
    }


@hypothesis_settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.generate],  # Each example is a database's work; shrinking one takes minutes.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_any_order_and_repetition_of_scans_gives_the_same_record(
    world: Town, booking: Booking, slot: Slot, clock: Clock, data: st.DataObject
) -> None:
    others = await Person.filter(organization_id=world.branch.id).order_by("id").limit(3)
    begin = slot.starts_at
    log = [
        line(world, others[0], begin),
        line(world, others[0], begin + timedelta(minutes=7)),
        line(world, others[1], begin - timedelta(minutes=29)),
        line(world, others[1], begin + timedelta(minutes=119)),
        line(world, others[2], begin - timedelta(minutes=45)),  # Too early.
        line(world, world.far_worker, begin),  # Of a branch that isn't expected.
        {"code": "P1S10AAAAAAAAAAAAAA", "at": begin.isoformat()},
        {"code": "?", "at": "yesterday"},
    ]

    async def merge(lines: list[dict[str, Any]], *, online_first: bool) -> dict[str, list[tuple[Any, ...]]]:
        await CheckIn.all().delete()
        await RefusedScan.all().delete()
        await Booking.filter(id=booking.id).update(status=BookingStatus.MISSED)
        at_once = world.at(world.keeper)
        for step in (online_first, not online_first):
            if step:
                clock.now = begin + timedelta(minutes=3)
                await scan(world, others[0])
            else:
                clock.now = slot.ends_at + timedelta(hours=1)
                await checkins.upload(at_once, scans=lines)
        return await record()

    expected = await merge(log, online_first=True)
    assert len(expected["present"]) == 2
    assert len(expected["refused"]) == 3
    shuffled = data.draw(st.permutations(log + data.draw(st.lists(st.sampled_from(log), max_size=6))))
    assert await merge(shuffled, online_first=data.draw(st.booleans())) == expected


async def test_each_line_of_a_log_is_answered(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.ends_at + timedelta(hours=1)
    good = line(world, world.member, slot.starts_at)
    lines: list[dict[str, Any]] = [
        good,
        good,
        {"code": good["code"], "at": slot.ends_at.isoformat()},
        {"code": poster(world), "at": slot.starts_at.isoformat()},
        line(world, world.member, slot.starts_at - timedelta(hours=1)),
        line(world, world.member, clock.now + timedelta(hours=1)),
        line(world, world.member, clock.now - timedelta(days=9)),
        {"code": good["code"], "at": "2026-11-20T14:00:00"},  # No offset: nobody knows when.
        {"code": 7, "at": slot.starts_at.isoformat()},
        {},
    ]
    answers = await checkins.upload(world.at(world.keeper), scans=lines)
    assert [answer.status for answer in answers] == [
        "checked_in", "already", "expired_code", "bad_code", "too_early", "expired_code", "expired_code",
        "bad_input", "bad_input", "bad_input",
    ]  # fmt: skip


@pytest.mark.parametrize("is_settled", [True, False])
async def test_logs_that_come_late_make_a_visit_fulfilled_once(
    world: Town, booking: Booking, slot: Slot, clock: Clock, is_settled: bool
) -> None:
    members = [await person(world.branch, Role.MEMBER) for _ in range(6)]
    clock.now = slot.ends_at + timedelta(hours=20)
    if is_settled:
        await places.settle(world.ctx)
        assert (await Booking.get(id=booking.id)).status is BookingStatus.MISSED
    keeper = world.at(world.keeper)
    await asyncio.gather(
        *(checkins.upload(keeper, scans=[line(world, member, slot.starts_at)]) for member in members)
    )
    assert (await Booking.get(id=booking.id)).status is BookingStatus.FULFILLED
    assert await CheckIn.filter(booking_id=booking.id).count() == 6
    assert await AuditEntry.filter(action="booking.fulfilled").count() == 1


async def test_settling_and_a_late_log_at_once_end_as_fulfilled(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.ends_at + timedelta(hours=1)
    scans = [line(world, world.member, slot.starts_at)]
    await asyncio.gather(
        *(places.settle(world.ctx) for _ in range(3)), checkins.upload(world.at(world.keeper), scans=scans)
    )
    assert (await Booking.get(id=booking.id)).status is BookingStatus.FULFILLED


async def test_logs_are_for_keepers_and_not_endless(world: Town, booking: Booking, slot: Slot) -> None:
    for who in (world.member, world.worker):
        with pytest.raises(NotAllowed):
            await checkins.upload(world.at(who), scans=[line(world, world.member, slot.starts_at)])
    with pytest.raises(BadInput):
        await checkins.upload(world.at(world.keeper), scans=[{}] * (checkins.SCANS_AT_ONCE + 1))


SPOILT: list[Callable[[str], str]] = [
    lambda code: code[:-1],
    lambda code: code.swapcase(),
    lambda code: code.replace("S10", "S11"),
    lambda code: "",
    lambda code: code + "x",
]


@pytest.mark.parametrize("spoil", SPOILT)
async def test_a_spoilt_code_checks_nobody_in(
    world: Town, booking: Booking, slot: Slot, clock: Clock, spoil: Callable[[str], str]
) -> None:
    clock.now = slot.starts_at
    with pytest.raises(BadCode):
        await checkins.check_in(world.at(world.member), code=spoil(poster(world)))
    assert await CheckIn.all().count() == 0
    assert (await RefusedScan.get()).reason == "bad_code"


async def test_old_posters_check_in_after_a_rotation_and_not_after_their_retirement(
    world: Town, booking: Booking, clock: Clock
) -> None:
    old = poster(world)
    clock.now += timedelta(hours=4)
    ctx = world.at(world.member)
    rotated = replace(ctx, settings=ctx.settings.model_copy(update={"code_versions": "21"}))
    retired = replace(ctx, settings=ctx.settings.model_copy(update={"code_versions": "2"}))
    assert sites.poster_scene(rotated, site_id=world.site.id) != old
    with pytest.raises(BadCode):
        await checkins.check_in(retired, code=old)
    assert await CheckIn.all().count() == 0
    assert (await checkins.check_in(rotated, code=old)).status == "checked_in"
