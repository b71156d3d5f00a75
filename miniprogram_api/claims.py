"""Claims and funds over HTTP: 补单 and 专项经费."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Annotated

from pydantic import Field

from handlers import claim_sheet, claims, funds
from handlers.claims import Bill, Proposal
from handlers.context import Context
from handlers.errors import (
    AlreadyClaimed,
    FundSpent,
    NoFund,
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
from models import Booking, Claim, ClaimStatus, Fund

Year = Annotated[int, Field(ge=funds.FIRST_YEAR, le=funds.LAST_YEAR)]


class ReceiptForm(Form):
    """A bill."""

    number: Line = Field(max_length=32, description="票据号，全区同一号码只能用一次")
    amount: int = Field(ge=1, le=funds.LARGEST, description="金额，单位为分")


class CorrectionForm(Form):
    """What may be added to what is known from the visit."""

    note: Written = Field("", max_length=claims.LONGEST_NOTE, description="说明，可不填")
    receipts: list[ReceiptForm] = Field(
        default=[],
        max_length=claims.MOST_RECEIPTS,
        description="票据，可不填；填了就按核定支出、人均标准、单次上限中最小的一个算",
    )


class ClaimForm(CorrectionForm):
    """Which visit. Branch, site, time and heads are known from it."""

    booking_id: int = Field(ge=1, le=LARGEST_ID, description="已经完成的预约")


class BackForm(Form):
    """Why a claim comes back."""

    reason: Text = Field(max_length=claims.LONGEST_REASON, description="原因，会告诉提交的支部")


class ClaimQuery(PageQuery):
    """Which claims."""

    status: ClaimStatus | None = Field(None, description="状态")
    year: Year | None = Field(None, description="活动所在的年份")


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


class ProposalsView(View):
    """Visits that can be claimed."""

    items: list[ProposalView]
    next: None = None


class ReceiptView(View):
    """A bill."""

    number: str
    amount: int


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
    approved_at: Moment | None


class ClaimsView(View):
    """A page of claims, newest first."""

    items: list[ClaimView]
    next: int | None


async def create(ctx: Context, *, form: ClaimForm) -> ClaimView:
    """Claim a visit."""
    return claim_view(
        await claims.submit(ctx, booking_id=form.booking_id, note=form.note, receipts=bills(form))
    )


async def index(ctx: Context, *, form: ClaimQuery) -> ClaimsView:
    """Claims of the caller's branch or subtree."""
    page = await claims.list_claims(ctx, **dict(form))
    return ClaimsView(items=[claim_view(row) for row in page.items], next=page.next)


async def claimable(ctx: Context) -> ProposalsView:
    """What the caller's branch could claim."""
    return ProposalsView(items=[proposal_view(one) for one in await claims.claimable(ctx)])


async def export(ctx: Context, *, form: YearQuery) -> File:
    """A year's claims as a sheet."""
    year = form.year or ctx.now().year
    return File(f"补单-{year}.xlsx", await claim_sheet.export(ctx, year=year))


async def show(ctx: Context, *, claim_id: int) -> ClaimView:
    """One claim."""
    return claim_view(await claims.get_claim(ctx, claim_id=claim_id))


async def correct(ctx: Context, *, claim_id: int, form: CorrectionForm) -> ClaimView:
    """Send a returned claim again."""
    return claim_view(await claims.correct(ctx, claim_id=claim_id, note=form.note, receipts=bills(form)))


async def approve(ctx: Context, *, claim_id: int) -> ClaimView:
    """Find it right."""
    return claim_view(await claims.approve(ctx, claim_id=claim_id))


async def send_back(ctx: Context, *, claim_id: int, form: BackForm) -> ClaimView:
    """Return it to be corrected."""
    return claim_view(await claims.send_back(ctx, claim_id=claim_id, reason=form.reason))


async def reject(ctx: Context, *, claim_id: int, form: BackForm) -> ClaimView:
    """Turn it down."""
    return claim_view(await claims.reject(ctx, claim_id=claim_id, reason=form.reason))


async def pay(ctx: Context, *, claim_id: int) -> ClaimView:
    """Note that it was paid."""
    return claim_view(await claims.pay(ctx, claim_id=claim_id))


async def list_funds(ctx: Context, *, form: YearQuery) -> FundsView:
    """Funds and what is left of them."""
    return FundsView(items=[fund_view(row) for row in await funds.list_funds(ctx, year=form.year)])


async def set_fund(ctx: Context, *, form: FundForm) -> FundView:
    """Lay down a year's figures."""
    return fund_view(await funds.set_fund(ctx, **dict(form)))


def bills(form: CorrectionForm) -> list[Bill]:
    """The receipts of a form."""
    return [Bill(one.number, one.amount) for one in form.receipts]


def visit_view(row: Booking) -> VisitView:
    """A visit, as the booking shows it."""
    whole = views.booking(row)
    return VisitView(id=row.id, site=whole.site, slot=whole.slot, branch=whole.branch, theme=row.theme)


def claim_view(row: Claim) -> ClaimView:
    """A claim."""
    return ClaimView(
        id=row.id,
        status=row.status,
        booking=visit_view(row.booking),
        year=row.fund.year,
        present=row.present,
        per_head=row.per_head,
        cap=row.cap,
        amount=row.amount,
        receipts=[ReceiptView(number=one.number, amount=one.amount) for one in row.receipts],
        note=row.note,
        reason=row.reason,
        rounds=row.rounds,
        submitted_at=row.submitted_at,
        approved_at=row.approved_at,
    )


def proposal_view(one: Proposal) -> ProposalView:
    """What a visit would be given."""
    return ProposalView(
        booking=visit_view(one.booking),
        present=one.present,
        per_head=one.per_head,
        cap=one.cap,
        amount=one.amount,
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


ASKS = (NotBound, NotYourBranch, NotFound, NotFulfilled, NoFund, ReceiptUsed)
DECIDES = (NotBound, NotAllowed, OwnClaim, WrongState)

# fmt: off
ROUTES = (
    Route("POST", "/claims", create, BRANCH, "补单", ClaimForm, ClaimView, (201,), (*ASKS, AlreadyClaimed), creates=True),
    Route("GET", "/claims", index, BOUND, "补单列表", ClaimQuery, ClaimsView, refuses=(NotBound,)),
    Route("GET", "/claims.xlsx", export, BOUND, "一年的补单，Excel", YearQuery, refuses=(NotBound,), media=MEDIA),
    Route("GET", "/claims/claimable", claimable, BRANCH, "可以补单的活动，已经填好", None, ProposalsView, refuses=(NotBound, NotYourBranch)),
    Route("GET", "/claims/{claim_id}", show, BOUND, "一张补单", None, ClaimView, refuses=(NotBound,)),
    Route("POST", "/claims/{claim_id}/correct", correct, BRANCH, "改好退回的补单，再次提交", CorrectionForm, ClaimView, refuses=(*ASKS, WrongState)),
    Route("POST", "/claims/{claim_id}/approve", approve, OFFICERS, "批准补单（不能批自己的）", None, ClaimView, refuses=(*DECIDES, FundSpent)),
    Route("POST", "/claims/{claim_id}/return", send_back, OFFICERS, "退回补单请支部修改", BackForm, ClaimView, refuses=DECIDES),
    Route("POST", "/claims/{claim_id}/reject", reject, OFFICERS, "不予补单", BackForm, ClaimView, refuses=DECIDES),
    Route("POST", "/claims/{claim_id}/pay", pay, OFFICERS, "登记拨付（不能拨付自己的）", None, ClaimView, refuses=DECIDES),
    Route("GET", "/funds", list_funds, OFFICERS, "专项经费", YearQuery, FundsView, refuses=(NotBound, NotAllowed)),
    Route("POST", "/funds", set_fund, OFFICERS, "设定一年的专项经费", FundForm, FundView, refuses=(NotBound, NotAllowed, NotFound)),
)
# fmt: on
