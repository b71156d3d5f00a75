"""Reminding those who booked of a visit, the day before and two hours before, once each.

The mini program's message or the account's notice go where somebody agreed to it; a customer-service
message where they wrote within 48 hours; at night only for a visit before the morning. Everybody else sees
the visit in the list, and nothing is forced. A row is written before anything is sent, and claimed by
whoever sends. A claim whose process was lost before it began to send is taken again; what may have been
sent is never sent again: a reminder that comes twice is worse than one that doesn't.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, notices, routine_reminders, singles, visit_news
from handlers.context import Context
from handlers.routine_reminders import WRITTEN
from handlers.singles import CLAIM, LONGEST_SEND, THING, Card, Fate, Told
from models import (
    Account,
    App,
    Booking,
    BookingStatus,
    Reminder,
    ReminderKind,
    ReminderStatus,
)

BEFORE = {ReminderKind.DAY: timedelta(hours=24), ReminderKind.HOURS: timedelta(hours=2)}
"""How long before a visit its reminders are due; the earlier one is over when the later begins."""
AT_ONCE = 200
SENTENCES = {
    ReminderKind.DAY: "提醒：您支部预约的活动快到了。{visit}。来不了请尽早取消，把名额让给其他支部。",
    ReminderKind.HOURS: "提醒：您支部的活动马上开始。{visit}。开始前 30 分钟起可以扫码签到。",
}

log = logging.getLogger(__name__)


async def remind(ctx: Context) -> int:
    """Send the reminders that are due; run by the clock, any number at once. How many went out."""
    await _take_up_lost(ctx)
    for kind in ReminderKind:
        await _plan(ctx, kind)
    planned = Reminder.filter(status=ReminderStatus.PLANNED)
    if routine_reminders.is_quiet(ctx):  # All that can wait for the morning does.
        planned = planned.filter(booking__slot__starts_at__lte=routine_reminders.quiet_until(ctx))
    rows = await planned.order_by("id").limit(AT_ONCE).only("id")
    return sum([await _send(ctx, reminder_id=row.id) for row in rows])


async def _plan(ctx: Context, kind: ReminderKind) -> None:
    """A row for everybody who is to be reminded now. A visit booked after that moment needs none."""
    due = Booking.filter(
        status=BookingStatus.CONFIRMED,
        slot__starts_at__gt=ctx.now() + _over(kind),
        slot__starts_at__lte=ctx.now() + BEFORE[kind],
    )
    bookings = await due.order_by("id").select_related("slot")
    bookings = [one for one in bookings if one.created_at <= one.slot.starts_at - BEFORE[kind]]
    there = await Reminder.filter(booking_id__in=[one.id for one in bookings], kind=kind).values_list(
        "booking_id", "slot_id"
    )
    missing = [one for one in bookings if (one.id, one.slot_id) not in set(there)]
    for booking in missing:
        people = await visit_news.recipients(booking)
        rows = [
            Reminder(
                booking_id=booking.id, person_id=person_id, slot_id=booking.slot_id, kind=kind,
                status=ReminderStatus.PLANNED,
            )
            for person_id in people
        ]  # fmt: skip
        try:
            await Reminder.bulk_create(rows, ignore_conflicts=True)
        except IntegrityError:  # Somebody left the roster this moment.
            continue


def _over(kind: ReminderKind) -> timedelta:
    return BEFORE[ReminderKind.HOURS] if kind is ReminderKind.DAY else timedelta(0)


async def _send(ctx: Context, *, reminder_id: int) -> bool:
    """Claim one reminder and send it; whether it went out, or is promised to go out."""
    until = ctx.now() + CLAIM
    claimed = Reminder.filter(id=reminder_id, status=ReminderStatus.PLANNED)
    if not await claimed.update(status=ReminderStatus.SENDING, claimed_until=until, channel=""):
        return False
    reminder = await Reminder.get(id=reminder_id).select_related("booking__slot__site")
    if not _is_due(ctx, reminder):
        await _become(reminder, ReminderStatus.NOT_SENT)
        return False
    for app, template_id in _templates(ctx):
        account = await _begin(ctx, reminder, app, template_id)
        if account is None:
            continue
        told = await singles.tell(ctx, account.openid, _card(ctx, reminder, app, template_id))
        if await _settle(ctx, reminder, account, template_id, told):
            return told.fate is Fate.SENT
    return await _write_to(ctx, reminder)


def _is_due(ctx: Context, reminder: Reminder) -> bool:
    """Whether the visit is still what was to be reminded of, and it is still time."""
    booking = reminder.booking
    return (
        booking.status is BookingStatus.CONFIRMED
        and booking.slot_id == reminder.slot_id
        and booking.slot.starts_at - ctx.now() > _over(reminder.kind)
    )


def _templates(ctx: Context) -> Iterable[tuple[App, str]]:
    settings = ctx.settings
    if settings.visit_template_id:
        yield App.MINI_PROGRAM, settings.visit_template_id
    if settings.visit_notice_template_id:
        yield App.OFFICIAL_ACCOUNT, settings.visit_notice_template_id


async def _begin(ctx: Context, reminder: Reminder, app: App, template_id: str) -> Account | None:
    """Take a consent of the person's identity in that app and note by what they are told.

    From here on the message may have arrived, should this process be lost. None where there is no
    consent, or the claim is another's or nearly over.
    """
    account = await Account.filter(person_id=reminder.person_id, app=app).first()
    if account is None or _runs_out(ctx, reminder):
        return None
    async with in_transaction():
        if not await _mine(reminder).update(channel=app):
            return None
        if not await singles.spend(template_id, [account.id]):
            await _mine(reminder).update(channel="")
            return None
    return account


def _runs_out(ctx: Context, reminder: Reminder) -> bool:
    return reminder.claimed_until is None or ctx.now() + LONGEST_SEND > reminder.claimed_until


def _mine(reminder: Reminder) -> QuerySet[Reminder]:
    """The reminder, as long as our claim stands."""
    return Reminder.filter(
        id=reminder.id, status=ReminderStatus.SENDING, claimed_until=reminder.claimed_until
    )


async def _settle(ctx: Context, reminder: Reminder, account: Account, template_id: str, told: Told) -> bool:
    """Write down what became of a message; false when another way is to be tried."""
    async with in_transaction():
        if told.gives_back:
            log.warning("reminder.not_sent", extra={"code": told.error.code if told.error else 0})
            await singles.give_back(template_id, [account.id])
        if told.empties:
            await singles.empty(template_id, [account.id])
        if told.fate is Fate.SENT:
            await _record_sent(ctx, reminder, channel=account.app)
        elif told.fate is Fate.OPEN:
            await _become(reminder, ReminderStatus.UNCONFIRMED, channel=account.app)
        elif singles.passes(told):  # While it is time.
            await _become(reminder, ReminderStatus.PLANNED)
        else:
            await _mine(reminder).update(channel="")
            return False
    return True


async def _write_to(ctx: Context, reminder: Reminder) -> bool:
    """A customer-service message to somebody who wrote lately; promised together with the row."""
    account = await notices.reachable(ctx, person_id=reminder.person_id).first()
    if _runs_out(ctx, reminder):
        return False  # This process slept; the claim will be another's.
    if account is None:
        await _become(reminder, ReminderStatus.NOT_SENT)
        return False
    async with in_transaction():
        if not await _record_sent(ctx, reminder, channel=WRITTEN):
            return False  # The claim ran out, and the reminder is another's.
        await notices.enqueue(
            ctx,
            openid=account.openid,
            text=SENTENCES[reminder.kind].format(visit=visit_news.visit(ctx, reminder.booking))
            + visit_news.HOW,
            dedupe_key=f"{notices.PASSING}{reminder.id}",
        )
    return True


async def _record_sent(ctx: Context, reminder: Reminder, *, channel: str) -> bool:
    async with in_transaction():
        if not await _become(reminder, ReminderStatus.SENT, channel=channel):
            return False
        await audit.record(
            ctx, "booking.reminded", f"booking:{reminder.booking_id}", kind=reminder.kind, channel=channel
        )
    return True


async def _become(reminder: Reminder, status: ReminderStatus, *, channel: str = "") -> int:
    return await _mine(reminder).update(status=status, channel=channel, claimed_until=None)


async def _take_up_lost(ctx: Context) -> None:
    """A lost process's claims are free again where nothing had begun; what it sent may have arrived."""
    lost = Reminder.filter(status=ReminderStatus.SENDING, claimed_until__lte=ctx.now())
    await lost.filter(channel="").update(status=ReminderStatus.PLANNED, claimed_until=None)
    await lost.exclude(channel="").update(status=ReminderStatus.UNCONFIRMED)


def _card(ctx: Context, reminder: Reminder, app: App, template_id: str) -> Card:
    page = f"pages/booking/index?id={reminder.booking_id}"
    return Card(app, template_id, _values(ctx, reminder), page=page, url=ctx.settings.public_url)


def _values(ctx: Context, reminder: Reminder) -> dict[str, str]:
    """The template's keywords: where, when, and a note."""
    slot = reminder.booking.slot
    when = slot.starts_at.astimezone(ctx.settings.zone)
    return {
        "thing1": slot.site.name[:THING],
        "time2": f"{when:%Y年%m月%d日 %H:%M}",
        "thing3": f"预约 {reminder.booking.headcount} 人，可扫码签到",
    }
