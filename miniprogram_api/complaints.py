"""意见建议 over HTTP: with or without a login to write and to follow one, for officers to answer."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date
from typing import Literal

from pydantic import Field

from handlers import complaint_desk, complaints
from handlers.complaint_desk import Waiting
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, NotFound, WrongState
from miniprogram_api import views
from miniprogram_api.forms import ComplaintForm, Query, ReplyForm
from miniprogram_api.table import ANYONE, OFFICERS, Route
from miniprogram_api.views import ComplaintView, Moment, View


class ComplaintQuery(Query):
    """Which ones."""

    status: Literal["received", "answered"] = Field("received", description="等待答复的，或答复过的")


class DeskComplaintView(View):
    """意见建议 at the desk; who wrote it is nobody's business."""

    id: int
    text: str
    created_at: Moment
    due_on: date = Field(description="最迟哪天答复，天数是本区建议值")
    is_overdue: bool
    answer: str | None
    answered_at: Moment | None


class DeskComplaintsView(View):
    """Those that wait, the oldest first; or those that were answered, the newest first."""

    items: list[DeskComplaintView]
    next: None = None


async def create(ctx: Context, *, form: ComplaintForm) -> ComplaintView:
    """Submit one; its id is the code to follow it by."""
    return views.complaint(await complaints.submit(ctx, text=form.text))


async def show(ctx: Context, *, lookup: str) -> ComplaintView:
    """Follow one by its code."""
    return views.complaint(await complaints.look_up(ctx, lookup=lookup))


async def index(ctx: Context, *, form: ComplaintQuery) -> DeskComplaintsView:
    """What waits for an answer, or has one."""
    rows = await complaint_desk.list_complaints(ctx, answered=form.status == "answered")
    return DeskComplaintsView(items=[at_desk(row) for row in rows])


async def answer(ctx: Context, *, complaint_id: int, form: ReplyForm) -> DeskComplaintView:
    """Answer one."""
    return at_desk(await complaint_desk.answer(ctx, complaint_id=complaint_id, text=form.text))


def at_desk(one: Waiting) -> DeskComplaintView:
    """A complaint as an officer sees it."""
    row = one.complaint
    return DeskComplaintView.model_validate(
        {
            "id": row.id,
            "text": one.text,
            "created_at": row.created_at,
            "due_on": one.due_on,
            "is_overdue": one.is_overdue,
            "answer": row.answer or None,
            "answered_at": row.answered_at,
        }
    )


# fmt: off
ROUTES = (
    Route("POST", "/complaints", create, ANYONE, "意见建议", ComplaintForm, ComplaintView, (201,), creates=True),
    Route("GET", "/complaints", index, OFFICERS, "等待答复的意见建议", ComplaintQuery, DeskComplaintsView, refuses=(NotBound, NotAllowed)),
    Route("GET", "/complaints/{lookup}", show, ANYONE, "凭查询码看答复", None, ComplaintView),
    Route("POST", "/complaints/{complaint_id}/answer", answer, OFFICERS, "答复意见建议", ReplyForm, DeskComplaintView, refuses=(NotBound, NotAllowed, NotFound, WrongState)),
)
# fmt: on
