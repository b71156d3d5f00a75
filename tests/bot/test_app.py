"""The callback URL as WeChat and others meet it: the real app over real sockets."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import menu, texts
from bot.app import BODY_LIMIT, setup
from bot.door_runner import DoorRunner
from handlers import knowledge
from handlers.context import Context
from models import Account, AuditEntry, Callback, Question
from settings import MessageMode
from tests.bot.platform import PATH, Platform, event, message_xml, signature, text_message

Client = TestClient[web.Request, web.Application]
ClientFactory = Callable[..., Coroutine[Any, Any, Client]]


class DoorServer(TestServer):
    """A test server that is run as the product runs it."""

    async def _make_runner(self, **kwargs: Any) -> DoorRunner:
        return DoorRunner(self.app, **kwargs)


@pytest.fixture
async def client(ctx: Context) -> AsyncIterator[Client]:
    async with open_client(ctx) as opened:
        yield opened


def open_client(ctx: Context) -> Client:
    app = web.Application()
    setup(app, ctx)
    return TestClient(DoorServer(app))


def in_mode(ctx: Context, mode: MessageMode) -> Context:
    settings = ctx.settings.model_copy(update={"oa_message_mode": mode})
    return Context(settings, ctx.redis, ctx.wechat, ctx.now)


@pytest.fixture
def platform(ctx: Context) -> Platform:
    return Platform(ctx.settings)


async def state() -> tuple[int, ...]:
    """What a refused request must leave as it was."""
    return tuple([await model.all().count() for model in (Account, AuditEntry, Callback, Question)])


async def test_the_console_can_verify_the_url(client: Client, platform: Platform) -> None:
    good = {
        "timestamp": "1",
        "nonce": "2",
        "echostr": "4375120948345356249",
        "signature": signature(platform.token, "1", "2"),
    }
    async with client.get(PATH, params=good) as response:
        assert (response.status, await response.read()) == (200, b"4375120948345356249")
    async with client.get(PATH, params=good | {"nonce": "3"}) as response:
        assert response.status == 403


async def test_a_question_gets_an_answer_with_its_rule(
    ctx: Context, client: Client, platform: Platform
) -> None:
    await knowledge.seed(ctx)
    await knowledge.refresh(ctx)
    said = await platform.say(client, text_message("预备党员的预备期多长时间"))
    assert "1年" in said
    assert "《" in said


@pytest.mark.parametrize("mode", list(MessageMode))
async def test_every_mode_is_answered_in_its_own_way(
    ctx: Context, platform: Platform, mode: MessageMode
) -> None:
    async with open_client(in_mode(ctx, mode)) as client:
        assert await platform.say(client, text_message("帮助")) == texts.HELP
        if mode is not MessageMode.SAFE:
            path, body = platform.plain(text_message("帮助"))
            async with client.post(path, data=body.encode()) as response:
                assert texts.HELP in await response.text()


async def test_a_resend_with_a_new_nonce_gets_the_same_bytes_inside(
    client: Client, platform: Platform
) -> None:
    message = text_message("帮助")
    replies = []
    for _ in range(3):
        path, body = platform.safe(message)
        async with client.post(path, data=body.encode()) as response:
            replies.append(platform.read(await response.read()))
    assert replies[0] == replies[1] == replies[2]


EVERY_KIND = [
    message_xml(openid="oA", MsgType="image", PicUrl="http://x/0", MediaId="M", MsgId="1"),
    message_xml(openid="oA", MsgType="voice", MediaId="M", Format="amr", MsgId="2"),
    message_xml(openid="oA", MsgType="video", MediaId="M", ThumbMediaId="T", MsgId="3"),
    message_xml(openid="oA", MsgType="shortvideo", MediaId="M", ThumbMediaId="T", MsgId="4"),
    message_xml(
        openid="oA",
        MsgType="location",
        Location_X="36.64",
        Location_Y="117.96",
        Scale="20",
        Label="路",
        MsgId="5",
    ),
    message_xml(openid="oA", MsgType="location", Location_X="", Location_Y="x", MsgId="6"),
    message_xml(openid="oA", MsgType="link", Title="t", Description="d", Url="https://x", MsgId="7"),
    message_xml(openid="oA", MsgType="file", Title="t", FileKey="k", MsgId="8"),
    message_xml(openid="oA", MsgType="miniprogrampage", Title="t", AppId="wx", PagePath="p", MsgId="9"),
    message_xml(openid="oA", MsgType="brand_new_type", Whatever="x", MsgId="10"),
    message_xml(openid="oA", MsgType="TEXT", Content="帮助", MsgId="11"),
    message_xml(openid="oA", MsgType="text", Content="", MsgId="12"),
    message_xml(openid="oA", MsgType="text", Content="😀\x00\x0b[微笑]", MsgId="13"),
    message_xml(openid="oA", MsgType="text", Content="没有编号"),
    message_xml(openid="", MsgType="text", Content="没有发件人", MsgId="14"),
    event("subscribe"),
    event("subscribe", EventKey=""),
    event("subscribe", EventKey="last_trade_no_400"),
    event("subscribe", EventKey="qrscene_unknown"),
    event("unsubscribe", EventKey=""),
    event("SCAN", EventKey="S01", Ticket="gQ"),
    event("LOCATION", Latitude="36.6", Longitude="117.9", Precision="100"),
    event("CLICK", EventKey=menu.NEAR),
    event("CLICK", EventKey="A_KEY_OF_AN_OLD_MENU"),
    event("VIEW", EventKey="https://x", MenuId="4"),
    event("view_miniprogram", EventKey="pages/index"),
    event("TEMPLATESENDJOBFINISH", MsgID="2", Status="success"),
    event("MASSSENDJOBFINISH", MsgID="3", Status="send success", TotalCount="5", FilterCount="4"),
    event("MASSSENDJOBFINISH", MsgID="4", Status="err(10001)"),
    event("subscribe_msg_popup_event"),
    event("subscribe_msg_change_event", SubscribeMsgChangeEvent="odd"),
    event("user_authorization_revoke", OpenID="oReal", AppID="wx", RevokeInfo="205"),
    event("kf_create_session", KfAccount="kf1@x"),
    event("brand_new_event"),
    message_xml(openid="oA", MsgType="event"),
    "<xml><action>CheckContainerPath</action></xml>",
    "<xml><AppId>wx</AppId><InfoType>component_verify_ticket</InfoType></xml>",
    json.dumps(
        {
            "FromUserName": "oA",
            "ToUserName": "g",
            "CreateTime": 1,
            "MsgType": "text",
            "Content": "帮助",
            "MsgId": 5,
        }
    ),
    json.dumps(
        {
            "FromUserName": "oA",
            "ToUserName": "g",
            "CreateTime": 1,
            "MsgType": "event",
            "Event": "wxa_media_check",
        }
    ),
]


@pytest.mark.parametrize("clear", EVERY_KIND)
async def test_every_kind_is_answered_or_passed_over_without_harm(
    client: Client, platform: Platform, clear: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, body = platform.safe(clear)
    async with client.post(path, data=body.encode()) as response:
        assert response.status == 200
    assert "Traceback" not in caplog.text


async def test_after_leaving_nothing_of_the_follower_is_kept(client: Client, platform: Platform) -> None:
    await platform.say(client, event("subscribe"))
    await platform.say(client, text_message("党费怎么交"))
    assert await Account.all().count() == 1
    assert await platform.say(client, event("unsubscribe")) == ""
    assert await Account.all().count() == 0


def refused(name: str, path: str, body: bytes, **headers: str) -> Any:
    return pytest.param(path, body, headers, id=name)


SIGNED = Platform
HUGE = b"<xml>" + b"a" * BODY_LIMIT + b"</xml>"


@pytest.mark.parametrize(
    "spoil",
    [
        "oversized",
        "oversized_in_pieces",
        "broken_xml",
        "entities",
        "content_type",
        "signature",
        "no_query",
        "app_id",
        "future",
        "ancient",
        "not_utf8",
        "odd_query",
        "empty",
    ],
)
async def test_bad_input_is_refused_quickly_and_changes_nothing(
    client: Client, platform: Platform, spoil: str
) -> None:
    path, body = platform.safe(text_message("帮助"))
    data: Any = body.encode()
    headers = {"Content-Type": "text/xml"}
    match spoil:
        case "oversized":
            data = HUGE
        case "oversized_in_pieces":
            data = pieces(HUGE)
        case "broken_xml":
            data = data[:-20]
        case "entities":
            data = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Encrypt>&a;</Encrypt></xml>'
        case "content_type":
            headers["Content-Type"] = "multipart/form-data; boundary=x"
        case "signature":
            path = path[:-40] + "0" * 40
        case "no_query":
            path = PATH
        case "app_id":
            path, body = platform.safe(text_message("帮助"), app_id="wxSomebodyElse00")
            data = body.encode()
        case "future" | "ancient":
            seconds = 10**6 if spoil == "future" else -(10**6)
            path, body = platform.safe(text_message("帮助"), timestamp=int(time.time()) + seconds)
            data = body.encode()
        case "not_utf8":
            data = b"\xff\xfe\x00<\x00x"
        case "odd_query":
            path = f"{PATH}?signature=%FF&timestamp=%E4&nonce&&&=&msg_signature=+"
        case "empty":
            data = b""
    before = await state()
    started = asyncio.get_running_loop().time()
    async with client.post(path, data=data, headers=headers) as response:
        assert 400 <= response.status < 500
        assert await response.read() == b""
    assert asyncio.get_running_loop().time() - started < 2
    assert await state() == before
    assert await platform.say(client, text_message("帮助")) == texts.HELP  # Unharmed.


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 1000):
        yield data[at : at + 1000]


async def test_a_body_that_never_comes_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.app.BODY_TIMEOUT", 0.05)
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<xml>".encode())
    status = await asyncio.wait_for(reader.readline(), 5)
    assert b" 408 " in status
    writer.close()


async def test_a_body_that_came_while_the_process_was_held_up_is_read(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.BODY_TIMEOUT", 0.05)
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf ".encode())
    await asyncio.sleep(0.02)
    writer.write(b"other")
    until = asyncio.get_running_loop().time() + 0.1
    while asyncio.get_running_loop().time() < until:
        pass  # As when the machine has no time for this process.
    status = await asyncio.wait_for(reader.readline(), 5)
    assert b" 403 " in status  # Read, and not signed.
    writer.close()


async def test_a_replayed_request_changes_nothing(client: Client, platform: Platform) -> None:
    path, body = platform.safe(text_message("党费怎么交"))
    replies = []
    for _ in range(2):
        async with client.post(path, data=body.encode()) as response:
            replies.append(platform.read(await response.read())["Content"])
    assert replies[0] == replies[1]
    assert await Question.all().count() == 1


async def test_a_signature_seen_in_plain_mode_cannot_be_put_on_another_message(
    ctx: Context, platform: Platform
) -> None:
    async with open_client(in_mode(ctx, MessageMode.PLAIN)) as client:
        path, body = platform.plain(text_message("帮助"))
        for _ in range(2):  # A re-send may come under the same signature.
            async with client.post(path, data=body.encode()) as response:
                assert texts.HELP in await response.text()
        before = await state()
        async with client.post(path, data=text_message("意见 伪造的").encode()) as response:
            assert response.status == 403
        assert await state() == before


async def test_other_paths_take_the_usual_way(client: Client) -> None:
    async with client.post("/elsewhere") as response:
        assert response.status == 404
    async with client.put(PATH) as response:
        assert response.status == 405
