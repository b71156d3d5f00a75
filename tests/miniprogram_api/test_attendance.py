"""Who is there, over HTTP: names from paper, heads, what uploaded logs left open."""

from datetime import timedelta

from models import CheckIn, Person
from tests.fakes import Clock
from tests.miniprogram_api.conftest import World
from tests.miniprogram_api.test_bookings import booked


async def test_a_list_on_paper_is_answered_row_by_row_and_counted(world: World, clock: Clock) -> None:
    booking = await booked(world)
    await Person.create(name="赵甲", organization=world.near)
    path, form = f"/bookings/{booking['id']}/check-ins", {"names": ["赵甲", "赵甲", "没有这人"]}
    early = await world["keeper"]("POST", path, form)
    assert early.body["code"] == "too_early"
    clock.now += timedelta(hours=24)
    answer = await world["keeper"]("POST", path, form, Idempotency_Key="list-1")
    assert [item["status"] for item in answer.body["items"]] == ["checked_in", "already", "unknown_name"]
    again = await world["keeper"]("POST", path, form, Idempotency_Key="list-1")
    assert again.body == answer.body
    heads = await world["keeper"]("GET", "/sites/S10/present")
    [visit] = heads.body["items"]
    assert (visit["booking_id"], visit["present"], visit["branch"]) == (booking["id"], 1, "甲社区党支部")
    assert await CheckIn.all().count() == 1
    for name, code in (("worker", "not_allowed"), ("other_town", "not_allowed"), ("unbound", "not_bound")):
        assert (await world[name]("POST", path, form)).body["code"] == code
    empty = await world["keeper"]("POST", path, {"names": []})
    assert (empty.status, empty.body["code"]) == (422, "bad_input")


async def test_the_keeper_sees_what_a_log_left_open(world: World, clock: Clock) -> None:
    await booked(world)
    clock.now += timedelta(hours=24)
    shown = (await world["member"]("GET", "/me/code")).body["code"]
    scans = [{"code": shown, "at": clock.now.isoformat()}, {"code": "forged", "at": clock.now.isoformat()}]
    await world["keeper"]("POST", "/check-ins/upload", {"scans": scans})
    answer = await world["keeper"]("GET", "/sites/S10/scan-conflicts")
    assert [(item["reason"], item["name"], item["title"]) for item in answer.body["items"]] == [
        ("bad_code", "", "二维码无效")
    ]
