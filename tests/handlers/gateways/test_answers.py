"""Reading WeChat's answers: any bytes are either an answer or one of the known failures."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.gateways.answers import hint, read_answer, read_image
from handlers.gateways.errors import (
    Ambiguous,
    BadCall,
    Busy,
    ConsentSpent,
    QuotaSpent,
    RecipientGone,
    Stopped,
    TokenRejected,
    UnknownCode,
    WeChatError,
)

RID = "rid: 66d9be16-212ff30f-0e99c2f0"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"errcode":0,"errmsg":"ok"}', {"errcode": 0, "errmsg": "ok"}),
        (b'{"openid":"o1"}', {"errcode": 0, "openid": "o1"}),
        (b'{"errcode":"0"}', {"errcode": 0}),
        (b'{"errcode":null,"url":"u"}', {"errcode": 0, "url": "u"}),
        (b'\xef\xbb\xbf{"errcode":0}', {"errcode": 0}),
        ('{"name":"支部"}'.encode(), {"errcode": 0, "name": "支部"}),
        (b'{"errcode":45065,"msg_id":7}', {"errcode": 45065, "msg_id": 7}),
        (b'{"errcode":46003}', {"errcode": 46003}),
    ],
)
def test_a_good_answer_is_read(body: bytes, answer: dict[str, object]) -> None:
    assert read_answer(200, body) == answer


@pytest.mark.parametrize(
    ("status", "body", "failure", "code"),
    [
        (200, b'{"errcode":40001,"errmsg":"invalid credential"}', TokenRejected, 40001),
        (200, b'{"errcode":"42001"}', TokenRejected, 42001),
        (200, b'{"errcode":40014.0}', TokenRejected, 40014),
        (500, b'{"errcode":-1,"errmsg":"system error"}', Busy, -1),
        (200, b'{"errcode":45009}', QuotaSpent, 45009),
        (200, b'{"errcode":43101}', ConsentSpent, 43101),
        (200, b'{"errcode":49003}', RecipientGone, 49003),
        (200, b'{"errcode":48001}', Stopped, 48001),
        (200, b'{"errcode":98765}', UnknownCode, 98765),
        (200, b'{"errcode":47003,"errmsg":"\xff\xfe bad bytes"}', BadCall, 47003),
        (200, b"", Ambiguous, 0),
        (200, b"ok", Ambiguous, 0),
        (200, b"<html>busy</html>", Ambiguous, 0),
        (200, b"[]", Ambiguous, 0),
        (200, b"null", Ambiguous, 0),
        (200, b'{"errcode":"many"}', Ambiguous, 0),
        (200, b'{"errcode":[1]}', Ambiguous, 0),
        (200, b'{"errcode":1e999}', Ambiguous, 0),
        (200, b'{"errcode":NaN}', Ambiguous, 0),
        (200, b'{"errcode":' + b"9" * 5000 + b"}", Ambiguous, 0),
        (200, b'{"a":' * 100_000, Ambiguous, 0),
        (200, b'{"errcode":0', Ambiguous, 0),
        (502, b"<html>", Ambiguous, 0),
        (504, b"", Ambiguous, 0),
        (302, b"", Ambiguous, 0),
        (404, b"not found", BadCall, 0),
        (413, b"", BadCall, 0),
        (429, b"", Busy, 0),
    ],
)
def test_a_failure_is_told_by_its_kind(
    status: int, body: bytes, failure: type[WeChatError], code: int
) -> None:
    with pytest.raises(WeChatError) as raised:
        read_answer(status, body)
    assert (type(raised.value), raised.value.code) == (failure, code)


@given(st.integers(100, 599), st.binary() | st.builds(lambda x: json.dumps(x).encode(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["errcode", "errmsg", "x"]), inner),
)))  # fmt: skip
def test_whatever_comes_is_an_answer_or_a_known_failure(status: int, body: bytes) -> None:
    try:
        answer = read_answer(status, body)
    except WeChatError:
        return
    assert isinstance(answer["errcode"], int)


def test_the_address_that_is_not_on_the_whitelist_is_told() -> None:
    sentence = f"invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist {RID}"
    with pytest.raises(Stopped, match=r"203\.0\.113\.7"):
        read_answer(200, json.dumps({"errcode": 40164, "errmsg": sentence}).encode())


def test_a_hint_keeps_the_request_id_and_no_openid_or_token() -> None:
    openid, token = "oABCD-1234567890_abcdefghijkl", "83_" + "x" * 130
    shortened = hint(f"invalid openid {openid} with {token} {RID}")
    assert shortened == f"invalid openid … with … {RID}"


@pytest.mark.parametrize("picture", [b"\xff\xd8\xff\xe0jpeg", b"\x89PNG\r\n\x1a\n"])
def test_a_picture_is_a_picture(picture: bytes) -> None:
    assert read_image(200, picture) == picture


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b'{"errcode":41030,"errmsg":"invalid page"}', Stopped),
        (b'{"errcode":0}', Ambiguous),
        (b"", Ambiguous),
        (b"GIF89a", Ambiguous),
    ],
)
def test_what_is_no_picture_is_never_taken_for_one(body: bytes, failure: type[WeChatError]) -> None:
    with pytest.raises(failure):
        read_image(200, body)
