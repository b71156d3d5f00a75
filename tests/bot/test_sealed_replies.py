"""What only its reader should find stands sealed in the ledger, and a re-send still gets the same bytes."""

import pytest
from pydantic import SecretStr

from bot import sealed_replies
from bot.desk import open_desk
from bot.messages import parse
from bot.router import Router
from bot.routes import ROUTES
from handlers.callbacks import open_ledger
from handlers.context import Context
from models import Callback, Complaint
from tests.bot.platform import text_message
from tests.bot.test_desk import reply

ONE, OTHER = SecretStr("one" * 12), SecretStr("other" * 12)


@pytest.mark.parametrize("body", ["", "<xml>查询号 ABC</xml>", '{"a": 1}'])
def test_a_reply_comes_out_as_it_went_in(body: str) -> None:
    sealed = sealed_replies.seal(ONE, body)
    assert sealed_replies.opened(ONE, sealed) == body
    assert "ABC" not in sealed
    assert sealed_replies.opened(ONE, body) == body, "what was kept in clear is what it is"


def test_what_cannot_be_opened_is_silence() -> None:
    for stored in (sealed_replies.seal(OTHER, "<xml>x</xml>"), "sealed:!", "sealed:AAAA"):
        assert sealed_replies.opened(ONE, stored) == ""


async def test_the_ledger_holds_no_lookup_code_and_a_resend_gets_it_again(ctx: Context) -> None:
    message = parse(text_message("意见 路灯不亮").encode())
    async with open_ledger(ctx) as ledger, open_desk(ctx, ledger, Router(ROUTES)) as desk:
        told = await reply(desk, message)
        lookup = (await Complaint.get()).lookup
        assert lookup in told
        kept = (await Callback.get()).reply or ""
        assert kept.startswith(sealed_replies.MARK)
        assert lookup not in kept
        assert await reply(desk, message) == told
    async with open_ledger(ctx) as ledger, open_desk(ctx, ledger, Router(ROUTES)) as desk:
        assert await reply(desk, message) == told, "another process, after a restart"
    assert await Complaint.all().count() == 1
