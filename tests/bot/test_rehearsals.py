"""实训 in the chat: my rehearsals, and joining by a code that was passed on."""

import pytest

from bot import rehearsals as chat
from bot.messages import Message
from bot.router import Manner, Router
from bot.routes import ROUTES
from handlers import rehearsals
from handlers.context import Context
from models import RehearsalSeat
from tests.handlers.town import Town, build

ROUTER = Router(ROUTES)


def message(text: str) -> Message:
    fields = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "text", "Content": text}
    return Message(fields, "text")


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.mark.parametrize(
    ("said", "answer", "manner"),
    [
        ("实训", chat.mine, Manner.READS),
        ("我的实训", chat.mine, Manner.READS),
        ("R112abcdefghijklmn", chat.joined, Manner.CHANGES),
        ("加入实训 R112abcdefghijklmn", chat.joined, Manner.CHANGES),
    ],
)
def test_the_words_lead_there(said: str, answer: object, manner: Manner) -> None:
    route = ROUTER.find(message(said))
    assert route is not None
    assert (route.answer, route.manner) == (answer, manner)


async def test_who_has_none_is_told_how_and_who_joined_finds_the_page(world: Town) -> None:
    member = world.at(world.member)
    assert str(await chat.mine(message("实训"), member)).startswith(chat.NONE_YET)
    made = await rehearsals.open_rehearsal(world.at(world.worker), case="C2")
    code = await rehearsals.join_code(world.at(world.worker), rehearsal_id=made.rehearsal.id)
    said = str(await chat.joined(message(f"加入实训 {code}"), member))
    assert "座位 2 号" in said
    page = f"{world.ctx.settings.public_url}/rehearsals/{made.rehearsal.id}"
    assert page in said
    assert page in str(await chat.mine(message("实训"), member))


async def test_another_branch_is_told_why_not_and_gets_no_seat(world: Town) -> None:
    made = await rehearsals.open_rehearsal(world.at(world.worker), case="C2")
    code = await rehearsals.join_code(world.at(world.worker), rehearsal_id=made.rehearsal.id)
    said = str(await chat.joined(message(code), world.at(world.other_worker)))
    assert "外支部" in said
    assert await RehearsalSeat.all().count() == 1
