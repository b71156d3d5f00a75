"""A branch's bookings in the chat: the words that lead there, and what they do."""

from datetime import timedelta
from inspect import isawaitable
from typing import Any

import pytest

from bot import bookings as chat
from bot import questions, texts
from bot.messages import Message
from bot.replies import Article, render
from bot.router import Router
from bot.routes import ROUTES
from bot.sites import listed, near
from handlers import bookings, errors
from handlers.context import Context
from models import Booking, BookingStatus, Slot
from tests.handlers.town import Town, build, new_site, new_slot

ROUTER = Router(ROUTES)


def message(text: str) -> Message:
    fields = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "text", "Content": text}
    return Message(fields, "text")


def place(**fields: str) -> Message:
    head = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "location"}
    return Message({**head, **fields}, "location")


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns."""
    return await build(ctx)


async def booked(world: Town, hours: int, headcount: int = 10, capacity: int = 30) -> Booking:
    """A visit of the branch, so many hours from now."""
    slot = await new_slot(world.site, world.ctx.now() + timedelta(hours=hours), capacity=capacity)
    return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=headcount, theme="主题党日")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("我的预约", chat.mine),
        ("取消 12", chat.cancelled),
        ("取消12号", chat.cancelled),
        ("取消预约", chat.cancelled),
        ("取消预约 12。", chat.cancelled),
        ("放弃 12", chat.cancelled),
        ("放弃候补", chat.cancelled),
        ("改人数 12 30", chat.resized),
        ("改人数 30", chat.resized),
        ("改人数 12号 改 30人", chat.resized),
        ("接受", chat.accepted),
        ("接受候补 12", chat.accepted),
        ("接受 １２", chat.accepted),
        ("取消预备党员资格怎么办", questions.asked),
        ("取消", questions.asked),
        ("接受预备党员要开什么会", questions.asked),
        ("改人数", questions.asked),
        ("放弃预备党员资格", questions.asked),
    ],
)
def test_the_words_lead_there(said: str, answer: object) -> None:
    route = ROUTER.find(message(said))
    assert route is not None
    assert route.answer is answer


@pytest.mark.parametrize(
    ("said", "number", "heads"),
    [("改人数 12 30", "12", "30"), ("改人数 30", None, "30"), ("改人数 12号改成30人", "12", "30")],
)
def test_which_number_is_which(said: str, number: str | None, heads: str) -> None:
    found = chat.RESIZE.match(said)
    assert found is not None
    assert (found["number"], found["heads"]) == (number, heads)


async def test_the_list_shows_numbers_and_what_can_be_written_back(world: Town) -> None:
    later, sooner = await booked(world, 48), await booked(world, 24)
    card = await chat.mine(message("我的预约"), world.at(world.member))
    assert isinstance(card, Article)
    assert (card.title, card.url) == ("我的预约（2 个）", "http://127.0.0.1:8080/my-bookings")
    assert card.description == (
        "接下来的预约：\n"
        f"{sooner.id}号 · 11月21日（周六）10:00 阵地S10，10 人，已确认\n"
        f"{later.id}号 · 11月22日（周日）10:00 阵地S10，10 人，已确认\n"
        f"取消回复“取消 {sooner.id}”，改人数回复“改人数 {sooner.id} 10”（换成您要的人数）。"
    )


async def test_a_keeper_sees_the_own_branch_and_not_all_visitors(world: Town) -> None:
    await booked(world, 24)
    card = await chat.mine(message("我的预约"), world.at(world.keeper))
    assert card == Article("还没有预约", texts.NO_BOOKINGS, "http://127.0.0.1:8080/map")


async def test_a_number_cancels_that_visit_only(world: Town) -> None:
    first, second = await booked(world, 24), await booked(world, 48)
    worker = world.at(world.worker)
    said = await chat.cancelled(message(f"取消 {second.id}"), worker)
    assert isinstance(said, str)
    assert "已取消" in said
    await second.refresh_from_db()
    await first.refresh_from_db()
    assert (first.status, second.status) == (BookingStatus.CONFIRMED, BookingStatus.CANCELLED)
    # The same line again cannot reach the other visit.
    await chat.cancelled(message(f"取消 {second.id}"), worker)
    await first.refresh_from_db()
    assert first.status is BookingStatus.CONFIRMED


async def test_without_a_number_only_a_single_visit_is_cancelled(world: Town) -> None:
    first = await booked(world, 24)
    second = await booked(world, 48)
    worker = world.at(world.worker)
    said = await chat.cancelled(message("取消预约"), worker)
    assert isinstance(said, str)
    assert said.startswith(f"您的支部有几个预约，请加上编号，例如“取消 {first.id}”")
    assert await Booking.filter(status=BookingStatus.CANCELLED).count() == 0
    await chat.cancelled(message(f"取消 {first.id}"), worker)
    await chat.cancelled(message("取消预约"), worker)
    await second.refresh_from_db()
    assert second.status is BookingStatus.CANCELLED


async def test_a_headcount_is_changed_by_number(world: Town) -> None:
    booking = await booked(world, 24)
    said = await chat.resized(message(f"改人数 {booking.id} 25"), world.at(world.worker))
    assert isinstance(said, str)
    assert said.endswith("25 人，已确认\n联系人：联系人")
    assert (await Slot.get(id=booking.slot_id)).taken == 25


async def test_nobody_else_changes_it(world: Town) -> None:
    booking = await booked(world, 24)
    for text, act in ((f"取消 {booking.id}", chat.cancelled), (f"改人数 {booking.id} 5", chat.resized)):
        with pytest.raises(errors.NotAllowed):
            await act(message(text), world.at(world.member))
        with pytest.raises(errors.NotFound):
            await act(message(text), world.at(world.far_worker))
    assert (await Slot.get(id=booking.slot_id)).taken == 10


async def test_an_offer_is_accepted_in_the_chat(world: Town, ctx: Context) -> None:
    site = await new_site("S11", world.town, needs_approval=True)
    slot = await new_slot(site, ctx.now() + timedelta(hours=48), capacity=10)
    first = await bookings.book(world.at(world.other_worker), slot_id=slot.id, headcount=10, theme="党课")
    waits = await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=8, theme="党课", wait=True)
    worker = world.at(world.worker)
    assert await chat.accepted(message("接受"), worker) == texts.NOTHING_OFFERED
    await bookings.cancel(world.at(world.other_worker), booking_id=first.id)
    card = await chat.mine(message("我的预约"), worker)
    assert isinstance(card, Article)
    said = card.description
    assert f"前回复“接受 {waits.id}”；不要了回复“放弃 {waits.id}”" in said
    said = await chat.accepted(message("接受"), worker)
    assert isinstance(said, str)
    assert said.startswith("名额已为您的支部留好")
    await waits.refresh_from_db()
    assert waits.status is BookingStatus.REQUESTED


async def test_a_sent_position_orders_the_sites(world: Town) -> None:
    world.other_site.longitude, world.other_site.latitude = 118.1362, 36.4985
    await world.other_site.save()
    here = place(Location_X="36.4980", Location_Y="118.1360")
    card = await near(here, world.ctx)
    assert isinstance(card, Article)
    # Three places are a hundred metres: an order for the page, and nobody's address in a log.
    assert card.url == "http://127.0.0.1:8080/map?lat=36.498&lng=118.136"
    said = card.description
    assert said.index("阵地S01") < said.index("阵地S10")


@pytest.mark.parametrize("odd", ["nan", "inf", "1e999", "200", "", "北纬"])
async def test_a_position_that_is_none_is_met_with_a_sentence(world: Town, odd: str) -> None:
    assert await near(place(Location_X=odd, Location_Y="118.1"), world.ctx) == texts.ONLY_TEXT


@pytest.mark.parametrize("words", ["附近阵地", "我的预约", "签到"])
async def test_words_and_buttons_answer_with_one_card_that_says_it_and_opens_it(
    world: Town, words: str
) -> None:
    """One passive reply may carry one article (wechat-platform §3): the words stand on the card itself."""
    keys = {"附近阵地": "SITES_NEAR", "我的预约": "MY_BOOKINGS", "签到": "HOW_TO_CHECK_IN"}
    tapped = Message(
        {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "event", "Event": "CLICK",
         "EventKey": keys[words]},
        "event", "click",
    )  # fmt: skip
    cards = []
    for said in (message(words), tapped):
        route = ROUTER.find(said)
        assert route is not None
        answer: Any = route.answer(said, world.at(world.member))
        card = await answer if isawaitable(answer) else answer
        assert isinstance(card, Article)
        assert "<ArticleCount>1</ArticleCount>" in render(card, said)
        cards.append(card)
    assert cards[0] == cards[1]
    assert len(cards[0].description) > 20
    assert cards[0].url.startswith("http://127.0.0.1:8080/")


async def test_the_list_of_sites_opens_the_map(world: Town) -> None:
    card = await listed(message("附近阵地"), world.ctx)
    assert isinstance(card, Article)
    assert (card.title, card.url) == ("党建地图", "http://127.0.0.1:8080/map")
    assert "阵地S10（般阳路街道）" in card.description
