"""What only its reader should find stands sealed in the ledgers, and a re-send still gets the same bytes."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr

from bot import complaints
from bot.desk import open_desk
from bot.messages import Message, parse
from bot.replies import Reply
from bot.router import Manner, Route, Router
from bot.routes import ROUTES, TEXT
from handlers import holdings, notices, retention, sealed_texts
from handlers.callbacks import open_ledger
from handlers.context import Caller, Context
from models import Account, Callback, Complaint, Notice
from tests.bot.platform import text_message
from tests.bot.test_desk import quick, reply
from tests.fakes import Clock, FakeWeChat

ONE, OTHER = SecretStr("one" * 12), SecretStr("other" * 12)


@pytest.mark.parametrize("body", ["", "<xml>查询号 ABC</xml>", '{"a": 1}'])
def test_a_reply_comes_out_as_it_went_in(body: str) -> None:
    sealed = sealed_texts.seal(ONE, body)
    assert sealed_texts.opened([ONE], sealed) == body
    assert "ABC" not in sealed
    assert sealed_texts.opened([ONE], body) == body, "what was kept in clear is what it is"


def test_what_cannot_be_opened_is_silence() -> None:
    for stored in (sealed_texts.seal(OTHER, "<xml>x</xml>"), "sealed:!", "sealed:AAAA"):
        assert sealed_texts.opened([ONE], stored) == ""


async def test_the_ledger_holds_no_lookup_code_and_a_resend_gets_it_again(ctx: Context) -> None:
    message = parse(text_message("意见 路灯不亮").encode())
    async with open_ledger(ctx) as ledger, open_desk(ctx, ledger, Router(ROUTES)) as desk:
        told = await reply(desk, message)
        lookup = (await Complaint.get()).lookup
        assert lookup in told
        kept = (await Callback.get()).reply or ""
        assert kept.startswith(sealed_texts.MARK)
        assert lookup not in kept
        assert await reply(desk, message) == told
    async with open_ledger(ctx) as ledger, open_desk(ctx, ledger, Router(ROUTES)) as desk:
        assert await reply(desk, message) == told, "another process, after a restart"
    assert await Complaint.all().count() == 1


async def late(ctx: Context, content: str) -> None:
    """Somebody writes, and the answer takes longer than WeChat waits."""
    go_on = asyncio.Event()

    async def slow(message: Message, ctx: Context) -> Reply:
        await go_on.wait()
        return await complaints.complained(message, ctx)

    router = Router([Route(TEXT, slow, Manner.STEPS, private=True)])
    async with open_ledger(ctx) as ledger, open_desk(quick(ctx), ledger, router) as desk:
        assert await reply(desk, parse(text_message(content).encode())) == ""
        go_on.set()
        await desk.finish()


async def test_a_late_reply_waits_sealed_and_goes_out_in_clear(ctx: Context, wechat: FakeWeChat) -> None:
    await late(ctx, "匿名意见 路灯不亮")
    lookup, notice = (await Complaint.get()).lookup, await Notice.get()
    assert lookup not in notice.content
    assert notice.content.startswith(sealed_texts.MARK)
    assert await notices.send_due(ctx) == 1
    [(_, openid, text)] = wechat.sent
    assert (openid, lookup in text) == (notice.openid, True)
    assert lookup not in (await Notice.get()).content, "nor once it was sent"


async def test_a_late_reply_is_shown_to_its_reader_and_forgotten_with_the_reply_it_stood_for(
    ctx: Context, clock: Clock
) -> None:
    await late(ctx, "意见 路灯不亮")
    account = await Account.get()
    told = await holdings.export_mine(ctx.on_behalf_of(Caller(account)))
    assert (await Complaint.get()).lookup in str(told["消息"])
    assert "sealed:" not in str(told)
    await notices.enqueue(ctx, openid=account.openid, text="别的消息", dedupe_key="other")
    await notices.send_due(ctx)
    clock.now += retention.CALLBACKS_KEPT + timedelta(minutes=1)
    await retention.forget_old(ctx)
    assert [one.content for one in await Notice.all()] == ["别的消息"]


async def test_what_another_secret_sealed_is_not_sent_as_it_stands(ctx: Context, wechat: FakeWeChat) -> None:
    text = sealed_texts.seal(OTHER, "查询号 ABC")
    await notices.enqueue(ctx, openid="o1", text=text, dedupe_key="late:1")
    assert await notices.send_due(ctx) == 0
    assert ((await Notice.get()).status, wechat.sent) == (notices.FAILED, [])
