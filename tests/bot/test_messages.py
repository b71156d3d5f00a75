"""Reading messages: the narrow parser agrees with wechatpy's, and nothing breaks either."""

import contextlib
import re

import pytest
import xmltodict
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wechatpy.parser import parse_message

from bot.messages import KEYED_EVENT, TEXT_MESSAGE, Garbled, message_of, parse, parse_any
from tests.bot.platform import event, message_xml, text_message

VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def without_cdata_end(value: str) -> bool:
    return "]]>" not in value


@settings(max_examples=400)
@given(content=VALUES.filter(without_cdata_end), openid=VALUES.filter(without_cdata_end))
@example(content=" 前后空白 ", openid="oA")
@example(content="第一行\r\n第二行", openid="oA")
@example(content="]]", openid="oA")
@example(content="表情😀[微笑]/::)", openid="oA")
@example(content="\x0b控制字符\x00", openid="oA")
@example(content="\ufffe", openid="oA")
@example(content="￥５", openid="oA")
def test_the_narrow_parser_and_wechatpy_agree_on_text(content: str, openid: str) -> None:
    body = text_message(content, openid=openid).encode()
    narrow, wide = parse(body), parse_any(body)
    assert narrow.fields == wide.fields
    assert (narrow.kind, narrow.source, narrow.target, narrow.created) == (
        wide.kind,
        wide.source,
        wide.target,
        wide.created,
    )
    assert narrow.key() == wide.key()


@settings(max_examples=300)
@given(
    name=st.sampled_from(["subscribe", "SCAN", "CLICK", "VIEW", "unsubscribe", "odd"]),
    key=st.one_of(st.just(""), st.just("qrscene_S01"), VALUES.filter(without_cdata_end)),
    ticket=st.one_of(st.none(), VALUES.filter(without_cdata_end)),
)
def test_the_narrow_parser_and_wechatpy_agree_on_events(name: str, key: str, ticket: str | None) -> None:
    members = {"EventKey": key} | ({} if ticket is None else {"Ticket": ticket})
    body = event(name, **members).encode()
    narrow, wide = parse(body), parse_any(body)
    assert narrow.fields == wide.fields
    assert (narrow.kind, narrow.event, narrow.key()) == (wide.kind, wide.event, wide.key())


def test_the_common_shapes_do_take_the_narrow_way() -> None:
    assert TEXT_MESSAGE.fullmatch(text_message("党费怎么交").encode())
    assert KEYED_EVENT.fullmatch(event("CLICK", EventKey="HELP").encode())
    assert KEYED_EVENT.fullmatch(event("SCAN", EventKey="S01", Ticket="gQ").encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_garbled(body: bytes) -> None:
    with contextlib.suppress(Garbled):
        parse(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | VALUES, lambda x: st.lists(x) | st.dictionaries(VALUES, x)
    )
)
def test_any_json_value_is_a_message_or_garbled(value: object) -> None:
    import json

    try:
        message = parse(json.dumps(value).encode())
    except Garbled:
        return
    assert message.as_json
    assert isinstance(message.key(), str)


def test_json_numbers_are_read_like_text() -> None:
    message = parse(
        b'{"ToUserName":"gh_1","FromUserName":"oA","CreateTime":1767945600,"MsgType":"text",'
        b'"Content":"hi","MsgId":24812345678901234}'
    )
    assert (message.kind, message.created, message.text("MsgId")) == (
        "text",
        "1767945600",
        "24812345678901234",
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   ",
        "<xml>",
        "<xml><a></b></xml>",
        "<html/>",
        "plain text",
        "[1,2]",
        "{broken",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><MsgType>&a;</MsgType></xml>',
        '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]><xml>&b;</xml>',
        "{" * 100_000,
        "[" * 100_000,
    ],
)
def test_what_is_no_message_is_garbled(body: str) -> None:
    with pytest.raises(Garbled):
        parse(body.encode())


def test_the_cloud_probe_has_no_kind_and_breaks_nothing() -> None:
    message = parse(b"<xml><action>CheckContainerPath</action></xml>")
    assert (message.kind, message.source) == ("", "")


@pytest.mark.parametrize("kind", ["TEXT", "Text", "text"])
def test_capitalised_kinds_are_the_same_kind(kind: str) -> None:
    assert parse(message_xml(openid="oA", MsgType=kind, Content="x", MsgId="1").encode()).kind == "text"


def test_a_follow_by_qr_code_names_the_bare_scene() -> None:
    message = parse(event("subscribe", EventKey="qrscene_S01", Ticket="gQ").encode())
    assert (message.event, message.text("EventKey")) == ("subscribe_scan", "S01")


def test_a_voice_message_says_what_was_recognised() -> None:
    xml = message_xml(
        openid="oA", MsgType="voice", MediaId="M", Format="amr", Recognition="党费怎么交", MsgId="1"
    )
    assert parse(xml.encode()).content == "党费怎么交"
    assert parse(message_xml(openid="oA", MsgType="voice", MediaId="M", MsgId="1").encode()).content == ""


def test_repeated_members_are_kept_as_a_list() -> None:
    items = "<List><TemplateId>A</TemplateId></List><List><TemplateId>B</TemplateId></List>"
    xml = re.sub(
        "</xml>$",
        f"<SubscribeMsgPopupEvent>{items}</SubscribeMsgPopupEvent></xml>",
        event("subscribe_msg_popup_event"),
    )
    listed = parse(xml.encode()).fields["SubscribeMsgPopupEvent"]["List"]
    assert [item["TemplateId"] for item in listed] == ["A", "B"]


def key(xml: str) -> str:
    return parse(xml.encode()).key()


def test_resends_share_a_key_whatever_the_order_of_members() -> None:
    one = message_xml(openid="oA", created=1767945600, MsgType="text", Content="x", MsgId="7")
    other = message_xml(openid="oA", created=1767945600, MsgId="7", MsgType="text", Content="x")
    assert key(one) == key(other)
    scan = event("SCAN", created=1767945600, EventKey="S01", Ticket="gQ")
    assert key(scan) == key(event("SCAN", created=1767945600, EventKey="S01"))


def test_different_messages_never_share_a_key() -> None:
    base = {"openid": "oA", "created": 1767945600}
    keys = {
        key(text_message("x", message_id=7, **base)),
        key(text_message("x", message_id=8, **base)),
        key(text_message("x", message_id=7, openid="oB", created=1767945600)),
        key(text_message("x", message_id=7, openid="oA", created=1767945601)),
        key(event("CLICK", EventKey="HELP", **base)),
        key(event("CLICK", EventKey="LESSON", **base)),
        key(event("VIEW", EventKey="HELP", **base)),
        key(event("SCAN", EventKey="S01", **base)),
        key(event("TEMPLATESENDJOBFINISH", MsgID="1", Status="success", **base)),
        key(event("TEMPLATESENDJOBFINISH", MsgID="2", Status="success", **base)),
        key(event("LOCATION", Latitude="1", Longitude="2", **base)),
        key(event("LOCATION", Latitude="1", Longitude="3", **base)),
    }
    assert len(keys) == 12


def test_wechatpys_own_reading_is_what_we_compare_with() -> None:
    """Guards the property tests: both parsers must really be the two that are meant."""
    body = text_message("x").encode()
    assert parse_message(body)._data == parse(body).fields == xmltodict.parse(body)["xml"]
    assert message_of({}).kind == ""
