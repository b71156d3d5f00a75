"""评价: voluntary, once a visit, in nobody's name; keepers see counts."""

import asyncio
from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from handlers import ratings, screenings
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from handlers.ratings import Ratings
from models import Account, App, AuditEntry, Booking, BookingStatus, CheckIn, Notice, Rating, Role, Screening
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot, person

BAD = "扫码 领 鸡蛋"


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def visit(world: Town, clock: Clock) -> Booking:
    """A visit that was over an hour ago, and the member was there."""
    begins = clock.now - timedelta(hours=3)
    booking = await Booking.create(
        slot=await new_slot(world.site, begins), branch=world.branch, headcount=5, theme="主题党日",
        status=BookingStatus.FULFILLED, created_at=begins,
    )  # fmt: skip
    await CheckIn.create(booking=booking, person=world.member, at=begins, source="door")
    return booking


async def test_who_was_there_says_so_once_and_may_change_it(world: Town, visit: Booking) -> None:
    member = world.at(world.member)
    await ratings.rate(member, booking_id=visit.id, stars=2, text="有点挤")
    await ratings.rate(member, booking_id=visit.id, stars=4)
    assert [(row.stars, row.text) for row in await Rating.all()] == [(4, "")]
    await asyncio.gather(*(ratings.rate(member, booking_id=visit.id, stars=5) for _ in range(4)))
    assert await Rating.all().count() == 1


async def test_nothing_that_is_kept_says_who_it_was(world: Town, visit: Booking) -> None:
    await Account.create(app=App.MINI_PROGRAM, openid="m-member", person=world.member)
    await ratings.rate(world.at(world.member), booking_id=visit.id, stars=1, text=BAD)
    entries = await AuditEntry.all()
    assert {entry.actor for entry in entries} == {"system"}
    (held,) = await Screening.all()
    assert (held.account_id, held.text) == (None, BAD)
    row = await Rating.get()
    assert str(world.member.id) not in {str(value) for name, value in dict(row).items() if name != "id"}
    await screenings.release(world.at(world.town_officer), text_id=held.id)
    assert (await Rating.get()).text == BAD
    assert await Notice.all().count() == 0


async def test_who_was_not_there_says_nothing(world: Town, visit: Booking) -> None:
    for other in (world.worker, world.far_worker, world.keeper):
        with pytest.raises(NotFound):
            await ratings.rate(world.at(other), booking_id=visit.id, stars=5)
    assert await Rating.all().count() == 0


@pytest.mark.parametrize("moved", [timedelta(hours=-2), timedelta(days=31)])
async def test_only_for_a_while_after_the_visit(
    world: Town, visit: Booking, clock: Clock, moved: timedelta
) -> None:
    clock.now += moved
    with pytest.raises(WrongState):
        await ratings.rate(world.at(world.member), booking_id=visit.id, stars=5)


@pytest.mark.parametrize(
    ("stars", "text", "field"), [(0, "", "stars"), (6, "", "stars"), (3, "长" * 201, "text")]
)
async def test_what_makes_no_sense_is_refused_by_field(
    world: Town, visit: Booking, stars: int, text: str, field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        await ratings.rate(world.at(world.member), booking_id=visit.id, stars=stars, text=text)
    assert set(refused.value.fields) == {field}
    with pytest.raises((IntegrityError, OperationalError)):
        await Rating.create(booking=visit, key="k", stars=6, day=visit.created_at.date())


async def test_a_keeper_sees_counts_and_not_of_a_few(world: Town, visit: Booking) -> None:
    keeper = world.at(world.keeper)
    assert await ratings.of_site(keeper, site_id="S10") == Ratings(0, None, [])
    everybody = [world.member, *[await person(world.branch, Role.MEMBER) for _ in range(3)]]
    for who in everybody[1:]:
        await CheckIn.create(booking=visit, person=who, at=visit.created_at, source="door")
    for number, who in enumerate(everybody):
        assert (await ratings.of_site(keeper, site_id="S10")).counts == (
            None if number < 3 else [0, 0, 1, 1, 1]
        )
        said = ("讲得好", BAD, "", "停车方便")[number]
        await ratings.rate(world.at(who), booking_id=visit.id, stars=5 - number, text=said)
    found = await ratings.of_site(keeper, site_id="S10")
    assert found == Ratings(4, [0, 1, 1, 1, 1], sorted(["讲得好", "停车方便"]))
    for other in (world.member, world.worker, world.far_officer):
        with pytest.raises(NotAllowed):
            await ratings.of_site(world.at(other), site_id="S10")
