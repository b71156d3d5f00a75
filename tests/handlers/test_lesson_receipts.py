"""What WeChat reports of lessons, in any order, and what becomes of those nothing can carry."""

from datetime import date, datetime, timedelta

import pytest

from handlers import lesson_due, lesson_mass, lesson_singles, lessons, notices, subscriptions
from handlers.context import Caller, Context
from handlers.gateways import errors
from handlers.lesson_plan import mass_used
from models import Account, Channel, Consent, Delivery, DeliveryStatus, LessonWeek, MassJob, Notice
from tests.fakes import SHANGHAI, Clock
from tests.handlers.test_lessons import (
    FRIDAY,
    KnowingWeChat,
    consent,
    course,
    follow,
    received,
    wechat,
    week,
    worker,
)

__all__ = ["course", "wechat"]

PAST_CLAIM = lesson_mass.CLAIM + timedelta(seconds=1)


async def writes_again(ctx: Context, account: Account) -> None:
    """What the follower's next message does with what is held for them."""
    held = Notice.filter(openid=account.openid, status=notices.HELD)
    await held.update(status=notices.WAITING, next_try_at=ctx.now())


async def told(ctx: Context, mini: Account, *, succeeded: bool = True, message_id: str = "m-1") -> int:
    """WeChat's report of a single message."""
    return await lessons.single_finished(
        ctx,
        openid=mini.openid,
        template_id=ctx.settings.lesson_template_id,
        message_id=message_id,
        succeeded=succeeded,
        reason="success" if succeeded else "user block",
    )


async def reported(ctx: Context, message_id: str, *, succeeded: bool = True, reason: str = "") -> int:
    """WeChat's report of a mass message."""
    return await lessons.mass_finished(
        ctx, message_id=message_id, succeeded=succeeded, reason=reason, counts={"total": 9, "filtered": 7}
    )


# Single messages


async def test_a_message_without_an_answer_counts_as_sent_when_wechat_reports_it(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    (account,) = await follow(1)
    mini = await consent(account, course, remaining=3)
    wechat.die.append(errors.Ambiguous())
    await lessons.push(course, friday=FRIDAY)
    assert await told(course, mini) == 1
    clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    delivery = await Delivery.get()
    assert (delivery.channel, delivery.status) == (Channel.MINI_PROGRAM, DeliveryStatus.SENT)
    assert received(wechat) == {mini.openid: 1}


async def test_among_reported_messages_one_without_a_report_was_not_sent(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    """A worker died before its second call: the first one's report shows that reports come in."""
    accounts = await follow(2)
    minis = [await consent(account, course, remaining=2) for account in accounts]
    await lessons.plan(course, friday=FRIDAY)
    await Delivery.claim(
        friday=FRIDAY,
        channel=Channel.MINI_PROGRAM,
        batch="single-dead",
        limit=2,
        now=clock.now,
        until=clock.now + lesson_mass.CLAIM,
    )
    await told(course, minis[0])
    clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    assert received(wechat) == {minis[1].openid: 1}, "the other one was reported, and isn't repeated"
    assert await Delivery.filter(status=DeliveryStatus.SENT, channel=Channel.MINI_PROGRAM).count() == 2


async def test_the_only_consent_of_a_message_that_was_not_sent_is_there_for_the_next(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    """A worker took both consents and died before its second call."""
    minis = [await consent(account, course) for account in await follow(2)]
    await lessons.plan(course, friday=FRIDAY)
    until = clock.now + lesson_mass.CLAIM
    await Delivery.claim(
        friday=FRIDAY, channel=Channel.MINI_PROGRAM, batch="single-dead", limit=2, now=clock.now, until=until
    )
    await Consent.all().update(remaining=0)
    await told(course, minis[0])
    clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    assert wechat.sent[0][:2] == ("subscribe", minis[1].openid)
    assert [one.remaining for one in await Consent.all().order_by("id")] == [0, 0]


async def dead_batch(course: Context, clock: Clock, minis: list[Account], *, limit: int) -> list[Account]:
    """A worker took so many rows and their consents, and was never heard of again; whose come first."""
    await lessons.plan(course, friday=FRIDAY)
    until = clock.now + lesson_mass.CLAIM
    await Delivery.claim(
        friday=FRIDAY, channel=Channel.MINI_PROGRAM, batch="single-dead", limit=limit, now=clock.now,
        until=until,
    )  # fmt: skip
    unionids = await Delivery.filter(batch="single-dead").values_list("account__unionid", flat=True)
    ids = await Account.filter(unionid__in=list(unionids)).values_list("id", flat=True)
    await Consent.filter(account_id__in=list(ids)).update(remaining=0)
    return sorted(minis, key=lambda mini: mini.id not in ids)


async def test_while_reports_of_others_are_outstanding_nothing_is_concluded(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    """Our door is behind with its work: that one report came and another didn't says nothing of a third."""
    minis = [await consent(account, course) for account in await follow(3)]
    minis = await dead_batch(course, clock, minis, limit=1)
    await lessons.push(course, friday=FRIDAY)
    assert len(received(wechat)) == 2
    await told(course, minis[1])
    clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    assert (await Delivery.get(batch="single-dead")).status == DeliveryStatus.SENDING
    await told(course, minis[2])
    await lessons.push(course, friday=FRIDAY)
    assert received(wechat) == {mini.openid: 1 for mini in minis}


async def test_reports_that_never_come_leave_the_lesson_to_be_fetched(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    minis = [await consent(account, course) for account in await follow(3)]
    minis = await dead_batch(course, clock, minis, limit=1)
    await lessons.push(course, friday=FRIDAY)
    await told(course, minis[1])
    clock.now += lesson_singles.AWAITED
    await lessons.push(course, friday=FRIDAY)
    assert (await Delivery.get(error="unconfirmed")).channel == Channel.PULL
    assert len(received(wechat)) == 2


async def test_a_report_that_comes_after_all_takes_the_second_try_back(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    minis = [await consent(account, course) for account in await follow(3)]
    minis = await dead_batch(course, clock, minis, limit=2)
    await told(course, minis[0])
    clock.now += PAST_CLAIM
    wechat.refuse = [errors.Busy(-1), errors.Busy(-1)]
    await lessons.push(course, friday=FRIDAY)
    row = await Delivery.get(error=lesson_singles.NOT_RECEIVED)
    assert row.status == DeliveryStatus.PLANNED, "WeChat was busy"
    assert await told(course, minis[1]) == 1
    await lessons.push(course, friday=FRIDAY)
    assert minis[1].openid not in received(wechat)


async def test_a_last_consent_that_is_spent_already_tells_that_the_message_had_arrived(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    """It was sent, and its report was lost. Another way would be a second time."""
    minis = [await consent(account, course) for account in await follow(2)]
    minis = await dead_batch(course, clock, minis, limit=2)
    await told(course, minis[0])
    clock.now += PAST_CLAIM
    wechat.refuse = [errors.ConsentSpent(43101)]
    await lessons.push(course, friday=FRIDAY)
    assert received(wechat) == {}
    assert await Delivery.filter(status=DeliveryStatus.SENT, channel=Channel.MINI_PROGRAM).count() == 2


async def test_where_no_reports_come_in_nothing_is_repeated_not_even_by_notice(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    (account,) = await follow(1)
    mini = await consent(account, course, remaining=3)
    wechat.die.append(errors.Ambiguous())
    await lessons.push(course, friday=FRIDAY)
    clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    assert received(wechat) == {mini.openid: 1}
    assert await Notice.all().count() == 0
    assert await told(course, mini) == 1, "a report that comes late still counts"
    assert (await Delivery.get()).status == DeliveryStatus.SENT


async def test_a_message_that_was_not_received_goes_another_way(
    course: Context, wechat: KnowingWeChat
) -> None:
    (account,) = await follow(1)
    mini = await consent(account, course, remaining=3)
    await lessons.push(course, friday=FRIDAY)
    await told(course, mini, succeeded=False)
    delivery = await Delivery.get()
    assert (delivery.channel, delivery.status, delivery.error) == (
        Channel.MASS,
        DeliveryStatus.PLANNED,
        "user block",
    )


async def test_a_report_told_twice_or_of_another_template_changes_nothing(course: Context) -> None:
    (account,) = await follow(1)
    mini = await consent(account, course)
    await lessons.push(course, friday=FRIDAY)
    assert [await told(course, mini) for _ in range(2)] == [1, 0]
    other = await lessons.single_finished(
        course, openid=mini.openid, template_id="another", message_id="x", succeeded=False, reason="no"
    )
    assert other == 0
    assert (await Delivery.get()).status == DeliveryStatus.SENT


async def test_one_accept_told_by_both_admits_one_message(course: Context) -> None:
    (account,) = await follow(1)
    ctx = course.on_behalf_of(Caller(account=account))
    template = course.settings.lesson_template_id
    sides = (subscriptions.APP, subscriptions.EVENT, subscriptions.EVENT, subscriptions.APP)
    counts = [
        await subscriptions.record(ctx, template_id=template, result="accept", told_by=side) for side in sides
    ]
    assert counts == [1, 1, 2, 2]
    await subscriptions.withdraw(ctx, template_id=template)
    assert (await Consent.get()).remaining == 0


# Mass messages


async def test_a_report_of_failure_before_the_answer_is_not_forgotten(
    course: Context, wechat: KnowingWeChat
) -> None:
    await follow(3)

    async def send(openids: object, text: str, *, client_message_id: str) -> object:
        await reported(course, client_message_id, succeeded=False, reason="err(20001)")
        return await KnowingWeChat.send_mass_text(wechat, [], text, client_message_id=client_message_id)

    wechat.send_mass_text = send  # type: ignore[method-assign, assignment]
    await lessons.push(course, friday=FRIDAY)
    assert await Delivery.filter(status=DeliveryStatus.FAILED, error="err(20001)").count() == 3


async def test_a_message_sent_by_hand_counts_for_everybody(course: Context, clock: Clock) -> None:
    (account,) = await follow(1)
    clock.now = datetime(2026, 11, 3, 9, tzinfo=SHANGHAI)
    for number in range(3):
        await reported(course, f"hand-{number}")
        await reported(course, f"hand-{number}")
    await reported(course, "hand-refused", succeeded=False)
    used = await mass_used(course, await week(), [account.id])
    assert used == {0: 3}


async def test_a_message_sent_by_hand_after_the_plan_takes_the_lessons_place(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(3)
    await lessons.plan(course, friday=FRIDAY)
    assert await Delivery.filter(channel=Channel.MASS).count() == 3
    clock.now += timedelta(hours=1)
    for number in range(4):
        await reported(course, f"hand-{number}")
    await lessons.push(course, friday=FRIDAY)
    assert wechat.sent == []
    assert await Delivery.filter(channel=Channel.PULL).count() == 3


async def test_a_report_before_its_sender_noted_the_message_is_not_taken_for_one_sent_by_hand(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(9)
    await lessons.plan(course, friday=FRIDAY)
    until = clock.now + lesson_mass.CLAIM
    await Delivery.claim(
        friday=FRIDAY, channel=Channel.MASS, batch="lesson-open", limit=9, now=clock.now, until=until
    )
    week = await LessonWeek.get(friday=FRIDAY)
    await reported(course, "of-the-open-one")
    assert set((await mass_used(course, week, [])).values()) == {0}
    await reported(course, "by-hand")
    assert set((await mass_used(course, week, [])).values()) == {1}


async def test_our_own_message_is_not_taken_for_one_sent_by_hand(
    course: Context, wechat: KnowingWeChat
) -> None:
    await follow(3)
    await lessons.push(course, friday=FRIDAY)
    sent = await Delivery.first()
    assert sent is not None
    await reported(course, sent.message_id)
    ids = [account.id for account in await Account.all()]
    assert await mass_used(course, await week(), ids) == {0: 0} | dict.fromkeys(ids, 1)
    assert await MassJob.all().count() == 1


async def test_what_failed_can_be_tried_again_and_what_is_doubtful_is_not_repeated(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(5)
    wechat.refuse.append(errors.BadCall(45002))
    await lessons.push(course, friday=FRIDAY)
    (doubtful,) = await Delivery.filter(status=DeliveryStatus.FAILED).limit(1)
    await Delivery.filter(id=doubtful.id).update(error="unconfirmed")
    assert await lessons.retry_failed(course, friday=FRIDAY) == 5
    await lessons.push(course, friday=FRIDAY)
    assert sum(received(wechat).values()) == 4
    await doubtful.refresh_from_db()
    assert (doubtful.channel, doubtful.status) == (Channel.PULL, DeliveryStatus.PLANNED)


# Those nothing can carry


async def test_a_late_comer_alone_gets_it_at_once_if_they_wrote_lately(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(2)
    await lessons.push(course, friday=FRIDAY)
    clock.now += timedelta(hours=2)
    (late,) = await follow(1, start=100, last_contact_at=clock.now)
    for _ in range(3):
        await lessons.push(course, friday=FRIDAY)
        await notices.send_due(course)
        await lesson_due.settle_due(course)
    assert received(wechat)[late.openid] == 1
    assert (await Delivery.get(account=late)).status == DeliveryStatus.SENT


async def test_others_get_it_when_they_next_write_unless_they_read_it_before(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    for number in range(4):
        await reported(course, f"hand-{number}")
    writes, reads = await follow(2)
    await lessons.push(course, friday=FRIDAY)
    assert await Notice.filter(status=notices.HELD).count() == 2
    await lessons.current(course.on_behalf_of(Caller(account=reads)))
    for account in (writes, reads):
        await writes_again(course, account)
    await notices.send_due(course)
    await lesson_due.settle_due(course)
    assert received(wechat) == {writes.openid: 1}
    assert await Delivery.filter(status=DeliveryStatus.SENT).count() == 2


async def test_the_word_that_opts_out_does_not_bring_the_lesson_that_waited(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    """It is the reader's next word, on which what was put by goes out."""
    for number in range(4):
        await reported(course, f"hand-{number}")
    stays, leaves, returns = await follow(3)
    await lessons.push(course, friday=FRIDAY)
    assert await Notice.filter(status=notices.HELD).count() == 3
    for account in (leaves, returns):
        await lessons.choose(course.on_behalf_of(Caller(account=account)), wants=False)
    await lessons.choose(course.on_behalf_of(Caller(account=returns)), wants=True)
    for account in (stays, leaves):
        await writes_again(course, account)
    await notices.send_due(course)
    await lesson_due.settle_due(course)
    assert received(wechat) == {stays.openid: 1}
    await lessons.push(course, friday=FRIDAY)
    for account in (stays, leaves, returns):
        await writes_again(course, account)
    await notices.send_due(course)
    assert received(wechat) == {stays.openid: 1, returns.openid: 1}
    assert (await Delivery.get(account=leaves)).status == DeliveryStatus.WITHDRAWN


async def test_what_was_put_by_late_does_not_come_together_with_the_next_weeks_lesson(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    friday = await LessonWeek.get(friday=FRIDAY)
    clock.now = friday.sends_at + timedelta(days=7, minutes=-5)
    await follow(1)
    await lessons.push(course, friday=FRIDAY)
    assert await Notice.filter(status=notices.HELD).count() == 1
    await lesson_due.settle_due(course)
    assert await Notice.filter(status=notices.HELD).count() == 1, "its week is not over yet"
    clock.now += timedelta(minutes=10)
    await lesson_due.settle_due(course)
    assert await Notice.all().count() == 0


async def test_a_notice_that_may_have_arrived_is_not_repeated(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    (account,) = await follow(1, last_contact_at=clock.now)
    wechat.refuse.append(errors.Ambiguous())
    await lessons.push(course, friday=FRIDAY)
    await notices.send_due(course)
    await writes_again(course, account)
    await notices.send_due(course)
    assert wechat.sent == []
    assert (await Notice.get()).status == notices.FAILED


async def test_a_clock_that_slept_over_friday_leaves_nobody_out(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(3)
    friday = await LessonWeek.get(friday=FRIDAY)
    clock.now = friday.sends_at + timedelta(days=2)
    await lesson_due.push_due(course)
    assert await Delivery.all().count() == 0
    await lesson_due.settle_due(course)
    assert wechat.sent == []
    assert await Notice.filter(status=notices.HELD).count() == 3


async def test_who_binds_after_getting_it_does_not_get_it_again(
    course: Context, wechat: KnowingWeChat
) -> None:
    first, _ = await follow(2)
    await lessons.push(course, friday=FRIDAY)
    bound = await worker("甲", born=date(1996, 5, 1), openid="o-other")
    await bound.delete()
    await Account.filter(id=first.id).update(person_id=bound.person_id)
    await follow(2, start=50)
    await lessons.push(course, friday=FRIDAY)
    assert set(received(wechat).values()) == {1}


@pytest.mark.parametrize("code", [45009, 48001])
async def test_after_a_closed_day_the_lesson_waits_in_the_menu(
    course: Context, wechat: KnowingWeChat, clock: Clock, code: int
) -> None:
    await follow(3)
    wechat.refuse.append(errors.QuotaSpent(code))
    await lessons.push(course, friday=FRIDAY)
    friday = await LessonWeek.get(friday=FRIDAY)
    clock.now = friday.sends_at + timedelta(days=1, hours=1)
    await lesson_due.settle_due(course)
    assert {(row.channel, row.error) for row in await Delivery.all()} == {(Channel.PULL, "late")}
