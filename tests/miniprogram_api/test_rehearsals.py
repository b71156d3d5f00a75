"""A rehearsal over HTTP: opened, joined by its code, played on two phones."""

import json
import re

from tests.miniprogram_api.conftest import World


async def test_two_phones_play_and_each_is_told_what_its_role_does_now(world: World) -> None:
    made = await world["worker"]("POST", "/rehearsals", {"case": "C2"})
    path = f"/rehearsals/{made.body['id']}"
    assert (made.status, made.body["stage"], made.body["seat"]) == (201, "gathering", 1)
    code = (await world["worker"]("GET", f"{path}/code")).body["code"]
    assert (await world["member"]("GET", path)).status == 404
    assert (await world["member"]("POST", "/rehearsals/join", {"code": code})).body["seat"] == 2
    await world["member"]("POST", f"{path}/acts", {"kind": "take", "role": "R20"})
    await world["worker"]("POST", f"{path}/acts", {"kind": "start"})

    mine, hosts = await world["member"]("GET", path), await world["worker"]("GET", path)
    assert (mine.body["mine"], mine.body["may_confirm"]) == (True, True)
    assert (hosts.body["mine"], hosts.body["may_confirm"]) == (False, False)
    assert mine.body["now"]["code"] == "C2-01"

    refused = await world["worker"]("POST", f"{path}/acts", {"kind": "confirm", "step": 12})
    assert (refused.status, refused.body["code"]) == (409, "step_refused")
    assert "现在是第1步" in refused.body["detail"]
    assert "依据" in refused.body["detail"]
    done = await world["member"]("POST", f"{path}/acts", {"kind": "confirm", "step": 1})
    assert (done.body["done"][0]["by"], done.body["done"][0]["leaves"]) == (2, ["换届提醒函"])
    assert [one["id"] for one in (await world["member"]("GET", "/rehearsals")).body["items"]] == [
        made.body["id"]
    ]


async def test_a_rehearsal_that_was_stopped_is_over_but_not_complete(world: World) -> None:
    made = await world["worker"]("POST", "/rehearsals", {"case": "C3"})
    path = f"/rehearsals/{made.body['id']}/acts"
    early = await world["worker"]("POST", path, {"kind": "finish"})
    assert early.body["code"] == "step_refused"
    ended = await world["worker"]("POST", path, {"kind": "stop"})
    assert (ended.body["stage"], ended.body["complete"]) == ("finished", False)
    again = await world["worker"]("POST", path, {"kind": "start"})
    assert (again.status, again.body["code"]) == (409, "wrong_state")


async def test_a_phone_that_listens_is_told_the_version_and_one_that_knows_it_is_not(world: World) -> None:
    made = await world["worker"]("POST", "/rehearsals", {"case": "C2"})
    path = f"/rehearsals/{made.body['id']}/news"
    told = await world["worker"]("GET", path)
    assert told.status == 200
    data = re.search(r"event: rehearsal\ndata: (.*)\n\n", str(told.body))
    assert data is not None
    assert json.loads(data[1]) == (await world["worker"]("GET", path.removesuffix("/news"))).body
    assert "data" not in str((await world["worker"]("GET", f"{path}?after=1")).body)
    assert (await world["member"]("GET", path)).status == 404
