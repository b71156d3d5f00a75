"""Logs of several keepers: every line kept with its outcome, any order the same record, conflicts listed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handlers import bookings, checkins, codes, scan_log, sites
from handlers.context import Context
from handlers.errors import NotAllowed
from models import Booking, BookingStatus, CheckIn, Person, RefusedScan, Role, Slot, UploadedScan
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot, person

Line = dict[str, Any]


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def slot(world: Town) -> Slot:
    return await new_slot(world.site, world.ctx.now() + timedelta(hours=4))


@pytest.fixture
async def booking(world: Town, slot: Slot) -> Booking:
    return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=10, theme="主题党日")


def line(world: Town, member: Person, at: datetime) -> Line:
    """A line of a keeper's offline log."""
    secret = world.ctx.settings.secret_key.get_secret_value()
    return {"code": codes.member(secret, person_id=member.id, at=at), "at": at.isoformat()}


async def record() -> dict[str, list[tuple[Any, ...]]]:
    """All that scans leave behind, without ids of rows and times of arrival."""
    return {
        "present": sorted((row.booking_id, row.person_id, row.at, row.source) for row in await CheckIn.all()),
        "refused": sorted((row.at, row.reason, row.person_id or 0) for row in await RefusedScan.all()),
        "lines": sorted(
            (row.key, row.outcome, row.keeper_id, row.person_id or 0, row.booking_id or 0)
            for row in await UploadedScan.all()
        ),
        "status": [(row.id, row.status) for row in await Booking.all().order_by("id")],
    }


@hypothesis_settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],  # Each example is a database's work; shrinking one takes minutes.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_three_keepers_logs_and_online_scans_in_any_order_give_the_same_record(
    world: Town, booking: Booking, slot: Slot, clock: Clock, data: st.DataObject
) -> None:
    members = await Person.filter(organization_id=world.branch.id).order_by("id").limit(3)
    keepers = await Person.filter(duties__site_id="S10").order_by("id")
    while len(keepers) < 3:
        keepers.append(await person(world.other_branch, Role.SITE_KEEPER, site=world.site))
    begin = slot.starts_at
    poster = sites.poster_scene(world.ctx, site_id="S10")
    events: list[tuple[Person, Line | None]] = [
        (keepers[0], line(world, members[0], begin)),
        (keepers[1], line(world, members[0], begin + timedelta(minutes=7))),
        (keepers[2], line(world, members[0], begin + timedelta(minutes=1))),
        (keepers[1], line(world, members[1], begin - timedelta(minutes=29))),
        (keepers[2], line(world, members[1], begin + timedelta(minutes=119))),
        (keepers[0], line(world, members[2], begin - timedelta(minutes=45))),  # Too early.
        (keepers[2], line(world, world.far_worker, begin)),  # Of a branch that isn't expected.
        (keepers[1], {"code": "P1S10AAAAAAAAAAAAAA", "at": begin.isoformat()}),
        (keepers[0], {"code": "?", "at": "yesterday"}),
        (members[0], None),  # Online scans of the poster.
        (members[2], None),
    ]

    async def merge(order: list[tuple[Person, Line | None]]) -> dict[str, list[tuple[Any, ...]]]:
        for table in (CheckIn, RefusedScan, UploadedScan):
            await table.all().delete()
        await Booking.filter(id=booking.id).update(status=BookingStatus.CONFIRMED)
        clock.now = begin + timedelta(minutes=121)
        for who, logged in order:
            if logged is not None:
                clock.now = slot.ends_at + timedelta(hours=1)
                await checkins.upload(world.at(who), scans=[logged])
            else:
                clock.now = begin + timedelta(minutes=3)
                await checkins.check_in(world.at(who), code=poster)
        # Settled last: a visit with people is fulfilled by the first late line, or by the clock.
        await Booking.filter(id=booking.id).update(status=BookingStatus.FULFILLED)
        return await record()

    expected = await merge(events)
    assert [(row[1], row[2], row[3]) for row in expected["present"]] == [
        (members[0].id, begin, "member"),
        (members[1].id, begin - timedelta(minutes=29), "member"),
        (members[2].id, begin + timedelta(minutes=3), "poster"),
    ]
    assert len(expected["refused"]) == 3
    assert len(expected["lines"]) == 9
    again = data.draw(st.lists(st.sampled_from(events), max_size=6))
    assert await merge(data.draw(st.permutations(events + again))) == expected


async def test_every_line_is_kept_and_one_that_entered_somebody_stays_entered(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    keeper = world.at(world.keeper)
    lines = [line(world, world.member, slot.starts_at), {"code": 7}, {}, {"code": "\ud800", "at": None}]
    clock.now = slot.ends_at + timedelta(hours=1)
    await checkins.upload(keeper, scans=lines)
    await checkins.upload(keeper, scans=lines)
    clock.now += timedelta(days=9)  # The line is too old now; what it did is done.
    await checkins.upload(keeper, scans=lines)
    outcomes = [row.outcome for row in await UploadedScan.all().order_by("id")]
    assert outcomes == ["entered", "bad_input", "bad_input", "bad_input"]


async def test_a_refused_line_is_entered_once_the_visit_is_confirmed(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    await Booking.filter(id=booking.id).update(status=BookingStatus.REQUESTED)
    clock.now = slot.ends_at + timedelta(hours=1)
    scans = [line(world, world.member, slot.starts_at)]
    for status, outcome in ((BookingStatus.REQUESTED, "no_booking"), (BookingStatus.CONFIRMED, "entered")):
        await Booking.filter(id=booking.id).update(status=status)
        await checkins.upload(world.at(world.keeper), scans=scans)
        assert (await UploadedScan.get()).outcome == outcome


async def test_conflicts_name_only_people_whose_visit_was_here(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.ends_at + timedelta(hours=1)
    second = await person(world.other_branch, Role.SITE_KEEPER, site=world.site)
    at = slot.starts_at
    await checkins.upload(
        world.at(world.keeper), scans=[line(world, world.member, at), line(world, world.far_worker, at)]
    )
    await checkins.upload(world.at(second), scans=[line(world, world.member, at + timedelta(minutes=6))])
    found = await scan_log.conflicts(world.at(world.keeper), site_id="S10")
    assert [(one.reason, one.at, one.name, one.scans) for one in found] == [
        ("no_booking", at, "", 1),
        ("several_times", at, "演示", 2),
    ]
    assert [one.reason for one in await scan_log.conflicts(world.at(second), site_id="S10")] == [
        "several_times"
    ]
    for who in (world.member, world.worker, world.far_officer):
        with pytest.raises(NotAllowed):
            await scan_log.conflicts(world.at(who), site_id="S10")
