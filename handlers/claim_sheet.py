"""A year's claims as an Excel sheet whose sums are checked against the payments."""

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from handlers import claims, spreadsheets
from handlers.context import Context
from handlers.spreadsheets import Column
from models import Claim, ClaimStatus, Payment

MOST = 20_000
STATUS_WORDS = {
    ClaimStatus.SUBMITTED: "待镇街审核",
    ClaimStatus.REVIEWED: "待区级审核",
    ClaimStatus.RETURNED: "退回修改",
    ClaimStatus.APPROVED: "待拨付",
    ClaimStatus.BATCHED: "已列入拨付批次",
    ClaimStatus.REJECTED: "不予补单",
    ClaimStatus.PAID: "已补单",
}


async def export(ctx: Context, *, year: int | None = None) -> bytes:
    """The claims a caller may see whose visit was in `year` (this one by default), oldest first.

    Amounts are fen. What was paid is summed three times: by the sheet, over the claims, and over the
    payments as they were written; the sheet says whether they agree.
    """
    year = year or ctx.now().year
    visible = await claims.visible(ctx)
    rows = await claims.whole(visible.filter(fund__year=year).order_by("id").limit(MOST))
    paid, zone = await sum_of_payments(rows), ctx.settings.zone
    return await asyncio.to_thread(write, rows, title=f"{year}年补单", paid=paid, zone=zone)


async def sum_of_payments(rows: Sequence[Claim]) -> int:
    """What was paid for these claims, in fen, as the payments say."""
    payments = await Payment.filter(claim_id__in=[row.id for row in rows]).only("id", "amount")
    return sum(payment.amount for payment in payments)


def write(rows: Sequence[Claim], *, title: str, paid: int, zone: ZoneInfo) -> bytes:
    """The sheet of these claims, with what their payments come to in fen."""
    amounts = [row.amount for row in rows]
    columns = (
        Column("编号", 8),
        Column("党支部", 28),
        Column("阵地", 28),
        Column("活动时间", 18),
        Column("活动主题", 30),
        Column("实到人数", 10, sum(row.present for row in rows)),
        Column("人均标准（分）", 14),
        Column("单次上限（分）", 14),
        Column("申请金额（分）", 14, sum(amounts)),
        Column("已拨付（分）", 14, paid),
        Column("状态", 12),
        Column("票据号", 30),
        Column("说明", 30),
        Column("退回或不予补单的原因", 30),
    )
    return spreadsheets.write(title, columns, [_line(row, zone) for row in rows])


def _line(row: Claim, zone: ZoneInfo) -> list[object]:
    visit = row.booking
    return [
        row.id,
        row.branch.name,
        visit.slot.site.name,
        f"{visit.slot.starts_at.astimezone(zone):%Y-%m-%d %H:%M}",
        visit.theme,
        row.present,
        row.per_head,
        row.cap,
        row.amount,
        row.amount if row.status is ClaimStatus.PAID else 0,
        STATUS_WORDS[row.status],
        "、".join(receipt.number for receipt in row.receipts),
        row.note,
        row.reason,
    ]
