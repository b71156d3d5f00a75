"""The officers' desk of the Friday lesson over HTTP: write, try, schedule, see the truth, try again."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date
from typing import Any

from pydantic import Field

from handlers import lesson_desk
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, NotFound, WrongState
from handlers.lesson_desk import Truth
from handlers.lesson_schedule import Outlook
from miniprogram_api.forms import Form
from miniprogram_api.table import DISTRICT, OFFICERS, Route
from miniprogram_api.views import Moment, View
from models import Channel, DeliveryStatus, Lesson


class LessonForm(Form):
    """A lesson as it stands in a file of the course: code, title, strand, aims, parts, example, exercise, quiz."""

    lesson: dict[str, Any] = Field(
        description="与课程文件同样的栏目：code、title、strand、aims、parts（3）、example、exercise、quiz（5）"
    )


class WeekForm(Form):
    """Which lesson."""

    lesson_id: int = Field(ge=1, le=2**31 - 1, description="哪一课")


class WrittenView(View):
    """A lesson as staff see it."""

    id: int
    code: str
    title: str
    strand: str
    withdrawn: bool


class TakenBackView(View):
    """What withdrawing a lesson did."""

    kept_back: int = Field(description="还没收到、不再发给的人数")
    articles: int = Field(description="微信里已删除的图文篇数；聊天里的卡片还在，打不开")
    left: int = Field(description="没能删除的图文篇数：可再撤回一次，或在公众号后台删除")


class WeekView(View):
    """One Friday of the quarter ahead. Figures of a week that isn't planned yet are estimates."""

    friday: date
    sends_at: Moment | None
    lesson_id: int | None
    code: str
    title: str
    pinned: bool
    is_planned: bool
    channels: dict[Channel, int]
    notes: list[str]


class QuarterView(View):
    """The quarter ahead."""

    items: list[WeekView]
    next: None = None


class LineView(View):
    """How many deliveries stand alike."""

    channel: Channel
    status: DeliveryStatus
    reason: str
    count: int


class TruthView(View):
    """One Friday as it is."""

    friday: date
    sends_at: Moment
    lesson_id: int
    title: str
    planned: int
    sent: int
    failed: int
    filtered: int = Field(description="微信收下后没有发给的人数（本月已满 4 次等），微信不说是谁")
    lines: list[LineView]


class RetriedView(View):
    """How many were planned anew."""

    count: int


async def create(ctx: Context, *, form: LessonForm) -> WrittenView:
    """A new lesson."""
    return written(await lesson_desk.write(ctx, body=form.lesson))


async def replace(ctx: Context, *, lesson_id: int, form: LessonForm) -> WrittenView:
    """Another content."""
    return written(await lesson_desk.replace(ctx, lesson_id=lesson_id, body=form.lesson))


async def withdraw(ctx: Context, *, lesson_id: int) -> TakenBackView:
    """Take a lesson back."""
    done = await lesson_desk.withdraw(ctx, lesson_id=lesson_id)
    return TakenBackView(kept_back=done.kept_back, articles=done.articles, left=done.left)


async def preview(ctx: Context, *, lesson_id: int) -> None:
    """To the caller's own phone."""
    await lesson_desk.try_on_phone(ctx, lesson_id=lesson_id)


async def quarter(ctx: Context) -> QuarterView:
    """The quarter ahead."""
    return QuarterView(items=[week(one) for one in await lesson_desk.quarter(ctx)])


async def show(ctx: Context, *, friday: str) -> TruthView:
    """One Friday."""
    return truth(await lesson_desk.truth(ctx, friday=day(friday)))


async def schedule(ctx: Context, *, friday: str, form: WeekForm) -> TruthView:
    """Put a lesson on a Friday."""
    await lesson_desk.schedule(ctx, friday=day(friday), lesson_id=form.lesson_id)
    return truth(await lesson_desk.truth(ctx, friday=day(friday)))


async def retry(ctx: Context, *, friday: str) -> RetriedView:
    """Try again what failed."""
    return RetriedView(count=await lesson_desk.retry(ctx, friday=day(friday)))


def day(text: str) -> date:
    """The day in a path.

    Raises:
        NotFound: there is no such day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound from None


def written(row: Lesson) -> WrittenView:
    """A lesson as staff see it."""
    return WrittenView(
        id=row.id,
        code=row.code,
        title=row.title,
        strand=row.strand,
        withdrawn=row.withdrawn_at is not None,
    )


def week(one: Outlook) -> WeekView:
    """One Friday to come."""
    return WeekView(
        friday=one.friday,
        sends_at=one.sends_at,
        lesson_id=one.lesson_id,
        code=one.code,
        title=one.title,
        pinned=one.pinned,
        is_planned=one.is_planned,
        channels=one.channels,
        notes=list(one.notes),
    )


def truth(one: Truth) -> TruthView:
    """One Friday as it is."""
    return TruthView(
        friday=one.week.friday,
        sends_at=one.week.sends_at,
        lesson_id=one.week.lesson_id,
        title=one.week.lesson.title,
        planned=one.total(DeliveryStatus.PLANNED, DeliveryStatus.SENDING),
        sent=one.total(DeliveryStatus.SENT),
        failed=one.total(DeliveryStatus.FAILED),
        filtered=one.filtered,
        lines=[
            LineView(channel=line.channel, status=line.status, reason=line.reason, count=line.count)
            for line in one.lines
        ],
    )


OFFICE = (NotBound, NotAllowed)
WECHAT = ("wechat_unavailable",)

# fmt: off
ROUTES = (
    Route("POST", "/lessons", create, DISTRICT, "写一课", LessonForm, WrittenView, (201,), OFFICE, creates=True),
    Route("GET", "/lessons/weeks", quarter, OFFICERS, "一个季度的课程安排、渠道和原因", None, QuarterView, refuses=OFFICE),
    Route("GET", "/lessons/weeks/{friday}", show, OFFICERS, "一个周五：计划、送出、没送出和原因", None, TruthView, refuses=OFFICE),
    Route("PUT", "/lessons/weeks/{friday}", schedule, DISTRICT, "指定某个周五的课", WeekForm, TruthView, refuses=(*OFFICE, WrongState)),
    Route("POST", "/lessons/weeks/{friday}/retry", retry, DISTRICT, "重发失败的", None, RetriedView, refuses=(*OFFICE, WrongState)),
    Route("PUT", "/lessons/{lesson_id}", replace, DISTRICT, "替换一课的内容", LessonForm, WrittenView, refuses=OFFICE),
    Route("POST", "/lessons/{lesson_id}/withdraw", withdraw, DISTRICT, "撤回一课", None, TakenBackView, refuses=OFFICE),
    Route("POST", "/lessons/{lesson_id}/preview", preview, OFFICERS, "在自己手机上预览", None, None, (204,), (*OFFICE, WrongState), door=WECHAT),
)
# fmt: on
