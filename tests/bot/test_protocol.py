"""Promise 2: only WeChat's own, fresh messages to this account are opened."""

import json
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr
from wechatpy.crypto import WeChatCrypto

from bot.protocol import Opened, Protocol, Rejected, sign
from bot.replies import render
from settings import MessageMode, Settings
from tests.bot.platform import Platform, signature, text_message

OTHER_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"


@pytest.fixture
def demo() -> Settings:
    return Settings(_env_file=".env.demo")


@pytest.fixture
def platform(demo: Settings) -> Platform:
    return Platform(demo)


def opened(protocol: Protocol, sent: tuple[str, str]) -> Opened:
    path, body = sent
    return protocol.open(dict(parse_qsl(urlsplit(path).query)), body.encode())


def altered(sent: tuple[str, str], **changes: str | None) -> tuple[str, str]:
    """The same request with query values changed, or left out for None."""
    path, body = sent
    query = dict(parse_qsl(urlsplit(path).query)) | changes
    return "?" + "&".join(f"{name}={value}" for name, value in query.items() if value is not None), body


def test_the_signature_is_the_documented_one() -> None:
    # The platform's own vector (wechat-platform §1.2).
    assert sign(b"AAAAA", b"1714036504", b"1514711492") == b"f464b24fc39322e44b38aa78f5edd27bd1441696"


def test_verification_returns_the_echo_as_it_came(demo: Settings) -> None:
    query = {"timestamp": "1714036504", "nonce": "1514711492", "echostr": "4375120948345356249"}
    query["signature"] = signature(demo.oa_token.get_secret_value(), "1714036504", "1514711492")
    assert Protocol(demo).verify(query) == b"4375120948345356249"


@pytest.mark.parametrize("wrong", ["", "0" * 40, "签名", "f464b24fc39322e44b38aa78f5edd27bd1441696"])
def test_verification_with_a_wrong_signature_is_refused(demo: Settings, wrong: str) -> None:
    with pytest.raises(Rejected):
        Protocol(demo).verify({"timestamp": "1", "nonce": "2", "echostr": "3", "signature": wrong})


def test_a_safe_message_is_opened_and_its_reply_is_readable(demo: Settings, platform: Platform) -> None:
    protocol = Protocol(demo)
    found = opened(protocol, platform.safe(text_message("党费怎么交😀")))
    assert found.message.content == "党费怎么交😀"
    members = platform.read(protocol.seal(render("好的 ]]> & <b>", found.message).encode(), found))
    assert members["ToUserName"] == "oAlice"
    assert members["Content"] == "好的 ]]> & <b>"


def test_silence_is_never_encrypted(demo: Settings, platform: Platform) -> None:
    protocol = Protocol(demo)
    assert protocol.seal(b"", opened(protocol, platform.safe(text_message("x")))) == b"success"


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
@pytest.mark.parametrize("value", [None, "", "0", "不对", "a" * 4000])
def test_anything_changed_under_the_signature_is_refused(
    demo: Settings, platform: Platform, name: str, value: str | None
) -> None:
    with pytest.raises(Rejected):
        opened(Protocol(demo), altered(platform.safe(text_message("x")), **{name: value}))


def test_a_changed_ciphertext_is_refused(demo: Settings, platform: Platform) -> None:
    path, body = platform.safe(text_message("x"))
    at = body.index("<Encrypt><![CDATA[") + 30
    changed = body[:at] + ("A" if body[at] != "A" else "B") + body[at + 1 :]
    with pytest.raises(Rejected):
        opened(Protocol(demo), (path, changed))


def test_a_message_for_another_account_is_refused(demo: Settings, platform: Platform) -> None:
    with pytest.raises(Rejected, match="app id"):
        opened(Protocol(demo), platform.safe(text_message("x"), app_id="wxSomebodyElse00"))


def test_the_mini_programs_own_pushes_are_ours_too(demo: Settings, platform: Platform) -> None:
    found = opened(Protocol(demo), platform.safe(text_message("x"), app_id=demo.mp_app_id))
    assert found.message.app_id == demo.mp_app_id.encode()


def test_a_message_under_another_key_is_refused(demo: Settings, platform: Platform) -> None:
    with pytest.raises(Rejected):
        opened(Protocol(demo), platform.safe(text_message("x"), key=OTHER_KEY))


def test_after_a_rotation_both_keys_open_and_the_reply_uses_the_one_that_did(
    demo: Settings, platform: Platform
) -> None:
    rotated = demo.model_copy(
        update={
            "oa_encoding_aes_key": SecretStr(OTHER_KEY),
            "oa_encoding_aes_key_previous": demo.oa_encoding_aes_key,
        }
    )
    protocol = Protocol(rotated)
    for key in (OTHER_KEY, demo.oa_encoding_aes_key.get_secret_value()):
        found = opened(protocol, platform.safe(text_message("x"), key=key))
        sealed = protocol.seal(render("好", found.message).encode(), found)
        assert platform.read(sealed, key=key)["Content"] == "好"


@pytest.mark.parametrize("seconds", [-86_400, -601, 602, 86_400, -(10**9)])
def test_ancient_and_future_messages_are_refused(demo: Settings, platform: Platform, seconds: int) -> None:
    with pytest.raises(Rejected, match="age"):
        opened(Protocol(demo), platform.safe(text_message("x"), timestamp=int(time.time()) + seconds))


def test_age_is_not_looked_at_when_the_setting_says_so(demo: Settings, platform: Platform) -> None:
    protocol = Protocol(demo.model_copy(update={"callback_max_age": 0}))
    assert opened(protocol, platform.safe(text_message("x"), timestamp=1409659813)).message.kind == "text"


def test_a_clear_message_is_refused_in_safe_mode(demo: Settings, platform: Platform) -> None:
    with pytest.raises(Rejected, match="safe"):
        opened(Protocol(demo), platform.plain(text_message("x")))


@pytest.mark.parametrize("mode", [MessageMode.PLAIN, MessageMode.COMPATIBLE])
def test_clear_messages_are_opened_in_the_other_modes(
    demo: Settings, platform: Platform, mode: MessageMode
) -> None:
    protocol = Protocol(demo.model_copy(update={"oa_message_mode": mode}))
    found = opened(protocol, platform.plain(text_message("x")))
    assert found.message.content == "x"
    assert protocol.seal(b"<xml/>", found) == b"<xml/>"
    with pytest.raises(Rejected):
        opened(protocol, altered(platform.plain(text_message("x")), signature="0" * 40))


def test_compatible_mode_believes_the_sealed_part_only(demo: Settings, platform: Platform) -> None:
    path, body = platform.safe(text_message("真的"))
    fake = (
        text_message("假的<Encrypt><![CDATA[AAAA]]&gt;</Encrypt>")
        .removeprefix("<xml>")
        .removesuffix("</xml>")
    )
    both = body.replace("<xml>", f"<xml>{fake}", 1)
    protocol = Protocol(demo.model_copy(update={"oa_message_mode": MessageMode.COMPATIBLE}))
    assert opened(protocol, (path, both)).message.content == "真的"


def test_a_quoted_envelope_in_a_clear_member_does_not_hide_the_real_one(
    demo: Settings, platform: Platform
) -> None:
    path, body = platform.safe(text_message("真的"))
    quoted = (
        "<Content>&lt;x&gt;<![CDATA[ <Encrypt>]]></Content><Note><Encrypt><![CDATA[AAAA]]></Encrypt></Note>"
    )
    both = body.replace("<xml>", f"<xml>{quoted}", 1)
    assert opened(Protocol(demo), (path, both)).message.content == "真的"


def test_json_envelopes_are_opened_and_answered_in_json(demo: Settings, platform: Platform) -> None:
    clear = json.dumps(
        {"ToUserName": "gh_1", "FromUserName": "oA", "CreateTime": 1, "MsgType": "text", "Content": "问"}
    )
    path, body = platform.safe(clear)
    sealed = body.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    protocol = Protocol(demo)
    found = opened(protocol, (path, json.dumps({"ToUserName": "gh_1", "Encrypt": sealed})))
    answer = json.loads(protocol.seal(render("答", found.message).encode(), found))
    crypto = WeChatCrypto(platform.token, demo.oa_encoding_aes_key.get_secret_value(), demo.oa_app_id)
    as_xml = {"Encrypt": answer["Encrypt"]}
    inner = crypto.decrypt_message(as_xml, answer["MsgSignature"], str(answer["TimeStamp"]), answer["Nonce"])
    assert json.loads(inner)["Content"] == "答"


@pytest.mark.parametrize("inside", ["<xml><broken", "<xml></xml>", "junk", "[]"])
def test_an_authentic_envelope_with_no_message_inside_is_passed_over(
    demo: Settings, platform: Platform, inside: str
) -> None:
    assert opened(Protocol(demo), platform.safe(inside)).message.kind == ""


@pytest.mark.parametrize("body", ["", "junk", "<xml/>", "<xml><Encrypt/></xml>", "{}", '{"Encrypt":5}', "[]"])
def test_a_body_without_an_envelope_is_refused(demo: Settings, platform: Platform, body: str) -> None:
    path, _ = platform.safe(text_message("x"))
    with pytest.raises(Rejected):
        opened(Protocol(demo), (path, body))
