"""The dashboard, the bulletin, reminders: of units never of a person, said once, and not at night."""

from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest

from handlers import placements, rotations, staffing, worker_reminders, worker_statistics, workers
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed
from handlers.worker_statistics import Ratio, UnitBulletin, UnitFigures
from models import (
    Account,
    App,
    Filing,
    Notice,
    Person,
    Training,
    TrainingRecord,
    Worker,
    WorkerReminder,
)
from tests.fakes import Clock
from tests.handlers.town import Town, build


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns that rotate."""
    made = await build(ctx)
    for town in (made.town, made.other_town):
        town.town = town.code
        await town.save()
    return made


async def put(world: Town, who: Person, *, numbered: bool = True) -> Worker:
    wish = {"field": "town", "post": "组织员", "full_time": True, "staffing": "行政",
            "starts_on": date(2026, 1, 1)}  # fmt: skip
    worker = await workers.of_person(who)
    if numbered:
        await Worker.filter(id=worker.id).update(filing_no=f"BA2026-{worker.id:04d}")
    await placements.put(world.ctx, worker, unit_id=world.town.id, wish=wish)
    return worker


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(0, 0, None), (0, 3, 0), (1, 3, 33), (2, 3, 67), (1, 200, 1), (3, 3, 100)]
)
def test_a_ratio_of_nothing_is_none(part: int, whole: int, percent: int | None) -> None:
    assert Ratio(part, whole).percent == percent


def test_the_figures_have_no_place_for_a_person() -> None:
    names = {field.name for kind in (UnitFigures, UnitBulletin) for field in fields(kind)}
    assert not [name for name in names if "person" in name or "name" in name or "worker" in name]


async def test_units_are_counted_within_ones_reach(world: Town) -> None:
    await put(world, world.member)
    await put(world, world.worker, numbered=False)
    await staffing.keep(world.at(world.district_officer), unit_id=world.town.id, required=5)
    (mine,) = (await worker_statistics.dashboard(world.at(world.town_officer))).units
    assert (mine.unit, mine.required, mine.on_post, mine.gap) == ("ZC01", 5, 2, 3)
    assert (mine.filed.part, mine.filed.whole, mine.filed.percent) == (1, 2, 50)
    both = (await worker_statistics.dashboard(world.at(world.district_officer))).units
    assert [one.unit for one in both] == ["ZC01", "ZC13"]
    assert (both[1].required, both[1].filed.percent) == (None, None)
    for nobody in (world.member, world.worker, world.keeper):
        with pytest.raises(NotAllowed):
            await worker_statistics.dashboard(world.at(nobody))


async def test_an_average_over_few_people_is_not_shown(world: Town, clock: Clock) -> None:
    training = await Training.create(
        code="A", kind="town", topic="x", place="x", host=world.district, starts_at=clock.now,
        ends_at=clock.now + timedelta(hours=2), capacity=9, status="closed",
    )  # fmt: skip
    for number in range(5):
        who = await Person.create(name=f"演示{number}", organization=world.branch)
        await put(world, who)
        await TrainingRecord.create(
            training=training, person=who, hours=4 + number, completed=True, recorded_at=clock.now
        )
        (mine,) = (await worker_statistics.dashboard(world.at(world.town_officer))).units
        assert mine.hours_each == (None if number < 4 else 6)


async def test_the_bulletin_counts_a_quarters_filings_per_unit(world: Town, clock: Clock) -> None:
    for status, person in (
        ("done", world.member),
        ("returned", world.worker),
        ("reported", world.other_worker),
    ):
        await Filing.create(
            kind="appoint", status=status, person=person, unit=world.town, effective_on=date(2026, 11, 1),
            created_at=clock.now, decided_at=clock.now if status == "done" else None,
        )  # fmt: skip
    name, items = await worker_statistics.bulletin(world.at(world.district_officer), quarter="2026Q4")
    assert name == "2026Q4"
    near, far = items
    assert (near.approved, near.returned, near.refused, near.waiting) == (1, 1, 0, 1)
    assert (far.approved, far.waiting) == (0, 0)
    assert (await worker_statistics.bulletin(world.at(world.town_officer)))[0] == "2026Q3"
    with pytest.raises(BadInput):
        await worker_statistics.bulletin(world.at(world.district_officer), quarter="2026Q5")


# Reminders


async def follows(who: Person, clock: Clock) -> None:
    await Account.create(
        app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}", person=who, follows=True, last_contact_at=clock.now
    )


async def at(clock: Clock, **more: int) -> None:
    """It is another time, and everybody who follows has just written."""
    clock.now = clock.now.replace(**more)  # type: ignore[arg-type]
    await Account.all().update(last_contact_at=clock.now)


async def said(who: Person) -> list[str]:
    rows: list[Any] = (
        await Notice.filter(openid=f"o{who.id}").order_by("id").values_list("content", flat=True)
    )
    return [str(row) for row in rows]


async def test_a_town_is_reminded_before_its_deadline_and_after_it_once_each(
    world: Town, clock: Clock
) -> None:
    await rotations.open_round(world.at(world.district_officer), first_month=date(2026, 12, 1))
    for who in (world.town_officer, world.far_officer):
        await follows(who, clock)
    await at(clock, day=14, hour=9)
    assert await worker_reminders.remind(world.ctx) == 0
    await at(clock, day=15)
    assert await worker_reminders.remind(world.ctx) == 1
    await at(clock, day=20)
    assert await worker_reminders.remind(world.ctx) == 0
    await at(clock, day=21)
    assert await worker_reminders.remind(world.ctx) == 1
    first, second = await said(world.town_officer)
    assert "请在 11 月 20 日前报人选" in first
    assert "已过 20 日" in second
    assert await said(world.far_officer) == []


async def test_nobody_is_reminded_at_night(world: Town, clock: Clock) -> None:
    await rotations.open_round(world.at(world.district_officer), first_month=date(2026, 12, 1))
    await follows(world.town_officer, clock)
    for hour in (21, 23, 7):
        await at(clock, day=18, hour=hour)
        assert await worker_reminders.remind(world.ctx) == 0
    assert not await WorkerReminder.exists()
    await at(clock, hour=8)
    assert await worker_reminders.remind(world.ctx) == 1


async def test_the_lines_of_a_day_come_as_one_message_of_three_at_most(world: Town, clock: Clock) -> None:
    await follows(world.district_officer, clock)
    for number in range(5):
        who = await Person.create(name=f"演示{number}", organization=world.branch)
        await Filing.create(
            kind="appoint", status="reported", person=who, unit=world.town, effective_on=date(2026, 11, 21),
            created_at=clock.now,
        )  # fmt: skip
    assert await worker_reminders.remind(world.ctx) == 1
    (only,) = await said(world.district_officer)
    assert only.count("·") == 3
    assert "还有 2 件" in only
    assert await worker_reminders.remind(world.ctx) == 0


async def test_who_has_not_written_lately_is_reminded_when_they_do(world: Town, clock: Clock) -> None:
    await rotations.open_round(world.at(world.district_officer), first_month=date(2026, 12, 1))
    await follows(world.town_officer, clock)
    clock.now = clock.now.replace(day=clock.now.day + 3)
    assert await worker_reminders.remind(world.ctx) == 0
    assert not await WorkerReminder.exists(), "what was not said is not marked as said"
    await Account.all().update(last_contact_at=clock.now)
    assert await worker_reminders.remind(world.ctx) == 1


async def test_the_quarter_is_announced_to_units_that_filed(world: Town, clock: Clock) -> None:
    await follows(world.town_officer, clock)
    await Filing.create(
        kind="appoint", status="done", person=world.member, unit=world.town, effective_on=date(2026, 11, 1),
        created_at=clock.now, decided_at=clock.now,
    )  # fmt: skip
    await at(clock, year=2027, month=1, day=4, hour=9, minute=10)
    assert await worker_reminders.remind(world.ctx) == 1
    assert "2026 年第 4 季度" in (await said(world.town_officer))[0]
    clock.now += timedelta(days=7)
    assert await worker_reminders.remind(world.ctx) == 0
