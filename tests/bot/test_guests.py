"""Joining a near branch's visit by oneself, in the chat."""

from collections.abc import Awaitable
from typing import cast

import pytest

from bot import guests as chat
from bot import questions, texts
from bot.replies import Article
from bot.router import Router
from bot.routes import ROUTES
from handlers import errors
from handlers.context import Context
from models import Booking, Guest, Person, Slot
from tests.bot.test_bookings import message
from tests.handlers.test_guests import visit
from tests.handlers.town import Town, build

ROUTER = Router(ROUTES)


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns."""
    return await build(ctx)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("可加入的活动", chat.listed),
        ("就近活动", chat.listed),
        ("加入 12", chat.joined),
        ("加入12号。", chat.joined),
        ("加入活动 １２", chat.joined),
        ("退出 12", chat.left),
        ("加入中国共产党要什么条件", questions.asked),
        ("加入党组织 2 年了怎么转正", questions.asked),
        ("加入 2 年了怎么转正", questions.asked),
        ("退出", questions.asked),
    ],
)
def test_the_words_lead_there(said: str, answer: object) -> None:
    route = ROUTER.find(message(said))
    assert route is not None
    assert route.answer is answer


async def say(world: Town, who: Person | None, text: str) -> object:
    route = ROUTER.find(message(text))
    assert route is not None
    return await cast(Awaitable[object], route.answer(message(text), world.at(who)))


async def test_a_single_member_finds_joins_and_leaves_by_number(world: Town) -> None:
    assert isinstance(empty := await say(world, world.far_worker, "可加入的活动"), Article)
    assert empty.description == texts.NOTHING_TO_JOIN
    booking = await visit(world)
    card = await say(world, world.far_worker, "可加入的活动")
    assert isinstance(card, Article)
    assert card.url.endswith("/open-visits")
    assert f"回复“加入 {booking.id}”" in card.description
    for _ in range(2):  # Twice is once.
        assert f"回复“退出 {booking.id}”" in str(await say(world, world.far_worker, f"加入 {booking.id}"))
    assert await Guest.filter(booking_id=booking.id).count() == 1
    card = await say(world, world.far_worker, "可加入的活动")
    assert isinstance(card, Article)
    assert "（您已加入）" in card.description
    assert f"回复“退出 {booking.id}”" in card.description
    assert "已退出" in str(await say(world, world.far_worker, f"退出 {booking.id}"))
    assert (await Booking.get(id=booking.id)).guests == await Guest.all().count() == 0
    assert (await Slot.get(id=booking.slot_id)).taken == 5


async def test_who_may_not_is_told_why(world: Town) -> None:
    own, alone = await visit(world), await visit(world, hours=72, exclusive=True)
    with pytest.raises(errors.NotBound):
        await say(world, None, f"加入 {own.id}")
    for who, number, refusal in (
        (world.member, own.id, errors.NotOpenToGuests),
        (world.far_worker, alone.id, errors.NotOpenToGuests),
        (world.far_worker, 999_999_999, errors.NotFound),
    ):
        with pytest.raises(refusal):
            await say(world, who, f"加入 {number}")
    assert await Guest.all().count() == 0


async def test_of_many_visits_the_first_are_named_and_the_page_has_all(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "SHOWN", 1)
    for day in range(3):
        await visit(world, hours=48 + 24 * day)
    card = await say(world, world.far_worker, "加入活动")
    assert isinstance(card, Article)
    assert card.title == "可加入的活动（3 场）"
    assert card.description.count("号 · ") == chat.SHOWN
    assert "还有 2 场" in card.description
