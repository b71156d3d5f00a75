"""The client over real sockets: token, retries, doubt, limits, and what is written down about it."""

import asyncio
import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from handlers.gateways import apis, wire
from handlers.gateways.client import Client
from handlers.gateways.errors import (
    Ambiguous,
    BadCall,
    Busy,
    NotDone,
    QuotaSpent,
    Stopped,
    TokenRejected,
    UnknownCode,
    Unreachable,
    UserMustRedo,
    WeChatError,
)
from handlers.gateways.wechat import MassReceipt, WeChatApi
from tests.fakes import Clock
from tests.handlers.gateways.conftest import Sleeper
from tests.handlers.gateways.platform import OK, Platform
from tests.servers import free_port

OPENID = "oABCD1234567890abcdefghijklmn"
BUSY = {"errcode": -1, "errmsg": "system error"}


async def test_chinese_goes_out_unescaped(api: WeChatApi, platform: Platform) -> None:
    await api.send_text(OPENID, "支部🚩")
    [(path, query, body)] = platform.calls
    assert (path, query) == ("/cgi-bin/message/custom/send", {"access_token": "oa-token-1"})
    assert "支部🚩".encode() in body
    assert json.loads(body) == {"touser": OPENID, "msgtype": "text", "text": {"content": "支部🚩"}}


async def test_half_a_character_does_not_stop_a_message(api: WeChatApi, platform: Platform) -> None:
    await api.send_text(OPENID, "a\ud83db")
    assert json.loads(platform.calls[0][2])["text"]["content"] == "a?b"


async def test_a_dead_token_is_replaced_and_the_call_repeated_once(
    api: WeChatApi, platform: Platform
) -> None:
    await api.send_text(OPENID, "一")
    platform.revoke()
    await api.send_text(OPENID, "二")
    assert [query["access_token"] for _, query, _ in platform.calls] == [
        "oa-token-1", "oa-token-1", "oa-token-2",
    ]  # fmt: skip


async def test_a_token_that_is_refused_again_raises(api: WeChatApi, platform: Platform) -> None:
    platform.script = [{"errcode": 42001}] * 10
    with pytest.raises(TokenRejected):
        await api.send_text(OPENID, "一")
    assert len(platform.calls) == 2


async def test_fifty_calls_with_a_dead_token_cause_one_fetch(api: WeChatApi, platform: Platform) -> None:
    await api.send_text(OPENID, "一")
    platform.revoke()
    await asyncio.gather(*(api.send_text(OPENID, "二") for _ in range(50)))
    assert len(platform.fetches) == 2
    assert len(platform.calls) <= 1 + 2 * 50


async def test_a_busy_platform_is_asked_again_after_one_and_two_seconds(
    api: WeChatApi, platform: Platform, sleeper: Sleeper
) -> None:
    platform.script = [BUSY, BUSY]
    await api.send_text(OPENID, "一")
    assert sleeper.pauses == [1, 2]
    platform.script = [BUSY] * 10
    with pytest.raises(Busy):
        await api.send_text(OPENID, "一")
    assert len(platform.calls) == 6


@pytest.mark.parametrize("answer", ["drop", b"", b"<html>", "hang"])
async def test_a_send_without_an_answer_is_ambiguous_and_never_repeated(
    client: Client, platform: Platform, answer: object
) -> None:
    platform.script = [answer]
    quick = replace(apis.SEND_CUSTOM, seconds=0.2)
    with pytest.raises(Ambiguous):
        await client.call(quick, body={"touser": OPENID})
    assert len(platform.calls) == 1


async def test_a_reading_call_without_an_answer_is_repeated(api: WeChatApi, platform: Platform) -> None:
    platform.script = ["drop", b"", {"subscribe": 1, "unionid": "u1"}]
    assert await api.union_id(OPENID) == "u1"


async def test_no_connection_means_surely_not_done(
    platform: Platform, make_tokens: object, clock: Clock, sleeper: Sleeper
) -> None:
    async with wire.open_wire(f"http://127.0.0.1:{free_port()}") as nowhere:
        client = Client(nowhere, {}, now=clock, sleep=sleeper)
        with pytest.raises(Unreachable):
            await client.call(apis.LOG_IN, query={"js_code": "c"})


async def test_a_call_that_got_no_token_is_surely_not_done(api: WeChatApi, platform: Platform) -> None:
    platform.fetch_script = ["drop"] * 50
    with pytest.raises(Unreachable):
        await api.send_text(OPENID, "一")
    assert platform.calls == []


async def test_a_mass_message_is_repeated_under_its_id_until_the_platform_knows_it(
    api: WeChatApi, platform: Platform, sleeper: Sleeper
) -> None:
    platform.script = [
        "drop",
        {"errcode": 45066, "errmsg": "clientmsgid retried too soon"},
        {"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": 34182},
    ]
    receipt = await api.send_mass_text(["o1", "o2"], "课", client_message_id="lesson-1")
    assert receipt == MassReceipt(message_id="34182", repeated=True)
    assert {json.loads(body)["clientmsgid"] for _, _, body in platform.calls} == {"lesson-1"}
    assert sleeper.pauses[1] >= 60


@pytest.mark.parametrize("later", [BUSY, {"errcode": 45009}, {"errcode": 48001}, {"errcode": 40130}])
async def test_once_in_doubt_always_in_doubt(api: WeChatApi, platform: Platform, later: object) -> None:
    platform.script = ["drop", later, later]
    with pytest.raises(Ambiguous):
        await api.send_mass_text(["o1", "o2"], "课", client_message_id="lesson-1")


async def test_a_first_mass_message_gets_its_receipt(api: WeChatApi, platform: Platform) -> None:
    platform.script = [{"errcode": 0, "errmsg": "send job submission success", "msg_id": 7}]
    receipt = await api.send_mass_text(["o1", "o2"], "课", client_message_id="lesson-1")
    assert receipt == MassReceipt(message_id="7", repeated=False)


async def test_a_spent_quota_stops_the_api_until_midnight(
    api: WeChatApi, platform: Platform, clock: Clock
) -> None:
    platform.script = [{"errcode": 45009, "errmsg": "reach max api daily quota limit"}]
    for _ in range(3):
        with pytest.raises(QuotaSpent) as raised:
            await api.send_text(OPENID, "一")
    assert raised.value.retry_after == 14 * 3600
    assert len(platform.calls) == 1
    assert await api.union_id(OPENID) is None, "other APIs go on"
    clock.now += timedelta(hours=14)
    await api.send_text(OPENID, "一")


async def test_a_stopped_api_alerts_and_recovers(
    api: WeChatApi, platform: Platform, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path = {"path": apis.SEND_CUSTOM.path}
    platform.script = [{"errcode": 48001, "errmsg": "api unauthorized"}]
    with pytest.raises(Stopped):
        await api.send_text(OPENID, "一")
    assert REGISTRY.get_sample_value("zbt_wechat_stopped", path) == 48001
    [record] = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert record.getMessage().startswith(f"wechat_stopped path={apis.SEND_CUSTOM.path} code=48001")
    clock.now += timedelta(seconds=60)
    await api.send_text(OPENID, "一")
    assert REGISTRY.get_sample_value("zbt_wechat_stopped", path) == 0


async def test_an_address_off_the_whitelist_is_told_with_the_alert(
    api: WeChatApi, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    platform.fetch_script = [{"errcode": 40164, "errmsg": "invalid ip 203.0.113.7, not in whitelist"}] * 9
    with pytest.raises(Stopped):
        await api.send_text(OPENID, "一")
    assert "203.0.113.7" in caplog.text
    assert len(platform.fetches) == 1


@pytest.mark.parametrize(("code", "failure"), [(47001, BadCall), (98765, UnknownCode), (40037, Stopped)])
async def test_what_would_fail_again_is_not_repeated(
    api: WeChatApi, platform: Platform, code: int, failure: type[NotDone]
) -> None:
    platform.script = [{"errcode": code}] * 5
    with pytest.raises(failure):
        await api.send_subscribe_message(OPENID, "TPL", {"thing1": "课"})
    assert len(platform.calls) == 1


async def test_neither_logs_nor_failures_hold_a_token_a_secret_or_an_openid(
    client: Client, api: WeChatApi, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    for answer in (
        "drop",
        b"x",
        {"errcode": 40003, "errmsg": f"invalid openid {OPENID}"},
        {"errcode": 48001},
    ):
        platform.script = [answer] * 5
        for call in (api.send_text(OPENID, "正文"), api.log_in("the-code"), api.union_id(OPENID)):
            try:
                await call
            except WeChatError as error:
                told.append(repr(error))
    platform.script = ["hang"]
    with pytest.raises(WeChatError) as raised:
        await client.call(replace(apis.SEND_SUBSCRIBE, seconds=0.1), body={"touser": OPENID})
    told.append(repr(raised.value))
    ours = [one.getMessage() for one in caplog.records if one.name != "aiohttp.access"]
    everything = "".join(ours + told)
    assert ours
    assert told
    for secret in ("oa-token-1", "the-secret", OPENID, "正文", "the-code"):
        assert secret not in everything


async def test_connections_are_used_again(api: WeChatApi, platform: Platform) -> None:
    for _ in range(20):
        await api.send_text(OPENID, "一")
    assert len(platform.clients) == 1


async def test_mass_messages_keep_to_sixty_a_minute(
    api: WeChatApi, platform: Platform, sleeper: Sleeper
) -> None:
    platform.script = [OK | {"msg_id": 1}] * 30
    for number in range(30):
        await api.send_mass_text(["o1", "o2"], "课", client_message_id=f"lesson-{number}")
    assert sum(sleeper.pauses) == pytest.approx(20)


async def test_calls_are_counted_by_path_and_outcome(api: WeChatApi, platform: Platform) -> None:
    def count(outcome: str) -> float:
        labels = {"path": apis.CREATE_MENU.path, "outcome": outcome}
        return REGISTRY.get_sample_value("zbt_wechat_calls_total", labels) or 0

    ok, busy = count("ok"), count("Busy")
    platform.script = [BUSY]
    await api.create_menu({"button": []})
    assert (count("ok") - ok, count("Busy") - busy) == (1, 1)


@pytest.mark.parametrize("answer", [{"errcode": 40029}, {"errcode": 40163}, "drop", b""])
async def test_a_used_or_doubtful_code_must_be_made_anew(
    api: WeChatApi, platform: Platform, answer: object
) -> None:
    platform.script = [answer] * 2
    with pytest.raises(UserMustRedo):
        await api.log_in("the-code")


@pytest.mark.parametrize("answer", ["drop", b""])
async def test_a_doubtful_phone_code_is_not_spent_twice(
    api: WeChatApi, platform: Platform, answer: object
) -> None:
    platform.script = [answer]
    with pytest.raises(UserMustRedo):
        await api.phone_number("the-code")
    assert len(platform.calls) == 1
