"""A branch's visits to sites: 点单, approval, waiting, cancelling, looking up."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import access, audit, calendars, gates, lead_times, paging, places, screenings, site_facts
from handlers.access import OFFICERS, Reach
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import (
    BadInput,
    BookingPaused,
    NotAllowed,
    NotFound,
    NotYourBranch,
    SlotClosed,
    SlotFull,
    TooLateToCancel,
    WrongState,
)
from handlers.lines import one_line
from handlers.screenings import Kept
from handlers.visit_news import News, tell
from models import (
    HOLDING,
    LIVE,
    Booking,
    BookingStatus,
    Organization,
    Person,
    Role,
    SiteService,
    SiteStatus,
    Slot,
    statements,
)

SURE = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED)
"""Statuses that may stand in a calendar."""

COMING = (BookingStatus.CONFIRMED, BookingStatus.FULFILLED)
ACTS_FOR_BRANCH = OFFICERS | {Role.BRANCH_WORKER}
LONGEST_THEME = 80
LONGEST_REASON = 200
Wish = tuple[Organization, Slot | None]
Write = Callable[[Context, Booking], Awaitable[Booking]]


@dataclass(frozen=True, slots=True)
class BookingPage:
    """A stretch of a list, newest first; `next` is the cursor of the following one."""

    items: list[Booking]
    next: int | None


async def book(
    ctx: Context,
    *,
    slot_id: int,
    headcount: int,
    theme: str,
    wait: bool = False,
    branch_id: int | None = None,
    activity: SiteService | None = None,
    exclusive: bool | None = None,
) -> Booking:
    """Book places for a branch: all of them or none.

    The branch is the one the caller works for; `branch_id` tells which when there are several. With
    `wait`, a full slot gives a booking that is waiting. A query and, where nothing is in its way, the
    statement that writes it.

    Who doesn't ask to be `exclusive` agrees to share the slot, and so did those who are in it: both sides
    have said so. A meeting of the organization's life is alone where nothing is said.

    Raises:
        NotYourBranch, BookingPaused, SlotClosed, AlreadyBooked, TooManyBookings, TooManyThisMonth, SlotFull,
        BadInput.
    """
    person = await require_person(ctx)
    theme = one_line(theme, longest=LONGEST_THEME, field="theme")
    branch, slot = _own_branch(person, branch_id, await statements.wish(person.id, slot_id=slot_id))
    if slot is None:
        raise NotFound
    _check_bookable(ctx, slot, branch)
    _check_headcount(headcount, slot)
    _check_activity(activity, slot)
    if exclusive is None:
        exclusive = activity is SiteService.LIFE_MEETING
    kept = screenings.look_at(ctx, theme)
    wish = Booking(
        slot=slot, branch=branch, booked_by=person, headcount=headcount, theme=kept.shown,
        status=places.status_on_promise(slot), live_key=f"{slot.id}:{branch.id}", created_at=ctx.now(),
        activity=activity, exclusive=exclusive,
    )  # fmt: skip
    try:
        return await _write(ctx, wish, kept, places.promise)
    except SlotFull:
        if not wait:
            raise
    return await _write(ctx, wish, kept, places.wait)


async def list_bookings(
    ctx: Context, *, status: BookingStatus | None = None, cursor: int | None = None, limit: int = 20
) -> BookingPage:
    """Bookings of the caller's branch, site or subtree, newest first. One query beside the reach."""
    person = await require_person(ctx)
    reach = await access.reach(ctx)
    wanted = Booking.filter(_visible(person, reach))
    if status is not None:
        wanted = wanted.filter(status=status)
    rows = wanted.select_related("slot__site", "branch")
    found, after = await paging.newest_first(rows, cursor=cursor, limit=limit)
    return BookingPage([_shown(booking) for booking in found], after)


async def upcoming(ctx: Context) -> list[Booking]:
    """What the caller's own branches still expect, next one first. Two queries beside the person."""
    person = await require_person(ctx)
    branch_ids = {person.organization_id, *await access.branches_worked_for(person)}
    ahead = Booking.filter(branch_id__in=list(branch_ids), status__in=LIVE, slot__ends_at__gt=ctx.now())
    rows = await ahead.order_by("slot__starts_at", "id").select_related("slot__site", "branch")
    return [_shown(booking) for booking in rows]


async def get_booking(ctx: Context, *, booking_id: int) -> Booking:
    """One booking; what the caller may not see is not found. One query beside the reach."""
    booking, _ = await _find(ctx, booking_id)
    return _shown(booking)


async def cancel(ctx: Context, *, booking_id: int, reason: str = "") -> Booking:
    """Give a visit, a wait or an offer up; who works for the branch or keeps the site may. Twice is once.

    The branch itself may until `cancel_until_hours` before the visit, the keeper until the gate opens;
    the branch is told of what the keeper does. In the last `late_cancel_hours` the branch's own counts as
    a visit missed (handlers/failures).

    Raises:
        NotAllowed, WrongState, TooLateToCancel.
    """
    booking, reach = await _find(ctx, booking_id)
    keeps = reach.covers_site(booking.slot.site_id)
    if not (_acts_for(reach, booking.branch) or keeps):
        raise NotAllowed
    reason = one_line(reason, longest=LONGEST_REASON, field="reason", required=False)
    if booking.status is BookingStatus.CANCELLED:
        return _shown(booking)
    if booking.status in (BookingStatus.REQUESTED, BookingStatus.CONFIRMED):
        _check_not_too_late(ctx, booking.slot, keeps=keeps)
    is_own = _acts_for(reach, booking.branch)
    late = is_own and not keeps and not reach.roles & OFFICERS and _is_late(ctx, booking)
    await _end(
        ctx, booking, BookingStatus.CANCELLED, HOLDING, reason, None if is_own else News.CANCELLED, late=late
    )
    return await _reread(booking)


async def accept(ctx: Context, *, booking_id: int) -> Booking:
    """Take the places that came free for a waiting branch. Twice is once; giving them up is `cancel`.

    Raises:
        NotAllowed, OfferExpired, WrongState.
    """
    booking = await _find_for_branch(ctx, booking_id)
    if booking.status not in (BookingStatus.REQUESTED, BookingStatus.CONFIRMED):
        await places.accept(ctx, booking)
    return await _reread(booking)


async def change_headcount(ctx: Context, *, booking_id: int, headcount: int) -> Booking:
    """More people come, all of them or none; or fewer, and their places go to those who wait.

    Raises:
        NotAllowed, WrongState, SlotFull, BadInput.
    """
    booking = await _find_for_branch(ctx, booking_id)
    _check_headcount(headcount, booking.slot)
    if booking.status not in LIVE or ctx.now() >= gates.opens_at(booking.slot):
        raise WrongState
    if headcount != booking.headcount:
        await places.resize(ctx, booking, headcount)
    return await _reread(booking)


async def confirm(ctx: Context, *, booking_id: int) -> Booking:
    """A keeper takes a requested visit. Twice is once.

    Raises:
        NotAllowed, WrongState.
    """
    booking = await _find_as_keeper(ctx, booking_id)
    requested = Booking.filter(id=booking.id, status=BookingStatus.REQUESTED)
    async with in_transaction():
        if await requested.update(status=BookingStatus.CONFIRMED):
            await audit.record(ctx, "booking.confirmed", f"booking:{booking.id}")
            await tell(ctx, booking, News.CONFIRMED)
    booking = await _reread(booking)
    if booking.status is not BookingStatus.CONFIRMED:
        raise WrongState
    return booking


async def decline(ctx: Context, *, booking_id: int, reason: str) -> Booking:
    """A keeper turns a requested or waiting visit down, and says why. Twice is once.

    Raises:
        NotAllowed, WrongState, BadInput.
    """
    reason = one_line(reason, longest=LONGEST_REASON, field="reason")
    booking = await _find_as_keeper(ctx, booking_id)
    if booking.status is BookingStatus.DECLINED:
        return _shown(booking)
    requested = (BookingStatus.REQUESTED,)
    await _end(ctx, booking, BookingStatus.DECLINED, requested, reason, News.DECLINED)
    return await _reread(booking)


async def calendar_file(ctx: Context, *, booking_id: int) -> str:
    """The visit as a calendar file.

    Raises:
        WrongState: it isn't going to take place, or isn't sure of a place.
    """
    booking = await get_booking(ctx, booking_id=booking_id)
    if booking.status not in SURE:
        raise WrongState
    site = booking.slot.site
    event = calendars.Event(
        uid=f"booking-{booking.id}@zhibutong",
        summary=booking.theme,
        location=f"{site.name} {site.address}".strip(),
        description=f"{booking.branch.name}，{booking.headcount} 人。签到自开始前 30 分钟起。",
        starts_at=booking.slot.starts_at,
        ends_at=booking.slot.ends_at,
        certain=booking.status is BookingStatus.CONFIRMED,
    )
    return calendars.write(event, stamped_at=ctx.now())


async def _write(ctx: Context, wish: Booking, kept: Kept, write: Write) -> Booking:
    """Write a booking, with its theme kept back where that must be; its author sees it as it was written.

    Only where it is kept back are the two one transaction: what the clock does for those that wait makes
    up for what an offer misses in there.
    """
    if kept.status is None:
        return _shown(await write(ctx, wish))
    async with in_transaction():
        booking = await write(ctx, wish)
        await screenings.hold(ctx, kept, f"booking:{booking.id}:theme", path=booking.branch.path)
    booking.theme = kept.text
    return _shown(booking)


async def _end(
    ctx: Context,
    booking: Booking,
    status: BookingStatus,
    holding: Iterable[BookingStatus],
    reason: str,
    news: News | None,
    *,
    late: bool = False,
) -> None:
    kept = screenings.look_at(ctx, reason)
    if kept.status is None:
        await places.end(ctx, booking, status, holding=holding, reason=reason, news=news, late=late)
        return
    async with in_transaction():
        await places.end(ctx, booking, status, holding=holding, reason=kept.shown, news=news, late=late)
        await screenings.hold(ctx, kept, f"booking:{booking.id}:reason", path=booking.branch.path)


async def _find(ctx: Context, booking_id: int) -> tuple[Booking, Reach]:
    person = await require_person(ctx)
    reach = await access.reach(ctx)
    visible = Booking.filter(_visible(person, reach), id=booking_id)
    booking = await visible.select_related("slot__site", "branch").first()
    if booking is None:
        raise NotFound
    return booking, reach


async def _find_as_keeper(ctx: Context, booking_id: int) -> Booking:
    booking, reach = await _find(ctx, booking_id)
    if not reach.covers_site(booking.slot.site_id):
        raise NotAllowed
    return booking


async def _find_for_branch(ctx: Context, booking_id: int) -> Booking:
    booking, reach = await _find(ctx, booking_id)
    if not _acts_for(reach, booking.branch):
        raise NotAllowed
    return booking


def _visible(person: Person, reach: Reach) -> Q:
    """What a caller may see: the own branch's visits, those to a site they keep, those of their subtree."""
    conditions = [Q(branch_id=person.organization_id), Q(slot__site_id__in=list(reach.site_ids))]
    conditions += [Q(branch__path__startswith=path) for path in reach.organization_paths]
    return Q(*conditions, join_type=Q.OR)


def _acts_for(reach: Reach, branch: Organization) -> bool:
    return bool(reach.roles & ACTS_FOR_BRANCH) and reach.covers_organization(branch)


async def _reread(booking: Booking) -> Booking:
    await booking.refresh_from_db(fields=["status", "reason", "headcount", "offered_until"])
    return _shown(booking)


def _shown(booking: Booking) -> Booking:
    """The site's contact is for branches that are coming."""
    if booking.status not in COMING:
        booking.slot.site.contact = ""
    return booking


def _own_branch(person: Person, branch_id: int | None, wishes: list[Wish]) -> Wish:
    """The branch this person may book for, with the slot; the own one first when there are several."""
    wanted = branch_id or person.organization_id
    for branch, slot in wishes:
        if branch.id == wanted:
            return branch, slot
    if branch_id is not None or not wishes:
        raise NotYourBranch
    return wishes[0]


def _check_bookable(ctx: Context, slot: Slot, branch: Organization) -> None:
    if branch.books_again_on is not None and ctx.now().date() < branch.books_again_on:
        raise BookingPaused(branch.books_again_on)
    if slot.closed or slot.starts_at <= ctx.now() or slot.site.status is not SiteStatus.OPEN:
        raise SlotClosed
    if lead_times.is_too_near(ctx, slot):
        raise SlotClosed


def _check_not_too_late(ctx: Context, slot: Slot, *, keeps: bool) -> None:
    if ctx.now() >= gates.opens_at(slot):
        raise WrongState
    if not keeps and ctx.now() > slot.starts_at - timedelta(hours=ctx.settings.cancel_until_hours):
        raise TooLateToCancel


def _is_late(ctx: Context, booking: Booking) -> bool:
    """Whether nobody else can use the places any more that a branch was sure of."""
    sure = booking.status is BookingStatus.CONFIRMED
    return sure and ctx.now() > booking.slot.starts_at - timedelta(hours=ctx.settings.late_cancel_hours)


def _check_activity(activity: SiteService | None, slot: Slot) -> None:
    offered = slot.site.services
    if activity is not None and offered and activity not in offered:
        raise BadInput(activity=f"这个阵地可以承担{site_facts.services(offered)}，请换一个阵地或活动")


def _check_headcount(headcount: int, slot: Slot) -> None:
    if headcount < 1:
        raise BadInput(headcount="人数至少为 1")
    if headcount > slot.capacity:
        raise BadInput(headcount=f"这个时段最多容纳 {slot.capacity} 人，请减少人数或分批预约")
