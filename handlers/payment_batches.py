"""What a fund pays in a quarter, all at once: 集中拨付. Drawn up, looked at as a sheet, then paid as a whole.

A batch holds the claims that were approved up to its quarter's end. Claims are touched before funds, as
everywhere, so that no two wait for each other; one that is returned meanwhile is simply not among those paid.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import audit, claim_payments, claim_sheet, claims, funds, quarters
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from models import BatchStatus, Claim, ClaimStatus, Fund, PaymentBatch, Person

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch with its claims, and what they come to in fen."""

    row: PaymentBatch
    claims: list[Claim]

    @property
    def amount(self) -> int:
        """The sum of its claims."""
        return sum(claim.amount for claim in self.claims)


async def draw_up(
    ctx: Context, *, fund_id: int, year: int | None = None, quarter: int | None = None
) -> Batch:
    """Put what was approved up to the quarter's end into the fund's batch; this quarter's by default.

    Doing it again adds what was approved since.

    Raises:
        NotAllowed, NotFound, BadInput: a quarter to come.
        WrongState: the quarter's batch was paid.
    """
    fund = await _fund(ctx, fund_id)
    now = quarters.of(ctx.now().date())
    wanted = quarters.Quarter(year or now.year, quarter or now.number)
    if wanted > now:
        raise BadInput(quarter="这个季度还没有到")
    try:
        async with in_transaction():
            row = await _open(ctx, fund, wanted)
            added = await _fill(row, before=wanted.ends_at(ctx.settings.zone))
            await audit.record(ctx, "batch.drawn_up", f"batch:{row.id}", fund=fund.id, claims=added)
    except IntegrityError:  # Somebody else drew it up a moment ago.
        raise WrongState from None
    return await _whole(row.id)


async def list_batches(ctx: Context, *, year: int | None = None) -> list[Batch]:
    """The batches of the funds an officer sees, the newest quarter first. Three queries.

    Raises:
        NotAllowed: the caller is no officer.
    """
    visible = await _visible(ctx)
    rows = PaymentBatch.filter(visible) if year is None else PaymentBatch.filter(visible, year=year)
    found = await rows.order_by("-year", "-quarter", "-id").limit(SHOWN).select_related("fund__organization")
    inside = await claims.whole(Claim.filter(batch_id__in=[row.id for row in found]).order_by("id"))
    return [Batch(row, [claim for claim in inside if claim.batch_id == row.id]) for row in found]


async def get_batch(ctx: Context, *, batch_id: int) -> Batch:
    """One batch; what the caller may not see is not found."""
    return await _find(ctx, batch_id)


async def pay(ctx: Context, *, batch_id: int) -> Batch:
    """Note that a whole batch was paid: each of its visits once, the fund by their sum. Twice is once.

    Raises:
        NotAllowed, NotFound, OwnClaim: one of its claims is the caller's own.
        WrongState: there is nothing in it, or one of its visits was paid already.
    """
    person, batch = await _find_to_pay(ctx, batch_id)
    if batch.row.status is BatchStatus.PAID:
        return batch
    try:
        async with in_transaction():
            paid = await _pay(ctx, person, batch.row)
            total = sum(claim.amount for claim in paid)
            if not paid or not await batch.row.fund.pay(total):
                raise WrongState
            await audit.record(
                ctx, "batch.paid", f"batch:{batch.row.id}",
                fund=batch.row.fund_id, claims=len(paid), amount=total,
            )  # fmt: skip
    except IntegrityError:
        raise WrongState from None
    return await _whole(batch.row.id)


async def dissolve(ctx: Context, *, batch_id: int) -> None:
    """Take an unpaid batch apart: its claims wait to be paid as before.

    Raises:
        NotAllowed, NotFound, WrongState: it was paid.
    """
    _, batch = await _find_to_pay(ctx, batch_id)
    opened = PaymentBatch.filter(id=batch.row.id, status=BatchStatus.OPEN)
    async with in_transaction():
        # The batch is touched before its claims, as when it is paid.
        if not await opened.update(status=BatchStatus.OPEN):
            raise WrongState
        inside = Claim.filter(batch_id=batch.row.id, status=ClaimStatus.BATCHED)
        await inside.update(status=ClaimStatus.APPROVED, batch_id=None)
        await opened.delete()
        await audit.record(ctx, "batch.dissolved", f"batch:{batch.row.id}", fund=batch.row.fund_id)


async def export(ctx: Context, *, batch_id: int) -> bytes:
    """A batch as an Excel sheet, whose sums are checked against the claims and the payments."""
    batch = await _find(ctx, batch_id)
    title = f"{batch.row.year}年第{batch.row.quarter}季度拨付"
    paid = await claim_sheet.sum_of_payments(batch.claims)
    zone = ctx.settings.zone
    return await asyncio.to_thread(claim_sheet.write, batch.claims, title=title, paid=paid, zone=zone)


async def _open(ctx: Context, fund: Fund, wanted: quarters.Quarter) -> PaymentBatch:
    """The fund's batch of that quarter, made where there is none."""
    place: dict[str, Any] = {"fund_id": fund.id, "year": wanted.year, "quarter": wanted.number}
    row = await PaymentBatch.get_or_none(**place)
    if row is None:
        return await PaymentBatch.create(**place, made_at=ctx.now())
    # Touched, so that nobody pays it while it is being filled.
    if not await PaymentBatch.filter(id=row.id, status=BatchStatus.OPEN).update(status=BatchStatus.OPEN):
        raise WrongState
    return row


async def _fill(row: PaymentBatch, *, before: datetime) -> int:
    approved = Claim.filter(fund_id=row.fund_id, status=ClaimStatus.APPROVED, approved_at__lt=before)
    return await approved.update(status=ClaimStatus.BATCHED, batch_id=row.id)


async def _pay(ctx: Context, person: Person, row: PaymentBatch) -> list[Claim]:
    """Close the batch and write the payments of what is in it at that moment."""
    opened = PaymentBatch.filter(id=row.id, status=BatchStatus.OPEN)
    if not await opened.update(status=BatchStatus.PAID, paid_by_id=person.id, paid_at=ctx.now()):
        raise WrongState
    inside = Claim.filter(batch_id=row.id, status=ClaimStatus.BATCHED)
    await inside.update(status=ClaimStatus.PAID, closed_at=ctx.now())
    paid = await claims.whole(Claim.filter(batch_id=row.id, status=ClaimStatus.PAID).order_by("id"))
    for claim in paid:
        claim_payments.check_payer(ctx, person, claim)
        await claim_payments.write_payment(ctx, claim, payer=person)
    return paid


async def _fund(ctx: Context, fund_id: int) -> Fund:
    """A fund that is the caller's to spend.

    Raises:
        NotAllowed, NotFound.
    """
    await require_person(ctx)
    reach = await funds.officer(ctx)
    fund = await Fund.get_or_none(id=fund_id).select_related("organization")
    if fund is None:
        raise NotFound
    if not reach.covers_organization(fund.organization):
        raise NotAllowed
    return fund


async def _visible(ctx: Context) -> Q:
    tops = (await funds.officer(ctx)).organization_paths
    return Q(*(Q(fund__organization__path__startswith=top) for top in tops), join_type=Q.OR)


async def _find(ctx: Context, batch_id: int) -> Batch:
    if not await PaymentBatch.filter(await _visible(ctx), id=batch_id).exists():
        raise NotFound
    return await _whole(batch_id)


async def _find_to_pay(ctx: Context, batch_id: int) -> tuple[Person, Batch]:
    person = await require_person(ctx)
    return person, await _find(ctx, batch_id)


async def _whole(batch_id: int) -> Batch:
    row = await PaymentBatch.get(id=batch_id).select_related("fund__organization")
    inside: Any = Claim.filter(batch_id=batch_id).order_by("id")
    return Batch(row, await claims.whole(inside))
