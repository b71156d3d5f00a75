"""备案 over HTTP: file, move on, send back, refuse, take back."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from handlers import filings, registers, spreadsheets
from handlers.context import Context
from handlers.errors import (
    AlreadyFullTime,
    FilingOpen,
    NotAllowed,
    NotBound,
    NotFound,
    OwnFiling,
    WrongState,
)
from handlers.filings import CommitteeWord, PostWish
from miniprogram_api.forms import LARGEST_ID, Form, Line, PageQuery, Text
from miniprogram_api.table import DISTRICT, OFFICERS, File, Route
from miniprogram_api.views import Moment, View
from miniprogram_api.workers import FactsForm, JsonDay, MoveView, UnitView, Word, facts, moved
from models import Filing, FilingKind, FilingStatus, WorkerField

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Kind = Annotated[FilingKind, Field(strict=False)]
FieldOfWork = Annotated[WorkerField, Field(strict=False)]


class PostForm(Form):
    """The post that is wished for."""

    field: FieldOfWork = Field(
        description="领域：town 镇街、department 机关事业、new 两新、state_enterprise 国企"
    )
    post: Word = Field(description="岗位，从维护的名单里选")
    full_time: bool = Field(description="专职为 true；只有专职计入配备数")
    staffing: Word = Field(description="编制性质")
    term_until: JsonDay | None = Field(None, description="拟任期限")
    duties: list[Annotated[Line, Field(max_length=40)]] = Field(default=[], max_length=12, description="分工")
    branch_ids: list[Id] = Field(default=[], max_length=60, description="联系支部，只能是本单位下面的")


class CommitteeForm(Form):
    """The committee's decision."""

    met_on: JsonDay = Field(description="党委研究的日期")
    document_no: Annotated[str, Field(max_length=60)] = Field("", description="批准文号")


class FilingForm(Form):
    """A filing. What the roster knows isn't asked; with `committee` it goes to the district at once."""

    kind: Kind = Field(
        description="appoint 任职、change 调整岗位、transfer 调出、leave 免职离岗、retire 退休"
    )
    person_id: Id = Field(description="名册里的人")
    unit_id: Id = Field(description="所在单位")
    effective_on: JsonDay = Field(description="生效日期，不能早于今天：须事前报备")
    reason: Annotated[str, Field(max_length=300)] = Field("", description="原因；变动必填")
    post: PostForm | None = Field(None, description="任职、调整后的岗位")
    to_unit_id: Id | None = Field(None, description="调入单位；调出本区的不填")
    materials: list[Word] = Field(default=[], max_length=10, description="已备齐的材料")
    committee: CommitteeForm | None = Field(None, description="党委已研究的填写，一次报到区里")
    facts: FactsForm | None = Field(None, description="名册以外还没有登记的信息")


class FilingCorrectionForm(Form):
    """A returned filing, put right."""

    effective_on: JsonDay = Field(description="生效日期")
    reason: Annotated[str, Field(max_length=300)] = Field("", description="原因")
    post: PostForm | None = Field(None, description="岗位")
    materials: list[Word] = Field(default=[], max_length=10, description="已备齐的材料")
    committee: CommitteeForm | None = Field(None, description="党委已研究的填写")


class AdvanceForm(Form):
    """A word with the step."""

    note: Annotated[str, Field(max_length=300)] = Field("", description="意见，可不填")
    committee: CommitteeForm | None = Field(None, description="单位这两步：党委研究的日期和文号")


class WhyForm(Form):
    """Why."""

    reason: Text = Field(max_length=300, description="原因，会告诉单位")


class MaybeWhyForm(Form):
    """Why, if one likes to say."""

    reason: Annotated[str, Field(max_length=300)] = Field("", description="原因，可不填")


class FilingQuery(PageQuery):
    """Which filings."""

    status: FilingStatus | None = Field(None, description="状态")


class FilingView(View):
    """A filing."""

    id: int
    kind: FilingKind
    status: FilingStatus
    status_name: str = Field(description="状态，给人看的")
    person_id: int
    name: str
    unit: UnitView
    to_unit_id: int | None
    effective_on: date
    reason: str
    document_no: str
    met_on: date | None
    materials: list[str]
    proposal: dict[str, Any]
    created_at: Moment


class FilingsView(View):
    """A page of filings."""

    items: list[FilingView]
    next: int | None


class FilingWholeView(View):
    """A filing with all its moves."""

    filing: FilingView
    moves: list[MoveView]


async def create(ctx: Context, *, form: FilingForm) -> FilingView:
    """File."""
    made = await filings.submit(
        ctx, kind=form.kind, person_id=form.person_id, unit_id=form.unit_id, effective_on=form.effective_on,
        reason=form.reason, post=post(form.post), to_unit_id=form.to_unit_id, materials=form.materials,
        committee=committee(form.committee), facts=facts(form.facts) if form.facts is not None else None,
    )  # fmt: skip
    return shown(made)


async def index(ctx: Context, *, form: FilingQuery) -> FilingsView:
    """Filings of the caller's units."""
    page = await filings.list_filings(ctx, status=form.status, cursor=form.cursor, limit=form.limit)
    return FilingsView(items=[shown(row) for row in page.items], next=page.next)


async def sheet(ctx: Context) -> File:
    """The ledger as an Excel file."""
    return File("备案台账.xlsx", await registers.export(ctx, name=filings.REGISTER))


async def show(ctx: Context, *, filing_id: int) -> FilingWholeView:
    """One filing."""
    row, moves = await filings.get_filing(ctx, filing_id=filing_id)
    return FilingWholeView(filing=shown(row), moves=moved(moves))


async def correct(ctx: Context, *, filing_id: int, form: FilingCorrectionForm) -> FilingView:
    """Send it again."""
    row = await filings.correct(
        ctx, filing_id=filing_id, effective_on=form.effective_on, reason=form.reason, post=post(form.post),
        materials=form.materials, committee=committee(form.committee),
    )  # fmt: skip
    return shown(row)


async def advance(ctx: Context, *, filing_id: int, form: AdvanceForm) -> FilingView:
    """One step on."""
    word = committee(form.committee)
    return shown(await filings.advance(ctx, filing_id=filing_id, note=form.note, committee=word))


async def send_back(ctx: Context, *, filing_id: int, form: WhyForm) -> FilingView:
    """Back to the unit."""
    return shown(await filings.send_back(ctx, filing_id=filing_id, reason=form.reason))


async def refuse(ctx: Context, *, filing_id: int, form: WhyForm) -> FilingView:
    """Refuse."""
    return shown(await filings.refuse(ctx, filing_id=filing_id, reason=form.reason))


async def withdraw(ctx: Context, *, filing_id: int, form: MaybeWhyForm) -> FilingView:
    """Take it back."""
    return shown(await filings.withdraw(ctx, filing_id=filing_id, reason=form.reason))


def post(form: PostForm | None) -> PostWish | None:
    """The post as the use-case knows it."""
    if form is None:
        return None
    return PostWish(
        form.field, form.post, form.full_time, form.staffing, form.term_until, tuple(form.duties),
        tuple(form.branch_ids),
    )  # fmt: skip


def committee(form: CommitteeForm | None) -> CommitteeWord | None:
    """The committee's word as the use-case knows it."""
    return CommitteeWord(form.met_on, form.document_no) if form is not None else None


def shown(row: Filing) -> FilingView:
    """A filing."""
    return FilingView(
        id=row.id, kind=row.kind, status=row.status, status_name=filings.STATUS_WORDS[row.status],
        person_id=row.person.id, name=row.person.name, unit=UnitView(id=row.unit.id, name=row.unit.name),
        to_unit_id=row.to_unit_id, effective_on=row.effective_on, reason=row.reason,
        document_no=row.document_no, met_on=row.met_on, materials=row.materials, proposal=row.proposal,
        created_at=row.created_at,
    )  # fmt: skip


OFFICE = (NotBound, NotAllowed, WrongState)

# fmt: off
ROUTES = (
    Route("POST", "/filings", create, OFFICERS, "报备案", FilingForm, FilingView, (201,), (NotBound, NotAllowed, NotFound, FilingOpen), creates=True),
    Route("GET", "/filings", index, OFFICERS, "备案列表", FilingQuery, FilingsView, refuses=(NotBound, NotAllowed)),
    Route("GET", "/filing-sheet", sheet, OFFICERS, "导出备案台账", refuses=(NotBound, NotAllowed), media=spreadsheets.MEDIA),
    Route("GET", "/filings/{filing_id}", show, OFFICERS, "一件备案和它的经过", None, FilingWholeView, refuses=(NotBound, NotAllowed)),
    Route("POST", "/filings/{filing_id}/correct", correct, OFFICERS, "补正后再报", FilingCorrectionForm, FilingView, refuses=OFFICE),
    Route("POST", "/filings/{filing_id}/advance", advance, OFFICERS, "办下一步：单位审核、党委研究、初审、审定", AdvanceForm, FilingView, refuses=(*OFFICE, OwnFiling, AlreadyFullTime)),
    Route("POST", "/filings/{filing_id}/return", send_back, OFFICERS, "退回补正", WhyForm, FilingView, refuses=OFFICE),
    Route("POST", "/filings/{filing_id}/refuse", refuse, DISTRICT, "不予备案", WhyForm, FilingView, refuses=OFFICE),
    Route("POST", "/filings/{filing_id}/withdraw", withdraw, OFFICERS, "撤回备案", MaybeWhyForm, FilingView, refuses=OFFICE),
)
# fmt: on
