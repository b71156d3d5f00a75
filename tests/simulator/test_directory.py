"""Followers, tags, menus, codes and logins as the platform answers for them."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.conftest import MEMBER, MEMBER_MP, PEOPLE, Wire
from tests.simulator.product import Product

Later = Callable[..., None]
NOT_FOLLOWING = "oDemo-not-following-00000001"
FOLLOWING = len(PEOPLE) - 1


async def test_followers_come_in_pages_of_10_000_and_end_with_an_empty_one(wire: Wire) -> None:
    await wire.control("POST", "/control/followers", status=201, count=48_000)
    pages, after = [], ""
    while True:
        page = await wire.read("/cgi-bin/user/get", next_openid=after)
        if not page["count"]:
            break
        pages.append(page["data"]["openid"])
        after = page["next_openid"]
    assert "data" not in page
    assert [len(p) for p in pages] == [10_000] * 4 + [8_000 + FOLLOWING]
    assert page["total"] == len({openid for p in pages for openid in p}) == 48_000 + FOLLOWING


async def test_numbered_followers_are_filled_up_not_doubled(wire: Wire) -> None:
    first = await wire.control("POST", "/control/followers", status=201, count=10)
    second = await wire.control("POST", "/control/followers", status=201, count=12)
    assert (first["added"], second["added"]) == (10, 2)
    numbered = (await wire.read("/cgi-bin/user/get"))["data"]["openid"][-1]
    assert len(numbered) == 28
    assert (await wire.read("/cgi-bin/user/info", openid=numbered))["subscribe"] == 1


async def test_user_info_has_the_unionid_and_little_else(wire: Wire) -> None:
    follower = await wire.read("/cgi-bin/user/info", openid=MEMBER)
    assert (follower["subscribe"], follower["unionid"]) == (1, "uDemo-09")
    assert not {"nickname", "headimgurl", "sex", "city"} & set(follower)
    assert (await wire.read("/cgi-bin/user/info", openid=NOT_FOLLOWING))["subscribe"] == 0
    assert (await wire.read("/cgi-bin/user/info", openid=MEMBER_MP))["errcode"] == 40003
    batch = await wire.api(
        "/cgi-bin/user/info/batchget", user_list=[{"openid": MEMBER}, {"openid": NOT_FOLLOWING}]
    )
    assert [user["subscribe"] for user in batch["user_info_list"]] == [1, 0]
    assert await wire.code("/cgi-bin/user/info/batchget", user_list=[{"openid": MEMBER}] * 101) == 40032


async def test_tags_have_their_limits(wire: Wire) -> None:
    tag = (await wire.api("/cgi-bin/tags/create", tag={"name": "专职党务工作者"}))["tag"]
    assert await wire.code("/cgi-bin/tags/create", tag={"name": "专职党务工作者"}) == 45157
    assert await wire.code("/cgi-bin/tags/create", tag={"name": "长" * 31}) == 45158
    members = "/cgi-bin/tags/members/batchtagging"
    assert await wire.code(members, openid_list=[MEMBER] * 51, tagid=tag["id"]) == 40032
    assert await wire.code(members, openid_list=[MEMBER], tagid=1) == 45159
    assert await wire.code(members, openid_list=[NOT_FOLLOWING], tagid=tag["id"]) == 49003
    assert await wire.code(members, openid_list=[MEMBER], tagid=tag["id"]) == 0
    assert (await wire.read("/cgi-bin/tags/get"))["tags"] == [{**tag, "count": 1}]
    assert (await wire.api("/cgi-bin/tags/getidlist", openid=MEMBER))["tagid_list"] == [tag["id"]]
    for n in range(19):
        other = (await wire.api("/cgi-bin/tags/create", tag={"name": f"标签{n}"}))["tag"]["id"]
        assert await wire.code(members, openid_list=[MEMBER], tagid=other) == 0
    last = (await wire.api("/cgi-bin/tags/create", tag={"name": "第21个"}))["tag"]["id"]
    assert await wire.code(members, openid_list=[MEMBER], tagid=last) == 45059
    assert await wire.code("/cgi-bin/tags/delete", tag={"id": tag["id"]}) == 0
    assert tag["id"] not in (await wire.api("/cgi-bin/tags/getidlist", openid=MEMBER))["tagid_list"]


def button(**change: Any) -> dict[str, Any]:
    return {"button": [{"type": "click", "name": "本周课程", "key": "LESSON"} | change]}


@pytest.mark.parametrize(
    ("menu", "errcode"),
    [
        ({"button": []}, 40016),
        ({"button": button()["button"] * 4}, 40016),
        (button(name="党员教育培训"), 40018),
        (button(key="k" * 129), 40019),
        (button(key=""), 40019),
        (button(type="dance"), 40017),
        (button(type="view", url="https://x/" + "a" * 1024), 40020),
        (button(type="view", url="ftp://x"), 40055),
        ({"button": [{"name": "更多", "sub_button": button()["button"] * 6}]}, 40023),
        ({"button": [{"name": "更多", "sub_button": button(name="长" * 21)["button"]}]}, 40025),
        ({"button": [{"name": "更多", "sub_button": button(type="x")["button"]}]}, 40024),
    ],
)
async def test_a_menu_beyond_the_limits_is_refused(wire: Wire, menu: dict[str, Any], errcode: int) -> None:
    assert await wire.code("/cgi-bin/menu/create", **menu) == errcode
    assert await wire.control("GET", "/phone/menu") == {"button": []}


async def test_a_menu_is_made_shown_and_deleted(wire: Wire) -> None:
    assert (await wire.read("/cgi-bin/menu/get"))["errcode"] == 46003
    menu = {"button": [{"name": "更多", "sub_button": button()["button"]}]}
    assert await wire.code("/cgi-bin/menu/create", **menu) == 0
    assert (await wire.read("/cgi-bin/menu/get"))["menu"] == menu
    assert await wire.control("GET", "/phone/menu") == menu
    await wire.read("/cgi-bin/menu/delete")
    assert (await wire.read("/cgi-bin/menu/get"))["errcode"] == 46003


async def test_escaped_chinese_is_refused_in_menus_and_drafts(wire: Wire) -> None:
    token = (await wire.token())["access_token"]
    escaped = b'{"button":[{"type":"click","name":"\\u8bfe","key":"K"}]}'
    for path in ("/cgi-bin/menu/create", "/cgi-bin/draft/add"):
        answer = await wire.raw("POST", f"{path}?access_token={token}", data=escaped)
        assert answer["errcode"] == 40033


async def test_taps_report_what_the_button_does(wire: Wire, product: Product) -> None:
    menu = [
        {"type": "view", "name": "地图", "url": "https://example.org/map"},
        {"name": "更多", "sub_button": [{"type": "scancode_waitmsg", "name": "扫码", "key": "SCAN_IT"}]},
    ]
    await wire.api("/cgi-bin/menu/create", button=menu)
    for key in ("https://example.org/map", "SCAN_IT", "OLD_KEY"):
        await wire.control("POST", "/control/tap", openid=MEMBER, key=key, code="P1")
    assert [m["Event"] for m in product.received] == ["VIEW", "scancode_waitmsg", "CLICK"]
    assert "P1" in product.received[1]["ScanCodeInfo"]


async def poster(wire: Wire, scene: str = "P1S10abcdefghijklmn") -> dict[str, Any]:
    return await wire.api(
        "/cgi-bin/qrcode/create",
        action_name="QR_LIMIT_STR_SCENE",
        action_info={"scene": {"scene_str": scene}},
    )


async def test_a_poster_reports_scan_to_a_follower_and_subscribe_to_anybody_else(
    wire: Wire, product: Product
) -> None:
    code = await poster(wire)
    await wire.control("POST", "/control/scan", openid=MEMBER, code=code["url"])
    await wire.control("POST", "/control/scan", openid=NOT_FOLLOWING, code="P1S10abcdefghijklmn")
    told = [(m["Event"], m["EventKey"], m["Ticket"]) for m in product.received]
    assert told == [
        ("SCAN", "P1S10abcdefghijklmn", code["ticket"]),
        ("subscribe", "qrscene_P1S10abcdefghijklmn", code["ticket"]),
    ]
    assert (await wire.read("/cgi-bin/user/info", openid=NOT_FOLLOWING))["qr_scene_str"].startswith("P1S10")


async def test_a_permanent_code_is_the_same_when_made_again_and_is_listed(wire: Wire) -> None:
    first, second = await poster(wire), await poster(wire)
    assert first == second
    (listed,) = await wire.control("GET", "/phone/codes")
    assert (listed["kind"], listed["label"], listed["content"]) == (
        "poster",
        "阵地 S10 的海报",
        first["url"],
    )


async def test_a_temporary_code_ends(wire: Wire, later: Later, product: Product) -> None:
    scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "door"}}}
    await wire.api("/cgi-bin/qrcode/create", **scene, expire_seconds=30)
    later(seconds=31)
    answer = await wire.control("POST", "/control/scan", status=410, openid=MEMBER, code="door")
    assert answer["code"] == "code_expired"
    assert product.received == []
    assert await wire.code("/cgi-bin/qrcode/create", **scene, expire_seconds=2_592_001) == 40035


@pytest.mark.parametrize(
    ("action", "scene", "errcode"),
    [
        ("QR_X", {"scene_str": "a"}, 40052),
        ("QR_STR_SCENE", {"scene_str": ""}, 40053),
        ("QR_STR_SCENE", {"scene_str": "x" * 65}, 40053),
        ("QR_LIMIT_SCENE", {"scene_id": 100_001}, 40053),
        ("QR_SCENE", {"scene_id": 0}, 40053),
    ],
)
async def test_bad_scenes_make_no_code(wire: Wire, action: str, scene: dict[str, Any], errcode: int) -> None:
    body = {"action_name": action, "action_info": {"scene": scene}}
    assert await wire.code("/cgi-bin/qrcode/create", **body) == errcode


async def test_codes_are_pictures(wire: Wire) -> None:
    ticket = (await poster(wire))["ticket"]
    async with wire.client.get("/cgi-bin/showqrcode", params={"ticket": ticket}) as response:
        assert (await response.read()).startswith(b"\x89PNG")
    async with wire.client.get("/cgi-bin/showqrcode", params={"ticket": "x"}) as response:
        assert response.status == 404
    token = (await wire.token("mp"))["access_token"]
    path = f"/wxa/getwxacodeunlimit?access_token={token}"
    async with wire.client.post(path, json={"scene": "a=1&b=2", "page": "pages/check-in"}) as response:
        assert (await response.read()).startswith(b"\x89PNG")
    async with wire.client.get("/phone/qr.svg", params={"content": "党员"}) as response:
        assert response.content_type == "image/svg+xml"
        assert "<path" in await response.text()


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"scene": ""}, 40169),
        ({"scene": "x" * 33}, 40169),
        ({"scene": "a%20b"}, 40129),
        ({"scene": "阵地"}, 40129),
        ({"page": "/pages/check-in"}, 40097),
        ({"page": "pages/check-in?x=1"}, 40097),
        ({"page": "somewhere"}, 41030),
        ({"width": 100}, 40097),
    ],
)
async def test_a_bad_mini_program_code_is_refused(wire: Wire, change: dict[str, Any], errcode: int) -> None:
    body = {"scene": "P1S10", "page": "pages/check-in"} | change
    assert await wire.code("/wxa/getwxacodeunlimit", app="mp", **body) == errcode
    assert await wire.control("GET", "/phone/codes") == []


async def log_in(wire: Wire, code: str, **change: str) -> dict[str, Any]:
    query = {
        "appid": wire.settings.mp_app_id,
        "secret": wire.settings.mp_secret.get_secret_value(),
        "js_code": code,
        "grant_type": "authorization_code",
    }
    return await wire.get("/sns/jscode2session", **query | change)


async def test_a_login_code_works_once_for_five_minutes(wire: Wire, later: Later) -> None:
    codes = [
        (await wire.control("POST", "/control/login-code", status=201, openid=MEMBER))["code"] for _ in "ab"
    ]
    first = await log_in(wire, codes[0])
    assert (first["openid"], first["unionid"]) == (MEMBER_MP, "uDemo-09")
    assert "errcode" not in first
    assert (await log_in(wire, codes[0]))["errcode"] == 40163
    later(seconds=301)
    assert (await log_in(wire, codes[1]))["errcode"] == 40029
    assert (await log_in(wire, "made-up"))["errcode"] == 40029
    assert (await log_in(wire, ""))["errcode"] == 41008
    assert (await log_in(wire, codes[1], secret="x"))["errcode"] == 40125


async def test_one_person_logs_in_a_hundred_times_a_minute_at_most(wire: Wire) -> None:
    async def once() -> int:
        code = (await wire.control("POST", "/control/login-code", status=201, openid=MEMBER))["code"]
        return int((await log_in(wire, code)).get("errcode", 0))

    codes = await asyncio.gather(*(once() for _ in range(101)))
    assert sorted(codes) == [0] * 100 + [45011]


async def test_a_phone_code_gives_the_number_once(wire: Wire) -> None:
    path = "/wxa/business/getuserphonenumber"
    issued = await wire.control("POST", "/control/phone-code", status=201, openid=MEMBER_MP)
    answer = await wire.api(path, app="mp", code=issued["phone_code"])
    assert answer["phone_info"]["purePhoneNumber"] == "19900000009"
    assert answer["phone_info"]["countryCode"] == "86"
    assert await wire.code(path, app="mp", code=issued["phone_code"]) == 40163
    login = await wire.control("POST", "/control/login-code", status=201, openid=MEMBER)
    assert await wire.code(path, app="mp", code=login["code"]) == 40029


async def test_web_authorization_gives_the_accounts_openid(wire: Wire) -> None:
    issued = await wire.control("POST", "/control/oauth-code", status=201, openid=MEMBER)
    query = {
        "appid": wire.settings.oa_app_id,
        "secret": wire.settings.oa_secret.get_secret_value(),
        "code": issued["code"],
        "grant_type": "authorization_code",
    }
    answer = await wire.get("/sns/oauth2/access_token", **query)
    assert (answer["openid"], answer["scope"], "unionid" in answer) == (MEMBER, "snsapi_base", False)
    assert (await wire.get("/sns/oauth2/access_token", **query))["errcode"] == 40163


async def test_content_is_judged_for_who_was_here_within_two_hours(wire: Wire, later: Later) -> None:
    path, body = "/wxa/msg_sec_check", {"openid": MEMBER_MP, "version": 2, "scene": 2}
    assert await wire.code(path, app="mp", **body, content="你好") == 61010
    code = (await wire.control("POST", "/control/login-code", status=201, openid=MEMBER))["code"]
    await log_in(wire, code)
    judged = [
        (await wire.api(path, app="mp", **body, content=words))["result"]["suggest"]
        for words in ("建议多开放晚上的时段", "这里有赌博", "内部消息")
    ]
    assert judged == ["pass", "risky", "review"]
    assert await wire.code(path, app="mp", **body | {"openid": MEMBER}, content="你好") == 43104
    later(hours=2, seconds=1)
    assert await wire.code(path, app="mp", **body, content="你好") == 61010


async def test_a_js_ticket_stays_the_same(wire: Wire, later: Later) -> None:
    first = await wire.read("/cgi-bin/ticket/getticket", type="jsapi")
    later(seconds=60)
    second = await wire.read("/cgi-bin/ticket/getticket", type="jsapi")
    assert (first["ticket"], second["expires_in"]) == (second["ticket"], 7140)


async def test_pictures_are_taken_in_and_given_back(wire: Wire) -> None:
    token = (await wire.token())["access_token"]
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    answer = await wire.raw(
        "POST", f"/cgi-bin/media/uploadimg?access_token={token}", data={"media": _file(picture)}
    )
    path = "/mmbiz/" + answer["url"].rsplit("/", 1)[1]
    async with wire.client.get(path) as response:
        assert await response.read() == picture
    bad = await wire.raw(
        "POST", f"/cgi-bin/media/uploadimg?access_token={token}", data={"media": _file(b"x")}
    )
    assert bad["errcode"] == 40005


def _file(content: bytes) -> Any:
    return io.BytesIO(content)
