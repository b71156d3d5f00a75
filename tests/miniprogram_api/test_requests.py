"""Bad requests: each gets a quick refusal with a stable code, and changes nothing."""

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from redis.asyncio import Redis

from handlers.context import Context
from miniprogram_api import limits, requests
from miniprogram_api.forms import SENTENCES, BookingForm, fill, parse
from miniprogram_api.table import LARGEST_BODY
from models import AuditEntry, Booking, Complaint
from tests.miniprogram_api import description
from tests.miniprogram_api.conftest import Caller, Client, World, read

JSON = {"Content-Type": "application/json"}

BAD_BODIES: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "no body": (b"", JSON, 400, "bad_json"),
    "half a body": (b'{"text": "', JSON, 400, "bad_json"),
    "not UTF-8": (b'{"text": "\xff\xfe"}', JSON, 400, "bad_json"),
    "UTF-16": ('{"text": "x"}'.encode("utf-16"), JSON, 400, "bad_json"),
    "NaN": (b'{"text": NaN}', JSON, 400, "bad_json"),
    "infinity": (b'{"text": -Infinity}', JSON, 400, "bad_json"),
    "a float beyond floats": (b'{"text": 1e999}', JSON, 400, "bad_json"),
    "a depth bomb": (b"[" * 60_000, JSON, 400, "bad_json"),
    "an object bomb": (b'{"a":' * 10_000, JSON, 400, "bad_json"),
    "a number of 50,000 digits": (b'{"text": ' + b"9" * 50_000 + b"}", JSON, 400, "bad_json"),
    "two documents": (b'{"text": "x"} {}', JSON, 400, "bad_json"),
    "a list": (b"[]", JSON, 422, "bad_input"),
    "a string": (b'"text"', JSON, 422, "bad_input"),
    "null": (b"null", JSON, 422, "bad_input"),
    "nothing in it": (b"{}", JSON, 422, "bad_input"),
    "a number for text": (b'{"text": 1}', JSON, 422, "bad_input"),
    "only spaces": ('{"text": " \u3000 "}'.encode(), JSON, 422, "bad_input"),
    "too long": (json.dumps({"text": "字" * 1001}).encode(), JSON, 422, "bad_input"),
    "a NUL": (b'{"text": "a\\u0000b"}', JSON, 422, "bad_input"),
    "half a surrogate pair": (b'{"text": "\\ud800"}', JSON, 422, "bad_input"),
    "one byte too much": (b" " * (LARGEST_BODY + 1), JSON, 413, "too_large"),
    "no type": (b'{"text": "x"}', {"Content-Type": ""}, 415, "wrong_content_type"),
    "a form": (b"text=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "wrong_content_type"),
    "a compressed body": (b"\x1f\x8b", JSON | {"Content-Encoding": "gzip"}, 415, "wrong_content_type"),
    "an empty key": (b'{"text": "x"}', JSON | {"Idempotency-Key": ""}, 400, "bad_idempotency_key"),
    "a long key": (b'{"text": "x"}', JSON | {"Idempotency-Key": "k" * 129}, 400, "bad_idempotency_key"),
    "a key with spaces": (b'{"text": "x"}', JSON | {"Idempotency-Key": "a b"}, 400, "bad_idempotency_key"),
}


async def test_every_bad_body_is_refused_with_its_code(client: Client) -> None:
    told = {}
    for name, (body, headers, _, _) in BAD_BODIES.items():
        response = await client.post("/api/v1/complaints", data=body, headers=headers)
        await description.check("POST", "/api/v1/complaints", response)
        answer = await read(response)
        told[name] = (answer.status, answer.body["code"])
    assert told == {name: (status, code) for name, (_, _, status, code) in BAD_BODIES.items()}
    assert await Complaint.all().count() == 0


async def test_a_body_in_pieces_may_not_be_larger_either(client: Client) -> None:
    async def pieces() -> Any:
        for _ in range(LARGEST_BODY // 1024 + 1):
            yield b" " * 1024

    response = await client.post("/api/v1/complaints", data=pieces(), headers=JSON)
    assert response.status == 413


async def test_a_body_that_does_not_come_is_not_waited_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "SLOWEST_BODY", 0.05)
    never = asyncio.Event()

    async def pieces() -> Any:
        yield b'{"text":'
        await never.wait()

    response = await asyncio.wait_for(
        client.post("/api/v1/complaints", data=pieces(), headers=JSON), timeout=5
    )
    assert (response.status, (await read(response)).body["code"]) == (408, "slow_body")


async def test_the_largest_body_is_read(client: Client) -> None:
    body = b'{"text": "x"}'
    response = await client.post("/api/v1/complaints", data=body.ljust(LARGEST_BODY), headers=JSON)
    assert response.status == 201


BAD_BOOKINGS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing": ({}, {"slot_id", "headcount", "theme"}),
    "a number in quotes": ({"slot_id": "1"}, {"slot_id", "headcount", "theme"}),
    "no people": ({"slot_id": 1, "headcount": 0, "theme": "x"}, {"headcount"}),
    "fewer than none": ({"slot_id": 1, "headcount": -5, "theme": "x"}, {"headcount"}),
    "half a person": ({"slot_id": 1, "headcount": 1.5, "theme": "x"}, {"headcount"}),
    "truth for a number": ({"slot_id": 1, "headcount": True, "theme": "x"}, {"headcount"}),
    "a number for truth": ({"slot_id": 1, "headcount": 1, "theme": "x", "wait": 1}, {"wait"}),
    "an id beyond ids": ({"slot_id": 2**31, "headcount": 1, "theme": "x"}, {"slot_id"}),
    "an id beyond reason": ({"slot_id": 10**400, "headcount": 1, "theme": "x"}, {"slot_id"}),
    "a long theme": ({"slot_id": 1, "headcount": 1, "theme": "字" * 81}, {"theme"}),
    "a theme of two lines": ({"slot_id": 1, "headcount": 1, "theme": "a\nb"}, {"theme"}),
    "a theme that is an object": ({"slot_id": 1, "headcount": 1, "theme": {"$gt": ""}}, {"theme"}),
}


async def test_each_bad_field_gets_a_chinese_sentence(world: World) -> None:
    found = {}
    for name, (form, _) in BAD_BOOKINGS.items():
        answer = await world["worker"]("POST", "/bookings", form)
        assert (answer.status, answer.body["code"]) == (422, "bad_input"), name
        found[name] = {one["field"] for one in answer.body["errors"]}
        assert all(re.search("[\u4e00-\u9fff]", one["message"]) for one in answer.body["errors"]), name
    assert found == {name: fields for name, (_, fields) in BAD_BOOKINGS.items()}
    assert await Booking.all().count() == 0


def test_a_whole_number_may_be_written_with_a_point() -> None:
    given = parse(b'{"slot_id": 1.0, "headcount": 2e1, "theme": "x"}')
    assert fill(BookingForm, given) == BookingForm(slot_id=1, headcount=20, theme="x")


def test_fields_we_do_not_know_are_passed_over() -> None:
    form = fill(BookingForm, {"slot_id": 1, "headcount": 2, "theme": "x", "newer": [1]})
    assert form == BookingForm(slot_id=1, headcount=2, theme="x")


def test_no_sentence_lacks_its_values() -> None:
    known = {"max_length", "min_length", "ge", "le", "error"}
    assert all(set(re.findall(r"{(\w+)}", sentence)) <= known for sentence in SENTENCES.values())


BAD_QUERIES = {
    "/sites?lat=36.6": "lng",
    "/sites?lng=117.9": "lat",
    "/sites?lat=nan&lng=117.9": "lat",
    "/sites?lat=91&lng=117.9": "lat",
    "/sites?lat=x&lng=117.9": "lat",
    "/sites?category=MOON": "category",
    "/sites?q=" + "a" * 41: "q",
    "/sites?q=%00": "q",
    "/sites/S10/slots?from=yesterday": "from",
    "/sites/S10/slots?to=2026-02-30": "to",
    "/sites/S10/slots?from=9999-12-31": "from",
    "/sites/S10/slots?to=0001-01-01": "to",
    "/sites/S10/slots?from=2026-11-20&to=2026-11-19": "to",
    "/sites/S10/slots?from=2026-01-01&to=2027-01-01": "to",
    "/bookings?limit=0": "limit",
    "/bookings?limit=101": "limit",
    "/bookings?cursor=-1": "cursor",
    "/bookings?cursor=99999999999999999999": "cursor",
    "/bookings?status=lost": "status",
}


async def test_a_bad_query_is_refused(world: World) -> None:
    found = {}
    for path in BAD_QUERIES:
        answer = await world["worker"]("GET", path)
        assert (answer.status, answer.body["code"]) == (422, "bad_input"), path
        found[path] = ",".join(one["field"] for one in answer.body["errors"])
    assert found == BAD_QUERIES


async def test_an_odd_search_finds_nothing(world: World) -> None:
    for q in ("%ff%fe", "%ed%a0%80", "%25", "_", "'", "🙂"):
        answer = await world["member"]("GET", f"/sites?q={q}")
        assert (answer.status, answer.body["items"]) == (200, []), q


IMPOSSIBLE = [
    *("/bookings/0", "/bookings/-1", "/bookings/x", "/bookings/2147483648", "/bookings/1e3", "/lessons/0"),
    *(
        "/bookings/%F0%9D%9F%99",
        "/sites/%00",
        "/sites/S99",
        "/sites/..",
        "/sites/S10%2F..",
        "/complaints/%00",
    ),
]


async def test_what_cannot_be_is_not_found(world: World) -> None:
    for path in IMPOSSIBLE:
        headers = {"Authorization": f"Bearer {world['worker'].token}"}
        response = await world["worker"].client.get(f"/api/v1{path}", headers=headers)
        assert (response.status, response.content_type) == (404, "application/problem+json"), path


async def test_no_such_path_is_a_problem_too(client: Client) -> None:
    response = await client.get("/api/v1/nothing")
    assert (response.status, (await read(response)).body["code"]) == (404, "no_such_path")


async def test_a_wrong_method_is_told_the_right_ones(client: Client) -> None:
    response = await client.patch("/api/v1/me")
    assert (response.status, (await read(response)).body["code"]) == (405, "wrong_method")
    assert response.headers["Allow"] == "DELETE, GET"


async def test_a_sane_request_id_is_kept_and_another_one_is_made(client: Client) -> None:
    for given, kept in (("abcdef-123456", True), ("x", False), ("a\tb" * 9, False), ("a" * 33, False)):
        response = await client.get("/api/v1/complaints/NONE", headers={"X-Request-Id": given})
        assert (response.headers["X-Request-Id"] == given) is kept
        assert re.fullmatch(r"[A-Za-z0-9_-]{8,32}", response.headers["X-Request-Id"])


async def test_the_request_id_reaches_the_audit_trail(stranger: Caller) -> None:
    await stranger("POST", "/complaints", {"text": "灯坏了"}, X_Request_Id="from-the-door-1")
    assert [entry.request_id for entry in await AuditEntry.all()] == ["from-the-door-1"]


async def test_an_unexpected_error_is_answered_and_logged_without_the_text(
    stranger: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(**_: Any) -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(Complaint, "create", broken)
    answer = await stranger("POST", "/complaints", {"text": "很私人的话"}, X_Request_Id="find-me-in-the-log")
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert "find-me-in-the-log" in answer.body["instance"]
    assert "the disk is gone" in caplog.text
    assert "很私人的话" not in caplog.text


async def test_a_flood_from_one_account_is_stopped_and_the_others_are_not(world: World, ctx: Context) -> None:
    member, worker = world["member"], world["worker"]
    assert member.account is not None
    sender = f"account:{member.account.id}"
    for _ in range(ctx.settings.api_requests_per_minute):
        await limits.check(ctx, sender=sender, limit=ctx.settings.api_requests_per_minute)
    answer = await member("GET", "/me")
    assert (answer.status, answer.body["code"]) == (429, "too_many_requests")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert (await worker("GET", "/me")).status == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "believed"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("::1", "", "::1"),
        ("203.0.113.7", "127.0.0.1", "203.0.113.7"),
        ("", "203.0.113.9", "203.0.113.9"),
        ("no address", "203.0.113.9", "no address"),
    ],
)
def test_only_a_proxy_on_this_machine_is_believed(peer: str, forwarded: str, believed: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded})
    assert requests.address(request.clone(remote=peer)) == believed


async def test_counting_stops_nobody_when_redis_is_gone(ctx: Context) -> None:
    nobody = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.5)
    await limits.check(replace(ctx, redis=nobody), sender="account:1", limit=1)
    await nobody.aclose()
