"""The party map: the demo sites, finding them, their slots and posters."""

import asyncio
import random
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import sites
from handlers.codes import PosterCode, read
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from handlers.openings import Opening
from handlers.positions import Point
from handlers.site_index import SiteIndex, in_columns
from models import AuditEntry, OrganizationKind, Site, SiteCategory, SiteStatus, Slot
from tests.fakes import Clock, FakeWeChat
from tests.handlers import town

TODAY = date(2026, 11, 20)
BANYANG = Point(117.9662, 36.6441)


def test_the_demo_has_27_sites_in_13_towns_and_13_training_bases() -> None:
    entries = sites.read_content()
    assert sorted(entry.id for entry in entries) == [f"S{number:02}" for number in range(1, 28)]
    assert Counter(entry.category for entry in entries) == {
        SiteCategory.RURAL: 9,
        SiteCategory.URBAN: 7,
        SiteCategory.NEW: 5,
        SiteCategory.MIX: 6,
    }
    assert {entry.owner for entry in entries} == {f"ZC{number:02}" for number in range(1, 14)}
    assert len({(entry.owner, entry.town) for entry in entries}) == 13
    assert len({entry.name for entry in entries}) == 27
    assert sum(entry.is_training_base for entry in entries) == 13
    assert all(entry.is_demo and "演示" in entry.name for entry in entries)


async def test_seeding_twice_is_seeding_once(ctx: Context) -> None:
    owner = await town.organization("ZC13", OrganizationKind.COMMITTEE)
    assert await sites.seed(ctx) == 27
    await Site.filter(id="S01").update(
        status=SiteStatus.PAUSED, poster_url="http://weixin.qq.com/q/x", name="旧名"
    )
    assert await sites.seed(ctx) == 0
    assert await Site.all().count() == 27
    assert await AuditEntry.filter(action="site.created").count() == 27
    site = await Site.get(id="S01")
    assert (site.name, site.owner_id) == ("淄水先锋乡村课堂（演示）", owner.id)
    assert (site.status, site.poster_url) == (SiteStatus.PAUSED, "http://weixin.qq.com/q/x")
    assert Opening.model_validate(site.opening).slots(date(2026, 11, 24), ctx.settings.zone)


async def test_sites_are_found_by_category_and_by_words(ctx: Context) -> None:
    await sites.seed(ctx)

    async def found(q: str, category: SiteCategory | None = None) -> list[str]:
        return [summary.site.id for summary in await sites.list_sites(ctx, category=category, q=q)]

    assert len(await found("")) == 27
    assert await found("", SiteCategory.NEW) == ["S17", "S18", "S19", "S20", "S21"]
    assert await found("太河") == ["S01", "S02"]
    assert await found(" 太河　护水 ") == ["S02"]
    assert await found("重温誓词", SiteCategory.MIX) == ["S22"]
    assert await found("%") == []
    assert await found("' OR 1=1") == []


async def test_the_nearest_site_comes_first_with_its_distance(ctx: Context) -> None:
    await sites.seed(ctx)
    near = await sites.list_sites(ctx, near=BANYANG)
    distances = [summary.distance_m for summary in near]
    assert near[0].site.id == "S10"
    assert distances[0] == 0
    assert distances == sorted(distances, key=lambda metres: metres or 0)
    assert all(summary.distance_m is None for summary in await sites.list_sites(ctx))


async def test_planned_and_closed_sites_are_not_on_the_map(ctx: Context) -> None:
    await sites.seed(ctx)
    await Site.filter(id="S01").update(status=SiteStatus.PLANNED)
    await Site.filter(id="S02").update(status=SiteStatus.CLOSED)
    assert not await sites.list_sites(ctx, q="太河")
    with pytest.raises(NotFound):
        await sites.get_site(ctx, site_id="S01")


async def test_a_contact_is_not_shown_to_everybody(ctx: Context) -> None:
    await sites.seed(ctx)
    assert (await sites.get_site(ctx, site_id="S10")).contact == ""
    assert {summary.site.contact for summary in await sites.list_sites(ctx)} == {""}


async def test_slots_are_made_from_the_rules_and_never_twice(ctx: Context) -> None:
    site = await town.new_site("S10", await town.organization("ZC01", OrganizationKind.COMMITTEE))
    made = await sites.make_slots(ctx)
    assert made == 3 + 30 * 5  # Today's from noon on, and thirty whole days.
    assert await sites.make_slots(ctx) == 0
    assert await Slot.filter(site=site).count() == made
    assert {slot.capacity for slot in await Slot.all()} == {site.capacity}


async def test_slots_made_in_several_processes_at_once_are_made_once(ctx: Context) -> None:
    await sites.seed(ctx)
    until = TODAY + timedelta(days=2)
    await asyncio.gather(*(sites.make_slots(ctx, until=until) for _ in range(5)))
    starts = [(slot.site_id, slot.starts_at) for slot in await Slot.all()]
    assert len(starts) == len(set(starts)) > 0
    assert await sites.make_slots(ctx, until=until) == 0


async def test_a_change_of_rules_never_makes_overlapping_slots(ctx: Context) -> None:
    site = await town.new_site("S10", await town.organization("ZC01", OrganizationKind.COMMITTEE))
    await sites.make_slots(ctx)
    rule = town.EVERY_DAY["hours"][0] | {"opens": "09:00", "closes": "21:00"}  # type: ignore[index,operator]
    await Site.filter(id=site.id).update(opening={"hours": [rule]})
    await sites.make_slots(ctx)
    slots = await Slot.filter(site=site).order_by("starts_at")
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(slots))
    assert max(slot.ends_at.astimezone(ctx.settings.zone).hour for slot in slots) == 21


async def test_a_paused_site_gets_no_slots(ctx: Context) -> None:
    site = await town.new_site("S10", await town.organization("ZC01", OrganizationKind.COMMITTEE))
    await Site.filter(id=site.id).update(status=SiteStatus.PAUSED)
    assert await sites.make_slots(ctx) == 0


async def test_slots_are_listed_by_day_with_what_is_left(ctx: Context, clock: Clock) -> None:
    site = await town.new_site("S10", await town.organization("ZC01", OrganizationKind.COMMITTEE))
    await sites.make_slots(ctx)
    first = await Slot.filter(site=site).order_by("starts_at").first()
    assert first is not None
    assert await first.claim(12)
    listed = await sites.list_slots(ctx, site_id="S10", since=TODAY, until=TODAY)
    hours = [slot.starts_at.astimezone(ctx.settings.zone).hour for slot in listed]
    assert (hours, listed[0].free) == ([12, 14, 16], 18)
    clock.now += timedelta(hours=4)
    assert len(await sites.list_slots(ctx, site_id="S10", since=TODAY, until=TODAY)) == 2


@pytest.mark.parametrize("until", [TODAY - timedelta(days=1), TODAY + timedelta(days=200)])
async def test_a_span_of_days_that_makes_no_sense_is_refused(ctx: Context, until: date) -> None:
    await town.new_site("S10", await town.organization("ZC01", OrganizationKind.COMMITTEE))
    with pytest.raises(BadInput):
        await sites.list_slots(ctx, site_id="S10", since=TODAY, until=until)
    with pytest.raises(NotFound):
        await sites.list_slots(ctx, site_id="S99", since=TODAY, until=TODAY)


async def test_posters_are_asked_for_once_and_a_broken_run_is_finished(
    ctx: Context, wechat: FakeWeChat
) -> None:
    await sites.seed(ctx)
    wechat.refuse.append(OSError("no answer"))
    with pytest.raises(OSError, match="no answer"):
        await sites.create_posters(ctx)
    assert await sites.create_posters(ctx) == 27
    assert await sites.create_posters(ctx) == 0
    url = (await Site.get(id="S10")).poster_url
    scene = url.removeprefix("http://weixin.qq.com/q/")
    assert read(ctx.settings.secret_key.get_secret_value(), scene, at=ctx.now()) == PosterCode("S10")


@pytest.mark.parametrize("limit", [1, 3, 20, 57, 58, 59])
@pytest.mark.parametrize("here", [(117.95, 36.5), (117.7, 36.3), (118.6, 36.9), (-70.0, 89.9)])
def test_the_boxes_find_what_looking_at_all_would_find(limit: int, here: tuple[float, float]) -> None:
    chance = random.Random(f"{limit}{here}")
    spots = [(chance.uniform(117.7, 118.2), chance.uniform(36.3, 36.75)) for _ in range(900)]
    spots += [(118.19 + chance.random() / 1e4, 36.74) for _ in range(300)]  # Many in one corner.
    rows = [(f"S{n:04}", "URBAN", *spot, False, "", "", "", [], [], []) for n, spot in enumerate(spots)]
    index = SiteIndex(sites=in_columns(rows))
    near = Point(*here)
    assert index.search(near=near, limit=limit) == index.search(near=near)[:limit]


@given(
    named=st.lists(st.text("党群驿站 \n", max_size=6), max_size=8),
    words=st.lists(st.text("党群驿站", min_size=1, max_size=3), min_size=1, max_size=3),
    limit=st.sampled_from([None, 1, 3]),
)
def test_words_are_found_on_the_lines_of_those_sites_in_which_they_stand(
    named: list[str], words: list[str], limit: int | None
) -> None:
    rows = [(f"S{n}", "URBAN", 118.0, 36.5, False, name, "", "", [], [], []) for n, name in enumerate(named)]
    index = SiteIndex(sites=in_columns(rows))
    having = [f"S{n}" for n, name in enumerate(named) if all(word in name for word in words)]
    assert index.search(words=words, limit=limit) == having[:limit]
