"""After an answer in the chat: 原文, 有用, 没用."""

from datetime import timedelta

import pytest

from bot import texts
from bot.questions import OBJECTION
from handlers import knowledge, questions, regulations
from handlers.context import Context
from models import Entry, Question
from tests.bot.platform import Platform, text_message
from tests.bot.test_app import open_client
from tests.fakes import Clock

RULE = "中国共产党支部工作条例（试行）\n（2018年10月28日发布）\n第十一条 虚构的第十一条。"
ASKED = "党员大会多长时间召开一次"


@pytest.fixture
def platform(ctx: Context) -> Platform:
    return Platform(ctx.settings)


@pytest.fixture
async def known(ctx: Context) -> None:
    """One entry whose rule was imported."""
    await Entry.create(
        code="k-one",
        topic="组织生活",
        question="支部党员大会多长时间召开一次？",
        askings=[ASKED],
        answer="一般每季度召开1次。",
        citations=[{"rule": "支部条例", "article": "第十一条"}],
    )
    await regulations.import_text(ctx, text=RULE)
    await knowledge.refresh(ctx)


@pytest.mark.usefixtures("known")
async def test_the_rule_behind_an_answer_is_given_word_for_word(ctx: Context, platform: Platform) -> None:
    async with open_client(ctx) as client:
        assert "原文" in await platform.say(client, text_message(ASKED))
        said = await platform.say(client, text_message("原文"))
    assert "第十一条　虚构的第十一条。" in said
    assert "2018-10-28，现行" in said


async def test_without_an_answer_there_is_nothing_to_quote_or_rate(ctx: Context, platform: Platform) -> None:
    async with open_client(ctx) as client:
        assert await platform.say(client, text_message("原文")) == questions.NOTHING_TO_QUOTE
        assert await platform.say(client, text_message("没用", openid="oBob")) == texts.NOTHING_TO_RATE


@pytest.mark.usefixtures("known")
async def test_what_was_of_no_use_waits_for_a_person_in_the_askers_own_words(
    ctx: Context, platform: Platform
) -> None:
    async with open_client(ctx) as client:
        for text in (ASKED, "原文"):
            await platform.say(client, text_message(text))
        assert await platform.say(client, text_message("没用")) == texts.USELESS
        assert [row.text for row in await Question.filter(useful=False)] == [ASKED]
        assert await platform.say(client, text_message("有用")) == texts.USEFUL
    assert [row.text for row in await Question.filter(useful=True)] == [ASKED]


@pytest.mark.usefixtures("known")
async def test_nobody_rates_what_another_asked(ctx: Context, platform: Platform) -> None:
    async with open_client(ctx) as client:
        await platform.say(client, text_message(ASKED))
        assert await platform.say(client, text_message("没用", openid="oBob")) == texts.NOTHING_TO_RATE
    assert (await Question.get()).useful is None


@pytest.mark.usefixtures("known")
async def test_an_old_answer_is_rated_no_more(ctx: Context, platform: Platform, clock: Clock) -> None:
    async with open_client(ctx) as client:
        await platform.say(client, text_message(ASKED))
        clock.now += timedelta(days=2)
        assert await platform.say(client, text_message("没用")) == texts.NOTHING_TO_RATE


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "said", ["没用", "答得不对", "你答错了", "这个回答不对吧！", "答非所问", "不是我问的"]
)
async def test_an_objection_to_an_answer_brings_a_person(ctx: Context, platform: Platform, said: str) -> None:
    async with open_client(ctx) as client:
        await platform.say(client, text_message(ASKED))
        assert await platform.say(client, text_message(said)) == texts.USELESS
    assert [row.text for row in await Question.filter(useful=False)] == [ASKED]


@pytest.mark.parametrize(
    "said", ["选票填得不对怎么办", "党费交错了", "应到人数算错了怎么办", "党员没用处怎么处置"]
)
def test_a_question_that_something_is_wrong_is_no_objection(said: str) -> None:
    assert OBJECTION.match(said) is None
