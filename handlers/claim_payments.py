"""What becomes of an approved claim: its visit is paid, once."""

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, claims
from handlers.claim_news import tell
from handlers.context import Context
from handlers.errors import NotAllowed, OwnClaim, WrongState
from models import Claim, ClaimStatus, Payment, Person


async def pay(ctx: Context, *, claim_id: int) -> Claim:
    """Note that an approved claim was paid, outside of any batch. Twice is once: a visit has one payment.

    Raises:
        NotAllowed: also when the fund isn't the caller's to spend.
        NotFound, OwnClaim, WrongState.
    """
    person, reach, claim = await claims.find_covered(ctx, claim_id)
    check_payer(ctx, person, claim)
    if not reach.covers_organization(claim.fund.organization):
        raise NotAllowed
    if claim.status is ClaimStatus.PAID:
        return claim
    try:
        async with in_transaction():
            change = {"status": ClaimStatus.PAID, "closed_at": ctx.now()}
            await claims.change(claim, (ClaimStatus.APPROVED,), **change)
            await write_payment(ctx, claim, payer=person)
            if not await claim.fund.pay(claim.amount):
                raise WrongState
    except IntegrityError:  # The visit was paid already.
        raise WrongState from None
    return await claims.reread(claim.id)


def check_payer(ctx: Context, person: Person, claim: Claim) -> None:
    """Nobody pays what they asked for, or, where the district wants that, what they found right.

    Raises:
        OwnClaim.
    """
    deciders = (claim.reviewed_by_id, claim.approved_by_id) if ctx.settings.claims_need_three_people else ()
    if person.id in (*claim.applicant_ids, *deciders):
        raise OwnClaim


async def write_payment(ctx: Context, claim: Claim, *, payer: Person) -> None:
    """The row that says a visit was paid, in the transaction that takes its amount from the fund."""
    await Payment.create(
        booking_id=claim.booking_id, claim=claim, fund_id=claim.fund_id, amount=claim.amount,
        claimed_by_id=claim.submitted_by_id, paid_by_id=payer.id, at=ctx.now(),
    )  # fmt: skip
    await audit.record(ctx, "claim.paid", f"claim:{claim.id}", amount=claim.amount, fund=claim.fund_id)
    await tell(ctx, claim, ClaimStatus.PAID)
