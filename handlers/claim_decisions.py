"""What officers say of a claim: the town reviews it, the district approves it, either sends it back.

Who handles, reviews and approves a claim are three people, the latter two never at home in its branch.
"""

from typing import Any

from tortoise.transactions import in_transaction

from handlers import access, audit, claims, screenings
from handlers.access import Reach
from handlers.claim_news import tell
from handlers.context import Context
from handlers.errors import FundSpent, NotAllowed, OwnClaim
from handlers.lines import one_line
from models import PROMISED, Claim, ClaimStatus, Person, Role

LONGEST_REASON = 200
OPEN = (ClaimStatus.SUBMITTED, ClaimStatus.REVIEWED, *PROMISED)
"""Statuses in which a claim may still be returned or turned down."""
UNDECIDED: dict[str, Any] = {
    "reviewed_by_id": None, "reviewed_at": None, "reviewed_from_id": None,
    "approved_by_id": None, "approved_at": None, "approved_from_id": None, "batch_id": None,
}  # fmt: skip
"""The columns of a claim nobody has decided about."""


async def approve(ctx: Context, *, claim_id: int) -> Claim:
    """Find a claim right: the town's review first, then the district's approval sets its amount aside.

    Twice is once. With `claims_two_reviews` off, one officer's word is enough.

    Raises:
        NotAllowed, NotFound, OwnClaim, WrongState, FundSpent.
    """
    person, reach, claim = await _find_to_decide(ctx, claim_id)
    if claim.status is ClaimStatus.SUBMITTED and ctx.settings.claims_two_reviews:
        await _review(ctx, person, claim)
    elif not _is_settled_for(ctx, person, reach, claim):
        await _approve(ctx, person, claim)
    return await claims.reread(claim.id)


async def send_back(ctx: Context, *, claim_id: int, reason: str) -> Claim:
    """Return a claim to its branch to be corrected, and say why; also one that was approved. Twice is once.

    Raises:
        NotAllowed, NotFound, OwnClaim, WrongState, BadInput.
    """
    return await _undo(ctx, claim_id, ClaimStatus.RETURNED, reason)


async def reject(ctx: Context, *, claim_id: int, reason: str) -> Claim:
    """Turn a claim down for good, and say why. Twice is once.

    Raises:
        NotAllowed, NotFound, OwnClaim, WrongState, BadInput.
    """
    return await _undo(ctx, claim_id, ClaimStatus.REJECTED, reason)


async def _review(ctx: Context, person: Person, claim: Claim) -> None:
    async with in_transaction():
        await claims.change(
            claim, (ClaimStatus.SUBMITTED,),
            status=ClaimStatus.REVIEWED, reviewed_by_id=person.id, reviewed_at=ctx.now(), reason="",
            reviewed_from_id=person.organization_id,
        )  # fmt: skip
        await audit.record(ctx, "claim.reviewed", f"claim:{claim.id}", amount=claim.amount)
        await tell(ctx, claim, ClaimStatus.REVIEWED)


def _is_settled_for(ctx: Context, person: Person, reach: Reach, claim: Claim) -> bool:
    """Whether this officer's part was done already, by them or by another."""
    if claim.status in PROMISED:
        return True
    if claim.status is not ClaimStatus.REVIEWED or not ctx.settings.claims_two_reviews:
        return False
    return Role.DISTRICT_OFFICER not in reach.roles or person.id == claim.reviewed_by_id


async def _approve(ctx: Context, person: Person, claim: Claim) -> None:
    if person.id == claim.reviewed_by_id:
        raise OwnClaim
    reviewed = (ClaimStatus.REVIEWED,)
    before = reviewed if ctx.settings.claims_two_reviews else (ClaimStatus.SUBMITTED, *reviewed)
    async with in_transaction():
        await claims.change(
            claim, before,
            status=ClaimStatus.APPROVED, approved_by_id=person.id, approved_at=ctx.now(), reason="",
            approved_from_id=person.organization_id,
        )  # fmt: skip
        if not await claim.fund.commit(claim.amount):
            raise FundSpent
        await audit.record(ctx, "claim.approved", f"claim:{claim.id}", amount=claim.amount)
        await tell(ctx, claim, ClaimStatus.APPROVED)


async def _undo(ctx: Context, claim_id: int, status: ClaimStatus, reason: str) -> Claim:
    reason = one_line(reason, longest=LONGEST_REASON, field="reason")
    _, reach, claim = await _find_to_decide(ctx, claim_id)
    if claim.status is status:
        return claim
    if _is_the_districts(ctx, claim) and Role.DISTRICT_OFFICER not in reach.roles:
        raise NotAllowed
    kept = screenings.look_at(ctx, reason)
    closed_at = ctx.now() if status is ClaimStatus.REJECTED else None
    async with in_transaction():
        before = (claim.status,) if claim.status in OPEN else ()
        await claims.change(claim, before, status=status, reason=kept.shown, closed_at=closed_at, **UNDECIDED)
        if claim.status in PROMISED:
            await claim.fund.free_again(claim.amount)
        await screenings.hold(ctx, kept, f"claim:{claim.id}:reason", path=claim.branch.path)
        await audit.record(ctx, f"claim.{status}", f"claim:{claim.id}")
        await tell(ctx, claim, status, reason=kept.shown)
    return await claims.reread(claim.id)


def _is_the_districts(ctx: Context, claim: Claim) -> bool:
    """Whether the district has approved it: then only the district undoes that."""
    return ctx.settings.claims_two_reviews and claim.status in PROMISED


async def _find_to_decide(ctx: Context, claim_id: int) -> tuple[Person, Reach, Claim]:
    """A claim below an officer, and neither their own nor their own branch's."""
    person, reach, claim = await claims.find_covered(ctx, claim_id)
    home = {person.organization_id, *await access.branches_worked_for(person)}
    if person.id in claim.applicant_ids or claim.branch_id in home:
        raise OwnClaim
    return person, reach, claim
