"""Keeping the map: who may change what, positions by either datum, rules that become slots, searching."""

from datetime import timedelta
from typing import Any

import pytest

from handlers import bookings, screenings, site_facts, site_keeping, sites
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed
from handlers.openings import Opening
from handlers.positions import Point, distance
from handlers.site_index import folded, sounds
from models import AuditEntry, Site, Slot
from tests.handlers.town import EVERY_DAY, Town, build, new_slot

MORNINGS = Opening.model_validate(
    {
        "hours": [
            {
                "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "opens": "08:00",
                "closes": "12:00",
                "slot_minutes": 120,
            }
        ],
        "open_on_holidays": True,
        "exceptions": [{"day": "2026-11-25"}],
    }
)


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns."""
    return await build(ctx)


def wish(**more: Any) -> dict[str, Any]:
    """A new site."""
    return {
        "site_id": "S28", "name": "重温誓词长廊", "category": "URBAN", "town": "般阳路街道", "owner": "ZC01",
        "position": Point(117.9662, 36.6441), "capacity": 20, "opening": MORNINGS, "contact": "演示 1",
    } | more  # fmt: skip


async def test_the_district_adds_a_site_with_its_slots_and_nobody_else_does(world: Town) -> None:
    for person in (world.keeper, world.town_officer, world.worker):
        with pytest.raises(NotAllowed):
            await site_keeping.create(world.at(person), **wish())
    site = await site_keeping.create(world.at(world.district_officer), **wish())
    assert site.owner_id == world.town.id
    slots = await Slot.filter(site_id="S28")
    assert {slot.capacity for slot in slots} == {20}
    assert not [slot for slot in slots if slot.starts_at.date().isoformat() == "2026-11-25"]
    assert await AuditEntry.filter(action="site.created", subject="site:S28").count() == 1
    for taken in ({"name": "另一个"}, {"site_id": "S29"}):
        with pytest.raises(BadInput):
            await site_keeping.create(world.at(world.district_officer), **wish(**taken))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("position", Point(36.6441, 117.9662)),
        ("position", Point(117.69, 36.5)),
        ("owner", "ZC99"),
        ("site_id", "s 1"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_left(world: Town, field: str, value: Any) -> None:
    before = await Site.all().count()
    with pytest.raises(BadInput):
        await site_keeping.create(world.at(world.district_officer), **wish(**{field: value}))
    assert await Site.all().count() == before


def test_a_satellite_position_is_shifted_before_it_is_kept() -> None:
    raw = Point(117.9602, 36.6435)
    kept = site_keeping.on_the_map(raw, datum="wgs84")
    assert 400 < distance(raw, kept) < 700
    assert site_keeping.on_the_map(raw, datum="gcj02") == raw


async def test_a_keeper_changes_what_visitors_need_and_the_district_the_rest(world: Town) -> None:
    keeper = world.at(world.keeper)
    site = await site_keeping.edit(keeper, site_id="S10", notes="请走东门", facilities=["停车位"])
    assert (site.notes, site.facilities, site.contact) == ("请走东门", ["停车位"], "联系人")
    entry = await AuditEntry.get(action="site.edited")
    assert "东门" not in str(entry.details)
    with pytest.raises(NotAllowed):
        await site_keeping.edit(keeper, site_id="S10", name="新名字")
    with pytest.raises(NotAllowed):
        await site_keeping.edit(keeper, site_id="S01", notes="x")
    await site_keeping.edit(world.at(world.district_officer), site_id="S10", name="新名字")
    assert (await Site.get(id="S10")).name == "新名字"


async def test_a_new_number_of_places_holds_for_slots_that_have_not_promised_more(world: Town) -> None:
    empty, full = [
        await new_slot(world.site, world.ctx.now() + timedelta(hours=hours), capacity=30)
        for hours in (24, 48)
    ]
    await bookings.book(world.at(world.worker), slot_id=full.id, headcount=25, theme="党课")
    await site_keeping.edit(world.at(world.keeper), site_id="S10", capacity=20)
    await empty.refresh_from_db()
    await full.refresh_from_db()
    assert (empty.capacity, full.capacity) == (20, 30)


async def test_new_rules_close_empty_slots_only_and_old_rules_open_them_again(world: Town) -> None:
    keeper = world.at(world.keeper)
    await sites.make_slots(world.ctx)
    afternoon = [
        slot for slot in await Slot.filter(site_id="S10").order_by("id")
        if slot.starts_at.astimezone(world.ctx.settings.zone).hour >= 12
    ]  # fmt: skip
    booked = afternoon[3]
    await bookings.book(world.at(world.worker), slot_id=booked.id, headcount=5, theme="党课")
    await site_keeping.edit(keeper, site_id="S10", opening=MORNINGS)
    still = [
        slot.id for slot in await Slot.filter(site_id="S10", closed=False)
        if slot.starts_at.astimezone(world.ctx.settings.zone).hour >= 12
    ]  # fmt: skip
    assert still == [booked.id]
    count = await Slot.filter(site_id="S10").count()
    await site_keeping.edit(keeper, site_id="S10", opening=Opening.model_validate(EVERY_DAY))
    assert await Slot.filter(id__in=[slot.id for slot in afternoon], closed=True).count() == 0
    assert await Slot.filter(site_id="S10").count() >= count


async def test_seeding_leaves_what_was_changed_by_hand(ctx: Context, world: Town) -> None:
    await site_keeping.edit(world.at(world.keeper), site_id="S10", notes="请走东门", intro="新的简介")
    await sites.seed(ctx)
    site = await Site.get(id="S10")
    assert (site.intro, site.notes) == ("新的简介", "请走东门")


# Searching


@pytest.mark.parametrize(
    ("text", "full", "short"),
    [
        ("重温长廊", "chongwenchanglang", "cwcl"),
        ("太河镇 ABC", "taihezhen", "thz"),
        ("党性体检", "dangxingtijian", "dxtj"),
    ],
)
def test_how_a_name_sounds(text: str, full: str, short: str) -> None:
    assert {full, short} <= set(sounds(text).split())
    assert folded("ＡＢ") == "ab"


@pytest.mark.parametrize(
    ("q", "wanted"),
    [
        ("重温", ["S28"]),
        ("chongwen", ["S28"]),
        ("CWSC", ["S28"]),
        ("ｃｗｓｃ", ["S28"]),
        ("byljd", ["S01", "S10", "S28"]),
        ("byljd 誓词", ["S28"]),
        ("taihe", []),
        ("   ", ["S01", "S10", "S28"]),
    ],
)
async def test_sites_are_found_by_sound_and_by_initials(world: Town, q: str, wanted: list[str]) -> None:
    await site_keeping.create(world.at(world.district_officer), **wish())
    found = [one.site.id for one in await sites.list_sites(world.ctx, q=q)]
    assert found == wanted


async def test_a_change_is_found_at_once(world: Town) -> None:
    assert not await sites.list_sites(world.ctx, q="xiangcun")
    await site_keeping.edit(world.at(world.district_officer), site_id="S10", name="乡村课堂")
    assert [one.site.id for one in await sites.list_sites(world.ctx, q="xiangcun")] == ["S10"]


@pytest.mark.parametrize(
    ("fee", "from_dues", "said"),
    [
        (0, None, "免费"),
        (0, True, "免费"),
        (1500, True, "每人 15 元，可以用党费列支"),
        (1550, False, "每人 15.50 元，不能用党费列支"),
        (5, False, "每人 0.05 元，不能用党费列支"),
    ],
)
def test_a_fee_is_told_with_what_may_pay_it(fee: int, from_dues: bool | None, said: str) -> None:
    assert site_facts.fee(Site(fee=fee, fee_from_dues=from_dues)) == said


async def test_who_asks_for_money_says_whether_dues_may_pay_it(world: Town) -> None:
    keeper = world.at(world.keeper)
    with pytest.raises(BadInput) as refused:
        await site_keeping.edit(keeper, site_id="S10", fee=1500)
    assert set(refused.value.fields) == {"fee_from_dues"}
    assert (await Site.get(id="S10")).fee == 0
    with pytest.raises(BadInput):
        await site_keeping.create(world.at(world.district_officer), **wish(fee=1500))
    assert not await Site.exists(id="S28")
    await site_keeping.edit(keeper, site_id="S10", fee=1500, fee_from_dues=True)
    site = await site_keeping.edit(keeper, site_id="S10", fee=2000)
    assert (site.fee, site.fee_from_dues) == (2000, True)


async def test_a_keeper_says_what_a_visitor_asks_and_it_is_found(world: Town) -> None:
    guides = [{"name": "演示讲解员", "languages": ["普通话"], "hours": "周六"}]
    site = await site_keeping.edit(
        world.at(world.keeper), site_id="S10", services=["oath"], guides=guides, parking=0, access=True
    )
    assert (site.services, site.guides, site.parking, site.access) == (["oath"], guides, 0, True)
    assert site_facts.guides(site) == "演示讲解员（普通话，周六）"
    assert (site_facts.parking(site), site_facts.access(site)) == ("没有停车位", "轮椅可以进出")
    for words in ("重温誓词", "cwsc"):
        assert [one.site.id for one in await sites.list_sites(world.ctx, q=words)] == ["S10"]
    assert (site_facts.parking(Site()), site_facts.access(Site()), site_facts.guides(Site(guides=[]))) == (
        "",
    ) * 3
    held = [guides[0] | {"name": "赌博"}]
    if screenings.held_word("赌博"):
        with pytest.raises(BadInput):
            await site_keeping.edit(world.at(world.keeper), site_id="S10", guides=held)
