"""The map, a branch's visits and the paid claims in a browser: no script, and nothing from elsewhere."""

import re
from datetime import date, timedelta

import pytest

from handlers import bookings, claim_payments, openings, page_logins
from handlers.context import Context
from handlers.openings import Opening
from models import Account, App, Site, SiteCategory, SiteStatus, Slot
from pages.login import COOKIE
from tests.handlers.desk import approved, new_fund, submitted
from tests.handlers.town import EVERY_DAY, Town, build, new_slot
from tests.pages.test_pages import Client, Tags, client

__all__ = ["client"]
pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


async def read(client: Client, path: str, *, status: int = 200) -> str:
    """A page that is whole, has no script, loads nothing from elsewhere, and leads to a complaint."""
    response = await client.get(path)
    html = await response.text()
    assert response.status == status
    tags = Tags(html)
    assert tags.open == []
    assert "script" not in {tag for tag, _ in tags.seen}
    loaded = [value for _, given in tags.seen for name, value in given.items() if name in ("src", "action")]
    loaded += [given.get("href") for tag, given in tags.seen if tag == "link"]
    assert all(address and address.startswith("/") for address in loaded)
    assert 'href="/complaints"' in html
    return html


async def test_sites_stand_by_kind_and_lead_to_their_page(client: Client, world: Town) -> None:
    await Site.filter(id="S01").update(category=SiteCategory.RURAL, name="<b>课堂</b>")
    html = await read(client, "/map")
    assert html.index("农村党建（1）") < html.index("&lt;b&gt;课堂") < html.index("城市党建（1）")
    assert 'href="/map/S10"' in html
    only = await read(client, "/map?category=URBAN")
    assert "阵地S10" in only
    assert "课堂" not in only
    assert "阵地S10" in await read(client, "/map?q=zds10")
    assert "没有找到" in await read(client, "/map?q=%00%F0%9F%99%82nothing")


async def test_with_a_position_the_nearest_stands_first_and_none_is_asked_for(
    client: Client, world: Town
) -> None:
    await Site.filter(id="S01").update(longitude=118.1362, latitude=36.4985)
    html = await read(client, "/map?lat=36.498&lng=118.136")
    assert html.index("阵地S01") < html.index("阵地S10")
    assert "约 58 米" in html
    # It stays along when one looks further.
    assert 'href="/map?category=RURAL&amp;lat=36.498&amp;lng=118.136"' in html
    assert 'name="lat" value="36.498"' in html
    for odd in ("lat=nan&lng=1", "lat=1", "lat=x&lng=y", "lat=999&lng=0", "category=NO"):
        assert "城市党建（2）" in await read(client, f"/map?{odd}")


async def test_a_site_says_when_it_is_open_and_when_there_is_room(
    client: Client, world: Town, ctx: Context
) -> None:
    free = await new_slot(world.site, ctx.now() + timedelta(days=1))
    full = await new_slot(world.site, ctx.now() + timedelta(days=2), capacity=5)
    await Slot.filter(id=full.id).update(taken=5)
    await new_slot(world.site, ctx.now() + timedelta(days=15))
    html = await read(client, "/map/s10")
    assert "每天 8:00—18:00；法定节假日不开放" in html
    assert "11月21日（周六）10:00–12:00" in html
    assert f"还有 {free.capacity} 个名额" in html
    assert "11月22日" not in html
    assert "12月5日" not in html
    assert "怎样预约" in html
    assert "联系人" not in html
    assert re.search(r'href="https://apis\.map\.qq\.com/[^"]*coord:36\.644100,117\.966200', html)


async def test_nobody_is_led_to_a_site_that_stands_nowhere_or_is_closed(client: Client, world: Town) -> None:
    await Site.filter(id="S10").update(is_demo=True, status=SiteStatus.PAUSED)
    html = await read(client, "/map/S10")
    assert "https://" not in html
    assert "不能导航" in html
    assert "暂停开放" in html
    assert "最近可约" not in html
    await Site.filter(id="S10").update(status=SiteStatus.PLANNED)
    assert "没有这个阵地" in await read(client, "/map/S10", status=404)
    assert "没有这个阵地" in await read(client, "/map/NONE", status=404)


async def test_a_branch_sees_its_visits_and_a_stranger_the_way_to_the_map(
    client: Client, world: Town, ctx: Context
) -> None:
    slot = await new_slot(world.site, ctx.now() + timedelta(days=1))
    booking = await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=7, theme="<党课>")
    assert 'href="/map"' in await read(client, "/my-bookings", status=403)
    for who, seen in ((world.member, True), (world.far_worker, False)):
        account = await Account.create(
            app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}", person=who, follows=True
        )
        client.session.cookie_jar.update_cookies({COOKIE: page_logins.issue(ctx, account.id)})
        html = await read(client, "/my-bookings")
        assert (f"{booking.id} 号　已确认" in html) is seen
        assert ("&lt;党课&gt;　7 人" in html) is seen
        assert ("联系人：联系人" in html) is seen


async def test_everybody_reads_what_a_quarter_paid(client: Client, world: Town, ctx: Context) -> None:
    await new_fund(world, 50_000)
    claim = await approved(world, await submitted(world))
    await claim_payments.pay(world.at(world.district_officer), claim_id=claim.id)
    html = await read(client, "/claims/summary")
    assert "2026年第4季度补单公开" in html
    assert html.count("150.00 元") == 3
    assert "year=2026&amp;quarter=3" in html
    for odd in ("?year=1&quarter=9", "?year=²&quarter=x"):
        assert "第4季度" in await read(client, f"/claims/summary{odd}")
    assert "已拨付 0 次" in await read(client, "/claims/summary?year=2026&quarter=3")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "每天"),
        (["tue", "wed", "thu", "fri", "sat", "sun"], "周二至周日"),
        (["sat"], "周六"),
        (["mon", "wed"], "周一、周三"),
        (["sat", "sun"], "周六、周日"),
    ],
)
def test_days_as_people_say_them(days: list[openings.Weekday], words: str) -> None:
    assert openings.days_in_words(days) == words


def test_special_days_are_told_while_they_are_near() -> None:
    special = [{"day": "2026-11-25"}, {"day": "2027-03-01"}, {"day": "2026-11-01"}]
    opening = Opening.model_validate(EVERY_DAY | {"exceptions": special, "open_on_holidays": True})
    assert openings.in_words(opening, date(2026, 11, 20)) == ["每天 8:00—18:00", "11月25日不开放"]
