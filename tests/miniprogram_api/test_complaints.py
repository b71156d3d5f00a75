"""意见建议, from anybody, followed by a code."""

import re
from datetime import date, timedelta

from handlers import workdays
from handlers.context import Context
from models import Account, App, AuditEntry, Complaint, Notice
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


async def test_an_officer_answers_once_what_was_said_below_them(ctx: Context, world: World) -> None:
    code = (await world["member"]("POST", "/complaints", {"text": "活动室的灯坏了"})).body["id"]
    (waiting,) = (await world["town"]("GET", "/complaints")).body["items"]
    assert (waiting["text"], waiting["is_overdue"], waiting["answer"]) == ("活动室的灯坏了", False, None)
    assert code not in str(waiting), "whoever has the code may read: it is the sender's alone"
    answered = await world["town"]("POST", f"/complaints/{waiting['id']}/answer", {"text": "已修好"})
    assert (answered.status, answered.body["answer"]) == (200, "已修好")
    again = await world["district"]("POST", f"/complaints/{waiting['id']}/answer", {"text": "又修好"})
    assert (again.status, again.body["code"]) == (409, "wrong_state")
    seen = (await world["stranger"]("GET", f"/complaints/{code}")).body
    assert (seen["status"], seen["answer"]) == ("answered", "已修好")
    assert (await world["town"]("GET", "/complaints")).body["items"] == []
    assert [
        row["id"] for row in (await world["town"]("GET", "/complaints?status=answered")).body["items"]
    ] == [waiting["id"]]
    assert await AuditEntry.filter(action="complaint.answered").count() == 1


async def test_what_nobody_in_particular_said_is_the_districts(world: World) -> None:
    await world["stranger"]("POST", "/complaints", {"text": "路牌看不清"})
    assert (await world["town"]("GET", "/complaints")).body["items"] == []
    (waiting,) = (await world["district"]("GET", "/complaints")).body["items"]
    assert (await world["town"]("POST", f"/complaints/{waiting['id']}/answer", {"text": "x"})).status == 404


async def test_an_answer_is_due_in_working_days(ctx: Context, world: World, clock: Clock) -> None:
    clock.now = clock.now.replace(
        year=2026, month=9, day=21, hour=10
    )  # 15 working days, National Day in them.
    await world["stranger"]("POST", "/complaints", {"text": "x"})
    (waiting,) = (await world["district"]("GET", "/complaints")).body["items"]
    due_on = workdays.after(date(2026, 9, 21), 15)
    assert waiting["due_on"] == due_on.isoformat() != "2026-10-12"
    clock.now = clock.now.replace(month=due_on.month, day=due_on.day, hour=23)
    assert not (await world["district"]("GET", "/complaints")).body["items"][0]["is_overdue"]
    clock.now += timedelta(hours=2)
    assert (await world["district"]("GET", "/complaints")).body["items"][0]["is_overdue"]


async def test_a_sender_who_can_be_written_to_gets_the_answer_once(ctx: Context, world: World) -> None:
    sender = await Account.create(
        app=App.OFFICIAL_ACCOUNT, openid="oSender", person=world["member"].person, last_contact_at=ctx.now()
    )
    row = await Complaint.create(lookup="X", account=sender, text="x", created_at=ctx.now())
    for _ in range(2):
        await world["town"]("POST", f"/complaints/{row.id}/answer", {"text": "已修好"})
    notice = await Notice.get(dedupe_key=f"complaint:{row.id}")
    assert (notice.openid, "已修好" in notice.content) == ("oSender", True)
