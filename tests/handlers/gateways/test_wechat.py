"""Each endpoint is asked as the platform wants it, and its answer is read."""

import json

import pytest

from handlers.gateways.errors import BadCall, Stopped, UserMustRedo
from handlers.gateways.wechat import Article, Login, TextCheck, WeChat, WeChatApi, open_wechat
from settings import Settings
from tests.handlers.gateways.platform import OK, Platform

JPEG = b"\xff\xd8\xff\xe0picture"


async def test_the_gateway_is_what_the_use_cases_ask_for(api: WeChatApi) -> None:
    asked_of: WeChat = api
    assert all(callable(getattr(asked_of, name)) for name in vars(WeChat) if not name.startswith("_"))


async def test_a_login_code_becomes_an_identity(api: WeChatApi, platform: Platform) -> None:
    platform.script = [
        {"openid": "m1", "session_key": "k", "unionid": "u1"},
        {"openid": "m2", "session_key": "k"},
    ]
    assert await api.log_in("the-code") == Login("m1", "u1")
    assert await api.log_in("another") == Login("m2", None)
    path, query, _ = platform.calls[0]
    assert path == "/sns/jscode2session"
    assert query == {
        "appid": "mp", "secret": "the-secret", "js_code": "the-code", "grant_type": "authorization_code",
    }  # fmt: skip
    assert platform.fetches == [], "and it takes no token"


async def test_a_login_without_an_openid_is_no_login(api: WeChatApi, platform: Platform) -> None:
    platform.script = [{"session_key": "k"}]
    with pytest.raises(BadCall):
        await api.log_in("the-code")


async def test_a_phone_code_becomes_a_number(api: WeChatApi, platform: Platform) -> None:
    phone = {"phoneNumber": "+8613800000000", "purePhoneNumber": "13800000000", "countryCode": "86"}
    platform.script = [OK | {"phone_info": phone}]
    assert await api.phone_number("p1") == "13800000000"
    assert platform.calls[0][1]["access_token"] == "mp-token-1"


async def test_a_subscribe_message_names_its_values(api: WeChatApi, platform: Platform) -> None:
    await api.send_subscribe_message("m1", "TPL", {"thing1": "周五课"}, page="pages/lesson/index?id=1")
    body = json.loads(platform.calls[0][2])
    assert body["data"] == {"thing1": {"value": "周五课"}}
    assert (body["touser"], body["template_id"], body["page"]) == ("m1", "TPL", "pages/lesson/index?id=1")


async def test_a_picture_goes_as_a_file_and_a_draft_in_unescaped_chinese(
    api: WeChatApi, platform: Platform
) -> None:
    platform.script = ["drop", {"media_id": "cover", "url": "http://mmbiz"}, {"media_id": "draft"}]
    assert await api.upload_picture("cover.jpg", JPEG) == "cover"
    paths = [path for path, _, _ in platform.calls]
    assert paths == ["/cgi-bin/material/add_material"] * 2, "a form is made anew for each try"
    _, query, body = platform.calls[1]
    assert query["type"] == "image"
    assert b'name="media"' in body
    assert b'filename="cover.jpg"' in body
    assert JPEG in body
    article = Article("标题", "摘要", "<p>正文</p>", "https://a.example/lessons/1", "cover")
    assert await api.add_draft(article) == "draft"
    raw = platform.calls[2][2]
    assert "标题".encode() in raw
    assert b"\\u" not in raw
    (sent,) = json.loads(raw)["articles"]
    assert (sent["thumb_media_id"], sent["content_source_url"]) == ("cover", "https://a.example/lessons/1")


async def test_a_draft_is_sent_to_a_list_or_a_tag_and_previewed(api: WeChatApi, platform: Platform) -> None:
    platform.script = [OK | {"msg_id": 7}, OK | {"msg_id": 8}, OK]
    assert (await api.send_mass_article(["o1", "o2"], "draft", client_message_id="b1")).message_id == "7"
    assert (await api.send_mass_article_to_tag(9, "draft", client_message_id="b2")).message_id == "8"
    await api.preview_mass_article("o1", "draft")
    to_list, to_tag, preview = (json.loads(body) for _, _, body in platform.calls)
    article = {"msgtype": "mpnews", "mpnews": {"media_id": "draft"}}
    sent = article | {"send_ignore_reprint": 1}
    assert to_list == sent | {"touser": ["o1", "o2"], "clientmsgid": "b1"}
    assert to_tag == sent | {"filter": {"is_to_all": False, "tag_id": 9}, "clientmsgid": "b2"}
    assert preview == article | {"touser": "o1"}


async def test_all_followers_are_listed_page_by_page(api: WeChatApi, platform: Platform) -> None:
    platform.script = [
        {"total": 3, "count": 2, "data": {"openid": ["o1", "o2"]}, "next_openid": "o2"},
        {"total": 3, "count": 1, "data": {"openid": ["o3"]}, "next_openid": "o3"},
        {"total": 3, "count": 0, "next_openid": ""},
    ]
    assert [openid async for openid in api.followers()] == ["o1", "o2", "o3"]
    assert [query.get("next_openid") for _, query, _ in platform.calls] == [None, "o2", "o3"]


async def test_a_list_that_turns_in_a_circle_ends(api: WeChatApi, platform: Platform) -> None:
    platform.script = [{"data": {"openid": ["o1"]}, "next_openid": "o1"}] * 50
    assert len([openid async for openid in api.followers()]) == 2


async def test_followers_are_tagged_fifty_at_a_time(api: WeChatApi, platform: Platform) -> None:
    await api.tag_followers([f"o{number}" for number in range(120)], tag_id=7)
    assert [len(json.loads(body)["openid_list"]) for _, _, body in platform.calls] == [50, 50, 20]


async def test_a_tag_is_found_by_name_and_made_where_there_is_none(
    api: WeChatApi, platform: Platform
) -> None:
    platform.script = [
        {"tags": [{"id": 2, "name": "星标组", "count": 0}, {"id": 101, "name": "周五1小时", "count": 9}]},
        {"tags": []},
        {"tag": {"id": 102, "name": "周五1小时"}},
    ]
    assert [await api.tag_named("周五1小时") for _ in range(2)] == [101, 102]
    assert json.loads(platform.calls[2][2]) == {"tag": {"name": "周五1小时"}}


async def test_who_bears_a_tag_is_listed_page_by_page(api: WeChatApi, platform: Platform) -> None:
    platform.script = [
        {"count": 2, "data": {"openid": ["o1", "o2"]}, "next_openid": "o2"},
        {"count": 0, "next_openid": ""},
    ]
    assert [openid async for openid in api.tagged(101)] == ["o1", "o2"]
    assert [json.loads(body)["next_openid"] for _, _, body in platform.calls] == ["", "o2"]


async def test_a_message_to_a_tag_names_it_and_its_own_id(api: WeChatApi, platform: Platform) -> None:
    platform.script = [OK | {"msg_id": 34182}, {"errcode": 45065, "errmsg": "exist", "msg_id": 34182}]
    receipts = [await api.send_mass_text_to_tag(101, "课", client_message_id="lesson-1") for _ in range(2)]
    assert [(one.message_id, one.repeated) for one in receipts] == [("34182", False), ("34182", True)]
    path, _, body = platform.calls[0]
    assert path == "/cgi-bin/message/mass/sendall"
    sent = json.loads(body)
    assert (sent["filter"], sent["clientmsgid"]) == ({"is_to_all": False, "tag_id": 101}, "lesson-1")


async def test_a_poster_code_is_permanent(api: WeChatApi, platform: Platform) -> None:
    platform.script = [{"ticket": "t", "url": "http://weixin.qq.com/q/02"}]
    assert await api.create_poster_code("site-12") == "http://weixin.qq.com/q/02"
    assert json.loads(platform.calls[0][2]) == {
        "action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "site-12"}},
    }  # fmt: skip


async def test_a_mini_program_code_is_a_picture_or_a_failure(api: WeChatApi, platform: Platform) -> None:
    platform.script = [JPEG, {"errcode": 41030, "errmsg": "invalid page"}]
    assert await api.create_mini_program_code("s=1", "pages/site/index") == JPEG
    with pytest.raises(Stopped):
        await api.create_mini_program_code("s=1", "pages/none/index")


@pytest.mark.parametrize(
    ("suggestions", "worst"),
    [
        (["pass"], TextCheck.PASS),
        (["pass", "review"], TextCheck.REVIEW),
        (["risky", "review"], TextCheck.RISKY),
        (["something new"], TextCheck.REVIEW),
    ],
)
async def test_a_text_is_as_good_as_its_worst_piece(
    api: WeChatApi, platform: Platform, suggestions: list[str], worst: TextCheck
) -> None:
    platform.script = [OK | {"result": {"suggest": word, "label": 100}} for word in suggestions]
    assert await api.check_text("m1", "文" * 2500 * len(suggestions)) == worst
    assert [len(json.loads(body)["content"]) for _, _, body in platform.calls] == [2500] * len(suggestions)


async def test_a_person_not_seen_for_two_hours_must_come_back(api: WeChatApi, platform: Platform) -> None:
    platform.script = [{"errcode": 61010}]
    with pytest.raises(UserMustRedo):
        await api.check_text("m1", "文")


async def test_a_mass_message_is_asked_about(api: WeChatApi, platform: Platform) -> None:
    platform.script = [{"msg_id": 34182, "msg_status": "SEND_SUCCESS"}]
    assert await api.mass_status("34182") == "SEND_SUCCESS"


@pytest.mark.parametrize("database_url", ["unused"])
async def test_the_gateway_opens_from_the_settings(settings: Settings, redis: object) -> None:
    async with open_wechat(settings, redis) as api:  # type: ignore[arg-type]
        assert isinstance(api, WeChatApi)
