"""Replies keep to the platform's limits and always are well-formed."""

import json
from typing import Any

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.replies import TextReply

from bot.messages import Message, message_of, parse
from bot.replies import (
    Article,
    HumanService,
    Image,
    Music,
    Reply,
    Video,
    Voice,
    render,
)
from tests.bot.platform import ACCOUNT, text_message


def inbound(openid: str = "oAlice") -> Message:
    return parse(text_message("x", openid=openid).encode())


def rendered(reply: Reply) -> dict[str, Any]:
    members: dict[str, Any] = xmltodict.parse(render(reply, inbound()))["xml"]
    return members


@given(st.text(st.characters(), max_size=300))
def test_any_text_renders_to_well_formed_xml_that_wechatpy_would_have_written(text: str) -> None:
    safe = rendered("答" + text)
    theirs = TextReply(source=ACCOUNT, target="oAlice", content="答", time=1).render()
    assert set(xmltodict.parse(theirs)["xml"]) == set(safe)
    assert (safe["ToUserName"], safe["FromUserName"], safe["MsgType"]) == ("oAlice", ACCOUNT, "text")


def test_the_end_of_a_cdata_section_may_stand_in_a_text() -> None:
    assert rendered("a]]>b]]]>c")["Content"] == "a]]>b]]]>c"


def test_an_article_is_one_card() -> None:
    members = rendered(
        Article("标题]]>", "说明", "https://example.org/a?b=1&c=2", "https://example.org/p.png")
    )
    assert members["ArticleCount"] == "1"
    assert members["Articles"]["item"]["Title"] == "标题]]>"
    assert members["Articles"]["item"]["Url"] == "https://example.org/a?b=1&c=2"


@pytest.mark.parametrize(
    ("reply", "kind", "member"),
    [
        (Image("M1"), "image", "Image"),
        (Voice("M2"), "voice", "Voice"),
        (Video("M3", "标题]]>", "说明"), "video", "Video"),
        (Music("标题", "说明", "https://x/a.mp3", "T1"), "music", "Music"),
        (HumanService(), "transfer_customer_service", "MsgType"),
    ],
)
def test_the_other_kinds_carry_their_member(reply: Reply, kind: str, member: str) -> None:
    members = rendered(reply)
    assert members["MsgType"] == kind
    assert member in members


@pytest.mark.parametrize(
    "reply", ["答", Article("t", "d", "https://x"), Image("M"), Voice("M"), HumanService()]
)
def test_a_json_push_is_answered_in_json(reply: Reply) -> None:
    message = message_of(
        {"ToUserName": "gh_1", "FromUserName": "oA", "CreateTime": 1, "MsgType": "text"}, as_json=True
    )
    body = json.loads(render(reply, message))
    assert (body["ToUserName"], body["FromUserName"]) == ("oA", "gh_1")


@pytest.mark.parametrize("reply", [None, ""])
def test_silence_renders_to_nothing(reply: Reply) -> None:
    assert render(reply, inbound()) == ""


def test_an_odd_sender_cannot_break_out_of_its_member() -> None:
    members = xmltodict.parse(
        render("答", message_of({"FromUserName": "o]]><x>", "ToUserName": "g", "MsgType": "text"}))
    )
    assert members["xml"]["ToUserName"] == "o]]><x>"
