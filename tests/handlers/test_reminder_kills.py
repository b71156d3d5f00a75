"""A reminder's process may die at any point: nobody is reminded twice, and nobody is forgotten."""

from datetime import timedelta
from typing import Any

import pytest

from handlers import notices, reminders, singles
from models import Account, Booking, Notice, Reminder, ReminderStatus
from tests.fakes import Clock, FakeWeChat
from tests.handlers.test_reminders import agrees, booking, world, wrote
from tests.handlers.town import Town
from tests.kills import Killed, let_death_come

__all__ = ["booking", "world"]
MOST = 60
"""More things than a reminder does."""


async def remind_and_die_at(
    world: Town, clock: Clock, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch, *, at: int
) -> bool:
    """One clock that dies at that point, and others that go on when its claims have run out."""
    with monkeypatch.context() as patch:
        death = let_death_come(patch, wechat, at=at)
        try:
            await reminders.remind(world.ctx)
            await notices.send_due(world.ctx)
        except Killed:
            pass
    for _ in range(3):
        clock.now += max(singles.CLAIM, notices.LEASE) + timedelta(seconds=1)
        await reminders.remind(world.ctx)
        await notices.send_due(world.ctx)
    return death.came


async def everywhere(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[int, ReminderStatus]]:
    """For each point of death: how many were sent, and what the ledger says of it."""
    found = []
    for at in range(1, MOST):
        await Reminder.all().delete()
        await Notice.all().delete()
        wechat.sent.clear()
        clock.now = booking.slot.starts_at - timedelta(hours=23)
        await Account.filter(last_contact_at__isnull=False).update(last_contact_at=clock.now)
        if not await remind_and_die_at(world, clock, wechat, monkeypatch, at=at):
            return found
        found.append((len(wechat.sent), (await Reminder.get()).status))
    raise AssertionError("It has no end.")


async def test_a_reminder_by_single_message_is_sent_once_or_known_to_be_in_doubt(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await agrees(world, times=2 * MOST)
    found = await everywhere(world, booking, clock, wechat, monkeypatch)
    assert len(found) > 8
    assert {sent for sent, _ in found} <= {0, 1}
    doubtful = {(sent, status) for sent, status in found if status is not ReminderStatus.SENT}
    assert doubtful == {(0, ReminderStatus.UNCONFIRMED), (1, ReminderStatus.UNCONFIRMED)}
    assert [sent for sent, _ in found].count(0) <= 3, "only a call that had begun isn't made again"


async def test_a_reminder_by_customer_service_is_never_lost_before_it_is_queued(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wrote(world, 0)
    found = await everywhere(world, booking, clock, wechat, monkeypatch)
    assert len(found) > 8
    assert {sent for sent, _ in found} <= {0, 1}
    assert {status for _, status in found} == {ReminderStatus.SENT}, "each was queued"


async def test_if_lost_claims_were_given_up_a_reminder_would_be_lost(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(_: object) -> None:
        lost = Reminder.filter(status=ReminderStatus.SENDING, claimed_until__lte=clock.now)
        await lost.update(status=ReminderStatus.UNCONFIRMED)

    monkeypatch.setattr(reminders, "_take_up_lost", give_up)
    await wrote(world, 0)
    found = await everywhere(world, booking, clock, wechat, monkeypatch)
    assert ReminderStatus.UNCONFIRMED in {status for _, status in found}


async def test_if_a_begun_message_were_not_noted_it_would_be_sent_twice(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take_all(_: object) -> None:
        lost = Reminder.filter(status=ReminderStatus.SENDING, claimed_until__lte=clock.now)
        await lost.update(status=ReminderStatus.PLANNED)

    monkeypatch.setattr(reminders, "_take_up_lost", take_all)
    await agrees(world, times=2 * MOST)
    found = await everywhere(world, booking, clock, wechat, monkeypatch)
    assert max(sent for sent, _ in found) == 2


@pytest.mark.parametrize("by", ["single", "customer_service"])
async def test_a_process_that_slept_over_its_claim_neither_sends_nor_queues(
    world: Town, booking: Booking, clock: Clock, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    await (agrees(world) if by == "single" else wrote(world, 0))
    clock.now = booking.slot.starts_at - timedelta(hours=23)
    await Account.filter(last_contact_at__isnull=False).update(last_contact_at=clock.now)
    really = reminders._is_due

    def sleeps(*given: Any) -> bool:
        monkeypatch.setattr(reminders, "_is_due", really)
        clock.now += singles.CLAIM + timedelta(seconds=1)
        return really(*given)

    monkeypatch.setattr(reminders, "_is_due", sleeps)
    await reminders.remind(world.ctx)
    await notices.send_due(world.ctx)
    assert (len(wechat.sent), await Notice.all().count()) == (0, 0)
    await reminders.remind(world.ctx)
    await notices.send_due(world.ctx)
    assert len(wechat.sent) == 1
