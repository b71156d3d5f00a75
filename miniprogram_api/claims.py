"""Claims and funds over HTTP: 补单 and 专项经费."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date
from typing import Annotated

from pydantic import Field

from handlers import claim_deadlines, claim_decisions, claim_payments, claim_sheet, claims, funds, receipts
from handlers.claims import Bill, Proposal
from handlers.context import Context
from handlers.errors import (
    AlreadyClaimed,
    FundSpent,
    NoFund,
    NoRecord,
    NotAllowed,
    NotBound,
    NotFound,
    NotFulfilled,
    NotYourBranch,
    OwnClaim,
    ReceiptUsed,
    WrongState,
)
from handlers.spreadsheets import MEDIA
from miniprogram_api import views
from miniprogram_api.forms import LARGEST_ID, Form, Line, PageQuery, Query, Text, Written
from miniprogram_api.table import BOUND, BRANCH, OFFICERS, File, Route
from miniprogram_api.views import BookedSiteView, BookedSlotView, Moment, OrganizationView, View
from models import Booking, Claim, ClaimStatus, Fund, Receipt, ReceiptPurpose

Year = Annotated[int, Field(ge=funds.FIRST_YEAR, le=funds.LAST_YEAR)]


class ReceiptForm(Form):
    """A bill."""

    number: Line = Field(max_length=32, description="票据号，全区同一号码只能用一次")
    amount: int = Field(ge=1, le=funds.LARGEST, description="金额，单位为分")
    purpose: Annotated[ReceiptPurpose, Field(strict=False)] | None = Field(
        None, description="用途：场地、讲解、资料、交通、误餐；可不填"
    )


class CorrectionForm(Form):
    """What may be added to what is known from the visit."""

    note: Written = Field("", max_length=claims.LONGEST_NOTE, description="说明，可不填")
    receipts: list[ReceiptForm] = Field(
        default=[],
        max_length=receipts.MOST,
        description="票据，可不填；填了就按核定支出、人均标准、单次上限中最小的一个算",
    )


class ClaimForm(CorrectionForm):
    """Which visit. Branch, site, time and heads are known from it."""

    booking_id: int = Field(ge=1, le=LARGEST_ID, description="已经完成的预约")


class BackForm(Form):
    """Why a claim comes back."""

    reason: Text = Field(max_length=claim_decisions.LONGEST_REASON, description="原因，会告诉提交的支部")


class ClaimQuery(PageQuery):
    """Which claims."""

    status: ClaimStatus | None = Field(None, description="状态")
    year: Year | None = Field(None, description="活动所在的年份")
    overdue: bool = Field(False, description="true：只看审核超期的")


class YearQuery(Query):
    """Which year."""

    year: Year | None = Field(None, description="年份，默认今年")


class FundForm(Form):
    """A year's figures, in fen."""

    organization_id: int = Field(ge=1, le=LARGEST_ID, description="哪个党组织的专项经费")
    year: Year = Field(description="年份")
    budget: int = Field(ge=0, le=funds.LARGEST, description="年度预算，单位为分")
    per_head: int = Field(ge=1, le=funds.LARGEST, description="人均标准，单位为分")
    cap: int = Field(ge=1, le=funds.LARGEST, description="单次上限，单位为分")


class FundView(View):
    """A year's money, in fen."""

    id: int
    organization: OrganizationView
    year: int
    budget: int
    per_head: int
    cap: int
    committed: int = Field(description="已批准的，包括已拨付的")
    paid: int = Field(description="已拨付的")
    free: int = Field(description="还可以批准的")


class FundsView(View):
    """Funds, the newest year first."""

    items: list[FundView]
    next: None = None


class VisitView(View):
    """A visit that took place."""

    id: int
    site: BookedSiteView
    slot: BookedSlotView
    branch: OrganizationView
    theme: str


class ProposalView(View):
    """What a visit would be given; to claim it, its id is enough."""

    booking: VisitView
    present: int = Field(description="实到人数")
    per_head: int
    cap: int
    amount: int = Field(description="单位为分")
    send_by: date = Field(description="哪天以前申请算按时（以本区办法为准）")
    lacks_record: bool = Field(description="还没有签认的纪实，写好再补单")


class ProposalsView(View):
    """Visits that can be claimed."""

    items: list[ProposalView]
    next: None = None


class ReceiptView(View):
    """A bill."""

    id: int
    number: str
    amount: int
    purpose: ReceiptPurpose | None
    has_image: bool = Field(description="有没有附图片；不附也可以")


class ClaimView(View):
    """A claim. Amounts are fen."""

    id: int
    status: ClaimStatus
    booking: VisitView
    year: int
    present: int
    per_head: int
    cap: int
    amount: int
    receipts: list[ReceiptView]
    note: str
    reason: str = Field(description="退回或不予补单的原因")
    rounds: int = Field(description="第几次提交")
    submitted_at: Moment
    reviewed_at: Moment | None = Field(description="镇街审核通过的时间")
    approved_at: Moment | None = Field(description="区级批准的时间")
    batch_id: int | None = Field(description="列入了哪个拨付批次")
    due_on: date | None = Field(description="下一步审核应在哪天以前完成；不在审核中时为 null")
    overdue: bool = Field(description="下一步审核是否超期")
    late: bool = Field(description="是否过了申请期限才提交；只作标记")


class ClaimsView(View):
    """A page of claims, newest first."""

    items: list[ClaimView]
    next: int | None


async def create(ctx: Context, *, form: ClaimForm) -> ClaimView:
    """Claim a visit."""
    claim = await claims.submit(ctx, booking_id=form.booking_id, note=form.note, bills=bills(form))
    return claim_view(claim, ctx)


async def index(ctx: Context, *, form: ClaimQuery) -> ClaimsView:
    """Claims of the caller's branch or subtree."""
    page = await claims.list_claims(ctx, **dict(form))
    return ClaimsView(items=[claim_view(row, ctx) for row in page.items], next=page.next)


async def claimable(ctx: Context) -> ProposalsView:
    """What the caller's branch could claim."""
    return ProposalsView(items=[proposal_view(one) for one in await claims.claimable(ctx)])


async def export(ctx: Context, *, form: YearQuery) -> File:
    """A year's claims as a sheet."""
    year = form.year or ctx.now().year
    return File(f"补单-{year}.xlsx", await claim_sheet.export(ctx, year=year))


async def show(ctx: Context, *, claim_id: int) -> ClaimView:
    """One claim."""
    return claim_view(await claims.get_claim(ctx, claim_id=claim_id), ctx)


async def correct(ctx: Context, *, claim_id: int, form: CorrectionForm) -> ClaimView:
    """Send a returned claim again."""
    return claim_view(await claims.correct(ctx, claim_id=claim_id, note=form.note, bills=bills(form)), ctx)


async def approve(ctx: Context, *, claim_id: int) -> ClaimView:
    """Find it right."""
    return claim_view(await claim_decisions.approve(ctx, claim_id=claim_id), ctx)


async def send_back(ctx: Context, *, claim_id: int, form: BackForm) -> ClaimView:
    """Return it to be corrected."""
    return claim_view(await claim_decisions.send_back(ctx, claim_id=claim_id, reason=form.reason), ctx)


async def reject(ctx: Context, *, claim_id: int, form: BackForm) -> ClaimView:
    """Turn it down."""
    return claim_view(await claim_decisions.reject(ctx, claim_id=claim_id, reason=form.reason), ctx)


async def pay(ctx: Context, *, claim_id: int) -> ClaimView:
    """Note that it was paid."""
    return claim_view(await claim_payments.pay(ctx, claim_id=claim_id), ctx)


async def list_funds(ctx: Context, *, form: YearQuery) -> FundsView:
    """Funds and what is left of them."""
    return FundsView(items=[fund_view(row) for row in await funds.list_funds(ctx, year=form.year)])


async def set_fund(ctx: Context, *, form: FundForm) -> FundView:
    """Lay down a year's figures."""
    return fund_view(await funds.set_fund(ctx, **dict(form)))


def bills(form: CorrectionForm) -> list[Bill]:
    """The receipts of a form."""
    return [Bill(one.number, one.amount, one.purpose) for one in form.receipts]


def visit_view(row: Booking) -> VisitView:
    """A visit, as the booking shows it."""
    whole = views.booking(row)
    return VisitView(id=row.id, site=whole.site, slot=whole.slot, branch=whole.branch, theme=row.theme)


def receipt_view(row: Receipt) -> ReceiptView:
    """A bill."""
    return ReceiptView(
        id=row.id, number=row.number, amount=row.amount, purpose=row.purpose, has_image=bool(row.image)
    )


def claim_view(row: Claim, ctx: Context) -> ClaimView:
    """A claim, and what is due."""
    return ClaimView(
        id=row.id,
        status=row.status,
        booking=visit_view(row.booking),
        year=row.fund.year,
        present=row.present,
        per_head=row.per_head,
        cap=row.cap,
        amount=row.amount,
        receipts=[receipt_view(one) for one in row.receipts],
        note=row.note,
        reason=row.reason,
        rounds=row.rounds,
        submitted_at=row.submitted_at,
        reviewed_at=row.reviewed_at,
        approved_at=row.approved_at,
        batch_id=row.batch_id,
        due_on=claim_deadlines.due_on(ctx, row),
        overdue=claim_deadlines.is_overdue(ctx, row),
        late=claim_deadlines.was_late(ctx, row),
    )


def proposal_view(one: Proposal) -> ProposalView:
    """What a visit would be given."""
    return ProposalView(
        booking=visit_view(one.booking),
        present=one.present,
        per_head=one.per_head,
        cap=one.cap,
        amount=one.amount,
        send_by=one.send_by,
        lacks_record=one.lacks_record,
    )


def fund_view(row: Fund) -> FundView:
    """A year's money."""
    return FundView(
        id=row.id,
        organization=views.organization(row.organization),
        year=row.year,
        budget=row.budget,
        per_head=row.per_head,
        cap=row.cap,
        committed=row.committed,
        paid=row.paid,
        free=row.free,
    )


ASKS = (NotBound, NotYourBranch, NotFound, NotFulfilled, NoRecord, NoFund, ReceiptUsed)
DECIDES = (NotBound, NotAllowed, OwnClaim, WrongState)

# fmt: off
ROUTES = (
    Route("POST", "/claims", create, BRANCH, "补单", ClaimForm, ClaimView, (201,), (*ASKS, AlreadyClaimed), creates=True),
    Route("GET", "/claims", index, BOUND, "补单列表", ClaimQuery, ClaimsView, refuses=(NotBound,)),
    Route("GET", "/claims.xlsx", export, BOUND, "一年的补单，Excel", YearQuery, refuses=(NotBound,), media=MEDIA),
    Route("GET", "/claims/claimable", claimable, BRANCH, "可以补单的活动，已经填好", None, ProposalsView, refuses=(NotBound, NotYourBranch)),
    Route("GET", "/claims/{claim_id}", show, BOUND, "一张补单", None, ClaimView, refuses=(NotBound,)),
    Route("POST", "/claims/{claim_id}/correct", correct, BRANCH, "改好退回的补单，再次提交", CorrectionForm, ClaimView, refuses=(*ASKS, WrongState)),
    Route("POST", "/claims/{claim_id}/approve", approve, OFFICERS, "审核补单：镇街初审通过，或区级批准（不能办自己或本支部的）", None, ClaimView, refuses=(*DECIDES, FundSpent)),
    Route("POST", "/claims/{claim_id}/return", send_back, OFFICERS, "退回补单请支部修改", BackForm, ClaimView, refuses=DECIDES),
    Route("POST", "/claims/{claim_id}/reject", reject, OFFICERS, "不予补单", BackForm, ClaimView, refuses=DECIDES),
    Route("POST", "/claims/{claim_id}/pay", pay, OFFICERS, "单独登记拨付（不能拨付自己的）；每季度集中拨付见 /payment-batches", None, ClaimView, refuses=DECIDES),
    Route("GET", "/funds", list_funds, OFFICERS, "专项经费", YearQuery, FundsView, refuses=(NotBound, NotAllowed)),
    Route("POST", "/funds", set_fund, OFFICERS, "设定一年的专项经费", FundForm, FundView, refuses=(NotBound, NotAllowed, NotFound)),
)
# fmt: on
