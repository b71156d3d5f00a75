"""Bad days on demand, and a good day again."""

import aiohttp
import pytest

from tests.simulator.conftest import MEMBER, Wire

MASS = "/cgi-bin/message/mass/send"
BODY = {
    "touser": [MEMBER, "oDemo-member-shequ-000000002"],
    "msgtype": "text",
    "text": {"content": "课"},
    "clientmsgid": "c-1",
}


@pytest.mark.parametrize("kind", ["drop", "accept_then_timeout"])
async def test_what_was_accepted_stays_done_though_no_answer_comes(wire: Wire, kind: str) -> None:
    fault = {"path": MASS, "times": 1, "seconds": 0.05}
    await wire.control("POST", "/control/faults", **{kind: fault})
    with pytest.raises(aiohttp.ClientError):
        await wire.api(MASS, **BODY)
    assert await wire.code(MASS, **BODY) == 45066
    assert len(await wire.sent()) == 1


async def test_errors_strike_a_path_so_many_times_and_change_nothing(wire: Wire) -> None:
    await wire.control("POST", "/control/faults", errors=[{"path": MASS, "errcode": 45009, "times": 2}])
    assert [await wire.code(MASS, **BODY) for _ in range(3)] == [45009, 45009, 0]
    counted = await wire.control("GET", "/control/calls")
    assert counted[MASS] == {"0": 1, "45009": 2}
    assert len(await wire.sent()) == 1


async def test_probability_is_a_share(wire: Wire) -> None:
    rule = {"path": "/cgi-bin/tags/*", "errcode": -1, "probability": 0.5}
    await wire.control("POST", "/control/faults", errors=[rule], seed=1)
    answers = [await wire.read("/cgi-bin/tags/get") for _ in range(100)]
    assert 30 < sum("errcode" in answer for answer in answers) < 70


async def test_a_gateway_error_is_no_json(wire: Wire) -> None:
    await wire.control("POST", "/control/faults", errors=[{"path": "/cgi-bin/token", "status": 502}])
    async with wire.client.get("/cgi-bin/token") as response:
        assert response.status == 502
        assert response.content_type == "text/html"


async def test_an_empty_answer_after_the_effect(wire: Wire) -> None:
    await wire.control("POST", "/control/faults", empty_body=[{"path": MASS, "times": 1}])
    token = (await wire.token())["access_token"]
    async with wire.client.post(f"{MASS}?access_token={token}", json=BODY) as response:
        assert (response.status, await response.read()) == (200, b"")
    assert len(await wire.sent()) == 1


async def test_token_death_kills_the_token_once(wire: Wire) -> None:
    dead = (await wire.token())["access_token"]
    await wire.control("POST", "/control/faults", token_death=True)
    assert (await wire.get("/cgi-bin/tags/get", access_token=dead))["errcode"] == 40001
    new = (await wire.token())["access_token"]
    assert new != dead
    assert "tags" in await wire.get("/cgi-bin/tags/get", access_token=new)
    assert (await wire.token())["access_token"] == new


async def test_clearing_ends_every_fault_and_restores_quotas(wire: Wire) -> None:
    rule = {"path": "*", "errcode": -1}
    await wire.control("POST", "/control/faults", errors=[rule], quota_left={MASS: 0}, duplicate_callbacks=1)
    await wire.control("DELETE", "/control/faults")
    assert await wire.code(MASS, **BODY) == 0
    await wire.say("你好")
    assert (await wire.control("GET", "/control/callbacks"))["duplicates"] == 0


@pytest.mark.parametrize(
    "bad",
    [
        {"latency": 3},
        {"latency_ms": "slow"},
        {"errors": [{"errcode": 1}]},
        {"errors": [{"path": "/x", "chance": 1}]},
        {"drop": [{"path": "/x", "probability": 2}]},
        {"quota_left": {"/x": -1}},
    ],
)
async def test_a_fault_that_is_not_understood_changes_nothing(wire: Wire, bad: dict[str, object]) -> None:
    before = await wire.control("GET", "/control/faults")
    answer = await wire.control("POST", "/control/faults", status=400, duplicate_callbacks=0.5, **bad)
    assert answer["code"] == "bad_fault"
    assert await wire.control("GET", "/control/faults") == before
