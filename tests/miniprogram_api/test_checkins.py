"""Scanning over HTTP."""

from datetime import timedelta
from itertools import count
from typing import Any

from handlers import codes
from handlers.context import Context
from models import CheckIn, RefusedScan
from tests.fakes import Clock
from tests.miniprogram_api.conftest import World
from tests.miniprogram_api.test_bookings import booked

NUMBERS = count()


def poster(ctx: Context, site_id: str = "S10") -> dict[str, Any]:
    """One more scan of a site's poster."""
    code = codes.poster(ctx.settings.secret_key.get_secret_value(), site_id=site_id)
    return {"code": code, "nonce": f"n-{next(NUMBERS)}"}


async def test_a_scan_is_a_check_in_and_a_second_one_says_already(
    world: World, ctx: Context, clock: Clock
) -> None:
    booking = await booked(world)
    clock.now += timedelta(hours=24)
    first = await world["member"]("POST", "/check-ins", poster(ctx))
    again = await world["member"]("POST", "/check-ins", poster(ctx))
    assert (first.status, first.body["status"]) == (201, "checked_in")
    assert (again.status, again.body["status"]) == (200, "already")
    assert (first.body["booking_id"], first.body["present"]) == (booking["id"], 1)
    assert await CheckIn.all().count() == 1


async def test_a_refused_scan_has_a_reason_and_is_kept(world: World, ctx: Context, clock: Clock) -> None:
    none = await world["member"]("POST", "/check-ins", poster(ctx))
    bad = await world["member"]("POST", "/check-ins", {"code": "https://example.com/a"})
    await booked(world)
    early = await world["member"]("POST", "/check-ins", poster(ctx))
    clock.now += timedelta(hours=27)
    late = await world["member"]("POST", "/check-ins", poster(ctx))
    reasons = [answer.body["code"] for answer in (none, bad, early, late)]
    assert reasons == ["no_booking", "bad_code", "too_early", "too_late"]
    assert "党群服务中心从 09:30 起可以签到" in early.body["detail"]
    assert [row.reason for row in await RefusedScan.all().order_by("id")] == reasons
    assert await CheckIn.all().count() == 0


async def test_an_unbound_account_is_sent_to_bind(world: World, ctx: Context) -> None:
    answer = await world["unbound"]("POST", "/check-ins", poster(ctx))
    assert (answer.status, answer.body["code"]) == (403, "not_bound")


async def test_a_repeat_under_its_key_gets_the_first_answer(world: World, ctx: Context, clock: Clock) -> None:
    await booked(world)
    clock.now += timedelta(hours=24)
    scan = poster(ctx)
    first = await world["member"]("POST", "/check-ins", scan, Idempotency_Key="scan-1")
    again = await world["member"]("POST", "/check-ins", scan, Idempotency_Key="scan-1")
    assert (first.status, first.body) == (again.status, again.body) == (201, first.body)


async def test_a_refused_scan_under_a_key_is_kept_too(world: World, ctx: Context) -> None:
    scan = poster(ctx)
    for _ in range(2):
        answer = await world["member"]("POST", "/check-ins", scan, Idempotency_Key="scan-1")
        assert answer.body["code"] == "no_booking"
    assert await RefusedScan.all().count() == 1


async def test_a_second_scan_under_another_key_says_already(world: World, ctx: Context, clock: Clock) -> None:
    await booked(world)
    clock.now += timedelta(hours=24)
    first = await world["member"]("POST", "/check-ins", poster(ctx), Idempotency_Key="scan-1")
    again = await world["member"]("POST", "/check-ins", poster(ctx), Idempotency_Key="scan-2")
    assert [first.status, again.status] == [201, 200]


async def test_the_door_code_is_for_the_keeper(world: World, ctx: Context, clock: Clock) -> None:
    answer = await world["keeper"]("GET", "/sites/S10/code")
    assert answer.status == 200
    assert answer.body["expires_at"] == "2026-11-20T10:00:30+08:00"
    secret = ctx.settings.secret_key.get_secret_value()
    assert codes.read(secret, answer.body["code"], at=clock.now) == codes.DoorCode("S10", clock.now)
    for name, code in (("member", "not_allowed"), ("other_town", "not_allowed"), ("unbound", "not_bound")):
        assert (await world[name]("GET", "/sites/S10/code")).body["code"] == code


async def test_a_keepers_log_is_answered_line_by_line(world: World, clock: Clock) -> None:
    await booked(world)
    clock.now += timedelta(hours=24)
    shown = (await world["member"]("GET", "/me/code")).body["code"]
    lines = [
        {"code": shown, "at": clock.now.isoformat()},
        {"code": shown, "at": clock.now.isoformat()},
        {"code": "forged", "at": clock.now.isoformat()},
        {"code": shown},
        {},
    ]
    clock.now += timedelta(hours=20)
    answer = await world["keeper"]("POST", "/check-ins/upload", {"scans": lines}, Idempotency_Key="log-1")
    assert [item["status"] for item in answer.body["items"]] == [
        "checked_in",
        "already",
        "bad_code",
        "bad_input",
        "bad_input",
    ]
    again = await world["keeper"]("POST", "/check-ins/upload", {"scans": lines}, Idempotency_Key="log-1")
    assert again.body == answer.body
    refused = await world["member"]("POST", "/check-ins/upload", {"scans": lines})
    assert refused.body["code"] == "not_allowed"


async def test_the_keeper_sees_why_scans_were_refused_and_not_whose(world: World, ctx: Context) -> None:
    await world["member"]("POST", "/check-ins", poster(ctx))
    await world["member"]("POST", "/check-ins", poster(ctx, "S01"))  # Another site's.
    answer = await world["keeper"]("GET", "/sites/S10/refused-scans")
    assert answer.status == 200
    [item] = answer.body["items"]
    assert set(item) == {"at", "reason", "title"}
    assert (item["at"], item["reason"]) == ("2026-11-20T10:00:00+08:00", "no_booking")
    for name, code in (("member", "not_allowed"), ("other_town", "not_allowed"), ("unbound", "not_bound")):
        assert (await world[name]("GET", "/sites/S10/refused-scans")).body["code"] == code
