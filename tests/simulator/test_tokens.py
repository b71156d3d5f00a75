"""Tokens and quotas as the platform keeps them."""

from collections.abc import Callable

import pytest

from settings import Settings
from tests.simulator.conftest import Wire

Later = Callable[..., None]


def plain(settings: Settings) -> dict[str, str]:
    return {
        "grant_type": "client_credential",
        "appid": settings.oa_app_id,
        "secret": settings.oa_secret.get_secret_value(),
    }


async def test_a_stable_token_stays_the_same_and_says_what_life_is_left(wire: Wire, later: Later) -> None:
    first = await wire.token()
    later(seconds=1000)
    second = await wire.token()
    assert second["access_token"] == first["access_token"]
    assert (first["expires_in"], second["expires_in"]) == (7200, 6200)


async def test_near_its_end_a_new_token_is_given_and_both_are_valid(wire: Wire, later: Later) -> None:
    old = (await wire.token())["access_token"]
    later(seconds=6901)
    new = (await wire.token())["access_token"]
    assert new != old
    for token in (old, new):
        assert "tags" in await wire.get("/cgi-bin/tags/get", access_token=token)


async def test_forcing_kills_the_former_token_and_is_rationed(wire: Wire, later: Later) -> None:
    old = (await wire.token())["access_token"]
    await wire.token(force=True)
    assert (await wire.get("/cgi-bin/tags/get", access_token=old))["errcode"] == 40001
    assert (await wire.token(force=True))["errcode"] == 45011
    for _ in range(19):
        later(seconds=31)
        assert "access_token" in await wire.token(force=True)
    later(seconds=31)
    assert (await wire.token(force=True))["errcode"] == 45009


async def test_the_old_endpoint_retires_its_former_token_after_five_minutes(wire: Wire, later: Later) -> None:
    stable = (await wire.token())["access_token"]
    first = (await wire.get("/cgi-bin/token", **plain(wire.settings)))["access_token"]
    second = (await wire.get("/cgi-bin/token", **plain(wire.settings)))["access_token"]
    later(seconds=299)
    assert "tags" in await wire.get("/cgi-bin/tags/get", access_token=first)
    later(seconds=2)
    assert (await wire.get("/cgi-bin/tags/get", access_token=first))["errcode"] == 40001
    for token in (second, stable):
        assert "tags" in await wire.get("/cgi-bin/tags/get", access_token=token)


async def test_missing_unknown_and_aged_tokens_are_told_apart(wire: Wire, later: Later) -> None:
    token = (await wire.token())["access_token"]
    assert (await wire.get("/cgi-bin/tags/get"))["errcode"] == 41001
    assert (await wire.get("/cgi-bin/tags/get", access_token="x"))["errcode"] == 40001
    later(seconds=7201)
    assert (await wire.get("/cgi-bin/tags/get", access_token=token))["errcode"] == 42001


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"grant_type": "x"}, 40002),
        ({"appid": ""}, 41002),
        ({"appid": "wx0"}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40125),
    ],
)
async def test_bad_credentials_are_named(wire: Wire, change: dict[str, str], errcode: int) -> None:
    given = plain(wire.settings) | change
    assert (await wire.get("/cgi-bin/token", **given))["errcode"] == errcode
    assert (await wire.post("/cgi-bin/stable_token", **given))["errcode"] == errcode


async def test_an_error_ends_with_a_request_id_whose_first_group_is_the_time(wire: Wire) -> None:
    answer = await wire.get("/cgi-bin/tags/get", access_token="x")
    first, *rest = answer["errmsg"].rsplit("rid: ", 1)[1].split("-")
    assert [len(group) for group in (first, *rest)] == [8, 8, 8]
    assert int(first, 16) > 1_700_000_000


async def test_the_other_apps_token_opens_nothing(wire: Wire) -> None:
    assert await wire.code("/cgi-bin/tags/create", app="mp", tag={"name": "x"}) == 48001
    assert await wire.code("/wxa/getwxacodeunlimit", app="oa", scene="a") == 48001


async def test_method_body_and_path_are_checked(wire: Wire) -> None:
    token = (await wire.token())["access_token"]
    path = f"/cgi-bin/message/custom/send?access_token={token}"
    assert (await wire.raw("GET", path))["errcode"] == 43002
    assert (await wire.raw("POST", path))["errcode"] == 44002
    for junk in (b"{", b"[]", b"\xff", b"1"):
        assert (await wire.raw("POST", path, data=junk))["errcode"] == 47001
    assert (await wire.get("/cgi-bin/no/such/thing"))["errcode"] == 40066


async def test_sns_answers_are_labelled_plain_text(wire: Wire) -> None:
    async with wire.client.get("/sns/jscode2session") as response:
        assert (response.status, response.content_type) == (200, "text/plain")


async def test_the_days_quota_ends_and_begins_anew_at_midnight_in_beijing(wire: Wire, later: Later) -> None:
    for _ in range(2000):
        assert "access_token" in await wire.get("/cgi-bin/token", **plain(wire.settings))
    assert (await wire.get("/cgi-bin/token", **plain(wire.settings)))["errcode"] == 45009
    later(hours=13, minutes=59)
    assert (await wire.get("/cgi-bin/token", **plain(wire.settings)))["errcode"] == 45009
    later(minutes=1)
    assert "access_token" in await wire.get("/cgi-bin/token", **plain(wire.settings))


async def test_quotas_are_shown_and_cleared_ten_times_a_month(wire: Wire) -> None:
    path = "/cgi-bin/tags/get"
    await wire.control("POST", "/control/faults", quota_left={path: 1})
    await wire.read(path)
    assert (await wire.read(path))["errcode"] == 45009
    shown = await wire.api("/cgi-bin/openapi/quota/get", cgi_path=path)
    assert shown["quota"] == {"daily_limit": 1, "used": 1, "remain": 0}
    for _ in range(10):
        assert await wire.code("/cgi-bin/clear_quota", appid=wire.settings.oa_app_id) == 0
    assert "tags" in await wire.read(path)
    assert await wire.code("/cgi-bin/clear_quota", appid=wire.settings.oa_app_id) == 48006
    assert await wire.code("/cgi-bin/openapi/quota/get", cgi_path="/no/such") == 76021


async def test_minute_limits_answer_45011(wire: Wire, later: Later) -> None:
    wish = {"touser": ["a", "b"], "msgtype": "text", "text": {"content": "x"}}
    codes = [await wire.code("/cgi-bin/message/mass/send", **wish, clientmsgid=str(n)) for n in range(61)]
    assert codes == [0] * 60 + [45011]
    later(minutes=1)
    assert await wire.code("/cgi-bin/message/mass/send", **wish, clientmsgid="61") == 0
