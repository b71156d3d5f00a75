"""The callback sender keeps WeChat's rules: seals, deadlines, re-sends, and what it thinks of answers."""

import asyncio

import pytest

from settings import MessageMode
from simulator.inbound import FAILURE_TEXT
from tests.simulator.conftest import MEMBER, MEMBER_MP, Start, Wire
from tests.simulator.product import Product, text_reply

STRANGER_TO_THE_ACCOUNT = "oDemo-not-following-00000001"


async def echo(message: dict[str, str]) -> str:
    return text_reply(message, f"收到：{message.get('Content', message.get('EventKey', ''))}")


@pytest.mark.parametrize("mode", list(MessageMode))
async def test_a_text_is_delivered_and_the_reply_shown_in_every_mode(wire: Wire, product: Product) -> None:
    product.answer = echo
    replies = await wire.say("支部书记换届 😀 <b>")
    assert [(r["channel"], r["content"]) for r in replies] == [("reply", "收到：支部书记换届 😀 <b>")]
    message = product.received[0]
    assert message["MsgType"] == "text"
    assert message["FromUserName"] == MEMBER == product.queries[0]["openid"]
    assert message["MsgId"].isdigit()


async def test_the_console_verifies_the_address(wire: Wire) -> None:
    assert await wire.control("POST", "/control/verify") == {"ok": True}


async def test_a_slow_product_gets_the_same_message_three_times_and_the_person_the_failure_text(
    wire: Wire, product: Product
) -> None:
    async def never(message: dict[str, str]) -> str:
        await asyncio.Event().wait()
        return ""

    product.answer = never
    replies = await wire.say("本周课程")
    assert [(r["channel"], r["content"]) for r in replies] == [("system", FAILURE_TEXT)]
    assert len(product.received) == 3
    assert len({(m["MsgId"], m["CreateTime"]) for m in product.received}) == 1
    assert len({query["nonce"] for query in product.queries}) == 3


async def test_the_answer_to_a_resend_is_shown_once(wire: Wire, product: Product) -> None:
    async def second_time(message: dict[str, str]) -> str:
        if len(product.received) == 1:
            await asyncio.Event().wait()
        return await echo(message)

    product.answer = second_time
    assert [r["content"] for r in await wire.say("你好")] == ["收到：你好"]
    assert len(product.received) == 2


@pytest.mark.parametrize("raw", [b"", b"success"])
async def test_silence_is_accepted(wire: Wire, product: Product, raw: bytes) -> None:
    product.raw = raw
    assert await wire.say("你好") == []


@pytest.mark.parametrize(
    "reply",
    [
        "<xml><broken>",
        '{"MsgType":"text"}',
        text_reply({"FromUserName": "oSomebodyElse", "ToUserName": "gh_x"}, "错了人"),
    ],
)
@pytest.mark.parametrize("mode", [MessageMode.PLAIN])
async def test_a_bad_answer_shows_the_failure_text_without_a_resend(
    wire: Wire, product: Product, reply: str
) -> None:
    product.raw = reply.encode()
    assert [r["content"] for r in await wire.say("你好")] == [FAILURE_TEXT]
    assert len(product.received) == 1


@pytest.mark.parametrize(("length", "shown"), [(2048, "a" * 2048), (2049, FAILURE_TEXT)])
async def test_a_text_reply_ends_at_2048_bytes(wire: Wire, product: Product, length: int, shown: str) -> None:
    async def long(message: dict[str, str]) -> str:
        return text_reply(message, "a" * length)

    product.answer = long
    assert [r["content"] for r in await wire.say("长")] == [shown]


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ("<MsgType><![CDATA[text]]>", "<MsgType><![CDATA[hologram]]>"),
        ("<CreateTime>1767945600", "<CreateTime>yesterday"),
        ("<ToUserName><![CDATA[o", "<ToUserName><![CDATA[x"),
        ("<xml>", '<!DOCTYPE xml [<!ENTITY a "b">]><xml>'),
    ],
)
async def test_a_sealed_answer_is_checked_as_well(wire: Wire, product: Product, change: str, to: str) -> None:
    async def changed(message: dict[str, str]) -> str:
        good = text_reply(message, "好")
        assert change in good
        return good.replace(change, to)

    product.answer = changed
    assert [r["content"] for r in await wire.say("你好")] == [FAILURE_TEXT]


async def test_a_clear_answer_is_refused_in_safe_mode(wire: Wire, product: Product) -> None:
    product.raw = text_reply({"FromUserName": MEMBER, "ToUserName": "gh_x"}, "没有加密").encode()
    assert [r["content"] for r in await wire.say("你好")] == [FAILURE_TEXT]
    shown = await wire.control("GET", "/control/callbacks")
    assert shown["last_failure"] == "安全模式下的回复没有加密"


async def test_an_answer_with_another_status_is_a_failure(wire: Wire, product: Product) -> None:
    product.raw, product.status = b"success", 500
    assert [r["content"] for r in await wire.say("你好")] == [FAILURE_TEXT]


async def test_two_articles_answer_an_event_but_not_a_message(wire: Wire, product: Product) -> None:
    async def two(message: dict[str, str]) -> str:
        item = "<item><Title>t</Title><Description>d</Description><PicUrl></PicUrl><Url>http://x</Url></item>"
        text = text_reply(message, "x").replace("[text]", "[news]")
        articles = f"<ArticleCount>2</ArticleCount><Articles>{item * 2}</Articles></xml>"
        return text.replace("</xml>", articles)

    product.answer = two
    assert [r["content"] for r in await wire.say("图文")] == [FAILURE_TEXT]
    tapped = await wire.control("POST", "/control/tap", openid=MEMBER, key="LESSONS")
    assert [len(r["body"]["articles"]) for r in tapped["replies"]] == [2]


async def test_two_taps_of_one_person_never_look_like_one_event(wire: Wire, product: Product) -> None:
    for _ in range(3):
        await wire.control("POST", "/control/tap", openid=MEMBER, key="K")
    assert len({m["CreateTime"] for m in product.received}) == 3
    assert {m["Event"] for m in product.received} == {"CLICK"}


async def test_following_and_leaving_are_reported_and_leaving_is_silent(wire: Wire, product: Product) -> None:
    product.answer = echo
    await wire.control("POST", "/phone/unfollow", openid=MEMBER)
    await wire.control("POST", "/phone/follow", openid=MEMBER)
    assert [m["Event"] for m in product.received] == ["unsubscribe", "subscribe"]
    assert [m["channel"] for m in await wire.sent()] == ["reply"]


async def test_who_does_not_follow_cannot_write(wire: Wire, product: Product) -> None:
    answer = await wire.control(
        "POST", "/control/say", status=409, openid=STRANGER_TO_THE_ACCOUNT, text="在吗"
    )
    assert answer["code"] == "not_following"
    assert "关注" in answer["detail"]
    assert product.received == []


async def test_callbacks_are_duplicated_on_demand_and_different_answers_are_counted(
    wire: Wire, product: Product
) -> None:
    async def never_the_same(message: dict[str, str]) -> str:
        return text_reply(message, f"第 {len(product.received)} 次")

    await wire.control("POST", "/control/faults", duplicate_callbacks=1)
    product.answer = echo
    assert len(await wire.say("一")) == 1
    assert len(product.received) == 2
    product.answer = never_the_same
    await wire.say("二")
    record = await wire.control("GET", "/control/callbacks")
    assert (record["duplicates"], record["different_answers"]) == (2, 1)


async def test_callbacks_arrive_out_of_turn_on_demand(wire: Wire, product: Product) -> None:
    product.answer = echo
    await wire.control("POST", "/control/faults", reorder_callbacks=1, seed=7)
    await asyncio.gather(*(wire.say(str(n)) for n in range(8)))
    arrived = [int(m["Content"]) for m in product.received]
    assert sorted(arrived) == list(range(8))
    assert arrived != sorted(arrived)


async def test_a_moved_platform_clock_does_not_age_the_callbacks(wire: Wire, product: Product) -> None:
    before = int(product.settings.callback_max_age)
    await wire.control("POST", "/control/clock", now="2027-02-01T09:00:00+08:00")
    await wire.say("还在吗")
    now = await wire.control("GET", "/control/clock")
    assert now["now"].startswith("2027-02-01")
    assert abs(int(product.queries[0]["timestamp"]) - 1795140000) < before


async def test_events_of_the_mini_program_bear_its_own_identity(wire: Wire, product: Product) -> None:
    await wire.control(
        "POST",
        "/phone/subscribe-message",
        openid=MEMBER,
        template_ids=[product.settings.lesson_template_id],
        choice="accept",
    )
    (event,) = await product.until(1, event="subscribe_msg_popup_event")
    assert event["FromUserName"] == MEMBER_MP
    assert "accept" in event["SubscribeMsgPopupEvent"]


async def test_an_answer_that_cannot_be_delivered_is_not_an_error_of_the_simulator(
    start: Start, product: Product
) -> None:
    nowhere = product.settings.model_copy(update={"public_url": "http://127.0.0.1:9"})
    wire = await start(settings=nowhere)
    assert [r["content"] for r in await wire.say("有人吗")] == [FAILURE_TEXT]
