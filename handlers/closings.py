"""Closing a slot, days or a whole site: its visits are moved or called off, and their branches told.

Closing is one transaction, after which nobody gets a place any more; then each visit finds its new slot
or its end in a transaction of its own. Why, and where to, stands in the slot: what a lost process left
undone is finished by the clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import access, audit, guests, kept_sites, places, screenings
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, TooShortNotice, WrongState
from handlers.lines import one_line
from handlers.locks import hold
from handlers.openings import Opening
from handlers.visit_news import News, tell
from handlers.workdays import midnight
from models import HOLDING, LIVE, Booking, BookingStatus, Organization, Role, Site, SiteStatus, Slot

LONGEST_REASON = 200
LONGEST_CLOSING = timedelta(days=92)


@dataclass(slots=True)
class Closed:
    """What closing did: to slots, and to the visits in them."""

    slots: int = 0
    moved: int = 0
    cancelled: int = 0


async def close_slot(
    ctx: Context, *, slot_id: int, reason: str, move_to: int | None = None, urgent: bool = False
) -> Closed:
    """A keeper closes one slot; its visits go to `move_to` as far as they fit there. Twice is once.

    Raises:
        NotAllowed, NotFound, WrongState, TooShortNotice, BadInput.
    """
    slot = await _kept_slot(ctx, slot_id)
    reason = _reason(reason)
    if slot.starts_at <= ctx.now():
        raise WrongState
    if move_to is not None:
        await _check_target(ctx, slot, move_to)
    if not urgent:
        await _check_notice(ctx, Slot.filter(id=slot.id))
    closed = Closed()
    async with in_transaction():
        closed.slots = await _close(ctx, Slot.filter(id=slot.id), reason, move_to)
        if closed.slots:
            await audit.record(ctx, "slot.closed", f"slot:{slot.id}", moves_to=move_to, urgent=urgent)
    return await _empty(ctx, [slot.id], closed)


async def open_slot(ctx: Context, *, slot_id: int) -> Slot:
    """Open a closed slot again; what was called off stays called off. Twice is once.

    Raises:
        NotAllowed, NotFound, WrongState: it has begun, or still has visits to be moved.
    """
    slot = await _kept_slot(ctx, slot_id)
    left = await Booking.filter(slot_id=slot.id, status__in=LIVE).exists()
    if slot.starts_at <= ctx.now() or (slot.closed and left):
        raise WrongState
    await _open(ctx, [slot.id])
    await slot.refresh_from_db(fields=["closed", "close_reason"])
    return slot


async def close_days(
    ctx: Context, *, site_id: str, since: date, until: date, reason: str, urgent: bool = False
) -> Closed:
    """A keeper closes some days: they become exceptions of the opening rules, their slots are closed.

    Raises:
        NotAllowed, NotFound, TooShortNotice, BadInput.
    """
    site = await kept_sites.get(ctx, site_id)
    reason = _reason(reason)
    if not since <= until <= since + LONGEST_CLOSING:
        raise BadInput(to=f"结束日期不能早于开始日期，一次最多 {LONGEST_CLOSING.days} 天")
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    zone = ctx.settings.zone
    begin, end = midnight(since, zone), midnight(until + timedelta(days=1), zone)
    if not urgent:
        await _check_notice(ctx, _ahead(ctx, site).filter(starts_at__gte=begin, starts_at__lt=end))
    closed = Closed()
    async with in_transaction() as connection:
        await hold(connection, f"site:{site.id}")  # Two edits of the rules must not undo each other.
        await site.refresh_from_db(fields=["opening"])
        opening = Opening.model_validate(site.opening or {"hours": []}).with_closed(days)
        await Site.filter(id=site.id).update(opening=opening.model_dump(mode="json"))
        slots = _ahead(ctx, site).filter(starts_at__gte=begin, starts_at__lt=end)
        closed.slots = await _close(ctx, slots, reason, None)
        await audit.record(
            ctx, "site.days_closed", f"site:{site.id}", since=str(since), until=str(until), urgent=urgent
        )
    return await _empty(ctx, await _slots_left(site.id), closed)


async def close_everywhere(ctx: Context, *, since: date, until: date, reason: str, town: str = "") -> Closed:
    """A district officer closes some days at all open sites, or a town's, in bad weather or an emergency.

    Site by site, each as `close_days` does; a run that breaks off is finished by doing it again.

    Raises:
        NotAllowed, BadInput.
    """
    await require_person(ctx)
    if Role.DISTRICT_OFFICER not in (await access.reach(ctx)).roles:
        raise NotAllowed
    rows = Site.filter(status=SiteStatus.OPEN, town=town) if town else Site.filter(status=SiteStatus.OPEN)
    closed = Closed()
    for site in await rows.order_by("id").only("id"):
        done = await close_days(ctx, site_id=site.id, since=since, until=until, reason=reason, urgent=True)
        closed.slots += done.slots
        closed.moved += done.moved
        closed.cancelled += done.cancelled
    return closed


async def close_site(ctx: Context, *, site_id: str, reason: str, urgent: bool = False) -> Closed:
    """A keeper closes the site until it is opened again. Twice is once.

    Raises:
        NotAllowed, NotFound, WrongState, TooShortNotice, BadInput.
    """
    site = await kept_sites.get(ctx, site_id)
    reason = _reason(reason)
    if site.status not in (SiteStatus.OPEN, SiteStatus.PAUSED):
        raise WrongState
    if not urgent:
        await _check_notice(ctx, _ahead(ctx, site))
    closed = Closed()
    async with in_transaction():
        paused = await Site.filter(id=site.id, status=SiteStatus.OPEN).update(status=SiteStatus.PAUSED)
        closed.slots = await _close(ctx, _ahead(ctx, site), reason, None)
        if paused or closed.slots:
            await audit.record(ctx, "site.paused", f"site:{site.id}", slots=closed.slots, urgent=urgent)
    return await _empty(ctx, await _slots_left(site.id), closed)


async def open_site(ctx: Context, *, site_id: str) -> Site:
    """Open a paused site again, with those slots that its rules still promise. Twice is once.

    Raises:
        NotAllowed, NotFound, WrongState.
    """
    site = await kept_sites.get(ctx, site_id)
    if site.status not in (SiteStatus.OPEN, SiteStatus.PAUSED):
        raise WrongState
    paused = Site.filter(id=site.id, status=SiteStatus.PAUSED)
    async with in_transaction():
        if await paused.update(status=SiteStatus.OPEN):
            await audit.record(ctx, "site.opened", f"site:{site.id}")
            opening = Opening.model_validate(site.opening or {"hours": []})
            special = {day.day for day in opening.exceptions if not day.hours}
            slots = await _ahead(ctx, site).filter(closed=True)
            zone = ctx.settings.zone
            await _open(
                ctx, [one.id for one in slots if one.starts_at.astimezone(zone).date() not in special]
            )
    await site.refresh_from_db(fields=["status"])
    return site


async def finish(ctx: Context) -> int:
    """Move or call off the visits that a lost process left in closed slots; how many."""
    left = Booking.filter(status__in=LIVE, slot__closed=True, slot__starts_at__gt=ctx.now())
    slot_ids = {row.slot_id for row in await left.exclude(slot__close_reason="").only("id", "slot_id")}
    done = await _empty(ctx, sorted(slot_ids), Closed())
    return done.moved + done.cancelled


async def _kept_slot(ctx: Context, slot_id: int) -> Slot:
    await require_person(ctx)
    slot = await Slot.get_or_none(id=slot_id).select_related("site")
    if not (await access.reach(ctx)).site_ids:
        raise NotAllowed
    if slot is None:
        raise NotFound
    await kept_sites.get(ctx, slot.site_id)
    return slot


async def _check_target(ctx: Context, slot: Slot, move_to: int) -> None:
    target = await Slot.get_or_none(id=move_to).select_related("site")
    if target is None or target.id == slot.id:
        raise BadInput(move_to="没有这个时段，请另选一个")
    if not (await access.reach(ctx)).covers_site(target.site_id):
        raise BadInput(move_to="只能改到您管理的阵地")
    if target.closed or target.starts_at <= ctx.now() or target.site.status is not SiteStatus.OPEN:
        raise BadInput(move_to="这个时段不开放预约，请另选一个")


def _reason(reason: str) -> str:
    """What branches are told, at once and all of them: so it is refused where it may not be shown.

    Raises:
        BadInput.
    """
    line = one_line(reason, longest=LONGEST_REASON, field="reason")
    if screenings.held_word(line):
        raise BadInput(reason="含有不宜公开的词，请修改")
    return line


async def _check_notice(ctx: Context, slots: QuerySet[Slot]) -> None:
    """Whoever is expected in the next days was to be told in time; the district's own stop is urgent always.

    Raises:
        TooShortNotice.
    """
    first_free_day = ctx.now().date() + timedelta(days=ctx.settings.closing_notice_days)
    soon = slots.filter(starts_at__lt=midnight(first_free_day, ctx.settings.zone), closed=False)
    slot_ids = [slot.id for slot in await soon.only("id")]
    if slot_ids and await Booking.filter(slot_id__in=slot_ids, status__in=LIVE).exists():
        raise TooShortNotice


def _ahead(ctx: Context, site: Site) -> QuerySet[Slot]:
    return Slot.filter(site_id=site.id, starts_at__gt=ctx.now())


async def _close(ctx: Context, slots: QuerySet[Slot], reason: str, move_to: int | None) -> int:
    return await slots.filter(closed=False).update(closed=True, close_reason=reason, moves_to_id=move_to)


async def _open(ctx: Context, slot_ids: Iterable[int]) -> None:
    async with in_transaction():
        for slot_id in slot_ids:
            closed = Slot.filter(id=slot_id, closed=True)
            if await closed.update(closed=False, close_reason="", moves_to_id=None):
                await audit.record(ctx, "slot.opened", f"slot:{slot_id}")


async def _slots_left(site_id: str) -> list[int]:
    left = Booking.filter(status__in=LIVE, slot__site_id=site_id, slot__closed=True)
    return sorted({row.slot_id for row in await left.only("id", "slot_id")})


async def _empty(ctx: Context, slot_ids: Iterable[int], done: Closed) -> Closed:
    """Find a new slot or an end for every visit in these closed slots, in the order they were made."""
    targets: set[int] = set()
    for slot_id in slot_ids:
        left = Booking.filter(slot_id=slot_id, slot__closed=True, status__in=LIVE).order_by("id")
        for booking in await left.select_related("slot__site"):
            target_id = booking.slot.moves_to_id
            try:
                if target_id is not None and await _move(ctx, booking, target_id):
                    done.moved += 1
                    targets.add(target_id)
                else:
                    await _call_off(ctx, booking)
                    done.cancelled += 1
            except WrongState:  # It changed since it was read; the clock looks again.
                continue
    for target_id in targets:
        await places.offer(ctx, slot_id=target_id)
    return done


async def _move(ctx: Context, booking: Booking, target_id: int) -> bool:
    """Move one visit with its places, all of them or none: branch first, then slots, then the booking."""
    target = await Slot.get_or_none(id=target_id).select_related("site")
    if target is None or target.starts_at <= ctx.now():
        return False
    async with in_transaction() as connection:
        await hold(connection, f"branch:{booking.branch_id}")
        await Organization(id=booking.branch_id).touch()
        others = await places.visits_ahead(ctx, branch_id=booking.branch_id, but=booking.id)
        if any(one.starts_at < target.ends_at and one.ends_at > target.starts_at for one in others):
            return False
        if booking.status in HOLDING:
            if not await target.claim(booking.places, alone=booking.exclusive):
                return False
            await booking.slot.release(booking.places, alone=booking.exclusive)
        await _rewrite(ctx, booking, target)
    return True


async def _rewrite(ctx: Context, booking: Booking, target: Slot) -> None:
    """Let a booking say where it moved to; raises when it is no longer what was read."""
    before = booking.slot_id
    as_read = {"status": booking.status, "headcount": booking.headcount, "guests": booking.guests}
    same = Booking.filter(id=booking.id, slot_id=before, **as_read)
    reason = booking.slot.close_reason
    until = booking.offered_until and min(booking.offered_until, target.starts_at)
    key = f"{target.id}:{booking.branch_id}"
    if not await same.update(slot_id=target.id, live_key=key, reason=reason, offered_until=until):
        raise WrongState
    await audit.record(ctx, "booking.moved", f"booking:{booking.id}", before=before, slot=target.id)
    booking.slot, booking.reason = target, reason
    await tell(ctx, booking, News.MOVED)
    if booking.guests:
        await guests.tell(ctx, booking, moved=True)


async def _call_off(ctx: Context, booking: Booking) -> None:
    await places.end(
        ctx, booking, BookingStatus.CANCELLED, holding=HOLDING, reason=booking.slot.close_reason,
        news=News.CANCELLED,
    )  # fmt: skip
