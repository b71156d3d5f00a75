"""意见建议 over HTTP: with or without a login to write and to follow one, for officers to answer."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from handlers import complaint_desk, complaints, registers, spreadsheets
from handlers.complaint_desk import Waiting
from handlers.complaints import Followed, Step
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound, NotFound, WrongState
from miniprogram_api.forms import LARGEST_ID, Form, Query, ReplyForm, Text
from miniprogram_api.table import ANYONE, OFFICERS, File, Route
from miniprogram_api.views import Moment, View

Status = Literal["received", "answered", "closed"]


class ComplaintForm(Form):
    """意见建议."""

    text: Text = Field(max_length=complaints.LONGEST, description="意见或建议")
    anonymous: bool = Field(
        False, description="匿名：不保存是谁提的，以后只能凭查询码查看，有答复时也无法通知您"
    )
    named: bool = Field(
        False,
        description="让承办单位的同志看到姓名和手机号（取自名册，不用再填）；默认不显示，随时可以撤回",
    )


class ReopenForm(Form):
    """What isn't solved yet."""

    text: Text = Field(max_length=complaints.LONGEST_AGAIN, description="还有什么没解决")


class ForwardForm(Form):
    """To whom it is passed on, and a word."""

    office_id: int = Field(ge=1, le=LARGEST_ID, description="转给哪个单位，见 /complaint-offices")
    note: Text = Field(max_length=complaint_desk.LONGEST_WORD, description="转办说明，写的人也能看到")


class CloseForm(Form):
    """Why it is closed."""

    reason: Text = Field(max_length=complaint_desk.LONGEST_WORD, description="办结的原因，写的人能看到")


class ComplaintQuery(Query):
    """Which ones."""

    status: Literal["received", "answered"] = Field("received", description="等待答复的；或答复过、办结的")


class ComplaintStepView(View):
    """One step of its way."""

    kind: Literal["forwarded", "answered", "closed", "reopened"]
    text: str
    office: str | None = Field(description="转给了谁")
    at: Moment


class ComplaintView(View):
    """意见建议. `id` is the lookup code: whoever has it can follow it."""

    id: str
    status: Status
    text: str
    answer: str | None = Field(description="答复；办结的是原因")
    created_at: Moment
    answered_at: Moment | None
    round: int = Field(description="第几次提出")
    due_on: date = Field(description="最迟哪天答复，天数是本区建议值")
    named: bool = Field(description="承办单位的同志现在看得到姓名和手机号")
    history: list[ComplaintStepView]


class SenderView(View):
    """Who wrote, where they wish it to be known."""

    name: str
    phone: str


class DeskComplaintView(View):
    """意见建议 at the desk; who wrote it is nobody's business unless they say so."""

    id: int
    status: Status
    text: str
    created_at: Moment
    due_on: date = Field(description="最迟哪天答复，天数是本区建议值")
    is_overdue: bool
    answer: str | None
    answered_at: Moment | None
    round: int = Field(description="第几次提出")
    office: str | None = Field(description="转给了谁")
    sender: SenderView | None = Field(description="愿意显示姓名的，只给现在承办的单位看")
    history: list[ComplaintStepView]


class DeskComplaintsView(View):
    """Those that wait, the oldest first; or those that were answered, the newest first."""

    items: list[DeskComplaintView]
    next: None = None


class OfficeView(View):
    """Who can deal with one."""

    id: int
    name: str


class OfficesView(View):
    """All of them."""

    items: list[OfficeView]
    next: None = None


async def create(ctx: Context, *, form: ComplaintForm) -> ComplaintView:
    """Submit one; its id is the code to follow it by."""
    row = await complaints.submit(ctx, text=form.text, anonymous=form.anonymous, named=form.named)
    return followed(Followed(row, complaints.due_on(ctx, row)))


async def show(ctx: Context, *, lookup: str) -> ComplaintView:
    """Follow one by its code."""
    return followed(await complaints.follow(ctx, lookup=lookup))


async def reopen(ctx: Context, *, lookup: str, form: ReopenForm) -> ComplaintView:
    """Say that it isn't solved."""
    return followed(await complaints.reopen(ctx, lookup=lookup, text=form.text))


async def unname(ctx: Context, *, lookup: str) -> ComplaintView:
    """Show one's name no longer."""
    return followed(await complaints.unname(ctx, lookup=lookup))


async def index(ctx: Context, *, form: ComplaintQuery) -> DeskComplaintsView:
    """What waits for an answer, or has one."""
    rows = await complaint_desk.list_complaints(ctx, answered=form.status == "answered")
    return DeskComplaintsView(items=[at_desk(row) for row in rows])


async def offices(ctx: Context) -> OfficesView:
    """To whom one may be forwarded."""
    rows = await complaint_desk.offices(ctx)
    return OfficesView(items=[OfficeView(id=row.id, name=row.name) for row in rows])


async def answer(ctx: Context, *, complaint_id: int, form: ReplyForm) -> DeskComplaintView:
    """Answer one."""
    return at_desk(await complaint_desk.answer(ctx, complaint_id=complaint_id, text=form.text))


async def close(ctx: Context, *, complaint_id: int, form: CloseForm) -> DeskComplaintView:
    """Close one with a reason."""
    return at_desk(await complaint_desk.close(ctx, complaint_id=complaint_id, reason=form.reason))


async def forward(ctx: Context, *, complaint_id: int, form: ForwardForm) -> DeskComplaintView:
    """Pass one on."""
    return at_desk(
        await complaint_desk.forward(ctx, complaint_id=complaint_id, office_id=form.office_id, note=form.note)
    )


async def sheet(ctx: Context) -> File:
    """All of them as an Excel file."""
    return File("意见建议.xlsx", await registers.export(ctx, name=complaint_desk.REGISTER))


def followed(one: Followed) -> ComplaintView:
    """意见建议, and what became of it, for its sender."""
    row = one.complaint
    return ComplaintView.model_validate(
        {
            "id": row.lookup,
            "status": row.status,
            "text": row.text,
            "answer": row.answer or None,
            "created_at": row.created_at,
            "answered_at": row.answered_at,
            "round": row.round,
            "due_on": one.due_on,
            "named": row.named,
            "history": steps(one.history),
        }
    )


def at_desk(one: Waiting) -> DeskComplaintView:
    """A complaint as an officer sees it."""
    row = one.complaint
    return DeskComplaintView.model_validate(
        {
            "id": row.id,
            "status": row.status,
            "text": one.text,
            "created_at": row.created_at,
            "due_on": one.due_on,
            "is_overdue": one.is_overdue,
            "answer": row.answer or None,
            "answered_at": row.answered_at,
            "round": row.round,
            "office": one.office or None,
            "sender": SenderView(name=one.sender.name, phone=one.sender.phone) if one.sender else None,
            "history": steps(one.history),
        }
    )


def steps(history: Sequence[Step]) -> list[dict[str, object]]:
    """What became of it."""
    return [
        {"kind": step.kind, "text": step.text, "office": step.office or None, "at": step.at}
        for step in history
    ]


# fmt: off
ROUTES = (
    Route("POST", "/complaints", create, ANYONE, "意见建议", ComplaintForm, ComplaintView, (201,), creates=True, unnamed=lambda form: form.anonymous),
    Route("GET", "/complaints", index, OFFICERS, "等待答复的意见建议", ComplaintQuery, DeskComplaintsView, refuses=(NotBound, NotAllowed)),
    Route("GET", "/complaint-offices", offices, OFFICERS, "意见建议可以转给哪些单位", None, OfficesView, refuses=(NotBound, NotAllowed)),
    Route("GET", "/complaint-sheet", sheet, OFFICERS, "导出意见建议", refuses=(NotBound, NotAllowed), media=spreadsheets.MEDIA),
    Route("GET", "/complaints/{lookup}", show, ANYONE, "凭查询码看答复", None, ComplaintView),
    Route("POST", "/complaints/{lookup}/reopen", reopen, ANYONE, "没解决，凭查询码再提", ReopenForm, ComplaintView, refuses=(NotFound, WrongState)),
    Route("POST", "/complaints/{lookup}/unname", unname, ANYONE, "不再显示姓名，凭查询码撤回", None, ComplaintView, refuses=(NotFound,)),
    Route("POST", "/complaints/{complaint_id}/answer", answer, OFFICERS, "答复意见建议", ReplyForm, DeskComplaintView, refuses=(NotBound, NotAllowed, NotFound, WrongState)),
    Route("POST", "/complaints/{complaint_id}/forward", forward, OFFICERS, "转办意见建议", ForwardForm, DeskComplaintView, refuses=(NotBound, NotAllowed, NotFound, WrongState, BadInput)),
    Route("POST", "/complaints/{complaint_id}/close", close, OFFICERS, "办结意见建议", CloseForm, DeskComplaintView, refuses=(NotBound, NotAllowed, NotFound, WrongState)),
)
# fmt: on
