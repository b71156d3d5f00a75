"""Names from paper: the booking branch's roster only, each row answered, the same record as a scan."""

from datetime import timedelta

import pytest

from handlers import bookings, checkins, paper, sites
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound, NotFound, TooEarly, TooLate, WrongState
from models import AuditEntry, Booking, BookingStatus, CheckIn, Duty, Person, Role, Slot
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot


@pytest.fixture
async def world(ctx: Context) -> Town:
    """A branch of 赵甲 and 钱乙, two 孙丙, one who left, and 李丁 of another branch."""
    world = await build(ctx)
    for name in ("赵甲", "钱·乙", "孙丙", "孙丙"):
        await Person.create(name=name, organization=world.branch)
    await Person.create(name="周戊", organization=world.branch, left_at=ctx.now())
    await Person.create(name="李丁", organization=world.other_branch)
    return world


@pytest.fixture
async def slot(world: Town) -> Slot:
    return await new_slot(world.site, world.ctx.now() + timedelta(hours=4))


@pytest.fixture
async def booking(world: Town, slot: Slot) -> Booking:
    return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=10, theme="主题党日")


async def enter(world: Town, booking: Booking, *names: str) -> list[str]:
    keeper = world.at(world.keeper)
    return [one.status for one in await paper.enter(keeper, booking_id=booking.id, names=names)]


async def test_each_row_is_answered_and_only_the_branchs_people_are_entered(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    said = await enter(world, booking, "赵甲", " 赵 甲", "钱•乙", "孙丙", "周戊", "李丁", "")
    assert said == [
        "checked_in", "already", "checked_in", "same_name", "unknown_name", "unknown_name", "unknown_name",
    ]  # fmt: skip
    entries = await CheckIn.all().select_related("person")
    assert sorted((entry.person.name, entry.source, entry.at) for entry in entries) == [
        ("赵甲", "paper", slot.starts_at),
        ("钱·乙", "paper", slot.starts_at),
    ]
    trail = await AuditEntry.filter(action="checkin.created")
    assert {(entry.actor, entry.details["source"]) for entry in trail} == {
        (f"person:{world.keeper.id}", "paper")
    }


async def test_a_scan_and_a_list_are_one_record_in_either_order(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    member = await Person.get(name="赵甲")
    code = sites.poster_scene(world.ctx, site_id="S10")
    clock.now = slot.starts_at
    assert (await checkins.check_in(world.at(member), code=code)).status == "checked_in"
    clock.now = slot.ends_at + timedelta(days=1)
    assert await enter(world, booking, "赵甲") == ["already"]
    entry = await CheckIn.get()
    assert (entry.source, entry.at) == ("poster", slot.starts_at)


async def test_a_list_after_the_end_fulfils_the_visit_at_its_end(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.ends_at + timedelta(days=1)
    assert await enter(world, booking, "赵甲") == ["checked_in"]
    assert (await CheckIn.get()).at == slot.ends_at
    assert (await Booking.get(id=booking.id)).status is BookingStatus.FULFILLED


async def test_lists_are_taken_from_the_gate_on_until_logs_are_no_longer_taken(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at - timedelta(minutes=31)
    with pytest.raises(TooEarly):
        await enter(world, booking, "赵甲")
    clock.now = slot.ends_at + checkins.LOOKS_BACK
    with pytest.raises(TooLate):
        await enter(world, booking, "赵甲")
    clock.now = slot.starts_at
    with pytest.raises(BadInput):
        await enter(world, booking, *["赵甲"] * (paper.NAMES_AT_ONCE + 1))
    await Booking.filter(id=booking.id).update(status=BookingStatus.CANCELLED)
    with pytest.raises(WrongState):
        await enter(world, booking, "赵甲")
    assert await CheckIn.all().count() == 0


async def test_only_the_sites_keeper_and_officers_above_enter_names(
    world: Town, booking: Booking, slot: Slot, clock: Clock
) -> None:
    clock.now = slot.starts_at
    keeper_elsewhere = await Person.create(name="吴己", organization=world.other_branch)
    await Duty.create(person=keeper_elsewhere, role=Role.SITE_KEEPER, site=world.other_site)
    for who, refusal in (
        (world.member, NotAllowed),
        (world.worker, NotAllowed),
        (keeper_elsewhere, NotFound),
        (world.far_officer, NotFound),
        (None, NotBound),
    ):
        with pytest.raises(refusal):
            await paper.enter(world.at(who), booking_id=booking.id, names=["赵甲"])
    assert await CheckIn.all().count() == 0
    with pytest.raises(NotFound):
        await paper.enter(world.at(world.keeper), booking_id=2**31 - 1, names=["赵甲"])


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("阿 依 古 丽", "阿依古丽"),
        ("钱•乙", "钱·乙"),
        ("钱．乙", "钱·乙"),
        ("Ａnna", "anna"),
        ("赵\u3000甲", "赵甲"),
    ],
)
def test_ways_to_write_a_name(written: str, same: str) -> None:
    assert paper.plain(written) == paper.plain(same)
