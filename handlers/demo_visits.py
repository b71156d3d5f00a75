"""What the demo needs to show the fund: this year's money, and a visit of yesterday that can be claimed."""

from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.seeding import VISITS
from models import Booking, BookingStatus, CheckIn, Fund, Organization, Person, Slot

FUNDS = {"ZC": 500_000_00, "ZC01": 60_000_00, "ZC13": 40_000_00}
"""Whose fund, and how much in fen: invented, like everything in the demo."""
PER_HEAD, CAP = 50_00, 2_000_00
CAME = 10
LASTED = timedelta(hours=2)


async def keep_claimable(ctx: Context) -> None:
    """See to it that there is money and something to claim; what is there stays as it is."""
    begins = ctx.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    for year in sorted({begins.year, ctx.now().year}):
        for code, budget in FUNDS.items():
            await _make_fund(ctx, code, year, budget)
    for site_id, code in VISITS.items():
        branch = await Organization.get(code=code)
        if not await Booking.filter(branch=branch, status=BookingStatus.FULFILLED).exists():
            await _make_visit(ctx, site_id, branch, begins)


async def _make_fund(ctx: Context, code: str, year: int, budget: int) -> None:
    organization = await Organization.get(code=code)
    if await Fund.filter(organization=organization, year=year).exists():
        return
    async with in_transaction():
        fund = await Fund.create(
            organization=organization, year=year, budget=budget, per_head=PER_HEAD, cap=CAP
        )
        await audit.record(ctx, "demo.fund_made", f"fund:{fund.id}", year=year, budget=budget)


async def _make_visit(ctx: Context, site_id: str, branch: Organization, begins: datetime) -> None:
    members = await Person.filter(organization=branch, left_at=None).order_by("id").limit(CAME)
    async with in_transaction():
        slot, _ = await Slot.get_or_create(
            site_id=site_id, starts_at=begins, defaults={"ends_at": begins + LASTED, "capacity": 40}
        )
        booking = await Booking.create(
            slot=slot,
            branch=branch,
            headcount=CAME,
            theme="主题党日：参观学习（演示）",
            status=BookingStatus.FULFILLED,
            created_at=begins,
        )
        for member in members:
            await CheckIn.create(booking=booking, person=member, at=slot.starts_at, source="door")
        await audit.record(ctx, "demo.visit_made", f"booking:{booking.id}", site=site_id)
