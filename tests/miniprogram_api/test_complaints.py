"""意见建议, from anybody, followed by a code."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from tortoise.exceptions import IntegrityError, OperationalError

from bot import complaints as chat
from bot.messages import parse
from handlers import complaints, screenings, workdays
from handlers.context import Caller as Holder
from handlers.context import Context
from models import (
    Account,
    App,
    AuditEntry,
    Complaint,
    ComplaintEvent,
    IdempotencyKey,
    Notice,
    Screening,
)
from tests.bot.platform import text_message
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


async def waiting_at(world: World, who: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world[who]("GET", "/complaints")).body["items"]
    return items


async def test_nothing_remembers_who_wished_not_to_be_known(ctx: Context, world: World) -> None:
    form = {"text": "只说事，不说人", "anonymous": True}
    sent = [await world["member"]("POST", "/complaints", form, Idempotency_Key="once-only") for _ in range(2)]
    assert sent[0].status == 201
    assert sent[0].body == sent[1].body, "said twice is said once"
    row, entry, key = await Complaint.get(), await AuditEntry.get(), await IdempotencyKey.get()
    account, person = world["member"].account, world["member"].person
    assert account is not None
    assert person is not None
    assert (row.account_id, entry.actor, entry.request_id, key.caller) == (None, "system", "", "unnamed")
    everything = json.dumps([dict(one) for one in (row, entry, key)], default=str)
    assert all(name not in everything for name in (f"account:{account.id}", f"person:{person.id}"))
    assert (await world["member"]("GET", "/me/export")).body["意见建议"] == []
    code = sent[0].body["id"]
    assert (await world["stranger"]("GET", f"/complaints/{code}")).body["text"] == "只说事，不说人"
    assert [len(await waiting_at(world, who)) for who in ("town", "district")] == [0, 1]


async def test_a_held_text_of_somebody_unknown_names_nobody_either(world: World) -> None:
    word = screenings.held_words()[0]
    await world["member"]("POST", "/complaints", {"text": word, "anonymous": True})
    held = await Screening.get()
    assert (held.account_id, held.path, held.text) == (None, "", word)


async def test_one_is_passed_on_with_a_word(world: World) -> None:
    code = (await world["stranger"]("POST", "/complaints", {"text": "路牌看不清"})).body["id"]
    (one,) = await waiting_at(world, "district")
    offices = (await world["district"]("GET", "/complaint-offices")).body["items"]
    own, other = (
        next(office for office in offices if office["id"] == world[who].person.organization.parent_id)  # type: ignore[union-attr]
        for who in ("member", "other_worker")
    )
    path, form = f"/complaints/{one['id']}/forward", {"office_id": own["id"], "note": "路牌归镇里管"}
    passed = await world["district"]("POST", path, form)
    assert (passed.status, passed.body["office"], passed.body["due_on"]) == (200, own["name"], one["due_on"])
    assert (await world["district"]("POST", path, form)).body["code"] == "bad_input", "it is there already"
    assert [len(await waiting_at(world, who)) for who in ("town", "other_town")] == [1, 0]
    await world["town"]("POST", path, {"office_id": other["id"], "note": "是邻镇的路"})
    assert [len(await waiting_at(world, who)) for who in ("town", "other_town")] == [0, 1]
    await world["other_town"]("POST", f"/complaints/{one['id']}/answer", {"text": "换好了"})
    history = (await world["stranger"]("GET", f"/complaints/{code}")).body["history"]
    assert [(step["kind"], step["office"], step["text"]) for step in history] == [
        ("forwarded", own["name"], "路牌归镇里管"),
        ("forwarded", other["name"], "是邻镇的路"),
        ("answered", None, "换好了"),
    ]


async def test_a_branch_is_no_office(world: World) -> None:
    await world["stranger"]("POST", "/complaints", {"text": "x"})
    (one,) = await waiting_at(world, "district")
    branch = world["member"].person.organization_id  # type: ignore[union-attr]
    refused = await world["district"](
        "POST", f"/complaints/{one['id']}/forward", {"office_id": branch, "note": "x"}
    )
    assert (refused.status, await ComplaintEvent.all().count()) == (422, 0)


async def test_what_is_not_solved_is_taken_up_again_and_answered_once_more(
    ctx: Context, world: World, clock: Clock
) -> None:
    code = (await world["member"]("POST", "/complaints", {"text": "灯坏了"})).body["id"]
    (first,) = await waiting_at(world, "town")
    again = {"text": "还是不亮"}
    early = await world["stranger"]("POST", f"/complaints/{code}/reopen", again)
    assert (early.status, early.body["code"]) == (409, "wrong_state"), "it waits already"
    await world["town"]("POST", f"/complaints/{first['id']}/answer", {"text": "修好了"})
    clock.now += timedelta(days=4)
    taken = await world["stranger"]("POST", f"/complaints/{code.lower()}/reopen", again)
    assert (taken.status, taken.body["status"], taken.body["round"], taken.body["answer"]) == (
        200, "received", 2, None,
    )  # fmt: skip
    (second,) = await waiting_at(world, "town")
    assert second["due_on"] > first["due_on"], "its term is counted anew"
    for status in (200, 409):
        done = await world["town"]("POST", f"/complaints/{first['id']}/answer", {"text": "换了新的"})
        assert done.status == status
    history = (await world["stranger"]("GET", f"/complaints/{code}")).body["history"]
    assert [(step["kind"], step["text"]) for step in history] == [
        ("answered", "修好了"), ("reopened", "还是不亮"), ("answered", "换了新的"),
    ]  # fmt: skip
    actor = (await AuditEntry.get(action="complaint.reopened")).actor
    assert actor == "system", "the code says who it is, and nobody else does"


async def test_one_that_cannot_be_dealt_with_is_closed_with_a_reason(world: World) -> None:
    code = (await world["member"]("POST", "/complaints", {"text": "请给我家装路灯"})).body["id"]
    (one,) = await waiting_at(world, "town")
    path = f"/complaints/{one['id']}/close"
    assert (await world["town"]("POST", path, {"reason": " "})).status == 422
    closed = await world["town"]("POST", path, {"reason": "户内照明由自家办理"})
    assert (closed.status, closed.body["status"]) == (200, "closed")
    assert (await world["town"]("POST", f"/complaints/{one['id']}/answer", {"text": "x"})).status == 409
    seen = (await world["stranger"]("GET", f"/complaints/{code}")).body
    assert (seen["status"], seen["answer"]) == ("closed", "户内照明由自家办理")
    assert [
        row["id"] for row in (await world["town"]("GET", "/complaints?status=answered")).body["items"]
    ] == [one["id"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "answered"},
        {"status": "answered", "answer": "  ", "answered_at": datetime(2026, 11, 20, tzinfo=UTC)},
        {"status": "answered", "answer": "x"},
        {"status": "closed", "answered_at": datetime(2026, 11, 20, tzinfo=UTC)},
        {"status": "forgotten", "answer": "x", "answered_at": datetime(2026, 11, 20, tzinfo=UTC)},
    ],
)
async def test_the_database_knows_no_answer_without_words_and_time(
    ctx: Context, wrong: dict[str, Any]
) -> None:
    row = await Complaint.create(lookup="X", text="x", created_at=ctx.now())
    table = Complaint.filter(id=row.id)
    with pytest.raises((IntegrityError, OperationalError, ValueError)):
        await table.update(**wrong)
    assert (await Complaint.get(id=row.id)).status == "received"


async def test_the_database_knows_one_end_of_each_round(ctx: Context) -> None:
    row = await Complaint.create(lookup="X", text="x", created_at=ctx.now())
    for ends, kind, fits in (
        (1, "answered", True),
        (1, "closed", False),
        (None, "answered", False),
        (2, "closed", False),
        (None, "reopened", True),
        (None, "lost", False),
    ):
        made = ComplaintEvent(complaint=row, round=1, kind=kind, text="x", ends_round=ends, at=ctx.now())
        if fits:
            await made.save()
            continue
        with pytest.raises((IntegrityError, OperationalError)):
            await made.save()


async def test_an_answer_from_before_rounds_were_kept_stays_readable(ctx: Context, world: World) -> None:
    await Complaint.create(
        lookup="OLD",
        text="x",
        created_at=ctx.now(),
        status="answered",
        answer="老答复",
        answered_at=ctx.now(),
    )
    again = await world["stranger"]("POST", "/complaints/OLD/reopen", {"text": "没解决"})
    assert [step["text"] for step in again.body["history"]] == ["老答复", "没解决"]


async def test_what_is_added_is_screened_as_the_first_words_are(ctx: Context, world: World) -> None:
    await Complaint.create(
        lookup="OLD", text="x", created_at=ctx.now(), status="answered", answer="x", answered_at=ctx.now()
    )
    word = screenings.held_words()[0]
    seen = await world["stranger"]("POST", "/complaints/OLD/reopen", {"text": word})
    event = await ComplaintEvent.get(kind="reopened")
    assert event.text == screenings.STAND_IN
    assert seen.body["history"][-1]["text"] == word, "who wrote it reads it"
    (text,) = (await world["district"]("GET", "/texts")).body["items"]
    await world["district"]("POST", f"/texts/{text['id']}/release")
    assert (await ComplaintEvent.get(id=event.id)).text == word


async def test_the_sheet_names_nobody(ctx: Context, world: World) -> None:
    await world["member"]("POST", "/complaints", {"text": "=1+1 灯坏了"})
    answer = await world["town"]("GET", "/complaint-sheet")
    (heads, row) = load_workbook(BytesIO(answer.body)).active.iter_rows(values_only=True)
    said = dict(zip(heads, row, strict=True))
    assert (said["内容"], said["状态"], said["第几次提出"]) == ("=1+1 灯坏了", "等答复", 1)
    assert not any("演示" in str(value) or "openid" in str(value) for value in row)


@pytest.mark.parametrize(
    ("said", "text", "is_known"),
    [
        ("意见 周六多开一场", "周六多开一场", True),
        ("匿名意见 周六多开一场", "周六多开一场", False),
        ("我要匿名提意见：周六多开一场", "周六多开一场", False),
        ("意见 匿名 周六多开一场", "周六多开一场", False),
        ("意见 匿名举报怎么办", "匿名举报怎么办", True),
    ],
)
async def test_the_chat_keeps_a_sender_only_where_they_want(
    ctx: Context, world: World, said: str, text: str, is_known: bool
) -> None:
    account = world["member"].account
    message = parse(text_message(said).encode())
    assert chat.OPENING.match(message.content)
    told = await chat.complained(message, ctx.on_behalf_of(Holder(account, world["member"].person)))
    row = await Complaint.get()
    assert (row.text, row.account_id) == (text, account.id if account and is_known else None)
    due_on = complaints.due_on(ctx, row)
    assert row.lookup in str(told)
    assert f"最迟 {due_on.month}月{due_on.day}日答复" in str(told)
    assert (await AuditEntry.get(action="complaint.submitted")).actor.startswith("person:") is is_known
