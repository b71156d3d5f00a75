"""The map, and bookings from wish to visit."""

from datetime import datetime, timedelta
from typing import Any

from models import Booking, Site, SiteStatus
from tests.fakes import Clock
from tests.miniprogram_api.conftest import World


def wish(world: World, **changes: Any) -> dict[str, Any]:
    """What a branch worker sends."""
    return {"slot_id": world.slots[0].id, "headcount": 20, "theme": "重温入党誓词"} | changes


async def booked(world: World, **changes: Any) -> Any:
    """A booking made through the door."""
    answer = await world["worker"]("POST", "/bookings", wish(world, **changes))
    assert answer.status == 201, answer.body
    return answer.body


async def test_the_map_tells_how_far_and_keeps_the_contact(world: World) -> None:
    answer = await world["unbound"]("GET", "/sites?lat=36.643&lng=117.966&category=URBAN&q=党群")
    (site,) = answer.body["items"]
    assert (site["id"], site["distance_m"]) == ("S10", 0)
    assert site["position"] == {"lng": 117.966, "lat": 36.643, "datum": "gcj02"}
    assert "19900000001" not in str(answer.body)
    assert answer.body["next"] is None


async def test_a_site_and_its_slots(world: World) -> None:
    assert (await world["member"]("GET", "/sites/S10")).body["distance_m"] is None
    slots = (await world["member"]("GET", "/sites/S10/slots")).body["items"]
    assert [slot["starts_at"] for slot in slots] == ["2026-11-21T10:00:00+08:00", "2026-11-22T10:00:00+08:00"]
    assert [slot["free"] for slot in slots] == [30, 30]
    one_day = await world["member"]("GET", "/sites/S10/slots?from=2026-11-22&to=2026-11-22")
    assert [slot["id"] for slot in one_day.body["items"]] == [world.slots[1].id]


async def test_a_booking_is_shown_to_its_branch_with_the_contact(world: World) -> None:
    booking = await booked(world)
    assert booking["status"] == "confirmed"
    assert booking["branch"]["name"] == "甲社区党支部"
    shown = await world["member"]("GET", f"/bookings/{booking['id']}")
    assert shown.body["site"]["contact"] == "演示甲 19900000001"
    assert "演示worker" not in str(shown.body)


async def test_another_branch_does_not_find_it(world: World) -> None:
    booking = await booked(world)
    answer = await world["other_worker"]("GET", f"/bookings/{booking['id']}")
    assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert (await world["other_worker"]("GET", "/bookings")).body["items"] == []


async def test_who_may_not_book(world: World) -> None:
    for name, status, code in (
        ("stranger", 401, "unauthenticated"),
        ("unbound", 403, "not_bound"),
        ("member", 403, "not_your_branch"),
        ("keeper", 403, "not_your_branch"),
    ):
        answer = await world[name]("POST", "/bookings", wish(world))
        assert (answer.status, answer.body["code"]) == (status, code)
    assert await Booking.all().count() == 0


async def test_refusals_of_a_booking(world: World) -> None:
    await booked(world)
    again = await world["worker"]("POST", "/bookings", wish(world))
    full = await world["other_worker"]("POST", "/bookings", wish(world, headcount=11))
    nowhere = await world["other_worker"]("POST", "/bookings", wish(world, slot_id=10**6))
    many = await world["other_worker"]("POST", "/bookings", wish(world, headcount=31))
    await Site.filter(id="S10").update(status=SiteStatus.PAUSED)
    closed = await world["other_worker"]("POST", "/bookings", wish(world))
    assert [answer.body["code"] for answer in (again, full, nowhere, many, closed)] == [
        "already_booked",
        "slot_full",
        "not_found",
        "bad_input",
        "slot_closed",
    ]
    assert await Booking.all().count() == 1


async def test_waiting_where_it_is_full_and_moving_up_when_places_come_free(world: World) -> None:
    booking = await booked(world)
    waiting = await world["other_worker"]("POST", "/bookings", wish(world, wait=True))
    assert (waiting.status, waiting.body["status"]) == (201, "waiting")
    assert waiting.body["site"]["contact"] is None
    cancelled = await world["worker"]("POST", f"/bookings/{booking['id']}/cancel")
    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    moved = await world["other_worker"]("GET", f"/bookings/{waiting.body['id']}")
    assert moved.body["status"] == "offered"
    assert moved.body["offered_until"] == moved.body["slot"]["starts_at"]
    path = f"/bookings/{waiting.body['id']}/accept"
    assert (await world["worker"]("POST", path)).body["code"] == "not_found"
    assert (await world["other_worker"]("POST", path)).body["status"] == "confirmed"
    assert (await world["other_worker"]("POST", path)).body["status"] == "confirmed"


async def test_a_headcount_grows_and_shrinks_through_the_door(world: World) -> None:
    booking = await booked(world)
    path = f"/bookings/{booking['id']}/headcount"
    assert (await world["worker"]("POST", path, {"headcount": 30})).body["headcount"] == 30
    assert (await world["worker"]("POST", path, {"headcount": 31})).body["code"] == "bad_input"
    assert (await world["member"]("POST", path, {"headcount": 5})).body["code"] == "not_allowed"
    assert (await world["worker"]("POST", path, {"headcount": 5})).body["headcount"] == 5
    slots = (await world["member"]("GET", "/sites/S10/slots")).body["items"]
    assert slots[0]["free"] == 25


async def test_a_keeper_closes_a_slot_and_its_visit_moves(world: World) -> None:
    booking = await booked(world)
    closing = {"reason": "设备检修", "move_to": world.slots[1].id}
    path = f"/slots/{world.slots[0].id}/close"
    assert (await world["worker"]("POST", path, closing)).body["code"] == "not_allowed"
    closed = await world["keeper"]("POST", path, closing)
    assert closed.body == {"slots": 1, "moved": 1, "cancelled": 0}
    moved = (await world["worker"]("GET", f"/bookings/{booking['id']}")).body
    assert (moved["slot"]["id"], moved["status"], moved["reason"]) == (
        world.slots[1].id,
        "confirmed",
        "设备检修",
    )
    opened = await world["keeper"]("POST", f"/slots/{world.slots[0].id}/open")
    assert (opened.body["closed"], opened.body["free"]) == (False, 30)


async def test_a_keeper_confirms_or_declines_with_a_reason(world: World) -> None:
    await Site.filter(id="S10").update(needs_approval=True)
    first = await booked(world)
    assert (first["status"], first["site"]["contact"]) == ("requested", None)
    assert (await world["worker"]("POST", f"/bookings/{first['id']}/confirm")).body["code"] == "not_allowed"
    confirmed = await world["keeper"]("POST", f"/bookings/{first['id']}/confirm")
    assert confirmed.body["status"] == "confirmed"
    second = await booked(world, slot_id=world.slots[1].id)
    path = f"/bookings/{second['id']}/decline"
    assert (await world["keeper"]("POST", path, {})).body["code"] == "bad_input"
    declined = await world["keeper"]("POST", path, {"reason": "当天检修"})
    assert (declined.body["status"], declined.body["reason"]) == ("declined", "当天检修")
    late = await world["keeper"]("POST", f"/bookings/{second['id']}/confirm")
    assert (late.status, late.body["code"]) == (409, "wrong_state")


async def test_pages_follow_each_other_without_gap_or_repeat(world: World) -> None:
    made = [(await booked(world, slot_id=slot.id))["id"] for slot in world.slots]
    first = (await world["worker"]("GET", "/bookings?limit=1")).body
    second = (await world["worker"]("GET", f"/bookings?limit=1&cursor={first['next']}")).body
    assert [page["items"][0]["id"] for page in (first, second)] == sorted(made, reverse=True)
    assert second["next"] is None
    none = await world["worker"]("GET", "/bookings?status=waiting")
    assert none.body == {"items": [], "next": None}


async def test_each_duty_sees_what_it_covers(world: World) -> None:
    await booked(world)
    seen = {
        name: len((await world[name]("GET", "/bookings")).body["items"])
        for name in ("member", "keeper", "town", "district", "other_town", "other_worker")
    }
    assert seen == {"member": 1, "keeper": 1, "town": 1, "district": 1, "other_town": 0, "other_worker": 0}


async def test_a_visit_goes_into_the_calendar(world: World) -> None:
    booking = await booked(world)
    answer = await world["member"]("GET", f"/bookings/{booking['id']}.ics")
    assert answer.status == 200
    assert answer.body.startswith("BEGIN:VCALENDAR")
    await world["worker"]("POST", f"/bookings/{booking['id']}/cancel")
    assert (await world["member"]("GET", f"/bookings/{booking['id']}.ics")).body["code"] == "wrong_state"


async def test_every_time_has_beijings_offset(world: World, clock: Clock) -> None:
    booking = await booked(world)
    times = [booking["created_at"], booking["slot"]["starts_at"], booking["slot"]["ends_at"]]
    for text in times:
        assert datetime.fromisoformat(text).utcoffset() == timedelta(hours=8)
    assert times[0] == clock.now.isoformat()
