"""The phone page's door, and what a restart keeps."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from tests.simulator.conftest import MEMBER, MEMBER_MP, Start, Wire
from tests.simulator.product import Product, text_reply

LESSON = "demo-template-lesson"


async def reply(message: dict[str, str]) -> str:
    return text_reply(message, "好的")


async def test_the_page_and_its_files_are_served(wire: Wire) -> None:
    async with wire.client.get("/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
    async with wire.client.get("/phone/static/../app.py") as response:
        assert "create_app" not in await response.text()


async def test_a_conversation_is_kept_in_order_with_ids_that_rise(wire: Wire, product: Product) -> None:
    product.answer = reply
    await wire.say("一")
    await wire.say("二")
    messages = (await wire.control("GET", f"/phone/history?openid={MEMBER}"))["messages"]
    told = [(m["from"], m["channel"], m["type"], m["content"]["text"]) for m in messages]
    assert told == [
        ("user", "say", "text", "一"),
        ("account", "reply", "text", "好的"),
        ("user", "say", "text", "二"),
        ("account", "reply", "text", "好的"),
    ]
    ids = [m["id"] for m in messages]
    assert ids == sorted(set(ids))
    assert all(m["at"].endswith("+08:00") for m in messages)


async def test_messages_arrive_live_and_missed_ones_after_a_broken_line(wire: Wire, product: Product) -> None:
    product.answer = reply
    await wire.say("早")
    async with wire.client.get("/phone/events", params={"openid": MEMBER}) as stream:
        await wire.say("中")
        assert [m["content"]["text"] for m in await read(stream, 2)] == ["中", "好的"]
    first = (await wire.control("GET", f"/phone/history?openid={MEMBER}"))["messages"][0]["id"]
    headers = {"Last-Event-ID": str(first)}
    async with wire.client.get("/phone/events", params={"openid": MEMBER}, headers=headers) as stream:
        assert [m["content"]["text"] for m in await read(stream, 3)] == ["好的", "中", "好的"]


async def read(stream: aiohttp.ClientResponse, count: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    while len(found) < count:
        line = await stream.content.readline()
        assert line, "The stream ended."
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
    return found


async def test_pushes_during_a_call_are_among_its_replies(wire: Wire, product: Product) -> None:
    async def push_too(message: dict[str, str]) -> str:
        body = {"touser": MEMBER, "msgtype": "text", "text": {"content": "还有一条"}}
        assert await wire.code("/cgi-bin/message/custom/send", **body) == 0
        return text_reply(message, "第一条")

    product.answer = push_too
    replies = await wire.say("你好")
    assert [(r["channel"], r["content"]) for r in replies] == [
        ("customer_service", "还有一条"),
        ("reply", "第一条"),
    ]


async def test_waiting_catches_an_answer_that_comes_later(wire: Wire, product: Product) -> None:
    async def late() -> None:
        await product.until(1)
        body = {"touser": MEMBER, "msgtype": "text", "text": {"content": "想好了"}}
        await wire.code("/cgi-bin/message/custom/send", **body)

    pushing = asyncio.create_task(late())
    replies = await wire.say("难题", wait=5)
    await pushing
    assert [r["content"] for r in replies] == ["想好了"]


async def test_requests_of_the_mini_program_go_to_the_product_only(wire: Wire, product: Product) -> None:
    request = {"openid": MEMBER, "method": "GET", "path": "/api/v1/nothing"}
    headers = {"Authorization": "Bearer t", "Cookie": "secret", "Host": "elsewhere"}
    answer = await wire.control("POST", "/phone/request", **request, headers=headers)
    assert (answer["status"], answer["body"]) == (404, {"detail": "没有"})
    seen = product.requests[0][2]
    assert seen["Authorization"] == "Bearer t"
    assert "Cookie" not in seen
    for path in ("//elsewhere/x", "http://elsewhere/x", "\\\\elsewhere"):
        await wire.control("POST", "/phone/request", status=400, openid=MEMBER, path=path)
    assert len(product.requests) == 1


async def test_a_member_code_is_scanned_by_our_mini_program(wire: Wire, product: Product) -> None:
    answer = await wire.control("POST", "/control/scan", openid=MEMBER, code="M1abc")
    assert answer["replies"][0]["channel"] == "mini_program"
    assert answer["replies"][0]["content"] == "签到成功"
    login, check_in = product.requests
    assert login[1] == "/api/v1/session"
    assert json.loads(login[3])["code"]
    assert (check_in[1], check_in[2]["Authorization"]) == ("/api/v1/check-ins", "Bearer t-1")
    assert json.loads(check_in[3])["code"] == "M1abc"


async def test_a_mini_program_code_is_told_from_a_poster_with_the_same_scene(
    wire: Wire, product: Product
) -> None:
    scene = "P1S10abcdefghijklmn"
    info = {"scene": {"scene_str": scene}}
    await wire.api("/cgi-bin/qrcode/create", action_name="QR_LIMIT_STR_SCENE", action_info=info)
    token = (await wire.token("mp"))["access_token"]
    body = {"scene": scene, "page": "pages/check-in"}
    async with wire.client.post(f"/wxa/getwxacodeunlimit?access_token={token}", json=body) as response:
        assert response.content_type == "image/png"
    for code in await wire.control("GET", "/phone/codes"):
        await wire.control("POST", "/control/scan", openid=MEMBER, code=code["content"])
    assert [m["Event"] for m in product.received] == ["SCAN"]
    assert json.loads(product.requests[-1][3])["code"] == scene


@pytest.mark.parametrize(("ids", "code"), [(["unknown"], "20001"), ([], "20003"), ([LESSON] * 6, "20003")])
async def test_a_pop_up_that_cannot_be_shown_says_why(wire: Wire, ids: list[str], code: str) -> None:
    answer = await wire.control(
        "POST", "/phone/subscribe-message", status=400, openid=MEMBER, template_ids=ids, choice="accept"
    )
    assert answer["code"] == code


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/control/say", {"openid": "nobody", "text": "x"}, 404),
        ("/control/say", {"openid": MEMBER}, 400),
        ("/control/say", {"openid": MEMBER, "text": ""}, 400),
        ("/control/scan", {"openid": MEMBER, "code": ""}, 400),
        ("/control/clock", {"now": "noon"}, 400),
        ("/control/clock", {"now": "2026-11-20T15:00:00"}, 400),
        ("/control/followers", {"count": 0}, 400),
        ("/phone/subscribe-message", {"openid": MEMBER, "template_ids": [], "choice": "maybe"}, 400),
    ],
)
async def test_a_bad_request_is_answered_in_chinese(
    wire: Wire, path: str, body: dict[str, object], status: int
) -> None:
    answer = await wire.control("POST", path, status=status, **body)
    assert any("\u4e00" <= character <= "\u9fff" for character in answer["detail"])


async def test_a_restart_keeps_everything(start: Start, product: Product, tmp_path: Path) -> None:
    product.answer, state = reply, tmp_path / "simulator.json"
    first = await start(state)
    await first.control("POST", "/control/followers", status=201, count=3)
    await first.say("你好")
    await first.control(
        "POST", "/phone/subscribe-message", openid=MEMBER, template_ids=[LESSON], choice="accept"
    )
    wish = {"touser": [MEMBER, "oDemo-member-shequ-000000002"], "msgtype": "text", "text": {"content": "课"}}
    sent = await first.api("/cgi-bin/message/mass/send", **wish, clientmsgid="c")
    menu = [{"type": "click", "name": "课程", "key": "K"}]
    await first.api("/cgi-bin/menu/create", button=menu)
    info = {"scene": {"scene_str": "P1S10abcdefghijklmn"}}
    await first.api("/cgi-bin/qrcode/create", action_name="QR_LIMIT_STR_SCENE", action_info=info)
    tag = (await first.api("/cgi-bin/tags/create", tag={"name": "学员"}))["tag"]["id"]
    await first.api("/cgi-bin/tags/members/batchtagging", openid_list=[MEMBER], tagid=tag)
    await first.control("POST", "/phone/unfollow", openid="oDemo-member-cun-00000000001")
    await first.control("POST", "/control/clock", now="2026-11-20T10:05:00+08:00")
    before = [await first.token(), await first.sent(), await first.control("GET", "/phone/codes")]
    calls = await first.control("GET", "/control/calls")
    await first.client.close()

    second = await start(state)
    assert await second.control("GET", "/control/calls") == calls
    after = [await second.token(), await second.sent(), await second.control("GET", "/phone/codes")]
    assert after == before
    assert await second.control("GET", "/phone/menu") == {"button": menu}
    again = await second.api("/cgi-bin/message/mass/send", **wish, clientmsgid="c")
    assert (again["errcode"], again["msg_id"]) == (45065, sent["msg_id"])
    assert (await second.read("/cgi-bin/user/info", openid=MEMBER))["tagid_list"] == [tag]
    gone = await second.read("/cgi-bin/user/info", openid="oDemo-member-cun-00000000001")
    assert gone["subscribe"] == 0
    assert (await second.read("/cgi-bin/user/get"))["total"] == 16 - 1 + 3
    lesson = {"touser": MEMBER_MP, "template_id": LESSON, "data": {"thing1": {"value": "课"}}}
    codes = [await second.code("/cgi-bin/message/subscribe/send", app="mp", **lesson) for _ in range(2)]
    assert codes == [0, 43101]
    text = {"touser": MEMBER, "msgtype": "text", "text": {"content": "还在窗口内"}}
    assert await second.code("/cgi-bin/message/custom/send", **text) == 0


async def test_after_a_restart_a_consent_is_still_its_givers_alone(start: Start, tmp_path: Path) -> None:
    await (await start(tmp_path / "simulator.json")).client.close()
    wire = await start(tmp_path / "simulator.json")
    await wire.control(
        "POST", "/phone/subscribe-message", openid=MEMBER, template_ids=[LESSON], choice="accept"
    )
    lesson = {"template_id": LESSON, "data": {"thing1": {"value": "课"}}}
    send = "/cgi-bin/message/subscribe/send"
    assert await wire.code(send, app="mp", touser="mDemo-member-shequ-000000002", **lesson) == 43101
    assert await wire.code(send, app="mp", touser=MEMBER_MP, **lesson) == 0


async def test_a_state_that_cannot_be_read_starts_anew(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "simulator.json"
    state.write_text("{broken")
    wire = await start(state)
    assert await wire.sent() == []
