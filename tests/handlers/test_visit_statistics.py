"""Numbers for officers: right, of their own sites only, and never so small that they tell of a person."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from handlers import visit_statistics
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed
from handlers.site_use import SiteUse
from handlers.visit_statistics import Ended, period, sum_up, write
from models import Booking, BookingStatus, CheckIn, Organization, Person, Site, SiteCategory, Slot
from tests.handlers.town import Town, build, new_slot

URBAN, RURAL = SiteCategory.URBAN, SiteCategory.RURAL


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


async def visit(world: Town, branch: Organization, site: Site, *, heads: int, hours_ago: int) -> None:
    """A visit that is over; nobody came where `heads` is 0."""
    begins = world.ctx.now() - timedelta(hours=hours_ago)
    booking = await Booking.create(
        slot=await new_slot(site, begins), branch=branch, headcount=5, theme="主题党日", created_at=begins,
        status=BookingStatus.FULFILLED if heads else BookingStatus.MISSED,
    )  # fmt: skip
    for _ in range(heads):
        who = await Person.create(name="演示", organization=branch)
        await CheckIn.create(booking=booking, person=who, at=begins, source="door")


def ended(heads: int, town: str = "太河镇", week: str = "2026-W47") -> Ended:
    return Ended(week, RURAL, town, heads > 0, heads)


def test_cells_are_by_week_town_and_category() -> None:
    found = sum_up([ended(4), ended(3), ended(0), ended(5, "西河镇"), ended(6, week="2026-W46")])
    cells = {(cell.week, cell.town): (cell.visits, cell.missed, cell.heads) for cell in found.cells}
    assert cells == {
        ("2026-W46", "太河镇"): (1, 0, 6),
        ("2026-W47", "太河镇"): (2, 1, 7),
        ("2026-W47", "西河镇"): (1, 0, 5),
    }
    assert (found.visits, found.missed, found.heads, found.missed_share) == (4, 1, 18, 0.2)


@pytest.mark.parametrize(("heads", "shown"), [(0, 0), (1, None), (2, None), (3, 3)])
def test_a_count_that_could_be_somebodys_is_not_shown_nor_to_be_reckoned(
    heads: int, shown: int | None
) -> None:
    found = sum_up([ended(heads), ended(10, "西河镇")])
    assert found.cells[0].heads == shown
    assert found.heads == 10 + (shown or 0)
    assert found.cells[0].missed_share is None


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        (None, None, date(2026, 8, 31), date(2026, 11, 22)),
        (date(2026, 11, 18), date(2026, 11, 18), date(2026, 11, 16), date(2026, 11, 22)),
    ],
)
def test_whole_weeks_are_counted(since: date | None, until: date | None, first: date, last: date) -> None:
    assert period(since, until, today=date(2026, 11, 20)) == (first, last)


@pytest.mark.parametrize(
    ("since", "until"), [(date(2026, 11, 2), date(2026, 11, 1)), (date(2025, 1, 1), date(2026, 2, 1))]
)
def test_a_period_that_makes_no_sense_is_refused(since: date, until: date) -> None:
    with pytest.raises(BadInput):
        period(since, until, today=date(2026, 11, 20))


async def test_everybody_sees_the_sites_they_keep_or_stand_above(world: Town) -> None:
    await visit(world, world.branch, world.site, heads=4, hours_ago=3)
    await visit(world, world.branch, world.site, heads=0, hours_ago=30)
    await visit(world, world.far_branch, world.other_site, heads=5, hours_ago=3)
    seen = {
        who: (found.visits, found.missed, found.heads)
        for who, person in {
            "keeper": world.keeper,
            "town": world.town_officer,
            "far": world.far_officer,
            "district": world.district_officer,
        }.items()
        for found in [await visit_statistics.collect(world.at(person))]
    }
    assert seen == {"keeper": (1, 1, 4), "town": (1, 1, 4), "far": (1, 0, 5), "district": (2, 1, 9)}
    for nobody in (world.worker, world.member):
        with pytest.raises(NotAllowed):
            await visit_statistics.collect(world.at(nobody))


async def test_no_week_but_those_asked_for_is_counted(world: Town) -> None:
    await visit(world, world.branch, world.site, heads=4, hours_ago=3)
    day = world.ctx.now().date() - timedelta(weeks=1)
    found = await visit_statistics.collect(world.at(world.keeper), since=day, until=day)
    assert found.cells == []


def test_the_sheet_says_the_same() -> None:
    sheet = load_workbook(BytesIO(write(sum_up([ended(4), ended(2, "西河镇"), ended(0)])))).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1] == ("2026-W47", "太河镇", "农村党建", 1, 1, 4, None)
    assert rows[2] == ("2026-W47", "西河镇", "农村党建", 1, 0, None, None)
    assert rows[3][3:6] == ("=SUM(D2:D3)", "=SUM(E2:E3)", "=SUM(F2:F3)")
    assert rows[4][3:6] == (2, 1, 4)


async def test_the_use_of_sites_counts_slots_branches_and_everybody_once(world: Town) -> None:
    now = world.ctx.now()
    await visit(world, world.branch, world.site, heads=4, hours_ago=3)
    await visit(world, world.other_branch, world.site, heads=3, hours_ago=6)
    await visit(world, world.branch, world.site, heads=0, hours_ago=30)
    again = await Booking.filter(branch=world.branch, status=BookingStatus.FULFILLED).first()
    assert again is not None
    for row in await CheckIn.filter(booking__branch=world.other_branch).limit(2):
        await CheckIn.create(booking=again, person_id=row.person_id, at=now, source="door")
    await new_slot(world.site, now - timedelta(hours=9))  # Nobody booked it.
    closed = await new_slot(world.site, now - timedelta(hours=12))
    await Slot.filter(id=closed.id).update(closed=True)
    await new_slot(world.site, now + timedelta(hours=3))  # Isn't over yet.
    found = (await visit_statistics.collect(world.at(world.keeper))).use
    assert found == SiteUse(bookable_slots=4, used_slots=2, used_share=0.5, branches=2, people=7)


async def test_people_of_a_cell_that_is_not_shown_are_in_no_sum(world: Town) -> None:
    """Otherwise the sum less what is shown would tell."""
    await visit(world, world.branch, world.site, heads=4, hours_ago=3)
    await visit(world, world.branch, world.site, heads=2, hours_ago=24 * 8)
    found = await visit_statistics.collect(world.at(world.keeper))
    assert found.use is not None
    assert (found.heads, found.use.people, found.use.used_slots) == (4, 4, 2)


async def test_no_slots_have_no_share(world: Town) -> None:
    found = (await visit_statistics.collect(world.at(world.keeper))).use
    assert found == SiteUse(bookable_slots=0, used_slots=0, used_share=None, branches=0, people=0)


async def test_the_sheet_says_how_far_each_site_is_used(world: Town) -> None:
    now = world.ctx.now()
    await visit(world, world.branch, world.site, heads=4, hours_ago=26)
    await visit(world, world.other_branch, world.site, heads=3, hours_ago=30)
    await visit(world, world.branch, world.site, heads=0, hours_ago=34)
    await new_slot(world.site, now - timedelta(hours=38))
    closed = await new_slot(world.site, now - timedelta(hours=42))
    await Slot.filter(id=closed.id).update(closed=True)
    await new_slot(world.site, now + timedelta(hours=42))
    since = now.date() - timedelta(days=4)
    content = await visit_statistics.export(world.at(world.district_officer), since=since)
    rows = list(load_workbook(BytesIO(content))["使用率"].iter_rows(values_only=True))
    assert rows[0] == ("阵地", "可约时段", "已用时段", "使用率", "覆盖党支部", "到场人数（去重）")
    assert rows[1:] == [
        ("阵地S01", 0, 0, None, 0, None),
        ("阵地S10", 4, 2, 0.5, 2, None),
        ("合计（去重）", 4, 2, 0.5, 2, 7),
    ]
    keeper = await visit_statistics.collect(world.at(world.keeper), since=since)
    assert [one.name for one in keeper.sites] == ["阵地S10"]
