"""The keeper's page and a member's own code: who sees what, names by form, heads as they change."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse
from redis.exceptions import ConnectionError as RedisGone

from handlers import bookings, codes, headcounts, page_logins, paper, sites
from handlers import checkins as scans
from handlers.context import Context
from handlers.errors import NotBound, ScanRefused
from models import Account, App, Booking, CheckIn, Person
from pages import keeper, live
from pages.login import COOKIE
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot
from tests.pages.test_pages import Client, Tags, client

__all__ = ["client"]


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def booking(world: Town, clock: Clock) -> Booking:
    """A visit at S10 whose gate is open, and 赵甲 <1> of the branch."""
    slot = await new_slot(world.site, world.ctx.now() + timedelta(hours=4))
    made = await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=10, theme="主题党日")
    await Person.create(name="赵甲", organization=world.branch)
    clock.now = slot.starts_at
    return made


async def cookie(ctx: Context, person: Person) -> dict[str, str]:
    """What a browser that was logged in for this person holds."""
    account, _ = await Account.get_or_create(app=App.OFFICIAL_ACCOUNT, openid=f"o-{person.id}", person=person)
    return {COOKIE: page_logins.issue(ctx, account.id)}


async def test_the_keeper_sees_heads_and_refused_scans_and_enters_names_without_a_script(
    client: Client, world: Town, booking: Booking, clock: Clock
) -> None:
    held = await cookie(world.ctx, world.keeper)
    with pytest.raises(ScanRefused):
        await scans.check_in(world.at(world.far_worker), code=sites.poster_scene(world.ctx, site_id="S10"))
    html = await (await client.get("/keeper", cookies=held)).text()  # The only site at once.
    assert Tags(html).open == []
    assert f'data-visit="{booking.id}">0</strong>' in html
    assert "所在支部在这里没有预约" in html
    form = {"booking": str(booking.id), "names": "赵甲\n  \n赵 甲\n<b>某人</b>\n"}
    entered = await client.post("/keeper/S10", data=form, cookies=held)
    html = await entered.text()
    assert (entered.status, Tags(html).open) == (200, [])
    assert f'data-visit="{booking.id}">1</strong>' in html
    for said in ("已登记", "之前已经签到", "名册里没有这个名字", "&lt;b&gt;某人&lt;/b&gt;"):
        assert said in html
    assert "<b>某人" not in html
    assert await CheckIn.all().count() == 1


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 422), ({"booking": "x", "names": "赵甲"}, 422), ({"booking": "1", "names": " \n"}, 422),
        ({"booking": "999999999", "names": "赵甲"}, 404), ({"booking": "9" * 40, "names": "赵甲"}, 422),
    ],
)  # fmt: skip
async def test_odd_forms_enter_nobody(
    client: Client, world: Town, booking: Booking, form: dict[str, str], status: int
) -> None:
    response = await client.post("/keeper/S10", data=form, cookies=await cookie(world.ctx, world.keeper))
    assert response.status == status
    assert Tags(await response.text()).open == []
    assert await CheckIn.all().count() == 0


async def test_nobody_else_sees_or_enters_anything(client: Client, world: Town, booking: Booking) -> None:
    form = {"booking": str(booking.id), "names": "赵甲"}
    for who in (world.member, world.worker, world.far_officer, None):
        client.session.cookie_jar.clear()
        held = await cookie(world.ctx, who) if who else {}
        for path in ("/keeper", "/keeper/S10", "/keeper/S10/present", "/keeper/S10/live"):
            response = await client.get(path, cookies=held)
            theirs = who is world.far_officer and path == "/keeper"  # Of the sites over there.
            assert (path, response.status) == (path, 200 if theirs else 403)
            assert "演示" not in await response.text()
        response = await client.post("/keeper/S10", data=form, cookies=held)
        assert response.status == (404 if who is world.far_officer else 403)
    assert await CheckIn.all().count() == 0


async def test_early_lists_say_when(client: Client, world: Town, booking: Booking, clock: Clock) -> None:
    clock.now -= timedelta(hours=2)
    form = {"booking": str(booking.id), "names": "赵甲"}
    response = await client.post("/keeper/S10", data=form, cookies=await cookie(world.ctx, world.keeper))
    assert (response.status, "开始前 30 分钟起才能登记" in await response.text()) == (422, True)


async def heads(response: ClientResponse) -> list[int]:
    """The next event's heads."""
    while True:
        line = await asyncio.wait_for(response.content.readline(), 20)
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            return [visit["present"] for visit in json.loads(line[6:])]


async def all_gone(readers: set[Any]) -> None:
    """Wait until nobody reads any more."""
    async with asyncio.timeout(10):
        while readers:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.02)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks that don't let a test wait."""
    monkeypatch.setattr(headcounts, "AT_MOST_EVERY", 0.01)


async def test_heads_change_as_people_are_entered(
    client: Client, world: Town, booking: Booking, quick: None
) -> None:
    held = await cookie(world.ctx, world.keeper)
    async with client.get("/keeper/S10/live", cookies=held) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert await heads(response) == [0]
        await asyncio.sleep(0.05)
        code = sites.poster_scene(world.ctx, site_id="S10")
        await scans.check_in(world.at(world.member), code=code)
        assert await heads(response) == [1]
        await paper.enter(world.at(world.keeper), booking_id=booking.id, names=["赵甲"])
        assert await heads(response) == [2]
    assert await (await client.get("/keeper/S10/present", cookies=held)).json() == [
        {"booking_id": booking.id, "present": 2}
    ]


async def test_without_redis_heads_come_later_and_check_ins_go_on(
    client: Client, world: Town, booking: Booking, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> None:
        raise RedisGone

    for name in ("get", "set"):
        monkeypatch.setattr(type(world.ctx.redis), name, gone)
    async with client.get("/keeper/S10/live", cookies=await cookie(world.ctx, world.keeper)) as response:
        assert await heads(response) == [0]
        code = sites.poster_scene(world.ctx, site_id="S10")
        assert (await scans.check_in(world.at(world.member), code=code)).status == "checked_in"
        assert await heads(response) == [1]


async def test_readers_are_counted_bounded_and_let_go(
    client: Client, world: Town, booking: Booking, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_READERS", 1)
    held = await cookie(world.ctx, world.keeper)
    readers = client.app[live.READERS].tasks
    response = await client.get("/keeper/S10/live", cookies=held)
    assert await heads(response) == [0]
    assert (await client.get("/keeper/S10/live", cookies=held)).status == 503
    response.close()  # Gone without a word.
    await all_gone(readers)
    async with client.get("/keeper/S10/live", cookies=held) as again:
        assert await heads(again) == [0]
        await live.stop(client.app)
        await all_gone(readers)


def test_every_reason_reads_in_chinese() -> None:
    codes_of = {kind.code for kind in (*ScanRefused.__subclasses__(), ScanRefused, NotBound)}
    assert codes_of <= set(keeper.REASONS)


async def test_a_member_finds_their_own_code_and_a_keeper_can_scan_it(
    client: Client, world: Town, booking: Booking, clock: Clock
) -> None:
    response = await client.get("/my-code", cookies=await cookie(world.ctx, world.member))
    html = await response.text()
    [picture] = [attributes["src"] or "" for tag, attributes in Tags(html).seen if tag == "img"]
    code = picture.partition("code=")[2]
    secret = world.ctx.settings.secret_key.get_secret_value()
    read = codes.read(secret, code, at=clock.now)
    assert isinstance(read, codes.MemberCode)
    assert (await client.get(picture)).status == 200
    assert (await scans.check_in(world.at(world.keeper), code=code)).person.id == world.member.id
    assert 5 <= int(response.headers["Refresh"]) <= 300
    assert response.headers["Cache-Control"] == "no-store"


async def test_who_is_not_known_is_told_how_to_be(client: Client, world: Town) -> None:
    response = await client.get("/my-code")
    html = await response.text()
    assert (response.status, Tags(html).open, "绑定手机号" in html) == (403, [], True)
