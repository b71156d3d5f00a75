"""Members on the move: somebody by themselves joins a near branch's visit, and checks in with it.

A branch that didn't ask to be alone agreed to share its slot, so nobody is asked again. A guest takes one
place as a branch takes its places: the database decides. Who it is only the keeper's list of names at the
door ever says; the branch sees how many.
"""

from dataclasses import dataclass
from datetime import timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from handlers import audit, gates, notices, visit_news
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import AlreadyBooked, NotFound, NotOpenToGuests, SlotFull
from handlers.positions import Point, distance
from handlers.sites import position
from models import LIVE, Account, App, Booking, BookingStatus, Guest

LOOKS_AHEAD = timedelta(days=30)
LARGEST_LIST = 200
MOVED = "您加入的活动改到了：{visit}。不方便的话可以退出，另选一场。"
CALLED_OFF = "您加入的活动取消了：{visit}。可以另选一场。"


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A visit that a member may join; `joined` says whether the caller has."""

    booking: Booking
    distance_m: int | None
    joined: bool


async def open_visits(ctx: Context, *, near: Point | None = None, limit: int = 50) -> list[OpenVisit]:
    """Visits of other branches that the caller may join or has joined: the nearest first, else by time.

    Two queries beside the person.
    """
    person = await require_person(ctx)
    ahead = Booking.filter(
        status=BookingStatus.CONFIRMED, exclusive=False,
        slot__starts_at__gt=ctx.now(), slot__starts_at__lt=ctx.now() + LOOKS_AHEAD,
    ).exclude(branch_id=person.organization_id)  # fmt: skip
    rows = await ahead.order_by("slot__starts_at", "id").limit(LARGEST_LIST).select_related(
        "slot__site", "branch"
    )  # fmt: skip
    mine = await Guest.filter(person_id=person.id, booking_id__in=[row.id for row in rows])
    joined = {guest.booking_id for guest in mine}
    found = [
        OpenVisit(
            row, None if near is None else round(distance(near, position(row.slot.site))), row.id in joined
        )
        for row in rows
        if row.slot.free > 0 or row.id in joined
    ]
    if near is not None:
        found.sort(key=lambda one: one.distance_m or 0)
    for one in found:
        one.booking.slot.site.contact = ""
    return found[:limit]


async def join(ctx: Context, *, booking_id: int) -> OpenVisit:
    """Join another branch's visit with one place. Twice is once.

    Raises:
        NotFound, NotOpenToGuests, SlotFull.
        AlreadyBooked: the own branch, or another visit that was joined, is at that time.
    """
    person = await require_person(ctx)
    booking = await _visit(booking_id)
    if await Guest.exists(booking_id=booking.id, person_id=person.id):
        return OpenVisit(booking, None, True)
    if booking.branch_id == person.organization_id or not _is_open(ctx, booking):
        raise NotOpenToGuests
    await _check_free(booking, person_id=person.id, branch_id=person.organization_id)
    try:
        async with in_transaction():
            if not await booking.slot.claim(1):
                raise SlotFull
            still = Booking.filter(
                id=booking.id, status=BookingStatus.CONFIRMED, slot_id=booking.slot_id, exclusive=False
            )
            if not await still.update(guests=F("guests") + 1):
                raise NotOpenToGuests
            await Guest.create(booking_id=booking.id, person_id=person.id, at=ctx.now())
            await audit.record(ctx, "booking.joined", f"booking:{booking.id}", person=person.id)
    except IntegrityError:  # The same tap, twice.
        return OpenVisit(booking, None, True)
    await booking.refresh_from_db(fields=["guests"])
    return OpenVisit(booking, None, True)


async def leave(ctx: Context, *, booking_id: int) -> OpenVisit:
    """Give that place back. Twice is once.

    Raises:
        NotFound.
        NotOpenToGuests: the gate is open already.
    """
    person = await require_person(ctx)
    booking = await _visit(booking_id)
    guest = await Guest.get_or_none(booking_id=booking.id, person_id=person.id)
    if guest is None:
        return OpenVisit(booking, None, False)
    if ctx.now() >= gates.opens_at(booking.slot):
        raise NotOpenToGuests
    async with in_transaction():
        await booking.slot.touch()
        if await Guest.filter(id=guest.id).delete():
            same = Booking.filter(id=booking.id, status__in=LIVE, slot_id=booking.slot_id)
            if await same.update(guests=F("guests") - 1):
                await booking.slot.release(1)
            await audit.record(ctx, "booking.left", f"booking:{booking.id}", person=person.id)
    await booking.refresh_from_db(fields=["guests"])
    return OpenVisit(booking, None, False)


async def visits_of(person_id: int, *, ending_after: object) -> list[Booking]:
    """The visits somebody joined, with slot and site, whatever became of them. One query."""
    joined = Booking.filter(joined__person_id=person_id, slot__ends_at__gt=ending_after)
    return await joined.select_related("slot__site")


async def tell(ctx: Context, booking: Booking, *, moved: bool = False) -> None:
    """Promise those who joined a visit the news of it, in the caller's transaction."""
    people = [guest.person_id for guest in await Guest.filter(booking_id=booking.id)]
    following = Account.filter(person_id__in=people, app=App.OFFICIAL_ACCOUNT, follows=True)
    site, at = booking.slot.site.name, visit_news.moment(ctx, booking.slot.starts_at)
    said = (MOVED if moved else CALLED_OFF).format(visit=f"{at} {site}")
    for account in await following.order_by("id"):
        key = f"guest:{booking.id}:{booking.slot_id}:{'moved' if moved else 'off'}:{account.id}"
        await notices.enqueue(ctx, openid=account.openid, text=said, dedupe_key=key)


async def _visit(booking_id: int) -> Booking:
    booking = await Booking.get_or_none(id=booking_id).select_related("slot__site", "branch")
    if booking is None:
        raise NotFound
    booking.slot.site.contact = ""
    return booking


def _is_open(ctx: Context, booking: Booking) -> bool:
    sure = booking.status is BookingStatus.CONFIRMED and not booking.exclusive
    return sure and booking.slot.starts_at > ctx.now()


async def _check_free(booking: Booking, *, person_id: int, branch_id: int) -> None:
    """Nobody is at two places at a time."""
    slot = booking.slot
    at_that_time = {
        "status__in": LIVE, "slot__starts_at__lt": slot.ends_at, "slot__ends_at__gt": slot.starts_at
    }  # fmt: skip
    for others in (
        Booking.filter(branch_id=branch_id, **at_that_time),
        Booking.filter(joined__person_id=person_id, **at_that_time),
    ):
        other = await others.select_related("slot__site").first()
        if other is not None:
            raise AlreadyBooked(site=other.slot.site.name, at=other.slot.starts_at)
