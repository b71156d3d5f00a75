"""What may be sent to whom: windows, consents, templates, the monthly cap, and clientmsgid."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import FormData

from simulator import pictures
from tests.simulator.conftest import MEMBER, MEMBER_MP, PEOPLE, Wire
from tests.simulator.product import Product

Later = Callable[..., None]
CUSTOM = "/cgi-bin/message/custom/send"
SUBSCRIBE = "/cgi-bin/message/subscribe/send"
MASS = "/cgi-bin/message/mass/send"
OTHER = "oDemo-member-shequ-000000002"
NOT_FOLLOWING = "oDemo-not-following-00000001"
LESSON = "demo-template-lesson"


def text(content: str = "好") -> dict[str, Any]:
    return {"touser": MEMBER, "msgtype": "text", "text": {"content": content}}


async def test_five_messages_within_48_hours_of_a_message(wire: Wire, later: Later) -> None:
    assert await wire.code(CUSTOM, **text()) == 45015
    await wire.say("你好")
    later(hours=47, minutes=59)
    assert [await wire.code(CUSTOM, **text(str(n))) for n in range(6)] == [0] * 5 + [45047]
    await wire.say("还有吗")
    later(hours=48)
    assert await wire.code(CUSTOM, **text()) == 45015
    assert [m["content"] for m in await wire.sent()] == list("01234")


async def test_three_messages_within_a_minute_of_a_tap(wire: Wire, later: Later) -> None:
    await wire.control("POST", "/control/tap", openid=MEMBER, key="K")
    assert [await wire.code(CUSTOM, **text()) for _ in range(4)] == [0] * 3 + [45047]
    later(seconds=61)
    assert await wire.code(CUSTOM, **text()) == 45015


async def test_a_tap_neither_closes_the_window_of_a_message_nor_adds_to_it(wire: Wire, later: Later) -> None:
    await wire.say("你好")
    await wire.control("POST", "/control/tap", openid=MEMBER, key="K")
    assert [await wire.code(CUSTOM, **text()) for _ in range(6)] == [0] * 5 + [45047]
    await wire.say("你好")
    await wire.control("POST", "/control/tap", openid=MEMBER, key="K")
    later(hours=1)
    assert await wire.code(CUSTOM, **text()) == 0


async def test_who_left_gets_nothing(wire: Wire) -> None:
    await wire.say("你好")
    await wire.control("POST", "/phone/unfollow", openid=MEMBER)
    assert await wire.code(CUSTOM, **text()) == 45015
    assert await wire.sent() == []


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (text() | {"touser": MEMBER_MP}, 40003),
        (text() | {"msgtype": "hologram"}, 40008),
        (text("字" * 683), 45002),
        ({"touser": MEMBER, "msgtype": "news", "news": {"articles": [{}, {}]}}, 45008),
        ({"touser": MEMBER, "msgtype": "image", "image": {"media_id": "none"}}, 40007),
        ({"touser": MEMBER, "msgtype": "text"}, 47001),
        ({"touser": 7, "msgtype": "text"}, 47001),
    ],
)
async def test_a_bad_customer_service_message_is_refused(
    wire: Wire, body: dict[str, Any], errcode: int
) -> None:
    await wire.say("你好")
    assert await wire.code(CUSTOM, **body) == errcode
    assert await wire.sent() == []


async def test_typing_wants_a_fresh_contact(wire: Wire, later: Later) -> None:
    path = "/cgi-bin/message/custom/typing"
    assert await wire.code(path, touser=MEMBER, command="Typing") == 45080
    await wire.say("你好")
    assert await wire.code(path, touser=MEMBER, command="Typing") == 0
    assert await wire.code(path, touser=MEMBER, command="Typing") == 45081
    assert await wire.code(path, touser=MEMBER, command="Dance") == 45072
    assert await wire.code(path, touser=MEMBER, command="CancelTyping") == 0
    later(seconds=31)
    assert await wire.code(path, touser=MEMBER, command="Typing") == 45080


def lesson(**values: str) -> dict[str, Any]:
    data = {key: {"value": value} for key, value in (values or {"thing1": "党费怎么交"}).items()}
    return {"touser": MEMBER_MP, "template_id": LESSON, "page": "pages/lesson?id=1", "data": data}


async def accept(wire: Wire, *template_ids: str, choice: str = "accept", app: str = "mp") -> None:
    await wire.control(
        "POST",
        "/phone/subscribe-message",
        openid=MEMBER,
        template_ids=list(template_ids),
        choice=choice,
        app=app,
    )


async def test_one_accept_is_one_message_and_an_event_follows(wire: Wire, product: Product) -> None:
    assert await wire.code(SUBSCRIBE, app="mp", **lesson()) == 43101
    await accept(wire, LESSON)
    await accept(wire, LESSON)
    await accept(wire, LESSON, choice="reject")
    codes = [await wire.code(SUBSCRIBE, app="mp", **lesson()) for _ in range(3)]
    assert codes == [0, 0, 43101]
    assert [m["channel"] for m in await wire.sent()] == ["subscribe", "subscribe"]
    events = await product.until(2, event="subscribe_msg_sent_event")
    assert {event["FromUserName"] for event in events} == {MEMBER_MP}
    told = {m["message_id"] for m in await wire.sent(MEMBER_MP)}
    assert all(any(id_ in event["SubscribeMsgSentEvent"] for id_ in told) for event in events)


async def test_a_refused_message_costs_no_consent(wire: Wire) -> None:
    await accept(wire, LESSON)
    assert await wire.code(SUBSCRIBE, app="mp", **lesson(thing1="")) == 47003
    assert await wire.code(SUBSCRIBE, app="mp", **lesson() | {"touser": MEMBER}) == 40003
    assert await wire.code(SUBSCRIBE, app="mp", **lesson() | {"template_id": "x"}) == 40037
    assert await wire.code(SUBSCRIBE, app="mp", **lesson() | {"page": "/nowhere"}) == 41030
    assert await wire.code(SUBSCRIBE, app="mp", **lesson()) == 0


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("thing1", "字" * 20, "字" * 21),
        ("thing1", "上课", "上\n课"),
        ("number2", "12.5", "十二"),
        ("letter3", "abc", "a1"),
        ("character_string4", "A-1", "甲1"),
        ("time5", "2019年10月1日 15:01", "下午三点"),
        ("time5", "15:01~16:00", "25:01"),
        ("date6", "2026-11-20", "11月20日"),
        ("amount7", "¥10.5元", "十元"),
        ("phone_number8", "0533-5180000", "电话"),
        ("name9", "欧阳" * 5, "欧阳" * 5 + "氏"),
        ("phrase10", "已确认", "已确认a"),
        ("car_number11", "鲁C12345", "鲁C123456789"),
        ("symbol12", "★", "a"),
    ],
)
async def test_typed_keys_keep_their_rules(wire: Wire, key: str, good: str, bad: str) -> None:
    await accept(wire, LESSON)
    refused = await wire.api(SUBSCRIBE, app="mp", **lesson(**{key: bad}))
    assert refused["errcode"] == 47003
    assert f"data.{key}.value" in refused["errmsg"]
    assert await wire.code(SUBSCRIBE, app="mp", **lesson(**{key: good})) == 0


async def test_a_declared_template_wants_every_key_and_no_other(wire: Wire) -> None:
    keys = {"thing2": "课程", "time3": "时间"}
    await wire.control(
        "POST", "/control/templates", status=201, app="oa", template_id="T", title="课程", keys=keys
    )
    await accept(wire, "T", app="oa")
    path, body = "/cgi-bin/message/subscribe/bizsend", {"touser": MEMBER, "template_id": "T"}
    missing = await wire.api(path, **body, data={"thing2": {"value": "党课"}})
    assert (missing["errcode"], "data.time3.value is empty" in missing["errmsg"]) == (47003, True)
    data = {"thing2": {"value": "党课"}, "time3": {"value": "15:00"}}
    assert await wire.code(path, **body, data=data | {"thing1": {"value": "x"}}) == 47003
    assert await wire.code(path, **body, data=data) == 0
    assert [m["channel"] for m in await wire.sent()] == ["notice"]


async def test_template_messages_reach_followers_only_and_report_back(wire: Wire, product: Product) -> None:
    await wire.control("POST", "/control/templates", status=201, app="oa", template_id="T", title="预约")
    path, body = "/cgi-bin/message/template/send", {"template_id": "T", "data": {"thing1": {"value": "好"}}}
    assert await wire.code(path, touser=NOT_FOLLOWING, **body) == 43004
    first = await wire.api(path, touser=MEMBER, client_msg_id="once", **body)
    again = await wire.api(path, touser=MEMBER, client_msg_id="once", **body)
    assert first["msgid"] == again["msgid"]
    (event,) = await product.until(1, event="TEMPLATESENDJOBFINISH")
    assert (event["MsgID"], event["Status"]) == (str(first["msgid"]), "success")
    assert len(await wire.sent()) == 1


def mass(content: str, **more: Any) -> dict[str, Any]:
    return {"touser": [MEMBER, OTHER], "msgtype": "text", "text": {"content": content}, **more}


async def test_the_fifth_mass_message_of_a_month_does_not_arrive(
    wire: Wire, product: Product, later: Later
) -> None:
    for week in range(5):
        assert await wire.code(MASS, **mass(f"第{week}课", clientmsgid=f"w{week}")) == 0
    events = await product.until(5, event="MASSSENDJOBFINISH")
    assert sorted((e["TotalCount"], e["FilterCount"], e["SentCount"]) for e in events) == [
        ("2", "0", "0"),
        *[("2", "2", "2")] * 4,
    ]
    assert len(await wire.sent()) == 4
    later(days=11)  # 1 December.
    assert await wire.code(MASS, **mass("下月", clientmsgid="w6")) == 0
    assert len(await wire.sent()) == 5


async def test_the_month_is_that_of_beijing(wire: Wire) -> None:
    await wire.control("POST", "/control/clock", now="2026-11-30T15:59:00Z")
    for n in range(5):
        await wire.code(MASS, **mass(f"十一月{n}", clientmsgid=f"a{n}"))
    await wire.control("POST", "/control/clock", now="2026-11-30T16:01:00Z")
    await wire.code(MASS, **mass("十二月", clientmsgid="b"))
    assert len(await wire.sent()) == 5


async def test_a_repeated_clientmsgid_sends_nothing_and_names_the_first(wire: Wire, later: Later) -> None:
    first = await wire.api(MASS, **mass("课", clientmsgid="lesson-1"))
    assert await wire.code(MASS, **mass("课", clientmsgid="lesson-1")) == 45066
    later(seconds=60)
    again = await wire.api(MASS, **mass("课", clientmsgid="lesson-1"))
    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])
    assert len(await wire.sent()) == 1
    later(hours=24)
    assert await wire.code(MASS, **mass("课", clientmsgid="lesson-1")) == 0


async def test_the_default_clientmsgid_knows_the_same_content_for_the_same_people(
    wire: Wire, later: Later
) -> None:
    assert await wire.code(MASS, **mass("课")) == 0
    assert await wire.code(MASS, **mass("另一课")) == 0
    later(minutes=2)
    assert await wire.code(MASS, **mass("课")) == 45065


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": [MEMBER]}, 40130),
        ({"touser": MEMBER}, 40130),
        ({"touser": [f"o{n}" for n in range(10_001)]}, 40032),
        ({"clientmsgid": "x" * 65}, 45067),
        ({"msgtype": "mpnews", "mpnews": {"media_id": "none"}}, 40007),
        ({"msgtype": "hologram"}, 40008),
    ],
)
async def test_a_bad_mass_message_reaches_nobody(wire: Wire, change: dict[str, Any], errcode: int) -> None:
    assert await wire.code(MASS, **mass("课") | change) == errcode
    assert await wire.sent() == []


async def test_to_all_once_a_day_and_four_times_a_month(wire: Wire, later: Later) -> None:
    await wire.control("POST", "/control/clock", now="2026-12-01T09:00:00+08:00")
    path = "/cgi-bin/message/mass/sendall"
    codes = []
    for day in range(5):
        body = {"filter": {"is_to_all": True}, "msgtype": "text", "text": {"content": f"第{day}天"}}
        codes.append(await wire.code(path, **body))
        again = body | {"text": {"content": f"第{day}天又一次"}}
        codes.append(await wire.code(path, **again))
        later(days=1)
    assert codes == [0, 45028] * 4 + [45028, 45028]
    assert len(await wire.sent()) == 4
    assert await wire.sent(NOT_FOLLOWING) == []


async def test_a_draft_goes_to_a_tag_once_and_leaves_the_draft_box(wire: Wire, product: Product) -> None:
    tag = (await wire.api("/cgi-bin/tags/create", tag={"name": "学员"}))["tag"]["id"]
    tagging = {"openid_list": [MEMBER], "tagid": tag}
    assert await wire.code("/cgi-bin/tags/members/batchtagging", **tagging) == 0
    articles = [{"title": "本周课程", "content": "<p>正文</p><script>1</script>", "article_type": "newspic"}]
    draft = (await wire.api("/cgi-bin/draft/add", articles=articles))["media_id"]
    body = {"filter": {"tag_id": tag}, "msgtype": "mpnews", "mpnews": {"media_id": draft}}
    sent = await wire.api("/cgi-bin/message/mass/sendall", **body)
    status = await wire.api("/cgi-bin/message/mass/get", msg_id=sent["msg_id"])
    assert status["msg_status"] == "SEND_SUCCESS"
    (message,) = await wire.sent()
    assert message["body"]["articles"][0]["content"] == "<p>正文</p>"
    assert await wire.sent(OTHER) == []
    assert await wire.code("/cgi-bin/draft/get", media_id=draft) == 40007
    assert await wire.code("/cgi-bin/message/mass/get", msg_id=1) == 40059
    assert await wire.code("/cgi-bin/message/mass/delete", msg_id=sent["msg_id"]) == 0
    status = await wire.api("/cgi-bin/message/mass/get", msg_id=sent["msg_id"])
    assert (status["msg_status"], len(await wire.sent())) == ("DELETE", 1), "the card stays"
    words = {"filter": {"tag_id": tag}, "msgtype": "text", "text": {"content": "文字"}}
    sent = await wire.api("/cgi-bin/message/mass/sendall", **words)
    assert await wire.code("/cgi-bin/message/mass/delete", msg_id=sent["msg_id"]) == 40008


async def test_an_article_needs_a_permanent_cover(wire: Wire) -> None:
    article = {"title": "本周课程", "content": "<p>正文</p>"}
    assert await wire.code("/cgi-bin/draft/add", articles=[article]) == 40007
    for path, errcode in (("media/upload", 40007), ("material/add_material", 0)):
        token = (await wire.token())["access_token"]
        form = FormData()
        form.add_field("media", pictures.png("封面"), filename="cover.png", content_type="image/png")
        address = f"/cgi-bin/{path}?access_token={token}&type=image"
        kept = await wire.raw("POST", address, data=form)
        cover = {"thumb_media_id": kept["media_id"]}
        assert await wire.code("/cgi-bin/draft/add", articles=[article | cover]) == errcode


async def test_the_draft_box_is_listed_page_by_page_the_latest_first(wire: Wire) -> None:
    for number in range(23):
        article = {"title": f"第{number}课", "content": "<p>正文</p>", "article_type": "newspic"}
        await wire.api("/cgi-bin/draft/add", articles=[article])
    pages = [
        await wire.api("/cgi-bin/draft/batchget", offset=offset, count=20, no_content=1) for offset in (0, 20)
    ]
    assert [(page["total_count"], page["item_count"]) for page in pages] == [(23, 20), (23, 3)]
    first = pages[0]["item"][0]["content"]["news_item"][0]
    assert (first["title"], first["content"]) == ("第22课", "")
    assert await wire.code("/cgi-bin/draft/batchget", offset=0, count=21) == 40097


async def test_a_mass_message_that_moderation_refuses_is_told_by_the_event(
    wire: Wire, product: Product
) -> None:
    await wire.control("POST", "/control/faults", mass_status="err(40002)")
    await wire.api(MASS, **mass("课"))
    (event,) = await product.until(1, event="MASSSENDJOBFINISH")
    assert event["Status"] == "err(40002)"
    assert await wire.sent() == []


async def test_everybody_invented_is_known(wire: Wire) -> None:
    people = await wire.control("GET", "/control/followers")
    assert [person["openid"] for person in people] == [person["openid"] for person in PEOPLE]
