"""Quarterly payments over HTTP: 集中拨付, and what everybody may read of them."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from pydantic import Field

from handlers import claim_summary, payment_batches
from handlers.claim_summary import Paid
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, NotFound, OwnClaim, WrongState
from handlers.payment_batches import Batch
from handlers.spreadsheets import MEDIA
from miniprogram_api import claims
from miniprogram_api.claims import ClaimView, FundView, Year, YearQuery
from miniprogram_api.forms import LARGEST_ID, Form, Query
from miniprogram_api.table import ANYONE, OFFICERS, File, Route
from miniprogram_api.views import Moment, View
from models import BatchStatus


class BatchForm(Form):
    """Whose money, and which quarter."""

    fund_id: int = Field(ge=1, le=LARGEST_ID, description="哪一笔专项经费")
    year: Year | None = Field(None, description="年份，默认今年")
    quarter: int | None = Field(None, ge=1, le=4, description="季度，默认本季度")


class QuarterQuery(Query):
    """Which quarter."""

    year: Year | None = Field(None, description="年份，默认今年")
    quarter: int | None = Field(None, ge=1, le=4, description="季度，默认本季度")


class BatchView(View):
    """A quarter's payments from a fund. Amounts are fen."""

    id: int
    fund: FundView
    year: int
    quarter: int
    status: BatchStatus
    visits: int = Field(description="几张补单")
    amount: int = Field(description="合计")
    made_at: Moment
    paid_at: Moment | None


class WholeBatchView(BatchView):
    """A batch and what is in it."""

    claims: list[ClaimView]


class BatchesView(View):
    """Batches, the newest quarter first."""

    items: list[BatchView]
    next: None = None


class PaidView(View):
    """What was paid for a site's visits, or a branch's; fen."""

    name: str
    visits: int
    amount: int


class SummaryView(View):
    """A quarter's payments by site and by branch. No person is named."""

    year: int
    quarter: int
    visits: int
    amount: int = Field(description="合计，单位为分")
    sites: list[PaidView]
    branches: list[PaidView]


async def create(ctx: Context, *, form: BatchForm) -> WholeBatchView:
    """Draw a batch up, or add to it."""
    return whole(await payment_batches.draw_up(ctx, **dict(form)), ctx)


async def index(ctx: Context, *, form: YearQuery) -> BatchesView:
    """The batches of a caller's funds."""
    found = await payment_batches.list_batches(ctx, year=form.year)
    return BatchesView(items=[BatchView(**_short(one)) for one in found])


async def show(ctx: Context, *, batch_id: int) -> WholeBatchView:
    """One batch."""
    return whole(await payment_batches.get_batch(ctx, batch_id=batch_id), ctx)


async def sheet(ctx: Context, *, batch_id: int) -> File:
    """The same as a sheet."""
    return File(f"拨付批次-{batch_id}.xlsx", await payment_batches.export(ctx, batch_id=batch_id))


async def pay(ctx: Context, *, batch_id: int) -> WholeBatchView:
    """Note that all of it was paid."""
    return whole(await payment_batches.pay(ctx, batch_id=batch_id), ctx)


async def dissolve(ctx: Context, *, batch_id: int) -> None:
    """Take it apart again."""
    await payment_batches.dissolve(ctx, batch_id=batch_id)


async def summary(ctx: Context, *, form: QuarterQuery) -> SummaryView:
    """What everybody may read."""
    found = await claim_summary.summary(ctx, year=form.year, quarter=form.quarter)
    return SummaryView(
        year=found.year,
        quarter=found.quarter,
        visits=found.visits,
        amount=found.amount,
        sites=[paid_view(one) for one in found.sites],
        branches=[paid_view(one) for one in found.branches],
    )


def whole(batch: Batch, ctx: Context) -> WholeBatchView:
    """A batch with its claims."""
    return WholeBatchView(**_short(batch), claims=[claims.claim_view(row, ctx) for row in batch.claims])


def paid_view(one: Paid) -> PaidView:
    """One line."""
    return PaidView(name=one.name, visits=one.visits, amount=one.amount)


def _short(batch: Batch) -> dict[str, object]:
    row = batch.row
    return {
        "id": row.id,
        "fund": claims.fund_view(row.fund),
        "year": row.year,
        "quarter": row.quarter,
        "status": row.status,
        "visits": len(batch.claims),
        "amount": batch.amount,
        "made_at": row.made_at,
        "paid_at": row.paid_at,
    }


OFFICE = (NotBound, NotAllowed)
CHANGES = (*OFFICE, WrongState)

# fmt: off
ROUTES = (
    Route("GET", "/claims/summary", summary, ANYONE, "一个季度的补单公开：按阵地、按党支部，不含个人信息", QuarterQuery, SummaryView),
    Route("GET", "/payment-batches", index, OFFICERS, "季度拨付批次", YearQuery, BatchesView, refuses=OFFICE),
    Route("POST", "/payment-batches", create, OFFICERS, "列出一个季度的拨付批次；再列一次会补上新批准的", BatchForm, WholeBatchView, (201,), (*CHANGES, NotFound), creates=True),
    Route("GET", "/payment-batches/{batch_id}.xlsx", sheet, OFFICERS, "一个拨付批次，Excel", refuses=OFFICE, media=MEDIA),
    Route("GET", "/payment-batches/{batch_id}", show, OFFICERS, "一个拨付批次", None, WholeBatchView, refuses=OFFICE),
    Route("POST", "/payment-batches/{batch_id}/pay", pay, OFFICERS, "登记整个批次已拨付", None, WholeBatchView, refuses=(*CHANGES, OwnClaim)),
    Route("DELETE", "/payment-batches/{batch_id}", dissolve, OFFICERS, "拆散还没拨付的批次", None, None, (204,), CHANGES),
)
# fmt: on
