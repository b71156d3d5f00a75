"""Promising places, giving them back and passing them on: the transactions behind bookings.

Each begins with a write, so that SQLite takes its lock at once instead of failing half-way; and each
touches the slot before a booking that others can see, so that no two wait for each other.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, guests
from handlers.context import Context
from handlers.errors import (
    AlreadyBooked,
    OfferExpired,
    SlotFull,
    TooManyBookings,
    TooManyThisMonth,
    WrongState,
)
from handlers.visit_news import News, tell
from models import EFFECTIVE, HOLDING, LIVE, Booking, BookingStatus, CheckIn, Slot, statements
from models.statements import Month

TRIES = 50
"""More bookings of one branch don't come between the moment another one is looked at and written."""
SETTLED_AT_ONCE = 500
TOOK_PLACE = (BookingStatus.FULFILLED, BookingStatus.MISSED)
"""How a visit ends that nobody called off; who joined it can still come."""
LATE_ARRIVALS_FOR = timedelta(days=2)
"""So long after a visit the clock looks for check-ins of one that was taken for missed."""


def status_on_promise(slot: Slot) -> BookingStatus:
    """What a booking is once it has its places."""
    return BookingStatus.REQUESTED if slot.site.needs_approval else BookingStatus.CONFIRMED


async def promise(ctx: Context, wish: Booking) -> Booking:
    """Write a booking and take its places, in one statement where nothing is in its way.

    Raises:
        AlreadyBooked: the branch expects to be somewhere at that time.
        TooManyBookings, TooManyThisMonth: the branch has enough visits ahead, or in that month.
        SlotFull: fewer places are left; nothing is written.
    """
    await _write(ctx, wish, "booking.created", places=wish.headcount)
    return wish


async def wait(ctx: Context, wish: Booking) -> Booking:
    """Write a booking that takes no places yet, then see whether some came free meanwhile."""
    wish.status = BookingStatus.WAITING
    await _write(ctx, wish, "booking.waits", places=0)
    await offer(ctx, slot_id=wish.slot_id)
    await wish.refresh_from_db(fields=["status", "offered_until"])
    return wish


async def end(
    ctx: Context,
    booking: Booking,
    status: BookingStatus,
    *,
    holding: Iterable[BookingStatus],
    reason: str,
    news: News | None = None,
    late: bool = False,
) -> None:
    """End a live booking; its places go back exactly once, and to those who wait.

    The conditional update decides. Waiting is asked first, since a booking only ever moves from waiting
    to holding: whatever happens between the two statements, one of them finds it. Places that come
    free are offered in the same transaction, so that no newcomer overtakes those who wait.

    Raises:
        WrongState: it is in none of these statuses any more.
    """
    change = {"status": status, "reason": reason, "live_key": None, "late": late}
    async with in_transaction():
        waited = await Booking.filter(id=booking.id, status=BookingStatus.WAITING).update(**change)
        if not waited:
            await booking.slot.touch()
            mine = Booking.filter(id=booking.id, status__in=holding, slot_id=booking.slot_id)
            if not await mine.update(**change):
                raise WrongState
            # Nobody changes the headcount while the slot is ours, but it may have changed since we read it.
            await booking.refresh_from_db(fields=["headcount", "guests"])
            await booking.slot.release(booking.places, alone=booking.exclusive)
        await audit.record(ctx, f"booking.{status}", f"booking:{booking.id}", waited=bool(waited))
        booking.status, booking.reason = status, reason
        if news is not None:
            await tell(ctx, booking, news)
        if booking.guests and status not in TOOK_PLACE:
            await guests.tell(ctx, booking)
        if not waited:
            await _offer_in_turn(ctx, booking.slot_id)


async def resize(ctx: Context, booking: Booking, headcount: int) -> None:
    """Change how many come: more are taken all or none, fewer go to those who wait. Slot before booking.

    Raises:
        SlotFull: not so many more places are left; nothing changes.
        WrongState: the booking changed meanwhile.
    """
    was = booking.headcount
    async with in_transaction():
        same = Booking.filter(id=booking.id, headcount=was, slot_id=booking.slot_id)
        if booking.status is BookingStatus.WAITING:
            changed = await same.filter(status=BookingStatus.WAITING).update(headcount=headcount)
        else:
            if headcount > was and not await booking.slot.claim_more(headcount - was):
                raise SlotFull
            if headcount < was:
                await booking.slot.release(was - headcount)
            changed = await same.filter(status__in=HOLDING).update(headcount=headcount)
        if not changed:
            raise WrongState
        await audit.record(ctx, "booking.resized", f"booking:{booking.id}", headcount=headcount, before=was)
        if headcount < was and booking.status is not BookingStatus.WAITING:
            await _offer_in_turn(ctx, booking.slot_id)
    if booking.status is BookingStatus.WAITING:
        await offer(ctx, slot_id=booking.slot_id)


async def accept(ctx: Context, booking: Booking) -> None:
    """A waiting branch takes the places that are kept for it.

    Raises:
        OfferExpired: they went to the next one.
        WrongState: nothing is offered.
    """
    offered = Booking.filter(id=booking.id, status=BookingStatus.OFFERED, offered_until__gt=ctx.now())
    status = status_on_promise(booking.slot)
    async with in_transaction():
        if not await offered.update(status=status, offered_until=None):
            fresh = await Booking.get(id=booking.id)
            if fresh.status is BookingStatus.OFFERED or fresh.offered_until is not None:
                raise OfferExpired
            raise WrongState
        await audit.record(ctx, "booking.accepted", f"booking:{booking.id}", status=status)


async def offer(ctx: Context, *, slot_id: int) -> int:
    """Offer free places to waiting branches: in the order they came, to each whose group fits.

    A large group doesn't hold up a small one behind it. Called after every new wait; `offer_all` finds
    those that missed each other. Returns how many were offered theirs.
    """
    if not await Booking.filter(slot_id=slot_id, status=BookingStatus.WAITING).exists():
        return 0
    async with in_transaction():
        await Slot(id=slot_id).touch()
        return await _offer_in_turn(ctx, slot_id)


async def offer_all(ctx: Context) -> int:
    """Do so for every slot somebody waits for; run by the clock. Returns how many were offered theirs."""
    waiting = Booking.filter(status=BookingStatus.WAITING, slot__starts_at__gt=ctx.now())
    slot_ids = {booking.slot_id for booking in await waiting.only("id", "slot_id")}
    return sum([await offer(ctx, slot_id=slot_id) for slot_id in sorted(slot_ids)])


async def expire_offers(ctx: Context) -> int:
    """Pass on what was not accepted in time; run by the clock. Returns how many offers ended."""
    late = Booking.filter(status=BookingStatus.OFFERED, offered_until__lte=ctx.now()).order_by("id")
    return sum(
        [
            await _ended(ctx, booking, BookingStatus.OFFERED, BookingStatus.CANCELLED, News.EXPIRED)
            for booking in await late.limit(SETTLED_AT_ONCE).select_related("slot__site")
        ]
    )


async def release_no_shows(ctx: Context) -> int:
    """Release the places of visits that began some time ago and to which nobody came; how many.

    Run by the clock. It is the branch's visit that is marked, and nobody's name. Who comes later still
    checks in, and the visit is then fulfilled.
    """
    began = ctx.now() - timedelta(minutes=ctx.settings.no_show_minutes)
    begun = Booking.filter(
        status=BookingStatus.CONFIRMED, slot__starts_at__lte=began, slot__ends_at__gt=ctx.now()
    )
    empty = begun.filter(check_ins__id__isnull=True).order_by("id")
    return sum(
        [
            await _ended(ctx, booking, BookingStatus.CONFIRMED, BookingStatus.MISSED, News.RELEASED)
            for booking in await empty.limit(SETTLED_AT_ONCE).select_related("slot__site")
        ]
    )


async def _ended(
    ctx: Context, booking: Booking, was: BookingStatus, status: BookingStatus, news: News
) -> bool:
    reason = "候补名额没有在期限内接受" if news is News.EXPIRED else ""
    try:
        await end(ctx, booking, status, holding=(was,), reason=reason, news=news)
    except WrongState:  # Somebody was quicker.
        return False
    return True


async def settle(ctx: Context) -> int:
    """Close the books on visits whose time is over: fulfilled, missed, or never taken up.

    Run by the clock; any number at once does no harm. Returns how many were settled.
    """
    over = Booking.filter(status__in=LIVE, slot__ends_at__lte=ctx.now()).order_by("id")
    settled = 0
    for booking in await over.limit(SETTLED_AT_ONCE):
        settled += await _settle(ctx, booking)
    return settled + await _late_arrivals(ctx)


async def _write(ctx: Context, wish: Booking, action: str, *, places: int) -> None:
    """Write a booking that takes so many places, or find out why that can't be."""
    details = {"slot": wish.slot_id, "branch": wish.branch_id, "headcount": wish.headcount}
    told, most_ahead = audit.note(ctx, action, "", details), ctx.settings.open_bookings_per_branch
    month = _month(ctx, wish.slot)
    if _lacks(wish.slot, wish, places):  # It was full a moment ago: don't write what will be undone.
        await _check(ctx, wish, places=places)
    try:
        for _ in range(TRIES):
            if await statements.book(wish, places=places, most_ahead=most_ahead, told=told, month=month):
                return
            await _check(ctx, wish, places=places)
    except IntegrityError:
        raise AlreadyBooked(site=wish.slot.site.name, at=wish.slot.starts_at) from None
    raise WrongState


async def _check(ctx: Context, wish: Booking, *, places: int) -> None:
    """Say what is in the way of a booking. Two queries, three where months are limited."""
    others = await visits_ahead(ctx, branch_id=wish.branch_id, but=0)
    for visit in others:
        if visit.starts_at < wish.slot.ends_at and visit.ends_at > wish.slot.starts_at:
            raise AlreadyBooked(site=visit.site, at=visit.starts_at)
    if len(others) >= ctx.settings.open_bookings_per_branch:
        raise TooManyBookings
    month = _month(ctx, wish.slot)
    if month is not None and await _in_month(wish.branch_id, month) >= month.most:
        raise TooManyThisMonth
    slot = await Slot.get(id=wish.slot_id)
    if slot.closed or _lacks(slot, wish, places):
        raise SlotFull


def _lacks(slot: Slot, wish: Booking, places: int) -> bool:
    """Whether a wish for so many places can't be met; who wants the slot alone finds nobody in it."""
    return places > 0 and (slot.free < places or (wish.exclusive and slot.taken > 0))


def _month(ctx: Context, slot: Slot) -> Month | None:
    """The calendar month of a slot, with how many bookings it may have of one branch; none without limit."""
    most = ctx.settings.bookings_per_month
    if not most:
        return None
    first = slot.starts_at.astimezone(ctx.settings.zone).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return Month(first, (first + timedelta(days=32)).replace(day=1), most)


async def _in_month(branch_id: int, month: Month) -> int:
    within = {"slot__starts_at__gte": month.first, "slot__starts_at__lt": month.next}
    return await Booking.filter(branch_id=branch_id, status__in=EFFECTIVE, **within).count()


class Ahead(NamedTuple):
    """A live booking of a branch, in short."""

    starts_at: datetime
    ends_at: datetime
    site: str


async def visits_ahead(ctx: Context, *, branch_id: int, but: int) -> list[Ahead]:
    """The branch's other live bookings whose time isn't over. One query."""
    others = Booking.filter(branch_id=branch_id, status__in=LIVE, slot__ends_at__gt=ctx.now()).exclude(id=but)
    rows = await others.values_list("slot__starts_at", "slot__ends_at", "slot__site__name")
    return [Ahead(*row) for row in rows]


async def _offer_in_turn(ctx: Context, slot_id: int) -> int:
    """Offer what is free, in the caller's transaction, which has touched the slot already."""
    waiting = Booking.filter(slot_id=slot_id, status=BookingStatus.WAITING, slot__starts_at__gt=ctx.now())
    offered = 0
    for booking in await waiting.order_by("id").select_related("slot__site"):
        offered += await _offer_one(ctx, booking)
    return offered


async def _offer_one(ctx: Context, booking: Booking) -> bool:
    if not await booking.slot.claim(booking.headcount, alone=booking.exclusive):
        return False
    until = min(ctx.now() + timedelta(hours=ctx.settings.offer_hours), booking.slot.starts_at)
    still = Booking.filter(id=booking.id, status=BookingStatus.WAITING, headcount=booking.headcount)
    if not await still.update(status=BookingStatus.OFFERED, offered_until=until):
        await booking.slot.release(booking.headcount, alone=booking.exclusive)
        return False
    booking.status, booking.offered_until = BookingStatus.OFFERED, until
    await audit.record(ctx, "booking.offered", f"booking:{booking.id}")
    await tell(ctx, booking, News.OFFERED)
    return True


async def _late_arrivals(ctx: Context) -> int:
    """Visits that were taken for missed, and to which somebody came after all."""
    missed = Booking.filter(
        status=BookingStatus.MISSED,
        slot__ends_at__lte=ctx.now(),
        slot__ends_at__gt=ctx.now() - LATE_ARRIVALS_FOR,
        check_ins__id__isnull=False,
    )
    found = 0
    for booking_id in sorted({booking.id for booking in await missed.only("id")}):
        async with in_transaction():
            still = Booking.filter(id=booking_id, status=BookingStatus.MISSED)
            won = await still.update(status=BookingStatus.FULFILLED)
            if won:
                await audit.record(ctx, "booking.fulfilled", f"booking:{booking_id}")
        found += won
    return found


async def _settle(ctx: Context, booking: Booking) -> bool:
    status, reason = BookingStatus.CANCELLED, "时段已过，未能安排"
    if booking.status is BookingStatus.CONFIRMED:
        present = await CheckIn.filter(booking_id=booking.id).exists()
        status, reason = (BookingStatus.FULFILLED if present else BookingStatus.MISSED), ""
    async with in_transaction():
        won = await Booking.filter(id=booking.id, status=booking.status).update(
            status=status, reason=reason, live_key=None
        )
        if won:
            await audit.record(ctx, f"booking.{status}", f"booking:{booking.id}")
    return bool(won)
