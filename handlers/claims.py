"""Claims for visits that took place: 补单. Asked by a branch, decided by somebody else, paid once.

Every step is one conditional statement on the claim, then one on the fund, in one transaction: of two
people who decide at once, one does, and a fund is never promised twice. The claim is always touched
first, so that no two wait for each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import access, audit, funds, screenings
from handlers.access import Reach
from handlers.accounts import require_person
from handlers.claim_news import tell
from handlers.context import Context
from handlers.errors import (
    AlreadyClaimed,
    BadInput,
    FundSpent,
    NoFund,
    NotAllowed,
    NotFound,
    NotFulfilled,
    NotYourBranch,
    OwnClaim,
    ReceiptUsed,
    WrongState,
)
from handlers.lines import one_line
from models import (
    Booking,
    BookingStatus,
    CheckIn,
    Claim,
    ClaimStatus,
    Duty,
    Fund,
    Payment,
    Person,
    Receipt,
    Role,
)

LONGEST_NOTE = 200
LONGEST_REASON = 200
MOST_RECEIPTS = 30
LARGEST_PAGE = 100
CLAIMABLE_SHOWN = 100
COUNTS = (BookingStatus.CONFIRMED, BookingStatus.FULFILLED)
"""Statuses of a visit that took place once its time is over and somebody checked in."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A receipt: its number, and its amount in fen."""

    number: str
    amount: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a visit would be given: everything about it is known, so that nobody is asked again."""

    booking: Booking
    fund: Fund
    present: int
    per_head: int
    cap: int
    amount: int


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
    found = []
    for booking in rows:
        try:
            found.append(await _propose(ctx, booking))
        except (NotFulfilled, NoFund):
            continue
    return found


async def submit(ctx: Context, *, booking_id: int, note: str = "", receipts: Sequence[Bill] = ()) -> Claim:
    """Claim a visit. Branch, site, date and heads are known from it; receipts and a note are optional.

    Raises:
        NotYourBranch, NotFound, NotFulfilled, NoFund, AlreadyClaimed, ReceiptUsed, BadInput.
    """
    person = await require_person(ctx)
    branches = await own_branches(person)
    note = one_line(note, longest=LONGEST_NOTE, field="note", required=False)
    _check_receipts(receipts)
    booking = await Booking.get_or_none(id=booking_id).select_related("slot__site", "branch")
    if booking is None:
        raise NotFound
    if booking.branch_id not in branches:
        raise NotYourBranch if await _sees(ctx, booking) else NotFound
    if await Claim.filter(booking_id=booking.id).exists():
        raise AlreadyClaimed
    proposal = await _propose(ctx, booking, receipts)
    kept = screenings.look_at(ctx, note)
    try:
        async with in_transaction():
            claim = await Claim.create(
                booking=booking, branch=booking.branch, fund=proposal.fund, note=kept.shown,
                status=ClaimStatus.SUBMITTED, submitted_by=person, applicant_ids=[person.id],
                submitted_at=ctx.now(), **_figures(proposal),
            )  # fmt: skip
            await _keep_receipts(claim, receipts)
            await screenings.hold(ctx, kept, f"claim:{claim.id}:note", path=booking.branch.path)
            await audit.record(
                ctx, "claim.submitted", f"claim:{claim.id}",
                booking=booking.id, fund=proposal.fund.id, present=claim.present, amount=claim.amount,
            )  # fmt: skip
    except IntegrityError:
        raise AlreadyClaimed from None
    return await _whole(claim.id)


async def correct(ctx: Context, *, claim_id: int, note: str = "", receipts: Sequence[Bill] = ()) -> Claim:
    """Send a returned claim again; heads and amount are counted anew.

    Raises:
        NotYourBranch, NotFound, WrongState, ReceiptUsed, NotFulfilled, NoFund, BadInput.
    """
    person = await require_person(ctx)
    branches = await own_branches(person)
    note = one_line(note, longest=LONGEST_NOTE, field="note", required=False)
    _check_receipts(receipts)
    claim = await _find(person, await access.reach(ctx), claim_id)
    if claim.branch_id not in branches:
        raise NotYourBranch
    proposal = await _propose(ctx, claim.booking, receipts)
    kept = screenings.look_at(ctx, note)
    async with in_transaction():
        await _change(
            claim, (ClaimStatus.RETURNED,),
            status=ClaimStatus.SUBMITTED, submitted_by_id=person.id, submitted_at=ctx.now(), note=kept.shown,
            reason="", rounds=claim.rounds + 1, fund_id=proposal.fund.id,
            applicant_ids=sorted({*claim.applicant_ids, person.id}), **_figures(proposal),
        )  # fmt: skip
        await Receipt.filter(claim_id=claim.id).delete()
        await _keep_receipts(claim, receipts)
        await screenings.hold(ctx, kept, f"claim:{claim.id}:note", path=claim.branch.path)
        await audit.record(
            ctx, "claim.corrected", f"claim:{claim.id}",
            fund=proposal.fund.id, present=proposal.present, amount=proposal.amount, round=claim.rounds + 1,
        )  # fmt: skip
    return await _whole(claim.id)


async def list_claims(
    ctx: Context,
    *,
    status: ClaimStatus | None = None,
    year: int | None = None,
    cursor: int | None = None,
    limit: int = 20,
) -> ClaimPage:
    """Claims of the caller's branch or subtree, newest first."""
    wanted = await visible(ctx)
    if status is not None:
        wanted = wanted.filter(status=status)
    if year is not None:
        wanted = wanted.filter(fund__year=year)
    if cursor is not None:
        wanted = wanted.filter(id__lt=cursor)
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = await whole(wanted.order_by("-id").limit(limit + 1))
    items = rows[:limit]
    return ClaimPage(items, items[-1].id if len(rows) > limit else None)


async def get_claim(ctx: Context, *, claim_id: int) -> Claim:
    """One claim; what the caller may not see is not found."""
    return await _find(await require_person(ctx), await access.reach(ctx), claim_id)


async def approve(ctx: Context, *, claim_id: int) -> Claim:
    """Find a claim right: its amount is set aside in the fund. Twice is once.

    Raises:
        NotAllowed, NotFound, OwnClaim, WrongState, FundSpent.
    """
    person, claim = await _find_to_decide(ctx, claim_id)
    if claim.status is ClaimStatus.APPROVED:
        return claim
    async with in_transaction():
        await _change(
            claim, (ClaimStatus.SUBMITTED,),
            status=ClaimStatus.APPROVED, approved_by_id=person.id, approved_at=ctx.now(), reason="",
        )  # fmt: skip
        if not await claim.fund.commit(claim.amount):
            raise FundSpent
        await audit.record(ctx, "claim.approved", f"claim:{claim.id}", amount=claim.amount)
        await tell(ctx, claim, ClaimStatus.APPROVED)
    return await _whole(claim.id)


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


async def pay(ctx: Context, *, claim_id: int) -> Claim:
    """Note that an approved claim was paid. Twice is once: a visit has one payment.

    Raises:
        NotAllowed: also when the fund isn't the caller's to spend.
        NotFound, OwnClaim, WrongState.
    """
    person, claim = await _find_to_decide(ctx, claim_id)
    if not (await access.reach(ctx)).covers_organization(claim.fund.organization):
        raise NotAllowed
    if claim.status is ClaimStatus.PAID:
        return claim
    if ctx.settings.claims_need_three_people and claim.approved_by_id == person.id:
        raise OwnClaim
    try:
        async with in_transaction():
            await _change(claim, (ClaimStatus.APPROVED,), status=ClaimStatus.PAID)
            await Payment.create(
                booking_id=claim.booking_id, claim=claim, fund_id=claim.fund_id, amount=claim.amount,
                claimed_by_id=claim.submitted_by_id, paid_by_id=person.id, at=ctx.now(),
            )  # fmt: skip
            if not await claim.fund.pay(claim.amount):
                raise WrongState
            await audit.record(
                ctx, "claim.paid", f"claim:{claim.id}", amount=claim.amount, fund=claim.fund_id
            )
            await tell(ctx, claim, ClaimStatus.PAID)
    except IntegrityError:  # The visit was paid already.
        raise WrongState from None
    return await _whole(claim.id)


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
    """How many claims below an officer wait to be decided, and how many to be paid.

    Raises:
        NotAllowed: the caller is no officer.
    """
    rows = Claim.filter(_covered(await funds.officer(ctx)))
    return (
        await rows.filter(status=ClaimStatus.SUBMITTED).count(),
        await rows.filter(status=ClaimStatus.APPROVED).count(),
    )


async def _undo(ctx: Context, claim_id: int, status: ClaimStatus, reason: str) -> Claim:
    reason = one_line(reason, longest=LONGEST_REASON, field="reason")
    _, claim = await _find_to_decide(ctx, claim_id)
    if claim.status is status:
        return claim
    kept = screenings.look_at(ctx, reason)
    async with in_transaction():
        await _change(
            claim, (claim.status,) if claim.status in (ClaimStatus.SUBMITTED, ClaimStatus.APPROVED) else (),
            status=status, reason=kept.shown, approved_by_id=None, approved_at=None,
        )  # fmt: skip
        if claim.status is ClaimStatus.APPROVED:
            await claim.fund.free_again(claim.amount)
        await screenings.hold(ctx, kept, f"claim:{claim.id}:reason", path=claim.branch.path)
        await audit.record(ctx, f"claim.{status}", f"claim:{claim.id}")
        await tell(ctx, claim, status, reason=kept.shown)
    return await _whole(claim.id)


async def _change(claim: Claim, before: Sequence[ClaimStatus], **change: Any) -> None:
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


async def _find_to_decide(ctx: Context, claim_id: int) -> tuple[Person, Claim]:
    person = await require_person(ctx)
    rows = await whole(Claim.filter(_covered(await funds.officer(ctx)), id=claim_id))
    if not rows:
        raise NotFound
    claim = rows[0]
    if person.id in claim.applicant_ids:
        raise OwnClaim
    return person, claim


async def _whole(claim_id: int) -> Claim:
    (claim,) = await whole(Claim.filter(id=claim_id))
    return claim


def _visible(person: Person, reach: Reach) -> Q:
    return Q(Q(branch_id=person.organization_id), _covered(reach), join_type=Q.OR)


def _covered(reach: Reach) -> Q:
    """Claims of the organizations below: being at home in a branch gives no say in what it asks for."""
    below = [Q(branch__path__startswith=path) for path in reach.organization_paths]
    return Q(*below, join_type=Q.OR) if below else Q(id__isnull=True)


async def _sees(ctx: Context, booking: Booking) -> bool:
    return (await access.reach(ctx)).covers_organization(booking.branch)


async def own_branches(person: Person) -> list[int]:
    """The branches this person works for.

    Raises:
        NotYourBranch: there is none.
    """
    duties = await Duty.filter(person_id=person.id, role=Role.BRANCH_WORKER)
    branches = [duty.organization_id for duty in duties if duty.organization_id is not None]
    if not branches:
        raise NotYourBranch
    return branches


async def _propose(ctx: Context, booking: Booking, receipts: Sequence[Bill] = ()) -> Proposal:
    if booking.status not in COUNTS or booking.slot.ends_at > ctx.now():
        raise NotFulfilled
    present = await CheckIn.filter(booking_id=booking.id).count()
    if not present:
        raise NotFulfilled
    fund = await funds.fund_for(booking.branch, booking.slot.starts_at.astimezone(ctx.settings.zone).year)
    if fund is None:
        raise NoFund
    spent = sum(bill.amount for bill in receipts) if receipts else None
    amount = amount_due(present=present, per_head=fund.per_head, cap=fund.cap, spent=spent)
    return Proposal(booking, fund, present, fund.per_head, fund.cap, amount)


def _figures(proposal: Proposal) -> dict[str, Any]:
    return {name: getattr(proposal, name) for name in ("present", "per_head", "cap", "amount")}


async def _keep_receipts(claim: Claim, receipts: Sequence[Bill]) -> None:
    try:
        async with in_transaction():
            await Receipt.bulk_create(
                [
                    Receipt(claim_id=claim.id, number=bill.number.strip(), amount=bill.amount)
                    for bill in receipts
                ]
            )
    except IntegrityError:
        raise ReceiptUsed from None


def _check_receipts(receipts: Sequence[Bill]) -> None:
    numbers = [bill.number.strip() for bill in receipts]
    if len(receipts) > MOST_RECEIPTS:
        raise BadInput(receipts=f"一次最多填 {MOST_RECEIPTS} 张票据")
    if any(not number or len(number) > 32 for number in numbers):
        raise BadInput(receipts="票据号应为 1 至 32 个字符")
    if len(set(numbers)) < len(numbers):
        raise BadInput(receipts="票据号有重复，请核对")
    if any(not 0 < bill.amount <= funds.LARGEST for bill in receipts):
        raise BadInput(receipts="票据金额应是大于 0 的整数，单位为分")
