"""样板 over HTTP: the list for everybody, and the way onto it and off it for who works with it."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date
from typing import Annotated

from pydantic import Field

from handlers import showcase, showcase_list
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, NotFound, OwnNomination, WrongState
from handlers.showcase import LEVEL_WORDS, STATUS_WORDS
from handlers.showcase_list import Example
from handlers.showcase_wishes import MOST_IMAGES, Wish
from miniprogram_api.filings import Id
from miniprogram_api.forms import Form, Line, PageQuery, Query, Text
from miniprogram_api.site_keeping import Category, Image
from miniprogram_api.table import ACTS_FOR_BRANCH, DISTRICT, LOGGED_IN, OFFICERS, Route
from miniprogram_api.views import Moment, View
from miniprogram_api.workers import JsonDay, MoveView, UnitView, moved
from models import Showcase, ShowcaseKind, ShowcaseLevel, ShowcaseStatus, SiteCategory

Kind = Annotated[ShowcaseKind, Field(strict=False)]
LessonCode = Annotated[str, Field(max_length=4, pattern=r"^(L\d{2,3})?$")]


class ShowcaseForm(Form):
    """What people read of an example."""

    name: Line = Field(max_length=40, description="名称")
    kind: Kind = Field(description="site 示范点、brand 品牌")
    category: Category = Field(description="类别")
    summary: Text = Field(max_length=300, description="一两句话说清是什么")
    learn: list[Annotated[Line, Field(max_length=80)]] = Field(
        min_length=1, max_length=6, description="能学什么，一条一行"
    )
    site_id: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,8}$")] | None = Field(
        None, description="地图上的阵地，填了就能预约参观"
    )
    brand_id: Id | None = Field(None, description="体现哪个品牌")
    lesson_code: LessonCode = Field("", description="“示范点讲解”里教它的一课，如 L06")
    images: Annotated[list[Image], Field(max_length=MOST_IMAGES)] | None = Field(
        None,
        description="场地的图片地址（https），须有授权；不填就不变，上传的图片见 /showcase/{showcase_id}/images",
    )


class ShowcaseNominationForm(ShowcaseForm):
    """A nomination for the district's list."""

    organization_id: Id | None = Field(None, description="哪个党组织的；支部工作者推荐本支部的可不填")


class ShowcaseVisitForm(Form):
    """What was seen on the spot."""

    on: JsonDay = Field(description="哪天去看的")
    findings: Text = Field(max_length=500, description="看到了什么，能不能学")


class ShowcaseReasonForm(Form):
    """Why."""

    reason: Text = Field(max_length=300, description="原因，会告诉推荐的同志")


class ShowcaseTermForm(Form):
    """For how long."""

    until: JsonDay | None = Field(None, description="有效期至；不填按默认月数")


class ShowcaseReviewForm(Form):
    """A review begins."""

    raises: bool = Field(False, description="同时推荐为市级")


class ShowcaseRenewalForm(ShowcaseTermForm):
    """It stays, at its level or the higher one it was proposed for."""

    raises: bool = Field(False, description="列入市级；须先在复核时推荐")


class ShowcaseQuery(Query):
    """Which examples."""

    level: ShowcaseLevel | None = Field(None, description="district 区级、city 市级")
    kind: ShowcaseKind | None = Field(None, description="site 示范点、brand 品牌")
    category: SiteCategory | None = Field(None, description="类别")
    lesson: LessonCode = Field("", description="体现这一课的，如 L06")


class ShowcaseDeskQuery(PageQuery):
    """Which entries."""

    status: ShowcaseStatus | None = Field(None, description="状态")


class ShowcaseView(View):
    """An example on the list."""

    id: int
    code: str
    name: str
    kind: ShowcaseKind
    level: ShowcaseLevel
    level_name: str
    category: SiteCategory
    organization: UnitView
    summary: str
    learn: list[str] = Field(description="能学什么")
    images: list[str]
    site_id: str | None = Field(description="地图上的阵地，可以预约")
    brand_id: int | None
    lesson_code: str
    valid_until: date | None


class ShowcasesView(View):
    """The list, by number; no place stands before another."""

    items: list[ShowcaseView]
    next: None = None


class WholeShowcaseView(ShowcaseView):
    """One example."""

    is_over: bool = Field(description="有效期已过，正在复核，暂不作样板")
    lesson_id: int | None = Field(description="教它的一课")
    shown_at: list[ShowcaseView] = Field(description="品牌：哪些示范点体现它")


class ShowcaseEntryView(ShowcaseView):
    """An entry as who works with it sees it."""

    status: ShowcaseStatus
    status_name: str
    visited_on: date | None
    findings: str
    valid_from: date | None
    wanted_level: ShowcaseLevel | None
    reason: str


class ShowcaseEntriesView(View):
    """A page of entries, the newest first."""

    items: list[ShowcaseEntryView]
    next: int | None


class ShowcaseProcessView(View):
    """An entry with all its moves, and what the caller may do now."""

    entry: ShowcaseEntryView
    may: list[str]
    moves: list[MoveView]


class ShowcaseWaitingView(View):
    """What waits and what is due to be looked at again."""

    waiting: list[ShowcaseEntryView]
    due: list[ShowcaseEntryView] = Field(description="快到期和已到期、还没开始复核的")
    as_of: Moment


async def index(ctx: Context, *, form: ShowcaseQuery) -> ShowcasesView:
    """The list."""
    rows = await showcase_list.list_showcase(
        ctx, level=form.level, kind=form.kind, category=form.category, lesson_code=form.lesson
    )
    return ShowcasesView(items=[ShowcaseView(**example(row)) for row in rows])


async def show(ctx: Context, *, showcase_id: int) -> WholeShowcaseView:
    """One example."""
    found: Example = await showcase_list.get_example(ctx, showcase_id=showcase_id)
    return WholeShowcaseView(
        **example(found.row), is_over=found.is_over(ctx.now().date()),
        lesson_id=found.lesson.id if found.lesson is not None else None,
        shown_at=[ShowcaseView(**example(row)) for row in found.shown_at],
    )  # fmt: skip


async def entries(ctx: Context, *, form: ShowcaseDeskQuery) -> ShowcaseEntriesView:
    """Everything within reach."""
    page = await showcase_list.all_of_mine(ctx, status=form.status, cursor=form.cursor, limit=form.limit)
    return ShowcaseEntriesView(items=[shown(row) for row in page.items], next=page.next)


async def waiting(ctx: Context) -> ShowcaseWaitingView:
    """What waits, and what is due."""
    found = await showcase_list.desk(ctx)
    return ShowcaseWaitingView(
        waiting=[shown(row) for row in found.waiting], due=[shown(row) for row in found.due], as_of=ctx.now()
    )


async def process(ctx: Context, *, showcase_id: int) -> ShowcaseProcessView:
    """One entry with its moves."""
    row, moves = await showcase.get_showcase(ctx, showcase_id=showcase_id)
    return ShowcaseProcessView(entry=shown(row), may=await showcase.may(ctx, row), moves=moved(moves))


async def nominate(ctx: Context, *, form: ShowcaseNominationForm) -> ShowcaseEntryView:
    """Nominate."""
    return shown(await showcase.nominate(ctx, wish=wish(form), organization_id=form.organization_id))


async def correct(ctx: Context, *, showcase_id: int, form: ShowcaseForm) -> ShowcaseEntryView:
    """Send a returned one again."""
    return shown(await showcase.correct(ctx, showcase_id=showcase_id, wish=wish(form)))


async def visit(ctx: Context, *, showcase_id: int, form: ShowcaseVisitForm) -> ShowcaseEntryView:
    """Somebody was there."""
    return shown(await showcase.visit(ctx, showcase_id=showcase_id, on=form.on, findings=form.findings))


async def send_back(ctx: Context, *, showcase_id: int, form: ShowcaseReasonForm) -> ShowcaseEntryView:
    """Back."""
    return shown(await showcase.send_back(ctx, showcase_id=showcase_id, reason=form.reason))


async def refuse(ctx: Context, *, showcase_id: int, form: ShowcaseReasonForm) -> ShowcaseEntryView:
    """Not this time."""
    return shown(await showcase.refuse(ctx, showcase_id=showcase_id, reason=form.reason))


async def admit(ctx: Context, *, showcase_id: int, form: ShowcaseTermForm) -> ShowcaseEntryView:
    """On the list."""
    return shown(await showcase.admit(ctx, showcase_id=showcase_id, until=form.until))


async def review(ctx: Context, *, showcase_id: int, form: ShowcaseReviewForm) -> ShowcaseEntryView:
    """Look again."""
    return shown(await showcase.review(ctx, showcase_id=showcase_id, raises=form.raises))


async def renew(ctx: Context, *, showcase_id: int, form: ShowcaseRenewalForm) -> ShowcaseEntryView:
    """It stays."""
    return shown(await showcase.renew(ctx, showcase_id=showcase_id, until=form.until, raises=form.raises))


async def remove(ctx: Context, *, showcase_id: int, form: ShowcaseReasonForm) -> ShowcaseEntryView:
    """Off the list."""
    return shown(await showcase.remove(ctx, showcase_id=showcase_id, reason=form.reason))


async def edit(ctx: Context, *, showcase_id: int, form: ShowcaseForm) -> ShowcaseEntryView:
    """Change what people read."""
    return shown(await showcase.edit(ctx, showcase_id=showcase_id, wish=wish(form)))


def wish(form: ShowcaseForm) -> Wish:
    """What is said of it, as the use-case knows it."""
    return Wish(
        form.name, form.kind, form.category, form.summary, form.learn, form.site_id, form.brand_id,
        form.lesson_code, form.images,
    )  # fmt: skip


def example(row: Showcase) -> dict[str, object]:
    """What everybody reads."""
    return {
        "id": row.id, "code": row.code, "name": row.name, "kind": row.kind, "level": row.level,
        "level_name": LEVEL_WORDS[row.level], "category": row.category, "summary": row.summary,
        "organization": UnitView(id=row.organization.id, name=row.organization.name), "learn": row.learn,
        "images": row.images, "site_id": row.site_id, "brand_id": row.brand_id,
        "lesson_code": row.lesson_code, "valid_until": row.valid_until,
    }  # fmt: skip


def shown(row: Showcase) -> ShowcaseEntryView:
    """An entry at the desk."""
    return ShowcaseEntryView.model_validate(
        example(row)
        | {
            "status": row.status, "status_name": STATUS_WORDS[row.status], "visited_on": row.visited_on,
            "findings": row.findings, "valid_from": row.valid_from, "wanted_level": row.wanted_level,
            "reason": row.reason,
        }
    )  # fmt: skip


OFFICE = (NotBound, NotAllowed)
ACT = (NotBound, NotAllowed, NotFound, WrongState)

# fmt: off
ROUTES = (
    Route("GET", "/showcase", index, LOGGED_IN, "样板名单：示范点和品牌", ShowcaseQuery, ShowcasesView),
    Route("POST", "/showcase", nominate, ACTS_FOR_BRANCH, "推荐示范点或品牌", ShowcaseNominationForm, ShowcaseEntryView, (201,), OFFICE, creates=True),
    Route("GET", "/showcase/entries", entries, ACTS_FOR_BRANCH, "职责范围内的样板，不论状态", ShowcaseDeskQuery, ShowcaseEntriesView, refuses=OFFICE),
    Route("GET", "/showcase/waiting", waiting, ACTS_FOR_BRANCH, "等您办的和快到期的样板", None, ShowcaseWaitingView, refuses=OFFICE),
    Route("GET", "/showcase/{showcase_id}", show, LOGGED_IN, "一个样板：能学什么、在哪里看、哪一课讲它", None, WholeShowcaseView, refuses=(NotFound,)),
    Route("GET", "/showcase/{showcase_id}/process", process, ACTS_FOR_BRANCH, "一个样板的办理经过", None, ShowcaseProcessView, refuses=(*OFFICE, NotFound)),
    Route("POST", "/showcase/{showcase_id}/correct", correct, ACTS_FOR_BRANCH, "补充后再报", ShowcaseForm, ShowcaseEntryView, refuses=ACT),
    Route("POST", "/showcase/{showcase_id}/visit", visit, OFFICERS, "登记现场察看（推荐的人不能办）", ShowcaseVisitForm, ShowcaseEntryView, refuses=(*ACT, OwnNomination)),
    Route("POST", "/showcase/{showcase_id}/return", send_back, OFFICERS, "退回补充", ShowcaseReasonForm, ShowcaseEntryView, refuses=ACT),
    Route("POST", "/showcase/{showcase_id}/refuse", refuse, DISTRICT, "不列入", ShowcaseReasonForm, ShowcaseEntryView, refuses=ACT),
    Route("POST", "/showcase/{showcase_id}/admit", admit, DISTRICT, "审定列入（推荐的人不能办）", ShowcaseTermForm, ShowcaseEntryView, refuses=(*ACT, OwnNomination)),
    Route("POST", "/showcase/{showcase_id}/review", review, OFFICERS, "开始复核，可同时推荐为市级", ShowcaseReviewForm, ShowcaseEntryView, refuses=ACT),
    Route("POST", "/showcase/{showcase_id}/renew", renew, DISTRICT, "复核后继续列入（推荐的人不能办）", ShowcaseRenewalForm, ShowcaseEntryView, refuses=(*ACT, OwnNomination)),
    Route("POST", "/showcase/{showcase_id}/remove", remove, DISTRICT, "撤出", ShowcaseReasonForm, ShowcaseEntryView, refuses=ACT),
    Route("POST", "/showcase/{showcase_id}/edit", edit, OFFICERS, "修改样板给人看的内容", ShowcaseForm, ShowcaseEntryView, refuses=ACT),
)
# fmt: on
