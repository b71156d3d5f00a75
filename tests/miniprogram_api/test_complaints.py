"""意见建议, from anybody, followed by a code."""

import re

from handlers.context import Context
from models import AuditEntry, Complaint
from tests.fakes import Clock
from tests.miniprogram_api.conftest import Caller, World


async def test_a_stranger_submits_and_follows_one(stranger: Caller, clock: Clock) -> None:
    sent = await stranger("POST", "/complaints", {"text": " 活动室的灯坏了 "})
    assert (sent.status, sent.body["status"], sent.body["text"]) == (201, "received", "活动室的灯坏了")
    code = sent.body["id"]
    assert (await stranger("GET", f"/complaints/{code}")).body == sent.body
    await Complaint.all().update(status="answered", answer="已修好", answered_at=clock.now)
    answered = (await stranger("GET", f"/complaints/{code}")).body
    assert (answered["status"], answered["answer"]) == ("answered", "已修好")


async def test_the_code_may_be_typed_as_it_was_read_aloud(stranger: Caller) -> None:
    code = (await stranger("POST", "/complaints", {"text": "x"})).body["id"]
    typed = f"{code[:4]}-{code[4:8]} {code[8:]}".lower()
    assert (await stranger("GET", f"/complaints/{typed}")).body["id"] == code


async def test_a_code_is_not_to_be_guessed(stranger: Caller) -> None:
    codes = [(await stranger("POST", "/complaints", {"text": "x"})).body["id"] for _ in range(5)]
    assert len(set(codes)) == 5
    assert all(re.fullmatch("[2-9A-HJKMNP-Z]{12}", code) for code in codes)
    assert (await stranger("GET", "/complaints/AAAAAAAAAAAA")).body["code"] == "not_found"


async def test_who_is_logged_in_finds_it_in_their_export(world: World) -> None:
    await world["member"]("POST", "/complaints", {"text": "有名有姓的意见"})
    export = (await world["member"]("GET", "/me/export")).body
    assert export["意见建议"][0]["内容"] == "有名有姓的意见"


async def test_an_expired_login_stops_no_complaint(world: World) -> None:
    world["member"].token += "x"
    assert (await world["member"]("POST", "/complaints", {"text": "x"})).status == 201
    assert [row.account_id for row in await Complaint.all()] == [None]


async def test_it_leaves_a_trace_without_its_words(ctx: Context, stranger: Caller) -> None:
    await stranger("POST", "/complaints", {"text": "不该出现在日志里"})
    (entry,) = await AuditEntry.all()
    assert entry.action == "complaint.submitted"
    assert "不该" not in str(entry.details)
