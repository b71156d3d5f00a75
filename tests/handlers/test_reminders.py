"""Reminders: the day before and two hours before, once each, only where somebody may be written to."""

import asyncio
from datetime import timedelta

import pytest

from handlers import bookings, closings, notices, reminders
from handlers.context import Context
from handlers.gateways.errors import Ambiguous, BadCall, Busy, ConsentSpent, WindowClosed
from models import Account, App, AuditEntry, Booking, Consent, Notice, Reminder, ReminderStatus
from tests.fakes import Clock, FakeWeChat
from tests.handlers.town import Town, build, new_slot

TEMPLATE = "template-of-visits"


@pytest.fixture
async def world(ctx: Context) -> Town:
    """A town whose account has a template for visits."""
    settings = ctx.settings.model_copy(update={"visit_template_id": TEMPLATE})
    object.__setattr__(ctx, "settings", settings)
    return await build(ctx)


@pytest.fixture
async def booking(world: Town) -> Booking:
    """A visit in two days and an hour."""
    slot = await new_slot(world.site, world.ctx.now() + timedelta(hours=49))
    return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=9, theme="主题党日")


async def agrees(world: Town, times: int = 1) -> Account:
    """The worker's mini-program identity, with consents."""
    account = await Account.create(app=App.MINI_PROGRAM, openid="m-worker", person=world.worker)
    await Consent.create(account=account, template_id=TEMPLATE, remaining=times)
    return account


async def wrote(world: Town, hours_ago: float, openid: str = "o-worker") -> Account:
    """The worker's identity in the account, last heard of so long ago."""
    at = world.ctx.now() - timedelta(hours=hours_ago)
    return await Account.create(
        app=App.OFFICIAL_ACCOUNT, openid=openid, person=world.worker, follows=True, last_contact_at=at
    )


async def test_each_of_the_two_comes_once(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat
) -> None:
    account = await agrees(world, times=5)
    ctx = world.ctx
    assert await reminders.remind(ctx) == 0
    for hours in (25, 23, 3, 0):  # From 49 hours before to 24, 1 and none.
        clock.now = booking.slot.starts_at - timedelta(hours=24 if hours == 25 else hours)
        for _ in range(2):
            await reminders.remind(ctx)
    clock.now = booking.slot.starts_at - timedelta(hours=2)
    await asyncio.gather(*(reminders.remind(ctx) for _ in range(3)))
    assert [sent[:2] for sent in wechat.sent] == [("subscribe", account.openid)] * 2
    assert (await Consent.get()).remaining == 3
    assert await AuditEntry.filter(action="booking.reminded").count() == 2


async def test_two_clocks_at_once_send_one(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat
) -> None:
    await agrees(world, times=5)
    clock.now = booking.slot.starts_at - timedelta(hours=23)
    await asyncio.gather(*(reminders.remind(world.ctx) for _ in range(4)))
    assert len(wechat.sent) == 1


@pytest.mark.parametrize(("hours_ago", "told"), [(1, 1), (46, 1), (48, 0), (500, 0)])
async def test_without_consent_only_who_wrote_lately_is_written_to(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, hours_ago: float, told: int
) -> None:
    clock.now = booking.slot.starts_at - timedelta(hours=23)
    await wrote(world, hours_ago)
    assert await reminders.remind(world.ctx) == told
    await notices.send_due(world.ctx)
    assert [sent[0] for sent in wechat.sent] == ["customer_service"] * told
    if told:
        assert "11月22日（周日）11:00 阵地S10，9 人" in wechat.sent[0][2]
    else:
        assert (await Reminder.get()).status is ReminderStatus.NOT_SENT


@pytest.mark.parametrize("error", [ConsentSpent(code=43101), BadCall(code=40037)])
async def test_where_the_template_fails_the_next_way_is_tried(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, error: Exception
) -> None:
    clock.now = booking.slot.starts_at - timedelta(hours=23)
    await agrees(world)
    await wrote(world, 1)
    wechat.refuse = [error]
    assert await reminders.remind(world.ctx) == 1
    assert (await Reminder.get()).channel == "customer_service"
    assert (await Consent.get()).remaining == (1 if isinstance(error, BadCall) else 0)


async def test_what_is_busy_is_tried_again_and_what_is_doubtful_is_not(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat
) -> None:
    clock.now = booking.slot.starts_at - timedelta(hours=23)
    await agrees(world)
    wechat.refuse = [Busy(), Ambiguous()]
    assert await reminders.remind(world.ctx) == 0
    assert ((await Reminder.get()).status, (await Consent.get()).remaining) == (ReminderStatus.PLANNED, 1)
    for _ in range(2):
        assert await reminders.remind(world.ctx) == 0
    assert (await Reminder.get()).status is ReminderStatus.UNCONFIRMED
    assert wechat.sent == []


async def test_what_a_lost_process_was_sending_is_not_sent_again(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat
) -> None:
    clock.now = booking.slot.starts_at - timedelta(hours=23)
    await agrees(world)
    wechat.refuse = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        await reminders.remind(world.ctx)
    clock.now += timedelta(minutes=6)
    assert await reminders.remind(world.ctx) == 0
    assert ((await Reminder.get()).status, wechat.sent) == (ReminderStatus.UNCONFIRMED, [])


async def test_nobody_is_reminded_of_what_is_off_or_was_just_booked(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat
) -> None:
    await agrees(world, times=5)
    await bookings.cancel(world.at(world.worker), booking_id=booking.id)
    soon = await new_slot(world.site, world.ctx.now() + timedelta(hours=20))
    await bookings.book(world.at(world.worker), slot_id=soon.id, headcount=1, theme="主题党日")
    assert await reminders.remind(world.ctx) == 0
    clock.now = booking.slot.starts_at - timedelta(hours=20)
    await Booking.filter(id=booking.id).update(status="confirmed")
    await reminders.remind(world.ctx)
    assert len(wechat.sent) == 1
    assert (await Reminder.get()).booking_id == booking.id


async def test_a_visit_that_moved_is_another_to_be_reminded_of(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat
) -> None:
    await agrees(world, times=5)
    clock.now = booking.slot.starts_at - timedelta(hours=23)
    await reminders.remind(world.ctx)
    other = await new_slot(world.site, booking.slot.starts_at + timedelta(days=3))
    await closings.close_slot(
        world.at(world.keeper), slot_id=booking.slot_id, reason="停电", move_to=other.id
    )
    clock.now = other.starts_at - timedelta(hours=23)
    await reminders.remind(world.ctx)
    assert len(wechat.sent) == 2


@pytest.mark.parametrize("error", [WindowClosed(code=45015), Ambiguous()])
async def test_a_reminder_is_never_kept_for_later(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, error: Exception
) -> None:
    clock.now = booking.slot.starts_at - timedelta(hours=23)
    await wrote(world, 1)
    await reminders.remind(world.ctx)
    wechat.refuse = [error]
    await notices.send_due(world.ctx)
    assert (await Notice.get(dedupe_key__startswith=notices.PASSING)).status == notices.FAILED


@pytest.mark.parametrize(("hour", "at_night"), [(7, True), (9, False)])
async def test_at_night_only_a_visit_before_the_morning_is_reminded_of(
    world: Town, clock: Clock, wechat: FakeWeChat, hour: int, at_night: bool
) -> None:
    """Two hours before a visit at half past seven nobody can wait; before one at half past nine they can."""
    await agrees(world, times=5)
    starts = (clock.now + timedelta(days=3)).replace(hour=hour, minute=30)
    slot = await new_slot(world.site, starts)
    await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=9, theme="主题党日")
    clock.now = starts - timedelta(minutes=119)
    await reminders.remind(world.ctx)
    assert len(wechat.sent) == at_night
    clock.now = max(clock.now, starts.replace(hour=8, minute=0))
    await reminders.remind(world.ctx)
    assert len(wechat.sent) == 1
