"""The register of complaints (意见建议): what came on paper comes in by a file, to be followed alike.

Each row gets a look-up code, told to whoever brings the file, to be passed on; its term runs from the day it
was received. Who didn't sign stays unnamed. No sender stands in the sheet that goes out, named or not: a file
goes further than the office that may know them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from handlers import complaint_desk, complaints, questions
from handlers.complaint_desk import REGISTER, Waiting
from handlers.context import Context
from handlers.errors import BadInput
from handlers.registers import CREATED, UNCHANGED, Register, Told, require_status
from handlers.roster_sheet import BadCell
from handlers.sheet_reading import Heading, Record, choice, day, number_text, whole, words
from handlers.spreadsheets import Column
from handlers.worker_registers import moment, unit_by_code
from models import Complaint, ComplaintStatus, Person

MOST = 5_000
STATUS_WORDS = {
    ComplaintStatus.RECEIVED: "等答复",
    ComplaintStatus.ANSWERED: "已答复",
    ComplaintStatus.CLOSED: "已办结",
}
STEP_WORDS = {
    "forwarded": "转办",
    "answered": "答复",
    "closed": "办结",
    "reopened": "再次提出",
}
STATUSES = {said: said for said in STATUS_WORDS.values()}


def received(cell: Any, text: str) -> datetime:
    """A day, or a day with its time to the minute; without a zone."""
    if isinstance(cell, datetime):
        return cell.replace(second=0, microsecond=0)
    try:
        return moment(cell, text).replace(second=0)
    except BadCell:
        pass
    try:
        return datetime.combine(day(cell, text), datetime.min.time())
    except BadCell:
        raise BadCell("请写成 2026-11-20 或 2026-11-20 10:30 这样") from None


def passage(cell: Any, text: str) -> str:
    """What somebody wrote, its lines kept."""
    said = questions.readable(cell if isinstance(cell, str) else text)
    if len(said) > complaints.LONGEST:
        raise BadCell(f"不能超过 {complaints.LONGEST} 个字")
    return said


HEADINGS = (
    Heading("编号", whole(1, 2**31 - 1), width=8),
    Heading("收到", received, required=True, width=18),
    Heading("内容", passage, required=True, width=50),
    Heading("承办单位编码", number_text(32), width=14),
    Heading("状态", choice(STATUSES), width=10),
    Heading("署名人编号", number_text(32), hint="没有署名的不填", width=12),
    Heading("署名", words(40), hint="没有署名的不填", width=10),
)
SHOWN = (
    Column("第几次提出", 10),
    Column("承办", 24),
    Column("最迟答复（本区建议值）", 20),
    Column("是否过期", 10),
    Column("答复或办结说明", 50),
    Column("答复时间", 18),
    Column("经过", 60),
)

NOTE = (
    "书面收到的，登记后给出查询码，请告诉写的人。没有署名的，署名两格不填；署名的，要在名册里，并绑定了微信。"
)


async def may(ctx: Context) -> None:
    """Officers; what each may answer, the desk decides.

    Raises:
        NotAllowed.
    """
    await questions.officer(ctx)


async def take(ctx: Context, record: Record) -> str | Told:
    """Write one down that came on paper, and tell its look-up code; the same again is the same one."""
    said = record.values
    received_at = said["收到"].replace(tzinfo=ctx.settings.zone)
    if said["编号"] is not None:
        await _require_same(ctx, said)
        return UNCHANGED
    if said["状态"] not in (None, STATUS_WORDS[ComplaintStatus.RECEIVED]):
        raise BadInput(status="导入的都是等答复的：请把状态留空，导入以后在“意见建议”里答复")
    known = await _known(said["内容"], received_at)
    if known is not None:
        return Told(UNCHANGED, _code(known))
    office = await unit_by_code(said["承办单位编码"]) if said["承办单位编码"] else None
    made = await complaint_desk.enter(
        ctx, text=said["内容"], received_at=received_at, office_id=office.id if office else None,
        signed_by=await _signed(said["署名人编号"], said["署名"]),
    )  # fmt: skip
    return Told(CREATED, _code(made))


async def rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """What waits below the caller, and then what was answered or closed."""
    waiting = await complaint_desk.list_complaints(ctx, most=MOST)
    ended = await complaint_desk.list_complaints(ctx, answered=True, most=MOST)
    return [_line(one, ctx.settings.zone) for one in (*waiting, *ended)]


async def _require_same(ctx: Context, said: Any) -> None:
    """A row of an export says what is on file.

    Raises:
        BadInput: it doesn't, or it is none of the caller's.
    """
    on_file = await complaint_desk.find(ctx, said["编号"])
    if on_file is None:
        raise BadInput(id="您这里没有这个编号，新收到的请不填编号")
    if on_file.text.split() != said["内容"].split():
        raise BadInput(text="内容与登记的不同：登记过的不能用表改")
    require_status(said["状态"], now=STATUS_WORDS[on_file.complaint.status])


async def _known(text: str, received_at: datetime) -> Complaint | None:
    """The same words received in the same minute: what is sent over the network has seconds."""
    for one in await Complaint.filter(created_at=received_at).order_by("id"):
        if (await complaints.as_written(one)).text.split() == text.split():
            return one
    return None


def _code(one: Complaint) -> str:
    return f"查询码 {one.lookup}：请告诉写的人，凭它看答复；不知道是谁写的，请写在收件登记上"


async def _signed(number: str | None, name: str | None) -> Person | None:
    if number is None and name is None:
        return None
    found = await Person.get_or_none(member_no=number, left_at=None) if number else None
    if found is None or found.name != name:
        raise BadInput(name="署名的请把编号和姓名填全，与名册一致；没有署名的两格都不填")
    return found


def _line(one: Waiting, zone: ZoneInfo) -> list[object]:
    row = one.complaint
    steps = (
        f"{step.at.astimezone(zone):%m-%d %H:%M} {STEP_WORDS[step.kind]}{step.office}：{step.text}"
        for step in one.history
    )
    return [
        row.id, f"{row.created_at.astimezone(zone):%Y-%m-%d %H:%M}", questions.readable(one.text),
        row.office.code if row.office else "", STATUS_WORDS[row.status], "", "", row.round, one.office,
        one.due_on, "是" if one.is_overdue else "", row.answer,
        f"{row.answered_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.answered_at else "", "\n".join(steps),
    ]  # fmt: skip


REGISTERS = (Register(REGISTER, "意见建议", HEADINGS, take, rows, may, SHOWN, NOTE),)
