"""What waits for somebody: 待办. Each line is counted only for whom it concerns."""

from dataclasses import dataclass

from handlers import (
    access,
    assessment_todos,
    claims,
    complaint_desk,
    filings,
    questions,
    record_holdings,
    rotations,
    screenings,
    showcase_list,
)
from handlers.access import OFFICERS, Reach
from handlers.accounts import require_person
from handlers.context import Context
from models import Booking, BookingStatus, Claim, ClaimStatus, Role


@dataclass(frozen=True, slots=True)
class Todos:
    """Counts of what waits."""

    visits_to_confirm: int = 0
    claims_to_decide: int = 0
    claims_to_pay: int = 0
    texts_to_read: int = 0
    questions_to_answer: int = 0
    complaints_to_answer: int = 0
    claims_to_correct: int = 0
    visits_to_claim: int = 0
    filings_to_decide: int = 0
    rotations_to_settle: int = 0
    showcase_to_settle: int = 0
    results_to_sign: int = 0
    findings_due: int = 0
    findings_to_accept: int = 0
    branches_to_assess: int = 0
    weak_branches_due: int = 0
    records_due: int = 0
    records_to_finish: int = 0


async def mine(ctx: Context) -> Todos:
    """What waits for the caller, by their duties.

    Raises:
        NotBound.
    """
    person = await require_person(ctx)
    reach = await access.reach(ctx)
    found: dict[str, int] = {}
    if reach.site_ids:
        found["visits_to_confirm"] = await _requested(reach)
    if reach.roles & OFFICERS:
        found["claims_to_decide"], found["claims_to_pay"] = await claims.waiting_for(ctx)
        found["texts_to_read"] = len(await screenings.queue(ctx))
        found["filings_to_decide"] = await filings.waiting_for(ctx, reach)
        found["rotations_to_settle"] = await rotations.waiting_for(ctx)
        found["questions_to_answer"] = len(await questions.unanswered(ctx))
        found["complaints_to_answer"] = await complaint_desk.waiting_for(reach)
    if Role.BRANCH_WORKER in reach.roles:
        found["claims_to_correct"] = await _returned(ctx)
        found["visits_to_claim"] = len(await claims.claimable(ctx))
        found |= await record_holdings.waiting_for(ctx, person)
    if reach.roles & (OFFICERS | {Role.BRANCH_WORKER}):
        found["showcase_to_settle"] = await showcase_list.waiting_for(ctx)
    found |= await assessment_todos.mine(ctx)
    return Todos(**found)


async def _requested(reach: Reach) -> int:
    requested = Booking.filter(status=BookingStatus.REQUESTED, slot__site_id__in=list(reach.site_ids))
    return await requested.count()


async def _returned(ctx: Context) -> int:
    branches = await claims.own_branches(await require_person(ctx))
    return await Claim.filter(branch_id__in=branches, status=ClaimStatus.RETURNED).count()
