"""By when a claim is to be sent and decided, in working days: shown, and nothing is lost by one that passes.

The figures are settings: the district's own measure (《开放式组织生活点办法》) isn't at hand.
"""

from datetime import date, datetime

from handlers import workdays
from handlers.context import Context
from handlers.lesson_calendar import told_days_off
from models import Claim, ClaimStatus, Slot


def send_by(ctx: Context, slot: Slot) -> date:
    """The last day on which a visit is claimed in time."""
    return _after(ctx, slot.ends_at, ctx.settings.claim_within_workdays)


def due_on(ctx: Context, claim: Claim) -> date | None:
    """The day on which the next review of a claim is due; None where none is."""
    if claim.status is ClaimStatus.SUBMITTED:
        return _after(ctx, claim.submitted_at, ctx.settings.town_review_workdays)
    if claim.status is ClaimStatus.REVIEWED and claim.reviewed_at is not None:
        return _after(ctx, claim.reviewed_at, ctx.settings.district_review_workdays)
    return None


def is_overdue(ctx: Context, claim: Claim) -> bool:
    """Whether the next review should have been made before today."""
    due = due_on(ctx, claim)
    return due is not None and due < ctx.now().date()


def was_late(ctx: Context, claim: Claim) -> bool:
    """Whether a claim was sent after its day; one that came back is as good as it was."""
    sent_on = claim.submitted_at.astimezone(ctx.settings.zone).date()
    return claim.rounds == 1 and sent_on > send_by(ctx, claim.booking.slot)


def sent_before(ctx: Context, *, days: int) -> datetime:
    """What was sent before this moment has waited for more than so many working days."""
    return workdays.begun_before(ctx.now(), days, told_days_off(ctx.settings))


def _after(ctx: Context, at: datetime, days: int) -> date:
    day = at.astimezone(ctx.settings.zone).date()
    return workdays.after(day, days, told_days_off(ctx.settings))
