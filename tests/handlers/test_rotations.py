"""Rotations: each town once a round whatever is swapped, one a month, graduation, and who is noted."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import placements, rotation_plan, rotation_swaps, rotations, workers
from handlers.context import Context
from handlers.errors import (
    BadInput,
    MentorTaken,
    NotAllowed,
    NotCompleted,
    NotFound,
    RotatedLately,
    WrongState,
)
from models import (
    Organization,
    OrganizationKind,
    Person,
    Role,
    Rotation,
    RotationRound,
    RotationStatus,
    RotationSwap,
)
from tests.fakes import Clock
from tests.handlers.town import Town, build, organization, person

DECEMBER = date(2026, 12, 1)


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns that rotate."""
    made = await build(ctx)
    for town in (made.town, made.other_town):
        town.town = town.code
        await town.save()
    return made


async def put_on_post(world: Town, who: Person, unit: Organization) -> None:
    wish = {"field": "town", "post": "组织员", "full_time": True, "staffing": "行政",
            "starts_on": date(2026, 1, 1)}  # fmt: skip
    await placements.put(world.ctx, await workers.of_person(who), unit_id=unit.id, wish=wish)


async def plan(world: Town) -> list[Rotation]:
    return await rotations.open_round(world.at(world.district_officer), first_month=DECEMBER)


async def test_a_round_gives_each_town_one_month_in_a_fixed_order(world: Town) -> None:
    with pytest.raises(NotAllowed):
        await rotations.open_round(world.at(world.town_officer), first_month=DECEMBER)
    rows = await plan(world)
    assert [(row.unit.code, row.month) for row in rows] == [("ZC01", DECEMBER), ("ZC13", date(2027, 1, 1))]
    with pytest.raises(BadInput):
        await plan(world)
    assert await RotationRound.all().count() == 1
    again = await rotations.open_round(world.at(world.district_officer), first_month=date(2027, 2, 1))
    assert [row.round.number for row in again] == [2, 2]
    with pytest.raises(BadInput):
        await rotations.open_round(world.at(world.district_officer), first_month=date(2026, 10, 1))


async def test_the_database_gives_no_month_to_two_towns_and_no_town_two_turns(world: Town) -> None:
    results = await asyncio.gather(*(plan(world) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, list) for one in results) == 1
    assert await Rotation.all().count() == 2


@given(
    towns=st.integers(1, 40), per_month=st.integers(1, 5), first=st.dates(date(2020, 1, 1), date(2090, 1, 1))
)
def test_a_plan_is_whole_and_no_month_is_fuller_than_the_setting(
    towns: int, per_month: int, first: date
) -> None:
    turns = rotation_plan.plan(list(range(towns)), first_month=first, per_month=per_month)
    assert [turn.unit_id for turn in turns] == list(range(towns))
    places = [(turn.month, turn.place) for turn in turns]
    assert len(set(places)) == len(places)
    assert all(1 <= place <= per_month for _, place in places)
    months = sorted({month for month, _ in places})
    assert months == [rotation_plan.months_after(first.replace(day=1), n) for n in range(len(months))]


def test_thirteen_towns_meet_another_month_of_the_year_in_every_round() -> None:
    first = rotation_plan.plan(range(13), first_month=DECEMBER)
    second = rotation_plan.plan(range(13), first_month=rotation_plan.months_after(DECEMBER, 13))
    assert all(one.month.month != other.month.month for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("arrived", "earliest"),
    [
        (date(2027, 2, 1), date(2027, 2, 28)),
        (date(2027, 2, 3), date(2027, 3, 3)),
        (date(2026, 12, 1), date(2026, 12, 31)),
        (date(2026, 12, 5), date(2027, 1, 2)),
    ],
)
def test_nobody_graduates_before_the_month_and_four_weeks_are_over(arrived: date, earliest: date) -> None:
    assert rotation_plan.earliest_end(arrived, arrived.replace(day=1)) == earliest


async def test_whatever_is_swapped_each_town_has_one_turn_and_each_month_one_town(world: Town) -> None:
    """A long random history of swaps, asked, agreed, declined and confirmed in any order."""
    import random

    dice = random.Random(5)
    officers = {world.town.id: world.town_officer, world.other_town.id: world.far_officer}
    for number in range(3, 8):
        town = await organization(f"ZC0{number}", OrganizationKind.COMMITTEE, world.district)
        town.town = town.code
        await town.save()
        officers[town.id] = await person(town, Role.TOWN_OFFICER)
    rows = await plan(world)
    before = {row.unit_id for row in rows}
    confirmed = 0
    for _ in range(25):
        mine, theirs = dice.sample(rows, 2)
        try:
            swap = await rotation_swaps.propose(
                world.at(officers[mine.unit_id]), rotation_id=mine.id, with_id=theirs.id
            )
            if dice.random() < 0.9:
                await rotation_swaps.agree(world.at(officers[theirs.unit_id]), swap_id=swap.id)
            results = await asyncio.gather(
                *(
                    rotation_swaps.confirm(world.at(world.district_officer), swap_id=swap.id)
                    for _ in range(2)
                ),
                return_exceptions=True,
            )
            confirmed += sum(isinstance(one, RotationSwap) for one in results)
            assert sum(isinstance(one, RotationSwap) for one in results) <= 1
        except WrongState:
            continue
        now = await Rotation.all()
        assert {row.unit_id for row in now} == before
        assert len({(row.month, row.place) for row in now}) == len(before) == len(now)
        assert {row.place for row in now} == {1}
    assert confirmed > 10


async def test_a_swap_needs_both_towns_and_the_section(world: Town) -> None:
    mine, theirs = await plan(world)
    swap = await rotation_swaps.propose(world.at(world.town_officer), rotation_id=mine.id, with_id=theirs.id)
    with pytest.raises(NotFound):
        await rotation_swaps.agree(world.at(world.town_officer), swap_id=swap.id)
    with pytest.raises(WrongState):
        await rotation_swaps.confirm(world.at(world.district_officer), swap_id=swap.id)
    await rotation_swaps.agree(world.at(world.far_officer), swap_id=swap.id)
    with pytest.raises(NotAllowed):
        await rotation_swaps.confirm(world.at(world.far_officer), swap_id=swap.id)
    await rotation_swaps.confirm(world.at(world.district_officer), swap_id=swap.id)
    assert [row.unit.code for row in await Rotation.all().order_by("month").select_related("unit")] == [
        "ZC13", "ZC01",
    ]  # fmt: skip


async def through_to(
    world: Town, row: Rotation, status: RotationStatus, who: Person, clock: Clock
) -> Rotation:
    """Bring a turn as far as a status."""
    section = world.at(world.district_officer)
    officer = world.town_officer if row.unit_id == world.town.id else world.far_officer
    row = await rotations.nominate(world.at(officer), rotation_id=row.id, person_id=who.id)
    if status is not RotationStatus.NOMINATED:
        row = await rotations.confirm(section, rotation_id=row.id, mentor_id=world.district_officer.id)
    if status in (RotationStatus.TRAINING, RotationStatus.ASSESSED):
        clock.now = clock.now.replace(year=row.month.year, month=row.month.month, day=2)
        row = await rotations.arrive(section, rotation_id=row.id, on=row.month)
    return row


async def test_the_way_from_a_name_to_graduation(world: Town, clock: Clock) -> None:
    mine, _ = await plan(world)
    section, town = world.at(world.district_officer), world.at(world.town_officer)
    with pytest.raises(BadInput):
        await rotations.nominate(town, rotation_id=mine.id, person_id=world.worker.id)
    await put_on_post(world, world.worker, world.town)
    with pytest.raises(NotFound):
        await rotations.nominate(world.at(world.far_officer), rotation_id=mine.id, person_id=world.worker.id)
    row = await through_to(world, mine, RotationStatus.TRAINING, world.worker, clock)
    await rotations.write_log(world.at(world.worker), rotation_id=row.id, text="学习了发展党员流程")
    with pytest.raises(NotFound):
        await rotations.write_log(world.at(world.member), rotation_id=row.id, text="x")
    row = await rotations.assess(section, rotation_id=row.id, met=["attendance", "quiz"])
    clock.now += timedelta(days=40)
    with pytest.raises(NotCompleted):
        await rotations.graduate(section, rotation_id=row.id, on=date(2026, 12, 31))
    row = await rotations.assess(section, rotation_id=row.id, met=["attendance", "quiz", "mentor"])
    with pytest.raises(NotCompleted):
        await rotations.graduate(section, rotation_id=row.id, on=date(2026, 12, 30))
    row = await rotations.graduate(section, rotation_id=row.id, on=date(2026, 12, 31))
    assert row.status is RotationStatus.GRADUATED
    found = await rotations.participation(section)
    assert found is not None
    assert (found.graduated, found.towns) == (1, 2)


async def test_graduation_never_asks_for_a_log(world: Town, clock: Clock) -> None:
    mine, _ = await plan(world)
    await put_on_post(world, world.worker, world.town)
    row = await through_to(world, mine, RotationStatus.TRAINING, world.worker, clock)
    section = world.at(world.district_officer)
    await rotations.assess(section, rotation_id=row.id, met=["attendance", "quiz", "mentor"])
    clock.now += timedelta(days=40)
    row = await rotations.graduate(section, rotation_id=row.id, on=date(2027, 1, 2))
    assert (row.status, row.log) == (RotationStatus.GRADUATED, "")


async def test_nobody_goes_twice_within_the_rounds_of_rest(world: Town, clock: Clock) -> None:
    first, _ = await plan(world)
    second, *_ = await rotations.open_round(world.at(world.district_officer), first_month=date(2027, 2, 1))
    third, *_ = await rotations.open_round(world.at(world.district_officer), first_month=date(2027, 4, 1))
    await put_on_post(world, world.worker, world.town)
    town = world.at(world.town_officer)
    await rotations.nominate(town, rotation_id=first.id, person_id=world.worker.id)
    with pytest.raises(RotatedLately):
        await rotations.nominate(town, rotation_id=second.id, person_id=world.worker.id)
    await rotations.nominate(town, rotation_id=third.id, person_id=world.worker.id)


async def test_a_mentor_has_no_more_than_the_setting_whatever_the_hurry(world: Town, clock: Clock) -> None:
    turns = await plan(world)
    third = Rotation(
        round_id=turns[0].round_id,
        unit=await organization("ZC05", OrganizationKind.COMMITTEE, world.district),
        month=DECEMBER, place=3, status=RotationStatus.NOMINATED, person=world.other_worker,
    )  # fmt: skip
    await third.save()
    await Rotation.filter(id=turns[1].id).update(month=DECEMBER, place=2)
    await put_on_post(world, world.worker, world.town)
    await put_on_post(world, world.far_worker, world.other_town)
    await through_to(world, turns[0], RotationStatus.NOMINATED, world.worker, clock)
    await through_to(world, turns[1], RotationStatus.NOMINATED, world.far_worker, clock)
    section = world.at(world.district_officer)
    results = await asyncio.gather(
        *(
            rotations.confirm(section, rotation_id=id_, mentor_id=world.district_officer.id)
            for id_ in (turns[0].id, turns[1].id, third.id)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Rotation) for one in results) == 2
    assert sum(isinstance(one, MentorTaken) for one in results) == 1
    (left,) = await Rotation.filter(status=RotationStatus.NOMINATED)
    with pytest.raises(BadInput):
        await rotations.confirm(section, rotation_id=left.id, mentor_id=world.member.id)


async def test_turns_that_pass_without_anybody_are_missed_and_twice_is_noted(
    world: Town, clock: Clock
) -> None:
    mine, _ = await plan(world)
    await rotations.open_round(world.at(world.district_officer), first_month=date(2027, 2, 1))
    section = world.at(world.district_officer)
    await rotations.miss(world.at(world.town_officer), rotation_id=mine.id, reason="人手不够")
    assert await rotations.noted_towns(section) == []
    clock.now = clock.now.replace(year=2027, month=2, day=28)
    assert await rotations.close_months(world.ctx) == 1
    clock.now = clock.now.replace(year=2027, month=4, day=1)
    assert await rotations.close_months(world.ctx) == 2
    assert await rotations.noted_towns(section) == ["ZC01", "ZC13"]
    with pytest.raises(NotAllowed):
        await rotations.noted_towns(world.at(world.town_officer))


async def test_a_town_sees_all_months_and_only_its_own_people(world: Town, clock: Clock) -> None:
    mine, _ = await plan(world)
    await put_on_post(world, world.worker, world.town)
    await through_to(world, mine, RotationStatus.NOMINATED, world.worker, clock)
    seen = await rotations.list_rotations(world.at(world.far_officer))
    assert [(one.rotation.unit.code, one.shows_person) for one in seen] == [("ZC01", False), ("ZC13", True)]
    with pytest.raises(NotFound):
        await rotations.get_rotation(world.at(world.far_officer), rotation_id=mine.id)
    for nobody in (world.worker, world.member):
        with pytest.raises(NotAllowed):
            await rotations.list_rotations(world.at(nobody))


async def test_another_person_may_be_sent_instead_and_is_confirmed_anew(world: Town, clock: Clock) -> None:
    mine, _ = await plan(world)
    for one in (world.worker, world.member):
        await put_on_post(world, one, world.town)
    row = await through_to(world, mine, RotationStatus.TRAINING, world.worker, clock)
    town: Any = world.at(world.town_officer)
    row = await rotations.replace(town, rotation_id=row.id, person_id=world.member.id, reason="生病")
    assert (row.status, row.person_id, row.mentor_id, row.arrived_on) == (
        RotationStatus.NOMINATED, world.member.id, None, None,
    )  # fmt: skip
