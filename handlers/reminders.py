"""Reminding those who booked of a visit, the day before and two hours before, once each.

The mini program's message or the account's notice go where somebody agreed to it; a customer-service
message where they wrote within 48 hours. Everybody else sees the visit in the list, and nothing is forced.
A row is written before anything is sent. What may have been sent is never sent again: a reminder that
comes twice is worse than one that doesn't.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from handlers import audit, notices, visit_news
from handlers.context import Context
from handlers.gateways.errors import Ambiguous, ConsentSpent, RecipientGone, UnknownCode, WeChatError
from models import (
    Account,
    App,
    Booking,
    BookingStatus,
    Consent,
    Reminder,
    ReminderKind,
    ReminderStatus,
)

BEFORE = {ReminderKind.DAY: timedelta(hours=24), ReminderKind.HOURS: timedelta(hours=2)}
"""How long before a visit its reminders are due; the earlier one is over when the later begins."""
WINDOW = timedelta(hours=47)
"""How long after a word from somebody we may write to them; WeChat closes it after 48 hours."""
CLAIM = timedelta(minutes=5)
AT_ONCE = 200
LONGEST_THING = 20
"""Characters of a template's `thing` value."""
SENTENCES = {
    ReminderKind.DAY: "提醒：您支部预约的活动快到了。{visit}。来不了请尽早取消，把名额让给其他支部。",
    ReminderKind.HOURS: "提醒：您支部的活动马上开始。{visit}。开始前 30 分钟起可以扫码签到。",
}

log = logging.getLogger(__name__)


async def remind(ctx: Context) -> int:
    """Send the reminders that are due; run by the clock, any number at once. How many went out."""
    await _give_up_lost(ctx)
    for kind in ReminderKind:
        await _plan(ctx, kind)
    planned = await Reminder.filter(status=ReminderStatus.PLANNED).order_by("id").limit(AT_ONCE).only("id")
    return sum([await _send(ctx, reminder_id=row.id) for row in planned])


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
    claimed = Reminder.filter(id=reminder_id, status=ReminderStatus.PLANNED)
    if not await claimed.update(status=ReminderStatus.SENDING, claimed_until=ctx.now() + CLAIM):
        return False
    reminder = await Reminder.get(id=reminder_id).select_related("booking__slot__site")
    booking = reminder.booking
    left = booking.slot.starts_at - ctx.now()
    if (
        booking.status is not BookingStatus.CONFIRMED
        or booking.slot_id != reminder.slot_id
        or left <= _over(reminder.kind)
    ):
        await _become(reminder, ReminderStatus.NOT_SENT)
        return False
    for app, template_id in _templates(ctx):
        account = await _spend(reminder.person_id, app, template_id)
        if account is None:
            continue
        told = await _send_single(ctx, reminder, account, template_id)
        if told is not None:
            return told
    return await _write_to(ctx, reminder)


def _templates(ctx: Context) -> Iterable[tuple[App, str]]:
    settings = ctx.settings
    if settings.visit_template_id:
        yield App.MINI_PROGRAM, settings.visit_template_id
    if settings.visit_notice_template_id:
        yield App.OFFICIAL_ACCOUNT, settings.visit_notice_template_id


async def _spend(person_id: int, app: App, template_id: str) -> Account | None:
    """Take one consent of the person's identity in that app; the identity, or None where none is left."""
    account = await Account.filter(person_id=person_id, app=app).first()
    if account is None:
        return None
    left = Consent.filter(account_id=account.id, template_id=template_id, remaining__gt=0)
    return account if await left.update(remaining=F("remaining") - 1) else None


async def _send_single(ctx: Context, reminder: Reminder, account: Account, template_id: str) -> bool | None:
    """One message for one consent; None when another way is to be tried."""
    values = _values(ctx, reminder)
    consent = Consent.filter(account_id=account.id, template_id=template_id)
    try:
        if account.app is App.MINI_PROGRAM:
            page = f"pages/booking/index?id={reminder.booking_id}"
            await ctx.wechat.send_subscribe_message(account.openid, template_id, values, page=page)
        else:
            await ctx.wechat.send_notice(account.openid, template_id, values, url=ctx.settings.public_url)
    except Ambiguous:
        await _become(reminder, ReminderStatus.UNCONFIRMED, channel=account.app)
        return False
    except ConsentSpent:
        await consent.update(remaining=0, told_by_app=0, told_by_event=0)
        return None
    except RecipientGone:
        return None
    except WeChatError as error:
        # Nothing was sent: the consent is given back. What passes is tried again while it is time.
        log.warning("reminder.not_sent", extra={"code": error.code})
        await consent.update(remaining=F("remaining") + 1)
        if not isinstance(error, notices.LATER) or isinstance(error, UnknownCode):
            return None
        await _become(reminder, ReminderStatus.PLANNED)
        return False
    await _record_sent(ctx, reminder, channel=account.app)
    return True


async def _write_to(ctx: Context, reminder: Reminder) -> bool:
    """A customer-service message to somebody who wrote lately; promised together with the row."""
    lately = Account.filter(
        person_id=reminder.person_id,
        app=App.OFFICIAL_ACCOUNT,
        follows=True,
        last_contact_at__gt=ctx.now() - WINDOW,
    )
    account = await lately.first()
    if account is None:
        await _become(reminder, ReminderStatus.NOT_SENT)
        return False
    async with in_transaction():
        await _record_sent(ctx, reminder, channel="customer_service")
        await notices.enqueue(
            ctx,
            openid=account.openid,
            text=SENTENCES[reminder.kind].format(visit=visit_news.visit(ctx, reminder.booking))
            + visit_news.HOW,
            dedupe_key=f"{notices.PASSING}{reminder.id}",
        )
    return True


async def _record_sent(ctx: Context, reminder: Reminder, *, channel: str) -> None:
    async with in_transaction():
        await _become(reminder, ReminderStatus.SENT, channel=channel)
        await audit.record(
            ctx, "booking.reminded", f"booking:{reminder.booking_id}", kind=reminder.kind, channel=channel
        )


async def _become(reminder: Reminder, status: ReminderStatus, *, channel: str = "") -> None:
    await Reminder.filter(id=reminder.id).update(status=status, channel=channel, claimed_until=None)


async def _give_up_lost(ctx: Context) -> None:
    """What a lost process was sending may have arrived."""
    lost = Reminder.filter(status=ReminderStatus.SENDING, claimed_until__lte=ctx.now())
    await lost.update(status=ReminderStatus.UNCONFIRMED)


def _values(ctx: Context, reminder: Reminder) -> dict[str, str]:
    """The template's keywords: where, when, and a note."""
    slot = reminder.booking.slot
    when = slot.starts_at.astimezone(ctx.settings.zone)
    return {
        "thing1": slot.site.name[:LONGEST_THING],
        "time2": f"{when:%Y年%m月%d日 %H:%M}",
        "thing3": f"预约 {reminder.booking.headcount} 人，可扫码签到",
    }
