"""“样板” in the chat: only the word itself; whatever says more is a question."""

import pytest

from bot import menu
from bot import showcase as chat
from bot.messages import Message
from bot.replies import Article
from bot.router import Router
from bot.routes import ROUTES
from handlers.context import Context
from models import Showcase
from tests.handlers.test_showcase import listed, nominated, world
from tests.handlers.town import Town

__all__ = ["world"]
ROUTER = Router(ROUTES)


def message(text: str) -> Message:
    fields = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "text", "Content": text}
    return Message(fields, "text")


@pytest.mark.parametrize("said", ["样板", "一批样板", "示范点", "示范点名单"])
def test_the_word_alone_opens_the_list(said: str) -> None:
    route = ROUTER.find(message(said))
    assert route is not None
    assert route.answer is chat.listed


def test_so_does_the_menu() -> None:
    tapped = {"MsgType": "event", "Event": "CLICK", "EventKey": menu.SHOWCASE}
    who = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1"}
    route = ROUTER.find(Message(tapped | who, "event", "click"))
    assert route is not None
    assert route.answer is chat.listed


@pytest.mark.parametrize("said", ["示范点怎么评", "什么是样板", "样板 联户", "党员联户是什么", "示范点？"])
def test_whatever_says_more_is_a_question(said: str) -> None:
    route = ROUTER.find(message(said))
    assert route is not None
    assert route.answer.__module__ == "bot.questions"


async def test_the_list_is_a_card_and_shows_nothing_that_only_waits(world: Town, ctx: Context) -> None:
    await nominated(world, name="还在等的")
    assert await chat.listed(message("样板"), ctx) == chat.NONE
    row = await listed(world)
    card = await chat.listed(message("样板"), ctx)
    assert isinstance(card, Article)
    assert card.url.endswith("/showcase")
    assert card.description.startswith(f"区级示范点 1 个：{row.name}\n")
    assert "还在等的" not in card.description
    await Showcase.filter(id=row.id).update(valid_until="2026-11-21")
    assert isinstance(await chat.listed(message("样板"), ctx), Article)
