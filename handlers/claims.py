"""Claims for visits that took place: 补单. What a branch asks for, and who sees it.

Found right by two officers (handlers/claim_decisions), paid once (handlers/claim_payments). Every step is
one conditional statement on the claim, then one on the fund, in one transaction: of two people who decide
at once, one does, and a fund is never promised twice. The claim is always touched first, so that no two
wait for each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import access, audit, claim_deadlines, claim_records, funds, receipts, screenings
from handlers.access import Reach
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import (
    AlreadyClaimed,
    NoFund,
    NotFound,
    NotFulfilled,
    NotYourBranch,
    WrongState,
)
from handlers.lines import one_line
from handlers.receipts import Bill as Bill
from models import (
    PROMISED,
    Booking,
    BookingStatus,
    CheckIn,
    Claim,
    ClaimStatus,
    Fund,
    Person,
    Role,
)

LONGEST_NOTE = 200
LARGEST_PAGE = 100
CLAIMABLE_SHOWN = 100
COUNTS = (BookingStatus.CONFIRMED, BookingStatus.FULFILLED)
"""Statuses of a visit that took place once its time is over and somebody checked in."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a visit would be given: everything about it is known, so that nobody is asked again.

    `send_by` is the last day on which it is claimed in time. `lacks_record`: it isn't claimed before its
    record is signed.
    """

    booking: Booking
    fund: Fund
    present: int
    per_head: int
    cap: int
    amount: int
    send_by: date
    lacks_record: bool = False


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """A stretch of a list, newest first; `next` is the cursor of the following one."""

    items: list[Claim]
    next: int | None


def amount_due(*, present: int, per_head: int, cap: int, spent: int | None = None) -> int:
    """What a visit is given, in fen: so much for each person present, at most the cap and what was spent."""
    due = min(present * per_head, cap)
    return due if spent is None else min(due, spent)


async def claimable(ctx: Context) -> list[Proposal]:
    """Visits of the caller's branches that took place and aren't claimed yet, with what they would be given.

    Raises:
        NotBound, NotYourBranch: the caller works for no branch.
    """
    person = await require_person(ctx)
    branches = await own_branches(person)
    visits = Booking.filter(
        branch_id__in=branches, status__in=COUNTS, slot__ends_at__lte=ctx.now(), claims__id=None
    )
    rows = await visits.order_by("-slot__starts_at").limit(CLAIMABLE_SHOWN).select_related(
        "slot__site", "branch"
    )  # fmt: skip
    found, unwritten = [], await claim_records.lacking(ctx, rows)
    for booking in rows:
        try:
            found.append(replace(await _propose(ctx, booking), lacks_record=booking.id in unwritten))
        except (NotFulfilled, NoFund):
            continue
    return found


async def submit(ctx: Context, *, booking_id: int, note: str = "", bills: Sequence[Bill] = ()) -> Claim:
    """Claim a visit. Branch, site, date and heads are known from it; receipts and a note are optional.

    Raises:
        NotYourBranch, NotFound, NotFulfilled, NoRecord, NoFund, AlreadyClaimed, ReceiptUsed, BadInput.
    """
    person = await require_person(ctx)
    branches = await own_branches(person)
    note = one_line(note, longest=LONGEST_NOTE, field="note", required=False)
    receipts.check(bills)
    booking = await Booking.get_or_none(id=booking_id).select_related("slot__site", "branch")
    if booking is None:
        raise NotFound
    if booking.branch_id not in branches:
        raise NotYourBranch if await _sees(ctx, booking) else NotFound
    if await Claim.filter(booking_id=booking.id).exists():
        raise AlreadyClaimed
    proposal = await _propose(ctx, booking, bills)
    await claim_records.check(ctx, booking)
    kept = screenings.look_at(ctx, note)
    try:
        async with in_transaction():
            claim = await Claim.create(
                booking=booking, branch=booking.branch, fund=proposal.fund, note=kept.shown,
                status=ClaimStatus.SUBMITTED, submitted_by=person, applicant_ids=[person.id],
                submitted_at=ctx.now(), **_figures(proposal),
            )  # fmt: skip
            await receipts.keep(claim, bills)
            await screenings.hold(ctx, kept, f"claim:{claim.id}:note", path=booking.branch.path)
            await audit.record(
                ctx, "claim.submitted", f"claim:{claim.id}",
                booking=booking.id, fund=proposal.fund.id, present=claim.present, amount=claim.amount,
            )  # fmt: skip
    except IntegrityError:
        raise AlreadyClaimed from None
    return await reread(claim.id)


async def correct(ctx: Context, *, claim_id: int, note: str = "", bills: Sequence[Bill] = ()) -> Claim:
    """Send a returned claim again; heads and amount are counted anew.

    Raises:
        NotYourBranch, NotFound, WrongState, ReceiptUsed, NotFulfilled, NoRecord, NoFund, BadInput.
    """
    person = await require_person(ctx)
    branches = await own_branches(person)
    note = one_line(note, longest=LONGEST_NOTE, field="note", required=False)
    receipts.check(bills)
    claim = await _find(person, await access.reach(ctx), claim_id)
    if claim.branch_id not in branches:
        raise NotYourBranch
    proposal = await _propose(ctx, claim.booking, bills)
    await claim_records.check(ctx, claim.booking)
    kept = screenings.look_at(ctx, note)
    async with in_transaction():
        await change(
            claim, (ClaimStatus.RETURNED,),
            status=ClaimStatus.SUBMITTED, submitted_by_id=person.id, submitted_at=ctx.now(), note=kept.shown,
            reason="", rounds=claim.rounds + 1, fund_id=proposal.fund.id,
            applicant_ids=sorted({*claim.applicant_ids, person.id}), **_figures(proposal),
        )  # fmt: skip
        await receipts.keep(claim, bills)
        await screenings.hold(ctx, kept, f"claim:{claim.id}:note", path=claim.branch.path)
        await audit.record(
            ctx, "claim.corrected", f"claim:{claim.id}",
            fund=proposal.fund.id, present=proposal.present, amount=proposal.amount, round=claim.rounds + 1,
        )  # fmt: skip
    return await reread(claim.id)


async def list_claims(
    ctx: Context,
    *,
    status: ClaimStatus | None = None,
    year: int | None = None,
    overdue: bool = False,
    cursor: int | None = None,
    limit: int = 20,
) -> ClaimPage:
    """Claims of the caller's branch or subtree, newest first; with `overdue`, those whose review is due."""
    wanted = await visible(ctx)
    if status is not None:
        wanted = wanted.filter(status=status)
    if year is not None:
        wanted = wanted.filter(fund__year=year)
    if overdue:
        wanted = wanted.filter(_overdue(ctx))
    if cursor is not None:
        wanted = wanted.filter(id__lt=cursor)
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = await whole(wanted.order_by("-id").limit(limit + 1))
    items = rows[:limit]
    return ClaimPage(items, items[-1].id if len(rows) > limit else None)


async def get_claim(ctx: Context, *, claim_id: int) -> Claim:
    """One claim; what the caller may not see is not found."""
    return await _find(await require_person(ctx), await access.reach(ctx), claim_id)


async def visible(ctx: Context) -> Any:
    """The claims a caller may see: those of the own branch, and of the organizations covered."""
    return Claim.filter(_visible(await require_person(ctx), await access.reach(ctx)))


async def whole(rows: Any) -> list[Claim]:
    """Claims with everything that is shown of them; two queries."""
    found: list[Claim] = await rows.select_related(
        "booking__slot__site", "branch", "fund__organization"
    ).prefetch_related("receipts")
    for row in found:
        row.booking.branch = row.branch
    return found


async def waiting_for(ctx: Context) -> tuple[int, int]:
    """How many claims below an officer wait for their review, and how many to be paid.

    To the district's officers come those that the town has reviewed, and those it should have by now.

    Raises:
        NotAllowed: the caller is no officer.
    """
    reach = await funds.officer(ctx)
    rows = Claim.filter(_covered(reach))
    mine = Q(status=ClaimStatus.SUBMITTED)
    if ctx.settings.claims_two_reviews and Role.DISTRICT_OFFICER in reach.roles:
        mine = Q(Q(status=ClaimStatus.REVIEWED), mine & _overdue(ctx), join_type=Q.OR)
    return await rows.filter(mine).count(), await rows.filter(status__in=PROMISED).count()


def _overdue(ctx: Context) -> Q:
    """Claims that have waited for longer than they should."""
    by_town = claim_deadlines.sent_before(ctx, days=ctx.settings.town_review_workdays)
    by_district = claim_deadlines.sent_before(ctx, days=ctx.settings.district_review_workdays)
    return Q(
        Q(status=ClaimStatus.SUBMITTED, submitted_at__lt=by_town),
        Q(status=ClaimStatus.REVIEWED, reviewed_at__lt=by_district),
        join_type=Q.OR,
    )


async def change(claim: Claim, before: Sequence[ClaimStatus], **change: Any) -> None:
    """One step, if the claim is still as it was read.

    Raises:
        WrongState: it isn't.
    """
    as_read = Claim.filter(id=claim.id, rounds=claim.rounds, status__in=list(before))
    if not before or not await as_read.update(**change):
        raise WrongState


async def _find(person: Person, reach: Reach, claim_id: int) -> Claim:
    rows = await whole(Claim.filter(_visible(person, reach), id=claim_id))
    if not rows:
        raise NotFound
    return rows[0]


async def find_covered(ctx: Context, claim_id: int) -> tuple[Person, Reach, Claim]:
    """An officer, what they reach, and a claim below them.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    person = await require_person(ctx)
    reach = await funds.officer(ctx)
    rows = await whole(Claim.filter(_covered(reach), id=claim_id))
    if not rows:
        raise NotFound
    return person, reach, rows[0]


async def reread(claim_id: int) -> Claim:
    """A claim with everything that is shown of it, as it is now."""
    (claim,) = await whole(Claim.filter(id=claim_id))
    return claim


def _visible(person: Person, reach: Reach) -> Q:
    return Q(Q(branch_id=person.organization_id), _covered(reach), join_type=Q.OR)


def _covered(reach: Reach) -> Q:
    """Claims of the organizations below: being at home in a branch gives no say in what it asks for."""
    return access.within(reach, below="branch__")


async def _sees(ctx: Context, booking: Booking) -> bool:
    return (await access.reach(ctx)).covers_organization(booking.branch)


async def own_branches(person: Person) -> list[int]:
    """The branches this person claims for.

    Raises:
        NotYourBranch: there is none.
    """
    branches = await access.branches_worked_for(person)
    if not branches:
        raise NotYourBranch
    return branches


async def _propose(ctx: Context, booking: Booking, bills: Sequence[Bill] = ()) -> Proposal:
    if booking.status not in COUNTS or booking.slot.ends_at > ctx.now():
        raise NotFulfilled
    present = await CheckIn.filter(booking_id=booking.id).count()
    if not present:
        raise NotFulfilled
    fund = await funds.fund_for(booking.branch, booking.slot.starts_at.astimezone(ctx.settings.zone).year)
    if fund is None:
        raise NoFund
    spent = sum(bill.amount for bill in bills) if bills else None
    amount = amount_due(present=present, per_head=fund.per_head, cap=fund.cap, spent=spent)
    send_by = claim_deadlines.send_by(ctx, booking.slot)
    return Proposal(booking, fund, present, fund.per_head, fund.cap, amount, send_by)


def _figures(proposal: Proposal) -> dict[str, Any]:
    return {name: getattr(proposal, name) for name in ("present", "per_head", "cap", "amount")}
