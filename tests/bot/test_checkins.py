"""Scanning in the chat: what happened and what is next, for every outcome and every refusal."""

import pytest

from bot import checkins, follows, texts
from bot.messages import Message
from bot.router import Router
from bot.routes import ROUTES
from handlers import bookings, sites
from handlers.accounts import caller
from handlers.context import Context
from handlers.errors import BadCode, NotBound, Refused, ScanRefused
from models import Account, App, CheckIn, RefusedScan
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot


def scan(code: str, *, event: str = "SCAN") -> Message:
    key = code if event == "SCAN" else f"qrscene_{code}"
    fields = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "event"}
    return Message(fields | {"Event": event, "EventKey": key}, "event")


@pytest.fixture
async def world(ctx: Context, clock: Clock) -> Town:
    """The branch is expected at S10 now."""
    world = await build(ctx)
    slot = await new_slot(world.site, clock.now)
    booked_at = clock.now
    clock.now = booked_at.replace(hour=1)
    await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=10, theme="主题党日")
    clock.now = booked_at
    return world


WHAT_TO_DO = ("请", "可以", "联系", "再扫")


@pytest.mark.parametrize("kind", [*ScanRefused.__subclasses__(), ScanRefused, NotBound])
def test_every_refusal_of_a_scan_says_what_to_do(kind: type[Refused], clock: Clock) -> None:
    plain = texts.refusal(kind())
    exact = texts.refusal(kind(site="齐风馆", at=clock.now)) if issubclass(kind, ScanRefused) else plain
    for said in (plain, exact):
        assert any(word in said for word in WHAT_TO_DO), said
        assert said.endswith("。")
        assert kind is Refused or said != texts.REFUSALS[Refused]


async def test_a_scan_says_what_happened_and_again_that_it_had(world: Town) -> None:
    member = world.at(world.member)
    code = sites.poster_scene(world.ctx, site_id="S10")
    first = await checkins.scanned(scan(code), member)
    assert first.startswith("签到成功！\n阵地S10")
    assert "本支部已到 1 人" in first
    assert (await checkins.scanned(scan(code), member)).startswith("您已经签过到了")


async def test_a_refused_scan_says_why_and_is_kept(world: Town) -> None:
    said = await checkins.scanned(scan("P1S10AAAAAAAAAAAAAA"), world.at(world.member))
    assert said == texts.REFUSALS[BadCode]
    assert (await RefusedScan.get()).reason == "bad_code"


async def test_a_new_follower_by_scan_is_told_how_to_be_known_and_a_known_one_is_in(world: Town) -> None:
    code = sites.poster_scene(world.ctx, site_id="S10")
    message = scan(code, event="subscribe")
    message.fields["EventKey"] = code  # As `parse` leaves it: without its prefix.
    who = await caller(world.ctx, app=App.OFFICIAL_ACCOUNT, openid="o1")
    said = str(await follows.followed_by_scan(message, world.ctx.on_behalf_of(who)))
    assert said.startswith("还不知道您是哪个支部的")
    assert said.endswith(texts.WELCOME)
    assert (await RefusedScan.get()).site_id == "S10"
    await Account.filter(openid="o1").update(person_id=world.member.id)
    said = str(await follows.followed_by_scan(message, world.ctx.on_behalf_of(who)))
    assert said.startswith("签到成功！")
    assert await CheckIn.all().count() == 1


@pytest.mark.parametrize("word", ["我的码", "签到码"])
async def test_the_own_code_is_a_link_that_names_nobody(world: Town, word: str) -> None:
    fields = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "text", "Content": word}
    message = Message(fields, "text")
    route = Router(ROUTES).find(message)
    assert route is not None
    assert route.answer is checkins.my_code
    said = await checkins.my_code(message, world.at(world.member))
    assert f"{world.ctx.settings.public_url}/my-code\n" in said
    with pytest.raises(NotBound):
        await checkins.my_code(message, world.at(None))
