"""Promising places, giving them back and passing them on: the transactions behind bookings.

Each begins with a write, so that SQLite takes its lock at once instead of failing half-way; and each
touches the slot before a booking that others can see, so that no two wait for each other.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.errors import AlreadyBooked, SlotFull, WrongState
from models import LIVE, Booking, BookingStatus, CheckIn, Organization, Slot

SETTLED_AT_ONCE = 500


def status_on_promise(slot: Slot) -> BookingStatus:
    """What a booking is once it has its places."""
    return BookingStatus.REQUESTED if slot.site.needs_approval else BookingStatus.CONFIRMED


async def promise(ctx: Context, wish: Booking) -> Booking:
    """Write a booking and take its places: one transaction of five statements.

    The slot is touched last, so that its row stays locked for one statement and the commit only.

    Raises:
        AlreadyBooked: the branch expects to be somewhere at that time.
        SlotFull: fewer places are left; nothing is written.
    """
    async with _one_visit_at_a_time():
        await _write(ctx, wish, "booking.created")
        if not await wish.slot.claim(wish.headcount):
            raise SlotFull
    return wish


async def wait(ctx: Context, wish: Booking) -> Booking:
    """Write a booking that takes no places yet, then see whether some came free meanwhile."""
    wish.status = BookingStatus.WAITING
    async with _one_visit_at_a_time():
        await _write(ctx, wish, "booking.waits")
    await offer(ctx, slot_id=wish.slot_id)
    await wish.refresh_from_db(fields=["status"])
    return wish


async def end(
    ctx: Context, booking: Booking, status: BookingStatus, *, holding: Iterable[BookingStatus], reason: str
) -> None:
    """End a live booking; its places go back exactly once, and to those who wait.

    The conditional update decides. Waiting is asked first, since a booking only ever moves from waiting
    to holding: whatever happens between the two statements, one of them finds it.

    Raises:
        WrongState: it is in none of these statuses any more.
    """
    change = {"status": status, "reason": reason, "live_key": None}
    async with in_transaction():
        waited = await Booking.filter(id=booking.id, status=BookingStatus.WAITING).update(**change)
        if not waited:
            await booking.slot.release(booking.headcount)
            if not await Booking.filter(id=booking.id, status__in=holding).update(**change):
                raise WrongState
        await audit.record(ctx, f"booking.{status}", f"booking:{booking.id}", waited=bool(waited))
    if not waited:
        await offer(ctx, slot_id=booking.slot_id)


async def offer(ctx: Context, *, slot_id: int) -> int:
    """Give free places to waiting branches: in the order they came, to each whose group fits.

    A large group doesn't hold up a small one behind it. Called after every release and every new wait;
    `offer_all` finds those that missed each other. Returns how many moved up.
    """
    waiting = Booking.filter(slot_id=slot_id, status=BookingStatus.WAITING, slot__starts_at__gt=ctx.now())
    moved = 0
    for booking in await waiting.order_by("id").select_related("slot__site"):
        moved += await _move_up(ctx, booking)
    return moved


async def offer_all(ctx: Context) -> int:
    """Do so for every slot somebody waits for; run by the clock. Returns how many moved up."""
    waiting = Booking.filter(status=BookingStatus.WAITING, slot__starts_at__gt=ctx.now())
    slot_ids = {booking.slot_id for booking in await waiting.only("id", "slot_id")}
    return sum([await offer(ctx, slot_id=slot_id) for slot_id in sorted(slot_ids)])


async def settle(ctx: Context) -> int:
    """Close the books on visits whose time is over: fulfilled, missed, or never taken up.

    Run by the clock; any number at once does no harm. Returns how many were settled.
    """
    over = Booking.filter(status__in=LIVE, slot__ends_at__lte=ctx.now()).order_by("id")
    settled = 0
    for booking in await over.limit(SETTLED_AT_ONCE):
        settled += await _settle(ctx, booking)
    return settled


@asynccontextmanager
async def _one_visit_at_a_time() -> AsyncIterator[None]:
    """A transaction that writes bookings: the unique `live_key` says that there is one already."""
    try:
        async with in_transaction():
            yield
    except IntegrityError:
        raise AlreadyBooked from None


async def _write(ctx: Context, wish: Booking, action: str) -> None:
    await wish.save(force_create=True)
    # Two bookings of one branch at the same time must not overtake each other. "No key", since the
    # rows just written hold the key share of this row, and a full lock would deadlock on it; `only`,
    # since Tortoise forgets the lock in `values_list`.
    await Organization.filter(id=wish.branch_id).select_for_update(no_key=True).only("id")
    if await _expected_elsewhere(wish):
        raise AlreadyBooked
    await audit.record(
        ctx, action, f"booking:{wish.id}", slot=wish.slot_id, branch=wish.branch_id, headcount=wish.headcount
    )


async def _expected_elsewhere(wish: Booking) -> bool:
    others = Booking.filter(branch_id=wish.branch_id, status__in=LIVE).exclude(id=wish.id)
    return await others.filter(
        slot__starts_at__lt=wish.slot.ends_at, slot__ends_at__gt=wish.slot.starts_at
    ).exists()


async def _move_up(ctx: Context, booking: Booking) -> bool:
    status = status_on_promise(booking.slot)
    async with in_transaction():
        if not await booking.slot.claim(booking.headcount):
            return False
        if not await Booking.filter(id=booking.id, status=BookingStatus.WAITING).update(status=status):
            await booking.slot.release(booking.headcount)
            return False
        await audit.record(ctx, "booking.moved_up", f"booking:{booking.id}", status=status)
    return True


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
