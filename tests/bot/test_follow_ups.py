"""Messages that lean on the answer before them, though most questions are answered from memory."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast
from unittest.mock import Mock

import pytest

from bot import questions as callbacks
from bot.messages import parse
from bot.router import Manner, Route, Router, Spoken
from bot.routes import ROUTES
from handlers import knowledge
from handlers.answering.engine import Engine
from handlers.context import Context
from models import Account, App, Entry, Scope
from tests.bot.platform import Platform, text_message
from tests.bot.test_app import open_client
from tests.fakes import Clock
from tests.handlers.town import build

ROUTER = Router(ROUTES)
MEMORY = cast(
    Context,
    SimpleNamespace(engine=knowledge.shipped_engine(), now=lambda: datetime(2026, 11, 20, tzinfo=UTC)),
)
"""All that an answer from memory may look at."""


def is_looked_up(text: str) -> bool:
    """Whether a message is handed on to the line that looks up who asks."""
    route = callbacks.asked(parse(text_message(text).encode()), MEMORY)
    return isinstance(route, Route) and route.manner is Manner.READS


@pytest.fixture
def platform(ctx: Context) -> Platform:
    return Platform(ctx.settings)


@pytest.fixture
async def known(ctx: Context) -> None:
    """The shipped entries."""
    await knowledge.seed(ctx)
    await knowledge.refresh(ctx)


@pytest.mark.parametrize(
    "text",
    [
        "那预备党员呢",
        "如果是村里呢？",
        "要多久",
        "5200",
        "退休的",
        "我是农民",
        "应到30人",
        "三个月",
        "村里的",
        "2021年3月",
    ],
)
def test_what_may_lean_on_the_answer_before_is_looked_up(text: str) -> None:
    assert is_looked_up(text)


@pytest.mark.parametrize(
    "text",
    [
        "党费怎么交",
        "预备期多长时间",
        "组织生活会多久开一次？",
        "入党需要什么条件",
        "那" * 15,
        "谢谢",
        "农民交多少党费？",
        "支委会多久开一次呢？",
    ],
)
def test_other_questions_are_answered_from_memory(text: str) -> None:
    message = parse(text_message(text).encode())
    route = ROUTER.find(message)
    assert route is not None
    assert route.answer is callbacks.asked
    assert isinstance(callbacks.asked(message, MEMORY), Spoken)


@pytest.mark.parametrize("text", ["支部任期几年", "2022年3月换届的，下次什么时候换", "党费基数包括哪些收入"])
def test_what_hangs_on_the_kind_of_unit_is_looked_up(text: str) -> None:
    assert is_looked_up(text)


@pytest.mark.parametrize("text", ["村党支部任期几年", "机关党支部任期几年"])
def test_what_names_the_kind_of_unit_is_answered_from_memory(text: str) -> None:
    assert isinstance(callbacks.asked(parse(text_message(text).encode()), MEMORY), Spoken)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("scope", "said"), [(Scope.VILLAGE, "2027年3月"), (Scope.DEPARTMENT, "2025年3月")])
async def test_the_branch_on_the_roster_decides_in_the_chat(
    ctx: Context, platform: Platform, scope: Scope, said: str
) -> None:
    town = await build(ctx)
    town.branch.scope = scope
    await town.branch.save()
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="oAlice", person=town.member)
    async with open_client(ctx) as client:
        reply = await platform.say(client, text_message("2022年3月换届的，下次什么时候换"))
    assert said in reply
    assert "其他单位" not in reply


@pytest.mark.usefixtures("known")
async def test_who_is_not_known_gets_what_was_found_before_they_were_looked_up(
    ctx: Context, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Mock(wraps=ctx.engine.answer)
    monkeypatch.setattr(Engine, "answer", answer)
    async with open_client(ctx) as client:
        reply = await platform.say(client, text_message("2022年3月换届的，下次什么时候换"))
    assert "其他单位" in reply
    answer.assert_called_once()


@pytest.mark.usefixtures("known")
async def test_what_was_said_of_oneself_before_decides_in_the_chat(
    ctx: Context, platform: Platform, clock: Clock
) -> None:
    async with open_client(ctx) as client:
        unknown = await platform.say(client, text_message("2022年3月换届的，下次什么时候换"))
        told = await platform.say(client, text_message("我们是村里的"))
        again = await platform.say(client, text_message("2021年4月换届的，下次什么时候换"))
        clock.now += timedelta(minutes=11)
        forgotten = await platform.say(client, text_message("2021年4月换届的，下次什么时候换呀"))
    assert "2027年3月" in unknown
    assert "2025年3月" in unknown
    assert "2027年3月" in told
    assert "2025年3月" not in told
    assert "2026年4月" in again
    assert "2024年4月" not in again
    assert "2024年4月" in forgotten


@pytest.mark.usefixtures("known")
async def test_a_number_asked_for_completes_the_calculation(
    ctx: Context, platform: Platform, clock: Clock
) -> None:
    async with open_client(ctx) as client:
        await platform.say(client, text_message("党费怎么算"))
        assert "52元" in await platform.say(client, text_message("养老金5200"))


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("then", ["那可以延长吗", "可以延长吗？"])
async def test_something_else_is_asked_of_what_was_answered(
    ctx: Context, platform: Platform, then: str
) -> None:
    async with open_client(ctx) as client:
        alone = await platform.say(client, text_message(then))
        first = await platform.say(client, text_message("预备期多长时间"))
        second = await platform.say(client, text_message(then))
    assert "延长一次" not in alone
    assert "延长一次" not in first
    assert "延长一次" in second


@pytest.mark.usefixtures("known")
async def test_what_a_question_that_leans_offers_is_chosen_by_its_number(
    ctx: Context, platform: Platform, clock: Clock
) -> None:
    async with open_client(ctx) as client:
        await platform.say(client, text_message("支委会多久开一次"))
        clock.now += timedelta(minutes=9)
        offered = await platform.say(client, text_message("那要多少人到会"))
        clock.now += timedelta(minutes=9)  # Eighteen after what that leant on.
        (number,) = re.findall("([123]) 支委会要几名委员到会才能开", offered)
        chosen = await platform.say(client, text_message(number))
    assert "半数以上委员到会" in chosen


@pytest.mark.usefixtures("known")
async def test_a_short_question_leans_on_the_last_answer_for_ten_minutes(
    ctx: Context, platform: Platform, clock: Clock
) -> None:
    async with open_client(ctx) as client:
        await platform.say(client, text_message("预备期多长时间"))
        leaning = await platform.say(client, text_message("那可以延长吗"))
        await platform.say(client, text_message("党员徽章戴在哪边"))
        clock.now += timedelta(minutes=11)
        alone = await platform.say(client, text_message("那可以延长吗"))
    assert "预备期" in leaning
    assert leaning != alone
    assert await Entry.exists(code="probation-extend")
